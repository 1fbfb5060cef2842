//! Mail addresses and identifiers of mails (RFC 5321, RFC 5322) as types, and text of others made fit to be shown.

use std::fmt;

use crate::limits::{ADDRESS_BYTES_MAX, MAIL_ID_BYTES_MAX, SHOWN_CHARS_MAX};

/// A mail address in lower case. PEC providers do not tell upper from lower case, so neither does a comparison here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

impl Address {
    /// Reads `local@domain`, alone or in angle brackets after a name. Nothing for what is no address, or longer than 254 bytes.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bare = match text.strip_suffix('>').and_then(|open| open.rsplit_once('<')) {
            Some((_, inside)) => inside.trim(),
            None => text,
        };
        let (local, domain) = bare.rsplit_once('@')?;
        let local_fits =
            local.chars().all(|c| !c.is_control() && !c.is_whitespace() && !"<>@,;:".contains(c));
        let domain_fits = domain.chars().all(|c| c.is_alphanumeric() || "-._".contains(c));
        let fits = !local.is_empty() && !domain.is_empty() && bare.len() <= ADDRESS_BYTES_MAX;
        (fits && local_fits && domain_fits).then(|| Self(bare.to_lowercase()))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The identifier of a mail: what stands in `Message-ID`, without angle brackets. Compared exactly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailId(String);

impl MailId {
    /// Reads it with or without angle brackets. Nothing where it is empty, longer than a line, or has spaces or control characters.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bare = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(text);
        let fits = !bare.is_empty() && bare.len() <= MAIL_ID_BYTES_MAX;
        (fits && bare.chars().all(|c| !c.is_control() && !c.is_whitespace())).then(|| Self(bare.to_owned()))
    }

    /// The identifier, without angle brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text of others for people and terminals: one line, without control characters or marks that turn the direction of writing, at most
/// [`SHOWN_CHARS_MAX`] characters. Says whether anything but white space had to be taken out.
pub(crate) fn shown(text: &str) -> (String, bool) {
    let mut cleaned = false;
    let mut line = String::new();
    let mut space = false;
    for (count, c) in text.trim().chars().enumerate() {
        if count >= SHOWN_CHARS_MAX {
            line.push('…');
            break;
        }
        if c.is_whitespace() && c != '\u{2028}' && c != '\u{2029}' {
            space = true;
            continue;
        }
        if is_hidden(c) {
            cleaned = true;
            continue;
        }
        if std::mem::take(&mut space) {
            line.push(' ');
        }
        line.push(c);
    }
    (line, cleaned)
}

/// Control characters, and those that change what a reader sees without being seen (Unicode UAX 9 and the invisible ones).
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
