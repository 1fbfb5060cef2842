//! The comparison at the end: each store read on its own, read-only, and held against the others.
//!
//! Same links byte for byte; each body and document equal wherever two nodes may see it and absent elsewhere; the state in the memory
//! of each running node equal to its recomputation from the journal; terms and outcome equal everywhere and as the case expects.

use concerto_core::Case;
use concerto_documents_fs::FolderStore;
use concerto_message::{Attachment, Audience, ConferenceId, Digest, MessageId, Writer};
use concerto_port::{DocumentStore, JournalRead};
use concerto_procedure::acts::Outcome;
use concerto_procedure::{Term, terms, terms_digest};
use concerto_store_sqlite::SqliteReader;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::case_file::{CaseFile, ExpectedTerm};
use super::nodes::{NodeOf, Nodes};
use crate::control::{WireOrder, WireReply};
use crate::output::Failure;

/// Links read in one go.
const PAGE: usize = 512;

/// One node's store as it was read.
pub(super) struct Copy {
    pub(super) key: String,
    pub(super) folder: PathBuf,
    pub(super) case: Case,
    pub(super) journal_bytes: u64,
    writer: Writer,
    links: BTreeMap<MessageId, String>,
    contents: BTreeMap<Digest, Content>,
    documents: FolderStore,
    receipts: usize,
    files: usize,
    live: Option<Digest>,
}

/// What a store holds under a digest: the digest of salt and bytes was checked while reading.
type Content = (concerto_message::Salt, Vec<u8>);

/// One line of the table.
pub(super) struct Row {
    pub(super) key: String,
    pub(super) links: usize,
    pub(super) receipts: usize,
    pub(super) bodies: usize,
    pub(super) documents: usize,
    pub(super) hidden: usize,
    pub(super) state: Digest,
    pub(super) terms: Digest,
}

/// What the comparison found.
pub(super) struct Comparison {
    pub(super) rows: Vec<Row>,
    pub(super) outcome: Option<Outcome>,
    /// How many bodies and documents not everybody may see are held by whom.
    pub(super) limited: BTreeMap<Vec<String>, usize>,
    /// What differs, in both languages; nothing when all is as it must be.
    pub(super) differences: Vec<(String, String)>,
}

/// Reads every store.
pub(super) fn read_all(nodes: &Nodes, conference: &ConferenceId) -> Result<Vec<Copy>, Failure> {
    nodes.nodes.iter().map(|node| read_copy(node, conference)).collect()
}

fn read_copy(node: &NodeOf, conference: &ConferenceId) -> Result<Copy, Failure> {
    let home = &node.home;
    let reader = SqliteReader::open(home.journal_path())?;
    let absent =
        || Failure::environment("demo.conference", &format!("{}: the conference is not there", node.key));
    let case = Case::load(conference, &reader)?.ok_or_else(absent)?;
    let mut links = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = reader.links(conference, after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.row;
        links.extend(page.iter().map(|stored| (stored.link.id(), stored.link.text().to_owned())));
    }
    let documents =
        FolderStore::open(home.documents_path()).map_err(|e| Failure::environment("documents.store", &e))?;
    let mut contents = BTreeMap::new();
    for (_, attachment) in attachments(&case) {
        let held = documents.get(attachment.digest).map_err(|e| Failure::environment(e.code(), &e))?;
        if let Some(content) = held {
            contents.insert(attachment.digest, content);
        }
    }
    let live = match node.order(&WireOrder::StateDigests)? {
        WireReply::StateDigests { states } => {
            states.into_iter().find(|(id, _)| id == conference).map(|(_, digest)| digest)
        }
        _ => None,
    };
    Ok(Copy {
        key: node.key.clone(),
        folder: home.folder.clone(),
        journal_bytes: journal_bytes(&home.journal_path()),
        writer: home.node.writer.clone(),
        receipts: reader.conference_receipts(conference)?.len(),
        files: document_files(&home.documents_path())?,
        case,
        links,
        contents,
        documents,
        live,
    })
}

/// The journal and its log.
fn journal_bytes(path: &Path) -> u64 {
    let log = PathBuf::from(format!("{}-wal", path.display()));
    [path, &log].into_iter().filter_map(|file| std::fs::metadata(file).ok()).map(|data| data.len()).sum()
}

/// Files in the document store's folders `00` to `ff`.
fn document_files(root: &Path) -> Result<usize, Failure> {
    let mut files = 0;
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_name().len() == 2 {
            files += std::fs::read_dir(entry.path())?.count();
        }
    }
    Ok(files)
}

/// Bodies and documents of a conference, with their authors; a body first.
fn attachments(case: &Case) -> impl Iterator<Item = (&Writer, &Attachment)> {
    case.entries()
        .flat_map(|(_, entry)| entry.attachments().map(move |attachment| (&entry.author, attachment)))
}

/// Holds the stores against each other and against what the case expects.
pub(super) fn compare(file: &CaseFile, copies: &[Copy]) -> Comparison {
    let mut differences = Vec::new();
    for (first, other) in pairs(copies) {
        compare_links(first, other, &mut differences);
        compare_contents(first, other, &mut differences);
    }
    let rows: Vec<Row> = copies.iter().map(|copy| row(copy, &mut differences)).collect();
    compare_results(copies, &rows, &mut differences);
    for copy in copies {
        compare_expected(file, copy, &mut differences);
    }
    let outcome = copies.first().and_then(|copy| outcome_of(&copy.case));
    Comparison { rows, outcome, limited: limited(copies), differences }
}

fn limited(copies: &[Copy]) -> BTreeMap<Vec<String>, usize> {
    let mut limited = BTreeMap::new();
    let all = copies.first().into_iter().flat_map(|copy| attachments(&copy.case));
    for (_, attachment) in all.filter(|(_, attachment)| attachment.audience != Audience::ALL) {
        let holders = copies.iter().filter(|copy| copy.documents.has(attachment.digest).unwrap_or(true));
        *limited.entry(holders.map(|copy| copy.key.clone()).collect()).or_insert(0) += 1;
    }
    limited
}

fn pairs(copies: &[Copy]) -> impl Iterator<Item = (&Copy, &Copy)> {
    copies
        .iter()
        .enumerate()
        .flat_map(|(at, first)| copies.iter().skip(at + 1).map(move |other| (first, other)))
}

fn compare_links(first: &Copy, other: &Copy, differences: &mut Vec<(String, String)>) {
    let (a, b) = (&first.key, &other.key);
    for id in first.links.keys().chain(other.links.keys()).collect::<std::collections::BTreeSet<_>>() {
        let (here, there) = (first.links.get(id), other.links.get(id));
        if here != there {
            let id = id.short();
            differences.push((
                format!("il messaggio {id} non è uguale in {a} e {b}"),
                format!("the message {id} is not equal in {a} and {b}"),
            ));
        }
    }
}

/// Wherever both may see a body or document, both must hold the same bytes.
fn compare_contents(first: &Copy, other: &Copy, differences: &mut Vec<(String, String)>) {
    let (a, b) = (&first.key, &other.key);
    for (author, attachment) in attachments(&first.case) {
        let both = attachment.audience.admits(author, &first.writer)
            && attachment.audience.admits(author, &other.writer);
        let equal = match (first.contents.get(&attachment.digest), other.contents.get(&attachment.digest)) {
            (Some(here), Some(there)) => here == there,
            _ => false,
        };
        if both && !equal {
            let digest = short(&attachment.digest);
            differences.push((
                format!("il documento {digest} non è uguale in {a} e {b}"),
                format!("the document {digest} is not equal in {a} and {b}"),
            ));
        }
    }
}

/// Counts one store and checks what concerns it alone: nothing that it may not see, the live state.
fn row(copy: &Copy, differences: &mut Vec<(String, String)>) -> Row {
    let key = &copy.key;
    let (mut bodies, mut documents, mut hidden) = (0, 0, 0);
    let of_bodies: std::collections::BTreeSet<Digest> =
        copy.case.entries().filter_map(|(_, entry)| entry.body.as_ref().map(|body| body.digest)).collect();
    for (author, attachment) in attachments(&copy.case) {
        let digest = short(&attachment.digest);
        let held = copy.documents.has(attachment.digest).unwrap_or(true);
        match (attachment.audience.admits(author, &copy.writer), held) {
            (true, true) if of_bodies.contains(&attachment.digest) => bodies += 1,
            (true, true) => documents += 1,
            (false, false) => hidden += 1,
            (true, false) => differences.push((
                format!("{key} può vedere il documento {digest} e non lo ha"),
                format!("{key} may see the document {digest} and does not hold it"),
            )),
            (false, true) => differences.push((
                format!("{key} ha il documento {digest}, che non può vedere"),
                format!("{key} holds the document {digest}, which it may not see"),
            )),
        }
    }
    if copy.files != bodies + documents {
        let (files, listed) = (copy.files, bodies + documents);
        differences.push((
            format!("{key}: {files} file di documenti, {listed} nei messaggi"),
            format!("{key}: {files} document files, {listed} in the messages"),
        ));
    }
    let state = copy.case.state_digest();
    if copy.live != Some(state) {
        differences.push((
            format!("{key}: lo stato in memoria non è quello ricalcolato dall'archivio"),
            format!("{key}: the state in memory is not the one recomputed from the store"),
        ));
    }
    Row {
        key: key.clone(),
        links: copy.links.len(),
        receipts: copy.receipts,
        bodies,
        documents,
        hidden,
        state,
        terms: terms_digest(&terms(copy.case.state())),
    }
}

fn compare_results(copies: &[Copy], rows: &[Row], differences: &mut Vec<(String, String)>) {
    let (Some(first), Some(first_row)) = (copies.first(), rows.first()) else { return };
    for (copy, row) in copies.iter().zip(rows).skip(1) {
        let (a, b) = (&first.key, &copy.key);
        if row.terms != first_row.terms {
            differences.push((
                format!("{a} e {b} calcolano termini diversi"),
                format!("{a} and {b} compute other terms"),
            ));
        }
        if row.state != first_row.state {
            differences
                .push((format!("{a} e {b} hanno stati diversi"), format!("{a} and {b} have other states")));
        }
        if outcome_of(&copy.case) != outcome_of(&first.case) {
            differences
                .push((format!("{a} e {b} hanno esiti diversi"), format!("{a} and {b} have other outcomes")));
        }
    }
}

fn outcome_of(case: &Case) -> Option<Outcome> {
    case.state().conclusion().map(|conclusion| conclusion.act.outcome)
}

fn compare_expected(file: &CaseFile, copy: &Copy, differences: &mut Vec<(String, String)>) {
    let key = &copy.key;
    let expected = &file.expected;
    if let Some(outcome) = expected.outcome.filter(|outcome| outcome_of(&copy.case) != Some(*outcome)) {
        let word = |outcome| serde_json::to_value(outcome).unwrap_or_default();
        let (wanted, found) = (word(Some(outcome)), word(outcome_of(&copy.case)));
        differences.push((
            format!("{key}: atteso l'esito {wanted}, trovato {found}"),
            format!("{key}: expected the outcome {wanted}, found {found}"),
        ));
    }
    let computed = terms(copy.case.state());
    for expected in &expected.terms {
        let found: Vec<&Term> = computed.iter().filter(|term| fits(file, expected, term)).collect();
        let (name, date) = (expected.term.name(), expected.date);
        let whose = expected.body.as_ref().map(|body| format!(" ({body})")).unwrap_or_default();
        if found.is_empty() {
            differences.push((
                format!("{key}: manca il termine {name}{whose}, atteso {date}"),
                format!("{key}: there is no term {name}{whose}, expected {date}"),
            ));
        }
        for term in found.into_iter().filter(|term| term.strict != date) {
            let strict = term.strict;
            differences.push((
                format!("{key}: termine {name}{whose}: atteso {date}, calcolato {strict}"),
                format!("{key}: term {name}{whose}: expected {date}, computed {strict}"),
            ));
        }
    }
}

fn fits(file: &CaseFile, expected: &ExpectedTerm, term: &Term) -> bool {
    let body = expected.body.as_ref().and_then(|key| file.participant(key)).map(|p| &p.writer);
    term.kind == expected.term && (body.is_none() || body == term.body.as_ref())
}

/// The first digits, for screens.
pub(super) fn short(digest: &Digest) -> String {
    digest.to_string().chars().take(8).collect()
}

impl Comparison {
    /// For programs.
    pub(super) fn to_json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "node": row.key, "links": row.links, "receipts": row.receipts, "bodies": row.bodies,
                "documents": row.documents, "hidden": row.hidden, "state": row.state, "terms": row.terms,
            })
        };
        let difference = |(it, en): &(String, String)| json!({ "text": it, "text_en": en });
        json!({
            "equal": self.differences.is_empty(),
            "nodes": self.rows.iter().map(row).collect::<Vec<_>>(),
            "differences": self.differences.iter().map(difference).collect::<Vec<_>>(),
        })
    }
}
