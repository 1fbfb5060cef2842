//! Uploads: catches bytes kept of an upload that was given up, two names or two copies of the same bytes, a look at the room only where
//! an upload begins, and above all the erasure of a document that a link lists.

use super::*;
use concerto_port::contract::samples;
use concerto_port::memory::{MemoryDocuments, MemoryJournal};
use concerto_port::{ContentStatus, Journal, Room, Write};
use http::StatusCode;
use jiff::Timestamp;

const MEBIBYTE: usize = 1024 * 1024;

/// Uploads pieces under a salt; they end as they should, or not.
fn upload(
    uploads: &Uploads,
    store: &MemoryDocuments,
    salt: u8,
    announced: Option<u64>,
    (bytes, whole): (&[u8], bool),
) -> Result<(Digest, u64), Problem> {
    let (pass, pieces) = mpsc::channel(PIECES_MAX);
    let begun = Begun { salt: Salt([salt; 16]), media_type: "text/plain".into(), announced };
    std::thread::scope(|scope| {
        let added = scope.spawn(|| uploads.add(store, begun, pieces));
        for piece in bytes.chunks(64 * 1024) {
            let _ = pass.blocking_send(Some(Bytes::copy_from_slice(piece)));
        }
        if whole {
            let _ = pass.blocking_send(None);
        }
        drop(pass);
        added.join().unwrap()
    })
}

/// The note of an upload becomes older than any is kept.
fn grow_old(uploads: &Uploads, name: Digest) {
    let note = File::options().write(true).open(uploads.path(name)).unwrap();
    note.set_modified(SystemTime::now() - KEPT - Duration::from_secs(1)).unwrap();
}

fn status<T: std::fmt::Debug>(result: Result<T, Problem>) -> StatusCode {
    result.unwrap_err().status()
}

#[test]
fn an_upload_is_named_by_its_bytes_and_held_once() {
    let folder = tempfile::tempdir().unwrap();
    let (uploads, store) = (Uploads::open(folder.path()).unwrap(), MemoryDocuments::default());
    let bytes = b"relazione tecnica".as_slice();
    let (name, size) = upload(&uploads, &store, 1, Some(17), (bytes, true)).unwrap();
    assert_eq!((name, size), (Digest::of(bytes), 17));
    let again = upload(&uploads, &store, 2, None, (bytes, true)).unwrap();
    assert_eq!((again, store.len()), ((name, size), 1), "the second copy is not kept");
    let used = uploads.document(&store, name, "application/pdf".into(), Audience::ALL).unwrap();
    let Content::Held(document) = used.content else { panic!("{used:?}") };
    assert_eq!(store.get(document).unwrap(), Some((Salt([1; 16]), bytes.to_vec())));
    let unknown = uploads.document(&store, Digest([0; 32]), String::new(), Audience::ALL);
    assert_eq!(status(unknown), StatusCode::UNPROCESSABLE_ENTITY);
    store.erase(document).unwrap();
    let gone = uploads.document(&store, name, String::new(), Audience::ALL);
    assert_eq!(status(gone), StatusCode::UNPROCESSABLE_ENTITY, "a note without its document names nothing");
    assert_eq!(upload(&uploads, &store, 3, None, (bytes, true)).unwrap(), (name, size));
    assert_eq!(store.len(), 1, "and the bytes can come again");
}

#[test]
fn the_same_bytes_twice_at_one_time_are_held_once() {
    let folder = tempfile::tempdir().unwrap();
    let (uploads, store) = (Uploads::open(folder.path()).unwrap(), MemoryDocuments::default());
    let bytes = vec![7; 3 * MEBIBYTE];
    let names: Vec<_> = std::thread::scope(|scope| {
        let one = |salt| upload(&uploads, &store, salt, None, (&bytes, true)).unwrap();
        let threads: Vec<_> = (1..=4).map(|salt| scope.spawn(move || one(salt))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(names.iter().all(|name| *name == (Digest::of(&bytes), bytes.len() as u64)));
    assert_eq!(store.len(), 1);
}

#[test]
fn what_is_given_up_or_has_no_room_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let room = Room { quota_bytes: Some(20 * MEBIBYTE as u64), reserve_bytes: 0 };
    let store = MemoryDocuments::with_room(room, u64::MAX);
    let uploads = Uploads::open(folder.path()).unwrap();
    assert!(upload(&uploads, &store, 1, Some(9), (b"a part", false)).is_err());
    // announced, and not announced: the step that does not fit is found where it begins
    let large = vec![1; 40 * MEBIBYTE];
    let announced = upload(&uploads, &store, 2, Some(large.len() as u64), (&large, true));
    assert_eq!(status(announced), StatusCode::INSUFFICIENT_STORAGE);
    let held = vec![2; 10 * MEBIBYTE];
    upload(&uploads, &store, 3, None, (&held, true)).unwrap();
    assert_eq!(status(upload(&uploads, &store, 4, None, (&large, true))), StatusCode::INSUFFICIENT_STORAGE);
    assert_eq!((store.len(), fs::read_dir(folder.path()).unwrap().count()), (1, 1));
}

#[test]
fn what_no_link_lists_is_erased_after_a_day_and_what_one_lists_never() {
    let folder = tempfile::tempdir().unwrap();
    let (uploads, store) = (Uploads::open(folder.path()).unwrap(), MemoryDocuments::default());
    let mut journal = MemoryJournal::new();
    journal.begin().unwrap();
    let chain = samples::chain(1, 3);
    for link in chain.clone() {
        let (received_at, content) = (Timestamp::UNIX_EPOCH, ContentStatus::Valid);
        journal.write(&Write::Link { link, received_at, own: true, content }).unwrap();
    }
    journal.commit().unwrap();
    let [unused, fresh, named, listed] =
        [b"a", b"b", b"c", b"d"].map(|bytes| upload(&uploads, &store, 1, None, (bytes, true)).unwrap().0);
    // one of them is what a link lists
    let attachment = chain[1].payload().body.as_ref().unwrap().digest;
    let document = store.add(Salt([9; 16]), "text/plain", 1, &mut b"x".as_slice()).unwrap().digest;
    assert_ne!(document, attachment);
    let note = Note { document: attachment, size: 1 };
    replace(&uploads.path(listed), &serde_json::to_vec(&note).unwrap()).unwrap();
    for name in [unused, named, listed] {
        grow_old(&uploads, name);
    }
    uploads.document(&store, named, String::new(), Audience::ALL).unwrap();
    let mut notes = BTreeSet::from([attachment, document]);
    keep_listed(&journal, &mut notes).unwrap();
    assert_eq!(notes, BTreeSet::from([document]), "what a link lists is kept");
    let before = store.len();
    uploads.sweep(&journal, &store).unwrap();
    assert_eq!(store.len(), before - 1);
    let known = |name| read(&uploads.path(name)).unwrap().is_some();
    assert_eq!([unused, fresh, named, listed].map(known), [false, true, true, false]);
}

#[test]
fn places_for_uploads_are_few() {
    let folder = tempfile::tempdir().unwrap();
    let uploads = Uploads::open(folder.path()).unwrap();
    let places: Vec<_> = (0..COMING_MAX).map(|_| uploads.place().unwrap()).collect();
    assert_eq!(status(uploads.place()), StatusCode::SERVICE_UNAVAILABLE);
    drop(places);
    assert!(uploads.place().is_ok());
}
