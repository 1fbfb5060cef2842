//! Attachments: who may see them, how they are named, and that a salt never shows itself.

use super::*;
use crate::support_tests::*;
use serde_json::json;

#[test]
fn an_audience_admits_its_writers_and_the_author() {
    let (author, named, other) = (author(), writer("asl_x002/AOO1"), writer("asl_x002/AOO2"));
    let only = Audience::Only([named.clone()].into());
    assert!(only.admits(&author, &named));
    assert!(only.admits(&author, &author));
    assert!(!only.admits(&author, &other), "another area of the same administration is another writer");
    assert!(!Audience::Only(BTreeSet::new()).admits(&author, &named));
    assert!(Audience::Only(BTreeSet::new()).admits(&author, &author));
    for reader in [&author, &named, &other] {
        assert!(Audience::ALL.admits(&author, reader));
    }
}

#[test]
fn an_audience_is_a_word_or_a_list() {
    let only = Audience::Only([writer("b_x/A"), writer("a_x/A")].into());
    for (audience, form) in [(Audience::ALL, json!("participants")), (only, json!(["a_x/A", "b_x/A"]))] {
        assert_eq!(serde_json::to_value(&audience).unwrap(), form);
        assert_eq!(serde_json::from_value::<Audience>(form).unwrap(), audience);
    }
    for bad in [
        json!("all"),
        json!("Participants"),
        json!(null),
        json!(["a_x"]),
        json!([1]),
        json!({}),
        json!("a_x/A"),
    ] {
        assert!(serde_json::from_value::<Audience>(bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn a_digest_covers_salt_and_bytes() {
    let salt = Salt([0xa5; 16]);
    let bytes = b"Si esprime assenso.";
    let salted = [&salt.0[..], bytes].concat();
    assert_eq!(salt.digest(bytes).to_string(), sha256_hex(&salted));
    assert_ne!(salt.digest(bytes), Digest::of(bytes));

    let listed = Attachment::new(&salt, bytes, "text/plain".into(), Audience::ALL);
    assert_eq!((listed.digest, listed.size, listed.chunks), (salt.digest(bytes), bytes.len() as u64, None));
    assert!(listed.matches(&salt, bytes));
    assert!(!listed.matches(&Salt([0xa6; 16]), bytes));
    assert!(!listed.matches(&salt, b"Si esprime dissenso"));
    assert!(!listed.matches(&salt, b""));
    // a byte moved from the document to the salt gives the same digest, and is told by the size
    let shifted = Attachment { size: listed.size + 1, ..listed.clone() };
    assert!(!shifted.matches(&salt, bytes));
}

/// Catches an unsalted list, one that covers no last or no short chunk, and one over other places than it says.
#[test]
fn a_document_of_more_than_one_chunk_names_its_list() {
    let salt = Salt([7; 16]);
    let document: Vec<u8> = (0..2 * CHUNK_BYTES + 5).map(|i| (i % 251) as u8).collect();
    let list_of = |bytes: &[u8]| -> Vec<u8> {
        let salted = |chunk: &[u8]| [&salt.0[..], chunk].concat();
        let places = [(0, CHUNK_BYTES), (CHUNK_BYTES, 2 * CHUNK_BYTES), (2 * CHUNK_BYTES, bytes.len())];
        places.iter().flat_map(|(from, to)| Digest::of(&salted(&bytes[*from..*to])).0).collect()
    };
    let list = list_of(&document);
    assert_eq!(Chunks::of(&salt, &document).to_bytes(), list);
    assert_eq!(Chunks::from_bytes(&list), Some(Chunks::of(&salt, &document)));
    assert_eq!(Chunks::from_bytes(&list[1..]), None);

    let listed = Attachment::new(&salt, &document, "application/pdf".into(), Audience::ALL);
    assert_eq!(listed.chunks, Some(Digest::of(&[&salt.0[..], &list].concat())));
    assert!(listed.matches(&salt, &document));
    assert!(!Attachment { chunks: Some(Digest::of(b"another list")), ..listed }.matches(&salt, &document));

    let edge = Attachment::new(&salt, &document[..CHUNK_BYTES], "application/pdf".into(), Audience::ALL);
    assert_eq!(edge.chunks, None, "one chunk is its own list");
    let beyond = Attachment::new(&salt, &document[..=CHUNK_BYTES], "application/pdf".into(), Audience::ALL);
    assert!(beyond.chunks.is_some());
}

#[test]
fn an_attachment_has_no_name() {
    let listed = attachment(Audience::ALL);
    let form = json!({
        "digest": sha256_hex(b"body"), "size": 4, "media_type": "application/json", "audience": "participants"
    });
    assert_eq!(serde_json::to_value(&listed).unwrap(), form);
    assert_eq!(serde_json::from_value::<Attachment>(form.clone()).unwrap(), listed);
    assert!(serde_json::from_value::<Attachment>(with(form, "name", "planimetria.pdf")).is_err());
}

#[test]
fn a_salt_is_written_in_exports_and_hidden_in_logs() {
    let salt = Salt([0x0f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xf0]);
    let hex = "0f0102030405060708090a0b0c0d0ef0";
    assert_eq!(salt.to_hex(), hex);
    assert_eq!(Salt::from_hex(hex), Some(salt));
    for bad in [
        "",
        "0f",
        &hex.to_uppercase(),
        &format!("{hex}00"),
        &format!("{} ", &hex[..31]),
        &format!("0x{}", &hex[2..]),
    ] {
        assert_eq!(Salt::from_hex(bad), None, "{bad}");
    }
    for shown in [format!("{salt:?}"), format!("{salt:#?}"), format!("{:?}", Some((1, salt)))] {
        assert!(shown.contains("Salt(..)"), "{shown}");
        assert!(!shown.contains("15") && !shown.contains("240") && !shown.contains("0f01"), "{shown}");
    }
}
