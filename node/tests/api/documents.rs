//! Documents of any size over the API: streamed in and out in little memory, refused where there is no room, gone when given up.

use super::*;
use sha2::{Digest as _, Sha256};
use std::ops::Range;

const MEBIBYTE: usize = 1024 * 1024;
/// Size of the large document: many times what a node may take for it.
const SIZE: usize = 96 * MEBIBYTE + 17;
/// What the node may grow by while it comes and while it goes.
const GROWN_BYTES_MAX: u64 = 24 * 1024 * 1024;

/// Bytes that no two chunks have in common.
fn piece(range: Range<usize>) -> Vec<u8> {
    range.map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

/// The most memory that a process ever had (`VmHWM`, proc_pid_status(5)), in bytes.
fn most_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Begins an upload; `length` says how its body is framed.
fn begin(api: &Api, length: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", api.port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST /v1/uploads HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nauthorization: Bearer {}\r\ncontent-type: application/pdf\r\nconnection: close\r\n{length}\r\n\r\n",
        api.port, api.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> (String, Value) {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().to_owned(), serde_json::from_str(body).unwrap())
}

/// The digest of an answer's body, read in pieces.
fn digest_of(api: &Api, path: &str) -> (usize, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", api.port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
        api.port, api.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 200"), "{line}");
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).unwrap();
    }
    let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; MEBIBYTE]);
    loop {
        let read = reader.read(&mut buffer).unwrap();
        if read == 0 {
            return (size, format!("{:x?}", hash.finalize()));
        }
        hash.update(&buffer[..read]);
        size += read;
    }
}

#[test]
fn a_large_document_comes_and_goes_in_little_memory() {
    let federation = Federation::new();
    let lead = Api::prepare(&federation, "lead", "read,write,documents");
    let body = Api::prepare(&federation, "body", "read,write,documents");
    let (lead_node, body_node) = (federation.serve("lead"), federation.serve("body"));
    let opened = lead.order("/v1/conferences", "a", &opening());
    let path = format!("/v1/conferences/{}", encoded(&text(&opened.json(), "conference")));
    eventually("the body holds the notice", || body.get(&path).status == 200);

    let before = most_memory(lead_node.id());
    let mut hash = Sha256::new();
    // in chunks of HTTP: the length is not announced
    let mut stream = begin(&lead, "transfer-encoding: chunked");
    let mut at = 0;
    while at < SIZE {
        let bytes = piece(at..SIZE.min(at + MEBIBYTE));
        hash.update(&bytes);
        stream.write_all(format!("{:x}\r\n", bytes.len()).as_bytes()).unwrap();
        stream.write_all(&bytes).unwrap();
        stream.write_all(b"\r\n").unwrap();
        at += bytes.len();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    let (status, upload) = answer(stream);
    assert_eq!((status.as_str(), &upload["size"]), ("201", &json!(SIZE)), "{upload}");
    let expected = (SIZE, format!("{:x?}", hash.finalize()));
    let grown = most_memory(lead_node.id()) - before;
    assert!(grown < GROWN_BYTES_MAX, "an upload of {SIZE} bytes took {grown}");

    let record = json!({
        "type": "RecordedExchange", "facts": { "party": "applicant", "direction": "sent", "channel": "pec" },
        "documents": [{ "upload": text(&upload, "upload"), "media_type": "application/pdf" }],
    });
    let sent = lead.order(&format!("{path}/acts"), "b", &record);
    assert_eq!(sent.status, 201, "{}", String::from_utf8_lossy(&sent.body));
    let listed = format!("{path}/documents");
    let held = |api: &Api| {
        let rows = api.shown(&listed)["documents"].as_array().unwrap().clone();
        rows.into_iter()
            .find(|row| row["media_type"] == json!("application/pdf") && row["held"] == json!(true))
    };
    eventually("the body holds the document", || held(&body).is_some());
    let name = text(&held(&body).unwrap(), "document");
    let before = most_memory(body_node.id());
    assert_eq!(digest_of(&body, &format!("{listed}/{name}")), expected);
    let grown = most_memory(body_node.id()) - before;
    assert!(grown < GROWN_BYTES_MAX, "a download of {SIZE} bytes took {grown}");
    // a part that begins in one chunk and ends in another
    let (from, to) = (3 * MEBIBYTE - 5, 5 * MEBIBYTE + 4);
    let range = format!("bytes={from}-{to}");
    let part = body.call("GET", &format!("{listed}/{name}"), &[("range", &range)], b"");
    assert_eq!((part.status, part.body == piece(from..to + 1)), (206, true));
    let told = format!("bytes {from}-{to}/{SIZE}");
    assert_eq!(part.header("content-range"), Some(told));
}

#[test]
fn a_document_without_room_or_end_is_refused_and_leaves_nothing() {
    let federation = Federation::new();
    let api = Api::prepare(&federation, "lead", "read,write,documents");
    let file = federation.path("lead").join("node.toml");
    let configured = std::fs::read_to_string(&file).unwrap();
    assert!(configured.contains("\nquota_bytes = 0\n"));
    let quota = format!("\nquota_bytes = {}\n", 64 * MEBIBYTE);
    std::fs::write(&file, configured.replace("\nquota_bytes = 0\n", &quota)).unwrap();
    let _lead = federation.serve("lead");
    // refused before a byte of the body is sent
    for (length, status, code) in
        [(80 * MEBIBYTE, "507", "document.quota"), (65 * 1024 * MEBIBYTE, "413", "document.too-large")]
    {
        let (found, problem) = answer(begin(&api, &format!("content-length: {length}")));
        assert_eq!((found.as_str(), text(&problem, "code").as_str()), (status, code), "{problem}");
    }
    // and where no length is announced, when it grows too large
    let mut stream = begin(&api, "transfer-encoding: chunked");
    let chunk = [format!("{MEBIBYTE:x}\r\n").as_bytes(), &piece(0..MEBIBYTE), b"\r\n"].concat();
    let sent = (0..96).take_while(|_| stream.write_all(&chunk).is_ok()).count();
    assert!(sent < 96, "the node reads on");
    let documents = federation.path("lead/documents");
    let incoming = || std::fs::read_dir(documents.join("incoming")).unwrap().count();
    eventually("nothing of it is kept", || incoming() == 0);
    // a caller that goes away
    let mut stream = begin(&api, "content-length: 3000000");
    stream.write_all(&piece(0..MEBIBYTE)).unwrap();
    eventually("it comes", || incoming() == 1);
    drop(stream);
    eventually("nothing of it is kept", || incoming() == 0);
    assert_eq!(std::fs::read_dir(federation.path("lead/api/uploads")).unwrap().count(), 0);
    let small = api.call("POST", "/v1/uploads", &[("content-type", "text/plain")], b"breve");
    assert_eq!(small.status, 201, "{small:?}");
}
