//! The local API of a node that holds many conferences: the times of reads over HTTP on loopback, one connection kept alive.
//!
//! The conferences go straight into the journal of the procedente, before its node starts: each has a notice, its proof of receipt taken in
//! charge, a determination and its taking in charge, signed with the real keys of both nodes. Their texts are one and the same document,
//! because ten thousand would say no more about reading one.

use concerto_conformance::acts;
use concerto_conformance::federation::Office;
use concerto_conformance::forge::{self, Draft};
use concerto_documents_fs::FolderStore;
use concerto_message::ids::Nonce;
use concerto_message::{Attachment, Audience, ConferenceId, Salt};
use concerto_port::{ContentStatus, DocumentStore, Journal, Write};
use concerto_procedure::acts::{Act, Position, Taken, TakenInCharge};
use concerto_procedure::rome_date;
use concerto_store_sqlite::SqliteJournal;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use crate::federation::{Federation, notice_body};
use crate::settings::{Failed, Settings};

/// Reads of each kind.
const READS: usize = 1_000;
/// Conferences written in one transaction.
const GROUP: usize = 100;
/// The p99 of every kind of read stays below this, in milliseconds.
pub(crate) const P99_MS_MAX: f64 = 20.0;
/// Longest wait for an answer, and for the lists to be made after a start.
const PATIENCE: Duration = Duration::from_secs(60);
/// The salt of the text that all notices share.
const SALT: Salt = Salt([0x42; 16]);

/// One kind of read.
#[derive(Debug)]
pub(crate) struct Reads {
    pub(crate) what: &'static str,
    pub(crate) count: usize,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) conferences: usize,
    /// From the start of the node until every conference was listed once, in seconds.
    pub(crate) first_list_s: f64,
    pub(crate) resident_bytes: u64,
    pub(crate) reads: Vec<Reads>,
}

/// Measures the reads of a new node with so many conferences.
pub(crate) fn measure(settings: &Settings, count: usize) -> Result<Measured, Failed> {
    let folder = settings.scratch()?;
    let federation = Federation::make(settings, folder.path())?;
    settings.progress(&format!("{count} conferences, written into a journal"));
    let conferences = fill(folder.path(), count)?;
    let address = configure(&federation.path("lead"))?;
    let token = token(settings, &federation.path("lead"))?;
    let begun = Instant::now();
    let lead = federation.serve("lead")?;
    settings.progress("reads of the API");
    let mut client = Client { stream: None, address, token };
    let listed = client.walk("/v1/conferences?limit=200", usize::MAX)?;
    let first_list_s = begun.elapsed().as_secs_f64();
    if listed.rows != count {
        return Err(format!("{} of {count} conferences are listed", listed.rows).into());
    }
    let concluding = client.read(&format!("/v1/conferences/{}", encoded(conferences.first())))?.0;
    if concluding.pointer("/view/phase") != Some(&Value::from("to_decide")) {
        return Err(format!("the conferences are not what they should be: {concluding}").into());
    }
    let reads = vec![
        client.pages("list, 50 a page", "/v1/conferences")?,
        client.each("one conference", &conferences, "")?,
        client.each("terms", &conferences, "/terms")?,
        client.each("timeline", &conferences, "/timeline")?,
        client.pages("inbox, 50 a page", "/v1/inbox")?,
        client.pages("outbox, 50 a page", "/v1/outbox")?,
    ];
    let resident_bytes = lead.resident_bytes()?;
    lead.stop()?;
    Ok(Measured { conferences: count, first_list_s, resident_bytes, reads })
}

/// Turns the API on; gives its address.
fn configure(home: &Path) -> Result<String, Failed> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let file = home.join("node.toml");
    let text = std::fs::read_to_string(&file)?;
    let set = text.replace("\nlisten = \"\"\n", &format!("\nlisten = \"{address}\"\n"));
    if set == text {
        return Err("node.toml has no place for the address of the API".into());
    }
    std::fs::write(file, set)?;
    Ok(address)
}

fn token(settings: &Settings, home: &Path) -> Result<String, Failed> {
    let mut command = Command::new(&settings.concerto);
    command.args(["--format", "json", "--home"]).arg(home);
    let done =
        command.args(["token", "add", "--label", "misura", "--scope", "read", "--days", "1"]).output()?;
    let made: Value = serde_json::from_slice(&done.stdout)?;
    Ok(made.get("token").and_then(Value::as_str).ok_or("no token was made")?.to_owned())
}

/// Writes the conferences into the journal of `lead`, signed on all cores.
fn fill(folder: &Path, count: usize) -> Result<Vec<ConferenceId>, Failed> {
    let offices = (&Office::of_folder(&folder.join("lead")), &Office::of_folder(&folder.join("body")));
    let now = Timestamp::now();
    let text = serde_json::to_vec(&notice_body())?;
    let text_listed = &Attachment::new(&SALT, &text, "application/json".into(), Audience::ALL);
    FolderStore::open(folder.join("lead/documents"))?.put(text_listed.digest, SALT, &text)?;
    let mut journal = SqliteJournal::open(folder.join("lead/journal.sqlite"))?;
    journal.begin()?;
    for office in [offices.0, offices.1] {
        journal.write(&Write::Bundle { digest: office.trust(), bytes: office.bundle.clone() })?;
    }
    journal.commit()?;
    let ids: Vec<ConferenceId> = (0..count)
        .map(|number| ConferenceId::new(offices.0.writer.clone(), Nonce((number as u128 + 1).to_le_bytes())))
        .collect();
    let cores = std::thread::available_parallelism()?.get();
    std::thread::scope(|scope| {
        let (give, take) = sync_channel::<Vec<Write>>(cores * 2);
        for part in ids.chunks(count.div_ceil(cores).max(1)) {
            let give = give.clone();
            scope.spawn(move || {
                for group in part.chunks(GROUP) {
                    let writes = group.iter().flat_map(|id| conference(offices, id, text_listed, now));
                    if give.send(writes.collect()).is_err() {
                        return; // whoever wrote them failed and says why
                    }
                }
            });
        }
        drop(give);
        for writes in take {
            journal.begin()?;
            writes.iter().try_for_each(|write| journal.write(write).map(drop))?;
            journal.commit()?;
        }
        Ok::<(), Failed>(())
    })?;
    Ok(ids)
}

/// A conference whose body has assented, as its procedente holds it; the last message waits for its receipt.
fn conference(
    (lead, body): (&Office, &Office),
    id: &ConferenceId,
    text: &Attachment,
    now: Timestamp,
) -> Vec<Write> {
    let at = |minutes: i64| now - SignedDuration::from_mins(60 - minutes);
    let mut writes = Vec::new();
    let mut link = |office: &Office, act: Act, sequence, previous, minutes| {
        let draft = Draft::new(office, id, &act, sequence, previous, at(minutes));
        let draft = match &act {
            Act::Notice(_) => draft.payload("body", serde_json::to_value(text).unwrap_or_default()),
            Act::TakenInCharge(_) => draft.payload("body", Value::Null),
            _ => draft,
        };
        let link = forge::read(&draft.signed(office));
        let (message, bytes) = (link.id(), link.bytes_digest());
        let own = office.writer == lead.writer;
        writes.push(Write::Link { link, received_at: at(minutes), own, content: ContentStatus::Valid });
        (message, bytes)
    };
    let receipt = |issuer: &Office, author: &Office, message, minutes| {
        let payload = forge::receipt(issuer, &author.writer.to_string(), id, &[message], at(minutes));
        forge::signed_receipt(issuer, &payload, at(minutes))
    };
    let notice = link(lead, acts::notice(rome_date(now), std::slice::from_ref(&body.writer)), 1, None, 0);
    let delivered = receipt(body, lead, notice, 1);
    let deliveries = TakenInCharge { messages: Vec::new(), deliveries: vec![delivered.clone()] };
    let proof = link(lead, Act::TakenInCharge(deliveries), 2, Some(notice.0), 2);
    let mut assent = acts::determination(Position::Assent);
    if let Act::Determination(assent) = &mut assent {
        assent.acts.push("secondo-parere".to_owned());
    }
    let assent = link(body, assent, 1, None, 3);
    let received = receipt(lead, body, assent, 4);
    let taken =
        Taken { message: assent.0, author: body.writer.clone(), received_at: at(4), receipts: Vec::new() };
    let taken = TakenInCharge { messages: vec![taken], deliveries: Vec::new() };
    let last = link(lead, Act::TakenInCharge(taken), 3, Some(proof.0), 5);
    for (text, minutes) in [(delivered, 1), (received, 4)] {
        writes.push(Write::Receipt { receipt: forge::read_receipt(&text), at: at(minutes) });
    }
    writes.push(Write::Enqueue { peer: body.writer.clone(), message: last.0, at: at(5) });
    writes
}

fn encoded(conference: Option<&ConferenceId>) -> String {
    conference.map(|id| id.to_string().replace('/', "%2F")).unwrap_or_default()
}

/// A walk through the pages of a list.
#[derive(Default)]
struct Walk {
    rows: usize,
    taken: Vec<Duration>,
}

/// One connection, made anew where it ended.
struct Client {
    stream: Option<BufReader<TcpStream>>,
    address: String,
    token: String,
}

impl Client {
    /// Reads every conference of a stride through all of them, so that none was read just before.
    fn each(
        &mut self,
        what: &'static str,
        conferences: &[ConferenceId],
        part: &str,
    ) -> Result<Reads, Failed> {
        let mut taken = Vec::with_capacity(READS);
        for number in 0..READS {
            // a prime, so that the stride meets many of them
            let id = conferences.get(number.wrapping_mul(7_919) % conferences.len().max(1));
            taken.push(self.read(&format!("/v1/conferences/{}{part}", encoded(id)))?.1);
        }
        Ok(reads(what, taken))
    }

    /// Walks through a list from its beginning, again and again.
    fn pages(&mut self, what: &'static str, path: &str) -> Result<Reads, Failed> {
        let mut taken = Vec::with_capacity(READS);
        while taken.len() < READS {
            taken.extend(self.walk(path, READS - taken.len())?.taken);
        }
        Ok(reads(what, taken))
    }

    fn walk(&mut self, path: &str, most: usize) -> Result<Walk, Failed> {
        let (mut walk, mut next) = (Walk::default(), path.to_owned());
        while walk.taken.len() < most {
            let (page, taken) = self.read(&next)?;
            walk.taken.push(taken);
            let mut members = page.as_object().into_iter().flat_map(|page| page.values());
            walk.rows += members.find_map(Value::as_array).map_or(0, Vec::len);
            let Some(cursor) = page.get("next").and_then(Value::as_str) else { break };
            let joined = if path.contains('?') { '&' } else { '?' };
            next = format!("{path}{joined}cursor={cursor}");
        }
        Ok(walk)
    }

    /// One request and its answer; what is measured ends with the last byte.
    fn read(&mut self, path: &str) -> Result<(Value, Duration), Failed> {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(&self.address)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                BufReader::new(stream)
            }
        };
        let stream = self.stream.insert(stream);
        let (address, token) = (&self.address, &self.token);
        let head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n");
        let begun = Instant::now();
        stream.get_mut().write_all(head.as_bytes())?;
        let (mut line, mut status, mut length) = (String::new(), String::new(), 0);
        while line != "\r\n" {
            line.clear();
            if stream.read_line(&mut line)? == 0 {
                return Err(format!("{path}: the connection ended").into());
            }
            if status.is_empty() {
                status.clone_from(&line);
            }
            let named = line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            if let Some((_, value)) = named {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let taken = begun.elapsed();
        if !status.starts_with("HTTP/1.1 200") {
            return Err(format!("{path}: {status}{}", String::from_utf8_lossy(&body)).into());
        }
        Ok((serde_json::from_slice(&body)?, taken))
    }
}

fn reads(what: &'static str, mut taken: Vec<Duration>) -> Reads {
    taken.sort();
    let percentile = |percent: usize| {
        let place = (taken.len() * percent / 100).min(taken.len().saturating_sub(1));
        taken.get(place).map_or(0.0, |taken| taken.as_secs_f64() * 1e3)
    };
    Reads { what, count: taken.len(), p50_ms: percentile(50), p99_ms: percentile(99) }
}
