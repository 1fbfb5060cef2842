//! Messages of nodes inside a mail: the signed link, its trust bundle, its body and documents (protocols/PROTOCOL.md, "By certified mail").
//!
//! A mail proves nothing about them and need not: a link counts by its own signature, a bundle by its chain, a document by its digest. So what
//! is what follows from the bytes, and names serve people, and tell the salts of documents apart.

use concerto_message::limits::{BUNDLE_BYTES_MAX, LINK_BYTES_MAX, SMALL_DOCUMENT_BYTES_MAX};
use concerto_message::{Digest, MessageId, ParsedLink, Salt};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::limits::CARRIED_MAX;
use crate::parts::{MailPart, attachments};

/// The media type of a link (RFC 7515 section 9.2.1).
pub const LINK_TYPE: &str = "application/jose";
/// How the name of a link ends.
const LINK_ENDING: &str = ".jws";
/// What a file of salts begins with in `format`.
const SALT_FORMAT: &str = "concerto-mail/1";

/// A link in a mail, and what of it came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The link, whose form was read and whose signature was not checked.
    pub link: String,
    /// Its identifier, claimed.
    pub id: MessageId,
    /// The trust bundle that its header names.
    pub bundle: Option<Vec<u8>>,
    /// Its body and documents, each with the digest that the link lists.
    pub documents: Vec<CarriedDocument>,
}

/// A body or document that came with its link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedDocument {
    /// The digest under which the link lists it; it was computed from salt and bytes.
    pub digest: Digest,
    /// Its salt.
    pub salt: Salt,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The attachment that tells the salts, without which nobody can check the digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaltFile {
    /// `concerto-mail/1`.
    pub format: String,
    /// The link.
    pub message: MessageId,
    /// The salt of each document, 32 hexadecimal digits, by the name of its attachment.
    pub salts: BTreeMap<String, String>,
}

impl SaltFile {
    /// The salts of the documents of a link.
    pub fn new(message: MessageId, salts: impl IntoIterator<Item = (String, Salt)>) -> Self {
        let salts = salts.into_iter().map(|(name, salt)| (name, salt.to_hex())).collect();
        Self { format: SALT_FORMAT.to_owned(), message, salts }
    }
}

/// The name of the attachment that is a link.
pub fn link_name(message: MessageId) -> String {
    format!("concerto-{}{LINK_ENDING}", message.short())
}

/// The name of the attachment with the salts of its documents.
pub fn salt_file_name(message: MessageId) -> String {
    format!("concerto-{}.json", message.short())
}

/// The links in a mail (the original one, where it came in an envelope), at most [`CARRIED_MAX`]; what has the name of a link and is none is
/// passed over.
pub fn carried(mail: &[u8]) -> Vec<Carried> {
    let parts = attachments(mail);
    let is_link = |part: &&MailPart<'_>| {
        part.media_type == LINK_TYPE || part.name.to_lowercase().ends_with(LINK_ENDING)
    };
    let mut found: Vec<Carried> = Vec::new();
    for part in parts.iter().filter(is_link).take(CARRIED_MAX) {
        let Some(link) = read_link(&part.bytes) else { continue };
        if found.iter().any(|other| other.id == link.id()) {
            continue;
        }
        found.push(Carried {
            id: link.id(),
            bundle: bundle(&parts, link.header().trust),
            documents: documents(&parts, &link),
            link: link_text(&part.bytes).unwrap_or_default(),
        });
    }
    found
}

/// The compact text; a gateway may have put line breaks at its end.
fn link_text(bytes: &[u8]) -> Option<String> {
    if bytes.len() > LINK_BYTES_MAX + 2 {
        return None;
    }
    std::str::from_utf8(bytes).ok().map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
}

fn read_link(bytes: &[u8]) -> Option<ParsedLink> {
    ParsedLink::parse(&link_text(bytes)?).ok()
}

fn bundle(parts: &[MailPart<'_>], named: Digest) -> Option<Vec<u8>> {
    let small = parts.iter().filter(|part| part.bytes.len() <= BUNDLE_BYTES_MAX);
    small.map(|part| &part.bytes).find(|bytes| Digest::of(bytes) == named).map(|bytes| bytes.to_vec())
}

fn documents(parts: &[MailPart<'_>], link: &ParsedLink) -> Vec<CarriedDocument> {
    let read = |part: &MailPart<'_>| serde_json::from_slice::<SaltFile>(&part.bytes).ok();
    let name = salt_file_name(link.id());
    let salts = parts.iter().filter(|part| part.name == name).filter_map(read);
    let Some(salts) = salts.into_iter().find(|file| file.format == SALT_FORMAT && file.message == link.id())
    else {
        return Vec::new();
    };
    let mut found: Vec<CarriedDocument> = Vec::new();
    for part in parts.iter().filter(|part| part.bytes.len() as u64 <= SMALL_DOCUMENT_BYTES_MAX) {
        let Some(salt) = salts.salts.get(&part.name).and_then(|hex| Salt::from_hex(hex)) else { continue };
        let digest = salt.digest(&part.bytes);
        let listed = link.payload().attachments().any(|listed| listed.digest == digest);
        if listed && found.iter().all(|other| other.digest != digest) {
            found.push(CarriedDocument { digest, salt, bytes: part.bytes.to_vec() });
        }
    }
    found
}
