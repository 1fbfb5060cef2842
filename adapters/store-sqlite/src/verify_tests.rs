//! Flipped bits: each one that changes anything of the evidence is found. It would catch a scrub that reads only texts, one that
//! trusts an index, one that counts rows and compares none, and a table of evidence that nothing protects.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests stop at the first surprise"
)]

use super::*;
use crate::store::{SqliteJournal, connect};
use concerto_message::ReceiptKind;
use concerto_port::contract::samples::{chain, instant, keep, link_by, receipt, writer};
use concerto_port::{Journal, Write};
use rusqlite::OpenFlags;
use std::path::Path;

/// Bits flipped.
const FLIPS: usize = 1000;
/// What proves something, or leads to it. Not in the list: what a node notes for its own work (outbox, alarms, answers given, values),
/// which is made again, or told again, from these.
const EVIDENCE: [&str; 7] = [
    "SELECT row, id, conference, writer, received_at, own, checksum, text FROM link ORDER BY row",
    "SELECT row, digest, conference, received_at, checksum, text FROM receipt ORDER BY row",
    "SELECT message, receipt FROM receipt_message ORDER BY message, receipt",
    "SELECT row, digest, bytes FROM bundle ORDER BY row",
    "SELECT name FROM writer WHERE key IN (SELECT writer FROM link) ORDER BY key",
    "SELECT name FROM conference ORDER BY key",
    "SELECT position, conference FROM appearance ORDER BY position",
];

fn filled(path: &Path) -> Vec<u8> {
    let mut journal = SqliteJournal::open(path).unwrap();
    journal.begin().unwrap();
    let bundle = b"a trust bundle".to_vec();
    journal.write(&Write::Bundle { digest: concerto_message::Digest::of(&bundle), bytes: bundle }).unwrap();
    let first = chain(1, 30);
    let conference = first[0].payload().conference.clone();
    let other = link_by(writer(2), conference, 1, None);
    for link in first.iter().chain(&chain(2, 10)).chain([&other]) {
        journal.write(&keep(link)).unwrap();
        let given = receipt(2, ReceiptKind::Accepted, &[link]);
        journal.write(&Write::Receipt { receipt: given, at: instant(1) }).unwrap();
    }
    journal.commit().unwrap();
    journal.seal().unwrap();
    drop(journal);
    std::fs::read(path).unwrap()
}

/// Everything that the evidence says, or that it cannot be read.
fn evidence(connection: &Connection) -> Result<Vec<Vec<rusqlite::types::Value>>, rusqlite::Error> {
    let mut all = Vec::new();
    for sql in EVIDENCE {
        let mut statement = connection.prepare(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            all.push((0..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?);
        }
    }
    Ok(all)
}

#[test]
fn a_flipped_bit_that_changes_evidence_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.sqlite");
    let bytes = filled(&path);
    let read = || connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let whole = evidence(&read().unwrap()).unwrap();
    assert_eq!(examine(&read().unwrap(), &mut |_| {}).unwrap().damaged, 0);
    let (mut changed, mut found, mut unread) = (0, 0, 0);
    // the step has no common factor with the number of bits: every region of the file is met
    let (bits, step) = (bytes.len() * 8, 104_729);
    for number in 0..FLIPS {
        let bit = (number * step + 4096) % bits;
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &flipped).unwrap();
        let Ok(connection) = read() else {
            unread += 1; // not opened at all: found
            continue;
        };
        let examined = examine(&connection, &mut |_| {});
        let damaged = examined.as_ref().map_or(true, |examined| examined.damaged > 0);
        let same = evidence(&connection).is_ok_and(|now| now == whole);
        changed += usize::from(!same);
        found += usize::from(damaged);
        assert!(
            same || damaged,
            "byte {} bit {} of the evidence changed, and nobody noticed",
            bit / 8,
            bit % 8
        );
    }
    println!(
        "{FLIPS} bits: {changed} changed evidence, {found} found, {unread} left a file that is no journal"
    );
    assert!(changed > FLIPS / 4 && found >= changed, "{changed} changed, {found} found");
}
