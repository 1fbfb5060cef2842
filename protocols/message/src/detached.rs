//! Detached signatures over files: a compact JWS without its payload (RFC 7515 appendix F), in a file beside the signed one.
//!
//! For what officials read and edit as files, such as a local profile of the law's values; messages never use this form. The header is
//! a closed list: `alg`, `cty` (what the file is) and `kid`, the thumbprint of the key (RFC 7638).

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use crate::jose::{Algorithm, JoseError, PublicKey, SignatureCheck, decode};
use crate::strict_json;

/// Longest detached signature accepted, in bytes.
pub const DETACHED_BYTES_MAX: usize = 4096;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DetachedHeader {
    alg: Algorithm,
    cty: String,
    kid: String,
}

/// Signs the bytes of a file of this content type; the text goes into a file of its own.
///
/// # Errors
/// Whatever `sign` fails with; it gets the signing input of RFC 7515 section 5.1.
pub fn sign<E: From<JoseError>>(
    key: &PublicKey,
    algorithm: Algorithm,
    content: &str,
    file: &[u8],
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<String, E> {
    let header = DetachedHeader { alg: algorithm, cty: content.to_owned(), kid: key.thumbprint() };
    let header = serde_json::to_vec(&header).map_err(|e| JoseError::BadHeader(e.to_string()))?;
    let header = BASE64URL_NOPAD.encode(&header);
    let signature = sign(signing_input(&header, file).as_bytes())?;
    Ok(format!("{header}..{}", BASE64URL_NOPAD.encode(&signature)))
}

/// Checks a detached signature over the bytes of a file, and gives the trusted key that made it.
///
/// # Errors
/// [`JoseError`] for the first thing that is wrong; `WrongKey` where no trusted key has the name in the header.
pub fn verify<'k>(
    text: &str,
    content: &str,
    file: &[u8],
    trusted: &'k [PublicKey],
    check: &dyn SignatureCheck,
) -> Result<&'k PublicKey, JoseError> {
    let text = text.trim_end();
    if text.len() > DETACHED_BYTES_MAX {
        return Err(JoseError::TooLarge { found: text.len(), limit: DETACHED_BYTES_MAX });
    }
    let (header, signature) =
        text.split_once("..").ok_or(JoseError::NotCompact("it is not detached: `header..signature`"))?;
    let bytes = decode(header, "the header is not base64url")?;
    let value = strict_json::parse(&bytes).map_err(|e| JoseError::BadHeader(e.to_string()))?;
    let parsed: DetachedHeader =
        serde_json::from_value(value).map_err(|e| JoseError::BadHeader(e.to_string()))?;
    if parsed.cty != content {
        return Err(JoseError::WrongContentType);
    }
    let key = trusted.iter().find(|key| key.thumbprint() == parsed.kid).ok_or_else(|| {
        let expected: Vec<String> = trusted.iter().map(PublicKey::thumbprint).collect();
        JoseError::WrongKey { expected: expected.join(" "), found: parsed.kid.chars().take(80).collect() }
    })?;
    if !parsed.alg.signs_messages() || !key.fits(parsed.alg) {
        return Err(JoseError::AlgorithmRefused);
    }
    let signature = decode(signature, "the signature is not base64url")?;
    if check.verifies(key, parsed.alg, signing_input(header, file).as_bytes(), &signature) {
        Ok(key)
    } else {
        Err(JoseError::BadSignature)
    }
}

fn signing_input(header: &str, file: &[u8]) -> String {
    format!("{header}.{}", BASE64URL_NOPAD.encode(file))
}

#[cfg(test)]
#[path = "detached_tests.rs"]
mod tests;
