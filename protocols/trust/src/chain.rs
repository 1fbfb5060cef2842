//! Verification of a trust chain, offline (OpenID Federation 1.0 section 10.2): cheap checks first, then the signatures from
//! the pinned anchor downwards, then what the node says of itself.
//!
//! Instants are not judged here. A chain carries its window, and [`VerifiedChain::message_key`] is asked about the instant at
//! which a message is proven to have existed, which may lie long before the moment of verification.

use concerto_message::{AooCode, Digest, FederationId, IpaCode, MessageKey, SignatureCheck, Writer};
use jiff::Timestamp;

use crate::anchor::AnchorKeys;
use crate::bundle::Bundle;
use crate::entity::{CdsNode, EntityId};
use crate::error::TrustError;
use crate::jwks::{Jwk, Jwks};
use crate::peer::PeerId;
use crate::statement::{Constraints, EntityConfiguration, Statement};

/// A trust chain that was verified up to a pinned anchor. Only [`verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedChain {
    bundle: Digest,
    federation: FederationId,
    entity: EntityId,
    name: String,
    ipa: IpaCode,
    writers: Vec<Writer>,
    message_keys: Vec<MessageKey>,
    certificates: Vec<(String, Vec<String>)>,
    peers: Vec<PeerId>,
    endpoints: Vec<String>,
    pec: Option<String>,
    valid_from: Timestamp,
    valid_until: Timestamp,
}

impl VerifiedChain {
    /// Digest of the bundle that was verified.
    pub fn bundle(&self) -> Digest {
        self.bundle
    }
    /// The federation of the anchor that vouches.
    pub fn federation(&self) -> &FederationId {
        &self.federation
    }
    /// The node.
    pub fn entity(&self) -> &EntityId {
        &self.entity
    }
    /// The administration's name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// The administration.
    pub fn ipa(&self) -> &IpaCode {
        &self.ipa
    }
    /// The writers that the node writes for, one for each organisational area.
    pub fn writers(&self) -> &[Writer] {
        &self.writers
    }
    /// The message keys, one for each key and writer.
    pub fn message_keys(&self) -> &[MessageKey] {
        &self.message_keys
    }
    /// The transport identities whose keys proved that they belong to the node.
    pub fn peers(&self) -> &[PeerId] {
        &self.peers
    }
    /// Where the node says that it can be reached, as multiaddresses.
    pub fn endpoints(&self) -> &[String] {
        &self.endpoints
    }
    /// The node's certified mailbox.
    pub fn pec(&self) -> Option<&str> {
        self.pec.as_deref()
    }
    /// The first instant at which all statements are valid.
    pub fn valid_from(&self) -> Timestamp {
        self.valid_from
    }
    /// The first instant at which one of them has expired.
    pub fn valid_until(&self) -> Timestamp {
        self.valid_until
    }

    /// Whether all statements are valid at an instant.
    ///
    /// # Errors
    /// [`TrustError::NotYetValid`] or [`TrustError::Expired`].
    pub fn check_at(&self, at: Timestamp) -> Result<(), TrustError> {
        if at < self.valid_from {
            return Err(TrustError::NotYetValid { at, from: self.valid_from });
        }
        if at >= self.valid_until {
            return Err(TrustError::Expired { at, until: self.valid_until });
        }
        Ok(())
    }

    /// The key with this name that signs for this writer, judged at the instant `at`: the earliest at which the message is
    /// proven to have existed.
    ///
    /// # Errors
    /// [`TrustError::UnknownMessageKey`], [`TrustError::WriterNotListed`], [`TrustError::NotYetValid`], [`TrustError::Expired`].
    pub fn message_key(&self, kid: &str, writer: &Writer, at: Timestamp) -> Result<&MessageKey, TrustError> {
        let mut named = self.message_keys.iter().filter(|key| key.kid == kid).peekable();
        if named.peek().is_none() {
            return Err(TrustError::UnknownMessageKey(kid.chars().take(128).collect()));
        }
        let key = named
            .find(|key| key.writer == *writer)
            .ok_or_else(|| TrustError::WriterNotListed { kid: kid.to_owned(), writer: writer.clone() })?;
        self.check_at(at)?;
        Ok(key)
    }

    /// The certificates of a message key, DER in base64, its own first. Whoever uses them must see that the first names the
    /// same key: they add no trust.
    pub fn certificates(&self, kid: &str) -> Option<&[String]> {
        self.certificates.iter().find(|(name, _)| name == kid).map(|(_, list)| list.as_slice())
    }
}

/// Verifies a bundle up to the pinned keys of an anchor.
///
/// # Errors
/// [`TrustError`] for the first thing that does not hold.
pub fn verify(
    bundle: &Bundle,
    anchor: &AnchorKeys,
    check: &dyn SignatureCheck,
) -> Result<VerifiedChain, TrustError> {
    check_subjects(bundle, anchor)?;
    check_restrictions(bundle)?;
    let node = vouched_node(bundle)?;
    let (valid_from, valid_until) = window(bundle)?;
    check_signatures(bundle, anchor, check)?;
    let claims = &bundle.node.claims;
    for peer in &node.peers {
        if !peer.proves(anchor.entity(), &claims.sub, check) {
            return Err(TrustError::PeerProof(peer.peer_id.to_string()));
        }
    }
    let writers: Vec<Writer> =
        node.aoo_codes.iter().map(|aoo| Writer { ipa: node.ipa_code.clone(), aoo: aoo.clone() }).collect();
    Ok(VerifiedChain {
        bundle: bundle.digest(),
        federation: anchor.entity().clone(),
        entity: claims.sub.clone(),
        name: organisation(claims).to_owned(),
        ipa: node.ipa_code.clone(),
        message_keys: message_keys(node, &writers, anchor.entity())?,
        certificates: node.message_keys.keys().iter().map(|key| (key.kid.clone(), key.x5c.clone())).collect(),
        writers,
        peers: node.peers.iter().map(|peer| peer.peer_id.clone()).collect(),
        endpoints: node.endpoints.clone(),
        pec: node.pec.clone(),
        valid_from,
        valid_until,
    })
}

/// Issuers and subjects meet from the node to the anchor, and the node names the superior that vouches for it.
fn check_subjects(bundle: &Bundle, anchor: &AnchorKeys) -> Result<(), TrustError> {
    let top = &bundle.anchor.claims.sub;
    if top.as_federation() != anchor.entity() {
        return Err(TrustError::WrongAnchor { found: top.to_string() });
    }
    let mut expected = &bundle.node.claims.sub;
    for (n, statement) in bundle.statements.iter().enumerate() {
        if statement.claims.sub != *expected {
            let (expected, found) = (expected.to_string(), statement.claims.sub.to_string());
            return Err(TrustError::BrokenLink { place: n + 1, expected, found });
        }
        expected = &statement.claims.iss;
    }
    if expected != top {
        let (expected, found) = (expected.to_string(), top.to_string());
        return Err(TrustError::BrokenLink { place: bundle.statements.len() + 1, expected, found });
    }
    let superior = bundle.statements.first().map(|statement| &statement.claims.iss);
    match superior {
        Some(superior) if !bundle.node.claims.authority_hints.contains(superior) => {
            Err(TrustError::AuthorityHints { superior: superior.to_string() })
        }
        _ => Ok(()),
    }
}

/// Applies the restrictions that can be applied and refuses the others.
fn check_restrictions(bundle: &Bundle) -> Result<(), TrustError> {
    for (n, statement) in bundle.statements.iter().enumerate() {
        let place = n + 1;
        if statement.claims.metadata_policy.is_some() {
            return Err(TrustError::Unsupported { place, claim: "metadata_policy" });
        }
        // between this statement's issuer and the node stand the subjects of the statements below it
        check_constraints(statement.claims.constraints.as_ref(), place, n)?;
    }
    let intermediates = bundle.statements.len().saturating_sub(1);
    check_constraints(bundle.anchor.claims.constraints.as_ref(), bundle.statements.len() + 1, intermediates)
}

fn check_constraints(
    constraints: Option<&Constraints>,
    place: usize,
    found: usize,
) -> Result<(), TrustError> {
    let Some(constraints) = constraints else { return Ok(()) };
    if constraints.naming_constraints.is_some() {
        return Err(TrustError::Unsupported { place, claim: "naming_constraints" });
    }
    if let Some(limit) = constraints.max_path_length.filter(|limit| found as u64 > *limit) {
        return Err(TrustError::PathTooLong { place, found, limit });
    }
    match &constraints.allowed_entity_types {
        Some(types) if !types.iter().any(|name| name == "cds_node") => {
            Err(TrustError::EntityTypeExcluded { place })
        }
        _ => Ok(()),
    }
}

/// The node's metadata, after a comparison with what its immediate superior vouches for.
fn vouched_node(bundle: &Bundle) -> Result<&CdsNode, TrustError> {
    let claims = &bundle.node.claims;
    let node = claims.metadata.cds_node.as_ref().ok_or(TrustError::MissingMetadata("cds_node"))?;
    if claims.metadata.federation_entity.is_none() {
        return Err(TrustError::MissingMetadata("federation_entity"));
    }
    // OpenID Federation applies the metadata of the immediate superior only
    for (n, statement) in bundle.statements.iter().enumerate().skip(1) {
        if statement.claims.metadata.is_some() {
            return Err(TrustError::Unsupported { place: n + 1, claim: "metadata" });
        }
    }
    let superior = bundle.statements.first().map(|statement| &statement.claims);
    let vouched = superior.and_then(|claims| claims.metadata.as_ref());
    let codes = vouched.and_then(|vouched| vouched.cds_node.as_ref());
    let codes = codes.ok_or(TrustError::NotVouched("IPA and AOO codes"))?;
    if codes.ipa_code != node.ipa_code {
        return Err(TrustError::NotVouched("IPA code"));
    }
    let is_vouched = |aoo: &AooCode| codes.aoo_codes.contains(aoo);
    if !node.aoo_codes.iter().all(is_vouched) {
        return Err(TrustError::NotVouched("AOO codes"));
    }
    let name = vouched.and_then(|vouched| vouched.federation_entity.as_ref());
    if name.is_some_and(|name| name.organization_name != organisation(claims)) {
        return Err(TrustError::NotVouched("name"));
    }
    match superior {
        Some(superior) if superior.jwks.same_keys(&claims.jwks) => Ok(node),
        _ => Err(TrustError::KeysDiffer),
    }
}

fn organisation(claims: &EntityConfiguration) -> &str {
    claims
        .metadata
        .federation_entity
        .as_ref()
        .map(|entity| entity.organization_name.as_str())
        .unwrap_or_default()
}

/// From the last issue to the first expiry.
fn window(bundle: &Bundle) -> Result<(Timestamp, Timestamp), TrustError> {
    let own = [&bundle.node.claims, &bundle.anchor.claims].map(|claims| (claims.iat, claims.exp));
    let superiors = bundle.statements.iter().map(|statement| (statement.claims.iat, statement.claims.exp));
    let all = own.into_iter().chain(superiors);
    let (from, until) = all
        .reduce(|(from, until), (iat, exp)| (from.max(iat), until.min(exp)))
        .ok_or(TrustError::NoCommonValidity)?;
    if from < until { Ok((from, until)) } else { Err(TrustError::NoCommonValidity) }
}

/// Each signature with a key that its superior lists, from the pinned anchor downwards. The anchor's configuration must also
/// list the key that signs it (the node's does, as its keys are those of its superior's statement).
fn check_signatures(
    bundle: &Bundle,
    anchor: &AnchorKeys,
    check: &dyn SignatureCheck,
) -> Result<(), TrustError> {
    let top = &bundle.anchor;
    let place = bundle.statements.len() + 1;
    let pinned = check_signature(top, place, anchor.keys(), check)?;
    if top.claims.jwks.find(&top.kid).is_none_or(|own| own.public != pinned.public) {
        return Err(TrustError::UnknownFederationKey { place, kid: top.kid.chars().take(128).collect() });
    }
    let mut keys = &top.claims.jwks;
    for (n, statement) in bundle.statements.iter().enumerate().rev() {
        check_signature(statement, n + 1, keys, check)?;
        keys = &statement.claims.jwks;
    }
    check_signature(&bundle.node, 0, keys, check).map(|_| ())
}

/// Checks one signature and gives the key of the set that made it.
fn check_signature<'k, C>(
    statement: &Statement<C>,
    place: usize,
    keys: &'k Jwks,
    check: &dyn SignatureCheck,
) -> Result<&'k Jwk, TrustError> {
    let unknown =
        || TrustError::UnknownFederationKey { place, kid: statement.kid.chars().take(128).collect() };
    let key = keys.find(&statement.kid).ok_or_else(unknown)?;
    if !key.signs_with(statement.algorithm) {
        return Err(TrustError::AlgorithmRefused { place, algorithm: format!("{:?}", statement.algorithm) });
    }
    let signed = statement.signing_input().as_bytes();
    if check.verifies(&key.public, statement.algorithm, signed, statement.signature()) {
        Ok(key)
    } else {
        Err(TrustError::BadSignature { place })
    }
}

/// One key for each published key and writer.
fn message_keys(
    node: &CdsNode,
    writers: &[Writer],
    federation: &FederationId,
) -> Result<Vec<MessageKey>, TrustError> {
    let mut keys = Vec::with_capacity(node.message_keys.keys().len().saturating_mul(writers.len()));
    for key in node.message_keys.keys() {
        let (Some(algorithm), Some(certificate)) = (key.alg, key.certificate_thumbprint()) else {
            let fault = "it has no algorithm or no readable certificate";
            return Err(TrustError::BadMessageKey { kid: key.kid.clone(), fault });
        };
        keys.extend(writers.iter().map(|writer| MessageKey {
            kid: key.kid.clone(),
            algorithm,
            public: key.public.clone(),
            certificate: certificate.clone(),
            writer: writer.clone(),
            federation: federation.clone(),
        }));
    }
    Ok(keys)
}
