//! Whole cases of conferences that meet.
//!
//! ```text
//! E  R1b: determinations that do not suffice ─ one telematic meeting ─ absent ─ prevailing positions ─ efficacy suspended, then effect
//! F  R0: the same ─ sittings, one adjourned ─ end of the works after 45 days
//! G  called directly: State without a single representative ─ appointment ─ dissent told to it ─ minutes ─ what comes late
//! H  a request of the synchronous form, granted in time
//! I  istruttoria and operative meeting: nothing is decided, silence means nothing
//! L  negative conclusion ─ observations forwarded ─ round 2
//! ```
//!
//! Wrong programs these catch: one that counts heads, lets silence assent in a meeting nobody held, lets a session dissolve an assent that
//! stood, adjourns beyond the end of the works, counts what came after them, or gives effect while a qualified dissent may be opposed.

use concerto_message::MessageId;
use jiff::civil::{Date, date};

use crate::acts::*;
use crate::guards::proposed_dates_in;
use crate::refusal::{Refusal, Warning};
use crate::test_support::*;
use crate::timeliness::{Weight, weight};
use crate::view::{Action, BodyStatus, Phase};

fn call(mode: MeetingMode, held_on: Date, request: Option<MessageId>) -> Act {
    Act::MeetingCall(MeetingCall { mode, held_on, round: 1, request })
}

/// Everybody but the Soprintendenza, which dissents and says what would change that, assents.
fn one_dissent(mut case: Case, at: &str) -> (Case, MessageId) {
    for body in [COMUNE, PROVINCIA, USR] {
        case.determination(body, at, assent());
    }
    let dissent = case.determination(SABAP, at, with(Position::SurmountableDissent, 1));
    (case, dissent)
}

#[test]
fn story_e_one_telematic_meeting() {
    let mut early = Case::received();
    early.determination(SABAP, "2026-12-10 10:00", with(Position::SurmountableDissent, 1));
    let telematic = |day| call(MeetingMode::Telematic, day, None);
    let meeting = telematic(date(2027, 1, 20));
    assert!(
        matches!(early.refused(LEAD, "2026-12-11 10:00", meeting.clone()), Refusal::TermRunning { .. }),
        "positions may still come"
    );
    let mut content = Case::received();
    for body in [COMUNE, PROVINCIA, SABAP, USR] {
        content.determination(body, "2026-12-10 10:00", assent());
    }
    assert_eq!(content.refused(LEAD, "2026-12-11 10:00", meeting.clone()), Refusal::MeetingNotNeeded);

    let (mut case, dissent) = one_dissent(Case::received(), "2026-12-10 10:00");
    let at = "2026-12-11 10:00";
    let sitting = call(MeetingMode::Simultaneous, date(2026, 12, 18), None);
    assert_eq!(case.refused(LEAD, at, sitting), Refusal::MeetingModeWrong { regime: "R1b".to_owned() });
    assert!(
        case.conference.view(now(at)).actions.contains(&Action::CallMeeting { mode: MeetingMode::Telematic })
    );
    let called = case.lead(at, telematic(date(2026, 12, 18)));
    assert_eq!(case.phase(at), Phase::MeetingSet);
    let mut over = case.conclusion(Outcome::PositiveOverDissent);
    assert_eq!(case.refused(LEAD, at, Act::FinalDetermination(over.clone())), Refusal::WorksOpen);

    let held = session(called, 1, "2026-12-18 09:00", "2026-12-18 11:00");
    let adjourned = MeetingMinutes { next_on: Some(date(2026, 12, 22)), ..held.clone() };
    assert_eq!(
        case.refused(LEAD, "2026-12-18 12:00", Act::MeetingMinutes(adjourned)),
        Refusal::SessionEnd,
        "the telematic meeting is one"
    );
    let held = MeetingMinutes {
        present: present(&[COMUNE, PROVINCIA]),
        positions: vec![said(COMUNE, Position::ConditionalAssent, 1)],
        works_closed: true,
        ..held
    };
    let minutes = case.lead("2026-12-18 12:00", Act::MeetingMinutes(held));
    assert_eq!(case.phase("2026-12-18 12:00"), Phase::ToDraft);
    assert_eq!(case.status(COMUNE, "2026-12-18 12:00"), BodyStatus::ConditionalAssent, "its last word");
    assert_eq!(
        case.refused(LEAD, "2026-12-19 10:00", telematic(date(2026, 12, 21))),
        Refusal::OneMeeting { held: minutes }
    );

    let at = "2026-12-21 10:00";
    assert_eq!(
        case.conference.implied_assent_of(&writer(SABAP), now(at)).unwrap_err(),
        Refusal::ReceiptUnproven { body: writer(SABAP) },
        "nothing proves that it was called to the meeting"
    );
    case.delivered_message(called, SABAP, "2026-12-11 11:00");
    let mut absent = case.conference.implied_assent_of(&writer(SABAP), now(at));
    assert!(absent.is_ok(), "absent from the meeting: its assent may be taken as acquired, by a person");
    if let Ok(note) = &mut absent {
        assert_eq!(note.ground, ImpliedGround::Absent);
        let warned = case.warnings(LEAD, at, Act::ImpliedAssent(note.clone()));
        assert_eq!(warned, [Warning::AbsentAfterPosition { message: dissent }]);
    }
    let present_and_silent = case.conference.implied_assent_of(&writer(PROVINCIA), now(at));
    assert!(matches!(present_and_silent, Err(Refusal::PositionHeld { .. })), "what it wrote stands");

    over.positions = case.conference.position_lines();
    over.efficacy = Efficacy::Suspended;
    let refused = |case: &Case, over: &FinalDetermination| {
        case.refused(LEAD, at, Act::FinalDetermination(over.clone()))
    };
    assert!(matches!(refused(&case, &over), Refusal::OutcomeMissing { .. }));
    over.prescriptions = vec![
        PrescriptionOutcome { determination: dissent, number: 1, accepted: false },
        PrescriptionOutcome { determination: minutes, number: 1, accepted: true },
    ];
    assert_eq!(
        refused(&case, &over),
        Refusal::JudgementMissing { question: Question::PrevailingPositions },
        "three against one: the program never counts"
    );
    over.judgements = vec![Judgement { question: Question::PrevailingPositions, answer: true }];
    let concluded = case.lead(at, Act::FinalDetermination(over));
    assert_eq!(case.phase(at), Phase::EfficacySuspended);
    let effect = |since| {
        let statement = EfficacyStatement { conclusion: concluded, efficacy: Efficacy::Immediate, since };
        Act::EfficacyStatement(statement)
    };
    assert!(matches!(
        case.refused(LEAD, "2027-01-20 10:00", effect(date(2027, 1, 20))),
        Refusal::OppositionOpen { .. }
    ));
    // the Comune assented under conditions: only who dissented may oppose
    case.delivered_message(concluded, SABAP, "2026-12-21 10:30");
    case.lead("2027-01-11 10:00", effect(date(2027, 1, 11)));
    assert_eq!(case.phase("2027-01-11 11:00"), Phase::Effective);
}

#[test]
fn story_f_sittings_after_the_determinations_of_2016() {
    let mut case = Case::draft();
    case.lead("2025-01-13 09:00", Act::Notice(notice_on(date(2025, 1, 13))));
    for body in [COMUNE, PROVINCIA, SABAP, USR] {
        case.delivered(body, "2025-01-13 10:00");
    }
    let (mut case, _) = one_dissent(case, "2025-01-20 10:00");
    let at = "2025-01-21 10:00";
    assert!(matches!(
        case.refused(LEAD, at, call(MeetingMode::Telematic, date(2025, 1, 28), None)),
        Refusal::MeetingModeWrong { .. }
    ));
    let called = case.lead(at, call(MeetingMode::Simultaneous, date(2025, 1, 28), None));
    assert_eq!(case.phase(at), Phase::SyncConvened, "R0 goes on to art. 14-ter");
    let first = MeetingMinutes {
        present: present(&[COMUNE, PROVINCIA, SABAP, USR]),
        next_on: Some(date(2025, 2, 25)),
        ..session(called, 1, "2025-01-28 09:00", "2025-01-28 12:00")
    };
    let end = Refusal::AfterEndOfWorks { until: date(2025, 3, 14) };
    let beyond = MeetingMinutes { next_on: Some(date(2025, 3, 17)), ..first.clone() };
    assert_eq!(case.refused(LEAD, "2025-01-28 13:00", Act::MeetingMinutes(beyond)), end);
    case.lead("2025-01-28 13:00", Act::MeetingMinutes(first));
    assert_eq!(case.phase("2025-01-28 13:00"), Phase::InSession);
    assert_eq!(case.due(TermKind::EndOfWorks, None), (date(2025, 3, 14), date(2025, 3, 14)));
    let moved = call(MeetingMode::Simultaneous, date(2025, 3, 18), None);
    assert_eq!(case.refused(LEAD, "2025-02-20 13:00", moved), end);
    let second = MeetingMinutes {
        present: present(&[COMUNE, PROVINCIA, SABAP, USR]),
        positions: vec![said(SABAP, Position::Assent, 0)],
        works_closed: true,
        ..session(called, 2, "2025-02-25 09:00", "2025-02-25 12:00")
    };
    let unnumbered = MeetingMinutes { session: 3, ..second.clone() };
    assert_eq!(
        case.refused(LEAD, "2025-02-25 13:00", Act::MeetingMinutes(unnumbered)),
        Refusal::SessionNumber { expected: 2 }
    );
    case.lead("2025-02-25 13:00", Act::MeetingMinutes(second));
    let late = case.determination(PROVINCIA, "2025-02-25 14:00", with(Position::Dissent, 1));
    let given = case.conference.determinations().find(|given| given.message == late).unwrap();
    assert_eq!(weight(&case.conference, given), Weight::Late, "though its own term of 90 days still runs");
    let positive = Act::FinalDetermination(case.conclusion(Outcome::Positive));
    case.lead("2025-02-26 10:00", positive);
    assert_eq!(case.phase("2025-02-26 11:00"), Phase::ConcludedPositive);
}

/// Called directly on 30 November 2026 for 15 December; Soprintendenza and USR are taken for bodies of the State.
fn directly() -> Case {
    let mut stated = notice();
    stated.form = Form::Simultaneous;
    stated.dates.meeting_on = date(2026, 12, 15);
    stated.dates.determination_until = date(2027, 3, 15);
    for called in &mut stated.invited {
        let of_state = [SABAP, USR].map(writer).contains(&called.body);
        called.level = Some(if of_state { Level::State } else { Level::Local });
    }
    let mut case = Case::draft();
    case.lead("2026-11-30 09:00", Act::Notice(stated));
    case.delivered_to_all();
    case
}

fn appointed(by: Appointer, bodies: &[&str]) -> Act {
    let represents = bodies.iter().map(|body| writer(body)).collect();
    Act::RepresentativeAppointment(RepresentativeAppointment { appointed_by: by, represents })
}

fn noticed(case: &Case) -> MessageId {
    case.conference.notice().unwrap().message
}

#[test]
fn story_g_called_directly() {
    let mut case = directly();
    assert_eq!(case.phase("2026-12-01 10:00"), Phase::SyncConvened);
    assert_eq!(
        case.due(TermKind::Meeting, None).0,
        date(2026, 12, 15),
        "the day stated, within 30 of the notice"
    );
    let end = date(2027, 3, 15);
    assert_eq!(
        case.due(TermKind::EndOfWorks, None),
        (end, end),
        "90 days from the first session: a sensitive body"
    );
    assert_eq!(case.term(TermKind::Determination, Some(COMUNE)), None);
    let missing = Action::ObtainRepresentative { bodies: vec![writer(SABAP), writer(USR)] };
    assert!(case.conference.view(now("2026-12-01 10:00")).actions.contains(&missing));

    let by_prefect = appointed(Appointer::Prefect, &[SABAP, USR]);
    assert_eq!(
        case.refused(COMUNE, "2026-12-02 10:00", by_prefect.clone()),
        Refusal::AppointmentNotYours { author: writer(COMUNE) }
    );
    assert_eq!(
        case.refused(LEAD, "2026-12-02 10:00", appointed(Appointer::Prefect, &[SABAP, COMUNE])),
        Refusal::NotOfState { body: writer(COMUNE) }
    );
    assert_eq!(
        case.refused(LEAD, "2026-12-02 10:00", appointed(Appointer::Own, &[SABAP, USR])),
        Refusal::AppointmentOfNobody
    );
    let told = |appointment| {
        let interest = QualifiedInterest::CulturalHeritage;
        Act::DissentToRepresentative(DissentToRepresentative { appointment, interest, round: 1 })
    };
    assert_eq!(case.refused(SABAP, "2026-12-02 10:00", told(id(1))), Refusal::NoStateRepresentative);
    let single = case.lead("2026-12-02 10:00", by_prefect);
    assert!(!case.conference.view(now("2026-12-02 11:00")).actions.contains(&missing));
    assert_eq!(
        case.refused(SABAP, "2026-12-10 10:00", Act::Determination(assent())),
        Refusal::SpeaksThroughRepresentative { body: writer(SABAP), appointment: single }
    );
    case.taken(COMUNE, "2026-12-10 10:00", Act::Determination(assent()));
    assert_eq!(
        case.refused(SABAP, "2026-12-10 10:00", told(id(1))),
        Refusal::AppointmentUnknown { message: id(1) }
    );
    case.taken(SABAP, "2026-12-14 10:00", told(single));

    let notice = noticed(&case);
    let held = MeetingMinutes {
        present: present(&[COMUNE, SABAP, USR]),
        positions: vec![said(SABAP, Position::Assent, 0), said(USR, Position::Dissent, 1)],
        works_closed: true,
        ..session(notice, 1, "2026-12-15 09:00", "2026-12-15 12:00")
    };
    let minutes = |held: &MeetingMinutes| Act::MeetingMinutes(held.clone());
    let at = "2026-12-15 13:00";
    assert_eq!(
        case.refused(LEAD, at, minutes(&held)),
        Refusal::RepresentativeDivided { body: writer(USR) },
        "the State has one voice"
    );
    let alone = MeetingMinutes { positions: vec![said(PROVINCIA, Position::Assent, 0)], ..held.clone() };
    assert_eq!(case.refused(LEAD, at, minutes(&alone)), Refusal::NotPresent { body: writer(PROVINCIA) });
    let ahead = MeetingMinutes { closed_at: instant("2026-12-15 15:00"), ..held.clone() };
    assert!(matches!(case.refused(LEAD, at, minutes(&ahead)), Refusal::SessionInstants { .. }));
    let before = MeetingMinutes { opened_at: instant("2026-12-14 09:00"), ..held.clone() };
    assert!(matches!(case.refused(LEAD, at, minutes(&before)), Refusal::SessionInstants { .. }));
    let nobody = MeetingMinutes { meeting: id(1), ..held.clone() };
    assert_eq!(case.refused(LEAD, at, minutes(&nobody)), Refusal::MeetingUnknown { message: id(1) });
    let held = MeetingMinutes {
        positions: vec![said(SABAP, Position::Assent, 0), said(USR, Position::Assent, 0)],
        ..held
    };
    case.lead(at, minutes(&held));

    assert_eq!(case.phase(at), Phase::ToDraft);
    assert_eq!(case.refused(LEAD, at, appointed(Appointer::Own, &[PROVINCIA])), Refusal::WorksClosed);
    let before_told = case.clone();
    let at = "2026-12-15 13:30";
    let late = case.determination(PROVINCIA, at, with(Position::Dissent, 1));
    assert_eq!(
        case.status(PROVINCIA, at),
        BodyStatus::Late,
        "after the works were closed, and that was told"
    );
    let mut disputed = before_told;
    let between = disputed.determination(PROVINCIA, "2026-12-15 12:30", with(Position::Dissent, 1));
    assert_eq!(disputed.status(PROVINCIA, at), BodyStatus::Disputed, "closed, but nobody had been told");
    let refusal = disputed.conference.implied_assent_of(&writer(PROVINCIA), now(at)).unwrap_err();
    assert_eq!(refusal, Refusal::DisputeOpen { message: between });
    let note = case.note_silence(PROVINCIA, at);
    let noted = case.conference.implied_assents().last().unwrap();
    assert_eq!(
        (noted.message, noted.act.ground, &noted.act.messages),
        (note, ImpliedGround::Absent, &vec![late])
    );

    let positive = Act::FinalDetermination(case.conclusion(Outcome::Positive));
    assert_eq!(
        case.refused(LEAD, at, positive),
        Refusal::DissentStands { body: writer(SABAP) },
        "told in time"
    );
    let mut over = case.conclusion(Outcome::PositiveOverDissent);
    over.judgements = vec![Judgement { question: Question::PrevailingPositions, answer: true }];
    assert_eq!(
        case.refused(LEAD, at, Act::FinalDetermination(over.clone())),
        Refusal::EfficacyContradicted,
        "no effect while it may be opposed"
    );
    over.efficacy = Efficacy::Suspended;
    case.lead(at, Act::FinalDetermination(over));
    assert_eq!(case.phase(at), Phase::EfficacySuspended);
}

#[test]
fn silence_in_meetings_that_nobody_held_is_no_assent() {
    let case = directly();
    let long_after = now("2027-06-01 10:00");
    assert_eq!(case.conference.phase(long_after), Phase::SyncConvened, "it can still be called and held");
    assert_eq!(
        case.conference.implied_assent_of(&writer(COMUNE), long_after).unwrap_err(),
        Refusal::NoSessionHeld
    );
}

#[test]
fn nothing_is_weighed_in_meetings_that_nobody_held() {
    let (mut case, dissent) = one_dissent(directly(), "2026-12-10 10:00");
    let at = "2027-06-01 10:00";
    let mut over = case.conclusion(Outcome::PositiveOverDissent);
    over.judgements = vec![Judgement { question: Question::PrevailingPositions, answer: true }];
    over.prescriptions = vec![PrescriptionOutcome { determination: dissent, number: 1, accepted: false }];
    over.efficacy = Efficacy::Suspended;
    let mut negative = case.conclusion(Outcome::Negative);
    negative.judgements = vec![Judgement { question: Question::DissentNotSuperable, answer: true }];
    for conclusion in [over, negative] {
        assert_eq!(case.refused(LEAD, at, Act::FinalDetermination(conclusion)), Refusal::NoSessionHeld);
    }
    case.lead(at, call(MeetingMode::Simultaneous, date(2027, 6, 10), None));
}

#[test]
fn works_of_2016_past_their_end_can_still_be_concluded() {
    let mut case = Case::draft();
    case.lead("2025-01-13 09:00", Act::Notice(notice_on(date(2025, 1, 13))));
    for body in [COMUNE, PROVINCIA, SABAP, USR] {
        case.delivered(body, "2025-01-13 10:00");
    }
    let (mut case, dissent) = one_dissent(case, "2025-01-20 10:00");
    let called = case.lead("2025-01-21 10:00", call(MeetingMode::Simultaneous, date(2025, 1, 28), None));
    let first = MeetingMinutes {
        present: present(&[COMUNE, PROVINCIA, SABAP, USR]),
        next_on: Some(date(2025, 2, 25)),
        ..session(called, 1, "2025-01-28 09:00", "2025-01-28 12:00")
    };
    case.lead("2025-01-28 13:00", Act::MeetingMinutes(first));
    let found = LateOrInvalidActNotice { message: dissent, finding: Finding::NonCompliant, body: None };
    let at = "2025-03-20 10:00";
    case.lead(at, Act::LateOrInvalidActNotice(found));
    let note = case.conference.implied_assent_of(&writer(SABAP), now(at)).unwrap();
    assert_eq!(note.ground, ImpliedGround::NonCompliant);
    case.note_silence(SABAP, at);
    case.lead(at, Act::FinalDetermination(case.conclusion(Outcome::Positive)));
}

#[test]
fn the_single_representative_is_not_set_aside_by_an_office_of_the_state() {
    let mut case = directly();
    let single = case.lead("2026-12-02 10:00", appointed(Appointer::Prefect, &[SABAP, USR]));
    let support = case.taken(USR, "2026-12-03 10:00", appointed(Appointer::Own, &[USR]));
    assert_eq!(
        case.refused(USR, "2026-12-10 10:00", Act::Determination(with(Position::Dissent, 1))),
        Refusal::SpeaksThroughRepresentative { body: writer(USR), appointment: single }
    );
    let mut there = present(&[SABAP, USR]);
    there[1].appointment = Some(support);
    let divided = MeetingMinutes {
        present: there,
        positions: vec![said(SABAP, Position::Assent, 0), said(USR, Position::Dissent, 1)],
        works_closed: true,
        ..session(noticed(&case), 1, "2026-12-15 09:00", "2026-12-15 12:00")
    };
    assert_eq!(
        case.refused(LEAD, "2026-12-15 13:00", Act::MeetingMinutes(divided)),
        Refusal::RepresentativeDivided { body: writer(USR) }
    );
    assert_eq!(
        case.refused(COMUNE, "2026-12-03 10:00", appointed(Appointer::LocalBody, &[COMUNE, SABAP])),
        Refusal::AppointmentNotYours { author: writer(COMUNE) },
        "nothing of the State depends on a local body"
    );
}

#[test]
fn a_dissent_told_to_the_representative_counts_until_the_works_end() {
    let told = |appointment| {
        let interest = QualifiedInterest::CulturalHeritage;
        Act::DissentToRepresentative(DissentToRepresentative { appointment, interest, round: 1 })
    };
    let mut case = directly();
    let first = case.lead("2026-12-02 10:00", appointed(Appointer::Prefect, &[SABAP, USR]));
    let adjourned = MeetingMinutes {
        present: present(&[COMUNE, PROVINCIA, SABAP, USR]),
        next_on: Some(date(2027, 1, 12)),
        ..session(noticed(&case), 1, "2026-12-15 09:00", "2026-12-15 12:00")
    };
    case.lead("2026-12-15 13:00", Act::MeetingMinutes(adjourned));
    let mut expired = case.clone();
    expired.taken(SABAP, "2027-03-16 10:00", told(first));
    assert_eq!(expired.conference.qualified_dissents().count(), 0, "the works ended on 15 March");

    case.lead("2026-12-16 10:00", appointed(Appointer::Presidency, &[SABAP, USR]));
    case.taken(SABAP, "2026-12-16 11:00", told(first));
    assert_eq!(case.conference.anomalies(), [], "told to the one replaced since: no silence");
    assert_eq!(case.conference.qualified_dissents().count(), 1);

    let mut written = Case::received();
    let single = written.lead("2026-12-02 10:00", appointed(Appointer::Presidency, &[SABAP, USR]));
    assert_eq!(
        written.refused(SABAP, "2026-12-03 10:00", told(single)),
        Refusal::NoStateRepresentative,
        "while the conference does not meet the body speaks for itself"
    );
}

#[test]
fn a_body_added_between_sessions_is_absent_only_from_those_it_was_called_to() {
    let mut case = directly();
    let notice = noticed(&case);
    let there = present(&[COMUNE, PROVINCIA, SABAP, USR]);
    let first = MeetingMinutes {
        present: there.clone(),
        next_on: Some(date(2027, 1, 12)),
        ..session(notice, 1, "2026-12-15 09:00", "2026-12-15 12:00")
    };
    case.lead("2026-12-15 13:00", Act::MeetingMinutes(first));
    let added = vec![invited("asur/prot", false)];
    case.lead(
        "2026-12-16 10:00",
        Act::ParticipantAdded(ParticipantAdded { added, dates: None, released: Vec::new() }),
    );
    case.delivered("asur/prot", "2026-12-16 11:00");
    let second = MeetingMinutes {
        present: there,
        works_closed: true,
        ..session(notice, 2, "2027-01-12 09:00", "2027-01-12 12:00")
    };
    case.lead("2027-01-12 13:00", Act::MeetingMinutes(second));
    let at = now("2027-01-13 10:00");
    let added = writer("asur/prot");
    assert_eq!(
        case.conference.implied_assent_of(&added, at).unwrap_err(),
        Refusal::ReceiptUnproven { body: added.clone() },
        "the notice that called the sessions never called it"
    );
    case.delivered_message(notice, "asur/prot", "2026-12-16 11:00");
    assert_eq!(case.conference.implied_assent_of(&added, at).unwrap().ground, ImpliedGround::Absent);
}

#[test]
fn one_suspension_moves_the_works_too() {
    let mut case = directly();
    let asked = case.taken(COMUNE, "2026-12-10 10:00", request());
    let order = case.lead("2026-12-16 10:00", suspension(vec![asked], date(2026, 12, 16), 30));
    let moved = date(2027, 4, 14);
    assert_eq!(case.due(TermKind::EndOfWorks, None).0, moved, "15 March + 30 days");
    assert_eq!(
        case.refused(LEAD, "2027-02-01 10:00", suspension(vec![asked], date(2027, 2, 1), 10)),
        Refusal::SuspensionUsed { message: order }
    );
}

#[test]
fn story_h_a_request_of_the_synchronous_form() {
    let mut case = Case::received();
    let asked = |case: &mut Case, at| {
        case.taken(COMUNE, at, Act::SyncModeRequest(SyncModeRequest { asked_by: AskedBy::Body }))
    };
    let late = asked(&mut case, "2026-12-16 10:00");
    let day = date(2027, 1, 12);
    assert_eq!(
        case.refused(LEAD, "2026-12-16 11:00", call(MeetingMode::Simultaneous, day, Some(late))),
        Refusal::RequestOutOfTerm { message: late }
    );
    let timely = asked(&mut case, "2026-12-14 10:00");
    assert!(matches!(
        case.refused(LEAD, "2026-12-16 11:00", call(MeetingMode::Telematic, day, Some(timely))),
        Refusal::MeetingModeWrong { .. }
    ));
    let called = case.lead("2026-12-16 11:00", call(MeetingMode::Simultaneous, day, Some(timely)));
    assert_eq!(case.phase("2026-12-16 12:00"), Phase::SyncConvened);
    assert_eq!(case.due(TermKind::EndOfWorks, None).0, date(2027, 4, 12));
    assert_eq!(
        case.refused(LEAD, "2026-12-17 11:00", call(MeetingMode::Simultaneous, day, Some(timely))),
        Refusal::AlreadyMeets
    );
    let held = MeetingMinutes {
        present: present(&[COMUNE, PROVINCIA, SABAP, USR]),
        positions: [COMUNE, PROVINCIA, SABAP].map(|body| said(body, Position::Assent, 0)).to_vec(),
        works_closed: true,
        ..session(called, 1, "2027-01-12 09:00", "2027-01-12 12:00")
    };
    case.lead("2027-01-12 13:00", Act::MeetingMinutes(held));
    let silent = case.conference.implied_assent_of(&writer(USR), now("2027-01-12 13:00")).unwrap();
    assert_eq!(silent.ground, ImpliedGround::Silence, "present, and said nothing");
    case.note_silence(USR, "2027-01-12 13:00");
    case.lead("2027-01-12 14:00", Act::FinalDetermination(case.conclusion(Outcome::Positive)));
}

#[test]
fn an_assent_that_stands_is_not_dissolved_in_session() {
    let mut case = Case::received();
    case.determination(SABAP, "2026-12-10 10:00", with(Position::SurmountableDissent, 1));
    for body in [COMUNE, PROVINCIA, USR] {
        case.note_silence(body, "2026-12-31 10:00");
    }
    let called = case.lead("2027-01-04 10:00", call(MeetingMode::Telematic, date(2027, 1, 11), None));
    let held = MeetingMinutes {
        present: present(&[COMUNE, SABAP]),
        positions: vec![said(COMUNE, Position::Dissent, 1)],
        works_closed: true,
        ..session(called, 1, "2027-01-11 09:00", "2027-01-11 12:00")
    };
    let refusal = case.refused(LEAD, "2027-01-11 13:00", Act::MeetingMinutes(held));
    assert!(matches!(refusal, Refusal::AssentStands { body, .. } if body == writer(COMUNE)));
}

#[test]
fn an_unreasoned_dissent_in_session_is_found_so_for_its_body_alone() {
    let mut case = directly();
    let notice = noticed(&case);
    let held = MeetingMinutes {
        present: present(&[COMUNE, PROVINCIA]),
        positions: vec![said(COMUNE, Position::Dissent, 0), said(PROVINCIA, Position::Dissent, 1)],
        works_closed: true,
        ..session(notice, 1, "2026-12-15 09:00", "2026-12-15 12:00")
    };
    let minutes = case.lead("2026-12-15 13:00", Act::MeetingMinutes(held));
    let found = |body: Option<&str>| {
        Act::LateOrInvalidActNotice(LateOrInvalidActNotice {
            message: minutes,
            finding: Finding::NonCompliant,
            body: body.map(writer),
        })
    };
    let at = "2026-12-15 14:00";
    assert_eq!(
        case.refused(LEAD, at, found(None)),
        Refusal::MessageUnknown { message: minutes },
        "whose is not said"
    );
    case.lead(at, found(Some(COMUNE)));
    assert_eq!(case.status(COMUNE, at), BodyStatus::NonCompliant);
    assert_eq!(case.status(PROVINCIA, at), BodyStatus::Dissent);
    case.note_silence(COMUNE, at);
}

#[test]
fn story_i_an_istruttoria_decides_nothing() {
    let mut stated = notice();
    stated.kind = Kind::FactFinding;
    let mut case = Case::draft();
    case.lead("2026-11-30 09:00", Act::Notice(stated));
    case.delivered_to_all();
    let contribution = Act::Determination(with(Position::Dissent, 1));
    assert!(
        case.warnings(COMUNE, "2026-12-10 10:00", contribution.clone()).contains(&Warning::ContributionOnly)
    );
    case.taken(COMUNE, "2026-12-10 10:00", contribution);
    let at = "2027-06-01 10:00";
    assert_eq!(case.phase(at), Phase::Convened, "no term of a body runs");
    assert_eq!(case.status(USR, at), BodyStatus::Waiting);
    assert_eq!(
        case.conference.implied_assent_of(&writer(USR), now(at)).unwrap_err().norm(),
        Some("L. 241/1990 art. 14 c. 1")
    );
    let conclusion = case.conclusion(Outcome::Positive);
    assert_eq!(case.refused(LEAD, at, Act::FinalDetermination(conclusion)), Refusal::NoDecision);

    let called = case.lead("2026-12-14 10:00", call(MeetingMode::Simultaneous, date(2026, 12, 21), None));
    let held = MeetingMinutes {
        present: present(&[COMUNE, SABAP]),
        works_closed: true,
        ..session(called, 1, "2026-12-21 09:00", "2026-12-21 12:00")
    };
    let spoken = MeetingMinutes { positions: vec![said(COMUNE, Position::Assent, 0)], ..held.clone() };
    assert_eq!(case.refused(LEAD, "2026-12-21 13:00", Act::MeetingMinutes(spoken)), Refusal::NoPositions);
    case.lead("2026-12-21 13:00", Act::MeetingMinutes(held));
    let examined = Act::Closure(Closure { ground: ClosureGround::Examined });
    assert_eq!(
        Case::received().refused(LEAD, "2026-12-21 13:00", examined.clone()),
        Refusal::GroundMisplaced
    );
    case.lead("2026-12-22 10:00", examined);
    assert_eq!(case.phase("2026-12-22 11:00"), Phase::Closed);
}

#[test]
fn an_operative_meeting_moves_nothing() {
    let mut case = Case::received();
    let terms = crate::terms::terms(&case.conference);
    let called = case.lead("2026-12-03 10:00", call(MeetingMode::Operative, date(2026, 12, 10), None));
    let held = MeetingMinutes {
        present: present(&[COMUNE]),
        ..session(called, 1, "2026-12-10 09:00", "2026-12-10 12:00")
    };
    let spoken = MeetingMinutes { positions: vec![said(COMUNE, Position::Assent, 0)], ..held.clone() };
    assert_eq!(
        case.refused(LEAD, "2026-12-10 13:00", Act::MeetingMinutes(spoken)),
        Refusal::OperativeMeeting
    );
    case.lead("2026-12-10 13:00", Act::MeetingMinutes(held));
    assert_eq!(case.phase("2026-12-10 14:00"), Phase::Convened);
    assert_eq!(crate::terms::terms(&case.conference), terms);
}

#[test]
fn story_l_observations_are_forwarded() {
    let (mut case, _) = one_dissent(Case::received(), "2026-12-10 10:00");
    let mut negative = case.conclusion(Outcome::Negative);
    negative.judgements = vec![Judgement { question: Question::DissentNotSuperable, answer: true }];
    let asked = SyncModeRequest { asked_by: AskedBy::Body };
    let asked = case.taken(COMUNE, "2026-12-10 12:00", Act::SyncModeRequest(asked));
    let negative = case.lead("2026-12-11 10:00", Act::FinalDetermination(negative));
    case.with_applicant("2026-12-11 11:00", Direction::Sent, negative);
    let forward =
        |observations| Act::RebuttalForwarded(RebuttalForwarded { conclusion: negative, observations });
    assert_eq!(case.refused(LEAD, "2026-12-14 10:00", forward(id(1))), Refusal::ObservationsMissing);
    let came = case.with_applicant("2026-12-18 11:00", Direction::Received, negative);
    let mut again = notice_on(date(2026, 12, 21));
    again.round = 2;
    let again = Act::Notice(again);
    assert!(
        case.warnings(LEAD, "2026-12-21 10:00", again.clone()).contains(&Warning::ObservationsNotForwarded)
    );
    case.lead("2026-12-21 09:00", forward(came));
    assert_eq!(case.refused(LEAD, "2026-12-21 09:30", forward(came)), Refusal::NothingChanged);
    assert!(
        !case.warnings(LEAD, "2026-12-21 10:00", again.clone()).contains(&Warning::ObservationsNotForwarded)
    );
    case.lead("2026-12-21 10:00", again);
    assert_eq!(case.conference.round(), 2);
    let call = MeetingCall {
        mode: MeetingMode::Simultaneous,
        held_on: date(2027, 1, 12),
        round: 2,
        request: Some(asked),
    };
    assert_eq!(
        case.refused(LEAD, "2026-12-22 10:00", Act::MeetingCall(call)),
        Refusal::RequestOutOfTerm { message: asked },
        "a request of the first round"
    );
    let second = |position| Determination { round: 2, ..with(position, 1) };
    for body in [COMUNE, PROVINCIA, SABAP, USR] {
        case.delivered(body, "2026-12-21 11:00");
        case.determination(body, "2026-12-22 10:00", second(Position::SurmountableDissent));
    }
    let mut further = case.conclusion(Outcome::Negative);
    further.judgements = vec![Judgement { question: Question::DissentNotSuperable, answer: true }];
    let further = case.lead("2026-12-23 10:00", Act::FinalDetermination(further));
    assert_eq!(case.phase("2026-12-23 11:00"), Phase::ConcludedNegative, "the observations were answered");
    case.with_applicant("2026-12-23 11:00", Direction::Sent, further);
    case.with_applicant("2026-12-28 11:00", Direction::Received, further);
    let mut third = notice_on(date(2026, 12, 29));
    third.round = 3;
    assert_eq!(
        case.refused(LEAD, "2026-12-29 10:00", Act::Notice(third)),
        Refusal::AlreadyConcluded { conclusion: further }
    );
}

#[test]
fn conditions_agreed_in_a_session_want_the_applicant_heard() {
    let concluded = |applicant_heard| {
        let mut case = directly();
        let there = [COMUNE, PROVINCIA, SABAP, USR];
        let mut positions = there.map(|body| said(body, Position::Assent, 0)).to_vec();
        positions[0] = said(COMUNE, Position::ConditionalAssent, 1);
        let held = MeetingMinutes {
            present: present(&there),
            positions,
            applicant_heard,
            works_closed: true,
            ..session(noticed(&case), 1, "2026-12-15 09:00", "2026-12-15 12:00")
        };
        let minutes = case.lead("2026-12-15 13:00", Act::MeetingMinutes(held));
        let mut agreed = case.conclusion(Outcome::PositiveWithPrescriptions);
        agreed.prescriptions =
            vec![PrescriptionOutcome { determination: minutes, number: 1, accepted: true }];
        agreed.judgements = vec![Judgement { question: Question::PrescriptionsAcceptable, answer: true }];
        case.warnings(LEAD, "2026-12-16 10:00", Act::FinalDetermination(agreed))
    };
    assert!(concluded(false).contains(&Warning::ApplicantNotHeard));
    assert!(!concluded(true).contains(&Warning::ApplicantNotHeard));
}

#[test]
fn late_observations_open_no_new_round() {
    let (mut case, _) = one_dissent(Case::received(), "2026-12-10 10:00");
    let mut negative = case.conclusion(Outcome::Negative);
    negative.judgements = vec![Judgement { question: Question::DissentNotSuperable, answer: true }];
    let negative = case.lead("2026-12-11 10:00", Act::FinalDetermination(negative));
    case.with_applicant("2026-12-11 11:00", Direction::Sent, negative);
    case.with_applicant("2026-12-22 11:00", Direction::Received, negative);
    let again = Notice { round: 2, ..notice_on(date(2026, 12, 23)) };
    assert_eq!(
        case.refused(LEAD, "2026-12-23 10:00", Act::Notice(again)),
        Refusal::ObservationsLate { due: date(2026, 12, 21) }
    );
    assert_eq!(case.phase("2026-12-23 10:00"), Phase::ConcludedNegative);
}

#[test]
fn whom_the_works_do_not_bind_has_a_further_session() {
    let mut case = directly();
    case.lead(
        "2026-12-01 10:00",
        Act::ParticipantAdded(ParticipantAdded {
            added: vec![invited("asur/prot", false)],
            dates: None,
            released: Vec::new(),
        }),
    );
    let there = [COMUNE, PROVINCIA, SABAP, USR];
    let closing = MeetingMinutes {
        present: present(&there),
        positions: there.map(|body| said(body, Position::Assent, 0)).to_vec(),
        applicant_heard: true,
        works_closed: true,
        ..session(noticed(&case), 1, "2026-12-15 09:00", "2026-12-15 12:00")
    };
    let told = Warning::NotCalledToWorks { body: writer("asur/prot") };
    assert!(case.warnings(LEAD, "2026-12-15 13:00", Act::MeetingMinutes(closing.clone())).contains(&told));
    case.lead("2026-12-15 13:00", Act::MeetingMinutes(closing));
    let at = "2026-12-16 10:00";
    assert_eq!(
        case.refused(LEAD, at, Act::FinalDetermination(case.conclusion(Outcome::Positive))),
        Refusal::ReceiptUnproven { body: writer("asur/prot") }
    );
    let further = Action::CallMeeting { mode: MeetingMode::Simultaneous };
    assert!(case.conference.view(now(at)).actions.contains(&further), "the way out is shown");
    let called = case.lead(at, call(MeetingMode::Simultaneous, date(2027, 1, 12), None));
    case.delivered("asur/prot", "2026-12-16 11:00");
    case.delivered_message(called, "asur/prot", "2026-12-16 11:00");
    let mut spoken = case.clone();

    // it speaks in that session; nobody else does again
    let held = |positions| MeetingMinutes {
        present: present(&[COMUNE, "asur/prot"]),
        positions,
        works_closed: true,
        ..session(called, 2, "2027-01-12 09:00", "2027-01-12 10:00")
    };
    let again = held(vec![said(COMUNE, Position::Dissent, 0)]);
    assert_eq!(spoken.refused(LEAD, "2027-01-12 11:00", Act::MeetingMinutes(again)), Refusal::WorksClosed);
    let heard = held(vec![said("asur/prot", Position::ConditionalAssent, 1)]);
    spoken.lead("2027-01-12 11:00", Act::MeetingMinutes(heard));
    assert_eq!(spoken.status("asur/prot", "2027-01-12 12:00"), BodyStatus::ConditionalAssent);
    spoken.determination(COMUNE, "2027-01-12 12:00", with(Position::Dissent, 1));
    assert_eq!(
        spoken.status(COMUNE, "2027-01-12 13:00"),
        BodyStatus::Assent,
        "the works bound it on 15 December"
    );
    assert_eq!(
        spoken.refused(LEAD, "2027-01-13 10:00", call(MeetingMode::Simultaneous, date(2027, 1, 20), None)),
        Refusal::WorksClosed,
        "now they bind all"
    );

    // or it is absent, and a person takes note of that
    let empty = MeetingMinutes { present: present(&[COMUNE]), ..held(Vec::new()) };
    case.lead("2027-01-12 11:00", Act::MeetingMinutes(empty));
    let note = case.conference.implied_assent_of(&writer("asur/prot"), now("2027-01-13 10:00")).unwrap();
    assert_eq!((note.ground, note.strict), (ImpliedGround::Absent, date(2027, 1, 12)));
}

#[test]
fn what_a_body_of_the_state_said_before_it_had_a_representative_stands() {
    let mut case = directly();
    let by_prefect = appointed(Appointer::Prefect, &[SABAP, USR]);
    // the procedente takes it in charge after the appointment, but had it before
    case.lead("2026-12-02 10:00", by_prefect);
    case.taken(SABAP, "2026-12-02 09:00", Act::Determination(with(Position::Dissent, 1)));
    assert_eq!(case.conference.anomalies(), []);
    assert_eq!(case.status(SABAP, "2026-12-02 11:00"), BodyStatus::Dissent);
    case.taken(USR, "2026-12-02 11:00", Act::Determination(assent()));
    assert_eq!(case.conference.anomalies().len(), 1, "once it has one it speaks through it");
}

#[test]
fn the_request_on_record_starts_the_notice() {
    let mut case = Case::draft();
    let received_on = date(2026, 11, 26);
    let request = |received_on| {
        let from = Outside::Applicant;
        Act::ConveningRequest(ConveningRequest { from, received_on, sector: None, works: None })
    };
    assert!(matches!(
        case.refused(LEAD, "2026-11-26 09:00", request(date(2026, 11, 27))),
        Refusal::StartInFuture { .. }
    ));
    let mistaken = case.lead("2026-11-26 09:00", request(date(2026, 11, 25)));
    assert_eq!(
        case.warnings(LEAD, "2026-11-27 09:00", request(received_on)),
        [Warning::ReplacesRequest { message: mistaken }]
    );
    let kept = case.lead("2026-11-27 09:00", request(received_on));
    let other = Act::Notice(notice());
    assert_eq!(
        case.refused(LEAD, "2026-11-30 09:00", other),
        Refusal::StartDiffers { recorded: received_on }
    );
    case.lead("2026-11-30 09:00", Act::Notice(Notice { started_on: received_on, ..notice() }));
    assert_eq!(
        case.refused(LEAD, "2026-11-30 10:00", request(received_on)),
        Refusal::AlreadyRequested { message: kept },
        "the notice rests on it"
    );
}

#[test]
fn the_dates_proposed_for_each_form() {
    let day = date(2026, 11, 30);
    let bodies = [invited(COMUNE, false), invited(SABAP, true)];
    let sitting = |sector| proposed_dates_in(day, &bodies, Form::Simultaneous, sector);
    let directly = sitting(None).unwrap();
    assert_eq!((directly.meeting_on, directly.determination_until), (date(2026, 12, 30), date(2027, 3, 30)));
    assert_eq!(directly.sensitive_until, Some(date(2027, 3, 30)));
    assert!(
        matches!(sitting(Some(Sector::EarthquakePermanent)), Err(Refusal::ValueMissing { .. })),
        "never invented"
    );
    let halved = sitting(Some(Sector::ElectronicPlants)).unwrap();
    assert_eq!(
        (halved.meeting_on, halved.determination_until),
        (date(2026, 12, 15), date(2027, 1, 29)),
        "30 : 2 = 15 days, then 90 : 2 = 45"
    );
    let halved = proposed_dates_in(day, &bodies, Form::Simplified, Some(Sector::ElectronicWorks)).unwrap();
    assert_eq!(
        (halved.determination_until, halved.sensitive_until),
        (date(2026, 12, 15), Some(date(2026, 12, 23)))
    );
}

#[test]
fn a_call_received_after_the_session_called_nobody() {
    let (mut case, _) = one_dissent(Case::received(), "2026-12-10 10:00");
    let called = case.lead("2026-12-11 10:00", call(MeetingMode::Telematic, date(2026, 12, 18), None));
    let held = MeetingMinutes {
        present: present(&[COMUNE, PROVINCIA, USR]),
        works_closed: true,
        ..session(called, 1, "2026-12-18 09:00", "2026-12-18 11:00")
    };
    case.lead("2026-12-18 12:00", Act::MeetingMinutes(held));
    case.delivered_message(called, SABAP, "2026-12-18 11:30");
    let note = case.conference.implied_assent_of(&writer(SABAP), now("2026-12-21 10:00"));
    assert_eq!(note.unwrap_err(), Refusal::ReceiptUnproven { body: writer(SABAP) });
}

#[test]
fn minutes_rest_on_the_last_call() {
    let mut case = directly();
    let notice = noticed(&case);
    let first = case.lead("2026-12-01 10:00", call(MeetingMode::Simultaneous, date(2026, 12, 16), None));
    let last = case.lead("2026-12-02 10:00", call(MeetingMode::Simultaneous, date(2026, 12, 17), None));
    let held = |meeting| {
        let held = session(meeting, 1, "2026-12-17 09:00", "2026-12-17 11:00");
        Act::MeetingMinutes(MeetingMinutes { works_closed: true, ..held })
    };
    for replaced in [notice, first] {
        assert_eq!(
            case.refused(LEAD, "2026-12-17 12:00", held(replaced)),
            Refusal::MeetingUnknown { message: replaced },
            "whoever had only that one was not called for the 17th"
        );
    }
    case.lead("2026-12-17 12:00", held(last));
}

#[test]
fn a_granted_request_counts_from_its_day_and_reopens_no_term() {
    let mut case = Case::received();
    let asked = SyncModeRequest { asked_by: AskedBy::Body };
    let asked = case.taken(COMUNE, "2026-12-14 10:00", Act::SyncModeRequest(asked));
    let granted = call(MeetingMode::Simultaneous, date(2027, 1, 14), Some(asked));
    assert_eq!(
        case.warnings(LEAD, "2026-12-29 10:00", granted.clone()),
        [Warning::MeetingLate { until: date(2027, 1, 13) }],
        "30 days from the request, not from the day on which it is granted"
    );
    assert!(matches!(
        case.refused(LEAD, "2027-01-04 10:00", granted),
        Refusal::GrantReopens { until, .. } if until == date(2026, 12, 30)
    ));
}

#[test]
fn the_applicant_may_ask_for_the_synchronous_form() {
    let mut case = Case::received();
    let notice = noticed(&case);
    let late = case.with_applicant("2026-12-16 10:00", Direction::Received, notice);
    let timely = case.with_applicant("2026-12-15 10:00", Direction::Received, notice);
    let sent = case.with_applicant("2026-12-15 11:00", Direction::Sent, notice);
    let granted = |request| call(MeetingMode::Simultaneous, date(2027, 1, 12), Some(request));
    let at = "2026-12-17 10:00";
    assert_eq!(case.refused(LEAD, at, granted(late)), Refusal::RequestOutOfTerm { message: late });
    assert_eq!(case.refused(LEAD, at, granted(sent)), Refusal::MessageUnknown { message: sent });
    case.lead(at, granted(timely));
    assert_eq!(case.phase(at), Phase::SyncConvened);
    assert_eq!(case.due(TermKind::Meeting, None).0, date(2027, 1, 12));
}

#[test]
fn the_works_count_from_the_first_session_as_the_suspension_moved_it() {
    let mut case = directly();
    let asked = case.taken(COMUNE, "2026-12-07 10:00", request());
    case.lead("2026-12-09 10:00", suspension(vec![asked], date(2026, 12, 9), 30));
    assert_eq!(case.due(TermKind::Meeting, None).0, date(2027, 1, 14), "15 December + 30 days");
    assert_eq!(case.due(TermKind::EndOfWorks, None).0, date(2027, 4, 14), "90 days from then");
    let came = now("2026-12-16 10:00");
    let dates = crate::guards::dates_after_integrations(&case.conference, date(2026, 12, 16), came).unwrap();
    assert_eq!(
        (dates.meeting_on, dates.determination_until),
        (date(2026, 12, 22), date(2027, 3, 22)),
        "7 days; the works end 90 days after the first session"
    );
}

#[test]
fn nobody_is_called_after_the_works_and_no_works_end_while_terms_stand_still() {
    let mut case = directly();
    let asked = case.taken(COMUNE, "2026-12-10 10:00", request());
    case.lead("2026-12-11 10:00", suspension(vec![asked], date(2026, 12, 11), 30));
    let held = MeetingMinutes {
        present: present(&[COMUNE, PROVINCIA, SABAP, USR]),
        works_closed: true,
        ..session(noticed(&case), 1, "2026-12-15 09:00", "2026-12-15 12:00")
    };
    let at = "2026-12-15 13:00";
    assert!(matches!(
        case.refused(LEAD, at, Act::MeetingMinutes(held.clone())),
        Refusal::TermsSuspended { .. }
    ));
    let mut case = directly();
    case.lead(at, Act::MeetingMinutes(held));
    let added = vec![invited("asur/prot", false)];
    let added = ParticipantAdded { added, dates: None, released: Vec::new() };
    assert_eq!(case.refused(LEAD, "2026-12-16 10:00", Act::ParticipantAdded(added)), Refusal::WorksClosed);
}
