//! One large document between two nodes, hashed and synced, beside a raw stream of the same transport and a raw write of the same disk.
//!
//! The body's node is stopped while the document is sent, so that its return shows how soon a waiting document begins to come. Then the
//! time runs from the first byte to the moment at which the document stands in the store, synced and checked as a whole.

use concerto_message::{ConferenceId, Digest, Writer};
use concerto_peer_libp2p::{IncomingStream, Libp2pLink};
use serde_json::json;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::control::Control;
use crate::federation::{Federation, Serving};
use crate::limits::stream_pair;
use crate::report::Transfer;
use crate::settings::{Failed, Settings};

const MIB: usize = 1024 * 1024;
/// Bytes written to a raw stream in one go.
const PIECE: usize = 64 * 1024;
/// Pause between two looks at the receiving store.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Time in which two nodes come to rest after they met.
const SETTLING: Duration = Duration::from_secs(2);
/// Longest wait for the document.
const PATIENCE: Duration = Duration::from_secs(600);

/// Measures a document of so many MiB between two nodes that hold one conference and nothing else, so that what is read is of the document.
pub(crate) fn measure(settings: &Settings, mib: usize) -> Result<Transfer, Failed> {
    let folder = settings.scratch()?;
    let federation = &Federation::make(settings, folder.path())?;
    let (lead, body) = (federation.serve("lead")?, federation.serve("body")?);
    let conference = &federation.open_conference(&lead)?;
    // both have met: what a first greeting costs is not the document's
    std::thread::sleep(SETTLING);
    let file = federation.path("document.bin");
    write_file(&file, mib, false)?;
    body.stop()?;
    let begun = Instant::now();
    let digest = add(settings, federation, &file)?;
    let add_seconds = begun.elapsed().as_secs_f64();
    std::fs::remove_file(&file)?;
    order(&lead, conference, digest)?;
    let lead_before = lead.resident_bytes()?;

    let body = federation.serve("body")?;
    let returned = Instant::now();
    let body_before = body.resident_bytes()?;
    let store = federation.path("body").join("documents");
    let staged = store.join("staged").join(digest.to_string());
    let name = digest.to_string();
    let (first, rest) = name.split_at_checked(2).ok_or("a digest has 64 digits")?;
    let place = store.join(first).join(rest);
    wait(|| Ok(place.exists() || std::fs::metadata(&staged).is_ok_and(|found| found.len() > 16)))?;
    let (first_byte, begun) = (returned.elapsed(), Instant::now());
    let mut grown = 0;
    wait(|| {
        let lead = lead.resident_bytes()?.saturating_sub(lead_before);
        grown = grown.max(lead).max(body.resident_bytes()?.saturating_sub(body_before));
        Ok(place.exists())
    })?;
    let seconds = begun.elapsed().as_secs_f64();

    settings.progress("a raw stream and a raw write of as many bytes");
    let bytes = mib * MIB;
    let disk = raw_disk(federation, mib)?;
    let stream = raw_stream(bytes)?;
    let per_second = |seconds: f64| bytes as f64 / seconds;
    let transfer = Transfer {
        bytes: bytes as u64,
        bytes_per_second: per_second(seconds),
        add_bytes_per_second: per_second(add_seconds),
        disk_bytes_per_second: per_second(disk),
        stream_bytes_per_second: per_second(stream),
        grown_bytes: grown,
        first_byte_ms: first_byte.as_secs_f64() * 1e3,
    };
    lead.stop()?;
    body.stop()?;
    Ok(transfer)
}

fn wait(mut holds: impl FnMut() -> Result<bool, Failed>) -> Result<(), Failed> {
    let until = Instant::now() + PATIENCE;
    while !holds()? {
        if Instant::now() > until {
            return Err("the document did not come".into());
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

/// Bytes that no disk compresses.
fn write_file(path: &Path, mib: usize, synced: bool) -> Result<(), Failed> {
    let mut file = File::create(path)?;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut piece = Vec::with_capacity(MIB);
    while piece.len() < MIB {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        piece.extend_from_slice(&state.to_le_bytes());
    }
    for number in 0..mib {
        if let Some(place) = piece.get_mut(..8) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        file.write_all(&piece)?;
    }
    if synced {
        file.sync_all()?;
    }
    Ok(())
}

fn add(settings: &Settings, federation: &Federation, file: &Path) -> Result<Digest, Failed> {
    let mut command = Command::new(&settings.concerto);
    command
        .arg("--home")
        .arg(federation.path("lead"))
        .args(["--format", "json", "document", "add"])
        .arg(file);
    let done = command.output()?;
    if !done.status.success() {
        return Err(format!("document add failed: {}", String::from_utf8_lossy(&done.stderr)).into());
    }
    let told: serde_json::Value = serde_json::from_slice(&done.stdout)?;
    Ok(serde_json::from_value(told.get("digest").cloned().unwrap_or_default())?)
}

fn order(lead: &Serving, conference: &ConferenceId, digest: Digest) -> Result<(), Failed> {
    let facts =
        json!({ "party": "applicant", "direction": "sent", "channel": "pec", "at": "2026-01-03T03:04:05Z" });
    let document = json!({ "media_type": "application/pdf", "audience": "participants", "digest": digest });
    let order = json!({
        "order": "send", "conference": conference, "act": { "type": "RecordedExchange", "facts": facts },
        "body": null, "body_audience": "participants", "documents": [document],
    });
    Control::open(&lead.socket)?.order(order.to_string().as_bytes())?;
    Ok(())
}

/// Seconds for a file of so many MiB, written and synced.
fn raw_disk(federation: &Federation, mib: usize) -> Result<f64, Failed> {
    let path: PathBuf = federation.path("raw.bin");
    let begun = Instant::now();
    write_file(&path, mib, true)?;
    let seconds = begun.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(seconds)
}

/// Seconds for as many bytes over a stream between two transports in this process, neither hashed nor stored.
fn raw_stream(bytes: usize) -> Result<f64, Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let pair = stream_pair().await?;
        let mut incoming = pair.two.incoming_streams().ok_or("the streams are taken")?;
        let receiving = tokio::spawn(async move { receive(incoming.recv().await, bytes).await });
        let begun = Instant::now();
        send(&pair.one, &pair.peer, bytes).await?;
        receiving.await??;
        Ok(begun.elapsed().as_secs_f64())
    })
}

async fn send(link: &Libp2pLink, peer: &Writer, bytes: usize) -> Result<(), Failed> {
    let mut stream = link.open_stream(peer).await?;
    let piece = vec![0x5a; PIECE];
    for _ in 0..bytes / PIECE {
        stream.write_all(&piece).await?;
    }
    stream.shutdown().await?;
    Ok(())
}

async fn receive(incoming: Option<IncomingStream>, bytes: usize) -> Result<(), Failed> {
    let mut stream = incoming.ok_or("no stream came")?.stream;
    let (mut buffer, mut came) = (vec![0; PIECE], 0);
    loop {
        match stream.read(&mut buffer).await? {
            0 if came == bytes => return Ok(()),
            0 => return Err(format!("{came} bytes came of {bytes}").into()),
            read => came += read,
        }
    }
}
