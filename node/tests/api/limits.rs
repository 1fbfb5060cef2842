//! Callers that dawdle, too many connections, pages to their end, and what a caller has already.

use super::*;
use std::time::Instant;

fn connect(api: &Api, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", api.port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn rest_of(mut stream: TcpStream) -> String {
    let mut rest = Vec::new();
    // a connection that is reset has said what it had to say
    let _ = stream.read_to_end(&mut rest);
    String::from_utf8(rest).unwrap()
}

#[test]
fn a_client_that_dawdles_holds_up_nobody() {
    let federation = Federation::new();
    let api = Api::prepare(&federation, "lead", "read,write");
    let _lead = federation.serve("lead");
    let begun = Instant::now();
    let mut slow: Vec<TcpStream> = (0..64).map(|_| connect(&api, "GET /v1/node HTTP/1.1\r\nhost:")).collect();
    let unfinished = connect(
        &api,
        &format!(
            "POST /v1/conferences HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nauthorization: Bearer {}\r\nidempotency-key: a\r\n\
             content-type: application/json\r\ncontent-length: 100\r\n\r\n{{",
            api.port, api.token
        ),
    );
    assert_eq!(api.get("/v1/node").status, 200, "others are served");
    // closed by the node, with or without a word, after ten seconds
    let rest = rest_of(slow.pop().unwrap());
    assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 408"), "{rest}");
    let rest = rest_of(unfinished);
    assert!(rest.starts_with("HTTP/1.1 408") && rest.contains("request.too-slow"), "{rest}");
    let waited = begun.elapsed();
    assert!(waited > Duration::from_secs(9) && waited < Duration::from_secs(30), "{waited:?}");
}

#[test]
fn one_connection_too_many_waits_until_another_ends() {
    /// As the service has places.
    const CONNECTIONS_MAX: usize = 256;
    let federation = Federation::new();
    let api = Api::prepare(&federation, "lead", "read");
    let _lead = federation.serve("lead");
    let health = format!("GET /v1/health HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n\r\n", api.port);
    let mut held: Vec<TcpStream> = (0..CONNECTIONS_MAX).map(|_| connect(&api, &health)).collect();
    for stream in &mut held {
        stream.read_exact(&mut [0; 12]).unwrap();
    }
    let mut late = connect(&api, &health);
    late.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    assert!(late.read(&mut [0; 1]).is_err(), "it waits for a place");
    drop(held.pop());
    late.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut status = [0; 12];
    late.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
}

/// Every row of a list, page by page, and the number of pages.
fn all_pages(api: &Api, path: &str, rows: &str, limit: usize) -> (Vec<Value>, usize) {
    let (mut found, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = api.shown(&format!("{path}?limit={limit}{cursor}"));
        let held = page[rows].as_array().unwrap();
        assert!(held.len() <= limit, "{path}");
        found.extend(held.iter().cloned());
        pages += 1;
        match page.get("next") {
            Some(next) => cursor = format!("&cursor={}", next.as_str().unwrap()),
            None => return (found, pages),
        }
    }
}

#[test]
fn pages_lead_to_the_end_and_an_entity_tag_lives_as_long_as_its_answer() {
    let federation = Federation::new();
    let lead = Api::prepare(&federation, "lead", "read,write,documents");
    let body = Api::prepare(&federation, "body", "read,write,documents");
    let (_lead, serving) = (federation.serve("lead"), federation.serve("body"));
    for key in ["a", "b", "c", "d", "e"] {
        assert_eq!(lead.order("/v1/conferences", key, &opening()).status, 201);
    }
    let whole = |api: &Api, path: &str, rows: &str| api.shown(path)[rows].as_array().unwrap().clone();
    eventually("the body holds five notices", || whole(&body, "/v1/inbox", "messages").len() == 5);
    let conferences = whole(&lead, "/v1/conferences", "conferences");
    for row in &conferences {
        let path = format!("/v1/conferences/{}", encoded(&text(row, "conference")));
        let status = || lead.shown(&path)["view"]["bodies"][0]["status"].clone();
        eventually("the lead took the proof of receipt in charge", || status() == json!("waiting"));
    }
    eventually("everything is receipted", || whole(&lead, "/v1/outbox", "waiting").is_empty());
    let path = format!("/v1/conferences/{}", encoded(&text(&conferences[0], "conference")));
    let tags: Vec<(String, String)> = ["", "/timeline", "/terms"]
        .map(|part| format!("{path}{part}"))
        .into_iter()
        .chain(["/v1/conferences".to_owned()])
        .map(|asked| (asked.clone(), lead.get(&asked).header("etag").unwrap()))
        .collect();
    let asked = |(path, tag): &(String, String)| lead.call("GET", path, &[("if-none-match", tag)], b"");
    for tag in &tags {
        let same = asked(tag);
        assert_eq!(
            (same.status, same.body.len(), same.header("etag")),
            (304, 0, Some(tag.1.clone())),
            "{tag:?}"
        );
    }
    // what the body may see of it: a determination moves the state, the terms and the course
    let acts = format!("{path}/acts");
    assert_eq!(body.order(&acts, "f", &determination()).status, 201);
    eventually("the lead may conclude", || lead.shown(&path)["view"]["phase"] == json!("to_decide"));
    for tag in &tags {
        let other = asked(tag);
        assert_eq!(other.status, 200, "{tag:?}");
        assert_ne!(other.header("etag").as_ref(), Some(&tag.1));
    }
    assert_eq!(lead.call("GET", &path, &[("if-none-match", "*")], b"").status, 304);

    eventually("everything is receipted", || whole(&lead, "/v1/outbox", "waiting").is_empty());
    assert_eq!(serving.stop().code(), Some(0));
    for key in ["g", "h", "i"] {
        assert_eq!(lead.order("/v1/conferences", key, &opening()).status, 201);
    }
    let documents = format!("{path}/documents");
    for (asked, rows, count) in [
        ("/v1/conferences", "conferences", 8),
        ("/v1/outbox", "waiting", 3),
        ("/v1/inbox", "messages", 1),
        (&documents, "documents", 2),
    ] {
        let expected = whole(&lead, asked, rows);
        assert!(expected.len() >= count, "{asked}: {}", expected.len());
        for limit in [1, 2, 3, 200] {
            let (found, pages) = all_pages(&lead, asked, rows, limit);
            assert_eq!(found, expected, "{asked} by {limit}");
            assert!(pages >= count.div_ceil(limit), "{asked} by {limit}: {pages}");
        }
    }
}
