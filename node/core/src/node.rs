//! The node: its members, sessions, cases and delivery, and the dispatch of inputs.

use concerto_exchange::delivery::{Delivery, DeliveryConfig, Monotonic};
use concerto_exchange::frame::{self, Request};
use concerto_message::{ConferenceId, Digest, FederationId, Incarnation, MessageId, Writer};
use concerto_port::{JournalError, PeerFailure, Write};
use concerto_trust::AnchorKeys;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::case::Case;
use crate::clock::ClockWatch;
use crate::continuity::{INCARNATION, Mark, recorded_incarnation};
use crate::documents::Tried;
use crate::fault::Fault;
use crate::keyring::Keyring;
use crate::pull::Pull;
use crate::relook::Relook;
use crate::step::{Effect, Input, Order, Reply, Step, Storage, World};

/// Most conferences folded in memory; others are read back when they are needed.
pub const CASES_MAX: usize = 512;
/// Most outbox rows read in one go.
pub(crate) const OUTBOX_PAGE: usize = 512;
/// Most replies held back at one time; beyond it orders are answered at once.
const WAITING_MAX: usize = 1024;

/// Who this node is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The writer of its chains.
    pub writer: Writer,
    /// Its entity identifier in the federation.
    pub entity: String,
    /// Its transport identity.
    pub peer_id: String,
    /// The federation.
    pub federation: FederationId,
    /// Its trust bundle, which its headers name by digest.
    pub bundle: Vec<u8>,
}

/// Another member of the federation.
#[derive(Debug, Clone)]
pub struct Member {
    /// The writer.
    pub writer: Writer,
    /// Its entity identifier.
    pub entity: String,
    /// Its transport identity.
    pub peer_id: String,
}

/// What a node is made from.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// Who it is.
    pub identity: Identity,
    /// The other members.
    pub members: Vec<Member>,
    /// The anchor's keys, given out of band.
    pub anchor: AnchorKeys,
    /// Bounds and delays of the delivery.
    pub delivery: DeliveryConfig,
    /// Whether the wall clock is watched: always, but for the virtual clock of a training federation.
    pub watch_clock: bool,
}

/// What stands between this node and one peer.
#[derive(Debug, Default)]
pub(crate) struct Session {
    pub(crate) connected: bool,
    // transport identity that the connection proved
    pub(crate) peer_id: String,
    // the peer's greeting was verified: it may ask
    pub(crate) admitted: bool,
    // the peer verified ours: we may ask
    pub(crate) ready: bool,
    pub(crate) greet_again_at: Monotonic,
    // the peer knows no document streams (v0.1): small documents come in frames
    pub(crate) no_streams: bool,
    // receipts that were told got no answer: they are told again
    pub(crate) receipts_lost: bool,
    pub(crate) pull: Pull,
}

/// What an answer under way belongs to.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    Hello,
    Deliver,
    Receipts,
    Heads { conferences: Vec<ConferenceId> },
    Fetch { range: concerto_exchange::catch_up::Range },
    Bundle { digest: Digest },
    Document { message: MessageId, digest: Digest },
    Stream { message: MessageId, digest: Digest },
}

impl Asked {
    /// For the log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Deliver => "deliver",
            Self::Receipts => "receipts",
            Self::Heads { .. } => "heads",
            Self::Fetch { .. } => "fetch",
            Self::Bundle { .. } => "bundle",
            Self::Document { .. } | Self::Stream { .. } => "document",
        }
    }
}

/// A reply held back until these peers receipted the message.
#[derive(Debug)]
struct Waiting {
    token: u64,
    result: Result<Reply, Fault>,
    peers: BTreeSet<Writer>,
}

/// A node. It reads through the [`World`] of each step and changes the world only through the [`Step`] it returns.
#[derive(Debug)]
pub struct Node {
    pub(crate) identity: Identity,
    pub(crate) members: BTreeMap<Writer, Member>,
    pub(crate) incarnation: Incarnation,
    // this node cannot prove that it holds its own latest head: its next link opens an incarnation
    pub(crate) renewal_due: bool,
    // whether nothing new could be written or dated at the last tick
    pub(crate) was_closed: bool,
    pub(crate) clock: ClockWatch,
    // what is held is compared with what the texts name, conference by conference
    pub(crate) relook: Option<Relook>,
    pub(crate) keyring: Keyring,
    pub(crate) cases: BTreeMap<ConferenceId, Case>,
    pub(crate) recent: VecDeque<ConferenceId>,
    pub(crate) sessions: BTreeMap<Writer, Session>,
    pub(crate) delivery: Delivery,
    pub(crate) asked: BTreeMap<u64, (Writer, Asked)>,
    waiting: BTreeMap<MessageId, Waiting>,
    pub(crate) watched_on: Option<jiff::civil::Date>,
    pub(crate) watch_again_at: Monotonic,
    // conferences led by this node with messages or proofs to take in charge
    pub(crate) to_take: BTreeSet<ConferenceId>,
    // what was tried for documents that could not be had yet
    pub(crate) tried: BTreeMap<Digest, Tried>,
    // the last wanted document looked at
    pub(crate) wanted_after: u64,
    next_token: u64,
}

impl Node {
    /// Starts a node from its journal: its incarnation is read or opened, its outbox taken up again. `mark` is what lies where this
    /// node runs for the incarnation that the journal records, if anything does.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn start(
        config: NodeConfig,
        mark: Option<Mark>,
        world: &World<'_>,
    ) -> Result<(Self, Step), JournalError> {
        let mut step = Step::default();
        let (incarnation, proved) = read_incarnation(world, mark, &mut step)?;
        let clock = ClockWatch::start(config.watch_clock, world, &mut step)?;
        let digest = Digest::of(&config.identity.bundle);
        if world.journal.bundle(digest)?.is_none() {
            // a start on what is held already writes nothing: it must succeed on a full disk too
            step.commit.push(Write::Bundle { digest, bytes: config.identity.bundle.clone() });
        }
        let me = config.identity.writer.clone();
        let mut node = Self {
            members: config
                .members
                .into_iter()
                .filter(|m| m.writer != me)
                .map(|m| (m.writer.clone(), m))
                .collect(),
            identity: config.identity,
            incarnation,
            renewal_due: !proved,
            was_closed: false,
            clock,
            relook: None,
            keyring: Keyring::new(config.anchor),
            cases: BTreeMap::new(),
            recent: VecDeque::new(),
            sessions: BTreeMap::new(),
            delivery: Delivery::new(config.delivery),
            asked: BTreeMap::new(),
            waiting: BTreeMap::new(),
            watched_on: None,
            watch_again_at: Monotonic::ZERO,
            to_take: BTreeSet::new(),
            tried: BTreeMap::new(),
            wanted_after: 0,
            next_token: first_token(world),
        };
        node.find_untaken(world)?;
        node.begin_after_rebuild(world, &mut step)?;
        Ok((node, step))
    }

    /// Takes one input. Nothing of the step may be done before its commit is durable; when the commit fails, the node must be
    /// started again from the journal.
    ///
    /// # Errors
    /// [`JournalError`] when the journal cannot be read; the node must be started again.
    pub fn handle(&mut self, input: Input, world: &World<'_>) -> Result<Step, JournalError> {
        let mut step = Step::default();
        if world.storage != Storage::ReadOnly {
            // a clock that jumped ahead may be a snapshot that was taken up again: what was written since nobody here knows
            self.renewal_due |= self.clock.observe(world, &mut step);
        }
        match input {
            Input::Order { token, order } => {
                let (result, wait) = self.order_once(world, &mut step, *order)?;
                self.reply(&mut step, token, result, wait);
            }
            Input::Connected { peer, peer_id } => self.connected(world, &mut step, &peer, peer_id),
            Input::Disconnected { peer } => {
                self.sessions.remove(&peer);
                self.delivery.peer_gone(&peer);
            }
            Input::Request { from, token, frame } => {
                let answer = self.request(world, &mut step, &from, &frame)?;
                step.effects.push(Effect::Respond { token, frame: answer });
            }
            Input::Answer { from, token, result } => self.answer(world, &mut step, &from, token, result)?,
            Input::DocumentAsked { from, token, message, digest } => {
                let result = self.document_asked(world, &from, message, digest)?;
                step.effects.push(Effect::Serve { token, result });
            }
            Input::Fetched { from, token, result } => {
                self.fetched(world, &mut step, &from, token, result)?;
                if self.closed(world).is_none() {
                    self.pull_documents(world, &mut step)?;
                }
            }
            Input::Tick => self.tick(world, &mut step)?,
            Input::LookAgain => self.look_again(world, &mut step),
        }
        Ok(step)
    }

    fn tick(&mut self, world: &World<'_>, step: &mut Step) -> Result<(), JournalError> {
        self.greet_again(world, step);
        if world.storage != Storage::ReadOnly {
            self.watch(world, step);
        }
        if self.closed(world).is_some() {
            self.was_closed = true;
            return Ok(());
        }
        if std::mem::take(&mut self.was_closed) {
            self.reopened(world, step)?;
        }
        self.relook(world, step)?;
        self.take_in_charge(world, step)?;
        self.scan_on(world, step)?;
        self.catch_up_again(world, step)?;
        self.pull_documents(world, step)
    }

    /// Something may be written and dated again: nothing waits any longer, neither documents nor what peers kept back meanwhile.
    fn reopened(&mut self, world: &World<'_>, step: &mut Step) -> Result<(), JournalError> {
        self.try_all_again();
        let ready: Vec<Writer> =
            self.sessions.iter().filter(|(_, s)| s.ready).map(|(peer, _)| peer.clone()).collect();
        for peer in ready {
            self.begin_catch_up(world, step, &peer)?;
        }
        Ok(())
    }

    /// Why nothing new may be written or dated now, if so.
    pub(crate) fn closed(&self, world: &World<'_>) -> Option<Fault> {
        world.storage.refusal().or_else(|| self.clock.refusal())
    }

    /// The incarnation in which this node writes.
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// What the durable outbox makes due: to be called after each commit. Its step changes nothing in the journal.
    ///
    /// # Errors
    /// [`JournalError`] when the journal cannot be read; the node must be started again.
    pub fn dispatch(&mut self, world: &World<'_>) -> Result<Step, JournalError> {
        let mut step = Step::default();
        self.deliver_due(world, &mut step)?;
        Ok(step)
    }

    /// The orders of officials. The reply is given when the act is durable.
    pub(crate) fn order(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        order: Order,
    ) -> Result<Result<Reply, Fault>, JournalError> {
        if let Some(fault) = self.closed(world).filter(|_| writes(&order)) {
            return Ok(Err(fault));
        }
        match order {
            Order::Open { act, body, documents } => self.open(world, step, act, body, documents),
            Order::Send { conference, act, behalf, body, body_audience, documents, wait: _ } => {
                let draft = crate::compose::Draft { act, behalf, body, body_audience, documents };
                let chosen = matches!(draft.act, concerto_procedure::acts::Act::ForkResolved(_));
                if chosen && *conference.lead() == self.identity.writer {
                    // the branch that was chosen may be taken in charge now, whether or not anything more comes from its author
                    self.to_take.insert(conference.clone());
                }
                self.send(world, step, &conference, draft)
            }
            Order::Mailed { link, bundle } => self.take_mailed(world, step, &link, bundle.as_deref()),
            Order::MailedDocument { message, digest, salt, bytes } => {
                self.take_mailed_document(world, step, message, (digest, salt, &bytes))
            }
            // a key within a key is no order that anybody gives
            Order::Once { order, .. } => self.order_once(world, step, *order).map(|(result, _)| result),
            Order::StateDigests => {
                let digests = self.cases.iter().map(|(id, case)| (id.clone(), case.state_digest()));
                Ok(Ok(Reply::StateDigests(digests.collect())))
            }
            Order::ConfirmClock => Ok(match world.storage.read_only() {
                Some(fault) => Err(fault),
                None => {
                    self.clock.confirm(world, step);
                    Ok(Reply::Done)
                }
            }),
        }
    }

    /// Replies now, or once every participant with a node has receipted the message.
    fn reply(&mut self, step: &mut Step, token: u64, result: Result<Reply, Fault>, wait: bool) {
        if let (Ok(Reply::Sent { conference, message, .. }), true) =
            (&result, wait && self.waiting.len() < WAITING_MAX)
        {
            let participants = self.cases.get(conference).map(Case::participants);
            let peers: BTreeSet<Writer> = participants
                .into_iter()
                .flatten()
                .filter(|p| self.members.contains_key(*p))
                .cloned()
                .collect();
            if !peers.is_empty() {
                self.waiting.insert(*message, Waiting { token, result, peers });
                return;
            }
        }
        step.effects.push(Effect::Reply { token, result });
    }

    /// A peer receipted a message: whoever waits for the last receipt is told.
    pub(crate) fn receipted(&mut self, step: &mut Step, peer: &Writer, message: MessageId) {
        let Some(waiting) = self.waiting.get_mut(&message) else { return };
        waiting.peers.remove(peer);
        if waiting.peers.is_empty()
            && let Some(Waiting { token, result, .. }) = self.waiting.remove(&message)
        {
            step.effects.push(Effect::Reply { token, result });
        }
    }

    /// The case, from memory or read back from the journal; bounded by forgetting the one used longest ago.
    pub(crate) fn load_case(
        &mut self,
        world: &World<'_>,
        id: &ConferenceId,
    ) -> Result<Option<&mut Case>, JournalError> {
        if !self.cases.contains_key(id) {
            let Some(case) = Case::load(id, world.journal)? else { return Ok(None) };
            self.keep_case(case);
        }
        Ok(self.cases.get_mut(id))
    }

    pub(crate) fn keep_case(&mut self, case: Case) {
        if !self.cases.contains_key(case.id()) && !self.recent.contains(case.id()) {
            self.recent.push_back(case.id().clone());
        }
        self.cases.insert(case.id().clone(), case);
        while self.cases.len() > CASES_MAX {
            let Some(oldest) = self.recent.pop_front() else { break };
            self.cases.remove(&oldest);
        }
    }

    pub(crate) fn token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }

    pub(crate) fn skip_tokens(&mut self, last_used: u64) {
        self.next_token = self.next_token.max(last_used);
    }

    /// Asks a peer; exactly one answer with the token comes back as input.
    pub(crate) fn ask(&mut self, step: &mut Step, to: &Writer, asked: Asked, request: &Request, tail: &[u8]) {
        let token = self.token();
        match frame::encode(request, tail) {
            Ok(frame) => {
                self.asked.insert(token, (to.clone(), asked));
                step.effects.push(Effect::Ask { to: to.clone(), token, frame });
            }
            Err(error) => tracing::warn!(code = error.code(), peer = %to, "a request could not be written"),
        }
    }

    pub(crate) fn session_ready(&self, peer: &Writer) -> bool {
        self.sessions.get(peer).is_some_and(|s| s.ready)
    }

    /// Opens the next incarnation: this node cannot prove that it holds its own latest head.
    pub(crate) fn reincarnate(&mut self, world: &World<'_>, step: &mut Step, latest_known: u32) {
        self.incarnation = Incarnation {
            counter: self.incarnation.counter.max(latest_known).saturating_add(1),
            nonce: concerto_message::ids::Nonce(world.random.nonce()),
        };
        self.renewal_due = false;
        tracing::warn!(counter = self.incarnation.counter, "this node opens a new incarnation");
        step.commit.push(incarnation_write(&self.incarnation));
        step.mark = Some(Mark { incarnation: self.incarnation, last: None });
    }

    /// A peer that failed or answered nonsense: the log says so, the machine goes on.
    pub(crate) fn log_failure(peer: &Writer, what: &str, failure: &PeerFailure) {
        tracing::debug!(%peer, what, %failure, "no answer");
    }
}

/// Tokens begin anywhere: an answer to a core that ended and began again within its process must not pass for one to the new core.
fn first_token(world: &World<'_>) -> u64 {
    let nonce = world.random.nonce();
    let (first, _) = nonce.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
    u64::from_be_bytes(*first) >> 1
}

fn incarnation_write(incarnation: &Incarnation) -> Write {
    Write::Meta { name: INCARNATION, value: serde_json::to_vec(incarnation).unwrap_or_default() }
}

/// The incarnation that the journal records, or the first one, and whether the node may go on in it.
fn read_incarnation(
    world: &World<'_>,
    mark: Option<Mark>,
    step: &mut Step,
) -> Result<(Incarnation, bool), JournalError> {
    if let Some(incarnation) = recorded_incarnation(world.journal)? {
        let Some(mark) = mark else { return Ok((incarnation, false)) };
        if !mark.proves(&incarnation, world.journal)? {
            return Ok((incarnation, false));
        }
        // a process that died between a commit and its mark left a link that goes out now: what it was marked with proves no more
        let last = world.journal.last_own()?;
        if mark.last != last {
            step.mark = Some(Mark { incarnation, last });
        }
        return Ok((incarnation, true));
    }
    let nonce = concerto_message::ids::Nonce(world.random.nonce());
    let incarnation = Incarnation { counter: 1, nonce };
    step.commit.push(incarnation_write(&incarnation));
    step.mark = Some(Mark { incarnation, last: None });
    Ok((incarnation, true))
}

/// Whether an order writes a link, or a document that a link lists. A link that came is refused only where it is new.
fn writes(order: &Order) -> bool {
    matches!(order, Order::Open { .. } | Order::Send { .. } | Order::MailedDocument { .. })
}
