//! `concerto conference export`: everything that proves one conference, in a folder that anybody can verify (its layout is
//! described in `conformance-tests/interop/README.md`).
//!
//! Links are read page by page and written as they are read. `export.json` is written last: a folder without it is an
//! export that was interrupted.

pub(crate) mod layout;

use concerto_core::Case;
use concerto_crypto_openssl::OpensslCheck;
use concerto_documents_fs::FolderStore;
use concerto_message::chain::{EquivocationProof, Slot};
use concerto_message::jades::Flattened;
use concerto_message::{ConferenceId, Digest, Header, Link, MessageId, ParsedReceipt, Verified, Writer};
use concerto_port::{DocumentError, DocumentReader, DocumentStore, JournalRead};
use concerto_procedure::acts::Act;
use concerto_store_sqlite::SqliteReader;
use concerto_trust::{AnchorKeys, Bundle, VerifiedChain};
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::home::Home;
use crate::output::{Failure, Output};
use crate::views;
use layout::{About, AnchorFile, DocumentMeta, FOLDERS, FORMAT, ForkFile, Row};

/// Links read from the journal in one go.
const PAGE: usize = 256;
/// What people read first.
const READ_ME_TEXT: &str = include_str!("export/read_me.txt");

/// Writes the evidence of one conference into a new folder, and tells what was written.
pub(crate) fn run(out: Output, home: &Home, conference: &str, folder: &Path) -> Result<(), Failure> {
    let case = views::find(home, conference)?;
    let counts = write(home, case.id(), folder)?;
    tell(out, &case, &home.node.writer, folder, &counts);
    Ok(())
}

/// Writes the evidence of one conference into a new folder.
pub(crate) fn write(home: &Home, conference: &ConferenceId, folder: &Path) -> Result<Counts, Failure> {
    let reader = views::reader(home)?;
    let documents = home.documents()?;
    let anchor = home.anchor()?;
    prepare(folder)?;
    let mut writing = Writing {
        me: home.node.writer.clone(),
        reader: &reader,
        documents: &documents,
        folder,
        anchor: &anchor,
        check: OpensslCheck::new(),
        chains: BTreeMap::new(),
        rows: Vec::new(),
        places: BTreeMap::new(),
        present: BTreeSet::new(),
        absent: BTreeSet::new(),
        counts: Counts::default(),
    };
    // receipts first: the links they cover were held before them
    writing.receipts(conference)?;
    writing.links(conference)?;
    writing.forks()?;
    writing.about(home, conference)?;
    Ok(writing.counts)
}

/// What was written.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Counts {
    links: usize,
    receipts: usize,
    bundles: usize,
    documents: usize,
    documents_absent: usize,
    forks: usize,
}

struct Writing<'a> {
    me: Writer,
    reader: &'a SqliteReader,
    documents: &'a FolderStore,
    folder: &'a Path,
    anchor: &'a AnchorKeys,
    check: OpensslCheck,
    chains: BTreeMap<Digest, VerifiedChain>,
    rows: Vec<Row>,
    places: BTreeMap<Slot, Vec<MessageId>>,
    present: BTreeSet<Digest>,
    absent: BTreeSet<Digest>,
    counts: Counts,
}

impl Writing<'_> {
    fn receipts(&mut self, conference: &ConferenceId) -> Result<(), Failure> {
        for receipt in self.reader.conference_receipts(conference)? {
            self.chain(receipt.header())?;
            self.write(&layout::receipt_file(receipt.digest()), receipt.text().as_bytes())?;
            self.counts.receipts += 1;
        }
        Ok(())
    }

    fn links(&mut self, conference: &ConferenceId) -> Result<(), Failure> {
        let mut after = 0;
        loop {
            let page = self.reader.links(conference, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.row;
            for stored in &page {
                let id = stored.link.id();
                let number = self.rows.len() + 1;
                let file = layout::link_file(number, id);
                self.write(&file, stored.link.text().as_bytes())?;
                self.flattened(number, &stored.link)?;
                self.quoted(&stored.link)?;
                self.attachments(&stored.link)?;
                self.places.entry(stored.link.payload().slot()).or_default().push(id);
                self.rows.push(Row { id, file, received_at: stored.received_at });
            }
            self.counts.links = self.rows.len();
        }
    }

    /// The same signature with the certificate at hand.
    fn flattened(&mut self, number: usize, link: &Link) -> Result<(), Failure> {
        let kid = &link.header().kid;
        let chain = self.chain(link.header())?;
        let x5c = chain.certificates(kid).map(<[String]>::to_vec);
        let flattened = x5c.and_then(|x5c| Flattened::from_compact(link.text(), x5c));
        let flattened = flattened.ok_or_else(|| {
            Failure::environment(
                "export.certificate",
                &format!("{}: no certificate for key {kid}", link.id()),
            )
        })?;
        self.write_json(&layout::flattened_file(number, link.id()), &flattened)
    }

    /// The bundles of the receipts that a link of the procedente quotes. One that is not a receipt proves nothing and stays as it is.
    fn quoted(&mut self, link: &Link) -> Result<(), Failure> {
        let payload = link.payload();
        let value = json!({ "type": payload.message_type, "facts": payload.facts });
        let Ok(Act::TakenInCharge(taken)) = serde_json::from_value::<Act>(value) else { return Ok(()) };
        let texts = taken.messages.iter().flat_map(|m| &m.receipts).chain(&taken.deliveries);
        for receipt in texts.filter_map(|text| ParsedReceipt::parse(text).ok()) {
            if self.reader.bundle(receipt.header().trust)?.is_some() {
                self.chain(receipt.header())?;
            }
        }
        Ok(())
    }

    /// Body and documents that this node may see and holds; the others are declared absent.
    fn attachments(&mut self, link: &Link) -> Result<(), Failure> {
        let payload = link.payload();
        for attachment in payload.attachments() {
            let digest = attachment.digest;
            if self.present.contains(&digest) {
                continue;
            }
            let visible = attachment.audience.admits(&payload.writer, &self.me);
            let held = if visible { self.documents.open(digest) } else { Ok(None) };
            let Some(mut reader) = held.map_err(|e| Failure::environment(e.code(), &e))? else {
                self.absent.insert(digest);
                continue;
            };
            self.document(digest, reader.as_mut())?;
            let media_type = attachment.media_type.clone();
            let meta = DocumentMeta { media_type, size: attachment.size, link: link.id() };
            self.write_json(&layout::meta_file(digest), &meta)?;
            self.absent.remove(&digest);
            self.present.insert(digest);
        }
        Ok(())
    }

    /// Salt and bytes of a document, chunk by chunk.
    fn document(&self, digest: Digest, reader: &mut dyn DocumentReader) -> Result<(), Failure> {
        let path = self.folder.join(layout::document_file(digest));
        let mut write = || -> Result<(), DocumentError> {
            let mut file = std::fs::File::create(&path)?;
            file.write_all(&reader.held().salt.0)?;
            crate::documents::copy_document(reader, &mut file)
        };
        write().map_err(|e| Failure::environment(e.code(), &format!("{}: {e}", path.display())))
    }

    /// For each place with several links, proofs that join them all.
    fn forks(&mut self) -> Result<(), Failure> {
        for mut ids in std::mem::take(&mut self.places).into_values().filter(|ids| ids.len() > 1) {
            ids.sort();
            for pair in ids.windows(2) {
                if let [a, b] = pair {
                    self.fork(*a, *b)?;
                }
            }
        }
        Ok(())
    }

    fn fork(&mut self, a: MessageId, b: MessageId) -> Result<(), Failure> {
        let (Some(a), Some(b)) = (self.link(a)?, self.link(b)?) else { return Ok(()) };
        let Some(proof) = EquivocationProof::new(a, b) else { return Ok(()) };
        let file = ForkFile { first: proof.first.text().to_owned(), second: proof.second.text().to_owned() };
        self.write_json(&layout::fork_file(proof.first.id(), proof.second.id()), &file)?;
        self.counts.forks += 1;
        Ok(())
    }

    fn link(&self, id: MessageId) -> Result<Option<Verified<Link>>, Failure> {
        Ok(self.reader.link(id)?.map(|stored| stored.link))
    }

    /// The verified chain that a header names; its bundle is written when it is first needed.
    fn chain(&mut self, header: &Header) -> Result<&VerifiedChain, Failure> {
        let digest = header.trust;
        if !self.chains.contains_key(&digest) {
            let bytes = self.reader.bundle(digest)?.ok_or_else(|| {
                Failure::environment(
                    "export.bundle.missing",
                    &format!("the store lacks trust bundle {digest}"),
                )
            })?;
            let wrong = |e: concerto_trust::TrustError| Failure::environment(e.code(), &e);
            let bundle = Bundle::parse_named(&bytes, digest).map_err(wrong)?;
            let chain = concerto_trust::verify(&bundle, self.anchor, &self.check).map_err(wrong)?;
            self.write(&layout::bundle_file(digest), &bytes)?;
            self.chains.insert(digest, chain);
            self.counts.bundles += 1;
        }
        let missing = || Failure::environment("export.bundle.missing", &digest);
        self.chains.get(&digest).ok_or_else(missing)
    }

    fn about(&mut self, home: &Home, conference: &ConferenceId) -> Result<(), Failure> {
        self.counts.documents = self.present.len();
        self.counts.documents_absent = self.absent.len();
        self.write(layout::READ_ME, READ_ME_TEXT.as_bytes())?;
        let keys = self.anchor.keys().keys().to_vec();
        self.write_json(layout::ANCHOR, &AnchorFile { entity: self.anchor.entity().clone(), keys })?;
        let about = About {
            format: FORMAT.to_owned(),
            conference: conference.clone(),
            federation: home.federation.id.clone(),
            exported_at: home.clock()?.now(),
            exported_by: self.me.clone(),
            links: std::mem::take(&mut self.rows),
            documents_absent: self.absent.iter().copied().collect(),
        };
        self.write_json(layout::ABOUT, &about)
    }

    fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), Failure> {
        let bytes = serde_json::to_vec(value).map_err(|e| Failure::environment("export.json", &e))?;
        self.write(name, &bytes)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.folder.join(name);
        let written = std::fs::write(&path, bytes);
        written.map_err(|e| Failure::environment("export.write", &format!("{}: {e}", path.display())))
    }
}

/// Makes the folders. Nothing that stands there is ever written over.
fn prepare(folder: &Path) -> Result<(), Failure> {
    let failed =
        |e: std::io::Error| Failure::environment("export.folder", &format!("{}: {e}", folder.display()));
    if folder.exists() && (!folder.is_dir() || std::fs::read_dir(folder).map_err(failed)?.next().is_some()) {
        return Err(Failure::usage(
            "export.folder.not-empty",
            format!("{} esiste e non è una cartella vuota: indicarne una nuova.", folder.display()),
            format!("{} exists and is not an empty folder: name a new one.", folder.display()),
        ));
    }
    for name in FOLDERS {
        // bodies and documents are for their audience only
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder.join(name)).map_err(failed)?;
    }
    Ok(())
}

fn tell(out: Output, case: &Case, me: &Writer, folder: &Path, counts: &Counts) {
    let incomplete = case.awaited().is_some();
    let mut text = if out.italian() {
        format!(
            "Conferenza {} esportata in {}: {} messaggi, {} ricevute, {} catene di fiducia, {} documenti ({} non presenti), {} prove di biforcazione.\n\
             Verifica: concerto verify {}",
            case.id(),
            folder.display(),
            counts.links,
            counts.receipts,
            counts.bundles,
            counts.documents,
            counts.documents_absent,
            counts.forks,
            folder.display()
        )
    } else {
        format!(
            "Conference {} exported to {}: {} messages, {} receipts, {} trust chains, {} documents ({} not here), {} proofs of a fork.\n\
             Verify it: concerto verify {}",
            case.id(),
            folder.display(),
            counts.links,
            counts.receipts,
            counts.bundles,
            counts.documents,
            counts.documents_absent,
            counts.forks,
            folder.display()
        )
    };
    if incomplete {
        text.push_str(out.say(
            "\navviso: questo nodo attende ancora messaggi di questa conferenza; esportare di nuovo quando saranno arrivati.",
            "\nwarning: this node still waits for messages of this conference; export again when they have come.",
        ));
    }
    let value = json!({
        "folder": folder, "conference": case.id(), "exported_by": me, "counts": counts, "incomplete": incomplete,
    });
    out.result(&text, &value);
}
