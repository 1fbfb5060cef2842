//! The contract of a journal.

use concerto_message::{Digest, ReceiptKind};

use super::feed;
use super::samples::{self, chain, conference, instant, keep, link, link_by, message, receipt, writer};
use crate::feed::JournalFeed;
use crate::journal::{Alarm, ContentStatus, Journal, JournalError, JournalRead, StoredLink, Write};

/// An implementation under test.
pub trait JournalSubject {
    /// What is tested.
    type Journal: Journal + JournalFeed;
    /// An empty journal, in a place of its own.
    fn fresh(&mut self) -> Self::Journal;
    /// Ends the use of a journal without a word, as a crash does, and opens what is left of it.
    fn reopen(&mut self, journal: Self::Journal) -> Self::Journal;
}

/// Checks an implementation.
///
/// # Panics
/// Where the implementation does not do what [`Journal`] and [`JournalRead`] say.
pub fn journal_contract<S: JournalSubject>(subject: &mut S) {
    an_empty_journal_answers(&subject.fresh());
    links_come_back_as_they_were_written(&mut subject.fresh());
    links_are_written_once(&mut subject.fresh());
    the_status_of_a_content_changes(&mut subject.fresh());
    links_and_conferences_are_paged(&mut subject.fresh());
    receipts_are_found_by_message_and_conference(&mut subject.fresh());
    bundles_and_terms_and_meta(&mut subject.fresh());
    the_outbox_keeps_its_order(&mut subject.fresh());
    documents_are_wanted_until_fetched(&mut subject.fresh());
    alarms_are_raised_once(&mut subject.fresh());
    feed::rows_are_read_in_their_order(&mut subject.fresh());
    feed::answers_are_kept_once_and_forgotten_in_time(&mut subject.fresh());
    transactions_are_used_in_order(&mut subject.fresh());
    a_rollback_forgets_everything(&mut subject.fresh());
    a_crash_keeps_what_was_committed_and_nothing_else(subject);
}

fn commit(journal: &mut impl Journal, changes: &[Write]) {
    journal.begin().unwrap();
    for change in changes {
        journal.write(change).unwrap();
    }
    journal.commit().unwrap();
}

fn assert_same(found: &StoredLink, written: &Write) {
    let Write::Link { link, received_at, own, content } = written else { panic!("not a link") };
    assert_eq!(
        (&found.link, &found.received_at, &found.own, &found.content),
        (link, received_at, own, content)
    );
    assert_eq!(found.link.text(), link.text(), "byte for byte");
}

fn an_empty_journal_answers(journal: &impl JournalRead) {
    assert!(journal.link(message(1)).unwrap().is_none());
    assert!(!journal.has_link(message(1)).unwrap());
    assert_eq!(journal.last_own().unwrap(), None);
    assert_eq!(journal.link_text(message(1)).unwrap(), None);
    assert!(journal.conferences(None, 10).unwrap().is_empty());
    assert!(journal.links(&conference(1), 0, 10).unwrap().is_empty());
    assert!(journal.receipts(message(1)).unwrap().is_empty());
    assert!(journal.conference_receipts(&conference(1)).unwrap().is_empty());
    assert_eq!(journal.bundle(Digest([0; 32])).unwrap(), None);
    assert!(journal.outbox(None, 0, 10).unwrap().is_empty());
    assert!(journal.outbox(Some(&writer(1)), 0, 10).unwrap().is_empty());
    assert!(journal.wanted(0, 10).unwrap().is_empty());
    assert!(journal.alarms(None, 10).unwrap().is_empty());
    assert!(journal.alarms(Some(&conference(1)), 10).unwrap().is_empty());
    assert_eq!(journal.terms(&conference(1), message(1)).unwrap(), None);
    assert_eq!(journal.meta("incarnation").unwrap(), None);
}

fn links_come_back_as_they_were_written(journal: &mut impl Journal) {
    let refused =
        ContentStatus::Refused { code: "content.schema".into(), reason: "«facts» è vuoto".into() };
    let statuses = [ContentStatus::Valid, ContentStatus::UnknownSchema, refused];
    let mut changes = Vec::new();
    for (number, (link, content)) in chain(1, 3).into_iter().zip(statuses).enumerate() {
        let received_at = instant(i64::try_from(number).unwrap());
        changes.push(Write::Link { link, received_at, own: number == 1, content });
    }
    journal.begin().unwrap();
    for (number, change) in changes.iter().enumerate() {
        journal.write(change).unwrap();
        let Write::Link { link, .. } = change else { panic!("not a link") };
        assert!(journal.has_link(link.id()).unwrap(), "an open transaction reads what it wrote");
        assert_eq!(journal.last_own().unwrap().is_some(), number >= 1, "the second one is own");
        let stored = journal.link(link.id()).unwrap().unwrap();
        assert_eq!(stored.row, number as u64 + 1, "rows count from 1");
        assert_same(&stored, change);
        assert_eq!(journal.link_text(link.id()).unwrap().as_deref(), Some(link.text()));
    }
    journal.commit().unwrap();
    let stored = journal.links(&conference(1), 0, 10).unwrap();
    assert_eq!(stored.len(), 3);
    stored.iter().zip(&changes).for_each(|(found, written)| assert_same(found, written));
}

fn links_are_written_once(journal: &mut impl Journal) {
    let link = link(1, 1, None);
    let first = keep(&link);
    let again = Write::Link {
        link: link.clone(),
        received_at: instant(99),
        own: true,
        content: ContentStatus::UnknownSchema,
    };
    commit(journal, &[first.clone(), again.clone()]);
    commit(journal, &[again]);
    let stored = journal.links(&conference(1), 0, 10).unwrap();
    assert_eq!(stored.len(), 1);
    assert_same(&stored[0], &first);
    let next = samples::link(1, 2, Some(link.id()));
    commit(journal, &[keep(&next)]);
    assert_eq!(journal.link(next.id()).unwrap().unwrap().row, 2, "a link written again takes no row");
}

fn the_status_of_a_content_changes(journal: &mut impl Journal) {
    let links = chain(1, 2);
    let refused = ContentStatus::Refused { code: "policy.size".into(), reason: "too large".into() };
    commit(journal, &links.iter().map(keep).collect::<Vec<_>>());
    for content in [refused, ContentStatus::UnknownSchema, ContentStatus::Valid] {
        let change = Write::Content { message: links[0].id(), content: content.clone() };
        commit(journal, &[change.clone(), change]);
        assert_eq!(journal.link(links[0].id()).unwrap().unwrap().content, content);
        assert_eq!(journal.link(links[1].id()).unwrap().unwrap().content, ContentStatus::Valid);
    }
    commit(journal, &[Write::Content { message: message(9), content: ContentStatus::Valid }]);
    assert!(!journal.has_link(message(9)).unwrap(), "a status alone makes no link");
}

fn links_and_conferences_are_paged(journal: &mut impl Journal) {
    // conference 2 is known by name first, but its first link comes second
    let first_named =
        Write::Terms { conference: conference(2), lead_head: message(1), digest: Digest([1; 32]) };
    let (a, b) = (chain(3, 7), chain(2, 7));
    let mut changes = vec![first_named];
    for (a, b) in a.iter().zip(&b) {
        changes.extend([keep(a), keep(b)]);
    }
    changes.push(keep(&link_by(writer(2), conference(1), 1, None)));
    commit(journal, &changes);

    let everything = [conference(3), conference(2), conference(1)];
    assert_eq!(journal.conferences(None, 10).unwrap(), everything);
    assert_eq!(journal.conferences(None, 2).unwrap(), everything[..2]);
    assert_eq!(journal.conferences(Some(&conference(2)), 10).unwrap(), everything[2..]);
    assert!(journal.conferences(Some(&conference(1)), 10).unwrap().is_empty());
    assert!(
        journal.conferences(Some(&conference(200)), 10).unwrap().is_empty(),
        "nothing follows the unknown"
    );
    assert!(journal.conferences(None, 0).unwrap().is_empty());

    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = journal.links(&conference(2), after, 3).unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        assert!(page.iter().zip(page.iter().skip(1)).all(|(one, next)| one.row < next.row));
        assert!(page[0].row > after);
        after = last.row;
        found.extend(page.into_iter().map(|stored| stored.link.id()));
    }
    assert_eq!(found, b.iter().map(|link| link.id()).collect::<Vec<_>>());
    assert!(journal.links(&conference(2), u64::MAX, usize::MAX).unwrap().is_empty());
    assert_eq!(journal.links(&conference(3), 0, usize::MAX).unwrap().len(), 7);
}

fn receipts_are_found_by_message_and_conference(journal: &mut impl Journal) {
    let (links, other) = (chain(1, 2), link(2, 1, None));
    let both = receipt(2, ReceiptKind::Accepted, &[&links[0], &links[1]]);
    let registered = receipt(2, ReceiptKind::Registered, &[&links[1]]);
    let elsewhere = receipt(3, ReceiptKind::Refused, &[&other]);
    let written = |receipt| Write::Receipt { receipt, at: instant(5) };
    journal.begin().unwrap();
    for receipt in [&both, &elsewhere, &registered, &both] {
        journal.write(&written(receipt.clone())).unwrap();
    }
    assert_eq!(journal.receipts(links[0].id()).unwrap(), std::slice::from_ref(&both));
    journal.commit().unwrap();
    commit(journal, &[written(both.clone())]);
    assert_eq!(journal.receipts(links[0].id()).unwrap(), std::slice::from_ref(&both));
    assert_eq!(journal.receipts(links[1].id()).unwrap(), [both.clone(), registered.clone()]);
    assert_eq!(journal.receipts(other.id()).unwrap(), std::slice::from_ref(&elsewhere));
    assert_eq!(journal.conference_receipts(&conference(1)).unwrap(), [both, registered]);
    assert_eq!(journal.conference_receipts(&conference(2)).unwrap(), [elsewhere]);
}

fn bundles_and_terms_and_meta(journal: &mut impl Journal) {
    let bundle = b"a trust bundle".to_vec();
    let digest = Digest::of(&bundle);
    let keep_bundle = Write::Bundle { digest, bytes: bundle.clone() };
    let terms = |head, digest| Write::Terms {
        conference: conference(1),
        lead_head: message(head),
        digest: Digest([digest; 32]),
    };
    let meta = |value: &[u8]| Write::Meta { name: "incarnation", value: value.to_vec() };
    commit(journal, &[keep_bundle.clone(), terms(1, 1), meta(b"one")]);
    commit(journal, &[keep_bundle, terms(1, 2), terms(2, 3), meta(b"two"), meta(b"")]);
    assert_eq!(journal.bundle(digest).unwrap(), Some(bundle));
    assert_eq!(journal.terms(&conference(1), message(1)).unwrap(), Some(Digest([2; 32])));
    assert_eq!(journal.terms(&conference(1), message(2)).unwrap(), Some(Digest([3; 32])));
    assert_eq!(journal.terms(&conference(2), message(1)).unwrap(), None);
    assert_eq!(journal.meta("incarnation").unwrap(), Some(Vec::new()));
    assert_eq!(journal.meta("other").unwrap(), None);
}

fn the_outbox_keeps_its_order(journal: &mut impl Journal) {
    let enqueue =
        |peer, number, at| Write::Enqueue { peer: writer(peer), message: message(number), at: instant(at) };
    let delivered = |peer, number| Write::Delivered { peer: writer(peer), message: message(number) };
    commit(
        journal,
        &[enqueue(2, 1, 1), enqueue(3, 1, 1), enqueue(2, 2, 2), enqueue(2, 1, 9), enqueue(2, 3, 3)],
    );
    commit(journal, &[enqueue(2, 1, 9)]);
    let messages = |peer: Option<u8>, after, limit| {
        let peer = peer.map(writer);
        let rows = journal.outbox(peer.as_ref(), after, limit).unwrap();
        rows.iter().map(|row| (row.peer.clone(), row.message)).collect::<Vec<_>>()
    };
    let pair = |peer, number| (writer(peer), message(number));
    assert_eq!(messages(Some(2), 0, 10), [pair(2, 1), pair(2, 2), pair(2, 3)]);
    assert_eq!(messages(None, 0, 10), [pair(2, 1), pair(3, 1), pair(2, 2), pair(2, 3)]);
    assert_eq!(messages(None, 0, 2), [pair(2, 1), pair(3, 1)]);
    let first = journal.outbox(Some(&writer(2)), 0, 1).unwrap().remove(0);
    assert_eq!(first.since, instant(1), "putting it again does not make it younger");
    assert_eq!(messages(Some(2), first.row, 10), [pair(2, 2), pair(2, 3)]);

    commit(journal, &[delivered(2, 1), delivered(2, 1), delivered(4, 1)]);
    let left = journal.outbox(None, 0, 10).unwrap();
    assert_eq!(left.iter().map(|row| row.message).collect::<Vec<_>>(), [message(1), message(2), message(3)]);
    let last = left.last().unwrap().row;
    commit(journal, &[delivered(2, 3)]);
    commit(journal, &[enqueue(2, 4, 4)]);
    let newest = journal.outbox(Some(&writer(2)), last, 10).unwrap();
    assert_eq!(newest.len(), 1, "the row of a delivered message is not used again");
    assert_eq!(newest[0].message, message(4));
}

fn documents_are_wanted_until_fetched(journal: &mut impl Journal) {
    let want = |digest: u8, number, size| Write::Want {
        digest: Digest([digest; 32]),
        message: message(number),
        conference: conference(1),
        author: writer(number),
        size,
    };
    let fetched = |digest: u8| Write::Fetched { digest: Digest([digest; 32]) };
    commit(journal, &[want(1, 1, 10), want(1, 2, 10), want(2, 1, u64::MAX), want(1, 1, 10)]);
    commit(journal, &[want(1, 1, 10)]);
    let wanted = journal.wanted(0, 10).unwrap();
    let summary: Vec<_> =
        wanted.iter().map(|w| (w.digest.0[0], w.message, w.author.clone(), w.size)).collect();
    let expected = [(1, 1, 10), (1, 2, 10), (2, 1, u64::MAX)].map(|(d, m, s)| (d, message(m), writer(m), s));
    assert_eq!(summary, expected, "any size that a peer can announce is kept");
    assert!(wanted.iter().all(|w| w.conference == conference(1)));
    assert_eq!(journal.wanted(0, 2).unwrap(), wanted[..2]);
    assert_eq!(journal.wanted(wanted[0].row, 10).unwrap(), wanted[1..]);
    commit(journal, &[fetched(1), fetched(7)]);
    assert_eq!(journal.wanted(0, 10).unwrap(), wanted[2..], "fetched for whichever link");
    commit(journal, &[fetched(2)]);
    commit(journal, &[want(3, 1, 1)]);
    let newest = journal.wanted(0, 10).unwrap();
    assert!(newest.len() == 1 && newest[0].row > wanted[2].row, "rows are not used again");
}

fn alarms_are_raised_once(journal: &mut impl Journal) {
    let alarm = |conference, code: &str, subject: &str, at| Alarm {
        conference,
        code: code.into(),
        subject: subject.into(),
        at: instant(at),
        text: format!("at {at}"),
    };
    let fork = alarm(Some(conference(1)), "chain.fork", "a", 1);
    let other = alarm(Some(conference(2)), "chain.fork", "a", 2);
    let general = alarm(None, "disk.full", "journal", 3);
    let raised = [&fork, &other, &general].map(|alarm| Write::Alarm(alarm.clone()));
    commit(journal, &raised);
    let again = [
        alarm(Some(conference(1)), "chain.fork", "a", 8),
        alarm(None, "disk.full", "journal", 9),
        alarm(Some(conference(1)), "chain.fork", "b", 10),
    ];
    commit(journal, &again.clone().map(Write::Alarm));
    let all = [fork.clone(), other.clone(), general, again[2].clone()];
    assert_eq!(journal.alarms(None, 10).unwrap(), all);
    journal.begin().unwrap();
    assert!(!journal.write(&raised[0]).unwrap(), "what is held already is no change");
    assert!(journal.write(&Write::Alarm(alarm(None, "disk.full", "journal", 11))).is_ok_and(|new| !new));
    assert!(journal.write(&Write::Alarm(alarm(None, "disk.full", "log", 12))).unwrap());
    journal.rollback().unwrap();
    assert_eq!(journal.alarms(None, 2).unwrap(), all[..2]);
    assert_eq!(journal.alarms(Some(&conference(1)), 10).unwrap(), [fork, again[2].clone()]);
    assert_eq!(journal.alarms(Some(&conference(2)), 10).unwrap(), [other]);
}

fn transactions_are_used_in_order(journal: &mut impl Journal) {
    let change = Write::Meta { name: "incarnation", value: vec![1] };
    assert!(matches!(journal.write(&change), Err(JournalError::Medium(_))), "a change outside a transaction");
    assert!(matches!(journal.commit(), Err(JournalError::Medium(_))), "nothing to commit");
    journal.rollback().expect("nothing to forget");
    journal.begin().unwrap();
    assert!(matches!(journal.begin(), Err(JournalError::Medium(_))), "one transaction at a time");
    journal.write(&change).unwrap();
    journal.commit().unwrap();
    assert_eq!(journal.meta("incarnation").unwrap(), Some(vec![1]));
    commit(journal, &[]);
}

/// One change of every kind, and what tells whether it is there.
fn one_of_each() -> Vec<Write> {
    let link = link(1, 1, None);
    let digest = Digest::of(b"bundle");
    vec![
        keep(&link),
        Write::Receipt { receipt: receipt(2, ReceiptKind::Accepted, &[&link]), at: instant(1) },
        Write::Bundle { digest, bytes: b"bundle".to_vec() },
        Write::Enqueue { peer: writer(2), message: link.id(), at: instant(1) },
        Write::Want {
            digest: Digest([1; 32]),
            message: link.id(),
            conference: conference(1),
            author: writer(1),
            size: 1,
        },
        Write::Alarm(Alarm {
            conference: Some(conference(1)),
            code: "chain.fork".into(),
            subject: "a".into(),
            at: instant(1),
            text: "a fork".into(),
        }),
        Write::Terms { conference: conference(1), lead_head: link.id(), digest },
        Write::Meta { name: "incarnation", value: vec![1] },
    ]
}

fn presence(journal: &impl JournalRead) -> [bool; 9] {
    let id = link(1, 1, None).id();
    [
        journal.has_link(id).unwrap(),
        !journal.conferences(None, 1).unwrap().is_empty(),
        !journal.receipts(id).unwrap().is_empty(),
        journal.bundle(Digest::of(b"bundle")).unwrap().is_some(),
        !journal.outbox(None, 0, 1).unwrap().is_empty(),
        !journal.wanted(0, 1).unwrap().is_empty(),
        !journal.alarms(None, 1).unwrap().is_empty(),
        journal.terms(&conference(1), id).unwrap().is_some(),
        journal.meta("incarnation").unwrap().is_some(),
    ]
}

fn a_rollback_forgets_everything(journal: &mut impl Journal) {
    let link = link(1, 1, None);
    journal.begin().unwrap();
    for change in &one_of_each() {
        journal.write(change).unwrap();
    }
    assert_eq!(presence(journal), [true; 9], "an open transaction reads what it wrote");
    journal.rollback().unwrap();
    assert_eq!(presence(journal), [false; 9]);

    commit(journal, &one_of_each());
    let undone = [
        Write::Content { message: link.id(), content: ContentStatus::UnknownSchema },
        Write::Delivered { peer: writer(2), message: link.id() },
        Write::Fetched { digest: Digest([1; 32]) },
        Write::Meta { name: "incarnation", value: vec![2] },
    ];
    journal.begin().unwrap();
    for change in &undone {
        journal.write(change).unwrap();
    }
    assert!(journal.outbox(None, 0, 1).unwrap().is_empty() && journal.wanted(0, 1).unwrap().is_empty());
    journal.rollback().unwrap();
    assert_eq!(presence(journal), [true; 9]);
    assert_eq!(journal.link(link.id()).unwrap().unwrap().content, ContentStatus::Valid);
    assert_eq!(journal.meta("incarnation").unwrap(), Some(vec![1]));
}

fn a_crash_keeps_what_was_committed_and_nothing_else<S: JournalSubject>(subject: &mut S) {
    let mut journal = subject.fresh();
    journal.begin().unwrap();
    for change in &one_of_each() {
        journal.write(change).unwrap();
    }
    let mut journal = subject.reopen(journal);
    assert_eq!(presence(&journal), [false; 9], "nothing was committed");
    commit(&mut journal, &one_of_each());
    let later = link(1, 2, Some(link(1, 1, None).id()));
    journal.begin().unwrap();
    journal.write(&keep(&later)).unwrap();
    journal.write(&Write::Delivered { peer: writer(2), message: link(1, 1, None).id() }).unwrap();
    let mut journal = subject.reopen(journal);
    assert_eq!(presence(&journal), [true; 9]);
    assert!(!journal.has_link(later.id()).unwrap());
    assert_same(&journal.links(&conference(1), 0, 10).unwrap()[0], &keep(&link(1, 1, None)));
    commit(&mut journal, &[keep(&later)]);
    assert_eq!(journal.link(later.id()).unwrap().unwrap().row, 2);
}
