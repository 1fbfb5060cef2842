//! The local API from outside: the real program, real HTTP over loopback, and the answers compared with the OpenAPI document.
//!
//! ```text
//! this test ──HTTP──> lead (API) ══libp2p══ body (API) <──HTTP── this test
//! ```
//!
//! Properties: nothing without a token of the right scope; an order has one effect however often it comes, also when the node dies between
//! commit and answer; what the API shows is what the command line shows; events are told once, in order, and again from where a
//! reader left off; a webhook is told at least once, signed; a name that is not ours, a large body and a strange method are refused. It
//! would catch an idempotency key that is kept in memory, a scope checked after the work, and a stream that loses what came in between.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stop at the first surprise"
)]

mod support;

#[path = "api/answers.rs"]
mod answers;
#[path = "api/documents.rs"]
mod documents;
#[path = "api/limits.rs"]
mod limits;

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use support::{
    BODY, Federation, PATIENCE, Serving, eventually, free_port, notice_body, notice_facts, signatory, text,
};

/// An answer over HTTP.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
    fn code(&self) -> String {
        assert!(self.head.contains("application/problem+json"), "{self:?}");
        text(&self.json(), "code")
    }
    fn header(&self, name: &str) -> Option<String> {
        let wanted = format!("{name}:");
        let found = self.head.lines().find(|line| line.to_ascii_lowercase().starts_with(&wanted))?;
        Some(found[wanted.len()..].trim().to_owned())
    }
}

/// One node's API, asked by a client of this test's own.
struct Api {
    port: u16,
    token: String,
}

impl Api {
    /// Turns the API on in a node's configuration and makes a token; the node must then be started.
    fn prepare(federation: &Federation, node: &str, scopes: &str) -> Self {
        let port = free_port();
        let file = federation.path(node).join("node.toml");
        let configured = std::fs::read_to_string(&file).unwrap();
        assert!(configured.contains("\nlisten = \"\"\n"));
        std::fs::write(
            &file,
            configured.replace("\nlisten = \"\"\n", &format!("\nlisten = \"127.0.0.1:{port}\"\n")),
        )
        .unwrap();
        Self { port, token: token(federation, node, scopes) }
    }

    fn raw(&self, request: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request)?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn try_call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<Answer> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            head.push_str(&format!("host: 127.0.0.1:{}\r\n", self.port));
        }
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            head.push_str(&format!("authorization: Bearer {}\r\n", self.token));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        let bytes = self.raw(&[head.as_bytes(), body].concat())?;
        let end =
            bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = &bytes[end + 4..];
        let body = if head.contains("transfer-encoding: chunked") { unchunked(body) } else { body.to_vec() };
        Ok(Answer { status, head, body })
    }

    fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_call(method, path, headers, body).unwrap()
    }

    fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], b"")
    }

    fn shown(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    fn order(&self, path: &str, key: &str, order: &Value) -> Answer {
        let headers =
            [("content-type", "application/json"), ("idempotency-key", key), ("accept-language", "en")];
        self.call("POST", path, &headers, order.to_string().as_bytes())
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        whole.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    whole
}

fn token(federation: &Federation, node: &str, scopes: &str) -> String {
    let done = federation.run(
        node,
        &["--format", "json", "token", "add", "--label", "prova", "--scope", scopes, "--days", "1"],
    );
    assert_eq!(done.code, 0, "{}", done.err);
    text(&done.json(), "token")
}

fn encoded(conference: &str) -> String {
    conference.replace('/', "%2F")
}

fn opening() -> Value {
    json!({ "facts": notice_facts(), "body": notice_body() })
}

fn determination() -> Value {
    let body = json!({
        "schema": "urn:concerto:schema:body:determination:1", "language": "it", "subject": "Assenso",
        "reasons": "Nulla osta.", "signatory": signatory(),
    });
    json!({ "type": "Determination", "facts": { "position": "assent" }, "body": body })
}

#[test]
fn nothing_is_given_without_a_token_of_the_scope() {
    let federation = Federation::new();
    let api = Api::prepare(&federation, "lead", "read");
    let _lead = federation.serve("lead");
    assert_eq!(api.call("GET", "/v1/health", &[("authorization", "")], b"").status, 200);
    assert_eq!(api.shown("/v1/node")["writer"], json!(support::LEAD));
    for (authorization, status, code) in [
        ("", 401, "token.missing"),
        ("Basic dXRlbnRlOnNlZ3JldG8=", 401, "token.missing"),
        ("Bearer concerto_000000000000_AAAA", 401, "token.invalid"),
        ("Bearer x", 401, "token.invalid"),
    ] {
        let answer = api.call("GET", "/v1/conferences", &[("authorization", authorization)], b"");
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{authorization}");
        assert!(answer.header("www-authenticate").is_some());
    }
    for (method, path) in [
        ("POST", "/v1/conferences"),
        ("POST", "/v1/conferences/x/acts"),
        ("POST", "/v1/uploads"),
        ("GET", "/v1/tokens"),
        ("GET", "/v1/transfers"),
        ("GET", "/v1/peers"),
        ("DELETE", "/v1/tokens/000000000000"),
        ("GET", "/v1/webhooks"),
        ("GET", "/v1/conferences/x/export"),
        ("GET", "/v1/conferences/x/documents"),
    ] {
        let answer = api.call(method, path, &[("content-type", "application/json")], b"{}");
        assert_eq!((answer.status, answer.code().as_str()), (403, "token.scope"), "{method} {path}");
    }
    let secret = api.token.rsplit_once('_').unwrap().1;
    let log = std::fs::read_to_string(federation.path("lead").join("stderr.txt")).unwrap();
    assert!(!log.contains(secret));

    let id = api.token.split('_').nth(1).unwrap();
    assert_eq!(federation.run("lead", &["token", "revoke", id]).code, 0);
    eventually("a revoked token is refused", || api.get("/v1/node").status == 401);
    assert!(federation.run("lead", &["token", "list"]).out.contains("Nessun token."));
}

#[test]
fn strange_requests_are_refused_and_the_node_goes_on() {
    let federation = Federation::new();
    let api = Api::prepare(&federation, "lead", "read,write,documents,admin");
    let _lead = federation.serve("lead");
    let code = |answer: &Answer| (answer.status, answer.code());
    for host in ["protocollo.example", "127.0.0.1", "127.0.0.1:1", ""] {
        assert_eq!(
            code(&api.call("GET", "/v1/node", &[("host", host)], b"")),
            (421, "request.host".into()),
            "{host}"
        );
    }
    let local = format!("localhost:{}", api.port);
    assert_eq!(api.call("GET", "/v1/node", &[("host", &local)], b"").status, 200);
    assert_eq!(code(&api.get("/v1/nothing")), (404, "resource.unknown".into()));
    assert_eq!(code(&api.call("PUT", "/v1/conferences", &[], b"")), (405, "request.method".into()));
    assert_eq!(code(&api.get("/v1/conferences?limit=0")), (400, "request.query".into()));
    assert_eq!(code(&api.get("/v1/conferences?limits=1")), (400, "request.query".into()));
    assert_eq!(code(&api.get("/v1/outbox?cursor=x")), (400, "request.cursor".into()));
    assert_eq!(code(&api.get("/v1/conferences/ffffffff")), (404, "conference.unknown".into()));
    let typed = [("content-type", "text/plain"), ("idempotency-key", "a")];
    assert_eq!(code(&api.call("POST", "/v1/conferences", &typed, b"{}")), (415, "request.media-type".into()));
    let unkeyed = [("content-type", "application/json")];
    assert_eq!(
        code(&api.call("POST", "/v1/conferences", &unkeyed, b"{}")),
        (400, "idempotency.missing".into())
    );
    let keyed = [("content-type", "application/json"), ("idempotency-key", "a")];
    assert_eq!(code(&api.call("POST", "/v1/conferences", &keyed, b"{")), (400, "request.syntax".into()));
    let long = format!("GET /v1/node HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "x".repeat(70_000));
    let answer = api.raw(long.as_bytes()).unwrap_or_default();
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(api.get("/v1/node").status, 200, "the node goes on");
    // no page of another site may read an answer
    let asked = api.call(
        "OPTIONS",
        "/v1/node",
        &[("origin", "https://altro.example"), ("access-control-request-method", "GET")],
        b"",
    );
    assert!(asked.header("access-control-allow-origin").is_none());
}

#[test]
fn an_api_on_another_address_is_a_wrong_configuration() {
    let federation = Federation::new();
    let api = Api::prepare(&federation, "lead", "read");
    let file = federation.path("lead").join("node.toml");
    let open =
        std::fs::read_to_string(&file).unwrap().replace(&format!("127.0.0.1:{}", api.port), "0.0.0.0:4080");
    std::fs::write(&file, open).unwrap();
    let done = federation.run("lead", &["serve"]);
    assert_eq!(done.code, 3);
    assert!(done.err.contains("TLS") && done.err.contains("127.0.0.1:4080"), "{}", done.err);
}

#[test]
fn a_conference_may_open_with_the_request_on_record() {
    let federation = Federation::new();
    let lead = Api::prepare(&federation, "lead", "read,write,documents");
    let body = Api::prepare(&federation, "body", "read,write,documents");
    let (_lead, _body) = (federation.serve("lead"), federation.serve("body"));
    let typed = [("content-type", "application/pdf")];
    let upload = lead.call("POST", "/v1/uploads", &typed, b"%PDF-1.7 istanza");
    let started = notice_facts()["started_on"].clone();
    let request = json!({
        "type": "ConveningRequest",
        "facts": { "from": "applicant", "received_on": started },
        "body": {
            "schema": "urn:concerto:schema:body:convening-request:1", "language": "it",
            "subject": "Istanza di prova", "applicant": "Condominio di prova", "reference": "n. 12 (di prova)",
            "signatory": signatory(),
        },
        "documents": [{ "upload": text(&upload.json(), "upload"), "media_type": "application/pdf" }],
    });
    let opened = lead.order("/v1/conferences", "istanza-1", &request);
    assert_eq!(opened.status, 201, "{opened:?}");
    let path = format!("/v1/conferences/{}", encoded(&text(&opened.json(), "conference")));
    assert_eq!(lead.shown(&path)["view"]["phase"], json!("draft"));
    let mut notice = opening();
    notice["type"] = json!("Notice");
    let convened = lead.order(&format!("{path}/acts"), "indizione-1", &notice);
    assert_eq!(convened.status, 201, "{convened:?}");
    eventually("the body holds the notice", || body.get(&path).status == 200);
    let other = json!({ "type": "Closure", "facts": { "ground": "archived" }, "body": {} });
    assert_eq!(lead.order("/v1/conferences", "altro-1", &other).status, 400, "nothing else opens one");
}

#[test]
fn an_order_has_one_effect_and_what_is_shown_is_what_the_command_line_shows() {
    let federation = Federation::new();
    let lead = Api::prepare(&federation, "lead", "read,write,documents");
    let body = Api::prepare(&federation, "body", "read,write,documents");
    let (_lead, _body) = (federation.serve("lead"), federation.serve("body"));

    let opened = lead.order("/v1/conferences", "apertura-1", &opening());
    assert_eq!(opened.status, 201, "{opened:?}");
    let conference = text(&opened.json(), "conference");
    let again = lead.order("/v1/conferences", "apertura-1", &opening());
    assert_eq!((again.status, again.json()), (201, opened.json()));
    assert_eq!(again.header("idempotency-replayed").as_deref(), Some("true"));
    let mut other = opening();
    other["body"]["subject"] = json!("Un'altra indizione");
    let reused = lead.order("/v1/conferences", "apertura-1", &other);
    assert_eq!((reused.status, reused.code().as_str()), (422, "idempotency.reused"));
    assert_eq!(lead.shown("/v1/conferences")["conferences"].as_array().unwrap().len(), 1);

    let path = format!("/v1/conferences/{}", encoded(&conference));
    eventually("the body holds the notice", || body.get(&path).status == 200);
    // eight at the same time, one act
    let acts = format!("{path}/acts");
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let order = || body.order(&acts, "determinazione-1", &determination());
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(order)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(
        answers.iter().all(|answer| answer.status == 201 && answer.json() == answers[0].json()),
        "{answers:?}"
    );
    eventually("the lead may conclude", || lead.shown(&path)["view"]["phase"] == json!("to_decide"));
    let timeline = lead.shown(&format!("{path}/timeline"));
    assert_eq!(timeline["acts"].as_array().unwrap().len(), 2, "{timeline}");

    for (api, command) in [
        ("/v1/conferences".to_owned(), vec!["conference", "list"]),
        (path.clone(), vec!["conference", "show", &conference]),
        (format!("{path}/timeline"), vec!["conference", "timeline", &conference]),
        ("/v1/outbox".to_owned(), vec!["outbox"]),
    ] {
        let told = federation.run("lead", &[&["--format", "json"], &command[..]].concat()).json();
        assert_eq!(lead.shown(&api), told, "{command:?}");
    }
    let inbox = federation.run("lead", &["--format", "json", "inbox"]).json();
    assert_eq!(lead.shown("/v1/inbox")["messages"], inbox["messages"]);
    let short = conference.rsplit('/').next().unwrap();
    assert_eq!(lead.shown(&format!("/v1/conferences/{}", &short[..8]))["conference"], json!(conference));

    let refused =
        lead.order(&acts, "presa-d-atto", &json!({ "type": "ImpliedAssent", "facts": { "body": BODY } }));
    assert_eq!(refused.status, 422);
    assert!(
        text(&refused.json(), "norm").contains("14-bis") || refused.code().starts_with("procedure."),
        "{refused:?}"
    );
    let first = lead.get(&path);
    let tag = first.header("etag").unwrap();
    assert_eq!(lead.call("GET", &path, &[("if-none-match", &tag)], b"").status, 304);
    documents_cross(&lead, &body, &path);
    what_came_by_mail(&lead, &path);
}

/// The lead records certified mail of the body, and writes the act that it holds.
fn what_came_by_mail(lead: &Api, path: &str) {
    let acts = format!("{path}/acts");
    let mail =
        lead.call("POST", "/v1/uploads", &[("content-type", "message/rfc822")], b"Subject: prova\r\n\r\n");
    let record = |media_type: &str| {
        json!({
            "type": "RecordedExchange",
            "facts": { "party": { "body": BODY }, "direction": "received", "channel": "pec", "at": jiff::Timestamp::now() },
            "documents": [{ "upload": text(&mail.json(), "upload"), "media_type": media_type }],
        })
    };
    let mut undated = record("message/rfc822");
    undated["facts"].as_object_mut().unwrap().remove("at");
    let undated = lead.order(&acts, "posta-0", &undated);
    assert_eq!((undated.status, undated.code().as_str()), (422, "act.facts"), "the provider says when");
    let other = lead.order(&acts, "posta-1", &record("text/plain"));
    assert_eq!((other.status, other.code().as_str()), (422, "exchange.original-missing"));
    assert!(text(&other.json(), "norm").contains("68/2005"));
    let recorded = lead.order(&acts, "posta-2", &record("message/rfc822"));
    assert_eq!(recorded.status, 201, "{recorded:?}");
    let (ipa, aoo) = BODY.split_once('/').unwrap();
    let request = |evidence: &str| {
        json!({
            "type": "IntegrationRequest",
            "facts": { "items": 1, "facts_of_art_2_c_7": true },
            "body": {
                "schema": "urn:concerto:schema:body:integration-request:1", "language": "it", "subject": "Richiesta",
                "items": [{ "number": 1, "text": "Relazione." }], "signatory": signatory(),
            },
            "on_behalf_of": { "ipa": ipa, "aoo": aoo, "evidence": evidence },
        })
    };
    let unknown = lead.order(&acts, "per-conto-1", &request(&"0".repeat(64)));
    assert_eq!((unknown.status, unknown.code().as_str()), (422, "procedure.behalf_evidence_unknown"));
    let evidence = text(&recorded.json(), "message");
    let written = lead.order(&acts, "per-conto-2", &request(&evidence));
    assert_eq!(written.status, 201, "{written:?}");
    let timeline = lead.shown(&format!("{path}/timeline"));
    let row =
        timeline["acts"].as_array().unwrap().iter().find(|row| row["message"] == written.json()["message"]);
    let row = row.unwrap();
    assert_eq!((&row["on_behalf_of"], &row["evidence"]), (&json!(BODY), &json!(evidence)), "{row}");
}

/// A document is uploaded, sent with an act, listed and downloaded at the other node; the export holds it.
fn documents_cross(lead: &Api, body: &Api, path: &str) {
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let typed = [("content-type", "application/pdf")];
    let upload = lead.call("POST", "/v1/uploads", &typed, &bytes);
    assert_eq!(upload.status, 201, "{upload:?}");
    let record = json!({
        "type": "RecordedExchange",
        "facts": { "party": "applicant", "direction": "sent", "channel": "pec" },
        "documents": [{ "upload": text(&upload.json(), "upload"), "media_type": "application/pdf" }],
    });
    let sent = lead.order(&format!("{path}/acts"), "registrato-1", &record);
    assert_eq!(sent.status, 201, "{}", String::from_utf8_lossy(&sent.body));
    let listed = format!("{path}/documents");
    let document = || {
        let rows = body.shown(&listed)["documents"].clone();
        rows.as_array()
            .unwrap()
            .iter()
            .find(|row| row["media_type"] == json!("application/pdf") && row["held"] == json!(true))
            .cloned()
    };
    eventually("the body holds the document", || document().is_some());
    let name = text(&document().unwrap(), "document");
    let whole = body.get(&format!("{listed}/{name}"));
    assert_eq!((whole.status, whole.body == bytes), (200, true));
    assert_eq!(whole.header("content-disposition").as_deref(), Some("attachment"));
    let part = body.call("GET", &format!("{listed}/{name}"), &[("range", "bytes=299990-")], b"");
    assert_eq!((part.status, part.body.as_slice()), (206, &bytes[299_990..]));
    assert_eq!(body.call("GET", &format!("{listed}/{name}"), &[("range", "bytes=300000-")], b"").status, 416);
    assert_eq!(body.get(&format!("{listed}/{}", "0".repeat(64))).code(), "document.unknown");
    let export = lead.get(&format!("{path}/export"));
    assert_eq!((export.status, &export.body[..2]), (200, b"PK".as_slice()));
    assert!(export.body.windows(64).any(|window| window == name.as_bytes()), "the document is in it");
}

#[test]
fn a_key_survives_a_node_that_dies_between_commit_and_answer() {
    let federation = Federation::new();
    let api = Api::prepare(&federation, "lead", "read,write");
    let mut dying = Serving::start(&federation.path("lead"), Some("before-reply:1"));
    let headers = [("content-type", "application/json"), ("idempotency-key", "una-volta-sola")];
    let opening = opening().to_string();
    let lost = api.try_call("POST", "/v1/conferences", &headers, opening.as_bytes());
    assert!(lost.is_err(), "no answer came: {lost:?}");
    assert!(dying.ended(PATIENCE).is_some(), "the node died before its reply");
    drop(dying);
    let _lead = federation.serve("lead");
    let answer = api.call("POST", "/v1/conferences", &headers, opening.as_bytes());
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("idempotency-replayed").as_deref(), Some("true"), "the act was done before");
    let conferences = api.shown("/v1/conferences")["conferences"].clone();
    assert_eq!(conferences.as_array().unwrap().len(), 1, "one effect");
    assert_eq!(conferences[0]["conference"], answer.json()["conference"]);
}

/// Reads events until `count` came; gives kinds and ids.
fn events(api: &Api, after: Option<&str>, count: usize) -> Vec<(String, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", api.port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let last = after.map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
    let head = format!(
        "GET /v1/events HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nauthorization: Bearer {}\r\n{last}\r\n",
        api.port, api.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    let (mut found, mut id) = (Vec::new(), String::new());
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        if let Some(told) = line.strip_prefix("id: ") {
            id = told.to_owned();
        } else if let Some(kind) = line.strip_prefix("event: ") {
            found.push((kind.to_owned(), id.clone()));
            if found.len() == count {
                break;
            }
        }
    }
    found
}

#[test]
fn events_are_told_in_order_and_again_from_where_a_reader_left_off() {
    let federation = Federation::new();
    let lead = Api::prepare(&federation, "lead", "read,write");
    let (serving, _body) = (federation.serve("lead"), federation.serve("body"));
    assert_eq!(lead.order("/v1/conferences", "a", &opening()).status, 201);
    let kinds = |events: &[(String, String)], kind: &str| events.iter().filter(|(k, _)| k == kind).count();
    // own notice, its taking in charge of the proof of delivery, the body's two receipts
    let live = events(&lead, Some("0.0.0"), 3);
    assert_eq!(live[0].0, "link");
    assert!(kinds(&live, "receipt") >= 1, "{live:?}");
    eventually("everything was receipted", || lead.shown("/v1/outbox")["waiting"] == json!([]));
    let rest = events(&lead, Some(&live[0].1), 2);
    // once nothing more comes, what follows any event is the same whoever asks
    let told = || {
        let journal = lead.shown("/v1/node")["journal"].clone();
        ["links", "receipts", "alarms"].map(|table| journal[table].as_u64().unwrap()).iter().sum::<u64>()
    };
    let mut count = told();
    eventually("nothing more comes", || {
        std::thread::sleep(Duration::from_secs(2)); // longer than between two looks at the disk, which may be filling
        std::mem::replace(&mut count, told()) == count
    });
    let all = events(&lead, Some("0.0.0"), usize::try_from(count).unwrap());
    for (at, (_, id)) in all.iter().enumerate().take(all.len() - 1) {
        let rest = events(&lead, Some(id), all.len() - 1 - at);
        assert_eq!(rest, all[at + 1..], "after {id}");
    }
    assert_eq!(serving.stop().code(), Some(0), "a stream that is open does not hold up the end");
    let _lead = federation.serve("lead");
    let after_restart = events(&lead, Some(&live[0].1), 2);
    assert_eq!(after_restart.len(), 2);
    assert!(rest.iter().any(|(kind, _)| kind == "receipt"), "{rest:?}");
    assert_eq!(
        lead.call("GET", "/v1/events", &[("last-event-id", "yesterday")], b"").code(),
        "request.cursor"
    );
}

/// Takes one post and answers with a status; gives head and body.
fn take_post(listener: &TcpListener, status: &str) -> (String, Vec<u8>) {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut line) = (String::new(), String::new());
    while reader.read_line(&mut line).unwrap() > 2 {
        head.push_str(&line.to_ascii_lowercase());
        line.clear();
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.trim().parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    stream
        .write_all(
            format!("HTTP/1.1 {status}\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")
                .as_bytes(),
        )
        .unwrap();
    (head, body)
}

#[test]
fn a_webhook_is_told_until_it_accepts_and_goes_on_after_a_restart() {
    let federation = Federation::new();
    let lead = Api::prepare(&federation, "lead", "read,write,admin");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = federation.path("lead");
    std::fs::write(home.join("keys/hook"), "un segreto di prova lungo\n").unwrap();
    let mut file = std::fs::read_to_string(home.join("node.toml")).unwrap();
    file.push_str(&format!(
        "\n[[webhook]]\nname = \"protocollo\"\nurl = \"http://{}/eventi?da=nodo\"\nsecret = \"keys/hook\"\nevents = [\"link\"]\n",
        listener.local_addr().unwrap()
    ));
    std::fs::write(home.join("node.toml"), file).unwrap();
    let serving = federation.serve("lead");
    eventually("the webhook has its place", || home.join("api/webhooks/protocollo.place").exists());
    assert_eq!(lead.order("/v1/conferences", "a", &opening()).status, 201);
    // neither an error nor a redirect is a success; the same event comes again
    let (head, first) = take_post(&listener, "500 Internal Server Error");
    assert!(head.starts_with("post /eventi?da=nodo http/1.1"), "{head}");
    let (_, second) = take_post(&listener, "302 Found");
    assert_eq!(first, second);
    let status = lead.shown("/v1/webhooks")["webhooks"][0].clone();
    assert_eq!(
        (&status["name"], status["failures"].as_u64() >= Some(1)),
        (&json!("protocollo"), true),
        "{status}"
    );
    assert_eq!(serving.stop().code(), Some(0));
    let _lead = federation.serve("lead");
    let (head, third) = take_post(&listener, "204 No Content");
    assert_eq!(first, third, "the same event, after a restart");
    let event: Value = serde_json::from_slice(&third).unwrap();
    assert_eq!((&event["type"], &event["data"]["type"]), (&json!("link"), &json!("Notice")));
    let value = |name: &str| {
        head.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap().trim().to_owned()
    };
    assert_eq!(value("concerto-event-id"), text(&event, "id"));
    let signed = format!("{}.{}", value("concerto-timestamp"), String::from_utf8(third).unwrap());
    assert_eq!(
        value("concerto-signature"),
        format!("v1={}", hmac_by_openssl("un segreto di prova lungo", &signed))
    );
    eventually("the webhook was told", || lead.shown("/v1/webhooks")["webhooks"][0]["failures"] == json!(0));
}

/// The same signature by another implementation.
fn hmac_by_openssl(secret: &str, text: &str) -> String {
    let mut child = std::process::Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", secret, "-r"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let out = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    out.split(' ').next().unwrap().to_owned()
}
