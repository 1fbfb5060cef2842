//! The acts of an ordinary case (L. 241/1990 art. 14-bis), with the bodies of text that the schemas give as examples.

use concerto_message::{MessageId, Writer};
use concerto_procedure::acts::{
    Act, Determination, Efficacy, FinalDetermination, ForkResolved, Form, IntegrationDelivered,
    IntegrationRequest, Invited, Kind, Notice, ParticipantAdded, Position, Prescription,
    PrescriptionConsultation, PrescriptionOrigin, RequestedAct, SensitiveScope, Suspension,
};
use concerto_procedure::conference::Conference;
use concerto_procedure::{LegalNow, proposed_dates};
use jiff::civil::Date;
use serde_json::Value;

/// The act of assent that every body is asked for.
pub const ASKED: &str = "parere";

macro_rules! text {
    ($example:literal) => {
        include_str!(concat!("../../schemas/examples/valid/body-", $example, ".json"))
    };
}

/// The example text for an act; none for acts that have no body.
pub fn body_of(act: &Act) -> Option<Value> {
    let text = match act {
        Act::Notice(_) => text!("notice/on-application"),
        Act::CompetenceStatement(_) => text!("competence-statement/road"),
        Act::ParticipantAdded(_) => text!("participant-added/one-body"),
        Act::IntegrationRequest(_) => text!("integration-request/two-items"),
        Act::Suspension(_) => text!("suspension/two-items"),
        Act::IntegrationDelivered(_) => text!("integration-delivered/one-item"),
        Act::SyncModeRequest(_) => text!("sync-mode-request/complexity"),
        Act::Determination(d) if d.prescriptions.is_empty() => text!("determination/assent"),
        Act::Determination(_) => text!("determination/conditional-assent"),
        Act::ImpliedAssent(_) => text!("implied-assent/silence"),
        Act::LateOrInvalidActNotice(_) => text!("late-or-invalid-act-notice/late"),
        Act::PrescriptionConsultation(_) => text!("prescription-consultation/one-prescription"),
        Act::FinalDetermination(_) => text!("final-determination/positive-with-prescriptions"),
        Act::EfficacyStatement(_) => text!("efficacy-statement/immediate"),
        Act::TermCorrection(_) => text!("term-correction/one-day"),
        Act::Closure(_) => text!("closure/withdrawn"),
        Act::ForkResolved(_) => text!("fork-resolved/restored-copy"),
        Act::Sealed(_) => text!("sealed/about-a-find"),
        Act::RecordedExchange(_) => text!("recorded-exchange/pec-to-the-applicant"),
        Act::ConveningRequest(_) => text!("convening-request/application"),
        Act::MeetingCall(_) => text!("meeting-call/first-session"),
        Act::RepresentativeAppointment(_) => text!("representative-appointment/of-the-state"),
        Act::DissentToRepresentative(_) => text!("dissent-to-representative/roof"),
        Act::MeetingMinutes(_) => text!("meeting-minutes/first-session"),
        Act::RebuttalForwarded(_) => text!("rebuttal-forwarded/lower-roof"),
        Act::SilentGrantCertificate(_) => text!("silent-grant-certificate/crossing"),
        Act::TakenInCharge(_) | Act::TermDigest(_) => return None,
    };
    Some(serde_json::from_str(text).unwrap())
}

/// A call of one body for one ordinary act.
pub fn invited(body: &Writer) -> Invited {
    let asked = RequestedAct { act: ASKED.to_owned(), eu_express_act: None };
    Invited { body: body.clone(), acts: vec![asked], sensitive: Vec::new(), seat: None, level: None }
}

/// The notice of a deciding conference in simplified form, with the dates that the law gives for this day.
pub fn notice(day: Date, bodies: &[Writer]) -> Act {
    let mut invited: Vec<Invited> = bodies.iter().map(invited).collect();
    if let ([only], true) = (invited.as_mut_slice(), bodies.len() == 1) {
        // a deciding conference needs two acts of assent (art. 14 c. 2)
        only.acts.push(RequestedAct { act: "secondo-parere".to_owned(), eu_express_act: None });
    }
    Act::Notice(Notice {
        kind: Kind::Decision,
        form: Form::Simplified,
        party_initiated: true,
        started_on: day,
        regime_basis_date: day,
        dates: proposed_dates(day, &invited).unwrap(),
        sensitive_scope: SensitiveScope::Own,
        invited,
        round: 1,
        sector: None,
    })
}

/// Calls one more body; none where the law's data of that day leave a value open.
pub fn added(day: Date, body: &Writer) -> Option<Act> {
    let added = vec![invited(body)];
    let dates = proposed_dates(day, &added).ok()?;
    Some(Act::ParticipantAdded(ParticipantAdded { added, dates: Some(dates), released: Vec::new() }))
}

/// A request of integrations that may suspend the terms.
pub fn request() -> Act {
    Act::IntegrationRequest(IntegrationRequest { items: 2, facts_of_art_2_c_7: true })
}

/// A determination; a conditional one has one prescription.
pub fn determination(position: Position) -> Act {
    let prescription = Prescription {
        number: 1,
        origin: PrescriptionOrigin::Norm,
        cost_eur: Some("1200.00".to_owned()),
        mitigating: true,
    };
    let prescriptions = if position == Position::Assent { Vec::new() } else { vec![prescription] };
    Act::Determination(Determination { position, round: 1, acts: vec![ASKED.to_owned()], prescriptions })
}

/// Suspends the terms on every request taken in charge.
pub fn suspension(state: &Conference, today: Date) -> Act {
    let requests = state.integration_requests().iter().map(|r| r.message).collect();
    Act::Suspension(Suspension { requests, suspended_on: today, days: 10 })
}

/// Forwards integrations and resumes the terms; none if they do not stand still.
pub fn integrations(state: &Conference, today: Date) -> Option<Act> {
    let suspension = state.suspension()?.message;
    let called: Vec<Invited> = state.active_bodies().map(|(_, body)| body.invited.clone()).collect();
    let dates = proposed_dates(today, &called).ok()?;
    Some(Act::IntegrationDelivered(IntegrationDelivered { suspension, received_on: today, dates }))
}

/// The note of a body's silence, if the record allows it now.
pub fn implied(state: &Conference, body: &Writer, now: LegalNow) -> Option<Act> {
    state.implied_assent_of(body, now).ok().map(Act::ImpliedAssent)
}

/// The hearing on every determination with prescriptions.
pub fn hearing(state: &Conference, today: Date) -> Act {
    let prescribed = state.determinations().filter(|d| !d.act.prescriptions.is_empty());
    let determinations = prescribed.map(|d| d.message).collect();
    Act::PrescriptionConsultation(PrescriptionConsultation { determinations, answer_until: today })
}

/// The conclusion that the positions as they stand allow, all prescriptions accepted.
pub fn conclusion(state: &Conference) -> Act {
    use concerto_procedure::acts::{Judgement, Outcome, PrescriptionOutcome, Question};
    let positions = state.position_lines();
    let counted = |message: &MessageId| positions.iter().any(|line| line.basis == *message);
    let prescriptions: Vec<PrescriptionOutcome> = state
        .determinations()
        .filter(|d| counted(&d.message))
        .flat_map(|d| d.act.prescriptions.iter().map(|p| (d.message, p.number)))
        .map(|(determination, number)| PrescriptionOutcome { determination, number, accepted: true })
        .collect();
    let plain = prescriptions.is_empty();
    let acceptable = Judgement { question: Question::PrescriptionsAcceptable, answer: true };
    Act::FinalDetermination(FinalDetermination {
        outcome: if plain { Outcome::Positive } else { Outcome::PositiveWithPrescriptions },
        round: state.round(),
        positions,
        prescriptions,
        judgements: if plain { Vec::new() } else { vec![acceptable] },
        efficacy: Efficacy::Immediate,
    })
}

/// The choice of one of two links in one place of a chain.
pub fn fork_resolved(kept: &concerto_message::Link, set_aside: &concerto_message::Link) -> Act {
    let slot = kept.payload().slot();
    Act::ForkResolved(ForkResolved {
        writer: slot.writer,
        incarnation: slot.incarnation,
        sequence: slot.sequence,
        kept: kept.id(),
        set_aside: vec![set_aside.id()],
    })
}
