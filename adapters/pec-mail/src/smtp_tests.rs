//! How a submission fails decides whether a mail may be sent again. Wrong implementations that fail here: a lost answer taken for a refusal, which
//! sends twice; a refusal of the recipient taken for a success of the mail; bytes that arrive changed.

use super::*;
use crate::scripted::{ADDRESS, Line, Scripted};
use concerto_port::contract::outgoing;
use std::sync::{Arc, Mutex};

/// What a server answers at each step; empty: it closes.
#[derive(Clone, Copy)]
struct Answers {
    auth: &'static str,
    mail: &'static str,
    recipient: &'static str,
    data: &'static str,
    end: &'static str,
    starttls: bool,
}

const GOOD: Answers = Answers {
    auth: "235 in\r\n",
    mail: "250 ok\r\n",
    recipient: "250 ok\r\n",
    data: "354 go\r\n",
    end: "250 2.0.0 queued\r\n",
    starttls: true,
};

fn serve(line: &mut Line, answers: Answers, security: Security, got: &Mutex<Vec<u8>>) {
    line.say("220 ready\r\n");
    while let Some(heard) = line.hear() {
        let answer = match heard.split([' ', ':']).next().unwrap() {
            "EHLO" if security == Security::StartTls && answers.starttls => "250-here\r\n250 STARTTLS\r\n",
            "EHLO" => "250-here\r\n250-SIZE 1000000\r\n250 AUTH PLAIN\r\n",
            "STARTTLS" => {
                line.say("220 go\r\n");
                line.shake();
                return serve_inside(line, answers, got);
            }
            _ => return serve_command(line, &heard, answers, got),
        };
        line.say(answer);
    }
}

fn serve_inside(line: &mut Line, answers: Answers, got: &Mutex<Vec<u8>>) {
    let heard = line.hear().unwrap();
    assert!(heard.starts_with("EHLO"), "{heard}");
    line.say("250-here\r\n250 AUTH PLAIN\r\n");
    let heard = line.hear().unwrap();
    serve_command(line, &heard, answers, got);
}

fn serve_command(line: &mut Line, first: &str, answers: Answers, got: &Mutex<Vec<u8>>) {
    let mut heard = first.to_owned();
    loop {
        let answer = match heard.split([' ', ':']).next().unwrap() {
            "AUTH" => answers.auth,
            "MAIL" => {
                assert!(heard.contains("SIZE="), "{heard}");
                answers.mail
            }
            "RCPT" => answers.recipient,
            "DATA" => {
                line.say(answers.data);
                if !answers.data.starts_with('3') {
                    return;
                }
                read_mail(line, got);
                answers.end
            }
            "QUIT" => "221 bye\r\n",
            _ => "500 what\r\n",
        };
        // an empty answer is none: silence where it is a space, else the connection ends
        if answer.is_empty() {
            return;
        }
        if answer != " " {
            line.say(answer);
        }
        let Some(next) = line.hear() else { return };
        heard = next;
    }
}

fn read_mail(line: &mut Line, got: &Mutex<Vec<u8>>) {
    while let Some(text) = line.hear().or(Some(String::new())) {
        if text == "." {
            return;
        }
        let text = text.strip_prefix('.').unwrap_or(&text);
        got.lock().unwrap().extend_from_slice(format!("{text}\r\n").as_bytes());
        assert!(got.lock().unwrap().len() < 1_000_000);
    }
}

fn submitted(answers: Answers, security: Security) -> (Result<(), SubmitError>, Vec<u8>) {
    let got = Arc::new(Mutex::new(Vec::new()));
    let inside = Arc::clone(&got);
    let scripted = Scripted::new(security, move |line| serve(line, answers, security, &inside));
    let result = SmtpSender::new(scripted.settings.clone()).unwrap().submit(&outgoing(ADDRESS, 1));
    let got = got.lock().unwrap().clone();
    (result, got)
}

#[test]
fn a_mail_arrives_as_it_is() {
    for security in [Security::Tls, Security::StartTls] {
        let (result, got) = submitted(GOOD, security);
        result.unwrap();
        assert_eq!(String::from_utf8(got).unwrap().as_bytes(), outgoing(ADDRESS, 1).bytes());
    }
}

#[test]
fn each_failure_says_whether_the_mail_may_be_sent_again() {
    for (answers, code) in [
        (Answers { end: "", ..GOOD }, "mailbox.submission.unknown"),
        (Answers { end: " ", ..GOOD }, "mailbox.submission.unknown"),
        (Answers { end: "what\r\n", ..GOOD }, "mailbox.submission.unknown"),
        (Answers { end: "451 later\r\n", ..GOOD }, "mailbox.submission.not-now"),
        (Answers { end: "552 too large\r\n", ..GOOD }, "mailbox.submission.refused"),
        (Answers { data: "", ..GOOD }, "mailbox.broken"),
        (Answers { data: "451 later\r\n", ..GOOD }, "mailbox.submission.not-now"),
        (Answers { recipient: "550 5.1.1 nobody\r\n", ..GOOD }, "mailbox.submission.refused"),
        (Answers { recipient: "450 later\r\n", ..GOOD }, "mailbox.submission.not-now"),
        (Answers { recipient: " ", ..GOOD }, "mailbox.timed-out"),
        (Answers { mail: "552 too large\r\n", ..GOOD }, "mailbox.submission.refused"),
        (Answers { mail: "", ..GOOD }, "mailbox.broken"),
        (Answers { auth: "535 no\r\n", ..GOOD }, "mailbox.login"),
        (Answers { auth: "454 later\r\n", ..GOOD }, "mailbox.submission.not-now"),
        (Answers { auth: "", ..GOOD }, "mailbox.broken"),
    ] {
        let (result, _) = submitted(answers, Security::Tls);
        let error = result.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(!error.to_string().contains("segreta"));
    }
}

#[test]
fn without_starttls_nothing_is_sent() {
    let (result, got) = submitted(Answers { starttls: false, ..GOOD }, Security::StartTls);
    assert_eq!((result.unwrap_err().code(), got), ("mailbox.tls", Vec::new()));
}
