//! The command line: what can be asked, in Italian and English.

use clap::{Args, Parser, Subcommand, ValueEnum};
use concerto_federation_config::Language;
use concerto_message::{FederationId, MessageId, Writer};
use jiff::Timestamp;
use std::path::PathBuf;

use crate::output::Output;

/// Concerto: conferenze di servizi fra nodi delle amministrazioni · conferences between administrations' nodes.
#[derive(Debug, Parser)]
#[command(name = "concerto", version, max_term_width = 110)]
#[command(
    after_help = "Codici di uscita · exit codes: 0 fatto/done; 1 rifiutato dalla legge o da un controllo/refused by the law or a \
check; 2 comando errato/usage; 3 configurazione/configuration; 4 archivio, file o sistema/store, file or system."
)]
pub(crate) struct Arguments {
    /// Cartella del nodo · the node's folder.
    #[arg(long, global = true, env = "CONCERTO_HOME", default_value = ".")]
    pub(crate) home: PathBuf,
    /// Testo per le persone o JSON per i programmi · text for people or JSON for programs.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Lingua · language (altrimenti/else: LANG).
    #[arg(long, global = true, value_enum)]
    pub(crate) lang: Option<Lang>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    It,
    En,
}

impl Arguments {
    pub(crate) fn json(&self) -> bool {
        self.format == Format::Json
    }
    pub(crate) fn output(&self) -> Output {
        let english = match self.lang {
            Some(lang) => lang == Lang::En,
            None => std::env::var("LANG").is_ok_and(|l| l.starts_with("en")),
        };
        Output { json: self.json(), language: if english { Language::English } else { Language::Italian } }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Crea la cartella di un nodo e, se serve, un'ancora locale · makes a node's folder and, where needed, a local anchor.
    Init(Init),
    /// Mette in funzione il nodo · runs the node.
    Serve,
    /// Cinque nodi svolgono un caso intero su questa macchina · five nodes run a whole case on this machine.
    Demo(Demo),
    /// Le conferenze di questo nodo · the conferences of this node.
    #[command(subcommand)]
    Conference(Conference),
    /// Atti · acts.
    #[command(subcommand)]
    Act(Act),
    /// Documenti di ogni dimensione · documents of any size.
    #[command(subcommand)]
    Document(Document),
    /// Messaggi ricevuti e allarmi · messages received, and alarms.
    Inbox(Page),
    /// Messaggi che attendono una ricevuta · messages that wait for a receipt.
    Outbox(Page),
    /// Adempimenti e scadenze, dal più vicino · duties and their dates, soonest first.
    Duties(Duties),
    /// La posta ordinaria dei promemoria · the ordinary mail of reminders.
    #[command(subcommand)]
    Mail(Mail),
    /// I token dei programmi che usano l'API · tokens of the programs that use the API.
    #[command(subcommand)]
    Token(Token),
    /// L'API per i programmi dell'ufficio · the API for the office's own programs.
    #[command(subcommand)]
    Api(Api),
    /// Verifica un'esportazione, o tutto ciò che il nodo conserva · verifies an export, or all that the node holds (`--store`).
    Verify(Verify),
    /// Mette da parte ciò che è danneggiato e lo riprende dagli altri nodi · puts damaged data aside and fetches it again.
    Repair,
    /// L'orologio del nodo · the node's clock.
    #[command(subcommand)]
    Clock(Clock),
    /// Termini di legge con la ragione di ogni data, senza alcun nodo · terms of the law with their reasons, without any node.
    Terms(Box<crate::terms::arguments::Terms>),
    /// Posta elettronica certificata · certified mail.
    #[command(subcommand)]
    Pec(Pec),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Pec {
    /// Dice che cos'è un messaggio e se è provato · says what a mail is and whether it is proved (protocols/pec/README.md).
    Inspect(Inspect),
    /// Prova la casella senza leggere né inviare nulla · tries the mailbox without reading or sending anything.
    Check,
    /// Legge la casella adesso · reads the mailbox now.
    Poll,
    /// I messaggi che attendono una persona · the mails that wait for a person.
    Queue(Page),
    /// Mostra un messaggio della coda o inviato · shows a mail of the queue, or one that was sent.
    Show {
        /// `in-12` o/or `out-7` (`concerto pec queue`).
        id: String,
        /// Scrive il messaggio intero in un file nuovo · writes the whole mail to a new file.
        #[arg(long)]
        output: Option<PathBuf>,
    },
    /// Lega un messaggio a una conferenza · ties a mail to a conference.
    Link {
        /// `in-12`.
        id: String,
        /// La conferenza · the conference.
        conference: String,
    },
    /// Un funzionario dice che cos'è un messaggio; solo allora è registrato · an official says what a mail is; only then it is recorded.
    Confirm(Confirm),
    /// Invia un messaggio della conferenza per PEC a un'amministrazione · sends a message of the conference to a body by PEC.
    Send {
        /// La conferenza · the conference.
        conference: String,
        /// Il messaggio, o il suo inizio · the message, or its beginning.
        message: String,
        /// A chi: codice IPA e codice AOO · to whom: IPA and AOO code.
        body: Writer,
        /// La casella, se non è nell'indizione · the mailbox, where the notice does not name it.
        #[arg(long)]
        to: Option<String>,
    },
    /// Una persona ha visto che il messaggio è partito · a person saw that the mail left (`out-7`).
    MarkSent {
        /// `out-7`.
        id: String,
    },
    /// Invia di nuovo, come messaggio nuovo · sends once more, as a new mail (`out-7`).
    Resend {
        /// `out-7`.
        id: String,
        /// Un'altra casella · another mailbox.
        #[arg(long)]
        to: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Confirm {
    /// `in-12` (`concerto pec queue`).
    pub(crate) id: String,
    /// Che cos'è · what it is: `assent`, `conditional_assent`, `surmountable_dissent`, `dissent`, `competence_statement`, `integration_request`,
    /// `sync_mode_request`: l'atto, scritto per conto dell'amministrazione · the act, written for the body; `other`, una comunicazione da registrare · a
    /// communication to be recorded; `none`, non riguarda una conferenza · it concerns no conference.
    #[arg(long = "as", value_name = "KIND")]
    pub(crate) kind: String,
    /// Fatti dell'atto, JSON o TOML · facts of the act, JSON or TOML.
    #[arg(long)]
    pub(crate) facts: Option<PathBuf>,
    /// Testo dell'atto, JSON o TOML · text of the act, JSON or TOML (di una posizione, se manca · of a position, where left out: rinvia all'originale · it
    /// refers to the original).
    #[arg(long)]
    pub(crate) body: Option<PathBuf>,
    /// Da chi viene, se non si sa dalla casella · from whom, where the mailbox does not tell: `IPA/AOO`, `applicant`.
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Il messaggio a cui risponde, o il suo inizio · the message that it answers, or its beginning.
    #[arg(long)]
    pub(crate) about: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Il messaggio, così come ricevuto · the mail, as it was received (.eml).
    pub(crate) file: PathBuf,
    /// Le autorità di certificazione, PEM · the certification authorities, PEM.
    #[arg(long)]
    pub(crate) ca: Option<PathBuf>,
    /// L'elenco dei gestori, LDIF · the providers' directory, LDIF.
    #[arg(long)]
    pub(crate) directory: Option<PathBuf>,
    /// Quando il certificato doveva valere · when the certificate had to be valid (altrimenti/else: l'ora certificata · the certified time).
    #[arg(long)]
    pub(crate) at: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Cartella da creare · the folder to make.
    pub(crate) folder: PathBuf,
    /// Chi scrive: codice IPA e codice AOO · who writes: IPA and AOO code (`r_marche/AOO0001`).
    #[arg(long)]
    pub(crate) writer: Writer,
    /// Nome dell'amministrazione · name of the administration.
    #[arg(long)]
    pub(crate) name: String,
    /// Cartella dell'ancora locale: creata se manca · folder of the local anchor: made if missing.
    #[arg(long)]
    pub(crate) anchor: PathBuf,
    /// Identificatore della federazione, se l'ancora va creata · identifier of the federation, if the anchor is to be made.
    #[arg(long, default_value = "https://anchor.concerto.example")]
    pub(crate) federation: FederationId,
    /// Identificatore dell'ente nella federazione · the entity identifier (altrimenti/else: sotto la federazione · below the federation).
    #[arg(long)]
    pub(crate) entity: Option<FederationId>,
    /// Indirizzo di ascolto · address to listen on (`/ip4/127.0.0.1/tcp/4001`).
    #[arg(long, default_value = "/ip4/127.0.0.1/tcp/4001")]
    pub(crate) listen: Vec<String>,
    /// Federazione di addestramento · training federation.
    #[arg(long)]
    pub(crate) training: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// `simultaneous`, `earthquake`, o un caso proprio · or a case of your own (node/demo/README.md).
    #[arg(long)]
    pub(crate) case: Option<PathBuf>,
    /// I documenti del caso · the documents of the case.
    #[arg(long, requires = "case")]
    pub(crate) documents: Option<PathBuf>,
    /// Dove lavorare · where to work (altrimenti/else: una cartella temporanea · a temporary folder).
    #[arg(long)]
    pub(crate) folder: Option<PathBuf>,
    /// Lascia i nodi in funzione alla fine · leaves the nodes running at the end.
    #[arg(long)]
    pub(crate) keep: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Conference {
    /// Indice una conferenza · opens a conference.
    Open(Opening),
    /// Elenca le conferenze · lists the conferences.
    List(Page),
    /// Mostra lo stato, le posizioni e i termini · shows state, positions and terms.
    Show(One),
    /// Mostra lo svolgimento e la ragione di ogni data · shows the course and the reason of each date.
    Timeline(One),
    /// Esporta la conferenza con tutte le prove · exports the conference with all evidence.
    Export(Export),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Act {
    /// Scrive, firma e invia un atto · writes, signs and sends an act.
    Send(Send),
    /// Un atto in PDF/A, da leggere e archiviare · an act as PDF/A, to be read and filed.
    Pdf(ActPdf),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Clock {
    /// Conferma che l'ora della macchina è giusta dopo un salto · confirms that the machine's time is right after a jump.
    Confirm,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Document {
    /// Mette un file nell'archivio del nodo e ne dà l'impronta · puts a file into the node's store and tells its digest.
    Add(Add),
    /// Elenca i documenti di una conferenza e a che punto sono · lists a conference's documents and how far they came.
    List(One),
    /// Scrive un documento in un file nuovo · writes a document to a new file.
    Get(Get),
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Il file · the file.
    pub(crate) file: PathBuf,
    /// Tipo · media type (`application/pdf`; altrimenti dal nome del file · else by the file's name).
    #[arg(long)]
    pub(crate) media_type: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    #[command(flatten)]
    pub(crate) one: One,
    /// L'impronta, o il suo inizio · the digest, or its beginning (`document list`).
    pub(crate) digest: String,
    /// Il file da scrivere, che non deve esistere · the file to write, which must not exist.
    #[arg(long)]
    pub(crate) output: PathBuf,
    /// Attende che il documento arrivi · waits until the document has come.
    #[arg(long)]
    pub(crate) wait: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Crea un token e lo mostra una volta · makes a token and shows it once.
    Add(NewToken),
    /// Elenca i token · lists the tokens.
    List,
    /// Revoca un token · revokes a token.
    Revoke {
        /// Il nome del token · the token's name (`concerto token list`).
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct NewToken {
    /// A che cosa serve · what it is for.
    #[arg(long)]
    pub(crate) label: String,
    /// Che cosa permette · what it allows: `read`, `write`, `documents`, `admin`.
    #[arg(long = "scope", value_delimiter = ',', required = true)]
    pub(crate) scopes: Vec<String>,
    /// Per quanti giorni · for how many days.
    #[arg(long, default_value_t = 365)]
    pub(crate) days: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Api {
    /// Stampa il documento OpenAPI 3.1 · prints the OpenAPI 3.1 document.
    Openapi,
}

#[derive(Debug, Args)]
pub(crate) struct Page {
    /// Quante righe al massimo · how many lines at most.
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Duties {
    /// Anche quelli degli altri, e ciò che è fatto o decaduto · also those of others, and what is done or lost.
    #[arg(long)]
    pub(crate) all: bool,
    /// Solo ciò che scade entro tanti giorni, o è scaduto · only what is due within so many days, or overdue.
    #[arg(long, value_parser = clap::value_parser!(u16).range(0..=3660))]
    pub(crate) days: Option<u16>,
    /// Quante righe al massimo · how many lines at most.
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: usize,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Mail {
    /// Invia un messaggio di prova a un funzionario · sends a test mail to an official.
    Test {
        /// Il ruolo, come in node.toml · the role, as in node.toml.
        #[arg(long)]
        role: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct One {
    /// La conferenza: identificatore o inizio della sua parte casuale · identifier, or the beginning of its random part.
    pub(crate) conference: String,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) one: One,
    /// Cartella da creare · the folder to make.
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Cartella esportata · the exported folder.
    #[arg(required_unless_present = "store")]
    pub(crate) folder: Option<PathBuf>,
    /// Verifica l'archivio e i documenti di questo nodo · verifies the store and the documents of this node.
    #[arg(long, conflicts_with_all = ["folder", "anchor"])]
    pub(crate) store: bool,
    /// Chiavi dell'ancora avute per altra via · the anchor's keys, had by another way (anchor.json).
    #[arg(long)]
    pub(crate) anchor: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Write {
    /// I fatti dell'atto, JSON o TOML · the facts of the act; `"@auto"` lascia calcolare al nodo · lets the node compute.
    #[arg(long)]
    pub(crate) facts: Option<PathBuf>,
    /// Il testo per le persone, JSON o TOML · the text for people.
    #[arg(long)]
    pub(crate) body: Option<PathBuf>,
    /// Un documento, e chi può vederlo · a document, and who may see it: `FILE` o/or `sha256:DIGEST`, `…=IPA/AOO,IPA/AOO`.
    #[arg(long = "document")]
    pub(crate) documents: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Opening {
    #[command(flatten)]
    pub(crate) write: Write,
    /// Registra la richiesta o l'istanza, prima dell'indizione · records the request or application, before the notice (ConveningRequest).
    #[arg(long)]
    pub(crate) request: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ActPdf {
    #[command(flatten)]
    pub(crate) one: One,
    /// L'atto: identificatore del messaggio, o il suo inizio · the act: the message's identifier, or its beginning.
    pub(crate) message: String,
    /// Il file da scrivere, che non deve esistere · the file to write, which must not exist.
    #[arg(short, long)]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Send {
    #[command(flatten)]
    pub(crate) one: One,
    /// Tipo dell'atto · type of the act (`Determination`, `IntegrationRequest`, …).
    #[arg(value_name = "TYPE")]
    pub(crate) act_type: String,
    #[command(flatten)]
    pub(crate) write: Write,
    /// Attende la ricevuta di ogni partecipante con un nodo · waits for the receipt of every participant with a node.
    #[arg(long)]
    pub(crate) wait: bool,
    /// Chi può vedere il testo · who may see the text (altrimenti/else: tutti i partecipanti · every participant).
    #[arg(long, value_delimiter = ',')]
    pub(crate) body_audience: Vec<Writer>,
    /// L'amministrazione senza nodo di cui è l'atto · the body without a node whose act it is (solo la procedente · the procedente only).
    #[arg(long, value_name = "IPA/AOO", requires = "evidence")]
    pub(crate) on_behalf_of: Option<Writer>,
    /// La comunicazione registrata da cui l'atto risulta · the recorded exchange that shows it (`RecordedExchange`, received).
    #[arg(long, value_name = "MESSAGE", requires = "on_behalf_of")]
    pub(crate) evidence: Option<MessageId>,
}
