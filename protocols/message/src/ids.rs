//! Identifiers: parsed once at the edge, then only types. No bare string ever names a body, a case or a message.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

use crate::limits::CODE_CHARS_MAX;

/// An identifier that does not have its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} `{found}` is not well formed: expected {expected}")]
pub struct IdError {
    /// Which identifier was expected.
    pub what: &'static str,
    /// What stood in its place (cut to 80 characters).
    pub found: String,
    /// The form that was expected.
    pub expected: &'static str,
}

fn id_error(what: &'static str, found: &str, expected: &'static str) -> IdError {
    IdError { what, found: found.chars().take(80).collect(), expected }
}

/// Serialises through `Display` and deserialises through `FromStr`, so that each identifier has one textual form.
macro_rules! textual {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= CODE_CHARS_MAX
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        && text.bytes().any(|b| b.is_ascii_alphanumeric())
}

const CODE_FORM: &str = "1 to 64 letters, digits, `_`, `-` or `.`, at least one letter or digit";

macro_rules! code {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);
        impl $name {
            /// The code as written in the index of public administrations (IPA).
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                if is_code(text) { Ok(Self(text.to_owned())) } else { Err(id_error($what, text, CODE_FORM)) }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        textual!($name);
    };
}

code!(
    /// The code of an administration in the index of digital domiciles (IPA; CAD art. 6-ter).
    IpaCode,
    "IPA code"
);
code!(
    /// The code of a homogeneous organisational area (AOO), the unit that keeps one protocol register (DPR 445/2000 art. 50 c. 4).
    #[doc(alias = "area organizzativa omogenea")]
    AooCode,
    "AOO code"
);

/// Who writes a chain: one AOO of one administration, `<IPA>/<AOO>`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Writer {
    /// The administration.
    pub ipa: IpaCode,
    /// Its organisational area.
    pub aoo: AooCode,
}

impl FromStr for Writer {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let form = "<IPA>/<AOO>";
        let (ipa, aoo) = text.split_once('/').ok_or_else(|| id_error("writer", text, form))?;
        Ok(Self { ipa: ipa.parse()?, aoo: aoo.parse()? })
    }
}
impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ipa, self.aoo)
    }
}
textual!(Writer);

/// 128 random bits, written as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce(pub [u8; 16]);

impl FromStr for Nonce {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        hex_array(text).map(Self).ok_or_else(|| id_error("nonce", text, "32 lower-case hexadecimal digits"))
    }
}
impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}
textual!(Nonce);

fn hex_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

/// A conference: `<IPA>/<AOO>/<128 random bits>` of the writer that opens it, its procedente.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConferenceId {
    lead: Writer,
    nonce: Nonce,
}

impl ConferenceId {
    /// The identifier of a conference that `lead` opens, with fresh random bits.
    pub fn new(lead: Writer, nonce: Nonce) -> Self {
        Self { lead, nonce }
    }
    /// The writer that opened the conference.
    pub fn lead(&self) -> &Writer {
        &self.lead
    }
    /// The random part, enough to name the conference in a folder or on a screen.
    pub fn nonce(&self) -> Nonce {
        self.nonce
    }
}
impl FromStr for ConferenceId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let form = "<IPA>/<AOO>/<32 hexadecimal digits>";
        let (lead, nonce) = text.rsplit_once('/').ok_or_else(|| id_error("conference", text, form))?;
        Ok(Self { lead: lead.parse()?, nonce: nonce.parse()? })
    }
}
impl fmt::Display for ConferenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.lead, self.nonce)
    }
}
textual!(ConferenceId);

/// A SHA-256 digest, written as 64 lower-case hexadecimal digits.
#[doc(alias = "impronta")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
    /// The digest of several pieces as if they stood one after the other.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}
impl FromStr for Digest {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        hex_array(text).map(Self).ok_or_else(|| id_error("digest", text, "64 lower-case hexadecimal digits"))
    }
}
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}
textual!(Digest);

/// A message: the SHA-256 of its JWS signing input (`header.payload`, RFC 7515 section 5.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub Digest);

impl MessageId {
    /// The identifier of the message with this signing input.
    pub fn of_signing_input(signing_input: &str) -> Self {
        Self(Digest::of(signing_input.as_bytes()))
    }
    /// The first eight hexadecimal digits, for screens.
    pub fn short(&self) -> String {
        HEXLOWER.encode(&self.0.0).chars().take(8).collect()
    }
}
impl FromStr for MessageId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        text.parse().map(Self)
    }
}
impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
textual!(MessageId);

/// A federation: the entity identifier of its trust anchor (an `https` URL, OpenID Federation 1.0 section 1.2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FederationId(String);

impl FederationId {
    /// The URL as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl FromStr for FederationId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let host = text.strip_prefix("https://").unwrap_or_default();
        let good = !host.is_empty()
            && !host.starts_with('/')
            && text.len() <= 255
            && text
                .bytes()
                .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'#' | b'?' | b'<' | b'>' | b'\\'));
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(id_error("federation", text, "an https URL without query"))
        }
    }
}
impl fmt::Display for FederationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
textual!(FederationId);

/// One life of a signing node: a node that cannot prove that it holds its own latest head opens the next one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incarnation {
    /// Counts the lives of this writer, from 1.
    pub counter: u32,
    /// 128 random bits, so that two copies that open the same life are told apart.
    pub nonce: Nonce,
}

#[cfg(test)]
#[path = "ids_tests.rs"]
mod tests;
