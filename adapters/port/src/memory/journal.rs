//! The journal in memory, with transactions that can be rolled back and copies that cost nothing until they change.

use concerto_message::{ConferenceId, Digest, MessageId, Receipt, Verified, Writer};
use jiff::Timestamp;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use super::table::Table;
use crate::journal::{
    Alarm, Answered, Journal, JournalError, JournalRead, OutboxRow, StoredLink, WantedDocument, Write,
};

macro_rules! state {
    ($($(#[$doc:meta])* $table:ident: $key:ty => $value:ty,)*) => {
        #[derive(Debug, Clone, Default)]
        pub(super) struct State {
            $($(#[$doc])* pub(super) $table: Table<$key, $value>,)*
        }
        impl State {
            fn commit(&mut self) {
                $(self.$table.commit();)*
            }
            fn rollback(&mut self) {
                $(self.$table.rollback();)*
            }
            fn changes(&self) -> usize {
                0 $(+ self.$table.changes())*
            }
        }
    };
}

state! {
    links: u64 => Arc<StoredLink>,
    link_rows: MessageId => u64,
    conference_links: (ConferenceId, u64) => (),
    conferences: u64 => ConferenceId,
    conference_rows: ConferenceId => u64,
    receipts: u64 => Arc<Verified<Receipt>>,
    receipt_rows: Digest => u64,
    message_receipts: (MessageId, u64) => (),
    conference_receipts: (ConferenceId, u64) => (),
    bundles: Digest => Arc<[u8]>,
    outbox: u64 => OutboxRow,
    outbox_rows: (Writer, MessageId) => u64,
    peer_outbox: (Writer, u64) => (),
    wanted: u64 => WantedDocument,
    wanted_rows: (Digest, MessageId) => u64,
    alarms: u64 => Arc<Alarm>,
    alarm_rows: (Option<ConferenceId>, String, String) => u64,
    terms: (ConferenceId, MessageId) => Digest,
    meta: String => Vec<u8>,
    answers: Digest => (Answered, Timestamp),
    /// Last row given in tables from which rows are taken.
    last_rows: &'static str => u64,
}

impl State {
    fn next_row(&mut self, table: &'static str) -> u64 {
        let row = self.last_rows.get(table).map_or(1, |last| last + 1);
        self.last_rows.set(table, row);
        row
    }

    fn add_link(&mut self, link: StoredLink) {
        let (id, conference) = (link.link.id(), link.link.payload().conference.clone());
        if self.link_rows.has(&id) {
            return;
        }
        if !self.conference_rows.has(&conference) {
            let position = self.conferences.append(conference.clone());
            self.conference_rows.set(conference.clone(), position);
        }
        let row = self.next_row("links");
        self.links.set(row, Arc::new(StoredLink { row, ..link }));
        self.link_rows.set(id, row);
        self.conference_links.set((conference, row), ());
    }

    fn add_receipt(&mut self, receipt: &Verified<Receipt>) {
        if self.receipt_rows.has(&receipt.digest()) {
            return;
        }
        let row = self.receipts.append(Arc::new(receipt.clone()));
        self.receipt_rows.set(receipt.digest(), row);
        for covered in &receipt.payload().messages {
            self.message_receipts.set((covered.id, row), ());
        }
        self.conference_receipts.set((receipt.payload().conference.clone(), row), ());
    }

    fn enqueue(&mut self, waiting: OutboxRow) {
        let key = (waiting.peer.clone(), waiting.message);
        if self.outbox_rows.has(&key) {
            return;
        }
        let row = self.next_row("outbox");
        self.peer_outbox.set((waiting.peer.clone(), row), ());
        self.outbox_rows.set(key, row);
        self.outbox.set(row, OutboxRow { row, ..waiting });
    }

    fn delivered(&mut self, peer: &Writer, message: MessageId) {
        if let Some(row) = self.outbox_rows.take(&(peer.clone(), message)) {
            self.outbox.take(&row);
            self.peer_outbox.take(&(peer.clone(), row));
        }
    }

    fn want(&mut self, wanted: WantedDocument) {
        let key = (wanted.digest, wanted.message);
        if self.wanted_rows.has(&key) {
            return;
        }
        let row = self.next_row("wanted");
        self.wanted_rows.set(key, row);
        self.wanted.set(row, WantedDocument { row, ..wanted });
    }

    fn fetched(&mut self, digest: Digest) {
        let first = (digest, MessageId(Digest([0; 32])));
        let keys: Vec<_> =
            self.wanted_rows.range(first..).map(|(key, _)| *key).take_while(|key| key.0 == digest).collect();
        for key in keys {
            if let Some(row) = self.wanted_rows.take(&key) {
                self.wanted.take(&row);
            }
        }
    }

    fn alarm(&mut self, alarm: &Alarm) {
        let key = (alarm.conference.clone(), alarm.code.clone(), alarm.subject.clone());
        if !self.alarm_rows.has(&key) {
            let row = self.alarms.append(Arc::new(alarm.clone()));
            self.alarm_rows.set(key, row);
        }
    }

    fn apply(&mut self, change: &Write) {
        match change.clone() {
            Write::Link { link, received_at, own, content } => {
                self.add_link(StoredLink { row: 0, link, received_at, own, content });
            }
            Write::Content { message, content } => {
                let row = self.link_rows.get(&message).copied();
                if let Some((row, link)) = row.and_then(|row| Some((row, self.links.get(&row)?))) {
                    let changed = StoredLink { content, ..StoredLink::clone(link) };
                    self.links.set(row, Arc::new(changed));
                }
            }
            Write::Receipt { receipt, at: _ } => self.add_receipt(&receipt),
            Write::Bundle { digest, bytes } => {
                if !self.bundles.has(&digest) {
                    self.bundles.set(digest, bytes.into());
                }
            }
            Write::Enqueue { peer, message, at } => {
                self.enqueue(OutboxRow { row: 0, peer, message, since: at });
            }
            Write::Delivered { peer, message } => self.delivered(&peer, message),
            Write::Want { digest, message, conference, author, size } => {
                self.want(WantedDocument { row: 0, digest, message, conference, author, size });
            }
            Write::Fetched { digest } => self.fetched(digest),
            Write::Alarm(alarm) => self.alarm(&alarm),
            Write::Terms { conference, lead_head, digest } => self.terms.set((conference, lead_head), digest),
            Write::Answer { key, answered, at } => {
                if !self.answers.has(&key) {
                    self.answers.set(key, (answered, at));
                }
            }
            Write::ForgetAnswers { before } => {
                let old = self.answers.range(..).filter(|(_, (_, at))| *at < before);
                for key in old.map(|(key, _)| *key).collect::<Vec<_>>() {
                    self.answers.take(&key);
                }
            }
            Write::Meta { name, value } => self.meta.set(name.to_owned(), value),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Open,
    // a change failed: only a rollback may follow
    Failed,
}

/// A journal in memory. A clone costs nothing until one of the two is written to, and copies an open transaction too.
#[derive(Debug, Clone)]
pub struct MemoryJournal {
    state: Arc<State>,
    phase: Phase,
    full: bool,
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self { state: Arc::default(), phase: Phase::Idle, full: false }
    }
}

impl MemoryJournal {
    /// An empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    /// The journal as it is found after a crash at this moment: everything committed and nothing else.
    pub fn after_crash(&self) -> Self {
        let mut found = self.clone();
        if found.phase != Phase::Idle {
            Arc::make_mut(&mut found.state).rollback();
            found.phase = Phase::Idle;
        }
        found
    }

    /// Makes every change fail with [`JournalError::Full`] until told otherwise. Reading goes on.
    pub fn set_full(&mut self, full: bool) {
        self.full = full;
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    fn expect_open(&self) -> Result<(), JournalError> {
        match self.phase {
            Phase::Open => Ok(()),
            Phase::Idle => Err(JournalError::Medium("no transaction is open".into())),
            Phase::Failed => {
                Err(JournalError::Medium("the transaction failed and must be rolled back".into()))
            }
        }
    }

    fn links_at<'s>(&'s self, rows: impl Iterator<Item = u64> + 's) -> impl Iterator<Item = StoredLink> + 's {
        rows.filter_map(|row| self.state.links.get(&row)).map(|link| StoredLink::clone(link))
    }

    fn receipts_at(&self, rows: impl Iterator<Item = u64>) -> Vec<Verified<Receipt>> {
        rows.filter_map(|row| self.state.receipts.get(&row)).map(|receipt| Verified::clone(receipt)).collect()
    }
}

impl Journal for MemoryJournal {
    fn begin(&mut self) -> Result<(), JournalError> {
        if self.phase != Phase::Idle {
            return Err(JournalError::Medium("a transaction is open already".into()));
        }
        self.phase = Phase::Open;
        Ok(())
    }

    fn write(&mut self, change: &Write) -> Result<bool, JournalError> {
        self.expect_open()?;
        if self.full {
            self.phase = Phase::Failed;
            return Err(JournalError::Full);
        }
        let state = Arc::make_mut(&mut self.state);
        let before = state.changes();
        state.apply(change);
        Ok(state.changes() > before)
    }

    fn commit(&mut self) -> Result<(), JournalError> {
        let open = self.expect_open();
        if open.is_err() {
            self.rollback()?;
        } else {
            Arc::make_mut(&mut self.state).commit();
            self.phase = Phase::Idle;
        }
        open
    }

    fn rollback(&mut self) -> Result<(), JournalError> {
        if self.phase != Phase::Idle {
            Arc::make_mut(&mut self.state).rollback();
            self.phase = Phase::Idle;
        }
        Ok(())
    }
}

impl JournalRead for MemoryJournal {
    fn link(&self, id: MessageId) -> Result<Option<StoredLink>, JournalError> {
        Ok(self.links_at(self.state.link_rows.get(&id).copied().into_iter()).next())
    }

    fn link_text(&self, id: MessageId) -> Result<Option<String>, JournalError> {
        let row = self.state.link_rows.get(&id);
        Ok(row.and_then(|row| self.state.links.get(row)).map(|stored| stored.link.text().to_owned()))
    }

    fn has_link(&self, id: MessageId) -> Result<bool, JournalError> {
        Ok(self.state.link_rows.has(&id))
    }

    fn last_own(&self) -> Result<Option<MessageId>, JournalError> {
        let last = self.state.last_rows.get("links").copied().unwrap_or(0);
        let mut rows = (1..=last).rev().filter_map(|row| self.state.links.get(&row));
        Ok(rows.find(|stored| stored.own).map(|stored| stored.link.id()))
    }

    fn conferences(
        &self,
        after: Option<&ConferenceId>,
        limit: usize,
    ) -> Result<Vec<ConferenceId>, JournalError> {
        let last = match after {
            None => 0,
            Some(conference) => self.state.conference_rows.get(conference).copied().unwrap_or(u64::MAX),
        };
        let later = self.state.conferences.range((Excluded(last), Unbounded));
        Ok(later.take(limit).map(|(_, conference)| conference.clone()).collect())
    }

    fn links(
        &self,
        conference: &ConferenceId,
        after_row: u64,
        limit: usize,
    ) -> Result<Vec<StoredLink>, JournalError> {
        let later = self.state.conference_links.range((Excluded((conference.clone(), after_row)), Unbounded));
        let rows = later.map(|(key, ())| key).take_while(|key| key.0 == *conference).map(|key| key.1);
        Ok(self.links_at(rows.take(limit)).collect())
    }

    fn receipts(&self, message: MessageId) -> Result<Vec<Verified<Receipt>>, JournalError> {
        let covering = self.state.message_receipts.range((message, 0)..=(message, u64::MAX));
        Ok(self.receipts_at(covering.map(|(key, ())| key.1)))
    }

    fn conference_receipts(&self, conference: &ConferenceId) -> Result<Vec<Verified<Receipt>>, JournalError> {
        let (first, last) = ((conference.clone(), 0), (conference.clone(), u64::MAX));
        Ok(self.receipts_at(self.state.conference_receipts.range(first..=last).map(|(key, ())| key.1)))
    }

    fn bundle(&self, digest: Digest) -> Result<Option<Vec<u8>>, JournalError> {
        Ok(self.state.bundles.get(&digest).map(|bytes| bytes.to_vec()))
    }

    fn outbox(
        &self,
        peer: Option<&Writer>,
        after_row: u64,
        limit: usize,
    ) -> Result<Vec<OutboxRow>, JournalError> {
        let Some(peer) = peer else {
            let later = self.state.outbox.range((Excluded(after_row), Unbounded));
            return Ok(later.take(limit).map(|(_, waiting)| waiting.clone()).collect());
        };
        let later = self.state.peer_outbox.range((Excluded((peer.clone(), after_row)), Unbounded));
        let rows = later.map(|(key, ())| key).take_while(|key| key.0 == *peer).take(limit);
        Ok(rows.filter_map(|key| self.state.outbox.get(&key.1).cloned()).collect())
    }

    fn wanted(&self, after_row: u64, limit: usize) -> Result<Vec<WantedDocument>, JournalError> {
        let later = self.state.wanted.range((Excluded(after_row), Unbounded));
        Ok(later.take(limit).map(|(_, wanted)| wanted.clone()).collect())
    }

    fn alarms(&self, conference: Option<&ConferenceId>, limit: usize) -> Result<Vec<Alarm>, JournalError> {
        let all = self.state.alarms.range(..).map(|(_, alarm)| alarm);
        let about = all.filter(|alarm| conference.is_none() || alarm.conference.as_ref() == conference);
        Ok(about.take(limit).map(|alarm| Alarm::clone(alarm)).collect())
    }

    fn terms(&self, conference: &ConferenceId, lead_head: MessageId) -> Result<Option<Digest>, JournalError> {
        Ok(self.state.terms.get(&(conference.clone(), lead_head)).copied())
    }

    fn answered(&self, key: Digest) -> Result<Option<Answered>, JournalError> {
        Ok(self.state.answers.get(&key).map(|(answered, _)| answered.clone()))
    }

    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, JournalError> {
        Ok(self.state.meta.get(name).cloned())
    }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
