//! The node's handle on the transport: calls that enqueue within a bound or refuse, and never wait.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use concerto_message::Writer;
use concerto_port::{PeerBusy, PeerLink};
use libp2p::PeerId;
use tokio::sync::{mpsc, watch};

use crate::peers::Peers;
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
#[derive(Debug, Clone)]
pub struct Libp2pLink {
    commands: mpsc::Sender<Command>,
    known: Arc<HashMap<Writer, Known>>,
    listening: watch::Receiver<Listening>,
    closing: Arc<watch::Sender<bool>>,
    peer_id: PeerId,
}

#[derive(Debug)]
struct Known {
    index: usize,
    in_flight: Arc<AtomicUsize>,
}

impl Libp2pLink {
    pub(crate) fn new(peer_id: PeerId, peers: &Peers, settled: bool) -> (Self, LinkEnds) {
        let (commands_in, commands) = mpsc::channel(COMMANDS_MAX);
        let (listening, listening_out) = watch::channel(Listening { addresses: Vec::new(), settled });
        let (closing_in, closing) = watch::channel(false);
        let entry = |(index, peer): (usize, &crate::peers::Peer)| {
            (peer.name.clone(), Known { index, in_flight: Arc::clone(&peer.in_flight) })
        };
        let link = Self {
            commands: commands_in,
            known: Arc::new(peers.iter().enumerate().map(entry).collect()),
            listening: listening_out,
            closing: Arc::new(closing_in),
            peer_id,
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
