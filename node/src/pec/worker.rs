//! The thread of the office in a node that serves, and the bell by which others have it read now.

use concerto_port::Alarm;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

use super::office::{Office, Round, Stopped};
use super::orders::Orders;
use crate::engine::Told;
use crate::home::Home;
use crate::output::Failure;

/// Time between two rounds where nothing is reported, of a mailbox at a server.
const ROUND_EVERY: Duration = Duration::from_secs(15);
/// The same for a folder of this machine, and in a training federation.
const ROUND_EVERY_LOCAL: Duration = Duration::from_secs(1);
/// Time between two looks at messages of nodes that could not be taken.
const LOOK_AGAIN_EVERY: Duration = Duration::from_secs(600);
/// Time between two attempts to open what is configured.
const OPEN_EVERY: Duration = Duration::from_secs(30);
/// How long a node that ends waits for its office; what it cuts off is taken up at the next start.
const FAREWELL: Duration = Duration::from_secs(20);
/// After so many rounds in which the mailbox could not be read an official is told.
const UNREAD_ALARM_AFTER: u32 = 3;

/// Whom to tell that the mailbox is to be read now, and who tells when that is done.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    state: Mutex<Rung>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct Rung {
    stop: bool,
    asked: u64,
    begun: u64,
    done: u64,
    last: Round,
    failure: Option<(String, String)>,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, Rung> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the mailbox read now; what that round did, or why there was none within the time.
    pub(crate) fn ring(&self, patience: Duration) -> Result<Round, (String, String)> {
        let mut state = self.lock();
        state.asked += 1;
        let mine = state.asked;
        self.moved.notify_all();
        let until = Instant::now() + patience;
        while state.done < mine && !state.stop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(("pec.poll.slow".to_owned(), "the mailbox is still being read".to_owned()));
            }
            state = self.moved.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.failure.clone().map_or_else(|| Ok(state.last.clone()), Err)
    }

    fn stop(&self) {
        self.lock().stop = true;
        self.moved.notify_all();
    }

    fn stopped(&self) -> bool {
        self.lock().stop
    }

    /// A round begins: whoever asked until now is answered by it.
    fn begin(&self) {
        let mut state = self.lock();
        state.begun = state.asked;
    }

    fn end(&self, result: Result<Round, (String, String)>) {
        let mut state = self.lock();
        state.done = state.begun;
        match result {
            Ok(round) => (state.last, state.failure) = (round, None),
            Err(failure) => state.failure = Some(failure),
        }
        self.moved.notify_all();
    }

    /// Waits for somebody to ask, or for the end, or at most so long.
    fn rest(&self, at_most: Duration) {
        let until = Instant::now() + at_most;
        let mut state = self.lock();
        while !state.stop && state.asked == state.done {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.moved.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn is_rung(&self) -> bool {
        let state = self.lock();
        state.asked != state.done
    }
}

/// The thread.
pub(crate) struct Worker {
    bell: Arc<Bell>,
    thread: JoinHandle<()>,
}

impl Worker {
    /// Starts the office of a node, where it has a mailbox.
    pub(crate) fn start(
        home: &Home,
        tell: mpsc::Sender<Told>,
        bell: Arc<Bell>,
    ) -> Result<Option<Self>, Failure> {
        if !super::mailbox::is_configured(home) {
            return Ok(None);
        }
        super::begin(home)?; // before anybody can give an order
        let (home, mine) = (home.clone(), bell.clone());
        let thread = std::thread::Builder::new()
            .name("pec".into())
            .spawn(move || work(&home, &tell, &mine))
            .map_err(|error| Failure::environment("system.thread", &error))?;
        Ok(Some(Self { bell, thread }))
    }

    /// Ends the office, if there is one. What that cuts off is taken up at the next start.
    pub(crate) async fn stop(office: Option<Self>) {
        if let Some(office) = office {
            let _ = tokio::task::spawn_blocking(move || office.end()).await; // it panics only with its thread
        }
    }

    /// Waits a bounded time, for it may be in a call of the mailbox.
    fn end(self) {
        self.bell.stop();
        let until = Instant::now() + FAREWELL;
        while !self.thread.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn work(home: &Home, tell: &mpsc::Sender<Told>, bell: &Bell) {
    while !bell.stopped() {
        match Office::open(home, Orders::Running(tell.clone())) {
            Ok(office) => {
                if rounds(office, home, bell).is_err() {
                    return; // the engine is gone
                }
            }
            Err(failure) => {
                tracing::error!(faults = ?failure.faults, "the certified mailbox cannot be used");
                bell.begin();
                bell.end(Err(of(&failure)));
            }
        }
        bell.rest(OPEN_EVERY);
    }
}

/// Round after round, until told to stop or something needs everything to be opened anew.
fn rounds(mut office: Office, home: &Home, bell: &Bell) -> Result<(), ()> {
    let local = !office.is_remote() || home.federation.training;
    let every = if local { ROUND_EVERY_LOCAL } else { ROUND_EVERY };
    let (mut unread, mut looked) = (0_u32, Instant::now());
    while !bell.stopped() {
        if looked.elapsed() >= LOOK_AGAIN_EVERY {
            office.look_again = true;
            looked = Instant::now();
        }
        bell.begin();
        match office.round() {
            Ok(round) => {
                unread = if round.unread.is_some() { unread.saturating_add(1) } else { 0 };
                if let Some((code, text)) = round.unread.as_ref().filter(|_| unread == UNREAD_ALARM_AFTER) {
                    tracing::error!(code, text, "the certified mailbox cannot be read");
                    office.raise(unread_alarm(code, office.now())).map_err(|_| ())?;
                }
                bell.end(Ok(round));
            }
            Err(Stopped::Gone) => {
                bell.stop();
                return Err(());
            }
            Err(Stopped::Failed(failure)) => {
                tracing::error!(faults = ?failure.faults, "a round of the certified mailbox failed");
                bell.end(Err(of(&failure)));
                return Ok(());
            }
        }
        if !bell.is_rung() {
            office.wait(every);
        }
    }
    Ok(())
}

fn of(failure: &Failure) -> (String, String) {
    let fault = failure.faults.first();
    fault.map_or_else(
        || ("pec.failed".to_owned(), String::new()),
        |fault| (fault.code.clone(), fault.text_en.clone()),
    )
}

fn unread_alarm(code: &str, at: jiff::Timestamp) -> Alarm {
    Alarm {
        conference: None,
        code: "pec.unread".to_owned(),
        subject: code.to_owned(),
        at,
        text: format!(
            "La casella PEC non si legge ({code}): vedere `concerto pec check`. Il nodo riprova da sé."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_rings_is_answered_by_a_round_that_began_after() {
        let bell = Arc::new(Bell::default());
        bell.begin(); // a round that began before anybody rang
        let ringing = bell.clone();
        let asking = std::thread::spawn(move || ringing.ring(Duration::from_secs(20)));
        while !bell.is_rung() {
            std::thread::yield_now();
        }
        bell.end(Ok(Round { came: 1, ..Round::default() }));
        bell.begin();
        bell.end(Ok(Round { came: 2, ..Round::default() }));
        assert_eq!(asking.join().unwrap().unwrap().came, 2);
        assert_eq!(bell.ring(Duration::ZERO).unwrap_err().0, "pec.poll.slow");
    }
}
