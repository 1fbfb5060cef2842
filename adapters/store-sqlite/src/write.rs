//! The writing half: each change as statements within the open transaction.

use concerto_message::{ConferenceId, Link, Receipt, Writer};
use concerto_port::{Alarm, ContentStatus, JournalError, Write};
use jiff::Timestamp;
use rusqlite::{Connection, Params, params};

use crate::error::failed;
use crate::read::{self, REFUSED, UNKNOWN_SCHEMA, VALID, checksum};

type Done = Result<(), JournalError>;

pub(crate) fn apply(connection: &Connection, change: &Write) -> Done {
    match change {
        Write::Link { link, received_at, own, content } => {
            add_link(connection, link, *received_at, *own, content)
        }
        Write::Content { message, content } => {
            let (status, code, reason) = status(content);
            let sql = "UPDATE content SET status = ?2, code = ?3, reason = ?4 \
                       WHERE link = (SELECT row FROM link WHERE id = ?1)";
            run(connection, sql, params![message.0.0, status, code, reason])
        }
        Write::Receipt { receipt, at } => add_receipt(connection, receipt, *at),
        Write::Bundle { digest, bytes } => {
            let sql = "INSERT INTO bundle (digest, bytes) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING";
            run(connection, sql, params![digest.0, bytes])
        }
        Write::Enqueue { peer, message, at } => {
            let sql = "INSERT INTO outbox (peer, message, since) SELECT ?1, ?2, ?3 \
                       WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE peer = ?1 AND message = ?2)";
            run(connection, sql, params![writer_key(connection, peer)?, message.0.0, nanoseconds(*at)?])
        }
        Write::Delivered { peer, message } => {
            let sql = "DELETE FROM outbox \
                       WHERE peer = (SELECT key FROM writer WHERE name = ?1) AND message = ?2";
            run(connection, sql, params![peer.to_string(), message.0.0])
        }
        Write::Want { digest, message, conference, author, size } => {
            let (conference, author) =
                (conference_key(connection, conference)?, writer_key(connection, author)?);
            let sql = "INSERT INTO wanted (digest, message, conference, author, size) SELECT ?1, ?2, ?3, ?4, ?5 \
                       WHERE NOT EXISTS (SELECT 1 FROM wanted WHERE digest = ?1 AND message = ?2)";
            run(connection, sql, params![digest.0, message.0.0, conference, author, size.cast_signed()])
        }
        Write::Fetched { digest } => run(connection, "DELETE FROM wanted WHERE digest = ?1", [digest.0]),
        Write::Alarm(alarm) => raise(connection, alarm),
        Write::Terms { conference, lead_head, digest } => {
            let sql = "INSERT INTO terms (conference, lead_head, digest) VALUES (?1, ?2, ?3) \
                       ON CONFLICT (conference, lead_head) DO UPDATE SET digest = excluded.digest";
            run(connection, sql, params![conference_key(connection, conference)?, lead_head.0.0, digest.0])
        }
        Write::Answer { key, answered, at } => {
            let sql = "INSERT INTO answered (key, request, answer, at) VALUES (?1, ?2, ?3, ?4) \
                       ON CONFLICT (key) DO NOTHING";
            run(connection, sql, params![key.0, answered.request.0, answered.answer, nanoseconds(*at)?])
        }
        Write::ForgetAnswers { before } => {
            run(connection, "DELETE FROM answered WHERE at < ?1", [nanoseconds(*before)?])
        }
        Write::Meta { name, value } => {
            let sql = "INSERT INTO meta (name, value) VALUES (?1, ?2) \
                       ON CONFLICT (name) DO UPDATE SET value = excluded.value";
            run(connection, sql, params![name, value])
        }
    }
}

fn run(connection: &Connection, sql: &str, params: impl Params) -> Done {
    connection.prepare_cached(sql).map_err(failed)?.execute(params).map_err(failed)?;
    Ok(())
}

/// Inserts a row and returns its number.
fn insert(connection: &Connection, sql: &str, params: impl Params) -> Result<i64, JournalError> {
    run(connection, sql, params)?;
    Ok(connection.last_insert_rowid())
}

/// An instant as nanoseconds since 1970, which SQLite's integers can hold for the years 1678 to 2261.
pub(crate) fn nanoseconds(at: Timestamp) -> Result<i64, JournalError> {
    i64::try_from(at.as_nanosecond())
        .map_err(|_| JournalError::Medium(format!("the instant {at} is outside the years 1678 to 2261")))
}

fn status(content: &ContentStatus) -> (i64, Option<&str>, Option<&str>) {
    match content {
        ContentStatus::Valid => (VALID, None, None),
        ContentStatus::UnknownSchema => (UNKNOWN_SCHEMA, None, None),
        ContentStatus::Refused { code, reason } => (REFUSED, Some(code), Some(reason)),
    }
}

fn conference_key(connection: &Connection, conference: &ConferenceId) -> Result<i64, JournalError> {
    let name = conference.to_string();
    let held = "SELECT key FROM conference WHERE name = ?1";
    match read::first(connection, held, [&name], |row| read::get(row, 0))? {
        Some(key) => Ok(key),
        None => insert(connection, "INSERT INTO conference (name) VALUES (?1)", [&name]),
    }
}

fn writer_key(connection: &Connection, writer: &Writer) -> Result<i64, JournalError> {
    let name = writer.to_string();
    let held = "SELECT key FROM writer WHERE name = ?1";
    match read::first(connection, held, [&name], |row| read::get(row, 0))? {
        Some(key) => Ok(key),
        None => insert(connection, "INSERT INTO writer (name) VALUES (?1)", [&name]),
    }
}

fn add_link(
    connection: &Connection,
    link: &Link,
    received_at: Timestamp,
    own: bool,
    content: &ContentStatus,
) -> Done {
    if read::has_link(connection, link.id())? {
        return Ok(());
    }
    let at = nanoseconds(received_at)?;
    let conference = conference_key(connection, &link.payload().conference)?;
    let writer = writer_key(connection, &link.payload().writer)?;
    let sum = checksum(at, own, link.text());
    let sql = "INSERT INTO link (id, conference, writer, received_at, own, checksum, text) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let row = insert(connection, sql, params![link.id().0.0, conference, writer, at, own, sum, link.text()])?;
    let (status, code, reason) = status(content);
    let sql = "INSERT INTO content (link, status, code, reason) VALUES (?1, ?2, ?3, ?4)";
    run(connection, sql, params![row, status, code, reason])?;
    let sql = "INSERT INTO appearance (conference) VALUES (?1) ON CONFLICT (conference) DO NOTHING";
    run(connection, sql, [conference])
}

fn add_receipt(connection: &Connection, receipt: &Receipt, at: Timestamp) -> Done {
    let digest = receipt.digest().0;
    if read::first(connection, "SELECT 1 FROM receipt WHERE digest = ?1", [digest], |_| Ok(()))?.is_some() {
        return Ok(());
    }
    let at = nanoseconds(at)?;
    let conference = conference_key(connection, &receipt.payload().conference)?;
    let sum = checksum(at, false, receipt.text());
    let sql =
        "INSERT INTO receipt (digest, conference, received_at, checksum, text) VALUES (?1, ?2, ?3, ?4, ?5)";
    let row = insert(connection, sql, params![digest, conference, at, sum, receipt.text()])?;
    let sql = "INSERT INTO receipt_message (message, receipt) VALUES (?1, ?2) \
               ON CONFLICT (message, receipt) DO NOTHING";
    for covered in &receipt.payload().messages {
        run(connection, sql, params![covered.id.0.0, row])?;
    }
    Ok(())
}

fn raise(connection: &Connection, alarm: &Alarm) -> Done {
    let conference = alarm.conference.as_ref().map(|c| conference_key(connection, c)).transpose()?;
    let sql = "INSERT INTO alarm (conference, code, subject, at, text) VALUES (?1, ?2, ?3, ?4, ?5) \
               ON CONFLICT (ifnull(conference, 0), code, subject) DO NOTHING";
    run(connection, sql, params![conference, alarm.code, alarm.subject, nanoseconds(alarm.at)?, alarm.text])
}
