//! The scrub: the whole store read once, to find what a disk changed.

use concerto_port::JournalError;
use rusqlite::Connection;

use crate::error::failed;
use crate::read::{LINK_COLUMNS, first, get, parsed, stored_bundle, stored_link, stored_receipt};

/// What a verification found in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Integrity {
    /// Links read and hashed.
    pub links: u64,
    /// Receipts read and hashed.
    pub receipts: u64,
    /// Trust bundles read and hashed.
    pub bundles: u64,
}

/// Reads everything, row by row: memory does not grow with the store (`CROSS JOIN` keeps SQLite from sorting).
pub(crate) fn verify(connection: &Connection) -> Result<Integrity, JournalError> {
    structure(connection)?;
    Ok(Integrity {
        links: links(connection)?,
        receipts: receipts(connection)?,
        bundles: bundles(connection)?,
    })
}

fn structure(connection: &Connection) -> Result<(), JournalError> {
    let said: String = first(connection, "PRAGMA integrity_check(1)", [], |row| get(row, 0))?
        .ok_or_else(|| JournalError::Corrupt("the integrity check said nothing".into()))?;
    if said != "ok" {
        return Err(JournalError::Corrupt(said));
    }
    let orphan: Option<String> = first(connection, "PRAGMA foreign_key_check", [], |row| get(row, 0))?;
    match orphan {
        Some(table) => Err(JournalError::Corrupt(format!("a row of {table} names a row that is not there"))),
        None => Ok(()),
    }
}

fn links(connection: &Connection) -> Result<u64, JournalError> {
    let (columns, tables) = LINK_COLUMNS.split_once(" FROM ").unwrap_or((LINK_COLUMNS, ""));
    let sql = format!(
        "SELECT {columns}, k.name, w.name FROM {tables} \
         CROSS JOIN conference k ON k.key = l.conference CROSS JOIN writer w ON w.key = l.writer ORDER BY l.row"
    );
    let mut statement = connection.prepare(&sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut expected = 1;
    while let Some(row) = rows.next().map_err(failed)? {
        let stored = stored_link(row)?;
        if stored.row != expected {
            return Err(JournalError::Corrupt(format!("the link of row {expected} is missing")));
        }
        let payload = stored.link.payload();
        if payload.conference != parsed(row, 9)? || payload.writer != parsed(row, 10)? {
            let row = stored.row;
            return Err(JournalError::Corrupt(format!("the link in row {row} stands under a wrong name")));
        }
        expected += 1;
    }
    Ok(expected - 1)
}

fn receipts(connection: &Connection) -> Result<u64, JournalError> {
    let sql = "SELECT r.row, r.digest, r.received_at, r.checksum, r.text, k.name \
               FROM receipt r CROSS JOIN conference k ON k.key = r.conference ORDER BY r.row";
    let covers = "SELECT 1 FROM receipt_message WHERE message = ?1 AND receipt = ?2";
    let mut statement = connection.prepare(sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut expected = 1_u64;
    while let Some(row) = rows.next().map_err(failed)? {
        let (receipt, number) = (stored_receipt(row)?, get::<i64>(row, 0)?);
        if number.cast_unsigned() != expected {
            return Err(JournalError::Corrupt(format!("the receipt of row {expected} is missing")));
        }
        if receipt.payload().conference != parsed(row, 5)? {
            return Err(JournalError::Corrupt(format!(
                "the receipt in row {number} stands under a wrong name"
            )));
        }
        for covered in &receipt.payload().messages {
            if first(connection, covers, (covered.id.0.0, number), |_| Ok(()))?.is_none() {
                let id = covered.id;
                return Err(JournalError::Corrupt(format!(
                    "the receipt in row {number} is not listed for {id}"
                )));
            }
        }
        expected += 1;
    }
    Ok(expected - 1)
}

fn bundles(connection: &Connection) -> Result<u64, JournalError> {
    let mut statement = connection.prepare("SELECT digest, bytes FROM bundle").map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut read = 0;
    while let Some(row) = rows.next().map_err(failed)? {
        stored_bundle(row)?;
        read += 1;
    }
    Ok(read)
}
