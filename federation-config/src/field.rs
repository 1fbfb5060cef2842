//! Reads the fields of a TOML file one by one and collects every problem instead of stopping at the first.

use std::ops::{Range, RangeInclusive};
use std::path::{Component, Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::address::Wrong;
use crate::problem::{Code, Place, Problem, Text, text};

/// A file being read, and what was found wrong so far.
pub(crate) struct Reading<'t> {
    file: &'t str,
    text: &'t str,
    pub(crate) problems: Vec<Problem>,
}

impl<'t> Reading<'t> {
    pub(crate) fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text, problems: Vec::new() }
    }

    /// Parses the file; every syntax error is a problem, and then no table is given.
    pub(crate) fn parse(&mut self) -> Option<DeTable<'t>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let what = text(
                format!("il file non è TOML: {}", error.message()),
                format!("the file is not TOML: {}", error.message()),
            );
            let instead = text("Correggere la riga indicata", "Correct the line that is named");
            self.push("", error.span(), (Code::Syntax, what, instead));
        }
        errors.is_empty().then(|| table.into_inner())
    }

    pub(crate) fn push(&mut self, at: &str, span: Option<Range<usize>>, wrong: Wrong) {
        let (code, what, do_instead) = wrong;
        let place = span.and_then(|s| place_of(self.text, s.start));
        self.problems.push(Problem {
            file: self.file.to_owned(),
            at: at.to_owned(),
            place,
            code,
            what,
            do_instead,
        });
    }
}

fn place_of(text: &str, offset: usize) -> Option<Place> {
    let before = text.get(..offset)?;
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Some(Place { line, column })
}

/// One value with the place it came from.
pub(crate) struct Found<T> {
    pub(crate) value: T,
    pub(crate) at: String,
    pub(crate) span: Option<Range<usize>>,
}

/// A table whose keys are asked for by name; what was not asked for is unknown.
pub(crate) struct Section<'s, 't> {
    at: String,
    table: Option<&'s DeTable<'t>>,
    span: Option<Range<usize>>,
    asked: Vec<&'static str>,
}

type Value<'s, 't> = &'s Spanned<DeValue<'t>>;

impl<'s, 't> Section<'s, 't> {
    /// The file itself.
    pub(crate) fn root(table: &'s DeTable<'t>) -> Self {
        Self { at: String::new(), table: Some(table), span: None, asked: Vec::new() }
    }

    pub(crate) fn span(&self) -> Option<Range<usize>> {
        self.span.clone()
    }

    fn path(&self, key: &str) -> String {
        if self.at.is_empty() { key.to_owned() } else { format!("{}.{key}", self.at) }
    }

    fn look(&mut self, key: &'static str) -> Option<Value<'s, 't>> {
        self.asked.push(key);
        self.table?.iter().find(|(k, _)| k.get_ref() == key).map(|(_, v)| v)
    }

    /// A table of this one; an absent table has no keys.
    pub(crate) fn section(&mut self, reading: &mut Reading<'_>, key: &'static str) -> Section<'s, 't> {
        let at = if self.at.is_empty() { format!("[{key}]") } else { format!("{}.{key}", self.at) };
        let none = |at| Section { at, table: None, span: None, asked: Vec::new() };
        let Some(value) = self.look(key) else { return none(at) };
        match value.get_ref() {
            DeValue::Table(table) => {
                Section { at, table: Some(table), span: Some(value.span()), asked: Vec::new() }
            }
            other => {
                reading.push(&at, Some(value.span()), wrong_type(other, ("una tabella", "a table")));
                none(at)
            }
        }
    }

    /// The tables of an array of tables, `[[key]]`.
    pub(crate) fn sections(&mut self, reading: &mut Reading<'_>, key: &'static str) -> Vec<Section<'s, 't>> {
        let name = if self.at.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.at.trim_matches(['[', ']']))
        };
        let Some(value) = self.look(key) else { return Vec::new() };
        let expected = ("un elenco di tabelle [[...]]", "a list of tables [[...]]");
        let DeValue::Array(array) = value.get_ref() else {
            reading.push(&name, Some(value.span()), wrong_type(value.get_ref(), expected));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (index, item) in array.iter().enumerate() {
            let at = format!("[[{name}]][{index}]");
            match item.get_ref() {
                DeValue::Table(table) => sections.push(Section {
                    at,
                    table: Some(table),
                    span: Some(item.span()),
                    asked: Vec::new(),
                }),
                other => reading.push(&at, Some(item.span()), wrong_type(other, expected)),
            }
        }
        sections
    }

    /// A text, turned into a value by `read`; absent, it is `default`, or a problem where there is none.
    pub(crate) fn read<T>(
        &mut self,
        reading: &mut Reading<'_>,
        key: &'static str,
        default: Option<T>,
        read: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Option<Found<T>> {
        let at = self.path(key);
        let Some(value) = self.look(key) else { return self.absent(reading, at, default) };
        let span = Some(value.span());
        let DeValue::String(written) = value.get_ref() else {
            reading.push(
                &at,
                span,
                wrong_type(value.get_ref(), ("un testo fra virgolette", "a text in quotes")),
            );
            return None;
        };
        match read(written) {
            Ok(value) => Some(Found { value, at, span }),
            Err(wrong) => {
                reading.push(&at, span, wrong);
                None
            }
        }
    }

    /// A list of texts, each turned into a value by `read`; an absent list is empty. `None` if any is wrong.
    pub(crate) fn read_list<T>(
        &mut self,
        reading: &mut Reading<'_>,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Option<Vec<Found<T>>> {
        let at = self.path(key);
        let Some(value) = self.look(key) else { return Some(Vec::new()) };
        let expected = ("un elenco di testi [\"...\"]", "a list of texts [\"...\"]");
        let DeValue::Array(array) = value.get_ref() else {
            reading.push(&at, Some(value.span()), wrong_type(value.get_ref(), expected));
            return None;
        };
        let mut good = Some(Vec::new());
        for (index, item) in array.iter().enumerate() {
            let (at, span) = (format!("{at}[{index}]"), Some(item.span()));
            let result = match item.get_ref() {
                DeValue::String(written) => read(written),
                other => Err(wrong_type(other, expected)),
            };
            match result {
                Ok(value) => {
                    if let Some(list) = &mut good {
                        list.push(Found { value, at, span });
                    }
                }
                Err(wrong) => {
                    reading.push(&at, span, wrong);
                    good = None;
                }
            }
        }
        good
    }

    /// A whole number within a range.
    pub(crate) fn number(
        &mut self,
        reading: &mut Reading<'_>,
        key: &'static str,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> Option<Found<u64>> {
        let at = self.path(key);
        let Some(value) = self.look(key) else { return self.absent(reading, at, Some(default)) };
        let span = Some(value.span());
        let DeValue::Integer(integer) = value.get_ref() else {
            reading.push(&at, span, wrong_type(value.get_ref(), ("un numero intero", "a whole number")));
            return None;
        };
        match u64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(value) if range.contains(&value) => Some(Found { value, at, span }),
            _ => {
                let (low, high, found) = (range.start(), range.end(), integer.as_str());
                let what = text(
                    format!("{found} è fuori dall'intervallo da {low} a {high}"),
                    format!("{found} is outside the range from {low} to {high}"),
                );
                let instead = text(
                    format!("Scrivere un numero da {low} a {high}; il valore usuale è {default}"),
                    format!("Write a number from {low} to {high}; the usual value is {default}"),
                );
                reading.push(&at, span, (Code::Range, what, instead));
                None
            }
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(
        &mut self,
        reading: &mut Reading<'_>,
        key: &'static str,
        default: bool,
    ) -> Option<bool> {
        let at = self.path(key);
        match self.look(key).map(|v| (v.span(), v.get_ref())) {
            None => Some(default),
            Some((_, DeValue::Boolean(value))) => Some(*value),
            Some((span, other)) => {
                reading.push(&at, Some(span), wrong_type(other, ("true o false", "true or false")));
                None
            }
        }
    }

    fn absent<T>(&self, reading: &mut Reading<'_>, at: String, default: Option<T>) -> Option<Found<T>> {
        let Some(value) = default else {
            let what = text("manca, ed è obbligatorio", "it is missing, and it is required");
            let instead = text(
                "Aggiungerlo; il file di esempio commentato lo spiega",
                "Add it; the commented example file explains it",
            );
            reading.push(&at, self.span.clone(), (Code::Missing, what, instead));
            return None;
        };
        Some(Found { value, at, span: self.span.clone() })
    }

    /// Reports every key that was not asked for.
    pub(crate) fn finish(self, reading: &mut Reading<'_>) {
        for (key, _) in self.table.into_iter().flat_map(|t| t.iter()) {
            let name: &str = key.get_ref();
            if self.asked.contains(&name) {
                continue;
            }
            let what = text(format!("la chiave `{name}` non esiste"), format!("there is no key `{name}`"));
            let instead = match nearest(name, &self.asked) {
                Some(near) => text(format!("Forse `{near}`?"), format!("Did you mean `{near}`?")),
                None => {
                    let all = self.asked.join(", ");
                    text(format!("Qui sono ammesse: {all}"), format!("Accepted here: {all}"))
                }
            };
            reading.push(&self.path(name), Some(key.span()), (Code::UnknownKey, what, instead));
        }
    }
}

fn wrong_type(found: &DeValue<'_>, expected: (&str, &str)) -> Wrong {
    let (it, en) = match found {
        DeValue::String(_) => ("un testo", "a text"),
        DeValue::Integer(_) => ("un numero intero", "a whole number"),
        DeValue::Float(_) => ("un numero con la virgola", "a number with a fraction"),
        DeValue::Boolean(_) => ("true o false", "true or false"),
        DeValue::Datetime(_) => ("una data", "a date"),
        DeValue::Array(_) => ("un elenco", "a list"),
        DeValue::Table(_) => ("una tabella", "a table"),
    };
    (
        Code::WrongType,
        text(format!("è {it}, non {}", expected.0), format!("it is {en}, not {}", expected.1)),
        text(format!("Scrivere {}", expected.0), format!("Write {}", expected.1)),
    )
}

/// A path within the node's folder: relative, no `..`.
pub(crate) fn read_path(written: &str) -> Result<PathBuf, Wrong> {
    let path = Path::new(written);
    let inside = !written.is_empty()
        && !written.contains(['\0', '\\'])
        && path.components().all(|c| matches!(c, Component::Normal(_)));
    if inside {
        return Ok(path.to_owned());
    }
    let what = text(
        "il percorso non è relativo alla cartella del nodo o ne esce",
        "the path is not relative to the node's folder, or leaves it",
    );
    let instead = text(
        "Scrivere un percorso come keys/message.pem, senza / iniziale e senza ..",
        "Write a path such as keys/message.pem, without a leading / and without ..",
    );
    Err((Code::Path, what, instead))
}

/// A value of a form: `Err` carries what is expected, in both languages.
pub(crate) fn value_error(what: Text, instead: Text) -> Wrong {
    (Code::Value, what, instead)
}

/// The candidate nearest to `name`, if it is near enough to be meant.
fn nearest<'c>(name: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let limit = (name.chars().count() / 3).clamp(1, 3);
    candidates
        .iter()
        .map(|&c| (distance(name, c), c))
        .filter(|(d, _)| *d <= limit)
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

/// The edit distance of Levenshtein.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, &up) in b.iter().zip(row.iter().skip(1)) {
            left = (left + 1).min(up + 1).min(diagonal + usize::from(x != *y));
            diagonal = up;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
