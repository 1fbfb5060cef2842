//! Guards of what comes from outside: the request that starts the procedure, observations forwarded, grants by silence
//! (L. 241/1990 art. 10-bis, 14-bis c. 2, c. 5; D.Lgs. 259/2003 art. 44, 49; RULES A.9, D.1, D.7).

use jiff::civil::Date;

use super::conclusion::express_acts_missing;
use super::{Checked, not_suspended};
use crate::acts::{
    ConveningRequest, Direction, Notice, Outcome, Outside, RebuttalForwarded, Sector, SilentGrantCertificate,
    WorksClass,
};
use crate::conference::{Conference, Sent};
use crate::counting::Due;
use crate::law::Law;
use crate::legal_time::{LegalNow, expired, rome_date};
use crate::procedures::value_name;
use crate::refusal::{Refusal, Warning};
use crate::schedule::{Facts, Planned, Request, schedule};
use crate::term::StartEvent;
use crate::timeliness::{counted_of, standing_of, undecided_of};

pub(super) fn convening(
    conference: &Conference,
    request: &ConveningRequest,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(), Refusal> {
    match conference.convening_request() {
        Some(known) if conference.notice().is_some() => {
            return Err(Refusal::AlreadyRequested { message: known.message });
        }
        // until the notice rests on it, what was recorded wrongly is recorded anew
        Some(known) => out.warn(Warning::ReplacesRequest { message: known.message }),
        None => {}
    }
    // recorded after the notice it serves the certificate of a silent grant; it must be what the notice started from
    match conference.notice().map(|notice| &notice.act) {
        Some(notice) if notice.round > 1 => {
            return Err(Refusal::AlreadyConvened { round: notice.round });
        }
        Some(notice) if notice.started_on != request.received_on => {
            return Err(Refusal::StartDiffers { recorded: notice.started_on });
        }
        Some(notice) if notice.sector != request.sector => return Err(Refusal::SectorDiffers),
        _ => {}
    }
    if request.received_on > at.date() {
        return Err(Refusal::StartInFuture { started_on: request.received_on });
    }
    if request.works.is_some() == (request.sector == Some(Sector::ElectronicWorks)) {
        Ok(())
    } else {
        Err(Refusal::WorksClassMisplaced)
    }
}

/// The observations on record, on the negative conclusion that stands.
pub(super) fn rebuttal(conference: &Conference, rebuttal: &RebuttalForwarded) -> Result<(), Refusal> {
    let negative = conference.conclusion().filter(|conclusion| conclusion.act.outcome == Outcome::Negative);
    let conclusion = negative.ok_or(Refusal::ObservationsMissing)?;
    if conclusion.message != rebuttal.conclusion {
        return Err(Refusal::OtherConclusion { given: rebuttal.conclusion });
    }
    if conference.rebuttals().iter().any(|known| known.act.observations == rebuttal.observations) {
        return Err(Refusal::NothingChanged);
    }
    let on_record = conference.exchanges().iter().any(|exchange| {
        exchange.message == rebuttal.observations
            && exchange.act.party == Outside::Applicant
            && exchange.act.direction == Direction::Received
            && exchange.act.about == Some(conclusion.message)
    });
    if on_record { Ok(()) } else { Err(Refusal::ObservationsMissing) }
}

/// A grant by silence: the application is of a sector that knows one, its days are over, and nothing stopped or blocks them.
pub(super) fn certificate(
    conference: &Conference,
    certificate: &SilentGrantCertificate,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(), Refusal> {
    let application = conference.convening_request().ok_or(Refusal::NoSilentGrant)?;
    if application.message != certificate.application {
        return Err(Refusal::MessageUnknown { message: certificate.application });
    }
    match application.act.sector {
        Some(Sector::ElectronicWorks) => {}
        Some(Sector::ElectronicPlants) => unblocked(conference, at)?,
        _ => return Err(Refusal::NoSilentGrant),
    }
    for (writer, _) in conference.active_bodies() {
        let conditional = counted_of(conference, writer)
            .is_some_and(|counted| !counted.determination().act.prescriptions.is_empty());
        if conditional {
            out.warn(Warning::ConditionsBesideGrant { body: writer.clone() });
        }
    }
    stated_days(certificate, application.act.received_on, at)?;
    let request = request_of(conference, &application.act, certificate)?;
    if let Some(request) = request.filter(|request| request.answered.is_none()) {
        return Err(Refusal::GrantIncomplete { asked: request.on });
    }
    let [grant, attested] = planned(&application.act, request, grant_names(&application.act))?;
    if application.act.sector == Some(Sector::ElectronicWorks) && stopped(conference, grant.due) {
        return Err(Refusal::SilenceStopped);
    }
    if certificate.expired_on != grant.due.strict {
        return Err(Refusal::GrantFactsDiffer { due: grant.due.strict });
    }
    if !expired(grant.due.prudential, at) {
        return Err(Refusal::GrantRunning { until: grant.due.prudential });
    }
    if expired(attested.due.strict, at) {
        out.warn(Warning::CertificateLate { due: attested.due.strict });
    }
    Ok(())
}

/// Art. 49: calling the conference stops the days of the silence, not a silence that was complete before.
fn stopped(conference: &Conference, grant: Due) -> bool {
    let called =
        |notice: &Sent<Notice>| notice.act.round > 1 || rome_date(notice.issued_at) <= grant.prudential;
    conference.notice().is_some_and(called)
}

/// Art. 44: a reasoned dissent, a conclusion or an act that European law wants express keeps the silence from granting.
fn unblocked(conference: &Conference, at: LegalNow) -> Result<(), Refusal> {
    not_suspended(conference, at)?;
    for (writer, body) in conference.active_bodies() {
        if let Some(disputed) = undecided_of(conference, writer) {
            return Err(Refusal::DisputeOpen { message: disputed.message });
        }
        let dissents = counted_of(conference, writer)
            .is_some_and(|counted| counted.determination().act.position.is_dissent());
        let missing = express_acts_missing(body, standing_of(conference, writer)).next().is_some();
        if dissents || missing {
            return Err(Refusal::GrantBlocked { body: writer.clone() });
        }
    }
    Ok(())
}

/// The days that the certificate states follow each other, and none lies ahead.
fn stated_days(certificate: &SilentGrantCertificate, filed: Date, at: LegalNow) -> Result<(), Refusal> {
    let until = at.date();
    let requested = certificate.requested_on.unwrap_or(filed);
    if requested < filed || requested > until {
        return Err(Refusal::SuspensionDate { given: requested, from: filed, until });
    }
    match certificate.completed_on {
        Some(given) if given < requested || given > until || certificate.requested_on.is_none() => {
            Err(Refusal::DeliveryDate { given, from: requested, until })
        }
        _ => Ok(()),
    }
}

/// The one request to the applicant: as the conference suspended its terms, else as the certificate states it, if it came in its days.
fn request_of(
    conference: &Conference,
    application: &ConveningRequest,
    certificate: &SilentGrantCertificate,
) -> Result<Option<Request>, Refusal> {
    if let Some(suspension) = conference.suspension() {
        let answered = suspension.delivered.as_ref().map(|delivered| delivered.received_on);
        return Ok(Some(Request { on: suspension.suspended_on, answered }));
    }
    let Some(on) = certificate.requested_on else { return Ok(None) };
    let [last] = planned(application, None, ["integration_requests"])?;
    // a request after its days moves nothing: the silence is complete on its day all the same
    let in_time = on <= last.due.prudential;
    Ok(in_time.then_some(Request { on, answered: certificate.completed_on }))
}

/// The names of the silence and of its certificate in the data of the sector.
fn grant_names(application: &ConveningRequest) -> [&'static str; 2] {
    match application.works {
        Some(WorksClass::Crossing) => ["grant_crossings", "certificate_crossings"],
        Some(WorksClass::Existing) => ["grant_existing", "certificate_existing"],
        Some(WorksClass::Ordinary) | None => ["grant", "certificate"],
    }
}

/// Terms of the sector, by their names in its data.
fn planned<const N: usize>(
    application: &ConveningRequest,
    request: Option<Request>,
    names: [&'static str; N],
) -> Result<[Planned; N], Refusal> {
    let sector = application.sector.ok_or(Refusal::NoSilentGrant)?;
    let filed = application.received_on;
    let facts = Facts {
        kind: sector.procedure().to_owned(),
        notice: Some(filed),
        events: [(StartEvent::Application, filed)].into(),
        request,
        ..Facts::default()
    };
    let law = Law::on(filed).ok_or(Refusal::RegimeUnknown { on: filed })?;
    let schedule = schedule(law, &facts).map_err(|_| Refusal::GrantFactsDiffer { due: filed })?;
    let mut found = Vec::with_capacity(N);
    for id in names {
        let planned = schedule.terms.iter().find(|planned| planned.id == id).cloned();
        found.push(planned.ok_or_else(|| Refusal::ValueMissing {
            regime: sector.procedure().to_owned(),
            value: value_name(sector.procedure(), id),
            source_norm: schedule.procedure.norm.clone(),
        })?);
    }
    found.try_into().map_err(|_| Refusal::NoSilentGrant) // as many as were named
}
