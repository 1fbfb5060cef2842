//! Transport identities and the proof that their key belongs to the node (libp2p peer ids: an identity multihash of the
//! protobuf form of an Ed25519 key, in base58btc).

use concerto_message::{Algorithm, FederationId, PublicKey, SignatureCheck};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::str::FromStr;

use crate::entity::EntityId;

/// Identity multihash of 36 bytes, then the protobuf `{ type: Ed25519, data: 32 bytes }`.
const ED25519_PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
const PEER_ID_BYTES: usize = ED25519_PREFIX.len() + 32;
const PEER_ID_CHARS_MAX: usize = 56;
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The peer id of an Ed25519 key, such as `12D3KooW...`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PeerId {
    text: String,
    #[serde(skip)]
    public: [u8; 32],
}

/// A text that is not the peer id of an Ed25519 key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the peer id of an Ed25519 key")]
pub struct PeerIdError(String);

impl PeerId {
    /// The peer id of a raw Ed25519 public key.
    pub fn of_ed25519(public: [u8; 32]) -> Self {
        let bytes: Vec<u8> = ED25519_PREFIX.iter().chain(&public).copied().collect();
        Self { text: base58(&bytes), public }
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// The key that it is the identity of, raw.
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }
    /// The key as a JWK (RFC 8037).
    pub fn public_jwk(&self) -> PublicKey {
        PublicKey::OKP { crv: "Ed25519".to_owned(), x: BASE64URL_NOPAD.encode(&self.public) }
    }
}

impl FromStr for PeerId {
    type Err = PeerIdError;
    fn from_str(text: &str) -> Result<Self, PeerIdError> {
        let refused = || PeerIdError(text.chars().take(80).collect());
        let bytes = unbase58(text).ok_or_else(refused)?;
        let public =
            bytes.strip_prefix(&ED25519_PREFIX).and_then(|key| key.try_into().ok()).ok_or_else(refused)?;
        Ok(Self { text: text.to_owned(), public })
    }
}
impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl<'de> Deserialize<'de> for PeerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Base58btc, for the bytes of peer ids only: leading zero bytes become leading `1`s.
fn base58(bytes: &[u8]) -> String {
    let mut digits: Vec<u8> = Vec::new(); // base 58, least significant first
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = std::iter::repeat_n(0, zeros).chain(digits.into_iter().rev());
    digits.filter_map(|digit| ALPHABET.get(usize::from(digit))).map(|c| char::from(*c)).collect()
}

fn unbase58(text: &str) -> Option<Vec<u8>> {
    if text.len() > PEER_ID_CHARS_MAX {
        return None;
    }
    let mut bytes: Vec<u8> = Vec::with_capacity(PEER_ID_BYTES); // least significant first
    for character in text.bytes() {
        let mut carry = u32::try_from(ALPHABET.iter().position(|c| *c == character)?).ok()?;
        for byte in &mut bytes {
            carry += u32::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push((carry & 0xff) as u8);
            carry >>= 8;
        }
    }
    let zeros = text.bytes().take_while(|c| *c == b'1').count();
    bytes.extend(std::iter::repeat_n(0, zeros));
    bytes.reverse();
    Some(bytes)
}

/// A transport identity as a node publishes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerEntry {
    /// The identity.
    pub peer_id: PeerId,
    /// Ed25519 signature of its key over [`peer_proof_input`], base64url.
    pub proof: String,
}

impl PeerEntry {
    /// The entry with the signature that the peer key made over [`peer_proof_input`].
    pub fn new(peer_id: PeerId, signature: &[u8]) -> Self {
        Self { peer_id, proof: BASE64URL_NOPAD.encode(signature) }
    }

    /// Whether the peer's own key signed that it belongs to this entity of this federation.
    pub fn proves(&self, federation: &FederationId, entity: &EntityId, check: &dyn SignatureCheck) -> bool {
        let Ok(signature) = BASE64URL_NOPAD.decode(self.proof.as_bytes()) else { return false };
        let signed = peer_proof_input(federation, entity, &self.peer_id);
        check.verifies(&self.peer_id.public_jwk(), Algorithm::EdDsa, signed.as_bytes(), &signature)
    }
}

/// What a peer key signs to show that it belongs to a node: four lines, the last without a line end. None of the three values
/// can hold a line end, so no two readings are possible.
///
/// ```text
/// concerto-peer-proof-1
/// <federation>
/// <entity>
/// <peer id>
/// ```
pub fn peer_proof_input(federation: &FederationId, entity: &EntityId, peer_id: &PeerId) -> String {
    format!("concerto-peer-proof-1\n{federation}\n{entity}\n{peer_id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    /// The second is the Ed25519 example of the libp2p specification; the others were computed with another program.
    const KNOWN: [(&str, &str); 4] = [
        (
            "1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e",
            "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq",
        ),
        (
            "2ffa35a99d3a3cfbb17bb7c1dc5561b18a8dcca4df38dc613ea859c37eb1336b",
            "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA",
        ),
        (
            "0000000000000000000000000000000000000000000000000000000000000000",
            "12D3KooW9pNAk8aiBuGVQtWRdbkLmo5qVL3e2h5UxbN2Nz9ttwiw",
        ),
        (
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "12D3KooWT3gYEvLJyx1FyyHqrmvdy1tMjpgxmu9aSeKMEuafQtyC",
        ),
    ];

    #[test]
    fn known_peer_ids() {
        for (key, text) in KNOWN {
            let key: [u8; 32] = HEXLOWER.decode(key.as_bytes()).unwrap().try_into().unwrap();
            assert_eq!(PeerId::of_ed25519(key).as_str(), text);
            let read: PeerId = text.parse().unwrap();
            assert_eq!(read.public(), &key);
            assert_eq!(read, PeerId::of_ed25519(key));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let good = KNOWN[1].1;
        let others = [
            String::new(),
            "1".into(),
            good[1..].into(),
            format!("1{good}"),
            format!("{good}1"),
            format!(" {good}"),
            good.replace('D', "0"),
            "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N".into(),
            "1".repeat(100_000),
        ];
        for text in others {
            assert!(text.parse::<PeerId>().is_err(), "{text:.60}");
        }
    }

    #[test]
    fn the_proof_input_is_four_lines() {
        let input = peer_proof_input(
            &"https://ancora.example".parse().unwrap(),
            &"https://nodo.example".parse().unwrap(),
            &KNOWN[1].1.parse().unwrap(),
        );
        assert_eq!(
            input,
            "concerto-peer-proof-1\nhttps://ancora.example\nhttps://nodo.example\n\
             12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"
        );
    }
}
