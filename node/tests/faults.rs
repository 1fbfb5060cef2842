//! A node whose surroundings fail, as a process: a disk that is full, one that does not write, a clock that was wrong, bits that flip, an
//! old copy of its folder put back (the table of `conformance-tests/README.md`).
//!
//! ```text
//!   lead ══ libp2p ══ body      the body's folder lies on a small disk of its own, is damaged, or is an old copy
//! ```
//! Properties: whatever fails, reading goes on and orders are refused by name; what a peer sends meanwhile waits with the peer; once the
//! cause is gone the same process goes on by itself; nothing that had a receipt is lost, no place of a chain is given twice.
//! It would catch a node that must be started again, one that dies, one that answers before it can keep, one that trusts damaged
//! bytes, and one that takes an old copy for its present.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stop at the first surprise"
)]

mod support;

use concerto_message::{MessageId, Writer};
use concerto_port::{JournalRead, StoredLink};
use concerto_store_sqlite::SqliteReader;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::{BODY, Control, Done, Federation, LEAD, Serving, eventually, program, text};

/// Longest time in which a node must go on by itself once the cause is gone.
const RECOVERY: Duration = Duration::from_secs(10);

/// A sealed act of the body for the procedente, which the law always admits.
fn sealed(conference: &str, wait: bool) -> Value {
    json!({
        "order": "send",
        "conference": conference,
        "act": { "type": "Sealed", "facts": {} },
        "body": {
            "schema": "urn:concerto:schema:body:sealed:1", "language": "it", "subject": "Atto di prova",
            "inner_type": "Opinion", "text": "Testo di prova.",
        },
        "body_audience": [LEAD],
        "documents": [],
        "wait": wait,
    })
}

fn order(socket: &Path, order: &Value) -> Value {
    Control::open(socket).unwrap().order(order).unwrap()
}

/// Gives an order that must be carried out; its message.
fn sent(socket: &Path, conference: &str, wait: bool) -> MessageId {
    let reply = order(socket, &sealed(conference, wait));
    assert_eq!(reply["reply"], "sent", "{reply}");
    text(&reply, "message").parse().unwrap()
}

/// The code with which an order is refused.
fn refused(socket: &Path, conference: &str) -> String {
    let reply = order(socket, &sealed(conference, false));
    text(&reply["fault"], "code")
}

fn reader(home: &Path) -> SqliteReader {
    SqliteReader::open(home.join("journal.sqlite")).unwrap()
}

fn links(home: &Path, conference: &str) -> BTreeMap<MessageId, StoredLink> {
    let links = reader(home).links(&conference.parse().unwrap(), 0, usize::MAX).unwrap();
    links.into_iter().map(|stored| (stored.link.id(), stored)).collect()
}

/// What is held, to compare two nodes.
fn held(home: &Path, conference: &str) -> Vec<MessageId> {
    links(home, conference).into_keys().collect()
}

fn has_alarm(home: &Path, code: &str) -> bool {
    reader(home).alarms(None, 1000).unwrap().iter().any(|alarm| alarm.code == code)
}

fn state(serving: &Serving) -> Value {
    order(&serving.socket(), &json!({ "order": "state_digests" }))["states"][0][1].clone()
}

/// Both nodes hold the same links and think the same.
fn agree(federation: &Federation, conference: &str, [lead, body]: [&Serving; 2]) {
    let (of_lead, of_body) = (federation.path("lead"), body.home().to_owned());
    eventually("both hold the same links", || held(&of_lead, conference) == held(&of_body, conference));
    eventually("both think the same", || state(lead) == state(body));
}

/// Waits no longer than a node may take to go on by itself.
fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < RECOVERY, "it took longer than {RECOVERY:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A node on a small disk that only it and the commands run beside it see.
struct OnSmallDisk {
    serving: Serving,
    user_namespace: bool,
    disk: PathBuf,
}

impl OnSmallDisk {
    /// The disk as this process sees it: for files, not for SQLite, which resolves the path by itself.
    fn seen(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.serving.id())).join(self.disk.strip_prefix("/").unwrap())
    }

    /// Runs a command of the node beside it.
    fn run(&self, arguments: &[&str]) -> Done {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.serving.id().to_string(), "--mount"]);
        if self.user_namespace {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.arg(program()).arg("--home").arg(&self.disk).args(["--format", "json"]).args(arguments);
        Done::of(&mut command)
    }

    /// Whether a message of another was received.
    fn received(&self, message: MessageId) -> bool {
        let inbox = self.run(&["inbox"]).json();
        inbox["messages"].as_array().unwrap().iter().any(|row| row["message"] == message.to_string())
    }

    fn has_alarm(&self, code: &str) -> bool {
        let inbox = self.run(&["inbox"]).json();
        inbox["alarms"].as_array().unwrap().iter().any(|alarm| alarm["code"] == code)
    }
}

/// Starts the body in a mount namespace of its own, on a copy of its folder on a disk of so many MiB. None where this user may not.
fn on_small_disk(federation: &Federation, mebibytes: u32) -> Option<OnSmallDisk> {
    let namespace = |user: bool| {
        let mut command = Command::new("unshare");
        command.args(if user { &["--user", "--map-root-user", "--mount"][..] } else { &["--mount"] });
        command
    };
    let may = |user: bool| {
        let mut probe = namespace(user);
        probe.args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    let user = [false, true].into_iter().find(|user| may(*user))?;
    let (home, disk) = (federation.path("body"), federation.path("disk"));
    fs::create_dir(&disk).unwrap();
    let script = format!(
        "mount -t tmpfs -o size={mebibytes}m tmpfs '{disk}' && cp -a '{home}/.' '{disk}/' && chmod 700 '{disk}' && \
         exec '{program}' --home '{disk}' --format json serve",
        disk = disk.display(),
        home = home.display(),
        program = program(),
    );
    let mut command = namespace(user);
    command.args(["sh", "-c", &script]);
    Some(OnSmallDisk { serving: Serving::of(command, &home), user_namespace: user, disk })
}

/// Writes until there is no room left; the file.
fn fill(folder: &Path) -> PathBuf {
    let path = folder.join("filler");
    let mut file = File::create(&path).unwrap();
    for block in [vec![0; 1 << 20], vec![0; 4096], vec![0; 1]] {
        while file.write_all(&block).is_ok() {}
    }
    path
}

#[test]
fn a_full_disk_refuses_what_is_new_and_the_node_goes_on_once_there_is_room() {
    let federation = Federation::new();
    let (conference, notice) = federation.open();
    let lead = federation.serve("lead");
    let Some(body) = on_small_disk(&federation, 24) else {
        println!(
            "not tested here: this user may not mount a disk in a namespace of its own (unshare --mount)"
        );
        return;
    };
    let (socket, of_lead) = (body.seen().join("control.sock"), federation.path("lead"));
    let notice: MessageId = notice.parse().unwrap();
    eventually("the notice arrives", || body.received(notice));
    let before = sent(&socket, &conference, true);

    let filler = fill(&body.seen());
    soon("the node notices that its disk is full", || body.has_alarm("disk.full"));
    soon("and that it is nearly so", || body.has_alarm("disk.filling"));
    assert_eq!(refused(&socket, &conference), "store.full");
    // the office goes on reading, and what the peer sends waits with the peer
    assert!(body.received(notice));
    let waiting = order(&lead.socket(), &recorded(&conference));
    assert_eq!(waiting["reply"], "sent", "{waiting}");
    let waiting: MessageId = text(&waiting, "message").parse().unwrap();
    std::thread::sleep(Duration::from_secs(3));
    assert!(!body.received(waiting), "nothing is taken that cannot be kept");
    let still = reader(&of_lead).outbox(None, 0, 100).unwrap();
    assert!(still.iter().any(|row| row.message == waiting), "and nothing was receipted");
    // pressing on: even the reserve must not be used up by what is refused
    (0..200).for_each(|_| assert_eq!(refused(&socket, &conference), "store.full"));

    fs::remove_file(filler).unwrap();
    soon("orders are taken again", || order(&socket, &sealed(&conference, false))["reply"] == "sent");
    eventually("what waited arrives", || body.received(waiting));
    eventually("and is receipted", || reader(&of_lead).outbox(None, 0, 100).unwrap().is_empty());
    assert!(body.seen().join("reserve").exists(), "the reserve is made again");
    let think = |socket: &Path| order(socket, &json!({ "order": "state_digests" }))["states"][0][1].clone();
    eventually("both think the same", || think(&lead.socket()) == think(&socket));
    let lives: BTreeSet<u32> =
        links(&of_lead, &conference).values().map(|l| l.link.payload().incarnation.counter).collect();
    assert_eq!(lives, BTreeSet::from([1]), "nothing was forgotten");
    assert!(held(&of_lead, &conference).contains(&before));
    assert_eq!(body.run(&["verify", "--store"]).code, 0);
}

/// What the procedente sends and the law always admits.
fn recorded(conference: &str) -> Value {
    json!({
        "order": "send", "conference": conference,
        "act": { "type": "RecordedExchange", "facts": {
            "party": "applicant", "direction": "sent", "channel": "pec", "at": "2026-01-01T00:00:00Z",
        } },
        "body": null, "body_audience": "participants",
        "documents": [{ "media_type": "text/plain", "audience": "participants", "bytes": "cHJvdmE=" }],
    })
}

/// Lets the process write no file beyond so many bytes: every further write fails (`EFBIG`), as on a disk that does not write.
fn limit_writing(id: u32, bytes: &str) {
    let limit = format!("--fsize={bytes}");
    let done = Command::new("prlimit").args(["--pid", &id.to_string(), &limit]).status().unwrap();
    assert!(done.success());
}

#[test]
fn a_disk_that_does_not_write_leaves_reading_up_and_the_node_goes_on_once_it_does() {
    let federation = Federation::new();
    let (conference, _) = federation.open();
    let lead = federation.serve("lead");
    let home = federation.path("body");
    // the signal that comes with the limit is ignored, so that the failed write is an error like others
    let script =
        format!("trap '' XFSZ; exec '{}' --home '{}' --format json serve", program(), home.display());
    let mut command = Command::new("sh");
    command.args(["-c", &script]);
    let body = Serving::of(command, &home);
    eventually("the notice arrives", || !held(&home, &conference).is_empty());
    let before = sent(&body.socket(), &conference, true);

    limit_writing(body.id(), "1:unlimited");
    // the text of an act is kept before its link
    let first = refused(&body.socket(), &conference);
    assert!(["document.medium", "store.failed"].contains(&first.as_str()), "{first}");
    let waiting = order(&lead.socket(), &recorded(&conference));
    let waiting: MessageId = text(&waiting, "message").parse().unwrap();
    eventually("the journal fails", || refused(&body.socket(), &conference) == "store.failed");
    assert_eq!(refused(&body.socket(), &conference), "store.failed", "and again, without dying");
    assert!(held(&home, &conference).contains(&before), "reading goes on");
    assert!(!held(&home, &conference).contains(&waiting), "nothing is taken that cannot be kept");

    limit_writing(body.id(), "unlimited:unlimited");
    soon("orders are taken again", || order(&body.socket(), &sealed(&conference, false))["reply"] == "sent");
    eventually("what waited arrives", || held(&home, &conference).contains(&waiting));
    assert!(has_alarm(&home, "store.failed"), "the official is told afterwards");
    agree(&federation, &conference, [&lead, &body]);
}

/// Starts a node under a clock that is off by so much. Its monotonic clock stays what it is, as on a machine whose wall clock is wrong.
fn under_clock(home: &Path, offset: &str) -> Serving {
    let mut command = Command::new(program());
    // the library of the package `faketime`; the loader knows what $LIB is
    command.env("LD_PRELOAD", "/usr/$LIB/faketime/libfaketimeMT.so.1");
    command.env("FAKETIME", offset).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command.arg("--home").arg(home).args(["--format", "json", "serve"]);
    Serving::of(command, home)
}

#[test]
fn a_clock_set_back_dates_nothing_until_somebody_confirms_it() {
    let federation = Federation::new();
    let (conference, _) = federation.open();
    let lead = federation.serve("lead");
    let home = federation.path("body");
    let body = under_clock(&home, "+2h");
    eventually("the notice arrives", || !held(&home, &conference).is_empty());
    let dated = sent(&body.socket(), &conference, true);
    let ahead = reader(&home).link(dated).unwrap().unwrap().link.payload().issued_at;
    assert!(ahead.duration_since(jiff::Timestamp::now()) > jiff::SignedDuration::from_mins(100));
    eventually("the procedente tells that the body's clock runs ahead", || {
        has_alarm(&federation.path("lead"), "clock.peer")
    });
    eventually("and that its receipts are dated in a future", || {
        has_alarm(&federation.path("lead"), "clock.receipt")
    });
    assert!(body.stop().success());

    let body = federation.serve("body");
    assert_eq!(refused(&body.socket(), &conference), "clock.doubtful");
    assert!(has_alarm(&home, "clock.doubtful"));
    let done = federation.run("body", &["clock", "confirm"]);
    assert_eq!(done.code, 0, "{}", done.err);
    sent(&body.socket(), &conference, true);
    agree(&federation, &conference, [&lead, &body]);
}

/// Flips the lowest bit of one byte in the middle of what is found, wherever it is found; the file must hold it. A page of the journal may
/// hold what stood in it before a row moved to another.
fn flip(path: &Path, needle: &[u8]) {
    let mut bytes = fs::read(path).unwrap();
    let found: Vec<usize> = bytes
        .windows(needle.len())
        .enumerate()
        .filter(|(_, window)| *window == needle)
        .map(|(at, _)| at)
        .collect();
    assert!(!found.is_empty(), "{} does not hold it", path.display());
    for at in found {
        bytes[at + needle.len() / 2] ^= 1;
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_flipped_bit_of_a_document_is_found_and_mended_from_a_peer_while_the_node_runs() {
    let federation = Federation::new();
    let (conference, _) = federation.open();
    let (lead, body) = (federation.serve("lead"), federation.serve("body"));
    let home = federation.path("body");
    eventually("the notice arrives", || !held(&home, &conference).is_empty());
    let mut order_it = recorded(&conference);
    let bytes = [vec![7_u8; 700_000], b"una riga che nessun altro documento ha".to_vec()].concat();
    order_it["documents"][0]["bytes"] = json!(base64(&bytes));
    let reply = order(&lead.socket(), &order_it);
    let message: MessageId = text(&reply, "message").parse().unwrap();
    eventually("the act arrives", || held(&home, &conference).contains(&message));
    let digest = links(&home, &conference)[&message].link.payload().documents[0].digest.to_string();
    let name = digest.trim_start_matches("sha256:").to_owned();
    let path = home.join("documents").join(&name[..2]).join(&name[2..]);
    eventually("the document arrives", || path.exists());
    let whole = fs::read(&path).unwrap();

    make_writable(&path);
    flip(&path, b"una riga che nessun altro documento ha");
    let found = federation.run("body", &["--format", "json", "verify", "--store"]);
    assert_eq!(found.code, 1, "{}", found.out);
    assert!(found.codes().contains(&"document.damaged".to_owned()), "{:?}", found.codes());
    assert_eq!(federation.run("body", &["repair"]).code, 0);
    eventually("the document is fetched again", || fs::read(&path).is_ok_and(|bytes| bytes == whole));
    eventually("and everything is as it was written", || {
        federation.run("body", &["verify", "--store"]).code == 0
    });
    let aside = fs::read_dir(home.join("documents/quarantine")).unwrap().count();
    assert_eq!(aside, 1, "the damaged bytes are kept for whoever wants to look");
    drop((lead, body));
}

fn make_writable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn base64(bytes: &[u8]) -> String {
    use data_encoding::BASE64;
    BASE64.encode(bytes)
}

#[test]
fn a_flipped_bit_of_the_journal_is_found_and_what_it_took_comes_back_from_a_peer() {
    let federation = Federation::new();
    let (conference, _) = federation.open();
    let (lead, body) = (federation.serve("lead"), federation.serve("body"));
    let home = federation.path("body");
    eventually("the notice arrives", || !held(&home, &conference).is_empty());
    for _ in 0..5 {
        sent(&body.socket(), &conference, true);
    }
    let lost = order(&lead.socket(), &recorded(&conference));
    let lost: MessageId = text(&lost, "message").parse().unwrap();
    eventually("the act arrives", || held(&home, &conference).contains(&lost));
    agree(&federation, &conference, [&lead, &body]);
    let before = held(&home, &conference);
    assert!(body.stop().success());

    let signed = links_text(&federation.path("lead"), lost);
    let middle = &signed.as_bytes()[signed.len() / 2..][..24];
    let journal = home.join("journal.sqlite");
    let log = fs::metadata(journal.with_extension("sqlite-wal")).map_or(0, |found| found.len());
    assert_eq!(log, 0, "a node that was ended in order leaves everything in one file");
    flip(&journal, middle);
    let found = federation.run("body", &["--format", "json", "verify", "--store"]);
    assert_eq!(found.code, 1, "{}", found.out);
    assert!(found.codes().contains(&"store.damaged".to_owned()), "{:?}", found.codes());

    // a running node finds it by itself, at the latest with its daily scrub; here an operator asks for it
    let body = federation.serve("body");
    let _ = federation.run("body", &["repair"]); // it may have been found on reading already
    eventually("the damaged journal is put aside", || home.join("quarantine").exists());
    eventually("what it took comes back", || {
        SqliteReader::open(&journal).is_ok_and(|reader| reader.has_link(lost).unwrap_or(false))
    });
    eventually("everything that was held is held again", || {
        let now = SqliteReader::open(&journal).map(|_| held(&home, &conference)).unwrap_or_default();
        before.iter().all(|id| now.contains(id))
    });
    eventually("an official is told", || has_alarm(&home, "store.rebuilt"));
    eventually("and everything is whole", || federation.run("body", &["verify", "--store"]).code == 0);
    // it cannot know any more whether it held its own latest head
    let mut new = None;
    eventually("the node takes orders", || {
        let reply = Control::open(&body.socket()).and_then(|mut c| c.order(&sealed(&conference, true)));
        new = reply.ok().filter(|reply| reply["reply"] == "sent").map(|reply| text(&reply, "message"));
        new.is_some()
    });
    let new: MessageId = new.unwrap().parse().unwrap();
    assert_eq!(links(&home, &conference)[&new].link.payload().incarnation.counter, 2);
    agree(&federation, &conference, [&lead, &body]);
}

fn links_text(home: &Path, message: MessageId) -> String {
    reader(home).link(message).unwrap().unwrap().link.text().to_owned()
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(done.success());
}

#[test]
fn an_old_copy_put_back_opens_a_new_incarnation_and_loses_nothing() {
    let federation = Federation::new();
    let (conference, _) = federation.open();
    let (home, old) = (federation.path("body"), federation.path("body.old"));
    let lead = federation.serve("lead");
    let body = federation.serve("body");
    eventually("the notice arrives", || !held(&home, &conference).is_empty());
    sent(&body.socket(), &conference, true);
    assert!(body.stop().success());
    copy(&home, &old);

    // goes on in the same incarnation: nothing was lost between the two starts
    let body = federation.serve("body");
    let receipted: Vec<MessageId> = (0..3).map(|_| sent(&body.socket(), &conference, true)).collect();
    assert!(receipted.iter().all(|id| counter(&home, &conference, *id) == 1));
    assert!(body.stop().success());
    assert!(lead.stop().success());

    fs::remove_dir_all(&home).unwrap();
    fs::rename(&old, &home).unwrap();
    let body = federation.serve("body");
    // before it meets anybody: no peer can tell it
    let alone = sent(&body.socket(), &conference, false);
    assert_eq!(counter(&home, &conference, alone), 2);
    let lead = federation.serve("lead");
    agree(&federation, &conference, [&lead, &body]);
    let now = held(&home, &conference);
    assert!(receipted.iter().chain([&alone]).all(|id| now.contains(id)), "what was receipted came back");
    assert!(has_alarm(&home, "incarnation.forgotten"), "an official is told");
    for node in ["lead", "body"] {
        assert!(!has_alarm(&federation.path(node), "chain.fork"), "{node} saw a fork");
    }
    check_places(&links(&home, &conference));
    // all of it has effect: what is still to be taken in charge is taken
    let me: Writer = BODY.parse().unwrap();
    let own = links(&home, &conference).values().filter(|l| l.link.payload().writer == me).count();
    assert_eq!(own, 5);
}

fn counter(home: &Path, conference: &str, message: MessageId) -> u32 {
    links(home, conference)[&message].link.payload().incarnation.counter
}

/// No place of any chain is given twice.
fn check_places(links: &BTreeMap<MessageId, StoredLink>) {
    let mut places = BTreeMap::new();
    for (id, stored) in links {
        assert_eq!(places.insert(stored.link.payload().slot(), *id), None, "a place was given twice");
    }
}

#[test]
fn a_second_process_on_a_folder_is_refused_and_the_first_goes_on() {
    let federation = Federation::new();
    let (conference, _) = federation.open();
    let (lead, body) = (federation.serve("lead"), federation.serve("body"));
    let home = federation.path("body");
    eventually("the notice arrives", || !held(&home, &conference).is_empty());
    let second = federation.run("body", &["--format", "json", "serve"]);
    assert_eq!(second.code, 4, "{}", second.err);
    assert!(second.codes().contains(&"store.held".to_owned()), "{:?}", second.codes());
    assert!(
        second.err.contains(&body.id().to_string()),
        "the process that holds it is named: {}",
        second.err
    );
    sent(&body.socket(), &conference, true);
    agree(&federation, &conference, [&lead, &body]);
}
