//! Trust chains of an export and the messages that rest on them: every bundle verified up to the anchor's keys, every certificate
//! over the key that the chain lists, every signature by a key that was valid when the message was issued.

use concerto_crypto_openssl::{OpensslCheck, certificate_public_key, x5t_s256};
use concerto_message::{
    Digest, Header, Link, MessageKey, ParsedLink, ParsedReceipt, Receipt, Verified, Writer,
};
use concerto_trust::{AnchorKeys, Bundle, Jwks, VerifiedChain};
use data_encoding::BASE64;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

use super::folder::Folder;
use super::wrong::Wrong;
use crate::export::layout::{self, AnchorFile};

/// The chains of an export.
pub(super) struct Trust {
    chains: BTreeMap<Digest, VerifiedChain>,
    used: BTreeSet<Digest>,
    check: OpensslCheck,
}

impl Trust {
    /// Verifies every bundle of the folder. `anchor_name` says where the keys came from.
    pub(super) fn open(folder: &Folder, anchor: AnchorFile, anchor_name: &str) -> Result<Self, Wrong> {
        if anchor.entity != folder.about.federation {
            let what = format!("{} is not {}", anchor.entity, folder.about.federation);
            return Err(Wrong::new(anchor_name, "entity", "export.anchor.other", what));
        }
        let keys = Jwks::new(anchor.keys).ok_or_else(|| {
            Wrong::new(anchor_name, "keys", "export.anchor", "no keys, too many, or one twice")
        })?;
        let anchor = AnchorKeys::new(anchor.entity, keys);
        let mut trust = Self { chains: BTreeMap::new(), used: BTreeSet::new(), check: OpensslCheck::new() };
        for digest in &folder.bundles {
            let file = layout::bundle_file(*digest);
            let wrong = |e: concerto_trust::TrustError| Wrong::new(&file, "", e.code(), &e);
            let bundle = Bundle::parse_named(&folder.bundle(&file)?, *digest).map_err(wrong)?;
            let chain = concerto_trust::verify(&bundle, &anchor, &trust.check).map_err(wrong)?;
            for key in chain.message_keys() {
                check_certificate(&file, &chain, key)?;
            }
            trust.chains.insert(*digest, chain);
        }
        Ok(trust)
    }

    /// Reads a link and checks header, key and signature.
    pub(super) fn link(&mut self, file: &str, text: &str) -> Result<Verified<Link>, Wrong> {
        let parsed = ParsedLink::parse(text).map_err(|e| Wrong::new(file, "", e.code(), &e))?;
        let payload = parsed.payload();
        let place = format!("{} #{}", payload.writer, payload.sequence);
        let key = self.key(file, &place, parsed.header(), &payload.writer, payload.issued_at)?.clone();
        parsed.verify(&key, &self.check).map_err(|e| Wrong::new(file, &place, e.code(), &e))
    }

    /// Reads a receipt and checks header, key and signature.
    pub(super) fn receipt(
        &mut self,
        file: &str,
        place: &str,
        text: &str,
    ) -> Result<Verified<Receipt>, Wrong> {
        let parsed = ParsedReceipt::parse(text).map_err(|e| Wrong::new(file, place, e.code(), &e))?;
        let header = parsed.header();
        let signed_at = Timestamp::from_second(header.iat)
            .map_err(|e| Wrong::new(file, place, "message.header.invalid", e))?;
        let key = self.key(file, place, header, &parsed.payload().issuer, signed_at)?.clone();
        parsed.verify(&key, &self.check).map_err(|e| Wrong::new(file, place, e.code(), &e))
    }

    fn key(
        &mut self,
        file: &str,
        place: &str,
        header: &Header,
        writer: &Writer,
        at: Timestamp,
    ) -> Result<&MessageKey, Wrong> {
        let chain = self
            .chains
            .get(&header.trust)
            .ok_or_else(|| Wrong::new(file, place, "trust.bundle.unknown", header.trust))?;
        self.used.insert(header.trust);
        chain.message_key(&header.kid, writer, at).map_err(|e| Wrong::new(file, place, e.code(), &e))
    }

    /// The certificates of the key that a header names, its own first.
    pub(super) fn certificates(&self, header: &Header) -> &[String] {
        self.chains.get(&header.trust).and_then(|chain| chain.certificates(&header.kid)).unwrap_or_default()
    }

    /// A bundle that no message names was added.
    pub(super) fn check_all_used(&self) -> Result<(), Wrong> {
        match self.chains.keys().find(|digest| !self.used.contains(digest)) {
            Some(digest) => {
                Err(Wrong::new(&layout::bundle_file(*digest), "", "export.bundle.unused", "nothing names it"))
            }
            None => Ok(()),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.chains.len()
    }

    /// The name of an administration, as its anchor vouches for it.
    pub(super) fn name_of(&self, writer: &Writer) -> String {
        let chain = self.chains.values().find(|chain| chain.writers().contains(writer));
        chain.map_or_else(|| writer.to_string(), |chain| chain.name().to_owned())
    }
}

/// A certificate adds no trust, but it must be over the key that the chain lists.
fn check_certificate(file: &str, chain: &VerifiedChain, key: &MessageKey) -> Result<(), Wrong> {
    let place = format!("key {}", key.kid);
    let unreadable =
        |what: &dyn std::fmt::Display| Wrong::new(file, &place, "trust.certificate.unreadable", what);
    let leaf = chain.certificates(&key.kid).and_then(<[String]>::first).ok_or_else(|| unreadable(&"none"))?;
    let der = BASE64.decode(leaf.as_bytes()).map_err(|e| unreadable(&e))?;
    if x5t_s256(&der) != key.certificate {
        return Err(Wrong::new(file, &place, "trust.certificate.digest", x5t_s256(&der)));
    }
    if certificate_public_key(&der).map_err(|e| unreadable(&e))? != key.public {
        return Err(Wrong::new(file, &place, "trust.certificate.other-key", "the public keys differ"));
    }
    Ok(())
}
