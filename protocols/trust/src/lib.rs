//! Trust of Concerto: OpenID Federation 1.0 in its first form, verified offline (protocols/PROTOCOL.md, "Trust").
//!
//! A node's [`EntityConfiguration`] lists its message keys, peers and addresses; its anchor's [`SubordinateStatement`] vouches
//! for the node's federation keys and for the IPA and AOO codes it writes under. Together with the anchor's own configuration
//! they are a [`Bundle`], the bytes whose digest stands as `trust` in the header of every link. [`verify`] is the only way to a
//! [`VerifiedChain`], and a message key is believed only because a verified chain lists it. No network, clock, key or file:
//! the caller signs, checks signatures and says what time it is.
//!
//! Where the rest will live (part 6): metadata policy (OpenID Federation section 6.1) beside [`chain`], where a statement that
//! carries one is refused until then; trust marks (section 7) in a module `mark`; rotation and historical keys (sections 8.7 and
//! 11) in `rotation`; the numbered status list in `status`; the files that an anchor publishes (section 8) beside [`anchor`].

pub mod anchor;
pub mod bundle;
pub mod chain;
pub mod entity;
mod error;
pub mod jwks;
pub mod peer;
pub mod statement;

pub use anchor::{AnchorKeys, LocalAnchor, SigningFailed, SigningKey, StatementSigner, Validity, WriteError};
pub use bundle::Bundle;
pub use chain::{VerifiedChain, verify};
pub use entity::{EntityId, NodeDescription};
pub use error::TrustError;
pub use jwks::{Jwk, Jwks};
pub use peer::{PeerEntry, PeerId, peer_proof_input};
pub use statement::{EntityConfiguration, SubordinateStatement};
