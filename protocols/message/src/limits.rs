//! Sizes and counts that no message may exceed. Each bound is checked before anything is decoded or hashed.

/// Greatest length of a link in compact form, in bytes.
pub const LINK_BYTES_MAX: usize = 256 * 1024;
/// Greatest length of a receipt in compact form, in bytes.
pub const RECEIPT_BYTES_MAX: usize = 64 * 1024;
/// Greatest length of a protected header as it stands in the message (base64url), in bytes.
pub const HEADER_BYTES_MAX: usize = 1024;
/// Deepest nesting of arrays and objects in a payload.
pub const JSON_DEPTH_MAX: usize = 16;
/// Most changed heads that a link may name in `observed`.
pub const OBSERVED_MAX: usize = 64;
/// Most documents that a link may list beside its body.
pub const DOCUMENTS_MAX: usize = 256;
/// Most writers named in one audience.
pub const AUDIENCE_MAX: usize = 256;
/// Most messages that one receipt may cover.
pub const RECEIPT_MESSAGES_MAX: usize = 256;
/// Greatest size of a document that travels inside a frame, in bytes (larger ones need streams).
pub const SMALL_DOCUMENT_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Size of the chunks in which a larger document is listed, fetched and checked, in bytes; the last one may be smaller.
pub const CHUNK_BYTES: usize = 1024 * 1024;
/// Greatest size of a document, in bytes: its list of chunks has 2 MiB.
pub const DOCUMENT_BYTES_MAX: u64 = 64 * 1024 * 1024 * 1024;
/// Greatest size of a body (the JSON document with the text of a message), in bytes.
pub const BODY_BYTES_MAX: u64 = 1024 * 1024;
/// Greatest length of an IPA or AOO code, in characters.
pub const CODE_CHARS_MAX: usize = 64;
/// Greatest size of a trust bundle, in bytes.
pub const BUNDLE_BYTES_MAX: usize = 64 * 1024;
