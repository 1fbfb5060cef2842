//! File headers: every file opens by saying what it is (STYLE 12); and every crate takes the lints of the workspace, so that
//! rustc checks the documentation of public items.

use serde::Deserialize;

use crate::finding::Finding;
use crate::tree::Tracked;

const RULE: &str = "headers";
const RULE_LINTS: &str = "public-documentation";

/// Checks the first lines of every file whose kind has comments.
pub(crate) fn check(files: &[Tracked]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let Some(text) = file.text.as_deref() else { continue };
        if let Some(remedy) = wanted(file).filter(|_| !has_header(file, text)) {
            findings.push(Finding::new(
                RULE,
                &file.path,
                1,
                "the file does not open by saying what it is",
                remedy,
            ));
        }
    }
    findings
}

/// The header that a file of this kind needs, in words.
fn wanted(file: &Tracked) -> Option<&'static str> {
    match (name(file), file.kind()) {
        ("build.rs", _) => Some("begin with `// ` and what the script does"),
        (_, "rs") => Some("begin with `//! ` and what the file is and which norm or section it implements"),
        ("Cargo.toml", _) => Some("begin with a `# ` comment or give the package a `description`"),
        ("Makefile", _) | (_, "toml" | "sh" | "yml" | "yaml") => {
            Some("begin with a `# ` comment that says what it is")
        }
        (_, "py") => Some("begin with a `# ` comment or a docstring that says what it is"),
        (_, "md") => Some("begin with a heading"),
        _ if file.path == ".ci/run" => Some("begin with a `# ` comment that says what it is"),
        _ => None,
    }
}

fn has_header(file: &Tracked, text: &str) -> bool {
    let mut lines =
        text.lines().filter(|line| !line.starts_with("#!") || line.starts_with("#![")).map(str::trim_end);
    let first = lines.next().unwrap_or_default();
    let says = |mark: &str| first.strip_prefix(mark).is_some_and(|rest| !rest.trim().is_empty());
    match (name(file), file.kind()) {
        ("build.rs", _) => says("//"),
        (_, "rs") => says("//!"),
        ("Cargo.toml", _) => says("#") || text.lines().any(|line| line.starts_with("description")),
        (_, "py") => says("#") || says("\"\"\""),
        (_, "md") => says("#") || says("<!--"),
        _ => says("#"),
    }
}

fn name(file: &Tracked) -> &str {
    file.path.rsplit('/').next().unwrap_or_default()
}

#[derive(Deserialize)]
struct Manifest {
    package: Option<toml::Table>,
    lints: Option<Lints>,
}

#[derive(Deserialize)]
struct Lints {
    #[serde(default)]
    workspace: bool,
}

/// Checks that every crate takes the lints of the workspace.
pub(crate) fn check_lints(files: &[Tracked]) -> Vec<Finding> {
    let manifests = files.iter().filter(|file| name(file) == "Cargo.toml");
    manifests
        .filter(|file| {
            let manifest = toml::from_str::<Manifest>(file.text.as_deref().unwrap_or_default());
            manifest.is_ok_and(|found| {
                found.package.is_some() && !found.lints.is_some_and(|lints| lints.workspace)
            })
        })
        .map(|file| {
            let what = "the crate does not take the lints of the workspace, `missing_docs` among them";
            Finding::new(RULE_LINTS, &file.path, 1, what, "write `[lints]` and `workspace = true`")
        })
        .collect()
}
