//! Licences and banned crates of what is built, and that deny.toml says the same.
//!
//! A licence expression (SPDX 2.3 annex D, and the older `MIT/Apache-2.0`) is accepted when some choice of its `OR`s uses
//! listed licences only.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::arrows::text_of;
use crate::cargo::{Metadata, NameVersion};
use crate::error::XtaskError;
use crate::finding::{Finding, line_with};
use crate::policy::{Banned, POLICY_PATH, Policy};
use crate::tree::Tracked;

const RULE_LICENCES: &str = "licences";
const RULE_BANNED: &str = "banned-crates";
const RULE_DENY: &str = "deny-toml";
const DENY_PATH: &str = "deny.toml";
const LOCK_PATH: &str = "Cargo.lock";

/// Checks the licence of every crate that is built.
pub(crate) fn check(
    files: &[Tracked],
    metadata: &Metadata,
    built: &BTreeSet<NameVersion>,
    policy: &Policy,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let licence = package.license.as_deref();
        let own = metadata.workspace_members.contains(&package.id);
        if own && licence != Some(policy.licences.own.as_str()) {
            let what = format!("{} does not say `license = \"{}\"`", package.name, policy.licences.own);
            let manifest = metadata.relative(&package.manifest_path);
            findings.push(Finding::new(RULE_LICENCES, manifest, 1, what, "write `license.workspace = true`"));
        }
        if own || !built.contains(&(package.name.clone(), package.version.clone())) {
            continue;
        }
        let what =
            match licence.map(|expression| (expression, is_allowed(expression, &policy.licences.allow))) {
                Some((_, Some(true))) => continue,
                Some((expression, Some(false))) => format!("the licence `{expression}` is not on the list"),
                Some((expression, None)) => format!("the licence `{expression}` cannot be read"),
                None => "no licence expression".to_owned(),
            };
        let what = format!("{} {}: {what}", package.name, package.version);
        let remedy = "use another crate, or add the licence to packaging/policy.toml and deny.toml if it may be linked";
        let line = lock_line(files, &package.name);
        findings.push(Finding::new(RULE_LICENCES, LOCK_PATH, line, what, remedy));
    }
    findings
}

/// Checks that no banned crate is built.
pub(crate) fn check_banned(
    files: &[Tracked],
    built: &BTreeSet<NameVersion>,
    policy: &Policy,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, version) in built {
        for ban in policy.banned.iter().filter(|ban| ban.name == *name && is_banned(ban, version)) {
            let what = format!("{name} {version} is built: {}", ban.reason);
            let remedy = match &ban.below {
                Some(below) => format!("`cargo update -p {name}` to {below} or later"),
                None => format!("`cargo tree -i {name}` shows who brings it; turn that feature off"),
            };
            findings.push(Finding::new(RULE_BANNED, LOCK_PATH, lock_line(files, name), what, remedy));
        }
    }
    findings
}

#[derive(Deserialize)]
struct Deny {
    licenses: DenyLicences,
    bans: DenyBans,
}

#[derive(Deserialize)]
struct DenyLicences {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct DenyBans {
    deny: Vec<DenyCrate>,
}

#[derive(Deserialize)]
struct DenyCrate {
    #[serde(rename = "crate")]
    name: String,
}

/// Checks that deny.toml and the policy have the same lists.
///
/// # Errors
/// [`XtaskError::Settings`] where deny.toml is malformed.
pub(crate) fn check_deny(files: &[Tracked], policy: &Policy) -> Result<Vec<Finding>, XtaskError> {
    let text = text_of(files, DENY_PATH);
    let deny: Deny = toml::from_str(text)
        .map_err(|error| XtaskError::Settings { path: DENY_PATH.to_owned(), detail: error.to_string() })?;
    let licences: BTreeSet<String> = policy.licences.allow.iter().cloned().collect();
    let banned: BTreeSet<String> = policy.banned.iter().map(specification).collect();
    let denied: BTreeSet<String> = deny.bans.deny.into_iter().map(|entry| entry.name).collect();
    let mut findings = differences("licence", &licences, &deny.licenses.allow);
    findings.extend(differences("banned crate", &banned, &denied));
    for finding in &mut findings {
        let word = finding.what.split('`').nth(1).unwrap_or_default();
        finding.line = line_with(text, &format!("\"{word}\""));
    }
    Ok(findings)
}

fn differences(kind: &str, policy: &BTreeSet<String>, deny: &BTreeSet<String>) -> Vec<Finding> {
    let missing = policy.difference(deny).map(|entry| (entry, "missing here, but in the policy"));
    let surplus = deny.difference(policy).map(|entry| (entry, "here, but not in the policy"));
    let remedy = format!("make deny.toml and {POLICY_PATH} say the same");
    missing
        .chain(surplus)
        .map(|(entry, how)| {
            Finding::new(RULE_DENY, DENY_PATH, 1, format!("{kind} `{entry}` is {how}"), remedy.as_str())
        })
        .collect()
}

fn specification(ban: &Banned) -> String {
    ban.below.as_ref().map_or_else(|| ban.name.clone(), |below| format!("{}@<{below}", ban.name))
}

fn is_banned(ban: &Banned, version: &str) -> bool {
    ban.below.as_ref().is_none_or(|below| numbers(version) < numbers(below))
}

/// The numbers of `major.minor.patch`; what follows `-` or `+` is left out.
fn numbers(version: &str) -> Vec<u64> {
    let plain = version.split(['-', '+']).next().unwrap_or_default();
    plain.split('.').map(|number| number.parse().unwrap_or(0)).collect()
}

fn lock_line(files: &[Tracked], name: &str) -> usize {
    line_with(text_of(files, LOCK_PATH), &format!("name = \"{name}\""))
}

/// Whether an expression can be satisfied with listed licences; none where it cannot be read.
pub(crate) fn is_allowed(expression: &str, allow: &[String]) -> Option<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Expression { words: &words, allow };
    let answer = reader.any_of()?;
    reader.words.is_empty().then_some(answer)
}

/// A licence expression that is read from the left: `OR` binds less than `AND`, `AND` less than `WITH`.
struct Expression<'a> {
    words: &'a [&'a str],
    allow: &'a [String],
}

impl Expression<'_> {
    fn any_of(&mut self) -> Option<bool> {
        let mut answer = self.all_of()?;
        while self.take("OR") {
            answer |= self.all_of()?;
        }
        Some(answer)
    }

    fn all_of(&mut self) -> Option<bool> {
        let mut answer = self.one()?;
        while self.take("AND") {
            answer &= self.one()?;
        }
        Some(answer)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let answer = self.any_of()?;
            return self.take(")").then_some(answer);
        }
        let mut licence = self.next().filter(|word| !["OR", "AND", "WITH", ")"].contains(word))?.to_owned();
        if self.take("WITH") {
            licence = format!("{licence} WITH {}", self.next()?);
        }
        Some(self.allow.contains(&licence))
    }

    fn next(&mut self) -> Option<&str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.next();
        }
        found
    }
}
