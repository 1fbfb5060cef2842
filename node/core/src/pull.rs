//! What this node fetches: missing links after comparing heads, trust bundles, bodies and documents.

use concerto_exchange::catch_up::{self, Range};
use concerto_exchange::frame::{ChainHead, HEADS_CONFERENCES_MAX, Heads, Request};
use concerto_message::chain::End;
use concerto_message::receipt::Covered;
use concerto_message::{ConferenceId, Digest, MessageId, ReceiptKind, Salt, Writer};
use concerto_port::{JournalError, WantedDocument, Write};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use crate::compose::NewReceipt;
use crate::ingest::Ingested;
use crate::node::{Asked, Node};
use crate::step::{Step, World};

/// Most ranges waiting to be fetched from one peer; what does not fit is found again at the next comparison.
const RANGES_MAX: usize = 1024;
/// Most documents under way at one time.
const DOCUMENTS_IN_FLIGHT_MAX: usize = 4;
/// Wanted documents looked at in one go.
const WANTED_PAGE: usize = 256;
/// Delay before a document that could not be had is asked for again.
const DOCUMENT_RETRY_DELAY: Duration = Duration::from_secs(20);
/// Most receipts about documents told again when a session opens.
const RECEIPTS_TOLD_MAX: usize = 256;

/// What is being fetched from one peer.
#[derive(Debug, Default)]
pub(crate) struct Pull {
    ranges: VecDeque<Range>,
    fetching: bool,
    heads_asked: bool,
    // conferences whose heads wait to be compared
    compare: BTreeSet<ConferenceId>,
    bundles: BTreeSet<Digest>,
}

impl Node {
    /// Compares heads with a peer whose session opened, for every conference in memory or journal, page by page.
    pub(crate) fn begin_catch_up(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        peer: &Writer,
    ) -> Result<(), JournalError> {
        let mut after: Option<ConferenceId> = None;
        loop {
            let page = world.journal.conferences(after.as_ref(), HEADS_CONFERENCES_MAX)?;
            let Some(last) = page.last() else { break };
            after = Some(last.clone());
            for conference in page {
                let shared =
                    self.load_case(world, &conference)?.is_some_and(|c| c.participants().contains(peer));
                if shared && let Some(session) = self.sessions.get_mut(peer) {
                    session.pull.compare.insert(conference);
                }
            }
        }
        self.compare_next(world, step, peer)
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
        let chains = self.own_heads(world, peer, &conferences)?;
        self.ask(step, peer, Asked::Heads, &Request::Heads(Heads { conferences, chains }), &[]);
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
        self.compare_next(world, step, peer)
    }

    /// Queues what the peer holds and this node lacks.
    pub(crate) fn queue_missing(
        &mut self,
        step: &mut Step,
        peer: &Writer,
        mine: &[ChainHead],
        theirs: &[ChainHead],
    ) {
        let difference = catch_up::compare(mine, theirs, RANGES_MAX);
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
        let (mut held, mut new) = (0, 0);
        for text in links {
            match self.ingest(world, step, peer, text, false)? {
                Ingested::Held { new: fresh, .. } => {
                    held += 1;
                    new += u64::from(fresh);
                }
                Ingested::Retry { code, reason } => {
                    tracing::warn!(%peer, code, reason, "a fetched link was not believed");
                }
            }
        }
        tracing::debug!(%peer, held, new, "links fetched");
        if let Some(session) = self.sessions.get_mut(peer) {
            session.pull.fetching = false;
            if more && held > 0 {
                session.pull.ranges.push_front(Range { from: range.from + held, ..range.clone() });
            }
        }
        self.fetch_next(step, peer);
        // once the last range came, whatever is still missing is compared again
        let idle = self.sessions.get(peer).is_some_and(|s| !s.pull.fetching);
        if idle && new > 0 { self.heal(world, step, peer, &range.conference) } else { Ok(()) }
    }

    pub(crate) fn pull_failed(&mut self, peer: &Writer, asked: &Asked) {
        let Some(session) = self.sessions.get_mut(peer) else { return };
        match asked {
            Asked::Heads => session.pull.heads_asked = false,
            Asked::Fetch { .. } => session.pull.fetching = false,
            Asked::Bundle { digest } => {
                session.pull.bundles.remove(digest);
            }
            _ => {}
        }
    }

    /// Asks for a trust bundle that a header names, once at a time.
    pub(crate) fn ask_bundle(&mut self, step: &mut Step, peer: &Writer, digest: Digest) {
        let fresh = self.sessions.get_mut(peer).is_some_and(|s| s.ready && s.pull.bundles.insert(digest));
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
        let waiting: Vec<(ConferenceId, Vec<MessageId>)> = self
            .cases
            .values()
            .filter(|case| case.awaited().is_some())
            .map(|case| {
                let of_lead = case.entries().filter(|(_, e)| e.author == *case.lead()).map(|(id, _)| *id);
                (case.id().clone(), of_lead.collect())
            })
            .collect();
        for (conference, links) in waiting {
            for link in links {
                self.judge_quoted(world, step, peer, &conference, link);
            }
            self.heal(world, step, peer, &conference)?;
        }
        Ok(())
    }

    /// Notes what of a new link this node may see and does not hold.
    pub(crate) fn note_wanted(
        &self,
        world: &World<'_>,
        step: &mut Step,
        case: &crate::case::Case,
        link: &concerto_message::Link,
    ) -> Result<(), JournalError> {
        let payload = link.payload();
        for attachment in payload.attachments() {
            let held = world.documents.has(attachment.digest).unwrap_or(false);
            if attachment.audience.admits(&payload.writer, &self.identity.writer) && !held {
                step.commit.push(Write::Want {
                    digest: attachment.digest,
                    message: link.id(),
                    conference: case.id().clone(),
                    author: payload.writer.clone(),
                    size: attachment.size,
                });
            }
        }
        Ok(())
    }

    /// Asks for wanted documents: the author first, else the procedente, else nobody yet.
    pub(crate) fn pull_documents(&mut self, world: &World<'_>, step: &mut Step) -> Result<(), JournalError> {
        self.document_retry.retain(|_, at| *at > world.monotonic);
        let in_flight: BTreeSet<Digest> = self
            .asked
            .values()
            .filter_map(|(_, asked)| match asked {
                Asked::Document { digest, .. } => Some(*digest),
                _ => None,
            })
            .collect();
        let mut room = DOCUMENTS_IN_FLIGHT_MAX.saturating_sub(in_flight.len());
        let mut after = 0;
        let mut asked_now = BTreeSet::new();
        while room > 0 {
            let page = world.journal.wanted(after, WANTED_PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.row;
            for wanted in page {
                let waits = in_flight.contains(&wanted.digest)
                    || self.document_retry.contains_key(&wanted.digest)
                    || asked_now.contains(&wanted.digest);
                let Some(source) = (!waits && room > 0).then(|| self.source(&wanted)).flatten() else {
                    continue;
                };
                room -= 1;
                asked_now.insert(wanted.digest);
                let (message, digest) = (wanted.message, wanted.digest);
                let request = Request::Document { message, digest };
                self.ask(step, &source, Asked::Document { message, digest }, &request, &[]);
            }
        }
        Ok(())
    }

    fn source(&self, wanted: &WantedDocument) -> Option<Writer> {
        let lead = wanted.conference.lead();
        [&wanted.author, lead].into_iter().find(|w| self.session_ready(w)).cloned()
    }

    /// A document came: it is stored only if its bytes are those that the link lists.
    pub(crate) fn document_fetched(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        peer: &Writer,
        message: MessageId,
        digest: Digest,
        tail: &[u8],
    ) -> Result<(), JournalError> {
        let stored = tail
            .split_first_chunk::<16>()
            .map(|(salt, bytes)| world.documents.put(digest, Salt(*salt), bytes));
        match stored {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                tracing::warn!(%peer, %digest, %error, "a document was not stored");
                return self.document_failed(world, step, peer, message, digest, false);
            }
            None => return self.document_failed(world, step, peer, message, digest, false),
        }
        step.commit.push(Write::Fetched { digest });
        let Some(stored) = world.journal.link(message)? else { return Ok(()) };
        let payload = stored.link.payload();
        let me = &self.identity.writer;
        let complete = payload
            .attachments()
            .filter(|a| a.audience.admits(&payload.writer, me))
            .all(|a| world.documents.has(a.digest).unwrap_or(false));
        if complete {
            let kind = ReceiptKind::DocumentsComplete;
            self.tell_about_documents(world, step, &stored.link, kind)?;
        }
        Ok(())
    }

    pub(crate) fn document_failed(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        peer: &Writer,
        message: MessageId,
        digest: Digest,
        refused: bool,
    ) -> Result<(), JournalError> {
        self.document_retry.insert(digest, world.monotonic + DOCUMENT_RETRY_DELAY);
        let Some(stored) = world.journal.link(message)?.filter(|_| refused) else { return Ok(()) };
        let told = world.journal.receipts(message)?.iter().any(|r| {
            let p = r.payload();
            p.issuer == self.identity.writer && p.kind == ReceiptKind::DocumentsUnavailable
        });
        if stored.link.payload().writer == *peer && !told {
            let kind = ReceiptKind::DocumentsUnavailable;
            self.tell_about_documents(world, step, &stored.link, kind)?;
        }
        Ok(())
    }

    /// Signs, keeps and sends a receipt about the documents of one message.
    fn tell_about_documents(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        link: &concerto_message::Link,
        kind: ReceiptKind,
    ) -> Result<(), JournalError> {
        let payload = link.payload();
        if self.load_case(world, &payload.conference)?.is_none() {
            return Ok(());
        }
        let covered = vec![Covered { id: link.id(), bytes: link.bytes_digest() }];
        let author = payload.writer.clone();
        let new = NewReceipt { kind, messages: covered, received_at: world.now, refusal: None };
        let text = self.give(world, step, &payload.conference, &author, new);
        if let Some(text) = text.filter(|_| self.session_ready(&author)) {
            self.ask(step, &author, Asked::Receipts, &Request::Receipts { receipts: vec![text] }, &[]);
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
