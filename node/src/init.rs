//! `concerto init`: makes a node's folder with keys and configuration, and a local anchor that enrols it.
//!
//! A local anchor serves trials, training and a federation of one office; a federation run by a Region enrols nodes with its own
//! key and gives them their bundle.

use concerto_crypto_openssl::{
    KeyKind, OpensslCheck, PeerKey, SoftwareKey, Subject, Validity as CertificateValidity, issue,
    self_signed_ca,
};
use concerto_federation_config::{Address, AnchorKey, FederationFile, Member, NodeFile};
use concerto_message::{FederationId, PublicKey, Writer};
use concerto_trust::anchor::{key_set, sign};
use concerto_trust::entity::{CdsNode, VouchedCodes};
use concerto_trust::{
    EntityConfiguration, Jwk, Jwks, LocalAnchor, NodeDescription, PeerEntry, PeerId, SigningFailed,
    SigningKey, StatementSigner, Validity, peer_proof_input,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::home::{certificates_file, peer_key_file, read};
use crate::output::{Failure, Output};

/// The reserve of a node in a training federation.
const TRAINING_RESERVE_BYTES: u64 = 1024 * 1024;

/// A local anchor's statements last this long; part of a trial, not of a federation's policy.
pub(crate) const VALIDITY_DAYS: i64 = 397;

/// What `init` is told.
#[derive(Debug, Clone)]
pub(crate) struct NewNode {
    pub(crate) writer: Writer,
    pub(crate) name: String,
    pub(crate) entity: FederationId,
    pub(crate) listen: Vec<Address>,
    pub(crate) valid_from: Timestamp,
}

/// A local anchor's folder.
pub(crate) struct AnchorFolder {
    key: SoftwareKey,
    certificate: Vec<u8>,
    federation: FederationFile,
}

impl AnchorFolder {
    /// Makes a local anchor.
    pub(crate) fn create(
        folder: &Path,
        id: &FederationId,
        name: &str,
        training: bool,
        from: Timestamp,
    ) -> Result<Self, Failure> {
        make_folder(folder)?;
        let key = generate()?;
        let (from, until) = validity(from);
        let validity = CertificateValidity { not_before_s: from.as_second(), not_after_s: until.as_second() };
        let certificate = self_signed_ca(&key, name, name, validity).map_err(crypto)?;
        let federation = FederationFile {
            id: id.clone(),
            name: name.to_owned(),
            training,
            anchor_keys: vec![AnchorKey { kid: key.public().thumbprint(), key: key.public().clone() }],
            members: Vec::new(),
        };
        write_secret(&folder.join("anchor.pem"), &key.to_pkcs8_pem().map_err(crypto)?)?;
        write_new(
            &folder.join("anchor.crt"),
            certificates_file(std::slice::from_ref(&certificate)).as_bytes(),
        )?;
        let anchor = Self { key, certificate, federation };
        anchor.save(folder)?;
        Ok(anchor)
    }

    /// Opens a local anchor made before.
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        let key = SoftwareKey::from_pkcs8_pem(&read(&folder.join("anchor.pem"))?).map_err(crypto)?;
        let certificate =
            crate::home::read_certificates(&folder.join("anchor.crt"))?.into_iter().next().ok_or_else(
                || Failure::environment("keys.certificate", &"the anchor's certificate is missing"),
            )?;
        let text = String::from_utf8_lossy(&read(&folder.join("federation.toml"))?).into_owned();
        let federation = FederationFile::parse("federation.toml", &text)
            .map_err(|problems| Failure::configuration(&problems))?;
        Ok(Self { key, certificate, federation })
    }

    /// The federation as its members know it.
    pub(crate) fn federation(&self) -> &FederationFile {
        &self.federation
    }

    /// Writes the federation file.
    pub(crate) fn save(&self, folder: &Path) -> Result<(), Failure> {
        Ok(std::fs::write(folder.join("federation.toml"), self.federation.to_toml())?)
    }

    /// Makes a node's folder, enrolled by this anchor, and lists it as a member.
    pub(crate) fn enrol(&mut self, folder: &Path, new: &NewNode) -> Result<(), Failure> {
        let name = new.writer.to_string();
        if self.federation.members.iter().any(|m| m.writer == new.writer) {
            return Err(Failure::usage(
                "init.member",
                format!("{name} fa già parte della federazione."),
                format!("{name} is a member of the federation already."),
            ));
        }
        make_folder(folder)?;
        make_folder(&folder.join("keys"))?;
        let (message, federation_key) = (generate()?, generate()?);
        let peer = PeerKey::generate().map_err(crypto)?;
        let peer_id = PeerId::of_ed25519(*peer.public());
        let certificates = self.certificates(&message, new)?;
        let description = self.describe(new, &message, &certificates, &peer, &peer_id)?;
        let bundle = self.bundle(new, description, &federation_key)?;
        write_secret(&folder.join("keys/message.pem"), &message.to_pkcs8_pem().map_err(crypto)?)?;
        write_secret(&folder.join("keys/federation.pem"), &federation_key.to_pkcs8_pem().map_err(crypto)?)?;
        write_secret(&folder.join("keys/peer.pem"), peer_key_file(peer.secret()).as_bytes())?;
        write_new(&folder.join("keys/certificates.pem"), certificates_file(&certificates).as_bytes())?;
        write_new(&folder.join("keys/bundle.json"), &bundle)?;
        let mut node = NodeFile::new(new.writer.clone(), new.name.clone(), new.entity.clone());
        node.listen.clone_from(&new.listen);
        if self.federation.training {
            node.limits.reserve_bytes = TRAINING_RESERVE_BYTES; // several such nodes often share a small disk
        }
        write_new(&folder.join("node.toml"), node.to_toml().as_bytes())?;
        self.federation.members.push(Member {
            writer: new.writer.clone(),
            name: new.name.clone(),
            entity: new.entity.clone(),
            peer_id: peer_id.as_str().to_owned(),
            addresses: new.listen.clone(),
            enabled: true,
            pec: None,
        });
        Ok(())
    }

    fn certificates(&self, message: &SoftwareKey, new: &NewNode) -> Result<Vec<Vec<u8>>, Failure> {
        let (from, until) = validity(new.valid_from);
        let validity = CertificateValidity { not_before_s: from.as_second(), not_after_s: until.as_second() };
        let subject = Subject {
            name: new.name.clone(),
            ipa: new.writer.ipa.clone(),
            aoos: vec![new.writer.aoo.clone()],
        };
        let leaf =
            issue(&self.certificate, &self.key, message.public(), &subject, validity).map_err(crypto)?;
        Ok(vec![leaf, self.certificate.clone()])
    }

    fn describe(
        &self,
        new: &NewNode,
        message: &SoftwareKey,
        certificates: &[Vec<u8>],
        peer: &PeerKey,
        peer_id: &PeerId,
    ) -> Result<NodeDescription, Failure> {
        let entity = new.entity.clone().into();
        let proof =
            peer.sign(peer_proof_input(&self.federation.id, &entity, peer_id).as_bytes()).map_err(crypto)?;
        let key = Jwk::signing(message.public().clone(), message.algorithm(), certificates);
        let message_keys = Jwks::new(vec![key])
            .ok_or_else(|| Failure::environment("keys.message", &"the key cannot be listed"))?;
        Ok(NodeDescription {
            authority_hints: vec![self.federation.id.clone().into()],
            name: new.name.clone(),
            node: CdsNode {
                ipa_code: new.writer.ipa.clone(),
                aoo_codes: vec![new.writer.aoo.clone()],
                message_keys,
                peers: vec![PeerEntry::new(peer_id.clone(), &proof)],
                endpoints: new.listen.iter().map(ToString::to_string).collect(),
                pec: None,
            },
            entity,
        })
    }

    fn bundle(
        &self,
        new: &NewNode,
        description: NodeDescription,
        federation_key: &SoftwareKey,
    ) -> Result<Vec<u8>, Failure> {
        let (from, until) = validity(new.valid_from);
        let validity = Validity { from, until };
        let node_signer = signing(federation_key);
        let wrong = |e: concerto_trust::WriteError| Failure::environment(e.code(), &e);
        let own_keys = key_set(&node_signer).map_err(|e| Failure::environment(e.code(), &e))?;
        let configuration = EntityConfiguration::of_node(description, own_keys, from, until)
            .map_err(|e| Failure::environment(e.code(), &e))?;
        let configuration = sign(&configuration, &node_signer).map_err(wrong)?;
        let codes =
            VouchedCodes { ipa_code: new.writer.ipa.clone(), aoo_codes: vec![new.writer.aoo.clone()] };
        let anchor = LocalAnchor { entity: self.federation.id.clone(), name: self.federation.name.clone() };
        let bundle = anchor
            .enrol(configuration, &codes, &OpensslCheck::new(), &signing(&self.key), validity)
            .map_err(wrong)?;
        Ok(bundle.bytes().to_vec())
    }
}

/// `concerto init`.
pub(crate) fn run(
    out: Output,
    folder: &Path,
    anchor: &Path,
    federation: &FederationId,
    training: bool,
    new: &NewNode,
) -> Result<(), Failure> {
    let mut anchor_folder = if anchor.join("anchor.pem").exists() {
        AnchorFolder::open(anchor)?
    } else {
        AnchorFolder::create(anchor, federation, federation.as_str(), training, new.valid_from)?
    };
    anchor_folder.enrol(folder, new)?;
    anchor_folder.save(anchor)?;
    std::fs::write(folder.join("federation.toml"), anchor_folder.federation().to_toml())?;
    let text = if out.italian() {
        format!(
            "Nodo di {} ({}) creato in {}.\nFederazione: {} (ancora locale in {}).\nCopiare {} nella cartella di ogni altro nodo, poi: concerto --home {} serve",
            new.name,
            new.writer,
            folder.display(),
            anchor_folder.federation().id,
            anchor.display(),
            anchor.join("federation.toml").display(),
            folder.display()
        )
    } else {
        format!(
            "Node of {} ({}) made in {}.\nFederation: {} (local anchor in {}).\nCopy {} into every other node's folder, then: concerto --home {} serve",
            new.name,
            new.writer,
            folder.display(),
            anchor_folder.federation().id,
            anchor.display(),
            anchor.join("federation.toml").display(),
            folder.display()
        )
    };
    out.result(&text, &json!({ "folder": folder, "writer": new.writer, "anchor": anchor, "federation": anchor_folder.federation().id }));
    Ok(())
}

fn generate() -> Result<SoftwareKey, Failure> {
    SoftwareKey::generate(KeyKind::P256).map_err(crypto)
}

fn crypto(error: concerto_crypto_openssl::CryptoError) -> Failure {
    Failure::environment(error.code(), &error)
}

fn validity(from: Timestamp) -> (Timestamp, Timestamp) {
    let start = from.checked_sub(SignedDuration::from_hours(24)).unwrap_or(from);
    let until = from.checked_add(SignedDuration::from_hours(24 * VALIDITY_DAYS)).unwrap_or(from);
    let whole = |t: Timestamp| Timestamp::from_second(t.as_second()).unwrap_or(t);
    (whole(start), whole(until))
}

fn signing(key: &SoftwareKey) -> impl StatementSigner + '_ {
    let public: PublicKey = key.public().clone();
    SigningKey::new(public, key.algorithm(), |bytes: &[u8]| {
        key.sign(bytes).map_err(|e| SigningFailed(e.to_string()))
    })
}

fn make_folder(folder: &Path) -> Result<(), Failure> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|e| Failure::environment("system.folder", &format!("{}: {e}", folder.display())))
}

fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_with_mode(path, bytes, 0o600)
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_with_mode(path, bytes, 0o644)
}

/// Writes a file that must not exist yet: keys are never overwritten.
fn write_with_mode(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    use std::io::Write;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .map_err(|e| Failure::environment("init.exists", &format!("{}: {e}", path.display())))?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}
