//! The acts of a conference as typed facts: what a link says that moves a term or the state.
//!
//! Never free text and never personal data: reasons, prescriptions and names stand in the body of the message. The JSON of each
//! act is the `facts` of its link and has a schema of the same name in `schemas/`.

mod meetings;

use concerto_message::{Digest, Incarnation, MessageId, Writer};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use meetings::{
    Appointer, ConveningRequest, DissentToRepresentative, Level, MeetingCall, MeetingMinutes, MeetingMode,
    Present, QualifiedInterest, RebuttalForwarded, RepresentativeAppointment, Sector, SessionPosition,
    SilentGrantCertificate, WorksClass,
};

/// An act: the type of a message with its facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "facts")]
pub enum Act {
    /// Opens the conference (L. 241/1990 art. 14-bis c. 2).
    #[doc(alias = "indizione")]
    Notice(Notice),
    /// A body says that it has no competence, or who has.
    #[doc(alias = "declaratoria di non competenza")]
    CompetenceStatement(CompetenceStatement),
    /// The procedente calls further bodies, or releases one.
    #[doc(alias = "estensione della convocazione")]
    ParticipantAdded(ParticipantAdded),
    /// A body asks for integrations or clarifications (art. 14-bis c. 2 lett. b).
    #[doc(alias = "richiesta di integrazioni")]
    IntegrationRequest(IntegrationRequest),
    /// The procedente suspends the terms, once (art. 2 c. 7).
    #[doc(alias = "sospensione dei termini")]
    Suspension(Suspension),
    /// The procedente forwards what the applicant delivered and resumes the terms.
    #[doc(alias = "trasmissione integrazioni")]
    IntegrationDelivered(IntegrationDelivered),
    /// A body or the party asks for the synchronous form (art. 14-bis c. 7).
    #[doc(alias = "richiesta di modalità sincrona")]
    SyncModeRequest(SyncModeRequest),
    /// A body gives its position (art. 14-bis c. 3).
    #[doc(alias = "determinazione di una amministrazione")]
    Determination(Determination),
    /// The procedente takes note of an assent implied by silence (art. 14-bis c. 4).
    #[doc(alias = "silenzio assenso")]
    ImpliedAssent(ImpliedAssent),
    /// The procedente says why an act counts, or does not.
    #[doc(alias = "segnalazione di atto tardivo o non conforme")]
    LateOrInvalidActNotice(LateOrInvalidActNotice),
    /// The procedente hears the party and the other bodies on the prescriptions (art. 14-bis c. 5).
    #[doc(alias = "audizione sulle prescrizioni")]
    PrescriptionConsultation(PrescriptionConsultation),
    /// The reasoned determination that concludes the conference (art. 14-quater).
    #[doc(alias = "determinazione motivata di conclusione")]
    FinalDetermination(FinalDetermination),
    /// The state of the conclusion's efficacy (art. 14-quater c. 3).
    #[doc(alias = "attestazione di efficacia")]
    EfficacyStatement(EfficacyStatement),
    /// The procedente corrects a date that it had stated.
    #[doc(alias = "rettifica dei termini")]
    TermCorrection(TermCorrection),
    /// The conference ends without a decision.
    #[doc(alias = "archiviazione")]
    Closure(Closure),
    /// The procedente takes others' messages in charge: from here they have effect.
    #[doc(alias = "presa in carico")]
    TakenInCharge(TakenInCharge),
    /// A node computes other terms than another.
    #[doc(alias = "impronta dei termini")]
    TermDigest(TermDigest),
    /// The procedente chooses one branch of a fork, after an official was asked.
    #[doc(alias = "risoluzione di biforcazione")]
    ForkResolved(ForkResolved),
    /// A message whose very type only its audience may know; it moves neither term nor state.
    #[doc(alias = "atto riservato")]
    Sealed(Sealed),
    /// The procedente records what it sent to, or had from, somebody without a node.
    #[doc(alias = "registrazione di comunicazione")]
    RecordedExchange(RecordedExchange),
    /// The procedente records the request or application that starts the procedure (art. 14-bis c. 2).
    #[doc(alias = "richiesta di indizione")]
    ConveningRequest(ConveningRequest),
    /// The procedente calls a meeting (art. 14-bis c. 6-7, art. 14-ter c. 1).
    #[doc(alias = "convocazione della riunione")]
    MeetingCall(MeetingCall),
    /// Who speaks for one or more bodies (art. 14-ter c. 3-5).
    #[doc(alias = "rappresentante unico")]
    RepresentativeAppointment(RepresentativeAppointment),
    /// A body of the State tells the single representative of its dissent (art. 14-ter c. 4).
    #[doc(alias = "dissenso comunicato al rappresentante unico")]
    DissentToRepresentative(DissentToRepresentative),
    /// What happened in one session (art. 14-ter).
    #[doc(alias = "verbale")]
    MeetingMinutes(MeetingMinutes),
    /// The procedente forwards the observations of art. 10-bis (art. 14-bis c. 5).
    #[doc(alias = "osservazioni ex art. 10-bis")]
    RebuttalForwarded(RebuttalForwarded),
    /// The procedente certifies a grant by silence (D.Lgs. 259/2003 art. 44, 49).
    #[doc(alias = "attestazione del silenzio")]
    SilentGrantCertificate(SilentGrantCertificate),
}

/// What the conference is for (art. 14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// *Istruttoria* (art. 14 c. 1).
    FactFinding,
    /// *Preliminare* (art. 14 c. 3).
    Preliminary,
    /// *Decisoria* (art. 14 c. 2).
    Decision,
}

/// How the conference works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// *Semplificata asincrona* (art. 14-bis).
    Simplified,
    /// *Simultanea sincrona* (art. 14-ter).
    Simultaneous,
}

/// A sensitive interest (art. 14-bis c. 2 lett. c).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensitiveInterest {
    /// Environment.
    Environment,
    /// Landscape and territory.
    Landscape,
    /// Cultural heritage.
    CulturalHeritage,
    /// Health of citizens.
    Health,
}

/// Whom the longer term of sensitive interests concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensitiveScope {
    /// Only the bodies that guard such interests.
    Own,
    /// Every body of the conference.
    All,
}

/// *Indizione*.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// What the conference is for.
    pub kind: Kind,
    /// How it works.
    pub form: Form,
    /// Whether a party applied (else ex officio): a negative conclusion then acts as the notice of art. 10-bis.
    pub party_initiated: bool,
    /// The day of receipt of the application, or of the start ex officio: starts the 5 working days of art. 14-bis c. 2.
    pub started_on: Date,
    /// The day by which the regime was chosen (normally that of the notice).
    pub regime_basis_date: Date,
    /// The dates stated.
    pub dates: StatedDates,
    /// Whom the longer term concerns.
    pub sensitive_scope: SensitiveScope,
    /// The bodies called.
    pub invited: Vec<Invited>,
    /// 1, or higher after the observations of art. 10-bis.
    pub round: u32,
    /// The sector, where its law has conferences of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<Sector>,
}

/// The absolute dates that a notice states (art. 14-bis c. 2 lett. b, c, d).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedDates {
    /// Last day for integration requests (lett. b).
    pub integration_until: Date,
    /// Last day for determinations (lett. c); in the simultaneous form the day by which the works are to end (art. 14-ter c. 2).
    pub determination_until: Date,
    /// Last day for the determinations of bodies that guard sensitive interests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitive_until: Option<Date>,
    /// Day of the meeting, if one is needed (lett. d); in the simultaneous form the day of the first session.
    pub meeting_on: Date,
    /// Last day of the whole procedure (art. 2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub procedure_until: Option<Date>,
}

/// A body called to the conference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invited {
    /// The body.
    pub body: Writer,
    /// The acts of assent asked of it; at least one.
    pub acts: Vec<RequestedAct>,
    /// The sensitive interests it guards; none for an ordinary body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitive: Vec<SensitiveInterest>,
    /// Where its office has its seat, if local holidays of that place move its terms (`roma`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<String>,
    /// Its level of government, where the single representative of the State is due (art. 14-ter c. 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
}

/// An act of assent asked of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedAct {
    /// A short name in lower case, such as `parere-paesaggistico`; its text stands in the body of the notice.
    pub act: String,
    /// The European norm that asks for an express act, where one does: silence then never assents. Decided by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eu_express_act: Option<String>,
}

/// *Declaratoria di non competenza*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompetenceStatement {
    /// Who is competent instead, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested: Option<Writer>,
}

/// *Estensione della convocazione*: bodies added and bodies released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParticipantAdded {
    /// Bodies called from now on, each with its own clock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<Invited>,
    /// The dates stated for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<StatedDates>,
    /// Bodies released after their statement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<Released>,
}

/// A body that takes part no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Released {
    /// The body.
    pub body: Writer,
    /// Its competence statement.
    pub statement: MessageId,
}

/// *Richiesta di integrazioni*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntegrationRequest {
    /// How many things it asks for (listed in the body).
    pub items: u32,
    /// Whether they concern facts, states or qualities that no administration holds (art. 2 c. 7).
    pub facts_of_art_2_c_7: bool,
}

/// *Sospensione*: one for the conference, at most 30 days (art. 2 c. 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    /// The requests it consolidates.
    pub requests: Vec<MessageId>,
    /// The day of the request to the applicant, from which the terms stand still.
    pub suspended_on: Date,
    /// The most days it lasts.
    pub days: u16,
}

/// *Trasmissione delle integrazioni e ripresa*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntegrationDelivered {
    /// The suspension that ends.
    pub suspension: MessageId,
    /// The day the integrations came.
    pub received_on: Date,
    /// The dates as recomputed.
    pub dates: StatedDates,
}

/// Who asks for the synchronous form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedBy {
    /// The writer itself.
    Body,
    /// The party, through the writer.
    Party,
}

/// *Richiesta di modalità sincrona*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncModeRequest {
    /// Who asks.
    pub asked_by: AskedBy,
}

/// The position of a body (art. 14-bis c. 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// *Assenso*.
    Assent,
    /// *Assenso con condizioni*.
    ConditionalAssent,
    /// *Dissenso superabile*, with the changes that would make assent possible.
    SurmountableDissent,
    /// *Dissenso*.
    Dissent,
}

impl Position {
    /// Whether it is a dissent, superable or not.
    pub fn is_dissent(self) -> bool {
        matches!(self, Self::SurmountableDissent | Self::Dissent)
    }
}

/// *Determinazione* of one body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Determination {
    /// The position.
    pub position: Position,
    /// The round it answers.
    pub round: u32,
    /// The acts of assent it stands for.
    pub acts: Vec<String>,
    /// The prescriptions; their text stands in the body under the same number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prescriptions: Vec<Prescription>,
}

/// Where a prescription comes from; the law wants it said (art. 14-bis c. 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrescriptionOrigin {
    /// A norm.
    Norm,
    /// A general administrative act.
    GeneralAct,
    /// Discretion, for the better protection of the public interest.
    Discretion,
}

/// A prescription or condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prescription {
    /// Its number within the determination, from 1.
    pub number: u16,
    /// Where it comes from.
    pub origin: PrescriptionOrigin,
    /// What it costs, in euro with two decimals (`12500.00`); mandatory under regime R1b (DL 76/2020 art. 13).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_eur: Option<String>,
    /// Whether it is a change or mitigating measure that would make assent possible.
    pub mitigating: bool,
}

/// Why an assent is implied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImpliedGround {
    /// Nothing came in the term.
    Silence,
    /// Only a late act came.
    Late,
    /// Only an act without the requisites of art. 14-bis c. 3 came.
    NonCompliant,
    /// It was at no session of the conference that met (art. 14-ter c. 7, art. 14-bis c. 6).
    Absent,
}

/// *Presa d'atto* of an implied assent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImpliedAssent {
    /// The silent body.
    pub body: Writer,
    /// Why.
    pub ground: ImpliedGround,
    /// The round.
    pub round: u32,
    /// The term that passed.
    pub strict: Date,
    /// The same under the prudential reading; the note is taken after it only.
    pub prudential: Date,
    /// The proof that the body had the notice: digest of its receipt.
    pub proof_of_receipt: Digest,
    /// The acts that came late or were not compliant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<MessageId>,
}

/// What the procedente finds about an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It came in time: a disputed act that an official admits.
    Timely,
    /// It came late and does not count (art. 2 c. 8-bis).
    Late,
    /// It lacks the requisites of art. 14-bis c. 3.
    NonCompliant,
    /// It came late and counts all the same: European law wants an act of it express, so that no silence takes its place (art. 14-bis c. 4).
    ExpressAct,
}

/// *Segnalazione di atto tardivo o non conforme*; the reasons stand in the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LateOrInvalidActNotice {
    /// The act.
    pub message: MessageId,
    /// The finding, a person's.
    pub finding: Finding,
    /// Whose position, where the act is the minutes of a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Writer>,
}

/// *Audizione sulle prescrizioni*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrescriptionConsultation {
    /// The determinations whose prescriptions are heard.
    pub determinations: Vec<MessageId>,
    /// Last day for an answer.
    pub answer_until: Date,
}

/// How the conference ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Positive, all assents unconditional.
    Positive,
    /// Positive, with prescriptions accepted.
    PositiveWithPrescriptions,
    /// Negative.
    Negative,
    /// Positive although somebody dissents or a condition is not accepted: after a meeting, by the prevailing positions as the procedente
    /// judges them (art. 14-ter c. 7), or by majority where the law of a sector wants one.
    PositiveOverDissent,
}

/// *Determinazione motivata di conclusione*.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinalDetermination {
    /// The outcome.
    pub outcome: Outcome,
    /// The round it concludes.
    pub round: u32,
    /// One line for every body called and not released.
    pub positions: Vec<PositionLine>,
    /// What becomes of each prescription.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prescriptions: Vec<PrescriptionOutcome>,
    /// The judgements that only a person can make; reasons and names stand in the body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judgements: Vec<Judgement>,
    /// Whether it has effect at once (art. 14-quater c. 3).
    pub efficacy: Efficacy,
}

/// One body's position as the conclusion counts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionLine {
    /// The body.
    pub body: Writer,
    /// Its position.
    pub position: Position,
    /// The determination, or the implied assent, that says so.
    pub basis: MessageId,
}

/// What becomes of one prescription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrescriptionOutcome {
    /// The determination it stands in.
    pub determination: MessageId,
    /// Its number there.
    pub number: u16,
    /// Whether it is made part of the conclusion.
    pub accepted: bool,
}

/// A question that the law leaves to a person (art. 14-bis c. 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Are all prescriptions acceptable without substantial changes to the decision?
    PrescriptionsAcceptable,
    /// Is a dissent not superable?
    DissentNotSuperable,
    /// Do the positions in favour prevail, by the weight of the interests and not by number (art. 14-ter c. 7)?
    PrevailingPositions,
}

/// A recorded answer; its reasons stand in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// The question.
    pub question: Question,
    /// The answer.
    pub answer: bool,
}

/// Efficacy of the conclusion (art. 14-quater c. 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Efficacy {
    /// At once.
    Immediate,
    /// Suspended for the time of the opposition of art. 14-quinquies.
    Suspended,
}

/// *Attestazione di efficacia*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EfficacyStatement {
    /// The conclusion.
    pub conclusion: MessageId,
    /// Its state.
    pub efficacy: Efficacy,
    /// Since when.
    pub since: Date,
}

/// Which term a correction concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermKind {
    /// The notice itself (5 working days).
    Notice,
    /// Integration requests (lett. b).
    IntegrationRequests,
    /// The end of the suspension.
    Suspension,
    /// A body's determination (lett. c).
    Determination,
    /// The meeting (lett. d).
    Meeting,
    /// The conclusion (5 working days).
    FinalDetermination,
    /// The whole procedure (art. 2).
    Procedure,
    /// The end of the works of the conference that meets (art. 14-ter c. 2).
    EndOfWorks,
}

/// *Rettifica dei termini*; never shortens a term silently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermCorrection {
    /// The term.
    pub term: TermKind,
    /// The body whose term it is, if one body's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Writer>,
    /// The date that stood.
    pub from: Date,
    /// The date that holds.
    pub to: Date,
}

/// Why a conference ends without a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosureGround {
    /// The application was withdrawn.
    Withdrawn,
    /// The case was archived.
    Archived,
    /// The joint examination of an *istruttoria* is complete (art. 14 c. 1): it decides nothing.
    Examined,
}

/// *Archiviazione*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closure {
    /// Why.
    pub ground: ClosureGround,
}

/// *Presa in carico*: gives others' messages effect, with the evidence on which every node decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TakenInCharge {
    /// Messages of other authors. A message named again brings further receipts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Taken>,
    /// Proofs that bodies received messages of the procedente: receipts, compact JWS, byte for byte.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<String>,
}

/// One message taken in charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// The message.
    pub message: MessageId,
    /// Its author.
    pub author: Writer,
    /// When the procedente had it (UTC).
    pub received_at: Timestamp,
    /// Accepted receipts of other participants for it, compact JWS, byte for byte.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<String>,
}

/// *Impronta dei termini*: the terms as the writer computes them, said when another computes otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermDigest {
    /// The last link of the procedente's chain that was folded.
    pub lead_head: MessageId,
    /// Their digest.
    pub digest: Digest,
    /// The terms.
    pub terms: Vec<TermLine>,
}

/// One term in a [`TermDigest`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermLine {
    /// The term.
    pub term: TermKind,
    /// The body whose term it is, if one body's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Writer>,
    /// The date under the strict reading.
    pub strict: Date,
    /// The date under the prudential reading.
    pub prudential: Date,
}

/// *Risoluzione di biforcazione*; the reasons stand in the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForkResolved {
    /// Whose chain forked.
    pub writer: Writer,
    /// In which incarnation.
    pub incarnation: Incarnation,
    /// At which place.
    pub sequence: u64,
    /// The link that counts.
    pub kept: MessageId,
    /// The links that do not.
    pub set_aside: Vec<MessageId>,
}

/// *Atto riservato*: everything stands in the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {}

/// Somebody without a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outside {
    /// The applicant (its name stands in the body).
    Applicant,
    /// An administration without a node.
    Body(Writer),
}

/// Which way a recorded communication went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the procedente.
    Sent,
    /// To the procedente.
    Received,
}

/// By which way a communication went (CAD art. 47-48; fax never counts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Certified mail.
    Pec,
    /// Ordinary e-mail with established provenance.
    Email,
    /// Registered letter.
    Post,
    /// A desk of the office.
    Desk,
    /// A portal.
    Portal,
}

/// *Registrazione di comunicazione*; the evidence is the first document of the link.
///
/// Of certified mail with a body the instant is that which the provider certifies: of the delivery where it was sent, of the acceptance where it
/// was received (DPR 68/2005 art. 6). Certified mail sent to a body proves that it has the message named, as its node's receipt would (RULES T9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedExchange {
    /// With whom.
    pub party: Outside,
    /// Which way.
    pub direction: Direction,
    /// By which way.
    pub channel: Channel,
    /// When it reached the party, as the evidence shows, or came from it (UTC).
    pub at: Timestamp,
    /// The message of this conference that it carries or answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<MessageId>,
}

impl RecordedExchange {
    /// The body with which it was; none of the applicant.
    pub fn with_body(&self) -> Option<&Writer> {
        match &self.party {
            Outside::Body(body) => Some(body),
            Outside::Applicant => None,
        }
    }

    /// The body to which it was sent by certified mail, with the message whose delivery it proves.
    pub fn delivered(&self) -> Option<(&Writer, MessageId)> {
        match (self.direction, self.channel) {
            (Direction::Sent, Channel::Pec) => Some((self.with_body()?, self.about?)),
            _ => None,
        }
    }

    /// The body from which it was received.
    pub fn received_from(&self) -> Option<&Writer> {
        self.with_body().filter(|_| self.direction == Direction::Received)
    }

    /// The body that sent by certified mail an act which stands on its own chain too, with that act.
    pub fn certifies(&self) -> Option<(&Writer, MessageId)> {
        (self.channel == Channel::Pec).then_some((self.received_from()?, self.about?))
    }
}

/// For whom the procedente writes an act, and what shows that it is that body's (RULES E.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behalf {
    /// The body without a node.
    pub body: Writer,
    /// The [`RecordedExchange`] by which the act came.
    pub evidence: MessageId,
}
