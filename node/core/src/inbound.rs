//! Requests of peers: each is answered once; nothing is answered to a peer whose greeting was not verified.

use concerto_exchange::frame::{
    self, Answer, ChainHead, FRAME_BYTES_MAX, FRAME_LINK_BYTES_MAX, FRAME_LINKS_MAX, HEADS_MAX, Heads,
    Request,
};
use concerto_exchange::hello::HELLO_BYTES_MAX;
use concerto_message::limits::{BUNDLE_BYTES_MAX, SMALL_DOCUMENT_BYTES_MAX};
use concerto_message::receipt::{Covered, Refusal};
use concerto_message::{ConferenceId, Digest, Incarnation, MessageId, ReceiptKind, Writer};
use concerto_port::{ContentStatus, JournalError, Write};
use jiff::Timestamp;
use std::collections::BTreeMap;

use crate::compose::NewReceipt;
use crate::fault::Fault;
use crate::ingest::Ingested;
use crate::node::Node;
use crate::step::{ServeRefusal, Step, Storage, World};

/// Greatest frame of a peer whose greeting was not verified: a greeting with its trust bundle. More is not even read as JSON.
const GREETING_FRAME_BYTES_MAX: usize = HELLO_BYTES_MAX + BUNDLE_BYTES_MAX + 1024;
/// Most incarnations of one writer of which heads are told, the newest first: no author makes the comparison impossible.
const LIVES_MAX: usize = 32;
/// Most links of one forked place that are told to a peer: two are the proof.
const FORK_HEADS_MAX: usize = 4;

/// Code of whatever is asked before a verified greeting.
const NOT_GREETED: &str = "hello.required";

/// An answer's head and tail.
type Answered = (Answer, Vec<u8>);

fn refused(code: &str, reason: impl Into<String>) -> Answered {
    (Answer::Refused { code: code.to_owned(), reason: reason.into() }, Vec::new())
}

impl Node {
    /// Answers one request with a frame.
    pub(crate) fn request(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        bytes: &[u8],
    ) -> Result<Vec<u8>, JournalError> {
        let admitted = self.sessions.get(from).is_some_and(|s| s.admitted);
        let too_much = !admitted && (GREETING_FRAME_BYTES_MAX..=FRAME_BYTES_MAX).contains(&bytes.len());
        if too_much {
            let (answer, _) = refused(NOT_GREETED, "a greeting must be verified before anything else");
            return Ok(frame::encode(&answer, &[]).unwrap_or_default());
        }
        let (answer, tail) = match frame::decode_request(bytes) {
            Ok((request, tail)) => self.answer_request(world, step, from, request, tail)?,
            Err(error) => refused(error.code(), error.to_string()),
        };
        let encoded = frame::encode(&answer, &tail).or_else(|error| {
            let (answer, _) = refused(error.code(), error.to_string());
            frame::encode(&answer, &[])
        });
        Ok(encoded.unwrap_or_default())
    }

    fn answer_request(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        request: Request,
        tail: &[u8],
    ) -> Result<Answered, JournalError> {
        if let Request::Hello { hello } = &request {
            return Ok(self.answer_hello(world, step, from, hello, tail));
        }
        if !self.sessions.get(from).is_some_and(|s| s.admitted) {
            return Ok(refused(NOT_GREETED, "a greeting must be verified before anything else"));
        }
        match request {
            Request::Hello { .. } => Ok(refused("frame.head", "greeted already")),
            Request::Deliver { links } => self.answer_deliver(world, step, from, &links),
            Request::Receipts { receipts } => self.answer_receipts(world, step, from, &receipts),
            Request::Heads(theirs) => self.answer_heads(world, step, from, &theirs),
            Request::Fetch { conference, writer, incarnation, from: first, to } => {
                self.answer_fetch(world, from, &conference, &writer, incarnation, (first, to))
            }
            Request::Bundle { digest } => Ok(match world.journal.bundle(digest)? {
                Some(bytes) => (Answer::Bundle {}, bytes),
                None => refused("trust.bundle.unknown", format!("the trust bundle {digest} is not held")),
            }),
            Request::Document { message, digest } => self.answer_document(world, from, message, digest),
        }
    }

    fn answer_hello(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        hello: &str,
        bundle: &[u8],
    ) -> Answered {
        let admitted = self.admit(world, step, from, hello, bundle);
        match admitted.and_then(|()| self.own_hello(world, from)) {
            Ok(hello) => (Answer::Hello { hello }, self.identity.bundle.clone()),
            Err(Fault { code, text, .. }) => {
                tracing::warn!(peer = %from, code, text, "a greeting was refused");
                refused(&code, text)
            }
        }
    }

    fn answer_deliver(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        links: &[String],
    ) -> Result<Answered, JournalError> {
        let mut retry = Vec::new();
        let mut held: Vec<(ConferenceId, MessageId, bool)> = Vec::new();
        for (index, text) in links.iter().enumerate() {
            let ingested = self.ingest(world, step, from, text, true)?;
            retry.extend(ingested.to_retry(index));
            if let Ingested::Held { conference, id, new, .. } = ingested {
                held.push((conference, id, new));
            }
        }
        let receipts = self.receipts_for(world, step, from, &held)?;
        for conference in held.iter().map(|(c, ..)| c.clone()).collect::<std::collections::BTreeSet<_>>() {
            self.heal(world, step, from, &conference)?;
        }
        Ok((Answer::Delivered { receipts, retry }, Vec::new()))
    }

    /// The *accepted* receipts for messages held now: the first ever given is given again, new ones cover several messages.
    pub(crate) fn receipts_for(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        author: &Writer,
        held: &[(ConferenceId, MessageId, bool)],
    ) -> Result<Vec<String>, JournalError> {
        let mut texts = Vec::new();
        let mut groups: BTreeMap<(ConferenceId, Timestamp), Vec<Covered>> = BTreeMap::new();
        for (conference, id, new) in held {
            let given = if *new { Vec::new() } else { self.receipts_given(world, *id)? };
            let entry = self.cases.get(conference).and_then(|c| c.entry(*id));
            match (given.is_empty(), entry) {
                (false, _) => {
                    let fresh = given.into_iter().filter(|text| !texts.contains(text)).collect::<Vec<_>>();
                    texts.extend(fresh);
                }
                (true, Some(entry)) => {
                    let group = groups.entry((conference.clone(), entry.received_at)).or_default();
                    if group.iter().all(|c| c.id != *id) {
                        group.push(Covered { id: *id, bytes: entry.bytes });
                    }
                }
                (true, None) => {}
            }
        }
        if world.storage == Storage::ReadOnly {
            groups.clear(); // a receipt that cannot be kept is not given
        }
        for ((conference, received_at), messages) in groups {
            let refusals = self.refusals(&conference, &messages);
            let accepted = NewReceipt { kind: ReceiptKind::Accepted, messages, received_at, refusal: None };
            texts.extend(self.give(world, step, &conference, author, accepted));
            for (covered, refusal) in refusals {
                let refusal = Some(refusal);
                let new =
                    NewReceipt { kind: ReceiptKind::Refused, messages: vec![covered], received_at, refusal };
                texts.extend(self.give(world, step, &conference, author, new));
            }
        }
        Ok(texts)
    }

    /// What this node receipted about a message when it came first: *accepted*, and *refused* where its content is.
    fn receipts_given(&self, world: &World<'_>, id: MessageId) -> Result<Vec<String>, JournalError> {
        let receipts = world.journal.receipts(id)?;
        let mine = |r: &&concerto_message::Verified<concerto_message::Receipt>| {
            r.payload().issuer == self.identity.writer
                && matches!(r.payload().kind, ReceiptKind::Accepted | ReceiptKind::Refused)
        };
        Ok(receipts.iter().filter(mine).map(|r| r.text().to_owned()).collect())
    }

    fn refusals(&self, conference: &ConferenceId, messages: &[Covered]) -> Vec<(Covered, Refusal)> {
        let Some(case) = self.cases.get(conference) else { return Vec::new() };
        let refusal = |covered: &Covered| match &case.entry(covered.id)?.act {
            Err(ContentStatus::Refused { code, reason }) => {
                let reason = reason.chars().take(500).collect();
                Some((*covered, Refusal { code: code.clone(), reason, norm: None }))
            }
            _ => None,
        };
        messages.iter().filter_map(refusal).collect()
    }

    /// Signs and keeps one receipt; its text, unless the signer is away (then the message is sent again and asks again).
    pub(crate) fn give(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        conference: &ConferenceId,
        author: &Writer,
        new: NewReceipt,
    ) -> Option<String> {
        let case = self.cases.get(conference)?;
        match self.sign_receipt(world, case, author, new) {
            Ok(receipt) => {
                let text = receipt.text().to_owned();
                step.commit.push(Write::Receipt { receipt: receipt.clone(), at: world.now });
                if let Some(case) = self.cases.get_mut(conference) {
                    case.insert_receipt(&receipt);
                }
                Some(text)
            }
            Err(fault) => {
                tracing::error!(%conference, %fault, "a receipt could not be signed");
                None
            }
        }
    }

    fn answer_receipts(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        receipts: &[String],
    ) -> Result<Answered, JournalError> {
        if let Some(Fault { code, text_en, .. }) = world.storage.read_only() {
            return Ok(refused(&code, text_en));
        }
        let mut unbelieved = None;
        for text in receipts {
            if let Err(reason) = self.take_receipt(world, step, from, text)? {
                unbelieved.get_or_insert(reason); // the others are judged all the same
            }
        }
        Ok(unbelieved.map_or((Answer::Noted {}, Vec::new()), |(code, reason)| refused(code, reason)))
    }

    fn answer_heads(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        theirs: &Heads,
    ) -> Result<Answered, JournalError> {
        let mut mine = self.own_heads(world, from, &theirs.conferences)?;
        self.queue_missing(step, from, &mine, &theirs.chains);
        mine.extend(self.further_heads(from, &theirs.conferences));
        let answer = Heads { conferences: theirs.conferences.clone(), chains: mine };
        Ok((Answer::Heads(answer), Vec::new()))
    }

    /// This node's heads in those of the conferences in which the peer takes part.
    pub(crate) fn own_heads(
        &mut self,
        world: &World<'_>,
        peer: &Writer,
        conferences: &[ConferenceId],
    ) -> Result<Vec<ChainHead>, JournalError> {
        let mut heads = Vec::new();
        for conference in conferences {
            let Some(case) = self.load_case(world, conference)? else { continue };
            if !case.participants().contains(peer) {
                continue;
            }
            for (writer, chain) in case.chains() {
                let lives: Vec<_> = chain.heads().collect();
                let newest = lives.into_iter().rev().take(LIVES_MAX);
                heads.extend(newest.map(|h| ChainHead {
                    conference: conference.clone(),
                    writer: writer.clone(),
                    incarnation: h.incarnation,
                    sequence: h.sequence,
                    id: Some(h.id),
                }));
            }
        }
        heads.truncate(HEADS_MAX / 2);
        Ok(heads)
    }

    /// Links in places that forked and the last ones beyond a gap or break, each as a head: who lacks one learns of it.
    pub(crate) fn further_heads(&self, peer: &Writer, conferences: &[ConferenceId]) -> Vec<ChainHead> {
        let shared =
            |id: &&ConferenceId| self.cases.get(*id).is_some_and(|c| c.participants().contains(peer));
        let mut heads = Vec::new();
        for conference in conferences.iter().filter(shared) {
            let forks = self.cases.get(conference).map(crate::case::Case::beside_heads).unwrap_or_default();
            for (writer, incarnation, sequence, ids) in forks {
                heads.extend(ids.into_iter().take(FORK_HEADS_MAX).map(|id| ChainHead {
                    conference: conference.clone(),
                    writer: writer.clone(),
                    incarnation,
                    sequence,
                    id: Some(id),
                }));
            }
        }
        heads.truncate(HEADS_MAX / 2);
        heads
    }

    fn answer_fetch(
        &mut self,
        world: &World<'_>,
        from: &Writer,
        conference: &ConferenceId,
        writer: &Writer,
        incarnation: Incarnation,
        (first, last): (u64, u64),
    ) -> Result<Answered, JournalError> {
        let Some(case) = self.load_case(world, conference)?.filter(|c| c.participants().contains(from))
        else {
            return Ok(refused("conference.unknown", "the peer does not take part in this conference"));
        };
        let ids = case.chain(writer).map(|c| c.range(&incarnation, first, last, FRAME_LINKS_MAX + 1));
        let ids = ids.unwrap_or_default();
        let (mut links, mut bytes) = (Vec::new(), 0);
        for id in ids.iter().take(FRAME_LINKS_MAX) {
            let Some(text) = world.journal.link_text(*id)? else { continue };
            if bytes > 0 && bytes + text.len() > FRAME_LINK_BYTES_MAX {
                break;
            }
            bytes += text.len();
            links.push(text);
        }
        let more = links.len() < ids.len();
        Ok((Answer::Links { links, more }, Vec::new()))
    }

    /// Bodies and documents go only to their audience; that somebody else's exist is not said either.
    fn answer_document(
        &mut self,
        world: &World<'_>,
        from: &Writer,
        message: MessageId,
        digest: Digest,
    ) -> Result<Answered, JournalError> {
        let refuse = |refusal: ServeRefusal| Ok(refused(refusal.code, refusal.reason));
        match self.listed_for(world, from, message, digest)? {
            None => return refuse(ServeRefusal::UNAVAILABLE),
            Some(listed) if listed.size > SMALL_DOCUMENT_BYTES_MAX => return refuse(ServeRefusal::LARGE),
            Some(_) => {}
        }
        match world.documents.get(digest) {
            Ok(Some((salt, bytes))) => {
                let mut tail = salt.0.to_vec();
                tail.extend_from_slice(&bytes);
                Ok((Answer::Document {}, tail))
            }
            Ok(None) => refuse(ServeRefusal::UNAVAILABLE),
            Err(error) => {
                tracing::error!(%digest, %error, "a document could not be read");
                refuse(ServeRefusal::UNAVAILABLE)
            }
        }
    }
}
