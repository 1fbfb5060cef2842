//! A mail to be sent, composed: text, documents, and the fields that PEC wants (RFC 5322, RFC 2045; RFC 6109 section 3.1.1).

use concerto_pec::{Address, MailId, OutgoingError, OutgoingMail, ReceiptForm};
use jiff::Timestamp;
use mail_builder::MessageBuilder;
use mail_builder::headers::raw::Raw;

/// Longest name of a document in a mail, in characters.
const NAME_CHARS_MAX: usize = 120;

/// A document in a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The name that the reader sees.
    pub name: String,
    /// `type/subtype`.
    pub media_type: String,
    /// The document.
    pub bytes: Vec<u8>,
}

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its own Message-ID, of the sender's domain, new for each mail.
    pub message_id: MailId,
    /// The mailbox that sends it.
    pub sender: Address,
    /// Its one recipient.
    pub recipient: Address,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// Its documents, in order.
    pub documents: Vec<Attached>,
    /// The delivery receipt asked for: complete where it must contain the content.
    pub receipt: ReceiptForm,
    /// When it was written.
    pub at: Timestamp,
}

/// Why a letter became no mail.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// What was composed may not leave; [`OutgoingError::TooLarge`] is the one that a caller can bring about.
    #[error(transparent)]
    Outgoing(#[from] OutgoingError),
    /// It could not be written.
    #[error("the mail could not be composed: {0}")]
    Written(#[from] std::io::Error),
}

impl ComposeError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Outgoing(error) => error.code(),
            Self::Written(_) => "pec.outgoing.composed",
        }
    }
}

/// Composes a mail; it is checked exactly as one that was stored.
///
/// # Errors
/// [`ComposeError`].
pub fn compose(letter: &Letter) -> Result<OutgoingMail, ComposeError> {
    let mut builder = MessageBuilder::new()
        .message_id(letter.message_id.as_str())
        .date(letter.at.as_second())
        .from(letter.sender.as_str())
        .to(letter.recipient.as_str())
        .subject(one_line(&letter.subject))
        .header("X-TipoRicevuta", Raw::new(letter.receipt.as_str()))
        .text_body(letter.text.as_str());
    for document in &letter.documents {
        builder = builder.attachment(
            media_type(&document.media_type),
            file_name(&document.name),
            document.bytes.as_slice(),
        );
    }
    let mut bytes = builder.write_to_vec()?;
    if !bytes.ends_with(b"\r\n") {
        bytes.extend_from_slice(b"\r\n");
    }
    Ok(OutgoingMail::read(bytes)?)
}

/// A text in one line: whatever would begin another field becomes a space.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '\u{2028}' || c == '\u{2029}' { ' ' } else { c }).collect()
}

/// A name that is no path.
fn file_name(name: &str) -> String {
    let safe = |c: char| if c.is_control() || "/\\:\"".contains(c) { '_' } else { c };
    let name: String = name.chars().map(safe).take(NAME_CHARS_MAX).collect();
    name.trim_start_matches('.').to_owned()
}

/// A media type of plain words; anything else is bytes.
fn media_type(text: &str) -> &str {
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-+.".contains(&byte))
    };
    let fits = text.split_once('/').is_some_and(|(kind, subtype)| {
        word(kind) && word(subtype) && !matches!(kind, "multipart" | "message" | "text")
    });
    if fits { text } else { "application/octet-stream" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        Letter {
            message_id: MailId::parse("conf-1.0001@pec.regione.example").unwrap(),
            sender: Address::parse("protocollo@pec.regione.example").unwrap(),
            recipient: Address::parse("protocollo@pec.comune.example").unwrap(),
            subject: "Indizione della conferenza – attività".to_owned(),
            text: "Si indice la conferenza.\n.\nFrom qui.\n".to_owned() + &"à".repeat(3000),
            documents: vec![Attached {
                name: "../atto è.pdf".to_owned(),
                media_type: "application/pdf".to_owned(),
                bytes: (0..=255).cycle().take(100_000).collect(),
            }],
            receipt: ReceiptForm::Complete,
            at: "2026-11-30T09:15:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn what_is_composed_may_leave_and_says_what_the_letter_says() {
        let short = Letter { text: "Breve".to_owned(), documents: Vec::new(), ..letter() };
        assert!(compose(&short).unwrap().bytes().ends_with(b"Breve\r\n"));
        let mail = compose(&letter()).unwrap();
        assert_eq!(mail.message_id(), &letter().message_id);
        assert_eq!(mail.recipient(), &letter().recipient);
        assert_eq!(mail.form(), ReceiptForm::Complete);
        let text = String::from_utf8(mail.bytes().to_vec()).unwrap();
        assert!(text.contains("application/pdf") && !text.contains("../"));
        assert!(text.len() < 150_000, "{}", text.len());
    }

    #[test]
    fn nothing_in_a_letter_becomes_a_field() {
        let mut letter = letter();
        letter.subject = "Oggetto\r\nBcc: altro@pec.comune.example".to_owned();
        letter.documents[0].name = "a\"\r\nX-Ricevuta: accettazione".to_owned();
        letter.documents[0].media_type = "a/b\r\nX-Trasporto: posta-certificata".to_owned();
        let mail = compose(&letter).unwrap();
        let text = String::from_utf8(mail.bytes().to_vec()).unwrap().to_lowercase();
        for field in ["\nbcc", "\nx-ricevuta", "\nx-trasporto"] {
            assert!(!text.contains(field), "{field}");
        }
    }

    #[test]
    fn a_letter_above_thirty_megabytes_is_refused() {
        let mut letter = letter();
        letter.documents[0].bytes = vec![0; 23_000_000];
        assert_eq!(compose(&letter).unwrap_err().code(), "pec.outgoing.too-large");
    }
}
