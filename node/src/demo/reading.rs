//! Reading a TOML table key by key: what is wrong is collected, never guessed, and unknown keys are named.

use concerto_core::Fault;
use serde_json::Value;
use std::collections::BTreeSet;
use toml::Table;

use crate::output::{Exit, Failure};

/// Everything that is wrong with a case, in both languages.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Fault>);

impl Problems {
    /// Adds one problem at a place (`[case]`, `[[step]] notice`).
    pub(super) fn add(&mut self, place: &str, it: impl AsRef<str>, en: impl AsRef<str>) {
        let say = |what: &str| format!("{place}: {what}");
        self.0.push(Fault::new("case.file", say(it.as_ref()), say(en.as_ref())));
    }

    /// The value if nothing is wrong, else every problem.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Failure> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(Failure { exit: Exit::Configuration, faults: self.0 }),
        }
    }
}

/// A table being read.
pub(super) struct Keys<'a> {
    table: &'a Table,
    place: String,
    read: BTreeSet<&'static str>,
}

impl<'a> Keys<'a> {
    pub(super) fn new(place: impl Into<String>, table: &'a Table) -> Self {
        Self { table, place: place.into(), read: BTreeSet::new() }
    }

    /// Where this table stands, for messages.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Names the place better once its name is known.
    pub(super) fn rename(&mut self, place: String) {
        self.place = place;
    }

    pub(super) fn value(&mut self, key: &'static str) -> Option<&'a toml::Value> {
        self.read.insert(key);
        self.table.get(key)
    }

    /// A text that may be absent; an unquoted date counts as its text.
    pub(super) fn text(&mut self, problems: &mut Problems, key: &'static str) -> Option<String> {
        match self.value(key)? {
            toml::Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            toml::Value::Datetime(instant) => Some(instant.to_string()),
            _ => {
                problems.add(&self.place, format!("`{key}` non è un testo"), format!("`{key}` is no text"));
                None
            }
        }
    }

    /// A text that must be there.
    pub(super) fn required(&mut self, problems: &mut Problems, key: &'static str) -> Option<String> {
        if !self.table.contains_key(key) {
            self.read.insert(key);
            problems.add(&self.place, format!("manca `{key}`"), format!("`{key}` is missing"));
            return None;
        }
        self.text(problems, key)
    }

    /// A list of texts; empty if absent.
    pub(super) fn texts(&mut self, problems: &mut Problems, key: &'static str) -> Option<Vec<String>> {
        let value = self.value(key)?;
        let texts = value.as_array().map(|items| items.iter().map(|i| i.as_str().map(str::to_owned)));
        let texts = texts.and_then(Iterator::collect);
        if texts.is_none() {
            let (it, en) =
                (format!("`{key}` non è un elenco di testi"), format!("`{key}` is no list of texts"));
            problems.add(&self.place, it, en);
        }
        texts
    }

    /// A table below this one.
    pub(super) fn table(&mut self, problems: &mut Problems, key: &'static str) -> Option<Keys<'a>> {
        let value = self.value(key)?;
        match value.as_table() {
            Some(table) => Some(Keys::new(format!("{}.{key}", self.place), table)),
            None => {
                problems.add(
                    &self.place,
                    format!("`{key}` non è una tabella"),
                    format!("`{key}` is no table"),
                );
                None
            }
        }
    }

    /// Tables below this one, in order; empty if absent.
    pub(super) fn tables(&mut self, problems: &mut Problems, key: &'static str) -> Vec<Keys<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let tables: Option<Vec<&Table>> =
            value.as_array().and_then(|all| all.iter().map(toml::Value::as_table).collect());
        match tables {
            Some(tables) => {
                let place = |number| {
                    if self.place.is_empty() {
                        format!("[[{key}]] {number}")
                    } else {
                        format!("{}, [[{key}]] {number}", self.place)
                    }
                };
                tables.into_iter().enumerate().map(|(at, table)| Keys::new(place(at + 1), table)).collect()
            }
            None => {
                let (it, en) =
                    (format!("`{key}` non è un elenco di tabelle"), format!("`{key}` is no list of tables"));
                problems.add(&self.place, it, en);
                Vec::new()
            }
        }
    }

    /// The table as JSON, for what a schema checks.
    pub(super) fn json(&mut self, problems: &mut Problems, key: &'static str) -> Option<Value> {
        let value = self.value(key)?;
        if !value.is_table() {
            problems.add(&self.place, format!("`{key}` non è una tabella"), format!("`{key}` is no table"));
            return None;
        }
        Some(to_json(value))
    }

    /// Names the keys that nobody read.
    pub(super) fn finish(self, problems: &mut Problems) {
        for key in self.table.keys().filter(|key| !self.read.contains(key.as_str())) {
            problems.add(
                &self.place,
                format!("la chiave `{key}` non esiste"),
                format!("there is no key `{key}`"),
            );
        }
    }
}

/// TOML as JSON; dates become their text.
fn to_json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text.clone()),
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Float(number) => Value::from(*number),
        toml::Value::Boolean(flag) => Value::Bool(*flag),
        toml::Value::Datetime(instant) => Value::String(instant.to_string()),
        toml::Value::Array(items) => items.iter().map(to_json).collect(),
        toml::Value::Table(table) => {
            Value::Object(table.iter().map(|(key, value)| (key.clone(), to_json(value))).collect())
        }
    }
}
