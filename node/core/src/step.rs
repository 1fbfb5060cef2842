//! Input -> Step: the vocabulary between the core and whatever runs it.

use concerto_exchange::delivery::Monotonic;
use concerto_message::{Audience, ConferenceId, MessageId, SignatureCheck, Writer};
use concerto_port::{DocumentStore, JournalRead, PeerFailure, Random, Signer, Write};
use concerto_procedure::acts::Act;
use jiff::Timestamp;
use serde_json::Value;

use crate::fault::Fault;

/// What a step may consult: everything is an argument, nothing is ambient.
pub struct World<'a> {
    /// The journal as of this step, with what the same transaction wrote before.
    pub journal: &'a dyn JournalRead,
    /// Bodies and documents. Storing is idempotent by content, so it needs no transaction.
    pub documents: &'a dyn DocumentStore,
    /// This node's message key.
    pub signer: &'a dyn Signer,
    /// Checks signatures.
    pub check: &'a dyn SignatureCheck,
    /// Random bits for salts and identifiers.
    pub random: &'a dyn Random,
    /// Wall clock (UTC), for evidence.
    pub now: Timestamp,
    /// Monotonic clock, for retries.
    pub monotonic: Monotonic,
}

/// Something that happened.
#[derive(Debug)]
pub enum Input {
    /// An official, or a program for one, orders something.
    Order {
        /// Names the reply.
        token: u64,
        /// The order.
        order: Box<Order>,
    },
    /// A configured peer connected; the transport proved its identity.
    Connected {
        /// The peer.
        peer: Writer,
        /// Its transport identity.
        peer_id: String,
    },
    /// The last connection of a peer closed.
    Disconnected {
        /// The peer.
        peer: Writer,
    },
    /// A peer asks.
    Request {
        /// Who.
        from: Writer,
        /// Names the answer.
        token: u64,
        /// The frame.
        frame: Vec<u8>,
    },
    /// A peer answered one of our requests, or will not.
    Answer {
        /// Who.
        from: Writer,
        /// The token of the request.
        token: u64,
        /// The frame, or why there is none.
        result: Result<Vec<u8>, PeerFailure>,
    },
    /// Time passed (several times a second).
    Tick,
}

/// An order.
#[derive(Debug, Clone)]
pub enum Order {
    /// Opens a conference with its notice.
    Open {
        /// Must be a `Notice`.
        act: Act,
        /// The text.
        body: Option<Value>,
        /// The documents.
        documents: Vec<NewDocument>,
    },
    /// Writes an act on this node's chain.
    Send {
        /// The conference.
        conference: ConferenceId,
        /// The act.
        act: Act,
        /// The text.
        body: Option<Value>,
        /// Who may see the text.
        body_audience: Audience,
        /// The documents.
        documents: Vec<NewDocument>,
        /// Reply only when every participant with a node has given its *accepted* receipt.
        wait: bool,
    },
    /// Tells the digest of every state held in memory, to compare it with its recomputation.
    StateDigests,
}

/// A document to be listed by a new link.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// Media type (RFC 6838).
    pub media_type: String,
    /// Who may see it.
    pub audience: Audience,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The reply to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The act is signed, durable and on its way.
    Sent {
        /// The conference.
        conference: ConferenceId,
        /// The message.
        message: MessageId,
        /// What the official should know (code and text).
        warnings: Vec<Fault>,
    },
    /// Digests of the states in memory: SHA-256 of their JSON.
    StateDigests(Vec<(ConferenceId, concerto_message::Digest)>),
}

/// Something to do, only after the commit.
#[derive(Debug)]
pub enum Effect {
    /// Reply to an order.
    Reply {
        /// Its token.
        token: u64,
        /// The reply.
        result: Result<Reply, Fault>,
    },
    /// Ask a peer.
    Ask {
        /// Whom.
        to: Writer,
        /// Names the answer.
        token: u64,
        /// The frame.
        frame: Vec<u8>,
    },
    /// Answer a peer.
    Respond {
        /// The token of its request.
        token: u64,
        /// The frame.
        frame: Vec<u8>,
    },
}

/// What one input leads to.
#[derive(Debug, Default)]
pub struct Step {
    /// Changes, all durable or none.
    pub commit: Vec<Write>,
    /// What to do once they are durable.
    pub effects: Vec<Effect>,
}
