//! The words of Italian offices for their positions, as phrases (`phrase.rs`). One table for each thing that a sentence may say.
//!
//! These tables are narrow; those of doubt (`doubts.rs`) are wide.

/// What assent is called.
pub(super) const ASSENT_NAMES: &[&str] = &[
    "parere|pareri|avviso|giudizio|valutazione|valutazioni|contributo|esito|determinazione|posizione|istruttoria ~3 favorevol*|positiv*",
    "favorevol*|positiv* parere|avviso|giudizio|valutazione|esito|determinazione",
    "parere di assenso",
    "nulla osta",
    "nullaosta",
    "assenso",
    "benestare",
    "consenso",
    "favorevole|favorevoli",
    "favorevolmente|positivamente",
];

/// Verbs by which an office says its position, in the present.
const SAYING: &str = "esprime|esprimono|esprimiamo|esprimo|esprimesi|rilascia|rilasciano|rilasciamo|rilasciasi|formula|formulano|formuliamo|rende|\
rendono|rendiamo|manifesta|manifestano|manifestiamo|comunica|comunicano|comunichiamo|comunico|comunicasi|concede|concedono|presta|prestano|prestiamo|\
conferma|confermano|confermiamo|emette|fornisce|dichiara|dichiarano|dichiariamo|attesta|ritiene|pronuncia|vota";

/// An assent that is being given.
pub(super) fn assent_given() -> [String; 3] {
    [
        format!(
            "{SAYING} ~25 {}",
            "parere|pareri|avviso|giudizio|valutazione|contributo|esito|determinazione|posizione ~3 favorevol*|positiv*"
        ),
        format!("{SAYING} ~25 nulla osta"),
        format!(
            "{SAYING} ~25 nullaosta|assenso|benestare|consenso|favorevole|favorevoli|favorevolmente|positivamente"
        ),
    ]
}

/// An assent that is being given, in phrases that need no other verb.
pub(super) const ASSENT_SAID: &[&str] = &[
    "e|siamo|sono|dice|diciamo ~2 favorevole|favorevoli",
    "ritiene|ritengono|ritiene|riteniamo|ritenuto di ~2 esprimere|rilasciare|rendere ~6 favorevol*|positiv*|osta|nullaosta|assenso",
    "puo|possono|possiamo esprimere|rilasciare|rendere ~6 favorevol*|positiv*|osta|nullaosta|assenso",
    "nulla da osservare|eccepire|opporre|obiettare|rilevare|ridire",
    "niente da osservare|eccepire|opporre|obiettare|rilevare",
    "nulla in contrario",
    "nulla ~1 osta",
    "nessun|nessuna|nessuno motivo|elemento|ragione|causa|impedimento|profilo ~2 ostativ*|contrari*",
    "nessuna obiezione|contrarieta",
    "non ~3 obiezioni|impedimenti",
    "assenso|parere|osta|nullaosta|benestare ~6 e|resta|rimane|viene subordinat*|condizionat*",
    "si|ne autorizza",
    "autorizziamo",
    "si|lo|la assente|acconsente",
    "acconsentiamo",
];

/// What says it without a verb at the beginning of a sentence: *Parere favorevole all'intervento*.
pub(super) const ASSENT_HEADLESS: &[&str] = &[
    "parere|avviso|giudizio|valutazione|esito|determinazione ~2 favorevol*|positiv*",
    "favorevole|favorevoli",
    "nulla osta",
    "nullaosta|assenso|benestare",
];

/// Words that may stand before that.
pub(super) const BEFORE_HEADLESS: &[&str] = &[
    "per",
    "in quanto",
    "di",
    "propria",
    "sua",
    "nostra",
    "ns",
    "competenza",
    "pertanto",
    "quindi",
    "dunque",
    "ok",
    "si",
    "buongiorno",
    "salve",
    "spett",
    "le",
    "gentilissimi",
    "buonasera",
    "visto",
];

/// *Non si ravvisano … motivi ostativi*: a no that is a yes.
pub(super) const NO_OBSTACLE: &[&str] = &[
    "non ~2 ravvis*|rilev*|sussist*|riscontr*|emerg*|emers*|esist*|ha|hanno|abbiamo|vi|sono|evidenzi*|individu*|risult*|ostano ~12 motivi|elementi|ragioni|cause|profili|aspetti|impedimenti|condizioni ~2 \
ostativ*|contrari*",
];

/// What may not stand inside it: another sentence begins.
pub(super) const NO_OBSTACLE_BROKEN: &[&str] = &[
    "non",
    "in quanto",
    "perche",
    "poiche",
    "ma",
    "bensi",
    "presuppost*",
    "esprim*",
    "rilasci*",
    "favorevol*",
    "stante",
    "atteso",
    "vist*",
    "sussist* ~10 sussist*",
    "e sussist*",
    "anzi",
    "tuttavia",
    "pero",
    "considerat*",
    "dato",
    "solo",
    "requisiti",
    "osta",
    "assenso",
];

/// A dissent that is being given.
pub(super) const DISSENT_SAID: &[&str] = &[
    "parere|avviso|giudizio|valutazione|esito|determinazione|posizione ~3 contrari*|negativ*|sfavorevol*",
    "contrari*|negativ* parere|avviso|giudizio|valutazione",
    "sfavorevol*",
    "e|siamo|sono|dichiara ~2 contrari*",
    "contrarieta",
    "esprime|esprimono|esprimiamo|si|vota ~4 negativament*|sfavorevolment*",
    "dissens*",
    "dinieg*",
    "diniega",
    "si nega|respinge|rigetta|oppone",
    "ci opponiamo",
    "neghiamo",
    "non ~2 esprim*|rilasci*|formul*|rend*|conced*|puo|possibile|ritien*|riteniamo ~14 parere|avviso|giudizio|valutazione ~3 favorevol*|positiv*",
    "parere|avviso|giudizio|valutazione|esito ~2 non favorevol*|positiv*",
    "non ~2 parere favorevol*",
    "non e|siamo ~2 favorevol*",
    "non ~2 rilascia|rilasciano|rilasciamo|concede|esprime|presta ~8 osta|nullaosta|assenso|autorizzazione|benestare|consenso",
    "non ~1 puo|possono|possibile|possiamo ~2 rilasciare|esprimere|concedere|prestare|accogliere|dare|assentire ~6 osta|nullaosta|assenso|autorizzazione|benestare|consenso|favorevol*|istanza|positiv*",
    "osta|nullaosta|assenso|autorizzazione|benestare|consenso|favorevole ~2 non ~4 rilasciat*|conced*|concess*|accordat*|prestat*|dato|espress*|rilasciabil*|assentibil*",
    "non ~3 autorizza|autorizzabil*|assentibil*|accoglibil*|ammissibil*|approvabil*|assentit*|accoglier*|accolt*|compatibile",
    "sussist*|presenti|ravvis*|rilev*|riscontr*|esist*|emerg* ~4 motivi|elementi|ragioni ~2 ostativ*",
    "inammissibil*|incompatibil*",
    "osta|ostano alla|all|al",
];

/// Only that nothing can be said yet, where something is asked for at the same time.
pub(super) const DISSENT_WEAK: &[&str] = &[
    "non ~2 puo|possono|possibile|possiamo|consente|permette|consentono|permettono ~3 esprim*|rilasci*|rendere|espress*|formul*|dare|valut*|espressione|rilascio",
    "non ~2 grado ~3 esprim*|rilasci*",
];

/// A dissent with a way to an assent.
pub(super) const SURMOUNTABLE: &[&str] = &[
    "superabil*",
    "superat*",
    "superare",
    "superament*",
    "riconsidera*",
    "riesamina*",
    "modifiche|modifica|varianti|adeguamenti|correzioni ~4 necessari*|progettual*|seguenti|indicat*",
    "necessari* ~4 modific*|adeguament*|variant*",
    "ai fini dell assenso",
    "per ~3 assenso",
    "si potra ~6 favorevol*|assenso",
    "rivalutat*|rivalutare",
    "potra essere ~3 favorevol*|assentit*|accolt*",
    "assenso ~4 possibile",
    "renderebbe*|renderebbero",
    "condizioni ~3 assenso",
    "ove|qualora|se ~10 modificat*|ridott*|spostat*|arretrat*|adeguat*",
];

/// No competence.
pub(super) const NO_COMPETENCE: &[&str] = &[
    "non e|sia|risulta|sono|siamo|essendo|ritiene ~4 competente|competenti",
    "non ~2 rientra|rientrano|ricade|ricadono|attiene|attengono|ha|hanno|abbiamo|sussiste|sussistono|ravvisa|ravvisano|rileva|rilevano|possiede ~6 competenza|competenze",
    "non ~1 di ~2 competenza",
    "nessun|nessuna ~3 competenza|competenze",
    "esula|esulano ~5 competenza|competenze",
    "non competenza",
    "incompetenza",
    "incompetente",
    "priv* di competenza|competenze",
    "difetto di competenza",
    "estrane* ~4 competenza|competenze",
    "fuori ~4 competenza|competenze",
];

/// Competence named in passing: *per gli aspetti di competenza*.
pub(super) const COMPETENCE_ASIDE: &[&str] = &[
    "per|su|negli|nei|relativamente|limitatamente ~5 competenza|competenze",
    "quanto ~2 competenza",
    "parere|pareri di ~2 competenza",
];

/// Asking for documents or clarifications.
pub(super) const INTEGRATION_ASKED: &[&str] = &[
    "chiede|chiedono|chiediamo|chiedesi|richiede|richiedono|richiediamo|richiedesi|invita|invitano|prega ~3 di|a ~2 produrre|integrare|fornire|depositare|regolarizzare|completare",
    "manca|mancano ~2 relazione|relazioni|documentazion*|elaborat*|planimetri*|tavole|studio|asseverazione|documenti",
    "chiede|chiedono|chiediamo|chiedesi|richiede|richiedono|richiediamo|richiedesi|invita|invitano|sollecita|prega|occorre|occorrono|necessario|necessaria|necessari|necessarie|necessita|chiedo ~14 \
integrazion*|integrare|integrativ*|chiariment*|chiarire|documentazion*|documenti|elaborat*|relazione|relazioni|precisazion*|approfondiment*|planimetri*|tavole|asseverazione|studio",
    "integrazion*|chiariment* ~6 con|che la|si present* ~3 richied*|chied*",
    "integrazion*|chiariment*|documentazione integrativa ~3 richied*|chied*",
    "richiesta ~1 di|d integrazion*|chiariment*|documentazione",
    "documentazione|pratica|progetto|istanza|elaborati ~6 carente|carenti|incomplet*|insufficient*|lacunos*",
    "dovra|dovranno|deve|devono ~3 essere ~3 integrat*|prodott*|trasmess*",
    "resta|rimane|siamo|si in attesa ~5 integrazion*|chiariment*|documentazion*",
];

/// What is asked of others for other reasons, was asked before, or is not asked.
pub(super) const INTEGRATION_NOT: &[&str] = &[
    "non|nessun*|senza ~6 integrazion*|chiariment*|documentazione",
    "proroga*",
    "rinvi*",
    "differi*",
    "sincron*",
    "riunione",
    "incontro",
    "sopralluogo",
    "sono state|stati ~3 acquisit*|trasmess*|prodott*",
    "integrazioni ~3 richieste ~4 acquisit*|pervenut*|trasmess*",
    "ha|hanno ~3 chiest*|richiest*",
    "gia richiest*",
    "copia del verbale",
    "credenziali",
    "link",
    "riserv* ~3 chied*|richied*",
    "trasmett* ~3 integrazion*|documentazion*|chiariment*",
];

/// Asking for the synchronous form.
pub(super) const SYNC_ASKED: &[&str] = &[
    "chiede|chiedono|chiediamo|richiede|richiedono|richiediamo|chiedo|chiedesi|avanza|formula|propone ~25 sincron*|simultane*",
    "richiesta|istanza ~6 sincron*|simultane*",
    "necessari*|opportun* ~10 sincron*|simultane*",
];

/// It is named, refused or left to others.
pub(super) const SYNC_NOT: &[&str] = &[
    "non ~12 sincron*|simultane*",
    "indett* ~8 sincron*",
    "qualora|se|ove ~12 sincron*|simultane*",
    "riserv* ~12 sincron*|simultane*",
    "ha|hanno ~3 chiest*|richiest*",
    "asincron* ~6 non sincron*",
    "perche|quando|se ~6 sincron*",
];

/// Only that something was received.
pub(super) const ACKNOWLEDGED: &[&str] = &[
    "acquisit* ~6 protocollo",
    "protocollat*",
    "protocollazione",
    "conferma ~4 ricezione|ricevimento|ricevuto",
    "confermiamo ~3 ricezione|ricevimento",
    "conferma di ricezione|lettura",
    "prende|prendiamo atto",
    "presa d|visione",
    "risposta automatica",
    "messaggio ~2 automatic*",
    "generat* automaticamente",
    "sono assente",
    "fuori ufficio",
    "ricevut* ~2 grazie",
    "comunicazione ~3 pervenuta|ricevuta",
    "e stata|stato ~3 assegnat*",
    "assegnat* ~3 ufficio",
];
