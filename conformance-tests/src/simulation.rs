//! Several nodes and the network between them, in steps of a quarter of a second, as a seed says.
//!
//! ```text
//!   node 0 --Ask--> [wire: lost | late | twice | cut] --Request--> node 1
//!   node 0 <-Answer- [wire: lost | late]              <-Respond--  node 1      exactly one Answer for each Ask, or a failure
//! ```
//! The contract of the port `PeerLink` holds: every request gets one answer, a frame or a failure; after a time-out nobody knows
//! whether the peer acted. Wall clock and monotonic clock are shared and virtual. A crash takes the process with everything that is
//! not committed; connections fall with it. Document streams travel as one parcel and, in rough weather, break at any byte ([`crate::streams`]).

use concerto_core::{Effect, Fault, Input, Mark, NodeConfig, Reply, ServeRefusal};
use concerto_exchange::transfer::FetchFailure;
use concerto_message::{ConferenceId, Digest, Listed, MessageId, Writer};
use concerto_port::PeerFailure;
use concerto_port::memory::{MemoryDocuments, MemoryJournal};
use concerto_procedure::LegalNow;
use concerto_procedure::acts::Act;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::chance::Chance;
use crate::federation::federation;
use crate::node::{Moment, SimNode, Stop, open, send};
use crate::streams;

/// Virtual time of one step.
const STEP: Duration = Duration::from_millis(250);
/// Virtual time of a step in which nothing is on the wire.
const IDLE_STEP: Duration = Duration::from_secs(2);
/// Time after which an unanswered request fails.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A network is at rest after so long without any traffic: longer than every delay of the core but that of the longest retries.
const REST: Duration = Duration::from_secs(45);
/// When simulations begin: a Monday.
const BEGIN: &str = "2026-11-23T08:00:00Z";

/// How bad the network is.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// Requests and answers lost, of a hundred.
    pub loss_percent: u64,
    /// Requests delivered twice, of a hundred.
    pub twice_percent: u64,
    /// Longest delay, in steps; later frames overtake earlier ones.
    pub delay_steps_max: u64,
    /// Most inputs in one transaction.
    pub batch_max: usize,
}

impl Weather {
    /// Nothing is lost or late.
    pub const FAIR: Self = Self { loss_percent: 0, twice_percent: 0, delay_steps_max: 1, batch_max: 8 };
    /// A tenth is lost, a fifth comes twice, everything comes late.
    pub const ROUGH: Self = Self { loss_percent: 10, twice_percent: 20, delay_steps_max: 12, batch_max: 4 };
}

#[derive(Debug)]
enum Load {
    Request { token: u64, frame: Vec<u8> },
    Answer { token: u64, result: Result<Vec<u8>, PeerFailure> },
    Ask { token: u64, message: MessageId, digest: Digest },
    Served { token: u64, result: Result<Listed, ServeRefusal> },
}

#[derive(Debug)]
struct Parcel {
    due: Duration,
    from: usize,
    to: usize,
    // the connection it travels on; nothing of a connection that fell arrives
    connection: u64,
    load: Load,
}

#[derive(Debug)]
struct Waiting {
    of: usize,
    connection: u64,
    until: Duration,
    // a document stream, and what it brings
    document: Option<Listed>,
}

impl Waiting {
    /// What the node is told when nothing comes.
    fn failed(&self, from: Writer, token: u64, failure: PeerFailure) -> Input {
        match self.document {
            Some(_) => Input::Fetched { from, token, result: Err(FetchFailure::Interrupted) },
            None => Input::Answer { from, token, result: Err(failure) },
        }
    }
}

/// Nodes, network and clocks.
pub struct Simulation {
    nodes: Vec<Option<SimNode>>,
    // nodes that are down: what is durable of them
    down: BTreeMap<usize, (MemoryJournal, Option<Mark>, MemoryDocuments)>,
    configs: Vec<NodeConfig>,
    weather: Weather,
    chance: Chance,
    wire: Vec<Parcel>,
    connections: BTreeMap<(usize, usize), u64>,
    next_connection: u64,
    waiting: BTreeMap<(usize, u64), Waiting>,
    // requests that a node is answering: whose, under which token of its own, on which connection
    answering: BTreeMap<(usize, u64), (usize, u64, u64)>,
    next_request: u64,
    wall: Timestamp,
    // how far a node's wall clock is from the others'
    skews: BTreeMap<usize, SignedDuration>,
    monotonic: Duration,
    last_traffic: Duration,
}

impl Simulation {
    /// Nodes of these writers, all started, none connected.
    pub fn new(seed: u64, writers: &[&str], weather: Weather) -> Self {
        let mut simulation = Self {
            nodes: Vec::new(),
            down: BTreeMap::new(),
            configs: writers.iter().map(|w| federation().config(w)).collect(),
            weather,
            chance: Chance::new(seed),
            wire: Vec::new(),
            connections: BTreeMap::new(),
            next_connection: 0,
            waiting: BTreeMap::new(),
            answering: BTreeMap::new(),
            next_request: 0,
            wall: BEGIN.parse().unwrap(),
            skews: BTreeMap::new(),
            monotonic: Duration::from_secs(1),
            last_traffic: Duration::ZERO,
        };
        for (index, writer) in writers.iter().enumerate() {
            let (config, office) = (simulation.configs[index].clone(), federation().office(writer));
            let seed = simulation.chance.number();
            let (journal, documents) = (MemoryJournal::new(), MemoryDocuments::default());
            simulation.nodes.push(Some(SimNode::start(
                office,
                config,
                (journal, None),
                documents,
                seed,
                simulation.now(),
            )));
        }
        simulation
    }

    /// The clocks.
    pub fn now(&self) -> Moment {
        Moment { wall: self.wall, monotonic: self.monotonic }
    }

    /// The clocks of one node.
    pub fn now_at(&self, index: usize) -> Moment {
        let skew = self.skews.get(&index).copied().unwrap_or_default();
        Moment { wall: self.wall.checked_add(skew).unwrap(), monotonic: self.monotonic }
    }

    /// Sets how far a node's wall clock is from the others'.
    pub fn skew(&mut self, index: usize, by: SignedDuration) {
        self.skews.insert(index, by);
    }

    /// Makes every node watch its wall clock, as nodes outside of training do.
    pub fn watch_clocks(&mut self) {
        for index in 0..self.nodes.len() {
            self.configs[index].watch_clock = true;
            let now = self.now_at(index);
            self.node(index).watch_clock(now);
        }
    }

    /// Legal time.
    pub fn legal_now(&self) -> LegalNow {
        LegalNow(self.wall)
    }

    /// How many nodes there are, up or down.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether a node is up.
    pub fn is_up(&self, index: usize) -> bool {
        self.nodes[index].is_some()
    }

    /// A node that is up.
    pub fn node(&mut self, index: usize) -> &mut SimNode {
        self.nodes[index].as_mut().expect("the node is up")
    }

    /// The writer of a node.
    pub fn writer(&self, index: usize) -> Writer {
        self.configs[index].identity.writer.clone()
    }

    /// The numbers behind this simulation.
    pub fn chance(&mut self) -> &mut Chance {
        &mut self.chance
    }

    /// Changes the weather.
    pub fn set_weather(&mut self, weather: Weather) {
        self.weather = weather;
    }

    /// Moves the wall clock, as if nothing happened meanwhile.
    pub fn let_pass(&mut self, time: SignedDuration) {
        self.wall = self.wall.checked_add(time).unwrap();
    }

    // ---- connections

    fn pair(a: usize, b: usize) -> (usize, usize) {
        (a.min(b), a.max(b))
    }

    fn connection(&self, a: usize, b: usize) -> Option<u64> {
        self.connections.get(&Self::pair(a, b)).copied()
    }

    /// Connects two nodes that are up; both are told.
    pub fn connect(&mut self, a: usize, b: usize) {
        if a == b || !self.is_up(a) || !self.is_up(b) || self.connection(a, b).is_some() {
            return;
        }
        self.next_connection += 1;
        self.connections.insert(Self::pair(a, b), self.next_connection);
        for (at, peer) in [(a, b), (b, a)] {
            let (peer, peer_id) = (self.writer(peer), self.configs[peer].identity.peer_id.clone());
            self.feed(at, vec![Input::Connected { peer, peer_id }]);
        }
    }

    /// Cuts a connection: what is on it is lost, what waits on it fails, both nodes are told.
    pub fn cut(&mut self, a: usize, b: usize) {
        let Some(connection) = self.connections.remove(&Self::pair(a, b)) else { return };
        self.wire.retain(|parcel| parcel.connection != connection);
        let failed: Vec<(usize, u64)> =
            self.waiting.iter().filter(|(_, w)| w.connection == connection).map(|(key, _)| *key).collect();
        for (at, peer) in [(a, b), (b, a)] {
            let mut inputs = Vec::new();
            for key in failed.iter().filter(|key| key.0 == at) {
                let Some(waited) = self.waiting.remove(key) else { continue };
                inputs.push(waited.failed(self.writer(peer), key.1, PeerFailure::NotConnected));
            }
            let gone = Input::Disconnected { peer: self.writer(peer) };
            // the port does not say which of the two comes first
            if self.chance.percent(50) {
                inputs.push(gone)
            } else {
                inputs.insert(0, gone)
            }
            if self.is_up(at) {
                self.feed(at, inputs);
            }
        }
    }

    /// Connects every pair of nodes that are up.
    pub fn connect_all(&mut self) {
        for (a, b) in self.pairs() {
            self.connect(a, b);
        }
    }

    /// Cuts every connection between a node of `side` and one outside of it.
    pub fn partition(&mut self, side: &BTreeSet<usize>) {
        for (a, b) in self.pairs() {
            if side.contains(&a) != side.contains(&b) {
                self.cut(a, b);
            }
        }
    }

    fn pairs(&self) -> Vec<(usize, usize)> {
        let count = self.nodes.len();
        (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b))).collect()
    }

    // ---- crashes

    /// A node dies between two steps.
    pub fn crash(&mut self, index: usize) {
        let Some(node) = self.nodes[index].take() else { return };
        self.down.insert(index, (node.journal.after_crash(), node.mark, node.documents.clone()));
        for peer in 0..self.nodes.len() {
            self.cut(index, peer);
        }
        self.waiting.retain(|(asker, _), _| *asker != index);
        self.answering.retain(|(answerer, _), _| *answerer != index);
    }

    /// A node dies while it takes an input, at a point.
    pub fn crash_at(&mut self, index: usize, input: Input, stop: Stop) {
        let now = self.now_at(index);
        if let Some(node) = self.nodes[index].as_mut() {
            let effects = node.feed_until(input, now, stop);
            self.route(index, effects);
            self.crash(index);
        }
    }

    /// Starts a node that is down; it must be connected again.
    pub fn restart(&mut self, index: usize) {
        let Some((journal, mark, documents)) = self.down.remove(&index) else { return };
        self.start(index, journal, mark, documents);
    }

    /// Starts a node that is down on another copy of its journal, on the machine where it ran.
    pub fn restart_on(&mut self, index: usize, journal: MemoryJournal) {
        let Some((_, mark, documents)) = self.down.remove(&index) else { return };
        self.start(index, journal, mark, documents);
    }

    /// Starts a node that is down on a copy of its journal, on another machine or after a reboot: no mark lies there.
    pub fn restart_elsewhere(&mut self, index: usize, journal: MemoryJournal) {
        let Some((_, _, documents)) = self.down.remove(&index) else { return };
        self.start(index, journal, None, documents);
    }

    /// Starts a node that is down as a snapshot of the whole machine, memory included, has it: no rule can find out.
    pub fn restart_as_it_was(&mut self, index: usize, journal: MemoryJournal, mark: Option<Mark>) {
        let Some((_, _, documents)) = self.down.remove(&index) else { return };
        self.start(index, journal, mark, documents);
    }

    fn start(
        &mut self,
        index: usize,
        journal: MemoryJournal,
        mark: Option<Mark>,
        documents: MemoryDocuments,
    ) {
        let (seed, config) = (self.chance.number(), self.configs[index].clone());
        let office = federation().office(&self.writer(index).to_string());
        self.nodes[index] =
            Some(SimNode::start(office, config, (journal, mark), documents, seed, self.now_at(index)));
    }

    // ---- orders

    /// Opens a conference with this notice.
    pub fn open(&mut self, index: usize, act: Act) -> Result<(ConferenceId, MessageId), Fault> {
        let now = self.now_at(index);
        let (reply, effects) = self.node(index).order(open(act, Vec::new()), now);
        self.route(index, effects);
        if reply.as_ref().is_err_and(|fault| fault.code == "store.failed") {
            self.begun_again(index);
        }
        match reply? {
            Reply::Sent { conference, message, .. } => Ok((conference, message)),
            other => panic!("{other:?}"),
        }
    }

    /// Writes an act with its example text.
    pub fn order(&mut self, index: usize, conference: &ConferenceId, act: Act) -> Result<MessageId, Fault> {
        self.give(index, send(conference, act))
    }

    /// Gives an order that writes a link.
    pub fn give(&mut self, index: usize, order: concerto_core::Order) -> Result<MessageId, Fault> {
        let now = self.now_at(index);
        let (reply, effects) = self.node(index).order(order, now);
        self.route(index, effects);
        if reply.as_ref().is_err_and(|fault| fault.code == "store.failed") {
            self.begun_again(index);
        }
        match reply? {
            Reply::Sent { message, .. } => Ok(message),
            other => panic!("{other:?}"),
        }
    }

    // ---- time

    /// One step: time passes, what is due arrives, every node hears the clock.
    pub fn step(&mut self) {
        let idle = self.wire.is_empty() && self.waiting.is_empty();
        let passed = if idle { IDLE_STEP } else { STEP };
        self.monotonic += passed;
        self.let_pass(SignedDuration::try_from(passed).unwrap());
        self.time_out();
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        self.chance.shuffle(&mut order);
        for index in order {
            let mut inputs = self.due(index);
            self.chance.shuffle(&mut inputs);
            inputs.push(Input::Tick);
            while !inputs.is_empty() && self.is_up(index) {
                let most = 1 + self.chance.below(self.weather.batch_max as u64) as usize;
                let batch = inputs.drain(..most.min(inputs.len())).collect();
                self.feed(index, batch);
            }
        }
    }

    /// Several steps.
    pub fn steps(&mut self, count: usize) {
        for _ in 0..count {
            self.step();
        }
    }

    /// Runs until nothing moves any more; false if something still moves after `limit` of virtual time.
    pub fn settle(&mut self, limit: Duration) -> bool {
        let end = self.monotonic + limit;
        self.last_traffic = self.monotonic;
        while self.monotonic < end {
            self.step();
            let still = self.monotonic - self.last_traffic >= REST;
            let open = self.nodes.iter().flatten().any(|node| node.outbox_len() + node.wanted_len() > 0);
            if still && !open {
                return true;
            }
        }
        false
    }

    fn time_out(&mut self) {
        let late: Vec<(usize, u64)> =
            self.waiting.iter().filter(|(_, w)| w.until <= self.monotonic).map(|(key, _)| *key).collect();
        for key in late {
            let Some(waited) = self.waiting.remove(&key) else { continue };
            let input = waited.failed(self.writer(waited.of), key.1, PeerFailure::TimedOut);
            self.feed(key.0, vec![input]);
        }
    }

    /// Inputs from parcels that arrive at a node now.
    fn due(&mut self, index: usize) -> Vec<Input> {
        let now = self.monotonic;
        let arrives = |parcel: &Parcel| parcel.to == index && parcel.due <= now;
        let (arrived, rest) = std::mem::take(&mut self.wire).into_iter().partition(arrives);
        self.wire = rest;
        let arrived: Vec<Parcel> = arrived;
        let mut inputs = Vec::new();
        for parcel in arrived {
            let from = self.writer(parcel.from);
            match parcel.load {
                Load::Request { token, frame } => {
                    self.next_request += 1;
                    self.answering
                        .insert((index, self.next_request), (parcel.from, token, parcel.connection));
                    inputs.push(Input::Request { from, token: self.next_request, frame });
                }
                Load::Answer { token, result } => {
                    // the first answer counts; one to a request that was given up is dropped
                    if self.waiting.remove(&(index, token)).is_some() {
                        inputs.push(Input::Answer { from, token, result });
                    }
                }
                Load::Ask { token, message, digest } => {
                    self.next_request += 1;
                    self.answering
                        .insert((index, self.next_request), (parcel.from, token, parcel.connection));
                    inputs.push(Input::DocumentAsked { from, token: self.next_request, message, digest });
                }
                Load::Served { token, result } => {
                    let Some(document) = self.waiting.remove(&(index, token)).and_then(|w| w.document) else {
                        continue;
                    };
                    let result = self.stream(parcel.from, index, &document, result);
                    inputs.push(Input::Fetched { from, token, result });
                }
            }
        }
        inputs
    }

    /// The bytes of a document stream, which may break anywhere.
    fn stream(
        &mut self,
        from: usize,
        to: usize,
        document: &Listed,
        served: Result<Listed, ServeRefusal>,
    ) -> Result<(), FetchFailure> {
        if let Err(refusal) = served {
            let (code, reason) = (refusal.code.to_owned(), refusal.reason.to_owned());
            return Err(FetchFailure::Refused { code, reason });
        }
        let (Some(source), Some(asker)) = (&self.nodes[from], &self.nodes[to]) else {
            return Err(FetchFailure::Interrupted);
        };
        let breaks = self.chance.percent(self.weather.loss_percent);
        let most = if breaks { self.chance.below(document.size) } else { u64::MAX };
        streams::stream(&source.documents, &asker.documents, document, most)
    }

    /// Feeds a node and carries out its effects. A core that began again is told of its connections anew.
    pub fn feed(&mut self, index: usize, inputs: Vec<Input>) {
        let now = self.now_at(index);
        let Some(node) = self.nodes[index].as_mut() else { return };
        match node.feed(inputs, now) {
            Ok(effects) => self.route(index, effects),
            Err(_) => self.begun_again(index),
        }
    }

    /// The journal of a node failed and its core began again: its connections stand, but the tokens of the core that is gone have no
    /// owner, so their answers are dropped.
    fn begun_again(&mut self, index: usize) {
        self.waiting.retain(|(asker, _), _| *asker != index);
        let now = self.now_at(index);
        let connections = self.node(index).connections();
        // a greeting writes nothing: this succeeds on a full disk too
        let effects = self.node(index).feed(connections, now).unwrap();
        self.route(index, effects);
    }

    fn route(&mut self, index: usize, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Ask { to, token, frame } => {
                    self.send(index, &to, token, None, Load::Request { token, frame })
                }
                Effect::Respond { token, frame } => {
                    let asked = self.answering.remove(&(index, token));
                    let Some((to, token, connection)) = asked else { continue };
                    let lost = self.chance.percent(self.weather.loss_percent);
                    if !lost && self.connection(index, to) == Some(connection) {
                        self.post(index, to, connection, Load::Answer { token, result: Ok(frame) });
                    }
                }
                Effect::Fetch { from, token, message, document } => {
                    let load = Load::Ask { token, message, digest: document.digest };
                    self.send(index, &from, token, Some(document), load);
                }
                Effect::Serve { token, result } => {
                    let asked = self.answering.remove(&(index, token));
                    let Some((to, token, connection)) = asked else { continue };
                    if self.connection(index, to) == Some(connection) {
                        self.post(index, to, connection, Load::Served { token, result });
                    }
                }
                Effect::Reply { .. } => {}
            }
        }
    }

    /// Sends a request, or the question that opens a document stream.
    fn send(&mut self, index: usize, to: &Writer, token: u64, document: Option<Listed>, load: Load) {
        let peer = (0..self.nodes.len()).find(|at| self.writer(*at) == *to);
        let connection = peer.and_then(|peer| Some((peer, self.connection(index, peer)?)));
        let Some((peer, connection)) = connection else {
            let nobody = Waiting { of: index, connection: 0, until: Duration::ZERO, document };
            return self.feed(index, vec![nobody.failed(to.clone(), token, PeerFailure::NotConnected)]);
        };
        self.last_traffic = self.monotonic;
        let until = self.monotonic + TIMEOUT;
        self.waiting.insert((index, token), Waiting { of: peer, connection, until, document });
        if self.chance.percent(self.weather.loss_percent) {
            return;
        }
        if self.chance.percent(self.weather.twice_percent)
            && let Load::Request { token, frame } = &load
        {
            let (token, frame) = (*token, frame.clone());
            self.post(index, peer, connection, Load::Request { token, frame });
        }
        self.post(index, peer, connection, load);
    }

    fn post(&mut self, from: usize, to: usize, connection: u64, load: Load) {
        let delay = 1 + self.chance.below(self.weather.delay_steps_max);
        let due = self.monotonic + STEP * u32::try_from(delay).unwrap();
        self.wire.push(Parcel { due, from, to, connection, load });
    }
}
