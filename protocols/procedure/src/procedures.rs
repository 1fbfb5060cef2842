//! The kinds of case and their terms, as dated data (`data/procedures.toml`; RULES B.3, S5).

use jiff::civil::Date;
use serde::Deserialize;

use crate::regime::{DataVersion, Division, MissingValue, Regime, SettledTerm, TermRule};
use crate::term::StartEvent;

/// The file of the kinds of case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProceduresFile {
    pub(crate) data: DataVersion,
    pub(crate) procedure: Vec<Procedure>,
}

/// What a request to the applicant does to the terms that run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnRequest {
    /// They stand still and go on (L. 241/1990 art. 2 c. 7).
    Suspends,
    /// They start anew (special laws, S5).
    Restarts,
}

/// For which bodies a term is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Applies {
    /// Those that guard no sensitive interest.
    Ordinary,
    /// Those that do.
    Sensitive,
}

/// A kind of case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// A stable name, such as `simplified`.
    pub kind: String,
    /// What it is, in Italian.
    pub it: String,
    /// What it is, in English.
    pub en: String,
    /// The norm.
    pub norm: String,
    /// Whether numbers of it follow the regime of the notice.
    #[serde(default)]
    pub uses_regime: bool,
    /// What a request does; nothing where absent.
    pub on_request: Option<OnRequest>,
    /// The longest suspension, where the regime does not say it; days.
    pub suspension_days_max: Option<u16>,
    /// By what the days of those terms are divided that say `divided`.
    pub division: Option<Division>,
    /// Its terms, in the order in which they are shown.
    #[serde(rename = "term")]
    pub terms: Vec<ProcedureTerm>,
}

/// One term of a kind of case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcedureTerm {
    /// A stable name.
    pub id: String,
    /// What it is called, in Italian.
    pub it: String,
    /// What it is called, in English.
    pub en: String,
    /// The event it counts from.
    pub start: Option<StartEvent>,
    /// The terms whose latest expiry it counts from.
    #[serde(default)]
    pub after: Vec<String>,
    /// For whom; for every body where absent.
    pub applies: Option<Applies>,
    /// Whether a request moves it.
    #[serde(default)]
    pub stands_still: bool,
    /// Whether holidays move its last day.
    #[serde(default = "yes")]
    pub rolled: bool,
    /// Whether its days are divided as the kind of case says.
    #[serde(default)]
    pub divided: bool,
    /// The kind of case whose term of the same name gives the rules.
    pub(crate) rules_of: Option<String>,
    regime_rule: Option<String>,
    longer_rule: Option<String>,
    #[serde(default)]
    pub(crate) rules: Vec<TermRule>,
}

fn yes() -> bool {
    true
}

impl ProcedureTerm {
    /// The rule that gives its number for a notice of this day, with the name of its value; none where the data have none.
    pub(crate) fn rule<'a>(
        &'a self,
        regime: Option<&'a Regime>,
        notice: Date,
        longer_for_all: bool,
    ) -> Option<(&'a str, &'a TermRule)> {
        let longer = self.longer_rule.as_deref().filter(|_| longer_for_all);
        if let Some(name) = longer.or(self.regime_rule.as_deref()) {
            return regime?.rule(name);
        }
        let under = |rule: &TermRule| match (&rule.regimes, regime) {
            (Some(named), Some(regime)) => named.contains(&regime.id),
            (Some(_), None) => false,
            (None, _) => true,
        };
        let mut in_force = self.rules.iter().filter(|rule| {
            rule.from.is_none_or(|from| from <= notice) && rule.until.is_none_or(|until| notice <= until)
        });
        in_force.find(|rule| under(rule)).map(|rule| (self.id.as_str(), rule))
    }
}

impl Procedure {
    /// One of its terms that has a number of its own, for a notice of this day; none where the kind has no such term.
    ///
    /// # Errors
    /// [`MissingValue`] where nobody has settled the number: a local profile must supply it.
    pub(crate) fn settled<'a>(
        &'a self,
        id: &str,
        regime: Option<&'a Regime>,
        notice: Date,
    ) -> Result<Option<SettledTerm<'a>>, MissingValue> {
        let term = self.terms.iter().find(|term| term.id == id);
        let Some((_, rule)) = term.and_then(|term| term.rule(regime, notice, false)) else { return Ok(None) };
        let missing = || MissingValue {
            regime: regime.map_or_else(|| self.kind.clone(), |regime| regime.id.clone()),
            value: value_name(&self.kind, id),
            norm: rule.norm.clone(),
        };
        Ok(Some(SettledTerm { days: rule.days.ok_or_else(missing)?, rule, divided: None }))
    }
}

/// Gives each term that says `rules_of` the rules of the term of its name in that kind of case; the first that finds none, if any.
pub(crate) fn share_rules(procedures: &mut [Procedure]) -> Result<(), String> {
    let given = procedures.to_vec();
    for term in procedures.iter_mut().flat_map(|procedure| &mut procedure.terms) {
        let Some(kind) = &term.rules_of else { continue };
        let shared = given.iter().find(|procedure| procedure.kind == *kind);
        let shared = shared.and_then(|procedure| procedure.terms.iter().find(|other| other.id == term.id));
        term.rules = shared.map(|other| other.rules.clone()).ok_or_else(|| format!("{kind}.{}", term.id))?;
    }
    Ok(())
}

/// Where a local profile puts a value: those of the regimes carry the name of their table already.
pub(crate) fn value_name(kind: &str, value: &str) -> String {
    if value.starts_with("terms.") { value.to_owned() } else { format!("procedure.{kind}.{value}") }
}
