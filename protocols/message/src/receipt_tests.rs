//! Receipts: every kind comes back as it was signed, says what its kind must say, and never passes as a link.

use super::*;
use crate::ids::Nonce;
use crate::jose::{Algorithm, JoseError};
use crate::link::ParsedLink;
use crate::support_tests::*;
use serde_json::json;

const KINDS: [ReceiptKind; 5] = [
    ReceiptKind::Accepted,
    ReceiptKind::DocumentsComplete,
    ReceiptKind::DocumentsUnavailable,
    ReceiptKind::Registered,
    ReceiptKind::Refused,
];

fn covered(count: usize) -> Vec<Covered> {
    (0..count).map(|n| Covered { id: message(&n.to_string()), bytes: Digest::of(&n.to_be_bytes()) }).collect()
}

/// What [`author`] answers to links of another writer.
fn receipt(kind: ReceiptKind) -> ReceiptPayload {
    let registration = Registration { number: "0001234/2026".into(), date: "2026-11-23".parse().unwrap() };
    let refusal = Refusal {
        code: "message.schema".into(),
        reason: "Il contenuto non rispetta lo schema.".into(),
        norm: Some("CAD art. 47".into()),
    };
    ReceiptPayload {
        receipt: 1,
        schema: RECEIPT_SCHEMA.into(),
        federation: FEDERATION.parse().unwrap(),
        conference: CONFERENCE.parse().unwrap(),
        issuer: author(),
        author: writer("asl_x002/AOO1"),
        kind,
        messages: covered(2),
        received_at: "2026-11-23T08:00:01.25Z".parse().unwrap(),
        head: Some(HeldHead {
            incarnation: Incarnation { counter: 1, nonce: Nonce([9; 16]) },
            sequence: 2,
            id: message("1"),
        }),
        terms: Some(TermsStatement { lead_head: message("lead"), digest: Digest::of(b"terms") }),
        registration: (kind == ReceiptKind::Registered).then_some(registration),
        refusal: (kind == ReceiptKind::Refused).then_some(refusal),
    }
}

fn compose(payload: ReceiptPayload) -> Result<UnsignedReceipt, LinkError> {
    UnsignedReceipt::new(header(&key_of(&author()), ContentType::Receipt), payload)
}

fn signed(payload: ReceiptPayload) -> Verified<Receipt> {
    let unsigned = compose(payload).unwrap();
    let signature = sign(&key_of(&author()), unsigned.signing_input());
    unsigned.signed(&signature)
}

fn parse_refusal(payload: &Value) -> LinkError {
    let text = forge(&header_json(ContentType::Receipt).to_string(), payload.to_string().as_bytes());
    ParsedReceipt::parse(&text).map(|p| panic!("accepted: {:?}", p.payload())).unwrap_err()
}

/// Composing and parsing refuse with the same error.
fn refused_both_ways(payload: ReceiptPayload) -> LinkError {
    let parsed = parse_refusal(&serde_json::to_value(&payload).unwrap());
    assert_eq!(compose(payload).unwrap_err(), parsed);
    parsed
}

#[test]
fn every_kind_comes_back_as_it_was_signed() {
    let names = ["accepted", "documents_complete", "documents_unavailable", "registered", "refused"];
    for (kind, name) in KINDS.into_iter().zip(names) {
        let receipt = signed(receipt(kind));
        let parsed = ParsedReceipt::parse(receipt.text()).unwrap();
        assert_eq!((parsed.payload(), parsed.header()), (receipt.payload(), receipt.header()));
        let back = parsed.verify(&key_of(&author()), &HashCheck).unwrap();
        assert_eq!(back, receipt);
        assert_eq!(*back.payload(), self::receipt(kind));
        assert!(digest_is_of_signing_input(&back));
        assert_eq!(serde_json::to_value(kind).unwrap(), name);
        assert!(back.covers(message("0")) && back.covers(message("1")) && !back.covers(message("2")));
        assert_eq!(ParsedReceipt::parse(receipt.text()).unwrap().from_own_journal(), receipt);
    }
}

#[test]
fn what_may_be_left_out_may_be_left_out() {
    let bare = ReceiptPayload { head: None, terms: None, ..receipt(ReceiptKind::Accepted) };
    assert_eq!(*signed(bare.clone()).payload(), bare);
    let form = serde_json::to_value(&bare).unwrap();
    assert_eq!(form["head"], json!(null));
    for name in ["terms", "registration", "refusal"] {
        assert_eq!(form.get(name), None);
    }
}

/// A registration without its number proves nothing, a refusal without its reason cannot be answered, and neither may ride on
/// another kind.
#[test]
fn a_kind_says_what_it_must_and_nothing_of_another() {
    let registration = receipt(ReceiptKind::Registered).registration;
    let refusal = receipt(ReceiptKind::Refused).refusal;
    for kind in KINDS {
        for (with_registration, with_refusal) in [(false, false), (true, false), (false, true), (true, true)]
        {
            let fits = with_registration == (kind == ReceiptKind::Registered)
                && with_refusal == (kind == ReceiptKind::Refused);
            let payload = ReceiptPayload {
                registration: registration.clone().filter(|_| with_registration),
                refusal: refusal.clone().filter(|_| with_refusal),
                ..receipt(kind)
            };
            if fits {
                assert_eq!(*signed(payload.clone()).payload(), payload);
            } else {
                let error = refused_both_ways(payload);
                assert!(matches!(error, LinkError::Schema(_)), "{kind:?}: {error:?}");
                assert_eq!(error.code(), "message.schema");
            }
        }
    }
}

#[test]
fn a_receipt_covers_one_to_256_messages() {
    let many = |count: usize| ReceiptPayload { messages: covered(count), ..receipt(ReceiptKind::Accepted) };
    for count in [1, RECEIPT_MESSAGES_MAX] {
        let text = signed(many(count)).text().to_owned();
        assert!(text.len() <= RECEIPT_BYTES_MAX);
        let back = ParsedReceipt::parse(&text).unwrap().verify(&key_of(&author()), &HashCheck).unwrap();
        assert_eq!(back.payload().messages, covered(count));
    }
    let error = refused_both_ways(many(RECEIPT_MESSAGES_MAX + 1));
    assert_eq!(error, LinkError::TooMany { field: "messages", found: 257, limit: 256 });
    assert_eq!(error.code(), "message.payload.too-many");
    assert_eq!(refused_both_ways(many(0)).code(), "message.schema");
}

#[test]
fn a_receipt_and_a_link_are_never_taken_for_each_other() {
    let receipt = signed(receipt(ReceiptKind::Accepted));
    let wrong = LinkError::Jose(JoseError::WrongContentType);
    assert_eq!(ParsedLink::parse(receipt.text()).unwrap_err(), wrong);
    assert_eq!(ParsedReceipt::parse(signed_link(payload()).text()).unwrap_err(), wrong);
    // nor by their payloads, if somebody signs the one under the header of the other
    let receipt_payload = serde_json::to_vec(receipt.payload()).unwrap();
    let text = forge(&header_json(ContentType::Link).to_string(), &receipt_payload);
    assert_eq!(ParsedLink::parse(&text).unwrap_err().code(), "message.payload.invalid");
    assert_eq!(parse_refusal(&payload_json()).code(), "message.payload.invalid");
}

#[test]
fn receipts_are_read_as_strictly_as_links() {
    let good = serde_json::to_value(receipt(ReceiptKind::Accepted)).unwrap();
    assert_eq!(parse_refusal(&with(good.clone(), "receipt", 2)), LinkError::UnknownVersion(2));
    assert_eq!(parse_refusal(&json!({ "receipt": 2 })).code(), "message.version.unknown");
    for (name, value) in [
        ("schema", json!("urn:concerto:schema:receipt:2")),
        ("more", json!(1)),
        ("kind", json!("delivered")),
        ("kind", json!({ "accepted": null })),
        ("head", json!([])),
        ("messages", json!({})),
        ("received_at", json!("2026-11-23T09:00:01+01:00")),
        ("issuer", json!("c_x001")),
    ] {
        let error = parse_refusal(&with(good.clone(), name, value.clone()));
        assert!(matches!(error, LinkError::Schema(_)), "{name} {value}: {error:?}");
    }
    for name in ["receipt", "schema", "issuer", "author", "kind", "messages", "received_at"] {
        let code = if name == "receipt" { "message.payload.invalid" } else { "message.schema" };
        assert_eq!(parse_refusal(&without(good.clone(), name)).code(), code, "without {name}");
    }
    let twice = good.to_string().replacen('{', r#"{"kind":"refused","#, 1);
    let text = forge(&header_json(ContentType::Receipt).to_string(), twice.as_bytes());
    assert!(matches!(ParsedReceipt::parse(&text).unwrap_err(), LinkError::BadPayload(_)));
    let found = RECEIPT_BYTES_MAX + 1;
    let error = ParsedReceipt::parse(&"A".repeat(found)).unwrap_err();
    assert_eq!(error, LinkError::Jose(JoseError::TooLarge { found, limit: RECEIPT_BYTES_MAX }));
}

#[test]
fn a_receipt_is_its_issuers_alone() {
    let receipt = signed(receipt(ReceiptKind::Accepted));
    let verify = |key: &MessageKey| ParsedReceipt::parse(receipt.text()).unwrap().verify(key, &HashCheck);
    let good = key_of(&author());
    // the author of the messages cannot give the receipt for them
    let of_author = key_of(&receipt.payload().author);
    let wrong = JoseError::WrongWriter { key_of: of_author.writer.clone(), claimed: author() };
    assert_eq!(verify(&of_author).unwrap_err(), wrong);
    let elsewhere = MessageKey { federation: "https://other.example".parse().unwrap(), ..good.clone() };
    assert_eq!(verify(&elsewhere).unwrap_err(), JoseError::WrongFederation(FEDERATION.parse().unwrap()));
    let replaced = MessageKey { public: of_author.public, ..good.clone() };
    assert_eq!(verify(&replaced).unwrap_err(), JoseError::BadSignature);
    assert!(verify(&good).is_ok());
}

#[test]
fn what_peers_could_not_read_is_not_composed() {
    let compose = |change: &dyn Fn(&mut Header)| {
        let mut header = header(&key_of(&author()), ContentType::Receipt);
        change(&mut header);
        UnsignedReceipt::new(header, receipt(ReceiptKind::Accepted)).map(|_| ())
    };
    assert_eq!(compose(&|_| ()), Ok(()));
    assert_eq!(compose(&|h| h.cty = ContentType::Link), Err(LinkError::Jose(JoseError::WrongContentType)));
    assert_eq!(compose(&|h| h.alg = Algorithm::EdDsa), Err(LinkError::Jose(JoseError::AlgorithmRefused)));
    let later = ReceiptPayload { receipt: 2, ..receipt(ReceiptKind::Accepted) };
    assert_eq!(refused_both_ways(later), LinkError::UnknownVersion(2));
}
