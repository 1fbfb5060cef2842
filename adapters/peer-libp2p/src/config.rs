//! What the transport must be told, and why it may refuse to start.

use std::time::Duration;

use concerto_message::Writer;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use crate::identity::PeerIdentity;

/// Default bound of one frame: a document of 8 MiB with its envelope.
pub const FRAME_BYTES_MAX_DEFAULT: usize = 9 * 1024 * 1024 + 64 * 1024;

/// Greatest request: the head of a frame and a trust bundle. Only answers carry documents.
pub const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024 + 128 * 1024;

/// A peer of the federation: the only kind that is dialled or let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPeer {
    /// Its writer, under which its events are reported.
    pub name: Writer,
    /// Its transport identity.
    pub peer_id: String,
    /// Where it may be dialled (multiaddr); empty for a peer that only dials.
    pub addresses: Vec<String>,
}

/// The configuration of the transport.
#[derive(Debug, Clone)]
pub struct TransportConfig {
    /// The node's transport key.
    pub identity: PeerIdentity,
    /// Where to listen (multiaddr, TCP and QUIC; port 0 lets the system choose); may be empty.
    pub listen: Vec<String>,
    /// The peers of the federation, without the node itself.
    pub peers: Vec<KnownPeer>,
    /// Greatest frame sent or accepted, in bytes.
    pub frame_bytes_max: usize,
    /// Greatest sum of the frames received and not yet handed to the node, in bytes; at least two greatest frames.
    pub received_bytes_max: usize,
    /// How long a request may wait for its answer.
    pub request_timeout: Duration,
    /// How long a handshake may last, in either direction.
    pub handshake_timeout: Duration,
    /// The first delay before a lost peer is dialled again; it doubles up to `redial_delay_max`.
    pub redial_delay_min: Duration,
    /// The greatest delay between two attempts to dial.
    pub redial_delay_max: Duration,
}

impl TransportConfig {
    /// Greatest request, in bytes, head included.
    pub(crate) fn request_bytes_max(&self) -> usize {
        self.frame_bytes_max.min(REQUEST_BYTES_MAX)
    }

    /// The defaults: frames of 9 MiB and a margin, 30 s for an answer, 5 s for a handshake, redial after 250 ms to 4 s.
    pub fn new(identity: PeerIdentity) -> Self {
        Self {
            identity,
            listen: Vec::new(),
            peers: Vec::new(),
            frame_bytes_max: FRAME_BYTES_MAX_DEFAULT,
            received_bytes_max: 8 * FRAME_BYTES_MAX_DEFAULT,
            request_timeout: Duration::from_secs(30),
            handshake_timeout: Duration::from_secs(5),
            redial_delay_min: Duration::from_millis(250),
            redial_delay_max: Duration::from_secs(4),
        }
    }
}

/// Why the transport does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The transport key is not usable.
    #[error("the transport key is not an Ed25519 key")]
    Identity,
    /// A peer id that is none.
    #[error("the peer id `{peer_id}` of {peer} is not valid")]
    PeerId {
        /// The peer.
        peer: Writer,
        /// What stands in its place.
        peer_id: String,
    },
    /// Two peers with one name or one identity, or the node among its peers.
    #[error("{peer} is listed twice, shares its peer id with another peer, or has the identity of this node")]
    DuplicatePeer {
        /// The second one.
        peer: Writer,
    },
    /// An address that is not IP with TCP or QUIC.
    #[error("the address `{address}` is not /ip4 or /ip6 with /tcp/PORT or /udp/PORT/quic-v1")]
    Address {
        /// The address.
        address: String,
    },
    /// The `/p2p` part of an address names another peer.
    #[error("the address `{address}` names another peer id than its peer's")]
    AddressOfAnother {
        /// The address.
        address: String,
    },
    /// The system does not let the node listen there.
    #[error("cannot listen on `{address}`: {reason}")]
    Listen {
        /// The address.
        address: String,
        /// What the system says.
        reason: String,
    },
    /// The cryptographic set-up failed.
    #[error("the transport cannot be set up: {0}")]
    Setup(String),
}

impl TransportError {
    /// A stable code for logs and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Identity => "peer.identity",
            Self::PeerId { .. } => "peer.peer-id",
            Self::DuplicatePeer { .. } => "peer.duplicate",
            Self::Address { .. } => "peer.address",
            Self::AddressOfAnother { .. } => "peer.address.other",
            Self::Listen { .. } => "peer.listen",
            Self::Setup(_) => "peer.setup",
        }
    }
}

/// Reads an address; a `/p2p` part must name `owner` and is taken off.
pub(crate) fn parse_address(text: &str, owner: PeerId) -> Result<Multiaddr, TransportError> {
    let refused = || TransportError::Address { address: text.to_owned() };
    let mut address: Multiaddr = text.parse().map_err(|_| refused())?;
    if let Some(Protocol::P2p(named)) = address.iter().last() {
        if named != owner {
            return Err(TransportError::AddressOfAnother { address: text.to_owned() });
        }
        address.pop();
    }
    let parts: Vec<Protocol<'_>> = address.iter().collect();
    match parts.as_slice() {
        [Protocol::Ip4(_) | Protocol::Ip6(_), Protocol::Tcp(_)]
        | [Protocol::Ip4(_) | Protocol::Ip6(_), Protocol::Udp(_), Protocol::QuicV1] => Ok(address),
        _ => Err(refused()),
    }
}
