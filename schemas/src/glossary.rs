//! The glossary (`glossary.toml`): the single source of terms, read once.

use serde::Deserialize;
use std::sync::LazyLock;

use crate::embedded::GLOSSARY;

/// One term: what officials read, what code and wire call it, and the norm it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The identifier in code, such as `Determination` or `Position::Assent`.
    pub identifier: String,
    /// The spelling on the wire, where it is a value of an enumeration, such as `assent`.
    #[serde(default)]
    pub wire: Option<String>,
    /// The Italian term, as screens show it.
    pub it: String,
    /// The English term, as screens show it.
    pub en: String,
    /// The norm, in the usual citation, or the section of the design where no norm speaks of it.
    pub norm: String,
    /// The meaning, in Italian.
    pub meaning_it: String,
    /// The meaning, in English.
    pub meaning_en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    term: Vec<Term>,
}

static TERMS: LazyLock<Vec<Term>> = LazyLock::new(|| read(GLOSSARY).unwrap_or_default());

fn read(text: &str) -> Result<Vec<Term>, toml::de::Error> {
    toml::from_str::<File>(text).map(|file| file.term)
}

/// Every term, in the order of the file.
pub fn glossary() -> &'static [Term] {
    &TERMS
}

/// The term with this identifier.
pub fn term(identifier: &str) -> Option<&'static Term> {
    TERMS.iter().find(|t| t.identifier == identifier)
}

#[cfg(test)]
#[path = "glossary_tests.rs"]
mod tests;
