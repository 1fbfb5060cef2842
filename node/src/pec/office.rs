//! The office that works the mailbox: reads it, says what each mail is, sends what is due, records what is proved. One round does each once; whatever
//! is cut off is taken up by the next round, also of another process.

use concerto_core::{Case, Fault, Reply};
use concerto_message::{Audience, Digest, MessageId};
use concerto_pec::Delivery;
use concerto_pec::limits::MAIL_BYTES_MAX;
use concerto_pec::tie::KnownCase;
use concerto_port::{Alarm, Arrived, Clock, Content, MailboxError};
use concerto_procedure::acts::{Channel, Direction, Outside};
use concerto_store_sqlite::{Arrival, MailStore, MailboxLease, SentMail};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use super::facts::{MailFacts, Proved, Reached};
use super::mailbox::{Evidence, OpenMailbox};
use super::orders::{Gone, Orders};
use super::record::Record;
use super::sending::Pace;
use super::{fallback, mailbox, outgoing, store_path};
use crate::failpoint;
use crate::home::Home;
use crate::output::Failure;

/// Most mails read into memory before they are kept.
const BATCH_MAILS: usize = 200;
/// Bytes of mails after which no further one is read into memory before they are kept.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Most deliveries followed in memory; others are made again from their receipts.
pub(super) const DELIVERIES_MAX: usize = 1024;

/// Why a round ended early.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The engine is gone.
    Gone,
    /// Something failed: the next round tries again.
    Failed(Failure),
}

impl From<Gone> for Stopped {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl<E: Into<Failure>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What a round did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Round {
    /// Mails that are new.
    pub(crate) came: usize,
    /// Mails that the server took.
    pub(crate) sent: usize,
    /// Records written.
    pub(crate) recorded: usize,
    /// Why the mailbox could not be read: code and text.
    pub(crate) unread: Option<(String, String)>,
}

/// The one who reads the mailbox and sends for it.
pub(crate) struct Office {
    pub(super) home: Home,
    pub(super) store: MailStore,
    pub(super) mailbox: OpenMailbox,
    pub(super) evidence: Evidence,
    pub(super) orders: Orders,
    pub(super) clock: Box<dyn Clock>,
    pub(super) pace: Pace,
    pub(super) patience: fallback::Patience,
    /// When the reading began that last came to the mailbox's end.
    pub(super) read_until: Option<Timestamp>,
    /// By the number of the mail.
    pub(super) deliveries: BTreeMap<u64, Delivery>,
    /// The cases that a free mail may belong to, read once in each round that needs them.
    pub(super) known: Option<Vec<KnownCase>>,
    /// Whether waiting mails with links are looked at once more.
    pub(crate) look_again: bool,
    _lease: MailboxLease,
}

impl Office {
    /// Opens everything; refuses where another process works the mailbox.
    pub(crate) fn open(home: &Home, orders: Orders) -> Result<Self, Failure> {
        mailbox::configured(home)?;
        let lease = MailboxLease::take(&store_path(home))?;
        Ok(Self {
            store: MailStore::open(&store_path(home))?,
            mailbox: mailbox::open(home)?,
            evidence: mailbox::evidence(home)?,
            orders,
            clock: home.clock()?,
            pace: Pace::default(),
            patience: fallback::Patience::default(),
            read_until: None,
            deliveries: BTreeMap::new(),
            known: None,
            look_again: true,
            home: home.clone(),
            _lease: lease,
        })
    }

    /// One round. The mailbox is read before anything is sent, because the acceptance of an earlier sending may be in it.
    pub(crate) fn round(&mut self) -> Result<Round, Stopped> {
        let mut round = Round::default();
        match self.read()? {
            Ok(came) => round.came = came,
            Err(error) => round.unread = Some((error.code().to_owned(), error.to_string())),
        }
        round.recorded += self.judge_new()?;
        self.collect()?;
        round.sent = self.send()?;
        round.recorded += self.settle()?;
        Ok(round)
    }

    /// Keeps the mails of what must go by PEC: to bodies without a node, and because a recipient's node did not answer.
    fn collect(&mut self) -> Result<(), Failure> {
        let (reader, documents) = (crate::views::reader(&self.home)?, self.home.documents()?);
        let asked = outgoing::Asked {
            home: &self.home,
            reader: &reader,
            documents: &documents,
            sender: &self.mailbox.address,
            now: self.clock.now(),
        };
        outgoing::collect(&asked, &mut self.store)?;
        fallback::collect(&asked, &mut self.store, &mut self.patience)
    }

    /// Waits until something may have come.
    pub(crate) fn wait(&mut self, at_most: Duration) {
        if let Err(error) = self.mailbox.source.wait(at_most) {
            tracing::debug!(code = error.code(), %error, "waiting for mail was cut off");
            std::thread::sleep(at_most.min(Duration::from_secs(1)));
        }
    }

    /// The node's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Tells an official.
    pub(crate) fn raise(&mut self, alarm: Alarm) -> Result<(), Gone> {
        self.orders.raise(alarm)
    }

    /// Whether waiting costs a command to a server.
    pub(crate) fn is_remote(&self) -> bool {
        self.mailbox.remote
    }

    /// Reads to the end of the mailbox; each batch is kept with its cursor before the next one is read.
    fn read(&mut self) -> Result<Result<usize, MailboxError>, Failure> {
        let began = self.clock.now();
        let mut came = 0;
        loop {
            let after = self.store.cursor(&self.mailbox.source_name)?;
            let (mut batch, mut bytes) = (Vec::new(), 0_usize);
            let mut last = None;
            let result = self.mailbox.source.read(after, BATCH_MAILS, &mut |arrived| {
                if bytes >= BATCH_BYTES {
                    return ControlFlow::Break(());
                }
                let arrival = arrival(arrived);
                bytes = bytes.saturating_add(arrival.mail.as_ref().map_or(0, Vec::len));
                batch.push(arrival);
                last = Some(arrived.cursor);
                ControlFlow::Continue(())
            });
            let (cursor, failure, more) = match result {
                Ok(reading) => (Some(reading.cursor), None, reading.more),
                Err(error) => (last, Some(error), false),
            };
            if let Some(cursor) = cursor.filter(|cursor| Some(*cursor) != after) {
                came += self.store.take(&self.mailbox.source_name, cursor, began, &batch)?;
                failpoint::hit_if("pec-read", !batch.is_empty());
            }
            match failure {
                Some(error) => return Ok(Err(error)),
                None if more => {}
                None => {
                    self.read_until = Some(began);
                    return Ok(Ok(came));
                }
            }
        }
    }

    /// Follows what receipts proved: a delivery is recorded, a failure is told.
    fn settle(&mut self) -> Result<usize, Stopped> {
        let mut recorded = 0;
        for mail in self.store.open_mails()? {
            let proved = Proved::read(&mail.state);
            match proved.reached {
                Reached::Delivered => recorded += usize::from(self.delivered(&mail, &proved)?),
                Reached::NotDelivered => self.alarm(&mail, "pec.not-delivered", &proved)?,
                Reached::NotAccepted => self.alarm(&mail, "pec.not-accepted", &proved)?,
                Reached::AcceptedExternal => self.alarm(&mail, "pec.external", &proved)?,
                Reached::Submitted | Reached::Accepted | Reached::Delayed => {}
            }
        }
        Ok(recorded)
    }

    /// Records the delivery of a message in the conference, where this node leads it.
    fn delivered(&mut self, mail: &SentMail, proved: &Proved) -> Result<bool, Stopped> {
        if proved.at.is_some_and(|at| at > self.clock.now()) {
            return Ok(false); // the provider's clock is a little ahead of this one: nothing is recorded as of a time to come
        }
        let leads = mail.conference.lead() == &self.home.node.writer;
        let receipt = self.receipt_of_delivery(mail, proved)?;
        let (Some(evidence), Some(at), true) = (receipt, proved.at, leads && mail.recorded.is_none()) else {
            self.store.finish(mail.row, None)?;
            return Ok(false);
        };
        let only = || Audience::Only([mail.body.clone()].into());
        let record = Record {
            conference: &mail.conference,
            party: Outside::Body(mail.body.clone()),
            direction: Direction::Sent,
            channel: Channel::Pec,
            at,
            about: Some(mail.message),
            address: mail.recipient.as_deref().unwrap_or_default(),
            subject: &mail.subject,
            evidence: &evidence,
            why: &mail.why,
            audience: if mail.restricted { only() } else { Audience::ALL },
        };
        match self.write(&record)? {
            Ok(message) => {
                failpoint::hit("pec-recorded");
                self.store.finish(mail.row, Some(message))?;
                Ok(true)
            }
            Err(fault) => {
                tracing::error!(mail = mail.row, %fault, "a delivery could not be recorded");
                self.trouble(mail, &fault.code)?;
                Ok(false)
            }
        }
    }

    /// The delivery receipt whose time counts, as it came.
    fn receipt_of_delivery(&self, mail: &SentMail, proved: &Proved) -> Result<Option<Vec<u8>>, Failure> {
        for receipt in self.store.receipts_about(mail.row)? {
            let facts = MailFacts::read(receipt.facts.as_deref());
            if facts.kind == "avvenuta-consegna" && facts.counts && facts.at == proved.at {
                return Ok(self.store.received_bytes(receipt.row)?);
            }
        }
        Ok(None)
    }

    /// Gives the order of a record, unless the conference has it already.
    pub(super) fn write(&mut self, record: &Record<'_>) -> Result<Result<MessageId, Fault>, Stopped> {
        let reader = crate::views::reader(&self.home)?;
        let case = Case::load(record.conference, &reader)?;
        if let Some(found) = case.as_ref().and_then(|case| record.found(case)) {
            return Ok(Ok(found));
        }
        let order = record.order(&self.home)?;
        Ok(self.orders.give(order)?.and_then(|reply| match reply {
            Reply::Sent { message, .. } => Ok(message),
            _ => Err(Fault::technical("pec.record", &"an order was answered as another")),
        }))
    }

    /// Notes why a person must look at a mail, once.
    pub(super) fn trouble(&mut self, mail: &SentMail, problem: &str) -> Result<(), Failure> {
        if mail.problem.as_deref() != Some(problem) {
            self.store.trouble(mail.row, Some(problem))?;
        }
        Ok(())
    }

    fn alarm(&mut self, mail: &SentMail, code: &str, proved: &Proved) -> Result<(), Stopped> {
        // what a person closed is not told again
        if mail.problem.as_deref() == Some(code) || mail.closed.is_some() {
            return Ok(());
        }
        let reason = proved.reason.as_deref().unwrap_or("nessuna conferma del gestore");
        let alarm = Alarm {
            conference: Some(mail.conference.clone()),
            code: code.to_owned(),
            subject: mail.message_id.clone(),
            at: self.clock.now(),
            text: format!(
                "Il messaggio {} non risulta consegnato per PEC a {} ({reason}): vedere `concerto pec show out-{}`.",
                mail.message.short(),
                mail.body,
                mail.row
            ),
        };
        self.orders.raise(alarm)?;
        self.store.trouble(mail.row, Some(code))?;
        Ok(())
    }
}

fn arrival(arrived: &Arrived<'_>) -> Arrival {
    let place = |bytes| {
        let at = format!("{}/{}", arrived.cursor.epoch, arrived.cursor.position);
        Arrival { digest: Digest::of(at.as_bytes()), bytes, mail: None, forwarded: Vec::new() }
    };
    match arrived.content {
        Content::Mail(mail) if mail.len() <= MAIL_BYTES_MAX => Arrival {
            digest: Digest::of(mail),
            bytes: mail.len() as u64,
            mail: Some(mail.to_vec()),
            forwarded: concerto_pec::forwarded(mail).into_iter().map(std::borrow::Cow::into_owned).collect(),
        },
        Content::Mail(mail) => place(mail.len() as u64),
        Content::TooLarge { bytes } => place(bytes),
        Content::Unreadable => place(0),
    }
}
