//! Everything that a node holds, read again and compared with what it should be: `concerto verify --store`, and the slow
//! scrub of a running node.
//!
//! The journal's structure and checksums; each link's and receipt's signature against its trust chain; the status of contents; the
//! derived tables; each document's digest, and that each document is held or wanted. It reads beside a running node and changes nothing.

use concerto_core::keyring::Keyring;
use concerto_core::{Case, content_status};
use concerto_crypto_openssl::OpensslCheck;
use concerto_documents_fs::{Found, Scrub};
use concerto_message::chain::End;
use concerto_message::{ConferenceId, Digest, Header, ParsedLink, ParsedReceipt, Receipt, Writer};
use concerto_port::{ContentStatus, JournalError, JournalRead, StoredLink};
use concerto_store_sqlite::SqliteReader;
use jiff::Timestamp;
use serde::Serialize;
use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::home::Home;
use crate::output::Failure;
use crate::views;

/// Most findings told; what is beyond them is only counted.
const FINDINGS_MAX: usize = 1000;
/// Links of a conference read in one go.
const LINKS_PAGE: usize = 256;

/// Something that is wrong.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Finding {
    /// A stable code.
    pub(crate) code: &'static str,
    /// What it concerns.
    pub(crate) subject: String,
    /// What is wrong.
    pub(crate) what: String,
}

/// What was read.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Counts {
    pub(crate) links: u64,
    pub(crate) receipts: u64,
    pub(crate) bundles: u64,
    pub(crate) documents: u64,
    pub(crate) document_bytes: u64,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Examined {
    pub(crate) counts: Counts,
    pub(crate) findings: Vec<Finding>,
    pub(crate) found: u64,
    /// What is no damage but good to know: gaps that wait, forks.
    pub(crate) remarks: Vec<Finding>,
    /// The journal must be made anew.
    pub(crate) journal_damaged: bool,
    /// Documents to be put aside.
    pub(crate) documents_damaged: Vec<Digest>,
    /// Documents that the texts name, that this node may see, and that are neither held nor wanted.
    pub(crate) documents_missing: u64,
}

impl Examined {
    fn note(&mut self, code: &'static str, subject: impl ToString, what: impl ToString) {
        self.found += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { code, subject: subject.to_string(), what: what.to_string() });
        }
    }

    fn remark(&mut self, code: &'static str, subject: impl ToString, what: impl ToString) {
        if self.remarks.len() < FINDINGS_MAX {
            self.remarks.push(Finding { code, subject: subject.to_string(), what: what.to_string() });
        }
    }
}

/// How far a scrub has come; told often.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// So many rows or messages were read.
    Rows(u64),
    /// So many bytes of documents were read.
    Bytes(usize),
}

/// Whether to go on.
pub(crate) type Going<'a> = &'a mut dyn FnMut(Pace) -> bool;

/// Believes what its author signed.
pub(crate) struct Believer {
    keyring: RefCell<Keyring>,
    check: OpensslCheck,
}

impl Believer {
    pub(crate) fn new(home: &Home) -> Result<Self, Failure> {
        Ok(Self { keyring: RefCell::new(Keyring::new(home.anchor()?)), check: OpensslCheck::new() })
    }

    /// A link or receipt, by its own content type.
    pub(crate) fn believes(&self, text: &str, journal: &dyn JournalRead) -> bool {
        self.link(text, journal).is_ok() || self.receipt(text, journal).is_ok()
    }

    fn link(&self, text: &str, journal: &dyn JournalRead) -> Result<(), String> {
        let parsed = ParsedLink::parse(text).map_err(|e| e.to_string())?;
        let payload = parsed.payload();
        let key = self.key(parsed.header(), &payload.writer, payload.issued_at, journal)?;
        parsed.verify(&key, &self.check).map(|_| ()).map_err(|e| e.to_string())
    }

    fn receipt(&self, text: &str, journal: &dyn JournalRead) -> Result<(), String> {
        let parsed = ParsedReceipt::parse(text).map_err(|e| e.to_string())?;
        let payload = parsed.payload();
        let key = self.key(parsed.header(), &payload.issuer, payload.received_at, journal)?;
        parsed.verify(&key, &self.check).map(|_| ()).map_err(|e| e.to_string())
    }

    fn key(
        &self,
        header: &Header,
        writer: &Writer,
        at: Timestamp,
        journal: &dyn JournalRead,
    ) -> Result<concerto_message::MessageKey, String> {
        let mut keyring = self.keyring.borrow_mut();
        keyring.key(header, writer, at, journal, &self.check).map_err(|e| e.to_string())
    }
}

/// Examines a node's folder; ends early, with what was found so far, when `going` says so.
pub(crate) fn examine(home: &Home, going: Going<'_>) -> Result<Examined, Failure> {
    let mut found = Examined::default();
    let reader = match SqliteReader::open(home.journal_path()) {
        Ok(reader) => reader,
        Err(JournalError::Corrupt(what)) => {
            found.journal_damaged = true;
            found.note("store.damaged", "journal.sqlite", what);
            return Ok(found);
        }
        Err(error) => return Err(error.into()),
    };
    let examined = reader.examine(&mut |rows| {
        going(Pace::Rows(rows));
    })?;
    found.counts.links = examined.good.links;
    found.counts.receipts = examined.good.receipts;
    found.counts.bundles = examined.good.bundles;
    found.journal_damaged = examined.damaged > 0;
    for damage in &examined.damages {
        let row = damage.row.map(|row| format!(" {row}")).unwrap_or_default();
        found.note("store.damaged", format!("{}{row}", damage.place), &damage.what);
    }
    found.found += examined.damaged.saturating_sub(examined.damages.len() as u64);
    let mut named = BTreeSet::new();
    if let Some(conferences) = readable(views::all(&reader), &mut found)? {
        let believer = Believer::new(home)?;
        for conference in conferences {
            let read = conference_texts(home, &reader, &believer, &conference, &mut found, &mut named, going);
            match read {
                Ok(true) => {}
                Ok(false) => return Ok(found),
                // its rows are among the damages already
                Err(JournalError::Corrupt(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    documents(home, &reader, &named, &mut found, going)?;
    Ok(found)
}

/// What could be read; damage is noted.
fn readable<T>(result: Result<T, Failure>, found: &mut Examined) -> Result<Option<T>, Failure> {
    match result {
        Err(failure) if failure.is_damaged() => {
            found.journal_damaged = true;
            Ok(None)
        }
        other => other.map(Some),
    }
}

fn conference_texts(
    home: &Home,
    reader: &SqliteReader,
    believer: &Believer,
    conference: &ConferenceId,
    found: &mut Examined,
    named: &mut BTreeSet<Digest>,
    going: Going<'_>,
) -> Result<bool, JournalError> {
    let mut after = 0;
    loop {
        let page = reader.links(conference, after, LINKS_PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.row;
        if !going(Pace::Rows(page.len() as u64)) {
            return Ok(false);
        }
        for stored in &page {
            link(believer, reader, stored, found);
            let payload = stored.link.payload();
            let admitted =
                payload.attachments().filter(|a| a.audience.admits(&payload.writer, &home.node.writer));
            named.extend(admitted.map(|a| a.digest));
        }
    }
    for receipt in reader.conference_receipts(conference)? {
        receipt_text(believer, reader, &receipt, found);
    }
    if let Some(case) = Case::load(conference, reader)? {
        chains(&case, found);
    }
    Ok(going(Pace::Rows(0)))
}

fn link(believer: &Believer, reader: &SqliteReader, stored: &StoredLink, found: &mut Examined) {
    if let Err(why) = believer.link(stored.link.text(), reader) {
        found.journal_damaged = true;
        found.note("store.signature", stored.link.id(), why);
    }
    let content = content_status(&stored.link);
    let same = std::mem::discriminant(&content) == std::mem::discriminant(&stored.content);
    if !same && stored.content != ContentStatus::UnknownSchema {
        found.journal_damaged = true;
        found.note("store.content", stored.link.id(), "the status of its content is not what its text gives");
    }
}

fn receipt_text(believer: &Believer, reader: &SqliteReader, receipt: &Receipt, found: &mut Examined) {
    if let Err(why) = believer.receipt(receipt.text(), reader) {
        found.journal_damaged = true;
        found.note("store.signature", receipt.digest(), why);
    }
}

fn chains(case: &Case, found: &mut Examined) {
    for (writer, chain) in case.chains() {
        for (incarnation, end) in chain.ends() {
            let (code, sequence) = match end {
                End::Open => continue,
                End::Gap { sequence } => ("chain.gap", sequence),
                End::Broken { sequence } => ("chain.broken", sequence),
                End::Fork { sequence, .. } => ("chain.fork", sequence),
            };
            let place = format!("{} {writer} {}#{sequence}", case.id(), incarnation.counter);
            found.remark(code, place, "what comes after waits for what belongs here");
        }
    }
}

fn documents(
    home: &Home,
    reader: &SqliteReader,
    named: &BTreeSet<Digest>,
    found: &mut Examined,
    going: Going<'_>,
) -> Result<(), Failure> {
    let scrub = Scrub::new(home.documents_path());
    let mut held = BTreeSet::new();
    for digest in scrub.digests()? {
        let mut go = true;
        match scrub.check(digest, &mut |bytes| go &= going(Pace::Bytes(bytes))) {
            Found::Good { bytes } => {
                found.counts.documents += 1;
                found.counts.document_bytes += bytes;
                held.insert(digest);
            }
            Found::Missing => {}
            Found::Damaged(why) => {
                held.insert(digest);
                found.documents_damaged.push(digest);
                found.note("document.damaged", digest, why);
            }
        }
        if !go {
            return Ok(());
        }
    }
    let wanted: BTreeSet<Digest> = match reader.wanted(0, usize::MAX) {
        Ok(wanted) => wanted.into_iter().map(|w| w.digest).collect(),
        Err(_) => return Ok(()), // noted among the damages of the journal
    };
    for digest in named.iter().filter(|digest| !held.contains(digest) && !wanted.contains(digest)) {
        found.documents_missing += 1;
        found.note("document.missing", digest, "a message lists it, and it is neither held nor wanted");
    }
    Ok(())
}
