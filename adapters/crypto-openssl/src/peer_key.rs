//! The Ed25519 key of a node's transport identity (RFC 8032). It admits a connection and signs the proof in the node's entity
//! configuration; it never signs a message.

use concerto_message::PublicKey;
use data_encoding::BASE64URL_NOPAD;
use openssl::pkey::{Id, PKey, Private};
use openssl::sign::Signer;

use crate::{CryptoError, refused};

/// A peer key. Its `Debug` form shows the public half only.
#[derive(Clone)]
pub struct PeerKey {
    key: PKey<Private>,
    secret: [u8; 32],
    public: [u8; 32],
}

impl PeerKey {
    /// A new key.
    ///
    /// # Errors
    /// [`CryptoError::Openssl`].
    pub fn generate() -> Result<Self, CryptoError> {
        Self::from_pkey(PKey::generate_ed25519().map_err(refused("generate a peer key"))?)
    }

    /// The key with this secret (the 32-byte seed of RFC 8032).
    ///
    /// # Errors
    /// [`CryptoError::Openssl`].
    pub fn from_secret(secret: &[u8; 32]) -> Result<Self, CryptoError> {
        let key =
            PKey::private_key_from_raw_bytes(secret, Id::ED25519).map_err(refused("read a peer key"))?;
        Self::from_pkey(key)
    }

    /// The 32-byte secret, for a file that only the node may read and for the transport.
    pub fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// The public key, raw.
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// The public key as a JWK (RFC 8037).
    pub fn public_jwk(&self) -> PublicKey {
        PublicKey::OKP { crv: "Ed25519".to_owned(), x: BASE64URL_NOPAD.encode(&self.public) }
    }

    /// Signs; 64 bytes.
    ///
    /// # Errors
    /// [`CryptoError::Openssl`].
    pub fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let sign = || Signer::new_without_digest(&self.key)?.sign_oneshot_to_vec(bytes);
        sign().map_err(refused("sign with a peer key"))
    }

    fn from_pkey(key: PKey<Private>) -> Result<Self, CryptoError> {
        let secret = key.raw_private_key().map_err(refused("read a peer key"))?;
        let public = key.raw_public_key().map_err(refused("read a peer key"))?;
        let secret = secret.try_into().map_err(|_| CryptoError::KeyKind)?;
        let public = public.try_into().map_err(|_| CryptoError::KeyKind)?;
        Ok(Self { key, secret, public })
    }
}

impl std::fmt::Debug for PeerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PeerKey")
            .field("public", &BASE64URL_NOPAD.encode(&self.public))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OpensslCheck;
    use concerto_message::{Algorithm, SignatureCheck};
    use data_encoding::HEXLOWER;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap()
    }

    #[test]
    fn the_first_vector_of_rfc_8032() {
        let secret = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let key = PeerKey::from_secret(&secret).unwrap();
        assert_eq!(key.public(), &hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"));
        let signature = key.sign(b"").unwrap();
        let expected: [u8; 64] = hex(concat!(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b",
            "d25bf5f0595bbe24655141438e7a100b"
        ));
        assert_eq!(signature, expected);
        assert_eq!(key.secret(), &secret);
    }

    #[test]
    fn verifies_and_hides_its_secret() {
        let key = PeerKey::generate().unwrap();
        let signature = key.sign(b"proof").unwrap();
        let check = OpensslCheck::new();
        assert!(check.verifies(&key.public_jwk(), Algorithm::EdDsa, b"proof", &signature));
        assert!(!check.verifies(&key.public_jwk(), Algorithm::EdDsa, b"Proof", &signature));
        assert!(!check.verifies(&key.public_jwk(), Algorithm::EdDsa, b"proof", &signature[1..]));
        assert!(!check.verifies(&key.public_jwk(), Algorithm::Es256, b"proof", &signature));
        let shown = format!("{key:?}");
        assert!(!shown.contains(&BASE64URL_NOPAD.encode(key.secret())) && shown.contains("public"));
    }
}
