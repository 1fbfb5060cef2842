//! Properties over arbitrary events: whatever arrives, the fold holds, terms are lawful and nobody loses a day.
//!
//! `CONCERTO_EFFORT=full` raises the number of cases.

use jiff::Timestamp;
use jiff::civil::date;
use proptest::prelude::*;

use crate::acts::*;
use crate::calendar::add_days;
use crate::conference::{Conference, Evidence};
use crate::decide::{Command, decide};
use crate::evolve::{Event, evolve, fold};
use crate::law::Law;
use crate::legal_time::LegalNow;
use crate::term::terms_digest;
use crate::terms::terms;
use crate::test_support::*;
use crate::timeliness::{Weight, weight};

fn effort() -> ProptestConfig {
    let full = std::env::var("CONCERTO_EFFORT").is_ok_and(|effort| effort == "full");
    ProptestConfig {
        cases: if full { 5000 } else { 200 },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

const WRITERS: [&str; 6] = [COMUNE, PROVINCIA, SABAP, USR, LEAD, "c_a271/prot"];

fn any_writer() -> impl Strategy<Value = concerto_message::Writer> {
    (0..WRITERS.len()).prop_map(|place| writer(WRITERS[place]))
}

/// Instants around the case, and a few at the ends of time.
fn any_instant() -> impl Strategy<Value = Timestamp> {
    let around = (0_i64..120 * 24 * 60).prop_map(|minutes| {
        let start = instant("2026-11-28 00:00").as_second();
        Timestamp::from_second(start + minutes * 60).unwrap()
    });
    prop_oneof![50 => around, 1 => Just(Timestamp::MIN), 1 => Just(Timestamp::MAX)]
}

fn any_day() -> impl Strategy<Value = jiff::civil::Date> {
    prop_oneof![
        30 => (0_i64..120).prop_map(|days| add_days(date(2026, 11, 28), days)),
        1 => Just(jiff::civil::Date::MIN),
        1 => Just(jiff::civil::Date::MAX),
    ]
}

fn any_message() -> impl Strategy<Value = concerto_message::MessageId> {
    (0_u32..24).prop_map(id)
}

fn any_dates() -> impl Strategy<Value = StatedDates> {
    (any_day(), any_day(), proptest::option::of(any_day()), any_day(), proptest::option::of(any_day()))
        .prop_map(|(integration_until, determination_until, sensitive_until, meeting_on, procedure_until)| {
            StatedDates {
                integration_until,
                determination_until,
                sensitive_until,
                meeting_on,
                procedure_until,
            }
        })
}

fn any_position() -> impl Strategy<Value = Position> {
    prop_oneof![
        Just(Position::Assent),
        Just(Position::ConditionalAssent),
        Just(Position::SurmountableDissent),
        Just(Position::Dissent)
    ]
}

fn any_determination() -> impl Strategy<Value = Act> {
    (any_position(), 1_u32..3, 0_u16..3).prop_map(|(position, round, prescriptions)| {
        Act::Determination(Determination { round, ..with(position, prescriptions) })
    })
}

fn any_notice() -> impl Strategy<Value = Act> {
    (any_day(), any_dates(), 1_u32..3, any::<bool>(), 0_u8..6).prop_map(
        |(day, dates, round, proposed, kind)| {
            let mut base = notice();
            match kind {
                0 => base.form = Form::Simultaneous,
                1 => base.kind = Kind::FactFinding,
                2 => base.sector = Some(Sector::ElectronicWorks),
                _ => {}
            }
            let dates = if proposed { base.dates.clone() } else { dates };
            Act::Notice(Notice { started_on: day, regime_basis_date: day, dates, round, ..base })
        },
    )
}

fn any_moving_act() -> impl Strategy<Value = Act> {
    let suspension = (proptest::collection::vec(any_message(), 0..3), any_day(), 0_u16..40)
        .prop_map(|(requests, on, days)| suspension(requests, on, days));
    let delivered = (any_message(), any_day(), any_dates()).prop_map(|(suspension, received_on, dates)| {
        Act::IntegrationDelivered(IntegrationDelivered { suspension, received_on, dates })
    });
    let kinds =
        prop_oneof![Just(TermKind::Determination), Just(TermKind::Meeting), Just(TermKind::Procedure)];
    let correction = (kinds, proptest::option::of(any_writer()), any_day(), any_day())
        .prop_map(|(term, body, from, to)| Act::TermCorrection(TermCorrection { term, body, from, to }));
    let added = (any_writer(), any::<bool>(), proptest::option::of(any_dates())).prop_map(
        |(body, sensitive, dates)| {
            let added = vec![invited(&body.to_string(), sensitive)];
            Act::ParticipantAdded(ParticipantAdded { added, dates, released: Vec::new() })
        },
    );
    let released = (any_writer(), any_message()).prop_map(|(body, statement)| {
        let released = vec![Released { body, statement }];
        Act::ParticipantAdded(ParticipantAdded { added: Vec::new(), dates: None, released })
    });
    prop_oneof![suspension.boxed(), delivered.boxed(), correction.boxed(), added.boxed(), released.boxed()]
        .boxed()
}

fn any_closing_act() -> impl Strategy<Value = Act> {
    let found = (
        any_message(),
        prop_oneof![
            Just(Finding::Timely),
            Just(Finding::Late),
            Just(Finding::NonCompliant),
            Just(Finding::ExpressAct)
        ],
    )
        .prop_map(|(message, finding)| {
            Act::LateOrInvalidActNotice(LateOrInvalidActNotice { message, finding, body: None })
        });
    let implied = (any_writer(), any_day(), any_day()).prop_map(|(body, strict, prudential)| {
        Act::ImpliedAssent(ImpliedAssent {
            body,
            ground: ImpliedGround::Silence,
            round: 1,
            strict,
            prudential,
            proof_of_receipt: concerto_message::Digest::of(b""),
            messages: Vec::new(),
        })
    });
    let closure = Just(Act::Closure(Closure { ground: ClosureGround::Archived }));
    let hearing = (any_message(), any_day()).prop_map(|(message, answer_until)| {
        let determinations = vec![message];
        Act::PrescriptionConsultation(PrescriptionConsultation { determinations, answer_until })
    });
    prop_oneof![8 => found.boxed(), 8 => implied.boxed(), 1 => closure.boxed(), 8 => hearing.boxed()].boxed()
}

fn any_meeting_act() -> impl Strategy<Value = Act> {
    let modes = prop_oneof![
        Just(MeetingMode::Telematic),
        Just(MeetingMode::Simultaneous),
        Just(MeetingMode::Operative)
    ];
    let call = (modes, any_day(), 1_u32..3, proptest::option::of(any_message())).prop_map(
        |(mode, held_on, round, request)| Act::MeetingCall(MeetingCall { mode, held_on, round, request }),
    );
    let by = prop_oneof![Just(Appointer::Prefect), Just(Appointer::Own), Just(Appointer::Region)];
    let appointment =
        (by, proptest::collection::vec(any_writer(), 0..3)).prop_map(|(appointed_by, represents)| {
            Act::RepresentativeAppointment(RepresentativeAppointment { appointed_by, represents })
        });
    let dissent = (any_message(), 1_u32..3).prop_map(|(appointment, round)| {
        let interest = QualifiedInterest::Health;
        Act::DissentToRepresentative(DissentToRepresentative { appointment, interest, round })
    });
    let bodies = || proptest::collection::vec(any_writer(), 0..4);
    let minutes =
        (any_message(), any_instant(), bodies(), bodies(), any_position(), proptest::option::of(any_day()))
            .prop_map(|(meeting, closed_at, there, spoke, position, next_on)| {
                Act::MeetingMinutes(MeetingMinutes {
                    opened_at: closed_at,
                    closed_at,
                    present: there.into_iter().map(|body| Present { body, appointment: None }).collect(),
                    positions: spoke.iter().map(|body| said(&body.to_string(), position, 1)).collect(),
                    next_on,
                    works_closed: next_on.is_none(),
                    ..session(meeting, 1, "2026-12-15 09:00", "2026-12-15 12:00")
                })
            });
    let forwarded = (any_message(), any_message()).prop_map(|(conclusion, observations)| {
        Act::RebuttalForwarded(RebuttalForwarded { conclusion, observations })
    });
    let certificate = (any_message(), any_day(), proptest::option::of(any_day())).prop_map(
        |(application, expired_on, requested_on)| {
            let completed_on = requested_on;
            Act::SilentGrantCertificate(SilentGrantCertificate {
                application,
                requested_on,
                completed_on,
                expired_on,
            })
        },
    );
    let request = (any_day(), any::<bool>()).prop_map(|(received_on, plants)| {
        let sector = plants.then_some(Sector::ElectronicPlants);
        Act::ConveningRequest(ConveningRequest { from: Outside::Applicant, received_on, sector, works: None })
    });
    prop_oneof![
        call.boxed(),
        appointment.boxed(),
        dissent.boxed(),
        minutes.boxed(),
        forwarded.boxed(),
        certificate.boxed(),
        request.boxed()
    ]
    .boxed()
}

/// Something on record with a body, by certified mail or another way.
fn any_mail() -> impl Strategy<Value = Act> {
    let about = proptest::option::of(any_message());
    (any_writer(), any::<bool>(), any::<bool>(), any_instant(), about).prop_map(
        |(body, came, pec, at, about)| {
            let direction = if came { Direction::Received } else { Direction::Sent };
            let channel = if pec { Channel::Pec } else { Channel::Email };
            Act::RecordedExchange(RecordedExchange {
                party: Outside::Body(body),
                direction,
                channel,
                at,
                about,
            })
        },
    )
}

fn any_act() -> impl Strategy<Value = Act> {
    let statement = Just(Act::CompetenceStatement(CompetenceStatement { suggested: None }));
    let sync = Just(Act::SyncModeRequest(SyncModeRequest { asked_by: AskedBy::Body }));
    prop_oneof![
        2 => any_notice().boxed(),
        4 => any_determination().boxed(),
        2 => Just(request()),
        1 => statement,
        1 => sync,
        4 => any_moving_act(),
        3 => any_closing_act(),
        4 => any_meeting_act(),
        4 => any_mail(),
    ]
    .boxed()
}

fn any_event() -> impl Strategy<Value = Event> {
    let lead = (any_message(), any_instant(), any_act()).prop_map(|(message, issued_at, act)| Event::Lead {
        message,
        issued_at,
        regime: "R1b".to_owned(),
        act,
    });
    let others = || proptest::collection::vec((any_writer(), any_instant()), 0..2);
    let taken = (any_message(), any_writer(), any_instant(), any_act(), others()).prop_map(
        |(message, author, received_at, act, others)| Event::Taken {
            message,
            author,
            issued_at: received_at,
            act,
            evidence: Evidence { others, ..Evidence::at(received_at) },
        },
    );
    let behalf = (any_message(), any_writer(), any_message(), any_writer(), any_act()).prop_map(
        |(message, author, evidence, body, act)| Event::OnBehalf {
            message,
            author,
            regime: "R1b".to_owned(),
            behalf: Behalf { body, evidence },
            act,
        },
    );
    let more =
        (any_message(), others()).prop_map(|(message, others)| Event::MoreEvidence { message, others });
    let delivered =
        (any_message(), any_writer(), any_instant()).prop_map(|(message, body, at)| Event::Delivered {
            message,
            body,
            at,
            receipt: concerto_message::Digest::of(at.to_string().as_bytes()),
        });
    prop_oneof![4 => lead.boxed(), 6 => taken.boxed(), 3 => behalf.boxed(), 1 => more.boxed(), 3 => delivered.boxed()].boxed()
}

/// The events of a convened case, some receipts, then anything.
fn any_history() -> impl Strategy<Value = Vec<Event>> {
    (any::<bool>(), proptest::collection::vec(any_event(), 0..40)).prop_map(|(received, more)| {
        let mut events = if received { Case::received().events } else { Case::convened().events };
        events.extend(more);
        events
    })
}

/// What must hold of every state.
fn lawful(conference: &Conference) -> Result<(), TestCaseError> {
    let calendar = &Law::embedded().unwrap().calendar;
    for term in terms(conference) {
        prop_assert!(term.strict <= term.prudential, "{term:?}");
        let seat = term.body.as_ref().and_then(|body| conference.bodies()[body].invited.seat.as_deref());
        // The end of the suspension is a maximum of the law, not a day by which somebody acts; the calendar ends with time.
        if term.kind != TermKind::Suspension && term.strict != jiff::civil::Date::MAX {
            prop_assert_eq!(calendar.holiday(term.strict, seat), None, "{:?}", term);
        }
        if let Some(body) = &term.body {
            prop_assert!(conference.bodies()[body].proof.is_some(), "a term without proof of receipt");
        }
    }
    for noted in conference.implied_assents() {
        let body = &conference.bodies()[&noted.act.body];
        prop_assert!(body.proof.is_some() && body.eu_express_acts().next().is_none());
    }
    Ok(())
}

proptest! {
    #![proptest_config(effort())]

    /// Total, deterministic, lawful after every event; the view never fails either.
    #[test]
    fn any_events_fold(events in proptest::collection::vec(any_event(), 0..40), at in any_instant()) {
        let conference = fold(conference_id(), &events);
        lawful(&conference)?;
        prop_assert_eq!(&conference, &fold(conference_id(), &events));
        let view = conference.view(LegalNow(at));
        prop_assert!(serde_json::to_string(&view).is_ok());
    }

    /// The same, from a case that is under way.
    #[test]
    fn any_history_is_lawful(events in any_history(), at in any_instant()) {
        let mut conference = Conference::new(conference_id());
        for event in &events {
            evolve(&mut conference, event);
            lawful(&conference)?;
        }
        let again = fold(conference_id(), &events);
        prop_assert_eq!(terms_digest(&terms(&conference)), terms_digest(&terms(&again)));
        prop_assert_eq!(serde_json::to_string(&conference).unwrap(), serde_json::to_string(&again).unwrap());
        prop_assert!(serde_json::to_string(&conference.view(LegalNow(at))).is_ok());
    }

    /// No receipt of anybody shortens a term of a body, under either reading, and no act in time becomes late by one.
    #[test]
    fn receipts_never_shorten(events in any_history(), message in any_message(), body in any_writer(), at in any_instant()) {
        let before = fold(conference_id(), &events);
        let message = before.bodies().get(&body).map_or(message, |body| body.called_by);
        let mut after = before.clone();
        evolve(&mut after, &Event::Delivered { message, body, at, receipt: concerto_message::Digest::of(b"new") });
        let later = terms(&after);
        for term in terms(&before).into_iter().filter(|term| term.body.is_some()) {
            let same = later.iter().find(|later| (later.kind, &later.body) == (term.kind, &term.body)).unwrap();
            prop_assert!(term.strict <= same.strict && term.prudential <= same.prudential, "{:?} {:?}", term, same);
        }
        for (before_it, after_it) in before.determinations().zip(after.determinations()) {
            if weight(&before, before_it) == Weight::Counts && weight(&after, after_it) != Weight::Counts {
                // Only an act that came before its author's term ran can come after it, once it runs.
                prop_assert!(before.bodies()[&before_it.author].proof.is_none());
            }
        }
    }

    /// What `decide` allows, `evolve` folds without an anomaly, and what it refuses has no effect.
    #[test]
    fn decide_and_evolve_agree(events in any_history(), at in any_instant(), act in any_act(), author in any_writer()) {
        let before = fold(conference_id(), &events);
        let mut after = before.clone();
        let decided = decide(&before, Command::Write { author: author.clone(), act: act.clone() }, LegalNow(at));
        let message = id(777);
        if author == *before.lead() {
            let regime = decided.as_ref().map_or("R1b", |decided| decided.regime()).to_owned();
            evolve(&mut after, &Event::Lead { message, issued_at: at, regime, act });
        } else {
            let evidence = Evidence::at(at);
            evolve(&mut after, &Event::Taken { message, author, issued_at: at, act, evidence });
        }
        let anomalies = after.anomalies().len() - before.anomalies().len();
        match decided {
            Ok(_) => prop_assert_eq!(anomalies, 0),
            Err(_) if anomalies == 0 => {
                // A determination with a defect is kept for an official to judge.
                prop_assert!(after.determinations.iter().any(|kept| kept.message == message && !kept.defects.is_empty()));
            }
            Err(_) => {
                prop_assert_eq!(anomalies, 1);
                after.anomalies.pop();
                after.messages.remove(&message);
                prop_assert_eq!(after, before);
            }
        }
    }

    /// The same of an act that the procedente writes for a body, and a record of mail shortens no term.
    #[test]
    fn decide_and_evolve_agree_on_behalf(events in any_history(), at in any_instant(), act in any_act(), body in any_writer()) {
        let mut before = fold(conference_id(), &events);
        let came = RecordedExchange {
            party: Outside::Body(body.clone()), direction: Direction::Received, channel: Channel::Pec, at, about: None,
        };
        let record = Event::Lead { message: id(776), issued_at: at, regime: "R1b".to_owned(), act: Act::RecordedExchange(came) };
        let terms_before = terms_digest(&terms(&before));
        evolve(&mut before, &record);
        prop_assert_eq!(terms_before, terms_digest(&terms(&before)), "what was received starts nothing");
        let behalf = Behalf { body: body.clone(), evidence: id(776) };
        let author = before.lead().clone();
        let command = Command::WriteFor { author: author.clone(), behalf: behalf.clone(), act: act.clone() };
        let decided = decide(&before, command, LegalNow(at));
        let regime = decided.as_ref().map_or("R1b", |decided| decided.regime()).to_owned();
        let mut after = before.clone();
        evolve(&mut after, &Event::OnBehalf { message: id(777), author, regime, behalf, act });
        let anomalies = after.anomalies().len() - before.anomalies().len();
        prop_assert_eq!(anomalies, usize::from(decided.is_err()), "{:?}", decided);
        if decided.is_err() {
            after.anomalies.pop();
            after.messages.remove(&id(777));
            prop_assert_eq!(after, before);
        } else {
            prop_assert!(after.evidence_of(id(777)).is_some_and(|exchange| exchange.message == id(776)));
        }
    }
}
