//! The directory of providers as LDIF: folding, base64, secondary environments, and what is refused. It would catch a reader that
//! fetches a value by address, that believes any certificate, or that reads one record into another.

use super::*;
use jiff::Timestamp;
use proptest::prelude::*;

fn certificate(sha1: [u8; 20], der: &[u8]) -> SignerCertificate {
    SignerCertificate {
        der: der.to_vec(),
        sha256: Digest::of(der),
        sha1,
        subject: String::new(),
        issuer: String::new(),
        serial: String::new(),
        not_before: Timestamp::UNIX_EPOCH,
        not_after: Timestamp::UNIX_EPOCH,
        addresses: Vec::new(),
    }
}

const LDIF: &str = "version: 1\n# comment\ndn: o=postacert\no: postacert\n\n\
dn: providerName=Uno,o=postacert\nproviderName: Uno\nproviderCertificateHash:\n 0101010101010101010101\n 010101010101010101\n\
managedDomains: PEC.Uno.example\nmanagedDomains: pec.regione.example\n\n\n\
dn: providerUnit=Secondo,providerName=Uno,o=postacert\r\nproviderName:: VW5v\r\nproviderUnit: Secondo\r\n\
providerCertificate;binary:: REVS\r\nmanagedDomains: pec.secondo.example\r\n";

#[test]
fn providers_certificates_and_domains_are_found() {
    let directory = Directory::parse(LDIF.as_bytes()).unwrap();
    assert_eq!(directory.providers().len(), 2, "the base is no provider");
    let (one, two) = (certificate([1; 20], b"x"), certificate([9; 20], b"DER"));
    assert_eq!(directory.provider_of(&one).unwrap().unit, None);
    assert_eq!(directory.provider_of(&two).unwrap().unit.as_deref(), Some("Secondo"));
    assert_eq!(directory.provider_of(&certificate([2; 20], b"y")), None);
    assert_eq!(directory.manages(&one, "pec.uno.example"), Manages::Yes);
    assert_eq!(directory.manages(&one, "pec.secondo.example"), Manages::Another);
    assert_eq!(directory.manages(&one, "pec.nessuno.example"), Manages::Nobody);
}

#[test]
fn what_is_not_ldif_is_refused_with_its_line() {
    for (ldif, error) in [
        ("", DirectoryError::Empty),
        ("o: postacert\n", DirectoryError::Empty),
        ("providerName: a\nnonsense\n", DirectoryError::Line(2)),
        ("providerName: a\nmanagedDomains:: %%%\n", DirectoryError::Line(2)),
        ("providerName: a\nproviderCertificate;binary:< file:///etc/passwd\n", DirectoryError::Address(2)),
        ("providerName: a\nproviderCertificateHash: 01\n", DirectoryError::Certificate(2)),
        ("providerName: a\nproviderCertificate;binary::\n", DirectoryError::Certificate(2)),
    ] {
        assert_eq!(Directory::parse(ldif.as_bytes()).unwrap_err(), error, "{ldif}");
    }
    assert_eq!(Directory::parse(b"providerName: \xff\n").unwrap_err(), DirectoryError::Charset);
}

#[test]
fn the_bounds_hold() {
    let folded = format!("providerName: a\n{}", " x\n".repeat(DIRECTORY_LINE_BYTES_MAX));
    assert_eq!(Directory::parse(folded.as_bytes()).unwrap_err(), DirectoryError::TooLarge);
    let many = "providerName: a\n\n".repeat(DIRECTORY_PROVIDERS_MAX + 1);
    assert_eq!(Directory::parse(many.as_bytes()).unwrap_err(), DirectoryError::TooLarge);
}

/// The first example of RFC 6109 section 4.5.10, read where the standard lies beside the repository. The certificate of its second
/// provider is misprinted (a character of the base64 is lost), and is refused with its line.
#[test]
fn the_example_of_the_standard_is_read() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/standards/pec/rfc6109.txt");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: {path} is not there");
        return;
    };
    let printed = text.split("4.5.10.  LDIF File Example").last().unwrap();
    let printed = printed.split("The following LDIF file").nth(1).unwrap();
    let begin = printed.find("       dn: o=postacert").unwrap();
    let lines = printed[begin..].lines().filter(|line| {
        let page = line.starts_with("Petrucci") || line.starts_with("RFC 6109") || line.contains('\u{c}');
        !page && !line.trim().is_empty()
    });
    let mut ldif = String::new();
    for line in lines {
        let line = line.strip_prefix("       ").unwrap();
        if line.starts_with("dn:") {
            ldif.push('\n');
        }
        ldif.push_str(line);
        ldif.push('\n');
    }
    assert_eq!(Directory::parse(ldif.as_bytes()).unwrap_err(), DirectoryError::Line(48));
    let second = ldif.find("dn: providerName=Postal").unwrap();
    let directory = Directory::parse(&ldif.as_bytes()[..second]).unwrap();
    let names: Vec<&str> = directory.providers().iter().map(|provider| provider.name.as_str()).collect();
    assert_eq!(names, ["Anonymous Certified Mail S.p.A."]);
    assert_eq!(directory.by_domain.len(), 3);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = Directory::parse(&bytes);
    }
}
