//! Detached signatures: what verifies, and each way in which one must not (RFC 7515 appendix F).
//!
//! Wrong programs these catch: one that signs the file without its header, accepts a key that is not trusted, another kind of file,
//! unknown header members, or a signature that covers other bytes. The real arithmetic is tested where the program signs.

use super::*;
use crate::support_tests::HashCheck;
use sha2::{Digest as _, Sha256};

const CONTENT: &str = "application/vnd.concerto.profile+toml";
const FILE: &[u8] = b"[profile]\nid = \"prova\"\n";

fn key(x: &str) -> PublicKey {
    PublicKey::EC { crv: "P-256".to_owned(), x: x.to_owned(), y: "y".to_owned() }
}

fn signed(key: &PublicKey, content: &str, file: &[u8]) -> String {
    sign(key, Algorithm::Es256, content, file, |bytes| {
        Ok::<_, JoseError>(
            Sha256::new().chain_update(key.thumbprint()).chain_update(bytes).finalize().to_vec(),
        )
    })
    .unwrap()
}

fn judged(text: &str, file: &[u8]) -> Result<PublicKey, JoseError> {
    verify(text, CONTENT, file, &[key("a"), key("b")], &HashCheck).cloned()
}

#[test]
fn a_trusted_key_over_these_bytes_is_named() {
    let text = signed(&key("b"), CONTENT, FILE);
    assert_eq!(judged(&text, FILE), Ok(key("b")));
    assert_eq!(judged(&format!("{text}\n"), FILE), Ok(key("b")), "a file ends with a line feed");
}

#[test]
fn everything_else_is_refused() {
    let text = signed(&key("b"), CONTENT, FILE);
    assert_eq!(judged(&text, b"[profile]\nid = \"altra\"\n"), Err(JoseError::BadSignature));
    assert!(matches!(judged(&signed(&key("c"), CONTENT, FILE), FILE), Err(JoseError::WrongKey { .. })));
    assert_eq!(judged(&signed(&key("a"), "text/plain", FILE), FILE), Err(JoseError::WrongContentType));
    assert!(matches!(judged(&text.replace("..", "."), FILE), Err(JoseError::NotCompact(_))));
    assert!(matches!(judged(&"x".repeat(DETACHED_BYTES_MAX + 1), FILE), Err(JoseError::TooLarge { .. })));
    let (_, signature) = text.split_once("..").unwrap();
    for header in [
        format!(r#"{{"alg":"ES256","cty":"{CONTENT}","kid":"{}","b64":false}}"#, key("b").thumbprint()),
        format!(r#"{{"alg":"none","cty":"{CONTENT}","kid":"{}"}}"#, key("b").thumbprint()),
        "[]".to_owned(),
    ] {
        let forged = format!("{}..{signature}", BASE64URL_NOPAD.encode(header.as_bytes()));
        assert!(matches!(judged(&forged, FILE), Err(JoseError::BadHeader(_))), "{header}");
    }
    let other = format!(r#"{{"alg":"RS256","cty":"{CONTENT}","kid":"{}"}}"#, key("b").thumbprint());
    let forged = format!("{}..{signature}", BASE64URL_NOPAD.encode(other.as_bytes()));
    assert_eq!(judged(&forged, FILE), Err(JoseError::AlgorithmRefused));
    let renamed = format!(r#"{{"alg":"ES256","cty":"{CONTENT}","kid":"{}"}}"#, key("a").thumbprint());
    let forged = format!("{}..{signature}", BASE64URL_NOPAD.encode(renamed.as_bytes()));
    assert_eq!(judged(&forged, FILE), Err(JoseError::BadSignature));
}
