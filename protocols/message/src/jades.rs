//! The flattened JSON form of a link for exports (RFC 7515 section 7.2.2, JAdES ETSI TS 119 182-1): the same signature over the
//! same bytes, with the certificate chain in the unsigned header, the form that public bodies must recognise.

use serde::{Deserialize, Serialize};

/// A flattened JWS with its unsigned header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flattened {
    /// The payload, base64url.
    pub payload: String,
    /// The protected header, base64url.
    pub protected: String,
    /// The unsigned header; absent where it would be empty (RFC 7515 section 7.2.1).
    #[serde(default, skip_serializing_if = "UnsignedHeader::is_empty")]
    pub header: UnsignedHeader,
    /// The signature, base64url.
    pub signature: String,
}

/// What an export adds without a signature of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnsignedHeader {
    /// The signing certificate and those above it, DER in base64 (RFC 7515 section 4.1.6).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub x5c: Vec<String>,
    /// Time stamps and other unsigned JAdES properties (ETSI TS 119 182-1 section 5.3.1).
    #[serde(rename = "etsiU", default, skip_serializing_if = "Vec::is_empty")]
    pub etsi_u: Vec<serde_json::Value>,
}

impl UnsignedHeader {
    /// Whether it adds nothing.
    pub fn is_empty(&self) -> bool {
        self.x5c.is_empty() && self.etsi_u.is_empty()
    }
}

impl Flattened {
    /// The flattened form of a compact JWS.
    pub fn from_compact(compact: &str, x5c: Vec<String>) -> Option<Self> {
        let mut parts = compact.split('.');
        let (protected, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        Some(Self {
            payload: payload.to_owned(),
            protected: protected.to_owned(),
            header: UnsignedHeader { x5c, etsi_u: Vec::new() },
            signature: signature.to_owned(),
        })
    }

    /// The compact form, byte for byte the original.
    pub fn to_compact(&self) -> String {
        format!("{}.{}.{}", self.protected, self.payload, self.signature)
    }
}

#[cfg(test)]
#[path = "jades_tests.rs"]
mod tests;
