//! Tests of the folder: the contract of every document store, then what files add: names, permissions, damage, crashes.

use super::*;
use concerto_message::StreamedError;
use concerto_message::limits::CHUNK_BYTES;
use concerto_port::contract::{documents_contract, room_contract};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const SALT: Salt = Salt([0x5a; 16]);

fn filled() -> (tempfile::TempDir, FolderStore, Digest, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path().join("node/documents")).unwrap();
    let digest = SALT.digest(b"determinazione");
    store.put(digest, SALT, b"determinazione").unwrap();
    let path = store.folder_and_path(digest).1;
    (folder, store, digest, path)
}

#[test]
fn the_folder_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let mut made = 0;
    documents_contract(&mut || {
        made += 1;
        Box::new(FolderStore::open(folder.path().join(made.to_string())).unwrap())
    });
    let rooms = AtomicU64::new(0);
    room_contract(&|room| {
        let path = folder.path().join(format!("room-{}", rooms.fetch_add(1, Ordering::Relaxed)));
        Box::new(FolderStore::with_room(path, room).unwrap())
    });
}

/// Three chunks and a bit, added: the store, what is held, and the bytes.
fn large() -> (tempfile::TempDir, FolderStore, HeldDocument, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    let bytes: Vec<u8> = (0..3 * CHUNK_BYTES + 9).map(|n| (n % 241) as u8).collect();
    let held = store.add(SALT, "application/pdf", bytes.len() as u64, &mut bytes.as_slice()).unwrap();
    (folder, store, held, bytes)
}

#[test]
fn a_list_of_chunks_that_is_lost_or_damaged_is_computed_again() {
    let (_folder, store, held, _bytes) = large();
    let list = store.folder_and_path(held.digest).1.with_extension("chunks");
    let intact = fs::read(&list).unwrap();
    let mut flipped = intact.clone();
    flipped[40] ^= 1;
    for damaged in [&flipped[..], &intact[..intact.len() - 32], b""] {
        fs::write(&list, damaged).unwrap();
        assert_eq!(store.describe(held.digest).unwrap().unwrap(), held);
        assert_eq!(fs::read(&list).unwrap(), intact, "and kept");
    }
}

#[test]
fn a_damaged_chunk_is_not_read_and_the_others_are() {
    let (_folder, store, held, bytes) = large();
    let path = store.folder_and_path(held.digest).1;
    let mut file = fs::read(&path).unwrap();
    file[SALT_BYTES + CHUNK_BYTES + 3] ^= 4;
    fs::write(&path, file).unwrap();
    let (mut reader, mut chunk) = (store.open_document(held.digest), Vec::new());
    let found = reader.chunk(1, &mut chunk);
    assert!(matches!(found, Err(DocumentError::Streamed(StreamedError::Chunk(1)))));
    reader.chunk(2, &mut chunk).unwrap();
    assert_eq!(chunk, bytes[2 * CHUNK_BYTES..3 * CHUNK_BYTES]);
}

#[test]
fn what_a_power_cut_tore_is_dropped_and_what_is_before_it_stays() {
    let (_folder, store, held, bytes) = large();
    let listed = Listed { digest: held.digest, size: held.size, chunks: held.chunks.unwrap() };
    let beside = tempfile::tempdir().unwrap();
    let other = FolderStore::open(beside.path()).unwrap();
    let list = store.open_document(held.digest).list().clone();
    let mut staged = other.stage(&listed, SALT, list).unwrap();
    staged.append(&bytes[..2 * CHUNK_BYTES + 100]).unwrap();
    drop(staged);
    let path = other.root().join(staged::FOLDER).join(held.digest.to_string());
    let mut file = fs::read(&path).unwrap();
    file[SALT_BYTES + CHUNK_BYTES + 50] ^= 1;
    fs::write(&path, file).unwrap();
    // another process, after the cut
    let again = FolderStore::open(beside.path()).unwrap();
    let mut staged = again.resume(&listed).unwrap().unwrap();
    assert_eq!(staged.size(), CHUNK_BYTES as u64);
    staged.append(&bytes[CHUNK_BYTES..]).unwrap();
    staged.finish().unwrap();
    assert_eq!(again.get(held.digest).unwrap().unwrap().1, bytes);
    let left = fs::read_dir(other.root().join(staged::FOLDER)).unwrap().count();
    assert_eq!(left, 0, "nothing is left of the staging");
}

#[test]
fn staged_files_without_a_list_are_of_no_use_and_lists_without_a_file_are_erased() {
    let (_folder, store, held, bytes) = large();
    let listed = Listed { digest: held.digest, size: held.size, chunks: held.chunks.unwrap() };
    let folder = store.root().join(staged::FOLDER);
    fs::write(folder.join(held.digest.to_string()), &bytes[..500]).unwrap();
    assert!(store.resume(&listed).unwrap().is_none());
    fs::write(folder.join(format!("{}.chunks", held.digest)), b"rest").unwrap();
    store.erase_staged(&|_| true).unwrap();
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
}

impl FolderStore {
    fn open_document(&self, digest: Digest) -> Box<dyn DocumentReader> {
        DocumentStore::open(self, digest).unwrap().unwrap()
    }
}

#[test]
fn a_file_is_named_by_what_sha256sum_prints() {
    let (_folder, store, digest, path) = filled();
    let name = digest.to_string();
    assert_eq!(path, store.root().join(&name[..2]).join(&name[2..]));
    let printed = Command::new("sha256sum").arg(&path).output().unwrap();
    assert!(printed.status.success());
    assert!(String::from_utf8(printed.stdout).unwrap().starts_with(&name));
}

#[test]
fn only_the_owner_may_read() {
    let (_folder, store, _digest, path) = filled();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&store.root().join(LOCK)), 0o600);
    for folder in [store.root(), path.parent().unwrap(), &store.root().join(INCOMING)] {
        assert_eq!(mode(folder), 0o700, "{folder:?}");
    }
}

#[test]
fn damage_is_found_on_reading_and_healed_by_putting_again() {
    let (_folder, store, digest, path) = filled();
    let intact = fs::read(&path).unwrap();
    let mut damages: Vec<Vec<u8>> = vec![Vec::new(), intact[..7].to_vec(), intact[..20].to_vec()];
    for at in 0..intact.len() {
        let mut flipped = intact.clone();
        flipped[at] ^= 1;
        damages.push(flipped);
    }
    for damaged in damages {
        fs::write(&path, &damaged).unwrap();
        let found = store.get(digest);
        assert!(
            matches!(found, Err(DocumentError::Mismatch { expected }) if expected == digest),
            "{damaged:?}"
        );
    }
    store.put(digest, SALT, b"determinazione").unwrap();
    assert_eq!(store.get(digest).unwrap(), Some((SALT, b"determinazione".to_vec())));
}

#[test]
fn a_document_survives_its_store_and_unfinished_files_do_not() {
    let (_folder, store, digest, path) = filled();
    let root = store.root().to_owned();
    let unfinished = root.join(INCOMING).join("1-0");
    fs::write(&unfinished, b"half of a docum").unwrap();
    let beside = FolderStore::open(&root).unwrap();
    assert!(unfinished.exists(), "another process may be writing it");
    drop((store, beside));
    let reopened = FolderStore::open(&root).unwrap();
    assert!(!unfinished.exists() && path.exists());
    assert_eq!(reopened.get(digest).unwrap(), Some((SALT, b"determinazione".to_vec())));
}

#[test]
fn a_refused_or_failed_put_leaves_no_file() {
    let (_folder, store, _digest, _path) = filled();
    let incoming = || fs::read_dir(store.root().join(INCOMING)).unwrap().count();
    let other = SALT.digest(b"other");
    assert!(store.put(other, SALT, b"another").is_err());
    assert!(!store.folder_and_path(other).0.exists() || !store.has(other).unwrap());
    assert_eq!(incoming(), 0);
    // a folder stands where the file should be: the renaming fails
    fs::create_dir_all(store.folder_and_path(other).1.join("in the way")).unwrap();
    assert!(matches!(store.put(other, SALT, b"other"), Err(DocumentError::Medium(_))));
    assert!(!store.has(other).unwrap());
    assert_eq!(incoming(), 0);
}

#[test]
fn a_name_taken_by_an_earlier_process_is_passed_over() {
    let (_folder, store, _digest, _path) = filled();
    let next = store.written.load(Ordering::Relaxed);
    fs::write(store.root().join(INCOMING).join(format!("{}-{next}", process::id())), b"").unwrap();
    let digest = SALT.digest(b"later");
    store.put(digest, SALT, b"later").unwrap();
    assert!(store.has(digest).unwrap());
}
