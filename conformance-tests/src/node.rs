//! One node in memory, run as the engine of the real node runs its core: begin, handle, write all, commit, then effects, then
//! dispatch. It can be stopped dead at any point between those.

use concerto_core::{
    Case, Effect, Fault, Input, Mark, NewDocument, Node, NodeConfig, Order, Reply, Step, Storage, World,
};
use concerto_crypto_openssl::{MessageSigner, OpensslCheck};
use concerto_exchange::delivery::Monotonic;
use concerto_exchange::frame::{self, Answer, Request};
use concerto_message::{Audience, ConferenceId, Digest, MessageId, Writer};
use concerto_port::memory::{MemoryDocuments, MemoryJournal, SeededRandom};
use concerto_port::{Alarm, Journal, JournalError, JournalRead};
use concerto_procedure::acts::Act;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::acts;
use crate::federation::Office;

static CHECK: LazyLock<OpensslCheck> = LazyLock::new(OpensslCheck::new);

/// Most rows that a test looks at.
const ALL: usize = usize::MAX;

/// The two clocks of a node at one instant.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Wall clock.
    pub wall: Timestamp,
    /// Monotonic clock.
    pub monotonic: Monotonic,
}

/// Where a node stops dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// After so many changes were written to the open transaction.
    MidTransaction(usize),
    /// With everything written and nothing committed.
    BeforeCommit,
    /// With everything committed and no effect carried out.
    AfterCommit,
    /// After so many effects.
    MidEffects(usize),
}

/// A node, its journal, its documents and its key.
pub struct SimNode {
    /// Whose node it is.
    pub office: &'static Office,
    /// What is durable, and the open transaction.
    pub journal: MemoryJournal,
    /// Bodies and documents.
    pub documents: MemoryDocuments,
    /// Replies to orders, by token.
    pub replies: BTreeMap<u64, Result<Reply, Fault>>,
    /// What may be written, as the engine would tell it.
    pub storage: Storage,
    /// The mark that lies where this node runs.
    pub mark: Option<Mark>,
    node: Node,
    config: NodeConfig,
    signer: MessageSigner,
    random: SeededRandom,
    // connections as the transport reported them, to report them again to a core that began again
    connected: BTreeMap<Writer, String>,
    next_token: u64,
}

macro_rules! world {
    ($self:ident, $now:expr) => {
        World {
            journal: &$self.journal,
            documents: &$self.documents,
            signer: &$self.signer,
            check: &*CHECK,
            random: &$self.random,
            now: $now.wall,
            monotonic: $now.monotonic,
            storage: $self.storage,
        }
    };
}

impl SimNode {
    /// Starts a node on what is durable, where this mark lies.
    pub fn start(
        office: &'static Office,
        config: NodeConfig,
        (mut journal, mark): (MemoryJournal, Option<Mark>),
        documents: MemoryDocuments,
        seed: u64,
        now: Moment,
    ) -> Self {
        let (signer, random) = (office.signer(), SeededRandom::new(seed));
        let (node, step) = {
            let world = World {
                journal: &journal,
                documents: &documents,
                signer: &signer,
                check: &*CHECK,
                random: &random,
                now: now.wall,
                monotonic: now.monotonic,
                storage: Storage::Open,
            };
            Node::start(config.clone(), mark, &world).unwrap()
        };
        journal.begin().unwrap();
        for change in &step.commit {
            journal.write(change).unwrap();
        }
        journal.commit().unwrap();
        Self {
            office,
            journal,
            documents,
            replies: BTreeMap::new(),
            storage: Storage::Open,
            mark: step.mark.or(mark),
            node,
            config,
            signer,
            random,
            connected: BTreeMap::new(),
            next_token: 1,
        }
    }

    /// The process dies and is started again: what was not committed is gone, and so is everything in memory.
    pub fn crash(self, seed: u64, now: Moment) -> Self {
        let journal = self.journal.after_crash();
        Self::start(self.office, self.config, (journal, self.mark), self.documents, seed, now)
    }

    /// Carries out a batch of inputs; its effects and those of the dispatch after it.
    ///
    /// When the journal fails, nothing of the batch is kept and the core begins again from the journal; the connections that stand
    /// are reported to it anew.
    pub fn feed(&mut self, inputs: Vec<Input>, now: Moment) -> Result<Vec<Effect>, JournalError> {
        for input in &inputs {
            match input {
                Input::Connected { peer, peer_id } => {
                    drop(self.connected.insert(peer.clone(), peer_id.clone()))
                }
                Input::Disconnected { peer } => drop(self.connected.remove(peer)),
                _ => {}
            }
        }
        let done = self.commit(inputs, now, None).and_then(|mut effects| {
            effects.extend(self.node.dispatch(&world!(self, now))?.effects);
            Ok(effects)
        });
        match done {
            Ok(effects) => Ok(self.keep_replies(effects)),
            Err(error) => {
                self.begin_again(now);
                Err(error)
            }
        }
    }

    /// Feeds one input and stops dead at a point; the effects that still left the node. It must then [`Self::crash`].
    pub fn feed_until(&mut self, input: Input, now: Moment, stop: Stop) -> Vec<Effect> {
        let mut effects = self.commit(vec![input], now, Some(stop)).unwrap();
        match stop {
            Stop::MidTransaction(_) | Stop::BeforeCommit | Stop::AfterCommit => effects.clear(),
            Stop::MidEffects(most) => effects.truncate(most),
        }
        self.keep_replies(effects)
    }

    fn commit(
        &mut self,
        inputs: Vec<Input>,
        now: Moment,
        stop: Option<Stop>,
    ) -> Result<Vec<Effect>, JournalError> {
        let (mut effects, mut noted) = (Vec::new(), None);
        self.journal.begin()?;
        let mut written = 0;
        for input in inputs {
            let Step { commit, mark, effects: later } = self.node.handle(input, &world!(self, now))?;
            for change in &commit {
                if stop == Some(Stop::MidTransaction(written)) {
                    return Ok(effects);
                }
                self.journal.write(change)?;
                written += 1;
            }
            effects.extend(later);
            noted = mark.or(noted);
        }
        if stop == Some(Stop::BeforeCommit) {
            return Ok(effects);
        }
        if written > 0 {
            self.journal.commit()?
        } else {
            self.journal.rollback()?
        }
        if stop != Some(Stop::AfterCommit) {
            self.mark = noted.or(self.mark);
        }
        Ok(effects)
    }

    /// Nothing of the batch was kept: the core forgets it too. A start writes nothing that is held already.
    fn begin_again(&mut self, now: Moment) {
        self.journal.rollback().unwrap();
        let (node, step) = Node::start(self.config.clone(), self.mark, &world!(self, now)).unwrap();
        assert!(step.commit.is_empty(), "a node that began again has nothing to write");
        self.mark = step.mark.or(self.mark);
        self.node = node;
    }

    /// Watches the wall clock from now on, as nodes outside of training do.
    pub fn watch_clock(&mut self, now: Moment) {
        self.config.watch_clock = true;
        self.begin_again(now);
    }

    fn keep_replies(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let mut others = Vec::with_capacity(effects.len());
        for effect in effects {
            match effect {
                Effect::Reply { token, result } => drop(self.replies.insert(token, result)),
                other => others.push(other),
            }
        }
        others
    }

    /// The connections that stand, as inputs for a core that began again.
    pub fn connections(&self) -> Vec<Input> {
        let connected = |(peer, peer_id): (&Writer, &String)| Input::Connected {
            peer: peer.clone(),
            peer_id: peer_id.clone(),
        };
        self.connected.iter().map(connected).collect()
    }

    fn token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }

    /// Gives an order; its reply and what must be done now.
    pub fn order(&mut self, order: Order, now: Moment) -> (Result<Reply, Fault>, Vec<Effect>) {
        let token = self.token();
        match self.feed(vec![Input::Order { token, order: Box::new(order) }], now) {
            Ok(effects) => (self.replies.remove(&token).unwrap(), effects),
            Err(error) => (Err(Fault::technical("store.failed", &error)), Vec::new()),
        }
    }

    /// Answers the request of a peer, which may also lead to other effects.
    pub fn ask(
        &mut self,
        from: &Writer,
        request: &Request,
        tail: &[u8],
        now: Moment,
    ) -> (Answered, Vec<Effect>) {
        self.ask_bytes(from, frame::encode(request, tail).unwrap(), now)
    }

    /// The same with the bytes of a frame, which may be none.
    pub fn ask_bytes(&mut self, from: &Writer, frame: Vec<u8>, now: Moment) -> (Answered, Vec<Effect>) {
        let asked = self.token();
        let effects =
            self.feed(vec![Input::Request { from: from.clone(), token: asked, frame }], now).unwrap();
        let (mut answer, mut others) = (None, Vec::new());
        for effect in effects {
            match effect {
                Effect::Respond { token, frame } if token == asked => {
                    let (head, tail) = frame::decode_answer(&frame).unwrap();
                    answer = Some(Answered { head, tail: tail.to_vec() });
                }
                other => others.push(other),
            }
        }
        (answer.expect("every request is answered"), others)
    }

    /// The case as recomputed from the journal.
    pub fn case(&self, conference: &ConferenceId) -> Option<Case> {
        Case::load(conference, &self.journal).unwrap()
    }

    /// The digest of the state that the core holds in memory; none if it holds none.
    pub fn state_in_memory(&mut self, conference: &ConferenceId, now: Moment) -> Option<Digest> {
        match self.order(Order::StateDigests, now).0 {
            Ok(Reply::StateDigests(all)) => {
                all.into_iter().find(|(id, _)| id == conference).map(|(_, digest)| digest)
            }
            other => panic!("{other:?}"),
        }
    }

    /// Every link of a conference: identifier and exact bytes.
    pub fn links(&self, conference: &ConferenceId) -> BTreeMap<MessageId, String> {
        let links = self.journal.links(conference, 0, ALL).unwrap();
        links.into_iter().map(|stored| (stored.link.id(), stored.link.text().to_owned())).collect()
    }

    /// Codes of the alarms, oldest first.
    pub fn alarms(&self) -> Vec<String> {
        self.journal.alarms(None, ALL).unwrap().into_iter().map(|Alarm { code, .. }| code).collect()
    }

    /// Messages that still wait for a receipt.
    pub fn outbox_len(&self) -> usize {
        self.journal.outbox(None, 0, ALL).unwrap().len()
    }

    /// Everything in the core's memory, for a person who looks for a fault.
    pub fn inside(&self) -> String {
        format!("{:?}", self.node)
    }

    /// Documents that are wanted and not held.
    pub fn wanted_len(&self) -> usize {
        self.journal.wanted(0, ALL).unwrap().len()
    }
}

/// The answer to a request.
#[derive(Debug, Clone)]
pub struct Answered {
    /// What it says.
    pub head: Answer,
    /// What follows.
    pub tail: Vec<u8>,
}

impl Answered {
    /// The code of a refusal of the whole request, or of the only link that was not stored; `-` if there is none.
    pub fn code(&self) -> &str {
        match &self.head {
            Answer::Refused { code, .. } => code,
            Answer::Delivered { retry, .. } => match retry.as_slice() {
                [] => "-",
                [only] => &only.code,
                several => panic!("{several:?}"),
            },
            _ => "-",
        }
    }

    /// The receipts of a delivery.
    pub fn receipts(&self) -> &[String] {
        match &self.head {
            Answer::Delivered { receipts, .. } => receipts,
            other => panic!("{other:?}"),
        }
    }
}

/// The order that writes an act with its example text, visible to everybody (a sealed one to the procedente only).
pub fn send(conference: &ConferenceId, act: Act) -> Order {
    let sealed = matches!(act, Act::Sealed(_));
    let only = || Audience::Only([conference.lead().clone()].into());
    let body_audience = if sealed { only() } else { Audience::ALL };
    let body = acts::body_of(&act);
    let (conference, documents) = (conference.clone(), Vec::new());
    Order::Send { conference, act, behalf: None, body, body_audience, documents, wait: false }
}

/// The order that opens a conference.
pub fn open(act: Act, documents: Vec<NewDocument>) -> Order {
    Order::Open { body: acts::body_of(&act), act, documents }
}
