//! What a demonstration tells people: one line for each step, then timeline, terms, places and comparison. 110 columns at most.

use concerto_api::views::{acts, timeliness_of};
use concerto_core::Case;
use concerto_core::case::Entry;
use concerto_message::{MessageId, Writer};
use concerto_procedure::acts::{Act, Direction, Outside, RecordedExchange, TermKind};
use concerto_procedure::language::date_text;
use concerto_procedure::{Lang, Term, Timeliness, rome_date, terms, timeliness};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::case_file::{ActStep, CaseFile};
use super::compare::{Comparison, Copy, short};
use super::course::Dates;
use crate::output::Output;
use crate::views;

/// Longest line.
const WIDTH: usize = 110;
/// Where the text of a step begins.
const INDENT: usize = 34;
/// Where what belongs to a step begins.
const BELOW: usize = 18;

/// One line of the course.
pub(super) fn step_line(at: Option<String>, key: &str, text: &str) -> String {
    let head = format!("{:<16}  {:<15} ", at.unwrap_or_default(), cut(key, 15));
    wrapped(&head, INDENT, text)
}

/// What belongs to the line above.
pub(super) fn below(text: &str) -> String {
    wrapped(&format!("{:BELOW$}↳ ", ""), BELOW + 2, text)
}

/// Breaks a text between words; further lines begin at `indent`.
fn wrapped(head: &str, indent: usize, text: &str) -> String {
    let mut lines = String::from(head);
    let mut column = head.chars().count();
    let mut first = true;
    // a non-breaking space keeps number and noun together
    for word in text.split([' ', '\n']).filter(|word| !word.is_empty()) {
        let length = word.chars().count();
        if !first && column + 1 + length > WIDTH {
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            column = indent;
        } else if !first {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += length;
        first = false;
    }
    lines
}

/// A text of at most so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

fn lang(out: Output) -> Lang {
    views::lang(out)
}

/// `gio 28/01/2027`.
fn day(out: Output, date: Date) -> String {
    let weekday: String = date_text(date, lang(out)).chars().take(3).collect();
    format!("{weekday}\u{a0}{}", short_day(date))
}

/// `28/01/2027`.
fn short_day(date: Date) -> String {
    format!("{:02}/{:02}/{}", date.day(), date.month(), date.year())
}

/// A heading.
pub(super) fn heading(text: &str) -> String {
    format!("\n── {text} {}", "─".repeat(WIDTH.saturating_sub(text.chars().count() + 4)))
}

/// An act in a few words, with the case's names.
pub(super) fn act_text(out: Output, file: &CaseFile, entry: &Entry) -> String {
    let text = match &entry.act {
        Ok(Act::ImpliedAssent(implied)) => {
            let ground = serde_json::to_value(implied.ground).unwrap_or_default();
            let ground = views::glossary(out, ground.as_str().unwrap_or_default());
            format!("{}: {} ({ground})", views::glossary(out, &entry.message_type), file.label(&implied.body))
        }
        Ok(Act::RecordedExchange(exchange)) => exchange_text(out, file, exchange),
        _ => views::act_text(out, entry),
    };
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn exchange_text(out: Output, file: &CaseFile, exchange: &RecordedExchange) -> String {
    let channel = serde_json::to_value(exchange.channel).unwrap_or_default();
    let channel = views::glossary(out, channel.as_str().unwrap_or_default());
    let body = match &exchange.party {
        Outside::Applicant => None,
        Outside::Body(writer) => Some(file.label(writer)),
    };
    match (exchange.direction, out.italian()) {
        (Direction::Sent, true) => {
            let whom = body.map_or("al richiedente".to_owned(), |key| format!("a {key}"));
            format!("registrato l'invio {whom} via {channel}")
        }
        (Direction::Sent, false) => {
            format!("recorded: sent to {} by {channel}", body.as_deref().unwrap_or("the applicant"))
        }
        (Direction::Received, true) => {
            let whom = body.map_or("dal richiedente".to_owned(), |key| format!("da {key}"));
            format!("registrato quanto ricevuto {whom} via {channel}")
        }
        (Direction::Received, false) => {
            format!("recorded: received from {} by {channel}", body.as_deref().unwrap_or("the applicant"))
        }
    }
}

/// How many documents, and who alone may see some of them.
pub(super) fn documents_text(out: Output, file: &CaseFile, act: &ActStep) -> String {
    let count = act.documents.len();
    if count == 0 {
        return String::new();
    }
    let word = match count {
        1 => out.say("documento", "document"),
        _ => out.say("documenti", "documents"),
    };
    let limited: Vec<String> = act
        .documents
        .iter()
        .filter_map(|document| document.audience.as_ref())
        .map(|keys| {
            keys.iter()
                .filter_map(|key| file.participant(key))
                .map(|p| p.key.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        })
        .collect();
    let limited = match limited.as_slice() {
        [] => String::new(),
        [keys, ..] => format!(
            ", {} {} {keys}",
            limited.len(),
            out.say("visibile solo all'autore e a", "seen only by its author and")
        ),
    };
    format!(" ·\u{a0}{count}\u{a0}{word}{limited}")
}

/// How an act stands to its term.
pub(super) fn timeliness_text(out: Output, found: &Timeliness) -> String {
    match found {
        Timeliness::Timely(timely) => match timely.until() {
            Some(until) => {
                format!("{} {}", out.say("nel termine, che scade", "in time: the term ends"), day(out, until))
            }
            None => out.say("nessun termine decorre", "no term runs").to_owned(),
        },
        Timeliness::Disputed(disputed) => format!(
            "{} {}: {}",
            out.say("controversa rispetto al termine del", "disputed; the term ended"),
            day(out, disputed.until()),
            out.say("decide il responsabile, con motivazione", "an official decides, with reasons")
        ),
        Timeliness::Late(late) => format!(
            "{} {}: {}",
            out.say("tardiva, il termine scadeva", "late, the term ended"),
            day(out, late.until()),
            out.say(
                "resta nel fascicolo e non conta (art.\u{a0}2 c.\u{a0}8-bis)",
                "kept on record, does not count (art.\u{a0}2 c.\u{a0}8-bis)"
            )
        ),
    }
}

/// The dates that are new or moved, those of several bodies together.
pub(super) fn moved_dates(
    out: Output,
    file: &CaseFile,
    case: &Case,
    before: &Dates,
    after: &Dates,
) -> Option<String> {
    let mut groups: BTreeMap<(TermKind, Option<Date>, Date), Vec<String>> = BTreeMap::new();
    for ((kind, body), date) in after {
        let old = before.get(&(*kind, body.clone())).copied();
        if old != Some(*date) {
            let group = groups.entry((*kind, old, *date)).or_default();
            group.extend(body.as_ref().map(|writer| file.label(writer)));
        }
    }
    if groups.is_empty() {
        return None;
    }
    let texts = groups.into_iter().map(|((kind, old, date), bodies)| {
        let from = old.map(|old| format!("{} → ", short_day(old))).unwrap_or_default();
        let whose = if bodies.is_empty() { String::new() } else { format!(" ({})", bodies.join(", ")) };
        format!("{}{whose} {from}{}", kind.text(lang(out)), day(out, date))
    });
    let texts: Vec<String> = texts.collect();
    let projected = case.state().suspension().is_some_and(|suspension| suspension.delivered.is_none());
    let head = match (projected, before.is_empty()) {
        (true, _) => {
            out.say("termini, se la sospensione dura al massimo:", "terms, if the suspension lasts longest:")
        }
        (false, true) => out.say("termini:", "terms:"),
        (false, false) => out.say("nuovi termini:", "new terms:"),
    };
    Some(format!("{head} {}", texts.join(" · ")))
}

/// The timeline: every act of the lead's record with its effect.
pub(super) fn timeline(out: Output, file: &CaseFile, case: &Case) {
    for (id, entry) in acts(case) {
        let key = file.label(&entry.author);
        let effect = effect(out, file, case, id, entry).map(|effect| format!(" — {effect}"));
        let text = format!("{}{}", act_text(out, file, entry), effect.unwrap_or_default());
        out.progress(&step_line(Some(views::rome_text(entry.issued_at)), &key, &text));
    }
    let taken = case.entries().filter(|(_, entry)| matches!(entry.act, Ok(Act::TakenInCharge(_)))).count();
    out.progress(&below(&if out.italian() {
        format!("e {taken} prese in carico della procedente, con le ricevute che provano ogni consegna")
    } else {
        format!("and {taken} takings in charge by the lead, with the receipts that prove each delivery")
    }));
}

fn effect(out: Output, file: &CaseFile, case: &Case, id: MessageId, entry: &Entry) -> Option<String> {
    if let Some(found) = timeliness_of(case, id) {
        return Some(timeliness_text(out, &found));
    }
    match &entry.act {
        Ok(Act::ImpliedAssent(implied)) => Some(format!(
            "{} {}; {} {}",
            out.say("termine scaduto", "term ended"),
            day(out, implied.strict),
            out.say("consegna provata dalla ricevuta", "delivery proved by receipt"),
            short(&implied.proof_of_receipt)
        )),
        Ok(Act::Notice(_)) => kept_and_delivered(out, file, case, (id, entry), TermKind::Notice),
        Ok(Act::FinalDetermination(_)) => {
            kept_and_delivered(out, file, case, (id, entry), TermKind::FinalDetermination)
        }
        Ok(Act::Suspension(_) | Act::IntegrationDelivered(_)) => Some(delivered(out, file, case, id)),
        _ => None,
    }
}

/// How an act of the lead stands to its own term, and who has it.
fn kept_and_delivered(
    out: Output,
    file: &CaseFile,
    case: &Case,
    (id, entry): (MessageId, &Entry),
    kind: TermKind,
) -> Option<String> {
    let term = terms(case.state()).into_iter().find(|term| term.kind == kind)?;
    let kept = if rome_date(entry.issued_at) <= term.strict {
        out.say("nel termine", "in time")
    } else {
        out.say("oltre il termine", "after the term")
    };
    Some(format!("{kept} ({}); {}", day(out, term.strict), delivered(out, file, case, id)))
}

/// Who proved to have a message, and when.
fn delivered(out: Output, file: &CaseFile, case: &Case, id: MessageId) -> String {
    let mut days: BTreeMap<Date, BTreeSet<String>> = BTreeMap::new();
    for delivery in case.state().deliveries().iter().filter(|delivery| delivery.message == id) {
        days.entry(rome_date(delivery.at)).or_default().insert(file.label(&delivery.body));
    }
    let everybody = case.state().bodies().len();
    let texts = days.into_iter().map(|(date, keys)| {
        let whom = match keys.len() {
            count if count == everybody => out.say("tutti", "all").to_owned(),
            _ => keys.into_iter().collect::<Vec<_>>().join(", "),
        };
        format!("{} ({whom})", short_day(date))
    });
    let texts: Vec<String> = texts.collect();
    format!("{} {}", out.say("ricevuta", "received"), texts.join(", "))
}

/// Each term with the reason of its date; bodies with the same term and reason together.
pub(super) fn terms_with_reasons(out: Output, file: &CaseFile, case: &Case) {
    let mut groups: Vec<(Term, Vec<Writer>)> = Vec::new();
    for term in terms(case.state()) {
        let body = term.body.clone();
        let same = groups.iter_mut().find(|(first, _)| {
            first.kind == term.kind && first.strict == term.strict && first.derivation == term.derivation
        });
        match same {
            Some((_, bodies)) => bodies.extend(body),
            None => groups.push((term, body.into_iter().collect())),
        }
    }
    for (term, bodies) in groups {
        let whose: Vec<String> = bodies.iter().map(|writer| file.label(writer)).collect();
        let whose = if whose.is_empty() { String::new() } else { format!(" – {}", whose.join(", ")) };
        let prudential = if term.prudential == term.strict {
            String::new()
        } else {
            format!(", {} {}", out.say("prudenziale", "prudential"), day(out, term.prudential))
        };
        let head = format!("{}  ", day(out, term.strict));
        let text = format!("{}{whose}{prudential} [{}]", term.kind.text(lang(out)), term.norm);
        out.progress(&wrapped(&head, 16, &text));
        let reason = format!("{}{}", term.derivation_text(lang(out)), resumed(out, case, &term));
        out.progress(&wrapped(&" ".repeat(16), 16, &reason));
    }
}

/// The end of the suspension is the longest it could last: what ended it before.
fn resumed(out: Output, case: &Case, term: &Term) -> String {
    let delivered = case.state().suspension().and_then(|suspension| suspension.delivered.as_ref());
    match delivered.filter(|_| term.kind == TermKind::Suspension) {
        Some(record) => format!(
            "; {} {}",
            out.say("è finita prima, con le integrazioni:", "it ended earlier, with the integrations:"),
            date_text(record.received_on, lang(out))
        ),
        None => String::new(),
    }
}

/// The position of each body and what carries it.
pub(super) fn positions(out: Output, file: &CaseFile, case: &Case) {
    for line in case.state().position_lines() {
        let position = serde_json::to_value(line.position).unwrap_or_default();
        let how = match timeliness::standing_of(case.state(), &line.body) {
            Some(timeliness::Standing::Implied(_)) => out.say(" (per silenzio o atto tardivo)", " (implied)"),
            _ => "",
        };
        let word = views::glossary(out, position.as_str().unwrap_or_default());
        out.progress(&format!("  {:<15} {word}{how}", file.label(&line.body)));
    }
    if let Some(vote) = case.state().vote() {
        let (members, present, in_favour) = (vote.members, vote.present, vote.in_favour);
        out.progress(&if out.italian() {
            format!(
                "  {:<15} componenti {members}, presenti {present}, favorevoli {in_favour}",
                "deliberazione"
            )
        } else {
            format!("  {:<15} members {members}, present {present}, in favour {in_favour}", "deliberation")
        });
    }
}

/// Where each node keeps its data.
pub(super) fn places(out: Output, folder: &Path, copies: &[Copy], comparison: &Comparison) {
    out.progress(&format!(
        "  {}\n  {}",
        folder.display(),
        out.say(
            "una cartella per nodo: node.toml, keys/, journal.sqlite, documents/, serve.log",
            "one folder for each node: node.toml, keys/, journal.sqlite, documents/, serve.log"
        )
    ));
    for (copy, row) in copies.iter().zip(&comparison.rows) {
        let place = copy.folder.strip_prefix(folder).unwrap_or(&copy.folder);
        let kib = copy.journal_bytes.div_ceil(1024);
        let text = if out.italian() {
            format!(
                "{} messaggi, {} ricevute, {} testi, {} documenti",
                row.links, row.receipts, row.bodies, row.documents
            )
        } else {
            format!(
                "{} messages, {} receipts, {} bodies, {} documents",
                row.links, row.receipts, row.bodies, row.documents
            )
        };
        out.progress(&format!("  {:<24} {text}; journal.sqlite {kib} KiB", place.display()));
    }
}

/// The table of the comparison.
pub(super) fn comparison(out: Output, comparison: &Comparison) {
    let header = [
        out.say("nodo", "node"),
        out.say("messaggi", "messages"),
        out.say("testi", "bodies"),
        out.say("documenti", "documents"),
        out.say("non visibili", "not visible"),
        out.say("stato", "state"),
        out.say("termini", "terms"),
    ];
    let [node, links, bodies, documents, hidden, state, terms] = header;
    out.progress(&format!(
        "  {node:<15} {links:>9} {bodies:>7} {documents:>10} {hidden:>13}   {state:<9} {terms:<9}"
    ));
    for row in &comparison.rows {
        out.progress(&format!(
            "  {:<15} {:>9} {:>7} {:>10} {:>13}   {:<9} {:<9}",
            row.key,
            row.links,
            row.bodies,
            row.documents,
            row.hidden,
            short(&row.state),
            short(&row.terms)
        ));
    }
}

/// What the comparison proved, or what differs.
pub(super) fn verdict(out: Output, file: &CaseFile, comparison: &Comparison) -> String {
    let links = comparison.rows.first().map_or(0, |row| row.links);
    if !comparison.differences.is_empty() {
        let lines = comparison
            .differences
            .iter()
            .map(|(it, en)| format!("  ✗ {}", if out.italian() { it } else { en }));
        return lines.collect::<Vec<_>>().join("\n");
    }
    let nodes = comparison.rows.len();
    let expected = if file.expected.outcome.is_some() || !file.expected.terms.is_empty() {
        out.say(", e quelli attesi dal caso", ", and those that the case expects")
    } else {
        ""
    };
    let limited = limited_text(out, &comparison.limited);
    if out.italian() {
        format!(
            "  ✓ gli stessi {links} messaggi, byte per byte, in {nodes} archivi\n  \
             ✓ testi e documenti uguali dove si possono vedere, assenti altrove{limited}\n  \
             ✓ lo stato in memoria di ogni nodo è quello ricalcolato dal suo archivio\n  \
             ✓ termini ed esito uguali su tutti i nodi{expected}"
        )
    } else {
        format!(
            "  ✓ the same {links} messages, byte for byte, in {nodes} stores\n  \
             ✓ bodies and documents equal where they may be seen, absent elsewhere{limited}\n  \
             ✓ the state in each node's memory is the one recomputed from its store\n  \
             ✓ terms and outcome equal on all nodes{expected}"
        )
    }
}

/// The documents that some may see only, by who holds them.
fn limited_text(out: Output, limited: &BTreeMap<Vec<String>, usize>) -> String {
    let texts = limited.iter().map(|(keys, count)| {
        let whom = keys.join(&format!(" {} ", out.say("e", "and")));
        format!("{count} {} {whom}", out.say("solo da", "only at"))
    });
    let texts: Vec<String> = texts.collect();
    if texts.is_empty() { String::new() } else { format!(" ({})", texts.join("; ")) }
}
