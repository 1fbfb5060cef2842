//! The parts of an ordinary mail that a proposal reads: subject, text, names of attachments (RFC 2045, RFC 2046). A mail inside the mail is an attachment.

use mail_parser::decoders::charsets::map::charset_decoder;

use super::html::plain_from_html;
use crate::limits::{FREE_PARTS_DEPTH_MAX, FREE_TEXT_BYTES_MAX, MAIL_BYTES_MAX, PARTS_MAX};
use crate::mime::Part;

/// A mail as a person reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FreeMail {
    /// The subject, decoded.
    pub subject: String,
    /// The plain text, decoded; several plain parts one after the other.
    pub plain: Option<String>,
    /// The text of the HTML part.
    pub html: Option<String>,
    /// The names of the attachments. Data for people, never paths, and no evidence.
    pub attachments: Vec<String>,
    /// Whether a text could not be read as it says, or HTML hides something.
    pub doubtful: bool,
}

impl FreeMail {
    /// A mail of plain text alone.
    pub fn of_text(subject: &str, text: &str) -> Self {
        Self { subject: subject.to_owned(), plain: Some(text.to_owned()), ..Self::default() }
    }

    /// Reads the bytes of an ordinary mail: for a PEC message, those of the original inside. What cannot be read makes it doubtful.
    pub fn read(mail: &[u8]) -> Self {
        let mut found = Self::default();
        match Part::read(mail) {
            Ok(part) if mail.len() <= MAIL_BYTES_MAX && !part.fields.is_empty() => {
                found.subject = part.fields.decoded("Subject").unwrap_or_default();
                let mut parts = 0;
                found.take(&part, 0, &mut parts);
            }
            _ => found.doubtful = true,
        }
        found
    }

    /// The texts that say the same, or should: plain, then HTML.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let said = |text: &&str| !text.trim().is_empty();
        [self.plain.as_deref(), self.html.as_deref()].into_iter().flatten().filter(said)
    }

    fn take(&mut self, part: &Part<'_>, depth: usize, parts: &mut usize) {
        *parts += 1;
        if depth > FREE_PARTS_DEPTH_MAX || *parts > PARTS_MAX {
            self.doubtful = true;
            return;
        }
        if part.is_multipart() {
            let Ok((children, _)) = part.children() else {
                self.doubtful = true;
                return;
            };
            for child in children {
                match Part::read(child) {
                    Ok(child) => self.take(&child, depth + 1, parts),
                    Err(_) => self.doubtful = true,
                }
            }
            return;
        }
        self.leaf(part);
    }

    fn leaf(&mut self, part: &Part<'_>) {
        let media_type = part.media_type();
        let disposition = part.fields.text("Content-Disposition").once().unwrap_or_default();
        let attached =
            disposition.to_ascii_lowercase().starts_with("attachment") || part.file_name().is_some();
        if attached || !matches!(media_type.as_str(), "text/plain" | "text/html") {
            let (name, _) = crate::address::shown(&part.file_name().unwrap_or(media_type));
            self.attachments.push(name);
            return;
        }
        let Some(text) = text_of(part) else {
            self.doubtful = true;
            return;
        };
        if media_type == "text/html" {
            let reduced = plain_from_html(&text);
            self.doubtful |= reduced.doubtful;
            append(&mut self.html, &reduced.text);
        } else {
            append(&mut self.plain, &text);
        }
    }
}

fn append(to: &mut Option<String>, text: &str) {
    let whole = to.get_or_insert_with(String::new);
    if !whole.is_empty() {
        whole.push_str("\n\n");
    }
    whole.push_str(text);
}

/// The text of a part, in the character set that it names; none where it names one that is not known.
fn text_of(part: &Part<'_>) -> Option<String> {
    let bytes = part.decoded(FREE_TEXT_BYTES_MAX.saturating_mul(4)).ok()?;
    let charset = part.attribute("charset").unwrap_or("us-ascii").to_ascii_lowercase();
    let text = match charset.as_str() {
        "utf-8" | "us-ascii" => String::from_utf8(bytes.to_vec()).ok(),
        _ => charset_decoder(charset.as_bytes()).map(|decode| decode(&bytes)),
    };
    // an old program's text without a name for its letters is most often that of Windows
    let text = text.or_else(|| {
        (charset == "us-ascii").then(|| charset_decoder(b"windows-1252").map(|decode| decode(&bytes)))?
    })?;
    Some(text.replace("\r\n", "\n"))
}
