//! The Italian calendar of administrative terms: holidays, roll-over, calendar days, working days, months (RULES B.1, T1-T11).
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
    /// Decided by a signed local profile.
    #[serde(rename = "L")]
    Local,
}

impl Confidence {
    /// The letter that the data use.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Verified => "V",
            Self::Secondary => "S",
            Self::Memory => "M",
            Self::Open => "?",
            Self::Local => "L",
        }
    }
}

/// What a day of the data does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Effect {
    /// A term that ends on it goes on.
    #[default]
    MovesTerms,
    /// Offices are closed: no working day, but no term moves (T5).
    NotWorking,
}

/// The office whose days are counted: where it is, and whether it works on Saturdays (T5, T6).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Office {
    /// The place, as the data spell it; none where only national holidays count.
    pub seat: Option<String>,
    /// Whether Saturday is one of its working days.
    pub six_day_week: bool,
}

impl Office {
    /// An office at this seat with the usual week.
    pub fn at(seat: Option<&str>) -> Self {
        Self { seat: seat.map(str::to_owned), six_day_week: false }
    }
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
    #[serde(default)]
    effect: Effect,
    #[serde(default)]
    optional: bool,
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
        !self.optional && here && in_force && self.falls_on(day)
    }

    fn moves_terms(&self, day: Date, seat: Option<&str>) -> bool {
        self.effect == Effect::MovesTerms && self.matches(day, seat)
    }

    fn falls_on(&self, day: Date) -> bool {
        self.weekly.is_some_and(|weekly| weekly.0 == day.weekday())
            || self.fixed.is_some_and(|fixed| (fixed.month, fixed.day) == (day.month(), day.day()))
            || self.easter_offset.is_some_and(|offset| {
                (EASTER_MONTHS.0..=EASTER_MONTHS.1).contains(&day.month())
                    && add_days(easter(day.year()), i64::from(offset)) == day
            })
    }
}

/// First and last month of a feast that follows Easter (22 March to 25 April), from Ash Wednesday to Corpus Domini: in the others
/// Easter need not be computed.
const EASTER_MONTHS: (i8, i8) = (2, 6);

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
    citation: String,
    tag: Confidence,
}

/// How the calendar of an act of the Union differs (Reg. (CEE, Euratom) 1182/71 art. 3).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct EuDays {
    weekdays: Vec<DayOfWeek>,
    rolls_backward: bool,
    two_working_days_from: u16,
    citation: String,
    tag: Confidence,
}

/// A calendar by which a term is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalendarKind {
    /// Italian terms.
    #[default]
    National,
    /// Terms that an act of the Union sets (T11).
    Eu,
}

/// The years that the data describe.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// The version of the file.
    pub version: String,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub until: Date,
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
    data: Coverage,
    working_days: DaysOfWeek,
    working_days_six: DaysOfWeek,
    prudential: DaysOfWeek,
    eu: EuDays,
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
/// The name under which a day appears in [`Skipped`] because the term would hold fewer than two working days (T11).
pub const TOO_FEW_WORKING_DAYS: &str = "too_few_working_days";

impl Calendar {
    /// The holiday that `day` is, for an office with this seat (T4, T5).
    pub fn holiday(&self, day: Date, seat: Option<&str>) -> Option<&Holiday> {
        self.holidays.iter().find(|holiday| holiday.moves_terms(day, seat))
    }

    /// The years that the data describe; a date outside is not computed.
    pub fn coverage(&self) -> &Coverage {
        &self.data
    }

    /// Whether the data know something of this place, be it settled or not.
    pub fn knows_seat(&self, seat: &str) -> bool {
        self.holidays.iter().any(|holiday| holiday.seat.as_deref() == Some(seat))
    }

    /// A holiday of this place that has no effect until a local profile says so.
    pub fn unsettled_at(&self, seat: &str) -> Option<&Holiday> {
        self.holidays.iter().find(|holiday| holiday.optional && holiday.seat.as_deref() == Some(seat))
    }

    /// The days between two others on which offices of this place are closed although no term moves (T5).
    pub(crate) fn closings<'a>(&'a self, ends: (Date, Date), seat: Option<&'a str>) -> Vec<&'a str> {
        let closed = |day: Date| {
            let closing =
                |holiday: &&Holiday| holiday.effect == Effect::NotWorking && holiday.matches(day, seat);
            self.holidays.iter().find(closing).map(|holiday| holiday.id.as_str())
        };
        let days =
            std::iter::successors(Some(ends.0), |day| day.tomorrow().ok().filter(|day| *day <= ends.1));
        days.filter_map(closed).collect()
    }

    /// What says which days are working days, and how sure that is.
    pub fn working_days_source(&self, six_day_week: bool) -> (&str, Confidence) {
        let days = if six_day_week { &self.working_days_six } else { &self.working_days };
        (&days.citation, days.tag)
    }

    /// What says how the calendar of the Union counts, and how sure that is.
    pub fn eu_source(&self) -> (&str, Confidence) {
        (&self.eu.citation, self.eu.tag)
    }

    /// What says which days the prudential reading skips, and how sure that is.
    pub fn prudential_source(&self) -> (&str, Confidence) {
        (&self.prudential.citation, self.prudential.tag)
    }

    /// A holiday by its stable name.
    pub fn holiday_named(&self, id: &str) -> Option<&Holiday> {
        self.holidays.iter().find(|holiday| holiday.id == id)
    }

    /// Whether `day` counts among *giorni lavorativi* (T6): Monday to Friday, no holiday.
    pub fn is_working_day(&self, day: Date, seat: Option<&str>) -> bool {
        self.works(day, seat, false)
    }

    fn works(&self, day: Date, seat: Option<&str>, six_day_week: bool) -> bool {
        let week = if six_day_week { &self.working_days_six } else { &self.working_days };
        week.contain(day) && !self.holidays.iter().any(|holiday| holiday.matches(day, seat))
    }

    /// The first day from `day` on at which a term may end (T2, T3).
    pub fn roll_forward(&self, day: Date, seat: Option<&str>, reading: Reading) -> Rolled {
        self.roll(day, seat, reading, |day| day.tomorrow().ok())
    }

    /// The last day up to `day` at which a term that is counted backwards may end (T10).
    pub fn roll_backward(&self, day: Date, seat: Option<&str>, reading: Reading) -> Rolled {
        self.roll(day, seat, reading, |day| day.yesterday().ok())
    }

    /// The day from `day` on at which a term of an act of the Union may end, `start` and `days` being its own (T11).
    pub fn roll_eu(&self, day: Date, start: Date, days: u16, seat: Option<&str>) -> Rolled {
        let blocked = |day: Date| match self.holiday(day, seat) {
            Some(holiday) => Some(holiday.id.as_str()),
            None => self.eu.weekdays.iter().any(|w| w.0 == day.weekday()).then_some(SATURDAY),
        };
        let mut rolled = walk(day, |day| day.tomorrow().ok(), blocked);
        if days >= self.eu.two_working_days_from {
            let second = self.add_working_days(start, 2, seat);
            while rolled.date < second
                && let Ok(next) = rolled.date.tomorrow()
            {
                let holiday = blocked(rolled.date).unwrap_or(TOO_FEW_WORKING_DAYS).to_owned();
                rolled.skipped.push(Skipped { day: rolled.date, holiday });
                rolled.date = next;
            }
        }
        rolled
    }

    /// Whether a term of an act of the Union that is counted backwards moves back over holidays.
    pub fn eu_rolls_backward(&self) -> bool {
        self.eu.rolls_backward
    }

    /// The last of `count` working days after `start`, which is not counted (T6).
    pub fn add_working_days(&self, start: Date, count: u16, seat: Option<&str>) -> Date {
        self.walk_working_days(start, count, |day| day.tomorrow().ok(), |day| self.works(day, seat, false))
    }

    /// The same for an office that may work on Saturdays, forwards or backwards.
    pub fn working_days_of(&self, office: &Office, start: Date, count: u16, backward: bool) -> Date {
        let works = |day| self.works(day, office.seat.as_deref(), office.six_day_week);
        let step = |day: Date| if backward { day.yesterday().ok() } else { day.tomorrow().ok() };
        self.walk_working_days(start, count, step, works)
    }

    fn walk_working_days(
        &self,
        start: Date,
        count: u16,
        step: impl Fn(Date) -> Option<Date>,
        works: impl Fn(Date) -> bool,
    ) -> Date {
        let (mut day, mut left) = (start, count);
        while left > 0
            && let Some(next) = step(day)
        {
            day = next;
            if works(day) {
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
        walk(day, step, |day| self.obstacle(day, seat, reading))
    }

    fn obstacle(&self, day: Date, seat: Option<&str>, reading: Reading) -> Option<&str> {
        match self.holiday(day, seat) {
            Some(holiday) => Some(&holiday.id),
            None if reading == Reading::Prudential && self.prudential.contain(day) => Some(SATURDAY),
            None => None,
        }
    }
}

fn walk<'a>(
    day: Date,
    step: impl Fn(Date) -> Option<Date>,
    obstacle: impl Fn(Date) -> Option<&'a str>,
) -> Rolled {
    let mut rolled = Rolled { date: day, skipped: Vec::new() };
    while let Some(holiday) = obstacle(rolled.date)
        && let Some(next) = step(rolled.date)
    {
        rolled.skipped.push(Skipped { day: rolled.date, holiday: holiday.to_owned() });
        rolled.date = next;
    }
    rolled
}

/// The day `days` calendar days after `start` (before, if negative): the first day is not counted, holidays within count (T1).
pub fn add_days(start: Date, days: i64) -> Date {
    // Far beyond any term; keeps `Span` within what it can hold.
    let days = days.clamp(-3_000_000, 3_000_000);
    start.saturating_add(Span::new().days(days))
}

/// Far beyond any term; keeps `Span` within what it can hold.
const MONTHS_MAX: i32 = 100_000;

/// The same day `months` later (earlier, if negative), or the last of that month where it has no such day (T1).
pub fn add_months(start: Date, months: i32) -> Date {
    start.saturating_add(Span::new().months(i64::from(months.clamp(-MONTHS_MAX, MONTHS_MAX))))
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
