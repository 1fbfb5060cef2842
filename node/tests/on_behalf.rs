//! A conference with bodies that have no node, from outside: the procedente records their certified mail and writes what they do.
//!
//! ```text
//! lead ══libp2p══ body        Provincia, Soprintendenza: a mailbox only
//! ```
//!
//! Properties: their terms start with the delivery on record and not before; an act written for one counts as its own, at the instant of the
//! mail, in every node; silence needs the recorded delivery; every refusal names its norm; the timeline and an export show the
//! evidence. It would catch a term that starts by sending, an act for a body without evidence, and nodes that fold differently.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stop at the first surprise"
)]

mod support;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::path::PathBuf;
use support::{BODY, Done, Federation, LEAD, eventually, notice_body, notice_facts, signatory, text};

const PROVINCIA: &str = "p_mc/TEST003";
const SABAP: &str = "m_bac/TEST004";

/// The case, with one virtual clock for both nodes.
struct Story {
    federation: Federation,
    start: Timestamp,
    conference: String,
}

impl Story {
    fn new() -> Self {
        let federation = Federation::new();
        let start = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
        let story = Self { federation, start, conference: String::new() };
        story.clock(SignedDuration::ZERO);
        for node in ["lead", "body"] {
            let link = story.federation.path(node).join("virtual-clock");
            std::fs::write(link, story.federation.path("clock").to_str().unwrap()).unwrap();
        }
        story
    }

    fn at(&self, after: SignedDuration) -> String {
        (self.start + after).to_string()
    }

    fn clock(&self, after: SignedDuration) {
        self.set_clock(&self.at(after));
    }

    fn set_clock(&self, at: &str) {
        std::fs::write(self.federation.path("clock"), at).unwrap();
    }

    /// Opens the conference; gives the notice.
    fn open(&mut self) -> String {
        let (mut facts, mut body) = (notice_facts(), notice_body());
        for (called, act) in [(PROVINCIA, "parere-viabilita"), (SABAP, "parere-paesaggistico")] {
            let asked = json!({ "body": called, "acts": [{ "act": act }] });
            facts["invited"].as_array_mut().unwrap().push(asked);
            let act = json!({ "body": called, "act": act, "text": "Parere" });
            body["acts"].as_array_mut().unwrap().push(act);
        }
        let (facts, body) = (self.federation.file("f.json", &facts), self.federation.file("b.json", &body));
        let (facts, body) = (facts.to_str().unwrap(), body.to_str().unwrap());
        let opened =
            self.json("lead", &["conference", "open", "--facts", facts, "--body", body], "the notice");
        self.conference = text(&opened, "conference");
        text(&opened, "message")
    }

    fn json(&self, node: &str, arguments: &[&str], what: &str) -> Value {
        let done = self.federation.run(node, &[&["--format", "json"], arguments].concat());
        assert_eq!(done.code, 0, "{what}: {}", done.err);
        done.json()
    }

    fn send(&self, node: &str, act: &str, facts: &Value, body: Option<Value>, more: &[&str]) -> Done {
        let facts = self.federation.file("facts.json", facts);
        let mut arguments = vec![
            "--format",
            "json",
            "act",
            "send",
            &self.conference,
            act,
            "--facts",
            facts.to_str().unwrap(),
        ];
        let body = body.map(|mut body| {
            body["schema"] = json!(concerto_schemas::body_urn_for_type(act).unwrap());
            body["language"] = json!("it");
            body["signatory"] = signatory();
            self.federation.file("body.json", &body)
        });
        if let Some(body) = &body {
            arguments.extend(["--body", body.to_str().unwrap()]);
        }
        self.federation.run(node, &[&arguments[..], more].concat())
    }

    fn sent(&self, node: &str, act: &str, facts: &Value, body: Option<Value>, more: &[&str]) -> String {
        let done = self.send(node, act, facts, body, more);
        assert_eq!(done.code, 0, "{act}: {}", done.err);
        text(&done.json(), "message")
    }

    /// An original mail as a file; what is in it is not the matter here.
    fn mail(&self, name: &str) -> PathBuf {
        let path = self.federation.path(name);
        std::fs::write(&path, format!("Subject: {name}\r\n\r\nDi prova.\r\n")).unwrap();
        path
    }

    /// Records certified mail with a body.
    fn record(&self, body: &str, direction: &str, at: &str, about: Option<&str>) -> String {
        let mut facts =
            json!({ "party": { "body": body }, "direction": direction, "channel": "pec", "at": at });
        if let Some(about) = about {
            facts["about"] = json!(about);
        }
        let original = self.mail("originale.eml");
        self.sent("lead", "RecordedExchange", &facts, None, &["--document", original.to_str().unwrap()])
    }

    /// A body's determination term as a node computes it; none while it does not run, or the node does not know the conference yet.
    fn determination_until(&self, node: &str, body: &str) -> Option<String> {
        let timeline = ["--format", "json", "conference", "timeline", &self.conference];
        let done = self.federation.run(node, &timeline);
        if done.code != 0 {
            return None;
        }
        let shown = done.json();
        let terms = shown["terms"].as_array().unwrap().clone();
        let found = terms.iter().find(|term| term["kind"] == "determination" && term["body"] == body);
        found.map(|term| text(term, "prudential"))
    }

    fn status(&self, node: &str, body: &str) -> String {
        let shown = self.json(node, &["conference", "show", &self.conference], "the conference");
        let bodies = shown["view"]["bodies"].as_array().or(shown["bodies"].as_array()).unwrap();
        text(bodies.iter().find(|found| found["body"] == body).unwrap(), "status")
    }

    fn both(&self, what: &str, holds: impl Fn(&str) -> bool) {
        eventually(what, || ["lead", "body"].iter().all(|node| holds(node)));
    }
}

fn determination() -> Option<Value> {
    Some(json!({ "subject": "Parere", "reasons": "Ragioni di prova." }))
}

fn refused(done: &Done, code: &str) {
    assert_eq!((done.code, done.codes()), (1, vec![code.to_owned()]), "{}", done.err);
    let fault = &done.error()["error"][0];
    assert!(fault["norm"].as_str().is_some_and(|norm| !norm.is_empty()), "it names its norm: {fault}");
}

#[test]
fn two_bodies_without_a_node_take_part_by_certified_mail() {
    let hours = SignedDuration::from_hours;
    let mut story = Story::new();
    let (lead, body) = (story.federation.serve("lead"), story.federation.serve("body"));
    let notice = story.open();
    story.both("the node has the notice", |node| story.determination_until(node, BODY).is_some());
    assert_eq!(story.determination_until("lead", PROVINCIA), None, "nothing proves that it has the notice");
    assert_eq!(story.status("lead", SABAP), "awaiting_receipt");

    // delivered three hours later, by the provider's time
    story.clock(hours(5));
    let delivered = story.at(hours(3));
    let facts = json!({
        "party": { "body": PROVINCIA }, "direction": "sent", "channel": "pec", "at": delivered, "about": notice,
    });
    let text_file = story.federation.file("ricevuta.txt", &json!("ricevuta"));
    let without =
        story.send("lead", "RecordedExchange", &facts, None, &["--document", text_file.to_str().unwrap()]);
    refused(&without, "exchange.original-missing");
    for called in [PROVINCIA, SABAP] {
        story.record(called, "sent", &delivered, Some(&notice));
    }
    story.both("the terms run", |node| story.determination_until(node, SABAP).is_some());
    assert_eq!(story.status("body", PROVINCIA), "waiting");

    // the body with a node answers from there, the Provincia by mail, written down the day after
    story.sent("body", "Determination", &json!({ "position": "assent" }), determination(), &[]);
    story.both("the node's own act is in charge", |node| story.status(node, BODY) == "assent");
    story.clock(hours(10 * 24));
    let sent_at = story.at(hours(9 * 24));
    let came = story.record(PROVINCIA, "received", &sent_at, Some(&notice));
    story.both("the record is held", |node| story.status(node, PROVINCIA) == "waiting");
    let by = |node: &str, facts: Value, more: &[&str]| {
        story.send(node, "Determination", &facts, determination(), more)
    };
    let assent = || json!({ "position": "assent" });
    let for_provincia = ["--on-behalf-of", PROVINCIA, "--evidence", &came];
    assert_eq!(by("lead", assent(), &["--on-behalf-of", PROVINCIA]).code, 2, "never without evidence");
    refused(
        &by("lead", assent(), &["--on-behalf-of", SABAP, "--evidence", &came]),
        "procedure.behalf_evidence_of_other",
    );
    refused(
        &by("lead", assent(), &["--on-behalf-of", PROVINCIA, "--evidence", &notice]),
        "procedure.behalf_evidence_unknown",
    );
    refused(
        &by("body", assent(), &["--on-behalf-of", BODY, "--evidence", &came]),
        "procedure.behalf_not_lead",
    );
    let act = by("lead", assent(), &for_provincia);
    assert_eq!(act.code, 0, "{}", act.err);
    refused(&by("lead", json!({ "position": "dissent" }), &for_provincia), "procedure.behalf_evidence_used");
    story.both("it counts as its own", |node| story.status(node, PROVINCIA) == "assent");
    let shown = story.json("body", &["conference", "timeline", &story.conference], "the timeline");
    let acts = shown["acts"].as_array().unwrap();
    let written = acts.iter().find(|row| row["on_behalf_of"] == PROVINCIA).unwrap();
    assert_eq!((&written["author"], &written["evidence"]), (&json!(LEAD), &json!(came)));
    assert_eq!(written["timeliness"]["timeliness"], "timely");
    assert_eq!(written["timeliness"]["received_at"], json!(sent_at), "as the provider certifies");
    let timeline = ["--lang", "it", "conference", "timeline", &story.conference];
    let read = story.federation.run("lead", &timeline).out.split_whitespace().collect::<Vec<_>>().join(" ");
    for evidence in [format!("per conto di {PROVINCIA}"), format!("PEC, {SABAP}, consegnata il ")] {
        assert!(read.contains(&evidence), "{evidence}: {read}");
    }

    // the Soprintendenza is silent
    let silence = || {
        Some(
            json!({ "subject": "Silenzio", "reasons": "Nulla è giunto.", "acts": ["parere-paesaggistico"], "eu_check": "Nessun atto espresso." }),
        )
    };
    let early = story.send("lead", "ImpliedAssent", &json!({ "body": SABAP }), silence(), &[]);
    refused(&early, "procedure.term_running");
    let until = story.determination_until("lead", SABAP).unwrap();
    story.set_clock(&format!("{until}T23:30:00Z")); // the day after, in Rome
    story.sent("lead", "ImpliedAssent", &json!({ "body": SABAP }), silence(), &[]);
    let positions = [BODY, PROVINCIA, SABAP].map(|body| json!({ "body": body, "text": "Assenso." }));
    let conclusion = json!({
        "subject": "Conclusione positiva", "object": "Opera inventata.", "course": "Indetta e istruita.",
        "reasons": "Assensi, uno per silenzio.",
        "positions": positions,
        "replaced_acts": [{ "body": BODY, "act": "titolo-edilizio", "text": "Titolo edilizio" }],
        "efficacy": "Immediata.", "remedies": "Ricorso al TAR entro 60 giorni.",
    });
    story.sent("lead", "FinalDetermination", &json!({ "outcome": "positive" }), Some(conclusion), &[]);
    story.both("the conference is concluded", |node| {
        let shown = story.json(node, &["conference", "show", &story.conference], "the conference");
        shown.to_string().contains("concluded_positive") && story.status(node, SABAP) == "implied_assent"
    });

    let folder = story.federation.path("export");
    let exported =
        story.federation.run("lead", &["conference", "export", &story.conference, folder.to_str().unwrap()]);
    assert_eq!(exported.code, 0, "{}", exported.err);
    let verified = story.federation.run("lead", &["verify", folder.to_str().unwrap()]);
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
    assert!(lead.stop().success() && body.stop().success());
}

#[test]
fn a_bare_dissent_is_written_as_it_came() {
    let mut story = Story::new();
    let notice = story.open(); // no node runs: orders are carried out on the store
    story.clock(SignedDuration::from_hours(2));
    story.record(PROVINCIA, "sent", &story.at(SignedDuration::from_hours(1)), Some(&notice));
    let came = story.record(PROVINCIA, "received", &story.at(SignedDuration::from_hours(1)), None);
    let dissent = json!({ "position": "surmountable_dissent" });
    let as_own = story.send("body", "Determination", &dissent, determination(), &[]);
    assert_ne!(as_own.code, 0, "a node's own act has its requisites");
    let written = story.send(
        "lead",
        "Determination",
        &dissent,
        determination(),
        &["--on-behalf-of", PROVINCIA, "--evidence", &came],
    );
    assert_eq!(written.code, 0, "{}", written.err);
    let warnings = written.json()["warnings"].to_string();
    assert!(warnings.contains("procedure.warn.behalf_defective"), "{warnings}");
    assert_eq!(story.status("lead", PROVINCIA), "surmountable_dissent", "it never becomes silence");
}
