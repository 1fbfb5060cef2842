//! What one peer may have under way, whatever the number of its connections, and what it is to blame for.
//!
//! A request takes a place before a byte of it is read and gives it back when its answer was sent: who asks faster than it is
//! answered waits in its own lane. Bytes are taken as they are announced, so that many frames begun and never ended hold up
//! nobody but their sender.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use libp2p::PeerId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::UNANSWERED_PER_PEER_MAX;

/// Bytes counted by one permit.
const UNIT: usize = 1024;
/// Bytes of small requests of one peer beside one greatest request.
const REQUESTS_BESIDE: usize = 4 * 1024 * 1024;
/// Greatest frames that one peer may be sending as answers, and may be reading as answers, at one time.
const ANSWERS: usize = 2;
/// Time between two lines of the log about the same peer and the same code.
const SAID_AGAIN: Duration = Duration::from_secs(60);

/// The places and bytes of one peer.
#[derive(Debug)]
pub(crate) struct Lane {
    requests: Arc<Semaphore>,
    request_units: Arc<Semaphore>,
    answer_units: Arc<Semaphore>,
    sending_units: Arc<Semaphore>,
    pub(crate) blame: Blame,
}

/// What a frame holds of its lane until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    _place: Option<OwnedSemaphorePermit>,
    _units: Option<OwnedSemaphorePermit>,
}

impl Lane {
    /// The lane of a peer, for frames and requests of up to so many bytes.
    pub(crate) fn new(name: String, frame_bytes_max: usize, request_bytes_max: usize) -> Arc<Self> {
        let units = |bytes: usize| Arc::new(Semaphore::new(bytes.div_ceil(UNIT) + 1));
        Arc::new(Self {
            requests: Arc::new(Semaphore::new(UNANSWERED_PER_PEER_MAX)),
            request_units: units(request_bytes_max.saturating_add(REQUESTS_BESIDE)),
            answer_units: units(frame_bytes_max.saturating_mul(ANSWERS)),
            sending_units: units(frame_bytes_max.saturating_mul(ANSWERS)),
            blame: Blame { name, said: Mutex::default() },
        })
    }

    /// Waits for a place for one more request.
    pub(crate) async fn place(&self) -> Hold {
        Hold { _place: Arc::clone(&self.requests).acquire_owned().await.ok(), _units: None }
    }

    /// Waits for room for an announced request.
    pub(crate) async fn announce_request(&self, hold: &mut Hold, bytes: usize) {
        hold._units = Arc::clone(&self.request_units).acquire_many_owned(units(bytes)).await.ok();
    }

    /// Waits for room for an announced answer.
    pub(crate) async fn announce_answer(&self, bytes: usize) -> Hold {
        Hold {
            _place: None,
            _units: Arc::clone(&self.answer_units).acquire_many_owned(units(bytes)).await.ok(),
        }
    }

    /// Room for an answer to be sent; none while the peer does not read those that it asked for before.
    pub(crate) fn room_to_send(&self, bytes: usize) -> Option<Hold> {
        let units = Arc::clone(&self.sending_units).try_acquire_many_owned(units(bytes)).ok()?;
        Some(Hold { _place: None, _units: Some(units) })
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

/// Counts what somebody does that it should not, and says so in the log once a minute: whoever misbehaves does not fill the disk.
#[derive(Debug)]
pub(crate) struct Blame {
    name: String,
    said: Mutex<BTreeMap<&'static str, (u64, Instant)>>,
}

impl Blame {
    /// For callers without a name.
    pub(crate) fn of_strangers() -> Self {
        Self { name: "-".to_owned(), said: Mutex::default() }
    }

    /// Notes one more event under its code.
    pub(crate) fn note(&self, code: &'static str, what: &dyn std::fmt::Display) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (times, again_at) = said.entry(code).or_insert((0, now));
        *times += 1;
        if *again_at <= now {
            *again_at = now + SAID_AGAIN;
            tracing::warn!(peer = self.name, code, times = *times, "{what}");
        }
    }
}

/// Whose connection is being set up: the gate says it, and the codec that the library clones next belongs to that peer.
#[derive(Debug)]
pub(crate) struct Entrance {
    lanes: HashMap<PeerId, Arc<Lane>>,
    entering: Mutex<Arc<Lane>>,
}

impl Entrance {
    /// `nobody` serves until somebody enters.
    pub(crate) fn new(lanes: HashMap<PeerId, Arc<Lane>>, nobody: Arc<Lane>) -> Arc<Self> {
        Arc::new(Self { lanes, entering: Mutex::new(nobody) })
    }

    /// A peer enters; it must be a known one.
    pub(crate) fn enter(&self, peer: &PeerId) {
        if let Some(lane) = self.lanes.get(peer) {
            *self.entering.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(lane);
        }
    }

    /// The lane of the peer that entered last.
    pub(crate) fn lane(&self) -> Arc<Lane> {
        Arc::clone(&self.entering.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
