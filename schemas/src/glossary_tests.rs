//! The glossary is complete: it has every type of message and every value of every enumeration that officials see.

use super::*;
use crate::{known_types, schema_files};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn the_file_is_read_and_each_term_is_whole_and_unique() {
    let terms = read(GLOSSARY).unwrap();
    assert_eq!(terms, glossary());
    let mut seen = BTreeSet::new();
    for term in &terms {
        assert!(seen.insert(&term.identifier), "{} twice", term.identifier);
        for text in [&term.identifier, &term.it, &term.en, &term.norm, &term.meaning_it, &term.meaning_en] {
            assert_eq!(text.trim(), text, "{}", term.identifier);
            assert!(!text.is_empty(), "{}", term.identifier);
        }
        assert!(
            term.meaning_it.ends_with(['.', '?']) && term.meaning_en.ends_with(['.', '?']),
            "{}",
            term.identifier
        );
    }
}

#[test]
fn every_type_of_message_is_explained() {
    for name in known_types() {
        let found = term(name).unwrap_or_else(|| panic!("{name} is not in the glossary"));
        assert_eq!(found.identifier, name);
        assert_eq!(found.wire, None, "{name} is written as it is");
    }
    assert_eq!(term("Determination").unwrap().it, "determinazione di una amministrazione");
    assert_eq!(term("Determinazione"), None);
}

/// The wire values of each enumeration in the glossary, such as `Position`.
fn glossary_enums() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut enums = BTreeMap::<_, BTreeSet<_>>::new();
    for term in glossary() {
        if let (Some((name, variant)), Some(wire)) = (term.identifier.split_once("::"), term.wire.as_deref())
        {
            let snake: String = variant.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
            assert_eq!(snake.to_lowercase(), wire.replace('_', ""), "{}", term.identifier);
            enums.entry(name).or_default().insert(wire);
        }
    }
    enums
}

/// Every enumeration of a schema, but for the parts of enumerations that rules name.
fn schema_enums<'v>(schema: &'v Value, found: &mut Vec<BTreeSet<&'v str>>) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Array(values)) = map.get("enum") {
                found.push(values.iter().map(|v| v.as_str().unwrap()).collect());
            }
            map.iter().filter(|(key, _)| *key != "allOf").for_each(|(_, inner)| schema_enums(inner, found));
        }
        Value::Array(list) => list.iter().for_each(|inner| schema_enums(inner, found)),
        _ => {}
    }
}

#[test]
fn every_value_of_every_enumeration_is_explained() {
    let known = glossary_enums();
    let mut used = BTreeSet::new();
    for file in schema_files().iter().filter(|f| f.file.starts_with("messages/")) {
        let schema: Value = serde_json::from_str(file.text).unwrap();
        let mut enums = Vec::new();
        schema_enums(&schema, &mut enums);
        for values in enums {
            let name = known.iter().find(|(_, wires)| **wires == values).map(|(name, _)| *name);
            used.insert(name.unwrap_or_else(|| panic!("{}: {values:?} is not in the glossary", file.file)));
        }
    }
    // `Outside` is not an enumeration of texts on the wire
    let unused: Vec<_> = known.keys().filter(|name| !used.contains(*name) && **name != "Outside").collect();
    assert!(unused.is_empty(), "the glossary has values that no message has: {unused:?}");
}

#[test]
fn the_words_of_the_design_are_explained() {
    for word in [
        "Conference",
        "Convened",
        "MeetingCall",
        "LeadAdministration",
        "InvolvedAdministration",
        "CaseOfficer",
        "Opinion",
        "Term",
        "Force::Peremptory",
        "Force::Directory",
        "Register",
        "Registration",
        "Segnatura",
        "CaseFile",
        "Signature",
        "Seal",
        "Timestamp",
        "Digest",
        "Timely",
        "Disputed",
        "Late",
        "Pec",
        "Aoo",
        "Ipa",
    ] {
        assert!(term(word).is_some(), "{word}");
    }
}

#[test]
fn a_broken_file_is_an_error() {
    assert!(read("[[term]]\nidentifier = \"A\"").is_err());
    assert!(read("[[term]]\nidentifier = \"A\"\nit=\"a\"\nen=\"a\"\nnorm=\"a\"\nmeaning_it=\"a\"\nmeaning_en=\"a\"\nx=1").is_err());
}
