//! When a message is sent, and when again: the part of the outbox that is not durable.
//!
//! The durable outbox is the journal's; this machine holds a bounded window of it for each peer. Between peers nothing blocks, and
//! one message that a peer will not store yet does not hold up the next. After a request without an answer nobody knows
//! whether the peer acted: the message is sent again and the peer deduplicates.

use concerto_message::{Digest, MessageId, Writer};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::frame::FRAME_LINKS_MAX;

/// Monotonic time since the node started; never the wall clock.
pub type Monotonic = Duration;

/// Bounds and delays of the delivery.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryConfig {
    /// First delay before a message is sent again.
    pub retry_delay_min: Duration,
    /// Longest delay.
    pub retry_delay_max: Duration,
    /// Most frames under way to one peer.
    pub frames_in_flight_max: usize,
    /// Most outbox rows of one peer held in memory.
    pub window_rows_max: usize,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self {
            retry_delay_min: Duration::from_secs(1),
            retry_delay_max: Duration::from_secs(15 * 60),
            frames_in_flight_max: 64,
            window_rows_max: 4096,
        }
    }
}

#[derive(Debug, Clone)]
struct Item {
    message: MessageId,
    attempts: u32,
    not_before: Monotonic,
}

#[derive(Debug, Default)]
struct Peer {
    ready: bool,
    // rows waiting to be sent, by row of the durable outbox
    waiting: BTreeMap<u64, Item>,
    in_flight: BTreeMap<u64, Vec<(u64, Item)>>,
    // the highest row ever taken into the window; later ones are still in the journal only
    highest_row: u64,
}

/// A batch of messages to send in one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatch {
    /// To whom.
    pub peer: Writer,
    /// Names the answer.
    pub token: u64,
    /// The messages, oldest first.
    pub messages: Vec<MessageId>,
}

/// The delivery machine for all peers.
#[derive(Debug)]
pub struct Delivery {
    config: DeliveryConfig,
    peers: BTreeMap<Writer, Peer>,
}

impl Delivery {
    /// A machine that holds nothing yet.
    pub fn new(config: DeliveryConfig) -> Self {
        Self { config, peers: BTreeMap::new() }
    }

    /// Takes a row of the durable outbox into the window; false if the window is full (the row stays in the journal).
    /// Rows come in rising order; one that was taken before changes nothing.
    pub fn enqueue(&mut self, peer: &Writer, row: u64, message: MessageId) -> bool {
        let full = self.window_len(peer) >= self.config.window_rows_max;
        let state = self.peers.entry(peer.clone()).or_default();
        if row <= state.highest_row {
            return true;
        }
        if full {
            return false;
        }
        state.highest_row = row;
        state.waiting.insert(row, Item { message, attempts: 0, not_before: Monotonic::ZERO });
        true
    }

    /// How many more rows the window of a peer takes.
    pub fn room(&self, peer: &Writer) -> usize {
        self.config.window_rows_max.saturating_sub(self.window_len(peer))
    }

    /// The last outbox row taken into the window of a peer: the journal is read on after it.
    pub fn highest_row(&self, peer: &Writer) -> u64 {
        self.peers.get(peer).map_or(0, |p| p.highest_row)
    }

    /// The peer greeted us: everything that waits for it is due now.
    pub fn peer_ready(&mut self, peer: &Writer) {
        let state = self.peers.entry(peer.clone()).or_default();
        state.ready = true;
        for item in state.waiting.values_mut() {
            item.not_before = Monotonic::ZERO;
            item.attempts = 0;
        }
    }

    /// The connection is gone: what was under way waits again.
    pub fn peer_gone(&mut self, peer: &Writer) {
        if let Some(state) = self.peers.get_mut(peer) {
            state.ready = false;
            for (row, item) in std::mem::take(&mut state.in_flight).into_values().flatten() {
                state.waiting.insert(row, item);
            }
        }
    }

    /// What to send now. Each dispatch is under way until [`Self::answered`] or [`Self::failed`]; `tokens` names them.
    pub fn poll(&mut self, now: Monotonic, mut next_token: impl FnMut() -> u64) -> Vec<Dispatch> {
        let mut dispatches = Vec::new();
        let frames_max = self.config.frames_in_flight_max;
        for (writer, peer) in self.peers.iter_mut().filter(|(_, p)| p.ready) {
            while peer.in_flight.len() < frames_max {
                let due: Vec<u64> = peer
                    .waiting
                    .iter()
                    .filter(|(_, item)| item.not_before <= now)
                    .map(|(row, _)| *row)
                    .take(FRAME_LINKS_MAX)
                    .collect();
                if due.is_empty() {
                    break;
                }
                let items: Vec<(u64, Item)> =
                    due.iter().filter_map(|row| peer.waiting.remove_entry(row)).collect();
                let token = next_token();
                let messages = items.iter().map(|(_, item)| item.message).collect();
                peer.in_flight.insert(token, items);
                dispatches.push(Dispatch { peer: writer.clone(), token, messages });
            }
        }
        dispatches
    }

    /// Takes back messages of a dispatch that did not fit into one frame: they are due at once.
    pub fn give_back(&mut self, peer: &Writer, token: u64, messages: &BTreeSet<MessageId>) {
        let Some(state) = self.peers.get_mut(peer) else { return };
        let Some(items) = state.in_flight.get_mut(&token) else { return };
        let (back, stay) =
            std::mem::take(items).into_iter().partition(|(_, i)| messages.contains(&i.message));
        *items = stay;
        let back: Vec<(u64, Item)> = back;
        state.waiting.extend(back);
    }

    /// The peer answered: these messages are receipted, the others of the frame wait and are sent again.
    pub fn answered(&mut self, peer: &Writer, token: u64, receipted: &BTreeSet<MessageId>, now: Monotonic) {
        self.settle(peer, token, receipted, now);
    }

    /// No answer: nobody knows whether the peer acted; all wait and are sent again.
    pub fn failed(&mut self, peer: &Writer, token: u64, now: Monotonic) {
        self.settle(peer, token, &BTreeSet::new(), now);
    }

    fn settle(&mut self, peer: &Writer, token: u64, receipted: &BTreeSet<MessageId>, now: Monotonic) {
        let config = self.config;
        let Some(state) = self.peers.get_mut(peer) else { return };
        for (row, mut item) in state.in_flight.remove(&token).unwrap_or_default() {
            if receipted.contains(&item.message) {
                continue;
            }
            item.attempts = item.attempts.saturating_add(1);
            item.not_before = now + retry_delay(&config, item.attempts, item.message);
            state.waiting.insert(row, item);
        }
    }

    /// A receipt came by another way (catch-up, another frame): the message is not sent any more.
    pub fn settled(&mut self, peer: &Writer, message: MessageId) {
        if let Some(state) = self.peers.get_mut(peer) {
            state.waiting.retain(|_, item| item.message != message);
        }
    }

    /// When [`Self::poll`] next has something to do without new input; none if never.
    pub fn next_wake(&self) -> Option<Monotonic> {
        self.peers
            .values()
            .filter(|p| p.ready && p.in_flight.len() < self.config.frames_in_flight_max)
            .flat_map(|p| p.waiting.values().map(|item| item.not_before))
            .min()
    }

    /// How many rows wait for a peer or are under way to it, in this window.
    pub fn window_len(&self, peer: &Writer) -> usize {
        self.peers
            .get(peer)
            .map_or(0, |p| p.waiting.len() + p.in_flight.values().map(Vec::len).sum::<usize>())
    }
}

/// Doubles from the first delay up to the longest, less up to a quarter that depends on message and attempt: many
/// messages that failed together do not come back together.
fn retry_delay(config: &DeliveryConfig, attempts: u32, message: MessageId) -> Duration {
    let doubled =
        config.retry_delay_min.saturating_mul(2u32.saturating_pow(attempts.saturating_sub(1).min(20)));
    let delay = doubled.min(config.retry_delay_max);
    let chance = Digest::of_parts(&[&message.0.0, &attempts.to_be_bytes()]).0[0];
    delay - delay / 4 * u32::from(chance) / 256
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;
