//! The form of statements and bundles, without any signature: what is read strictly and what is refused by name.

use super::*;
use crate::bundle::{Bundle, STATEMENTS_MAX};
use concerto_message::limits::BUNDLE_BYTES_MAX;
use serde_json::json;

fn claims() -> Value {
    json!({
        "iss": "https://nodo.example", "sub": "https://nodo.example", "iat": 1_800_000_000, "exp": 1_800_086_400,
        "jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "BBBB", "kid": "f", "alg": "ES256"}]},
        "authority_hints": ["https://ancora.example"],
        "metadata": {
            "federation_entity": {"organization_name": "Comune di Esempio", "contacts": ["x@nodo.example"]},
            "openid_relying_party": {"ignored": true},
            "cds_node": {
                "ipa_code": "c_x000", "aoo_codes": ["AOO1"], "endpoints": ["/ip4/127.0.0.1/tcp/4001"],
                "pec": "protocollo@nodo.example",
                "message_keys": {"keys": [{
                    "kty": "EC", "crv": "P-256", "x": "CCCC", "y": "DDDD", "kid": "m", "alg": "ES256", "use": "sig",
                    "x5c": ["ZGVy"],
                }]},
            },
        },
        "unknown_claim": 1,
    })
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": "f", "typ": "entity-statement+jwt"})
}

fn jwt_of(header: &str, claims: &str) -> String {
    format!(
        "{}.{}.{}",
        jose::base64url(header.as_bytes()),
        jose::base64url(claims.as_bytes()),
        jose::base64url(&[7; 64])
    )
}

fn read(header: &Value, claims: &Value) -> Result<Statement<EntityConfiguration>, TrustError> {
    Statement::parse(&jwt_of(&header.to_string(), &claims.to_string()), 0)
}

#[test]
fn a_configuration_is_read_and_written_again() {
    let statement = read(&header(), &claims()).unwrap();
    assert_eq!((statement.kid.as_str(), statement.algorithm), ("f", Algorithm::Es256));
    assert_eq!(statement.signature(), [7; 64]);
    let node = statement.claims().metadata.cds_node.as_ref().unwrap();
    assert_eq!(node.ipa_code.as_str(), "c_x000");
    let input = statement.claims().signing_input("f", Algorithm::Es256).unwrap();
    let again: Statement<EntityConfiguration> = Statement::parse(&format!("{input}.AAAA"), 0).unwrap();
    assert_eq!(again.claims(), statement.claims());
    assert_eq!(again.signing_input(), input);
    let header = BASE64URL_NOPAD.decode(input.split('.').next().unwrap().as_bytes()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&header).unwrap(), self::header());
}

#[test]
fn headers_are_a_closed_list() {
    for (name, value) in [
        ("jwk", json!({})),
        ("crit", json!(["x"])),
        ("x5u", json!("https://x.example")),
        ("b64", json!(false)),
    ] {
        let mut header = header();
        header[name] = value;
        assert_eq!(
            read(&header, &claims()).unwrap_err(),
            TrustError::ForbiddenHeader { place: 0, name: name.into() }
        );
    }
    for algorithm in ["none", "HS256", "EdDSA", "RS512", "es256", ""] {
        let mut header = header();
        header["alg"] = json!(algorithm);
        let refused = TrustError::AlgorithmRefused { place: 0, algorithm: algorithm.into() };
        assert_eq!(read(&header, &claims()).unwrap_err(), refused);
    }
    for typ in [json!("JWT"), json!(1), Value::Null] {
        let mut header = header();
        header["typ"] = typ;
        assert_eq!(read(&header, &claims()).unwrap_err(), TrustError::WrongType { place: 0 });
    }
    let mut nameless = header();
    nameless.as_object_mut().unwrap().remove("kid");
    assert_eq!(read(&nameless, &claims()).unwrap_err().code(), "trust.statement.invalid");
}

#[test]
fn claims_that_do_not_fit_are_refused_by_code() {
    let cases: [(&str, Value, &str); 16] = [
        ("/sub", json!("https://altro.example"), "trust.chain.kind"),
        ("/authority_hints/0", json!("http://nodo.example"), "trust.statement.invalid"),
        ("/exp", json!(1_800_000_000), "trust.statement.invalid"),
        ("/iat", json!("1800000000"), "trust.statement.invalid"),
        ("/iat", json!(i64::MAX), "trust.statement.invalid"),
        ("/jwks", json!({"keys": []}), "trust.statement.invalid"),
        ("/authority_hints", json!(vec!["https://a.example"; 9]), "trust.too-many"),
        ("/metadata/federation_entity/organization_name", json!("Ente\u{1b}[2J"), "trust.statement.invalid"),
        ("/metadata/cds_node/aoo_codes", json!([]), "trust.node.metadata"),
        ("/metadata/cds_node/aoo_codes", json!(vec!["A"; 65]), "trust.too-many"),
        ("/metadata/cds_node/endpoints", json!(["127.0.0.1"]), "trust.node.address"),
        ("/metadata/cds_node/pec", json!("nessuna"), "trust.node.address"),
        ("/metadata/cds_node/message_keys/keys/0/use", json!("enc"), "trust.node.message-key"),
        ("/metadata/cds_node/message_keys/keys/0/alg", json!("ES384"), "trust.node.message-key"),
        ("/metadata/cds_node/message_keys/keys/0/x5c", json!(["%"]), "trust.node.message-key"),
        ("/metadata/cds_node/message_keys/keys/0/d", json!("AAAA"), "trust.statement.invalid"),
    ];
    for (pointer, value, code) in cases {
        let mut claims = claims();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match claims.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
            object => object[name] = value,
        }
        assert_eq!(read(&header(), &claims).unwrap_err().code(), code, "{pointer}");
    }
}

#[test]
fn a_federation_key_may_not_sign_messages() {
    let mut claims = claims();
    claims["metadata"]["cds_node"]["message_keys"]["keys"][0]["x"] = json!("AAAA");
    claims["metadata"]["cds_node"]["message_keys"]["keys"][0]["y"] = json!("BBBB");
    assert!(
        matches!(read(&header(), &claims).unwrap_err(), TrustError::BadMessageKey { kid, .. } if kid == "m")
    );
}

#[test]
fn critical_claims_are_refused_rather_than_ignored() {
    for claim in ["crit", "metadata_policy_crit"] {
        let mut claims = claims();
        claims[claim] = json!(["x"]);
        assert_eq!(read(&header(), &claims).unwrap_err(), TrustError::Unsupported { place: 0, claim });
    }
}

#[test]
fn duplicate_names_and_broken_texts_are_refused() {
    let good = jwt_of(&header().to_string(), &claims().to_string());
    let twice = claims().to_string().replacen("\"iat\"", "\"exp\":1,\"iat\"", 1);
    let texts = [
        String::new(),
        "..".into(),
        good.replacen('.', "", 1),
        format!("{good}="),
        format!("{good}.AA"),
        jwt_of(&header().to_string(), &twice),
        jwt_of(
            r#"{"alg":"ES256","alg":"none","kid":"f","typ":"entity-statement+jwt"}"#,
            &claims().to_string(),
        ),
        jwt_of(&format!(r#"{{"kid":"{}"}}"#, "k".repeat(2000)), "{}"),
    ];
    for text in texts {
        let refused = Statement::<EntityConfiguration>::parse(&text, 3).unwrap_err();
        assert!(matches!(refused, TrustError::Malformed { place: 3, .. }), "{refused}");
    }
}

#[test]
fn bundles_are_bounded_and_name_what_is_wrong() {
    let node = jwt_of(&header().to_string(), &claims().to_string());
    let mut about = claims();
    about["iss"] = json!("https://ancora.example");
    about["metadata"] = json!({"cds_node": {"ipa_code": "c_x000", "aoo_codes": ["AOO1"]}});
    let statement = jwt_of(&header().to_string(), &about.to_string());
    let bundle = Bundle::compose(&[node.clone(), statement.clone(), node.clone()]).unwrap();
    assert_eq!(bundle.claimed_entity().as_str(), "https://nodo.example");
    assert_eq!(Bundle::parse_named(bundle.bytes(), bundle.digest()).unwrap(), bundle);

    let code = |bytes: &[u8]| Bundle::parse(bytes).unwrap_err().code();
    let of = |items: Vec<&String>| serde_json::to_vec(&items).unwrap();
    assert_eq!(code(&vec![b' '; BUNDLE_BYTES_MAX + 1]), "trust.bundle.too-large");
    assert_eq!(code(b"{}"), "trust.bundle.invalid");
    assert_eq!(code(b"[1,2,3]"), "trust.bundle.invalid");
    assert_eq!(code(b"[] []"), "trust.bundle.invalid");
    assert_eq!(code(b"[]"), "trust.bundle.incomplete");
    assert_eq!(code(&of(vec![&node, &node])), "trust.bundle.incomplete");
    assert_eq!(code(&of(vec![&node; STATEMENTS_MAX + 1])), "trust.too-many");
    assert_eq!(code(&of(vec![&node, &node, &node])), "trust.chain.kind");
    assert_eq!(code(&of(vec![&statement, &statement, &node])), "trust.chain.kind");
    about["metadata"]["cds_node"]["endpoints"] = json!([]);
    let overriding = jwt_of(&header().to_string(), &about.to_string());
    assert_eq!(code(&of(vec![&node, &overriding, &node])), "trust.statement.invalid");
    let named = Bundle::parse_named(b"[]", bundle.digest()).unwrap_err();
    assert_eq!(named.code(), "trust.bundle.digest");
}
