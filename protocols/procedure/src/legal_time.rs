//! Legal time: civil days of Europe/Rome, computed from instants in UTC (RULES T1, F.24).
//!
//! The rules of the time zone are compiled in, so that the same instant is the same day on every machine.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

const ROME: TimeZone = jiff::tz::get!("Europe/Rome");

/// The instant at which the law is asked: an argument, never a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LegalNow(pub Timestamp);

impl LegalNow {
    /// The civil day in Rome.
    pub fn date(self) -> Date {
        rome_date(self.0)
    }
}

/// The civil day of an instant in Rome.
pub fn rome_date(instant: Timestamp) -> Date {
    ROME.to_datetime(instant).date()
}

/// Whether a term that ends with `date` has ended: it does at 24:00, so 00:00:00 of the next day is after it.
pub fn expired(date: Date, now: LegalNow) -> bool {
    now.date() > date
}
