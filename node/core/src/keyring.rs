//! Trust chains that were verified, by the digest that links name, in a bounded memory over the journal's bundles.

use concerto_message::link::LinkError;
use concerto_message::{ConferenceId, Digest, Header, JoseError, MessageKey, SignatureCheck, Writer};
use concerto_port::{JournalError, JournalRead};
use concerto_trust::{AnchorKeys, Bundle, TrustError, VerifiedChain};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Most verified chains kept in memory.
const CHAINS_MAX: usize = 1024;

/// Why no key was found for a header.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The bundle is not held: a peer must be asked for it.
    #[error("the trust bundle {0} is not held")]
    UnknownBundle(Digest),
    /// The chain does not give this key to this writer at this time.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl KeyError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownBundle(_) => "trust.bundle.unknown",
            Self::Trust(e) => e.code(),
            Self::Journal(_) => "store.failed",
        }
    }
}

/// Why a greeting's bundle was not admitted.
#[derive(Debug, thiserror::Error)]
pub enum NamedError {
    /// The greeting names other bytes.
    #[error("the greeting names another trust bundle")]
    OtherBundle,
    /// It is no bundle, or its chain does not end at the anchor.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

impl NamedError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherBundle => "hello.bundle",
            Self::Trust(e) => e.code(),
        }
    }
}

/// The verified chains.
#[derive(Debug)]
pub struct Keyring {
    anchor: AnchorKeys,
    chains: BTreeMap<Digest, VerifiedChain>,
}

impl Keyring {
    /// A ring that trusts one anchor, given out of band.
    pub fn new(anchor: AnchorKeys) -> Self {
        Self { anchor, chains: BTreeMap::new() }
    }

    /// Verifies a bundle and keeps its chain; verifying again changes nothing.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn admit(&mut self, bytes: &[u8], check: &dyn SignatureCheck) -> Result<Digest, TrustError> {
        self.admit_parsed(&Bundle::parse(bytes)?, check)
    }

    /// The same for a bundle that a greeting names by its digest: form and digest come before any signature.
    ///
    /// # Errors
    /// [`NamedError`].
    pub fn admit_named(
        &mut self,
        bytes: &[u8],
        named: Digest,
        check: &dyn SignatureCheck,
    ) -> Result<(), NamedError> {
        let bundle = Bundle::parse(bytes)?;
        if bundle.digest() != named {
            return Err(NamedError::OtherBundle);
        }
        self.admit_parsed(&bundle, check)?;
        Ok(())
    }

    fn admit_parsed(&mut self, bundle: &Bundle, check: &dyn SignatureCheck) -> Result<Digest, TrustError> {
        let digest = bundle.digest();
        if !self.chains.contains_key(&digest) {
            let chain = concerto_trust::verify(bundle, &self.anchor, check)?;
            if self.chains.len() >= CHAINS_MAX {
                self.chains.pop_first();
            }
            self.chains.insert(digest, chain);
        }
        Ok(digest)
    }

    /// The chain behind a digest, from memory or from the journal.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn chain(
        &mut self,
        digest: Digest,
        journal: &dyn JournalRead,
        check: &dyn SignatureCheck,
    ) -> Result<&VerifiedChain, KeyError> {
        if !self.chains.contains_key(&digest) {
            let bytes = journal.bundle(digest)?.ok_or(KeyError::UnknownBundle(digest))?;
            self.admit(&bytes, check)?;
        }
        self.chains.get(&digest).ok_or(KeyError::UnknownBundle(digest))
    }

    /// The key that a header names, if its chain gives it to `writer` at the time `at`.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn key(
        &mut self,
        header: &Header,
        writer: &Writer,
        at: Timestamp,
        journal: &dyn JournalRead,
        check: &dyn SignatureCheck,
    ) -> Result<MessageKey, KeyError> {
        let chain = self.chain(header.trust, journal, check)?;
        Ok(chain.message_key(&header.kid, writer, at)?.clone())
    }
}

/// Why a signed message was not believed.
#[derive(Debug, thiserror::Error)]
pub enum BeliefError {
    /// No key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Key, header or signature do not agree.
    #[error(transparent)]
    Jose(#[from] JoseError),
    /// It does not have the form of what it should be.
    #[error(transparent)]
    Form(#[from] LinkError),
    /// It belongs to another conference than the one that quotes it.
    #[error("it belongs to conference {0}")]
    OtherConference(ConferenceId),
}

impl BeliefError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Key(e) => e.code(),
            Self::Jose(e) => e.code(),
            Self::Form(e) => e.code(),
            Self::OtherConference(_) => "receipt.other-conference",
        }
    }
}
