//! Keys, certificates, signatures and their verification with OpenSSL 3 (the system's libcrypto).
//!
//! The algorithms are those of RFC 7518 and RFC 8037 that [`concerto_message::Algorithm`] lists; X.509 follows RFC 5280 and
//! ETSI EN 319 412; signatures of PEC providers are CMS (RFC 5652). Nothing here decides whether a key is trusted: that is what the trust chain is for.

mod ber;
mod certificate;
mod check;
mod cms;
mod jwk;
mod peer_key;
mod random;
mod signer;
mod software_key;

pub use certificate::{Subject, Validity, certificate_public_key, issue, self_signed_ca, x5t_s256};
pub use check::OpensslCheck;
pub use cms::{AUTHORITIES_MAX, OpensslCms};
pub use peer_key::PeerKey;
pub use random::OpensslRandom;
pub use signer::MessageSigner;
pub use software_key::{KeyKind, SoftwareKey};

use openssl::error::ErrorStack;

/// Why an operation with keys or certificates failed.
#[derive(Debug, thiserror::Error)]
pub enum CryptoError {
    /// OpenSSL refused; its own words.
    #[error("OpenSSL refused to {action}: {source}")]
    Openssl {
        /// What was tried.
        action: &'static str,
        /// OpenSSL's errors; they hold no key material.
        source: ErrorStack,
    },
    /// A private key of a kind that signs nothing here.
    #[error("the private key is not P-256, P-384 or RSA of 2048 to 4096 bits")]
    KeyKind,
    /// A public key that is malformed, off its curve, too small or too large.
    #[error("the public key is not valid or of a kind that is not accepted")]
    PublicKey,
    /// A certificate authority's key that is not the one its certificate names.
    #[error("the certificate of the authority names another key")]
    OtherAuthorityKey,
    /// A file of authorities without a certificate, or with too many.
    #[error("the file of authorities has no certificate, or more than {AUTHORITIES_MAX}")]
    Authorities,
}

impl CryptoError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Openssl { .. } => "crypto.openssl",
            Self::KeyKind => "crypto.key.kind",
            Self::PublicKey => "crypto.key.public",
            Self::OtherAuthorityKey => "crypto.certificate.authority-key",
            Self::Authorities => "crypto.certificate.authorities",
        }
    }
}

/// Names the action that OpenSSL refused.
fn refused(action: &'static str) -> impl FnOnce(ErrorStack) -> CryptoError {
    move |source| CryptoError::Openssl { action, source }
}
