//! Validators of JSON Schema 2020-12, each compiled once from the embedded files, when first needed, without any network.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, Registry, ValidationError, Validator};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use crate::embedded::{SCHEMAS, SchemaFile};
use crate::{PROBLEMS_MAX, Problem, SchemaError};

/// Longest text of one problem, in characters.
const WHAT_CHARS_MAX: usize = 400;
/// Longest name of an unknown schema that an error repeats, in characters.
const URN_CHARS_MAX: usize = 200;
/// The files that hold parts of others and describe no value of their own.
const PARTS: [&str; 2] = ["urn:concerto:schema:common:1", "urn:concerto:schema:body:common:1"];

/// A schema as read from its file, with its URN.
type Parsed = (&'static str, Result<Value, String>);

/// A schema that describes a value, compiled when it is first needed: a node uses few, a command fewer.
struct Entry {
    schema: &'static Result<Value, String>,
    validator: OnceLock<Result<Validator, String>>,
}

static PARSED: LazyLock<Vec<Parsed>> = LazyLock::new(|| parse_all(SCHEMAS));
static REGISTRY: LazyLock<Result<Registry<'static>, String>> = LazyLock::new(|| registry_of(&PARSED));
static ENTRIES: LazyLock<HashMap<&'static str, Entry>> = LazyLock::new(|| {
    let whole = PARSED.iter().filter(|(urn, _)| !PARTS.contains(urn));
    whole.map(|(urn, schema)| (*urn, Entry { schema, validator: OnceLock::new() })).collect()
});

/// Checks a value against an embedded schema.
pub(crate) fn check(urn: &str, value: &Value) -> Result<(), SchemaError> {
    let Some(entry) = ENTRIES.get(urn) else { return Err(unknown(urn)) };
    match entry.validator.get_or_init(|| compile(entry.schema, &REGISTRY)) {
        Err(why) => Err(SchemaError::Unusable { schema: urn.to_owned(), why: why.clone() }),
        Ok(validator) if validator.is_valid(value) => Ok(()),
        Ok(validator) => Err(SchemaError::Invalid(
            validator.iter_errors(value).take(PROBLEMS_MAX).map(|e| problem(&e)).collect(),
        )),
    }
}

/// The error for a schema that this program does not have.
pub(crate) fn unknown(urn: &str) -> SchemaError {
    SchemaError::Unknown(urn.chars().take(URN_CHARS_MAX).collect())
}

fn problem(error: &ValidationError<'_>) -> Problem {
    let rule = match error.absolute_keyword_location() {
        Some(location) => location.to_string(),
        None => error.schema_path().to_string(),
    };
    let what = match error.kind() {
        ValidationErrorKind::FalseSchema => "nothing may stand here in such a message".to_owned(),
        _ => error.masked_with("the value").to_string(),
    };
    let what = what.chars().take(WHAT_CHARS_MAX).collect();
    Problem { at: error.instance_path().to_string(), rule, what }
}

fn parse_all(files: &[SchemaFile]) -> Vec<Parsed> {
    files.iter().map(|f| (f.urn, serde_json::from_str(f.text).map_err(|e| e.to_string()))).collect()
}

/// The files by URN, for references between them. A file that could not be read spoils only those that refer to it.
fn registry_of(parsed: &[Parsed]) -> Result<Registry<'_>, String> {
    let good = parsed.iter().filter_map(|(urn, schema)| Some((*urn, schema.as_ref().ok()?)));
    Registry::new().extend(good).and_then(|builder| builder.prepare()).map_err(|e| e.to_string())
}

fn compile(
    schema: &Result<Value, String>,
    registry: &Result<Registry<'_>, String>,
) -> Result<Validator, String> {
    let schema = schema.as_ref().map_err(String::clone)?;
    let registry = registry.as_ref().map_err(String::clone)?;
    jsonschema::draft202012::options()
        .offline()
        .with_registry(registry)
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .map_err(|e| e.to_string())
}

#[cfg(test)]
#[path = "validators_tests.rs"]
mod tests;
