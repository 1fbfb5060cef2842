//! A writer that is killed, not ended: the test starts itself as the writer, kills it, and opens the store.
//!
//! Properties: every link that the writer reported as committed is there; links come as whole transactions; the store opens at once,
//! without a manual step. It would catch a journal that answers before it is durable to the process, and half a transaction.

use concerto_port::contract::samples::{chain, conference, keep};
use concerto_port::{Journal, JournalRead};
use concerto_store_sqlite::{SqliteJournal, SqliteReader};
use std::error::Error;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};

/// The variable that makes this program the writer, and names its store.
const STORE: &str = "CONCERTO_TEST_STORE";
/// Links in each transaction of the writer.
const TOGETHER: usize = 5;

/// The writer: commits groups of links and prints how many are committed, until it is killed.
fn write_until_killed(path: &str) -> Result<(), Box<dyn Error>> {
    let mut journal = SqliteJournal::open(path)?;
    let links = chain(1, 2_000);
    let mut out = std::io::stdout();
    for (number, together) in links.chunks(TOGETHER).enumerate() {
        journal.begin()?;
        for link in together {
            journal.write(&keep(link))?;
        }
        journal.commit()?;
        writeln!(out, "committed {}", (number + 1) * TOGETHER)?;
        out.flush()?;
    }
    Ok(())
}

#[test]
fn a_killed_writer_loses_nothing_that_it_reported() {
    if let Ok(path) = std::env::var(STORE) {
        return write_until_killed(&path).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    for round in 0..8_usize {
        let path = folder.path().join(format!("{round}.sqlite"));
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_killed_writer_loses_nothing_that_it_reported", "--nocapture"])
            .env(STORE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let mut reports = lines
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("committed ").map(|count| count.parse::<usize>().unwrap()));
        let mut reported = reports.by_ref().nth(round * 3).unwrap();
        writer.kill().unwrap();
        reported = reports.last().unwrap_or(reported);
        assert!(!writer.wait().unwrap().success(), "it was killed while it wrote");

        let found = SqliteReader::open(&path).unwrap().links(&conference(1), 0, usize::MAX).unwrap().len();
        assert!(found >= reported, "{reported} links were reported, {found} found");
        assert_eq!(found % TOGETHER, 0, "no half transaction");
        let mut journal = SqliteJournal::open(&path).unwrap();
        assert_eq!(journal.verify_integrity().unwrap().links, found as u64);
        let next = chain(1, found as u64 + 1).pop().unwrap();
        journal.begin().unwrap();
        journal.write(&keep(&next)).unwrap();
        journal.commit().unwrap();
        assert_eq!(journal.link(next.id()).unwrap().unwrap().row, found as u64 + 1);
    }
}
