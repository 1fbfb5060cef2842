//! Entities and what their statements say about them: entity identifiers, and the metadata types `federation_entity` (OpenID
//! Federation 1.0 section 5.1.1) and `cds_node`, which is Concerto's own.

use concerto_message::ids::IdError;
use concerto_message::{AooCode, FederationId, IpaCode};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

use crate::error::TrustError;
use crate::jwks::{Jwk, Jwks};
use crate::peer::PeerEntry;

/// Most organisational areas of one node.
pub const AOO_CODES_MAX: usize = 64;
/// Most transport identities of one node.
pub const PEERS_MAX: usize = 16;
/// Most addresses of one node.
pub const ENDPOINTS_MAX: usize = 16;
/// Longest address or name, in bytes.
pub const TEXT_BYTES_MAX: usize = 255;

/// The identifier of an entity: an `https` URL without query (OpenID Federation 1.0 section 1.2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntityId(FederationId);

impl EntityId {
    /// The URL as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
    /// The federation whose anchor this entity is.
    pub fn as_federation(&self) -> &FederationId {
        &self.0
    }
}
impl From<FederationId> for EntityId {
    fn from(anchor: FederationId) -> Self {
        Self(anchor)
    }
}
impl FromStr for EntityId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        text.parse().map(Self).map_err(|e| IdError { what: "entity", ..e })
    }
}
impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl fmt::Debug for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Metadata of an entity's own configuration. Other entity types are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// What every entity says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federation_entity: Option<FederationEntity>,
    /// What a node of conferences says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cds_node: Option<CdsNode>,
}

/// The entity type `federation_entity`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FederationEntity {
    /// The organisation's name.
    pub organization_name: String,
}

impl FederationEntity {
    /// Whether the name has 1 to [`TEXT_BYTES_MAX`] bytes and no control character, so that it can go to a screen.
    pub fn is_presentable(&self) -> bool {
        let name = &self.organization_name;
        (1..=TEXT_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control)
    }
}

/// The entity type `cds_node`: an administration's node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdsNode {
    /// The administration.
    pub ipa_code: IpaCode,
    /// The organisational areas it writes for.
    pub aoo_codes: Vec<AooCode>,
    /// The keys that sign messages, each with its certificate; never the federation keys.
    pub message_keys: Jwks,
    /// Its transport identities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<PeerEntry>,
    /// Where it can be reached, as multiaddresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<String>,
    /// Its certified mailbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pec: Option<String>,
}

impl CdsNode {
    /// Checks counts, addresses and message keys.
    ///
    /// # Errors
    /// [`TrustError`] for the first thing that is wrong.
    pub fn check(&self, federation_keys: &Jwks) -> Result<(), TrustError> {
        if self.aoo_codes.is_empty() {
            return Err(TrustError::MissingMetadata("aoo_codes"));
        }
        at_most("aoo_codes", self.aoo_codes.len(), AOO_CODES_MAX)?;
        at_most("peers", self.peers.len(), PEERS_MAX)?;
        at_most("endpoints", self.endpoints.len(), ENDPOINTS_MAX)?;
        for address in &self.endpoints {
            if !address.starts_with('/') || !is_address(address) {
                return Err(bad_address(address));
            }
        }
        if let Some(pec) = self.pec.as_ref().filter(|pec| !pec.contains('@') || !is_address(pec)) {
            return Err(bad_address(pec));
        }
        self.message_keys.keys().iter().try_for_each(|key| check_message_key(key, federation_keys))
    }
}

pub(crate) fn at_most(what: &'static str, found: usize, limit: usize) -> Result<(), TrustError> {
    if found > limit { Err(TrustError::TooMany { what, found, limit }) } else { Ok(()) }
}

fn is_address(text: &str) -> bool {
    text.len() <= TEXT_BYTES_MAX && text.bytes().all(|b| b.is_ascii_graphic())
}

fn bad_address(text: &str) -> TrustError {
    TrustError::BadAddress(text.chars().take(80).collect())
}

fn check_message_key(key: &Jwk, federation_keys: &Jwks) -> Result<(), TrustError> {
    let bad = |fault| TrustError::BadMessageKey { kid: key.kid.clone(), fault };
    if key.usage.as_deref() != Some("sig") {
        return Err(bad("its use is not sig"));
    }
    let algorithm = key.alg.ok_or_else(|| bad("it names no algorithm"))?;
    if !algorithm.signs_messages() || !key.public.fits(algorithm) {
        return Err(bad("its algorithm does not fit it or may not sign messages"));
    }
    if key.certificate_thumbprint().is_none() {
        return Err(bad("it has no readable certificate"));
    }
    if federation_keys.keys().iter().any(|other| other.public == key.public) {
        return Err(bad("it is also a federation key"));
    }
    Ok(())
}

/// What a superior vouches for in its statement. Its metadata replaces the subject's own (OpenID Federation 1.0 section
/// 3.1.3), so a member that is not understood is refused; a value that differs from the subject's is refused too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VouchedMetadata {
    /// The organisation's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federation_entity: Option<VouchedName>,
    /// The codes it writes under.
    pub cds_node: Option<VouchedCodes>,
}

/// A name that a superior vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VouchedName {
    /// The organisation's name.
    pub organization_name: String,
}

/// The codes that a superior vouches for: without them any member could write in the name of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VouchedCodes {
    /// The administration.
    pub ipa_code: IpaCode,
    /// Its organisational areas.
    pub aoo_codes: Vec<AooCode>,
}

/// All that an administration says of its node, before it becomes an entity configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeDescription {
    /// The node's identifier.
    pub entity: EntityId,
    /// The administration's name.
    pub name: String,
    /// The superiors that vouch for it.
    pub authority_hints: Vec<EntityId>,
    /// Its codes, keys and addresses.
    pub node: CdsNode,
}
