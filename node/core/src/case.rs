//! Everything a node knows of one conference: links, chains, receipts, and the state folded from the procedente's chain.
//!
//! The state is the fold of the procedente's chain alone: another author's message takes effect where that chain names its
//! identifier (`TakenInCharge`). Chains are sets that only grow and the fold is a function of them, so nodes that hold the same
//! links have the same state whatever the order in which they came. A fold that meets a message or receipt that is not held yet
//! stops there until it is.

use concerto_message::chain::{Chain, End, Placement};
use concerto_message::link::Observed;
use concerto_message::receipt::{HeldHead, TermsStatement};
use concerto_message::{
    ConferenceId, Digest, Incarnation, Link, MessageId, Receipt, ReceiptKind, Verified, Writer, limits,
};
use concerto_port::{ContentStatus, JournalError, JournalRead};
use concerto_procedure::acts::{Act, TakenInCharge};
use concerto_procedure::conference::{Conference, Evidence};
use concerto_procedure::evolve::{Event, evolve};
use concerto_procedure::term::terms_digest;
use concerto_procedure::terms::terms;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::agreement::open_disagreements;
pub use crate::entry::{Entry, Noted, receipt_digest};
use crate::entry::{behalf_of, read_act};
use crate::ingest::{QUOTED_INVALID, content_status};

/// Links read from the journal in one go.
const PAGE: usize = 512;
/// Most alarms of one conference that are read.
const ALARMS_MAX: usize = 1 << 20;

/// Which link of a fork is kept, and where the procedente's chain says so: of several choices the latest counts on every node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Choice {
    said_in: (Incarnation, u64, MessageId),
    kept: MessageId,
}

/// What the fold waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Awaited {
    /// A link that the procedente took in charge.
    Link {
        /// The link.
        id: MessageId,
        /// Its author.
        author: Writer,
    },
    /// A receipt in the procedente's chain whose signature could not be checked yet.
    Receipt(Digest),
    /// A link of the procedente whose schema this version does not know.
    Upgrade(MessageId),
}

/// One conference as one node knows it.
#[derive(Debug)]
pub struct Case {
    id: ConferenceId,
    entries: BTreeMap<MessageId, Entry>,
    chains: BTreeMap<Writer, Chain>,
    receipts: BTreeMap<Digest, Noted>,
    // receipts quoted by the procedente whose signature is wrong: they prove nothing
    bad_receipts: BTreeSet<Digest>,
    participants: BTreeSet<Writer>,
    // forks resolved: which link is kept, and the place on the procedente's chain of the latest link that says so
    choices: BTreeMap<(Writer, Incarnation, u64), Choice>,
    state: Conference,
    taken: BTreeSet<MessageId>,
    folded: usize,
    folded_head: Option<MessageId>,
    generation: u64,
    awaited: Option<Awaited>,
    terms: Option<Digest>,
    // links of the procedente since the terms moved last: after each of them they are what they are now
    same_terms_after: VecDeque<MessageId>,
    observed: BTreeMap<Writer, MessageId>,
    // whose node computed other terms, until it computes the same again
    disagreeing: BTreeSet<Writer>,
}

/// Most links of the procedente after which another's terms can still be compared with this node's own.
const COMPARED_MAX: usize = 256;

impl Case {
    /// A conference of which nothing is known yet.
    pub fn new(id: ConferenceId) -> Self {
        let participants = BTreeSet::from([id.lead().clone()]);
        Self {
            state: Conference::new(id.clone()),
            id,
            entries: BTreeMap::new(),
            chains: BTreeMap::new(),
            receipts: BTreeMap::new(),
            bad_receipts: BTreeSet::new(),
            participants,
            choices: BTreeMap::new(),
            taken: BTreeSet::new(),
            folded: 0,
            folded_head: None,
            generation: 0,
            awaited: None,
            terms: None,
            same_terms_after: VecDeque::new(),
            observed: BTreeMap::new(),
            disagreeing: BTreeSet::new(),
        }
    }

    /// Reads a conference back from the journal and folds it.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn load(id: &ConferenceId, journal: &dyn JournalRead) -> Result<Option<Self>, JournalError> {
        let mut case = Self::new(id.clone());
        for receipt in journal.conference_receipts(id)? {
            case.note_receipt(&receipt);
        }
        let alarms = journal.alarms(Some(id), ALARMS_MAX)?;
        for alarm in alarms.iter().filter(|alarm| alarm.code == QUOTED_INVALID) {
            case.bad_receipts.extend(alarm.subject.parse::<Digest>().ok());
        }
        case.disagreeing = open_disagreements(&alarms);
        let mut after = 0;
        loop {
            let page = journal.links(id, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.row;
            for stored in &page {
                // after an upgrade this node may know a schema that it did not know
                let unknown = stored.content == ContentStatus::UnknownSchema;
                let content = if unknown { content_status(&stored.link) } else { stored.content.clone() };
                case.place(&stored.link, stored.received_at, stored.own, &content);
            }
        }
        case.fold();
        Ok((!case.entries.is_empty()).then_some(case))
    }

    /// The conference.
    pub fn id(&self) -> &ConferenceId {
        &self.id
    }
    /// The procedente.
    pub fn lead(&self) -> &Writer {
        self.id.lead()
    }
    /// Who receives every link: the procedente and every body ever called.
    pub fn participants(&self) -> &BTreeSet<Writer> {
        &self.participants
    }
    /// The folded state.
    pub fn state(&self) -> &Conference {
        &self.state
    }
    /// A link held.
    pub fn entry(&self, id: MessageId) -> Option<&Entry> {
        self.entries.get(&id)
    }
    /// Every link held.
    pub fn entries(&self) -> impl Iterator<Item = (&MessageId, &Entry)> {
        self.entries.iter()
    }
    /// The chain of a writer.
    pub fn chain(&self, writer: &Writer) -> Option<&Chain> {
        self.chains.get(writer)
    }
    /// Every chain.
    pub fn chains(&self) -> impl Iterator<Item = (&Writer, &Chain)> {
        self.chains.iter()
    }
    /// Every receipt held.
    pub fn receipts(&self) -> impl Iterator<Item = (&Digest, &Noted)> {
        self.receipts.iter()
    }
    /// What the fold waits for, if it stands still.
    pub fn awaited(&self) -> Option<&Awaited> {
        self.awaited.as_ref()
    }
    /// Whether the procedente's chain, as folded here, took a message in charge.
    pub fn is_taken(&self, id: MessageId) -> bool {
        self.taken.contains(&id)
    }
    /// Whether a link held is a determination of a body.
    pub fn is_determination(&self, id: MessageId) -> bool {
        self.entries.get(&id).is_some_and(|e| matches!(e.act, Ok(Act::Determination(_))))
    }
    /// Digest of the terms after the last link folded. None while the same head may stand for different terms: the procedente went on
    /// without links of an earlier incarnation that came to light later.
    pub fn terms_statement(&self) -> Option<TermsStatement> {
        if !self.chains.get(self.id.lead()).is_none_or(Chain::head_says_all) {
            return None;
        }
        Some(TermsStatement { lead_head: self.folded_head?, digest: self.terms? })
    }
    /// Digest of the terms after a link of the procedente, if they are what they are now (as far back as is kept in memory).
    pub(crate) fn terms_after(&self, lead_head: MessageId) -> Option<Digest> {
        let now = self.terms_statement()?;
        (now.lead_head == lead_head || self.same_terms_after.contains(&lead_head)).then_some(now.digest)
    }

    /// Whose nodes compute other terms than this one, as far as it was told.
    pub fn disagreeing(&self) -> &BTreeSet<Writer> {
        &self.disagreeing
    }

    pub(crate) fn disagrees(&mut self, other: &Writer) {
        self.disagreeing.insert(other.clone());
    }

    /// Whether another that disagreed agrees now.
    pub(crate) fn agrees(&mut self, other: &Writer) -> bool {
        self.disagreeing.remove(other)
    }

    /// SHA-256 of the state's JSON: equal states have equal digests.
    pub fn state_digest(&self) -> Digest {
        Digest::of(&serde_json::to_vec(&self.state).unwrap_or_default())
    }

    /// Messages of other authors that wait for the procedente, oldest reception first: neither those whose content is refused nor
    /// those that the resolution of a fork set aside, which never have effect.
    pub fn pending(&self) -> Vec<(MessageId, &Entry)> {
        let lead = self.lead();
        let set_aside = self.set_aside();
        let mut pending: Vec<_> = self
            .entries
            .iter()
            .filter(|(id, e)| e.author != *lead && !self.taken.contains(id) && !set_aside.contains(id))
            .filter(|(_, e)| !matches!(e.act, Err(ContentStatus::Refused { .. })))
            .map(|(id, e)| (*id, e))
            .collect();
        pending.sort_by_key(|(id, e)| (e.received_at, *id));
        pending
    }

    /// Links that lost the place of a resolved fork, and what their author wrote after them.
    fn set_aside(&self) -> BTreeSet<MessageId> {
        let mut lost = BTreeSet::new();
        for ((writer, incarnation, sequence), choice) in &self.choices {
            let Some(chain) = self.chains.get(writer) else { continue };
            lost.extend(chain.range(incarnation, *sequence, *sequence, usize::MAX));
            lost.remove(&choice.kept);
            let next = sequence.saturating_add(1);
            let broken = chain.ends().any(|(lane, end)| {
                lane == *incarnation && matches!(end, End::Broken { sequence } if *sequence == next)
            });
            if broken {
                lost.extend(chain.range(incarnation, next, u64::MAX, usize::MAX));
            }
        }
        lost
    }

    /// The end of a writer's chain held without a gap.
    pub fn head(&self, writer: &Writer) -> Option<HeldHead> {
        self.chains.get(writer).and_then(Chain::head)
    }

    /// Heads of other chains that `me` has not named yet, at most 64.
    pub fn changed_heads(&self, me: &Writer) -> Vec<Observed> {
        self.chains
            .iter()
            .filter(|(writer, _)| *writer != me)
            .filter_map(|(writer, chain)| Some((writer, chain.head()?.id)))
            .filter(|(writer, head)| self.observed.get(writer) != Some(head))
            .take(limits::OBSERVED_MAX)
            .map(|(writer, head)| Observed { writer: writer.clone(), head })
            .collect()
    }

    /// Adds a verified link and folds what it makes possible.
    pub fn insert(
        &mut self,
        link: &Verified<Link>,
        received_at: Timestamp,
        own: bool,
        content: &ContentStatus,
    ) -> Placement {
        let placement = self.place(link, received_at, own, content);
        self.fold();
        placement
    }

    /// Notes a verified receipt and folds what it makes possible.
    pub fn insert_receipt(&mut self, receipt: &Verified<Receipt>) {
        self.note_receipt(receipt);
        if self.awaited == Some(Awaited::Receipt(receipt.digest())) {
            self.fold();
        }
    }

    /// Notes that a receipt quoted by the procedente does not verify.
    pub fn reject_receipt(&mut self, digest: Digest) {
        self.bad_receipts.insert(digest);
        if self.awaited == Some(Awaited::Receipt(digest)) {
            self.fold();
        }
    }

    /// Whether a receipt was judged, one way or the other.
    pub fn knows_receipt(&self, digest: Digest) -> bool {
        self.receipts.contains_key(&digest) || self.bad_receipts.contains(&digest)
    }

    fn place(
        &mut self,
        link: &Verified<Link>,
        received_at: Timestamp,
        own: bool,
        content: &ContentStatus,
    ) -> Placement {
        let payload = link.payload();
        let chain = self.chains.entry(payload.writer.clone()).or_default();
        let placement = chain.insert(link.id(), payload);
        if placement == Placement::Known {
            return placement;
        }
        let act = read_act(payload, content);
        if payload.writer == *self.id.lead()
            && let Ok(act) = &act
        {
            self.note_lead_act(act, (payload.incarnation, payload.sequence, link.id()));
        }
        if own {
            for seen in &payload.observed {
                self.observed.insert(seen.writer.clone(), seen.head);
            }
        }
        let entry = Entry {
            author: payload.writer.clone(),
            sequence: payload.sequence,
            message_type: payload.message_type.clone(),
            issued_at: payload.issued_at,
            received_at,
            own,
            behalf: behalf_of(payload),
            regime: payload.regime.clone(),
            act,
            body: payload.body.clone(),
            documents: payload.documents.clone(),
            bytes: link.bytes_digest(),
        };
        self.entries.insert(link.id(), entry);
        placement
    }

    /// Who takes part, and which branches were chosen, follow from the procedente's links themselves.
    fn note_lead_act(&mut self, act: &Act, said_in: (Incarnation, u64, MessageId)) {
        match act {
            Act::Notice(notice) => {
                self.participants.extend(notice.invited.iter().map(|i| i.body.clone()));
            }
            Act::ParticipantAdded(change) => {
                self.participants.extend(change.added.iter().map(|i| i.body.clone()));
            }
            Act::ForkResolved(resolved) => {
                let place = (resolved.writer.clone(), resolved.incarnation, resolved.sequence);
                let choice = Choice { said_in, kept: resolved.kept };
                if self.choices.get(&place).is_none_or(|earlier| *earlier < choice) {
                    self.choices.insert(place, choice);
                    let chain = self.chains.entry(resolved.writer.clone()).or_default();
                    chain.choose(resolved.incarnation, resolved.sequence, resolved.kept);
                }
            }
            _ => {}
        }
    }

    fn note_receipt(&mut self, receipt: &Verified<Receipt>) {
        let payload = receipt.payload();
        let noted = Noted {
            issuer: payload.issuer.clone(),
            kind: payload.kind,
            messages: payload.messages.iter().map(|c| c.id).collect(),
            received_at: payload.received_at,
            text: receipt.text().to_owned(),
        };
        self.receipts.insert(receipt.digest(), noted);
    }

    /// Folds what the procedente's chain newly says; begins again where it changed otherwise than by growing.
    fn fold(&mut self) {
        let Some(chain) = self.chains.get(self.id.lead()) else { return };
        if chain.generation() != self.generation {
            self.generation = chain.generation();
            self.state = Conference::new(self.id.clone());
            self.taken.clear();
            self.folded = 0;
            self.folded_head = None;
            self.same_terms_after.clear();
        }
        self.awaited = None;
        let mut terms_moved = self.terms.is_none();
        for id in chain.settled_after(self.folded) {
            match self.events(id) {
                Ok(events) => {
                    if events.iter().any(moves_terms) {
                        terms_moved = true;
                        self.same_terms_after.clear();
                    }
                    self.same_terms_after.push_back(id);
                    for event in &events {
                        evolve(&mut self.state, event);
                        match event {
                            Event::Taken { message, .. } => self.taken.insert(*message),
                            Event::OnBehalf { message, author, .. } if author != self.id.lead() => {
                                self.taken.insert(*message)
                            }
                            _ => false,
                        };
                    }
                }
                Err(awaited) => {
                    self.awaited = Some(awaited);
                    break;
                }
            }
            self.folded += 1;
            self.folded_head = Some(id);
        }
        while self.same_terms_after.len() > COMPARED_MAX {
            self.same_terms_after.pop_front();
        }
        if terms_moved {
            self.terms = Some(terms_digest(&terms(&self.state)));
        }
    }

    /// What one link of the procedente means, if everything it names is held.
    fn events(&self, id: MessageId) -> Result<Vec<Event>, Awaited> {
        let Some(entry) = self.entries.get(&id) else { return Ok(Vec::new()) };
        match &entry.act {
            Ok(Act::TakenInCharge(taken)) => self.taking_events(taken, entry.issued_at),
            Ok(act) => Ok(vec![match &entry.behalf {
                Some(behalf) => entry.for_body(id, behalf, act),
                None => Event::Lead {
                    message: id,
                    issued_at: entry.issued_at,
                    regime: entry.regime.clone(),
                    act: act.clone(),
                },
            }]),
            Err(ContentStatus::UnknownSchema) => Err(Awaited::Upgrade(id)),
            Err(_) => Ok(Vec::new()),
        }
    }

    fn taking_events(&self, taken: &TakenInCharge, named_at: Timestamp) -> Result<Vec<Event>, Awaited> {
        let mut events = Vec::new();
        for item in &taken.messages {
            let entry = self.entries.get(&item.message).filter(|e| e.author == item.author);
            let Some(entry) = entry else {
                return Err(Awaited::Link { id: item.message, author: item.author.clone() });
            };
            let others = self.proofs(&item.receipts, item.message)?;
            if self.taken.contains(&item.message) {
                events.push(Event::MoreEvidence { message: item.message, others });
                continue;
            }
            match (&entry.act, &entry.behalf) {
                (Ok(act), Some(behalf)) => events.push(entry.for_body(item.message, behalf, act)),
                (Ok(act), None) => events.push(Event::Taken {
                    message: item.message,
                    author: item.author.clone(),
                    issued_at: entry.issued_at,
                    act: act.clone(),
                    evidence: Evidence { others, ..Evidence::at(item.received_at) },
                }),
                (Err(ContentStatus::UnknownSchema), _) => return Err(Awaited::Upgrade(item.message)),
                (Err(_), _) => {}
            }
        }
        for text in &taken.deliveries {
            events.extend(self.delivery_events(text, named_at)?);
        }
        Ok(events)
    }

    /// What the quoted receipts prove about a message: who had it, and when.
    fn proofs(&self, receipts: &[String], message: MessageId) -> Result<Vec<(Writer, Timestamp)>, Awaited> {
        let mut proofs = Vec::new();
        for text in receipts {
            if let Some(noted) = self.judged(text)?
                && noted.kind == ReceiptKind::Accepted
                && noted.messages.contains(&message)
            {
                proofs.push((noted.issuer.clone(), noted.received_at));
            }
        }
        Ok(proofs)
    }

    /// No recipient moves its own term by a clock that runs ahead: the instant is at most that of the link that quotes the receipt.
    fn delivery_events(&self, text: &str, named_at: Timestamp) -> Result<Vec<Event>, Awaited> {
        let Some(noted) = self.judged(text)? else { return Ok(Vec::new()) };
        let (Some(receipt), ReceiptKind::Accepted) = (receipt_digest(text), noted.kind) else {
            return Ok(Vec::new());
        };
        let of_lead = |id: &&MessageId| self.entries.get(id).is_some_and(|e| e.author == *self.id.lead());
        let delivered = noted.messages.iter().filter(of_lead).map(|id| Event::Delivered {
            message: *id,
            body: noted.issuer.clone(),
            at: noted.received_at.min(named_at),
            receipt,
        });
        Ok(delivered.collect())
    }

    /// A quoted receipt: verified, or known to be worthless, or still to be judged.
    fn judged(&self, text: &str) -> Result<Option<&Noted>, Awaited> {
        let Some(digest) = receipt_digest(text) else { return Ok(None) };
        match self.receipts.get(&digest) {
            Some(noted) => Ok(Some(noted)),
            None if self.bad_receipts.contains(&digest) => Ok(None),
            None => Err(Awaited::Receipt(digest)),
        }
    }

    /// Links of the procedente that quote receipts not judged yet.
    pub fn unjudged_links(&self) -> Vec<MessageId> {
        let unjudged = |e: &Entry| e.act.as_ref().is_ok_and(|act| !self.unjudged_receipts(act).is_empty());
        let of_lead = self.entries.iter().filter(|(_, e)| e.author == *self.lead());
        of_lead.filter(|(_, e)| unjudged(e)).map(|(id, _)| *id).collect()
    }

    /// Whether a part of what peers may hold is missing here: a gap, a break, or something that the fold waits for.
    pub fn is_incomplete(&self) -> bool {
        let missing = |(writer, chain): (&Writer, &Chain)| {
            chain.ends().any(|(incarnation, end)| match end {
                End::Gap { .. } => true,
                End::Broken { sequence } => !self.lost_after(writer, incarnation, *sequence),
                _ => false,
            })
        };
        self.awaited.is_some() || self.chains.iter().any(missing)
    }

    /// Whether what stands in a place follows a link that lost a resolved fork.
    fn lost_after(&self, writer: &Writer, incarnation: Incarnation, sequence: u64) -> bool {
        self.choices.contains_key(&(writer.clone(), incarnation, sequence.saturating_sub(1)))
    }

    /// Links that the heads do not tell of: those in places that hold several, resolved or not, and the last one beyond the end of an
    /// incarnation's contiguous links.
    pub fn beside_heads(&self) -> Vec<(Writer, Incarnation, u64, Vec<MessageId>)> {
        let mut forks = Vec::new();
        for (writer, chain) in &self.chains {
            let open = chain.open_forks().into_iter();
            forks.extend(
                open.map(|(incarnation, sequence, ids)| (writer.clone(), incarnation, sequence, ids)),
            );
        }
        for (writer, incarnation, sequence) in self.choices.keys() {
            let Some(chain) = self.chains.get(writer) else { continue };
            let ids = chain.range(incarnation, *sequence, *sequence, usize::MAX);
            forks.push((writer.clone(), *incarnation, *sequence, ids));
        }
        for (writer, chain) in &self.chains {
            for incarnation in chain.incarnations() {
                let next = chain.lane_head(&incarnation).map_or(0, |head| head.sequence) + 1;
                let last = chain.range(&incarnation, next, u64::MAX, usize::MAX).last().copied();
                let place = last.and_then(|id| Some((self.entries.get(&id)?.sequence, id)));
                forks.extend(place.map(|(sequence, id)| (writer.clone(), incarnation, sequence, vec![id])));
            }
        }
        forks
    }

    /// Receipts that the procedente quotes and that were not judged yet.
    pub fn unjudged_receipts(&self, act: &Act) -> Vec<String> {
        let Act::TakenInCharge(taken) = act else { return Vec::new() };
        let quoted = taken.messages.iter().flat_map(|m| &m.receipts).chain(&taken.deliveries);
        quoted.filter(|text| receipt_digest(text).is_some_and(|d| !self.knows_receipt(d))).cloned().collect()
    }
}

/// Whether an event can move a date; the others spare the computation of all terms.
fn moves_terms(event: &Event) -> bool {
    match event {
        Event::Lead { act, .. } | Event::Taken { act, .. } => {
            let record = matches!(act, Act::RecordedExchange(exchange) if exchange.delivered().is_none());
            !record && !matches!(act, Act::TermDigest(_) | Act::Sealed(_))
        }
        _ => true,
    }
}
