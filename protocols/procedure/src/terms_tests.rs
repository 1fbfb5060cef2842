//! Terms of whole conferences against RULES B.3 and B.4.
//!
//! Wrong programs these catch: a clock that starts at sending, one clock for all, a suspension treated as restart or applied per
//! body or to terms already past, a receipt that shortens a term, 45 days cited to art. 14-bis, a term for a body that proved nothing.

use jiff::civil::{Date, date};

use crate::acts::*;
use crate::conference::Conference;
use crate::language::Lang;
use crate::legal_time::rome_date;
use crate::regime::Force;
use crate::term::{Conflict, terms_digest};
use crate::terms::terms;
use crate::test_support::*;

fn same(day: Date) -> (Date, Date) {
    (day, day)
}

#[test]
fn b4_cases_1_2_3_under_r1b() {
    let case = Case::received();
    assert_eq!(case.due(TermKind::IntegrationRequests, Some(COMUNE)), same(date(2026, 12, 15)));
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)), same(date(2026, 12, 30)));
    assert_eq!(case.due(TermKind::Determination, Some(SABAP)), same(date(2027, 1, 14)));
    assert_eq!(case.due(TermKind::Meeting, None), same(date(2027, 1, 29)));
    assert_eq!(case.due(TermKind::FinalDetermination, None), same(date(2027, 1, 21)));
    // Friday 27 November + 5 working days.
    assert_eq!(case.due(TermKind::Notice, None), same(date(2026, 12, 4)));
}

#[test]
fn the_days_of_r1b_cite_the_decree_of_2020() {
    let case = Case::received();
    let long = case.term(TermKind::Determination, Some(SABAP)).unwrap();
    assert_eq!((long.norm.as_str(), long.force), ("DL 76/2020 art. 13", Force::Peremptory));
    let asked = case.term(TermKind::IntegrationRequests, Some(SABAP)).unwrap();
    assert_eq!(asked.norm, "L. 241/1990 art. 14-bis c. 2 lett. b");
    assert_eq!(case.term(TermKind::Meeting, None).unwrap().force, Force::Directory);
}

#[test]
fn without_proof_of_receipt_no_term_runs() {
    let mut case = Case::convened();
    assert_eq!(case.term(TermKind::Determination, Some(COMUNE)), None);
    assert_eq!(case.term(TermKind::Meeting, None), None);
    case.delivered(COMUNE, "2026-11-30 10:00");
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)), same(date(2026, 12, 30)));
    assert_eq!(case.term(TermKind::Determination, Some(SABAP)), None);
    assert_eq!(
        case.term(TermKind::FinalDetermination, None),
        None,
        "while a body has neither term nor position"
    );
}

#[test]
fn b4_case_6_new_year_then_saturday() {
    let mut case = Case::draft();
    case.lead("2026-12-02 09:00", Act::Notice(notice_on(date(2026, 12, 2))));
    case.delivered(COMUNE, "2026-12-02 10:00");
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)), (date(2027, 1, 2), date(2027, 1, 4)));
}

#[test]
fn a_receipt_at_midnight_in_rome_belongs_to_the_next_day() {
    assert_eq!(rome_date(instant("2026-11-30 22:59")), date(2026, 11, 30));
    assert_eq!(rome_date(instant("2026-11-30 23:00")), date(2026, 12, 1));
    assert_eq!(rome_date(instant("2026-07-16 22:00")), date(2026, 7, 17), "summer time");
    let mut case = Case::convened();
    case.delivered(COMUNE, "2026-11-30 23:00");
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)), same(date(2026, 12, 31)));
}

#[test]
fn who_received_later_than_stated_keeps_its_days() {
    let mut case = Case::received();
    let mut late = Case::convened();
    late.delivered(COMUNE, "2026-12-03 10:00");
    let term = late.term(TermKind::Determination, Some(COMUNE)).unwrap();
    assert_eq!(term.strict, date(2027, 1, 2), "30 days from 3 December");
    assert_eq!(term.conflicts().collect::<Vec<_>>(), [Conflict::ReceivedLaterThanStated]);
    // The others keep the stated date: it lies between their own and the last.
    late.delivered(PROVINCIA, "2026-11-30 10:00");
    assert_eq!(late.due(TermKind::Determination, Some(PROVINCIA)), same(date(2026, 12, 30)));
    case.delivered(COMUNE, "2026-11-29 10:00");
    assert_eq!(
        case.due(TermKind::Determination, Some(COMUNE)),
        same(date(2026, 12, 30)),
        "an earlier proof named later moves nothing by itself"
    );
}

#[test]
fn a_receipt_dated_before_the_notice_counts_from_the_notice() {
    let mut case = Case::convened();
    case.delivered(COMUNE, "2026-11-20 10:00");
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)), same(date(2026, 12, 30)));
}

#[test]
fn a_stated_date_within_the_last_receipt_binds_for_all_of_the_class() {
    let mut stated = notice();
    stated.dates.determination_until = date(2027, 1, 4);
    let mut case = Case::draft();
    case.lead("2026-11-30 09:00", Act::Notice(stated));
    case.delivered(COMUNE, "2026-11-30 10:00");
    // Nobody received late yet: the date exceeds the maximum; acts between would be disputed.
    let alone = case.term(TermKind::Determination, Some(COMUNE)).unwrap();
    assert_eq!((alone.strict, alone.prudential), (date(2026, 12, 30), date(2027, 1, 4)));
    assert_eq!(alone.conflicts().collect::<Vec<_>>(), [Conflict::StatedBeyondMaximum]);
    // One received on 5 December: its own 30 days end on 4 January, so the stated date is within the law.
    case.delivered(PROVINCIA, "2026-12-05 10:00");
    let with_last = case.term(TermKind::Determination, Some(COMUNE)).unwrap();
    assert_eq!((with_last.strict, with_last.prudential), same(date(2027, 1, 4)));
    assert_eq!(with_last.conflicts().count(), 0);
    // The class of the sensitive bodies is not concerned.
    case.delivered(SABAP, "2026-11-30 10:00");
    assert_eq!(case.due(TermKind::Determination, Some(SABAP)), same(date(2027, 1, 14)));
}

#[test]
fn scope_all_gives_everybody_the_longer_term() {
    let mut stated = notice();
    stated.sensitive_scope = SensitiveScope::All;
    let mut case = Case::draft();
    case.lead("2026-11-30 09:00", Act::Notice(stated));
    case.delivered(COMUNE, "2026-11-30 10:00");
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)), same(date(2027, 1, 14)));
}

#[test]
fn a_roman_office_has_the_twenty_ninth_of_june() {
    let day = date(2026, 5, 30);
    let mut called = notice_on(day);
    called.invited[0].seat = Some("roma".to_owned());
    let mut case = Case::draft();
    case.lead("2026-05-30 09:00", Act::Notice(called));
    case.delivered(COMUNE, "2026-05-30 10:00");
    case.delivered(PROVINCIA, "2026-05-30 10:00");
    // Saturday 30 May 2026 + 30 = Monday 29 June.
    assert_eq!(case.due(TermKind::Determination, Some(PROVINCIA)), same(date(2026, 6, 29)));
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)), same(date(2026, 6, 30)));
}

/// ```text
/// notice 30 Nov --- request 4 Dec --- suspended 9 Dec ......... integrations 30 Dec --- terms move by 21 days
/// ```
fn suspended() -> (Case, concerto_message::MessageId) {
    let mut case = Case::received();
    let asked = case.taken(SABAP, "2026-12-04 10:00", request());
    let order = case.lead("2026-12-09 10:00", suspension(vec![asked], date(2026, 12, 9), 30));
    (case, order)
}

#[test]
fn a_suspension_moves_determinations_and_meeting_by_the_days_it_lasted() {
    let (mut case, order) = suspended();
    // While nothing came: the most, 30 days. 30 December + 30 = Friday 29 January; 14 January + 30 = Saturday 13 February.
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)), same(date(2027, 1, 29)));
    assert_eq!(case.due(TermKind::Determination, Some(SABAP)), (date(2027, 2, 13), date(2027, 2, 15)));
    assert_eq!(case.due(TermKind::Suspension, None), same(date(2027, 1, 8)));
    let dates = notice().dates;
    let delivery = IntegrationDelivered { suspension: order, received_on: date(2026, 12, 30), dates };
    case.lead("2026-12-30 10:00", Act::IntegrationDelivered(delivery));
    // 21 days: 30 December -> 20 January; 14 January -> 4 February; meeting 15 days after that; requests do not move.
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)), same(date(2027, 1, 20)));
    assert_eq!(case.due(TermKind::Determination, Some(SABAP)), same(date(2027, 2, 4)));
    assert_eq!(case.due(TermKind::Meeting, None), same(date(2027, 2, 19)));
    assert_eq!(case.due(TermKind::IntegrationRequests, Some(COMUNE)), same(date(2026, 12, 15)));
}

#[test]
fn b4_case_18_the_arithmetic_of_a_suspension() {
    // Due 10 February 2027, stood still 25 January to 15 February: 3 March.
    use crate::calendar::{add_days, days_between};
    let still = days_between(date(2027, 1, 25), date(2027, 2, 15));
    assert_eq!((still, add_days(date(2027, 2, 10), still)), (21, date(2027, 3, 3)));
}

#[test]
fn after_the_longest_suspension_terms_run_again_by_themselves() {
    let (mut case, order) = suspended();
    let before = terms(&case.conference);
    let delivery =
        IntegrationDelivered { suspension: order, received_on: date(2027, 1, 20), dates: notice().dates };
    case.lead("2027-01-20 10:00", Act::IntegrationDelivered(delivery));
    let dates =
        |terms: Vec<crate::term::Term>| -> Vec<_> { terms.iter().map(crate::term::Term::line).collect() };
    assert_eq!(dates(terms(&case.conference)), dates(before));
}

#[test]
fn a_body_that_received_during_the_suspension_gets_the_days_that_were_left_of_it() {
    let mut case = Case::convened();
    case.delivered(SABAP, "2026-11-30 10:00");
    let asked = case.taken(SABAP, "2026-12-04 10:00", request());
    let order = case.lead("2026-12-09 10:00", suspension(vec![asked], date(2026, 12, 9), 30));
    case.delivered(COMUNE, "2026-12-14 10:00");
    let delivery =
        IntegrationDelivered { suspension: order, received_on: date(2026, 12, 21), dates: notice().dates };
    case.lead("2026-12-21 10:00", Act::IntegrationDelivered(delivery));
    // 14 December + 30 = 13 January, and 7 days of standing still.
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)), same(date(2027, 1, 20)));
}

#[test]
fn a_body_added_later_has_its_own_clock() {
    let mut case = Case::received();
    let added =
        ParticipantAdded { added: vec![invited("asur/prot", false)], dates: None, released: Vec::new() };
    case.lead("2026-12-10 09:00", Act::ParticipantAdded(added));
    assert_eq!(case.term(TermKind::Determination, Some("asur/prot")), None);
    case.delivered("asur/prot", "2026-12-11 09:00");
    // 11 December + 30 = Sunday 10 January.
    assert_eq!(case.due(TermKind::Determination, Some("asur/prot")), same(date(2027, 1, 11)));
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)), same(date(2026, 12, 30)));
}

#[test]
fn the_conclusion_counts_from_the_last_position() {
    let mut case = Case::received();
    for body in [COMUNE, PROVINCIA, SABAP, USR] {
        case.determination(body, "2026-12-10 10:00", assent());
    }
    // Thursday 10 December + 5 working days.
    assert_eq!(case.due(TermKind::FinalDetermination, None), same(date(2026, 12, 17)));
}

#[test]
fn the_final_term_of_the_procedure_is_stated_and_moves_with_the_suspension() {
    let mut stated = notice();
    stated.dates.procedure_until = Some(date(2027, 2, 28));
    let mut case = Case::draft();
    case.lead("2026-11-30 09:00", Act::Notice(stated.clone()));
    case.delivered(SABAP, "2026-11-30 10:00");
    assert_eq!(case.due(TermKind::Procedure, None), same(date(2027, 3, 1)), "28 February 2027 is a Sunday");
    let asked = case.taken(SABAP, "2026-12-04 10:00", request());
    let order = case.lead("2026-12-09 10:00", suspension(vec![asked], date(2026, 12, 9), 30));
    let delivery =
        IntegrationDelivered { suspension: order, received_on: date(2026, 12, 19), dates: stated.dates };
    case.lead("2026-12-19 10:00", Act::IntegrationDelivered(delivery));
    assert_eq!(case.due(TermKind::Procedure, None), same(date(2027, 3, 10)));
}

#[test]
fn the_digest_is_that_of_sorted_lines() {
    let case = Case::received();
    let all = terms(&case.conference);
    let mut shuffled = all.clone();
    shuffled.reverse();
    assert_eq!(terms_digest(&all), terms_digest(&shuffled));
    let first = vec![all[0].clone()];
    assert_eq!(
        terms_digest(&first),
        concerto_message::Digest::of(b"notice||2026-12-04|2026-12-04\n"),
        "the exact format"
    );
    assert_eq!(terms_digest(&terms(&Conference::new(conference_id()))), concerto_message::Digest::of(b""));
}

#[test]
fn a_date_tells_its_reason_in_both_languages() {
    let mut case = Case::draft();
    case.lead("2026-03-06 09:00", Act::Notice(notice_on(date(2026, 3, 6))));
    case.delivered(COMUNE, "2026-03-06 10:00");
    let term = case.term(TermKind::Determination, Some(COMUNE)).unwrap();
    assert_eq!(term.strict, date(2026, 4, 7), "Easter Sunday 5 April 2026, then Monday");
    assert_eq!(
        term.derivation_text(Lang::It),
        "ricevuta venerdì 6 marzo 2026; + 30 giorni (DL 76/2020 art. 13) = domenica 5 aprile 2026; \
         2026-04-05 Pasqua, 2026-04-06 lunedì dell'Angelo: scade martedì 7 aprile 2026; \
         vale la data indicata nell'indizione: martedì 7 aprile 2026"
    );
    assert_eq!(
        term.derivation_text(Lang::En),
        "received Friday 6 March 2026; + 30 days (DL 76/2020 art. 13) = Sunday 5 April 2026; \
         2026-04-05 Easter Sunday, 2026-04-06 Easter Monday: ends Tuesday 7 April 2026; \
         the stated date holds: Tuesday 7 April 2026"
    );
}

#[test]
fn a_suspension_never_shortens_a_date_that_bound() {
    let mut case = Case::convened();
    case.delivered(COMUNE, "2026-11-30 10:00");
    case.delivered(PROVINCIA, "2026-12-04 10:00"); // 30 days later is Sunday 3 January
    let own = date(2026, 12, 30);
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)).0, own);
    let to = date(2027, 1, 4);
    assert_eq!(case.due(TermKind::Determination, Some(PROVINCIA)).0, to);
    let corrected =
        TermCorrection { term: TermKind::Determination, body: Some(writer(COMUNE)), from: own, to };
    case.lead("2026-12-07 10:00", Act::TermCorrection(corrected));
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)), (to, to));
    let asked = case.taken(COMUNE, "2026-12-10 10:00", request());
    case.lead("2026-12-16 10:00", suspension(vec![asked], date(2026, 12, 16), 10));
    assert_eq!(
        case.due(TermKind::Determination, Some(COMUNE)),
        (date(2027, 1, 13), date(2027, 1, 14)),
        "the ten days, from the Sunday on which the last term ended; whoever counts from Monday is disputed, not late"
    );
}
