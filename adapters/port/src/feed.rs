//! Reading the journal in the order in which it grew: for event streams, for pages of an inbox, and to know whether anything changed.

use concerto_message::{ConferenceId, Receipt, Verified};
use jiff::Timestamp;

use crate::journal::{Alarm, JournalError, JournalRead, StoredLink};

/// The last row of each table that only grows; 0 while it is empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tips {
    /// Of the links.
    pub link: u64,
    /// Of the receipts.
    pub receipt: u64,
    /// Of the alarms.
    pub alarm: u64,
}

/// A receipt with its place in the journal.
#[derive(Debug, Clone)]
pub struct StoredReceipt {
    /// Order of writing, from 1, never reused.
    pub row: u64,
    /// When this node came to hold it (UTC).
    pub at: Timestamp,
    /// The receipt.
    pub receipt: Verified<Receipt>,
}

/// What a node reads in the order of the rows.
pub trait JournalFeed: JournalRead {
    /// The last rows of the whole journal.
    ///
    /// # Errors
    /// [`JournalError`], as for every method here.
    fn tips(&self) -> Result<Tips, JournalError>;
    /// The last rows that concern one conference: they change with everything from which its state is folded.
    ///
    /// # Errors
    /// [`JournalError`].
    fn tips_of(&self, conference: &ConferenceId) -> Result<Tips, JournalError>;
    /// Links after a row, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`JournalError`].
    fn links_after(&self, row: u64, limit: usize) -> Result<Vec<StoredLink>, JournalError>;
    /// Links of other nodes before a row, newest first, at most `limit`.
    ///
    /// # Errors
    /// [`JournalError`].
    fn received_before(&self, row: u64, limit: usize) -> Result<Vec<StoredLink>, JournalError>;
    /// Receipts after a row, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`JournalError`].
    fn receipts_after(&self, row: u64, limit: usize) -> Result<Vec<StoredReceipt>, JournalError>;
    /// Alarms after a row with their rows, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`JournalError`].
    fn alarms_after(&self, row: u64, limit: usize) -> Result<Vec<(u64, Alarm)>, JournalError>;
    /// Conferences whose random part begins so, in order of first appearance, at most `limit`.
    ///
    /// # Errors
    /// [`JournalError`].
    fn conferences_named(&self, digits: &str, limit: usize) -> Result<Vec<ConferenceId>, JournalError>;
}
