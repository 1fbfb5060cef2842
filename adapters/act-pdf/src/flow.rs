//! Blocks to lines on pages: one column on A4, fields with their labels beside them, words wrapped, pages broken between lines.
//!
//! A heading never stands alone at the foot of a page. Words longer than a line (digests) are broken where the line ends.

use concerto_procedure::language::Lang;
use std::collections::BTreeSet;

use crate::content::{Block, Content};
use crate::font::{Face, Fonts, REPLACEMENT, Weight};
use crate::labels::say;
use crate::{PAGES_MAX, RenderError};

/// A4, in points.
pub(crate) const PAGE: (f32, f32) = (595.276, 841.89);
/// The left and right margin.
pub(crate) const SIDE: f32 = 62.0;
const TOP: f32 = 60.0;
const BOTTOM: f32 = PAGE.1 - 78.0;
const WIDTH: f32 = PAGE.0 - 2.0 * SIDE;
const TEXT_SIZE: f32 = 10.0;
const SMALL_SIZE: f32 = 8.0;
const INDENT: f32 = 14.0;
/// Deepest indentation that is shown as such.
const INDENTS_MAX: usize = 6;
/// Where the values of fields begin.
const VALUES_AT: f32 = 168.0;
const GAP: f32 = 12.0;
/// Height of a line, in parts of its size.
const LEADING: f32 = 1.38;

/// What a piece is to those who cannot see it (tagged PDF).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Heading(u16),
    Paragraph,
}

/// A line at its place: `x` and the base line `y`, in points from the top left.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) size: f32,
    pub(crate) weight: Weight,
    pub(crate) text: String,
    /// Which block it is part of, counted from 0.
    pub(crate) block: usize,
}

/// A page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    pub(crate) lines: Vec<Line>,
    /// Where lines across stand.
    pub(crate) rules: Vec<f32>,
}

/// All pages.
pub(crate) struct Flowed {
    pub(crate) pages: Vec<Page>,
    /// The role of each block.
    pub(crate) roles: Vec<Role>,
    pub(crate) missing: BTreeSet<char>,
}

/// Puts the blocks on pages.
pub(crate) fn flow(content: &Content, fonts: &Fonts, lang: Lang) -> Result<Flowed, RenderError> {
    let mut flowing =
        Flowing { fonts, pages: vec![Page::default()], roles: Vec::new(), y: TOP, missing: BTreeSet::new() };
    for block in &content.blocks {
        flowing.block(block)?;
    }
    flowing.closing(lang)?;
    Ok(Flowed { pages: flowing.pages, roles: flowing.roles, missing: flowing.missing })
}

struct Flowing<'a> {
    fonts: &'a Fonts,
    pages: Vec<Page>,
    roles: Vec<Role>,
    y: f32,
    missing: BTreeSet<char>,
}

impl Flowing<'_> {
    fn block(&mut self, block: &Block) -> Result<(), RenderError> {
        match block {
            Block::Heading(1, text) => {
                self.y += 14.0;
                self.run(Role::Heading(1), 0.0, WIDTH, 17.0, Weight::Bold, text)?;
                self.y += 4.0;
            }
            Block::Heading(level, text) => {
                self.y += 9.0;
                self.room(5.0 * TEXT_SIZE * LEADING)?;
                self.run(Role::Heading(*level), 0.0, WIDTH, 12.0, Weight::Bold, text)?;
                self.y += 2.0;
            }
            Block::Small(text) => self.run(Role::Paragraph, 0.0, WIDTH, SMALL_SIZE, Weight::Regular, text)?,
            Block::Text(text) => {
                self.run(Role::Paragraph, 0.0, WIDTH, TEXT_SIZE, Weight::Regular, text)?;
                self.y += 4.0;
            }
            Block::Label(depth, text) => {
                self.y += 2.0;
                self.room(3.0 * TEXT_SIZE * LEADING)?;
                let x = indent(*depth);
                self.run(Role::Paragraph, x, WIDTH - x, TEXT_SIZE, Weight::Bold, text)?;
            }
            Block::Field(depth, label, value) => self.field(*depth, label, value)?,
            Block::Rule => {
                self.y += 5.0;
                let y = self.y;
                self.pages.last_mut().into_iter().for_each(|page| page.rules.push(y));
                self.y += 5.0;
            }
        }
        Ok(())
    }

    /// A label and its value side by side: both begin at the same line, and what follows begins below the longer.
    fn field(&mut self, depth: usize, label: &str, value: &str) -> Result<(), RenderError> {
        let x = indent(depth);
        let width = WIDTH - VALUES_AT;
        let labels = self.wrapped(label, VALUES_AT - GAP - x, TEXT_SIZE, Weight::Bold);
        // a digest goes into one line in small print rather than into two
        let face = self.fonts.face(Weight::Regular);
        let long = value.split_whitespace().any(|word| face.width(word, TEXT_SIZE) > width);
        let size = if long { SMALL_SIZE } else { TEXT_SIZE };
        let values = self.wrapped(value, width, size, Weight::Regular);
        let block = self.roles.len();
        self.roles.push(Role::Paragraph);
        for row in 0..labels.len().max(values.len()) {
            self.next_line(TEXT_SIZE)?;
            let cells = [
                (labels.get(row), x, TEXT_SIZE, Weight::Bold),
                (values.get(row), VALUES_AT, size, Weight::Regular),
            ];
            for (text, x, size, weight) in cells {
                text.into_iter().for_each(|text| self.put(x, size, weight, text, block));
            }
        }
        self.y += 2.5;
        Ok(())
    }

    fn run(
        &mut self,
        role: Role,
        x: f32,
        width: f32,
        size: f32,
        weight: Weight,
        text: &str,
    ) -> Result<(), RenderError> {
        let block = self.roles.len();
        self.roles.push(role);
        for line in self.wrapped(text, width, size, weight) {
            self.next_line(size)?;
            self.put(x, size, weight, &line, block);
        }
        Ok(())
    }

    /// What the sheet is, and which characters it could not show.
    fn closing(&mut self, lang: Lang) -> Result<(), RenderError> {
        self.block(&Block::Rule)?;
        let what = say(
            lang,
            "Riproduzione leggibile dell'atto, ricavata dai suoi campi. L'atto è il messaggio firmato indicato sopra, di cui ogni nodo verifica la firma.",
            "A legible rendering of the act, made from its fields. The act is the signed message named above, whose signature every node verifies.",
        );
        self.block(&Block::Small(what.to_owned()))?;
        if !self.missing.is_empty() {
            let named: Vec<String> =
                self.missing.iter().take(40).map(|c| format!("U+{:04X}", u32::from(*c))).collect();
            let what = say(
                lang,
                "Caratteri che questo carattere tipografico non ha",
                "Characters that this font does not have",
            );
            self.block(&Block::Small(format!("{what} ({REPLACEMENT}): {}.", named.join(", "))))?;
        }
        Ok(())
    }

    /// Takes the place of one line, on a new page where there is none left.
    fn next_line(&mut self, size: f32) -> Result<(), RenderError> {
        self.room(size * LEADING)?;
        self.y += size * LEADING;
        Ok(())
    }

    /// Turns the page where less than so much is left.
    fn room(&mut self, height: f32) -> Result<(), RenderError> {
        if self.y + height <= BOTTOM {
            return Ok(());
        }
        if self.pages.len() >= PAGES_MAX {
            return Err(RenderError::TooLong);
        }
        self.pages.push(Page::default());
        self.y = TOP;
        Ok(())
    }

    fn put(&mut self, x: f32, size: f32, weight: Weight, text: &str, block: usize) {
        if text.is_empty() {
            return;
        }
        let line = Line { x: SIDE + x, y: self.y, size, weight, text: text.to_owned(), block };
        self.pages.last_mut().into_iter().for_each(|page| page.lines.push(line.clone()));
    }

    /// The lines of a text: its own, each wrapped.
    fn wrapped(&mut self, text: &str, width: f32, size: f32, weight: Weight) -> Vec<String> {
        let face = self.fonts.face(weight);
        let mut lines = Vec::new();
        for raw in text.split('\n') {
            let shown: String = raw.chars().filter_map(|c| shown(c, face, &mut self.missing)).collect();
            wrap(&shown, width, size, face, &mut lines);
        }
        lines
    }
}

fn indent(depth: usize) -> f32 {
    // at most INDENTS_MAX, so the number is small
    (0..depth.min(INDENTS_MAX)).map(|_| INDENT).sum()
}

/// A character as it is drawn: blanks as a space, what steers but shows nothing not at all, what the font lacks as [`REPLACEMENT`].
fn shown(c: char, face: &Face, missing: &mut BTreeSet<char>) -> Option<char> {
    if c.is_whitespace() && c != '\u{a0}' {
        return Some(' ');
    }
    if c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
    {
        return None;
    }
    if face.has(c) {
        return Some(c);
    }
    missing.insert(c);
    Some(REPLACEMENT)
}

fn wrap(text: &str, width: f32, size: f32, face: &Face, lines: &mut Vec<String>) {
    let mut line = String::new();
    let mut used = 0.0;
    let space = face.advance(' ') * size;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let length = face.width(word, size);
        if !line.is_empty() && used + space + length > width {
            lines.push(std::mem::take(&mut line));
            used = 0.0;
        }
        if !line.is_empty() {
            line.push(' ');
            used += space;
        }
        for c in word.chars() {
            let advance = face.advance(c) * size;
            if used + advance > width && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            line.push(c);
            used += advance;
        }
    }
    lines.push(line);
}
