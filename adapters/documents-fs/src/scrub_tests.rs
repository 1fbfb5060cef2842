//! The scrub on real files. It would catch one that trusts sizes, one that stops at the first damage, and one that loses the evidence.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise")]

use super::*;
use crate::FolderStore;
use concerto_message::Salt;
use concerto_port::DocumentStore;

#[test]
fn every_flipped_bit_is_found_put_aside_and_healed_by_the_same_document() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    let scrub = Scrub::new(folder.path());
    let (salt, bytes) = (Salt([7; 16]), b"una relazione".as_slice());
    let digest = salt.digest(bytes);
    store.put(digest, salt, bytes).unwrap();
    assert_eq!(scrub.digests().unwrap(), [digest]);
    let size = (bytes.len() + 16) as u64;
    let path = folder_and_path(folder.path(), digest).1;
    for bit in 0..size * 8 {
        assert_eq!(scrub.check(digest, &mut |_| {}), Found::Good { bytes: size });
        let mut flipped = fs::read(&path).unwrap();
        flipped[(bit / 8) as usize] ^= 1 << (bit % 8);
        fs::write(&path, flipped).unwrap();
        assert!(matches!(scrub.check(digest, &mut |_| {}), Found::Damaged(_)), "bit {bit}");
        assert!(store.get(digest).is_err(), "a damaged document is never served");
        scrub.quarantine(digest).unwrap();
        assert_eq!(scrub.check(digest, &mut |_| {}), Found::Missing);
        assert!(!store.has(digest).unwrap());
        store.put(digest, salt, bytes).unwrap();
    }
    let aside = fs::read_dir(folder.path().join(QUARANTINE)).unwrap().count() as u64;
    assert_eq!(aside, size * 8, "each damaged copy is kept");
}
