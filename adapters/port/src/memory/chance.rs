//! Clocks that stand still until told otherwise, and chance that repeats itself.

use concerto_message::Digest;
use jiff::{SignedDuration, Timestamp};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::signer::{Clock, Random};

/// A clock that always shows the same instant.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A clock that a test or simulation moves, forwards or backwards. Clones show the same time.
#[derive(Debug, Clone)]
pub struct SharedClock(Arc<Mutex<Timestamp>>);

impl SharedClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(start)))
    }
    /// Shows `instant` from now on.
    pub fn set(&self, instant: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = instant;
    }
    /// Moves the clock; stops at the first and the last instant that can be written.
    pub fn advance(&self, by: SignedDuration) {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
        *shown = shown.checked_add(by).unwrap_or(limit);
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bits that follow from a seed: SHA-256 over seed and counter. **Never in production**: who knows the seed knows them all.
#[derive(Debug)]
pub struct SeededRandom {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededRandom {
    /// The sequence of this seed, from its beginning.
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl Random for SeededRandom {
    fn nonce(&self) -> [u8; 16] {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        let Digest(bytes) = Digest::of_parts(&[&self.seed.to_be_bytes(), &drawn.to_be_bytes()]);
        let mut nonce = [0; 16];
        nonce.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        nonce
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_show_what_they_were_told() {
        let noon: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        assert_eq!(FixedClock(noon).now(), noon);
        let clock = SharedClock::new(noon);
        let same = clock.clone();
        same.advance(SignedDuration::from_secs(90));
        assert_eq!(clock.now().to_string(), "2026-11-23T12:01:30Z");
        clock.advance(SignedDuration::from_secs(-90));
        assert_eq!(same.now(), noon);
        clock.advance(SignedDuration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
        clock.set(noon);
        assert_eq!(same.now(), noon);
    }

    #[test]
    fn chance_repeats_itself_by_seed_and_never_within_one() {
        let draw = |seed| {
            let random = SeededRandom::new(seed);
            (0..100).map(|_| random.nonce()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        let all: std::collections::BTreeSet<_> = draw(7).into_iter().chain(draw(8)).collect();
        assert_eq!(all.len(), 200);
    }
}
