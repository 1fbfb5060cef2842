//! Links: what is composed is read back as it was; every other spelling is refused with its own error; the signed bytes stay as
//! they came. Wrong implementations that these tests catch: one that reads the header leniently (RFC 8725 section 3), one that
//! serialises the payload again instead of keeping its bytes, one that takes two spellings of a signature for two messages, one
//! that lets a receipt pass as a link, and one that composes what its peers cannot read.

use super::*;
use crate::ids::Nonce;
use crate::jose::{Algorithm, PublicKey};
use crate::limits::HEADER_BYTES_MAX;
use crate::support_tests::*;
use proptest::prelude::*;
use serde_json::json;

fn parse_and_verify(text: &str) -> Result<Verified<Link>, LinkError> {
    Ok(ParsedLink::parse(text)?.verify(&key_of(&author()), &HashCheck)?)
}

/// What parsing says of a header and a payload that are signed as they stand.
fn refusal(header: &str, payload: &[u8]) -> LinkError {
    let text = forge(header, payload);
    ParsedLink::parse(&text).map(|parsed| panic!("accepted: {:?}", parsed.payload())).unwrap_err()
}

fn payload_refusal(payload: &Value) -> LinkError {
    refusal(&header_json(ContentType::Link).to_string(), payload.to_string().as_bytes())
}

fn header_refusal(header: &Value) -> LinkError {
    refusal(&header.to_string(), payload_json().to_string().as_bytes())
}

/// The error has this variant and this code.
macro_rules! assert_refused {
    ($error:expr, $variant:pat, $code:literal, $($case:tt)+) => {{
        let error: LinkError = $error;
        assert!(matches!(&error, $variant), "{}: {error:?}", format_args!($($case)+));
        assert_eq!(error.code(), $code, $($case)+);
    }};
}

use LinkError::{BadPayload, BadSequence, Jose, TimesDisagree, TooMany, UnknownVersion};

#[test]
fn a_composed_link_is_read_back_as_it_was_and_named_by_its_signing_input() {
    let link = signed_link(payload());
    let (input, signature) = link.text().rsplit_once('.').unwrap();
    assert_eq!(link.id().to_string(), sha256_hex(input.as_bytes()));
    assert_eq!(link.bytes_digest().to_string(), sha256_hex(link.text().as_bytes()));
    assert_eq!(signature.len(), 43);

    let parsed = ParsedLink::parse(link.text()).unwrap();
    assert_eq!((parsed.id(), parsed.payload(), parsed.header()), (link.id(), link.payload(), link.header()));
    assert_eq!(*parsed.payload(), payload());
    let verified = parsed.verify(&key_of(&author()), &HashCheck).unwrap();
    assert_eq!(verified, link);
    assert_eq!(verified.check_schema(), Ok(()));
}

/// Written by another program: other order of names, white space, escapes, a time with one decimal.
const FOREIGN: &str = concat!(
    "eyAidHlwIjoiam9zZSIsICJ4NXQjUzI1NiI6IjF0N3R6bFlQNG1DbERWTjlGWU9MWGZlZmxNYXJrNGpiZENaRlFNVVNOdGciLAog",
    "ICJpYXQiOjE3OTU0MjA4MDAsICJjdHkiOiJhcHBsaWNhdGlvblwvdm5kLmNvbmNlcnRvLmxpbmsranNvbiIsICJhbGciOiJFUzI1",
    "NiIsICJraWQiOiJISmtsT1pBZUNHckNfRUlRbVRhU1ZnVFpNdXRNcS13SnE3T2o1NjU0bjNBIiwgInRydXN0IjoiNjU0ZDkwNWNm",
    "NmZhN2JkYjZiZTEzMzYwMmQ0NjVlZDY3NGNiMTZiOThlNzFlYWJkOTUyOWFlMDQ1MWRlMWVhYSIgfQ",
    ".",
    "ewogICJmYWN0cyI6IHsgfSwKICAicmVnaW1lIjogIlIxYiIsCiAgImxlZ2FsX2Jhc2lzIjogWyAiTC4gMjQxXC8xOTkwIGFydC4g",
    "MTRcdTAwMmRiaXMiIF0sCiAgImlzc3VlZF9hdCI6ICIyMDI2LTExLTIzVDA4OjAwOjAwLjVaIiwKICAicHJldmlvdXMiOiBudWxs",
    "LAogICJzZXF1ZW5jZSI6IDEsCiAgImluY2FybmF0aW9uIjogeyAibm9uY2UiOiAiMDcwNzA3MDcwNzA3MDcwNzA3MDcwNzA3MDcw",
    "NzA3MDciLCAiY291bnRlciI6IDEgfSwKICAid3JpdGVyIjogImNfeDAwMVwvUFJPVCIsCiAgImNvbmZlcmVuY2UiOiAiY194MDAx",
    "L1BST1QvMDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmYiLAogICJmZWRlcmF0aW9uIjogImh0dHBzOi8vYW5jaG9yLmV4",
    "YW1wbGUiLAogICJib2R5IjogeyAiYXVkaWVuY2UiOiBbICJhc2xfeDAwMi9BT08xIiBdLCAibWVkaWFfdHlwZSI6ICJhcHBsaWNh",
    "dGlvbi9qc29uIiwgInNpemUiOiA0LAogICAgICAgICAgICAiZGlnZXN0IjogIjIzMGQ4MzU4ZGM4ZTg4OTBiNGM1OGRlZWI2Mjkx",
    "MmVlMmYyMDM1N2FlOTJhNWNjODYxYjk4ZTY4ZmUzMWFjYjUiIH0sCiAgInR5cGUiOiAiU2VhbGVkIiwgInNjaGVtYSI6ICJ1cm46",
    "Y29uY2VydG86c2NoZW1hOnNlYWxlZDoxIiwgImxpbmsiOiAxCn0K",
    ".",
    "qtIGlsDdxiMqya_Ea79c9jb7GEBc4PaqvDcBnV0oFyk",
);
const FOREIGN_ID: &str = "2f2ca8958d139af5e364379de0edcdb87343fa05fe571ba984027945f7798a65";
const FOREIGN_BYTES: &str = "aeb9e9889c985060e8e7a7233cda4c539e82712daef0e9230561ec5aa992afcb";

#[test]
fn the_bytes_of_a_foreign_implementation_are_kept_exactly() {
    let link = parse_and_verify(FOREIGN).unwrap();
    assert_eq!(link.text(), FOREIGN);
    assert_eq!(link.id().to_string(), FOREIGN_ID);
    assert_eq!(link.bytes_digest().to_string(), FOREIGN_BYTES);
    assert_eq!(link.check_schema(), Ok(()));
    let expected = Payload { issued_at: "2026-11-23T08:00:00.5Z".parse().unwrap(), ..payload() };
    assert_eq!(*link.payload(), expected);
    // what this crate would have written has other bytes, and so is another message
    assert_ne!(signed_link(expected).id(), link.id());
    assert_eq!(ParsedLink::parse(FOREIGN).unwrap().from_own_journal(), link);
}

#[test]
fn names_that_the_payload_does_not_know_do_not_make_a_hole_in_the_chain() {
    let payload = with(with(payload_json(), "added_later", 1), "schema", "urn:concerto:schema:newer:9");
    let text = forge(&header_json(ContentType::Link).to_string(), payload.to_string().as_bytes());
    let link = parse_and_verify(&text).unwrap();
    assert_eq!(link.value()["added_later"], 1);
    let unknown = concerto_schemas::SchemaError::Unknown("urn:concerto:schema:newer:9".into());
    assert_eq!(link.check_schema(), Err(unknown));
}

#[test]
fn three_parts_and_no_other_number() {
    let good = signed_link(payload()).text().to_owned();
    let (input, _) = good.rsplit_once('.').unwrap();
    for (text, what) in [
        (String::new(), "it has no signature part"),
        (good.replace('.', ""), "it has no signature part"),
        (input.to_owned(), "it has no payload part"),
        (format!("{good}.AAAA"), "it has more than three parts"),
        (format!("{good}."), "it has more than three parts"),
    ] {
        let error = ParsedLink::parse(&text).unwrap_err();
        assert_eq!(error, Jose(JoseError::NotCompact(what)));
        assert_eq!(error.code(), "message.not-compact");
    }
}

#[test]
fn one_spelling_of_base64url_only() {
    // spaces after the JSON give each part a last character with unused bits
    let header = header_json(ContentType::Link).to_string();
    let header = format!("{header}{}", " ".repeat(4 - header.len() % 3));
    let payload = payload_json().to_string();
    let payload = format!("{payload}{}", " ".repeat(4 - payload.len() % 3));
    let good = forge(&header, payload.as_bytes());
    parse_and_verify(&good).unwrap();
    let whats =
        ["the header is not base64url", "the payload is not base64url", "the signature is not base64url"];
    for (place, what) in whats.into_iter().enumerate() {
        let spoil = |change: &dyn Fn(&str) -> String| {
            let mut parts: Vec<String> = good.split('.').map(String::from).collect();
            parts[place] = change(&parts[place]);
            ParsedLink::parse(&parts.join(".")).unwrap_err()
        };
        let set_last = |part: &str, last: u8| format!("{}{}", &part[..part.len() - 1], last as char);
        let trailing_bits = |part: &str| {
            let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let index = alphabet.iter().position(|b| *b == *part.as_bytes().last().unwrap()).unwrap();
            assert_eq!(index % 4, 0, "the last character has unused bits");
            set_last(part, alphabet[index + 1])
        };
        let changes: [&dyn Fn(&str) -> String; 8] = [
            &|part| format!("{part}="),
            &|part| format!("{part}=="),
            &|part| format!("{part}\n"),
            &|part| format!(" {part}"),
            &|part| format!("+{}", &part[1..]),
            &|part| format!("/{}", &part[1..]),
            // four characters hold three bytes; one left over holds none
            &|part| part[..part.len() / 4 * 4 - 3].to_owned(),
            &trailing_bits,
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let error = spoil(change);
            assert_eq!(error, Jose(JoseError::NotCompact(what)), "part {place}, change {number}");
        }
    }
}

#[test]
fn the_header_is_a_closed_list() {
    for name in ["jwk", "jku", "x5u", "x5c", "x5t", "b64", "crit", "sigT", "zip", "Alg", ""] {
        let error = header_refusal(&with(header_json(ContentType::Link), name, json!(["b64"])));
        assert_eq!(error, Jose(JoseError::ForbiddenHeader(name.into())));
        assert_eq!(error.code(), "message.header.forbidden");
    }
    let long = header_refusal(&with(header_json(ContentType::Link), &"é".repeat(100), 1));
    assert_eq!(long, Jose(JoseError::ForbiddenHeader("é".repeat(80))));
    for name in ["alg", "cty", "iat", "kid", "trust", "typ", "x5t#S256"] {
        let error = header_refusal(&without(header_json(ContentType::Link), name));
        assert_refused!(error, Jose(JoseError::BadHeader(_)), "message.header.invalid", "without {name}");
        for value in [json!(null), json!([]), json!({ "ES256": null }), json!(true), json!(1.5)] {
            let error = header_refusal(&with(header_json(ContentType::Link), name, value.clone()));
            assert_refused!(error, Jose(JoseError::BadHeader(_)), "message.header.invalid", "{name} {value}");
        }
    }
}

#[test]
fn a_header_that_two_readers_could_read_in_two_ways_is_refused() {
    let good = header_json(ContentType::Link);
    let text = good.to_string();
    let members: Vec<Value> = good.as_object().unwrap().values().cloned().collect();
    for bad in [
        text.replacen('{', r#"{"alg":"ES256","#, 1),
        text.replacen('{', r#"{"\u0061lg":"none","#, 1),
        text.replacen('{', r#"{"kid":"other","#, 1),
        Value::Array(members).to_string(),
        format!("{text}{text}"),
        format!("\u{feff}{text}"),
        "{}".into(),
        "null".into(),
        String::new(),
    ] {
        let error = refusal(&bad, payload_json().to_string().as_bytes());
        assert_refused!(error, Jose(JoseError::BadHeader(_)), "message.header.invalid", "{bad}");
    }
}

#[test]
fn algorithms_that_sign_no_messages_are_refused() {
    for alg in ["none", "None", "HS256", "ES256K", "PS256", "es256", ""] {
        let error = header_refusal(&with(header_json(ContentType::Link), "alg", alg));
        assert_refused!(error, Jose(JoseError::BadHeader(_)), "message.header.invalid", "{alg}");
    }
    let error = header_refusal(&with(header_json(ContentType::Link), "alg", "EdDSA"));
    assert_eq!(error, Jose(JoseError::AlgorithmRefused));
    assert_eq!(error.code(), "message.header.algorithm");
}

#[test]
fn another_content_or_type_is_refused() {
    for cty in [ContentType::Receipt, ContentType::Hello] {
        let error = header_refusal(&header_json(cty));
        assert_eq!(error, Jose(JoseError::WrongContentType));
        assert_eq!(error.code(), "message.header.content-type");
    }
    for (name, value) in [
        ("cty", "application/json"),
        ("cty", "vnd.concerto.link+json"),
        ("typ", "JWT"),
        ("typ", "jose+json"),
        ("typ", "JOSE"),
    ] {
        let error = header_refusal(&with(header_json(ContentType::Link), name, value));
        assert_refused!(error, Jose(JoseError::BadHeader(_)), "message.header.invalid", "{name} {value}");
    }
}

#[test]
fn sizes_end_exactly_at_their_bounds() {
    let header = header_json(ContentType::Link).to_string();
    let padded =
        |spaces: usize| forge(&header, format!("{}{}", payload_json(), " ".repeat(spaces)).as_bytes());
    let mut spaces = (LINK_BYTES_MAX - padded(0).len()) * 3 / 4 - 4;
    while padded(spaces + 1).len() <= LINK_BYTES_MAX {
        spaces += 1;
    }
    parse_and_verify(&padded(spaces)).unwrap();
    let found = padded(spaces + 1).len();
    let error = ParsedLink::parse(&padded(spaces + 1)).unwrap_err();
    assert_eq!(error, Jose(JoseError::TooLarge { found, limit: LINK_BYTES_MAX }));
    assert_eq!(error.code(), "message.too-large");
    // the size is checked before the form
    let error = ParsedLink::parse(&".".repeat(LINK_BYTES_MAX + 1)).unwrap_err();
    assert_eq!(error, Jose(JoseError::TooLarge { found: LINK_BYTES_MAX + 1, limit: LINK_BYTES_MAX }));

    let wide = |bytes: usize| format!("{header}{}", " ".repeat(bytes - header.len()));
    let payload = payload_json().to_string();
    parse_and_verify(&forge(&wide(HEADER_BYTES_MAX / 4 * 3), payload.as_bytes())).unwrap();
    let error = refusal(&wide(HEADER_BYTES_MAX / 4 * 3 + 1), payload.as_bytes());
    assert_eq!(error, Jose(JoseError::TooLarge { found: HEADER_BYTES_MAX + 2, limit: HEADER_BYTES_MAX }));
}

#[test]
fn the_signing_time_and_the_time_of_issue_are_one() {
    let iat = issued_at().as_second();
    for other in [iat - 1, iat + 1, 0, -iat] {
        let error = header_refusal(&with(header_json(ContentType::Link), "iat", other));
        assert_eq!(error, TimesDisagree);
        assert_eq!(error.code(), "message.times-disagree");
    }
}

#[test]
fn other_versions_of_the_envelope_are_refused_as_such() {
    for version in [0, 2, u64::MAX] {
        let error = payload_refusal(&with(payload_json(), "link", version));
        assert_eq!(error, UnknownVersion(version));
        assert_eq!(error.code(), "message.version.unknown");
    }
    // a later version is named even where nothing else of it can be read
    assert_eq!(payload_refusal(&json!({ "link": 2 })), UnknownVersion(2));
    for version in [json!("1"), json!(1.0), json!(-1), json!(null), json!([1])] {
        let error = payload_refusal(&with(payload_json(), "link", version.clone()));
        assert_refused!(error, BadPayload(_), "message.payload.invalid", "{version}");
    }
}

#[test]
fn a_payload_that_two_readers_could_read_in_two_ways_is_refused() {
    let header = header_json(ContentType::Link).to_string();
    let text = payload_json().to_string();
    let deep = |levels: usize| {
        with(payload_json(), "facts", (1..levels).fold(json!([]), |inner, _| json!([inner]))).to_string()
    };
    for bad in [
        text.replacen('{', r#"{"sequence":1,"#, 1),
        text.replacen('{', r#"{"\u0073equence":2,"#, 1),
        text.replacen(r#""facts":{}"#, r#""facts":{"a":1,"a":1}"#, 1),
        text.replacen(r#""counter":1"#, r#""counter":1,"counter":1"#, 1),
        text.replacen("R1b", r"\ud800", 1),
        format!("{text}{text}"),
        format!("{text}\0"),
        format!("\u{feff}{text}"),
        text.replacen('}', ",}", 1),
        deep(crate::limits::JSON_DEPTH_MAX),
        "[".repeat(100_000),
        String::new(),
        "1".into(),
        "[1]".into(),
    ] {
        let cut: String = bad.chars().take(60).collect();
        assert_refused!(refusal(&header, bad.as_bytes()), BadPayload(_), "message.payload.invalid", "{cut}");
    }
    let invalid_utf8 =
        text.replacen("R1b", "R?b", 1).bytes().map(|b| if b == b'?' { 0xff } else { b }).collect::<Vec<_>>();
    assert_refused!(refusal(&header, &invalid_utf8), BadPayload(_), "message.payload.invalid", "UTF-8");
    parse_and_verify(&forge(&header, deep(crate::limits::JSON_DEPTH_MAX - 1).as_bytes())).unwrap();
}

#[test]
fn fields_that_are_missing_or_of_another_form_are_refused() {
    for name in ["schema", "type", "federation", "conference", "writer", "incarnation", "sequence"] {
        let error = payload_refusal(&without(payload_json(), name));
        assert_refused!(error, BadPayload(_), "message.payload.invalid", "without {name}");
    }
    let body = payload_json()["body"].clone();
    let listed = |object: &Value| Value::Array(object.as_object().unwrap().values().cloned().collect());
    for (name, value) in [
        ("writer", json!("c_x001")),
        ("writer", json!("c_x001/PROT/more")),
        ("conference", json!("c_x001/PROT/00112233445566778899AABBCCDDEEFF")),
        ("federation", json!("http://anchor.example")),
        ("sequence", json!("1")),
        ("sequence", json!(-1)),
        ("sequence", json!(1.5)),
        ("previous", json!("AB")),
        ("issued_at", json!("2026-11-23")),
        ("issued_at", json!(1_795_420_800)),
        ("legal_basis", json!("L. 241/1990")),
        ("incarnation", json!([1, "07070707070707070707070707070707"])),
        ("incarnation", json!({ "counter": 1, "nonce": "07070707070707070707070707070707", "more": 1 })),
        ("observed", json!([["c_x001/PROT", message("a").to_string()]])),
        ("on_behalf_of", json!(["c_x001"])),
        ("body", json!([body["digest"], body["size"], body["media_type"], body["audience"]])),
        ("body", with(body.clone(), "name", "plan.pdf")),
        ("documents", json!([listed(&body)])),
        ("documents", json!({})),
    ] {
        let error = payload_refusal(&with(payload_json(), name, value.clone()));
        assert_refused!(error, BadPayload(_), "message.payload.invalid", "{name} {value}");
    }
}

fn observed(count: usize) -> Vec<Observed> {
    (0..count)
        .map(|n| Observed { writer: writer(&format!("w{n}/A")), head: message(&n.to_string()) })
        .collect()
}

fn documents(count: usize) -> Vec<Attachment> {
    (0..count)
        .map(|n| Attachment { digest: Digest::of(&n.to_be_bytes()), ..attachment(Audience::ALL) })
        .collect()
}

fn only(count: usize) -> Audience {
    Audience::Only((0..count).map(|n| writer(&format!("w{n}/A"))).collect())
}

/// Both ways to a link, composing and parsing, refuse with the same error.
fn refused_both_ways(payload: &Payload) -> LinkError {
    let parsed = payload_refusal(&serde_json::to_value(payload).unwrap());
    let header = header(&key_of(&author()), ContentType::Link);
    assert_eq!(UnsignedLink::new(header, payload.clone()).unwrap_err(), parsed);
    parsed
}

#[test]
fn lists_end_exactly_at_their_bounds() {
    let most = Payload { observed: observed(OBSERVED_MAX), documents: documents(DOCUMENTS_MAX), ..payload() };
    assert_eq!(*parse_and_verify(signed_link(most.clone()).text()).unwrap().payload(), most);
    let wide = Payload { body: Some(attachment(only(AUDIENCE_MAX))), ..payload() };
    assert_eq!(*parse_and_verify(signed_link(wide.clone()).text()).unwrap().payload(), wide);

    for (bad, field, found, limit) in [
        (Payload { observed: observed(OBSERVED_MAX + 1), ..payload() }, "observed", 65, 64),
        (Payload { documents: documents(DOCUMENTS_MAX + 1), ..payload() }, "documents", 257, 256),
        (Payload { body: Some(attachment(only(AUDIENCE_MAX + 1))), ..payload() }, "audience", 257, 256),
        (Payload { documents: vec![attachment(only(AUDIENCE_MAX + 1))], ..payload() }, "audience", 257, 256),
    ] {
        let error = refused_both_ways(&bad);
        assert_eq!(error, TooMany { field, found, limit });
        assert_eq!(error.code(), "message.payload.too-many");
    }
}

#[test]
fn sequence_previous_and_incarnation_fit_together() {
    let at = |counter: u32, sequence: u64, previous: Option<MessageId>| Payload {
        incarnation: incarnation(counter),
        sequence,
        previous,
        ..payload()
    };
    let before = Some(message("before"));
    for good in [at(1, 1, None), at(1, 2, before), at(2, 1, None), at(2, 1, before), at(2, 2, before)] {
        assert_eq!(*parse_and_verify(signed_link(good.clone()).text()).unwrap().payload(), good);
    }
    for bad in [
        at(1, 0, None),
        at(1, 0, before),
        at(2, 0, before),
        at(1, 1, before),
        at(1, 2, None),
        at(2, 2, None),
        at(0, 1, None),
        at(0, 2, before),
    ] {
        let error = refused_both_ways(&bad);
        assert_eq!(error, BadSequence, "{bad:?}");
        assert_eq!(error.code(), "message.sequence");
    }
}

#[test]
fn only_the_listed_key_of_the_writer_verifies() {
    let link = signed_link(payload());
    let good = key_of(&author());
    let other = key_of(&writer("asl_x002/AOO1"));
    let p384 = PublicKey::EC { crv: "P-384".into(), x: "AA".into(), y: "AA".into() };
    let wrong_key = JoseError::WrongKey { expected: other.kid.clone(), found: good.kid.clone() };
    let wrong_writer = JoseError::WrongWriter { key_of: other.writer.clone(), claimed: author() };
    let cases = [
        (MessageKey { kid: other.kid.clone(), ..good.clone() }, wrong_key, "message.key.other"),
        (
            MessageKey { certificate: other.certificate.clone(), ..good.clone() },
            JoseError::WrongCertificate,
            "message.key.certificate",
        ),
        (other.clone(), wrong_writer.clone(), "message.key.writer"),
        (MessageKey { writer: other.writer.clone(), ..good.clone() }, wrong_writer, "message.key.writer"),
        (
            MessageKey { federation: "https://other.example".parse().unwrap(), ..good.clone() },
            JoseError::WrongFederation(FEDERATION.parse().unwrap()),
            "message.federation.other",
        ),
        (
            MessageKey { algorithm: Algorithm::Es384, ..good.clone() },
            JoseError::AlgorithmRefused,
            "message.header.algorithm",
        ),
        (
            MessageKey { public: p384, ..good.clone() },
            JoseError::AlgorithmRefused,
            "message.header.algorithm",
        ),
        (
            MessageKey { public: other.public.clone(), ..good.clone() },
            JoseError::BadSignature,
            "message.signature",
        ),
    ];
    for (key, error, code) in cases {
        let found = ParsedLink::parse(link.text()).unwrap().verify(&key, &HashCheck).unwrap_err();
        assert_eq!(found, error);
        assert_eq!((found.code(), LinkError::from(found.clone()).code()), (code, code));
    }
    for signature in [&[] as &[u8], &[0; 64]] {
        let text = jose::with_signature(link.text().rsplit_once('.').unwrap().0.into(), signature);
        let found = ParsedLink::parse(&text).unwrap().verify(&good, &HashCheck).unwrap_err();
        assert_eq!(found, JoseError::BadSignature);
    }
}

/// Exhaustive: no text that differs in one byte, wherever, verifies at all.
#[test]
fn no_changed_byte_anywhere_verifies() {
    let good = signed_link(payload()).text().to_owned();
    let every = (1..=255u8).collect::<Vec<_>>();
    let bits = (0..8).map(|bit| 1u8 << bit).collect::<Vec<_>>();
    let masks = if full_effort() { every } else { bits };
    let mut tried = [0usize; 3];
    for place in 0..good.len() {
        for mask in &masks {
            let mut bytes = good.clone().into_bytes();
            bytes[place] ^= mask;
            // what is not UTF-8 is no text, and never reaches the parser
            let Ok(text) = String::from_utf8(bytes) else { continue };
            assert!(parse_and_verify(&text).is_err(), "byte {place} xor {mask:#04x}");
            tried[good[..place].matches('.').count()] += 1;
        }
        let mut shorter = good.clone();
        shorter.remove(place);
        assert!(parse_and_verify(&shorter).is_err(), "without byte {place}");
        for extra in ['A', '.', '=', '\n'] {
            let mut longer = good.clone();
            longer.insert(place, extra);
            assert!(parse_and_verify(&longer).is_err(), "{extra:?} before byte {place}");
        }
    }
    let lengths = good.split('.').map(str::len);
    assert!(lengths.zip(tried).all(|(length, tried)| tried >= length * 7), "{tried:?}");
    parse_and_verify(&good).unwrap();
}

#[test]
fn what_peers_could_not_read_is_not_composed() {
    let good = header(&key_of(&author()), ContentType::Link);
    let compose =
        |header: Header, payload: Payload| UnsignedLink::new(header, payload).map(|_| ()).unwrap_err();
    let mut other = good.clone();
    other.iat += 1;
    assert_eq!(compose(other, payload()), TimesDisagree);
    let receipt = Header { cty: ContentType::Receipt, ..good.clone() };
    assert_eq!(compose(receipt, payload()), Jose(JoseError::WrongContentType));
    let ed25519 = Header { alg: Algorithm::EdDsa, ..good.clone() };
    assert_eq!(compose(ed25519, payload()), Jose(JoseError::AlgorithmRefused));
    let long = Header { kid: "k".repeat(HEADER_BYTES_MAX), ..good.clone() };
    assert_refused!(
        compose(long, payload()),
        Jose(JoseError::TooLarge { limit: HEADER_BYTES_MAX, .. }),
        "message.too-large",
        "kid"
    );
    let talkative = Payload { facts: json!({ "name": "x" }), ..payload() };
    assert_refused!(compose(good.clone(), talkative), LinkError::Schema(_), "message.schema", "facts");
    let every_audience_wide =
        documents(DOCUMENTS_MAX).into_iter().map(|d| Attachment { audience: only(AUDIENCE_MAX), ..d });
    let large = Payload { documents: every_audience_wide.collect(), ..payload() };
    let limit = LINK_BYTES_MAX - 1024;
    match compose(good, large) {
        Jose(JoseError::TooLarge { found, limit: stated }) => assert!(found > limit && stated == limit),
        other => panic!("{other:?}"),
    }
}

prop_compose! {
    fn any_payload()(
        ipa in "[a-z][a-z0-9_]{0,20}",
        counter in 1u32..4,
        nonce in any::<[u8; 16]>(),
        sequence in 1u64..1 << 53,
        names_previous in any::<bool>(),
        seconds in 0i64..4_000_000_000,
        nanoseconds in 0i32..1_000_000_000,
        heads in 0..OBSERVED_MAX,
        listed in 0..20usize,
        basis in prop::collection::btree_set("[!-~àèéìòù][ -~àèéìòù€]{0,60}", 1..4),
        office in prop::option::of("[A-Z0-9]{6}"),
        shown in any::<bool>(),
    ) -> Payload {
        let author = writer(&format!("{ipa}/PROT"));
        let named = if sequence == 1 { counter > 1 && names_previous } else { true };
        Payload {
            conference: ConferenceId::new(author.clone(), Nonce(nonce)),
            incarnation: Incarnation { counter, nonce: Nonce(nonce) },
            sequence,
            previous: named.then(|| message("before")),
            observed: observed(heads),
            issued_at: Timestamp::new(seconds, nanoseconds).unwrap(),
            on_behalf_of: office.map(|office| match shown {
                true => Represented::body(&writer(&format!("c_x001/{office}")), message("record")),
                false => Represented { office: Some(office), ipa: author.ipa.clone(), aoo: None, evidence: None },
            }),
            legal_basis: basis.into_iter().collect(),
            documents: documents(listed),
            writer: author,
            ..payload()
        }
    }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn every_payload_that_can_be_composed_comes_back(payload in any_payload()) {
        let link = signed_link(payload.clone());
        let back = ParsedLink::parse(link.text()).unwrap().verify(&key_of(&payload.writer), &HashCheck).unwrap();
        prop_assert_eq!(back.payload(), &payload);
        prop_assert_eq!(&back, &link);
        prop_assert_eq!(back.payload().slot(), payload.slot());
        prop_assert_eq!(serde_json::from_value::<Payload>(back.value().clone()).unwrap(), payload);
    }

    /// Spaces between tokens change the identifier and nothing else.
    #[test]
    fn white_space_makes_another_message_with_the_same_meaning(payload in any_payload(), tail in "[ \n\r\t]{1,40}") {
        let key = key_of(&payload.writer);
        let link = signed_link(payload.clone());
        let bytes = format!("{}{tail}", serde_json::to_string_pretty(&payload).unwrap());
        let input = jose::signing_input(link.header(), bytes.as_bytes()).unwrap();
        let text = jose::with_signature(input.clone(), &sign(&key, &input));
        let other = ParsedLink::parse(&text).unwrap().verify(&key, &HashCheck).unwrap();
        prop_assert_eq!(other.text(), &text);
        prop_assert_eq!(other.payload(), link.payload());
        prop_assert_ne!(other.id(), link.id());
    }

    #[test]
    fn no_text_makes_the_parser_panic_or_verify(text in "[A-Za-z0-9_.=+-]{0,200}|\\PC{0,60}", json in "\\PC{0,80}") {
        prop_assert!(parse_and_verify(&text).is_err());
        prop_assert!(ParsedLink::parse(&forge(&json, json.as_bytes())).is_err());
        prop_assert!(ParsedLink::parse(&forge(&header_json(ContentType::Link).to_string(), json.as_bytes())).is_err());
    }
}
