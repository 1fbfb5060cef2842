//! The header of a mail or of one of its parts (RFC 5322 section 2.2): fields as they stand, in order, duplicates included.
//!
//! The fields are split here, by one rule, so that what decides (which type, how often a field stands) never depends on how lenient
//! another parser is; mail-parser decodes single values (RFC 2047, RFC 2231, addresses).

use mail_parser::parsers::MessageStream;
use mail_parser::{ContentType, HeaderValue};

use crate::address::{Address, MailId};
use crate::limits::{HEADER_BYTES_MAX, HEADER_FIELDS_MAX};

/// Why a header could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// No field at all: not a mail.
    #[error("there is no header field: this is not a mail")]
    Missing,
    /// More than [`HEADER_BYTES_MAX`].
    #[error("the header has more than {HEADER_BYTES_MAX} bytes")]
    TooLarge,
    /// More than [`HEADER_FIELDS_MAX`].
    #[error("the header has more than {HEADER_FIELDS_MAX} fields")]
    TooMany,
}

/// One field: its name and its value as it stands, folded.
#[derive(Debug, Clone, Copy)]
struct Field<'a> {
    name: &'a str,
    value: &'a [u8],
}

/// How often a field stands in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stands<T> {
    Never,
    Once(T),
    Often,
}

impl<T> Stands<T> {
    pub(crate) fn once(self) -> Option<T> {
        match self {
            Self::Once(value) => Some(value),
            Self::Never | Self::Often => None,
        }
    }
}

/// The fields of a header, and where the body begins.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    fields: Vec<Field<'a>>,
    pub(crate) body: &'a [u8],
    /// Whether a line is no field, or a value has control characters: tolerated, and noted.
    pub(crate) irregular: bool,
}

impl<'a> Fields<'a> {
    /// Splits header and body at the first empty line. Fields are read up to it or to the end.
    pub(crate) fn split(raw: &'a [u8]) -> Result<Self, HeaderError> {
        let mut found = Fields { fields: Vec::new(), body: &[], irregular: false };
        let (mut rest, mut read) = (raw, 0_usize);
        while !rest.is_empty() {
            let (logical, after) = logical_line(rest);
            read = read.saturating_add(logical.len());
            if read > HEADER_BYTES_MAX {
                return Err(HeaderError::TooLarge);
            }
            rest = after;
            if matches!(logical, b"\n" | b"\r\n") {
                found.body = rest;
                return Ok(found);
            }
            found.take(logical)?;
        }
        Ok(found)
    }

    fn take(&mut self, line: &'a [u8]) -> Result<(), HeaderError> {
        if self.fields.len() >= HEADER_FIELDS_MAX {
            return Err(HeaderError::TooMany);
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let split = colon.and_then(|at| line.split_at_checked(at));
        let named = split.and_then(|(name, rest)| Some((field_name(name)?, rest.get(1..)?)));
        match named {
            Some((name, value)) => {
                self.irregular |= has_control(value);
                self.fields.push(Field { name, value });
            }
            None => self.irregular = true,
        }
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The value as it stands, of a field that stands once.
    fn raw(&self, name: &str) -> Stands<&'a [u8]> {
        let mut values = self.fields.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
        match (values.next(), values.next()) {
            (None, _) => Stands::Never,
            (Some(field), None) => Stands::Once(field.value),
            (Some(_), Some(_)) => Stands::Often,
        }
    }

    /// The value, unfolded and trimmed, not decoded.
    pub(crate) fn text(&self, name: &str) -> Stands<String> {
        match self.raw(name) {
            Stands::Never => Stands::Never,
            Stands::Often => Stands::Often,
            Stands::Once(value) => Stands::Once(unfold(value)),
        }
    }

    /// The value with its encoded words decoded (RFC 2047).
    pub(crate) fn decoded(&self, name: &str) -> Option<String> {
        let value = self.raw(name).once()?;
        let line = terminated(value);
        let decoded = MessageStream::new(&line).parse_unstructured();
        decoded.as_text().map(str::to_owned)
    }

    /// An identifier in angle brackets.
    pub(crate) fn mail_id(&self, name: &str) -> Option<MailId> {
        MailId::parse(&self.text(name).once()?)
    }

    /// The addresses of a field; groups are taken apart, what is no address is left out.
    pub(crate) fn addresses(&self, name: &str) -> Vec<Address> {
        let Some(value) = self.raw(name).once() else { return Vec::new() };
        let line = terminated(value);
        let HeaderValue::Address(list) = MessageStream::new(&line).parse_address() else { return Vec::new() };
        list.iter().filter_map(|entry| Address::parse(entry.address()?)).collect()
    }

    /// `Content-Type` or `Content-Disposition` (RFC 2045, RFC 2183).
    pub(crate) fn content_type(&self, name: &str) -> Option<ContentType<'static>> {
        let line = terminated(self.raw(name).once()?);
        match MessageStream::new(&line).parse_content_type().into_owned() {
            HeaderValue::ContentType(found) => Some(found),
            _ => None,
        }
    }

    /// Whether a field whose name begins so stands anywhere.
    pub(crate) fn any_begins(&self, prefix: &str) -> bool {
        self.fields
            .iter()
            .any(|field| field.name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix)))
    }
}

/// One line with the folded lines that continue it, and what follows.
fn logical_line(rest: &[u8]) -> (&[u8], &[u8]) {
    let mut end = 0;
    for line in rest.split_inclusive(|byte| *byte == b'\n') {
        let first = end == 0;
        let folded = matches!(line.first(), Some(b' ' | b'\t'));
        let empty = matches!(rest.get(..end), Some(b"\n" | b"\r\n"));
        if !first && (!folded || empty) {
            break;
        }
        end += line.len();
        if end > HEADER_BYTES_MAX {
            break;
        }
    }
    rest.split_at_checked(end).unwrap_or((rest, &[]))
}

/// A field name: printable ASCII without a colon (RFC 5322 section 3.6.8); white space before the colon is obsolete and tolerated.
fn field_name(bytes: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(bytes).ok()?.trim_end_matches([' ', '\t']);
    (!name.is_empty() && name.bytes().all(|byte| (33..=126).contains(&byte))).then_some(name)
}

/// NUL, a bare CR, or any other control character that no header may have.
fn has_control(value: &[u8]) -> bool {
    value.iter().enumerate().any(|(at, byte)| match byte {
        b'\t' | b'\n' => false,
        b'\r' => value.get(at + 1) != Some(&b'\n'),
        _ => *byte < 32 || *byte == 127,
    })
}

fn unfold(value: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(value).chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    text.trim().to_owned()
}

/// A value that ends as mail-parser expects it.
fn terminated(value: &[u8]) -> Vec<u8> {
    let mut line = value.to_vec();
    line.extend_from_slice(b"\r\n");
    line
}

#[cfg(test)]
#[path = "header_tests.rs"]
mod tests;
