//! Waiting until what was sent has arrived everywhere it can: read from the stores themselves, beside the running nodes.

use concerto_core::{Case, Fault};
use concerto_message::{ConferenceId, Writer};
use concerto_port::JournalRead;
use concerto_procedure::acts::Act;
use concerto_store_sqlite::SqliteReader;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::case_file::CaseFile;
use super::nodes::{NodeOf, Nodes, PAUSE};
use crate::output::Failure;

/// Longest wait after one step.
const PATIENCE: Duration = Duration::from_secs(30);
/// Rows looked at in outbox and wanted documents; a demonstration has fewer.
const ROWS: usize = 4096;

/// What is still missing, in both languages; nothing when all is settled.
type Missing = Vec<(String, String)>;

/// The store of one node, read-only, and the conference as it stands there.
struct Store<'a> {
    node: &'a NodeOf,
    writer: Writer,
    reader: SqliteReader,
    case: Option<Case>,
}

/// Waits until every running node holds the same links and the documents it may see, nothing waits for a receipt among them, and the
/// lead has taken everything in charge with the proofs of delivery.
pub(super) fn settle(
    case: &CaseFile,
    nodes: &Nodes,
    conference: &ConferenceId,
    step: &str,
) -> Result<(), Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        nodes.check_interrupt()?;
        let missing = missing(case, nodes, conference)?;
        if missing.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            let list = |italian: bool| {
                missing
                    .iter()
                    .map(|(it, en)| if italian { it.as_str() } else { en })
                    .collect::<Vec<_>>()
                    .join("; ")
            };
            let (it, en) = (list(true), list(false));
            return Err(Failure::refused(Fault::new(
                "demo.not-settled",
                format!("Dopo il passo `{step}` manca ancora: {it}."),
                format!("After the step `{step}` there is still missing: {en}."),
            )));
        }
        std::thread::sleep(PAUSE);
    }
}

fn missing(case: &CaseFile, nodes: &Nodes, conference: &ConferenceId) -> Result<Missing, Failure> {
    let mut stores = Vec::new();
    for node in nodes.running() {
        let reader = SqliteReader::open(node.home.journal_path())?;
        let writer = node.home.node.writer.clone();
        let case = Case::load(conference, &reader)?;
        stores.push(Store { node, writer, reader, case });
    }
    let running: BTreeSet<&Writer> = stores.iter().map(|store| &store.writer).collect();
    let mut missing = Missing::new();
    links_missing(&stores, &mut missing);
    for store in &stores {
        transfers_missing(store, &running, &mut missing)?;
    }
    if let Some(lead) = stores.iter().find(|store| store.writer == *conference.lead()) {
        effects_missing(case, lead, &running, &mut missing);
    }
    Ok(missing)
}

fn links_missing(stores: &[Store<'_>], missing: &mut Missing) {
    let held = |store: &Store<'_>| -> BTreeSet<_> {
        store.case.iter().flat_map(|case| case.entries().map(|(id, _)| *id)).collect()
    };
    let all: BTreeSet<_> = stores.iter().flat_map(held).collect();
    for store in stores {
        let lacks = all.len() - held(store).len();
        if lacks > 0 {
            let key = &store.node.key;
            missing.push((format!("{key}: {lacks} messaggi"), format!("{key}: {lacks} messages")));
        }
    }
}

fn transfers_missing(
    store: &Store<'_>,
    running: &BTreeSet<&Writer>,
    missing: &mut Missing,
) -> Result<(), Failure> {
    let key = &store.node.key;
    let outbox = store.reader.outbox(None, 0, ROWS)?;
    for row in outbox.iter().filter(|row| running.contains(&row.peer)) {
        let (id, peer) = (row.message.short(), &row.peer);
        missing.push((
            format!("{key}: ricevuta di {peer} per {id}"),
            format!("{key}: {peer}'s receipt for {id}"),
        ));
    }
    for wanted in store.reader.wanted(0, ROWS)? {
        if running.contains(&wanted.author) || running.contains(wanted.conference.lead()) {
            let id = wanted.message.short();
            missing.push((format!("{key}: documento di {id}"), format!("{key}: a document of {id}")));
        }
    }
    Ok(())
}

/// What the lead has not taken in charge yet: messages, and proofs that the running bodies have what moves terms.
fn effects_missing(file: &CaseFile, lead: &Store<'_>, running: &BTreeSet<&Writer>, missing: &mut Missing) {
    let Some(case) = &lead.case else { return };
    for (id, entry) in case.pending() {
        let (id, key) = (id.short(), file.label(&entry.author));
        missing
            .push((format!("presa in carico di {id} ({key})"), format!("taking in charge of {id} ({key})")));
    }
    let proven: BTreeSet<_> = case.state().deliveries().iter().map(|d| (d.message, &d.body)).collect();
    let matter = case.entries().filter(|(_, entry)| {
        entry.author == *case.lead() && matches!(&entry.act, Ok(act) if delivery_matters(act))
    });
    for (id, _) in matter {
        for body in case.participants().iter().filter(|p| *p != case.lead() && running.contains(p)) {
            if !proven.contains(&(*id, body)) {
                let (id, key) = (id.short(), file.label(body));
                missing.push((
                    format!("prova di consegna di {id} a {key}"),
                    format!("proof of delivery of {id} to {key}"),
                ));
            }
        }
    }
}

/// The acts whose delivery starts or moves terms.
fn delivery_matters(act: &Act) -> bool {
    matches!(
        act,
        Act::Notice(_)
            | Act::ParticipantAdded(_)
            | Act::Suspension(_)
            | Act::IntegrationDelivered(_)
            | Act::TermCorrection(_)
            | Act::FinalDetermination(_)
            | Act::MeetingCall(_)
    )
}
