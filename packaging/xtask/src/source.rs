//! Rust source as tidy reads it: text with comments and literals blanked out, the parts that are tests, and functions.
//!
//! This is a scanner, not a parser. It knows line comments, nested block comments, strings with escapes, raw strings (`r`,
//! `br`, `cr` with any number of `#`), character literals and lifetimes; everything in them becomes spaces, so offsets and
//! lines stay. What is left is searched for words, and braces are counted. Macros are read as if they were plain code:
//! braces balance in them too. A test part is the item after `#[cfg(test)]`, `#[cfg(all(test, ...` or `#[test]`.

use std::ops::Range;

use crate::finding::line_at;
use crate::tree::Tracked;

/// A Rust file, scanned.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    /// Path from the root of the repository.
    pub(crate) path: &'a str,
    /// The text with comments and literals blanked out; same length and lines as the file.
    pub(crate) code: String,
    /// Byte ranges that are compiled for tests only.
    tests: Vec<Range<usize>>,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Line of `fn`, from 1.
    pub(crate) line: usize,
    /// Lines from `fn` to the closing brace.
    pub(crate) lines: usize,
}

/// The Rust files among the tracked ones.
pub(crate) fn rust_sources(files: &[Tracked]) -> Vec<Source<'_>> {
    files
        .iter()
        .filter(|file| file.kind() == "rs")
        .filter_map(|file| file.text.as_deref().map(|text| Source::new(&file.path, text)))
        .collect()
}

/// Whether a path holds tests only: a folder `tests` or `benches`, or a file `tests.rs` or `*_tests.rs`.
pub(crate) fn is_test_path(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    folders.split('/').any(|folder| folder == "tests" || folder == "benches")
        || name == "tests.rs"
        || name.ends_with("_tests.rs")
        || name.starts_with("test_") && name.ends_with(".py")
}

/// Whether a path is an example or a build script: programs of their own that are not linked into the product.
pub(crate) fn is_aside(path: &str) -> bool {
    path.split('/').any(|part| part == "examples" || part == "build.rs")
}

impl<'a> Source<'a> {
    /// Scans one file.
    pub(crate) fn new(path: &'a str, text: &str) -> Self {
        let code = blank_literals(text);
        let tests = test_ranges(&code, is_test_path(path));
        Self { path, code, tests }
    }

    /// Whether a byte offset lies in a part that is compiled for tests only.
    pub(crate) fn in_test(&self, offset: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&offset))
    }

    /// Lines of the file without its test parts.
    pub(crate) fn lines_outside_tests(&self) -> usize {
        let mut offset = 0;
        let mut count = 0;
        for line in self.code.split_inclusive('\n') {
            let start = offset + (line.len() - line.trim_start().len());
            offset += line.len();
            count += usize::from(!self.in_test(start.min(offset.saturating_sub(1))));
        }
        count
    }

    /// Byte offsets of `word`, also where it hides in a group: `std::fs` in `use std::{fs, io}`.
    pub(crate) fn find_word(&self, word: &str) -> Vec<usize> {
        let mut found = find_bounded(&self.code, word);
        if let Some((head, tail)) = word.rsplit_once("::").filter(|(_, tail)| !tail.is_empty()) {
            let group = format!("{head}::{{");
            for start in find_bounded(&self.code, &group) {
                let names = group_names(&self.code, start + group.len());
                found.extend(names.into_iter().filter(|(_, name)| name == tail).map(|(offset, _)| offset));
            }
        }
        found
    }

    /// The functions with a body outside tests, nested ones too.
    pub(crate) fn functions(&self) -> Vec<Function> {
        find_bounded(&self.code, "fn")
            .into_iter()
            .filter(|start| !self.in_test(*start))
            .filter_map(|start| self.function_at(start))
            .collect()
    }

    fn function_at(&self, start: usize) -> Option<Function> {
        let after = self.code.get(start + 2..)?.trim_start();
        let name: String = after.chars().take_while(|c| is_word(*c)).collect();
        if name.is_empty() {
            return None; // a function type, `fn(u8) -> u8`
        }
        let range = item_range(&self.code, start)?;
        if !self.code.get(range.clone())?.ends_with('}') {
            return None; // declared in a trait, without a body
        }
        let line = line_at(&self.code, start);
        Some(Function { name, line, lines: line_at(&self.code, range.end.saturating_sub(1)) + 1 - line })
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Offsets of `word` where no longer word contains it.
fn find_bounded(code: &str, word: &str) -> Vec<usize> {
    let starts_word = word.chars().next().is_some_and(is_word);
    let ends_word = word.chars().next_back().is_some_and(is_word);
    code.match_indices(word)
        .map(|(offset, _)| offset)
        .filter(|offset| {
            let before = code.get(..*offset).and_then(|text| text.chars().next_back());
            let after = code.get(offset + word.len()..).and_then(|text| text.chars().next());
            let inside_longer =
                starts_word && before.is_some_and(is_word) || ends_word && after.is_some_and(is_word);
            !inside_longer
        })
        .collect()
}

/// The first name of each entry of a use group whose content begins at `start`.
fn group_names(code: &str, start: usize) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    let mut depth = 1_usize;
    let mut at_entry = true;
    for (index, c) in code.get(start..).unwrap_or_default().char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => at_entry = true,
            c if at_entry && is_word(c) => {
                let rest = code.get(start + index..).unwrap_or_default();
                names.push((start + index, rest.chars().take_while(|c| is_word(*c)).collect()));
                at_entry = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

fn test_ranges(code: &str, all: bool) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    if all || code.contains("#![cfg(test)]") {
        ranges.push(0..code.len());
    }
    for mark in ["#[cfg(test)]", "#[cfg(all(test", "#[test]"] {
        for (start, _) in code.match_indices(mark) {
            let end = item_range(code, start).map_or(code.len(), |range| range.end);
            ranges.push(start..end);
        }
    }
    ranges
}

/// From `start` to the end of the item there: the brace that closes its first block, or a `;` outside every bracket.
/// Braces inside brackets before that block (`[u8; { N }]`) are not a block.
fn item_range(code: &str, start: usize) -> Option<Range<usize>> {
    let mut brackets = 0_usize;
    let mut braces = 0_usize;
    for (index, c) in code.get(start..)?.char_indices() {
        match c {
            '(' | '[' if braces == 0 => brackets += 1,
            ')' | ']' if braces == 0 => brackets = brackets.saturating_sub(1),
            '{' if brackets == 0 => braces += 1,
            '}' if brackets > 0 => {}
            '}' if braces <= 1 => return (braces == 1).then_some(start..start + index + 1),
            '}' => braces -= 1,
            ';' if brackets == 0 && braces == 0 => return Some(start..start + index + 1),
            _ => {}
        }
    }
    None
}

/// Replaces comments, strings and character literals by spaces, keeping length and lines.
fn blank_literals(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after_word = code.chars().next_back().is_some_and(is_word);
        let literal = literal_length(rest, after_word).min(rest.len());
        let (length, keep) = if literal == 0 { (first.len_utf8(), true) } else { (literal, false) };
        let (piece, tail) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if keep {
            code.push_str(piece);
        } else {
            code.extend(piece.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        }
        rest = tail;
    }
    code
}

/// Bytes of the comment or literal at the beginning of `rest`; 0 where there is none.
fn literal_length(rest: &str, after_word: bool) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment_length(rest);
    }
    if !after_word && let Some(length) = raw_string_length(rest) {
        return length;
    }
    match rest.chars().next() {
        Some('"') => 1 + quoted_length(rest.get(1..).unwrap_or_default(), '"'),
        Some('\'') => character_length(rest),
        _ => 0,
    }
}

fn block_comment_length(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut offset = 0;
    while let Some(tail) = rest.get(offset..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with("/*") {
            depth += 1;
            offset += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            offset += 2;
            if depth == 0 {
                return offset;
            }
        } else {
            offset += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn raw_string_length(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r"].into_iter().find(|prefix| rest.starts_with(prefix))?;
    let tail = rest.get(prefix.len()..)?;
    let hashes = tail.bytes().take_while(|byte| *byte == b'#').count();
    let content = tail.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let head = prefix.len() + hashes + 1;
    Some(content.find(&end).map_or(rest.len(), |index| head + index + end.len()))
}

/// Bytes up to and with the closing quote, escapes skipped.
fn quoted_length(content: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, c) in content.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return index + 1,
            _ => {}
        }
    }
    content.len()
}

/// A character literal, or 0 for a lifetime.
fn character_length(rest: &str) -> usize {
    let content = rest.get(1..).unwrap_or_default();
    let mut characters = content.chars();
    match (characters.next(), characters.next()) {
        (Some('\\'), _) => 1 + quoted_length(content, '\''),
        (Some(c), Some('\'')) => c.len_utf8() + 2,
        _ => 0,
    }
}
