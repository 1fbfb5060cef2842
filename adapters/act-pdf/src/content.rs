//! What stands on the sheet, from top to bottom, before anybody knows how long a line is: letterhead, title, references, facts, text, documents.
//!
//! Facts and text are walked without knowing their type: an object becomes a heading with its fields, a list its items, everything else a line.

use concerto_message::{ConferenceId, Writer};
use concerto_procedure::language::{Lang, date_text};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::labels::{field, message_type, place, say, sentence, with_norm, word};
use crate::{Act, BLOCKS_MAX, DEPTH_MAX, RenderError};

/// A piece of the sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    /// A heading; level 1 is the title.
    Heading(u16, String),
    /// A line in small print.
    Small(String),
    /// Text of any length; line breaks are kept.
    Text(String),
    /// A label and its value, both of any length, indented so many steps.
    Field(usize, String, String),
    /// A heading within the fields, indented so many steps.
    Label(usize, String),
    /// A line across the page.
    Rule,
}

/// The sheet, and what the file says of itself.
pub(crate) struct Content {
    pub(crate) blocks: Vec<Block>,
    pub(crate) title: String,
    pub(crate) author: String,
    pub(crate) lang: Lang,
    pub(crate) issued_at: Timestamp,
    pub(crate) id: String,
    /// What stands at the foot of each page.
    pub(crate) foot: String,
}

/// Fields that only programs need: the schema is checked, the language of the labels is chosen by the reader.
const UNSEEN: [&str; 2] = ["schema", "language"];
/// Fields of the text that end it.
const LAST: [&str; 2] = ["office", "signatory"];

/// Longest value behind which the norm of its label stands, in characters.
const SHORT_CHARS_MAX: usize = 40;

/// Lays out the sheet.
pub(crate) fn content(act: &Act<'_>) -> Result<Content, RenderError> {
    let text =
        |name: &'static str| act.payload.get(name).and_then(Value::as_str).ok_or(RenderError::Payload(name));
    let (kind, lang) = (text("type")?, act.lang);
    let writer: Writer = text("writer")?.parse().map_err(|_| RenderError::Payload("writer"))?;
    let conference: ConferenceId =
        text("conference")?.parse().map_err(|_| RenderError::Payload("conference"))?;
    let issued_at: Timestamp = text("issued_at")?.parse().map_err(|_| RenderError::Payload("issued_at"))?;
    let name = sentence(message_type(kind, lang).unwrap_or(kind));
    let subject = act.body.and_then(|body| body.get("subject")).and_then(Value::as_str);
    let author = (act.name_of)(&writer).unwrap_or_else(|| writer.to_string());

    let mut sheet = Writing { act, blocks: Vec::new() };
    sheet.letterhead(&author, &writer);
    sheet.push(Block::Heading(1, name.clone()));
    sheet.blocks.extend(subject.map(|subject| Block::Text(subject.to_owned())));
    sheet.references(&conference, issued_at);
    sheet.facts();
    sheet.body();
    sheet.documents();
    if sheet.blocks.len() > BLOCKS_MAX {
        return Err(RenderError::TooLong);
    }
    Ok(Content {
        blocks: sheet.blocks,
        title: titled(&name, subject),
        author,
        lang,
        issued_at,
        id: act.id.to_owned(),
        foot: format!("{name} · {conference}"),
    })
}

/// The name of the act and its subject; the subject alone where it begins with the name.
fn titled(name: &str, subject: Option<&str>) -> String {
    match subject {
        Some(subject) if subject.to_lowercase().starts_with(&name.to_lowercase()) => subject.to_owned(),
        Some(subject) => format!("{name}: {subject}"),
        None => name.to_owned(),
    }
}

struct Writing<'a> {
    act: &'a Act<'a>,
    blocks: Vec<Block>,
}

impl Writing<'_> {
    fn push(&mut self, block: Block) {
        // one more than allowed is enough to be refused
        if self.blocks.len() <= BLOCKS_MAX {
            self.blocks.push(block);
        }
    }

    fn say(&self, it: &str, en: &str) -> String {
        say(self.act.lang, it, en).to_owned()
    }

    fn letterhead(&mut self, author: &str, writer: &Writer) {
        self.push(Block::Heading(2, author.to_owned()));
        let code = self.say("Codice IPA e AOO", "IPA and AOO code");
        self.push(Block::Small(format!("{code}: {writer}")));
        self.push(Block::Rule);
    }

    fn references(&mut self, conference: &ConferenceId, issued_at: Timestamp) {
        let act = self.act;
        let payload = act.payload;
        let mut row = |it: &str, en: &str, value: String| {
            let label = say(act.lang, it, en).to_owned();
            if !value.is_empty() {
                self.push(Block::Field(0, label, value));
            }
        };
        row("Conferenza di servizi", "Conference", conference.to_string());
        row("Amministrazione procedente", "Lead administration", called(act, conference.lead()));
        row("Emesso", "Issued", instant(issued_at, act.lang));
        let norms: Vec<&str> = payload
            .get("legal_basis")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        row("Norme", "Norms", norms.join("; "));
        let regime = payload.get("regime").and_then(Value::as_str).unwrap_or_default();
        row("Regime", "Regime", regime.to_owned());
        row("Messaggio firmato", "Signed message", act.id.to_owned());
        if let Some(represented) = payload.get("on_behalf_of").filter(|value| !value.is_null()) {
            let label = self.say("Per conto di", "On behalf of");
            self.value(0, label, "on_behalf_of", represented, true);
        }
    }

    fn facts(&mut self) {
        let Some(facts) =
            self.act.payload.get("facts").and_then(Value::as_object).filter(|facts| !facts.is_empty())
        else {
            return;
        };
        let heading = self.say("Contenuto dell'atto", "Content of the act");
        self.push(Block::Heading(2, heading));
        self.fields(0, facts, true);
    }

    fn body(&mut self) {
        let Some(body) = self.act.body.and_then(Value::as_object) else {
            if self.act.payload.get("body").is_some_and(|body| !body.is_null()) {
                let absent = self.say(
                    "Il testo dell'atto non è disponibile in questo nodo, o è riservato.",
                    "The text of the act is not available in this node, or is confidential.",
                );
                self.push(Block::Heading(2, self.say("Testo", "Text")));
                self.push(Block::Text(absent));
            }
            return;
        };
        let (last, first): (Vec<_>, Vec<_>) =
            sorted(body).into_iter().partition(|(name, _)| LAST.contains(&name.as_str()));
        for (name, value) in first {
            if UNSEEN.contains(&name.as_str()) || name == "subject" {
                continue;
            }
            self.push(Block::Heading(2, field(name, self.act.lang)));
            match value {
                Value::String(text) => self.push(Block::Text(text.clone())),
                Value::Array(items) if items.iter().all(|item| item.is_string()) => {
                    for item in items.iter().filter_map(Value::as_str) {
                        self.push(Block::Text(format!("– {item}")));
                    }
                }
                Value::Array(items) => self.items(0, name, items, false),
                Value::Object(fields) => self.fields(0, fields, false),
                other => self.push(Block::Text(scalar(self.act, name, other, false))),
            }
        }
        for (name, value) in last {
            self.push(Block::Heading(2, field(name, self.act.lang)));
            value.as_object().into_iter().for_each(|fields| self.fields(0, fields, false));
        }
    }

    /// The fields of an object, one below the other. `wire` says whether its words are those of enumerations.
    fn fields(&mut self, depth: usize, fields: &Map<String, Value>, wire: bool) {
        for (name, value) in sorted(fields) {
            if !UNSEEN.contains(&name.as_str()) {
                self.value(depth, field(name, self.act.lang), name, value, wire);
            }
        }
    }

    fn value(&mut self, depth: usize, label: String, name: &str, value: &Value, wire: bool) {
        match alone(value) {
            value if depth >= DEPTH_MAX => self.push(Block::Field(depth, label, value.to_string())),
            Value::Object(fields) => {
                self.push(Block::Label(depth, label));
                self.fields(depth + 1, fields, wire);
            }
            Value::Array(items)
                if items.iter().any(|item| alone(item).is_object() || alone(item).is_array()) =>
            {
                self.push(Block::Label(depth, label));
                self.items(depth + 1, name, items, wire);
            }
            Value::Array(items) => {
                let values: Vec<String> =
                    items.iter().map(|item| scalar(self.act, name, alone(item), wire)).collect();
                self.field(depth, &label, values.join("\n"));
            }
            other => self.field(depth, &label, scalar(self.act, name, other, wire)),
        }
    }

    /// A field; the norm of its label stands behind a short value, where it is easier to read.
    fn field(&mut self, depth: usize, whole: &str, value: String) {
        let short = value.chars().count() <= SHORT_CHARS_MAX;
        let (label, value) = match with_norm(whole) {
            (label, Some(norm)) if short => (label, format!("{value} ({norm})")),
            _ => (whole, value),
        };
        self.push(Block::Field(depth, label.to_owned(), value));
    }

    /// Items with several fields, each under its number.
    fn items(&mut self, depth: usize, name: &str, items: &[Value], wire: bool) {
        for (at, item) in items.iter().enumerate() {
            let number = item.get("number").and_then(Value::as_u64).unwrap_or(at as u64 + 1);
            let label = format!("{}.", number);
            match alone(item) {
                Value::Object(fields) => {
                    let mut fields = fields.clone();
                    fields.remove("number");
                    self.push(Block::Label(depth, label));
                    self.fields(depth + 1, &fields, wire);
                }
                other => self.value(depth, label, name, other, wire),
            }
        }
    }

    fn documents(&mut self) {
        let listed =
            self.act.payload.get("documents").and_then(Value::as_array).filter(|listed| !listed.is_empty());
        let text = self.act.payload.get("body").filter(|body| !body.is_null());
        if listed.is_none() && text.is_none() {
            return;
        }
        let heading = self.say("Documenti", "Documents");
        self.push(Block::Heading(2, heading));
        let body = text.map(|text| (self.say("Testo dell'atto", "Text of the act"), text));
        let listed = listed
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(place, document)| (format!("{}.", place + 1), document));
        for (label, document) in body.into_iter().chain(listed) {
            self.push(Block::Field(0, label, self.document(document)));
        }
    }

    fn document(&self, document: &Value) -> String {
        let of = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let bytes = document.get("size").and_then(Value::as_u64).unwrap_or_default();
        let digest = self.say("impronta SHA-256 con sale", "salted SHA-256 digest");
        format!("{}, {} byte\n{digest}\n{}", of("media_type"), grouped(bytes), of("digest"))
    }
}

/// The fields in the order in which people look for them.
fn sorted(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort_by_key(|(name, _)| place(name));
    sorted
}

/// An object with one field that says nothing more than the field.
fn alone(value: &Value) -> &Value {
    let only = value.as_object().filter(|fields| fields.len() == 1).and_then(|fields| fields.values().next());
    only.filter(|inner| !inner.is_object() && !inner.is_array()).unwrap_or(value)
}

/// A body with its name and its code.
fn called(act: &Act<'_>, writer: &Writer) -> String {
    (act.name_of)(writer).map_or_else(|| writer.to_string(), |name| format!("{name} ({writer})"))
}

/// A value in words: names of bodies, dates, yes and no, the glossary.
fn scalar(act: &Act<'_>, name: &str, value: &Value, wire: bool) -> String {
    let lang = act.lang;
    match value {
        Value::Null => "–".to_owned(),
        Value::Bool(true) => say(lang, "sì", "yes").to_owned(),
        Value::Bool(false) => say(lang, "no", "no").to_owned(),
        Value::Number(number) if name == "size" => {
            number.as_u64().map_or_else(|| number.to_string(), grouped)
        }
        Value::Number(number) => number.to_string(),
        Value::String(text) => words(act, name, text, wire),
        other => other.to_string(),
    }
}

fn words(act: &Act<'_>, name: &str, text: &str, wire: bool) -> String {
    if let Some(date) = (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten() {
        return date_text(date, act.lang);
    }
    if let Some(at) = text.ends_with('Z').then(|| text.parse::<Timestamp>().ok()).flatten() {
        return instant(at, act.lang);
    }
    if let Ok(writer) = text.parse::<Writer>() {
        return called(act, &writer);
    }
    let term = wire.then(|| word(name, text, act.lang)).flatten();
    term.map_or_else(|| text.to_owned(), str::to_owned)
}

/// An instant as people in Italy read it, with its UTC.
fn instant(at: Timestamp, lang: Lang) -> String {
    const ROME: TimeZone = jiff::tz::get!("Europe/Rome");
    let local = ROME.to_datetime(at);
    format!(
        "{}, {} ({at})",
        date_text(local.date(), lang),
        local.strftime(say(lang, "ore %H:%M:%S", "%H:%M:%S, Rome"))
    )
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('.');
        }
        out.push(digit);
    }
    out
}
