//! The journal of a node in one SQLite file (ARCHITECTURE.md, "What a node keeps").
//!
//! [`SqliteJournal`] is the one writer: it holds a lease on the store, commits with `synchronous=FULL` in WAL mode, and cannot
//! change or delete what must be kept (triggers refuse it). [`SqliteReader`] reads beside it, in any process. Links and
//! receipts are kept as their exact bytes; every reading hashes them again.
//!
//! Faults: a crash or power cut keeps what [`Journal::commit`](concerto_port::Journal::commit) confirmed
//! and nothing else; a full disk is [`JournalError::Full`](concerto_port::JournalError::Full), reading goes on; damage is found on
//! reading or by `verify_integrity` and is [`JournalError::Corrupt`](concerto_port::JournalError::Corrupt). When a commit itself fails
//! with an error of the medium nobody knows whether its bytes reached the disk: open the store again and look.

mod error;
mod feed;
mod mails;
mod read;
mod salvage;
mod store;
mod verify;
mod write;

pub use mails::{
    Arrival, Attempt, Closed, Judged, Kind, MailStore, MailboxLease, NewMail, ReceivedMail, SentMail, Status,
};
pub use salvage::{Judge, REBUILT, Salvaged, rebuild};
pub use store::{Checkpoint, Checkpointer, SqliteJournal, SqliteReader};
pub use verify::{DAMAGES_MAX, Damage, Examined, Integrity};
