//! The tracked files: only what `git ls-files` names is read.

use std::path::Path;
use std::process::Command;

use crate::error::XtaskError;

/// A tracked file.
#[derive(Debug, Clone)]
pub(crate) struct Tracked {
    /// Path from the root of the repository, with `/`.
    pub(crate) path: String,
    /// Its text; none where it is not UTF-8 or contains a zero byte.
    pub(crate) text: Option<String>,
}

impl Tracked {
    /// A tracked text file.
    #[cfg(test)]
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: Some(text.to_owned()) }
    }

    /// The ending of the name after the last dot; empty where there is none.
    pub(crate) fn kind(&self) -> &str {
        self.path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, kind)| kind)
    }
}

/// Reads every tracked file below `root`. A file that is tracked but was removed from the working tree is left out.
///
/// # Errors
/// [`XtaskError::Start`] or [`XtaskError::Failed`] from git, [`XtaskError::Read`] for a file that cannot be read.
pub(crate) fn read(root: &Path) -> Result<Vec<Tracked>, XtaskError> {
    let program = "git ls-files".to_owned();
    let output = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output()
        .map_err(|source| XtaskError::Start { program: program.clone(), source })?;
    if !output.status.success() {
        return Err(XtaskError::Failed {
            program,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
    }
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    names
        .split('\0')
        .filter(|name| !name.is_empty() && root.join(name).is_file())
        .map(|name| read_one(root, name))
        .collect()
}

fn read_one(root: &Path, name: &str) -> Result<Tracked, XtaskError> {
    let path = root.join(name);
    let bytes = std::fs::read(&path).map_err(|source| XtaskError::Read { path, source })?;
    let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
    Ok(Tracked { path: name.to_owned(), text })
}
