//! A certified mailbox (PEC): mails go out one at a time, and what came in is read once, without changing anything in it.
//!
//! Calls block, each within bounded time, and belong on a thread of their own. Nothing is durable on this side: what was read is where the
//! caller commits the cursor with it, and the Message-ID of a mail is stored before [`MailSender::submit`] is called.

use concerto_pec::OutgoingMail;
use std::ops::ControlFlow;
use std::time::Duration;

/// How far a source was read: up to `position`, included. Positions only grow within an epoch; in another epoch they mean other mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Names the numbering (`UIDVALIDITY` of IMAP).
    pub epoch: u64,
    /// The number of a mail (UID of IMAP); 0 before the first.
    pub position: u64,
}

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'a> {
    /// A mail, byte for byte.
    Mail(&'a [u8]),
    /// A mail above the source's bound: left where it is, for a person to look at.
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// The source has it and did not give it, several times: left where it is, for a person to look at.
    Unreadable,
}

/// One mail of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived<'a> {
    /// Its place: reading goes on after it.
    pub cursor: Cursor,
    /// The mail.
    pub content: Content<'a>,
}

/// How a reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// From where to go on: after the last mail taken, and after numbers that no longer have one.
    pub cursor: Cursor,
    /// How many mails were taken.
    pub taken: usize,
    /// Whether there is more to read now.
    pub more: bool,
    /// Whether the source numbers anew, so that mails read before come again: the caller knows them by their digest.
    pub begun_again: bool,
}

/// Why a mailbox could not be used. All of it may pass; [`MailSource::wait`] says when to try again.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    /// No connection.
    #[error("the mail server {server} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port.
        server: String,
        /// The system's reason.
        reason: String,
    },
    /// No TLS: the certificate is not one of the configured authorities, or not for this host; or no TLS is offered.
    #[error("no TLS with the mail server {server}: {reason}")]
    Tls {
        /// Host and port.
        server: String,
        /// The library's reason.
        reason: String,
    },
    /// The server did not accept user or password.
    #[error("the mail server {server} did not accept the login of {user}")]
    Login {
        /// Host and port.
        server: String,
        /// The user.
        user: String,
    },
    /// The password could not be read.
    #[error("the password cannot be read from {place}: {reason}")]
    Password {
        /// Where it should be.
        place: String,
        /// Why not.
        reason: String,
    },
    /// The folder of the mailbox does not exist, or may not be read.
    #[error("the folder {folder} cannot be opened: {reason}")]
    Folder {
        /// Its name.
        folder: String,
        /// The server's reason.
        reason: String,
    },
    /// No answer in time.
    #[error("the mail server did not answer in time: {0}")]
    TimedOut(&'static str),
    /// The connection ended, or the server broke the protocol or its bounds.
    #[error("the mail server broke off: {0}")]
    Broken(&'static str),
    /// The server refused a command.
    #[error("the mail server refused: {0}")]
    Refused(&'static str),
    /// An earlier failure is too recent; call [`MailSource::wait`] first.
    #[error("not before {} s from now", .0.as_secs())]
    Waiting(Duration),
    /// The medium of a folder of files.
    #[error("the folder of mails failed: {0}")]
    Medium(#[from] std::io::Error),
}

impl MailboxError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "mailbox.unreachable",
            Self::Tls { .. } => "mailbox.tls",
            Self::Login { .. } => "mailbox.login",
            Self::Password { .. } => "mailbox.password",
            Self::Folder { .. } => "mailbox.folder",
            Self::TimedOut(_) => "mailbox.timed-out",
            Self::Broken(_) => "mailbox.broken",
            Self::Refused(_) => "mailbox.refused",
            Self::Waiting(_) => "mailbox.waiting",
            Self::Medium(_) => "mailbox.medium",
        }
    }
}

/// Why a mail was not submitted. Only [`SubmitError::Unknown`] leaves open whether it was.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Another program sends for this mailbox: one setting says who does, never both.
    #[error("this mailbox is configured for reading alone: another program sends for it")]
    ReadOnly,
    /// The mail names another sender than this mailbox.
    #[error("the mail is from {0}, which is not this mailbox")]
    OtherSender(String),
    /// The server will not take it, and would not the next time: code and text of its reply.
    #[error("the mail server refused the mail: {0}")]
    Refused(String),
    /// It was not taken, and may be another time: code and text of the server's reply.
    #[error("the mail server did not take the mail now: {0}")]
    NotNow(String),
    /// It was not handed over.
    #[error("the mail was not handed over: {0}")]
    Mailbox(#[from] MailboxError),
    /// The connection ended after the mail was handed over and before the answer: nobody knows. Wait for the acceptance of its Message-ID, and
    /// only then send [`OutgoingMail::repeated`].
    #[error("the mail server did not say whether it took the mail")]
    Unknown,
}

impl SubmitError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ReadOnly => "mailbox.read-only",
            Self::OtherSender(_) => "mailbox.other-sender",
            Self::Refused(_) => "mailbox.submission.refused",
            Self::NotNow(_) => "mailbox.submission.not-now",
            Self::Mailbox(error) => error.code(),
            Self::Unknown => "mailbox.submission.unknown",
        }
    }
}

/// A source of mails that others may read and empty too: a folder of a mailbox, or a folder of files.
///
/// Nothing in it is ever deleted, moved or marked.
pub trait MailSource: Send {
    /// Reads what stands after `after`, oldest first, and hands at most `most` mails to `take`.
    ///
    /// Where `take` breaks, that mail was not taken and reading ends before it. Whatever was taken before an error is taken: the cursor of the
    /// last [`Arrived`] is the one to go on from.
    ///
    /// # Errors
    /// [`MailboxError`].
    fn read(
        &mut self,
        after: Option<Cursor>,
        most: usize,
        take: &mut dyn FnMut(&Arrived<'_>) -> ControlFlow<()>,
    ) -> Result<Reading, MailboxError>;

    /// Waits until something may have come, or until it makes sense to try again after a failure, at most for `at_most`. Says whether the source
    /// reported something new.
    ///
    /// # Errors
    /// [`MailboxError`]: the connection is gone; the next reading makes a new one.
    fn wait(&mut self, at_most: Duration) -> Result<bool, MailboxError>;
}

/// The way out.
pub trait MailSender: Send {
    /// Hands one mail over. That the server took it proves nothing yet: the acceptance does.
    ///
    /// # Errors
    /// [`SubmitError`].
    fn submit(&mut self, mail: &OutgoingMail) -> Result<(), SubmitError>;
}

/// A mailbox: what comes in, and the way out.
pub trait Mailbox: MailSource + MailSender {}

impl<T: MailSource + MailSender> Mailbox for T {}
