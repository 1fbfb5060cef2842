//! The procedente's part: taking messages and proofs in charge, so that they have effect in every node from the same evidence.

use concerto_message::{Audience, ConferenceId, MessageId, ReceiptKind, Writer};
use concerto_port::JournalError;
use concerto_procedure::acts::{Act, Taken, TakenInCharge};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

use crate::case::{Case, Entry, receipt_digest};
use crate::compose::{Draft, SIGNER_UNAVAILABLE};
use crate::ingest::delivery_matters;
use crate::node::Node;
use crate::step::{Step, World};

/// Most messages taken in charge by one link.
const TAKEN_MAX: usize = 64;
/// Most receipts quoted by one link.
const QUOTED_MAX: usize = 96;
/// Most bytes of receipts quoted by one link, which has at most 256 KiB in base64: a receipt has some 1.2 kB, but one that covers many
/// messages has up to 64 KiB.
const QUOTED_BYTES_MAX: usize = 96 * 1024;
/// Most receipts quoted for one message.
const QUOTED_PER_MESSAGE_MAX: usize = 4;
/// Most conferences in which something is taken in charge in one tick: a node that leads tens of thousands answers others in between.
const CONFERENCES_MAX: usize = 64;
/// Conferences looked at in one go when a node starts.
const PAGE: usize = 256;

impl Node {
    /// When a node starts: conferences that it leads may hold messages that were not taken in charge before it stopped.
    pub(crate) fn find_untaken(&mut self, world: &World<'_>) -> Result<(), JournalError> {
        let mut after: Option<ConferenceId> = None;
        loop {
            let page = world.journal.conferences(after.as_ref(), PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            self.to_take.extend(page.into_iter().filter(|c| *c.lead() == self.identity.writer));
        }
    }

    /// Takes in charge what waits, one link for each conference and tick, of so many conferences in one tick.
    pub(crate) fn take_in_charge(&mut self, world: &World<'_>, step: &mut Step) -> Result<(), JournalError> {
        let later =
            self.to_take.iter().nth(CONFERENCES_MAX).cloned().map(|next| self.to_take.split_off(&next));
        let now = std::mem::replace(&mut self.to_take, later.unwrap_or_default());
        for conference in now {
            let Some(case) = self.load_case(world, &conference)? else { continue };
            let (taken, more) = to_take(case);
            if taken.messages.is_empty() && taken.deliveries.is_empty() {
                continue;
            }
            let draft = Draft {
                act: Act::TakenInCharge(taken),
                behalf: None,
                body: None,
                body_audience: Audience::ALL,
                documents: Vec::new(),
            };
            if let Err(fault) = self.send(world, step, &conference, draft)? {
                tracing::error!(%conference, %fault, "messages could not be taken in charge");
                if fault.code == SIGNER_UNAVAILABLE {
                    self.to_take.insert(conference); // the key may come back
                }
                continue;
            }
            if more {
                self.to_take.insert(conference);
            }
        }
        Ok(())
    }
}

impl Case {
    /// Of the pending messages those that follow their chain without gap or open fork: what may be taken in charge without asking.
    ///
    /// As they came, but each author's in the order in which it wrote them, also where they came together or the wrong way round: of two positions
    /// of a body the later one counts.
    pub fn takeable(&self) -> Vec<(MessageId, &Entry)> {
        let pending: BTreeMap<MessageId, &Entry> = self.pending().into_iter().collect();
        let mut takeable = Vec::new();
        for chain in self.chains().map(|(_, chain)| chain).filter(|chain| chain.open_forks().is_empty()) {
            let mut since = Timestamp::MIN;
            for (id, entry) in chain.contiguous().filter_map(|id| Some((id, *pending.get(&id)?))) {
                since = since.max(entry.received_at);
                takeable.push((since, id, entry));
            }
        }
        takeable.sort_by_key(|(since, ..)| *since);
        takeable.into_iter().filter(|(_, _, e)| e.act.is_ok()).map(|(_, id, e)| (id, e)).collect()
    }
}

/// What waits to be taken in charge, and whether more waits behind it.
fn to_take(case: &Case) -> (TakenInCharge, bool) {
    let quoted = quoted(case);
    let mut room = Room { receipts: QUOTED_MAX, bytes: QUOTED_BYTES_MAX };
    let mut messages = Vec::new();
    let mut more = false;
    // over a fork an official decides; a gap may be filled, and an upgrade may teach us an unknown schema
    for (id, entry) in case.takeable() {
        let receipts = evidence(case, id, entry, &BTreeSet::new());
        if messages.len() >= TAKEN_MAX || !room.takes(&receipts) {
            more = true;
            break;
        }
        messages.push(Taken {
            message: id,
            author: entry.author.clone(),
            received_at: entry.received_at,
            receipts,
        });
    }
    for (id, entry) in
        case.entries().filter(|(id, e)| case.is_taken(**id) && case.is_determination(**id) && !e.own)
    {
        let receipts = evidence(case, *id, entry, &quoted);
        if receipts.is_empty() {
            continue;
        }
        if room.takes(&receipts) {
            let (author, received_at) = (entry.author.clone(), entry.received_at);
            messages.push(Taken { message: *id, author, received_at, receipts });
        } else {
            more = true;
        }
    }
    let mut proofs = deliveries(case, &quoted);
    let fitting = proofs.iter().take_while(|text| room.takes(std::slice::from_ref(*text))).count();
    more |= fitting < proofs.len();
    proofs.truncate(fitting);
    (TakenInCharge { messages, deliveries: proofs }, more)
}

/// What a link still has room for.
struct Room {
    receipts: usize,
    bytes: usize,
}

impl Room {
    /// Takes these receipts, all or none.
    fn takes(&mut self, texts: &[String]) -> bool {
        let bytes: usize = texts.iter().map(String::len).sum();
        let fits = texts.len() <= self.receipts && bytes <= self.bytes;
        if fits {
            self.receipts -= texts.len();
            self.bytes -= bytes;
        }
        fits
    }
}

/// Receipts of other participants that had the message before the procedente: the only ones that can change when it counts.
fn evidence(
    case: &Case,
    id: MessageId,
    entry: &Entry,
    quoted: &BTreeSet<concerto_message::Digest>,
) -> Vec<String> {
    let mut proofs: Vec<_> = case
        .receipts()
        .filter(|(digest, noted)| {
            noted.kind == ReceiptKind::Accepted
                && noted.issuer != *case.lead()
                && noted.received_at < entry.received_at
                && noted.messages.contains(&id)
                && !quoted.contains(*digest)
        })
        .map(|(_, noted)| (noted.received_at, noted.text.clone()))
        .collect();
    proofs.sort();
    proofs.truncate(QUOTED_PER_MESSAGE_MAX);
    let mut room = Room { receipts: QUOTED_PER_MESSAGE_MAX, bytes: QUOTED_BYTES_MAX };
    proofs.retain(|(_, text)| room.takes(std::slice::from_ref(text)));
    proofs.into_iter().map(|(_, text)| text).collect()
}

/// Proofs, not quoted yet, that bodies have those messages of the procedente that start or move terms; the first of each body.
fn deliveries(case: &Case, quoted: &BTreeSet<concerto_message::Digest>) -> Vec<String> {
    let of_lead = |id: &MessageId| {
        case.entry(*id)
            .is_some_and(|e| e.author == *case.lead() && matches!(&e.act, Ok(act) if delivery_matters(act)))
    };
    let mut proven: BTreeSet<(Writer, MessageId)> = BTreeSet::new();
    let accepted = |kind: ReceiptKind| kind == ReceiptKind::Accepted;
    let mut notes: Vec<_> =
        case.receipts().filter(|(_, n)| accepted(n.kind) && n.issuer != *case.lead()).collect();
    notes.sort_by_key(|(digest, n)| (!quoted.contains(*digest), n.received_at));
    let mut texts = Vec::new();
    for (digest, noted) in notes {
        let relevant: Vec<MessageId> = noted.messages.iter().copied().filter(of_lead).collect();
        let fresh = relevant.into_iter().filter(|id| proven.insert((noted.issuer.clone(), *id))).count() > 0;
        if fresh && !quoted.contains(digest) {
            texts.push(noted.text.clone());
        }
    }
    texts
}

/// Digests of the receipts that the procedente's chain quotes already.
fn quoted(case: &Case) -> BTreeSet<concerto_message::Digest> {
    let mut digests = BTreeSet::new();
    for (_, entry) in case.entries().filter(|(_, e)| e.author == *case.lead()) {
        if let Ok(Act::TakenInCharge(taken)) = &entry.act {
            let texts = taken.messages.iter().flat_map(|m| &m.receipts).chain(&taken.deliveries);
            digests.extend(texts.filter_map(|t| receipt_digest(t)));
        }
    }
    digests
}
