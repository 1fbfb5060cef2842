//! Reading a folder over IMAP (RFC 3501, RFC 2177): by UIDVALIDITY and UID, read-only, in order, each mail once.
//!
//! What can go wrong silently is what this file is about. A `FETCH` that ends with NO has left mails out, so the final answer of each command
//! is looked at, and a mail that is listed and does not come is asked for alone; it is passed over only where the server says that it is gone,
//! or after it failed several times, and then it is told. `n:*` names the last mail where there is none from `n` on, so ranges end below UIDNEXT.
//! A large gap in the numbers costs few commands; a mail above the bound is never asked for.

use async_imap::imap_proto::{AttributeValue, Response, SectionPath, Status};
use async_imap::{Client, Session};
use concerto_port::{Arrived, Content, Cursor, MailSource, MailboxError, Reading};
use std::fmt::Debug;
use std::io;
use std::ops::ControlFlow;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Builder, Runtime};

use crate::backoff::Backoff;
use crate::limits::{
    ANSWER_BYTES_MAX, ANSWER_TIME_MAX, BATCH_BYTES_MAX, BATCH_MAILS_MAX, IDLE_TIME_MAX, UNREADABLE_AFTER,
    WINDOW,
};
use crate::settings::{Security, Settings};
use crate::wire::{Wire, connect, handshake, no_tls, reply, within};

type Take<'a> = &'a mut dyn FnMut(&Arrived<'_>) -> ControlFlow<()>;

/// Reads a folder of a mailbox.
#[derive(Debug)]
pub struct ImapSource {
    settings: Settings,
    runtime: Runtime,
    connection: Option<Connection>,
    backoff: Backoff,
    stuck: Option<Stuck>,
}

/// A mail that the server has and did not give.
#[derive(Debug, Clone, Copy)]
struct Stuck {
    at: Cursor,
    times: u8,
}

impl ImapSource {
    /// Opens nothing yet: the first reading connects.
    ///
    /// # Errors
    /// [`MailboxError::Medium`] where the system gives no timers or sockets.
    pub fn new(settings: Settings) -> Result<Self, MailboxError> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { settings, runtime, connection: None, backoff: Backoff::default(), stuck: None })
    }
}

impl MailSource for ImapSource {
    fn read(&mut self, after: Option<Cursor>, most: usize, take: Take<'_>) -> Result<Reading, MailboxError> {
        self.backoff.check()?;
        let Self { settings, runtime, connection, stuck, .. } = self;
        let result = runtime.block_on(async {
            let (open, folder) = Connection::at_folder(connection.take(), settings, after).await?;
            let mut pass = Pass { connection: open, settings, stuck, take };
            let reading = pass.run(folder, after, most).await?;
            *connection = Some(pass.connection);
            Ok(reading)
        });
        self.backoff.note(&result);
        result
    }

    fn wait(&mut self, at_most: Duration) -> Result<bool, MailboxError> {
        if let Some(left) = self.backoff.left() {
            std::thread::sleep(left.min(at_most));
            return Ok(false);
        }
        let Some(open) = self.connection.take() else {
            std::thread::sleep(at_most);
            return Ok(false);
        };
        let result = self.runtime.block_on(open.idle(at_most.min(IDLE_TIME_MAX)));
        self.backoff.note(&result);
        let (open, news) = result?;
        self.connection = Some(open);
        Ok(news)
    }
}

/// A connection that is logged in.
#[derive(Debug)]
struct Connection {
    session: Session<Wire>,
    can_idle: bool,
    /// As the last `EXAMINE` found it.
    folder: Option<Folder>,
}

/// What a folder is just now.
#[derive(Debug, Clone, Copy)]
struct Folder {
    epoch: u64,
    next: u32,
}

/// A mail of which the number and the size are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    uid: u32,
    bytes: u64,
}

impl Connection {
    async fn open(settings: &Settings) -> Result<Self, MailboxError> {
        let server = &settings.imap;
        let password = settings.password.read()?;
        let mut stream = connect(server).await?;
        if server.security == Security::StartTls {
            let mut client = Client::new(stream);
            greeting(&mut client).await?;
            let starting = client.run_command_and_check_ok("STARTTLS", None);
            let refused = |_| no_tls(server, "STARTTLS is not offered");
            within(ANSWER_TIME_MAX, "STARTTLS", starting).await?.map_err(refused)?;
            // what a stranger may have put behind the answer goes with the client's buffer
            stream = client.into_inner();
        }
        let mut client = Client::new(handshake(server, stream).await?);
        if server.security == Security::Tls {
            greeting(&mut client).await?;
        }
        let logging_in = client.login(&settings.user, &password);
        let mut session = match within(ANSWER_TIME_MAX, "login", logging_in).await? {
            Ok(session) => session,
            Err((error, _)) => return Err(not_logged_in(settings, &error)),
        };
        let capabilities = within(ANSWER_TIME_MAX, "CAPABILITY", session.capabilities()).await?;
        let can_idle = capabilities.map_err(|error| told("CAPABILITY", &error))?.has_str("IDLE");
        Ok(Self { session, can_idle, folder: None })
    }

    /// The old connection, where the server has not ended it meanwhile, or a new one, with its folder open.
    ///
    /// The folder is opened again at each reading, which tells its latest number; not while more is known to be there, because a server may
    /// look through all of a large folder each time.
    async fn at_folder(
        old: Option<Self>,
        settings: &Settings,
        after: Option<Cursor>,
    ) -> Result<(Self, Folder), MailboxError> {
        if let Some(mut old) = old {
            let more = |folder: &Folder| {
                after.is_some_and(|at| at.epoch == folder.epoch && at.position + 1 < u64::from(folder.next))
            };
            if let Some(folder) = old.folder.filter(more) {
                return Ok((old, folder));
            }
            if let Ok(folder) = old.examine(settings).await {
                return Ok((old, folder));
            }
        }
        let mut new = Self::open(settings).await?;
        let folder = new.examine(settings).await?;
        Ok((new, folder))
    }

    /// Opens the folder read-only.
    async fn examine(&mut self, settings: &Settings) -> Result<Folder, MailboxError> {
        self.session.as_mut().allow(ANSWER_BYTES_MAX);
        // what nobody asked for is kept by the library, a hundred at most, and thrown away here
        while self.session.unsolicited_responses.try_recv().is_ok() {}
        let examining = self.session.examine(&settings.folder);
        let found = within(ANSWER_TIME_MAX, "EXAMINE", examining).await?.map_err(|error| match error {
            async_imap::error::Error::No(reason) => {
                MailboxError::Folder { folder: settings.folder.clone(), reason: reply(&reason) }
            }
            other => told("EXAMINE", &other),
        })?;
        let epoch = found.uid_validity.ok_or(MailboxError::Broken("the folder has no UIDVALIDITY"))?;
        let next = found.uid_next.ok_or(MailboxError::Broken("the folder has no UIDNEXT"))?;
        let folder = Folder { epoch: u64::from(epoch), next };
        self.folder = Some(folder);
        Ok(folder)
    }

    /// Sends a command, hands each answer over, and looks at the last one.
    async fn command(
        &mut self,
        text: &str,
        bytes_max: u64,
        each: &mut dyn FnMut(&Response<'_>),
    ) -> Result<(), MailboxError> {
        self.session.as_mut().allow(bytes_max);
        let sending = within(ANSWER_TIME_MAX, "command", self.session.run_command(text)).await?;
        let id = sending.map_err(|error| told("command", &error))?;
        loop {
            let answer = within(ANSWER_TIME_MAX, "answer", self.session.read_response()).await?;
            let answer = answer.map_err(|error| broken(&error))?;
            let answer = answer.ok_or(MailboxError::Broken("the connection ended"))?;
            match answer.parsed() {
                Response::Done { tag, status, .. } if *tag == id => {
                    return match status {
                        Status::Ok => Ok(()),
                        _ => Err(MailboxError::Refused("FETCH")),
                    };
                }
                Response::Data { status: Status::Bye, .. } => {
                    return Err(MailboxError::Broken("the server said BYE"));
                }
                other => each(other),
            }
        }
    }

    /// The mails of a range of numbers, in order.
    async fn list(&mut self, low: u32, high: u32) -> Result<Vec<Listed>, MailboxError> {
        let mut listed = Vec::new();
        let mut unsized_mail = false;
        self.command(&format!("UID FETCH {low}:{high} (UID RFC822.SIZE)"), ANSWER_BYTES_MAX, &mut |answer| {
            let Response::Fetch(_, attributes) = answer else { return };
            let uid = attributes.iter().find_map(uid_of);
            let size = attributes.iter().find_map(|attribute| match attribute {
                AttributeValue::Rfc822Size(bytes) => Some(u64::from(*bytes)),
                _ => None,
            });
            match (uid, size) {
                (Some(uid), Some(bytes)) if (low..=high).contains(&uid) => listed.push(Listed { uid, bytes }),
                // changes of flags come without being asked for
                (None, _) | (Some(_), Some(_)) => {}
                (Some(_), None) => unsized_mail |= !attributes.iter().any(is_flags),
            }
        })
        .await?;
        if unsized_mail {
            return Err(MailboxError::Broken("a mail has no size"));
        }
        listed.sort_unstable();
        listed.dedup_by_key(|mail| mail.uid);
        Ok(listed)
    }

    /// Waits for news: IDLE where it is offered, a pause where not.
    async fn idle(mut self, at_most: Duration) -> Result<(Self, bool), MailboxError> {
        if !self.can_idle {
            tokio::time::sleep(at_most).await;
            return Ok((self, false));
        }
        self.session.as_mut().allow(ANSWER_BYTES_MAX);
        let mut handle = self.session.idle();
        let begun = within(ANSWER_TIME_MAX, "IDLE", handle.init()).await?;
        begun.map_err(|error| told("IDLE", &error))?;
        let news = {
            // the source of interrupts must live as long as the waiting: dropped, it interrupts
            let (waiting, _interrupt) = handle.wait_with_timeout(at_most);
            // a server's "still here" would start the library's own time anew
            match tokio::time::timeout(at_most, waiting).await {
                Err(_) => false,
                Ok(Ok(async_imap::extensions::idle::IdleResponse::Timeout)) => false,
                Ok(Ok(async_imap::extensions::idle::IdleResponse::NewData(_))) => true,
                Ok(Ok(async_imap::extensions::idle::IdleResponse::ManualInterrupt) | Err(_)) => {
                    return Err(MailboxError::Broken("the connection ended"));
                }
            }
        };
        let done = within(ANSWER_TIME_MAX, "DONE", handle.done()).await?;
        let session = done.map_err(|error| told("DONE", &error))?;
        Ok((Self { session, can_idle: self.can_idle, folder: self.folder }, news))
    }
}

/// One reading.
struct Pass<'a> {
    connection: Connection,
    settings: &'a Settings,
    stuck: &'a mut Option<Stuck>,
    take: Take<'a>,
}

/// What became of a part of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Went {
    On,
    /// The caller took no more.
    Stopped,
}

impl Pass<'_> {
    async fn run(
        &mut self,
        folder: Folder,
        after: Option<Cursor>,
        most: usize,
    ) -> Result<Reading, MailboxError> {
        let known = after.filter(|cursor| cursor.epoch == folder.epoch);
        let cursor = known.unwrap_or(Cursor { epoch: folder.epoch, position: 0 });
        let mut reading =
            Reading { cursor, taken: 0, more: false, begun_again: after.is_some() && known.is_none() };
        let smallest = u32::try_from(most).unwrap_or(u32::MAX).clamp(WINDOW.0, WINDOW.1);
        let mut window = smallest;
        loop {
            let low = u32::try_from(reading.cursor.position).unwrap_or(u32::MAX).saturating_add(1);
            if low >= folder.next {
                return Ok(reading);
            }
            if reading.taken >= most {
                reading.more = true;
                return Ok(reading);
            }
            let high = low.saturating_add(window - 1).min(folder.next - 1);
            let listed = self.connection.list(low, high).await?;
            window = if listed.is_empty() { window.saturating_mul(2).min(WINDOW.1) } else { smallest };
            let room = most - reading.taken;
            let (now, later) = listed.split_at_checked(room).unwrap_or((&listed, &[]));
            if self.pages(now, &mut reading).await? == Went::Stopped || !later.is_empty() {
                reading.more = true;
                return Ok(reading);
            }
            reading.cursor.position = u64::from(high);
        }
    }

    /// Hands listed mails over, in order, as many at a time as the bounds allow.
    async fn pages(&mut self, mut listed: &[Listed], reading: &mut Reading) -> Result<Went, MailboxError> {
        while let Some(first) = listed.first() {
            let here = Cursor { epoch: reading.cursor.epoch, position: u64::from(first.uid) };
            let failed = self.stuck.filter(|stuck| stuck.at == here).map_or(0, |stuck| stuck.times);
            let told = if first.bytes > self.settings.mail_bytes_max as u64 {
                Some(Content::TooLarge { bytes: first.bytes })
            } else {
                (failed >= UNREADABLE_AFTER).then_some(Content::Unreadable)
            };
            let handled = match told {
                Some(content) => {
                    if (self.take)(&Arrived { cursor: here, content }).is_break() {
                        return Ok(Went::Stopped);
                    }
                    reading.taken += 1;
                    1
                }
                None => {
                    let count = if failed > 0 { 1 } else { self.batch(listed) };
                    let batch = listed.get(..count).unwrap_or(listed);
                    let (handled, went) = self.fetch(batch, reading).await?;
                    if went == Went::Stopped {
                        return Ok(went);
                    }
                    handled
                }
            };
            let passed = listed.get(..handled).and_then(<[Listed]>::last);
            reading.cursor.position = passed.map_or(reading.cursor.position, |mail| u64::from(mail.uid));
            listed = listed.get(handled..).unwrap_or_default();
        }
        Ok(Went::On)
    }

    /// How many of the next mails are asked for in one command: up to the first that has to be told instead.
    fn batch(&self, listed: &[Listed]) -> usize {
        let mut bytes = 0;
        let fits = listed.iter().take(BATCH_MAILS_MAX).take_while(|mail| {
            bytes += mail.bytes;
            mail.bytes <= self.settings.mail_bytes_max as u64 && bytes <= BATCH_BYTES_MAX
        });
        fits.count().max(1)
    }

    /// Fetches mails and says how many of them are done with. A mail that is missing among them is asked for alone.
    async fn fetch(
        &mut self,
        batch: &[Listed],
        reading: &mut Reading,
    ) -> Result<(usize, Went), MailboxError> {
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok((0, Went::On)) };
        let epoch = reading.cursor.epoch;
        let sizes: u64 = batch.iter().map(|mail| mail.bytes).sum();
        let (mut done, mut went, mut in_order) = (0, Went::On, true);
        let take = &mut self.take;
        let text = format!("UID FETCH {}:{} (UID BODY.PEEK[])", first.uid, last.uid);
        let result = self
            .connection
            .command(&text, ANSWER_BYTES_MAX.saturating_add(sizes.saturating_mul(2)), &mut |answer| {
                let Response::Fetch(_, attributes) = answer else { return };
                let (Some(uid), Some(mail)) =
                    (attributes.iter().find_map(uid_of), attributes.iter().find_map(mail_of))
                else {
                    return;
                };
                // whatever comes out of turn is asked for again, so that the cursor never passes over a mail
                in_order &= batch.get(done).is_some_and(|expected| expected.uid == uid);
                if !in_order || went == Went::Stopped {
                    return;
                }
                let cursor = Cursor { epoch, position: u64::from(uid) };
                if take(&Arrived { cursor, content: Content::Mail(mail) }).is_break() {
                    went = Went::Stopped;
                } else {
                    (done, reading.taken, reading.cursor) = (done + 1, reading.taken + 1, cursor);
                }
            })
            .await;
        if went == Went::Stopped {
            return result.map(|()| (done, went));
        }
        let Some(missing) = batch.get(done) else { return Ok((done, went)) };
        let served = matches!(result, Ok(()) | Err(MailboxError::Refused(_)));
        if served && batch.len() > 1 {
            // the server gave what it would: the next one is asked for alone, or is gone
            let alone = std::slice::from_ref(missing);
            let (one, went) = Box::pin(self.fetch(alone, reading)).await?;
            return Ok((done + one, went));
        }
        if result.is_ok() && self.connection.list(missing.uid, missing.uid).await?.is_empty() {
            return Ok((done + 1, went));
        }
        self.note_stuck(Cursor { epoch, position: u64::from(missing.uid) }, &result);
        Err(result.err().unwrap_or(MailboxError::Refused("a mail that it lists")))
    }

    /// Counts a failure over one mail, after the server had opened the folder and listed it. Silence is the network's and does not count.
    fn note_stuck(&mut self, at: Cursor, result: &Result<(), MailboxError>) {
        if matches!(result, Err(MailboxError::TimedOut(_))) {
            return;
        }
        let times = self.stuck.filter(|stuck| stuck.at == at).map_or(0, |stuck| stuck.times);
        *self.stuck = Some(Stuck { at, times: times.saturating_add(1) });
    }
}

fn uid_of(attribute: &AttributeValue<'_>) -> Option<u32> {
    match attribute {
        AttributeValue::Uid(uid) => Some(*uid),
        _ => None,
    }
}

fn is_flags(attribute: &AttributeValue<'_>) -> bool {
    matches!(attribute, AttributeValue::Flags(_))
}

/// The whole mail in an answer.
fn mail_of<'a>(attribute: &'a AttributeValue<'_>) -> Option<&'a [u8]> {
    match attribute {
        AttributeValue::BodySection { section: None::<SectionPath>, data: Some(mail), .. } => Some(mail),
        _ => None,
    }
}

async fn greeting<S: AsyncRead + AsyncWrite + Unpin + Debug + Send>(
    client: &mut Client<S>,
) -> Result<(), MailboxError> {
    let greeting = within(ANSWER_TIME_MAX, "greeting", client.read_response()).await?;
    match greeting.map_err(|error| broken(&error))?.as_ref().map(|answer| answer.parsed()) {
        Some(Response::Data { status: Status::Ok, .. }) => Ok(()),
        _ => Err(MailboxError::Broken("no greeting")),
    }
}

fn not_logged_in(settings: &Settings, error: &async_imap::error::Error) -> MailboxError {
    match error {
        async_imap::error::Error::No(_) | async_imap::error::Error::Bad(_) => {
            MailboxError::Login { server: settings.imap.name(), user: settings.user.clone() }
        }
        other => told("login", other),
    }
}

/// Without the library's text, which quotes what the server sent: mails.
fn told(step: &'static str, error: &async_imap::error::Error) -> MailboxError {
    match error {
        async_imap::error::Error::Io(error) => broken(error),
        async_imap::error::Error::No(_) | async_imap::error::Error::Bad(_) => MailboxError::Refused(step),
        _ => MailboxError::Broken(step),
    }
}

fn broken(error: &io::Error) -> MailboxError {
    MailboxError::Broken(match error.kind() {
        io::ErrorKind::FileTooLarge => "its answer is larger than allowed",
        io::ErrorKind::Other => "its answer cannot be read",
        _ => "the connection ended",
    })
}

#[cfg(test)]
#[path = "imap_tests.rs"]
mod tests;
