//! What became of a mail sent by PEC, for each recipient (RFC 6109 sections 3.1.4 to 3.3.3; RULES T8, T9: the delivery starts a term).
//!
//! Receipts come in any order, twice, or late. Each adds to what is known and nothing is ever taken away, so the state follows from the
//! set of receipts alone and never goes back: a delivery that is proved stays proved, whatever notice comes after it.

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

use crate::address::{Address, MailId};
use crate::limits::SENDINGS_MAX;
use crate::receipt::{Outcome, Reason, Receipt};
use crate::verified::Verified;

/// A notice so long after the acceptance is the second one, which ends the transaction: it is emitted not before 22 hours (RFC 6109
/// section 3.1.6). The first one comes after 12.
pub const FINAL_NOTICE_AFTER: SignedDuration = SignedDuration::from_hours(22);
/// Two notices so far apart are the first and the second, also where the acceptance is not known (22 hours less 12).
pub const NOTICES_APART: SignedDuration = SignedDuration::from_hours(10);

/// A mail that was handed to the provider: stored before it leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Its own Message-ID.
    pub message_id: MailId,
    /// The mailbox that sent it.
    pub sender: Address,
    /// Its recipients.
    pub recipients: Vec<Address>,
}

/// What is known about one recipient, from the least to the most.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecipientState {
    /// Handed to the provider, which has not answered.
    Submitted,
    /// The provider did not take it.
    NotAccepted {
        /// When.
        at: Timestamp,
        /// Why.
        reason: Reason,
    },
    /// Taken for a mailbox that is not certified: no delivery receipt will come, and none is waited for.
    AcceptedExternal {
        /// When: the time of sending.
        at: Timestamp,
    },
    /// Taken for delivery.
    Accepted {
        /// When: the time of sending.
        at: Timestamp,
    },
    /// No answer of the recipient's provider for 12 hours; delivery is still possible.
    Delayed {
        /// The first notice.
        at: Timestamp,
    },
    /// Not delivered. A delivery that comes later all the same counts.
    NotDelivered {
        /// When.
        at: Timestamp,
        /// Why; nothing where no provider answered within 24 hours.
        reason: Option<Reason>,
    },
    /// In the recipient's certified mailbox.
    Delivered {
        /// When: the delivery that starts a term.
        at: Timestamp,
    },
}

impl RecipientState {
    /// How far it has come. It never gets less.
    pub fn rank(&self) -> u8 {
        match self {
            Self::Submitted => 0,
            Self::NotAccepted { .. } => 1,
            Self::AcceptedExternal { .. } => 2,
            Self::Accepted { .. } => 3,
            Self::Delayed { .. } => 4,
            Self::NotDelivered { .. } => 5,
            Self::Delivered { .. } => 6,
        }
    }
}

/// What a receipt did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It added something.
    News,
    /// Everything that it says was known, or it has no effect for the user.
    Nothing,
    /// It is about another mail, or cannot be tied to this one (yet): offer it again after an acceptance.
    NotOurs,
    /// The mail was sent more than [`SENDINGS_MAX`] times: not taken, for a person to look at.
    Full,
}

/// What receipts of one sending said about one recipient. Every field only ever grows, or moves to the earliest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Known {
    accepted: Option<Timestamp>,
    certified: bool,
    not_accepted: Option<(Timestamp, Reason)>,
    delivered: Option<Timestamp>,
    not_delivered: Option<(Timestamp, Reason)>,
    first_notice: Option<Timestamp>,
    last_notice: Option<Timestamp>,
}

/// A mail and what its receipts proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    submission: Submission,
    /// By the provider's identifier: a mail that was sent twice after an unknown outcome has two.
    sendings: BTreeMap<MailId, BTreeMap<Address, Known>>,
}

impl Delivery {
    /// A mail that was just handed over.
    pub fn new(submission: Submission) -> Self {
        Self { submission, sendings: BTreeMap::new() }
    }

    /// The mail.
    pub fn submission(&self) -> &Submission {
        &self.submission
    }

    /// Whether a receipt is about this mail: the sender's mailbox is the same, and the Message-ID that the provider certifies, or where it
    /// leaves that out the identifier that an acceptance had named.
    ///
    /// A Message-ID alone would not do: anybody can send a mail of his own with it and bring the receipt.
    pub fn is_about(&self, receipt: &Receipt) -> bool {
        receipt.sender == self.submission.sender
            && match &receipt.message_id {
                Some(certified) => *certified == self.submission.message_id,
                None => self.sendings.contains_key(&receipt.identifier),
            }
    }

    /// Takes a receipt. Only verified ones can be offered.
    pub fn take(&mut self, receipt: &Verified<Receipt>) -> Taken {
        if !self.is_about(receipt) {
            return Taken::NotOurs;
        }
        if !self.sendings.contains_key(&receipt.identifier) && self.sendings.len() >= SENDINGS_MAX {
            return Taken::Full;
        }
        let mut news = false;
        let sending = self.sendings.entry(receipt.identifier.clone()).or_default();
        for (address, outcome) in &receipt.outcomes {
            if self.submission.recipients.contains(address) {
                let known = sending.entry(address.clone()).or_default();
                let before = known.clone();
                known.add(receipt.at, outcome);
                news |= *known != before;
            }
        }
        if news { Taken::News } else { Taken::Nothing }
    }

    /// The state of one recipient; nothing for an address to which the mail was not sent.
    pub fn state(&self, recipient: &Address) -> Option<RecipientState> {
        if !self.submission.recipients.contains(recipient) {
            return None;
        }
        let known = self.known(recipient);
        // of two sendings the further one counts, and of two that came as far the earlier one
        let states = known.map(Known::state);
        Some(states.fold(RecipientState::Submitted, |best, state| match state.rank().cmp(&best.rank()) {
            std::cmp::Ordering::Greater => state,
            std::cmp::Ordering::Equal => best.min(state),
            std::cmp::Ordering::Less => best,
        }))
    }

    /// Whether a provider said that it was delivered and one that it was not: for a person to look at; the delivery counts.
    pub fn is_contradictory(&self, recipient: &Address) -> bool {
        let mut known = self.known(recipient);
        known.any(|known| {
            known.delivered.is_some() && (known.not_delivered.is_some() || known.not_accepted.is_some())
        })
    }

    fn known(&self, recipient: &Address) -> impl Iterator<Item = &Known> {
        let recipient = recipient.clone();
        self.sendings.values().filter_map(move |sending| sending.get(&recipient))
    }
}

impl Known {
    fn add(&mut self, at: Timestamp, outcome: &Outcome) {
        match outcome {
            Outcome::Accepted { certified } => {
                earliest(&mut self.accepted, at);
                self.certified |= certified;
            }
            Outcome::NotAccepted(reason) => earliest(&mut self.not_accepted, (at, reason.clone())),
            Outcome::Delivered => earliest(&mut self.delivered, at),
            Outcome::NotDelivered(reason) => earliest(&mut self.not_delivered, (at, reason.clone())),
            Outcome::Delayed => {
                earliest(&mut self.first_notice, at);
                self.last_notice = self.last_notice.max(Some(at));
            }
            Outcome::TakenInCharge | Outcome::VirusDetected => {}
        }
    }

    fn state(&self) -> RecipientState {
        if let Some(at) = self.delivered {
            return RecipientState::Delivered { at };
        }
        if let Some((at, reason)) = &self.not_delivered {
            return RecipientState::NotDelivered { at: *at, reason: Some(reason.clone()) };
        }
        if let (Some(first), Some(last)) = (self.first_notice, self.last_notice) {
            let since_accepted = self.accepted.map(|accepted| last.duration_since(accepted));
            let is_final = since_accepted.is_some_and(|elapsed| elapsed >= FINAL_NOTICE_AFTER)
                || last.duration_since(first) >= NOTICES_APART;
            return if is_final {
                RecipientState::NotDelivered { at: last, reason: None }
            } else {
                RecipientState::Delayed { at: first }
            };
        }
        if let Some(at) = self.accepted {
            return if self.certified {
                RecipientState::Accepted { at }
            } else {
                RecipientState::AcceptedExternal { at }
            };
        }
        match &self.not_accepted {
            Some((at, reason)) => RecipientState::NotAccepted { at: *at, reason: reason.clone() },
            None => RecipientState::Submitted,
        }
    }
}

fn earliest<T: Ord>(known: &mut Option<T>, new: T) {
    let earlier = match known.take() {
        Some(old) => old.min(new),
        None => new,
    };
    *known = Some(earlier);
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;
