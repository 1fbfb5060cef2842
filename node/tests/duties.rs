//! Duties and reminders from outside: the command line, the API, and mail over a real SMTP exchange on loopback.
//!
//! ```text
//! lead ══libp2p══ body ──SMTP──> a small server of this test
//! ```
//!
//! Properties: command line and API tell the same, soonest first, with the date of the term; what was done goes; a digest leaves once a day,
//! also across restarts, to the official and the substitute of the day, and names nobody; a server that takes nothing is an alarm.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stop at the first surprise"
)]

mod support;

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use support::{BODY, Federation, LEAD, Serving, eventually, free_port, program, signatory, text};

/// What a mail server took: recipients and the bytes of each mail.
type Taken = Arc<Mutex<Vec<(Vec<String>, Vec<u8>)>>>;

fn mail_server() -> (u16, Taken) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let taken = Taken::default();
    let keeps = taken.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let _ = one_mail(stream, &keeps); // the client may be gone
        }
    });
    (port, taken)
}

fn one_mail(mut stream: TcpStream, taken: &Taken) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    stream.write_all(b"220 test\r\n")?;
    let (mut to, mut mail, mut in_data) = (Vec::new(), Vec::new(), false);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 {
        let given = std::mem::take(&mut line);
        if in_data {
            if given != ".\r\n" {
                mail.extend_from_slice(given.as_bytes());
                continue;
            }
            taken.lock().unwrap().push((std::mem::take(&mut to), std::mem::take(&mut mail)));
        }
        if let Some(address) = given.strip_prefix("RCPT TO:") {
            to.push(address.trim().trim_matches(['<', '>']).to_owned());
        }
        in_data = given.starts_with("DATA");
        let answer: &[u8] = if in_data { b"354 go on\r\n" } else { b"250 yes\r\n" };
        stream.write_all(answer)?;
    }
    Ok(())
}

/// Turns reminders on in a node's configuration: from midnight, on every day, far ahead.
fn with_mail(federation: &Federation, node: &str, port: u16) {
    let file = federation.path(node).join("node.toml");
    let mut configured = std::fs::read_to_string(&file).unwrap();
    let at = configured.find("[mail]").unwrap();
    let mut mail = configured.split_off(at);
    for (from, to) in [
        ("host = \"\"", "host = \"127.0.0.1\"".to_owned()),
        ("port = 587", format!("port = {port}")),
        ("tls = \"starttls\"", "tls = \"none\"".to_owned()),
        ("from = \"\"", "from = \"concerto@ente.example\"".to_owned()),
        ("hour = 8", "hour = 0".to_owned()),
        ("working_days_only = true", "working_days_only = false".to_owned()),
        ("days_before = 5", "days_before = 60".to_owned()),
    ] {
        assert!(mail.contains(from), "{from}");
        mail = mail.replacen(from, &to, 1);
    }
    let official = "\n[[official]]\nrole = \"Responsabile\"\naddress = \"resp@ente.example\"\n\n[[official.substitute]]\n\
        address = \"ora@ente.example\"\n\n[[official.substitute]]\naddress = \"allora@ente.example\"\nto = \"2020-01-01\"\n";
    std::fs::write(&file, format!("{configured}{mail}{official}")).unwrap();
}

fn duties(federation: &Federation, node: &str, more: &[&str]) -> Vec<Value> {
    let done = federation.run(node, &[&["--format", "json", "duties"], more].concat());
    assert_eq!(done.code, 0, "{}", done.err);
    done.json()["duties"].as_array().unwrap().clone()
}

fn tasks(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| text(&row["duty"], "task")).collect()
}

fn determination_due(federation: &Federation) -> Option<String> {
    let rows = duties(federation, "body", &[]);
    let row = rows.iter().find(|row| row["duty"]["task"] == json!("determine"))?;
    row["reference"].as_str()?; // the text of the notice comes after the notice
    row["duty"]["due"]["strict"].as_str().map(str::to_owned)
}

/// The text of a mail, decoded.
fn decoded(mail: &[u8]) -> (String, String) {
    let parsed = mail_parser::MessageParser::default().parse(mail).unwrap();
    (parsed.subject().unwrap().to_owned(), parsed.body_text(0).unwrap().into_owned())
}

#[test]
fn command_line_and_api_tell_what_is_to_be_done_until_it_is() {
    let federation = Federation::new();
    let none = federation.run("body", &["duties"]);
    assert_eq!((none.code, none.out.trim()), (0, "Nessun adempimento."));
    let port = free_port();
    let file = federation.path("body").join("node.toml");
    let configured = std::fs::read_to_string(&file).unwrap();
    let api = configured.replacen("\nlisten = \"\"\n", &format!("\nlisten = \"127.0.0.1:{port}\"\n"), 1);
    std::fs::write(&file, api).unwrap();
    let made =
        federation.run("body", &["--format", "json", "token", "add", "--label", "prova", "--scope", "read"]);
    let token = text(&made.json(), "token");
    let (lead, body) = (federation.serve("lead"), federation.serve("body"));
    let (conference, _) = federation.open();
    eventually("the body's term runs", || determination_due(&federation).is_some());

    let shown = federation.run("body", &["--format", "json", "conference", "show", &conference]).json();
    let terms = shown["view"]["terms"].as_array().unwrap();
    let term =
        terms.iter().find(|t| t["kind"] == json!("determination") && t["body"] == json!(BODY)).unwrap();
    assert_eq!(Some(text(term, "strict")), determination_due(&federation), "the date of the term");
    let rows = duties(&federation, "body", &[]);
    assert_eq!(tasks(&rows), ["request-integration", "determine"], "soonest first");
    assert_eq!(
        (text(&rows[1], "reference"), text(&rows[1], "standing")),
        ("istanza di prova".into(), "open".into())
    );
    assert_eq!(text(&rows[1]["duty"], "consequence"), "implied-assent");
    assert_eq!(duties(&federation, "body", &["--days", "1"]), Vec::<Value>::new());
    let all = duties(&federation, "body", &["--all"]);
    assert!(all.iter().any(|row| row["duty"]["who"] == json!(LEAD)), "{all:?}");
    let readable = federation.run("body", &["duties"]);
    assert!(readable.out.contains("Rendere la determinazione · rif. istanza di prova"), "{}", readable.out);
    assert!(readable.out.contains("il silenzio vale assenso"), "{}", readable.out);

    let (first, rest) = (api_duties(port, &token, "?limit=1"), api_duties(port, &token, ""));
    assert_eq!(rest["duties"], json!(rows), "the API tells the same");
    assert_eq!(first["duties"], json!(rows[..1]));
    let next = api_duties(port, &token, &format!("?cursor={}", text(&first, "next")));
    assert_eq!(next["duties"], json!(rows[1..]));

    let act = federation.file("assent.json", &json!({ "position": "assent" }));
    let words = federation.file("assent-body.json", &assent_body());
    let sent = federation.run(
        "body",
        &[
            "act",
            "send",
            &conference,
            "Determination",
            "--facts",
            act.to_str().unwrap(),
            "--body",
            words.to_str().unwrap(),
        ],
    );
    assert_eq!(sent.code, 0, "{}", sent.err);
    eventually("the determination is taken in charge", || duties(&federation, "body", &[]).is_empty());
    eventually("the lead is to conclude", || {
        let rows = duties(&federation, "lead", &[]);
        rows.iter().any(|row| row["duty"]["task"] == json!("conclude") && row["duty"]["ready"] == json!(true))
    });
    assert!(lead.stop().success() && body.stop().success());
    let from_the_store = duties(&federation, "body", &["--all"]);
    assert!(from_the_store.iter().any(|row| row["standing"] == json!("done")), "{from_the_store:?}");
}

fn assent_body() -> Value {
    json!({
        "schema": "urn:concerto:schema:body:determination:1",
        "language": "it",
        "subject": "Assenso",
        "reasons": "Nulla osta.",
        "signatory": signatory(),
    })
}

fn api_duties(port: u16, token: &str, query: &str) -> Value {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!(
        "GET /v1/duties{query} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {answer}"))
}

#[test]
fn a_digest_leaves_once_a_day_and_names_nobody() {
    let federation = Federation::new();
    let (port, taken) = mail_server();
    let (lead, body) = (federation.serve("lead"), federation.serve("body"));
    federation.open();
    eventually("the body's term runs", || determination_due(&federation).is_some());
    assert!(body.stop().success());
    with_mail(&federation, "body", port);
    let body = federation.serve("body");
    let count = || taken.lock().unwrap().len();
    eventually("the digest comes", || count() == 1);
    let (to, mail) = taken.lock().unwrap()[0].clone();
    assert_eq!(to, ["resp@ente.example", "ora@ente.example"], "the official, and who stands in today");
    let (subject, words) = decoded(&mail);
    assert_eq!(subject, "Concerto: 2 adempimenti, 0 scaduti");
    for part in ["rendere la determinazione", "istanza di prova", "entro ", "concerto duties"] {
        assert!(words.contains(part), "{part} in\n{words}");
    }
    for personal in ["Condominio", "Dirigente", "Indizione di prova", "Assenso a un'opera"] {
        assert!(!words.contains(personal), "{personal} in\n{words}");
    }
    assert!(body.stop().success());
    let body = federation.serve("body");
    let tested = federation.run("body", &["mail", "test", "--role", "Responsabile"]);
    assert_eq!(tested.code, 0, "{}", tested.err);
    eventually("the test mail comes", || count() == 2);
    assert_eq!(decoded(&taken.lock().unwrap()[1].1).0, "Concerto: messaggio di prova");
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(count(), 2, "no second digest after a restart");
    let unknown = federation.run("body", &["--format", "json", "mail", "test", "--role", "Nessuno"]);
    assert_eq!((unknown.code, unknown.codes()), (2, vec!["mail.role".to_owned()]));
    assert!(lead.stop().success() && body.stop().success());
}

#[test]
fn a_server_that_takes_nothing_is_an_alarm_and_no_duty_is_lost() {
    let federation = Federation::new();
    let (lead, body) = (federation.serve("lead"), federation.serve("body"));
    federation.open();
    eventually("the body's term runs", || determination_due(&federation).is_some());
    assert!(body.stop().success());
    with_mail(&federation, "body", free_port());
    let home = federation.path("body");
    let mut command = Command::new(program());
    command.arg("--home").arg(&home).args(["--format", "json", "--lang", "it", "serve"]);
    command.env("CONCERTO_MAIL_PAUSE_MS", "1");
    let body = Serving::of(command, &home);
    eventually("the alarm", || {
        let inbox = federation.run("body", &["--format", "json", "inbox"]).json();
        let alarms = inbox["alarms"].as_array().unwrap().clone();
        alarms.iter().any(|alarm| alarm["code"] == json!("mail.failed"))
    });
    let inbox = federation.run("body", &["inbox"]).out;
    assert!(inbox.contains("mail.failed") && !inbox.contains("resp@ente.example"), "{inbox}");
    assert!(determination_due(&federation).is_some());
    assert!(lead.stop().success() && body.stop().success());
}
