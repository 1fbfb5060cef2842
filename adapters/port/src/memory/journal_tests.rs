//! Tests of the journal in memory: the contract of every journal, and what only this one can do.

use super::*;
use crate::contract::{JournalSubject, journal_contract, samples};

struct Subject;

impl JournalSubject for Subject {
    type Journal = MemoryJournal;
    fn fresh(&mut self) -> MemoryJournal {
        MemoryJournal::new()
    }
    fn reopen(&mut self, journal: MemoryJournal) -> MemoryJournal {
        journal.after_crash()
    }
}

#[test]
fn the_memory_journal_keeps_the_contract() {
    journal_contract(&mut Subject);
}

/// Would catch a snapshot that shares its rows with the journal it was taken from.
#[test]
fn a_snapshot_and_its_origin_go_separate_ways() {
    let meta = |value: u8| Write::Meta { name: "incarnation", value: vec![value] };
    let mut journal = MemoryJournal::new();
    journal.begin().unwrap();
    journal.write(&meta(1)).unwrap();
    journal.commit().unwrap();
    let mut snapshot = journal.clone();
    journal.begin().unwrap();
    journal.write(&meta(2)).unwrap();
    let crashed = journal.after_crash();
    journal.commit().unwrap();
    snapshot.begin().unwrap();
    snapshot.write(&meta(3)).unwrap();
    snapshot.commit().unwrap();
    let read = |journal: &MemoryJournal| journal.meta("incarnation").unwrap().unwrap();
    assert_eq!((read(&journal), read(&snapshot), read(&crashed)), (vec![2], vec![3], vec![1]));
}

#[test]
fn a_full_journal_refuses_changes_keeps_reading_and_recovers() {
    let mut journal = MemoryJournal::new();
    let link = samples::link(1, 1, None);
    let keep = samples::keep(&link);
    journal.set_full(true);
    journal.begin().unwrap();
    assert!(matches!(journal.write(&keep), Err(JournalError::Full)));
    assert!(journal.commit().is_err());
    assert!(!journal.has_link(link.id()).unwrap());
    journal.set_full(false);
    journal.begin().unwrap();
    journal.write(&keep).unwrap();
    journal.commit().unwrap();
    assert!(journal.has_link(link.id()).unwrap());
}
