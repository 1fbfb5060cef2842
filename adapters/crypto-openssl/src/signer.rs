//! The message key of this node, held in software: the key with the names that the headers of links give it.

use concerto_message::{Algorithm, Digest};
use concerto_port::{Signer, SignerError};

use crate::SoftwareKey;

/// Signs links, receipts and hellos with a [`SoftwareKey`].
#[derive(Debug, Clone)]
pub struct MessageSigner {
    key: SoftwareKey,
    kid: String,
    certificate: String,
    trust: Digest,
}

impl MessageSigner {
    /// The signer for a key that the bundle with digest `trust` lists under `kid`, with the certificate whose `x5t#S256` is
    /// `certificate`.
    pub fn new(key: SoftwareKey, kid: String, certificate: String, trust: Digest) -> Self {
        Self { key, kid, certificate, trust }
    }
}

impl Signer for MessageSigner {
    fn kid(&self) -> &str {
        &self.kid
    }
    fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }
    fn certificate(&self) -> &str {
        &self.certificate
    }
    fn trust(&self) -> Digest {
        self.trust
    }
    fn sign(&self, signing_input: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.key.sign(signing_input).map_err(|error| SignerError::Unavailable(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyKind, OpensslCheck};
    use concerto_message::SignatureCheck;

    #[test]
    fn signs_under_the_names_that_it_was_given() {
        let key = SoftwareKey::generate(KeyKind::P384).unwrap();
        let public = key.public().clone();
        let trust = Digest::of(b"bundle");
        let signer = MessageSigner::new(key, public.thumbprint(), "x5t".into(), trust);
        let signature = signer.sign(b"header.payload").unwrap();
        assert!(OpensslCheck::new().verifies(&public, signer.algorithm(), b"header.payload", &signature));
        assert_eq!(
            (signer.kid(), signer.certificate(), signer.trust()),
            (&*public.thumbprint(), "x5t", trust)
        );
    }
}
