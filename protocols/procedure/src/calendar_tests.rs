//! The calendar against RULES B.4 (its dates were computed by another program) and against known Easters.
//!
//! Wrong programs these catch: one that shifts Saturdays or does not shift holidays, prints old holidays (19 March, 4 November),
//! forgets 4 October, keeps 29 June everywhere, stops in August, or rolls only once.

use super::*;
use crate::law::Law;
use jiff::civil::date;
use proptest::prelude::*;

fn calendar() -> &'static Calendar {
    &Law::embedded().expect("the data of the release can be read").calendar
}

fn strict(day: Date) -> Date {
    calendar().roll_forward(day, None, Reading::Strict).date
}

fn due(receipt: Date, days: i64) -> (Date, Date) {
    let raw = add_days(receipt, days);
    (strict(raw), calendar().roll_forward(raw, None, Reading::Prudential).date)
}

#[test]
fn the_data_of_the_release_can_be_read() {
    Law::parse(&crate::law::EMBEDDED).unwrap();
}

#[test]
fn easter_of_known_years() {
    let known = [
        (1818, 3, 22),
        (1943, 4, 25),
        (1961, 4, 2),
        (2000, 4, 23),
        (2008, 3, 23),
        (2019, 4, 21),
        (2024, 3, 31),
        (2025, 4, 20),
        (2026, 4, 5),
        (2027, 3, 28),
        (2028, 4, 16),
        (2038, 4, 25),
        (2100, 3, 28),
    ];
    for (year, month, day) in known {
        assert_eq!(easter(year), date(year, month, day));
    }
}

#[test]
fn rulebook_b4_calendar_days() {
    let cases = [
        ("2 lett. b", date(2026, 11, 30), 15, date(2026, 12, 15)),
        ("2 ordinary", date(2026, 11, 30), 30, date(2026, 12, 30)),
        ("2 sensitive", date(2026, 11, 30), 45, date(2027, 1, 14)),
        ("3", date(2027, 1, 14), 15, date(2027, 1, 29)),
        ("5", date(2026, 12, 1), 30, date(2026, 12, 31)),
        ("8 lett. b", date(2027, 1, 11), 15, date(2027, 1, 26)),
        ("8 ordinary", date(2027, 1, 11), 30, date(2027, 2, 10)),
        ("8 sensitive", date(2027, 1, 11), 60, date(2027, 3, 12)),
        ("9 Easter rolls twice", date(2027, 2, 26), 30, date(2027, 3, 30)),
        ("13 no stop in August", date(2027, 7, 16), 30, date(2027, 8, 16)),
        ("14 4 October, a Monday", date(2027, 9, 4), 30, date(2027, 10, 5)),
        ("15 4 October, a Sunday", date(2026, 9, 4), 30, date(2026, 10, 5)),
        ("17", date(2027, 12, 1), 30, date(2027, 12, 31)),
        ("20", date(2027, 3, 18), 10, date(2027, 3, 30)),
        ("23", date(2027, 4, 16), 10, date(2027, 4, 26)),
        ("25", date(2027, 2, 8), 90, date(2027, 5, 10)),
        ("27", date(2027, 3, 1), 60, date(2027, 4, 30)),
        ("29", date(2026, 11, 30), 90, date(2027, 3, 1)),
    ];
    for (case, receipt, days, expected) in cases {
        assert_eq!(due(receipt, days), (expected, expected), "case {case}");
    }
}

#[test]
fn rulebook_b4_saturdays() {
    // 6: New Year, then a Saturday. The strict reading stops there, the prudential one does not.
    assert_eq!(due(date(2026, 12, 2), 30), (date(2027, 1, 2), date(2027, 1, 4)));
    // 11: 1 May is a holiday that falls on a Saturday: both readings skip it and the Sunday.
    assert_eq!(due(date(2027, 4, 1), 30), (date(2027, 5, 3), date(2027, 5, 3)));
}

#[test]
fn rulebook_b4_working_days() {
    assert_eq!(calendar().add_working_days(date(2026, 11, 23), 5, None), date(2026, 11, 30));
    // Christmas and Saint Stephen's Day between: Friday 25 and Saturday 26 December 2026.
    assert_eq!(calendar().add_working_days(date(2026, 12, 23), 2, None), date(2026, 12, 28));
    assert_eq!(calendar().add_working_days(date(2026, 12, 23), 0, None), date(2026, 12, 23));
}

#[test]
fn what_is_no_holiday() {
    for day in [date(2027, 3, 19), date(2027, 11, 4), date(2027, 5, 6), date(2027, 5, 27), date(2027, 1, 2)] {
        assert_eq!(calendar().holiday(day, None), None, "{day}");
    }
    assert_eq!(calendar().holiday(date(2025, 10, 4), None), None, "4 October before 2026");
    let saint_francis = calendar().holiday(date(2027, 10, 4), None).unwrap();
    assert_eq!(
        (saint_francis.id.as_str(), saint_francis.citation.as_str()),
        ("saint_francis", "L. 151/2025")
    );
}

#[test]
fn the_twenty_ninth_of_june_is_a_holiday_for_roman_offices_only() {
    let day = date(2027, 6, 29);
    assert_eq!(calendar().roll_forward(day, None, Reading::Strict).date, day);
    assert_eq!(calendar().roll_forward(day, Some("ancona"), Reading::Strict).date, day);
    let rolled = calendar().roll_forward(day, Some("roma"), Reading::Strict);
    assert_eq!(rolled.date, date(2027, 6, 30));
    assert_eq!(rolled.skipped, [Skipped { day, holiday: "saints_peter_and_paul".to_owned() }]);
}

#[test]
fn backward_terms_roll_back() {
    // Easter Monday 2027: back over Easter to Saturday, and to Friday under the prudential reading.
    let back = |reading| calendar().roll_backward(date(2027, 3, 29), None, reading).date;
    assert_eq!(back(Reading::Strict), date(2027, 3, 27));
    assert_eq!(back(Reading::Prudential), date(2027, 3, 26));
}

#[test]
fn months_end_on_the_same_day_or_on_the_last() {
    assert_eq!(add_months(date(2027, 1, 31), 1), date(2027, 2, 28));
    assert_eq!(add_months(date(2028, 1, 31), 1), date(2028, 2, 29));
    assert_eq!(add_months(date(2026, 12, 18), 6), date(2027, 6, 18));
}

#[test]
fn the_end_of_time_stops_every_walk() {
    assert_eq!(calendar().add_working_days(Date::MAX, 5, None), Date::MAX);
    assert_eq!(calendar().roll_forward(Date::MAX, None, Reading::Prudential).date, Date::MAX);
    assert_eq!(add_days(Date::MAX, i64::MAX), Date::MAX);
    assert_eq!(add_days(Date::MIN, i64::MIN), Date::MIN);
}

proptest! {
    /// Easter is always a Sunday between 22 March and 25 April.
    #[test]
    fn easter_is_a_sunday_in_spring(year in 1583_i16..9999) {
        let day = easter(year);
        prop_assert_eq!(day.weekday(), Weekday::Sunday);
        prop_assert!(date(year, 3, 22) <= day && day <= date(year, 4, 25));
    }

    /// A rolled day is no holiday, never before the day, and the prudential one never before the strict one.
    #[test]
    fn rolling(offset in 0_i64..20_000, roman in any::<bool>()) {
        let day = add_days(date(2016, 1, 1), offset);
        let seat = roman.then_some("roma");
        let strict = calendar().roll_forward(day, seat, Reading::Strict);
        let prudential = calendar().roll_forward(day, seat, Reading::Prudential);
        prop_assert!(day <= strict.date && strict.date <= prudential.date);
        prop_assert!(calendar().holiday(strict.date, seat).is_none());
        prop_assert!(calendar().is_working_day(prudential.date, seat));
        prop_assert_eq!(days_between(day, strict.date), i64::try_from(strict.skipped.len()).unwrap());
    }
}
