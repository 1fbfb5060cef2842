//! Where the bytes of bodies and documents are kept, addressed by content.
//!
//! Small ones go in and out whole; a document of any size goes in from a reader ([`DocumentStore::add`]) or piece by piece from peers
//! ([`DocumentStore::stage`]), and out chunk by chunk ([`DocumentStore::open`]), each in memory that does not depend on its size.

use concerto_message::{Attachment, Audience, Chunks, Digest, Listed, Salt, StreamedError};
use std::io::Read;

/// Why the document store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The bytes do not have the digest they were announced under.
    #[error("the document does not match its digest {expected}")]
    Mismatch {
        /// The digest under which it was announced or kept.
        expected: Digest,
    },
    /// The bytes that came are not those that the link lists.
    #[error(transparent)]
    Streamed(#[from] StreamedError),
    /// The quota of the store would be exceeded; nothing was written.
    #[error("{needed} bytes do not fit: the store's quota leaves {left}")]
    Quota {
        /// Bytes wanted.
        needed: u64,
        /// Bytes that the quota leaves.
        left: u64,
    },
    /// The disk's reserve would be touched; nothing was written.
    #[error("{needed} bytes do not fit: beside the reserve the disk has {left}")]
    Reserve {
        /// Bytes wanted.
        needed: u64,
        /// Bytes that the disk has beside the reserve.
        left: u64,
    },
    /// More bytes than a document may have.
    #[error("a document has at most {0} bytes")]
    TooLarge(u64),
    /// The document is being staged by somebody else.
    #[error("document {0} is under way already")]
    Busy(Digest),
    /// The medium failed.
    #[error("the document store failed: {0}")]
    Medium(#[from] std::io::Error),
}

impl DocumentError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Mismatch { .. } => "document.mismatch",
            Self::Streamed(error) => error.code(),
            Self::Quota { .. } => "document.quota",
            Self::Reserve { .. } => "document.reserve",
            Self::TooLarge(_) => "document.too-large",
            Self::Busy(_) => "document.busy",
            Self::Medium(error) if error.kind() == std::io::ErrorKind::StorageFull => "document.full",
            Self::Medium(_) => "document.medium",
        }
    }
    /// Whether there is no room, which may change.
    pub fn is_no_room(&self) -> bool {
        matches!(self.code(), "document.quota" | "document.reserve" | "document.full")
    }
}

/// How much a store may hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Room {
    /// Most bytes of all documents together, staged ones included; none: no bound.
    pub quota_bytes: Option<u64>,
    /// Bytes of the disk that documents leave free, for the journal and its receipts.
    pub reserve_bytes: u64,
}

/// What is held under a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldDocument {
    /// SHA-256 over salt and bytes.
    pub digest: Digest,
    /// The salt.
    pub salt: Salt,
    /// Number of bytes, without the salt.
    pub size: u64,
    /// Digest of the list of chunks, where there is more than one.
    pub chunks: Option<Digest>,
    /// The media type that whoever added it here named; none for one that came from a peer.
    pub media_type: Option<String>,
}

impl HeldDocument {
    /// Lists it in a link.
    pub fn attachment(&self, media_type: String, audience: Audience) -> Attachment {
        Attachment { digest: self.digest, size: self.size, media_type, audience, chunks: self.chunks }
    }
}

/// A content-addressed store: the digest is SHA-256 over salt and bytes. Names never reach it.
pub trait DocumentStore: Send + Sync {
    /// Keeps salt and bytes durably before it returns; storing twice changes nothing.
    ///
    /// # Errors
    /// [`DocumentError::Mismatch`] before anything is written, or the medium.
    fn put(&self, digest: Digest, salt: Salt, bytes: &[u8]) -> Result<(), DocumentError>;
    /// Salt and bytes, if held; their digest is checked on the way. For bodies and small documents: the whole is in memory.
    ///
    /// # Errors
    /// [`DocumentError`].
    fn get(&self, digest: Digest) -> Result<Option<(Salt, Vec<u8>)>, DocumentError>;
    /// Whether it is held (not read).
    ///
    /// # Errors
    /// The medium.
    fn has(&self, digest: Digest) -> Result<bool, DocumentError>;
    /// What is held under this digest, without reading the whole.
    ///
    /// # Errors
    /// [`DocumentError`].
    fn describe(&self, digest: Digest) -> Result<Option<HeldDocument>, DocumentError>;
    /// Opens it for reading chunk by chunk.
    ///
    /// # Errors
    /// [`DocumentError`].
    fn open(&self, digest: Digest) -> Result<Option<Box<dyn DocumentReader>>, DocumentError>;
    /// Keeps a new document of this node, durable when this returns: its digests are computed while it is copied. `size` is what the
    /// source is expected to have, for the check of the room.
    ///
    /// # Errors
    /// [`DocumentError::Quota`], [`DocumentError::Reserve`] or [`DocumentError::TooLarge`] before anything is written, or the medium.
    fn add(
        &self,
        salt: Salt,
        media_type: &str,
        size: u64,
        source: &mut dyn Read,
    ) -> Result<HeldDocument, DocumentError>;
    /// Erases a document that is held; one that is not held is no error. The caller knows that no link lists it.
    ///
    /// # Errors
    /// The medium.
    fn erase(&self, digest: Digest) -> Result<(), DocumentError>;
    /// Takes up a document that was staged before, also by a process that is gone: what is held is checked again chunk by chunk,
    /// and what does not fit is dropped. None if nothing usable is staged.
    ///
    /// # Errors
    /// [`DocumentError::Busy`] while it is staged by somebody else, or the medium.
    fn resume(&self, listed: &Listed) -> Result<Option<Box<dyn Staged>>, DocumentError>;
    /// Begins to stage a document whose salt and list of chunks came from a peer.
    ///
    /// # Errors
    /// [`DocumentError::Streamed`] for a list that the link does not name, [`DocumentError::Quota`], [`DocumentError::Reserve`]
    /// before anything is written, [`DocumentError::Busy`], or the medium.
    fn stage(&self, listed: &Listed, salt: Salt, list: Chunks) -> Result<Box<dyn Staged>, DocumentError>;
    /// Whether so many more bytes have room.
    ///
    /// # Errors
    /// [`DocumentError::Quota`] or [`DocumentError::Reserve`], or the medium.
    fn has_room(&self, bytes: u64) -> Result<(), DocumentError>;
    /// Erases what is staged and no longer `wanted`; gives the number of documents.
    ///
    /// # Errors
    /// The medium.
    fn erase_staged(&self, wanted: &dyn Fn(Digest) -> bool) -> Result<usize, DocumentError>;
}

/// A document that is held, read chunk by chunk.
pub trait DocumentReader: Send {
    /// What it is.
    fn held(&self) -> &HeldDocument;
    /// The list of chunks.
    fn list(&self) -> &Chunks;
    /// Reads chunk `index` (from 0) into `into`, whose old content goes; its digest is checked.
    ///
    /// # Errors
    /// [`StreamedError::Chunk`] for a damaged chunk or one that there is not, or the medium.
    fn chunk(&mut self, index: u64, into: &mut Vec<u8>) -> Result<(), DocumentError>;
}

/// A document that comes piece by piece. What was appended survives the end of the process; dropping it keeps it.
pub trait Staged: Send + Sync {
    /// Bytes held, from the first one on. Those of whole chunks are checked.
    fn size(&self) -> u64;
    /// Adds the next bytes.
    ///
    /// # Errors
    /// [`DocumentError::Streamed`] for a bad chunk, of which nothing is kept, or the medium.
    fn append(&mut self, bytes: &[u8]) -> Result<(), DocumentError>;
    /// Checks the whole and puts it in its place, durable when this returns.
    ///
    /// # Errors
    /// [`DocumentError::Streamed`] (nothing is kept of a document that contradicts its link), or the medium.
    fn finish(self: Box<Self>) -> Result<(), DocumentError>;
}
