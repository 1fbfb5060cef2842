//! Why a trust bundle is not believed.

use concerto_message::{Digest, Writer};
use jiff::Timestamp;

/// Why a bundle cannot be read, its chain does not hold, or a chain does not list what was asked. `place` counts the
/// statements of the bundle from 0, the node's own configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// Longer than its bound.
    #[error("the trust bundle is {found} bytes long, more than the {limit} allowed")]
    TooLarge {
        /// Bytes received.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not a JSON array of texts.
    #[error("the trust bundle is not a JSON array of statements: {0}")]
    NotABundle(String),
    /// Fewer statements than a chain has.
    #[error("the trust bundle has {found} statements; a chain has at least {least}")]
    Incomplete {
        /// Statements found.
        found: usize,
        /// The fewest a chain can have.
        least: usize,
    },
    /// More items than allowed.
    #[error("{what}: {found}, more than the {limit} allowed")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// Items found.
        found: usize,
        /// Items allowed.
        limit: usize,
    },
    /// A statement that cannot be read.
    #[error("statement {place} cannot be read: {reason}")]
    Malformed {
        /// Which statement.
        place: usize,
        /// What is wrong.
        reason: String,
    },
    /// A header parameter outside the closed list `alg`, `kid`, `typ`.
    #[error("the header of statement {place} holds `{name}`, which is not in the closed list")]
    ForbiddenHeader {
        /// Which statement.
        place: usize,
        /// The parameter.
        name: String,
    },
    /// A `typ` other than `entity-statement+jwt`.
    #[error("statement {place} is of another type")]
    WrongType {
        /// Which statement.
        place: usize,
    },
    /// An algorithm that may not sign statements, or does not fit the key.
    #[error("statement {place} is signed with `{algorithm}`, which is not allowed for it")]
    AlgorithmRefused {
        /// Which statement.
        place: usize,
        /// The algorithm it names.
        algorithm: String,
    },
    /// A claim that restricts trust and that this version cannot apply: it refuses rather than ignores.
    #[error("statement {place} carries `{claim}`, which this version cannot apply")]
    Unsupported {
        /// Which statement.
        place: usize,
        /// The claim.
        claim: &'static str,
    },
    /// The chain ends at another anchor.
    #[error("the chain ends at {found}, not at the anchor of this federation")]
    WrongAnchor {
        /// The entity at its end.
        found: String,
    },
    /// Issuer and subject of neighbouring statements do not meet.
    #[error("statement {place} should be about {expected} but is about {found}")]
    BrokenLink {
        /// Which statement.
        place: usize,
        /// The subject it should have.
        expected: String,
        /// The subject it has.
        found: String,
    },
    /// A configuration about someone else, or a statement about oneself.
    #[error("statement {place} stands where a statement of the other kind belongs")]
    WrongKind {
        /// Which statement.
        place: usize,
    },
    /// The node does not name the superior that vouches for it.
    #[error("the node's authority_hints do not name {superior}")]
    AuthorityHints {
        /// The superior.
        superior: String,
    },
    /// The signing key is not one that the superior (or the pinned anchor) lists.
    #[error("statement {place} is signed with key `{kid}`, which its superior does not list")]
    UnknownFederationKey {
        /// Which statement.
        place: usize,
        /// The key it names.
        kid: String,
    },
    /// A signature that does not verify.
    #[error("the signature of statement {place} does not verify")]
    BadSignature {
        /// Which statement.
        place: usize,
    },
    /// The node publishes other federation keys than its superior vouches for.
    #[error("the node's federation keys are not those that its superior vouches for")]
    KeysDiffer,
    /// More intermediates than a constraint allows.
    #[error("statement {place} allows {limit} intermediates below it, the chain has {found}")]
    PathTooLong {
        /// The statement with the constraint.
        place: usize,
        /// Intermediates found.
        found: usize,
        /// Intermediates allowed.
        limit: u64,
    },
    /// A constraint leaves out nodes of conferences.
    #[error("statement {place} does not allow entities of type cds_node below it")]
    EntityTypeExcluded {
        /// The statement with the constraint.
        place: usize,
    },
    /// The statements are at no time all valid.
    #[error("the statements of the chain are at no time all valid")]
    NoCommonValidity,
    /// The node's own configuration says nothing about it as a node.
    #[error("the node's configuration lacks {0}")]
    MissingMetadata(&'static str),
    /// The superior does not vouch for what the node says of itself.
    #[error("the superior does not vouch for the node's {0}")]
    NotVouched(&'static str),
    /// A message key that cannot be used.
    #[error("message key `{kid}`: {fault}")]
    BadMessageKey {
        /// The key.
        kid: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// An address or mailbox that is not well formed.
    #[error("`{0}` is not a well formed address")]
    BadAddress(String),
    /// A peer id without the proof by its own key.
    #[error("the proof of peer {0} is not a signature of its key for this node")]
    PeerProof(String),
    /// A message named a key that the chain does not list.
    #[error("the chain does not list message key `{0}`")]
    UnknownMessageKey(String),
    /// A message named a writer for whom the key does not sign.
    #[error("the chain does not list message key `{kid}` for {writer}")]
    WriterNotListed {
        /// The key.
        kid: String,
        /// The writer.
        writer: Writer,
    },
    /// The chain is asked about an instant before all its statements were issued.
    #[error("the chain is valid from {from}, which is after {at}")]
    NotYetValid {
        /// The instant asked about.
        at: Timestamp,
        /// The first instant of validity.
        from: Timestamp,
    },
    /// The chain is asked about an instant when one of its statements had expired.
    #[error("the chain was valid until {until}, and {at} is not before that")]
    Expired {
        /// The instant asked about.
        at: Timestamp,
        /// The first instant after validity.
        until: Timestamp,
    },
    /// A bundle was fetched by digest and has another one.
    #[error("the trust bundle has digest {found}, not {expected}")]
    OtherDigest {
        /// The digest asked for.
        expected: Digest,
        /// The digest of the bytes.
        found: Digest,
    },
}

impl TrustError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "trust.bundle.too-large",
            Self::NotABundle(_) => "trust.bundle.invalid",
            Self::Incomplete { .. } => "trust.bundle.incomplete",
            Self::OtherDigest { .. } => "trust.bundle.digest",
            Self::TooMany { .. } => "trust.too-many",
            Self::Malformed { .. } => "trust.statement.invalid",
            Self::ForbiddenHeader { .. } => "trust.statement.header",
            Self::WrongType { .. } => "trust.statement.type",
            Self::AlgorithmRefused { .. } => "trust.statement.algorithm",
            Self::Unsupported { .. } => "trust.statement.unsupported",
            Self::WrongAnchor { .. } => "trust.chain.anchor",
            Self::BrokenLink { .. } => "trust.chain.link",
            Self::WrongKind { .. } => "trust.chain.kind",
            Self::AuthorityHints { .. } => "trust.chain.authority-hints",
            Self::UnknownFederationKey { .. } => "trust.chain.key",
            Self::BadSignature { .. } => "trust.chain.signature",
            Self::KeysDiffer => "trust.chain.keys-differ",
            Self::PathTooLong { .. } => "trust.chain.path",
            Self::EntityTypeExcluded { .. } => "trust.chain.entity-type",
            Self::NoCommonValidity => "trust.chain.validity",
            Self::NotYetValid { .. } => "trust.chain.not-yet-valid",
            Self::Expired { .. } => "trust.chain.expired",
            Self::MissingMetadata(_) => "trust.node.metadata",
            Self::NotVouched(_) => "trust.node.not-vouched",
            Self::BadMessageKey { .. } => "trust.node.message-key",
            Self::BadAddress(_) => "trust.node.address",
            Self::PeerProof(_) => "trust.node.peer-proof",
            Self::UnknownMessageKey(_) => "trust.message-key.unknown",
            Self::WriterNotListed { .. } => "trust.message-key.writer",
        }
    }
}
