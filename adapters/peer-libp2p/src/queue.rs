//! What waits for the node: requests, answers and reports of connections, in order, every kind bounded by its own table.
//!
//! A peer that comes and goes while the node does not listen takes one place: the report says what is true when it is
//! delivered, and a series of connections that ended is always reported as such before the next one.

use std::collections::VecDeque;

use concerto_message::Writer;
use concerto_port::{PeerEvent, PeerFailure};

use crate::codec::Frame;
use crate::peers::Peers;

/// One thing that waits.
#[derive(Debug)]
pub(crate) enum Waiting {
    /// The connection state of a peer changed.
    Report(usize),
    /// A peer asks.
    Request { peer: usize, token: u64, frame: Vec<u8> },
    /// A peer answered, or will not.
    Answer { peer: usize, token: u64, result: Result<Frame, PeerFailure> },
    /// There is no such peer.
    Stranger { to: Writer, token: u64 },
}

/// The queue towards the node.
#[derive(Debug, Default)]
pub(crate) struct Queue(VecDeque<Waiting>);

impl Queue {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, waiting: Waiting) {
        self.0.push_back(waiting);
    }

    /// Reports the state of a peer once the node listens.
    pub(crate) fn report(&mut self, peers: &mut Peers, index: usize) {
        if let Some(peer) = peers.at_mut(index)
            && !std::mem::replace(&mut peer.report_queued, true)
        {
            self.0.push_back(Waiting::Report(index));
        }
    }

    /// Forgets a request whose answer could no longer be sent.
    pub(crate) fn forget_request(&mut self, gone: u64) {
        self.0.retain(|w| !matches!(w, Waiting::Request { token, .. } if *token == gone));
    }

    /// The next event for the node; an answered request gives its place free.
    pub(crate) fn next(&mut self, peers: &mut Peers) -> Option<PeerEvent> {
        while let Some(waiting) = self.0.pop_front() {
            let event = match waiting {
                Waiting::Report(index) => self.report_event(peers, index),
                Waiting::Request { peer, token, frame } => {
                    peers.at(peer).map(|p| PeerEvent::Request { from: p.name.clone(), token, frame })
                }
                Waiting::Answer { peer, token, result } => {
                    peers.answered(peer);
                    let result = result.map(Frame::into_bytes);
                    peers.at(peer).map(|p| PeerEvent::Answer { from: p.name.clone(), token, result })
                }
                Waiting::Stranger { to, token } => {
                    Some(PeerEvent::Answer { from: to, token, result: Err(PeerFailure::NotConnected) })
                }
            };
            if event.is_some() {
                return event;
            }
        }
        None
    }

    fn report_event(&mut self, peers: &mut Peers, index: usize) -> Option<PeerEvent> {
        let peer = peers.at_mut(index)?;
        peer.report_queued = false;
        if peer.reported == peer.session {
            return None;
        }
        if peer.reported.take().is_some() {
            if peer.session.is_some() {
                peer.report_queued = true;
                self.0.push_front(Waiting::Report(index));
            }
            return Some(PeerEvent::Disconnected { peer: peer.name.clone() });
        }
        peer.reported = peer.session;
        Some(PeerEvent::Connected { peer: peer.name.clone(), peer_id: peer.peer_id.to_base58() })
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
