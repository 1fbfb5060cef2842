//! Entity statements (OpenID Federation 1.0 section 3) as signed JWTs: a node's or an anchor's own configuration, and a
//! superior's statement about a subordinate. Read strictly, written as signing input for whoever holds the key.

use concerto_message::{Algorithm, jose, strict_json};
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::entity::{EntityId, FederationEntity, Metadata, NodeDescription, VouchedMetadata, at_most};
use crate::error::TrustError;
use crate::jwks::Jwks;

/// The `typ` of entity statements.
pub const STATEMENT_TYPE: &str = "entity-statement+jwt";
/// Most superiors that a configuration may name: a reader never follows more.
pub const AUTHORITY_HINTS_MAX: usize = 8;
/// Longest encoded header, in bytes.
const HEADER_BYTES_MAX: usize = 1024;

/// What an entity says of itself: issuer and subject are the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntityConfiguration {
    /// The entity.
    pub iss: EntityId,
    /// The entity again.
    pub sub: EntityId,
    /// When it was issued, in whole seconds.
    #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
    pub iat: Timestamp,
    /// From when it no longer counts, in whole seconds.
    #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
    pub exp: Timestamp,
    /// Its federation keys; message keys are others.
    pub jwks: Jwks,
    /// Its superiors; none for an anchor.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authority_hints: Vec<EntityId>,
    /// What it says of itself, by entity type.
    #[serde(default)]
    pub metadata: Metadata,
    /// Limits that an anchor sets on every chain below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraints: Option<Constraints>,
    /// Trust marks, not read yet: they only add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_marks: Option<Value>,
}

/// What a superior says of a subordinate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubordinateStatement {
    /// The superior.
    pub iss: EntityId,
    /// The subordinate.
    pub sub: EntityId,
    /// When it was issued, in whole seconds.
    #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
    pub iat: Timestamp,
    /// From when it no longer counts, in whole seconds.
    #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
    pub exp: Timestamp,
    /// The federation keys of the subordinate.
    pub jwks: Jwks,
    /// What the superior vouches for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<VouchedMetadata>,
    /// A policy on the subordinate's metadata. It cannot be applied yet, so a chain that has one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_policy: Option<Value>,
    /// Limits on every chain through this statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraints: Option<Constraints>,
    /// Trust marks, not read yet: they only add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_marks: Option<Value>,
}

/// Limits on chains (OpenID Federation 1.0 section 6.2).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Constraints {
    /// Most intermediates between the entity that sets it and the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_path_length: Option<u64>,
    /// The entity types allowed below, beside `federation_entity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_entity_types: Option<Vec<String>>,
    /// Names allowed below. They cannot be applied yet, so a chain that has them is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub naming_constraints: Option<Value>,
}

impl EntityConfiguration {
    /// The configuration of an administration's node, checked as a reader will check it.
    ///
    /// # Errors
    /// [`TrustError`] for the first thing that a reader would refuse.
    pub fn of_node(
        about: NodeDescription,
        jwks: Jwks,
        issued: Timestamp,
        expires: Timestamp,
    ) -> Result<Self, TrustError> {
        let configuration = Self {
            iss: about.entity.clone(),
            sub: about.entity,
            iat: issued,
            exp: expires,
            jwks,
            authority_hints: about.authority_hints,
            metadata: Metadata {
                federation_entity: Some(FederationEntity { organization_name: about.name }),
                cds_node: Some(about.node),
            },
            constraints: None,
            trust_marks: None,
        };
        configuration.check(0)?;
        Ok(configuration)
    }

    /// Checks what the claims alone can show.
    fn check(&self, place: usize) -> Result<(), TrustError> {
        if self.iss != self.sub {
            return Err(TrustError::WrongKind { place });
        }
        check_period(self.iat, self.exp, place)?;
        at_most("authority_hints", self.authority_hints.len(), AUTHORITY_HINTS_MAX)?;
        if let Some(entity) =
            self.metadata.federation_entity.as_ref().filter(|entity| !entity.is_presentable())
        {
            let reason = format!("the name `{}` cannot be shown", entity.organization_name.escape_debug());
            return Err(TrustError::Malformed { place, reason: reason.chars().take(160).collect() });
        }
        self.metadata.cds_node.as_ref().map_or(Ok(()), |node| node.check(&self.jwks))
    }
}

impl SubordinateStatement {
    fn check(&self, place: usize) -> Result<(), TrustError> {
        if self.iss == self.sub {
            return Err(TrustError::WrongKind { place });
        }
        check_period(self.iat, self.exp, place)
    }
}

fn check_period(iat: Timestamp, exp: Timestamp, place: usize) -> Result<(), TrustError> {
    if iat < exp {
        return Ok(());
    }
    Err(TrustError::Malformed { place, reason: "it expires before it is issued".to_owned() })
}

/// A claim set of one of the two kinds.
pub trait Claims: Serialize + DeserializeOwned {
    /// Whether issuer and subject are the same.
    const ABOUT_ITSELF: bool;

    /// Checks what the claims alone can show.
    ///
    /// # Errors
    /// [`TrustError`] for the first thing that is wrong.
    fn check_claims(&self, place: usize) -> Result<(), TrustError>;

    /// `header.payload`, for whoever holds the federation key with this name.
    ///
    /// # Errors
    /// [`TrustError`] when a reader would refuse the claims.
    fn signing_input(&self, kid: &str, algorithm: Algorithm) -> Result<String, TrustError> {
        self.check_claims(0)?;
        let malformed = |e: serde_json::Error| TrustError::Malformed { place: 0, reason: e.to_string() };
        let header = Header { alg: algorithm, kid, typ: STATEMENT_TYPE };
        let header = serde_json::to_vec(&header).map_err(malformed)?;
        let claims = serde_json::to_vec(self).map_err(malformed)?;
        Ok(format!("{}.{}", jose::base64url(&header), jose::base64url(&claims)))
    }
}

impl Claims for EntityConfiguration {
    const ABOUT_ITSELF: bool = true;
    fn check_claims(&self, place: usize) -> Result<(), TrustError> {
        self.check(place)
    }
}
impl Claims for SubordinateStatement {
    const ABOUT_ITSELF: bool = false;
    fn check_claims(&self, place: usize) -> Result<(), TrustError> {
        self.check(place)
    }
}

#[derive(Serialize)]
struct Header<'a> {
    alg: Algorithm,
    kid: &'a str,
    typ: &'static str,
}

/// A statement as bytes and as claims, its signature not checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement<C> {
    text: String,
    signing_input_len: usize,
    signature: Vec<u8>,
    /// The key that its header names.
    pub(crate) kid: String,
    /// The algorithm that its header names.
    pub(crate) algorithm: Algorithm,
    /// What it says.
    pub(crate) claims: C,
}

impl<C: Claims> Statement<C> {
    /// Reads the statement that stands at `place` of a bundle: form, header, claims; not its signature.
    ///
    /// # Errors
    /// [`TrustError`] for the first thing that is wrong.
    pub fn parse(text: &str, place: usize) -> Result<Self, TrustError> {
        let malformed = |reason: &str| TrustError::Malformed { place, reason: reason.to_owned() };
        let (signing_input, signature) =
            text.rsplit_once('.').ok_or_else(|| malformed("it has no signature part"))?;
        let (header, payload) =
            signing_input.split_once('.').ok_or_else(|| malformed("it has no payload part"))?;
        let decode = |part: &str| {
            BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| malformed("a part of it is not base64url"))
        };
        if header.len() > HEADER_BYTES_MAX {
            return Err(malformed("its header is too long"));
        }
        let (kid, algorithm) = read_header(&decode(header)?, place)?;
        let value = strict_json::parse(&decode(payload)?).map_err(|e| malformed(&e.to_string()))?;
        for claim in ["crit", "metadata_policy_crit"] {
            if value.get(claim).is_some() {
                return Err(TrustError::Unsupported { place, claim });
            }
        }
        if (value.get("iss") == value.get("sub")) != C::ABOUT_ITSELF {
            return Err(TrustError::WrongKind { place });
        }
        let claims: C = serde_json::from_value(value).map_err(|e| malformed(&e.to_string()))?;
        claims.check_claims(place)?;
        let signature = decode(signature)?;
        Ok(Self {
            text: text.to_owned(),
            signing_input_len: signing_input.len(),
            signature,
            kid,
            algorithm,
            claims,
        })
    }
}

impl<C> Statement<C> {
    /// The JWT, byte for byte.
    pub fn text(&self) -> &str {
        &self.text
    }
    /// What it says.
    pub fn claims(&self) -> &C {
        &self.claims
    }
    /// The bytes that are signed.
    pub fn signing_input(&self) -> &str {
        self.text.get(..self.signing_input_len).unwrap_or_default()
    }
    /// The signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

/// Reads `alg`, `kid` and `typ` and refuses every other parameter.
fn read_header(bytes: &[u8], place: usize) -> Result<(String, Algorithm), TrustError> {
    let malformed = |reason: String| TrustError::Malformed { place, reason };
    let value = strict_json::parse(bytes).map_err(|e| malformed(e.to_string()))?;
    let members = value.as_object().ok_or_else(|| malformed("its header is not an object".to_owned()))?;
    if let Some(name) = members.keys().find(|name| !["alg", "kid", "typ"].contains(&name.as_str())) {
        return Err(TrustError::ForbiddenHeader { place, name: name.chars().take(80).collect() });
    }
    let member = |name: &str| members.get(name).and_then(Value::as_str);
    if member("typ") != Some(STATEMENT_TYPE) {
        return Err(TrustError::WrongType { place });
    }
    let named = member("alg").unwrap_or_default();
    let algorithm = match named {
        "ES256" => Algorithm::Es256,
        "ES384" => Algorithm::Es384,
        "RS256" => Algorithm::Rs256,
        _ => return Err(TrustError::AlgorithmRefused { place, algorithm: named.chars().take(80).collect() }),
    };
    let kid = member("kid").ok_or_else(|| malformed("its header names no key".to_owned()))?;
    Ok((kid.to_owned(), algorithm))
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;
