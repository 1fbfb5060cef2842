//! Certificates as another reader of X.509 finds them.

use super::*;
use crate::KeyKind;
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::{X509PurposeId, X509StoreContext};

const VALIDITY: Validity = Validity { not_before_s: 1_700_000_000, not_after_s: 4_000_000_000 };

fn subject() -> Subject {
    Subject {
        name: "Comune di Esempio".into(),
        ipa: "c_x000".parse().unwrap(),
        aoos: vec!["AOO1".parse().unwrap(), "AOO2".parse().unwrap()],
    }
}

#[test]
fn an_issued_certificate_verifies_and_names_the_subject() {
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa3072] {
        let ca_key = SoftwareKey::generate(kind).unwrap();
        let key = SoftwareKey::generate(kind).unwrap();
        let ca_der = self_signed_ca(&ca_key, "Ancora locale", "Regione di Esempio", VALIDITY).unwrap();
        let der = issue(&ca_der, &ca_key, key.public(), &subject(), VALIDITY).unwrap();
        assert_eq!(&certificate_public_key(&der).unwrap(), key.public());
        assert_eq!(&certificate_public_key(&ca_der).unwrap(), ca_key.public());

        let (ca, leaf) = (X509::from_der(&ca_der).unwrap(), X509::from_der(&der).unwrap());
        let mut store = X509StoreBuilder::new().unwrap();
        store.add_cert(ca).unwrap();
        store.set_purpose(X509PurposeId::ANY).unwrap();
        let mut context = X509StoreContext::new().unwrap();
        let chain = Stack::new().unwrap();
        assert!(context.init(&store.build(), &leaf, &chain, |c| c.verify_cert()).unwrap());

        let names: Vec<_> = leaf
            .subject_name()
            .entries()
            .map(|e| (e.object().nid().short_name().unwrap().to_owned(), e.data().to_string().unwrap()))
            .collect();
        let expected = [
            ("C", "IT"),
            ("O", "Comune di Esempio"),
            ("organizationIdentifier", "PA:IT-c_x000"),
            ("OU", "AOO1"),
            ("OU", "AOO2"),
            ("CN", "Comune di Esempio"),
        ];
        assert_eq!(names, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
        assert!(leaf.subject_key_id().is_some());
        assert_eq!(
            leaf.authority_key_id().unwrap().as_slice(),
            X509::from_der(&ca_der).unwrap().subject_key_id().unwrap().as_slice()
        );
        let text = String::from_utf8(leaf.to_text().unwrap()).unwrap();
        assert!(text.contains("Digital Signature, Non Repudiation"), "{text}");
        assert!(text.contains("CA:FALSE") && text.contains("Version: 3"));
    }
}

#[test]
fn serials_differ_and_long_names_are_cut() {
    let key = SoftwareKey::generate(KeyKind::P256).unwrap();
    let long = "è".repeat(200);
    let made = || X509::from_der(&self_signed_ca(&key, &long, &long, VALIDITY).unwrap()).unwrap();
    let (one, two) = (made(), made());
    let serial = |x: &X509| x.serial_number().to_bn().unwrap().to_vec();
    assert_ne!(serial(&one), serial(&two));
    let name = one.subject_name().entries_by_nid(Nid::COMMONNAME).next().unwrap();
    assert_eq!(name.data().to_string().unwrap().chars().count(), NAME_CHARS_MAX);
}

#[test]
fn another_authority_key_and_bad_subject_keys_are_refused() {
    let ca_key = SoftwareKey::generate(KeyKind::P256).unwrap();
    let other = SoftwareKey::generate(KeyKind::P256).unwrap();
    let ca = self_signed_ca(&ca_key, "Ancora", "Ente", VALIDITY).unwrap();
    let refused = issue(&ca, &other, other.public(), &subject(), VALIDITY).unwrap_err();
    assert!(matches!(refused, CryptoError::OtherAuthorityKey));
    let off_curve = PublicKey::EC { crv: "P-256".into(), x: "AA".into(), y: "AA".into() };
    assert!(matches!(issue(&ca, &ca_key, &off_curve, &subject(), VALIDITY), Err(CryptoError::PublicKey)));
    assert!(matches!(
        issue(b"junk", &ca_key, other.public(), &subject(), VALIDITY),
        Err(CryptoError::Openssl { .. })
    ));
    assert!(certificate_public_key(b"junk").is_err());
}

#[test]
fn x5t_is_the_digest_of_the_der() {
    assert_eq!(x5t_s256(b""), "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
}
