//! Bandwidth per peer: a bucket that fills with so many bytes a second and holds what one second brings.

use concerto_message::Writer;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Unused time that a bucket saves.
const SAVED: Duration = Duration::from_secs(1);

/// One bucket. All streams of a peer in one direction share it.
#[derive(Debug)]
pub(crate) struct Throttle {
    bytes_per_second: u64,
    // when everything spent so far is paid for
    paid: Mutex<Instant>,
}

impl Throttle {
    pub(crate) fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second, paid: Mutex::new(Instant::now()) }
    }

    /// Waits until so many bytes, which crossed just now, are paid for.
    pub(crate) async fn spend(&self, bytes: usize) {
        if self.bytes_per_second == 0 {
            return;
        }
        let cost = Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64);
        let until = {
            let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let oldest = now.checked_sub(SAVED).unwrap_or(now);
            *paid = (*paid).max(oldest) + cost;
            *paid
        };
        tokio::time::sleep_until(until).await;
    }
}

/// The buckets of all peers in one direction; as many as the federation has members.
#[derive(Debug)]
pub(crate) struct Throttles {
    bytes_per_second: u64,
    of: Mutex<BTreeMap<Writer, Arc<Throttle>>>,
}

impl Throttles {
    pub(crate) fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second, of: Mutex::default() }
    }

    pub(crate) fn of(&self, peer: &Writer) -> Arc<Throttle> {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        of.entry(peer.clone()).or_insert_with(|| Arc::new(Throttle::new(self.bytes_per_second))).clone()
    }
}
