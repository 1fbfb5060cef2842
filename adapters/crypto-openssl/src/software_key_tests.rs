//! Keys survive their PEM form, keep their secrets, and other kinds are refused.

use super::*;
use crate::OpensslCheck;
use concerto_message::SignatureCheck;

#[test]
fn pem_round_trip_signs_for_the_same_public_key() {
    let check = OpensslCheck::new();
    for (kind, algorithm, length) in [
        (KeyKind::P256, Algorithm::Es256, 64),
        (KeyKind::P384, Algorithm::Es384, 96),
        (KeyKind::Rsa3072, Algorithm::Rs256, 384),
    ] {
        let key = SoftwareKey::generate(kind).unwrap();
        let again = SoftwareKey::from_pkcs8_pem(&key.to_pkcs8_pem().unwrap()).unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(again.algorithm(), algorithm);
        let signature = again.sign(b"text").unwrap();
        assert_eq!(signature.len(), length);
        assert!(check.verifies(key.public(), algorithm, b"text", &signature));
        let shown = format!("{key:?}");
        assert!(shown.contains("public") && !shown.contains("PRIVATE"));
    }
}

#[test]
fn other_keys_are_refused() {
    let pem = |key: PKey<Private>| key.private_key_to_pem_pkcs8().unwrap();
    let group = EcGroup::from_curve_name(openssl::nid::Nid::SECP256K1).unwrap();
    let koblitz = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let weak = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
    for key in [koblitz, weak, PKey::generate_ed25519().unwrap()] {
        assert!(matches!(SoftwareKey::from_pkcs8_pem(&pem(key)), Err(CryptoError::KeyKind)));
    }
    assert!(matches!(SoftwareKey::from_pkcs8_pem(b"nothing"), Err(CryptoError::Openssl { .. })));
    let key = SoftwareKey::generate(KeyKind::P256).unwrap();
    let cipher = openssl::symm::Cipher::aes_256_cbc();
    let locked = key.pkey().private_key_to_pem_pkcs8_passphrase(cipher, b"secret").unwrap();
    assert!(
        SoftwareKey::from_pkcs8_pem(&locked).is_err(),
        "an encrypted file is refused and nothing asks for its password"
    );
}
