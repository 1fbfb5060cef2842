//! `concerto pec`: tries and reads the mailbox, and carries out what officials decide about its mails.

use concerto_core::{Case, Fault, Order};
use concerto_message::{MessageId, Writer};
use concerto_pec::Address;
use concerto_port::{JournalFeed, JournalRead};
use concerto_store_sqlite::{Closed, MailStore, SentMail, SqliteJournal};
use serde_json::json;
use std::path::Path;

use super::office::{Office, Stopped};
use super::orders::Orders;
use super::outgoing::{Asked, Reason};
use super::queue::{self, Id};
use super::{confirm, inspect, mailbox, office::Round, store_path};
use crate::cli;
use crate::control::{self, WireContent, WireDocument, WireOrder, WireReply};
use crate::engine::Engine;
use crate::home::Home;
use crate::output::{Failure, Output};
use crate::views;

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
        cli::Pec::Confirm(options) => confirm::confirm(out, &home()?, options),
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

/// A message of a conference by its identifier, or the beginning of it.
pub(super) fn message_of(case: &Case, text: &str) -> Result<MessageId, Failure> {
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
pub(super) fn wire(order: Order) -> Result<WireOrder, Failure> {
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
