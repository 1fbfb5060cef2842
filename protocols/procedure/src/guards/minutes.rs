//! Guards of the minutes of a session (L. 241/1990 art. 14-ter c. 3-4, c. 7; DL 189/2016 art. 16; RULES C.2.1, D.2, D.6).
//!
//! The procedente writes what was said; what a body said is kept even where it lacks a requisite, and an official decides what follows.

use concerto_message::{MessageId, Writer};
use std::collections::{BTreeMap, BTreeSet};

use super::meetings::{missing_representative, within_works};
use super::positions::defects;
use super::{Checked, not_suspended, same_round};
use crate::acts::{Determination, MeetingCall, MeetingMinutes, MeetingMode, Position, SessionPosition};
use crate::conference::{Conference, Evidence, Received, Sent};
use crate::legal_time::{LegalNow, rome_date};
use crate::refusal::{Refusal, Warning};
use crate::sittings::{Meets, is_quorum};

pub(super) fn minutes(
    conference: &Conference,
    minutes: &MeetingMinutes,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(), Refusal> {
    same_round(conference, minutes.round)?;
    instants(conference, minutes, at)?;
    present(conference, minutes)?;
    if conference.is_operative(minutes) {
        let moves = minutes.works_closed || minutes.next_on.is_some() || !minutes.positions.is_empty();
        return if moves { Err(Refusal::OperativeMeeting) } else { Ok(()) };
    }
    if conference.is_further(minutes) {
        further(conference, minutes)?;
    } else {
        if conference.works_closed_at().is_some() {
            return Err(Refusal::WorksClosed);
        }
        within_works(conference, rome_date(minutes.opened_at))
            .or_else(|refusal| one_session(conference, minutes, refusal))?;
    }
    if minutes.works_closed {
        not_suspended(conference, at)?;
    }
    goes_on(conference, minutes)?;
    quorum(conference, minutes)?;
    if conference.is_fact_finding() && !minutes.positions.is_empty() {
        return Err(Refusal::NoPositions);
    }
    positions(conference, minutes, out)?;
    if minutes.works_closed {
        not_called(conference, minutes, out);
    }
    out.warnings.extend(missing_representative(conference));
    Ok(())
}

/// A further session, after the works, is for those whom they do not bind, called since, and closes them again.
fn further(conference: &Conference, minutes: &MeetingMinutes) -> Result<(), Refusal> {
    let uncalled: BTreeSet<&Writer> = conference.uncalled(LegalNow(minutes.opened_at)).collect();
    let call = conference.last_call().filter(|call| call.message == minutes.meeting);
    let since = call.is_some_and(|call| {
        let over_at_call = conference.works_are_over(LegalNow(call.issued_at));
        over_at_call && conference.sessions().all(|held| held.act.meeting != call.message)
    });
    let for_them = minutes.positions.iter().all(|taken| uncalled.contains(&taken.body));
    if uncalled.is_empty() || !since || !for_them {
        return Err(Refusal::WorksClosed);
    }
    if minutes.works_closed { Ok(()) } else { Err(Refusal::SessionEnd) }
}

/// Who is neither there nor shown to have been called is told: the works do not bind it.
fn not_called(conference: &Conference, minutes: &MeetingMinutes, out: &mut Checked) {
    let mut after = conference.clone();
    let message = minutes.meeting; // stands for that of the minutes, which are not made yet
    after.sittings.minutes.push(Sent { message, issued_at: minutes.closed_at, act: minutes.clone() });
    for body in after.uncalled(LegalNow(minutes.closed_at)) {
        out.warn(Warning::NotCalledToWorks { body: body.clone() });
    }
}

/// A session that closes the works needs no limit for them; one without quorum is held again on another day.
fn one_session(conference: &Conference, minutes: &MeetingMinutes, refusal: Refusal) -> Result<(), Refusal> {
    match refusal {
        Refusal::ValueMissing { .. } if minutes.next_on.is_none() || is_deserted(conference, minutes) => {
            Ok(())
        }
        refusal => Err(refusal),
    }
}

/// Whether too few members came to deliberate.
fn is_deserted(conference: &Conference, minutes: &MeetingMinutes) -> bool {
    conference.deliberates() && !is_quorum(minutes.present.len(), conference.active_bodies().count())
}

/// What called the meeting, the number of the session, and its instants.
fn instants(conference: &Conference, minutes: &MeetingMinutes, at: LegalNow) -> Result<(), Refusal> {
    let message = minutes.meeting;
    let call = conference.meeting_calls().find(|call| call.message == message);
    let last = conference.last_call();
    // a call made since takes the place of an earlier one: whoever had only that one was not called to this session
    let replaced = |call: &Sent<MeetingCall>| last.is_some_and(|last| last.message != call.message);
    let by_notice = last.is_none()
        && conference.meets() == Some(Meets::Directly)
        && conference.notice().is_some_and(|notice| notice.message == message);
    let called_at = call.map(|call| call.issued_at).or(conference.notice().map(|notice| notice.issued_at));
    let (called_for, operative) = match call {
        Some(call) if call.act.mode == MeetingMode::Operative => (Some(call.act.held_on), true),
        Some(call) if !replaced(call) => (conference.called_for(), false),
        None if by_notice || called_by_fact_finding(conference, message) => (conference.called_for(), false),
        _ => return Err(Refusal::MeetingUnknown { message }),
    };
    let kept =
        conference.sittings.minutes.iter().filter(|kept| {
            kept.act.round == minutes.round && conference.is_operative(&kept.act) == operative
        });
    let expected = u16::try_from(kept.count().saturating_add(1)).unwrap_or(u16::MAX);
    if minutes.session != expected {
        return Err(Refusal::SessionNumber { expected });
    }
    let called_for = called_for.unwrap_or_else(|| rome_date(minutes.opened_at));
    let coherent = called_at.is_some_and(|called| called <= minutes.opened_at)
        && minutes.opened_at < minutes.closed_at
        && minutes.closed_at <= at.0
        && rome_date(minutes.opened_at) >= called_for;
    if coherent { Ok(()) } else { Err(Refusal::SessionInstants { called_for }) }
}

fn called_by_fact_finding(conference: &Conference, message: MessageId) -> bool {
    conference.is_fact_finding() && conference.notice().is_some_and(|notice| notice.message == message)
}

/// Those present are bodies of the conference, each once; an appointment named represents that body.
fn present(conference: &Conference, minutes: &MeetingMinutes) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for present in &minutes.present {
        let body = present.body.clone();
        if conference.active_body(&body).is_none() {
            return Err(Refusal::BodyUnknown { body });
        }
        if !seen.insert(&present.body) {
            return Err(Refusal::TwiceInSession { body });
        }
        if let Some(message) = present.appointment {
            let known = conference
                .appointments()
                .iter()
                .any(|found| found.message == message && found.act.represents.contains(&body));
            if !known {
                return Err(Refusal::AppointmentUnknown { message });
            }
        }
    }
    Ok(())
}

/// A session is adjourned within the works, or closes them; the telematic meeting is one.
fn goes_on(conference: &Conference, minutes: &MeetingMinutes) -> Result<(), Refusal> {
    match (minutes.next_on, minutes.works_closed) {
        (None, true) => Ok(()),
        (Some(_), false) if conference.meets() == Some(Meets::Once) => Err(Refusal::SessionEnd),
        (Some(next), false) if next > rome_date(minutes.closed_at) => {
            within_works(conference, next).or_else(|refusal| one_session(conference, minutes, refusal))
        }
        (Some(next), false) => Err(Refusal::MeetingDate {
            given: next,
            from: crate::calendar::add_days(rome_date(minutes.closed_at), 1),
        }),
        _ => Err(Refusal::SessionEnd),
    }
}

/// Where the conference deliberates, at least half of its members are there; else the session can only be adjourned.
fn quorum(conference: &Conference, minutes: &MeetingMinutes) -> Result<(), Refusal> {
    let deliberating = minutes.works_closed || !minutes.positions.is_empty();
    if deliberating && is_deserted(conference, minutes) {
        let (present, members) = (minutes.present.len(), conference.active_bodies().count());
        return Err(Refusal::NoQuorum { present, members });
    }
    Ok(())
}

fn positions(conference: &Conference, minutes: &MeetingMinutes, out: &mut Checked) -> Result<(), Refusal> {
    let present: BTreeMap<&Writer, Option<MessageId>> =
        minutes.present.iter().map(|present| (&present.body, present.appointment)).collect();
    let (mut spoke, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    let mut voices: BTreeMap<MessageId, Position> = BTreeMap::new();
    for taken in &minutes.positions {
        let body = taken.body.clone();
        let Some(appointment) = present.get(&taken.body) else { return Err(Refusal::NotPresent { body }) };
        if !spoke.insert(&taken.body) {
            return Err(Refusal::TwiceInSession { body });
        }
        if let Some(implied) = conference.implied_assents().find(|implied| implied.act.body == body)
            && taken.position != Position::Assent
        {
            return Err(Refusal::AssentStands { body, message: implied.message });
        }
        let of_state = conference.state_representative_of(&body);
        let voice = of_state.map(|found| found.message).or(*appointment);
        if let Some(voice) = voice
            && *voices.entry(voice).or_insert(taken.position) != taken.position
        {
            return Err(Refusal::RepresentativeDivided { body });
        }
        if taken.prescriptions.iter().any(|prescription| !numbers.insert(prescription.number)) {
            return Err(Refusal::SessionNumbers);
        }
        if !defects(conference, &body, &determination_of(taken, minutes.round))?.is_empty() {
            out.warn(Warning::PositionDefective { body });
        }
    }
    Ok(())
}

fn determination_of(taken: &SessionPosition, round: u32) -> Determination {
    Determination {
        position: taken.position,
        round,
        acts: taken.acts.clone(),
        prescriptions: taken.prescriptions.clone(),
    }
}

/// The positions of a session as determinations, with the minutes as their message and its closing as their instant.
pub(crate) fn spoken(
    conference: &Conference,
    message: MessageId,
    minutes: &MeetingMinutes,
) -> Vec<Received<Determination>> {
    let of = |taken: &SessionPosition| {
        let act = determination_of(taken, minutes.round);
        let lacking = defects(conference, &taken.body, &act).unwrap_or_default();
        Received {
            message,
            author: taken.body.clone(),
            issued_at: minutes.closed_at,
            evidence: Evidence::at(minutes.closed_at),
            act,
            defects: lacking.iter().map(Refusal::code).collect(),
            time_finding: None,
            non_compliant: None,
            in_session: true,
        }
    };
    minutes.positions.iter().map(of).collect()
}
