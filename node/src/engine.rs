//! The engine: one thread that owns core and journal, fed by a bounded queue.
//!
//! Inputs that wait together become durable together (group commit); only then the mark is noted and their effects are carried out.
//! When the journal fails, everything of that batch is forgotten and the core starts again from the journal: what was not receipted
//! comes again. What may be written meanwhile `keeping` says. A journal whose content is damaged ends the engine ([`Ended::Damaged`]).

use concerto_core::continuity::recorded_incarnation;
use concerto_core::step::store_failed;
use concerto_core::{Effect, Fault, Input, Mark, Node, NodeConfig, Order, Reply, Step, World};
use concerto_exchange::frame;
use concerto_exchange::transfer::FetchFailure;
use concerto_message::{Digest, MessageId, SignatureCheck, Writer};
use concerto_port::{
    Alarm, Clock, DocumentStore, Journal, JournalError, PeerEvent, PeerFailure, PeerLink, Random, Signer,
    Write,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

use crate::failpoint;
use crate::keeping::Keeping;
use crate::mark::Marks;
use crate::space::Space;
use crate::transfers::Transfers;
use crate::turns::Turns;

/// Inputs that may wait for the engine; senders wait beyond it.
pub(crate) const QUEUE_MAX: usize = 1024;
/// Most inputs made durable together.
const BATCH_MAX: usize = 128;
/// How long inputs of peers are taken into one batch: whoever waits for its end does not wait longer.
const BATCH_TIME: Duration = Duration::from_millis(25);

/// What the engine is told.
pub(crate) enum Told {
    /// The transport reports.
    Peer(PeerEvent),
    /// An order, and where its reply goes.
    Order(Box<Order>, oneshot::Sender<Result<Reply, Fault>>),
    /// A peer opened a stream for a document; answered with [`Transfers::serve`] and this token.
    DocumentAsked { from: Writer, token: u64, message: MessageId, digest: Digest },
    /// A document stream ended.
    Fetched { from: Writer, token: u64, result: Result<(), FetchFailure> },
    /// Time passed.
    Tick,
    /// Something that was held was put aside: what is missing must be fetched.
    LookAgain,
    /// Something that an official must know of.
    Alarm(Alarm),
    /// The journal was read and is damaged.
    Damaged,
    /// Finish what is begun and stop.
    Stop,
}

/// Why the engine ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was told to, or nobody is left to tell it anything.
    Stopped,
    /// The journal is damaged: it must be made anew from what of it is good before the engine starts again.
    Damaged,
}

/// The outside of a node, as the core sees it.
pub(crate) struct Outside {
    pub(crate) documents: Arc<dyn DocumentStore>,
    pub(crate) signer: Box<dyn Signer>,
    pub(crate) check: Box<dyn SignatureCheck>,
    pub(crate) random: Box<dyn Random>,
    pub(crate) clock: Box<dyn Clock>,
    /// None when the node works without peers (an order given while it does not serve).
    pub(crate) peers: Option<Arc<dyn PeerLink>>,
    /// Document streams, with the peers.
    pub(crate) transfers: Option<Transfers>,
}

/// Core, journal and outside together.
pub(crate) struct Engine {
    config: NodeConfig,
    // none after the journal failed, until the core could be started from it again
    node: Option<Node>,
    journal: Box<dyn Journal + Send>,
    outside: Outside,
    marks: Marks,
    keeping: Keeping,
    damaged: bool,
    started: Instant,
    replies: BTreeMap<u64, oneshot::Sender<Result<Reply, Fault>>>,
    next_reply: u64,
    // answers that the engine gives itself because the transport took no request; part of the next batch
    returned: Vec<Input>,
    // what peers ask and answer, until it is their turn
    turns: Turns,
    // what a core that starts again must be told
    connections: BTreeMap<Writer, String>,
}

macro_rules! world {
    ($self:ident) => {
        World {
            journal: $self.journal.as_ref(),
            documents: $self.outside.documents.as_ref(),
            signer: $self.outside.signer.as_ref(),
            check: $self.outside.check.as_ref(),
            random: $self.outside.random.as_ref(),
            now: $self.outside.clock.now(),
            monotonic: $self.started.elapsed(),
            storage: $self.keeping.storage(),
        }
    };
}

impl Engine {
    /// Starts the core from the journal. `space` is the disk to watch, if this node runs for long.
    pub(crate) fn start(
        config: NodeConfig,
        mut journal: Box<dyn Journal + Send>,
        outside: Outside,
        space: Option<Space>,
    ) -> Result<Self, JournalError> {
        let mut keeping = Keeping::new(space);
        keeping.look(journal.as_mut(), outside.clock.now()); // a start on a full disk may need the reserve
        let mut engine = Self {
            config,
            node: None,
            journal,
            outside,
            marks: Marks::new(),
            keeping,
            damaged: false,
            started: Instant::now(),
            replies: BTreeMap::new(),
            next_reply: 0,
            returned: Vec::new(),
            turns: Turns::default(),
            connections: BTreeMap::new(),
        };
        engine.start_node()?;
        Ok(engine)
    }

    /// Runs until told to stop, until nobody can tell it anything more, or until the journal is found damaged.
    pub(crate) fn run(&mut self, told: &mut mpsc::Receiver<Told>) -> Ended {
        loop {
            let mut batch = std::mem::take(&mut self.returned);
            let mut stop = false;
            if !self.turns.is_ready(self.started.elapsed()) {
                let Some(first) = told.blocking_recv() else { return Ended::Stopped };
                stop = !self.accept(first, &mut batch);
            }
            while !stop && !self.damaged && batch.len() < BATCH_MAX {
                match told.try_recv() {
                    Ok(next) => stop = !self.accept(next, &mut batch),
                    Err(_) => break,
                }
            }
            self.keeping.look(self.journal.as_mut(), self.outside.clock.now());
            if !self.damaged {
                self.carry_out(batch);
            }
            if stop {
                // whoever copies the folder of a node that was ended in order finds everything in one file
                if let Err(error) = self.journal.settle() {
                    tracing::warn!(%error, "the journal's log stays beside its file");
                }
                return Ended::Stopped;
            }
            if self.damaged {
                self.refuse_all(&store_failed());
                return Ended::Damaged;
            }
        }
    }

    /// One order outside of a running node: durable when this returns.
    pub(crate) fn execute(&mut self, order: Order) -> Result<Reply, Fault> {
        let (sender, mut receiver) = oneshot::channel();
        let input = self.order_input(Box::new(order), sender);
        self.carry_out(vec![input]);
        receiver.try_recv().unwrap_or_else(|_| Err(store_failed()))
    }

    /// Has an alarm written with the next order.
    pub(crate) fn raise(&mut self, alarm: Alarm) {
        self.keeping.raise(alarm);
    }

    fn order_input(&mut self, order: Box<Order>, reply: oneshot::Sender<Result<Reply, Fault>>) -> Input {
        self.next_reply += 1;
        self.replies.insert(self.next_reply, reply);
        Input::Order { token: self.next_reply, order }
    }

    fn accept(&mut self, told: Told, batch: &mut Vec<Input>) -> bool {
        let input = match told {
            Told::Stop => return false,
            Told::Tick => Input::Tick,
            Told::LookAgain => Input::LookAgain,
            Told::Alarm(alarm) => {
                self.keeping.raise(alarm);
                return true;
            }
            Told::Damaged => {
                self.damaged = true;
                return true;
            }
            Told::Order(order, reply) => {
                self.turns.office(self.started.elapsed());
                self.order_input(order, reply)
            }
            Told::Peer(PeerEvent::Connected { peer, peer_id }) => {
                self.connections.insert(peer.clone(), peer_id.clone());
                Input::Connected { peer, peer_id }
            }
            Told::Peer(PeerEvent::Disconnected { peer }) => {
                self.connections.remove(&peer);
                self.turns.gone(&peer);
                Input::Disconnected { peer }
            }
            Told::Peer(PeerEvent::Request { from, token, frame }) => {
                let request = Input::Request { from: from.clone(), token, frame };
                if self.turns.push(&from, request).is_err() {
                    self.refuse_busy(token);
                }
                return true;
            }
            Told::Peer(PeerEvent::Answer { from, token, result }) => {
                let answer = Input::Answer { from: from.clone(), token, result };
                let _ = self.turns.push(&from, answer); // answers are never given back
                return true;
            }
            Told::DocumentAsked { from, token, message, digest } => {
                Input::DocumentAsked { from, token, message, digest }
            }
            Told::Fetched { from, token, result } => Input::Fetched { from, token, result },
        };
        batch.push(input);
        true
    }

    /// A peer of which too many requests wait already.
    fn refuse_busy(&self, token: u64) {
        let (code, reason) = ("peer.busy".to_owned(), "too many requests of this peer wait".to_owned());
        let frame = frame::encode(&frame::Answer::Refused { code, reason }, &[]).unwrap_or_default();
        if let Some(peers) = &self.outside.peers {
            let _ = peers.respond(token, frame); // the queue to the transport may be full: then there is no answer
        }
    }

    /// Makes a batch durable, then carries out its effects, then sends what the outbox makes due.
    fn carry_out(&mut self, batch: Vec<Input>) {
        let done = self.revived(batch).and_then(|batch| {
            let effects = self.commit_batch(batch)?;
            failpoint::hit("after-commit");
            self.perform(effects);
            let world = world!(self);
            let due = self.node.as_mut().map(|node| node.dispatch(&world)).transpose()?;
            self.perform(due.map(|step| step.effects).unwrap_or_default());
            Ok(())
        });
        if let Err(error) = done {
            self.give_up(&error);
        }
    }

    /// The batch, with a core to take it: one that was given up starts again from the journal and is told who is connected.
    fn revived(&mut self, batch: Vec<Input>) -> Result<Vec<Input>, JournalError> {
        if self.node.is_some() {
            return Ok(batch);
        }
        self.start_node()?;
        let connected = self
            .connections
            .iter()
            .map(|(peer, peer_id)| Input::Connected { peer: peer.clone(), peer_id: peer_id.clone() });
        Ok(connected.chain(batch).collect())
    }

    fn start_node(&mut self) -> Result<(), JournalError> {
        let recorded = recorded_incarnation(self.journal.as_ref())?;
        let mark = recorded.and_then(|incarnation| self.marks.find(&incarnation));
        let (node, step) = Node::start(self.config.clone(), mark, &world!(self))?;
        failpoint::hit("starting");
        if !step.commit.is_empty() {
            self.journal.begin()?;
            for change in &step.commit {
                self.journal.write(change)?;
            }
            self.journal.commit()?;
        }
        if let Some(mark) = step.mark {
            self.marks.note(&mark);
        }
        self.node = Some(node);
        Ok(())
    }

    fn commit_batch(&mut self, batch: Vec<Input>) -> Result<Vec<Effect>, JournalError> {
        let (mut effects, mut noted) = (Vec::new(), None);
        self.journal.begin()?;
        let alarms = self.keeping.waiting().to_vec();
        for alarm in &alarms {
            self.journal.write(&Write::Alarm(alarm.clone()))?;
        }
        let mut written = alarms.len();
        let mut taken = batch.len();
        for input in batch {
            written += self.take(input, &mut effects, &mut noted)?;
        }
        let begun = Instant::now();
        while taken < BATCH_MAX && begun.elapsed() < BATCH_TIME {
            let Some((who, input, cost)) = self.turns.next(self.started.elapsed()) else { break };
            let turn = Instant::now();
            let changes = self.take(input, &mut effects, &mut noted)?;
            self.turns.spent(&who, turn.elapsed() + cost, changes, self.started.elapsed());
            written += changes;
            taken += 1;
        }
        if written > 0 {
            failpoint::hit("before-commit");
            self.journal.commit()?;
        } else {
            self.journal.rollback()?;
        }
        self.keeping.raised(alarms.len());
        if let Some(mark) = noted {
            self.marks.note(&mark); // before anybody can see what it names
        }
        Ok(effects)
    }

    /// Has the core take one input and writes what follows; gives how much of it was new to the journal.
    fn take(
        &mut self,
        input: Input,
        effects: &mut Vec<Effect>,
        noted: &mut Option<Mark>,
    ) -> Result<usize, JournalError> {
        let Step { commit, mark, effects: later } = {
            let world = world!(self);
            let Some(node) = self.node.as_mut() else { return Ok(0) };
            node.handle(input, &world)?
        };
        let mut changed = 0;
        for (number, change) in (1..).zip(&commit) {
            changed += usize::from(self.journal.write(change)?);
            failpoint::hit_if("mid-step", number < commit.len());
        }
        failpoint::hit_if("mid-transaction", !commit.is_empty());
        effects.extend(later);
        *noted = mark.or(*noted);
        Ok(changed)
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Reply { token, result } => {
                    failpoint::hit("before-reply");
                    if let Some(reply) = self.replies.remove(&token) {
                        let _ = reply.send(result); // the one who ordered may be gone: the order stands
                    }
                }
                Effect::Ask { to, token, frame } => {
                    failpoint::hit("before-ask");
                    let sent =
                        self.outside.peers.as_ref().is_some_and(|p| p.request(&to, token, frame).is_ok());
                    if !sent {
                        let result = Err(PeerFailure::NotConnected);
                        self.returned.push(Input::Answer { from: to, token, result });
                    }
                }
                Effect::Fetch { from, token, message, document } => match &self.outside.transfers {
                    Some(transfers) => transfers.fetch(from, token, message, document),
                    None => {
                        let result = Err(FetchFailure::Interrupted);
                        self.returned.push(Input::Fetched { from, token, result });
                    }
                },
                Effect::Serve { token, result } => {
                    if let Some(transfers) = &self.outside.transfers {
                        transfers.serve(token, result);
                    }
                }
                Effect::Respond { token, frame } => {
                    failpoint::hit("before-respond");
                    if let Some(peers) = &self.outside.peers
                        && peers.respond(token, frame).is_err()
                    {
                        tracing::warn!("an answer was dropped: the queue to the transport is full");
                    }
                }
            }
        }
    }

    /// Nothing of the batch was kept: the core that took it is given up, whole, and whoever ordered is told so.
    fn give_up(&mut self, error: &JournalError) {
        tracing::error!(%error, "the journal failed; the node starts again from it");
        self.node = None;
        let _ = self.journal.rollback(); // there may be no transaction any more
        self.damaged |= matches!(error, JournalError::Corrupt(_));
        let fault = self.keeping.failed(error, self.outside.clock.now());
        self.refuse_all(&fault);
    }

    fn refuse_all(&mut self, fault: &Fault) {
        for (_, reply) in std::mem::take(&mut self.replies) {
            let _ = reply.send(Err(fault.clone())); // the one who ordered may be gone
        }
    }
}
