//! Input -> Step: the vocabulary between the core and whatever runs it.

use concerto_exchange::delivery::Monotonic;
use concerto_exchange::transfer::FetchFailure;
use concerto_message::{Audience, ConferenceId, Digest, Listed, MessageId, Salt, SignatureCheck, Writer};
use concerto_port::{DocumentStore, JournalRead, PeerFailure, Random, Signer, Write};
use concerto_procedure::acts::{Act, Behalf};
use jiff::Timestamp;
use serde_json::Value;

use crate::continuity::Mark;
use crate::fault::Fault;

/// How much of the journal and the documents can be written now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Storage {
    /// Everything.
    #[default]
    Open,
    /// The disk is full and the reserve is released: only what must be written is (receipts for what is durable, alarms, marks).
    Reserve,
    /// Nothing: the disk fails, or even the reserve is used up. Reading goes on.
    ReadOnly,
}

impl Storage {
    /// Why nothing new is taken, if so: a code that peers take for *try again later*.
    pub fn refusal(self) -> Option<Fault> {
        match self {
            Self::Open => None,
            Self::Reserve => Some(store_full()),
            Self::ReadOnly => Some(store_failed()),
        }
    }

    /// Why nothing at all can be written, if so.
    pub fn read_only(self) -> Option<Fault> {
        (self == Self::ReadOnly).then(store_failed)
    }
}

/// The disk is full.
pub fn store_full() -> Fault {
    Fault::new(
        STORE_FULL,
        "Il disco del nodo è pieno: nulla è stato fatto. Liberare spazio: il nodo riprende da sé entro dieci secondi; poi riprovare.",
        "The node's disk is full: nothing was done. Free some space: the node goes on by itself within ten seconds; then try again.",
    )
}

/// The store cannot be written.
pub fn store_failed() -> Fault {
    Fault::new(
        STORE_FAILED,
        "L'archivio del nodo non ha potuto scrivere: nulla è stato fatto. Controllare spazio, permessi e stato del disco, poi riprovare.",
        "The node's store could not write: nothing was done. Check the disk's space, permissions and health, then try again.",
    )
}

/// Code of a refusal for want of space (HTTP 507 in an API).
pub const STORE_FULL: &str = "store.full";
/// Code of a refusal because the store cannot be written.
pub const STORE_FAILED: &str = "store.failed";

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
    /// What can be written.
    pub storage: Storage,
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
    /// A peer opened a stream for a document.
    DocumentAsked {
        /// Who.
        from: Writer,
        /// Names the answer.
        token: u64,
        /// The link that lists it.
        message: MessageId,
        /// The document.
        digest: Digest,
    },
    /// A stream that [`Effect::Fetch`] began ended.
    Fetched {
        /// The source.
        from: Writer,
        /// The token of the effect.
        token: u64,
        /// The document is stored, or why not.
        result: Result<(), FetchFailure>,
    },
    /// Time passed (several times a second).
    Tick,
    /// Something that was held was put aside: what is missing is looked for and wanted again.
    LookAgain,
}

/// An order.
#[derive(Debug, Clone)]
pub enum Order {
    /// Opens a conference with its notice.
    Open {
        /// A `Notice`, or the `ConveningRequest` that comes before it.
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
        /// The body without a node whose act it is, and the record that shows it; none for an act of one's own.
        behalf: Option<Behalf>,
        /// The text.
        body: Option<Value>,
        /// Who may see the text.
        body_audience: Audience,
        /// The documents.
        documents: Vec<NewDocument>,
        /// Reply only when every participant with a node has given its *accepted* receipt.
        wait: bool,
    },
    /// An order that is carried out once: when its key comes again, the first answer is given again (see [`crate::once`]).
    Once {
        /// The key, of whoever orders.
        key: Digest,
        /// Digest of what was ordered, as it was ordered.
        request: Digest,
        /// The order.
        order: Box<Order>,
    },
    /// Takes a link that came by certified mail, as if the node of its author had delivered it.
    Mailed {
        /// The link.
        link: String,
        /// The trust bundle that its header names, if it came along.
        bundle: Option<Vec<u8>>,
    },
    /// Takes a body or document of a link that is held, which came by certified mail.
    MailedDocument {
        /// The link that lists it.
        message: MessageId,
        /// Under which digest.
        digest: Digest,
        /// Its salt.
        salt: Salt,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// Tells the digest of every state held in memory, to compare it with its recomputation.
    StateDigests,
    /// An operator says that the clock is right as it stands.
    ConfirmClock,
}

/// A document to be listed by a new link.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// Media type (RFC 6838).
    pub media_type: String,
    /// Who may see it.
    pub audience: Audience,
    /// The bytes.
    pub content: Content,
}

/// The bytes of a new document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Here, of a small document.
    Bytes(Vec<u8>),
    /// In the document store already, under this digest.
    Held(Digest),
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
    /// A link that came by certified mail is held.
    Held {
        /// The conference.
        conference: ConferenceId,
        /// The message.
        message: MessageId,
        /// Whether this node did not hold it before.
        new: bool,
    },
    /// Digests of the states in memory: SHA-256 of their JSON.
    StateDigests(Vec<(ConferenceId, Digest)>),
    /// It is done.
    Done,
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
    /// Fetch a document from a peer in a stream, into the document store; exactly one [`Input::Fetched`] follows.
    Fetch {
        /// The source.
        from: Writer,
        /// Names the end.
        token: u64,
        /// The link that lists it.
        message: MessageId,
        /// What the bytes are checked against.
        document: Listed,
    },
    /// Serve a document to a peer that opened a stream, or refuse it.
    Serve {
        /// The token of [`Input::DocumentAsked`].
        token: u64,
        /// The document, as the link lists it, or why it is not served.
        result: Result<Listed, ServeRefusal>,
    },
}

/// Why a document is not served to a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServeRefusal {
    /// A stable code.
    pub code: &'static str,
    /// Why, for people.
    pub reason: &'static str,
}

impl ServeRefusal {
    /// The peer's greeting was not verified.
    pub const GREETING: Self =
        Self { code: "hello.required", reason: "a greeting must be verified before anything else" };
    /// The document does not exist, is not held, or is not for this peer: which of them is nobody's business.
    pub const UNAVAILABLE: Self =
        Self { code: "document.unavailable", reason: "no such document for this peer" };
    /// The document has one chunk and travels in a frame.
    pub const SMALL: Self = Self { code: "document.small", reason: "this document travels in a frame" };
    /// The document is too large for a frame.
    pub const LARGE: Self = Self { code: "document.large", reason: "this document travels in a stream" };
}

/// What one input leads to.
#[derive(Debug, Default)]
pub struct Step {
    /// Changes, all durable or none.
    pub commit: Vec<Write>,
    /// What to note outside of the journal once they are durable, before any effect.
    pub mark: Option<Mark>,
    /// What to do once they are durable.
    pub effects: Vec<Effect>,
}
