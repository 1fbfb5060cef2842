//! What officials see: conferences, their state and course, messages received and waiting. Read beside a running node.

use concerto_core::Case;
use concerto_core::case::Entry;
use concerto_message::{ConferenceId, MessageId, Writer};
use concerto_port::JournalRead;
use concerto_procedure::acts::Act;
use concerto_procedure::language::{Lang, date_text};
use concerto_procedure::terms::terms;
use concerto_procedure::timeliness::{Timeliness, judge};
use concerto_procedure::view::ConferenceView;
use concerto_procedure::{LegalNow, rome_date};
use concerto_store_sqlite::SqliteReader;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::actions;
use crate::home::Home;
use crate::output::{Failure, Output};

/// Conferences read in one go.
const PAGE: usize = 256;

/// The store, read-only.
pub(crate) fn reader(home: &Home) -> Result<SqliteReader, Failure> {
    Ok(SqliteReader::open(home.journal_path())?)
}

/// The language of the procedure's texts.
pub(crate) fn lang(out: Output) -> Lang {
    if out.italian() { Lang::It } else { Lang::En }
}

/// An instant as people in Italy read it.
pub(crate) fn rome_text(at: Timestamp) -> String {
    const ROME: TimeZone = jiff::tz::get!("Europe/Rome");
    ROME.to_datetime(at).strftime("%d/%m/%Y %H:%M").to_string()
}

/// Every conference of the node.
pub(crate) fn all(reader: &dyn JournalRead) -> Result<Vec<ConferenceId>, Failure> {
    let mut found = Vec::new();
    loop {
        let page = reader.conferences(found.last(), PAGE)?;
        if page.is_empty() {
            return Ok(found);
        }
        found.extend(page);
    }
}

/// The conference named by its identifier or by the beginning of its random part.
pub(crate) fn find(home: &Home, name: &str) -> Result<Case, Failure> {
    let reader = reader(home)?;
    let matching: Vec<ConferenceId> = all(&reader)?
        .into_iter()
        .filter(|id| id.to_string() == name || id.nonce().to_string().starts_with(name))
        .collect();
    let id = match matching.as_slice() {
        [id] => id,
        [] => {
            return Err(Failure::usage(
                "conference.unknown",
                format!("Nessuna conferenza `{name}`: vedere `concerto conference list`."),
                format!("No conference `{name}`: see `concerto conference list`."),
            ));
        }
        _ => {
            return Err(Failure::usage(
                "conference.ambiguous",
                format!("`{name}` indica più conferenze: scrivere più cifre."),
                format!("`{name}` means several conferences: write more digits."),
            ));
        }
    };
    let case = Case::load(id, &reader)?;
    case.ok_or_else(|| Failure::environment("conference.unknown", &"the conference has no links"))
}

/// A body's name as the federation knows it.
pub(crate) fn name_of(home: &Home, writer: &Writer) -> String {
    let member = home.federation.members.iter().find(|m| m.writer == *writer);
    member.map_or_else(|| writer.to_string(), |m| m.name.clone())
}

/// `concerto conference list`.
pub(crate) fn list(out: Output, home: &Home, limit: usize) -> Result<(), Failure> {
    let reader = reader(home)?;
    let now = home.clock()?.now();
    let mut rows = Vec::new();
    let mut text = String::new();
    for id in all(&reader)?.into_iter().take(limit) {
        let Some(case) = Case::load(&id, &reader)? else { continue };
        let view = case.state().view(LegalNow(now));
        let phase = serde_json::to_value(view.phase).unwrap_or_default();
        let pending = case.pending().len();
        text.push_str(&format!(
            "{}  {:<24} {}{}\n",
            &id.nonce().to_string()[..8],
            state_name(out, "Phase", &view.phase),
            name_of(home, case.lead()),
            if pending > 0 {
                format!("  ({pending} {})", out.say("in attesa", "pending"))
            } else {
                String::new()
            },
        ));
        rows.push(json!({ "conference": id, "lead": case.lead(), "phase": phase, "pending": pending }));
    }
    if rows.is_empty() {
        text.push_str(out.say("Nessuna conferenza.", "No conference."));
    }
    out.result(&text, &json!({ "conferences": rows }));
    Ok(())
}

/// `concerto conference show`.
pub(crate) fn show(out: Output, home: &Home, name: &str) -> Result<(), Failure> {
    let case = find(home, name)?;
    let view = case.state().view(LegalNow(home.clock()?.now()));
    let value = json!({
        "conference": case.id(),
        "lead": case.lead(),
        "view": view,
        "terms_statement": case.terms_statement(),
        "pending": case.pending().iter().map(|(id, _)| id).collect::<Vec<_>>(),
    });
    let mut text = view_text(out, home, &case, &view);
    text.push_str(&terms_text(out, home, &case, false));
    out.result(&text, &value);
    Ok(())
}

fn view_text(out: Output, home: &Home, case: &Case, view: &ConferenceView) -> String {
    let mut text = format!(
        "{} {}\n{}: {}   {}: {}   {}: {}\n",
        out.say("Conferenza", "Conference"),
        case.id(),
        out.say("Procedente", "Lead"),
        name_of(home, case.lead()),
        out.say("Regime", "Regime"),
        view.regime.as_deref().unwrap_or("-"),
        out.say("Stato", "State"),
        state_name(out, "Phase", &view.phase),
    );
    if let Some(outcome) = &view.outcome {
        text.push_str(&format!("{}: {}\n", out.say("Esito", "Outcome"), wire(out, outcome)));
    }
    text.push_str(&format!("\n{}\n", out.say("Amministrazioni coinvolte", "Bodies involved")));
    for body in &view.bodies {
        let sensitive =
            if body.sensitive { out.say(" (interessi sensibili)", " (sensitive interests)") } else { "" };
        let until = body.determination_until.map_or_else(|| "-".to_owned(), |d| date_text(d, lang(out)));
        text.push_str(&format!(
            "  {:<52} {:<28} {until}\n",
            format!("{}{sensitive}", name_of(home, &body.body)),
            state_name(out, "BodyStatus", &body.status)
        ));
    }
    for anomaly in &view.anomalies {
        text.push_str(&format!("  ! {}\n", serde_json::to_string(anomaly).unwrap_or_default()));
    }
    if let Some(awaited) = case.awaited() {
        text.push_str(&format!("  ! {}: {awaited:?}\n", out.say("in attesa di", "waiting for")));
    }
    if !view.actions.is_empty() {
        text.push_str(&format!("\n{}\n", out.say("Che cosa si può fare", "What can be done")));
    }
    for action in &view.actions {
        text.push_str(&format!("  - {}\n", actions::text(out, home, action)));
    }
    text
}

/// Each term with its dates and, where asked, the reason of its date.
pub(crate) fn terms_text(out: Output, home: &Home, case: &Case, with_reasons: bool) -> String {
    let lang = lang(out);
    let mut text = format!("\n{}\n", out.say("Termini", "Terms"));
    for term in terms(case.state()) {
        let whose = term.body.as_ref().map(|w| format!(" – {}", name_of(home, w))).unwrap_or_default();
        let prudential = if term.prudential == term.strict {
            String::new()
        } else {
            format!(" ({} {})", out.say("prudenziale", "prudential"), date_text(term.prudential, lang))
        };
        text.push_str(&format!(
            "  {}{prudential}  {}{whose}  [{}]\n",
            date_text(term.strict, lang),
            term_name(out, &term),
            term.norm
        ));
        if with_reasons {
            for line in term.derivation_text(lang).lines() {
                text.push_str(&format!("      {line}\n"));
            }
        }
    }
    text
}

fn term_name(out: Output, term: &concerto_procedure::term::Term) -> String {
    let value = serde_json::to_value(term.kind).unwrap_or_default();
    glossary(out, value.as_str().unwrap_or_default())
}

/// A computed state (`Phase`, `BodyStatus`) in the glossary's words.
pub(crate) fn state_name(out: Output, kind: &str, state: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(state).unwrap_or_default();
    let camel: String = value
        .as_str()
        .unwrap_or_default()
        .split('_')
        .map(|word| {
            word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect::<String>()
        })
        .collect();
    // `negative_10bis` is written `Negative10Bis` in code
    glossary(out, &format!("{kind}::{}", camel.replace("10bis", "10Bis")))
}

/// A wire value or identifier in the glossary's words.
pub(crate) fn glossary(out: Output, word: &str) -> String {
    let found = concerto_schemas::term(word)
        .or_else(|| concerto_schemas::glossary().iter().find(|t| t.wire.as_deref() == Some(word)));
    found.map_or_else(|| word.to_owned(), |t| if out.italian() { t.it.to_string() } else { t.en.to_string() })
}

/// `concerto conference timeline`.
pub(crate) fn timeline(out: Output, home: &Home, name: &str) -> Result<(), Failure> {
    let case = find(home, name)?;
    let (text, rows) = course(out, home, &case);
    let text = format!("{text}{}", terms_text(out, home, &case, true));
    let value = json!({ "conference": case.id(), "acts": rows, "terms": terms(case.state()) });
    out.result(&text, &value);
    Ok(())
}

/// The acts in the order in which the procedente's chain gives them effect; what waits comes last.
pub(crate) fn course(out: Output, home: &Home, case: &Case) -> (String, Vec<Value>) {
    let mut entries: Vec<(&MessageId, &Entry)> =
        case.entries().filter(|(_, e)| !matches!(e.act, Ok(Act::TakenInCharge(_)))).collect();
    entries.sort_by_key(|(id, e)| (e.issued_at, **id));
    let mut text = String::new();
    let mut rows = Vec::new();
    for (id, entry) in entries {
        let taken = entry.author == *case.lead() || case.is_taken(*id);
        let timeliness = timeliness_of(case, *id);
        let note = match (&timeliness, taken) {
            (_, false) => {
                format!("  [{}]", out.say("in attesa di presa in carico", "not taken in charge yet"))
            }
            (Some(Timeliness::Timely(_)), _) => format!("  [{}]", out.say("nel termine", "in time")),
            (Some(Timeliness::Disputed(_)), _) => format!(
                "  [{}]",
                out.say("contestato: decide un funzionario", "disputed: an official decides")
            ),
            (Some(Timeliness::Late(_)), _) => {
                format!("  [{}]", out.say("tardivo: non conta", "late: does not count"))
            }
            _ => String::new(),
        };
        text.push_str(&format!(
            "{}  {:<30} {}{note}\n",
            rome_text(entry.issued_at),
            name_of(home, &entry.author).chars().take(30).collect::<String>(),
            act_text(out, entry),
        ));
        rows.push(json!({
            "message": id, "author": entry.author, "type": entry.message_type, "issued_at": entry.issued_at,
            "date": rome_date(entry.issued_at), "taken": taken, "timeliness": timeliness,
            "facts": entry.act.as_ref().ok().and_then(|a| serde_json::to_value(a).ok()).and_then(|v| v.get("facts").cloned()),
        }));
    }
    (text, rows)
}

/// How a determination stands to its term, by the evidence in the procedente's chain.
fn timeliness_of(case: &Case, message: MessageId) -> Option<Timeliness> {
    let state = case.state();
    let given = state.determinations().find(|d| d.message == message)?;
    Some(judge(state, &given.author, concerto_procedure::acts::TermKind::Determination, &given.evidence))
}

/// An act in a few words.
pub(crate) fn act_text(out: Output, entry: &Entry) -> String {
    let name = glossary(out, &entry.message_type);
    let detail = match &entry.act {
        Ok(Act::Determination(d)) => wire(out, &d.position),
        Ok(Act::ImpliedAssent(i)) => format!("{} ({})", i.body, wire(out, &i.ground)),
        Ok(Act::FinalDetermination(f)) => wire(out, &f.outcome),
        Ok(Act::EfficacyStatement(e)) => wire(out, &e.efficacy),
        Ok(Act::LateOrInvalidActNotice(n)) => wire(out, &n.finding),
        Ok(Act::RecordedExchange(r)) => format!("{}, {}", wire(out, &r.direction), wire(out, &r.channel)),
        Err(_) => out.say("contenuto rifiutato", "content refused").to_owned(),
        _ => return name,
    };
    format!("{name}: {detail}")
}

fn wire(out: Output, value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    glossary(out, value.as_str().unwrap_or_default())
}

/// `concerto inbox`: messages of others, newest first, and open alarms.
pub(crate) fn inbox(out: Output, home: &Home, limit: usize) -> Result<(), Failure> {
    let reader = reader(home)?;
    let mut rows = Vec::new();
    for id in all(&reader)? {
        let Some(case) = Case::load(&id, &reader)? else { continue };
        for (message, entry) in case.entries().filter(|(_, e)| !e.own) {
            rows.push((
                entry.received_at,
                id.clone(),
                *message,
                entry.author.clone(),
                act_text(out, entry),
                case.is_taken(*message),
            ));
        }
    }
    rows.sort_by_key(|r| std::cmp::Reverse((r.0, r.2)));
    rows.truncate(limit);
    let alarms = reader.alarms(None, limit)?;
    let mut text = String::new();
    for alarm in &alarms {
        text.push_str(&format!("! {}  {}  {}\n", rome_text(alarm.at), alarm.code, alarm.text));
    }
    for (at, conference, message, author, what, _) in &rows {
        text.push_str(&format!(
            "{}  {}  {}  {what}  ({})\n",
            rome_text(*at),
            &conference.nonce().to_string()[..8],
            name_of(home, author),
            message.short()
        ));
    }
    if text.is_empty() {
        text.push_str(out.say("Nessun messaggio.", "No message."));
    }
    let messages: Vec<Value> = rows
        .iter()
        .map(|(at, conference, message, author, what, taken)| {
            json!({ "received_at": at, "conference": conference, "message": message, "author": author, "what": what, "taken": taken })
        })
        .collect();
    let alarms: Vec<Value> = alarms
        .iter()
        .map(|a| json!({ "at": a.at, "code": a.code, "subject": a.subject, "conference": a.conference, "text": a.text }))
        .collect();
    out.result(&text, &json!({ "alarms": alarms, "messages": messages }));
    Ok(())
}

/// `concerto outbox`: what waits for a receipt, and since when.
pub(crate) fn outbox(out: Output, home: &Home, limit: usize) -> Result<(), Failure> {
    let reader = reader(home)?;
    let rows = reader.outbox(None, 0, limit)?;
    let mut text = String::new();
    for row in &rows {
        text.push_str(&format!(
            "{}  {}  {}\n",
            rome_text(row.since),
            name_of(home, &row.peer),
            row.message.short()
        ));
    }
    if rows.is_empty() {
        text.push_str(out.say("Nulla attende una ricevuta.", "Nothing waits for a receipt."));
    }
    let rows: Vec<Value> =
        rows.iter().map(|r| json!({ "peer": r.peer, "message": r.message, "since": r.since })).collect();
    out.result(&text, &json!({ "waiting": rows }));
    Ok(())
}
