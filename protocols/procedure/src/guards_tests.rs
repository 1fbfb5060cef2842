//! Guards of the notice, of what moves terms and of records, by the exact refusal; those of positions and the conclusion stand beside
//! (`guards_positions_tests.rs`). A happy path of each act stands in the stories.

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
    assert_eq!(refused_notice(|notice| notice.kind = Kind::Preliminary), Refusal::KindNotCovered);
    assert_eq!(
        refused_notice(|notice| notice.sector = Some(Sector::EarthquakePermanent)),
        Refusal::SectorForm,
        "this conference deliberates in session"
    );
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
            value: "terms.meeting".to_owned(),
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
    let admitted = LateOrInvalidActNotice { message: seen, finding: Finding::Timely, body: None };
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
