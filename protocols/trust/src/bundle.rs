//! The trust bundle that the header of a message names by its digest: a trust chain (OpenID Federation 1.0 section 4) in its
//! JSON form, media type `application/trust-chain+json`: the node's configuration, each superior's statement, and the anchor's
//! configuration. The JWTs are kept byte for byte.

use concerto_message::limits::BUNDLE_BYTES_MAX;
use concerto_message::{Digest, FederationId, strict_json};
use serde_json::Value;

use crate::entity::{EntityId, at_most};
use crate::error::TrustError;
use crate::statement::{EntityConfiguration, Statement, SubordinateStatement};

/// The media type of a bundle.
pub const MEDIA_TYPE: &str = "application/trust-chain+json";
/// Most statements of one chain.
pub const STATEMENTS_MAX: usize = 8;
/// Fewest statements of one chain: node, anchor about node, anchor.
pub const STATEMENTS_MIN: usize = 3;

/// A bundle whose form was read. Nothing in it is believed before [`crate::verify`].
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    bytes: Vec<u8>,
    digest: Digest,
    pub(crate) node: Statement<EntityConfiguration>,
    /// From the node's immediate superior up to the anchor's.
    pub(crate) statements: Vec<Statement<SubordinateStatement>>,
    pub(crate) anchor: Statement<EntityConfiguration>,
}

impl Bundle {
    /// Reads a bundle, checking its size before anything else.
    ///
    /// # Errors
    /// [`TrustError`] for the first thing that is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustError> {
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(TrustError::TooLarge { found: bytes.len(), limit: BUNDLE_BYTES_MAX });
        }
        let value = strict_json::parse(bytes).map_err(|e| TrustError::NotABundle(e.to_string()))?;
        let items =
            value.as_array().ok_or_else(|| TrustError::NotABundle("it is not an array".to_owned()))?;
        at_most("statements", items.len(), STATEMENTS_MAX)?;
        let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
        let texts = texts.ok_or_else(|| TrustError::NotABundle("an item is not a text".to_owned()))?;
        let incomplete = TrustError::Incomplete { found: texts.len(), least: STATEMENTS_MIN };
        let [node, between @ .., anchor] = texts.as_slice() else { return Err(incomplete) };
        if between.is_empty() {
            return Err(incomplete);
        }
        let statements: Result<_, _> =
            between.iter().enumerate().map(|(n, text)| Statement::parse(text, n + 1)).collect();
        Ok(Self {
            bytes: bytes.to_owned(),
            digest: Digest::of(bytes),
            node: Statement::parse(node, 0)?,
            statements: statements?,
            anchor: Statement::parse(anchor, texts.len() - 1)?,
        })
    }

    /// Reads a bundle that was asked for by its digest, as the header of a message names it.
    ///
    /// # Errors
    /// [`TrustError::OtherDigest`] when the bytes are others, else as [`Self::parse`].
    pub fn parse_named(bytes: &[u8], expected: Digest) -> Result<Self, TrustError> {
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(TrustError::TooLarge { found: bytes.len(), limit: BUNDLE_BYTES_MAX });
        }
        let found = Digest::of(bytes);
        if found != expected {
            return Err(TrustError::OtherDigest { expected, found });
        }
        Self::parse(bytes)
    }

    /// Writes a bundle from its JWTs: the node's configuration, the statements upwards, the anchor's configuration.
    ///
    /// # Errors
    /// As [`Self::parse`], which reads what was written.
    pub fn compose(statements: &[String]) -> Result<Self, TrustError> {
        let bytes = serde_json::to_vec(statements).map_err(|e| TrustError::NotABundle(e.to_string()))?;
        Self::parse(&bytes)
    }

    /// The bytes, as received or written.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
    /// SHA-256 of the bytes: the `trust` of message headers.
    pub fn digest(&self) -> Digest {
        self.digest
    }
    /// The node that it claims to be about, unverified.
    pub fn claimed_entity(&self) -> &EntityId {
        &self.node.claims.sub
    }
    /// The federation that it claims to belong to, unverified: it chooses the anchor to verify against.
    pub fn claimed_federation(&self) -> &FederationId {
        self.anchor.claims.sub.as_federation()
    }
}
