//! Ties: each clue alone, clues that disagree, and texts that only look like a clue.

use super::*;
use jiff::civil::date as day;

fn case(number: u8) -> KnownCase {
    let id = format!("r_marche/AOO0001/{}", format!("{number:02x}").repeat(16));
    KnownCase {
        case: id.parse().unwrap(),
        mails: [MailId::parse(&format!("<out-{number}@r_marche.example>")).unwrap()].into(),
        protocols: vec![Protocol { number: 12_000 + u64::from(number), on: day(2027, 2, 3) }],
        subject: format!("Conferenza di servizi: ponte numero {number} sul torrente"),
    }
}

fn cases() -> Vec<KnownCase> {
    (1..=3).map(case).collect()
}

fn tied(subject: &str, text: &str, header: &str) -> Option<(u8, &'static str, Sure)> {
    let mail = format!("Subject: {subject}\r\n{header}\r\nx");
    let tie = tie(&Clues::read(mail.as_bytes(), text), &cases())?;
    let number = (1..=3).find(|number| case(*number).case == tie.case).unwrap();
    Some((number, tie.by[0].code(), tie.sure()))
}

#[test]
fn each_clue_alone() {
    let id = case(2).case.to_string();
    for (subject, text, header, expected) in [
        ("x", "", "In-Reply-To: <out-2@r_marche.example>\r\n", ("tie.mail", Sure::Certain)),
        ("x", "", "References: <a@b>\r\n <out-2@r_marche.example>\r\n", ("tie.mail", Sure::Certain)),
        ("x", "", "X-Riferimento-Message-ID: <out-2@r_marche.example>\r\n", ("tie.mail", Sure::Certain)),
        (reference(&case(2).case).as_str(), "", "", ("tie.reference", Sure::Certain)),
        ("x", &format!("> {}\n> {}", &id[..30], &id[30..]), "", ("tie.reference", Sure::Certain)),
        ("x", "Vs. nota prot. n. 12002 del 03/02/2027", "", ("tie.protocol", Sure::Likely)),
        ("Riscontro protocollo 0012002/2027", "", "", ("tie.protocol", Sure::Likely)),
        ("x", "PROT. GEN. N.0012002 in data 3.2.27", "", ("tie.protocol", Sure::Likely)),
        ("x", "r_marche|AOO0001|0012002|03/02/2027|P", "", ("tie.protocol", Sure::Likely)),
        (
            "R: POSTA CERTIFICATA: conferenza di servizi:  ponte numero 2 sul torrente",
            "",
            "",
            ("tie.subject", Sure::Possible),
        ),
    ] {
        assert_eq!(
            tied(subject, text, header),
            Some((2, expected.0, expected.1)),
            "{subject} {text} {header}"
        );
    }
}

#[test]
fn what_disagrees_or_only_looks_like_a_clue_ties_to_none() {
    let other = format!("prot. 12001 del 03/02/2027, {}", case(3).case);
    for (subject, text, header) in [
        ("x", other.as_str(), ""),
        ("x", "prot. 12001 del 3/2/2027 e prot. 12003 del 3/2/2027", ""),
        ("x", "prot. 12003 del 3/2/2027", "In-Reply-To: <out-1@r_marche.example>\r\n"),
        ("x", "", "References: <out-1@r_marche.example> <out-2@r_marche.example>\r\n"),
        ("x", "prot. 12002", ""),
        ("x", "prot. 12002 del 04/02/2027", ""),
        ("x", "prot. 12002/2026", ""),
        ("x", "protezione civile, tel. 12002 del 03/02/2027", ""),
        ("x", "prot. 99999999999999999999999 del 31/02/2027 | 1 | /", ""),
        ("Conferenza di servizi", "", ""),
        ("", "", ""),
    ] {
        assert_eq!(tied(subject, text, header), None, "{subject} {text} {header}");
    }
}

#[test]
fn a_strong_clue_goes_before_another_cases_subject() {
    let subject = case(1).subject;
    assert_eq!(tied(&subject, "prot. 12002/2027", ""), Some((2, "tie.protocol", Sure::Likely)));
}

proptest::proptest! {
    /// No text makes it fail, and a mail that names nothing known ties to nothing.
    #[test]
    fn any_text_is_read(text in "(?s)(.|prot|\\||/|[0-9]{1,12}|é){0,120}") {
        let clues = Clues::read(text.as_bytes(), &text);
        proptest::prop_assert_eq!(tie(&clues, &cases()), None);
    }
}
