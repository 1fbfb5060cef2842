//! A document piece by piece: its digests computed, or checked against a link, while the bytes pass. Memory does not depend on its size.
//!
//! The rules are those of [`crate::attachment`]: the digest is SHA-256 over salt and bytes, each chunk has the digest of salt and its own
//! bytes, and a link names the digest of the list of chunks where there is more than one.

use sha2::{Digest as _, Sha256};

use crate::attachment::{Attachment, Chunks, Salt};
use crate::ids::Digest;
use crate::limits::{CHUNK_BYTES, DOCUMENT_BYTES_MAX};

/// A document of more than one chunk as a link lists it: what its bytes are checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Listed {
    /// SHA-256 over salt and bytes.
    pub digest: Digest,
    /// Number of bytes, without the salt.
    pub size: u64,
    /// [`Chunks::digest`].
    pub chunks: Digest,
}

impl Listed {
    /// How many chunks there are.
    pub fn chunk_count(&self) -> u64 {
        self.size.div_ceil(CHUNK_BYTES as u64)
    }
}

impl Attachment {
    /// What a stream of this document is checked against; none for one that is its own single chunk, which travels in a frame.
    pub fn listed(&self) -> Option<Listed> {
        self.chunks.map(|chunks| Listed { digest: self.digest, size: self.size, chunks })
    }
}

/// Why bytes are not the document that a link lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamedError {
    /// The list of chunks is not the one that the link names, or has another number of chunks than the size says.
    #[error("the list of chunks is not the one that the link names")]
    List,
    /// A chunk has another digest than the list says; the bytes before it are good.
    #[error("chunk {0} does not have its digest")]
    Chunk(u64),
    /// More bytes than the link says.
    #[error("there are more bytes than the {0} that the link names")]
    Long(u64),
    /// Fewer bytes than the link says.
    #[error("there are only {found} of {size} bytes")]
    Short {
        /// Bytes that came.
        found: u64,
        /// Bytes that the link names.
        size: u64,
    },
    /// Every chunk fits and the whole does not: the link contradicts itself, so its author is to blame and no source.
    #[error("the chunks fit the link's list, the whole does not fit its digest: the link contradicts itself")]
    Inconsistent,
}

impl StreamedError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::List => "document.chunks",
            Self::Chunk(_) => "document.chunk",
            Self::Long(_) => "document.long",
            Self::Short { .. } => "document.short",
            Self::Inconsistent => "document.inconsistent",
        }
    }
}

/// Digests of a document computed while its bytes pass.
#[derive(Debug, Clone)]
pub struct Hashing {
    salt: Salt,
    whole: Sha256,
    chunk: Sha256,
    // the state of `whole` where the chunk under way began
    whole_before: Sha256,
    size: u64,
    chunks: Chunks,
}

/// What a document is, once all of its bytes passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashed {
    /// SHA-256 over salt and bytes.
    pub digest: Digest,
    /// Number of bytes.
    pub size: u64,
    /// Its chunks.
    pub chunks: Chunks,
}

impl Hashed {
    /// The digest of the list of chunks, where a link must name it.
    pub fn chunks_digest(&self, salt: &Salt) -> Option<Digest> {
        (self.size > CHUNK_BYTES as u64).then(|| self.chunks.digest(salt))
    }
}

impl Hashing {
    /// Begins a document.
    pub fn new(salt: Salt) -> Self {
        let begun = begun(&salt);
        Self {
            salt,
            chunk: begun.clone(),
            whole_before: begun.clone(),
            whole: begun,
            size: 0,
            chunks: Chunks::default(),
        }
    }

    /// Bytes that passed.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes of the chunk under way.
    fn filled(&self) -> usize {
        (self.size % CHUNK_BYTES as u64) as usize
    }

    /// Takes the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while let Some((part, rest)) = bytes.split_at_checked(self.room().min(bytes.len())) {
            self.part(part);
            if rest.is_empty() {
                return;
            }
            bytes = rest;
        }
    }

    fn room(&self) -> usize {
        CHUNK_BYTES - self.filled()
    }

    /// Bytes that do not go beyond the chunk under way; its digest if they complete it.
    fn part(&mut self, bytes: &[u8]) -> Option<Digest> {
        self.whole.update(bytes);
        self.chunk.update(bytes);
        self.size += bytes.len() as u64;
        (!bytes.is_empty() && self.filled() == 0).then(|| self.end_chunk())
    }

    fn end_chunk(&mut self) -> Digest {
        let digest = Digest(std::mem::replace(&mut self.chunk, begun(&self.salt)).finalize().into());
        self.chunks.push(digest);
        digest
    }

    /// Ends the document.
    pub fn finish(mut self) -> Hashed {
        if self.filled() > 0 {
            self.end_chunk();
        }
        Hashed { digest: Digest(self.whole.finalize().into()), size: self.size, chunks: self.chunks }
    }
}

fn begun(salt: &Salt) -> Sha256 {
    let mut hash = Sha256::new();
    hash.update(salt.0);
    hash
}

/// Bytes of a document checked against a link while they pass, chunk by chunk and at the end as a whole.
#[derive(Debug, Clone)]
pub struct Checking {
    listed: Listed,
    list: Chunks,
    hashing: Hashing,
}

impl Checking {
    /// Begins a document with the list of chunks that came with it.
    ///
    /// # Errors
    /// [`StreamedError::List`] if the link names another list, and [`StreamedError::Long`] for a size that no document may have.
    pub fn new(listed: Listed, salt: Salt, list: Chunks) -> Result<Self, StreamedError> {
        if listed.size > DOCUMENT_BYTES_MAX {
            return Err(StreamedError::Long(DOCUMENT_BYTES_MAX));
        }
        if list.digests().len() as u64 != listed.chunk_count() || list.digest(&salt) != listed.chunks {
            return Err(StreamedError::List);
        }
        Ok(Self { listed, list, hashing: Hashing::new(salt) })
    }

    /// What the bytes are checked against.
    pub fn listed(&self) -> &Listed {
        &self.listed
    }

    /// Bytes taken so far. Those of whole chunks are checked, those of the chunk under way are not yet.
    pub fn size(&self) -> u64 {
        self.hashing.size()
    }

    /// Bytes of the whole chunks taken so far.
    pub fn checked_size(&self) -> u64 {
        self.hashing.size() - self.hashing.filled() as u64
    }

    /// Takes the next bytes. After [`StreamedError::Chunk`] it stands where the bad chunk begins.
    ///
    /// # Errors
    /// [`StreamedError::Chunk`] or [`StreamedError::Long`]; nothing of the bad chunk counts.
    pub fn update(&mut self, mut bytes: &[u8]) -> Result<(), StreamedError> {
        if self.listed.size - self.hashing.size() < bytes.len() as u64 {
            return Err(StreamedError::Long(self.listed.size));
        }
        while let Some((part, rest)) = bytes.split_at_checked(self.hashing.room().min(bytes.len())) {
            if let Some(digest) = self.hashing.part(part) {
                self.check_chunk(digest)?;
            }
            if rest.is_empty() {
                break;
            }
            bytes = rest;
        }
        if self.hashing.size() == self.listed.size && self.hashing.filled() > 0 {
            let last = self.hashing.clone().end_chunk();
            if self.expected(self.list.digests().len().saturating_sub(1)) != Some(last) {
                self.hashing.chunks.push(last);
                return Err(self.rewound());
            }
        }
        Ok(())
    }

    fn expected(&self, index: usize) -> Option<Digest> {
        self.list.digests().get(index).copied()
    }

    fn check_chunk(&mut self, digest: Digest) -> Result<(), StreamedError> {
        let index = self.hashing.chunks.digests().len().saturating_sub(1);
        if self.expected(index) != Some(digest) {
            return Err(self.rewound());
        }
        self.hashing.whole_before = self.hashing.whole.clone();
        Ok(())
    }

    /// Goes back to where the chunk that was noted last begins.
    fn rewound(&mut self) -> StreamedError {
        self.hashing.chunks.pop();
        self.forget_unchecked();
        StreamedError::Chunk(self.hashing.chunks.digests().len() as u64)
    }

    /// Forgets the bytes of the chunk under way.
    pub fn forget_unchecked(&mut self) {
        let hashing = &mut self.hashing;
        hashing.size = hashing.chunks.digests().len() as u64 * CHUNK_BYTES as u64;
        hashing.whole = hashing.whole_before.clone();
        hashing.chunk = begun(&hashing.salt);
    }

    /// Ends the document.
    ///
    /// # Errors
    /// [`StreamedError::Short`], or [`StreamedError::Inconsistent`] where the link itself is wrong.
    pub fn finish(&self) -> Result<(), StreamedError> {
        let (found, size) = (self.hashing.size(), self.listed.size);
        if found != size {
            return Err(StreamedError::Short { found, size });
        }
        let whole = self.hashing.clone().finish();
        if whole.digest == self.listed.digest { Ok(()) } else { Err(StreamedError::Inconsistent) }
    }
}

#[cfg(test)]
#[path = "streamed_tests.rs"]
mod tests;
