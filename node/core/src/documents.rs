//! Bodies and documents: which are asked for, from whom, and who gets them from this node (protocols/PROTOCOL.md, "Exchange").
//!
//! ```text
//!   at most one chunk, or a peer that knows no streams:  Ask Document -> Answer             the bytes come in a frame
//!   more:                                                Fetch -> Fetched                   the runtime streams into the store
//!   a peer asks for a stream:                            DocumentAsked -> Serve             the core alone says who may have it
//! ```
//! The author is asked first, then the procedente, then whoever else may see it. A source that fails is passed over until all have been
//! tried; one that sent other bytes is passed over for longer. Each peer has its own bound, so that a slow one holds up nobody else.

use concerto_exchange::delivery::Monotonic;
use concerto_exchange::frame::Request;
use concerto_exchange::transfer::FetchFailure;
use concerto_message::limits::SMALL_DOCUMENT_BYTES_MAX;
use concerto_message::receipt::Covered;
use concerto_message::{Attachment, Digest, Link, Listed, MessageId, ReceiptKind, Salt, Writer};
use concerto_port::{Alarm, JournalError, WantedDocument, Write};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::case::Case;
use crate::compose::NewReceipt;
use crate::node::{Asked, Node};
use crate::step::{Effect, ServeRefusal, Step, World};

/// Most documents that one peer is asked for at one time in frames.
const FRAMES_FROM_ONE_MAX: usize = 4;
/// Most documents that one peer is asked for at one time in streams.
const STREAMS_FROM_ONE_MAX: usize = 2;
/// Most documents under way at one time in frames.
const FRAMES_MAX: usize = 32;
/// Most documents under way at one time in streams.
pub const STREAMS_MAX: usize = 8;
/// Wanted documents looked at in one go.
const WANTED_PAGE: usize = 256;
/// Delay before a document that could not be had from anybody is asked for again.
const DOCUMENT_RETRY_DELAY: Duration = Duration::from_secs(20);
/// The same where only the connection broke: what came is kept, and the source may be there again.
const INTERRUPTED_DELAY: Duration = Duration::from_secs(2);
/// Delay before a document for which there was no room is tried again.
const ROOM_RETRY_DELAY: Duration = Duration::from_secs(5);
/// Delay before a source that sent other bytes is asked for the same document again.
const BLAME_DELAY: Duration = Duration::from_secs(15 * 60);

/// What was tried in vain for one document.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    again_at: Monotonic,
    // sources that failed since all of them were tried last
    failed: BTreeSet<Writer>,
    // sources that sent other bytes, and until when they are passed over
    blamed: BTreeMap<Writer, Monotonic>,
    author_refused: bool,
    // the link contradicts itself: not asked for again while this core lives
    given_up: bool,
}

/// How a source failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failed {
    Refused,
    Interrupted,
    Otherwise,
}

/// A wanted document, and how it comes.
#[derive(Debug, Clone)]
struct Wish {
    message: MessageId,
    digest: Digest,
    size: u64,
    listed: Option<Listed>,
    // who may serve it, the first ones first
    sources: Vec<Writer>,
}

impl Node {
    /// Notes a document of a message as wanted, if this node may see it and does not hold it.
    pub(crate) fn want(
        &self,
        world: &World<'_>,
        step: &mut Step,
        case: &Case,
        (message, author): (MessageId, &Writer),
        attachment: &Attachment,
    ) {
        let held = world.documents.has(attachment.digest).unwrap_or(false);
        if attachment.audience.admits(author, &self.identity.writer) && !held {
            step.commit.push(Write::Want {
                digest: attachment.digest,
                message,
                conference: case.id().clone(),
                author: author.clone(),
                size: attachment.size,
            });
        }
    }

    /// Asks for wanted documents, a page of them at each call, wherever a source has a place free.
    pub(crate) fn pull_documents(&mut self, world: &World<'_>, step: &mut Step) -> Result<(), JournalError> {
        if !self.sessions.values().any(|s| s.ready) {
            return Ok(());
        }
        let page = world.journal.wanted(self.wanted_after, WANTED_PAGE)?;
        self.wanted_after = page.last().filter(|_| page.len() == WANTED_PAGE).map_or(0, |last| last.row);
        let mut busy: BTreeSet<Digest> = self.documents_asked().map(|(_, digest, _)| digest).collect();
        for wanted in page {
            let tried = self.tried.get(&wanted.digest);
            let waits = tried.is_some_and(|t| t.given_up || t.again_at > world.monotonic);
            if waits || busy.contains(&wanted.digest) || !self.has_place(&wanted) {
                continue;
            }
            busy.insert(wanted.digest);
            self.pull_document(world, step, wanted)?;
        }
        Ok(())
    }

    /// Whether anything is free for a document, before its link is read.
    fn has_place(&self, wanted: &WantedDocument) -> bool {
        let large = wanted.size > SMALL_DOCUMENT_BYTES_MAX;
        let count = |streamed: bool| self.documents_asked().filter(|(_, _, s)| *s == streamed).count();
        count(true) < STREAMS_MAX || (!large && count(false) < FRAMES_MAX)
    }

    /// Documents under way: from whom, which, and whether in a stream.
    fn documents_asked(&self) -> impl Iterator<Item = (&Writer, Digest, bool)> {
        self.asked.values().filter_map(|(from, asked)| match asked {
            Asked::Document { digest, .. } => Some((from, *digest, false)),
            Asked::Stream { digest, .. } => Some((from, *digest, true)),
            _ => None,
        })
    }

    fn pull_document(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        wanted: WantedDocument,
    ) -> Result<(), JournalError> {
        if world.documents.has(wanted.digest).unwrap_or(false) {
            // it was stored and the note of it was lost with the process
            return self.document_held(world, step, wanted.message, wanted.digest);
        }
        let Some(wish) = self.wish(world, wanted.message, wanted.digest)? else { return Ok(()) };
        if let Some(source) = self.next_source(&wish, world.monotonic, true).cloned() {
            self.ask_document(step, &wish, &source);
        } else if self.next_source(&wish, world.monotonic, false).is_none() {
            // nobody is there, or everybody was tried: a peer that comes back makes it due at once
            self.rest(world, wanted.digest, DOCUMENT_RETRY_DELAY);
        }
        Ok(())
    }

    /// What the link says of a wanted document; none if the link is gone or lists it no more.
    fn wish(
        &mut self,
        world: &World<'_>,
        message: MessageId,
        digest: Digest,
    ) -> Result<Option<Wish>, JournalError> {
        let Some(stored) = world.journal.link(message)? else { return Ok(None) };
        let payload = stored.link.payload();
        let Some(attachment) = payload.attachments().find(|a| a.digest == digest) else { return Ok(None) };
        let me = self.identity.writer.clone();
        let others: Vec<Writer> = match self.load_case(world, &payload.conference)? {
            Some(case) => case.participants().iter().cloned().collect(),
            None => Vec::new(),
        };
        let mut sources: Vec<Writer> = Vec::new();
        for source in [&payload.writer, payload.conference.lead()].into_iter().chain(&others) {
            let entitled = *source != me && attachment.audience.admits(&payload.writer, source);
            if entitled && !sources.contains(source) {
                sources.push(source.clone());
            }
        }
        Ok(Some(Wish { message, digest, size: attachment.size, listed: attachment.listed(), sources }))
    }

    /// The next source with a session that was not tried in vain; with `free`, one that has a place free.
    fn next_source<'a>(&self, wish: &'a Wish, now: Monotonic, free: bool) -> Option<&'a Writer> {
        let tried = self.tried.get(&wish.digest);
        wish.sources.iter().find(|source| {
            let failed = tried.is_some_and(|t| {
                t.failed.contains(*source) || t.blamed.get(*source).is_some_and(|until| *until > now)
            });
            !failed
                && self.how(wish, source).is_some_and(|stream| !free || self.source_is_free(source, stream))
        })
    }

    /// How a source would be asked: in a stream or in a frame; none if it cannot be asked.
    fn how(&self, wish: &Wish, source: &Writer) -> Option<bool> {
        let session = self.sessions.get(source).filter(|s| s.ready)?;
        let streamed = wish.listed.is_some() && !session.no_streams;
        (streamed || wish.size <= SMALL_DOCUMENT_BYTES_MAX).then_some(streamed)
    }

    fn source_is_free(&self, source: &Writer, stream: bool) -> bool {
        let (of_one, of_all) =
            if stream { (STREAMS_FROM_ONE_MAX, STREAMS_MAX) } else { (FRAMES_FROM_ONE_MAX, FRAMES_MAX) };
        let such = self.documents_asked().filter(|(_, _, streamed)| *streamed == stream);
        let (mut from_one, mut in_all) = (0, 0);
        for (from, ..) in such {
            in_all += 1;
            from_one += usize::from(from == source);
        }
        from_one < of_one && in_all < of_all
    }

    fn ask_document(&mut self, step: &mut Step, wish: &Wish, source: &Writer) {
        let (message, digest) = (wish.message, wish.digest);
        match wish.listed.filter(|_| self.how(wish, source) == Some(true)) {
            Some(document) => {
                let token = self.token();
                self.asked.insert(token, (source.clone(), Asked::Stream { message, digest }));
                step.effects.push(Effect::Fetch { from: source.clone(), token, message, document });
            }
            None => {
                let request = Request::Document { message, digest };
                self.ask(step, source, Asked::Document { message, digest }, &request, &[]);
            }
        }
    }

    /// Lets a document wait; the next round tries every source again.
    fn rest(&mut self, world: &World<'_>, digest: Digest, delay: Duration) {
        let tried = self.tried.entry(digest).or_default();
        tried.again_at = tried.again_at.max(world.monotonic + delay);
        tried.failed.clear();
    }

    /// Nothing waits any longer: there is room again, or the clock is right again.
    pub(crate) fn try_all_again(&mut self) {
        for tried in self.tried.values_mut() {
            tried.again_at = Monotonic::ZERO;
        }
    }

    /// A session opened: what this peer may serve is asked for at once.
    pub(crate) fn source_returned(&mut self, peer: &Writer) {
        for tried in self.tried.values_mut().filter(|t| !t.blamed.contains_key(peer)) {
            tried.failed.remove(peer);
            tried.again_at = Monotonic::ZERO;
        }
    }

    /// A document came in a frame: it is stored only if its bytes are those that the link lists.
    pub(crate) fn document_fetched(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        peer: &Writer,
        message: MessageId,
        digest: Digest,
        tail: &[u8],
    ) -> Result<(), JournalError> {
        if self.closed(world).is_some() {
            self.rest(world, digest, DOCUMENT_RETRY_DELAY);
            return Ok(());
        }
        let stored = tail
            .split_first_chunk::<16>()
            .map(|(salt, bytes)| world.documents.put(digest, Salt(*salt), bytes));
        match stored {
            Some(Ok(())) => self.document_held(world, step, message, digest),
            Some(Err(error)) if error.is_no_room() => {
                self.no_room(world, step, message, digest, &error.to_string())
            }
            Some(Err(error)) => {
                tracing::warn!(%peer, %digest, %error, "a document was not stored");
                self.blame(world, step, peer, digest, error.code());
                self.document_failed(world, step, peer, message, digest, Failed::Otherwise)
            }
            None => self.document_failed(world, step, peer, message, digest, Failed::Otherwise),
        }
    }

    /// A stream ended: the document is held, or it is not and the next source is tried.
    pub(crate) fn fetched(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        token: u64,
        result: Result<(), FetchFailure>,
    ) -> Result<(), JournalError> {
        let ours = matches!(self.asked.get(&token), Some((of, Asked::Stream { .. })) if of == from);
        let Some((_, Asked::Stream { message, digest })) = self.asked.remove(&token).filter(|_| ours) else {
            return Ok(());
        };
        if self.closed(world).is_some() {
            self.rest(world, digest, DOCUMENT_RETRY_DELAY); // what came is in the store: it is noticed when something may be noted again
            return Ok(());
        }
        let Err(failure) = result else { return self.document_held(world, step, message, digest) };
        tracing::info!(peer = %from, %digest, code = failure.code(), %failure, "a document did not come");
        match failure {
            FetchFailure::Unsupported => {
                if let Some(session) = self.sessions.get_mut(from) {
                    session.no_streams = true;
                }
                // asked again in a frame if it is small enough; else this peer is no source
                Ok(())
            }
            // what was damaged is gone: the same source may serve it
            FetchFailure::Damaged => Ok(()),
            FetchFailure::NoRoom(reason) => self.no_room(world, step, message, digest, &reason),
            FetchFailure::Inconsistent => self.inconsistent(world, step, message, digest),
            FetchFailure::Misbehaved(error) => {
                self.blame(world, step, from, digest, error.code());
                self.document_failed(world, step, from, message, digest, Failed::Otherwise)
            }
            FetchFailure::Busy | FetchFailure::Store(_) => {
                self.rest(world, digest, DOCUMENT_RETRY_DELAY);
                Ok(())
            }
            FetchFailure::Refused { .. } => {
                self.document_failed(world, step, from, message, digest, Failed::Refused)
            }
            FetchFailure::Interrupted => {
                self.document_failed(world, step, from, message, digest, Failed::Interrupted)
            }
            FetchFailure::Slow => self.document_failed(world, step, from, message, digest, Failed::Otherwise),
        }
    }

    /// A document is held now. A message whose documents are all held is told *complete*, once.
    pub(crate) fn document_held(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        message: MessageId,
        digest: Digest,
    ) -> Result<(), JournalError> {
        self.tried.remove(&digest);
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
            self.tell_differences(world, step, &stored.link)?;
        }
        Ok(())
    }

    /// A source failed. When every source was tried, the author is told if it was among those who refused.
    pub(crate) fn document_failed(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        peer: &Writer,
        message: MessageId,
        digest: Digest,
        how: Failed,
    ) -> Result<(), JournalError> {
        let Some(stored) = world.journal.link(message)? else { return Ok(()) };
        let tried = self.tried.entry(digest).or_default();
        tried.failed.insert(peer.clone());
        tried.author_refused |= how == Failed::Refused && stored.link.payload().writer == *peer;
        let wish = self.wish(world, message, digest)?;
        if wish.is_some_and(|wish| self.next_source(&wish, world.monotonic, false).is_some()) {
            return Ok(());
        }
        let interrupted = how == Failed::Interrupted;
        self.rest(world, digest, if interrupted { INTERRUPTED_DELAY } else { DOCUMENT_RETRY_DELAY });
        let refused = self.tried.get_mut(&digest).is_some_and(|t| std::mem::take(&mut t.author_refused));
        if refused { self.tell_unavailable(world, step, &stored.link) } else { Ok(()) }
    }

    fn tell_unavailable(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        link: &Link,
    ) -> Result<(), JournalError> {
        let told = world.journal.receipts(link.id())?.iter().any(|r| {
            let p = r.payload();
            p.issuer == self.identity.writer && p.kind == ReceiptKind::DocumentsUnavailable
        });
        if told {
            return Ok(());
        }
        self.tell_about_documents(world, step, link, ReceiptKind::DocumentsUnavailable)
    }

    /// A source sent other bytes than the link lists: an official should know, and it is passed over for a while.
    fn blame(&mut self, world: &World<'_>, step: &mut Step, peer: &Writer, digest: Digest, code: &str) {
        tracing::warn!(%peer, %digest, code, "a peer sent other bytes than the document");
        let until = world.monotonic + BLAME_DELAY;
        self.tried.entry(digest).or_default().blamed.insert(peer.clone(), until);
        step.commit.push(Write::Alarm(Alarm {
            conference: None,
            code: "document.source".into(),
            subject: format!("{peer} {digest}"),
            at: world.now,
            text: format!(
                "{peer} ha inviato byte che non sono il documento {digest} ({code}): viene chiesto ad altri. \
                 Avvisare quell'ente, il cui archivio può essere danneggiato."
            ),
        }));
    }

    /// The link names a list of chunks and a digest that do not fit together: nobody can serve it, and only its author could write another.
    fn inconsistent(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        message: MessageId,
        digest: Digest,
    ) -> Result<(), JournalError> {
        let Some(stored) = world.journal.link(message)? else { return Ok(()) };
        let (author, conference) = (&stored.link.payload().writer, &stored.link.payload().conference);
        step.commit.push(Write::Alarm(Alarm {
            conference: Some(conference.clone()),
            code: "document.inconsistent".into(),
            subject: digest.to_string(),
            at: world.now,
            text: format!(
                "Il messaggio {message} di {author} elenca un documento che nessuno può avere: impronta ed elenco delle parti si \
                 contraddicono. Chiedere a {author} di inviarlo di nuovo."
            ),
        }));
        self.tried.entry(digest).or_default().given_up = true;
        self.tell_unavailable(world, step, &stored.link)
    }

    fn no_room(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        message: MessageId,
        digest: Digest,
        reason: &str,
    ) -> Result<(), JournalError> {
        tracing::warn!(%digest, reason, "no room for a document");
        let conference = world.journal.link(message)?.map(|stored| stored.link.payload().conference.clone());
        step.commit.push(Write::Alarm(Alarm {
            conference,
            code: "document.no-room".into(),
            subject: digest.to_string(),
            at: world.now,
            text: format!(
                "Non c'è spazio per il documento {digest}: liberare spazio o aumentare la quota in node.toml ([documents]). \
                 Il nodo riprova da sé."
            ),
        }));
        self.tried.entry(digest).or_default().again_at = world.monotonic + ROOM_RETRY_DELAY;
        Ok(())
    }

    /// Whether a peer may have a document: it takes part, and the link that it names lists the document for it. The same rule
    /// whatever the way; what is not for this peer looks like what does not exist.
    pub(crate) fn listed_for(
        &mut self,
        world: &World<'_>,
        from: &Writer,
        message: MessageId,
        digest: Digest,
    ) -> Result<Option<Attachment>, JournalError> {
        let Some(stored) = world.journal.link(message)? else { return Ok(None) };
        let payload = stored.link.payload();
        let participates =
            self.load_case(world, &payload.conference)?.is_some_and(|c| c.participants().contains(from));
        let listed = payload.attachments().find(|a| a.digest == digest);
        let admitted = listed.filter(|a| participates && a.audience.admits(&payload.writer, from));
        Ok(admitted.cloned())
    }

    /// Answers a peer that opened a stream for a document.
    pub(crate) fn document_asked(
        &mut self,
        world: &World<'_>,
        from: &Writer,
        message: MessageId,
        digest: Digest,
    ) -> Result<Result<Listed, ServeRefusal>, JournalError> {
        if !self.sessions.get(from).is_some_and(|s| s.admitted) {
            return Ok(Err(ServeRefusal::GREETING));
        }
        let Some(attachment) = self.listed_for(world, from, message, digest)? else {
            return Ok(Err(ServeRefusal::UNAVAILABLE));
        };
        if !world.documents.has(digest).unwrap_or(false) {
            return Ok(Err(ServeRefusal::UNAVAILABLE));
        }
        Ok(attachment.listed().ok_or(ServeRefusal::SMALL))
    }

    /// Signs, keeps and sends a receipt about the documents of one message.
    fn tell_about_documents(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        link: &Link,
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
}
