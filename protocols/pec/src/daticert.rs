//! The certification data, `daticert.xml` (RFC 6109 section 4.4; the DTD is the content model that is read here).
//!
//! Strict where a date or a right hangs on it: each element that the type needs stands once, times and addresses are valid. Elements
//! and words that the DTD does not have are tolerated and noted, because providers add them.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use std::borrow::Cow;

use crate::address::{Address, MailId};
use crate::kind::{ErrorWord, PecType, ReceiptForm};
use crate::limits::{DATICERT_BYTES_MAX, RECIPIENTS_MAX};
use crate::note::{Note, Notes};
use crate::xml::{self, Element, XmlError};

/// Why certification data was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DaticertError {
    /// More than [`DATICERT_BYTES_MAX`].
    #[error("the certification data has more than {DATICERT_BYTES_MAX} bytes")]
    TooLarge,
    /// Bytes that are not in the character set they declare, or a set that is not read here.
    #[error("the certification data is not in the character set that it declares")]
    Charset,
    /// Not acceptable XML.
    #[error("the certification data: {0}")]
    Xml(#[from] XmlError),
    /// An element or attribute that must stand there.
    #[error("the certification data has no `{0}`")]
    Missing(&'static str),
    /// An element twice that may stand once: two readers could take another one.
    #[error("the certification data has `{0}` more than once")]
    Repeated(&'static str),
    /// A value that is no address or identifier.
    #[error("`{0}` in the certification data is not valid")]
    Value(&'static str),
    /// A day, hour or zone that does not exist.
    #[error("the time in the certification data is not valid")]
    Time,
    /// More than [`RECIPIENTS_MAX`].
    #[error("the certification data names more than {RECIPIENTS_MAX} recipients")]
    TooManyRecipients,
}

impl DaticertError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "pec.daticert.too-large",
            Self::Charset => "pec.daticert.charset",
            Self::Xml(XmlError::Malformed) => "pec.daticert.malformed",
            Self::Xml(XmlError::Doctype) => "pec.daticert.doctype",
            Self::Xml(XmlError::Entity) => "pec.daticert.entity",
            Self::Xml(XmlError::Instruction) => "pec.daticert.instruction",
            Self::Xml(XmlError::TooDeep) => "pec.daticert.too-deep",
            Self::Xml(XmlError::TooMany) => "pec.daticert.too-many",
            Self::Missing(_) => "pec.daticert.incomplete",
            Self::Repeated(_) => "pec.daticert.repeated",
            Self::Value(_) => "pec.daticert.value",
            Self::Time => "pec.daticert.time",
            Self::TooManyRecipients => "pec.daticert.recipients",
        }
    }
}

/// A recipient of the original mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The address.
    pub address: Address,
    /// Whether the mailbox is certified. For another one (`esterno`) no delivery receipt will ever come.
    pub certified: bool,
}

/// What a provider certifies. Believed only as part of a verified mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daticert {
    /// The attribute `tipo` as it stands.
    pub kind_word: String,
    /// What it means, if RFC 6109 has the word.
    pub kind: Option<PecType>,
    /// `errore`.
    pub error: ErrorWord,
    /// `mittente`: who sent the original mail.
    pub sender: Address,
    /// `destinatari`: all its recipients.
    pub recipients: Vec<Recipient>,
    /// `oggetto`, fit to be shown.
    pub subject: Option<String>,
    /// `gestore-emittente`: how the provider names itself, fit to be shown.
    pub provider: String,
    /// `data`: when the provider did what it certifies.
    pub at: Timestamp,
    /// `identificativo`: the provider's own identifier of the mail.
    pub identifier: MailId,
    /// `msgid`: the Message-ID that the sender had given. Some providers leave it out.
    pub message_id: Option<MailId>,
    /// `ricevuta`: the form of delivery receipt that was asked for.
    pub form: Option<ReceiptForm>,
    /// `consegna`: the recipient to whom delivery was made or tried.
    pub delivered_to: Option<Address>,
    /// `ricezione`: the recipients for whom another provider took the mail in charge.
    pub taken_for: Vec<Address>,
    /// `errore-esteso`, fit to be shown.
    pub error_detail: Option<String>,
}

impl Daticert {
    /// Reads the bytes of the part.
    ///
    /// # Errors
    /// [`DaticertError`].
    pub fn parse(bytes: &[u8], notes: &mut Notes) -> Result<Self, DaticertError> {
        if bytes.len() > DATICERT_BYTES_MAX {
            return Err(DaticertError::TooLarge);
        }
        let text = decode(bytes, notes)?;
        let root = xml::parse(&text)?;
        if root.name != "postacert" {
            return Err(DaticertError::Missing("postacert"));
        }
        note_unknown(&root, notes);
        read(&root, notes)
    }
}

fn read(root: &Element, notes: &mut Notes) -> Result<Daticert, DaticertError> {
    let header = one(root, "intestazione")?;
    let data = one(root, "dati")?;
    let kind_word = root.attribute("tipo").ok_or(DaticertError::Missing("tipo"))?.trim().to_owned();
    let error = ErrorWord::parse(root.attribute("errore").unwrap_or_default());
    if let ErrorWord::Unknown(word) = &error {
        let word = notes.show(word);
        notes.add(Note::UnknownError(word));
    }
    let message_id = optional(data, "msgid")?.map(Element::text).filter(|text| !text.is_empty());
    let message_id =
        message_id.map(|text| MailId::parse(text).ok_or(DaticertError::Value("msgid"))).transpose()?;
    let delivered_to = optional(data, "consegna")?
        .map(|element| Address::parse(element.text()).ok_or(DaticertError::Value("consegna")))
        .transpose()?;
    let form = optional(data, "ricevuta")?.and_then(|element| ReceiptForm::parse(element.attribute("tipo")?));
    Ok(Daticert {
        kind: kind_of(&kind_word),
        kind_word: notes.show(&kind_word),
        error,
        sender: Address::parse(one(header, "mittente")?.text()).ok_or(DaticertError::Value("mittente"))?,
        recipients: recipients(header, notes)?,
        subject: optional(header, "oggetto")?.map(|element| notes.show(element.text())),
        provider: notes.show(one(data, "gestore-emittente")?.text()),
        at: time(one(data, "data")?, notes)?,
        identifier: MailId::parse(one(data, "identificativo")?.text())
            .ok_or(DaticertError::Value("identificativo"))?,
        message_id,
        form,
        delivered_to,
        taken_for: taken_for(data, notes)?,
        error_detail: optional(data, "errore-esteso")?.map(|element| notes.show(element.text())),
    })
}

fn kind_of(word: &str) -> Option<PecType> {
    PecType::of_receipt_field(word)
        .or_else(|| PecType::of_transport_field(word).filter(|kind| kind.is_certified()))
}

fn recipients(header: &Element, notes: &mut Notes) -> Result<Vec<Recipient>, DaticertError> {
    if header.all("destinatari").count() > RECIPIENTS_MAX {
        return Err(DaticertError::TooManyRecipients);
    }
    let mut found = Vec::new();
    for element in header.all("destinatari") {
        let external =
            element.attribute("tipo").is_some_and(|word| word.trim().eq_ignore_ascii_case("esterno"));
        match Address::parse(element.text()) {
            Some(address) => found.push(Recipient { address, certified: !external }),
            None => notes.add(Note::IllegibleRecipient),
        }
    }
    if found.is_empty() { Err(DaticertError::Missing("destinatari")) } else { Ok(found) }
}

fn taken_for(data: &Element, notes: &mut Notes) -> Result<Vec<Address>, DaticertError> {
    if data.all("ricezione").count() > RECIPIENTS_MAX {
        return Err(DaticertError::TooManyRecipients);
    }
    let found: Vec<Option<Address>> =
        data.all("ricezione").map(|element| Address::parse(element.text())).collect();
    notes.add_if(found.contains(&None), Note::IllegibleRecipient);
    Ok(found.into_iter().flatten().collect())
}

fn one<'e>(outer: &'e Element, name: &'static str) -> Result<&'e Element, DaticertError> {
    optional(outer, name)?.ok_or(DaticertError::Missing(name))
}

fn optional<'e>(outer: &'e Element, name: &'static str) -> Result<Option<&'e Element>, DaticertError> {
    let mut found = outer.all(name);
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(DaticertError::Repeated(name)),
        (first, _) => Ok(first),
    }
}

/// `data`: local time and its distance from UTC, `[+|-]hhmm`. A colon in the zone and a leap second are tolerated.
fn time(element: &Element, notes: &mut Notes) -> Result<Timestamp, DaticertError> {
    let day = numbers(one(element, "giorno")?.text(), '/');
    let hour = numbers(one(element, "ora")?.text(), ':');
    let zone = element.attribute("zona").ok_or(DaticertError::Missing("zona"))?.trim();
    let (Some([day, month, year]), Some([hour, minute, second])) = (day, hour) else {
        return Err(DaticertError::Time);
    };
    notes.add_if(second == 60 || zone.contains(':'), Note::TimeForm);
    let narrow = |number: i16| i8::try_from(number).map_err(|_| DaticertError::Time);
    let date = Date::new(year, narrow(month)?, narrow(day)?).map_err(|_| DaticertError::Time)?;
    let second = if second == 60 { 59 } else { second };
    let time =
        Time::new(narrow(hour)?, narrow(minute)?, narrow(second)?, 0).map_err(|_| DaticertError::Time)?;
    offset(zone)?.to_timestamp(date.to_datetime(time)).map_err(|_| DaticertError::Time)
}

/// Three numbers of digits alone: a sign or a space would be accepted by a number parser and is none here.
fn numbers(text: &str, separator: char) -> Option<[i16; 3]> {
    let mut parts = text.split(separator);
    let mut next = || {
        let digits = parts.next()?.trim();
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
    };
    let found = [next()?, next()?, next()?];
    parts.next().is_none().then_some(found)
}

fn offset(zone: &str) -> Result<Offset, DaticertError> {
    let (sign, digits) = match (zone.strip_prefix('+'), zone.strip_prefix('-')) {
        (Some(digits), _) => (1, digits),
        (_, Some(digits)) => (-1, digits),
        _ => return Err(DaticertError::Time),
    };
    let digits = digits.replacen(':', "", 1);
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DaticertError::Time);
    }
    let number: i32 = digits.parse().map_err(|_| DaticertError::Time)?;
    let (hours, minutes) = (number / 100, number % 100);
    if hours > 14 || minutes > 59 {
        return Err(DaticertError::Time);
    }
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).map_err(|_| DaticertError::Time)
}

/// UTF-8 as RFC 6109 says; another declared set of one byte for each character is tolerated. What is not valid is never guessed.
fn decode<'b>(bytes: &'b [u8], notes: &mut Notes) -> Result<Cow<'b, str>, DaticertError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let declared = declared_charset(bytes);
    match declared.as_deref() {
        None | Some("utf-8" | "utf8" | "us-ascii") => {
            std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| DaticertError::Charset)
        }
        Some(name @ ("iso-8859-1" | "iso-8859-15" | "windows-1252")) => {
            let decoder = mail_parser::decoders::charsets::map::charset_decoder(name.as_bytes());
            notes.add(Note::OtherCharset(name.to_owned()));
            decoder.map(|decode| Cow::Owned(decode(bytes))).ok_or(DaticertError::Charset)
        }
        Some(_) => Err(DaticertError::Charset),
    }
}

/// The `encoding` of the XML declaration, in lower case.
fn declared_charset(bytes: &[u8]) -> Option<String> {
    let declaration = bytes.strip_prefix(b"<?xml")?;
    let end = declaration.iter().take(200).position(|byte| *byte == b'>')?;
    let declaration = std::str::from_utf8(declaration.get(..end)?).ok()?;
    let (_, after) = declaration.split_once("encoding")?;
    let value = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value.strip_prefix(quote)?.split(quote).next().map(str::to_ascii_lowercase)
}

/// Notes elements and attributes that the DTD does not have.
fn note_unknown(root: &Element, notes: &mut Notes) {
    const INSIDE: [(&str, &[&str], &[&str]); 5] = [
        ("postacert", &["intestazione", "dati"], &["tipo", "errore"]),
        ("intestazione", &["mittente", "destinatari", "risposte", "oggetto"], &[]),
        (
            "dati",
            &[
                "gestore-emittente",
                "data",
                "identificativo",
                "msgid",
                "ricevuta",
                "consegna",
                "ricezione",
                "errore-esteso",
            ],
            &[],
        ),
        ("data", &["giorno", "ora"], &["zona"]),
        ("", &[], &["tipo"]),
    ];
    let known = INSIDE.iter().find(|(name, ..)| *name == root.name || name.is_empty());
    let Some((_, elements, attributes)) = known else { return };
    for (name, _) in root.attributes.iter().filter(|(name, _)| !attributes.contains(&name.as_str())) {
        let name = notes.show(name);
        notes.add(Note::UnknownElement(name));
    }
    for inside in &root.inside {
        if elements.contains(&inside.name.as_str()) {
            note_unknown(inside, notes);
        } else {
            let name = notes.show(&inside.name);
            notes.add(Note::UnknownElement(name));
        }
    }
}

#[cfg(test)]
#[path = "daticert_tests.rs"]
mod tests;
