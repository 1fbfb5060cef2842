//! The scrub: the whole store read once, to find what a disk changed.
//!
//! Rows are read one by one, so that a damaged page hides no more than what it holds. What can be derived from the texts of links and
//! receipts (which conferences there are, what a receipt covers, what waits and what is wanted) is compared with them.

use concerto_message::{ConferenceId, MessageId, Writer};
use concerto_port::JournalError;
use rusqlite::types::FromSql;
use rusqlite::{Connection, Row};

use crate::error::failed;
use crate::read::{LINK_COLUMNS, bounded, bundle_at, first, get, parsed, stored_link, stored_receipt};

/// Most damages told; what is beyond them is only counted.
pub const DAMAGES_MAX: usize = 1000;
/// Rows between two calls of the pace.
const PACE_ROWS: u64 = 64;

/// What a verification read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Integrity {
    /// Links read and hashed.
    pub links: u64,
    /// Receipts read and hashed.
    pub receipts: u64,
    /// Trust bundles read and hashed.
    pub bundles: u64,
}

/// Something that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where: a table, or `file` for the structure of the whole.
    pub place: &'static str,
    /// The row, where one can be told.
    pub row: Option<u64>,
    /// What is wrong.
    pub what: String,
}

/// Everything that a verification found.
#[derive(Debug, Clone, Default)]
pub struct Examined {
    /// What was read and is good.
    pub good: Integrity,
    /// What is wrong, at most [`DAMAGES_MAX`].
    pub damages: Vec<Damage>,
    /// How much is wrong.
    pub damaged: u64,
}

impl Examined {
    fn note(&mut self, place: &'static str, row: Option<u64>, what: impl std::fmt::Display) {
        self.damaged += 1;
        if self.damages.len() < DAMAGES_MAX {
            self.damages.push(Damage { place, row, what: what.to_string() });
        }
    }
}

/// The first damage, or what was read.
pub(crate) fn verify(connection: &Connection) -> Result<Integrity, JournalError> {
    let examined = examine(connection, &mut |_| {})?;
    match examined.damages.into_iter().next() {
        None => Ok(examined.good),
        Some(damage) => Err(JournalError::Corrupt(damage.what)),
    }
}

/// Reads everything; memory does not grow with the store. `pace` is told how many rows were read and may wait.
pub(crate) fn examine(connection: &Connection, pace: &mut dyn FnMut(u64)) -> Result<Examined, JournalError> {
    let mut found = Examined::default();
    structure(connection, &mut found)?;
    pace(0);
    rows(connection, "link", &mut found, pace, link)?;
    rows(connection, "receipt", &mut found, pace, receipt)?;
    rows(connection, "bundle", &mut found, pace, bundle)?;
    derived(connection, &mut found)?;
    Ok(found)
}

/// Damage is a finding; whatever else fails ends the verification.
fn told<T>(
    result: Result<T, JournalError>,
    found: &mut Examined,
    place: &'static str,
    row: Option<u64>,
) -> Result<Option<T>, JournalError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(JournalError::Corrupt(what)) => {
            found.note(place, row, what);
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

fn structure(connection: &Connection, found: &mut Examined) -> Result<(), JournalError> {
    let said = column::<String>(connection, "PRAGMA integrity_check(100)");
    for line in told(said, found, "file", None)?.unwrap_or_default() {
        if line != "ok" {
            found.note("file", None, line);
        }
    }
    let orphans = column::<String>(connection, "PRAGMA foreign_key_check");
    for table in told(orphans, found, "file", None)?.unwrap_or_default() {
        found.note("file", None, format!("a row of {table} names a row that is not there"));
    }
    Ok(())
}

/// The first column of every row of a query.
fn column<T: FromSql>(connection: &Connection, sql: &str) -> Result<Vec<T>, JournalError> {
    let mut statement = connection.prepare(sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        found.push(get(row, 0)?);
    }
    Ok(found)
}

/// The highest row of a table, by whatever still tells it.
pub(crate) fn highest_row(connection: &Connection, table: &str) -> Result<u64, JournalError> {
    let other = match table {
        "link" => "SELECT ifnull(max(link), 0) FROM content",
        _ => "SELECT 0",
    };
    let number = |sql: &str| first(connection, sql, [], |row| crate::read::number(row, 0));
    let own = number(&format!("SELECT ifnull(max(row), 0) FROM {table}"));
    match own {
        Ok(row) => Ok(row.unwrap_or(0).max(number(other).ok().flatten().unwrap_or(0))),
        Err(error) => number(other).ok().flatten().filter(|row| *row > 0).ok_or(error),
    }
}

type Check = fn(&Connection, u64) -> Result<Option<()>, JournalError>;

/// Every row of a table, from 1 without a gap.
fn rows(
    connection: &Connection,
    table: &'static str,
    found: &mut Examined,
    pace: &mut dyn FnMut(u64),
    check: Check,
) -> Result<(), JournalError> {
    let last = told(highest_row(connection, table), found, table, None)?.unwrap_or(0);
    for row in 1..=last {
        match told(check(connection, row), found, table, Some(row))? {
            Some(Some(())) => match table {
                "link" => found.good.links += 1,
                "receipt" => found.good.receipts += 1,
                _ => found.good.bundles += 1,
            },
            Some(None) => found.note(table, Some(row), format!("the {table} of row {row} is missing")),
            None => {}
        }
        if row % PACE_ROWS == 0 {
            pace(PACE_ROWS);
        }
    }
    Ok(())
}

fn link(connection: &Connection, number: u64) -> Result<Option<()>, JournalError> {
    let (columns, tables) = LINK_COLUMNS.split_once(" FROM ").unwrap_or((LINK_COLUMNS, ""));
    let sql = format!(
        "SELECT {columns}, k.name, w.name FROM {tables} LEFT JOIN conference k ON k.key = l.conference \
         LEFT JOIN writer w ON w.key = l.writer WHERE l.row = ?1"
    );
    first(connection, &sql, [bounded(number)], |row| {
        let stored = stored_link(row)?;
        let payload = stored.link.payload();
        if payload.conference != parsed(row, 9)? || payload.writer != parsed(row, 10)? {
            return Err(JournalError::Corrupt(format!("the link in row {number} stands under a wrong name")));
        }
        // the index by which it is found
        let by_id = "SELECT row FROM link WHERE id = ?1";
        let found = first(connection, by_id, [stored.link.id().0.0], |row| get::<i64>(row, 0))?;
        if found != Some(bounded(number)) {
            return Err(JournalError::Corrupt(format!(
                "the link in row {number} is not found by its identifier"
            )));
        }
        Ok(())
    })
}

fn receipt(connection: &Connection, number: u64) -> Result<Option<()>, JournalError> {
    let sql = "SELECT r.row, r.digest, r.received_at, r.checksum, r.text, k.name \
               FROM receipt r LEFT JOIN conference k ON k.key = r.conference WHERE r.row = ?1";
    let covers = "SELECT 1 FROM receipt_message WHERE message = ?1 AND receipt = ?2";
    first(connection, sql, [bounded(number)], |row| {
        let receipt = stored_receipt(row)?;
        if receipt.payload().conference != parsed(row, 5)? {
            return Err(JournalError::Corrupt(format!(
                "the receipt in row {number} stands under a wrong name"
            )));
        }
        for covered in &receipt.payload().messages {
            if first(connection, covers, (covered.id.0.0, bounded(number)), |_| Ok(()))?.is_none() {
                let id = covered.id;
                return Err(JournalError::Corrupt(format!(
                    "the receipt in row {number} is not listed for {id}"
                )));
            }
        }
        let listed = "SELECT count(*) FROM receipt_message WHERE receipt = ?1";
        let listed = first(connection, listed, [bounded(number)], |row| crate::read::number(row, 0))?;
        let distinct: std::collections::BTreeSet<MessageId> =
            receipt.payload().messages.iter().map(|covered| covered.id).collect();
        if listed != Some(distinct.len() as u64) {
            return Err(JournalError::Corrupt(format!(
                "the receipt in row {number} is listed for messages that it does not cover"
            )));
        }
        Ok(())
    })
}

fn bundle(connection: &Connection, number: u64) -> Result<Option<()>, JournalError> {
    Ok(bundle_at(connection, number)?.map(drop))
}

/// Tables that follow from the texts.
fn derived(connection: &Connection, found: &mut Examined) -> Result<(), JournalError> {
    let shown = column::<i64>(connection, "SELECT conference FROM appearance ORDER BY position");
    let shown = told(shown, found, "appearance", None)?;
    let expected =
        column::<i64>(connection, "SELECT conference FROM link GROUP BY conference ORDER BY min(row)");
    let expected = told(expected, found, "appearance", None)?;
    if shown.is_some() && expected.is_some() && shown != expected {
        found.note("appearance", None, "the conferences are not in the order of their first links");
    }
    let counts = [
        ("content", "SELECT count(*) FROM content WHERE link NOT IN (SELECT row FROM link)"),
        (
            "receipt_message",
            "SELECT count(*) FROM receipt_message WHERE receipt NOT IN (SELECT row FROM receipt)",
        ),
        (
            "outbox",
            "SELECT count(*) FROM outbox o WHERE NOT EXISTS (SELECT 1 FROM link l WHERE l.id = o.message)",
        ),
    ];
    for (place, sql) in counts {
        let stray = first(connection, sql, [], |row| crate::read::number(row, 0));
        let stray = told(stray, found, place, None)?.flatten().unwrap_or(0);
        if stray > 0 {
            found.note(place, None, format!("{stray} rows of {place} name nothing that is held"));
        }
    }
    let wanted = "SELECT d.row, d.digest, d.message, c.name, w.name, d.size FROM wanted d \
                  LEFT JOIN conference c ON c.key = d.conference LEFT JOIN writer w ON w.key = d.author ORDER BY d.row";
    let checked = checked(connection, wanted, |row| wanted_is_listed(connection, row));
    for what in told(checked, found, "wanted", None)?.unwrap_or_default() {
        found.note("wanted", None, what);
    }
    names(connection, found)
}

fn names(connection: &Connection, found: &mut Examined) -> Result<(), JournalError> {
    type Parses = fn(&Row<'_>) -> Result<(), JournalError>;
    let tables: [(&'static str, &str, Parses); 2] = [
        ("conference", "SELECT name FROM conference", |row| parsed::<ConferenceId>(row, 0).map(|_| ())),
        ("writer", "SELECT name FROM writer", |row| parsed::<Writer>(row, 0).map(|_| ())),
    ];
    for (place, sql, parses) in tables {
        for what in told(checked(connection, sql, parses), found, place, None)?.unwrap_or_default() {
            found.note(place, None, what);
        }
    }
    Ok(())
}

/// What is wrong in each row of a query.
fn checked(
    connection: &Connection,
    sql: &str,
    check: impl Fn(&Row<'_>) -> Result<(), JournalError>,
) -> Result<Vec<String>, JournalError> {
    let mut statement = connection.prepare(sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut wrong = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        match check(row) {
            Err(JournalError::Corrupt(what)) => wrong.push(what),
            other => other?,
        }
    }
    Ok(wrong)
}

/// A wanted document is one that its link lists, with its size, conference and author.
fn wanted_is_listed(connection: &Connection, row: &Row<'_>) -> Result<(), JournalError> {
    let (number, digest) = (crate::read::number(row, 0)?, crate::read::digest(row, 1)?);
    let message = MessageId(crate::read::digest(row, 2)?);
    let size = get::<i64>(row, 5)?.cast_unsigned();
    let Some(stored) = crate::read::link(connection, message)? else {
        return Err(JournalError::Corrupt(format!(
            "the link of the document wanted in row {number} is not held"
        )));
    };
    let payload = stored.link.payload();
    let listed = payload.attachments().any(|a| a.digest == digest && a.size == size);
    if listed && payload.conference == parsed(row, 3)? && payload.writer == parsed(row, 4)? {
        return Ok(());
    }
    Err(JournalError::Corrupt(format!("the document wanted in row {number} is not what its link lists")))
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
