//! What `concerto terms` refuses and what it warns of: codes, norms, and words in Italian and English (RULES A.0, B.1-B.3).

use jiff::civil::Date;
use std::collections::BTreeSet;

use crate::calendar::{Calendar, Confidence, Office};
use crate::counting::Counted;
use crate::language::{Lang, date_text};
use crate::law::{HOLIDAYS_FILE, REGIMES_FILE};
use crate::procedures::Procedure;
use crate::regime::{DayUnit, Regime};
use crate::schedule::Refused;
use crate::term::{StartEvent, start_text};

/// Why no terms are computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text(Lang::En))]
pub enum ScheduleError {
    /// The data know no such kind of case.
    UnknownKind {
        /// The kind given.
        given: String,
        /// The kinds there are.
        known: Vec<String>,
    },
    /// The data know no such regime.
    UnknownRegime {
        /// The regime given.
        given: String,
        /// The regimes there are.
        known: Vec<String>,
    },
    /// No regime holds on a day.
    NoRegime {
        /// The day.
        on: Date,
    },
    /// A date lies outside the years of the data.
    DateOutside {
        /// The date.
        day: Date,
        /// The first day of the data.
        from: Date,
        /// The last day of the data.
        until: Date,
    },
    /// No event was given from which a term of this kind counts.
    NothingStarts {
        /// The kind.
        kind: String,
        /// The events from which its terms count.
        events: Vec<StartEvent>,
    },
    /// The receipt comes before the notice.
    ReceivedBeforeNotice {
        /// The receipt.
        received: Date,
        /// The notice.
        notice: Date,
    },
    /// The kind knows no suspension.
    RequestsMoveNothing {
        /// The kind.
        kind: String,
        /// Its norm.
        norm: String,
    },
    /// The terms resume before they are suspended.
    ResumedBeforeSuspended {
        /// The day of the request.
        request: Date,
    },
    /// The terms are suspended before they run.
    SuspendedBeforeReceived {
        /// The day of the request.
        request: Date,
    },
    /// An interrupted term starts anew only with the answer.
    RestartAwaitsAnswer {
        /// The norm of the kind.
        norm: String,
    },
}

impl ScheduleError {
    /// A stable code for programs and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownKind { .. } => "terms.kind.unknown",
            Self::UnknownRegime { .. } => "terms.regime.unknown",
            Self::NoRegime { .. } => "terms.regime.none",
            Self::DateOutside { .. } => "terms.date.outside",
            Self::NothingStarts { .. } => "terms.event.missing",
            Self::ReceivedBeforeNotice { .. } => "terms.receipt.before-notice",
            Self::RequestsMoveNothing { .. } => "terms.suspension.not-known",
            Self::ResumedBeforeSuspended { .. } => "terms.suspension.order",
            Self::SuspendedBeforeReceived { .. } => "terms.suspension.before-receipt",
            Self::RestartAwaitsAnswer { .. } => "terms.restart.awaits",
        }
    }

    /// The norm, where the law is the ground.
    pub fn norm(&self) -> Option<&str> {
        match self {
            Self::UnknownKind { .. } | Self::UnknownRegime { .. } => None,
            Self::NoRegime { .. } => Some("L. 241/1990 art. 14-bis"),
            Self::DateOutside { .. } => Some("L. 260/1949"),
            Self::NothingStarts { .. } | Self::ReceivedBeforeNotice { .. } => {
                Some("L. 241/1990 art. 14-bis c. 2")
            }
            Self::ResumedBeforeSuspended { .. } | Self::SuspendedBeforeReceived { .. } => {
                Some("L. 241/1990 art. 2 c. 7")
            }
            Self::RequestsMoveNothing { norm, .. } | Self::RestartAwaitsAnswer { norm } => Some(norm),
        }
    }

    /// What was wrong and what to do.
    pub fn text(&self, lang: Lang) -> String {
        let day = |date: &Date| date_text(*date, lang);
        let [it, en] = match self {
            Self::UnknownKind { given, known } => [
                format!("tipo di caso sconosciuto: {given}; esistono {}", known.join(", ")),
                format!("unknown kind of case: {given}; there are {}", known.join(", ")),
            ],
            Self::UnknownRegime { given, known } => [
                format!("regime sconosciuto: {given}; esistono {}", known.join(", ")),
                format!("unknown regime: {given}; there are {}", known.join(", ")),
            ],
            Self::NoRegime { on } => [
                format!("nessun regime noto per un'indizione di {}: estendere {REGIMES_FILE}", day(on)),
                format!("no regime is known for a notice of {}: extend {REGIMES_FILE}", day(on)),
            ],
            Self::DateOutside { day: date, from, until } => [
                format!("{} è fuori dai dati, che vanno dal {from} al {until}: estendere {HOLIDAYS_FILE}", day(date)),
                format!("{} lies outside the data, which go from {from} to {until}: extend {HOLIDAYS_FILE}", day(date)),
            ],
            Self::NothingStarts { kind, events } => [
                format!("per {kind} serve almeno una data: {}", names(events, Lang::It)),
                format!("{kind} needs at least one date: {}", names(events, Lang::En)),
            ],
            Self::ReceivedBeforeNotice { received, notice } => [
                format!("la ricezione ({}) precede l'indizione ({})", day(received), day(notice)),
                format!("the receipt ({}) precedes the notice ({})", day(received), day(notice)),
            ],
            Self::RequestsMoveNothing { kind, .. } => [
                format!("per {kind} la legge non prevede una sospensione dei termini"),
                format!("for {kind} the law knows no suspension of the terms"),
            ],
            Self::ResumedBeforeSuspended { request } => [
                format!("la ripresa precede la sospensione di {}", day(request)),
                format!("the terms resume before the suspension of {}", day(request)),
            ],
            Self::SuspendedBeforeReceived { request } => [
                format!("la sospensione di {} precede la ricezione: il termine non correva ancora", day(request)),
                format!("the suspension of {} precedes the receipt: the term did not run yet", day(request)),
            ],
            Self::RestartAwaitsAnswer { .. } => [
                "qui la richiesta interrompe il termine, che decorre di nuovo dalla risposta: indicare --resume".to_owned(),
                "here the request interrupts the term, which starts anew with the answer: give --resume".to_owned(),
            ],
        };
        if lang == Lang::It { it } else { en }
    }
}

fn names(events: &[StartEvent], lang: Lang) -> String {
    let names: BTreeSet<_> = events.iter().map(|event| start_text(*event, lang)).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// The words for a value that nobody has settled.
pub fn missing_text(refused: &Refused, lang: Lang) -> String {
    let Refused { regime, value, norm, .. } = refused;
    match lang {
        Lang::It => format!(
            "{regime}: il valore di `{value}` non è definito ({norm}); lo fornisce un profilo locale firmato (--profile)"
        ),
        Lang::En => format!(
            "{regime}: the value of `{value}` is not settled ({norm}); a signed local profile supplies it (--profile)"
        ),
    }
}

/// Something to know before relying on a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caution {
    /// A stable code.
    pub code: &'static str,
    /// In Italian.
    pub it: String,
    /// In English.
    pub en: String,
    /// The norm it concerns.
    pub norm: Option<String>,
}

impl Caution {
    fn new(code: &'static str, it: String, en: String, norm: Option<&str>) -> Self {
        Self { code, it, en, norm: norm.map(str::to_owned) }
    }

    /// In one language.
    pub fn text(&self, lang: Lang) -> &str {
        if lang == Lang::It { &self.it } else { &self.en }
    }

    pub(crate) fn unconfirmed(regime: &Regime, it: &str, en: &str) -> Self {
        let norm = regime.citations.first().map(String::as_str);
        Self::new(
            "terms.regime.unconfirmed",
            format!("{}: {it}", regime.id),
            format!("{}: {en}", regime.id),
            norm,
        )
    }

    pub(crate) fn other_regime(regime: &Regime, expected: &Regime, notice: Date) -> Self {
        let norm = expected.citations.first().map(String::as_str);
        Self::new(
            "terms.regime.other",
            format!(
                "per un'indizione di {} vale {} ({}); {} è stato scelto a mano e va motivato",
                date_text(notice, Lang::It),
                expected.id,
                expected.it,
                regime.id
            ),
            format!(
                "a notice of {} falls under {} ({}); {} was chosen by hand and needs a reason",
                date_text(notice, Lang::En),
                expected.id,
                expected.en,
                regime.id
            ),
            norm,
        )
    }

    pub(crate) fn longer_for_all() -> Self {
        Self::new(
            "terms.sensitive.all",
            "il termine più lungo vale per tutte le amministrazioni; l'indizione può dire altrimenti (--scope own)".to_owned(),
            "the longer term holds for every body; the notice may say otherwise (--scope own)".to_owned(),
            Some("L. 241/1990 art. 14-bis c. 2 lett. c"),
        )
    }

    pub(crate) fn regime_unused(procedure: &Procedure) -> Self {
        Self::new(
            "terms.regime.unused",
            format!("{} non dipende dal regime della conferenza", procedure.kind),
            format!("{} does not depend on the regime of the conference", procedure.kind),
            Some(&procedure.norm),
        )
    }

    pub(crate) fn of_seat(calendar: &Calendar, seat: &str) -> Option<Self> {
        if let Some(holiday) = calendar.unsettled_at(seat) {
            return Some(Self::new(
                "terms.seat.unsettled",
                format!("{}: non sposta termini finché un profilo locale non lo decide", holiday.it),
                format!("{}: moves no term until a local profile decides so", holiday.en),
                Some(&holiday.citation),
            ));
        }
        (!calendar.knows_seat(seat)).then(|| {
            Self::new(
                "terms.seat.unknown",
                format!("sede {seat}: nessuna festività locale nei dati, valgono quelle nazionali"),
                format!("seat {seat}: no local holiday in the data, the national ones count"),
                None,
            )
        })
    }

    pub(crate) fn suspension_capped(most: u16) -> Self {
        Self::new(
            "terms.suspension.capped",
            format!("la sospensione dura al più {most} giorni: i termini riprendono prima della risposta"),
            format!("the suspension lasts {most} days at most: the terms resume before the answer"),
            Some("L. 241/1990 art. 2 c. 7"),
        )
    }

    pub(crate) fn request_too_late() -> Self {
        Self::new(
            "terms.suspension.too-late",
            "la richiesta è successiva alla scadenza: non sposta questo termine".to_owned(),
            "the request came after the term had ended: it does not move it".to_owned(),
            Some("L. 241/1990 art. 2 c. 7"),
        )
    }

    pub(crate) fn from_profile(source: &str) -> Self {
        Self::new(
            "terms.value.profile",
            format!("valore del profilo locale {source}"),
            format!("value of the local profile {source}"),
            None,
        )
    }

    pub(crate) fn from_memory(norm: &str) -> Self {
        Self::new(
            "terms.value.unchecked",
            "valore non riletto sul testo di legge: verificare su Normattiva".to_owned(),
            "value not read again in the text of the law: check it on Normattiva".to_owned(),
            Some(norm),
        )
    }

    fn working_days(citation: &str) -> Self {
        Self::new(
            "terms.working-days",
            "la L. 241/1990 non dice quali sono i giorni lavorativi: qui dal lunedì al venerdì, o al sabato dove l'ufficio lavora"
                .to_owned(),
            "L. 241/1990 does not say which days are working days: here Monday to Friday, or to Saturday where the office works"
                .to_owned(),
            Some(citation),
        )
    }

    pub(crate) fn eu_calendar(citation: &str) -> Self {
        Self::new(
            "terms.calendar.eu",
            "calendario dell'Unione non riletto sul testo: verificare".to_owned(),
            "calendar of the Union not read again in the text: check it".to_owned(),
            Some(citation),
        )
    }

    /// What was counted by parts of the calendar that were not read in a text: working days, closings, holidays, the Saturday.
    pub(crate) fn of_counting(
        calendar: &Calendar,
        unit: DayUnit,
        from: Date,
        counted: &Counted,
        office: &Office,
    ) -> Vec<Self> {
        let mut cautions = Vec::new();
        let mut ids: BTreeSet<&str> = counted.skipped().collect();
        if unit == DayUnit::Working {
            let (citation, tag) = calendar.working_days_source(office.six_day_week);
            cautions.extend((tag == Confidence::Memory).then(|| Self::working_days(citation)));
            let ends = (from.min(counted.due.strict), from.max(counted.due.strict));
            ids.extend(calendar.closings(ends, office.seat.as_deref()));
        }
        let (citation, tag) = calendar.prudential_source();
        if counted.due.prudential != counted.due.strict && tag == Confidence::Memory {
            cautions.push(Self::prudential(citation));
        }
        let holidays = ids.into_iter().filter_map(|id| calendar.holiday_named(id));
        let unsure = holidays.filter(|holiday| matches!(holiday.tag, Confidence::Memory | Confidence::Local));
        cautions.extend(unsure.map(|holiday| {
            Self::new(
                "terms.holiday.unchecked",
                format!("{}: il suo effetto sui termini va verificato", holiday.it),
                format!("{}: its effect on terms is to be checked", holiday.en),
                Some(&holiday.citation),
            )
        }));
        cautions
    }

    fn prudential(citation: &str) -> Self {
        Self::new(
            "terms.prudential.unchecked",
            "la lettura prudenziale del sabato va verificata".to_owned(),
            "the prudential reading of Saturdays is to be checked".to_owned(),
            Some(citation),
        )
    }

    pub(crate) fn procedure_exceeded(procedure: Date, conclusion: Date) -> Self {
        let text = |lang| (date_text(conclusion, lang), date_text(procedure, lang));
        let (it, en) = (text(Lang::It), text(Lang::En));
        Self::new(
            "terms.procedure.exceeded",
            format!("la conclusione ({}) supera il termine del procedimento ({})", it.0, it.1),
            format!("the conclusion ({}) exceeds the term of the procedure ({})", en.0, en.1),
            Some("L. 241/1990 art. 2"),
        )
    }
}
