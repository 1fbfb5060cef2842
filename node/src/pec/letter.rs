//! A message as a mail that a person can read: the act, its documents, the peremptory dates with their norms, the warning on silence, how to answer; and
//! for nodes the signed link with what belongs to it (protocols/PROTOCOL.md, "By certified mail").

use concerto_api::words;
use concerto_core::Case;
use concerto_crypto_openssl::OpensslRandom;
use concerto_message::limits::SMALL_DOCUMENT_BYTES_MAX;
use concerto_message::{Attachment, Audience, Link, MessageId, Salt, Writer};
use concerto_pec::limits::OUTGOING_BYTES_MAX;
use concerto_pec::{Address, LINK_TYPE, MailId, ReceiptForm, SaltFile, link_name, salt_file_name};
use concerto_pec_mail::{Attached, Letter, compose};
use concerto_port::{DocumentStore, Random};
use concerto_procedure::acts::{Act, StatedDates};
use concerto_procedure::language::{Lang, date_text};
use concerto_procedure::terms::terms;
use concerto_procedure::{Force, Term};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use super::outgoing::{NO_ADDRESS, read_body};
use crate::home::Home;
use crate::output::Failure;
use crate::views;
use crate::words::sentence;

/// Bytes of a mail that its text and the parts for nodes may take.
const TEXT_RESERVE: usize = 1_500_000;
/// Longest subject, in characters.
const SUBJECT_CHARS_MAX: usize = 200;
/// The media type of a document with its signature (CAdES).
const SIGNED_TYPE: &str = "application/pkcs7-mime";
/// The language of what goes to administrations without a node.
const LANG: Lang = Lang::It;

/// What a mail is made from.
pub(super) struct Writing<'a> {
    pub(super) home: &'a Home,
    pub(super) case: &'a Case,
    pub(super) link: &'a Link,
    pub(super) bundle: Option<Vec<u8>>,
    pub(super) documents: &'a dyn DocumentStore,
    pub(super) body: &'a Writer,
    pub(super) sender: &'a Address,
    pub(super) recipient: Option<&'a Address>,
    pub(super) message_id: &'a MailId,
    pub(super) now: Timestamp,
}

/// A mail, or why there is none.
pub(super) struct Composed {
    pub(super) subject: String,
    pub(super) mail: Option<Vec<u8>>,
    pub(super) restricted: bool,
    pub(super) problem: Option<String>,
}

/// A Message-ID of the sender's domain that nothing else has.
pub(super) fn new_message_id(message: MessageId, sender: &Address) -> Result<MailId, Failure> {
    let text = format!("{}.{}@{}", HEXLOWER.encode(&OpensslRandom.nonce()), message.short(), sender.domain());
    MailId::parse(&text).ok_or_else(|| Failure::environment("pec.message-id", &text))
}

/// Writes the mail.
pub(super) fn write(writing: &Writing<'_>) -> Result<Composed, Failure> {
    let text = text_of_act(writing)?;
    let subject = subject(writing, &text);
    let chosen = choose(writing, &text)?;
    let restricted = chosen.restricted;
    let Some(recipient) = writing.recipient else {
        return Ok(Composed { subject, mail: None, restricted, problem: Some(NO_ADDRESS.to_owned()) });
    };
    let letter = Letter {
        message_id: writing.message_id.clone(),
        sender: writing.sender.clone(),
        recipient: recipient.clone(),
        subject: subject.clone(),
        text: body_text(writing, &text, &chosen),
        documents: chosen.attached,
        receipt: ReceiptForm::Complete,
        at: writing.now,
    };
    Ok(match compose(&letter) {
        Ok(mail) => Composed { subject, mail: Some(mail.bytes().to_vec()), restricted, problem: None },
        Err(error) => Composed { subject, mail: None, restricted, problem: Some(error.code().to_owned()) },
    })
}

fn text_of_act(writing: &Writing<'_>) -> Result<Value, Failure> {
    let payload = writing.link.payload();
    let readable = payload.body.as_ref().filter(|text| text.audience.admits(&payload.writer, writing.body));
    readable.map_or(Ok(Value::Null), |text| read_body(writing.documents, text.digest))
}

fn act_name(writing: &Writing<'_>) -> String {
    sentence(&words::glossary(LANG, &writing.link.payload().message_type))
}

fn subject(writing: &Writing<'_>, text: &Value) -> String {
    let about = text.get("subject").and_then(Value::as_str).unwrap_or_default();
    let reference = concerto_pec::tie::reference(writing.case.id());
    let subject = format!("{reference} {} – {about}", act_name(writing));
    subject.trim_end_matches([' ', '–']).chars().take(SUBJECT_CHARS_MAX).collect()
}

/// What is attached, and what is not.
struct Chosen {
    attached: Vec<Attached>,
    /// Lines of the list of documents.
    listed: Vec<String>,
    restricted: bool,
}

/// Documents in their order as long as they fit, then the parts for nodes. What does not fit is listed with its digest.
fn choose(writing: &Writing<'_>, text: &Value) -> Result<Chosen, Failure> {
    let payload = writing.link.payload();
    let mut chosen = Chosen { attached: Vec::new(), listed: Vec::new(), restricted: false };
    let (mut salts, mut left) = (Vec::new(), OUTGOING_BYTES_MAX - TEXT_RESERVE);
    left = left.saturating_sub(act_on_paper(writing, text, &mut chosen));
    let visible = |a: &&Attachment| a.audience.admits(&payload.writer, writing.body);
    for (number, document) in (1..).zip(payload.documents.iter().filter(visible)) {
        let name = format!("documento-{number:02}.{}", ending(&document.media_type));
        let encoded = encoded_size(document.size);
        let held = (encoded <= left).then(|| bytes_of(writing.documents, document)).transpose()?.flatten();
        let Some((salt, bytes)) = held else {
            let size = document.size;
            chosen.listed.push(format!(
                "{number}. {name}: {size} byte, non allegato; impronta SHA-256 (con sale) {}",
                document.digest
            ));
            continue;
        };
        left -= encoded;
        chosen.restricted |= document.audience != Audience::ALL;
        chosen.listed.push(format!("{number}. {name}: {} byte", document.size));
        if document.size <= SMALL_DOCUMENT_BYTES_MAX {
            salts.push((name.clone(), salt));
        }
        chosen.attached.push(Attached { name, media_type: document.media_type.clone(), bytes });
    }
    for_nodes(writing, &mut chosen, salts)?;
    Ok(chosen)
}

/// Attaches the act as PDF/A, from its signed fields; not where the office lists the act as it signed it (CAdES) first. Gives the bytes
/// that it takes.
fn act_on_paper(writing: &Writing<'_>, text: &Value, chosen: &mut Chosen) -> usize {
    let mut documents = writing.link.payload().documents.iter();
    if documents.next().is_some_and(|first| first.media_type == SIGNED_TYPE) {
        return 0;
    }
    let text = Some(text).filter(|text| !text.is_null());
    let sheet = match crate::sheet::on_paper(LANG, writing.home, writing.link, text) {
        Ok(sheet) => sheet,
        Err(failure) => {
            // the mail has the act as text and as signed link all the same: a date must not wait for a sheet
            tracing::error!(message = %writing.link.id(), faults = ?failure.faults, "an act could not be put on paper");
            return 0;
        }
    };
    let size = encoded_size(sheet.bytes.len() as u64);
    let name = format!("atto-{}.pdf", writing.link.id().short());
    chosen.listed.push(format!("{name}: l'atto, dai suoi campi firmati ({} pagine)", sheet.pages));
    chosen.attached.push(Attached { name, media_type: "application/pdf".to_owned(), bytes: sheet.bytes });
    size
}

/// The parts by which a node takes the message as if it had come directly.
fn for_nodes(
    writing: &Writing<'_>,
    chosen: &mut Chosen,
    mut salts: Vec<(String, Salt)>,
) -> Result<(), Failure> {
    let (payload, id) = (writing.link.payload(), writing.link.id());
    let mut attach = |name: String, media_type: &str, bytes: Vec<u8>| {
        chosen.attached.push(Attached { name, media_type: media_type.to_owned(), bytes });
    };
    let text = payload.body.as_ref().filter(|text| text.audience.admits(&payload.writer, writing.body));
    if let Some(text) = text
        && let Some((salt, bytes)) = bytes_of(writing.documents, text)?
    {
        chosen.restricted |= text.audience != Audience::ALL;
        let name = format!("testo-{}.json", id.short());
        salts.push((name.clone(), salt));
        attach(name, "application/json", bytes);
    }
    attach(link_name(id), LINK_TYPE, writing.link.text().as_bytes().to_vec());
    if let Some(bundle) = &writing.bundle {
        attach(format!("fiducia-{}.json", id.short()), "application/json", bundle.clone());
    }
    let salts = serde_json::to_vec(&SaltFile::new(id, salts)).unwrap_or_default();
    attach(salt_file_name(id), "application/json", salts);
    Ok(())
}

/// Salt and bytes of a document; none where it is not held.
fn bytes_of(
    documents: &dyn DocumentStore,
    attachment: &Attachment,
) -> Result<Option<(Salt, Vec<u8>)>, Failure> {
    documents.get(attachment.digest).map_err(|error| Failure::environment(error.code(), &error))
}

/// Size of a document in base64 with its line breaks and its header.
fn encoded_size(bytes: u64) -> usize {
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX / 4);
    (bytes / 57 + 1).saturating_mul(78).saturating_add(512)
}

fn ending(media_type: &str) -> &'static str {
    match media_type {
        "application/pdf" => "pdf",
        "application/pkcs7-mime" => "p7m",
        "application/xml" => "xml",
        "application/json" => "json",
        "text/plain" => "txt",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "application/zip" => "zip",
        "message/rfc822" => "eml",
        _ => "bin",
    }
}

/// The text for a person.
fn body_text(writing: &Writing<'_>, text: &Value, chosen: &Chosen) -> String {
    let home = writing.home;
    let name = views::name_of(home, writing.body);
    let mut lines = vec![
        format!("A: {name}"),
        format!("Da: {} ({})", home.node.name, home.node.writer),
        String::new(),
        format!("CONFERENZA DI SERVIZI (L. 241/1990 artt. 14 ss.) {}", writing.case.id()),
        act_name(writing),
        format!("Messaggio: {}", writing.link.id()),
        String::new(),
    ];
    if home.federation.training {
        lines.insert(0, "ADDESTRAMENTO: questo messaggio non ha alcun effetto.\n".to_owned());
    }
    for field in ["subject", "object", "reasons", "text"] {
        if let Some(said) = text.get(field).and_then(Value::as_str) {
            lines.extend([said.to_owned(), String::new()]);
        }
    }
    asked(writing, text, &mut lines);
    dates(writing, &mut lines);
    if let Some(warning) = text.get("silence_warning").and_then(Value::as_str) {
        lines.extend(["AVVERTENZA SUL SILENZIO".to_owned(), warning.to_owned(), String::new()]);
    }
    documents_text(text, chosen, &mut lines);
    lines.extend(HOW_TO_ANSWER.map(str::to_owned));
    lines.join("\n")
}

/// How a body without a node answers. The identifier ties the answer to its case.
const HOW_TO_ANSWER: [&str; 9] = [
    "COME RISPONDERE",
    "Rispondere a questo messaggio da una casella PEC, lasciando nell'oggetto il riferimento alla conferenza, con l'atto firmato in allegato. L'atto indica se si",
    "tratta di assenso, di assenso con condizioni, o di dissenso, con la motivazione (art. 14-bis c. 3); il termine è rispettato se il",
    "messaggio è accettato dal proprio gestore entro l'ultimo giorno. Ciò che arriva è letto e registrato da un funzionario.",
    "",
    "Gli allegati concerto-….jws, concerto-….json, fiducia-….json e testo-….json servono ai sistemi che trattano la conferenza: contengono lo",
    "stesso atto, firmato. Un nodo Concerto li accoglie come se fossero arrivati direttamente.",
    "",
    "",
];

/// What is asked of the body.
fn asked(writing: &Writing<'_>, text: &Value, lines: &mut Vec<String>) {
    let acts = text.get("acts").and_then(Value::as_array).into_iter().flatten();
    let body = writing.body.to_string();
    let of_body = acts.filter(|act| act.get("body").and_then(Value::as_str) == Some(&body));
    let texts: Vec<&str> = of_body.filter_map(|act| act.get("text")?.as_str()).collect();
    if !texts.is_empty() {
        lines.push("CHE COSA SI CHIEDE A CODESTA AMMINISTRAZIONE".to_owned());
        lines.extend(texts.iter().map(|text| format!("- {text}")));
        lines.push(String::new());
    }
}

/// The dates that concern the body, with their norms: those that the act states, and where receipt is proved those that follow from it.
fn dates(writing: &Writing<'_>, lines: &mut Vec<String>) {
    let mut found: Vec<(Date, String)> = Vec::new();
    if let Some(stated) = stated_in(writing) {
        let sensitive = writing
            .case
            .state()
            .bodies()
            .get(writing.body)
            .is_some_and(|body| !body.invited.sensitive.is_empty());
        let determination =
            stated.sensitive_until.filter(|_| sensitive).unwrap_or(stated.determination_until);
        let rows = [
            (
                Some(stated.integration_until),
                "ultimo giorno per chiedere integrazioni o chiarimenti",
                true,
                "art. 14-bis c. 2 lett. b)",
            ),
            (
                Some(determination),
                "ultimo giorno per rendere la determinazione",
                true,
                "art. 14-bis c. 2 lett. c)",
            ),
            (Some(stated.meeting_on), "riunione, se sarà necessaria", false, "art. 14-bis c. 2 lett. d)"),
            (stated.procedure_until, "termine finale del procedimento", false, "art. 2"),
        ];
        for (day, what, peremptory, norm) in rows {
            let force = if peremptory { " (termine perentorio)" } else { "" };
            found.extend(day.map(|day| (day, format!("{what}{force} [L. 241/1990 {norm}]"))));
        }
    }
    let own: Vec<Term> = terms(writing.case.state());
    for term in own.into_iter().filter(|term| term.body.as_ref() == Some(writing.body)) {
        let force = if term.force == Force::Peremptory { " (termine perentorio)" } else { "" };
        found.push((
            term.strict,
            format!("{}{force}, dalla ricezione provata [{}]", term.kind.text(LANG), term.norm),
        ));
    }
    if found.is_empty() {
        return;
    }
    found.sort();
    lines.push("TERMINI".to_owned());
    lines.extend(found.into_iter().map(|(day, what)| format!("- {}: {what}", date_text(day, LANG))));
    lines.push(String::new());
}

/// The dates that the act states.
fn stated_in(writing: &Writing<'_>) -> Option<StatedDates> {
    match &writing.case.entry(writing.link.id())?.act {
        Ok(Act::Notice(act)) => Some(act.dates.clone()),
        Ok(Act::ParticipantAdded(act)) => act.dates.clone(),
        Ok(Act::IntegrationDelivered(act)) => Some(act.dates.clone()),
        _ => None,
    }
}

fn documents_text(text: &Value, chosen: &Chosen, lines: &mut Vec<String>) {
    if !chosen.listed.is_empty() {
        lines.push("DOCUMENTI".to_owned());
        lines.extend(chosen.listed.iter().cloned());
        lines.push(String::new());
    }
    let access = text.get("access");
    let said = |field: &str| access.and_then(|access| access.get(field)).and_then(Value::as_str);
    if let Some(how) = said("text") {
        lines.extend(["ACCESSO AI DOCUMENTI".to_owned(), how.to_owned()]);
        lines.extend(said("address").map(str::to_owned));
        lines.push(String::new());
    }
}
