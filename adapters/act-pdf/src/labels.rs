//! What fields and values are called: `labels.toml` for the fields, the glossary for the values of enumerations and the types of messages.

use concerto_procedure::language::Lang;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const LABELS: &str = include_str!("labels.toml");

static FIELDS: LazyLock<BTreeMap<String, (String, String)>> =
    LazyLock::new(|| toml::from_str(LABELS).unwrap_or_default());

/// The label of a field, if it has one.
pub(crate) fn known(field: &str, lang: Lang) -> Option<&'static str> {
    FIELDS.get(field).map(|(it, en)| say(lang, it, en))
}

/// The label of a field; its own name with spaces, where it has none.
pub(crate) fn field(field: &str, lang: Lang) -> String {
    known(field, lang).map_or_else(|| sentence(&field.replace('_', " ")), str::to_owned)
}

/// A label and the norm in brackets at its end.
pub(crate) fn with_norm(label: &str) -> (&str, Option<&str>) {
    let norm = label.strip_suffix(')').and_then(|open| open.split_once(" ("));
    norm.map_or((label, None), |(label, norm)| (label, Some(norm)))
}

/// A type of message in the glossary's words.
pub(crate) fn message_type(name: &str, lang: Lang) -> Option<&'static str> {
    concerto_schemas::term(name).map(|term| say(lang, &term.it, &term.en))
}

/// The enumerations whose name is not that of their field.
const ENUMERATIONS: [(&str, &str); 6] = [
    ("appointed_by", "Appointer"),
    ("interest", "QualifiedInterest"),
    ("mode", "MeetingMode"),
    ("sensitive", "SensitiveInterest"),
    ("works", "WorksClass"),
    ("origin", "PrescriptionOrigin"),
];

/// The value of an enumeration in the glossary's words: that of the field's own, else any that is spelled so.
pub(crate) fn word(field: &str, value: &str, lang: Lang) -> Option<&'static str> {
    let named = ENUMERATIONS.iter().find(|(known, _)| *known == field).map(|(_, name)| (*name).to_owned());
    let prefix = format!("{}::", named.unwrap_or_else(|| field.split('_').map(sentence).collect()));
    let mut spelled = concerto_schemas::glossary().iter().filter(|term| term.wire.as_deref() == Some(value));
    let own = spelled.clone().find(|term| term.identifier.starts_with(&prefix));
    own.or_else(|| spelled.next()).map(|term| say(lang, &term.it, &term.en))
}

/// What people look for first; all other fields follow in alphabetical order. JSON objects have no order of their own.
const FIRST: &[&str] = &[
    "name",
    "body",
    "question",
    "answer",
    "position",
    "outcome",
    "finding",
    "efficacy",
    "kind",
    "form",
    "mode",
    "sector",
    "act",
    "party",
    "role",
    "power",
    "held_on",
    "hour",
    "place",
    "session",
    "opened_at",
    "closed_at",
    "party_initiated",
    "application",
    "object",
    "applicant",
    "started_on",
    "received_on",
    "dates",
    "integration_until",
    "determination_until",
    "sensitive_until",
    "meeting_on",
    "procedure_until",
    "sensitive_scope",
    "invited",
    "added",
    "released",
    "acts",
    "sensitive",
    "seat",
    "level",
    "round",
    "direction",
    "channel",
    "at",
    "silence_warning",
    "how_to_answer",
    "reasons",
    "course",
    "basis",
    "text",
    "prescriptions",
    "citation",
    "origin",
    "cost_eur",
    "cost_basis",
    "proportionality",
    "changes_for_assent",
    "items",
    "agenda",
    "positions",
    "determinations",
    "remedies",
];

/// Where a field stands among others.
pub(crate) fn place(field: &str) -> usize {
    FIRST.iter().position(|first| *first == field).unwrap_or(FIRST.len())
}

/// One of two texts.
pub(crate) fn say<'a>(lang: Lang, it: &'a str, en: &'a str) -> &'a str {
    match lang {
        Lang::It => it,
        Lang::En => en,
    }
}

/// The first letter in upper case.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
