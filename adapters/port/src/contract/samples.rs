//! Links and receipts that fit their schemas, for tests of adapters. Their signatures are zeros: nobody may verify them.

use concerto_message::attachment::{Attachment, Audience, Salt};
use concerto_message::ids::Nonce;
use concerto_message::jose::{ContentType, SerializationType};
use concerto_message::link::{LINK_VERSION, UnsignedLink};
use concerto_message::receipt::{
    Covered, HeldHead, RECEIPT_SCHEMA, ReceiptPayload, Refusal, Registration, UnsignedReceipt,
};
use concerto_message::{
    Algorithm, ConferenceId, Digest, FederationId, Header, Incarnation, Link, MessageId, Payload, Receipt,
    ReceiptKind, Verified, Writer,
};
use jiff::{SignedDuration, Timestamp};

use crate::journal::{ContentStatus, Write};

/// The writer with this number.
pub fn writer(number: u8) -> Writer {
    format!("c_t{number:03}/AOO{number:03}").parse().unwrap()
}

/// The conference with this number; writer 1 opened it.
pub fn conference(number: u8) -> ConferenceId {
    ConferenceId::new(writer(1), Nonce([number; 16]))
}

/// An instant, so many seconds and nanoseconds after the samples' first day began.
pub fn instant(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-11-23T08:00:00.123456789Z".parse().unwrap();
    start.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

/// The message identifier with this number; no message has it.
pub fn message(number: u8) -> MessageId {
    MessageId(Digest::of(&[number]))
}

fn federation() -> FederationId {
    "https://anchor.example".parse().unwrap()
}

fn header(cty: ContentType, issued_at: Timestamp) -> Header {
    let thumbprint = "A".repeat(43);
    Header {
        alg: Algorithm::Es256,
        cty,
        iat: issued_at.as_second(),
        kid: thumbprint.clone(),
        trust: Digest::of(b"trust bundle"),
        typ: SerializationType::Jose,
        x5t_s256: thumbprint,
    }
}

fn incarnation() -> Incarnation {
    Incarnation { counter: 1, nonce: Nonce([7; 16]) }
}

/// A sealed link of writer 1 in the conference with this number.
pub fn link(conference_number: u8, sequence: u64, previous: Option<MessageId>) -> Verified<Link> {
    link_by(writer(1), conference(conference_number), sequence, previous)
}

/// A sealed link of any writer in any conference.
pub fn link_by(
    writer: Writer,
    conference: ConferenceId,
    sequence: u64,
    previous: Option<MessageId>,
) -> Verified<Link> {
    let issued_at = instant(sequence.cast_signed());
    let body = format!(r#"{{"text":"{sequence}"}}"#);
    let payload = Payload {
        link: LINK_VERSION,
        schema: "urn:concerto:schema:sealed:1".into(),
        message_type: "Sealed".into(),
        federation: federation(),
        conference,
        writer,
        incarnation: incarnation(),
        sequence,
        previous,
        observed: Vec::new(),
        issued_at,
        on_behalf_of: None,
        legal_basis: vec!["L. 241/1990 art. 14-bis".into()],
        regime: "R1b".into(),
        facts: serde_json::json!({}),
        body: Some(Attachment::new(
            &Salt([9; 16]),
            body.as_bytes(),
            "application/json".into(),
            Audience::Only([self::writer(1), self::writer(2)].into()),
        )),
        documents: Vec::new(),
    };
    UnsignedLink::new(header(ContentType::Link, issued_at), payload).unwrap().signed(&[0; 64])
}

/// So many links of writer 1 in the conference with this number, each naming the one before.
pub fn chain(conference_number: u8, length: u64) -> Vec<Verified<Link>> {
    let mut links: Vec<Verified<Link>> = Vec::new();
    for sequence in 1..=length {
        let previous = links.last().map(|last| last.id());
        links.push(link(conference_number, sequence, previous));
    }
    links
}

/// A receipt by the writer with this number over links of one author in one conference.
pub fn receipt(issuer: u8, kind: ReceiptKind, links: &[&Verified<Link>]) -> Verified<Receipt> {
    let last = links.last().unwrap();
    let received_at = instant(3600);
    let head = HeldHead { incarnation: incarnation(), sequence: last.payload().sequence, id: last.id() };
    let registered = Registration { number: "0000042".into(), date: "2026-11-23".parse().unwrap() };
    let refused = Refusal { code: "content.schema".into(), reason: "the body is missing".into(), norm: None };
    let payload = ReceiptPayload {
        receipt: 1,
        schema: RECEIPT_SCHEMA.into(),
        federation: federation(),
        conference: last.payload().conference.clone(),
        issuer: writer(issuer),
        author: last.payload().writer.clone(),
        kind,
        messages: links.iter().map(|link| Covered { id: link.id(), bytes: link.bytes_digest() }).collect(),
        received_at,
        head: Some(head),
        terms: None,
        registration: (kind == ReceiptKind::Registered).then_some(registered),
        refusal: (kind == ReceiptKind::Refused).then_some(refused),
    };
    UnsignedReceipt::new(header(ContentType::Receipt, received_at), payload).unwrap().signed(&[0; 64])
}

/// The change that keeps a link as valid and received from a peer.
pub fn keep(link: &Verified<Link>) -> Write {
    Write::Link { link: link.clone(), received_at: instant(10), own: false, content: ContentStatus::Valid }
}
