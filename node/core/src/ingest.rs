//! Links from peers: cheap checks first, then the signature, then the chain and the schema (ARCHITECTURE.md, hops 7 and 8).

use concerto_exchange::frame::Retry;
use concerto_message::chain::Placement;
use concerto_message::{
    ConferenceId, JoseError, Link, MessageId, ParsedLink, ParsedReceipt, Receipt, ReceiptKind, Verified,
    Writer,
};
use concerto_port::{Alarm, ContentStatus, JournalError, Write};
use concerto_procedure::acts::Act;
use jiff::{SignedDuration, Timestamp};

use crate::case::{Case, receipt_digest};
use crate::clock::CLOCK_DOUBTFUL;
use crate::fault::Fault;
use crate::keyring::{BeliefError, KeyError};
use crate::node::Node;
use crate::step::{STORE_FAILED, STORE_FULL, Step, World};

/// How far another's clock may run ahead of this node's before an alarm.
const CLOCK_AHEAD_MAX: SignedDuration = SignedDuration::from_mins(5);

/// Code of the alarm about a receipt that the procedente quotes and that proves nothing; its subject is the receipt's digest.
pub(crate) const QUOTED_INVALID: &str = "receipt.quoted.invalid";

/// What became of one link.
#[derive(Debug)]
pub(crate) enum Ingested {
    /// Held and durable with this step; `refused` if its content is.
    Held { conference: ConferenceId, id: MessageId, sequence: u64, new: bool },
    /// Not stored; it may heal.
    Retry { code: &'static str, reason: String },
}

impl Ingested {
    pub(crate) fn retry(code: &'static str, reason: &dyn std::fmt::Display) -> Self {
        Self::Retry { code, reason: reason.to_string() }
    }
    pub(crate) fn to_retry(&self, index: usize) -> Option<Retry> {
        match self {
            Self::Held { .. } => None,
            Self::Retry { code, reason } => {
                Some(Retry { index, code: (*code).to_owned(), reason: reason.clone() })
            }
        }
    }
}

impl Node {
    /// Takes one link. `author` is set when a peer delivers its own links: then no other writer's are taken.
    pub(crate) fn ingest(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        text: &str,
        own_links_only: bool,
    ) -> Result<Ingested, JournalError> {
        let parsed = match ParsedLink::parse(text) {
            Ok(parsed) => parsed,
            Err(e) => return Ok(Ingested::retry(e.code(), &e)),
        };
        let (id, payload) = (parsed.id(), parsed.payload());
        let sequence = payload.sequence;
        if payload.federation != self.identity.federation {
            let other = JoseError::WrongFederation(payload.federation.clone());
            return Ok(Ingested::retry(other.code(), &other));
        }
        if own_links_only && payload.writer != *from {
            return Ok(Ingested::retry(
                "deliver.not-author",
                &"a peer delivers only links that it wrote itself",
            ));
        }
        let (conference, writer) = (payload.conference.clone(), payload.writer.clone());
        if let Some(refused) = self.no_place(world, &conference, &writer)? {
            return Ok(refused);
        }
        let held = |node: &Self| {
            let entry = node.cases.get(&conference).and_then(|case| case.entry(id));
            entry.map(|e| e.bytes == concerto_message::Digest::of(text.as_bytes()))
        };
        if held(self) == Some(true) {
            return Ok(Ingested::Held { conference, id, sequence, new: false }); // byte for byte held: no crypto
        }
        if let Some(closed) = self.closed(world).filter(|_| held(self).is_none()) {
            return Ok(Ingested::Retry { code: retry_code(&closed), reason: closed.text_en });
        }
        let link = match self.believe_link(world, step, from, parsed) {
            Ok(link) => link,
            Err(e) => return Ok(Ingested::retry(e.code(), &e)),
        };
        if held(self).is_some() {
            return Ok(Ingested::Held { conference, id, sequence, new: false }); // another valid signature on the same message
        }
        let me = &self.identity.writer;
        let called = self.cases.get(&conference).is_some_and(|case| case.participants().contains(me));
        if !called && !calls(&link, me) {
            let unasked = "this node was not called to this conference, as far as it knows";
            return Ok(Ingested::retry("conference.not-called", &unasked));
        }
        if !self.cases.contains_key(&conference) {
            self.keep_case(Case::new(conference.clone()));
        }
        self.keep_link(world, step, from, &link)?;
        Ok(Ingested::Held { conference, id, sequence, new: true })
    }

    /// Why a writer has no place in a conference, which is brought into memory if this node holds it. One that begins, with a link
    /// of its procedente, takes no place in memory before that link is believed.
    fn no_place(
        &mut self,
        world: &World<'_>,
        conference: &ConferenceId,
        writer: &Writer,
    ) -> Result<Option<Ingested>, JournalError> {
        let refused = match self.load_case(world, conference)? {
            None if writer == conference.lead() => None,
            None => Some(("conference.unknown", "this node was not called to this conference")),
            Some(case) if case.participants().contains(writer) => None,
            Some(_) => Some(("conference.not-participant", "its writer was not called to this conference")),
        };
        Ok(refused.map(|(code, reason)| Ingested::retry(code, &reason)))
    }

    fn believe_link(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        parsed: ParsedLink,
    ) -> Result<Verified<Link>, BeliefError> {
        let payload = parsed.payload();
        let at = payload.issued_at.min(world.now);
        let key = self.keyring.key(parsed.header(), &payload.writer, at, world.journal, world.check);
        if let Err(KeyError::UnknownBundle(digest)) = &key {
            self.ask_bundle(step, from, *digest);
        }
        Ok(parsed.verify(&key?, world.check)?)
    }

    /// Stores a verified link: content status, wanted documents, alarms, what its effect needs.
    fn keep_link(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        link: &Verified<Link>,
    ) -> Result<(), JournalError> {
        let payload = link.payload();
        let own = payload.writer == self.identity.writer;
        let content = content_status(link);
        self.clock.dated(world.now, step);
        let received_at = self.first_received(world, link.id())?.unwrap_or(world.now);
        step.commit.push(Write::Link { link: link.clone(), received_at, own, content: content.clone() });
        let Some(case) = self.cases.get_mut(&payload.conference) else { return Ok(()) };
        let before = case.participants().clone();
        let placement = case.insert(link, received_at, own, &content);
        let Some(case) = self.cases.get(&payload.conference) else { return Ok(()) };
        let forked = matches!(placement, Placement::Fork { .. });
        if forked {
            step.commit.push(Write::Alarm(fork_alarm(link, world.now)));
        }
        if payload.issued_at > world.now.saturating_add(CLOCK_AHEAD_MAX).unwrap_or(world.now) {
            step.commit.push(Write::Alarm(clock_alarm(link, world.now)));
        }
        for attachment in payload.attachments() {
            self.want(world, step, case, (link.id(), &payload.writer), attachment);
        }
        let joined: Vec<Writer> = case.participants().difference(&before).cloned().collect();
        self.enqueue_for_new(world, step, &payload.conference, &joined);
        self.judge_quoted(world, step, from, &payload.conference, link.id())?;
        if payload.attachments().all(|a| world.documents.has(a.digest).unwrap_or(false)) {
            self.tell_differences(world, step, link)?; // else once its documents are held
        }
        if *payload.conference.lead() == self.identity.writer && !own {
            self.to_take.insert(payload.conference.clone());
        }
        if forked {
            self.spread(world, step, &payload.conference)?; // others may hold one of the two only
        }
        if own {
            // what this copy forgot it may also have forgotten to deliver
            self.enqueue_own(world, step, &payload.conference, link)?;
        }
        if own {
            step.commit.push(Write::Alarm(forgotten_alarm(link, world.now)));
        }
        if own && payload.incarnation.counter >= self.incarnation.counter {
            // a peer holds a link of this life, or of a later one, that we had lost: we are a restored copy, or there is another one
            self.reincarnate(world, step, payload.incarnation.counter);
        }
        Ok(())
    }

    /// When this node first had a message that it had lost: its own receipt says so.
    fn first_received(
        &self,
        world: &World<'_>,
        message: MessageId,
    ) -> Result<Option<Timestamp>, JournalError> {
        let receipts = world.journal.receipts(message)?;
        let own = receipts.iter().map(|r| r.payload()).filter(|p| p.issuer == self.identity.writer);
        Ok(own.filter(|p| p.kind == ReceiptKind::Accepted).map(|p| p.received_at).min())
    }

    /// Own links so far go to bodies that joined now.
    pub(crate) fn enqueue_for_new(
        &self,
        world: &World<'_>,
        step: &mut Step,
        conference: &ConferenceId,
        joined: &[Writer],
    ) {
        let Some(chain) = self.cases.get(conference).and_then(|c| c.chain(&self.identity.writer)) else {
            return;
        };
        for peer in joined.iter().filter(|p| self.members.contains_key(*p)) {
            for message in chain.all() {
                step.commit.push(Write::Enqueue { peer: peer.clone(), message, at: world.now });
            }
        }
    }

    /// Verifies the receipts that a link of the procedente quotes; until then its effect waits.
    pub(crate) fn judge_quoted(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        conference: &ConferenceId,
        link: MessageId,
    ) -> Result<(), JournalError> {
        let quoted = self.cases.get(conference).and_then(|case| {
            let entry = case.entry(link)?;
            entry.act.as_ref().ok().map(|act| case.unjudged_receipts(act))
        });
        for text in quoted.unwrap_or_default() {
            let Some(digest) = receipt_digest(&text) else { continue };
            let parsed = ParsedReceipt::parse(&text).map_err(BeliefError::from).and_then(|parsed| {
                let other = &parsed.payload().conference;
                if other == conference {
                    Ok(parsed)
                } else {
                    Err(BeliefError::OtherConference(other.clone()))
                }
            });
            let believed = parsed.and_then(|parsed| self.believe_receipt(world, step, from, parsed));
            match believed {
                Ok(receipt) => {
                    step.commit.push(Write::Receipt { receipt: receipt.clone(), at: world.now });
                    if let Some(case) = self.cases.get_mut(conference) {
                        case.insert_receipt(&receipt);
                    }
                }
                Err(BeliefError::Key(KeyError::UnknownBundle(_))) => {}
                Err(BeliefError::Key(KeyError::Journal(error))) => return Err(error),
                Err(error) => {
                    // the alarm is also how the journal remembers that this receipt proves nothing
                    let alarm = quoted_alarm(conference, digest, &error, world.now);
                    step.commit.push(Write::Alarm(alarm));
                    if let Some(case) = self.cases.get_mut(conference) {
                        case.reject_receipt(digest);
                    }
                }
            }
        }
        Ok(())
    }

    /// Verifies a receipt, whoever brings it.
    pub(crate) fn believe_receipt(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        from: &Writer,
        parsed: ParsedReceipt,
    ) -> Result<Verified<Receipt>, BeliefError> {
        let payload = parsed.payload();
        let at = payload.received_at.min(world.now);
        let key = self.keyring.key(parsed.header(), &payload.issuer, at, world.journal, world.check);
        if let Err(KeyError::UnknownBundle(digest)) = &key {
            self.ask_bundle(step, from, *digest);
        }
        Ok(parsed.verify(&key?, world.check)?)
    }
}

/// Whether a link of the procedente calls a writer to its conference.
fn calls(link: &Verified<Link>, writer: &Writer) -> bool {
    let mut alone = Case::new(link.payload().conference.clone());
    alone.insert(link, link.payload().issued_at, false, &content_status(link));
    alone.participants().contains(writer)
}

/// How this node stands to the content of a link.
pub fn content_status(link: &Link) -> ContentStatus {
    match link.check_schema() {
        Ok(()) => ContentStatus::Valid,
        Err(concerto_schemas::SchemaError::Unknown(_)) => ContentStatus::UnknownSchema,
        Err(error) => ContentStatus::Refused { code: "message.schema".into(), reason: error.to_string() },
    }
}

/// The code under which a peer is told to keep its message and send it again.
fn retry_code(closed: &Fault) -> &'static str {
    match closed.code.as_str() {
        STORE_FULL => STORE_FULL,
        CLOCK_DOUBTFUL => CLOCK_DOUBTFUL,
        _ => STORE_FAILED,
    }
}

fn forgotten_alarm(link: &Link, at: Timestamp) -> Alarm {
    let payload = link.payload();
    Alarm {
        conference: Some(payload.conference.clone()),
        code: "incarnation.forgotten".into(),
        subject: format!("{}#{}", payload.incarnation.counter, payload.incarnation.nonce),
        at,
        text: format!(
            "Un altro nodo conserva un messaggio di questo nodo ({}) che qui mancava: i dati sono stati ripristinati da una copia, \
             oppure un'altra copia di questo nodo è in funzione. Nel secondo caso fermarla subito.",
            link.id().short()
        ),
    }
}

fn clock_alarm(link: &Link, at: Timestamp) -> Alarm {
    let payload = link.payload();
    Alarm {
        conference: Some(payload.conference.clone()),
        code: "clock.ahead".into(),
        subject: link.id().to_string(),
        at,
        text: format!(
            "{} data un messaggio {} che qui è nel futuro: uno dei due orologi è sbagliato. Controllare l'ora di questo nodo, \
             poi avvisare {}.",
            payload.writer, payload.issued_at, payload.writer
        ),
    }
}

fn fork_alarm(link: &Link, at: Timestamp) -> Alarm {
    let payload = link.payload();
    Alarm {
        conference: Some(payload.conference.clone()),
        code: "chain.fork".into(),
        subject: format!("{}#{}", payload.writer, payload.sequence),
        at,
        text: format!(
            "{} ha scritto due messaggi diversi nello stesso posto {} della sua catena. Nulla di automatico segue dai suoi \
             messaggi o dal suo silenzio finché l'amministrazione procedente non decide (ForkResolved).",
            payload.writer, payload.sequence
        ),
    }
}

fn quoted_alarm(
    conference: &ConferenceId,
    digest: concerto_message::Digest,
    error: &BeliefError,
    at: Timestamp,
) -> Alarm {
    Alarm {
        conference: Some(conference.clone()),
        code: QUOTED_INVALID.into(),
        subject: digest.to_string(),
        at,
        text: format!("La procedente cita una ricevuta che non si verifica ({error}); non prova nulla."),
    }
}

/// Whether a message starts or moves terms when a body receives it, so that its delivery must be proved in the procedente's chain.
pub(crate) fn delivery_matters(act: &Act) -> bool {
    matches!(
        act,
        Act::Notice(_)
            | Act::ParticipantAdded(_)
            | Act::Suspension(_)
            | Act::IntegrationDelivered(_)
            | Act::TermCorrection(_)
            | Act::FinalDetermination(_)
            | Act::MeetingCall(_)
    )
}
