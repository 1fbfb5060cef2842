//! A journal made anew from what of a damaged one is good.
//!
//! ```text
//! journal.sqlite        damaged ──rows that are whole──► journal.sqlite.new ──complete──► journal.sqlite.rebuilt
//! quarantine/journal-N.sqlite   the damaged file, kept for whoever wants to look          │ swap, also after a crash
//!                                                                             journal.sqlite ◄┘
//! ```
//! A row counts as whole if its checksum says so; a link or receipt whose checksum does not, but whose signature the node believes, is
//! kept with the best date that is left. Whatever else was lost peers hold: the node that starts on the new journal
//! ([`REBUILT`]) fetches it again, and opens a new incarnation.

use concerto_message::{Link, MessageId, ParsedLink, ParsedReceipt, Receipt, Verified, Writer};
use concerto_port::{ContentStatus, JournalError, JournalRead, Write};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{failed, file_failed};
use crate::read::{self, get};
use crate::store::{SqliteJournal, connect, create, folder, format_found, lease, make_folder};
use crate::verify::highest_row;
use crate::write;

/// Name of the journal's value that tells that it was made anew and what it lacks is to be fetched.
pub const REBUILT: &str = "rebuilt";
/// The folder of damaged journals, beside the journal.
const QUARANTINE: &str = "quarantine";
/// Most damaged journals kept.
const ASIDE_MAX: usize = 1000;
/// Rows written in one transaction.
const ROWS_AT_ONCE: u64 = 512;
/// Values taken over from the old journal.
const VALUES: [&str; 3] = ["incarnation", "clock.doubt", "clock.last"];

/// What the node knows that a store does not.
pub struct Judge<'a> {
    /// The writer whose node this is.
    pub own: &'a Writer,
    /// Whether a link or receipt is signed by a key that its trust chain gives to its author; bundles are in the new journal.
    pub believes: &'a dyn Fn(&str, &dyn JournalRead) -> bool,
    /// How the node stands to a content.
    pub content: &'a dyn Fn(&Link) -> ContentStatus,
}

/// What was saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Links in the new journal.
    pub links: u64,
    /// Rows of links that were not whole.
    pub links_lost: u64,
    /// Receipts in the new journal.
    pub receipts: u64,
    /// Rows of receipts that were not whole.
    pub receipts_lost: u64,
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Puts a complete new journal in the place of the old one; nothing to do where there is none. The lease must be held.
pub(crate) fn finish(path: &Path) -> Result<(), JournalError> {
    let rebuilt = beside(path, ".rebuilt");
    if !rebuilt.exists() {
        return Ok(());
    }
    swap(path, &rebuilt).map_err(file_failed)
}

fn swap(path: &Path, rebuilt: &Path) -> io::Result<()> {
    let aside = folder(path).join(QUARANTINE);
    make_folder(&aside)?;
    let name = |n: usize, ending: &str| aside.join(format!("journal-{n}.sqlite{ending}"));
    let free = (1..=ASIDE_MAX).find(|n| !name(*n, "").exists() && !name(*n, "-wal").exists());
    let free = free.ok_or_else(|| io::Error::other("too many damaged journals are kept"))?;
    // the log goes first: it must not be taken for that of the new file
    let log = beside(path, "-wal");
    if log.exists() {
        fs::rename(&log, name(free, "-wal"))?;
    }
    remove(&beside(path, "-shm"))?;
    if path.exists() {
        fs::hard_link(path, name(free, "")).or_else(|_| fs::copy(path, name(free, "")).map(|_| ()))?;
    }
    File::open(&aside)?.sync_all()?;
    fs::rename(rebuilt, path)?;
    File::open(folder(path))?.sync_all()
}

/// Makes the journal anew. It must not be open anywhere; afterwards it can be opened as any other.
///
/// # Errors
/// [`JournalError::Held`] when it is open for writing, and what the medium reports. The old journal is then as it was.
pub fn rebuild(path: impl AsRef<Path>, judge: &Judge<'_>) -> Result<Salvaged, JournalError> {
    let path = path.as_ref();
    let held = lease(path)?;
    finish(path)?; // an earlier rebuilding that was cut off
    let new = beside(path, ".new");
    for leftover in ["", "-wal", "-shm", ".lock"] {
        remove(&beside(&new, leftover)).map_err(file_failed)?;
    }
    create(&new).map_err(file_failed)?;
    let salvaged = {
        let into = SqliteJournal::open(&new)?;
        let salvaged = match open_damaged(path) {
            Ok(from) => {
                Salvage { from, into: &into, judge, dates: BTreeMap::new(), done: Salvaged::default() }
                    .all()?
            }
            Err(error) => {
                tracing::error!(%error, "nothing of the damaged journal can be read");
                Salvaged::default()
            }
        };
        // also when nothing could be saved: the node must look for everything, and not go on as if it held its latest head
        write::apply(into.connection(), &Write::Meta { name: REBUILT, value: vec![1] })?;
        into.seal()?;
        salvaged
    };
    for leftover in ["-wal", "-shm", ".lock"] {
        remove(&beside(&new, leftover)).map_err(file_failed)?;
    }
    File::open(&new).and_then(|file| file.sync_all()).map_err(file_failed)?;
    fs::rename(&new, beside(path, ".rebuilt")).map_err(file_failed)?;
    File::open(folder(path)).and_then(|f| f.sync_all()).map_err(file_failed)?;
    finish(path)?;
    drop(held);
    Ok(salvaged)
}

fn open_damaged(path: &Path) -> Result<Connection, JournalError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    format_found(&connection)?;
    Ok(connection)
}

/// What is damaged is left out; whatever else fails ends the work.
fn whole<T>(result: Result<Option<T>, JournalError>) -> Result<Option<T>, JournalError> {
    match result {
        Err(JournalError::Corrupt(why)) => {
            tracing::warn!(why, "left out");
            Ok(None)
        }
        other => other,
    }
}

struct Salvage<'a> {
    from: Connection,
    into: &'a SqliteJournal,
    judge: &'a Judge<'a>,
    // when this node receipted the messages of others
    dates: BTreeMap<MessageId, Timestamp>,
    done: Salvaged,
}

impl Salvage<'_> {
    fn all(mut self) -> Result<Salvaged, JournalError> {
        self.bundles()?;
        self.receipts()?;
        self.links()?;
        self.rest()?;
        Ok(self.done)
    }

    fn last_row(&self, table: &str) -> Result<u64, JournalError> {
        Ok(whole(highest_row(&self.from, table).map(Some))?.unwrap_or(0))
    }

    /// Calls `each` for every row number of a table, in transactions of some hundreds.
    fn rows(
        &mut self,
        table: &str,
        mut each: impl FnMut(&mut Self, i64) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let last = self.last_row(table)?;
        self.into.transaction("BEGIN IMMEDIATE")?;
        for row in 1..=last {
            each(self, read::bounded(row))?;
            if row % ROWS_AT_ONCE == 0 {
                self.into.transaction("COMMIT")?;
                self.into.transaction("BEGIN IMMEDIATE")?;
            }
        }
        self.into.transaction("COMMIT")
    }

    fn bundles(&mut self) -> Result<(), JournalError> {
        self.rows("bundle", |this, row| {
            let Some(bytes) = whole(read::bundle_at(&this.from, row))? else { return Ok(()) };
            let digest = concerto_message::Digest::of(&bytes);
            write::apply(this.into.connection(), &Write::Bundle { digest, bytes })
        })
    }

    fn receipts(&mut self) -> Result<(), JournalError> {
        self.rows("receipt", |this, row| {
            let sql = "SELECT row, digest, received_at, checksum, text FROM receipt WHERE row = ?1";
            let good = read::first(&this.from, sql, [row], |row| {
                let receipt = read::stored_receipt(row)?;
                Ok((receipt, read::instant(row, 2)?))
            });
            let found = match whole(good)? {
                Some(found) => Some(found),
                None => this.believed_receipt(row)?,
            };
            let Some((receipt, at)) = found else {
                this.done.receipts_lost += 1;
                return Ok(());
            };
            let payload = receipt.payload();
            if payload.issuer == *this.judge.own {
                let received_at = payload.received_at;
                this.dates.extend(payload.messages.iter().map(|covered| (covered.id, received_at)));
            }
            this.done.receipts += 1;
            write::apply(this.into.connection(), &Write::Receipt { receipt, at })
        })
    }

    /// A receipt whose row is not whole but whose text is.
    fn believed_receipt(&self, row: i64) -> Result<Option<(Verified<Receipt>, Timestamp)>, JournalError> {
        let Some(text) = self.text("receipt", row)?.filter(|text| (self.judge.believes)(text, self.into))
        else {
            return Ok(None);
        };
        let Ok(parsed) = ParsedReceipt::parse(&text) else { return Ok(None) };
        let receipt = parsed.from_own_journal();
        let at = receipt.payload().received_at;
        Ok(Some((receipt, at)))
    }

    fn text(&self, table: &str, row: i64) -> Result<Option<String>, JournalError> {
        let sql = format!("SELECT text FROM {table} WHERE row = ?1");
        whole(read::first(&self.from, &sql, [row], |row| get::<String>(row, 0)))
    }

    fn links(&mut self) -> Result<(), JournalError> {
        self.rows("link", |this, row| {
            let sql = format!("SELECT {} WHERE l.row = ?1", read::LINK_COLUMNS);
            let good = read::first(&this.from, &sql, [row], read::stored_link);
            let write = match whole(good)? {
                Some(stored) => Some(Write::Link {
                    link: stored.link,
                    received_at: stored.received_at,
                    own: stored.own,
                    content: stored.content,
                }),
                None => this.believed_link(row)?,
            };
            match write {
                Some(write) => {
                    this.done.links += 1;
                    write::apply(this.into.connection(), &write)
                }
                None => {
                    this.done.links_lost += 1;
                    Ok(())
                }
            }
        })
    }

    /// A link whose row is not whole but whose text is. The date of another's link is that of our receipt; without it the link is better
    /// fetched again than dated wrongly.
    fn believed_link(&self, row: i64) -> Result<Option<Write>, JournalError> {
        let Some(text) = self.text("link", row)?.filter(|text| (self.judge.believes)(text, self.into)) else {
            return Ok(None);
        };
        let Ok(parsed) = ParsedLink::parse(&text) else { return Ok(None) };
        let link = parsed.from_own_journal();
        let own = link.payload().writer == *self.judge.own;
        let date = if own { Some(link.payload().issued_at) } else { self.dates.get(&link.id()).copied() };
        let content = (self.judge.content)(&link);
        Ok(date.map(|received_at| Write::Link { link, received_at, own, content }))
    }

    /// What is no text of anybody: as much of it as is whole and fits the texts.
    fn rest(&mut self) -> Result<(), JournalError> {
        let mut writes = Vec::new();
        let waiting = whole(read::outbox(&self.from, None, 0, usize::MAX).map(Some))?.unwrap_or_default();
        for row in waiting {
            if self.into.has_link(row.message)? {
                writes.push(Write::Enqueue { peer: row.peer, message: row.message, at: row.since });
            }
        }
        let alarms = whole(read::alarms(&self.from, None, usize::MAX).map(Some))?.unwrap_or_default();
        writes.extend(alarms.into_iter().map(Write::Alarm));
        for name in VALUES {
            if let Some(value) = whole(read::meta(&self.from, name))? {
                writes.push(Write::Meta { name, value });
            }
        }
        let number = "SELECT number FROM fence";
        let fence = whole(read::first(&self.from, number, [], |row| read::number(row, 0)))?.unwrap_or(0);
        self.into.transaction("BEGIN IMMEDIATE")?;
        for change in &writes {
            write::apply(self.into.connection(), change)?;
        }
        let raised = "UPDATE fence SET number = max(number, ?1)";
        self.into.connection().execute(raised, [read::bounded(fence)]).map_err(failed)?;
        self.into.transaction("COMMIT")
    }
}

#[cfg(test)]
#[path = "salvage_tests.rs"]
mod tests;
