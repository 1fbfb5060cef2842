//! Reading a case: the built-in one and the README's smallest one are good; in a broken one every problem is named at once.

use super::*;
use std::path::Path;

fn built_in() -> &'static str {
    include_str!("../../demo/case.toml")
}

fn problems_of(text: &str) -> Vec<String> {
    match CaseFile::parse(text, &Documents::BuiltIn) {
        Ok(_) => Vec::new(),
        Err(failure) => failure.faults.into_iter().map(|fault| fault.text_en).collect(),
    }
}

#[test]
fn the_built_in_case_is_good() {
    assert_eq!(problems_of(built_in()), Vec::<String>::new());
}

#[test]
fn the_smallest_case_of_the_readme_is_good() {
    let readme = include_str!("../../demo/README.md");
    let (_, rest) = readme.split_once("## The smallest case").unwrap();
    let (_, rest) = rest.split_once("```toml\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    assert_eq!(problems_of(text), Vec::<String>::new());
}

#[test]
fn every_problem_is_named_at_once() {
    let text = built_in()
        .replace("lead = \"regione\"", "lead = \"nobody\"\ncolour = \"red\"")
        .replace("file = \"07-richiesta-integrazioni.pdf\"", "file = \"../case.toml\"")
        .replace("requests = [\"@integration_request\"]", "requests = [\"@unknown_step\"]")
        .replace("audience = [\"regione\"]", "audience = [\"stranger\"]")
        .replace("at = \"2026-12-29T10:05\"", "at = \"2026-12-01T10:05\"");
    let problems = problems_of(&text);
    for expected in [
        "[case]: `lead`: `nobody` is no participant",
        "[case]: there is no key `colour`",
        "[[step]] integration_request: `../case.toml` is no file in the documents folder",
        "[[step]] suspension: `@unknown_step` is neither a participant nor the act of an earlier step",
        "[[step]] soprintendenza_late: audience: `stranger` is no participant",
        "[[step]] provincia_assent: `at` is not after the step `integration`",
    ] {
        assert!(problems.iter().any(|problem| problem == expected), "{expected} is not among {problems:#?}");
    }
}

#[test]
fn an_act_of_a_stopped_node_is_refused_before_anything_runs() {
    let text = built_in().replace(
        "name = \"provincia_assent\"\nat = \"2026-12-29T10:05\"\nby = \"provincia\"",
        "name = \"provincia_assent\"\nat = \"2026-12-29T10:05\"\nby = \"usr\"",
    );
    let problems = problems_of(&text);
    assert!(
        problems.iter().any(|p| p == "[[step]] provincia_assent: the node of who acts is stopped"),
        "{problems:#?}"
    );
}

#[test]
fn values_computed_where_the_record_gives_none_are_refused() {
    let text = built_in().replace(
        "position = \"assent\"\nround = 1\nacts = [\"nulla-osta-idrogeologico\"]",
        "position = \"@auto\"\nround = 1\nacts = \"@auto\"",
    );
    let problems = problems_of(&text);
    let expected =
        "[[step]] provincia_assent: facts, `position`: \"@auto\" does not hold here; write the value";
    assert!(problems.iter().any(|p| p == expected), "{problems:#?}");
}

#[test]
fn a_body_that_breaks_its_schema_is_named_with_its_place() {
    let text = built_in().replace("silence_warning = ", "silence_warnings = ");
    let problems = problems_of(&text);
    assert!(problems.iter().any(|p| p.starts_with("[[step]] notice: body, ")), "{problems:#?}");
}

#[test]
fn an_hour_that_does_not_exist_in_rome_is_refused() {
    let text = built_in().replace("at = \"2026-11-30T10:15\"", "at = \"2027-03-28T02:30\"");
    assert!(problems_of(&text).iter().any(|p| p.contains("is no time of Rome")));
}

#[test]
fn documents_of_another_folder_are_read_from_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/documents");
    assert!(CaseFile::parse(built_in(), &Documents::Folder(folder)).is_ok());
    let failure = CaseFile::parse(built_in(), &Documents::Folder("/nonexistent".into())).unwrap_err();
    let unread = failure.faults.iter().filter(|fault| fault.text_en.contains("cannot be read")).count();
    assert!(unread >= 20, "{unread}");
}
