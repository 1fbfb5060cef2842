//! The clocks of a node: the system's, and the virtual legal clock of a training federation.

use concerto_port::Clock;
use jiff::Timestamp;
use std::path::PathBuf;

/// The system's wall clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands where a file says (an RFC 3339 instant). Only nodes of a training federation accept one: the dates of
/// its receipts are not real.
#[derive(Debug, Clone)]
pub(crate) struct VirtualClock {
    file: PathBuf,
}

impl VirtualClock {
    /// Reads the file once, to refuse one that is not a clock.
    pub(crate) fn open(file: PathBuf) -> Result<Self, String> {
        read(&file)?;
        Ok(Self { file })
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        read(&self.file).unwrap_or_else(|error| {
            tracing::error!(error, "the virtual clock cannot be read; the system's clock is used");
            Timestamp::now()
        })
    }
}

fn read(file: &PathBuf) -> Result<Timestamp, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    text.trim().parse().map_err(|e| format!("{}: {e}", file.display()))
}
