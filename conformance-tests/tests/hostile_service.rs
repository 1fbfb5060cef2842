//! What a bad member costs the others: exchanges a second between two honest nodes, with and without each flood, in turns in the same
//! run: one poisoned peer among many, floods of invalid signatures, slow peers.
//!
//! ```text
//!   orders ──> lead ══ body        counted: one message, delivered, stored and receipted
//!               ▲
//!   rogue, brute (floods, 64 requests in flight, a new one for each that ends)
//! ```
//! Property: the service of the honest is unchanged within 10 % (asserted with `CONCERTO_EFFORT=full`; CI, whose machine is shared,
//! prints what it measured). It would catch one queue for all peers, work that a flood gets for nothing, and
//! signatures checked before everything that is cheaper.
//!
//! `CONCERTO_PROGRAM` names another program to measure, such as that of an earlier version.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests stop at the first surprise"
)]

use concerto_conformance::acts;
use concerto_conformance::forge::{self, Draft};
use concerto_conformance::full_effort;
use concerto_conformance::hostile::{Arena, Cheat, Outcome, Raw, Serving, eventually};
use concerto_exchange::frame::{ChainHead, FRAME_LINKS_MAX, Heads, Request, encode};
use concerto_message::{ConferenceId, Digest};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const LEAD: &str = "r_prova/URB";
const BODY: &str = "c_prova/PROT";
const ROGUE: &str = "p_prova/PROT";
const BRUTE: &str = "u_prova/PROT";
/// Orders in flight.
const ORDERS: usize = 4;
/// Requests of a flood in flight.
const FLOOD: usize = 64;
/// Pause of a flood between two looks at its answers.
const PAUSE: Duration = Duration::from_millis(2);

/// Rounds of each flood, and how long each half of a round lasts.
fn rounds() -> (usize, Duration) {
    if full_effort() { (9, Duration::from_secs(4)) } else { (3, Duration::from_millis(1500)) }
}

/// The least part of the quiet service that must be left, with full effort; a short run beside others only prints.
const LEAST: f64 = 0.9;

struct Field {
    arena: Arena,
    lead: Serving,
    _body: Serving,
    rogue: Cheat,
    /// Between the honest alone: what is counted.
    honest: ConferenceId,
    /// With the rogue.
    shared: ConferenceId,
    /// How often requests of the flood failed, by reason.
    failures: Mutex<BTreeMap<String, usize>>,
}

impl Field {
    fn new() -> Self {
        let arena = Arena::new(&[("lead", LEAD), ("body", BODY), ("rogue", ROGUE), ("brute", BRUTE)]);
        let (lead, body) = (arena.serve("lead"), arena.serve("body"));
        let rogue = Cheat::greeted(&arena, "rogue", &["lead", "body"]);
        let honest = lead.open_conference(&[BODY.parse().unwrap()]);
        let shared = lead.open_conference(&[BODY.parse().unwrap(), ROGUE.parse().unwrap()]);
        eventually("both conferences are known", || {
            !body.links(&honest).is_empty() && !body.links(&shared).is_empty() && !rogue.held().is_empty()
        });
        Self { arena, lead, _body: body, rogue, honest, shared, failures: Mutex::default() }
    }

    fn draft(&self) -> Draft {
        Draft::new(&self.rogue.office, &self.shared, &acts::request(), 1, None, Timestamp::now())
    }

    /// Exchanges between the honest for a time: how many each second, and the time of the slowest hundredth in milliseconds.
    fn exchanges(&self, time: Duration) -> (f64, f64) {
        let until = Instant::now() + time;
        let zeros = "0".repeat(64);
        let order = json!({
            "order": "send", "conference": self.honest, "body": null, "body_audience": "participants", "documents": [],
            "wait": true, "act": { "type": "TermDigest", "facts": { "lead_head": zeros, "digest": zeros,
                "terms": [{ "term": "notice", "strict": "2026-11-30", "prudential": "2026-11-30" }] } },
        });
        let connection = || {
            let (mut control, mut taken) = (self.lead.control(), Vec::new());
            while Instant::now() < until {
                let begun = Instant::now();
                let reply: Value = control.order(&order);
                assert_eq!(reply["reply"], "sent", "{reply}");
                taken.push(begun.elapsed().as_secs_f64() * 1e3);
            }
            taken
        };
        let mut taken: Vec<f64> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..ORDERS).map(|_| scope.spawn(connection)).collect();
            all.into_iter().flat_map(|one| one.join().unwrap()).collect()
        });
        taken.sort_by(f64::total_cmp);
        (taken.len() as f64 / time.as_secs_f64(), taken[(taken.len() * 99 / 100).min(taken.len() - 1)])
    }

    /// Measures with and without a flood in turns; a line of the table.
    fn measure(&self, name: &str, flood: &(dyn Fn(&AtomicBool, &AtomicUsize) + Sync)) -> (f64, String) {
        let (rounds, time) = rounds();
        let (mut ratios, mut slower, mut rates) = (Vec::new(), Vec::new(), Vec::new());
        let done = AtomicUsize::new(0);
        let mut flooded = Duration::ZERO;
        for _ in 0..rounds {
            let (quiet, quiet_p99) = self.exchanges(time);
            let stop = AtomicBool::new(false);
            let (rate, p99) = std::thread::scope(|scope| {
                scope.spawn(|| flood(&stop, &done));
                std::thread::sleep(time / 5);
                let begun = Instant::now();
                let measured = self.exchanges(time);
                stop.store(true, Ordering::Relaxed);
                flooded += begun.elapsed();
                measured
            });
            ratios.push(rate / quiet);
            slower.push(p99 / quiet_p99);
            rates.push(rate);
            std::thread::sleep(time / 5);
        }
        let answered = done.load(Ordering::Relaxed) as f64 / flooded.as_secs_f64();
        let ratio = median(&mut ratios);
        let line = format!(
            "{name:<52} {:>8.0} {ratio:>10.2} {:>10.2} {answered:>12.0}\n",
            median(&mut rates),
            median(&mut slower)
        );
        let failures = std::mem::take(&mut *self.failures.lock().unwrap());
        print!("{line}{}", if failures.is_empty() { String::new() } else { format!("  {failures:?}\n") });
        (ratio, line)
    }

    /// Keeps so many requests in flight with the frame that `next` makes; counts those that were answered.
    fn flood_with(&self, stop: &AtomicBool, done: &AtomicUsize, mut next: impl FnMut() -> Vec<u8>) {
        let mut open = std::collections::VecDeque::new();
        while !stop.load(Ordering::Relaxed) {
            while open.len() < FLOOD {
                let begun = self.rogue.begin(LEAD, next());
                match begun.try_recv() {
                    Ok(_) => break, // its own transport has no more room
                    Err(_) => open.push_back(begun),
                }
            }
            open.retain(|answer: &std::sync::mpsc::Receiver<Outcome>| match answer.try_recv() {
                Ok(ended) => {
                    if let Err(failure) = &ended {
                        *self.failures.lock().unwrap().entry(failure.to_string()).or_default() += 1;
                    }
                    done.fetch_add(usize::from(ended.is_ok()), Ordering::Relaxed);
                    false
                }
                Err(_) => true,
            });
            std::thread::sleep(PAUSE);
        }
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn deliver(links: Vec<String>) -> Vec<u8> {
    encode(&Request::Deliver { links }, &[]).unwrap()
}

#[test]
fn a_bad_member_leaves_the_service_of_the_others_unchanged() {
    let mut field = Field::new();
    field.exchanges(Duration::from_secs(2)); // validators are compiled, caches are warm
    let good = field.draft().signed(&field.rogue.office);
    assert_eq!(field.rogue.deliver(LEAD, &[&good]).code(), "-");
    let (_, signature) = good.rsplit_once('.').unwrap();
    let other = Draft::new(&field.rogue.office, &field.shared, &acts::request(), 2, None, Timestamp::now());
    let other = other.signed(&field.rogue.office);
    let garbage = format!("{}.{signature}", other.rsplit_once('.').unwrap().0);
    let bad = deliver(vec![garbage; FRAME_LINKS_MAX]);
    let replays = deliver(vec![good.clone(); FRAME_LINKS_MAX]);
    let one_bad = deliver(vec![good[..good.len() - 4].to_owned()]);
    let head = ChainHead {
        conference: field.shared.clone(),
        writer: ROGUE.parse().unwrap(),
        incarnation: forge::LIFE,
        sequence: u64::MAX,
        id: Some(forge::read(&good).id()),
    };
    let heads = Heads { conferences: vec![field.shared.clone(); 128], chains: vec![head; 1000] };
    let heads = encode(&Request::Heads(heads), &[]).unwrap();
    let fetch = Request::Fetch {
        conference: field.shared.clone(),
        writer: LEAD.parse().unwrap(),
        incarnation: field.lead.links(&field.shared)[0].link.payload().incarnation,
        from: 1,
        to: 64,
    };
    let fetch = encode(&fetch, &[]).unwrap();
    let bundle = encode(&Request::Bundle { digest: Digest::of(b"nobody") }, &[]).unwrap();
    let hello = Request::Hello { hello: field.rogue.greeting(LEAD) };
    let hello = encode(&hello, &field.rogue.office.bundle).unwrap();
    let junk = [&(4_u32 << 20).to_be_bytes()[..], &vec![b'['; 4 << 20]].concat();
    let floods: [(&str, &Vec<u8>); 8] = [
        ("64 links with bad signatures in each frame", &bad),
        ("one link cut off in each frame", &one_bad),
        ("64 replays in each frame", &replays),
        ("heads of 128 cases with 1,000 lies", &heads),
        ("fetches", &fetch),
        ("trust bundles that nobody has", &bundle),
        ("greetings", &hello),
        ("frames of 4 MiB without sense", &junk),
    ];
    let mut table = format!(
        "{:<52} {:>8} {:>10} {:>10} {:>12}\n",
        "flood", "per s", "of quiet", "p99 times", "answered/s"
    );
    let mut all = Vec::new();
    for (name, frame) in floods {
        // what the flood before left unanswered goes with its connection
        field.rogue = Cheat::greeted(&field.arena, "rogue", &["lead", "body"]);
        let (ratio, line) = field.measure(name, &|stop, done| field.flood_with(stop, done, || frame.clone()));
        table.push_str(&line);
        all.push((name, ratio));
    }
    let (ratio, line) = field.measure("connections, 100 a second", &|stop, done| calls(&field, stop, done));
    table.push_str(&line);
    all.push(("connections", ratio));
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-service.txt"), &table).unwrap();
    for (name, ratio) in all {
        assert!(ratio >= LEAST || !full_effort(), "{name}: only {ratio:.2} of the service is left\n{table}");
    }
}

/// Calls under a member's key again and again, a hundred times a second.
fn calls(field: &Field, stop: &AtomicBool, done: &AtomicUsize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (address, seed) = (field.arena.address("lead"), field.arena.peer_seed("brute"));
    runtime.block_on(async {
        while !stop.load(Ordering::Relaxed) {
            let _ = Raw::call(&address, seed).await; // turned away or not
            done.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
}
