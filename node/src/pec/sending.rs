//! Mails that leave: each attempt is noted before it is made, so that a process that dies in it leaves an outcome that nobody knows, and no mail
//! leaves twice without that being decided (`concerto_pec::Sending`).

use concerto_pec::{AttemptEnd, OutgoingMail, RecipientState, Sending, SendingStep};
use concerto_port::{MailSender, SubmitError};
use concerto_store_sqlite::SentMail;
use jiff::{SignedDuration, Timestamp};
use std::time::{Duration, Instant};

use super::facts::Proved;
use super::office::Office;
use crate::failpoint;
use crate::output::Failure;

/// The pause after a first failure to hand mails over; it doubles.
const PAUSE_MIN: Duration = Duration::from_secs(5);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);

/// A mail that the server refused: a person decides.
pub(crate) const REFUSED: &str = "pec.sending.refused";
/// Nobody knows of the second sending either: a person decides.
pub(crate) const UNKNOWN: &str = "pec.sending.unknown";
/// Another program sends for the mailbox.
pub(crate) const ELSEWHERE: &str = "pec.sending.elsewhere";

/// When the server may be tried again.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    failures: u32,
    not_before: Option<Instant>,
}

impl Pace {
    fn is_ready(&self) -> bool {
        self.not_before.is_none_or(|until| Instant::now() >= until)
    }

    fn note(&mut self, worked: bool) {
        if worked {
            *self = Self::default();
            return;
        }
        let pause = PAUSE_MIN.saturating_mul(1 << self.failures.min(16)).min(PAUSE_MAX);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(Instant::now() + pause);
    }
}

/// What is known of the attempts to hand a mail over.
pub(crate) fn sending_of(mail: &SentMail) -> Sending {
    mail.attempts.iter().fold(Sending::default(), |before, attempt| {
        let begun = before.begun(attempt.begun_at);
        match attempt.ended.as_ref().and_then(|(_, outcome)| end_of(outcome)) {
            Some(end) => begun.ended(before, end),
            None => begun,
        }
    })
}

fn end_of(word: &str) -> Option<AttemptEnd> {
    ENDS.into_iter().find(|end| end_word(*end) == word)
}

const ENDS: [AttemptEnd; 4] =
    [AttemptEnd::NotHandedOver, AttemptEnd::Taken, AttemptEnd::Refused, AttemptEnd::Unknown];

fn end_word(end: AttemptEnd) -> &'static str {
    match end {
        AttemptEnd::NotHandedOver => "not-handed-over",
        AttemptEnd::Taken => "taken",
        AttemptEnd::Refused => "refused",
        AttemptEnd::Unknown => "unknown",
    }
}

/// What to do with a mail now. A person's word that it left counts as the server's.
pub(crate) fn step_of(
    mail: &SentMail,
    now: Timestamp,
    read_until: Option<Timestamp>,
    wait: SignedDuration,
) -> SendingStep {
    if mail.closed.is_some() || Proved::read(&mail.state).answered() {
        return SendingStep::Nothing;
    }
    sending_of(mail).step(&RecipientState::Submitted, now, read_until, wait)
}

impl Office {
    /// Hands over what is due. Gives how many mails the server took.
    pub(crate) fn send(&mut self) -> Result<usize, Failure> {
        let wait = SignedDuration::from_mins(self.home.node.pec.acceptance_wait_minutes.into());
        let mut taken = 0;
        for mail in self.store.open_mails()? {
            let now = self.clock.now();
            match step_of(&mail, now, self.read_until, wait) {
                SendingStep::Send if mail.composed => taken += usize::from(self.hand_over(&mail, false)?),
                SendingStep::Repeat if mail.composed => taken += usize::from(self.hand_over(&mail, true)?),
                SendingStep::Person => {
                    let problem = if mail.attempts.iter().any(is_refused) { REFUSED } else { UNKNOWN };
                    self.trouble(&mail, problem)?;
                }
                // the mailbox is read in each round before anything is sent
                SendingStep::Send
                | SendingStep::Repeat
                | SendingStep::ReadFirst
                | SendingStep::WaitUntil(_)
                | SendingStep::Nothing => {}
            }
        }
        Ok(taken)
    }

    fn hand_over(&mut self, mail: &SentMail, again: bool) -> Result<bool, Failure> {
        if self.mailbox.sender.is_none() {
            self.trouble(mail, ELSEWHERE)?;
            return Ok(false);
        }
        if !self.pace.is_ready() {
            return Ok(false);
        }
        let Some(bytes) = self.store.sent_bytes(mail.row)? else { return Ok(false) };
        let outgoing =
            OutgoingMail::read(bytes).and_then(|whole| if again { whole.repeated() } else { Ok(whole) });
        let outgoing = match outgoing {
            Ok(outgoing) => outgoing,
            Err(error) => {
                self.trouble(mail, error.code())?;
                return Ok(false);
            }
        };
        let attempt = self.store.begin_attempt(mail.row, self.clock.now())?;
        failpoint::hit("pec-begun");
        let result = match &mut self.mailbox.sender {
            Some(sender) => sender.submit(&outgoing),
            None => Err(SubmitError::ReadOnly),
        };
        failpoint::hit("pec-handed");
        let (end, reply) = match &result {
            Ok(()) => (AttemptEnd::Taken, None),
            Err(SubmitError::Unknown) => (AttemptEnd::Unknown, None),
            Err(error @ (SubmitError::Refused(_) | SubmitError::OtherSender(_) | SubmitError::ReadOnly)) => {
                (AttemptEnd::Refused, Some(error.to_string()))
            }
            Err(error @ (SubmitError::NotNow(_) | SubmitError::Mailbox(_))) => {
                (AttemptEnd::NotHandedOver, Some(error.to_string()))
            }
        };
        self.store.end_attempt((mail.row, attempt), self.clock.now(), end_word(end), reply.as_deref())?;
        failpoint::hit("pec-ended");
        if let Err(error) = &result {
            // the reply is kept with the attempt, where it is nobody else's business
            tracing::warn!(mail = mail.row, code = error.code(), "a mail was not handed over");
        }
        self.pace.note(!matches!(end, AttemptEnd::NotHandedOver));
        Ok(end == AttemptEnd::Taken)
    }
}

fn is_refused(attempt: &concerto_store_sqlite::Attempt) -> bool {
    attempt.ended.as_ref().is_some_and(|(_, outcome)| outcome == end_word(AttemptEnd::Refused))
}

#[cfg(test)]
mod tests {
    use super::*;
    use concerto_store_sqlite::{Attempt, Closed};

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_796_000_000 + minute * 60).unwrap()
    }

    fn mail(attempts: &[(i64, Option<&str>)]) -> SentMail {
        let attempt = |(minute, end): &(i64, Option<&str>)| Attempt {
            begun_at: at(*minute),
            ended: end.map(|word| (at(*minute), word.to_owned())),
            reply: None,
        };
        SentMail {
            row: 1,
            message_id: "1@pec.regione.example".to_owned(),
            sender: "a@pec.regione.example".to_owned(),
            recipient: None,
            conference: "r_marche/AOO1/5f0c9d1e7a3b42688d15c4e09b7f2a61".parse().unwrap(),
            message: concerto_message::MessageId(concerto_message::Digest([0; 32])),
            body: "c_e783/AOO1".parse().unwrap(),
            repetition: 0,
            subject: String::new(),
            why: String::new(),
            at: at(0),
            restricted: false,
            state: Proved::NOTHING.write(),
            problem: None,
            closed: None,
            recorded: None,
            done: false,
            composed: true,
            attempts: attempts.iter().map(attempt).collect(),
        }
    }

    #[test]
    fn attempts_that_are_kept_decide_as_those_that_were_made() {
        let step = |mail: &SentMail, minute| {
            step_of(mail, at(minute), Some(at(minute)), SignedDuration::from_mins(30))
        };
        assert_eq!(step(&mail(&[]), 0), SendingStep::Send);
        assert_eq!(step(&mail(&[(0, Some("not-handed-over"))]), 1), SendingStep::Send);
        assert_eq!(step(&mail(&[(0, Some("taken"))]), 999), SendingStep::Nothing);
        let died = mail(&[(0, None)]);
        assert_eq!(step(&died, 29), SendingStep::WaitUntil(at(30)));
        assert_eq!(step(&died, 30), SendingStep::Repeat);
        assert_eq!(step(&mail(&[(0, None), (31, None)]), 99), SendingStep::Person);
        assert_eq!(step(&mail(&[(0, Some("refused"))]), 1), SendingStep::Person);
        let told = SentMail { closed: Some(Closed::Sent), ..died };
        assert_eq!(step(&told, 99), SendingStep::Nothing, "a person saw that it left");
    }

    #[test]
    fn failures_slow_the_pace_down_and_success_restores_it() {
        let mut pace = Pace::default();
        assert!(pace.is_ready());
        pace.note(false);
        assert!(!pace.is_ready());
        pace.note(true);
        assert!(pace.is_ready());
    }
}
