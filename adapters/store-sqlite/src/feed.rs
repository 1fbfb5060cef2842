//! The journal read in the order of its rows (`concerto_port::feed`).

use concerto_message::ConferenceId;
use concerto_port::{Alarm, StoredLink, StoredReceipt, Tips};
use rusqlite::{Connection, Params, Row, params};

use crate::error::corrupt;
use crate::read::{self, Found, LINK_COLUMNS, all, bounded, first, get, instant, number, parsed};

fn tip(connection: &Connection, sql: &str, params: impl Params) -> Found<u64> {
    let last = first(connection, sql, params, |row| get::<Option<i64>>(row, 0))?.flatten();
    Ok(last.map_or(0, i64::cast_unsigned))
}

pub(crate) fn tips(connection: &Connection) -> Found<Tips> {
    Ok(Tips {
        link: tip(connection, "SELECT max(row) FROM link", [])?,
        receipt: tip(connection, "SELECT max(row) FROM receipt", [])?,
        alarm: tip(connection, "SELECT max(row) FROM alarm", [])?,
    })
}

pub(crate) fn tips_of(connection: &Connection, conference: &ConferenceId) -> Found<Tips> {
    let key = "SELECT key FROM conference WHERE name = ?1";
    let key = first(connection, key, [conference.to_string()], |row| get::<i64>(row, 0))?.unwrap_or(0);
    Ok(Tips {
        link: tip(connection, "SELECT max(row) FROM link WHERE conference = ?1", [key])?,
        receipt: tip(connection, "SELECT max(row) FROM receipt WHERE conference = ?1", [key])?,
        alarm: tip(connection, "SELECT max(row) FROM alarm WHERE conference = ?1", [key])?,
    })
}

pub(crate) fn links_after(connection: &Connection, row: u64, limit: usize) -> Found<Vec<StoredLink>> {
    let sql = format!("SELECT {LINK_COLUMNS} WHERE l.row > ?1 ORDER BY l.row LIMIT ?2");
    all(connection, &sql, params![bounded(row), bounded(limit)], read::stored_link)
}

pub(crate) fn received_before(connection: &Connection, row: u64, limit: usize) -> Found<Vec<StoredLink>> {
    let sql = format!("SELECT {LINK_COLUMNS} WHERE l.row < ?1 AND l.own = 0 ORDER BY l.row DESC LIMIT ?2");
    all(connection, &sql, params![bounded(row), bounded(limit)], read::stored_link)
}

pub(crate) fn receipts_after(connection: &Connection, row: u64, limit: usize) -> Found<Vec<StoredReceipt>> {
    let sql =
        "SELECT row, digest, received_at, checksum, text FROM receipt WHERE row > ?1 ORDER BY row LIMIT ?2";
    all(connection, sql, params![bounded(row), bounded(limit)], |row| {
        Ok(StoredReceipt { row: number(row, 0)?, at: instant(row, 2)?, receipt: read::stored_receipt(row)? })
    })
}

pub(crate) fn alarms_after(connection: &Connection, row: u64, limit: usize) -> Found<Vec<(u64, Alarm)>> {
    let sql = "SELECT a.row, c.name, a.code, a.subject, a.at, a.text FROM alarm a \
               LEFT JOIN conference c ON c.key = a.conference WHERE a.row > ?1 ORDER BY a.row LIMIT ?2";
    all(connection, sql, params![bounded(row), bounded(limit)], |row: &Row<'_>| {
        let named: Option<String> = get(row, 1)?;
        let conference = named.map(|name| name.parse().map_err(|e| corrupt("an alarm", e))).transpose()?;
        let (code, subject) = (get(row, 2)?, get(row, 3)?);
        Ok((number(row, 0)?, Alarm { conference, code, subject, at: instant(row, 4)?, text: get(row, 5)? }))
    })
}

pub(crate) fn conferences_named(
    connection: &Connection,
    digits: &str,
    limit: usize,
) -> Found<Vec<ConferenceId>> {
    // digits only: nothing that LIKE or GLOB gives a meaning
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(Vec::new());
    }
    let sql = "SELECT c.name FROM appearance a JOIN conference c ON c.key = a.conference \
               WHERE c.name GLOB '*/*/' || ?1 || '*' ORDER BY a.position LIMIT ?2";
    all(connection, sql, params![digits, bounded(limit)], |row| parsed(row, 0))
}
