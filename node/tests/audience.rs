//! Who gets a document from a running node over real libp2p: the test plays the body, with the body's own keys, and asks as it likes.
//!
//! It would catch an audience that only the asker enforces, a stream that is served before the greeting, and a refusal that tells a
//! document that exists from one that does not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stop at the first surprise"
)]

mod support;

use concerto_crypto_openssl::{SoftwareKey, x5t_s256};
use concerto_exchange::frame::{self, Answer, Request};
use concerto_exchange::hello::{self, Greeting, PROTOCOL_VERSION};
use concerto_exchange::transfer::{Ask, Opening, decode_head, encode_head};
use concerto_message::ids::Nonce;
use concerto_message::jose::{self, ContentType, Header, SerializationType};
use concerto_message::{Digest, Incarnation, MessageId};
use concerto_peer_libp2p::{KnownPeer, Libp2pLink, PeerIdentity, TransportConfig};
use concerto_port::{PeerEvent, PeerLink};
use data_encoding::BASE64;
use jiff::Timestamp;
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use support::{BODY, Federation, LEAD, text};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

const LONG: Duration = Duration::from_secs(30);
const CHUNK: usize = 1024 * 1024;

/// What stands between the lines of a PEM file, the first block.
fn armoured(path: &Path) -> Vec<u8> {
    let file = std::fs::read_to_string(path).unwrap();
    let lines: String = file.lines().skip(1).take_while(|l| !l.starts_with("-----")).collect();
    BASE64.decode(lines.as_bytes()).unwrap()
}

/// The body, played by the test.
struct Played {
    link: Libp2pLink,
    events: mpsc::Receiver<PeerEvent>,
    lead_peer: String,
}

impl Played {
    async fn connect(federation: &Federation, announced: &str) -> Self {
        let announced: serde_json::Value = serde_json::from_str(announced).unwrap();
        let lead_peer = text(&announced, "peer_id");
        let seed: [u8; 32] = armoured(&federation.path("body/keys/peer.pem")).try_into().unwrap();
        let mut config = TransportConfig::new(PeerIdentity::from_seed(seed).unwrap());
        let address = announced["listening"][0].as_str().unwrap().to_owned();
        config.peers = vec![KnownPeer {
            name: LEAD.parse().unwrap(),
            peer_id: lead_peer.clone(),
            addresses: vec![address],
        }];
        let (sender, events) = mpsc::channel(256);
        let link = concerto_peer_libp2p::spawn(config, sender).unwrap();
        let mut played = Self { link, events, lead_peer };
        played.until(|event| matches!(event, PeerEvent::Connected { .. }).then_some(())).await;
        played
    }

    async fn until<T>(&mut self, mut found: impl FnMut(PeerEvent) -> Option<T>) -> T {
        loop {
            let event = tokio::time::timeout(LONG, self.events.recv()).await.unwrap().unwrap();
            if let Some(found) = found(event) {
                return found;
            }
        }
    }

    async fn ask_frame(&mut self, request: &Request, tail: &[u8]) -> Answer {
        let frame = frame::encode(request, tail).unwrap();
        self.link.request(&LEAD.parse().unwrap(), 1, frame).unwrap();
        let answered = |event| match event {
            PeerEvent::Answer { result, .. } => Some(result.unwrap()),
            _ => None,
        };
        let bytes = self.until(answered).await;
        frame::decode_answer(&bytes).unwrap().0
    }

    /// The body's own good greeting.
    async fn greet(&mut self, federation: &Federation) -> Answer {
        let home = federation.path("body");
        let key =
            SoftwareKey::from_pkcs8_pem(&std::fs::read(home.join("keys/message.pem")).unwrap()).unwrap();
        let bundle = std::fs::read(home.join("keys/bundle.json")).unwrap();
        let file = std::fs::read_to_string(home.join("federation.toml")).unwrap();
        let table: toml::Table = file.parse().unwrap();
        let members = table["member"].as_array().unwrap().clone();
        let entity = |writer: &str| {
            let member = members.iter().find(|m| m["writer"].as_str() == Some(writer)).unwrap();
            member["entity"].as_str().unwrap().to_owned()
        };
        let greeting = Greeting {
            hello: PROTOCOL_VERSION,
            oldest: PROTOCOL_VERSION,
            federation: "https://anchor.concerto.example".parse().unwrap(),
            from: BODY.parse().unwrap(),
            to: LEAD.parse().unwrap(),
            from_entity: entity(BODY),
            to_entity: entity(LEAD),
            from_peer: self.link.peer_id(),
            to_peer: self.lead_peer.clone(),
            incarnation: Incarnation { counter: 1, nonce: Nonce([1; 16]) },
        };
        let header = Header {
            alg: key.algorithm(),
            cty: ContentType::Hello,
            iat: Timestamp::now().as_second(),
            kid: key.public().thumbprint(),
            trust: Digest::of(&bundle),
            typ: SerializationType::Jose,
            x5t_s256: x5t_s256(&armoured(&home.join("keys/certificates.pem"))),
        };
        let input = hello::signing_input(&header, &greeting).unwrap();
        let signature = key.sign(input.as_bytes()).unwrap();
        self.ask_frame(&Request::Hello { hello: jose::with_signature(input, &signature) }, &bundle).await
    }

    /// Opens a stream for a document and reads the opening.
    async fn ask_stream(&self, message: MessageId, digest: Digest) -> Opening {
        let mut stream = self.link.open_stream(&LEAD.parse().unwrap()).await.unwrap();
        let ask = encode_head(&Ask { message, digest, from: 0, list: true }).unwrap();
        stream.write_all(&ask).await.unwrap();
        stream.flush().await.unwrap();
        let mut prefix = [0; 4];
        tokio::time::timeout(LONG, stream.read_exact(&mut prefix)).await.unwrap().unwrap();
        let mut json = vec![0; u32::from_be_bytes(prefix) as usize];
        stream.read_exact(&mut json).await.unwrap();
        decode_head(&json).unwrap()
    }
}

fn code(opening: &Opening) -> &str {
    match opening {
        Opening::Document { .. } => "served",
        Opening::Refused { code, .. } => code,
    }
}

/// Sends one document of three chunks for everybody and one reserved to the lead; the message and both digests.
fn send_two(federation: &Federation, conference: &str) -> (MessageId, Digest, Digest) {
    let facts =
        json!({ "party": "applicant", "direction": "sent", "channel": "pec", "at": "2026-01-02T03:04:05Z" });
    let facts = federation.file("exchange.json", &facts);
    let (open, reserved) = (federation.path("open.bin"), federation.path("reserved.bin"));
    std::fs::write(&open, vec![1; 3 * CHUNK]).unwrap();
    std::fs::write(&reserved, vec![2; 3 * CHUNK + 1]).unwrap();
    let reserved = format!("{}={LEAD}", reserved.display());
    let first = ["--format", "json", "act", "send", conference, "RecordedExchange"];
    let more =
        ["--facts", facts.to_str().unwrap(), "--document", open.to_str().unwrap(), "--document", &reserved];
    let done = federation.run("lead", &[&first[..], &more].concat());
    assert_eq!(done.code, 0, "{}", done.err);
    let list = federation.run("lead", &["--format", "json", "document", "list", conference]).json();
    let digest = |size: usize| {
        let rows = list["documents"].as_array().unwrap();
        let row = rows.iter().find(|row| row["size"] == json!(size)).unwrap();
        text(row, "digest").parse().unwrap()
    };
    (text(&done.json(), "message").parse().unwrap(), digest(3 * CHUNK), digest(3 * CHUNK + 1))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_served_to_its_audience_after_the_greeting_and_to_nobody_else() {
    let federation = Federation::new();
    let (conference, notice) = federation.open();
    let (message, open, reserved) = send_two(&federation, &conference);
    let lead = federation.serve("lead");
    let mut body = Played::connect(&federation, &lead.announced).await;
    for digest in [open, reserved] {
        assert_eq!(code(&body.ask_stream(message, digest).await), "hello.required", "before the greeting");
    }
    assert!(matches!(body.greet(&federation).await, Answer::Hello { .. }));
    assert_eq!(code(&body.ask_stream(message, open).await), "served");
    let refused = body.ask_stream(message, reserved).await;
    assert_eq!(code(&refused), "document.unavailable");
    assert_eq!(body.ask_stream(message, Digest([7; 32])).await, refused, "as if there were none");
    let of_another: MessageId = notice.parse().unwrap();
    assert_eq!(body.ask_stream(of_another, open).await, refused, "a link that does not list it");
    let in_frame = body.ask_frame(&Request::Document { message, digest: reserved }, &[]).await;
    assert!(
        matches!(in_frame, Answer::Refused { code, .. } if code == "document.unavailable"),
        "nor in a frame"
    );
    assert!(lead.stop().success());
}
