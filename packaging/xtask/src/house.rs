//! The house: what stands at the top level, and what no file may contain: paths of one machine, hosts of package registries,
//! mail addresses that could be somebody's.

use std::collections::BTreeSet;

use crate::finding::{Finding, line_at};
use crate::policy::Policy;
use crate::tree::Tracked;

const RULE_TOP: &str = "top-level";
const RULE_MACHINE: &str = "machine-paths";
const RULE_REGISTRY: &str = "registries";
const RULE_MAIL: &str = "mail-addresses";

/// Checks the top level of the repository.
pub(crate) fn check_top_level(files: &[Tracked], policy: &Policy) -> Vec<Finding> {
    let found: BTreeSet<&str> = files.iter().filter_map(|file| file.path.split('/').next()).collect();
    found
        .into_iter()
        .filter(|name| !policy.house.top_level.iter().any(|allowed| allowed == name))
        .map(|name| {
            let remedy = "move it into the folder it belongs to, or add it to packaging/policy.toml with ARCHITECTURE.md";
            Finding::new(RULE_TOP, name, 1, "not part of the top level of the house", remedy)
        })
        .collect()
}

/// Checks the content of every text file.
pub(crate) fn check_content(files: &[Tracked], policy: &Policy) -> Vec<Finding> {
    let house = &policy.house;
    let mut findings = Vec::new();
    for file in files {
        let Some(text) = file.text.as_deref() else { continue };
        for folder in &house.machine_folders {
            let paths = machine_paths(text, folder).into_iter();
            findings.extend(paths.map(|offset| {
                let what = format!("an absolute path below /{folder}");
                let remedy = "name the path relative to the repository or to a variable such as $HOME";
                Finding::new(RULE_MACHINE, &file.path, line_at(text, offset), what, remedy)
            }));
        }
        for word in house.registry_words.iter().filter(|_| !house.registry_words_exempt.contains(&file.path))
        {
            findings.extend(text.match_indices(word.as_str()).map(|(offset, _)| {
                let remedy =
                    "use the package manager's own settings; the tree is bound to no registry or mirror";
                Finding::new(RULE_REGISTRY, &file.path, line_at(text, offset), format!("`{word}`"), remedy)
            }));
        }
        for (offset, address) in mail_addresses(text) {
            if !house.mail_domains.iter().any(|domain| address.to_lowercase().ends_with(domain.as_str())) {
                let remedy = "end it in .example or .test (RFC 2606)";
                let what = format!("the mail address {address}");
                findings.push(Finding::new(RULE_MAIL, &file.path, line_at(text, offset), what, remedy));
            }
        }
    }
    findings
}

/// Where an absolute path below `/folder` begins: not the end of a relative path, of a variable or of an address.
fn machine_paths(text: &str, folder: &str) -> Vec<usize> {
    let path = format!("/{folder}");
    text.match_indices(&path)
        .map(|(offset, _)| offset)
        .filter(|offset| {
            let before = text.get(..*offset).and_then(|head| head.chars().next_back());
            let after = text.get(offset + path.len()..).and_then(|tail| tail.chars().next());
            let continues = |c: char| c.is_alphanumeric() || "._-~$*}])>%".contains(c);
            !before.is_some_and(continues) && after == Some('/')
        })
        .collect()
}

/// Mail addresses: a local part, `@` and a domain whose last label is letters only.
fn mail_addresses(text: &str) -> Vec<(usize, &str)> {
    let in_local = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
    let in_domain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let mut found = Vec::new();
    for (at, _) in text.match_indices('@') {
        let (head, tail) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
        let local = head.len() - head.trim_end_matches(in_local).len();
        let domain = tail.get(..tail.len() - tail.trim_start_matches(in_domain).len()).unwrap_or_default();
        let domain = domain.trim_end_matches(['.', '-']);
        let is_name = |label: &str| label.len() >= 2 && label.chars().all(|c| c.is_ascii_alphabetic());
        let ends_in_name =
            domain.rsplit_once('.').is_some_and(|(host, last)| !host.is_empty() && is_name(last));
        if local > 0 && ends_in_name {
            found.push((at - local, text.get(at - local..at + 1 + domain.len()).unwrap_or_default()));
        }
    }
    found
}
