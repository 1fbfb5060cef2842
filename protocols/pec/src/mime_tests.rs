//! Multiparts: exact slices, bounds, and that nothing is decoded that nobody asked for. It would catch a splitter that takes a longer boundary for
//! its own, loses or adds a line break of what was signed, or follows nesting.

use super::*;

fn part(body: &str) -> Vec<u8> {
    format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{body}").into_bytes()
}

#[test]
fn parts_are_exact_slices_without_the_break_before_the_delimiter() {
    let raw = part("preamble\r\n--b\r\nA: 1\r\n\r\nx\r\n\r\n--b  \r\n\r\ny\r\n--b--\r\n--b\r\nepilogue");
    let outer = Part::read(&raw).unwrap();
    let (parts, closed) = outer.children().unwrap();
    assert_eq!(parts, [&b"A: 1\r\n\r\nx\r\n"[..], b"\r\ny"], "what follows the closing line is no part");
    assert!(closed);
}

#[test]
fn a_longer_boundary_is_another_boundary() {
    let raw = part("--b\r\n\r\nx\r\n--bc\r\ny\r\n --b\r\nz\r\n--b--");
    let outer = Part::read(&raw).unwrap();
    let (parts, _) = outer.children().unwrap();
    assert_eq!(parts, [&b"\r\nx\r\n--bc\r\ny\r\n --b\r\nz"[..]]);
}

#[test]
fn a_multipart_that_is_not_closed_is_told_and_one_without_boundary_refused() {
    let raw = part("--b\r\n\r\nx");
    assert_eq!(Part::read(&raw).unwrap().children().unwrap(), (vec![&b"\r\nx"[..]], false));
    let none = Part::read(b"Content-Type: multipart/mixed\r\n\r\n--b\r\n").unwrap();
    assert_eq!(none.children().unwrap_err(), MimeError::Boundary);
    let long =
        format!("Content-Type: multipart/mixed; boundary={}\r\n\r\n", "b".repeat(BOUNDARY_CHARS_MAX + 1));
    assert_eq!(Part::read(long.as_bytes()).unwrap().children().unwrap_err(), MimeError::Boundary);
}

#[test]
fn the_number_of_parts_is_bounded() {
    let raw = part(&"--b\r\n\r\nx\r\n".repeat(PARTS_MAX + 2));
    assert_eq!(Part::read(&raw).unwrap().children().unwrap_err(), MimeError::TooManyParts);
    let raw = part(&"--b\r\n\r\nx\r\n".repeat(PARTS_MAX));
    assert_eq!(Part::read(&raw).unwrap().children().unwrap().0.len(), PARTS_MAX);
}

#[test]
fn transfer_encodings_are_undone_within_bounds() {
    let read = |encoding: &str, body: &str, max: usize| {
        let raw = format!("Content-Transfer-Encoding: {encoding}\r\n\r\n{body}").into_bytes();
        Part::read(&raw).unwrap().decoded(max).map(Cow::into_owned)
    };
    assert_eq!(read("BASE64", "w6gg\r\ndmVybw==", 100).unwrap(), "è vero".as_bytes());
    assert_eq!(read("quoted-printable", "=C3=A8 ve=\r\nro", 100).unwrap(), "è vero".as_bytes());
    assert_eq!(read("8bit", "è", 100).unwrap(), "è".as_bytes());
    assert_eq!(read("x-uuencode", "", 100).unwrap_err(), MimeError::Encoding);
    assert_eq!(read("base64", "***", 100).unwrap_err(), MimeError::Encoding);
    assert_eq!(read("base64", "QUJDRA==", 7).unwrap_err(), MimeError::TooLarge, "before it is decoded");
}

#[test]
fn line_breaks_become_crlf_once() {
    assert!(has_bare_lf(b"a\r\nb\n") && !has_bare_lf(b"a\r\nb\r\n"));
    assert_eq!(with_crlf(b"\na\r\nb\n"), b"\r\na\r\nb\r\n");
}
