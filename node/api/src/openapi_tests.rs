//! The document: catches a reference to nothing, an operation without a scope or an error, an example that the node itself would refuse,
//! and a checked-in file that no longer says what the program does.

use super::*;
use std::collections::BTreeSet;

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 80, "{}", found.len());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn operations_are_whole() {
    let mut ids = BTreeSet::new();
    for operation in OPERATIONS {
        assert!(ids.insert(operation.id), "{} twice", operation.id);
        for code in operation.codes {
            assert!(known(code).is_some(), "{}: {code} is not in the table", operation.id);
        }
        let open = ["/v1/health", "/v1/openapi.json"].contains(&operation.path);
        assert_eq!(operation.scope.is_none(), open, "{}: deny by default", operation.id);
        let answers = responses(operation);
        assert!(operation.scope.is_none() || answers.get("401").is_some() && answers.get("403").is_some());
    }
    let parameters = parameters();
    for name in OPERATIONS.iter().flat_map(|operation| operation.parameters) {
        assert!(parameters.get(name).is_some(), "{name}");
    }
}

/// The schema of a component with everything it refers to.
fn validator(name: &str) -> jsonschema::Validator {
    let document = document();
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": format!("#/components/schemas/{name}"),
        "components": document["components"],
    });
    jsonschema::draft202012::new(&schema).unwrap()
}

#[test]
fn examples_fit_and_facts_may_be_computed_or_written() {
    let document = document();
    let acts = validator("ActRequest");
    for name in import::sent_types() {
        let example = &document["components"]["schemas"][format!("act.{name}")]["examples"][0];
        assert_eq!(example["type"], json!(name));
        let problems: Vec<String> = acts.iter_errors(example).map(|e| e.to_string()).collect();
        assert!(problems.is_empty(), "{name}: {problems:?}");
        for computable in import::computable(name) {
            let mut asked = example.clone();
            asked["facts"][computable] = json!("@auto");
            assert!(acts.is_valid(&asked), "{name}: {computable}");
        }
        let mut wrong = example.clone();
        wrong["facts"]["no_such_fact"] = json!(1);
        assert!(!acts.is_valid(&wrong), "{name}");
    }
    let opens = validator("OpenRequest");
    let examples = document["components"]["schemas"]["OpenRequest"]["examples"].as_array().unwrap();
    assert_eq!(examples.len(), 2);
    assert!(examples.iter().all(|example| opens.is_valid(example)));
    let mut untyped = examples.clone();
    for example in &mut untyped {
        example.as_object_mut().unwrap().remove("type");
    }
    assert!(opens.is_valid(&untyped[0]), "without a type it is a notice");
    assert!(!opens.is_valid(&untyped[1]));
}

#[test]
fn the_file_that_is_checked_in_is_this_document() {
    let written = include_str!("../openapi.json");
    let expected = format!("{}\n", serde_json::to_string_pretty(&document()).unwrap());
    assert!(written == expected, "stale: run `concerto api openapi > node/api/openapi.json`");
}
