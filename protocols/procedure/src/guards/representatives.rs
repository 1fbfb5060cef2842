//! Guards of who speaks for a body (L. 241/1990 art. 14-ter c. 3-5; RULES D.2.1).
//!
//! In a conference that meets, the administrations of the State speak through one representative where others take part too; each of
//! them that guards a qualified interest may tell it of a dissent before the end of the works.

use concerto_message::Writer;
use std::collections::BTreeSet;

use super::{Checked, same_round};
use crate::acts::{Appointer, DissentToRepresentative, Level, RepresentativeAppointment};
use crate::conference::Conference;
use crate::legal_time::LegalNow;
use crate::refusal::{Refusal, Warning};

pub(super) fn appointment(
    conference: &Conference,
    author: &Writer,
    appointment: &RepresentativeAppointment,
    out: &mut Checked,
) -> Result<(), Refusal> {
    if conference.works_closed_at().is_some() {
        return Err(Refusal::WorksClosed);
    }
    let by = appointment.appointed_by;
    let mut seen = BTreeSet::new();
    let once = appointment.represents.iter().all(|body| seen.insert(body));
    if !once || seen.is_empty() || (by == Appointer::Own && seen.len() > 1) {
        return Err(Refusal::AppointmentOfNobody);
    }
    for represented in &appointment.represents {
        let body = represented.clone();
        let called =
            conference.active_body(represented).ok_or_else(|| Refusal::BodyUnknown { body: body.clone() })?;
        if by.is_of_state() && called.invited.level.is_some_and(|level| level != Level::State) {
            return Err(Refusal::NotOfState { body });
        }
        let of_state = called.invited.level == Some(Level::State);
        if of_state && matches!(by, Appointer::Region | Appointer::LocalBody) {
            return Err(Refusal::AppointmentNotYours { author: author.clone() }); // nothing of the State depends on them
        }
        if conference.representative_of(represented).is_some() {
            out.warn(Warning::ReplacesRepresentative { body });
        }
    }
    let own = !by.is_of_state() && appointment.represents.contains(author);
    if author != conference.lead() && !own {
        return Err(Refusal::AppointmentNotYours { author: author.clone() });
    }
    Ok(())
}

/// A body of the State that has a single representative does not speak beside it once the conference meets. What it said before either
/// stands.
pub(super) fn may_speak(conference: &Conference, author: &Writer, at: LegalNow) -> Result<(), Refusal> {
    let meets = conference.meets_since().filter(|since| *since <= at.0 && !conference.is_fact_finding());
    match conference.state_representative_of(author).filter(|found| meets.is_some() && found.at <= at.0) {
        Some(found) => {
            Err(Refusal::SpeaksThroughRepresentative { body: author.clone(), appointment: found.message })
        }
        None => Ok(()),
    }
}

pub(super) fn dissent(
    conference: &Conference,
    author: &Writer,
    dissent: &DissentToRepresentative,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(), Refusal> {
    same_round(conference, dissent.round)?;
    // before the conference meets each body speaks for itself
    if conference.meets().is_none() {
        return Err(Refusal::NoStateRepresentative);
    }
    let mut of_state = conference
        .appointments()
        .iter()
        .filter(|found| found.act.appointed_by.is_of_state() && found.act.represents.contains(author))
        .peekable();
    if of_state.peek().is_none() {
        return Err(Refusal::NoStateRepresentative);
    }
    // a dissent told to one that was replaced since does not turn into silence
    if !of_state.any(|found| found.message == dissent.appointment) {
        return Err(Refusal::AppointmentUnknown { message: dissent.appointment });
    }
    if conference.works_are_over(at) {
        out.warn(Warning::DissentLate);
    }
    Ok(())
}
