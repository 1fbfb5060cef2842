//! Whole cases, from the notice to the end.
//!
//! ```text
//! A  notice ─ request ─ suspension ─ integrations ─ assent, conditional assent, late act, silence ─ hearing ─ conclusion ─ effect
//! B  notice ─ dissent ─ negative conclusion (10-bis) ─ observations ─ round 2 ─ assents ─ positive
//! C  disputed acts: between the readings, seen by a witness in time, told late that the suspension had ended
//! D  what a foreign procedente does against the rules: kept, shown, without effect
//! ```
//!
//! Wrong programs these catch: one that counts a late act or drops it, mints silence from nothing, freezes timeliness, gives a
//! disputed act an effect by itself, or lets a defect turn a dissent into silence.

use jiff::civil::date;

use crate::acts::*;
use crate::evolve::{Event, fold};
use crate::guards::dates_after_integrations;
use crate::refusal::Refusal;
use crate::test_support::*;
use crate::timeliness::{DisputeReason, Timeliness, Weight, judge, weight};
use crate::view::{Action, BodyStatus, Phase};

/// Story A, until every position is complete: terms end on 20 January (ordinary) and 4 February 2027 (Soprintendenza).
fn story_a() -> (Case, concerto_message::MessageId, concerto_message::MessageId) {
    let mut case = Case::received();
    let asked = case.taken(SABAP, "2026-12-04 10:00", request());
    assert!(
        case.conference
            .view(now("2026-12-05 10:00"))
            .actions
            .contains(&Action::ConsiderSuspension { requests: vec![asked] })
    );
    let order = case.lead("2026-12-09 10:00", suspension(vec![asked], date(2026, 12, 9), 30));
    case.with_applicant("2026-12-09 10:30", Direction::Sent, order);
    assert_eq!(case.phase("2026-12-20 10:00"), Phase::Suspended);
    case.determination(USR, "2026-12-20 10:00", assent());
    let received_on = date(2026, 12, 30);
    let dates = dates_after_integrations(&case.conference, received_on, now("2026-12-30 10:00")).unwrap();
    assert_eq!(dates.determination_until, date(2027, 1, 20));
    assert_eq!(dates.sensitive_until, Some(date(2027, 2, 4)));
    assert_eq!(dates.meeting_on, date(2027, 2, 19));
    let delivery = Act::IntegrationDelivered(IntegrationDelivered { suspension: order, received_on, dates });
    assert_eq!(case.warnings(LEAD, "2026-12-30 10:00", delivery.clone()), []);
    case.lead("2026-12-30 10:00", delivery);
    assert_eq!(case.conference.view(now("2026-12-30 11:00")).conflicts, []);
    let conditional = case.determination(SABAP, "2027-01-18 10:00", with(Position::ConditionalAssent, 2));
    let late = case.determination(PROVINCIA, "2027-01-21 10:00", with(Position::Dissent, 1));
    (case, conditional, late)
}

#[test]
fn story_a_from_the_notice_to_its_effect() {
    let (mut case, conditional, late) = story_a();
    let at = "2027-01-21 12:00";
    assert_eq!(case.status(USR, at), BodyStatus::Assent);
    assert_eq!(case.status(SABAP, at), BodyStatus::ConditionalAssent);
    assert_eq!(case.status(PROVINCIA, at), BodyStatus::Late, "kept, shown, not counted");
    assert_eq!(case.status(COMUNE, at), BodyStatus::Silent);
    assert_eq!(case.phase(at), Phase::ToDecide);
    let comune = case.note_silence(COMUNE, at);
    let provincia = case.note_silence(PROVINCIA, at);
    let noted = case.conference.implied_assents().last().unwrap();
    assert_eq!((noted.act.ground, noted.act.messages.clone()), (ImpliedGround::Late, vec![late]));

    let hearing =
        PrescriptionConsultation { determinations: vec![conditional], answer_until: date(2027, 1, 22) };
    let hearing = case.lead(at, Act::PrescriptionConsultation(hearing));
    case.with_applicant("2027-01-21 13:00", Direction::Sent, hearing);
    case.with_applicant("2027-01-22 09:00", Direction::Received, hearing);
    let mut conclusion = case.conclusion(Outcome::PositiveWithPrescriptions);
    let bases: Vec<_> = conclusion.positions.iter().map(|line| line.basis).collect();
    assert!(bases.contains(&comune) && bases.contains(&provincia) && !bases.contains(&late));
    conclusion.judgements = vec![Judgement { question: Question::PrescriptionsAcceptable, answer: true }];
    conclusion.prescriptions = [1, 2]
        .map(|number| PrescriptionOutcome { determination: conditional, number, accepted: true })
        .to_vec();
    let act = Act::FinalDetermination(conclusion);
    assert_eq!(case.warnings(LEAD, "2027-01-25 10:00", act.clone()), []);
    let concluded = case.lead("2027-01-25 10:00", act);
    assert_eq!(case.phase("2027-01-25 11:00"), Phase::ConcludedPositive);
    assert_eq!(
        case.conference.view(now("2027-01-25 11:00")).actions,
        [Action::StateEfficacy { conclusion: concluded }]
    );
    let since = date(2027, 1, 25);
    let effect = EfficacyStatement { conclusion: concluded, efficacy: Efficacy::Immediate, since };
    case.lead("2027-01-25 11:00", Act::EfficacyStatement(effect));
    let view = case.conference.view(now("2027-01-26 10:00"));
    assert_eq!((view.phase, view.outcome), (Phase::Effective, Some(Outcome::PositiveWithPrescriptions)));
    assert_eq!((view.actions, view.next_deadline, view.anomalies), (vec![], None, vec![]));
}

#[test]
fn story_a_folds_to_the_same_state_twice() {
    let (case, _, _) = story_a();
    let again = fold(conference_id(), &case.events);
    assert_eq!(again, case.conference);
    assert_eq!(serde_json::to_value(&again).unwrap(), serde_json::to_value(&case.conference).unwrap());
    let mut twice = case.events.clone();
    twice.extend(case.events.clone());
    assert_eq!(fold(conference_id(), &twice), case.conference, "an event folded again has no second effect");
    let text = serde_json::to_string(&case.events).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Event>>(&text).unwrap(), case.events);
}

#[test]
fn story_b_a_negative_conclusion_opens_a_second_round() {
    let mut case = Case::received();
    for body in [COMUNE, PROVINCIA, USR] {
        case.determination(body, "2026-12-10 10:00", assent());
    }
    case.determination(SABAP, "2026-12-10 10:00", with(Position::Dissent, 1));
    let mut negative = case.conclusion(Outcome::Negative);
    negative.judgements = vec![Judgement { question: Question::DissentNotSuperable, answer: true }];
    let negative = case.lead("2026-12-11 10:00", Act::FinalDetermination(negative));
    assert_eq!(case.phase("2027-06-01 10:00"), Phase::Negative10Bis, "no proof of sending, no term");
    let mut again = notice_on(date(2026, 12, 21));
    again.round = 2;
    assert_eq!(
        case.refused(LEAD, "2026-12-21 09:00", Act::Notice(again.clone())),
        Refusal::ObservationsMissing
    );
    case.with_applicant("2026-12-11 11:00", Direction::Sent, negative);
    assert_eq!(
        case.conference.view(now("2026-12-12 10:00")).actions,
        [Action::AwaitObservations { until: Some(date(2026, 12, 21)) }]
    );
    assert_eq!(case.phase("2026-12-22 10:00"), Phase::ConcludedNegative);
    let mut late = case.clone();
    late.with_applicant("2027-03-01 10:00", Direction::Received, negative);
    assert_eq!(late.phase("2027-03-01 11:00"), Phase::ConcludedNegative, "what comes late changes nothing");
    case.with_applicant("2026-12-18 10:00", Direction::Received, negative);
    assert_eq!(case.phase("2026-12-22 10:00"), Phase::Negative10Bis);
    assert_eq!(case.conference.view(now("2026-12-18 11:00")).actions, [Action::ConveneAgain { round: 2 }]);
    case.lead("2026-12-21 09:00", Act::Notice(again));
    assert_eq!((case.conference.round(), case.phase("2026-12-22 10:00")), (2, Phase::Convened));
    assert_eq!(
        case.status(COMUNE, "2026-12-22 10:00"),
        BodyStatus::AwaitingReceipt,
        "the first round is past"
    );
    let second = || Determination { round: 2, ..assent() };
    for body in [COMUNE, PROVINCIA, SABAP, USR] {
        case.delivered(body, "2026-12-21 10:00");
        case.determination(body, "2026-12-28 10:00", second());
    }
    let positive = case.conclusion(Outcome::Positive);
    case.lead("2026-12-29 10:00", Act::FinalDetermination(positive));
    assert_eq!(case.phase("2026-12-29 11:00"), Phase::ConcludedPositive);
}

#[test]
fn ex_officio_a_negative_conclusion_is_final() {
    let mut ex_officio = notice();
    ex_officio.party_initiated = false;
    let mut case = Case::draft();
    case.lead("2026-11-30 09:00", Act::Notice(ex_officio));
    for body in [COMUNE, PROVINCIA, SABAP, USR] {
        case.delivered(body, "2026-11-30 10:00");
        case.determination(body, "2026-12-10 10:00", with(Position::Dissent, 1));
    }
    let mut negative = case.conclusion(Outcome::Negative);
    negative.judgements = vec![Judgement { question: Question::DissentNotSuperable, answer: true }];
    case.lead("2026-12-11 10:00", Act::FinalDetermination(negative));
    assert_eq!(case.phase("2026-12-11 11:00"), Phase::ConcludedNegative);
}

#[test]
fn a_dissent_overcome_suspends_efficacy_until_the_opposition_has_passed() {
    let mut case = Case::received();
    for body in [COMUNE, PROVINCIA, USR] {
        case.determination(body, "2026-12-10 10:00", assent());
    }
    let given = case.determination(SABAP, "2026-12-10 10:00", with(Position::SurmountableDissent, 1));
    let hearing = PrescriptionConsultation { determinations: vec![given], answer_until: date(2026, 12, 11) };
    case.lead("2026-12-10 11:00", Act::PrescriptionConsultation(hearing));
    let mut conclusion = case.conclusion(Outcome::PositiveWithPrescriptions);
    conclusion.judgements = vec![Judgement { question: Question::PrescriptionsAcceptable, answer: true }];
    conclusion.prescriptions = vec![PrescriptionOutcome { determination: given, number: 1, accepted: true }];
    conclusion.efficacy = Efficacy::Suspended;
    let conclusion = case.lead("2026-12-14 10:00", Act::FinalDetermination(conclusion));
    assert_eq!(case.phase("2026-12-14 11:00"), Phase::EfficacySuspended);
    let effect = |since| {
        Act::EfficacyStatement(EfficacyStatement { conclusion, efficacy: Efficacy::Immediate, since })
    };
    let open = Refusal::OppositionOpen { body: writer(SABAP) };
    assert_eq!(
        case.refused(LEAD, "2027-02-01 10:00", effect(date(2027, 2, 1))),
        open,
        "no proof that it knows"
    );
    case.delivered_message(conclusion, SABAP, "2026-12-14 12:00");
    // 14 December + 10 days.
    assert_eq!(case.refused(LEAD, "2026-12-24 10:00", effect(date(2026, 12, 24))), open);
    case.lead("2026-12-28 10:00", effect(date(2026, 12, 25)));
    assert_eq!(case.phase("2026-12-28 11:00"), Phase::Effective);
}

fn judged(case: &Case, body: &str) -> Timeliness {
    let given = case.conference.determinations().find(|given| given.author == writer(body)).unwrap();
    judge(&case.conference, &given.author, TermKind::Determination, &given.evidence)
}

fn weighed(case: &Case, body: &str) -> Weight {
    weight(
        &case.conference,
        case.conference.determinations().find(|given| given.author == writer(body)).unwrap(),
    )
}

#[test]
fn story_c_between_the_readings_an_official_decides() {
    let mut case = Case::draft();
    case.lead("2026-12-02 09:00", Act::Notice(notice_on(date(2026, 12, 2))));
    for body in [COMUNE, PROVINCIA, SABAP, USR] {
        case.delivered(body, "2026-12-02 10:00");
    }
    // Strict: Saturday 2 January 24:00 in Rome. Prudential: Monday 4 January.
    case.determination(COMUNE, "2027-01-02 22:59", assent());
    let disputed = case.determination(PROVINCIA, "2027-01-02 23:00", assent());
    case.determination(USR, "2027-01-04 23:00", assent());
    assert!(matches!(judged(&case, COMUNE), Timeliness::Timely(_)));
    assert!(matches!(judged(&case, USR), Timeliness::Late(_)));
    let Timeliness::Disputed(proof) = judged(&case, PROVINCIA) else { panic!("between the readings") };
    assert_eq!((proof.reason(), proof.until()), (&DisputeReason::BetweenReadings, date(2027, 1, 2)));
    assert_eq!(weighed(&case, PROVINCIA), Weight::Undecided);
    assert_eq!(case.status(PROVINCIA, "2027-01-05 10:00"), BodyStatus::Disputed);
    let found = |finding| {
        Act::LateOrInvalidActNotice(LateOrInvalidActNotice { message: disputed, finding, body: None })
    };
    let mut admitted = case.clone();
    admitted.lead("2027-01-05 10:00", found(Finding::Timely));
    assert_eq!(admitted.status(PROVINCIA, "2027-01-05 11:00"), BodyStatus::Assent);
    case.lead("2027-01-05 10:00", found(Finding::Late));
    assert_eq!(case.status(PROVINCIA, "2027-01-05 11:00"), BodyStatus::Late);
    case.note_silence(PROVINCIA, "2027-01-05 11:00");
}

#[test]
fn story_c_a_witness_within_the_term_keeps_an_act_from_being_late() {
    let mut case = Case::received();
    let late = case.determination(COMUNE, "2026-12-31 08:00", with(Position::Dissent, 1));
    assert_eq!(weighed(&case, COMUNE), Weight::Late);
    let noted = case.note_silence(COMUNE, "2026-12-31 10:00");
    assert_eq!(case.status(COMUNE, "2026-12-31 11:00"), BodyStatus::ImpliedAssent);
    let more = |witness: &str, at: &str| Event::MoreEvidence {
        message: late,
        others: vec![(writer(witness), instant(at))],
    };
    case.push(more("c_a271/prot", "2026-12-30 20:00"));
    case.push(more(COMUNE, "2026-12-30 20:00"));
    assert_eq!(weighed(&case, COMUNE), Weight::Late, "a stranger and the author itself are no witnesses");
    case.push(more(USR, "2026-12-30 20:00"));
    let Timeliness::Disputed(proof) = judged(&case, COMUNE) else { panic!("a witness") };
    let witness =
        DisputeReason::EvidenceAcrossDeadline { witness: writer(USR), at: instant("2026-12-30 20:00") };
    assert_eq!(proof.reason(), &witness);
    assert_eq!(case.status(COMUNE, "2026-12-31 11:00"), BodyStatus::Disputed, "the note no longer carries");
    let finding = LateOrInvalidActNotice { message: late, finding: Finding::Timely, body: None };
    case.lead("2026-12-31 12:00", Act::LateOrInvalidActNotice(finding));
    let lines = case.conference.position_lines();
    assert_eq!((lines[0].position, lines[0].basis), (Position::Dissent, late));
    assert_ne!(lines[0].basis, noted);
}

#[test]
fn story_c_an_act_that_relied_on_the_suspension_is_disputed_not_late() {
    let mut case = Case::received();
    let asked = case.taken(SABAP, "2026-12-04 10:00", request());
    let order = case.lead("2026-12-09 10:00", suspension(vec![asked], date(2026, 12, 9), 30));
    // The integrations came on 10 December; the procedente tells it on 5 January. The ordinary term was thus 31 December.
    case.determination(COMUNE, "2027-01-04 10:00", assent());
    assert_eq!(
        weighed(&case, COMUNE),
        Weight::Counts,
        "the longest suspension is assumed while nothing came"
    );
    let dates = notice().dates;
    let delivery = IntegrationDelivered { suspension: order, received_on: date(2026, 12, 10), dates };
    case.lead("2027-01-05 10:00", Act::IntegrationDelivered(delivery));
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)).0, date(2026, 12, 31));
    let Timeliness::Disputed(proof) = judged(&case, COMUNE) else { panic!("it relied on the suspension") };
    assert_eq!(proof.reason(), &DisputeReason::ResumptionToldLater);
    case.determination(PROVINCIA, "2027-01-05 12:00", assent());
    assert_eq!(weighed(&case, PROVINCIA), Weight::Late, "it had been told");
}

#[test]
fn timeliness_follows_the_terms_and_is_not_frozen() {
    let mut stated = notice();
    stated.dates.determination_until = date(2027, 1, 4);
    let mut case = Case::draft();
    case.lead("2026-11-30 09:00", Act::Notice(stated));
    case.delivered(COMUNE, "2026-11-30 10:00");
    case.determination(COMUNE, "2027-01-04 10:00", assent());
    assert_eq!(weighed(&case, COMUNE), Weight::Undecided, "the stated date exceeds the maximum so far");
    case.delivered(PROVINCIA, "2026-12-05 10:00");
    assert_eq!(weighed(&case, COMUNE), Weight::Counts, "a receipt proven later shows that it does not");
}

#[test]
fn the_last_determination_that_counts_stands() {
    let mut case = Case::received();
    case.determination(COMUNE, "2026-12-10 10:00", with(Position::Dissent, 1));
    let second = case.determination(COMUNE, "2026-12-12 10:00", assent());
    case.determination(COMUNE, "2027-01-12 10:00", with(Position::Dissent, 1));
    let lines = case.conference.position_lines();
    assert_eq!(
        (lines[0].position, lines[0].basis),
        (Position::Assent, second),
        "the late one replaces nothing"
    );
}

#[test]
fn a_defect_never_turns_a_dissent_into_silence() {
    let mut case = Case::received();
    let mut given = with(Position::SurmountableDissent, 1);
    given.prescriptions[0].cost_eur = None;
    let defective = case.determination(COMUNE, "2026-12-10 10:00", given);
    assert_eq!(case.conference.anomalies(), []);
    assert_eq!(case.status(COMUNE, "2027-01-04 10:00"), BodyStatus::SurmountableDissent);
    let view = case.conference.view(now("2027-01-04 10:00"));
    assert_eq!(view.bodies[0].determinations[0].defects, ["procedure.cost_missing"]);
    let finding = LateOrInvalidActNotice { message: defective, finding: Finding::NonCompliant, body: None };
    case.lead("2027-01-04 10:00", Act::LateOrInvalidActNotice(finding));
    assert_eq!(case.status(COMUNE, "2027-01-04 11:00"), BodyStatus::NonCompliant);
    case.note_silence(COMUNE, "2027-01-04 11:00");
    let noted = case.conference.implied_assents().last().unwrap();
    assert_eq!(
        (noted.act.ground, noted.act.messages.clone()),
        (ImpliedGround::NonCompliant, vec![defective])
    );
}

#[test]
fn story_d_what_breaks_a_rule_is_kept_and_has_no_effect() {
    let mut case = Case::received();
    let before = case.conference.clone();
    let lead = |number, at: &str, regime: &str, act| Event::Lead {
        message: id(number),
        issued_at: instant(at),
        regime: regime.to_owned(),
        act,
    };
    case.push(lead(900, "2026-12-10 10:00", "R1b", suspension(vec![id(99)], date(2026, 12, 10), 30)));
    case.push(lead(
        901,
        "2026-12-10 10:00",
        "R2",
        Act::Closure(Closure { ground: ClosureGround::Withdrawn }),
    ));
    case.push(lead(902, "2026-12-10 10:00", "R1b", Act::Determination(assent())));
    case.taken("c_a271/prot", "2026-12-10 10:00", Act::Determination(assent()));
    case.taken(COMUNE, "2026-12-10 10:00", Act::Closure(Closure { ground: ClosureGround::Withdrawn }));
    case.taken(LEAD, "2026-12-10 10:00", Act::Closure(Closure { ground: ClosureGround::Withdrawn }));
    let codes: Vec<_> = case.conference.anomalies().iter().map(|anomaly| anomaly.code).collect();
    assert_eq!(
        codes,
        [
            "procedure.message_unknown",
            "procedure.regime_mismatch",
            "procedure.not_invited",
            "procedure.not_invited",
            "procedure.not_lead",
            "procedure.not_invited",
        ]
    );
    let mut after = case.conference.clone();
    after.anomalies.clear();
    after.messages.clone_from(&before.messages);
    assert_eq!(after, before);
}

#[test]
fn the_view_names_the_next_deadline_and_what_can_be_done() {
    let mut case = Case::convened();
    let view = case.conference.view(now("2026-11-30 12:00"));
    assert_eq!(view.phase, Phase::Convened);
    assert_eq!(view.actions.len(), 4);
    assert!(view.actions.iter().all(|action| matches!(action, Action::ObtainReceipt { .. })));
    case.delivered_to_all();
    let next = |at: &str| {
        let term = case.conference.view(now(at)).next_deadline.unwrap();
        (term.kind, term.strict)
    };
    assert_eq!(next("2026-12-01 10:00"), (TermKind::IntegrationRequests, date(2026, 12, 15)));
    assert_eq!(next("2026-12-16 10:00"), (TermKind::Determination, date(2026, 12, 30)));
    assert_eq!(next("2026-12-31 10:00"), (TermKind::Determination, date(2027, 1, 14)));
    let actions = case.conference.view(now("2026-12-31 10:00")).actions;
    let notes = actions.iter().filter(|action| matches!(action, Action::TakeNoteOfSilence { .. })).count();
    assert_eq!(notes, 3, "the three ordinary bodies; the Soprintendenza still has time");
    assert_eq!(Case::draft().conference.view(now("2026-11-30 09:00")).actions, [Action::Convene]);
}
