//! Certified mail in a node: bodies without a node take part by PEC, and PEC is the way when nodes do not reach each other (ARCHITECTURE.md,
//! "Certified mail"; RULES T8, T9, E.4).
//!
//! ```text
//!   journal --(own acts for bodies without a node)--> outgoing, letter --> MailStore --> Office::send --> provider
//!   mailbox --> Office::read --> MailStore (with the cursor) --> incoming: receipt | link | free mail --> record, or a person
//! ```
//! The [`office`] has a thread of its own, because calls of the mailbox block. It gives orders to the engine as officials do, through its bounded
//! queue. Everything that it does is in the order of `MailStore`: after a crash it goes on from there, and an order that it gives again has a key.

mod commands;
mod confirm;
mod facts;
mod fallback;
mod incoming;
mod inspect;
mod letter;
mod mailbox;
mod office;
mod orders;
mod outgoing;
mod proposed;
mod queue;
mod record;
mod sending;
mod worker;

pub(crate) use commands::run;
pub(crate) use confirm::nobody_waits;
pub(crate) use office::Round;
pub(crate) use worker::{Bell, Worker};

use crate::home::Home;
use crate::output::Failure;
use crate::views;
use concerto_store_sqlite::MailStore;
use std::path::PathBuf;

/// Notes from where on acts go by PEC, where the node has a mailbox: what is ordered after this goes.
pub(crate) fn begin(home: &Home) -> Result<(), Failure> {
    if !mailbox::is_configured(home) {
        return Ok(());
    }
    let mut store = MailStore::open(&store_path(home))?;
    outgoing::begin(&views::reader(home)?, &mut store).map(|_| ())
}

/// Where the mails of the mailbox are kept.
pub(crate) fn store_path(home: &Home) -> PathBuf {
    home.folder.join("pec.sqlite")
}
