//! The text of an HTML part, for reading its sense and for nothing else: tags fall away, blocks become lines, quotations become lines with `>`.
//!
//! What a reader would not see as said (`display:none`, struck-out text) cannot be told from HTML alone, so its presence is reported: nothing is
//! proposed from such a mail. Nothing is fetched, run or shown.

use crate::limits::FREE_TEXT_BYTES_MAX;

/// An HTML part as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reduced {
    /// The text.
    pub text: String,
    /// Whether something is hidden or struck out: what the text says may not be what a reader sees.
    pub doubtful: bool,
}

/// Elements whose content is no text of the mail.
const SKIPPED: [&str; 8] = ["script", "style", "head", "title", "template", "noscript", "svg", "object"];
/// Elements that end a line.
const BLOCKS: [&str; 20] = [
    "p", "div", "br", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "section",
    "article", "pre", "dd", "dt",
];

/// Reduces HTML to text. Beyond [`FREE_TEXT_BYTES_MAX`] nothing is read, and the result is doubtful.
pub fn plain_from_html(html: &str) -> Reduced {
    let mut reducing = Reducing { doubtful: html.len() > FREE_TEXT_BYTES_MAX, ..Reducing::default() };
    let mut rest = if reducing.doubtful { "" } else { html };
    while let Some((text, tagged)) = rest.split_once('<') {
        reducing.text(text);
        rest = reducing.tag(tagged);
    }
    reducing.text(rest);
    Reduced { text: reducing.out, doubtful: reducing.doubtful }
}

#[derive(Default)]
struct Reducing {
    out: String,
    quoted: usize,
    doubtful: bool,
}

impl Reducing {
    /// Text between tags: white space collapses, as it does on a screen.
    fn text(&mut self, text: &str) {
        for c in entities(text).chars() {
            let fresh = self.out.is_empty() || self.out.ends_with(['\n', ' ']);
            if !c.is_whitespace() {
                if self.quoted > 0 && (self.out.is_empty() || self.out.ends_with('\n')) {
                    self.out.push_str("> ");
                }
                self.out.push(c);
            } else if !fresh {
                self.out.push(' ');
            }
        }
    }

    /// What stands after a `<`; gives what follows the tag.
    fn tag<'a>(&mut self, tagged: &'a str) -> &'a str {
        if let Some(comment) = tagged.strip_prefix("!--") {
            return comment.split_once("-->").map_or("", |(_, after)| after);
        }
        if !tagged.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            self.text("<");
            return tagged;
        }
        let Some((tag, after)) = tagged.split_once('>') else { return "" };
        let closing = tag.starts_with('/');
        let name: String =
            tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        let name = name.to_ascii_lowercase();
        if SKIPPED.contains(&name.as_str()) && !closing && !tag.ends_with('/') {
            return after_element(after, &name);
        }
        self.noticed(&name, tag, closing);
        after
    }

    fn noticed(&mut self, name: &str, tag: &str, closing: bool) {
        let lower: String = tag.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
        let hidden =
            ["display:none", "visibility:hidden", "line-through", "font-size:0", "opacity:0", "mso-hide"];
        self.doubtful |=
            matches!(name, "s" | "del" | "strike") || hidden.iter().any(|style| lower.contains(style));
        self.doubtful |= lower.contains("hidden") && !lower.contains("overflow");
        if name == "blockquote" {
            self.line_break();
            self.quoted = if closing { self.quoted.saturating_sub(1) } else { self.quoted.saturating_add(1) };
        } else if BLOCKS.contains(&name) {
            self.line_break();
            if matches!(name, "p" | "hr") && closing {
                self.out.push('\n');
            }
        } else if matches!(name, "td" | "th") {
            self.text(" ");
        }
    }

    fn line_break(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }
}

/// What follows the end of an element whose content is skipped.
fn after_element<'a>(rest: &'a str, name: &str) -> &'a str {
    let mut from = rest;
    while let Some((_, after)) = from.split_once("</") {
        if after.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return after.split_once('>').map_or("", |(_, after)| after);
        }
        from = after;
    }
    ""
}

/// The character references that mails use.
fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        // a name has 8 characters at most: the end is not looked for through the whole text
        let end = after.bytes().take(9).position(|byte| byte == b';');
        let known = end.and_then(|end| Some((entity(after.get(..end)?)?, after.get(end + 1..)?)));
        match known {
            Some((c, tail)) => {
                out.push(c);
                rest = tail;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    const NAMED: [(&str, char); 29] = [
        ("nbsp", ' '),
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("agrave", 'à'),
        ("egrave", 'è'),
        ("eacute", 'é'),
        ("igrave", 'ì'),
        ("ograve", 'ò'),
        ("ugrave", 'ù'),
        ("Agrave", 'À'),
        ("Egrave", 'È'),
        ("Eacute", 'É'),
        ("Igrave", 'Ì'),
        ("Ograve", 'Ò'),
        ("Ugrave", 'Ù'),
        ("rsquo", '’'),
        ("lsquo", '‘'),
        ("ldquo", '“'),
        ("rdquo", '”'),
        ("laquo", '«'),
        ("raquo", '»'),
        ("ndash", '–'),
        ("mdash", '—'),
        ("euro", '€'),
        ("deg", '°'),
        ("hellip", '…'),
    ];
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_fall_away_and_quotations_are_marked() {
        let html = "<head><title>x</title></head><p>Si&nbsp;esprime <b>parere</b>\n favorevole &egrave;</p><blockquote>Spett.le<br>Ente</blockquote><!-- no -->fine 3 < 4";
        let reduced = plain_from_html(html);
        assert_eq!(reduced.text, "Si esprime parere favorevole è\n\n\n> Spett.le\n> Ente\nfine 3 < 4");
        assert!(!reduced.doubtful);
    }

    #[test]
    fn what_a_reader_would_not_see_makes_the_text_doubtful() {
        for html in [
            "<s>non</s> favorevole",
            "<p style='display: none'>non</p>",
            "<span hidden>x</span>",
            "<p style=\"text-decoration:line-through\">no",
        ] {
            assert!(plain_from_html(html).doubtful, "{html}");
        }
        for broken in
            ["<", "<p", "<script>x", "&#xffffffff;&x", "<!--", "</", "<blockquote></blockquote></blockquote>"]
        {
            plain_from_html(broken);
        }
    }
}
