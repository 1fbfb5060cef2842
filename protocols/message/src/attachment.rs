//! Bodies and documents as a link lists them: by digest, size, media type and audience, never by name.
//!
//! The digest is SHA-256 over a 128-bit salt and the bytes, so that a document of few possible contents cannot be
//! guessed from its digest, and erasing salt and bytes leaves nothing but a number behind. Salt and bytes travel together.
//! A document of more than one chunk also names the digest of its list of chunks, so that each chunk can be checked as it arrives.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use crate::ids::{Digest, Writer};
use crate::limits::CHUNK_BYTES;

/// The 128 random bits that stand before the bytes of a document when it is hashed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt(..)") // a salt in a log would undo its purpose
    }
}

impl Salt {
    /// The digest by which a link lists these bytes.
    pub fn digest(&self, bytes: &[u8]) -> Digest {
        Digest::of_parts(&[&self.0, bytes])
    }
    /// The salt as 32 lower-case hexadecimal digits, for exports.
    pub fn to_hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }
    /// Reads [`Salt::to_hex`].
    pub fn from_hex(text: &str) -> Option<Self> {
        HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }
}

/// Who may see a body or a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// Every participant of the conference, also one added later.
    Participants(AllParticipants),
    /// These writers only, and the author.
    Only(BTreeSet<Writer>),
}

/// The word `participants`, which stands for everybody who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllParticipants {
    /// Every participant.
    Participants,
}

impl Audience {
    /// Everybody who takes part.
    pub const ALL: Self = Self::Participants(AllParticipants::Participants);

    /// Whether `reader`, a participant, may see what `author` attached.
    pub fn admits(&self, author: &Writer, reader: &Writer) -> bool {
        match self {
            Self::Participants(_) => true,
            Self::Only(writers) => reader == author || writers.contains(reader),
        }
    }
}

/// A body or document as a link lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// SHA-256 over salt and bytes.
    pub digest: Digest,
    /// Number of bytes, without the salt.
    pub size: u64,
    /// Media type (RFC 6838), such as `application/pdf`.
    pub media_type: String,
    /// Who may see it.
    pub audience: Audience,
    /// [`Chunks::digest`] of a document of more than [`CHUNK_BYTES`]; none for a smaller one, which is its own single chunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunks: Option<Digest>,
}

impl Attachment {
    /// Lists these bytes under this salt.
    pub fn new(salt: &Salt, bytes: &[u8], media_type: String, audience: Audience) -> Self {
        let chunks = (bytes.len() > CHUNK_BYTES).then(|| Chunks::of(salt, bytes).digest(salt));
        Self { digest: salt.digest(bytes), size: bytes.len() as u64, media_type, audience, chunks }
    }
    /// Whether these bytes, with this salt, are the attachment.
    pub fn matches(&self, salt: &Salt, bytes: &[u8]) -> bool {
        bytes.len() as u64 == self.size
            && salt.digest(bytes) == self.digest
            && self.chunks.is_none_or(|chunks| chunks == Chunks::of(salt, bytes).digest(salt))
    }
}

/// The digests of a document's chunks of [`CHUNK_BYTES`] in their order, each over the salt and the bytes of the chunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chunks(Vec<Digest>);

impl Chunks {
    /// The chunks of these bytes.
    pub fn of(salt: &Salt, bytes: &[u8]) -> Self {
        Self(bytes.chunks(CHUNK_BYTES).map(|chunk| salt.digest(chunk)).collect())
    }
    /// The digest by which a link names the list: SHA-256 over the salt and the 32 bytes of each digest.
    pub fn digest(&self, salt: &Salt) -> Digest {
        salt.digest(&self.to_bytes())
    }
    /// The list as it travels: 32 bytes for each chunk.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|digest| digest.0).collect()
    }
    /// Reads [`Chunks::to_bytes`]; none if the bytes do not divide by 32.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (digests, rest) = bytes.as_chunks::<32>();
        rest.is_empty().then(|| Self(digests.iter().copied().map(Digest).collect()))
    }
    /// The digests in their order.
    pub fn digests(&self) -> &[Digest] {
        &self.0
    }
    /// Adds the next chunk.
    pub fn push(&mut self, digest: Digest) {
        self.0.push(digest);
    }
    /// Takes the last chunk away.
    pub fn pop(&mut self) -> Option<Digest> {
        self.0.pop()
    }
}

#[cfg(test)]
#[path = "attachment_tests.rs"]
mod tests;
