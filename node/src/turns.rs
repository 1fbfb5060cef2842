//! Whose turn it is: what peers ask and answer waits here, each peer's in its own lane, until the engine takes it.
//!
//! Two rules. The peer that used the engine least goes first, so that nobody waits for another's queue. And time that led to
//! nothing durable (a bad signature, a replay, a link asked for again) is a debt, which decays; a peer deep in debt waits, and
//! because its requests stay unanswered, the transport reads no more of it. Honest peers have small debts: what they bring is kept.

use concerto_core::Input;
use concerto_exchange::delivery::Monotonic;
use concerto_message::Writer;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Most requests of one peer that wait for the engine; the transport lets one peer have half as many unanswered.
pub(crate) const LANE_MAX: usize = 256;
/// Debt beyond which a peer waits.
const DEBT_MAX: Duration = Duration::from_millis(200);
/// No debt is greater: one turn that takes long (a greeting makes a node compare all it holds) does not shut a peer out for minutes.
const DEBT_CAP: Duration = Duration::from_secs(1);
/// Engine time that each durable change is worth, so that a peer that brings something new has no debt.
const CHANGE_WORTH: Duration = Duration::from_millis(2);
/// What a request costs outside the engine: its stream, and its bytes at 100 MB/s.
const STREAM_COST: Duration = Duration::from_micros(500);
const BYTE_COST: Duration = Duration::from_nanos(10);
/// How long somebody counts as busy after its last turn.
const BUSY: Duration = Duration::from_secs(1);
/// Part of the engine's time that a peer in debt may go on using while others are busy, and when it is alone.
const SHARE_BESIDE_OTHERS: f64 = 0.05;
const SHARE_ALONE: f64 = 0.5;
/// Time in which the memory of how much a peer used halves.
const MEMORY_HALF: Duration = Duration::from_secs(1);
/// Time between two lines of the log about the debt of one peer.
const SAID_AGAIN: Duration = Duration::from_secs(60);

/// What waits, by peer.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    lanes: BTreeMap<Writer, Lane>,
    // the last two who had a turn and when; none stands for the office's own orders
    latest: Option<(Option<Writer>, Monotonic)>,
    latest_other: Option<(Option<Writer>, Monotonic)>,
}

#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Input>,
    requests: usize,
    used: Duration,
    debt: Duration,
    settled_at: Monotonic,
    say_again_at: Monotonic,
}

impl Lane {
    fn settle(&mut self, now: Monotonic, share: f64) {
        let passed = now.saturating_sub(self.settled_at);
        self.settled_at = now;
        self.debt = self.debt.saturating_sub(passed.mul_f64(share));
        self.used = self.used.mul_f64(0.5_f64.powf(passed.as_secs_f64() / MEMORY_HALF.as_secs_f64()));
    }
}

impl Turns {
    /// Lets an input of a peer wait; gives a request back when too many of that peer wait already.
    pub(crate) fn push(&mut self, from: &Writer, input: Input) -> Result<(), Input> {
        let lane = self.lanes.entry(from.clone()).or_default();
        // answers are as many as this node asked for
        if matches!(input, Input::Request { .. }) {
            if lane.requests >= LANE_MAX {
                return Err(input);
            }
            lane.requests += 1;
        }
        lane.waiting.push_back(input);
        Ok(())
    }

    /// The peer whose turn it is, its next input, and what that cost the transport.
    pub(crate) fn next(&mut self, now: Monotonic) -> Option<(Writer, Input, Duration)> {
        self.settle(now);
        let ready = self.lanes.iter().filter(|(_, lane)| !lane.waiting.is_empty() && lane.debt <= DEBT_MAX);
        let who = ready.min_by_key(|(_, lane)| lane.used).map(|(who, _)| who.clone())?;
        let lane = self.lanes.get_mut(&who)?;
        let input = lane.waiting.pop_front()?;
        let mut cost = Duration::ZERO;
        if let Input::Request { frame, .. } = &input {
            lane.requests = lane.requests.saturating_sub(1);
            cost = STREAM_COST + BYTE_COST.saturating_mul(u32::try_from(frame.len()).unwrap_or(u32::MAX));
        }
        Some((who, input, cost))
    }

    /// Whether somebody's turn is now.
    pub(crate) fn is_ready(&mut self, now: Monotonic) -> bool {
        self.settle(now);
        self.lanes.values().any(|lane| !lane.waiting.is_empty() && lane.debt <= DEBT_MAX)
    }

    /// A turn ended: how long it took with what it cost the transport, and how many durable changes it led to.
    pub(crate) fn spent(&mut self, who: &Writer, took: Duration, changes: usize, now: Monotonic) {
        self.served(Some(who), now);
        let Some(lane) = self.lanes.get_mut(who) else { return };
        lane.used += took;
        let worth = CHANGE_WORTH.saturating_mul(u32::try_from(changes).unwrap_or(u32::MAX));
        lane.debt = DEBT_CAP.min(lane.debt + took.saturating_sub(worth));
        if lane.debt > DEBT_MAX && lane.say_again_at <= now {
            lane.say_again_at = now + SAID_AGAIN;
            tracing::warn!(peer = %who, code = "peer.over-budget", "a peer asks for much that leads to nothing: it waits");
        }
    }

    /// A peer is gone: nobody waits for the answers to its requests. Its debt stays.
    pub(crate) fn gone(&mut self, who: &Writer) {
        if let Some(lane) = self.lanes.get_mut(who) {
            lane.waiting.retain(|input| !matches!(input, Input::Request { .. }));
            lane.requests = 0;
        }
    }

    /// The office itself had a turn.
    pub(crate) fn office(&mut self, now: Monotonic) {
        self.served(None, now);
    }

    fn served(&mut self, who: Option<&Writer>, now: Monotonic) {
        if self.latest.as_ref().is_none_or(|(latest, _)| latest.as_ref() != who) {
            self.latest_other = self.latest.take();
        }
        self.latest = Some((who.cloned(), now));
    }

    fn settle(&mut self, now: Monotonic) {
        let busy = |of: &Option<(Option<Writer>, Monotonic)>, who: &Writer| {
            of.as_ref().is_some_and(|(other, at)| other.as_ref() != Some(who) && *at + BUSY > now)
        };
        for (who, lane) in &mut self.lanes {
            let others = busy(&self.latest, who) || busy(&self.latest_other, who);
            lane.settle(now, if others { SHARE_BESIDE_OTHERS } else { SHARE_ALONE });
        }
        self.lanes
            .retain(|_, lane| !lane.waiting.is_empty() || !lane.debt.is_zero() || lane.used > BUSY / 1000);
    }
}

#[cfg(test)]
#[path = "turns_tests.rs"]
mod tests;
