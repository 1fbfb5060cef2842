//! Which messages go by PEC although their recipient has a node: the legal route where nodes do not reach each other (RULES T8, T9; PROTOCOL,
//! "Bodies without a node"). `concerto_exchange::fallback` decides; here its facts are gathered from outbox and journal.
//!
//! What waits in the outbox has no *accepted* receipt yet. Most of it is decided for a while, and is not looked at again before that; what is
//! kept in memory of it can be lost without harm.

use concerto_core::{Case, mailing};
use concerto_exchange::fallback::{Fallback, FallbackConfig, fallback};
use concerto_message::ConferenceId;
use concerto_port::{OutboxRow, StoredLink};
use concerto_store_sqlite::{MailStore, NewMail};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

use super::outgoing::{Asked, Reason, begin};
use crate::failpoint;
use crate::home::Home;
use crate::output::Failure;

/// Rows of the outbox read in one go.
const PAGE: usize = 256;
/// Most conferences folded in one round; the others wait for the next.
const CASES_MAX: usize = 64;
/// Most decisions kept in memory; without one a message is looked at again.
const KEPT_MAX: usize = 65_536;
/// A decision is made anew after this time at the latest: a suspension, or a receipt of another, may move a term.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// When each waiting message is looked at next, by its row of the outbox.
#[derive(Debug, Default)]
pub(crate) struct Patience(BTreeMap<u64, Timestamp>);

impl Patience {
    fn is_over(&self, row: &OutboxRow, now: Timestamp) -> bool {
        self.0.get(&row.row).is_none_or(|next| *next <= now)
    }

    fn note(&mut self, row: &OutboxRow, next: Timestamp) {
        if self.0.len() >= KEPT_MAX {
            self.0.clear();
        }
        self.0.insert(row.row, next);
    }
}

/// The node's numbers.
fn config(home: &Home) -> FallbackConfig {
    let hours = i64::try_from(home.node.delivery.pec_after_hours).unwrap_or(i64::MAX / 3600);
    FallbackConfig { pec_after: SignedDuration::from_hours(hours), ..FallbackConfig::default() }
}

/// Keeps the mails of what waited too long.
pub(super) fn collect(
    asked: &Asked<'_>,
    store: &mut MailStore,
    patience: &mut Patience,
) -> Result<(), Failure> {
    let begun = begin(asked.reader, store)?;
    let mut due: BTreeMap<ConferenceId, Vec<(OutboxRow, StoredLink)>> = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = asked.reader.outbox(None, after, PAGE)?;
        let Some(last) = page.last().map(|row| row.row) else { break };
        after = last;
        for row in page.into_iter().filter(|row| patience.is_over(row, asked.now)) {
            let Some(stored) =
                asked.reader.link(row.message)?.filter(|stored| stored.own && stored.row > begun)
            else {
                continue;
            };
            let conference = stored.link.payload().conference.clone();
            if due.len() < CASES_MAX || due.contains_key(&conference) {
                due.entry(conference).or_default().push((row, stored));
            }
        }
    }
    for (conference, rows) in due {
        let Some(case) = Case::load(&conference, asked.reader)? else { continue };
        let mails = of_case(asked, store, patience, &case, &rows)?;
        store.keep(&mails, None)?;
        failpoint::hit_if("pec-fallback-kept", !mails.is_empty());
    }
    Ok(())
}

fn of_case(
    asked: &Asked<'_>,
    store: &MailStore,
    patience: &mut Patience,
    case: &Case,
    rows: &[(OutboxRow, StoredLink)],
) -> Result<Vec<NewMail>, Failure> {
    let mut mails = Vec::new();
    for (row, stored) in rows {
        let again = asked.now.saturating_add(LOOK_AGAIN).unwrap_or(Timestamp::MAX);
        let member = asked.home.federation.member(&row.peer).is_some_and(|member| member.enabled);
        let left = store.sent_to(row.message, &row.peer)?.is_some();
        let waiting = mailing::waiting(case, row.message, &row.peer, (row.since, member, left));
        let decided = waiting.map(|waiting| fallback(&config(asked.home), &waiting, asked.now));
        let next = match decided {
            // what has no node is found with the act itself (`outgoing`)
            Some(Fallback::Now(reason)) if member => {
                mails.push(asked.prepare(case, stored, &row.peer, None, Reason::Fallback(reason))?);
                again
            }
            Some(Fallback::At(at, _)) => at.min(again),
            Some(Fallback::Now(_) | Fallback::Never) | None => again,
        };
        patience.note(row, next);
    }
    Ok(mails)
}
