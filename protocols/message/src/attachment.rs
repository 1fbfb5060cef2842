//! Bodies and documents as a link lists them: by digest, size, media type and audience, never by name.
//!
//! The digest is SHA-256 over a 128-bit salt and the bytes, so that a document of few possible contents cannot be
//! guessed from its digest, and erasing salt and bytes leaves nothing but a number behind. Salt and bytes travel together.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use crate::ids::{Digest, Writer};

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
}

impl Attachment {
    /// Whether these bytes, with this salt, are the attachment.
    pub fn matches(&self, salt: &Salt, bytes: &[u8]) -> bool {
        bytes.len() as u64 == self.size && salt.digest(bytes) == self.digest
    }
}

#[cfg(test)]
#[path = "attachment_tests.rs"]
mod tests;
