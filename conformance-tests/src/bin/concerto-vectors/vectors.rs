//! The vectors: one line of CSV each, and what the law's data give for it (conformance-tests/vectors/README.md).

use concerto_procedure::acts::SensitiveScope;
use concerto_procedure::calendar::{CalendarKind, Confidence, Office};
use concerto_procedure::counting::{Amount, skipped};
use concerto_procedure::law::{Law, Sources};
use concerto_procedure::one_term::one_term;
use concerto_procedure::profile::Profile;
use concerto_procedure::regime::{Bound, DayUnit, Force, Layer};
use concerto_procedure::schedule::{Facts, Planned, Request, schedule};
use concerto_procedure::schedule_words::{Caution, ScheduleError};
use concerto_procedure::term::StartEvent;
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

use crate::Failed;

/// What stands in a cell that does not apply.
const NONE: &str = "-";

/// One line of the file.
#[derive(Debug, Clone)]
pub(crate) struct Vector {
    /// Its name.
    pub(crate) id: String,
    /// The rules of `protocols/procedure/RULES.md` that it shows, separated by spaces.
    rules: String,
    /// What happens, as the options of `concerto terms`.
    pub(crate) events: String,
    /// The term it asks for.
    term: String,
    /// What must come out.
    pub(crate) expected: Outcome,
    /// How a person gets there, in Italian.
    pub(crate) derivation: String,
}

/// The columns of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    rules: String,
    norm: String,
    regime: String,
    events: String,
    term: String,
    strict: String,
    prudential: String,
    nature: String,
    bound: String,
    sure: String,
    skipped: String,
    warnings: String,
    derivation: String,
}

impl From<Row> for Vector {
    fn from(row: Row) -> Self {
        let expected = Outcome {
            regime: row.regime,
            norm: row.norm,
            strict: row.strict,
            prudential: row.prudential,
            nature: row.nature,
            bound: row.bound,
            sure: row.sure,
            skipped: row.skipped,
            warnings: row.warnings,
        };
        let Row { id, rules, events, term, derivation, .. } = row;
        Self { id, rules, events, term, expected, derivation }
    }
}

/// What comes out, each as the file writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The regime of the case.
    pub(crate) regime: String,
    /// The norm that gives the number.
    pub(crate) norm: String,
    /// The strict date, the value of a policy, or `refused:` and the code.
    pub(crate) strict: String,
    /// The prudential date.
    pub(crate) prudential: String,
    /// `perentorio` or `ordinatorio`.
    pub(crate) nature: String,
    /// `massimo` or `fisso`.
    pub(crate) bound: String,
    /// How sure the number is.
    pub(crate) sure: String,
    /// The days on which it could not end.
    pub(crate) skipped: String,
    /// The codes of what to know before relying on it.
    pub(crate) warnings: String,
}

impl Vector {
    /// The rules that it shows.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &str> {
        self.rules.split_whitespace()
    }

    /// What the law gives for it.
    pub(crate) fn outcome(&self, law: &Law, sources: &Sources<'_>) -> Result<Outcome, Failed> {
        let words = Words::of(&self.events);
        let observed = match words.get("observe") {
            Some(holiday) => Some(observing(holiday, sources)?),
            None => None,
        };
        let law = observed.as_ref().unwrap_or(law);
        match words.verb {
            "case" => self.case(law, &words),
            "days" => days(law, &words),
            "select" => select(law, &words),
            "policy" => policy(law, &words),
            other => Err(Failed(format!("{}: `{other}` is no kind of vector", self.id))),
        }
    }

    fn case(&self, law: &Law, words: &Words<'_>) -> Result<Outcome, Failed> {
        let schedule = match schedule(law, &facts(words)?) {
            Ok(schedule) => schedule,
            Err(error) => return Ok(refused(&error)),
        };
        let regime = schedule.regime.map_or(NONE, |regime| regime.id.as_str()).to_owned();
        if let Some(term) = schedule.terms.iter().find(|term| term.id == self.term) {
            return Ok(Outcome { regime, ..planned(term, &schedule.cautions) });
        }
        let missing = schedule.refused.iter().find(|refused| refused.id == self.term);
        let strict = if missing.is_some() { "refused:terms.value.missing" } else { "absent" };
        let norm = missing.map_or(NONE, |refused| refused.norm.as_str()).to_owned();
        Ok(Outcome { regime, norm, strict: strict.to_owned(), ..nothing() })
    }
}

/// Reads all vectors of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<Vector>, Failed> {
    let wrong = |error: csv::Error| Failed(format!("{}: {error}", path.display()));
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_path(path).map_err(wrong)?;
    let rows: Result<Vec<Row>, _> = reader.deserialize().collect();
    Ok(rows.map_err(wrong)?.into_iter().map(Vector::from).collect())
}

/// `verb key=value flag …`
struct Words<'a> {
    verb: &'a str,
    pairs: BTreeMap<&'a str, &'a str>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        let mut words = text.split_whitespace();
        let verb = words.next().unwrap_or_default();
        Self { verb, pairs: words.map(|word| word.split_once('=').unwrap_or((word, ""))).collect() }
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.pairs.get(key).copied()
    }

    fn has(&self, key: &str) -> bool {
        self.pairs.contains_key(key)
    }

    fn parsed<T: std::str::FromStr>(&self, key: &str) -> Result<Option<T>, Failed> {
        let parse = |text: &str| text.parse().map_err(|_| Failed(format!("`{key}={text}` cannot be read")));
        self.get(key).map(parse).transpose()
    }

    fn needed<T: std::str::FromStr>(&self, key: &str) -> Result<T, Failed> {
        self.parsed(key)?.ok_or_else(|| Failed(format!("`{key}` is missing")))
    }

    fn office(&self) -> Office {
        Office {
            seat: self.get("seat").map(str::to_owned),
            six_day_week: self.get("week") == Some("mon-sat"),
        }
    }
}

fn facts(words: &Words<'_>) -> Result<Facts, Failed> {
    let mut events = BTreeMap::new();
    for (key, event) in [
        ("application", StartEvent::Application),
        ("received", StartEvent::Receipt),
        ("first_meeting", StartEvent::FirstMeeting),
        ("communicated", StartEvent::Communication),
        ("opposition", StartEvent::Opposition),
        ("council_meeting", StartEvent::CouncilMeeting),
        ("adopted", StartEvent::Adoption),
    ] {
        if let Some(on) = words.parsed::<Date>(key)? {
            events.insert(event, on);
        }
    }
    let answered = words.parsed("resume")?;
    Ok(Facts {
        kind: words.get("kind").unwrap_or("simplified").to_owned(),
        notice: words.parsed("notice")?,
        events,
        regime: words.get("regime").map(str::to_owned),
        sensitive: words.has("sensitive"),
        scope: match words.get("scope") {
            Some("own") => Some(SensitiveScope::Own),
            Some("all") => Some(SensitiveScope::All),
            _ => None,
        },
        request: words.parsed("suspend")?.map(|on| Request { on, answered }),
        office: words.office(),
        procedure_days: words.parsed("procedure_days")?,
    })
}

fn planned(term: &Planned, general: &[Caution]) -> Outcome {
    let nature = match term.force {
        Force::Peremptory => "perentorio",
        Force::Directory => "ordinatorio",
    };
    let bound = match term.bound {
        Bound::Maximum => "massimo",
        Bound::Fixed => "fisso",
    };
    Outcome {
        regime: String::new(),
        norm: term.norm.clone(),
        strict: term.due.strict.to_string(),
        prudential: term.due.prudential.to_string(),
        nature: nature.to_owned(),
        bound: bound.to_owned(),
        sure: term.tag.letter().to_owned(),
        skipped: joined(skipped(&term.derivation)),
        warnings: joined(term.cautions.iter().chain(general).map(|caution| caution.code)),
    }
}

fn days(law: &Law, words: &Words<'_>) -> Result<Outcome, Failed> {
    let amount = Amount {
        number: words.needed("add")?,
        unit: match words.get("unit") {
            Some("working") => DayUnit::Working,
            Some("months") => DayUnit::Months,
            _ => DayUnit::Calendar,
        },
        backward: words.has("backward"),
        calendar: if words.get("calendar") == Some("eu") { CalendarKind::Eu } else { CalendarKind::National },
    };
    let term = match one_term(law, words.needed("from")?, &amount, &words.office()) {
        Ok(term) => term,
        Err(error) => return Ok(refused(&error)),
    };
    Ok(Outcome {
        norm: term.norm,
        strict: term.counted.due.strict.to_string(),
        prudential: term.counted.due.prudential.to_string(),
        skipped: joined(skipped(&term.counted.derivation)),
        warnings: joined(term.cautions.iter().map(|caution| caution.code)),
        ..nothing()
    })
}

/// The regime of a notice of a day, or of one layer alone.
fn select(law: &Law, words: &Words<'_>) -> Result<Outcome, Failed> {
    let notice: Date = words.needed("notice")?;
    let of = |layer| law.regimes.iter().find(move |regime| regime.layer == layer && regime.holds_on(notice));
    let regime = match words.get("layer") {
        Some("base") => of(Layer::Base),
        Some("optional") => of(Layer::Optional),
        _ => law.regime_on(notice),
    };
    let Some(regime) = regime else { return Ok(refused(&ScheduleError::NoRegime { on: notice })) };
    Ok(Outcome {
        regime: regime.id.clone(),
        norm: regime.citations.first().cloned().unwrap_or_default(),
        strict: regime.id.clone(),
        sure: regime.tag.letter().to_owned(),
        ..nothing()
    })
}

/// A policy of a regime.
fn policy(law: &Law, words: &Words<'_>) -> Result<Outcome, Failed> {
    let id: String = words.needed("regime")?;
    let regime = law.regime(&id).ok_or_else(|| Failed(format!("no regime {id}")))?;
    let strict = match words.get("name") {
        Some("sensitive_scope") => match regime.sensitive_scope {
            SensitiveScope::Own => "own".to_owned(),
            SensitiveScope::All => "all".to_owned(),
        },
        Some("costs_of_prescriptions") => match regime.costs_of_prescriptions() {
            Ok(costs) => costs.to_string(),
            Err(_) => "refused:terms.value.missing".to_owned(),
        },
        other => return Err(Failed(format!("no policy {other:?}"))),
    };
    let norm = regime.citations.first().cloned().unwrap_or_default();
    Ok(Outcome { regime: id, norm, strict, ..nothing() })
}

/// The law with a profile that switches an unsettled holiday on.
fn observing(holiday: &str, sources: &Sources<'_>) -> Result<Law, Failed> {
    let text = format!(
        "[profile]\nid = \"vector\"\ndecided_by = \"vector\"\ndecided_on = \"2026-01-01\"\ncitation = \"vector\"\n\
         from = \"2016-01-01\"\n[[holiday]]\nid = \"{holiday}\"\noptional = false\n"
    );
    let law = Profile::parse(&text).and_then(|profile| profile.over(sources));
    law.map_err(|error| Failed(error.to_string()))
}

fn refused(error: &ScheduleError) -> Outcome {
    Outcome { strict: format!("refused:{}", error.code()), ..nothing() }
}

fn nothing() -> Outcome {
    let none = || NONE.to_owned();
    Outcome {
        regime: none(),
        norm: none(),
        strict: none(),
        prudential: none(),
        nature: none(),
        bound: none(),
        sure: none(),
        skipped: none(),
        warnings: none(),
    }
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    if words.is_empty() { NONE.to_owned() } else { words.join(" ") }
}

/// How sure a value is, by its letter.
pub(crate) const LETTERS: [Confidence; 3] = [Confidence::Verified, Confidence::Secondary, Confidence::Memory];
