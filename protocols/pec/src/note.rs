//! What was tolerated while reading: each is kept with the result, so that nobody has to guess why a mail was believed.

use crate::address::shown;

/// Most notes kept for one mail.
pub const NOTES_MAX: usize = 32;

/// A deviation from RFC 6109 that was tolerated, or something unusual that a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The provider signed with SHA-1, which some still did in 2024.
    Sha1,
    /// Line breaks were changed after signing: the signature is over the bytes with CRLF.
    LineBreaks,
    /// A line `From ` of a mailbox file stands before the mail.
    MailboxLine,
    /// A header has a line that is no field, or control characters.
    HeaderIrregular,
    /// A decoded value has line breaks or invisible characters; they are not shown.
    HiddenCharacters,
    /// An attachment's name has folders, control characters or a drive; it is only ever shown.
    UnsafeName,
    /// A multipart without its closing line.
    Unclosed,
    /// The certification data has the name that RFC 6109 prints, `certdata.xml`.
    CertdataName,
    /// The certification data is in another character set than UTF-8.
    OtherCharset(String),
    /// An element or attribute that RFC 6109 does not have.
    UnknownElement(String),
    /// A word for an error that RFC 6109 does not have.
    UnknownError(String),
    /// The certification data does not name the sender's own Message-ID; the unsigned header is not believed in its place.
    NoMessageId,
    /// A recipient that is no address; it has no outcome.
    IllegibleRecipient,
    /// The time zone or the seconds are not written as RFC 6109 says.
    TimeForm,
    /// Fields or parts of registered electronic mail (ETSI EN 319 532).
    Rem,
    /// A complete or brief receipt without the original.
    OriginalMissing,
    /// The original where RFC 6109 forbids it.
    OriginalUnexpected,
    /// The original is encoded for transport; it is kept as it stands.
    OriginalEncoded,
    /// A mail inside has the header of a receipt: it is no receipt.
    NestedReceipt,
    /// The directory knows no provider for the domain that the receipt is about.
    UnlistedDomain(String),
    /// `From` is not the address in the certificate, but of a domain of the same provider.
    OtherFrom,
    /// The certificate names no mail address.
    NoCertificateAddress,
    /// The time in the signature and the one in the certification data differ by more than a day.
    TimesDiffer,
}

impl Note {
    /// A stable code for answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Sha1 => "pec.note.sha1",
            Self::LineBreaks => "pec.note.line-breaks",
            Self::MailboxLine => "pec.note.mailbox-line",
            Self::HeaderIrregular => "pec.note.header",
            Self::HiddenCharacters => "pec.note.hidden-characters",
            Self::UnsafeName => "pec.note.unsafe-name",
            Self::Unclosed => "pec.note.unclosed",
            Self::CertdataName => "pec.note.certdata-name",
            Self::OtherCharset(_) => "pec.note.charset",
            Self::UnknownElement(_) => "pec.note.unknown-element",
            Self::UnknownError(_) => "pec.note.unknown-error",
            Self::NoMessageId => "pec.note.no-msgid",
            Self::IllegibleRecipient => "pec.note.recipient",
            Self::TimeForm => "pec.note.time-form",
            Self::Rem => "pec.note.rem",
            Self::OriginalMissing => "pec.note.original-missing",
            Self::OriginalUnexpected => "pec.note.original-unexpected",
            Self::OriginalEncoded => "pec.note.original-encoded",
            Self::NestedReceipt => "pec.note.nested-receipt",
            Self::UnlistedDomain(_) => "pec.note.unlisted-domain",
            Self::OtherFrom => "pec.note.other-from",
            Self::NoCertificateAddress => "pec.note.certificate-address",
            Self::TimesDiffer => "pec.note.times-differ",
        }
    }

    /// What it is about, where there are several: an element, a word, a domain.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::OtherCharset(word)
            | Self::UnknownElement(word)
            | Self::UnknownError(word)
            | Self::UnlistedDomain(word) => Some(word),
            _ => None,
        }
    }

    /// For officials, in Italian.
    pub fn italian(&self) -> &'static str {
        match self {
            Self::Sha1 => "il gestore ha firmato con SHA-1",
            Self::LineBreaks => {
                "le interruzioni di riga sono cambiate dopo la firma, che vale per la forma con CRLF"
            }
            Self::MailboxLine => "prima del messaggio sta la riga «From » di un file di casella",
            Self::HeaderIrregular => "un'intestazione ha righe che non sono campi, o caratteri di controllo",
            Self::HiddenCharacters => {
                "un testo contiene a capo o caratteri invisibili, che non sono mostrati"
            }
            Self::UnsafeName => {
                "il nome di un allegato contiene cartelle o caratteri di controllo: è solo mostrato"
            }
            Self::Unclosed => "una parte del messaggio non è chiusa",
            Self::CertdataName => "i dati di certificazione si chiamano certdata.xml",
            Self::OtherCharset(_) => "i dati di certificazione non sono in UTF-8",
            Self::UnknownElement(_) => "i dati di certificazione hanno un elemento o attributo non previsto",
            Self::UnknownError(_) => "i dati di certificazione hanno un codice di errore non previsto",
            Self::NoMessageId => "i dati di certificazione non riportano il Message-ID del mittente",
            Self::IllegibleRecipient => "un destinatario non è un indirizzo",
            Self::TimeForm => "fuso o secondi non sono scritti come prevede la RFC 6109",
            Self::Rem => "campi o parti di REM (ETSI EN 319 532)",
            Self::OriginalMissing => "manca il messaggio originale",
            Self::OriginalUnexpected => "contiene il messaggio originale, che qui non è previsto",
            Self::OriginalEncoded => "il messaggio originale è codificato: è conservato così com'è",
            Self::NestedReceipt => {
                "un messaggio contenuto ha l'intestazione di una ricevuta: non è una ricevuta"
            }
            Self::UnlistedDomain(_) => "l'elenco dei gestori non conosce il dominio",
            Self::OtherFrom => {
                "il mittente non è l'indirizzo del certificato, ma è di un dominio dello stesso gestore"
            }
            Self::NoCertificateAddress => "il certificato non riporta alcun indirizzo di posta",
            Self::TimesDiffer => "l'ora della firma e quella certificata differiscono di oltre un giorno",
        }
    }

    /// For officials, in English.
    pub fn english(&self) -> &'static str {
        match self {
            Self::Sha1 => "the provider signed with SHA-1",
            Self::LineBreaks => {
                "line breaks were changed after signing; the signature holds for the form with CRLF"
            }
            Self::MailboxLine => "the `From ` line of a mailbox file stands before the mail",
            Self::HeaderIrregular => "a header has lines that are no fields, or control characters",
            Self::HiddenCharacters => "a text has line breaks or invisible characters, which are not shown",
            Self::UnsafeName => "an attachment's name has folders or control characters: it is only shown",
            Self::Unclosed => "a part of the mail is not closed",
            Self::CertdataName => "the certification data is named certdata.xml",
            Self::OtherCharset(_) => "the certification data is not in UTF-8",
            Self::UnknownElement(_) => {
                "the certification data has an element or attribute that is not foreseen"
            }
            Self::UnknownError(_) => "the certification data has an error code that is not foreseen",
            Self::NoMessageId => "the certification data does not name the sender's Message-ID",
            Self::IllegibleRecipient => "a recipient is no address",
            Self::TimeForm => "zone or seconds are not written as RFC 6109 says",
            Self::Rem => "fields or parts of REM (ETSI EN 319 532)",
            Self::OriginalMissing => "the original mail is missing",
            Self::OriginalUnexpected => "the original mail is there, where it is not foreseen",
            Self::OriginalEncoded => "the original mail is encoded: it is kept as it is",
            Self::NestedReceipt => "a mail inside has the header of a receipt: it is no receipt",
            Self::UnlistedDomain(_) => "the providers' directory does not know the domain",
            Self::OtherFrom => {
                "the sender is not the certificate's address, but of a domain of the same provider"
            }
            Self::NoCertificateAddress => "the certificate names no mail address",
            Self::TimesDiffer => "the time of the signature and the certified one differ by more than a day",
        }
    }
}

/// The notes of one mail, each once, at most [`NOTES_MAX`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes(Vec<Note>);

impl Notes {
    pub(crate) fn add(&mut self, note: Note) {
        if self.0.len() < NOTES_MAX && !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    pub(crate) fn add_if(&mut self, condition: bool, note: Note) {
        if condition {
            self.add(note);
        }
    }

    /// A text of others as it may be shown; what had to be taken out is noted.
    pub(crate) fn show(&mut self, text: &str) -> String {
        let (line, cleaned) = shown(text);
        self.add_if(cleaned || text.trim().contains(['\r', '\n']), Note::HiddenCharacters);
        line
    }

    /// In the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = &Note> {
        self.0.iter()
    }

    /// Whether one was made.
    pub fn contains(&self, note: &Note) -> bool {
        self.0.contains(note)
    }
}
