//! A node's folder: configuration, keys, store, documents and control socket, and what the core is made from.
//!
//! ```text
//! node.toml  federation.toml      configuration
//! keys/                           secret keys (0600), certificates, trust bundle
//! journal.sqlite                  the journal: links, receipts, outbox
//! documents/                      bodies and documents, addressed by content
//! profile.toml  profile.toml.jws  values of the law that this administration decided, signed (where it has any)
//! mail-sent.json                  the last day whose digest each official has got (where reminders are sent)
//! pec.sqlite                      mails of the certified mailbox, sent and received (where there is one)
//! pec-folder.index                numbers of the files of a folder of mails (where one is read)
//! control.sock                    orders while the node serves
//! ```

use concerto_core::{Fault, Identity, Member, NodeConfig};
use concerto_crypto_openssl::{MessageSigner, OpensslCheck, OpensslRandom, SoftwareKey, x5t_s256};
use concerto_documents_fs::FolderStore;
use concerto_exchange::delivery::DeliveryConfig;
use concerto_federation_config::{Config, FederationFile, NodeFile};
use concerto_message::Digest;
use concerto_peer_libp2p::{KnownPeer, PeerIdentity, TransportConfig};
use concerto_port::{Clock, Room};
use concerto_trust::{AnchorKeys, Jwk, Jwks};
use data_encoding::BASE64;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock::{SystemClock, VirtualClock};
use crate::engine::Outside;
use crate::output::{Exit, Failure};
use crate::space::Space;

const PEER_KEY_BEGIN: &str = "-----BEGIN CONCERTO PEER KEY-----";
const PEER_KEY_END: &str = "-----END CONCERTO PEER KEY-----";
/// File that names the virtual clock of a training node, if it has one.
const CLOCK_LINK: &str = "virtual-clock";

/// A node's folder with its configuration, read and checked.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    pub(crate) folder: PathBuf,
    pub(crate) node: NodeFile,
    pub(crate) federation: FederationFile,
}

impl Home {
    /// Reads and checks the configuration; every problem is told at once.
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        let Config { node, federation, .. } =
            concerto_federation_config::load(folder).map_err(|problems| Failure::configuration(&problems))?;
        let home = Self { folder: folder.to_path_buf(), node, federation };
        crate::terms::profile::install(&home)?;
        Ok(home)
    }

    pub(crate) fn journal_path(&self) -> PathBuf {
        self.folder.join("journal.sqlite")
    }
    pub(crate) fn documents_path(&self) -> PathBuf {
        self.folder.join("documents")
    }
    /// The document store, with the room that the configuration gives it.
    pub(crate) fn documents(&self) -> Result<FolderStore, Failure> {
        let documents = &self.node.documents;
        let room = Room {
            quota_bytes: (documents.quota_bytes > 0).then_some(documents.quota_bytes),
            reserve_bytes: documents.reserve_bytes,
        };
        FolderStore::with_room(self.documents_path(), room).map_err(|e| Failure::environment(e.code(), &e))
    }
    pub(crate) fn socket_path(&self) -> PathBuf {
        self.folder.join("control.sock")
    }

    /// The disk under this folder, with its reserve.
    pub(crate) fn space(&self) -> Space {
        Space::new(&self.folder, self.node.limits.reserve_bytes)
    }

    /// The anchor's keys, as the federation file pins them.
    pub(crate) fn anchor(&self) -> Result<AnchorKeys, Failure> {
        let keys: Vec<Jwk> = self
            .federation
            .anchor_keys
            .iter()
            .map(|key| Jwk {
                kid: key.kid.clone(),
                ..Jwk::signing(key.key.clone(), algorithm_of(&key.key), &[])
            })
            .collect();
        let keys = Jwks::new(keys).ok_or_else(|| {
            Failure::environment("config.anchor.key", &"the anchor's keys cannot be listed")
        })?;
        Ok(AnchorKeys::new(self.federation.id.clone(), keys))
    }

    /// The node's trust bundle.
    pub(crate) fn bundle(&self) -> Result<Vec<u8>, Failure> {
        read(&self.folder.join(&self.node.keys.bundle))
    }

    /// The node's transport key.
    pub(crate) fn peer_identity(&self) -> Result<PeerIdentity, Failure> {
        let secret = read_peer_secret(&self.folder.join(&self.node.keys.peer))?;
        PeerIdentity::from_seed(secret).map_err(|e| Failure::environment(e.code(), &e))
    }

    /// What the core is made from.
    pub(crate) fn core_config(&self) -> Result<NodeConfig, Failure> {
        let members = self.federation.members.iter().filter(|m| m.enabled).map(|m| Member {
            writer: m.writer.clone(),
            entity: m.entity.to_string(),
            peer_id: m.peer_id.clone(),
        });
        let delivery = &self.node.delivery;
        Ok(NodeConfig {
            identity: Identity {
                writer: self.node.writer.clone(),
                entity: self.node.entity.to_string(),
                peer_id: self.peer_identity()?.peer_id(),
                federation: self.federation.id.clone(),
                bundle: self.bundle()?,
            },
            members: members.collect(),
            anchor: self.anchor()?,
            watch_clock: !self.folder.join(CLOCK_LINK).exists(),
            delivery: DeliveryConfig {
                retry_delay_min: Duration::from_secs(delivery.retry_seconds_min),
                retry_delay_max: Duration::from_secs(delivery.retry_seconds_max),
                ..DeliveryConfig::default()
            },
        })
    }

    /// What the transport is made from.
    pub(crate) fn transport_config(&self) -> Result<TransportConfig, Failure> {
        let mut config = TransportConfig::new(self.peer_identity()?);
        config.listen = self.node.listen.iter().map(ToString::to_string).collect();
        config.frame_bytes_max = usize::try_from(self.node.limits.frame_bytes_max).unwrap_or(usize::MAX);
        config.received_bytes_max =
            usize::try_from(self.node.limits.received_bytes_max).unwrap_or(usize::MAX);
        config.request_timeout = Duration::from_secs(self.node.delivery.answer_seconds);
        config.peers = self
            .federation
            .members
            .iter()
            .filter(|m| m.enabled && m.writer != self.node.writer)
            .map(|m| KnownPeer {
                name: m.writer.clone(),
                peer_id: m.peer_id.clone(),
                addresses: m.addresses.iter().map(ToString::to_string).collect(),
            })
            .collect();
        Ok(config)
    }

    /// The clock: the system's, or the virtual one that the folder names, in a training federation only.
    pub(crate) fn clock(&self) -> Result<Box<dyn Clock>, Failure> {
        let link = self.folder.join(CLOCK_LINK);
        if !link.exists() {
            return Ok(Box::new(SystemClock));
        }
        if !self.federation.training {
            let fault = Fault::new(
                "clock.not-training",
                "Un orologio virtuale è ammesso solo in una federazione di addestramento (training = true).",
                "A virtual clock is allowed only in a training federation (training = true).",
            );
            return Err(Failure { exit: Exit::Configuration, faults: vec![fault] });
        }
        let target = String::from_utf8_lossy(&read(&link)?).trim().to_owned();
        let clock = VirtualClock::open(PathBuf::from(target))
            .map_err(|e| Failure::environment("clock.virtual", &e))?;
        Ok(Box::new(clock))
    }

    /// Makes the node follow a virtual clock from its next start.
    pub(crate) fn follow_clock(folder: &Path, clock: &Path) -> Result<(), Failure> {
        Ok(std::fs::write(folder.join(CLOCK_LINK), clock.display().to_string())?)
    }

    /// Everything outside the core, without peers yet.
    pub(crate) fn outside(&self) -> Result<Outside, Failure> {
        let pem = read(&self.folder.join(&self.node.keys.message))?;
        let key = SoftwareKey::from_pkcs8_pem(&pem).map_err(|e| Failure::environment(e.code(), &e))?;
        let certificates = read_certificates(&self.folder.join(&self.node.keys.certificates))?;
        let leaf = certificates
            .first()
            .ok_or_else(|| Failure::environment("keys.certificate", &"the certificate file is empty"))?;
        let kid = key.public().thumbprint();
        let trust = Digest::of(&self.bundle()?);
        let documents = self.documents()?;
        Ok(Outside {
            documents: crate::failpoint::documents(documents),
            signer: Box::new(MessageSigner::new(key, kid, x5t_s256(leaf), trust)),
            check: Box::new(OpensslCheck::new()),
            random: Box::new(OpensslRandom),
            clock: self.clock()?,
            peers: None,
            transfers: None,
        })
    }
}

/// The algorithm that an anchor's key of this kind signs with.
fn algorithm_of(key: &concerto_message::PublicKey) -> concerto_message::Algorithm {
    use concerto_message::Algorithm;
    [Algorithm::Es256, Algorithm::Es384].into_iter().find(|a| key.fits(*a)).unwrap_or(Algorithm::Rs256)
}

/// Reads a file, naming it when that fails.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|e| Failure::environment("system.read", &format!("{}: {e}", path.display())))
}

/// The transport key as its file holds it: 32 secret bytes, in the armour of a PEM file.
pub(crate) fn peer_key_file(secret: &[u8; 32]) -> String {
    format!("{PEER_KEY_BEGIN}\n{}\n{PEER_KEY_END}\n", BASE64.encode(secret))
}

fn read_peer_secret(path: &Path) -> Result<[u8; 32], Failure> {
    let text = String::from_utf8_lossy(&read(path)?).into_owned();
    let inner = text.trim().strip_prefix(PEER_KEY_BEGIN).and_then(|t| t.strip_suffix(PEER_KEY_END));
    let secret = inner.and_then(|t| BASE64.decode(t.trim().as_bytes()).ok()).and_then(|b| b.try_into().ok());
    secret.ok_or_else(|| {
        Failure::environment("keys.peer", &format!("{}: not a Concerto peer key", path.display()))
    })
}

/// Certificates as PEM, the leaf first.
pub(crate) fn certificates_file(ders: &[Vec<u8>]) -> String {
    let mut text = String::new();
    for der in ders {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let encoded = BASE64.encode(der);
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            let (line, more) = rest.split_at(rest.len().min(64));
            text.push_str(line);
            text.push('\n');
            rest = more;
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}

pub(crate) fn read_certificates(path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let text = String::from_utf8_lossy(&read(path)?).into_owned();
    let bad =
        || Failure::environment("keys.certificate", &format!("{}: not a PEM certificate", path.display()));
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    blocks
        .map(|block| {
            let (body, _) = block.split_once("-----END CERTIFICATE-----").ok_or_else(bad)?;
            let compact: String = body.split_whitespace().collect();
            BASE64.decode(compact.as_bytes()).map_err(|_| bad())
        })
        .collect()
}
