//! What a node may write now: judges errors of the journal, watches the disk, releases the reserve and makes it again, tries again.
//!
//! ```text
//!           no room left                      no room even so, or the disk fails
//!   Open ─────────────────► Reserve ────────────────────────────────────────────► ReadOnly
//!     ▲  reserve made again    │  ▲                 a probe is durable               │
//!     └────────────────────────┘  └──────────────────────────────────────────────────┘
//! ```
//! Looked at once a second: so a node goes on within seconds once there is room, without being started again.

use concerto_core::step::{store_failed, store_full};
use concerto_core::{Fault, Storage};
use concerto_port::{Alarm, Journal, JournalError, Write};
use jiff::Timestamp;
use std::time::{Duration, Instant};

use crate::space::{FILLING_PERCENT, Room, Space};

/// Time between two looks at the disk.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Most alarms that wait until they can be written; further ones are only logged.
const ALARMS_MAX: usize = 16;
/// Name of the journal's value that a probe writes.
const PROBE: &str = "storage.probe";

/// What may be written, and why.
#[derive(Debug)]
pub(crate) struct Keeping {
    space: Option<Space>,
    storage: Storage,
    look_at: Instant,
    alarms: Vec<Alarm>,
    // the last day of which an alarm about a filling disk was raised
    filling_told: Option<jiff::civil::Date>,
}

impl Keeping {
    /// Without a disk to watch everything may be written until it fails.
    pub(crate) fn new(space: Option<Space>) -> Self {
        let look_at = Instant::now();
        Self { space, storage: Storage::Open, look_at, alarms: Vec::new(), filling_told: None }
    }

    pub(crate) fn storage(&self) -> Storage {
        self.storage
    }

    /// Looks at the disk when it is time, and tries again what failed.
    pub(crate) fn look(&mut self, journal: &mut dyn Journal, now: Timestamp) {
        if Instant::now() < self.look_at {
            return;
        }
        self.look_at = Instant::now() + LOOK_EVERY;
        if self.storage == Storage::ReadOnly && !self.probe(journal, now) {
            return;
        }
        let Some(space) = self.space.clone() else { return };
        match space.look() {
            Ok(room) => self.judge(&space, room, now),
            Err(error) => tracing::warn!(%error, "the disk's space could not be told"),
        }
    }

    fn judge(&mut self, space: &Space, room: Room, now: Timestamp) {
        let today = concerto_procedure::rome_date(now);
        if room.used_percent >= FILLING_PERCENT && self.filling_told != Some(today) {
            self.filling_told = Some(today);
            self.raise(filling_alarm(room, now));
        }
        match self.storage {
            Storage::Open if space.is_full(room) => self.use_reserve(now),
            // also a node that never had one, for want of room
            Storage::Open if !space.is_made() && space.has_room(room) => drop(made(space)),
            Storage::Reserve if space.has_room(room) && made(space) => {
                tracing::warn!("there is room again: everything is taken as before");
                self.storage = Storage::Open;
            }
            _ => {}
        }
    }

    fn use_reserve(&mut self, now: Timestamp) {
        tracing::error!("the disk is full: only what must be written is, from the reserve");
        if let Some(space) = &self.space {
            space.release();
        }
        self.storage = Storage::Reserve;
        self.raise(full_alarm(now));
    }

    /// The journal failed: what may be written from now on, and what those who ordered are told.
    pub(crate) fn failed(&mut self, error: &JournalError, now: Timestamp) -> Fault {
        match (error, self.storage) {
            (JournalError::Full, Storage::Open) if self.space.is_some() => self.use_reserve(now),
            (JournalError::Full, Storage::Open) => {}
            (JournalError::Full, _) => self.storage = Storage::ReadOnly,
            _ => {
                self.storage = Storage::ReadOnly;
                self.raise(failing_alarm(error, now));
            }
        }
        if matches!(error, JournalError::Full) { store_full() } else { store_failed() }
    }

    /// Whether the journal can be written again. What was committed is made durable anew first.
    fn probe(&mut self, journal: &mut dyn Journal, now: Timestamp) -> bool {
        let tried = journal.settle().and_then(|()| {
            journal.begin()?;
            journal.write(&Write::Meta { name: PROBE, value: now.to_string().into_bytes() })?;
            journal.commit()
        });
        if let Err(error) = &tried {
            tracing::debug!(%error, "the journal still cannot be written");
            let _ = journal.rollback(); // there may be no transaction any more
            return false;
        }
        tracing::warn!("the journal can be written again");
        // released as long as the disk does not show room for it
        let released = self.space.as_ref().is_some_and(|space| !space.is_made());
        self.storage = if released { Storage::Reserve } else { Storage::Open };
        true
    }

    /// Keeps an alarm until it can be written.
    pub(crate) fn raise(&mut self, alarm: Alarm) {
        if self.alarms.len() < ALARMS_MAX {
            self.alarms.push(alarm);
        } else {
            tracing::error!(code = alarm.code, "an alarm too many: it is only told here");
        }
    }

    /// Alarms that wait to be written with the next commit, unless nothing can be.
    pub(crate) fn waiting(&self) -> &[Alarm] {
        if self.storage == Storage::ReadOnly { &[] } else { &self.alarms }
    }

    /// The first of them are durable.
    pub(crate) fn raised(&mut self, count: usize) {
        self.alarms.drain(..count.min(self.alarms.len()));
    }
}

fn made(space: &Space) -> bool {
    match space.make() {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "the reserve could not be made; it is tried again");
            false
        }
    }
}

/// An alarm about the node itself.
pub(crate) fn alarm(code: &str, at: Timestamp, text: String) -> Alarm {
    Alarm { conference: None, code: code.into(), subject: at.to_string(), at, text }
}

fn full_alarm(at: Timestamp) -> Alarm {
    let text = "Il disco del nodo è pieno: atti e messaggi nuovi attendono, ricevute e letture continuano dalla riserva. Liberare spazio: \
                il nodo riprende da sé.";
    alarm("disk.full", at, text.into())
}

fn filling_alarm(room: Room, at: Timestamp) -> Alarm {
    let text = format!(
        "Il disco del nodo è occupato al {} per cento ({} MiB liberi): liberare spazio prima che sia pieno.",
        room.used_percent,
        room.available / (1024 * 1024)
    );
    alarm("disk.filling", at, text)
}

fn failing_alarm(error: &JournalError, at: Timestamp) -> Alarm {
    let text = format!("L'archivio del nodo non si è potuto scrivere ({error}): controllare il disco.");
    alarm("store.failed", at, text)
}
