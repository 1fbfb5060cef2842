//! The arguments of `concerto terms`, in Italian and English.

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Terms {
    #[command(subcommand)]
    pub(crate) command: Option<TermsCommand>,
    #[command(flatten)]
    pub(crate) case: Case,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TermsCommand {
    /// Un solo termine da un giorno · one term from a day.
    Days(Days),
    /// Firma un profilo locale: scrive FILE.jws · signs a local profile: writes FILE.jws.
    Sign(Sign),
}

/// A case by its dates, each `YYYY-MM-DD`.
#[derive(Debug, Args)]
pub(crate) struct Case {
    /// Tipo di caso · kind of case (simplified, simultaneous, opposition, self_review, horizontal, electronic_plants, electronic_works,
    /// paur).
    #[arg(long, default_value = "simplified")]
    pub(crate) kind: String,
    /// Indizione, che sceglie il regime · the notice, which chooses the regime (altrimenti/else: il giorno della ricezione · the day of
    /// receipt).
    #[arg(long, value_name = "DATE")]
    pub(crate) notice: Option<Date>,
    /// Istanza o avvio d'ufficio · application or start ex officio.
    #[arg(long, value_name = "DATE")]
    pub(crate) application: Option<Date>,
    /// Ricezione dell'indizione · receipt of the notice.
    #[arg(long, value_name = "DATE")]
    pub(crate) received: Option<Date>,
    /// Prima riunione · first meeting.
    #[arg(long, value_name = "DATE")]
    pub(crate) first_meeting: Option<Date>,
    /// Comunicazione della determinazione conclusiva · communication of the final determination.
    #[arg(long, value_name = "DATE")]
    pub(crate) communicated: Option<Date>,
    /// Ricezione dell'opposizione · receipt of the opposition.
    #[arg(long, value_name = "DATE")]
    pub(crate) opposition: Option<Date>,
    /// Riunione presso la Presidenza del Consiglio · meeting at the Presidency of the Council.
    #[arg(long, value_name = "DATE")]
    pub(crate) council_meeting: Option<Date>,
    /// Adozione dell'atto · adoption of the act.
    #[arg(long, value_name = "DATE")]
    pub(crate) adopted: Option<Date>,
    /// Regime, se scelto a mano con una ragione · regime, if chosen by hand with a reason (R0, R1a, R1b, R2).
    #[arg(long)]
    pub(crate) regime: Option<String>,
    /// L'amministrazione tutela interessi sensibili · the body guards sensitive interests.
    #[arg(long)]
    pub(crate) sensitive: bool,
    /// Per chi vale il termine più lungo, se l'indizione lo dice · whom the longer term concerns, if the notice says so.
    #[arg(long, value_enum)]
    pub(crate) scope: Option<Scope>,
    /// Richiesta all'interessato: sospende o interrompe i termini · request to the applicant: suspends or interrupts the terms.
    #[arg(long, value_name = "DATE")]
    pub(crate) suspend: Option<Date>,
    /// Ricezione delle integrazioni · receipt of the integrations.
    #[arg(long, value_name = "DATE", requires = "suspend")]
    pub(crate) resume: Option<Date>,
    /// Giorni per l'intero procedimento, se un atto li fissa · days of the whole procedure, if an act sets them.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=365))]
    pub(crate) procedure_days: Option<u16>,
    #[command(flatten)]
    pub(crate) office: OfficeArguments,
    /// La ragione di ogni data, come testo · the reason of each date, as text.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Scrive le scadenze in un file di calendario · writes the dates into a calendar file (RFC 5545).
    #[arg(long, value_name = "FILE")]
    pub(crate) ics: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
}

#[derive(Debug, Args)]
pub(crate) struct OfficeArguments {
    /// Sede dell'ufficio obbligato · seat of the obliged office (roma, ancona, …).
    #[arg(long)]
    pub(crate) seat: Option<String>,
    /// Settimana di lavoro · working week.
    #[arg(long, value_enum, default_value_t = Week::MonFri)]
    pub(crate) week: Week,
}

#[derive(Debug, Args)]
pub(crate) struct ProfileArguments {
    /// Profilo locale, con la firma in FILE.jws · local profile, with its signature in FILE.jws.
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
    /// Chiavi di chi può firmare il profilo · keys of whoever may sign the profile (anchor.json, federation.toml; altrimenti/else: quelle
    /// del nodo in --home · those of the node in --home).
    #[arg(long, value_name = "FILE", requires = "profile")]
    pub(crate) anchor: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Days {
    /// Il giorno da cui si conta, escluso · the day from which is counted, not counted itself.
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Date,
    /// Quanti · how many.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) add: u16,
    /// Di che cosa · of what.
    #[arg(long, value_enum, default_value_t = Unit::Calendar)]
    pub(crate) unit: Unit,
    /// Termine di un atto dell'Unione o nazionale · term of an act of the Union, or national.
    #[arg(long, value_enum, default_value_t = CalendarChoice::National)]
    pub(crate) calendar: CalendarChoice,
    /// All'indietro («almeno 20 giorni prima») · backwards ("at least 20 days before").
    #[arg(long)]
    pub(crate) backward: bool,
    #[command(flatten)]
    pub(crate) office: OfficeArguments,
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
}

#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// Il profilo · the profile.
    pub(crate) file: PathBuf,
    /// Chiave privata di un'ancora o del nodo, PEM · private key of an anchor or of the node, PEM.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scope {
    Own,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Week {
    MonFri,
    MonSat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unit {
    Calendar,
    Working,
    Months,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CalendarChoice {
    National,
    Eu,
}
