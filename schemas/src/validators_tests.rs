//! What must hold of the embedded schemas themselves: complete, well formed, offline, closed, in two languages.

use super::*;
use crate::embedded::{GLOSSARY, TYPES};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;

fn parsed() -> Vec<(&'static SchemaFile, Value)> {
    SCHEMAS.iter().map(|f| (f, serde_json::from_str(f.text).unwrap())).collect()
}

fn compile_all(files: &[SchemaFile]) -> Vec<Result<Validator, String>> {
    let parsed = parse_all(files);
    let registry = registry_of(&parsed);
    parsed.iter().map(|(_, schema)| compile(schema, &registry)).collect()
}

#[test]
fn every_schema_compiles() {
    assert_eq!(ENTRIES.len(), SCHEMAS.len() - PARTS.len());
    for (file, compiled) in SCHEMAS.iter().zip(compile_all(SCHEMAS)) {
        assert!(compiled.is_ok(), "{}: {:?}", file.urn, compiled.err());
    }
    for urn in ENTRIES.keys() {
        // no embedded schema accepts null, and none is unusable
        assert_eq!(check(urn, &Value::Null).unwrap_err().code(), "schema.invalid", "{urn}");
    }
}

#[test]
fn every_file_is_in_the_table_and_as_embedded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    for folder in ["messages", "bodies"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            found.insert(format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap()));
        }
    }
    assert_eq!(found, SCHEMAS.iter().map(|f| f.file.to_owned()).collect());
    for file in SCHEMAS {
        assert_eq!(std::fs::read_to_string(root.join(file.file)).unwrap(), file.text);
    }
    assert_eq!(std::fs::read_to_string(root.join("glossary.toml")).unwrap(), GLOSSARY);
    assert!(TYPES.is_sorted_by_key(|t| t.name));
}

#[test]
fn every_schema_says_what_it_is() {
    for (file, schema) in parsed() {
        assert_eq!(schema["$schema"], json!("https://json-schema.org/draft/2020-12/schema"), "{}", file.file);
        assert_eq!(schema["$id"], json!(file.urn), "{}", file.file);
        for key in ["title", "x-title-en", "description"] {
            assert!(schema[key].as_str().is_some_and(|s| s.len() > 3), "{} has no {key}", file.file);
        }
        assert!(schema["description"].as_str().unwrap().contains(" — "), "{}: both languages", file.file);
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{}", file.file);
        let stem = file.file.rsplit('/').next().unwrap().trim_end_matches(".schema.json");
        assert!(file.urn.ends_with(&format!(":{stem}:1")), "{}", file.file);
    }
}

/// Calls `look` with every object within a JSON value.
fn walk(value: &Value, look: &mut impl FnMut(&serde_json::Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            look(map);
            map.values().for_each(|v| walk(v, look));
        }
        Value::Array(list) => list.iter().for_each(|v| walk(v, look)),
        _ => {}
    }
}

#[test]
fn references_stay_within_this_collection_and_nothing_relies_on_format() {
    let urns: BTreeSet<&str> = SCHEMAS.iter().map(|f| f.urn).collect();
    for (file, schema) in parsed() {
        walk(&schema, &mut |map| {
            assert!(!map.contains_key("format"), "{}: formats are not asserted everywhere", file.file);
            if let Some(target) = map.get("$ref").and_then(Value::as_str) {
                let base = target.split('#').next().unwrap();
                assert!(base.is_empty() || urns.contains(base), "{}: {target}", file.file);
            }
        });
    }
}

#[test]
fn every_list_and_text_is_bounded() {
    for (file, schema) in parsed() {
        walk(&schema, &mut |map| {
            if map.get("type") == Some(&json!("array")) && map.contains_key("items") {
                assert!(map.contains_key("maxItems"), "{}: {map:?}", file.file);
            }
            if map.get("type") == Some(&json!("string")) && map.contains_key("pattern") {
                let open = map["pattern"].as_str().unwrap().contains(['*', '+'])
                    || !map["pattern"].as_str().unwrap().starts_with('^');
                assert!(!open || map.contains_key("maxLength"), "{}: {map:?}", file.file);
            }
        });
    }
}

static BROKEN: &[SchemaFile] = &[
    SchemaFile { file: "a", urn: "urn:concerto:schema:a:1", text: "{" },
    SchemaFile { file: "b", urn: "urn:concerto:schema:b:1", text: r#"{"type": "objekt"}"# },
    SchemaFile {
        file: "c",
        urn: "urn:concerto:schema:c:1",
        text: r#"{"$ref": "urn:concerto:schema:elsewhere:1"}"#,
    },
    SchemaFile {
        file: "d",
        urn: "urn:concerto:schema:d:1",
        text: r#"{"$ref": "https://schemas.example/d"}"#,
    },
];

#[test]
fn a_broken_schema_is_an_error_and_nothing_is_fetched() {
    for file in BROKEN {
        let alone = compile_all(std::slice::from_ref(file));
        assert!(alone.iter().all(Result::is_err), "{}", file.urn);
    }
    assert!(compile_all(BROKEN).iter().all(Result::is_err));
}

#[test]
fn an_unreadable_file_spoils_no_other() {
    let mixed = [
        SchemaFile { file: "a", urn: "urn:concerto:schema:a:1", text: "{" },
        SchemaFile { file: "e", urn: "urn:concerto:schema:e:1", text: r#"{"type": "object"}"# },
    ];
    let compiled = compile_all(&mixed);
    assert!(compiled[0].is_err());
    assert!(compiled[1].as_ref().unwrap().is_valid(&json!({})));
}
