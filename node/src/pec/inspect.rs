//! `concerto pec inspect`: what a mail is, whether it is proved and why not, and what it says for each recipient (RFC 6109). It needs no node.
//!
//! The answer is always complete: a mail that is refused is described too. Exit code 0 where the mail is proved, where it is an ordinary mail
//! that claims nothing, or where no authorities were given and nothing else is wrong; 1 where what it claims is refused or the file is no mail; 3 for
//! authorities or a directory that cannot be used; 4 for files that cannot be read.

use concerto_core::Fault;
use concerto_crypto_openssl::OpensslCms;
use concerto_pec::limits::{DIRECTORY_BYTES_MAX, MAIL_BYTES_MAX};
use concerto_pec::{
    Address, ChainError, Directory, Examination, MailId, Outcome, PecType, Reason, Refusal, SignatureForm,
    SignedData, TimeSource, Unreadable, examine, outcomes,
};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::cli::Inspect;
use crate::output::{Exit, Failure, Output};
use crate::words;

/// Largest file of authorities that is read, in bytes.
const AUTHORITIES_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Width of the names of facts in the text for people.
const LABEL_CHARS: usize = 18;

/// Reads one mail and tells everything about it.
pub(crate) fn inspect(out: Output, options: &Inspect) -> Result<(), Failure> {
    let cms = match &options.ca {
        Some(path) => OpensslCms::with_authorities(&read_bounded(path, AUTHORITIES_BYTES_MAX)?)
            .map_err(|error| configuration(error.code(), path, &error))?,
        None => OpensslCms::without_authorities(),
    };
    let directory = match &options.directory {
        Some(path) => Some(
            Directory::parse(&read_bounded(path, DIRECTORY_BYTES_MAX)?)
                .map_err(|error| configuration(error.code(), path, &error))?,
        ),
        None => None,
    };
    let mail = read_bounded(&options.file, MAIL_BYTES_MAX)?;
    let mut examination = match examine(&mail, &cms, options.at) {
        Ok(examination) => examination,
        Err(unreadable) => return not_read(out, unreadable, mail.len()),
    };
    if let Some(directory) = &directory {
        examination.consult(directory);
    }
    out.result(&text(out, &examination), &value(&examination, mail.len()));
    let faults = faults(&examination);
    if faults.is_empty() { Ok(()) } else { Err(Failure { exit: Exit::Refused, faults }) }
}

/// Reads a file up to one byte more than its bound, so that a larger one is seen to be larger and not held.
pub(super) fn read_bounded(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let unread =
        |error: std::io::Error| Failure::environment("system.io", &format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    let bound = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path).map_err(unread)?.take(bound).read_to_end(&mut bytes).map_err(unread)?;
    Ok(bytes)
}

pub(super) fn configuration(code: &str, path: &Path, error: &dyn std::fmt::Display) -> Failure {
    let what = format!("{}: {error}", path.display());
    Failure { exit: Exit::Configuration, faults: vec![Fault::technical(code, &what)] }
}

fn not_read(out: Output, unreadable: Unreadable, bytes: usize) -> Result<(), Failure> {
    let fault = Fault::new(unreadable.code(), unreadable.italian(), unreadable.english());
    if out.json {
        let value = json!({
            "type": PecType::Mail.as_str(), "verified": false, "counts": false, "why": [fault], "error": null,
            "recipients": [], "identifiers": {}, "tolerances": [], "bytes": bytes,
        });
        out.line(&value.to_string());
    }
    Err(Failure::refused(fault))
}

/// What makes the command fail. That no authorities were given is no fault of the mail, nor is that it is an ordinary one.
fn faults(examination: &Examination<'_>) -> Vec<Fault> {
    let counts = |refusal: &&Refusal| {
        !matches!(refusal, Refusal::Ordinary | Refusal::Certificate(ChainError::NoAuthority))
    };
    examination.refusals.iter().filter(counts).map(fault).collect()
}

pub(super) fn fault(refusal: &Refusal) -> Fault {
    Fault::new(refusal.code(), words::sentence(&refusal.italian()), words::sentence(&refusal.english()))
}

fn value(examination: &Examination<'_>, bytes: usize) -> Value {
    let daticert = examination.content.daticert.as_ref();
    let header = &examination.header;
    let id = |id: Option<&MailId>| id.map(|id| id.as_str().to_owned());
    let addresses = |list: &[Address]| list.iter().map(|a| a.as_str().to_owned()).collect::<Vec<_>>();
    let original = examination.content.original.as_ref();
    json!({
        "type": examination.kind.as_str(),
        "said_type": header.kind_word,
        "verified": examination.is_sound(),
        "counts": examination.verified().is_some(),
        "why": examination.refusals.iter().map(fault).collect::<Vec<_>>(),
        "error": daticert.map(|d| d.error.as_str()),
        "error_detail": daticert.and_then(|d| d.error_detail.as_deref()),
        "recipients": recipients(examination),
        "identifiers": {
            "message_id": id(header.message_id.as_ref()),
            "reference": id(header.reference.as_ref()),
            "msgid": id(daticert.and_then(|d| d.message_id.as_ref())),
            "identificativo": id(daticert.map(|d| &d.identifier)),
        },
        "sender": daticert.map(|d| d.sender.as_str()),
        "subject": header.subject,
        "from": addresses(&header.from),
        "to": addresses(&header.to),
        "time": daticert.map(|d| d.at.to_string()),
        "receipt_form": daticert.and_then(|d| d.form).or(header.form).map(|form| form.as_str()),
        "gestore": daticert.map(|d| d.provider.as_str()),
        "provider": examination.provider,
        "signature": examination.signature.as_ref().map(|signed| signature(examination, signed)),
        "original": original.map(|found| json!({
            "bytes": examination.original().map(<[u8]>::len),
            "sha256": examination.original().map(|bytes| concerto_message::Digest::of(bytes).to_string()),
            "message_id": id(found.message_id.as_ref()),
            "reference": id(found.reference.as_ref()),
        })),
        "parts": examination.content.parts.iter().map(|part| json!({
            "name": part.name, "media_type": part.media_type, "bytes": part.bytes,
        })).collect::<Vec<_>>(),
        "tolerances": examination.notes.iter().map(|note| json!({
            "code": note.code(), "detail": note.detail(), "text": note.italian(), "text_en": note.english(),
        })).collect::<Vec<_>>(),
        "sha256": examination.sha256.to_string(),
        "bytes": bytes,
    })
}

fn signature(examination: &Examination<'_>, signed: &SignedData) -> Value {
    let signer = &signed.signer;
    let (at, source) = examination.judged_at.unzip();
    json!({
        "form": examination.form.map(|form| match form {
            SignatureForm::Detached => "detached",
            SignatureForm::Opaque => "opaque",
        }),
        "digest": signed.digest.as_str(),
        "signing_time": signed.signing_time.map(|time| time.to_string()),
        "judged_at": at.map(|time| time.to_string()),
        "judged_at_source": source.map(|source| match source {
            TimeSource::Given => "given",
            TimeSource::Daticert => "daticert",
            TimeSource::Signature => "signature",
        }),
        "revocation": "not-checked",
        "signer": {
            "subject": signer.subject, "issuer": signer.issuer, "serial": signer.serial,
            "sha256": signer.sha256.to_string(), "addresses": signer.addresses,
            "not_before": signer.not_before.to_string(), "not_after": signer.not_after.to_string(),
        },
    })
}

/// Each recipient of the original mail and what this message says about it; a recipient of which it speaks and whom the original does not
/// name stands at the end.
fn recipients(examination: &Examination<'_>) -> Vec<Value> {
    let Some(daticert) = &examination.content.daticert else { return Vec::new() };
    let outcomes = outcomes(examination.kind, daticert);
    let told = |address: &Address| outcomes.iter().find(|(to, _)| to == address).map(|(_, outcome)| outcome);
    let row = |address: &Address, certified: Option<bool>, outcome: Option<&Outcome>| {
        let reason = outcome.and_then(reason);
        json!({
            "address": address.as_str(),
            "kind": certified.map(|certified| if certified { "certificato" } else { "esterno" }),
            "outcome": outcome.map(Outcome::as_str),
            "error": reason.map(|reason| reason.word.as_str()),
            "error_detail": reason.and_then(|reason| reason.detail.as_deref()),
        })
    };
    let named = daticert.recipients.iter().map(|to| row(&to.address, Some(to.certified), told(&to.address)));
    let unnamed = |address: &Address| !daticert.recipients.iter().any(|to| to.address == *address);
    let others =
        outcomes.iter().filter(|(to, _)| unnamed(to)).map(|(to, outcome)| row(to, None, Some(outcome)));
    named.chain(others).collect()
}

fn reason(outcome: &Outcome) -> Option<&Reason> {
    match outcome {
        Outcome::NotAccepted(reason) | Outcome::NotDelivered(reason) => Some(reason),
        _ => None,
    }
}

fn text(out: Output, examination: &Examination<'_>) -> String {
    let mut lines = String::new();
    let mut fact = |label: &str, text: &str| {
        if !text.is_empty() {
            lines.push_str(&words::line(&format!("{label:<LABEL_CHARS$}"), text));
        }
    };
    fact(out.say("tipo", "type"), &format!("{} – {}", examination.kind, kind_text(out, examination.kind)));
    fact(out.say("provato", "proved"), proved_text(out, examination));
    for refusal in &examination.refusals {
        let why = if out.italian() { refusal.italian() } else { refusal.english() };
        fact(out.say("perché", "why"), &format!("{why} [{}]", refusal.code()));
    }
    if let Some(daticert) = &examination.content.daticert {
        fact(out.say("ora certificata", "certified time"), &daticert.at.to_string());
        fact(out.say("gestore", "provider"), &daticert.provider);
        fact(out.say("mittente", "sender"), daticert.sender.as_str());
        let outcomes = outcomes(examination.kind, daticert);
        for to in &daticert.recipients {
            let outcome = outcomes.iter().find(|(address, _)| *address == to.address);
            let told =
                outcome.map(|(_, outcome)| format!(": {}", outcome_text(out, outcome))).unwrap_or_default();
            fact(out.say("destinatario", "recipient"), &format!("{}{told}", to.address));
        }
        fact("msgid", daticert.message_id.as_ref().map_or("", MailId::as_str));
        fact("identificativo", daticert.identifier.as_str());
    } else {
        let from: Vec<&str> = examination.header.from.iter().map(Address::as_str).collect();
        fact(out.say("mittente", "sender"), &from.join(", "));
    }
    fact(out.say("oggetto", "subject"), examination.header.subject.as_deref().unwrap_or_default());
    if let Some(signed) = &examination.signature {
        fact(
            out.say("firma", "signature"),
            &format!("{} ({})", signed.signer.subject, signed.digest.as_str()),
        );
    }
    for part in &examination.content.parts {
        let name = part.name.as_deref().map(|name| format!(" «{name}»")).unwrap_or_default();
        fact(out.say("parte", "part"), &format!("{}{name}, {} byte", part.media_type, part.bytes));
    }
    for note in examination.notes.iter() {
        let what = if out.italian() { note.italian() } else { note.english() };
        let detail = note.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
        fact(out.say("tollerato", "tolerated"), &format!("{what}{detail} [{}]", note.code()));
    }
    lines
}

fn proved_text(out: Output, examination: &Examination<'_>) -> &'static str {
    let (it, en) = if examination.verified().is_some() {
        ("sì: firma, gestore e dati concordano", "yes: signature, provider and data agree")
    } else if examination.is_sound() {
        (
            "la firma vale e i dati concordano; senza l'elenco dei gestori (--directory) non fa fede",
            "the signature holds and the data agree; without the providers' directory (--directory) it is no evidence",
        )
    } else {
        ("no", "no")
    };
    if out.italian() { it } else { en }
}

fn kind_text(out: Output, kind: PecType) -> &'static str {
    let (it, en) = match kind {
        PecType::Acceptance => ("ricevuta di accettazione: prova l'invio", "acceptance: proof of sending"),
        PecType::NonAcceptance => ("avviso di non accettazione", "notice of non-acceptance"),
        PecType::TakenInCharge => (
            "presa in carico fra gestori, senza valore per l'utente",
            "between providers, of no value for the user",
        ),
        PecType::Delivery => {
            ("ricevuta di avvenuta consegna: prova la consegna", "delivery receipt: proof of delivery")
        }
        PecType::DeliveryError => ("avviso di mancata consegna", "notice of non-delivery"),
        PecType::DelayNotice => {
            ("avviso di mancata consegna entro 12 o 24 ore", "notice of no delivery within 12 or 24 hours")
        }
        PecType::VirusDetected => ("rilevazione di virus fra gestori", "virus found, between providers"),
        PecType::Envelope => {
            ("busta di trasporto: un messaggio certificato", "transport envelope: a certified mail")
        }
        PecType::Anomaly => {
            ("busta di anomalia: non certifica nulla", "anomaly envelope: it certifies nothing")
        }
        PecType::Mail => ("posta ordinaria, o tipo non riconosciuto", "an ordinary mail, or an unknown type"),
    };
    if out.italian() { it } else { en }
}

fn outcome_text(out: Output, outcome: &Outcome) -> String {
    let why = |reason: &Reason| {
        let detail = reason.detail.as_deref().map(|detail| format!(", {detail}")).unwrap_or_default();
        format!(" ({}{detail})", reason.word.as_str())
    };
    match outcome {
        Outcome::Accepted { certified: true } => out.say("accettato", "accepted").to_owned(),
        Outcome::Accepted { certified: false } => out
            .say(
                "accettato, casella non certificata: nessuna consegna sarà attestata",
                "accepted, mailbox not certified: no delivery will be attested",
            )
            .to_owned(),
        Outcome::NotAccepted(reason) => {
            format!("{}{}", out.say("non accettato", "not accepted"), why(reason))
        }
        Outcome::Delivered => out.say("consegnato", "delivered").to_owned(),
        Outcome::NotDelivered(reason) => {
            format!("{}{}", out.say("non consegnato", "not delivered"), why(reason))
        }
        Outcome::Delayed => out.say("non ancora consegnato", "not yet delivered").to_owned(),
        Outcome::TakenInCharge => out.say("preso in carico", "taken in charge").to_owned(),
        Outcome::VirusDetected => out.say("virus rilevato", "virus found").to_owned(),
    }
}
