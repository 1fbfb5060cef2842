//! Acts of the conference that meets, and of sectors with rules of their own: requests, calls, representatives, minutes, certificates
//! (L. 241/1990 art. 14-ter; DL 189/2016 art. 16; D.Lgs. 259/2003 art. 44, 49; RULES D.1-D.7). Facts only, as in [`crate::acts`].

use concerto_message::{MessageId, Writer};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Outside, Position, Prescription};

/// A sector whose law has conferences of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sector {
    /// *Conferenza permanente* of the earthquake of 2016 (DL 189/2016 art. 16 c. 1-3): it deliberates with a quorum.
    EarthquakePermanent,
    /// *Conferenza regionale* of the earthquake of 2016 (DL 189/2016 art. 16 c. 4-5): the same.
    EarthquakeRegional,
    /// Plants for electronic communications (D.Lgs. 259/2003 art. 44): the terms of L. 241/1990 are halved.
    ElectronicPlants,
    /// Civil works and digging for electronic communications (D.Lgs. 259/2003 art. 49): the same.
    ElectronicWorks,
}

impl Sector {
    /// Whether the conference deliberates by majority of those present.
    pub fn deliberates(self) -> bool {
        matches!(self, Self::EarthquakePermanent | Self::EarthquakeRegional)
    }

    /// Whether it is one of electronic communications.
    pub fn is_electronic(self) -> bool {
        !self.deliberates()
    }

    /// The kind of case in the law's data (`data/procedures.toml`).
    pub fn procedure(self) -> &'static str {
        match self {
            Self::EarthquakePermanent => "earthquake_permanent",
            Self::EarthquakeRegional => "earthquake_regional",
            Self::ElectronicPlants => "electronic_plants",
            Self::ElectronicWorks => "electronic_works",
        }
    }
}

/// Whose level of government a body is, where the single representative depends on it (art. 14-ter c. 4-5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// An administration of the State, central or peripheral.
    State,
    /// A region or autonomous province, and what depends on it.
    Region,
    /// A local body, and what depends on it.
    Local,
    /// A manager of public goods or services, or any other body.
    Other,
}

/// Which civil works a request of art. 49 of D.Lgs. 259/2003 is about: the days of silence depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorksClass {
    /// All others.
    Ordinary,
    /// Crossings, and digging of less than 200 metres.
    Crossing,
    /// Existing infrastructure, manholes, connections.
    Existing,
}

/// *Richiesta di indizione*: the request or application that the procedente received; what comes in writing stands among the documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConveningRequest {
    /// Who asks: the applicant, directly or through a desk, or another administration.
    pub from: Outside,
    /// The day of receipt: starts the 5 working days of the notice, and the days of a silent grant.
    pub received_on: Date,
    /// The sector, where its law has rules of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<Sector>,
    /// Which works (only for [`Sector::ElectronicWorks`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub works: Option<WorksClass>,
}

/// How a meeting is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeetingMode {
    /// The one telematic meeting after the determinations (DL 76/2020 art. 13; art. 14-bis c. 6 as of DL 19/2026).
    Telematic,
    /// A sitting of the simultaneous conference (art. 14-ter).
    Simultaneous,
    /// *Incontro operativo*: bodies meet to work together; it takes no positions and moves no term.
    Operative,
}

/// *Convocazione della riunione*; link, hour and agenda stand in the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeetingCall {
    /// How.
    pub mode: MeetingMode,
    /// The day.
    pub held_on: Date,
    /// The round.
    pub round: u32,
    /// The request of the synchronous form that it grants (art. 14-bis c. 7): a body's, or the record of the applicant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<MessageId>,
}

/// Who appoints a representative (art. 14-ter c. 3-5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Appointer {
    /// The President of the Council: one for all administrations of the State (c. 4).
    Presidency,
    /// The prefect: the same, where only peripheral offices of the State take part (c. 4).
    Prefect,
    /// A region, for itself and what depends on it (c. 5).
    Region,
    /// A local body, for itself and what depends on it (c. 5).
    LocalBody,
    /// The body itself (c. 3).
    Own,
}

impl Appointer {
    /// Whether it is for the administrations of the State together.
    pub fn is_of_state(self) -> bool {
        matches!(self, Self::Presidency | Self::Prefect)
    }
}

/// *Nomina del rappresentante unico*; the person and its powers stand in the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepresentativeAppointment {
    /// Who appoints.
    pub appointed_by: Appointer,
    /// The bodies represented.
    pub represents: Vec<Writer>,
}

/// The interest on whose ground a dissent may be opposed (art. 14-quinquies c. 1): a list of its own, wider than that of
/// [`crate::acts::SensitiveInterest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QualifiedInterest {
    /// Environment.
    Environment,
    /// Landscape and territory.
    Landscape,
    /// Cultural heritage.
    CulturalHeritage,
    /// Health of citizens.
    Health,
    /// Public safety.
    PublicSafety,
}

/// *Dissenso comunicato al rappresentante unico* by a body of the State that guards such an interest (art. 14-ter c. 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DissentToRepresentative {
    /// The appointment of the representative to whom it was told.
    pub appointment: MessageId,
    /// The interest; the reasons stand in the body.
    pub interest: QualifiedInterest,
    /// The round.
    pub round: u32,
}

/// *Verbale* of one session; the statements stand in the body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeetingMinutes {
    /// What called the meeting: a call, or the notice for the first session of a conference called directly.
    pub meeting: MessageId,
    /// The number of the session within the round, from 1; those of operative meetings are counted apart.
    pub session: u16,
    /// The round.
    pub round: u32,
    /// When it was opened (UTC).
    pub opened_at: Timestamp,
    /// When it was closed, or adjourned (UTC).
    pub closed_at: Timestamp,
    /// The bodies present, each through one person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub present: Vec<Present>,
    /// The positions taken, one for each body at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub positions: Vec<SessionPosition>,
    /// The day to which it was adjourned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_on: Option<Date>,
    /// Whether the applicant was heard in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub applicant_heard: bool,
    /// Whether the works were closed.
    pub works_closed: bool,
}

/// A body present at a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Present {
    /// The body.
    pub body: Writer,
    /// The appointment of its representative, where one is on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appointment: Option<MessageId>,
}

/// The position that a body took in session, through its representative (art. 14-ter c. 3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionPosition {
    /// The body.
    pub body: Writer,
    /// Its position.
    pub position: Position,
    /// The acts of assent it stands for.
    pub acts: Vec<String>,
    /// The prescriptions, numbered through the whole minutes; their text stands in the body of the minutes under the same number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prescriptions: Vec<Prescription>,
}

/// *Trasmissione delle osservazioni* of art. 10-bis to all bodies; a new round follows (art. 14-bis c. 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RebuttalForwarded {
    /// The negative conclusion.
    pub conclusion: MessageId,
    /// The record of the observations as they came.
    pub observations: MessageId,
}

/// *Attestazione* of a grant by silence (D.Lgs. 259/2003 art. 44 c. 10, art. 49 c. 6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SilentGrantCertificate {
    /// The record of the application.
    pub application: MessageId,
    /// The day of the one request of integrations to the applicant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_on: Option<Date>,
    /// The day the integrations came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_on: Option<Date>,
    /// The last day of the silence.
    pub expired_on: Date,
}
