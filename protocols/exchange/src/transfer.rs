//! The document stream: how a document of more than one chunk goes from one node to another, the same over every transport (protocols/PROTOCOL.md, "Documents").
//!
//! ```text
//!   asker  --length, ask (JSON)-->  source     message, document, first byte wanted, whether the list of chunks is wanted
//!   asker <--length, opening (JSON), list of chunks, bytes...--  source
//!   asker  --bytes kept so far (u64), again and again-->  source
//! ```
//! Lengths are four bytes, numbers eight, both big-endian. The source sends at most [`AHEAD_BYTES_MAX`] beyond what the asker says it
//! keeps, so an interruption at any moment costs at most that much sent again, and neither side holds more in memory.
//! The asker checks every chunk as it arrives against the list that the link names ([`concerto_message::streamed`]).

use concerto_message::limits::CHUNK_BYTES;
use concerto_message::{Digest, Listed, MessageId, Salt, StreamedError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Name and version of the protocol.
pub const STREAM_PROTOCOL: &str = "/concerto/document/1";
/// Greatest ask or opening, in bytes.
pub const STREAM_HEAD_BYTES_MAX: usize = 2048;
/// Most bytes that a source sends beyond those that the asker says it keeps: one chunk.
pub const AHEAD_BYTES_MAX: u64 = CHUNK_BYTES as u64;
/// Bytes that either side reads or writes in one go.
pub const PIECE_BYTES: usize = 64 * 1024;
/// Bytes of a statement of what is kept.
pub const KEPT_BYTES: usize = 8;
/// Longest silence of the other side in the midst of a stream.
pub const SILENCE_MAX: Duration = Duration::from_secs(30);
/// Longest time for one chunk: a source slower than 3.4 KiB/s is given up.
pub const CHUNK_TIME_MAX: Duration = Duration::from_secs(300);
/// Longest wait for an ask or an opening.
pub const OPENING_TIME_MAX: Duration = Duration::from_secs(15);
/// Most characters of a refusal's reason that are kept.
const REASON_CHARS_MAX: usize = 300;

/// What an asker wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The link that lists the document.
    pub message: MessageId,
    /// The document.
    pub digest: Digest,
    /// The first byte wanted; those before it are held.
    pub from: u64,
    /// Whether the list of chunks is wanted too.
    pub list: bool,
}

/// How a source answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
pub enum Opening {
    /// The list of chunks, if it was wanted, and the bytes follow.
    Document {
        /// The salt, 32 hexadecimal digits.
        salt: String,
    },
    /// Nothing follows.
    Refused {
        /// A stable code.
        code: String,
        /// Why, for people.
        reason: String,
    },
}

/// What the other side did that the protocol does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// A head that is larger than it may be.
    #[error("the head has {found} bytes, more than the {STREAM_HEAD_BYTES_MAX} allowed")]
    HeadTooLarge {
        /// Bytes announced.
        found: usize,
    },
    /// A head that is not one of this protocol.
    #[error("the head is not understood: {0}")]
    BadHead(String),
    /// The asker wants bytes that the document does not have.
    #[error("byte {from} is wanted of a document of {size} bytes")]
    BadPlace {
        /// The first byte wanted.
        from: u64,
        /// The size.
        size: u64,
    },
    /// The asker says that it keeps what was not sent, or less than before.
    #[error("{said} bytes are said to be kept where {kept} to {sent} may be")]
    BadKept {
        /// What the asker says.
        said: u64,
        /// What it said before.
        kept: u64,
        /// What was sent.
        sent: u64,
    },
    /// The bytes are not those of the document.
    #[error(transparent)]
    Document(#[from] StreamedError),
}

impl TransferError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::HeadTooLarge { .. } => "transfer.head.too-large",
            Self::BadHead(_) => "transfer.head",
            Self::BadPlace { .. } => "transfer.place",
            Self::BadKept { .. } => "transfer.kept",
            Self::Document(error) => error.code(),
        }
    }
}

/// Why a document was not fetched from one source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchFailure {
    /// No connection, or it ended; what came is kept.
    #[error("the connection ended")]
    Interrupted,
    /// The source is silent or slower than the bounds allow; what came is kept.
    #[error("the source is too slow")]
    Slow,
    /// The source does not speak this protocol.
    #[error("the source knows no document streams")]
    Unsupported,
    /// The source has no such document for this node.
    #[error("the source refused: {reason} ({code})")]
    Refused {
        /// A stable code.
        code: String,
        /// Why, for people.
        reason: String,
    },
    /// The source broke the protocol or sent other bytes.
    #[error("the source misbehaved: {0}")]
    Misbehaved(TransferError),
    /// Bytes kept since before this stream, not those of this source, were damaged; they are forgotten.
    #[error("bytes kept before were damaged")]
    Damaged,
    /// The author's link contradicts itself: nobody can serve it.
    #[error("the link contradicts itself")]
    Inconsistent,
    /// There is no room for the document; nothing was asked.
    #[error("no room: {0}")]
    NoRoom(String),
    /// The document is under way already, or too much is.
    #[error("too much is under way")]
    Busy,
    /// This node's own store failed.
    #[error("the document store failed: {0}")]
    Store(String),
}

impl FetchFailure {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &str {
        match self {
            Self::Interrupted => "transfer.interrupted",
            Self::Slow => "transfer.slow",
            Self::Unsupported => "transfer.unsupported",
            Self::Refused { code, .. } => code,
            Self::Misbehaved(error) => error.code(),
            Self::Damaged => "document.damaged",
            Self::Inconsistent => "document.inconsistent",
            Self::NoRoom(_) => "document.no-room",
            Self::Busy => "transfer.busy",
            Self::Store(_) => "document.medium",
        }
    }
}

impl From<TransferError> for FetchFailure {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Document(StreamedError::Inconsistent) => Self::Inconsistent,
            other => Self::Misbehaved(other),
        }
    }
}

impl Opening {
    /// Begins to serve.
    pub fn document(salt: &Salt) -> Self {
        Self::Document { salt: salt.to_hex() }
    }
    /// Refuses.
    pub fn refused(code: &str, reason: &str) -> Self {
        Self::Refused { code: code.to_owned(), reason: reason.to_owned() }
    }
    /// The salt.
    ///
    /// # Errors
    /// [`FetchFailure::Refused`], or [`FetchFailure::Misbehaved`] for a salt that is none.
    pub fn salt(self) -> Result<Salt, FetchFailure> {
        match self {
            Self::Document { salt } => Salt::from_hex(&salt)
                .ok_or_else(|| FetchFailure::Misbehaved(TransferError::BadHead("the salt".into()))),
            Self::Refused { code, reason } => Err(FetchFailure::Refused {
                code: code.chars().take(REASON_CHARS_MAX).collect(),
                reason: reason.chars().take(REASON_CHARS_MAX).collect(),
            }),
        }
    }
}

/// Writes an ask or an opening with its length.
///
/// # Errors
/// [`TransferError`] if it exceeds the bound.
pub fn encode_head(head: &impl Serialize) -> Result<Vec<u8>, TransferError> {
    let json = serde_json::to_vec(head).map_err(|e| TransferError::BadHead(e.to_string()))?;
    let length = u32::try_from(json.len()).unwrap_or(u32::MAX);
    head_length(length.to_be_bytes())?;
    Ok([&length.to_be_bytes()[..], &json].concat())
}

/// The length of the head that follows, checked before anything of it is read.
///
/// # Errors
/// [`TransferError::HeadTooLarge`].
pub fn head_length(prefix: [u8; 4]) -> Result<usize, TransferError> {
    let found = usize::try_from(u32::from_be_bytes(prefix)).unwrap_or(usize::MAX);
    if found > STREAM_HEAD_BYTES_MAX { Err(TransferError::HeadTooLarge { found }) } else { Ok(found) }
}

/// Reads an ask or an opening.
///
/// # Errors
/// [`TransferError::BadHead`].
pub fn decode_head<T: DeserializeOwned>(json: &[u8]) -> Result<T, TransferError> {
    serde_json::from_slice(json).map_err(|e| TransferError::BadHead(e.to_string()))
}

/// What a source has sent and what the asker keeps of it.
#[derive(Debug, Clone, Copy)]
pub struct Sending {
    size: u64,
    sent: u64,
    kept: u64,
}

impl Sending {
    /// Begins to serve a document of `size` bytes as it was asked for.
    ///
    /// # Errors
    /// [`TransferError::BadPlace`].
    pub fn new(ask: &Ask, size: u64) -> Result<Self, TransferError> {
        if ask.from > size {
            return Err(TransferError::BadPlace { from: ask.from, size });
        }
        Ok(Self { size, sent: ask.from, kept: ask.from })
    }
    /// The next byte to send.
    pub fn place(&self) -> u64 {
        self.sent
    }
    /// How many bytes may be sent now.
    pub fn room(&self) -> u64 {
        (self.size - self.sent).min(AHEAD_BYTES_MAX.saturating_sub(self.sent - self.kept))
    }
    /// So many bytes of the room were sent.
    pub fn sent(&mut self, bytes: u64) {
        self.sent += bytes.min(self.room());
    }
    /// What the asker says it keeps.
    ///
    /// # Errors
    /// [`TransferError::BadKept`].
    pub fn kept(&mut self, said: [u8; KEPT_BYTES]) -> Result<(), TransferError> {
        let said = u64::from_be_bytes(said);
        if said < self.kept || said > self.sent {
            return Err(TransferError::BadKept { said, kept: self.kept, sent: self.sent });
        }
        self.kept = said;
        Ok(())
    }
    /// Whether every byte was sent.
    pub fn all_sent(&self) -> bool {
        self.sent == self.size
    }
    /// Whether the asker keeps every byte.
    pub fn done(&self) -> bool {
        self.kept == self.size
    }
}

/// Bytes of the list of chunks of a document.
pub fn list_bytes(listed: &Listed) -> usize {
    usize::try_from(listed.chunk_count().saturating_mul(32)).unwrap_or(usize::MAX)
}

#[cfg(test)]
#[path = "transfer_tests.rs"]
mod tests;
