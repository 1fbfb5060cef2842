//! The common schema: JSON Schemas (2020-12) of every message, the glossary, and validators compiled once.
//!
//! The files in `messages/` and `bodies/` are the contract between nodes of any make; this crate embeds them, so that nothing
//! is fetched at run time, and checks values against them when they are written and when they are read. Validators use
//! regular expressions of linear time only, and what they say never repeats the value, which may hold a citizen's name.
//!
//! ```
//! let urn = concerto_schemas::schema_urn_for_type("Closure");
//! assert_eq!(urn, Some("urn:concerto:schema:closure:1"));
//! ```

use serde_json::Value;

mod embedded;
mod glossary;
mod validators;

pub use embedded::SchemaFile;
pub use glossary::{Term, glossary, term};

/// Most problems that one check reports.
pub const PROBLEMS_MAX: usize = 16;
/// The schema of the envelope that all links have in common.
pub const LINK_SCHEMA: &str = "urn:concerto:schema:link:1";
/// The schema of receipts.
pub const RECEIPT_SCHEMA: &str = "urn:concerto:schema:receipt:1";

/// Why a JSON value was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// No schema of this name is known to this node (it may be newer).
    #[error("unknown schema `{0}`")]
    Unknown(String),
    /// The value breaks its schema.
    #[error("{} problem(s), the first at `{}`: {}", .0.len(), .0.first().map_or("", |p| p.at.as_str()), .0.first().map_or("", |p| p.what.as_str()))]
    Invalid(Vec<Problem>),
    /// A schema of this program could not be compiled; the tests of this crate exclude it.
    #[error("the schema `{schema}` of this program is not usable: {why}")]
    Unusable {
        /// The schema.
        schema: String,
        /// What its compilation said.
        why: String,
    },
}

impl SchemaError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "schema.unknown",
            Self::Invalid(_) => "schema.invalid",
            Self::Unusable { .. } => "schema.unusable",
        }
    }
    /// The problems found, at most [`PROBLEMS_MAX`].
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid(problems) => problems,
            Self::Unknown(_) | Self::Unusable { .. } => &[],
        }
    }
}

/// One place where a value breaks its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where in the value (JSON Pointer, RFC 6901).
    pub at: String,
    /// Which rule of the schema: the URN of the file and the pointer to the keyword within it.
    pub rule: String,
    /// What is wrong, for people; it never repeats the value.
    pub what: String,
}

impl Problem {
    /// The keyword of JSON Schema that failed, such as `maximum`; the name of the field where nothing may stand there.
    pub fn keyword(&self) -> &str {
        self.rule.rsplit('/').next().unwrap_or_default()
    }
}

/// Checks a value against the schema with this URN: of a link, a receipt or a body.
///
/// # Errors
/// [`SchemaError`].
pub fn check(schema: &str, value: &Value) -> Result<(), SchemaError> {
    validators::check(schema, value)
}

/// Checks the payload of a link against the schema that it names.
///
/// # Errors
/// [`SchemaError`]; a schema that is not that of a type of link is [`SchemaError::Unknown`].
pub fn check_link(value: &Value) -> Result<(), SchemaError> {
    match value.get("schema").and_then(Value::as_str) {
        Some(urn) if embedded::TYPES.iter().any(|t| t.schema == urn) => validators::check(urn, value),
        Some(urn) => Err(validators::unknown(urn)),
        None => validators::check(LINK_SCHEMA, value),
    }
}

/// Checks a body, the JSON document with the text for people, against the body schema with this URN.
///
/// # Errors
/// [`SchemaError`]; a schema that is not that of a body is [`SchemaError::Unknown`].
pub fn check_body(schema: &str, value: &Value) -> Result<(), SchemaError> {
    if schema == DERIVATIONS || embedded::TYPES.iter().any(|t| t.body == Some(schema)) {
        validators::check(schema, value)
    } else {
        Err(validators::unknown(schema))
    }
}

/// The schema of the document in which a `TermDigest`, which has no body, says how its dates follow.
pub const DERIVATIONS: &str = "urn:concerto:schema:body:derivations:1";

/// The types of messages that this version knows, in alphabetical order.
pub fn known_types() -> impl ExactSizeIterator<Item = &'static str> {
    embedded::TYPES.iter().map(|t| t.name)
}

/// The schema of the payload of this type of message.
pub fn schema_urn_for_type(message_type: &str) -> Option<&'static str> {
    embedded::TYPES.iter().find(|t| t.name == message_type).map(|t| t.schema)
}

/// The schema of the body of this type of message; none for a type without a body.
pub fn body_urn_for_type(message_type: &str) -> Option<&'static str> {
    embedded::TYPES.iter().find(|t| t.name == message_type).and_then(|t| t.body)
}

/// Every schema file, for exports and documentation.
pub fn schema_files() -> &'static [SchemaFile] {
    embedded::SCHEMAS
}

#[cfg(test)]
#[path = "examples_tests.rs"]
mod examples_tests;
