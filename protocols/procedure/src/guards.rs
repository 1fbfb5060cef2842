//! The guards: one check for each act, used alike before an act is signed (`decide`) and when it is folded (`evolve`).
//!
//! A guard that fails is a [`Refusal`]. Two things are softer: a [`Warning`] forbids nothing, and a *defect* of a body's
//! determination keeps its author from signing it, but if it was signed all the same it is kept, and an official decides what
//! follows (art. 14-bis c. 4): a formal defect must never turn a dissent into silence.

mod behalf;
mod conclusion;
mod meetings;
mod minutes;
mod notice;
mod positions;
mod representatives;
mod requests;
mod suspension;

use concerto_message::Writer;

use crate::acts::{
    Act, Closure, ClosureGround, Direction, FinalDetermination, ForkResolved, Outcome, RecordedExchange,
    TermKind,
};
use crate::conference::{Conference, Evidence, Sent};
use crate::law::Law;
use crate::legal_time::LegalNow;
use crate::refusal::{Refusal, Warning};
use crate::regime::Settled;
use crate::timeliness::{Timeliness, judge};

pub use behalf::check_for;
pub(crate) use behalf::shown;
pub(crate) use conclusion::{may_oppose, opposition_until, rebuttal_until};
pub(crate) use minutes::spoken;
pub use notice::{proposed_dates, proposed_dates_in};
pub(crate) use positions::{considered, is_absent, silence_term};
pub use suspension::dates_after_integrations;
pub(crate) use suspension::earlier_proof;

/// What a check that found no refusal has to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// What the author should know.
    pub warnings: Vec<Warning>,
    /// Requisites that a determination lacks.
    pub defects: Vec<Refusal>,
}

impl Checked {
    fn warn(&mut self, warning: Warning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// Whether `author` may do this at this instant: now for one who is about to sign, the proven instant for an act that is folded.
pub fn check(conference: &Conference, author: &Writer, act: &Act, at: LegalNow) -> Result<Checked, Refusal> {
    let mut checked = Checked::default();
    phase_allows(conference, act)?;
    author_may(conference, author, act)?;
    let out = &mut checked;
    match act {
        Act::Notice(notice) => notice::notice(conference, notice, at, out)?,
        Act::ParticipantAdded(extension) => notice::extension(conference, extension, at, out)?,
        Act::IntegrationRequest(request) => positions::request(conference, author, request, at, out),
        Act::SyncModeRequest(_) => positions::sync_request(conference, author, at, out),
        Act::Determination(determination) => {
            positions::determination(conference, author, determination, at, out)?;
        }
        Act::Suspension(order) => suspension::order(conference, order, at, out)?,
        Act::IntegrationDelivered(delivery) => suspension::delivery(conference, delivery, at, out)?,
        Act::TermCorrection(correction) => suspension::correction(conference, correction, at, out)?,
        Act::ImpliedAssent(implied) => positions::implied_assent(conference, implied, at, out)?,
        Act::LateOrInvalidActNotice(notice) => positions::finding(conference, notice)?,
        Act::ConveningRequest(request) => requests::convening(conference, request, at, out)?,
        Act::MeetingCall(call) => meetings::call(conference, call, at, out)?,
        Act::RepresentativeAppointment(appointment) => {
            representatives::appointment(conference, author, appointment, out)?;
        }
        Act::DissentToRepresentative(dissent) => {
            representatives::dissent(conference, author, dissent, at, out)?;
        }
        Act::MeetingMinutes(minutes) => minutes::minutes(conference, minutes, at, out)?,
        Act::RebuttalForwarded(rebuttal) => requests::rebuttal(conference, rebuttal)?,
        Act::SilentGrantCertificate(certificate) => {
            requests::certificate(conference, certificate, at, out)?;
        }
        Act::PrescriptionConsultation(consultation) => {
            conclusion::consultation(conference, consultation, at)?;
        }
        Act::FinalDetermination(conclusion) => {
            conclusion::final_determination(conference, conclusion, at, out)?;
        }
        Act::EfficacyStatement(statement) => conclusion::efficacy(conference, statement, at)?,
        Act::RecordedExchange(exchange) => recorded(conference, exchange, at, out)?,
        Act::ForkResolved(fork) => fork_resolved(fork)?,
        Act::Closure(closure) => ends(conference, closure)?,
        Act::CompetenceStatement(_) | Act::TakenInCharge(_) | Act::TermDigest(_) | Act::Sealed(_) => {}
    }
    Ok(checked)
}

/// What may still happen: nothing before the notice but a record of how it came about, little after the end.
fn phase_allows(conference: &Conference, act: &Act) -> Result<(), Refusal> {
    let granted = conference.certificate().map(|certificate| certificate.message);
    if let Some(message) = granted.filter(|_| !matches!(act, Act::RecordedExchange(_) | Act::ForkResolved(_)))
    {
        return Err(Refusal::AlreadyGranted { message });
    }
    if conference.notice().is_none() {
        let opening = matches!(
            act,
            Act::Notice(_)
                | Act::RecordedExchange(_)
                | Act::ConveningRequest(_)
                | Act::SilentGrantCertificate(_)
        );
        return if opening { Ok(()) } else { Err(Refusal::NotConvened) };
    }
    let decides = matches!(
        act,
        Act::ImpliedAssent(_)
            | Act::PrescriptionConsultation(_)
            | Act::FinalDetermination(_)
            | Act::EfficacyStatement(_)
            | Act::DissentToRepresentative(_)
    );
    if conference.is_fact_finding() && decides {
        return Err(Refusal::NoDecision);
    }
    let always = matches!(
        act,
        Act::EfficacyStatement(_)
            | Act::RecordedExchange(_)
            | Act::TermDigest(_)
            | Act::ForkResolved(_)
            | Act::TakenInCharge(_)
    );
    if always {
        return Ok(());
    }
    if conference.closure().is_some() {
        return Err(Refusal::AlreadyClosed);
    }
    let Some(concluded) = conference.conclusion() else { return Ok(()) };
    // a new round or an end may follow the notice of art. 10-bis
    if is_rebuttable(conference)
        && matches!(act, Act::Notice(_) | Act::Closure(_) | Act::RebuttalForwarded(_))
    {
        return Ok(());
    }
    Err(Refusal::AlreadyConcluded { conclusion: concluded.message })
}

/// Whether the conclusion stands as notice of art. 10-bis: negative, on a party's application, and the first. The further one, after the
/// observations, gives account of them and concludes (art. 14-bis c. 5).
pub(crate) fn is_rebuttable(conference: &Conference) -> bool {
    let on_application = conference.notice().is_some_and(|notice| notice.act.party_initiated);
    let negative = |concluded: &Sent<FinalDetermination>| {
        concluded.act.outcome == Outcome::Negative && concluded.act.round == 1
    };
    on_application && conference.conclusion().is_some_and(negative)
}

fn author_may(conference: &Conference, author: &Writer, act: &Act) -> Result<(), Refusal> {
    let is_lead = author == conference.lead();
    match act {
        Act::RepresentativeAppointment(_) if conference.active_body(author).is_some() => Ok(()),
        Act::TermDigest(_) | Act::Sealed(_) if is_lead || conference.bodies().contains_key(author) => Ok(()),
        Act::IntegrationRequest(_)
        | Act::Determination(_)
        | Act::CompetenceStatement(_)
        | Act::SyncModeRequest(_)
        | Act::DissentToRepresentative(_)
        | Act::TermDigest(_)
        | Act::Sealed(_) => match conference.bodies().get(author) {
            None => Err(Refusal::NotInvited { author: author.clone() }),
            Some(body) if body.released.is_some() => Err(Refusal::BodyReleased { author: author.clone() }),
            Some(_) => Ok(()),
        },
        _ if is_lead => Ok(()),
        _ => Err(Refusal::NotLead { author: author.clone() }),
    }
}

fn recorded(
    conference: &Conference,
    exchange: &RecordedExchange,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(), Refusal> {
    if exchange.at > at.0 {
        return Err(Refusal::InstantInFuture);
    }
    if let Some(message) = exchange.about.filter(|message| !conference.messages.contains(message)) {
        out.warn(Warning::AboutUnknown { message });
    }
    let sent = exchange.direction == Direction::Sent && exchange.about.is_some();
    if let Some(body) = exchange.with_body().filter(|_| sent && exchange.delivered().is_none()) {
        out.warn(Warning::DeliveryNotCertified { body: body.clone() });
    }
    Ok(())
}

fn fork_resolved(fork: &ForkResolved) -> Result<(), Refusal> {
    let contradictory = fork.set_aside.is_empty() || fork.set_aside.contains(&fork.kept);
    if contradictory { Err(Refusal::ForkContradictory) } else { Ok(()) }
}

/// An *istruttoria* may end because it has examined; a deciding conference may not.
fn ends(conference: &Conference, closure: &Closure) -> Result<(), Refusal> {
    if closure.ground == ClosureGround::Examined && !conference.is_fact_finding() {
        return Err(Refusal::GroundMisplaced);
    }
    Ok(())
}

/// The settled numbers of the conference's regime, as its sector has them.
pub(crate) fn settled(conference: &Conference) -> Result<Settled<'static>, Refusal> {
    let given = conference.regime().unwrap_or_default();
    let unknown = || Refusal::RegimeMismatch { given: given.to_owned(), fixed: String::new() };
    let law = conference.regime_basis().and_then(Law::on).ok_or_else(unknown)?;
    let regime = law.regime(given).ok_or_else(unknown)?;
    regime.settled_in(law, conference.sector()).map_err(value_missing)
}

fn value_missing(missing: crate::regime::MissingValue) -> Refusal {
    Refusal::ValueMissing { regime: missing.regime, value: missing.value, source_norm: missing.norm }
}

fn not_suspended(conference: &Conference, at: LegalNow) -> Result<(), Refusal> {
    match conference.suspension() {
        Some(suspension) if suspension.stands_on(at.date()) => {
            Err(Refusal::TermsSuspended { until: suspension.ends_at_most() })
        }
        _ => Ok(()),
    }
}

fn same_round(conference: &Conference, given: u32) -> Result<(), Refusal> {
    let current = conference.round();
    if given == current { Ok(()) } else { Err(Refusal::WrongRound { given, current }) }
}

/// How an act that its author sends at this instant would stand to its term.
fn if_sent(conference: &Conference, author: &Writer, kind: TermKind, at: LegalNow) -> Timeliness {
    judge(conference, author, kind, &Evidence::at(at.0))
}
