//! Sizes: a function fits a screen, a file fits a mind (STYLE 10). Tests and data files are exempt.

use crate::finding::{Finding, line_with};
use crate::policy::{POLICY_PATH, Policy, SizeException};
use crate::source::{Source, is_test_path};
use crate::tree::Tracked;

const RULE: &str = "sizes";

/// A function or file that is too long.
struct TooLong<'a> {
    path: &'a str,
    function: Option<String>,
    line: usize,
    lines: usize,
    limit: usize,
}

/// Checks sizes, and that every exception in the policy is still needed.
pub(crate) fn check(
    files: &[Tracked],
    sources: &[Source<'_>],
    policy: &Policy,
    policy_text: &str,
) -> Vec<Finding> {
    let mut found = long_functions(sources, policy);
    found.extend(long_files(files, sources, policy));
    let excused = |long: &TooLong<'_>| policy.sizes.allow.iter().any(|exception| excuses(exception, long));
    let mut findings: Vec<Finding> =
        found.iter().filter(|long| !excused(long)).map(|long| finding_of(long)).collect();
    for exception in &policy.sizes.allow {
        if !found.iter().any(|long| excuses(exception, long)) || exception.reason.trim().is_empty() {
            let name = exception.function.as_deref().unwrap_or("the whole file");
            let what =
                format!("the exception for {name} in {} is not needed, or has no reason", exception.path);
            let line = line_with(policy_text, &format!("path = \"{}\"", exception.path));
            findings.push(Finding::new(RULE, POLICY_PATH, line, what, "remove it, or give its reason"));
        }
    }
    findings
}

fn excuses(exception: &SizeException, long: &TooLong<'_>) -> bool {
    exception.path == long.path && exception.function == long.function
}

fn long_functions<'a>(sources: &[Source<'a>], policy: &Policy) -> Vec<TooLong<'a>> {
    let limit = policy.sizes.function_lines_max;
    let of_source = |source: &Source<'a>| {
        let path = source.path;
        let long = source.functions().into_iter().filter(|function| function.lines > limit);
        long.map(|found| TooLong {
            path,
            function: Some(found.name),
            line: found.line,
            lines: found.lines,
            limit,
        })
        .collect::<Vec<_>>()
    };
    sources.iter().flat_map(of_source).collect()
}

fn long_files<'a>(files: &'a [Tracked], sources: &[Source<'a>], policy: &Policy) -> Vec<TooLong<'a>> {
    let limit = policy.sizes.file_lines_max;
    let kinds = &policy.sizes.file_kinds;
    files
        .iter()
        .filter(|file| kinds.iter().any(|kind| kind == file.kind()) && !is_test_path(&file.path))
        .map(|file| {
            let scanned = sources.iter().find(|source| source.path == file.path);
            let plain = || file.text.as_deref().map_or(0, |text| text.lines().count());
            (file.path.as_str(), scanned.map_or_else(plain, Source::lines_outside_tests))
        })
        .filter(|(_, lines)| *lines > limit)
        .map(|(path, lines)| TooLong { path, function: None, line: 1, lines, limit })
        .collect()
}

fn finding_of(long: &TooLong<'_>) -> Finding {
    let (what, remedy) = match &long.function {
        Some(name) => (format!("function {name}"), "name its steps and make each a function"),
        None => ("the file".to_owned(), "split it by subject; long tests go to a sibling file"),
    };
    let what = format!("{what} has {} lines outside tests, {} are allowed", long.lines, long.limit);
    Finding::new(RULE, long.path, long.line, what, remedy)
}
