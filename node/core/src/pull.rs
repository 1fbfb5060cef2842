//! What this node fetches: missing links after comparing heads, and trust bundles. Documents are in `documents.rs`.

use concerto_exchange::catch_up::{self, Range};
use concerto_exchange::delivery::Monotonic;
use concerto_exchange::frame::{ChainHead, HEADS_CONFERENCES_MAX, Heads, Request};
use concerto_message::chain::End;
use concerto_message::{ConferenceId, Digest, ReceiptKind, Writer};
use concerto_port::{JournalError, Write};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use crate::ingest::Ingested;
use crate::node::{Asked, Node};
use crate::step::{Step, World};

/// Code of a link whose trust bundle is not held: once the bundle came, the link is fetched again.
const BUNDLE_UNKNOWN: &str = "trust.bundle.unknown";
/// Most ranges waiting to be fetched from one peer; what does not fit is found again at the next comparison.
const RANGES_MAX: usize = 1024;
/// Most trust bundles asked of one peer at one time: no frame full of unknown names makes this node ask without end.
const BUNDLES_MAX: usize = 8;
/// Delay before what is still missing is looked for again.
const CATCH_UP_AGAIN_DELAY: Duration = Duration::from_secs(10);
/// Longest such delay: it doubles while a peer brings nothing new, for what an author never wrote can never be had.
const CATCH_UP_AGAIN_DELAY_MAX: Duration = Duration::from_secs(15 * 60);
/// Most receipts about documents told again when a session opens.
const RECEIPTS_TOLD_MAX: usize = 256;

/// Most conferences looked at in one step: a node that holds tens of thousands answers others in between.
const SCANNED_MAX: usize = 64;

/// What is being fetched from one peer.
#[derive(Debug, Default)]
pub(crate) struct Pull {
    ranges: VecDeque<Range>,
    fetching: bool,
    heads_asked: bool,
    // conferences of the journal that were not yet looked at for this peer: those after it
    scan: Option<Option<ConferenceId>>,
    // conferences whose heads wait to be compared
    compare: BTreeSet<ConferenceId>,
    bundles: BTreeSet<Digest>,
    // ranges of which a link was not believed because its trust bundle was not held
    parked: Vec<Range>,
    again_at: Monotonic,
    again_delay: Duration,
}

impl Node {
    /// Compares heads with a peer whose session opened, for every conference of the journal, page by page.
    pub(crate) fn begin_catch_up(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        peer: &Writer,
    ) -> Result<(), JournalError> {
        if let Some(session) = self.sessions.get_mut(peer) {
            session.pull.scan = Some(None);
        }
        self.scan_next(world, step, peer)
    }

    /// Looks at the next page of conferences, where any is left, and compares those that the peer takes part in.
    fn scan_next(&mut self, world: &World<'_>, step: &mut Step, peer: &Writer) -> Result<(), JournalError> {
        let session = self.sessions.get_mut(peer).filter(|session| session.ready);
        if let Some(after) = session.and_then(|session| session.pull.scan.take()) {
            let page = world.journal.conferences(after.as_ref(), SCANNED_MAX)?;
            let more = page.last().cloned().filter(|_| page.len() == SCANNED_MAX);
            let mut shared = Vec::new();
            for conference in page {
                if self.load_case(world, &conference)?.is_some_and(|c| c.participants().contains(peer)) {
                    shared.push(conference);
                }
            }
            if let Some(session) = self.sessions.get_mut(peer) {
                session.pull.compare.extend(shared);
                session.pull.scan = more.map(Some);
            }
        }
        self.compare_next(world, step, peer)
    }

    /// The next page for every peer that has one left.
    pub(crate) fn scan_on(&mut self, world: &World<'_>, step: &mut Step) -> Result<(), JournalError> {
        let left = self.sessions.iter().filter(|(_, session)| session.pull.scan.is_some());
        let peers: Vec<Writer> = left.map(|(peer, _)| peer.clone()).collect();
        for peer in peers {
            self.scan_next(world, step, &peer)?;
        }
        Ok(())
    }

    /// Looks whether a conference has gaps or awaits something, and asks the peer what it holds.
    pub(crate) fn heal(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        peer: &Writer,
        conference: &ConferenceId,
    ) -> Result<(), JournalError> {
        let Some(case) = self.cases.get(conference) else { return Ok(()) };
        let stops = |end: &End| matches!(end, End::Gap { .. } | End::Broken { .. });
        let incomplete =
            case.awaited().is_some() || case.chains().any(|(_, c)| c.ends().any(|(_, e)| stops(e)));
        if incomplete && let Some(session) = self.sessions.get_mut(peer) {
            session.pull.compare.insert(conference.clone());
            return self.compare_next(world, step, peer);
        }
        Ok(())
    }

    /// Compares heads with every peer of a conference: each side fetches what it lacks.
    pub(crate) fn spread(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        conference: &ConferenceId,
    ) -> Result<(), JournalError> {
        let Some(case) = self.cases.get(conference) else { return Ok(()) };
        let ready = self.sessions.iter().filter(|(peer, s)| s.ready && case.participants().contains(*peer));
        let peers: Vec<Writer> = ready.map(|(peer, _)| peer.clone()).collect();
        for peer in peers {
            if let Some(session) = self.sessions.get_mut(&peer) {
                session.pull.compare.insert(conference.clone());
            }
            self.compare_next(world, step, &peer)?;
        }
        Ok(())
    }

    /// Now and then: what was asked for in vain is asked for again, from every peer that may hold it.
    pub(crate) fn catch_up_again(&mut self, world: &World<'_>, step: &mut Step) -> Result<(), JournalError> {
        let due = |s: &crate::node::Session| s.ready && s.pull.again_at <= world.monotonic;
        let peers: Vec<Writer> =
            self.sessions.iter().filter(|(_, s)| due(s)).map(|(peer, _)| peer.clone()).collect();
        if peers.is_empty() {
            return Ok(());
        }
        let incomplete: Vec<ConferenceId> =
            self.cases.values().filter(|c| c.is_incomplete()).map(|c| c.id().clone()).collect();
        for peer in peers {
            if let Some(session) = self.sessions.get_mut(&peer) {
                let delay = session.pull.again_delay.max(CATCH_UP_AGAIN_DELAY);
                session.pull.again_at = world.monotonic + delay;
                let next = if incomplete.is_empty() { CATCH_UP_AGAIN_DELAY } else { delay.saturating_mul(2) };
                session.pull.again_delay = next.min(CATCH_UP_AGAIN_DELAY_MAX);
            }
            for conference in &incomplete {
                self.judge_waiting(world, step, &peer, conference)?;
                self.heal(world, step, &peer, conference)?;
            }
            self.compare_next(world, step, &peer)?;
            self.fetch_next(step, &peer);
            let lost = self.sessions.get_mut(&peer).is_some_and(|s| std::mem::take(&mut s.receipts_lost));
            if lost {
                self.push_receipts(step, &peer);
            }
        }
        Ok(())
    }

    /// Judges quoted receipts that waited for a trust bundle, and asks the peer for those that are still not held.
    fn judge_waiting(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        peer: &Writer,
        conference: &ConferenceId,
    ) -> Result<(), JournalError> {
        let waiting = self.cases.get(conference).filter(|c| c.awaited().is_some());
        for link in waiting.map(crate::case::Case::unjudged_links).unwrap_or_default() {
            self.judge_quoted(world, step, peer, conference, link)?;
        }
        Ok(())
    }

    fn compare_next(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        peer: &Writer,
    ) -> Result<(), JournalError> {
        let Some(session) = self.sessions.get_mut(peer).filter(|s| s.ready && !s.pull.heads_asked) else {
            return Ok(());
        };
        let conferences: Vec<ConferenceId> =
            session.pull.compare.iter().take(HEADS_CONFERENCES_MAX).cloned().collect();
        if conferences.is_empty() {
            return Ok(());
        }
        session.pull.compare.retain(|c| !conferences.contains(c));
        session.pull.heads_asked = true;
        let mut chains = self.own_heads(world, peer, &conferences)?;
        chains.extend(self.further_heads(peer, &conferences));
        let asked = Asked::Heads { conferences: conferences.clone() };
        self.ask(step, peer, asked, &Request::Heads(Heads { conferences, chains }), &[]);
        Ok(())
    }

    pub(crate) fn heads_answered(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        peer: &Writer,
        theirs: &Heads,
    ) -> Result<(), JournalError> {
        if let Some(session) = self.sessions.get_mut(peer) {
            session.pull.heads_asked = false;
        }
        let mine = self.own_heads(world, peer, &theirs.conferences)?;
        self.queue_missing(step, peer, &mine, &theirs.chains);
        self.scan_next(world, step, peer)
    }

    /// Queues what the peer holds and this node lacks.
    pub(crate) fn queue_missing(
        &mut self,
        step: &mut Step,
        peer: &Writer,
        mine: &[ChainHead],
        theirs: &[ChainHead],
    ) {
        let holds = |head: &ChainHead| {
            let case = self.cases.get(&head.conference);
            head.id.is_none_or(|id| case.is_some_and(|c| c.entry(id).is_some()))
        };
        let difference = catch_up::compare(mine, theirs, holds, RANGES_MAX);
        if let Some(session) = self.sessions.get_mut(peer) {
            let room = RANGES_MAX.saturating_sub(session.pull.ranges.len());
            let wanted = difference.missing.into_iter().chain(difference.diverging);
            session.pull.ranges.extend(wanted.take(room));
        }
        self.fetch_next(step, peer);
    }

    fn fetch_next(&mut self, step: &mut Step, peer: &Writer) {
        let Some(session) = self.sessions.get_mut(peer).filter(|s| s.ready && !s.pull.fetching) else {
            return;
        };
        let Some(range) = session.pull.ranges.pop_front() else { return };
        session.pull.fetching = true;
        let request = Request::Fetch {
            conference: range.conference.clone(),
            writer: range.writer.clone(),
            incarnation: range.incarnation,
            from: range.from,
            to: range.to,
        };
        self.ask(step, peer, Asked::Fetch { range }, &request, &[]);
    }

    /// Links came: each is checked like any other; the rest of the range follows.
    pub(crate) fn links_fetched(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        peer: &Writer,
        range: Range,
        links: &[String],
        more: bool,
    ) -> Result<(), JournalError> {
        let (mut last, mut new, mut parked) = (None, 0, false);
        for text in links {
            match self.ingest(world, step, peer, text, false)? {
                Ingested::Held { new: fresh, sequence, .. } => {
                    last = last.max(Some(sequence));
                    new += u64::from(fresh);
                }
                Ingested::Retry { code, reason } => {
                    parked |= code == BUNDLE_UNKNOWN;
                    tracing::warn!(%peer, code, reason, "a fetched link was not believed");
                }
            }
        }
        tracing::debug!(%peer, links = links.len(), new, "links fetched");
        if let Some(session) = self.sessions.get_mut(peer) {
            session.pull.fetching = false;
            if new > 0 {
                session.pull.again_delay = CATCH_UP_AGAIN_DELAY;
            }
            if parked && session.pull.parked.len() < RANGES_MAX {
                session.pull.parked.push(range.clone());
            }
            if let Some(from) = last.filter(|_| more).and_then(|last| next_place(&range, last, new > 0)) {
                session.pull.ranges.push_front(Range { from, ..range.clone() });
            }
        }
        self.fetch_next(step, peer);
        // once the last range came, whatever is still missing is compared again
        let idle = self.sessions.get(peer).is_some_and(|s| !s.pull.fetching);
        if idle && new > 0 {
            self.heal(world, step, peer, &range.conference)?;
        }
        // what did not come from its author may be missing elsewhere too
        if new > 0 { self.spread(world, step, &range.conference) } else { Ok(()) }
    }

    pub(crate) fn pull_failed(&mut self, peer: &Writer, asked: &Asked) {
        let Some(session) = self.sessions.get_mut(peer) else { return };
        match asked {
            Asked::Heads { conferences } => {
                session.pull.heads_asked = false;
                session.pull.compare.extend(conferences.iter().cloned());
            }
            Asked::Fetch { range } => {
                session.pull.fetching = false;
                session.pull.compare.insert(range.conference.clone());
            }
            Asked::Bundle { digest } => {
                session.pull.bundles.remove(digest);
            }
            _ => {}
        }
    }

    /// Asks for a trust bundle that a header names, once at a time.
    pub(crate) fn ask_bundle(&mut self, step: &mut Step, peer: &Writer, digest: Digest) {
        let fresh = self
            .sessions
            .get_mut(peer)
            .is_some_and(|s| s.ready && s.pull.bundles.len() < BUNDLES_MAX && s.pull.bundles.insert(digest));
        if fresh {
            self.ask(step, peer, Asked::Bundle { digest }, &Request::Bundle { digest }, &[]);
        }
    }

    /// A bundle came: it is believed only if its chain ends at the anchor. Receipts that waited for it are judged.
    pub(crate) fn bundle_fetched(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        peer: &Writer,
        digest: Digest,
        bytes: &[u8],
    ) -> Result<(), JournalError> {
        self.pull_failed(peer, &Asked::Bundle { digest });
        if Digest::of(bytes) != digest {
            tracing::warn!(%peer, %digest, "another bundle than the one asked for");
            return Ok(());
        }
        match self.keyring.admit(bytes, world.check) {
            Ok(_) => step.commit.push(Write::Bundle { digest, bytes: bytes.to_vec() }),
            Err(error) => {
                tracing::warn!(%peer, %digest, code = error.code(), "a trust bundle was refused");
                return Ok(());
            }
        }
        if let Some(session) = self.sessions.get_mut(peer) {
            let parked = std::mem::take(&mut session.pull.parked);
            session.pull.ranges.extend(parked);
        }
        self.fetch_next(step, peer);
        let awaiting = self.cases.values().filter(|case| case.awaited().is_some());
        let awaiting: Vec<ConferenceId> = awaiting.map(|case| case.id().clone()).collect();
        for conference in awaiting {
            self.judge_waiting(world, step, peer, &conference)?;
            self.heal(world, step, peer, &conference)?;
        }
        Ok(())
    }

    /// When a session opens: receipts about the peer's documents, and evidence for a procedente, are told again.
    pub(crate) fn push_receipts(&mut self, step: &mut Step, peer: &Writer) {
        let me = &self.identity.writer;
        let mut receipts = Vec::new();
        for case in self.cases.values().filter(|c| c.participants().contains(peer)) {
            for (_, noted) in case.receipts() {
                let author = noted.messages.first().and_then(|id| case.entry(*id)).map(|e| &e.author);
                let about_documents = noted.issuer == *me
                    && author == Some(peer)
                    && matches!(
                        noted.kind,
                        ReceiptKind::DocumentsComplete | ReceiptKind::DocumentsUnavailable
                    );
                let evidence = author == Some(me)
                    && case.lead() == peer
                    && noted.issuer != *peer
                    && noted.kind == ReceiptKind::Accepted
                    && noted.messages.iter().any(|id| case.is_determination(*id));
                if (about_documents || evidence) && receipts.len() < RECEIPTS_TOLD_MAX {
                    receipts.push(noted.text.clone());
                }
            }
        }
        if !receipts.is_empty() {
            self.ask(step, peer, Asked::Receipts, &Request::Receipts { receipts }, &[]);
        }
    }
}

/// Where a range of which the peer says that it holds more is asked for again. A place that forked may have been cut in two: it is
/// asked for again, unless it filled the whole answer. None for an answer that brings the end no nearer: links of other places, or
/// those asked for before, would make this node ask for ever.
fn next_place(range: &Range, last: u64, new: bool) -> Option<u64> {
    let next = if last > range.from { last } else { last.saturating_add(1) };
    let nearer = next > range.from || new;
    (nearer && (range.from..=range.to).contains(&last) && next <= range.to).then_some(next)
}

#[cfg(test)]
#[path = "pull_tests.rs"]
mod tests;
