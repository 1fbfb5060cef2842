//! Guards of what moves terms: the one suspension, its end, corrections (L. 241/1990 art. 2 c. 7; RULES B.2, B.3.c, E.28).

use concerto_message::Writer;
use jiff::civil::Date;

use super::{Checked, not_suspended, settled};
use crate::acts::{Finding, IntegrationDelivered, StatedDates, Suspension, TermCorrection, TermKind};
use crate::calendar::add_days;
use crate::conference::{Conference, IntegrationRecord, Received};
use crate::legal_time::{LegalNow, rome_date};
use crate::refusal::{Refusal, Warning};
use crate::sittings::Meets;
use crate::term::Term;
use crate::terms::{Resumption, body_term, terms};
use crate::timeliness::{Timeliness, judge};

pub(super) fn order(
    conference: &Conference,
    order: &Suspension,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(), Refusal> {
    if let Some(used) = conference.suspension() {
        return Err(Refusal::SuspensionUsed { message: used.message });
    }
    let most = settled(conference)?.suspension.days;
    if order.days == 0 || order.days > most {
        return Err(Refusal::SuspensionLength { days: order.days, most });
    }
    if conference.meets().is_some() && conference.works_are_over(at) {
        return Err(Refusal::WorksClosed);
    }
    let until = at.date();
    let from = consolidated(conference, order)?.max(after_what_ended(conference, at));
    let given = order.suspended_on;
    if given < from || given > until {
        return Err(Refusal::SuspensionDate { given, from, until });
    }
    let open = conference.active_bodies().any(|(writer, _)| {
        let term = body_term(conference, writer, TermKind::Determination, Resumption::AsRecorded);
        term.is_none_or(|term| term.prudential >= given)
    });
    if !open {
        return Err(Refusal::NothingToSuspend);
    }
    if given < until {
        out.warn(Warning::SuspensionBackdated);
    }
    Ok(())
}

/// The day after the last determination term that has already ended: a suspension never brings back what has passed.
fn after_what_ended(conference: &Conference, at: LegalNow) -> Date {
    let running = conference.active_bodies();
    let terms = running.filter_map(|(writer, _)| {
        body_term(conference, writer, TermKind::Determination, Resumption::AsRecorded)
    });
    let ended = terms.filter(|term| term.expired(at)).map(|term| term.strict).max();
    ended.map_or(Date::MIN, |ended| add_days(ended, 1))
}

/// The day on which the last of the consolidated requests came; each must be in its term, one at least concern art. 2 c. 7.
fn consolidated(conference: &Conference, order: &Suspension) -> Result<Date, Refusal> {
    let mut last = None;
    let mut of_art_2 = false;
    for message in &order.requests {
        let found = conference.integration_requests().iter().find(|request| request.message == *message);
        let request = found.ok_or(Refusal::MessageUnknown { message: *message })?;
        in_term(conference, request)?;
        of_art_2 |= request.act.facts_of_art_2_c_7;
        last = last.max(Some(rome_date(request.evidence.received_at)));
    }
    match last {
        None => Err(Refusal::RequestsMissing),
        Some(_) if !of_art_2 => Err(Refusal::NoFactsOfArt2C7),
        Some(last) => Ok(last),
    }
}

pub(super) fn in_term<T>(conference: &Conference, request: &Received<T>) -> Result<(), Refusal> {
    let message = request.message;
    // one of an earlier round does not move the present one
    if conference.notice().is_some_and(|notice| request.evidence.received_at < notice.issued_at) {
        return Err(Refusal::RequestOutOfTerm { message });
    }
    let found = request.time_finding.map(|(finding, _)| finding);
    match judge(conference, &request.author, TermKind::IntegrationRequests, &request.evidence) {
        Timeliness::Timely(_) => Ok(()),
        Timeliness::Disputed(_) if found == Some(Finding::Timely) => Ok(()),
        Timeliness::Disputed(_) if found.is_none() => Err(Refusal::DisputeOpen { message }),
        Timeliness::Disputed(_) | Timeliness::Late(_) => Err(Refusal::RequestOutOfTerm { message }),
    }
}

pub(super) fn delivery(
    conference: &Conference,
    delivery: &IntegrationDelivered,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(), Refusal> {
    let suspension = conference
        .suspension()
        .filter(|suspension| suspension.delivered.is_none())
        .ok_or(Refusal::NotSuspended)?;
    if suspension.message != delivery.suspension {
        return Err(Refusal::OtherSuspension { given: delivery.suspension });
    }
    let (given, from, until) = (delivery.received_on, suspension.suspended_on, at.date());
    if given < from || given > until {
        return Err(Refusal::DeliveryDate { given, from, until });
    }
    if given > suspension.ends_at_most() {
        out.warn(Warning::DeliveryAfterMaximum { resumed: suspension.ends_at_most() });
    } else if given < until {
        out.warn(Warning::DeliveryToldLate);
    }
    weigh_new_dates(conference, delivery, at, out);
    Ok(())
}

/// The dates to state when integrations that came on this day are forwarded: those that the law gives to each class of bodies.
///
/// None before the notice or without a suspension.
pub fn dates_after_integrations(
    conference: &Conference,
    received_on: Date,
    now: LegalNow,
) -> Option<StatedDates> {
    let stated = &conference.notice()?.act.dates;
    let suspension = conference.suspension()?;
    let mut after = conference.clone();
    after.suspension.as_mut()?.delivered = Some(IntegrationRecord {
        message: suspension.message,
        issued_at: now.0,
        received_on,
        dates: stated.clone(),
    });
    let all = terms(&after);
    let last = |kind, long: Option<bool>| {
        let of_class =
            |term: &&Term| match (long, term.body.as_ref().and_then(|body| after.active_body(body))) {
                (Some(long), Some(body)) => after.is_long(body) == long,
                _ => true,
            };
        all.iter().filter(|term| term.kind == kind).filter(of_class).map(|term| term.strict).max()
    };
    // called directly, all bodies have the time of the works
    let works = last(TermKind::EndOfWorks, None);
    let (ordinary, longer) =
        (last(TermKind::Determination, Some(false)), last(TermKind::Determination, Some(true)));
    Some(StatedDates {
        integration_until: last(TermKind::IntegrationRequests, None).unwrap_or(stated.integration_until),
        determination_until: works.or(ordinary).unwrap_or(stated.determination_until),
        sensitive_until: stated.sensitive_until.and(works).or(longer).or(stated.sensitive_until),
        meeting_on: last(TermKind::Meeting, None).unwrap_or(stated.meeting_on),
        procedure_until: last(TermKind::Procedure, None).or(stated.procedure_until),
    })
}

/// Compares the dates stated anew with those that the law gives.
fn weigh_new_dates(
    conference: &Conference,
    delivery: &IntegrationDelivered,
    at: LegalNow,
    out: &mut Checked,
) {
    let mut after = conference.clone();
    if let Some(suspension) = after.suspension.as_mut() {
        suspension.delivered = Some(IntegrationRecord {
            message: delivery.suspension,
            issued_at: at.0,
            received_on: delivery.received_on,
            dates: delivery.dates.clone(),
        });
    }
    for term in terms(&after) {
        for step in &term.derivation {
            if let crate::term::Step::Conflict { conflict, stated, computed } = step {
                let (term, stated, computed) = (term.kind, *stated, *computed);
                out.warn(match conflict {
                    crate::term::Conflict::StatedBeyondMaximum => {
                        Warning::StatedBeyondMaximum { term, stated, computed }
                    }
                    crate::term::Conflict::ReceivedLaterThanStated => {
                        Warning::StatedTooEarly { term, stated, computed }
                    }
                });
            }
        }
    }
}

/// A correction states a date anew. A peremptory term has no extension (B.3.c): beyond the legal maximum the new date protects those who
/// rely on it (their acts are disputed) and no more. A term is shortened only if an earlier proof of receipt of that body is on record,
/// to the date that follows from it, not into the past, and if no act already received in time would become late.
pub(super) fn correction(
    conference: &Conference,
    correction: &TermCorrection,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(), Refusal> {
    let stands = corrected_term(conference, correction, at)?.strict;
    if correction.from != stands {
        return Err(Refusal::CorrectionOutdated { stands });
    }
    if correction.to == stands {
        return Err(Refusal::NothingChanged);
    }
    let Some(body) = &correction.body else {
        return if correction.to > stands { Ok(()) } else { Err(Refusal::CorrectionShortens { stands }) };
    };
    if correction.to < stands {
        let grounded = correction.to >= at.date()
            && earlier_proof(conference, body, correction.term, correction.to).is_some();
        return if grounded { Ok(()) } else { Err(Refusal::CorrectionShortens { stands }) };
    }
    let mut after = conference.clone();
    if let Some(body) = after.bodies.get_mut(body) {
        body.corrected.push((correction.term, correction.to, at.date()));
    }
    let reached = body_term(&after, body, correction.term, Resumption::AsRecorded).map(|term| term.strict);
    if reached.is_some_and(|reached| reached < correction.to) {
        out.warn(Warning::CorrectionBeyondMaximum { computed: stands });
    }
    Ok(())
}

fn corrected_term(
    conference: &Conference,
    correction: &TermCorrection,
    at: LegalNow,
) -> Result<Term, Refusal> {
    let term = correction.term;
    let unknown = Refusal::TermUnknown { term };
    match (term, &correction.body) {
        (TermKind::Notice | TermKind::Suspension | TermKind::EndOfWorks, _) => {
            Err(Refusal::TermNotCorrectable { term })
        }
        // its time is that of the works, which the law ends
        (TermKind::Determination, _) if conference.meets() == Some(Meets::Directly) => {
            Err(Refusal::TermNotCorrectable { term })
        }
        (TermKind::IntegrationRequests | TermKind::Determination, Some(body)) => {
            not_suspended(conference, at)?;
            if conference.active_body(body).is_none() {
                return Err(Refusal::BodyUnknown { body: body.clone() });
            }
            let found = body_term(conference, body, term, Resumption::AsRecorded);
            // What has passed under every reading is not corrected: a peremptory term never comes back.
            found.filter(|found| !found.expired_prudentially(at)).ok_or(unknown)
        }
        (TermKind::Meeting | TermKind::FinalDetermination | TermKind::Procedure, None) => {
            terms(conference).into_iter().find(|found| found.kind == term).ok_or(unknown)
        }
        _ => Err(unknown),
    }
}

/// The place, among the later proofs of a body, of one that came earlier, gives this date and makes no timely act late.
pub(crate) fn earlier_proof(
    conference: &Conference,
    writer: &Writer,
    kind: TermKind,
    to: Date,
) -> Option<usize> {
    let later = &conference.active_body(writer)?.later_proofs;
    later.iter().position(|proof| {
        let mut after = conference.clone();
        if let Some(body) = after.bodies.get_mut(writer) {
            body.proof = Some(*proof);
        }
        let reached = body_term(&after, writer, kind, Resumption::AsRecorded).map(|term| term.strict);
        reached == Some(to) && nobody_becomes_late(conference, &after)
    })
}

fn nobody_becomes_late(before: &Conference, after: &Conference) -> bool {
    let timely = |conference: &Conference, author, kind, evidence| {
        matches!(judge(conference, author, kind, evidence), Timeliness::Timely(_))
    };
    let requests = before.integration_requests().iter();
    let requests =
        requests.map(|request| (&request.author, TermKind::IntegrationRequests, &request.evidence));
    let given = before.determinations();
    let given =
        given.map(|determination| (&determination.author, TermKind::Determination, &determination.evidence));
    requests.chain(given).all(|(author, kind, evidence)| {
        !timely(before, author, kind, evidence) || timely(after, author, kind, evidence)
    })
}
