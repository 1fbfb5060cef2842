//! Bodies without a node: what certified mail proves, and the acts that the procedente writes for them (RULES T9, E.4).
//!
//! Dates: the notice is of Monday 30 November 2026; received that day, ordinary bodies have until 30 December, the Soprintendenza until 14
//! January 2027. Instants are in UTC, one hour behind Rome.

use jiff::civil::date;

use crate::acts::*;
use crate::conference::Conference;
use crate::evolve::{Event, evolve, fold};
use crate::refusal::{Refusal, Warning};
use crate::test_support::*;
use crate::timeliness::{DisputeReason, Standing, Timeliness, Weight, judge_given, standing_of, weight};
use crate::view::{BodyStatus, Phase};

const SENT: Direction = Direction::Sent;
const CAME: Direction = Direction::Received;

/// The Comune has a node; Provincia, Soprintendenza and Ufficio ricostruzione have a mailbox only, and have the notice by certified mail.
fn by_mail() -> Case {
    let mut case = Case::convened();
    case.delivered(COMUNE, "2026-11-30 10:00");
    let called = case.conference.bodies()[&writer(PROVINCIA)].called_by;
    for body in [PROVINCIA, SABAP, USR] {
        case.mailed("2026-11-30 11:00", body, SENT, "2026-11-30 10:05", Some(called));
    }
    case
}

fn given(case: &Case, body: &str) -> (Timeliness, Weight) {
    let body = writer(body);
    let given = case.conference.latest_determination_of(&body).expect("a determination");
    (judge_given(&case.conference, given), weight(&case.conference, given))
}

fn dissent() -> Act {
    Act::Determination(with(Position::Dissent, 1))
}

#[test]
fn one_answers_by_mail_one_is_silent_one_has_a_node() {
    let mut case = by_mail();
    case.determination(COMUNE, "2026-12-10 10:00", assent());
    let came = case.mailed("2026-12-12 09:00", PROVINCIA, CAME, "2026-12-11 17:30", None);
    let act = case.lead_for("2026-12-12 09:05", PROVINCIA, came, Act::Determination(assent()));
    let received = case.conference.latest_determination_of(&writer(PROVINCIA)).unwrap();
    assert_eq!((received.message, received.author.to_string()), (act, PROVINCIA.to_owned()));
    assert_eq!(received.evidence.received_at, instant("2026-12-11 17:30"), "as the provider certifies");
    assert_eq!(case.conference.evidence_of(act).map(|exchange| exchange.message), Some(came));
    assert_eq!(case.status(PROVINCIA, "2026-12-12 10:00"), BodyStatus::Assent);
    let view = case.conference.view(now("2026-12-12 10:00"));
    let shown = |body: &str| {
        let found = view.bodies.iter().find(|found| found.body == writer(body)).unwrap();
        found.determinations.last().and_then(|given| given.evidence)
    };
    assert_eq!((shown(PROVINCIA), shown(COMUNE)), (Some(came), None), "who wrote by mail is shown");

    let came = case.mailed("2027-01-05 09:00", SABAP, CAME, "2027-01-04 17:30", None);
    case.lead_for("2027-01-05 09:05", SABAP, came, Act::Determination(assent()));
    assert_eq!(case.status(USR, "2026-12-30 12:00"), BodyStatus::Waiting);
    assert_eq!(case.status(USR, "2027-01-05 10:00"), BodyStatus::Silent);
    let silent = case.conference.implied_assent_of(&writer(USR), now("2027-01-05 10:00")).unwrap();
    let proof = case.conference.bodies()[&writer(USR)].proof.unwrap();
    assert_eq!((silent.strict, silent.proof_of_receipt), (date(2026, 12, 30), proof.receipt));
    assert!(
        case.conference.exchanges().iter().any(|exchange| exchange.message.0 == proof.receipt),
        "the proof named in the note is the record of the delivery"
    );
    case.note_silence(USR, "2027-01-05 10:00");
    let conclusion = case.conclusion(Outcome::Positive);
    assert_eq!(conclusion.positions.len(), 4);
    case.lead("2027-01-18 10:00", Act::FinalDetermination(conclusion));
    assert_eq!(case.phase("2027-01-18 11:00"), Phase::ConcludedPositive);
    let again = fold(conference_id(), &case.events);
    assert_eq!(again, case.conference, "every node folds the same");
}

#[test]
fn a_term_starts_with_the_delivery_receipt_and_never_by_sending() {
    let mut case = Case::convened();
    let called = case.conference.bodies()[&writer(USR)].called_by;
    assert_eq!(case.status(USR, "2026-12-01 10:00"), BodyStatus::AwaitingReceipt);
    // delivered at 00:02:30 of 3 December in Rome, by the provider's time; recorded a day later
    case.mailed("2026-12-04 09:00", USR, SENT, "2026-12-02 23:02", Some(called));
    assert_eq!(case.conference.bodies()[&writer(USR)].received_on(), Some(date(2026, 12, 3)));
    let (strict, _) = case.due(TermKind::IntegrationRequests, Some(USR));
    assert_eq!(strict, date(2026, 12, 18), "15 days from the delivery");

    let other = |channel| {
        let exchange = RecordedExchange { channel, ..mail(SABAP, SENT, "2026-12-02 10:00", Some(called)) };
        Act::RecordedExchange(exchange)
    };
    for channel in [Channel::Email, Channel::Post, Channel::Desk, Channel::Portal] {
        let told = case.warnings(LEAD, "2026-12-04 09:00", other(channel));
        assert_eq!(told, [Warning::DeliveryNotCertified { body: writer(SABAP) }]);
        case.lead("2026-12-04 09:00", other(channel));
    }
    assert_eq!(
        case.term(TermKind::Determination, Some(SABAP)),
        None,
        "nothing proves that it has the notice"
    );
    let about_another = Some(id(99));
    case.mailed("2026-12-04 09:00", SABAP, SENT, "2026-12-02 10:00", about_another);
    case.mailed("2026-12-04 09:00", SABAP, SENT, "2026-12-02 10:00", None);
    case.mailed("2026-12-04 09:00", SABAP, CAME, "2026-12-02 10:00", Some(called));
    assert_eq!(case.term(TermKind::Determination, Some(SABAP)), None);
}

#[test]
fn the_first_proof_in_the_chain_starts_the_term_and_an_earlier_one_needs_a_correction() {
    let mut case = Case::convened();
    let called = case.conference.bodies()[&writer(USR)].called_by;
    case.mailed("2026-12-04 09:00", USR, SENT, "2026-12-03 10:00", Some(called));
    let stands = case.due(TermKind::Determination, Some(USR));
    assert_eq!(stands.0, date(2027, 1, 2), "30 days from 3 December");
    case.mailed("2026-12-05 09:00", USR, SENT, "2026-11-30 10:00", Some(called));
    case.delivered(USR, "2026-11-30 09:30");
    assert_eq!(case.due(TermKind::Determination, Some(USR)), stands, "no later record moves a date");
    let correction = TermCorrection {
        term: TermKind::Determination,
        body: Some(writer(USR)),
        from: stands.0,
        to: date(2026, 12, 30),
    };
    case.lead("2026-12-05 10:00", Act::TermCorrection(correction));
    assert_eq!(case.due(TermKind::Determination, Some(USR)).0, date(2026, 12, 30));
}

#[test]
fn no_silence_without_the_recorded_delivery() {
    let mut case = Case::convened();
    case.mailed("2026-12-01 09:00", USR, SENT, "2026-11-30 10:00", None);
    let after = "2027-02-10 10:00";
    let draft = case.conference.implied_assent_of(&writer(USR), now(after));
    assert_eq!(draft, Err(Refusal::ReceiptUnproven { body: writer(USR) }));
    let called = case.conference.bodies()[&writer(USR)].called_by;
    case.mailed("2027-02-09 09:00", USR, SENT, "2026-11-30 10:00", Some(called));
    assert!(case.conference.implied_assent_of(&writer(USR), now(after)).is_ok());
    let came = case.mailed(after, USR, CAME, "2027-02-10 09:00", Some(called));
    let draft = case.conference.implied_assent_of(&writer(USR), now("2027-02-10 11:00")).unwrap();
    assert_eq!(
        case.warnings(LEAD, "2027-02-10 11:00", Act::ImpliedAssent(draft)),
        [Warning::ExchangeWithoutAct { body: writer(USR), message: came }],
        "it wrote something, and nobody has said yet what it is"
    );
}

#[test]
fn who_writes_for_whom_and_by_what() {
    let mut case = by_mail();
    let at = "2026-12-12 09:05";
    let came = case.mailed("2026-12-12 09:00", PROVINCIA, CAME, "2026-12-11 17:30", None);
    let called = case.conference.bodies()[&writer(PROVINCIA)].called_by;
    let sent = case.mailed("2026-12-12 09:00", PROVINCIA, SENT, "2026-12-11 17:30", None);
    let of_applicant = case.with_applicant("2026-12-12 09:00", CAME, called);
    let refused = |case: &Case, body: &str, evidence, act| {
        case.decide_for(at, body, evidence, act).expect_err("a refusal")
    };
    assert_eq!(
        refused(&case, PROVINCIA, id(99), dissent()),
        Refusal::BehalfEvidenceUnknown { evidence: id(99) }
    );
    assert_eq!(
        refused(&case, PROVINCIA, called, dissent()),
        Refusal::BehalfEvidenceUnknown { evidence: called },
        "the notice is no record of an exchange"
    );
    for evidence in [sent, of_applicant] {
        let body = writer(PROVINCIA);
        assert_eq!(
            refused(&case, PROVINCIA, evidence, dissent()),
            Refusal::BehalfEvidenceOfOther { evidence, body }
        );
    }
    assert_eq!(
        refused(&case, SABAP, came, dissent()),
        Refusal::BehalfEvidenceOfOther { evidence: came, body: writer(SABAP) }
    );
    let stranger = "c_a271/prot";
    let of_stranger = case.mailed("2026-12-12 09:00", stranger, CAME, "2026-12-11 17:30", None);
    assert_eq!(
        refused(&case, stranger, of_stranger, dissent()),
        Refusal::NotInvited { author: writer(stranger) }
    );
    let closure = Act::Closure(Closure { ground: ClosureGround::Withdrawn });
    let digest = TermDigest { lead_head: id(1), digest: id(1).0, terms: Vec::new() };
    for act in [closure, Act::TermDigest(digest), Act::Sealed(Sealed {})] {
        assert_eq!(refused(&case, PROVINCIA, came, act), Refusal::BehalfKind);
    }
    let early = case.mailed("2026-12-12 09:00", PROVINCIA, CAME, "2026-11-29 17:30", None);
    assert_eq!(
        refused(&case, PROVINCIA, early, dissent()),
        Refusal::BehalfBeforeCall { body: writer(PROVINCIA), called_on: date(2026, 11, 30) }
    );
    let act = case.lead_for(at, PROVINCIA, came, dissent());
    assert_eq!(
        refused(&case, PROVINCIA, came, Act::Determination(assent())),
        Refusal::BehalfEvidenceUsed { evidence: came, act },
        "one record shows one act"
    );
}

#[test]
fn nobody_but_the_procedente() {
    let mut case = by_mail();
    let came = case.mailed("2026-12-12 09:00", PROVINCIA, CAME, "2026-12-11 17:30", None);
    let behalf = Behalf { body: writer(PROVINCIA), evidence: came };
    let forged = Event::OnBehalf {
        message: id(500),
        author: writer(COMUNE),
        regime: "R1b".to_owned(),
        behalf: behalf.clone(),
        act: dissent(),
    };
    case.push(forged);
    let anomaly = case.conference.anomalies().last().unwrap();
    assert_eq!((anomaly.message, anomaly.code), (id(500), "procedure.behalf_not_lead"));
    assert_eq!(case.status(PROVINCIA, "2026-12-12 10:00"), BodyStatus::Waiting);
    // under another regime than that of the conference the procedente's own is an anomaly too, as any link of it
    let author = writer(LEAD);
    let other = Event::OnBehalf { message: id(501), author, regime: "R0".to_owned(), behalf, act: dissent() };
    case.push(other);
    assert_eq!(case.conference.anomalies().last().unwrap().code, "procedure.regime_mismatch");
    // neither used up the record
    case.conference.anomalies.clear();
    case.lead_for("2026-12-12 09:05", PROVINCIA, came, dissent());
    assert_eq!(case.status(PROVINCIA, "2026-12-12 10:00"), BodyStatus::Dissent);
}

#[test]
fn whoever_has_a_node_is_recorded_by_certified_mail_alone() {
    let mut case = by_mail();
    let came = |body: &str, channel| {
        Act::RecordedExchange(RecordedExchange { channel, ..mail(body, CAME, "2026-12-11 17:30", None) })
    };
    let by_post = case.lead("2026-12-12 09:00", came(COMUNE, Channel::Post));
    assert_eq!(
        case.decide_for("2026-12-12 09:05", COMUNE, by_post, dissent()).expect_err("a refusal"),
        Refusal::BehalfHasNode { body: writer(COMUNE) }
    );
    let by_pec = case.lead("2026-12-12 09:00", came(COMUNE, Channel::Pec));
    case.lead_for("2026-12-12 09:05", COMUNE, by_pec, dissent());
    // a body that was only ever written to by mail has none
    let by_email = case.lead("2026-12-12 09:00", came(PROVINCIA, Channel::Email));
    let decided = case.decide_for("2026-12-12 09:05", PROVINCIA, by_email, Act::Determination(assent()));
    assert_eq!(
        decided.unwrap().warnings(),
        [Warning::ProvenanceToEstablish { body: writer(PROVINCIA) }],
        "the official answers for where it comes from"
    );
    case.lead_for("2026-12-12 09:05", PROVINCIA, by_email, Act::Determination(assent()));
    assert!(!case.conference.has_node(&writer(PROVINCIA)) && case.conference.has_node(&writer(COMUNE)));
}

#[test]
fn a_formal_defect_of_a_body_is_kept_and_never_becomes_silence() {
    let mut case = by_mail();
    let came = case.mailed("2026-12-12 09:00", PROVINCIA, CAME, "2026-12-11 17:30", None);
    let incomplete = Act::Determination(with(Position::SurmountableDissent, 0));
    let decided = case.decide_for("2026-12-12 09:05", PROVINCIA, came, incomplete.clone()).unwrap();
    let lacks = Refusal::PrescriptionsMissing.code();
    assert_eq!(decided.warnings(), [Warning::BehalfDefective { body: writer(PROVINCIA), lacks }]);
    case.lead_for("2026-12-12 09:05", PROVINCIA, came, incomplete);
    let kept = case.conference.latest_determination_of(&writer(PROVINCIA)).unwrap();
    assert_eq!(kept.defects, [lacks]);
    assert_eq!(case.status(PROVINCIA, "2026-12-12 10:00"), BodyStatus::SurmountableDissent);
}

#[test]
fn an_act_counts_at_the_instant_of_its_sending_whenever_it_is_recorded() {
    let mut case = by_mail();
    // accepted by the provider at 23:59 in Rome of the last day, read by the office on 4 January
    let in_time = case.mailed("2027-01-04 09:00", PROVINCIA, CAME, "2026-12-30 22:59", None);
    case.lead_for("2027-01-04 09:05", PROVINCIA, in_time, dissent());
    assert!(matches!(given(&case, PROVINCIA), (Timeliness::Timely(_), Weight::Counts)));
    let late = case.mailed("2027-01-04 09:00", USR, CAME, "2026-12-30 23:00", None);
    let decided = case.decide_for("2027-01-04 09:05", USR, late, dissent()).unwrap();
    assert_eq!(decided.warnings(), [Warning::DeterminationLate { until: date(2026, 12, 30) }]);
    case.lead_for("2027-01-04 09:05", USR, late, dissent());
    assert!(matches!(given(&case, USR), (Timeliness::Late(_), Weight::Late)));
    assert_eq!(case.status(USR, "2027-01-04 10:00"), BodyStatus::Late);
}

#[test]
fn an_act_recorded_after_the_note_of_silence_takes_its_place() {
    let mut case = by_mail();
    case.note_silence(PROVINCIA, "2027-01-04 09:00");
    let came = case.mailed("2027-01-05 09:00", PROVINCIA, CAME, "2026-12-29 12:00", None);
    let act = case.lead_for("2027-01-05 09:05", PROVINCIA, came, dissent());
    let provincia = writer(PROVINCIA);
    let stands = standing_of(&case.conference, &provincia).unwrap();
    assert!(matches!(stands, Standing::Expressed(_)) && stands.basis() == act);
}

#[test]
fn every_kind_that_a_body_writes() {
    let mut case = by_mail();
    let mut recorded = |act: Act| {
        let came = case.mailed("2026-12-12 09:00", PROVINCIA, CAME, "2026-12-11 17:30", None);
        (case.lead_for("2026-12-12 09:05", PROVINCIA, came, act), came)
    };
    let (asked, _) = recorded(request());
    let (synchronous, _) = recorded(Act::SyncModeRequest(SyncModeRequest { asked_by: AskedBy::Body }));
    let (statement, _) = recorded(Act::CompetenceStatement(CompetenceStatement { suggested: None }));
    let represents = vec![writer(PROVINCIA)];
    let appointed_by = Appointer::Own;
    let (appointment, _) =
        recorded(Act::RepresentativeAppointment(RepresentativeAppointment { represents, appointed_by }));
    let conference = &case.conference;
    assert_eq!(conference.integration_requests().last().map(|found| found.message), Some(asked));
    assert_eq!(conference.sync_requests().last().map(|found| found.message), Some(synchronous));
    assert_eq!(conference.competence_statements().last().map(|found| found.message), Some(statement));
    assert_eq!(conference.appointments().last().map(|found| found.message), Some(appointment));
    assert!(!conference.has_node(&writer(PROVINCIA)), "what came by mail is of no node");
    // and they carry what such acts carry
    let on = date(2026, 12, 12);
    case.lead("2026-12-12 10:00", suspension(vec![asked], on, 30));
}

/// The Comune sent its act from its node and by certified mail; the procedente had the first after the term.
fn sent_twice(mail_at: &str, mail_first: bool) -> Case {
    let mut case = by_mail();
    let message = id(900);
    let record = |case: &mut Case| {
        case.mailed("2027-01-04 08:00", COMUNE, CAME, mail_at, Some(message));
    };
    if mail_first {
        record(&mut case);
    }
    let evidence = crate::conference::Evidence::at(instant("2027-01-02 08:00"));
    let (author, issued_at) = (writer(COMUNE), instant("2026-12-30 20:00"));
    case.push(Event::Taken { message, author, issued_at, act: dissent(), evidence });
    if !mail_first {
        record(&mut case);
    }
    case
}

#[test]
fn certified_mail_of_the_same_act_across_the_deadline_makes_it_disputed() {
    for mail_first in [false, true] {
        let mut case = sent_twice("2026-12-30 21:00", mail_first);
        let (timeliness, weighed) = given(&case, COMUNE);
        let Timeliness::Disputed(disputed) = timeliness else { panic!("{timeliness:?}") };
        let expected = instant("2026-12-30 21:00");
        assert!(
            matches!(disputed.reason(), DisputeReason::CertifiedInTime { at, .. } if *at == expected),
            "{:?}",
            disputed.reason()
        );
        assert_eq!(weighed, Weight::Undecided);
        assert_eq!(case.status(COMUNE, "2027-01-04 09:00"), BodyStatus::Disputed);
        let draft = case.conference.implied_assent_of(&writer(COMUNE), now("2027-01-04 09:00"));
        assert_eq!(draft, Err(Refusal::DisputeOpen { message: id(900) }), "nothing follows by itself");
        let admitted = LateOrInvalidActNotice { message: id(900), finding: Finding::Timely, body: None };
        case.lead("2027-01-04 09:00", Act::LateOrInvalidActNotice(admitted));
        assert_eq!(case.status(COMUNE, "2027-01-04 09:00"), BodyStatus::Dissent);
    }
}

#[test]
fn certified_mail_on_the_same_side_of_the_deadline_changes_nothing() {
    assert_eq!(given(&sent_twice("2026-12-31 08:00", false), COMUNE).1, Weight::Late);
    // what the procedente had in time stays so, whatever its author sent afterwards to be sure
    let mut case = by_mail();
    let act = case.determination(COMUNE, "2026-12-30 22:50", assent());
    case.mailed("2027-01-04 08:00", COMUNE, CAME, "2026-12-30 23:10", Some(act));
    assert_eq!(given(&case, COMUNE).1, Weight::Counts);
    // mail of another body, or not certified, says nothing about this act
    let mut case = sent_twice("2026-12-31 08:00", false);
    case.mailed("2027-01-04 08:00", PROVINCIA, CAME, "2026-12-30 12:00", Some(id(900)));
    let by_email =
        RecordedExchange { channel: Channel::Email, ..mail(COMUNE, CAME, "2026-12-30 12:00", Some(id(900))) };
    case.lead("2027-01-04 08:00", Act::RecordedExchange(by_email));
    assert_eq!(given(&case, COMUNE).1, Weight::Late);
}

#[test]
fn a_link_folded_twice_has_effect_once() {
    let mut case = by_mail();
    let came = case.mailed("2026-12-12 09:00", PROVINCIA, CAME, "2026-12-11 17:30", None);
    case.lead_for("2026-12-12 09:05", PROVINCIA, came, dissent());
    let mut again: Conference = case.conference.clone();
    for event in &case.events {
        evolve(&mut again, event);
    }
    assert_eq!(again, case.conference);
}
