//! BER as CMS uses it: definite and indefinite lengths, and that no bytes make the reader panic or run away.

use super::*;

#[test]
fn definite_and_indefinite_lengths_give_the_same_values() {
    let definite = [0x30, 0x06, 0x02, 0x01, 0x05, 0x04, 0x01, 0x07, 0xff];
    let indefinite = [0x30, 0x80, 0x02, 0x01, 0x05, 0x04, 0x01, 0x07, 0x00, 0x00, 0xff];
    for bytes in [&definite[..], &indefinite] {
        let (value, rest) = Value::read(bytes).unwrap();
        assert_eq!(rest, [0xff]);
        assert_eq!(
            value.values().iter().map(|inner| (inner.tag, inner.inside)).collect::<Vec<_>>(),
            [(0x02, &[5][..]), (0x04, &[7][..])]
        );
        assert_eq!(value.whole.len(), bytes.len() - 1);
    }
}

#[test]
fn lengths_that_lie_and_endless_nesting_are_refused() {
    for bytes in
        [&[0x30, 0x02, 0x00][..], &[0x30, 0x85, 1, 0, 0, 0, 0], &[0x30, 0x80], &[0x1f, 0x81, 0x00], &[]]
    {
        assert!(Value::read(bytes).is_none(), "{bytes:?}");
    }
    assert!(Value::read(&[0x30, 0x80].repeat(100_000)).is_none());
    assert!(Structure::read(&[0x30, 0x80].repeat(100_000)).is_none());
}

#[test]
fn times_of_both_forms_are_read() {
    for (text, digits, wanted) in [
        ("261130091500", 2, Some("2026-11-30T09:15:00Z")),
        ("991231235959", 2, Some("1999-12-31T23:59:59Z")),
        ("20501130091500", 4, Some("2050-11-30T09:15:00Z")),
        ("261331091500", 2, None),
        ("26113009150", 2, None),
        ("+61130091500", 2, None),
    ] {
        assert_eq!(time(text, digits).map(|at| at.to_string()).as_deref(), wanted, "{text}");
    }
}
