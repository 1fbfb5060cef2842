//! Frames to and from peers over whatever carries them. A frame is opaque here.

use concerto_message::Writer;

/// The queue towards the transport is full; the caller keeps the frame and tries later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the queue to the transport is full")]
pub struct PeerBusy;

/// Why a request has no answer. After a time-out nobody knows whether the peer acted: senders send again, receivers deduplicate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerFailure {
    /// No connection, or it closed before the answer.
    #[error("not connected")]
    NotConnected,
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The peer does not speak this protocol, or broke its bounds.
    #[error("the peer does not speak the protocol: {0}")]
    Protocol(String),
}

/// What the transport reports.
#[derive(Debug)]
pub enum PeerEvent {
    /// A configured peer is connected (its first connection); the transport proved `peer_id`.
    Connected {
        /// The peer.
        peer: Writer,
        /// Its transport identity as text.
        peer_id: String,
    },
    /// The last connection to a peer closed.
    Disconnected {
        /// The peer.
        peer: Writer,
    },
    /// A peer asks; answer with [`PeerLink::respond`] and this token.
    Request {
        /// Who asks.
        from: Writer,
        /// Names the answer.
        token: u64,
        /// The frame.
        frame: Vec<u8>,
    },
    /// A peer answered, or will not.
    Answer {
        /// Who was asked.
        from: Writer,
        /// The token given to [`PeerLink::request`].
        token: u64,
        /// The frame, or why there is none.
        result: Result<Vec<u8>, PeerFailure>,
    },
}

/// The way to peers. Calls never block: they enqueue within a bound or refuse.
pub trait PeerLink: Send + Sync {
    /// Sends a request; one [`PeerEvent::Answer`] with the token follows, whatever happens.
    ///
    /// # Errors
    /// [`PeerBusy`].
    fn request(&self, to: &Writer, token: u64, frame: Vec<u8>) -> Result<(), PeerBusy>;
    /// Answers a request; lost without notice if its connection is gone.
    ///
    /// # Errors
    /// [`PeerBusy`].
    fn respond(&self, token: u64, frame: Vec<u8>) -> Result<(), PeerBusy>;
}
