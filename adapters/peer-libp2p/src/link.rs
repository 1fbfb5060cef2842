//! The node's handle on the transport: calls that enqueue within a bound or refuse, and never wait.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use concerto_message::Writer;
use concerto_port::{PeerBusy, PeerLink};
use libp2p::{PeerId, Swarm};
use libp2p_stream::Control;
use tokio::sync::{mpsc, watch};

use crate::peers::Peers;
use crate::streams::{self, DocumentStream, IncomingStream};
use crate::swarm::Behaviour;
use crate::{COMMANDS_MAX, IN_FLIGHT_PER_PEER_MAX};

/// What the node asks of the transport.
#[derive(Debug)]
pub(crate) enum Command {
    /// Send a frame to a known peer.
    Request { peer: usize, token: u64, frame: Vec<u8> },
    /// The same for a name that is not in the table.
    RequestStranger { to: Writer, token: u64 },
    /// Answer a request.
    Respond { token: u64, frame: Vec<u8> },
}

/// Where the node listens.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listening {
    pub(crate) addresses: Vec<String>,
    /// Every listener has said where it listens, or that it does not.
    pub(crate) settled: bool,
}

/// The driver's ends of the link's channels.
#[derive(Debug)]
pub(crate) struct LinkEnds {
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) listening: watch::Sender<Listening>,
    pub(crate) closing: watch::Receiver<bool>,
}

/// The way to peers over libp2p. Clones share one transport.
#[derive(Clone)]
pub struct Libp2pLink {
    commands: mpsc::Sender<Command>,
    known: Arc<HashMap<Writer, Known>>,
    listening: watch::Receiver<Listening>,
    closing: Arc<watch::Sender<bool>>,
    peer_id: PeerId,
    control: Control,
    streams: Arc<Mutex<Option<mpsc::Receiver<IncomingStream>>>>,
}

impl std::fmt::Debug for Libp2pLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Libp2pLink").field("peer_id", &self.peer_id).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Known {
    index: usize,
    peer_id: PeerId,
    in_flight: Arc<AtomicUsize>,
    is_connected: Arc<AtomicBool>,
}

impl Libp2pLink {
    pub(crate) fn new(
        peers: &Peers,
        swarm: &Swarm<Behaviour>,
        (control, streams): (Control, mpsc::Receiver<IncomingStream>),
        settled: bool,
    ) -> (Self, LinkEnds) {
        let (commands_in, commands) = mpsc::channel(COMMANDS_MAX);
        let (listening, listening_out) = watch::channel(Listening { addresses: Vec::new(), settled });
        let (closing_in, closing) = watch::channel(false);
        let entry = |(index, peer): (usize, &crate::peers::Peer)| {
            let (in_flight, is_connected) = (Arc::clone(&peer.in_flight), Arc::clone(&peer.is_connected));
            (peer.name.clone(), Known { index, peer_id: peer.peer_id, in_flight, is_connected })
        };
        let link = Self {
            commands: commands_in,
            known: Arc::new(peers.iter().enumerate().map(entry).collect()),
            listening: listening_out,
            closing: Arc::new(closing_in),
            peer_id: *swarm.local_peer_id(),
            control,
            streams: Arc::new(Mutex::new(Some(streams))),
        };
        (link, LinkEnds { commands, listening, closing })
    }

    /// The transport identity of this node as text.
    pub fn peer_id(&self) -> String {
        self.peer_id.to_base58()
    }

    /// Waits until every listener has its port, and says where the node listens (without the `/p2p` part).
    pub async fn listen_addresses(&self) -> Vec<String> {
        let mut listening = self.listening.clone();
        match listening.wait_for(|l| l.settled).await {
            Ok(settled) => settled.addresses.clone(),
            Err(_) => Vec::new(),
        }
    }

    /// Ends the transport: connections are closed, and requests without an answer are answered as not connected.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Waits until the transport has ended and its ports are free.
    pub async fn closed(&self) {
        let mut listening = self.listening.clone();
        while listening.changed().await.is_ok() {}
    }

    /// Opens a document stream to a connected peer. Nobody is dialled for it.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotConnected`], [`io::ErrorKind::TimedOut`], or what the connection says; a peer that does not know the
    /// protocol may show only at the first reading ([`io::ErrorKind::Unsupported`]).
    pub async fn open_stream(&self, peer: &Writer) -> io::Result<DocumentStream> {
        let known = self.known.get(peer).filter(|known| known.is_connected.load(Ordering::Acquire));
        let known = known.ok_or(io::ErrorKind::NotConnected)?;
        streams::open(self.control.clone(), known.peer_id).await
    }

    /// The streams that peers open; whoever asks first gets them.
    pub fn incoming_streams(&self) -> Option<mpsc::Receiver<IncomingStream>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    #[cfg(test)]
    pub(crate) fn streams_control(&self) -> Control {
        self.control.clone()
    }

    fn enqueue(&self, command: Command) -> Result<(), PeerBusy> {
        self.commands.try_send(command).map_err(|_| PeerBusy)
    }
}

impl PeerLink for Libp2pLink {
    fn request(&self, to: &Writer, token: u64, frame: Vec<u8>) -> Result<(), PeerBusy> {
        let Some(known) = self.known.get(to) else {
            return self.enqueue(Command::RequestStranger { to: to.clone(), token });
        };
        known
            .in_flight
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| {
                (n < IN_FLIGHT_PER_PEER_MAX).then_some(n + 1)
            })
            .map_err(|_| PeerBusy)?;
        self.enqueue(Command::Request { peer: known.index, token, frame }).inspect_err(|_| {
            known.in_flight.fetch_sub(1, Ordering::AcqRel);
        })
    }

    fn respond(&self, token: u64, frame: Vec<u8>) -> Result<(), PeerBusy> {
        self.enqueue(Command::Respond { token, frame })
    }
}
