//! Local profiles: an open value supplied, a custom switched on, and everything that must be refused (RULES A.0.7).
//!
//! Wrong programs these catch: a profile that replaces a whole table where it names one key, holds for every date, hides that a date
//! rests on it, brings a number without a norm, or is half read.

use super::*;
use crate::law::EMBEDDED;
use crate::schedule::{Facts, schedule};
use crate::term::StartEvent;
use jiff::civil::date;
use std::collections::BTreeMap;

const HEAD: &str = r#"
[profile]
id = "comune-di-prova-2027"
decided_by = "Segretario generale, decreto 12/2026"
decided_on = "2026-12-20"
citation = "L. 241/1990 art. 14-bis c. 2 lett. d"
from = "2027-01-01"
until = "2027-12-31"
"#;

const MEETING: &str = r#"
[[regime]]
id = "R2"
[regime.terms.meeting]
days = 10
norm = "L. 241/1990 art. 14-bis c. 2 lett. d; decreto 12/2026"
"#;

fn law(values: &str) -> Law {
    Profile::parse(&format!("{HEAD}{values}")).unwrap().over(&EMBEDDED).unwrap()
}

fn facts(received: Date, seat: Option<&str>) -> Facts {
    let events = BTreeMap::from([(StartEvent::Receipt, received)]);
    let office = crate::calendar::Office::at(seat);
    Facts { kind: "simplified".to_owned(), events, office, ..Facts::default() }
}

#[test]
fn an_open_value_is_supplied_and_every_date_says_so() {
    let law = law(MEETING);
    let dates = schedule(&law, &facts(date(2027, 1, 11), None)).unwrap();
    assert_eq!(dates.refused, []);
    let meeting = dates.terms.iter().find(|term| term.id == "meeting").unwrap();
    assert_eq!(meeting.due.strict, date(2027, 2, 20), "10 days after 10 February");
    assert_eq!((meeting.tag.letter(), meeting.source.as_deref()), ("L", Some("comune-di-prova-2027")));
    assert_eq!(meeting.cautions.iter().map(|c| c.code).collect::<Vec<_>>(), ["terms.value.profile"]);
    // Only that value: the rest of the regime is the release's, and the law of the release is untouched.
    let released = Law::embedded().unwrap();
    let others = |law: &Law| {
        let mut regimes = law.regimes.clone();
        regimes
            .iter_mut()
            .for_each(|regime| regime.terms.meeting = released.regimes[0].terms.meeting.clone());
        regimes
    };
    assert_eq!(others(&law), others(released));
    assert_eq!((&law.calendar, &law.procedures), (&released.calendar, &released.procedures));
}

#[test]
fn it_holds_for_the_notices_of_its_days_only() {
    let profile = Profile::parse(HEAD).unwrap();
    for (day, holds) in [
        (date(2026, 12, 31), false),
        (date(2027, 1, 1), true),
        (date(2027, 12, 31), true),
        (date(2028, 1, 1), false),
    ] {
        assert_eq!(profile.holds_on(day), holds, "{day}");
    }
}

#[test]
fn a_custom_is_switched_on_and_a_patron_added() {
    // 17 April 2027 + 30 is Whit Monday, 17 May.
    let at = |law: &Law, seat| {
        let dates = schedule(law, &facts(date(2027, 4, 17), Some(seat))).unwrap();
        dates.terms.iter().find(|term| term.id == "determination").unwrap().due.strict
    };
    let released = Law::embedded().unwrap();
    assert_eq!(at(released, "bolzano"), date(2027, 5, 17));
    let switched = law("[[holiday]]\nid = \"whit_monday\"\noptional = false\n");
    assert_eq!(at(&switched, "bolzano"), date(2027, 5, 18));
    assert_eq!(at(&switched, "ancona"), date(2027, 5, 17));
    let patron = law(
        "[[holiday]]\nid = \"san_terenzio\"\nit = \"San Terenzio\"\nen = \"Saint Terence\"\nfixed = \"09-24\"\nseat = \"pesaro\"\n\
         effect = \"not_working\"\ncitation = \"delibera\"\ntag = \"L\"\n",
    );
    assert!(!patron.calendar.is_working_day(date(2027, 9, 24), Some("pesaro")));
    assert_eq!(patron.calendar.holiday(date(2027, 9, 24), Some("pesaro")), None);
    assert!(patron.calendar.is_working_day(date(2027, 9, 24), None));
}

/// A law of the last days of December: no office waits for a release.
#[test]
fn a_regime_is_prolonged_by_one_line_of_a_profile() {
    let prolonged =
        law("[[regime]]\nid = \"R1b\"\nvalid = [{ from = \"2024-03-02\", until = \"2024-12-31\" }, \
         { from = \"2025-03-15\", until = \"2027-06-30\" }]\n");
    let id = |law: &Law, day| law.regime_on(day).unwrap().id.clone();
    let released = Law::embedded().unwrap();
    for (day, before, after) in [
        (date(2026, 12, 31), "R1b", "R1b"),
        (date(2027, 1, 1), "R2", "R1b"),
        (date(2027, 6, 30), "R2", "R1b"),
        (date(2027, 7, 1), "R2", "R2"),
    ] {
        assert_eq!((id(released, day).as_str(), id(&prolonged, day).as_str()), (before, after), "{day}");
    }
    let dates = schedule(&prolonged, &facts(date(2027, 1, 11), None)).unwrap();
    let determination = dates.terms.iter().find(|term| term.id == "determination").unwrap();
    assert_eq!(determination.due.strict, date(2027, 2, 10), "30 days");
    assert_eq!(determination.source.as_deref(), Some("comune-di-prova-2027"), "and it says on what it rests");
}

#[test]
fn what_cannot_be_used_is_refused_whole() {
    let code = |text: &str| match Profile::parse(text).and_then(|profile| profile.over(&EMBEDDED)) {
        Ok(_) => "good",
        Err(error) => error.code(),
    };
    assert_eq!(code(&format!("{HEAD}{MEETING}")), "good");
    assert_eq!(code(MEETING), "profile.syntax", "no head");
    assert_eq!(code(&HEAD.replace("decided_by", "decided")), "profile.syntax");
    assert_eq!(code(&format!("{HEAD}[[law]]\nid = \"x\"\n")), "profile.key");
    let without_norm = MEETING.replace("norm", "#");
    assert_eq!(code(&format!("{HEAD}{without_norm}")), "profile.norm");
    assert_eq!(code(&format!("{HEAD}{}", MEETING.replace("days = 10", "days = \"ten\""))), "profile.result");
    assert_eq!(code(&format!("{HEAD}{}", MEETING.replace("meeting", "riunione"))), "profile.result");
    assert_eq!(
        code(&format!("{HEAD}[[holiday]]\nid = \"new\"\n")),
        "profile.result",
        "a new entry must be complete"
    );
    let twice = "[[regime]]\nid = \"R2\"\nvalid = [{ from = \"2026-02-19\" }]\n";
    assert_eq!(code(&format!("{HEAD}{twice}")), "profile.result", "two base regimes on one day");
    let long = format!("{HEAD}# {}", "x".repeat(PROFILE_BYTES_MAX));
    assert_eq!(code(&long), "profile.too-large");
}
