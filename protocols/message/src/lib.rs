//! Messages of Concerto: what crosses between nodes and is kept for ever (protocols/PROTOCOL.md, "Messages").
//!
//! A *link* is one signed message on its author's chain; a *receipt* answers links and is not a link. Both are JWS in
//! compact form (RFC 7515), JAdES baseline B (ETSI TS 119 182-1). This crate has no input or output: it turns bytes into
//! checked values and back. [`link::ParsedLink::parse`] and [`receipt::ParsedReceipt::parse`] are the only ways in. What others wrote
//! becomes a [`Verified`] only by their `verify`; a node's own signing and its own journal are the two other sources of one.
//!
//! The protected header is a closed list, the payload the exact JSON that was signed, and the identifier of a
//! message the SHA-256 of its JWS signing input: any JOSE library can check all three.

pub mod attachment;
pub mod chain;
pub mod detached;
pub mod ids;
pub mod jades;
pub mod jose;
pub mod limits;
pub mod link;
pub mod receipt;
pub mod streamed;
pub mod strict_json;
#[cfg(test)]
mod support_tests;
mod verified;

pub use attachment::{Attachment, Audience, Chunks, Salt};
pub use ids::{AooCode, ConferenceId, Digest, FederationId, Incarnation, IpaCode, MessageId, Writer};
pub use jose::{Algorithm, Header, JoseError, MessageKey, PublicKey, SignatureCheck};
pub use link::{Link, ParsedLink, Payload};
pub use receipt::{ParsedReceipt, Receipt, ReceiptKind};
pub use streamed::{Checking, Hashed, Hashing, Listed, StreamedError};
pub use verified::Verified;
