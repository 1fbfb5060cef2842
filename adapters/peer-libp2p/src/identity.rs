//! The transport identity of a node: an Ed25519 key (RFC 8032) and the libp2p peer id derived from it.
//!
//! A peer id is the identity multihash of the key in libp2p's protobuf form, in base58; it admits a connection and gives no
//! other right.

use libp2p::identity::{self, Keypair, PublicKey};

use crate::config::TransportError;

/// The secret transport key of a node. `Debug` shows the peer id alone.
#[derive(Clone)]
pub struct PeerIdentity {
    keypair: Keypair,
}

impl PeerIdentity {
    /// The identity whose Ed25519 seed is `seed`.
    ///
    /// # Errors
    /// [`TransportError::Identity`] if the seed is not one, which the length already excludes.
    pub fn from_seed(mut seed: [u8; 32]) -> Result<Self, TransportError> {
        let keypair = Keypair::ed25519_from_bytes(&mut seed).map_err(|_| TransportError::Identity)?;
        Ok(Self { keypair })
    }

    /// The peer id as text.
    pub fn peer_id(&self) -> String {
        self.keypair.public().to_peer_id().to_base58()
    }

    /// The raw Ed25519 public key.
    ///
    /// # Errors
    /// [`TransportError::Identity`] if the key is of another kind, which [`PeerIdentity::from_seed`] excludes.
    pub fn public_key(&self) -> Result<[u8; 32], TransportError> {
        let key = self.keypair.public().try_into_ed25519().map_err(|_| TransportError::Identity)?;
        Ok(key.to_bytes())
    }

    /// Signs with the transport key (Ed25519, 64 bytes): the proof by which an entity configuration lists the peer id.
    ///
    /// # Errors
    /// [`TransportError::Identity`] if the key cannot sign.
    pub fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.keypair.sign(bytes).map_err(|_| TransportError::Identity)
    }

    pub(crate) fn keypair(&self) -> &Keypair {
        &self.keypair
    }
}

impl std::fmt::Debug for PeerIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PeerIdentity").field("peer_id", &self.peer_id()).finish_non_exhaustive()
    }
}

/// The peer id of a raw Ed25519 public key.
///
/// # Errors
/// [`TransportError::Identity`] if the bytes are no point of the curve.
pub fn peer_id_of_public_key(key: &[u8; 32]) -> Result<String, TransportError> {
    let key = identity::ed25519::PublicKey::try_from_bytes(key).map_err(|_| TransportError::Identity)?;
    Ok(PublicKey::from(key).to_peer_id().to_base58())
}
