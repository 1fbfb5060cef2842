//! The contract of a document store.

use concerto_message::limits::CHUNK_BYTES;
use concerto_message::{Attachment, Audience, Chunks, Digest, Listed, Salt, StreamedError};

use crate::documents::{DocumentError, DocumentStore, Room};

/// Checks an implementation: `fresh` makes an empty store each time.
///
/// # Panics
/// Where the implementation does not do what [`DocumentStore`] says.
pub fn documents_contract(fresh: &mut dyn FnMut() -> Box<dyn DocumentStore>) {
    what_is_put_is_found(&*fresh());
    wrong_bytes_are_refused_and_leave_nothing(&*fresh());
    many_threads_may_put_the_same(&*fresh());
    what_is_added_is_described_and_read_chunk_by_chunk(&*fresh());
    what_is_staged_is_kept_until_it_is_whole(&*fresh());
    a_bad_chunk_leaves_what_was_before(&*fresh());
    a_list_or_link_that_lies_leaves_nothing(&*fresh());
    what_is_no_longer_wanted_is_erased(&*fresh());
    what_is_erased_is_gone_and_can_come_again(&*fresh());
}

/// Checks that an implementation keeps its quota and its reserve; `fresh` makes an empty store of 64 MiB in all, or more, with them.
///
/// # Panics
/// Where the implementation does not do what [`DocumentStore`] says.
pub fn room_contract(fresh: &dyn Fn(Room) -> Box<dyn DocumentStore>) {
    let bytes = sample(3 * CHUNK_BYTES);
    let (listed, list) = listed(&bytes);
    let quota = Room { quota_bytes: Some(4 * CHUNK_BYTES as u64), reserve_bytes: 0 };
    let store = fresh(quota);
    store.has_room(listed.size).unwrap();
    let staged = store.stage(&listed, SALT, list.clone()).unwrap();
    let refused = store.has_room(2 * CHUNK_BYTES as u64).unwrap_err();
    assert_eq!(refused.code(), "document.quota", "what is staged counts with its whole size");
    assert!(refused.is_no_room());
    let refused = store.add(SALT, "text/plain", 2 * CHUNK_BYTES as u64, &mut &bytes[..2 * CHUNK_BYTES]);
    assert_eq!(refused.unwrap_err().code(), "document.quota");
    drop(staged);
    let store = fresh(Room { quota_bytes: None, reserve_bytes: u64::MAX / 2 });
    for refused in [store.has_room(1), store.stage(&listed, SALT, list).map(|_| ())] {
        assert_eq!(refused.unwrap_err().code(), "document.reserve");
    }
    assert!(store.resume(&listed).unwrap().is_none(), "refused before the first byte");
}

const SALT: Salt = Salt([0x3c; 16]);
/// Pieces in which bytes come.
const PIECE: usize = 65_536;

fn sample(size: usize) -> Vec<u8> {
    (0..size).map(|n| (n % 253) as u8).collect()
}

fn listed(bytes: &[u8]) -> (Listed, Chunks) {
    let attachment = Attachment::new(&SALT, bytes, "application/pdf".into(), Audience::ALL);
    (attachment.listed().unwrap(), Chunks::of(&SALT, bytes))
}

fn what_is_added_is_described_and_read_chunk_by_chunk(store: &dyn DocumentStore) {
    for size in [0, 10, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 77] {
        let bytes = sample(size);
        let held = store.add(SALT, "application/pdf", size as u64, &mut bytes.as_slice()).unwrap();
        let attachment = Attachment::new(&SALT, &bytes, "application/pdf".into(), Audience::ALL);
        assert_eq!(held.attachment("application/pdf".into(), Audience::ALL), attachment, "{size}");
        assert_eq!(held.media_type.as_deref(), Some("application/pdf"));
        assert_eq!(store.describe(held.digest).unwrap().unwrap(), held, "{size}");
        assert_eq!(store.get(held.digest).unwrap(), Some((SALT, bytes.clone())), "{size}");
        let mut reader = store.open(held.digest).unwrap().unwrap();
        assert_eq!((reader.held().digest, reader.list()), (held.digest, &Chunks::of(&SALT, &bytes)));
        let mut read = b"what was there before".to_vec();
        for (index, chunk) in bytes.chunks(CHUNK_BYTES).enumerate() {
            reader.chunk(index as u64, &mut read).unwrap();
            assert_eq!(read, chunk);
        }
        let beyond = reader.chunk(bytes.chunks(CHUNK_BYTES).count() as u64, &mut read);
        assert!(matches!(beyond, Err(DocumentError::Streamed(StreamedError::Chunk(_)))), "{size}");
    }
    let small = SALT.digest(b"small");
    store.put(small, SALT, b"small").unwrap();
    assert_eq!(store.describe(small).unwrap().unwrap().media_type, None);
    assert!(store.describe(Digest([0; 32])).unwrap().is_none());
    assert!(store.open(Digest([0; 32])).unwrap().is_none());
}

fn what_is_staged_is_kept_until_it_is_whole(store: &dyn DocumentStore) {
    let bytes = sample(3 * CHUNK_BYTES + 5);
    let (listed, list) = listed(&bytes);
    assert!(store.resume(&listed).unwrap().is_none());
    let mut staged = store.stage(&listed, SALT, list.clone()).unwrap();
    assert!(matches!(store.stage(&listed, SALT, list), Err(DocumentError::Busy(d)) if d == listed.digest));
    assert!(matches!(store.resume(&listed), Err(DocumentError::Busy(_))));
    let cut = CHUNK_BYTES + 3 * PIECE + 11;
    bytes[..cut].chunks(PIECE).for_each(|piece| staged.append(piece).unwrap());
    drop(staged);
    assert!(!store.has(listed.digest).unwrap());
    let mut staged = store.resume(&listed).unwrap().unwrap();
    assert_eq!(staged.size(), cut as u64, "not a byte is lost");
    staged.append(&bytes[cut..cut + 1]).unwrap();
    assert!(matches!(staged.finish(), Err(DocumentError::Streamed(StreamedError::Short { .. }))));
    let mut staged = store.resume(&listed).unwrap().unwrap();
    assert_eq!(staged.size(), cut as u64 + 1);
    bytes[cut + 1..].chunks(PIECE).for_each(|piece| staged.append(piece).unwrap());
    staged.finish().unwrap();
    assert_eq!(store.get(listed.digest).unwrap(), Some((SALT, bytes)));
    assert!(store.resume(&listed).unwrap().is_none());
    assert_eq!(store.describe(listed.digest).unwrap().unwrap().chunks, Some(listed.chunks));
}

fn a_bad_chunk_leaves_what_was_before(store: &dyn DocumentStore) {
    let bytes = sample(2 * CHUNK_BYTES + 9);
    let (listed, list) = listed(&bytes);
    let mut staged = store.stage(&listed, SALT, list).unwrap();
    let mut bad = bytes.clone();
    bad[CHUNK_BYTES + 7] ^= 0x80;
    let found = bad.chunks(PIECE).find_map(|piece| staged.append(piece).err()).unwrap();
    assert!(matches!(found, DocumentError::Streamed(StreamedError::Chunk(1))));
    assert_eq!(staged.size(), CHUNK_BYTES as u64);
    drop(staged);
    let mut staged = store.resume(&listed).unwrap().unwrap();
    assert_eq!(staged.size(), CHUNK_BYTES as u64, "nothing of the bad chunk is kept");
    staged.append(&bytes[CHUNK_BYTES..]).unwrap();
    assert!(matches!(staged.append(b"more"), Err(DocumentError::Streamed(StreamedError::Long(_)))));
    staged.finish().unwrap();
    assert_eq!(store.get(listed.digest).unwrap().unwrap().1, bytes);
}

fn a_list_or_link_that_lies_leaves_nothing(store: &dyn DocumentStore) {
    let bytes = sample(2 * CHUNK_BYTES);
    let (listed, list) = listed(&bytes);
    let other = Chunks::of(&SALT, &bytes[1..]);
    let refused = store.stage(&listed, SALT, other).map(|_| ());
    assert!(matches!(refused, Err(DocumentError::Streamed(StreamedError::List))));
    assert!(store.resume(&listed).unwrap().is_none());
    let liar = Listed { digest: SALT.digest(b"another document"), ..listed };
    let mut staged = store.stage(&liar, SALT, list).unwrap();
    staged.append(&bytes).unwrap();
    assert!(matches!(staged.finish(), Err(DocumentError::Streamed(StreamedError::Inconsistent))));
    assert!(!store.has(liar.digest).unwrap() && store.resume(&liar).unwrap().is_none());
}

fn what_is_no_longer_wanted_is_erased(store: &dyn DocumentStore) {
    let (one, two) = (sample(2 * CHUNK_BYTES), sample(2 * CHUNK_BYTES + 1));
    let ((first, list), (second, second_list)) = (listed(&one), listed(&two));
    drop(store.stage(&first, SALT, list).unwrap());
    drop(store.stage(&second, SALT, second_list).unwrap());
    assert_eq!(store.erase_staged(&|digest| digest == second.digest).unwrap(), 1);
    assert!(store.resume(&first).unwrap().is_none());
    let open = store.resume(&second).unwrap().unwrap();
    assert_eq!(store.erase_staged(&|_| false).unwrap(), 0, "what is under way stays");
    drop(open);
    assert_eq!(store.erase_staged(&|_| false).unwrap(), 1);
}

fn what_is_put_is_found(store: &dyn DocumentStore) {
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    for bytes in [&b""[..], b"determinazione", &large] {
        for salt in [Salt([0; 16]), Salt([0xa5; 16])] {
            let digest = salt.digest(bytes);
            assert!(!store.has(digest).unwrap());
            assert_eq!(store.get(digest).unwrap(), None);
            store.put(digest, salt, bytes).unwrap();
            store.put(digest, salt, bytes).unwrap();
            assert!(store.has(digest).unwrap());
            assert_eq!(store.get(digest).unwrap(), Some((salt, bytes.to_vec())));
        }
    }
}

fn wrong_bytes_are_refused_and_leave_nothing(store: &dyn DocumentStore) {
    let (salt, bytes) = (Salt([1; 16]), b"assenso");
    let digest = salt.digest(bytes);
    let attempts: [(Digest, Salt, &[u8]); 3] =
        [(digest, Salt([2; 16]), bytes), (digest, salt, b"dissenso"), (Digest([0; 32]), salt, bytes)];
    for (digest, salt, bytes) in attempts {
        let refused = store.put(digest, salt, bytes);
        assert!(matches!(refused, Err(DocumentError::Mismatch { expected }) if expected == digest));
        assert!(!store.has(digest).unwrap());
        assert_eq!(store.get(digest).unwrap(), None);
    }
    store.put(digest, salt, bytes).unwrap();
    assert!(matches!(store.put(digest, salt, b"dissenso"), Err(DocumentError::Mismatch { .. })));
    assert_eq!(store.get(digest).unwrap(), Some((salt, bytes.to_vec())), "the first bytes stay");
}

fn many_threads_may_put_the_same(store: &dyn DocumentStore) {
    let (salt, bytes) = (Salt([4; 16]), vec![0x5a; 100_000]);
    let digest = salt.digest(&bytes);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                store.put(digest, salt, &bytes).unwrap();
                assert_eq!(store.get(digest).unwrap(), Some((salt, bytes.clone())));
            });
        }
    });
}

fn what_is_erased_is_gone_and_can_come_again(store: &dyn DocumentStore) {
    let bytes = sample(CHUNK_BYTES + 1);
    let other = store.add(SALT, "text/plain", 1, &mut b"x".as_slice()).unwrap();
    for _ in 0..2 {
        let size = bytes.len() as u64;
        let held = store.add(SALT, "application/pdf", size, &mut bytes.as_slice()).unwrap();
        store.erase(held.digest).unwrap();
        store.erase(held.digest).unwrap();
        assert!(!store.has(held.digest).unwrap() && store.describe(held.digest).unwrap().is_none());
    }
    assert!(store.has(other.digest).unwrap());
}
