//! The state of a conference: what the fold of the procedente's chain leaves (protocols/PROTOCOL.md, "Order and effect").
//!
//! The state holds facts, never conclusions drawn from them: terms, timeliness and the phase are computed from it on demand, so that a
//! suspension, a further receipt or a correction changes them everywhere at once and two nodes with the same events agree.

use concerto_message::{ConferenceId, Digest, MessageId, Writer};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use crate::acts::{
    Closure, CompetenceStatement, ConveningRequest, Determination, EfficacyStatement, FinalDetermination,
    Finding, ForkResolved, ImpliedAssent, IntegrationRequest, Invited, Notice, PrescriptionConsultation,
    RebuttalForwarded, RecordedExchange, SilentGrantCertificate, StatedDates, SyncModeRequest, TermDigest,
    TermKind,
};
use crate::legal_time::rome_date;
use crate::sittings::Sittings;

/// A conference as one node knows it. [`Conference::new`] is the draft before the notice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conference {
    pub(crate) id: ConferenceId,
    /// Empty in the draft.
    pub(crate) regime: String,
    pub(crate) notice: Option<Sent<Notice>>,
    /// Every body ever called, also those released.
    pub(crate) bodies: BTreeMap<Writer, Body>,
    pub(crate) requests: Vec<Received<IntegrationRequest>>,
    pub(crate) sync_requests: Vec<Received<SyncModeRequest>>,
    pub(crate) competence_statements: Vec<Received<CompetenceStatement>>,
    pub(crate) determinations: Vec<Received<Determination>>,
    pub(crate) suspension: Option<SuspensionRecord>,
    pub(crate) implied: Vec<Sent<ImpliedAssent>>,
    pub(crate) consultations: Vec<Sent<PrescriptionConsultation>>,
    pub(crate) conclusions: Vec<Sent<FinalDetermination>>,
    pub(crate) efficacy: Vec<Sent<EfficacyStatement>>,
    pub(crate) closure: Option<Sent<Closure>>,
    /// Dates of directory terms as corrected.
    pub(crate) corrected: BTreeMap<TermKind, Date>,
    pub(crate) exchanges: Vec<Sent<RecordedExchange>>,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) term_digests: BTreeMap<Writer, Sent<TermDigest>>,
    pub(crate) forks_resolved: Vec<Sent<ForkResolved>>,
    pub(crate) anomalies: Vec<Anomaly>,
    /// This and what follows is left out while there is none: the state of a case of version 0.1.0 is told as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) convening: Option<Sent<ConveningRequest>>,
    #[serde(skip_serializing_if = "Sittings::is_empty")]
    pub(crate) sittings: Sittings,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) rebuttals: Vec<Sent<RebuttalForwarded>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<Sent<SilentGrantCertificate>>,
    /// Acts that the procedente wrote for bodies without a node, by the recorded exchange that shows them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) on_behalf: BTreeMap<MessageId, MessageId>,
    /// Every message folded so far: one that comes again has no second effect.
    pub(crate) messages: BTreeSet<MessageId>,
}

/// An act of the procedente, in force from its place in the chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sent<T> {
    /// The message.
    pub message: MessageId,
    /// When its author says it was issued.
    pub issued_at: Timestamp,
    /// The act.
    pub act: T,
}

/// An act of another author, taken in charge, with the evidence of when it came.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Received<T> {
    /// The message.
    pub message: MessageId,
    /// Its author.
    pub author: Writer,
    /// When its author says it was issued.
    pub issued_at: Timestamp,
    /// When it came.
    pub evidence: Evidence,
    /// The act.
    pub act: T,
    /// Codes of the requisites it lacks (see [`crate::refusal::Refusal`]): an official decides what follows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub defects: Vec<&'static str>,
    /// What an official found about its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_finding: Option<(Finding, MessageId)>,
    /// The notice by which an official found that it lacks the requisites of art. 14-bis c. 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub non_compliant: Option<MessageId>,
    /// Whether it was said in a session, whose minutes are the message.
    #[serde(skip_serializing_if = "is_false")]
    pub in_session: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// When a message came, by the clocks of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When the procedente had it.
    pub received_at: Timestamp,
    /// Accepted receipts of other participants.
    pub others: Vec<(Writer, Timestamp)>,
    /// Records of the same act sent by its author by certified mail, each with the instant that the provider certifies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certified: Vec<(MessageId, Timestamp)>,
}

impl Evidence {
    /// The procedente's own time, and nothing else.
    pub fn at(received_at: Timestamp) -> Self {
        Self { received_at, others: Vec::new(), certified: Vec::new() }
    }
}

/// A body that was called.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Body {
    /// How it was called.
    pub invited: Invited,
    /// The message that called it, in the current round.
    pub called_by: MessageId,
    /// The day of that message.
    pub called_on: Date,
    /// The dates stated for it.
    pub stated: Option<StatedDates>,
    /// Dates stated for it later by correction, each with the day of the correction: they bind as stated dates do.
    pub corrected: Vec<(TermKind, Date, Date)>,
    /// The proof that starts its terms: the first in the procedente's chain.
    pub proof: Option<Proof>,
    /// Proofs of the same message that were named later.
    pub later_proofs: Vec<Proof>,
    /// The message that released it.
    pub released: Option<MessageId>,
}

/// Proof that a body has the message that called it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// When it had it.
    pub at: Timestamp,
    /// Digest of the receipt; of a delivery by certified mail the identifier of its record.
    pub receipt: Digest,
}

/// Proof that a body has a message of the procedente.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The message.
    pub message: MessageId,
    /// The body.
    pub body: Writer,
    /// When it had it.
    pub at: Timestamp,
    /// Digest of the receipt; of a delivery by certified mail the identifier of its record.
    pub receipt: Digest,
}

/// The one suspension (art. 2 c. 7).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuspensionRecord {
    /// The message.
    pub message: MessageId,
    /// From when the terms stand still.
    pub suspended_on: Date,
    /// The most days.
    pub days: u16,
    /// The requests it consolidates.
    pub requests: Vec<MessageId>,
    /// How it ended.
    pub delivered: Option<IntegrationRecord>,
}

/// The end of the suspension by delivery.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntegrationRecord {
    /// The message.
    pub message: MessageId,
    /// When the procedente told the others.
    pub issued_at: Timestamp,
    /// The day the integrations came.
    pub received_on: Date,
    /// The dates stated anew.
    pub dates: StatedDates,
}

/// A message that breaks a rule: kept and shown, without effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Anomaly {
    /// The message.
    pub message: MessageId,
    /// Its author.
    pub author: Writer,
    /// The code of the refusal.
    pub code: &'static str,
}

impl Conference {
    /// The draft: a conference before its notice.
    pub fn new(id: ConferenceId) -> Self {
        Self {
            id,
            regime: String::new(),
            notice: None,
            bodies: BTreeMap::new(),
            requests: Vec::new(),
            sync_requests: Vec::new(),
            competence_statements: Vec::new(),
            determinations: Vec::new(),
            suspension: None,
            implied: Vec::new(),
            consultations: Vec::new(),
            conclusions: Vec::new(),
            efficacy: Vec::new(),
            closure: None,
            corrected: BTreeMap::new(),
            exchanges: Vec::new(),
            deliveries: Vec::new(),
            term_digests: BTreeMap::new(),
            forks_resolved: Vec::new(),
            anomalies: Vec::new(),
            convening: None,
            sittings: Sittings::default(),
            rebuttals: Vec::new(),
            certificate: None,
            on_behalf: BTreeMap::new(),
            messages: BTreeSet::new(),
        }
    }

    /// Its identifier.
    pub fn id(&self) -> &ConferenceId {
        &self.id
    }

    /// The procedente.
    pub fn lead(&self) -> &Writer {
        self.id.lead()
    }

    /// The regime fixed at the notice; none in the draft.
    pub fn regime(&self) -> Option<&str> {
        self.notice.is_some().then_some(self.regime.as_str())
    }

    /// The day that fixed the regime; none in the draft.
    pub fn regime_basis(&self) -> Option<Date> {
        self.notice.as_ref().map(|notice| notice.act.regime_basis_date)
    }

    /// The notice of the current round.
    pub fn notice(&self) -> Option<&Sent<Notice>> {
        self.notice.as_ref()
    }

    /// The current round; 0 in the draft.
    pub fn round(&self) -> u32 {
        self.notice.as_ref().map_or(0, |notice| notice.act.round)
    }

    /// Every body ever called.
    pub fn bodies(&self) -> &BTreeMap<Writer, Body> {
        &self.bodies
    }

    /// A body that was called and is not released.
    pub fn active_body(&self, writer: &Writer) -> Option<&Body> {
        self.bodies.get(writer).filter(|body| body.released.is_none())
    }

    /// The bodies that were called and are not released.
    pub fn active_bodies(&self) -> impl Iterator<Item = (&Writer, &Body)> {
        self.bodies.iter().filter(|(_, body)| body.released.is_none())
    }

    /// The determinations taken in charge in the current round, also those that do not count.
    pub fn determinations(&self) -> impl Iterator<Item = &Received<Determination>> {
        let round = self.round();
        self.determinations.iter().filter(move |determination| determination.act.round == round)
    }

    /// The determinations of one body in the current round.
    pub fn determinations_of<'a>(
        &'a self,
        body: &'a Writer,
    ) -> impl Iterator<Item = &'a Received<Determination>> {
        self.determinations().filter(move |determination| determination.author == *body)
    }

    /// The latest determination of one body in the current round.
    pub fn latest_determination_of(&self, body: &Writer) -> Option<&Received<Determination>> {
        let round = self.round();
        let mut latest_first = self.determinations.iter().rev();
        latest_first.find(|determination| determination.act.round == round && determination.author == *body)
    }

    /// The integration requests taken in charge, also those that came after their term.
    pub fn integration_requests(&self) -> &[Received<IntegrationRequest>] {
        &self.requests
    }

    /// The requests of the synchronous form taken in charge.
    pub fn sync_requests(&self) -> &[Received<SyncModeRequest>] {
        &self.sync_requests
    }

    /// The competence statements taken in charge.
    pub fn competence_statements(&self) -> &[Received<CompetenceStatement>] {
        &self.competence_statements
    }

    /// The one suspension, if it was used.
    pub fn suspension(&self) -> Option<&SuspensionRecord> {
        self.suspension.as_ref()
    }

    /// The implied assents of which note was taken in the current round.
    pub fn implied_assents(&self) -> impl Iterator<Item = &Sent<ImpliedAssent>> {
        let round = self.round();
        self.implied.iter().filter(move |implied| implied.act.round == round)
    }

    /// What was recorded with those who have no node.
    pub fn exchanges(&self) -> &[Sent<RecordedExchange>] {
        &self.exchanges
    }

    /// One recorded exchange.
    pub fn exchange(&self, message: MessageId) -> Option<&Sent<RecordedExchange>> {
        self.exchanges.iter().find(|exchange| exchange.message == message)
    }

    /// The recorded exchange that shows an act which the procedente wrote for a body without a node; none for any other act.
    pub fn evidence_of(&self, act: MessageId) -> Option<&Sent<RecordedExchange>> {
        let shown = self.on_behalf.iter().find(|(_, shown)| **shown == act);
        shown.and_then(|(evidence, _)| self.exchange(*evidence))
    }

    /// Whether a node of this body takes part in the case: it gave a receipt, or an act of it came over the network.
    pub fn has_node(&self, body: &Writer) -> bool {
        let by_mail = |message: MessageId| self.evidence_of(message).is_some();
        let receipted = self
            .deliveries
            .iter()
            .any(|proof| proof.body == *body && self.exchange(MessageId(proof.receipt)).is_none());
        receipted
            || self.term_digests.contains_key(body)
            || self.acts_of(body).any(|message| !by_mail(message))
    }

    /// The acts of a body that were taken in charge.
    pub(crate) fn acts_of<'a>(&'a self, body: &'a Writer) -> impl Iterator<Item = MessageId> + 'a {
        fn of<'a, T>(acts: &'a [Received<T>], body: &'a Writer) -> impl Iterator<Item = MessageId> + 'a {
            acts.iter().filter(move |act| act.author == *body && !act.in_session).map(|act| act.message)
        }
        of(&self.requests, body)
            .chain(of(&self.sync_requests, body))
            .chain(of(&self.competence_statements, body))
            .chain(of(&self.determinations, body))
            .chain(of(&self.sittings.dissents, body))
    }

    /// The consultations on prescriptions.
    pub fn consultations(&self) -> &[Sent<PrescriptionConsultation>] {
        &self.consultations
    }

    /// The conclusion of the current round.
    pub fn conclusion(&self) -> Option<&Sent<FinalDetermination>> {
        let round = self.round();
        self.conclusions.iter().find(|conclusion| conclusion.act.round == round)
    }

    /// The request or application on record.
    pub fn convening_request(&self) -> Option<&Sent<ConveningRequest>> {
        self.convening.as_ref()
    }

    /// The observations of art. 10-bis forwarded to all.
    pub fn rebuttals(&self) -> &[Sent<RebuttalForwarded>] {
        &self.rebuttals
    }

    /// The certificate of a grant by silence.
    pub fn certificate(&self) -> Option<&Sent<SilentGrantCertificate>> {
        self.certificate.as_ref()
    }

    /// The end without a decision.
    pub fn closure(&self) -> Option<&Sent<Closure>> {
        self.closure.as_ref()
    }

    /// Proofs that bodies have messages of the procedente, in the order of its chain.
    pub fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }

    /// Messages that broke a rule and have no effect.
    pub fn anomalies(&self) -> &[Anomaly] {
        &self.anomalies
    }

    /// Terms as others computed them otherwise: an alarm until the procedente corrects a date or they agree again.
    pub fn term_digests(&self) -> &BTreeMap<Writer, Sent<TermDigest>> {
        &self.term_digests
    }
}

impl Body {
    /// Whether it guards a sensitive interest (art. 14-bis c. 2 lett. c).
    pub fn is_sensitive(&self) -> bool {
        !self.invited.sensitive.is_empty()
    }

    /// The day from which its terms run: that of its receipt, and never before it was called (T8).
    pub fn received_on(&self) -> Option<Date> {
        self.proof.map(|proof| rome_date(proof.at).max(self.called_on))
    }

    /// The requested acts for which European law wants an express act.
    pub fn eu_express_acts(&self) -> impl Iterator<Item = &str> {
        self.invited.acts.iter().filter(|act| act.eu_express_act.is_some()).map(|act| act.act.as_str())
    }
}

impl SuspensionRecord {
    /// The last day it can last (S1).
    pub fn ends_at_most(&self) -> Date {
        crate::calendar::add_days(self.suspended_on, i64::from(self.days))
    }

    /// The day the terms run again (S3); while nothing came, the last possible one.
    pub fn resumes_on(&self) -> Date {
        let most = self.ends_at_most();
        self.delivered.as_ref().map_or(most, |delivered| delivered.received_on.clamp(self.suspended_on, most))
    }

    /// Whether the terms stand still on `day`.
    pub fn stands_on(&self, day: Date) -> bool {
        self.delivered.is_none() && self.suspended_on <= day && day <= self.ends_at_most()
    }
}
