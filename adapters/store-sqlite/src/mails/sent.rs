//! Mails that go out: kept before they leave, with every attempt and what its receipts proved.

use concerto_message::{ConferenceId, MessageId, Writer};
use concerto_port::JournalError;
use jiff::Timestamp;
use rusqlite::{Row, params};

use super::{MailStore, digest_or_none, execute, note};
use crate::error::{corrupt, failed};
use crate::read::{all, bounded, digest, first, get, instant, number, parsed};
use crate::write::nanoseconds;

const COLUMNS: &str = "row, message_id, sender, recipient, conference, message, body, repetition, subject, why, at, restricted, \
                       state, problem, closed, recorded, done, EXISTS (SELECT 1 FROM sent_mail m WHERE m.row = sent.row)";

/// A mail to be kept before it leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// Its own Message-ID.
    pub message_id: String,
    /// The mailbox that sends it.
    pub sender: String,
    /// Its recipient; none where the address is not known.
    pub recipient: Option<String>,
    /// The conference.
    pub conference: ConferenceId,
    /// The message that it carries.
    pub message: MessageId,
    /// For which administration.
    pub body: Writer,
    /// Its subject.
    pub subject: String,
    /// Why it goes by PEC: a stable code.
    pub why: String,
    /// When it was composed.
    pub at: Timestamp,
    /// The mail; none where it could not be composed.
    pub mail: Option<Vec<u8>>,
    /// Whether it has documents that not every participant may see.
    pub restricted: bool,
    /// What receipts prove so far, as the caller writes it.
    pub state: String,
    /// Why a person must look before it can leave: a stable code.
    pub problem: Option<String>,
}

/// What a person said of a mail of which nobody knows whether it left, or that did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// It left: its receipts are waited for.
    Sent,
    /// Another one was sent in its place.
    Resent,
}

impl Closed {
    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Resent => "resent",
        }
    }
}

/// An attempt to hand a mail over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When it was begun.
    pub begun_at: Timestamp,
    /// When and how it ended, as the caller wrote it; none where the process died in it.
    pub ended: Option<(Timestamp, String)>,
    /// The server's reply, where it gave one.
    pub reply: Option<String>,
}

/// A mail that goes out, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMail {
    /// Its number, from 1.
    pub row: u64,
    /// Its own Message-ID.
    pub message_id: String,
    /// The mailbox that sends it.
    pub sender: String,
    /// Its recipient; none where the address is not known.
    pub recipient: Option<String>,
    /// The conference.
    pub conference: ConferenceId,
    /// The message that it carries.
    pub message: MessageId,
    /// For which administration.
    pub body: Writer,
    /// How many times a person ordered it again before this one.
    pub repetition: u64,
    /// Its subject.
    pub subject: String,
    /// Why it goes by PEC.
    pub why: String,
    /// When it was composed.
    pub at: Timestamp,
    /// Whether it has documents that not every participant may see.
    pub restricted: bool,
    /// What receipts proved.
    pub state: String,
    /// Why a person must look.
    pub problem: Option<String>,
    /// What a person said.
    pub closed: Option<Closed>,
    /// The link that records the delivery.
    pub recorded: Option<MessageId>,
    /// Whether nothing more is to be done.
    pub done: bool,
    /// Whether there is a mail to be sent.
    pub composed: bool,
    /// The attempts, in order.
    pub attempts: Vec<Attempt>,
}

impl MailStore {
    /// Keeps mails before they leave, and how far the journal was looked through for them. A mail for the same message, body and repetition
    /// stays as it was kept first.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn keep(&mut self, mails: &[NewMail], looked: Option<(&str, u64)>) -> Result<(), JournalError> {
        self.change(|tx| {
            for mail in mails {
                insert(tx, mail, 0)?;
            }
            looked.map_or(Ok(()), |(name, row)| note(tx, name, row, false))
        })
    }

    /// Keeps a mail that a person ordered again, in the place of an earlier one, which is closed. Gives its number.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn keep_again(&mut self, mail: &NewMail, earlier: &SentMail) -> Result<u64, JournalError> {
        self.change(|tx| {
            insert(tx, mail, earlier.repetition + 1)?;
            let row = bounded(earlier.row);
            execute(tx, "UPDATE sent SET closed = 'resent', done = 1 WHERE row = ?1", [row])?;
            let sql = "SELECT row FROM sent WHERE message_id = ?1";
            let kept = first(tx, sql, [&mail.message_id], |row| number(row, 0))?;
            kept.ok_or_else(|| JournalError::Medium("it was ordered again at the same time".into()))
        })
    }

    /// The mails with which something is to be done, oldest first.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open_mails(&self) -> Result<Vec<SentMail>, JournalError> {
        self.sent_where("done = 0", [])
    }

    /// The mails of a conference, oldest first.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn sent_in(&self, conference: &ConferenceId) -> Result<Vec<SentMail>, JournalError> {
        self.sent_where("conference = ?1", [conference.to_string()])
    }

    /// Conference, Message-ID and subject of the last mails that were sent, at most `limit`, the latest first.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn last_sent(&self, limit: usize) -> Result<Vec<(ConferenceId, String, String)>, JournalError> {
        let sql = "SELECT conference, message_id, subject FROM sent ORDER BY row DESC LIMIT ?1";
        all(&self.connection, sql, [bounded(limit)], |row| Ok((parsed(row, 0)?, get(row, 1)?, get(row, 2)?)))
    }

    /// A mail by its number.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn sent(&self, row: u64) -> Result<Option<SentMail>, JournalError> {
        Ok(self.sent_where("row = ?1", [bounded(row)])?.pop())
    }

    /// A mail by its Message-ID.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn sent_as(&self, message_id: &str) -> Result<Option<SentMail>, JournalError> {
        Ok(self.sent_where("message_id = ?1", [message_id])?.pop())
    }

    /// The last mail that carries a message to a body.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn sent_to(&self, message: MessageId, body: &Writer) -> Result<Option<SentMail>, JournalError> {
        let which = params![message.0.0, body.to_string()];
        Ok(self.sent_where("message = ?1 AND body = ?2 ORDER BY repetition", which)?.pop())
    }

    fn sent_where(
        &self,
        condition: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<SentMail>, JournalError> {
        let sql = format!("SELECT {COLUMNS} FROM sent WHERE {condition}");
        let mut mails = all(&self.connection, &sql, params, read_sent)?;
        for mail in &mut mails {
            let sql =
                "SELECT begun_at, ended_at, outcome, reply FROM attempt WHERE sent = ?1 ORDER BY number";
            mail.attempts = all(&self.connection, sql, [bounded(mail.row)], read_attempt)?;
        }
        Ok(mails)
    }

    /// The bytes of a mail; none where it could not be composed.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn sent_bytes(&self, row: u64) -> Result<Option<Vec<u8>>, JournalError> {
        let sql = "SELECT mail FROM sent_mail WHERE row = ?1";
        first(&self.connection, sql, [bounded(row)], |row| get(row, 0))
    }

    /// Notes an attempt before it is made; gives its number.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn begin_attempt(&mut self, row: u64, at: Timestamp) -> Result<u64, JournalError> {
        self.change(|tx| {
            let count = "SELECT count(*) FROM attempt WHERE sent = ?1";
            let made = first(tx, count, [bounded(row)], |row| number(row, 0))?.unwrap_or(0);
            let sql = "INSERT INTO attempt (sent, number, begun_at) VALUES (?1, ?2, ?3)";
            execute(tx, sql, params![bounded(row), bounded(made + 1), nanoseconds(at)?])?;
            Ok(made + 1)
        })
    }

    /// Notes how an attempt ended.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn end_attempt(
        &mut self,
        (row, attempt): (u64, u64),
        at: Timestamp,
        outcome: &str,
        reply: Option<&str>,
    ) -> Result<(), JournalError> {
        self.change(|tx| {
            let sql =
                "UPDATE attempt SET ended_at = ?3, outcome = ?4, reply = ?5 WHERE sent = ?1 AND number = ?2";
            execute(tx, sql, params![bounded(row), bounded(attempt), nanoseconds(at)?, outcome, reply])?;
            Ok(())
        })
    }

    /// Notes what a person said of a mail.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn close(&mut self, row: u64, closed: Closed) -> Result<(), JournalError> {
        self.change(|tx| {
            let sql = "UPDATE sent SET closed = ?2, problem = NULL WHERE row = ?1";
            execute(tx, sql, params![bounded(row), closed.as_str()]).map(|_| ())
        })
    }

    /// Notes why a person must look at a mail, or that nobody must any more.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn trouble(&mut self, row: u64, problem: Option<&str>) -> Result<(), JournalError> {
        self.change(|tx| {
            let sql = "UPDATE sent SET problem = ?2 WHERE row = ?1";
            execute(tx, sql, params![bounded(row), problem]).map(|_| ())
        })
    }

    /// Notes that nothing more is to be done with a mail, and by which link its delivery is recorded.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn finish(&mut self, row: u64, recorded: Option<MessageId>) -> Result<(), JournalError> {
        self.change(|tx| {
            let recorded = recorded.map(|id| id.0.0);
            let sql =
                "UPDATE sent SET done = 1, problem = NULL, recorded = coalesce(?2, recorded) WHERE row = ?1";
            execute(tx, sql, params![bounded(row), recorded]).map(|_| ())
        })
    }
}

fn insert(tx: &rusqlite::Transaction<'_>, mail: &NewMail, repetition: u64) -> Result<(), JournalError> {
    let sql = "INSERT INTO sent (message_id, sender, recipient, conference, message, body, repetition, subject, why, at, restricted, \
               state, problem) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
               ON CONFLICT (message, body, repetition) DO NOTHING";
    let values = params![
        mail.message_id,
        mail.sender,
        mail.recipient,
        mail.conference.to_string(),
        mail.message.0.0,
        mail.body.to_string(),
        bounded(repetition),
        mail.subject,
        mail.why,
        nanoseconds(mail.at)?,
        mail.restricted,
        mail.state,
        mail.problem,
    ];
    let new = execute(tx, sql, values)? > 0;
    if let Some(bytes) = mail.mail.as_ref().filter(|_| new) {
        let row = tx.last_insert_rowid();
        execute(tx, "INSERT INTO sent_mail (row, mail) VALUES (?1, ?2)", params![row, bytes])?;
    }
    Ok(())
}

fn read_sent(row: &Row<'_>) -> Result<SentMail, JournalError> {
    let closed: Option<String> = get(row, 14)?;
    Ok(SentMail {
        row: number(row, 0)?,
        message_id: get(row, 1)?,
        sender: get(row, 2)?,
        recipient: get(row, 3)?,
        conference: parsed(row, 4)?,
        message: MessageId(digest(row, 5)?),
        body: parsed(row, 6)?,
        repetition: number(row, 7)?,
        subject: get(row, 8)?,
        why: get(row, 9)?,
        at: instant(row, 10)?,
        restricted: get(row, 11)?,
        state: get(row, 12)?,
        problem: get(row, 13)?,
        closed: match closed.as_deref() {
            None => None,
            Some("sent") => Some(Closed::Sent),
            Some("resent") => Some(Closed::Resent),
            Some(other) => return Err(corrupt("what a person said of a mail", other)),
        },
        recorded: digest_or_none(row, 15)?.map(MessageId),
        done: get(row, 16)?,
        composed: get(row, 17)?,
        attempts: Vec::new(),
    })
}

fn read_attempt(row: &Row<'_>) -> Result<Attempt, JournalError> {
    let ended: Option<String> = row.get(2).map_err(failed)?;
    Ok(Attempt {
        begun_at: instant(row, 0)?,
        ended: ended.map(|outcome| Ok::<_, JournalError>((instant(row, 1)?, outcome))).transpose()?,
        reply: get(row, 3)?,
    })
}
