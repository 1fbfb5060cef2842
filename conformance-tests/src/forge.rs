//! What a member of the federation with a good key could write if it wanted to: links, receipts and greetings of any content,
//! signed or spoilt at will.

use concerto_exchange::hello::{self, Greeting, PROTOCOL_VERSION};
use concerto_message::ids::Nonce;
use concerto_message::jose::{self, ContentType, base64url};
use concerto_message::receipt::{Covered, RECEIPT_SCHEMA};
use concerto_message::{
    Attachment, Audience, ConferenceId, Digest, Incarnation, Link, MessageId, ParsedLink, ParsedReceipt,
    Payload, Receipt, Salt, Verified,
};
use concerto_procedure::acts::Act;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::federation::{Federation, Office};

/// The life in which forged links are written.
pub const LIFE: Incarnation = Incarnation { counter: 1, nonce: Nonce([9; 16]) };

/// The salt of the text of forged links.
pub const SALT: Salt = Salt([5; 16]);

/// A compact JWS of any header and payload, with the office's own signature over it.
pub fn compact(office: &Office, header: &Value, payload: &Value) -> String {
    let input =
        format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(payload.to_string().as_bytes()));
    let signature = office.sign(&input);
    jose::with_signature(input, &signature)
}

/// A link before it is signed; every part can be spoilt.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The protected header.
    pub header: Value,
    /// The payload.
    pub payload: Value,
}

impl Draft {
    /// A good link of an office: the `sequence`-th of its chain.
    pub fn new(
        office: &Office,
        conference: &ConferenceId,
        act: &Act,
        sequence: u64,
        previous: Option<MessageId>,
        at: Timestamp,
    ) -> Self {
        let act = serde_json::to_value(act).unwrap();
        let message_type = act["type"].as_str().unwrap().to_owned();
        let schema = concerto_schemas::schema_urn_for_type(&message_type).unwrap().to_owned();
        let text = b"{}";
        let audience = Audience::Only([conference.lead().clone()].into());
        let body = Attachment::new(&SALT, text, "application/json".into(), audience);
        let payload = Payload {
            link: 1,
            schema,
            message_type,
            federation: office.federation.clone(),
            conference: conference.clone(),
            writer: office.writer.clone(),
            incarnation: LIFE,
            sequence,
            previous,
            observed: Vec::new(),
            issued_at: at,
            on_behalf_of: None,
            legal_basis: vec!["L. 241/1990 art. 14-bis c. 3".to_owned()],
            regime: "R1b".to_owned(),
            facts: act["facts"].clone(),
            body: Some(body),
            documents: Vec::new(),
        };
        let header = serde_json::to_value(office.header(ContentType::Link, at)).unwrap();
        Self { header, payload: serde_json::to_value(payload).unwrap() }
    }

    /// Sets a member of the payload; null takes it away.
    pub fn payload(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        set(&mut self.payload, pointer, value.into());
        self
    }

    /// Sets a member of the header; null takes it away.
    pub fn header(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        set(&mut self.header, pointer, value.into());
        self
    }

    /// Signed by an office (the rightful one or another).
    pub fn signed(&self, office: &Office) -> String {
        compact(office, &self.header, &self.payload)
    }
}

fn set(value: &mut Value, name: &str, member: Value) {
    let members = value.as_object_mut().unwrap();
    if member.is_null() { drop(members.remove(name)) } else { drop(members.insert(name.to_owned(), member)) }
}

/// A forged text as a link, trusted because the test knows who wrote it.
pub fn read(text: &str) -> Verified<Link> {
    ParsedLink::parse(text).unwrap().from_own_journal()
}

/// The same for a receipt.
pub fn read_receipt(text: &str) -> Verified<Receipt> {
    ParsedReceipt::parse(text).unwrap().from_own_journal()
}

/// The payload of an *accepted* receipt of `issuer` for messages of `author`.
pub fn receipt(
    issuer: &Office,
    author: &str,
    conference: &ConferenceId,
    messages: &[(MessageId, Digest)],
    at: Timestamp,
) -> Value {
    let covered: Vec<Covered> =
        messages.iter().map(|(id, bytes)| Covered { id: *id, bytes: *bytes }).collect();
    json!({
        "receipt": 1, "schema": RECEIPT_SCHEMA, "federation": issuer.federation, "conference": conference,
        "issuer": issuer.writer, "author": author, "kind": "accepted", "messages": covered,
        "received_at": at, "head": null,
    })
}

/// A receipt, signed by `signer`, which claims to be whoever the payload names.
pub fn signed_receipt(signer: &Office, payload: &Value, at: Timestamp) -> String {
    let header = serde_json::to_value(signer.header(ContentType::Receipt, at)).unwrap();
    compact(signer, &header, payload)
}

/// The greeting of `from` for its connection with `to`.
pub fn greeting(from: &Office, to: &Office) -> Greeting {
    Greeting {
        hello: PROTOCOL_VERSION,
        oldest: PROTOCOL_VERSION,
        federation: from.federation.clone(),
        from: from.writer.clone(),
        to: to.writer.clone(),
        from_entity: from.entity.clone(),
        to_entity: to.entity.clone(),
        from_peer: from.peer_id.clone(),
        to_peer: to.peer_id.clone(),
        incarnation: LIFE,
    }
}

/// A greeting with the signature of an office.
pub fn signed_greeting(office: &Office, greeting: &Greeting, at: Timestamp) -> String {
    let input = hello::signing_input(&office.header(ContentType::Hello, at), greeting).unwrap();
    let signature = office.sign(&input);
    jose::with_signature(input, &signature)
}

/// The same for any writer.
pub fn conference_of(lead: &str, number: u8) -> ConferenceId {
    ConferenceId::new(lead.parse().unwrap(), Nonce([number; 16]))
}

/// The conference that `lead` opens under a number.
pub fn conference(federation: &Federation, lead: &str, number: u8) -> ConferenceId {
    conference_of(&federation.office(lead).writer.to_string(), number)
}
