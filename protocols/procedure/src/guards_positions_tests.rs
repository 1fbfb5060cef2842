//! Guards of determinations, silence, findings, hearing, conclusion and efficacy, by the exact refusal.

use jiff::civil::date;

use crate::acts::*;
use crate::refusal::{Refusal, Warning};
use crate::test_support::*;
use crate::view::BodyStatus;

const SOON: &str = "2026-12-04 10:00";
/// After every determination term of `Case::received` (the last is 14 January 2027).
const AFTER: &str = "2027-01-15 08:00";

#[test]
fn the_requisites_of_a_determination() {
    let case = Case::received();
    let refused = |change: fn(&mut Determination), given: Determination| {
        let mut given = given;
        change(&mut given);
        case.refused(COMUNE, SOON, Act::Determination(given))
    };
    let conditional = || with(Position::ConditionalAssent, 2);
    assert_eq!(refused(|given| given.round = 2, assent()), Refusal::WrongRound { given: 2, current: 1 });
    assert_eq!(refused(|_| {}, with(Position::ConditionalAssent, 0)), Refusal::PrescriptionsMissing);
    assert_eq!(refused(|_| {}, with(Position::SurmountableDissent, 0)), Refusal::PrescriptionsMissing);
    assert_eq!(refused(|_| {}, with(Position::Assent, 1)), Refusal::PrescriptionsWithAssent);
    assert_eq!(
        refused(|given| given.prescriptions[1].number = 1, conditional()),
        Refusal::PrescriptionNumbers
    );
    assert_eq!(
        refused(|given| given.prescriptions[0].number = 0, conditional()),
        Refusal::PrescriptionNumbers
    );
    assert_eq!(
        refused(|given| given.prescriptions[1].cost_eur = None, conditional()),
        Refusal::CostMissing { number: 2 }
    );
    for cost in ["12500", "12.5", "012.00", "-1.00", "1,00", ".00", "1e3.00"] {
        let mut given = conditional();
        given.prescriptions[0].cost_eur = Some(cost.to_owned());
        assert_eq!(
            case.refused(COMUNE, SOON, Act::Determination(given)),
            Refusal::CostMalformed { number: 1 },
            "{cost}"
        );
    }
    assert_eq!(
        refused(|given| given.acts.push("altro".to_owned()), assent()),
        Refusal::ActNotAsked { act: "altro".to_owned() }
    );
    assert_eq!(
        refused(|given| given.acts.clear(), assent()),
        Refusal::ActUnanswered { act: "parere".to_owned() }
    );
    assert_eq!(
        case.warnings(COMUNE, SOON, Act::Determination(with(Position::Dissent, 0))),
        [Warning::DissentWithoutChanges]
    );
    assert_eq!(
        case.warnings(COMUNE, AFTER, Act::Determination(assent())),
        [Warning::DeterminationLate { until: date(2026, 12, 30) }],
        "a late determination may be sent"
    );
}

fn implied(case: &Case, body: &str) -> ImpliedAssent {
    let held = &case.conference.bodies()[&writer(body)];
    let (strict, prudential) = case.due(TermKind::Determination, Some(body));
    ImpliedAssent {
        body: writer(body),
        ground: ImpliedGround::Silence,
        round: 1,
        strict,
        prudential,
        proof_of_receipt: held.proof.unwrap().receipt,
        messages: Vec::new(),
    }
}

#[test]
fn silence_assents_only_with_proof_and_after_the_term() {
    let mut case = Case::convened();
    case.delivered(PROVINCIA, "2026-11-30 10:00");
    let facts = implied(&case, PROVINCIA);
    let of_comune = ImpliedAssent { body: writer(COMUNE), ..facts.clone() };
    assert_eq!(
        case.refused(LEAD, AFTER, Act::ImpliedAssent(of_comune)),
        Refusal::ReceiptUnproven { body: writer(COMUNE) },
        "silence before proof of receipt is no silence"
    );
    let of_stranger = ImpliedAssent { body: writer("c_a271/prot"), ..facts.clone() };
    assert_eq!(
        case.refused(LEAD, AFTER, Act::ImpliedAssent(of_stranger)),
        Refusal::BodyUnknown { body: writer("c_a271/prot") }
    );
    // 30 December at 23:30 in Rome the term still runs; half an hour later it has ended.
    assert_eq!(
        case.refused(LEAD, "2026-12-30 22:30", Act::ImpliedAssent(facts.clone())),
        Refusal::TermRunning { body: writer(PROVINCIA), until: date(2026, 12, 30) }
    );
    assert_eq!(case.warnings(LEAD, "2026-12-30 23:00", Act::ImpliedAssent(facts.clone())), []);
    let wrong = ImpliedAssent { strict: date(2026, 12, 29), ..facts.clone() };
    assert_eq!(
        case.refused(LEAD, AFTER, Act::ImpliedAssent(wrong)),
        Refusal::TermFactsDiffer { strict: date(2026, 12, 30), prudential: date(2026, 12, 30) }
    );
    let proof_of_receipt = concerto_message::Digest::of(b"another");
    let wrong = ImpliedAssent { proof_of_receipt, ..facts.clone() };
    assert_eq!(case.refused(LEAD, AFTER, Act::ImpliedAssent(wrong)), Refusal::ProofDiffers);
    let wrong = ImpliedAssent { round: 2, ..facts.clone() };
    assert_eq!(
        case.refused(LEAD, AFTER, Act::ImpliedAssent(wrong)),
        Refusal::WrongRound { given: 2, current: 1 }
    );
    for (ground, messages) in [
        (ImpliedGround::Late, vec![]),
        (ImpliedGround::NonCompliant, vec![]),
        (ImpliedGround::Silence, vec![id(9)]),
    ] {
        let wrong = ImpliedAssent { ground, messages, ..facts.clone() };
        assert_eq!(
            case.refused(LEAD, AFTER, Act::ImpliedAssent(wrong)),
            Refusal::GroundContradicted { body: writer(PROVINCIA) }
        );
    }
    let note = case.lead(AFTER, Act::ImpliedAssent(facts.clone()));
    assert_eq!(
        case.refused(LEAD, AFTER, Act::ImpliedAssent(facts)),
        Refusal::AlreadyImplied { message: note }
    );
}

#[test]
fn silence_waits_for_the_prudential_date() {
    let mut case = Case::draft();
    case.lead("2026-12-02 09:00", Act::Notice(notice_on(date(2026, 12, 2))));
    case.delivered(COMUNE, "2026-12-02 10:00");
    let facts = implied(&case, COMUNE);
    // Strictly the term ended on Saturday 2 January; on Monday 4 nothing automatic may happen yet.
    assert_eq!(
        case.refused(LEAD, "2027-01-04 10:00", Act::ImpliedAssent(facts.clone())),
        Refusal::TermRunning { body: writer(COMUNE), until: date(2027, 1, 4) }
    );
    assert_eq!(case.warnings(LEAD, "2027-01-05 08:00", Act::ImpliedAssent(facts)), []);
}

#[test]
fn silence_never_gives_an_express_act_of_european_law() {
    let mut called = notice();
    called.invited[0].acts[0].eu_express_act = Some("dir. 92/43/CEE art. 6".to_owned());
    let mut case = Case::draft();
    case.lead("2026-11-30 09:00", Act::Notice(called));
    case.delivered_to_all();
    assert_eq!(
        case.refused(LEAD, AFTER, Act::ImpliedAssent(implied(&case, COMUNE))),
        Refusal::EuExpressAct { body: writer(COMUNE), act: "parere".to_owned() }
    );
    for body in [PROVINCIA, SABAP, USR] {
        case.note_silence(body, AFTER);
    }
    let conclusion = case.conclusion(Outcome::Positive);
    assert_eq!(
        case.refused(LEAD, AFTER, Act::FinalDetermination(conclusion)),
        Refusal::EuExpressActMissing { body: writer(COMUNE), act: "parere".to_owned() }
    );
    assert_eq!(case.status(COMUNE, AFTER), BodyStatus::ExpressActMissing);
    assert_eq!(case.phase(AFTER), crate::view::Phase::Convened, "nothing to decide while it is missing");
}

#[test]
fn silence_is_no_silence_where_somebody_spoke_or_terms_stand_still() {
    let mut case = Case::received();
    let facts = implied(&case, COMUNE);
    let given = case.determination(COMUNE, SOON, assent());
    assert_eq!(
        case.refused(LEAD, AFTER, Act::ImpliedAssent(facts)),
        Refusal::PositionHeld { body: writer(COMUNE), message: given }
    );
    let asked = case.taken(PROVINCIA, SOON, request());
    case.lead("2026-12-09 10:00", suspension(vec![asked], date(2026, 12, 9), 30));
    assert_eq!(
        case.refused(LEAD, "2027-01-08 10:00", Act::ImpliedAssent(implied(&case, PROVINCIA))),
        Refusal::TermsSuspended { until: date(2027, 1, 8) }
    );
    let mut disputed = Case::received();
    let facts = implied(&disputed, COMUNE);
    let act = Act::Determination(assent());
    let given = disputed.taken_seen(COMUNE, "2026-12-31 08:00", act, &[(SABAP, "2026-12-30 20:00")]);
    assert_eq!(
        disputed.refused(LEAD, AFTER, Act::ImpliedAssent(facts)),
        Refusal::DisputeOpen { message: given }
    );
}

#[test]
fn findings_decide_what_is_disputed_and_nothing_else() {
    let mut case = Case::received();
    let timely = case.determination(COMUNE, SOON, assent());
    let late = case.determination(PROVINCIA, "2026-12-31 10:00", assent());
    let asked = case.taken(USR, SOON, request());
    let found = |message, finding| {
        Act::LateOrInvalidActNotice(LateOrInvalidActNotice { message, finding, body: None })
    };
    assert_eq!(
        case.refused(LEAD, AFTER, found(timely, Finding::Late)),
        Refusal::FindingContradicted { message: timely }
    );
    assert_eq!(
        case.refused(LEAD, AFTER, found(late, Finding::Timely)),
        Refusal::FindingContradicted { message: late },
        "art. 2 c. 8-bis: a late act is not admitted"
    );
    assert_eq!(
        case.refused(LEAD, AFTER, found(asked, Finding::NonCompliant)),
        Refusal::FindingMisplaced { message: asked }
    );
    assert_eq!(
        case.refused(LEAD, AFTER, found(id(99), Finding::Late)),
        Refusal::MessageUnknown { message: id(99) }
    );
    assert_eq!(case.warnings(LEAD, AFTER, found(late, Finding::Late)), []);
}

#[test]
fn a_consultation_hears_on_prescriptions_that_count() {
    let mut case = Case::received();
    let plain = case.determination(COMUNE, SOON, assent());
    let late = case.determination(PROVINCIA, "2026-12-31 10:00", with(Position::ConditionalAssent, 1));
    let hear = |determinations, answer_until| {
        Act::PrescriptionConsultation(PrescriptionConsultation { determinations, answer_until })
    };
    let answer = date(2027, 1, 20);
    assert_eq!(case.refused(LEAD, AFTER, hear(vec![], answer)), Refusal::NothingToHear);
    assert_eq!(case.refused(LEAD, AFTER, hear(vec![plain], answer)), Refusal::NothingToHear);
    assert_eq!(
        case.refused(LEAD, AFTER, hear(vec![late], answer)),
        Refusal::BasisNotCounted { body: writer(PROVINCIA), basis: late }
    );
    assert_eq!(
        case.refused(LEAD, AFTER, hear(vec![id(99)], answer)),
        Refusal::MessageUnknown { message: id(99) }
    );
    let given = case.determination(USR, SOON, with(Position::ConditionalAssent, 1));
    let past = date(2027, 1, 14);
    assert_eq!(case.refused(LEAD, AFTER, hear(vec![given], past)), Refusal::AnswerDatePast { given: past });
}

/// Comune and USR assent, Provincia conditionally with two prescriptions, the Soprintendenza silent.
fn decided() -> (Case, concerto_message::MessageId) {
    let mut case = Case::received();
    case.determination(COMUNE, SOON, assent());
    case.determination(USR, SOON, assent());
    let given = case.determination(PROVINCIA, SOON, with(Position::ConditionalAssent, 2));
    (case, given)
}

#[test]
fn no_conclusion_while_somebody_may_still_speak() {
    let (mut case, _) = decided();
    let conclude = |case: &Case| Act::FinalDetermination(case.conclusion(Outcome::PositiveWithPrescriptions));
    assert_eq!(
        case.refused(LEAD, "2027-01-14 22:30", conclude(&case)),
        Refusal::TermRunning { body: writer(SABAP), until: date(2027, 1, 14) }
    );
    assert_eq!(
        case.refused(LEAD, AFTER, conclude(&case)),
        Refusal::PositionAwaited { body: writer(SABAP) },
        "silence needs its note"
    );
    let act = Act::Determination(assent());
    let given = case.taken_seen(SABAP, "2027-01-15 07:00", act, &[(COMUNE, "2027-01-14 20:00")]);
    assert_eq!(case.refused(LEAD, AFTER, conclude(&case)), Refusal::DisputeOpen { message: given });
    let mut unproven = Case::convened();
    unproven.delivered(COMUNE, "2026-11-30 10:00");
    unproven.note_silence(COMUNE, AFTER);
    assert_eq!(
        unproven.refused(LEAD, AFTER, conclude(&unproven)),
        Refusal::ReceiptUnproven { body: writer(SABAP) }
    );
    let mut suspended = Case::received();
    let asked = suspended.taken(COMUNE, SOON, request());
    suspended.lead("2026-12-09 10:00", suspension(vec![asked], date(2026, 12, 9), 30));
    assert_eq!(
        suspended.refused(LEAD, "2026-12-20 10:00", conclude(&suspended)),
        Refusal::TermsSuspended { until: date(2027, 1, 8) }
    );
}

#[test]
fn a_conclusion_needs_somebody() {
    let mut case = Case::received();
    let mut released = Vec::new();
    for body in [COMUNE, PROVINCIA, SABAP, USR] {
        let statement = CompetenceStatement { suggested: None };
        let statement = case.taken(body, SOON, Act::CompetenceStatement(statement));
        released.push(Released { body: writer(body), statement });
    }
    let extension = ParticipantAdded { added: Vec::new(), dates: None, released };
    case.lead(SOON, Act::ParticipantAdded(extension));
    let conclusion = Act::FinalDetermination(case.conclusion(Outcome::Positive));
    assert_eq!(case.refused(LEAD, SOON, conclusion), Refusal::NobodyTakesPart);
}

#[test]
fn the_lines_of_a_conclusion_are_the_record() {
    let (mut case, _) = decided();
    case.note_silence(SABAP, AFTER);
    let refused = |change: fn(&mut FinalDetermination)| {
        let mut conclusion = case.conclusion(Outcome::PositiveWithPrescriptions);
        change(&mut conclusion);
        case.refused(LEAD, AFTER, Act::FinalDetermination(conclusion))
    };
    let comune = || writer(COMUNE);
    assert_eq!(refused(|act| drop(act.positions.remove(0))), Refusal::LineMissing { body: comune() });
    assert_eq!(
        refused(|act| act.positions.push(act.positions[0].clone())),
        Refusal::LineTwice { body: comune() }
    );
    assert_eq!(
        refused(|act| act.positions[0].body = writer("c_a271/prot")),
        Refusal::BodyUnknown { body: writer("c_a271/prot") }
    );
    assert_eq!(
        refused(|act| act.positions[0].basis = id(99)),
        Refusal::BasisNotCounted { body: comune(), basis: id(99) }
    );
    assert_eq!(
        refused(|act| act.positions[0].position = Position::Dissent),
        Refusal::PositionDiffers { body: comune() }
    );
    assert_eq!(refused(|act| act.round = 2), Refusal::WrongRound { given: 2, current: 1 });
    let judgement = Judgement { question: Question::PrescriptionsAcceptable, answer: true };
    let mut twice = case.conclusion(Outcome::PositiveWithPrescriptions);
    twice.judgements = vec![judgement, judgement];
    assert_eq!(
        case.refused(LEAD, AFTER, Act::FinalDetermination(twice)),
        Refusal::JudgementTwice { question: Question::PrescriptionsAcceptable }
    );
}

#[test]
fn the_branches_of_the_decision_tree() {
    let (mut case, given) = decided();
    case.note_silence(SABAP, AFTER);
    let refused = |case: &Case, conclusion: &FinalDetermination| {
        case.refused(LEAD, AFTER, Act::FinalDetermination(conclusion.clone()))
    };
    assert_eq!(
        refused(&case, &case.conclusion(Outcome::Positive)),
        Refusal::ConditionsStand { body: writer(PROVINCIA) }
    );
    assert_eq!(refused(&case, &case.conclusion(Outcome::Negative)), Refusal::NoDissent);
    let mut conclusion = case.conclusion(Outcome::PositiveWithPrescriptions);
    assert_eq!(refused(&case, &conclusion), Refusal::OutcomeMissing { message: given, number: 1 });
    let outcome = |number, accepted| PrescriptionOutcome { determination: given, number, accepted };
    conclusion.prescriptions = vec![outcome(1, true), outcome(3, true)];
    assert_eq!(refused(&case, &conclusion), Refusal::OutcomeUnknown { message: given, number: 3 });
    conclusion.prescriptions = vec![outcome(1, true), outcome(1, true)];
    assert_eq!(refused(&case, &conclusion), Refusal::OutcomeUnknown { message: given, number: 1 });
    conclusion.prescriptions = vec![outcome(1, true), outcome(2, false)];
    assert_eq!(refused(&case, &conclusion), Refusal::PrescriptionRejected { message: given, number: 2 });
    conclusion.prescriptions = vec![outcome(1, true), outcome(2, true)];
    let question = Question::PrescriptionsAcceptable;
    assert_eq!(refused(&case, &conclusion), Refusal::JudgementMissing { question });
    conclusion.judgements = vec![Judgement { question, answer: false }];
    assert_eq!(refused(&case, &conclusion), Refusal::JudgementMissing { question });
    conclusion.judgements = vec![Judgement { question, answer: true }];
    assert_eq!(refused(&case, &conclusion), Refusal::ConsultationMissing { message: given });
    let answer_until = date(2027, 1, 20);
    let hearing = PrescriptionConsultation { determinations: vec![given], answer_until };
    case.lead(AFTER, Act::PrescriptionConsultation(hearing));
    let act = |conclusion: &FinalDetermination| Act::FinalDetermination(conclusion.clone());
    assert_eq!(
        case.warnings(LEAD, AFTER, act(&conclusion)),
        [Warning::ApplicantNotHeard, Warning::AnswersAwaited { until: answer_until }]
    );
    conclusion.efficacy = Efficacy::Suspended;
    assert_eq!(refused(&case, &conclusion), Refusal::EfficacyContradicted, "nobody dissented");
}

#[test]
fn a_dissent_is_weighed_by_a_person() {
    let mut case = Case::received();
    for body in [COMUNE, USR, PROVINCIA] {
        case.determination(body, SOON, assent());
    }
    case.determination(SABAP, SOON, with(Position::Dissent, 1));
    let refused =
        |conclusion: FinalDetermination| case.refused(LEAD, AFTER, Act::FinalDetermination(conclusion));
    assert_eq!(
        refused(case.conclusion(Outcome::Positive)),
        Refusal::ConditionsStand { body: writer(SABAP) },
        "three assents against one dissent are no majority"
    );
    assert_eq!(
        refused(case.conclusion(Outcome::PositiveWithPrescriptions)),
        Refusal::DissentStands { body: writer(SABAP) }
    );
    let question = Question::DissentNotSuperable;
    assert_eq!(refused(case.conclusion(Outcome::Negative)), Refusal::JudgementMissing { question });
    let mut plain = Case::received();
    for body in [COMUNE, USR, PROVINCIA, SABAP] {
        plain.determination(body, SOON, assent());
    }
    assert_eq!(
        plain.refused(
            LEAD,
            AFTER,
            Act::FinalDetermination(plain.conclusion(Outcome::PositiveWithPrescriptions))
        ),
        Refusal::NothingPrescribed
    );
}

#[test]
fn after_the_end_little_is_left() {
    let mut case = Case::received();
    for body in [COMUNE, USR, PROVINCIA, SABAP] {
        case.determination(body, SOON, assent());
    }
    let efficacy = |conclusion, efficacy, since| {
        Act::EfficacyStatement(EfficacyStatement { conclusion, efficacy, since })
    };
    let today = date(2026, 12, 7);
    assert_eq!(
        case.refused(LEAD, "2026-12-07 10:00", efficacy(id(99), Efficacy::Immediate, today)),
        Refusal::NotConcluded
    );
    let conclusion =
        case.lead("2026-12-07 10:00", Act::FinalDetermination(case.conclusion(Outcome::Positive)));
    assert_eq!(
        case.refused(COMUNE, "2026-12-07 11:00", Act::Determination(assent())),
        Refusal::AlreadyConcluded { conclusion }
    );
    assert_eq!(
        case.refused(LEAD, "2026-12-07 11:00", Act::Closure(Closure { ground: ClosureGround::Withdrawn })),
        Refusal::AlreadyConcluded { conclusion }
    );
    let refused = |act| case.refused(LEAD, "2026-12-07 11:00", act);
    assert_eq!(
        refused(efficacy(id(99), Efficacy::Immediate, today)),
        Refusal::OtherConclusion { given: id(99) }
    );
    assert_eq!(refused(efficacy(conclusion, Efficacy::Suspended, today)), Refusal::EfficacyContradicted);
    for given in [date(2026, 12, 6), date(2026, 12, 8)] {
        assert_eq!(
            refused(efficacy(conclusion, Efficacy::Immediate, given)),
            Refusal::EfficacyDate { given, from: today, until: today }
        );
    }
    let mut closed = Case::received();
    closed.lead(SOON, Act::Closure(Closure { ground: ClosureGround::Withdrawn }));
    assert_eq!(closed.refused(COMUNE, SOON, Act::Determination(assent())), Refusal::AlreadyClosed);
}

#[test]
fn a_late_act_that_european_law_wants_express_counts_where_an_official_says_so() {
    let mut stated = notice();
    wanted_express(&mut stated, USR);
    let mut case = Case::draft();
    case.lead("2026-11-30 09:00", Act::Notice(stated));
    case.delivered_to_all();
    for body in [COMUNE, PROVINCIA, SABAP] {
        case.determination(body, "2026-12-10 10:00", assent());
    }
    let found = |message, finding| {
        Act::LateOrInvalidActNotice(LateOrInvalidActNotice { message, finding, body: None })
    };
    let late = case.determination(USR, "2027-01-12 10:00", assent());
    let at = "2027-01-12 11:00";
    assert_eq!(case.status(USR, at), BodyStatus::ExpressActMissing, "late: alone it does not count");
    let positive = |case: &Case| Act::FinalDetermination(case.conclusion(Outcome::Positive));
    assert!(matches!(case.refused(LEAD, at, positive(&case)), Refusal::EuExpressActMissing { .. }));
    assert!(matches!(
        case.refused(LEAD, at, found(late, Finding::Timely)),
        Refusal::FindingContradicted { .. }
    ));
    let other = case.determination(COMUNE, "2027-01-12 10:30", with(Position::Dissent, 1));
    assert_eq!(
        case.refused(LEAD, at, found(other, Finding::ExpressAct)),
        Refusal::NoExpressAct { message: other },
        "nothing of European law is asked of it: late stays late"
    );
    case.lead(at, found(late, Finding::ExpressAct));
    assert_eq!(case.status(USR, at), BodyStatus::Assent);
    case.lead("2027-01-12 12:00", positive(&case));
}
