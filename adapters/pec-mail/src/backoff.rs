//! When to try again after failures.

use concerto_port::MailboxError;
use std::time::{Duration, Instant};

use crate::limits::{RETRY_TIME_MAX, RETRY_TIME_MIN};

/// Consecutive failures, and when the next attempt may be.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    not_before: Option<Instant>,
}

impl Backoff {
    /// How long to wait still.
    pub(crate) fn left(&self) -> Option<Duration> {
        let left = self.not_before?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Refuses while it is too early.
    pub(crate) fn check(&self) -> Result<(), MailboxError> {
        self.left().map_or(Ok(()), |left| Err(MailboxError::Waiting(left)))
    }

    /// Notes how an attempt ended.
    pub(crate) fn note<T, E>(&mut self, result: &Result<T, E>) {
        if result.is_ok() {
            *self = Self::default();
        } else {
            self.not_before = Some(Instant::now() + delay(self.failures));
            self.failures = self.failures.saturating_add(1);
        }
    }
}

/// The time after a number of earlier failures.
fn delay(failures: u32) -> Duration {
    RETRY_TIME_MIN.saturating_mul(1 << failures.min(16)).min(RETRY_TIME_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_waits_longer_up_to_a_bound() {
        assert_eq!([0, 1, 2, 7, 8, u32::MAX].map(|n| delay(n).as_secs()), [5, 10, 20, 640, 900, 900]);
        let mut backoff = Backoff::default();
        assert!(backoff.check().is_ok());
        backoff.note(&Err::<(), ()>(()));
        assert_eq!(backoff.check().unwrap_err().code(), "mailbox.waiting");
        backoff.note(&Ok::<(), ()>(()));
        assert!(backoff.check().is_ok());
    }
}
