//! Private keys kept in memory: message keys, federation keys and the key of a local certificate authority.

use concerto_message::{Algorithm, Digest, PublicKey};
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::md::Md;
use openssl::pkey::{Id, PKey, PKeyRef, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::{Padding, Rsa};

use crate::check::digest_for;
use crate::jwk::{Curve, RSA_BITS_MAX, RSA_BITS_MIN, ec_to_jwk, rsa_to_jwk};
use crate::{CryptoError, refused};

/// The kinds of key that can be generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyKind {
    /// P-256, signing with ES256.
    #[default]
    P256,
    /// P-384, signing with ES384.
    P384,
    /// RSA of 3072 bits, signing with RS256.
    Rsa3072,
}

/// A private key in this process's memory. Its `Debug` form shows the public half only.
#[derive(Clone)]
pub struct SoftwareKey {
    /// The key as certificates need it.
    pkey: PKey<Private>,
    /// The same key in the form that signs fastest, where it is elliptic.
    ec: Option<(Curve, EcKey<Private>)>,
    public: PublicKey,
}

impl SoftwareKey {
    /// A new key.
    ///
    /// # Errors
    /// [`CryptoError::Openssl`] when OpenSSL cannot make one.
    pub fn generate(kind: KeyKind) -> Result<Self, CryptoError> {
        let made = match kind {
            KeyKind::P256 => generate_ec(Curve::P256),
            KeyKind::P384 => generate_ec(Curve::P384),
            KeyKind::Rsa3072 => Rsa::generate(3072).and_then(PKey::from_rsa),
        };
        Self::from_pkey(made.map_err(refused("generate a key"))?)
    }

    /// Reads a private key in PKCS#8 (or the older PEM forms), not encrypted.
    ///
    /// # Errors
    /// [`CryptoError::Openssl`] for bytes that are no such key, [`CryptoError::KeyKind`] for a key of another kind.
    pub fn from_pkcs8_pem(pem: &[u8]) -> Result<Self, CryptoError> {
        // the call-back answers for an encrypted file, for which OpenSSL would ask on the terminal
        let pkey =
            PKey::private_key_from_pem_callback(pem, |_| Ok(0)).map_err(refused("read a private key"))?;
        Self::from_pkey(pkey)
    }

    /// The key in PKCS#8 PEM, not encrypted: for a file that only the node may read.
    ///
    /// # Errors
    /// [`CryptoError::Openssl`].
    pub fn to_pkcs8_pem(&self) -> Result<Vec<u8>, CryptoError> {
        self.pkey.private_key_to_pem_pkcs8().map_err(refused("write a private key"))
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The algorithm with which it signs.
    pub fn algorithm(&self) -> Algorithm {
        match &self.ec {
            Some((Curve::P256, _)) => Algorithm::Es256,
            Some((Curve::P384, _)) => Algorithm::Es384,
            None => Algorithm::Rs256,
        }
    }

    /// Signs; raw `r || s` for ECDSA (RFC 7518 section 3.4).
    ///
    /// # Errors
    /// [`CryptoError::Openssl`].
    pub fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let signed = match &self.ec {
            Some((curve, key)) => sign_ec(*curve, key, bytes),
            None => sign_rsa(&self.pkey, bytes),
        };
        signed.map_err(refused("sign"))
    }

    pub(crate) fn pkey(&self) -> &PKeyRef<Private> {
        &self.pkey
    }

    fn from_pkey(pkey: PKey<Private>) -> Result<Self, CryptoError> {
        let reading = "read a private key";
        match pkey.id() {
            Id::EC => {
                let key = pkey.ec_key().map_err(refused(reading))?;
                let curve = Curve::of(&key).ok_or(CryptoError::KeyKind)?;
                key.check_key().map_err(refused("accept a private key"))?;
                let public = ec_to_jwk(&key).map_err(refused(reading))?.ok_or(CryptoError::KeyKind)?;
                Ok(Self { pkey, ec: Some((curve, key)), public })
            }
            Id::RSA if (RSA_BITS_MIN..=RSA_BITS_MAX).contains(&pkey.bits()) => {
                let rsa = pkey.rsa().map_err(refused(reading))?;
                if !rsa.check_key().map_err(refused("accept a private key"))? {
                    return Err(CryptoError::KeyKind);
                }
                Ok(Self { public: rsa_to_jwk(&rsa), pkey, ec: None })
            }
            _ => Err(CryptoError::KeyKind),
        }
    }
}

impl std::fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SoftwareKey").field("public", &self.public).finish_non_exhaustive()
    }
}

fn generate_ec(curve: Curve) -> Result<PKey<Private>, ErrorStack> {
    EcKey::generate(&*EcGroup::from_curve_name(curve.nid())?).and_then(PKey::from_ec_key)
}

fn sign_ec(curve: Curve, key: &EcKey<Private>, bytes: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let signature = EcdsaSig::sign(&digest_for(curve, bytes)?, key)?;
    let width = i32::try_from(curve.bytes()).unwrap_or(i32::MAX);
    let mut raw = signature.r().to_vec_padded(width)?;
    raw.extend(signature.s().to_vec_padded(width)?);
    Ok(raw)
}

fn sign_rsa(key: &PKeyRef<Private>, bytes: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let mut context = PkeyCtx::new(key)?;
    context.sign_init()?;
    context.set_rsa_padding(Padding::PKCS1)?;
    context.set_signature_md(Md::sha256())?;
    let mut signature = Vec::new();
    context.sign_to_vec(&Digest::of(bytes).0, &mut signature)?;
    Ok(signature)
}

#[cfg(test)]
#[path = "software_key_tests.rs"]
mod tests;
