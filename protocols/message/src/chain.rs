//! Single-writer chains: placing links, finding gaps, proving equivocation (protocols/PROTOCOL.md, "Messages").
//!
//! A chain is a set of links that only grows. What it says (its contiguous prefix, its forks) is computed from the set,
//! so that nodes that hold the same links see the same chain whatever the order in which they came.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Bound;

use crate::ids::{ConferenceId, Incarnation, MessageId, Writer};
use crate::link::{Link, Payload};
use crate::receipt::HeldHead;
use crate::verified::Verified;

/// One place on one chain. Two messages in one place are an equivocation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot {
    /// The conference.
    pub conference: ConferenceId,
    /// The author.
    pub writer: Writer,
    /// The life of the author's node.
    pub incarnation: Incarnation,
    /// The place in it.
    pub sequence: u64,
}

/// Two verified links in one place: a proof that anybody can check again.
#[derive(Debug, Clone)]
pub struct EquivocationProof {
    /// The link with the smaller identifier.
    pub first: Verified<Link>,
    /// The other one.
    pub second: Verified<Link>,
}

impl EquivocationProof {
    /// The proof, if the two links really stand in one place and differ.
    pub fn new(a: Verified<Link>, b: Verified<Link>) -> Option<Self> {
        if a.id() == b.id() || a.payload().slot() != b.payload().slot() {
            return None;
        }
        let (first, second) = if a.id() < b.id() { (a, b) } else { (b, a) };
        Some(Self { first, second })
    }
}

/// What a new link means for its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// It continues the contiguous prefix (and what waited behind it may now follow too).
    Next,
    /// Links before it are missing; it waits.
    Ahead,
    /// It was there already.
    Known,
    /// Another link stands in its place.
    Fork {
        /// The links that stood there.
        with: Vec<MessageId>,
    },
}

/// Why the contiguous prefix of an incarnation ends where it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Nothing more is held.
    Open,
    /// The next place holds nothing though later ones do.
    Gap {
        /// The first missing place.
        sequence: u64,
    },
    /// The next place holds links, none of which names the link before it as previous.
    Broken {
        /// That place.
        sequence: u64,
    },
    /// The next place holds several links and none was chosen.
    Fork {
        /// That place.
        sequence: u64,
        /// The links in it.
        ids: Vec<MessageId>,
    },
}

/// What a chain must know of a link to place it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Placed {
    id: MessageId,
    previous: Option<MessageId>,
}

/// The links of one writer in one conference within one incarnation.
#[derive(Debug, Clone, Default)]
struct Lane {
    places: BTreeMap<u64, Vec<Placed>>,
    // links of the prefix in order; recomputed from `dirty_from` when a place below its end changes
    prefix: Vec<MessageId>,
    end: Option<End>,
}

/// The links of one writer in one conference.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    lanes: BTreeMap<Incarnation, Lane>,
    chosen: BTreeMap<(Incarnation, u64), MessageId>,
    generation: u64,
}

impl Chain {
    /// Adds a link's place; adding twice changes nothing.
    pub fn insert(&mut self, id: MessageId, payload: &Payload) -> Placement {
        let lane = self.lanes.entry(payload.incarnation).or_default();
        let place = lane.places.entry(payload.sequence).or_default();
        if place.iter().any(|p| p.id == id) {
            return Placement::Known;
        }
        let with: Vec<MessageId> = place.iter().map(|p| p.id).collect();
        place.push(Placed { id, previous: payload.previous });
        place.sort_by_key(|p| p.id);
        let grown = self.refresh(payload.incarnation, payload.sequence);
        if !with.is_empty() {
            Placement::Fork { with }
        } else if grown {
            Placement::Next
        } else {
            Placement::Ahead
        }
    }

    /// Chooses one link of a fork (the procedente's `ForkResolved`).
    pub fn choose(&mut self, incarnation: Incarnation, sequence: u64, kept: MessageId) {
        if self.chosen.insert((incarnation, sequence), kept) == Some(kept) {
            return;
        }
        self.refresh(incarnation, sequence);
    }

    /// Recomputes one incarnation after a change at `changed`, and says whether its prefix grew.
    fn refresh(&mut self, incarnation: Incarnation, changed: u64) -> bool {
        let Some(lane) = self.lanes.get_mut(&incarnation) else { return false };
        let kept = lane.kept(changed);
        let old = lane.prefix.get(kept..).unwrap_or_default().to_vec();
        let stopped = lane.stops();
        lane.recompute(incarnation, changed, &self.chosen);
        let new = lane.prefix.get(kept..).unwrap_or_default();
        let grown = new.len() > old.len();
        let stops_now = !stopped && lane.stops();
        let rewritten = !new.starts_with(&old)
            || (grown && self.later(incarnation).any(|lane| !lane.prefix.is_empty()))
            || (stops_now && self.settled_beyond(incarnation));
        self.generation += u64::from(rewritten);
        grown
    }

    fn later(&self, incarnation: Incarnation) -> impl Iterator<Item = &Lane> {
        self.lanes.range((Bound::Excluded(incarnation), Bound::Unbounded)).map(|(_, lane)| lane)
    }

    /// Whether links of later incarnations would be settled if this one did not stop.
    fn settled_beyond(&self, incarnation: Incarnation) -> bool {
        if self.lanes.range(..incarnation).any(|(_, lane)| lane.stops()) {
            return false;
        }
        for lane in self.later(incarnation) {
            if !lane.prefix.is_empty() {
                return true;
            }
            if lane.stops() {
                return false;
            }
        }
        false
    }

    /// The links held without a gap, oldest incarnation first.
    pub fn contiguous(&self) -> impl Iterator<Item = MessageId> + '_ {
        self.lanes.values().flat_map(|lane| lane.prefix.iter().copied())
    }

    /// The contiguous links after the first `skip`, in the order of [`Self::contiguous`].
    pub fn contiguous_after(&self, skip: usize) -> Vec<MessageId> {
        let mut skip = skip;
        let mut rest = Vec::new();
        for lane in self.lanes.values() {
            rest.extend_from_slice(lane.prefix.get(skip.min(lane.prefix.len())..).unwrap_or_default());
            skip = skip.saturating_sub(lane.prefix.len());
        }
        rest
    }

    /// Like [`Self::contiguous_after`], but ends where an incarnation forks or breaks: later ones wait until that is resolved.
    pub fn settled_after(&self, skip: usize) -> Vec<MessageId> {
        let mut skip = skip;
        let mut rest = Vec::new();
        for lane in self.lanes.values() {
            rest.extend_from_slice(lane.prefix.get(skip.min(lane.prefix.len())..).unwrap_or_default());
            skip = skip.saturating_sub(lane.prefix.len());
            if lane.stops() {
                break;
            }
        }
        rest
    }

    /// The end of one incarnation held without a gap.
    pub fn lane_head(&self, incarnation: &Incarnation) -> Option<HeldHead> {
        let lane = self.lanes.get(incarnation)?;
        let id = *lane.prefix.last()?;
        Some(HeldHead { incarnation: *incarnation, sequence: lane.prefix.len() as u64, id })
    }

    /// Incarnations of which any link is held, oldest first.
    pub fn incarnations(&self) -> impl Iterator<Item = Incarnation> + '_ {
        self.lanes.keys().copied()
    }

    /// The links held in a range of places of one incarnation, at most `limit`.
    pub fn range(&self, incarnation: &Incarnation, from: u64, to: u64, limit: usize) -> Vec<MessageId> {
        let Some(lane) = self.lanes.get(incarnation) else { return Vec::new() };
        if from > to {
            return Vec::new();
        }
        lane.places.range(from..=to).flat_map(|(_, place)| place.iter().map(|p| p.id)).take(limit).collect()
    }

    /// Changes exactly when [`Self::contiguous`] or [`Self::settled_after`] (from 0) changed otherwise than by growing at its end: a
    /// fold must then begin again.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// How many links are held without a gap.
    pub fn contiguous_len(&self) -> usize {
        self.lanes.values().map(|lane| lane.prefix.len()).sum()
    }

    /// The end of the newest incarnation held without a gap.
    pub fn head(&self) -> Option<HeldHead> {
        self.heads().last()
    }

    /// Whether the head alone says which links are before it: each incarnation began where the one before it ends, as far as is held.
    /// It does not once links came to light that their author had forgotten.
    pub fn head_says_all(&self) -> bool {
        let mut before: Option<MessageId> = None;
        for lane in self.lanes.values() {
            let Some(first) = lane.prefix.first() else { continue };
            let said = lane.places.get(&1).and_then(|place| place.iter().find(|p| p.id == *first)?.previous);
            if before.is_some() && said != before {
                return false;
            }
            before = lane.prefix.last().copied();
        }
        true
    }

    /// The ends of every incarnation held without a gap.
    pub fn heads(&self) -> impl Iterator<Item = HeldHead> + '_ {
        self.lanes.iter().filter_map(|(incarnation, lane)| {
            let id = *lane.prefix.last()?;
            Some(HeldHead { incarnation: *incarnation, sequence: lane.prefix.len() as u64, id })
        })
    }

    /// Why each incarnation's prefix ends where it ends.
    pub fn ends(&self) -> impl Iterator<Item = (Incarnation, &End)> + '_ {
        self.lanes.iter().map(|(incarnation, lane)| (*incarnation, lane.end.as_ref().unwrap_or(&End::Open)))
    }

    /// Places that hold more than one link and for which none was chosen.
    pub fn open_forks(&self) -> Vec<(Incarnation, u64, Vec<MessageId>)> {
        let mut forks = Vec::new();
        for (incarnation, lane) in &self.lanes {
            for (sequence, place) in &lane.places {
                if place.len() > 1 && !self.chosen.contains_key(&(*incarnation, *sequence)) {
                    forks.push((*incarnation, *sequence, place.iter().map(|p| p.id).collect()));
                }
            }
        }
        forks
    }

    /// Every link held, in order of incarnation and sequence, forks included.
    pub fn all(&self) -> impl Iterator<Item = MessageId> + '_ {
        self.lanes.values().flat_map(|lane| lane.places.values().flatten().map(|p| p.id))
    }

    /// The places that are missing below the highest one held, as inclusive ranges, at most `limit`.
    pub fn gaps(&self, limit: usize) -> Vec<(Incarnation, u64, u64)> {
        let mut gaps = Vec::new();
        for (incarnation, lane) in &self.lanes {
            // the prefix has none: long chains are looked at from its end on
            let mut expected = lane.prefix.len() as u64 + 1;
            for sequence in lane.places.range(expected..).map(|(sequence, _)| sequence) {
                if *sequence > expected && gaps.len() < limit {
                    gaps.push((*incarnation, expected, sequence - 1));
                }
                expected = sequence.saturating_add(1);
            }
        }
        gaps
    }
}

impl Lane {
    /// How much of the prefix a change at this place leaves as it was.
    fn kept(&self, changed: u64) -> usize {
        usize::try_from(changed.saturating_sub(1)).unwrap_or(usize::MAX).min(self.prefix.len())
    }

    /// Whether later incarnations must wait for this one.
    fn stops(&self) -> bool {
        matches!(self.end, Some(End::Fork { .. } | End::Broken { .. }))
    }

    /// Recomputes the prefix from `changed` on; places before it cannot have changed.
    fn recompute(
        &mut self,
        incarnation: Incarnation,
        changed: u64,
        chosen: &BTreeMap<(Incarnation, u64), MessageId>,
    ) {
        self.prefix.truncate(self.kept(changed));
        loop {
            let sequence = self.prefix.len() as u64 + 1;
            let Some(place) = self.places.get(&sequence) else {
                let later = self.places.range(sequence..).next().is_some();
                self.end = Some(if later { End::Gap { sequence } } else { End::Open });
                return;
            };
            let before = self.prefix.last().copied();
            // the first link of an incarnation may name a head of an earlier one
            let follows = |p: &&Placed| sequence == 1 || p.previous == before;
            let choice = chosen.get(&(incarnation, sequence));
            let candidates: Vec<MessageId> = place.iter().filter(follows).map(|p| p.id).collect();
            match (candidates.as_slice(), choice) {
                (_, Some(id)) if candidates.contains(id) => self.prefix.push(*id),
                ([_], None) if place.len() == 1 => self.prefix.extend(candidates),
                ([], _) => {
                    self.end = Some(End::Broken { sequence });
                    return;
                }
                _ => {
                    self.end = Some(End::Fork { sequence, ids: place.iter().map(|p| p.id).collect() });
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
