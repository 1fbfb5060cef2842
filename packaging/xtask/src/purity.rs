//! Purity and words: crates that think do not touch the world, and some words need a reason anywhere.
//!
//! ARCHITECTURE.md ("The arrows") names what a pure crate may not use; both its packages (also those that come through another package)
//! and its source are looked at. Build scripts and examples are programs of their own and stay outside.

use crate::arrows::text_of;
use crate::cargo::{Metadata, Package};
use crate::finding::{Finding, line_at, line_with};
use crate::policy::{Policy, Purity, Word};
use crate::source::{Source, is_aside};
use crate::tree::Tracked;

const RULE_PACKAGES: &str = "purity-packages";
const RULE_SOURCE: &str = "purity-source";
const RULE_WORDS: &str = "words";

/// Checks what the pure crates are built from.
pub(crate) fn check_packages(files: &[Tracked], metadata: &Metadata, policy: &Policy) -> Vec<Finding> {
    let purity = &policy.purity;
    metadata
        .members()
        .filter(|package| is_pure_folder(purity, &format!("{}/", metadata.folder(package))))
        .flat_map(|package| check_package(files, metadata, package, purity))
        .collect()
}

fn check_package(files: &[Tracked], metadata: &Metadata, package: &Package, purity: &Purity) -> Vec<Finding> {
    let manifest = metadata.relative(&package.manifest_path);
    let text = text_of(files, manifest);
    let through =
        metadata.ways_from(package).into_iter().filter(|(found, _)| purity.packages.contains(&found.name));
    let mut findings: Vec<Finding> = through
        .map(|(_, way)| {
            let first = way.split(" -> ").nth(1).unwrap_or_default();
            let remedy = "a pure crate takes bytes, time and chance as arguments; put this in an adapter";
            Finding::new(
                RULE_PACKAGES,
                manifest,
                line_with(text, first),
                format!("pure crate: {way}"),
                remedy,
            )
        })
        .collect();
    let direct = package
        .dependencies
        .iter()
        .filter(|found| found.kind.as_deref() != Some("dev") && purity.packages_direct.contains(&found.name));
    findings.extend(direct.map(|found| {
        let what = format!("pure crate {} depends on {}", package.name, found.name);
        let remedy = "take random bytes and names as arguments; the Random port of adapters/port gives them";
        Finding::new(RULE_PACKAGES, manifest, line_with(text, &found.name), what, remedy)
    }));
    findings
}

/// Checks the source of the pure crates.
pub(crate) fn check_source(sources: &[Source<'_>], policy: &Policy) -> Vec<Finding> {
    let purity = &policy.purity;
    let mut findings = Vec::new();
    for source in
        sources.iter().filter(|source| is_pure_folder(purity, source.path) && !is_aside(source.path))
    {
        for word in &purity.words {
            findings.extend(outside_tests(source, word).map(|line| {
                let what = format!("`{word}` in a pure crate");
                let remedy = "take the value as an argument, or ask for it through a trait of adapters/port";
                Finding::new(RULE_SOURCE, source.path, line, what, remedy)
            }));
        }
    }
    findings
}

/// Checks the words that need a reason anywhere.
pub(crate) fn check_words(sources: &[Source<'_>], policy: &Policy) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        for word in policy.words.iter().filter(|word| !at_home(word, source.path)) {
            let lines: Vec<usize> = if word.tests_too {
                source.find_word(&word.word).into_iter().map(|offset| line_at(&source.code, offset)).collect()
            } else {
                outside_tests(source, &word.word).collect()
            };
            findings.extend(lines.into_iter().map(|line| {
                let what = format!("`{}` has no place here", word.word);
                Finding::new(RULE_WORDS, source.path, line, what, word.remedy.as_str())
            }));
        }
    }
    findings
}

fn outside_tests<'a>(source: &'a Source<'_>, word: &str) -> impl Iterator<Item = usize> + 'a {
    let offsets = source.find_word(word).into_iter();
    offsets.filter(|offset| !source.in_test(*offset)).map(|offset| line_at(&source.code, offset))
}

fn at_home(word: &Word, path: &str) -> bool {
    let in_test = !word.tests_too && is_aside(path);
    in_test || word.only_in.iter().any(|place| path.starts_with(place.as_str()))
}

fn is_pure_folder(purity: &Purity, path: &str) -> bool {
    purity.folders.iter().any(|folder| path.starts_with(folder.as_str()))
        && !purity.except.iter().any(|except| path.starts_with(except.as_str()))
}
