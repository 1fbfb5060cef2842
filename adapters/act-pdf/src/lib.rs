//! An act of a conference as PDF/A-2b (ISO 19005-2), from its fields: for those who read paper, and for the mails by which bodies without a node get it.
//!
//! The signed message is the act; the sheet is a reading of it, and says so. [`render`] takes the payload and the body as JSON and walks them with the
//! labels of `labels.toml` and the glossary, so that a new type of message is shown without a line here. The same act gives the same bytes: nothing comes
//! from the clock, and the date of the file is that of the act. krilla's validator for PDF/A-2b refuses what does not conform.
//!
//! ```text
//!   payload, body -> content.rs: blocks -> flow.rs: lines on pages -> draw.rs: PDF/A
//! ```

mod content;
mod draw;
mod flow;
mod font;
mod labels;

use concerto_message::Writer;
use concerto_procedure::language::Lang;
use serde_json::Value;
use std::collections::BTreeSet;

/// Most pages of one act.
pub const PAGES_MAX: usize = 400;
/// Most fields and paragraphs of one act.
pub const BLOCKS_MAX: usize = 20_000;
/// Deepest field that is shown; what is deeper stands as JSON.
pub const DEPTH_MAX: usize = 12;

/// An act to be put on paper.
pub struct Act<'a> {
    /// The identifier of the message.
    pub id: &'a str,
    /// The payload of the link.
    pub payload: &'a Value,
    /// Its body; none where it has none, or where the reader may not see it.
    pub body: Option<&'a Value>,
    /// How a body is called; none where it is not known.
    pub name_of: &'a dyn Fn(&Writer) -> Option<String>,
    /// The language of the labels. The act itself stays in its own.
    pub lang: Lang,
}

/// The sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The PDF.
    pub bytes: Vec<u8>,
    /// How many pages it has.
    pub pages: usize,
    /// Characters that the font does not have. Each stands as `U+FFFD` on the page, and the end of the sheet names them.
    pub missing: BTreeSet<char>,
}

/// Why there is no sheet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The payload has no type, conference, writer or time.
    #[error("the payload has no usable `{0}`: only a link that its schema accepts can be put on paper")]
    Payload(&'static str),
    /// More than [`PAGES_MAX`] pages or [`BLOCKS_MAX`] blocks.
    #[error(
        "the act has more than {PAGES_MAX} pages or {BLOCKS_MAX} fields: attach its text as a document instead"
    )]
    TooLong,
    /// The fonts of this program cannot be read; the tests of this crate exclude it.
    #[error("the fonts of this program are not usable")]
    Font,
    /// krilla refuses the file.
    #[error("the file would not be PDF/A-2b: {0}")]
    NotPdfA(String),
}

impl RenderError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Payload(_) => "act-pdf.payload",
            Self::TooLong => "act-pdf.too-long",
            Self::Font => "act-pdf.font",
            Self::NotPdfA(_) => "act-pdf.not-pdf-a",
        }
    }
}

/// Puts an act on paper.
///
/// # Errors
/// [`RenderError`].
pub fn render(act: &Act<'_>) -> Result<Sheet, RenderError> {
    let fonts = font::Fonts::load()?;
    let content = content::content(act)?;
    let flowed = flow::flow(&content, &fonts, act.lang)?;
    let bytes = draw::draw(&content, &flowed, &fonts)?;
    Ok(Sheet { bytes, pages: flowed.pages.len(), missing: flowed.missing })
}

#[cfg(test)]
#[path = "lib_tests.rs"]
mod tests;
