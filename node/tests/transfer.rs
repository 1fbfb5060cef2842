//! A large document between two processes, each killed again and again in the midst of it.
//!
//! ```text
//!   lead (author) ══ libp2p ══> [proxy: counts, stops at each tenth] ══> body         at each stop one of the two is killed (-9)
//! ```
//! Properties: the document arrives byte for byte; whatever was killed, at most 1 MiB is sent again for each kill, counted on the wire;
//! the author gets one *documents complete*; a file that exists is never written over. It would catch a transfer that begins again, a
//! staged file that a restart forgets or believes unchecked, a source that runs ahead of what is kept.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stop at the first surprise"
)]

mod support;

use concerto_message::ReceiptKind;
use concerto_port::JournalRead;
use concerto_store_sqlite::SqliteReader;
use serde_json::json;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::{Federation, Serving, eventually, free_port, text};

const MIB: u64 = 1024 * 1024;
/// How often one of the two is killed.
const KILLS: u64 = 10;
/// What greetings, links, receipts and the list of chunks may take on the wire for each connection.
const TALK_BYTES: u64 = 192 * 1024;

fn document_bytes() -> u64 {
    let full = std::env::var("CONCERTO_EFFORT").is_ok_and(|effort| effort == "full");
    if full { 1024 * MIB } else { 64 * MIB }
}

/// Passes connections on; what goes to whoever connects is counted, and stops at `allowed`.
struct Proxy {
    port: u16,
    passed: Arc<AtomicU64>,
    allowed: Arc<AtomicU64>,
}

impl Proxy {
    fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (passed, allowed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (counted, limit) = (passed.clone(), allowed.clone());
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(("127.0.0.1", to)) else { continue };
                let (near_out, far_in) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                let (counted, limit) = (counted.clone(), limit.clone());
                std::thread::spawn(move || pass(near, far, None));
                std::thread::spawn(move || pass(far_in, near_out, Some((&counted, &limit))));
            }
        });
        Self { port, passed, allowed }
    }

    fn passed(&self) -> u64 {
        self.passed.load(Ordering::SeqCst)
    }

    /// Lets so many more bytes pass, and waits until they did.
    fn let_pass(&self, bytes: u64) {
        let until = self.passed() + bytes;
        self.allowed.store(until, Ordering::SeqCst);
        eventually("the bytes pass", || self.passed() >= until);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, counted: Option<(&AtomicU64, &AtomicU64)>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if let Some((passed, allowed)) = counted {
            while passed.load(Ordering::SeqCst) >= allowed.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(2));
            }
            passed.fetch_add(read as u64, Ordering::SeqCst);
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// A file whose bytes do not repeat.
fn make_file(path: &Path, bytes: u64) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..bytes / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_le_bytes()).unwrap();
    }
    file.write_all(b"fine").unwrap();
}

fn same(a: &Path, b: &Path) -> bool {
    std::process::Command::new("cmp").arg(a).arg(b).status().unwrap().success()
}

/// The port on which a node listens.
fn port_of(federation: &Federation, name: &str) -> u16 {
    let file = std::fs::read_to_string(federation.path(name).join("node.toml")).unwrap();
    let rest = file.split("/ip4/127.0.0.1/tcp/").nth(1).unwrap();
    rest.split('"').next().unwrap().parse().unwrap()
}

/// In a node's federation file, another port for a member.
fn readdress(federation: &Federation, name: &str, from: u16, to: u16) {
    let path = federation.path(name).join("federation.toml");
    let file = std::fs::read_to_string(&path).unwrap();
    let changed = file.replace(&format!("/tcp/{from}\""), &format!("/tcp/{to}\""));
    assert_ne!(file, changed);
    std::fs::write(path, changed).unwrap();
}

/// The record of a communication with this document.
fn send_document(federation: &Federation, conference: &str, file: &Path) -> String {
    let facts =
        json!({ "party": "applicant", "direction": "sent", "channel": "pec", "at": "2026-01-02T03:04:05Z" });
    let facts = federation.file("exchange.json", &facts);
    let arguments = ["--format", "json", "act", "send", conference, "RecordedExchange", "--facts"];
    let more = [facts.to_str().unwrap(), "--document", file.to_str().unwrap()];
    let done = federation.run("lead", &[&arguments[..], &more].concat());
    assert_eq!(done.code, 0, "{}", done.err);
    text(&done.json(), "message")
}

#[test]
fn a_document_survives_ten_kills_at_either_end() {
    let federation = Federation::new();
    let (lead_port, body_port) = (port_of(&federation, "lead"), port_of(&federation, "body"));
    let proxy = Proxy::start(lead_port);
    readdress(&federation, "body", lead_port, proxy.port);
    // the lead reaches the body over the body's own connection alone
    readdress(&federation, "lead", body_port, free_port());
    proxy.allowed.store(u64::MAX, Ordering::SeqCst);
    let size = document_bytes() + 4;
    let file = federation.path("plan.bin");
    make_file(&file, size - 4);

    let (conference, _) = federation.open();
    let mut serving: Vec<Option<Serving>> = ["lead", "body"].map(|name| Some(federation.serve(name))).into();
    eventually("the body holds the notice", || {
        federation.run("body", &["conference", "list"]).out.contains("Regione di prova")
    });
    proxy.allowed.store(proxy.passed(), Ordering::SeqCst);
    let before = proxy.passed();
    let message = send_document(&federation, &conference, &file);
    let begun = Instant::now();
    for kill in 0..KILLS {
        proxy.let_pass(size / (KILLS + 1));
        let at = (kill % 2) as usize;
        let name = ["lead", "body"][at];
        drop(serving[at].take()); // SIGKILL
        serving[at] = Some(federation.serve(name));
    }
    proxy.allowed.store(u64::MAX, Ordering::SeqCst);
    let body_home = federation.path("body");
    eventually("the document has come", || {
        let list = federation.run("body", &["--format", "json", "document", "list", &conference]).json();
        list["documents"][0]["state"] == "held"
    });
    let took = begun.elapsed();
    let sent = proxy.passed() - before;
    let again = sent.saturating_sub(size);
    let report = format!(
        "document {} MiB, {KILLS} kills: {sent} bytes on the wire for {size}, {} KiB sent again or talk for each kill, {:.1} s\n",
        size / MIB,
        again / KILLS / 1024,
        took.as_secs_f64()
    );
    print!("{report}");
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("killed-transfer.txt"), &report).unwrap();
    // records of TLS and frames of the multiplexer add half a percent at most
    let most = size + size / 200 + KILLS * (MIB + TALK_BYTES) + TALK_BYTES;
    assert!(sent <= most, "{report}");

    // what came is what was sent, and an official gets it out
    let digest = {
        let list = federation.run("body", &["--format", "json", "document", "list", &conference]).json();
        text(&list["documents"][0], "digest")
    };
    let out = federation.path("got.bin");
    let get = ["document", "get", &conference, &digest[..12], "--output", out.to_str().unwrap()];
    let got = federation.run("body", &get);
    assert_eq!(got.code, 0, "{}", got.err);
    assert!(same(&file, &out), "byte for byte");
    let again = federation.run("body", &[&["--format", "json"][..], &get].concat());
    assert_eq!((again.code, again.codes()), (2, vec!["document.output.exists".to_owned()]));
    assert_eq!(std::fs::read_dir(body_home.join("documents/staged")).unwrap().count(), 0);
    let lead = SqliteReader::open(federation.path("lead").join("journal.sqlite")).unwrap();
    let message = message.parse().unwrap();
    eventually("the author is told", || {
        let receipts = lead.receipts(message).unwrap();
        receipts.iter().filter(|r| r.payload().kind == ReceiptKind::DocumentsComplete).count() == 1
    });
    for node in serving.into_iter().flatten() {
        assert!(node.stop().success());
    }
}
