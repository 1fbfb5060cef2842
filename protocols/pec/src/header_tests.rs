//! Headers: folding, duplicates, injection, bounds. It would catch a reader that lets the first of two fields win, one that sees a field in a
//! folded or encoded value, and one that reads on without end.

use super::*;

fn split(raw: &[u8]) -> Fields<'_> {
    Fields::split(raw).unwrap()
}

#[test]
fn folded_fields_are_one_and_names_know_no_case() {
    let fields = split(b"x-ricevuta: avvenuta-\r\n consegna\r\nSubject: =?utf-8?B?w6g=?=\r\n =?utf-8?B?IHZlcm8=?=\r\n\r\nbody");
    assert_eq!(fields.text("X-Ricevuta"), Stands::Once("avvenuta- consegna".to_owned()));
    assert_eq!(fields.decoded("Subject").as_deref(), Some("è vero"));
    assert_eq!(fields.body, b"body");
    assert!(!fields.irregular);
}

#[test]
fn a_field_that_stands_twice_has_no_value() {
    let fields = split(b"X-Ricevuta: accettazione\nX-RICEVUTA: avvenuta-consegna\n\n");
    assert_eq!(fields.text("X-Ricevuta"), Stands::Often);
    assert_eq!(fields.text("X-Trasporto"), Stands::Never);
}

#[test]
fn a_field_cannot_be_smuggled_into_a_value() {
    // an encoded line break, a bare CR, and a folded line that looks like a field
    for raw in [
        &b"Subject: =?utf-8?Q?a=0D=0AX-Ricevuta:_accettazione?=\r\n\r\n"[..],
        b"Subject: a\rX-Ricevuta: accettazione\r\n\r\n",
        b"Subject: a\r\n X-Ricevuta: accettazione\r\n\r\n",
    ] {
        assert_eq!(split(raw).text("X-Ricevuta"), Stands::Never);
    }
    assert!(split(b"Subject: a\rX-Ricevuta: b\r\n\r\n").irregular);
    assert!(split(b"Subject: a\0b\r\n\r\n").irregular);
}

#[test]
fn the_body_begins_at_the_first_empty_line_in_either_form() {
    for raw in [&b"A: 1\r\n\r\nB: 2\r\n\r\n"[..], b"A: 1\n\nB: 2\n\n"] {
        let fields = split(raw);
        assert_eq!(fields.text("B"), Stands::Never);
        assert!(fields.body.starts_with(b"B: 2"));
    }
    assert_eq!(split(b"A: 1").text("A"), Stands::Once("1".to_owned()));
    assert_eq!(split(b"\r\nA: 1\r\n").body, b"A: 1\r\n", "an empty header");
}

#[test]
fn the_bounds_hold() {
    let many = b"A: 1\r\n".repeat(HEADER_FIELDS_MAX + 1);
    assert_eq!(Fields::split(&many).unwrap_err(), HeaderError::TooMany);
    assert!(Fields::split(&many[6..]).is_ok());
    let large = [b"A: ".to_vec(), vec![b'x'; HEADER_BYTES_MAX + 1]].concat();
    assert_eq!(Fields::split(&large).unwrap_err(), HeaderError::TooLarge);
    let folded = [b"A: 1\r\n".to_vec(), b" x\r\n".repeat(HEADER_BYTES_MAX / 4 + 1)].concat();
    assert_eq!(Fields::split(&folded).unwrap_err(), HeaderError::TooLarge, "one field of many lines");
}

#[test]
fn addresses_and_types_are_decoded() {
    let fields = split(
        b"From: \"Per conto di: a@b.example\" <Posta-Certificata@PEC.example>\r\n\
          Content-Type: multipart/mixed;\r\n\tboundary=\"a b\"; name*=utf-8''%C3%A8.xml\r\n\r\n",
    );
    assert_eq!(fields.addresses("From"), [Address::parse("posta-certificata@pec.example").unwrap()]);
    let found = fields.content_type("Content-Type").unwrap();
    assert_eq!(found.attribute("boundary"), Some("a b"));
    assert_eq!(found.attribute("name"), Some("è.xml"));
}
