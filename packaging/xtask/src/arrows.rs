//! The arrows: `schemas <- protocols <- node/core, adapters/port <- adapters/* <- node <- conformance-tests`.
//!
//! The table is in the policy; a crate that no pattern of it names is a finding, so a new crate must find its place first.

use crate::cargo::{Dependency, Metadata, Package};
use crate::finding::{Finding, line_with};
use crate::policy::{Arrow, POLICY_PATH, Policy};
use crate::tree::Tracked;

const RULE: &str = "arrows";

/// Checks what every crate of the workspace declares to use.
pub(crate) fn check(files: &[Tracked], metadata: &Metadata, policy: &Policy) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in metadata.members() {
        let folder = metadata.folder(package);
        match policy.arrows.iter().find(|arrow| fits(&arrow.crates, folder)) {
            Some(arrow) => findings.extend(check_crate(files, metadata, package, arrow)),
            None => findings.push(Finding::new(
                RULE,
                metadata.relative(&package.manifest_path),
                1,
                format!("the crate {} has no place among the arrows", package.name),
                format!("say in {POLICY_PATH}, under [[arrows]], what crates in {folder} may use"),
            )),
        }
    }
    findings
}

fn check_crate(files: &[Tracked], metadata: &Metadata, package: &Package, arrow: &Arrow) -> Vec<Finding> {
    let manifest = metadata.relative(&package.manifest_path);
    let text = text_of(files, manifest);
    let used = package.dependencies.iter().filter_map(|found| Some((found, found.path.as_deref()?)));
    used.filter(|(dependency, path)| !allowed(arrow, dependency, metadata.relative(path)))
        .map(|(dependency, path)| {
            let kind = dependency.kind.as_deref().map_or(String::new(), |kind| format!(" ({kind})"));
            Finding::new(
                RULE,
                manifest,
                line_with(text, &dependency.name),
                format!("{} may not use {}{kind}", arrow.crates, metadata.relative(path)),
                format!(
                    "it may use [{}]: move what is needed to one of these, or pass it in through a trait of adapters/port",
                    arrow.may_use.join(", ")
                ),
            )
        })
        .collect()
}

fn allowed(arrow: &Arrow, dependency: &Dependency, folder: &str) -> bool {
    let in_tests = dependency.kind.as_deref() == Some("dev");
    arrow.may_use.iter().any(|pattern| fits(pattern, folder))
        || in_tests && arrow.tests_may_use.iter().any(|pattern| fits(pattern, folder))
}

/// Whether a folder fits a pattern; `*` is exactly one folder name.
pub(crate) fn fits(pattern: &str, folder: &str) -> bool {
    let (mut wanted, mut found) = (pattern.split('/'), folder.split('/'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(want), Some(have)) if want == have => {}
            _ => return false,
        }
    }
}

/// The text of a tracked file, empty where it is not tracked.
pub(crate) fn text_of<'a>(files: &'a [Tracked], path: &str) -> &'a str {
    files.iter().find(|file| file.path == path).and_then(|file| file.text.as_deref()).unwrap_or_default()
}
