//! Sizes and counts that nothing read here may exceed. Each bound is checked before anything is decoded, copied or parsed.
//!
//! The law allows a PEC message 30 MB, times its recipients (RFC 6109 section 3.1.1); base64 and a complete receipt around it make that
//! about 42 MB.

/// Greatest size of a mail, in bytes. A larger one is kept raw and never read.
pub const MAIL_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Greatest size of a mail that leaves, in bytes: 30 MB, times its recipients, of whom it has one (RFC 6109 section 3.1.1).
pub const OUTGOING_BYTES_MAX: usize = 30_000_000;
/// Longest line of a mail that leaves, in bytes without its CRLF (RFC 5322 section 2.1.1).
pub const MAIL_LINE_BYTES_MAX: usize = 998;
/// Greatest size of the header of a mail or of one of its parts, in bytes.
pub const HEADER_BYTES_MAX: usize = 256 * 1024;
/// Most fields in one header.
pub const HEADER_FIELDS_MAX: usize = 1_000;
/// Longest boundary of a multipart, in characters (RFC 2046 allows 70).
pub const BOUNDARY_CHARS_MAX: usize = 200;
/// Most parts of one multipart. What is certified is never looked for in parts of parts.
pub const PARTS_MAX: usize = 256;
/// Deepest nesting of multiparts in which documents of an ordinary mail are looked for.
pub const NESTING_MAX: usize = 4;
/// Most identifiers of earlier mails that an answer may name.
pub const ANSWERED_MAX: usize = 64;
/// Most links that one mail may carry.
pub const CARRIED_MAX: usize = 16;
/// Greatest text of a mail that is read, in bytes.
pub const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Greatest size of a detached signature, in bytes, as it stands in the mail (base64).
pub const SIGNATURE_BYTES_MAX: usize = 512 * 1024;
/// Most certificates in a signature.
pub const SIGNATURE_CERTIFICATES_MAX: usize = 16;
/// Greatest size of the certification data (`daticert.xml`), in bytes, as it stands in the mail.
pub const DATICERT_BYTES_MAX: usize = 1024 * 1024;
/// Deepest nesting of elements in the certification data, which needs four levels.
pub const XML_DEPTH_MAX: usize = 8;
/// Most elements in the certification data.
pub const XML_ELEMENTS_MAX: usize = 10_000;
/// Most attributes of one element.
pub const XML_ATTRIBUTES_MAX: usize = 16;
/// Longest text of one element or attribute, in bytes.
pub const XML_TEXT_BYTES_MAX: usize = 32 * 1024;
/// Most recipients that one receipt may name.
pub const RECIPIENTS_MAX: usize = 2_000;
/// Longest mail address, in bytes (RFC 5321 section 4.5.3.1.3).
pub const ADDRESS_BYTES_MAX: usize = 254;
/// Longest identifier of a mail, in bytes (one line of RFC 5322 section 2.1.1).
pub const MAIL_ID_BYTES_MAX: usize = 998;
/// Longest text of others that is shown to people, in characters; the rest is cut with an ellipsis.
pub const SHOWN_CHARS_MAX: usize = 500;
/// Greatest size of a providers' directory, in bytes.
pub const DIRECTORY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most records of providers in a directory.
pub const DIRECTORY_PROVIDERS_MAX: usize = 2_000;
/// Most domains in a directory.
pub const DIRECTORY_DOMAINS_MAX: usize = 500_000;
/// Longest logical line of a directory, in bytes (a certificate in base64).
pub const DIRECTORY_LINE_BYTES_MAX: usize = 64 * 1024;
/// Most sendings of one mail whose provider's identifiers are followed: the first, the repetitions, and room for surprises.
pub const SENDINGS_MAX: usize = 8;
/// Longest text of a free mail that is read for its sense, in bytes; nothing is proposed from a longer one.
pub const FREE_TEXT_BYTES_MAX: usize = 256 * 1024;
/// Most sentences of a free mail that are read for their sense; nothing is proposed from a mail with more.
pub const SENTENCES_MAX: usize = 4_000;
/// Most words of one sentence of a free mail; nothing is proposed from a mail with a longer one.
pub const SENTENCE_WORDS_MAX: usize = 2_000;
/// Most passages that a proposal names for one reason.
pub const PASSAGES_MAX: usize = 16;
/// Deepest part of a free mail that is looked into for its text.
pub const FREE_PARTS_DEPTH_MAX: usize = 8;
/// Most mails that a free mail names and that are looked for.
pub const TIE_IDS_MAX: usize = 200;
