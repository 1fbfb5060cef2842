//! A member that speaks the protocol over the project's own transport and answers whatever the test wants.

use concerto_exchange::frame::{self, Answer, Heads, Request};
use concerto_message::{Digest, MessageId, ParsedLink, Writer};
use concerto_peer_libp2p::{KnownPeer, Libp2pLink, TransportConfig, spawn};
use concerto_port::{PeerEvent, PeerFailure, PeerLink};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use tokio::runtime::Runtime;

use super::arena::{Arena, eventually};
use crate::federation::Office;
use crate::forge;

/// Longest wait for an answer; longer than the transport waits.
const PATIENCE: Duration = Duration::from_secs(40);

/// What a cheat answers; `None` leaves the request to its honest side.
pub type Manner = Box<dyn FnMut(&Writer, &Request) -> Option<(Answer, Vec<u8>)> + Send>;

/// The frame of an answer, or why there is none.
pub type Outcome = Result<Vec<u8>, PeerFailure>;

/// The cheat.
pub struct Cheat {
    /// Its keys.
    pub office: Arc<Office>,
    link: Libp2pLink,
    shared: Arc<Shared>,
    next_token: AtomicU64,
    others: Vec<Office>,
    _runtime: Runtime,
}

struct Shared {
    waiting: Mutex<HashMap<u64, mpsc::SyncSender<Outcome>>>,
    connected: Mutex<HashSet<String>>,
    manner: Mutex<Option<Manner>>,
    asked: Mutex<Vec<Request>>,
    held: Mutex<BTreeMap<MessageId, String>>,
}

/// What a node said.
#[derive(Debug, Clone)]
pub struct Said(pub Result<Answer, PeerFailure>);

impl Said {
    /// The code of a refusal, of the first link that was not stored, or of what the transport reports; `-` if there is none.
    pub fn code(&self) -> String {
        match &self.0 {
            Ok(Answer::Refused { code, .. }) => code.clone(),
            Ok(Answer::Delivered { retry, .. }) => retry.first().map_or("-", |r| r.code.as_str()).to_owned(),
            Ok(_) => "-".to_owned(),
            Err(PeerFailure::TimedOut) => "no answer".to_owned(),
            Err(failure) => failure.to_string(),
        }
    }

    /// The receipts of a delivery.
    pub fn receipts(&self) -> &[String] {
        match &self.0 {
            Ok(Answer::Delivered { receipts, .. }) => receipts,
            other => panic!("{other:?}"),
        }
    }
}

impl Cheat {
    /// A member of the arena, connected to these nodes and not greeted yet.
    pub fn new(arena: &Arena, name: &str, nodes: &[&str]) -> Self {
        let office = Arc::new(arena.office(name));
        let others: Vec<Office> = nodes.iter().map(|node| arena.office(node)).collect();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let peers = nodes.iter().zip(&others).map(|(node, other)| KnownPeer {
            name: other.writer.clone(),
            peer_id: other.peer_id.clone(),
            addresses: vec![arena.address(node)],
        });
        let config = TransportConfig { peers: peers.collect(), ..TransportConfig::new(arena.identity(name)) };
        let (sender, events) = tokio::sync::mpsc::channel(1024);
        let link = runtime.block_on(async { spawn(config, sender).unwrap() });
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            connected: Mutex::default(),
            manner: Mutex::default(),
            asked: Mutex::default(),
            held: Mutex::default(),
        });
        let others_of_task: Vec<Office> = nodes.iter().map(|node| arena.office(node)).collect();
        let task = Pump {
            link: link.clone(),
            shared: shared.clone(),
            office: office.clone(),
            others: others_of_task,
        };
        runtime.spawn(task.run(events));
        Self { office, link, shared, next_token: AtomicU64::new(1), others, _runtime: runtime }
    }

    /// The same, with sessions open on both sides.
    pub fn greeted(arena: &Arena, name: &str, nodes: &[&str]) -> Self {
        let cheat = Self::new(arena, name, nodes);
        for other in &cheat.others {
            cheat.await_connection(&other.writer.to_string());
            assert_eq!(cheat.greet(&other.writer.to_string()).code(), "-");
        }
        cheat
    }

    /// Waits for a connection to a node.
    pub fn await_connection(&self, to: &str) {
        eventually("the cheat is connected", || self.shared.connected.lock().unwrap().contains(to));
    }

    /// Its good greeting.
    pub fn greet(&self, to: &str) -> Said {
        let hello = self.greeting(to);
        self.ask_with(to, &Request::Hello { hello }, &self.office.bundle)
    }

    /// The text of its good greeting for a node.
    pub fn greeting(&self, to: &str) -> String {
        let other = self.others.iter().find(|o| o.writer.to_string() == to).unwrap();
        forge::signed_greeting(&self.office, &forge::greeting(&self.office, other), Timestamp::now())
    }

    /// Asks.
    pub fn ask(&self, to: &str, request: &Request) -> Said {
        self.ask_with(to, request, &[])
    }

    /// Asks, with a tail.
    pub fn ask_with(&self, to: &str, request: &Request, tail: &[u8]) -> Said {
        self.ask_bytes(to, frame::encode(request, tail).unwrap())
    }

    /// Delivers links.
    pub fn deliver(&self, to: &str, links: &[&str]) -> Said {
        self.ask(to, &Request::Deliver { links: links.iter().map(|l| (*l).to_owned()).collect() })
    }

    /// Sends any bytes as a frame.
    pub fn ask_bytes(&self, to: &str, bytes: Vec<u8>) -> Said {
        let answer =
            self.begin(to, bytes).recv_timeout(PATIENCE).expect("every request is answered or fails");
        Said(answer.map(|bytes| frame::decode_answer(&bytes).unwrap().0))
    }

    /// Sends any bytes as a frame and does not wait; the answer comes through the channel.
    pub fn begin(&self, to: &str, bytes: Vec<u8>) -> mpsc::Receiver<Outcome> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let token = self.next_token.fetch_add(1, Ordering::Relaxed);
        self.shared.waiting.lock().unwrap().insert(token, sender.clone());
        if self.link.request(&to.parse().unwrap(), token, bytes).is_err() {
            self.shared.waiting.lock().unwrap().remove(&token);
            sender.send(Err(PeerFailure::NotConnected)).unwrap();
        }
        receiver
    }

    /// How it answers from now on; honestly, where the manner gives nothing.
    pub fn behave(
        &self,
        manner: impl FnMut(&Writer, &Request) -> Option<(Answer, Vec<u8>)> + Send + 'static,
    ) {
        *self.shared.manner.lock().unwrap() = Some(Box::new(manner));
    }

    /// Answers honestly again.
    pub fn behave_well(&self) {
        *self.shared.manner.lock().unwrap() = None;
    }

    /// What nodes asked of it so far; the list begins anew.
    pub fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut *self.shared.asked.lock().unwrap())
    }

    /// The links that it was given.
    pub fn held(&self) -> BTreeMap<MessageId, String> {
        self.shared.held.lock().unwrap().clone()
    }
}

impl Drop for Cheat {
    fn drop(&mut self) {
        self.link.close();
    }
}

/// The task that answers nodes and hands answers on.
struct Pump {
    link: Libp2pLink,
    shared: Arc<Shared>,
    office: Arc<Office>,
    others: Vec<Office>,
}

impl Pump {
    async fn run(self, mut events: tokio::sync::mpsc::Receiver<PeerEvent>) {
        while let Some(event) = events.recv().await {
            match event {
                PeerEvent::Connected { peer, .. } => {
                    self.shared.connected.lock().unwrap().insert(peer.to_string());
                }
                PeerEvent::Disconnected { peer } => {
                    self.shared.connected.lock().unwrap().remove(&peer.to_string());
                }
                PeerEvent::Answer { token, result, .. } => {
                    if let Some(waits) = self.shared.waiting.lock().unwrap().remove(&token) {
                        let _ = waits.send(result); // a flood does not wait
                    }
                }
                PeerEvent::Request { from, token, frame } => {
                    let Ok((request, _)) = frame::decode_request(&frame) else { continue };
                    let (answer, tail) = self.answer(&from, &request);
                    self.shared.asked.lock().unwrap().push(request);
                    let _ = self.link.respond(token, frame::encode(&answer, &tail).unwrap());
                }
            }
        }
    }

    fn answer(&self, from: &Writer, request: &Request) -> (Answer, Vec<u8>) {
        let mut manner = self.shared.manner.lock().unwrap();
        let said = manner.as_mut().and_then(|manner| manner(from, request));
        said.unwrap_or_else(|| self.honest(from, request))
    }

    fn honest(&self, from: &Writer, request: &Request) -> (Answer, Vec<u8>) {
        match request {
            Request::Hello { .. } => {
                let other = self.others.iter().find(|o| o.writer == *from).unwrap();
                let greeting = forge::greeting(&self.office, other);
                let hello = forge::signed_greeting(&self.office, &greeting, Timestamp::now());
                (Answer::Hello { hello }, self.office.bundle.clone())
            }
            Request::Deliver { links } => {
                let receipts = links.iter().map(|text| self.receipt(text)).collect();
                (Answer::Delivered { receipts, retry: Vec::new() }, Vec::new())
            }
            Request::Receipts { .. } => (Answer::Noted {}, Vec::new()),
            Request::Heads(theirs) => {
                let heads = Heads { conferences: theirs.conferences.clone(), chains: Vec::new() };
                (Answer::Heads(heads), Vec::new())
            }
            Request::Fetch { .. } => (Answer::Links { links: Vec::new(), more: false }, Vec::new()),
            Request::Bundle { digest } if *digest == self.office.trust() => {
                (Answer::Bundle {}, self.office.bundle.clone())
            }
            Request::Bundle { .. } => (refused("trust.bundle.unknown"), Vec::new()),
            Request::Document { .. } => (Answer::Document {}, [&forge::SALT.0[..], b"{}"].concat()),
        }
    }

    fn receipt(&self, text: &str) -> String {
        let parsed = ParsedLink::parse(text).unwrap();
        self.shared.held.lock().unwrap().insert(parsed.id(), text.to_owned());
        let covered = [(parsed.id(), Digest::of(text.as_bytes()))];
        let (author, conference) = (parsed.payload().writer.to_string(), &parsed.payload().conference);
        let now = Timestamp::now();
        let payload = forge::receipt(&self.office, &author, conference, &covered, now);
        forge::signed_receipt(&self.office, &payload, now)
    }
}

fn refused(code: &str) -> Answer {
    Answer::Refused { code: code.to_owned(), reason: "no".to_owned() }
}
