//! What waits for a person, what a mail is and what became of it, and whether the mailbox works.

use concerto_port::MailboxError;
use concerto_store_sqlite::{MailStore, ReceivedMail, SentMail};
use serde_json::{Value, json};
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::str::FromStr;

use super::commands::store;
use super::facts::{MailFacts, Proved, Reached};
use super::mailbox;
use crate::home::Home;
use crate::output::{Exit, Failure, Output};
use crate::views::{self, rome_text};
use crate::words::{cell, line};

/// Width of the names of facts in the text for people.
const LABEL_CHARS: usize = 16;

/// The name of a mail: `in-12` of one that came in, `out-7` of one that goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Id {
    /// It came in.
    In(u64),
    /// It goes out.
    Out(u64),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In(row) => write!(f, "in-{row}"),
            Self::Out(row) => write!(f, "out-{row}"),
        }
    }
}

impl FromStr for Id {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (way, row) = text.split_once('-').ok_or(())?;
        let row = row.parse().map_err(|_| ())?;
        match way {
            "in" => Ok(Self::In(row)),
            "out" => Ok(Self::Out(row)),
            _ => Err(()),
        }
    }
}

fn unknown(id: &str) -> Failure {
    Failure::usage(
        "pec.id",
        format!("Nessun messaggio `{id}`: vedere `concerto pec queue`."),
        format!("No mail `{id}`: see `concerto pec queue`."),
    )
}

/// A mail that came in.
pub(super) fn came_in(store: &MailStore, id: &str) -> Result<ReceivedMail, Failure> {
    match id.parse() {
        Ok(Id::In(row)) => store.received(row)?.ok_or_else(|| unknown(id)),
        _ => Err(unknown(id)),
    }
}

/// A mail that goes out.
pub(super) fn went_out(store: &MailStore, id: &str) -> Result<SentMail, Failure> {
    match id.parse() {
        Ok(Id::Out(row)) => store.sent(row)?.ok_or_else(|| unknown(id)),
        _ => Err(unknown(id)),
    }
}

/// `concerto pec queue`: what goes out first, then what came, that which is tied to a conference first.
pub(super) fn list(out: Output, home: &Home, limit: usize) -> Result<(), Failure> {
    let store = store(home)?;
    let mut sent: Vec<SentMail> =
        store.open_mails()?.into_iter().filter(|mail| mail.problem.is_some()).collect();
    sent.truncate(limit);
    let came = store.waiting(limit)?;
    let mut text = String::new();
    for mail in &sent {
        let head = format!("{}  {}  ", cell(&Id::Out(mail.row).to_string(), 8), rome_text(mail.at));
        let to = mail.recipient.as_deref().unwrap_or("?");
        text.push_str(&line(
            &head,
            &format!("→ {to}: {} [{}]", mail.subject, mail.problem.as_deref().unwrap_or_default()),
        ));
    }
    for mail in &came {
        let facts = MailFacts::read(mail.facts.as_deref());
        let head = format!(
            "{}  {}  ",
            cell(&Id::In(mail.row).to_string(), 8),
            rome_text(facts.at.unwrap_or(mail.came_at))
        );
        let conference =
            mail.conference.as_ref().map(|id| format!(" ({})", views::short_name(id))).unwrap_or_default();
        let kind = mail.kind.map_or("", |kind| kind.as_str());
        let why = facts.why.first().map(|why| format!(" [{}]", why.code)).unwrap_or_default();
        let proposed = facts
            .proposal
            .as_ref()
            .map(|proposed| format!(", {}: {}", out.say("proposta", "proposed"), proposed.act));
        let proposed = proposed.unwrap_or_default();
        let from = facts.sender.as_deref().unwrap_or("?");
        let subject = facts.subject.as_deref().unwrap_or_default();
        text.push_str(&line(&head, &format!("← {from}: {subject}{conference} – {kind}{proposed}{why}")));
    }
    if text.is_empty() {
        text.push_str(out.say("Nessun messaggio attende.", "No mail waits."));
    }
    let value = json!({
        "sent": sent.iter().map(sent_value).collect::<Vec<_>>(),
        "received": came.iter().map(received_value).collect::<Vec<_>>(),
    });
    out.result(&text, &value);
    Ok(())
}

/// A mail that goes out, as data.
fn sent_value(mail: &SentMail) -> Value {
    let proved = Proved::read(&mail.state);
    json!({
        "id": Id::Out(mail.row).to_string(),
        "message_id": mail.message_id,
        "sender": mail.sender,
        "recipient": mail.recipient,
        "conference": mail.conference,
        "message": mail.message,
        "body": mail.body,
        "subject": mail.subject,
        "why": mail.why,
        "composed_at": mail.at,
        "state": proved.reached,
        "state_at": proved.at,
        "state_reason": proved.reason,
        "problem": mail.problem,
        "closed": mail.closed.map(|closed| closed.as_str()),
        "recorded": mail.recorded,
        "attempts": mail.attempts.iter().map(|attempt| json!({
            "begun_at": attempt.begun_at,
            "ended_at": attempt.ended.as_ref().map(|(at, _)| at),
            "outcome": attempt.ended.as_ref().map_or("unknown", |(_, outcome)| outcome.as_str()),
            "reply": attempt.reply,
        })).collect::<Vec<_>>(),
    })
}

/// A mail that came in, as data.
fn received_value(mail: &ReceivedMail) -> Value {
    let facts = MailFacts::read(mail.facts.as_deref());
    json!({
        "id": Id::In(mail.row).to_string(),
        "kind": mail.kind.map(|kind| kind.as_str()),
        "status": mail.status.as_str(),
        "came_at": mail.came_at,
        "bytes": mail.bytes,
        "sha256": mail.digest,
        "type": facts.kind,
        "counts": facts.counts,
        "time": facts.at,
        "sender": facts.sender,
        "subject": facts.subject,
        "message_id": facts.message_id,
        "identifier": facts.identifier,
        "why": facts.why,
        "proposal": facts.proposal,
        "tied_by": facts.tied_by,
        "about": mail.sent.map(|row| Id::Out(row).to_string()),
        "forwarded_in": mail.parent.map(|row| Id::In(row).to_string()),
        "conference": mail.conference,
        "message": mail.message,
        "decision": mail.decision,
        "recorded": mail.recorded,
    })
}

/// `concerto pec show`.
pub(super) fn show(out: Output, home: &Home, id: &str, output: Option<&Path>) -> Result<(), Failure> {
    let store = store(home)?;
    let (mut text, value, bytes) = match id.parse() {
        Ok(Id::In(_)) => {
            let mail = came_in(&store, id)?;
            (received_text(out, &mail), received_value(&mail), store.received_bytes(mail.row)?)
        }
        Ok(Id::Out(_)) => {
            let mail = went_out(&store, id)?;
            let receipts = store.receipts_about(mail.row)?;
            let mut value = sent_value(&mail);
            if let Some(fields) = value.as_object_mut() {
                fields.insert("receipts".to_owned(), receipts.iter().map(received_value).collect());
            }
            (sent_text(out, home, &mail, &receipts), value, store.sent_bytes(mail.row)?)
        }
        Err(()) => return Err(unknown(id)),
    };
    if let Some(path) = output {
        let bytes = bytes.ok_or_else(|| unknown(id))?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
    } else if let Some(said) = bytes.as_deref().and_then(readable) {
        text.push_str(&format!("\n{}\n", said.trim_end()));
    }
    out.result(&text, &value);
    Ok(())
}

/// What a person reads of a mail: its text, or that of the original in a provider's envelope.
fn readable(mail: &[u8]) -> Option<String> {
    let cms = concerto_crypto_openssl::OpensslCms::without_authorities();
    let found = concerto_pec::examine(mail, &cms, None).ok()?;
    let said = concerto_pec::text(found.original().unwrap_or(mail))?;
    Some(visible(&said))
}

/// Nothing of a mail may steer a terminal.
fn visible(said: &str) -> String {
    said.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()).collect()
}

struct Lines(String);

impl Lines {
    fn fact(&mut self, label: &str, text: &str) {
        if !text.is_empty() {
            self.0.push_str(&line(&format!("{label:<LABEL_CHARS$}"), text));
        }
    }
}

fn received_text(out: Output, mail: &ReceivedMail) -> String {
    let facts = MailFacts::read(mail.facts.as_deref());
    let mut lines = Lines(String::new());
    lines.fact(out.say("messaggio", "mail"), &Id::In(mail.row).to_string());
    lines.fact(
        out.say("tipo", "type"),
        &format!("{} ({})", facts.kind, mail.kind.map_or("new", |kind| kind.as_str())),
    );
    lines.fact(
        out.say("fa fede", "evidence"),
        out.say(if facts.counts { "sì" } else { "no" }, if facts.counts { "yes" } else { "no" }),
    );
    lines.fact(out.say("mittente", "sender"), facts.sender.as_deref().unwrap_or_default());
    lines.fact(out.say("oggetto", "subject"), facts.subject.as_deref().unwrap_or_default());
    lines.fact(out.say("ora certificata", "certified time"), &facts.at.map(rome_text).unwrap_or_default());
    lines.fact(out.say("letto", "read"), &rome_text(mail.came_at));
    lines.fact(
        out.say("conferenza", "conference"),
        &mail.conference.as_ref().map(ToString::to_string).unwrap_or_default(),
    );
    lines.fact(out.say("contiene", "carries"), &mail.message.map(|id| id.to_string()).unwrap_or_default());
    lines.fact(
        out.say("riguarda", "about"),
        &mail.sent.map(|row| Id::Out(row).to_string()).unwrap_or_default(),
    );
    for why in &facts.why {
        let text = if out.italian() { &why.text } else { &why.text_en };
        lines.fact(out.say("perché", "why"), &format!("{text} [{}]", why.code));
    }
    lines.fact(out.say("legato da", "tied by"), &facts.tied_by.join(", "));
    if let Some(proposed) = &facts.proposal {
        lines.fact(out.say("proposta", "proposed"), &proposed.act);
        for passage in &proposed.passages {
            lines.fact(out.say("passaggio", "passage"), &format!("«{}»", visible(passage)));
        }
        for reason in &proposed.reasons {
            let text = if out.italian() { &reason.text } else { &reason.text_en };
            lines.fact(out.say("motivo", "reason"), &format!("{text} [{}]", reason.code));
        }
    }
    lines.fact(out.say("confermato", "confirmed"), mail.decision.as_deref().unwrap_or_default());
    lines
        .fact(out.say("registrato", "recorded"), &mail.recorded.map(|id| id.to_string()).unwrap_or_default());
    lines.fact("SHA-256", &mail.digest.to_string());
    lines.0
}

fn sent_text(out: Output, home: &Home, mail: &SentMail, receipts: &[ReceivedMail]) -> String {
    let proved = Proved::read(&mail.state);
    let mut lines = Lines(String::new());
    lines.fact(out.say("messaggio", "mail"), &Id::Out(mail.row).to_string());
    lines.fact(
        out.say("a", "to"),
        &format!("{} <{}>", views::name_of(home, &mail.body), mail.recipient.as_deref().unwrap_or("?")),
    );
    lines.fact(out.say("oggetto", "subject"), &mail.subject);
    lines.fact(out.say("conferenza", "conference"), &mail.conference.to_string());
    lines.fact(out.say("contiene", "carries"), &mail.message.to_string());
    lines.fact("Message-ID", &mail.message_id);
    lines.fact(out.say("stato", "state"), &reached_text(out, &proved));
    lines.fact(out.say("problema", "problem"), mail.problem.as_deref().unwrap_or_default());
    lines
        .fact(out.say("registrato", "recorded"), &mail.recorded.map(|id| id.to_string()).unwrap_or_default());
    for attempt in &mail.attempts {
        let outcome = attempt.ended.as_ref().map_or("unknown", |(_, outcome)| outcome.as_str());
        let reply = attempt.reply.as_deref().map(|reply| format!(": {reply}")).unwrap_or_default();
        lines.fact(
            out.say("tentativo", "attempt"),
            &format!("{}, {outcome}{reply}", rome_text(attempt.begun_at)),
        );
    }
    for receipt in receipts {
        let facts = MailFacts::read(receipt.facts.as_deref());
        let at = facts.at.map(rome_text).unwrap_or_default();
        lines
            .fact(out.say("ricevuta", "receipt"), &format!("{at}  {} ({})", facts.kind, Id::In(receipt.row)));
    }
    lines.0
}

fn reached_text(out: Output, proved: &Proved) -> String {
    let (it, en) = match proved.reached {
        Reached::Submitted => ("nessuna ricevuta", "no receipt"),
        Reached::NotAccepted => ("non accettato", "not accepted"),
        Reached::AcceptedExternal => {
            ("accettato, casella non certificata", "accepted, mailbox not certified")
        }
        Reached::Accepted => ("accettato", "accepted"),
        Reached::Delayed => ("non ancora consegnato", "not yet delivered"),
        Reached::NotDelivered => ("non consegnato", "not delivered"),
        Reached::Delivered => ("consegnato", "delivered"),
    };
    let at = proved.at.map(|at| format!(", {}", rome_text(at))).unwrap_or_default();
    let reason = proved.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("{}{at}{reason}", out.say(it, en))
}

/// One thing that is tried: its name, and what is said of it, or code and reason of the failure.
type Tried = (&'static str, Result<String, (String, String)>);

/// `concerto pec check`: connects to both servers and reads what is configured; no mail is read or sent.
pub(super) fn check(out: Output, home: &Home) -> Result<(), Failure> {
    mailbox::configured(home)?;
    let tried = try_all(out, home);
    let good = tried.iter().all(|(_, result)| result.is_ok());
    let mut text = String::new();
    for (what, result) in &tried {
        let said = match result {
            Ok(said) => format!("ok  {said}"),
            Err((code, why)) => format!("no  {why} [{code}]"),
        };
        text.push_str(&line(&cell(what, 11), &said));
    }
    let row = |(what, result): &Tried| match result {
        Ok(said) => json!({ "what": what, "works": true, "text": said }),
        Err((code, why)) => json!({ "what": what, "works": false, "code": code, "text": why }),
    };
    out.result(&text, &json!({ "works": good, "checks": tried.iter().map(row).collect::<Vec<_>>() }));
    let faults = tried.into_iter().filter_map(|(_, result)| result.err());
    let faults: Vec<_> = faults.map(|(code, why)| concerto_core::Fault::technical(&code, &why)).collect();
    if good { Ok(()) } else { Err(Failure { exit: Exit::Environment, faults }) }
}

fn try_all(out: Output, home: &Home) -> Vec<Tried> {
    let told = |failure: Failure| {
        let fault = failure.faults.into_iter().next();
        fault
            .map(|fault| (fault.code, if out.italian() { fault.text } else { fault.text_en }))
            .unwrap_or_default()
    };
    let providers = mailbox::evidence(home)
        .map(|found| format!("{} {}", found.directory.providers().len(), out.say("gestori", "providers")));
    let mut tried = vec![("providers", providers.map_err(told))];
    let mut open = match mailbox::open(home) {
        Ok(open) => open,
        Err(failure) => {
            tried.push(("mailbox", Err(told(failure))));
            return tried;
        }
    };
    // none is taken: the folder is opened, and that is all
    let read = open.source.read(None, 0, &mut |_| ControlFlow::Break(()));
    let failed = |error: MailboxError| (error.code().to_owned(), error.to_string());
    tried.push(("reading", read.map(|_| open.source_name.clone()).map_err(failed)));
    let address = open.address.to_string();
    let sends = match &mut open.sender {
        None => Ok(out.say("invia un altro programma", "another program sends").to_owned()),
        Some(sender) => {
            sender.check().map(|()| address).map_err(|error| (error.code().to_owned(), error.to_string()))
        }
    };
    tried.push(("sending", sends));
    tried
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_mails_are_read_as_written() {
        for id in [Id::In(1), Id::Out(u64::MAX)] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for wrong in ["", "in", "in-", "in-x", "up-1", "1", "in--1"] {
            assert_eq!(wrong.parse::<Id>(), Err(()), "{wrong}");
        }
    }
}
