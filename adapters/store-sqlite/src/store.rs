//! Opening the store, its one writer, its readers and its checkpoints (ARCHITECTURE.md, "What a node keeps"; sqlite.org/wal.html).

use concerto_message::{ConferenceId, Digest, MessageId, Receipt, Verified, Writer};
use concerto_port::{
    Alarm, Answered, Journal, JournalError, JournalFeed, JournalRead, OutboxRow, StoredLink, StoredReceipt,
    Tips, WantedDocument, Write,
};
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};
use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{corrupt, failed, file_failed, is_busy};
use crate::verify::{Examined, Integrity, examine, verify};
use crate::{feed, read, salvage, write};

const MIGRATIONS: &[M<'static>] =
    &[M::up(include_str!("migrations/001-journal.sql")), M::up(include_str!("migrations/002-answers.sql"))];
/// The format that this version writes: `user_version` of the file.
const FORMAT: u32 = MIGRATIONS.len() as u32;
/// `application_id` of the file: "CNCR".
const APPLICATION_ID: i64 = 0x434e_4352;
/// How long a statement waits for another connection, such as a reader that recovers the log after a crash.
const BUSY_TIMEOUT: Duration = Duration::from_millis(250);
/// Statements kept compiled for each connection: more than the journal has.
const STATEMENTS_CACHED: usize = 64;
/// Pages (of 4 KiB) in the log at which the writer itself checkpoints; a [`Checkpointer`] that is run more often spares it that.
const AUTOCHECKPOINT_PAGES: i64 = 8_000;
/// Size to which the log file is cut back once a checkpoint emptied it, in bytes.
const LOG_BYTES_KEPT: i64 = 16 * 1024 * 1024;

pub(crate) fn connect(path: &Path, access: OpenFlags) -> Result<Connection, JournalError> {
    // never CREATE: the file is made beforehand, with its permissions; never URI: a path is only a path
    let connection =
        Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    let settings = "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; \
                    PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA synchronous = FULL; \
                    PRAGMA temp_store = MEMORY;";
    connection.execute_batch(settings).map_err(failed)?;
    Ok(connection)
}

/// The format of the journal: 0 for a file that holds nothing yet.
pub(crate) fn format_found(connection: &Connection) -> Result<u32, JournalError> {
    format_of(connection, APPLICATION_ID, FORMAT, "journal")
}

/// The format of a file of this program, by its `application_id`: 0 for one that holds nothing yet.
pub(crate) fn format_of(
    connection: &Connection,
    application_id: i64,
    known: u32,
    what: &str,
) -> Result<u32, JournalError> {
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(failed);
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if application != application_id && (application != 0 || version != 0 || tables != 0) {
        return Err(JournalError::Corrupt(format!("the file is not a {what} of this program")));
    }
    let found = u32::try_from(version).map_err(|_| corrupt("the format of the store", version))?;
    if found > known {
        return Err(JournalError::TooNew { found, known });
    }
    Ok(found)
}

/// Makes a folder and those above it that are missing (mode 0700), and makes their names durable.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    make_folder(folder(path))?;
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => File::open(folder(path))?.sync_all(),
    }
}

/// Makes the file, readable by the node's user alone, and makes its name durable.
pub(crate) fn create(path: &Path) -> io::Result<()> {
    // `create_new`: a file that exists is not opened, because closing it would drop the locks of other connections
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => file.sync_all()?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    File::open(folder(path))?.sync_all()
}

pub(crate) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Takes the lease on the store: a lock on `<store>.lock`, which the system gives back when the process ends, however it ends.
pub(crate) fn lease(path: &Path) -> Result<File, JournalError> {
    make_folder(folder(path)).map_err(file_failed)?;
    let mut name = OsString::from(path);
    name.push(".lock");
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(name);
    let file = file.map_err(file_failed)?;
    match file.try_lock() {
        Ok(()) => {
            // only for whoever finds the store in use; the lock is what counts, so nothing stops when this fails
            let _ = file
                .set_len(0)
                .and_then(|()| file.write_all_at(std::process::id().to_string().as_bytes(), 0));
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => Err(JournalError::Held(holder(path, &file))),
        Err(TryLockError::Error(error)) => Err(file_failed(error)),
    }
}

/// The store, and the process that wrote its number into the lock.
fn holder(path: &Path, lock: &File) -> String {
    let mut bytes = [0; 20];
    let read = lock.read_at(&mut bytes, 0).unwrap_or(0);
    let number =
        std::str::from_utf8(bytes.get(..read).unwrap_or_default()).ok().and_then(|s| s.parse::<u32>().ok());
    match number {
        Some(process) => format!("{} (process {process})", path.display()),
        None => path.display().to_string(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Open,
    // a change failed: only a rollback may follow
    Failed,
}

/// The journal, open for writing. There is one at a time for a store, in all processes of a machine.
#[derive(Debug)]
pub struct SqliteJournal {
    // fields are dropped in this order: the lease is given back after the file is closed
    connection: Connection,
    path: PathBuf,
    fence: u64,
    phase: Phase,
    _lease: File,
}

impl SqliteJournal {
    /// Opens the store for writing; makes it (mode 0600, its folder 0700) where there is none, and brings an older format up to date.
    ///
    /// # Errors
    /// [`JournalError::Held`] when it is open for writing elsewhere, [`JournalError::TooNew`] when a newer version wrote it,
    /// [`JournalError::Corrupt`] when the file is not a journal, and what the medium reports.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let path = path.as_ref();
        let lease = lease(path)?;
        salvage::finish(path)?; // a rebuilding that was cut off
        create(path).map_err(file_failed)?;
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let found = format_found(&connection)?;
        use_log(&connection)?;
        if found < FORMAT {
            tracing::info!(found, known = FORMAT, "bringing the journal to the present format");
            migrate(&mut connection, MIGRATIONS)?;
        }
        let sql = "UPDATE fence SET number = number + 1 RETURNING number";
        let fence = read::first(&connection, sql, [], |row| read::number(row, 0))?
            .ok_or_else(|| JournalError::Corrupt("the fencing number is missing".into()))?;
        Ok(Self { connection, path: path.to_owned(), fence, phase: Phase::Idle, _lease: lease })
    }

    /// Where the store is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The fencing number of this opening: greater than that of every opening before it.
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// A connection that moves the log into the file, to be used on another thread.
    ///
    /// # Errors
    /// What the medium reports.
    pub fn checkpointer(&self) -> Result<Checkpointer, JournalError> {
        Ok(Checkpointer { connection: connect(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)? })
    }

    /// Reads the whole store and hashes every link, receipt and bundle again; outside a transaction.
    ///
    /// # Errors
    /// The first thing that is wrong, as [`JournalError::Corrupt`], or what the medium reports.
    pub fn verify_integrity(&self) -> Result<Integrity, JournalError> {
        verify(&self.connection)
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Runs a statement that opens or ends a transaction.
    pub(crate) fn transaction(&self, sql: &str) -> Result<(), JournalError> {
        self.run(sql).map_err(failed)
    }

    /// Moves everything into the one file, durably.
    pub(crate) fn seal(&self) -> Result<(), JournalError> {
        let busy: i64 = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(failed)?;
        if busy == 0 { Ok(()) } else { Err(JournalError::Medium("the log is being read".into())) }
    }

    fn expect_open(&self) -> Result<(), JournalError> {
        match self.phase {
            Phase::Open => Ok(()),
            Phase::Idle => Err(JournalError::Medium("no transaction is open".into())),
            Phase::Failed => {
                Err(JournalError::Medium("the transaction failed and must be rolled back".into()))
            }
        }
    }

    fn held(&self) -> JournalError {
        JournalError::Held(self.path.display().to_string())
    }

    fn run(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(|_| ())
    }

    /// Whether this is still the last opening of the store; the lease alone cannot tell on every file system.
    fn expect_own_fence(&self) -> Result<(), JournalError> {
        let number: Option<u64> =
            read::first(&self.connection, "SELECT number FROM fence", [], |row| read::number(row, 0))?;
        if number == Some(self.fence) { Ok(()) } else { Err(self.held()) }
    }
}

/// Has a write-ahead log used, of bounded size.
pub(crate) fn use_log(connection: &Connection) -> Result<(), JournalError> {
    let mode: String =
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        return Err(JournalError::Medium(format!("the store cannot use a write-ahead log, only {mode}")));
    }
    connection.pragma_update(None, "wal_autocheckpoint", AUTOCHECKPOINT_PAGES).map_err(failed)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT).map_err(failed)
}

pub(crate) fn migrate(connection: &mut Connection, migrations: &[M<'_>]) -> Result<(), JournalError> {
    Migrations::from_slice(migrations).to_latest(connection).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => failed(err),
        other => JournalError::Medium(other.to_string()),
    })
}

impl Journal for SqliteJournal {
    fn begin(&mut self) -> Result<(), JournalError> {
        if self.phase != Phase::Idle {
            return Err(JournalError::Medium("a transaction is open already".into()));
        }
        self.run("BEGIN IMMEDIATE").map_err(|e| if is_busy(&e) { self.held() } else { failed(e) })?;
        self.phase = Phase::Open;
        self.expect_own_fence().inspect_err(|_| self.phase = Phase::Failed).or_else(|error| {
            self.rollback()?;
            Err(error)
        })
    }

    fn write(&mut self, change: &Write) -> Result<bool, JournalError> {
        self.expect_open()?;
        let before = self.connection.total_changes();
        write::apply(&self.connection, change).inspect_err(|_| self.phase = Phase::Failed)?;
        Ok(self.connection.total_changes() > before)
    }

    fn commit(&mut self) -> Result<(), JournalError> {
        let done = self.expect_open().and_then(|()| self.run("COMMIT").map_err(failed));
        match done {
            Ok(()) => self.phase = Phase::Idle,
            Err(_) => self.rollback()?,
        }
        done
    }

    fn rollback(&mut self) -> Result<(), JournalError> {
        // SQLite itself rolls back after some errors, a full disk among them
        if !self.connection.is_autocommit() {
            self.run("ROLLBACK").map_err(failed)?;
        }
        self.phase = Phase::Idle;
        Ok(())
    }

    /// Moves the whole log into the file, which is synced, and begins a new log.
    fn settle(&mut self) -> Result<(), JournalError> {
        self.seal()
    }
}

/// The journal, open for reading only: beside the writer, in this process or another, as often as wanted.
///
/// Each answer shows what was committed when it was asked for.
#[derive(Debug)]
pub struct SqliteReader {
    connection: Connection,
}

impl SqliteReader {
    /// Opens a store that exists.
    ///
    /// # Errors
    /// [`JournalError::TooNew`], [`JournalError::Corrupt`] when the file is not a journal, and [`JournalError::Medium`] when there is
    /// none, or one of an older format that its node did not open since the upgrade.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let connection = connect(path.as_ref(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.pragma_update(None, "query_only", true).map_err(failed)?;
        let found = format_found(&connection)?;
        if found < FORMAT {
            let text =
                format!("the store has format {found}; its node brings it to format {FORMAT} when it starts");
            return Err(JournalError::Medium(text));
        }
        Ok(Self { connection })
    }

    /// Everything that is not what was written, beside a running node; `pace` is told how many rows were read and may wait. While it
    /// runs the log cannot be cut back.
    ///
    /// # Errors
    /// What the medium reports.
    pub fn examine(&self, pace: &mut dyn FnMut(u64)) -> Result<Examined, JournalError> {
        examine(&self.connection, pace)
    }

    /// As [`SqliteJournal::verify_integrity`], beside a running node. While it runs the log cannot be cut back.
    ///
    /// # Errors
    /// The first thing that is wrong, as [`JournalError::Corrupt`], or what the medium reports.
    pub fn verify_integrity(&self) -> Result<Integrity, JournalError> {
        verify(&self.connection)
    }
}

/// How far a checkpoint came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Pages in the log.
    pub pages: u64,
    /// Of these, pages that are in the file now. Fewer than `pages` while a reader still needs older ones.
    pub moved: u64,
}

/// Moves the log into the file without holding up the writer (a passive checkpoint, sqlite.org/c3ref/wal_checkpoint_v2.html).
#[derive(Debug)]
pub struct Checkpointer {
    connection: Connection,
}

impl Checkpointer {
    /// Moves what can be moved now. Neither writer nor readers wait for it.
    ///
    /// # Errors
    /// What the medium reports; nothing is lost then.
    pub fn checkpoint(&mut self) -> Result<Checkpoint, JournalError> {
        let done = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            // -1 where there is no log
            let count = |column| row.get::<_, i64>(column).map(|n| u64::try_from(n).unwrap_or(0));
            Ok(Checkpoint { pages: count(1)?, moved: count(2)? })
        });
        done.map_err(failed)
    }
}

macro_rules! journal_read {
    ($trait:ident by $module:ident for $type:ty: $($name:ident($($argument:ident: $kind:ty),*) -> $found:ty;)*) => {
        impl $trait for $type {
            $(fn $name(&self $(, $argument: $kind)*) -> Result<$found, JournalError> {
                $module::$name(&self.connection $(, $argument)*)
            })*
        }
    };
}

macro_rules! journal_reads {
    ($($type:ty),*) => {$(
        journal_read! { JournalRead by read for $type:
            link(id: MessageId) -> Option<StoredLink>;
            link_text(id: MessageId) -> Option<String>;
            has_link(id: MessageId) -> bool;
            last_own() -> Option<MessageId>;
            conferences(after: Option<&ConferenceId>, limit: usize) -> Vec<ConferenceId>;
            links(conference: &ConferenceId, after_row: u64, limit: usize) -> Vec<StoredLink>;
            receipts(message: MessageId) -> Vec<Verified<Receipt>>;
            conference_receipts(conference: &ConferenceId) -> Vec<Verified<Receipt>>;
            bundle(digest: Digest) -> Option<Vec<u8>>;
            outbox(peer: Option<&Writer>, after_row: u64, limit: usize) -> Vec<OutboxRow>;
            wanted(after_row: u64, limit: usize) -> Vec<WantedDocument>;
            alarms(conference: Option<&ConferenceId>, limit: usize) -> Vec<Alarm>;
            terms(conference: &ConferenceId, lead_head: MessageId) -> Option<Digest>;
            answered(key: Digest) -> Option<Answered>;
            meta(name: &str) -> Option<Vec<u8>>;
        }
        journal_read! { JournalFeed by feed for $type:
            tips() -> Tips;
            tips_of(conference: &ConferenceId) -> Tips;
            links_after(row: u64, limit: usize) -> Vec<StoredLink>;
            received_before(row: u64, limit: usize) -> Vec<StoredLink>;
            receipts_after(row: u64, limit: usize) -> Vec<StoredReceipt>;
            alarms_after(row: u64, limit: usize) -> Vec<(u64, Alarm)>;
            conferences_named(digits: &str, limit: usize) -> Vec<ConferenceId>;
        }
    )*};
}
journal_reads!(SqliteJournal, SqliteReader);

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
