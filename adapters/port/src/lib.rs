//! The traits through which a node meets the world, and the contract tests that every implementation passes.
//!
//! Traits only: no socket, file or clock is touched here. Adapters implement them, the core uses them, simulations replace them.

#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod documents;
pub mod feed;
pub mod journal;
pub mod mailbox;
pub mod memory;
pub mod peer;
pub mod signer;

pub use documents::{DocumentError, DocumentReader, DocumentStore, HeldDocument, Room, Staged};
pub use feed::{JournalFeed, StoredReceipt, Tips};
pub use journal::{
    Alarm, Answered, ContentStatus, Journal, JournalError, JournalRead, OutboxRow, StoredLink,
    WantedDocument, Write,
};
pub use mailbox::{
    Arrived, Content, Cursor, MailSender, MailSource, Mailbox, MailboxError, Reading, SubmitError,
};
pub use peer::{PeerBusy, PeerEvent, PeerFailure, PeerLink};
pub use signer::{Clock, Random, Signer, SignerError};
