//! What tests of the `concerto` program share: a small federation on loopback, nodes as processes, orders over the control socket.
//!
//! Everything lies in a temporary folder; every process started here is ended by its id, also when the test fails.

#![allow(dead_code, reason = "each test program uses a part of it")]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

/// The body that leads.
pub(crate) const LEAD: &str = "r_marche/TEST001";
/// The body that is called.
pub(crate) const BODY: &str = "c_b474/TEST002";
/// Longest wait for anything that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A federation of two: an anchor, the procedente and one body called, each with its folder.
pub(crate) struct Federation {
    pub(crate) folder: tempfile::TempDir,
}

impl Federation {
    pub(crate) fn new() -> Self {
        let federation =
            Self { folder: tempfile::Builder::new().prefix("concerto-test-").tempdir().unwrap() };
        for (name, writer, title) in [("lead", LEAD, "Regione di prova"), ("body", BODY, "Comune di prova")] {
            let done = federation.init(name, writer, title);
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
        for name in ["lead", "body"] {
            let file = federation.path("anchor/federation.toml");
            std::fs::copy(file, federation.path(name).join("federation.toml")).unwrap();
        }
        federation
    }

    pub(crate) fn init(&self, name: &str, writer: &str, title: &str) -> Output {
        let (folder, anchor) = (self.path(name), self.path("anchor"));
        let listen = format!("/ip4/127.0.0.1/tcp/{}", free_port());
        let mut command = Command::new(program());
        command.arg("init").arg(folder).args([
            "--writer",
            writer,
            "--name",
            title,
            "--training",
            "--listen",
            &listen,
        ]);
        command.arg("--anchor").arg(anchor).output().unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a JSON file for a command to read.
    pub(crate) fn file(&self, name: &str, value: &Value) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path
    }

    /// Runs one command of a node.
    pub(crate) fn run(&self, node: &str, arguments: &[&str]) -> Done {
        Done::of(
            Command::new(program())
                .env("LANG", "it_IT.UTF-8")
                .arg("--home")
                .arg(self.path(node))
                .args(arguments),
        )
    }

    pub(crate) fn serve(&self, node: &str) -> Serving {
        Serving::start(&self.path(node), None)
    }

    /// Opens a conference from the lead with the body invited; gives its identifier and the notice's.
    pub(crate) fn open(&self) -> (String, String) {
        let facts = self.file("notice.json", &notice_facts());
        let body = self.file("notice-body.json", &notice_body());
        let arguments =
            ["--format", "json", "conference", "open", "--facts", facts.to_str().unwrap(), "--body"];
        let done = self.run("lead", &[&arguments[..], &[body.to_str().unwrap()]].concat());
        assert_eq!(done.code, 0, "{}", done.err);
        let reply = done.json();
        (text(&reply, "conference"), text(&reply, "message"))
    }
}

/// A finished command.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {} {}", self.out, self.err))
    }

    /// The error output of a program: its last line is one JSON object.
    pub(crate) fn error(&self) -> Value {
        let line = self.err.lines().last().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {}", self.err))
    }

    /// Codes of the faults told to a program.
    pub(crate) fn codes(&self) -> Vec<String> {
        self.error()["error"].as_array().unwrap().iter().map(|fault| text(fault, "code")).collect()
    }
}

/// A node that serves; ended with the value.
pub(crate) struct Serving {
    child: Child,
    home: PathBuf,
    pub(crate) announced: String,
}

impl Serving {
    /// Starts a node and waits until it says that it is ready. It dies at the failpoint, if one is given.
    pub(crate) fn start(home: &Path, failpoint: Option<&str>) -> Self {
        let mut command = Command::new(program());
        command.arg("--home").arg(home).args(["--format", "json", "--lang", "it", "serve"]);
        command.env_remove("CONCERTO_FAILPOINT");
        if let Some(name) = failpoint {
            command.env("CONCERTO_FAILPOINT", name);
        }
        Self::of(command, home)
    }

    /// Starts a node by any command that becomes one. What it logs goes to `stderr.txt` in the folder.
    pub(crate) fn of(mut command: Command, home: &Path) -> Self {
        let errors =
            std::fs::OpenOptions::new().create(true).append(true).open(home.join("stderr.txt")).unwrap();
        command.stdout(Stdio::piped()).stderr(errors);
        let mut serving =
            Self { child: command.spawn().unwrap(), home: home.to_path_buf(), announced: String::new() };
        let out = serving.child.stdout.take().unwrap();
        // ends without a line when the node dies before it is ready
        BufReader::new(out).read_line(&mut serving.announced).unwrap();
        serving
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.home.join("control.sock")
    }

    /// How it ended, if it did within the time.
    pub(crate) fn ended(&mut self, patience: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            if Instant::now() >= until {
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks the node to stop and waits until it did.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let done = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
        self.ended(PATIENCE).expect("the node stops when it is asked to")
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

/// A connection to a node's control socket: one order after the other.
pub(crate) struct Control(UnixStream);

impl Control {
    pub(crate) fn open(socket: &Path) -> std::io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(stream))
    }

    pub(crate) fn order(&mut self, order: &Value) -> std::io::Result<Value> {
        let bytes = order.to_string().into_bytes();
        self.0.write_all(&u32::try_from(bytes.len()).unwrap().to_be_bytes())?;
        self.0.write_all(&bytes)?;
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let mut reply = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut reply)?;
        Ok(serde_json::from_slice(&reply)?)
    }
}

/// The program under test.
pub(crate) fn program() -> &'static str {
    env!("CARGO_BIN_EXE_concerto")
}

/// A port of loopback that nothing uses now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until something holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "it did not happen in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A text field.
pub(crate) fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no {field} in {value}")).to_owned()
}

/// Facts of a notice; the node computes the rest.
pub(crate) fn notice_facts() -> Value {
    json!({
        "kind": "decision",
        "form": "simplified",
        "party_initiated": true,
        "started_on": today(),
        "invited": [{ "body": BODY, "acts": [{ "act": "titolo-edilizio" }, { "act": "occupazione-suolo" }] }],
    })
}

/// Today in Rome.
pub(crate) fn today() -> String {
    let rome = jiff::tz::get!("Europe/Rome");
    rome.to_datetime(jiff::Timestamp::now()).date().to_string()
}

/// The text of a notice.
pub(crate) fn notice_body() -> Value {
    json!({
        "schema": "urn:concerto:schema:body:notice:1",
        "language": "it",
        "subject": "Indizione di prova",
        "object": "Assenso a un'opera inventata.",
        "application": { "reference": "istanza di prova", "applicant": "Condominio di prova", "received": today() },
        "acts": [
            { "body": BODY, "act": "titolo-edilizio", "text": "Titolo edilizio" },
            { "body": BODY, "act": "occupazione-suolo", "text": "Concessione di suolo pubblico" },
        ],
        "case_officer": { "name": "Responsabile (ruolo di prova)", "office": "Ufficio di prova", "pec": "ufficio@pec.example" },
        "access": { "text": "Presso l'ufficio." },
        "silence_warning": "Il silenzio equivale ad assenso (L. 241/1990 art. 14-bis c. 4).",
        "signatory": signatory(),
    })
}

/// Who signs.
pub(crate) fn signatory() -> Value {
    json!({ "name": "Dirigente (ruolo di prova)", "role": "dirigente", "power": "incarico di prova" })
}
