//! Catch-up: which links one node lacks, from what two nodes say they hold.

use concerto_message::{ConferenceId, Incarnation, Writer};
use std::collections::BTreeMap;

use crate::frame::ChainHead;

/// Links of one incarnation of one chain, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// The conference.
    pub conference: ConferenceId,
    /// Whose chain.
    pub writer: Writer,
    /// Which incarnation.
    pub incarnation: Incarnation,
    /// First place wanted.
    pub from: u64,
    /// Last place wanted.
    pub to: u64,
}

/// What two nodes' heads say about each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// What this node lacks and the other holds, chains of the procedente first.
    pub missing: Vec<Range>,
    /// Chains on which the two hold different links in the same place: somewhere an author equivocated.
    pub diverging: Vec<Range>,
}

/// Compares heads. `mine` and `theirs` may come in any order; `holds` says whether this node holds the link that a head names;
/// `limit` bounds the ranges returned.
///
/// A range begins with the last link held: if the other holds another one in that place, the fork is found on the way.
pub fn compare(
    mine: &[ChainHead],
    theirs: &[ChainHead],
    holds: impl Fn(&ChainHead) -> bool,
    limit: usize,
) -> Difference {
    let held: BTreeMap<_, _> =
        mine.iter().map(|h| ((&h.conference, &h.writer, h.incarnation), h.sequence)).collect();
    let mut difference = Difference::default();
    for their in theirs {
        let key = (&their.conference, &their.writer, their.incarnation);
        let sequence = held.get(&key).copied().unwrap_or(0);
        let range = |from| Range {
            conference: their.conference.clone(),
            writer: their.writer.clone(),
            incarnation: their.incarnation,
            from,
            to: their.sequence,
        };
        if their.sequence > sequence {
            difference.missing.push(range(sequence.max(1)));
        } else if their.sequence > 0 && !holds(their) {
            difference.diverging.push(range(1));
        }
    }
    // the procedente's chain says who takes part: without it nothing else can be placed
    difference.missing.sort_by_key(|r| (r.writer != *r.conference.lead(), r.clone()));
    difference.missing.truncate(limit);
    difference.diverging.truncate(limit);
    difference
}

#[cfg(test)]
#[path = "catch_up_tests.rs"]
mod tests;
