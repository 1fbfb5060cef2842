//! What this node asks of peers, and what their answers change.

use concerto_exchange::frame::{self, Answer, FRAME_LINK_BYTES_MAX, Request};
use concerto_message::receipt::ReceiptPayload;
use concerto_message::{JoseError, MessageId, ParsedReceipt, Receipt, ReceiptKind, Verified, Writer};
use concerto_port::{Alarm, JournalError, PeerFailure, Write};
use concerto_procedure::acts::Act;
use std::collections::BTreeSet;

use crate::case::Entry;
use crate::clock::STEP_DOUBT;
use crate::documents::Failed;
use crate::ingest::delivery_matters;
use crate::keyring::{BeliefError, KeyError};
use crate::node::{Asked, Node, OUTBOX_PAGE};
use crate::step::{Effect, Step, Storage, World};

/// Delay before a greeting that got no answer at all is sent again.
const GREETING_LOST_DELAY: std::time::Duration = std::time::Duration::from_secs(1);

/// What the log keeps of a code and of a reason that a peer gives.
const CODE_CHARS_MAX: usize = 64;
const REASON_CHARS_MAX: usize = 300;

impl Node {
    /// Takes up what the durable outbox holds beyond the rows already known, and sends what is due.
    pub(crate) fn deliver_due(&mut self, world: &World<'_>, step: &mut Step) -> Result<(), JournalError> {
        let ready: Vec<Writer> =
            self.sessions.iter().filter(|(_, s)| s.ready).map(|(peer, _)| peer.clone()).collect();
        for peer in ready {
            self.refill_outbox(world, &peer)?;
        }
        let mut token = self.token();
        let dispatches = self.delivery.poll(world.monotonic, || {
            token += 1;
            token
        });
        self.skip_tokens(token);
        for dispatch in dispatches {
            self.send_links(world, step, &dispatch.peer, dispatch.token, &dispatch.messages)?;
        }
        Ok(())
    }

    fn refill_outbox(&mut self, world: &World<'_>, peer: &Writer) -> Result<(), JournalError> {
        loop {
            let room = self.delivery.room(peer).min(OUTBOX_PAGE);
            if room == 0 {
                return Ok(());
            }
            let rows = world.journal.outbox(Some(peer), self.delivery.highest_row(peer), room)?;
            for row in &rows {
                self.delivery.enqueue(peer, row.row, row.message);
            }
            if rows.len() < room {
                return Ok(());
            }
        }
    }

    fn send_links(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        peer: &Writer,
        token: u64,
        messages: &[MessageId],
    ) -> Result<(), JournalError> {
        let (mut links, mut bytes) = (Vec::with_capacity(messages.len()), 0);
        let mut back = BTreeSet::new();
        for id in messages {
            let text = world.journal.link_text(*id)?.unwrap_or_default();
            if bytes > 0 && bytes + text.len() > FRAME_LINK_BYTES_MAX {
                back.insert(*id);
                continue;
            }
            bytes += text.len();
            links.push(text);
        }
        self.delivery.give_back(peer, token, &back);
        match frame::encode(&Request::Deliver { links }, &[]) {
            Ok(frame) => {
                self.asked.insert(token, (peer.clone(), Asked::Deliver));
                step.effects.push(Effect::Ask { to: peer.clone(), token, frame });
            }
            Err(error) => {
                tracing::error!(%peer, code = error.code(), "links could not be put into a frame");
                self.delivery.failed(peer, token, world.monotonic);
            }
        }
        Ok(())
    }

    /// An answer, or the news that there is none.
    pub(crate) fn answer(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        token: u64,
        result: Result<Vec<u8>, PeerFailure>,
    ) -> Result<(), JournalError> {
        // an answer that another peer gives, or one to a life of this core that ended, takes nothing away
        if self.asked.get(&token).is_none_or(|(asked_of, _)| asked_of != from) {
            return Ok(());
        }
        let Some((_, asked)) = self.asked.remove(&token) else { return Ok(()) };
        if world.storage == Storage::ReadOnly && !matches!(asked, Asked::Hello) {
            // what an answer brings cannot be kept now: it is asked for again
            return self.unanswered(world, step, from, token, &asked, false);
        }
        let decoded = match &result {
            Ok(bytes) => frame::decode_answer(bytes).map_err(|e| PeerFailure::Protocol(e.to_string())),
            Err(failure) => Err(failure.clone()),
        };
        let (answer, tail) = match decoded {
            Ok((Answer::Refused { code, reason }, _)) => {
                let (code, reason) = (shortened(&code, CODE_CHARS_MAX), shortened(&reason, REASON_CHARS_MAX));
                tracing::warn!(peer = %from, code, reason, asked = asked.name(), "a request was refused");
                return self.unanswered(world, step, from, token, &asked, true);
            }
            Ok(answered) => answered,
            Err(failure) => {
                Self::log_failure(from, "request", &failure);
                return self.unanswered(world, step, from, token, &asked, false);
            }
        };
        match (asked, answer) {
            (Asked::Hello, Answer::Hello { hello }) => self.greeted(world, step, from, &hello, tail),
            (Asked::Deliver, Answer::Delivered { receipts, retry }) => {
                for item in retry {
                    let code = shortened(&item.code, CODE_CHARS_MAX);
                    let reason = shortened(&item.reason, REASON_CHARS_MAX);
                    tracing::warn!(peer = %from, code, reason, "a link was not stored by the peer");
                }
                self.delivered(world, step, from, token, &receipts)
            }
            (Asked::Receipts, Answer::Noted {}) => Ok(()),
            (Asked::Heads { .. }, Answer::Heads(heads)) => self.heads_answered(world, step, from, &heads),
            (Asked::Fetch { range }, Answer::Links { links, more }) => {
                self.links_fetched(world, step, from, range, &links, more)
            }
            (Asked::Bundle { digest }, Answer::Bundle {}) => {
                self.bundle_fetched(world, step, from, digest, tail)
            }
            (Asked::Document { message, digest }, Answer::Document {}) => {
                self.document_fetched(world, step, from, message, digest, tail)
            }
            (asked, _) => {
                let asked_for = asked.name();
                tracing::warn!(peer = %from, code = "answer.other", asked_for, "the answer does not fit the request");
                self.unanswered(world, step, from, token, &asked, false)
            }
        }
    }

    fn unanswered(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        token: u64,
        asked: &Asked,
        refused: bool,
    ) -> Result<(), JournalError> {
        match asked {
            Asked::Deliver => self.delivery.failed(from, token, world.monotonic),
            Asked::Document { message, digest } => {
                let how = if refused { Failed::Refused } else { Failed::Otherwise };
                self.document_failed(world, step, from, *message, *digest, how)?;
            }
            Asked::Fetch { .. } | Asked::Heads { .. } | Asked::Bundle { .. } => self.pull_failed(from, asked),
            // the connection may have been a dead one: another, or the next, gets a greeting soon
            Asked::Hello if !refused => {
                if let Some(session) = self.sessions.get_mut(from) {
                    session.greet_again_at =
                        session.greet_again_at.min(world.monotonic + GREETING_LOST_DELAY);
                }
            }
            // what they prove may be told by nobody else
            Asked::Receipts if !refused => {
                if let Some(session) = self.sessions.get_mut(from) {
                    session.receipts_lost = true;
                }
            }
            Asked::Hello | Asked::Receipts | Asked::Stream { .. } => {}
        }
        Ok(())
    }

    /// The peer returned our greeting: both ends are known, delivery and catch-up begin.
    fn greeted(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        hello: &str,
        bundle: &[u8],
    ) -> Result<(), JournalError> {
        if let Err(fault) = self.admit(world, step, from, hello, bundle) {
            tracing::warn!(peer = %from, %fault, "the peer's greeting was refused");
            return Ok(());
        }
        if let Some(session) = self.sessions.get_mut(from) {
            session.ready = true;
        }
        tracing::info!(peer = %from, "session open");
        self.delivery.peer_ready(from);
        self.source_returned(from);
        self.begin_catch_up(world, step, from)?;
        self.push_receipts(step, from);
        Ok(())
    }

    /// Receipts for delivered links: stored, the outbox rows go, the others are sent again later.
    fn delivered(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        token: u64,
        receipts: &[String],
    ) -> Result<(), JournalError> {
        let mut receipted = BTreeSet::new();
        for text in receipts {
            match self.take_receipt(world, step, from, text)? {
                Ok(receipt) if receipt.payload().kind == ReceiptKind::Accepted => {
                    receipted.extend(receipt.payload().messages.iter().map(|c| c.id));
                }
                Ok(_) => {}
                Err((code, reason)) => {
                    tracing::warn!(peer = %from, code, reason, "a receipt was not believed")
                }
            }
        }
        for message in &receipted {
            step.commit.push(Write::Delivered { peer: from.clone(), message: *message });
            self.receipted(step, from, *message);
        }
        self.delivery.answered(from, token, &receipted, world.monotonic);
        Ok(())
    }

    /// Verifies and keeps a receipt from a peer: one that it gave for our messages, or evidence that it collected for the procedente.
    #[allow(clippy::type_complexity, reason = "a receipt, or code and reason, or a broken journal")]
    pub(crate) fn take_receipt(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        text: &str,
    ) -> Result<Result<Verified<Receipt>, (&'static str, String)>, JournalError> {
        let parsed = match ParsedReceipt::parse(text) {
            Ok(parsed) => parsed,
            Err(error) => return Ok(Err((error.code(), error.to_string()))),
        };
        if let Some(refused) = self.unrelated(world, from, parsed.payload())? {
            return Ok(Err(refused));
        }
        if let Some(held) = held_already(world, &parsed, text)? {
            return Ok(Ok(held)); // byte for byte held: no signature is checked and nothing is written again
        }
        let receipt = match self.believe_receipt(world, step, from, parsed) {
            Ok(receipt) => receipt,
            Err(BeliefError::Key(KeyError::Journal(e))) => return Err(e),
            Err(error) => return Ok(Err((error.code(), error.to_string()))),
        };
        let payload = receipt.payload();
        let conference = payload.conference.clone();
        let lead = *conference.lead() == self.identity.writer;
        let for_us = payload.issuer == *from && payload.author == self.identity.writer;
        let Some(case) = self.cases.get_mut(&conference) else {
            return Ok(Err(("conference.unknown", "the receipt is for an unknown conference".into())));
        };
        let at = payload.received_at;
        let before_written = |e: &Entry| e.issued_at.duration_since(at) > STEP_DOUBT;
        let dated_wrongly = payload.messages.iter().filter_map(|c| case.entry(c.id)).any(before_written)
            || at.duration_since(world.now) > STEP_DOUBT;
        if dated_wrongly {
            step.commit.push(Write::Alarm(receipt_time_alarm(&receipt, world.now)));
        }
        let matters = payload
            .messages
            .iter()
            .filter_map(|c| case.entry(c.id))
            .any(|e| !for_us || matches!(&e.act, Ok(act) if delivery_matters(act)));
        case.insert_receipt(&receipt);
        step.commit.push(Write::Receipt { receipt: receipt.clone(), at: world.now });
        if lead && matters {
            self.to_take.insert(conference);
        }
        if for_us {
            self.after_receipt(world, step, from, &receipt);
        }
        Ok(Ok(receipt))
    }

    /// Why a receipt concerns neither this node nor its conferences, before any signature is checked.
    fn unrelated(
        &mut self,
        world: &World<'_>,
        from: &Writer,
        payload: &ReceiptPayload,
    ) -> Result<Option<(&'static str, String)>, JournalError> {
        let me = self.identity.writer.clone();
        if payload.federation != self.identity.federation {
            let other = JoseError::WrongFederation(payload.federation.clone());
            return Ok(Some((other.code(), other.to_string())));
        }
        let for_us = payload.issuer == *from && payload.author == me;
        let evidence = payload.author == *from && *payload.conference.lead() == me;
        if !for_us && !evidence {
            return Ok(Some(("receipt.not-concerned", "the receipt concerns neither side".into())));
        }
        let Some(case) = self.load_case(world, &payload.conference)? else {
            return Ok(Some(("conference.unknown", "the receipt is for an unknown conference".into())));
        };
        if !case.participants().contains(&payload.issuer) {
            let stranger = "its issuer was not called to this conference";
            return Ok(Some(("receipt.not-participant", stranger.into())));
        }
        let fits = payload
            .messages
            .iter()
            .all(|c| case.entry(c.id).is_none_or(|e| e.bytes == c.bytes && e.author == payload.author));
        let other = || ("receipt.bytes", "the receipt covers other bytes than those sent".into());
        Ok((!fits).then(other))
    }

    /// What a receipt for our own messages leads to: evidence for the procedente, alarms about refusals and terms.
    fn after_receipt(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        receipt: &Verified<Receipt>,
    ) {
        let payload = receipt.payload();
        let conference = payload.conference.clone();
        let lead = conference.lead().clone();
        if let Some(refusal) = &payload.refusal {
            step.commit.push(Write::Alarm(Alarm {
                conference: Some(conference.clone()),
                code: "receipt.refused".into(),
                subject: payload.messages.first().map(|c| c.id.to_string()).unwrap_or_default(),
                at: world.now,
                text: format!("{from} ha rifiutato il contenuto: {} ({}).", refusal.reason, refusal.code),
            }));
        }
        self.compare_terms(world, step, receipt);
        let determination = self.cases.get(&conference).is_some_and(|case| {
            let entries = payload.messages.iter().filter_map(|c| case.entry(c.id));
            entries.into_iter().any(|e| matches!(e.act, Ok(Act::Determination(_))))
        });
        if determination && *from != lead && lead != self.identity.writer && self.session_ready(&lead) {
            let receipts = vec![receipt.text().to_owned()];
            self.ask(step, &lead, Asked::Receipts, &Request::Receipts { receipts }, &[]);
        }
    }
}

/// The receipt as the journal holds it, if it holds the same bytes.
fn held_already(
    world: &World<'_>,
    parsed: &ParsedReceipt,
    text: &str,
) -> Result<Option<Verified<Receipt>>, JournalError> {
    let Some(first) = parsed.payload().messages.first() else { return Ok(None) };
    let held = world.journal.receipts(first.id)?;
    Ok(held.into_iter().find(|receipt| receipt.text() == text))
}

/// The beginning of a text of a peer.
fn shortened(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// A receipt that says it had a message before it was written, or in a future of ours.
fn receipt_time_alarm(receipt: &Receipt, at: jiff::Timestamp) -> Alarm {
    let payload = receipt.payload();
    Alarm {
        conference: Some(payload.conference.clone()),
        code: "clock.receipt".into(),
        subject: receipt.digest().to_string(),
        at,
        text: format!(
            "{} data la ricezione {}, lontano dall'ora di questo nodo: uno dei due orologi è sbagliato. Controllare l'ora di questo nodo, \
             poi avvisare {}; la data della ricevuta non è certa.",
            payload.issuer, payload.received_at, payload.issuer
        ),
    }
}
