//! What a mail that came in is: a receipt about a mail sent from here, a mail with a message of a node, a mail of a person, or nothing that counts.
//!
//! Each mail is kept before it is looked at, and looked at until that is noted; everything done on the way has its effect once. What is not
//! decided by a proof is decided by a person (`concerto pec queue`). A mailbox has many receipts about mails of other programs: they concern
//! nobody here, and are kept without being told.

use concerto_core::step::{STORE_FAILED, STORE_FULL};
use concerto_core::{Fault, Order, Reply};
use concerto_message::{Audience, ConferenceId, MessageId};
use concerto_pec::proposal::FreeMail;
use concerto_pec::{
    Address, Carried, Certified, Delivery, Envelope, Examination, MailId, PecType, Receipt, Submission,
    Taken, Verified, answered, carried, examine,
};
use concerto_procedure::acts::{Channel, Direction, Outside};
use concerto_store_sqlite::{Judged, Kind, ReceivedMail, SentMail, Status};

use super::facts::{MailFacts, Proved, Why};
use super::office::{DELIVERIES_MAX, Office, Stopped};
use super::proposed::{Proposed, known, tied};
use super::record::{Record, why};
use crate::failpoint;
use crate::output::Failure;

/// Mails looked at in one go.
const PAGE: usize = 64;
/// Code of the fault of a clock that may date nothing.
const CLOCK_DOUBTFUL: &str = "clock.doubtful";

/// What becomes of one mail.
enum Fate {
    Judged(Judged),
    /// It stays new: what is needed for it cannot be had now.
    Later,
}

impl Office {
    /// Says what each new mail is. Gives how many records were written.
    pub(super) fn judge_new(&mut self) -> Result<usize, Stopped> {
        self.known = None;
        let mut recorded = 0;
        if std::mem::take(&mut self.look_again) {
            recorded += self.judge_waiting_links()?;
        }
        let mut after = 0;
        loop {
            let page = self.store.received_by(Status::New, after, PAGE)?;
            let Some(last) = page.last().map(|mail| mail.row) else { return Ok(recorded) };
            after = last;
            for mail in page {
                recorded += usize::from(self.judge_one(&mail)?);
            }
        }
    }

    /// Messages of nodes that could not be taken: what they waited for may have come.
    fn judge_waiting_links(&mut self) -> Result<usize, Stopped> {
        let (mut recorded, mut after) = (0, 0);
        loop {
            let page = self.store.received_by(Status::Waits, after, PAGE)?;
            let Some(last) = page.last().map(|mail| mail.row) else { return Ok(recorded) };
            after = last;
            for mail in page.iter().filter(|mail| mail.kind == Some(Kind::Link)) {
                recorded += usize::from(self.judge_one(mail)?);
            }
        }
    }

    fn judge_one(&mut self, mail: &ReceivedMail) -> Result<bool, Stopped> {
        let Some(bytes) = self.store.received_bytes(mail.row)? else {
            self.store.judge(mail.row, &not_given(mail))?;
            return Ok(false);
        };
        let (fate, recorded) = self.judge_bytes(mail, &bytes)?;
        if let Fate::Judged(judged) = fate {
            self.store.judge(mail.row, &judged)?;
            failpoint::hit("pec-judged");
        }
        Ok(recorded)
    }

    fn judge_bytes(&mut self, mail: &ReceivedMail, bytes: &[u8]) -> Result<(Fate, bool), Stopped> {
        let mut examination = match examine(bytes, &self.evidence.cms, None) {
            Ok(examination) => examination,
            Err(unreadable) => {
                let why = Why {
                    code: unreadable.code().to_owned(),
                    text: unreadable.italian().to_string(),
                    text_en: unreadable.english().to_string(),
                };
                let facts = MailFacts { kind: "mail".to_owned(), why: vec![why], ..MailFacts::default() };
                return Ok((Fate::Judged(plain(Kind::NotGiven, Status::Waits, &facts)), false));
            }
        };
        examination.consult(&self.evidence.directory);
        let facts = MailFacts::of(&examination);
        match examination.kind {
            PecType::Envelope | PecType::Anomaly => {
                let envelope = envelope(&examination);
                let inner = examination.original().unwrap_or_default();
                self.judge_mail(inner, bytes, &facts, envelope.as_ref())
            }
            PecType::Mail if self.holds_forwarded(bytes) => {
                Ok((Fate::Judged(plain(Kind::Forward, Status::Done, &facts)), false))
            }
            PecType::Mail => self.judge_mail(bytes, bytes, &facts, None),
            _ => {
                let judged = self.judge_receipt(mail, &examination, &facts)?;
                Ok((Fate::Judged(judged), false))
            }
        }
    }

    /// Whether an ordinary mail only brings PEC messages, each of which is looked at by itself.
    fn holds_forwarded(&self, bytes: &[u8]) -> bool {
        let inner = concerto_pec::forwarded(bytes);
        let is_pec = |mail: &[u8]| {
            examine(mail, &self.evidence.cms, None).is_ok_and(|found| found.kind != PecType::Mail)
        };
        !inner.is_empty() && inner.iter().all(|mail| is_pec(mail))
    }

    /// A receipt is tied to the mail that it is about, and moves its state together with that.
    fn judge_receipt(
        &mut self,
        mail: &ReceivedMail,
        examination: &Examination<'_>,
        facts: &MailFacts,
    ) -> Result<Judged, Failure> {
        let about = self.sent_of(facts)?;
        let receipt = examination.verified().and_then(Certified::into_receipt);
        let (Some(receipt), Some(sent)) = (&receipt, &about) else {
            // what is not proved and speaks of a mail of ours is for a person to see; the rest is other programs' business
            let status = if receipt.is_none() && about.is_some() { Status::Waits } else { Status::Done };
            let kind = if receipt.is_some() { Kind::Receipt } else { Kind::Unproved };
            return Ok(plain(kind, status, facts));
        };
        let state = self.take_receipt(mail, sent, receipt)?;
        let Some(state) = state else { return Ok(plain(Kind::Receipt, Status::Waits, facts)) };
        Ok(Judged {
            kind: Kind::Receipt,
            status: Status::Done,
            facts: facts.write(),
            sent: Some((sent.row, state.write())),
            conference: Some(sent.conference.clone()),
            message: Some(sent.message),
        })
    }

    /// The mail of this node that a receipt names: by its Message-ID, or by the provider's identifier that an acceptance had named.
    fn sent_of(&self, facts: &MailFacts) -> Result<Option<SentMail>, Failure> {
        if let Some(id) = &facts.message_id {
            return Ok(self.store.sent_as(id)?);
        }
        let Some(identifier) = &facts.identifier else { return Ok(None) };
        let row = self.store.sent_identified(identifier)?;
        Ok(row.map(|row| self.store.sent(row)).transpose()?.flatten())
    }

    /// What the mail's receipts prove with this one; none where it is not about that mail after all.
    fn take_receipt(
        &mut self,
        mail: &ReceivedMail,
        sent: &SentMail,
        receipt: &Verified<Receipt>,
    ) -> Result<Option<Proved>, Failure> {
        let recipient = sent.recipient.as_deref().and_then(Address::parse);
        let ids = (MailId::parse(&sent.message_id), Address::parse(&sent.sender));
        let (Some(recipient), (Some(message_id), Some(sender))) = (recipient, ids) else { return Ok(None) };
        if !self.deliveries.contains_key(&sent.row) {
            let mut delivery =
                Delivery::new(Submission { message_id, sender, recipients: vec![recipient.clone()] });
            for earlier in self.store.receipts_about(sent.row)?.iter().filter(|e| e.row != mail.row) {
                self.take_again(&mut delivery, earlier)?;
            }
            if self.deliveries.len() >= DELIVERIES_MAX {
                self.deliveries.pop_first();
            }
            self.deliveries.insert(sent.row, delivery);
        }
        let Some(delivery) = self.deliveries.get_mut(&sent.row) else { return Ok(None) };
        if matches!(delivery.take(receipt), Taken::NotOurs | Taken::Full) {
            return Ok(None);
        }
        let before = Proved::read(&sent.state);
        Ok(Some(match delivery.state(&recipient) {
            Some(state) => before.or_further(Proved::of(&state)),
            None => before,
        }))
    }

    /// Verifies a receipt that was taken before; one that no longer verifies (domains move) leaves what it proved in the kept state.
    fn take_again(&self, delivery: &mut Delivery, earlier: &ReceivedMail) -> Result<(), Failure> {
        let Some(bytes) = self.store.received_bytes(earlier.row)? else { return Ok(()) };
        let Ok(mut examination) = examine(&bytes, &self.evidence.cms, None) else { return Ok(()) };
        examination.consult(&self.evidence.directory);
        if let Some(receipt) = examination.verified().and_then(Certified::into_receipt) {
            delivery.take(&receipt);
        }
        Ok(())
    }

    /// A mail with messages of nodes, or of a person.
    fn judge_mail(
        &mut self,
        inner: &[u8],
        whole: &[u8],
        facts: &MailFacts,
        envelope: Option<&Envelope>,
    ) -> Result<(Fate, bool), Stopped> {
        let links = carried(inner);
        if links.is_empty() {
            let judged = self.judge_free(inner, facts)?;
            return Ok((Fate::Judged(judged), false));
        }
        let (mut faults, mut held, mut recorded) = (Vec::new(), None, false);
        for link in links {
            match self.take_link(&link)? {
                Ok((conference, message)) => {
                    failpoint::hit("pec-taken");
                    recorded |= self.record_link(&conference, message, &link, (whole, facts, envelope))?;
                    held = held.or(Some((conference, message)));
                }
                Err(fault) if passes(&fault) => return Ok((Fate::Later, recorded)),
                Err(fault) => faults.push(why(&fault)),
            }
        }
        let facts = MailFacts { why: [facts.why.clone(), faults.clone()].concat(), ..facts.clone() };
        let status = if faults.is_empty() { Status::Done } else { Status::Waits };
        let (conference, message) = held.unzip();
        let judged = Judged { conference, message, ..plain(Kind::Link, status, &facts) };
        Ok((Fate::Judged(judged), recorded))
    }

    /// A mail of a person: it waits for an official, with the case that it is tied to and what it is proposed as.
    fn judge_free(&mut self, inner: &[u8], facts: &MailFacts) -> Result<Judged, Failure> {
        let mail = FreeMail::read(inner);
        let (conference, tied_by) = match self.conference_answered(inner)? {
            Some(answered) => (Some(answered), vec!["tie.mail".to_owned()]),
            None => {
                let known = match self.known.take() {
                    Some(known) => known,
                    None => known(&self.store)?,
                };
                let tied = tied(&known, inner, &mail);
                self.known = Some(known);
                let codes =
                    tied.iter().flat_map(|tie| tie.by.iter().map(|by| by.code().to_owned())).collect();
                (tied.map(|tie| tie.case), codes)
            }
        };
        let facts = MailFacts { proposal: Some(Proposed::of(&mail)), tied_by, ..facts.clone() };
        Ok(Judged { conference, ..plain(Kind::Free, Status::Waits, &facts) })
    }

    /// Hands a link to the core as if its author's node had delivered it, then what came with it.
    fn take_link(&mut self, link: &Carried) -> Result<Result<(ConferenceId, MessageId), Fault>, Stopped> {
        let order = Order::Mailed { link: link.link.clone(), bundle: link.bundle.clone() };
        let (conference, message) = match self.orders.give(order)? {
            Ok(Reply::Held { conference, message, .. }) => (conference, message),
            Ok(_) => return Ok(Err(Fault::technical("pec.link", &"an order was answered as another"))),
            Err(fault) => return Ok(Err(fault)),
        };
        for document in &link.documents {
            let order = Order::MailedDocument {
                message,
                digest: document.digest,
                salt: document.salt,
                bytes: document.bytes.clone(),
            };
            if let Err(fault) = self.orders.give(order)? {
                if passes(&fault) {
                    return Ok(Err(fault));
                }
                tracing::warn!(%message, %fault, "a document that came by mail was not stored");
            }
        }
        Ok(Ok((conference, message)))
    }

    /// Records, where this node leads the conference, that a body's message also came by PEC, and when.
    fn record_link(
        &mut self,
        conference: &ConferenceId,
        message: MessageId,
        link: &Carried,
        (whole, facts, envelope): (&[u8], &MailFacts, Option<&Envelope>),
    ) -> Result<bool, Stopped> {
        let me = &self.home.node.writer;
        let author = concerto_message::ParsedLink::parse(&link.link)
            .ok()
            .map(|parsed| parsed.payload().writer.clone());
        let (Some(envelope), Some(author)) = (envelope, author.filter(|author| author != me)) else {
            return Ok(false);
        };
        if conference.lead() != me {
            return Ok(false);
        }
        let record = Record {
            conference,
            party: Outside::Body(author.clone()),
            direction: Direction::Received,
            channel: Channel::Pec,
            at: envelope.at,
            about: Some(message),
            address: envelope.sender.as_str(),
            subject: facts.subject.as_deref().unwrap_or_default(),
            evidence: whole,
            why: "",
            // it has the whole message in it: who may see its parts is for its author to say
            audience: Audience::Only([author].into()),
        };
        match self.write(&record)? {
            Ok(_) => Ok(true),
            Err(fault) => {
                tracing::warn!(%message, %fault, "that a message came by PEC could not be recorded");
                Ok(false)
            }
        }
    }

    /// The conference of the mail that this one answers.
    fn conference_answered(&self, inner: &[u8]) -> Result<Option<ConferenceId>, Failure> {
        for id in answered(inner) {
            let sent = match self.store.sent_as(id.as_str())? {
                Some(sent) => Some(sent),
                None => {
                    let row = self.store.sent_identified(id.as_str())?;
                    row.map(|row| self.store.sent(row)).transpose()?.flatten()
                }
            };
            if let Some(sent) = sent {
                return Ok(Some(sent.conference));
            }
        }
        Ok(None)
    }
}

/// Whether a fault passes by itself.
fn passes(fault: &Fault) -> bool {
    [STORE_FULL, STORE_FAILED, CLOCK_DOUBTFUL].contains(&fault.code.as_str())
}

fn envelope(examination: &Examination<'_>) -> Option<Envelope> {
    match examination.verified()?.into_inner() {
        Certified::Envelope(envelope) => Some(envelope),
        Certified::Receipt(_) | Certified::Anomaly => None,
    }
}

fn plain(kind: Kind, status: Status, facts: &MailFacts) -> Judged {
    Judged { kind, status, facts: facts.write(), sent: None, conference: None, message: None }
}

/// A mail that the source did not give: it lies in the mailbox, for a person to look at.
fn not_given(mail: &ReceivedMail) -> Judged {
    let why = Why {
        code: "pec.mail.not-given".to_owned(),
        text: format!("La casella non ha dato il messaggio ({} byte): guardarlo nella casella", mail.bytes),
        text_en: format!("The mailbox did not give the mail ({} bytes): look at it there", mail.bytes),
    };
    let facts = MailFacts { kind: "mail".to_owned(), why: vec![why], ..MailFacts::default() };
    plain(Kind::NotGiven, Status::Waits, &facts)
}
