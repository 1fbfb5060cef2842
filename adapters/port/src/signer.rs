//! Keys, time and chance as arguments.

use concerto_message::{Algorithm, Digest};
use jiff::Timestamp;

/// Why a signer did not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// The key cannot be used now (a token that is not plugged in, say); trying again may help.
    #[error("the signing key is not available: {0}")]
    Unavailable(String),
}

/// The message key of this node.
pub trait Signer: Send + Sync {
    /// The `kid` of the key.
    fn kid(&self) -> &str;
    /// The algorithm.
    fn algorithm(&self) -> Algorithm;
    /// `x5t#S256` of its certificate, in base64url.
    fn certificate(&self) -> &str;
    /// Digest of the trust bundle that lists the key.
    fn trust(&self) -> Digest;
    /// Signs; raw `r || s` for ECDSA (RFC 7518 section 3.4).
    ///
    /// # Errors
    /// [`SignerError::Unavailable`].
    fn sign(&self, signing_input: &[u8]) -> Result<Vec<u8>, SignerError>;
}

/// The wall clock, for evidence (UTC). Legal time is computed from it; retries use monotonic time and never this.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// A source of random bits fit for keys.
pub trait Random: Send + Sync {
    /// 128 random bits.
    fn nonce(&self) -> [u8; 16];
}
