//! Prints the time of one signature and one verification of each kind on this machine; compare with `openssl speed ecdsap256`.

use concerto_crypto_openssl::{CryptoError, KeyKind, OpensslCheck, PeerKey, SoftwareKey};
use concerto_message::{Algorithm, PublicKey, SignatureCheck};
use std::time::Instant;

const ROUNDS: u32 = 2000;

fn main() -> Result<(), CryptoError> {
    let text = vec![b'x'; 2048];
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa3072] {
        let key = SoftwareKey::generate(kind)?;
        measure(&format!("{kind:?}"), key.public(), key.algorithm(), &text, || key.sign(&text))?;
    }
    let peer = PeerKey::generate()?;
    measure("Ed25519", &peer.public_jwk(), Algorithm::EdDsa, &text, || peer.sign(&text))
}

fn measure(
    name: &str,
    public: &PublicKey,
    algorithm: Algorithm,
    text: &[u8],
    sign: impl Fn() -> Result<Vec<u8>, CryptoError>,
) -> Result<(), CryptoError> {
    let check = OpensslCheck::new();
    let signature = sign()?;
    let started = Instant::now();
    for _ in 0..ROUNDS {
        sign()?;
    }
    let signing = started.elapsed() / ROUNDS;
    let started = Instant::now();
    let good = (0..ROUNDS).filter(|_| check.verifies(public, algorithm, text, &signature)).count();
    let verifying = started.elapsed() / ROUNDS;
    println!("{name}: sign {signing:?}, verify {verifying:?} ({good} of {ROUNDS} verified)");
    Ok(())
}
