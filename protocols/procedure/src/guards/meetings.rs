//! Guards of the call of a meeting (L. 241/1990 art. 14-bis c. 6-7, art. 14-ter c. 1-2; RULES D.1, D.2).
//!
//! After determinations that do not suffice the regime says how the conference meets: in one telematic meeting, or simultaneously. Before
//! that, a reasoned request within its term lets the procedente choose the simultaneous form. Operative meetings are free.

use concerto_message::MessageId;
use jiff::civil::Date;

use super::conclusion::standing_positions;
use super::suspension::in_term;
use super::{Checked, not_suspended, same_round, value_missing};
use crate::acts::{MeetingCall, MeetingMode, Position, TermKind};
use crate::conference::{Conference, Sent};
use crate::legal_time::{LegalNow, rome_date};
use crate::refusal::{Refusal, Warning};
use crate::regime::Regime;
use crate::sittings::Meets;
use crate::terms::{Resumption, body_term, end_of_works, terms};

pub(super) fn call(
    conference: &Conference,
    call: &MeetingCall,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(), Refusal> {
    same_round(conference, call.round)?;
    if call.held_on < at.date() {
        return Err(Refusal::MeetingDate { given: call.held_on, from: at.date() });
    }
    if call.mode == MeetingMode::Operative {
        return if call.request.is_some() { Err(Refusal::OperativeMeeting) } else { Ok(()) };
    }
    not_suspended(conference, at)?;
    let further = conference.uncalled(at).next().is_some();
    if conference.works_closed_at().is_some() && !further {
        return Err(match conference.sessions().next_back() {
            Some(held) if conference.meets() == Some(Meets::Once) => {
                Refusal::OneMeeting { held: held.message }
            }
            _ => Refusal::WorksClosed,
        });
    }
    match (conference.meets(), &call.request) {
        (Some(_), Some(_)) => return Err(Refusal::AlreadyMeets),
        (Some(meets), None) => next_session(conference, meets, call, further)?,
        (None, Some(request)) => on_request(conference, *request, call, at)?,
        (None, None) if conference.is_fact_finding() => {}
        (None, None) => after_determinations(conference, call, at)?,
    }
    out.warnings.extend(missing_representative(conference));
    if conference.sessions().next().is_none() {
        out.warnings.extend(late(conference, call, at));
    }
    Ok(())
}

/// The warning where the first session comes after its day, as the law gives it once the meeting is called.
fn late(conference: &Conference, call: &MeetingCall, at: LegalNow) -> Option<Warning> {
    let mut after = conference.clone();
    let message = conference.notice()?.message; // stands for that of the call, which is not made yet
    after.sittings.calls.push(Sent { message, issued_at: at.0, act: call.clone() });
    let meeting = terms(&after).into_iter().find(|term| term.kind == TermKind::Meeting)?;
    (call.held_on > meeting.strict).then_some(Warning::MeetingLate { until: meeting.strict })
}

/// Another day for a conference that meets already, not beyond the end of its works; a further session is for those it does not bind.
fn next_session(
    conference: &Conference,
    meets: Meets,
    call: &MeetingCall,
    further: bool,
) -> Result<(), Refusal> {
    if call.mode != meets.mode() {
        return Err(mode_wrong(conference));
    }
    if further || conference.sessions().next().is_none() {
        return Ok(());
    }
    within_works(conference, call.held_on)
}

/// A session is not after the end of the works.
///
/// # Errors
/// [`Refusal::ValueMissing`] where nobody has settled how long the works last: then they go on in one session alone.
pub(super) fn within_works(conference: &Conference, day: Date) -> Result<(), Refusal> {
    match end_of_works(conference).map_err(value_missing)? {
        Some(end) if day > end.strict => Err(Refusal::AfterEndOfWorks { until: end.strict }),
        _ => Ok(()),
    }
}

/// The simultaneous form on a request of a body, or of the applicant on record, that came in time (art. 14-bis c. 7). It gives back no
/// days to a body whose term has passed.
fn on_request(
    conference: &Conference,
    request: MessageId,
    call: &MeetingCall,
    at: LegalNow,
) -> Result<(), Refusal> {
    match conference.sync_requests().iter().find(|asked| asked.message == request) {
        Some(asked) => in_term(conference, asked)?,
        None => of_applicant_in_term(conference, request)?,
    }
    for (writer, _) in conference.active_bodies() {
        let term = body_term(conference, writer, TermKind::Determination, Resumption::AsRecorded);
        if let Some(passed) = term.filter(|term| term.expired(at)) {
            return Err(Refusal::GrantReopens { body: writer.clone(), until: passed.strict });
        }
    }
    if call.mode == MeetingMode::Simultaneous { Ok(()) } else { Err(mode_wrong(conference)) }
}

/// The applicant has the days of the bodies for such a request: the last of their terms for requests, else the date stated.
fn of_applicant_in_term(conference: &Conference, request: MessageId) -> Result<(), Refusal> {
    let unknown = Refusal::MessageUnknown { message: request };
    let (Some(notice), Some(came)) = (conference.notice(), conference.sync_request_at(request)) else {
        return Err(unknown);
    };
    let kind = TermKind::IntegrationRequests;
    let terms = conference
        .active_bodies()
        .filter_map(|(writer, _)| body_term(conference, writer, kind, Resumption::AsRecorded));
    let until = terms.map(|term| term.strict).max().unwrap_or(notice.act.dates.integration_until);
    if came >= notice.issued_at && rome_date(came) <= until {
        Ok(())
    } else {
        Err(Refusal::RequestOutOfTerm { message: request })
    }
}

/// The meeting after determinations that do not suffice (art. 14-bis c. 6): every position is known, and one is not an assent without
/// conditions.
fn after_determinations(conference: &Conference, call: &MeetingCall, at: LegalNow) -> Result<(), Refusal> {
    let positions = standing_positions(conference, at)?;
    if positions.values().all(|standing| standing.position() == Position::Assent) {
        return Err(Refusal::MeetingNotNeeded);
    }
    let regime = conference.regime_basis().and_then(|basis| Regime::named_on(conference.regime()?, basis));
    if regime.is_some_and(|regime| regime.meeting_mode == call.mode) {
        Ok(())
    } else {
        Err(mode_wrong(conference))
    }
}

fn mode_wrong(conference: &Conference) -> Refusal {
    Refusal::MeetingModeWrong { regime: conference.regime().unwrap_or_default().to_owned() }
}

/// The warning where the State's administrations have no single representative.
pub(super) fn missing_representative(conference: &Conference) -> Option<Warning> {
    let body = conference.without_state_representative().into_iter().next()?;
    Some(Warning::StateRepresentativeMissing { body })
}
