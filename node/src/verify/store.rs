//! `concerto verify --store`: whether everything that a node holds is what was written, beside a running node.

use concerto_core::Fault;
use serde_json::json;
use std::time::{Duration, Instant};

use crate::home::Home;
use crate::output::{Exit, Failure, Output};
use crate::scrub::{self, Examined, Finding, Pace};

/// Time between two lines of progress.
const PROGRESS_EVERY: Duration = Duration::from_secs(2);

/// Lines of progress for work that takes long.
pub(crate) struct Progress {
    out: Output,
    told_at: Instant,
    rows: u64,
    bytes: u64,
}

impl Progress {
    pub(crate) fn new(out: Output) -> Self {
        Self { out, told_at: Instant::now(), rows: 0, bytes: 0 }
    }

    /// Counts, and tells now and then; always goes on.
    pub(crate) fn told(&mut self, pace: Pace) -> bool {
        match pace {
            Pace::Rows(rows) => self.rows += rows,
            Pace::Bytes(bytes) => self.bytes += bytes as u64,
        }
        if self.told_at.elapsed() >= PROGRESS_EVERY {
            self.told_at = Instant::now();
            let out = self.out;
            let rows = out.say("righe lette", "rows read");
            let documents = out.say("MiB di documenti", "MiB of documents");
            out.progress(&format!("… {} {rows}, {} {documents}", self.rows, self.bytes / (1024 * 1024)));
        }
        true
    }
}

/// Verifies a node's folder; fails with the first finding and tells all of them.
pub(crate) fn run(out: Output, home: &Home) -> Result<(), Failure> {
    let mut progress = Progress::new(out);
    let found = scrub::examine(home, &mut |pace| progress.told(pace))?;
    let value = json!({
        "good": found.found == 0,
        "counts": found.counts,
        "found": found.found,
        "findings": found.findings,
        "remarks": found.remarks,
    });
    out.result(&text(out, &found), &value);
    match found.findings.first() {
        None => Ok(()),
        Some(first) => Err(Failure { exit: Exit::Refused, faults: vec![damaged(first, found.found)] }),
    }
}

fn damaged(first: &Finding, count: u64) -> Fault {
    Fault::new(
        first.code,
        format!("{}: {} (in tutto {count}). Riparare con `concerto repair`.", first.subject, first.what),
        format!("{}: {} ({count} in all). Repair with `concerto repair`.", first.subject, first.what),
    )
}

fn text(out: Output, found: &Examined) -> String {
    let counts = found.counts;
    let mut text = format!(
        "{} {}, {} {}, {} {}, {} {} ({} MiB)",
        counts.links,
        out.say("messaggi", "messages"),
        counts.receipts,
        out.say("ricevute", "receipts"),
        counts.bundles,
        out.say("catene di fiducia", "trust chains"),
        counts.documents,
        out.say("documenti", "documents"),
        counts.document_bytes / (1024 * 1024),
    );
    if found.found == 0 {
        text.push_str(out.say(": tutto integro", ": all is whole"));
    }
    for finding in &found.findings {
        text.push_str(&format!("\n{} {}: {}", finding.code, finding.subject, finding.what));
    }
    for remark in &found.remarks {
        let word = out.say("nota", "note");
        text.push_str(&format!("\n{word} {} {}: {}", remark.code, remark.subject, remark.what));
    }
    text
}
