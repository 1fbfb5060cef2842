//! A node that works a certified mailbox, from outside: the `concerto` program, an SMTP server over TLS that does what a test wants, and a folder of
//! mail files in which providers of a test put signed receipts and envelopes.
//!
//! ```text
//!   lead ──SMTP, TLS──> server of the test ··> acceptance, delivery, envelope (signed) ──.eml──> folder ──> lead, or a body's node
//! ```
//! Properties: a notice to a body without a node leaves once and its certified delivery is recorded once, whatever the step at which the node
//! is killed; after an unknown outcome nothing leaves a second time while the acceptance may come, and one marked repetition after that; a message of a
//! node that comes by mail is held as if it had come directly, with its text; a mail of a person waits, tied to its case, until an official says what it is.
//!
//! It would catch a mail that leaves before it is kept, an attempt that a crash forgets, a receipt that moves the state and is not kept, a cursor
//! that is ahead of its mails, a record written twice, and a receipt that nobody signed taken for proof.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests stop at the first surprise, and print what they measured"
)]

use concerto_conformance::acts;
use concerto_conformance::hostile::{Arena, eventually, program};
use concerto_conformance::pec::message::{Draft, Facts};
use concerto_conformance::pec::{World, instant};
use concerto_core::Case;
use concerto_message::{ConferenceId, Writer};
use concerto_pec::{PecType, ReceiptForm};
use concerto_port::JournalFeed;
use concerto_procedure::acts::{Act, Channel, Direction, Outside, Position};
use concerto_procedure::rome_date;
use concerto_store_sqlite::SqliteReader;
use jiff::Timestamp;
use openssl::ssl::{SslAcceptor, SslMethod, SslStream};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

const LEAD: &str = "r_prova/URB";
const BODY: &str = "c_prova/PROT";
/// It has a mailbox and no node.
const ALONE: &str = "p_sola/PROT";
const LEAD_PEC: &str = "protocollo@pec.regione.example";
const BODY_PEC: &str = "protocollo@pec.comune.example";
const ALONE_PEC: &str = "protocollo@pec.provincia.example";
const NOON: &str = "2026-11-30T11:00:00Z";

/// A mail server that takes what it is given, or breaks off after having taken it.
struct MailServer {
    port: u16,
    authority: Vec<u8>,
    taken: Arc<Mutex<Vec<Vec<u8>>>>,
    breaks_off: Arc<AtomicBool>,
}

impl MailServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (certificate, key) = certificate();
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
        acceptor.set_certificate(&certificate).unwrap();
        acceptor.set_private_key(&key).unwrap();
        let acceptor = acceptor.build();
        let server = Self {
            port,
            authority: certificate.to_pem().unwrap(),
            taken: Arc::default(),
            breaks_off: Arc::default(),
        };
        let (taken, breaks_off) = (server.taken.clone(), server.breaks_off.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // the client may be gone, or want no more
                let Ok(stream) = acceptor.accept(stream) else { continue };
                let _ = converse(BufReader::new(stream), &taken, &breaks_off);
            }
        });
        server
    }

    fn taken(&self) -> Vec<Sent> {
        self.taken.lock().unwrap().iter().map(|mail| Sent(String::from_utf8(mail.clone()).unwrap())).collect()
    }
}

fn converse(
    mut client: BufReader<SslStream<TcpStream>>,
    taken: &Mutex<Vec<Vec<u8>>>,
    breaks_off: &AtomicBool,
) -> std::io::Result<()> {
    client.get_mut().write_all(b"220 prova ESMTP\r\n")?;
    let mut line = String::new();
    while client.read_line(&mut line)? > 0 {
        let answer = match line.get(..4).unwrap_or_default() {
            "EHLO" => "250-prova\r\n250 AUTH PLAIN\r\n",
            "AUTH" => "235 benvenuto\r\n",
            "DATA" => {
                client.get_mut().write_all(b"354 avanti\r\n")?;
                let mut mail = Vec::new();
                loop {
                    line.clear();
                    if client.read_line(&mut line)? == 0 || line == ".\r\n" {
                        break;
                    }
                    mail.extend_from_slice(line.strip_prefix('.').unwrap_or(&line).as_bytes());
                }
                taken.lock().unwrap().push(mail);
                if breaks_off.load(Ordering::SeqCst) {
                    return Ok(());
                }
                "250 preso\r\n"
            }
            _ => "250 va bene\r\n",
        };
        client.get_mut().write_all(answer.as_bytes())?;
        line.clear();
    }
    Ok(())
}

fn certificate() -> (openssl::x509::X509, openssl::pkey::PKey<openssl::pkey::Private>) {
    use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
    let key = openssl::pkey::PKey::from_rsa(openssl::rsa::Rsa::generate(2048).unwrap()).unwrap();
    let mut name = openssl::x509::X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "localhost").unwrap();
    let name = name.build();
    let mut made = openssl::x509::X509Builder::new().unwrap();
    made.set_version(2).unwrap();
    made.set_subject_name(&name).unwrap();
    made.set_issuer_name(&name).unwrap();
    made.set_pubkey(&key).unwrap();
    made.set_not_before(&openssl::asn1::Asn1Time::days_from_now(0).unwrap()).unwrap();
    made.set_not_after(&openssl::asn1::Asn1Time::days_from_now(30).unwrap()).unwrap();
    made.append_extension(BasicConstraints::new().build().unwrap()).unwrap();
    let names =
        SubjectAlternativeName::new().dns("localhost").build(&made.x509v3_context(None, None)).unwrap();
    made.append_extension(names).unwrap();
    made.sign(&key, openssl::hash::MessageDigest::sha256()).unwrap();
    (made.build(), key)
}

/// A mail that the server took.
struct Sent(String);

impl Sent {
    fn field(&self, name: &str) -> Option<String> {
        let start = format!("{name}: ");
        let head = self.0.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ").replace("\r\n\t", " ");
        head.lines().find_map(|line| line.strip_prefix(&start).map(str::to_owned))
    }

    fn subject(&self) -> String {
        concerto_pec::tie::Clues::read(self.0.as_bytes(), "").subject
    }

    fn message_id(&self) -> String {
        self.field("Message-ID").unwrap().trim_matches(['<', '>']).to_owned()
    }

    fn recipient(&self) -> String {
        self.field("To").unwrap().trim_matches(['<', '>']).to_owned()
    }

    /// What its providers would certify at a time.
    fn facts(&self, at: Timestamp) -> Facts {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        Facts {
            sender: self.field("From").unwrap().trim_matches(['<', '>']).to_owned(),
            recipients: vec![(self.recipient(), true)],
            message_id: Some(self.message_id()),
            identifier: format!("opec{count}.{}", self.message_id()),
            at,
            subject: "Indizione".to_owned(),
            form: Some(ReceiptForm::Concise),
            delivered_to: Some(self.recipient()),
            ..Facts::ordinary()
        }
    }

    /// The envelope in which it reaches its recipient.
    fn envelope(&self, at: Timestamp) -> Vec<u8> {
        let facts = Facts { form: Some(ReceiptForm::Complete), ..self.facts(at) };
        let mut draft = Draft::of(PecType::Envelope, &facts);
        draft.original = Some(self.0.as_bytes().to_vec());
        // the lead's mails come from the first provider's domain, the municipality's from the second's
        let world = World::get();
        let by = if facts.sender == LEAD_PEC { &world.sender_provider } else { &world.recipient_provider };
        let from =
            if facts.sender == LEAD_PEC { "pec.gestore-uno.example" } else { "pec.gestore-due.example" };
        draft.set("From", Some(&format!("\"Per conto di: {}\" <posta-certificata@{from}>", facts.sender)));
        draft.sign(by)
    }
}

/// A federation with a mailbox for one of its nodes, or two.
struct Stage {
    arena: Arena,
    server: MailServer,
    files: AtomicUsize,
}

impl Stage {
    fn new() -> Self {
        let stage = Self {
            arena: Arena::new(&[("lead", LEAD), ("body", BODY)]),
            server: MailServer::start(),
            files: AtomicUsize::new(0),
        };
        stage.set_clock(NOON);
        for (name, address) in [("lead", LEAD_PEC), ("body", BODY_PEC)] {
            stage.with_mailbox(name, address);
        }
        stage
    }

    fn home(&self, name: &str) -> PathBuf {
        self.arena.home(name)
    }

    fn clock(&self) -> PathBuf {
        self.home("clock")
    }

    fn set_clock(&self, at: &str) {
        let beside = self.home("clock.new");
        std::fs::write(&beside, at).unwrap();
        std::fs::rename(beside, self.clock()).unwrap();
    }

    fn with_mailbox(&self, name: &str, address: &str) {
        let home = self.home(name);
        let world = World::get();
        std::fs::write(home.join("virtual-clock"), self.clock().to_str().unwrap()).unwrap();
        std::fs::create_dir(home.join("mails")).unwrap();
        std::fs::write(home.join("keys/pec-password"), "segreta\n").unwrap();
        std::fs::set_permissions(home.join("keys/pec-password"), std::fs::Permissions::from_mode(0o600))
            .unwrap();
        std::fs::write(home.join("tls.pem"), &self.server.authority).unwrap();
        std::fs::write(home.join("pec-ca.pem"), world.authority.pem()).unwrap();
        std::fs::write(home.join("directory.ldif"), world.ldif()).unwrap();
        configure(
            &home,
            &[
                ("address", format!("{address:?}")),
                ("password", "\"keys/pec-password\"".to_owned()),
                ("mails", "\"mails\"".to_owned()),
                ("smtp_host", "\"localhost\"".to_owned()),
                ("smtp_port", self.server.port.to_string()),
                ("tls_authorities", "\"tls.pem\"".to_owned()),
                ("authorities", "\"pec-ca.pem\"".to_owned()),
                ("directory", "\"directory.ldif\"".to_owned()),
            ],
        );
    }

    /// Runs a command of a node; its JSON.
    fn run(&self, name: &str, words: &[&str]) -> Value {
        let (code, out, err) = self.run_any(name, words);
        assert_eq!(code, 0, "{words:?}: {err}");
        serde_json::from_str(&out).unwrap()
    }

    fn run_any(&self, name: &str, words: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(program());
        command.arg("--home").arg(self.home(name)).args(["--format", "json", "--lang", "it"]).args(words);
        let done = command.env_remove("CONCERTO_FAILPOINT").output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (done.status.code().unwrap_or(-1), text(done.stdout), text(done.stderr))
    }

    /// Runs a command of a node that does not serve, which dies at a failpoint.
    fn run_until(&self, failpoint: &str, name: &str, words: &[&str]) {
        let mut command = Command::new(program());
        command.arg("--home").arg(self.home(name)).args(words);
        let done = command.env("CONCERTO_FAILPOINT", format!("{failpoint}:1")).output().unwrap();
        assert_eq!(done.status.code(), None, "it dies at {failpoint}");
    }

    /// Puts a mail into the folder that a node reads.
    fn put(&self, name: &str, mail: &[u8]) {
        let number = self.files.fetch_add(1, Ordering::SeqCst);
        let folder = self.home(name).join("mails");
        let beside = folder.join(format!(".{number}"));
        let mut file = std::fs::File::create(&beside).unwrap();
        file.write_all(mail).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
        std::fs::rename(beside, folder.join(format!("{number}.eml"))).unwrap();
    }

    /// The lead calls these bodies; the notice names the mailbox of the one without a node.
    fn open(&self, called: &[&str]) -> ConferenceId {
        self.open_with(called, &[])
    }

    /// The same with documents, as the command line names them.
    fn open_with(&self, called: &[&str], documents: &[String]) -> ConferenceId {
        let bodies: Vec<Writer> = called.iter().map(|body| body.parse().unwrap()).collect();
        let act = acts::notice(self.today(), &bodies);
        let Act::Notice(notice) = &act else { panic!("a notice") };
        let mut body = acts::body_of(&act).unwrap();
        let asked = |invited: &concerto_procedure::acts::Invited| {
            let mut asked = json!({ "body": invited.body, "act": acts::ASKED, "text": "Parere di prova" });
            asked["pec"] = json!(if invited.body.to_string() == ALONE { ALONE_PEC } else { BODY_PEC });
            asked
        };
        body["case_officer"]["pec"] = json!(LEAD_PEC);
        body["acts"] = notice.invited.iter().map(asked).collect();
        let facts = serde_json::to_value(&act).unwrap()["facts"].clone();
        let write = |name: &str, value: &Value| {
            let path = self.home(name);
            std::fs::write(&path, value.to_string()).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (facts, body) = (write("facts.json", &facts), write("body.json", &body));
        let mut words = vec!["conference", "open", "--facts", &facts, "--body", &body];
        words.extend(documents.iter().flat_map(|document| ["--document", document.as_str()]));
        let opened = self.run("lead", &words);
        opened["conference"].as_str().unwrap().parse().unwrap()
    }

    /// The body assents, by its node; the message.
    fn answered(&self, conference: &str) -> String {
        let act = acts::determination(Position::Assent);
        let value = serde_json::to_value(&act).unwrap();
        let (facts, text) = (self.home("facts.json"), self.home("text.json"));
        std::fs::write(&facts, value["facts"].to_string()).unwrap();
        std::fs::write(&text, acts::body_of(&act).unwrap().to_string()).unwrap();
        let (facts, text) = (facts.to_str().unwrap(), text.to_str().unwrap());
        let sent =
            self.run("body", &["act", "send", conference, "Determination", "--facts", facts, "--body", text]);
        sent["message"].as_str().unwrap().to_owned()
    }

    /// The day of the lead's clock.
    fn today(&self) -> jiff::civil::Date {
        let at =
            std::fs::read_to_string(self.clock()).ok().map_or_else(Timestamp::now, |text| instant(&text));
        rome_date(at)
    }

    fn case(&self, name: &str, conference: &ConferenceId) -> Case {
        let reader = SqliteReader::open(self.home(name).join("journal.sqlite")).unwrap();
        assert!(reader.tips().unwrap().link > 0);
        Case::load(conference, &reader).unwrap().unwrap()
    }

    /// What a node recorded of communications.
    fn records(&self, conference: &ConferenceId) -> Vec<(Outside, Direction, Timestamp)> {
        let case = self.case("lead", conference);
        let acts = case.entries().filter_map(|(_, entry)| match &entry.act {
            Ok(Act::RecordedExchange(act)) => Some((act.party.clone(), act.direction, act.at)),
            _ => None,
        });
        acts.collect()
    }

    fn serve(&self, name: &str, failpoint: Option<&str>) -> Node {
        Node::start(&self.home(name), failpoint)
    }
}

/// Writes values into `[pec]` of a node's configuration.
fn configure(home: &Path, values: &[(&str, String)]) {
    let file = home.join("node.toml");
    let mut configured = std::fs::read_to_string(&file).unwrap();
    let mut pec = configured.split_off(configured.find("\n[pec]\n").unwrap());
    for (key, value) in values {
        let line = pec.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap().to_owned();
        pec = pec.replacen(&format!("\n{line}\n"), &format!("\n{key} = {value}\n"), 1);
    }
    std::fs::write(file, configured + &pec).unwrap();
}

/// A node that serves; ended with the value.
struct Node(Child);

impl Node {
    fn start(home: &Path, failpoint: Option<&str>) -> Self {
        let errors =
            std::fs::OpenOptions::new().create(true).append(true).open(home.join("stderr.txt")).unwrap();
        let mut command = Command::new(program());
        command.arg("--home").arg(home).args(["--format", "json", "serve"]).env_remove("CONCERTO_FAILPOINT");
        if let Some(name) = failpoint {
            command.env("CONCERTO_FAILPOINT", format!("{name}:1"));
        }
        let mut child = command.stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
        let out = child.stdout.take().unwrap();
        let mut ready = String::new();
        // without a line where it dies before
        BufReader::new(out).read_line(&mut ready).unwrap();
        Self(child)
    }

    fn died(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may have ended
        let _ = self.0.wait();
    }
}

fn alone() -> Outside {
    Outside::Body(ALONE.parse().unwrap())
}

/// Receipts of a delivery, as both providers sign them.
fn receipts(sent: &Sent, at: &str) -> [Vec<u8>; 2] {
    let world = World::get();
    let facts = sent.facts(instant(at));
    let accepted = Draft::of(PecType::Acceptance, &facts).sign(&world.sender_provider);
    let mut delivery = Draft::of(PecType::Delivery, &facts);
    delivery.set("From", Some("posta-certificata@pec.gestore-due.example"));
    [accepted, delivery.sign(&world.recipient_provider)]
}

/// An ordinary mail in which others are attached whole.
fn forwarded(mails: &[Vec<u8>]) -> Vec<u8> {
    let head = "From: registro@ente.example\r\nTo: nodo@ente.example\r\nSubject: I: ricevute\r\n\
                Content-Type: multipart/mixed; boundary=\"inoltro\"\r\n\r\n";
    let mut whole = head.as_bytes().to_vec();
    for mail in mails {
        whole.extend_from_slice(b"--inoltro\r\nContent-Type: message/rfc822\r\n\r\n");
        whole.extend_from_slice(mail);
        whole.extend_from_slice(b"\r\n");
    }
    whole.extend_from_slice(b"--inoltro--\r\n");
    whole
}

#[test]
fn a_notice_reaches_a_body_without_a_node_and_its_certified_delivery_is_recorded() {
    let stage = Stage::new();
    let check = stage.run_any("lead", &["pec", "check"]);
    assert_eq!(check.0, 0, "{} {}", check.1, check.2);
    stage.run("lead", &["pec", "poll"]);
    let node = stage.serve("lead", None);
    let file = |name: &str, bytes: usize| {
        let path = stage.home(name);
        std::fs::write(&path, vec![b'x'; bytes]).unwrap();
        path.to_str().unwrap().to_owned()
    };
    // one that fits, one that only the lead may see, one that no mail can carry
    let documents =
        [file("a.pdf", 5_000), format!("{}={LEAD}", file("b.txt", 10)), file("c.zip", 25_000_000)];
    let conference = stage.open_with(&[ALONE], &documents);
    eventually("the notice left", || !stage.server.taken().is_empty());
    let sent = stage.server.taken().remove(0);
    let names: Vec<String> =
        concerto_pec::attachments(sent.0.as_bytes()).into_iter().map(|part| part.name).collect();
    assert_eq!(
        names.iter().filter(|name| name.starts_with("documento-")).collect::<Vec<_>>(),
        ["documento-01.pdf"]
    );
    assert!(
        concerto_pec::text(sent.0.as_bytes())
            .unwrap()
            .contains("documento-02.zip: 25000000 byte, non allegato")
    );
    assert_eq!(
        (sent.recipient().as_str(), sent.field("X-TipoRicevuta").as_deref()),
        (ALONE_PEC, Some("completa"))
    );
    let text = concerto_pec::text(sent.0.as_bytes()).unwrap();
    for said in [
        "TERMINI",
        "perentorio",
        "AVVERTENZA SUL SILENZIO",
        "COME RISPONDERE",
        "Parere di prova",
        &conference.to_string(),
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let carried = concerto_pec::carried(sent.0.as_bytes());
    assert_eq!((carried.len(), carried[0].documents.len(), carried[0].bundle.is_some()), (1, 2, true));

    // a receipt that nobody signed, and one about another's mail, change nothing
    let facts = sent.facts(instant("2026-11-30T11:01:00Z"));
    stage.put("lead", &Draft::of(PecType::Delivery, &facts).unsigned());
    let other = Facts { message_id: Some("altro@pec.regione.example".to_owned()), ..facts };
    stage.put("lead", &Draft::of(PecType::Acceptance, &other).sign(&World::get().sender_provider));
    stage.run("lead", &["pec", "poll"]);
    assert!(stage.records(&conference).is_empty());
    let queue = stage.run("lead", &["pec", "queue"]);
    assert_eq!(
        queue["received"].as_array().unwrap().len(),
        1,
        "the unsigned one, which speaks of our mail: {queue}"
    );
    assert_eq!(queue["received"][0]["why"][0]["code"], "pec.signature.missing");

    let at = "2026-11-30T11:02:00Z";
    stage.set_clock("2026-11-30T11:05:00Z");
    receipts(&sent, at).iter().for_each(|mail| stage.put("lead", mail));
    eventually("the delivery is recorded", || !stage.records(&conference).is_empty());
    receipts(&sent, "2026-11-30T11:03:00Z").iter().for_each(|mail| stage.put("lead", mail));
    stage.run("lead", &["pec", "poll"]);
    assert_eq!(stage.records(&conference), [(alone(), Direction::Sent, instant(at))]);
    let shown = stage.run("lead", &["pec", "show", "out-1"]);
    assert_eq!((&shown["state"], &shown["state_at"]), (&json!("delivered"), &json!(at)));
    assert_eq!(stage.server.taken().len(), 1);
    drop(node);
}

#[test]
fn killed_at_any_step_nothing_leaves_twice_and_nothing_is_recorded_twice() {
    for failpoint in ["pec-kept", "pec-handed", "pec-ended", "pec-read", "pec-judged", "pec-recorded"] {
        let stage = Stage::new();
        stage.run("lead", &["pec", "poll"]);
        let mut node = stage.serve("lead", Some(failpoint));
        let conference = stage.open(&[ALONE]);
        let at = "2026-11-30T11:02:00Z";
        if ["pec-kept", "pec-handed", "pec-ended"].contains(&failpoint) {
            eventually(failpoint, || node.died());
            node = stage.serve("lead", None);
        }
        eventually("the notice left", || !stage.server.taken().is_empty());
        // within the wait nothing leaves again, although nobody knows
        stage.set_clock("2026-11-30T11:05:00Z");
        stage.run_any("lead", &["pec", "poll"]);
        receipts(&stage.server.taken()[0], at).iter().for_each(|mail| stage.put("lead", mail));
        if ["pec-read", "pec-judged", "pec-recorded"].contains(&failpoint) {
            eventually(failpoint, || node.died());
            node = stage.serve("lead", None);
        }
        eventually("the delivery is recorded", || !stage.records(&conference).is_empty());
        stage.set_clock("2026-11-30T13:00:00Z");
        stage.run("lead", &["pec", "poll"]);
        assert_eq!(stage.records(&conference), [(alone(), Direction::Sent, instant(at))], "{failpoint}");
        assert_eq!(stage.server.taken().len(), 1, "{failpoint}");
        drop(node);
    }
}

#[test]
fn after_an_unknown_outcome_it_leaves_once_more_marked_and_then_a_person_decides() {
    let stage = Stage::new();
    stage.run("lead", &["pec", "poll"]);
    // it dies after the attempt was noted and before anything left
    let mut node = stage.serve("lead", Some("pec-begun"));
    let conference = stage.open(&[ALONE]);
    eventually("the attempt", || node.died());
    stage.server.breaks_off.store(true, Ordering::SeqCst);
    let node = stage.serve("lead", None);
    stage.set_clock("2026-11-30T11:29:00Z");
    stage.run("lead", &["pec", "poll"]);
    assert!(stage.server.taken().is_empty(), "the acceptance may still come");
    stage.set_clock("2026-11-30T11:31:00Z");
    eventually("it leaves once more", || !stage.server.taken().is_empty());
    assert_eq!(
        stage.server.taken()[0].field("X-Concerto-Ripetizione").as_deref(),
        Some("possibile-duplicato")
    );
    stage.set_clock("2026-11-30T12:30:00Z");
    let waits = || stage.run("lead", &["pec", "queue"])["sent"][0]["problem"].clone();
    eventually("a person decides", || waits() == json!("pec.sending.unknown"));
    assert_eq!(stage.server.taken().len(), 1);
    // the person has it sent anew
    stage.server.breaks_off.store(false, Ordering::SeqCst);
    let again = stage.run("lead", &["pec", "resend", "out-1"]);
    assert_eq!(again["id"], "out-2");
    eventually("it leaves anew", || stage.server.taken().len() == 2);
    let [first, second] = &stage.server.taken()[..] else { panic!("two mails") };
    assert_ne!(first.message_id(), second.message_id());
    // its receipts come as the office's register forwards them, and count by their own signatures
    stage.set_clock("2026-11-30T12:40:00Z");
    let at = "2026-11-30T12:35:00Z";
    stage.put("lead", &forwarded(&receipts(second, at)));
    eventually("the delivery is recorded", || !stage.records(&conference).is_empty());
    assert_eq!(stage.records(&conference), [(alone(), Direction::Sent, instant(at))]);
    let queue = stage.run("lead", &["pec", "queue"]);
    assert_eq!(queue, json!({ "sent": [], "received": [] }), "nothing waits any more");
    drop(node);
}

#[test]
fn messages_of_nodes_come_by_mail_as_if_they_had_come_directly() {
    let stage = Stage::new();
    stage.run("lead", &["pec", "poll"]);
    stage.run("body", &["pec", "poll"]);
    let conference = stage.open(&[BODY, ALONE]);
    let name = conference.to_string();
    let notice = stage.case("lead", &conference).entries().next().unwrap().0.to_string();
    stage.run("lead", &["pec", "send", &name, &notice[..12], BODY, "--to", BODY_PEC]);
    stage.run("lead", &["pec", "poll"]);
    let to_body = stage.server.taken().into_iter().find(|mail| mail.recipient() == BODY_PEC).unwrap();
    stage.put("body", &to_body.envelope(instant("2026-11-30T11:00:30Z")));
    stage.set_clock("2026-12-01T09:00:00Z");
    stage.run("body", &["pec", "poll"]);
    let held = stage.case("body", &conference);
    assert_eq!(held.entries().count(), 1);
    let shown = stage.run("body", &["conference", "show", &name]);
    assert!(shown["subject"].is_string(), "its text came along: {shown}");

    // the body answers by its node, and its message goes by mail
    let message = stage.answered(&name);
    stage.run("body", &["pec", "send", &name, &message, LEAD, "--to", LEAD_PEC]);
    stage.run("body", &["pec", "poll"]);
    let answer = stage.server.taken().into_iter().find(|mail| mail.recipient() == LEAD_PEC).unwrap();
    let accepted = instant("2026-12-01T09:00:05Z");
    stage.put("lead", &answer.envelope(accepted));
    stage.set_clock("2026-12-01T09:10:00Z");
    for failpoint in ["pec-read", "pec-taken", "pec-judged"] {
        stage.run_until(failpoint, "lead", &["pec", "poll"]);
    }
    stage.run("lead", &["pec", "poll"]);
    let case = stage.case("lead", &conference);
    let id = message.parse().unwrap();
    assert!(case.is_determination(id), "the lead holds it");
    let from_body = (Outside::Body(BODY.parse().unwrap()), Direction::Received, accepted);
    assert_eq!(stage.records(&conference), [from_body]);
    // brought again, it changes nothing
    stage.put("lead", &answer.envelope(accepted));
    stage.run("lead", &["pec", "poll"]);
    assert_eq!(stage.records(&conference).len(), 1);
    assert!(stage.run("lead", &["pec", "queue"])["received"].as_array().unwrap().is_empty());
}

#[test]
fn a_mail_of_a_person_waits_tied_to_its_case_until_an_official_says_what_it_is() {
    let stage = Stage::new();
    let conference = stage.open(&[ALONE]); // the very first thing that the node does
    stage.run("lead", &["pec", "poll"]);
    let sent = stage.server.taken().remove(0);
    let mine = Sent(format!(
        "From: {ALONE_PEC}\r\nTo: {LEAD_PEC}\r\nSubject: R: Indizione\r\nMessage-ID: <risposta@pec.provincia.example>\r\n\
         In-Reply-To: <{}>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSi trasmette il parere.\r\n",
        sent.message_id()
    ));
    let at = instant("2026-12-01T08:00:00Z");
    stage.put("lead", &mine.envelope(at));
    stage.set_clock("2026-12-01T09:00:00Z");
    stage.run("lead", &["pec", "poll"]);
    assert!(stage.records(&conference).is_empty(), "nobody said what it is");
    let queue = stage.run("lead", &["pec", "queue"]);
    let waiting = &queue["received"][0];
    assert_eq!((&waiting["conference"], &waiting["kind"]), (&json!(conference), &json!("mail")));
    assert_eq!((&waiting["counts"], &waiting["sender"]), (&json!(true), &json!(ALONE_PEC)));
    let id = waiting["id"].as_str().unwrap();
    assert_eq!(stage.run_any("lead", &["pec", "confirm", id, "--as", "Determination"]).0, 2);
    stage.run_until("pec-confirmed", "lead", &["pec", "confirm", id, "--as", "other"]);
    let confirmed = stage.run("lead", &["pec", "confirm", id, "--as", "other"]);
    assert!(confirmed["recorded"].is_string());
    assert_eq!(stage.records(&conference), [(alone(), Direction::Received, at)]);
    assert_eq!(stage.run_any("lead", &["pec", "confirm", id, "--as", "none"]).0, 1, "it is decided");
    assert!(stage.run("lead", &["pec", "queue"])["received"].as_array().unwrap().is_empty());
}

#[test]
fn what_a_mail_is_proposed_as_an_official_confirms_and_it_is_the_act_of_its_body() {
    let stage = Stage::new();
    let conference = stage.open(&[ALONE]);
    let name = conference.to_string();
    stage.run("lead", &["pec", "poll"]);
    let notice = stage.server.taken().remove(0);
    assert!(
        notice.subject().contains(&format!("[CdS {name}]")),
        "an answer names its case: {:?}",
        notice.field("Subject")
    );
    assert!(notice.0.contains("atto-") && notice.0.contains("application/pdf"), "the act is attached as PDF");
    stage.set_clock("2026-11-30T11:05:00Z");
    receipts(&notice, "2026-11-30T11:02:00Z").iter().for_each(|mail| stage.put("lead", mail));
    stage.run("lead", &["pec", "poll"]);

    // written anew, not as an answer: the reference in the subject ties it
    let written = |number: usize, text: &str| {
        Sent(format!(
            "From: {ALONE_PEC}\r\nTo: {LEAD_PEC}\r\nSubject: Parere [CdS {name}]\r\nMessage-ID: <nuovo{number}@pec.provincia.example>\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        ))
    };
    let at = instant("2026-12-01T08:00:00Z");
    stage.put("lead", &written(1, "Si esprime parere favorevole all'intervento.").envelope(at));
    stage.put(
        "lead",
        &written(2, "Non si esprime parere favorevole.").envelope(instant("2026-12-01T08:10:00Z")),
    );
    stage.set_clock("2026-12-01T09:00:00Z");
    stage.run("lead", &["pec", "poll"]);
    let queue = stage.run("lead", &["pec", "queue"]);
    let proposed =
        |row: &Value| (row["proposal"]["act"].clone(), row["tied_by"].clone(), row["conference"].clone());
    let tied = (json!(["tie.reference"]), json!(conference));
    assert_eq!(proposed(&queue["received"][0]), (json!("assent"), tied.0.clone(), tied.1.clone()), "{queue}");
    assert_ne!(queue["received"][1]["proposal"]["act"], "assent", "a negated assent is none: {queue}");
    let id = queue["received"][0]["id"].as_str().unwrap().to_owned();
    let shown = stage.run("lead", &["pec", "show", &id]);
    assert!(shown["proposal"]["passages"][0].as_str().unwrap().contains("favorevole"), "{shown}");
    assert!(
        stage.records(&conference).iter().all(|record| record.1 == Direction::Sent),
        "nothing is decided by itself"
    );

    // no silence is noted while a mail of that body waits
    let silence = json!({ "body": ALONE });
    let facts = stage.home("silence.json");
    std::fs::write(&facts, silence.to_string()).unwrap();
    stage.set_clock("2027-03-01T09:00:00Z");
    let (code, _, err) =
        stage.run_any("lead", &["act", "send", &name, "ImpliedAssent", "--facts", facts.to_str().unwrap()]);
    assert!(code == 1 && err.contains("pec.mail.waiting"), "{err}");

    for failpoint in ["pec-confirm-recorded", "pec-confirmed"] {
        stage.run_until(failpoint, "lead", &["pec", "confirm", &id, "--as", "assent"]);
    }
    let confirmed = stage.run("lead", &["pec", "confirm", &id, "--as", "assent"]);
    assert!(confirmed["recorded"].is_string());
    let case = stage.case("lead", &conference);
    let acts: Vec<_> = case.entries().filter(|(_, entry)| entry.behalf.is_some()).collect();
    assert_eq!(acts.len(), 1, "written once, although it was killed twice on the way");
    let body: Writer = ALONE.parse().unwrap();
    let given: Vec<_> = case.state().determinations_of(&body).collect();
    assert_eq!(
        (given.len(), given[0].act.position, given[0].evidence.received_at),
        (1, Position::Assent, at)
    );
    let second = queue["received"][1]["id"].as_str().unwrap();
    stage.run("lead", &["pec", "confirm", second, "--as", "other"]);

    // what no provider certifies is recorded as ordinary mail, and nothing starts or ends by it
    stage.put("lead", written(3, "Si trasmette quanto richiesto.").0.as_bytes());
    stage.run("lead", &["pec", "poll"]);
    let third = stage.run("lead", &["pec", "queue"])["received"][0].clone();
    assert_eq!((&third["counts"], &third["sender"]), (&json!(false), &json!(ALONE_PEC)));
    stage.run("lead", &["pec", "confirm", third["id"].as_str().unwrap(), "--as", "other"]);
    let case = stage.case("lead", &conference);
    let last = &case.state().exchanges().last().unwrap().act;
    assert_eq!((last.channel, last.at), (Channel::Email, instant("2027-03-01T09:00:00Z")));
    assert!(stage.run("lead", &["pec", "queue"])["received"].as_array().unwrap().is_empty());
}

#[test]
fn what_waits_too_long_for_a_node_goes_by_mail() {
    let stage = Stage::new();
    for node in ["lead", "body"] {
        stage.run(node, &["pec", "poll"]);
    }
    let conference = stage.open(&[BODY, ALONE]);
    let name = conference.to_string();
    let of_body = |stage: &Stage| -> Value {
        let shown = stage.run("lead", &["conference", "show", &name]);
        let bodies = shown["view"]["bodies"].as_array().unwrap();
        bodies.iter().find(|body| body["body"] == BODY).unwrap().clone()
    };
    let to = |address: &str| -> Vec<Sent> {
        stage.server.taken().into_iter().filter(|mail| mail.recipient() == address).collect()
    };
    stage.set_clock("2026-11-30T14:59:00Z");
    stage.run("lead", &["pec", "poll"]);
    assert!(to(BODY_PEC).is_empty(), "its node has four hours");
    stage.set_clock("2026-11-30T15:00:30Z");
    stage.run("lead", &["pec", "poll"]);
    let notice = to(BODY_PEC).remove(0);
    let shown = ["out-1", "out-2"].map(|id| stage.run("lead", &["pec", "show", id]));
    let found = shown.iter().find(|mail| mail["body"] == BODY).unwrap();
    assert_eq!(found["why"], "no-receipt");
    stage.run("lead", &["pec", "poll"]);
    assert_eq!(to(BODY_PEC).len(), 1, "once");
    stage.set_clock("2026-11-30T15:10:00Z");
    let delivered = "2026-11-30T15:02:00Z";
    receipts(&notice, delivered).iter().for_each(|mail| stage.put("lead", mail));
    stage.put("body", &notice.envelope(instant(delivered)));
    for node in ["lead", "body"] {
        stage.run(node, &["pec", "poll"]);
    }
    let case = stage.case("lead", &conference);
    let body: Writer = BODY.parse().unwrap();
    assert_eq!(
        case.state().bodies()[&body].proof.unwrap().at,
        instant(delivered),
        "its term runs from the delivery"
    );
    let until = of_body(&stage)["determination_until"].clone();
    let until: jiff::civil::Date = until.as_str().unwrap().parse().unwrap();

    // the body answers on the last day, and no node of the procedente gives a receipt
    stage.set_clock(&format!("{until}T10:00:00Z"));
    let message = stage.answered(&name);
    stage.run("body", &["pec", "poll"]);
    assert!(to(LEAD_PEC).is_empty(), "a receipt has its minute");
    stage.set_clock(&format!("{until}T10:01:30Z"));
    stage.run("body", &["pec", "poll"]);
    let answer = to(LEAD_PEC).remove(0);
    assert_eq!(stage.run("body", &["pec", "show", "out-1"])["why"], "term-ending");

    // the procedente reads its mail two days late: the certified time keeps the act from being late
    let accepted = instant(&format!("{until}T10:02:00Z"));
    stage.put("lead", &answer.envelope(accepted));
    stage.set_clock(&format!("{}T09:00:00Z", until.checked_add(jiff::Span::new().days(5)).unwrap()));
    stage.run("lead", &["pec", "poll"]);
    stage.run("lead", &["pec", "poll"]);
    let case = stage.case("lead", &conference);
    assert!(case.is_determination(message.parse().unwrap()), "the lead holds it");
    let node = stage.serve("lead", None); // which takes it in charge
    let given = || of_body(&stage)["determinations"][0]["timeliness"].clone();
    eventually("it is in charge", || !given().is_null());
    assert_eq!(given()["timeliness"], "disputed", "{}", given());
    assert_eq!(given()["reason"]["reason"], "certified_in_time");
    drop(node);
}

/// Measures, and says so: `cargo test --workspace --test mailbox -- --ignored --nocapture cost`, with the program of `CONCERTO_PROGRAM`.
#[test]
#[ignore = "it measures"]
fn the_cost_of_a_round_trip_in_the_node() {
    const TRIPS: u32 = 100;
    let stage = Stage::new();
    stage.run("lead", &["pec", "poll"]);
    let conferences: Vec<ConferenceId> = (0..TRIPS).map(|_| stage.open(&[ALONE])).collect();
    let cpu = |what: &dyn Fn()| {
        let before = children_cpu();
        what();
        children_cpu() - before
    };
    let sent = cpu(&|| {
        stage.run("lead", &["pec", "poll"]);
    });
    stage.set_clock("2026-11-30T11:05:00Z");
    for mail in stage.server.taken() {
        receipts(&mail, "2026-11-30T11:02:00Z").iter().for_each(|receipt| stage.put("lead", receipt));
    }
    let received = cpu(&|| {
        stage.run("lead", &["pec", "poll"]);
    });
    assert!(conferences.iter().all(|conference| stage.records(conference).len() == 1));
    let each = |spent: Duration| spent.as_secs_f64() * 1000.0 / f64::from(TRIPS);
    println!(
        "PEC round trip, CPU of the node: {:.1} ms ({:.1} to write and send, {:.1} to read two receipts and record)",
        each(sent + received),
        each(sent),
        each(received)
    );
}

/// CPU time of the processes that were waited for.
fn children_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[13].parse::<u64>().unwrap() + fields[14].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10) // USER_HZ is 100
}

/// The same over IMAP, Postfix, Dovecot and providers that nobody wrote in Rust (`packaging/pec.sh`).
#[test]
#[ignore = "packaging/pec.sh starts the PEC provider that this needs"]
fn over_real_servers_a_notice_is_delivered_and_recorded_and_a_full_mailbox_is_told() {
    let provider = PathBuf::from(std::env::var("CONCERTO_PEC_PROVIDER").expect("packaging/pec.sh sets it"));
    let ready: Value = serde_json::from_slice(&std::fs::read(provider.join("ready.json")).unwrap()).unwrap();
    let stage = Stage::new();
    let home = stage.home("lead");
    std::fs::remove_file(home.join("virtual-clock")).unwrap();
    std::fs::remove_file(stage.clock()).unwrap();
    std::fs::copy(provider.join("passwords").join(LEAD_PEC), home.join("keys/pec-password")).unwrap();
    std::fs::set_permissions(home.join("keys/pec-password"), std::fs::Permissions::from_mode(0o600)).unwrap();
    for (from, to) in [("ca.pem", "tls.pem"), ("ca.pem", "pec-ca.pem"), ("directory.ldif", "directory.ldif")]
    {
        std::fs::copy(provider.join(from), home.join(to)).unwrap();
    }
    configure(
        &home,
        &[
            ("mails", "\"\"".to_owned()),
            ("imap_host", "\"localhost\"".to_owned()),
            ("imap_port", ready["imaps"].to_string()),
            ("smtp_port", ready["submissions"].to_string()),
        ],
    );
    let (code, out, err) = stage.run_any("lead", &["pec", "check"]);
    assert_eq!(code, 0, "{out} {err}");
    let node = stage.serve("lead", None);
    let conference = stage.open(&[ALONE, BODY]);
    let begun = std::time::Instant::now();
    eventually("the delivery is recorded", || {
        stage.records(&conference).iter().any(|(party, ..)| *party == alone())
    });
    println!("a notice left, was delivered and recorded in {:.1} s", begun.elapsed().as_secs_f32());
    let notice = stage.case("lead", &conference).state().notice().unwrap().message.to_string();
    let words = ["pec", "send", &conference.to_string(), &notice, BODY, "--to", "piena@pec.comune.example"];
    let full = stage.run("lead", &words)["id"].as_str().unwrap().to_owned();
    let problem = || stage.run("lead", &["pec", "show", &full])["problem"].clone();
    eventually("the full mailbox is told", || problem() == json!("pec.not-delivered"));
    assert_eq!(stage.records(&conference).len(), 1);
    drop(node);
}
