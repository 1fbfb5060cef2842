//! Certification data (RFC 6109 section 4.4): the model of the DTD, deviations of real providers, and what is refused. It would catch a reader that
//! takes the first of two recipients, guesses a character set, or loses the zone of the time.

use super::*;
use proptest::prelude::*;

const GOOD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<postacert tipo="avvenuta-consegna" errore="nessuno">
 <intestazione>
  <mittente>Protocollo@pec.regione.example</mittente>
  <destinatari tipo="certificato">protocollo@pec.comune.example</destinatari>
  <destinatari tipo="esterno">ufficio@ditta.example</destinatari>
  <risposte>protocollo@pec.regione.example</risposte>
  <oggetto>Indizione – perché &amp; come</oggetto>
 </intestazione>
 <dati>
  <gestore-emittente>Gestore Due S.r.l.</gestore-emittente>
  <data zona="+0100"><giorno>05/12/2026</giorno><ora>00:02:10</ora></data>
  <identificativo>opec1.1@pec.gestore.example</identificativo>
  <msgid>&lt;conf-1.0001@pec.regione.example&gt;</msgid>
  <ricevuta tipo="completa"/>
  <consegna>protocollo@pec.comune.example</consegna>
 </dati>
</postacert>"#;

fn parse(xml: &str) -> Result<Daticert, DaticertError> {
    Daticert::parse(xml.as_bytes(), &mut Notes::default())
}

fn noted(xml: &str) -> (Daticert, Notes) {
    let mut notes = Notes::default();
    (Daticert::parse(xml.as_bytes(), &mut notes).unwrap(), notes)
}

#[test]
fn every_field_is_read_and_the_day_is_the_one_in_utc() {
    let (read, notes) = noted(GOOD);
    assert_eq!(notes, Notes::default(), "nothing had to be tolerated");
    assert_eq!(read.kind, Some(PecType::Delivery));
    assert_eq!(read.sender.as_str(), "protocollo@pec.regione.example");
    assert_eq!(read.recipients.iter().map(|to| to.certified).collect::<Vec<_>>(), [true, false]);
    assert_eq!(read.subject.as_deref(), Some("Indizione – perché & come"));
    assert_eq!(read.at.to_string(), "2026-12-04T23:02:10Z", "local midnight is past, in UTC it is not");
    assert_eq!(read.message_id.unwrap().as_str(), "conf-1.0001@pec.regione.example");
    assert_eq!(read.form, Some(ReceiptForm::Complete));
    assert_eq!(read.delivered_to.unwrap().as_str(), "protocollo@pec.comune.example");
}

#[test]
fn deviations_of_real_providers_are_tolerated_and_noted() {
    let (read, notes) =
        noted(&GOOD.replace("  <msgid>&lt;conf-1.0001@pec.regione.example&gt;</msgid>\n", ""));
    assert_eq!((read.message_id, notes), (None, Notes::default()));
    let (read, notes) = noted(&GOOD.replace("errore=\"nessuno\"", "errore=\"mancata-consegna\""));
    assert_eq!(read.error, ErrorWord::Unknown("mancata-consegna".to_owned()));
    assert!(notes.contains(&Note::UnknownError("mancata-consegna".to_owned())));
    let (read, notes) = noted(&GOOD.replace("</dati>", "<rem-evidence>x</rem-evidence></dati>"));
    assert_eq!(read.kind, Some(PecType::Delivery));
    assert!(notes.contains(&Note::UnknownElement("rem-evidence".to_owned())));
    let (_, notes) = noted(&GOOD.replace("+0100", "+01:00"));
    assert!(notes.contains(&Note::TimeForm));
    let (read, _) = noted(&GOOD.replace("avvenuta-consegna", "superamento-tempi-massimi"));
    assert_eq!((read.kind, read.kind_word.as_str()), (None, "superamento-tempi-massimi"));
}

#[test]
fn the_declared_character_set_is_followed_and_never_guessed() {
    let latin: Vec<u8> = GOOD
        .replace("UTF-8", "ISO-8859-1")
        .replace('–', "-")
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let mut notes = Notes::default();
    let read = Daticert::parse(&latin, &mut notes).unwrap();
    assert_eq!(read.subject.as_deref(), Some("Indizione - perché & come"));
    assert!(notes.contains(&Note::OtherCharset("iso-8859-1".to_owned())));
    let mut lies = latin.clone();
    lies.splice(30..40, b"UTF-8     ".iter().copied());
    assert_eq!(Daticert::parse(&lies, &mut notes).unwrap_err(), DaticertError::Charset);
    assert_eq!(parse(&GOOD.replace("UTF-8", "UTF-7")).unwrap_err(), DaticertError::Charset);
    let wide: Vec<u8> = GOOD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(Daticert::parse(&wide, &mut notes).is_err());
    assert!(Daticert::parse(&[b"\xef\xbb\xbf", GOOD.as_bytes()].concat(), &mut notes).is_ok());
}

#[test]
fn what_a_date_or_a_right_hangs_on_is_strict() {
    let without = |element: &str| {
        let start = GOOD.find(&format!("<{element}")).unwrap();
        let close = format!("</{element}>");
        let end = GOOD[start..].find(&close).unwrap() + start + close.len();
        [&GOOD[..start], &GOOD[end..]].concat()
    };
    for element in
        ["mittente", "identificativo", "gestore-emittente", "data", "intestazione", "dati", "giorno"]
    {
        assert!(matches!(parse(&without(element)).unwrap_err(), DaticertError::Missing(_)), "{element}");
    }
    let twice = GOOD.replace("</dati>", "<consegna>altro@pec.comune.example</consegna></dati>");
    assert_eq!(parse(&twice).unwrap_err(), DaticertError::Repeated("consegna"));
    for (from, to, error) in [
        ("05/12/2026", "31/02/2026", DaticertError::Time),
        ("05/12/2026", "2026-12-05", DaticertError::Time),
        ("05/12/2026", "+5/12/2026", DaticertError::Time),
        ("00:02:10", "24:00:00", DaticertError::Time),
        ("+0100", "0100", DaticertError::Time),
        ("+0100", "+9900", DaticertError::Time),
        ("<consegna>protocollo@", "<consegna>proto collo@", DaticertError::Value("consegna")),
        ("opec1.1@pec.gestore.example", "", DaticertError::Value("identificativo")),
        ("tipo=\"avvenuta-consegna\"", "", DaticertError::Missing("tipo")),
        ("postacert", "daticert", DaticertError::Missing("postacert")),
    ] {
        assert_eq!(parse(&GOOD.replace(from, to)).unwrap_err(), error, "{to}");
    }
}

#[test]
fn recipients_and_size_are_bounded() {
    let many = "<destinatari>a@b.example</destinatari>".repeat(RECIPIENTS_MAX + 1);
    let many = GOOD.replace("<risposte>", &format!("{many}<risposte>"));
    assert_eq!(parse(&many).unwrap_err(), DaticertError::TooManyRecipients);
    let large = vec![b' '; DATICERT_BYTES_MAX + 1];
    assert_eq!(Daticert::parse(&large, &mut Notes::default()).unwrap_err(), DaticertError::TooLarge);
}

proptest! {
    /// No bytes make it panic, and none but the good ones change what was certified.
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = Daticert::parse(&bytes, &mut Notes::default());
    }

    #[test]
    fn no_change_of_one_place_makes_it_panic(place in 0..GOOD.len(), byte in any::<u8>()) {
        let mut bytes = GOOD.as_bytes().to_vec();
        bytes[place] = byte;
        let _ = Daticert::parse(&bytes, &mut Notes::default());
    }
}
