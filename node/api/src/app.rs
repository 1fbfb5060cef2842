//! What the handlers share: the node behind its trait, readers of the journal, and the folded conferences that are looked at often.

use concerto_core::{Case, Fault, Order, Reply};
use concerto_message::{ConferenceId, Digest, Writer};
use concerto_port::{DocumentStore, JournalError, JournalFeed, Tips};
use concerto_procedure::acts::Act;
use concerto_procedure::{LegalNow, rome_date};
use futures::future::BoxFuture;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::sync::{Semaphore, watch};

use crate::problem::Problem;
use crate::tokens::{TokenFile, Tokens};
use crate::uploads::Uploads;
use crate::views::{self, ConferenceRow};
use crate::webhooks::Webhooks;

/// Reads of the journal at one time; others wait.
const READS_MAX: usize = 16;
/// Readers kept open between requests.
const READERS_KEPT: usize = 16;
/// Conferences kept folded.
const CASES_KEPT: usize = 64;
/// Rows of lists kept: some hundred bytes each.
pub(crate) const ROWS_KEPT: usize = 20_000;

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
    /// Bodies and documents.
    fn documents(&self) -> &dyn DocumentStore;
    /// The names of the members of the federation.
    fn members(&self) -> Vec<Member>;
    /// The facts of an act, computed where they are left out, read as an act; of a first notice where there is no conference yet.
    ///
    /// # Errors
    /// Every problem found.
    fn compose(&self, act_type: &str, facts: Value, case: Option<&Case>) -> Result<Act, Vec<Fault>>;
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

/// The folded state of conferences, of the ones used last.
#[derive(Default)]
struct Cases {
    held: BTreeMap<ConferenceId, (Tips, Arc<Case>)>,
    order: VecDeque<ConferenceId>,
}

/// A row of a list, as long as nothing changed that it says.
struct Row {
    tips: Tips,
    on: Date,
    row: ConferenceRow,
}

#[derive(Default)]
struct Rows {
    held: BTreeMap<ConferenceId, Row>,
    order: VecDeque<ConferenceId>,
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
    cases: Mutex<Cases>,
    rows: Mutex<Rows>,
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
            cases: Mutex::default(),
            rows: Mutex::default(),
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
        let Some(case) = Case::load(id, as_read(journal))?.map(Arc::new) else { return Ok(None) };
        if let Ok(mut cases) = self.cases.lock() {
            if cases.held.insert(id.clone(), (tips, case.clone())).is_none() {
                cases.order.push_back(id.clone());
            }
            while cases.held.len() > CASES_KEPT {
                let Some(oldest) = cases.order.pop_front() else { break };
                cases.held.remove(&oldest);
            }
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
        let Some(case) = Case::load(id, as_read(journal))? else { return Ok(None) };
        let row = views::conference_row(&case, self.node.documents(), now);
        // the text of the notice comes after the notice, and leaves no row
        if row.subject.is_some() {
            self.keep_row(id, Row { tips, on, row: row.clone() });
        }
        Ok(Some(row))
    }

    fn keep_row(&self, id: &ConferenceId, row: Row) {
        let Ok(mut rows) = self.rows.lock() else { return };
        if rows.held.insert(id.clone(), row).is_none() {
            rows.order.push_back(id.clone());
        }
        while rows.held.len() > ROWS_KEPT {
            let Some(oldest) = rows.order.pop_front() else { break };
            rows.held.remove(&oldest);
        }
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

/// A feed as what it extends.
pub(crate) fn as_read(journal: &dyn JournalFeed) -> &dyn concerto_port::JournalRead {
    journal
}
