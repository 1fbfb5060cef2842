//! Pages to PDF/A-2b, with tags for those who have it read to them (ISO 19005-2, ISO 32000-1 section 14.8).

use jiff::tz::TimeZone;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::{PathBuilder, Point};
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::paint::Stroke;
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, Identifier, Node, Tag, TagGroup, TagTree};
use krilla::{Document, SerializeSettings};
use std::num::NonZeroU16;

use crate::RenderError;
use crate::content::Content;
use crate::flow::{Flowed, Line, PAGE, Page, Role, SIDE};
use crate::font::{Fonts, Weight};
use crate::labels::say;
use concerto_procedure::language::Lang;

const FOOT_SIZE: f32 = 7.5;
const FOOT_AT: f32 = PAGE.1 - 40.0;

/// Draws the pages.
pub(crate) fn draw(content: &Content, flowed: &Flowed, fonts: &Fonts) -> Result<Vec<u8>, RenderError> {
    let refused = |why: String| RenderError::NotPdfA(why);
    let configuration = ConfigurationBuilder::new().with_archival_validator(Archival::A2_B).finish();
    let configuration = configuration.map_err(|e| refused(format!("{e:?}")))?;
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let mut marks: Vec<Vec<Identifier>> = flowed.roles.iter().map(|_| Vec::new()).collect();
    for (number, page) in flowed.pages.iter().enumerate() {
        let size = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or_else(|| refused("page".to_owned()))?;
        let mut sheet = document.start_page_with(size);
        let mut surface = sheet.surface();
        lines(&mut surface, page, fonts, &mut marks);
        foot(&mut surface, content, number + 1, flowed.pages.len(), fonts);
        surface.finish();
        sheet.finish();
    }
    document.set_tag_tree(tree(&flowed.roles, marks));
    document.set_metadata(metadata(content));
    document.finish().map_err(|e| refused(e.to_string()))
}

/// The lines of a page; those of one block follow each other and are marked together.
fn lines(surface: &mut Surface<'_>, page: &Page, fonts: &Fonts, marks: &mut [Vec<Identifier>]) {
    for block in page.lines.chunk_by(|a, b| a.block == b.block) {
        let mark = surface.start_tagged(ContentTag::Other);
        // the label whole, then the value: the order in which it is read aloud
        let mut block_in_order: Vec<&Line> = block.iter().collect();
        block_in_order.sort_by(|a, b| a.x.total_cmp(&b.x));
        for line in block_in_order {
            text(surface, line, fonts);
        }
        surface.end_tagged();
        let place = block.first().and_then(|line| marks.get_mut(line.block));
        place.into_iter().for_each(|marks| marks.push(mark));
    }
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
    page.rules.iter().for_each(|y| rule(surface, *y));
    surface.end_tagged();
}

fn text(surface: &mut Surface<'_>, line: &Line, fonts: &Fonts) {
    let face = fonts.face(line.weight);
    let at = Point::from_xy(line.x, line.y);
    surface.draw_glyphs(at, &face.glyphs(&line.text), face.font.clone(), &line.text, line.size, false);
}

fn rule(surface: &mut Surface<'_>, y: f32) {
    let mut path = PathBuilder::new();
    path.move_to(SIDE, y);
    path.line_to(PAGE.0 - SIDE, y);
    if let Some(path) = path.finish() {
        surface.set_stroke(Some(Stroke { width: 0.6, ..Stroke::default() }));
        surface.draw_path(&path);
        surface.set_stroke(None);
    }
}

/// The act and the conference on the left, the page on the right.
fn foot(surface: &mut Surface<'_>, content: &Content, number: usize, of: usize, fonts: &Fonts) {
    let face = fonts.face(Weight::Regular);
    let page =
        format!("{} {number} {} {of}", say(content.lang, "pagina", "page"), say(content.lang, "di", "of"));
    let right = PAGE.0 - SIDE - face.width(&page, FOOT_SIZE);
    let left: String = content.foot.chars().filter(|c| face.has(*c)).take(100).collect();
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer)));
    rule(surface, FOOT_AT - 12.0);
    for (x, words) in [(SIDE, left), (right, page)] {
        let line = Line { x, y: FOOT_AT, size: FOOT_SIZE, weight: Weight::Regular, text: words, block: 0 };
        text(surface, &line, fonts);
    }
    surface.end_tagged();
}

fn tree(roles: &[Role], marks: Vec<Vec<Identifier>>) -> TagTree {
    let mut tree = TagTree::new();
    for (role, marks) in roles.iter().zip(marks).filter(|(_, marks)| !marks.is_empty()) {
        let mut group = match role {
            Role::Heading(level) => {
                TagGroup::new(Tag::Hn(NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN), None))
            }
            Role::Paragraph => TagGroup::new(Tag::P),
        };
        marks.into_iter().for_each(|mark| group.push(Node::Leaf(mark)));
        tree.push(group);
    }
    tree
}

fn metadata(content: &Content) -> Metadata {
    let utc = TimeZone::UTC.to_datetime(content.issued_at);
    let small = |number: i8| u8::try_from(number).unwrap_or_default();
    let date = DateTime::new(u16::try_from(utc.year()).unwrap_or_default())
        .month(small(utc.month()))
        .day(small(utc.day()))
        .hour(small(utc.hour()))
        .minute(small(utc.minute()))
        .second(small(utc.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    let language = match content.lang {
        Lang::It => "it",
        Lang::En => "en",
    };
    Metadata::new()
        .title(content.title.clone())
        .authors(vec![content.author.clone()])
        .language(language.to_owned())
        .creation_date(date)
        .creator("Concerto".to_owned())
        .producer(format!("Concerto {}, krilla", env!("CARGO_PKG_VERSION")))
        .document_id(content.id.clone())
}
