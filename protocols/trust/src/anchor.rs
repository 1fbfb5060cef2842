//! The anchor's side: the keys that nodes pin, and a local anchor that enrols nodes. Composition only: whoever holds a key
//! signs, through [`StatementSigner`].

use concerto_message::{Algorithm, FederationId, PublicKey, SignatureCheck, jose};
use jiff::Timestamp;

use crate::bundle::Bundle;
use crate::entity::{EntityId, FederationEntity, Metadata, VouchedCodes, VouchedMetadata, VouchedName};
use crate::error::TrustError;
use crate::jwks::{Jwk, Jwks};
use crate::statement::{Claims, Constraints, EntityConfiguration, Statement, SubordinateStatement};

/// The keys of an anchor, known out of band. Its entity identifier is the federation's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorKeys {
    entity: FederationId,
    keys: Jwks,
}

impl AnchorKeys {
    /// Pins an anchor.
    pub fn new(entity: FederationId, keys: Jwks) -> Self {
        Self { entity, keys }
    }
    /// The anchor, which names the federation.
    pub fn entity(&self) -> &FederationId {
        &self.entity
    }
    /// Its keys.
    pub fn keys(&self) -> &Jwks {
        &self.keys
    }
}

/// A federation key that can sign. Its name in headers is its thumbprint.
pub trait StatementSigner {
    /// The public half.
    fn public(&self) -> &PublicKey;
    /// The algorithm.
    fn algorithm(&self) -> Algorithm;
    /// Signs; raw `r || s` for ECDSA (RFC 7518 section 3.4).
    ///
    /// # Errors
    /// [`SigningFailed`] with the reason.
    fn sign(&self, signing_input: &[u8]) -> Result<Vec<u8>, SigningFailed>;

    /// The key as statements list it.
    fn jwk(&self) -> Jwk {
        Jwk::signing(self.public().clone(), self.algorithm(), &[])
    }
}

/// A federation key did not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the federation key did not sign: {0}")]
pub struct SigningFailed(pub String);

/// A [`StatementSigner`] from a public key and a function that signs.
pub struct SigningKey<F> {
    public: PublicKey,
    algorithm: Algorithm,
    sign: F,
}

impl<F: Fn(&[u8]) -> Result<Vec<u8>, SigningFailed>> SigningKey<F> {
    /// A key whose private half is behind `sign`.
    pub fn new(public: PublicKey, algorithm: Algorithm, sign: F) -> Self {
        Self { public, algorithm, sign }
    }
}

impl<F: Fn(&[u8]) -> Result<Vec<u8>, SigningFailed>> StatementSigner for SigningKey<F> {
    fn public(&self) -> &PublicKey {
        &self.public
    }
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
    fn sign(&self, signing_input: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        (self.sign)(signing_input)
    }
}

/// Why a statement was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A reader would refuse it.
    #[error(transparent)]
    Refused(#[from] TrustError),
    /// The key did not sign.
    #[error(transparent)]
    Signing(#[from] SigningFailed),
}

impl WriteError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(error) => error.code(),
            Self::Signing(_) => "trust.signing",
        }
    }
}

/// Signs claims and gives the JWT.
///
/// # Errors
/// [`WriteError`].
pub fn sign(claims: &impl Claims, signer: &dyn StatementSigner) -> Result<String, WriteError> {
    let signing_input = claims.signing_input(&signer.jwk().kid, signer.algorithm())?;
    let signature = signer.sign(signing_input.as_bytes())?;
    Ok(jose::with_signature(signing_input, &signature))
}

/// From when to when a statement counts, in whole seconds, the end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The instant of issue.
    pub from: Timestamp,
    /// The first instant at which it no longer counts.
    pub until: Timestamp,
}

/// An anchor whose key is at hand, for a trial, a demonstration or a federation of one office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalAnchor {
    /// The anchor, which names the federation.
    pub entity: FederationId,
    /// The name of the organisation that answers for it.
    pub name: String,
}

impl LocalAnchor {
    /// What nodes pin.
    ///
    /// # Errors
    /// [`TrustError::Malformed`] if the key cannot be listed.
    pub fn keys(&self, signer: &dyn StatementSigner) -> Result<AnchorKeys, TrustError> {
        Ok(AnchorKeys::new(self.entity.clone(), key_set(signer)?))
    }

    /// Its own configuration, signed. No intermediates are allowed below a local anchor.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn configuration(
        &self,
        signer: &dyn StatementSigner,
        validity: Validity,
    ) -> Result<String, WriteError> {
        let entity = EntityId::from(self.entity.clone());
        let claims = EntityConfiguration {
            iss: entity.clone(),
            sub: entity,
            iat: validity.from,
            exp: validity.until,
            jwks: key_set(signer)?,
            authority_hints: Vec::new(),
            metadata: Metadata {
                federation_entity: Some(FederationEntity { organization_name: self.name.clone() }),
                cds_node: None,
            },
            constraints: Some(Constraints { max_path_length: Some(0), ..Constraints::default() }),
            trust_marks: None,
        };
        sign(&claims, signer)
    }

    /// Its statement about a node, signed: for the keys of the node's configuration, once the node has shown by signing it
    /// that it holds them, and for the codes given here, which the person who runs the anchor answers for.
    ///
    /// # Errors
    /// [`WriteError`]; in particular when the configuration claims other codes than those given.
    pub fn vouch(
        &self,
        node_configuration: &str,
        codes: &VouchedCodes,
        check: &dyn SignatureCheck,
        signer: &dyn StatementSigner,
        validity: Validity,
    ) -> Result<String, WriteError> {
        let node: Statement<EntityConfiguration> = Statement::parse(node_configuration, 0)?;
        let key = node.claims.jwks.find(&node.kid).filter(|key| key.signs_with(node.algorithm));
        let unknown = || TrustError::UnknownFederationKey { place: 0, kid: node.kid.clone() };
        let key = key.ok_or_else(unknown)?;
        if !check.verifies(&key.public, node.algorithm, node.signing_input().as_bytes(), node.signature()) {
            return Err(TrustError::BadSignature { place: 0 }.into());
        }
        let claimed =
            node.claims.metadata.cds_node.as_ref().ok_or(TrustError::MissingMetadata("cds_node"))?;
        if claimed.ipa_code != codes.ipa_code {
            return Err(TrustError::NotVouched("IPA code").into());
        }
        if !claimed.aoo_codes.iter().all(|aoo| codes.aoo_codes.contains(aoo)) {
            return Err(TrustError::NotVouched("AOO codes").into());
        }
        let name = node
            .claims
            .metadata
            .federation_entity
            .map(|e| VouchedName { organization_name: e.organization_name });
        let claims = SubordinateStatement {
            iss: self.entity.clone().into(),
            sub: node.claims.sub,
            iat: validity.from,
            exp: validity.until,
            jwks: node.claims.jwks,
            metadata: Some(VouchedMetadata { federation_entity: name, cds_node: Some(codes.clone()) }),
            metadata_policy: None,
            constraints: None,
            trust_marks: None,
        };
        sign(&claims, signer)
    }

    /// Enrols a node: vouches for its configuration and gives the whole bundle, verified.
    ///
    /// # Errors
    /// [`WriteError`] for the first thing that a reader would refuse.
    pub fn enrol(
        &self,
        node_configuration: String,
        codes: &VouchedCodes,
        check: &dyn SignatureCheck,
        signer: &dyn StatementSigner,
        validity: Validity,
    ) -> Result<Bundle, WriteError> {
        let statement = self.vouch(&node_configuration, codes, check, signer, validity)?;
        let configuration = self.configuration(signer, validity)?;
        let bundle = Bundle::compose(&[node_configuration, statement, configuration])?;
        crate::chain::verify(&bundle, &self.keys(signer)?, check)?;
        Ok(bundle)
    }
}

/// The set that holds a signer's key alone.
///
/// # Errors
/// [`TrustError::Malformed`] if the key cannot be listed.
pub fn key_set(signer: &dyn StatementSigner) -> Result<Jwks, TrustError> {
    let refused = || TrustError::Malformed { place: 0, reason: "the key cannot be listed".to_owned() };
    Jwks::new(vec![signer.jwk()]).ok_or_else(refused)
}
