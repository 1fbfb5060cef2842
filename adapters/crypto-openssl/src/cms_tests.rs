//! Signatures that OpenSSL itself wrote (an encoder of its own beside the one of the conformance tests, which run the whole contract), and files
//! of authorities that are refused.

use super::*;
use crate::{SoftwareKey, Validity, self_signed_ca};

#[test]
fn a_signature_that_openssl_wrote_opens_over_the_same_bytes_alone() {
    let key = SoftwareKey::generate(crate::KeyKind::P256).unwrap();
    let validity = Validity { not_before_s: 1_700_000_000, not_after_s: 1_900_000_000 };
    let certificate = X509::from_der(&self_signed_ca(&key, "Prova", "Prova", validity).unwrap()).unwrap();
    let options = CMSOptions::BINARY | CMSOptions::DETACHED;
    let signed =
        CmsContentInfo::sign(Some(&certificate), Some(key.pkey()), None, Some(b"assenso"), options).unwrap();
    let cms = signed.to_der().unwrap();
    let check = OpensslCms::without_authorities();
    let opened = check.open(&cms, Some(b"assenso")).unwrap();
    assert_eq!(opened.signer.der, certificate.to_der().unwrap());
    assert_eq!(opened.digest, DigestAlgorithm::Sha256);
    assert!(opened.signing_time.is_some());
    assert_eq!(check.open(&cms, Some(b"dissenso")), Err(CmsError::Altered));
    assert_eq!(opened.signer.not_before.as_second(), validity.not_before_s);
    assert_eq!(opened.signer.not_after.as_second(), validity.not_after_s);
}

#[test]
fn a_file_without_authorities_is_refused() {
    for pem in [&b""[..], b"nonsense"] {
        assert!(matches!(OpensslCms::with_authorities(pem), Err(CryptoError::Authorities)));
    }
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(OpensslCms::with_authorities(broken).is_err());
}
