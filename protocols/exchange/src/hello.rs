//! The greeting that opens a connection: signed by the message key over both transport identities and both entity identifiers.
//!
//! The transport identity only admits a connection; every right follows from a verified [`Greeting`]. A greeting taken from
//! another connection names other transport identities and is refused.

use concerto_message::jose::{self, Compact, ContentType, Header, JoseError, MessageKey, SignatureCheck};
use concerto_message::{FederationId, Incarnation, Writer, strict_json};
use serde::{Deserialize, Serialize};

/// The version of the protocol that this crate speaks.
pub const PROTOCOL_VERSION: u32 = 1;
/// Greatest length of a greeting, in bytes.
pub const HELLO_BYTES_MAX: usize = 8 * 1024;

/// The payload of a greeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Greeting {
    /// The newest protocol version that the sender speaks.
    pub hello: u32,
    /// The oldest one.
    pub oldest: u32,
    /// The federation.
    pub federation: FederationId,
    /// Who greets.
    pub from: Writer,
    /// Who is greeted.
    pub to: Writer,
    /// Entity identifier of the sender.
    pub from_entity: String,
    /// Entity identifier of the receiver, as the sender knows it.
    pub to_entity: String,
    /// Transport identity of the sender.
    pub from_peer: String,
    /// Transport identity of the receiver, as the sender sees it.
    pub to_peer: String,
    /// The life of the sender's node.
    pub incarnation: Incarnation,
}

/// What the receiver of a greeting knows about the two ends.
#[derive(Debug, Clone)]
pub struct Ends<'a> {
    /// The federation of this node.
    pub federation: &'a FederationId,
    /// The peer, from the federation configuration.
    pub from: &'a Writer,
    /// This node.
    pub to: &'a Writer,
    /// Entity identifier of the peer.
    pub from_entity: &'a str,
    /// Entity identifier of this node.
    pub to_entity: &'a str,
    /// Transport identity that the connection proved.
    pub from_peer: &'a str,
    /// Transport identity of this node.
    pub to_peer: &'a str,
}

/// Why a greeting is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    /// Form, key or signature.
    #[error(transparent)]
    Jose(#[from] JoseError),
    /// Not the JSON of a greeting.
    #[error("the greeting is not understood: {0}")]
    BadPayload(String),
    /// No protocol version in common.
    #[error("the peer speaks protocol versions {oldest} to {newest}; this node speaks {PROTOCOL_VERSION}")]
    NoCommonVersion {
        /// Oldest version of the peer.
        oldest: u32,
        /// Newest version of the peer.
        newest: u32,
    },
    /// It greets somebody else, or comes from somebody else.
    #[error("the greeting's `{0}` is not that of this connection")]
    OtherEnd(&'static str),
}

impl HelloError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Jose(e) => e.code(),
            Self::BadPayload(_) => "hello.payload",
            Self::NoCommonVersion { .. } => "hello.version",
            Self::OtherEnd(_) => "hello.other-end",
        }
    }
}

/// A greeting that was read and not verified yet.
#[derive(Debug, Clone)]
pub struct ParsedHello {
    compact: Compact,
    greeting: Greeting,
}

impl ParsedHello {
    /// Reads a greeting.
    ///
    /// # Errors
    /// [`HelloError`] for the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, HelloError> {
        let compact = Compact::parse(text, HELLO_BYTES_MAX, ContentType::Hello)?;
        let bad = |e: serde_json::Error| HelloError::BadPayload(e.to_string());
        let value = strict_json::parse(&compact.payload).map_err(bad)?;
        let greeting: Greeting = serde_json::from_value(value).map_err(bad)?;
        Ok(Self { compact, greeting })
    }

    /// The protected header, unverified.
    pub fn header(&self) -> &Header {
        &self.compact.header
    }

    /// Checks that the greeting belongs to this connection: no cryptography yet.
    ///
    /// # Errors
    /// [`HelloError`] for the first thing that does not agree.
    pub fn belongs_to(&self, ends: &Ends<'_>) -> Result<(), HelloError> {
        let g = &self.greeting;
        if g.oldest > PROTOCOL_VERSION || g.hello < PROTOCOL_VERSION {
            return Err(HelloError::NoCommonVersion { oldest: g.oldest, newest: g.hello });
        }
        if g.federation != *ends.federation {
            return Err(JoseError::WrongFederation(g.federation.clone()).into());
        }
        let pairs = [
            ("from", g.from == *ends.from),
            ("to", g.to == *ends.to),
            ("from_entity", g.from_entity == ends.from_entity),
            ("to_entity", g.to_entity == ends.to_entity),
            ("from_peer", g.from_peer == ends.from_peer),
            ("to_peer", g.to_peer == ends.to_peer),
        ];
        match pairs.iter().find(|(_, same)| !same) {
            Some((name, _)) => Err(HelloError::OtherEnd(name)),
            None => Ok(()),
        }
    }

    /// Checks that the greeting belongs to this connection and that its signature is the peer's.
    ///
    /// # Errors
    /// [`HelloError`] for the first thing that does not agree.
    pub fn verify(
        self,
        ends: &Ends<'_>,
        key: &MessageKey,
        check: &dyn SignatureCheck,
    ) -> Result<Greeting, HelloError> {
        self.belongs_to(ends)?;
        let g = &self.greeting;
        self.compact.check(key, &g.from, &g.federation, check)?;
        Ok(self.greeting)
    }
}

/// The signing input of a greeting.
///
/// # Errors
/// Only if it cannot be written as JSON, which its types exclude.
pub fn signing_input(header: &Header, greeting: &Greeting) -> Result<String, HelloError> {
    let bytes = serde_json::to_vec(greeting).map_err(|e| HelloError::BadPayload(e.to_string()))?;
    Ok(jose::signing_input(header, &bytes)?)
}
