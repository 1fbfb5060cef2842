//! The ports in memory, for simulations and tests (ARCHITECTURE.md, "The house").
//!
//! Nothing here touches a medium: what is "durable" is what was committed before [`MemoryJournal::after_crash`].
//! None of it belongs in a node that people use.

mod chance;
mod documents;
mod feed;
mod journal;
mod mailbox;
mod table;

pub use chance::{FixedClock, SeededRandom, SharedClock};
pub use documents::MemoryDocuments;
pub use journal::MemoryJournal;
pub use mailbox::{MemoryMailbox, NextSubmission};
