//! A node that is killed under load, at named places, again and again.
//!
//! ```text
//!   orders ──> lead ══ libp2p ══ body <── orders        one of the two aborts at the failpoint named by CONCERTO_FAILPOINT,
//!              │store            │store                 is started again at once with the next one armed, and so on
//! ```
//! Properties: an order that was answered is in its author's store after every kill; a message whose *accepted* receipt was seen is in
//! both stores after every kill; at the end both stores hold the same links and documents, each order counts at most once,
//! every message is taken in charge exactly once, chains have neither gap nor fork nor second life, and the state of each running
//! node is that of the other and of its own recomputation. It would catch a reply or receipt that leaves before its commit, an
//! effect that is repeated after a restart, half a transaction, a link whose document is missing, and a sequence used twice.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stop at the first surprise"
)]

mod support;

use concerto_core::Case;
use concerto_documents_fs::FolderStore;
use concerto_message::{ConferenceId, MessageId, Writer};
use concerto_port::{DocumentStore, JournalRead, StoredLink};
use concerto_procedure::acts::Act;
use concerto_store_sqlite::SqliteReader;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;
use support::{BODY, Control, Federation, LEAD, Serving, eventually, text};

/// Where a node dies. The first one is passed once in each process.
const FAILPOINTS: [&str; 9] = [
    "starting",
    "document-stored",
    "mid-step",
    "mid-transaction",
    "before-commit",
    "after-commit",
    "before-reply",
    "before-ask",
    "before-respond",
];
/// Tells one order from every other.
static NUMBER: AtomicI64 = AtomicI64::new(1);
/// Connections of each author that give orders at one time; all but the first wait for the receipt of each.
const CONNECTIONS: usize = 3;
/// Pause between two orders of one author.
const PAUSE: Duration = Duration::from_millis(60);
/// Longest wait for a failpoint to be reached.
const REACHED: Duration = Duration::from_secs(30);
const SIGABRT: i32 = 6;

/// Kills at each failpoint: at least 5.
fn kills_at_each() -> usize {
    if std::env::var("CONCERTO_EFFORT").is_ok_and(|effort| effort == "full") { 40 } else { 5 }
}

/// What one author was told.
#[derive(Default)]
struct Told {
    /// The author's node said that the order is durable.
    durable: Vec<MessageId>,
    /// The author's node said that the other's *accepted* receipt is stored.
    receipted: Vec<MessageId>,
    /// Orders that the node refused: there must be none.
    refused: Vec<Value>,
}

/// Gives orders until told to stop; one that is cut off by the death of the node is not repeated.
fn give_orders(
    socket: &Path,
    order: &(dyn Fn(i64) -> Value + Sync),
    wait: bool,
    stop: &AtomicBool,
    told: &Mutex<Told>,
) {
    while !stop.load(Ordering::Relaxed) {
        let Ok(mut control) = Control::open(socket) else {
            std::thread::sleep(PAUSE);
            continue;
        };
        while !stop.load(Ordering::Relaxed) {
            let mut order = order(NUMBER.fetch_add(1, Ordering::Relaxed));
            order["wait"] = json!(wait);
            let Ok(reply) = control.order(&order) else { break };
            let mut told = told.lock().unwrap();
            if reply["reply"] == "sent" {
                let message: MessageId = text(&reply, "message").parse().unwrap();
                told.durable.push(message);
                told.receipted.extend(wait.then_some(message));
            } else {
                told.refused.push(reply);
            }
            drop(told);
            std::thread::sleep(PAUSE);
        }
    }
}

/// What the procedente sends: the record of a communication, with its evidence; `at` tells one from the other.
fn recorded(conference: &str, number: i64) -> Value {
    json!({
        "order": "send",
        "conference": conference,
        "act": { "type": "RecordedExchange", "facts": {
            "party": "applicant", "direction": "sent", "channel": "pec", "at": instant(number).to_string(),
        } },
        "body": null,
        "body_audience": "participants",
        "documents": [{ "media_type": "text/plain", "audience": "participants", "bytes": "cHJvdmE=" }],
    })
}

fn instant(number: i64) -> Timestamp {
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    begin + SignedDuration::from_secs(number)
}

/// What the body sends: a sealed act for the procedente, to be taken in charge; its text tells one from the other.
fn sealed(conference: &str, number: i64) -> Value {
    json!({
        "order": "send",
        "conference": conference,
        "act": { "type": "Sealed", "facts": {} },
        "body": {
            "schema": "urn:concerto:schema:body:sealed:1",
            "language": "it",
            "subject": format!("Atto di prova numero {number}"),
            "inner_type": "Opinion",
            "text": "Testo di prova.",
        },
        "body_audience": [LEAD],
        "documents": [],
    })
}

/// One node's store and documents, read beside or without the node.
struct Held {
    reader: SqliteReader,
    documents: FolderStore,
    conference: ConferenceId,
}

impl Held {
    fn open(home: &Path, conference: &str) -> Self {
        Self {
            reader: SqliteReader::open(home.join("journal.sqlite")).unwrap(),
            documents: FolderStore::open(home.join("documents")).unwrap(),
            conference: conference.parse().unwrap(),
        }
    }

    fn holds_all(&self, messages: &[MessageId], whose: &str) {
        for message in messages {
            assert!(self.reader.has_link(*message).unwrap(), "{whose}: {message} was lost");
        }
    }

    fn links(&self) -> Vec<StoredLink> {
        self.reader.links(&self.conference, 0, usize::MAX).unwrap()
    }

    fn case(&self) -> Case {
        Case::load(&self.conference, &self.reader).unwrap().unwrap()
    }

    fn is_quiet(&self) -> bool {
        self.reader.outbox(None, 0, 1).unwrap().is_empty()
            && self.reader.wanted(0, 1).unwrap().is_empty()
            && self.case().pending().is_empty()
    }
}

/// Chains from 1 without a gap, each link naming the one before it, in one life of the node.
fn check_chains(links: &[StoredLink]) {
    let mut chains: BTreeMap<&Writer, Vec<&StoredLink>> = BTreeMap::new();
    for stored in links {
        chains.entry(&stored.link.payload().writer).or_default().push(stored);
    }
    for (writer, mut chain) in chains {
        chain.sort_by_key(|stored| stored.link.payload().sequence);
        let mut previous = None;
        for (place, stored) in (1..).zip(chain) {
            let payload = stored.link.payload();
            assert_eq!(payload.incarnation.counter, 1, "{writer} needed no second life");
            assert_eq!(payload.sequence, place, "{writer}: a gap or a fork");
            assert_eq!(payload.previous, previous, "{writer}, place {place}");
            previous = Some(stored.link.id());
        }
    }
}

/// Each order has at most one effect, and each message of the body is taken in charge exactly once.
fn check_effects(held: &Held, links: &[StoredLink]) {
    let mut instants = BTreeSet::new();
    let mut subjects = BTreeSet::new();
    let mut taken = BTreeSet::new();
    let case = held.case();
    for (id, entry) in case.entries() {
        match entry.act.as_ref().unwrap() {
            Act::RecordedExchange(exchange) => {
                assert!(instants.insert(exchange.at), "an order counted twice: {id}")
            }
            Act::Sealed(_) => {
                let (_, body) = held.documents.get(entry.body.as_ref().unwrap().digest).unwrap().unwrap();
                let body: Value = serde_json::from_slice(&body).unwrap();
                assert!(subjects.insert(text(&body, "subject")), "an order counted twice: {id}");
            }
            Act::TakenInCharge(charge) => {
                for item in &charge.messages {
                    assert!(taken.insert(item.message), "{} is taken in charge twice", item.message);
                }
            }
            _ => {}
        }
    }
    let body: Writer = BODY.parse().unwrap();
    let of_body: BTreeSet<MessageId> =
        links.iter().filter(|l| l.link.payload().writer == body).map(|l| l.link.id()).collect();
    assert_eq!(taken, of_body, "what the body wrote has effect, all of it, once");
}

fn check_documents(held: &Held, links: &[StoredLink]) {
    for attachment in links.iter().flat_map(|stored| stored.link.payload().attachments()) {
        let (salt, bytes) = held.documents.get(attachment.digest).unwrap().expect("a document is missing");
        assert!(attachment.matches(&salt, &bytes));
    }
}

/// The digest of the conference's state in a running node.
fn state_of(serving: &Serving) -> Value {
    let mut control = Control::open(&serving.socket()).unwrap();
    let reply = control.order(&json!({ "order": "state_digests" })).unwrap();
    reply["states"][0][1].clone()
}

struct Trial<'a> {
    federation: &'a Federation,
    conference: &'a str,
    // name of the node that is killed, and what its own orders and those of the other were told
    victim: &'a str,
    told: [&'a Mutex<Told>; 2],
}

impl Trial<'_> {
    /// Kills the node once at a failpoint, in the midst of exchanges with the other; then looks at what it kept.
    fn kill(&self, failpoint: &str, hits: usize) {
        let home = self.federation.path(self.victim);
        let now = home.join("die-now");
        let armed = match failpoint {
            "starting" => format!("{failpoint}:1"),
            _ => format!("{failpoint}:{hits}:{}", now.display()),
        };
        let before = self.receipts_seen();
        let mut serving = Serving::start(&home, Some(&armed));
        if failpoint != "starting" {
            eventually("a receipt crosses after the restart", || self.receipts_seen() > before);
            std::fs::write(&now, "").unwrap();
        }
        let status = serving.ended(REACHED);
        let status = status.unwrap_or_else(|| panic!("{}: {armed} was not reached", self.victim));
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        assert_eq!(signal, Some(SIGABRT), "{}: {armed}: {status}", self.victim);

        let _ = std::fs::remove_file(&now); // there is none for a node that dies while it starts
        let [own, other] = self.told;
        let (durable, receipted) =
            (own.lock().unwrap().durable.clone(), other.lock().unwrap().receipted.clone());
        let held = Held::open(&home, self.conference);
        held.holds_all(&durable, "its own orders");
        held.holds_all(&receipted, "messages that it receipted");
    }
}

impl Trial<'_> {
    /// How many orders of both authors were answered with the other's receipt.
    fn receipts_seen(&self) -> usize {
        self.told.iter().map(|told| told.lock().unwrap().receipted.len()).sum()
    }
}

fn kill_again_and_again(victim: &str) {
    let federation = Federation::new();
    let (conference, _) = federation.open();
    let (of_lead, of_body) = (Mutex::new(Told::default()), Mutex::new(Told::default()));
    let stop = AtomicBool::new(false);
    let other = if victim == "lead" { "body" } else { "lead" };
    let untouched = federation.serve(other);
    // the body must hold the conference before it can write in it
    let first = federation.serve(victim);
    eventually("the body holds the notice", || {
        federation.run("body", &["--format", "json", "conference", "list"]).json()["conferences"][0]["conference"]
            == json!(conference)
    });
    assert!(first.stop().success());

    let told = if victim == "lead" { [&of_lead, &of_body] } else { [&of_body, &of_lead] };
    let trial = Trial { federation: &federation, conference: &conference, victim, told };
    let kills = kills_at_each();
    let socket = |name: &str| federation.path(name).join("control.sock");
    let (lead_socket, body_socket) = (socket("lead"), socket("body"));
    let lead_order = |number| recorded(&conference, number);
    let body_order = |number| sealed(&conference, number);
    let done = std::thread::scope(|scope| {
        for number in 0..CONNECTIONS {
            let (wait, stop, of_lead, of_body) = (number > 0, &stop, &of_lead, &of_body);
            let (lead_order, body_order) = (&lead_order, &body_order);
            let (lead_socket, body_socket) = (&lead_socket, &body_socket);
            scope.spawn(move || give_orders(lead_socket, lead_order, wait, stop, of_lead));
            scope.spawn(move || give_orders(body_socket, body_order, wait, stop, of_body));
        }
        // a failed check must stop the orders too, or the scope would never end
        let trials = || {
            for round in 0..kills {
                for failpoint in FAILPOINTS {
                    trial.kill(failpoint, 1 + round % 5);
                }
            }
            federation.serve(victim)
        };
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(trials));
        std::thread::sleep(Duration::from_millis(if done.is_ok() { 500 } else { 0 })); // some orders after the last restart
        stop.store(true, Ordering::Relaxed);
        done
    });
    let last = done.unwrap_or_else(|failure| std::panic::resume_unwind(failure));
    report(victim, kills, &of_lead, &of_body);
    settle_and_compare(&federation, &conference, [&last, &untouched], [&of_lead, &of_body]);
    assert!(last.stop().success());
    assert!(untouched.stop().success());
}

/// The hits, printed and kept as `target/tmp/killed-<node>.txt` for whoever runs the tests without their output.
fn report(victim: &str, kills: usize, of_lead: &Mutex<Told>, of_body: &Mutex<Told>) {
    let mut table = format!("{:<8} {:<16} {:>5}\n", "killed", "failpoint", "hits");
    for failpoint in FAILPOINTS {
        table.push_str(&format!("{victim:<8} {failpoint:<16} {kills:>5}\n"));
    }
    for (name, told) in [("lead", of_lead), ("body", of_body)] {
        let told = told.lock().unwrap();
        let (durable, receipted) = (told.durable.len(), told.receipted.len());
        table.push_str(&format!(
            "orders of the {name}: {durable} answered, of these {receipted} with receipt\n"
        ));
    }
    print!("{table}");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("killed-{victim}.txt"));
    std::fs::write(file, table).unwrap();
}

fn settle_and_compare(
    federation: &Federation,
    conference: &str,
    serving: [&Serving; 2],
    told: [&Mutex<Told>; 2],
) {
    let [lead, body] = ["lead", "body"].map(|name| Held::open(&federation.path(name), conference));
    eventually("everything is delivered, fetched and taken in charge", || lead.is_quiet() && body.is_quiet());
    eventually("both hold the same links", || lead.links().len() == body.links().len());
    for told in told {
        let told = told.lock().unwrap();
        assert!(told.refused.is_empty(), "{:?}", told.refused);
        assert!(told.durable.len() > kills_at_each(), "there was load");
        for held in [&lead, &body] {
            held.holds_all(&told.durable, "at the end");
        }
    }
    let (of_lead, of_body) = (lead.links(), body.links());
    let texts = |links: &[StoredLink]| -> BTreeSet<String> {
        links.iter().map(|l| l.link.text().to_owned()).collect()
    };
    assert_eq!(texts(&of_lead), texts(&of_body), "the same links, byte for byte");
    assert_eq!(texts(&of_lead).len(), of_lead.len(), "each once");
    for (held, links) in [(&lead, &of_lead), (&body, &of_body)] {
        check_chains(links);
        check_effects(held, links);
        check_documents(held, links);
    }
    let recomputed = json!(lead.case().state_digest());
    assert_eq!(recomputed, json!(body.case().state_digest()));
    for node in serving {
        assert_eq!(state_of(node), recomputed, "the state in memory is its recomputation");
    }
}

#[test]
fn the_procedente_is_killed_under_load() {
    kill_again_and_again("lead");
}

#[test]
fn a_body_is_killed_under_load() {
    kill_again_and_again("body");
}
