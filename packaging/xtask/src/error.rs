//! Why a check could not run at all; what a check found is a [`crate::finding::Finding`].

use std::fmt;
use std::path::PathBuf;

/// Why tidy could not run.
#[derive(Debug)]
pub(crate) enum XtaskError {
    /// A program that tidy asks could not be started.
    Start { program: String, source: std::io::Error },
    /// A program that tidy asks ended with an error.
    Failed { program: String, stderr: String },
    /// A program answered what tidy does not understand.
    Answer { program: String, detail: String },
    /// A file could not be read.
    Read { path: PathBuf, source: std::io::Error },
    /// A settings file is malformed.
    Settings { path: String, detail: String },
}

impl fmt::Display for XtaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { program, source } => write!(f, "{program} cannot be started: {source}"),
            Self::Failed { program, stderr } => write!(f, "{program} failed: {}", stderr.trim()),
            Self::Answer { program, detail } => {
                write!(f, "{program} answered something else than expected: {detail}")
            }
            Self::Read { path, source } => write!(f, "{} cannot be read: {source}", path.display()),
            Self::Settings { path, detail } => write!(f, "{path} is malformed: {detail}"),
        }
    }
}
