//! `concerto terms`: the terms of a case, or one term, without any node or folder (RULES A.0, B).
//!
//! The dates, their reasons and their warnings come from `concerto_procedure`; here they become text, JSON or a calendar file.

pub(crate) mod arguments;
mod ics;
pub(crate) mod profile;

use concerto_core::Fault;
use concerto_procedure::Lang;
use concerto_procedure::acts::SensitiveScope;
use concerto_procedure::calendar::{CalendarKind, Office};
use concerto_procedure::counting::{Amount, Due};
use concerto_procedure::law::Law;
use concerto_procedure::one_term::{OneTerm, one_term};
use concerto_procedure::regime::{DayUnit, Force};
use concerto_procedure::schedule::{Facts, Planned, Refused, Request, Schedule, schedule};
use concerto_procedure::schedule_words::{Caution, ScheduleError, missing_text};
use concerto_procedure::term::{StartEvent, derivation_text, start_text};
use serde_json::{Value, json};
use std::path::Path;

use crate::output::{Exit, Failure, Output};
use crate::views::lang;
use crate::words::{day, line, sentence};
use arguments::{CalendarChoice, Case, Days, OfficeArguments, Scope, Terms, TermsCommand, Unit, Week};

/// Runs `concerto terms`.
pub(crate) fn run(out: Output, home: &Path, terms: &Terms) -> Result<(), Failure> {
    match &terms.command {
        None => case(out, home, &terms.case),
        Some(TermsCommand::Days(days)) => days_term(out, home, days),
        Some(TermsCommand::Sign(sign)) => profile::sign(out, sign),
    }
}

fn case(out: Output, home: &Path, case: &Case) -> Result<(), Failure> {
    let facts = facts(case);
    let (law, remark) = profile::law(home, &case.profile, facts.notice_day())?;
    let mut schedule = schedule(&law, &facts).map_err(refused)?;
    schedule.cautions.extend(remark);
    if let Some(path) = &case.ics {
        let text = ics::calendar(lang(out), &schedule, &facts, jiff::Timestamp::now());
        std::fs::write(path, text)
            .map_err(|e| Failure::environment("system.write", &format!("{}: {e}", path.display())))?;
    }
    out.result(&text(out, &schedule, case), &value(out, &schedule, &law));
    Ok(())
}

fn facts(case: &Case) -> Facts {
    let events = [
        (StartEvent::Application, case.application),
        (StartEvent::Receipt, case.received),
        (StartEvent::FirstMeeting, case.first_meeting),
        (StartEvent::Communication, case.communicated),
        (StartEvent::Opposition, case.opposition),
        (StartEvent::CouncilMeeting, case.council_meeting),
        (StartEvent::Adoption, case.adopted),
    ];
    Facts {
        kind: case.kind.clone(),
        notice: case.notice,
        events: events.into_iter().filter_map(|(event, on)| Some((event, on?))).collect(),
        regime: case.regime.clone(),
        sensitive: case.sensitive,
        scope: case.scope.map(|scope| match scope {
            Scope::Own => SensitiveScope::Own,
            Scope::All => SensitiveScope::All,
        }),
        request: case.suspend.map(|on| Request { on, answered: case.resume }),
        office: office(&case.office),
        procedure_days: case.procedure_days,
    }
}

/// The office; the data spell places in small letters, with `_` between words.
fn office(arguments: &OfficeArguments) -> Office {
    let seat = arguments.seat.as_deref().map(|seat| seat.trim().to_lowercase().replace(' ', "_"));
    Office { seat, six_day_week: arguments.week == Week::MonSat }
}

/// What a person asked wrongly is usage, what the law or the data refuse is a refusal.
fn refused(error: ScheduleError) -> Failure {
    let exit = match error {
        ScheduleError::UnknownKind { .. }
        | ScheduleError::UnknownRegime { .. }
        | ScheduleError::NothingStarts { .. } => Exit::Usage,
        _ => Exit::Refused,
    };
    let mut fault = Fault::new(error.code(), error.text(Lang::It), error.text(Lang::En));
    fault.norm = error.norm().map(str::to_owned);
    Failure { exit, faults: vec![fault] }
}

fn days_term(out: Output, home: &Path, days: &Days) -> Result<(), Failure> {
    let (law, remark) = profile::law(home, &days.profile, Some(days.from))?;
    let office = office(&days.office);
    let (unit, calendar) = (unit(days.unit), calendar(days.calendar));
    let amount = Amount { number: days.add, unit, backward: days.backward, calendar };
    let OneTerm { counted, norm, mut cautions } =
        one_term(&law, days.from, &amount, &office).map_err(refused)?;
    cautions.extend(remark);
    let reason = derivation_text(&counted.derivation, lang(out));
    let mut told = line(&format!("{}  ", dates(out, counted.due)), &format!("[{norm}]"));
    told.push_str(&line("  ", &reason));
    told.push_str(&cautions_text(out, &cautions));
    let value = json!({
        "from": days.from, "add": days.add, "unit": unit, "calendar": calendar, "backward": days.backward,
        "seat": office.seat, "strict": counted.due.strict, "prudential": counted.due.prudential, "norm": norm,
        "derivation": reason, "steps": counted.derivation, "warnings": cautions_value(out, &cautions),
        "data": law.versions,
    });
    out.result(&told, &value);
    Ok(())
}

fn unit(unit: Unit) -> DayUnit {
    match unit {
        Unit::Calendar => DayUnit::Calendar,
        Unit::Working => DayUnit::Working,
        Unit::Months => DayUnit::Months,
    }
}

fn calendar(calendar: CalendarChoice) -> CalendarKind {
    match calendar {
        CalendarChoice::National => CalendarKind::National,
        CalendarChoice::Eu => CalendarKind::Eu,
    }
}

fn text(out: Output, schedule: &Schedule<'_>, case: &Case) -> String {
    let lang = lang(out);
    let procedure = schedule.procedure;
    let name = if out.italian() { &procedure.it } else { &procedure.en };
    let mut text = line("", &format!("{} [{}]", sentence(name), procedure.norm));
    if let Some(regime) = schedule.regime {
        let what = if out.italian() { &regime.it } else { &regime.en };
        let head = out.say("Regime ", "Regime ");
        let on = out.say("indizione", "notice");
        text.push_str(&line(head, &format!("{}: {what} ({on} {})", regime.id, day(lang, schedule.notice))));
    }
    for term in &schedule.terms {
        text.push_str(&term_text(out, term, case.explain));
    }
    for refused in &schedule.refused {
        text.push_str(&line(
            &format!("  {}  ", out.say("non calcolato ", "not computed  ")),
            &missing_text(refused, lang),
        ));
    }
    for (id, event) in &schedule.awaiting {
        let needed = out.say("attende", "awaits");
        text.push_str(&line(
            "  ",
            &format!("{}: {needed} {}", title(out, schedule, id), start_text(*event, lang)),
        ));
    }
    text.push_str(&cautions_text(out, &schedule.cautions));
    if let Some(path) = &case.ics {
        text.push_str(&line(out.say("Calendario: ", "Calendar: "), &path.display().to_string()));
    }
    text
}

fn term_text(out: Output, term: &Planned, explain: bool) -> String {
    let name = sentence(if out.italian() { &term.it } else { &term.en });
    let what = format!("{name}, {} [{}]", nature(out, term.force), term.norm);
    let mut text = line(&format!("  {}  ", dates(out, term.due)), &what);
    if explain {
        text.push_str(&line("      ", &derivation_text(&term.derivation, lang(out))));
    }
    for caution in &term.cautions {
        text.push_str(&line(
            &format!("      {} ", out.say("avviso", "warning")),
            &caution_text(out, caution),
        ));
    }
    text
}

/// The strict date, and the prudential one where it differs.
fn dates(out: Output, due: Due) -> String {
    let strict = day(lang(out), due.strict);
    if due.prudential == due.strict {
        return strict;
    }
    format!("{strict} ({} {})", out.say("prudenziale", "prudential"), day(lang(out), due.prudential))
}

fn nature(out: Output, force: Force) -> &'static str {
    match force {
        Force::Peremptory => out.say("perentorio", "peremptory"),
        Force::Directory => out.say("ordinatorio", "directory"),
    }
}

fn title<'s>(out: Output, schedule: &'s Schedule<'_>, id: &'s str) -> &'s str {
    let term = schedule.procedure.terms.iter().find(|term| term.id == id);
    term.map_or(id, |term| if out.italian() { &term.it } else { &term.en })
}

fn cautions_text(out: Output, cautions: &[Caution]) -> String {
    let head = format!("{} ", out.say("Avviso", "Warning"));
    cautions.iter().map(|caution| line(&head, &caution_text(out, caution))).collect()
}

fn caution_text(out: Output, caution: &Caution) -> String {
    let norm = caution.norm.as_deref().map(|norm| format!(" [{norm}]")).unwrap_or_default();
    format!("{}: {}{norm}", caution.code, caution.text(lang(out)))
}

fn value(out: Output, schedule: &Schedule<'_>, law: &Law) -> Value {
    let regime = schedule.regime.map(|regime| {
        json!({ "id": regime.id, "name": if out.italian() { &regime.it } else { &regime.en }, "tag": regime.tag,
                "citations": regime.citations })
    });
    let terms: Vec<Value> = schedule.terms.iter().map(|term| term_value(out, term)).collect();
    let refused: Vec<Value> = schedule.refused.iter().map(|refused| refused_value(out, refused)).collect();
    let awaiting: Vec<Value> =
        schedule.awaiting.iter().map(|(id, event)| json!({ "term": id, "event": event })).collect();
    json!({
        "kind": schedule.procedure.kind, "norm": schedule.procedure.norm, "regime": regime,
        "notice": schedule.notice, "sensitive_scope": schedule.scope, "terms": terms, "refused": refused,
        "awaiting": awaiting, "warnings": cautions_value(out, &schedule.cautions), "data": law.versions,
    })
}

fn term_value(out: Output, term: &Planned) -> Value {
    json!({
        "term": term.id, "name": if out.italian() { &term.it } else { &term.en },
        "strict": term.due.strict, "prudential": term.due.prudential, "nature": term.force, "bound": term.bound,
        "norm": term.norm, "tag": term.tag, "profile": term.source,
        "derivation": derivation_text(&term.derivation, lang(out)), "steps": term.derivation,
        "warnings": cautions_value(out, &term.cautions),
    })
}

fn refused_value(out: Output, refused: &Refused) -> Value {
    json!({
        "term": refused.id, "code": "terms.value.missing", "regime": refused.regime, "value": refused.value,
        "norm": refused.norm, "text": missing_text(refused, lang(out)),
    })
}

fn cautions_value(out: Output, cautions: &[Caution]) -> Value {
    let one = |caution: &Caution| json!({ "code": caution.code, "text": caution.text(lang(out)), "norm": caution.norm });
    cautions.iter().map(one).collect()
}
