//! Links: one signed message on its author's chain (protocols/PROTOCOL.md, "Messages").

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

use crate::attachment::{Attachment, Audience};
use crate::chain::Slot;
use crate::ids::{AooCode, ConferenceId, Digest, FederationId, Incarnation, IpaCode, MessageId, Writer};
use crate::jose::{self, Compact, ContentType, Header, JoseError, MessageKey, SignatureCheck};
use crate::limits::{AUDIENCE_MAX, DOCUMENTS_MAX, LINK_BYTES_MAX, OBSERVED_MAX};
use crate::strict_json;
use crate::verified::Verified;

/// The version of the link envelope that this crate writes and reads.
pub const LINK_VERSION: u32 = 1;

/// The payload of a link: the exact JSON that was signed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Payload {
    /// Version of the envelope, [`LINK_VERSION`].
    pub link: u32,
    /// The schema of the whole payload, such as `urn:concerto:schema:determination:1`.
    pub schema: String,
    /// The type of the message, such as `Determination`.
    #[serde(rename = "type")]
    pub message_type: String,
    /// The federation in which it counts.
    pub federation: FederationId,
    /// The conference in which it counts.
    pub conference: ConferenceId,
    /// Who writes it.
    pub writer: Writer,
    /// The life of the writer's node.
    pub incarnation: Incarnation,
    /// Place on the writer's chain in this conference and incarnation, from 1.
    pub sequence: u64,
    /// The link before it; none for the first of all. The first of a later incarnation names the last head its node knew.
    pub previous: Option<MessageId>,
    /// Heads of other chains that changed since the writer's previous link. They never delay anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observed: Vec<Observed>,
    /// When the writer issued it (UTC).
    pub issued_at: Timestamp,
    /// The office or body for which the writer acts, where it is not itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<Represented>,
    /// The norms it rests on, in the usual citation.
    pub legal_basis: Vec<String>,
    /// The regime of the conference, such as `R1b`.
    pub regime: String,
    /// The typed fields that move a term or the state, by type; never free text or personal data.
    pub facts: Value,
    /// The JSON document with the text of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Attachment>,
    /// The other documents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Attachment>,
}

/// A head of another writer's chain that the writer had seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// Whose chain.
    pub writer: Writer,
    /// The newest link of it.
    pub head: MessageId,
}

/// A body or office represented by the writer; it has no chain of its own.
///
/// Where the procedente writes the act of a body without a node, it names its area and the record that shows the act (protocols/procedure/RULES.md,
/// E.4); an office of the writer's own administration has neither.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Represented {
    /// The administration.
    pub ipa: IpaCode,
    /// Its organisational area, where it is a body of the conference; never without `evidence`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aoo: Option<AooCode>,
    /// The link of the same chain that records how the act came; never without `aoo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<MessageId>,
    /// Its office (UO code of IPA), where one is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub office: Option<String>,
}

impl Represented {
    /// A body of the conference, with the record that shows its act.
    pub fn body(body: &Writer, evidence: MessageId) -> Self {
        let (ipa, aoo) = (body.ipa.clone(), Some(body.aoo.clone()));
        Self { ipa, aoo, evidence: Some(evidence), office: None }
    }

    /// The body of the conference whose act this is, and the record that shows it; none where only an office is meant.
    pub fn shown(&self) -> Option<(Writer, MessageId)> {
        let body = Writer { ipa: self.ipa.clone(), aoo: self.aoo.clone()? };
        Some((body, self.evidence?))
    }
}

impl Payload {
    /// The place that this link takes; two links in one place are an equivocation.
    pub fn slot(&self) -> Slot {
        Slot {
            conference: self.conference.clone(),
            writer: self.writer.clone(),
            incarnation: self.incarnation,
            sequence: self.sequence,
        }
    }
    /// Body and documents, body first.
    pub fn attachments(&self) -> impl Iterator<Item = &Attachment> {
        self.body.iter().chain(&self.documents)
    }
}

/// A link as bytes and as values.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    // shared: a link goes to the journal, to a case and to peers, and never changes
    parts: Arc<Parts>,
}

#[derive(Debug, PartialEq)]
struct Parts {
    id: MessageId,
    text: String,
    header: Header,
    payload: Payload,
    value: Value,
}

impl Link {
    /// The identifier: SHA-256 of the signing input.
    pub fn id(&self) -> MessageId {
        self.parts.id
    }
    /// The compact JWS, byte for byte as received or written.
    pub fn text(&self) -> &str {
        &self.parts.text
    }
    /// The protected header.
    pub fn header(&self) -> &Header {
        &self.parts.header
    }
    /// The payload as types.
    pub fn payload(&self) -> &Payload {
        &self.parts.payload
    }
    /// The payload as the JSON value that was signed, for its schema.
    pub fn value(&self) -> &Value {
        &self.parts.value
    }
    /// SHA-256 of the compact text, as receipts state it.
    pub fn bytes_digest(&self) -> Digest {
        Digest::of(self.parts.text.as_bytes())
    }

    /// Checks the payload against the schema that it names. A refusal is a status of the content, never a hole in the chain.
    ///
    /// # Errors
    /// What the schema refuses, or that this node does not know the schema.
    pub fn check_schema(&self) -> Result<(), concerto_schemas::SchemaError> {
        concerto_schemas::check_link(&self.parts.value)
    }
}

/// Why some bytes are not a link of this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The JOSE form, the key or the signature.
    #[error(transparent)]
    Jose(#[from] JoseError),
    /// The envelope is of a version that this node does not read.
    #[error("the message has envelope version {0}; this node reads version {LINK_VERSION}")]
    UnknownVersion(u64),
    /// The payload is not the JSON of a link.
    #[error("the payload is not a link: {0}")]
    BadPayload(String),
    /// More items than allowed.
    #[error("`{field}` has {found} items, more than the {limit} allowed")]
    TooMany {
        /// The list.
        field: &'static str,
        /// Items found.
        found: usize,
        /// Items allowed.
        limit: usize,
    },
    /// `iat` and `issued_at` name different seconds.
    #[error("the header's iat and the payload's issued_at disagree")]
    TimesDisagree,
    /// Sequence 0, or a first link that is not first.
    #[error("sequence and previous do not fit together")]
    BadSequence,
    /// A payload that its own schema refuses was about to be signed.
    #[error("the message to be written does not fit its schema: {0}")]
    Schema(#[from] concerto_schemas::SchemaError),
}

impl LinkError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Jose(e) => e.code(),
            Self::UnknownVersion(_) => "message.version.unknown",
            Self::BadPayload(_) => "message.payload.invalid",
            Self::TooMany { .. } => "message.payload.too-many",
            Self::TimesDisagree => "message.times-disagree",
            Self::BadSequence => "message.sequence",
            Self::Schema(_) => "message.schema",
        }
    }
}

/// A link whose form was read and whose signature was not checked yet.
#[derive(Debug, Clone)]
pub struct ParsedLink {
    link: Link,
    compact: Compact,
}

impl ParsedLink {
    /// Reads a compact JWS as a link: the only way in. Size and form are checked before anything is decoded.
    ///
    /// # Errors
    /// [`LinkError`] for the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let compact = Compact::parse(text, LINK_BYTES_MAX, ContentType::Link)?;
        let value = strict_json::parse(&compact.payload).map_err(|e| LinkError::BadPayload(e.to_string()))?;
        let payload = read_payload(&value)?;
        if compact.header.iat != payload.issued_at.as_second() {
            return Err(LinkError::TimesDisagree);
        }
        let id = MessageId::of_signing_input(compact.signing_input());
        let parts = Parts { id, text: compact.text.clone(), header: compact.header.clone(), payload, value };
        let link = Link { parts: Arc::new(parts) };
        Ok(Self { link, compact })
    }

    /// The identifier, claimed until the signature is verified.
    pub fn id(&self) -> MessageId {
        self.link.id()
    }
    /// The protected header, unverified.
    pub fn header(&self) -> &Header {
        self.link.header()
    }
    /// The payload, unverified: for cheap checks before the expensive one.
    pub fn payload(&self) -> &Payload {
        self.link.payload()
    }

    /// Checks header and signature against the key that a verified trust chain lists for the header's `kid`.
    ///
    /// # Errors
    /// [`JoseError`] for the first thing that does not agree.
    pub fn verify(self, key: &MessageKey, check: &dyn SignatureCheck) -> Result<Verified<Link>, JoseError> {
        self.compact.check(key, &self.link.payload().writer, &self.link.payload().federation, check)?;
        Ok(Verified::new(self.link))
    }

    /// Takes back a link from this node's own journal, which keeps only what was verified before it was written.
    pub fn from_own_journal(self) -> Verified<Link> {
        Verified::new(self.link)
    }
}

fn read_payload(value: &Value) -> Result<Payload, LinkError> {
    let version = value.get("link").and_then(Value::as_u64);
    match version {
        Some(v) if v == u64::from(LINK_VERSION) => {}
        Some(v) => return Err(LinkError::UnknownVersion(v)),
        None => return Err(LinkError::BadPayload("it has no envelope version `link`".into())),
    }
    if let Some(name) = list_for_object(value) {
        return Err(LinkError::BadPayload(format!("`{name}` is not a JSON object")));
    }
    let payload = Payload::deserialize(value).map_err(|e| LinkError::BadPayload(e.to_string()))?;
    check_bounds(&payload)?;
    Ok(payload)
}

/// The first member that holds a list where an object belongs: serde would read the fields from it in order.
fn list_for_object(value: &Value) -> Option<&'static str> {
    let listed = |name: &&str| match value.get(*name) {
        Some(Value::Array(items)) if matches!(*name, "observed" | "documents") => {
            items.iter().any(Value::is_array)
        }
        Some(member) => member.is_array(),
        None => false,
    };
    ["incarnation", "on_behalf_of", "body", "observed", "documents"].into_iter().find(listed)
}

fn check_bounds(payload: &Payload) -> Result<(), LinkError> {
    if payload.observed.len() > OBSERVED_MAX {
        return Err(LinkError::TooMany {
            field: "observed",
            found: payload.observed.len(),
            limit: OBSERVED_MAX,
        });
    }
    if payload.documents.len() > DOCUMENTS_MAX {
        let found = payload.documents.len();
        return Err(LinkError::TooMany { field: "documents", found, limit: DOCUMENTS_MAX });
    }
    for attachment in payload.attachments() {
        if let Audience::Only(writers) = &attachment.audience
            && writers.len() > AUDIENCE_MAX
        {
            return Err(LinkError::TooMany { field: "audience", found: writers.len(), limit: AUDIENCE_MAX });
        }
    }
    let first = payload.sequence == 1;
    let later_life = payload.incarnation.counter > 1;
    let fits = payload.sequence > 0
        && payload.incarnation.counter > 0
        && (payload.previous.is_some() != first || (first && later_life));
    if fits { Ok(()) } else { Err(LinkError::BadSequence) }
}

/// A link that was composed and checked against its schema, and waits for its signature.
#[derive(Debug, Clone)]
pub struct UnsignedLink {
    header: Header,
    payload: Payload,
    value: Value,
    signing_input: String,
}

impl UnsignedLink {
    /// Composes a link and checks it against its schema.
    ///
    /// # Errors
    /// [`LinkError`] when the payload does not fit its schema or exceeds a bound.
    pub fn new(header: Header, payload: Payload) -> Result<Self, LinkError> {
        check_bounds(&payload)?;
        if header.iat != payload.issued_at.as_second() {
            return Err(LinkError::TimesDisagree);
        }
        let value = serde_json::to_value(&payload).map_err(|e| LinkError::BadPayload(e.to_string()))?;
        concerto_schemas::check_link(&value)?;
        let bytes = serde_json::to_vec(&payload).map_err(|e| LinkError::BadPayload(e.to_string()))?;
        let signing_input = jose::signing_input(&header, &bytes)?;
        // a P-384 or RSA-4096 signature adds at most 700 characters
        let limit = LINK_BYTES_MAX - 1024;
        if signing_input.len() > limit {
            return Err(JoseError::TooLarge { found: signing_input.len(), limit }.into());
        }
        // a link that no peer can read would be a hole in the chain for ever
        ParsedLink::parse(&jose::with_signature(signing_input.clone(), &[]))?;
        Ok(Self { header, payload, value, signing_input })
    }

    /// The bytes to sign.
    pub fn signing_input(&self) -> &str {
        &self.signing_input
    }

    /// The finished link. The signature is this node's own, over [`Self::signing_input`].
    pub fn signed(self, signature: &[u8]) -> Verified<Link> {
        let id = MessageId::of_signing_input(&self.signing_input);
        let text = jose::with_signature(self.signing_input, signature);
        let parts = Parts { id, text, header: self.header, payload: self.payload, value: self.value };
        Verified::new(Link { parts: Arc::new(parts) })
    }
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
