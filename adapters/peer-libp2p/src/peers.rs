//! The table of known peers: who is connected, and when to dial who is not.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use concerto_message::Writer;
use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use crate::config::{TransportConfig, TransportError, parse_address};
use crate::lane::{Entrance, Lane};

/// Shortest pause between the end of an attempt and the next one.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// One peer.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) name: Writer,
    pub(crate) peer_id: PeerId,
    pub(crate) addresses: Vec<Multiaddr>,
    /// What it may have under way.
    pub(crate) lane: Arc<Lane>,
    /// Requests sent and not answered, shared with the link.
    pub(crate) in_flight: Arc<AtomicUsize>,
    /// Whether there is a connection, shared with the link.
    pub(crate) is_connected: Arc<AtomicBool>,
    /// Requests received and not answered.
    pub(crate) unanswered: usize,
    /// Which series of connections is open now; `None` while there is none.
    pub(crate) session: Option<u64>,
    /// Which series the node was told of.
    pub(crate) reported: Option<u64>,
    /// Whether a report waits in the queue.
    pub(crate) report_queued: bool,
    delay: Duration,
    since: Option<Instant>,
    dialled: Option<Instant>,
    dial_at: Option<Instant>,
}

/// All peers.
#[derive(Debug)]
pub(crate) struct Peers {
    all: Vec<Peer>,
    by_id: HashMap<PeerId, usize>,
    delay_min: Duration,
    delay_max: Duration,
    sessions: u64,
}

impl Peers {
    pub(crate) fn new(config: &TransportConfig) -> Result<Self, TransportError> {
        let own = config.identity.keypair().public().to_peer_id();
        let mut peers = Self {
            all: Vec::new(),
            by_id: HashMap::new(),
            delay_min: config.redial_delay_min,
            delay_max: config.redial_delay_max,
            sessions: 0,
        };
        let now = Instant::now();
        let mut names = HashSet::new();
        for known in &config.peers {
            let peer_id: PeerId = known.peer_id.parse().map_err(|_| TransportError::PeerId {
                peer: known.name.clone(),
                peer_id: known.peer_id.clone(),
            })?;
            let addresses: Vec<Multiaddr> =
                known.addresses.iter().map(|a| parse_address(a, peer_id)).collect::<Result<_, _>>()?;
            let index = peers.all.len();
            let twice = peers.by_id.insert(peer_id, index).is_some() || !names.insert(&known.name);
            if twice || peer_id == own {
                return Err(TransportError::DuplicatePeer { peer: known.name.clone() });
            }
            peers.all.push(Peer {
                name: known.name.clone(),
                peer_id,
                lane: lane(&known.name, config),
                dial_at: (!addresses.is_empty()).then_some(now),
                addresses,
                in_flight: Arc::new(AtomicUsize::new(0)),
                is_connected: Arc::default(),
                unanswered: 0,
                session: None,
                reported: None,
                report_queued: false,
                delay: config.redial_delay_min,
                since: None,
                dialled: None,
            });
        }
        Ok(peers)
    }

    /// Where peers are named before their frames are read.
    pub(crate) fn entrance(&self) -> Arc<Entrance> {
        let lanes = self.all.iter().map(|peer| (peer.peer_id, Arc::clone(&peer.lane))).collect();
        Entrance::new(lanes, Lane::new("-".to_owned(), 0, 0))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.all.iter()
    }

    pub(crate) fn at(&self, index: usize) -> Option<&Peer> {
        self.all.get(index)
    }

    pub(crate) fn at_mut(&mut self, index: usize) -> Option<&mut Peer> {
        self.all.get_mut(index)
    }

    pub(crate) fn index_of(&self, peer_id: &PeerId) -> Option<usize> {
        self.by_id.get(peer_id).copied()
    }

    /// One request more is answered.
    pub(crate) fn answered(&mut self, index: usize) {
        if let Some(peer) = self.all.get(index) {
            let _ = peer.in_flight.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| n.checked_sub(1));
        }
    }

    /// The first connection is open.
    pub(crate) fn connected(&mut self, index: usize, now: Instant) {
        self.sessions += 1;
        let session = self.sessions;
        if let Some(peer) = self.all.get_mut(index) {
            peer.session = Some(session);
            peer.is_connected.store(true, Ordering::Release);
            peer.since = Some(now);
            peer.dial_at = None;
        }
    }

    /// The last connection closed. One that lasted starts again from the shortest delay; one that the peer closed at once (it
    /// does not know this node, say) counts as a failed attempt.
    pub(crate) fn disconnected(&mut self, index: usize, now: Instant) {
        let (delay_min, delay_max) = (self.delay_min, self.delay_max);
        let Some(peer) = self.all.get_mut(index) else { return };
        if peer.since.take().is_none_or(|since| now.duration_since(since) >= delay_max) {
            peer.delay = delay_min;
        }
        peer.session = None;
        peer.is_connected.store(false, Ordering::Release);
        peer.dial_at = (!peer.addresses.is_empty()).then_some(now + jittered(peer.delay));
        peer.delay = delay_max.min(peer.delay.saturating_mul(2));
    }

    /// An attempt to dial begins.
    pub(crate) fn dialling(&mut self, index: usize, now: Instant) {
        if let Some(peer) = self.all.get_mut(index) {
            peer.dialled = Some(now);
            peer.dial_at = None;
        }
    }

    /// An attempt failed: the next comes a growing delay after this one began.
    pub(crate) fn dial_failed(&mut self, index: usize, now: Instant) {
        let delay_max = self.delay_max;
        let Some(peer) = self.all.get_mut(index) else { return };
        if peer.session.is_some() || peer.addresses.is_empty() {
            return;
        }
        let due = peer.dialled.unwrap_or(now) + jittered(peer.delay);
        peer.dial_at = Some(due.max(now + PAUSE_MIN));
        peer.delay = delay_max.min(peer.delay.saturating_mul(2));
    }

    /// When the next attempt is due.
    pub(crate) fn next_dial(&self) -> Option<Instant> {
        self.all.iter().filter_map(|p| p.dial_at).min()
    }

    /// Who is to be dialled now.
    pub(crate) fn due(&self, now: Instant) -> Vec<usize> {
        let is_due = |p: &Peer| p.dial_at.is_some_and(|at| at <= now);
        self.all.iter().enumerate().filter(|(_, p)| is_due(p)).map(|(i, _)| i).collect()
    }
}

fn lane(name: &Writer, config: &TransportConfig) -> Arc<Lane> {
    Lane::new(name.to_string(), config.frame_bytes_max, config.request_bytes_max())
}

/// Between three quarters of `delay` and all of it, so that nodes that lost each other do not dial in step.
fn jittered(delay: Duration) -> Duration {
    let random = RandomState::new().hash_one(delay);
    let quarter = delay / 4;
    let part = u32::try_from(random % 1000).unwrap_or(0);
    delay.saturating_sub(quarter.saturating_mul(part) / 1000)
}

#[cfg(test)]
#[path = "peers_tests.rs"]
mod tests;
