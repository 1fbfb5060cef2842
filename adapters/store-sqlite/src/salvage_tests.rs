//! A journal made anew from a damaged one. It would catch a rebuilding that stops at the first damage, one that keeps a row that is not whole,
//! one that loses the damaged file, and one that a crash leaves without any journal.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests stop at the first surprise"
)]

use super::*;
use concerto_message::ReceiptKind;
use concerto_port::Journal;
use concerto_port::contract::samples::{chain, instant, keep, receipt, writer};

const LINKS: u64 = 12;

fn judge(own: &Writer) -> Judge<'_> {
    Judge { own, believes: &|_, _| false, content: &|_| ContentStatus::Valid }
}

fn filled(path: &Path) -> Vec<u8> {
    let mut journal = SqliteJournal::open(path).unwrap();
    journal.begin().unwrap();
    for link in &chain(1, LINKS) {
        journal.write(&keep(link)).unwrap();
        let given = receipt(2, ReceiptKind::Accepted, &[link]);
        journal.write(&Write::Receipt { receipt: given, at: instant(1) }).unwrap();
        journal.write(&Write::Enqueue { peer: writer(2), message: link.id(), at: instant(1) }).unwrap();
    }
    journal.commit().unwrap();
    journal.seal().unwrap();
    drop(journal);
    fs::read(path).unwrap()
}

#[test]
fn what_is_whole_is_kept_and_what_is_not_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.sqlite");
    let bytes = filled(&path);
    let own = writer(1);
    let (mut damaged, mut lost) = (0, 0);
    for number in 0..60_usize {
        let at = 100 + number * 7919 % (bytes.len() - 100);
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (number % 8);
        fs::write(&path, &flipped).unwrap();
        let whole = SqliteJournal::open(&path).and_then(|journal| journal.verify_integrity());
        damaged += usize::from(whole.is_err());
        let salvaged = rebuild(&path, &judge(&own)).unwrap();
        let journal = SqliteJournal::open(&path).unwrap();
        let found = journal.verify_integrity().unwrap();
        assert_eq!((found.links, found.receipts), (salvaged.links, salvaged.receipts), "byte {at}");
        assert!(found.links <= LINKS && (whole.is_err() || found.links == LINKS), "byte {at}");
        lost += LINKS - found.links;
        assert_eq!(journal.meta(REBUILT).unwrap(), Some(vec![1]));
        drop(journal);
        for leftover in ["-wal", "-shm"] {
            remove(&beside(&path, leftover)).unwrap();
        }
    }
    assert!(damaged > 5 && lost > 0, "{damaged} damaged, {lost} links left out");
    assert!(folder.path().join(QUARANTINE).join("journal-60.sqlite").exists(), "each damaged file is kept");
}

#[test]
fn a_crash_before_the_swap_is_finished_by_the_next_opening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.sqlite");
    let bytes = filled(&path);
    fs::write(beside(&path, ".rebuilt"), &bytes).unwrap();
    fs::write(&path, b"damaged").unwrap();
    fs::write(beside(&path, "-wal"), b"the log of the damaged file").unwrap();
    let journal = SqliteJournal::open(&path).unwrap();
    assert_eq!(journal.verify_integrity().unwrap().links, LINKS);
    assert!(folder.path().join(QUARANTINE).join("journal-1.sqlite-wal").exists());
}
