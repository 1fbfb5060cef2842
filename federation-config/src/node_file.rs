//! `node.toml`: who the node is, where it listens, where its keys lie, how it delivers.

use std::path::{Path, PathBuf};

use concerto_message::{FederationId, Writer};

use crate::address::{Address, Wrong};
use crate::api_file::{self, Api};
use crate::field::{Found, Reading, Section, read_path, value_error};
use crate::mail_file::{self, MailSettings};
use crate::pec_file::{self, PecSettings};
use crate::problem::{Code, Language, Problem, text};
use crate::render::{self, Rendered};

/// Longest name of a body, in characters.
pub(crate) const NAME_CHARS_MAX: usize = 200;
/// The longest pause between two attempts, in seconds (protocols/PROTOCOL.md, "Exchange").
const RETRY_SECONDS_LIMIT: u64 = 900;
const MIB: u64 = 1024 * 1024;
/// Greatest number of bytes that a file may name: 1 PiB.
const BYTES_LIMIT: u64 = 1 << 50;
/// Least quota: a conference's texts and small documents must have room.
const QUOTA_BYTES_LEAST: u64 = 64 * MIB;
/// Least rate: slower, and peers would take this node for a silent one.
const RATE_LEAST: u64 = 64 * 1024;

/// `node.toml` as values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFile {
    /// The chain that the node writes.
    pub writer: Writer,
    /// The body's name as shown to people.
    pub name: String,
    /// The body's entity identifier, an `https` URL (OpenID Federation 1.0 section 1.2).
    pub entity: FederationId,
    /// The language of screens and messages.
    pub language: Language,
    /// Where the node listens for peers.
    pub listen: Vec<Address>,
    /// The local API.
    pub api: Api,
    /// Where the keys lie.
    pub keys: KeyFiles,
    /// Where the federation is described.
    pub federation_file: PathBuf,
    /// How the node delivers.
    pub delivery: Delivery,
    /// Bounds.
    pub limits: Limits,
    /// How documents are kept and moved.
    pub documents: Documents,
    /// Reminders by ordinary e-mail.
    pub mail: MailSettings,
    /// The certified mailbox.
    pub pec: PecSettings,
}

/// The node's key files, relative to its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFiles {
    /// The secret message key.
    pub message: PathBuf,
    /// The certificate of the message key and its chain.
    pub certificates: PathBuf,
    /// The secret transport key.
    pub peer: PathBuf,
    /// The trust bundle that the node's messages name.
    pub bundle: PathBuf,
}

impl Default for KeyFiles {
    fn default() -> Self {
        Self {
            message: PathBuf::from("keys/message.pem"),
            certificates: PathBuf::from("keys/certificates.pem"),
            peer: PathBuf::from("keys/peer.pem"),
            bundle: PathBuf::from("keys/bundle.json"),
        }
    }
}

/// How the node delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// The first pause before a message is sent again, in seconds.
    pub retry_seconds_min: u64,
    /// The longest pause, in seconds; at most 900.
    pub retry_seconds_max: u64,
    /// Messages to one peer without a receipt yet, 1 to 256.
    pub in_flight: u64,
    /// How long a peer may take to answer a frame, in seconds.
    pub answer_seconds: u64,
    /// After how many hours without receipt a message that starts a term goes by PEC; at most 8, one working day.
    pub pec_after_hours: u64,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            retry_seconds_min: 5,
            retry_seconds_max: RETRY_SECONDS_LIMIT,
            in_flight: 64,
            answer_seconds: 30,
            pec_after_hours: 4,
        }
    }
}

/// Bounds of what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Greatest frame sent or accepted, in bytes.
    pub frame_bytes_max: u64,
    /// Greatest sum of frames received and not yet worked on, in bytes.
    pub received_bytes_max: u64,
    /// Size of the reserve on the node's disk, in bytes.
    pub reserve_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes_max: 9 * MIB + 64 * 1024,
            received_bytes_max: 72 * MIB + 512 * 1024,
            reserve_bytes: 64 * MIB,
        }
    }
}

/// How documents are kept and moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Documents {
    /// Most bytes of disk that all documents may take; 0: no bound.
    pub quota_bytes: u64,
    /// Bytes of disk that documents leave free, for the journal and its receipts.
    pub reserve_bytes: u64,
    /// Most bytes a second of documents to one peer, and as many from it; 0: no bound, else at least 64 KiB.
    pub peer_bytes_per_second: u64,
}

impl Default for Documents {
    fn default() -> Self {
        Self { quota_bytes: 0, reserve_bytes: 256 * MIB, peer_bytes_per_second: 0 }
    }
}

impl NodeFile {
    /// A file with every default.
    pub fn new(writer: Writer, name: impl Into<String>, entity: FederationId) -> Self {
        Self {
            writer,
            name: name.into(),
            entity,
            language: Language::default(),
            listen: Vec::new(),
            api: Api::default(),
            keys: KeyFiles::default(),
            federation_file: PathBuf::from("federation.toml"),
            delivery: Delivery::default(),
            limits: Limits::default(),
            documents: Documents::default(),
            mail: MailSettings::default(),
            pec: PecSettings::default(),
        }
    }

    /// Reads the text of the file called `file`.
    ///
    /// # Errors
    /// Every problem of it.
    pub fn parse(file: &str, toml: &str) -> Result<Self, Vec<Problem>> {
        let mut reading = Reading::new(file, toml);
        let node = reading.parse().and_then(|table| read(&mut reading, &table));
        match node {
            Some(node) if reading.problems.is_empty() => Ok(node),
            _ => Err(reading.problems),
        }
    }

    /// The commented file with these values.
    pub fn to_toml(&self) -> String {
        let filled = render::fill(crate::default_node_toml(), |section, key| self.rendered(section, key));
        filled + &self.api.rendered_webhooks() + &self.mail.rendered_officials()
    }

    fn rendered(&self, section: &str, key: &str) -> Option<Rendered> {
        let path = |p: &Path| Rendered::text(&p.to_string_lossy());
        Some(match (section, key) {
            ("node", "writer") => Rendered::text(&self.writer.to_string()),
            ("node", "name") => Rendered::text(&self.name),
            ("node", "entity") => Rendered::text(self.entity.as_str()),
            ("node", "language") => Rendered::text(self.language.as_str()),
            ("listen", "libp2p") => Rendered::list(self.listen.iter().map(Address::to_string)),
            ("api", "listen") => self.api.rendered_listen(),
            ("keys", "message") => path(&self.keys.message),
            ("keys", "certificates") => path(&self.keys.certificates),
            ("keys", "peer") => path(&self.keys.peer),
            ("keys", "bundle") => path(&self.keys.bundle),
            ("federation", "file") => path(&self.federation_file),
            ("delivery", "retry_seconds_min") => Rendered::number(self.delivery.retry_seconds_min),
            ("delivery", "retry_seconds_max") => Rendered::number(self.delivery.retry_seconds_max),
            ("delivery", "in_flight") => Rendered::number(self.delivery.in_flight),
            ("delivery", "answer_seconds") => Rendered::number(self.delivery.answer_seconds),
            ("delivery", "pec_after_hours") => Rendered::number(self.delivery.pec_after_hours),
            ("limits", "frame_bytes_max") => Rendered::number(self.limits.frame_bytes_max),
            ("limits", "received_bytes_max") => Rendered::number(self.limits.received_bytes_max),
            ("limits", "reserve_bytes") => Rendered::number(self.limits.reserve_bytes),
            ("documents", "quota_bytes") => Rendered::number(self.documents.quota_bytes),
            ("documents", "reserve_bytes") => Rendered::number(self.documents.reserve_bytes),
            ("documents", "peer_bytes_per_second") => Rendered::number(self.documents.peer_bytes_per_second),
            ("mail", key) => return self.mail.rendered(key),
            ("pec", key) => return self.pec.rendered(key),
            _ => return None,
        })
    }
}

fn read(reading: &mut Reading<'_>, table: &toml::de::DeTable<'_>) -> Option<NodeFile> {
    let mut root = Section::root(table);

    let mut node = root.section(reading, "node");
    let writer = node.read(reading, "writer", None, read_writer);
    let name = node.read(reading, "name", None, read_name);
    let entity = node.read(reading, "entity", None, read_url);
    let language = node.read(reading, "language", Some(Language::default()), read_language);
    node.finish(reading);

    let mut listen = root.section(reading, "listen");
    let addresses = listen.read_list(reading, "libp2p", read_listen);
    listen.finish(reading);

    let api = api_file::read(reading, &mut root);
    let keys = read_keys(reading, &mut root);

    let mut federation = root.section(reading, "federation");
    let file = federation.read(reading, "file", Some(PathBuf::from("federation.toml")), read_path);
    federation.finish(reading);

    let delivery = read_delivery(reading, &mut root);
    let limits = read_limits(reading, &mut root);
    let documents = read_documents(reading, &mut root);
    let mail = mail_file::read(reading, &mut root);
    let pec = pec_file::read(reading, &mut root);
    root.finish(reading);
    Some(NodeFile {
        writer: writer?.value,
        name: name?.value,
        entity: entity?.value,
        language: language?.value,
        listen: addresses?.into_iter().map(|a| a.value).collect(),
        api: api?,
        keys: keys?,
        federation_file: file?.value,
        delivery: delivery?,
        limits: limits?,
        documents: documents?,
        mail: mail?,
        pec: pec?,
    })
}

fn read_keys(reading: &mut Reading<'_>, root: &mut Section<'_, '_>) -> Option<KeyFiles> {
    let defaults = KeyFiles::default();
    let mut keys = root.section(reading, "keys");
    let message = keys.read(reading, "message", Some(defaults.message), read_path);
    let certificates = keys.read(reading, "certificates", Some(defaults.certificates), read_path);
    let peer = keys.read(reading, "peer", Some(defaults.peer), read_path);
    let bundle = keys.read(reading, "bundle", Some(defaults.bundle), read_path);
    keys.finish(reading);
    Some(KeyFiles {
        message: message?.value,
        certificates: certificates?.value,
        peer: peer?.value,
        bundle: bundle?.value,
    })
}

fn read_delivery(reading: &mut Reading<'_>, root: &mut Section<'_, '_>) -> Option<Delivery> {
    let defaults = Delivery::default();
    let limit = RETRY_SECONDS_LIMIT;
    let mut delivery = root.section(reading, "delivery");
    let min = delivery.number(reading, "retry_seconds_min", defaults.retry_seconds_min, 1..=limit);
    let max = delivery.number(reading, "retry_seconds_max", defaults.retry_seconds_max, 1..=limit);
    let in_flight = delivery.number(reading, "in_flight", defaults.in_flight, 1..=256);
    let answer = delivery.number(reading, "answer_seconds", defaults.answer_seconds, 5..=120);
    let pec = delivery.number(reading, "pec_after_hours", defaults.pec_after_hours, 1..=8);
    delivery.finish(reading);
    let (min, max) = (min?, max?);
    not_below(reading, &max, min.value, ("retry_seconds_min", min.value));
    Some(Delivery {
        retry_seconds_min: min.value,
        retry_seconds_max: max.value,
        in_flight: in_flight?.value,
        answer_seconds: answer?.value,
        pec_after_hours: pec?.value,
    })
}

fn read_limits(reading: &mut Reading<'_>, root: &mut Section<'_, '_>) -> Option<Limits> {
    let defaults = Limits::default();
    let mut limits = root.section(reading, "limits");
    let frame = limits.number(reading, "frame_bytes_max", defaults.frame_bytes_max, 9 * MIB..=64 * MIB);
    let received =
        limits.number(reading, "received_bytes_max", defaults.received_bytes_max, 18 * MIB..=1024 * MIB);
    let reserve = limits.number(reading, "reserve_bytes", defaults.reserve_bytes, MIB..=16 * 1024 * MIB);
    limits.finish(reading);
    let (frame, received) = (frame?, received?);
    not_below(reading, &received, frame.value * 2, ("2 * frame_bytes_max", frame.value * 2));
    Some(Limits {
        frame_bytes_max: frame.value,
        received_bytes_max: received.value,
        reserve_bytes: reserve?.value,
    })
}

fn read_documents(reading: &mut Reading<'_>, root: &mut Section<'_, '_>) -> Option<Documents> {
    let defaults = Documents::default();
    let mut documents = root.section(reading, "documents");
    let quota = documents.number(reading, "quota_bytes", defaults.quota_bytes, 0..=BYTES_LIMIT);
    let reserve = documents.number(reading, "reserve_bytes", defaults.reserve_bytes, 64 * MIB..=BYTES_LIMIT);
    let rate =
        documents.number(reading, "peer_bytes_per_second", defaults.peer_bytes_per_second, 0..=BYTES_LIMIT);
    documents.finish(reading);
    let (quota, rate) = (quota?, rate?);
    if quota.value > 0 {
        not_below(reading, &quota, QUOTA_BYTES_LEAST, ("quota_bytes", QUOTA_BYTES_LEAST));
    }
    if rate.value > 0 {
        not_below(reading, &rate, RATE_LEAST, ("peer_bytes_per_second", RATE_LEAST));
    }
    Some(Documents {
        quota_bytes: quota.value,
        reserve_bytes: reserve?.value,
        peer_bytes_per_second: rate.value,
    })
}

/// A greatest value below the least one it must allow.
fn not_below(reading: &mut Reading<'_>, found: &Found<u64>, least: u64, what: (&str, u64)) {
    if found.value >= least {
        return;
    }
    let (name, value) = what;
    let wrong = (
        Code::Range,
        text(format!("è minore di {name} ({value})"), format!("it is less than {name} ({value})")),
        text(format!("Scrivere almeno {value}"), format!("Write at least {value}")),
    );
    reading.push(&found.at, found.span.clone(), wrong);
}

/// A writer, `<IPA>/<AOO>`.
pub(crate) fn read_writer(written: &str) -> Result<Writer, Wrong> {
    written.parse().map_err(|_| {
        value_error(
            text(
                format!("`{}` non è un codice IPA e un codice AOO", cut(written)),
                format!("`{}` is not an IPA code and an AOO code", cut(written)),
            ),
            text(
                "Scrivere IPA/AOO, per esempio r_marche/AOO0001",
                "Write IPA/AOO, for example r_marche/AOO0001",
            ),
        )
    })
}

/// The name of a body.
pub(crate) fn read_name(written: &str) -> Result<String, Wrong> {
    let count = written.trim().chars().count();
    if (1..=NAME_CHARS_MAX).contains(&count) && !written.chars().any(char::is_control) {
        return Ok(written.trim().to_owned());
    }
    Err(value_error(
        text(
            "il nome è vuoto, troppo lungo o su più righe",
            "the name is empty, too long or on several lines",
        ),
        text(
            format!("Scrivere la denominazione dell'ente, fino a {NAME_CHARS_MAX} caratteri"),
            format!("Write the body's name, up to {NAME_CHARS_MAX} characters"),
        ),
    ))
}

/// An entity identifier.
pub(crate) fn read_url(written: &str) -> Result<FederationId, Wrong> {
    written.parse().map_err(|_| {
        value_error(
            text(
                format!("`{}` non è un URL https senza query e senza #", cut(written)),
                format!("`{}` is no https URL without query and without #", cut(written)),
            ),
            text(
                "Scrivere l'identificativo dell'ente nella federazione, per esempio https://conferenze.comune.example",
                "Write the body's identifier in the federation, for example https://conferenze.comune.example",
            ),
        )
    })
}

pub(crate) fn read_language(written: &str) -> Result<Language, Wrong> {
    match written {
        "it" => Ok(Language::Italian),
        "en" => Ok(Language::English),
        _ => Err(value_error(
            text(
                format!("la lingua `{}` non esiste", cut(written)),
                format!("there is no language `{}`", cut(written)),
            ),
            text("Scrivere \"it\" o \"en\"", "Write \"it\" or \"en\""),
        )),
    }
}

fn read_listen(written: &str) -> Result<Address, Wrong> {
    let address = Address::read(written)?;
    if address.peer_id.is_none() {
        return Ok(address);
    }
    Err((
        Code::Address,
        text("un indirizzo di ascolto non ha la parte /p2p", "a listening address has no /p2p part"),
        text("Togliere /p2p e ciò che segue", "Remove /p2p and what follows"),
    ))
}

fn cut(written: &str) -> String {
    written.chars().take(80).collect()
}
