"""Page layout of the demonstration documents: letterheads, tables, signatures, PEC evidence.

Used by make_documents.py only. Fonts: Liberation Sans (SIL Open Font License 1.1, embedding allowed), from the Debian
package `fonts-liberation`; subsets without hinting instructions are embedded. Output is deterministic: the same input gives the same bytes.
"""

from io import BytesIO
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont as SourceFont
from reportlab import rl_config

rl_config.invariant = 1  # no time stamps, no random document identifiers
rl_config.useA85 = 0  # binary streams: a fifth smaller
rl_config.ttfAsciiReadable = 0  # only the glyphs used are embedded

from reportlab.lib import colors  # noqa: E402
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY, TA_RIGHT  # noqa: E402
from reportlab.lib.pagesizes import A4, landscape  # noqa: E402
from reportlab.lib.styles import ParagraphStyle  # noqa: E402
from reportlab.lib.units import mm  # noqa: E402
from reportlab.pdfbase import pdfmetrics  # noqa: E402
from reportlab.pdfbase.ttfonts import TTFont  # noqa: E402
from reportlab.pdfgen.canvas import Canvas  # noqa: E402
from reportlab.platypus import (  # noqa: E402
    BaseDocTemplate,
    Frame,
    HRFlowable,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

FONT_FOLDER = Path("/usr/share/fonts/truetype/liberation")
REGULAR, BOLD, ITALIC = "Liberation", "Liberation-Bold", "Liberation-Italic"
INK = colors.HexColor("#1c1c1c")
GREY = colors.HexColor("#5f6368")
LIGHT = colors.HexColor("#eef1f4")
RULE = colors.HexColor("#9aa3ad")
FOOT = "Documento di prova di un caso inventato: nessun fatto e nessuna persona reale"


def register_fonts():
    """Registers the three faces; call once before any document is built."""
    for name, file in ((REGULAR, "Regular"), (BOLD, "Bold"), (ITALIC, "Italic")):
        path = FONT_FOLDER / f"LiberationSans-{file}.ttf"
        if not path.exists():
            raise SystemExit(f"{path} is missing: apt-get install fonts-liberation")
        pdfmetrics.registerFont(TTFont(name, _lean(path)))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=ITALIC, boldItalic=BOLD)


def _lean(path):
    """The face with the letters that these documents use and without hinting, as a file in memory."""
    options = subset.Options(drop_tables=["FFTM", "GSUB", "GPOS", "GDEF", "kern"], hinting=False, layout_features=[], name_IDs=[1, 2, 6], notdef_outline=True)
    font = SourceFont(path, recalcTimestamp=False)
    worker = subset.Subsetter(options)
    worker.populate(unicodes=[*range(0x20, 0x180), 0x3B6, 0x3C6, 0x2013, 0x2018, 0x2019, 0x201C, 0x201D, 0x20AC, 0x25A0])
    worker.subset(font)
    made = BytesIO()
    font.save(made)
    made.seek(0)
    return made


def style(name, **changes):
    """A paragraph style: body text unless changed."""
    base = dict(fontName=REGULAR, fontSize=9.6, leading=13, textColor=INK, alignment=TA_JUSTIFY, spaceAfter=5)
    return ParagraphStyle(name, **{**base, **changes})


BODY = style("body")
HEADING = style("heading", fontName=BOLD, fontSize=10.6, leading=14, spaceBefore=8, spaceAfter=4, alignment=0, keepWithNext=1)
TITLE = style("title", fontName=BOLD, fontSize=13, leading=17, spaceBefore=4, spaceAfter=8, alignment=TA_CENTER)
CELL = style("cell", fontSize=8.6, leading=11, spaceAfter=0, alignment=0)
CELL_RIGHT = style("cell-right", parent=CELL, fontSize=8.6, leading=11, spaceAfter=0, alignment=TA_RIGHT)
CELL_HEAD = style("cell-head", fontName=BOLD, fontSize=8.6, leading=11, spaceAfter=0, alignment=0)
RIGHT = style("right", alignment=TA_RIGHT)
SMALL = style("small", fontSize=8.4, leading=11, textColor=GREY)
MONO = style("mono", fontSize=9, leading=12.6, alignment=0, spaceAfter=3)


def p(text, of=BODY):
    """A paragraph."""
    return Paragraph(text, of)


def h(text):
    """A heading that stays with what follows."""
    return Paragraph(text, HEADING)


def points(items):
    """A list with dashes."""
    indent = style("points", leftIndent=12, bulletIndent=2, spaceAfter=3)
    return [Paragraph(item, indent, bulletText="–") for item in items]


def numbered(items):
    """A list with numbers from 1."""
    indent = style("numbered", leftIndent=16, bulletIndent=2, spaceAfter=3)
    return [Paragraph(item, indent, bulletText=f"{n}.") for n, item in enumerate(items, 1)]


def table(rows, widths, right=(), total=False, head=True):
    """A ruled table. `widths` in millimetres; columns in `right` are set right; `total` makes the last row bold."""
    laid = []
    for number, row in enumerate(rows):
        strong = (head and number == 0) or (total and number == len(rows) - 1)
        cells = []
        for column, text in enumerate(row):
            text = f"<b>{text}</b>" if strong else text
            cells.append(Paragraph(text, CELL_RIGHT if column in right else CELL))
        laid.append(cells)
    look = [
        ("GRID", (0, 0), (-1, -1), 0.4, RULE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 2.6),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3.4),
        ("LEFTPADDING", (0, 0), (-1, -1), 4),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ]
    if head:
        look.append(("BACKGROUND", (0, 0), (-1, 0), LIGHT))
    if total:
        look.append(("BACKGROUND", (0, -1), (-1, -1), LIGHT))
    made = Table(laid, colWidths=[w * mm for w in widths], repeatRows=1 if head else 0, hAlign="LEFT")
    made.setStyle(TableStyle(look))
    return [made, Spacer(1, 6)]


def protocol(number, place_and_date, recipients):
    """Register line, place and date, recipients."""
    left = [p(f"Prot. n. {number}", CELL), p(place_and_date, CELL)]
    right = [p(line, CELL) for line in recipients]
    made = Table([[left, right]], colWidths=[78 * mm, 92 * mm])
    made.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]))
    return [made, Spacer(1, 8)]


def subject(text):
    """The line *Oggetto*."""
    made = Table([[p("Oggetto:", CELL_HEAD), p(f"<b>{text}</b>", CELL)]], colWidths=[18 * mm, 152 * mm])
    made.setStyle(TableStyle([
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("LINEBELOW", (0, 0), (-1, -1), 0.5, RULE),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
    ]))
    return [made, Spacer(1, 8)]


def signature(role, note="(firma digitale simulata, art. 24 D.Lgs. 82/2005)"):
    """Who signs: a role, never a person."""
    centred = style("signature", alignment=TA_CENTER, spaceAfter=1, leading=12)
    small = style("signature-note", alignment=TA_CENTER, fontSize=8, leading=10, textColor=GREY)
    cell = [p(role, centred), p(note, small)]
    made = Table([["", cell]], colWidths=[85 * mm, 85 * mm])
    return [Spacer(1, 10), KeepTogether([made])]


def _letterhead(canvas, page, head):
    width, height = page
    canvas.setFillColor(head["colour"])
    canvas.rect(20 * mm, height - 27 * mm, 3 * mm, 14 * mm, stroke=0, fill=1)
    canvas.setFillColor(INK)
    canvas.setFont(BOLD, 13)
    canvas.drawString(26 * mm, height - 17.5 * mm, head["name"])
    canvas.setFont(REGULAR, 8.6)
    canvas.setFillColor(GREY)
    canvas.drawString(26 * mm, height - 22 * mm, head["office"])
    canvas.drawString(26 * mm, height - 26 * mm, head["contact"])
    canvas.setStrokeColor(head["colour"])
    canvas.setLineWidth(0.8)
    canvas.line(20 * mm, height - 30 * mm, width - 20 * mm, height - 30 * mm)


class _Numbered(Canvas):
    """A canvas that writes `page n of m` when the number of pages is known."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{**kwargs, "initialFontName": REGULAR})
        self._kept = []

    def showPage(self):
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self):
        total = len(self._kept)
        for number, state in enumerate(self._kept, 1):
            self.__dict__.update(state)
            foot(self, self._pagesize, f"pag. {number} di {total}")
            super().showPage()
        super().save()


def foot(canvas, page, right):
    """The foot of each page: that the document is invented, and the page number."""
    canvas.setFont(REGULAR, 7.4)
    canvas.setFillColor(GREY)
    canvas.drawString(20 * mm, 10 * mm, FOOT)
    canvas.drawRightString(page[0] - 20 * mm, 10 * mm, right)


def build(path, title, head, story):
    """Writes a text document of one or more pages with the letterhead on the first."""
    document = BaseDocTemplate(
        str(path), pagesize=A4, title=title, author=head["name"], subject="Caso di prova", lang="it-IT", invariant=1,
    )
    width, height = A4
    first = Frame(20 * mm, 17 * mm, width - 40 * mm, height - 50 * mm, 0, 0, 0, 0)
    later = Frame(20 * mm, 17 * mm, width - 40 * mm, height - 35 * mm, 0, 0, 0, 0)
    document.addPageTemplates([
        PageTemplate("first", [first], onPage=lambda c, d: _letterhead(c, A4, head), autoNextPageTemplate="later"),
        PageTemplate("later", [later]),
    ])
    document.build(story, canvasmaker=_Numbered)


def sheet(path, title, author, draw, upright=False):
    """Writes one drawing on one A4 sheet."""
    page = A4 if upright else landscape(A4)
    canvas = Canvas(str(path), pagesize=page, invariant=1, lang="it-IT", initialFontName=REGULAR)
    canvas.setTitle(title)
    canvas.setAuthor(author)
    canvas.setSubject("Caso di prova")
    draw(canvas, page)
    foot(canvas, page, "pag. 1 di 1")
    canvas.showPage()
    canvas.save()


def rule():
    """A thin line across the page."""
    return HRFlowable(width="100%", thickness=0.5, color=RULE, spaceBefore=4, spaceAfter=6)
