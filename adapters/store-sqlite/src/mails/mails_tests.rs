//! The mails of a mailbox: catches a mail kept twice, a cursor that is ahead of its mails, an attempt that a crash forgets, and evidence that changes.

use super::*;
use concerto_message::{ConferenceId, MessageId, Writer};
use concerto_port::Cursor;
use jiff::Timestamp;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_796_000_000 + second).unwrap()
}

fn conference() -> ConferenceId {
    "r_marche/AOO1/5f0c9d1e7a3b42688d15c4e09b7f2a61".parse().unwrap()
}

fn body() -> Writer {
    "c_e783/AOO1".parse().unwrap()
}

fn mail(id: &str, message: u8) -> NewMail {
    NewMail {
        message_id: id.to_owned(),
        sender: "a@pec.regione.example".to_owned(),
        recipient: Some("b@pec.comune.example".to_owned()),
        conference: conference(),
        message: MessageId(Digest([message; 32])),
        body: body(),
        subject: "Indizione".to_owned(),
        why: "no-node".to_owned(),
        at: at(0),
        mail: Some(b"Subject: x\r\n\r\n".to_vec()),
        restricted: false,
        state: "{}".to_owned(),
        problem: None,
    }
}

fn arrival(text: &str, forwarded: &[&str]) -> Arrival {
    Arrival {
        digest: Digest::of(text.as_bytes()),
        bytes: text.len() as u64,
        mail: Some(text.as_bytes().to_vec()),
        forwarded: forwarded.iter().map(|inner| inner.as_bytes().to_vec()).collect(),
    }
}

#[test]
fn one_mail_for_a_message_and_a_body_until_a_person_orders_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pec.sqlite");
    let mut store = MailStore::open(&path).unwrap();
    store.keep(&[mail("1@x.example", 1), mail("2@x.example", 2)], Some(("links", 7))).unwrap();
    store.keep(&[mail("3@x.example", 1)], Some(("links", 9))).unwrap();
    drop(store);
    let mut store = MailStore::open(&path).unwrap();
    assert_eq!(store.noted("links").unwrap(), Some(9));
    let open = store.open_mails().unwrap();
    assert_eq!(
        open.iter().map(|mail| mail.message_id.as_str()).collect::<Vec<_>>(),
        ["1@x.example", "2@x.example"]
    );
    let row = store.keep_again(&mail("4@x.example", 1), &open[0]).unwrap();
    let again = store.sent_to(MessageId(Digest([1; 32])), &body()).unwrap().unwrap();
    assert_eq!((again.row, again.repetition, again.message_id.as_str()), (row, 1, "4@x.example"));
    assert_eq!(store.sent(open[0].row).unwrap().unwrap().closed, Some(Closed::Resent));
    assert!(store.keep_again(&mail("5@x.example", 1), &open[0]).is_err(), "ordered twice at the same time");
}

#[test]
fn an_attempt_without_end_stays_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pec.sqlite");
    let mut store = MailStore::open(&path).unwrap();
    store.keep(&[mail("1@x.example", 1)], None).unwrap();
    let row = store.open_mails().unwrap()[0].row;
    let first = store.begin_attempt(row, at(1)).unwrap();
    store.end_attempt((row, first), at(2), "not-handed-over", Some("450 later")).unwrap();
    store.begin_attempt(row, at(3)).unwrap();
    drop(store);
    let attempts = MailStore::open(&path).unwrap().open_mails().unwrap()[0].attempts.clone();
    assert_eq!(attempts[0].ended, Some((at(2), "not-handed-over".to_owned())));
    assert_eq!((attempts[1].begun_at, &attempts[1].ended), (at(3), &None));
}

#[test]
fn mails_come_with_their_cursor_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = MailStore::open(&folder.path().join("pec.sqlite")).unwrap();
    let cursor = |position| Cursor { epoch: u64::MAX, position };
    assert_eq!(store.cursor("imap").unwrap(), None);
    assert_eq!(store.take("imap", cursor(1), at(0), &[arrival("outer", &["inner"])]).unwrap(), 2);
    let again = [arrival("outer", &["inner"]), arrival("inner", &[]), arrival("other", &[])];
    assert_eq!(store.take("imap", cursor(4), at(1), &again).unwrap(), 1);
    assert_eq!(store.cursor("imap").unwrap(), Some(cursor(4)));
    let new = store.received_by(Status::New, 0, 10).unwrap();
    assert_eq!(new.iter().map(|mail| mail.parent).collect::<Vec<_>>(), [None, Some(1), None]);
    assert_eq!(store.received_bytes(2).unwrap().unwrap(), b"inner");
}

#[test]
fn what_is_judged_moves_the_mail_that_it_is_about_together_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = MailStore::open(&folder.path().join("pec.sqlite")).unwrap();
    store.keep(&[mail("1@x.example", 1)], None).unwrap();
    store.finish(1, None).unwrap();
    assert!(store.open_mails().unwrap().is_empty());
    store.take("imap", Cursor { epoch: 1, position: 1 }, at(0), &[arrival("receipt", &[])]).unwrap();
    let judged = Judged {
        kind: Kind::Receipt,
        status: Status::Done,
        facts: "{}".to_owned(),
        sent: Some((1, "delivered".to_owned())),
        conference: Some(conference()),
        message: None,
    };
    store.judge(1, &judged).unwrap();
    let open = store.open_mails().unwrap();
    assert_eq!((open.len(), open[0].state.as_str()), (1, "delivered"), "news reopen it");
    assert_eq!(store.receipts_about(1).unwrap().len(), 1);
    store.finish(1, Some(MessageId(Digest([9; 32])))).unwrap();
    store.judge(1, &judged).unwrap();
    assert!(store.open_mails().unwrap().is_empty(), "the same again is no news");
}

#[test]
fn what_is_tied_to_a_case_waits_before_what_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = MailStore::open(&folder.path().join("pec.sqlite")).unwrap();
    let mails = ["a", "b", "c"].map(|text| arrival(text, &[]));
    store.take("imap", Cursor { epoch: 1, position: 3 }, at(0), &mails).unwrap();
    for (row, conference) in [(1, None), (2, None), (3, Some(conference()))] {
        let (kind, status, facts) = (Kind::Free, Status::Waits, "{}".to_owned());
        store.judge(row, &Judged { kind, status, facts, sent: None, conference, message: None }).unwrap();
    }
    let rows =
        |store: &MailStore, limit| store.waiting(limit).unwrap().iter().map(|m| m.row).collect::<Vec<_>>();
    assert_eq!((rows(&store, 9), rows(&store, 1)), (vec![3, 1, 2], vec![3]));
    store.tie(2, &conference()).unwrap();
    store.decide(3, "none", None).unwrap();
    assert_eq!(rows(&store, 9), [2, 1]);
    assert!(store.received_by(Status::New, 0, 9).unwrap().is_empty());
}

#[test]
fn evidence_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pec.sqlite");
    let mut store = MailStore::open(&path).unwrap();
    store.keep(&[mail("1@x.example", 1)], None).unwrap();
    store.take("imap", Cursor { epoch: 1, position: 1 }, at(0), &[arrival("receipt", &[])]).unwrap();
    for sql in [
        "DELETE FROM sent",
        "DELETE FROM received",
        "DELETE FROM sent_mail",
        "DELETE FROM received_mail",
        "UPDATE sent_mail SET mail = x'00'",
        "UPDATE sent SET message_id = 'x'",
        "UPDATE received_mail SET mail = x'00'",
    ] {
        assert!(store.connection.execute(sql, []).is_err(), "{sql}");
    }
    let _lease = MailboxLease::take(&path).unwrap();
    assert!(matches!(MailboxLease::take(&path), Err(JournalError::Held(_))));
    store.connection.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(store);
    assert!(matches!(MailStore::open(&path), Err(JournalError::TooNew { found: 99, .. })));
}
