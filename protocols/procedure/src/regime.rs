//! Regimes: which numbers of days hold for a notice of a given day (RULES A.0; L. 241/1990 art. 14-bis, DL 76/2020 art. 13).
//!
//! A regime is dated data (`data/regimes.toml`), fixed at the notice and never computed again for that conference. A value that the
//! sources do not settle is absent, and whoever needs it gets [`MissingValue`].

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::acts::{MeetingMode, Sector, SensitiveScope};
use crate::calendar::Confidence;
use crate::law::Law;

/// The file of the regimes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegimesFile {
    pub(crate) data: DataVersion,
    pub(crate) regime: Vec<Regime>,
}

/// The version of a file of the law's data.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataVersion {
    /// The day it was last changed.
    pub version: String,
}

/// How a regime relates to the others in force on the same day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Holds where nothing else does.
    Base,
    /// Takes the place of the base only where somebody chooses it.
    Optional,
    /// Takes the place of the base.
    Mandatory,
}

/// Days on which a notice falls under a regime, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// First day.
    pub from: Date,
    /// Last day; none while it is not known.
    pub until: Option<Date>,
}

impl Period {
    /// Whether a day lies in both.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        other.until.is_none_or(|until| self.from <= until)
            && self.until.is_none_or(|until| other.from <= until)
    }
}

/// What the days of a term are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayUnit {
    /// All days (T1).
    Calendar,
    /// *Giorni lavorativi* (T6).
    Working,
    /// Months (T1).
    Months,
}

/// Whether the procedente may set less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The law gives the most.
    Maximum,
    /// The law gives the number.
    Fixed,
}

/// What missing the term means.
#[doc(alias = "perentorio")]
#[doc(alias = "ordinatorio")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Force {
    /// *Perentorio*: what comes later has no effect.
    Peremptory,
    /// *Ordinatorio*: a delay, not an invalidity.
    Directory,
}

/// One term of a regime.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermRule {
    /// Its number, in `unit`; none where nobody has settled it.
    pub(crate) days: Option<u16>,
    /// What its days are.
    pub unit: DayUnit,
    /// Whether less may be set.
    pub bound: Bound,
    /// What missing it means.
    pub nature: Force,
    /// The norm that gives the number.
    pub norm: String,
    /// How sure.
    pub tag: Confidence,
    /// First day of the notices for which it holds, where a kind of case has several.
    pub(crate) from: Option<Date>,
    /// Last day of the notices for which it holds.
    pub(crate) until: Option<Date>,
    /// The regimes under which it holds; all where absent.
    pub(crate) regimes: Option<Vec<String>>,
    /// The local profile that gives the number.
    pub source: Option<String>,
}

/// The terms that a regime settles.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermRules {
    /// From the application, or the start ex officio, to the notice.
    pub notice: TermRule,
    /// Integration requests (lett. b).
    pub integration_requests: TermRule,
    /// The one suspension.
    pub suspension: TermRule,
    /// Determinations (lett. c).
    pub determination: TermRule,
    /// Determinations where sensitive interests are concerned.
    pub determination_sensitive: TermRule,
    /// From the expiry of the determinations to the meeting (lett. d).
    pub meeting: TermRule,
    /// From the expiry of the determinations to the conclusion.
    pub final_determination: TermRule,
    /// The applicant's observations on a negative conclusion.
    pub rebuttal: TermRule,
    /// The opposition of art. 14-quinquies.
    pub opposition: TermRule,
}

impl TermRule {
    /// The same as another law divides it: both norms, and as sure as that law is.
    pub(crate) fn divided(&self, division: &Division) -> Self {
        Self { norm: format!("{}; {}", self.norm, division.norm), tag: division.tag, ..self.clone() }
    }
}

/// A set of rules for notices of certain days.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regime {
    /// What links carry, such as `R1b`.
    pub id: String,
    /// A short name.
    pub name: String,
    /// What it is, in Italian.
    pub it: String,
    /// What it is, in English.
    pub en: String,
    /// How it relates to others.
    pub layer: Layer,
    /// When.
    pub valid: Vec<Period>,
    /// Whom the longer term concerns unless the notice says otherwise.
    pub sensitive_scope: SensitiveScope,
    /// How the conference meets where the determinations do not suffice (art. 14-bis c. 6).
    #[serde(default = "telematic")]
    pub meeting_mode: MeetingMode,
    costs_of_prescriptions: Option<bool>,
    /// How sure the regime as a whole is.
    pub tag: Confidence,
    /// What everybody who gets a date of it should know, in Italian.
    pub note_it: Option<String>,
    /// The same in English.
    pub note_en: Option<String>,
    /// The norms.
    pub citations: Vec<String>,
    /// Its numbers.
    pub terms: TermRules,
}

fn telematic() -> MeetingMode {
    MeetingMode::Telematic
}

/// The law's data lack a value that is needed: a person must settle it first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("regime {regime} has no settled value for `{value}` ({norm})")]
pub struct MissingValue {
    /// The regime.
    pub regime: String,
    /// The value.
    pub value: String,
    /// The norm that should give it.
    pub norm: String,
}

/// No regime is known for a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no regime is known for a notice of {on}")]
pub struct NoRegime {
    /// The day.
    pub on: Date,
}

impl Regime {
    /// The regime of a notice of this day: the mandatory overlay in force, else the base.
    pub fn on(date: Date) -> Result<&'static Self, NoRegime> {
        Law::on(date).and_then(|law| law.regime_on(date)).ok_or(NoRegime { on: date })
    }

    /// A regime by its id, as it stands in the release.
    pub fn named(id: &str) -> Option<&'static Self> {
        Law::embedded()?.regime(id)
    }

    /// A regime by its id, as it stands for a conference with this basis date.
    pub fn named_on(id: &str, basis: Date) -> Option<&'static Self> {
        Law::on(basis)?.regime(id)
    }

    /// Whether a notice of this day can fall under it.
    pub fn holds_on(&self, date: Date) -> bool {
        self.valid.iter().any(|period| period.from <= date && period.until.is_none_or(|until| date <= until))
    }

    /// Whether each prescription must say what it costs.
    pub fn costs_of_prescriptions(&self) -> Result<bool, MissingValue> {
        self.costs_of_prescriptions
            .ok_or_else(|| self.missing("costs_of_prescriptions", "L. 241/1990 art. 14-bis c. 3"))
    }

    /// The days of one of its terms, by the name of its field.
    pub fn days(&self, value: &'static str, rule: &TermRule) -> Result<u16, MissingValue> {
        rule.days.ok_or_else(|| self.missing(value, &rule.norm))
    }

    /// One of its terms, by the name of its field.
    pub fn rule(&self, name: &str) -> Option<(&'static str, &TermRule)> {
        let rules = &self.terms;
        Some(match name {
            "notice" => ("terms.notice", &rules.notice),
            "integration_requests" => ("terms.integration_requests", &rules.integration_requests),
            "suspension" => ("terms.suspension", &rules.suspension),
            "determination" => ("terms.determination", &rules.determination),
            "determination_sensitive" => ("terms.determination_sensitive", &rules.determination_sensitive),
            "meeting" => ("terms.meeting", &rules.meeting),
            "final_determination" => ("terms.final_determination", &rules.final_determination),
            "rebuttal" => ("terms.rebuttal", &rules.rebuttal),
            "opposition" => ("terms.opposition", &rules.opposition),
            _ => return None,
        })
    }

    /// The same as it holds for a conference of this sector: where the sector's law divides the terms, divided; where it deliberates in
    /// session, without the values that art. 14-bis c. 3 and c. 6 alone need.
    pub(crate) fn settled_in<'a>(
        &'a self,
        law: &'a Law,
        sector: Option<Sector>,
    ) -> Result<Settled<'a>, MissingValue> {
        let settled = self.settled_where(sector.is_some_and(Sector::deliberates))?;
        let division = sector.and_then(|sector| law.division(sector));
        Ok(division.map_or(settled, |division| settled.divided(division)))
    }

    /// Its numbers, all of them settled; else the first that is missing.
    pub fn settled(&self) -> Result<Settled<'_>, MissingValue> {
        self.settled_where(false)
    }

    fn settled_where(&self, deliberates: bool) -> Result<Settled<'_>, MissingValue> {
        let rules = &self.terms;
        let of = |value: &'static str, rule| -> Result<_, MissingValue> {
            Ok(SettledTerm { days: self.days(value, rule)?, rule, divided: None })
        };
        Ok(Settled {
            notice: of("terms.notice", &rules.notice)?,
            integration_requests: of("terms.integration_requests", &rules.integration_requests)?,
            suspension: of("terms.suspension", &rules.suspension)?,
            determination: of("terms.determination", &rules.determination)?,
            determination_sensitive: of("terms.determination_sensitive", &rules.determination_sensitive)?,
            meeting: match of("terms.meeting", &rules.meeting) {
                Err(_) if deliberates => SettledTerm { days: 0, rule: &rules.meeting, divided: None },
                meeting => meeting?,
            },
            final_determination: of("terms.final_determination", &rules.final_determination)?,
            rebuttal: of("terms.rebuttal", &rules.rebuttal)?,
            opposition: of("terms.opposition", &rules.opposition)?,
            costs_of_prescriptions: match self.costs_of_prescriptions() {
                Err(_) if deliberates => false,
                costs => costs?,
            },
        })
    }

    fn missing(&self, value: &'static str, norm: &str) -> MissingValue {
        MissingValue { regime: self.id.clone(), value: value.to_owned(), norm: norm.to_owned() }
    }
}

/// A term of a regime whose number of days is settled.
#[derive(Debug, Clone, Copy)]
pub struct SettledTerm<'a> {
    /// How many days.
    pub days: u16,
    /// The rest of the rule.
    pub rule: &'a TermRule,
    /// The norm that divides the days of the rule, where one does.
    pub divided: Option<&'a str>,
}

impl<'a> SettledTerm<'a> {
    /// The norms that give the number.
    pub fn norm(&self) -> String {
        match self.divided {
            None => self.rule.norm.clone(),
            Some(by) => format!("{}; {by}", self.rule.norm),
        }
    }

    /// The same with its days divided: a fraction of a day counts as a day.
    pub(crate) fn divided(self, division: &'a Division) -> Self {
        Self { days: self.days.div_ceil(division.by.get()), divided: Some(&division.norm), ..self }
    }
}

/// A law that shortens the terms of another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Division {
    /// By how much the days are divided.
    pub by: std::num::NonZeroU16,
    /// The norm.
    pub norm: String,
    /// How sure.
    pub tag: Confidence,
}

impl<'a> Settled<'a> {
    /// The same with the terms of the conference divided; the notice, the suspension and what follows the conclusion keep theirs.
    pub(crate) fn divided(self, division: &'a Division) -> Self {
        Self {
            integration_requests: self.integration_requests.divided(division),
            determination: self.determination.divided(division),
            determination_sensitive: self.determination_sensitive.divided(division),
            meeting: self.meeting.divided(division),
            final_determination: self.final_determination.divided(division),
            ..self
        }
    }
}

/// A regime without open values.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the fields are those of `TermRules`")]
pub struct Settled<'a> {
    pub notice: SettledTerm<'a>,
    pub integration_requests: SettledTerm<'a>,
    pub suspension: SettledTerm<'a>,
    pub determination: SettledTerm<'a>,
    pub determination_sensitive: SettledTerm<'a>,
    pub meeting: SettledTerm<'a>,
    pub final_determination: SettledTerm<'a>,
    pub rebuttal: SettledTerm<'a>,
    pub opposition: SettledTerm<'a>,
    /// Whether each prescription must say what it costs.
    pub costs_of_prescriptions: bool,
}

#[cfg(test)]
#[path = "regime_tests.rs"]
mod tests;
