//! Verification of signatures (RFC 7518 sections 3.3 and 3.4, RFC 8037): the hot path of a node, so parsed keys are kept.

use concerto_message::{Algorithm, Digest, PublicKey, SignatureCheck};
use openssl::bn::BigNum;
use openssl::ec::EcKey;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::md::Md;
use openssl::pkey::{PKey, Public};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Padding;
use openssl::sign::Verifier;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::jwk::{Curve, ParsedKey};

/// Most parsed keys that are kept, in two generations of half as many.
pub(crate) const PARSED_KEYS_MAX: usize = 1024;

/// Checks signatures with OpenSSL and keeps the keys it has parsed.
#[derive(Default)]
pub struct OpensslCheck {
    keys: Mutex<KeyCache>,
}

impl OpensslCheck {
    /// A check with no key parsed yet. Share one: its memory of keys is what makes it fast.
    pub fn new() -> Self {
        Self::default()
    }

    fn parsed(&self, key: &PublicKey) -> Option<Arc<ParsedKey>> {
        if let Some(known) = self.lock().find(key) {
            return Some(known);
        }
        let parsed = Arc::new(ParsedKey::read(key)?); // parsed outside the lock
        self.lock().keep(key.clone(), Arc::clone(&parsed));
        Some(parsed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, KeyCache> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn kept(&self) -> usize {
        let cache = self.lock();
        cache.young.len() + cache.old.len()
    }
}

impl std::fmt::Debug for OpensslCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpensslCheck").finish_non_exhaustive()
    }
}

impl SignatureCheck for OpensslCheck {
    fn verifies(&self, key: &PublicKey, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        if !key.fits(algorithm) {
            return false;
        }
        let Some(parsed) = self.parsed(key) else {
            clear_errors();
            return false;
        };
        let verified = match &*parsed {
            ParsedKey::Ec(curve, key) => verify_ec(*curve, key, signed, signature),
            ParsedKey::Rsa(key) => verify_rsa(key, signed, signature),
            ParsedKey::Ed25519(key) => verify_ed25519(key, signed, signature),
        };
        verified.unwrap_or(false)
    }
}

/// Takes the errors of a refused key off this thread's queue, where a later operation would find them.
fn clear_errors() {
    drop(ErrorStack::get());
}

/// SHA-256 or SHA-384 of the signed bytes, as the curve's algorithm has it.
pub(crate) fn digest_for(curve: Curve, bytes: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    match curve {
        Curve::P256 => Ok(Digest::of(bytes).0.to_vec()),
        Curve::P384 => hash(MessageDigest::sha384(), bytes).map(|digest| digest.to_vec()),
    }
}

fn verify_ec(curve: Curve, key: &EcKey<Public>, signed: &[u8], signature: &[u8]) -> Result<bool, ErrorStack> {
    if signature.len() != 2 * curve.bytes() {
        return Ok(false);
    }
    let (r, s) = signature.split_at(curve.bytes());
    let signature = EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?;
    signature.verify(&digest_for(curve, signed)?, key)
}

fn verify_rsa(key: &PKey<Public>, signed: &[u8], signature: &[u8]) -> Result<bool, ErrorStack> {
    if signature.len() != key.size() {
        return Ok(false);
    }
    let mut context = PkeyCtx::new(key)?;
    context.verify_init()?;
    context.set_rsa_padding(Padding::PKCS1)?;
    context.set_signature_md(Md::sha256())?;
    context.verify(&Digest::of(signed).0, signature)
}

fn verify_ed25519(key: &PKey<Public>, signed: &[u8], signature: &[u8]) -> Result<bool, ErrorStack> {
    if signature.len() != 64 {
        return Ok(false);
    }
    Verifier::new_without_digest(key)?.verify_oneshot(signature, signed)
}

/// Two generations: a full young one becomes the old one, and what is found in the old one moves up. Bounded, and a flood of
/// new keys does not throw out those in use.
#[derive(Default)]
struct KeyCache {
    young: HashMap<PublicKey, Arc<ParsedKey>>,
    old: HashMap<PublicKey, Arc<ParsedKey>>,
}

impl KeyCache {
    fn find(&mut self, key: &PublicKey) -> Option<Arc<ParsedKey>> {
        if let Some(known) = self.young.get(key) {
            return Some(Arc::clone(known));
        }
        let (key, known) = self.old.remove_entry(key)?;
        self.keep(key, Arc::clone(&known));
        Some(known)
    }

    fn keep(&mut self, key: PublicKey, parsed: Arc<ParsedKey>) {
        if self.young.len() >= PARSED_KEYS_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, parsed);
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
