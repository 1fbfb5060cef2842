//! The port to signatures: CMS SignedData (RFC 5652) in S/MIME (RFC 8551), opened and its certificate followed to an authority.
//!
//! This crate has no cryptography of its own; an adapter implements [`CmsCheck`], and [`crate::contract`] says what it must do. Opening and
//! trusting are two steps because the time at which the certificate must have been valid is known only from what was signed.

use concerto_message::Digest;
use jiff::Timestamp;

/// The digest with which a signature was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestAlgorithm {
    /// SHA-1: accepted from PEC providers, and noted.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl DigestAlgorithm {
    /// Its usual name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }
}

/// What is known of the certificate with which a mail was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerCertificate {
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// SHA-256 of it.
    pub sha256: Digest,
    /// SHA-1 of it, by which the providers' directory names certificates (RFC 6109 section 4.5.1).
    pub sha1: [u8; 20],
    /// Whom it names, in one line.
    pub subject: String,
    /// Who issued it, in one line.
    pub issuer: String,
    /// Serial number, in hexadecimal.
    pub serial: String,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
    /// Mail addresses in it (`rfc822Name`, `emailAddress`), in lower case.
    pub addresses: Vec<String>,
}

/// An opened signature that is over the bytes: who signed is known, not yet whether to trust the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedData {
    /// The signer's certificate.
    pub signer: SignerCertificate,
    /// The other certificates that came along, DER.
    pub others: Vec<Vec<u8>>,
    /// The digest used.
    pub digest: DigestAlgorithm,
    /// When the signer says that it signed (signed attribute `signingTime`).
    pub signing_time: Option<Timestamp>,
    /// What was signed, where it stands inside the signature (`application/pkcs7-mime`); empty for a detached one.
    pub content: Vec<u8>,
}

/// Why a signature could not be opened, or is over something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CmsError {
    /// Not CMS SignedData.
    #[error("the signature is not CMS SignedData")]
    Malformed,
    /// None or several signers: PEC has exactly one.
    #[error("the signature has {0} signers, not one")]
    Signers(usize),
    /// More than [`crate::limits::SIGNATURE_CERTIFICATES_MAX`] certificates.
    #[error("the signature has too many certificates")]
    TooManyCertificates,
    /// The signer's certificate is not there.
    #[error("the signer's certificate is not in the signature")]
    NoCertificate,
    /// A detached signature with content inside, or one that should have content and has none.
    #[error("the content stands where it should not, or not where it should")]
    Content,
    /// A digest that is broken or unknown.
    #[error("the digest algorithm {0} is not accepted")]
    Algorithm(String),
    /// The signature is not over these bytes.
    #[error("the signature is not over these bytes")]
    Altered,
}

impl CmsError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "pec.signature.malformed",
            Self::Signers(_) => "pec.signature.signers",
            Self::TooManyCertificates => "pec.signature.certificates",
            Self::NoCertificate => "pec.signature.no-certificate",
            Self::Content => "pec.signature.content",
            Self::Algorithm(_) => "pec.signature.algorithm",
            Self::Altered => "pec.signature.altered",
        }
    }
}

/// Why a certificate is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// No authority was configured.
    #[error("no authority is configured")]
    NoAuthority,
    /// It leads to no configured authority; the library's reason.
    #[error("the certificate leads to no configured authority: {0}")]
    Untrusted(String),
    /// It, or one above it, was not valid at that time.
    #[error("a certificate was not valid at that time: {0}")]
    Validity(String),
    /// It may not sign mail (key usage, extended key usage).
    #[error("the certificate may not sign mail: {0}")]
    Usage(String),
}

impl ChainError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoAuthority => "pec.certificate.no-authority",
            Self::Untrusted(_) => "pec.certificate.untrusted",
            Self::Validity(_) => "pec.certificate.validity",
            Self::Usage(_) => "pec.certificate.usage",
        }
    }
}

/// Opens signatures and follows certificates to the authorities that the implementation was configured with.
pub trait CmsCheck: Send + Sync {
    /// Opens a signature (BER or DER) and checks that it is over the bytes: `detached`, or the content inside where that is `None`.
    ///
    /// # Errors
    /// [`CmsError`].
    fn open(&self, cms: &[u8], detached: Option<&[u8]>) -> Result<SignedData, CmsError>;

    /// Follows the signer's certificate to a configured authority, as of `at`, for the signing of mail.
    ///
    /// # Errors
    /// [`ChainError`].
    fn chain(&self, signed: &SignedData, at: Timestamp) -> Result<(), ChainError>;
}
