//! Multipart bodies and transfer encodings (RFC 2045, RFC 2046): one level at a time, never the parts of parts.
//!
//! A part is a slice of the mail, so that what was signed is exactly what is read. Nothing is decoded but what was asked for, and nothing
//! that is larger than its bound: a mail of many nested or encoded parts costs one pass over its bytes.

use mail_parser::ContentType;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use std::borrow::Cow;

use crate::header::{Fields, HeaderError};
use crate::limits::{BOUNDARY_CHARS_MAX, PARTS_MAX};

/// Why a part could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MimeError {
    /// The header of a part.
    #[error("a part of the mail: {0}")]
    Header(#[from] HeaderError),
    /// A multipart without a usable boundary.
    #[error("a multipart has no boundary, or one of more than {BOUNDARY_CHARS_MAX} characters")]
    Boundary,
    /// More than [`PARTS_MAX`].
    #[error("a multipart has more than {PARTS_MAX} parts")]
    TooManyParts,
    /// An encoding that MIME does not have, or bytes that do not follow it.
    #[error("a part is not encoded as it says")]
    Encoding,
    /// More bytes than are allowed for what the part is.
    #[error("a part is larger than what it is may be")]
    TooLarge,
}

/// One part: its fields, and its body as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Part<'a> {
    pub(crate) fields: Fields<'a>,
    content_type: Option<ContentType<'static>>,
}

impl<'a> Part<'a> {
    pub(crate) fn read(raw: &'a [u8]) -> Result<Self, MimeError> {
        let fields = Fields::split(raw)?;
        let content_type = fields.content_type("Content-Type");
        Ok(Self { fields, content_type })
    }

    pub(crate) fn body(&self) -> &'a [u8] {
        self.fields.body
    }

    /// `type/subtype` in lower case; `text/plain` where the part does not say (RFC 2045 section 5.2).
    pub(crate) fn media_type(&self) -> String {
        let Some(found) = &self.content_type else { return "text/plain".to_owned() };
        format!("{}/{}", found.ctype(), found.subtype().unwrap_or_default()).to_ascii_lowercase()
    }

    pub(crate) fn is_multipart(&self) -> bool {
        self.media_type().starts_with("multipart/")
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.content_type.as_ref()?.attribute(name)
    }

    /// The name of the file that the part says it is: data for people, never a path.
    pub(crate) fn file_name(&self) -> Option<String> {
        let disposition = self.fields.content_type("Content-Disposition");
        let named = disposition.as_ref().and_then(|found| found.attribute("filename"));
        named.or_else(|| self.attribute("name")).map(str::to_owned)
    }

    /// The direct parts of a multipart, and whether its closing line stands.
    pub(crate) fn children(&self) -> Result<(Vec<&'a [u8]>, bool), MimeError> {
        let boundary = self.attribute("boundary").ok_or(MimeError::Boundary)?;
        if boundary.is_empty() || boundary.len() > BOUNDARY_CHARS_MAX {
            return Err(MimeError::Boundary);
        }
        split(self.body(), boundary.as_bytes())
    }

    /// The body with its transfer encoding undone.
    ///
    /// Refused before anything is decoded where it has more than `bytes_max` as it stands.
    pub(crate) fn decoded(&self, bytes_max: usize) -> Result<Cow<'a, [u8]>, MimeError> {
        let body = self.body();
        if body.len() > bytes_max {
            return Err(MimeError::TooLarge);
        }
        let encoding = self.fields.text("Content-Transfer-Encoding").once().unwrap_or_default();
        match encoding.to_ascii_lowercase().as_str() {
            "" | "7bit" | "8bit" | "binary" => Ok(Cow::Borrowed(body)),
            "base64" => base64_decode(body).map(Cow::Owned).ok_or(MimeError::Encoding),
            "quoted-printable" => quoted_printable_decode(body).map(Cow::Owned).ok_or(MimeError::Encoding),
            _ => Err(MimeError::Encoding),
        }
    }

    /// Whether the body stands there as it is, without a transfer encoding.
    pub(crate) fn is_plain(&self) -> bool {
        let encoding = self.fields.text("Content-Transfer-Encoding").once().unwrap_or_default();
        matches!(encoding.to_ascii_lowercase().as_str(), "" | "7bit" | "8bit" | "binary")
    }
}

/// Splits at the delimiter lines (RFC 2046 section 5.1.1): the line break before a delimiter belongs to the delimiter.
fn split<'a>(body: &'a [u8], boundary: &[u8]) -> Result<(Vec<&'a [u8]>, bool), MimeError> {
    let mut parts = Vec::new();
    let mut begun: Option<usize> = None;
    let mut at = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let delimiter = delimiter(line, boundary);
        if let Some(closing) = delimiter {
            if let Some(start) = begun {
                parts.push(without_line_break(body.get(start..at).unwrap_or_default()));
            }
            if closing {
                return Ok((parts, true));
            }
            if parts.len() >= PARTS_MAX {
                return Err(MimeError::TooManyParts);
            }
            begun = Some(at + line.len());
        }
        at += line.len();
    }
    if let Some(start) = begun {
        parts.push(body.get(start..).unwrap_or_default());
    }
    Ok((parts, false))
}

/// Whether a line delimits parts, and whether it is the closing one.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    let blank = |rest: &[u8]| rest.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    match rest.strip_prefix(b"--") {
        Some(after) if blank(after) => Some(true),
        _ => blank(rest).then_some(false),
    }
}

fn without_line_break(part: &[u8]) -> &[u8] {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    part.strip_suffix(b"\r").unwrap_or(part)
}

/// The bytes with each line break as CRLF, the form in which mail is signed (RFC 8551 section 3.1.1).
pub(crate) fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let mut canonical = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    let mut before = 0;
    for byte in bytes {
        if *byte == b'\n' && before != b'\r' {
            canonical.push(b'\r');
        }
        canonical.push(*byte);
        before = *byte;
    }
    canonical
}

/// Whether a line break stands without its CR.
pub(crate) fn has_bare_lf(bytes: &[u8]) -> bool {
    let mut before = 0;
    bytes.iter().any(|byte| {
        let bare = *byte == b'\n' && before != b'\r';
        before = *byte;
        bare
    })
}

#[cfg(test)]
#[path = "mime_tests.rs"]
mod tests;
