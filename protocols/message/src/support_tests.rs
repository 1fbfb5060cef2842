//! What the tests of this crate share: keys of invented writers, a signature that is a real relation between key and bytes, and
//! messages that fit their schemas.

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use proptest::test_runner::Config;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::attachment::{Attachment, Audience};
use crate::ids::{Digest, Incarnation, MessageId, Nonce, Writer};
use crate::jose::{Algorithm, ContentType, Header, MessageKey, PublicKey, SerializationType, SignatureCheck};
use crate::link::{Link, Payload, UnsignedLink};
use crate::receipt::Receipt;
use crate::verified::Verified;

/// Accepts SHA-256(thumbprint of the key || signed bytes) as the signature: whoever changes key, bytes or signature fails.
pub(crate) struct HashCheck;

impl SignatureCheck for HashCheck {
    fn verifies(&self, key: &PublicKey, _: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        signature == signature_of(key, signed)
    }
}

fn signature_of(key: &PublicKey, signed: &[u8]) -> Vec<u8> {
    Sha256::new().chain_update(key.thumbprint()).chain_update(signed).finalize().to_vec()
}

/// Signs as [`HashCheck`] checks.
pub(crate) fn sign(key: &MessageKey, signing_input: &str) -> Vec<u8> {
    signature_of(&key.public, signing_input.as_bytes())
}

/// Proptest's settings; `CONCERTO_EFFORT=full` multiplies the cases by 50.
pub(crate) fn cases(usual: u32) -> Config {
    let factor = if full_effort() { 50 } else { 1 };
    Config { cases: usual * factor, failure_persistence: None, ..Config::default() }
}

pub(crate) fn full_effort() -> bool {
    std::env::var("CONCERTO_EFFORT").is_ok_and(|effort| effort == "full")
}

pub(crate) const FEDERATION: &str = "https://anchor.example";
pub(crate) const CONFERENCE: &str = "c_x001/PROT/00112233445566778899aabbccddeeff";
pub(crate) const ISSUED_AT: &str = "2026-11-23T08:00:00.123456789Z";

pub(crate) fn writer(text: &str) -> Writer {
    text.parse().unwrap()
}

pub(crate) fn author() -> Writer {
    writer("c_x001/PROT")
}

/// The message key of a writer; no other writer has the same.
pub(crate) fn key_of(writer: &Writer) -> MessageKey {
    let half = |label: &str| BASE64URL_NOPAD.encode(&Sha256::digest(format!("{label} {writer}")));
    let public = PublicKey::EC { crv: "P-256".into(), x: half("x"), y: half("y") };
    MessageKey {
        kid: public.thumbprint(),
        algorithm: Algorithm::Es256,
        public,
        certificate: half("certificate"),
        writer: writer.clone(),
        federation: FEDERATION.parse().unwrap(),
    }
}

pub(crate) fn header(key: &MessageKey, cty: ContentType) -> Header {
    Header {
        alg: key.algorithm,
        cty,
        iat: issued_at().as_second(),
        kid: key.kid.clone(),
        trust: Digest::of(b"trust bundle"),
        typ: SerializationType::Jose,
        x5t_s256: key.certificate.clone(),
    }
}

pub(crate) fn issued_at() -> Timestamp {
    ISSUED_AT.parse().unwrap()
}

pub(crate) fn incarnation(counter: u32) -> Incarnation {
    Incarnation { counter, nonce: Nonce([7; 16]) }
}

pub(crate) fn message(label: &str) -> MessageId {
    MessageId(Digest::of(label.as_bytes()))
}

pub(crate) fn attachment(audience: Audience) -> Attachment {
    Attachment {
        digest: Digest::of(b"body"),
        size: 4,
        media_type: "application/json".into(),
        audience,
        chunks: None,
    }
}

/// A well-formed first link of [`author`].
pub(crate) fn payload() -> Payload {
    Payload {
        link: 1,
        schema: "urn:concerto:schema:sealed:1".into(),
        message_type: "Sealed".into(),
        federation: FEDERATION.parse().unwrap(),
        conference: CONFERENCE.parse().unwrap(),
        writer: author(),
        incarnation: incarnation(1),
        sequence: 1,
        previous: None,
        observed: Vec::new(),
        issued_at: issued_at(),
        on_behalf_of: None,
        legal_basis: vec!["L. 241/1990 art. 14-bis".into()],
        regime: "R1b".into(),
        facts: serde_json::json!({}),
        body: Some(attachment(Audience::Only([writer("asl_x002/AOO1")].into()))),
        documents: Vec::new(),
    }
}

/// Composes and signs with the key of the payload's writer.
pub(crate) fn signed_link(payload: Payload) -> Verified<Link> {
    let key = key_of(&payload.writer);
    let mut header = header(&key, ContentType::Link);
    header.iat = payload.issued_at.as_second();
    let unsigned = UnsignedLink::new(header, payload).unwrap();
    let signature = sign(&key, unsigned.signing_input());
    unsigned.signed(&signature)
}

/// A compact JWS from any text as header and payload, signed by [`author`]: what a foreign or hostile node may send.
pub(crate) fn forge(header: &str, payload: &[u8]) -> String {
    let input = format!("{}.{}", BASE64URL_NOPAD.encode(header.as_bytes()), BASE64URL_NOPAD.encode(payload));
    let signature = BASE64URL_NOPAD.encode(&sign(&key_of(&author()), &input));
    format!("{input}.{signature}")
}

/// The header of a good link (or receipt) of [`author`] as JSON, to be spoilt.
pub(crate) fn header_json(cty: ContentType) -> Value {
    serde_json::to_value(header(&key_of(&author()), cty)).unwrap()
}

/// [`payload`] as JSON, to be spoilt.
pub(crate) fn payload_json() -> Value {
    serde_json::to_value(payload()).unwrap()
}

/// A copy with one member set (or added).
pub(crate) fn with(mut value: Value, name: &str, member: impl Into<Value>) -> Value {
    value.as_object_mut().unwrap().insert(name.into(), member.into());
    value
}

/// A copy without one member.
pub(crate) fn without(mut value: Value, name: &str) -> Value {
    value.as_object_mut().unwrap().remove(name).unwrap();
    value
}

/// SHA-256 in lower-case hexadecimal, without this crate's own types.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Whether a receipt's identity is the digest of its signing input.
pub(crate) fn digest_is_of_signing_input(receipt: &Receipt) -> bool {
    let (input, _) = receipt.text().rsplit_once('.').unwrap();
    receipt.digest().to_string() == sha256_hex(input.as_bytes())
}
