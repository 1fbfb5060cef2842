//! The text of a mail for reading its sense: what its author wrote and what is quoted, sentence by sentence, word by word.
//!
//! Words are compared in lower case, without accents, apostrophes or hyphens (`Nulla-osta all’intervento` is *nulla osta all intervento*); each
//! keeps its place in the text. Where it is not clear whether a sentence ends, it goes on: a *not* then reaches further, never less far.

use std::ops::Range;

use crate::address::is_hidden;
use crate::limits::{SENTENCE_WORDS_MAX, SENTENCES_MAX};

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum LineKind {
    /// Written by the author of the mail.
    #[default]
    Own,
    /// `Oggetto: …` and the like: names the matter, says nothing about it.
    Reference,
    /// Of an earlier mail.
    Quoted,
    /// Below the signature mark, or a notice of confidentiality.
    Footer,
}

/// A line of the text.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) range: Range<usize>,
    pub(super) kind: LineKind,
}

/// A word, made fit to be compared.
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) norm: String,
    /// Whether its form is that of the future or of the conditional: *esprimerà*, *potrebbe*.
    pub(super) future: bool,
    /// Whether it stands between quotation marks.
    pub(super) in_quotes: bool,
    /// Whether a comma or a bracket ends a part of the sentence after it.
    pub(super) ends_part: bool,
}

/// A sentence of the author.
#[derive(Debug, Clone, Default)]
pub(super) struct Sentence {
    pub(super) range: Range<usize>,
    pub(super) words: Vec<Word>,
    pub(super) question: bool,
    pub(super) kind: LineKind,
}

impl Sentence {
    pub(super) fn norms(&self) -> Vec<&str> {
        self.words.iter().map(|word| word.norm.as_str()).collect()
    }
}

/// The lines of a text with what they are.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let raw: Vec<&str> = text.split_inclusive('\n').collect();
    let any_marked = raw.iter().any(|line| line.trim_start().starts_with('>'));
    let mut found = Vec::new();
    let (mut at, mut rest_is) = (0, None);
    for (number, whole) in raw.iter().enumerate() {
        let range = at..at + whole.len();
        at = range.end;
        let line = whole.trim();
        let next = raw.get(number + 1).map_or("", |next| next.trim());
        if begins_quoted(line, next, any_marked) {
            rest_is = Some(LineKind::Quoted);
        } else if rest_is.is_none() && (line == "--" || is_notice(line)) {
            rest_is = Some(LineKind::Footer);
        }
        let marked = line.starts_with('>') || any_marked && is_attribution(line);
        let kind = if marked { LineKind::Quoted } else { rest_is.unwrap_or_else(|| own_kind(line)) };
        found.push(Line { range, kind });
    }
    found
}

/// The rest of the mail is an earlier one from here on: the marks of the usual programs. Where quoted lines are marked with `>`, an
/// attribution (*ha scritto:*) announces those alone.
fn begins_quoted(line: &str, next: &str, any_marked: bool) -> bool {
    const MARKS: [&str; 5] = [
        "messaggio originale",
        "original message",
        "messaggio inoltrato",
        "forwarded message",
        "messaggio originario",
    ];
    const SECOND: [&str; 10] =
        ["inviato:", "sent:", "a:", "to:", "data:", "date:", "cc:", "oggetto:", "subject:", "destinatari"];
    let lower = line.to_lowercase();
    let begins = |line: &str, names: &[&str]| {
        let lower = line.trim_start_matches('*').to_lowercase();
        names.iter().any(|name| lower.starts_with(name))
    };
    let dashed = lower.starts_with("---") && MARKS.iter().any(|mark| lower.contains(mark));
    let headed = begins(line, &["da:", "from:", "mittente:", "per conto di:"]) && begins(next, &SECOND);
    let says = ["ha scritto:", "wrote:", "scrive:"].iter().any(|end| lower.ends_with(end));
    let dated = begins(line, &["il ", "in data ", "on ", "ha scritto"]) && says;
    let attributed = !any_marked && (dated || says && lower.contains('@'));
    dashed || headed || attributed || lower.starts_with("inizio messaggio inoltrato")
}

/// A line that announces lines with `>`: *Il giorno … Ufficio <…> ha scritto:*, often broken in two.
fn is_attribution(line: &str) -> bool {
    let lower = line.to_lowercase();
    lower.starts_with("il giorno ") && lower.contains('@') || lower == "ha scritto:"
}

/// A notice of confidentiality: the beginnings in use.
fn is_notice(line: &str) -> bool {
    const BEGINNINGS: [&str; 14] = [
        "questo messaggio e",
        "questo messaggio è",
        "questa e-mail",
        "questa comunicazione è riservata",
        "le informazioni contenute",
        "il contenuto di questo",
        "il contenuto della presente",
        "avviso di riservatezza",
        "informativa privacy",
        "this message",
        "this e-mail",
        "ai sensi del regolamento ue 2016/679",
        "ai sensi del d.lgs. 196",
        "confidentiality notice",
    ];
    let lower = line.trim_start_matches(['*', '_', '-', ' ']).to_lowercase();
    BEGINNINGS.iter().any(|beginning| lower.starts_with(beginning))
}

fn own_kind(line: &str) -> LineKind {
    let lower = line.to_lowercase();
    let names = ["oggetto:", "ogg.:", "ogg:", "rif.:", "riferimento:", "subject:"];
    if names.iter().any(|name| lower.starts_with(name)) { LineKind::Reference } else { LineKind::Own }
}

/// The sentences of the author, footers and references too; none where there are more than [`SENTENCES_MAX`], or one has more than
/// [`SENTENCE_WORDS_MAX`] words.
pub(super) fn sentences(text: &str, lines: &[Line]) -> Option<Vec<Sentence>> {
    let mut reading = Reading::default();
    for line in lines {
        let part = text.get(line.range.clone()).unwrap_or_default();
        if line.kind == LineKind::Quoted {
            reading.close();
            continue;
        }
        if line.kind != reading.current.kind || line.kind == LineKind::Reference {
            reading.close();
            reading.current.kind = line.kind;
        }
        if part.trim().is_empty() {
            reading.blank = true;
            continue;
        }
        reading.line(line.range.start, part);
        if reading.done.len() > SENTENCES_MAX || reading.current.words.len() > SENTENCE_WORDS_MAX {
            return None;
        }
    }
    reading.close();
    (!reading.too_long).then_some(reading.done)
}

#[derive(Default)]
struct Reading {
    done: Vec<Sentence>,
    current: Sentence,
    blank: bool,
    in_quotes: bool,
    too_long: bool,
}

impl Reading {
    fn close(&mut self) {
        self.in_quotes = false;
        let sentence = std::mem::take(&mut self.current);
        self.current.kind = sentence.kind;
        self.too_long |= sentence.words.len() > SENTENCE_WORDS_MAX;
        if !sentence.words.is_empty() {
            self.done.push(sentence);
        }
    }

    /// After an empty line a sentence goes on where the line before it cannot be its end.
    fn after_blank(&mut self, part: &str) {
        const GO_ON: [&str; 40] = [
            "non",
            "neppure",
            "mai",
            "si",
            "che",
            "e",
            "ed",
            "o",
            "a",
            "ad",
            "di",
            "del",
            "della",
            "dell",
            "con",
            "per",
            "da",
            "in",
            "il",
            "la",
            "lo",
            "l",
            "un",
            "una",
            "esprime",
            "esprimono",
            "esprimiamo",
            "rilascia",
            "rilasciano",
            "rilasciamo",
            "comunica",
            "comunicano",
            "formula",
            "rende",
            "manifesta",
            "dichiara",
            "ritiene",
            "parere",
            "nulla",
            "se",
        ];
        let small = part.trim_start().chars().next().is_some_and(char::is_lowercase);
        let open = self.current.words.last().is_some_and(|word| GO_ON.contains(&word.norm.as_str()));
        if std::mem::take(&mut self.blank) && !small && !open {
            self.close();
        }
    }

    fn line(&mut self, start: usize, part: &str) {
        self.after_blank(part);
        self.extend(start);
        let mut word = String::new();
        let mut chars = part.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if is_hidden(c) && !c.is_whitespace() || c == '\u{ad}' {
                continue;
            }
            if c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c) {
                word.push(c);
                continue;
            }
            self.push(&mut word, matches!(c, '\'' | '’' | '`'));
            let next_blank = chars.peek().is_none_or(|(_, next)| next.is_whitespace());
            self.extend(start + at + c.len_utf8());
            self.mark(c, next_blank);
            self.extend(start + at + c.len_utf8());
        }
        self.push(&mut word, false);
        self.extend(start + part.trim_end().len());
        let after = start + part.len();
        if self.current.words.is_empty() {
            self.current.range = after..after;
        }
    }

    fn extend(&mut self, to: usize) {
        if self.current.words.is_empty() {
            self.current.range = to..to;
        } else {
            self.current.range.end = self.current.range.end.max(to);
        }
    }

    fn push(&mut self, word: &mut String, apostrophe: bool) {
        if word.is_empty() {
            return;
        }
        let raw = std::mem::take(word);
        let in_quotes = self.in_quotes;
        self.current.words.push(Word {
            norm: norm(&raw, apostrophe),
            future: is_future(&raw, apostrophe),
            in_quotes,
            ends_part: false,
        });
    }

    fn mark(&mut self, c: char, next_blank: bool) {
        match c {
            '"' => self.in_quotes = !self.in_quotes,
            '“' | '«' => self.in_quotes = true,
            '”' | '»' => self.in_quotes = false,
            ',' | '(' | ')' | '[' | ']' | '–' | '—' => self.end_part(),
            ';' => self.close(),
            '!' | '?' => {
                self.current.question = c == '?';
                self.close();
            }
            '.' if next_blank && !self.is_abbreviation() => self.close(),
            _ => {}
        }
    }

    fn end_part(&mut self) {
        if let Some(last) = self.current.words.last_mut() {
            last.ends_part = true;
        }
    }

    fn is_abbreviation(&self) -> bool {
        const KNOWN: [&str; 44] = [
            "n", "nn", "art", "artt", "prot", "sig", "sigg", "dott", "ing", "arch", "geom", "spett", "lgs",
            "lett", "pos", "rif", "cfr", "pag", "all", "ss", "mm", "ii", "on", "avv", "rag", "ogg", "prat",
            "mapp", "loc", "dpr", "vs", "ns", "ill", "egr", "gent", "tel", "smi", "cons", "co", "fg", "lg",
            "reg", "es", "dlgs",
        ];
        let last = self.current.words.last().map(|word| word.norm.as_str());
        last.is_none_or(|word| {
            KNOWN.contains(&word) || word.chars().count() == 1 && !word.chars().all(|c| c.is_ascii_digit())
        })
    }
}

/// A word in lower case without accents; *né* stays apart from *ne*.
fn norm(raw: &str, apostrophe: bool) -> String {
    let lower = raw.to_lowercase();
    if matches!(lower.as_str(), "né" | "nè") || lower == "ne" && apostrophe {
        return "neppure".to_owned();
    }
    if lower == "dà" || lower == "da" && apostrophe {
        return "concede".to_owned();
    }
    let plain: String = lower.chars().filter_map(without_accent).collect();
    super::spelling::corrected(plain)
}

fn without_accent(c: char) -> Option<char> {
    match c {
        'à' | 'á' | 'â' => Some('a'),
        'è' | 'é' | 'ê' => Some('e'),
        'ì' | 'í' | 'î' => Some('i'),
        'ò' | 'ó' | 'ô' => Some('o'),
        'ù' | 'ú' | 'û' => Some('u'),
        '\u{300}'..='\u{36f}' => None,
        other => Some(other),
    }
}

/// Third person of the future (*esprimerà*, also *esprimera'*), its plural and first person, and the conditional.
fn is_future(raw: &str, apostrophe: bool) -> bool {
    let lower = raw.to_lowercase();
    let accented = ["rà", "rá", "ra\u{300}", "rò"].iter().any(|end| lower.ends_with(end));
    let bare = apostrophe && lower.ends_with("ra");
    let stems = [
        "esprimera",
        "rilascera",
        "formulera",
        "rendera",
        "potra",
        "sara",
        "verra",
        "dovra",
        "avra",
        "provvedera",
        "comunichera",
        "trasmettera",
    ];
    accented
        || bare
        || ["ranno", "eremo", "iremo", "rebbe", "rebbero", "remmo"].iter().any(|end| lower.ends_with(end))
        || stems.contains(&lower.as_str())
}
