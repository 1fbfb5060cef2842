//! The dates of a case as a calendar file (RFC 5545): one all-day event for each term, on its strict date.
//!
//! A term keeps its UID when a suspension moves it, so that a calendar that imports the file again moves the event too.

use concerto_message::Digest;
use concerto_procedure::Lang;
use concerto_procedure::language::date_text;
use concerto_procedure::schedule::{Facts, Planned, Schedule};
use concerto_procedure::term::derivation_text;
use icalendar::{Calendar, Component, Event, Property};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::words::sentence;

/// The calendar; `now` becomes DTSTAMP (RFC 5545 section 3.8.7.2).
pub(super) fn calendar(lang: Lang, schedule: &Schedule<'_>, facts: &Facts, now: Timestamp) -> String {
    let mut calendar = Calendar::empty();
    for (key, value) in [
        ("VERSION", "2.0"),
        ("PRODID", "-//Concerto//terms//IT"),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
    ] {
        calendar.append_property(Property::new(key, value));
    }
    for term in &schedule.terms {
        calendar.push(event(lang, schedule, facts, term, now));
    }
    calendar.to_string()
}

fn event(lang: Lang, schedule: &Schedule<'_>, facts: &Facts, term: &Planned, now: Timestamp) -> Event {
    let end = term.due.strict.tomorrow().unwrap_or(term.due.strict); // exclusive for days (section 3.6.1)
    let mut event = Event::new();
    event
        .uid(&uid(schedule, facts, term))
        .add_property("DTSTAMP", now.strftime("%Y%m%dT%H%M%SZ").to_string())
        .append_property(day("DTSTART", term.due.strict))
        .append_property(day("DTEND", end))
        .add_property("TRANSP", "TRANSPARENT")
        .summary(&summary(lang, term))
        .description(&description(lang, term));
    event.done()
}

fn day(key: &str, date: Date) -> Property {
    Property::new(key, date.strftime("%Y%m%d").to_string()).add_parameter("VALUE", "DATE").done()
}

fn summary(lang: Lang, term: &Planned) -> String {
    let name = sentence(if lang == Lang::It { &term.it } else { &term.en });
    match (term.due.prudential == term.due.strict, lang) {
        (true, _) => name,
        (false, Lang::It) => format!("{name} (prudenziale {})", term.due.prudential.strftime("%d/%m/%Y")),
        (false, Lang::En) => format!("{name} (prudential {})", term.due.prudential.strftime("%d/%m/%Y")),
    }
}

fn description(lang: Lang, term: &Planned) -> String {
    let mut lines = vec![term.norm.clone(), derivation_text(&term.derivation, lang)];
    if term.due.prudential != term.due.strict {
        let date = date_text(term.due.prudential, lang);
        lines.push(match lang {
            Lang::It => format!("Lettura prudenziale: {date}"),
            Lang::En => format!("Prudential reading: {date}"),
        });
    }
    lines.extend(term.cautions.iter().map(|caution| caution.text(lang).to_owned()));
    lines.join("\n")
}

/// The same for the same term of the same case, whatever moved its date since.
fn uid(schedule: &Schedule<'_>, facts: &Facts, term: &Planned) -> String {
    let events: Vec<String> = facts.events.iter().map(|(event, on)| format!("{event:?}={on}")).collect();
    let seat = facts.office.seat.as_deref().unwrap_or_default();
    let case =
        format!("{}|{}|{}|{seat}|{}", schedule.procedure.kind, term.id, schedule.notice, events.join(","));
    let digest: String = Digest::of(case.as_bytes())
        .to_string()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(32)
        .collect();
    format!("{digest}@concerto.example")
}
