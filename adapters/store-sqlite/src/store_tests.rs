//! Tests of the store: the contract of every journal, then what a file adds: permissions, the lease, formats, damage, a full disk.

use super::*;
use concerto_message::ReceiptKind;
use concerto_port::ContentStatus;
use concerto_port::contract::samples::{self, chain, conference, instant, keep, message, receipt, writer};
use concerto_port::contract::{JournalSubject, journal_contract};
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

struct Subject {
    folder: TempDir,
    made: usize,
}

impl JournalSubject for Subject {
    type Journal = SqliteJournal;
    fn fresh(&mut self) -> SqliteJournal {
        self.made += 1;
        SqliteJournal::open(self.folder.path().join(format!("{}.sqlite", self.made))).unwrap()
    }
    fn reopen(&mut self, journal: SqliteJournal) -> SqliteJournal {
        let path = journal.path().to_owned();
        drop(journal);
        SqliteJournal::open(path).unwrap()
    }
}

#[test]
fn the_sqlite_journal_keeps_the_contract() {
    journal_contract(&mut Subject { folder: tempfile::tempdir().unwrap(), made: 0 });
}

/// A store with three links of one chain, a receipt over them, a bundle, an alarm and an outbox row.
fn filled() -> (TempDir, PathBuf, SqliteJournal) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node/journal.sqlite");
    let mut journal = SqliteJournal::open(&path).unwrap();
    let links = chain(1, 3);
    let all: Vec<_> = links.iter().collect();
    let bundle = b"a trust bundle".to_vec();
    let mut changes: Vec<Write> = links.iter().map(keep).collect();
    changes.extend([
        Write::Receipt { receipt: receipt(2, ReceiptKind::Accepted, &all), at: instant(1) },
        Write::Bundle { digest: Digest::of(&bundle), bytes: bundle },
        Write::Enqueue { peer: writer(2), message: links[0].id(), at: instant(1) },
        Write::Alarm(Alarm {
            conference: None,
            code: "disk.low".into(),
            subject: "journal".into(),
            at: instant(1),
            text: "free some space".into(),
        }),
    ]);
    commit(&mut journal, &changes);
    (folder, path, journal)
}

fn commit(journal: &mut SqliteJournal, changes: &[Write]) {
    journal.begin().unwrap();
    for change in changes {
        journal.write(change).unwrap();
    }
    journal.commit().unwrap();
}

/// Moves everything into the one file, closes it, and gives its bytes.
fn closed(path: &Path, journal: SqliteJournal) -> Vec<u8> {
    journal.checkpointer().unwrap().checkpoint().unwrap();
    drop(journal);
    std::fs::read(path).unwrap()
}

#[test]
fn only_the_owner_may_read_the_files() {
    let (folder, path, _journal) = filled();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("node")), 0o700);
    let mut files: Vec<_> =
        std::fs::read_dir(path.parent().unwrap()).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["journal.sqlite", "journal.sqlite-shm", "journal.sqlite-wal", "journal.sqlite.lock"]);
    assert!(files.iter().all(|file| mode(file) == 0o600), "{files:?}");
}

#[test]
fn the_settings_are_those_that_durability_needs() {
    let (_folder, _path, journal) = filled();
    let number =
        |name: &str| journal.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(number("synchronous"), 2, "FULL");
    assert_eq!(number("foreign_keys"), 1);
    assert_eq!(number("trusted_schema"), 0);
    assert_eq!(number("cell_size_check"), 1);
    assert_eq!(number("recursive_triggers"), 1, "or REPLACE would delete without a trigger");
    let tables = "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 \
                  AND name NOT LIKE 'sqlite_%'";
    assert_eq!(
        journal.connection.query_row(tables, [], |row| row.get::<_, i64>(0)).unwrap(),
        0,
        "STRICT tables"
    );
}

/// Would catch an append-only table without its triggers, and `REPLACE`, which deletes in silence.
#[test]
fn what_is_kept_cannot_be_changed_or_deleted() {
    let (_folder, _path, journal) = filled();
    let before = journal.verify_integrity().unwrap();
    let tables = [
        "link",
        "receipt",
        "receipt_message",
        "bundle",
        "alarm",
        "writer",
        "conference",
        "appearance",
        "content",
    ];
    for table in tables {
        let sql = format!("SELECT name FROM pragma_table_info('{table}') LIMIT 1");
        let column: String = journal.connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        let mut attempts =
            vec![format!("DELETE FROM {table}"), format!("REPLACE INTO {table} SELECT * FROM {table}")];
        if table != "content" {
            attempts.push(format!("UPDATE {table} SET {column} = {column}"));
        }
        for sql in attempts {
            let refused = journal.connection.execute(&sql, []).expect_err(&sql).to_string();
            assert!(
                refused.contains("append-only") || refused.contains("keeps its status"),
                "{sql}: {refused}"
            );
        }
    }
    assert_eq!(journal.verify_integrity().unwrap(), before);
}

#[test]
fn a_second_writer_is_refused_until_the_first_ends() {
    let (_folder, path, first) = filled();
    assert_eq!(first.fence(), 1);
    let refused = SqliteJournal::open(&path).unwrap_err();
    // named with its process, for whoever must find it
    let named = format!("{} (process {})", path.display(), std::process::id());
    assert!(matches!(&refused, JournalError::Held(at) if *at == named), "{refused}");
    drop(first);
    assert_eq!(SqliteJournal::open(&path).unwrap().fence(), 2);
}

/// Two writers that the lease cannot keep apart, as on a file system without locks: the older one writes nothing more.
#[test]
fn an_overtaken_writer_writes_nothing_more() {
    let (_folder, path, mut older) = filled();
    std::fs::remove_file(path.with_extension("sqlite.lock")).unwrap();
    let mut newer = SqliteJournal::open(&path).unwrap();
    assert!(matches!(older.begin(), Err(JournalError::Held(_))));
    assert!(older.write(&Write::Meta { name: "incarnation", value: vec![1] }).is_err());
    commit(&mut newer, &[Write::Meta { name: "incarnation", value: vec![2] }]);
    newer.begin().unwrap();
    assert!(matches!(older.begin(), Err(JournalError::Held(_))), "also while the newer one writes");
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let (_folder, path, journal) = filled();
    journal.connection.pragma_update(None, "user_version", FORMAT + 1).unwrap();
    let before = closed(&path, journal);
    let too_new = |error: JournalError| {
        assert!(
            matches!(error, JournalError::TooNew { found, known: FORMAT } if found == FORMAT + 1),
            "{error}"
        );
    };
    too_new(SqliteJournal::open(&path).unwrap_err());
    too_new(SqliteReader::open(&path).unwrap_err());
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_of_something_else_is_not_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("foreign.sqlite");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(matches!(SqliteJournal::open(&foreign), Err(JournalError::Corrupt(_))));
    let text = folder.path().join("text.sqlite");
    std::fs::write(&text, "not a database, ".repeat(100)).unwrap();
    assert!(matches!(SqliteJournal::open(&text), Err(JournalError::Corrupt(_))));
    assert!(matches!(SqliteReader::open(&text), Err(JournalError::Corrupt(_))));
    assert!(matches!(SqliteReader::open(folder.path().join("none.sqlite")), Err(JournalError::Medium(_))));
}

/// Flips one bit in each stored text, digest and bundle, one at a time: every flip is found, the signature's bits included.
#[test]
fn every_flipped_bit_of_what_is_kept_is_found() {
    let (_folder, path, journal) = filled();
    let intact = journal.verify_integrity().unwrap();
    assert_eq!(intact, Integrity { links: 3, receipts: 1, bundles: 1 });
    let texts: Vec<Vec<u8>> = chain(1, 3)
        .iter()
        .map(|link| link.text().as_bytes().to_vec())
        .chain([chain(1, 1)[0].id().0.0.to_vec(), b"a trust bundle".to_vec()])
        .collect();
    let bytes = closed(&path, journal);
    for text in texts {
        // the part that stands on one page (links are longer than what a page keeps of them)
        let part = &text[..text.len().min(32)];
        for start in places(&bytes, part).into_iter().take(4) {
            for offset in [0, part.len() / 2, part.len() - 1] {
                let mut damaged = bytes.clone();
                damaged[start + offset] ^= 0x04;
                std::fs::write(&path, &damaged).unwrap();
                let found = SqliteReader::open(&path).and_then(|reader| reader.verify_integrity());
                assert!(matches!(found, Err(JournalError::Corrupt(_))), "{start}+{offset}: {found:?}");
            }
        }
    }
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(SqliteReader::open(&path).unwrap().verify_integrity().unwrap(), intact);
}

fn places(bytes: &[u8], part: &[u8]) -> Vec<usize> {
    let found: Vec<_> =
        bytes.windows(part.len()).enumerate().filter(|(_, w)| *w == part).map(|(at, _)| at).collect();
    assert!(!found.is_empty());
    found
}

/// A signature is not part of a link's identifier; only the checksum of the row tells that it changed.
#[test]
fn a_changed_signature_is_damage_on_every_reading() {
    let (_folder, path, journal) = filled();
    let link = &chain(1, 1)[0];
    let (id, text) = (link.id(), link.text().to_owned());
    let mut bytes = closed(&path, journal);
    let signed_ends = text.rsplit_once('.').unwrap().0.len();
    let tail = &text.as_bytes()[signed_ends - 40..signed_ends + 8];
    let at = places(&bytes, tail)[0] + 44;
    bytes[at] = b'B';
    std::fs::write(&path, &bytes).unwrap();
    let reader = SqliteReader::open(&path).unwrap();
    for answer in [
        reader.link(id).map(drop),
        reader.link_text(id).map(drop),
        reader.links(&conference(1), 0, 9).map(drop),
    ] {
        assert!(matches!(answer, Err(JournalError::Corrupt(_))), "{answer:?}");
    }
    assert!(reader.link(chain(1, 2)[1].id()).unwrap().is_some(), "the others can still be read");
}

#[test]
fn a_truncated_file_is_damage() {
    let (_folder, path, journal) = filled();
    let bytes = closed(&path, journal);
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let found = SqliteJournal::open(&path).and_then(|journal| journal.verify_integrity());
    assert!(matches!(found, Err(JournalError::Corrupt(_))), "{found:?}");
}

#[test]
fn a_full_disk_changes_nothing_and_passes() {
    let (_folder, _path, mut journal) = filled();
    let pages: i64 = journal.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    let limit = |journal: &SqliteJournal, pages: i64| {
        journal.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    };
    limit(&journal, pages + 4);
    let links = chain(2, 60);
    journal.begin().unwrap();
    let refused = links.iter().map(keep).find_map(|change| journal.write(&change).err()).unwrap();
    assert!(matches!(refused, JournalError::Full), "{refused}");
    assert!(journal.write(&keep(&links[0])).is_err(), "a failed transaction takes nothing more");
    assert!(journal.commit().is_err());
    assert!(journal.links(&conference(2), 0, 9).unwrap().is_empty());
    assert_eq!(journal.links(&conference(1), 0, 9).unwrap().len(), 3, "reading goes on");
    limit(&journal, i64::from(u32::MAX) - 1);
    commit(&mut journal, &links.iter().map(keep).collect::<Vec<_>>());
    assert_eq!(journal.links(&conference(2), 0, 99).unwrap().len(), 60);
}

#[test]
fn a_reader_sees_what_is_committed_and_cannot_write() {
    let (_folder, path, mut journal) = filled();
    let reader = SqliteReader::open(&path).unwrap();
    let link = samples::link(2, 1, None);
    journal.begin().unwrap();
    journal.write(&keep(&link)).unwrap();
    assert!(!reader.has_link(link.id()).unwrap(), "not committed yet");
    journal.commit().unwrap();
    assert_eq!(reader.link(link.id()).unwrap().unwrap().content, ContentStatus::Valid);
    assert!(reader.connection.execute("INSERT INTO meta (name, value) VALUES ('a', x'00')", []).is_err());
    assert!(reader.connection.execute("DELETE FROM outbox", []).is_err());
    drop(journal);
    assert!(reader.has_link(link.id()).unwrap(), "the reader outlives the writer");
    let alone = SqliteReader::open(&path).unwrap();
    assert_eq!(alone.outbox(None, 0, 9).unwrap().len(), 1, "and opens without one");
}

#[test]
fn a_checkpoint_moves_the_log_while_writer_and_readers_go_on() {
    let (_folder, path, mut journal) = filled();
    let reader = SqliteReader::open(&path).unwrap();
    let mut checkpointer = journal.checkpointer().unwrap();
    journal.begin().unwrap();
    journal.write(&keep(&samples::link(2, 1, None))).unwrap();
    let during = std::thread::spawn(move || (checkpointer.checkpoint(), checkpointer)).join().unwrap();
    let first = during.0.unwrap();
    assert!(first.pages > 0 && first.moved == first.pages, "{first:?}");
    journal.commit().unwrap();
    let mut checkpointer = during.1;
    let second = checkpointer.checkpoint().unwrap();
    assert!(second.moved == second.pages && second.pages > 0, "{second:?}");
    assert_eq!(reader.conferences(None, 9).unwrap().len(), 2);
    assert!(!journal.has_link(message(1)).unwrap());
}

#[test]
fn an_instant_that_cannot_be_kept_is_refused() {
    let (_folder, _path, mut journal) = filled();
    journal.begin().unwrap();
    let change = Write::Enqueue { peer: writer(2), message: message(1), at: jiff::Timestamp::MAX };
    assert!(matches!(journal.write(&change), Err(JournalError::Medium(_))));
    journal.rollback().unwrap();
}
