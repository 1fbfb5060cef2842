"""The drawings of the demonstration case as vector graphics: site plan, facade, archaeological map, test diagram.

Used by make_documents.py only. Everything drawn is invented; it shows no real place.
"""

from reportlab.graphics.shapes import Drawing, Line, PolyLine, Rect, String
from reportlab.lib import colors
from reportlab.lib.units import mm

from document_layout import BOLD, GREY, INK, ITALIC, LIGHT, REGULAR, RULE

STONE = colors.HexColor("#e8e0d0")
HATCH = colors.HexColor("#c0392b")
ROOF = colors.HexColor("#c8866a")
GREEN = colors.HexColor("#dfe9d6")
BLUE = colors.HexColor("#2c5d8f")


def title_block(canvas, page, lines, sheet_number):
    """The frame of a technical sheet with its title block at the lower right."""
    width, height = page
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(1)
    canvas.rect(12 * mm, 15 * mm, width - 24 * mm, height - 27 * mm)
    left, bottom, wide, high = width - 100 * mm, 15 * mm, 88 * mm, 36 * mm
    canvas.setFillColor(colors.white)
    canvas.rect(left, bottom, wide, high, fill=1)
    canvas.setFillColor(INK)
    canvas.setFont(BOLD, 10)
    canvas.drawString(left + 3 * mm, bottom + high - 6 * mm, lines[0])
    canvas.setFont(REGULAR, 8)
    for number, line in enumerate(lines[1:]):
        canvas.drawString(left + 3 * mm, bottom + high - (11.5 + 4.6 * number) * mm, line)
    canvas.setLineWidth(0.5)
    canvas.line(left + wide - 20 * mm, bottom, left + wide - 20 * mm, bottom + 9 * mm)
    canvas.line(left + wide - 20 * mm, bottom + 9 * mm, left + wide, bottom + 9 * mm)
    canvas.setFont(BOLD, 11)
    canvas.drawCentredString(left + wide - 10 * mm, bottom + 3 * mm, sheet_number)


def north(canvas, x, y):
    """A north arrow."""
    canvas.setFillColor(INK)
    path = canvas.beginPath()
    path.moveTo(x, y + 9 * mm)
    path.lineTo(x - 3 * mm, y)
    path.lineTo(x, y + 2 * mm)
    path.lineTo(x + 3 * mm, y)
    path.close()
    canvas.drawPath(path, fill=1, stroke=0)
    canvas.setFont(BOLD, 9)
    canvas.drawCentredString(x, y + 10.5 * mm, "N")


def scale_bar(canvas, x, y, metres, unit_mm):
    """A scale bar of four parts; `unit_mm` millimetres of paper for one metre."""
    part = metres / 4 * unit_mm * mm
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(0.6)
    for number in range(4):
        canvas.setFillColor(INK if number % 2 == 0 else colors.white)
        canvas.rect(x + number * part, y, part, 1.6 * mm, fill=1)
    canvas.setFillColor(INK)
    canvas.setFont(REGULAR, 7)
    for number in range(5):
        canvas.drawCentredString(x + number * part, y + 2.6 * mm, f"{metres * number / 4:g}")
    canvas.drawString(x + 4 * part + 3 * mm, y + 0.2 * mm, "m")


def polygon(canvas, corners, fill, stroke=INK, thick=0.6, dash=None):
    """A closed polygon; corners in millimetres."""
    path = canvas.beginPath()
    path.moveTo(corners[0][0] * mm, corners[0][1] * mm)
    for x, y in corners[1:]:
        path.lineTo(x * mm, y * mm)
    path.close()
    canvas.saveState()
    canvas.setStrokeColor(stroke)
    canvas.setLineWidth(thick)
    if dash:
        canvas.setDash(*dash)
    if fill is not None:
        canvas.setFillColor(fill)
    canvas.drawPath(path, fill=0 if fill is None else 1, stroke=1)
    canvas.restoreState()


def hatch(canvas, corners, step_mm, colour):
    """Diagonal hatching inside a polygon."""
    xs, ys = [c[0] for c in corners], [c[1] for c in corners]
    canvas.saveState()
    path = canvas.beginPath()
    path.moveTo(corners[0][0] * mm, corners[0][1] * mm)
    for x, y in corners[1:]:
        path.lineTo(x * mm, y * mm)
    path.close()
    canvas.clipPath(path, stroke=0, fill=0)
    canvas.setStrokeColor(colour)
    canvas.setLineWidth(0.5)
    high, at = max(ys) - min(ys), min(xs) - (max(ys) - min(ys))
    while at < max(xs):
        canvas.line(at * mm, min(ys) * mm, (at + high) * mm, max(ys) * mm)
        at += step_mm
    canvas.restoreState()


def label(canvas, x, y, text, font=REGULAR, size=8, colour=INK, turn=0):
    """A centred label; position in millimetres, turned by `turn` degrees."""
    canvas.saveState()
    canvas.translate(x * mm, y * mm)
    canvas.rotate(turn)
    canvas.setFont(font, size)
    canvas.setFillColor(colour)
    canvas.drawCentredString(0, 0, text)
    canvas.restoreState()


BLOCKS = (
    [(26, 122), (82, 128), (80, 168), (26, 164)],
    [(90, 129), (120, 132), (118, 170), (88, 168)],
    [(188, 140), (240, 146), (238, 186), (186, 178)],
    [(28, 60), (70, 62), (68, 98), (28, 98)],
    [(76, 58), (112, 62), (110, 101), (74, 99)],
    [(194, 72), (250, 78), (246, 120), (192, 114)],
)
BUILDING = [(120, 64), (180, 71), (176, 112), (160, 110), (159, 104), (117, 100)]


def base_map(canvas):
    """Streets, blocks and the building of the case, shared by site plan and archaeological map."""
    polygon(canvas, [(14, 18), (283, 18), (283, 196), (14, 196)], colors.HexColor("#fbfaf7"), colors.white, 0.1)
    polygon(canvas, [(126, 134), (180, 139), (178, 177), (124, 171)], GREEN, RULE)
    for block in BLOCKS:
        polygon(canvas, block, STONE, GREY)
    label(canvas, 152, 153, "Piazzetta di prova", ITALIC, 8, GREY)
    label(canvas, 94, 113.5, "via Esempio", ITALIC, 9, GREY, 6)
    label(canvas, 186, 96, "vicolo Prova", ITALIC, 8, GREY, 84)
    label(canvas, 54, 145, "isolato A", REGULAR, 7, GREY)
    label(canvas, 213, 163, "isolato B", REGULAR, 7, GREY)
    label(canvas, 49, 79, "isolato C", REGULAR, 7, GREY)


def site_plan(canvas, page):
    """Planimetria: 3.1 mm of paper for one metre."""
    base_map(canvas)
    polygon(canvas, BUILDING, colors.HexColor("#f6d9cf"), HATCH, 1.6)
    hatch(canvas, BUILDING, 3, colors.HexColor("#d98c7a"))
    canvas.setFillColor(colors.white)
    canvas.rect(131 * mm, 82 * mm, 36 * mm, 12 * mm, stroke=0, fill=1)
    label(canvas, 149, 89.4, "Edificio d'intervento", BOLD, 8.5, HATCH)
    label(canvas, 149, 84.4, "via Esempio 1 · Fg. 999 p.lla 1", REGULAR, 7)
    polygon(canvas, [(117, 103.6), (180, 115.6), (180, 121.3), (116, 109.3)], None, BLUE, 0.9, (3, 2))
    label(canvas, 146, 118.2, "area di cantiere (occupazione di suolo 38 m²)", REGULAR, 7, BLUE, 10.5)
    canvas.setStrokeColor(BLUE)
    canvas.setFillColor(colors.white)
    for name, x, y in (("S1", 124, 76), ("S2", 171, 100), ("D1", 170, 78)):
        canvas.circle(x * mm, y * mm, 2.6 * mm, fill=1)
        label(canvas, x, y - 1, name, BOLD, 6.5, BLUE)
        canvas.setFillColor(colors.white)
    legend(canvas, [
        ("box", HATCH, "edificio oggetto di intervento"),
        ("box", GREY, "edifici esistenti"),
        ("dash", BLUE, "area di cantiere"),
        ("dot", BLUE, "saggi sulle murature (S) e in fondazione (D)"),
    ], 20, 22)
    north(canvas, 268 * mm, 172 * mm)
    scale_bar(canvas, 104 * mm, 22 * mm, 20, 3.1)
    title_block(canvas, page, [
        "PLANIMETRIA GENERALE – scala grafica",
        "Riparazione con miglioramento sismico – sisma 2016",
        "Edificio in via Esempio 1, Camerino (MC)",
        "Condominio di prova via Esempio 1",
        "Il progettista (ruolo) – 20 novembre 2026",
    ], "Tav. 1")


def legend(canvas, rows, x, y):
    """A legend; position of its lower left corner in millimetres."""
    canvas.setFillColor(colors.white)
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.5)
    canvas.rect((x - 3) * mm, (y - 3) * mm, 76 * mm, (len(rows) * 5.4 + 7) * mm, fill=1)
    for number, (kind, colour, text) in enumerate(reversed(rows)):
        line = y + number * 5.4
        canvas.setStrokeColor(colour)
        canvas.setLineWidth(1.1)
        if kind == "box":
            canvas.rect(x * mm, line * mm, 6 * mm, 3 * mm)
        elif kind == "dash":
            canvas.setDash(3, 2)
            canvas.line(x * mm, (line + 1.5) * mm, (x + 6) * mm, (line + 1.5) * mm)
            canvas.setDash()
        else:
            canvas.circle((x + 3) * mm, (line + 1.5) * mm, 1.5 * mm)
        canvas.setFillColor(INK)
        canvas.setFont(REGULAR, 7.6)
        canvas.drawString((x + 9) * mm, (line + 0.5) * mm, text)
    canvas.setFont(BOLD, 8)
    canvas.drawString(x * mm, (y + len(rows) * 5.4) * mm, "Legenda")


def window(canvas, x, y, wide, high, arch=False):
    """A window with stone frame and two shutters; millimetres."""
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(0.5)
    canvas.setFillColor(colors.HexColor("#f7f4ee"))
    canvas.rect((x - 1.6) * mm, (y - 1.8) * mm, (wide + 3.2) * mm, (high + 3.6) * mm, fill=1)
    canvas.setFillColor(colors.HexColor("#c9d6df"))
    canvas.rect(x * mm, y * mm, wide * mm, high * mm, fill=1)
    canvas.line((x + wide / 2) * mm, y * mm, (x + wide / 2) * mm, (y + high) * mm)
    canvas.line(x * mm, (y + high * 0.62) * mm, (x + wide) * mm, (y + high * 0.62) * mm)
    if arch:
        canvas.setFillColor(colors.HexColor("#f7f4ee"))
        canvas.wedge((x - 1.6) * mm, (y + high - 2.4) * mm, (x + wide + 1.6) * mm, (y + high + 6) * mm, 0, 180, fill=1)


def stones(canvas, left, bottom, wide, high):
    """Courses of ashlar with staggered joints, drawn lightly."""
    canvas.setStrokeColor(colors.HexColor("#d3c9b5"))
    canvas.setLineWidth(0.3)
    course, row = 3.4, 0
    at = bottom + course
    while at < bottom + high:
        canvas.line(left * mm, at * mm, (left + wide) * mm, at * mm)
        x = left + (2.5 if row % 2 else 5.5)
        while x < left + wide:
            canvas.line(x * mm, (at - course) * mm, x * mm, at * mm)
            x += 6.5 if (row * 7 + int(x)) % 3 else 5
        at, row = at + course, row + 1


def facade(canvas, page):
    """Prospetto su via Esempio: 8.45 mm of paper for one metre."""
    left, ground, wide, high = 42, 62, 164, 92
    canvas.setFillColor(colors.HexColor("#f3ede1"))
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(0.9)
    canvas.rect(left * mm, ground * mm, wide * mm, high * mm, stroke=0, fill=1)
    stones(canvas, left, ground, wide, high)
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(0.9)
    canvas.rect(left * mm, ground * mm, wide * mm, high * mm)
    canvas.setFillColor(colors.HexColor("#d9cfba"))
    canvas.setStrokeColor(INK)
    canvas.rect(left * mm, ground * mm, wide * mm, 9 * mm, fill=1)
    for level in (92, 122):
        canvas.rect((left - 1) * mm, level * mm, (wide + 2) * mm, 1.6 * mm, fill=1)
    polygon(canvas, [(36, 154), (212, 154), (196, 172), (52, 172)], ROOF)
    canvas.setStrokeColor(colors.HexColor("#a8664c"))
    canvas.setLineWidth(0.3)
    for number in range(44):
        at = 37.5 + number * 4
        canvas.line(at * mm, 154 * mm, (52 + (at - 36) * 144 / 176) * mm, 172 * mm)
    for column, x in enumerate((52, 82, 113, 144, 176)):
        if column == 2:
            door(canvas, x - 2, ground)
        else:
            window(canvas, x, 73, 10, 12)
        window(canvas, x, 99, 11, 16, arch=column in (1, 3))
        window(canvas, x + 0.5, 129, 10, 13)
    for level in (90, 120, 149):
        anchors(canvas, level)
    levels(canvas, left + wide + 8, ((ground, "±0,00"), (92, "+3,60"), (122, "+7,15"), (154, "+10,95"), (172, "+13,10")))
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(1.2)
    canvas.line(20 * mm, ground * mm, 226 * mm, ground * mm)
    canvas.setLineWidth(0.5)
    canvas.line(left * mm, 55 * mm, (left + wide) * mm, 55 * mm)
    for x in (left, left + wide):
        canvas.line((x - 1) * mm, 54 * mm, (x + 1) * mm, 56 * mm)
    label(canvas, left + wide / 2, 56.3, "19,40 m", REGULAR, 8)
    canvas.setFillColor(INK)
    canvas.setFont(REGULAR, 8)
    notes = (
        "Capochiave a paletto delle nuove catene in acciaio (Ø 24 mm), in asse ai solai.",
        "Paramento in pietra a vista: ristilatura profonda dei giunti con malta di calce NHL 3,5.",
        "Manto in coppi di recupero; cordolo sommitale in muratura armata non visibile in facciata.",
    )
    for number, note in enumerate(notes):
        canvas.drawString(20 * mm, (43 - number * 5.5) * mm, f"{number + 1}.  {note}")
    scale_bar(canvas, 20 * mm, 20 * mm, 4, 8.45)
    title_block(canvas, page, [
        "PROSPETTO SU VIA ESEMPIO – scala grafica",
        "Stato di progetto",
        "Edificio in via Esempio 1, Camerino (MC)",
        "Condominio di prova via Esempio 1",
        "Il progettista (ruolo) – 20 novembre 2026",
    ], "Tav. 2")


def door(canvas, x, ground):
    """The main door with its arch."""
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(0.6)
    canvas.setFillColor(colors.HexColor("#f7f4ee"))
    canvas.rect((x - 2) * mm, ground * mm, 19 * mm, 18 * mm, fill=1)
    canvas.wedge((x - 2) * mm, (ground + 10) * mm, (x + 17) * mm, (ground + 26) * mm, 0, 180, fill=1)
    canvas.setFillColor(colors.HexColor("#7a5a40"))
    canvas.rect((x + 0.5) * mm, ground * mm, 14 * mm, 17 * mm, fill=1)
    canvas.wedge((x + 0.5) * mm, (ground + 11) * mm, (x + 14.5) * mm, (ground + 23) * mm, 0, 180, fill=1)
    canvas.line((x + 7.5) * mm, ground * mm, (x + 7.5) * mm, (ground + 23) * mm)


def anchors(canvas, level):
    """Heads of the new tie rods at one floor."""
    canvas.setStrokeColor(HATCH)
    canvas.setLineWidth(1.3)
    for x in (46, 73, 105, 136, 167, 201):
        canvas.line((x - 1.4) * mm, (level - 1.6) * mm, (x + 1.4) * mm, (level + 1.6) * mm)
        canvas.line((x - 1.4) * mm, (level + 1.6) * mm, (x + 1.4) * mm, (level - 1.6) * mm)


def levels(canvas, x, marks):
    """Level marks at the side of an elevation."""
    canvas.setStrokeColor(GREY)
    canvas.setLineWidth(0.4)
    for y, text in marks:
        canvas.line(x * mm, y * mm, (x + 12) * mm, y * mm)
        canvas.setFillColor(INK)
        canvas.setFont(REGULAR, 8)
        canvas.drawString((x + 13) * mm, (y - 1) * mm, text)


FINDS = (
    (60, 110, "1", "fronte di muro in opera quadrata (saggio di prova)"),
    (104, 118, "2", "lacerto di pavimentazione in cocciopesto"),
    (140, 116, "3", "canaletta in laterizio, quota –1,85 m"),
    (186, 126, "4", "frammenti ceramici in giacitura secondaria"),
)


def archaeological_map(canvas, page):
    """Carta del potenziale archeologico: for two bodies only."""
    base_map(canvas)
    high = [(30, 103), (120, 110), (182, 122), (184, 134), (118, 126), (28, 117)]
    polygon(canvas, high, colors.Color(0.75, 0.22, 0.17, alpha=0.28), HATCH, 0.8)
    hatch(canvas, high, 4, colors.HexColor("#d98c7a"))
    middle = [(112, 58), (184, 66), (182, 121), (110, 107)]
    polygon(canvas, middle, colors.Color(0.9, 0.65, 0.2, alpha=0.25), colors.HexColor("#b9770e"), 0.8, (4, 2))
    polygon(canvas, BUILDING, None, INK, 1.4)
    label(canvas, 149, 86, "edificio d'intervento", BOLD, 8)
    canvas.setLineWidth(0.8)
    for x, y, number, _text in FINDS:
        canvas.setStrokeColor(INK)
        canvas.setFillColor(colors.white)
        canvas.circle(x * mm, y * mm, 3 * mm, fill=1)
        label(canvas, x, y - 1.2, number, BOLD, 9, HATCH)
    legend(canvas, [
        ("box", HATCH, "potenziale alto (tracciato viario antico presunto)"),
        ("dash", colors.HexColor("#b9770e"), "potenziale medio"),
        ("dot", INK, "rinvenimenti 1–4 (elenco a destra)"),
    ], 20, 22)
    canvas.setFillColor(colors.white)
    canvas.setStrokeColor(RULE)
    canvas.rect(197 * mm, 52 * mm, 88 * mm, 27 * mm, fill=1)
    canvas.setFillColor(INK)
    canvas.setFont(BOLD, 8)
    canvas.drawString(200 * mm, 74 * mm, "Rinvenimenti (inventati)")
    canvas.setFont(REGULAR, 7.4)
    for number, (_x, _y, mark, text) in enumerate(FINDS):
        canvas.drawString(200 * mm, (69.5 - 4.6 * number) * mm, f"{mark}  {text}")
    canvas.setFillColor(HATCH)
    canvas.rect(14 * mm, 186.5 * mm, 269 * mm, 9 * mm, stroke=0, fill=1)
    label(canvas, 148.5, 189.4, "RISERVATO – visibile solo a Soprintendenza e Regione Marche (tutela dei siti, rischio di scavi clandestini)",
          BOLD, 9.5, colors.white)
    north(canvas, 268 * mm, 166 * mm)
    scale_bar(canvas, 104 * mm, 22 * mm, 20, 3.1)
    title_block(canvas, page, [
        "CARTA DEL POTENZIALE ARCHEOLOGICO",
        "Allegato riservato alla determinazione della",
        "Soprintendenza del 29 gennaio 2027",
        "Dati, siti e rinvenimenti inventati",
        "Il funzionario archeologo (ruolo)",
    ], "All. A")


def penetration_chart(blows):
    """Blows N20 of a dynamic penetration test by depth (one value each 0.2 m), as a drawing for a report."""
    wide, high, left, top = 420, 190, 46, 168
    drawing = Drawing(wide, high)
    deepest, most = len(blows) * 0.2, 50
    plot_wide, plot_high = wide - left - 20, top - 14
    drawing.add(Rect(left, top - plot_high, plot_wide, plot_high, strokeColor=RULE, fillColor=LIGHT, strokeWidth=0.5))
    for value in range(0, most + 1, 10):
        x = left + plot_wide * value / most
        drawing.add(Line(x, top, x, top - plot_high, strokeColor=RULE, strokeWidth=0.3))
        drawing.add(String(x, top + 4, str(value), fontName=REGULAR, fontSize=7, textAnchor="middle"))
    for depth in range(0, int(deepest) + 1):
        y = top - plot_high * depth / deepest
        drawing.add(Line(left, y, left + plot_wide, y, strokeColor=RULE, strokeWidth=0.3))
        drawing.add(String(left - 5, y - 2.5, f"{depth},0", fontName=REGULAR, fontSize=7, textAnchor="end"))
    stairs = []
    for number, count in enumerate(blows):
        x = left + plot_wide * count / most
        stairs += [x, top - plot_high * number / len(blows), x, top - plot_high * (number + 1) / len(blows)]
    drawing.add(PolyLine(stairs, strokeColor=BLUE, strokeWidth=1.2))
    drawing.add(String(left + plot_wide / 2, top + 14, "colpi N20", fontName=BOLD, fontSize=8, textAnchor="middle"))
    drawing.add(String(4, top + 4, "prof. (m)", fontName=BOLD, fontSize=7))
    return drawing
