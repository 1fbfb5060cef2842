//! A term with the reason of its date, and the digest by which nodes compare theirs (RULES E.3).

use concerto_message::{Digest, Writer};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::acts::{TermKind, TermLine};
use crate::calendar::{SATURDAY, Skipped, TOO_FEW_WORKING_DAYS};
use crate::language::{Lang, date_text};
use crate::law::Law;
use crate::legal_time::{LegalNow, expired};
use crate::regime::{DayUnit, Force};

/// A term: until when, for whom, with what force, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Term {
    /// Which.
    pub kind: TermKind,
    /// Whose, if one body's; else the procedente's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Writer>,
    /// Its last day under the strict reading; it ends at 24:00 Europe/Rome.
    pub strict: Date,
    /// Its last day under the most favourable reading: nothing automatic happens before it has passed.
    pub prudential: Date,
    /// What missing it means.
    pub force: Force,
    /// The norm that gives the days.
    pub norm: String,
    /// How the date came about, step by step.
    pub derivation: Vec<Step>,
}

/// What a term counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartEvent {
    /// The application, or the start ex officio.
    Application,
    /// The body's receipt of the message that called it.
    Receipt,
    /// The expiry of the last determination term.
    LastExpiry,
    /// The expiry of the last determination term still open, or the last position received.
    LastPosition,
    /// The request to the applicant.
    RequestToApplicant,
    /// The day stated in the notice.
    StatedDay,
    /// The day of the notice.
    Notice,
    /// The request of the synchronous form that the procedente granted.
    SynchronousRequest,
    /// The first meeting.
    FirstMeeting,
    /// The communication of the conclusion.
    Communication,
    /// The receipt of the opposition.
    Opposition,
    /// The meeting at the Presidency of the Council.
    CouncilMeeting,
    /// The adoption of the act.
    Adoption,
    /// A day that somebody names.
    GivenDay,
}

/// A stated date and the law disagree (T8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conflict {
    /// The body received later than the stated date assumes: its own days hold, the stated date does not shorten them.
    ReceivedLaterThanStated,
    /// The stated date lies beyond the legal maximum: the law's date holds, what comes between the two is disputed.
    StatedBeyondMaximum,
}

/// One step from the start of a term to its date.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// It counts from here; the day itself is not counted.
    Start {
        /// What happened.
        event: StartEvent,
        /// When.
        on: Date,
    },
    /// Days were added.
    Added {
        /// How many.
        days: u16,
        /// Of which kind.
        unit: DayUnit,
        /// By which norm.
        norm: String,
        /// The day reached.
        to: Date,
    },
    /// Days were taken off: the term is counted backwards (T10).
    Subtracted {
        /// How many.
        days: u16,
        /// Of which kind.
        unit: DayUnit,
        /// By which norm.
        norm: String,
        /// The day reached.
        to: Date,
    },
    /// The term was interrupted and starts anew (S5).
    Restarted {
        /// The day of the request.
        requested: Date,
        /// It counts from here; the day itself is not counted.
        on: Date,
    },
    /// The terms stood still (art. 2 c. 7).
    StoodStill {
        /// From.
        from: Date,
        /// They run again from.
        resumed: Date,
        /// The days by which the term moves.
        days: i64,
        /// Nothing came yet: computed with the most days possible.
        projected: bool,
        /// The day reached.
        to: Date,
    },
    /// The last day could not be one.
    Rolled {
        /// The days that could not.
        skipped: Vec<Skipped>,
        /// The day reached.
        to: Date,
    },
    /// The last day of a term counted backwards could not be one.
    RolledBack {
        /// The days that could not.
        skipped: Vec<Skipped>,
        /// The day reached.
        to: Date,
    },
    /// The date stated by the procedente lies within the law and binds.
    StatedHolds {
        /// The date as stated (and moved, if the terms stood still).
        stated: Date,
        /// The day reached.
        to: Date,
    },
    /// The date stated by the procedente does not bind as it is.
    Conflict {
        /// Why.
        conflict: Conflict,
        /// The date as stated (and moved, if the terms stood still).
        stated: Date,
        /// The date that the law gives.
        computed: Date,
    },
    /// The procedente corrected the date.
    Corrected {
        /// The day reached.
        to: Date,
    },
    /// The prudential reading ends later.
    Prudential {
        /// The days that it skips.
        skipped: Vec<Skipped>,
        /// Its day.
        to: Date,
    },
}

impl Term {
    /// Whether it ended under the strict reading.
    pub fn expired(&self, now: LegalNow) -> bool {
        expired(self.strict, now)
    }

    /// Whether it ended under every reading.
    pub fn expired_prudentially(&self, now: LegalNow) -> bool {
        expired(self.prudential, now)
    }

    /// The disagreements between stated dates and the law.
    pub fn conflicts(&self) -> impl Iterator<Item = Conflict> {
        self.derivation.iter().filter_map(|step| match step {
            Step::Conflict { conflict, .. } => Some(*conflict),
            _ => None,
        })
    }

    /// The line that stands for it in a `TermDigest`.
    pub fn line(&self) -> TermLine {
        TermLine {
            term: self.kind,
            body: self.body.clone(),
            strict: self.strict,
            prudential: self.prudential,
        }
    }

    /// The reason of its date, for people.
    pub fn derivation_text(&self, lang: Lang) -> String {
        derivation_text(&self.derivation, lang)
    }
}

/// The reason of a date, step by step, for people.
pub fn derivation_text(steps: &[Step], lang: Lang) -> String {
    let mut steps: Vec<String> = steps.iter().map(|step| step_text(step, lang)).collect();
    steps.dedup(); // a date stated twice, and the same, is one reason
    steps.join("; ")
}

/// The digest that receipts and `TermDigest` carry: SHA-256 over one line for each term,
/// `kind|body or nothing|strict|prudential` and a line feed, the lines sorted as bytes; dates as `YYYY-MM-DD`.
pub fn terms_digest(terms: &[Term]) -> Digest {
    let mut lines: Vec<String> = terms
        .iter()
        .map(|term| {
            let body = term.body.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{}|{body}|{}|{}\n", term.kind, term.strict, term.prudential)
        })
        .collect();
    lines.sort_unstable();
    Digest::of(lines.concat().as_bytes())
}

fn step_text(step: &Step, lang: Lang) -> String {
    let day = |date: &Date| date_text(*date, lang);
    match (step, lang) {
        (Step::Start { event, on }, _) => format!("{} {}", start_text(*event, lang), day(on)),
        (Step::Added { days, unit, norm, to }, _) => {
            format!("+ {days} {} ({norm}) = {}", unit_text(*unit, lang), day(to))
        }
        (Step::Subtracted { days, unit, norm, to }, _) => {
            format!("- {days} {} ({norm}) = {}", unit_text(*unit, lang), day(to))
        }
        (Step::Restarted { requested, on }, Lang::It) => {
            format!("interrotto dalla richiesta di {}: decorre di nuovo da {}", day(requested), day(on))
        }
        (Step::Restarted { requested, on }, Lang::En) => {
            format!("interrupted by the request of {}: starts anew on {}", day(requested), day(on))
        }
        (Step::RolledBack { skipped, to }, Lang::It) => {
            format!("{}: anticipato a {}", skipped_text(skipped, lang), day(to))
        }
        (Step::RolledBack { skipped, to }, Lang::En) => {
            format!("{}: moved back to {}", skipped_text(skipped, lang), day(to))
        }
        (Step::StoodStill { from, resumed, days, projected, to }, Lang::It) => {
            let how = if *projected { ", al massimo" } else { "" };
            format!("sospeso dal {} al {}{how}: + {days} giorni = {}", day(from), day(resumed), day(to))
        }
        (Step::StoodStill { from, resumed, days, projected, to }, Lang::En) => {
            let how = if *projected { ", at most" } else { "" };
            format!("suspended from {} to {}{how}: + {days} days = {}", day(from), day(resumed), day(to))
        }
        (Step::Rolled { skipped, to }, Lang::It) => {
            format!("{}: scade {}", skipped_text(skipped, lang), day(to))
        }
        (Step::Rolled { skipped, to }, Lang::En) => {
            format!("{}: ends {}", skipped_text(skipped, lang), day(to))
        }
        (Step::StatedHolds { stated, .. }, Lang::It) => {
            format!("vale la data indicata nell'indizione: {}", day(stated))
        }
        (Step::StatedHolds { stated, .. }, Lang::En) => format!("the stated date holds: {}", day(stated)),
        (Step::Conflict { conflict, stated, computed }, _) => {
            conflict_text(*conflict, *stated, *computed, lang)
        }
        (Step::Corrected { to }, Lang::It) => format!("rettificato: {}", day(to)),
        (Step::Corrected { to }, Lang::En) => format!("corrected: {}", day(to)),
        (Step::Prudential { skipped, to }, Lang::It) => {
            let why = skipped_text(skipped, lang);
            format!("lettura prudenziale{}: {}", in_brackets(&why), day(to))
        }
        (Step::Prudential { skipped, to }, Lang::En) => {
            let why = skipped_text(skipped, lang);
            format!("prudential reading{}: {}", in_brackets(&why), day(to))
        }
    }
}

fn in_brackets(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" ({text})") }
}

/// What a term counts from, for people.
pub fn start_text(event: StartEvent, lang: Lang) -> &'static str {
    match (event, lang) {
        (StartEvent::Application, Lang::It) => "istanza o avvio d'ufficio",
        (StartEvent::Application, Lang::En) => "application or start ex officio",
        (StartEvent::Receipt, Lang::It) => "ricevuta",
        (StartEvent::Receipt, Lang::En) => "received",
        (StartEvent::LastExpiry, Lang::It) => "scadenza dell'ultimo termine per le determinazioni",
        (StartEvent::LastExpiry, Lang::En) => "expiry of the last determination term",
        (StartEvent::LastPosition, Lang::It) => {
            "ultima determinazione ricevuta o scadenza dell'ultimo termine"
        }
        (StartEvent::LastPosition, Lang::En) => "last determination received or expiry of the last term",
        (StartEvent::RequestToApplicant, Lang::It) => "richiesta all'interessato",
        (StartEvent::RequestToApplicant, Lang::En) => "request to the applicant",
        (StartEvent::StatedDay, Lang::It) => "data indicata nell'indizione",
        (StartEvent::StatedDay, Lang::En) => "day stated in the notice",
        (StartEvent::Notice, Lang::It) => "indizione",
        (StartEvent::Notice, Lang::En) => "notice",
        (StartEvent::SynchronousRequest, Lang::It) => "richiesta della modalità sincrona",
        (StartEvent::SynchronousRequest, Lang::En) => "request of the synchronous form",
        (StartEvent::FirstMeeting, Lang::It) => "prima riunione",
        (StartEvent::FirstMeeting, Lang::En) => "first meeting",
        (StartEvent::Communication, Lang::It) => "comunicazione della determinazione",
        (StartEvent::Communication, Lang::En) => "communication of the determination",
        (StartEvent::Opposition, Lang::It) => "ricezione dell'opposizione",
        (StartEvent::Opposition, Lang::En) => "receipt of the opposition",
        (StartEvent::CouncilMeeting, Lang::It) => "riunione presso la Presidenza del Consiglio",
        (StartEvent::CouncilMeeting, Lang::En) => "meeting at the Presidency of the Council",
        (StartEvent::Adoption, Lang::It) => "adozione dell'atto",
        (StartEvent::Adoption, Lang::En) => "adoption of the act",
        (StartEvent::GivenDay, Lang::It) => "dal giorno indicato",
        (StartEvent::GivenDay, Lang::En) => "from the given day",
    }
}

fn unit_text(unit: DayUnit, lang: Lang) -> &'static str {
    match (unit, lang) {
        (DayUnit::Calendar, Lang::It) => "giorni",
        (DayUnit::Calendar, Lang::En) => "days",
        (DayUnit::Working, Lang::It) => "giorni lavorativi",
        (DayUnit::Working, Lang::En) => "working days",
        (DayUnit::Months, Lang::It) => "mesi",
        (DayUnit::Months, Lang::En) => "months",
    }
}

fn conflict_text(conflict: Conflict, stated: Date, computed: Date, lang: Lang) -> String {
    let (stated, computed) = (date_text(stated, lang), date_text(computed, lang));
    match (conflict, lang) {
        (Conflict::ReceivedLaterThanStated, Lang::It) => {
            format!("la data indicata ({stated}) precede quella di legge: vale {computed}")
        }
        (Conflict::ReceivedLaterThanStated, Lang::En) => {
            format!("the stated date ({stated}) precedes the law's: {computed} holds")
        }
        (Conflict::StatedBeyondMaximum, Lang::It) => {
            format!(
                "la data indicata ({stated}) supera il massimo di legge ({computed}): gli atti intermedi sono controversi"
            )
        }
        (Conflict::StatedBeyondMaximum, Lang::En) => {
            format!(
                "the stated date ({stated}) exceeds the legal maximum ({computed}): acts between are disputed"
            )
        }
    }
}

fn skipped_text(skipped: &[Skipped], lang: Lang) -> String {
    let names: Vec<String> = skipped
        .iter()
        .map(|skipped| format!("{} {}", skipped.day, holiday_name(&skipped.holiday, lang)))
        .collect();
    names.join(", ")
}

fn holiday_name(id: &str, lang: Lang) -> String {
    if id == SATURDAY {
        return match lang {
            Lang::It => "sabato".to_owned(),
            Lang::En => "Saturday".to_owned(),
        };
    }
    if id == TOO_FEW_WORKING_DAYS {
        return match lang {
            Lang::It => "meno di due giorni lavorativi".to_owned(),
            Lang::En => "fewer than two working days".to_owned(),
        };
    }
    Law::holiday_anywhere(id).map_or_else(
        || id.to_owned(),
        |holiday| match lang {
            Lang::It => holiday.it.clone(),
            Lang::En => holiday.en.clone(),
        },
    )
}
