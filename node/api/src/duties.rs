//! The duties of all conferences, soonest first: an index kept beside the journal, and `GET /v1/duties`.
//!
//! Of each conference in which somebody has something to do the index keeps the agenda (`concerto_procedure::duties`) as it was computed, with
//! the last day for which it holds. Asked again, it reads only what newly came to the journal, and computes anew only the
//! conferences that this concerns and those whose day has come. What is kept is never the law: it is thrown away with the process.

use axum::extract::{Query, State};
use axum::response::Response;
use concerto_core::Case;
use concerto_message::{ConferenceId, Digest, MessageId, Writer};
use concerto_port::{DocumentStore, JournalError, JournalFeed, Tips};
use concerto_procedure::acts::Act;
use concerto_procedure::duties::{Agenda, Duty, Standing, agenda};
use concerto_procedure::language::Lang;
use concerto_procedure::legal_time::expired;
use concerto_procedure::{LegalNow, rome_date};
use http::{HeaderMap, Uri};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::{Problem, language};
use crate::request::{Page, cursor, tagged};

/// Rows of the journal read in one go.
const PAGE: usize = 512;
/// Conferences kept: of those beyond it the list says that it is not complete.
const HELD_MAX: usize = 200_000;
/// Days ahead that can be asked for.
const DAYS_MAX: u16 = 3660;

/// A duty in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DutyRow {
    /// The conference.
    #[schema(schema_with = crate::openapi::conference)]
    pub conference: ConferenceId,
    /// The reference of the application, as the notice states it, if this node may see it and holds it.
    pub reference: Option<String>,
    /// How it stands today.
    #[schema(schema_with = crate::openapi::duty_standing)]
    pub standing: Standing,
    /// What is to be done, in words.
    pub what: String,
    /// What follows when it is not done, in words.
    pub consequence: String,
    /// The norm of that; null where it is how nodes work.
    pub consequence_norm: Option<String>,
    /// Why there is no date, in words; null where there is one.
    pub undated: Option<String>,
    /// The duty.
    #[schema(schema_with = crate::openapi::duty)]
    pub duty: Duty,
}

/// One page of duties, soonest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DutyPage {
    /// The day for which it was computed.
    #[schema(value_type = String, format = Date)]
    pub on: Date,
    /// The duties.
    pub duties: Vec<DutyRow>,
    /// Whether every conference of the node was looked at.
    pub complete: bool,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which duties.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Also those of other administrations, and what was done or lost.
    pub everything: bool,
    /// Only those whose strict date lies at most so many days ahead; those without a date are left out then.
    pub days: Option<u16>,
}

/// Where a row stands in the list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    date: Date,
    conference: ConferenceId,
    number: usize,
}

/// A duty with its conference, as the index keeps it.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The conference.
    pub conference: &'a ConferenceId,
    /// The duty.
    pub duty: &'a Duty,
    number: usize,
    notice_text: Option<Digest>,
}

/// What is kept of one conference.
#[derive(Debug)]
struct Held {
    duties: Vec<Duty>,
    on: Date,
    holds_until: Option<Date>,
    // the text of its last notice
    notice_text: Option<Digest>,
}

#[derive(Debug, Default)]
struct Kept {
    seen: Tips,
    last: Option<ConferenceId>,
    held: BTreeMap<ConferenceId, Held>,
    complete: bool,
}

/// The index. One at a time reads the journal for it; it is shared by all who ask.
#[derive(Debug)]
pub struct Duties {
    me: Writer,
    stopping: AtomicBool,
    kept: Mutex<Kept>,
}

impl Duties {
    /// An empty index for the node of this writer.
    pub fn new(me: Writer) -> Self {
        Self { me, stopping: AtomicBool::new(false), kept: Mutex::default() }
    }

    /// Has whoever reads the journal for the index leave it: the node stops. Nothing is told from then on.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Brings the index up to this instant, then hands every duty kept to `read`.
    ///
    /// # Errors
    /// [`JournalError`]; what was kept is then read again the next time.
    pub fn with<T>(
        &self,
        journal: &dyn JournalFeed,
        now: LegalNow,
        read: impl FnOnce(&mut dyn Iterator<Item = Found<'_>>, bool) -> T,
    ) -> Result<T, JournalError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = kept.refresh(self, journal, now) {
            *kept = Kept::default();
            return Err(error);
        }
        let complete = kept.complete;
        let mut all = kept.held.iter().flat_map(|(conference, held)| {
            let notice_text = held.notice_text;
            held.duties.iter().enumerate().map(move |(number, duty)| Found {
                conference,
                duty,
                number,
                notice_text,
            })
        });
        Ok(read(&mut all, complete))
    }

    /// Puts an agenda into the index as if it had been read from the journal: to measure it.
    pub fn put(&self, conference: ConferenceId, agenda: Agenda, on: Date) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.keep(conference, agenda, on, None);
    }

    /// A page of the list, in the order of the strict dates.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn page(
        &self,
        journal: &dyn JournalFeed,
        documents: &dyn DocumentStore,
        now: LegalNow,
        (wanted, lang): (Wanted, Lang),
        (after, limit): (Option<&Place>, usize),
    ) -> Result<DutyPage, JournalError> {
        self.with(journal, now, |all, complete| {
            let mut rows: Vec<(Place, Found<'_>)> = all
                .filter(|found| wanted.covers(found.duty, &self.me, now))
                .map(|found| (found.place(), found))
                .filter(|(place, _)| after.is_none_or(|after| place > after))
                .collect();
            rows.sort_by(|(a, _), (b, _)| a.cmp(b));
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows.last().filter(|_| more).map(|(place, _)| cursor(place));
            let duties = rows.iter().map(|(_, found)| found.row(documents, lang, now)).collect();
            DutyPage { on: now.date(), duties, complete, next }
        })
    }
}

impl Wanted {
    /// Whether a duty is among those asked for.
    pub fn covers(&self, duty: &Duty, me: &Writer, now: LegalNow) -> bool {
        if !self.everything && (duty.who != *me || !duty.is_outstanding(now)) {
            return false;
        }
        self.days.is_none_or(|days| {
            let last = concerto_procedure::calendar::add_days(now.date(), i64::from(days));
            duty.due.as_ref().is_some_and(|due| due.strict <= last)
        })
    }
}

impl Found<'_> {
    fn place(&self) -> Place {
        let date = self.duty.due.as_ref().map_or(Date::MAX, |due| due.strict);
        Place { date, conference: self.conference.clone(), number: self.number }
    }

    /// The reference of the application, as the notice states it.
    pub fn reference(&self, documents: &dyn DocumentStore) -> Option<String> {
        let (_, bytes) = documents.get(self.notice_text?).ok()??;
        let body: Value = serde_json::from_slice(&bytes).ok()?;
        body.pointer("/application/reference").and_then(Value::as_str).map(str::to_owned)
    }

    fn row(&self, documents: &dyn DocumentStore, lang: Lang, now: LegalNow) -> DutyRow {
        let duty = self.duty;
        DutyRow {
            conference: self.conference.clone(),
            reference: self.reference(documents),
            standing: duty.standing(now),
            what: duty.task.text(lang).to_owned(),
            consequence: duty.consequence.text(lang).to_owned(),
            consequence_norm: duty.consequence.norm().map(str::to_owned),
            undated: duty.undated_text(lang),
            duty: duty.clone(),
        }
    }
}

impl Kept {
    fn refresh(
        &mut self,
        index: &Duties,
        journal: &dyn JournalFeed,
        now: LegalNow,
    ) -> Result<(), JournalError> {
        let tips = journal.tips()?;
        if tips.link < self.seen.link || tips.receipt < self.seen.receipt || tips.alarm < self.seen.alarm {
            *self = Self::default(); // another journal than before: an older copy
        }
        let first = self.last.is_none();
        let mut stale = if first { BTreeSet::new() } else { self.touched(journal)? };
        loop {
            let page = journal.conferences(self.last.as_ref(), PAGE)?;
            let Some(end) = page.last() else { break };
            self.last = Some(end.clone());
            stale.extend(page);
        }
        let today = now.date();
        let past = self.held.iter().filter(|(_, held)| !held.holds_on(today)).map(|(id, _)| id.clone());
        stale.extend(past);
        self.complete |= first;
        for id in &stale {
            if index.stopping.load(Ordering::Relaxed) {
                return Err(JournalError::Medium("the node is stopping".to_owned()));
            }
            let Some(case) = Case::load(id, journal)? else { continue };
            self.keep(id.clone(), agenda_of(&case, &index.me, now), today, notice_text(&case));
        }
        self.seen = tips;
        Ok(())
    }

    /// Conferences that something newly came for.
    fn touched(&self, journal: &dyn JournalFeed) -> Result<BTreeSet<ConferenceId>, JournalError> {
        let mut touched = BTreeSet::new();
        let mut row = self.seen.link;
        loop {
            let page = journal.links_after(row, PAGE)?;
            let Some(last) = page.last() else { break };
            row = last.row;
            touched.extend(page.iter().map(|stored| stored.link.payload().conference.clone()));
        }
        row = self.seen.receipt;
        loop {
            let page = journal.receipts_after(row, PAGE)?;
            let Some(last) = page.last() else { break };
            row = last.row;
            touched.extend(page.iter().map(|stored| stored.receipt.payload().conference.clone()));
        }
        row = self.seen.alarm;
        loop {
            // a quoted receipt found worthless lets a fold go on
            let page = journal.alarms_after(row, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            row = *last;
            touched.extend(page.into_iter().filter_map(|(_, alarm)| alarm.conference));
        }
        Ok(touched)
    }

    /// A conference in which nothing is to be done, ever, needs no place until something comes for it.
    fn keep(&mut self, id: ConferenceId, agenda: Agenda, on: Date, notice_text: Option<Digest>) {
        let Agenda { duties, holds_until } = agenda;
        if duties.is_empty() && holds_until.is_none() {
            self.held.remove(&id);
            return;
        }
        if self.held.len() >= HELD_MAX && !self.held.contains_key(&id) {
            self.complete = false;
            tracing::error!(conference = %id, "more conferences have duties than the index holds");
            return;
        }
        self.held.insert(id, Held { duties, on, holds_until, notice_text });
    }
}

impl Held {
    fn holds_on(&self, day: Date) -> bool {
        self.on <= day && self.holds_until.is_none_or(|last| day <= last)
    }
}

/// The agenda of a conference, with what only a node sees: messages that nobody took in charge, and forks.
pub fn agenda_of(case: &Case, me: &Writer, now: LegalNow) -> Agenda {
    let mut found = agenda(case.state(), me, now);
    if case.lead() != me || case.state().closure().is_some() {
        return found;
    }
    let pending = case.pending();
    if !pending.is_empty() {
        found.holds_until = Some(now.date());
        let by_itself: BTreeSet<MessageId> = case.takeable().into_iter().map(|(id, _)| id).collect();
        // what came today is taken in charge without anybody: only what that leaves behind is a person's
        let left = |received, id| !by_itself.contains(id) || expired(rome_date(received), now);
        let left: Vec<_> = pending.iter().filter(|(id, entry)| left(entry.received_at, id)).collect();
        let since = left.iter().map(|(_, entry)| rome_date(entry.received_at)).min();
        let messages: Vec<MessageId> = left.iter().map(|(id, _)| *id).collect();
        if !messages.is_empty() {
            found.duties.push(Duty::to_take_in_charge(me, messages, since));
        }
    }
    for (writer, chain) in case.chains().filter(|(writer, _)| *writer != me) {
        let forks = chain.open_forks().into_iter();
        found.duties.extend(forks.map(|(_, _, branches)| Duty::to_resolve_fork(me, writer, branches)));
    }
    found
}

fn notice_text(case: &Case) -> Option<Digest> {
    let notices = case.entries().filter(|(_, e)| matches!(e.act, Ok(Act::Notice(_))));
    notices.max_by_key(|(_, e)| e.issued_at)?.1.body.as_ref().map(|body| body.digest)
}

/// What a request asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    limit: Option<usize>,
    cursor: Option<String>,
    #[serde(default)]
    everything: bool,
    days: Option<u16>,
}

/// `GET /v1/duties`.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let Query(asked) =
        Query::<Asked>::try_from_uri(&uri).map_err(|e| Problem::about("request.query", &e.body_text()))?;
    if asked.days.is_some_and(|days| days > DAYS_MAX) {
        return Err(Problem::about("request.query", &format!("days: 0-{DAYS_MAX}")));
    }
    let page = Page::checked(asked.limit, asked.cursor)?;
    let after: Option<Place> = page.after()?;
    let wanted = (Wanted { everything: asked.everything, days: asked.days }, language(&headers));
    let found = app.read(move |app, journal| {
        let (duties, documents) = (app.node.duties(), app.node.documents());
        Ok(duties.page(journal, documents, app.now(), wanted, (after.as_ref(), page.limit))?)
    });
    tagged(&headers, &found.await?)
}
