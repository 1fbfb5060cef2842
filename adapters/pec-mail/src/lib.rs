//! A certified mailbox (PEC): the port `Mailbox` over SMTP and IMAP, and folders of mail files as a source of equal rank.
//!
//! A mailbox may be read, and emptied, by the office's own programs too. So nothing in it is ever deleted, moved or marked: a folder is
//! opened read-only (`EXAMINE`), mails are read with `PEEK`, and how far reading came is the caller's to keep, by UIDVALIDITY and UID.
//! One setting says who sends for the mailbox ([`Settings::submission`]); where it is another program, nothing here can send.
//!
//! Every wire is TLS with the certificates of a configured file, from the first byte or by STARTTLS, and never without. Every step has a
//! time, every answer a bound ([`limits`]); after a failure the next attempt waits, longer each time. Calls block and make a small runtime of
//! their own: they belong on a thread, not in an asynchronous task.

mod backoff;
mod compose;
mod folder;
mod imap;
pub mod limits;
mod password;
#[cfg(test)]
mod scripted;
mod settings;
mod smtp;
mod wire;

pub use compose::{Attached, ComposeError, Letter, compose};
pub use folder::FolderSource;
pub use imap::ImapSource;
pub use password::Password;
pub use settings::{Security, Server, Settings};
pub use smtp::SmtpSender;

use concerto_pec::OutgoingMail;
use concerto_port::{Arrived, Cursor, MailSender, MailSource, MailboxError, Reading, SubmitError};
use std::ops::ControlFlow;
use std::time::Duration;

/// A mailbox at a provider: IMAP in, SMTP out.
#[derive(Debug)]
pub struct PecMailbox {
    source: ImapSource,
    sender: SmtpSender,
}

impl PecMailbox {
    /// Opens nothing yet: the first reading and the first submission connect.
    ///
    /// # Errors
    /// [`MailboxError::Medium`] where the system gives no timers or sockets.
    pub fn new(settings: Settings) -> Result<Self, MailboxError> {
        Ok(Self { sender: SmtpSender::new(settings.clone())?, source: ImapSource::new(settings)? })
    }
}

impl MailSource for PecMailbox {
    fn read(
        &mut self,
        after: Option<Cursor>,
        most: usize,
        take: &mut dyn FnMut(&Arrived<'_>) -> ControlFlow<()>,
    ) -> Result<Reading, MailboxError> {
        self.source.read(after, most, take)
    }

    fn wait(&mut self, at_most: Duration) -> Result<bool, MailboxError> {
        self.source.wait(at_most)
    }
}

impl MailSender for PecMailbox {
    fn submit(&mut self, mail: &OutgoingMail) -> Result<(), SubmitError> {
        self.sender.submit(mail)
    }
}
