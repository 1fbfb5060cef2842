//! Frames: what two nodes say to each other, the same over every transport.
//!
//! A frame is a length (four bytes, big-endian), a JSON head of that length, and a tail of raw bytes to the frame's end. Links and
//! receipts travel as compact JWS in the head; a document or a trust bundle is the tail. Every request has one answer.

use concerto_message::{ConferenceId, Digest, Incarnation, MessageId, Writer};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Most links in one frame.
pub const FRAME_LINKS_MAX: usize = 64;
/// Most bytes of links put into one frame (a single larger link travels alone).
pub const FRAME_LINK_BYTES_MAX: usize = 1024 * 1024;
/// Most receipts in one frame.
pub const FRAME_RECEIPTS_MAX: usize = 256;
/// Most conferences in one exchange of heads.
pub const HEADS_CONFERENCES_MAX: usize = 128;
/// Most heads in one frame: its JSON has at most 4 MiB, one of these some 300 bytes.
pub const HEADS_MAX: usize = 8192;
/// Greatest head of a frame, in bytes.
pub const HEAD_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Greatest frame: a head, and a tail of one small document with its salt.
pub const FRAME_BYTES_MAX: usize = 9 * 1024 * 1024;

/// What one node asks of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Opens a session; the tail is the sender's trust bundle.
    Hello {
        /// Signed greeting (see [`crate::hello`]).
        hello: String,
    },
    /// Delivers links of the sender's own chains.
    Deliver {
        /// Compact JWS, oldest first.
        links: Vec<String>,
    },
    /// Brings receipts: later ones for the author, or collected ones as evidence for the procedente.
    Receipts {
        /// Compact JWS.
        receipts: Vec<String>,
    },
    /// Says which heads the sender holds in the conferences that both take part in.
    Heads(Heads),
    /// Asks for links of one chain.
    Fetch {
        /// The conference.
        conference: ConferenceId,
        /// Whose chain.
        writer: Writer,
        /// Which incarnation.
        incarnation: Incarnation,
        /// First place wanted.
        from: u64,
        /// Last place wanted.
        to: u64,
    },
    /// Asks for a trust bundle.
    Bundle {
        /// Its SHA-256.
        digest: Digest,
    },
    /// Asks for a body or document that a link lists.
    Document {
        /// The link.
        message: MessageId,
        /// The document.
        digest: Digest,
    },
}

/// What the other node answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// The greeting returned; the tail is the answerer's trust bundle.
    Hello {
        /// Signed greeting.
        hello: String,
    },
    /// What became of delivered links.
    Delivered {
        /// *Accepted* and *refused* receipts, compact JWS.
        receipts: Vec<String>,
        /// Links that were not stored and may be sent again.
        retry: Vec<Retry>,
    },
    /// The receipts were noted.
    Noted {},
    /// The answerer's heads in the same conferences.
    Heads(Heads),
    /// Links asked for.
    Links {
        /// Compact JWS, oldest first.
        links: Vec<String>,
        /// Whether the range holds more than fitted.
        more: bool,
    },
    /// The tail is the bundle.
    Bundle {},
    /// The tail is salt (16 bytes) and bytes of the document.
    Document {},
    /// The request is refused as a whole.
    Refused {
        /// A stable code.
        code: String,
        /// Why, for people.
        reason: String,
    },
}

/// A link that was not stored. Unsigned: it may heal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Its place in the request, from 0.
    pub index: usize,
    /// A stable code.
    pub code: String,
    /// What was wrong and where, for people.
    pub reason: String,
}

/// Which heads the sender holds in some conferences.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heads {
    /// The conferences meant, at most [`HEADS_CONFERENCES_MAX`]; in an answer the same as in the request.
    pub conferences: Vec<ConferenceId>,
    /// The heads.
    pub chains: Vec<ChainHead>,
}

impl Heads {
    fn fit(&self) -> bool {
        self.conferences.len() <= HEADS_CONFERENCES_MAX && self.chains.len() <= HEADS_MAX
    }
}

/// How far one incarnation of one chain is held without a gap. After these heads a sender names, in the same form, links
/// in places that forked and the last one beyond a gap or break, so that who lacks one learns of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainHead {
    /// The conference.
    pub conference: ConferenceId,
    /// Whose chain.
    pub writer: Writer,
    /// Which incarnation.
    pub incarnation: Incarnation,
    /// The last place held without a gap; 0 if none.
    pub sequence: u64,
    /// The link there; none at place 0.
    pub id: Option<MessageId>,
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Shorter than its parts.
    #[error("the frame is cut off")]
    CutOff,
    /// Larger than allowed.
    #[error("the frame has {found} bytes, more than the {limit} allowed")]
    TooLarge {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The head is not one of this protocol.
    #[error("the head of the frame is not understood: {0}")]
    BadHead(String),
    /// More items than allowed.
    #[error("the frame lists more than {0} items")]
    TooMany(usize),
}

impl FrameError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::CutOff => "frame.cut-off",
            Self::TooLarge { .. } => "frame.too-large",
            Self::BadHead(_) => "frame.head",
            Self::TooMany(_) => "frame.too-many",
        }
    }
}

/// Writes a frame.
///
/// # Errors
/// [`FrameError`] if it exceeds a bound.
pub fn encode(head: &impl Serialize, tail: &[u8]) -> Result<Vec<u8>, FrameError> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, head).map_err(|e| FrameError::BadHead(e.to_string()))?;
    let length = bytes.len() - 4;
    let prefix = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    bytes.splice(..4, prefix);
    bytes.extend_from_slice(tail);
    if length > HEAD_BYTES_MAX || bytes.len() > FRAME_BYTES_MAX {
        return Err(FrameError::TooLarge { found: bytes.len(), limit: FRAME_BYTES_MAX });
    }
    Ok(bytes)
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), FrameError> {
    if bytes.len() > FRAME_BYTES_MAX {
        return Err(FrameError::TooLarge { found: bytes.len(), limit: FRAME_BYTES_MAX });
    }
    let (prefix, rest) = bytes.split_first_chunk::<4>().ok_or(FrameError::CutOff)?;
    let length = usize::try_from(u32::from_be_bytes(*prefix)).unwrap_or(usize::MAX);
    if length > HEAD_BYTES_MAX {
        return Err(FrameError::TooLarge { found: length, limit: HEAD_BYTES_MAX });
    }
    let (head, tail) = rest.split_at_checked(length).ok_or(FrameError::CutOff)?;
    let head = serde_json::from_slice(head).map_err(|e| FrameError::BadHead(e.to_string()))?;
    Ok((head, tail))
}

/// Reads a request and its tail.
///
/// # Errors
/// [`FrameError`] for the first thing that is wrong.
pub fn decode_request(bytes: &[u8]) -> Result<(Request, &[u8]), FrameError> {
    let (request, tail) = decode(bytes)?;
    let fits = match &request {
        Request::Deliver { links } => links.len() <= FRAME_LINKS_MAX,
        Request::Receipts { receipts } => receipts.len() <= FRAME_RECEIPTS_MAX,
        Request::Heads(heads) => heads.fit(),
        _ => true,
    };
    if fits { Ok((request, tail)) } else { Err(FrameError::TooMany(FRAME_LINKS_MAX)) }
}

/// Reads an answer and its tail.
///
/// # Errors
/// [`FrameError`] for the first thing that is wrong.
pub fn decode_answer(bytes: &[u8]) -> Result<(Answer, &[u8]), FrameError> {
    let (answer, tail) = decode(bytes)?;
    let fits = match &answer {
        Answer::Links { links, .. } => links.len() <= FRAME_LINKS_MAX,
        Answer::Heads(heads) => heads.fit(),
        Answer::Delivered { receipts, retry } => receipts.len() + retry.len() <= FRAME_RECEIPTS_MAX,
        _ => true,
    };
    if fits { Ok((answer, tail)) } else { Err(FrameError::TooMany(FRAME_LINKS_MAX)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_went() {
        let request = Request::Bundle { digest: Digest::of(b"x") };
        let bytes = encode(&request, b"tail").unwrap();
        assert_eq!(decode_request(&bytes).unwrap(), (request, b"tail".as_slice()));
    }

    #[test]
    fn cut_large_foreign_and_overfull_frames_are_refused() {
        let bytes = encode(&Answer::Noted {}, b"").unwrap();
        assert_eq!(decode_answer(&bytes[..3]).unwrap_err(), FrameError::CutOff);
        assert_eq!(decode_answer(&bytes[..8]).unwrap_err(), FrameError::CutOff);
        let huge = [0xff; 64];
        assert!(matches!(decode_request(&huge).unwrap_err(), FrameError::TooLarge { .. }));
        let foreign = encode(&serde_json::json!({"request": "shutdown"}), b"").unwrap();
        assert!(matches!(decode_request(&foreign).unwrap_err(), FrameError::BadHead(_)));
        let full = Request::Deliver { links: vec![String::new(); FRAME_LINKS_MAX + 1] };
        let bytes = encode(&full, b"").unwrap();
        assert_eq!(decode_request(&bytes).unwrap_err(), FrameError::TooMany(FRAME_LINKS_MAX));
        assert!(encode(&Answer::Document {}, &vec![0; FRAME_BYTES_MAX]).is_err());
    }
}
