//! X.509 certificates for message keys (RFC 5280; subject names after ETSI EN 319 412-1 and -3) and for the local authority that
//! signs them. They exist because JAdES wants one: a certificate names the same key as the trust chain and adds no trust.

use concerto_message::{Algorithm, AooCode, Digest, IpaCode, PublicKey};
use data_encoding::BASE64URL_NOPAD;
use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{HasPublic, PKeyRef};
use openssl::x509::extension::{AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectKeyIdentifier};
use openssl::x509::{X509, X509Builder, X509Name, X509NameBuilder, X509NameRef};

use crate::jwk::{ParsedKey, pkey_to_jwk};
use crate::{CryptoError, SoftwareKey, refused};

/// Longest name in a certificate, in characters (RFC 5280 appendix A.1, `ub-common-name` and `ub-organization-name`).
const NAME_CHARS_MAX: usize = 64;

/// From when to when a certificate is valid, in seconds since 1970, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First second.
    pub not_before_s: i64,
    /// Last second.
    pub not_after_s: i64,
}

/// Whom a message key's certificate names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The administration's name. More than 64 characters are cut; the entity configuration has the whole name.
    pub name: String,
    /// The administration, written as `organizationIdentifier` `PA:IT-<IPA>`.
    pub ipa: IpaCode,
    /// The organisational areas for which the key signs, one `OU` each.
    pub aoos: Vec<AooCode>,
}

/// A self-signed certificate for a local anchor that issues message certificates, as DER.
///
/// # Errors
/// [`CryptoError::Openssl`].
pub fn self_signed_ca(
    key: &SoftwareKey,
    common_name: &str,
    organisation: &str,
    validity: Validity,
) -> Result<Vec<u8>, CryptoError> {
    let make = || {
        let mut name = X509NameBuilder::new()?;
        name.append_entry_by_nid(Nid::COUNTRYNAME, "IT")?;
        name.append_entry_by_nid(Nid::ORGANIZATIONNAME, &cut(organisation))?;
        name.append_entry_by_nid(Nid::COMMONNAME, &cut(common_name))?;
        let name = name.build();
        let mut builder = start(&name, &name, key.pkey(), validity)?;
        builder.append_extension(BasicConstraints::new().critical().ca().pathlen(0).build()?)?;
        builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
        finish(builder, None, key)
    };
    make().map_err(refused("make a certificate"))
}

/// A certificate for a message key, signed by a local authority, as DER.
///
/// # Errors
/// [`CryptoError::OtherAuthorityKey`] when `ca_key` is not the key of `ca_der`, [`CryptoError::PublicKey`] for a subject key
/// that is not acceptable, [`CryptoError::Openssl`] otherwise.
pub fn issue(
    ca_der: &[u8],
    ca_key: &SoftwareKey,
    public: &PublicKey,
    subject: &Subject,
    validity: Validity,
) -> Result<Vec<u8>, CryptoError> {
    let ca = X509::from_der(ca_der).map_err(refused("read the authority's certificate"))?;
    let named = ca.public_key().map_err(refused("read the authority's certificate"))?;
    if !named.public_eq(ca_key.pkey()) {
        return Err(CryptoError::OtherAuthorityKey);
    }
    let parsed = ParsedKey::read(public).ok_or(CryptoError::PublicKey)?;
    let make = || {
        let name = subject_name(subject)?;
        let mut builder = start(&name, ca.subject_name(), &*parsed.into_pkey()?, validity)?;
        builder.append_extension(BasicConstraints::new().critical().build()?)?;
        // nonRepudiation is the name in X.509 of 1997 for contentCommitment
        builder
            .append_extension(KeyUsage::new().critical().digital_signature().non_repudiation().build()?)?;
        finish(builder, Some(&ca), ca_key)
    };
    make().map_err(refused("make a certificate"))
}

/// `x5t#S256` of a certificate: SHA-256 of its DER in base64url (RFC 7515 section 4.1.8).
pub fn x5t_s256(der: &[u8]) -> String {
    BASE64URL_NOPAD.encode(&Digest::of(der).0)
}

/// The key that a certificate names, to be compared with the one that the trust chain lists.
///
/// # Errors
/// [`CryptoError::Openssl`] for bytes that are no certificate, [`CryptoError::PublicKey`] for a key of another kind.
pub fn certificate_public_key(der: &[u8]) -> Result<PublicKey, CryptoError> {
    let reading = "read a certificate";
    let key = X509::from_der(der).and_then(|x509| x509.public_key()).map_err(refused(reading))?;
    pkey_to_jwk(&key).map_err(refused(reading))?.ok_or(CryptoError::PublicKey)
}

fn subject_name(subject: &Subject) -> Result<X509Name, ErrorStack> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::COUNTRYNAME, "IT")?;
    name.append_entry_by_nid(Nid::ORGANIZATIONNAME, &cut(&subject.name))?;
    name.append_entry_by_text("organizationIdentifier", &format!("PA:IT-{}", subject.ipa))?;
    for aoo in &subject.aoos {
        name.append_entry_by_nid(Nid::ORGANIZATIONALUNITNAME, aoo.as_str())?;
    }
    name.append_entry_by_nid(Nid::COMMONNAME, &cut(&subject.name))?;
    Ok(name.build())
}

fn cut(name: &str) -> String {
    name.chars().take(NAME_CHARS_MAX).collect()
}

fn start<T: HasPublic>(
    subject: &X509NameRef,
    issuer: &X509NameRef,
    key: &PKeyRef<T>,
    validity: Validity,
) -> Result<X509Builder, ErrorStack> {
    let mut serial = BigNum::new()?;
    serial.rand(128, MsbOption::MAYBE_ZERO, false)?;
    let mut builder = X509Builder::new()?;
    builder.set_version(2)?; // X.509 v3
    builder.set_serial_number(&*serial.to_asn1_integer()?)?;
    builder.set_subject_name(subject)?;
    builder.set_issuer_name(issuer)?;
    builder.set_not_before(&*Asn1Time::from_unix(validity.not_before_s)?)?;
    builder.set_not_after(&*Asn1Time::from_unix(validity.not_after_s)?)?;
    builder.set_pubkey(key)?;
    Ok(builder)
}

/// Adds the key identifiers and signs. A self-signed certificate has no authority key identifier (RFC 5280 section 4.2.1.1).
fn finish(mut builder: X509Builder, issuer: Option<&X509>, key: &SoftwareKey) -> Result<Vec<u8>, ErrorStack> {
    let subject_id = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
    builder.append_extension(subject_id)?;
    if let Some(ca) = issuer {
        let authority_id =
            AuthorityKeyIdentifier::new().keyid(true).build(&builder.x509v3_context(Some(ca), None))?;
        builder.append_extension(authority_id)?;
    }
    let digest = match key.algorithm() {
        Algorithm::Es384 => MessageDigest::sha384(),
        _ => MessageDigest::sha256(),
    };
    builder.sign(key.pkey(), digest)?;
    builder.build().to_der()
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
