//! Fallback: each rule at its instant, and for any values the answer is kept: what is due stays due until a receipt or a mail ends it.

use super::*;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    format!("{}:00Z", text.replace(' ', "T")).parse().unwrap()
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Queued on Monday 30 November 2026 at 10:00 in Rome.
fn waiting(class: Class) -> Waiting {
    let queued_at = at("2026-11-30 09:00");
    Waiting { queued_at, class, has_node: true, accepted_at: None, pec_left: false }
}

fn ask(waiting: &Waiting, now: &str) -> Fallback {
    fallback(&FallbackConfig::default(), waiting, at(now))
}

#[test]
fn whoever_has_no_node_gets_every_act_at_once() {
    for class in [Class::StartsTerm, Class::InTerm(at("2026-12-30 23:00")), Class::Act] {
        let waiting = Waiting { has_node: false, ..waiting(class) };
        assert_eq!(ask(&waiting, "2026-11-30 09:00"), Fallback::Now(Reason::NoNode), "{class:?}");
        assert_eq!(ask(&Waiting { pec_left: true, ..waiting }, "2026-12-30 09:00"), Fallback::Never, "once");
    }
    let delivered =
        Waiting { has_node: false, accepted_at: Some(at("2026-11-30 09:30")), ..waiting(Class::Act) };
    assert_eq!(ask(&delivered, "2026-12-30 09:00"), Fallback::Never, "its delivery is on record");
    let technical = Waiting { has_node: false, ..waiting(Class::Technical) };
    assert_eq!(ask(&technical, "2026-12-30 09:00"), Fallback::Never, "of nodes for nodes");
}

#[test]
fn what_starts_a_term_waits_four_hours_for_its_receipt() {
    let notice = waiting(Class::StartsTerm);
    let due = at("2026-11-30 13:00");
    assert_eq!(ask(&notice, "2026-11-30 09:00"), Fallback::At(due, Reason::NoReceipt));
    assert_eq!(ask(&notice, "2026-11-30 12:59"), Fallback::At(due, Reason::NoReceipt));
    assert_eq!(ask(&notice, "2026-11-30 13:00"), Fallback::Now(Reason::NoReceipt));
    assert_eq!(ask(&notice, "2026-12-24 13:00"), Fallback::Now(Reason::NoReceipt), "also after a long stop");
    let receipted = Waiting { accepted_at: Some(at("2026-11-30 12:00")), ..notice };
    assert_eq!(ask(&receipted, "2026-11-30 13:00"), Fallback::Never);
    assert_eq!(ask(&Waiting { pec_left: true, ..notice }, "2026-11-30 13:00"), Fallback::Never);
}

#[test]
fn no_configuration_lets_it_wait_longer_than_a_day() {
    let patient = FallbackConfig { pec_after: HOUR * 100, ..FallbackConfig::default() };
    let asked = fallback(&patient, &waiting(Class::StartsTerm), at("2026-11-30 09:00"));
    assert_eq!(asked, Fallback::At(at("2026-12-01 09:00"), Reason::NoReceipt));
    let eager = FallbackConfig { pec_after: HOUR, ..FallbackConfig::default() };
    let asked = fallback(&eager, &waiting(Class::StartsTerm), at("2026-11-30 10:00"));
    assert_eq!(asked, Fallback::Now(Reason::NoReceipt));
}

#[test]
fn in_the_last_day_of_its_term_an_act_waits_a_minute() {
    let end = at("2026-12-30 23:00"); // 24:00 in Rome
    let early = waiting(Class::InTerm(end));
    let last_day = at("2026-12-29 23:00");
    assert_eq!(ask(&early, "2026-12-01 09:00"), Fallback::At(last_day, Reason::TermEnding));
    assert_eq!(ask(&early, "2026-12-29 23:00"), Fallback::Now(Reason::TermEnding));
    let late = Waiting { queued_at: at("2026-12-30 22:50"), ..early };
    assert_eq!(ask(&late, "2026-12-30 22:50"), Fallback::At(at("2026-12-30 22:51"), Reason::TermEnding));
    assert_eq!(ask(&late, "2026-12-30 22:51"), Fallback::Now(Reason::TermEnding));
    let timely = Waiting { accepted_at: Some(at("2026-12-30 22:59")), ..late };
    assert_eq!(ask(&timely, "2026-12-30 22:59"), Fallback::Never);
    // a recipient whose clock runs ahead says that it came late: the author has no receipt in time
    let ahead = Waiting { accepted_at: Some(end), ..late };
    assert_eq!(ask(&ahead, "2026-12-30 22:55"), Fallback::Now(Reason::TermEnding));
    assert_eq!(ask(&ahead, "2026-12-30 23:00"), Fallback::Never, "mail would prove nothing any more");
    // a node that was stopped over the end still tells the procedente by mail what it never got
    assert_eq!(ask(&late, "2026-12-31 09:00"), Fallback::Now(Reason::TermEnding));
    let after = Waiting { queued_at: end, ..late };
    assert_eq!(
        ask(&after, "2026-12-31 09:00"),
        Fallback::Never,
        "an act written after the end goes its usual way"
    );
}

#[test]
fn other_acts_between_nodes_never_go_by_mail() {
    for class in [Class::Act, Class::Technical] {
        assert_eq!(ask(&waiting(class), "2027-11-30 09:00"), Fallback::Never, "{class:?}");
    }
}

fn any_at() -> impl Strategy<Value = Timestamp> {
    (-200_000i64..200_000).prop_map(|seconds| Timestamp::from_second(1_800_000_000 + seconds).unwrap())
}

fn any_class() -> impl Strategy<Value = Class> {
    prop_oneof![
        Just(Class::StartsTerm),
        any_at().prop_map(Class::InTerm),
        Just(Class::Act),
        Just(Class::Technical)
    ]
}

proptest! {
    /// What is announced comes at its instant and no sooner, and what is due stays due; a mail or a receipt in time ends it.
    #[test]
    fn what_is_announced_comes(
        class in any_class(), queued_at in any_at(), has_node in any::<bool>(), now in any_at(), wait in 0i64..400_000,
    ) {
        let config = FallbackConfig::default();
        let waiting = Waiting { queued_at, class, has_node, accepted_at: None, pec_left: false };
        let soon = Timestamp::from_second(now.as_second() + wait).unwrap();
        match fallback(&config, &waiting, now) {
            Fallback::Now(reason) => {
                prop_assert_eq!(fallback(&config, &waiting, soon), Fallback::Now(reason));
                let left = Waiting { pec_left: true, ..waiting };
                prop_assert_eq!(fallback(&config, &left, soon), Fallback::Never);
            }
            Fallback::At(instant, reason) => {
                prop_assert!(instant > now);
                prop_assert_eq!(fallback(&config, &waiting, instant), Fallback::Now(reason));
                let asked = fallback(&config, &waiting, soon);
                let expected = if soon < instant { Fallback::At(instant, reason) } else { Fallback::Now(reason) };
                prop_assert_eq!(asked, expected);
                let receipted = Waiting { accepted_at: Some(now), ..waiting };
                prop_assert_eq!(fallback(&config, &receipted, instant), Fallback::Never);
            }
            Fallback::Never => prop_assert_eq!(fallback(&config, &waiting, soon), Fallback::Never),
        }
    }

    /// No instant and no duration is too far.
    #[test]
    fn the_ends_of_time_are_no_panic(hours in any::<i32>(), second in prop_oneof![Just(Timestamp::MIN), Just(Timestamp::MAX)]) {
        let by = SignedDuration::from_hours(i64::from(hours));
        let config = FallbackConfig { pec_after: by, last_hours: by, receipt_wait: by };
        for class in [Class::StartsTerm, Class::InTerm(second)] {
            let at_the_end = Waiting { queued_at: second, ..waiting(class) };
            prop_assert_ne!(fallback(&config, &at_the_end, second), Fallback::Now(Reason::NoNode));
        }
    }
}
