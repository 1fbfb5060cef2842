//! Keys as JWK, their thumbprints (RFC 7638) and what fits what. A wrong implementation that these tests catch: one whose
//! thumbprint depends on the order or on the optional members of the JWK it was read from.

use super::*;
use crate::support_tests::*;
use serde_json::json;

/// The modulus of RFC 7638 section 3.1.
const RFC7638_N: &str = concat!(
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWK",
    "RXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMic",
    "AtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3",
    "XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
);

#[test]
fn the_thumbprint_is_that_of_rfc_7638() {
    let jwk = json!({ "kty": "RSA", "n": RFC7638_N, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29" });
    let key: PublicKey = serde_json::from_value(jwk).unwrap();
    assert_eq!(key, PublicKey::RSA { n: RFC7638_N.into(), e: "AQAB".into() });
    assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

/// RFC 8037 appendix A.3.
#[test]
fn the_thumbprint_of_an_ed25519_key_is_that_of_rfc_8037() {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let key = PublicKey::OKP { crv: "Ed25519".into(), x: x.into() };
    assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn each_kind_of_key_has_the_form_of_a_jwk() {
    let forms = [
        (
            PublicKey::EC { crv: "P-256".into(), x: "AQ".into(), y: "Ag".into() },
            json!({ "kty": "EC", "crv": "P-256", "x": "AQ", "y": "Ag" }),
        ),
        (
            PublicKey::RSA { n: "AQ".into(), e: "AQAB".into() },
            json!({ "kty": "RSA", "n": "AQ", "e": "AQAB" }),
        ),
        (
            PublicKey::OKP { crv: "Ed25519".into(), x: "AQ".into() },
            json!({ "kty": "OKP", "crv": "Ed25519", "x": "AQ" }),
        ),
    ];
    for (key, form) in forms {
        assert_eq!(serde_json::to_value(&key).unwrap(), form);
        assert_eq!(serde_json::from_value::<PublicKey>(form.clone()).unwrap(), key);
        // RFC 7638 section 3.2: the required members in the order of their names
        let members: std::collections::BTreeMap<String, serde_json::Value> =
            serde_json::from_value(form.clone()).unwrap();
        let canonical = serde_json::to_string(&members).unwrap();
        let digest = Digest::of(canonical.as_bytes());
        assert_eq!(key.thumbprint(), base64url(&digest.0), "{canonical}");
        for name in ["kty", "x", "n", "crv", "e", "y"] {
            if form.get(name).is_some() {
                assert!(
                    serde_json::from_value::<PublicKey>(without(form.clone(), name)).is_err(),
                    "without {name}"
                );
            }
        }
    }
    for kty in ["oct", "ec", "", "AKP"] {
        let secret = json!({ "kty": kty, "k": "AQ", "crv": "P-256", "x": "AQ", "y": "Ag" });
        assert!(serde_json::from_value::<PublicKey>(secret).is_err(), "{kty}");
    }
}

#[test]
fn a_key_fits_one_algorithm_only() {
    let ec = |crv: &str| PublicKey::EC { crv: crv.into(), x: "AQ".into(), y: "Ag".into() };
    let okp = |crv: &str| PublicKey::OKP { crv: crv.into(), x: "AQ".into() };
    let rsa = PublicKey::RSA { n: "AQ".into(), e: "AQAB".into() };
    let all = [Algorithm::Es256, Algorithm::Es384, Algorithm::Rs256, Algorithm::EdDsa];
    let fitting = |key: &PublicKey| all.into_iter().filter(|a| key.fits(*a)).collect::<Vec<_>>();
    assert_eq!(fitting(&ec("P-256")), [Algorithm::Es256]);
    assert_eq!(fitting(&ec("P-384")), [Algorithm::Es384]);
    assert_eq!(fitting(&rsa), [Algorithm::Rs256]);
    assert_eq!(fitting(&okp("Ed25519")), [Algorithm::EdDsa]);
    for strange in [ec("P-521"), ec("secp256k1"), ec("Ed25519"), okp("X25519"), okp("Ed448"), okp("P-256")] {
        assert_eq!(fitting(&strange), [], "{strange:?}");
    }
    assert_eq!(all.map(Algorithm::signs_messages), [true, true, true, false]);
    assert_eq!(serde_json::to_value(all).unwrap(), json!(["ES256", "ES384", "RS256", "EdDSA"]));
}

/// RFC 7515 section 5.1: the signing input is what stands before the last full stop, and nothing else is signed.
#[test]
fn a_compact_jws_is_taken_apart_as_it_was_put_together() {
    let key = key_of(&author());
    let header = header(&key, ContentType::Hello);
    let input = signing_input(&header, b"{\"hello\":1}").unwrap();
    let text = with_signature(input.clone(), &sign(&key, &input));
    let compact = Compact::parse(&text, 1000, ContentType::Hello).unwrap();
    assert_eq!(
        (compact.signing_input(), compact.payload.as_slice()),
        (input.as_str(), b"{\"hello\":1}".as_slice())
    );
    assert_eq!((&compact.header, &compact.signature, &compact.text), (&header, &sign(&key, &input), &text));
    assert_eq!(compact.check(&key, &author(), &key.federation, &HashCheck), Ok(()));

    let found = text.len();
    assert!(Compact::parse(&text, found, ContentType::Hello).is_ok());
    let too_large = Compact::parse(&text, found - 1, ContentType::Hello).unwrap_err();
    assert_eq!(too_large, JoseError::TooLarge { found, limit: found - 1 });
    let other = Compact::parse(&text, 1000, ContentType::Link).unwrap_err();
    assert_eq!(other, JoseError::WrongContentType);
}
