//! The law's data, embedded and dated: the calendar and the regimes.
//!
//! Both files are part of the program and a test reads them. If they could not be read, the law would be empty: no regime, hence no
//! notice, hence no term. A broken data file therefore refuses work; it never computes a wrong date.

use std::sync::LazyLock;

use crate::calendar::Calendar;
use crate::regime::{Regime, RegimesFile};

/// The law's data could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LawDataError {
    /// The holidays.
    #[error("holidays: {0}")]
    Holidays(String),
    /// The regimes.
    #[error("regimes: {0}")]
    Regimes(String),
}

/// The calendar and the regimes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Law {
    /// Holidays and working days.
    pub calendar: Calendar,
    /// The regimes, in the order of the file.
    pub regimes: Vec<Regime>,
}

impl Law {
    /// Reads the two files (TOML; see the comments at their heads).
    pub fn parse(holidays: &str, regimes: &str) -> Result<Self, LawDataError> {
        let calendar = toml::from_str(holidays).map_err(|error| LawDataError::Holidays(error.to_string()))?;
        let file: RegimesFile =
            toml::from_str(regimes).map_err(|error| LawDataError::Regimes(error.to_string()))?;
        Ok(Self { calendar, regimes: file.regime })
    }

    /// The data that this release carries.
    pub fn embedded() -> Option<&'static Self> {
        static LAW: LazyLock<Option<Law>> = LazyLock::new(|| {
            Law::parse(include_str!("../data/holidays.toml"), include_str!("../data/regimes.toml")).ok()
        });
        LAW.as_ref()
    }
}
