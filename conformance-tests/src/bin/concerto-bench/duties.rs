//! The day's duties over many conferences: computed anew from states in memory, and listed from the index as a node lists them.
//!
//! Not measured here: reading a conference from the journal and folding it. A node does that once for each conference after its start, then
//! for those that something newly came for or whose day has come.

use concerto_api::duties::{Duties, Wanted};
use concerto_message::{ConferenceId, Digest, Writer};
use concerto_port::memory::{MemoryDocuments, MemoryJournal};
use concerto_procedure::acts::Act;
use concerto_procedure::duties::agenda;
use concerto_procedure::language::Lang;
use concerto_procedure::{Conference, Event, Evidence, LegalNow, Regime, fold};
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use std::time::Instant;

use crate::law::{assent, message, notice};
use crate::settings::Failed;

/// Conferences of one node, all of them running.
pub(crate) const CONFERENCES: u32 = 45_000;
/// Their duties of the day are told within this time.
pub(crate) const DUTIES_MS_MAX: f64 = 1000.0;
/// Bodies called to each; the last one stays silent.
const BODIES: u32 = 4;
/// Conferences are convened on so many days, one after the other; half of their terms have passed.
const NOTICE_DAYS: u32 = 60;
/// Rows of the page that is listed.
const ROWS: usize = 200;
/// Runs, of which the median counts.
const RUNS: usize = 5;

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// Every agenda computed anew, on one core: it has no target.
    pub(crate) anew_ms: f64,
    /// A page of this node's duties, from the index.
    pub(crate) listed_ms: f64,
    /// Duties of the node that are outstanding.
    pub(crate) outstanding: usize,
    /// Resident memory that the index takes, in bytes.
    pub(crate) index_bytes: u64,
}

/// Measures both.
pub(crate) fn measure() -> Result<Measured, Failed> {
    let me: Writer = "r_marche/BENCH".parse()?;
    let now = LegalNow("2026-12-10T08:00:00Z".parse()?);
    let before = resident_bytes();
    let index = Duties::new(me.clone());
    for number in 0..CONFERENCES {
        let state = state(&me, number)?; // one at a time, so that the memory is that of the index
        index.put(state.id().clone(), agenda(&state, &me, now), now.date());
    }
    let index_bytes = resident_bytes().saturating_sub(before);
    let (journal, documents) = (MemoryJournal::default(), MemoryDocuments::default());
    let wanted = (Wanted::default(), Lang::It);
    let (mut listed, mut outstanding) = (Vec::new(), 0);
    for _ in 0..RUNS {
        let begun = Instant::now();
        let page = index.page(&journal, &documents, now, wanted, (None, ROWS))?;
        listed.push(milliseconds(begun));
        if page.duties.len() != ROWS || !page.complete {
            return Err("the index does not hold the conferences".into());
        }
        outstanding = index.with(&journal, now, |all, _| {
            all.filter(|found| wanted.0.covers(found.duty, found.conference.lead(), now)).count()
        })?;
    }
    let states: Vec<Conference> =
        (0..CONFERENCES).map(|number| state(&me, number)).collect::<Result<_, _>>()?;
    let begun = Instant::now();
    let told: usize = states.iter().map(|state| agenda(state, &me, now).duties.len()).sum();
    let anew_ms = milliseconds(begun);
    if told < outstanding {
        return Err("the index tells more than there is".into());
    }
    Ok(Measured { anew_ms, listed_ms: median(listed), outstanding, index_bytes })
}

fn milliseconds(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1000.0
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Pages of 4 KiB in memory, as Linux tells (proc(5), statm).
fn resident_bytes() -> u64 {
    let told = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    told.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4096
}

/// A notice on one of the days, received by all, answered by all but one of the bodies.
fn state(lead: &Writer, number: u32) -> Result<Conference, Failed> {
    let id: ConferenceId = format!("{lead}/{number:032x}").parse()?;
    let begin: Timestamp = "2026-10-08T08:00:00Z".parse()?;
    let days = i64::from(number % NOTICE_DAYS);
    let at = |hours: i64| -> Result<Timestamp, Failed> {
        Ok(begin.checked_add(Span::new().hours(days * 24 + hours))?)
    };
    let bodies: Vec<Writer> =
        (0..BODIES).map(|body| format!("c_b{body:03}/BENCH").parse()).collect::<Result<_, _>>()?;
    let on: Date = concerto_procedure::rome_date(at(0)?);
    let (regime, called) = (Regime::on(on)?.id.clone(), message(0));
    let act = Act::Notice(notice(&bodies, on)?);
    let mut events = vec![Event::Lead { message: called, issued_at: at(0)?, regime, act }];
    for (place, body) in (1..).zip(&bodies) {
        let receipt = Digest::of(body.to_string().as_bytes());
        events.push(Event::Delivered { message: called, body: body.clone(), at: at(1)?, receipt });
        if place < BODIES {
            let evidence = Evidence::at(at(48)?);
            let (author, act) = (body.clone(), Act::Determination(assent()));
            events.push(Event::Taken { message: message(place), author, issued_at: at(48)?, act, evidence });
        }
    }
    let state = fold(id, &events);
    if state.anomalies().is_empty() { Ok(state) } else { Err("a conference does not fold".into()) }
}
