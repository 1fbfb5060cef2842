"""Writes the PDF documents of the demonstration case into `documents/`.

    python3 -m venv .venv && .venv/bin/pip install reportlab==5.1.0 fonttools==4.68.0
    apt-get install fonts-liberation
    .venv/bin/python make_documents.py [FOLDER]

The case, its places, bodies' offices, numbers and positions are invented; persons appear as roles only. The documents are
kept in the repository; this program shows how they were made and makes them again byte for byte (same library and fonts).
Dates are those of `case.toml`.
"""

import sys
from pathlib import Path

from reportlab.lib import colors
from reportlab.platypus import Spacer

from document_drawings import archaeological_map, facade, penetration_chart, site_plan
from document_layout import (
    BODY, MONO, RIGHT, SMALL, TITLE, build, h, numbered, p, points, protocol, register_fonts, rule, sheet, signature,
    subject, table,
)

WORK = (
    "Riparazione con miglioramento sismico dell'edificio in muratura di pietra, bene culturale, in via Esempio 1, "
    "centro storico di Camerino (MC) – sisma 2016"
)


def office(name, unit, contact, colour):
    """A letterhead."""
    return {"name": name, "office": unit, "contact": contact, "colour": colors.HexColor(colour)}


REGION = office("REGIONE MARCHE", "Settore di prova – Conferenze di servizi e ricostruzione",
                "PEC: regione.marche@pec.example · AOO DEMO001", "#0b5394")
TOWN = office("COMUNE DI CAMERINO", "Ufficio di prova – Sportello unico per l'edilizia",
              "PEC: comune.camerino@pec.example · AOO DEMO002", "#7a1f2b")
PROVINCE = office("PROVINCIA DI MACERATA", "Settore di prova – Ambiente e difesa del suolo",
                  "PEC: provincia.macerata@pec.example · AOO DEMO003", "#2f6b3a")
HERITAGE = office("MINISTERO DELLA CULTURA", "Soprintendenza Archeologia, belle arti e paesaggio – ufficio di prova",
                  "PEC: soprintendenza@pec.example · AOO DEMO004", "#5b3a86")
APPLICANT = office("CONDOMINIO DI PROVA VIA ESEMPIO 1", "L'amministratore pro tempore – via Esempio 1, Camerino (MC)",
                   "PEC: condominio.esempio1@pec.example", "#444444")
DESIGNER = office("STUDIO TECNICO DI PROVA", "Incaricato dal Condominio di prova via Esempio 1",
                  "PEC: studio.tecnico@pec.example", "#8a5a00")
GEOLOGIST = office("STUDIO GEOLOGICO DI PROVA", "Incaricato dal Condominio di prova via Esempio 1",
                   "PEC: studio.geologico@pec.example", "#3f6c6c")
MAIL = office("GESTORE PEC DI PROVA", "Evidenza di trasmissione e consegna", "pec.example", "#555555")

PARTIES = ["Comune di Camerino", "Provincia di Macerata", "Soprintendenza Archeologia, belle arti e paesaggio",
           "Ufficio Speciale Ricostruzione Marche"]


def application():
    """01: the application."""
    return APPLICANT, "Istanza di avvio del procedimento", [
        *protocol("– (istanza di parte)", "Camerino, 23 novembre 2026",
                  ["Alla Regione Marche", "Settore di prova – Conferenze di servizi e ricostruzione", "via PEC"]),
        *subject("Istanza per l'autorizzazione dell'intervento: " + WORK),
        p("Il sottoscritto <b>amministratore pro tempore</b> del Condominio di prova via Esempio 1, in nome e per conto dei "
          "proprietari delle quattro unità immobiliari dell'edificio,"),
        h("premesso che"),
        *points([
            "l'edificio, dichiarato di interesse culturale ai sensi della Parte II del D.Lgs. 42/2004, ha subìto danni gravi "
            "per effetto degli eventi sismici del 2016 ed è inagibile (esito E, scheda AeDES di prova n. 000);",
            "l'edificio è censito al catasto fabbricati al foglio 999, particella 1, subalterni 1–4 (dati di prova);",
            "l'esecuzione dell'opera richiede più atti di assenso di amministrazioni diverse;",
        ]),
        h("chiede"),
        p("il rilascio degli atti di assenso occorrenti, con <b>conferenza di servizi decisoria</b> ai sensi dell'art. 14, "
          "comma 2, della L. 241/1990, e in particolare:"),
        *table([
            ["Atto", "Amministrazione", "Riferimento"],
            ["Titolo edilizio e occupazione di suolo pubblico", "Comune di Camerino", "D.P.R. 380/2001; regolamento comunale"],
            ["Nulla osta idrogeologico e valutazione geologica del sito", "Provincia di Macerata", "R.D.L. 3267/1923"],
            ["Autorizzazione su bene culturale; parere paesaggistico", "Soprintendenza",
             "D.Lgs. 42/2004, artt. 21 e 146"],
            ["Verifica di conformità dell'intervento alle norme sulla ricostruzione", "Ufficio Speciale Ricostruzione",
             "D.L. 189/2016; testo unico ricostruzione privata"],
        ], [68, 48, 54]),
        h("dichiara"),
        *numbered([
            "che lo stato legittimo dell'immobile risulta dai titoli agli atti del Comune;",
            "che l'intervento non muta destinazioni d'uso, sagoma, volumi e numero delle unità immobiliari;",
            "di eleggere domicilio digitale all'indirizzo condominio.esempio1@pec.example;",
            "di essere informato che le comunicazioni sul procedimento avvengono a tale indirizzo.",
        ]),
        h("Elenco degli allegati"),
        *table([
            ["N.", "Documento", "Redatto da", "Pagine"],
            ["1", "Relazione tecnica generale", "Progettista incaricato (ruolo)", "2"],
            ["2", "Tav. 1 – Planimetria generale", "Progettista incaricato (ruolo)", "1"],
            ["3", "Tav. 2 – Prospetto su via Esempio, stato di progetto", "Progettista incaricato (ruolo)", "1"],
        ], [12, 88, 52, 18], right=(3,)),
        p("Si resta a disposizione per ogni chiarimento e si chiede di ricevere copia dell'indizione della conferenza."),
        *signature("L'amministratore pro tempore del Condominio"),
    ]


COSTS = [("Opere strutturali di riparazione e miglioramento", 412300), ("Finiture connesse e restauri", 138450),
         ("Impianti", 61200), ("Oneri per la sicurezza", 24050)]


def euro(value):
    """An amount as Italian offices write it."""
    return f"{value:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")


def technical_report():
    """02: the technical report."""
    works = sum(value for _, value in COSTS)
    vat, fees = works * 10 // 100, works * 12 // 100
    rows = [["Voce", "Importo (€)"], *[[name, euro(value)] for name, value in COSTS],
            ["<b>Sommano i lavori</b>", f"<b>{euro(works)}</b>"], ["IVA 10 %", euro(vat)],
            ["Spese tecniche 12 %", euro(fees)], ["Totale del quadro economico", euro(works + vat + fees)]]
    return DESIGNER, "Relazione tecnica generale", [
        p("RELAZIONE TECNICA GENERALE", TITLE), *subject(WORK),
        h("1. L'edificio"),
        p("L'edificio occupa la testata sud-est dell'isolato tra via Esempio e vicolo Prova. Ha tre piani fuori terra e un "
          "sottotetto non abitabile; la pianta è un rettangolo irregolare di circa 19,40 × 12,50 m. Le murature sono in pietra "
          "arenaria sbozzata e malta di calce, a doppio paramento con nucleo debole, di spessore da 85 cm (piano terra) a "
          "60 cm (piano secondo). I solai sono a orditura lignea con pianelle; il piano terra ha volte a crociera in laterizio; la "
          "copertura è a due falde con capriate lignee e manto di coppi."),
        *table([
            ["Dato", "Valore"],
            ["Epoca di impianto", "XVII secolo, rimaneggiamenti del XIX"],
            ["Superficie utile complessiva", "486 m²"],
            ["Unità immobiliari", "4 (tre abitazioni, un negozio al piano terra)"],
            ["Altezza alla gronda", "10,95 m"],
            ["Zona sismica; a<sub>g</sub> (SLV, suolo A)", "zona 2; 0,221 g (valore di prova)"],
            ["Tutela", "bene culturale (D.Lgs. 42/2004, Parte II); centro storico, zona A del PRG"],
        ], [70, 100]),
        h("2. Il danno"),
        p("Il rilievo del quadro fessurativo, condotto piano per piano, mostra l'attivazione di meccanismi locali fuori dal piano "
          "della parete su vicolo Prova, lesioni diagonali nei maschi del piano primo e il distacco parziale di due cantonali."),
        *table([
            ["Elemento", "Danno rilevato", "Estensione"],
            ["Parete su vicolo Prova", "ribaltamento incipiente, fuori piombo 6 cm", "intera altezza"],
            ["Maschi del piano primo", "lesioni diagonali fino a 12 mm", "7 maschi su 16"],
            ["Cantonali nord-est e sud-est", "distacco tra paramenti", "3,5 m ciascuno"],
            ["Volte del piano terra", "lesioni in chiave, caduta di intonaco", "2 volte su 5"],
            ["Copertura", "sfilamento di due capriate, manto scomposto", "falda est"],
        ], [52, 82, 36]),
        h("3. Gli interventi"),
        p("Le scelte seguono il criterio del minimo intervento e della compatibilità dei materiali con la fabbrica storica."),
        *numbered([
            "consolidamento delle murature con iniezioni di miscele a base di calce idraulica naturale NHL 3,5 e diatoni artificiali "
            "nei tratti con nucleo debole (superficie 610 m²);",
            "riparazione «scuci e cuci» con pietra di recupero dei maschi lesionati e ricostruzione dei due cantonali;",
            "catene in acciaio Ø 24 mm ai tre livelli, con capochiave a paletto, per contrastare i meccanismi fuori piano;",
            "irrigidimento dei solai con doppio tavolato incrociato e connessione perimetrale alle pareti;",
            "consolidamento estradossale delle volte con frenelli in laterizio e fasce in fibra di basalto su matrice di calce;",
            "cordolo sommitale in muratura armata e riassetto delle capriate con recupero del legname sano;",
            "ripresa del manto di copertura con coppi di recupero e canali di gronda in rame.",
        ]),
        h("4. Livelli di sicurezza"),
        p("La valutazione globale è stata condotta con analisi statica non lineare sul modello a telaio equivalente; i meccanismi "
          "locali con l'approccio cinematico (NTC 2018, cap. 8; Linee guida per il patrimonio culturale)."),
        *table([
            ["Verifica", "Stato di fatto", "Progetto"],
            ["Indice globale ζ<sub>E</sub> (SLV), direzione X", "0,37", "0,72"],
            ["Indice globale ζ<sub>E</sub> (SLV), direzione Y", "0,31", "0,68"],
            ["Ribaltamento semplice, parete su vicolo Prova", "0,24", "0,91"],
            ["Flessione verticale, parete su via Esempio", "0,46", "0,88"],
        ], [90, 40, 40], right=(1, 2)),
        p("Il valore minimo di progetto, 0,68, soddisfa la soglia di 0,60 assunta per il miglioramento sismico."),
        h("5. Cantiere e terreno"),
        p("L'intervento non prevede nuove fondazioni; lo scavo per il nuovo collettore delle acque meteoriche in via Esempio è "
          "profondo al massimo 1,20 m su 11 m di lunghezza. Il cantiere occupa 38 m² di suolo pubblico per 14 mesi."),
        h("6. Quadro economico"),
        *table(rows, [120, 50], right=(1,), total=True),
        h("7. Cronoprogramma"),
        *table([
            ["Fase", "Mesi 1–3", "4–6", "7–9", "10–12", "13–14"],
            ["Allestimento, puntellamenti", "■", "", "", "", ""],
            ["Murature, cantonali, catene", "■", "■", "■", "", ""],
            ["Solai, volte, copertura", "", "■", "■", "■", ""],
            ["Impianti, finiture, restauri", "", "", "■", "■", "■"],
        ], [65, 21, 21, 21, 21, 21]),
        *signature("Il progettista incaricato (ruolo)"),
    ]


def notice():
    """05: the notice of the conference."""
    return REGION, "Indizione della conferenza di servizi", [
        *protocol("000101/2026 (di prova)", "Ancona, 30 novembre 2026",
                  [*("Al " + n if n.startswith("Comune") else "Alla " + n for n in PARTIES[:3]), "All'" + PARTIES[3],
                   "e, per conoscenza, al Condominio di prova via Esempio 1"]),
        *subject("Indizione di conferenza di servizi decisoria in forma semplificata e modalità asincrona: " + WORK),
        p("<b>Visti</b> gli artt. 14, comma 2, e 14-bis della L. 241/1990; l'art. 13 del D.L. 76/2020 e l'art. 10, comma 4, del "
          "D.L. 25/2025, che rendono obbligatoria la conferenza accelerata fino al 31 dicembre 2026; <b>vista</b> l'istanza "
          "ricevuta il 23 novembre 2026; <b>ritenuto</b> che la conclusione del procedimento richieda più atti di assenso di "
          "amministrazioni diverse;"),
        p("SI INDICE", TITLE),
        p("la conferenza di servizi decisoria e, ai sensi dell'art. 14-bis, comma 2, si comunica quanto segue."),
        h("a) Oggetto e documentazione"),
        p("Oggetto della determinazione è l'assenso all'intervento descritto nell'istanza. Istanza, relazione tecnica, planimetria e "
          "prospetto accompagnano il presente atto, ciascuno con la propria impronta."),
        h("b), c), d) Termini"),
        *table([
            ["Termine", "Norma", "Data", "Natura"],
            ["b) richieste di integrazioni o chiarimenti (15 giorni)", "art. 14-bis c. 2 lett. b)", "<b>mar. 15/12/2026</b>",
             "perentorio"],
            ["c) determinazioni (30 giorni)", "art. 14-bis c. 2 lett. c); art. 13 D.L. 76/2020", "<b>mer. 30/12/2026</b>",
             "perentorio"],
            ["c) determinazioni delle amministrazioni preposte alla tutela di interessi sensibili (45 giorni)",
             "come sopra", "<b>gio. 14/01/2027</b>", "perentorio"],
            ["d) eventuale riunione telematica (entro 15 giorni)", "art. 13 D.L. 76/2020", "<b>ven. 29/01/2027</b>",
             "ordinatorio"],
            ["conclusione del procedimento (90 giorni dall'istanza)", "art. 2 L. 241/1990", "<b>lun. 22/02/2027</b>",
             "ordinatorio"],
        ], [66, 46, 34, 24]),
        p("I giorni decorrono dalla ricezione, prevista per oggi; se la ricezione di un'amministrazione è successiva i termini che la "
          "riguardano sono ricalcolati e comunicati.", SMALL),
        h("Amministrazioni convocate e atti richiesti"),
        *table([
            ["Amministrazione", "Atto di assenso richiesto", "Interesse sensibile", "Termine"],
            ["Comune di Camerino", "titolo edilizio; occupazione di suolo pubblico", "no", "30/12/2026"],
            ["Provincia di Macerata", "nulla osta idrogeologico e valutazione geologica del sito", "no", "30/12/2026"],
            ["Soprintendenza", "autorizzazione su bene culturale; parere paesaggistico", "beni culturali; paesaggio",
             "14/01/2027"],
            ["Ufficio Speciale Ricostruzione Marche", "conformità alle norme sulla ricostruzione", "no", "30/12/2026"],
        ], [48, 66, 32, 24]),
        p("Nessuno degli atti richiesti deve essere espresso in forza di norme dell'Unione europea."),
        h("Avvertenze"),
        *points([
            "le determinazioni sono congruamente motivate, espresse in termini di assenso o dissenso, e indicano ove possibile le "
            "modifiche necessarie all'assenso; di ogni prescrizione si dice se deriva da una norma, da un atto generale o da "
            "discrezionalità, e <b>quanto costa</b>;",
            "la mancata comunicazione nel termine, o una determinazione priva dei requisiti, equivale ad <b>assenso senza "
            "condizioni</b> (art. 14-bis, comma 4); le determinazioni tardive sono inefficaci (art. 2, comma 8-bis);",
            "il termine della Soprintendenza riguarda la sola Soprintendenza.",
        ]),
        p("Responsabile del procedimento: il titolare dell'incarico presso il Settore di prova (regione.marche@pec.example)."),
        *signature("Il responsabile del procedimento (ruolo)"),
    ]


def integration_request():
    """07: the Provincia asks for integrations."""
    return PROVINCE, "Richiesta di integrazioni", [
        *protocol("000202/2026 (di prova)", "Macerata, 4 dicembre 2026",
                  ["Alla Regione Marche – amministrazione procedente"]),
        *subject("Conferenza di servizi, via Esempio 1, Camerino – richiesta di integrazioni documentali "
                 "(art. 14-bis, comma 2, lett. b, L. 241/1990)"),
        p("In relazione all'indizione ricevuta il 30 novembre 2026 (prot. 000101/2026), esaminata la documentazione, si rileva che "
          "la relazione tecnica (par. 5) non contiene indagini sul terreno di fondazione. Il sito è prossimo al ciglio di un versante; i "
          "dati mancanti riguardano fatti e qualità che <b>non risultano da documenti in possesso di questa o di altre "
          "amministrazioni</b> (art. 2, comma 7, L. 241/1990)."),
        p("Si chiede pertanto di acquisire dal richiedente:"),
        *table([
            ["N.", "Integrazione richiesta", "Perché occorre"],
            ["1", "Prova penetrometrica dinamica (DPSH) spinta almeno a 8 m, con stratigrafia interpretata, in prossimità del saggio D1",
             "natura e consistenza del terreno di fondazione non documentate"],
            ["2", "Prova sismica MASW, con V<sub>s,eq</sub> e categoria di sottosuolo (NTC 2018, par. 3.2.2)",
             "la relazione assume il suolo A senza misure"],
            ["3", "Verifica di stabilità del versante a valle di vicolo Prova, in condizioni statiche e sismiche, nello stato di "
                  "fatto e di progetto", "il sito è soggetto a vincolo idrogeologico"],
        ], [10, 100, 60]),
        p("Si propone che i termini siano sospesi per il tempo strettamente necessario e comunque non oltre trenta giorni. La "
          "determinazione di questa Provincia è espressa nel termine, come rideterminato dopo la sospensione."),
        *signature("Il dirigente del Settore di prova (ruolo)"),
    ]


def suspension():
    """08: the Region suspends the terms and asks the applicant."""
    return REGION, "Sospensione dei termini e richiesta al richiedente", [
        *protocol("000118/2026 (di prova)", "Ancona, 7 dicembre 2026",
                  ["Al Condominio di prova via Esempio 1", "e alle amministrazioni convocate"]),
        *subject("Conferenza di servizi, via Esempio 1, Camerino – richiesta di integrazioni e sospensione dei termini "
                 "(art. 2, comma 7, L. 241/1990)"),
        p("La Provincia di Macerata ha chiesto il 4 dicembre 2026, entro il termine del 15 dicembre 2026, le integrazioni qui "
          "riunite. Nessun'altra amministrazione ha presentato richieste. La richiesta riguarda fatti che non risultano da documenti "
          "in possesso di pubbliche amministrazioni."),
        h("Si chiede al richiedente"),
        *numbered([
            "prova penetrometrica dinamica DPSH con stratigrafia interpretata;",
            "prova sismica MASW, con V<sub>s,eq</sub> e categoria di sottosuolo;",
            "verifica di stabilità del versante a valle di vicolo Prova.",
        ]),
        h("Si dispone"),
        *points([
            "la <b>sospensione dei termini</b> della conferenza dal <b>7 dicembre 2026</b>, una sola volta e per non più di "
            "<b>30 giorni</b> (fino al 6 gennaio 2027);",
            "che i termini riprendano alla ricezione delle integrazioni o, in mancanza, alla scadenza dei 30 giorni: sono prolungati "
            "dei giorni trascorsi, non ricominciano;",
            "che le nuove date siano comunicate a tutti alla ripresa.",
        ]),
        p("La sospensione sposta i termini di cui alle lettere c) e d) dell'indizione e quello finale del procedimento; il termine "
          "per le richieste di integrazioni resta il 15 dicembre 2026."),
        *signature("Il responsabile del procedimento (ruolo)"),
    ]


def integration_letter():
    """11: the applicant delivers the integrations."""
    return APPLICANT, "Trasmissione delle integrazioni", [
        *protocol("– (di parte)", "Camerino, 21 dicembre 2026", ["Alla Regione Marche – amministrazione procedente", "via PEC"]),
        *subject("Conferenza di servizi, via Esempio 1, Camerino – trasmissione delle integrazioni richieste il 7 dicembre 2026"),
        p("In riscontro alla richiesta prot. 000118/2026 si trasmette la <b>relazione geologica integrativa</b> del 18 dicembre 2026, "
          "che risponde ai tre punti:"),
        *table([
            ["Punto", "Risposta", "Dove"],
            ["1. DPSH e stratigrafia", "prova P1 fino a 9,0 m presso il saggio D1", "par. 2 e 3"],
            ["2. MASW", "stendimento di 46 m; V<sub>s,eq</sub> = 405 m/s, categoria B", "par. 4"],
            ["3. Stabilità del versante", "quattro verifiche, coefficienti sopra i minimi", "par. 5"],
        ], [50, 90, 30]),
        p("Il progettista conferma che il passaggio dalla categoria A alla categoria B è già compreso nel margine delle verifiche: "
          "l'indice di sicurezza minimo di progetto passa da 0,68 a 0,63 e resta sopra la soglia di 0,60."),
        *signature("L'amministratore pro tempore del Condominio"),
    ]


LAYERS = (("A", 0.0, 1.8, "riporto antropico, ghiaia e laterizi", 165), ("B", 1.8, 6.5, "limo sabbioso addensato", 290),
          ("C", 6.5, 14.0, "arenaria alterata", 410), ("D", 14.0, 30.0, "arenaria compatta", 560))
BLOWS = (3, 4, 6, 5, 4, 5, 7, 6, 8, 11, 12, 13, 12, 14, 15, 14, 16, 15, 17, 18, 16, 17, 19, 18, 20, 19, 21, 20, 22, 23, 22, 24,
         28, 31, 33, 34, 33, 36, 38, 39, 41, 43, 45, 47, 49)


def geological_report():
    """10: the supplementary geological report."""
    travel = sum((bottom - top) / speed for _, top, bottom, _, speed in LAYERS)
    equivalent = int(30 / travel)
    metres = lambda value: f"{value:.1f}".replace(".", ",")  # noqa: E731
    rows = [["Strato", "Profondità (m)", "Descrizione", "V<sub>s</sub> (m/s)", "Spessore/V<sub>s</sub> (s)"]]
    for name, top, bottom, text, speed in LAYERS:
        delay = f"{(bottom - top) / speed:.4f}".replace(".", ",")
        rows.append([name, f"{metres(top)} – {metres(bottom)}", text, str(speed), delay])
    return GEOLOGIST, "Relazione geologica integrativa", [
        p("RELAZIONE GEOLOGICA INTEGRATIVA", TITLE),
        p("Camerino, 18 dicembre 2026", RIGHT), *subject(WORK),
        h("1. Scopo"),
        p("La relazione risponde alla richiesta della Provincia di Macerata del 4 dicembre 2026. Le indagini sono state eseguite "
          "tra il 10 e il 15 dicembre 2026. Tutti i valori sono inventati per questo caso di prova."),
        h("2. Prova penetrometrica dinamica P1"),
        p("Penetrometro DPSH (massa 63,5 kg, caduta 0,75 m), presso il saggio D1, fino a 9,0 m. Falda non rilevata."),
        penetration_chart(BLOWS), Spacer(1, 6),
        *table([
            ["Intervallo (m)", "Colpi N20, minimo – massimo", "Consistenza", "φ' (°)", "c' (kPa)"],
            ["0,0 – 1,8", "3 – 8", "sciolto", "26", "0"],
            ["1,8 – 6,4", "11 – 24", "mediamente addensato", "31", "4"],
            ["6,4 – 9,0", "28 – 49", "addensato, roccia alterata", "36", "15"],
        ], [32, 52, 46, 20, 20], right=(3, 4)),
        h("3. Stratigrafia e modello geologico"),
        p("Sotto il riporto (strato A) si trova un limo sabbioso addensato (B), poi il substrato di arenaria, alterato nella parte alta "
          "(C) e compatto in profondità (D). I setti di fondazione poggiano nello strato B, tra 2,1 e 2,6 m (saggio D1)."),
        h("4. Prova MASW e categoria di sottosuolo"),
        *table(rows, [18, 34, 62, 24, 32], right=(3, 4)),
        p(f"La velocità equivalente è V<sub>s,eq</sub> = 30 / {travel:.4f}".replace(".", ",") +
          f" = <b>{equivalent} m/s</b>: sottosuolo di <b>categoria B</b> (NTC 2018, tab. 3.2.II); categoria topografica T1. Il fattore "
          "stratigrafico per lo SLV è S<sub>s</sub> = 1,18."),
        h("5. Stabilità del versante a valle di vicolo Prova"),
        p("Sezione A–A', pendenza media 11°, metodo di Bishop semplificato, ricerca della superficie critica con 400 tentativi; azione "
          "sismica pseudostatica con k<sub>h</sub> = 0,063."),
        *table([
            ["Condizione", "Stato di fatto", "Progetto", "Minimo richiesto"],
            ["Statica (A2+M2+R2)", "1,62", "1,64", "1,10"],
            ["Sismica (pseudostatica)", "1,34", "1,36", "1,20"],
        ], [62, 36, 36, 36], right=(1, 2, 3)),
        p("L'intervento non aggrava le condizioni del versante: le masse aggiunte sono trascurabili e la raccolta delle acque "
          "meteoriche nel nuovo collettore riduce l'infiltrazione."),
        h("6. Conclusioni"),
        p("Il sito è idoneo. Si raccomanda che lo scavo del collettore sia eseguito per tratti non superiori a 3 m e richiuso in "
          "giornata, come già previsto nel piano di cantiere."),
        *signature("Il geologo incaricato (ruolo)"),
    ]


def determination_province():
    """12: the Provincia assents."""
    return PROVINCE, "Determinazione: assenso", [
        *protocol("000231/2026 (di prova)", "Macerata, 29 dicembre 2026", ["Alla Regione Marche – amministrazione procedente"]),
        *subject("Conferenza di servizi, via Esempio 1, Camerino – determinazione della Provincia di Macerata "
                 "(art. 14-bis, comma 3, L. 241/1990)"),
        p("<b>Visti</b> l'indizione del 30 novembre 2026, la ripresa dei termini del 21 dicembre 2026 (nuovo termine 13 gennaio 2027) "
          "e la relazione geologica integrativa del 18 dicembre 2026;"),
        h("Motivazione"),
        *points([
            "la prova P1 e la prova MASW colmano le lacune rilevate; il sottosuolo è di categoria B (V<sub>s,eq</sub> = 405 m/s);",
            "le verifiche di stabilità danno coefficienti superiori ai minimi (1,36 contro 1,20 in condizioni sismiche) e l'intervento "
            "non aggrava il versante;",
            "lo scavo previsto (profondità massima 1,20 m) non altera il regime delle acque.",
        ]),
        h("Determina"),
        p("di esprimere <b>ASSENSO</b>, senza condizioni, all'intervento. L'atto sostituito è il nulla osta ai fini del "
          "vincolo idrogeologico (R.D.L. 3267/1923), con la relativa valutazione geologica del sito."),
        *signature("Il dirigente del Settore di prova (ruolo)"),
    ]


PRESCRIPTIONS = (
    ("1", "Prima dell'inizio dei lavori sia consegnato il piano di gestione delle macerie, delle terre e delle rocce da scavo, con "
          "separazione degli elementi di pietra riutilizzabili.", "norma: D.Lgs. 152/2006; D.P.R. 120/2017", 4800),
    ("2", "Il manto sia in coppi di recupero per almeno il 70 %; le superfici intonacate siano tinteggiate a calce nelle tonalità "
          "della cartella comunale.", "atto generale: piano del colore del centro storico (di prova)", 12500),
    ("3", "Per tutta la durata del cantiere sia mantenuto in via Esempio un passaggio pedonale protetto, largo almeno 1,50 m e "
          "illuminato (misura mitigatrice).", "discrezionalità: sicurezza e vita del centro storico", 3200),
)


def prescriptions_table(last=None):
    """The prescriptions of the Comune with their origin and cost; `last` names a further column."""
    total = sum(cost for *_, cost in PRESCRIPTIONS)
    head = ["N.", "Prescrizione", "Da che cosa deriva", "Costo (€)"]
    rows = [[n, text, origin, euro(cost)] for n, text, origin, cost in PRESCRIPTIONS]
    end = ["", "Totale", "", euro(total)]
    if last:
        rows = [[*row, "accettata"] for row in rows]
        return table([[*head, last], *rows, [*end, ""]], [10, 72, 46, 22, 20], right=(3,), total=True)
    return table([head, *rows, end], [10, 88, 48, 24], right=(3,), total=True)


def determination_town():
    """13: the Comune assents with prescriptions."""
    return TOWN, "Determinazione: assenso con condizioni", [
        *protocol("000317/2027 (di prova)", "Camerino, 8 gennaio 2027", ["Alla Regione Marche – amministrazione procedente"]),
        *subject("Conferenza di servizi, via Esempio 1, Camerino – determinazione del Comune di Camerino "
                 "(art. 14-bis, comma 3, L. 241/1990; art. 13 D.L. 76/2020)"),
        p("<b>Visti</b> l'indizione ricevuta il 30 novembre 2026 e la ripresa dei termini del 21 dicembre 2026 (nuovo termine "
          "13 gennaio 2027); <b>esaminati</b> la relazione tecnica, la planimetria e il prospetto;"),
        h("Motivazione"),
        p("L'intervento è conforme allo strumento urbanistico (zona A, restauro e risanamento conservativo) e non muta sagoma, volumi e "
          "destinazioni. L'occupazione di 38 m² di suolo pubblico è compatibile con il transito, purché il passaggio pedonale resti "
          "aperto: via Esempio è l'unico accesso a due abitazioni e a un negozio. Le scelte cromatiche e il manto non sono descritti "
          "in modo sufficiente negli elaborati."),
        h("Determina"),
        p("di esprimere <b>ASSENSO CON CONDIZIONI</b>. Il Comune assente se sono accolte le prescrizioni che seguono, che "
          "non modificano in modo sostanziale l'intervento:"),
        *prescriptions_table(),
        p("I costi sono stimati con il prezzario regionale (valori di prova) e sono il 3,2 % dei lavori: proporzionati "
          "all'intervento e sostenibili."),
        p("Atti sostituiti: titolo edilizio (D.P.R. 380/2001); concessione per l'occupazione temporanea di suolo pubblico, 38 m² per "
          "14 mesi."),
        *signature("Il responsabile dello Sportello unico per l'edilizia (ruolo)"),
    ]


def determination_heritage():
    """14: the Soprintendenza's determination, which comes late."""
    return HERITAGE, "Determinazione della Soprintendenza", [
        *protocol("000409/2027 (di prova)", "Ancona, 29 gennaio 2027", ["Alla Regione Marche – amministrazione procedente"]),
        *subject("Conferenza di servizi, via Esempio 1, Camerino – determinazione ai sensi degli artt. 21 e 146 del D.Lgs. 42/2004"),
        p("<b>Vista</b> la documentazione trasmessa con l'indizione del 30 novembre 2026 e le integrazioni del 21 dicembre 2026; "
          "<b>considerato</b> che le opere di consolidamento sono in larga parte reversibili e compatibili con la materia storica; "
          "<b>vista</b> la carta del potenziale archeologico (allegato A, riservato);"),
        h("Motivazione"),
        p("Le catene, le iniezioni a base di calce e il cordolo in muratura armata rispettano i caratteri dell'edificio. Lo scavo del "
          "collettore in via Esempio attraversa invece un'area in cui la carta indica un potenziale alto."),
        h("Determina"),
        p("di esprimere <b>ASSENSO CON CONDIZIONI</b>:"),
        *table([
            ["N.", "Prescrizione", "Da che cosa deriva", "Costo (€)"],
            ["1", "Lo scavo del collettore sia eseguito con sorveglianza archeologica continua, a carico del richiedente, e con "
                  "comunicazione dell'inizio dieci giorni prima.", "discrezionalità: tutela del patrimonio archeologico", euro(6000)],
        ], [10, 88, 48, 24], right=(3,)),
        p("L'allegato A contiene la posizione di rinvenimenti e per questo è trasmesso alla sola amministrazione procedente."),
        *signature("Il soprintendente (ruolo)"),
        rule(),
        p("Nota del caso di prova: il termine di questa amministrazione scadeva il 28 gennaio 2027; l'atto, del giorno dopo, è tardivo.",
          SMALL),
    ]


def implied_assent():
    """16: the Region takes note of the implied assents."""
    return REGION, "Presa d'atto degli assensi per silenzio", [
        *protocol("000057/2027 (di prova)", "Ancona, 1 febbraio 2027", ["Alle amministrazioni convocate", "Al richiedente"]),
        *subject("Conferenza di servizi, via Esempio 1, Camerino – presa d'atto ai sensi dell'art. 14-bis, comma 4, L. 241/1990"),
        p("Scaduti i termini per le determinazioni (13 gennaio 2027; 28 gennaio 2027 per la Soprintendenza), come ricalcolati dopo la "
          "sospensione di 14 giorni dal 7 al 21 dicembre 2026, si dà atto di quanto segue."),
        *table([
            ["Amministrazione", "Prova di ricezione dell'indizione", "Termine", "Che cosa è pervenuto", "Effetto"],
            ["Ufficio Speciale Ricostruzione Marche", "ricevuta firmata del 30/11/2026", "mer. 13/01/2027", "nulla",
             "assenso senza condizioni (silenzio)"],
            ["Soprintendenza", "ricevuta firmata del 30/11/2026", "gio. 28/01/2027",
             "determinazione prot. 000409 del 29/01/2027, ricevuta lo stesso giorno: tardiva",
             "inefficace (art. 2 c. 8-bis); assenso senza condizioni"],
        ], [38, 34, 26, 40, 32]),
        h("Verifiche"),
        *points([
            "nessuno degli atti richiesti alle due amministrazioni deve essere espresso in forza di norme dell'Unione europea;",
            "le date non cadono di sabato né in giorno festivo: la data stretta e quella prudenziale coincidono;",
            "il nodo dell'Ufficio Speciale è stato fermo dal 1° dicembre 2026 al 20 gennaio 2027: l'indizione gli era già stata "
            "consegnata il 30 novembre 2026, e la sospensione ha solo allungato il suo termine.",
        ]),
        p("L'atto tardivo della Soprintendenza resta nel fascicolo ed è visibile; non è contato. Restano ferme le responsabilità "
          "dell'amministrazione e dei singoli dipendenti."),
        *signature("Il responsabile del procedimento (ruolo)"),
    ]


def consultation():
    """17: the applicant and the bodies are heard on the prescriptions."""
    return REGION, "Consultazione sulle prescrizioni", [
        *protocol("000058/2027 (di prova)", "Ancona, 1 febbraio 2027",
                  ["Al Condominio di prova via Esempio 1", "Alle amministrazioni convocate"]),
        *subject("Conferenza di servizi, via Esempio 1, Camerino – consultazione sulle prescrizioni (art. 14-bis, comma 5, L. 241/1990)"),
        p("Il Comune di Camerino ha espresso l'8 gennaio 2027 assenso con le condizioni che seguono. Prima di valutare se siano "
          "accoglibili senza modifiche sostanziali si sentono il richiedente e le altre amministrazioni."),
        *prescriptions_table(),
        p("Eventuali osservazioni sono inviate <b>entro mercoledì 3 febbraio 2027</b>. Il termine è breve perché la "
          "determinazione conclusiva è dovuta entro cinque giorni lavorativi dal 28 gennaio 2027, cioè entro il 4 febbraio 2027."),
        *signature("Il responsabile del procedimento (ruolo)"),
    ]


def applicant_answer():
    """18: the applicant accepts the prescriptions."""
    return APPLICANT, "Risposta sulle prescrizioni", [
        *protocol("– (di parte)", "Camerino, 2 febbraio 2027", ["Alla Regione Marche – amministrazione procedente", "via PEC"]),
        *subject("Conferenza di servizi, via Esempio 1, Camerino – risposta alla consultazione del 1° febbraio 2027"),
        p("Il Condominio, sentito il progettista, <b>accetta</b> le tre prescrizioni del Comune di Camerino e il loro costo, stimato in "
          f"€ {euro(sum(cost for *_, cost in PRESCRIPTIONS))}. Comunica inoltre che affiderà di propria iniziativa la sorveglianza archeologica dello scavo, pur "
          "essendo l'atto della Soprintendenza pervenuto oltre il termine."),
        *signature("L'amministratore pro tempore del Condominio"),
    ]


def final_determination():
    """19: the conclusion of the conference."""
    return REGION, "Determinazione motivata di conclusione", [
        *protocol("000061/2027 (di prova)", "Ancona, 4 febbraio 2027", ["Alle amministrazioni convocate", "Al richiedente"]),
        p("DETERMINAZIONE MOTIVATA DI CONCLUSIONE<br/>DELLA CONFERENZA DI SERVIZI", TITLE),
        *subject("Artt. 14-bis, comma 5, e 14-quater L. 241/1990 – " + WORK),
        h("1. Svolgimento"),
        *table([
            ["Data", "Atto"],
            ["23/11/2026", "istanza del Condominio di prova via Esempio 1"],
            ["30/11/2026", "indizione, ricevuta lo stesso giorno da tutte le amministrazioni"],
            ["04/12/2026", "richiesta di integrazioni della Provincia di Macerata (nel termine del 15/12/2026)"],
            ["07/12/2026", "sospensione dei termini e richiesta al richiedente"],
            ["21/12/2026", "integrazioni e ripresa: termini 13/01/2027 e 28/01/2027, riunione 12/02/2027"],
            ["29/12/2026", "determinazione della Provincia di Macerata: assenso"],
            ["08/01/2027", "determinazione del Comune di Camerino: assenso con condizioni"],
            ["29/01/2027", "determinazione della Soprintendenza: tardiva"],
            ["01/02/2027", "presa d'atto degli assensi per silenzio; consultazione sulle prescrizioni"],
            ["02/02/2027", "risposta del richiedente: prescrizioni accettate"],
        ], [28, 142]),
        h("2. Posizioni"),
        *table([
            ["Amministrazione", "Posizione", "Fondamento"],
            ["Comune di Camerino", "assenso con condizioni", "determinazione 08/01/2027"],
            ["Provincia di Macerata", "assenso", "determinazione 29/12/2026"],
            ["Soprintendenza", "assenso senza condizioni", "art. 14-bis c. 4: atto tardivo; presa d'atto 01/02/2027"],
            ["Ufficio Speciale Ricostruzione Marche", "assenso senza condizioni", "art. 14-bis c. 4: silenzio; presa d'atto 01/02/2027"],
        ], [56, 46, 68]),
        h("3. Prescrizioni"),
        p("Sentiti il richiedente e le altre amministrazioni, le prescrizioni del Comune sono ritenute <b>accoglibili senza "
          "modifiche sostanziali</b> alla decisione: non toccano struttura, sagoma e destinazioni e incidono per il 3,2 % dei lavori."),
        *prescriptions_table("Esito"),
        p("La prescrizione contenuta nell'atto tardivo della Soprintendenza non è contata; si prende atto che il richiedente la "
          "attuerà di propria iniziativa."),
        h("4. Determinazione"),
        p("Tutto ciò premesso si <b>conclude positivamente</b> la conferenza, con le prescrizioni del punto 3. La presente "
          "determinazione sostituisce a ogni effetto tutti gli atti di assenso delle amministrazioni interessate:"),
        *numbered([
            "titolo edilizio e occupazione di suolo pubblico (Comune di Camerino);",
            "nulla osta idrogeologico e valutazione geologica del sito (Provincia di Macerata);",
            "autorizzazione su bene culturale e parere paesaggistico (Soprintendenza);",
            "conformità alle norme sulla ricostruzione (Ufficio Speciale Ricostruzione Marche).",
        ]),
        p("<b>Efficacia.</b> Non vi sono dissensi qualificati: la determinazione è <b>immediatamente efficace</b> (art. 14-quater, "
          "comma 3). I termini di efficacia degli atti sostituiti decorrono dalla comunicazione della presente (comma 4)."),
        p("<b>Tutela.</b> Contro la presente è ammesso ricorso al TAR entro 60 giorni, o ricorso straordinario entro 120 giorni. Le "
          "amministrazioni i cui atti sono sostituiti possono sollecitare l'autotutela (art. 14-quater, comma 2)."),
        *signature("Il responsabile del procedimento (ruolo)"),
    ]


def mail_evidence(what, sent, delivered, identifier, attached):
    """A receipt of certified mail towards the applicant."""
    rows = [["Campo", "Valore"], ["Tipo", "ricevuta di avvenuta consegna (completa)"],
            ["Mittente", "regione.marche@pec.example"], ["Destinatario", "condominio.esempio1@pec.example"],
            ["Oggetto", what], ["Accettazione", sent], ["Consegna", delivered], ["Identificativo", identifier]]
    return MAIL, f"Ricevuta di consegna: {what}", [
        p("RICEVUTA DI AVVENUTA CONSEGNA", TITLE),
        p("Il giorno e all'ora indicati il messaggio è stato reso disponibile nella casella di posta elettronica certificata del "
          "destinatario (D.P.R. 68/2005, art. 6). Rappresentazione in PDF dell'evidenza inventata per il caso di prova.", BODY),
        *table(rows, [36, 134]),
        h("Messaggio consegnato: allegati"), *[p(line, MONO) for line in attached],
    ]


def texts():
    """File name and content of each text document."""
    receipt = mail_evidence
    return {
        "01-istanza": application(), "02-relazione-tecnica": technical_report(), "05-indizione": notice(),
        "06-ricevuta-indizione": receipt("Indizione della conferenza di servizi – prot. 000101/2026",
                                         "30/11/2026 10:31:04 (+0100)", "30/11/2026 10:31:09 (+0100)",
                                         "prova-000101.20261130103104@pec.example", ["05-indizione.pdf"]),
        "07-richiesta-integrazioni": integration_request(), "08-sospensione": suspension(),
        "09-ricevuta-sospensione": receipt("Richiesta di integrazioni e sospensione – prot. 000118/2026",
                                           "07/12/2026 12:05:40 (+0100)", "07/12/2026 12:05:46 (+0100)",
                                           "prova-000118.20261207120540@pec.example", ["08-sospensione.pdf"]),
        "10-relazione-geologica": geological_report(), "11-trasmissione-integrazioni": integration_letter(),
        "12-determinazione-provincia": determination_province(), "13-determinazione-comune": determination_town(),
        "14-determinazione-soprintendenza": determination_heritage(), "16-presa-atto": implied_assent(),
        "17-consultazione-prescrizioni": consultation(), "18-risposta-richiedente": applicant_answer(),
        "19-determinazione-conclusiva": final_determination(),
        "20-ricevuta-conclusione": receipt("Determinazione motivata di conclusione – prot. 000061/2027",
                                           "04/02/2027 16:20:12 (+0100)", "04/02/2027 16:20:19 (+0100)",
                                           "prova-000061.20270204162012@pec.example", ["19-determinazione-conclusiva.pdf"]),
    }


def main():
    """Writes every document and prints its size."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "documents"
    folder.mkdir(parents=True, exist_ok=True)
    register_fonts()
    for name, (head, title, story) in texts().items():
        build(folder / f"{name}.pdf", title, head, story)
    sheet(folder / "03-planimetria.pdf", "Tav. 1 – Planimetria generale", "Studio tecnico di prova", site_plan)
    sheet(folder / "04-prospetto.pdf", "Tav. 2 – Prospetto su via Esempio", "Studio tecnico di prova", facade)
    sheet(folder / "15-carta-archeologica.pdf", "Allegato A – Carta del potenziale archeologico", "Soprintendenza (prova)",
          archaeological_map)
    sizes = {file.name: file.stat().st_size for file in sorted(folder.glob("*.pdf"))}
    for name, size in sizes.items():
        print(f"{size:8d}  {name}")
    print(f"{sum(sizes.values()):8d}  bytes in {len(sizes)} documents")


if __name__ == "__main__":
    main()
