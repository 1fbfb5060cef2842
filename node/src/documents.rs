//! `concerto document`: adds files to the node's store, lists a conference's documents with their progress, writes one to a file.
//!
//! The store is opened beside the running node, so that a document's bytes never cross the control socket. A file name is the user's
//! and stays on the user's side: what is stored and sent is named by its digest alone.

use concerto_core::Case;
use concerto_core::case::Entry;
use concerto_crypto_openssl::OpensslRandom;
use concerto_documents_fs::FolderStore;
use concerto_message::limits::CHUNK_BYTES;
use concerto_message::{Attachment, Audience, Digest, Hashing, MessageId, Salt, Writer};
use concerto_port::{DocumentError, DocumentReader, DocumentStore, HeldDocument, Random};
use data_encoding::BASE64;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use crate::commands::media_type;
use crate::control::{self, WireContent, WireDocument, WireOrder, WireReply};
use crate::home::Home;
use crate::output::{Failure, Output};
use crate::transfers::TransferProgress;
use crate::views;
use crate::words::cell;

/// What stands before a digest that names a document.
const DIGEST_PREFIX: &str = "sha256:";
/// Pause between two looks at a document that is awaited.
const PAUSE: Duration = Duration::from_millis(250);
/// Longest media type (RFC 6838 section 4.2).
const MEDIA_TYPE_CHARS_MAX: usize = 255;

fn failed(error: &DocumentError) -> Failure {
    Failure::environment(error.code(), error)
}

/// Adds a file to the store.
fn add_file(out: Output, home: &Home, path: &Path, media_type: &str) -> Result<HeldDocument, Failure> {
    let named = |e: io::Error| Failure::environment("system.read", &format!("{}: {e}", path.display()));
    let file = File::open(path).map_err(named)?;
    let found = file.metadata().map_err(named)?;
    if !found.is_file() {
        return Err(Failure::usage(
            "document.not-a-file",
            format!("{} non è un file.", path.display()),
            format!("{} is not a file.", path.display()),
        ));
    }
    let bar = bar(out, found.len());
    let store = home.documents()?;
    let salt = Salt(OpensslRandom.nonce());
    let held = store.add(salt, media_type, found.len(), &mut bar.wrap_read(file)).map_err(|e| failed(&e));
    bar.finish_and_clear();
    held
}

/// `concerto document add`.
pub(crate) fn add(out: Output, home: &Home, path: &Path, named: Option<&str>) -> Result<(), Failure> {
    let media_type = match named {
        Some(named) => checked_media_type(named)?,
        None => media_type(&path.to_string_lossy()),
    };
    let held = add_file(out, home, path, media_type)?;
    let digest = format!("{DIGEST_PREFIX}{}", held.digest);
    let text = format!("{digest}\n{} byte, {media_type}", held.size);
    out.result(&text, &json!({ "digest": held.digest, "size": held.size, "media_type": media_type }));
    Ok(())
}

fn checked_media_type(named: &str) -> Result<&str, Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c);
    let parts = named
        .split_once('/')
        .filter(|(a, b)| !a.is_empty() && !b.is_empty() && a.chars().all(plain) && b.chars().all(plain));
    match parts {
        Some(_) if named.len() <= MEDIA_TYPE_CHARS_MAX => Ok(named),
        _ => Err(Failure::usage(
            "document.media-type",
            "Il tipo si scrive come application/pdf.",
            "A media type is written like application/pdf.",
        )),
    }
}

/// A document of an act: `FILE`, `sha256:DIGEST`, either with `=writer,writer` for those who may see it.
pub(crate) fn of_act(out: Output, home: &Home, argument: &str) -> Result<WireDocument, Failure> {
    let (named, audience) = match argument.rsplit_once('=') {
        Some((named, writers)) if !Path::new(argument).exists() => (named, audience(writers)?),
        _ => (argument, Audience::ALL),
    };
    if let Some(digest) = named.strip_prefix(DIGEST_PREFIX) {
        let digest: Digest =
            digest.parse().map_err(|e: concerto_message::ids::IdError| usage("document.digest", &e))?;
        let held = home.documents()?.describe(digest).map_err(|e| failed(&e))?;
        let media_type = held.and_then(|held| held.media_type).unwrap_or_else(|| media_type("").to_owned());
        return Ok(WireDocument { media_type, audience, content: WireContent::Held { digest } });
    }
    let path = Path::new(named);
    let media_type = media_type(named).to_owned();
    let size = std::fs::metadata(path).map_or(0, |found| found.len());
    let content = if size > CHUNK_BYTES as u64 {
        WireContent::Held { digest: add_file(out, home, path, &media_type)?.digest }
    } else {
        WireContent::Bytes { bytes: BASE64.encode(&crate::home::read(path)?) }
    };
    Ok(WireDocument { media_type, audience, content })
}

fn audience(writers: &str) -> Result<Audience, Failure> {
    let writers: Result<_, _> = writers.split(',').map(str::parse).collect();
    let writers = writers.map_err(|e: concerto_message::ids::IdError| usage("document.audience", &e))?;
    Ok(Audience::Only(writers))
}

fn usage(code: &str, what: &dyn std::fmt::Display) -> Failure {
    Failure::usage(code, what.to_string(), what.to_string())
}

/// A document that a conference lists.
struct Listing<'a> {
    message: MessageId,
    entry: &'a Entry,
    attachment: &'a Attachment,
}

/// How a listed document stands at this node.
struct State {
    code: &'static str,
    progress: Option<TransferProgress>,
}

fn listings(case: &Case) -> Vec<Listing<'_>> {
    let mut all: Vec<Listing<'_>> = case
        .entries()
        .flat_map(|(id, entry)| {
            entry.documents.iter().map(|attachment| Listing { message: *id, entry, attachment })
        })
        .collect();
    all.sort_by_key(|l| (l.entry.issued_at, l.message, l.attachment.digest));
    all
}

/// What the running node says of documents under way; nothing where none runs.
fn under_way(home: &Home) -> BTreeMap<Digest, TransferProgress> {
    match control::call(&home.socket_path(), &WireOrder::Transfers) {
        Ok(Some(WireReply::Transfers { transfers })) => {
            transfers.into_iter().map(|transfer| (transfer.digest, transfer)).collect()
        }
        _ => BTreeMap::new(),
    }
}

fn state(
    store: &FolderStore,
    me: &Writer,
    listing: &Listing<'_>,
    under_way: &BTreeMap<Digest, TransferProgress>,
) -> Result<State, Failure> {
    let digest = listing.attachment.digest;
    let progress = under_way.get(&digest).cloned();
    let code = if store.has(digest).map_err(|e| failed(&e))? {
        return Ok(State { code: "held", progress: None });
    } else if !listing.attachment.audience.admits(&listing.entry.author, me) {
        "reserved"
    } else if progress.as_ref().is_some_and(|p| p.active) {
        "coming"
    } else {
        "awaited"
    };
    Ok(State { code, progress })
}

/// `concerto document list`.
pub(crate) fn list(out: Output, home: &Home, conference: &str) -> Result<(), Failure> {
    let case = views::find(home, conference)?;
    let (store, under_way) = (home.documents()?, under_way(home));
    let (mut text, mut rows) = (String::new(), Vec::new());
    for listing in listings(&case) {
        let state = state(&store, &home.node.writer, &listing, &under_way)?;
        let Attachment { digest, size, media_type, .. } = listing.attachment;
        let author = views::name_of(home, &listing.entry.author);
        text.push_str(&format!(
            "{DIGEST_PREFIX}{digest}\n  {}  {}  {}  {}\n",
            cell(&bytes_text(*size), 10),
            cell(media_type, 22),
            cell(&author, 26),
            state_text(out, home, &state)
        ));
        rows.push(row(&listing, &state));
    }
    if rows.is_empty() {
        text.push_str(out.say("Nessun documento.", "No document."));
    }
    out.result(&text, &json!({ "conference": case.id(), "documents": rows }));
    Ok(())
}

fn row(listing: &Listing<'_>, state: &State) -> Value {
    json!({
        "digest": listing.attachment.digest, "size": listing.attachment.size,
        "media_type": listing.attachment.media_type, "audience": listing.attachment.audience,
        "message": listing.message, "author": listing.entry.author, "state": state.code, "progress": state.progress,
    })
}

fn state_text(out: Output, home: &Home, state: &State) -> String {
    let words = match state.code {
        "held" => out.say("presente", "held"),
        "reserved" => out.say("riservato ad altri", "reserved to others"),
        "coming" => out.say("in arrivo", "coming"),
        _ => out.say("atteso", "awaited"),
    };
    let Some(progress) = &state.progress else { return words.to_owned() };
    let percent = progress.held.saturating_mul(100) / progress.size.max(1);
    let from = views::name_of(home, &progress.source);
    let rate = if progress.active {
        format!(", {}/s {} {from}", bytes_text(progress.bytes_per_second), out.say("da", "from"))
    } else {
        String::new()
    };
    format!("{words} {percent} %{rate}")
}

/// A number of bytes as people read it.
fn bytes_text(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "KiB", "MiB", "GiB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if unit == 0 { format!("{bytes} {name}") } else { format!("{value:.1} {name}") }
}

/// `concerto document get`.
pub(crate) fn get(
    out: Output,
    home: &Home,
    conference: &str,
    named: &str,
    file: &Path,
    wait: bool,
) -> Result<(), Failure> {
    if file.exists() {
        return Err(exists(file));
    }
    let case = views::find(home, conference)?;
    let listed = listings(&case);
    let listing = find(&listed, named)?;
    let (digest, size) = (listing.attachment.digest, listing.attachment.size);
    let me = &home.node.writer;
    if !listing.attachment.audience.admits(&listing.entry.author, me) {
        return Err(Failure::usage(
            "document.reserved",
            format!("Il documento {digest} è riservato ad altri."),
            format!("Document {digest} is reserved to others."),
        ));
    }
    let store = home.documents()?;
    if wait {
        await_document(out, home, &store, digest, size)?;
    }
    let Some(mut reader) = store.open(digest).map_err(|e| failed(&e))? else {
        return Err(Failure::usage(
            "document.not-held",
            format!(
                "Il documento {digest} non è ancora arrivato: vedere `concerto document list`, o attendere con --wait."
            ),
            format!("Document {digest} has not come yet: see `concerto document list`, or wait with --wait."),
        ));
    };
    write_out(reader.as_mut(), file)?;
    let text = format!("{} ({} byte)", file.display(), size);
    out.result(&text, &json!({ "digest": digest, "size": size, "file": file }));
    Ok(())
}

/// The listed document that a digest, or its beginning, names.
fn find<'a>(listed: &'a [Listing<'a>], named: &str) -> Result<&'a Listing<'a>, Failure> {
    let digits = named.strip_prefix(DIGEST_PREFIX).unwrap_or(named);
    let fits = |l: &&Listing<'_>| !digits.is_empty() && l.attachment.digest.to_string().starts_with(digits);
    let mut found: Vec<&Listing<'_>> = listed.iter().filter(fits).collect();
    found.dedup_by_key(|l| l.attachment.digest);
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Failure::usage(
            "document.unknown",
            format!("La conferenza non elenca il documento `{named}`: vedere `concerto document list`."),
            format!("The conference lists no document `{named}`: see `concerto document list`."),
        )),
        _ => Err(Failure::usage(
            "document.ambiguous",
            format!("`{named}` indica più documenti: scrivere più cifre."),
            format!("`{named}` means several documents: write more digits."),
        )),
    }
}

fn await_document(
    out: Output,
    home: &Home,
    store: &FolderStore,
    digest: Digest,
    size: u64,
) -> Result<(), Failure> {
    let bar = bar(out, size);
    while !store.has(digest).map_err(|e| failed(&e))? {
        if let Some(progress) = under_way(home).get(&digest) {
            bar.set_position(progress.held);
        }
        std::thread::sleep(PAUSE);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Writes a document to a new file; the whole is checked on the way, and a file that is not whole does not stay.
fn write_out(reader: &mut dyn DocumentReader, file: &Path) -> Result<(), Failure> {
    let failed_at = |e: &dyn std::fmt::Display| {
        Failure::environment("document.write", &format!("{}: {e}", file.display()))
    };
    let made = OpenOptions::new().write(true).create_new(true).open(file);
    let mut written = match made {
        Ok(written) => written,
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(exists(file)),
        Err(e) => return Err(failed_at(&e)),
    };
    let copied = copy_document(reader, &mut written).and_then(|()| Ok(written.sync_all()?));
    copied.map_err(|error| {
        let _ = std::fs::remove_file(file); // the first error is the one to report
        failed_at(&error)
    })
}

/// Copies a document chunk by chunk and checks the whole.
pub(crate) fn copy_document(
    reader: &mut dyn DocumentReader,
    to: &mut dyn Write,
) -> Result<(), DocumentError> {
    let held = reader.held().clone();
    let (mut hashing, mut chunk) = (Hashing::new(held.salt), Vec::new());
    for index in 0..held.size.div_ceil(CHUNK_BYTES as u64) {
        reader.chunk(index, &mut chunk)?;
        hashing.update(&chunk);
        to.write_all(&chunk)?;
    }
    if hashing.finish().digest == held.digest {
        Ok(())
    } else {
        Err(DocumentError::Mismatch { expected: held.digest })
    }
}

fn exists(file: &Path) -> Failure {
    Failure::usage(
        "document.output.exists",
        format!("{} esiste già: indicare un nome nuovo.", file.display()),
        format!("{} exists already: name a new file.", file.display()),
    )
}

/// A bar for people who look; none for programs.
fn bar(out: Output, bytes: u64) -> ProgressBar {
    if out.json || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(bytes);
    let style = ProgressStyle::with_template("{bar:32} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
