//! The words of Italian offices for their positions, as phrases (`phrase.rs`). One table for each thing that a sentence may say.
//!
//! The tables of assent are narrow and those of doubt are wide: a word too many here costs an official one click, a word too few might turn a no
//! into a yes.

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

/// Words that look like doubt and are none: they are taken out before doubt is looked for.
pub(super) const HARMLESS: &[&str] = &[
    "soli|solo fini|fine",
    "sola|soli|sole competenza|competenze",
    "nulla osta",
    "nulla da osservare|eccepire|opporre|obiettare|rilevare|ridire",
    "niente da osservare|eccepire|opporre|obiettare|rilevare",
    "nulla in contrario",
    "non ha|hanno|ha|abbiamo ~1 nulla|niente",
    "nessun|nessuna|nessuno motivo|elemento|ragione|causa|impedimento|profilo ~2 ostativ*|contrari*",
    "nessuna obiezione|contrarieta|criticita|interferenza|prescrizione|condizione|osservazione",
    "non ~3 obiezioni|impedimenti",
    "non ~2 emers* ~3 criticita|elementi|problematiche|interferenze|osservazioni",
    "non ~3 criticita|interferenze|pregiudizi*",
    "non comporta|comportano|interferisce|interferiscono|pregiudica|pregiudicano|incide|altera|alterano",
    "non costituisce ~1 ostacolo|impedimento|variante",
    "senza prescrizioni|condizioni|osservazioni|rilievi",
    "senza alcuna prescrizione|condizione|osservazione",
    "priv* di prescrizioni|condizioni",
    "resta|rimane|resto|restiamo|rimaniamo a disposizione",
    "se necessario ~1 resta|restiamo|rimane|rimaniamo",
    "rispetto a|al|alla|allo|ai|alle|all",
    "in attesa di riscontro",
];

/// Papers that the author has looked at: neither of others nor of earlier.
pub(super) const LOOKED_AT: &[&str] = &[
    "questa|questo|quest|nostra|nostro *",
    "documentazione|elaborati|progetto|istanza|atti|tavole|pratica ~3 trasmess*|pervenut*|ricevut*|alleg*|inviat*|acquisit*|prodott*|presentat*",
    "vist*|considerat*|acquisit* ~2 documentazione|progetto|elaborati|istanza|atti|pratica|relazione|norma|legge|art|articolo|regolamento|decreto",
];

/// Negations, and words that take back.
pub(super) const NEGATIONS: &[&str] = &[
    "non",
    "no",
    "mai",
    "nessun*",
    "neppure",
    "neanche",
    "nemmeno",
    "manca*",
    "mancat*",
    "senza",
    "priv*",
    "impossibil*",
    "impossibilita*",
    "negato",
    "negata",
    "nega",
    "revoc*",
    "annull*",
    "ritir*",
    "sospes*",
    "sospension*",
    "sospende*",
    "lungi",
    "tutt altro",
    "decad*",
    "decaduto",
    "scadut*",
    "errat*",
    "erroneament*",
    "contrari*",
    "negativ*",
    "sfavorevol*",
    "s favorevol*",
    "dissens*",
    "dinieg*",
    "rinunci*",
    "esclud*",
    "falso",
    "falsa",
    "piu favorevole",
    "meno favorevole",
    "poco favorevole",
    "esito favorevole del",
    "condizioni|clima|momento|periodo|trattamento|regime|norma|stagione favorevol*",
    "ostano",
    "osterebbe",
    "disconosc*",
    "difform*",
    "smentisc*",
];

/// What makes of an assent one that is not given now: waiting, wish, plan, question, draft.
pub(super) const NOT_NOW: &[&str] = &[
    "riserv*",
    "chied*",
    "chiediam*",
    "richied*",
    "richiediam*",
    "in|nell attesa",
    "fine|fini ~2 rilascio|espressione|esprim*|ottene*|emissione|acquisizione",
    "per ~1 rilascio|espressione|emissione|ottene*|esprimere|rilasciare",
    "ipotesi",
    "auspic*",
    "sollecit*",
    "intend*",
    "propon*",
    "proposta di parere|determinazione|testo|atto",
    "bozza",
    "schema",
    "massima",
    "preliminar*",
    "informal*",
    "ufficios*",
    "titolo personale",
    "titolo collaborativo",
    "verbal*",
    "telefonic*",
    "anticipa*",
    "vorrebbe",
    "dovrebbe",
    "potrebbe",
    "stante",
    "da acquisire",
    "da esprimere",
    "da rilasciare",
    "da rendere",
    "acquisire",
    "ottenere",
    "necessario ~2 parere|nulla|nullaosta|assenso",
    "silenzio",
    "tacit*",
    "implicit*",
    "si attende",
    "attendiamo",
    "provvisori*",
    "parzial*",
    "in parte",
    "in corso",
    "copia",
    "modello",
    "facsimile",
    "esempio",
    "come se",
    "quasi",
    "forse",
    "probabil*",
    "presum*",
    "sembra",
    "pare",
    "salvo errori",
    "entro",
    "perpless*",
    "dubbi*",
    "vale a dire che",
    "si valut*",
    "valutare",
    "esaminare",
    "sottopo*",
    "sperando",
    "confid*",
    "fiducios*",
    "prevede|prevedono|prevista|previsto ~3 favorevol*|osta|assenso|nullaosta",
];

/// What makes of an assent one that is told: of others, of earlier, of an attachment.
pub(super) const TOLD: &[&str] = &[
    "osta|nullaosta|favorevol*|assenso|benestare di cui",
    "vist*",
    "richiamat*",
    "considerat*",
    "pres* atto",
    "prende atto",
    "prendendo atto",
    "acquisit*",
    "trasmett*",
    "trasmess*",
    "inoltr*",
    "invia",
    "inviamo",
    "inviato",
    "invio",
    "alleg*",
    "in calce",
    "aveva|avevano|ha|hanno|avendo|abbia ~4 espress*|rilasciat*|reso|resa|formulat*|dato|dichiarat*|comunicat*|manifestat*|approvat*|concess*",
    "espress*|rilasciat*|reso|resa|formulat*|manifestat*|concess*|dat* ~2 da|dal|dalla|dall|dai|dalle|dallo|in|con|nel|nella|nell",
    "gia",
    "precedent*",
    "pregress*",
    "era",
    "erano",
    "fu",
    "fosse",
    "era|e|sia|fosse|essendo stato|stata|stati",
    "secondo quanto|cui",
    "riferisc*",
    "afferm*",
    "sostien*",
    "dichiara di avere",
    "a suo tempo",
    "anno",
    "riportat*",
    "citat*",
    "menzionat*",
    "noto",
    "risulta",
    "risultano",
    "pervenut*",
    "ricevut*",
    "sulla base del|della|dei",
    "in base a|al|alla",
    "conformemente",
    "in conformita",
    "con cui",
    "con la|il quale",
    "nella|nel quale",
    "in cui",
    "che la|il|l|lo provinc*|comun*|region*|asl|asst|ats|usl|arpa*|soprintendenz*|comando|minister*|autorita|agenzia|consorzio|parco|commissione|sindaco|consiglio|giunta|prefettura|anas|gestore|demanio|progettista|\
richiedente|ditta|proponente|societa",
    "fa seguito",
    "facendo seguito",
    "a seguito",
    "seguito al|del|alla|della",
    "analog*",
    "altro progetto",
    "altra pratica",
    "istanza di|per",
    "richiesta ~3 parere|nulla|nullaosta|assenso",
    "favorevol*|osta|nullaosta|assenso|benestare|positiv* della|del|dell|dello|dei|delle|di ~1 provinc*|comun*|region*|asl|asst|ats|usl|arpa*|soprintendenz*|vigili|comando|minister*|autorita|agenzia|consorzio|parco|commissione|sindaco|consiglio|giunta|collega|prefettura|genio|anas|gestore|demanio|altr*|citta",
];

/// Conditions: an assent with one of these is a conditional assent.
pub(super) const CONDITIONS: &[&str] = &[
    "avvertenz*",
    "esclus*",
    "escludendo",
    "limiti|limite",
    "limitatament*",
    "sola|soli|sole",
    "condizione|condizioni",
    "condizionat*",
    "prescri*",
    "subordinat*",
    "subordinatament*",
    "fatt* salv*",
    "fatt* comunque salv*",
    "salvo",
    "salva",
    "salve",
    "salvi",
    "purche",
    "patto",
    "nel|nell rispetto",
    "nel pieno|puntuale|rigoroso rispetto",
    "rispettat*",
    "rispettando",
    "rispettare",
    "rispetti",
    "rispettino",
    "ferm* rest*",
    "ferm* l|il|la|gli|le",
    "previa",
    "previo",
    "previe",
    "previamente",
    "preventiv*",
    "dovra",
    "dovranno",
    "deve",
    "devono",
    "debba",
    "debbano",
    "obblig*",
    "limitatament*",
    "sempre che",
    "sempreche",
    "meno che",
    "eccezione",
    "eccett*",
    "tranne",
    "osservanza",
    "osservat*",
    "accorgiment*",
    "cautel*",
    "vincolat*",
    "si impone",
    "imponendo",
    "mitigazion*",
    "compensazion*",
    "solo se",
    "solo qualora",
    "solo dopo",
    "soltanto",
    "a far data",
    "a partire",
    "con riserva",
    "sia|siano ~3 realizzat*|eseguit*|rispettat*|garantit*|adottat*|previst*|installat*|presentat*|ridott*|mantenut*|acquisit*|assicurat*",
    "vengano|venga",
    "avendo cura",
    "ad avvenut*",
];

/// What no signature, notice or subject holds unless the mail is more than an assent.
pub(super) const SHOUTED: &[&str] = &[
    "prescri*",
    "condizionat*",
    "condizione|condizioni",
    "subordinat*",
    "contrari*",
    "dissens*",
    "negativ*",
    "sfavorevol*",
    "non ~4 favorevol*",
    "dinieg*",
    "non ~4 osta|nullaosta|assenso",
    "integrazion*",
    "riserva",
    "sospension*",
    "rigett*",
    "archiviazion*",
];

/// Softer than a condition: an assent with one of these is for a person to read.
pub(super) const RESERVES: &[&str] = &[
    "mentre",
    "stralci*",
    "temporane*",
    "fino a|al|alla|all",
    "durata",
    "validita",
    "attenzione",
    "nota bene",
    "ricord*",
    "rammenta*",
    "avvis*",
    "precis*",
    "specific*",
    "segnala*",
    "evidenzi*",
    "per una parte",
    "massimo",
    "minim*",
    "almeno",
    "entro",
    "raccomand*",
    "si invita",
    "occorre",
    "necessari*",
    "modific*",
    "adegua*",
    "adeguament*",
    "integrazion*",
    "integrare",
    "tuttavia",
    "pero",
    "peraltro",
    "invece",
    "ma",
    "bensi",
    "eppure",
    "osservazion*",
    "suggeri*",
    "criticita",
    "qualora",
    "se",
    "ove",
    "laddove",
    "nel caso",
    "caso in cui",
    "eventual*",
    "quando",
    "una volta",
    "dopo",
    "finche",
    "appena",
    "in|nell attesa",
    "solo",
    "unicamente",
    "esclusivamente",
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

/// A word of the above that is itself denied, or no dissent: not counted.
pub(super) const DISSENT_NOT: &[&str] = &[
    "nessun|nessuna motivo|elemento|ragione|causa ~2 ostativ*|contrari*",
    "non ~8 contrari*|dissens*|contrarieta|dinieg*|negativ*|sfavorevol*",
    "non ~3 incompatibil*|inammissibil*",
    "nulla osta alla|all|al",
    "nulla in contrario",
    "nessuna contrarieta",
    "assenso|assensi o|e|ovvero|od ~1 dissens*",
    "consenso|consensi o|e|ovvero dissens*",
    "in caso|mancanza|difetto ~2 contrari*",
    "contrario avviso di",
    "al contrario",
    "salvo contrario",
    "senso contrario",
];

/// What makes of a dissent one that is not given now.
pub(super) const DISSENT_NOT_NOW: &[&str] = &[
    "riserv*",
    "in|nell attesa",
    "in caso",
    "ipotesi",
    "bozza",
    "preavvis*",
    "schema",
    "qualora",
    "se",
    "ove",
    "evitare",
    "eventual*",
    "chied*",
    "chiediam*",
    "rischio",
    "pena",
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

/// What makes of a request one of others, or of earlier.
pub(super) const REQUEST_TOLD: &[&str] = &[
    "vist*",
    "ha|hanno|aveva|avevano|abbiamo ~3 chiest*|richiest*|trasmess*",
    "gia",
    "con cui",
    "in cui",
    "che il|la|l ~2 chied*|richied*",
];

/// What, anywhere before the words, says that they are of others.
pub(super) const TOLD_BEFORE: &[&str] = &[
    "aveva|avevano|ha|hanno|avendo ~3 comunicat*|espress*|dichiarat*|scritt*|dett*|riferit*|affermat*|sostenut*|chiest* ~8 che|se",
    "con cui",
    "con il|la quale",
    "riferisc*|afferm*|sostien* che",
    "secondo quanto|cui",
];

/// What may follow an assent and say nothing more: greetings, what the act is, where it is.
pub(super) const CLOSING: &[&str] = &[
    "salut*",
    "cordial*",
    "distint*",
    "disposizione",
    "presente|presenti ~4 costituisc*|vale|rilasciat*|inviat*|trasmess*|reso|resa",
    "alleg*",
    "ai sensi",
];

/// Most words of a sentence after an assent that is taken for a signature or greeting.
pub(super) const CLOSING_WORDS_MAX: usize = 9;

/// An assent to something that is not the matter of the conference.
pub(super) const OTHER_MATTER: &[&str] = &[
    "osta|nullaosta|favorevol*|positiv*|assenso|benestare|consenso ~8 archiviazion*|rigett*|reiezion*|proroga*|rinvi*|sopralluog*|sincron*|videoconferenz*|differiment*|riunione|data",
];
