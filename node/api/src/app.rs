//! What the handlers share: the node behind its trait, readers of the journal, and the folded conferences that are looked at often.

use concerto_core::case::Entry;
use concerto_core::{Case, Fault, Order, Reply};
use concerto_message::{ConferenceId, Digest, MessageId, Salt, Writer};
use concerto_port::{DocumentStore, JournalError, JournalFeed, Tips};
use concerto_procedure::acts::{Act, Behalf};
use concerto_procedure::language::Lang;
use concerto_procedure::{LegalNow, rome_date};
use futures::future::BoxFuture;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::sync::{Semaphore, watch};

use crate::duties::Duties;
use crate::problem::Problem;
use crate::tokens::{TokenFile, Tokens};
use crate::uploads::Uploads;
use crate::views::{self, ConferenceRow, ReceivedRow};
use crate::webhooks::Webhooks;

/// Reads of the journal at one time; others wait.
const READS_MAX: usize = 16;
/// Readers kept open between requests.
const READERS_KEPT: usize = 16;
/// Conferences kept folded.
const CASES_KEPT: usize = 64;
/// Rows of each list kept: some hundred bytes each.
const ROWS_KEPT: usize = 20_000;
/// Rows of the inbox that one conference may put there before anybody asks.
const RECEIVED_OF_CASE_MAX: usize = 64;

/// A reader of the journal.
pub type Reader = Box<dyn JournalFeed + Send>;

/// What a node lets the API do. The binary implements it over the engine's queue and its store.
pub trait Node: Send + Sync + 'static {
    /// Who the node is.
    fn about(&self) -> About;
    /// The wall clock of the node (UTC).
    fn now(&self) -> Timestamp;
    /// A new reader of the journal.
    ///
    /// # Errors
    /// [`JournalError`].
    fn reader(&self) -> Result<Reader, JournalError>;
    /// The salt of a new document, from a generator fit for keys.
    fn salt(&self) -> Salt;
    /// Bodies and documents.
    fn documents(&self) -> &dyn DocumentStore;
    /// The index of duties, shared with whoever else in the process asks for them.
    fn duties(&self) -> &Duties;
    /// The names of the members of the federation.
    fn members(&self) -> Vec<Member>;
    /// The facts of an act, computed where they are left out, read as an act; of a first notice where there is no conference yet. `behalf`
    /// names the body whose act it is, where that is not this node's.
    ///
    /// # Errors
    /// Every problem found.
    fn compose(
        &self,
        act_type: &str,
        facts: Value,
        case: Option<&Case>,
        behalf: Option<&Behalf>,
    ) -> Result<Act, Vec<Fault>>;
    /// Gives an order to the engine.
    fn order(&self, order: Order) -> BoxFuture<'static, Result<Reply, Fault>>;
    /// Writes the evidence of a conference into a new folder.
    ///
    /// # Errors
    /// What could not be read or written.
    fn export(&self, conference: &ConferenceId, folder: &Path) -> Result<(), Vec<Fault>>;
    /// Bytes of a wanted document that are here already, if something counts them.
    fn received(&self, _document: Digest) -> Option<u64> {
        None
    }
}

/// Who a node is.
#[derive(Debug, Clone)]
pub struct About {
    /// Its writer.
    pub writer: Writer,
    /// Its name.
    pub name: String,
    /// Its federation.
    pub federation: String,
    /// Whether that is for training: its dates are not real.
    pub training: bool,
}

/// A member of the federation.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its writer.
    pub writer: Writer,
    /// Its name.
    pub name: String,
    /// Whether a connection with it is open now.
    pub connected: bool,
}

/// What was computed last, as long as nothing changed from which it was computed: so many values, the oldest of which goes first.
struct Kept<K, V> {
    held: BTreeMap<K, V>,
    order: VecDeque<K>,
    most: usize,
}

impl<K: Ord + Clone, V> Kept<K, V> {
    fn new(most: usize) -> Mutex<Self> {
        Mutex::new(Self { held: BTreeMap::new(), order: VecDeque::new(), most })
    }

    fn keep(&mut self, key: K, value: V) {
        if self.held.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        while self.held.len() > self.most {
            let Some(oldest) = self.order.pop_front() else { break };
            self.held.remove(&oldest);
        }
    }
}

/// A row of the list of conferences: it says where the conference stands on a day.
struct Row {
    tips: Tips,
    on: Date,
    row: ConferenceRow,
}

/// A row of the inbox, in each language.
struct Received {
    tips: Tips,
    italian: ReceivedRow,
    english: ReceivedRow,
}

/// Everything that handlers share.
pub(crate) struct App {
    pub(crate) node: Arc<dyn Node>,
    pub(crate) tokens: Tokens,
    pub(crate) uploads: Uploads,
    pub(crate) webhooks: Webhooks,
    pub(crate) folder: PathBuf,
    pub(crate) tips: watch::Receiver<Tips>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) stopping: watch::Receiver<bool>,
    readers: Mutex<Vec<Reader>>,
    reads: Semaphore,
    cases: Mutex<Kept<ConferenceId, (Tips, Arc<Case>)>>,
    rows: Mutex<Kept<ConferenceId, Row>>,
    received: Mutex<Kept<MessageId, Received>>,
}

/// What an [`App`] is made from.
pub(crate) struct Parts {
    pub(crate) node: Arc<dyn Node>,
    pub(crate) folder: PathBuf,
    pub(crate) webhooks: Webhooks,
    pub(crate) tips: watch::Receiver<Tips>,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl App {
    pub(crate) fn new(parts: Parts) -> std::io::Result<Self> {
        let Parts { node, folder, webhooks, tips, stopping } = parts;
        Ok(Self {
            node,
            tokens: Tokens::new(TokenFile::new(&folder)),
            uploads: Uploads::open(&folder.join("uploads"))?,
            webhooks,
            folder,
            tips,
            streams: Arc::new(Semaphore::new(crate::events::STREAMS_MAX)),
            stopping,
            readers: Mutex::default(),
            reads: Semaphore::new(READS_MAX),
            cases: Kept::new(CASES_KEPT),
            rows: Kept::new(ROWS_KEPT),
            received: Kept::new(ROWS_KEPT),
        })
    }

    /// The present of the law.
    pub(crate) fn now(&self) -> LegalNow {
        LegalNow(self.node.now())
    }

    /// Reads the journal on a thread that may wait for the disk.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Self, &dyn JournalFeed) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let _place = self.reads.acquire().await.map_err(|_| Problem::new("node.stopping"))?;
        let app = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let reader = app.take_reader()?;
            let result = read(&app, reader.as_ref());
            app.give_back(reader);
            result
        });
        done.await.unwrap_or_else(|_| Err(Problem::new("api.internal")))
    }

    fn take_reader(&self) -> Result<Reader, Problem> {
        let kept = self.readers.lock().ok().and_then(|mut readers| readers.pop());
        kept.map_or_else(|| Ok(self.node.reader()?), Ok)
    }

    fn give_back(&self, reader: Reader) {
        if let Ok(mut readers) = self.readers.lock()
            && readers.len() < READERS_KEPT
        {
            readers.push(reader);
        }
    }

    /// The conference, folded now or lately.
    pub(crate) fn case(
        &self,
        journal: &dyn JournalFeed,
        id: &ConferenceId,
    ) -> Result<Option<Arc<Case>>, Problem> {
        let tips = journal.tips_of(id)?;
        if let Ok(cases) = self.cases.lock()
            && let Some((held, case)) = cases.held.get(id)
            && *held == tips
        {
            return Ok(Some(case.clone()));
        }
        let Some(case) = Case::load(id, journal)?.map(Arc::new) else { return Ok(None) };
        if let Ok(mut cases) = self.cases.lock() {
            cases.keep(id.clone(), (tips, case.clone()));
        }
        Ok(Some(case))
    }

    /// The row of a conference in a list: kept while neither the journal nor the day moves on.
    pub(crate) fn row(
        &self,
        journal: &dyn JournalFeed,
        id: &ConferenceId,
    ) -> Result<Option<ConferenceRow>, Problem> {
        let now = self.now();
        let (tips, on) = (journal.tips_of(id)?, rome_date(now.0));
        if let Ok(rows) = self.rows.lock()
            && let Some(held) = rows.held.get(id)
            && held.tips == tips
            && held.on == on
        {
            return Ok(Some(held.row.clone()));
        }
        let Some(case) = Case::load(id, journal)? else { return Ok(None) };
        let row = views::conference_row(&case, self.node.documents(), now);
        self.keep_received(&case, tips);
        // the text of the notice comes after the notice, and leaves no row
        if row.subject.is_some()
            && let Ok(mut rows) = self.rows.lock()
        {
            rows.keep(id.clone(), Row { tips, on, row: row.clone() });
        }
        Ok(Some(row))
    }

    /// Keeps the rows of the inbox of a conference that was folded for its own row.
    fn keep_received(&self, case: &Case, tips: Tips) {
        let others = case.entries().filter(|(_, entry)| !entry.own);
        let Ok(mut received) = self.received.lock() else { return };
        for (id, entry) in others.filter(|(_, entry)| is_told(entry)).take(RECEIVED_OF_CASE_MAX) {
            received.keep(*id, Received::of(case, tips, *id, entry));
        }
    }

    /// The row of a received message in the inbox; none for a taking in charge, which says nothing of its own.
    pub(crate) fn received(
        &self,
        journal: &dyn JournalFeed,
        lang: Lang,
        (conference, id): (&ConferenceId, MessageId),
    ) -> Result<Option<ReceivedRow>, Problem> {
        let tips = journal.tips_of(conference)?;
        if let Ok(received) = self.received.lock()
            && let Some(held) = received.held.get(&id)
            && held.tips == tips
        {
            return Ok(Some(held.in_language(lang)));
        }
        let Some(case) = self.case(journal, conference)? else { return Ok(None) };
        let Some(entry) = case.entry(id).filter(|entry| is_told(entry)) else { return Ok(None) };
        let row = Received::of(&case, tips, id, entry);
        let told = row.in_language(lang);
        if let Ok(mut received) = self.received.lock() {
            received.keep(id, row);
        }
        Ok(Some(told))
    }

    /// The conference that a path names: its whole identifier, or the beginning of its random part.
    pub(crate) fn find(&self, journal: &dyn JournalFeed, name: &str) -> Result<Arc<Case>, Problem> {
        let id = match name.parse::<ConferenceId>() {
            Ok(id) => id,
            Err(_) => match journal.conferences_named(name, 2)?.as_slice() {
                [id] => id.clone(),
                [] => return Err(Problem::new("conference.unknown")),
                _ => return Err(Problem::new("conference.ambiguous")),
            },
        };
        self.case(journal, &id)?.ok_or_else(|| Problem::new("conference.unknown"))
    }

    /// Removes uploads that no act used in time.
    pub(crate) fn sweep(&self) -> Result<(), Problem> {
        let journal = self.take_reader()?;
        let swept = self.uploads.sweep(journal.as_ref(), self.node.documents());
        self.give_back(journal);
        swept
    }

    /// Fills the rows of lists before anybody asks for them, as far as they are kept.
    pub(crate) fn warm(&self) -> Result<(), Problem> {
        let journal = self.take_reader()?;
        let mut last: Option<ConferenceId> = None;
        let mut seen = 0;
        while seen < ROWS_KEPT && !*self.stopping.borrow() {
            let page = journal.conferences(last.as_ref(), 256)?;
            let Some(end) = page.last() else { break };
            last = Some(end.clone());
            seen += page.len();
            for id in &page {
                self.row(journal.as_ref(), id)?;
            }
        }
        self.give_back(journal);
        Ok(())
    }
}

impl Received {
    fn of(case: &Case, tips: Tips, id: MessageId, entry: &Entry) -> Self {
        let row = |lang| views::received_row(lang, case, id, entry);
        Self { tips, italian: row(Lang::It), english: row(Lang::En) }
    }

    fn in_language(&self, lang: Lang) -> ReceivedRow {
        match lang {
            Lang::It => self.italian.clone(),
            Lang::En => self.english.clone(),
        }
    }
}

/// Whether an inbox tells of it.
fn is_told(entry: &Entry) -> bool {
    !matches!(entry.act, Ok(Act::TakenInCharge(_)))
}
