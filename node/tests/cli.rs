//! The `concerto` program from outside: what it answers, with which exit code, to people and to programs (ARCHITECTURE.md, hop 1).
//!
//! Properties: every exit code has its cause; nothing is overwritten; a wrong configuration is told whole; two nodes that were set up
//! with `init` hold a conference; an order given to a node that does not run is kept and leaves later; a refusal names its norm; what
//! officials read is short, in their language, and the same facts go to programs as JSON. It would catch a command that
//! succeeds silently, a second writer on one store, and text that only its author understands.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stop at the first surprise"
)]

mod support;

use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use support::{BODY, Control, Done, Federation, eventually, program, signatory, text};

/// Widest line of text for people, in characters.
const COLUMNS_MAX: usize = 110;

fn concerto(arguments: &[&str]) -> Done {
    Done::of(Command::new(program()).args(arguments).env_remove("CONCERTO_HOME"))
}

/// A command of the lead as JSON.
fn told(federation: &Federation, arguments: &[&str]) -> Value {
    let done = federation.run("lead", &[&["--format", "json"], arguments].concat());
    assert_eq!(done.code, 0, "{arguments:?}: {}", done.err);
    done.json()
}

/// A command of the lead as people read it.
fn read(federation: &Federation, arguments: &[&str]) -> String {
    let done = federation.run("lead", arguments);
    assert_eq!(done.code, 0, "{arguments:?}: {}", done.err);
    for line in done.out.lines() {
        assert!(line.chars().count() <= COLUMNS_MAX, "{arguments:?}: too wide: {line}");
    }
    done.out
}

/// Sends an act as JSON; gives the finished command.
fn send(
    federation: &Federation,
    node: &str,
    conference: &str,
    act: &str,
    facts: &Value,
    more: &[&str],
) -> Done {
    let path = federation.file(&format!("{act}.json"), facts);
    let begin = ["--format", "json", "act", "send", conference, act, "--facts", path.to_str().unwrap()];
    federation.run(node, &[&begin[..], more].concat())
}

fn with_body(federation: &Federation, act: &str, body: &Value) -> String {
    federation.file(&format!("{act}-body.json"), body).to_str().unwrap().to_owned()
}

#[test]
fn help_is_given_in_both_languages_and_wrong_usage_is_told() {
    for arguments in
        [&["--help"][..], &["init", "--help"], &["conference", "--help"], &["act", "send", "--help"]]
    {
        let done = concerto(arguments);
        assert_eq!(done.code, 0);
        assert!(done.err.is_empty());
        assert!(done.out.contains('·'), "Italian and English: {}", done.out);
    }
    let help = concerto(&["--help"]).out;
    for command in ["init", "serve", "demo", "conference", "act", "inbox", "outbox", "verify"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is not in {help}");
    }
    assert!(help.contains("Codici di uscita") && help.contains("exit codes"));
    assert!(concerto(&["--version"]).out.starts_with("concerto "));
    for wrong in
        [&[][..], &["serv"], &["conference", "show"], &["inbox", "--limit", "x"], &["--lang", "fr", "inbox"]]
    {
        let done = concerto(wrong);
        assert_eq!(done.code, 2, "{wrong:?}");
        assert!(!done.err.is_empty());
    }
}

#[test]
fn init_refuses_to_overwrite_keys() {
    let federation = Federation::new();
    let keys = ["message.pem", "federation.pem", "peer.pem", "certificates.pem", "bundle.json"];
    let bytes = || keys.map(|key| std::fs::read(federation.path("lead").join("keys").join(key)).unwrap());
    let anchor = || std::fs::read(federation.path("anchor/federation.toml")).unwrap();
    let before = (bytes(), anchor());

    let same = federation.init("lead", support::LEAD, "Di nuovo");
    assert_eq!(same.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&same.stderr).contains("init.member"));
    let another = federation.init("lead", "p_mc/TEST003", "Un altro ente");
    assert_eq!(another.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&another.stderr).contains("init.exists"));
    assert_eq!((bytes(), anchor()), before, "neither keys nor federation changed");

    for key in ["message.pem", "federation.pem", "peer.pem"] {
        use std::os::unix::fs::PermissionsExt;
        let mode =
            std::fs::metadata(federation.path("lead").join("keys").join(key)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
}

#[test]
fn every_problem_of_a_configuration_is_told_at_once() {
    let federation = Federation::new();
    let change = |file: &str, from: &str, to: &str| {
        let path = federation.path("lead").join(file);
        let found = std::fs::read_to_string(&path).unwrap();
        assert!(found.contains(from), "{from} is not in {file}");
        std::fs::write(path, found.replacen(from, to, 1)).unwrap();
    };
    change("node.toml", "language = ", "langage = ");
    change("node.toml", "in_flight = 64", "in_flight = 0");
    change("federation.toml", "training = true", "training = 1");

    for (lang, word) in [("it", "errore config."), ("en", "error config.")] {
        let done = federation.run("lead", &["--lang", lang, "serve"]);
        assert_eq!(done.code, 3, "{}", done.err);
        assert_eq!(done.err.lines().filter(|line| line.starts_with(word)).count(), 3, "{}", done.err);
        for place in ["[node].langage", "[delivery].in_flight", "federation.toml"] {
            assert!(done.err.contains(place), "{place}: {}", done.err);
        }
    }
    assert!(
        federation.run("lead", &["--lang", "it", "inbox"]).err.contains("la chiave `langage` non esiste")
    );
    assert!(federation.run("lead", &["--lang", "en", "inbox"]).err.contains("there is no key `langage`"));

    let done = federation.run("lead", &["--format", "json", "conference", "list"]);
    assert_eq!(done.code, 3);
    assert_eq!(done.error()["exit"], 3);
    let mut codes = done.codes();
    codes.sort();
    assert_eq!(codes, ["config.key.unknown", "config.range", "config.type"]);
    assert_eq!(concerto(&["--home", "/does/not/exist", "inbox"]).code, 3);
}

#[test]
fn a_node_that_never_ran_has_nothing_and_says_so() {
    let federation = Federation::new();
    assert!(read(&federation, &["conference", "list"]).contains("Nessuna conferenza"));
    assert!(read(&federation, &["inbox"]).contains("Nessun messaggio"));
    assert!(read(&federation, &["outbox"]).contains("Nulla attende"));
    assert_eq!(told(&federation, &["outbox"]), json!({ "waiting": [] }));
}

#[test]
fn a_second_node_on_the_same_folder_is_refused() {
    let federation = Federation::new();
    let first = federation.serve("lead");
    assert!(first.announced.contains("\"ready\":true"));
    let second = federation.run("lead", &["--format", "json", "serve"]);
    assert_eq!(second.code, 4);
    assert_eq!(second.codes(), ["store.held"]);
    let text = federation.run("lead", &["--lang", "it", "serve"]).err;
    assert!(text.contains("un altro processo"), "{text}");
    // the first one was not disturbed, and its socket is still its own
    let mut control = Control::open(&first.socket()).unwrap();
    assert_eq!(control.order(&json!({ "order": "ping" })).unwrap()["reply"], "pong");
    assert_eq!(control.order(&json!({ "order": "stop" })).unwrap()["reply"], "stopping");
    let mut first = first;
    assert!(first.ended(support::PATIENCE).expect("an order stops the node").success());
}

#[test]
fn an_order_given_to_a_node_that_does_not_run_leaves_when_it_runs() {
    let federation = Federation::new();
    let (conference, notice) = federation.open(); // no node runs
    let waiting = told(&federation, &["outbox"]);
    assert_eq!(waiting["waiting"][0]["message"], json!(notice));
    assert_eq!(waiting["waiting"][0]["peer"], json!(BODY));
    assert!(read(&federation, &["outbox"]).contains("Comune di prova"));

    // waiting for receipts makes no sense then: the act is stored, said to be stored, and stored once
    let facts = json!({ "ground": "archived" });
    let closed = send(
        &federation,
        "lead",
        &conference,
        "Closure",
        &facts,
        &["--wait", "--body", &closure_body(&federation)],
    );
    assert_eq!(closed.code, 0, "{}", closed.err);
    assert_eq!(text(&closed.json()["warnings"][0], "code"), "node.not-running");
    assert_eq!(told(&federation, &["outbox"])["waiting"].as_array().unwrap().len(), 2);

    let (lead, body) = (federation.serve("lead"), federation.serve("body"));
    eventually("the notice is receipted", || told(&federation, &["outbox"]) == json!({ "waiting": [] }));
    eventually("nothing waits for a receipt", || {
        read(&federation, &["outbox"]).contains("Nulla attende una ricevuta.")
    });
    let inbox = federation.run("body", &["--format", "json", "inbox"]).json();
    let messages = inbox["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2);
    assert!(messages.iter().any(|received| received["message"] == json!(notice)));
    assert!(messages.iter().all(|received| received["conference"] == json!(conference)));
    assert!(federation.run("body", &["inbox"]).out.contains("Indizione"));
    assert!(lead.stop().success());
    assert!(body.stop().success());
}

#[test]
fn an_application_is_recorded_before_any_notice_and_its_silent_grant_is_certified() {
    let federation = Federation::new();
    let application = federation.file("application.txt", &json!("Istanza di prova"));
    let facts = json!({
        "from": "applicant", "received_on": "2026-01-12", "sector": "electronic_works", "works": "crossing",
    });
    let facts = federation.file("request.json", &facts);
    let body = json!({
        "schema": "urn:concerto:schema:body:convening-request:1", "language": "it", "subject": "Istanza",
        "reference": "Istanza n. 12 (di prova)", "signatory": signatory(),
    });
    let body = with_body(&federation, "ConveningRequest", &body);
    let reply = told(
        &federation,
        &[
            "conference",
            "open",
            "--request",
            "--facts",
            facts.to_str().unwrap(),
            "--body",
            &body,
            "--document",
            application.to_str().unwrap(),
        ],
    );
    let conference = text(&reply, "conference");
    let body = json!({
        "schema": "urn:concerto:schema:body:silent-grant-certificate:1", "language": "it", "subject": "Attestazione",
        "reference": "Istanza n. 12 (di prova)", "object": "Attraversamento.", "signatory": signatory(),
    });
    let body = with_body(&federation, "SilentGrantCertificate", &body);
    let certify = |expired_on: &str| {
        let facts = json!({ "expired_on": expired_on });
        send(&federation, "lead", &conference, "SilentGrantCertificate", &facts, &["--body", &body])
    };
    let wrong = certify("2026-02-11");
    assert_eq!((wrong.code, wrong.codes()), (1, vec!["procedure.grant_facts_differ".to_owned()]));
    let certified = certify("2026-01-22");
    assert_eq!(certified.code, 0, "ten days for a crossing: {}", certified.err);
    assert_eq!(text(&certified.json()["warnings"][0], "code"), "procedure.warn.certificate_late");
    assert!(read(&federation, &["conference", "show", &conference]).contains("accolta per silenzio"));
    let again = certify("2026-01-22");
    assert_eq!((again.code, again.codes()), (1, vec!["procedure.already_granted".to_owned()]));
}

#[test]
fn an_act_goes_on_paper_and_overwrites_nothing() {
    let federation = Federation::new();
    let (conference, notice) = federation.open();
    let (file, same) = (federation.path("notice.pdf"), federation.path("again.pdf"));
    let pdf = |message: &str, file: &Path| {
        let arguments =
            ["--format", "json", "act", "pdf", &conference, message, "-o", file.to_str().unwrap()];
        federation.run("lead", &arguments)
    };
    let written = pdf(&notice, &file);
    assert_eq!(written.code, 0, "{}", written.err);
    assert_eq!((text(&written.json(), "message"), &written.json()["missing"]), (notice.clone(), &json!([])));
    assert_eq!(pdf(&notice[..12], &same).code, 0);
    let bytes = std::fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"%PDF-1.7"));
    assert_eq!(bytes, std::fs::read(&same).unwrap(), "the same act, the same bytes");

    let again = pdf(&notice, &file);
    assert_eq!((again.code, again.codes()), (2, vec!["act.output.exists".to_owned()]));
    for unknown in ["", "x", &conference] {
        let done = pdf(unknown, &federation.path("none.pdf"));
        assert_eq!((done.code, done.codes()), (2, vec!["act.unknown".to_owned()]), "{unknown}");
    }
    assert!(!federation.path("none.pdf").exists());
}

fn closure_body(federation: &Federation) -> String {
    let body = json!({
        "schema": "urn:concerto:schema:body:closure:1", "language": "it", "subject": "Archiviazione",
        "reasons": "Prova.", "signatory": signatory(),
    });
    with_body(federation, "Closure", &body)
}

#[test]
fn two_nodes_hold_a_conference_and_a_refusal_names_its_norm() {
    let federation = Federation::new();
    let (conference, _) = federation.open();
    let (_lead, _body) = (federation.serve("lead"), federation.serve("body"));
    eventually("the body holds the notice", || {
        !federation.run("body", &["--format", "json", "inbox"]).json()["messages"]
            .as_array()
            .unwrap()
            .is_empty()
    });
    let short = &conference.rsplit('/').next().unwrap()[..8];

    // the law is asked before anything is signed
    let early = send(&federation, "lead", short, "ImpliedAssent", &json!({ "body": BODY }), &[]);
    assert_eq!(early.code, 1, "{}", early.err);
    assert!(text(&early.error()["error"][0], "norm").contains("14-bis"), "{}", early.err);
    let stranger = send(&federation, "body", short, "Closure", &json!({ "ground": "archived" }), &[]);
    assert_eq!(
        (stranger.code, stranger.codes().len()),
        (1, 1),
        "only the procedente closes: {}",
        stranger.err
    );

    let request = request_and_suspend(&federation, short);
    let again = suspend(&federation, short, &request);
    assert_eq!(again.code, 1, "a second suspension");
    assert!(text(&again.error()["error"][0], "norm").contains("art. 2 c. 7"), "{}", again.err);
    let path = federation.file("again.json", &json!({ "days": 10, "requests": [request] }));
    let people = federation.run(
        "lead",
        &["--lang", "it", "act", "send", short, "Suspension", "--facts", path.to_str().unwrap()],
    );
    assert!(
        people.err.starts_with("errore ") && people.err.contains("[L. 241/1990 art. 2 c. 7]"),
        "{}",
        people.err
    );

    views(&federation, &conference, short);
}

/// The body asks for integrations, the lead takes the request in charge and suspends once; gives the request.
fn request_and_suspend(federation: &Federation, short: &str) -> String {
    let body = json!({
        "schema": "urn:concerto:schema:body:integration-request:1", "language": "it", "subject": "Richiesta",
        "reasons": "Mancano due elaborati.", "items": [{ "number": 1, "text": "Relazione." }], "signatory": signatory(),
    });
    let body = with_body(federation, "IntegrationRequest", &body);
    let facts = json!({ "items": 1, "facts_of_art_2_c_7": true });
    let sent = send(federation, "body", short, "IntegrationRequest", &facts, &["--body", &body, "--wait"]);
    assert_eq!(sent.code, 0, "{}", sent.err);
    let request = text(&sent.json(), "message");
    eventually("the lead takes the request in charge", || {
        told(federation, &["inbox"])["messages"][0]["taken"] == json!(true)
    });
    let done = suspend(federation, short, &request);
    assert_eq!(done.code, 0, "{}", done.err);
    request
}

fn suspend(federation: &Federation, short: &str, request: &str) -> Done {
    let body = json!({
        "schema": "urn:concerto:schema:body:suspension:1", "language": "it", "subject": "Sospensione",
        "reasons": "Su richiesta del Comune.", "items": [{ "number": 1, "text": "Relazione." }], "signatory": signatory(),
    });
    let body = with_body(federation, "Suspension", &body);
    send(
        federation,
        "lead",
        short,
        "Suspension",
        &json!({ "days": 10, "requests": [request] }),
        &["--body", &body, "--wait"],
    )
}

/// What officials and programs see of the conference after the suspension.
fn views(federation: &Federation, conference: &str, short: &str) {
    let list = read(federation, &["conference", "list"]);
    assert!(list.contains(short) && list.contains("Regione di prova"), "{list}");
    assert_eq!(told(federation, &["conference", "list"])["conferences"][0]["conference"], json!(conference));

    let show = read(federation, &["conference", "show", short]);
    for word in
        ["Regione di prova", "Comune di prova", "Termini", "sospensione", "L. 241/1990", "Indizione di prova"]
    {
        assert!(show.contains(word), "{word} is not in\n{show}");
    }
    let english = read(federation, &["--lang", "en", "conference", "show", short]);
    assert!(english.contains("Terms") && !english.contains("Termini"), "{english}");
    assert_eq!(told(federation, &["conference", "show", short])["conference"], json!(conference));

    let timeline = read(federation, &["conference", "timeline", short]);
    for word in ["Indizione", "Richiesta di integrazioni", "Sospensione", "nel termine"] {
        assert!(timeline.contains(word), "{word} is not in\n{timeline}");
    }
    let acts = told(federation, &["conference", "timeline", short])["acts"].clone();
    let types: Vec<String> = acts.as_array().unwrap().iter().map(|act| text(act, "type")).collect();
    assert_eq!(types, ["Notice", "IntegrationRequest", "Suspension"]);
    assert!(read(federation, &["inbox"]).contains("Richiesta di integrazioni"));
}

#[test]
fn what_cannot_be_done_is_refused_with_its_reason() {
    let federation = Federation::new();
    let (conference, _) = federation.open();
    let unknown = federation.run("lead", &["--format", "json", "conference", "show", "ffffffff"]);
    assert_eq!((unknown.code, unknown.codes()), (2, vec!["conference.unknown".to_owned()]));
    assert!(
        federation.run("lead", &["conference", "show", "ffffffff"]).err.contains("concerto conference list")
    );

    let kind = send(&federation, "lead", &conference, "Nothing", &json!({}), &[]);
    assert_eq!((kind.code, kind.codes()), (2, vec!["act.type".to_owned()]));
    let facts = send(&federation, "lead", &conference, "Closure", &json!({ "ground": "no reason" }), &[]);
    assert_eq!((facts.code, facts.codes()), (2, vec!["act.facts".to_owned()]));

    let large = federation.path("large.pdf");
    std::fs::write(&large, vec![b'x'; 8 * 1024 * 1024 + 1]).unwrap();
    let fits = federation.path("fits.pdf");
    std::fs::write(&fits, vec![b'x'; 8 * 1024 * 1024]).unwrap();
    let record = json!({ "party": "applicant", "direction": "sent", "channel": "pec" });
    let give = |document: &Path| {
        send(
            &federation,
            "lead",
            &conference,
            "RecordedExchange",
            &record,
            &["--document", document.to_str().unwrap()],
        )
    };
    assert_eq!((give(&large).code, give(&fits).code), (0, 0), "documents of any size travel");
    // inside an order they have a bound
    let bytes = data_encoding::BASE64.encode(&std::fs::read(&large).unwrap());
    let order = json!({
        "order": "send", "conference": conference, "body": null, "body_audience": "participants",
        "act": { "type": "RecordedExchange", "facts": {
            "party": "applicant", "direction": "sent", "channel": "pec", "at": "2026-01-02T03:04:05Z" } },
        "documents": [{ "media_type": "application/pdf", "audience": "participants", "bytes": bytes }],
    });
    let serving = federation.serve("lead");
    let refused = Control::open(&serving.socket()).unwrap().order(&order).unwrap();
    assert_eq!(refused["fault"]["code"], "document.too-large", "{refused}");
    assert!(serving.stop().success());
    assert_eq!(give(&federation.path("missing.pdf")).code, 4);
}

#[test]
fn a_virtual_clock_is_for_training_only() {
    let federation = Federation::new();
    let clock = federation.path("clock");
    std::fs::write(&clock, "2027-03-01T08:00:00Z").unwrap();
    std::fs::write(federation.path("lead/virtual-clock"), clock.to_str().unwrap()).unwrap();
    let training = federation.serve("lead");
    assert!(training.stop().success());

    let file = federation.path("lead/federation.toml");
    let real = std::fs::read_to_string(&file).unwrap().replacen("training = true", "training = false", 1);
    std::fs::write(&file, real).unwrap();
    let done = federation.run("lead", &["--format", "json", "serve"]);
    assert_eq!((done.code, done.codes()), (3, vec!["clock.not-training".to_owned()]));
}
