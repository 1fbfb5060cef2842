//! A problem of a configuration file: where, what, and what to do instead, in two languages, under a stable code.

use std::fmt;

/// The language of screens and messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// `it`
    #[default]
    Italian,
    /// `en`
    English,
}

impl Language {
    /// As written in `node.toml` (ISO 639-1).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Italian => "it",
            Self::English => "en",
        }
    }
}

/// One sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Italian.
    pub it: String,
    /// English.
    pub en: String,
}

impl Text {
    /// The sentence in a language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Italian => &self.it,
            Language::English => &self.en,
        }
    }
}

/// Both versions of a sentence, Italian first.
pub(crate) fn text(it: impl Into<String>, en: impl Into<String>) -> Text {
    Text { it: it.into(), en: en.into() }
}

/// The kinds of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// The file is missing, too large, not UTF-8 or not readable.
    Unreadable,
    /// Not TOML 1.0.
    Syntax,
    /// A key that does not exist.
    UnknownKey,
    /// A required key or table is missing.
    Missing,
    /// A value of another type.
    WrongType,
    /// A value that does not have its form.
    Value,
    /// A number outside its range.
    Range,
    /// A path that is absolute or leaves the folder.
    Path,
    /// A multiaddr that is malformed or not of a kind in use.
    Address,
    /// The `/p2p` part of an address names another peer id.
    AddressPeer,
    /// A malformed peer id.
    PeerId,
    /// Two members with one writer.
    DuplicateMember,
    /// Two members with one peer id.
    DuplicatePeerId,
    /// Two members with one entity identifier.
    DuplicateEntity,
    /// A public key that is not usable.
    Key,
    /// Two anchor keys under one name.
    DuplicateKey,
    /// The node's own writer is not a member.
    OwnMissing,
    /// The node's own member entry says something else than `node.toml`.
    OwnDiffers,
    /// A key file is missing.
    KeyFileMissing,
    /// A secret key file that others may read.
    KeyFileOpen,
}

impl Code {
    /// The stable code for programs and documentation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "config.file.unreadable",
            Self::Syntax => "config.syntax",
            Self::UnknownKey => "config.key.unknown",
            Self::Missing => "config.key.missing",
            Self::WrongType => "config.type",
            Self::Value => "config.value",
            Self::Range => "config.range",
            Self::Path => "config.path",
            Self::Address => "config.address",
            Self::AddressPeer => "config.address.peer",
            Self::PeerId => "config.peer-id",
            Self::DuplicateMember => "config.member.duplicate",
            Self::DuplicatePeerId => "config.member.peer-id",
            Self::DuplicateEntity => "config.member.entity",
            Self::Key => "config.anchor.key",
            Self::DuplicateKey => "config.anchor.duplicate",
            Self::OwnMissing => "config.own.missing",
            Self::OwnDiffers => "config.own.differs",
            Self::KeyFileMissing => "config.key-file.missing",
            Self::KeyFileOpen => "config.key-file.open",
        }
    }
}

/// A place in a file, both counted from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, relative to the node's folder.
    pub file: String,
    /// The key, such as `[listen].libp2p[1]`; empty for the file as a whole.
    pub at: String,
    /// Line and column, where known.
    pub place: Option<Place>,
    /// The kind.
    pub code: Code,
    /// What is wrong.
    pub what: Text,
    /// What to do instead.
    pub do_instead: Text,
}

impl Problem {
    /// The problem on one line: place, key, what, what to do, code.
    pub fn in_language(&self, language: Language) -> String {
        let place = self.place.map(|p| format!(":{}:{}", p.line, p.column)).unwrap_or_default();
        let at = if self.at.is_empty() { String::new() } else { format!(" {}", self.at) };
        let (what, instead) = (self.what.in_language(language), self.do_instead.in_language(language));
        let stop = if instead.ends_with('?') { "" } else { "." };
        format!("{}{place}{at}: {what}. {instead}{stop} ({})", self.file, self.code.as_str())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_language(Language::English))
    }
}
