//! The contract of reading a journal in the order of its rows, and of the answers kept for keys.

use concerto_message::{Digest, ReceiptKind};

use super::samples::{chain, conference, instant, keep, link, receipt};
use crate::feed::{JournalFeed, Tips};
use crate::journal::{Alarm, Answered, Journal, Write};

fn commit(journal: &mut impl Journal, changes: &[Write]) {
    journal.begin().unwrap();
    for change in changes {
        journal.write(change).unwrap();
    }
    journal.commit().unwrap();
}

fn alarm(number: u8, of: Option<u8>) -> Write {
    let conference = of.map(conference);
    let (code, subject) = ("alarm.test".to_owned(), format!("{number}"));
    Write::Alarm(Alarm { conference, code, subject, at: instant(i64::from(number)), text: "prova".into() })
}

/// Catches a tip that counts rows of other conferences, a page that repeats or skips its border, and own links in the inbox.
pub(super) fn rows_are_read_in_their_order(journal: &mut (impl Journal + JournalFeed)) {
    assert_eq!(journal.tips().unwrap(), Tips::default());
    assert_eq!(journal.tips_of(&conference(1)).unwrap(), Tips::default());
    let links = chain(1, 3);
    let other = link(2, 1, None);
    let mut changes: Vec<Write> = links.iter().map(keep).collect();
    if let Write::Link { own, .. } = &mut changes[1] {
        *own = true;
    }
    changes.push(keep(&other));
    changes.push(Write::Receipt { receipt: receipt(1, ReceiptKind::Accepted, &[&links[0]]), at: instant(7) });
    changes.extend([alarm(1, Some(1)), alarm(2, None), alarm(3, Some(2))]);
    commit(journal, &changes);

    assert_eq!(journal.tips().unwrap(), Tips { link: 4, receipt: 1, alarm: 3 });
    assert_eq!(journal.tips_of(&conference(1)).unwrap(), Tips { link: 3, receipt: 1, alarm: 1 });
    assert_eq!(journal.tips_of(&conference(2)).unwrap(), Tips { link: 4, receipt: 0, alarm: 3 });
    assert_eq!(journal.tips_of(&conference(3)).unwrap(), Tips::default());
    let rows = |after, limit| -> Vec<u64> {
        journal.links_after(after, limit).unwrap().iter().map(|stored| stored.row).collect()
    };
    assert_eq!((rows(0, 2), rows(2, 9), rows(4, 9)), (vec![1, 2], vec![3, 4], vec![]));
    let received = |before, limit| -> Vec<u64> {
        journal.received_before(before, limit).unwrap().iter().map(|stored| stored.row).collect()
    };
    assert_eq!(received(u64::MAX, 2), [4, 3], "newest first");
    assert_eq!(received(3, 9), [1], "row 2 is this node's own");
    assert_eq!(journal.receipts_after(0, 9).unwrap().len(), 1);
    assert_eq!(journal.receipts_after(0, 9).unwrap()[0].row, 1);
    assert!(journal.receipts_after(1, 9).unwrap().is_empty());
    let alarms = journal.alarms_after(1, 9).unwrap();
    assert_eq!(alarms.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(alarms[1].1.conference, Some(conference(2)));
    let digits = conference(2).nonce().to_string();
    assert_eq!(journal.conferences_named(&digits, 9).unwrap(), [conference(2)]);
    assert_eq!(journal.conferences_named("", 9).unwrap(), []);
    assert_eq!(journal.conferences_named("%*?", 9).unwrap(), []);
}

/// Catches an answer that is replaced by a later one, and one that is forgotten too early or never.
pub(super) fn answers_are_kept_once_and_forgotten_in_time(journal: &mut impl Journal) {
    let (key, other) = (Digest([1; 32]), Digest([2; 32]));
    let answered = |request: u8, text: &str| Answered { request: Digest([request; 32]), answer: text.into() };
    let answer = |key, request, text: &str, at| Write::Answer {
        key,
        answered: answered(request, text),
        at: instant(at),
    };
    assert_eq!(journal.answered(key).unwrap(), None);
    commit(
        journal,
        &[answer(key, 1, "first", 10), answer(key, 2, "second", 11), answer(other, 3, "other", 20)],
    );
    assert_eq!(journal.answered(key).unwrap(), Some(answered(1, "first")));
    commit(journal, &[Write::ForgetAnswers { before: instant(10) }]);
    assert_eq!(
        journal.answered(key).unwrap(),
        Some(answered(1, "first")),
        "that instant is not before itself"
    );
    commit(journal, &[Write::ForgetAnswers { before: instant(11) }]);
    assert_eq!(journal.answered(key).unwrap(), None);
    assert_eq!(journal.answered(other).unwrap(), Some(answered(3, "other")));
}
