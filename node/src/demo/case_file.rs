//! A case as data, `concerto-case/1` (node/demo/README.md): its types and how its TOML is read.
//!
//! What one table says is checked here; how tables fit together is checked in [`super::check`]. All problems are told at once.

use concerto_message::Writer;
use concerto_procedure::acts::{Level, Outcome, SensitiveInterest, TermKind};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::check;
use super::documents::Documents;
use super::reading::{Keys, Problems};
use crate::output::Failure;

const FORMAT: &str = "concerto-case/1";
const ROME: TimeZone = jiff::tz::get!("Europe/Rome");

/// A case, read and checked.
#[derive(Debug)]
pub(crate) struct CaseFile {
    pub(crate) title: String,
    /// Key of the participant that leads.
    pub(crate) lead: String,
    pub(crate) regime: String,
    pub(crate) language: String,
    pub(crate) application: Option<Application>,
    pub(crate) participants: Vec<Participant>,
    pub(crate) steps: Vec<Step>,
    pub(crate) expected: Expected,
}

/// What a party applied for.
#[derive(Debug)]
pub(crate) struct Application {
    pub(crate) reference: String,
    pub(crate) applicant: String,
    pub(crate) received: String,
}

/// An administration with a node.
#[derive(Debug)]
pub(crate) struct Participant {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) writer: Writer,
    pub(crate) seat: Option<String>,
    pub(crate) sensitive: Vec<SensitiveInterest>,
    pub(crate) level: Option<Level>,
    pub(crate) signatory: Value,
    pub(crate) acts: Vec<AskedAct>,
}

/// An act of assent asked of a participant.
#[derive(Debug)]
pub(crate) struct AskedAct {
    pub(crate) act: String,
    pub(crate) text: String,
    pub(crate) norm: Option<String>,
    pub(crate) eu_express_act: Option<String>,
}

/// Something that happens.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) at: Timestamp,
    /// Key of the participant.
    pub(crate) by: String,
    pub(crate) what: What,
}

/// What happens.
#[derive(Debug)]
pub(crate) enum What {
    Act(Box<ActStep>),
    StopNode,
    StartNode,
    Note(String),
}

/// An act as the file writes it, with references and values to be computed.
#[derive(Debug)]
pub(crate) struct ActStep {
    /// `Notice` for the step that opens.
    pub(crate) type_name: String,
    pub(crate) facts: Value,
    pub(crate) body: Option<Value>,
    /// Keys of those who may see the body; everybody if none.
    pub(crate) body_audience: Option<Vec<String>>,
    pub(crate) documents: Vec<DocumentOf>,
}

/// A document of an act.
#[derive(Debug)]
pub(crate) struct DocumentOf {
    pub(crate) file: String,
    /// Keys of those who may see it; everybody if none.
    pub(crate) audience: Option<Vec<String>>,
}

/// What every node must have computed at the end.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    pub(crate) outcome: Option<Outcome>,
    pub(crate) terms: Vec<ExpectedTerm>,
}

/// A date of a term.
#[derive(Debug)]
pub(crate) struct ExpectedTerm {
    pub(crate) term: TermKind,
    /// Key of the participant; every term of the kind if none.
    pub(crate) body: Option<String>,
    pub(crate) date: Date,
}

impl CaseFile {
    /// Reads a case and checks it with its documents.
    pub(crate) fn parse(text: &str, documents: &Documents) -> Result<Self, Failure> {
        let table: toml::Table = toml::from_str(text).map_err(|error| {
            let what = format!("{error}");
            Failure {
                exit: crate::output::Exit::Configuration,
                faults: vec![concerto_core::Fault::technical("case.syntax", &what)],
            }
        })?;
        let mut problems = Problems::default();
        let case = read(&mut problems, &table);
        if let Some(case) = &case {
            check::check(case, documents, &mut problems);
        }
        problems.finish(case)
    }

    /// A participant by its key, or by its writer `ipa/aoo`.
    pub(crate) fn participant(&self, key: &str) -> Option<&Participant> {
        self.participants.iter().find(|p| p.key == key || p.writer.to_string() == key)
    }

    /// A participant by the writer of its chain.
    pub(crate) fn by_writer(&self, writer: &Writer) -> Option<&Participant> {
        self.participants.iter().find(|p| p.writer == *writer)
    }

    /// The key of a writer, or the writer itself.
    pub(crate) fn label(&self, writer: &Writer) -> String {
        self.by_writer(writer).map_or_else(|| writer.to_string(), |p| p.key.clone())
    }
}

fn read(problems: &mut Problems, table: &toml::Table) -> Option<CaseFile> {
    let mut root = Keys::new("", table);
    match root.required(problems, "format") {
        Some(format) if format != FORMAT => problems.add(
            "format",
            format!("`{format}` non è conosciuto; scrivere \"{FORMAT}\""),
            format!("`{format}` is not known; write \"{FORMAT}\""),
        ),
        _ => {}
    }
    let head = root.table(problems, "case");
    if head.is_none() {
        problems.add("[case]", "manca", "it is missing");
    }
    let head = head.and_then(|keys| read_head(problems, keys));
    let participants = root.tables(problems, "participant");
    let participants: Vec<_> =
        participants.into_iter().map(|keys| read_participant(problems, keys)).collect();
    let steps = root.tables(problems, "step");
    let steps: Vec<_> = steps.into_iter().map(|keys| read_step(problems, keys)).collect();
    let expected = root.table(problems, "expected").map(|keys| read_expected(problems, keys));
    root.finish(problems);
    let head = head?;
    Some(CaseFile {
        title: head.title,
        lead: head.lead,
        regime: head.regime,
        language: head.language,
        application: head.application,
        // one that could not be read was reported: what refers to it is not blamed as well
        participants: participants.into_iter().collect::<Option<_>>()?,
        steps: steps.into_iter().collect::<Option<_>>()?,
        expected: expected.unwrap_or_default(),
    })
}

struct Head {
    title: String,
    lead: String,
    regime: String,
    language: String,
    application: Option<Application>,
}

fn read_head(problems: &mut Problems, mut keys: Keys<'_>) -> Option<Head> {
    keys.rename("[case]".into());
    let title = keys.required(problems, "title");
    let lead = keys.required(problems, "lead");
    let regime = keys.required(problems, "regime");
    let language = keys.text(problems, "language").unwrap_or_else(|| "it".into());
    let application = keys.table(problems, "application").and_then(|mut keys| {
        keys.rename("[case.application]".into());
        let reference = keys.required(problems, "reference");
        let applicant = keys.required(problems, "applicant");
        let received = keys.required(problems, "received");
        keys.text(problems, "address"); // shown by nobody: the applicant has no node
        if let Some(received) = &received {
            parsed::<Date>(problems, keys.place(), "received", received);
        }
        keys.finish(problems);
        Some(Application { reference: reference?, applicant: applicant?, received: received? })
    });
    keys.finish(problems);
    Some(Head { title: title?, lead: lead?, regime: regime?, language, application })
}

fn read_participant(problems: &mut Problems, mut keys: Keys<'_>) -> Option<Participant> {
    let key = keys.required(problems, "key");
    if let Some(key) = &key {
        keys.rename(format!("[[participant]] {key}"));
        check_key(problems, keys.place(), key);
    }
    let name = keys.required(problems, "name");
    let (ipa, aoo) = (keys.required(problems, "ipa"), keys.required(problems, "aoo"));
    let writer = ipa
        .zip(aoo)
        .and_then(|(ipa, aoo)| parsed::<Writer>(problems, keys.place(), "ipa, aoo", &format!("{ipa}/{aoo}")));
    let seat = keys.text(problems, "seat");
    keys.text(problems, "pec"); // shown only
    let sensitive = keys.texts(problems, "sensitive").unwrap_or_default();
    let sensitive =
        sensitive.iter().filter_map(|word| wire(problems, keys.place(), "sensitive", word)).collect();
    let level = keys.text(problems, "level");
    let level = level.and_then(|word| wire(problems, keys.place(), "level", &word));
    let signatory = keys.json(problems, "signatory");
    if signatory.is_none() {
        problems.add(keys.place(), "manca `signatory`", "`signatory` is missing");
    }
    let acts = keys.tables(problems, "act");
    let acts: Vec<_> = acts.into_iter().map(|keys| read_asked(problems, keys)).collect();
    keys.finish(problems);
    Some(Participant {
        key: key?,
        name: name?,
        writer: writer?,
        seat,
        sensitive,
        level,
        signatory: signatory?,
        acts: acts.into_iter().collect::<Option<_>>()?,
    })
}

fn read_asked(problems: &mut Problems, mut keys: Keys<'_>) -> Option<AskedAct> {
    let act = keys.required(problems, "act");
    let text = keys.required(problems, "text");
    let norm = keys.text(problems, "norm");
    let eu_express_act = keys.text(problems, "eu_express_act");
    keys.finish(problems);
    Some(AskedAct { act: act?, text: text?, norm, eu_express_act })
}

fn read_step(problems: &mut Problems, mut keys: Keys<'_>) -> Option<Step> {
    let name = keys.required(problems, "name");
    if let Some(name) = &name {
        keys.rename(format!("[[step]] {name}"));
        check_key(problems, keys.place(), name);
    }
    let at = keys.required(problems, "at").and_then(|text| read_instant(problems, keys.place(), &text));
    let by = keys.required(problems, "by");
    let what = keys.required(problems, "do").and_then(|what| match what.as_str() {
        "stop-node" => Some(What::StopNode),
        "start-node" => Some(What::StartNode),
        "note" => keys.required(problems, "text").map(What::Note),
        _ => read_act(problems, &mut keys, &what).map(|act| What::Act(Box::new(act))),
    });
    keys.finish(problems);
    Some(Step { name: name?, at: at?, by: by?, what: what? })
}

fn read_act(problems: &mut Problems, keys: &mut Keys<'_>, what: &str) -> Option<ActStep> {
    let type_name = if what == "open" { "Notice" } else { what };
    if what == "Notice" || !check::ACTS.contains(&type_name) {
        let acts = check::ACTS.iter().filter(|act| **act != "Notice").copied().collect::<Vec<_>>().join(", ");
        problems.add(
            keys.place(),
            format!("`do = \"{what}\"` non esiste; open, stop-node, start-node, note, {acts}"),
            format!("there is no `do = \"{what}\"`; open, stop-node, start-node, note, {acts}"),
        );
        return None;
    }
    let documents = keys.tables(problems, "documents");
    let documents: Vec<_> = documents
        .into_iter()
        .map(|mut document| {
            let file = document.required(problems, "file");
            let audience = document.texts(problems, "audience");
            document.finish(problems);
            Some(DocumentOf { file: file?, audience })
        })
        .collect();
    let body_audience = keys.texts(problems, "body_audience");
    let facts = keys.json(problems, "facts");
    if facts.is_none() && type_name != "Sealed" {
        problems.add(keys.place(), "manca [step.facts]", "[step.facts] is missing");
    }
    Some(ActStep {
        type_name: type_name.to_owned(),
        facts: facts.unwrap_or_else(|| Value::Object(serde_json::Map::new())),
        body: keys.json(problems, "body"),
        body_audience,
        documents: documents.into_iter().collect::<Option<_>>()?,
    })
}

fn read_expected(problems: &mut Problems, mut keys: Keys<'_>) -> Expected {
    keys.rename("[expected]".into());
    let outcome = keys.text(problems, "outcome");
    let outcome = outcome.and_then(|word| wire(problems, keys.place(), "outcome", &word));
    let terms = keys.tables(problems, "terms");
    let mut read = |mut keys: Keys<'_>| {
        let term = keys.required(problems, "term");
        let term = term.and_then(|word| wire(problems, keys.place(), "term", &word));
        let body = keys.text(problems, "body");
        let date = keys.required(problems, "date");
        let date = date.and_then(|text| parsed(problems, keys.place(), "date", &text));
        keys.finish(problems);
        Some(ExpectedTerm { term: term?, body, date: date? })
    };
    let terms = terms.into_iter().filter_map(&mut read).collect();
    keys.finish(problems);
    Expected { outcome, terms }
}

/// A word of the wire, such as an outcome.
fn wire<T: DeserializeOwned>(problems: &mut Problems, place: &str, key: &str, word: &str) -> Option<T> {
    match serde_json::from_value(Value::String(word.to_owned())) {
        Ok(value) => Some(value),
        Err(_) => {
            let (it, en) =
                (format!("`{key}`: `{word}` non esiste"), format!("`{key}`: there is no `{word}`"));
            problems.add(place, it, en);
            None
        }
    }
}

fn parsed<T: std::str::FromStr>(problems: &mut Problems, place: &str, key: &str, text: &str) -> Option<T> {
    let value = text.parse().ok();
    if value.is_none() {
        let (it, en) =
            (format!("`{key}`: `{text}` non ha la forma giusta"), format!("`{key}`: `{text}` is malformed"));
        problems.add(place, it, en);
    }
    value
}

/// Civil time in Rome; an hour that does not exist or exists twice is refused.
fn read_instant(problems: &mut Problems, place: &str, text: &str) -> Option<Timestamp> {
    let instant =
        text.parse::<DateTime>().ok().and_then(|civil| ROME.to_ambiguous_timestamp(civil).unambiguous().ok());
    if instant.is_none() {
        problems.add(
            place,
            format!("`at`: `{text}` non è un'ora di Roma come 2026-11-30T10:15"),
            format!("`at`: `{text}` is no time of Rome such as 2026-11-30T10:15"),
        );
    }
    instant
}

fn check_key(problems: &mut Problems, place: &str, key: &str) {
    let good =
        key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') && key.len() <= 40;
    if !good {
        problems.add(
            place,
            format!("`{key}`: solo lettere minuscole, cifre e _, fino a 40"),
            format!("`{key}`: only lower-case letters, digits and _, up to 40"),
        );
    }
}

#[cfg(test)]
#[path = "case_file_tests.rs"]
mod tests;
