//! Where the bytes of bodies and documents are kept, addressed by content.

use concerto_message::{Digest, Salt};

/// Why the document store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The bytes do not have the digest they were announced under.
    #[error("the document does not match its digest {expected}")]
    Mismatch {
        /// The digest under which it was announced or kept.
        expected: Digest,
    },
    /// The medium failed.
    #[error("the document store failed: {0}")]
    Medium(#[from] std::io::Error),
}

impl DocumentError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Mismatch { .. } => "document.mismatch",
            Self::Medium(error) if error.kind() == std::io::ErrorKind::StorageFull => "document.full",
            Self::Medium(_) => "document.medium",
        }
    }
}

/// A content-addressed store: the digest is SHA-256 over salt and bytes. Names never reach it.
pub trait DocumentStore: Send + Sync {
    /// Keeps salt and bytes durably before it returns; storing twice changes nothing.
    ///
    /// # Errors
    /// [`DocumentError::Mismatch`] before anything is written, or the medium.
    fn put(&self, digest: Digest, salt: Salt, bytes: &[u8]) -> Result<(), DocumentError>;
    /// Salt and bytes, if held; their digest is checked on the way.
    ///
    /// # Errors
    /// [`DocumentError`].
    fn get(&self, digest: Digest) -> Result<Option<(Salt, Vec<u8>)>, DocumentError>;
    /// Whether it is held (not read).
    ///
    /// # Errors
    /// The medium.
    fn has(&self, digest: Digest) -> Result<bool, DocumentError>;
}
