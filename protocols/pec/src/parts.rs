//! What an ordinary mail contains: its text, its documents, and the mails that it answers (RFC 2045, RFC 2046, RFC 5322 section 3.6.4).
//!
//! Nothing here is certified. Names are data for people, never paths; a part that cannot be decoded is left out.

use std::borrow::Cow;

use crate::address::{MailId, shown};
use crate::header::Fields;
use crate::limits::{ANSWERED_MAX, MAIL_BYTES_MAX, NESTING_MAX, PARTS_MAX, TEXT_BYTES_MAX};
use crate::mime::Part;

/// A document in a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailPart<'a> {
    /// The name that it gives itself, fit to be shown.
    pub name: String,
    /// `type/subtype`, in lower case.
    pub media_type: String,
    /// Its bytes, decoded.
    pub bytes: Cow<'a, [u8]>,
}

/// The documents of a mail, in order: parts that have a name, or are no text. None for what cannot be read.
pub fn attachments(mail: &[u8]) -> Vec<MailPart<'_>> {
    let mut found = Vec::new();
    for part in leaves(mail) {
        let name = part.file_name();
        let media_type = part.media_type();
        if name.is_none() && media_type.starts_with("text/") {
            continue;
        }
        let Ok(bytes) = part.decoded(MAIL_BYTES_MAX) else { continue };
        found.push(MailPart { name: shown(&name.unwrap_or_default()).0, media_type, bytes });
    }
    found
}

/// The text of a mail: its first part of plain text without a name. Nothing where there is none.
pub fn text(mail: &[u8]) -> Option<String> {
    let part = leaves(mail)
        .into_iter()
        .find(|part| part.media_type() == "text/plain" && part.file_name().is_none())?;
    let bytes = part.decoded(MAIL_BYTES_MAX).ok()?;
    let cut = bytes.get(..bytes.len().min(TEXT_BYTES_MAX)).unwrap_or_default();
    let charset = part.attribute("charset").unwrap_or("utf-8").to_ascii_lowercase();
    let said = match mail_parser::decoders::charsets::map::charset_decoder(charset.as_bytes()) {
        Some(decode) => decode(cut),
        None => String::from_utf8_lossy(cut).into_owned(),
    };
    (!said.trim().is_empty()).then_some(said)
}

/// The mails that a mail answers, the nearest first: `In-Reply-To`, then `References` from its end.
pub fn answered(mail: &[u8]) -> Vec<MailId> {
    let Ok(fields) = Fields::split(mail) else { return Vec::new() };
    let mut found: Vec<MailId> = Vec::new();
    for name in ["In-Reply-To", "References"] {
        let Some(text) = fields.text(name).once() else { continue };
        let named = text.split_whitespace().rev().filter_map(MailId::parse);
        for id in named.take(ANSWERED_MAX) {
            if !found.contains(&id) && found.len() < ANSWERED_MAX {
                found.push(id);
            }
        }
    }
    found
}

/// The parts that are no multiparts, in order, at most [`PARTS_MAX`]. A mail inside the mail is a part, and not looked into.
fn leaves(mail: &[u8]) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    if mail.len() <= MAIL_BYTES_MAX {
        collect(mail, 0, &mut found);
    }
    found
}

fn collect<'a>(raw: &'a [u8], depth: usize, found: &mut Vec<Part<'a>>) {
    let Ok(part) = Part::read(raw) else { return };
    if !part.is_multipart() {
        if found.len() < PARTS_MAX {
            found.push(part);
        }
        return;
    }
    if depth >= NESTING_MAX {
        return;
    }
    let Ok((children, _)) = part.children() else { return };
    for child in children {
        collect(child, depth + 1, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "Subject: R: conferenza\r\nIn-Reply-To: <c@pec.regione.example>\r\n\
        References: <a@pec.regione.example>\r\n <b@pec.regione.example> <c@pec.regione.example>\r\n\
        Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n\
        --i\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nS=EC.\r\n\
        --i\r\nContent-Type: text/html\r\n\r\n<p>S&igrave;.</p>\r\n--i--\r\n\
        --o\r\nContent-Type: Application/PDF; name=\"../parere.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n\
        --o\r\nContent-Type: text/plain; name=nota.txt\r\n\r\nnota\r\n--o--\r\n";

    #[test]
    fn text_documents_and_the_mails_answered_are_found() {
        assert_eq!(text(MAIL.as_bytes()).unwrap(), "Sì.");
        let found = attachments(MAIL.as_bytes());
        let names: Vec<_> = found.iter().map(|part| (part.name.as_str(), part.media_type.as_str())).collect();
        assert_eq!(names, [("../parere.pdf", "application/pdf"), ("nota.txt", "text/plain")]);
        assert_eq!(found[0].bytes.as_ref(), b"%PDF");
        let ids: Vec<_> = answered(MAIL.as_bytes()).iter().map(|id| id.as_str().to_owned()).collect();
        assert_eq!(ids, ["c@pec.regione.example", "b@pec.regione.example", "a@pec.regione.example"]);
    }

    #[test]
    fn what_is_too_deep_or_no_mail_has_nothing() {
        let mut mail = "Content-Type: application/pdf; name=a.pdf\r\n\r\nx".to_owned();
        for depth in 0..=NESTING_MAX {
            let expected = usize::from(depth <= NESTING_MAX);
            assert_eq!(attachments(mail.as_bytes()).len(), expected, "{depth}");
            mail = format!(
                "Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\n{mail}\r\n--b{depth}--\r\n"
            );
        }
        assert!(attachments(mail.as_bytes()).is_empty());
        assert!(attachments(b"").is_empty() && text(b"").is_none() && answered(b"x").is_empty());
    }
}
