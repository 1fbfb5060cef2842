//! Measures what this machine's disk allows: commits and links a second, by how many links are committed together.
//!
//! `cargo run --release --package concerto-store-sqlite --example commits [FOLDER]`; without a folder a temporary one is used,
//! which says nothing if it lies in memory. Each commit is synced, as in a node.

use concerto_message::{Link, Verified};
use concerto_port::Journal;
use concerto_port::contract::samples;
use concerto_store_sqlite::SqliteJournal;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

/// Links written for each size of group.
const LINKS: u64 = 1024;
/// How many links are committed together.
const GROUPS: [usize; 3] = [1, 8, 64];

fn main() -> Result<(), Box<dyn Error>> {
    let scratch = tempfile::Builder::new()
        .prefix("concerto-commits-")
        .tempdir_in(std::env::args_os().nth(1).unwrap_or_else(|| std::env::temp_dir().into_os_string()))?;
    println!("{:>6} {:>12} {:>12} {:>14}", "group", "commits/s", "links/s", "µs per commit");
    for (number, group) in (1_u8..).zip(GROUPS) {
        let links = samples::chain(number, LINKS);
        let path = scratch.path().join(format!("{group}.sqlite"));
        let (commits, seconds) = measure(&path, &links, group)?;
        println!(
            "{group:>6} {:>12.0} {:>12.0} {:>14.0}",
            commits / seconds,
            links.len() as f64 / seconds,
            1e6 * seconds / commits
        );
    }
    Ok(())
}

/// Commits the links in groups into a new journal; gives the number of commits and the seconds they took.
fn measure(path: &Path, links: &[Verified<Link>], group: usize) -> Result<(f64, f64), Box<dyn Error>> {
    let mut journal = SqliteJournal::open(path)?;
    let changes: Vec<_> = links.iter().map(samples::keep).collect();
    let start = Instant::now();
    let mut commits = 0.0;
    for together in changes.chunks(group) {
        journal.begin()?;
        for change in together {
            journal.write(change)?;
        }
        journal.commit()?;
        commits += 1.0;
    }
    Ok((commits, start.elapsed().as_secs_f64()))
}
