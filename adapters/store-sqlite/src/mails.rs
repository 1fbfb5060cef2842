//! The mails of a certified mailbox, in a SQLite file of their own beside the journal (ARCHITECTURE.md, "Certified mail").
//!
//! Each call is one transaction, durable when it returns (`synchronous=FULL`), but for the judgement of a mail, which can be made again. What may
//! not be lost or happen twice is in its order: a mail is kept before it leaves, an attempt noted before it is made, a mail that came in kept
//! together with the cursor of its source. Commands of officials write beside the running node; who reads the mailbox and sends for it
//! holds the [`MailboxLease`], and is one.

mod received;
mod sent;

use concerto_message::Digest;
use concerto_port::JournalError;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};
use rusqlite_migration::M;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use crate::error::{failed, file_failed};
use crate::read::{bounded, first, number};
use crate::store::{connect, create, format_of, lease, make_folder, migrate, use_log};

pub use received::{Arrival, Judged, Kind, ReceivedMail, Status};
pub use sent::{Attempt, Closed, NewMail, SentMail};

const MIGRATIONS: &[M<'static>] = &[M::up(include_str!("migrations/mails-001.sql"))];
const FORMAT: u32 = MIGRATIONS.len() as u32;
/// `application_id` of the file: "CNCM".
const APPLICATION_ID: i64 = 0x434e_434d;
/// How long a change waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The right to read the mailbox and to send for it; given back when it is dropped, or the process ends.
#[derive(Debug)]
pub struct MailboxLease(#[expect(dead_code, reason = "its lock is what counts")] File);

impl MailboxLease {
    /// Takes it.
    ///
    /// # Errors
    /// [`JournalError::Held`] while another process has it.
    pub fn take(path: &Path) -> Result<Self, JournalError> {
        lease(path).map(Self)
    }
}

/// The mails of one mailbox.
#[derive(Debug)]
pub struct MailStore {
    connection: Connection,
}

impl MailStore {
    /// Opens the file; makes it where there is none.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        make_folder(crate::store::folder(path)).map_err(file_failed)?;
        create(path).map_err(file_failed)?;
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
        let found = format_of(&connection, APPLICATION_ID, FORMAT, "store of mails")?;
        use_log(&connection)?;
        if found < FORMAT {
            migrate(&mut connection, MIGRATIONS)?;
        }
        Ok(Self { connection })
    }

    /// A named number; none before it was noted.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn noted(&self, name: &str) -> Result<Option<u64>, JournalError> {
        first(&self.connection, "SELECT value FROM note WHERE name = ?1", [name], |row| number(row, 0))
    }

    /// Notes a named number; one noted before stays if `once`.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn note(&mut self, name: &str, value: u64, once: bool) -> Result<(), JournalError> {
        self.change(|tx| note(tx, name, value, once))
    }

    fn change<T>(
        &mut self,
        make: impl FnOnce(&Transaction<'_>) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior).map_err(failed)?;
        let made = make(&transaction)?; // dropped without commit, it is rolled back
        transaction.commit().map_err(failed)?;
        Ok(made)
    }
}

fn note(tx: &Transaction<'_>, name: &str, value: u64, once: bool) -> Result<(), JournalError> {
    let sql = if once {
        "INSERT INTO note (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
    } else {
        "INSERT INTO note (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value"
    };
    execute(tx, sql, params![name, bounded(value)]).map(|_| ())
}

fn execute(tx: &Transaction<'_>, sql: &str, params: impl rusqlite::Params) -> Result<usize, JournalError> {
    tx.prepare_cached(sql).and_then(|mut statement| statement.execute(params)).map_err(failed)
}

/// A digest that may be absent.
fn digest_or_none(row: &rusqlite::Row<'_>, column: usize) -> Result<Option<Digest>, JournalError> {
    let found: Option<[u8; 32]> = row.get(column).map_err(failed)?;
    Ok(found.map(Digest))
}

#[cfg(test)]
#[path = "mails/mails_tests.rs"]
mod tests;
