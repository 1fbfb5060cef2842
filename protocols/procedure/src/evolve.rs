//! Evolving: the fold of the procedente's chain into the state. Total: no event fails.
//!
//! Another author's act has effect from the place where the procedente's chain names it. An act that breaks a guard is an
//! [`Anomaly`]: kept, shown, without effect. A message folded twice has effect once.

use concerto_message::{ConferenceId, Digest, MessageId, Writer};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::acts::{
    Act, Behalf, Finding, IntegrationDelivered, Invited, LateOrInvalidActNotice, Notice, ParticipantAdded,
    RecordedExchange, StatedDates, Suspension, TermCorrection,
};
use crate::conference::{
    Anomaly, Body, Conference, Delivery, Evidence, IntegrationRecord, Proof, Received, Sent, SuspensionRecord,
};
use crate::guards::{Checked, check, check_for, earlier_proof, shown, spoken};
use crate::legal_time::{LegalNow, rome_date};
use crate::refusal::Refusal;
use crate::regime::Regime;
use crate::sittings::Appointment;

/// What changes the state, in the order of the procedente's chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A link of the procedente's own chain, but for `TakenInCharge`, of which the other events are made.
    Lead {
        /// The message.
        message: MessageId,
        /// Its instant.
        issued_at: Timestamp,
        /// The regime that it names.
        regime: String,
        /// The act.
        act: Act,
    },
    /// A link that its author wrote for a body without a node, from its place in the procedente's chain, or from where that names it. The act has
    /// effect as the body's, at the instant of the exchange that shows it; nobody but the procedente writes so.
    OnBehalf {
        /// The message.
        message: MessageId,
        /// Who wrote it.
        author: Writer,
        /// The regime that it names.
        regime: String,
        /// For whom, and what shows it.
        behalf: Behalf,
        /// The act.
        act: Act,
    },
    /// Another's message, from where the procedente's chain names it.
    Taken {
        /// The message.
        message: MessageId,
        /// Its author.
        author: Writer,
        /// Its instant, by its author's clock.
        issued_at: Timestamp,
        /// The act.
        act: Act,
        /// When it came.
        evidence: Evidence,
    },
    /// The same message named again, with further receipts.
    MoreEvidence {
        /// The message.
        message: MessageId,
        /// Accepted receipts of other participants.
        others: Vec<(Writer, Timestamp)>,
    },
    /// Proof that a body has a message of the procedente. `at` is the receipt's instant, or that of the link that names the receipt if that is
    /// earlier: no recipient moves its own term by a clock that runs ahead.
    Delivered {
        /// The message.
        message: MessageId,
        /// The body.
        body: Writer,
        /// When it had it.
        at: Timestamp,
        /// Digest of the receipt.
        receipt: Digest,
    },
}

/// The state after these events.
pub fn fold<'a>(id: ConferenceId, events: impl IntoIterator<Item = &'a Event>) -> Conference {
    let mut conference = Conference::new(id);
    for event in events {
        evolve(&mut conference, event);
    }
    conference
}

/// Folds one event.
pub fn evolve(conference: &mut Conference, event: &Event) {
    match event {
        Event::Lead { message, issued_at, regime, act } => {
            if conference.messages.insert(*message) {
                lead(conference, *message, *issued_at, regime, act);
            }
        }
        Event::Taken { message, author, issued_at, act, evidence } => {
            if conference.messages.insert(*message) {
                taken(conference, *message, author, *issued_at, act, evidence);
            } else {
                more_evidence(conference, *message, &evidence.others);
            }
        }
        Event::OnBehalf { message, author, regime, behalf, act } => {
            if conference.messages.insert(*message) {
                on_behalf(conference, *message, author, regime, behalf, act);
            }
        }
        Event::MoreEvidence { message, others } => more_evidence(conference, *message, others),
        Event::Delivered { message, body, at, receipt } => {
            delivered(
                conference,
                Delivery { message: *message, body: body.clone(), at: *at, receipt: *receipt },
            );
        }
    }
}

fn anomaly(conference: &mut Conference, message: MessageId, author: &Writer, refusal: &Refusal) {
    conference.anomalies.push(Anomaly { message, author: author.clone(), code: refusal.code() });
}

fn lead(conference: &mut Conference, message: MessageId, issued_at: Timestamp, regime: &str, act: &Act) {
    let author = conference.lead().clone();
    let checked = check(conference, &author, act, LegalNow(issued_at));
    let verdict = checked.and_then(|_| regime_holds(conference, regime, act));
    match verdict {
        Ok(()) => apply(conference, message, issued_at, act),
        Err(refusal) => anomaly(conference, message, &author, &refusal),
    }
}

fn regime_holds(conference: &Conference, given: &str, act: &Act) -> Result<(), Refusal> {
    let fixed = match (act, conference.regime()) {
        (Act::Notice(notice), _) => {
            let basis = notice.regime_basis_date;
            &Regime::on(basis).map_err(|unknown| Refusal::RegimeUnknown { on: unknown.on })?.id
        }
        (_, Some(fixed)) => fixed,
        (_, None) => return Ok(()),
    };
    if given == fixed {
        Ok(())
    } else {
        Err(Refusal::RegimeMismatch { given: given.to_owned(), fixed: fixed.to_owned() })
    }
}

fn apply(conference: &mut Conference, message: MessageId, issued_at: Timestamp, act: &Act) {
    match act {
        Act::Notice(notice) => convene(conference, message, issued_at, notice),
        Act::ParticipantAdded(extension) => extend(conference, message, issued_at, extension),
        Act::Suspension(order) => suspend(conference, message, order),
        Act::IntegrationDelivered(delivery) => resume(conference, message, issued_at, delivery),
        Act::TermCorrection(correction) => correct(conference, issued_at, correction),
        Act::LateOrInvalidActNotice(notice) => find(conference, message, notice),
        Act::ImpliedAssent(act) => conference.implied.push(sent(message, issued_at, act)),
        Act::PrescriptionConsultation(act) => conference.consultations.push(sent(message, issued_at, act)),
        Act::FinalDetermination(act) => conference.conclusions.push(sent(message, issued_at, act)),
        Act::EfficacyStatement(act) => conference.efficacy.push(sent(message, issued_at, act)),
        Act::Closure(act) => conference.closure = Some(sent(message, issued_at, act)),
        Act::ForkResolved(act) => conference.forks_resolved.push(sent(message, issued_at, act)),
        Act::RecordedExchange(act) => record(conference, message, issued_at, act),
        Act::TermDigest(act) => {
            let author = conference.lead().clone();
            conference.term_digests.insert(author, sent(message, issued_at, act));
        }
        Act::ConveningRequest(act) => conference.convening = Some(sent(message, issued_at, act)),
        Act::MeetingCall(act) => conference.sittings.calls.push(sent(message, issued_at, act)),
        Act::RepresentativeAppointment(act) => {
            let author = conference.lead().clone();
            conference.sittings.appointments.push(Appointment {
                message,
                author,
                at: issued_at,
                act: act.clone(),
            });
        }
        Act::MeetingMinutes(act) => {
            let positions = spoken(conference, message, act);
            conference.determinations.extend(positions);
            conference.sittings.minutes.push(sent(message, issued_at, act));
        }
        Act::RebuttalForwarded(act) => conference.rebuttals.push(sent(message, issued_at, act)),
        Act::SilentGrantCertificate(act) => conference.certificate = Some(sent(message, issued_at, act)),
        // `TakenInCharge` comes as the other events; a sealed act moves nothing; the rest are not the procedente's and were refused.
        Act::TakenInCharge(_)
        | Act::Sealed(_)
        | Act::CompetenceStatement(_)
        | Act::IntegrationRequest(_)
        | Act::SyncModeRequest(_)
        | Act::DissentToRepresentative(_)
        | Act::Determination(_) => {}
    }
}

fn sent<T: Clone>(message: MessageId, issued_at: Timestamp, act: &T) -> Sent<T> {
    Sent { message, issued_at, act: act.clone() }
}

fn convene(conference: &mut Conference, message: MessageId, issued_at: Timestamp, notice: &Notice) {
    if let Ok(regime) = Regime::on(notice.regime_basis_date) {
        regime.id.clone_into(&mut conference.regime);
    }
    // A further round calls everybody anew; the one suspension stays used.
    conference.bodies.clear();
    conference.corrected.clear();
    for invited in &notice.invited {
        call(conference, message, issued_at, invited, Some(notice.dates.clone()));
    }
    conference.notice = Some(sent(message, issued_at, notice));
}

fn call(
    conference: &mut Conference,
    message: MessageId,
    issued_at: Timestamp,
    invited: &Invited,
    stated: Option<StatedDates>,
) {
    let body = Body {
        invited: invited.clone(),
        called_by: message,
        called_on: rome_date(issued_at),
        stated,
        corrected: Vec::new(),
        proof: None,
        later_proofs: Vec::new(),
        released: None,
    };
    conference.bodies.insert(invited.body.clone(), body);
}

fn extend(
    conference: &mut Conference,
    message: MessageId,
    issued_at: Timestamp,
    extension: &ParticipantAdded,
) {
    for invited in &extension.added {
        call(conference, message, issued_at, invited, extension.dates.clone());
    }
    for released in &extension.released {
        if let Some(body) = conference.bodies.get_mut(&released.body) {
            body.released = Some(message);
        }
    }
}

fn suspend(conference: &mut Conference, message: MessageId, order: &Suspension) {
    conference.suspension = Some(SuspensionRecord {
        message,
        suspended_on: order.suspended_on,
        days: order.days,
        requests: order.requests.clone(),
        delivered: None,
    });
}

fn resume(
    conference: &mut Conference,
    message: MessageId,
    issued_at: Timestamp,
    delivery: &IntegrationDelivered,
) {
    if let Some(suspension) = conference.suspension.as_mut() {
        suspension.delivered = Some(IntegrationRecord {
            message,
            issued_at,
            received_on: delivery.received_on,
            dates: delivery.dates.clone(),
        });
    }
}

fn correct(conference: &mut Conference, issued_at: Timestamp, correction: &TermCorrection) {
    let Some(writer) = &correction.body else {
        conference.corrected.insert(correction.term, correction.to);
        return;
    };
    let earlier = earlier_proof(conference, writer, correction.term, correction.to);
    let Some(body) = conference.bodies.get_mut(writer) else { return };
    if correction.to > correction.from {
        body.corrected.push((correction.term, correction.to, rome_date(issued_at)));
    } else if let Some(place) = earlier {
        let proof = body.later_proofs.remove(place);
        body.later_proofs.extend(body.proof.replace(proof));
    }
}

fn find(conference: &mut Conference, message: MessageId, notice: &LateOrInvalidActNotice) {
    let finding = (notice.finding, message);
    let named = notice.message;
    for request in conference.requests.iter_mut().filter(|request| request.message == named) {
        request.time_finding = Some(finding);
    }
    for request in conference.sync_requests.iter_mut().filter(|request| request.message == named) {
        request.time_finding = Some(finding);
    }
    let concerned = |author: &Writer| notice.body.as_ref().is_none_or(|body| body == author);
    let given = conference.determinations.iter_mut().filter(|given| given.message == named);
    for determination in given.filter(|given| concerned(&given.author)) {
        match notice.finding {
            Finding::NonCompliant => determination.non_compliant = Some(message),
            Finding::Timely | Finding::Late | Finding::ExpressAct => {
                determination.time_finding = Some(finding)
            }
        }
    }
}

fn taken(
    conference: &mut Conference,
    message: MessageId,
    author: &Writer,
    issued_at: Timestamp,
    act: &Act,
    evidence: &Evidence,
) {
    let verdict = if author == conference.lead() {
        // The procedente's own acts have effect by their place in its chain, never by being named there.
        Err(Refusal::NotInvited { author: author.clone() })
    } else {
        check(conference, author, act, LegalNow(evidence.received_at))
    };
    let checked = match verdict {
        Ok(checked) => checked,
        Err(refusal) => return anomaly(conference, message, author, &refusal),
    };
    let mut evidence = evidence.clone();
    evidence.certified = certified(conference, message, author);
    keep(conference, received(message, author, issued_at, evidence, &checked), act);
}

/// Records of certified mail by which the author sent this act too.
fn certified(conference: &Conference, message: MessageId, author: &Writer) -> Vec<(MessageId, Timestamp)> {
    let exchanges = conference.exchanges.iter();
    let same = exchanges.filter(|exchange| exchange.act.certifies() == Some((author, message)));
    same.map(|exchange| (exchange.message, exchange.act.at)).collect()
}

/// An act that the procedente wrote for a body: it is in charge at once, and counts at the instant of the exchange that shows it.
fn on_behalf(
    conference: &mut Conference,
    message: MessageId,
    author: &Writer,
    regime: &str,
    behalf: &Behalf,
    act: &Act,
) {
    let checked = check_for(conference, author, behalf, act);
    let verdict = checked.and_then(|checked| {
        regime_holds(conference, regime, act)?;
        Ok((checked, shown(conference, behalf)?.act.at))
    });
    let (checked, at) = match verdict {
        Ok(found) => found,
        Err(refusal) => return anomaly(conference, message, author, &refusal),
    };
    conference.on_behalf.insert(behalf.evidence, message);
    keep(conference, received(message, &behalf.body, at, Evidence::at(at), &checked), act);
}

fn received(
    message: MessageId,
    author: &Writer,
    issued_at: Timestamp,
    evidence: Evidence,
    checked: &Checked,
) -> Received<()> {
    Received {
        message,
        author: author.clone(),
        issued_at,
        evidence,
        act: (),
        defects: checked.defects.iter().map(Refusal::code).collect(),
        time_finding: None,
        non_compliant: None,
        in_session: false,
    }
}

/// Keeps an act of a body.
fn keep(conference: &mut Conference, frame: Received<()>, act: &Act) {
    match act {
        Act::IntegrationRequest(act) => conference.requests.push(frame.with(act)),
        Act::SyncModeRequest(act) => conference.sync_requests.push(frame.with(act)),
        Act::CompetenceStatement(act) => conference.competence_statements.push(frame.with(act)),
        Act::Determination(act) => conference.determinations.push(frame.with(act)),
        Act::DissentToRepresentative(act) => conference.sittings.dissents.push(frame.with(act)),
        Act::RepresentativeAppointment(act) => {
            let (message, author, at) = (frame.message, frame.author, frame.evidence.received_at);
            conference.sittings.appointments.push(Appointment { message, author, at, act: act.clone() });
        }
        Act::TermDigest(act) => {
            let said = sent(frame.message, frame.issued_at, act);
            conference.term_digests.insert(frame.author, said);
        }
        // Everything else is the procedente's and was refused, or moves nothing.
        _ => {}
    }
}

impl Received<()> {
    fn with<T: Clone>(self, act: &T) -> Received<T> {
        Received {
            message: self.message,
            author: self.author,
            issued_at: self.issued_at,
            evidence: self.evidence,
            act: act.clone(),
            defects: self.defects,
            time_finding: self.time_finding,
            non_compliant: self.non_compliant,
            in_session: self.in_session,
        }
    }
}

fn more_evidence(conference: &mut Conference, message: MessageId, others: &[(Writer, Timestamp)]) {
    for (_, evidence) in evidences(conference).filter(|((named, _), _)| *named == message) {
        add_new(&mut evidence.others, others);
    }
}

fn add_new<T: PartialEq + Clone>(held: &mut Vec<T>, given: &[T]) {
    let new: Vec<T> = given.iter().filter(|given| !held.contains(given)).cloned().collect();
    held.extend(new);
}

/// When each act of a body came, by its message and its author.
fn evidences(conference: &mut Conference) -> impl Iterator<Item = ((MessageId, &Writer), &mut Evidence)> {
    fn of<T>(acts: &mut [Received<T>]) -> impl Iterator<Item = ((MessageId, &Writer), &mut Evidence)> {
        acts.iter_mut().map(|act| ((act.message, &act.author), &mut act.evidence))
    }
    of(&mut conference.requests)
        .chain(of(&mut conference.sync_requests))
        .chain(of(&mut conference.competence_statements))
        .chain(of(&mut conference.determinations))
        .chain(of(&mut conference.sittings.dissents))
}

/// Certified mail is evidence: sent to a body it proves delivery, received from one it says when the act it carries was sent.
fn record(
    conference: &mut Conference,
    message: MessageId,
    issued_at: Timestamp,
    exchange: &RecordedExchange,
) {
    conference.exchanges.push(sent(message, issued_at, exchange));
    if let Some((body, about)) = exchange.delivered() {
        let receipt = message.0;
        delivered(conference, Delivery { message: about, body: body.clone(), at: exchange.at, receipt });
    }
    if let Some((body, act)) = exchange.certifies() {
        let of_body = evidences(conference).filter(|(of, _)| *of == (act, body));
        of_body.for_each(|(_, evidence)| add_new(&mut evidence.certified, &[(message, exchange.at)]));
    }
}

fn delivered(conference: &mut Conference, delivery: Delivery) {
    if conference.deliveries.contains(&delivery) {
        return;
    }
    if let Some(body) = conference.bodies.get_mut(&delivery.body)
        && body.called_by == delivery.message
    {
        let proof = Proof { at: delivery.at, receipt: delivery.receipt };
        if body.proof.is_none() {
            body.proof = Some(proof);
        } else {
            body.later_proofs.push(proof);
        }
    }
    conference.deliveries.push(delivery);
}
