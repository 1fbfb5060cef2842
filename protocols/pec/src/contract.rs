//! Contract tests: what every implementation of [`CmsCheck`] must do, as functions that the tests of an adapter call.
//!
//! They fail by panicking, as tests do; production code never compiles them (feature `contract`). The signatures come from the caller, who
//! holds the keys.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support: a broken contract must stop the test that called it"
)]

use concerto_message::Digest;
use jiff::Timestamp;

use crate::cms::{ChainError, CmsCheck, CmsError, DigestAlgorithm};

/// What the caller prepares: one implementation with the authority, one without, and signatures over [`Subject::CONTENT`].
pub struct Subject<'a> {
    /// Configured with the authority of the signer.
    pub check: &'a dyn CmsCheck,
    /// Configured with no authority.
    pub without_authority: &'a dyn CmsCheck,
    /// Configured with another authority.
    pub other_authority: &'a dyn CmsCheck,
    /// Detached, SHA-256.
    pub detached: Vec<u8>,
    /// Detached, SHA-1.
    pub sha1: Vec<u8>,
    /// Detached, MD5.
    pub md5: Vec<u8>,
    /// With the content inside.
    pub opaque: Vec<u8>,
    /// Detached, outer lengths indefinite.
    pub indefinite: Vec<u8>,
    /// By two signers.
    pub two_signers: Vec<u8>,
    /// Without certificates.
    pub no_certificates: Vec<u8>,
    /// By a certificate that may not sign mail.
    pub not_for_mail: Vec<u8>,
    /// `signingTime` of all of them.
    pub signed_at: Timestamp,
    /// A mail address in the signer's certificate.
    pub address: &'a str,
}

impl Subject<'_> {
    /// What was signed.
    pub const CONTENT: &'static [u8] = b"Content-Type: text/plain\r\n\r\nassenso\r\n";
}

/// Checks an implementation.
///
/// # Panics
/// Where it does not do what [`CmsCheck`] says.
pub fn cms_contract(subject: &Subject<'_>) {
    good_signatures_open(subject);
    other_bytes_do_not(subject);
    wrong_shapes_are_refused(subject);
    certificates_are_followed_at_the_time_asked_for(subject);
    cut_signatures_are_refused(subject);
}

fn good_signatures_open(subject: &Subject<'_>) {
    let content = Some(Subject::CONTENT);
    for (cms, digest) in [
        (&subject.detached, DigestAlgorithm::Sha256),
        (&subject.indefinite, DigestAlgorithm::Sha256),
        (&subject.sha1, DigestAlgorithm::Sha1),
    ] {
        let opened = subject.check.open(cms, content).unwrap();
        assert_eq!((opened.digest, opened.signing_time), (digest, Some(subject.signed_at)));
        assert!(opened.content.is_empty());
        assert_eq!(opened.signer.sha256, Digest::of(&opened.signer.der));
        assert!(opened.signer.addresses.iter().any(|address| address == subject.address));
        assert!(opened.signer.not_before < opened.signer.not_after);
        assert!(!opened.others.contains(&opened.signer.der));
    }
    assert_eq!(subject.check.open(&subject.opaque, None).unwrap().content, Subject::CONTENT);
    assert!(subject.without_authority.open(&subject.detached, content).is_ok(), "opening trusts nobody");
}

fn other_bytes_do_not(subject: &Subject<'_>) {
    let mut altered = Subject::CONTENT.to_vec();
    altered[30] ^= 1;
    let longer = [Subject::CONTENT, b" "].concat();
    let shorter = &Subject::CONTENT[..Subject::CONTENT.len() - 1];
    for other in [altered.as_slice(), longer.as_slice(), shorter, b""] {
        assert_eq!(subject.check.open(&subject.detached, Some(other)), Err(CmsError::Altered));
    }
    let mut opaque = subject.opaque.clone();
    let at = opaque.windows(7).position(|window| window == b"assenso").unwrap();
    opaque[at..at + 3].copy_from_slice(b"dis");
    assert_eq!(subject.check.open(&opaque, None), Err(CmsError::Altered));
}

fn wrong_shapes_are_refused(subject: &Subject<'_>) {
    let open = |cms: &[u8], content| subject.check.open(cms, content);
    let content = Some(Subject::CONTENT);
    assert_eq!(open(&subject.opaque, content), Err(CmsError::Content));
    assert_eq!(open(&subject.detached, None), Err(CmsError::Content));
    assert_eq!(open(&subject.two_signers, content), Err(CmsError::Signers(2)));
    assert_eq!(open(&subject.no_certificates, content), Err(CmsError::NoCertificate));
    assert!(matches!(open(&subject.md5, content), Err(CmsError::Algorithm(_))));
    for garbage in [&b""[..], b"x", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", &[0x30; 4096], &[0; 64]] {
        assert_eq!(open(garbage, content), Err(CmsError::Malformed));
    }
}

fn certificates_are_followed_at_the_time_asked_for(subject: &Subject<'_>) {
    let signed = subject.check.open(&subject.detached, Some(Subject::CONTENT)).unwrap();
    let second = jiff::SignedDuration::from_secs(1);
    let (first, last) = (signed.signer.not_before, signed.signer.not_after);
    for at in [first, subject.signed_at, last - second] {
        assert_eq!(subject.check.chain(&signed, at), Ok(()));
    }
    for at in [first - second, last + second] {
        assert!(matches!(subject.check.chain(&signed, at), Err(ChainError::Validity(_))), "{at}");
    }
    assert_eq!(subject.without_authority.chain(&signed, subject.signed_at), Err(ChainError::NoAuthority));
    let other = subject.other_authority.chain(&signed, subject.signed_at);
    assert!(matches!(other, Err(ChainError::Untrusted(_))), "{other:?}");
    let server = subject.check.open(&subject.not_for_mail, Some(Subject::CONTENT)).unwrap();
    let refused = subject.check.chain(&server, subject.signed_at);
    assert!(matches!(refused, Err(ChainError::Usage(_))), "{refused:?}");
}

fn cut_signatures_are_refused(subject: &Subject<'_>) {
    for length in (0..subject.detached.len()).step_by(7) {
        assert!(subject.check.open(&subject.detached[..length], Some(Subject::CONTENT)).is_err());
    }
}
