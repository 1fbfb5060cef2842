//! Marks on the machine's real shared memory. It would catch a mark that two copies of a node share, one on a disk that a snapshot takes
//! back, and one that another user planted.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise")]

use super::*;
use concerto_message::ids::Nonce;
use concerto_message::{Digest, MessageId};
use std::os::unix::fs::PermissionsExt;

/// An incarnation of which no other test and no node has a mark.
fn incarnation() -> Incarnation {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).unwrap();
    Incarnation { counter: 3, nonce: Nonce(nonce) }
}

fn mark(incarnation: Incarnation, last: u8) -> Mark {
    Mark { incarnation, last: Some(MessageId(Digest([last; 32]))) }
}

#[test]
fn a_mark_outlives_its_process_and_the_incarnation_after_it_takes_it_away() {
    let (first, second) = (incarnation(), incarnation());
    let mut marks = Marks::new();
    assert_eq!(marks.find(&first), None);
    marks.note(&mark(first, 1));
    marks.note(&mark(first, 2));
    drop(marks); // what a killed process leaves
    let mut marks = Marks::new();
    assert_eq!(marks.find(&first), Some(mark(first, 2)));
    marks.note(&mark(second, 1));
    drop(marks);
    let mut marks = Marks::new();
    assert_eq!(marks.find(&first), None);
    assert_eq!(marks.find(&second), Some(mark(second, 1)));
    marks.forget();
}

#[test]
fn a_mark_in_use_is_nobody_elses() {
    let one = incarnation();
    let mut marks = Marks::new();
    marks.note(&mark(one, 1));
    assert_eq!(Marks::new().find(&one), None);
    marks.forget();
}

#[test]
fn no_mark_on_a_disk_and_none_that_others_can_write() {
    let one = incarnation();
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    #[allow(clippy::unnecessary_cast, reason = "the type of f_type differs between architectures")]
    let volatile = rustix::fs::statfs(folder.path()).unwrap().f_type as i64 == TMPFS;
    if volatile {
        println!("the sources lie on a tmpfs: that a disk is refused is not tested here");
    } else {
        let mut marks = Marks { folder: folder.path().to_owned(), held: None };
        marks.note(&mark(one, 1));
        assert_eq!(Marks { folder: folder.path().to_owned(), held: None }.find(&one), None);
    }

    let mut marks = Marks::new();
    marks.note(&mark(one, 1));
    let path = marks.path(&one);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    drop(marks);
    assert_eq!(Marks::new().find(&one), None);
    std::fs::remove_file(path).unwrap();
}
