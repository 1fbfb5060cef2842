//! S/MIME signatures of PEC providers (RFC 5652, RFC 8551): the port of `concerto-pec` with OpenSSL.
//!
//! Two steps, as the port says. Opening verifies the signature over the exact bytes with one certificate of those that came along, so that
//! the certificate reported is the one that verified. The chain is followed separately, at the time asked for, to the authorities of the
//! configured file; each certificate in it is an anchor. Revocation lists are not consulted.

use concerto_message::Digest;
use concerto_pec::limits::SIGNATURE_CERTIFICATES_MAX;
use concerto_pec::{ChainError, CmsCheck, CmsError, DigestAlgorithm, SignedData, SignerCertificate};
use jiff::Timestamp;
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::cms::{CMSOptions, CmsContentInfo};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509NameRef, X509PurposeId, X509Ref, X509StoreContext, X509VerifyResult};

use crate::ber::Structure;
use crate::{CryptoError, refused};

/// Most authorities that can be configured.
pub const AUTHORITIES_MAX: usize = 1_000;

/// OpenSSL's reason code for a signer whose certificate is not among those given (`CMS_R_SIGNER_CERTIFICATE_NOT_FOUND`).
const SIGNER_CERTIFICATE_NOT_FOUND: i32 = 138;

/// Opens signatures with OpenSSL and follows certificates to the configured authorities.
pub struct OpensslCms {
    authorities: Vec<X509>,
}

impl std::fmt::Debug for OpensslCms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpensslCms").field("authorities", &self.authorities.len()).finish()
    }
}

impl OpensslCms {
    /// Without authorities: opens signatures and trusts no certificate.
    pub fn without_authorities() -> Self {
        Self { authorities: Vec::new() }
    }

    /// With the authorities of a PEM file.
    ///
    /// # Errors
    /// [`CryptoError::Openssl`] for a file that is not PEM, [`CryptoError::Authorities`] for one without certificates or with more than
    /// [`AUTHORITIES_MAX`].
    pub fn with_authorities(pem: &[u8]) -> Result<Self, CryptoError> {
        let authorities = X509::stack_from_pem(pem).map_err(refused("read the authorities' certificates"))?;
        if authorities.is_empty() || authorities.len() > AUTHORITIES_MAX {
            return Err(CryptoError::Authorities);
        }
        Ok(Self { authorities })
    }

    fn store(&self, at: Timestamp) -> Result<X509Store, ErrorStack> {
        let mut store = X509StoreBuilder::new()?;
        for authority in &self.authorities {
            store.add_cert(authority.clone())?;
        }
        let mut parameters = X509VerifyParam::new()?;
        parameters.set_time(at.as_second());
        parameters.set_purpose(X509PurposeId::SMIME_SIGN)?;
        parameters.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
        store.set_param(&parameters)?;
        Ok(store.build())
    }

    fn follow(&self, signed: &SignedData, at: Timestamp) -> Result<X509VerifyResult, ErrorStack> {
        let signer = X509::from_der(&signed.signer.der)?;
        let mut others = Stack::new()?;
        for other in &signed.others {
            others.push(X509::from_der(other)?)?;
        }
        let store = self.store(at)?;
        X509StoreContext::new()?.init(&store, &signer, &others, |context| {
            let good = context.verify_cert()?;
            Ok(if good { X509VerifyResult::OK } else { context.error() })
        })
    }
}

impl CmsCheck for OpensslCms {
    fn open(&self, cms: &[u8], detached: Option<&[u8]>) -> Result<SignedData, CmsError> {
        let structure = Structure::read(cms).ok_or(CmsError::Malformed)?;
        if structure.signers != 1 {
            return Err(CmsError::Signers(structure.signers));
        }
        if structure.certificates.len() > SIGNATURE_CERTIFICATES_MAX {
            return Err(CmsError::TooManyCertificates);
        }
        if structure.has_content == detached.is_some() {
            return Err(CmsError::Content);
        }
        let digest = digest_algorithm(structure.digest)?;
        let opened = open(cms, &structure, detached);
        drop(ErrorStack::get()); // what OpenSSL says of refused input must not be found by a later operation
        let (signer, content) = opened?;
        let der = signer.to_der().map_err(|_| CmsError::Malformed)?;
        let others = structure.certificates.iter().filter(|other| **other != der.as_slice());
        Ok(SignedData {
            others: others.map(|other| other.to_vec()).collect(),
            signer: facts(&signer, der).map_err(|_| CmsError::Malformed)?,
            digest,
            signing_time: structure.signing_time,
            content: if detached.is_some() { Vec::new() } else { content },
        })
    }

    fn chain(&self, signed: &SignedData, at: Timestamp) -> Result<(), ChainError> {
        if self.authorities.is_empty() {
            return Err(ChainError::NoAuthority);
        }
        let result = self.follow(signed, at);
        drop(ErrorStack::get());
        let result =
            result.map_err(|_| ChainError::Untrusted("the certificate cannot be read".to_owned()))?;
        let why = result.error_string().to_owned();
        // X509_V_ERR_* of OpenSSL's x509_vfy.h
        match result.as_raw() {
            0 => Ok(()),
            9 | 10 => Err(ChainError::Validity(why)),
            26 | 39 => Err(ChainError::Usage(why)),
            _ => Err(ChainError::Untrusted(why)),
        }
    }
}

/// Tries the certificates that came along, one at a time and alone: the one with which the signature verifies is the signer's.
fn open(cms: &[u8], structure: &Structure<'_>, detached: Option<&[u8]>) -> Result<(X509, Vec<u8>), CmsError> {
    let options = CMSOptions::BINARY | CMSOptions::NO_SIGNER_CERT_VERIFY | CMSOptions::NOINTERN;
    let mut parsed = CmsContentInfo::from_der(cms).map_err(|_| CmsError::Malformed)?;
    for candidate in &structure.certificates {
        let certificate = X509::from_der(candidate).map_err(|_| CmsError::Malformed)?;
        let mut alone = Stack::new().map_err(|_| CmsError::Malformed)?;
        alone.push(certificate.clone()).map_err(|_| CmsError::Malformed)?;
        let mut content = Vec::new();
        match parsed.verify(Some(&alone), None, detached, Some(&mut content), options) {
            Ok(()) => return Ok((certificate, content)),
            Err(stack) if is_another_signer(&stack) => {}
            Err(_) => return Err(CmsError::Altered),
        }
    }
    Err(CmsError::NoCertificate)
}

fn is_another_signer(stack: &ErrorStack) -> bool {
    stack.errors().iter().any(|error| error.reason_code() == SIGNER_CERTIFICATE_NOT_FOUND)
}

fn digest_algorithm(oid: &[u8]) -> Result<DigestAlgorithm, CmsError> {
    match oid {
        [0x2b, 0x0e, 0x03, 0x02, 0x1a] => Ok(DigestAlgorithm::Sha1),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01] => Ok(DigestAlgorithm::Sha256),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02] => Ok(DigestAlgorithm::Sha384),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03] => Ok(DigestAlgorithm::Sha512),
        other => Err(CmsError::Algorithm(data_encoding::HEXLOWER.encode(other.get(..16).unwrap_or(other)))),
    }
}

fn facts(certificate: &X509Ref, der: Vec<u8>) -> Result<SignerCertificate, ErrorStack> {
    let mut sha1 = [0; 20];
    for (place, byte) in sha1.iter_mut().zip(certificate.digest(MessageDigest::sha1())?.iter()) {
        *place = *byte;
    }
    Ok(SignerCertificate {
        sha256: Digest::of(&der),
        sha1,
        subject: one_line(certificate.subject_name()),
        issuer: one_line(certificate.issuer_name()),
        serial: certificate.serial_number().to_bn()?.to_hex_str()?.to_string(),
        not_before: instant(certificate.not_before())?,
        not_after: instant(certificate.not_after())?,
        addresses: addresses(certificate),
        der,
    })
}

fn instant(time: &Asn1TimeRef) -> Result<Timestamp, ErrorStack> {
    const SECONDS_OF_A_DAY: i64 = 86_400;
    let since = Asn1Time::from_unix(0)?.diff(time)?;
    let seconds = i64::from(since.days) * SECONDS_OF_A_DAY + i64::from(since.secs);
    Ok(Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX))
}

/// `CN=…, O=…`, for people; control characters become spaces.
fn one_line(name: &X509NameRef) -> String {
    let entries = name.entries().map(|entry| {
        let value = entry.data().to_string().unwrap_or_default();
        let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        format!("{}={value}", entry.object().nid().short_name().unwrap_or("?"))
    });
    entries.collect::<Vec<_>>().join(", ")
}

fn addresses(certificate: &X509Ref) -> Vec<String> {
    let named = certificate.subject_alt_names();
    let mut found: Vec<String> =
        named.iter().flatten().filter_map(|name| name.email().map(str::to_lowercase)).collect();
    let subject = certificate.subject_name().entries_by_nid(Nid::PKCS9_EMAILADDRESS);
    for address in subject.filter_map(|entry| entry.data().to_string().ok()) {
        let address = address.to_lowercase();
        if !found.contains(&address) {
            found.push(address);
        }
    }
    found
}

#[cfg(test)]
#[path = "cms_tests.rs"]
mod tests;
