//! The node's judgement of its own wall clock (protocols/PROTOCOL.md, "Order and effect").
//!
//! Order never depends on the wall clock: sequences and `previous` give it. Retries run on the monotonic clock. But the wall clock dates
//! evidence, so a clock that jumps against the monotonic one is told to officials beyond [`STEP_ALARM`], and beyond [`STEP_DOUBT`] the node
//! gives no new date at all (no act, no receipt for a new message) until the clock is back or an operator confirms it. Nothing is
//! lost meanwhile: peers keep their messages, receipts given before are given again, reading goes on.
//!
//! The doubt is kept in the journal, so that starting again does not lift it; so is the last date that the node gave, so that a clock that
//! was set back while the node was down is noticed.

use concerto_exchange::delivery::Monotonic;
use concerto_port::{Alarm, JournalError, JournalRead, Write};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

use crate::fault::Fault;
use crate::step::{Step, World};

/// A step of the wall clock beyond this raises an alarm.
pub const STEP_ALARM: SignedDuration = SignedDuration::from_secs(60);
/// A step beyond this makes the clock doubtful.
pub const STEP_DOUBT: SignedDuration = SignedDuration::from_mins(5);
/// How much a clock may drift or be slewed for each unit of time, as a divisor: 1/1000, twice what NTP slews at most.
const SLEW_DIVISOR: u32 = 1000;
/// Longest time for which the last date given is not noted again.
const NOTE_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// Code of the refusal while the clock is doubtful.
pub const CLOCK_DOUBTFUL: &str = "clock.doubtful";
/// Name of the journal's value that tells that the clock is doubtful.
const DOUBT: &str = "clock.doubt";
/// Name of the journal's value with the last date given.
const LAST: &str = "clock.last";

/// What is held against the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// It stepped away from where the reference says that it should be.
    Stepped,
    /// It stands before the last date that this node gave.
    Behind,
    /// It was doubtful when the node stopped: only an operator can tell.
    Kept,
}

/// The watch over the wall clock.
#[derive(Debug, Default)]
pub(crate) struct ClockWatch {
    watched: bool,
    // where the wall clock stood at a monotonic instant, as far as it is trusted
    reference: Option<(Timestamp, Monotonic)>,
    doubt: Option<Doubt>,
    last_noted: Option<Timestamp>,
}

impl ClockWatch {
    /// A watch as the journal left it; one that does not watch trusts every clock (a training federation's virtual one).
    pub(crate) fn start(watched: bool, world: &World<'_>, step: &mut Step) -> Result<Self, JournalError> {
        let mut watch = Self { watched, ..Self::default() };
        if !watched {
            return Ok(watch);
        }
        watch.last_noted = read_instant(world.journal, LAST)?;
        if read_instant(world.journal, DOUBT)?.is_some() {
            watch.doubt = Some(Doubt::Kept);
        } else if let Some(last) = watch.last_noted.filter(|last| behind(world.now, *last)) {
            watch.doubt = Some(Doubt::Behind);
            watch.reference = Some((last, world.monotonic));
            watch.tell_doubt(world, step, world.now.duration_since(last));
            return Ok(watch);
        }
        watch.reference = Some((world.now, world.monotonic));
        Ok(watch)
    }

    /// Compares the two clocks; to be called before anything is dated. Says whether the clock was stepped forward: the machine may then
    /// also be a snapshot that was taken up again.
    pub(crate) fn observe(&mut self, world: &World<'_>, step: &mut Step) -> bool {
        let Some((wall, monotonic)) = self.reference.filter(|_| self.watched) else { return false };
        let passed = world.monotonic.saturating_sub(monotonic);
        let expected = wall.saturating_add(passed).unwrap_or(wall);
        let by = world.now.duration_since(expected);
        match self.doubt {
            Some(Doubt::Behind) if !behind(world.now, wall) => self.trust_again(world, step),
            Some(Doubt::Stepped) if by.abs() <= STEP_ALARM => self.trust_again(world, step),
            Some(_) => {}
            None if by.abs() <= STEP_ALARM => self.follow(expected, by, passed, world.monotonic),
            None => {
                if by.abs() <= STEP_DOUBT {
                    self.reference = Some((world.now, world.monotonic));
                    step.commit.push(Write::Alarm(stepped_alarm(by, world.now)));
                } else {
                    self.doubt = Some(Doubt::Stepped);
                    self.tell_doubt(world, step, by);
                }
                return by > SignedDuration::ZERO;
            }
        }
        false
    }

    /// Moves the reference with a clock that drifts or is slewed, no faster than that.
    fn follow(&mut self, expected: Timestamp, by: SignedDuration, passed: Duration, at: Monotonic) {
        let most = SignedDuration::try_from(passed / SLEW_DIVISOR).unwrap_or(SignedDuration::MAX);
        let moved = expected.saturating_add(by.clamp(-most, most)).unwrap_or(expected);
        self.reference = Some((moved, at));
    }

    fn trust_again(&mut self, world: &World<'_>, step: &mut Step) {
        tracing::warn!("the clock is back where it should be");
        self.confirm(world, step);
    }

    /// The clock is right as it stands now.
    pub(crate) fn confirm(&mut self, world: &World<'_>, step: &mut Step) {
        if self.doubt.take().is_some() {
            step.commit.push(Write::Meta { name: DOUBT, value: Vec::new() });
        }
        // the last date given may lie in a future that was none
        if self.last_noted.is_some_and(|last| last > world.now) {
            self.note(world.now, step);
        }
        self.reference = Some((world.now, world.monotonic));
    }

    fn tell_doubt(&self, world: &World<'_>, step: &mut Step, by: SignedDuration) {
        tracing::error!(seconds = by.as_secs(), "the clock is doubtful: nothing new is dated");
        step.commit.push(Write::Meta { name: DOUBT, value: world.now.to_string().into_bytes() });
        step.commit.push(Write::Alarm(doubt_alarm(by, world.now)));
    }

    /// Whether this clock is compared with anything.
    pub(crate) fn is_watched(&self) -> bool {
        self.watched
    }

    /// Why nothing may be dated now, if so.
    pub(crate) fn refusal(&self) -> Option<Fault> {
        self.doubt.map(|_| doubt_fault())
    }

    /// Something was dated: notes it, at most once a minute.
    pub(crate) fn dated(&mut self, now: Timestamp, step: &mut Step) {
        let lately = |last: Timestamp| now.duration_since(last) < NOTE_EVERY;
        if self.watched && !self.last_noted.is_some_and(lately) {
            self.note(now, step);
        }
    }

    fn note(&mut self, now: Timestamp, step: &mut Step) {
        self.last_noted = Some(now);
        step.commit.push(Write::Meta { name: LAST, value: now.to_string().into_bytes() });
    }
}

/// Whether a clock stands before a date by more than what an alarm would forgive.
fn behind(now: Timestamp, date: Timestamp) -> bool {
    date.duration_since(now) > STEP_DOUBT
}

fn read_instant(journal: &dyn JournalRead, name: &str) -> Result<Option<Timestamp>, JournalError> {
    let Some(bytes) = journal.meta(name)?.filter(|bytes| !bytes.is_empty()) else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    // damaged: for a doubt any date will do, and a last date is noted again soon
    Ok(text.parse().ok().or((name == DOUBT).then_some(Timestamp::UNIX_EPOCH)))
}

fn doubt_fault() -> Fault {
    Fault::new(
        CLOCK_DOUBTFUL,
        "L'orologio di questo nodo è saltato di più di cinque minuti: finché non torna giusto non si datano atti né ricevute. Controllare \
         l'ora; se è giusta confermarla con `concerto clock confirm`. Nulla va perso: i messaggi degli altri attendono.",
        "The clock of this node jumped by more than five minutes: until it is right again no act and no receipt is dated. Check the \
         time; if it is right, confirm it with `concerto clock confirm`. Nothing is lost: messages of others wait.",
    )
}

fn seconds(by: SignedDuration) -> String {
    format!("{:+}", by.as_secs())
}

fn stepped_alarm(by: SignedDuration, at: Timestamp) -> Alarm {
    Alarm {
        conference: None,
        code: "clock.stepped".into(),
        subject: at.to_string(),
        at,
        text: format!(
            "L'orologio di questo nodo è saltato di {} secondi. Controllare la sincronizzazione dell'ora (NTP) della macchina.",
            seconds(by)
        ),
    }
}

fn doubt_alarm(by: SignedDuration, at: Timestamp) -> Alarm {
    Alarm {
        conference: None,
        code: CLOCK_DOUBTFUL.into(),
        subject: at.to_string(),
        at,
        text: format!(
            "L'orologio di questo nodo è saltato di {} secondi: non si datano nuovi atti né ricevute finché non torna giusto o un \
             operatore non lo conferma (`concerto clock confirm`).",
            seconds(by)
        ),
    }
}
