//! Validators of JSON Schema 2020-12, compiled once from the embedded files, without any network.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, Registry, ValidationError, Validator};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::LazyLock;

use crate::embedded::{SCHEMAS, SchemaFile};
use crate::{PROBLEMS_MAX, Problem, SchemaError};

/// Longest text of one problem, in characters.
const WHAT_CHARS_MAX: usize = 400;
/// Longest name of an unknown schema that an error repeats, in characters.
const URN_CHARS_MAX: usize = 200;
/// The files that hold parts of others and describe no value of their own.
const PARTS: [&str; 2] = ["urn:concerto:schema:common:1", "urn:concerto:schema:body:common:1"];

type Compiled = HashMap<&'static str, Result<Validator, String>>;

static VALIDATORS: LazyLock<Compiled> = LazyLock::new(|| compile_all(SCHEMAS));

/// Checks a value against an embedded schema.
pub(crate) fn check(urn: &str, value: &Value) -> Result<(), SchemaError> {
    match VALIDATORS.get(urn) {
        None => Err(unknown(urn)),
        Some(Err(why)) => Err(SchemaError::Unusable { schema: urn.to_owned(), why: why.clone() }),
        Some(Ok(validator)) if validator.is_valid(value) => Ok(()),
        Some(Ok(validator)) => Err(SchemaError::Invalid(
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

/// Compiles every file that describes a value. A file that fails spoils nothing but itself and those that refer to it.
fn compile_all(files: &'static [SchemaFile]) -> Compiled {
    let parsed: Vec<(&'static str, Result<Value, String>)> =
        files.iter().map(|f| (f.urn, serde_json::from_str(f.text).map_err(|e| e.to_string()))).collect();
    let good = parsed.iter().filter_map(|(urn, schema)| Some((*urn, schema.as_ref().ok()?)));
    let registry = Registry::new().extend(good).and_then(|builder| builder.prepare());
    let compile = |schema: &Result<Value, String>| -> Result<Validator, String> {
        let schema = schema.as_ref().map_err(String::clone)?;
        let registry = registry.as_ref().map_err(ToString::to_string)?;
        jsonschema::draft202012::options()
            .offline()
            .with_registry(registry)
            .with_pattern_options(PatternOptions::regex())
            .build(schema)
            .map_err(|e| e.to_string())
    };
    let whole = parsed.iter().filter(|(urn, _)| !PARTS.contains(urn));
    whole.map(|(urn, schema)| (*urn, compile(schema))).collect()
}

#[cfg(test)]
#[path = "validators_tests.rs"]
mod tests;
