//! The Italian calendar of administrative terms: holidays, roll-over, calendar days, working days, months (RULES B.1, T1-T10).
//!
//! C.c. art. 2963 and c.p.c. art. 155: the first day is not counted, the last one is, and a term that ends on a holiday goes on to
//! the next day that is none. Saturday is no holiday (Cass. 5114/2009): the strict reading keeps it, the prudential one skips it.
//! Which days are holidays is dated data (`data/holidays.toml`); only the computation of Easter is an algorithm.

use jiff::Span;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

/// How sure a value of the law's data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confidence {
    /// Read in a statutory text.
    #[serde(rename = "V")]
    Verified,
    /// Read in a secondary source only.
    #[serde(rename = "S")]
    Secondary,
    /// From general knowledge of the text.
    #[serde(rename = "M")]
    Memory,
    /// Open.
    #[serde(rename = "?")]
    Open,
}

/// Two readings of a day term; the law does not say which one holds for Saturdays (RULES T3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// Saturday is a day like any other.
    Strict,
    /// A term that ends on a Saturday goes on; nothing automatic happens before this date has passed.
    Prudential,
}

/// A holiday (*giorno festivo*) as the data declares it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// A stable name, such as `easter_monday`.
    pub id: String,
    /// Its Italian name.
    pub it: String,
    /// Its English name.
    pub en: String,
    weekly: Option<DayOfWeek>,
    fixed: Option<MonthDay>,
    easter_offset: Option<i16>,
    /// The place whose offices keep it; none for a national holiday.
    pub seat: Option<String>,
    from: Option<Date>,
    until: Option<Date>,
    /// The norm.
    pub citation: String,
    /// How sure.
    pub tag: Confidence,
}

impl Holiday {
    fn matches(&self, day: Date, seat: Option<&str>) -> bool {
        let here = self.seat.is_none() || self.seat.as_deref() == seat;
        let in_force =
            self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until);
        here && in_force && self.falls_on(day)
    }

    fn falls_on(&self, day: Date) -> bool {
        self.weekly.is_some_and(|weekly| weekly.0 == day.weekday())
            || self.fixed.is_some_and(|fixed| (fixed.month, fixed.day) == (day.month(), day.day()))
            || self.easter_offset.is_some_and(|offset| add_days(easter(day.year()), i64::from(offset)) == day)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DayOfWeek(Weekday);

impl<'de> Deserialize<'de> for DayOfWeek {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        let place = days.iter().position(|day| *day == name).and_then(|place| i8::try_from(place).ok());
        let day = place.and_then(|place| Weekday::from_monday_zero_offset(place).ok());
        day.map(Self).ok_or_else(|| serde::de::Error::custom(format!("`{name}` is no day of the week")))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct MonthDay {
    month: i8,
    day: i8,
}

impl<'de> Deserialize<'de> for MonthDay {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts =
            text.split_once('-').and_then(|(month, day)| Some((month.parse().ok()?, day.parse().ok()?)));
        match parts {
            // A leap year, so that 29 February is a day.
            Some((month, day)) if Date::new(2000, month, day).is_ok() => Ok(Self { month, day }),
            _ => Err(serde::de::Error::custom(format!("`{text}` is no month-day"))),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct DaysOfWeek {
    weekdays: Vec<DayOfWeek>,
    #[serde(rename = "citation")]
    _citation: String,
    #[serde(rename = "tag")]
    _tag: Confidence,
}

impl DaysOfWeek {
    fn contain(&self, day: Date) -> bool {
        self.weekdays.iter().any(|weekday| weekday.0 == day.weekday())
    }
}

/// Which days move a term, and which count as working days.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    working_days: DaysOfWeek,
    prudential: DaysOfWeek,
    #[serde(rename = "holiday")]
    holidays: Vec<Holiday>,
}

/// A day on which a term could not end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The day.
    pub day: Date,
    /// The holiday's stable name, or `saturday`.
    pub holiday: String,
}

/// A date with the days that were skipped to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rolled {
    /// The day that is left.
    pub date: Date,
    /// The days skipped, in the order walked.
    pub skipped: Vec<Skipped>,
}

/// The name under which a Saturday appears in [`Skipped`].
pub const SATURDAY: &str = "saturday";

impl Calendar {
    /// The holiday that `day` is, for an office with this seat (T4, T5).
    pub fn holiday(&self, day: Date, seat: Option<&str>) -> Option<&Holiday> {
        self.holidays.iter().find(|holiday| holiday.matches(day, seat))
    }

    /// A holiday by its stable name.
    pub fn holiday_named(&self, id: &str) -> Option<&Holiday> {
        self.holidays.iter().find(|holiday| holiday.id == id)
    }

    /// Whether `day` counts among *giorni lavorativi* (T6): Monday to Friday, no holiday.
    pub fn is_working_day(&self, day: Date, seat: Option<&str>) -> bool {
        self.working_days.contain(day) && self.holiday(day, seat).is_none()
    }

    /// The first day from `day` on at which a term may end (T2, T3).
    pub fn roll_forward(&self, day: Date, seat: Option<&str>, reading: Reading) -> Rolled {
        self.roll(day, seat, reading, |day| day.tomorrow().ok())
    }

    /// The last day up to `day` at which a term that is counted backwards may end (T10).
    pub fn roll_backward(&self, day: Date, seat: Option<&str>, reading: Reading) -> Rolled {
        self.roll(day, seat, reading, |day| day.yesterday().ok())
    }

    /// The last of `count` working days after `start`, which is not counted (T6).
    pub fn add_working_days(&self, start: Date, count: u16, seat: Option<&str>) -> Date {
        let (mut day, mut left) = (start, count);
        while left > 0
            && let Ok(next) = day.tomorrow()
        {
            day = next;
            if self.is_working_day(day, seat) {
                left -= 1;
            }
        }
        day
    }

    fn roll(
        &self,
        day: Date,
        seat: Option<&str>,
        reading: Reading,
        step: impl Fn(Date) -> Option<Date>,
    ) -> Rolled {
        let mut rolled = Rolled { date: day, skipped: Vec::new() };
        while let Some(holiday) = self.obstacle(rolled.date, seat, reading)
            && let Some(next) = step(rolled.date)
        {
            rolled.skipped.push(Skipped { day: rolled.date, holiday: holiday.to_owned() });
            rolled.date = next;
        }
        rolled
    }

    fn obstacle(&self, day: Date, seat: Option<&str>, reading: Reading) -> Option<&str> {
        match self.holiday(day, seat) {
            Some(holiday) => Some(&holiday.id),
            None if reading == Reading::Prudential && self.prudential.contain(day) => Some(SATURDAY),
            None => None,
        }
    }
}

/// The day `days` calendar days after `start` (before, if negative): the first day is not counted, holidays within count (T1).
pub fn add_days(start: Date, days: i64) -> Date {
    // Far beyond any term; keeps `Span` within what it can hold.
    let days = days.clamp(-3_000_000, 3_000_000);
    start.saturating_add(Span::new().days(days))
}

/// The same day `months` later, or the last of that month where it has no such day (T1).
pub fn add_months(start: Date, months: u16) -> Date {
    start.saturating_add(Span::new().months(i64::from(months)))
}

/// Calendar days from `start` to `end`; negative if `end` comes first.
pub fn days_between(start: Date, end: Date) -> i64 {
    start.duration_until(end).as_hours() / 24
}

/// Easter Sunday of a year of the Gregorian calendar (the anonymous algorithm, in the form of J. Meeus, *Astronomical Algorithms*, ch. 8).
pub fn easter(year: i16) -> Date {
    let y = i32::from(year);
    let (golden, century, in_century) = (y.rem_euclid(19), y.div_euclid(100), y.rem_euclid(100));
    let (leap_centuries, century_rest) = (century / 4, century % 4);
    let moon_shift = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - leap_centuries - moon_shift + 15).rem_euclid(30);
    let to_sunday = (32 + 2 * century_rest + 2 * (in_century / 4) - epact - in_century % 4).rem_euclid(7);
    let correction = (golden + 11 * epact + 22 * to_sunday) / 451;
    let days = epact + to_sunday - 7 * correction + 114;
    let month = i8::try_from(days / 31).unwrap_or(4);
    let day = i8::try_from(days % 31 + 1).unwrap_or(1);
    Date::new(year, month, day).unwrap_or(Date::MAX)
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;
