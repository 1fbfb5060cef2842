//! What a conference that meets keeps in its state, and what that says: calls, sessions, representatives, the end of the works
//! (L. 241/1990 art. 14-bis c. 6-7, art. 14-ter; RULES D.1, D.2, D.6).

use concerto_message::{MessageId, Writer};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeSet;

use crate::acts::{
    Direction, DissentToRepresentative, Form, Kind, Level, MeetingCall, MeetingMinutes, MeetingMode, Outside,
    RepresentativeAppointment, Sector, SensitiveScope,
};
use crate::conference::{Body, Conference, Delivery, Received, Sent};
use crate::legal_time::{LegalNow, expired, rome_date};
use crate::terms::end_of_works;
use crate::timeliness::counted_of;

/// Calls, sessions and representatives of a conference; empty while it does not meet.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Sittings {
    pub(crate) calls: Vec<Sent<MeetingCall>>,
    pub(crate) appointments: Vec<Appointment>,
    pub(crate) dissents: Vec<Received<DissentToRepresentative>>,
    pub(crate) minutes: Vec<Sent<MeetingMinutes>>,
}

/// An appointment with its author: the procedente that recorded it, or a body.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Appointment {
    /// The message.
    pub message: MessageId,
    /// Its author.
    pub author: Writer,
    /// Since when it holds: when the procedente issued it, or had it.
    pub at: Timestamp,
    /// The act.
    pub act: RepresentativeAppointment,
}

impl Sittings {
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
            && self.appointments.is_empty()
            && self.dissents.is_empty()
            && self.minutes.is_empty()
    }
}

/// How a conference meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meets {
    /// In the simultaneous form, called directly or on request (art. 14-bis c. 7): positions count until the end of the works.
    Directly,
    /// In the simultaneous form after determinations that did not suffice (art. 14-bis c. 6 before DL 19/2026).
    AfterDeterminations,
    /// In one telematic meeting after determinations that did not suffice.
    Once,
}

impl Meets {
    /// How its sessions are held.
    pub(crate) fn mode(self) -> MeetingMode {
        if self == Self::Once { MeetingMode::Telematic } else { MeetingMode::Simultaneous }
    }
}

/// The count of a deliberation with quorum (DL 189/2016 art. 16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Vote {
    /// Members.
    pub members: usize,
    /// Members present at the session that deliberated.
    pub present: usize,
    /// Of those present, how many are in favour; whoever takes no position counts as such.
    pub in_favour: usize,
}

impl Vote {
    /// Whether the majority of those present is in favour.
    pub fn carried(&self) -> bool {
        self.in_favour.saturating_mul(2) > self.present
    }
}

/// Whether so many of the members are a quorum: at least half.
pub(crate) fn is_quorum(present: usize, members: usize) -> bool {
    present.saturating_mul(2) >= members && present > 0
}

impl Conference {
    /// The sector whose law has conferences of its own.
    pub fn sector(&self) -> Option<Sector> {
        self.notice().and_then(|notice| notice.act.sector)
    }

    /// Whether it examines without deciding (*istruttoria*, art. 14 c. 1).
    pub fn is_fact_finding(&self) -> bool {
        self.notice().is_some_and(|notice| notice.act.kind == Kind::FactFinding)
    }

    /// Whether the longer term of sensitive interests holds for this body (RULES B.3.a).
    pub(crate) fn is_long(&self, body: &Body) -> bool {
        match self.notice().map(|notice| notice.act.sensitive_scope) {
            Some(SensitiveScope::All) => self.bodies().values().any(Body::is_sensitive),
            _ => body.is_sensitive(),
        }
    }

    /// Whether it deliberates by majority of those present.
    pub fn deliberates(&self) -> bool {
        self.sector().is_some_and(Sector::deliberates)
    }

    /// The calls of meetings in the current round, operative ones too.
    pub fn meeting_calls(&self) -> impl DoubleEndedIterator<Item = &Sent<MeetingCall>> {
        let round = self.round();
        self.sittings.calls.iter().filter(move |call| call.act.round == round)
    }

    /// The last call of the current round that is not for an operative meeting.
    pub fn last_call(&self) -> Option<&Sent<MeetingCall>> {
        self.meeting_calls().rfind(|call| call.act.mode != MeetingMode::Operative)
    }

    /// When a request of the synchronous form came: a body's, or the applicant's as the procedente recorded it. None if unknown.
    pub(crate) fn sync_request_at(&self, request: MessageId) -> Option<Timestamp> {
        let of_body = self.sync_requests().iter().find(|asked| asked.message == request);
        of_body.map(|asked| asked.evidence.received_at).or_else(|| {
            let exchange = self.exchanges().iter().find(|exchange| exchange.message == request)?;
            let act = &exchange.act;
            (act.party == Outside::Applicant && act.direction == Direction::Received).then_some(act.at)
        })
    }

    /// The day of the request of the synchronous form that was granted in the current round.
    pub(crate) fn granted_request_on(&self) -> Option<Date> {
        let request = self.meeting_calls().find_map(|call| call.act.request)?;
        self.sync_request_at(request).map(rome_date)
    }

    /// How it meets in the current round; none while it does not.
    pub fn meets(&self) -> Option<Meets> {
        if self.notice()?.act.form == Form::Simultaneous
            || self.meeting_calls().any(|call| call.act.request.is_some())
        {
            return Some(Meets::Directly);
        }
        Some(match self.last_call()?.act.mode {
            MeetingMode::Telematic => Meets::Once,
            _ => Meets::AfterDeterminations,
        })
    }

    /// Since when it meets in the current round; none while it does not.
    pub(crate) fn meets_since(&self) -> Option<Timestamp> {
        let directly = self.notice().filter(|notice| notice.act.form == Form::Simultaneous);
        let called = || self.meeting_calls().find(|call| call.act.mode != MeetingMode::Operative);
        directly.map(|notice| notice.issued_at).or_else(|| called().map(|call| call.issued_at))
    }

    /// The sessions of the current round on record, without operative meetings.
    pub fn sessions(&self) -> impl DoubleEndedIterator<Item = &Sent<MeetingMinutes>> {
        let round = self.round();
        self.sittings
            .minutes
            .iter()
            .filter(move |minutes| minutes.act.round == round && !self.is_operative(&minutes.act))
    }

    /// Whether these are the minutes of an operative meeting.
    pub fn is_operative(&self, minutes: &MeetingMinutes) -> bool {
        self.sittings
            .calls
            .iter()
            .any(|call| call.message == minutes.meeting && call.act.mode == MeetingMode::Operative)
    }

    /// The minutes of the session that closed the works; none while they are not.
    pub(crate) fn closing_minutes(&self) -> Option<&Sent<MeetingMinutes>> {
        self.sessions().find(|minutes| minutes.act.works_closed)
    }

    /// When the works were closed by the minutes of the last session; none while they are not.
    pub fn works_closed_at(&self) -> Option<Timestamp> {
        self.closing_minutes().map(|minutes| minutes.act.closed_at)
    }

    /// Whether the works are over at this instant: closed by minutes, or past their end under every reading.
    pub(crate) fn works_are_over(&self, at: LegalNow) -> bool {
        self.works_closed_at().is_some_and(|closed| closed <= at.0)
            || self.works_ended_on().is_some_and(|end| expired(end, at))
    }

    /// The last day of the works under every reading; none where it is not settled.
    fn works_ended_on(&self) -> Option<Date> {
        end_of_works(self).ok().flatten().map(|end| end.prudential)
    }

    /// The day of the first session: as held, else as called.
    pub fn first_session_on(&self) -> Option<Date> {
        let held = self.sessions().next().map(|minutes| rome_date(minutes.act.opened_at));
        held.or_else(|| self.called_for())
    }

    /// The day for which the next session is called: by the last minutes, the last call, or the notice.
    pub fn called_for(&self) -> Option<Date> {
        let adjourned = self.sessions().next_back().and_then(|minutes| minutes.act.next_on);
        let called = self.last_call().map(|call| call.act.held_on);
        let noticed = || {
            let notice = self.notice()?;
            (notice.act.form == Form::Simultaneous).then_some(notice.act.dates.meeting_on)
        };
        adjourned.max(called).or_else(noticed)
    }

    /// Whether a body was at a session of the current round.
    pub fn was_present(&self, body: &Writer) -> bool {
        self.sessions().any(|minutes| minutes.act.present.iter().any(|present| present.body == *body))
    }

    /// Whether the works bind a body: it was at a session, or had what called them. Who was not called is bound by no end of them.
    pub(crate) fn works_bind(&self, body: &Writer) -> bool {
        self.was_present(body) || self.was_called_to_sessions(body)
    }

    /// Whether sessions were held and the works are over at this instant, so that whom they do not bind may have a further session. Not where
    /// the conference deliberates: it does so anew.
    fn is_after_works(&self, at: LegalNow) -> bool {
        self.meets().is_some()
            && !self.deliberates()
            && self.sessions().next().is_some()
            && self.works_are_over(at)
    }

    /// The bodies without a position whom the works do not bind although they are over: a further session is called for them (art. 14-ter
    /// c. 1).
    pub(crate) fn uncalled(&self, at: LegalNow) -> impl Iterator<Item = &Writer> {
        let over = self.is_after_works(at);
        let bodies = self.active_bodies().map(|(writer, _)| writer).filter(move |_| over);
        bodies.filter(|body| !self.works_bind(body) && counted_of(self, body).is_none())
    }

    /// Whether this is a session for those whom the works, which were over, do not bind.
    pub(crate) fn is_further(&self, minutes: &MeetingMinutes) -> bool {
        self.sessions().any(|held| held.act.opened_at < minutes.opened_at)
            && self.is_after_works(LegalNow(minutes.opened_at))
    }

    /// Whether a body had what called this session before it was opened.
    fn was_called_to(&self, body: &Writer, minutes: &MeetingMinutes) -> bool {
        let Some((called, proof)) = self.bodies().get(body).and_then(|called| Some((called, called.proof?)))
        else {
            return false;
        };
        let in_time = |delivery: &Delivery| {
            delivery.message == minutes.meeting && delivery.body == *body && delivery.at <= minutes.opened_at
        };
        proof.at <= minutes.opened_at
            && (called.called_by == minutes.meeting || self.deliveries().iter().any(in_time))
    }

    /// Whether a body had what called each session held since it takes part before that session was opened, and one was held since; of a
    /// further session alone it is enough.
    pub(crate) fn was_called_to_sessions(&self, body: &Writer) -> bool {
        let Some(proof) = self.bodies().get(body).and_then(|called| called.proof) else { return false };
        let since = || self.sessions().map(|minutes| &minutes.act).filter(|act| act.opened_at >= proof.at);
        let called = |minutes: &MeetingMinutes| self.was_called_to(body, minutes);
        (since().next().is_some() && since().all(called))
            || since().any(|minutes| called(minutes) && self.is_further(minutes))
    }

    /// The minutes that closed the works for a body: those of the first closing session that it was at or called to, else the first.
    pub(crate) fn closing_for(&self, body: &Writer) -> Option<&Sent<MeetingMinutes>> {
        let concerns = |minutes: &&Sent<MeetingMinutes>| {
            let act = &minutes.act;
            let there = act.present.iter().any(|present| present.body == *body);
            act.works_closed && (there || self.was_called_to(body, act))
        };
        self.sessions().find(concerns).or_else(|| self.closing_minutes())
    }

    /// The appointments of representatives.
    pub fn appointments(&self) -> &[Appointment] {
        &self.sittings.appointments
    }

    /// The last appointment of a representative for a body; the single representative of the State comes before any other, which may
    /// take part in support alone (art. 14-ter c. 4).
    pub fn representative_of(&self, body: &Writer) -> Option<&Appointment> {
        let any = || self.appointments().iter().rfind(|found| found.act.represents.contains(body));
        self.state_representative_of(body).or_else(any)
    }

    /// The last appointment of the single representative of the State for a body (art. 14-ter c. 4).
    pub(crate) fn state_representative_of(&self, body: &Writer) -> Option<&Appointment> {
        let of_state = |found: &&Appointment| {
            found.act.appointed_by.is_of_state() && found.act.represents.contains(body)
        };
        self.appointments().iter().rfind(of_state)
    }

    /// The bodies of the State that have no single representative although one is due: others than the State take part too (art. 14-ter
    /// c. 4). None where only one body of the State takes part, or where the notice names no levels.
    pub fn without_state_representative(&self) -> Vec<Writer> {
        let level = |wanted: fn(Level) -> bool| {
            move |called: &(&Writer, &Body)| called.1.invited.level.is_some_and(wanted)
        };
        let of_state: Vec<&Writer> = self
            .active_bodies()
            .filter(level(|level| level == Level::State))
            .map(|(writer, _)| writer)
            .collect();
        let others = self.active_bodies().filter(level(|level| level != Level::State)).count();
        if of_state.len() < 2 || others == 0 {
            return Vec::new();
        }
        of_state.into_iter().filter(|body| self.state_representative_of(body).is_none()).cloned().collect()
    }

    /// The dissents told to the representative before the end of the works in the current round: they open art. 14-quinquies.
    pub fn qualified_dissents(&self) -> impl Iterator<Item = &Received<DissentToRepresentative>> {
        let round = self.round();
        self.sittings.dissents.iter().filter(move |dissent| {
            let came = dissent.evidence.received_at;
            dissent.act.round == round
                && self.works_closed_at().is_none_or(|closed| came <= closed)
                && self.works_ended_on().is_none_or(|end| !expired(end, LegalNow(came)))
                && self.active_body(&dissent.author).is_some()
        })
    }

    /// The count of the session that closed the works, where the conference deliberates; none before.
    pub fn vote(&self) -> Option<Vote> {
        if !self.deliberates() {
            return None;
        }
        let last = self.closing_minutes()?;
        let members = self.active_bodies().count();
        let present: BTreeSet<&Writer> = last
            .act
            .present
            .iter()
            .map(|present| &present.body)
            .filter(|body| self.active_body(body).is_some())
            .collect();
        let against = |body: &Writer| {
            counted_of(self, body).is_some_and(|counted| counted.determination().act.position.is_dissent())
        };
        let in_favour = present.iter().filter(|body| !against(body)).count();
        Some(Vote { members, present: present.len(), in_favour })
    }
}
