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

/// The instant at which a civil day ends in Rome: its 24:00.
pub fn end_of(date: Date) -> Timestamp {
    let end = date.tomorrow().and_then(|next| ROME.to_timestamp(next.at(0, 0, 0, 0)));
    end.unwrap_or(Timestamp::MAX)
}

/// Whether a term that ends with `date` has ended: it does at 24:00, so 00:00:00 of the next day is after it.
pub fn expired(date: Date, now: LegalNow) -> bool {
    now.date() > date
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_day_ends_where_the_next_begins_also_when_the_hour_changes() {
        for (day, end) in [
            (date(2026, 12, 30), "2026-12-30T23:00:00Z"),
            (date(2026, 6, 30), "2026-06-30T22:00:00Z"),
            (date(2026, 3, 29), "2026-03-29T22:00:00Z"),
            (date(2026, 10, 25), "2026-10-25T23:00:00Z"),
        ] {
            let end: Timestamp = end.parse().unwrap();
            assert_eq!(end_of(day), end);
            let before = Timestamp::from_second(end.as_second() - 1).unwrap();
            assert!(!expired(day, LegalNow(before)) && expired(day, LegalNow(end)), "{day}");
        }
        assert_eq!(end_of(Date::MAX), Timestamp::MAX);
    }
}
