//! The slow scrub of a running node: everything it holds is read again once a day, at a bounded rate, and what is damaged is put aside and
//! fetched again. `concerto repair` asks for one at once, at full speed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

use crate::control::Signals;
use crate::engine::Told;
use crate::home::Home;
use crate::output::Failure;
use crate::repair::put_aside;
use crate::scrub::{self, Examined, Pace};

/// Wait before the first scrub of a process.
const FIRST_AFTER: Duration = Duration::from_secs(15 * 60);
/// Wait between two scrubs.
const EVERY: Duration = Duration::from_secs(24 * 3600);
/// Bytes of documents read in a second.
const BYTES_PER_SECOND: u64 = 8 * 1024 * 1024;
/// Rows of the journal read in a second.
const ROWS_PER_SECOND: u64 = 2000;
/// Longest sleep at one time: how long a stop may wait.
const NAP_MAX: Duration = Duration::from_millis(100);

/// The scrub of one running node.
pub(crate) struct Scrubbing {
    stopping: Arc<AtomicBool>,
}

impl Scrubbing {
    /// Scrubs from now on until it is stopped.
    pub(crate) fn start(home: Home, tell: mpsc::Sender<Told>, signals: Arc<Signals>) -> Self {
        let stopping = Arc::new(AtomicBool::new(false));
        tokio::spawn(scrub_again_and_again(home, tell, signals, stopping.clone()));
        Self { stopping }
    }

    /// Ends a scrub that is under way.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

async fn scrub_again_and_again(
    home: Home,
    tell: mpsc::Sender<Told>,
    signals: Arc<Signals>,
    stopping: Arc<AtomicBool>,
) {
    let mut wait = FIRST_AFTER;
    loop {
        let slow = tokio::select! {
            () = tokio::time::sleep(wait) => true,
            () = signals.scrub.notified() => false,
        };
        wait = EVERY;
        let (home, stopping) = (home.clone(), stopping.clone());
        let done = tokio::task::spawn_blocking(move || scrub_once(&home, &stopping, slow)).await;
        let found = match done {
            Ok(Ok(found)) => found,
            Ok(Err(failure)) => {
                tracing::warn!(?failure, "a scrub failed; the next one is tried later");
                continue;
            }
            Err(_) => return, // the runtime stops
        };
        tracing::info!(counts = ?found.counts, found = found.found, "scrubbed");
        for finding in &found.findings {
            tracing::error!(
                code = finding.code,
                subject = finding.subject,
                what = finding.what,
                "damage found"
            );
        }
        if found.journal_damaged {
            let _ = tell.send(Told::Damaged).await; // the engine may have ended by itself
            return;
        }
        if (!found.documents_damaged.is_empty() || found.documents_missing > 0)
            && tell.send(Told::LookAgain).await.is_err()
        {
            return;
        }
    }
}

fn scrub_once(home: &Home, stopping: &AtomicBool, slow: bool) -> Result<Examined, Failure> {
    let mut pace = Slow { owed: Duration::ZERO };
    let found = scrub::examine(home, &mut |read| {
        if slow {
            pace.wait(read, stopping);
        }
        !stopping.load(Ordering::Relaxed)
    })?;
    put_aside(home, &found.documents_damaged)?;
    Ok(found)
}

/// Sleeps as long as what was read should have taken.
struct Slow {
    owed: Duration,
}

impl Slow {
    fn wait(&mut self, read: Pace, stopping: &AtomicBool) {
        let (amount, rate) = match read {
            Pace::Rows(rows) => (rows, ROWS_PER_SECOND),
            Pace::Bytes(bytes) => (bytes as u64, BYTES_PER_SECOND),
        };
        self.owed += Duration::from_micros(amount.saturating_mul(1_000_000) / rate);
        while self.owed >= NAP_MAX && !stopping.load(Ordering::Relaxed) {
            let begun = Instant::now();
            std::thread::sleep(NAP_MAX);
            self.owed = self.owed.saturating_sub(begun.elapsed());
        }
    }
}
