//! How a node knows that it holds its own latest head (protocols/PROTOCOL.md, incarnations).
//!
//! A journal alone cannot tell: a copy of it is as good as the original. So each incarnation leaves a [`Mark`] outside of everything
//! that is copied with a folder or a disk: in memory that is lost with the machine's boot and locked while its node runs. It names the
//! last own link whose consequences may have left the node; it is renewed after each commit and before its effects.
//!
//! A node goes on in its incarnation only where its mark lies and only if its journal holds what the mark names: a journal is a prefix
//! of what was written, so it then holds every own link that anybody can have seen. In every other case (another machine, a reboot, an
//! older copy, a clone) the next own link opens a new incarnation. Nobody is asked, and an incarnation costs nothing.

use concerto_message::ids::Nonce;
use concerto_message::{Digest, Incarnation, MessageId};
use concerto_port::{JournalError, JournalRead};

/// Name of the journal's value that holds the incarnation.
pub(crate) const INCARNATION: &str = "incarnation";
/// First bytes of a mark; the digit is its version.
const MAGIC: &[u8; 8] = b"CNCRMRK1";

/// What a node notes outside of its journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The incarnation in which the node writes.
    pub incarnation: Incarnation,
    /// Its last own link in this incarnation; none before the first.
    pub last: Option<MessageId>,
}

impl Mark {
    /// Length of a mark, in bytes.
    pub const BYTES: usize = 8 + 4 + 16 + 1 + 32 + 32;

    /// The mark with its checksum.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Nonce(nonce) = self.incarnation.nonce;
        let MessageId(Digest(last)) = self.last.unwrap_or(MessageId(Digest([0; 32])));
        let counter = self.incarnation.counter.to_be_bytes();
        let mut bytes =
            [MAGIC.as_slice(), &counter, &nonce, &[u8::from(self.last.is_some())], &last].concat();
        bytes.extend(Digest::of(&bytes).0);
        bytes
    }

    /// Reads a mark; none where the bytes are not exactly what [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC.as_slice())?;
        let (counter, rest) = rest.split_first_chunk::<4>()?;
        let (nonce, rest) = rest.split_first_chunk::<16>()?;
        let (some, rest) = rest.split_first()?;
        let (last, _) = rest.split_first_chunk::<32>()?;
        let mark = Self {
            incarnation: Incarnation { counter: u32::from_be_bytes(*counter), nonce: Nonce(*nonce) },
            last: (*some != 0).then_some(MessageId(Digest(*last))),
        };
        (mark.to_bytes() == bytes).then_some(mark)
    }

    /// Whether a journal that records this incarnation holds everything that its node wrote in it.
    ///
    /// # Errors
    /// [`JournalError`].
    pub(crate) fn proves(
        &self,
        recorded: &Incarnation,
        journal: &dyn JournalRead,
    ) -> Result<bool, JournalError> {
        Ok(self.incarnation == *recorded
            && match self.last {
                None => true,
                Some(last) => journal.has_link(last)?,
            })
    }
}

/// The incarnation that a journal records: the one whose mark its node must look for.
///
/// # Errors
/// [`JournalError`].
pub fn recorded_incarnation(journal: &dyn JournalRead) -> Result<Option<Incarnation>, JournalError> {
    let Some(bytes) = journal.meta(INCARNATION)? else { return Ok(None) };
    match serde_json::from_slice(&bytes) {
        Ok(incarnation) => Ok(Some(incarnation)),
        // nothing better is left than to begin with a new nonce; peers tell how far the lives were counted
        Err(_) if crate::relook::is_rebuilt(journal)? => Ok(None),
        Err(error) => Err(JournalError::Corrupt(format!("incarnation: {error}"))),
    }
}

#[cfg(test)]
#[path = "continuity_tests.rs"]
mod tests;
