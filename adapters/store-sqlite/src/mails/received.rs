//! Mails that came in: kept with the cursor of their source, then looked at, and what a person decided about them.

use concerto_message::{ConferenceId, Digest, MessageId};
use concerto_port::{Cursor, JournalError};
use jiff::Timestamp;
use rusqlite::{Row, params};

use super::{MailStore, digest_or_none, execute};
use crate::error::{corrupt, failed};
use crate::read::{all, bounded, digest, first, get, instant, number};
use crate::write::nanoseconds;

const COLUMNS: &str = "row, digest, came_at, bytes, EXISTS (SELECT 1 FROM received_mail m WHERE m.row = received.row), parent, kind, \
                       status, facts, sent, conference, message, decision, recorded";

/// A mail as it came, to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// SHA-256 of its bytes; of a mail that the source did not give, of its place.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
    /// The mail; none where the source did not give it.
    pub mail: Option<Vec<u8>>,
    /// The mails that were forwarded whole in it.
    pub forwarded: Vec<Vec<u8>>,
}

/// What a mail that came in is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A receipt about a mail that was sent from here.
    Receipt,
    /// A mail with a message of a node.
    Link,
    /// A mail of a person.
    Free,
    /// A PEC message that is not proved, or a receipt about no mail known here.
    Unproved,
    /// An ordinary mail in which others were forwarded.
    Forward,
    /// The source did not give it: it is too large, or cannot be read.
    NotGiven,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Receipt, Self::Link, Self::Free, Self::Unproved, Self::Forward, Self::NotGiven];

    /// A word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Link => "link",
            Self::Free => "mail",
            Self::Unproved => "unproved",
            Self::Forward => "forward",
            Self::NotGiven => "not-given",
        }
    }
}

/// How far a mail that came in was treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not looked at yet.
    New,
    /// It waits for a person.
    Waits,
    /// Nothing more is to be done.
    Done,
}

impl Status {
    const ALL: [Self; 3] = [Self::New, Self::Waits, Self::Done];

    /// A word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Waits => "waits",
            Self::Done => "done",
        }
    }
}

/// A mail that came in, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMail {
    /// Its number, from 1.
    pub row: u64,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// When this node read it.
    pub came_at: Timestamp,
    /// Its size.
    pub bytes: u64,
    /// Whether its bytes are here.
    pub held: bool,
    /// The mail in which it was forwarded.
    pub parent: Option<u64>,
    /// What it is; none before it was looked at.
    pub kind: Option<Kind>,
    /// How far it was treated.
    pub status: Status,
    /// What it says, as the caller wrote it.
    pub facts: Option<String>,
    /// The mail that it is about.
    pub sent: Option<u64>,
    /// The conference to which it belongs.
    pub conference: Option<ConferenceId>,
    /// The message that it carries.
    pub message: Option<MessageId>,
    /// What a person said it is.
    pub decision: Option<String>,
    /// The link that records it.
    pub recorded: Option<MessageId>,
}

/// What was found out about a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What it is.
    pub kind: Kind,
    /// How far it is treated.
    pub status: Status,
    /// What it says.
    pub facts: String,
    /// The mail that it is about, and what its receipts prove now.
    pub sent: Option<(u64, String)>,
    /// The conference to which it belongs.
    pub conference: Option<ConferenceId>,
    /// The message that it carries.
    pub message: Option<MessageId>,
}

impl MailStore {
    /// How far a source was read.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn cursor(&self, source: &str) -> Result<Option<Cursor>, JournalError> {
        first(&self.connection, "SELECT epoch, position FROM source WHERE name = ?1", [source], |row| {
            Ok(Cursor { epoch: number_of_source(row, 0)?, position: number_of_source(row, 1)? })
        })
    }

    /// Keeps mails together with the cursor after them. One that is kept already, known by its digest, is not kept twice. Gives how many
    /// are new.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn take(
        &mut self,
        source: &str,
        cursor: Cursor,
        at: Timestamp,
        mails: &[Arrival],
    ) -> Result<usize, JournalError> {
        self.change(|tx| {
            let mut new = 0;
            for mail in mails {
                let which = (mail.digest, mail.bytes, mail.mail.as_deref());
                let Some(parent) = insert(tx, which, None, at)? else { continue };
                new += 1;
                for inner in &mail.forwarded {
                    let which = (Digest::of(inner), inner.len() as u64, Some(inner.as_slice()));
                    new += usize::from(insert(tx, which, Some(parent), at)?.is_some());
                }
            }
            let sql = "INSERT INTO source (name, epoch, position) VALUES (?1, ?2, ?3) \
                       ON CONFLICT DO UPDATE SET epoch = excluded.epoch, position = excluded.position";
            execute(tx, sql, params![source, cursor.epoch.cast_signed(), cursor.position.cast_signed()])?;
            Ok(new)
        })
    }

    /// Mails of a status, oldest first, after a number, at most `limit`.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn received_by(
        &self,
        status: Status,
        after: u64,
        limit: usize,
    ) -> Result<Vec<ReceivedMail>, JournalError> {
        let sql =
            format!("SELECT {COLUMNS} FROM received WHERE status = ?1 AND row > ?2 ORDER BY row LIMIT ?3");
        let which = params![status.as_str(), bounded(after), bounded(limit)];
        all(&self.connection, &sql, which, read_received)
    }

    /// Mails that wait for a person, at most `limit`: those that are tied to a conference first, each oldest first.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn waiting(&self, limit: usize) -> Result<Vec<ReceivedMail>, JournalError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM received WHERE status = 'waits' ORDER BY conference IS NULL, row LIMIT ?1"
        );
        all(&self.connection, &sql, [bounded(limit)], read_received)
    }

    /// Receipts about a mail that was sent, oldest first.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn receipts_about(&self, sent: u64) -> Result<Vec<ReceivedMail>, JournalError> {
        let sql = format!("SELECT {COLUMNS} FROM received WHERE sent = ?1 ORDER BY row");
        all(&self.connection, &sql, [bounded(sent)], read_received)
    }

    /// The mail to which a provider gave an identifier, as a receipt about it says (`identifier` in the facts).
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn sent_identified(&self, identifier: &str) -> Result<Option<u64>, JournalError> {
        let sql = "SELECT sent FROM received WHERE sent IS NOT NULL AND json_extract(facts, '$.identifier') = ?1 LIMIT 1";
        first(&self.connection, sql, [identifier], |row| number(row, 0))
    }

    /// A mail that came in.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn received(&self, row: u64) -> Result<Option<ReceivedMail>, JournalError> {
        let sql = format!("SELECT {COLUMNS} FROM received WHERE row = ?1");
        first(&self.connection, &sql, [bounded(row)], read_received)
    }

    /// Its bytes, checked against their digest; none where the source did not give them.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn received_bytes(&self, row: u64) -> Result<Option<Vec<u8>>, JournalError> {
        let sql =
            "SELECT m.mail, r.digest FROM received r JOIN received_mail m ON m.row = r.row WHERE r.row = ?1";
        let found = first(&self.connection, sql, [bounded(row)], |row| {
            Ok((get::<Vec<u8>>(row, 0)?, digest(row, 1)?))
        })?;
        match found {
            Some((mail, digest)) if Digest::of(&mail) == digest => Ok(Some(mail)),
            Some((_, digest)) => {
                Err(JournalError::Corrupt(format!("the mail {digest} is not what was kept")))
            }
            None => Ok(None),
        }
    }

    /// Notes what a mail is, and what that proves about the one that it is about, in one transaction.
    ///
    /// It is durable with the next transaction of another kind: a power cut before may take it back, and then the mail, which stays,
    /// is new again.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn judge(&mut self, row: u64, judged: &Judged) -> Result<(), JournalError> {
        self.connection.pragma_update(None, "synchronous", "NORMAL").map_err(failed)?;
        let done = self.judge_in_order(row, judged);
        self.connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        done
    }

    fn judge_in_order(&mut self, row: u64, judged: &Judged) -> Result<(), JournalError> {
        self.change(|tx| {
            let sql = "UPDATE received SET kind = ?2, status = ?3, facts = ?4, sent = ?5, conference = ?6, message = ?7 \
                       WHERE row = ?1";
            let values = params![
                bounded(row),
                judged.kind.as_str(),
                judged.status.as_str(),
                judged.facts,
                judged.sent.as_ref().map(|(sent, _)| bounded(*sent)),
                judged.conference.as_ref().map(ToString::to_string),
                judged.message.map(|id| id.0.0),
            ];
            execute(tx, sql, values)?;
            if let Some((sent, state)) = &judged.sent {
                // something new is known: what was done with it may have to be looked at again
                let sql = "UPDATE sent SET state = ?2, done = 0 WHERE row = ?1 AND state <> ?2";
                execute(tx, sql, params![bounded(*sent), state])?;
            }
            Ok(())
        })
    }

    /// Ties a mail to a conference, as a person said.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn tie(&mut self, row: u64, conference: &ConferenceId) -> Result<(), JournalError> {
        self.change(|tx| {
            let sql = "UPDATE received SET conference = ?2 WHERE row = ?1";
            execute(tx, sql, params![bounded(row), conference.to_string()]).map(|_| ())
        })
    }

    /// Notes what a person said a mail is, and the link that records it: nothing more is to be done with it.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn decide(
        &mut self,
        row: u64,
        decision: &str,
        recorded: Option<MessageId>,
    ) -> Result<(), JournalError> {
        self.change(|tx| {
            let sql =
                "UPDATE received SET decision = ?2, recorded = coalesce(?3, recorded), status = 'done' WHERE row = ?1";
            execute(tx, sql, params![bounded(row), decision, recorded.map(|id| id.0.0)]).map(|_| ())
        })
    }
}

/// Keeps one mail; its row, if it is new.
fn insert(
    tx: &rusqlite::Transaction<'_>,
    (digest, bytes, mail): (Digest, u64, Option<&[u8]>),
    parent: Option<i64>,
    at: Timestamp,
) -> Result<Option<i64>, JournalError> {
    let sql = "INSERT INTO received (digest, came_at, bytes, parent, status) VALUES (?1, ?2, ?3, ?4, 'new') \
               ON CONFLICT (digest) DO NOTHING";
    if execute(tx, sql, params![digest.0, nanoseconds(at)?, bounded(bytes), parent])? == 0 {
        return Ok(None);
    }
    let row = tx.last_insert_rowid();
    if let Some(mail) = mail {
        execute(tx, "INSERT INTO received_mail (row, mail) VALUES (?1, ?2)", params![row, mail])?;
    }
    Ok(Some(row))
}

/// Sources number as they like: every one of 64 bits is used.
fn number_of_source(row: &Row<'_>, column: usize) -> Result<u64, JournalError> {
    get::<i64>(row, column).map(i64::cast_unsigned)
}

fn read_received(row: &Row<'_>) -> Result<ReceivedMail, JournalError> {
    let kind: Option<String> = get(row, 6)?;
    let status: String = get(row, 7)?;
    let conference: Option<String> = get(row, 10)?;
    Ok(ReceivedMail {
        row: number(row, 0)?,
        digest: digest(row, 1)?,
        came_at: instant(row, 2)?,
        bytes: number(row, 3)?,
        held: get(row, 4)?,
        parent: get::<Option<i64>>(row, 5)?.and_then(|parent| u64::try_from(parent).ok()),
        kind: match kind {
            None => None,
            Some(word) => Some(named(&Kind::ALL, |kind| kind.as_str(), &word)?),
        },
        status: named(&Status::ALL, |status| status.as_str(), &status)?,
        facts: get(row, 8)?,
        sent: get::<Option<i64>>(row, 9)?.and_then(|sent| u64::try_from(sent).ok()),
        conference: conference
            .map(|text| text.parse().map_err(|e| corrupt("a conference", e)))
            .transpose()?,
        message: digest_or_none(row, 11)?.map(MessageId),
        decision: get(row, 12)?,
        recorded: digest_or_none(row, 13)?.map(MessageId),
    })
}

fn named<T: Copy>(all: &[T], name: impl Fn(&T) -> &'static str, word: &str) -> Result<T, JournalError> {
    let found = all.iter().find(|one| name(one) == word);
    found.copied().ok_or_else(|| corrupt("what a mail is", word))
}
