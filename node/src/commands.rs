//! What each command does: finds the folder, then calls the module that does it.

use concerto_core::{Fault, Order};
use concerto_federation_config::Address;
use concerto_message::{Audience, ConferenceId, FederationId};
use concerto_procedure::acts::Behalf;
use concerto_store_sqlite::SqliteJournal;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::path::Path;

use crate::auto::Absent;
use crate::cli::{self, Arguments, Command};
use crate::control::{self, WireDocument, WireOrder, WireReply};
use crate::engine::Engine;
use crate::home::{Home, read};
use crate::output::{Failure, Output};
use crate::{
    api, auto, demo, documents, duties, export, init, mail, pec, repair, serve, sheet, terms, tokens, verify,
    views,
};

/// Runs one command.
pub(crate) fn run(out: Output, arguments: Arguments) -> Result<(), Failure> {
    let folder = arguments.home;
    match arguments.command {
        Command::Init(new) => init_command(out, &new),
        Command::Serve => serve::run(out, &Home::open(&folder)?),
        Command::Demo(options) => demo::run(out, &options),
        Command::Conference(cli::Conference::Open(opening)) => open(out, &Home::open(&folder)?, &opening),
        Command::Conference(cli::Conference::List(page)) => {
            views::list(out, &Home::open(&folder)?, page.limit)
        }
        Command::Conference(cli::Conference::Show(one)) => {
            views::show(out, &Home::open(&folder)?, &one.conference)
        }
        Command::Conference(cli::Conference::Timeline(one)) => {
            views::timeline(out, &Home::open(&folder)?, &one.conference)
        }
        Command::Conference(cli::Conference::Export(e)) => {
            export::run(out, &Home::open(&folder)?, &e.one.conference, &e.folder)
        }
        Command::Act(cli::Act::Send(send)) => send_act(out, &Home::open(&folder)?, &send),
        Command::Act(cli::Act::Pdf(pdf)) => {
            sheet::run(out, &Home::open(&folder)?, &pdf.one.conference, &pdf.message, &pdf.output)
        }
        Command::Document(cli::Document::Add(new)) => {
            documents::add(out, &Home::open(&folder)?, &new.file, new.media_type.as_deref())
        }
        Command::Document(cli::Document::List(one)) => {
            documents::list(out, &Home::open(&folder)?, &one.conference)
        }
        Command::Document(cli::Document::Get(get)) => {
            let home = Home::open(&folder)?;
            documents::get(out, &home, &get.one.conference, &get.digest, &get.output, get.wait)
        }
        Command::Inbox(page) => views::inbox(out, &Home::open(&folder)?, page.limit),
        Command::Outbox(page) => views::outbox(out, &Home::open(&folder)?, page.limit),
        Command::Duties(command) => duties::run(out, &Home::open(&folder)?, &command),
        Command::Mail(cli::Mail::Test { role }) => mail::test(out, &Home::open(&folder)?, &role),
        Command::Token(command) => tokens::run(out, &Home::open(&folder)?, &command),
        Command::Api(cli::Api::Openapi) => api::openapi(out),
        Command::Verify(v) => match v.folder {
            Some(exported) => verify::run(out, &exported, v.anchor.as_deref()),
            None => verify::store::run(out, &Home::open(&folder)?),
        },
        Command::Repair => repair::run(out, &Home::open(&folder)?),
        Command::Clock(cli::Clock::Confirm) => tell(out, &Home::open(&folder)?, WireOrder::ConfirmClock),
        Command::Pec(command) => pec::run(out, &folder, &command),
        Command::Terms(asked) => terms::run(out, &folder, &asked),
    }
}

fn init_command(out: Output, new: &cli::Init) -> Result<(), Failure> {
    let listen: Result<Vec<Address>, Failure> = new
        .listen
        .iter()
        .map(|text| {
            text.parse().map_err(|e: concerto_federation_config::Text| {
                Failure::usage("init.listen", format!("{text}: {}", e.it), format!("{text}: {}", e.en))
            })
        })
        .collect();
    let entity: FederationId = match &new.entity {
        Some(entity) => entity.clone(),
        None => format!("{}/{}", new.federation, new.writer)
            .parse()
            .map_err(|e| Failure::environment("init.entity", &e))?,
    };
    let node = init::NewNode {
        writer: new.writer.clone(),
        name: new.name.clone(),
        entity,
        listen: listen?,
        valid_from: Timestamp::now(),
    };
    init::run(out, &new.folder, &new.anchor, &new.federation, new.training, &node)
}

fn open(out: Output, home: &Home, opening: &cli::Opening) -> Result<(), Failure> {
    let write = &opening.write;
    let facts = read_value(write.facts.as_deref())?.unwrap_or_else(|| json!({}));
    let now = home.clock()?.now();
    let act = if opening.request {
        auto::act("ConveningRequest", facts)?
    } else {
        auto::act("Notice", auto::notice(facts, now, Absent::Compute)?)?
    };
    let body = read_value(write.body.as_deref())?;
    let order = WireOrder::Open { act, body, documents: documents(out, home, &write.documents)? };
    tell(out, home, order)
}

fn send_act(out: Output, home: &Home, send: &cli::Send) -> Result<(), Failure> {
    let case = views::find(home, &send.one.conference)?;
    let facts = read_value(send.write.facts.as_deref())?.unwrap_or_else(|| json!({}));
    let now = home.clock()?.now();
    let behalf = match (&send.on_behalf_of, send.evidence) {
        (Some(body), Some(evidence)) => Some(Behalf { body: body.clone(), evidence }),
        _ => None,
    };
    let author = send.on_behalf_of.as_ref().unwrap_or(&home.node.writer);
    let act = auto::act_for(
        behalf.as_ref(),
        &send.act_type,
        auto::facts(&send.act_type, facts, &case, author, now, Absent::Compute)?,
    )?;
    pec::nobody_waits(home, &act, &case)?;
    let body = read_value(send.write.body.as_deref())?;
    let body_audience = if send.body_audience.is_empty() {
        Audience::ALL
    } else {
        Audience::Only(send.body_audience.iter().cloned().collect())
    };
    let documents = documents(out, home, &send.write.documents)?;
    tell(
        out,
        home,
        WireOrder::Send {
            conference: case.id().clone(),
            act,
            behalf,
            body,
            body_audience,
            documents,
            wait: send.wait,
        },
    )
}

/// Gives an order to the running node, or carries it out on the store when none runs.
pub(crate) fn tell(out: Output, home: &Home, order: WireOrder) -> Result<(), Failure> {
    let Some(reply) = give(home, order)? else { return Ok(()) };
    match reply {
        WireReply::Fault { fault } => Err(Failure::refused(fault)),
        WireReply::Sent { conference, message, warnings } => {
            let text = sent_text(out, &conference, &message.to_string(), &warnings);
            out.result(&text, &json!({ "conference": conference, "message": message, "warnings": warnings }));
            Ok(())
        }
        WireReply::Done => {
            out.result(out.say("Fatto.", "Done."), &json!({ "done": true }));
            Ok(())
        }
        WireReply::StateDigests { .. }
        | WireReply::Transfers { .. }
        | WireReply::Duties { .. }
        | WireReply::Polled { .. }
        | WireReply::Pong
        | WireReply::Stopping => Ok(()),
    }
}

/// Gives an order to the running node, or carries it out on the store; none where it is no order for the core and no node runs.
pub(crate) fn give(home: &Home, order: WireOrder) -> Result<Option<WireReply>, Failure> {
    if let Some(reply) = control::call(&home.socket_path(), &order)? {
        return Ok(Some(reply));
    }
    let order = order.into_order().map_err(Failure::refused)?;
    order.map(|order| without_node(home, order)).transpose()
}

/// Carries out an order on the store; nobody waits for receipts, because nothing leaves before the node runs.
fn without_node(home: &Home, mut order: Order) -> Result<WireReply, Failure> {
    if let Order::Send { wait, .. } = &mut order {
        *wait = false;
    }
    let journal = SqliteJournal::open(home.journal_path())?;
    let mut engine = Engine::start(home.core_config()?, Box::new(journal), home.outside()?, None)?;
    pec::begin(home)?;
    let mut reply = engine.execute(order).into();
    if let WireReply::Sent { warnings, .. } = &mut reply {
        warnings.push(Fault::new(
            "node.not-running",
            "Il nodo non è in funzione: l'atto è conservato e parte al prossimo avvio (`concerto serve`).",
            "The node does not run: the act is stored and leaves when it starts (`concerto serve`).",
        ));
    }
    Ok(reply)
}

fn sent_text(out: Output, conference: &ConferenceId, message: &str, warnings: &[Fault]) -> String {
    let mut text = format!(
        "{} {conference}\n{} {message}",
        out.say("Conferenza", "Conference"),
        out.say("Messaggio ", "Message   ")
    );
    for warning in warnings {
        let what = if out.italian() { &warning.text } else { &warning.text_en };
        text.push_str(&format!("\n{} {}: {what}", out.say("avviso", "warning"), warning.code));
    }
    text
}

/// Reads JSON or TOML, by the file's ending.
pub(crate) fn read_value(path: Option<&Path>) -> Result<Option<Value>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let text = String::from_utf8(read(path)?).map_err(|e| Failure::environment("file.utf8", &e))?;
    let wrong = |e: &dyn std::fmt::Display| {
        let what = format!("{}: {e}", path.display());
        Failure::usage("file.syntax", what.clone(), what)
    };
    if path.extension().is_some_and(|e| e == "toml") {
        return toml::from_str(&text).map(Some).map_err(|e| wrong(&e));
    }
    serde_json::from_str(&text).map(Some).map_err(|e| wrong(&e))
}

/// `FILE` or `sha256:DIGEST`, with `=writer,writer` for those who may see it.
fn documents(out: Output, home: &Home, arguments: &[String]) -> Result<Vec<WireDocument>, Failure> {
    arguments.iter().map(|argument| documents::of_act(out, home, argument)).collect()
}

/// The media type by the file's ending; unknown ones travel as bytes.
pub(crate) fn media_type(path: &str) -> &'static str {
    match Path::new(path).extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("pdf") => "application/pdf",
        Some("p7m") => "application/pkcs7-mime",
        Some("xml") => "application/xml",
        Some("json") => "application/json",
        Some("txt") => "text/plain",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("zip") => "application/zip",
        Some("eml") => "message/rfc822",
        _ => "application/octet-stream",
    }
}
