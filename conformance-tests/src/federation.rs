//! An invented federation with real keys: an anchor, its members with certificates and transport identities, and a second anchor
//! that vouches for a stranger. Made once for each process, because keys and certificates take a while.

use concerto_core::{Identity, Member, NodeConfig};
use concerto_crypto_openssl::{
    KeyKind, MessageSigner, OpensslCheck, PeerKey, SoftwareKey, Subject, issue, self_signed_ca, x5t_s256,
};
use concerto_exchange::delivery::DeliveryConfig;
use concerto_federation_config::{FederationFile, NodeFile};
use concerto_message::jose::{ContentType, SerializationType};
use concerto_message::{Digest, FederationId, Header, Writer};
use concerto_port::Signer;
use concerto_trust::anchor::{key_set, sign};
use concerto_trust::entity::{CdsNode, VouchedCodes};
use concerto_trust::{
    AnchorKeys, EntityConfiguration, Jwk, Jwks, LocalAnchor, NodeDescription, PeerEntry, PeerId,
    SigningFailed, SigningKey, StatementSigner, Validity, peer_proof_input,
};
use data_encoding::BASE64;
use jiff::Timestamp;
use std::path::Path;
use std::sync::LazyLock;

/// The procedente of every simulated conference.
pub const LEAD: &str = "r_prova/URB";
/// Bodies that are called, in the order in which simulations add nodes for them.
pub const BODIES: [&str; 4] = ["c_prova/PROT", "p_prova/PROT", "m_prova/SABAP", "u_prova/PROT"];
/// A member of the federation that is called to no conference.
pub const BYSTANDER: &str = "x_prova/PROT";
/// A writer that another federation vouches for.
pub const STRANGER: &str = "s_altrove/PROT";

const FROM_S: i64 = 1_767_225_600; // 2026-01-01T00:00:00Z
const UNTIL_S: i64 = 1_893_456_000; // 2030-01-01T00:00:00Z

/// The keys and the trust bundle of one office.
pub struct Office {
    /// The writer of its chains.
    pub writer: Writer,
    /// Its entity identifier.
    pub entity: String,
    /// Its transport identity.
    pub peer_id: String,
    /// The federation that vouches for it.
    pub federation: FederationId,
    /// Its trust bundle.
    pub bundle: Vec<u8>,
    key: SoftwareKey,
    certificate: String,
}

impl Office {
    /// The office of a node's folder that `concerto init` made.
    pub fn of_folder(folder: &Path) -> Self {
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let node = NodeFile::parse("node.toml", &read("node.toml")).unwrap();
        let federation = FederationFile::parse("federation.toml", &read("federation.toml")).unwrap();
        let member = federation.members.iter().find(|m| m.writer == node.writer).unwrap();
        let first = read("keys/certificates.pem");
        let first = first.split("-----").nth(2).unwrap().split_whitespace().collect::<String>();
        Self {
            writer: node.writer.clone(),
            entity: node.entity.to_string(),
            peer_id: member.peer_id.clone(),
            federation: federation.id.clone(),
            bundle: read("keys/bundle.json").into_bytes(),
            key: SoftwareKey::from_pkcs8_pem(read("keys/message.pem").as_bytes()).unwrap(),
            certificate: x5t_s256(&BASE64.decode(first.as_bytes()).unwrap()),
        }
    }

    /// A signer with its message key.
    pub fn signer(&self) -> MessageSigner {
        let kid = self.key.public().thumbprint();
        MessageSigner::new(self.key.clone(), kid, self.certificate.clone(), self.trust())
    }

    /// The digest of its bundle, as headers name it.
    pub fn trust(&self) -> Digest {
        Digest::of(&self.bundle)
    }

    /// The protected header of something that it signs at `at`.
    pub fn header(&self, cty: ContentType, at: Timestamp) -> Header {
        let signer = self.signer();
        Header {
            alg: signer.algorithm(),
            cty,
            iat: at.as_second(),
            kid: signer.kid().to_owned(),
            trust: self.trust(),
            typ: SerializationType::Jose,
            x5t_s256: self.certificate.clone(),
        }
    }

    /// Its signature with its message key.
    pub fn sign(&self, signing_input: &str) -> Vec<u8> {
        self.key.sign(signing_input.as_bytes()).unwrap()
    }

    /// How others list it.
    pub fn member(&self) -> Member {
        Member { writer: self.writer.clone(), entity: self.entity.clone(), peer_id: self.peer_id.clone() }
    }
}

/// A federation: the anchor's pinned keys and the offices it vouches for.
pub struct Federation {
    /// Pinned by every node.
    pub anchor: AnchorKeys,
    offices: Vec<Office>,
}

impl Federation {
    /// An office by its writer.
    pub fn office(&self, writer: &str) -> &Office {
        self.offices.iter().find(|o| o.writer.to_string() == writer).unwrap()
    }

    /// All offices.
    pub fn offices(&self) -> &[Office] {
        &self.offices
    }

    /// What the node of an office is made from: it knows every member.
    pub fn config(&self, writer: &str) -> NodeConfig {
        let office = self.office(writer);
        NodeConfig {
            identity: Identity {
                writer: office.writer.clone(),
                entity: office.entity.clone(),
                peer_id: office.peer_id.clone(),
                federation: office.federation.clone(),
                bundle: office.bundle.clone(),
            },
            members: self.offices.iter().map(Office::member).collect(),
            anchor: self.anchor.clone(),
            delivery: DeliveryConfig::default(),
            watch_clock: false,
        }
    }
}

static FEDERATION: LazyLock<Federation> = LazyLock::new(|| {
    let writers: Vec<&str> = [LEAD, BYSTANDER].into_iter().chain(BODIES).collect();
    found("https://ancora.example", &writers)
});
static OTHER: LazyLock<Federation> = LazyLock::new(|| found("https://altra.example", &[STRANGER, BODIES[0]]));

/// The federation of the simulations.
pub fn federation() -> &'static Federation {
    &FEDERATION
}

/// Another federation, with a stranger and with a writer of the same codes as the first body's.
pub fn other_federation() -> &'static Federation {
    &OTHER
}

fn signer(key: &SoftwareKey) -> impl StatementSigner + '_ {
    SigningKey::new(key.public().clone(), key.algorithm(), |bytes: &[u8]| {
        key.sign(bytes).map_err(|e| SigningFailed(e.to_string()))
    })
}

fn found(anchor: &str, writers: &[&str]) -> Federation {
    let anchor = LocalAnchor { entity: anchor.parse().unwrap(), name: "Ancora di prova".into() };
    let key = SoftwareKey::generate(KeyKind::P256).unwrap();
    let validity = concerto_crypto_openssl::Validity { not_before_s: FROM_S, not_after_s: UNTIL_S };
    let authority = self_signed_ca(&key, "Ancora di prova", &anchor.name, validity).unwrap();
    let offices = writers.iter().map(|writer| enrol(&anchor, &key, &authority, writer)).collect();
    Federation { anchor: anchor.keys(&signer(&key)).unwrap(), offices }
}

/// Makes the keys of an office and has the anchor vouch for them.
fn enrol(anchor: &LocalAnchor, anchor_key: &SoftwareKey, authority: &[u8], writer: &str) -> Office {
    let writer: Writer = writer.parse().unwrap();
    let entity = format!("https://{}.example", writer.ipa.as_str().replace('_', "-"));
    let [node_key, message_key] = [(); 2].map(|()| SoftwareKey::generate(KeyKind::P256).unwrap());
    let peer_key = PeerKey::generate().unwrap();
    let peer_id = PeerId::of_ed25519(*peer_key.public());
    let proof = peer_proof_input(&anchor.entity, &entity.parse().unwrap(), &peer_id);
    let subject =
        Subject { name: format!("Ente {writer}"), ipa: writer.ipa.clone(), aoos: vec![writer.aoo.clone()] };
    let validity = concerto_crypto_openssl::Validity { not_before_s: FROM_S, not_after_s: UNTIL_S };
    let certificate = issue(authority, anchor_key, message_key.public(), &subject, validity).unwrap();
    let listed = Jwk::signing(
        message_key.public().clone(),
        message_key.algorithm(),
        &[certificate.clone(), authority.to_vec()],
    );
    let codes = VouchedCodes { ipa_code: writer.ipa.clone(), aoo_codes: vec![writer.aoo.clone()] };
    let about = NodeDescription {
        entity: entity.parse().unwrap(),
        name: subject.name.clone(),
        authority_hints: vec![anchor.entity.clone().into()],
        node: CdsNode {
            ipa_code: subject.ipa,
            aoo_codes: subject.aoos,
            message_keys: Jwks::new(vec![listed]).unwrap(),
            peers: vec![PeerEntry::new(peer_id.clone(), &peer_key.sign(proof.as_bytes()).unwrap())],
            endpoints: Vec::new(),
            pec: None,
        },
    };
    let (from, until) = (Timestamp::from_second(FROM_S).unwrap(), Timestamp::from_second(UNTIL_S).unwrap());
    let own = key_set(&signer(&node_key)).unwrap();
    let configuration = EntityConfiguration::of_node(about, own, from, until).unwrap();
    let configuration = sign(&configuration, &signer(&node_key)).unwrap();
    let (check, window) = (OpensslCheck::new(), Validity { from, until });
    let bundle = anchor.enrol(configuration, &codes, &check, &signer(anchor_key), window).unwrap();
    Office {
        writer,
        entity,
        peer_id: peer_id.to_string(),
        federation: anchor.entity.clone(),
        bundle: bundle.bytes().to_vec(),
        key: message_key,
        certificate: x5t_s256(&certificate),
    }
}
