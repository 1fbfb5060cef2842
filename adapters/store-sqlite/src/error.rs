//! What SQLite and the file system report, as the journal's errors (SQLite result codes: sqlite.org/rescode.html).

use concerto_port::JournalError;
use rusqlite::ErrorCode;
use std::io;

/// `SQLITE_IOERR_SHMSIZE`: the shared-memory file could not grow, for want of space.
const IOERR_SHMSIZE: i32 = 4874;
/// Results that say that what is on the disk cannot be read: `SQLITE_IOERR_READ`, `SQLITE_IOERR_SHORT_READ`, `SQLITE_IOERR_CORRUPTFS`.
const UNREADABLE: [i32; 3] = [266, 522, 8458];

/// A failure of SQLite, by what the caller can do about it.
pub(crate) fn failed(error: rusqlite::Error) -> JournalError {
    match &error {
        rusqlite::Error::SqliteFailure(cause, _) => match cause.code {
            ErrorCode::DiskFull => JournalError::Full,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => JournalError::Corrupt(error.to_string()),
            ErrorCode::SystemIoFailure if cause.extended_code == IOERR_SHMSIZE => JournalError::Full,
            ErrorCode::SystemIoFailure if UNREADABLE.contains(&cause.extended_code) => {
                JournalError::Corrupt(error.to_string())
            }
            _ => JournalError::Medium(error.to_string()),
        },
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::QueryReturnedNoRows => JournalError::Corrupt(error.to_string()),
        _ => JournalError::Medium(error.to_string()),
    }
}

/// Whether another connection stood in the way.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// A failure of the file system.
pub(crate) fn file_failed(error: io::Error) -> JournalError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => JournalError::Full,
        _ => JournalError::Medium(error.to_string()),
    }
}

/// What was read cannot have been written.
pub(crate) fn corrupt(what: &str, why: impl std::fmt::Display) -> JournalError {
    JournalError::Corrupt(format!("{what}: {why}"))
}
