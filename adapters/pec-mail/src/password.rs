//! Passwords: from a file that only the node may read, or a credential of systemd. Read anew at each login, so that a change needs no
//! restart, and never kept, shown or logged.

use concerto_port::MailboxError;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::limits::PASSWORD_BYTES_MAX;

/// The variable that names the folder of a service's credentials (systemd.exec, `LoadCredential=`).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

// the IMAP library logs each command at level trace, LOGIN too; a build in which that level exists does not compile
const _: () = assert!((log::STATIC_MAX_LEVEL as usize) < (log::LevelFilter::Trace as usize));

/// Where a password is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Password {
    /// In a file that others may not read; a line break at its end does not count.
    File(PathBuf),
    /// In a credential of the service.
    Credential(String),
}

impl Password {
    /// Reads it.
    pub(crate) fn read(&self) -> Result<String, MailboxError> {
        match self {
            Self::File(path) => read(path, true),
            Self::Credential(name) => {
                let folder = std::env::var_os(CREDENTIALS);
                let folder =
                    folder.ok_or_else(|| refused(Path::new(name), "the service has no credentials"))?;
                if name.is_empty() || name.contains('/') || name.starts_with('.') {
                    return Err(refused(Path::new(name), "this is no name of a credential"));
                }
                read(&PathBuf::from(folder).join(name), false)
            }
        }
    }
}

fn refused(path: &Path, reason: &str) -> MailboxError {
    MailboxError::Password { place: path.display().to_string(), reason: reason.to_owned() }
}

fn read(path: &Path, check_mode: bool) -> Result<String, MailboxError> {
    let unread = |error: std::io::Error| refused(path, &error.to_string());
    let file = File::open(path).map_err(unread)?;
    if check_mode && file.metadata().map_err(unread)?.permissions().mode() & 0o007 != 0 {
        return Err(refused(path, "everybody may read or write it: chmod o-rwx"));
    }
    let mut text = String::new();
    file.take(PASSWORD_BYTES_MAX + 1).read_to_string(&mut text).map_err(unread)?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() || text.len() as u64 > PASSWORD_BYTES_MAX || text.chars().any(char::is_control) {
        return Err(refused(path, "it must be one line of at most 1 KiB"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_one_line_that_others_may_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let read = |text: &str, mode| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            Password::File(path.clone()).read()
        };
        assert_eq!(read("segreta \n", 0o640).unwrap(), "segreta ");
        for (text, mode) in
            [("segreta\n", 0o644), ("", 0o600), ("due\nrighe", 0o600), (&"x".repeat(1025), 0o600)]
        {
            let error = read(text, mode).unwrap_err();
            assert_eq!(error.code(), "mailbox.password");
            assert!(!error.to_string().contains("segreta"));
        }
        assert!(Password::File(folder.path().join("none")).read().is_err());
        assert!(Password::Credential("../password".into()).read().is_err());
    }
}
