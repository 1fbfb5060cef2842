//! `cargo xtask tidy`: all rules over the tracked files, all findings at once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::cargo::{Metadata, NameVersion};
use crate::error::XtaskError;
use crate::finding::Finding;
use crate::policy::{POLICY_PATH, Policy};
use crate::tree::Tracked;
use crate::{arrows, cargo, headers, house, licences, purity, sizes, source, tree};

/// What tidy saw and found.
#[derive(Debug)]
pub(crate) struct Report {
    /// Sorted by file and line.
    pub(crate) findings: Vec<Finding>,
    files: usize,
    crates: usize,
    built: usize,
}

impl Report {
    /// One line for the end of the output.
    pub(crate) fn summary(&self) -> String {
        let Self { findings, files, crates, built } = self;
        format!(
            "tidy: {} findings in {files} files, {crates} crates of ours, {built} crates built",
            findings.len()
        )
    }
}

/// Runs every rule on the repository that this program was built in.
///
/// # Errors
/// [`XtaskError`] where git, cargo or the settings do not answer.
pub(crate) fn run() -> Result<Report, XtaskError> {
    let root = repository_root();
    let files = tree::read(&root)?;
    let metadata = cargo::metadata(&root)?;
    let built = cargo::built(&root)?;
    let policy_text = arrows::text_of(&files, POLICY_PATH).to_owned();
    let policy = Policy::parse(&policy_text)?;
    check(&files, &metadata, &built, &policy, &policy_text)
}

/// Runs every rule.
///
/// # Errors
/// [`XtaskError::Settings`] where a settings file that is itself compared is malformed.
pub(crate) fn check(
    files: &[Tracked],
    metadata: &Metadata,
    built: &BTreeSet<NameVersion>,
    policy: &Policy,
    policy_text: &str,
) -> Result<Report, XtaskError> {
    let sources = source::rust_sources(files);
    let mut findings = arrows::check(files, metadata, policy);
    findings.extend(purity::check_packages(files, metadata, policy));
    findings.extend(purity::check_source(&sources, policy));
    findings.extend(purity::check_words(&sources, policy));
    findings.extend(licences::check(files, metadata, built, policy));
    findings.extend(licences::check_banned(files, built, policy));
    findings.extend(licences::check_deny(files, policy)?);
    findings.extend(sizes::check(files, &sources, policy, policy_text));
    findings.extend(headers::check(files));
    findings.extend(headers::check_lints(files));
    findings.extend(house::check_top_level(files, policy));
    findings.extend(house::check_content(files, policy));
    findings.sort();
    findings.dedup();
    Ok(Report { findings, files: files.len(), crates: metadata.members().count(), built: built.len() })
}

/// The root of the workspace: two folders above this crate.
fn repository_root() -> PathBuf {
    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    Path::new(&here).ancestors().nth(2).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}
