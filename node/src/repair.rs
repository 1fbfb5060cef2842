//! `concerto repair`, and what a running node does by itself: what is damaged is put aside, never served, and fetched again from peers
//! that hold the same bytes.
//!
//! Damaged documents go to `documents/quarantine`. A damaged journal is made anew from what of it is whole, and the damaged file kept in
//! `quarantine`. What is then missing a node fetches when it runs: links by comparing heads, receipts from those who gave them, documents
//! by digest.

use concerto_core::content_status;
use concerto_core::relook::{PUT_ASIDE, REBUILT};
use concerto_documents_fs::Scrub;
use concerto_message::Digest;
use concerto_port::{Journal, Write};
use concerto_store_sqlite::{Judge, Salvaged, SqliteJournal, rebuild};
use serde_json::json;

use crate::control::{self, WireOrder, WireReply};
use crate::home::Home;
use crate::output::{Failure, Output};
use crate::scrub::{self, Believer};
use crate::verify::store::Progress;

/// Makes the journal anew; nobody may have it open.
pub(crate) fn rebuild_journal(home: &Home) -> Result<Salvaged, Failure> {
    let believer = Believer::new(home)?;
    let judge = Judge {
        own: &home.node.writer,
        believes: &|text, journal| believer.believes(text, journal),
        content: &content_status,
    };
    let salvaged = rebuild(home.journal_path(), &judge)?;
    tracing::warn!(?salvaged, "the journal was made anew from what of it was whole");
    Ok(salvaged)
}

/// Puts damaged documents aside.
pub(crate) fn put_aside(home: &Home, damaged: &[Digest]) -> Result<(), Failure> {
    let documents = Scrub::new(home.documents_path());
    for digest in damaged {
        documents.quarantine(*digest)?;
        tracing::warn!(%digest, "a damaged document was put aside; it is fetched again");
    }
    Ok(())
}

/// `concerto repair`: asks a running node to scrub at once, or repairs what can be without peers.
pub(crate) fn run(out: Output, home: &Home) -> Result<(), Failure> {
    match control::call(&home.socket_path(), &WireOrder::Scrub)? {
        Some(WireReply::Fault { fault }) => return Err(Failure::refused(fault)),
        Some(_) => {
            let text = out.say(
                "Il nodo è in funzione: controlla ora tutto ciò che conserva e ripara da sé. Vedere poi `concerto verify --store`.",
                "The node runs: it examines now everything that it holds and repairs it by itself. See `concerto verify --store` later.",
            );
            out.result(text, &json!({ "scrub": "begun" }));
            return Ok(());
        }
        None => {}
    }
    let mut progress = Progress::new(out);
    let found = scrub::examine(home, &mut |pace| progress.told(pace))?;
    let salvaged = if found.journal_damaged { Some(rebuild_journal(home)?) } else { None };
    put_aside(home, &found.documents_damaged)?;
    if salvaged.is_none() && !found.documents_damaged.is_empty() || found.documents_missing > 0 {
        look_again(home)?;
    }
    let text = report(out, found.documents_damaged.len(), salvaged);
    out.result(
        &text,
        &json!({
            "journal_made_anew": salvaged.is_some(),
            "links_lost": salvaged.map(|s| s.links_lost),
            "receipts_lost": salvaged.map(|s| s.receipts_lost),
            "documents_put_aside": found.documents_damaged,
        }),
    );
    Ok(())
}

/// The node looks through everything at its next start, for what it must fetch.
fn look_again(home: &Home) -> Result<(), Failure> {
    let mut journal = SqliteJournal::open(home.journal_path())?;
    if concerto_port::JournalRead::meta(&journal, REBUILT)?.is_some_and(|value| !value.is_empty()) {
        return Ok(());
    }
    journal.begin()?;
    journal.write(&Write::Meta { name: REBUILT, value: PUT_ASIDE.to_vec() })?;
    Ok(journal.commit()?)
}

fn report(out: Output, documents: usize, salvaged: Option<Salvaged>) -> String {
    let mut text = match salvaged {
        None => out.say("L'archivio è integro.", "The journal is whole.").to_owned(),
        Some(s) => format!(
            "{} {} {}, {} {} ({} + {} {}).",
            out.say("L'archivio è stato rifatto:", "The journal was made anew:"),
            s.links,
            out.say("messaggi", "messages"),
            s.receipts,
            out.say("ricevute", "receipts"),
            s.links_lost,
            s.receipts_lost,
            out.say("non integri", "not whole"),
        ),
    };
    if documents > 0 {
        text.push_str(&format!(
            "\n{documents} {}",
            out.say("documenti danneggiati messi da parte.", "damaged documents put aside.")
        ));
    }
    text.push('\n');
    text.push_str(out.say(
        "Ciò che manca si riprende dagli altri nodi quando questo è in funzione (`concerto serve`).",
        "What is missing is fetched from the other nodes when this one runs (`concerto serve`).",
    ));
    text
}
