//! The terms of a conference, computed from its state (L. 241/1990 art. 14-bis; RULES B.1-B.3).
//!
//! `terms` depends on the state alone, never on the present instant: two nodes with the same chain compute the same.
//!
//! **A body's date (T8, B.3).** Let *n* be the days of the regime for its class and *own* its receipt + *n*, rolled. Let *last* be the
//! latest *own* among the bodies of the same class called by the same message that have proof of receipt. The stated date binds if
//! `own <= stated <= last`. A stated date before *own* does not shorten the body's days, whatever the procedente assumed: a maximum
//! may be set shorter (B.3.b), but a notice states dates and no number of days, and from a date alone nobody can tell a shorter term
//! from a late receipt; so each body has at least *n* days. A stated date beyond *last* exceeds the legal maximum: *own* holds strictly,
//! the stated date prudentially, and an act between the two is disputed. Each further receipt can only move *last* later, so no receipt
//! ever shortens a term. A body without proof of receipt has no term.
//!
//! **Suspension (S3).** A day term that was still open on the day of the suspension moves by the days from then (or from the body's
//! receipt, if later) to the resumption, before it is rolled. Determinations, meeting and procedure move; integration requests do not.
//! While nothing came the longest suspension is assumed. The end of the suspension itself is not rolled: the law gives it a maximum.
//!
//! **The conference that meets.** Called directly, or on request, a body's position counts until the end of the works, which are counted
//! from the first session (art. 14-ter c. 2); the date stated for them does not shorten that. Once the works are closed nothing is
//! counted any more: whoever speaks later is judged by the instant of the closing. In an *istruttoria* no term of a body runs: its silence
//! means nothing.
//!
//! **Conclusion.** Its days count from the day on which the last body had either expressed itself or let its term pass (B.3, row 6).

use concerto_message::Writer;
use jiff::civil::Date;

use crate::acts::{StatedDates, TermKind};
use crate::calendar::add_days;
use crate::conference::{Body, Conference, SuspensionRecord};
use crate::counting::{Counting, Due, Raw, Standstill};
use crate::law::Law;
use crate::legal_time::rome_date;
use crate::regime::{MissingValue, Settled, SettledTerm};
use crate::sittings::Meets;
use crate::term::{Conflict, StartEvent, Step, Term};
use crate::timeliness;

/// All terms of a conference, sorted by kind and body; empty in the draft.
pub fn terms(conference: &Conference) -> Vec<Term> {
    let Some(computation) = Computation::of(conference, Resumption::AsRecorded) else { return Vec::new() };
    let mut terms = Vec::new();
    terms.extend(computation.notice());
    terms.extend(computation.suspension());
    for (writer, _) in conference.active_bodies() {
        terms.extend(computation.body(writer, TermKind::IntegrationRequests));
        if computation.meets != Some(Meets::Directly) {
            terms.extend(computation.body(writer, TermKind::Determination));
        }
    }
    if computation.meets == Some(Meets::Directly) {
        terms.extend(computation.first_meeting());
    } else {
        terms.extend(computation.meeting());
    }
    terms.extend(computation.end_of_works());
    if computation.meets.is_none() {
        terms.extend(computation.conclusion());
    }
    terms.extend(computation.procedure());
    terms.sort_by(|a, b| (a.kind, &a.body).cmp(&(b.kind, &b.body)));
    terms
}

/// Whether the end of the suspension counts as recorded, or as it looked before it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resumption {
    AsRecorded,
    Projected,
}

/// One body's term; none without proof of receipt.
pub(crate) fn body_term(
    conference: &Conference,
    writer: &Writer,
    kind: TermKind,
    resumption: Resumption,
) -> Option<Term> {
    Computation::of(conference, resumption)?.body(writer, kind)
}

/// One body's term of a kind; none without proof of receipt. Of a conference called directly it is that of the works.
pub fn term_of(conference: &Conference, body: &Writer, kind: TermKind) -> Option<Term> {
    body_term(conference, body, kind, Resumption::AsRecorded)
}

/// The end of the works of a conference that meets; none where it does not, or where one meeting is all.
///
/// # Errors
/// [`MissingValue`] where nobody has settled its days.
pub(crate) fn end_of_works(conference: &Conference) -> Result<Option<Due>, MissingValue> {
    let Some(computation) = Computation::of(conference, Resumption::AsRecorded) else { return Ok(None) };
    computation.works_rule()?;
    Ok(computation.end_of_works().map(|term| Due { strict: term.strict, prudential: term.prudential }))
}

struct Computation<'a> {
    conference: &'a Conference,
    settled: Settled<'static>,
    law: &'static Law,
    meets: Option<Meets>,
    suspension: Option<SuspensionRecord>,
    counting: Counting<'static>,
}

/// A date that the procedente stated, with the day on which it did.
#[derive(Clone, Copy)]
struct Stated {
    date: Date,
    on: Date,
    correction: bool,
}

impl<'a> Computation<'a> {
    fn of(conference: &'a Conference, resumption: Resumption) -> Option<Self> {
        let basis = conference.regime_basis()?;
        let law = Law::on(basis)?;
        let settled = law.regime(conference.regime()?)?.settled_in(law, conference.sector()).ok()?;
        let mut suspension = conference.suspension.clone();
        if let (Resumption::Projected, Some(suspension)) = (resumption, suspension.as_mut()) {
            suspension.delivered = None;
        }
        let standstill = suspension.as_ref().map(|suspension| Standstill {
            from: suspension.suspended_on,
            until: suspension.resumes_on(),
            projected: suspension.delivered.is_none(),
        });
        let counting = Counting { calendar: &law.calendar, standstill };
        Some(Self { conference, settled, law, meets: conference.meets(), suspension, counting })
    }

    fn notice(&self) -> Option<Term> {
        let notice = self.conference.notice()?;
        let start = Step::Start { event: StartEvent::Application, on: notice.act.started_on };
        let rule = self.settled.notice;
        let to = self.counting.calendar.add_working_days(notice.act.started_on, rule.days, None);
        let due = Due { strict: to, prudential: to };
        Some(term(TermKind::Notice, None, due, rule, vec![start, added(rule, to)]))
    }

    fn suspension(&self) -> Option<Term> {
        let suspension = self.suspension.as_ref()?;
        let rule = self.settled.suspension;
        let to = suspension.ends_at_most();
        let steps = vec![
            Step::Start { event: StartEvent::RequestToApplicant, on: suspension.suspended_on },
            Step::Added { days: suspension.days, unit: rule.rule.unit, norm: rule.norm(), to },
        ];
        Some(term(TermKind::Suspension, None, Due { strict: to, prudential: to }, rule, steps))
    }

    fn body(&self, writer: &Writer, kind: TermKind) -> Option<Term> {
        let body = self.conference.active_body(writer)?;
        if self.conference.is_fact_finding() {
            return None;
        }
        if kind == TermKind::Determination && self.meets == Some(Meets::Directly) {
            body.received_on()?; // without proof that it was called no term of it runs
            let works = self.end_of_works()?;
            return Some(Term { kind, body: Some(writer.clone()), ..works });
        }
        let rule = self.rule(body, kind);
        let (own, mut steps) = self.own(body, kind)?;
        let seat = body.invited.seat.as_deref();
        let mut due = own;
        for stated in self.stated(body, kind) {
            let raw =
                self.moved_if(kind, Raw { strict: stated.date, prudential: stated.date }, stated.on, seat);
            let rolled = self.counting.roll(raw, seat);
            // The latest own date is never before this body's own: it is looked for only where it can matter.
            let last = if rolled.strict > own.strict { self.last_own(body, kind)? } else { rolled.strict };
            if rolled.strict > last {
                if last > own.strict && self.bound_before_the_suspension(stated, body, kind) {
                    steps.push(stated_step(stated, raw.strict, last));
                    due.strict = due.strict.max(last);
                }
                due.prudential = due.prudential.max(rolled.prudential);
                steps.push(conflict(Conflict::StatedBeyondMaximum, raw.strict, own.strict));
            } else if rolled.strict >= own.strict {
                steps.retain(|step| !is_late_receipt(step));
                let step = stated_step(stated, raw.strict, rolled.strict);
                if !steps.contains(&step) {
                    steps.push(step); // said again after a suspension, the same date is told once
                }
                due.strict = due.strict.max(rolled.strict);
                due.prudential = due.prudential.max(rolled.prudential);
            } else {
                steps.push(conflict(Conflict::ReceivedLaterThanStated, raw.strict, own.strict));
            }
        }
        steps.extend(self.counting.prudential_step(due, seat));
        Some(term(kind, Some(writer.clone()), due, rule, steps))
    }

    /// The body's own date: its receipt, its days, the suspension, rolled.
    fn own(&self, body: &Body, kind: TermKind) -> Option<(Due, Vec<Step>)> {
        let receipt = body.received_on()?;
        let rule = self.rule(body, kind);
        let seat = body.invited.seat.as_deref();
        let to = add_days(receipt, i64::from(rule.days));
        let mut steps = vec![Step::Start { event: StartEvent::Receipt, on: receipt }, added(rule, to)];
        let raw = self.moved_if(kind, Raw { strict: to, prudential: to }, receipt, seat);
        steps.extend(self.counting.stood_still_step(to, raw.strict, receipt));
        steps.extend(self.counting.rolled_step(raw.strict, seat));
        Some((self.counting.roll(raw, seat), steps))
    }

    /// Whether a date bound before a suspension that came later: moved by its days, holidays may let it pass the maximum, which then binds.
    fn bound_before_the_suspension(&self, stated: Stated, body: &Body, kind: TermKind) -> bool {
        let suspended = self.suspension.as_ref().filter(|suspension| stated.on <= suspension.suspended_on);
        let counting = Counting { calendar: self.counting.calendar, standstill: None };
        let before = Computation { suspension: None, counting, ..*self };
        let raw = Raw { strict: stated.date, prudential: stated.date };
        let rolled = before.counting.roll(raw, body.invited.seat.as_deref());
        suspended.is_some() && before.last_own(body, kind).is_some_and(|last| rolled.strict <= last)
    }

    /// The latest own date among the bodies of this body's class and call that have proof of receipt, also those released since.
    fn last_own(&self, body: &Body, kind: TermKind) -> Option<Date> {
        let alike = |other: &&Body| {
            other.called_by == body.called_by
                && (kind == TermKind::IntegrationRequests
                    || self.conference.is_long(other) == self.conference.is_long(body))
        };
        let others = self.conference.bodies.values().filter(alike);
        others.filter_map(|other| self.own(other, kind)).map(|(due, _)| due.strict).max()
    }

    fn rule(&self, body: &Body, kind: TermKind) -> SettledTerm<'static> {
        match kind {
            TermKind::IntegrationRequests => self.settled.integration_requests,
            _ if self.conference.is_long(body) => self.settled.determination_sensitive,
            _ => self.settled.determination,
        }
    }

    fn stated(&self, body: &Body, kind: TermKind) -> Vec<Stated> {
        let date_of = |dates: &StatedDates| match kind {
            TermKind::IntegrationRequests => Some(dates.integration_until),
            _ if self.conference.is_long(body) => dates.sensitive_until,
            _ => Some(dates.determination_until),
        };
        let at_call = body.stated.as_ref().and_then(date_of);
        let mut stated: Vec<Stated> =
            at_call.map(|date| Stated { date, on: body.called_on, correction: false }).into_iter().collect();
        if kind == TermKind::Determination {
            stated.extend(self.stated_anew(body.called_on, date_of));
        }
        for (_, date, on) in body.corrected.iter().filter(|(corrected, _, _)| *corrected == kind) {
            stated.push(Stated { date: *date, on: *on, correction: true });
        }
        stated
    }

    /// The date that the procedente stated anew when the suspension ended, for those it had called before.
    fn stated_anew(&self, called_on: Date, date_of: impl Fn(&StatedDates) -> Option<Date>) -> Option<Stated> {
        let delivered = self.suspension.as_ref()?.delivered.as_ref()?;
        let on = rome_date(delivered.issued_at);
        let date = date_of(&delivered.dates)?;
        (called_on <= on).then_some(Stated { date, on, correction: false })
    }

    fn sitting_rule(&self, id: &str) -> Result<Option<SettledTerm<'static>>, MissingValue> {
        let Some(notice) = self.conference.regime_basis() else { return Ok(None) };
        let regime = self.conference.regime().and_then(|id| self.law.regime(id));
        self.law.sitting_rule(id, self.conference.sector(), regime, notice)
    }

    /// The days of the works: longer where it was called directly and a body guards sensitive interests (art. 14-ter c. 2).
    fn works_rule(&self) -> Result<Option<SettledTerm<'static>>, MissingValue> {
        let longer = self.meets == Some(Meets::Directly)
            && !self.conference.deliberates()
            && self.conference.active_bodies().any(|(_, body)| body.is_sensitive());
        match self.meets {
            None | Some(Meets::Once) => Ok(None),
            Some(_) if longer => self.sitting_rule("end_of_works_sensitive"),
            Some(_) => self.sitting_rule("end_of_works"),
        }
    }

    /// The first session of a conference called directly, counted from the notice, or from the request that was granted.
    fn first_meeting(&self) -> Option<Term> {
        let rule = self.sitting_rule("first_meeting").ok()??;
        let asked = self.conference.granted_request_on();
        let event = if asked.is_some() { StartEvent::SynchronousRequest } else { StartEvent::Notice };
        let from = asked.or_else(|| Some(rome_date(self.conference.notice()?.issued_at)))?;
        let stated = Stated { date: self.first_session()?, on: from, correction: false };
        let to = add_days(from, i64::from(rule.days));
        let raw = self.counting.moved(Raw { strict: to, prudential: to }, from, None);
        let most = self.counting.roll(raw, None);
        let mut steps = vec![Step::Start { event, on: from }, added(rule, to)];
        steps.extend(self.counting.stood_still_step(to, raw.strict, from));
        steps.extend(self.counting.rolled_step(raw.strict, None));
        let due = if stated.date <= most.strict {
            steps.push(stated_step(stated, stated.date, stated.date));
            Due::on(stated.date)
        } else {
            steps.push(conflict(Conflict::StatedBeyondMaximum, stated.date, most.strict));
            Due { strict: most.strict, prudential: stated.date }
        };
        Some(self.procedente_term(TermKind::Meeting, due, rule, steps))
    }

    /// The day of the first session: as held, else as called. One that only the notice states moves with the suspension.
    fn first_session(&self) -> Option<Date> {
        let first = self.conference.first_session_on()?;
        let fixed = self.conference.last_call().is_some() || self.conference.sessions().next().is_some();
        let noticed_on = rome_date(self.conference.notice()?.issued_at);
        let raw = Raw { strict: first, prudential: first };
        Some(if fixed { first } else { self.counting.moved(raw, noticed_on, None).strict })
    }

    /// The end of the works, counted from the first session as held, else as called. None where nobody has settled the days.
    fn end_of_works(&self) -> Option<Term> {
        let rule = self.works_rule().ok()??;
        let first = self.first_session()?;
        let to = add_days(first, i64::from(rule.days));
        let mut steps = vec![Step::Start { event: StartEvent::FirstMeeting, on: first }, added(rule, to)];
        let raw = self.counting.moved(Raw { strict: to, prudential: to }, first, None);
        steps.extend(self.counting.stood_still_step(to, raw.strict, first));
        steps.extend(self.counting.rolled_step(raw.strict, None));
        let due = self.counting.roll(raw, None);
        steps.extend(self.counting.prudential_step(due, None));
        Some(term(TermKind::EndOfWorks, None, due, rule, steps))
    }

    fn meeting(&self) -> Option<Term> {
        let last = self.last_determination()?;
        let rule = self.settled.meeting;
        let days = i64::from(rule.days);
        let raw = Raw { strict: add_days(last.strict, days), prudential: add_days(last.prudential, days) };
        let most = self.counting.roll(raw, None);
        let start = Step::Start { event: StartEvent::LastExpiry, on: last.strict };
        let mut steps = vec![start, added(rule, raw.strict)];
        steps.extend(self.counting.rolled_step(raw.strict, None));
        let (mut bound, mut reach): (Option<Due>, _) = (None, most.prudential);
        for stated in self.stated_meetings() {
            let raw =
                self.counting.moved(Raw { strict: stated.date, prudential: stated.date }, stated.on, None);
            let rolled = self.counting.roll(raw, None);
            if rolled.strict > most.strict {
                reach = reach.max(rolled.prudential);
                steps.push(conflict(Conflict::StatedBeyondMaximum, raw.strict, most.strict));
            } else if rolled.strict <= last.strict {
                steps.push(conflict(Conflict::ReceivedLaterThanStated, raw.strict, most.strict));
            } else if bound.is_none_or(|bound| bound.strict < rolled.strict) {
                let step = stated_step(stated, raw.strict, rolled.strict);
                if !steps.contains(&step) {
                    steps.push(step); // said again after a suspension, the same date is told once
                }
                bound = Some(rolled);
            }
        }
        let due = match bound {
            Some(bound) if reach == most.prudential => bound,
            Some(bound) => Due { strict: bound.strict, prudential: reach },
            None => Due { strict: most.strict, prudential: reach },
        };
        Some(self.procedente_term(TermKind::Meeting, due, rule, steps))
    }

    fn stated_meetings(&self) -> Vec<Stated> {
        let Some(notice) = self.conference.notice() else { return Vec::new() };
        let on = rome_date(notice.issued_at);
        let mut stated = vec![Stated { date: notice.act.dates.meeting_on, on, correction: false }];
        stated.extend(self.stated_anew(on, |dates| Some(dates.meeting_on)));
        stated
    }

    /// The expiry of the last determination term of those that run.
    fn last_determination(&self) -> Option<Due> {
        let running = self.conference.active_bodies();
        let terms = running.filter_map(|(writer, _)| self.body(writer, TermKind::Determination));
        terms.map(|term| Due { strict: term.strict, prudential: term.prudential }).reduce(Due::later)
    }

    fn conclusion(&self) -> Option<Term> {
        let mut last: Option<Due> = None;
        for (writer, _) in self.conference.active_bodies() {
            let end = self.position_complete(writer)?;
            last = Some(last.map_or(end, |last| last.later(end)));
        }
        let last = last?;
        let rule = self.settled.final_determination;
        let to = |start| self.counting.calendar.add_working_days(start, rule.days, None);
        let due = Due { strict: to(last.strict), prudential: to(last.prudential) };
        let start = Step::Start { event: StartEvent::LastPosition, on: last.strict };
        let steps = vec![start, added(rule, due.strict)];
        Some(self.procedente_term(TermKind::FinalDetermination, due, rule, steps))
    }

    /// The day a body's position is complete: when it expressed itself, else when its term ends. None without proof of receipt.
    fn position_complete(&self, writer: &Writer) -> Option<Due> {
        match timeliness::counted_of(self.conference, writer) {
            Some(counted) => {
                let on = rome_date(counted.determination().evidence.received_at);
                Some(Due { strict: on, prudential: on })
            }
            None => {
                let term = self.body(writer, TermKind::Determination)?;
                Some(Due { strict: term.strict, prudential: term.prudential })
            }
        }
    }

    fn procedure(&self) -> Option<Term> {
        let notice = self.conference.notice()?;
        let stated = notice.act.dates.procedure_until?;
        let on = rome_date(notice.issued_at);
        let raw = self.counting.moved(Raw { strict: stated, prudential: stated }, on, None);
        let mut steps = vec![Step::Start { event: StartEvent::StatedDay, on: stated }];
        steps.extend(self.counting.stood_still_step(stated, raw.strict, on));
        steps.extend(self.counting.rolled_step(raw.strict, None));
        // The norm is art. 2 and the act of the administration under it: the regime of the conference says nothing of it.
        let mut term = self.procedente_term(
            TermKind::Procedure,
            self.counting.roll(raw, None),
            self.settled.final_determination,
            steps,
        );
        "L. 241/1990 art. 2".clone_into(&mut term.norm);
        Some(term)
    }

    /// A directory term of the procedente, as corrected: a correction moves it later only.
    fn procedente_term(&self, kind: TermKind, due: Due, rule: SettledTerm<'_>, mut steps: Vec<Step>) -> Term {
        let mut due = due;
        if let Some(to) = self.conference.corrected.get(&kind) {
            let rolled = self.counting.roll(Raw { strict: *to, prudential: *to }, None);
            if rolled.strict > due.strict {
                steps.push(Step::Corrected { to: rolled.strict });
            }
            due = due.later(rolled);
        }
        steps.extend(self.counting.prudential_step(due, None));
        term(kind, None, due, rule, steps)
    }

    fn moved_if(&self, kind: TermKind, raw: Raw, from: Date, seat: Option<&str>) -> Raw {
        if kind == TermKind::IntegrationRequests { raw } else { self.counting.moved(raw, from, seat) }
    }
}

fn term(
    kind: TermKind,
    body: Option<Writer>,
    due: Due,
    rule: SettledTerm<'_>,
    derivation: Vec<Step>,
) -> Term {
    Term {
        kind,
        body,
        strict: due.strict,
        prudential: due.prudential,
        force: rule.rule.nature,
        norm: rule.norm(),
        derivation,
    }
}

fn added(rule: SettledTerm<'_>, to: Date) -> Step {
    Step::Added { days: rule.days, unit: rule.rule.unit, norm: rule.norm(), to }
}

fn conflict(conflict: Conflict, stated: Date, computed: Date) -> Step {
    Step::Conflict { conflict, stated, computed }
}

/// A date that binds settles the conflict of one stated before.
fn is_late_receipt(step: &Step) -> bool {
    matches!(step, Step::Conflict { conflict: Conflict::ReceivedLaterThanStated, .. })
}

fn stated_step(stated: Stated, date: Date, to: Date) -> Step {
    if stated.correction { Step::Corrected { to } } else { Step::StatedHolds { stated: date, to } }
}

#[cfg(test)]
#[path = "terms_tests.rs"]
mod tests;
