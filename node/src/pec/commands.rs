//! `concerto pec`: tries and reads the mailbox, and carries out what officials decide about its mails.

use concerto_core::{Case, Fault, Order};
use concerto_message::{Audience, MessageId, Writer};
use concerto_pec::Address;
use concerto_pec::proposal::ProposedAct;
use concerto_port::{JournalFeed, JournalRead};
use concerto_procedure::acts::{Act, Behalf, Direction, Outside};
use concerto_store_sqlite::{Closed, MailStore, ReceivedMail, SentMail, SqliteJournal};
use serde_json::{Value, json};
use std::path::Path;

use super::facts::MailFacts;
use super::office::{Office, Stopped};
use super::orders::Orders;
use super::outgoing::{Asked, Reason};
use super::queue::{self, Id};
use super::record::{self, Record};
use super::{inspect, mailbox, office::Round, store_path};
use crate::auto::{self, Absent};
use crate::cli::{self, Confirm};
use crate::commands::{give, read_value};
use crate::control::{self, WireContent, WireDocument, WireOrder, WireReply};
use crate::engine::Engine;
use crate::home::Home;
use crate::output::{Failure, Output};
use crate::views;

/// Most waiting mails looked at before note is taken of a silence.
const WAITING_MAX: usize = 4096;

/// Runs one of the commands.
pub(crate) fn run(out: Output, folder: &Path, command: &cli::Pec) -> Result<(), Failure> {
    let home = || Home::open(folder);
    match command {
        cli::Pec::Inspect(options) => inspect::inspect(out, options),
        cli::Pec::Check => queue::check(out, &home()?),
        cli::Pec::Poll => poll(out, &home()?),
        cli::Pec::Queue(page) => queue::list(out, &home()?, page.limit),
        cli::Pec::Show { id, output } => queue::show(out, &home()?, id, output.as_deref()),
        cli::Pec::Link { id, conference } => link(out, &home()?, id, conference),
        cli::Pec::Confirm(options) => confirm(out, &home()?, options),
        cli::Pec::Send { conference, message, body, to } => {
            send(out, &home()?, (conference, message, body), to.as_deref())
        }
        cli::Pec::MarkSent { id } => mark_sent(out, &home()?, id),
        cli::Pec::Resend { id, to } => resend(out, &home()?, id, to.as_deref()),
    }
}

/// Reads the mailbox now: by the node that runs, or in this process.
fn poll(out: Output, home: &Home) -> Result<(), Failure> {
    mailbox::configured(home)?;
    let round = match control::call(&home.socket_path(), &WireOrder::Poll)? {
        Some(WireReply::Polled { came, sent, recorded, unread }) => Round { came, sent, recorded, unread },
        Some(WireReply::Fault { fault }) => return Err(Failure::refused(fault)),
        Some(_) => return Err(Failure::environment("control.reply", &"an order was answered as another")),
        None => alone(home)?,
    };
    if let Some((code, text)) = &round.unread {
        return Err(Failure::environment(code, text));
    }
    let text = if out.italian() {
        format!("{} messaggi nuovi, {} inviati, {} registrazioni.", round.came, round.sent, round.recorded)
    } else {
        format!("{} new mails, {} sent, {} recorded.", round.came, round.sent, round.recorded)
    };
    out.result(&text, &json!({ "came": round.came, "sent": round.sent, "recorded": round.recorded }));
    Ok(())
}

/// One round without a node.
fn alone(home: &Home) -> Result<Round, Failure> {
    let journal = SqliteJournal::open(home.journal_path())?;
    let engine = Engine::start(home.core_config()?, Box::new(journal), home.outside()?, None)?;
    let mut office = Office::open(home, Orders::Alone(Box::new(engine)))?;
    match office.round() {
        Ok(round) => Ok(round),
        Err(Stopped::Failed(failure)) => Err(failure),
        Err(Stopped::Gone) => Err(Failure::environment("node.engine", &"the engine stopped")),
    }
}

/// The mails, of a node with a mailbox.
pub(super) fn store(home: &Home) -> Result<MailStore, Failure> {
    mailbox::configured(home)?;
    Ok(MailStore::open(&store_path(home))?)
}

fn link(out: Output, home: &Home, id: &str, conference: &str) -> Result<(), Failure> {
    let mut store = store(home)?;
    let mail = queue::came_in(&store, id)?;
    let case = views::find(home, conference)?;
    store.tie(mail.row, case.id())?;
    let text = match out.italian() {
        true => format!("in-{} appartiene alla conferenza {}.", mail.row, case.id()),
        false => format!("in-{} belongs to conference {}.", mail.row, case.id()),
    };
    out.result(&text, &json!({ "id": Id::In(mail.row).to_string(), "conference": case.id() }));
    Ok(())
}

/// What a person says of a mail: it is recorded with the mail as evidence, and where it is an act written for its body too (RULES E.4).
fn confirm(out: Output, home: &Home, options: &Confirm) -> Result<(), Failure> {
    let mut store = store(home)?;
    let mail = queue::came_in(&store, &options.id)?;
    if let Some(decided) = mail.decision.as_deref() {
        return Err(Failure::refused(Fault::new(
            "pec.decided",
            format!("in-{}: è già stato confermato ({decided}).", mail.row),
            format!("in-{}: it was confirmed already ({decided}).", mail.row),
        )));
    }
    let recorded = match options.kind.as_str() {
        "none" => None,
        "other" => Some(record_mail(home, &store, &mail, options)?.0),
        kind => Some(confirm_act(home, &store, &mail, options, act_of(kind)?)?),
    };
    crate::failpoint::hit("pec-confirmed");
    store.decide(mail.row, &options.kind, recorded)?;
    let text = match (recorded, out.italian()) {
        (Some(message), true) => format!("in-{}: registrato, messaggio {message}.", mail.row),
        (Some(message), false) => format!("in-{}: recorded, message {message}.", mail.row),
        (None, true) => format!("in-{}: tolto dalla coda, conservato.", mail.row),
        (None, false) => format!("in-{}: taken from the queue, and kept.", mail.row),
    };
    let id = Id::In(mail.row).to_string();
    out.result(&text, &json!({ "id": id, "kind": options.kind, "recorded": recorded }));
    Ok(())
}

/// The act that a person names.
fn act_of(kind: &str) -> Result<(ProposedAct, &'static str), Failure> {
    let acts = || ProposedAct::ALL.into_iter().filter_map(|act| Some((act, act.message_type()?)));
    acts().find(|(act, _)| act.name() == kind).ok_or_else(|| {
        let known = acts().map(|(act, _)| act.name()).collect::<Vec<_>>().join("`, `");
        Failure::usage(
            "pec.confirm.kind",
            format!("`{kind}`: i tipi ammessi sono `{known}`, `other` e `none`."),
            format!("`{kind}`: the kinds accepted are `{known}`, `other` and `none`."),
        )
    })
}

/// Records the mail, and writes the act that it is for the body that sent it. Gives the record.
fn confirm_act(
    home: &Home,
    store: &MailStore,
    mail: &ReceivedMail,
    options: &Confirm,
    (act, act_type): (ProposedAct, &'static str),
) -> Result<MessageId, Failure> {
    let mut given = read_value(options.facts.as_deref())?.unwrap_or_else(|| json!({}));
    if act_type == "Determination" {
        let position = given.get("position").and_then(Value::as_str).unwrap_or(act.name());
        if position != act.name() {
            return Err(Failure::usage(
                "pec.confirm.position",
                format!("I fatti dicono `{position}`, non `{}`.", act.name()),
                format!("The facts say `{position}`, not `{}`.", act.name()),
            ));
        }
        if let Some(fields) = given.as_object_mut() {
            fields.insert("position".to_owned(), json!(act.name()));
        }
    }
    let text = match read_value(options.body.as_deref())? {
        Some(text) => text,
        None if act_type == "Determination" => text_of_original(mail),
        None => {
            return Err(Failure::usage(
                "pec.confirm.body",
                "Manca il testo dell'atto: aggiungere --body FILE.",
                "The text of the act is missing: add --body FILE.",
            ));
        }
    };
    let (evidence, party) = record_mail(home, store, mail, options)?;
    crate::failpoint::hit("pec-confirm-recorded");
    let Outside::Body(body) = party else {
        return Err(Failure::usage(
            "pec.confirm.applicant",
            "Il richiedente non prende posizione: confermare come `other`.",
            "The applicant takes no position: confirm it as `other`.",
        ));
    };
    let conference = mail.conference.as_ref().map(ToString::to_string).unwrap_or_default();
    let case = views::find(home, &conference)?;
    let written = |entry: &concerto_core::case::Entry| {
        entry.behalf.as_ref().is_some_and(|behalf| behalf.evidence == evidence)
    };
    if case.entries().any(|(_, entry)| written(entry)) {
        return Ok(evidence); // by an earlier call, which did not come to its end
    }
    let behalf = Behalf { body: body.clone(), evidence };
    let now = home.clock()?.now();
    let facts = auto::facts(act_type, given, &case, &body, now, Absent::Compute)?;
    let act = auto::act_for(Some(&behalf), act_type, facts)?;
    let order = WireOrder::Send {
        conference: case.id().clone(),
        act,
        behalf: Some(behalf),
        body: Some(text),
        body_audience: Audience::ALL,
        documents: Vec::new(),
        wait: false,
    };
    match give(home, order)? {
        Some(WireReply::Sent { .. }) => Ok(evidence),
        Some(WireReply::Fault { fault }) => Err(Failure::refused(fault)),
        _ => Err(Failure::environment("control.reply", &"an order was answered as another")),
    }
}

/// The text of a position that came by mail: what it says stands in the original, which is on record.
fn text_of_original(mail: &ReceivedMail) -> Value {
    let facts = MailFacts::read(mail.facts.as_deref());
    let line = |text: &str| -> String { text.chars().filter(|c| !c.is_control()).take(300).collect() };
    let said = facts.proposal.map(|proposed| proposed.passages).unwrap_or_default();
    let quoted: Vec<String> = said.iter().map(|passage| format!("«{}»", line(passage))).collect();
    let subject = facts.subject.as_deref().map(line).filter(|subject| !subject.is_empty());
    json!({
        "schema": "urn:concerto:schema:body:determination:1",
        "language": "it",
        "subject": subject.unwrap_or_else(|| "Atto pervenuto per posta elettronica".to_owned()),
        "reasons": format!("Come da messaggio originale, registrato. {}", quoted.join(" ")).trim_end(),
        "signatory": {
            "name": "Come da originale", "role": "Come da originale", "power": "Come da originale",
        },
    })
}

/// Refuses the note of a body's silence while a mail of that body waits to be read.
pub(crate) fn nobody_waits(home: &Home, act: &Act, case: &Case) -> Result<(), Failure> {
    let Act::ImpliedAssent(note) = act else { return Ok(()) };
    if !mailbox::is_configured(home) || !store_path(home).exists() {
        return Ok(());
    }
    let store = store(home)?;
    for mail in store.waiting(WAITING_MAX)? {
        let facts = MailFacts::read(mail.facts.as_deref());
        let here = mail.conference.as_ref().is_none_or(|conference| conference == case.id());
        let Some(sender) = facts.sender.filter(|_| here) else { continue };
        if record::body_of(&store, case.id(), &sender)?.as_ref() == Some(&note.body) {
            let mut fault = Fault::new(
                "pec.mail.waiting",
                format!(
                    "Un messaggio di {} attende di essere letto (in-{}): prima di prendere atto del silenzio, `concerto pec show in-{}`.",
                    note.body, mail.row, mail.row
                ),
                format!(
                    "A mail of {} waits to be read (in-{}): before taking note of its silence, `concerto pec show in-{}`.",
                    note.body, mail.row, mail.row
                ),
            );
            fault.norm = Some("L. 241/1990 art. 14-bis c. 4".to_owned());
            return Err(Failure::refused(fault));
        }
    }
    Ok(())
}

/// Records a mail as received, with the mail itself as evidence.
fn record_mail(
    home: &Home,
    store: &MailStore,
    mail: &ReceivedMail,
    options: &Confirm,
) -> Result<(MessageId, Outside), Failure> {
    let facts = MailFacts::read(mail.facts.as_deref());
    let conference = mail.conference.as_ref().ok_or_else(|| {
        Failure::usage(
            "pec.confirm.conference",
            format!(
                "Non si sa a quale conferenza appartiene: `concerto pec link in-{} CONFERENZA`.",
                mail.row
            ),
            format!("Its conference is not known: `concerto pec link in-{} CONFERENCE`.", mail.row),
        )
    })?;
    let case = views::find(home, &conference.to_string())?;
    let address = facts.sender.clone().unwrap_or_default();
    let party = party(store, &case, options.from.as_deref(), &address)?;
    let evidence = store.received_bytes(mail.row)?.ok_or_else(|| {
        Failure::environment(
            "pec.mail.not-given",
            &"the mailbox did not give this mail: its bytes are not here",
        )
    })?;
    let about = options.about.as_deref().map(|text| message_of(&case, text)).transpose()?;
    let audience = match &party {
        Outside::Body(body) => Audience::Only([body.clone()].into()),
        Outside::Applicant => Audience::Only([case.lead().clone()].into()),
    };
    let record = Record {
        conference,
        party: party.clone(),
        direction: Direction::Received,
        // what no provider certifies was received when it was read
        at: facts.at.filter(|_| facts.counts).unwrap_or(mail.came_at),
        about,
        address: &address,
        subject: facts.subject.as_deref().unwrap_or_default(),
        evidence: &evidence,
        why: "",
        audience,
    };
    if let Some(found) = record.found(&case) {
        return Ok((found, party));
    }
    let order = wire(record.order(home)?)?;
    match give(home, order)? {
        Some(WireReply::Sent { message, .. }) => Ok((message, party)),
        Some(WireReply::Fault { fault }) => Err(Failure::refused(fault)),
        _ => Err(Failure::environment("control.reply", &"an order was answered as another")),
    }
}

/// Who sent a mail: as the person says, else the body to whose mailbox something of this conference was sent.
fn party(store: &MailStore, case: &Case, said: Option<&str>, address: &str) -> Result<Outside, Failure> {
    let unknown = || {
        Failure::usage(
            "pec.confirm.from",
            "Non si sa da chi viene: aggiungere --from IPA/AOO, o --from applicant.",
            "It is not known from whom it comes: add --from IPA/AOO, or --from applicant.",
        )
    };
    match said {
        Some("applicant") => Ok(Outside::Applicant),
        Some(text) => {
            let body: Writer = text.parse().map_err(|_| unknown())?;
            case.participants().contains(&body).then_some(Outside::Body(body)).ok_or_else(unknown)
        }
        None => record::body_of(store, case.id(), address)?.map(Outside::Body).ok_or_else(unknown),
    }
}

/// A message of a conference by its identifier, or the beginning of it.
fn message_of(case: &Case, text: &str) -> Result<MessageId, Failure> {
    let mut found = case.entries().map(|(id, _)| *id).filter(|id| id.to_string().starts_with(text));
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        _ => Err(Failure::usage(
            "message.unknown",
            format!("`{text}` non indica un solo messaggio della conferenza."),
            format!("`{text}` does not name one message of the conference."),
        )),
    }
}

/// An order as it crosses the control socket.
fn wire(order: Order) -> Result<WireOrder, Failure> {
    let other = || Failure::environment("control.order", &"this order does not cross the socket");
    match order {
        Order::Once { key, request, order } => {
            Ok(WireOrder::Once { key, request, inner: Box::new(wire(*order)?) })
        }
        Order::Send { conference, act, body, body_audience, documents, wait, behalf } => {
            let document = |document: concerto_core::NewDocument| WireDocument {
                media_type: document.media_type,
                audience: document.audience,
                content: match document.content {
                    concerto_core::Content::Held(digest) => WireContent::Held { digest },
                    concerto_core::Content::Bytes(bytes) => {
                        WireContent::Bytes { bytes: data_encoding::BASE64.encode(&bytes) }
                    }
                },
            };
            let documents = documents.into_iter().map(document).collect();
            Ok(WireOrder::Send { conference, act, body, body_audience, documents, wait, behalf })
        }
        _ => Err(other()),
    }
}

/// Sends a message of a conference to a body on demand.
fn send(
    out: Output,
    home: &Home,
    (conference, message, body): (&str, &str, &Writer),
    to: Option<&str>,
) -> Result<(), Failure> {
    let mut store = store(home)?;
    let case = views::find(home, conference)?;
    let message = message_of(&case, message)?;
    if !case.participants().contains(body) {
        return Err(Failure::usage(
            "pec.send.body",
            format!("{body} non partecipa a questa conferenza."),
            format!("{body} does not take part in this conference."),
        ));
    }
    if let Some(earlier) = store.sent_to(message, body)? {
        let text = format!("out-{}", earlier.row);
        return Err(Failure::refused(Fault::new(
            "pec.send.again",
            format!(
                "È già stato composto per questa amministrazione ({text}): per inviarlo di nuovo, `concerto pec resend {text}`."
            ),
            format!(
                "It was composed for this body already ({text}): to send it once more, `concerto pec resend {text}`."
            ),
        )));
    }
    let mail = prepared(home, &case, (message, body), address(to)?)?;
    store.keep(std::slice::from_ref(&mail), None)?;
    let kept = store.sent_to(message, body)?;
    told_of(out, kept)
}

fn prepared(
    home: &Home,
    case: &Case,
    (message, body): (MessageId, &Writer),
    to: Option<Address>,
) -> Result<concerto_store_sqlite::NewMail, Failure> {
    let reader = views::reader(home)?;
    let documents = home.documents()?;
    let unknown = || Failure::environment("message.unknown", &message);
    let stored = reader.link(message)?.filter(|stored| stored.own).ok_or_else(unknown)?;
    let sender = mailbox::open(home)?.address;
    let asked = Asked {
        home,
        reader: &reader as &dyn JournalFeed,
        documents: &documents,
        sender: &sender,
        now: home.clock()?.now(),
    };
    asked.prepare(case, &stored, body, to, Reason::OnDemand)
}

fn address(to: Option<&str>) -> Result<Option<Address>, Failure> {
    let parse = |text: &str| {
        Address::parse(text).ok_or_else(|| {
            Failure::usage(
                "pec.send.address",
                format!("`{text}` non è un indirizzo."),
                format!("`{text}` is no address."),
            )
        })
    };
    to.map(parse).transpose()
}

fn told_of(out: Output, kept: Option<SentMail>) -> Result<(), Failure> {
    let kept = kept.ok_or_else(|| Failure::environment("pec.send", &"the mail was not kept"))?;
    let id = Id::Out(kept.row).to_string();
    let recipient = kept.recipient.as_deref().unwrap_or("?");
    let text = match (&kept.problem, out.italian()) {
        (Some(code), true) => format!("{id}: non può partire ({code})."),
        (Some(code), false) => format!("{id}: it cannot leave ({code})."),
        (None, true) => {
            format!("{id}: parte per {recipient} quando il nodo è in funzione, o con `concerto pec poll`.")
        }
        (None, false) => {
            format!("{id}: it leaves for {recipient} while the node runs, or with `concerto pec poll`.")
        }
    };
    let value = json!({ "id": id, "message_id": kept.message_id, "recipient": kept.recipient, "problem": kept.problem });
    out.result(&text, &value);
    Ok(())
}

/// A person saw that a mail left of which nobody knew.
fn mark_sent(out: Output, home: &Home, id: &str) -> Result<(), Failure> {
    let mut store = store(home)?;
    let mail = queue::went_out(&store, id)?;
    undecided(&mail)?;
    store.close(mail.row, Closed::Sent)?;
    let text = match out.italian() {
        true => format!("out-{}: si attendono le sue ricevute.", mail.row),
        false => format!("out-{}: its receipts are waited for.", mail.row),
    };
    out.result(&text, &json!({ "id": Id::Out(mail.row).to_string(), "closed": Closed::Sent.as_str() }));
    Ok(())
}

/// A person has it sent once more, as another mail; receipts of the first one still count for it.
fn resend(out: Output, home: &Home, id: &str, to: Option<&str>) -> Result<(), Failure> {
    let mut store = store(home)?;
    let mail = queue::went_out(&store, id)?;
    undecided(&mail)?;
    let case = views::find(home, &mail.conference.to_string())?;
    let earlier = mail.recipient.as_deref().and_then(Address::parse);
    let to = address(to)?.or(earlier);
    let new = prepared(home, &case, (mail.message, &mail.body), to)?;
    let row = store.keep_again(&new, &mail)?;
    told_of(out, store.sent(row)?)
}

/// Only a mail that waits for a person may be decided: one that is on its way would be sent twice.
fn undecided(mail: &SentMail) -> Result<(), Failure> {
    if mail.problem.is_some() && mail.closed != Some(Closed::Resent) && mail.recorded.is_none() {
        return Ok(());
    }
    Err(Failure::refused(Fault::new(
        "pec.sending.under-way",
        format!("out-{} non attende una decisione: parte da sé, o attende le sue ricevute.", mail.row),
        format!("out-{} waits for no decision: it leaves by itself, or waits for its receipts.", mail.row),
    )))
}
