//! Every example in `examples/` against its schema, and every valid example broken in each possible place.
//!
//! A valid example is accepted; an invalid one breaks exactly the one rule that it names. Beyond the hand-made examples, each
//! object of each valid example gets an unknown field and loses each of its fields in turn: catches a schema that is
//! open somewhere, or a field that nobody requires and nobody declared optional.

use super::*;
use serde_json::{Map, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn files_under(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut waiting = vec![root];
    let mut found = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { waiting.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap())
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn folder(path: &Path) -> String {
    path.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned()
}

/// The schema that the folder of an example names.
fn schema_of(path: &Path) -> String {
    let name = folder(path);
    match name.strip_prefix("body-") {
        Some(kebab) => format!("urn:concerto:schema:body:{kebab}:1"),
        None => format!("urn:concerto:schema:{name}:1"),
    }
}

fn valid_examples() -> Vec<(PathBuf, String, Value)> {
    files_under("examples/valid").into_iter().map(|p| (p.clone(), schema_of(&p), read(&p))).collect()
}

/// The schemas that describe a value of their own.
fn whole_schemas() -> BTreeSet<String> {
    let parts = ["urn:concerto:schema:common:1", "urn:concerto:schema:body:common:1"];
    schema_files().iter().map(|f| f.urn.to_owned()).filter(|urn| !parts.contains(&urn.as_str())).collect()
}

#[test]
fn every_valid_example_is_accepted() {
    let mut seen = BTreeSet::new();
    for (path, schema, value) in valid_examples() {
        assert_eq!(check(&schema, &value), Ok(()), "{}", path.display());
        if schema.contains(":body:") {
            assert_eq!(check_body(&schema, &value), Ok(()), "{}", path.display());
        } else if schema != RECEIPT_SCHEMA && folder(&path) != "link" {
            assert_eq!(check_link(&value), Ok(()), "{}", path.display());
            assert_eq!(check(LINK_SCHEMA, &value), Ok(()), "{}", path.display());
        }
        seen.insert(schema);
    }
    assert_eq!(seen, whole_schemas(), "each schema has a valid example");
}

#[test]
fn every_invalid_example_breaks_exactly_the_rule_it_names() {
    let mut seen = BTreeSet::new();
    for path in files_under("examples/invalid") {
        let wrapper = read(&path);
        let breaks = &wrapper["breaks"];
        let schema = breaks["schema"].as_str().unwrap();
        assert_eq!(schema, schema_of(&path), "{}", path.display());
        match check(schema, &wrapper["value"]) {
            Err(SchemaError::Invalid(problems)) => {
                assert_eq!(problems.len(), 1, "{}: {problems:#?}", path.display());
                assert_eq!(
                    problems[0].at,
                    breaks["at"].as_str().unwrap(),
                    "{}: {problems:?}",
                    path.display()
                );
                let rule = format!("/{}", breaks["rule"].as_str().unwrap());
                assert!(problems[0].rule.ends_with(&rule), "{}: {problems:?}", path.display());
                assert!(problems[0].rule.starts_with("urn:concerto:schema:"), "{problems:?}");
            }
            other => panic!("{}: {other:?}", path.display()),
        }
        seen.insert(schema.to_owned());
    }
    assert_eq!(seen, whole_schemas(), "each schema has an invalid example");
}

/// Pointers to every object of a value, itself included.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            found.push(at.to_owned());
            map.iter().for_each(|(key, inner)| objects(inner, &format!("{at}/{key}"), found));
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, inner)| objects(inner, &format!("{at}/{i}"), found));
        }
        _ => {}
    }
}

fn object_at<'v>(value: &'v mut Value, at: &str) -> &'v mut Map<String, Value> {
    value.pointer_mut(at).unwrap().as_object_mut().unwrap()
}

#[test]
fn every_object_of_every_message_is_closed() {
    for (path, schema, value) in valid_examples() {
        let mut places = Vec::new();
        objects(&value, "", &mut places);
        for at in places {
            // the envelope alone leaves the facts to the type
            if schema == LINK_SCHEMA && at.starts_with("/facts") {
                continue;
            }
            let mut broken = value.clone();
            object_at(&mut broken, &at).insert("x_unknown".into(), json!("testo libero"));
            let problems =
                check(&schema, &broken).expect_err(&format!("{} is open at `{at}`", path.display()));
            assert!(
                problems.problems().iter().any(|p| p.at == at && p.keyword() == "additionalProperties"),
                "{} at `{at}`: {problems:?}",
                path.display()
            );
        }
    }
}

/// Fields of a payload that may be left out without breaking a rule, by name.
const OPTIONAL: &[&str] = &[
    // envelope
    "observed",
    "on_behalf_of",
    "office",
    "body",
    "documents",
    // facts
    "sensitive_until",
    "procedure_until",
    "sensitive",
    "seat",
    "eu_express_act",
    "suggested",
    "added",
    "dates",
    "released",
    "prescriptions",
    "cost_eur",
    "about",
    "messages",
    "deliveries",
    "receipts",
    "judgements",
    "sector",
    "level",
    "works",
    "request",
    "present",
    "positions", // of minutes
    "appointment",
    "next_on",
    "requested_on",
    "completed_on",
    // receipts
    "terms",
    "norm",
];

#[test]
fn every_field_is_required_or_known_to_be_optional() {
    for (path, schema, value) in valid_examples().into_iter().filter(|(_, s, _)| !s.contains(":body:")) {
        let mut places = Vec::new();
        objects(&value, "", &mut places);
        for at in places {
            if schema == LINK_SCHEMA && at.starts_with("/facts") {
                continue;
            }
            let keys: Vec<String> =
                value.pointer(&at).unwrap().as_object().unwrap().keys().cloned().collect();
            for key in keys {
                let mut broken = value.clone();
                object_at(&mut broken, &at).remove(&key);
                let accepted = check(&schema, &broken).is_ok();
                assert!(
                    !accepted || OPTIONAL.contains(&key.as_str()),
                    "{}: `{at}/{key}` may be left out",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn every_value_of_another_json_type_is_refused() {
    for (path, schema, value) in valid_examples() {
        let mut places = Vec::new();
        objects(&value, "", &mut places);
        for at in places {
            if schema == LINK_SCHEMA && at.starts_with("/facts") {
                continue;
            }
            let keys: Vec<String> =
                value.pointer(&at).unwrap().as_object().unwrap().keys().cloned().collect();
            for key in keys {
                let mut broken = value.clone();
                object_at(&mut broken, &at).insert(key.clone(), json!(0.5));
                assert!(check(&schema, &broken).is_err(), "{}: `{at}/{key}` may be 0.5", path.display());
            }
        }
    }
}

#[test]
fn a_link_is_checked_against_the_schema_it_names() {
    let path = "examples/valid/suspension/thirty-days.json";
    let mut link = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    assert_eq!(check_link(&link), Ok(()));
    for foreign in [
        "urn:concerto:schema:suspension:2",
        LINK_SCHEMA,
        RECEIPT_SCHEMA,
        "urn:concerto:schema:common:1",
        "urn:concerto:schema:body:suspension:1",
    ] {
        link["schema"] = json!(foreign);
        assert_eq!(check_link(&link), Err(SchemaError::Unknown(foreign.into())));
    }
    link["schema"] = json!("urn:concerto:schema:closure:1");
    let error = check_link(&link).unwrap_err();
    assert_eq!(error.code(), "schema.invalid");
    assert!(error.problems().iter().any(|p| p.at == "/type" && p.keyword() == "const"), "{error:?}");
    link.as_object_mut().unwrap().remove("schema");
    let error = check_link(&link).unwrap_err();
    assert!(error.problems().iter().any(|p| p.at.is_empty() && p.keyword() == "required"), "{error:?}");
    for no_link in [json!(null), json!([]), json!("urn:concerto:schema:closure:1"), json!({})] {
        assert_eq!(check_link(&no_link).unwrap_err().code(), "schema.invalid");
    }
}

#[test]
fn unknown_schemas_are_said_to_be_unknown_and_cut() {
    let long = "u".repeat(5000);
    assert_eq!(check(&long, &json!({})), Err(SchemaError::Unknown("u".repeat(200))));
    assert_eq!(check("urn:concerto:schema:common:1", &json!({})).unwrap_err().code(), "schema.unknown");
    assert_eq!(check_body("urn:concerto:schema:closure:1", &json!({})).unwrap_err().code(), "schema.unknown");
}

#[test]
fn problems_are_bounded_and_never_repeat_the_value() {
    let path = "examples/valid/body-determination/assent.json";
    let mut body = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    body["signatory"]["name"] = json!("Maria\nEsempio");
    body["office"] = json!("Maria Esempio");
    body["prescriptions"] =
        Value::Array((0..200).map(|i| json!({ "number": i, "text": "Maria Esempio" })).collect());
    let error = check_body("urn:concerto:schema:body:determination:1", &body).unwrap_err();
    assert_eq!(error.problems().len(), PROBLEMS_MAX);
    assert!(error.problems().iter().all(|p| !p.what.contains("Maria")), "{error:?}");
    assert!(!error.to_string().contains("Maria"));
}

#[test]
fn types_have_schemas_and_bodies() {
    assert_eq!(known_types().len(), 27);
    for name in known_types() {
        let schema = schema_urn_for_type(name).unwrap();
        let file = schema_files().iter().find(|f| f.urn == schema).unwrap();
        let text: Value = serde_json::from_str(file.text).unwrap();
        assert_eq!(text["properties"]["type"]["const"], json!(name));
        let bodiless = text["properties"]["body"] == json!(false);
        assert_eq!(body_urn_for_type(name).is_none(), bodiless, "{name}");
        if let Some(body) = body_urn_for_type(name) {
            assert!(schema_files().iter().any(|f| f.urn == body), "{body}");
        }
    }
    assert_eq!(
        schema_urn_for_type("LateOrInvalidActNotice"),
        Some("urn:concerto:schema:late-or-invalid-act-notice:1")
    );
    assert_eq!(schema_urn_for_type("Opposition"), None);
    assert_eq!(body_urn_for_type("Opposition"), None);
    assert_eq!(body_urn_for_type("TakenInCharge"), None);
}
