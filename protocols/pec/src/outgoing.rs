//! A mail to be sent by PEC (RFC 6109 section 3.1.1): what the sender's provider checks, checked before the mail leaves.
//!
//! One recipient for each mail, so that size, receipts and the state of a delivery belong to one body alone. An [`OutgoingMail`] exists only
//! where envelope and header agree; whoever has one cannot send another Message-ID than the one that was stored, nor to anybody hidden.

use crate::address::{Address, MailId};
use crate::header::{Fields, HeaderError};
use crate::kind::ReceiptForm;
use crate::limits::{MAIL_LINE_BYTES_MAX, OUTGOING_BYTES_MAX};

/// The field that marks a mail sent once more after an unknown outcome, under the same Message-ID.
pub const REPEATED_FIELD: &str = "X-Concerto-Ripetizione";
/// What stands in it.
const REPEATED_VALUE: &str = "possibile-duplicato";
/// Fields that name further recipients or senders, or that only providers write.
const FORBIDDEN: [&str; 7] =
    ["Cc", "Bcc", "Sender", "Return-Path", "X-Ricevuta", "X-Trasporto", "X-Riferimento-Message-ID"];

/// Why a mail cannot be sent by PEC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutgoingError {
    /// The header cannot be read.
    #[error("the mail: {0}")]
    Header(#[from] HeaderError),
    /// More than the law allows for one recipient: send large documents as digest and link, or in parts.
    #[error(
        "the mail has {bytes} bytes; by PEC at most {OUTGOING_BYTES_MAX} may leave, times its recipients"
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// A field that must stand once, with one readable value, does not.
    #[error("the field {0} must stand once, with one value")]
    Field(&'static str),
    /// A field that may not stand in it: it would name somebody else, or only providers write it.
    #[error("the field {0} may not stand in a mail that is sent by PEC")]
    Forbidden(&'static str),
    /// A line of the header is no field, or has control characters.
    #[error("a line of the header is no field")]
    Irregular,
    /// A line that does not end with CRLF, is longer than 998 bytes, or is not ASCII (RFC 5322 section 2.1).
    #[error("line {0} is not ASCII, has more than {MAIL_LINE_BYTES_MAX} bytes, or does not end with CRLF")]
    Line(usize),
}

impl OutgoingError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Header(_) => "pec.outgoing.header",
            Self::TooLarge { .. } => "pec.outgoing.too-large",
            Self::Field(_) => "pec.outgoing.field",
            Self::Forbidden(_) => "pec.outgoing.forbidden",
            Self::Irregular => "pec.outgoing.irregular",
            Self::Line(_) => "pec.outgoing.line",
        }
    }
}

/// A mail that the provider has no formal reason to refuse: one sender, one recipient, its own Message-ID, a receipt asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct OutgoingMail {
    message_id: MailId,
    sender: Address,
    recipient: Address,
    form: ReceiptForm,
    bytes: Vec<u8>,
}

/// Without its content, which is nobody's business in a log.
impl std::fmt::Debug for OutgoingMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutgoingMail")
            .field("message_id", &self.message_id)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl OutgoingMail {
    /// Reads a mail that was composed or stored, exactly as it will leave.
    ///
    /// # Errors
    /// [`OutgoingError`], the first reason.
    pub fn read(bytes: Vec<u8>) -> Result<Self, OutgoingError> {
        if bytes.len() > OUTGOING_BYTES_MAX {
            return Err(OutgoingError::TooLarge { bytes: bytes.len() });
        }
        check_lines(&bytes)?;
        let fields = Fields::split(&bytes)?;
        if fields.is_empty() {
            return Err(HeaderError::Missing.into());
        }
        if fields.irregular {
            return Err(OutgoingError::Irregular);
        }
        if let Some(name) = FORBIDDEN.into_iter().find(|name| fields.any_begins(name)) {
            return Err(OutgoingError::Forbidden(name));
        }
        let once = |name: &'static str| fields.text(name).once().ok_or(OutgoingError::Field(name));
        for name in ["Date", "Subject"] {
            once(name)?;
        }
        let form = ReceiptForm::parse(&once("X-TipoRicevuta")?);
        let mail = (
            fields.mail_id("Message-ID").ok_or(OutgoingError::Field("Message-ID"))?,
            one_address(&fields, "From")?,
            one_address(&fields, "To")?,
            form.ok_or(OutgoingError::Field("X-TipoRicevuta"))?,
        );
        let (message_id, sender, recipient, form) = mail;
        Ok(Self { message_id, sender, recipient, form, bytes })
    }

    /// Its Message-ID: stored before it leaves, and the key to its receipts.
    pub fn message_id(&self) -> &MailId {
        &self.message_id
    }

    /// The mailbox that sends it.
    pub fn sender(&self) -> &Address {
        &self.sender
    }

    /// Its one recipient.
    pub fn recipient(&self) -> &Address {
        &self.recipient
    }

    /// The delivery receipt asked for.
    pub fn form(&self) -> ReceiptForm {
        self.form
    }

    /// The mail, with CRLF.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it is marked as sent once more.
    pub fn is_repeated(&self) -> bool {
        Fields::split(&self.bytes).is_ok_and(|fields| fields.any_begins(REPEATED_FIELD))
    }

    /// The same mail under the same Message-ID, marked as a possible duplicate: for sending once more after an unknown outcome.
    ///
    /// # Errors
    /// [`OutgoingError::TooLarge`] where the mark no longer fits.
    pub fn repeated(&self) -> Result<Self, OutgoingError> {
        if self.is_repeated() {
            return Ok(self.clone());
        }
        let mark = format!("{REPEATED_FIELD}: {REPEATED_VALUE}\r\n");
        Self::read([mark.as_bytes(), &self.bytes].concat())
    }
}

/// The one address of a field: anything beside it, a list or a group, is refused.
fn one_address(fields: &Fields<'_>, name: &'static str) -> Result<Address, OutgoingError> {
    let text = fields.text(name).once().ok_or(OutgoingError::Field(name))?;
    let addresses = fields.addresses(name);
    match addresses.as_slice() {
        [address] if text.matches('@').count() == 1 && !text.contains([',', ';']) => Ok(address.clone()),
        _ => Err(OutgoingError::Field(name)),
    }
}

fn check_lines(bytes: &[u8]) -> Result<(), OutgoingError> {
    for (at, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let good = line.strip_suffix(b"\r\n").is_some_and(|text| {
            text.len() <= MAIL_LINE_BYTES_MAX
                && text.iter().all(|byte| byte.is_ascii() && !matches!(byte, 0 | b'\r'))
        });
        if !good {
            return Err(OutgoingError::Line(at + 1));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "outgoing_tests.rs"]
mod tests;
