//! Whether a mail is sent, waited for, or sent once more (RFC 6109 section 3.1; ARCHITECTURE.md, "Certified mail").
//!
//! A second sending is a second certified mail, so it needs more than a lost answer: the acceptance of the first one is waited for, and looked
//! for in the mailbox, before the same Message-ID leaves once more, marked. It leaves once more only once. An attempt is stored as begun before it is
//! made; a process that dies in it leaves an attempt without end, which is an unknown outcome.

use jiff::{SignedDuration, Timestamp};

use crate::delivery::RecipientState;

/// How long the acceptance is waited for after an unknown outcome, unless configured otherwise.
pub const ACCEPTANCE_WAITED_FOR: SignedDuration = SignedDuration::from_mins(30);

/// How an attempt to hand a mail over ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptEnd {
    /// Nothing left, or the server said that it did not take it now: it may be tried again.
    NotHandedOver,
    /// The server said that it took it; the acceptance will come.
    Taken,
    /// The server said that it will not take it.
    Refused,
    /// Nobody knows: the answer was lost, or the process died.
    Unknown,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendingStep {
    /// Hand it over.
    Send,
    /// Hand it over once more, marked ([`crate::OutgoingMail::repeated`]).
    Repeat,
    /// Wait for the acceptance until then.
    WaitUntil(Timestamp),
    /// The time is over; read the mailbox to its end first, for the acceptance may be in it.
    ReadFirst,
    /// Nothing more: a receipt came, or the server took it and the acceptance will come.
    Nothing,
    /// A person decides: it was refused, or nobody knows of the second sending either.
    Person,
}

/// The attempts to hand one mail over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sending {
    /// The last attempt after which the mail may have left: when it was begun.
    maybe_left: Option<Timestamp>,
    /// Whether the server said so.
    taken: bool,
    refused: bool,
    /// Whether that attempt was the second sending.
    repeated: bool,
}

impl Sending {
    /// Notes an attempt that begins, before it is made: what [`Self::ended`] never hears of has an unknown outcome.
    ///
    /// Gives what was known before, for [`Self::ended`].
    #[must_use]
    pub fn begun(&self, at: Timestamp) -> Self {
        Self { maybe_left: Some(at), repeated: self.maybe_left.is_some(), taken: false, refused: false }
    }

    /// Notes how an attempt ended that began from `before`.
    #[must_use]
    pub fn ended(self, before: Self, end: AttemptEnd) -> Self {
        match end {
            AttemptEnd::NotHandedOver => before,
            AttemptEnd::Unknown => self,
            AttemptEnd::Taken => Self { taken: true, ..self },
            AttemptEnd::Refused => Self { refused: true, ..before },
        }
    }

    /// What to do now: `state` is what receipts proved, `read_until` when the mailbox was last read to its end.
    pub fn step(
        &self,
        state: &RecipientState,
        now: Timestamp,
        read_until: Option<Timestamp>,
        wait: SignedDuration,
    ) -> SendingStep {
        if *state != RecipientState::Submitted || self.taken {
            return SendingStep::Nothing;
        }
        let Some(left_at) = self.maybe_left else {
            return if self.refused { SendingStep::Person } else { SendingStep::Send };
        };
        let Ok(until) = left_at.checked_add(wait) else { return SendingStep::Person };
        if now < until {
            return SendingStep::WaitUntil(until);
        }
        if read_until.is_none_or(|read| read < until) {
            return SendingStep::ReadFirst;
        }
        if self.repeated || self.refused { SendingStep::Person } else { SendingStep::Repeat }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: SignedDuration = ACCEPTANCE_WAITED_FOR;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_796_000_000 + minute * 60).unwrap()
    }

    fn attempt(sending: Sending, minute: i64, end: AttemptEnd) -> Sending {
        sending.begun(at(minute)).ended(sending, end)
    }

    fn step(sending: &Sending, minute: i64, read: Option<i64>) -> SendingStep {
        sending.step(&RecipientState::Submitted, at(minute), read.map(at), WAIT)
    }

    #[test]
    fn what_never_left_is_sent_until_it_leaves() {
        let mut sending = Sending::default();
        for minute in 0..5 {
            assert_eq!(step(&sending, minute, None), SendingStep::Send);
            sending = attempt(sending, minute, AttemptEnd::NotHandedOver);
        }
        let taken = attempt(sending, 5, AttemptEnd::Taken);
        assert_eq!(step(&taken, 5000, Some(5000)), SendingStep::Nothing);
        assert_eq!(step(&attempt(sending, 5, AttemptEnd::Refused), 6, None), SendingStep::Person);
    }

    #[test]
    fn after_an_unknown_outcome_the_mailbox_is_read_before_it_is_sent_once_more_and_only_once() {
        // a process that died in the attempt
        let first = Sending::default().begun(at(0));
        assert_eq!(step(&first, 29, Some(29)), SendingStep::WaitUntil(at(30)));
        assert_eq!(step(&first, 30, None), SendingStep::ReadFirst);
        assert_eq!(step(&first, 40, Some(29)), SendingStep::ReadFirst);
        assert_eq!(step(&first, 40, Some(30)), SendingStep::Repeat);
        let unreachable = attempt(first, 40, AttemptEnd::NotHandedOver);
        assert_eq!(step(&unreachable, 41, Some(41)), SendingStep::Repeat, "the second one never left");
        let second = attempt(unreachable, 45, AttemptEnd::Unknown);
        assert_eq!(step(&second, 74, Some(74)), SendingStep::WaitUntil(at(75)));
        assert_eq!(step(&second, 75, Some(75)), SendingStep::Person);
        assert_eq!(step(&attempt(first, 40, AttemptEnd::Refused), 50, Some(50)), SendingStep::Person);
    }

    #[test]
    fn any_receipt_ends_it() {
        let unknown = Sending::default().begun(at(0));
        for state in [RecipientState::Accepted { at: at(1) }, RecipientState::Delivered { at: at(1) }] {
            assert_eq!(unknown.step(&state, at(90), Some(at(90)), WAIT), SendingStep::Nothing);
        }
    }
}
