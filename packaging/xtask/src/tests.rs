//! Tests of tidy: each rule fires on a small bad tree, at the right line, and is silent on the good one.
//!
//! The bad trees are made from the good one by one change, so a rule that always fires, or never, fails here. Words that
//! tidy would find in this very file are put together at run time.

use std::collections::BTreeSet;

use crate::cargo::{Metadata, NameVersion, parse_tree};
use crate::finding::Finding;
use crate::policy::{POLICY_PATH, Policy};
use crate::source::Source;
use crate::tree::Tracked;
use crate::{licences, tidy};

const POLICY: &str = r#"
[house]
top_level = ["packaging", "protocols", "adapters", "deny.toml", "Cargo.lock", "README.md"]
machine_folders = ["home", "srv"]
registry_words = ["registry.invalid"]
registry_words_exempt = ["packaging/policy.toml"]
mail_domains = [".example", ".test"]
[[arrows]]
crates = "protocols/*"
may_use = []
[[arrows]]
crates = "adapters/*"
may_use = ["protocols/*"]
tests_may_use = ["adapters/*"]
[purity]
folders = ["protocols/"]
except = ["protocols/message/src/memory"]
packages = ["tokio"]
packages_direct = ["rand"]
words = ["std::fs", "Instant::now", "rand::"]
[[words]]
word = "println!"
only_in = ["packaging/"]
remedy = "return the text"
[[words]]
word = "unsafe"
tests_too = true
remedy = "write it in safe Rust"
[sizes]
function_lines_max = 5
file_lines_max = 20
file_kinds = ["rs"]
[licences]
own = "EUPL-1.2"
allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"]
[[banned]]
name = "rsa"
reason = "no fix"
[[banned]]
name = "ring"
below = "0.17.12"
reason = "fixed there"
"#;

const DENY: &str = r#"# Settings of cargo-deny.
[licenses]
allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"]
[bans]
deny = [{ crate = "rsa" }, { crate = "ring@<0.17.12" }]
"#;

const MANIFEST: &str = "[package]\nname = \"x\"\ndescription = \"A crate.\"\n[lints]\nworkspace = true\n";

/// A tree with two crates of ours, `protocols/message` and `adapters/store`, and one foreign crate, `sha`.
struct Tree {
    files: Vec<Tracked>,
    metadata: serde_json::Value,
    tree: String,
    policy: String,
}

impl Tree {
    fn good() -> Self {
        let files = vec![
            Tracked::new("README.md", "# A good house\n\nWrite to security@office.example.\n"),
            Tracked::new("deny.toml", DENY),
            Tracked::new("Cargo.lock", "# lock\nname = \"sha\"\n"),
            Tracked::new("protocols/message/Cargo.toml", MANIFEST),
            Tracked::new("adapters/store/Cargo.toml", MANIFEST),
            Tracked::new("protocols/message/src/lib.rs", "//! Messages.\npub fn id() {}\n"),
        ];
        let metadata = serde_json::json!({
            "workspace_root": "/src",
            "workspace_members": ["message", "store"],
            "packages": [package("message", "protocols/message"), package("store", "adapters/store"),
                {"id": "sha", "name": "sha", "version": "1.0.0", "license": "MIT/Apache-2.0",
                 "manifest_path": "/elsewhere/sha/Cargo.toml", "dependencies": []}],
            "resolve": {"nodes": [{"id": "message", "deps": [edge("sha")]}, {"id": "store", "deps": [edge("message")]},
                {"id": "sha", "deps": []}]},
        });
        let tree = "message v0.1.0 (path)\nstore v0.1.0 (path)\nsha v1.0.0\n".to_owned();
        Self { files, metadata, tree, policy: POLICY.to_owned() }
    }

    /// The good tree with one more file, or another text in place of the one it has.
    fn with(path: &str, text: &str) -> Self {
        let mut tree = Self::good();
        tree.files.retain(|file| file.path != path);
        tree.files.push(Tracked::new(path, text));
        tree
    }

    /// The good tree where a crate of ours declares one more dependency.
    fn depending(index: usize, name: &str, kind: Option<&str>, path: Option<&str>) -> Self {
        let mut tree = Self::good();
        let entry = serde_json::json!({"name": name, "kind": kind, "path": path});
        tree.metadata["packages"][index]["dependencies"].as_array_mut().unwrap().push(entry);
        tree
    }

    fn findings(&self) -> Vec<Finding> {
        let metadata = Metadata::parse(&self.metadata.to_string()).unwrap();
        let built: BTreeSet<NameVersion> = parse_tree(&self.tree).unwrap();
        let policy = Policy::parse(&self.policy).unwrap();
        tidy::check(&self.files, &metadata, &built, &policy, &self.policy).unwrap().findings
    }

    /// The findings as `path:line rule`.
    fn places(&self) -> Vec<String> {
        let place = |finding: Finding| format!("{}:{} {}", finding.path, finding.line, finding.rule);
        self.findings().into_iter().map(place).collect()
    }
}

fn package(name: &str, folder: &str) -> serde_json::Value {
    serde_json::json!({"id": name, "name": name, "version": "0.1.0", "license": "EUPL-1.2",
        "manifest_path": format!("/src/{folder}/Cargo.toml"), "dependencies": []})
}

fn edge(to: &str) -> serde_json::Value {
    serde_json::json!({"pkg": to, "dep_kinds": [{"kind": null}]})
}

fn message_source(body: &str) -> Tree {
    Tree::with("protocols/message/src/lib.rs", &format!("//! Messages.\n{body}"))
}

#[test]
fn a_good_tree_has_no_finding() {
    assert_eq!(Tree::good().places(), Vec::<String>::new());
}

#[test]
fn an_arrow_that_points_the_other_way_is_found_in_the_manifest() {
    let wrong = Tree::depending(0, "workspace", None, Some("/src/adapters/store"));
    assert_eq!(wrong.places(), ["protocols/message/Cargo.toml:5 arrows"]);
    let right = Tree::depending(1, "message", None, Some("/src/protocols/message"));
    assert_eq!(right.places(), Vec::<String>::new());
}

#[test]
fn tests_may_use_more_than_the_crate_itself() {
    let other = Some("/src/adapters/other");
    assert_eq!(Tree::depending(1, "other", Some("dev"), other).places(), Vec::<String>::new());
    assert_eq!(Tree::depending(1, "other", None, other).places().len(), 1);
    let protocol = Tree::depending(0, "other", Some("dev"), other);
    assert_eq!(protocol.places(), ["protocols/message/Cargo.toml:1 arrows"]);
}

#[test]
fn a_crate_without_a_place_is_found() {
    let mut tree = Tree::good();
    tree.metadata["packages"][0]["manifest_path"] = "/src/misc/message/Cargo.toml".into();
    assert_eq!(tree.places(), ["misc/message/Cargo.toml:1 arrows"]);
}

#[test]
fn a_forbidden_package_behind_another_is_found_in_a_pure_crate() {
    let mut tree = Tree::good();
    tree.metadata["packages"][2]["name"] = "tokio".into();
    tree.metadata["resolve"]["nodes"][0]["deps"][0]["pkg"] = "between".into();
    let between = serde_json::json!({"id": "between", "name": "between", "version": "1.0.0", "license": "MIT",
        "manifest_path": "/elsewhere/Cargo.toml", "dependencies": []});
    tree.metadata["packages"].as_array_mut().unwrap().push(between);
    let node = serde_json::json!({"id": "between", "deps": [edge("sha")]});
    tree.metadata["resolve"]["nodes"].as_array_mut().unwrap().push(node);
    let findings = tree.findings();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].rule, "purity-packages");
    assert!(findings[0].what.ends_with("message -> between -> tokio"), "{}", findings[0].what);
}

#[test]
fn a_pure_crate_may_draw_lots_only_in_tests() {
    let direct = Tree::depending(0, "rand", None, None);
    assert_eq!(direct.places(), ["protocols/message/Cargo.toml:1 purity-packages"]);
    assert_eq!(Tree::depending(0, "rand", Some("dev"), None).places(), Vec::<String>::new());
    assert_eq!(Tree::depending(1, "rand", None, None).places(), Vec::<String>::new());
}

#[test]
fn a_pure_crate_that_reads_files_or_the_clock_is_found_however_it_is_written() {
    let found = "protocols/message/src/lib.rs:3 purity-source";
    for bad in
        ["use std::fs;", "use std::{io, fs::File};", "let t = Instant::now();", "let x = rand::random();"]
    {
        assert_eq!(message_source(&format!("\n{bad}\n")).places(), [found], "{bad}");
    }
}

#[test]
fn purity_overlooks_tests_comments_strings_and_the_simulated_world() {
    for good in [
        "#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n",
        "// std::fs\n/* outer /* std::fs */ std::fs */\n",
        "const A: &str = \"a \\\" std::fs\";\nconst B: &str = r#\"\" std::fs\"#;\nconst C: char = '\"';\n",
        "use std::fmt;\nuse mystd::fs;\nuse std::fs_like;\n",
    ] {
        assert_eq!(message_source(good).places(), Vec::<String>::new(), "{good}");
    }
    let simulated = Tree::with("protocols/message/src/memory.rs", "//! Simulated.\nuse std::fs;\n");
    assert_eq!(simulated.places(), Vec::<String>::new());
    let sibling = Tree::with("protocols/message/src/lib_tests.rs", "//! Tests.\nuse std::fs;\n");
    assert_eq!(sibling.places(), Vec::<String>::new());
    let adapter = Tree::with("adapters/store/src/lib.rs", "//! A store.\nuse std::fs;\n");
    assert_eq!(adapter.places(), Vec::<String>::new());
}

#[test]
fn code_after_a_test_module_is_not_a_test() {
    let tree = message_source("#[cfg(test)]\nmod tests {\n    fn f() { let c = '}'; }\n}\nuse std::fs;\n");
    assert_eq!(tree.places(), ["protocols/message/src/lib.rs:6 purity-source"]);
    let tree = message_source("#[cfg(test)]\n#[path = \"a_tests.rs\"]\nmod tests;\nuse std::fs;\n");
    assert_eq!(tree.places(), ["protocols/message/src/lib.rs:5 purity-source"]);
}

#[test]
fn a_word_is_found_outside_its_home() {
    let print = "//! Text.\nfn f() {\n    println!(\"x\");\n}\n";
    assert_eq!(Tree::with("adapters/store/src/a.rs", print).places(), ["adapters/store/src/a.rs:3 words"]);
    for home in ["packaging/src/a.rs", "adapters/store/examples/a.rs", "adapters/store/tests/a.rs"] {
        assert_eq!(Tree::with(home, print).places(), Vec::<String>::new(), "{home}");
    }
    let unsafety = "//! Text.\nfn f() { unsafe {} }\n";
    assert_eq!(
        Tree::with("adapters/store/tests/a.rs", unsafety).places(),
        ["adapters/store/tests/a.rs:2 words"]
    );
}

#[test]
fn a_licence_off_the_list_is_found_if_the_crate_is_built() {
    let mut tree = Tree::good();
    tree.metadata["packages"][2]["license"] = "MIT AND GPL-3.0-only".into();
    assert_eq!(tree.places(), ["Cargo.lock:2 licences"]);
    tree.metadata["packages"][2]["license"] = serde_json::Value::Null;
    assert_eq!(tree.places(), ["Cargo.lock:2 licences"]);
    tree.tree = "message v0.1.0\nstore v0.1.0\nsha v0.9.0\n".to_owned();
    assert_eq!(tree.places(), Vec::<String>::new(), "another version is built");
}

#[test]
fn a_crate_of_ours_with_another_licence_is_found() {
    let mut tree = Tree::good();
    tree.metadata["packages"][0]["license"] = "MIT".into();
    assert_eq!(tree.places(), ["protocols/message/Cargo.toml:1 licences"]);
}

#[test]
fn licence_expressions_are_read_with_their_precedence() {
    let allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
    let answer = |expression| licences::is_allowed(expression, &allow);
    for good in
        ["MIT", "GPL-3.0 OR MIT", "GPL-3.0/MIT", "GPL-3.0 AND BSL OR MIT", "(GPL-3.0 OR MIT) AND Apache-2.0"]
    {
        assert_eq!(answer(good), Some(true), "{good}");
    }
    assert_eq!(answer("Apache-2.0 WITH LLVM-exception AND MIT"), Some(true));
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "MIT AND (GPL-3.0 OR BSL)", "MIT WITH LLVM-exception"] {
        assert_eq!(answer(bad), Some(false), "{bad}");
    }
    for unreadable in ["", "MIT OR", "MIT Apache-2.0", "(MIT", "MIT)", "AND MIT", "MIT WITH"] {
        assert_eq!(answer(unreadable), None, "{unreadable}");
    }
}

#[test]
fn a_banned_crate_is_found_by_name_or_by_version() {
    for (line, count) in [
        ("rsa v0.9.0", 1),
        ("ring v0.17.9", 1),
        ("ring v0.17.12", 0),
        ("ring v0.18.0", 0),
        ("rsa2 v1.0.0", 0),
    ] {
        let mut tree = Tree::good();
        tree.tree.push_str(line);
        let found = tree.findings();
        assert_eq!(found.iter().filter(|finding| finding.rule == "banned-crates").count(), count, "{line}");
        assert_eq!(found.len(), count, "{line}");
    }
}

#[test]
fn deny_toml_must_say_the_same_as_the_policy() {
    let less = Tree::with("deny.toml", &DENY.replace("{ crate = \"rsa\" }, ", ""));
    assert_eq!(less.places(), ["deny.toml:1 deny-toml"]);
    let more = Tree::with("deny.toml", &DENY.replace("\"MIT\", ", "\"MIT\", \"GPL-3.0\", "));
    assert_eq!(more.places(), ["deny.toml:3 deny-toml"]);
    let older = Tree::with("deny.toml", &DENY.replace("0.17.12", "0.17.1"));
    assert_eq!(older.places().len(), 2, "one missing, one surplus");
}

#[test]
fn a_long_function_is_found_with_its_line_and_nested_braces() {
    let body = "\nfn short() -> [u8; { 2 }] { [0; 2] }\nfn long<F: Fn(u8)>(f: F)\nwhere\n    F: Copy,\n{\n    if true { f(1) }\n}\n";
    let tree = message_source(body);
    assert_eq!(tree.places(), ["protocols/message/src/lib.rs:4 sizes"]);
    assert!(tree.findings()[0].what.contains("function long has 6 lines"));
    assert_eq!(message_source("fn five() {\n    1;\n    2;\n    3;\n}\n").places(), Vec::<String>::new());
    assert_eq!(message_source("#[test]\nfn t() {\n1;\n2;\n3;\n4;\n}\n").places(), Vec::<String>::new());
    assert_eq!(
        message_source("trait T {\n    fn a();\n    fn b();\n}\nconst X: fn(u8) = y;\n").places(),
        Vec::<String>::new()
    );
}

#[test]
fn a_long_file_is_found_without_counting_its_tests() {
    let long = "const A: u8 = 1;\n".repeat(20);
    assert_eq!(message_source(&long).places(), ["protocols/message/src/lib.rs:1 sizes"]);
    let tests = format!("#[cfg(test)]\nmod tests {{\n\n{long}}}\n");
    assert_eq!(message_source(&tests).places(), Vec::<String>::new());
}

#[test]
fn an_exception_holds_while_it_is_needed_and_is_found_afterwards() {
    let exception = "\n[[sizes.allow]]\npath = \"protocols/message/src/lib.rs\"\nreason = \"a table\"\n";
    let policy = POLICY.replace("[licences]", &format!("{exception}[licences]"));
    let mut long = message_source(&"const A: u8 = 1;\n".repeat(20));
    long.policy.clone_from(&policy);
    assert_eq!(long.places(), Vec::<String>::new());
    let mut short = Tree::good();
    short.policy = policy;
    let line = short.policy.lines().position(|line| line.contains("path = ")).unwrap() + 1;
    assert_eq!(short.places(), [format!("{POLICY_PATH}:{line} sizes")]);
}

#[test]
fn a_file_that_does_not_say_what_it_is_is_found() {
    for (path, bad, good) in [
        ("protocols/message/src/a.rs", "use x;\n", "//! Links.\n//! More.\n"),
        ("protocols/message/build.rs", "fn main() {}\n", "// Builds it.\nfn main() {}\n"),
        ("packaging/a.sh", "#!/bin/sh\nset -e\n", "#!/bin/sh\n# Sets up.\nset -e\n"),
        ("packaging/a.py", "import json\n", "\"\"\"Verifies exports.\"\"\"\n"),
        ("packaging/a.toml", "[a]\n", "# A table.\n[a]\n"),
        ("packaging/a.yml", "a: 1\n", "# A list.\na: 1\n"),
        ("packaging/a.md", "text\n", "# Heading\n"),
    ] {
        assert_eq!(Tree::with(path, bad).places(), [format!("{path}:1 headers")], "{path}");
        let good = Tree::with(path, good).findings();
        assert!(good.is_empty(), "{path}: {good:?}");
    }
    assert_eq!(Tree::with("packaging/a.json", "{}").places(), Vec::<String>::new());
}

#[test]
fn a_crate_without_the_lints_of_the_workspace_is_found() {
    let bare = MANIFEST.replace("workspace = true", "rust = {}");
    let tree = Tree::with("adapters/store/Cargo.toml", &bare);
    assert_eq!(tree.places(), ["adapters/store/Cargo.toml:1 public-documentation"]);
}

#[test]
fn a_stranger_at_the_top_level_is_found() {
    assert_eq!(Tree::with("notes.md", "# Notes\n").places(), ["notes.md:1 top-level"]);
    assert_eq!(Tree::with("scratch/a.json", "{}").places(), ["scratch:1 top-level"]);
}

#[test]
fn paths_of_one_machine_are_found_and_relative_ones_are_not() {
    let path = format!("/{}/someone/x", "home");
    let bad = Tree::with("README.md", &format!("# A\n\ncd {path}\n`{path}`\n"));
    assert_eq!(bad.places(), ["README.md:3 machine-paths", "README.md:4 machine-paths"]);
    let good =
        Tree::with("README.md", &format!("# A\n$ROOT{path} https://a.example{path} /{}less/x\n", "home"));
    assert_eq!(good.places(), Vec::<String>::new());
}

#[test]
fn hosts_of_registries_are_found() {
    let tree = Tree::with("README.md", "# A\n\npip from registry.invalid\n");
    assert_eq!(tree.places(), ["README.md:3 registries"]);
}

#[test]
fn mail_addresses_must_be_nobodys() {
    let address = |domain: &str| format!("# A\n\nWrite to <first.last{}{domain}>.\n", '@');
    for bad in ["office.it", "example.com", "mail.example.org"] {
        assert_eq!(Tree::with("README.md", &address(bad)).places(), ["README.md:3 mail-addresses"], "{bad}");
    }
    for good in ["office.example", "a.b.test", "0.1.0", "<0.41.0", "localhost", ""] {
        assert_eq!(Tree::with("README.md", &address(good)).places(), Vec::<String>::new(), "{good}");
    }
}

#[test]
fn all_findings_come_at_once_in_order() {
    let tree = message_source("use std::fs;\nfn f() { unsafe {} println!() }\n");
    assert_eq!(
        tree.places(),
        [
            "protocols/message/src/lib.rs:2 purity-source",
            "protocols/message/src/lib.rs:3 words",
            "protocols/message/src/lib.rs:3 words",
        ]
    );
}

#[test]
fn blanking_keeps_offsets_and_lifetimes() {
    let text = "fn f<'a>(x: &'a str) -> char { /* è */ let _ = b\"\\\"}\"; '\\'' } // end";
    let source = Source::new("a.rs", text);
    assert_eq!(source.code.len(), text.len());
    assert!(source.code.contains("fn f<'a>(x: &'a str) -> char {"));
    assert_eq!(source.code.matches(['{', '}']).count(), 2);
    assert!(!source.code.contains("end"));
}

#[test]
fn the_policy_of_this_repository_is_well_formed() {
    let policy = Policy::parse(include_str!("../../policy.toml")).unwrap();
    assert!(policy.sizes.allow.iter().all(|exception| !exception.reason.is_empty()));
    assert_eq!(policy.sizes.function_lines_max, 70);
}

#[test]
fn a_line_of_cargo_tree_without_a_version_is_an_error() {
    assert!(parse_tree("sha 1.0.0").is_err());
    assert_eq!(parse_tree("\nsha v1.0.0 (proc-macro) (*)\n").unwrap().len(), 1);
}
