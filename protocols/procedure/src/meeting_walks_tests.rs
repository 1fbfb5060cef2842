//! Random walks through legal and illegal commands of every kind of act, in every kind of conference: simplified (R1b, and R0 of 2025),
//! called directly, of the earthquake, on electronic communications, and istruttoria.
//!
//! Each command is put to `decide` and, allowed or not, folded as a hostile procedente or body would write it. After every step:
//!
//! - a refusal names a norm, or it is the record itself that contradicts (a closed list of codes);
//! - no act that came after the works, or late, counts; no position is counted against another;
//! - no assent is implied without proof of receipt, where European law wants an express act, in an istruttoria, in time, or in meetings that
//!   nobody held;
//! - the terms stand still once at most; the works are closed once; one conclusion for each round; nothing after a silent grant.

use concerto_message::Writer;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use proptest::prelude::*;

use crate::acts::*;
use crate::calendar::add_days;
use crate::conference::{Conference, Evidence, Sent};
use crate::decide::{Command, decide};
use crate::evolve::{Event, evolve};
use crate::guards::proposed_dates_in;
use crate::legal_time::LegalNow;
use crate::refusal::Refusal;
use crate::terms::end_of_works;
use crate::test_support::*;
use crate::timeliness::{Timeliness, Weight, judge_given, weight};

const BODIES: [&str; 4] = [COMUNE, PROVINCIA, SABAP, USR];

/// Refusals that rest on the record alone: an act that names what is not there, or another number, is of no norm's making.
const RECORD_CODES: [&str; 13] = [
    "procedure.wrong_round",
    "procedure.regime_mismatch",
    "procedure.value_missing",
    "procedure.message_unknown",
    "procedure.body_unknown",
    "procedure.nothing_changed",
    "procedure.other_conclusion",
    "procedure.other_suspension",
    "procedure.correction_outdated",
    "procedure.instant_in_future",
    "procedure.session_number",
    "procedure.session_instants",
    "procedure.grant_facts_differ",
];

#[derive(Debug, Clone, Copy)]
enum Kind_ {
    Simplified,
    Of2025,
    Directly,
    Earthquake,
    Electronic,
    /// Simplified, and concluded negatively already: observations, a further round.
    Negative,
    FactFinding,
}

#[derive(Debug, Clone)]
struct Step {
    act: usize,
    body: usize,
    other: usize,
    days: i8,
    position: Position,
    flag: bool,
    hours: u16,
}

/// How many kinds of commands a step may give.
const ACTS: usize = 26;

fn any_step() -> impl Strategy<Value = Step> {
    let position = prop_oneof![
        4 => Just(Position::Assent),
        1 => Just(Position::ConditionalAssent),
        2 => Just(Position::SurmountableDissent),
        1 => Just(Position::Dissent)
    ];
    (0_usize..ACTS, 0_usize..5, 0_usize..5, -4_i8..40, position, any::<bool>(), 0_u16..120).prop_map(
        |(act, body, other, days, position, flag, hours)| Step {
            act,
            body,
            other,
            days,
            position,
            flag,
            hours,
        },
    )
}

fn any_kind() -> impl Strategy<Value = Kind_> {
    prop_oneof![
        Just(Kind_::Simplified),
        Just(Kind_::Of2025),
        Just(Kind_::Directly),
        Just(Kind_::Earthquake),
        Just(Kind_::Electronic),
        Just(Kind_::Negative),
        Just(Kind_::FactFinding),
    ]
}

/// The notice of each kind; the USR must give an express act of European law where `express` says so.
fn opening(kind: Kind_, express: bool) -> (Notice, Timestamp) {
    let day = if matches!(kind, Kind_::Of2025) { date(2025, 1, 13) } else { date(2026, 11, 30) };
    let mut stated = notice_on(day);
    match kind {
        Kind_::Simplified | Kind_::Of2025 | Kind_::Negative => {}
        Kind_::Directly | Kind_::Earthquake => {
            stated.form = Form::Simultaneous;
            stated.dates.meeting_on = date(2026, 12, 15);
            stated.dates.determination_until = date(2027, 3, 15);
            stated.sector = matches!(kind, Kind_::Earthquake).then_some(Sector::EarthquakeRegional);
        }
        Kind_::Electronic => stated.sector = Some(Sector::ElectronicPlants),
        Kind_::FactFinding => stated.kind = Kind::FactFinding,
    }
    for called in &mut stated.invited {
        let of_state = [SABAP, USR].map(writer).contains(&called.body);
        called.level = Some(if of_state { Level::State } else { Level::Local });
        if express && called.body == writer(USR) {
            called.acts[0].eu_express_act = Some("Dir. 92/43/CEE art. 6".to_owned());
        }
    }
    (stated, instant(if matches!(kind, Kind_::Of2025) { "2025-01-13 09:00" } else { "2026-11-30 09:00" }))
}

struct Walk {
    conference: Conference,
    now: Timestamp,
    next: u32,
    allowed: [usize; ACTS],
    suspended: usize,
}

impl Walk {
    fn today(&self) -> Date {
        LegalNow(self.now).date()
    }

    fn wait(&mut self, hours: u16) {
        self.now = Timestamp::from_second(self.now.as_second() + i64::from(hours) * 3600).unwrap();
    }

    fn ago(&self, minutes: i64) -> Timestamp {
        Timestamp::from_second(self.now.as_second() - minutes * 60).unwrap()
    }

    /// The command of a step, and its author; the procedente is body 4.
    fn command(&self, step: &Step) -> (usize, Act) {
        let (today, round) = (self.today(), self.conference.round());
        let body = writer(BODIES[step.body % 4]);
        let last_given = self.conference.determinations_of(&body).last().map(|given| given.message);
        let known = last_given.unwrap_or(id(1));
        let day = add_days(today, i64::from(step.days));
        let lead = 4;
        match step.act {
            0 => (
                step.body,
                Act::Determination(Determination { round, ..with(step.position, prescribed(step.position)) }),
            ),
            1 => (step.body, request()),
            2 => (step.body, Act::SyncModeRequest(SyncModeRequest { asked_by: AskedBy::Body })),
            3 => (step.body, Act::CompetenceStatement(CompetenceStatement { suggested: None })),
            4 => {
                let requests = self.conference.integration_requests().iter().map(|asked| asked.message);
                (lead, suspension(requests.take(1).collect(), today, 30))
            }
            5 => {
                let suspension = self.conference.suspension().map_or(id(1), |found| found.message);
                let dates = self.conference.notice().map(|notice| notice.act.dates.clone()).unwrap();
                (
                    lead,
                    Act::IntegrationDelivered(IntegrationDelivered { suspension, received_on: today, dates }),
                )
            }
            6 | 7 => {
                let note =
                    self.conference.implied_assent_of(&body, LegalNow(self.now)).unwrap_or(ImpliedAssent {
                        body,
                        ground: if step.flag { ImpliedGround::Absent } else { ImpliedGround::Silence },
                        round,
                        strict: day,
                        prudential: day,
                        proof_of_receipt: concerto_message::Digest::of(b""),
                        messages: Vec::new(),
                    });
                (lead, Act::ImpliedAssent(note))
            }
            8 => {
                let found = [Finding::Timely, Finding::NonCompliant, Finding::ExpressAct, Finding::Late];
                let finding = found[step.hours as usize % 4];
                let named = step.other.is_multiple_of(2).then_some(body);
                (
                    lead,
                    Act::LateOrInvalidActNotice(LateOrInvalidActNotice {
                        message: known,
                        finding,
                        body: named,
                    }),
                )
            }
            9 => {
                let answer_until = day;
                (
                    lead,
                    Act::PrescriptionConsultation(PrescriptionConsultation {
                        determinations: vec![known],
                        answer_until,
                    }),
                )
            }
            10 | 11 => (lead, Act::FinalDetermination(self.conclusion(step))),
            12 => {
                let conclusion = self.conference.conclusion().map_or(id(1), |found| found.message);
                let efficacy = if step.flag { Efficacy::Immediate } else { Efficacy::Suspended };
                (lead, Act::EfficacyStatement(EfficacyStatement { conclusion, efficacy, since: today }))
            }
            13 if step.days > 30 => {
                let ground = if step.flag { ClosureGround::Examined } else { ClosureGround::Archived };
                (lead, Act::Closure(Closure { ground }))
            }
            13..=15 => (step.body.max(2) + 2, Act::MeetingCall(self.call(step, day))),
            16 => {
                let by = [Appointer::Prefect, Appointer::Own, Appointer::Region][step.other % 3];
                let represents = if step.flag { vec![writer(SABAP), writer(USR)] } else { vec![body] };
                (
                    step.body,
                    Act::RepresentativeAppointment(RepresentativeAppointment {
                        appointed_by: by,
                        represents,
                    }),
                )
            }
            17 => {
                let appointment =
                    self.conference.representative_of(&body).map_or(id(1), |found| found.message);
                let interest = QualifiedInterest::PublicSafety;
                (
                    step.body,
                    Act::DissentToRepresentative(DissentToRepresentative { appointment, interest, round }),
                )
            }
            18..=20 => (lead, Act::MeetingMinutes(self.minutes(step, day))),
            21 => {
                let conclusion = self.conference.conclusion().map_or(id(1), |found| found.message);
                let came = |exchange: &&Sent<RecordedExchange>| {
                    exchange.act.direction == Direction::Received && exchange.act.about == Some(conclusion)
                };
                let observations = self.conference.exchanges().iter().rfind(came);
                let observations = observations.map_or(id(1), |exchange| exchange.message);
                (lead, Act::RebuttalForwarded(RebuttalForwarded { conclusion, observations }))
            }
            22 => {
                let application = self.conference.convening_request().map_or(id(1), |found| found.message);
                let expired_on = date(2027, 1, 26);
                let certificate = SilentGrantCertificate {
                    application,
                    requested_on: None,
                    completed_on: None,
                    expired_on,
                };
                (lead, Act::SilentGrantCertificate(certificate))
            }
            23 => {
                let from = if step.flag { Outside::Applicant } else { Outside::Body(body) };
                let notice = self.conference.notice().map(|notice| &notice.act).filter(|_| step.days > 0);
                let request = ConveningRequest {
                    from,
                    received_on: notice.map_or(today, |notice| notice.started_on),
                    sector: notice.and_then(|notice| notice.sector),
                    works: None,
                };
                (lead, Act::ConveningRequest(request))
            }
            24 => {
                let exchange = RecordedExchange {
                    party: Outside::Applicant,
                    direction: if step.flag { Direction::Sent } else { Direction::Received },
                    channel: Channel::Pec,
                    at: self.now,
                    about: self.conference.conclusion().map(|found| found.message),
                };
                (lead, Act::RecordedExchange(exchange))
            }
            _ => {
                let mut again = self.conference.notice().map(|notice| notice.act.clone()).unwrap();
                (again.round, again.regime_basis_date) = (round + 1, today);
                if let Ok(dates) = proposed_dates_in(today, &again.invited, again.form, again.sector) {
                    again.dates = dates;
                }
                (lead, Act::Notice(again))
            }
        }
    }

    fn conclusion(&self, step: &Step) -> FinalDetermination {
        let outcomes = [
            Outcome::Positive,
            Outcome::PositiveWithPrescriptions,
            Outcome::PositiveOverDissent,
            Outcome::Negative,
        ];
        let positions = self.conference.position_lines();
        let given = self.conference.determinations();
        let standing = given.filter(|given| {
            positions.iter().any(|line| line.body == given.author && line.basis == given.message)
        });
        let prescriptions = standing.flat_map(|given| {
            let of = |prescription: &Prescription| PrescriptionOutcome {
                determination: given.message,
                number: prescription.number,
                accepted: true,
            };
            given.act.prescriptions.iter().map(of).collect::<Vec<_>>()
        });
        let prescriptions = prescriptions.collect();
        let all =
            [Question::PrescriptionsAcceptable, Question::DissentNotSuperable, Question::PrevailingPositions];
        FinalDetermination {
            outcome: outcomes[step.other % 4],
            round: self.conference.round(),
            positions,
            prescriptions,
            judgements: all.map(|question| Judgement { question, answer: true }).to_vec(),
            efficacy: if step.flag { Efficacy::Immediate } else { Efficacy::Suspended },
        }
    }

    fn call(&self, step: &Step, held_on: Date) -> MeetingCall {
        let modes = [MeetingMode::Telematic, MeetingMode::Simultaneous, MeetingMode::Operative];
        let asked = self.conference.sync_requests().first().map(|asked| asked.message);
        MeetingCall {
            mode: modes[step.other % 3],
            held_on,
            round: self.conference.round(),
            request: asked.filter(|_| step.flag),
        }
    }

    fn minutes(&self, step: &Step, next: Date) -> MeetingMinutes {
        let call = self.conference.last_call().map(|call| call.message);
        let notice = self.conference.notice().map_or(id(1), |notice| notice.message);
        let number = self.conference.sessions().count() + 1;
        let there: Vec<&str> = BODIES.into_iter().skip(step.body % 3).collect();
        let mut numbers = 1_u16;
        let positions = there.iter().filter(|_| step.hours > 20).map(|body| {
            let mut taken = said(body, step.position, prescribed(step.position));
            for prescription in &mut taken.prescriptions {
                prescription.number = numbers;
                numbers += 1;
            }
            taken
        });
        let positions = positions.collect();
        MeetingMinutes {
            meeting: call.unwrap_or(notice),
            session: u16::try_from(number).unwrap(),
            round: self.conference.round(),
            opened_at: self.ago(180),
            closed_at: self.ago(if step.days < -3 { -60 } else { 60 }),
            present: present(&there),
            positions,
            next_on: step.flag.then_some(next),
            applicant_heard: false,
            works_closed: !step.flag,
        }
    }

    /// Decides, and folds whatever was decided: who is hostile signs what is refused.
    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        self.wait(step.hours);
        if step.act == 0 && step.other == 4 {
            self.delivered(step.body);
            return Ok(());
        }
        let (author, act) = self.command(step);
        let author = BODIES.get(author).map_or_else(|| writer(LEAD), |body| writer(body));
        let command = Command::Write { author: author.clone(), act: act.clone() };
        let decided = decide(&self.conference, command, LegalNow(self.now));
        if let Err(refusal) = &decided {
            named(refusal)?;
        }
        let is_suspension = matches!(act, Act::Suspension(_));
        self.next += 1;
        let (message, at) = (id(self.next), self.now);
        let regime = self.conference.regime().unwrap_or("R1b").to_owned();
        let before = self.conference.anomalies().len();
        let event = if author == *self.conference.lead() {
            Event::Lead { message, issued_at: at, regime, act }
        } else {
            let evidence = Evidence::at(at);
            Event::Taken { message, author, issued_at: at, act, evidence }
        };
        evolve(&mut self.conference, &event);
        let anomalies = self.conference.anomalies().len() - before;
        if decided.is_ok() {
            prop_assert_eq!(anomalies, 0, "what decide allows, evolve folds: {:?}", event);
            self.allowed[step.act] += 1;
            self.suspended += usize::from(is_suspension);
        }
        Ok(())
    }

    /// Proof that a body has what called it: the notice at first, then the last call.
    fn delivered(&mut self, body: usize) {
        let body = writer(BODIES[body % 4]);
        let called = &self.conference.bodies()[&body];
        let call = self.conference.last_call().filter(|_| called.proof.is_some());
        let message = call.map_or(called.called_by, |call| call.message);
        let at = self.now;
        let receipt = concerto_message::Digest::of(at.to_string().as_bytes());
        evolve(&mut self.conference, &Event::Delivered { message, body, at, receipt });
    }
}

fn prescribed(position: Position) -> u16 {
    u16::from(position != Position::Assent)
}

fn named(refusal: &Refusal) -> Result<(), TestCaseError> {
    let of_record = RECORD_CODES.contains(&refusal.code());
    prop_assert_eq!(refusal.norm().is_none(), of_record, "{}", refusal.code());
    Ok(())
}

/// What holds in every state.
fn sound(walk: &Walk, express: bool) -> Result<(), TestCaseError> {
    let conference = &walk.conference;
    for given in conference.determinations() {
        let counts = weight(conference, given) == Weight::Counts;
        let late = matches!(judge_given(conference, given), Timeliness::Late(_));
        // an official may admit a late act where European law wants an act of that body express, and nowhere else
        let admitted = given.time_finding.is_some_and(|(finding, _)| finding == Finding::ExpressAct);
        prop_assert!(!admitted || (express && given.author == writer(USR)), "admitted: {:?}", given);
        prop_assert!(!(counts && late) || admitted, "a late act counts: {:?}", given);
        let bound = conference.works_bind(&given.author) && !given.in_session && !admitted;
        let closed = conference.closing_for(&given.author).map(|minutes| minutes.act.closed_at);
        let after = bound && closed.is_some_and(|closed| given.evidence.received_at > closed);
        let after = after && given.time_finding.is_none_or(|(finding, _)| finding != Finding::Timely);
        // in an istruttoria nothing counts for or against: contributions may still come
        prop_assert!(
            !(counts && after) || conference.is_fact_finding(),
            "an act after the works counts: {:?}",
            given
        );
    }
    for noted in conference.implied_assents() {
        let body = &conference.bodies()[&noted.act.body];
        prop_assert!(body.proof.is_some(), "an implied assent without proof of receipt");
        prop_assert!(!(express && noted.act.body == writer(USR)), "an implied assent against European law");
        prop_assert!(!conference.is_fact_finding(), "an implied assent in an istruttoria");
        if noted.act.ground == ImpliedGround::Absent {
            prop_assert!(conference.sessions().next().is_some() && !conference.was_present(&noted.act.body));
            prop_assert!(conference.was_called_to_sessions(&noted.act.body), "absent, but never called");
        }
    }
    prop_assert!(walk.suspended <= 1, "suspended twice");
    let round = conference.round();
    let concluded = conference.conclusions.iter().filter(|conclusion| conclusion.act.round == round).count();
    prop_assert!(concluded <= 1);
    prop_assert!(!(conference.is_fact_finding() && concluded > 0));
    let mut closings = conference.sessions().filter(|minutes| minutes.act.works_closed);
    let first = closings.next().map(|minutes| minutes.act.closed_at);
    for further in closings {
        let heard = |body: &Writer| {
            let mut of_body = conference.determinations_of(body);
            of_body.any(|given| given.in_session && Some(given.evidence.received_at) <= first)
        };
        prop_assert!(further.act.positions.iter().all(|taken| !heard(&taken.body)), "heard twice");
    }
    if let (Some(vote), Some(conclusion)) = (conference.vote(), conference.conclusion()) {
        prop_assert!(vote.present * 2 >= vote.members, "deliberated without a quorum");
        prop_assert_eq!(conclusion.act.outcome != Outcome::Negative, vote.carried());
    }
    if let Ok(Some(end)) = end_of_works(conference) {
        let adjourned = conference.sessions().filter_map(|minutes| minutes.act.next_on).max();
        // a suspension ordered since, that ended earlier than assumed, may leave an older adjournment behind it
        prop_assert!(conference.suspension().is_some() || adjourned.is_none_or(|next| next <= end.strict));
    }
    prop_assert!(serde_json::to_string(&conference.view(LegalNow(walk.now))).is_ok());
    Ok(())
}

fn effort() -> ProptestConfig {
    let full = std::env::var("CONCERTO_EFFORT").is_ok_and(|effort| effort == "full");
    ProptestConfig {
        cases: if full { 3000 } else { 150 },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn begin(kind: Kind_, express: bool, received: bool) -> Walk {
    let (stated, at) = opening(kind, express);
    let mut walk = Walk {
        conference: Conference::new(conference_id()),
        now: at,
        next: 100,
        allowed: [0; ACTS],
        suspended: 0,
    };
    if matches!(kind, Kind_::Electronic) {
        let request = ConveningRequest {
            from: Outside::Applicant,
            received_on: stated.started_on,
            sector: stated.sector,
            works: None,
        };
        fold_lead(&mut walk, Act::ConveningRequest(request));
    }
    fold_lead(&mut walk, Act::Notice(stated));
    assert_eq!(walk.conference.anomalies(), []);
    if received || matches!(kind, Kind_::Negative) {
        (0..4).for_each(|body| walk.delivered(body));
    }
    if matches!(kind, Kind_::Negative) {
        concluded_negatively(&mut walk);
    }
    walk
}

/// Everybody dissents, the procedente concludes, and tells the applicant (art. 10-bis).
fn concluded_negatively(walk: &mut Walk) {
    walk.wait(1);
    for body in BODIES {
        walk.next += 1;
        let act = Act::Determination(with(Position::Dissent, 1));
        let evidence = Evidence::at(walk.now);
        let (message, author, issued_at) = (id(walk.next), writer(body), walk.now);
        evolve(&mut walk.conference, &Event::Taken { message, author, issued_at, act, evidence });
    }
    walk.wait(1);
    let negative = FinalDetermination {
        outcome: Outcome::Negative,
        round: 1,
        positions: walk.conference.position_lines(),
        prescriptions: Vec::new(),
        judgements: vec![Judgement { question: Question::DissentNotSuperable, answer: true }],
        efficacy: Efficacy::Immediate,
    };
    fold_lead(walk, Act::FinalDetermination(negative));
    let told = RecordedExchange {
        party: Outside::Applicant,
        direction: Direction::Sent,
        channel: Channel::Pec,
        at: walk.now,
        about: walk.conference.conclusion().map(|found| found.message),
    };
    fold_lead(walk, Act::RecordedExchange(told));
    assert_eq!(walk.conference.anomalies(), []);
}

fn fold_lead(walk: &mut Walk, act: Act) {
    let command = Command::Write { author: writer(LEAD), act };
    let decided = decide(&walk.conference, command, LegalNow(walk.now)).expect("the procedente may");
    walk.next += 1;
    let (message, regime) = (id(walk.next), decided.regime().to_owned());
    evolve(
        &mut walk.conference,
        &Event::Lead { message, issued_at: walk.now, regime, act: decided.into_act() },
    );
}

proptest! {
    #![proptest_config(effort())]

    #[test]
    fn every_path_is_lawful(
        kind in any_kind(),
        express in any::<bool>(),
        received in proptest::bool::weighted(0.8),
        steps in proptest::collection::vec(any_step(), 1..80),
    ) {
        let mut walk = begin(kind, express, received);
        for step in &steps {
            walk.step(step)?;
            sound(&walk, express)?;
        }
    }
}

#[test]
fn the_walks_reach_every_kind_of_act() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = (any_kind(), proptest::collection::vec(any_step(), 40..80));
    let (mut allowed, mut met, mut concluded) = ([0; ACTS], 0, 0);
    for _ in 0..600 {
        let (kind, steps) = strategy.new_tree(&mut runner).unwrap().current();
        let mut walk = begin(kind, false, true);
        for step in &steps {
            walk.step(step).unwrap();
        }
        for (sum, times) in allowed.iter_mut().zip(walk.allowed) {
            *sum += times;
        }
        met += usize::from(walk.conference.works_closed_at().is_some());
        concluded += usize::from(walk.conference.conclusion().is_some());
    }
    let never: Vec<usize> = (0..ACTS).filter(|act| allowed[*act] == 0).collect();
    assert!(never.is_empty() && met > 0 && concluded > 0, "{never:?} {allowed:?} {met} {concluded}");
}
