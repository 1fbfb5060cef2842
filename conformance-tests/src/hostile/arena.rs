//! A training federation on loopback in a temporary folder; honest members run as processes of the `concerto` program.
//!
//! Every process started here is ended by its id, also when the test fails.

use concerto_core::Case;
use concerto_message::{ConferenceId, Digest, MessageId, Writer};
use concerto_peer_libp2p::PeerIdentity;
use concerto_port::{JournalRead, StoredLink};
use concerto_procedure::acts::Act;
use concerto_procedure::rome_date;
use concerto_store_sqlite::SqliteReader;
use data_encoding::BASE64;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crate::acts;
use crate::federation::Office;

/// Longest wait for anything that must happen.
const PATIENCE: Duration = Duration::from_secs(60);
/// Most rows that a test looks at.
const ALL: usize = usize::MAX;

/// The program of this very tree, beside the test's own, built here if it is not there or not fresh; or the one that
/// `CONCERTO_PROGRAM` names.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    if let Some(named) = std::env::var_os("CONCERTO_PROGRAM") {
        return named.into();
    }
    let own = std::env::current_exe().unwrap();
    let folder = own.ancestors().find(|f| f.ends_with("debug") || f.ends_with("release")).unwrap();
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut build = Command::new(cargo);
    build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    build.args(["build", "--quiet", "--locked", "--bin", "concerto"]);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    assert!(build.status().unwrap().success(), "the program does not build");
    folder.join("concerto")
});

/// The program under test.
pub fn program() -> &'static Path {
    &PROGRAM
}

/// The federation: one folder for each member, all listed to all.
pub struct Arena {
    folder: tempfile::TempDir,
}

impl Arena {
    /// Makes an anchor and its members: name of the folder, and writer.
    pub fn new(members: &[(&str, &str)]) -> Self {
        let arena = Self { folder: tempfile::Builder::new().prefix("concerto-hostile-").tempdir().unwrap() };
        for (name, writer) in members {
            arena.init("anchor", name, writer);
        }
        for (name, _) in members {
            let listed = arena.home("anchor").join("federation.toml");
            std::fs::copy(listed, arena.home(name).join("federation.toml")).unwrap();
        }
        arena
    }

    /// Makes one more folder, enrolled by an anchor of any name; it is not listed to the others.
    pub fn init(&self, anchor: &str, name: &str, writer: &str) {
        let listen = format!("/ip4/127.0.0.1/tcp/{}", free_port());
        let mut command = Command::new(&*PROGRAM);
        command.arg("init").arg(self.home(name)).arg("--anchor").arg(self.home(anchor));
        command.args(["--writer", writer, "--name", name, "--training", "--listen", &listen]);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// The folder of a member.
    pub fn home(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The keys of a member.
    pub fn office(&self, name: &str) -> Office {
        Office::of_folder(&self.home(name))
    }

    /// The seed of a member's transport key.
    pub fn peer_seed(&self, name: &str) -> [u8; 32] {
        let text = std::fs::read_to_string(self.home(name).join("keys/peer.pem")).unwrap();
        let secret = text.lines().find(|line| !line.starts_with('-')).unwrap();
        BASE64.decode(secret.as_bytes()).unwrap().try_into().unwrap()
    }

    /// The transport identity of a member.
    pub fn identity(&self, name: &str) -> PeerIdentity {
        PeerIdentity::from_seed(self.peer_seed(name)).unwrap()
    }

    /// Where a member listens.
    pub fn address(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.home(name).join("node.toml")).unwrap();
        let at = text.find("/ip4/127.0.0.1/tcp/").unwrap();
        text[at..].split('"').next().unwrap().to_owned()
    }

    /// Starts a member's node.
    pub fn serve(&self, name: &str) -> Serving {
        Serving::start(&self.home(name))
    }
}

/// A node that serves; its process ends with the value.
pub struct Serving {
    child: Child,
    home: PathBuf,
}

impl Serving {
    fn start(home: &Path) -> Self {
        let errors = std::fs::File::create(home.join("stderr.txt")).unwrap();
        let mut command = Command::new(&*PROGRAM);
        command.arg("--home").arg(home).args(["--format", "json", "--lang", "it", "serve"]);
        let mut child = command.stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
        let out = child.stdout.take().unwrap();
        let serving = Self { child, home: home.to_path_buf() };
        let mut announced = String::new();
        BufReader::new(out).read_line(&mut announced).unwrap();
        assert!(announced.contains("\"ready\":true"), "{}", serving.log());
        serving
    }

    /// Gives an order over the control socket; the reply.
    pub fn order(&self, order: &Value) -> Value {
        Control::open(&self.home).order(order)
    }

    /// The control socket, for a series of orders.
    pub fn control(&self) -> Control {
        Control::open(&self.home)
    }

    /// Opens a conference to which these bodies are called.
    pub fn open_conference(&self, called: &[Writer]) -> ConferenceId {
        let act = acts::notice(rome_date(Timestamp::now()), called);
        let reply = self.order(&json!({
            "order": "open", "act": act, "body": acts::body_of(&act), "documents": [],
        }));
        assert_eq!(reply["reply"], "sent", "{reply}");
        serde_json::from_value(reply["conference"].clone()).unwrap()
    }

    /// What the node logged.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.home.join("stderr.txt")).unwrap()).into_owned()
    }

    /// How often the log names a code.
    pub fn logged(&self, code: &str) -> usize {
        let wanted = format!("\"code\":\"{code}\"");
        self.log().lines().filter(|line| line.contains(&wanted)).count()
    }

    /// Its journal, read beside it.
    pub fn journal(&self) -> SqliteReader {
        SqliteReader::open(self.home.join("journal.sqlite")).unwrap()
    }

    /// The links of a conference that it holds.
    pub fn links(&self, conference: &ConferenceId) -> Vec<StoredLink> {
        self.journal().links(conference, 0, ALL).unwrap()
    }

    /// Whether it holds a link.
    pub fn holds(&self, message: MessageId) -> bool {
        self.journal().has_link(message).unwrap()
    }

    /// A conference folded from its journal.
    pub fn case(&self, conference: &ConferenceId) -> Case {
        Case::load(conference, &self.journal()).unwrap().unwrap()
    }

    /// Codes of its alarms.
    pub fn alarms(&self) -> Vec<String> {
        self.journal().alarms(None, ALL).unwrap().into_iter().map(|alarm| alarm.code).collect()
    }

    /// How many messages to a member wait for a receipt.
    pub fn outbox_to(&self, writer: &str) -> usize {
        self.journal().outbox(Some(&writer.parse().unwrap()), 0, ALL).unwrap().len()
    }

    /// What it holds and what it thinks of it.
    pub fn snapshot(&self) -> Snapshot {
        let journal = self.journal();
        let conferences = journal.conferences(None, ALL).unwrap();
        let states = self.order(&json!({ "order": "state_digests" }))["states"].clone();
        Snapshot {
            links: conferences.iter().map(|c| journal.links(c, 0, ALL).unwrap().len()).sum(),
            receipts: conferences.iter().map(|c| journal.conference_receipts(c).unwrap().len()).sum(),
            outbox: journal.outbox(None, 0, ALL).unwrap().len(),
            wanted: journal.wanted(0, ALL).unwrap().len(),
            // what this machine's disk and clock do meanwhile is nobody's attack
            alarms: self
                .alarms()
                .iter()
                .filter(|c| !c.starts_with("disk.") && !c.starts_with("clock."))
                .count(),
            states: serde_json::from_value(states).unwrap(),
        }
    }

    /// Stops at once if a state in memory is not the one folded from the journal.
    pub fn check_states(&self, snapshot: &Snapshot) {
        for (conference, digest) in &snapshot.states {
            assert_eq!(
                *digest,
                self.case(conference).state_digest(),
                "the state in memory is that of the journal"
            );
        }
    }

    /// Resident memory in bytes (`VmRSS`, proc_pid_status(5)).
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Whether the process still runs.
    pub fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

/// How much a journal holds, and the digest of each state in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Links.
    pub links: usize,
    /// Receipts.
    pub receipts: usize,
    /// Messages that wait for a receipt.
    pub outbox: usize,
    /// Documents wanted and not held.
    pub wanted: usize,
    /// Alarms.
    pub alarms: usize,
    /// The states.
    pub states: Vec<(ConferenceId, Digest)>,
}

/// A connection to a node's control socket: one order after the other.
pub struct Control(UnixStream);

impl Control {
    fn open(home: &Path) -> Self {
        let stream = UnixStream::connect(home.join("control.sock")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    /// Gives an order; the reply.
    pub fn order(&mut self, order: &Value) -> Value {
        let bytes = order.to_string().into_bytes();
        self.0.write_all(&u32::try_from(bytes.len()).unwrap().to_be_bytes()).unwrap();
        self.0.write_all(&bytes).unwrap();
        let mut length = [0; 4];
        self.0.read_exact(&mut length).unwrap();
        let mut reply = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut reply).unwrap();
        serde_json::from_slice(&reply).unwrap()
    }

    /// Sends an act without text, and waits for the receipts of everybody with a node, if asked to.
    pub fn send(&mut self, conference: &ConferenceId, act: &Act, wait: bool) -> Value {
        self.order(&json!({
            "order": "send", "conference": conference, "act": act, "body": acts::body_of(act),
            "body_audience": "participants", "documents": [], "wait": wait,
        }))
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until something holds.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "it did not happen in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
