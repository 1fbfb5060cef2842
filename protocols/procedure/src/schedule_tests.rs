//! Terms from events alone: the same as a conference's, one value refused without the others, and what a suspension may do
//! (RULES A.0, B.2, B.3, S1, S3, S5, T10, T11).
//!
//! Wrong programs these catch: a second arithmetic that drifts from the conference's, a regime whose open value stops everything, an
//! end date of a regime that is written in two places, a suspension that shortens, restarts, exceeds its maximum or revives a
//! term that had ended, a restart treated as a suspension, an extended regime that changes conferences already convened.

use super::*;
use crate::acts::{Act, TermKind};
use crate::calendar::{CalendarKind, Reading, days_between};
use crate::counting::count;
use crate::law::{EMBEDDED, Sources};
use crate::regime::DayUnit;
use crate::test_support::{COMUNE, Case, SABAP, instant, notice_on, request as asks, suspension};
use jiff::civil::date;
use proptest::prelude::*;

fn law() -> &'static Law {
    Law::embedded().unwrap()
}

fn simplified(received: Date, sensitive: bool) -> Facts {
    let events = BTreeMap::from([(StartEvent::Receipt, received)]);
    Facts { kind: "simplified".to_owned(), events, sensitive, ..Facts::default() }
}

fn due(schedule: &Schedule<'_>, id: &str) -> (Date, Date) {
    let term =
        schedule.terms.iter().find(|term| term.id == id).unwrap_or_else(|| panic!("{id} in {schedule:?}"));
    (term.due.strict, term.due.prudential)
}

fn dated(facts: &Facts, id: &str) -> (Date, Date) {
    due(&schedule(law(), facts).unwrap(), id)
}

#[test]
fn a_case_alone_has_the_dates_of_a_conference() {
    let mut day = date(2026, 1, 1);
    while day < date(2027, 1, 1) {
        let mut case = Case::draft();
        case.lead(&format!("{day} 08:00"), Act::Notice(notice_on(day)));
        for body in [COMUNE, SABAP] {
            case.delivered(body, &format!("{day} 09:00"));
        }
        let mut facts = simplified(day, true);
        facts.events.insert(StartEvent::Application, add_days(day, -3));
        compare(&case, &facts);
        let on = add_days(day, 9);
        let asked = case.taken(SABAP, &format!("{} 09:00", add_days(day, 4)), asks());
        case.lead(&format!("{on} 09:00"), suspension(vec![asked], on, 30));
        facts.request = Some(Request { on, answered: None });
        compare(&case, &facts);
        day = add_days(day, 1);
    }
    assert_eq!(crate::rome_date(instant("2026-01-01 08:00")), date(2026, 1, 1));
}

fn compare(case: &Case, facts: &Facts) {
    let alone = schedule(law(), facts).unwrap();
    assert_eq!(alone.regime.unwrap().id, "R1b");
    for (id, kind, body) in [
        ("notice", TermKind::Notice, None),
        ("integration_requests", TermKind::IntegrationRequests, Some(COMUNE)),
        ("determination", TermKind::Determination, Some(COMUNE)),
        ("determination_sensitive", TermKind::Determination, Some(SABAP)),
    ] {
        let ((strict, prudential), theirs) = (due(&alone, id), case.due(kind, body));
        assert_eq!(strict, theirs.0, "{id} of {facts:?}");
        // A date that the notice stated moves with a suspension too, and may then lie a little beyond: the conference is more favourable.
        let agree = if facts.request.is_none() { prudential == theirs.1 } else { prudential <= theirs.1 };
        assert!(agree, "{id} of {facts:?}: {prudential} and {}", theirs.1);
        let (ours, theirs) =
            (alone.terms.iter().find(|term| term.id == id).unwrap(), case.term(kind, body).unwrap());
        assert_eq!((ours.norm.as_str(), ours.force), (theirs.norm.as_str(), theirs.force));
    }
    if facts.request.is_some() {
        assert_eq!(due(&alone, "suspension"), case.due(TermKind::Suspension, None));
    }
    if facts.request.is_none() {
        // The notice stated the meeting, so its prudential date does not follow the bodies' Saturdays.
        let (ours, theirs) = (due(&alone, "meeting"), case.due(TermKind::Meeting, None));
        assert!(ours.0 == theirs.0 && ours.1 >= theirs.1, "meeting of {facts:?}");
    }
}

#[test]
fn an_open_value_is_refused_by_name_and_the_others_are_computed() {
    let schedule = schedule(law(), &simplified(date(2027, 1, 11), true)).unwrap();
    assert_eq!(schedule.regime.unwrap().id, "R2");
    let expected = Refused {
        id: "meeting".to_owned(),
        regime: "R2".to_owned(),
        value: "terms.meeting".to_owned(),
        norm: "L. 241/1990 art. 14-bis c. 2 lett. d".to_owned(),
    };
    assert_eq!(schedule.refused, [expected]);
    // The longer term is for all under R2, unless the notice says otherwise (B.3.a).
    assert_eq!(due(&schedule, "determination"), (date(2027, 3, 12), date(2027, 3, 12)));
    let own = Facts { scope: Some(SensitiveScope::Own), ..simplified(date(2027, 1, 11), true) };
    assert_eq!(dated(&own, "determination"), (date(2027, 2, 10), date(2027, 2, 10)));
    assert_eq!(dated(&own, "determination_sensitive"), (date(2027, 3, 12), date(2027, 3, 12)));
    let codes: Vec<_> = schedule.cautions.iter().map(|caution| caution.code).collect();
    assert_eq!(codes, ["terms.regime.unconfirmed", "terms.sensitive.all"]);
}

#[test]
fn the_end_of_the_accelerated_regime_is_one_line_of_data() {
    let longer = EMBEDDED.regimes.replace(r#"until = "2026-12-31" }]"#, r#"until = "2027-06-30" }]"#);
    let changed = longer.lines().zip(EMBEDDED.regimes.lines()).filter(|(new, old)| new != old).count();
    assert_eq!(changed, 1);
    let extended = Law::parse(&Sources { regimes: &longer, ..EMBEDDED }).unwrap();
    let id = |law: &Law, day| law.regime_on(day).unwrap().id.clone();
    for (day, released, then) in [
        (date(2026, 12, 31), "R1b", "R1b"),
        (date(2027, 1, 1), "R2", "R1b"),
        (date(2027, 6, 30), "R2", "R1b"),
        (date(2027, 7, 1), "R2", "R2"),
    ] {
        assert_eq!((id(law(), day).as_str(), id(&extended, day).as_str()), (released, then), "{day}");
    }
    let dates = schedule(&extended, &simplified(date(2027, 1, 11), true)).unwrap();
    assert_eq!(due(&dates, "determination_sensitive").0, date(2027, 2, 25), "45 days instead of 60");
    assert!(dates.refused.is_empty(), "and a meeting within 15");
    // What was convened before is computed as before.
    let before = simplified(date(2026, 12, 31), true);
    assert_eq!(schedule(&extended, &before).unwrap().terms, schedule(law(), &before).unwrap().terms);
}

#[test]
fn each_refusal_has_its_code_and_its_norm() {
    let day = date(2026, 11, 30);
    let with = |request| Facts { request: Some(request), ..simplified(day, false) };
    let early = Request { on: date(2026, 11, 29), answered: None };
    let backwards = Request { on: date(2026, 12, 9), answered: Some(date(2026, 12, 8)) };
    let other_kind = |kind: &str| Facts { kind: kind.to_owned(), ..simplified(day, false) };
    let cases = [
        (other_kind("complex"), "terms.kind.unknown"),
        (Facts { regime: Some("R9".to_owned()), ..simplified(day, false) }, "terms.regime.unknown"),
        (simplified(date(2016, 7, 27), false), "terms.regime.none"),
        (simplified(date(2015, 12, 31), false), "terms.date.outside"),
        (simplified(date(2036, 12, 20), false), "terms.date.outside"),
        (Facts { events: BTreeMap::new(), ..simplified(day, false) }, "terms.event.missing"),
        (other_kind("self_review"), "terms.event.missing"),
        (Facts { notice: Some(date(2026, 12, 1)), ..simplified(day, false) }, "terms.receipt.before-notice"),
        (with(early), "terms.suspension.before-receipt"),
        (with(backwards), "terms.suspension.order"),
        (
            Facts { kind: "horizontal".to_owned(), ..with(Request { on: day, answered: None }) },
            "terms.restart.awaits",
        ),
        (
            Facts {
                kind: "self_review".to_owned(),
                events: BTreeMap::from([(StartEvent::Adoption, day)]),
                ..with(Request { on: day, answered: None })
            },
            "terms.suspension.not-known",
        ),
    ];
    for (facts, code) in cases {
        let error = schedule(law(), &facts).expect_err(code);
        assert_eq!(error.code(), code);
        assert_ne!(error.text(crate::Lang::It), error.text(crate::Lang::En));
        assert_eq!(error.norm().is_none(), code.ends_with(".unknown"), "{code}");
    }
    let outside = schedule(law(), &simplified(date(2037, 1, 1), false)).unwrap_err();
    assert!(outside.text(crate::Lang::En).contains("protocols/procedure/data/holidays.toml"));
}

#[test]
fn what_is_from_memory_or_by_hand_carries_a_warning() {
    let codes = |facts: &Facts, id: &str| -> Vec<&'static str> {
        let schedule = schedule(law(), facts).unwrap();
        let term = schedule.terms.iter().find(|term| term.id == id).unwrap();
        term.cautions.iter().chain(&schedule.cautions).map(|caution| caution.code).collect()
    };
    let r0 = simplified(date(2019, 5, 2), false);
    assert_eq!(codes(&r0, "meeting"), ["terms.value.unchecked"], "lett. d is [M] under R0");
    assert_eq!(codes(&r0, "determination"), Vec::<&str>::new());
    assert_eq!(codes(&r0, "final_determination"), ["terms.working-days"]);
    let chosen = Facts { regime: Some("R1b".to_owned()), ..simplified(date(2027, 1, 11), false) };
    assert_eq!(codes(&chosen, "determination"), ["terms.regime.other"]);
    let long = Request { on: date(2026, 12, 10), answered: Some(date(2027, 1, 10)) };
    let capped = Facts { request: Some(long), ..simplified(date(2026, 11, 30), false) };
    assert_eq!(codes(&capped, "determination"), ["terms.suspension.capped"]);
    let late = Facts {
        request: Some(Request { on: date(2027, 1, 4), answered: Some(date(2027, 1, 5)) }),
        ..simplified(date(2026, 11, 30), false)
    };
    assert_eq!(codes(&late, "determination"), ["terms.suspension.too-late"]);
    let at = |seat| Facts { office: Office::at(Some(seat)), ..simplified(date(2026, 11, 30), false) };
    assert_eq!(codes(&at("atlantide"), "determination"), ["terms.seat.unknown"]);
    assert_eq!(codes(&at("bolzano"), "determination"), ["terms.seat.unsettled"]);
    assert_eq!(codes(&at("roma"), "determination"), Vec::<&str>::new());
}

#[test]
fn an_interruption_starts_the_term_anew() {
    let facts =
        |request| Facts { kind: "horizontal".to_owned(), request, ..simplified(date(2027, 1, 11), false) };
    assert_eq!(dated(&facts(None), "assent"), (date(2027, 2, 10), date(2027, 2, 10)));
    let asked = Request { on: date(2027, 1, 25), answered: Some(date(2027, 2, 15)) };
    // 30 new days from 15 February, not the 16 that were left.
    assert_eq!(dated(&facts(Some(asked)), "assent"), (date(2027, 3, 17), date(2027, 3, 17)));
    let late = Request { on: date(2027, 2, 11), answered: Some(date(2027, 2, 15)) };
    assert_eq!(dated(&facts(Some(late)), "assent"), (date(2027, 2, 10), date(2027, 2, 10)));
}

#[test]
fn the_calendar_of_the_union_and_backward_terms() {
    let calendar = &law().calendar;
    let dates = |from, number, unit, backward, kind| {
        let amount = Amount { number, unit, backward, calendar: kind };
        let due = count(calendar, from, &amount, "-", &Office::default()).due;
        (due.strict, due.prudential)
    };
    let same = |day| (day, day);
    // A Saturday: national strict keeps it, the Union's calendar does not.
    let from = date(2026, 12, 3);
    assert_eq!(
        dates(from, 30, DayUnit::Calendar, false, CalendarKind::National),
        (date(2027, 1, 2), date(2027, 1, 4))
    );
    assert_eq!(dates(from, 30, DayUnit::Calendar, false, CalendarKind::Eu), same(date(2027, 1, 4)));
    // Two days from a Friday hold one working day only, so the term goes on to Tuesday (art. 3 par. 5); one day does not.
    assert_eq!(
        dates(date(2026, 11, 27), 2, DayUnit::Calendar, false, CalendarKind::Eu),
        same(date(2026, 12, 1))
    );
    assert_eq!(
        dates(date(2026, 11, 27), 1, DayUnit::Calendar, false, CalendarKind::Eu),
        same(date(2026, 11, 30))
    );
    // Backwards: national over Easter to Saturday (Friday prudentially); the Union's does not move.
    let back = |kind| dates(date(2027, 4, 18), 20, DayUnit::Calendar, true, kind);
    assert_eq!(back(CalendarKind::National), (date(2027, 3, 27), date(2027, 3, 26)));
    assert_eq!(back(CalendarKind::Eu), same(date(2027, 3, 29)));
    assert_eq!(
        dates(date(2027, 3, 31), 1, DayUnit::Months, true, CalendarKind::National),
        (date(2027, 2, 27), date(2027, 2, 26))
    );
    assert_eq!(
        dates(date(2027, 1, 7), 5, DayUnit::Working, true, CalendarKind::National),
        same(date(2026, 12, 29))
    );
}

#[test]
fn offices_that_work_on_saturdays_and_patron_days() {
    let five = Office::at(Some("ancona"));
    let six = Office { six_day_week: true, ..five.clone() };
    let working = |office: &Office, from, number| {
        let amount = Amount::forward(number, DayUnit::Working);
        count(&law().calendar, from, &amount, "-", office).due
    };
    // Tuesday 4 May 2027 is San Ciriaco: no working day in Ancona, and no reason to move a term.
    assert_eq!(working(&five, date(2027, 4, 29), 3).strict, date(2027, 5, 5));
    assert_eq!(working(&Office::default(), date(2027, 4, 29), 3).strict, date(2027, 5, 4));
    let calendar_days = Amount::forward(5, DayUnit::Calendar);
    assert_eq!(
        count(&law().calendar, date(2027, 4, 29), &calendar_days, "-", &five).due.strict,
        date(2027, 5, 4)
    );
    assert_eq!(
        working(&six, date(2026, 11, 23), 5),
        Due { strict: date(2026, 11, 28), prudential: date(2026, 11, 30) }
    );
}

/// RULES S1, S3: what a suspension may do to any term of the simplified conference.
fn any_suspension() -> impl Strategy<Value = (Facts, Facts, i64, i64)> {
    (0_i64..3_600, 0_i64..200, 0_i64..60, any::<bool>(), any::<bool>()).prop_map(
        |(start, asked, stood, sensitive, roman)| {
            let received = add_days(date(2026, 1, 1), start);
            let office = Office::at(roman.then_some("roma"));
            let without = Facts { office, ..simplified(received, sensitive) };
            let on = add_days(received, asked);
            let request = Some(Request { on, answered: Some(add_days(on, stood)) });
            (without.clone(), Facts { request, ..without }, asked, stood)
        },
    )
}

proptest! {
    /// It never shortens, moves by at most its maximum and exactly by its days before rolling, leaves integration requests where they
    /// are, and does nothing to a term that had ended under the reading in question.
    #[test]
    fn a_suspension_moves_what_is_open_by_its_days((without, with, _, stood) in any_suspension()) {
        let (before, after) = (schedule(law(), &without).unwrap(), schedule(law(), &with).unwrap());
        let on = with.request.unwrap().on;
        prop_assert_eq!(due(&before, "integration_requests"), due(&after, "integration_requests"));
        let days = stood.min(30);
        for term in &before.terms {
            let (old, new) = (term.due, due(&after, &term.id));
            prop_assert!(old.strict <= new.0 && old.prudential <= new.1, "{:?}", term);
            if !term.id.starts_with("determination") {
                continue;
            }
            let raw = term.derivation.iter().find_map(|step| match step { Step::Added { to, .. } => Some(*to), _ => None });
            let moved = add_days(raw.unwrap(), days);
            for (reading, old, new) in [(Reading::Strict, old.strict, new.0), (Reading::Prudential, old.prudential, new.1)] {
                let expected = if old >= on { law().calendar.roll_forward(moved, with.office.seat.as_deref(), reading).date } else { old };
                prop_assert_eq!(new, expected, "{:?}", reading);
            }
        }
    }

    /// A longer suspension never ends a term earlier; one of no days changes nothing; beyond the maximum nothing more happens.
    #[test]
    fn suspensions_are_ordered_by_length((without, with, _, stood) in any_suspension()) {
        let answered = |days| {
            let request = with.request.map(|request| Request { answered: Some(add_days(request.on, days)), ..request });
            let facts = Facts { request, ..with.clone() };
            due(&schedule(law(), &facts).unwrap(), "determination")
        };
        prop_assert!(answered(stood) <= answered(stood + 1));
        prop_assert_eq!(answered(0), due(&schedule(law(), &without).unwrap(), "determination"));
        prop_assert_eq!(answered(30), answered(30 + stood));
        let awaited = Facts { request: with.request.map(|request| Request { answered: None, ..request }), ..with.clone() };
        prop_assert_eq!(answered(30), due(&schedule(law(), &awaited).unwrap(), "determination"));
        prop_assert!(days_between(without.events[&StartEvent::Receipt], answered(30).0) < 200);
    }
}
