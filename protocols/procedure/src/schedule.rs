//! The terms of a case from its events alone, without any conference or node (RULES B.3): what `concerto terms` answers.
//!
//! The kinds of case are data ([`crate::procedures`]). Each term counts from an event that was given, or from the latest expiry of other
//! terms; one whose event is not known is listed as awaited, one whose number nobody has settled is refused by name, and the others
//! are computed all the same. For the terms that a conference has too, the dates are those of [`mod@crate::terms`] for a body alone.

use jiff::civil::Date;
use std::collections::BTreeMap;

use crate::acts::SensitiveScope;
use crate::calendar::{Confidence, Office, add_days};
use crate::counting::{Amount, Counted, Counting, Due, Moves, Standstill};
use crate::law::Law;
use crate::procedures::{Applies, OnRequest, Procedure, ProcedureTerm, value_name};
use crate::regime::{Bound, Force, Regime, TermRule};
use crate::schedule_words::{Caution, ScheduleError};
use crate::term::{StartEvent, Step};

/// The name of the term that art. 2 of L. 241/1990 and the acts of each administration set.
const PROCEDURE: &str = "procedure";
/// The name of the term by which the procedente concludes.
const FINAL_DETERMINATION: &str = "final_determination";

/// What is known of a case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The kind of case, as the data name it.
    pub kind: String,
    /// The day of the notice, which chooses the regime; else the day of receipt, else the first event.
    pub notice: Option<Date>,
    /// What happened, and when.
    pub events: BTreeMap<StartEvent, Date>,
    /// A regime chosen by hand.
    pub regime: Option<String>,
    /// Whether the body guards a sensitive interest.
    pub sensitive: bool,
    /// Whom the longer term concerns, if the notice says so.
    pub scope: Option<SensitiveScope>,
    /// The request to the applicant.
    pub request: Option<Request>,
    /// The office whose terms these are.
    pub office: Office,
    /// The days of the whole procedure, where an act of the administration sets them (L. 241/1990 art. 2 c. 2-5).
    pub procedure_days: Option<u16>,
}

impl Facts {
    /// The day that chooses the rules: that of the notice, else of the receipt, else of the first event.
    pub fn notice_day(&self) -> Option<Date> {
        let first = self.events.get(&StartEvent::Receipt).or_else(|| self.events.values().min());
        self.notice.or(first.copied())
    }
}

/// A request to the applicant that suspends the terms, or starts them anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// The day of the request.
    pub on: Date,
    /// The day the answer came; none while it is awaited.
    pub answered: Option<Date>,
}

/// A term with its date and everything that a person needs to check it.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// Its stable name.
    pub id: String,
    /// What it is called, in Italian.
    pub it: String,
    /// What it is called, in English.
    pub en: String,
    /// Its date; it ends at 24:00 Europe/Rome.
    pub due: Due,
    /// What missing it means.
    pub force: Force,
    /// Whether less may be set.
    pub bound: Bound,
    /// The norm that gives the number.
    pub norm: String,
    /// How sure the number is.
    pub tag: Confidence,
    /// The local profile that gives the number, if one does.
    pub source: Option<String>,
    /// How the date came about.
    pub derivation: Vec<Step>,
    /// What to know before relying on it.
    pub cautions: Vec<Caution>,
}

/// A term that is refused because nobody has settled its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The term's stable name.
    pub id: String,
    /// The regime, or the kind of case, whose data lack the value.
    pub regime: String,
    /// The value that a local profile must supply.
    pub value: String,
    /// The norm that should give it.
    pub norm: String,
}

/// The terms of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule<'a> {
    /// The kind of case.
    pub procedure: &'a Procedure,
    /// The regime, where the kind has one.
    pub regime: Option<&'a Regime>,
    /// The day that chose the rules.
    pub notice: Date,
    /// Whom the longer term concerns, where the kind has a regime.
    pub scope: Option<SensitiveScope>,
    /// The terms computed, in the order of the data.
    pub terms: Vec<Planned>,
    /// The terms refused.
    pub refused: Vec<Refused>,
    /// The terms whose event is not known yet.
    pub awaiting: Vec<(String, StartEvent)>,
    /// What concerns them all.
    pub cautions: Vec<Caution>,
}

/// Computes the terms of a case.
///
/// # Errors
/// [`ScheduleError`] where what was given contradicts itself, the law or the years of the data, or starts no term.
pub fn schedule<'a>(law: &'a Law, facts: &Facts) -> Result<Schedule<'a>, ScheduleError> {
    let planner = Planner::new(law, facts)?;
    let mut schedule = Schedule {
        procedure: planner.procedure,
        regime: planner.regime,
        notice: planner.notice,
        scope: planner.scope,
        terms: Vec::new(),
        refused: Vec::new(),
        awaiting: Vec::new(),
        cautions: planner.cautions(),
    };
    for term in &planner.procedure.terms {
        planner.plan(term, &mut schedule)?;
    }
    if schedule.terms.is_empty() && schedule.refused.is_empty() {
        return Err(ScheduleError::NothingStarts {
            kind: planner.procedure.kind.clone(),
            events: schedule.awaiting.iter().map(|(_, event)| *event).collect(),
        });
    }
    planner.weigh(&mut schedule);
    Ok(schedule)
}

struct Planner<'a, 'f> {
    law: &'a Law,
    facts: &'f Facts,
    procedure: &'a Procedure,
    regime: Option<&'a Regime>,
    notice: Date,
    scope: Option<SensitiveScope>,
    events: BTreeMap<StartEvent, Date>,
    /// The most days of a suspension, where the kind knows one.
    request_days_max: Option<u16>,
    counting: Counting<'a>,
}

impl<'a, 'f> Planner<'a, 'f> {
    fn new(law: &'a Law, facts: &'f Facts) -> Result<Self, ScheduleError> {
        let procedure = law.procedure(&facts.kind).ok_or_else(|| ScheduleError::UnknownKind {
            given: facts.kind.clone(),
            known: law.procedures.iter().map(|procedure| procedure.kind.clone()).collect(),
        })?;
        let mut events = facts.events.clone();
        let notice = facts.notice_day().ok_or_else(|| ScheduleError::NothingStarts {
            kind: facts.kind.clone(),
            events: procedure.terms.iter().filter_map(|term| term.start).collect(),
        })?;
        events.insert(StartEvent::Notice, notice);
        if let Some(request) = facts.request {
            events.insert(StartEvent::RequestToApplicant, request.on);
        }
        for day in events.values().chain(facts.request.iter().filter_map(|request| request.answered.as_ref()))
        {
            within(law, *day)?;
        }
        let regime = if procedure.uses_regime { Some(regime_of(law, facts, notice)?) } else { None };
        let request_days_max = match regime {
            Some(regime) => regime.terms.suspension.days,
            None => procedure.suspension_days_max,
        };
        check_order(procedure, facts, notice, &events)?;
        let standstill = facts.request.filter(|_| procedure.on_request == Some(OnRequest::Suspends));
        let standstill = standstill.map(|request| standstill_of(request, request_days_max));
        Ok(Self {
            law,
            facts,
            procedure,
            regime,
            notice,
            scope: regime.map(|regime| facts.scope.unwrap_or(regime.sensitive_scope)),
            events,
            request_days_max,
            counting: Counting { calendar: &law.calendar, standstill },
        })
    }

    /// Puts one term where it belongs: computed, refused or awaited.
    fn plan(&self, term: &ProcedureTerm, schedule: &mut Schedule<'a>) -> Result<(), ScheduleError> {
        let concerned = match term.applies {
            None => true,
            Some(Applies::Ordinary) => !self.facts.sensitive,
            Some(Applies::Sensitive) => self.facts.sensitive,
        };
        if !concerned {
            return Ok(());
        }
        let start = match self.start(term, schedule) {
            Start::On(start, step) => (start, step),
            Start::Awaits(event) => {
                if event != StartEvent::RequestToApplicant {
                    schedule.awaiting.push((term.id.clone(), event));
                }
                return Ok(());
            }
        };
        let longer = self.facts.sensitive && self.scope == Some(SensitiveScope::All);
        let Some((value, rule)) = term.rule(self.regime, self.notice, longer) else { return Ok(()) };
        let given = self.facts.procedure_days.filter(|_| term.id == PROCEDURE);
        let Some(number) = given.or(rule.days) else {
            schedule.refused.push(Refused {
                id: term.id.clone(),
                regime: self.regime.map_or_else(|| self.procedure.kind.clone(), |regime| regime.id.clone()),
                value: value_name(term.rules_of.as_ref().unwrap_or(&self.procedure.kind), value),
                norm: rule.norm.clone(),
            });
            return Ok(());
        };
        let divided = self.procedure.division.as_ref().filter(|_| term.divided);
        let rule = &divided.map_or_else(|| rule.clone(), |division| rule.divided(division));
        let number = divided.map_or(number, |division| number.div_ceil(division.by.get()));
        let (amount, from) = (Amount::forward(number, rule.unit), start.0.strict);
        let (counted, late_request) = self.count(term, start, &amount, rule);
        for day in [counted.due.strict, counted.due.prudential] {
            within(self.law, day)?;
        }
        let mut cautions = cautions_of(rule, given.is_some(), late_request);
        let (calendar, office) = (&self.law.calendar, &self.facts.office);
        cautions.extend(Caution::of_counting(calendar, rule.unit, from, &counted, office));
        let planned = Planned { cautions, ..planned(term, rule, counted) };
        schedule.terms.push(planned);
        Ok(())
    }

    fn start(&self, term: &ProcedureTerm, schedule: &Schedule<'_>) -> Start {
        if let Some(event) = term.start {
            return match self.events.get(&event) {
                Some(on) => Start::On(Due::on(*on), Step::Start { event, on: *on }),
                None => Start::Awaits(event),
            };
        }
        let named = schedule.terms.iter().filter(|planned| term.after.contains(&planned.id));
        match named.map(|planned| planned.due).reduce(Due::later) {
            Some(due) => Start::On(due, Step::Start { event: StartEvent::LastExpiry, on: due.strict }),
            None => {
                let before = self.procedure.terms.iter().find(|other| term.after.contains(&other.id));
                Start::Awaits(before.and_then(|before| before.start).unwrap_or(StartEvent::Receipt))
            }
        }
    }

    /// The counted term, and whether a request came too late to move it.
    fn count(
        &self,
        term: &ProcedureTerm,
        start: (Due, Step),
        amount: &Amount,
        rule: &TermRule,
    ) -> (Counted, bool) {
        let (start, step) = start;
        let moves = Moves { stands_still: term.stands_still, rolled: term.rolled };
        let counted = |start| self.counting.after(start, amount, &rule.norm, &self.facts.office, moves);
        let mut result = counted(start);
        let mut first = vec![step];
        let request = self.facts.request.filter(|_| term.stands_still);
        let too_late =
            request.is_some_and(|request| request.on > without_request(self, start, amount, rule).due.strict);
        if let (Some(request), Some(OnRequest::Restarts), false) =
            (request, self.procedure.on_request, too_late)
            && let Some(answered) = request.answered
        {
            first.push(Step::Restarted { requested: request.on, on: answered });
            result = counted(Due::on(answered));
        }
        first.append(&mut result.derivation);
        result.derivation = first;
        (result, too_late)
    }

    fn cautions(&self) -> Vec<Caution> {
        let mut cautions = Vec::new();
        if let Some(regime) = self.regime {
            if let (Some(it), Some(en)) = (&regime.note_it, &regime.note_en) {
                cautions.push(Caution::unconfirmed(regime, it, en));
            }
            let expected = self.law.regime_on(self.notice).filter(|expected| expected.id != regime.id);
            cautions.extend(expected.map(|expected| Caution::other_regime(regime, expected, self.notice)));
            if self.facts.sensitive && self.scope == Some(SensitiveScope::All) {
                cautions.push(Caution::longer_for_all());
            }
        } else if self.facts.regime.is_some() || self.facts.scope.is_some() {
            cautions.push(Caution::regime_unused(self.procedure));
        }
        if let Some(seat) = self.facts.office.seat.as_deref() {
            cautions.extend(Caution::of_seat(&self.law.calendar, seat));
        }
        if let (Some(request), Some(most)) = (self.facts.request, self.request_days_max)
            && request.answered.is_some_and(|answered| answered > add_days(request.on, i64::from(most)))
            && self.counting.standstill.is_some()
        {
            cautions.push(Caution::suspension_capped(most));
        }
        cautions
    }

    /// B.3.d: the conference must leave the procedure within its own term.
    fn weigh(&self, schedule: &mut Schedule<'_>) {
        let strict = |id: &str| schedule.terms.iter().find(|term| term.id == id).map(|term| term.due.strict);
        if let (Some(procedure), Some(conclusion)) = (strict(PROCEDURE), strict(FINAL_DETERMINATION))
            && conclusion > procedure
        {
            schedule.cautions.push(Caution::procedure_exceeded(procedure, conclusion));
        }
    }
}

enum Start {
    On(Due, Step),
    Awaits(StartEvent),
}

fn without_request(planner: &Planner<'_, '_>, start: Due, amount: &Amount, rule: &TermRule) -> Counted {
    let counting = Counting { calendar: planner.counting.calendar, standstill: None };
    counting.after(start, amount, &rule.norm, &planner.facts.office, Moves::default())
}

fn cautions_of(rule: &TermRule, given: bool, late: bool) -> Vec<Caution> {
    let mut cautions = Vec::new();
    if let Some(source) = rule.source.as_deref() {
        cautions.push(Caution::from_profile(source));
    } else if rule.tag == Confidence::Memory && !given {
        cautions.push(Caution::from_memory(&rule.norm));
    }
    if late {
        cautions.push(Caution::request_too_late());
    }
    cautions
}

fn planned(term: &ProcedureTerm, rule: &TermRule, counted: Counted) -> Planned {
    Planned {
        id: term.id.clone(),
        it: term.it.clone(),
        en: term.en.clone(),
        due: counted.due,
        force: rule.nature,
        bound: rule.bound,
        norm: rule.norm.clone(),
        tag: rule.tag,
        source: rule.source.clone(),
        derivation: counted.derivation,
        cautions: Vec::new(),
    }
}

fn regime_of<'a>(law: &'a Law, facts: &Facts, notice: Date) -> Result<&'a Regime, ScheduleError> {
    match &facts.regime {
        Some(id) => law.regime(id).ok_or_else(|| ScheduleError::UnknownRegime {
            given: id.clone(),
            known: law.regimes.iter().map(|regime| regime.id.clone()).collect(),
        }),
        None => law.regime_on(notice).ok_or(ScheduleError::NoRegime { on: notice }),
    }
}

/// A date outside the years of the data is refused: the holidays of its year are not known.
pub fn within(law: &Law, day: Date) -> Result<(), ScheduleError> {
    let coverage = law.calendar.coverage();
    if coverage.from <= day && day <= coverage.until {
        return Ok(());
    }
    Err(ScheduleError::DateOutside { day, from: coverage.from, until: coverage.until })
}

fn check_order(
    procedure: &Procedure,
    facts: &Facts,
    notice: Date,
    events: &BTreeMap<StartEvent, Date>,
) -> Result<(), ScheduleError> {
    let received = events.get(&StartEvent::Receipt).copied();
    if let Some(received) = received.filter(|received| *received < notice) {
        return Err(ScheduleError::ReceivedBeforeNotice { received, notice });
    }
    let Some(request) = facts.request else { return Ok(()) };
    let Some(on_request) = procedure.on_request else {
        return Err(ScheduleError::RequestsMoveNothing {
            kind: procedure.kind.clone(),
            norm: procedure.norm.clone(),
        });
    };
    if request.answered.is_some_and(|answered| answered < request.on) {
        return Err(ScheduleError::ResumedBeforeSuspended { request: request.on });
    }
    if received.is_some_and(|received| request.on < received) {
        return Err(ScheduleError::SuspendedBeforeReceived { request: request.on });
    }
    if on_request == OnRequest::Restarts && request.answered.is_none() {
        return Err(ScheduleError::RestartAwaitsAnswer { norm: procedure.norm.clone() });
    }
    Ok(())
}

/// S3: the terms run again on the day the answer came, or when the most days are over.
fn standstill_of(request: Request, days_max: Option<u16>) -> Standstill {
    let most = days_max.map(|days| add_days(request.on, i64::from(days)));
    let until = match (request.answered, most) {
        (Some(answered), Some(most)) => answered.min(most),
        (answered, most) => answered.or(most).unwrap_or(request.on),
    };
    Standstill { from: request.on, until, projected: request.answered.is_none() }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
