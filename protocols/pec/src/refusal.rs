//! Why a mail does not count as what it says it is. All reasons are collected, each with a stable code and a text in both languages.

use crate::cms::{ChainError, CmsError};
use crate::daticert::DaticertError;
use crate::header::HeaderError;
use crate::kind::PecType;
use crate::mime::MimeError;

/// Why a mail was not read at all. It is kept raw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// More than [`crate::limits::MAIL_BYTES_MAX`].
    #[error("the mail has more than {} bytes", crate::limits::MAIL_BYTES_MAX)]
    TooLarge,
    /// Its header.
    #[error(transparent)]
    Header(#[from] HeaderError),
}

impl Unreadable {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "pec.mail.too-large",
            Self::Header(error) => header_code(*error),
        }
    }

    /// For officials, in Italian.
    pub fn italian(&self) -> String {
        match self {
            Self::TooLarge => {
                "Il messaggio supera la dimensione massima: è conservato senza essere letto.".to_owned()
            }
            Self::Header(HeaderError::Missing) => "Il file non è un messaggio di posta.".to_owned(),
            Self::Header(_) => {
                "L'intestazione supera i limiti: il messaggio è conservato senza essere letto.".to_owned()
            }
        }
    }

    /// For officials, in English.
    pub fn english(&self) -> String {
        match self {
            Self::TooLarge => "The mail is larger than allowed: it is kept without being read.".to_owned(),
            Self::Header(HeaderError::Missing) => "The file is not a mail.".to_owned(),
            Self::Header(_) => {
                "The header exceeds the limits: the mail is kept without being read.".to_owned()
            }
        }
    }
}

fn header_code(error: HeaderError) -> &'static str {
    match error {
        HeaderError::Missing => "pec.mail.no-header",
        HeaderError::TooLarge => "pec.mail.header-too-large",
        HeaderError::TooMany => "pec.mail.header-too-many",
    }
}

/// Why a mail does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An ordinary mail: nothing is wrong, and nothing is certified.
    #[error("an ordinary mail: nothing is certified")]
    Ordinary,
    /// `X-Ricevuta` or `X-Trasporto` with a word that RFC 6109 does not have.
    #[error("an unknown type of PEC message: {0}")]
    UnknownType(String),
    /// A field that decides stands more than once.
    #[error("the field {0} stands more than once")]
    Repeated(&'static str),
    /// Both `X-Ricevuta` and `X-Trasporto`.
    #[error("the mail says that it is both a receipt and an envelope")]
    Ambiguous,
    /// No signature around the whole mail.
    #[error("the mail is not signed by a provider")]
    Unsigned,
    /// A `multipart/signed` that is not two parts, content and signature (RFC 1847).
    #[error("the signed mail does not consist of content and signature")]
    Shape,
    /// MIME that cannot be read.
    #[error(transparent)]
    Mime(#[from] MimeError),
    /// The signature.
    #[error(transparent)]
    Signature(#[from] CmsError),
    /// The certificate.
    #[error(transparent)]
    Certificate(#[from] ChainError),
    /// Neither certification data nor signature say when, and nobody else did.
    #[error("nothing says when the mail was signed")]
    NoTime,
    /// `From` is not the signer's address, nor of a domain of its provider.
    #[error("the sender is not the provider that signed")]
    From,
    /// No certification data where the type needs it.
    #[error("the certification data (daticert.xml) is missing")]
    NoDaticert,
    /// Certification data twice.
    #[error("there is more than one certification data")]
    TwoDaticert,
    /// Certification data that cannot be believed.
    #[error(transparent)]
    Daticert(#[from] DaticertError),
    /// The header says another type than the certification data.
    #[error("the header says {header}, the certification data says {daticert}")]
    TypesDiffer {
        /// What the header says.
        header: PecType,
        /// What the certification data says, as it stands.
        daticert: String,
    },
    /// A header field says something else than the certification data.
    #[error("the field {0} says something else than the certification data")]
    FieldDiffers(&'static str),
    /// A positive receipt with an error.
    #[error("the certification data reports an error that its type excludes")]
    Contradiction,
    /// The type needs `consegna` or `ricezione`, and it is not there.
    #[error("the certification data does not say for which recipient")]
    NoRecipient,
    /// The signer is not in the providers' directory.
    #[error("the signer is not a provider of the directory")]
    UnknownProvider,
    /// The signer is a provider, but another one manages the domain that it speaks about.
    #[error("the domain {0} is managed by another provider than the signer")]
    OtherProvider(String),
}

impl Refusal {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ordinary => "pec.type.mail",
            Self::UnknownType(_) => "pec.type.unknown",
            Self::Repeated(_) => "pec.header.repeated",
            Self::Ambiguous => "pec.header.ambiguous",
            Self::Unsigned => "pec.signature.missing",
            Self::Shape => "pec.signature.shape",
            Self::Mime(MimeError::Header(error)) => header_code(*error),
            Self::Mime(MimeError::Boundary) => "pec.mime.boundary",
            Self::Mime(MimeError::TooManyParts) => "pec.mime.too-many-parts",
            Self::Mime(MimeError::Encoding) => "pec.mime.encoding",
            Self::Mime(MimeError::TooLarge) => "pec.mime.too-large",
            Self::Signature(error) => error.code(),
            Self::Certificate(error) => error.code(),
            Self::NoTime => "pec.signature.no-time",
            Self::From => "pec.header.from",
            Self::NoDaticert => "pec.daticert.missing",
            Self::TwoDaticert => "pec.daticert.twice",
            Self::Daticert(error) => error.code(),
            Self::TypesDiffer { .. } => "pec.type.differs",
            Self::FieldDiffers(_) => "pec.header.differs",
            Self::Contradiction => "pec.daticert.contradiction",
            Self::NoRecipient => "pec.daticert.no-recipient",
            Self::UnknownProvider => "pec.provider.unknown",
            Self::OtherProvider(_) => "pec.provider.other",
        }
    }

    /// For officials, in English.
    pub fn english(&self) -> String {
        self.to_string()
    }

    /// For officials, in Italian.
    pub fn italian(&self) -> String {
        match self {
            Self::Ordinary => "posta ordinaria: nulla è certificato".to_owned(),
            Self::UnknownType(word) => format!("tipo di messaggio PEC sconosciuto: {word}"),
            Self::Repeated(field) => format!("il campo {field} compare più di una volta"),
            Self::Ambiguous => "il messaggio dice di essere sia ricevuta sia busta".to_owned(),
            Self::Unsigned => "il messaggio non è firmato da un gestore".to_owned(),
            Self::Shape => "il messaggio firmato non consiste di contenuto e firma".to_owned(),
            Self::Mime(error) => mime_italian(*error).to_owned(),
            Self::Signature(error) => signature_italian(error),
            Self::Certificate(error) => certificate_italian(error),
            Self::NoTime => "nulla dice quando il messaggio è stato firmato".to_owned(),
            Self::From => "il mittente non è il gestore che ha firmato".to_owned(),
            Self::NoDaticert => "mancano i dati di certificazione (daticert.xml)".to_owned(),
            Self::TwoDaticert => "i dati di certificazione compaiono più di una volta".to_owned(),
            Self::Daticert(error) => daticert_italian(error),
            Self::TypesDiffer { header, daticert } => {
                format!("l'intestazione dice {header}, i dati di certificazione dicono {daticert}")
            }
            Self::FieldDiffers(field) => {
                format!("il campo {field} non concorda con i dati di certificazione")
            }
            Self::Contradiction => {
                "i dati di certificazione riportano un errore che il tipo esclude".to_owned()
            }
            Self::NoRecipient => "i dati di certificazione non dicono per quale destinatario".to_owned(),
            Self::UnknownProvider => "chi ha firmato non è un gestore dell'elenco".to_owned(),
            Self::OtherProvider(domain) => {
                format!("il dominio {domain} è di un altro gestore, non di chi ha firmato")
            }
        }
    }
}

fn mime_italian(error: MimeError) -> &'static str {
    match error {
        MimeError::Header(_) => "l'intestazione di una parte non è leggibile",
        MimeError::Boundary => "una parte composta non ha un delimitatore valido",
        MimeError::TooManyParts => "una parte composta ha troppe parti",
        MimeError::Encoding => "una parte non è codificata come dice",
        MimeError::TooLarge => "una parte è più grande di quanto può essere",
    }
}

fn signature_italian(error: &CmsError) -> String {
    match error {
        CmsError::Malformed => "la firma non è CMS SignedData".to_owned(),
        CmsError::Signers(count) => format!("la firma ha {count} firmatari invece di uno"),
        CmsError::TooManyCertificates => "la firma contiene troppi certificati".to_owned(),
        CmsError::NoCertificate => "la firma non contiene il certificato di chi ha firmato".to_owned(),
        CmsError::Content => "il contenuto firmato non è dove dovrebbe essere".to_owned(),
        CmsError::Algorithm(name) => format!("l'algoritmo di impronta {name} non è ammesso"),
        CmsError::Altered => "la firma non vale per questo contenuto, che è stato alterato".to_owned(),
    }
}

fn certificate_italian(error: &ChainError) -> String {
    match error {
        ChainError::NoAuthority => "nessuna autorità di certificazione è configurata".to_owned(),
        ChainError::Untrusted(why) => format!("il certificato non risale a un'autorità configurata ({why})"),
        ChainError::Validity(why) => format!("un certificato non era valido in quel momento ({why})"),
        ChainError::Usage(why) => format!("il certificato non può firmare posta ({why})"),
    }
}

fn daticert_italian(error: &DaticertError) -> String {
    let text = match error {
        DaticertError::TooLarge => "sono troppo grandi",
        DaticertError::Charset => "non sono nell'insieme di caratteri che dichiarano",
        DaticertError::Xml(crate::xml::XmlError::Malformed) => "non sono XML ben formato",
        DaticertError::Xml(crate::xml::XmlError::Doctype) => "hanno un DOCTYPE, che è rifiutato",
        DaticertError::Xml(crate::xml::XmlError::Entity) => "usano un'entità propria, che è rifiutata",
        DaticertError::Xml(crate::xml::XmlError::Instruction) => {
            "hanno un'istruzione di elaborazione, che è rifiutata"
        }
        DaticertError::Xml(crate::xml::XmlError::TooDeep) => "sono annidati troppo in profondità",
        DaticertError::Xml(crate::xml::XmlError::TooMany) => "hanno troppi elementi, attributi o testo",
        DaticertError::Missing(name) => return format!("i dati di certificazione non hanno «{name}»"),
        DaticertError::Repeated(name) => return format!("i dati di certificazione hanno più volte «{name}»"),
        DaticertError::Value(name) => return format!("nei dati di certificazione «{name}» non è valido"),
        DaticertError::Time => "hanno un'ora non valida",
        DaticertError::TooManyRecipients => "nominano troppi destinatari",
    };
    format!("i dati di certificazione {text}")
}
