//! Receipts: signed answers to links. They are not links: they have no sequence and are never receipted themselves.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

use crate::ids::{ConferenceId, Digest, FederationId, Incarnation, MessageId, Writer};
use crate::jose::{self, Compact, ContentType, Header, JoseError, MessageKey, SignatureCheck};
use crate::limits::{RECEIPT_BYTES_MAX, RECEIPT_MESSAGES_MAX};
use crate::link::LinkError;
use crate::strict_json;
use crate::verified::Verified;

/// The schema of a receipt's payload.
pub const RECEIPT_SCHEMA: &str = "urn:concerto:schema:receipt:1";

/// The version of the receipt envelope that this crate writes and reads.
pub const RECEIPT_VERSION: u32 = 1;

/// What a receipt says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptKind {
    /// Durably stored: the delivery that starts a term (CAD art. 47).
    Accepted,
    /// The body and every document that the receiver may see are held and match.
    DocumentsComplete,
    /// Some could not be had yet; no term moves.
    DocumentsUnavailable,
    /// Registered in the receiver's protocol register.
    Registered,
    /// Stored, but its content is refused.
    Refused,
}

/// The payload of a receipt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptPayload {
    /// Version of the envelope, [`RECEIPT_VERSION`].
    pub receipt: u32,
    /// Always [`RECEIPT_SCHEMA`].
    pub schema: String,
    /// The federation.
    pub federation: FederationId,
    /// The conference of every message covered.
    pub conference: ConferenceId,
    /// Who gives the receipt.
    pub issuer: Writer,
    /// The author of every message covered.
    pub author: Writer,
    /// What it says.
    pub kind: ReceiptKind,
    /// The messages it covers.
    pub messages: Vec<Covered>,
    /// When the receiver had them, by its clock (UTC).
    pub received_at: Timestamp,
    /// The end of the author's chain that the receiver holds without a gap.
    pub head: Option<HeldHead>,
    /// The terms as the receiver computes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<TermsStatement>,
    /// For `registered`: where and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<Registration>,
    /// For `refused`: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
}

/// One message that a receipt covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Covered {
    /// The message.
    pub id: MessageId,
    /// SHA-256 of the bytes received.
    pub bytes: Digest,
}

/// The end of a chain, held without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldHead {
    /// The incarnation.
    pub incarnation: Incarnation,
    /// The sequence of its last link held without a gap.
    pub sequence: u64,
    /// That link.
    pub id: MessageId,
}

/// The terms of a conference as one node computes them from the procedente's chain up to `lead_head`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermsStatement {
    /// The last link of the procedente's chain that was folded.
    pub lead_head: MessageId,
    /// Digest of the terms (see the documentation of the procedure crate).
    pub digest: Digest,
}

/// A registration in a protocol register (DPR 445/2000 art. 53).
#[doc(alias = "registrazione di protocollo")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The number, as the register writes it.
    pub number: String,
    /// The date (Europe/Rome).
    pub date: Date,
}

/// Why a content was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// A stable code.
    pub code: String,
    /// The reason, for people.
    pub reason: String,
    /// The norm, where one is the ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm: Option<String>,
}

/// A receipt as bytes and as values.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    // shared: a receipt goes to the journal, to a case and to peers, and never changes
    parts: Arc<Parts>,
}

#[derive(Debug, PartialEq)]
struct Parts {
    digest: Digest,
    text: String,
    header: Header,
    payload: ReceiptPayload,
}

impl Receipt {
    /// SHA-256 of the signing input: the receipt's own identity.
    pub fn digest(&self) -> Digest {
        self.parts.digest
    }
    /// The compact JWS.
    pub fn text(&self) -> &str {
        &self.parts.text
    }
    /// The protected header.
    pub fn header(&self) -> &Header {
        &self.parts.header
    }
    /// The payload.
    pub fn payload(&self) -> &ReceiptPayload {
        &self.parts.payload
    }
    /// Whether it covers the message.
    pub fn covers(&self, id: MessageId) -> bool {
        self.parts.payload.messages.iter().any(|c| c.id == id)
    }
}

/// A receipt whose form was read and whose signature was not checked yet.
#[derive(Debug, Clone)]
pub struct ParsedReceipt {
    receipt: Receipt,
    compact: Compact,
}

impl ParsedReceipt {
    /// Reads a compact JWS as a receipt: the only way in.
    ///
    /// # Errors
    /// [`LinkError`] for the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let compact = Compact::parse(text, RECEIPT_BYTES_MAX, ContentType::Receipt)?;
        let value = strict_json::parse(&compact.payload).map_err(|e| LinkError::BadPayload(e.to_string()))?;
        let payload = read_payload(value)?;
        let digest = Digest::of(compact.signing_input().as_bytes());
        let parts = Parts { digest, text: compact.text.clone(), header: compact.header.clone(), payload };
        let receipt = Receipt { parts: Arc::new(parts) };
        Ok(Self { receipt, compact })
    }

    /// The protected header, unverified.
    pub fn header(&self) -> &Header {
        self.receipt.header()
    }
    /// The payload, unverified.
    pub fn payload(&self) -> &ReceiptPayload {
        self.receipt.payload()
    }

    /// Checks header and signature against the key that a verified trust chain lists.
    ///
    /// # Errors
    /// [`JoseError`] for the first thing that does not agree.
    pub fn verify(
        self,
        key: &MessageKey,
        check: &dyn SignatureCheck,
    ) -> Result<Verified<Receipt>, JoseError> {
        self.compact.check(key, &self.receipt.payload().issuer, &self.receipt.payload().federation, check)?;
        Ok(Verified::new(self.receipt))
    }

    /// Takes back a receipt from this node's own journal, which keeps only what was verified before it was written.
    pub fn from_own_journal(self) -> Verified<Receipt> {
        Verified::new(self.receipt)
    }
}

fn read_payload(value: Value) -> Result<ReceiptPayload, LinkError> {
    match value.get("receipt").and_then(Value::as_u64) {
        Some(v) if v == u64::from(RECEIPT_VERSION) => {}
        Some(v) => return Err(LinkError::UnknownVersion(v)),
        None => return Err(LinkError::BadPayload("it has no envelope version `receipt`".into())),
    }
    let found = value.get("messages").and_then(Value::as_array).map_or(0, Vec::len);
    if found > RECEIPT_MESSAGES_MAX {
        return Err(LinkError::TooMany { field: "messages", found, limit: RECEIPT_MESSAGES_MAX });
    }
    concerto_schemas::check(RECEIPT_SCHEMA, &value)?;
    serde_json::from_value(value).map_err(|e| LinkError::BadPayload(e.to_string()))
}

/// A receipt that was composed and waits for its signature.
#[derive(Debug, Clone)]
pub struct UnsignedReceipt {
    header: Header,
    payload: ReceiptPayload,
    signing_input: String,
}

impl UnsignedReceipt {
    /// Composes a receipt and checks it against its schema.
    ///
    /// # Errors
    /// [`LinkError`] when the payload does not fit its schema or exceeds a bound.
    pub fn new(header: Header, payload: ReceiptPayload) -> Result<Self, LinkError> {
        let bad = |e: serde_json::Error| LinkError::BadPayload(e.to_string());
        let bytes = serde_json::to_vec(&payload).map_err(bad)?;
        let signing_input = jose::signing_input(&header, &bytes)?;
        // a P-384 or RSA-4096 signature adds at most 700 characters
        let limit = RECEIPT_BYTES_MAX - 1024;
        if signing_input.len() > limit {
            return Err(JoseError::TooLarge { found: signing_input.len(), limit }.into());
        }
        // what peers could not read is not signed
        ParsedReceipt::parse(&jose::with_signature(signing_input.clone(), &[]))?;
        Ok(Self { header, payload, signing_input })
    }

    /// The bytes to sign.
    pub fn signing_input(&self) -> &str {
        &self.signing_input
    }

    /// The finished receipt. The signature is this node's own, over [`Self::signing_input`].
    pub fn signed(self, signature: &[u8]) -> Verified<Receipt> {
        let digest = Digest::of(self.signing_input.as_bytes());
        let text = jose::with_signature(self.signing_input, signature);
        let parts = Parts { digest, text, header: self.header, payload: self.payload };
        Verified::new(Receipt { parts: Arc::new(parts) })
    }
}

#[cfg(test)]
#[path = "receipt_tests.rs"]
mod tests;
