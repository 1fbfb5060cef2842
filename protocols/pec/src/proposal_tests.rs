//! Single rules of the proposal; how well they do together is measured in `protocols/pec/tests/proposals.rs`.

use super::*;

fn act(text: &str) -> ProposedAct {
    propose_text(text, "").act
}

#[test]
fn positions_in_the_words_of_offices() {
    use ProposedAct::*;
    for (text, expected) in [
        ("Si esprime parere favorevole.", Assent),
        ("NULLA-OSTA all'esecuzione delle opere", Assent),
        ("Non si ravvisano, per quanto di competenza, motivi ostativi.", Assent),
        ("Si esprime parere favorevole senza prescrizioni.", Assent),
        ("ESPRIME\n\nPARERE FAVOREVOLE", Assent),
        ("Si esprime parere favorevole purché non si superino 5 metri.", ConditionalAssent),
        ("Si esprime parere favorevole.\n\nIl cantiere dovrà essere recintato.", ConditionalAssent),
        ("Non si esprime, per quanto di competenza, parere favorevole.", Dissent),
        ("Non si esprime parere favorevole in quanto sussistono motivi ostativi.", Dissent),
        ("non\n\nsi esprime parere favorevole", Dissent),
        ("Si esprimerà parere favorevole.", Other),
        ("Il Comune aveva espresso parere favorevole.", Other),
        ("Si esprime parere favorevole?", Other),
        ("Si esprime «parere favorevole».", Other),
        ("> Si esprime parere favorevole.", Other),
        ("Si esprime parere favorevole. Si esprime parere contrario.", Other),
        ("Si esprime parere favorevole alla proroga.", Other),
        ("Nonsi esprime parere favorevole", Other),
        ("Si chiedono integrazioni documentali.", IntegrationRequest),
        ("Non si richiedono integrazioni.", Other),
        ("", Other),
    ] {
        assert_eq!(act(text), expected, "{text}");
    }
}

#[test]
fn a_passage_names_its_place() {
    let text = "Buongiorno.\nVista la pratica, si esprime parere favorevole. Saluti";
    let proposal = propose_text(text, "");
    let passage = &proposal.passages[0];
    assert_eq!(&text[passage.range.clone()], passage.text);
    assert_eq!(passage.text.trim(), "Vista la pratica, si esprime parere favorevole.");
    assert_eq!(passage.reason, Reason::Says(ProposedAct::Assent));
}

#[test]
fn answers_with_the_earlier_mail_below_or_between() {
    for quoted in [
        "-----Messaggio originale-----\nDa: Ente\nSi esprime parere contrario.",
        "Il giorno lun 8 feb 2027 alle 10:12 <x@ente.example> ha scritto:\nSi esprime parere contrario.",
        "Da: Ente\nInviato: lunedì\nSi esprime parere contrario.",
        "> Si esprime parere contrario.",
    ] {
        let proposal = propose_text(&format!("Si esprime parere favorevole.\n\n{quoted}"), "");
        assert_eq!(proposal.act, ProposedAct::Assent, "{quoted}");
        assert!(proposal.reasons.contains(&Reason::Quoted));
        assert_eq!(act(quoted), ProposedAct::Other);
    }
    let between =
        "Si esprime parere favorevole.\nIl 3/2 Ente ha scritto:\n> Spett.le\n\nA condizione che si arretri.";
    assert_eq!(act(between), ProposedAct::ConditionalAssent);
}

#[test]
fn parts_that_differ_hidden_text_and_attachments() {
    let mail = |plain: &str, html: &str| {
        FreeMail::read(
            format!(
                "Subject: =?utf-8?q?parere_=C3=A8?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n\
                 --c\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{plain}\r\n--c\r\n\
                 Content-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--c--\r\n--b\r\nContent-Type: application/pdf; name=\"../parere.pdf\"\r\n\r\nx\r\n--b--\r\n"
            )
            .as_bytes(),
        )
    };
    let same =
        mail("Si esprime parere favorevole, =E8 tutto.", "<p>Si esprime <b>parere</b> favorevole.</p>");
    assert_eq!(same.subject, "parere è");
    assert_eq!(same.plain.as_deref(), Some("Si esprime parere favorevole, è tutto."));
    assert_eq!(same.attachments, ["../parere.pdf"]);
    let proposal = propose(&same);
    assert_eq!((proposal.act, proposal.reasons.contains(&Reason::Attachments)), (ProposedAct::Assent, true));
    for html in [
        "<p>Si esprime parere favorevole con prescrizioni.</p>",
        "<p>Si <s>non</s> esprime parere favorevole.</p>",
    ] {
        let proposal = propose(&mail("Si esprime parere favorevole.", html));
        assert_eq!(proposal.act, ProposedAct::Other);
        assert!(proposal.reasons.contains(&Reason::Parts));
    }
    assert!(FreeMail::read(b"").doubtful);
}

#[test]
fn what_is_too_long_or_in_other_letters_is_left_to_a_person() {
    let long = format!("Si esprime parere favorevole. {}", "Saluti. ".repeat(FREE_TEXT_BYTES_MAX / 8));
    for text in [long.as_str(), "Nоn si esprime parere favorevole.", "Si esprime parere favorevole. Не"] {
        let proposal = propose_text(text, "");
        assert_eq!(proposal.act, ProposedAct::Other);
        assert!(proposal.reasons.contains(&Reason::Unreadable));
    }
    let many = "Si. ".repeat(crate::limits::SENTENCES_MAX + 2);
    assert!(propose_text(&many, "").reasons.contains(&Reason::Unreadable));
}

/// Repeated words that begin many phrases: one endless sentence is refused by its length, many sentences cost what they are long.
#[test]
fn hostile_texts_cost_little() {
    let begun = std::time::Instant::now();
    for word in ["esprime ", "non ", "parere non favorevole, "] {
        let endless = word.repeat(FREE_TEXT_BYTES_MAX / word.len());
        assert!(propose_text(&endless, "").reasons.contains(&Reason::Unreadable), "{word}");
        let sentences =
            format!("{}. ", word.repeat(40)).repeat(FREE_TEXT_BYTES_MAX / 16 / (word.len() * 40 + 2));
        propose_text(&sentences, "");
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(30), "{:?}", begun.elapsed());
}
