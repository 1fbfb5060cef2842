//! Two nodes of a training federation on loopback: made, started, watched and compared.

use concerto_message::{ConferenceId, MessageId, ReceiptKind, Writer};
use concerto_port::JournalRead;
use concerto_procedure::acts::{Invited, RequestedAct};
use concerto_procedure::{Regime, proposed_dates, rome_date};
use concerto_store_sqlite::SqliteReader;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::control::Control;
use crate::settings::{Failed, Settings};

/// The node that orders are given to.
const LEAD: &str = "r_marche/BENCH01";
/// The node that receives.
const BODY: &str = "c_b474/BENCH02";
/// Longest wait for the nodes to have nothing left to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// The folders of the two nodes.
pub(crate) struct Federation {
    concerto: PathBuf,
    folder: PathBuf,
}

impl Federation {
    /// Makes anchor and nodes with the program that is measured.
    pub(crate) fn make(settings: &Settings, folder: &Path) -> Result<Self, Failed> {
        let federation = Self { concerto: settings.concerto.clone(), folder: folder.to_path_buf() };
        for (name, writer) in [("lead", LEAD), ("body", BODY)] {
            federation.init(name, writer)?;
        }
        for name in ["lead", "body"] {
            let file = folder.join("anchor/federation.toml");
            std::fs::copy(file, folder.join(name).join("federation.toml"))?;
        }
        Ok(federation)
    }

    fn init(&self, name: &str, writer: &str) -> Result<(), Failed> {
        // a port that is free now; nothing else on this machine is expected to take it meanwhile
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let listen = format!("/ip4/127.0.0.1/tcp/{port}");
        let mut command = Command::new(&self.concerto);
        command.arg("init").arg(self.folder.join(name)).arg("--anchor").arg(self.folder.join("anchor"));
        command.args(["--writer", writer, "--name", name, "--training", "--listen", &listen]);
        let done = command.output()?;
        if done.status.success() {
            return Ok(());
        }
        Err(format!("init failed: {}", String::from_utf8_lossy(&done.stderr)).into())
    }

    /// Starts a node and waits until it is ready.
    pub(crate) fn serve(&self, name: &str) -> Result<Serving, Failed> {
        let home = self.folder.join(name);
        let mut command = Command::new(&self.concerto);
        command.arg("--home").arg(&home).args(["--format", "json", "serve"]).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let out = child.stdout.take();
        let serving = Serving { child, socket: home.join("control.sock") };
        let mut line = String::new();
        BufReader::new(out.ok_or("the node has no output")?).read_line(&mut line)?;
        if line.contains("\"ready\":true") {
            Ok(serving)
        } else {
            Err(format!("{name} did not start").into())
        }
    }

    /// A place in the folder of the federation.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The file of a node's journal.
    pub(crate) fn store(&self, name: &str) -> PathBuf {
        self.folder.join(name).join("journal.sqlite")
    }

    /// The lead calls the other body; returns when the first exchange is complete.
    pub(crate) fn open_conference(&self, lead: &Serving) -> Result<ConferenceId, Failed> {
        let order = json!({ "order": "open", "act": { "type": "Notice", "facts": notice_facts()? },
            "body": notice_body(), "documents": [] });
        let reply = Control::open(&lead.socket)?.order(order.to_string().as_bytes())?;
        let conference: ConferenceId =
            serde_json::from_value(reply.get("conference").cloned().unwrap_or_default())?;
        let store = SqliteReader::open(self.store("lead"))?;
        wait_until("the notice is delivered", || Ok(store.outbox(None, 0, 1)?.is_empty()))?;
        Ok(conference)
    }

    /// Both stores hold every message and its receipt, and nothing waits; gives the number of links that both hold.
    pub(crate) fn check_stores(
        &self,
        conference: &ConferenceId,
        sent: &[MessageId],
    ) -> Result<usize, Failed> {
        let (lead, body) = (SqliteReader::open(self.store("lead"))?, SqliteReader::open(self.store("body"))?);
        wait_until("nothing waits in the outbox", || Ok(lead.outbox(None, 0, 1)?.is_empty()))?;
        let ids = |reader: &SqliteReader| -> Result<BTreeSet<MessageId>, Failed> {
            Ok(reader.links(conference, 0, usize::MAX)?.iter().map(|stored| stored.link.id()).collect())
        };
        let (at_lead, at_body) = (ids(&lead)?, ids(&body)?);
        if at_lead != at_body {
            return Err(format!("the stores differ: {} and {} links", at_lead.len(), at_body.len()).into());
        }
        let issuer: Writer = BODY.parse()?;
        let mut receipted = BTreeSet::new();
        for receipt in lead.conference_receipts(conference)? {
            let payload = receipt.payload();
            if payload.kind == ReceiptKind::Accepted && payload.issuer == issuer {
                receipted.extend(payload.messages.iter().map(|covered| covered.id));
            }
        }
        match sent.iter().find(|id| !at_body.contains(id) || !receipted.contains(id)) {
            Some(id) => {
                Err(format!("message {id} was answered but is not held and receipted by both").into())
            }
            None => Ok(at_body.len()),
        }
    }
}

/// A node that serves; its process ends with the value.
pub(crate) struct Serving {
    child: Child,
    pub(crate) socket: PathBuf,
}

impl Serving {
    /// Resident memory now, in bytes (`VmRSS`, proc_pid_status(5)).
    pub(crate) fn resident_bytes(&self) -> Result<u64, Failed> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib * 1024)
    }

    /// Asks the node to end, and waits.
    pub(crate) fn stop(mut self) -> Result<(), Failed> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("a node ended with {status}").into()) }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

fn wait_until(what: &str, holds: impl Fn() -> Result<bool, Failed>) -> Result<(), Failed> {
    let until = Instant::now() + PATIENCE;
    while !holds()? {
        if Instant::now() > until {
            return Err(format!("it did not happen in {} s: {what}", PATIENCE.as_secs()).into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A notice of today with the dates that the law's data propose.
fn notice_facts() -> Result<Value, Failed> {
    let today = rome_date(Timestamp::now());
    let asked = |act: &str| RequestedAct { act: act.to_owned(), eu_express_act: None };
    let acts = vec![asked("titolo-edilizio"), asked("occupazione-suolo")];
    let invited = vec![Invited { body: BODY.parse()?, acts, sensitive: Vec::new(), seat: None, level: None }];
    let dates = proposed_dates(today, &invited).map_err(|refusal| format!("{refusal:?}"))?;
    Ok(json!({
        "kind": "decision", "form": "simplified", "party_initiated": false, "started_on": today,
        "regime_basis_date": today, "dates": dates, "sensitive_scope": Regime::on(today)?.sensitive_scope,
        "invited": invited, "round": 1,
    }))
}

/// The text of the notices of measurements.
pub(crate) fn notice_body() -> Value {
    json!({
        "schema": "urn:concerto:schema:body:notice:1",
        "language": "it",
        "subject": "Indizione per una misura di velocità",
        "object": "Nessuna opera: i messaggi di questa conferenza misurano il tempo.",
        "own_initiative": "Il procedimento inizia d'ufficio, per misurare.",
        "acts": [
            { "body": BODY, "act": "titolo-edilizio", "text": "Titolo edilizio" },
            { "body": BODY, "act": "occupazione-suolo", "text": "Concessione di suolo pubblico" },
        ],
        "case_officer": { "name": "Responsabile (ruolo di prova)", "office": "Ufficio di prova", "pec": "ufficio@pec.example" },
        "access": { "text": "Nessun documento." },
        "silence_warning": "Il silenzio equivale ad assenso (L. 241/1990 art. 14-bis c. 4).",
        "signatory": { "name": "Dirigente (ruolo di prova)", "role": "dirigente", "power": "incarico di prova" },
    })
}
