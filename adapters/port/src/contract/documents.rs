//! The contract of a document store.

use concerto_message::{Digest, Salt};

use crate::documents::{DocumentError, DocumentStore};

/// Checks an implementation: `fresh` makes an empty store each time.
///
/// # Panics
/// Where the implementation does not do what [`DocumentStore`] says.
pub fn documents_contract(fresh: &mut dyn FnMut() -> Box<dyn DocumentStore>) {
    what_is_put_is_found(&*fresh());
    wrong_bytes_are_refused_and_leave_nothing(&*fresh());
    many_threads_may_put_the_same(&*fresh());
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
