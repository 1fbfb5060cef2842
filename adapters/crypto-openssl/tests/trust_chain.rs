//! Trust chains with real keys: a node enrolled by a local anchor, and every way to tamper with what it was given.
//!
//! ```text
//! [node's configuration] <- federation key of the node
//! [statement about it]   <- federation key of the anchor    (vouches for the node's keys, IPA and AOO codes)
//! [anchor's configuration] <- federation key of the anchor  (pinned by every node)
//! ```
//! Properties: an untouched chain verifies and lists exactly what the node published; no byte of any statement can change; a claim
//! that its own signer altered is refused by the rule that it breaks, with the exact error. A verifier that checks signatures
//! against a statement's own keys only, that skips the superior's word on the codes, or that believes a peer id without its proof
//! would fail here.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests stop at the first surprise"
)]

use concerto_crypto_openssl as crypto;
use concerto_message::{Algorithm, PublicKey, SignatureCheck, Writer};
use concerto_trust::anchor::{key_set, sign};
use concerto_trust::entity::{CdsNode, VouchedCodes};
use concerto_trust::{
    AnchorKeys, Bundle, EntityConfiguration, Jwk, Jwks, LocalAnchor, NodeDescription, PeerEntry, PeerId,
    SigningFailed, SigningKey, StatementSigner, TrustError, Validity, VerifiedChain, peer_proof_input,
    verify,
};
use crypto::{KeyKind, OpensslCheck, PeerKey, SoftwareKey};
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde_json::{Value, json};

const FROM_S: i64 = 1_800_000_000;
const UNTIL_S: i64 = 1_800_604_800;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn signer(key: &SoftwareKey) -> impl StatementSigner + '_ {
    SigningKey::new(key.public().clone(), key.algorithm(), |bytes: &[u8]| {
        key.sign(bytes).map_err(|e| SigningFailed(e.to_string()))
    })
}

/// A federation of one node, with all its keys at hand.
struct World {
    check: OpensslCheck,
    anchor: LocalAnchor,
    anchor_key: SoftwareKey,
    node_key: SoftwareKey,
    message_key: SoftwareKey,
    certificate: Vec<u8>,
    peer_key: PeerKey,
    bundle: Bundle,
}

impl World {
    fn new() -> Self {
        Self::with(KeyKind::P256)
    }

    fn with(kind: KeyKind) -> Self {
        let check = OpensslCheck::new();
        let anchor = LocalAnchor {
            entity: "https://ancora.example".parse().unwrap(),
            name: "Regione di Esempio".into(),
        };
        let [anchor_key, node_key, message_key] = [(); 3].map(|()| SoftwareKey::generate(kind).unwrap());
        let peer_key = PeerKey::generate().unwrap();
        let validity = crypto::Validity { not_before_s: FROM_S, not_after_s: UNTIL_S };
        let ca = crypto::self_signed_ca(&anchor_key, "Ancora locale", &anchor.name, validity).unwrap();
        let subject = crypto::Subject {
            name: "Comune di Esempio".into(),
            ipa: "c_x000".parse().unwrap(),
            aoos: vec!["AOO1".parse().unwrap(), "AOO2".parse().unwrap()],
        };
        let certificate = crypto::issue(&ca, &anchor_key, message_key.public(), &subject, validity).unwrap();
        let node = CdsNode {
            ipa_code: subject.ipa,
            aoo_codes: subject.aoos,
            message_keys: Jwks::new(vec![Jwk::signing(
                message_key.public().clone(),
                message_key.algorithm(),
                &[certificate.clone(), ca],
            )])
            .unwrap(),
            peers: vec![peer_entry(&peer_key, "https://comune.example")],
            endpoints: vec!["/ip4/127.0.0.1/udp/4001/quic-v1".into()],
            pec: Some("protocollo@comune.example".into()),
        };
        let codes = VouchedCodes { ipa_code: node.ipa_code.clone(), aoo_codes: node.aoo_codes.clone() };
        let about = NodeDescription {
            entity: "https://comune.example".parse().unwrap(),
            name: "Comune di Esempio".into(),
            authority_hints: vec!["https://ancora.example".parse().unwrap()],
            node,
        };
        let own = key_set(&signer(&node_key)).unwrap();
        let configuration = EntityConfiguration::of_node(about, own, at(FROM_S), at(UNTIL_S)).unwrap();
        let configuration = sign(&configuration, &signer(&node_key)).unwrap();
        let validity = Validity { from: at(FROM_S), until: at(UNTIL_S) };
        let bundle = anchor.enrol(configuration, &codes, &check, &signer(&anchor_key), validity).unwrap();
        Self { check, anchor, anchor_key, node_key, message_key, certificate, peer_key, bundle }
    }

    fn pinned(&self) -> AnchorKeys {
        self.anchor.keys(&signer(&self.anchor_key)).unwrap()
    }

    fn verify(&self, bundle: &Bundle) -> Result<VerifiedChain, TrustError> {
        verify(bundle, &self.pinned(), &self.check)
    }

    fn texts(&self) -> Vec<String> {
        serde_json::from_slice(self.bundle.bytes()).unwrap()
    }

    /// The key that rightly signs the statement at a place.
    fn key_of(&self, place: usize) -> &SoftwareKey {
        if place == 0 { &self.node_key } else { &self.anchor_key }
    }

    /// The chain with the claims at `place` altered and signed again by the right key.
    fn altered(&self, place: usize, alter: impl FnOnce(&mut Value)) -> Result<VerifiedChain, TrustError> {
        self.altered_and_signed(place, alter, self.key_of(place))
    }

    fn altered_and_signed(
        &self,
        place: usize,
        alter: impl FnOnce(&mut Value),
        key: &SoftwareKey,
    ) -> Result<VerifiedChain, TrustError> {
        let mut texts = self.texts();
        let mut claims = claims_of(&texts[place]);
        alter(&mut claims);
        texts[place] = jwt(&claims, key);
        self.verify(&Bundle::compose(&texts)?)
    }
}

fn peer_entry(key: &PeerKey, entity: &str) -> PeerEntry {
    let peer_id = PeerId::of_ed25519(*key.public());
    let input =
        peer_proof_input(&"https://ancora.example".parse().unwrap(), &entity.parse().unwrap(), &peer_id);
    PeerEntry::new(peer_id, &key.sign(input.as_bytes()).unwrap())
}

fn claims_of(jwt: &str) -> Value {
    let payload = jwt.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap()
}

fn jwt(claims: &Value, key: &SoftwareKey) -> String {
    let header =
        json!({"alg": key.algorithm(), "kid": key.public().thumbprint(), "typ": "entity-statement+jwt"});
    jwt_with(&header, claims, key)
}

fn jwt_with(header: &Value, claims: &Value, key: &SoftwareKey) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let input = format!("{}.{}", part(header), part(claims));
    let signature = key.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", BASE64URL_NOPAD.encode(&signature))
}

fn jwks_json(key: &SoftwareKey) -> Value {
    serde_json::to_value(key_set(&signer(key)).unwrap()).unwrap()
}

#[test]
fn a_chain_verifies_and_lists_what_the_node_published() {
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa3072] {
        let world = World::with(kind);
        let reread = Bundle::parse_named(world.bundle.bytes(), world.bundle.digest()).unwrap();
        let chain = world.verify(&reread).unwrap();
        assert_eq!(chain.bundle(), world.bundle.digest());
        assert_eq!(chain.entity().as_str(), "https://comune.example");
        assert_eq!(chain.federation().as_str(), "https://ancora.example");
        assert_eq!(chain.name(), "Comune di Esempio");
        assert_eq!(
            chain.writers().iter().map(Writer::to_string).collect::<Vec<_>>(),
            ["c_x000/AOO1", "c_x000/AOO2"]
        );
        assert_eq!(chain.peers(), [PeerId::of_ed25519(*world.peer_key.public())]);
        assert_eq!(chain.endpoints(), ["/ip4/127.0.0.1/udp/4001/quic-v1"]);
        assert_eq!(chain.pec(), Some("protocollo@comune.example"));
        assert_eq!((chain.valid_from(), chain.valid_until()), (at(FROM_S), at(UNTIL_S)));

        let kid = world.message_key.public().thumbprint();
        assert_eq!(chain.message_keys().len(), 2);
        let key = chain.message_key(&kid, &chain.writers()[1], at(FROM_S)).unwrap();
        assert_eq!((&key.public, key.algorithm), (world.message_key.public(), world.message_key.algorithm()));
        assert_eq!(key.certificate, crypto::x5t_s256(&world.certificate));
        assert_eq!((&key.writer, &key.federation), (&chain.writers()[1], chain.federation()));
        let listed = data_encoding::BASE64.decode(chain.certificates(&kid).unwrap()[0].as_bytes()).unwrap();
        assert_eq!(&crypto::certificate_public_key(&listed).unwrap(), world.message_key.public());
        assert_eq!(chain.certificates("other"), None);
    }
}

#[test]
fn a_message_key_is_judged_at_the_instant_asked_about() {
    let world = World::new();
    let chain = world.verify(&world.bundle).unwrap();
    let kid = world.message_key.public().thumbprint();
    let writer = chain.writers()[0].clone();
    let code = |kid: &str, writer: &Writer, second| {
        chain.message_key(kid, writer, at(second)).err().map(|e| e.code())
    };
    assert_eq!(code(&kid, &writer, FROM_S), None);
    assert_eq!(code(&kid, &writer, UNTIL_S - 1), None);
    assert_eq!(code(&kid, &writer, UNTIL_S), Some("trust.chain.expired"));
    assert_eq!(code(&kid, &writer, FROM_S - 1), Some("trust.chain.not-yet-valid"));
    assert_eq!(code("other", &writer, FROM_S), Some("trust.message-key.unknown"));
    let federation_kid = world.node_key.public().thumbprint();
    assert_eq!(code(&federation_kid, &writer, FROM_S), Some("trust.message-key.unknown"));
    let foreign = "c_y111/AOO1".parse().unwrap();
    assert_eq!(code(&kid, &foreign, FROM_S), Some("trust.message-key.writer"));
}

#[test]
fn no_byte_of_any_statement_can_change() {
    let world = World::new();
    let good = world.texts();
    let mut tried = 0;
    for place in 0..good.len() {
        let step = good[place].len() / 97 + 1;
        for n in (0..good[place].len()).step_by(step) {
            let mut texts = good.clone();
            let mut bytes = texts[place].clone().into_bytes();
            bytes[n] = if bytes[n] == b'A' { b'B' } else { b'A' };
            texts[place] = String::from_utf8(bytes).unwrap();
            let outcome = Bundle::compose(&texts).and_then(|bundle| world.verify(&bundle));
            assert!(outcome.is_err(), "statement {place}, byte {n}");
            tried += 1;
        }
    }
    assert!(tried > 150, "{tried}");
    for place in 0..good.len() {
        let mut texts = good.clone();
        let cut = texts[place].rfind('.').unwrap() + 1;
        let other = jwt(&claims_of(&texts[place]), &SoftwareKey::generate(KeyKind::P256).unwrap());
        let signature = other.rsplit('.').next().unwrap().to_owned();
        texts[place].replace_range(cut.., &signature);
        let bundle = Bundle::compose(&texts).unwrap();
        assert_eq!(world.verify(&bundle).unwrap_err(), TrustError::BadSignature { place });
    }
}

#[test]
fn another_anchor_or_another_key_is_not_believed() {
    let world = World::new();
    let other = SoftwareKey::generate(KeyKind::P256).unwrap();
    let elsewhere = AnchorKeys::new(
        "https://altra.example".parse().unwrap(),
        key_set(&signer(&world.anchor_key)).unwrap(),
    );
    let refused = verify(&world.bundle, &elsewhere, &world.check).unwrap_err();
    assert_eq!(refused, TrustError::WrongAnchor { found: "https://ancora.example".into() });

    let same_name = AnchorKeys::new(world.anchor.entity.clone(), key_set(&signer(&other)).unwrap());
    let refused = verify(&world.bundle, &same_name, &world.check).unwrap_err();
    assert_eq!(
        refused,
        TrustError::UnknownFederationKey { place: 2, kid: world.anchor_key.public().thumbprint() }
    );

    let disguised = Jwk { kid: world.anchor_key.public().thumbprint(), ..signer(&other).jwk() };
    let disguised = AnchorKeys::new(world.anchor.entity.clone(), Jwks::new(vec![disguised]).unwrap());
    let refused = verify(&world.bundle, &disguised, &world.check).unwrap_err();
    assert_eq!(refused, TrustError::BadSignature { place: 2 });
}

#[test]
fn swapped_keys_are_refused() {
    let world = World::new();
    let other = SoftwareKey::generate(KeyKind::P256).unwrap();
    let kid = other.public().thumbprint();
    // the node signs with a key that nobody vouches for
    let refused = world.altered_and_signed(0, |claims| claims["jwks"] = jwks_json(&other), &other);
    assert_eq!(refused.unwrap_err(), TrustError::KeysDiffer);
    let refused = world.altered_and_signed(0, |_| (), &other);
    assert_eq!(refused.unwrap_err(), TrustError::UnknownFederationKey { place: 0, kid: kid.clone() });
    // the anchor vouches for another key than the node publishes
    let refused = world.altered(1, |claims| claims["jwks"] = jwks_json(&other));
    assert_eq!(refused.unwrap_err(), TrustError::KeysDiffer);
    // the statement is signed by the node itself, or by a stranger
    let node_kid = world.node_key.public().thumbprint();
    let refused = world.altered_and_signed(1, |_| (), &world.node_key);
    assert_eq!(refused.unwrap_err(), TrustError::UnknownFederationKey { place: 1, kid: node_kid });
    let refused = world.altered_and_signed(2, |claims| claims["jwks"] = jwks_json(&other), &other);
    assert_eq!(refused.unwrap_err(), TrustError::UnknownFederationKey { place: 2, kid });
    // the anchor's configuration does not list the pinned key that signs it
    let pinned = world.anchor_key.public().thumbprint();
    let refused = world.altered(2, |claims| claims["jwks"] = jwks_json(&other));
    assert_eq!(refused.unwrap_err(), TrustError::UnknownFederationKey { place: 2, kid: pinned });
}

#[test]
fn links_hints_and_vouched_codes_must_agree() {
    let world = World::new();
    let code = |outcome: Result<VerifiedChain, TrustError>| outcome.unwrap_err().code();
    assert_eq!(code(world.altered(1, |c| c["sub"] = json!("https://altro.example"))), "trust.chain.link");
    assert_eq!(code(world.altered(1, |c| c["iss"] = json!("https://altro.example"))), "trust.chain.link");
    assert_eq!(
        code(world.altered(0, |c| c["authority_hints"] = json!(["https://altro.example"]))),
        "trust.chain.authority-hints"
    );
    assert_eq!(code(world.altered(0, |c| c["authority_hints"] = json!([]))), "trust.chain.authority-hints");
    let node = |c: &mut Value, name: &str, value: Value| c["metadata"]["cds_node"][name] = value;
    let refused = world.altered(0, |c| node(c, "ipa_code", json!("c_y111"))).unwrap_err();
    assert_eq!(refused, TrustError::NotVouched("IPA code"));
    let refused = world.altered(0, |c| node(c, "aoo_codes", json!(["AOO1", "AOO3"]))).unwrap_err();
    assert_eq!(refused, TrustError::NotVouched("AOO codes"));
    let fewer = world.altered(0, |c| node(c, "aoo_codes", json!(["AOO2"]))).unwrap();
    assert_eq!(fewer.writers().len(), 1);
    let renamed =
        |c: &mut Value| c["metadata"]["federation_entity"]["organization_name"] = json!("Altro ente");
    assert_eq!(world.altered(0, renamed).unwrap_err(), TrustError::NotVouched("name"));
    let silent = |c: &mut Value| {
        c["metadata"] = json!({"federation_entity": {"organization_name": "Comune di Esempio"}})
    };
    assert_eq!(world.altered(1, silent).unwrap_err(), TrustError::NotVouched("IPA and AOO codes"));
    assert_eq!(world.altered(0, silent).unwrap_err(), TrustError::MissingMetadata("cds_node"));
}

#[test]
fn the_window_is_what_all_statements_share() {
    let world = World::new();
    let later = world.altered(1, |c| c["iat"] = json!(FROM_S + 60)).unwrap();
    assert_eq!((later.valid_from(), later.valid_until()), (at(FROM_S + 60), at(UNTIL_S)));
    let sooner = world.altered(2, |c| c["exp"] = json!(UNTIL_S - 60)).unwrap();
    assert_eq!((sooner.valid_from(), sooner.valid_until()), (at(FROM_S), at(UNTIL_S - 60)));
    let never = world.altered(0, |c| {
        c["iat"] = json!(UNTIL_S);
        c["exp"] = json!(UNTIL_S + 1);
    });
    assert_eq!(never.unwrap_err(), TrustError::NoCommonValidity);
}

#[test]
fn a_peer_id_needs_the_proof_of_its_own_key() {
    let world = World::new();
    let stranger = PeerKey::generate().unwrap();
    let stranger_id = PeerId::of_ed25519(*stranger.public());
    let with = |entry: Value| world.altered(0, |c| c["metadata"]["cds_node"]["peers"] = json!([entry]));
    let refused = TrustError::PeerProof(stranger_id.to_string());
    let own = serde_json::to_value(peer_entry(&world.peer_key, "https://comune.example")).unwrap();
    // another's peer id with one's own proof; another's entry copied; a proof that is no signature
    assert_eq!(with(json!({"peer_id": stranger_id, "proof": own["proof"]})).unwrap_err(), refused);
    let copied = serde_json::to_value(peer_entry(&stranger, "https://altro.example")).unwrap();
    assert_eq!(with(copied).unwrap_err(), refused);
    assert_eq!(with(json!({"peer_id": stranger_id, "proof": "%%"})).unwrap_err(), refused);
    assert_eq!(with(json!({"peer_id": "Qm1", "proof": ""})).unwrap_err().code(), "trust.statement.invalid");
    assert!(with(own).is_ok());
}

#[test]
fn headers_and_algorithms_cannot_be_bent() {
    let world = World::new();
    let kid = |place: usize| world.key_of(place).public().thumbprint();
    for place in 0..3 {
        let outcome = |header: Value| {
            let mut texts = world.texts();
            texts[place] = jwt_with(&header, &claims_of(&texts[place]), world.key_of(place));
            world.verify(&Bundle::compose(&texts)?)
        };
        let typ = "entity-statement+jwt";
        assert!(outcome(json!({"alg": "ES256", "kid": kid(place), "typ": typ})).is_ok());
        for algorithm in ["none", "HS256", "EdDSA"] {
            let refused = outcome(json!({"alg": algorithm, "kid": kid(place), "typ": typ})).unwrap_err();
            assert_eq!(refused, TrustError::AlgorithmRefused { place, algorithm: algorithm.into() });
        }
        let refused = outcome(json!({"alg": "RS256", "kid": kid(place), "typ": typ})).unwrap_err();
        assert_eq!(
            refused.code(),
            "trust.statement.algorithm",
            "an allowed algorithm that does not fit the key"
        );
        let refused = outcome(json!({"alg": "ES256", "kid": kid(place), "typ": typ, "jwk": {}})).unwrap_err();
        assert_eq!(refused, TrustError::ForbiddenHeader { place, name: "jwk".into() });
        let refused = outcome(json!({"alg": "ES256", "kid": kid(place), "typ": "JWT"})).unwrap_err();
        assert_eq!(refused, TrustError::WrongType { place });
    }
}

#[test]
fn what_cannot_be_applied_is_refused_and_what_only_adds_is_not() {
    let world = World::new();
    let unsupported = |place, claim| TrustError::Unsupported { place, claim };
    let policy = world.altered(1, |c| c["metadata_policy"] = json!({"cds_node": {}}));
    assert_eq!(policy.unwrap_err(), unsupported(1, "metadata_policy"));
    let names =
        world.altered(2, |c| c["constraints"] = json!({"naming_constraints": {"permitted": [".example"]}}));
    assert_eq!(names.unwrap_err(), unsupported(2, "naming_constraints"));
    let types =
        |value: Value| world.altered(1, |c| c["constraints"] = json!({ "allowed_entity_types": value }));
    assert_eq!(
        types(json!(["openid_relying_party"])).unwrap_err(),
        TrustError::EntityTypeExcluded { place: 1 }
    );
    assert!(types(json!(["cds_node"])).is_ok());
    assert!(world.altered(0, |c| c["trust_marks"] = json!([{"trust_mark": "x"}])).is_ok());
    assert!(world.altered(1, |c| c["unknown"] = json!(1)).is_ok());
}

/// node <- region (intermediate) <- anchor, with the codes vouched for by the region.
#[test]
fn intermediates_are_followed_as_far_as_the_anchor_allows() {
    let world = World::new();
    let region = SoftwareKey::generate(KeyKind::P384).unwrap();
    let [mut node, mut about_node, mut anchor] = [0, 1, 2].map(|place| claims_of(&world.texts()[place]));
    let mut about_region = about_node.clone();
    node["authority_hints"] = json!(["https://regione.example"]);
    about_node["iss"] = json!("https://regione.example");
    about_region["sub"] = json!("https://regione.example");
    about_region["jwks"] = jwks_json(&region);
    about_region.as_object_mut().unwrap().remove("metadata");
    anchor["constraints"] = json!({"max_path_length": 1});
    let bundle = |anchor: &Value, about_region: &Value, about_node_key: &SoftwareKey| {
        Bundle::compose(&[
            jwt(&node, &world.node_key),
            jwt(&about_node, about_node_key),
            jwt(about_region, &world.anchor_key),
            jwt(anchor, &world.anchor_key),
        ])
        .unwrap()
    };
    let chain = world.verify(&bundle(&anchor, &about_region, &region)).unwrap();
    assert_eq!(chain.entity().as_str(), "https://comune.example");

    let signed_by_the_anchor = world.verify(&bundle(&anchor, &about_region, &world.anchor_key)).unwrap_err();
    assert_eq!(
        signed_by_the_anchor.code(),
        "trust.chain.key",
        "only the region's keys may sign the region's word"
    );
    anchor["constraints"] = json!({"max_path_length": 0});
    let refused = world.verify(&bundle(&anchor, &about_region, &region)).unwrap_err();
    assert_eq!(refused, TrustError::PathTooLong { place: 3, found: 1, limit: 0 });
    anchor["constraints"] = json!({});
    about_region["constraints"] = json!({"max_path_length": 0});
    let refused = world.verify(&bundle(&anchor, &about_region, &region)).unwrap_err();
    assert_eq!(refused, TrustError::PathTooLong { place: 2, found: 1, limit: 0 });
    about_region["constraints"] = json!({});
    about_region["metadata"] = json!({"federation_entity": {"organization_name": "Regione di Esempio"}});
    let refused = world.verify(&bundle(&anchor, &about_region, &region)).unwrap_err();
    assert_eq!(refused, TrustError::Unsupported { place: 2, claim: "metadata" });
}

#[test]
fn too_many_statements_and_repeated_names_are_refused_before_any_signature() {
    struct NoCheck;
    impl SignatureCheck for NoCheck {
        fn verifies(&self, _: &PublicKey, _: Algorithm, _: &[u8], _: &[u8]) -> bool {
            unreachable!("no signature is worth checking")
        }
    }
    let world = World::new();
    let texts = world.texts();
    let many = [vec![texts[0].clone()], vec![texts[1].clone(); 7], vec![texts[2].clone()]].concat();
    assert_eq!(Bundle::compose(&many).unwrap_err().code(), "trust.too-many");
    let shuffled =
        Bundle::compose(&[texts[0].clone(), texts[1].clone(), texts[1].clone(), texts[2].clone()]).unwrap();
    assert_eq!(verify(&shuffled, &world.pinned(), &NoCheck).unwrap_err().code(), "trust.chain.link");

    let claims =
        claims_of(&texts[0]).to_string().replacen("\"iat\"", "\"iss\":\"https://altro.example\",\"iat\"", 1);
    let header = texts[0].split('.').next().unwrap();
    let input = format!("{header}.{}", BASE64URL_NOPAD.encode(claims.as_bytes()));
    let signature = BASE64URL_NOPAD.encode(&world.node_key.sign(input.as_bytes()).unwrap());
    let twice =
        Bundle::compose(&[format!("{input}.{signature}"), texts[1].clone(), texts[2].clone()]).unwrap_err();
    assert!(
        matches!(&twice, TrustError::Malformed { place: 0, reason } if reason.contains("twice")),
        "{twice}"
    );
}

#[test]
fn an_anchor_enrols_only_what_it_was_asked_to_vouch_for() {
    let world = World::new();
    let configuration = world.texts()[0].clone();
    let validity = Validity { from: at(FROM_S), until: at(UNTIL_S) };
    let enrol = |configuration: &str, ipa: &str, aoo: &str| {
        let codes = VouchedCodes { ipa_code: ipa.parse().unwrap(), aoo_codes: vec![aoo.parse().unwrap()] };
        let key = signer(&world.anchor_key);
        world.anchor.enrol(configuration.to_owned(), &codes, &world.check, &key, validity).unwrap_err().code()
    };
    assert_eq!(enrol(&configuration, "c_y111", "AOO1"), "trust.node.not-vouched");
    assert_eq!(enrol(&configuration, "c_x000", "AOO1"), "trust.node.not-vouched");
    // a configuration that the holder of its keys did not sign
    let stranger = SoftwareKey::generate(KeyKind::P256).unwrap();
    let mut header =
        json!({"alg": "ES256", "kid": stranger.public().thumbprint(), "typ": "entity-statement+jwt"});
    let unsigned = jwt_with(&header, &claims_of(&configuration), &stranger);
    assert_eq!(enrol(&unsigned, "c_x000", "AOO1"), "trust.chain.key");
    header["kid"] = json!(world.node_key.public().thumbprint());
    let unsigned = jwt_with(&header, &claims_of(&configuration), &stranger);
    assert_eq!(enrol(&unsigned, "c_x000", "AOO1"), "trust.chain.signature");
}
