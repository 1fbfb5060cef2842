//! Duties: what each administration must or may do in a conference, by when, and what follows if it does not (RULES G.1, G.2).
//!
//! Everything is computed from the state and the instant, as the [`view`](crate::view) is; dates are those of [`terms`], never others. A
//! duty whose date the law does not give, or that a missing value of the law's data keeps from being computed, is shown all the same and
//! says why it has none. Nothing here makes a late act count: what a term that passed means is said in [`Consequence`].
//!
//! What may be done next (`Action`) and which terms run (`TermKind`) are matched one by one in `lead.rs` and `bodies.rs`, without a rest: a new kind of
//! either does not compile until somebody says which duty it is.

mod bodies;
mod lead;
mod words;

#[cfg(test)]
mod stories_tests;

use concerto_message::{MessageId, Writer};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::acts::TermKind;
use crate::conference::Conference;
use crate::guards::{opposition_until, rebuttal_until};
use crate::legal_time::{LegalNow, expired};
use crate::regime::{Force, MissingValue};
use crate::sittings::Meets;
use crate::term::Term;
use crate::terms::terms;
use crate::view::Phase;

/// What is to be done. The names in JSON are stable.
#[doc(alias = "adempimento")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Convene the conference.
    Convene,
    /// Convene a further round after the observations of art. 10-bis.
    ConveneAgain,
    /// Obtain proof that a body has a message from which its time runs.
    ObtainReceipt,
    /// Take others' messages in charge.
    TakeInCharge,
    /// Choose one branch of a fork.
    ResolveFork,
    /// Order the one suspension.
    OrderSuspension,
    /// Forward the integrations when they come.
    ForwardIntegrations,
    /// Say whether a disputed act came in time.
    DecideDispute,
    /// Say of a late act that it does not count.
    AnswerLateAct,
    /// Answer a statement of missing competence.
    ConsiderRelease,
    /// Take note of a silence.
    RecordSilence,
    /// Obtain the express act that European law wants.
    ObtainExpressAct,
    /// Hear the party and the bodies on prescriptions.
    HearOnPrescriptions,
    /// Hold the meeting, if one is needed.
    ConveneMeeting,
    /// Hold a session that was called, and draw up its minutes.
    HoldSession,
    /// Ask for the single representative of the administrations of the State.
    ObtainRepresentative,
    /// Conclude the conference.
    Conclude,
    /// End the whole procedure.
    EndProcedure,
    /// Send the applicant a negative conclusion, as notice of art. 10-bis.
    NotifyApplicant,
    /// State that the conclusion has effect.
    StateEfficacy,
    /// Settle a difference between the terms that two nodes compute.
    CorrectTerms,
    /// Supply a value that the law's data leave open.
    SettleValues,
    /// Give a determination.
    Determine,
    /// Ask for integrations.
    RequestIntegration,
    /// Answer a hearing on prescriptions.
    AnswerHearing,
    /// Oppose a conclusion that overcame the body's dissent.
    Oppose,
}

/// Whether it must be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// It must.
    Duty,
    /// It may, until its date.
    Faculty,
}

/// What follows when the date passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consequence {
    /// Silence is assent without conditions, and what comes later has no effect.
    ImpliedAssent,
    /// Silence is no assent, because European law wants an express act; what comes later has no effect by itself.
    NoAssentBySilence,
    /// What came is disputed: it counts if an official says so, and has no effect before.
    OfficialDecides,
    /// The faculty is lost.
    FacultyLost,
    /// A delay, for which the one in charge answers; no invalidity.
    Delay,
    /// The terms run again by themselves.
    TermsResume,
    /// No term runs, and no silence is assent.
    NoTermRuns,
    /// The conference cannot be concluded.
    NoConclusion,
    /// What others sent has no effect meanwhile.
    NoEffectMeanwhile,
    /// The conclusion has no effect that a third party can rely on.
    NoEfficacy,
    /// The late act stays without effect in either case.
    LateStays,
    /// Two nodes go on with different dates.
    DatesDiffer,
    /// No date can be computed.
    NothingComputed,
}

/// Why there is no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undated {
    /// The law gives none: without delay.
    NoTerm,
    /// It has not begun to run: what starts it is not proved yet.
    NotStarted,
    /// The law's data lack a value (see [`Duty::missing`]).
    ValueMissing,
}

/// The two dates of a duty, and where their reason is found: in the term of this kind and body ([`Term::derivation`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Due {
    /// The last day under the strict reading; it ends at 24:00 Europe/Rome.
    pub strict: Date,
    /// The last day under the prudential reading.
    pub prudential: Date,
    /// What missing it means for the term.
    pub force: Force,
    /// The norm that gives the days.
    pub norm: String,
    /// The term of the conference whose date this is; none where it is none of them.
    pub term: Option<TermKind>,
    /// The body of that term, if one body's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term_of: Option<Writer>,
}

/// What one administration must or may do.
#[doc(alias = "adempimento")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duty {
    /// What.
    pub task: Task,
    /// Who.
    pub who: Writer,
    /// Whether it must.
    pub nature: Nature,
    /// Whether it can be done now, as the record stands.
    pub ready: bool,
    /// The body that it concerns, if not the one who does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Writer>,
    /// The messages that it concerns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<MessageId>,
    /// Since when it stands, where a day says so.
    pub since: Option<Date>,
    /// By when.
    pub due: Option<Due>,
    /// Why there is no date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undated: Option<Undated>,
    /// The value of the law's data that is missing, which a signed local profile must supply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingValue>,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done_on: Option<Date>,
    /// The norm that asks for it.
    pub norm: &'static str,
    /// What follows when it is not done.
    pub consequence: Consequence,
}

/// How a duty stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Its date has passed under every reading.
    Overdue,
    /// The strict date has passed and the prudential one has not: what is done now may be disputed.
    BetweenReadings,
    /// It can be done in time, or has no date.
    Open,
    /// It was done.
    Done,
    /// A faculty whose date has passed.
    Lapsed,
}

impl Duty {
    fn new(task: Task, who: &Writer, consequence: Consequence) -> Self {
        Self {
            task,
            who: who.clone(),
            nature: Nature::Duty,
            ready: true,
            body: None,
            messages: Vec::new(),
            since: None,
            due: None,
            undated: Some(Undated::NoTerm),
            missing: None,
            done_on: None,
            norm: task.norm(),
            consequence,
        }
    }

    /// Messages of others that wait for the procedente: a node sees them in its journal, the state does not hold them.
    pub fn to_take_in_charge(lead: &Writer, messages: Vec<MessageId>, since: Option<Date>) -> Self {
        Self { messages, since, ..Self::new(Task::TakeInCharge, lead, Consequence::NoEffectMeanwhile) }
    }

    /// A writer signed two links for one place of its chain: seen by a node, too.
    pub fn to_resolve_fork(lead: &Writer, forked: &Writer, branches: Vec<MessageId>) -> Self {
        let duty = Self::new(Task::ResolveFork, lead, Consequence::NoEffectMeanwhile);
        Self { messages: branches, ..duty.about(forked) }
    }

    fn faculty(self) -> Self {
        Self { nature: Nature::Faculty, ..self }
    }

    fn about(self, body: &Writer) -> Self {
        Self { body: Some(body.clone()), ..self }
    }

    fn by(self, due: Option<Due>) -> Self {
        let undated = due.is_none().then_some(Undated::NotStarted);
        Self { due, undated, ..self }
    }

    /// How it stands at this instant.
    pub fn standing(&self, now: LegalNow) -> Standing {
        if self.done_on.is_some() {
            return Standing::Done;
        }
        match &self.due {
            Some(due) if expired(due.prudential, now) && self.nature == Nature::Faculty => Standing::Lapsed,
            Some(due) if expired(due.prudential, now) => Standing::Overdue,
            Some(due) if expired(due.strict, now) => Standing::BetweenReadings,
            _ => Standing::Open,
        }
    }

    /// Whether somebody still has to look at it: neither done nor lost.
    pub fn is_outstanding(&self, now: LegalNow) -> bool {
        !matches!(self.standing(now), Standing::Done | Standing::Lapsed)
    }
}

impl Due {
    /// The dates of a term of the conference.
    pub fn of(term: &Term) -> Self {
        Self {
            strict: term.strict,
            prudential: term.prudential,
            force: term.force,
            norm: term.norm.clone(),
            term: Some(term.kind),
            term_of: term.body.clone(),
        }
    }
}

/// The duties of everybody in a conference, and how long they hold while no message comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agenda {
    /// What is done and not, by date; those without a date last.
    pub duties: Vec<Duty>,
    /// The last day for which this is right if nothing comes; none: for ever.
    pub holds_until: Option<Date>,
}

/// Everybody's duties at this instant. `me` is whoever asks: what only concerns the one who computes is its own.
pub fn agenda(conference: &Conference, me: &Writer, now: LegalNow) -> Agenda {
    let present = Present { conference, now, phase: conference.phase(now), terms: terms(conference) };
    let mut duties = Vec::new();
    lead::add(&present, &mut duties);
    bodies::add(&present, &mut duties);
    lead::add_missing(&present, me, &mut duties);
    duties.sort_by(|a, b| order(a).cmp(&order(b)));
    Agenda { duties, holds_until: holds_until(&present) }
}

/// What one administration must or may do, also what it did.
pub fn duties(conference: &Conference, who: &Writer, now: LegalNow) -> Vec<Duty> {
    let mut duties = agenda(conference, who, now).duties;
    duties.retain(|duty| duty.who == *who);
    duties
}

/// By date; what has none comes last.
pub fn order(duty: &Duty) -> (Date, Date, Nature, Task, &Writer, Option<&Writer>, &[MessageId]) {
    let (strict, prudential) =
        duty.due.as_ref().map_or((Date::MAX, Date::MAX), |due| (due.strict, due.prudential));
    (strict, prudential, duty.nature, duty.task, &duty.who, duty.body.as_ref(), &duty.messages)
}

/// The state at an instant, with what is computed from it once.
struct Present<'a> {
    conference: &'a Conference,
    now: LegalNow,
    phase: Phase,
    terms: Vec<Term>,
}

impl Present<'_> {
    fn lead(&self) -> &Writer {
        self.conference.lead()
    }

    fn due(&self, kind: TermKind, body: Option<&Writer>) -> Option<Due> {
        self.terms.iter().find(|term| term.kind == kind && term.body.as_ref() == body).map(Due::of)
    }

    /// Whether it was convened and has neither a conclusion nor another end: a closure, or the certificate of a silent grant.
    fn is_running(&self) -> bool {
        let conference = self.conference;
        let ended = conference.conclusion().is_some()
            || conference.closure().is_some()
            || conference.certificate().is_some();
        conference.notice().is_some() && !ended
    }

    /// Whether silence assents in this kind of conference (L. 241/1990 art. 14-bis c. 4).
    fn silence_assents(&self) -> bool {
        !self.conference.is_fact_finding() && self.conference.meets() != Some(Meets::Directly)
    }
}

/// The next day after which something here is otherwise, though nothing came: each day that anything is compared with.
fn holds_until(present: &Present<'_>) -> Option<Date> {
    let (conference, today) = (present.conference, present.now.date());
    if present.phase == Phase::Draft {
        return Some(today); // its regime is that of the day
    }
    let mut days: Vec<Date> = Vec::new();
    if present.is_running() {
        days.extend(present.terms.iter().flat_map(|term| [term.strict, term.prudential]));
        days.extend(conference.suspension().map(|suspension| suspension.ends_at_most()));
        days.extend(conference.consultations().iter().map(|heard| heard.act.answer_until));
    }
    if let Some(conclusion) = conference.conclusion() {
        days.extend(rebuttal_until(conference));
        let bodies = conference.active_bodies().map(|(writer, _)| writer);
        days.extend(bodies.filter_map(|body| opposition_until(conference, body, conclusion.message)));
    }
    days.into_iter().filter(|day| *day >= today).min()
}
