//! Servers that answer wrongly, late, out of order or without end. Wrong implementations that fail here: a mail that a failed FETCH left out is
//! passed over; an answer out of order moves the cursor past a mail; a server that never stops fills the memory.

use super::*;
use crate::scripted::{Line, Scripted};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What a server of a test has, and how it errs.
#[derive(Debug, Clone, Default)]
struct Server {
    mails: BTreeMap<u32, String>,
    next: u32,
    /// Fails with NO at this mail.
    fails_at: Option<u32>,
    /// Lists this mail and never gives it.
    omits: Option<u32>,
    /// Loses this mail between its list and its fetching.
    vanishes: Option<u32>,
    /// Answers a FETCH from the last to the first.
    backwards: bool,
    /// Says things that nobody asked for.
    chatty: bool,
    /// Closes when it comes to this mail.
    closes_at: Option<u32>,
    /// Ends a connection at its second EXAMINE, as servers end idle ones.
    one_reading: bool,
    /// Answers to FETCH without end.
    floods: bool,
    /// Says nothing more after the login.
    silent: bool,
    /// Puts something behind the answer to STARTTLS.
    injects: bool,
    commands: Arc<AtomicUsize>,
}

impl Server {
    fn with(uids: &[u32]) -> Self {
        let mails = uids.iter().map(|uid| (*uid, format!("Subject: {uid}\r\n\r\n{uid}\r\n"))).collect();
        Self { mails, next: uids.last().unwrap() + 1, ..Self::default() }
    }

    fn start(self, security: Security) -> Scripted {
        let server = Mutex::new(self);
        Scripted::new(security, move |line| {
            let mut now = server.lock().unwrap().clone();
            now.serve(line, security);
            // what vanished is gone for the next connection too
            server.lock().unwrap().mails = now.mails;
        })
    }

    fn serve(&mut self, line: &mut Line, security: Security) {
        line.say("* OK ready\r\n");
        let mut plain = security == Security::StartTls;
        let mut examined = false;
        while let Some(heard) = line.hear() {
            self.commands.fetch_add(1, Ordering::Relaxed);
            let (tag, command) = heard.split_once(' ').unwrap();
            let done = format!("{tag} OK done\r\n");
            let going_on = if command == "STARTTLS" {
                let injected = if self.injects { "* PREAUTH injected\r\na1 OK injected\r\n" } else { "" };
                line.say(&format!("{done}{injected}"));
                line.shake();
                plain = false;
                true
            } else if plain {
                line.say(&format!("{tag} BAD no\r\n"))
            } else if command.starts_with("LOGIN") {
                line.say(if command.ends_with("\"segreta\"") { &done } else { "bad\r\n" }) && !self.silent
            } else if command == "CAPABILITY" {
                line.say(&format!("* CAPABILITY IMAP4rev1\r\n{done}"))
            } else if command.starts_with("EXAMINE") && self.one_reading && examined {
                false
            } else if command.starts_with("EXAMINE") {
                examined = true;
                let (exists, next) = (self.mails.len(), self.next);
                line.say(&format!(
                    "* {exists} EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n* OK [UIDNEXT {next}] n\r\n{done}"
                ))
            } else {
                self.fetch(line, tag, command)
            };
            if !going_on {
                // as long as the client waits
                while self.silent && line.hear().is_some() {}
                return;
            }
        }
    }

    fn fetch(&mut self, line: &mut Line, tag: &str, command: &str) -> bool {
        let range = command.split(' ').nth(2).unwrap();
        let (low, high) = range.split_once(':').unwrap();
        let (low, high): (u32, u32) = (low.parse().unwrap(), high.parse().unwrap());
        let bodies = command.contains("BODY.PEEK[]");
        assert!(bodies || command.contains("RFC822.SIZE"), "{command}");
        if bodies && let Some(gone) = self.vanishes {
            self.mails.remove(&gone);
        }
        while self.floods && line.say("* OK still thinking, and thinking, and thinking about it\r\n") {}
        let mut answers: Vec<_> = self.mails.range(low..=high).collect();
        if self.backwards {
            answers.reverse();
        }
        for (uid, mail) in answers {
            if self.chatty {
                line.say("* 1 FETCH (FLAGS (\\Seen))\r\n* 9 EXISTS\r\n* 1 FETCH (UID 1 FLAGS ())\r\n");
            }
            let answered = if !bodies {
                line.say(&format!("* 1 FETCH (UID {uid} RFC822.SIZE {})\r\n", mail.len()))
            } else if self.fails_at == Some(*uid) {
                return line.say(&format!("{tag} NO [SERVERBUG] internal error\r\n"));
            } else if self.closes_at == Some(*uid) {
                return false;
            } else if self.omits == Some(*uid) {
                true
            } else {
                line.say(&format!("* 1 FETCH (UID {uid} BODY[] {{{}}}\r\n{mail})\r\n", mail.len()))
            };
            if !answered {
                return false;
            }
        }
        line.say(&format!("{tag} OK done\r\n"))
    }
}

/// Reads everything, through failures, as a node does that does not wait: the numbers of the mails in order, `!` for unreadable ones.
fn read_all(source: &mut ImapSource, most: usize) -> (Vec<String>, usize) {
    let (mut got, mut failures, mut cursor) = (Vec::new(), 0, None);
    loop {
        let mut last = cursor;
        let reading = source.read(cursor, most, &mut |arrived| {
            let word = match arrived.content {
                Content::Mail(mail) => String::from_utf8_lossy(mail).split("\r\n").nth(2).unwrap().to_owned(),
                Content::TooLarge { .. } => "large".to_owned(),
                Content::Unreadable => "!".to_owned(),
            };
            got.push(format!("{}={word}", arrived.cursor.position));
            last = Some(arrived.cursor);
            ControlFlow::Continue(())
        });
        source.backoff = Backoff::default();
        match reading {
            Ok(reading) if !reading.more => return (got, failures),
            Ok(reading) => cursor = Some(reading.cursor),
            Err(error) => {
                assert!(failures < 20, "{error}");
                (cursor, failures) = (last, failures + 1);
            }
        }
    }
}

fn all(server: Server, security: Security) -> (Vec<String>, usize) {
    let scripted = server.start(security);
    read_all(&mut ImapSource::new(scripted.settings.clone()).unwrap(), 100)
}

#[test]
fn a_server_that_says_more_or_otherwise_is_read_in_order_all_the_same() {
    let good = ["1=1", "2=2", "5=5", "9=9"];
    let server = Server::with(&[1, 2, 5, 9]);
    for security in [Security::Tls, Security::StartTls] {
        let chatty = Server { chatty: true, injects: true, ..server.clone() };
        assert_eq!(all(chatty, security), (good.map(str::to_owned).to_vec(), 0));
    }
    let backwards = Server { backwards: true, ..server.clone() };
    assert_eq!(all(backwards, Security::Tls).0, good);
    let vanishes = Server { vanishes: Some(5), ..server };
    assert_eq!(all(vanishes, Security::Tls), (["1=1", "2=2", "9=9"].map(str::to_owned).to_vec(), 0));
}

#[test]
fn a_mail_that_the_server_does_not_give_is_told_and_never_passed_over() {
    let server = Server::with(&[1, 2, 5, 9]);
    for bad in [
        Server { fails_at: Some(5), ..server.clone() },
        Server { omits: Some(5), ..server.clone() },
        Server { closes_at: Some(5), ..server.clone() },
    ] {
        let name = format!("{bad:?}");
        let (got, failures) = all(bad, Security::Tls);
        assert_eq!(got, ["1=1", "2=2", "5=!", "9=9"], "{name}");
        assert_eq!(failures, usize::from(UNREADABLE_AFTER), "{name}");
    }
}

#[test]
fn a_connection_that_the_server_ended_is_made_anew_without_a_failure() {
    let scripted = Server { one_reading: true, ..Server::with(&[1, 2]) }.start(Security::Tls);
    let mut source = ImapSource::new(scripted.settings.clone()).unwrap();
    for expected in [2, 0, 0] {
        let after = (expected == 0).then_some(Cursor { epoch: 7, position: 2 });
        let reading = source.read(after, 10, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!((reading.taken, reading.cursor.position), (expected, 2));
        assert!(!source.wait(Duration::from_millis(1)).unwrap());
    }
}

#[test]
fn large_gaps_cost_few_commands() {
    let server = Server::with(&[3, 20_000_000]);
    let commands = Arc::clone(&server.commands);
    assert_eq!(all(server, Security::Tls).0, ["3=3", "20000000=20000000"]);
    let count = commands.load(Ordering::Relaxed);
    assert!(count < 150, "{count} commands");
}

#[test]
fn a_server_without_end_or_without_a_word_is_given_up() {
    let code = |server: Server, security| {
        let scripted = server.start(security);
        let mut source = ImapSource::new(scripted.settings.clone()).unwrap();
        let result = source.read(None, 10, &mut |_| ControlFlow::Continue(()));
        result.map_or_else(|error| error.code(), |_| "read")
    };
    let server = Server::with(&[1]);
    assert_eq!(code(Server { floods: true, ..server.clone() }, Security::Tls), "mailbox.broken");
    assert_eq!(code(Server { silent: true, ..server.clone() }, Security::Tls), "mailbox.timed-out");
    assert_eq!(code(server, Security::Tls), "read");
    let no_tls = Scripted::new(Security::StartTls, |line: &mut Line| {
        line.say("* OK ready\r\n");
        while line
            .hear()
            .is_some_and(|heard| line.say(&format!("{} BAD no\r\n", heard.split(' ').next().unwrap())))
        {
        }
    });
    let mut source = ImapSource::new(no_tls.settings.clone()).unwrap();
    let refused = source.read(None, 10, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert_eq!(refused.code(), "mailbox.tls");
}

#[test]
fn what_the_server_said_is_not_in_an_error() {
    let scripted = Scripted::new(Security::Tls, |line: &mut Line| {
        line.say("* OK ready\r\n");
        while let Some(heard) = line.hear() {
            let tag = heard.split(' ').next().unwrap();
            if heard.contains("LOGIN") || heard.contains("CAPABILITY") {
                line.say(&format!("{tag} OK done\r\n"));
            } else {
                line.say("* 1 FETCH (Nome e cognome di un cittadino\r\n");
            }
        }
    });
    let mut source = ImapSource::new(scripted.settings.clone()).unwrap();
    let error = source.read(None, 10, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(!error.to_string().contains("cittadino") && !error.to_string().contains("segreta"), "{error}");
}
