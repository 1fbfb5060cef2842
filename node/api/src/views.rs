//! What a node shows, as data: the same for `--format json` on the command line and for the HTTP API (protocols/procedure/RULES.md, D.1).
//!
//! Everything is computed from the journal when it is asked for. The schemas of the parts that other crates define (a
//! [`ConferenceView`], a [`Term`]) are in `schemas/views.schema.json`; a test compares them with what is really shown.

use concerto_core::Case;
use concerto_core::case::Entry;
use concerto_message::receipt::TermsStatement;
use concerto_message::{ConferenceId, Digest, MessageId, ReceiptKind, Writer};
use concerto_port::{
    Alarm, DocumentStore, JournalError, JournalRead, OutboxRow, StoredReceipt, WantedDocument,
};
use concerto_procedure::acts::{Act, TermKind};
use concerto_procedure::language::Lang;
use concerto_procedure::terms::terms;
use concerto_procedure::timeliness::{Timeliness, judge};
use concerto_procedure::view::{ConferenceView, Phase};
use concerto_procedure::{LegalNow, Term, rome_date};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::words;

/// A conference in a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConferenceRow {
    /// Its identifier.
    #[schema(schema_with = crate::openapi::conference)]
    pub conference: ConferenceId,
    /// The procedente.
    #[schema(schema_with = crate::openapi::writer)]
    pub lead: Writer,
    /// Where it stands today.
    #[schema(schema_with = crate::openapi::phase)]
    pub phase: Phase,
    /// Messages that the procedente has not taken in charge yet.
    pub pending: usize,
    /// The subject of its notice, if this node may see it and holds it.
    pub subject: Option<String>,
}

/// One page of conferences, in the order in which this node first heard of them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConferencePage {
    /// The conferences.
    pub conferences: Vec<ConferenceRow>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A conference as it stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConferenceDetail {
    /// Its identifier.
    #[schema(schema_with = crate::openapi::conference)]
    pub conference: ConferenceId,
    /// The procedente.
    #[schema(schema_with = crate::openapi::writer)]
    pub lead: Writer,
    /// The subject of its notice, if this node may see it and holds it.
    pub subject: Option<String>,
    /// State, bodies, terms and what can be done next.
    #[schema(schema_with = crate::openapi::conference_view)]
    pub view: ConferenceView,
    /// Digest of the terms after the last link of the procedente that was folded.
    #[schema(schema_with = crate::openapi::terms_statement)]
    pub terms_statement: Option<TermsStatement>,
    /// Messages that the procedente has not taken in charge yet.
    #[schema(schema_with = crate::openapi::messages)]
    pub pending: Vec<MessageId>,
}

/// An act in the course of a conference.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ActRow {
    /// Its message.
    #[schema(schema_with = crate::openapi::message)]
    pub message: MessageId,
    /// Who wrote it.
    #[schema(schema_with = crate::openapi::writer)]
    pub author: Writer,
    /// The body without a node whose act it is, where its author wrote it for that body.
    #[schema(schema_with = crate::openapi::writer)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<Writer>,
    /// The recorded exchange that shows an act written for a body.
    #[schema(schema_with = crate::openapi::message)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<MessageId>,
    /// The type of the act, such as `Determination`.
    #[serde(rename = "type")]
    pub message_type: String,
    /// When it was issued (UTC).
    #[schema(value_type = String, format = DateTime)]
    pub issued_at: Timestamp,
    /// The civil day of that instant in Rome.
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    /// Whether it has effect: it is the procedente's own, or the procedente took it in charge.
    pub taken: bool,
    /// How it stands to its term, for determinations and requests of integrations.
    #[schema(schema_with = crate::openapi::timeliness)]
    pub timeliness: Option<Timeliness>,
    /// Its facts; none where the content was refused.
    #[schema(value_type = Option<Object>)]
    pub facts: Option<Value>,
}

/// The course of a conference, and its terms with the reason of each date.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Timeline {
    /// Its identifier.
    #[schema(schema_with = crate::openapi::conference)]
    pub conference: ConferenceId,
    /// The acts by time of issue; takings in charge are left out.
    pub acts: Vec<ActRow>,
    /// The terms.
    #[schema(schema_with = crate::openapi::terms)]
    pub terms: Vec<Term>,
}

/// The terms of a conference.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Terms {
    /// Its identifier.
    #[schema(schema_with = crate::openapi::conference)]
    pub conference: ConferenceId,
    /// The terms, each with the steps that lead to its date.
    #[schema(schema_with = crate::openapi::terms)]
    pub terms: Vec<Term>,
    /// Their digest, which nodes compare.
    #[schema(schema_with = crate::openapi::terms_statement)]
    pub terms_statement: Option<TermsStatement>,
    /// Whose nodes compute other terms, until the procedente corrects them; the alarm `terms.differ` has both derivations.
    #[schema(schema_with = crate::openapi::writers)]
    pub disagreeing: Vec<Writer>,
}

/// A message of another node.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReceivedRow {
    /// When this node came to hold it (UTC).
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// The conference.
    #[schema(schema_with = crate::openapi::conference)]
    pub conference: ConferenceId,
    /// The message.
    #[schema(schema_with = crate::openapi::message)]
    pub message: MessageId,
    /// Who wrote it.
    #[schema(schema_with = crate::openapi::writer)]
    pub author: Writer,
    /// The type of the act.
    #[serde(rename = "type")]
    pub message_type: String,
    /// The act in a few words.
    pub what: String,
    /// Whether the procedente took it in charge.
    pub taken: bool,
}

/// One page of messages of other nodes, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InboxPage {
    /// The messages.
    pub messages: Vec<ReceivedRow>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Something that an official must know of.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AlarmRow {
    /// Since when (UTC).
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// A stable code.
    pub code: String,
    /// What it concerns (an identifier).
    pub subject: String,
    /// The conference, if it concerns one.
    #[schema(schema_with = crate::openapi::maybe_conference)]
    pub conference: Option<ConferenceId>,
    /// What happened and what to do.
    pub text: String,
}

/// One page of alarms, oldest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AlarmPage {
    /// The alarms.
    pub alarms: Vec<AlarmRow>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A message that waits for a receipt.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WaitingRow {
    /// For whom it is.
    #[schema(schema_with = crate::openapi::writer)]
    pub peer: Writer,
    /// The message.
    #[schema(schema_with = crate::openapi::message)]
    pub message: MessageId,
    /// Since when (UTC).
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// The conference.
    #[schema(schema_with = crate::openapi::maybe_conference)]
    pub conference: Option<ConferenceId>,
    /// The type of the act.
    #[serde(rename = "type")]
    pub message_type: String,
}

/// One page of messages that wait for a receipt, oldest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OutboxPage {
    /// The messages.
    pub waiting: Vec<WaitingRow>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A body or document that a link lists.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DocumentRow {
    /// SHA-256 over salt and bytes: its name.
    #[schema(schema_with = crate::openapi::digest)]
    pub document: Digest,
    /// The link that lists it.
    #[schema(schema_with = crate::openapi::message)]
    pub message: MessageId,
    /// The author of the link.
    #[schema(schema_with = crate::openapi::writer)]
    pub author: Writer,
    /// Whether it is the text of the act (JSON) and not a document.
    pub body: bool,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub size: u64,
    /// Whether this node may see it.
    pub visible: bool,
    /// Whether this node holds it.
    pub held: bool,
}

/// One page of the documents of a conference.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DocumentPage {
    /// The documents, by time of issue of their links.
    pub documents: Vec<DocumentRow>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A document on its way to this node.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TransferRow {
    /// Its name.
    #[schema(schema_with = crate::openapi::digest)]
    pub document: Digest,
    /// The link that lists it.
    #[schema(schema_with = crate::openapi::message)]
    pub message: MessageId,
    /// The conference.
    #[schema(schema_with = crate::openapi::conference)]
    pub conference: ConferenceId,
    /// The author of the link.
    #[schema(schema_with = crate::openapi::writer)]
    pub author: Writer,
    /// Its bytes.
    pub size: u64,
    /// Bytes that are here already; null while nothing says so.
    pub received: Option<u64>,
}

/// One page of the documents on their way, oldest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TransferPage {
    /// The documents.
    pub transfers: Vec<TransferRow>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A receipt.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReceiptRow {
    /// The conference.
    #[schema(schema_with = crate::openapi::conference)]
    pub conference: ConferenceId,
    /// Who gave it.
    #[schema(schema_with = crate::openapi::writer)]
    pub issuer: Writer,
    /// Whose messages it covers.
    #[schema(schema_with = crate::openapi::writer)]
    pub author: Writer,
    /// What it says.
    #[schema(value_type = String)]
    pub kind: ReceiptKind,
    /// The messages that it covers.
    #[schema(schema_with = crate::openapi::messages)]
    pub messages: Vec<MessageId>,
    /// When the issuer had them (UTC).
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
}

/// A message whole: what was signed, and its receipts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MessageDetail {
    /// The message.
    #[schema(schema_with = crate::openapi::message)]
    pub message: MessageId,
    /// When this node came to hold it (UTC).
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// Whether this node wrote it.
    pub own: bool,
    /// The payload that was signed.
    #[schema(schema_with = crate::openapi::any_object)]
    pub payload: Value,
    /// The signed message, a compact JWS.
    pub jws: String,
    /// The receipts that this node holds for it.
    pub receipts: Vec<ReceiptRow>,
}

/// The subject of the last notice, if this node may see its text and holds it.
pub fn subject(case: &Case, documents: &dyn DocumentStore) -> Option<String> {
    let notices = case.entries().filter(|(_, e)| matches!(e.act, Ok(Act::Notice(_))));
    let last = notices.max_by_key(|(_, e)| e.issued_at)?.1.body.as_ref()?;
    let (_, bytes) = documents.get(last.digest).ok()??;
    let body: Value = serde_json::from_slice(&bytes).ok()?;
    body.get("subject").and_then(Value::as_str).map(str::to_owned)
}

/// A conference in a list.
pub fn conference_row(case: &Case, documents: &dyn DocumentStore, now: LegalNow) -> ConferenceRow {
    ConferenceRow {
        conference: case.id().clone(),
        lead: case.lead().clone(),
        phase: case.state().phase(now),
        pending: case.pending().len(),
        subject: subject(case, documents),
    }
}

/// A conference as it stands.
pub fn conference_detail(case: &Case, documents: &dyn DocumentStore, now: LegalNow) -> ConferenceDetail {
    ConferenceDetail {
        conference: case.id().clone(),
        lead: case.lead().clone(),
        subject: subject(case, documents),
        view: case.state().view(now),
        terms_statement: case.terms_statement(),
        pending: case.pending().iter().map(|(id, _)| *id).collect(),
    }
}

/// The acts of a conference by time of issue, without takings in charge.
pub fn acts(case: &Case) -> Vec<(MessageId, &Entry)> {
    let mut entries: Vec<(MessageId, &Entry)> = case
        .entries()
        .filter(|(_, e)| !matches!(e.act, Ok(Act::TakenInCharge(_))))
        .map(|(id, e)| (*id, e))
        .collect();
    entries.sort_by_key(|(id, e)| (e.issued_at, *id));
    entries
}

/// An act in the course of a conference.
pub fn act_row(case: &Case, message: MessageId, entry: &Entry) -> ActRow {
    let facts = entry.act.as_ref().ok().and_then(|act| serde_json::to_value(act).ok());
    ActRow {
        message,
        author: entry.author.clone(),
        on_behalf_of: entry.behalf.as_ref().map(|behalf| behalf.body.clone()),
        evidence: entry.behalf.as_ref().map(|behalf| behalf.evidence),
        message_type: entry.message_type.clone(),
        issued_at: entry.issued_at,
        date: rome_date(entry.issued_at),
        taken: entry.author == *case.lead() || case.is_taken(message),
        timeliness: timeliness_of(case, message),
        facts: facts.and_then(|value| value.get("facts").cloned()),
    }
}

/// The course of a conference.
pub fn timeline(case: &Case) -> Timeline {
    Timeline {
        conference: case.id().clone(),
        acts: acts(case).into_iter().map(|(id, entry)| act_row(case, id, entry)).collect(),
        terms: terms(case.state()),
    }
}

/// How a determination or an integration request stands to its term, by the evidence in the procedente's chain.
pub fn timeliness_of(case: &Case, message: MessageId) -> Option<Timeliness> {
    let state = case.state();
    if let Some(given) = state.determinations().find(|d| d.message == message && !d.in_session) {
        return Some(judge(state, &given.author, TermKind::Determination, &given.evidence));
    }
    let asked = state.integration_requests().iter().find(|r| r.message == message)?;
    Some(judge(state, &asked.author, TermKind::IntegrationRequests, &asked.evidence))
}

/// A message of another node.
pub fn received_row(lang: Lang, case: &Case, message: MessageId, entry: &Entry) -> ReceivedRow {
    ReceivedRow {
        received_at: entry.received_at,
        conference: case.id().clone(),
        message,
        author: entry.author.clone(),
        message_type: entry.message_type.clone(),
        what: words::act_text(lang, entry, &|writer| writer.to_string()),
        taken: case.is_taken(message),
    }
}

/// An alarm.
pub fn alarm_row(alarm: Alarm) -> AlarmRow {
    let Alarm { conference, code, subject, at, text } = alarm;
    AlarmRow { at, code, subject, conference, text }
}

/// A message that waits for a receipt.
///
/// # Errors
/// [`JournalError`].
pub fn waiting_row(journal: &dyn JournalRead, row: OutboxRow) -> Result<WaitingRow, JournalError> {
    let stored = journal.link(row.message)?;
    let payload = stored.as_ref().map(|stored| stored.link.payload());
    Ok(WaitingRow {
        peer: row.peer,
        message: row.message,
        since: row.since,
        conference: payload.map(|p| p.conference.clone()),
        message_type: payload.map(|p| p.message_type.clone()).unwrap_or_default(),
    })
}

/// A document on its way.
pub fn transfer_row(wanted: WantedDocument, received: Option<u64>) -> TransferRow {
    let WantedDocument { row: _, digest, message, conference, author, size } = wanted;
    TransferRow { document: digest, message, conference, author, size, received }
}

/// A receipt.
pub fn receipt_row(stored: &StoredReceipt) -> ReceiptRow {
    receipt_of(&stored.receipt)
}

/// A receipt without its place in the journal.
pub fn receipt_of(receipt: &concerto_message::Receipt) -> ReceiptRow {
    let payload = receipt.payload();
    ReceiptRow {
        conference: payload.conference.clone(),
        issuer: payload.issuer.clone(),
        author: payload.author.clone(),
        kind: payload.kind,
        messages: payload.messages.iter().map(|covered| covered.id).collect(),
        received_at: payload.received_at,
    }
}
