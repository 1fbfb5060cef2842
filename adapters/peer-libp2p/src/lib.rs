//! Frames between nodes over libp2p (protocols/PROTOCOL.md, "Exchange"): TCP with TLS 1.3 or Noise and Yamux, and QUIC.
//!
//! A frame is opaque bytes; a request is one stream with one frame each way. Peers are known from the federation only: an
//! unknown one is refused at the end of the handshake, before any stream of it is accepted, and nothing but the configured
//! addresses is ever dialled: no discovery, no DNS, no address that a peer tells.
//!
//! Everything is bounded: commands ([`COMMANDS_MAX`]), requests in flight to one peer ([`IN_FLIGHT_PER_PEER_MAX`]), unanswered
//! requests of peers ([`UNANSWERED_MAX`], [`UNANSWERED_PER_PEER_MAX`]), bytes held for the node ([`TransportConfig`]), streams of
//! peers ([`INCOMING_STREAMS_MAX`], [`INCOMING_STREAMS_PER_PEER_MAX`]), and of all these what one peer may take (`lane.rs`), so that a bad
//! peer holds up itself. Large documents have streams of their own ([`DocumentStream`]). What a peer does wrong here has a code, which the
//! log says once a minute with the number of times: `peer.unknown`, `peer.connections`, `peer.calls`, `peer.handshake`,
//! `peer.frame.too-large`, `peer.frame.cut-off`, `peer.frame.slow`, `peer.frame.no-room`, `peer.reads-slowly`.

mod codec;
mod config;
mod driver;
mod gate;
mod identity;
mod lane;
mod link;
mod peers;
mod queue;
mod streams;
mod swarm;

pub use config::{FRAME_BYTES_MAX_DEFAULT, KnownPeer, REQUEST_BYTES_MAX, TransportConfig, TransportError};
pub use identity::{PeerIdentity, peer_id_of_public_key};
pub use link::Libp2pLink;
pub use streams::{
    DOCUMENT_PROTOCOL, DocumentStream, INCOMING_STREAMS_MAX, INCOMING_STREAMS_PER_PEER_MAX, IncomingStream,
};

use concerto_port::PeerEvent;
use libp2p::StreamProtocol;
use tokio::sync::mpsc;

/// Most commands that wait for the transport; further ones are refused as busy.
pub const COMMANDS_MAX: usize = 1024;
/// Most requests to one peer without an answer yet; further ones are refused as busy.
pub const IN_FLIGHT_PER_PEER_MAX: usize = 256;
/// Most requests of all peers that the node has not answered yet; further ones are dropped.
pub const UNANSWERED_MAX: usize = 1024;
/// Most requests of one peer that the node has not answered yet; further ones wait, unread.
pub const UNANSWERED_PER_PEER_MAX: usize = 128;

/// Starts the transport as a task of the current tokio runtime. It ends when every clone of the link is dropped, when the
/// receiver of the events is dropped, or at [`Libp2pLink::close`].
///
/// # Errors
/// [`TransportError`] when the configuration is not usable or an address cannot be listened on.
///
/// # Panics
/// Outside a tokio runtime.
pub fn spawn(config: TransportConfig, events: mpsc::Sender<PeerEvent>) -> Result<Libp2pLink, TransportError> {
    let peers = peers::Peers::new(&config)?;
    let (swarm, listeners) = swarm::build(&config, peers.entrance())?;
    let mut control = swarm.behaviour().streams.new_control();
    let accepted = control.accept(StreamProtocol::new(DOCUMENT_PROTOCOL));
    let incoming = accepted.map_err(|_| TransportError::Setup("the streams are taken already".into()))?;
    let (acceptor, streams) = streams::Acceptor::new(&peers);
    let (link, ends) = Libp2pLink::new(&peers, &swarm, (control, streams), listeners.is_empty());
    tokio::spawn(acceptor.run(incoming, ends.closing.clone()));
    let driver = driver::Driver::new(swarm, listeners, peers, events, ends, &config);
    tokio::spawn(driver.run());
    Ok(link)
}

#[cfg(test)]
#[path = "lib_tests.rs"]
mod tests;
