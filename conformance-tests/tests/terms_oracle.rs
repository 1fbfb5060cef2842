//! The dates of the law against a slow oracle that walks one day at a time (RULES T1, T2, T3, T4, T5, T6, T10, T11, S1, S3, B.3.4).
//!
//! The oracle shares nothing with the engine: its own calendar from 1 January 2016 (a Friday), day after day, with the dates of Easter
//! from printed tables, its own numbers of days, and terms counted by stepping. Every start from 2026 to 2036, every regime, offices at
//! no place, in Rome and in Ancona. Wrong programs it catches: date arithmetic that slips at months, leap years or years, an Easter off by
//! a week, a roll that stops early, working days that count holidays, a suspension that forgets a day.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use concerto_procedure::calendar::{CalendarKind, Office};
use concerto_procedure::counting::{Amount, Due};
use concerto_procedure::law::Law;
use concerto_procedure::one_term::one_term;
use concerto_procedure::regime::DayUnit;
use concerto_procedure::schedule::{Facts, Request, schedule};
use concerto_procedure::term::StartEvent;
use jiff::civil::{Date, date};
use std::collections::BTreeMap;

/// Easter Sundays from printed tables: month and day from 2016 on.
const EASTER: [(i8, i8); 22] = [
    (3, 27),
    (4, 16),
    (4, 1),
    (4, 21),
    (4, 12),
    (4, 4),
    (4, 17),
    (4, 9),
    (3, 31),
    (4, 20),
    (4, 5),
    (3, 28),
    (4, 16),
    (4, 1),
    (4, 21),
    (4, 13),
    (3, 28),
    (4, 17),
    (4, 9),
    (3, 25),
    (4, 13),
    (4, 5),
];
const MONTHS: [i8; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/// Ordinary and sensitive days of the determinations, days to the meeting, and whether the longer term is for all by default.
const REGIMES: [(&str, i32, i32, Option<i32>, bool); 4] = [
    ("R0", 45, 90, Some(10), true),
    ("R1a", 60, 60, Some(30), false),
    ("R1b", 30, 45, Some(15), false),
    ("R2", 30, 60, None, true),
];
/// How many days the oracle knows: 2016 to 2037.
const DAYS: usize = 8036;

/// One day of the oracle's calendar.
#[derive(Clone, Copy)]
struct Day {
    date: Date,
    /// 0 is Monday.
    weekday: u8,
    holiday: bool,
}

/// A calendar made by counting days, with where each date is.
struct Oracle {
    days: Vec<Day>,
    seat: Option<&'static str>,
}

impl Oracle {
    fn at(seat: Option<&'static str>) -> Self {
        let (mut year, mut month, mut day, mut weekday) = (2016_i16, 1_i8, 1_i8, 4_u8);
        let mut days = Vec::new();
        let mut after_easter = false;
        while days.len() < DAYS {
            let is_easter = EASTER[usize::try_from(year - 2016).unwrap()] == (month, day);
            let fixed = matches!(
                (month, day),
                (1, 1)
                    | (1, 6)
                    | (4, 25)
                    | (5, 1)
                    | (6, 2)
                    | (8, 15)
                    | (11, 1)
                    | (12, 8)
                    | (12, 25)
                    | (12, 26)
            );
            let local = seat == Some("roma") && (month, day) == (6, 29);
            let francis = year >= 2026 && (month, day) == (10, 4);
            let holiday = weekday == 6 || fixed || local || francis || after_easter;
            days.push(Day { date: date(year, month, day), weekday, holiday });
            after_easter = is_easter;
            weekday = (weekday + 1) % 7;
            let leap = year % 4 == 0 && month == 2; // neither 2000 nor 2100 is among these years
            if day < MONTHS[usize::try_from(month - 1).unwrap()] + i8::from(leap) {
                day += 1;
            } else if month < 12 {
                (month, day) = (month + 1, 1);
            } else {
                (year, month, day) = (year + 1, 1, 1);
            }
        }
        Self { days, seat }
    }

    fn place(&self, day: Date) -> usize {
        self.days.binary_search_by(|known| known.date.cmp(&day)).unwrap()
    }

    /// Steps over the days that cannot be the last.
    fn end(&self, mut place: usize, saturdays_too: bool, step: isize) -> usize {
        while self.days[place].holiday || (saturdays_too && self.days[place].weekday == 5) {
            place = place.checked_add_signed(step).unwrap();
        }
        place
    }

    fn both(&self, strict: usize, prudential: usize) -> Due {
        Due {
            strict: self.days[self.end(strict, false, 1)].date,
            prudential: self.days[self.end(prudential, true, 1)].date,
        }
    }

    fn works(&self, place: usize) -> bool {
        let closed = self.seat == Some("ancona")
            && (self.days[place].date.month(), self.days[place].date.day()) == (5, 4);
        self.days[place].weekday < 5 && !self.days[place].holiday && !closed
    }

    fn working(&self, mut place: usize, count: i32, step: isize) -> usize {
        let mut counted = 0;
        while counted < count {
            place = place.checked_add_signed(step).unwrap();
            if self.works(place) {
                counted += 1;
            }
        }
        place
    }

    /// A determination of so many days, suspended on the `asked`th day for `stood` days: the last day is found by walking, and a day
    /// on which the terms stand still is not counted.
    fn suspended(&self, receipt: usize, days: i32, asked: i32, stood: i32, saturdays_too: bool) -> Date {
        let open_until = self.end(receipt + usize::try_from(days).unwrap(), saturdays_too, 1);
        let from = receipt + usize::try_from(asked).unwrap();
        let until = from + usize::try_from(stood.min(30)).unwrap();
        let still = |place: usize| from <= open_until && (from..until).contains(&place);
        let (mut place, mut left) = (receipt, days);
        while left > 0 || still(place) {
            left -= i32::from(!still(place));
            place += 1;
        }
        // asked between the last day and the end of the roll: the days that stood still come after it
        let extra = if from <= open_until && place < from { until - from } else { 0 };
        self.days[self.end(place + extra, saturdays_too, 1)].date
    }
}

fn starts() -> impl Iterator<Item = Date> {
    std::iter::successors(Some(date(2026, 1, 1)), |day| day.tomorrow().ok())
        .take_while(|day| *day <= date(2036, 6, 30))
}

fn facts(received: Date, regime: &str, sensitive: bool, seat: Option<&str>) -> Facts {
    Facts {
        kind: "simplified".to_owned(),
        events: BTreeMap::from([(StartEvent::Application, received), (StartEvent::Receipt, received)]),
        regime: Some(regime.to_owned()),
        sensitive,
        office: Office::at(seat),
        ..Facts::default()
    }
}

#[test]
fn the_oracles_own_calendar_is_right_at_its_end() {
    let oracle = Oracle::at(None);
    let last = oracle.days.last().unwrap();
    assert_eq!((last.date, last.weekday), (date(2037, 12, 31), 3), "a Thursday");
}

#[test]
fn every_term_of_every_regime_for_every_start() {
    let law = Law::embedded().unwrap();
    let mut compared = 0_u32;
    for seat in [None, Some("roma"), Some("ancona")] {
        let oracle = Oracle::at(seat);
        for start in starts() {
            let at = oracle.place(start);
            let day = |days: i32| at + usize::try_from(days).unwrap();
            for (regime, ordinary, sensitive, meeting, for_all) in REGIMES {
                let found = schedule(law, &facts(start, regime, true, seat)).unwrap();
                let due = |id: &str| found.terms.iter().find(|term| term.id == id).map(|term| term.due);
                let short = if for_all { sensitive } else { ordinary };
                let (first, second) =
                    (oracle.both(day(short), day(short)), oracle.both(day(sensitive), day(sensitive)));
                let last = first.later(second);
                let (strict, prudential) = (oracle.place(last.strict), oracle.place(last.prudential));
                let plus = |days: i32| usize::try_from(days).unwrap();
                let concluded = |place| oracle.days[oracle.working(place, 5, 1)].date;
                let expected = [
                    ("notice", Some(Due::on(concluded(at)))),
                    ("integration_requests", Some(oracle.both(day(15), day(15)))),
                    ("determination", Some(first)),
                    ("determination_sensitive", Some(second)),
                    (
                        "meeting",
                        meeting.map(|days| oracle.both(strict + plus(days), prudential + plus(days))),
                    ),
                    (
                        "final_determination",
                        Some(Due { strict: concluded(strict), prudential: concluded(prudential) }),
                    ),
                    ("procedure", Some(oracle.both(day(30), day(30)))),
                ];
                for (id, expected) in expected {
                    assert_eq!(due(id), expected, "{id} of {regime} from {start} at {seat:?}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 300_000, "{compared}");
}

#[test]
fn one_term_of_every_kind_for_every_start() {
    let law = Law::embedded().unwrap();
    for seat in [None, Some("roma"), Some("ancona")] {
        let oracle = Oracle::at(seat);
        let due = |from, number, unit, backward, calendar| {
            one_term(law, from, &Amount { number, unit, backward, calendar }, &Office::at(seat))
                .unwrap()
                .counted
                .due
        };
        for start in starts() {
            let at = oracle.place(start);
            let back = at - 20;
            let expected = Due {
                strict: oracle.days[oracle.end(back, false, -1)].date,
                prudential: oracle.days[oracle.end(back, true, -1)].date,
            };
            assert_eq!(
                due(start, 20, DayUnit::Calendar, true, CalendarKind::National),
                expected,
                "20 days before {start}"
            );
            let working = oracle.days[oracle.working(at, 5, -1)].date;
            assert_eq!(
                due(start, 5, DayUnit::Working, true, CalendarKind::National),
                Due::on(working),
                "{start}"
            );
            for days in [1_u16, 2, 3, 30] {
                // Reg. 1182/71: on to a working day, and on again until there were two (for two days or more)
                let mut place = oracle.end(at + usize::from(days), true, 1);
                let enough = |place: usize| {
                    (at + 1..=place).filter(|day| {
                        let known = oracle.days[*day];
                        known.weekday < 5 && !known.holiday
                    })
                };
                let closed = seat == Some("ancona"); // its patron is no holiday, but no working day either
                while days >= 2 && !closed && enough(place).count() < 2 {
                    place += 1;
                }
                if !closed {
                    let found = due(start, days, DayUnit::Calendar, false, CalendarKind::Eu);
                    assert_eq!(
                        found,
                        Due::on(oracle.days[place].date),
                        "{days} days of the Union from {start}"
                    );
                }
            }
            let end = start.checked_add(jiff::Span::new().months(6)).unwrap();
            let moved = oracle.both(oracle.place(end), oracle.place(end));
            assert_eq!(
                due(start, 6, DayUnit::Months, false, CalendarKind::National),
                moved,
                "6 months from {start}"
            );
        }
    }
}

#[test]
fn suspensions_for_every_start() {
    let law = Law::embedded().unwrap();
    let oracle = Oracle::at(None);
    for start in starts() {
        let at = oracle.place(start);
        for (asked, stood) in
            [(0, 30), (1, 1), (9, 11), (14, 30), (25, 45), (30, 7), (31, 7), (33, 7), (50, 9)]
        {
            let on = oracle.days[at + usize::try_from(asked).unwrap()].date;
            let answered = Some(oracle.days[at + usize::try_from(asked + stood).unwrap()].date);
            let facts = Facts { request: Some(Request { on, answered }), ..facts(start, "R1b", false, None) };
            let found = schedule(law, &facts).unwrap();
            let due = found.terms.iter().find(|term| term.id == "determination").unwrap().due;
            let expected = Due {
                strict: oracle.suspended(at, 30, asked, stood, false),
                prudential: oracle.suspended(at, 30, asked, stood, true),
            };
            assert_eq!(due, expected, "from {start}, asked after {asked} days, stood still {stood}");
        }
    }
}
