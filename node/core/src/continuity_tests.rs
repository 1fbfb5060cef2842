//! Marks: what is read back is what was noted, and nothing that was changed passes for one. It would catch a mark without a checksum,
//! and one that takes the zeros of "none" for a link.

use super::*;

fn mark(last: Option<u8>) -> Mark {
    let incarnation = Incarnation { counter: 7, nonce: Nonce([3; 16]) };
    Mark { incarnation, last: last.map(|byte| MessageId(Digest([byte; 32]))) }
}

#[test]
fn a_mark_is_read_back_as_it_was_noted() {
    for one in [mark(None), mark(Some(0)), mark(Some(9))] {
        assert_eq!(one.to_bytes().len(), Mark::BYTES);
        assert_eq!(Mark::from_bytes(&one.to_bytes()), Some(one));
    }
    assert_ne!(mark(None).to_bytes(), mark(Some(0)).to_bytes());
}

#[test]
fn no_changed_byte_passes() {
    let bytes = mark(Some(9)).to_bytes();
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert_eq!(Mark::from_bytes(&changed), None, "byte {place}");
        assert_eq!(Mark::from_bytes(&bytes[..place]), None, "cut off at {place}");
    }
}
