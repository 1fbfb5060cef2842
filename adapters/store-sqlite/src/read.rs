//! The reading half: every query of the journal, for the writer's connection and for read-only ones.

use concerto_message::{
    ConferenceId, Digest, MessageId, ParsedLink, ParsedReceipt, Receipt, Verified, Writer,
};
use concerto_port::{Alarm, Answered, ContentStatus, JournalError, OutboxRow, StoredLink, WantedDocument};
use jiff::Timestamp;
use rusqlite::types::FromSql;
use rusqlite::{Connection, Params, Row, params};
use std::str::FromStr;

use crate::error::{corrupt, failed};

/// How the status of a content is written.
pub(crate) const VALID: i64 = 0;
pub(crate) const UNKNOWN_SCHEMA: i64 = 1;
pub(crate) const REFUSED: i64 = 2;

pub(crate) type Found<T> = Result<T, JournalError>;

/// The checksum of a row: the first eight bytes of a SHA-256 over its instant, its flag and its text.
pub(crate) fn checksum(at: i64, flag: bool, text: &str) -> i64 {
    let Digest(bytes) = Digest::of_parts(&[&at.to_be_bytes(), &[u8::from(flag)], text.as_bytes()]);
    let mut first = [0; 8];
    first.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    i64::from_be_bytes(first)
}

/// An unsigned number as a row number or limit of SQLite; no table has more rows than that.
pub(crate) fn bounded(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

pub(crate) fn get<T: FromSql>(row: &Row<'_>, column: usize) -> Found<T> {
    row.get(column).map_err(failed)
}

/// A row number or a counter: never negative.
pub(crate) fn number(row: &Row<'_>, column: usize) -> Found<u64> {
    get::<i64>(row, column)?.try_into().map_err(|e| corrupt("a number", e))
}

pub(crate) fn digest(row: &Row<'_>, column: usize) -> Found<Digest> {
    get(row, column).map(Digest)
}

pub(crate) fn parsed<T: FromStr<Err: std::fmt::Display>>(row: &Row<'_>, column: usize) -> Found<T> {
    let text = row.get_ref(column).map_err(failed)?.as_str().map_err(|e| corrupt("a name", e))?;
    text.parse().map_err(|e| corrupt("a name", e))
}

pub(crate) fn instant(row: &Row<'_>, column: usize) -> Found<Timestamp> {
    let nanoseconds: i64 = get(row, column)?;
    Timestamp::from_nanosecond(nanoseconds.into()).map_err(|e| corrupt("an instant", e))
}

pub(crate) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Found<T>,
) -> Found<Vec<T>> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(params).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        found.push(read(row)?);
    }
    Ok(found)
}

pub(crate) fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Found<T>,
) -> Found<Option<T>> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(params).map_err(failed)?;
    rows.next().map_err(failed)?.map(read).transpose()
}

/// Reads the text of a link (columns 0 to 4: row, id, received_at, own, checksum; 5: text) and checks its checksum.
fn link_bytes<'r>(row: &'r Row<'_>) -> Found<&'r str> {
    let number = number(row, 0)?;
    let text = row.get_ref(5).map_err(failed)?.as_str().map_err(|e| corrupt("a link", e))?;
    if checksum(get(row, 2)?, get(row, 3)?, text) != get::<i64>(row, 4)? {
        return Err(JournalError::Corrupt(format!("the link in row {number} does not match its checksum")));
    }
    Ok(text)
}

pub(crate) const LINK_COLUMNS: &str = "l.row, l.id, l.received_at, l.own, l.checksum, l.text, c.status, c.code, c.reason \
     FROM link l LEFT JOIN content c ON c.link = l.row";

pub(crate) fn stored_link(row: &Row<'_>) -> Found<StoredLink> {
    let number = number(row, 0)?;
    let named = MessageId(digest(row, 1)?);
    let what = format!("the link in row {number}");
    let link = ParsedLink::parse(link_bytes(row)?).map_err(|e| corrupt(&what, e))?.from_own_journal();
    if link.id() != named {
        return Err(JournalError::Corrupt(format!("{what} is {} but stands as {named}", link.id())));
    }
    let status: Option<i64> = get(row, 6)?;
    let content = match status {
        Some(VALID) => ContentStatus::Valid,
        Some(UNKNOWN_SCHEMA) => ContentStatus::UnknownSchema,
        Some(REFUSED) => ContentStatus::Refused { code: get(row, 7)?, reason: get(row, 8)? },
        other => return Err(JournalError::Corrupt(format!("{what} has content status {other:?}"))),
    };
    Ok(StoredLink { row: number, link, received_at: instant(row, 2)?, own: get(row, 3)?, content })
}

/// Columns: row, digest, received_at, checksum, text.
pub(crate) fn stored_receipt(row: &Row<'_>) -> Found<Verified<Receipt>> {
    let what = format!("the receipt in row {}", number(row, 0)?);
    let text = row.get_ref(4).map_err(failed)?.as_str().map_err(|e| corrupt(&what, e))?;
    if checksum(get(row, 2)?, false, text) != get::<i64>(row, 3)? {
        return Err(JournalError::Corrupt(format!("{what} does not match its checksum")));
    }
    let receipt = ParsedReceipt::parse(text).map_err(|e| corrupt(&what, e))?.from_own_journal();
    let named = digest(row, 1)?;
    if receipt.digest() != named {
        return Err(JournalError::Corrupt(format!("{what} is {} but stands as {named}", receipt.digest())));
    }
    Ok(receipt)
}

pub(crate) fn link(connection: &Connection, id: MessageId) -> Found<Option<StoredLink>> {
    let sql = select(LINK_COLUMNS, "WHERE l.id = ?1");
    first(connection, &sql, [id.0.0], stored_link)
}

fn select(columns: &str, rest: &str) -> String {
    format!("SELECT {columns} {rest}")
}

pub(crate) fn link_text(connection: &Connection, id: MessageId) -> Found<Option<String>> {
    let sql = "SELECT row, id, received_at, own, checksum, text FROM link WHERE id = ?1";
    first(connection, sql, [id.0.0], |row| {
        let text = link_bytes(row)?;
        let signed = text.rsplit_once('.').map_or(text, |(signed, _)| signed);
        if MessageId::of_signing_input(signed) != id {
            return Err(JournalError::Corrupt(format!("the link that stands as {id} is another")));
        }
        Ok(text.to_owned())
    })
}

pub(crate) fn has_link(connection: &Connection, id: MessageId) -> Found<bool> {
    Ok(first(connection, "SELECT 1 FROM link WHERE id = ?1", [id.0.0], |_| Ok(()))?.is_some())
}

pub(crate) fn last_own(connection: &Connection) -> Found<Option<MessageId>> {
    let sql = "SELECT id FROM link WHERE own = 1 ORDER BY row DESC LIMIT 1";
    Ok(first(connection, sql, [], |row| digest(row, 0))?.map(MessageId))
}

pub(crate) fn conferences(
    connection: &Connection,
    after: Option<&ConferenceId>,
    limit: usize,
) -> Found<Vec<ConferenceId>> {
    let position =
        "SELECT a.position FROM appearance a JOIN conference c ON c.key = a.conference WHERE c.name = ?1";
    let after = match after {
        None => 0,
        Some(after) => match first(connection, position, [after.to_string()], |row| get::<i64>(row, 0))? {
            Some(position) => position,
            None => return Ok(Vec::new()),
        },
    };
    let sql = "SELECT c.name FROM appearance a JOIN conference c ON c.key = a.conference \
               WHERE a.position > ?1 ORDER BY a.position LIMIT ?2";
    all(connection, sql, params![after, bounded(limit)], |row| parsed(row, 0))
}

pub(crate) fn links(
    connection: &Connection,
    conference: &ConferenceId,
    after_row: u64,
    limit: usize,
) -> Found<Vec<StoredLink>> {
    let chosen = "WHERE l.conference = (SELECT key FROM conference WHERE name = ?1) AND l.row > ?2 ORDER BY l.row LIMIT ?3";
    let sql = select(LINK_COLUMNS, chosen);
    let params = params![conference.to_string(), bounded(after_row), bounded(limit)];
    all(connection, &sql, params, stored_link)
}

pub(crate) fn receipts(connection: &Connection, message: MessageId) -> Found<Vec<Verified<Receipt>>> {
    let sql = "SELECT r.row, r.digest, r.received_at, r.checksum, r.text \
               FROM receipt_message m JOIN receipt r ON r.row = m.receipt WHERE m.message = ?1 ORDER BY m.receipt";
    all(connection, sql, [message.0.0], stored_receipt)
}

pub(crate) fn conference_receipts(
    connection: &Connection,
    conference: &ConferenceId,
) -> Found<Vec<Verified<Receipt>>> {
    let sql = "SELECT row, digest, received_at, checksum, text FROM receipt \
               WHERE conference = (SELECT key FROM conference WHERE name = ?1) ORDER BY row";
    all(connection, sql, [conference.to_string()], stored_receipt)
}

/// Columns: digest, bytes.
pub(crate) fn stored_bundle(row: &Row<'_>) -> Found<Vec<u8>> {
    let (named, bytes) = (digest(row, 0)?, get::<Vec<u8>>(row, 1)?);
    if Digest::of(&bytes) != named {
        return Err(JournalError::Corrupt(format!("the trust bundle {named} does not match its digest")));
    }
    Ok(bytes)
}

/// The bundle of a row; none where there is no such row.
pub(crate) fn bundle_at(connection: &Connection, row: impl TryInto<i64>) -> Found<Option<Vec<u8>>> {
    first(connection, "SELECT digest, bytes FROM bundle WHERE row = ?1", [bounded(row)], stored_bundle)
}

pub(crate) fn bundle(connection: &Connection, digest: Digest) -> Found<Option<Vec<u8>>> {
    first(connection, "SELECT digest, bytes FROM bundle WHERE digest = ?1", [digest.0], stored_bundle)
}

pub(crate) fn outbox(
    connection: &Connection,
    peer: Option<&Writer>,
    after_row: u64,
    limit: usize,
) -> Found<Vec<OutboxRow>> {
    let read = |row: &Row<'_>| {
        let (number, message) = (number(row, 0)?, MessageId(digest(row, 2)?));
        Ok(OutboxRow { row: number, peer: parsed(row, 1)?, message, since: instant(row, 3)? })
    };
    let (after, limit) = (bounded(after_row), bounded(limit));
    match peer {
        None => {
            let sql = "SELECT o.row, w.name, o.message, o.since FROM outbox o JOIN writer w ON w.key = o.peer \
                       WHERE o.row > ?1 ORDER BY o.row LIMIT ?2";
            all(connection, sql, params![after, limit], read)
        }
        Some(peer) => {
            let sql = "SELECT o.row, ?1, o.message, o.since FROM outbox o \
                       WHERE o.peer = (SELECT key FROM writer WHERE name = ?1) AND o.row > ?2 ORDER BY o.row LIMIT ?3";
            all(connection, sql, params![peer.to_string(), after, limit], read)
        }
    }
}

pub(crate) fn wanted(connection: &Connection, after_row: u64, limit: usize) -> Found<Vec<WantedDocument>> {
    let sql = "SELECT d.row, d.digest, d.message, c.name, w.name, d.size FROM wanted d \
               JOIN conference c ON c.key = d.conference JOIN writer w ON w.key = d.author \
               WHERE d.row > ?1 ORDER BY d.row LIMIT ?2";
    all(connection, sql, params![bounded(after_row), bounded(limit)], |row| {
        Ok(WantedDocument {
            row: number(row, 0)?,
            digest: digest(row, 1)?,
            message: MessageId(digest(row, 2)?),
            conference: parsed(row, 3)?,
            author: parsed(row, 4)?,
            size: get::<i64>(row, 5)?.cast_unsigned(),
        })
    })
}

pub(crate) fn alarms(
    connection: &Connection,
    conference: Option<&ConferenceId>,
    limit: usize,
) -> Found<Vec<Alarm>> {
    let read = |row: &Row<'_>| {
        let named: Option<String> = get(row, 0)?;
        let conference = named.map(|name| name.parse().map_err(|e| corrupt("an alarm", e))).transpose()?;
        let (code, subject) = (get(row, 1)?, get(row, 2)?);
        Ok(Alarm { conference, code, subject, at: instant(row, 3)?, text: get(row, 4)? })
    };
    match conference {
        None => {
            let sql = "SELECT c.name, a.code, a.subject, a.at, a.text FROM alarm a \
                       LEFT JOIN conference c ON c.key = a.conference ORDER BY a.row LIMIT ?1";
            all(connection, sql, [bounded(limit)], read)
        }
        Some(conference) => {
            let sql = "SELECT ?1, code, subject, at, text FROM alarm \
                       WHERE conference = (SELECT key FROM conference WHERE name = ?1) ORDER BY row LIMIT ?2";
            all(connection, sql, params![conference.to_string(), bounded(limit)], read)
        }
    }
}

pub(crate) fn terms(
    connection: &Connection,
    conference: &ConferenceId,
    lead_head: MessageId,
) -> Found<Option<Digest>> {
    let sql = "SELECT digest FROM terms \
               WHERE conference = (SELECT key FROM conference WHERE name = ?1) AND lead_head = ?2";
    first(connection, sql, params![conference.to_string(), lead_head.0.0], |row| digest(row, 0))
}

/// The answer kept for an order's key.
pub(crate) fn answered(connection: &Connection, key: Digest) -> Found<Option<Answered>> {
    let sql = "SELECT request, answer FROM answered WHERE key = ?1";
    first(connection, sql, [key.0], |row| Ok(Answered { request: digest(row, 0)?, answer: get(row, 1)? }))
}

pub(crate) fn meta(connection: &Connection, name: &str) -> Found<Option<Vec<u8>>> {
    first(connection, "SELECT value FROM meta WHERE name = ?1", [name], |row| get(row, 0))
}
