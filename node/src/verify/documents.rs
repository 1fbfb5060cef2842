//! Bodies and documents: every one that a link lists is here with the right bytes or declared absent, and nothing else is here.

use concerto_message::limits::BODY_BYTES_MAX;
use concerto_message::{Attachment, Digest, Hashed, Hashing, MessageId, Salt, Writer, strict_json};
use std::collections::{BTreeMap, BTreeSet};

use super::folder::{Folder, META_BYTES_MAX};
use super::messages::{Known, Messages, Remark};
use super::wrong::Wrong;
use crate::export::layout::{self, ABOUT, DocumentMeta, SALT_BYTES};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Documents {
    pub(super) bodies: usize,
    pub(super) documents: usize,
    pub(super) absent: usize,
}

/// A link that lists a digest.
struct Listing<'a> {
    link: MessageId,
    known: &'a Known,
    attachment: &'a Attachment,
    is_body: bool,
}

/// Compares what links list with what is here.
pub(super) fn check(folder: &Folder, messages: &Messages) -> Result<(Documents, Vec<Remark>), Wrong> {
    let listed = listings(messages);
    let absent: BTreeSet<Digest> = folder.about.documents_absent.iter().copied().collect();
    if let Some(digest) = folder.documents.iter().find(|digest| !listed.contains_key(*digest)) {
        return Err(Wrong::new(&layout::document_file(*digest), "", "document.unlisted", "no link lists it"));
    }
    if let Some(digest) = absent.iter().find(|digest| !listed.contains_key(*digest)) {
        return Err(Wrong::new(ABOUT, "documents_absent", "document.unlisted", digest));
    }
    let (mut found, mut remarks) = (Documents::default(), Vec::new());
    let reader = &folder.about.exported_by;
    for (digest, listings) in &listed {
        let file = layout::document_file(*digest);
        let place = listings.first().map(|l| l.known.place()).unwrap_or_default();
        match (folder.documents.contains(digest), absent.contains(digest)) {
            (false, false) => return Err(Wrong::new(&file, &place, "document.missing", "listed by a link")),
            (true, true) => return Err(Wrong::new(&file, &place, "document.present", "declared absent")),
            (false, true) => {
                found.absent += 1;
                if listings.iter().any(|l| admits(l, reader)) {
                    remarks.push(not_held(&file, reader));
                }
            }
            (true, false) => {
                check_one(folder, &file, *digest, listings, reader)?;
                let is_body = listings.iter().any(|l| l.is_body);
                found.bodies += usize::from(is_body);
                found.documents += usize::from(!is_body);
            }
        }
    }
    Ok((found, remarks))
}

fn listings(messages: &Messages) -> BTreeMap<Digest, Vec<Listing<'_>>> {
    let mut listed: BTreeMap<Digest, Vec<Listing<'_>>> = BTreeMap::new();
    for (link, known) in &messages.links {
        let body = known.body.iter().map(|attachment| (attachment, true));
        for (attachment, is_body) in body.chain(known.documents.iter().map(|attachment| (attachment, false)))
        {
            listed.entry(attachment.digest).or_default().push(Listing {
                link: *link,
                known,
                attachment,
                is_body,
            });
        }
    }
    listed
}

fn admits(listing: &Listing<'_>, reader: &Writer) -> bool {
    listing.attachment.audience.admits(&listing.known.author, reader)
}

fn not_held(file: &str, reader: &Writer) -> Remark {
    Remark {
        code: "document.not-held",
        it: format!("{file}: {reader} poteva vederlo e non lo aveva al momento dell'esportazione"),
        en: format!("{file}: {reader} might see it and did not hold it when it exported"),
    }
}

fn check_one(
    folder: &Folder,
    file: &str,
    digest: Digest,
    listings: &[Listing<'_>],
    reader: &Writer,
) -> Result<(), Wrong> {
    let meta_file = layout::meta_file(digest);
    let meta: DocumentMeta = folder.json(&meta_file, META_BYTES_MAX, "document.meta")?;
    let listing = listings.iter().find(|l| l.link == meta.link).ok_or_else(|| {
        Wrong::new(&meta_file, "link", "document.meta", format!("{} does not list it", meta.link))
    })?;
    let place = listing.known.place();
    if !listings.iter().any(|l| admits(l, reader)) {
        return Err(Wrong::new(file, &place, "document.audience", reader));
    }
    let attachment = listing.attachment;
    if meta.media_type != attachment.media_type || meta.size != attachment.size {
        return Err(Wrong::new(&meta_file, &place, "document.meta", "media type or size"));
    }
    let Some(size) = folder.size(file)?.checked_sub(SALT_BYTES as u64) else {
        return Err(Wrong::new(file, &place, "document.size", "shorter than its salt"));
    };
    if size != attachment.size {
        let what = format!("{size} bytes, {} listed", attachment.size);
        return Err(Wrong::new(file, &place, "document.size", what));
    }
    let (salt, hashed) = hash(folder, file)?;
    if hashed.digest != digest {
        return Err(Wrong::new(file, &place, "document.digest", "SHA-256 over salt and bytes"));
    }
    if attachment.chunks.is_some_and(|chunks| chunks != hashed.chunks.digest(&salt)) {
        return Err(Wrong::new(file, &place, "document.chunks", "SHA-256 over salt and list of chunks"));
    }
    if !listing.is_body {
        return Ok(());
    }
    let limit = usize::try_from(BODY_BYTES_MAX).unwrap_or(usize::MAX).saturating_add(SALT_BYTES);
    let data = folder.bytes(file, limit)?;
    check_body(file, listing, data.get(SALT_BYTES..).unwrap_or_default())
}

/// Salt and digests of a document, whatever its size.
fn hash(folder: &Folder, file: &str) -> Result<(Salt, Hashed), Wrong> {
    let mut salt = Vec::with_capacity(SALT_BYTES);
    let mut hashing = None;
    folder.pieces(file, |piece| {
        let (first, bytes) = piece.split_at(piece.len().min(SALT_BYTES - salt.len()));
        salt.extend_from_slice(first);
        if let Ok(salt) = <[u8; SALT_BYTES]>::try_from(salt.as_slice()) {
            hashing.get_or_insert_with(|| Hashing::new(Salt(salt))).update(bytes);
        }
    })?;
    let salt = Salt(salt.try_into().unwrap_or_default());
    Ok((salt, hashing.unwrap_or_else(|| Hashing::new(salt)).finish()))
}

/// A body of a type with a body schema fits it.
fn check_body(file: &str, listing: &Listing<'_>, bytes: &[u8]) -> Result<(), Wrong> {
    let Some(urn) = concerto_schemas::body_urn_for_type(&listing.known.message_type) else { return Ok(()) };
    let place = listing.known.place();
    let value = strict_json::parse(bytes).map_err(|e| Wrong::new(file, &place, "body.json", e))?;
    concerto_schemas::check_body(urn, &value).map_err(|e| Wrong::new(file, &place, "body.schema", e))
}
