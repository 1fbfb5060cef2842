//! Just enough BER (X.690) to read what OpenSSL's interface for Rust does not give of CMS SignedData (RFC 5652 section 5): how many signed,
//! with which digest, when, which certificates came along, and whether content stands inside.
//!
//! Nothing is trusted from here: the signature is verified by OpenSSL over the same bytes. Lengths may be indefinite, as some PEC
//! providers write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Deepest nesting that is followed to find the end of an indefinite length.
const DEPTH_MAX: usize = 32;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const CONTEXT_0: u8 = 0xa0;

const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x05];

/// One value: its tag, what is inside, and its whole encoding.
#[derive(Debug, Clone, Copy)]
struct Value<'a> {
    tag: u8,
    inside: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Value<'a> {
    fn read(input: &'a [u8]) -> Option<(Self, &'a [u8])> {
        read(input, 0)
    }

    /// The values inside; empty where they cannot be read.
    fn values(&self) -> Vec<Value<'a>> {
        let (mut found, mut rest) = (Vec::new(), self.inside);
        while let Some((value, after)) = Value::read(rest).filter(|_| !rest.is_empty()) {
            found.push(value);
            rest = after;
        }
        if rest.is_empty() { found } else { Vec::new() }
    }

    fn is(&self, tag: u8) -> bool {
        self.tag == tag
    }
}

fn read(input: &[u8], depth: usize) -> Option<(Value<'_>, &[u8])> {
    let (&tag, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    if tag & 0x1f == 0x1f || depth > DEPTH_MAX {
        return None; // long tags do not occur in CMS
    }
    if first == 0x80 {
        return read_indefinite(input, tag, rest, depth);
    }
    let (length, rest) = definite(first, rest)?;
    let (inside, rest) = rest.split_at_checked(length)?;
    let whole = input.get(..input.len().checked_sub(rest.len())?)?;
    Some((Value { tag, inside, whole }, rest))
}

fn definite(first: u8, rest: &[u8]) -> Option<(usize, &[u8])> {
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let (bytes, rest) =
        rest.split_at_checked(usize::from(first & 0x7f)).filter(|(bytes, _)| bytes.len() <= 4)?;
    Some((bytes.iter().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte)), rest))
}

fn read_indefinite<'a>(
    input: &'a [u8],
    tag: u8,
    begin: &'a [u8],
    depth: usize,
) -> Option<(Value<'a>, &'a [u8])> {
    let mut rest = begin;
    loop {
        if let Some(after) = rest.strip_prefix(&[0, 0]) {
            let inside = begin.get(..begin.len().checked_sub(rest.len())?)?;
            let whole = input.get(..input.len().checked_sub(after.len())?)?;
            return Some((Value { tag, inside, whole }, after));
        }
        rest = read(rest, depth + 1)?.1;
    }
}

/// What is read of a SignedData.
#[derive(Debug, Clone)]
pub(crate) struct Structure<'a> {
    /// How many signed.
    pub(crate) signers: usize,
    /// The digest of the first one, as an object identifier.
    pub(crate) digest: &'a [u8],
    /// When the first one says that it signed.
    pub(crate) signing_time: Option<Timestamp>,
    /// The X.509 certificates, each whole.
    pub(crate) certificates: Vec<&'a [u8]>,
    /// Whether content stands inside.
    pub(crate) has_content: bool,
}

impl<'a> Structure<'a> {
    /// Nothing for what is no SignedData.
    pub(crate) fn read(cms: &'a [u8]) -> Option<Self> {
        let (outer, _) = Value::read(cms)?;
        let [kind, explicit] = *outer.values().as_slice() else { return None };
        let signed =
            kind.is(OID) && kind.inside == SIGNED_DATA && explicit.is(CONTEXT_0) && outer.is(SEQUENCE);
        let data = explicit.values().first().copied().filter(|data| signed && data.is(SEQUENCE))?.values();
        let [_version, _digests, encapsulated, others @ ..] = data.as_slice() else { return None };
        let signers = others.last().filter(|last| last.is(SET))?.values();
        let (digest, signing_time) = signers.first().and_then(signer).unwrap_or_default();
        let certificates =
            others.iter().find(|value| value.is(CONTEXT_0)).map(Value::values).unwrap_or_default();
        Some(Self {
            signers: signers.len(),
            digest,
            signing_time,
            certificates: certificates
                .iter()
                .filter(|value| value.is(SEQUENCE))
                .map(|value| value.whole)
                .collect(),
            has_content: encapsulated.values().len() > 1,
        })
    }
}

fn signer<'a>(info: &Value<'a>) -> Option<(&'a [u8], Option<Timestamp>)> {
    let parts = info.values();
    let [_version, _who, digest, others @ ..] = parts.as_slice() else { return None };
    let digest = digest.values().first().filter(|value| value.is(OID))?.inside;
    let attributes =
        others.first().filter(|value| value.is(CONTEXT_0)).map(Value::values).unwrap_or_default();
    Some((digest, attributes.iter().find_map(signing_time)))
}

fn signing_time(attribute: &Value<'_>) -> Option<Timestamp> {
    let [name, values] = *attribute.values().as_slice() else { return None };
    let value = values.values().first().copied().filter(|_| name.inside == SIGNING_TIME)?;
    let text = std::str::from_utf8(value.inside).ok()?;
    let year_digits = match value.tag {
        UTC_TIME => 2,
        GENERALIZED_TIME => 4,
        _ => return None,
    };
    time(text.strip_suffix('Z')?, year_digits)
}

/// `YYMMDDHHMMSS`, or with four digits of the year (RFC 5280 section 4.1.2.5: two digits from 50 on are of the last century).
fn time(digits: &str, year_digits: usize) -> Option<Timestamp> {
    if digits.len() != year_digits + 10 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let year: i16 = digits.get(..year_digits)?.parse().ok()?;
    let year = match year_digits {
        2 if year >= 50 => 1900 + year,
        2 => 2000 + year,
        _ => year,
    };
    let at =
        |place: usize| digits.get(year_digits + place * 2..year_digits + place * 2 + 2)?.parse::<i8>().ok();
    let local = DateTime::new(year, at(0)?, at(1)?, at(2)?, at(3)?, at(4)?, 0).ok()?;
    Offset::UTC.to_timestamp(local).ok()
}

#[cfg(test)]
#[path = "ber_tests.rs"]
mod tests;
