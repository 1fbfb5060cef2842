//! The journal in memory, read in the order of its rows.

use concerto_message::{ConferenceId, Receipt, Verified};
use std::ops::Bound::{Excluded, Unbounded};

use super::MemoryJournal;
use crate::feed::{JournalFeed, StoredReceipt, Tips};
use crate::journal::{Alarm, JournalError, StoredLink};

impl JournalFeed for MemoryJournal {
    fn tips(&self) -> Result<Tips, JournalError> {
        let state = self.state();
        Ok(Tips {
            link: state.links.range(..).next_back().map_or(0, |(row, _)| *row),
            receipt: state.receipts.range(..).next_back().map_or(0, |(row, _)| *row),
            alarm: state.alarms.range(..).next_back().map_or(0, |(row, _)| *row),
        })
    }

    fn tips_of(&self, conference: &ConferenceId) -> Result<Tips, JournalError> {
        let state = self.state();
        let all = (conference.clone(), 0)..=(conference.clone(), u64::MAX);
        let about = |alarm: &Alarm| alarm.conference.as_ref() == Some(conference);
        Ok(Tips {
            link: state.conference_links.range(all.clone()).next_back().map_or(0, |(key, ())| key.1),
            receipt: state.conference_receipts.range(all).next_back().map_or(0, |(key, ())| key.1),
            alarm: state.alarms.range(..).rev().find(|(_, alarm)| about(alarm)).map_or(0, |(row, _)| *row),
        })
    }

    fn links_after(&self, row: u64, limit: usize) -> Result<Vec<StoredLink>, JournalError> {
        let later = self.state().links.range((Excluded(row), Unbounded)).take(limit);
        Ok(later.map(|(_, link)| StoredLink::clone(link)).collect())
    }

    fn received_before(&self, row: u64, limit: usize) -> Result<Vec<StoredLink>, JournalError> {
        let earlier = self.state().links.range(..row).rev().filter(|(_, link)| !link.own).take(limit);
        Ok(earlier.map(|(_, link)| StoredLink::clone(link)).collect())
    }

    fn receipts_after(&self, row: u64, limit: usize) -> Result<Vec<StoredReceipt>, JournalError> {
        let later = self.state().receipts.range((Excluded(row), Unbounded)).take(limit);
        // the journal in memory keeps no time of its own for a receipt
        let stored = |(row, receipt): (&u64, &std::sync::Arc<Verified<Receipt>>)| StoredReceipt {
            row: *row,
            at: receipt.payload().received_at,
            receipt: Verified::clone(receipt),
        };
        Ok(later.map(stored).collect())
    }

    fn alarms_after(&self, row: u64, limit: usize) -> Result<Vec<(u64, Alarm)>, JournalError> {
        let later = self.state().alarms.range((Excluded(row), Unbounded)).take(limit);
        Ok(later.map(|(row, alarm)| (*row, Alarm::clone(alarm))).collect())
    }

    fn conferences_named(&self, digits: &str, limit: usize) -> Result<Vec<ConferenceId>, JournalError> {
        let all = self.state().conferences.range(..).map(|(_, conference)| conference);
        let named = all.filter(|id| !digits.is_empty() && id.nonce().to_string().starts_with(digits));
        Ok(named.take(limit).cloned().collect())
    }
}
