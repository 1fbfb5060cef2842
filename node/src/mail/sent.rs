//! Which official has got the digest of which day: a small file that survives the process, replaced as a whole.

use jiff::civil::Date;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use super::digest::forget_before;
use crate::output::Failure;

/// Greatest file that is read, in bytes.
const BYTES_MAX: u64 = 1024 * 1024;

/// The last day whose digest each role has got.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sent(BTreeMap<String, Date>);

impl Sent {
    /// Reads the file; nothing was sent where there is none. A file that cannot be understood is told: mail would otherwise leave twice.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let unread = |what: &dyn std::fmt::Display| {
            Failure::environment(
                "mail.sent",
                &format!("{}: {what}; delete it and today's reminder is sent again", path.display()),
            )
        };
        let length = match std::fs::metadata(path) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(unread(&error)),
        };
        if length > BYTES_MAX {
            return Err(unread(&"too large"));
        }
        let bytes = std::fs::read(path).map_err(|error| unread(&error))?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| unread(&error))
    }

    /// Whether a role needs nothing more on this day. A clock set back sends nothing again.
    pub(super) fn is_done(&self, role: &str, today: Date) -> bool {
        self.0.get(role).is_some_and(|day| *day >= today)
    }

    /// Notes that a role is done with a day: durable when this returns.
    pub(super) fn note(path: &Path, role: &str, today: Date) -> std::io::Result<()> {
        let mut sent = Self::read(path).unwrap_or_default();
        sent.0.insert(role.to_owned(), today);
        sent.0.retain(|_, day| *day >= forget_before(today));
        concerto_api::tokens::replace(path, &serde_json::to_vec(&sent.0)?)
    }
}
