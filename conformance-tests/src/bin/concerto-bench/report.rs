//! The numbers, for people and for programs, and whether each target is met.

use serde_json::{Value, json};
use std::fmt::Write;

use crate::api::{Measured, P99_MS_MAX};
use crate::duties::{self, CONFERENCES, DUTIES_MS_MAX};
use crate::law::{Law, REPLAY_MS_MAX, TERMS_MS_MAX};

/// Least part of the machine's limit, at the most in flight, that exchanges must reach.
const RATIO_MIN: f64 = 0.1;
/// Least part of the slower of raw stream and raw write that a large document must reach.
const TRANSFER_RATIO_MIN: f64 = 0.6;
/// Memory that a large document may take at either end, in bytes.
const GROWN_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// A waiting document begins to come within this time of its peer's return, in milliseconds.
const FIRST_BYTE_MS_MAX: f64 = 1000.0;
/// An idle node stays below this, in bytes.
const IDLE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The stripped release program stays below this, in bytes.
const PROGRAM_BYTES_MAX: u64 = 48 * 1024 * 1024;

/// Exchanges at one number in flight.
#[derive(Debug)]
pub(crate) struct Exchanges {
    pub(crate) in_flight: usize,
    pub(crate) count: usize,
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Exchanges {
    fn json(&self) -> Value {
        json!({
            "in_flight": self.in_flight, "count": self.count, "per_second": self.per_second, "p50_ms": self.p50_ms,
            "p99_ms": self.p99_ms,
        })
    }
}

/// What the cores allow.
#[derive(Debug)]
pub(crate) struct Crypto {
    pub(crate) cores: usize,
    pub(crate) exchanges_per_second: f64,
}

/// What the disk allows with one size of group.
#[derive(Debug)]
pub(crate) struct Commits {
    pub(crate) group: usize,
    pub(crate) commits_per_second: f64,
    pub(crate) links_per_second: f64,
}

/// What the transport allows.
#[derive(Debug)]
pub(crate) struct Frames {
    pub(crate) in_flight: usize,
    pub(crate) per_second: f64,
}

/// One large document, and what the machine allows for it.
#[derive(Debug)]
pub(crate) struct Transfer {
    pub(crate) bytes: u64,
    pub(crate) bytes_per_second: f64,
    pub(crate) add_bytes_per_second: f64,
    pub(crate) disk_bytes_per_second: f64,
    pub(crate) stream_bytes_per_second: f64,
    /// Most that either node's resident memory grew meanwhile.
    pub(crate) grown_bytes: u64,
    /// From the return of the asker's node to the first byte of the document.
    pub(crate) first_byte_ms: f64,
}

impl Transfer {
    /// As a part of the slower of the raw stream and the raw write.
    fn ratio(&self) -> f64 {
        self.bytes_per_second / self.disk_bytes_per_second.min(self.stream_bytes_per_second)
    }

    fn judged(&self) -> [Judged; 3] {
        let (ratio, grown) = (self.ratio(), self.grown_bytes as f64 / 1_048_576.0);
        [
            Judged {
                what: "a large document / slower of raw stream and write",
                found: format!("{ratio:.3}"),
                target: format!("at least {TRANSFER_RATIO_MIN}"),
                met: ratio >= TRANSFER_RATIO_MIN,
            },
            Judged {
                what: "memory that a large document takes",
                found: format!("{grown:.1} MiB"),
                target: format!("below {:.1} MiB", GROWN_BYTES_MAX as f64 / 1_048_576.0),
                met: self.grown_bytes < GROWN_BYTES_MAX,
            },
            Judged {
                what: "first byte after the peer's return",
                found: format!("{:.0} ms", self.first_byte_ms),
                target: format!("below {FIRST_BYTE_MS_MAX:.0} ms"),
                met: self.first_byte_ms < FIRST_BYTE_MS_MAX,
            },
        ]
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let mib = |per_second: f64| per_second / 1_048_576.0;
        writeln!(
            out,
            "\nA document of {} MiB between two nodes, hashed, checked and synced",
            self.bytes / 1_048_576
        )?;
        writeln!(out, "{:>12.0} MiB/s from store to store", mib(self.bytes_per_second))?;
        writeln!(
            out,
            "{:>12.0} MiB/s into the author's store (document add)",
            mib(self.add_bytes_per_second)
        )?;
        writeln!(out, "{:>12.0} MiB/s raw libp2p stream (TCP, loopback)", mib(self.stream_bytes_per_second))?;
        writeln!(out, "{:>12.0} MiB/s raw write with sync", mib(self.disk_bytes_per_second))
    }

    fn json(&self) -> Value {
        json!({
            "bytes": self.bytes, "bytes_per_second": self.bytes_per_second,
            "add_bytes_per_second": self.add_bytes_per_second, "ratio": self.ratio(),
            "raw_stream_bytes_per_second": self.stream_bytes_per_second,
            "raw_write_bytes_per_second": self.disk_bytes_per_second, "grown_bytes": self.grown_bytes,
            "first_byte_ms": self.first_byte_ms,
        })
    }
}

/// All numbers of one run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    machine: String,
    debug_build: bool,
    pub(crate) exchanges: Vec<Exchanges>,
    pub(crate) with_document: Option<Exchanges>,
    pub(crate) crypto: Option<Crypto>,
    pub(crate) commits: Vec<Commits>,
    pub(crate) frames: Vec<Frames>,
    pub(crate) transfer: Option<Transfer>,
    pub(crate) links_checked: usize,
    pub(crate) idle_bytes: u64,
    pub(crate) loaded_bytes: u64,
    pub(crate) program_bytes: u64,
    pub(crate) law: Option<Law>,
    pub(crate) api: Option<Measured>,
    pub(crate) duties: Option<duties::Measured>,
}

/// A number that has a target.
struct Judged {
    what: &'static str,
    found: String,
    target: String,
    met: bool,
}

impl Report {
    /// An empty report that names the processor.
    pub(crate) fn of_this_machine() -> Self {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
        Self {
            machine: model.trim_start_matches([' ', '\t', ':']).to_owned(),
            debug_build: cfg!(debug_assertions),
            ..Self::default()
        }
    }

    /// Exchanges a second at the most in flight, as a part of what the cores allow.
    fn ratio(&self, run: &Exchanges) -> f64 {
        self.crypto.as_ref().map_or(0.0, |limit| run.per_second / limit.exchanges_per_second)
    }

    fn judged(&self) -> Vec<Judged> {
        let mut judged = self.law.map_or_else(Vec::new, judged_law);
        judged.extend(self.api.as_ref().map(judged_api));
        judged.extend(self.duties.map(judged_duties));
        if !self.exchanges.is_empty() {
            judged.extend(self.judged_node());
        }
        judged
    }

    fn judged_node(&self) -> Vec<Judged> {
        let most = self.exchanges.iter().max_by_key(|run| run.in_flight);
        let ratio = most.map_or(0.0, |run| self.ratio(run));
        let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / 1_048_576.0);
        let mut judged = vec![
            Judged {
                what: "exchanges at 64 in flight / limit of the cores",
                found: format!("{ratio:.3}"),
                target: format!("at least {RATIO_MIN}"),
                met: ratio >= RATIO_MIN,
            },
            Judged {
                what: "memory of an idle node",
                found: mib(self.idle_bytes),
                target: format!("below {}", mib(IDLE_BYTES_MAX)),
                met: self.idle_bytes < IDLE_BYTES_MAX,
            },
            Judged {
                what: "size of the program",
                found: mib(self.program_bytes),
                target: format!("below {}", mib(PROGRAM_BYTES_MAX)),
                met: self.program_bytes < PROGRAM_BYTES_MAX,
            },
        ];
        judged.extend(self.transfer.iter().flat_map(Transfer::judged));
        judged
    }

    /// Whether every target is met.
    pub(crate) fn passed(&self) -> bool {
        self.judged().iter().all(|judged| judged.met)
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        // writing to a string cannot fail
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "\n{}", self.machine)?;
        if self.debug_build {
            writeln!(out, "A development build: these numbers say nothing about a release.")?;
        }
        if let Some(api) = &self.api {
            write_api(out, api)?;
        }
        if let Some(transfer) = &self.transfer {
            transfer.write(out)?;
        }
        if !self.exchanges.is_empty() {
            self.write_node(out)?;
        }
        if let Some(duties) = self.duties {
            let mib = duties.index_bytes as f64 / 1_048_576.0;
            let (outstanding, anew) = (duties.outstanding, duties.anew_ms);
            writeln!(
                out,
                "{outstanding} duties of one node in {CONFERENCES} running conferences; their index takes {mib:.0} MiB;"
            )?;
            writeln!(out, "computed anew from states in memory, on one core, in {anew:.0} ms")?;
        }
        for judged in self.judged() {
            let verdict = if judged.met { "PASS" } else { "FAIL" };
            writeln!(out, "{verdict}  {:<48} {:>10}   {}", judged.what, judged.found, judged.target)?;
        }
        Ok(())
    }

    fn write_node(&self, out: &mut String) -> std::fmt::Result {
        let cores = self.crypto.as_ref().map_or(0, |limit| limit.cores);
        writeln!(out, "\nExchanges between two nodes, until the accepted receipt is stored")?;
        writeln!(
            out,
            "{:>10} {:>10} {:>12} {:>10} {:>10} {:>10}",
            "in flight", "count", "exchanges/s", "p50 ms", "p99 ms", "of limit"
        )?;
        for run in &self.exchanges {
            self.write_run(out, run, "")?;
        }
        if let Some(run) = &self.with_document {
            self.write_run(out, run, "  each with a document")?;
        }
        writeln!(out, "\nWhat this machine allows")?;
        if let Some(limit) = &self.crypto {
            let rate = limit.exchanges_per_second;
            writeln!(
                out,
                "{rate:>12.0} exchanges/s of 2 signatures and 2 verifications (P-256) on {cores} cores"
            )?;
        }
        for disk in &self.commits {
            let (commits, links, group) = (disk.commits_per_second, disk.links_per_second, disk.group);
            writeln!(out, "{commits:>12.0} commits/s in groups of {group} ({links:.0} links/s)")?;
        }
        for frames in &self.frames {
            let (rate, in_flight) = (frames.per_second, frames.in_flight);
            writeln!(
                out,
                "{rate:>12.0} frames and answers/s over libp2p (TCP, loopback), {in_flight} in flight"
            )?;
        }
        let loaded = self.loaded_bytes as f64 / 1_048_576.0;
        writeln!(
            out,
            "\n{} links compared in both stores; {loaded:.0} MiB resident after the load\n",
            self.links_checked
        )
    }

    fn write_run(&self, out: &mut String, run: &Exchanges, note: &str) -> std::fmt::Result {
        let Exchanges { in_flight, count, per_second, p50_ms, p99_ms } = run;
        let ratio = self.ratio(run);
        writeln!(
            out,
            "{in_flight:>10} {count:>10} {per_second:>12.0} {p50_ms:>10.2} {p99_ms:>10.2} {ratio:>10.3}{note}"
        )
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let verdicts: Vec<Value> = self
            .judged()
            .iter()
            .map(|j| json!({ "what": j.what, "found": j.found, "target": j.target, "pass": j.met }))
            .collect();
        let commits = |c: &Commits| json!({ "group": c.group, "commits_per_second": c.commits_per_second, "links_per_second": c.links_per_second });
        let frames = |f: &Frames| json!({ "in_flight": f.in_flight, "per_second": f.per_second });
        json!({
            "machine": self.machine,
            "debug_build": self.debug_build,
            "cores": self.crypto.as_ref().map(|limit| limit.cores),
            "exchanges": self.exchanges.iter().map(Exchanges::json).collect::<Vec<_>>(),
            "exchanges_with_document": self.with_document.as_ref().map(Exchanges::json),
            "limit": {
                "exchanges_per_second": self.crypto.as_ref().map(|limit| limit.exchanges_per_second),
                "commits": self.commits.iter().map(commits).collect::<Vec<_>>(),
                "frames": self.frames.iter().map(frames).collect::<Vec<_>>(),
            },
            "document": self.transfer.as_ref().map(Transfer::json),
            "links_checked": self.links_checked,
            "idle_bytes": self.idle_bytes,
            "loaded_bytes": self.loaded_bytes,
            "program_bytes": self.program_bytes,
            "law": self.law.map(|law| json!({ "replay_ms": law.replay_ms, "terms_ms": law.terms_ms })),
            "api": self.api.as_ref().map(api_json),
            "duties": self.duties.map(|d| json!({
                "conferences": CONFERENCES, "anew_ms": d.anew_ms, "listed_ms": d.listed_ms, "outstanding": d.outstanding,
                "index_bytes": d.index_bytes,
            })),
            "verdicts": verdicts,
            "pass": self.passed(),
        })
    }
}

fn within(what: &'static str, found: f64, most: f64) -> Judged {
    let (told, target) = (format!("{found:.1} ms"), format!("below {most:.0} ms"));
    Judged { what, found: told, target, met: found < most }
}

fn judged_duties(duties: duties::Measured) -> Judged {
    within("the day's duties of 45,000 conferences", duties.listed_ms, DUTIES_MS_MAX)
}

fn judged_law(law: Law) -> Vec<Judged> {
    vec![
        within("a case of 50 bodies and 5,000 messages folded", law.replay_ms, REPLAY_MS_MAX),
        within("concerto terms, from start to end", law.terms_ms, TERMS_MS_MAX),
    ]
}

/// The slowest kind of read counts.
fn judged_api(api: &Measured) -> Judged {
    let slowest = api.reads.iter().map(|reads| reads.p99_ms).fold(0.0, f64::max);
    Judged {
        what: "reads of the API with many conferences, p99",
        found: format!("{slowest:.1} ms"),
        target: format!("below {P99_MS_MAX:.0} ms"),
        met: slowest < P99_MS_MAX,
    }
}

fn write_api(out: &mut String, api: &Measured) -> std::fmt::Result {
    let Measured { conferences, first_list_s, resident_bytes, reads } = api;
    writeln!(out, "\nReads of the local API of a node with {conferences} conferences, one after the other")?;
    writeln!(out, "{:>22} {:>8} {:>10} {:>10}", "", "count", "p50 ms", "p99 ms")?;
    for reads in reads {
        writeln!(out, "{:>22} {:>8} {:>10.2} {:>10.2}", reads.what, reads.count, reads.p50_ms, reads.p99_ms)?;
    }
    let resident = *resident_bytes as f64 / 1_048_576.0;
    writeln!(
        out,
        "{first_list_s:>12.1} s from the start of the node until all were listed once; {resident:.0} MiB resident\n"
    )
}

fn api_json(api: &Measured) -> Value {
    let reads = api.reads.iter().map(|reads| {
        json!({ "what": reads.what, "count": reads.count, "p50_ms": reads.p50_ms, "p99_ms": reads.p99_ms })
    });
    json!({
        "conferences": api.conferences, "first_list_s": api.first_list_s, "resident_bytes": api.resident_bytes,
        "reads": reads.collect::<Vec<_>>(),
    })
}
