//! The adapter against a PEC provider that nobody wrote in Rust: Postfix, Dovecot, OpenSSL and the program in `conformance-tests/pec-provider`.
//!
//! ```text
//!   adapter -> Postfix -> provider of the sender -> Postfix -> provider of the recipient -> Postfix -> Dovecot -> adapter
//! ```
//! `packaging/pec.sh` starts the provider and runs these tests, one after the other, because they let the same virtual time pass.
//! `CONCERTO_PEC_PROVIDER` names its folder.
//!
//! Properties: the port's contract over real IMAP and SMTP; each type of RFC 6109 arrives, is recognised and verified with the provider's
//! authority and directory, and moves the state of its recipient; TLS and login fail closed; 100,000 mails are read once, in bounded memory.
//!
//! Plausible wrong implementations that fail here: flags changed by reading; a cursor that counts mails; `n:*` read as "from n on"; a delivery
//! that a late notice takes back; a certificate that is not checked.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests stop at the first surprise, and print what they measured"
)]

#[path = "provider/access.rs"]
mod access;
#[path = "provider/catch_up.rs"]
mod catch_up;
#[path = "provider/contract.rs"]
mod contract;
#[path = "provider/types.rs"]
mod types;
#[path = "provider/unknown.rs"]
mod unknown;

use concerto_crypto_openssl::OpensslCms;
use concerto_pec::{Address, Directory, MailId, ReceiptForm};
use concerto_pec_mail::{ImapSource, Letter, Password, Security, Server, Settings};
use concerto_port::{Content, Cursor, MailSource};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// The mailbox that sends.
const SENDER: &str = "protocollo@pec.regione.example";
/// Where providers write to each other.
const PROVIDER: &str = "ricevute@pec.gestore-uno.example";
/// Bound on the mails read here.
const MAIL_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long the network of the providers may take for what a test waits for.
const PATIENCE: Duration = Duration::from_secs(90);

/// The provider that runs.
struct Provider {
    folder: PathBuf,
    ready: serde_json::Value,
}

impl Provider {
    fn running() -> Self {
        let folder = PathBuf::from(std::env::var("CONCERTO_PEC_PROVIDER").expect("packaging/pec.sh sets it"));
        let ready = std::fs::read(folder.join("ready.json")).unwrap();
        Self { folder, ready: serde_json::from_slice(&ready).unwrap() }
    }

    fn port(&self, name: &str) -> u16 {
        u16::try_from(self.ready[name].as_u64().unwrap()).unwrap()
    }

    fn server(&self, port: &str, security: Security) -> Server {
        let authorities = self.folder.join("ca.pem");
        Server { host: "localhost".to_owned(), port: self.port(port), security, authorities }
    }

    fn settings(&self, address: &str) -> Settings {
        Settings {
            address: Address::parse(address).unwrap(),
            user: address.to_owned(),
            password: Password::File(self.folder.join("passwords").join(address)),
            imap: self.server("imaps", Security::Tls),
            folder: "INBOX".to_owned(),
            submission: Some(self.server("submissions", Security::Tls)),
            mail_bytes_max: MAIL_BYTES_MAX,
        }
    }

    fn maildir(&self, address: &str) -> PathBuf {
        let (local, domain) = address.split_once('@').unwrap();
        self.folder.join("mail").join(domain).join(local).join("Maildir")
    }

    fn command(&self, words: &[&str]) -> String {
        let program =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance-tests/pec-provider/pec_provider.py");
        let mut command = Command::new("python3");
        command.arg(program).arg(words[0]).arg(&self.folder).args(&words[1..]);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stdout));
        String::from_utf8(done.stdout).unwrap()
    }

    fn cms(&self) -> OpensslCms {
        OpensslCms::with_authorities(&std::fs::read(self.folder.join("ca.pem")).unwrap()).unwrap()
    }

    fn directory(&self) -> Directory {
        Directory::parse(&std::fs::read(self.folder.join("directory.ldif")).unwrap()).unwrap()
    }
}

/// A mailbox as a test watches it: what came since the beginning of the test.
struct Watched {
    source: ImapSource,
    cursor: Cursor,
    mails: Vec<Vec<u8>>,
}

impl Watched {
    /// From now on.
    fn new(provider: &Provider, address: &str) -> Self {
        let mut source = ImapSource::new(provider.settings(address)).unwrap();
        let mut cursor = None;
        loop {
            let reading = source.read(cursor, 1000, &mut |_| ControlFlow::Continue(())).unwrap();
            cursor = Some(reading.cursor);
            if !reading.more {
                return Self { source, cursor: reading.cursor, mails: Vec::new() };
            }
        }
    }

    fn read(&mut self) {
        let mails = &mut self.mails;
        let reading = self.source.read(Some(self.cursor), 1000, &mut |arrived| {
            let Content::Mail(mail) = arrived.content else { panic!("a mail") };
            mails.push(mail.to_vec());
            ControlFlow::Continue(())
        });
        self.cursor = reading.unwrap().cursor;
    }

    /// Reads until something is so, at most [`PATIENCE`].
    fn until(&mut self, what: &str, done: impl Fn(&[Vec<u8>]) -> bool) {
        let begun = Instant::now();
        loop {
            self.read();
            if done(&self.mails) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{what}: {} mails came", self.mails.len());
            self.source.wait(Duration::from_secs(2)).unwrap();
        }
    }
}

/// A new Message-ID.
fn new_id() -> MailId {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    MailId::parse(&format!("prova.{now}.{count}@pec.regione.example")).unwrap()
}

/// A letter of the sender to somebody.
fn letter(recipient: &str, receipt: ReceiptForm, text: &str) -> Letter {
    Letter {
        message_id: new_id(),
        sender: Address::parse(SENDER).unwrap(),
        recipient: Address::parse(recipient).unwrap(),
        subject: "Indizione della conferenza – via Esempio 1".to_owned(),
        text: text.to_owned(),
        documents: Vec::new(),
        receipt,
        at: jiff::Timestamp::now(),
    }
}
