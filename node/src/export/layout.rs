//! The exported folder: names and JSON files (format `concerto-export/1`, described in `conformance-tests/interop/README.md`).
//!
//! Whoever writes an export and whoever verifies one share these names and nothing else.

use concerto_message::{ConferenceId, Digest, FederationId, MessageId, Writer};
use concerto_trust::Jwk;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The format that this version writes and reads.
pub(crate) const FORMAT: &str = "concerto-export/1";
/// What the export is, and its links in journal order.
pub(crate) const ABOUT: &str = "export.json";
/// The anchor's keys, for convenience: they should come by another way.
pub(crate) const ANCHOR: &str = "anchor.json";
/// Words for people.
pub(crate) const READ_ME: &str = "README.txt";
/// Links: exact bytes and flattened form.
pub(crate) const LINKS: &str = "links";
/// Receipts.
pub(crate) const RECEIPTS: &str = "receipts";
/// Trust bundles.
pub(crate) const BUNDLES: &str = "bundles";
/// Bodies and documents.
pub(crate) const DOCUMENTS: &str = "documents";
/// Proofs of equivocation.
pub(crate) const FORKS: &str = "forks";
/// The folders of an export.
pub(crate) const FOLDERS: [&str; 5] = [LINKS, RECEIPTS, BUNDLES, DOCUMENTS, FORKS];
/// Bytes of salt that stand before those of a body or document.
pub(crate) const SALT_BYTES: usize = 16;

/// `export.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    pub(crate) format: String,
    pub(crate) conference: ConferenceId,
    pub(crate) federation: FederationId,
    /// UTC, by the exporting node's clock.
    pub(crate) exported_at: Timestamp,
    pub(crate) exported_by: Writer,
    pub(crate) links: Vec<Row>,
    /// Listed by a link and not here: not for the eyes of the node that exported, or not held by it.
    pub(crate) documents_absent: Vec<Digest>,
}

/// One link in `export.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) id: MessageId,
    pub(crate) file: String,
    /// When the node that exported came to hold it (UTC, by its own clock; no signature covers it).
    pub(crate) received_at: Timestamp,
}

/// `anchor.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnchorFile {
    pub(crate) entity: FederationId,
    pub(crate) keys: Vec<Jwk>,
}

/// `documents/<digest>.meta.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DocumentMeta {
    pub(crate) media_type: String,
    /// Bytes, without the salt.
    pub(crate) size: u64,
    /// A link that lists it.
    pub(crate) link: MessageId,
}

/// `forks/<id1>-<id2>.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForkFile {
    pub(crate) first: String,
    pub(crate) second: String,
}

/// The place of the link that stands at `number` (from 1) in journal order.
pub(crate) fn link_file(number: usize, id: MessageId) -> String {
    format!("{LINKS}/{number:04}-{id}.jws")
}

/// The place of the same link in flattened form.
pub(crate) fn flattened_file(number: usize, id: MessageId) -> String {
    format!("{LINKS}/{number:04}-{id}.json")
}

/// The place of a receipt.
pub(crate) fn receipt_file(digest: Digest) -> String {
    format!("{RECEIPTS}/{digest}.jws")
}

/// The place of a trust bundle.
pub(crate) fn bundle_file(digest: Digest) -> String {
    format!("{BUNDLES}/{digest}.json")
}

/// The place of a body or document.
pub(crate) fn document_file(digest: Digest) -> String {
    format!("{DOCUMENTS}/{digest}")
}

/// The place of its meta data.
pub(crate) fn meta_file(digest: Digest) -> String {
    format!("{DOCUMENTS}/{digest}.meta.json")
}

/// The place of a proof of equivocation; the smaller identifier first.
pub(crate) fn fork_file(first: MessageId, second: MessageId) -> String {
    format!("{FORKS}/{first}-{second}.json")
}
