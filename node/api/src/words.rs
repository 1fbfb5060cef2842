//! Acts, states and instants in the words of people, by the glossary (schemas/glossary.toml).

use concerto_core::case::Entry;
use concerto_message::Writer;
use concerto_procedure::acts::{Act, MeetingMinutes};
use concerto_procedure::language::{Lang, date_text};
use serde::Serialize;

/// One of two texts.
pub fn say<'a>(lang: Lang, it: &'a str, en: &'a str) -> &'a str {
    match lang {
        Lang::It => it,
        Lang::En => en,
    }
}

/// A wire value or identifier in the glossary's words.
pub fn glossary(lang: Lang, word: &str) -> String {
    let found = concerto_schemas::term(word)
        .or_else(|| concerto_schemas::glossary().iter().find(|t| t.wire.as_deref() == Some(word)));
    found.map_or_else(|| word.to_owned(), |t| say(lang, &t.it, &t.en).to_owned())
}

/// A state or value (`Phase`, `Position`) in the glossary's words for its kind.
pub fn state_name(lang: Lang, kind: &str, state: &impl Serialize) -> String {
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
    glossary(lang, &format!("{kind}::{}", camel.replace("10bis", "10Bis")))
}

/// An act in a few words; `name_of` says how a body is called.
pub fn act_text(lang: Lang, entry: &Entry, name_of: &dyn Fn(&Writer) -> String) -> String {
    let text = own_text(lang, entry, name_of);
    match &entry.behalf {
        Some(behalf) => {
            format!("{text} – {} {}", say(lang, "per conto di", "on behalf of"), name_of(&behalf.body))
        }
        None => text,
    }
}

fn own_text(lang: Lang, entry: &Entry, name_of: &dyn Fn(&Writer) -> String) -> String {
    let name = glossary(lang, &entry.message_type);
    let detail = match &entry.act {
        Ok(Act::Determination(d)) => state_name(lang, "Position", &d.position),
        Ok(Act::ImpliedAssent(i)) => {
            format!("{} ({})", name_of(&i.body), state_name(lang, "ImpliedGround", &i.ground))
        }
        Ok(Act::FinalDetermination(f)) => state_name(lang, "Outcome", &f.outcome),
        Ok(Act::EfficacyStatement(e)) => state_name(lang, "Efficacy", &e.efficacy),
        Ok(Act::LateOrInvalidActNotice(n)) => state_name(lang, "Finding", &n.finding),
        Ok(Act::RecordedExchange(r)) => {
            let direction = state_name(lang, "Direction", &r.direction);
            let body = r.with_body().map(|body| format!(", {}", name_of(body))).unwrap_or_default();
            format!("{direction}, {}{body}", state_name(lang, "Channel", &r.channel))
        }
        Ok(Act::MeetingCall(c)) => {
            format!("{}, {}", state_name(lang, "MeetingMode", &c.mode), date_text(c.held_on, lang))
        }
        Ok(Act::RepresentativeAppointment(a)) => {
            let represented: Vec<String> = a.represents.iter().map(name_of).collect();
            format!("{} ({})", represented.join(", "), state_name(lang, "Appointer", &a.appointed_by))
        }
        Ok(Act::DissentToRepresentative(d)) => state_name(lang, "QualifiedInterest", &d.interest),
        Ok(Act::MeetingMinutes(m)) => session_text(lang, m),
        Err(_) => say(lang, "contenuto rifiutato", "content refused").to_owned(),
        _ => return name,
    };
    format!("{name}: {detail}")
}

/// A session: its number, how many were there, how it ended.
fn session_text(lang: Lang, minutes: &MeetingMinutes) -> String {
    let (number, present) = (minutes.session, minutes.present.len());
    let end = match (minutes.next_on, minutes.works_closed) {
        (Some(day), _) => format!("{} {}", say(lang, "aggiornata a", "adjourned to"), date_text(day, lang)),
        (None, true) => say(lang, "lavori chiusi", "works closed").to_owned(),
        (None, false) => say(lang, "incontro operativo", "operative meeting").to_owned(),
    };
    let session = say(lang, "seduta", "session");
    format!("{session} {number}, {} {present}; {end}", say(lang, "presenti", "present"))
}
