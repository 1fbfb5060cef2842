//! What an official or an operator is told when something cannot be done: what was wrong, where, what to do, and the norm.

use serde::{Deserialize, Serialize};

/// A refusal or failure with a stable code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {text}")]
pub struct Fault {
    /// A stable dotted code.
    pub code: String,
    /// What was wrong and what to do, in Italian.
    pub text: String,
    /// The same in English.
    pub text_en: String,
    /// The norm, where the law is the ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm: Option<String>,
}

impl Fault {
    /// A fault without a norm.
    pub fn new(code: impl Into<String>, text: impl Into<String>, text_en: impl Into<String>) -> Self {
        Self { code: code.into(), text: text.into(), text_en: text_en.into(), norm: None }
    }
    /// A fault whose explanation is technical and the same in both languages.
    pub fn technical(code: &str, what: &dyn std::fmt::Display) -> Self {
        Self::new(code, what.to_string(), what.to_string())
    }
}
