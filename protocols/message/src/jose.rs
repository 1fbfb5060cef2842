//! The JOSE formats of Concerto: compact JWS (RFC 7515), public keys as JWK (RFC 7517, 7638), and the closed protected
//! header of links, receipts and hellos. Signatures are formats here; the arithmetic is behind [`SignatureCheck`].

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use crate::ids::{Digest, FederationId, Writer};
use crate::limits::HEADER_BYTES_MAX;
use crate::strict_json;

/// A signature algorithm (RFC 7518 section 3.1, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// ECDSA over P-256 with SHA-256, the default.
    #[serde(rename = "ES256")]
    Es256,
    /// ECDSA over P-384 with SHA-384.
    #[serde(rename = "ES384")]
    Es384,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// Ed25519, for the proofs of peer keys only; never for a message.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Algorithm {
    /// Whether links, receipts and hellos may be signed with it.
    pub fn signs_messages(self) -> bool {
        !matches!(self, Self::EdDsa)
    }
}

/// A public key in the form of a JWK; members in base64url without padding.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kty")]
pub enum PublicKey {
    /// A point on P-256 or P-384.
    EC {
        /// `P-256` or `P-384`.
        crv: String,
        /// The x coordinate.
        x: String,
        /// The y coordinate.
        y: String,
    },
    /// An RSA key.
    RSA {
        /// The modulus.
        n: String,
        /// The exponent.
        e: String,
    },
    /// An Ed25519 key.
    OKP {
        /// `Ed25519`.
        crv: String,
        /// The public key.
        x: String,
    },
}

impl PublicKey {
    /// The thumbprint of RFC 7638, in base64url: the `kid` that nodes give their keys.
    pub fn thumbprint(&self) -> String {
        let canonical = match self {
            Self::EC { crv, x, y } => format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#),
            Self::RSA { n, e } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
            Self::OKP { crv, x } => format!(r#"{{"crv":"{crv}","kty":"OKP","x":"{x}"}}"#),
        };
        BASE64URL_NOPAD.encode(&Digest::of(canonical.as_bytes()).0)
    }

    /// Whether a signature with `algorithm` can come from this kind of key.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        match (self, algorithm) {
            (Self::EC { crv, .. }, Algorithm::Es256) => crv == "P-256",
            (Self::EC { crv, .. }, Algorithm::Es384) => crv == "P-384",
            (Self::RSA { .. }, Algorithm::Rs256) => true,
            (Self::OKP { crv, .. }, Algorithm::EdDsa) => crv == "Ed25519",
            _ => false,
        }
    }
}

/// Checks a signature. Implemented by the crypto adapter; an implementation never panics on hostile input.
pub trait SignatureCheck: Send + Sync {
    /// Whether `signature` (raw `r || s` for ECDSA, RFC 7518 section 3.4) is `key`'s over `signed`.
    fn verifies(&self, key: &PublicKey, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool;
}

/// A key that a verified trust chain lists for the messages of one writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageKey {
    /// The key's name in headers.
    pub kid: String,
    /// The algorithm it signs with.
    pub algorithm: Algorithm,
    /// The key.
    pub public: PublicKey,
    /// SHA-256 of the DER of its certificate, in base64url (`x5t#S256`, RFC 7515 section 4.1.8).
    pub certificate: String,
    /// The only writer it signs for.
    pub writer: Writer,
    /// The federation whose anchor vouches for it.
    pub federation: FederationId,
}

/// The media type of a signed payload, carried as `cty`: it keeps a receipt from passing as a link (RFC 8725 section 3.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContentType {
    /// A link of a chain.
    #[serde(rename = "application/vnd.concerto.link+json")]
    Link,
    /// A receipt.
    #[serde(rename = "application/vnd.concerto.receipt+json")]
    Receipt,
    /// The greeting that opens a connection.
    #[serde(rename = "application/vnd.concerto.hello+json")]
    Hello,
}

/// The `typ` of a JAdES signature in compact form (ETSI TS 119 182-1 section 5.1.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SerializationType {
    /// Compact.
    #[serde(rename = "jose")]
    Jose,
}

/// The protected header: a closed list. `jwk`, `jku`, `x5u`, `x5c`, `b64`, `crit` and every other name are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The algorithm.
    pub alg: Algorithm,
    /// What the payload is.
    pub cty: ContentType,
    /// When it was signed, in seconds since 1970 (JAdES baseline B claimed signing time).
    pub iat: i64,
    /// The signing key.
    pub kid: String,
    /// SHA-256 of the trust bundle that lists the key.
    pub trust: Digest,
    /// Always `jose`.
    pub typ: SerializationType,
    /// SHA-256 of the signing certificate, in base64url.
    #[serde(rename = "x5t#S256")]
    pub x5t_s256: String,
}

/// What is wrong with the JOSE form of a message, or with its signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoseError {
    /// Longer than its bound.
    #[error("the message is {found} bytes long, more than the {limit} allowed")]
    TooLarge {
        /// Bytes received.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not three base64url parts.
    #[error("not a compact JWS: {0}")]
    NotCompact(&'static str),
    /// A name outside the closed list.
    #[error("the protected header holds `{0}`, which is not in the closed list")]
    ForbiddenHeader(String),
    /// A header that cannot be read.
    #[error("the protected header is not valid: {0}")]
    BadHeader(String),
    /// The wrong kind of content.
    #[error("the header announces another kind of content")]
    WrongContentType,
    /// An algorithm that may not sign messages or does not fit the key.
    #[error("the algorithm is not allowed for this key")]
    AlgorithmRefused,
    /// The header names another key.
    #[error("the header names key `{found}` but the trust chain lists `{expected}`")]
    WrongKey {
        /// The key the chain lists.
        expected: String,
        /// The key the header names.
        found: String,
    },
    /// The certificate digest is not that of the key's certificate.
    #[error("x5t#S256 is not the digest of the certificate in the trust chain")]
    WrongCertificate,
    /// The key belongs to another writer.
    #[error("the key signs for {key_of}, not for {claimed}")]
    WrongWriter {
        /// The writer that the chain gives the key to.
        key_of: Writer,
        /// The writer that the payload names.
        claimed: Writer,
    },
    /// The message belongs to another federation.
    #[error("the message belongs to federation {0}")]
    WrongFederation(FederationId),
    /// The signature does not verify.
    #[error("the signature does not verify")]
    BadSignature,
}

impl JoseError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "message.too-large",
            Self::NotCompact(_) => "message.not-compact",
            Self::ForbiddenHeader(_) => "message.header.forbidden",
            Self::BadHeader(_) => "message.header.invalid",
            Self::WrongContentType => "message.header.content-type",
            Self::AlgorithmRefused => "message.header.algorithm",
            Self::WrongKey { .. } => "message.key.other",
            Self::WrongCertificate => "message.key.certificate",
            Self::WrongWriter { .. } => "message.key.writer",
            Self::WrongFederation(_) => "message.federation.other",
            Self::BadSignature => "message.signature",
        }
    }
}

const HEADER_NAMES: [&str; 7] = ["alg", "cty", "iat", "kid", "trust", "typ", "x5t#S256"];

/// A compact JWS taken apart, nothing verified yet.
#[derive(Debug, Clone)]
pub struct Compact {
    /// The whole text.
    pub text: String,
    /// Length of the signing input within the text.
    signing_input_len: usize,
    /// The decoded protected header.
    pub header: Header,
    /// The decoded payload bytes.
    pub payload: Vec<u8>,
    /// The decoded signature.
    pub signature: Vec<u8>,
}

impl Compact {
    /// Takes a compact JWS apart after checking its size, and reads its protected header.
    ///
    /// # Errors
    /// [`JoseError`] for the first thing that is wrong.
    pub fn parse(text: &str, limit: usize, content: ContentType) -> Result<Self, JoseError> {
        if text.len() > limit {
            return Err(JoseError::TooLarge { found: text.len(), limit });
        }
        let (signing_input, signature) =
            text.rsplit_once('.').ok_or(JoseError::NotCompact("it has no signature part"))?;
        let (header, payload) =
            signing_input.split_once('.').ok_or(JoseError::NotCompact("it has no payload part"))?;
        if payload.contains('.') {
            return Err(JoseError::NotCompact("it has more than three parts"));
        }
        let header = read_header(header)?;
        if header.cty != content {
            return Err(JoseError::WrongContentType);
        }
        if !header.alg.signs_messages() {
            return Err(JoseError::AlgorithmRefused);
        }
        Ok(Self {
            signing_input_len: signing_input.len(),
            header,
            payload: decode(payload, "the payload is not base64url")?,
            signature: decode(signature, "the signature is not base64url")?,
            text: text.to_owned(),
        })
    }

    /// `header.payload`, the bytes that are signed.
    pub fn signing_input(&self) -> &str {
        self.text.get(..self.signing_input_len).unwrap_or_default()
    }

    /// Checks header and signature against the key that a verified trust chain lists.
    ///
    /// # Errors
    /// [`JoseError`] for the first thing that does not agree.
    pub fn check(
        &self,
        key: &MessageKey,
        claimed: &Writer,
        federation: &FederationId,
        check: &dyn SignatureCheck,
    ) -> Result<(), JoseError> {
        if *federation != key.federation {
            return Err(JoseError::WrongFederation(federation.clone()));
        }
        if *claimed != key.writer {
            return Err(JoseError::WrongWriter { key_of: key.writer.clone(), claimed: claimed.clone() });
        }
        if self.header.kid != key.kid {
            return Err(JoseError::WrongKey { expected: key.kid.clone(), found: self.header.kid.clone() });
        }
        if self.header.x5t_s256 != key.certificate {
            return Err(JoseError::WrongCertificate);
        }
        if self.header.alg != key.algorithm || !key.public.fits(self.header.alg) {
            return Err(JoseError::AlgorithmRefused);
        }
        let signed = self.signing_input().as_bytes();
        if check.verifies(&key.public, self.header.alg, signed, &self.signature) {
            Ok(())
        } else {
            Err(JoseError::BadSignature)
        }
    }
}

/// Decodes base64url without padding, refusing every other spelling of the same bytes.
pub(crate) fn decode(text: &str, what: &'static str) -> Result<Vec<u8>, JoseError> {
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| JoseError::NotCompact(what))
}

/// Encodes base64url without padding.
pub fn base64url(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

fn read_header(encoded: &str) -> Result<Header, JoseError> {
    if encoded.len() > HEADER_BYTES_MAX {
        return Err(JoseError::TooLarge { found: encoded.len(), limit: HEADER_BYTES_MAX });
    }
    let bytes = decode(encoded, "the header is not base64url")?;
    let value = strict_json::parse(&bytes).map_err(|e| JoseError::BadHeader(e.to_string()))?;
    let members = value.as_object().ok_or_else(|| JoseError::BadHeader("it is not a JSON object".into()))?;
    if let Some(name) = members.keys().find(|k| !HEADER_NAMES.contains(&k.as_str())) {
        return Err(JoseError::ForbiddenHeader(name.chars().take(80).collect()));
    }
    // serde would also read the algorithm from an object such as {"ES256":null}
    if let Some((name, _)) = members.iter().find(|(name, v)| *name != "iat" && !v.is_string()) {
        return Err(JoseError::BadHeader(format!("`{name}` is not a string")));
    }
    serde_json::from_value(value).map_err(|e| JoseError::BadHeader(e.to_string()))
}

/// `base64url(header).base64url(payload)`: what is signed (RFC 7515 section 5.1).
///
/// # Errors
/// Only if the header cannot be written as JSON, which its types exclude.
pub fn signing_input(header: &Header, payload: &[u8]) -> Result<String, JoseError> {
    let header = serde_json::to_vec(header).map_err(|e| JoseError::BadHeader(e.to_string()))?;
    let mut text = BASE64URL_NOPAD.encode(&header);
    text.push('.');
    BASE64URL_NOPAD.encode_append(payload, &mut text);
    Ok(text)
}

/// Adds the signature part to a signing input.
pub fn with_signature(mut signing_input: String, signature: &[u8]) -> String {
    signing_input.push('.');
    BASE64URL_NOPAD.encode_append(signature, &mut signing_input);
    signing_input
}

#[cfg(test)]
#[path = "jose_tests.rs"]
mod tests;
