//! The flattened form adds certificates and time stamps without touching a signed byte.

use super::*;
use crate::link::ParsedLink;
use crate::support_tests::*;
use serde_json::json;

#[test]
fn the_compact_form_comes_back_byte_for_byte() {
    let link = signed_link(payload());
    let flattened = Flattened::from_compact(link.text(), vec!["MIIB".into(), "MIIC".into()]).unwrap();
    assert_eq!(flattened.to_compact(), link.text());

    let text = serde_json::to_string(&flattened).unwrap();
    let mut read: Flattened = serde_json::from_str(&text).unwrap();
    assert_eq!(read, flattened);
    // a time stamp that is added later is not signed either
    read.header.etsi_u.push(json!({ "sigTst": { "tstTokens": [{ "val": "AAAA" }] } }));
    let read: Flattened = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
    assert_eq!(read.header.etsi_u.len(), 1);
    assert_eq!(read.to_compact(), link.text());
    let back = ParsedLink::parse(&read.to_compact()).unwrap().verify(&key_of(&author()), &HashCheck).unwrap();
    assert_eq!(back, link);
}

/// RFC 7515 sections 7.2.1 and 7.2.2: these names, and no unsigned header where it would be empty.
#[test]
fn the_names_are_those_of_rfc_7515() {
    let link = signed_link(payload());
    let parts: Vec<&str> = link.text().split('.').collect();
    let bare = Flattened::from_compact(link.text(), Vec::new()).unwrap();
    let form = json!({ "payload": parts[1], "protected": parts[0], "signature": parts[2] });
    assert_eq!(serde_json::to_value(&bare).unwrap(), form);
    assert_eq!(serde_json::from_value::<Flattened>(form.clone()).unwrap(), bare);
    let full = Flattened::from_compact(link.text(), vec!["MIIB".into()]).unwrap();
    assert_eq!(serde_json::to_value(&full).unwrap(), with(form, "header", json!({ "x5c": ["MIIB"] })));
}

#[test]
fn only_three_parts_can_be_flattened() {
    for bad in ["", "a", "a.b", "a.b.c.d", "a.b.c."] {
        assert_eq!(Flattened::from_compact(bad, Vec::new()), None, "{bad}");
    }
    assert!(Flattened::from_compact("a.b.c", Vec::new()).is_some());
}

#[test]
fn signed_names_do_not_stand_in_the_unsigned_header() {
    for name in ["alg", "kid", "jwk", "crit"] {
        let form = json!({ "payload": "b", "protected": "a", "signature": "c", "header": { name: "x" } });
        assert!(serde_json::from_value::<Flattened>(form).is_err(), "{name}");
    }
}
