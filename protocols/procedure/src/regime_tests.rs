//! Regimes: which one a notice falls under, and what is refused because nobody has settled it.

use super::*;
use jiff::civil::date;

fn id_on(day: Date) -> &'static str {
    Regime::on(day).unwrap().id.as_str()
}

#[test]
fn the_day_of_the_notice_chooses() {
    assert_eq!(id_on(date(2019, 5, 2)), "R0");
    assert_eq!(id_on(date(2022, 5, 2)), "R0", "an optional overlay holds only where it is chosen");
    assert_eq!(id_on(date(2024, 3, 1)), "R0");
    assert_eq!(id_on(date(2024, 3, 2)), "R1b");
    assert_eq!(id_on(date(2024, 12, 31)), "R1b");
    assert_eq!(id_on(date(2025, 1, 1)), "R0", "the gap of 2025");
    assert_eq!(id_on(date(2025, 3, 14)), "R0");
    assert_eq!(id_on(date(2025, 3, 15)), "R1b");
    assert_eq!(id_on(date(2026, 11, 23)), "R1b");
    assert_eq!(id_on(date(2026, 12, 31)), "R1b");
    assert_eq!(id_on(date(2027, 1, 1)), "R2");
    assert_eq!(Regime::on(date(2016, 7, 27)), Err(NoRegime { on: date(2016, 7, 27) }));
}

#[test]
fn r1b_is_settled_and_cites_the_decree_of_2020_for_its_days() {
    let regime = Regime::named("R1b").unwrap();
    let settled = regime.settled().unwrap();
    let days = |term: SettledTerm<'_>| (term.days, term.rule.unit, term.rule.nature);
    assert_eq!(days(settled.notice), (5, DayUnit::Working, Force::Directory));
    assert_eq!(days(settled.integration_requests), (15, DayUnit::Calendar, Force::Peremptory));
    assert_eq!(days(settled.determination), (30, DayUnit::Calendar, Force::Peremptory));
    assert_eq!(days(settled.determination_sensitive), (45, DayUnit::Calendar, Force::Peremptory));
    assert_eq!(days(settled.meeting), (15, DayUnit::Calendar, Force::Directory));
    assert_eq!(days(settled.final_determination), (5, DayUnit::Working, Force::Directory));
    assert_eq!(days(settled.suspension), (30, DayUnit::Calendar, Force::Peremptory));
    assert!(settled.costs_of_prescriptions);
    assert_eq!(regime.sensitive_scope, SensitiveScope::Own);
    assert_eq!(settled.determination_sensitive.rule.norm, "DL 76/2020 art. 13");
    assert_eq!(settled.determination.rule.norm, "DL 76/2020 art. 13");
}

#[test]
fn what_is_open_is_named_and_refused() {
    let regime = Regime::named("R2").unwrap();
    let missing = regime.settled().err().unwrap();
    assert_eq!((missing.regime.as_str(), missing.value.as_str()), ("R2", "terms.meeting"));
    assert_eq!(missing.norm, "L. 241/1990 art. 14-bis c. 2 lett. d");
    assert_eq!(regime.costs_of_prescriptions().err().unwrap().value, "costs_of_prescriptions");
    assert_eq!(regime.days("terms.determination", &regime.terms.determination), Ok(30));
}

#[test]
fn the_older_regimes_hold_the_older_numbers() {
    let numbers = |id: &str| {
        let settled = Regime::named(id).unwrap().settled().unwrap();
        (settled.determination.days, settled.determination_sensitive.days, settled.meeting.days)
    };
    assert_eq!(numbers("R0"), (45, 90, 10));
    assert_eq!(numbers("R1a"), (60, 60, 30));
    assert_eq!(Regime::named("R9"), None);
}
