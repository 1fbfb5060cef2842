//! Italian and English: dates and the words for what the law counts. Screens and reports use them, never the wire.

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};
use std::fmt;

use crate::acts::{Question, TermKind};

/// A language of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    /// Italian.
    #[default]
    It,
    /// English.
    En,
}

/// A date with its day of the week: `lunedì 30 novembre 2026`, `Monday 30 November 2026`.
pub fn date_text(date: Date, lang: Lang) -> String {
    format!("{} {} {} {}", weekday(date.weekday(), lang), date.day(), month(date.month(), lang), date.year())
}

fn weekday(day: Weekday, lang: Lang) -> &'static str {
    match (day, lang) {
        (Weekday::Monday, Lang::It) => "lunedì",
        (Weekday::Monday, Lang::En) => "Monday",
        (Weekday::Tuesday, Lang::It) => "martedì",
        (Weekday::Tuesday, Lang::En) => "Tuesday",
        (Weekday::Wednesday, Lang::It) => "mercoledì",
        (Weekday::Wednesday, Lang::En) => "Wednesday",
        (Weekday::Thursday, Lang::It) => "giovedì",
        (Weekday::Thursday, Lang::En) => "Thursday",
        (Weekday::Friday, Lang::It) => "venerdì",
        (Weekday::Friday, Lang::En) => "Friday",
        (Weekday::Saturday, Lang::It) => "sabato",
        (Weekday::Saturday, Lang::En) => "Saturday",
        (Weekday::Sunday, Lang::It) => "domenica",
        (Weekday::Sunday, Lang::En) => "Sunday",
    }
}

const MONTHS_IT: [&str; 12] = [
    "gennaio",
    "febbraio",
    "marzo",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "agosto",
    "settembre",
    "ottobre",
    "novembre",
    "dicembre",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn month(month: i8, lang: Lang) -> &'static str {
    let names = match lang {
        Lang::It => MONTHS_IT,
        Lang::En => MONTHS_EN,
    };
    usize::try_from(month - 1).ok().and_then(|place| names.get(place).copied()).unwrap_or_default()
}

impl TermKind {
    /// Its stable name, as on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::IntegrationRequests => "integration_requests",
            Self::Suspension => "suspension",
            Self::Determination => "determination",
            Self::Meeting => "meeting",
            Self::FinalDetermination => "final_determination",
            Self::Procedure => "procedure",
            Self::EndOfWorks => "end_of_works",
        }
    }

    /// What it is called.
    pub fn text(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::Notice, Lang::It) => "indizione",
            (Self::Notice, Lang::En) => "notice",
            (Self::IntegrationRequests, Lang::It) => "richieste di integrazioni",
            (Self::IntegrationRequests, Lang::En) => "integration requests",
            (Self::Suspension, Lang::It) => "fine della sospensione",
            (Self::Suspension, Lang::En) => "end of the suspension",
            (Self::Determination, Lang::It) => "determinazione",
            (Self::Determination, Lang::En) => "determination",
            (Self::Meeting, Lang::It) => "riunione",
            (Self::Meeting, Lang::En) => "meeting",
            (Self::FinalDetermination, Lang::It) => "determinazione conclusiva",
            (Self::FinalDetermination, Lang::En) => "final determination",
            (Self::Procedure, Lang::It) => "conclusione del procedimento",
            (Self::Procedure, Lang::En) => "end of the procedure",
            (Self::EndOfWorks, Lang::It) => "conclusione dei lavori",
            (Self::EndOfWorks, Lang::En) => "end of the works",
        }
    }
}

impl fmt::Display for TermKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PrescriptionsAcceptable => "prescriptions_acceptable",
            Self::DissentNotSuperable => "dissent_not_superable",
            Self::PrevailingPositions => "prevailing_positions",
        })
    }
}
