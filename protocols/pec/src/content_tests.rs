//! The direct parts: which data certifies, what an attached name may do. It would catch a reader that takes a `daticert.xml` out of the original
//! mail, and one that lets a name of an attachment out unchanged.

use super::*;

fn read_parts(parts: &[&str]) -> (Content, Notes, Vec<Refusal>) {
    let mut raw = String::from("Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    for part in parts {
        raw.push_str(&format!("--b\r\n{part}\r\n"));
    }
    raw.push_str("--b--\r\n");
    let (mut notes, mut refusals) = (Notes::default(), Vec::new());
    let content = read(raw.as_bytes(), &mut notes, &mut refusals).unwrap();
    if let Some(original) = &content.original {
        assert!(raw.as_bytes().get(original.range.clone()).unwrap().starts_with(b"From:"));
    }
    (content, notes, refusals)
}

const DATICERT: &str = "Content-Type: application/xml; name=\"daticert.xml\"\r\n\r\n<x/>";

#[test]
fn data_inside_the_original_certifies_nothing() {
    let original = format!(
        "Content-Type: message/rfc822; name=\"postacert.eml\"\r\n\r\nFrom: a@b.example\r\nMessage-ID: <i@b.example>\r\n\
         X-Ricevuta: avvenuta-consegna\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n{DATICERT}\r\n--c--\r\n"
    );
    let (content, notes, refusals) = read_parts(&["\r\ntext", &original]);
    assert!(content.daticert.is_none() && refusals.is_empty());
    assert!(notes.contains(&Note::NestedReceipt));
    assert_eq!(content.original.unwrap().message_id.unwrap().as_str(), "i@b.example");
}

#[test]
fn data_that_stands_twice_is_refused() {
    let (content, _, refusals) = read_parts(&[DATICERT, DATICERT]);
    assert!(content.daticert.is_none());
    assert!(refusals.contains(&Refusal::TwoDaticert));
}

#[test]
fn names_are_shown_without_what_hides_in_them() {
    for name in ["../../etc/passwd", "C:\\boot.ini", ".bashrc", "a=0D=0Ab", "atto=E2=80=AEfdp.exe"] {
        let part = format!("Content-Type: application/pdf; name=\"=?utf-8?Q?{name}?=\"\r\n\r\nx");
        let (content, notes, _) = read_parts(&[&part]);
        assert!(notes.contains(&Note::UnsafeName), "{name}: {content:?}");
        let shown = content.parts[0].name.clone().unwrap();
        assert!(!shown.chars().any(is_hidden), "{shown:?}");
    }
    let (_, notes, _) =
        read_parts(&["Content-Type: application/pdf; name=\"determinazione n. 1.pdf\"\r\n\r\nx"]);
    assert!(!notes.contains(&Note::UnsafeName));
}
