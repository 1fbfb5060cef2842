//! A small real case: two nodes made by `concerto init` and run by `concerto serve`, one conference with a notice, a determination
//! and its taking in charge; and the means to alter an export of it, signed anew where an alteration must be signed.

use concerto_crypto_openssl::SoftwareKey;
use concerto_message::jades::Flattened;
use concerto_message::jose::{base64url, with_signature};
use concerto_message::{Digest, MessageId};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The procedente.
pub(crate) const LEAD: &str = "r_test/AAA";
/// The body called.
pub(crate) const BODY: &str = "c_test/BBB";
/// Longest wait for what two nodes do on one machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs the program.
pub(crate) fn concerto(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concerto")).args(arguments).output().unwrap()
}

/// Runs the program, which must succeed, and reads what it answers to programs.
pub(crate) fn answer(arguments: &[&str]) -> Value {
    let done = concerto(&[arguments, &["--format", "json"]].concat());
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

/// A node that runs until it is dropped.
struct Serving(Child);

impl Serving {
    fn start(home: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_concerto"))
            .args(["--home", home, "--format", "json", "serve"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("\"ready\":true"), "{line}");
        Self(child)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// The case on disk; the nodes are stopped again.
pub(crate) struct Case {
    folder: tempfile::TempDir,
    pub(crate) conference: String,
}

impl Case {
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Exports what one node holds into a new folder.
    pub(crate) fn export(&self, node: &str, into: &str) -> String {
        let into = self.path(into);
        answer(&["--home", &self.path(node), "conference", "export", &self.conference, &into]);
        into
    }

    /// Plays the case.
    pub(crate) fn play() -> Self {
        let mut case = Self { folder: tempfile::tempdir().unwrap(), conference: String::new() };
        let (lead, body) = (case.path("lead"), case.path("body"));
        case.init(&lead, LEAD, "Regione di Prova");
        case.init(&body, BODY, "Comune di Prova");
        std::fs::copy(case.path("anchor/federation.toml"), case.path("lead/federation.toml")).unwrap();
        let _nodes = [Serving::start(&lead), Serving::start(&body)];

        let today = concerto_procedure::rome_date(jiff::Timestamp::now());
        let acts = json!([{ "act": "parere" }, { "act": "nulla-osta" }]);
        let notice = json!({
            "kind": "decision", "form": "simplified", "party_initiated": false, "started_on": today,
            "invited": [{ "body": BODY, "acts": acts }],
        });
        let facts = case.write("notice.json", notice.to_string().as_bytes());
        let open = case.write("relazione.txt", b"Relazione di prova, per tutti.");
        let closed = format!("{}={LEAD}", case.write("riservata.txt", b"Nota di prova, per uno solo."));
        let text = example("body-notice/ex-officio.json");
        let told = answer(&[
            "--home",
            &lead,
            "conference",
            "open",
            "--facts",
            &facts,
            "--body",
            &text,
            "--document",
            &open,
            "--document",
            &closed,
        ]);
        case.conference = told["conference"].as_str().unwrap().to_owned();

        case.wait_until(&body, "show", |shown| shown["view"]["bodies"][0]["status"] == "waiting");
        let facts = case.write("determination.json", br#"{"position":"assent"}"#);
        let text = example("body-determination/assent.json");
        let send = ["act", "send", &case.conference, "Determination", "--facts", &facts, "--body", &text];
        answer(&[&["--home", &body][..], &send[..]].concat());
        for home in [&lead, &body] {
            case.wait_until(home, "show", |shown| shown["view"]["bodies"][0]["status"] == "assent");
        }
        for home in [&lead, &body] {
            case.wait_until(home, "outbox", |shown| shown["waiting"] == json!([]));
        }
        case
    }

    fn init(&self, home: &str, writer: &str, name: &str) {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = format!("/ip4/127.0.0.1/tcp/{port}");
        let anchor = self.path("anchor");
        answer(&[
            "init",
            home,
            "--writer",
            writer,
            "--name",
            name,
            "--anchor",
            &anchor,
            "--training",
            "--listen",
            &listen,
        ]);
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    fn wait_until(&self, home: &str, what: &str, enough: impl Fn(&Value) -> bool) {
        let command = match what {
            "outbox" => vec!["--home", home, "--format", "json", "outbox"],
            what => vec!["--home", home, "--format", "json", "conference", what, &self.conference],
        };
        let begin = Instant::now();
        loop {
            let done = concerto(&command);
            if done.status.success() && enough(&serde_json::from_slice(&done.stdout).unwrap()) {
                return;
            }
            let said = [done.stdout, done.stderr].concat();
            assert!(begin.elapsed() < PATIENCE, "{command:?}: {}", String::from_utf8_lossy(&said));
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// An example of the common schema.
fn example(name: &str) -> String {
    format!("{}/../schemas/examples/valid/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What a node signs with.
pub(crate) struct Key(SoftwareKey);

impl Key {
    pub(crate) fn of(home: &str) -> Self {
        Self(
            SoftwareKey::from_pkcs8_pem(&std::fs::read(format!("{home}/keys/message.pem")).unwrap()).unwrap(),
        )
    }

    /// A message like this one, changed and signed.
    pub(crate) fn resign(&self, text: &str, change: impl Fn(&mut Value, &mut Value)) -> String {
        let mut parts = text.split('.').map(|part| BASE64URL_NOPAD.decode(part.as_bytes()).unwrap());
        let mut header = serde_json::from_slice(&parts.next().unwrap()).unwrap();
        let mut payload = serde_json::from_slice(&parts.next().unwrap()).unwrap();
        change(&mut header, &mut payload);
        let input = format!(
            "{}.{}",
            base64url(header.to_string().as_bytes()),
            base64url(payload.to_string().as_bytes())
        );
        let signature = self.0.sign(input.as_bytes()).unwrap();
        with_signature(input, &signature)
    }
}

/// SHA-256 of the signing input: the identifier of a link, the name of a receipt.
pub(crate) fn digest_of(text: &str) -> Digest {
    Digest::of(text.rsplit_once('.').unwrap().0.as_bytes())
}

/// A copy of an export, to be altered.
pub(crate) struct Copied {
    folder: tempfile::TempDir,
}

impl Copied {
    pub(crate) fn of(export: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(Path::new(export), folder.path());
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    pub(crate) fn root(&self) -> String {
        self.folder.path().display().to_string()
    }
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }
    pub(crate) fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).unwrap();
    }
    pub(crate) fn rename(&self, from: &str, to: &str) {
        std::fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// The files of a folder, by name.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| format!("{folder}/{}", e.unwrap().file_name().into_string().unwrap())).collect();
        names.sort();
        names
    }

    /// The bodies and documents, without their meta data.
    pub(crate) fn documents(&self) -> Vec<String> {
        self.names("documents").into_iter().filter(|name| !name.ends_with(".meta.json")).collect()
    }

    /// Changes a JSON file.
    pub(crate) fn edit(&self, name: &str, change: impl Fn(&mut Value)) {
        let mut value = serde_json::from_str(&self.read(name)).unwrap();
        change(&mut value);
        self.write(name, value.to_string());
    }

    /// The file of the link at this number, from 1.
    pub(crate) fn link(&self, number: usize) -> String {
        let about: Value = serde_json::from_str(&self.read("export.json")).unwrap();
        about["links"][number - 1]["file"].as_str().unwrap().to_owned()
    }

    /// Puts another text in the place of a link, everything else fitting.
    pub(crate) fn put_link(&self, number: usize, text: &str) {
        let (id, old) = (MessageId(digest_of(text)), self.link(number));
        let flat: Value = serde_json::from_str(&self.read(&old.replace(".jws", ".json"))).unwrap();
        self.remove(&old);
        self.remove(&old.replace(".jws", ".json"));
        self.write_link(number, id, text, &flat["header"]["x5c"]);
        self.edit("export.json", |about| about["links"][number - 1] = row(number, id));
    }

    /// Adds a link at the end, by the writer of the link at `like`.
    pub(crate) fn add_link(&self, like: usize, text: &str) -> MessageId {
        let id = MessageId(digest_of(text));
        let flat: Value =
            serde_json::from_str(&self.read(&self.link(like).replace(".jws", ".json"))).unwrap();
        let number = self.names("links").len() / 2 + 1;
        self.write_link(number, id, text, &flat["header"]["x5c"]);
        self.edit("export.json", |about| about["links"].as_array_mut().unwrap().push(row(number, id)));
        id
    }

    fn write_link(&self, number: usize, id: MessageId, text: &str, x5c: &Value) {
        let flat = Flattened::from_compact(text, serde_json::from_value(x5c.clone()).unwrap()).unwrap();
        self.write(&format!("links/{number:04}-{id}.jws"), text);
        self.write(&format!("links/{number:04}-{id}.json"), serde_json::to_vec(&flat).unwrap());
    }

    /// Takes a link out as if it had never been there.
    pub(crate) fn drop_link(&self, number: usize) {
        let last = self.names("links").len() / 2;
        self.remove(&self.link(number));
        self.remove(&self.link(number).replace(".jws", ".json"));
        for later in number + 1..=last {
            let (old, new) = (
                self.link(later),
                self.link(later).replacen(&format!("{later:04}"), &format!("{:04}", later - 1), 1),
            );
            self.rename(&old, &new);
            self.rename(&old.replace(".jws", ".json"), &new.replace(".jws", ".json"));
            self.edit("export.json", |about| about["links"][later - 1]["file"] = json!(new));
        }
        self.edit("export.json", |about| drop(about["links"].as_array_mut().unwrap().remove(number - 1)));
    }

    /// What the program says of it: nothing wrong, or code, file and exit.
    pub(crate) fn verdict(&self, more: &[&str]) -> Result<Value, (String, String)> {
        let root = self.root();
        let done = concerto(&[&["verify", root.as_str(), "--format", "json"], more].concat());
        let said: Value = serde_json::from_slice(&done.stdout).unwrap();
        if said["verified"] == true {
            assert_eq!(done.status.code(), Some(0));
            return Ok(said);
        }
        assert_eq!(done.status.code(), Some(1));
        let wrong = |name: &str| said["wrong"][name].as_str().unwrap().to_owned();
        Err((wrong("code"), wrong("file")))
    }
}

fn row(number: usize, id: MessageId) -> Value {
    json!({ "id": id, "file": format!("links/{number:04}-{id}.jws"), "received_at": "2026-11-30T09:00:00Z" })
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
