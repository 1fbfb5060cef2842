//! What the command line prints: text for people (Italian or English) or JSON for programs, and exit codes.

use concerto_core::Fault;
use concerto_federation_config::{Language, Problem};
use serde_json::{Value, json};
use std::io::Write;

/// Exit codes, documented in the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The law, a check or the node refused what was asked.
    Refused = 1,
    /// The command line was wrong.
    Usage = 2,
    /// The configuration was wrong.
    Configuration = 3,
    /// The store, a file or the system failed.
    Environment = 4,
}

/// Code of a store that is not what was written.
pub(crate) const STORE_DAMAGED: &str = "store.damaged";

/// Why a command ended without doing what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) faults: Vec<Fault>,
}

impl Failure {
    pub(crate) fn refused(fault: Fault) -> Self {
        Self { exit: Exit::Refused, faults: vec![fault] }
    }
    pub(crate) fn usage(code: &str, it: impl Into<String>, en: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, faults: vec![Fault::new(code, it, en)] }
    }
    pub(crate) fn environment(code: &str, what: &dyn std::fmt::Display) -> Self {
        Self { exit: Exit::Environment, faults: vec![Fault::technical(code, what)] }
    }
    fn of_store(error: &concerto_port::JournalError) -> Self {
        let concerto_port::JournalError::Corrupt(what) = error else {
            return Self::environment("store.failed", error);
        };
        let fault = Fault::new(
            STORE_DAMAGED,
            format!(
                "L'archivio del nodo è danneggiato ({what}): vedere `concerto verify --store` e `concerto repair`."
            ),
            format!(
                "The node's store is damaged ({what}): see `concerto verify --store` and `concerto repair`."
            ),
        );
        Self { exit: Exit::Environment, faults: vec![fault] }
    }
    /// Whether the store is not what was written.
    pub(crate) fn is_damaged(&self) -> bool {
        self.faults.iter().any(|fault| fault.code == STORE_DAMAGED)
    }
    pub(crate) fn configuration(problems: &[Problem]) -> Self {
        let fault = |p: &Problem| {
            let text = |language| p.in_language(language);
            Fault::new(p.code.as_str(), text(Language::Italian), text(Language::English))
        };
        Self { exit: Exit::Configuration, faults: problems.iter().map(fault).collect() }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::environment("system.io", &error)
    }
}

impl From<concerto_port::JournalError> for Failure {
    fn from(error: concerto_port::JournalError) -> Self {
        let concerto_port::JournalError::Held(store) = &error else {
            return Self::of_store(&error);
        };
        let fault = Fault::new(
            "store.held",
            format!("L'archivio {store} è in uso: un altro processo serve già questa cartella."),
            format!("The store {store} is in use: another process serves this folder already."),
        );
        Self { exit: Exit::Environment, faults: vec![fault] }
    }
}

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) language: Language,
}

impl Output {
    /// Whether people read it in Italian.
    pub(crate) fn italian(self) -> bool {
        self.language == Language::Italian
    }

    /// One of two sentences.
    pub(crate) fn say<'a>(self, it: &'a str, en: &'a str) -> &'a str {
        if self.italian() { it } else { en }
    }

    /// Prints the result of a command: JSON for programs, else the text.
    pub(crate) fn result(self, text: &str, value: &Value) {
        if self.json { self.line(&value.to_string()) } else { self.line(text.trim_end()) }
    }

    /// Prints one line; a reader that went away is no error.
    pub(crate) fn line(self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{text}");
        let _ = out.flush();
    }

    /// Progress for people; nothing when a program reads.
    pub(crate) fn progress(self, text: &str) {
        if !self.json {
            self.line(text);
        }
    }

    /// Tells a failure on the error output.
    pub(crate) fn failure(self, failure: &Failure) {
        let mut err = std::io::stderr().lock();
        if self.json {
            let _ = writeln!(err, "{}", json!({ "error": failure.faults, "exit": failure.exit as i32 }));
            return;
        }
        for fault in &failure.faults {
            let text = if self.italian() { &fault.text } else { &fault.text_en };
            let norm = fault.norm.as_deref().map(|n| format!(" [{n}]")).unwrap_or_default();
            let _ = writeln!(err, "{} {}: {text}{norm}", self.say("errore", "error"), fault.code);
        }
    }
}
