//! The matrix norm -> rule -> vector -> test: from `protocols/procedure/RULES.md`, the vectors, and the rules that test files name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::Failed;
use crate::vectors::Vector;

/// What a rule's row says about how it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ShownBy {
    /// Its dates are vectors; it must have one.
    Vectors,
    /// It is no matter of dates.
    Tests,
}

/// The rules with their vectors and tests.
pub(crate) struct Matrix {
    rules: Vec<(String, ShownBy)>,
    /// Rule, then norm, to the vectors.
    vectors: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    tests: BTreeMap<String, BTreeSet<String>>,
}

impl Matrix {
    /// Reads rules and tests from the tree at `root`.
    pub(crate) fn read(root: &Path, vectors: &[Vector]) -> Result<Self, Failed> {
        let path = root.join("protocols/procedure/RULES.md");
        let text = std::fs::read_to_string(&path).map_err(|e| Failed(format!("{}: {e}", path.display())))?;
        let rules: Vec<_> = text.lines().filter_map(rule_of).collect();
        let mut by_rule: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
        for vector in vectors {
            for rule in vector.rules() {
                let norms = by_rule.entry(rule.to_owned()).or_default();
                norms.entry(vector.expected.norm.clone()).or_default().push(vector.id.clone());
            }
        }
        let tests = tests_by_rule(root)?;
        Ok(Self { rules, vectors: by_rule, tests })
    }

    /// What is wrong: a rule of dates without a vector, a vector of a rule that is not written down.
    pub(crate) fn gaps(&self) -> Vec<String> {
        let without = self
            .rules
            .iter()
            .filter(|(id, shown)| *shown == ShownBy::Vectors && !self.vectors.contains_key(id));
        let without = without.map(|(id, _)| format!("rule {id} has no vector"));
        let known: BTreeSet<&str> = self.rules.iter().map(|(id, _)| id.as_str()).collect();
        let unknown = self.vectors.iter().filter(|(id, _)| !known.contains(id.as_str()));
        let unknown = unknown.map(|(id, norms)| {
            format!(
                "rule {id} is not in RULES.md; vectors {:?}",
                norms.values().flatten().collect::<Vec<_>>()
            )
        });
        without.chain(unknown).collect()
    }

    /// The table for people.
    pub(crate) fn text(&self) -> String {
        let mut lines = vec!["norm | rule | vectors | tests".to_owned()];
        for (rule, shown) in &self.rules {
            let tests =
                self.tests.get(rule).map(|tests| tests.iter().cloned().collect::<Vec<_>>().join(", "));
            let tests = tests.unwrap_or_else(|| "-".to_owned());
            match self.vectors.get(rule) {
                Some(norms) => {
                    for (norm, ids) in norms {
                        lines.push(format!("{norm} | {rule} | {} | {tests}", ids.join(" ")));
                    }
                }
                None if *shown == ShownBy::Tests => lines.push(format!("- | {rule} | by tests | {tests}")),
                None => lines.push(format!("- | {rule} | NONE | {tests}")),
            }
        }
        lines.join("\n")
    }
}

/// A row of a table of RULES.md: `| T1 | … | V | vectors |`.
fn rule_of(line: &str) -> Option<(String, ShownBy)> {
    let cells: Vec<&str> = line.strip_prefix("| ")?.trim_end_matches('|').split('|').map(str::trim).collect();
    let shown = match *cells.last()? {
        "vectors" => ShownBy::Vectors,
        "tests" => ShownBy::Tests,
        _ => return None,
    };
    Some((cells.first()?.to_string(), shown))
}

/// Test files by the rules that they name after the word RULES.
fn tests_by_rule(root: &Path) -> Result<BTreeMap<String, BTreeSet<String>>, Failed> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in test_files(root)? {
        let text = std::fs::read_to_string(&path).map_err(|e| Failed(format!("{}: {e}", path.display())))?;
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        for after in text.split("RULES ").skip(1) {
            let named = after.split([')', ';', ':', '\n']).next().unwrap_or_default();
            for rule in
                named.split([',', ' ']).map(|word| word.trim_end_matches('.')).filter(|word| is_rule(word))
            {
                found.entry(rule.to_owned()).or_default().insert(name.clone());
            }
        }
    }
    Ok(found)
}

fn is_rule(word: &str) -> bool {
    word.starts_with(['A', 'B', 'C', 'D', 'E', 'F', 'S', 'T']) && word.contains(|c: char| c.is_ascii_digit())
}

fn test_files(root: &Path) -> Result<Vec<PathBuf>, Failed> {
    let mut files = Vec::new();
    for folder in ["protocols/procedure/src", "conformance-tests/tests", "node/tests"] {
        let folder = root.join(folder);
        let entries = std::fs::read_dir(&folder).map_err(|e| Failed(format!("{}: {e}", folder.display())))?;
        for entry in entries {
            let path = entry.map_err(|e| Failed(e.to_string()))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let tests = !folder.ends_with("src") || name.ends_with("_tests.rs");
            if name.ends_with(".rs") && tests {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
