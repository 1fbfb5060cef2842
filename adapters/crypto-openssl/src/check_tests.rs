//! Verification against published vectors and hostile keys: a wrong answer is `false`, never a panic.

use super::*;
use crate::{KeyKind, SoftwareKey};
use data_encoding::BASE64URL_NOPAD;

fn b64(text: &str) -> Vec<u8> {
    BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
}

fn rfc_7515_key() -> PublicKey {
    PublicKey::EC {
        crv: "P-256".into(),
        x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU".into(),
        y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0".into(),
    }
}

const RFC_7515_INPUT: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
     cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const RFC_7515_SIGNATURE: &str =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

#[test]
fn the_es256_example_of_rfc_7515_verifies() {
    let check = OpensslCheck::new();
    let signature = b64(RFC_7515_SIGNATURE);
    assert!(check.verifies(&rfc_7515_key(), Algorithm::Es256, RFC_7515_INPUT.as_bytes(), &signature));
    for place in [0, 31, 32, 63] {
        let mut other = signature.clone();
        other[place] ^= 1;
        assert!(!check.verifies(&rfc_7515_key(), Algorithm::Es256, RFC_7515_INPUT.as_bytes(), &other));
    }
    assert!(!check.verifies(&rfc_7515_key(), Algorithm::Es256, b"something else", &signature));
}

#[test]
fn signatures_of_wrong_form_are_false() {
    let check = OpensslCheck::new();
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa3072] {
        let key = SoftwareKey::generate(kind).unwrap();
        let good = key.sign(b"text").unwrap();
        let verifies = |signature: &[u8]| check.verifies(key.public(), key.algorithm(), b"text", signature);
        assert!(verifies(&good), "{kind:?}");
        assert!(!verifies(&[]));
        assert!(!verifies(&good[1..]));
        assert!(!verifies(&[&[0][..], &good].concat()));
        assert!(!verifies(&[good.clone(), good.clone()].concat()));
        assert!(!verifies(&vec![0; good.len()]), "r = s = 0");
        assert!(!verifies(&vec![0xff; good.len()]), "r and s beyond the order");
    }
}

#[test]
fn a_der_signature_is_not_taken_for_a_raw_one() {
    let key = SoftwareKey::generate(KeyKind::P256).unwrap();
    let raw = key.sign(b"text").unwrap();
    let (r, s) = raw.split_at(32);
    let der =
        EcdsaSig::from_private_components(BigNum::from_slice(r).unwrap(), BigNum::from_slice(s).unwrap())
            .unwrap()
            .to_der()
            .unwrap();
    assert!(!OpensslCheck::new().verifies(key.public(), Algorithm::Es256, b"text", &der));
}

#[test]
fn a_key_checks_only_its_own_algorithm() {
    let check = OpensslCheck::new();
    let kinds = [KeyKind::P256, KeyKind::P384, KeyKind::Rsa3072];
    let keys = kinds.map(|kind| SoftwareKey::generate(kind).unwrap());
    for (n, key) in keys.iter().enumerate() {
        let signature = key.sign(b"text").unwrap();
        for (m, other) in keys.iter().enumerate() {
            assert_eq!(check.verifies(other.public(), key.algorithm(), b"text", &signature), n == m);
            assert_eq!(check.verifies(key.public(), other.algorithm(), b"text", &signature), n == m);
        }
    }
}

#[test]
fn hostile_keys_are_false() {
    let check = OpensslCheck::new();
    let signature = b64(RFC_7515_SIGNATURE);
    let PublicKey::EC { x, y, .. } = rfc_7515_key() else { unreachable!() };
    let ec = |crv: &str, x: &str, y: &str| PublicKey::EC { crv: crv.into(), x: x.into(), y: y.into() };
    let zero = BASE64URL_NOPAD.encode(&[0; 32]);
    let ones = BASE64URL_NOPAD.encode(&[0xff; 32]);
    let long = "A".repeat(1_000_000);
    let keys = [
        ec("P-256", &y, &x),
        ec("P-256", &zero, &zero),
        ec("P-256", &ones, &ones),
        ec("P-256", &x, ""),
        ec("P-256", &x[..42], &y),
        ec("P-256", &format!("{x}="), &y),
        ec("P-256", &format!("AA{x}"), &y),
        ec("P-256", &long, &y),
        ec("P-384", &x, &y),
        ec("P-521", &x, &y),
        ec("secp256k1", &x, &y),
    ];
    for key in &keys {
        assert!(!check.verifies(key, Algorithm::Es256, RFC_7515_INPUT.as_bytes(), &signature), "{key:?}");
        assert!(!check.verifies(key, Algorithm::Es384, RFC_7515_INPUT.as_bytes(), &[1; 96]));
    }
    for x in [String::new(), "AA".into(), long] {
        let key = PublicKey::OKP { crv: "Ed25519".into(), x };
        assert!(!check.verifies(&key, Algorithm::EdDsa, b"text", &[1; 64]));
    }
    assert_eq!(check.kept(), 0, "no hostile key is kept");
}

#[test]
fn rsa_keys_out_of_bounds_are_false() {
    let check = OpensslCheck::new();
    let rsa =
        |n: &[u8], e: &[u8]| PublicKey::RSA { n: BASE64URL_NOPAD.encode(n), e: BASE64URL_NOPAD.encode(e) };
    let weak = openssl::rsa::Rsa::generate(1024).unwrap();
    let weak_key = rsa(&weak.n().to_vec(), &weak.e().to_vec());
    let mut context = PkeyCtx::new(&PKey::from_rsa(weak).unwrap()).unwrap();
    context.sign_init().unwrap();
    context.set_signature_md(Md::sha256()).unwrap();
    let mut signature = Vec::new();
    context.sign_to_vec(&Digest::of(b"text").0, &mut signature).unwrap();
    assert!(!check.verifies(&weak_key, Algorithm::Rs256, b"text", &signature), "1024 bits");

    let good = SoftwareKey::generate(KeyKind::Rsa3072).unwrap();
    let signature = good.sign(b"text").unwrap();
    let PublicKey::RSA { n, .. } = good.public() else { unreachable!() };
    let n = b64(n);
    assert!(check.verifies(&rsa(&n, &[1, 0, 1]), Algorithm::Rs256, b"text", &signature));
    let even = [&n[..n.len() - 1], &[n[n.len() - 1] & 0xfe]].concat();
    let hostile = [
        rsa(&n, &[]),
        rsa(&n, &[0]),
        rsa(&n, &[1]),
        rsa(&n, &[3]),
        rsa(&n, &[1, 0, 0]),
        rsa(&n, &[0, 1, 0, 1]),
        rsa(&n, &n),
        rsa(&[&[0][..], &n].concat(), &[1, 0, 1]),
        rsa(&even, &[1, 0, 1]),
        rsa(&[], &[1, 0, 1]),
        rsa(&vec![0xff; 8192], &[1, 0, 1]),
    ];
    for key in &hostile {
        assert!(!check.verifies(key, Algorithm::Rs256, b"text", &signature), "{key:?}");
        assert!(!check.verifies(key, Algorithm::Rs256, b"text", &[1; 8192]));
    }
}

#[test]
fn the_memory_of_keys_is_bounded_and_keeps_those_in_use() {
    let check = OpensslCheck::new();
    let favourite = SoftwareKey::generate(KeyKind::P256).unwrap();
    let signature = favourite.sign(b"text").unwrap();
    for n in 0..PARSED_KEYS_MAX + 300 {
        let key = SoftwareKey::generate(KeyKind::P256).unwrap();
        assert!(!check.verifies(key.public(), Algorithm::Es256, b"text", &signature));
        if n % 100 == 0 {
            assert!(check.verifies(favourite.public(), Algorithm::Es256, b"text", &signature));
        }
        assert!(check.kept() <= PARSED_KEYS_MAX);
    }
    assert!(check.lock().find(favourite.public()).is_some());
}
