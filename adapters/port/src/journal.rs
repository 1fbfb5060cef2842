//! The journal: what a node keeps for ever, and its outbox, in one transactional store.

use concerto_message::{ConferenceId, Digest, Link, MessageId, Receipt, Verified, Writer};
use jiff::Timestamp;

/// Why the journal did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// No space is left; nothing was written.
    #[error("the disk is full; nothing was written")]
    Full,
    /// Another process writes to this store.
    #[error("another process holds the store {0}")]
    Held(String),
    /// The store was written by a newer version.
    #[error("the store has format {found}, newer than {known} which this version knows")]
    TooNew {
        /// The format found.
        found: u32,
        /// The newest format known.
        known: u32,
    },
    /// What was read is not what was written.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// The medium failed.
    #[error("the store failed: {0}")]
    Medium(String),
}

impl JournalError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Full => "journal.full",
            Self::Held(_) => "journal.held",
            Self::TooNew { .. } => "journal.too-new",
            Self::Corrupt(_) => "journal.corrupt",
            Self::Medium(_) => "journal.medium",
        }
    }
}

/// How a node stands to the content of a link that it stored. The link itself is never refused once its signature verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentStatus {
    /// The content fits its schema.
    Valid,
    /// This node does not know the schema; examined again after an upgrade.
    UnknownSchema,
    /// The content breaks its schema or a policy.
    Refused {
        /// A stable code.
        code: String,
        /// What is wrong, for people.
        reason: String,
    },
}

/// A link as the journal gives it back.
#[derive(Debug, Clone)]
pub struct StoredLink {
    /// Place in the journal: the order in which this node came to hold links, from 1, never reused.
    pub row: u64,
    /// The link.
    pub link: Verified<Link>,
    /// When this node came to hold it (UTC).
    pub received_at: Timestamp,
    /// Whether this node wrote it.
    pub own: bool,
    /// How this node stands to its content.
    pub content: ContentStatus,
}

/// A message that waits for a peer's *accepted* receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Order of writing, never reused.
    pub row: u64,
    /// The peer.
    pub peer: Writer,
    /// The message.
    pub message: MessageId,
    /// When it was put there (UTC).
    pub since: Timestamp,
}

/// A body or document that this node may see and does not hold yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedDocument {
    /// Order of writing, never reused.
    pub row: u64,
    /// The document.
    pub digest: Digest,
    /// The link that lists it.
    pub message: MessageId,
    /// The conference.
    pub conference: ConferenceId,
    /// The author of the link.
    pub author: Writer,
    /// Bytes announced.
    pub size: u64,
}

/// Something that an official must know of. One of each (conference, code, subject) is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// The conference, if it concerns one.
    pub conference: Option<ConferenceId>,
    /// A stable code.
    pub code: String,
    /// What it concerns (an identifier).
    pub subject: String,
    /// Since when (UTC).
    pub at: Timestamp,
    /// What happened and what to do, for people; no personal data.
    pub text: String,
}

/// The answer that was given to an order with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Digest of what was ordered.
    pub request: Digest,
    /// The answer, as whoever wrote it reads it.
    pub answer: Vec<u8>,
}

/// One change. A transaction holds several; either all are durable or none is.
#[derive(Debug, Clone)]
pub enum Write {
    /// Keeps a link for ever; writing a link that is held changes nothing.
    Link {
        /// The link.
        link: Verified<Link>,
        /// When this node came to hold it.
        received_at: Timestamp,
        /// Whether this node wrote it.
        own: bool,
        /// How this node stands to its content.
        content: ContentStatus,
    },
    /// Changes the status of a content examined again.
    Content {
        /// The link.
        message: MessageId,
        /// The new status.
        content: ContentStatus,
    },
    /// Keeps a receipt for ever; writing one that is held changes nothing.
    Receipt {
        /// The receipt, given or received.
        receipt: Verified<Receipt>,
        /// When this node came to hold it.
        at: Timestamp,
    },
    /// Keeps a trust bundle for ever.
    Bundle {
        /// SHA-256 of the bytes.
        digest: Digest,
        /// The bundle.
        bytes: Vec<u8>,
    },
    /// Puts a message in the outbox; putting it twice changes nothing.
    Enqueue {
        /// For whom.
        peer: Writer,
        /// The message.
        message: MessageId,
        /// When.
        at: Timestamp,
    },
    /// Takes a message out of the outbox: its *accepted* receipt is stored.
    Delivered {
        /// For whom it was.
        peer: Writer,
        /// The message.
        message: MessageId,
    },
    /// Notes a document to be fetched; noting it twice changes nothing.
    Want {
        /// The document.
        digest: Digest,
        /// The link that lists it.
        message: MessageId,
        /// The conference.
        conference: ConferenceId,
        /// The author of the link.
        author: Writer,
        /// Bytes announced.
        size: u64,
    },
    /// The document is held now: no longer wanted, for whichever link.
    Fetched {
        /// The document.
        digest: Digest,
    },
    /// Raises an alarm; raising it twice changes nothing.
    Alarm(Alarm),
    /// The terms as this node computes them after folding the procedente's chain up to `lead_head`.
    Terms {
        /// The conference.
        conference: ConferenceId,
        /// The last link folded.
        lead_head: MessageId,
        /// Digest of the terms.
        digest: Digest,
    },
    /// Keeps the answer to an order that came with a key, in the transaction of its effects; one kept before stays.
    Answer {
        /// The key.
        key: Digest,
        /// What was ordered, and what was answered.
        answered: Answered,
        /// When.
        at: Timestamp,
    },
    /// Forgets the answers given before an instant.
    ForgetAnswers {
        /// The instant.
        before: Timestamp,
    },
    /// Keeps a small named value (the incarnation, say); replaces an older one.
    Meta {
        /// The name.
        name: &'static str,
        /// The value.
        value: Vec<u8>,
    },
}

/// What a node reads back. All answers within an open transaction include what it wrote so far.
pub trait JournalRead {
    /// A link by its identifier.
    ///
    /// # Errors
    /// [`JournalError`], as for every method here.
    fn link(&self, id: MessageId) -> Result<Option<StoredLink>, JournalError>;
    /// The exact bytes of a link, to send them on; an implementation should spare itself the parsing.
    ///
    /// # Errors
    /// [`JournalError`].
    fn link_text(&self, id: MessageId) -> Result<Option<String>, JournalError> {
        Ok(self.link(id)?.map(|stored| stored.link.text().to_owned()))
    }
    /// Whether a link is held, without reading it.
    ///
    /// # Errors
    /// [`JournalError`].
    fn has_link(&self, id: MessageId) -> Result<bool, JournalError>;
    /// The own link that was written last, in whatever conference and incarnation.
    ///
    /// # Errors
    /// [`JournalError`].
    fn last_own(&self) -> Result<Option<MessageId>, JournalError>;
    /// Identifiers of all conferences, in order of first appearance, after the given one, at most `limit`.
    ///
    /// # Errors
    /// [`JournalError`].
    fn conferences(
        &self,
        after: Option<&ConferenceId>,
        limit: usize,
    ) -> Result<Vec<ConferenceId>, JournalError>;
    /// The links of a conference in order of row, after the given row, at most `limit`.
    ///
    /// # Errors
    /// [`JournalError`].
    fn links(
        &self,
        conference: &ConferenceId,
        after_row: u64,
        limit: usize,
    ) -> Result<Vec<StoredLink>, JournalError>;
    /// Every receipt that covers the message, oldest first.
    ///
    /// # Errors
    /// [`JournalError`].
    fn receipts(&self, message: MessageId) -> Result<Vec<Verified<Receipt>>, JournalError>;
    /// Every receipt of a conference, oldest first.
    ///
    /// # Errors
    /// [`JournalError`].
    fn conference_receipts(&self, conference: &ConferenceId) -> Result<Vec<Verified<Receipt>>, JournalError>;
    /// A trust bundle.
    ///
    /// # Errors
    /// [`JournalError`].
    fn bundle(&self, digest: Digest) -> Result<Option<Vec<u8>>, JournalError>;
    /// What waits for a peer, oldest first, after the given row, at most `limit`.
    ///
    /// # Errors
    /// [`JournalError`].
    fn outbox(
        &self,
        peer: Option<&Writer>,
        after_row: u64,
        limit: usize,
    ) -> Result<Vec<OutboxRow>, JournalError>;
    /// Documents wanted, oldest first, after the given row, at most `limit`.
    ///
    /// # Errors
    /// [`JournalError`].
    fn wanted(&self, after_row: u64, limit: usize) -> Result<Vec<WantedDocument>, JournalError>;
    /// Alarms, oldest first, of one conference or of all, at most `limit`.
    ///
    /// # Errors
    /// [`JournalError`].
    fn alarms(&self, conference: Option<&ConferenceId>, limit: usize) -> Result<Vec<Alarm>, JournalError>;
    /// The digest of the terms that this node computed after folding the procedente's chain up to a link.
    ///
    /// # Errors
    /// [`JournalError`].
    fn terms(&self, conference: &ConferenceId, lead_head: MessageId) -> Result<Option<Digest>, JournalError>;
    /// The answer kept for an order's key.
    ///
    /// # Errors
    /// [`JournalError`].
    fn answered(&self, key: Digest) -> Result<Option<Answered>, JournalError>;
    /// A small named value.
    ///
    /// # Errors
    /// [`JournalError`].
    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, JournalError>;
}

/// The writing side. One writer at a time; several changes become durable together (group commit).
pub trait Journal: JournalRead {
    /// Opens a transaction.
    ///
    /// # Errors
    /// [`JournalError`].
    fn begin(&mut self) -> Result<(), JournalError>;
    /// Adds a change to the open transaction; says whether anything is held now that was not held so before.
    ///
    /// # Errors
    /// [`JournalError`]; the transaction must then be rolled back.
    fn write(&mut self, change: &Write) -> Result<bool, JournalError>;
    /// Makes the transaction durable: when this returns, a power cut loses nothing of it.
    ///
    /// # Errors
    /// [`JournalError`]; nothing of the transaction was kept.
    fn commit(&mut self) -> Result<(), JournalError>;
    /// Forgets the open transaction.
    ///
    /// # Errors
    /// [`JournalError`].
    fn rollback(&mut self) -> Result<(), JournalError>;
    /// After a commit failed with an error of the medium nobody knows what of it reached the disk: makes everything that reading
    /// shows durable anew, so that later commits do not stand on what a power cut may take away. Outside of a transaction.
    ///
    /// # Errors
    /// [`JournalError`]; it must be tried again before anything is written.
    fn settle(&mut self) -> Result<(), JournalError> {
        Ok(())
    }
}
