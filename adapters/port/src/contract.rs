//! Contract tests: what every implementation of a port must do, as functions that an adapter's tests call.
//!
//! They fail by panicking, as tests do; production code never compiles them (feature `contract`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support: a broken contract must stop the test that called it"
)]

mod documents;
mod feed;
mod journal;
mod mailbox;
pub mod samples;

pub use documents::{documents_contract, room_contract};
pub use journal::{JournalSubject, journal_contract};
pub use mailbox::{MAIL_BYTES_MAX, SenderSubject, SourceSubject, outgoing, sender_contract, source_contract};
