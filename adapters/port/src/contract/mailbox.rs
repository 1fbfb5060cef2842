//! The contract of a mailbox.

use concerto_pec::{MailId, OutgoingMail};
use std::ops::ControlFlow;
use std::time::Duration;

use crate::mailbox::{Content, Cursor, MailSender, MailSource, Reading, SubmitError};

/// The bound that the sources under test have, in bytes.
pub const MAIL_BYTES_MAX: usize = 256 * 1024;

/// A source under test, and what others do to it.
pub trait SourceSubject {
    /// A new source over the same mails, as a process started anew would open it, with [`MAIL_BYTES_MAX`].
    fn source(&mut self) -> Box<dyn MailSource>;
    /// A mail comes in.
    fn arrive(&mut self, mail: &[u8]);
    /// Another program takes a mail out.
    fn remove(&mut self, mail: &[u8]);
    /// The numbering is lost. False where it cannot be.
    fn renumber(&mut self) -> bool;
}

/// A sender under test, of the mailbox that [`outgoing`] names.
pub trait SenderSubject {
    /// A new sender.
    fn sender(&mut self) -> Box<dyn MailSender>;
    /// The same, configured for reading alone.
    fn read_only(&mut self) -> Box<dyn MailSender>;
    /// The Message-IDs of the mails that the server took so far.
    fn taken(&mut self) -> Vec<MailId>;
}

/// Checks a source: `fresh` makes an empty one each time.
///
/// # Panics
/// Where the implementation does not do what [`MailSource`] says.
pub fn source_contract(fresh: &mut dyn FnMut() -> Box<dyn SourceSubject>) {
    each_mail_comes_once_in_order_byte_for_byte(&mut *fresh());
    a_mail_that_is_not_taken_comes_again(&mut *fresh());
    what_others_took_out_is_passed_over(&mut *fresh());
    a_large_mail_is_told_and_not_read(&mut *fresh());
    a_new_numbering_begins_again_and_says_so(&mut *fresh());
}

/// Checks a sender.
///
/// # Panics
/// Where the implementation does not do what [`MailSender`] says.
pub fn sender_contract(subject: &mut dyn SenderSubject) {
    let mail = outgoing("protocollo@pec.regione.example", 1);
    assert!(matches!(subject.read_only().submit(&mail), Err(SubmitError::ReadOnly)));
    let other = outgoing("altro@pec.regione.example", 2);
    assert!(matches!(subject.sender().submit(&other), Err(SubmitError::OtherSender(_))));
    assert!(subject.taken().is_empty());
    let mut sender = subject.sender();
    sender.submit(&mail).unwrap();
    let third = outgoing("protocollo@pec.regione.example", 3);
    sender.submit(&third).unwrap();
    let mut taken = subject.taken();
    taken.sort();
    assert_eq!(taken, [mail.message_id().clone(), third.message_id().clone()]);
}

/// A mail to be sent.
///
/// # Panics
/// Never, for a sender that is an address.
pub fn outgoing(from: &str, number: u32) -> OutgoingMail {
    let text = format!(
        "Message-ID: <conf-1.{number:04}@pec.regione.example>\r\nDate: Mon, 30 Nov 2026 10:15:00 +0100\r\nFrom: {from}\r\n\
         To: protocollo@pec.comune.example\r\nSubject: Prova {number}\r\nX-TipoRicevuta: completa\r\n\r\n.\r\nProva\r\n"
    );
    OutgoingMail::read(text.into_bytes()).unwrap()
}

fn sample(number: usize) -> Vec<u8> {
    let text = "riga di testo\r\n".repeat(number % 40);
    format!("Message-ID: <{number}@pec.comune.example>\r\nSubject: {number}\r\n\r\n{text}.\r\nFrom fine\r\n")
        .into_bytes()
}

fn read(source: &mut dyn MailSource, after: Option<Cursor>, most: usize) -> (Vec<Vec<u8>>, Reading) {
    let mut mails = Vec::new();
    let reading = source
        .read(after, most, &mut |arrived| {
            let Content::Mail(bytes) = arrived.content else { panic!("a mail: {:?}", arrived.content) };
            mails.push(bytes.to_vec());
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(reading.taken, mails.len());
    (mails, reading)
}

fn each_mail_comes_once_in_order_byte_for_byte(subject: &mut dyn SourceSubject) {
    let mut source = subject.source();
    let (none, first) = read(&mut *source, None, 10);
    assert!(none.is_empty() && !first.more && !first.begun_again);
    let mails: Vec<Vec<u8>> = (0..25).map(sample).collect();
    mails.iter().for_each(|mail| subject.arrive(mail));
    let (mut got, mut cursor, mut pages) = (Vec::new(), first.cursor, 0);
    loop {
        // every page by a source of its own, as after a restart
        let (page, reading) = read(&mut *subject.source(), Some(cursor), 10);
        assert!(reading.cursor >= cursor && reading.cursor.epoch == cursor.epoch && !reading.begun_again);
        got.extend(page);
        (cursor, pages) = (reading.cursor, pages + 1);
        if !reading.more {
            break;
        }
    }
    assert_eq!((got, pages), (mails, 3));
    let (none, after) = read(&mut *source, Some(cursor), 10);
    assert!(none.is_empty() && after.cursor == cursor && !after.more);
    // the same source goes on where mail comes while it is open
    subject.arrive(&sample(30));
    source.wait(Duration::from_millis(100)).unwrap();
    let (later, after) = read(&mut *source, Some(cursor), 10);
    assert_eq!(later, [sample(30)]);
    assert!(after.cursor > cursor);
}

fn a_mail_that_is_not_taken_comes_again(subject: &mut dyn SourceSubject) {
    (0..5).for_each(|number| subject.arrive(&sample(number)));
    let mut source = subject.source();
    let mut seen = 0;
    let reading = source
        .read(None, 100, &mut |_| {
            seen += 1;
            if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!((seen, reading.taken, reading.more), (3, 2, true));
    let (rest, reading) = read(&mut *source, Some(reading.cursor), 100);
    assert_eq!(rest, [sample(2), sample(3), sample(4)]);
    assert!(!reading.more);
}

fn what_others_took_out_is_passed_over(subject: &mut dyn SourceSubject) {
    (0..6).for_each(|number| subject.arrive(&sample(number)));
    let mut source = subject.source();
    let (_, reading) = read(&mut *source, None, 2);
    for number in [0, 3, 5] {
        subject.remove(&sample(number));
    }
    source.wait(Duration::from_millis(100)).unwrap();
    let (rest, reading) = read(&mut *subject.source(), Some(reading.cursor), 100);
    assert_eq!(rest, [sample(2), sample(4)]);
    subject.arrive(&sample(9));
    let (rest, _) = read(&mut *subject.source(), Some(reading.cursor), 100);
    assert_eq!(rest, [sample(9)]);
}

fn a_large_mail_is_told_and_not_read(subject: &mut dyn SourceSubject) {
    let line = "riga di testo, piuttosto lunga, di una lettera che non finisce mai\r\n";
    let large =
        format!("Subject: grande\r\n\r\n{}", line.repeat(MAIL_BYTES_MAX / line.len() + 1)).into_bytes();
    for mail in [&sample(1), &large, &sample(2)] {
        subject.arrive(mail);
    }
    let mut told = Vec::new();
    let take = &mut |arrived: &crate::mailbox::Arrived<'_>| {
        told.push(match arrived.content {
            Content::Mail(mail) => mail.len() as u64,
            Content::TooLarge { bytes } => bytes,
            Content::Unreadable => 0,
        });
        ControlFlow::Continue(())
    };
    let reading = subject.source().read(None, 100, take).unwrap();
    assert_eq!(reading.taken, 3);
    assert_eq!(told, [sample(1).len() as u64, large.len() as u64, sample(2).len() as u64]);
}

fn a_new_numbering_begins_again_and_says_so(subject: &mut dyn SourceSubject) {
    (0..3).for_each(|number| subject.arrive(&sample(number)));
    let (_, reading) = read(&mut *subject.source(), None, 100);
    if !subject.renumber() {
        return;
    }
    subject.arrive(&sample(3));
    let (mut again, after) = read(&mut *subject.source(), Some(reading.cursor), 100);
    assert!(after.begun_again && after.cursor.epoch != reading.cursor.epoch);
    again.sort();
    let mut all: Vec<Vec<u8>> = (0..4).map(sample).collect();
    all.sort();
    assert_eq!(again, all);
}
