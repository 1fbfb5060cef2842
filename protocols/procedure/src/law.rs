//! The law's data, embedded and dated: the calendar, the regimes and the terms of each kind of case (RULES A.0, B).
//!
//! The files are part of the program and a test reads them. If they could not be read, the law would be empty: no regime, hence no
//! notice, hence no term. A broken data file therefore refuses work; it never computes a wrong date. A signed local profile
//! ([`Profile`]) supplies values that the release leaves open, for notices of the days on which it holds.

use jiff::civil::Date;
use std::sync::{LazyLock, OnceLock};

use crate::acts::Sector;
use crate::calendar::{Calendar, Holiday};
use crate::procedures::{Procedure, ProceduresFile, share_rules};
use crate::profile::Profile;
use crate::regime::{Division, Layer, MissingValue, Regime, RegimesFile, SettledTerm};

/// The law's data could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LawDataError {
    /// The holidays.
    #[error("holidays: {0}")]
    Holidays(String),
    /// The regimes.
    #[error("regimes: {0}")]
    Regimes(String),
    /// The terms of the kinds of case.
    #[error("procedures: {0}")]
    Procedures(String),
}

/// The texts of the files (TOML; see the comments at their heads).
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// `data/holidays.toml`.
    pub holidays: &'a str,
    /// `data/regimes.toml`.
    pub regimes: &'a str,
    /// `data/procedures.toml`.
    pub procedures: &'a str,
}

/// The texts that this release carries.
pub const EMBEDDED: Sources<'static> = Sources {
    holidays: include_str!("../data/holidays.toml"),
    regimes: include_str!("../data/regimes.toml"),
    procedures: include_str!("../data/procedures.toml"),
};

/// Where the files are in the source, for whoever must extend them.
pub const HOLIDAYS_FILE: &str = "protocols/procedure/data/holidays.toml";
/// The same for the regimes.
pub const REGIMES_FILE: &str = "protocols/procedure/data/regimes.toml";

/// The calendar, the regimes and the kinds of case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Law {
    /// Holidays and working days.
    pub calendar: Calendar,
    /// The regimes, in the order of the file.
    pub regimes: Vec<Regime>,
    /// The kinds of case with their terms, in the order of the file.
    pub procedures: Vec<Procedure>,
    /// The versions of the three files.
    pub versions: [String; 3],
}

impl Law {
    /// Reads the files.
    ///
    /// # Errors
    /// [`LawDataError`] names the file that cannot be read.
    pub fn parse(sources: &Sources<'_>) -> Result<Self, LawDataError> {
        let calendar: Calendar =
            toml::from_str(sources.holidays).map_err(|error| LawDataError::Holidays(error.to_string()))?;
        let regimes =
            toml::from_str(sources.regimes).map_err(|error| LawDataError::Regimes(error.to_string()))?;
        let procedures = toml::from_str(sources.procedures)
            .map_err(|error| LawDataError::Procedures(error.to_string()))?;
        Self::of(calendar, regimes, procedures)
    }

    pub(crate) fn of(
        calendar: Calendar,
        regimes: RegimesFile,
        mut procedures: ProceduresFile,
    ) -> Result<Self, LawDataError> {
        share_rules(&mut procedures.procedure)
            .map_err(|missing| LawDataError::Procedures(format!("{missing} has no rules to share")))?;
        if let Some((one, other)) = overlap(&regimes.regime) {
            return Err(LawDataError::Regimes(format!("{one} and {other} hold on the same day")));
        }
        let versions = [calendar.coverage().version.clone(), regimes.data.version, procedures.data.version];
        Ok(Self { calendar, regimes: regimes.regime, procedures: procedures.procedure, versions })
    }

    /// The data that this release carries.
    pub fn embedded() -> Option<&'static Self> {
        static LAW: LazyLock<Option<Law>> = LazyLock::new(|| Law::parse(&EMBEDDED).ok());
        LAW.as_ref()
    }

    /// The data for a notice of this day: with the local profile of this node where it holds, else the release's.
    pub fn on(day: Date) -> Option<&'static Self> {
        match INSTALLED.get() {
            Some((profile, law)) if profile.holds_on(day) => Some(law),
            _ => Self::embedded(),
        }
    }

    /// Makes a verified profile hold in this process from now on: once, before anything is computed. False if one holds already.
    pub fn install(profile: Profile, law: Self) -> bool {
        INSTALLED.set((profile, law)).is_ok()
    }

    /// A holiday by its name, also one that only the profile of this process knows.
    pub(crate) fn holiday_anywhere(id: &str) -> Option<&'static Holiday> {
        let installed = INSTALLED.get().and_then(|(_, law)| law.calendar.holiday_named(id));
        installed.or_else(|| Self::embedded()?.calendar.holiday_named(id))
    }

    /// The regime of a notice of this day: the mandatory overlay in force, else the base (A.0).
    pub fn regime_on(&self, date: Date) -> Option<&Regime> {
        let in_force =
            |layer: Layer| self.regimes.iter().find(|regime| regime.layer == layer && regime.holds_on(date));
        in_force(Layer::Mandatory).or_else(|| in_force(Layer::Base))
    }

    /// A regime by its id.
    pub fn regime(&self, id: &str) -> Option<&Regime> {
        self.regimes.iter().find(|regime| regime.id == id)
    }

    /// A term of the conference that meets, by its name: from the rules of the simultaneous form or of a sector that deliberates, and
    /// divided where the sector's law divides the terms of L. 241/1990 (RULES A.9.1).
    ///
    /// # Errors
    /// [`MissingValue`] where nobody has settled its days.
    pub(crate) fn sitting_rule<'a>(
        &'a self,
        id: &str,
        sector: Option<Sector>,
        regime: Option<&'a Regime>,
        notice: Date,
    ) -> Result<Option<SettledTerm<'a>>, MissingValue> {
        let deliberating = sector.filter(|sector| sector.deliberates());
        let Some(rules) = self.procedure(deliberating.map_or("simultaneous", Sector::procedure)) else {
            return Ok(None);
        };
        let division = sector.and_then(|sector| self.division(sector));
        let rule = rules.settled(id, regime, notice)?;
        Ok(rule.map(|rule| division.map_or(rule, |division| rule.divided(division))))
    }

    /// How the law of a sector divides the terms of L. 241/1990; none where it does not.
    pub(crate) fn division(&self, sector: Sector) -> Option<&Division> {
        sector.is_electronic().then(|| self.procedure("electronic_conference"))??.division.as_ref()
    }

    /// A kind of case by its name.
    pub fn procedure(&self, kind: &str) -> Option<&Procedure> {
        self.procedures.iter().find(|procedure| procedure.kind == kind)
    }
}

/// Two regimes of one layer that hold on the same day: the law would not say which.
fn overlap(regimes: &[Regime]) -> Option<(&str, &str)> {
    regimes.iter().enumerate().find_map(|(place, one)| {
        let rivals = regimes.iter().skip(place + 1).filter(|other| other.layer == one.layer);
        let mut both =
            rivals.filter(|other| one.valid.iter().any(|a| other.valid.iter().any(|b| a.meets(b))));
        both.next().map(|other| (one.id.as_str(), other.id.as_str()))
    })
}

/// The profile of this node with the law that it makes.
static INSTALLED: OnceLock<(Profile, Law)> = OnceLock::new();
