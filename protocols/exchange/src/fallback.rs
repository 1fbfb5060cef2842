//! When a message goes by certified mail (PEC), and why: the legal route where nodes do not reach each other (protocols/PROTOCOL.md,
//! "Bodies without a node"; RULES T8, T9, E.4).
//!
//! Pure decisions from plain values: what waits in the outbox, what its receipt says, when a term ends. Asked again with the same values the
//! answer is the same, so after a crash nothing else is decided; whether a mail left already is the caller's to know, and to say.

use jiff::{SignedDuration, Timestamp};

/// How long the network is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FallbackConfig {
    /// How long a message that starts a term waits for its receipt.
    pub pec_after: SignedDuration,
    /// How long before the end of its author's term an act no longer relies on the network alone.
    pub last_hours: SignedDuration,
    /// How long a receipt is waited for then.
    pub receipt_wait: SignedDuration,
}

impl FallbackConfig {
    /// Longest that a message which starts a term may wait: nobody stops its own clock by not answering.
    pub const PEC_AFTER_MAX: SignedDuration = SignedDuration::from_hours(24);
}

impl Default for FallbackConfig {
    fn default() -> Self {
        Self {
            pec_after: SignedDuration::from_hours(4),
            last_hours: SignedDuration::from_hours(24),
            receipt_wait: SignedDuration::from_secs(60),
        }
    }
}

/// What a message is for its recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Its delivery starts or moves a term of the recipient.
    StartsTerm,
    /// Its author has a term for it, which ends at this instant (24:00 in Rome of the last day under the strict reading).
    InTerm(Timestamp),
    /// Another act that people read.
    Act,
    /// Nothing that this recipient reads by mail: of nodes for nodes, or known to it already.
    Technical,
}

/// A message on its way to one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// When it became durable in the outbox (UTC).
    pub queued_at: Timestamp,
    /// What it is.
    pub class: Class,
    /// Whether the recipient has a node in the federation.
    pub has_node: bool,
    /// When the recipient had it, by its *accepted* receipt or a delivery on record. Any other receipt, a *refused* one above all, is none.
    pub accepted_at: Option<Timestamp>,
    /// Whether certified mail with it was handed over already, whatever became of it.
    pub pec_left: bool,
}

/// Why a message goes by certified mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The recipient has no node.
    NoNode,
    /// It starts a term and its receipt did not come.
    NoReceipt,
    /// Its author's term ends, and no receipt says that it came in time.
    TermEnding,
}

impl Reason {
    /// A stable word for logs, answers and the timeline.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoNode => "no-node",
            Self::NoReceipt => "no-receipt",
            Self::TermEnding => "term-ending",
        }
    }
}

/// What follows for one message and one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// It goes by certified mail now.
    Now(Reason),
    /// It will at this instant, unless its receipt comes before.
    At(Timestamp, Reason),
    /// It does not, as things stand.
    Never,
}

/// What follows for a message at this instant.
pub fn fallback(config: &FallbackConfig, waiting: &Waiting, now: Timestamp) -> Fallback {
    if waiting.pec_left || waiting.class == Class::Technical {
        return Fallback::Never;
    }
    if !waiting.has_node {
        return if waiting.accepted_at.is_none() { Fallback::Now(Reason::NoNode) } else { Fallback::Never };
    }
    match waiting.class {
        Class::StartsTerm if waiting.accepted_at.is_none() => {
            let patience = config.pec_after.min(FallbackConfig::PEC_AFTER_MAX);
            due(now, later(waiting.queued_at, patience), Reason::NoReceipt)
        }
        Class::InTerm(end) => before_the_end(config, waiting, end, now),
        _ => Fallback::Never,
    }
}

/// An author does not rely on the network alone when its term ends. A receipt that says *after the end* is none in time; once the end has
/// passed it is one that the message came at all.
fn before_the_end(config: &FallbackConfig, waiting: &Waiting, end: Timestamp, now: Timestamp) -> Fallback {
    let came = waiting.accepted_at.is_some_and(|at| at < end || now >= end);
    if came || waiting.queued_at >= end {
        return Fallback::Never;
    }
    let last_hours = later(end, -config.last_hours);
    due(now, later(waiting.queued_at, config.receipt_wait).max(last_hours), Reason::TermEnding)
}

fn due(now: Timestamp, at: Timestamp, reason: Reason) -> Fallback {
    if at <= now { Fallback::Now(reason) } else { Fallback::At(at, reason) }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(at)
}

#[cfg(test)]
#[path = "fallback_tests.rs"]
mod tests;
