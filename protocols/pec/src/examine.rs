//! The one way in: a mail is read, its signature checked, and header and certification data compared (RFC 6109 sections 2.2.2 and 4).
//!
//! The top-level header is not signed. It says what the mail claims to be; everything that has an effect is taken from the signed content, and
//! both must agree. All reasons against the mail are collected; [`Examination::verified`] gives a value only where there is none.

use concerto_message::Digest;
use jiff::{SignedDuration, Timestamp};
use std::borrow::Cow;

use crate::address::{Address, MailId};
use crate::cms::{CmsCheck, CmsError, DigestAlgorithm, SignedData, SignerCertificate};
use crate::content::{self, Content};
use crate::daticert::Daticert;
use crate::directory::{Directory, Manages};
use crate::header::{Fields, HeaderError, Stands};
use crate::kind::{ErrorWord, PecType, ReceiptForm};
use crate::limits::{MAIL_BYTES_MAX, SIGNATURE_BYTES_MAX};
use crate::mime::{Part, has_bare_lf, with_crlf};
use crate::note::{Note, Notes};
use crate::receipt::Certified;
use crate::refusal::{Refusal, Unreadable};
use crate::verified::Verified;

/// Largest distance between the time in the signature and the certified one that is not noted.
const TIMES_APART_MAX: SignedDuration = SignedDuration::from_hours(24);

/// The top-level header, fit to be shown. It is not signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// `Subject`, decoded.
    pub subject: Option<String>,
    /// `From`.
    pub from: Vec<Address>,
    /// `To`.
    pub to: Vec<Address>,
    /// `Message-ID`.
    pub message_id: Option<MailId>,
    /// `X-Riferimento-Message-ID`: the Message-ID that the sender had given.
    pub reference: Option<MailId>,
    /// `X-TipoRicevuta`.
    pub form: Option<ReceiptForm>,
    /// `X-Ricevuta` or `X-Trasporto`, as it stands.
    pub kind_word: Option<String>,
}

/// From where the time was taken at which the certificate must have been valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeSource {
    /// Whoever asked gave it.
    Given,
    /// The certification data.
    Daticert,
    /// The signature.
    Signature,
}

/// How the signature stands in the mail (RFC 8551 section 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureForm {
    /// `multipart/signed`.
    Detached,
    /// `application/pkcs7-mime`.
    Opaque,
}

/// A mail and all that was found out about it.
#[derive(Debug)]
pub struct Examination<'a> {
    /// What the top-level header says it is.
    pub kind: PecType,
    /// The top-level header.
    pub header: Header,
    /// How the signature stands, if there is one.
    pub form: Option<SignatureForm>,
    /// Who signed, where the signature is over the content.
    pub signature: Option<SignedData>,
    /// The time at which the certificate had to be valid, and whence it came.
    pub judged_at: Option<(Timestamp, TimeSource)>,
    /// The direct parts. Believe them only where nothing was refused.
    pub content: Content,
    /// The provider, if a directory was consulted and knows the signer.
    pub provider: Option<String>,
    /// What was tolerated.
    pub notes: Notes,
    /// Every reason against the mail; with none, its signature leads to an authority and header and certification data agree.
    pub refusals: Vec<Refusal>,
    /// SHA-256 of the mail as it was given.
    pub sha256: Digest,
    bytes: Cow<'a, [u8]>,
    consulted: bool,
    security_error: bool,
}

/// Reads a mail and checks its signature.
///
/// The certificate must have been valid at `at`, or where that is `None` at the time in the certification data, or in the signature.
///
/// # Errors
/// [`Unreadable`]: the bytes are no mail, or exceed a bound. Everything else is in the result.
pub fn examine<'a>(
    mail: &'a [u8],
    cms: &dyn CmsCheck,
    at: Option<Timestamp>,
) -> Result<Examination<'a>, Unreadable> {
    if mail.len() > MAIL_BYTES_MAX {
        return Err(Unreadable::TooLarge);
    }
    let (raw, mailbox_line) = without_mailbox_line(mail);
    let fields = Fields::split(raw)?;
    if fields.is_empty() {
        return Err(Unreadable::Header(HeaderError::Missing));
    }
    let mut examination = Examination {
        kind: PecType::Mail,
        header: Header::default(),
        form: None,
        signature: None,
        judged_at: None,
        content: Content::default(),
        provider: None,
        notes: Notes::default(),
        refusals: Vec::new(),
        sha256: Digest::of(mail),
        bytes: Cow::Borrowed(raw),
        consulted: false,
        security_error: false,
    };
    examination.notes.add_if(mailbox_line, Note::MailboxLine);
    examination.read_header(&fields);
    if let Err(refusal) = examination.read_body(raw, cms) {
        examination.refusals.push(refusal);
    }
    if examination.kind != PecType::Mail {
        examination.compare();
        examination.judge(cms, at);
    }
    Ok(examination)
}

impl<'a> Examination<'a> {
    /// Asks the providers' directory: the signer must be in it, and manage the domains that it speaks about.
    pub fn consult(&mut self, directory: &Directory) {
        self.consulted = true;
        let Some(signed) = self.signature.take() else { return };
        self.consult_about(&signed.signer, directory);
        self.signature = Some(signed);
    }

    fn consult_about(&mut self, signer: &SignerCertificate, directory: &Directory) {
        let Some(provider) = directory.provider_of(signer) else {
            self.refusals.push(Refusal::UnknownProvider);
            return;
        };
        self.provider = Some(provider.name.clone());
        let sent_by_it = match self.header.from.as_slice() {
            [from] => {
                signer.addresses.iter().any(|address| address == from.as_str())
                    || directory.manages(signer, from.domain()) == Manages::Yes
            }
            _ => false,
        };
        self.refusals.retain(|refusal| *refusal != Refusal::From);
        if !sent_by_it {
            self.refusals.push(Refusal::From);
        }
        let domains = self.domains_spoken_about();
        let answers: Vec<Manages> = domains.iter().map(|domain| directory.manages(signer, domain)).collect();
        if answers.contains(&Manages::Yes) {
            return;
        }
        for (domain, answer) in domains.into_iter().zip(answers) {
            match answer {
                Manages::Another => self.refusals.push(Refusal::OtherProvider(domain)),
                Manages::Nobody => self.notes.add(Note::UnlistedDomain(domain)),
                Manages::Yes => {}
            }
        }
    }

    /// What the mail proves; nothing where a directory was not consulted or anything was refused.
    pub fn verified(&self) -> Option<Verified<Certified>> {
        if !self.consulted || !self.refusals.is_empty() || self.signature.is_none() {
            return None;
        }
        Certified::of(self.kind, self.content.daticert.as_ref(), self.sha256).map(Verified::new)
    }

    /// Whether the signature leads to an authority and header and certification data agree. It counts as evidence only where
    /// [`Self::verified`] gives a value, which also asks for a directory.
    pub fn is_sound(&self) -> bool {
        self.refusals.is_empty() && self.signature.is_some()
    }

    /// The original mail inside, exactly as it stands.
    pub fn original(&self) -> Option<&[u8]> {
        self.bytes.get(self.content.original.as_ref()?.range.clone())
    }

    fn refuse(&mut self, refusal: Refusal) {
        if !self.refusals.contains(&refusal) {
            self.refusals.push(refusal);
        }
    }

    fn read_header(&mut self, fields: &Fields<'_>) {
        self.notes.add_if(fields.irregular, Note::HeaderIrregular);
        self.notes.add_if(fields.any_begins("X-REM-"), Note::Rem);
        let subject = fields.decoded("Subject");
        self.header = Header {
            subject: subject.map(|text| self.notes.show(&text)),
            from: fields.addresses("From"),
            to: fields.addresses("To"),
            message_id: fields.mail_id("Message-ID"),
            reference: fields.mail_id("X-Riferimento-Message-ID"),
            form: fields.text("X-TipoRicevuta").once().and_then(|word| ReceiptForm::parse(&word)),
            kind_word: None,
        };
        let security = fields.text("X-VerificaSicurezza");
        self.security_error = matches!(&security, Stands::Once(word) if word.eq_ignore_ascii_case("errore"));
        for name in ["X-Ricevuta", "X-Trasporto", "X-Riferimento-Message-ID", "From", "Content-Type"] {
            let decides = !matches!(name, "From" | "Content-Type")
                || fields.any_begins("X-Ricevuta")
                || fields.any_begins("X-Trasporto");
            if decides && fields.text(name) == Stands::Often {
                self.refuse(Refusal::Repeated(name));
            }
        }
        self.classify(fields.text("X-Ricevuta"), fields.text("X-Trasporto"));
    }

    fn classify(&mut self, receipt: Stands<String>, transport: Stands<String>) {
        let (word, kind) = match (receipt, transport) {
            (Stands::Never, Stands::Never) => {
                self.refuse(Refusal::Ordinary);
                return;
            }
            (Stands::Once(word), Stands::Never) => (PecType::of_receipt_field(&word), word),
            (Stands::Never, Stands::Once(word)) => (PecType::of_transport_field(&word), word),
            (Stands::Often, _) | (_, Stands::Often) => return, // refused as repeated
            (Stands::Once(_), Stands::Once(_)) => {
                self.refuse(Refusal::Ambiguous);
                return;
            }
        };
        let shown = self.notes.show(&kind);
        match word {
            Some(kind) => self.kind = kind,
            None => self.refuse(Refusal::UnknownType(shown.clone())),
        }
        self.header.kind_word = Some(shown);
    }

    /// Finds the signature, opens it and reads the content that it is over. An ordinary mail is read without.
    fn read_body(&mut self, raw: &'a [u8], cms: &dyn CmsCheck) -> Result<(), Refusal> {
        if self.kind == PecType::Mail {
            return self.read_ordinary(raw);
        }
        let part = Part::read(raw)?;
        match part.media_type().as_str() {
            "multipart/signed" => self.open_detached(&part, cms),
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => self.open_opaque(&part, cms),
            _ => {
                self.refuse(Refusal::Unsigned);
                self.read_content(raw)
            }
        }
    }

    /// An ordinary mail certifies nothing, whatever somebody attached to it.
    fn read_ordinary(&mut self, raw: &[u8]) -> Result<(), Refusal> {
        self.content = content::read(raw, &mut self.notes, &mut Vec::new())?;
        self.content.daticert = None;
        Ok(())
    }

    fn read_content(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.content = content::read(bytes, &mut self.notes, &mut self.refusals)?;
        Ok(())
    }

    fn open_detached(&mut self, part: &Part<'a>, cms: &dyn CmsCheck) -> Result<(), Refusal> {
        self.form = Some(SignatureForm::Detached);
        let (parts, closed) = part.children()?;
        self.notes.add_if(!closed, Note::Unclosed);
        let [signed, signature] = parts.as_slice() else { return Err(Refusal::Shape) };
        let signature = Part::read(signature)?;
        if !matches!(
            signature.media_type().as_str(),
            "application/pkcs7-signature" | "application/x-pkcs7-signature"
        ) {
            return Err(Refusal::Shape);
        }
        let opened = match signature.decoded(SIGNATURE_BYTES_MAX) {
            Ok(bytes) => self.open_over(signed, &bytes, cms),
            Err(error) => {
                self.bytes = Cow::Borrowed(signed);
                Err(error.into())
            }
        };
        let bytes = std::mem::take(&mut self.bytes);
        let read = self.read_content(&bytes);
        self.bytes = bytes;
        opened.and(read)
    }

    /// Opens over the bytes as they stand; where a store or a gateway took the CR from line breaks, over their canonical form.
    fn open_over(&mut self, signed: &'a [u8], signature: &[u8], cms: &dyn CmsCheck) -> Result<(), Refusal> {
        let first = cms.open(signature, Some(signed));
        if first == Err(CmsError::Altered) && has_bare_lf(signed) {
            let canonical = with_crlf(signed);
            if let Ok(opened) = cms.open(signature, Some(&canonical)) {
                self.notes.add(Note::LineBreaks);
                self.signature = Some(opened);
                self.bytes = Cow::Owned(canonical);
                return Ok(());
            }
        }
        self.bytes = Cow::Borrowed(signed);
        self.signature = Some(first?);
        Ok(())
    }

    fn open_opaque(&mut self, part: &Part<'_>, cms: &dyn CmsCheck) -> Result<(), Refusal> {
        self.form = Some(SignatureForm::Opaque);
        let mut opened = cms.open(&part.decoded(MAIL_BYTES_MAX)?, None)?;
        let content = std::mem::take(&mut opened.content);
        self.signature = Some(opened);
        let read = self.read_content(&content);
        self.bytes = Cow::Owned(content);
        read
    }

    /// Compares what the header says with what was certified.
    fn compare(&mut self) {
        self.note_original();
        if !self.kind.is_certified() {
            return;
        }
        let Some(daticert) = self.content.daticert.take() else {
            let told = |refusal: &Refusal| {
                matches!(
                    refusal,
                    Refusal::Daticert(_) | Refusal::TwoDaticert | Refusal::Mime(_) | Refusal::Shape
                )
            };
            if !self.refusals.iter().any(told)
                && (self.signature.is_some() || self.form != Some(SignatureForm::Opaque))
            {
                self.refuse(Refusal::NoDaticert);
            }
            return;
        };
        self.compare_with(&daticert);
        self.content.daticert = Some(daticert);
    }

    fn compare_with(&mut self, daticert: &Daticert) {
        if daticert.kind != Some(self.kind) {
            let word = daticert.kind_word.clone();
            self.refuse(Refusal::TypesDiffer { header: self.kind, daticert: word });
        }
        match (&self.header.reference, &daticert.message_id) {
            (Some(header), Some(certified)) if header != certified => {
                self.refuse(Refusal::FieldDiffers("X-Riferimento-Message-ID"));
            }
            (_, None) => self.notes.add(Note::NoMessageId),
            _ => {}
        }
        if self.kind == PecType::Envelope
            && self.header.form.is_some_and(|form| daticert.form.is_some_and(|said| said != form))
        {
            self.refuse(Refusal::FieldDiffers("X-TipoRicevuta"));
        }
        if self.security_error && daticert.error != ErrorWord::Virus {
            self.refuse(Refusal::FieldDiffers("X-VerificaSicurezza"));
        }
        let positive = matches!(
            self.kind,
            PecType::Acceptance | PecType::Delivery | PecType::TakenInCharge | PecType::Envelope
        );
        if positive && daticert.error != ErrorWord::None {
            self.refuse(Refusal::Contradiction);
        }
        let for_one = matches!(
            self.kind,
            PecType::Delivery | PecType::DeliveryError | PecType::DelayNotice | PecType::VirusDetected
        );
        if for_one && daticert.delivered_to.is_none() {
            self.refuse(Refusal::NoRecipient);
        }
    }

    fn note_original(&mut self) {
        let present = self.content.original.is_some();
        let form = self.content.daticert.as_ref().and_then(|daticert| daticert.form);
        let wanted = match self.kind {
            PecType::Envelope | PecType::Anomaly => true,
            PecType::Delivery => matches!(form, Some(ReceiptForm::Complete | ReceiptForm::Brief)),
            _ => false,
        };
        let forbidden =
            matches!(self.kind, PecType::NonAcceptance | PecType::DelayNotice | PecType::VirusDetected);
        self.notes.add_if(wanted && !present, Note::OriginalMissing);
        self.notes.add_if(forbidden && present, Note::OriginalUnexpected);
    }

    /// Follows the certificate at the right time, and compares it with the sender.
    fn judge(&mut self, cms: &dyn CmsCheck, at: Option<Timestamp>) {
        let Some(signed) = self.signature.take() else { return };
        self.notes.add_if(signed.digest == DigestAlgorithm::Sha1, Note::Sha1);
        let certified = self.content.daticert.as_ref().map(|daticert| daticert.at);
        if let (Some(certified), Some(said)) = (certified, signed.signing_time) {
            self.notes.add_if(certified.duration_since(said).abs() > TIMES_APART_MAX, Note::TimesDiffer);
        }
        let given = at.map(|time| (time, TimeSource::Given));
        let certified = certified.map(|time| (time, TimeSource::Daticert));
        let said = signed.signing_time.map(|time| (time, TimeSource::Signature));
        self.judged_at = given.or(certified).or(said);
        match self.judged_at {
            None => self.refuse(Refusal::NoTime),
            Some((time, _)) => {
                if let Err(error) = cms.chain(&signed, time) {
                    self.refuse(error.into());
                }
            }
        }
        self.compare_sender(&signed);
        self.signature = Some(signed);
    }

    /// `From` is one address: the certificate's, or of its domain. A directory, where one is consulted, has the last word.
    fn compare_sender(&mut self, signed: &SignedData) {
        let [from] = self.header.from.as_slice() else {
            self.refuse(Refusal::From);
            return;
        };
        let addresses = &signed.signer.addresses;
        let same_domain = addresses.iter().any(|found| found.rsplit('@').next() == Some(from.domain()));
        if addresses.is_empty() {
            self.notes.add(Note::NoCertificateAddress);
        } else if !addresses.iter().any(|found| found == from.as_str()) {
            self.notes.add(Note::OtherFrom);
            if !same_domain {
                self.refuse(Refusal::From);
            }
        }
    }

    /// Whose provider must have signed: for a delivery the recipient's, for what the sender's provider says the sender's, for an error
    /// either.
    fn domains_spoken_about(&self) -> Vec<String> {
        let Some(daticert) = &self.content.daticert else { return Vec::new() };
        let sender = || daticert.sender.domain().to_owned();
        let recipient = || daticert.delivered_to.iter().map(|address| address.domain().to_owned());
        match self.kind {
            PecType::Acceptance | PecType::NonAcceptance | PecType::DelayNotice | PecType::Envelope => {
                vec![sender()]
            }
            PecType::Delivery | PecType::VirusDetected => recipient().collect(),
            PecType::DeliveryError => recipient().chain([sender()]).collect(),
            PecType::TakenInCharge => {
                daticert.taken_for.iter().map(|address| address.domain().to_owned()).collect()
            }
            PecType::Anomaly | PecType::Mail => Vec::new(),
        }
    }
}

/// Takes away the `From ` line that mailbox files put before each mail (RFC 4155).
fn without_mailbox_line(mail: &[u8]) -> (&[u8], bool) {
    let Some(end) = mail.strip_prefix(b"From ").and_then(|_| mail.iter().position(|byte| *byte == b'\n'))
    else {
        return (mail, false);
    };
    (mail.get(end + 1..).unwrap_or_default(), true)
}
