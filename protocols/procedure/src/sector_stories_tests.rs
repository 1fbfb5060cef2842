//! Whole cases of sectors with conferences of their own.
//!
//! ```text
//! J  earthquake: half of the members, majority of those present, the president adopts; nobody opposes
//! K  electronic communications: halved terms; a grant by silence, its certificate, and what stops or blocks it
//! ```
//!
//! Wrong programs these catch: one that deliberates without a quorum, takes the majority of all members, lets the president decide against
//! the majority, invents the days of an open value, halves the suspension, or certifies a silence that the conference stopped.

use concerto_message::MessageId;
use jiff::civil::{Date, date};

use crate::acts::*;
use crate::refusal::{Refusal, Warning};
use crate::test_support::*;
use crate::view::Phase;

fn noticed(case: &Case) -> MessageId {
    case.conference.notice().unwrap().message
}

/// Four members, called on 30 November 2026 for 15 December.
fn earthquake() -> Case {
    let mut stated = notice();
    stated.sector = Some(Sector::EarthquakePermanent);
    stated.form = Form::Simultaneous;
    stated.dates.meeting_on = date(2026, 12, 15);
    stated.dates.determination_until = date(2026, 12, 15);
    let mut case = Case::draft();
    case.lead("2026-11-30 09:00", Act::Notice(stated));
    case.delivered_to_all();
    case
}

/// The session of 15 December, which closes the works.
fn deliberated(case: &Case, bodies: &[&str], positions: Vec<SessionPosition>) -> Act {
    Act::MeetingMinutes(MeetingMinutes {
        present: present(bodies),
        positions,
        works_closed: true,
        ..session(noticed(case), 1, "2026-12-15 09:00", "2026-12-15 12:00")
    })
}

#[test]
fn story_j_quorum_and_majority() {
    let mut case = earthquake();
    let at = "2026-12-15 13:00";
    assert_eq!(
        case.refused(LEAD, at, deliberated(&case, &[COMUNE], Vec::new())),
        Refusal::NoQuorum { present: 1, members: 4 }
    );
    let against = said(SABAP, Position::Dissent, 1);
    case.lead(
        at,
        deliberated(&case, &[COMUNE, SABAP, USR], vec![said(COMUNE, Position::Assent, 0), against]),
    );
    let vote = case.conference.vote().unwrap();
    assert_eq!((vote.members, vote.present, vote.in_favour), (4, 3, 2), "who is present and silent assents");
    assert!(vote.carried());
    case.note_silence(USR, at);
    case.note_silence(PROVINCIA, at);
    let grounds: Vec<_> = case.conference.implied_assents().map(|noted| noted.act.ground).collect();
    assert_eq!(grounds, [ImpliedGround::Silence, ImpliedGround::Absent]);

    let mut negative = case.conclusion(Outcome::Negative);
    negative.judgements = vec![Judgement { question: Question::DissentNotSuperable, answer: true }];
    assert_eq!(
        case.refused(LEAD, at, Act::FinalDetermination(negative)),
        Refusal::MajorityInFavour { in_favour: 2, present: 3 },
        "the president adopts what the majority says"
    );
    let mut over = case.conclusion(Outcome::PositiveOverDissent);
    let basis = case.conference.determinations_of(&writer(SABAP)).last().unwrap().message;
    over.prescriptions = vec![PrescriptionOutcome { determination: basis, number: 1, accepted: false }];
    over.efficacy = Efficacy::Suspended;
    assert_eq!(
        case.refused(LEAD, at, Act::FinalDetermination(over.clone())),
        Refusal::EfficacyContradicted,
        "no opposition"
    );
    over.efficacy = Efficacy::Immediate;
    case.lead(at, Act::FinalDetermination(over));
    assert_eq!(case.phase(at), Phase::ConcludedPositive);
}

#[test]
fn half_against_is_no_majority() {
    let mut case = earthquake();
    let at = "2026-12-15 13:00";
    let positions = vec![said(COMUNE, Position::Assent, 0), said(SABAP, Position::Dissent, 1)];
    case.lead(at, deliberated(&case, &[COMUNE, SABAP], positions));
    for absent in [PROVINCIA, USR] {
        case.note_silence(absent, at);
    }
    let mut over = case.conclusion(Outcome::PositiveOverDissent);
    let basis = case.conference.determinations_of(&writer(SABAP)).last().unwrap().message;
    over.prescriptions = vec![PrescriptionOutcome { determination: basis, number: 1, accepted: false }];
    assert_eq!(
        case.refused(LEAD, at, Act::FinalDetermination(over)),
        Refusal::MajorityAgainst { in_favour: 1, present: 2 },
        "three of four assent, but of those present only half are in favour"
    );
    let mut negative = case.conclusion(Outcome::Negative);
    negative.judgements = vec![Judgement { question: Question::DissentNotSuperable, answer: true }];
    case.lead(at, Act::FinalDetermination(negative));
}

#[test]
fn an_earthquake_session_is_adjourned_only_where_a_profile_says_how_long_the_works_last() {
    let mut case = earthquake();
    let adjourned = MeetingMinutes {
        present: present(&[COMUNE, PROVINCIA]),
        next_on: Some(date(2026, 12, 22)),
        ..session(noticed(&case), 1, "2026-12-15 09:00", "2026-12-15 12:00")
    };
    let refusal = case.refused(LEAD, "2026-12-15 13:00", Act::MeetingMinutes(adjourned.clone()));
    let Refusal::ValueMissing { value, source_norm, .. } = refusal else { panic!("{refusal:?}") };
    assert_eq!(value, "procedure.earthquake_permanent.end_of_works");
    assert_eq!(source_norm, "DL 189/2016 art. 16 c. 6 (Ord. 16/2017)");
    assert_eq!(case.term(TermKind::EndOfWorks, None), None, "no day is invented");
    assert_eq!(case.term(TermKind::Meeting, None), None);

    // but one to which too few came is held again: nothing was deliberated in it
    let deserted = MeetingMinutes { present: present(&[COMUNE]), ..adjourned };
    let closed = MeetingMinutes { next_on: None, works_closed: true, ..deserted.clone() };
    assert_eq!(
        case.refused(LEAD, "2026-12-15 13:00", Act::MeetingMinutes(closed)),
        Refusal::NoQuorum { present: 1, members: 4 }
    );
    case.lead("2026-12-15 13:00", Act::MeetingMinutes(deserted));
    let again = MeetingMinutes {
        present: present(&[COMUNE, PROVINCIA]),
        works_closed: true,
        ..session(noticed(&case), 2, "2026-12-22 09:00", "2026-12-22 12:00")
    };
    case.lead("2026-12-22 13:00", Act::MeetingMinutes(again));
    assert_eq!(case.conference.vote().unwrap().in_favour, 2);
}

#[test]
fn in_an_earthquake_conference_only_what_is_said_in_session_is_a_position() {
    let mut case = earthquake();
    let written = Determination { position: Position::Dissent, ..assent() };
    assert!(
        case.warnings(SABAP, "2026-12-10 10:00", Act::Determination(written.clone()))
            .contains(&Warning::ContributionOnly)
    );
    case.taken(SABAP, "2026-12-10 10:00", Act::Determination(written));
    let there = [COMUNE, PROVINCIA, SABAP];
    let said = vec![said(COMUNE, Position::Assent, 0), said(PROVINCIA, Position::Assent, 0)];
    case.lead("2026-12-15 13:00", deliberated(&case, &there, said));
    let vote = case.conference.vote().unwrap();
    assert_eq!((vote.in_favour, vote.present), (3, 3), "whoever is there and takes no position assents");
    let note = case.conference.implied_assent_of(&writer(SABAP), now("2026-12-16 10:00")).unwrap();
    assert_eq!((note.ground, note.messages.len()), (ImpliedGround::Silence, 0));
}

#[test]
fn a_majority_against_needs_no_judgement_of_the_procedente() {
    let mut case = earthquake();
    let against = vec![said(COMUNE, Position::Dissent, 0), said(PROVINCIA, Position::Dissent, 0)];
    case.lead("2026-12-15 13:00", deliberated(&case, &[COMUNE, PROVINCIA, SABAP], against));
    for body in [SABAP, USR] {
        let note = case.conference.implied_assent_of(&writer(body), now("2026-12-16 10:00")).unwrap();
        case.lead("2026-12-16 10:00", Act::ImpliedAssent(note));
    }
    let negative = case.conclusion(Outcome::Negative);
    assert!(negative.judgements.is_empty());
    case.lead("2026-12-16 11:00", Act::FinalDetermination(negative));
}

#[test]
fn what_the_next_regime_leaves_open_holds_up_no_earthquake_conference() {
    let mut stated = notice();
    stated.sector = Some(Sector::EarthquakePermanent);
    stated.form = Form::Simultaneous;
    (stated.regime_basis_date, stated.started_on) = (date(2027, 2, 1), date(2027, 2, 1));
    stated.dates.integration_until = date(2027, 2, 10);
    stated.dates.meeting_on = date(2027, 2, 16);
    stated.dates.determination_until = date(2027, 2, 16);
    let mut ordinary = stated.clone();
    let mut case = Case::draft();
    case.lead("2027-02-01 09:00", Act::Notice(stated));
    (ordinary.sector, ordinary.form) = (None, Form::Simplified);
    let refusal = Case::draft().refused(LEAD, "2027-02-01 09:00", Act::Notice(ordinary));
    assert!(matches!(refusal, Refusal::ValueMissing { .. }), "an ordinary one needs them: {refusal:?}");
}

#[test]
fn silence_grants_where_the_express_act_was_given_and_tells_of_conditions() {
    let mut stated = notice();
    stated.sector = Some(Sector::ElectronicPlants);
    wanted_express(&mut stated, USR);
    stated.started_on = date(2026, 11, 30);
    let mut case = Case::draft();
    let filed = case.lead("2026-11-30 09:00", application(Sector::ElectronicPlants, None));
    case.lead("2026-11-30 09:30", Act::Notice(stated));
    case.delivered_to_all();
    let due = date(2027, 1, 29);
    let attested = Act::SilentGrantCertificate(certificate(filed, due));
    let at = "2027-02-01 10:00";
    assert_eq!(case.refused(LEAD, at, attested.clone()), Refusal::GrantBlocked { body: writer(USR) });
    case.taken(USR, "2026-12-07 10:00", Act::Determination(with(Position::ConditionalAssent, 1)));
    assert_eq!(
        case.warnings(LEAD, at, attested),
        [Warning::ConditionsBesideGrant { body: writer(USR) }],
        "the act is given; what it asks for is not granted by silence"
    );
}

#[test]
fn an_express_act_of_the_union_is_never_outvoted() {
    let mut stated = notice();
    stated.sector = Some(Sector::EarthquakePermanent);
    stated.form = Form::Simultaneous;
    stated.dates.meeting_on = date(2026, 12, 15);
    stated.dates.determination_until = date(2026, 12, 15);
    wanted_express(&mut stated, USR);
    let mut case = Case::draft();
    case.lead("2026-11-30 09:00", Act::Notice(stated));
    case.delivered_to_all();
    let at = "2026-12-15 13:00";
    let bodies = [COMUNE, PROVINCIA, SABAP];
    let positions = bodies.map(|body| said(body, Position::Assent, 0)).to_vec();
    case.lead(at, deliberated(&case, &bodies, positions));
    assert!(matches!(
        case.conference.implied_assent_of(&writer(USR), now(at)),
        Err(Refusal::EuExpressAct { .. })
    ));
    let positive = Act::FinalDetermination(case.conclusion(Outcome::Positive));
    assert!(matches!(case.refused(LEAD, at, positive), Refusal::EuExpressActMissing { .. }));
}

fn application(sector: Sector, works: Option<WorksClass>) -> Act {
    Act::ConveningRequest(ConveningRequest {
        from: Outside::Applicant,
        received_on: date(2026, 11, 30),
        sector: Some(sector),
        works,
    })
}

fn certificate(application: MessageId, expired_on: Date) -> SilentGrantCertificate {
    SilentGrantCertificate { application, requested_on: None, completed_on: None, expired_on }
}

#[test]
fn story_k_a_grant_by_silence_is_certified() {
    let mut case = Case::draft();
    assert_eq!(
        case.refused(LEAD, "2026-11-30 09:00", application(Sector::ElectronicWorks, None)),
        Refusal::WorksClassMisplaced
    );
    let filed =
        case.lead("2026-11-30 09:00", application(Sector::ElectronicWorks, Some(WorksClass::Crossing)));
    let attested = |expired_on| Act::SilentGrantCertificate(certificate(filed, expired_on));
    let due = date(2026, 12, 10);
    assert_eq!(case.refused(LEAD, "2026-12-10 10:00", attested(due)), Refusal::GrantRunning { until: due });
    assert_eq!(
        case.refused(LEAD, "2026-12-11 10:00", attested(date(2026, 12, 30))),
        Refusal::GrantFactsDiffer { due }
    );
    assert_eq!(case.warnings(LEAD, "2026-12-17 10:00", attested(due)), []);
    assert_eq!(
        case.warnings(LEAD, "2026-12-18 10:00", attested(due)),
        [Warning::CertificateLate { due: date(2026, 12, 17) }]
    );
    let waiting = SilentGrantCertificate { requested_on: Some(date(2026, 12, 4)), ..certificate(filed, due) };
    assert!(matches!(
        case.refused(LEAD, "2026-12-11 10:00", Act::SilentGrantCertificate(waiting.clone())),
        Refusal::GrantIncomplete { asked } if asked == date(2026, 12, 4)
    ));
    let completed = SilentGrantCertificate { completed_on: Some(date(2026, 12, 9)), ..waiting };
    assert_eq!(
        case.refused(LEAD, "2026-12-11 10:00", Act::SilentGrantCertificate(completed)),
        Refusal::GrantFactsDiffer { due: date(2026, 12, 19) },
        "the integrations start the ten days anew"
    );
    let granted = case.lead("2026-12-11 10:00", attested(due));
    assert_eq!(case.phase("2026-12-11 11:00"), Phase::GrantedSilently);
    assert_eq!(
        case.refused(LEAD, "2026-12-14 10:00", Act::Notice(notice_on(date(2026, 12, 14)))),
        Refusal::AlreadyGranted { message: granted }
    );
}

/// A conference on plants or works, called the day the application came.
fn electronic(sector: Sector, works: Option<WorksClass>) -> (Case, MessageId) {
    let mut case = Case::draft();
    let filed = case.lead("2026-11-30 09:00", application(sector, works));
    let stated = Notice { sector: Some(sector), started_on: date(2026, 11, 30), ..notice() };
    let other = Notice { sector: None, ..stated.clone() };
    assert_eq!(case.refused(LEAD, "2026-11-30 10:00", Act::Notice(other)), Refusal::SectorDiffers);
    case.lead("2026-11-30 10:00", Act::Notice(stated));
    for body in [COMUNE, PROVINCIA, SABAP, USR] {
        case.delivered(body, "2026-12-01 10:00");
    }
    (case, filed)
}

#[test]
fn calling_the_conference_stops_the_silence_of_works_and_halves_the_terms() {
    let (case, filed) = electronic(Sector::ElectronicWorks, Some(WorksClass::Ordinary));
    assert_eq!(
        case.refused(
            LEAD,
            "2027-02-01 10:00",
            Act::SilentGrantCertificate(certificate(filed, date(2026, 12, 30)))
        ),
        Refusal::SilenceStopped
    );
    let term = case.term(TermKind::IntegrationRequests, Some(COMUNE)).unwrap();
    assert!(term.norm.contains("D.Lgs. 259/2003"), "{}", term.norm);
    // The notice's own dates are those of L. 241 and exceed the halved maximum: strictly the law's days hold.
    assert_eq!(case.due(TermKind::IntegrationRequests, Some(COMUNE)).0, date(2026, 12, 9), "15 : 2 = 8 days");
    assert_eq!(case.due(TermKind::Determination, Some(COMUNE)).0, date(2026, 12, 16), "30 : 2 days");
    assert_eq!(case.due(TermKind::Determination, Some(SABAP)).0, date(2026, 12, 24), "45 : 2 = 23 days");
}

#[test]
fn a_dissent_blocks_the_silence_of_plants() {
    let (mut case, filed) = electronic(Sector::ElectronicPlants, None);
    let due = date(2027, 1, 29);
    let attested = Act::SilentGrantCertificate(certificate(filed, due));
    case.determination(SABAP, "2026-12-10 10:00", with(Position::Dissent, 1));
    assert_eq!(
        case.refused(LEAD, "2027-02-01 10:00", attested.clone()),
        Refusal::GrantBlocked { body: writer(SABAP) }
    );
    case.determination(SABAP, "2026-12-11 10:00", assent());
    case.lead("2027-02-01 10:00", attested);
    assert_eq!(case.phase("2027-02-01 11:00"), Phase::GrantedSilently);
    let at = now("2027-02-01 11:00");
    let left = crate::duties::agenda(&case.conference, &writer(LEAD), at);
    assert!(!left.duties.iter().any(|duty| duty.is_outstanding(at)), "nothing is left to do: {left:?}");
    assert_eq!(left.holds_until, None);
}

#[test]
fn silence_grants_nothing_where_no_law_says_so() {
    let mut case = Case::draft();
    let request = Act::ConveningRequest(ConveningRequest {
        from: Outside::Applicant,
        received_on: date(2026, 11, 27),
        sector: None,
        works: None,
    });
    let filed = case.lead("2026-11-27 09:00", request);
    let attested = Act::SilentGrantCertificate(certificate(filed, date(2026, 12, 27)));
    assert_eq!(case.refused(LEAD, "2027-02-01 10:00", attested), Refusal::NoSilentGrant);
}

#[test]
fn a_conference_called_after_the_silence_was_complete_undoes_no_grant() {
    let mut case = Case::draft();
    let filed =
        case.lead("2026-11-30 09:00", application(Sector::ElectronicWorks, Some(WorksClass::Crossing)));
    let stated = Notice {
        sector: Some(Sector::ElectronicWorks),
        started_on: date(2026, 11, 30),
        ..notice_on(date(2026, 12, 11))
    };
    case.lead("2026-12-11 09:00", Act::Notice(stated));
    case.lead("2026-12-11 10:00", Act::SilentGrantCertificate(certificate(filed, date(2026, 12, 10))));
    assert_eq!(case.phase("2026-12-11 11:00"), Phase::GrantedSilently);
}

#[test]
fn a_disputed_position_keeps_the_silence_of_plants_from_being_certified() {
    let (mut case, filed) = electronic(Sector::ElectronicPlants, None);
    let until = case.term(TermKind::Determination, Some(SABAP)).unwrap().prudential;
    let between = format!("{until} 10:00");
    let disputed = case.determination(SABAP, &between, with(Position::Dissent, 1));
    assert_eq!(
        case.refused(
            LEAD,
            "2027-02-01 10:00",
            Act::SilentGrantCertificate(certificate(filed, date(2027, 1, 29)))
        ),
        Refusal::DisputeOpen { message: disputed }
    );
}

#[test]
fn a_request_after_its_days_does_not_put_off_the_silence() {
    let mut case = Case::draft();
    let filed =
        case.lead("2026-11-30 09:00", application(Sector::ElectronicWorks, Some(WorksClass::Ordinary)));
    let at = "2027-02-01 10:00";
    let requested = |on, completed, expired_on| {
        Act::SilentGrantCertificate(SilentGrantCertificate {
            requested_on: Some(on),
            completed_on: completed,
            ..certificate(filed, expired_on)
        })
    };
    let (late, answered) = (date(2026, 12, 11), Some(date(2026, 12, 21)));
    assert_eq!(
        case.refused(LEAD, at, requested(late, answered, date(2027, 1, 20))),
        Refusal::GrantFactsDiffer { due: date(2026, 12, 30) },
        "asked on the eleventh day"
    );
    case.warnings(LEAD, at, requested(late, None, date(2026, 12, 30)));
    case.warnings(LEAD, at, requested(date(2026, 12, 10), answered, date(2027, 1, 20)));
    assert_eq!(
        case.refused(LEAD, at, requested(date(2026, 12, 10), Some(date(2026, 12, 9)), date(2027, 1, 20))),
        Refusal::DeliveryDate { given: date(2026, 12, 9), from: date(2026, 12, 10), until: date(2027, 2, 1) }
    );
}

#[test]
fn an_application_recorded_after_the_notice_serves_its_certificate() {
    let mut case = Case::draft();
    let stated =
        Notice { sector: Some(Sector::ElectronicPlants), started_on: date(2026, 11, 30), ..notice() };
    case.lead("2026-11-30 10:00", Act::Notice(stated));
    assert_eq!(
        case.refused(
            LEAD,
            "2026-12-01 09:00",
            application(Sector::ElectronicWorks, Some(WorksClass::Ordinary))
        ),
        Refusal::SectorDiffers
    );
    let filed = case.lead("2026-12-01 09:00", application(Sector::ElectronicPlants, None));
    case.lead("2027-02-01 10:00", Act::SilentGrantCertificate(certificate(filed, date(2027, 1, 29))));
    assert_eq!(case.phase("2027-02-01 11:00"), Phase::GrantedSilently);
}
