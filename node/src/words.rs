//! Lines for people: days and cells of one width, texts broken at 110 columns.

use concerto_procedure::language::{Lang, date_text};
use jiff::civil::Date;

/// Widest line, in characters.
pub(crate) const WIDTH: usize = 110;

/// A day with its weekday, always of the same width: `mer 13/01/2027`.
pub(crate) fn day(lang: Lang, date: Date) -> String {
    let weekday: String = date_text(date, lang).chars().take(3).collect();
    format!("{weekday} {:02}/{:02}/{}", date.day(), date.month(), date.year())
}

/// A text of exactly so many characters: cut with an ellipsis or filled up.
pub(crate) fn cell(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return format!("{text:<width$}");
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// The first letter in upper case.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A line that begins with `head` and goes on with `text`, broken between words; further lines begin where the text began.
pub(crate) fn line(head: &str, text: &str) -> String {
    let indent = head.chars().count();
    let mut lines = String::from(head);
    let mut column = indent;
    for word in unbroken(text) {
        let length = word.chars().count();
        if column > indent && column + 1 + length > WIDTH {
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            column = indent;
        } else if column > indent {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(&word);
        column += length;
    }
    lines.push('\n');
    lines
}

/// The words of a text; a number stays with what it numbers (`art. 14-bis`, `c. 2`).
fn unbroken(text: &str) -> Vec<String> {
    const NUMBERED: [&str; 5] = ["art.", "c.", "lett.", "L.", "DL"];
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let before = words.last_mut().filter(|before| {
            NUMBERED.contains(&before.rsplit(' ').next().unwrap_or_default().trim_start_matches(['(', '[']))
        });
        match before {
            Some(before) => {
                before.push(' ');
                before.push_str(word);
            }
            None => words.push(word.to_owned()),
        }
    }
    words
}

/// The first eight digits of an identifier's random part.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_broken_between_words_and_go_on_where_they_began() {
        let text = "parola ".repeat(40);
        let lines = line("capo  ", &text);
        assert!(lines.lines().all(|l| l.chars().count() <= WIDTH), "{lines}");
        assert!(lines.lines().skip(1).all(|l| l.starts_with("      parola")), "{lines}");
        assert_eq!(lines.split_whitespace().count(), 41, "nothing is lost");
        assert_eq!(line("  ", "una riga"), "  una riga\n");
        let long = "x".repeat(200);
        assert_eq!(line("", &long), format!("{long}\n"), "a word is never broken");
    }

    #[test]
    fn a_norm_is_not_torn_apart() {
        let text = format!("{} [L. 241/1990 art. 14-bis c. 2 lett. b]", "x".repeat(86));
        let lines = line("", &text);
        assert!(lines.contains("\nart. 14-bis c. 2 lett. b]"), "{lines}");
    }

    #[test]
    fn cells_have_their_width() {
        assert_eq!(cell("Comune", 8), "Comune  ");
        assert_eq!(cell("Università degli studi", 11), "Università…");
        assert_eq!(sentence("è così"), "È così");
        assert_eq!(sentence(""), "");
        let date: Date = "2027-01-05".parse().unwrap();
        assert_eq!(
            (day(Lang::It, date), day(Lang::En, date)),
            ("mar 05/01/2027".into(), "Tue 05/01/2027".into())
        );
    }
}
