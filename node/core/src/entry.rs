//! What a case keeps in memory of a link and of a receipt; their bytes stay in the journal.

use concerto_message::{Attachment, Digest, MessageId, Payload, ReceiptKind, Writer};
use concerto_port::ContentStatus;
use concerto_procedure::acts::{Act, Behalf};
use concerto_procedure::evolve::Event;
use jiff::Timestamp;

/// A link as a case keeps it in memory; its bytes stay in the journal.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The payload without its facts, which `act` holds as types.
    pub author: Writer,
    /// Its place within its incarnation.
    pub sequence: u64,
    /// The type, as the link names it.
    pub message_type: String,
    /// When its author issued it.
    pub issued_at: Timestamp,
    /// When this node came to hold it.
    pub received_at: Timestamp,
    /// Whether this node wrote it.
    pub own: bool,
    /// The body for which it was written, and what shows it, where that is not the author.
    pub behalf: Option<Behalf>,
    /// Regime named by the link.
    pub regime: String,
    /// The act, or why its content does not count.
    pub act: Result<Act, ContentStatus>,
    /// Body (first) and documents.
    pub body: Option<Attachment>,
    /// The documents.
    pub documents: Vec<Attachment>,
    /// SHA-256 of the compact text.
    pub bytes: Digest,
}

impl Entry {
    /// Body and documents.
    pub fn attachments(&self) -> impl Iterator<Item = &Attachment> {
        self.body.iter().chain(&self.documents)
    }

    /// What it means that it was written for a body.
    pub(crate) fn for_body(&self, message: MessageId, behalf: &Behalf, act: &Act) -> Event {
        Event::OnBehalf {
            message,
            author: self.author.clone(),
            regime: self.regime.clone(),
            behalf: behalf.clone(),
            act: act.clone(),
        }
    }
}

/// What a verified receipt says, without its bytes.
#[derive(Debug, Clone)]
pub struct Noted {
    /// Who gave it.
    pub issuer: Writer,
    /// What it says.
    pub kind: ReceiptKind,
    /// Which messages it covers.
    pub messages: Vec<MessageId>,
    /// When the issuer had them.
    pub received_at: Timestamp,
    /// The compact text, for evidence.
    pub text: String,
}

/// The identity of a receipt from its text: SHA-256 of its signing input.
pub fn receipt_digest(text: &str) -> Option<Digest> {
    let (signing_input, _) = text.rsplit_once('.')?;
    Some(Digest::of(signing_input.as_bytes()))
}

/// The act of a link whose content is valid, else the status that says why it does not count.
pub(crate) fn read_act(payload: &Payload, content: &ContentStatus) -> Result<Act, ContentStatus> {
    if *content != ContentStatus::Valid {
        return Err(content.clone());
    }
    let value = serde_json::json!({ "type": payload.message_type, "facts": payload.facts });
    serde_json::from_value(value)
        .map_err(|e| ContentStatus::Refused { code: "message.facts".into(), reason: e.to_string() })
}

/// The body whose act a link is, and the record that shows it.
pub(crate) fn behalf_of(payload: &Payload) -> Option<Behalf> {
    let (body, evidence) = payload.on_behalf_of.as_ref()?.shown()?;
    Some(Behalf { body, evidence })
}
