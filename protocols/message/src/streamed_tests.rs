//! Catches: pieces that change a digest, a chunk boundary that is off by one, a bad chunk that counts, a last chunk that nobody checks, a
//! link that contradicts itself blamed on the source.

use super::*;
use crate::attachment::Audience;

const SALT: Salt = Salt([0x5a; 16]);

fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|n| (n % 251) as u8).collect()
}

fn listed(bytes: &[u8]) -> (Listed, Chunks) {
    let attachment = Attachment::new(&SALT, bytes, "application/pdf".into(), Audience::ALL);
    (attachment.listed().unwrap(), Chunks::of(&SALT, bytes))
}

#[test]
fn pieces_have_the_digests_of_the_whole() {
    for size in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7] {
        let bytes = bytes(size);
        for piece in [1 << 16, 999_983, CHUNK_BYTES, 5 * CHUNK_BYTES] {
            let mut hashing = Hashing::new(SALT);
            bytes.chunks(piece).for_each(|piece| hashing.update(piece));
            let hashed = hashing.finish();
            let attachment = Attachment::new(&SALT, &bytes, "text/plain".into(), Audience::ALL);
            assert_eq!(
                (hashed.digest, hashed.size),
                (attachment.digest, attachment.size),
                "{size} by {piece}"
            );
            assert_eq!(hashed.chunks_digest(&SALT), attachment.chunks, "{size} by {piece}");
            assert_eq!(hashed.chunks, Chunks::of(&SALT, &bytes), "{size} by {piece}");
        }
    }
}

#[test]
fn the_right_bytes_pass_in_any_pieces() {
    let bytes = bytes(2 * CHUNK_BYTES + 12_345);
    let (listed, list) = listed(&bytes);
    for piece in [65_536, 777_777, 4 * CHUNK_BYTES] {
        let mut checking = Checking::new(listed, SALT, list.clone()).unwrap();
        for piece in bytes.chunks(piece) {
            checking.update(piece).unwrap();
        }
        assert_eq!(checking.size(), listed.size);
        assert_eq!(checking.finish(), Ok(()));
        assert_eq!(checking.update(b"x"), Err(StreamedError::Long(listed.size)));
    }
}

#[test]
fn a_bad_chunk_is_found_at_its_end_and_can_be_taken_again() {
    let bytes = bytes(3 * CHUNK_BYTES + 100);
    let (listed, list) = listed(&bytes);
    for at in [0, CHUNK_BYTES - 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 5, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 99] {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        let mut checking = Checking::new(listed, SALT, list.clone()).unwrap();
        let found = bad.chunks(65_536).find_map(|piece| checking.update(piece).err());
        let chunk = at / CHUNK_BYTES;
        assert_eq!(found, Some(StreamedError::Chunk(chunk as u64)), "{at}");
        assert_eq!(checking.size(), (chunk * CHUNK_BYTES) as u64, "{at}");
        checking.update(&bytes[chunk * CHUNK_BYTES..]).unwrap();
        assert_eq!(checking.finish(), Ok(()), "{at}: good bytes after bad ones");
    }
}

#[test]
fn unchecked_bytes_can_be_forgotten() {
    let bytes = bytes(2 * CHUNK_BYTES);
    let (listed, list) = listed(&bytes);
    let mut checking = Checking::new(listed, SALT, list).unwrap();
    checking.update(&bytes[..CHUNK_BYTES]).unwrap();
    checking.update(b"torn by a power cut").unwrap();
    assert_eq!((checking.size(), checking.checked_size()), (CHUNK_BYTES as u64 + 19, CHUNK_BYTES as u64));
    checking.forget_unchecked();
    checking.update(&bytes[CHUNK_BYTES..]).unwrap();
    assert_eq!(checking.finish(), Ok(()));
}

#[test]
fn lists_sizes_and_links_that_do_not_fit_are_told_apart() {
    let bytes = bytes(2 * CHUNK_BYTES);
    let (listed, list) = listed(&bytes);
    let other = Chunks::of(&SALT, &bytes[1..]);
    assert_eq!(Checking::new(listed, SALT, other).unwrap_err(), StreamedError::List);
    assert_eq!(Checking::new(listed, Salt([0; 16]), list.clone()).unwrap_err(), StreamedError::List);
    let longer = Listed { size: listed.size + 1, ..listed };
    assert_eq!(Checking::new(longer, SALT, list.clone()).unwrap_err(), StreamedError::List);
    let endless = Listed { size: u64::MAX, ..listed };
    assert!(matches!(Checking::new(endless, SALT, list.clone()).unwrap_err(), StreamedError::Long(_)));
    let mut short = Checking::new(listed, SALT, list.clone()).unwrap();
    short.update(&bytes[..CHUNK_BYTES]).unwrap();
    let found = CHUNK_BYTES as u64;
    assert_eq!(short.finish(), Err(StreamedError::Short { found, size: listed.size }));
    let liar = Listed { digest: Digest::of(b"something else"), ..listed };
    let mut checking = Checking::new(liar, SALT, list).unwrap();
    checking.update(&bytes).unwrap();
    assert_eq!(checking.finish(), Err(StreamedError::Inconsistent));
}
