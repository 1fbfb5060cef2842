//! What may leave and what may not. Wrong implementations that fail here: a second recipient hidden in `Cc`, `Bcc` or a list; a Message-ID
//! that is another one than was stored because the header has two; a bare LF that a server reads as the end of the mail.

use super::*;

const GOOD: &str = "Message-ID: <conf-1.0001@pec.regione.example>\r\nDate: Mon, 30 Nov 2026 10:15:00 +0100\r\n\
    From: protocollo@pec.regione.example\r\nTo: Comune <protocollo@pec.comune.example>\r\nSubject: Indizione\r\n\
    X-TipoRicevuta: completa\r\nMIME-Version: 1.0\r\n\r\nSi indice la conferenza.\r\n";

fn read(text: &str) -> Result<OutgoingMail, OutgoingError> {
    OutgoingMail::read(text.as_bytes().to_vec())
}

#[test]
fn a_good_mail_says_what_its_header_says() {
    let mail = read(GOOD).unwrap();
    assert_eq!(mail.message_id().as_str(), "conf-1.0001@pec.regione.example");
    assert_eq!(mail.sender().as_str(), "protocollo@pec.regione.example");
    assert_eq!(mail.recipient().as_str(), "protocollo@pec.comune.example");
    assert_eq!((mail.form(), mail.bytes()), (ReceiptForm::Complete, GOOD.as_bytes()));
}

#[test]
fn sent_once_more_it_is_marked_and_the_same() {
    let mail = read(GOOD).unwrap();
    let again = mail.repeated().unwrap();
    assert!(again.is_repeated() && !mail.is_repeated());
    assert_eq!(again.message_id(), mail.message_id());
    assert!(again.bytes().ends_with(mail.bytes()));
    assert_eq!(again.repeated().unwrap(), again);
}

#[test]
fn what_names_somebody_else_is_refused() {
    for name in FORBIDDEN {
        let text = format!("{name}: altro@pec.comune.example\r\n{GOOD}");
        assert_eq!(read(&text), Err(OutgoingError::Forbidden(name)));
    }
    for (from, to, field) in [
        (
            "To: Comune <protocollo@pec.comune.example>",
            "To: a@pec.comune.example, b@pec.comune.example",
            "To",
        ),
        ("To: Comune <protocollo@pec.comune.example>", "To: gruppo: a@pec.comune.example;", "To"),
        (
            "To: Comune <protocollo@pec.comune.example>",
            "To: a@pec.comune.example\r\nTo: b@pec.comune.example",
            "To",
        ),
        ("To: Comune <protocollo@pec.comune.example>", "To: nessuno", "To"),
        ("From: protocollo@pec.regione.example", "From: a@b.example, c@d.example", "From"),
        ("Message-ID: <conf", "Message-ID: <a@b.example>\r\nMessage-ID: <conf", "Message-ID"),
        ("X-TipoRicevuta: completa", "X-TipoRicevuta: totale", "X-TipoRicevuta"),
        ("X-TipoRicevuta: completa\r\n", "", "X-TipoRicevuta"),
        ("Date: Mon, 30 Nov 2026 10:15:00 +0100\r\n", "", "Date"),
    ] {
        assert!(GOOD.contains(from), "{from}");
        assert_eq!(read(&GOOD.replace(from, to)), Err(OutgoingError::Field(field)), "{to}");
    }
}

#[test]
fn lines_and_sizes_are_those_of_mail() {
    assert_eq!(read(&GOOD.replacen("\r\n", "\n", 1)), Err(OutgoingError::Line(1)));
    assert_eq!(
        read(&GOOD.replace("conferenza", "conferenza\rBcc: a@b.example")),
        Err(OutgoingError::Line(9))
    );
    assert_eq!(read(&GOOD.replace("conferenza", "attività")), Err(OutgoingError::Line(9)));
    assert_eq!(read(&GOOD.replace("conferenza", &"x".repeat(1000))), Err(OutgoingError::Line(9)));
    assert_eq!(read(&GOOD.replace("Subject", "Not a field\r\nSubject")), Err(OutgoingError::Irregular));
    assert_eq!(read(""), Err(OutgoingError::Header(HeaderError::Missing)));
    let line = format!("{}\r\n", "x".repeat(900));
    let large = format!("{GOOD}{}", line.repeat(OUTGOING_BYTES_MAX / line.len() + 1));
    assert!(matches!(read(&large), Err(OutgoingError::TooLarge { .. })));
}
