//! Power cuts: what a disk may hold after one, opened again.
//!
//! ```text
//! journal.sqlite      pages written by a checkpoint that was not synced yet: each old or new
//! journal.sqlite-wal  | synced with the last commit |  the next commit: a part of it, sectors missing, zeros or garbage
//!                                                   ▲ the cut
//! ```
//! A commit returns after its log was synced, so everything before the last commit that returned must be there, whatever became of the
//! rest; the commit under way is there whole or not at all. Real files of a real journal are cut, torn and opened by a new one.
//! It would catch `synchronous=NORMAL`, a log that is reset before the file is synced, and a transaction that is seen in half.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests stop at the first surprise"
)]

use concerto_message::{MessageId, ReceiptKind};
use concerto_port::contract::samples::{chain, instant, keep, receipt};
use concerto_port::{Journal, JournalRead, Write};
use concerto_store_sqlite::SqliteJournal;
use std::path::{Path, PathBuf};

/// Links written in one case; every commit keeps one with its receipt.
const COMMITS: usize = 24;
/// Unit in which a disk writes whole.
const SECTOR: usize = 512;
/// Page of the journal's file.
const PAGE: usize = 4096;

fn cuts() -> u64 {
    if std::env::var("CONCERTO_EFFORT").is_ok_and(|effort| effort == "full") { 2000 } else { 80 }
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % most.max(1) as u64) as usize
    }
}

/// The files at the moment when a commit had returned.
#[derive(Clone)]
struct Moment {
    file: Vec<u8>,
    log: Vec<u8>,
    // links that are receipted by now
    receipted: Vec<MessageId>,
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_default()
}

fn log_of(path: &Path) -> PathBuf {
    path.with_extension("sqlite-wal")
}

/// Writes a course and keeps the files after each commit and each checkpoint.
fn course(folder: &Path, checkpoint_every: usize) -> Vec<Moment> {
    let path = folder.join("journal.sqlite");
    let mut journal = SqliteJournal::open(&path).unwrap();
    let mut checkpointer = journal.checkpointer().unwrap();
    let mut moments = Vec::new();
    let mut receipted = Vec::new();
    for (number, link) in chain(1, COMMITS as u64).iter().enumerate() {
        journal.begin().unwrap();
        journal.write(&keep(link)).unwrap();
        let given = receipt(2, ReceiptKind::Accepted, &[link]);
        journal.write(&Write::Receipt { receipt: given, at: instant(1) }).unwrap();
        journal.commit().unwrap();
        receipted.push(link.id());
        moments.push(Moment { file: read(&path), log: read(&log_of(&path)), receipted: receipted.clone() });
        if number % checkpoint_every == checkpoint_every - 1 {
            checkpointer.checkpoint().unwrap();
        }
    }
    moments
}

/// A file of which some pages are those of before and some those of after: a checkpoint whose sync did not happen.
fn torn_file(before: &[u8], after: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut torn = before.to_vec();
    torn.resize(before.len().max(after.len()), 0);
    for (page, bytes) in after.chunks(SECTOR).enumerate() {
        if chance.below(2) == 0 {
            torn[page * SECTOR..][..bytes.len()].copy_from_slice(bytes);
        }
    }
    torn.truncate(if chance.below(2) == 0 { torn.len() } else { before.len().max(PAGE) });
    torn
}

/// The log that was synced, and what may stand behind it.
fn torn_log(synced: &[u8], after: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut log = synced.to_vec();
    if !after.starts_with(synced) {
        return log; // the log began anew in between: another cut has it
    }
    let tail = &after[synced.len()..];
    let cut = chance.below(tail.len() + 1);
    match chance.below(4) {
        0 => log.extend_from_slice(&tail[..cut]),
        1 => {
            log.extend_from_slice(&tail[..cut]);
            log.resize(after.len(), 0);
        }
        2 => {
            log.extend_from_slice(&tail[..cut]);
            let garbage = (0..tail.len() - cut).map(|_| chance.below(256) as u8).collect::<Vec<_>>();
            log.extend(garbage);
        }
        _ => {
            let mut torn = vec![0; tail.len()];
            for (sector, bytes) in tail.chunks(SECTOR).enumerate() {
                if chance.below(2) == 0 {
                    torn[sector * SECTOR..][..bytes.len()].copy_from_slice(bytes);
                }
            }
            log.extend(torn);
        }
    }
    log
}

#[test]
fn no_receipted_message_is_lost_by_a_power_cut() {
    let (mut whole, mut halves) = (0_u64, 0_u64);
    let courses: Vec<Vec<Moment>> =
        [3, 7, COMMITS + 1].map(|every| course(tempfile::tempdir().unwrap().path(), every)).into();
    for number in 0..cuts() {
        let mut chance = Chance(number);
        let course = &courses[chance.below(courses.len())];
        let at = chance.below(course.len() - 1);
        let (now, next) = (&course[at], &course[at + 1]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.sqlite");
        // a checkpoint under way writes into the file what the synced log holds: until its sync the log stays
        let file =
            if now.log.is_empty() { now.file.clone() } else { torn_file(&now.file, &next.file, &mut chance) };
        std::fs::write(&path, file).unwrap();
        std::fs::write(log_of(&path), torn_log(&now.log, &next.log, &mut chance)).unwrap();
        let journal = SqliteJournal::open(&path).unwrap_or_else(|e| panic!("cut {number}: {e}"));
        let found = journal.verify_integrity().unwrap_or_else(|e| panic!("cut {number}: {e}"));
        for id in &now.receipted {
            assert!(journal.has_link(*id).unwrap(), "cut {number}: a receipted message is lost");
            assert_eq!(journal.receipts(*id).unwrap().len(), 1, "cut {number}: and its receipt");
        }
        let more = found.links as usize - now.receipted.len();
        assert!(more <= 1 && found.receipts == found.links, "cut {number}: half a transaction");
        if more == 1 { whole += 1 } else { halves += 1 }
    }
    println!(
        "{} power cuts: the commit under way was there {whole} times, gone {halves} times; nothing receipted was lost",
        cuts()
    );
}
