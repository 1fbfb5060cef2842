//! What officials see: conferences, their state and course, messages received and waiting. Read beside a running node.

use concerto_api::views as data;
use concerto_core::Case;
use concerto_core::case::{Awaited, Entry};
use concerto_message::{ConferenceId, Writer};
use concerto_port::{JournalFeed, JournalRead};
use concerto_procedure::acts::{Act, Channel, Direction};
use concerto_procedure::language::Lang;
use concerto_procedure::terms::terms;
use concerto_procedure::timeliness::Timeliness;
use concerto_procedure::{LegalNow, Term};
use concerto_store_sqlite::SqliteReader;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::actions;
use crate::home::Home;
use crate::output::{Failure, Output};
use crate::words::{cell, day, line, sentence, short};

/// Conferences read in one go.
const PAGE: usize = 256;

/// The store, read-only.
pub(crate) fn reader(home: &Home) -> Result<SqliteReader, Failure> {
    Ok(SqliteReader::open(home.journal_path())?)
}

/// The store, read-only; none while the node has never run nor written anything.
fn existing(home: &Home) -> Result<Option<SqliteReader>, Failure> {
    if home.journal_path().exists() { reader(home).map(Some) } else { Ok(None) }
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
    let unknown = || {
        Failure::usage(
            "conference.unknown",
            format!("Nessuna conferenza `{name}`: vedere `concerto conference list`."),
            format!("No conference `{name}`: see `concerto conference list`."),
        )
    };
    let reader = existing(home)?.ok_or_else(unknown)?;
    let id = match name.parse::<ConferenceId>() {
        Ok(id) => id,
        Err(_) => match reader.conferences_named(name, 2)?.as_slice() {
            [id] => id.clone(),
            [] => return Err(unknown()),
            _ => {
                return Err(Failure::usage(
                    "conference.ambiguous",
                    format!("`{name}` indica più conferenze: scrivere più cifre."),
                    format!("`{name}` means several conferences: write more digits."),
                ));
            }
        },
    };
    Case::load(&id, &reader)?.ok_or_else(unknown)
}

/// A body's name as the federation knows it.
pub(crate) fn name_of(home: &Home, writer: &Writer) -> String {
    let member = home.federation.members.iter().find(|m| m.writer == *writer);
    member.map_or_else(|| writer.to_string(), |m| m.name.clone())
}

/// The first digits of a conference's random part: enough to name it on one node.
pub(crate) fn short_name(id: &ConferenceId) -> String {
    short(&id.nonce().to_string())
}

/// `concerto conference list`.
pub(crate) fn list(out: Output, home: &Home, limit: usize) -> Result<(), Failure> {
    let now = LegalNow(home.clock()?.now());
    let (mut rows, mut text) = (Vec::new(), String::new());
    if let Some(reader) = existing(home)? {
        let documents = home.documents()?;
        for id in all(&reader)?.into_iter().take(limit) {
            let Some(case) = Case::load(&id, &reader)? else { continue };
            let row = data::conference_row(&case, &documents, now);
            text.push_str(&list_text(out, home, &row));
            rows.push(row);
        }
    }
    if rows.is_empty() {
        text.push_str(out.say("Nessuna conferenza.", "No conference."));
    }
    out.result(&text, &value(&data::ConferencePage { conferences: rows, next: None }));
    Ok(())
}

fn list_text(out: Output, home: &Home, row: &data::ConferenceRow) -> String {
    let waiting = match row.pending {
        0 => String::new(),
        pending => {
            format!(" · {pending} {}", out.say("atti da prendere in carico", "acts to take in charge"))
        }
    };
    let head = format!("{}  {}  ", short_name(&row.conference), cell(&name_of(home, &row.lead), 26));
    let mut text = line(&head, &format!("{}{waiting}", sentence(&state_name(out, "Phase", &row.phase))));
    if let Some(subject) = &row.subject {
        text.push_str(&line(&" ".repeat(38), subject));
    }
    text
}

/// `concerto conference show`.
pub(crate) fn show(out: Output, home: &Home, name: &str) -> Result<(), Failure> {
    let case = find(home, name)?;
    let now = LegalNow(home.clock()?.now());
    let detail = data::conference_detail(&case, &home.documents()?, now);
    let mut text = view_text(out, home, &case, &detail);
    text.push_str(&terms_text(out, home, &case, false));
    out.result(&text, &value(&detail));
    Ok(())
}

fn view_text(out: Output, home: &Home, case: &Case, detail: &data::ConferenceDetail) -> String {
    let (mut text, view) = (String::new(), &detail.view);
    let mut row = |it: &str, en: &str, value: &str| text.push_str(&line(&cell(out.say(it, en), 12), value));
    row("Conferenza", "Conference", &case.id().to_string());
    row("Oggetto", "Subject", detail.subject.as_deref().unwrap_or("-"));
    row("Procedente", "Lead", &name_of(home, case.lead()));
    row("Regime", "Regime", view.regime.as_deref().unwrap_or("-"));
    row("Stato", "State", &state_name(out, "Phase", &view.phase));
    if let Some(outcome) = &view.outcome {
        row("Esito", "Outcome", &state_name(out, "Outcome", outcome));
    }
    text.push_str(&format!("\n{}\n", out.say("Amministrazioni coinvolte", "Bodies involved")));
    for body in &view.bodies {
        let until = body.determination_until.map_or_else(|| cell("-", 14), |d| day(lang(out), d));
        let status = state_name(out, "BodyStatus", &body.status);
        let sensitive =
            if body.sensitive { out.say(" · interessi sensibili", " · sensitive interests") } else { "" };
        let name = name_of(home, &body.body);
        text.push_str(&line(&format!("  {until}  {}  ", cell(&status, 30)), &format!("{name}{sensitive}")));
    }
    for anomaly in &view.anomalies {
        let what = out.say("messaggio senza effetto:", "message without effect:");
        let (author, id) = (name_of(home, &anomaly.author), anomaly.message.short());
        text.push_str(&line("  ! ", &format!("{what} {id}, {author} ({})", anomaly.code)));
    }
    if let Some(awaited) = case.awaited() {
        text.push_str(&line("  ! ", &awaited_text(out, home, awaited)));
    }
    if !view.actions.is_empty() {
        text.push_str(&format!("\n{}\n", out.say("Che cosa si può fare", "What can be done")));
    }
    for action in &view.actions {
        text.push_str(&line("  - ", &actions::text(out, home, action)));
    }
    text
}

/// Why the state stops at an earlier link of the procedente.
fn awaited_text(out: Output, home: &Home, awaited: &Awaited) -> String {
    match awaited {
        Awaited::Link { id, author } => {
            let (id, author) = (id.short(), name_of(home, author));
            if out.italian() {
                format!("manca ancora il messaggio {id} di {author}")
            } else {
                format!("message {id} of {author} is still missing")
            }
        }
        Awaited::Receipt(_) => out
            .say(
                "una ricevuta citata dalla procedente è da verificare",
                "a receipt quoted by the lead is to be verified",
            )
            .to_owned(),
        Awaited::Upgrade(id) => format!(
            "{} ({})",
            out.say(
                "un messaggio della procedente chiede una versione più recente di Concerto",
                "a message of the lead needs a newer version of Concerto"
            ),
            id.short()
        ),
    }
}

/// Each term with its dates and, where asked, the reason of its date; bodies whose term and reason are the same stand together.
pub(crate) fn terms_text(out: Output, home: &Home, case: &Case, with_reasons: bool) -> String {
    let lang = lang(out);
    let mut text = format!("\n{}\n", out.say("Termini", "Terms"));
    let mut groups: Vec<(Term, Vec<String>)> = Vec::new();
    for mut term in terms(case.state()) {
        let whose = term.body.take().map(|writer| name_of(home, &writer));
        match groups.iter_mut().find(|(same, _)| *same == term) {
            Some((_, names)) => names.extend(whose),
            None => groups.push((term, whose.into_iter().collect())),
        }
    }
    groups.sort_by_key(|(term, _)| term.strict);
    for (term, names) in groups {
        let whose = if names.is_empty() { String::new() } else { format!(" – {}", names.join(", ")) };
        let prudential = match term.prudential == term.strict {
            true => String::new(),
            false => format!(" ({} {})", out.say("prudenziale", "prudential"), day(lang, term.prudential)),
        };
        let what = format!("{}{whose}{prudential} [{}]", sentence(term.kind.text(lang)), term.norm);
        text.push_str(&line(&format!("  {}  ", day(lang, term.strict)), &what));
        if with_reasons {
            text.push_str(&line(&" ".repeat(20), &term.derivation_text(lang)));
        }
    }
    let others: Vec<String> = case.disagreeing().iter().map(|writer| name_of(home, writer)).collect();
    if !others.is_empty() {
        let what = out.say(
            "Calcolano termini diversi (vedere gli allarmi):",
            "Other terms are computed by (see the alarms):",
        );
        text.push_str(&line("! ", &format!("{what} {}", others.join(", "))));
    }
    text
}

/// A state or value (`Phase`, `Position`) in the glossary's words for its kind.
pub(crate) fn state_name(out: Output, kind: &str, state: &impl serde::Serialize) -> String {
    concerto_api::words::state_name(lang(out), kind, state)
}

/// A wire value or identifier in the glossary's words.
pub(crate) fn glossary(out: Output, word: &str) -> String {
    concerto_api::words::glossary(lang(out), word)
}

/// `concerto conference timeline`.
pub(crate) fn timeline(out: Output, home: &Home, name: &str) -> Result<(), Failure> {
    let case = find(home, name)?;
    let text = format!("{}{}", course(out, home, &case), terms_text(out, home, &case, true));
    out.result(&text, &value(&data::timeline(&case)));
    Ok(())
}

/// The acts by time of issue, in lines.
fn course(out: Output, home: &Home, case: &Case) -> String {
    let mut text = String::new();
    for (id, entry) in data::acts(case) {
        let row = data::act_row(case, id, entry);
        let note = match (&row.timeliness, row.taken) {
            (_, false) => out.say(" – non ancora preso in carico", " – not taken in charge yet"),
            (Some(Timeliness::Timely(_)), _) => out.say(" – nel termine", " – in time"),
            (Some(Timeliness::Disputed(_)), _) => {
                out.say(" – contestato: decide un funzionario", " – disputed: an official decides")
            }
            (Some(Timeliness::Late(_)), _) => out.say(" – tardivo: non conta", " – late: does not count"),
            _ => "",
        };
        let certified = certified(out, entry).unwrap_or_default();
        let head = format!("{}  {}  ", rome_text(entry.issued_at), cell(&name_of(home, &entry.author), 26));
        let what = sentence(&act_text_named(out, home, entry));
        text.push_str(&line(&head, &format!("{what}{certified}{note}")));
    }
    text
}

/// What certified mail on record with a body proves, and when by the provider's time.
fn certified(out: Output, entry: &Entry) -> Option<String> {
    let Ok(Act::RecordedExchange(exchange)) = &entry.act else { return None };
    exchange.with_body().filter(|_| exchange.channel == Channel::Pec)?;
    let what = match exchange.direction {
        Direction::Sent => out.say("consegnata il", "delivered on"),
        Direction::Received => out.say("accettata dal gestore il", "accepted by the provider on"),
    };
    Some(format!(", {what} {}", rome_text(exchange.at)))
}

/// An act in a few words, bodies by their codes.
pub(crate) fn act_text(out: Output, entry: &Entry) -> String {
    concerto_api::words::act_text(lang(out), entry, &|writer| writer.to_string())
}

fn act_text_named(out: Output, home: &Home, entry: &Entry) -> String {
    concerto_api::words::act_text(lang(out), entry, &|writer| name_of(home, writer))
}

/// `concerto inbox`: open alarms, and messages of others, newest first.
pub(crate) fn inbox(out: Output, home: &Home, limit: usize) -> Result<(), Failure> {
    let (mut text, mut alarms, mut rows) = (String::new(), Vec::new(), Vec::new());
    if let Some(reader) = existing(home)? {
        for alarm in reader.alarms(None, limit)? {
            let head = format!("! {}  ", rome_text(alarm.at));
            text.push_str(&line(&head, &format!("{} ({})", alarm.text, alarm.code)));
            alarms.push(data::alarm_row(alarm));
        }
        for id in all(&reader)? {
            let Some(case) = Case::load(&id, &reader)? else { continue };
            // takings in charge say nothing of their own: what they take is listed with its author
            let technical = |entry: &Entry| matches!(entry.act, Ok(Act::TakenInCharge(_)));
            for (message, entry) in case.entries().filter(|(_, e)| !e.own && !technical(e)) {
                let row = data::received_row(lang(out), &case, *message, entry);
                rows.push((received_text(out, home, &row, entry), row));
            }
        }
    }
    rows.sort_by_key(|(_, row)| std::cmp::Reverse((row.received_at, row.message)));
    rows.truncate(limit);
    let (lines, messages): (Vec<String>, Vec<_>) = rows.into_iter().unzip();
    text.push_str(&lines.concat());
    if text.is_empty() {
        text.push_str(out.say("Nessun messaggio.", "No message."));
    }
    out.result(&text, &json!({ "alarms": value(&alarms), "messages": value(&messages) }));
    Ok(())
}

/// A received message as a line.
fn received_text(out: Output, home: &Home, row: &data::ReceivedRow, entry: &Entry) -> String {
    let author = cell(&name_of(home, &row.author), 26);
    let head = format!("{}  {}  {author}  ", rome_text(row.received_at), short_name(&row.conference));
    let what = sentence(&act_text_named(out, home, entry));
    line(&head, &format!("{what} ({})", row.message.short()))
}

/// `concerto outbox`: what waits for a receipt, and since when.
pub(crate) fn outbox(out: Output, home: &Home, limit: usize) -> Result<(), Failure> {
    let (mut text, mut waiting) = (String::new(), Vec::new());
    if let Some(reader) = existing(home)? {
        for row in reader.outbox(None, 0, limit)? {
            let row = data::waiting_row(&reader, row)?;
            let name = row.conference.as_ref().map(short_name).unwrap_or_default();
            let head =
                format!("{}  {name:<8}  {}  ", rome_text(row.since), cell(&name_of(home, &row.peer), 26));
            let what = sentence(&glossary(out, &row.message_type));
            text.push_str(&line(&head, &format!("{what} ({})", row.message.short())));
            waiting.push(row);
        }
    }
    if waiting.is_empty() {
        text.push_str(out.say("Nulla attende una ricevuta.", "Nothing waits for a receipt."));
    }
    out.result(&text, &value(&data::OutboxPage { waiting, next: None }));
    Ok(())
}

/// The data of a view as JSON.
pub(crate) fn value(data: &impl serde::Serialize) -> Value {
    serde_json::to_value(data).unwrap_or_default()
}
