//! The two fonts: Noto Sans, regular and bold, with Latin, Greek and Cyrillic letters (SIL Open Font License, `fonts/OFL.txt`).

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider, charmap::Charmap};

use crate::RenderError;

const REGULAR: &[u8] = include_bytes!("../fonts/NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/NotoSans-Bold.ttf");
/// What stands where the font has no glyph.
pub(crate) const REPLACEMENT: char = '\u{fffd}';

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// A font to measure and to draw with.
pub(crate) struct Face {
    pub(crate) font: Font,
    charmap: Charmap<'static>,
    metrics: GlyphMetrics<'static>,
    units_per_em: f32,
}

impl Face {
    fn load(data: &'static [u8]) -> Option<Self> {
        let font = Font::new(data.into(), 0)?;
        let read = FontRef::new(data).ok()?;
        let metrics = read.glyph_metrics(Size::unscaled(), LocationRef::default());
        let units_per_em = font.units_per_em();
        Some(Self { font, charmap: read.charmap(), metrics, units_per_em })
    }

    /// Whether it has a glyph for the character.
    pub(crate) fn has(&self, c: char) -> bool {
        self.charmap.map(c).is_some_and(|glyph| glyph.to_u32() != 0)
    }

    /// The advance of a character at size 1.
    pub(crate) fn advance(&self, c: char) -> f32 {
        let glyph = self.charmap.map(c).unwrap_or_default();
        self.metrics.advance_width(glyph).unwrap_or_default() / self.units_per_em
    }

    /// The width of a text at a size, in points.
    pub(crate) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.advance(c)).sum::<f32>() * size
    }

    /// The glyphs of a line. Each character is one glyph: the scripts of the font need no shaping to be read.
    pub(crate) fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        let glyph = |(at, c): (usize, char)| {
            let id = self.charmap.map(c).unwrap_or_default().to_u32();
            KrillaGlyph::new(GlyphId::new(id), self.advance(c), 0.0, 0.0, 0.0, at..at + c.len_utf8(), None)
        };
        text.char_indices().map(glyph).collect()
    }
}

/// Both fonts.
pub(crate) struct Fonts {
    regular: Face,
    bold: Face,
}

impl Fonts {
    pub(crate) fn load() -> Result<Self, RenderError> {
        let (regular, bold) = (Face::load(REGULAR), Face::load(BOLD));
        Ok(Self { regular: regular.ok_or(RenderError::Font)?, bold: bold.ok_or(RenderError::Font)? })
    }

    pub(crate) fn face(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }
}
