//! Each guard, by the exact refusal. A happy path of each act stands in the stories.

use jiff::civil::date;

use crate::acts::*;
use crate::refusal::{Refusal, Warning};
use crate::test_support::*;

const SOON: &str = "2026-12-04 10:00";
/// After every determination term of `Case::received` (the last is 14 January 2027).
const AFTER: &str = "2027-01-15 08:00";

fn refused_notice(change: impl FnOnce(&mut Notice)) -> Refusal {
    let mut changed = notice();
    change(&mut changed);
    Case::draft().refused(LEAD, "2026-11-30 09:00", Act::Notice(changed))
}

#[test]
fn who_may_write() {
    let case = Case::received();
    let stranger = writer("c_a271/prot");
    assert_eq!(
        case.refused("c_a271/prot", SOON, Act::Determination(assent())),
        Refusal::NotInvited { author: stranger }
    );
    assert_eq!(
        case.refused(LEAD, SOON, Act::Determination(assent())),
        Refusal::NotInvited { author: writer(LEAD) }
    );
    let closure = Act::Closure(Closure { ground: ClosureGround::Withdrawn });
    assert_eq!(case.refused(COMUNE, SOON, closure), Refusal::NotLead { author: writer(COMUNE) });
    let taking = TakenInCharge { messages: Vec::new(), deliveries: Vec::new() };
    let taking = Act::TakenInCharge(taking);
    assert_eq!(case.refused(COMUNE, SOON, taking.clone()), Refusal::NotLead { author: writer(COMUNE) });
    assert_eq!(case.warnings(LEAD, SOON, taking), []);
    assert_eq!(case.warnings(COMUNE, SOON, Act::Sealed(Sealed {})), []);
}

#[test]
fn nothing_before_the_notice() {
    let draft = Case::draft();
    assert_eq!(draft.refused(COMUNE, SOON, Act::Determination(assent())), Refusal::NotConvened);
    assert_eq!(
        draft.refused(LEAD, SOON, Act::Closure(Closure { ground: ClosureGround::Archived })),
        Refusal::NotConvened
    );
    assert_eq!(
        draft.refused(COMUNE, "2026-11-30 09:00", Act::Notice(notice())),
        Refusal::NotLead { author: writer(COMUNE) }
    );
}

#[test]
fn what_a_notice_must_be() {
    assert_eq!(refused_notice(|notice| notice.kind = Kind::FactFinding), Refusal::KindNotCovered);
    assert_eq!(refused_notice(|notice| notice.form = Form::Simultaneous), Refusal::FormNotCovered);
    assert_eq!(refused_notice(|notice| notice.round = 2), Refusal::WrongRound { given: 2, current: 1 });
    let future = date(2026, 12, 1);
    assert_eq!(
        refused_notice(|notice| notice.started_on = future),
        Refusal::StartInFuture { started_on: future }
    );
    assert_eq!(
        refused_notice(|notice| notice.invited.truncate(1)),
        Refusal::TooFewActs { acts: 1 },
        "with one external assent art. 17-bis is the way"
    );
    assert_eq!(
        refused_notice(|notice| notice.invited[1].body = writer(COMUNE)),
        Refusal::InvitedTwice { body: writer(COMUNE) }
    );
    assert_eq!(refused_notice(|notice| notice.invited[1].body = writer(LEAD)), Refusal::LeadInvited);
    assert_eq!(
        refused_notice(|notice| notice.invited[0].acts.clear()),
        Refusal::NoActAsked { body: writer(COMUNE) }
    );
    let twice = |notice: &mut Notice| {
        let act = notice.invited[0].acts[0].clone();
        notice.invited[0].acts.push(act);
    };
    assert_eq!(
        refused_notice(twice),
        Refusal::ActAskedTwice { body: writer(COMUNE), act: "parere".to_owned() }
    );
    let case = Case::received();
    assert_eq!(
        case.refused(LEAD, "2026-11-30 12:00", Act::Notice(notice())),
        Refusal::AlreadyConvened { round: 1 }
    );
}

#[test]
fn the_dates_of_a_notice_follow_each_other() {
    assert_eq!(refused_notice(|notice| notice.dates.sensitive_until = None), Refusal::SensitiveDateMissing);
    let incoherent = |term, stated, after| Refusal::DatesIncoherent { term, stated, after };
    assert_eq!(
        refused_notice(|notice| notice.dates.integration_until = date(2026, 11, 30)),
        incoherent(TermKind::IntegrationRequests, date(2026, 11, 30), date(2026, 11, 30))
    );
    assert_eq!(
        refused_notice(|notice| notice.dates.determination_until = date(2026, 12, 10)),
        incoherent(TermKind::Determination, date(2026, 12, 10), date(2026, 12, 15))
    );
    assert_eq!(
        refused_notice(|notice| notice.dates.sensitive_until = Some(date(2026, 12, 20))),
        incoherent(TermKind::Determination, date(2026, 12, 20), date(2026, 12, 30))
    );
    assert_eq!(
        refused_notice(|notice| notice.dates.meeting_on = date(2027, 1, 14)),
        incoherent(TermKind::Meeting, date(2027, 1, 14), date(2027, 1, 14))
    );
}

#[test]
fn the_regime_of_a_notice() {
    assert_eq!(
        refused_notice(|notice| notice.regime_basis_date = date(2026, 11, 2)),
        Refusal::RegimeBasis { given: date(2026, 11, 2) }
    );
    let draft = Case::draft();
    let mut next_year = notice();
    next_year.regime_basis_date = date(2027, 1, 11);
    assert_eq!(
        draft.refused(LEAD, "2027-01-11 09:00", Act::Notice(next_year)),
        Refusal::ValueMissing {
            regime: "R2".to_owned(),
            value: "terms.meeting",
            source_norm: "L. 241/1990 art. 14-bis c. 2 lett. d".to_owned()
        },
        "the meeting's days of 2027 are open: nobody computes them"
    );
    let mut ancient = notice();
    ancient.started_on = date(2016, 1, 4);
    ancient.regime_basis_date = date(2016, 1, 4);
    assert_eq!(
        draft.refused(LEAD, "2026-11-30 09:00", Act::Notice(ancient)),
        Refusal::RegimeUnknown { on: date(2016, 1, 4) }
    );
}

#[test]
fn what_a_notice_is_warned_of() {
    let warned = |change: fn(&mut Notice)| {
        let mut changed = notice();
        change(&mut changed);
        Case::draft().warnings(LEAD, "2026-11-30 09:00", Act::Notice(changed))
    };
    assert_eq!(warned(|_| {}), []);
    assert_eq!(
        warned(|notice| notice.started_on = date(2026, 11, 20)),
        [Warning::NoticeLate { due: date(2026, 11, 27) }],
        "late is a delay, not an invalidity"
    );
    assert_eq!(warned(|notice| notice.regime_basis_date = notice.started_on), [Warning::RegimeByApplication]);
    assert_eq!(
        warned(|notice| notice.dates.determination_until = date(2027, 1, 4)),
        [Warning::StatedBeyondMaximum {
            term: TermKind::Determination,
            stated: date(2027, 1, 4),
            computed: date(2026, 12, 30)
        }]
    );
    assert_eq!(
        warned(|notice| notice.dates.determination_until = date(2026, 12, 20)),
        [
            Warning::StatedOnHoliday { term: TermKind::Determination, stated: date(2026, 12, 20) },
            Warning::StatedTooEarly {
                term: TermKind::Determination,
                stated: date(2026, 12, 20),
                computed: date(2026, 12, 30)
            }
        ]
    );
    assert_eq!(
        warned(|notice| notice.dates.procedure_until = Some(date(2027, 1, 15))),
        [Warning::ProcedureExceeded { until: date(2027, 1, 15) }]
    );
    let one = |notice: &mut Notice| {
        notice.invited.truncate(2);
        notice.invited[1].body = writer("c_b474/lavori");
        notice.dates.sensitive_until = None;
    };
    assert_eq!(warned(one)[0], Warning::OneAdministration);
}

#[test]
fn adding_and_releasing() {
    let mut case = Case::received();
    let extension = |added: Vec<Invited>, released: Vec<Released>| {
        Act::ParticipantAdded(ParticipantAdded { added, dates: None, released })
    };
    assert_eq!(case.refused(LEAD, SOON, extension(vec![], vec![])), Refusal::NothingChanged);
    assert_eq!(
        case.refused(LEAD, SOON, extension(vec![invited(COMUNE, false)], vec![])),
        Refusal::AlreadyInvited { body: writer(COMUNE) }
    );
    let release = |body: &str, statement| Released { body: writer(body), statement };
    assert_eq!(
        case.refused(LEAD, SOON, extension(vec![], vec![release("c_a271/prot", id(99))])),
        Refusal::BodyUnknown { body: writer("c_a271/prot") }
    );
    let statement =
        case.taken(PROVINCIA, SOON, Act::CompetenceStatement(CompetenceStatement { suggested: None }));
    assert_eq!(
        case.refused(LEAD, SOON, extension(vec![], vec![release(COMUNE, statement)])),
        Refusal::StatementMissing { body: writer(COMUNE) },
        "another's statement releases nobody"
    );
    case.lead(SOON, extension(vec![], vec![release(PROVINCIA, statement)]));
    assert_eq!(
        case.refused(PROVINCIA, SOON, Act::Determination(assent())),
        Refusal::BodyReleased { author: writer(PROVINCIA) }
    );
    assert_eq!(case.term(TermKind::Determination, Some(PROVINCIA)), None);
    let added = vec![invited("asur/prot", true)];
    let dates = StatedDates { sensitive_until: None, ..notice().dates };
    let with_dates = ParticipantAdded { added, dates: Some(dates), released: Vec::new() };
    assert_eq!(case.refused(LEAD, SOON, Act::ParticipantAdded(with_dates)), Refusal::SensitiveDateMissing);
}

#[test]
fn a_suspension_needs_requests_in_their_term() {
    let mut case = Case::received();
    let on = date(2026, 12, 4);
    assert_eq!(case.refused(LEAD, SOON, suspension(vec![], on, 30)), Refusal::RequestsMissing);
    assert_eq!(
        case.refused(LEAD, SOON, suspension(vec![id(99)], on, 30)),
        Refusal::MessageUnknown { message: id(99) }
    );
    for days in [0, 31] {
        assert_eq!(
            case.refused(LEAD, SOON, suspension(vec![], on, days)),
            Refusal::SuspensionLength { days, most: 30 }
        );
    }
    let other = IntegrationRequest { items: 1, facts_of_art_2_c_7: false };
    let other = case.taken(COMUNE, SOON, Act::IntegrationRequest(other));
    assert_eq!(case.refused(LEAD, SOON, suspension(vec![other], on, 30)), Refusal::NoFactsOfArt2C7);
    let late = case.taken(COMUNE, "2026-12-16 10:00", request());
    assert_eq!(
        case.refused(LEAD, "2026-12-16 11:00", suspension(vec![late], date(2026, 12, 16), 30)),
        Refusal::RequestOutOfTerm { message: late },
        "after lett. b) a request is kept and has no effect"
    );
    let seen = case.taken_seen(PROVINCIA, "2026-12-16 10:00", request(), &[(COMUNE, "2026-12-15 20:00")]);
    assert_eq!(
        case.refused(LEAD, "2026-12-16 11:00", suspension(vec![seen], date(2026, 12, 16), 30)),
        Refusal::DisputeOpen { message: seen }
    );
    let admitted = LateOrInvalidActNotice { message: seen, finding: Finding::Timely };
    case.lead("2026-12-16 11:00", Act::LateOrInvalidActNotice(admitted));
    let from = date(2026, 12, 16);
    for given in [date(2026, 12, 15), date(2026, 12, 17)] {
        assert_eq!(
            case.refused(LEAD, "2026-12-16 11:00", suspension(vec![seen], given, 30)),
            Refusal::SuspensionDate { given, from, until: from }
        );
    }
    let order = case.lead("2026-12-16 11:00", suspension(vec![seen], from, 30));
    assert_eq!(
        case.refused(LEAD, "2026-12-16 12:00", suspension(vec![seen], from, 10)),
        Refusal::SuspensionUsed { message: order },
        "one for the conference"
    );
}

#[test]
fn a_suspension_never_brings_back_what_has_passed() {
    let mut case = Case::received();
    let asked = case.taken(COMUNE, SOON, request());
    // Ordinary terms ended on 30 December: backdating to before is refused.
    let given = date(2026, 12, 20);
    assert_eq!(
        case.refused(LEAD, "2027-01-04 10:00", suspension(vec![asked], given, 30)),
        Refusal::SuspensionDate { given, from: date(2026, 12, 31), until: date(2027, 1, 4) }
    );
    assert_eq!(
        case.refused(LEAD, AFTER, suspension(vec![asked], date(2027, 1, 15), 30)),
        Refusal::NothingToSuspend
    );
    case.lead("2027-01-04 10:00", suspension(vec![asked], date(2027, 1, 4), 10));
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)).0, date(2026, 12, 30));
    assert_eq!(case.due(TermKind::Determination, Some(SABAP)).0, date(2027, 1, 25), "24 January is a Sunday");
}

#[test]
fn integrations_end_the_suspension_that_runs() {
    let mut case = Case::received();
    let delivery = |suspension, received_on| {
        Act::IntegrationDelivered(IntegrationDelivered { suspension, received_on, dates: notice().dates })
    };
    let given = date(2026, 12, 10);
    assert_eq!(case.refused(LEAD, "2026-12-10 10:00", delivery(id(99), given)), Refusal::NotSuspended);
    let asked = case.taken(COMUNE, SOON, request());
    let order = case.lead("2026-12-09 10:00", suspension(vec![asked], date(2026, 12, 9), 30));
    assert_eq!(
        case.refused(LEAD, "2026-12-10 10:00", delivery(id(99), given)),
        Refusal::OtherSuspension { given: id(99) }
    );
    let (from, until) = (date(2026, 12, 9), date(2026, 12, 10));
    for given in [date(2026, 12, 8), date(2026, 12, 11)] {
        assert_eq!(
            case.refused(LEAD, "2026-12-10 10:00", delivery(order, given)),
            Refusal::DeliveryDate { given, from, until }
        );
    }
    case.lead("2026-12-10 10:00", delivery(order, given));
    assert_eq!(case.refused(LEAD, "2026-12-10 11:00", delivery(order, given)), Refusal::NotSuspended);
}

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

#[test]
fn a_request_after_its_term_may_be_sent_and_is_warned_of() {
    let case = Case::received();
    assert_eq!(case.warnings(COMUNE, SOON, request()), []);
    assert_eq!(
        case.warnings(COMUNE, "2026-12-16 10:00", request()),
        [Warning::RequestLate { until: date(2026, 12, 15) }]
    );
    let sync = Act::SyncModeRequest(SyncModeRequest { asked_by: AskedBy::Party });
    assert_eq!(
        case.warnings(COMUNE, "2026-12-16 10:00", sync),
        [Warning::RequestLate { until: date(2026, 12, 15) }]
    );
    let other = Act::IntegrationRequest(IntegrationRequest { items: 1, facts_of_art_2_c_7: false });
    assert_eq!(case.warnings(COMUNE, SOON, other), [Warning::RequestOutsideArt2C7]);
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
    for body in [COMUNE, PROVINCIA, SABAP, USR] {
        case.delivered(body, "2026-11-30 10:00");
    }
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
    assert_eq!(case.status(COMUNE, AFTER), crate::view::BodyStatus::ExpressActMissing);
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
    let found = |message, finding| Act::LateOrInvalidActNotice(LateOrInvalidActNotice { message, finding });
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
fn corrections_never_shorten_silently() {
    let mut case = Case::received();
    let correction = |term, body: Option<&str>, from, to| {
        Act::TermCorrection(TermCorrection { term, body: body.map(writer), from, to })
    };
    let (stands, later) = (date(2026, 12, 30), date(2027, 1, 4));
    let refused = |case: &Case, act| case.refused(LEAD, SOON, act);
    let kind = TermKind::Determination;
    assert_eq!(
        refused(&case, correction(TermKind::Notice, None, stands, later)),
        Refusal::TermNotCorrectable { term: TermKind::Notice }
    );
    assert_eq!(refused(&case, correction(kind, None, stands, later)), Refusal::TermUnknown { term: kind });
    assert_eq!(
        refused(&case, correction(kind, Some("c_a271/prot"), stands, later)),
        Refusal::BodyUnknown { body: writer("c_a271/prot") }
    );
    assert_eq!(
        refused(&case, correction(kind, Some(COMUNE), later, later)),
        Refusal::CorrectionOutdated { stands }
    );
    assert_eq!(refused(&case, correction(kind, Some(COMUNE), stands, stands)), Refusal::NothingChanged);
    let sooner = date(2026, 12, 29);
    assert_eq!(
        refused(&case, correction(kind, Some(COMUNE), stands, sooner)),
        Refusal::CorrectionShortens { stands }
    );
    let meeting = date(2027, 1, 29);
    assert_eq!(
        refused(&case, correction(TermKind::Meeting, None, meeting, date(2027, 1, 28))),
        Refusal::CorrectionShortens { stands: meeting }
    );
    assert_eq!(
        case.refused(LEAD, AFTER, correction(kind, Some(COMUNE), stands, date(2027, 1, 20))),
        Refusal::TermUnknown { term: kind },
        "a peremptory term that has passed does not come back"
    );
    // A peremptory term has no extension: the date protects who relies on it, the strict one stays.
    let beyond = correction(kind, Some(COMUNE), stands, later);
    assert_eq!(
        case.warnings(LEAD, SOON, beyond.clone()),
        [Warning::CorrectionBeyondMaximum { computed: stands }]
    );
    case.lead(SOON, beyond);
    assert_eq!(case.due(kind, Some(COMUNE)), (stands, later));
    case.lead(SOON, correction(TermKind::Meeting, None, meeting, date(2027, 2, 1)));
    assert_eq!(case.due(TermKind::Meeting, None).0, date(2027, 2, 1));
}

#[test]
fn an_earlier_proof_moves_a_term_by_correction_only_and_makes_no_act_late() {
    let late_proof = || {
        let mut case = Case::convened();
        case.delivered(COMUNE, "2026-12-04 10:00");
        // A PEC receipt found later shows that it had the notice on 1 December.
        case.delivered(COMUNE, "2026-12-01 10:00");
        case
    };
    let correction = TermCorrection {
        term: TermKind::Determination,
        body: Some(writer(COMUNE)),
        from: date(2027, 1, 4),
        to: date(2026, 12, 31),
    };
    let act = || Act::TermCorrection(correction.clone());
    let mut case = late_proof();
    // 4 December + 30 = Sunday 3 January, rolled.
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)).0, date(2027, 1, 4));
    case.lead("2026-12-10 10:00", act());
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)).0, date(2026, 12, 31));
    let mut relied = late_proof();
    relied.determination(COMUNE, "2027-01-02 10:00", assent());
    assert_eq!(
        relied.refused(LEAD, "2026-12-10 10:00", act()),
        Refusal::CorrectionShortens { stands: date(2027, 1, 4) }
    );
    assert_eq!(
        late_proof().refused(LEAD, "2027-01-01 10:00", act()),
        Refusal::CorrectionShortens { stands: date(2027, 1, 4) },
        "not into the past"
    );
}

#[test]
fn records_and_forks() {
    let case = Case::received();
    let exchange = |at: &str, about| {
        Act::RecordedExchange(RecordedExchange {
            party: Outside::Applicant,
            direction: Direction::Sent,
            channel: Channel::Pec,
            at: instant(at),
            about,
        })
    };
    assert_eq!(case.refused(LEAD, SOON, exchange("2026-12-04 10:01", None)), Refusal::InstantInFuture);
    assert_eq!(
        case.warnings(LEAD, SOON, exchange(SOON, Some(id(99)))),
        [Warning::AboutUnknown { message: id(99) }]
    );
    let fork = |kept, set_aside| {
        let nonce = "00112233445566778899aabbccddeeff".parse().unwrap();
        let incarnation = concerto_message::Incarnation { counter: 1, nonce };
        Act::ForkResolved(ForkResolved { writer: writer(COMUNE), incarnation, sequence: 3, kept, set_aside })
    };
    assert_eq!(case.refused(LEAD, SOON, fork(id(1), vec![])), Refusal::ForkContradictory);
    assert_eq!(case.refused(LEAD, SOON, fork(id(1), vec![id(1)])), Refusal::ForkContradictory);
    assert_eq!(case.warnings(LEAD, SOON, fork(id(1), vec![id(2)])), []);
}

#[test]
fn a_refusal_speaks_both_languages_and_names_its_norm() {
    use crate::language::Lang;
    let refusal = Refusal::CostMissing { number: 2 };
    assert_eq!(refusal.code(), "procedure.cost_missing");
    assert_eq!(refusal.norm(), Some("DL 76/2020 art. 13"));
    assert_eq!(refusal.text(Lang::It), "la prescrizione 2 non indica il costo");
    assert_eq!(refusal.to_string(), "prescription 2 does not say what it costs (DL 76/2020 art. 13)");
    assert_eq!(Refusal::ProofDiffers.norm(), Some("L. 241/1990 art. 14-bis c. 4"));
    assert_eq!(Refusal::InstantInFuture.norm(), None);
}
