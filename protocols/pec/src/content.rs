//! What stands inside a PEC message (RFC 6109 section 4.3): certification data, the original mail, and other parts.
//!
//! Only direct parts of the signed content are looked at: a `daticert.xml` that somebody attached to the original mail is deeper, and
//! certifies nothing.

use std::ops::Range;

use crate::address::{MailId, is_hidden};
use crate::daticert::{Daticert, DaticertError};
use crate::header::Fields;
use crate::limits::DATICERT_BYTES_MAX;
use crate::mime::{MimeError, Part};
use crate::note::{Note, Notes};
use crate::refusal::Refusal;

/// The names of the certification data: the one in use, and the one that RFC 6109 prints.
const DATICERT_NAMES: [&str; 2] = ["daticert.xml", "certdata.xml"];

/// One direct part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartFacts {
    /// The name that it gives itself, fit to be shown. Never a path.
    pub name: Option<String>,
    /// `type/subtype`.
    pub media_type: String,
    /// Its size as it stands in the mail, in bytes.
    pub bytes: usize,
}

/// The original mail inside, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Where it stands in the content; see [`crate::Examination::original`].
    pub(crate) range: Range<usize>,
    /// Its `Message-ID`, which the provider had replaced by its own.
    pub message_id: Option<MailId>,
    /// `X-Riferimento-Message-ID`: the one that the sender had given.
    pub reference: Option<MailId>,
}

/// The direct parts of a PEC message.
#[derive(Debug, Clone, Default)]
pub struct Content {
    /// The certification data, where it stands once and could be read.
    pub daticert: Option<Daticert>,
    /// The original mail.
    pub original: Option<Original>,
    /// All direct parts, in order.
    pub parts: Vec<PartFacts>,
}

/// Reads the direct parts; what is wrong with the certification data is among the refusals.
pub(crate) fn read(
    bytes: &[u8],
    notes: &mut Notes,
    refusals: &mut Vec<Refusal>,
) -> Result<Content, MimeError> {
    let outer = Part::read(bytes)?;
    let mut content = Content::default();
    if !outer.is_multipart() {
        content.parts.push(facts(&outer, notes));
        return Ok(content);
    }
    let (children, closed) = outer.children()?;
    notes.add_if(!closed, Note::Unclosed);
    let mut found = 0;
    for child in children {
        let part = Part::read(child)?;
        notes.add_if(part.fields.irregular, Note::HeaderIrregular);
        let facts = facts(&part, notes);
        if is_daticert(&part, notes) {
            found += 1;
            match daticert(&part, notes) {
                Ok(daticert) => content.daticert = Some(daticert),
                Err(refusal) => refusals.push(refusal),
            }
        } else if facts.media_type == "message/rfc822" {
            let original = original(bytes, &part, notes);
            content.original = content.original.take().or(original);
        }
        content.parts.push(facts);
    }
    if found > 1 {
        content.daticert = None;
        refusals.push(Refusal::TwoDaticert);
    }
    Ok(content)
}

fn facts(part: &Part<'_>, notes: &mut Notes) -> PartFacts {
    let name = part.file_name();
    let unsafe_name = |name: &str| {
        name.contains(['/', '\\', ':']) || name.trim().starts_with('.') || name.chars().any(is_hidden)
    };
    notes.add_if(name.as_deref().is_some_and(unsafe_name), Note::UnsafeName);
    notes.add_if(part.fields.any_begins("X-REM-"), Note::Rem);
    PartFacts {
        name: name.map(|name| notes.show(&name)),
        media_type: notes.show(&part.media_type()),
        bytes: part.body().len(),
    }
}

fn is_daticert(part: &Part<'_>, notes: &mut Notes) -> bool {
    let Some(name) = part.file_name() else { return false };
    let which = DATICERT_NAMES.iter().position(|known| known.eq_ignore_ascii_case(name.trim()));
    notes.add_if(which == Some(1), Note::CertdataName);
    which.is_some()
}

fn daticert(part: &Part<'_>, notes: &mut Notes) -> Result<Daticert, Refusal> {
    // base64 and quoted-printable enlarge; anything above four times the bound cannot be within it
    let decoded = part.decoded(DATICERT_BYTES_MAX * 4).map_err(|error| match error {
        MimeError::TooLarge => Refusal::Daticert(DaticertError::TooLarge),
        other => Refusal::Mime(other),
    })?;
    Ok(Daticert::parse(&decoded, notes)?)
}

fn original(content: &[u8], part: &Part<'_>, notes: &mut Notes) -> Option<Original> {
    notes.add_if(!part.is_plain(), Note::OriginalEncoded);
    let range = range_in(content, part.body())?;
    let fields = Fields::split(part.body()).ok().filter(|_| part.is_plain());
    let id = |name| fields.as_ref().and_then(|fields| fields.mail_id(name));
    notes.add_if(fields.as_ref().is_some_and(|fields| fields.any_begins("X-Ricevuta")), Note::NestedReceipt);
    Some(Original { range, message_id: id("Message-ID"), reference: id("X-Riferimento-Message-ID") })
}

/// Where a slice stands in the one that it was cut from.
fn range_in(outer: &[u8], inner: &[u8]) -> Option<Range<usize>> {
    let start = (inner.as_ptr() as usize).checked_sub(outer.as_ptr() as usize)?;
    let range = start..start.checked_add(inner.len())?;
    outer.get(range.clone()).map(|_| range)
}

#[cfg(test)]
#[path = "content_tests.rs"]
mod tests;
