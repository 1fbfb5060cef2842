//! Local profiles: values that the release leaves open, supplied by an administration in a signed file (RULES A.0.7).
//!
//! A profile is a TOML file with the keys of the data files and a head that says who decided, on what ground and for notices of which
//! days. This module takes its text after somebody has verified its signature, and lays it over the data: a table is completed key
//! by key, a list of things with an `id` (or a `kind`) thing by thing, anything else is replaced. What it touches is marked, so that
//! every date computed with it says so.

use jiff::civil::Date;
use serde::Deserialize;
use toml::{Table, Value};

use crate::law::{Law, LawDataError, Sources};

/// Longest profile accepted, in bytes.
pub const PROFILE_BYTES_MAX: usize = 64 * 1024;
/// The keys that a profile may hold besides its head, with the file that each belongs to.
const KEYS: [(&str, File); 7] = [
    ("regime", File::Regimes),
    ("procedure", File::Procedures),
    ("holiday", File::Holidays),
    ("working_days", File::Holidays),
    ("working_days_six", File::Holidays),
    ("prudential", File::Holidays),
    ("eu", File::Holidays),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum File {
    Holidays,
    Regimes,
    Procedures,
}

/// Why a profile cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// More than [`PROFILE_BYTES_MAX`].
    #[error("the profile is {found} bytes long, more than the {PROFILE_BYTES_MAX} allowed")]
    TooLarge {
        /// Its bytes.
        found: usize,
    },
    /// Not TOML, or its head is not complete.
    #[error("the profile cannot be read: {0}")]
    Syntax(String),
    /// A key that no data file has.
    #[error("`{0}` is no key of a profile")]
    UnknownKey(String),
    /// A value that gives a number without the norm or act it rests on.
    #[error("`{0}` gives a number of days without a citation of its own")]
    WithoutNorm(String),
    /// Laid over the data it gives no law.
    #[error("with the profile the data cannot be read: {0}")]
    Result(#[from] LawDataError),
}

impl ProfileError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "profile.too-large",
            Self::Syntax(_) => "profile.syntax",
            Self::UnknownKey(_) => "profile.key",
            Self::WithoutNorm(_) => "profile.norm",
            Self::Result(_) => "profile.result",
        }
    }
}

/// Who decided a profile, on what ground, and for notices of which days.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileHead {
    /// Its name, shown with every date that it moves.
    pub id: String,
    /// Who decided: office and act, no names of persons.
    pub decided_by: String,
    /// When.
    pub decided_on: Date,
    /// The norm or act it rests on.
    pub citation: String,
    /// First day of the notices for which it holds.
    pub from: Date,
    /// Last day; none while it is not known.
    pub until: Option<Date>,
}

/// A profile that was read; whether its signature holds is for the caller to have checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Its head.
    pub head: ProfileHead,
    values: Table,
}

impl Profile {
    /// Reads a profile whose signature was verified.
    ///
    /// # Errors
    /// [`ProfileError`] for the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        if text.len() > PROFILE_BYTES_MAX {
            return Err(ProfileError::TooLarge { found: text.len() });
        }
        let syntax = |error: toml::de::Error| ProfileError::Syntax(error.to_string());
        let mut values: Table = text.parse().map_err(syntax)?;
        let head = values.remove("profile").ok_or_else(|| ProfileError::Syntax("no [profile]".to_owned()))?;
        let head: ProfileHead = head.try_into().map_err(syntax)?;
        for (key, value) in &mut values {
            if !KEYS.iter().any(|(known, _)| known == key) {
                return Err(ProfileError::UnknownKey(key.clone()));
            }
            mark(key, value, &head.id)?;
        }
        Ok(Self { head, values })
    }

    /// Whether it holds for a notice of this day.
    pub fn holds_on(&self, notice: Date) -> bool {
        self.head.from <= notice && self.head.until.is_none_or(|until| notice <= until)
    }

    /// The law with this profile laid over the data.
    ///
    /// # Errors
    /// [`ProfileError::Result`] where a value is of the wrong kind or a new entry is not complete.
    pub fn over(&self, sources: &Sources<'_>) -> Result<Law, ProfileError> {
        let of = |file| self.values.iter().filter(move |(key, _)| KEYS.contains(&(key.as_str(), file)));
        let holidays = laid_over(sources.holidays, of(File::Holidays)).map_err(LawDataError::Holidays)?;
        let mut regimes = laid_over(sources.regimes, of(File::Regimes)).map_err(LawDataError::Regimes)?;
        self.mark_prolonged(&mut regimes);
        let procedures =
            laid_over(sources.procedures, of(File::Procedures)).map_err(LawDataError::Procedures)?;
        Ok(Law::of(
            holidays.try_into().map_err(|e| LawDataError::Holidays(e.to_string()))?,
            regimes.try_into().map_err(|e| LawDataError::Regimes(e.to_string()))?,
            procedures.try_into().map_err(|e| LawDataError::Procedures(e.to_string()))?,
        )?)
    }
}

impl Profile {
    /// A regime that holds on other days because of this profile: every date computed with it rests on it.
    fn mark_prolonged(&self, regimes: &mut Table) {
        let things = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        for over in things(self.values.get("regime")).iter().filter(|one| one.get("valid").is_some()) {
            let known = regimes.get_mut("regime").and_then(Value::as_array_mut);
            let same = known.and_then(|all| all.iter_mut().find(|one| name_of(one) == name_of(over)));
            let Some(terms) = same.and_then(|one| one.get_mut("terms")).and_then(Value::as_table_mut) else {
                continue;
            };
            for (_, term) in terms.iter_mut() {
                if let Some(term) = term.as_table_mut() {
                    term.entry("source").or_insert_with(|| Value::String(self.head.id.clone()));
                }
            }
        }
    }
}

/// Marks every number of days as this profile's; each states its own norm.
fn mark(place: &str, value: &mut Value, source: &str) -> Result<(), ProfileError> {
    match value {
        Value::Table(table) => {
            if table.contains_key("days") {
                if !table.contains_key("norm") {
                    return Err(ProfileError::WithoutNorm(place.to_owned()));
                }
                table.insert("tag".to_owned(), Value::String("L".to_owned()));
                table.insert("source".to_owned(), Value::String(source.to_owned()));
            }
            for (key, inner) in table.iter_mut() {
                mark(&format!("{place}.{key}"), inner, source)?;
            }
        }
        Value::Array(list) => {
            for inner in list {
                mark(place, inner, source)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn laid_over<'a>(text: &str, values: impl Iterator<Item = (&'a String, &'a Value)>) -> Result<Table, String> {
    let mut table: Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    for (key, value) in values {
        lay(&mut table, key, value);
    }
    Ok(table)
}

fn lay(under: &mut Table, key: &str, value: &Value) {
    match (under.get_mut(key), value) {
        (Some(Value::Table(under)), Value::Table(over)) => {
            for (key, value) in over {
                lay(under, key, value);
            }
        }
        (Some(Value::Array(under)), Value::Array(over)) if over.iter().all(|one| name_of(one).is_some()) => {
            for one in over {
                lay_thing(under, one);
            }
        }
        _ => {
            under.insert(key.to_owned(), value.clone());
        }
    }
}

/// Completes the thing of the same name, or puts a new one first: the first that fits counts.
fn lay_thing(under: &mut Vec<Value>, one: &Value) {
    let same = under.iter_mut().find(|known| name_of(known) == name_of(one));
    match (same, one) {
        (Some(Value::Table(known)), Value::Table(over)) => {
            for (key, value) in over {
                lay(known, key, value);
            }
        }
        _ => under.insert(0, one.clone()),
    }
}

fn name_of(value: &Value) -> Option<&str> {
    let table = value.as_table()?;
    table.get("id").or_else(|| table.get("kind"))?.as_str()
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
