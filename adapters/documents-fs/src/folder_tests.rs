//! Tests of the folder: the contract of every document store, then what files add: names, permissions, damage, crashes.

use super::*;
use concerto_port::contract::documents_contract;
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
