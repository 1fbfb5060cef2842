//! Document streams between the core's decisions and the transports: fetched into the store, served from it.
//!
//! The core says what is fetched from whom and who is served (`node/core/src/documents.rs`); here bytes move, over anything that reads
//! and writes ([`Duplex`]), by the rules of `protocols/exchange/src/transfer.rs`. The disk is read and written on threads of its own, a
//! few pieces ahead, so that memory does not depend on a document's size and no task of the runtime waits for a disk.

mod fetch;
mod progress;
mod serve;
mod throttle;

pub(crate) use progress::TransferProgress;

use concerto_core::ServeRefusal;
use concerto_exchange::transfer::{CHUNK_TIME_MAX, FetchFailure, OPENING_TIME_MAX, SILENCE_MAX};
use concerto_message::{Digest, Listed, MessageId, Writer};
use concerto_peer_libp2p::{IncomingStream, Libp2pLink};
use concerto_port::{DocumentError, DocumentStore};
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::engine::Told;
use progress::Progress;
use throttle::Throttles;

/// What a document stream crosses.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// A stream that is being opened.
pub(crate) type Opening<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Duplex>>> + Send + 'a>>;

/// Whatever opens document streams to peers.
pub(crate) trait Streams: Send + Sync {
    /// Opens a stream to a connected peer; `Unsupported` if it knows none, there or at the first reading.
    fn open<'a>(&'a self, peer: &'a Writer) -> Opening<'a>;
}

impl Streams for Libp2pLink {
    fn open<'a>(&'a self, peer: &'a Writer) -> Opening<'a> {
        Box::pin(async move { Ok(Box::new(self.open_stream(peer).await?) as Box<dyn Duplex>) })
    }
}

/// How long either side waits for the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For an ask or an opening.
    pub(crate) opening: Duration,
    /// For anything at all in the midst of a stream.
    pub(crate) silence: Duration,
    /// For a whole chunk.
    pub(crate) chunk: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { opening: OPENING_TIME_MAX, silence: SILENCE_MAX, chunk: CHUNK_TIME_MAX }
    }
}

/// The answer of the core that a peer's stream waits for.
type Verdict = Result<Listed, ServeRefusal>;

/// Every document stream of a node. Clones share them.
#[derive(Clone)]
pub(crate) struct Transfers(Arc<Inner>);

struct Inner {
    documents: Arc<dyn DocumentStore>,
    streams: Arc<dyn Streams>,
    engine: mpsc::Sender<Told>,
    runtime: Handle,
    progress: Progress,
    // one for each direction: what comes, what goes
    throttles: [Throttles; 2],
    patience: Patience,
    // bounded by the streams that the transport lets in
    asked: Mutex<BTreeMap<u64, oneshot::Sender<Verdict>>>,
    next_token: AtomicU64,
}

impl Transfers {
    /// Streams within the current runtime. `bytes_per_second` bounds each peer in each direction; 0 bounds nothing.
    pub(crate) fn new(
        documents: Arc<dyn DocumentStore>,
        streams: Arc<dyn Streams>,
        engine: mpsc::Sender<Told>,
        bytes_per_second: u64,
    ) -> Self {
        Self(Arc::new(Inner {
            documents,
            streams,
            engine,
            runtime: Handle::current(),
            progress: Progress::default(),
            throttles: [Throttles::new(bytes_per_second), Throttles::new(bytes_per_second)],
            patience: Patience::default(),
            asked: Mutex::default(),
            next_token: AtomicU64::new(1),
        }))
    }

    /// What is on its way to this node, and how far it came: for the command line and the local API.
    pub(crate) fn progress(&self) -> Vec<TransferProgress> {
        self.0.progress.all()
    }

    /// How much of one document is held, if it is on its way.
    pub(crate) fn held(&self, document: Digest) -> Option<u64> {
        self.0.progress.held(document)
    }

    /// Fetches a document; the engine is told the end, whatever it is. Called by the engine's thread: it never waits.
    pub(crate) fn fetch(&self, from: Writer, token: u64, message: MessageId, document: Listed) {
        let transfers = self.clone();
        self.0.runtime.spawn(async move {
            let result = transfers.fetched(&from, message, &document).await;
            let _ = transfers.0.engine.send(Told::Fetched { from, token, result }).await; // the node may be stopping
        });
    }

    async fn fetched(
        &self,
        from: &Writer,
        message: MessageId,
        document: &Listed,
    ) -> Result<(), FetchFailure> {
        let inner = &self.0;
        let documents = inner.documents.clone();
        let mut fetching = fetch::Fetching::begin(documents, message, *document, inner.patience).await?;
        let tracked = inner.progress.begin(document, from, fetching.held());
        let opened = inner.streams.open(from).await;
        let stream = opened.map_err(|error| fetch::broken(&error))?;
        let [coming, _] = &inner.throttles;
        fetching.run(stream, &coming.of(from), &tracked).await?;
        tracked.done();
        Ok(())
    }

    /// Serves the streams that peers open, until the transport ends.
    pub(crate) async fn serve_peers(self, mut incoming: mpsc::Receiver<IncomingStream>) {
        while let Some(IncomingStream { from, stream }) = incoming.recv().await {
            let transfers = self.clone();
            tokio::spawn(async move {
                if let Err(error) = transfers.serve_one(&from, stream).await {
                    tracing::info!(peer = %from, %error, "a document was not served to its end");
                }
            });
        }
    }

    /// Serves one stream.
    pub(crate) async fn serve_one(
        &self,
        from: &Writer,
        mut stream: impl Duplex,
    ) -> Result<(), serve::ServeError> {
        let patience = self.0.patience;
        let ask = serve::read_ask(&mut stream, patience).await?;
        let verdict = self.verdict(from, ask.message, ask.digest).await;
        let [_, going] = &self.0.throttles;
        let serving =
            serve::Serving { documents: self.0.documents.clone(), throttle: going.of(from), patience };
        serving.answer(stream, ask, verdict).await
    }

    /// Asks the core whether a peer may have a document.
    async fn verdict(&self, from: &Writer, message: MessageId, digest: Digest) -> Verdict {
        let token = self.0.next_token.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        self.asked().insert(token, answer);
        let told = Told::DocumentAsked { from: from.clone(), token, message, digest };
        let sent = self.0.engine.send(told).await.is_ok();
        let verdict = tokio::time::timeout(serve::VERDICT_TIME_MAX, answered);
        let verdict = if sent { verdict.await.ok().and_then(Result::ok) } else { None };
        self.asked().remove(&token);
        verdict.unwrap_or(Err(serve::BUSY))
    }

    /// The core's answer to a stream. Called by the engine's thread: it never waits.
    pub(crate) fn serve(&self, token: u64, verdict: Verdict) {
        if let Some(answer) = self.asked().remove(&token) {
            let _ = answer.send(verdict); // the peer may be gone
        }
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, oneshot::Sender<Verdict>>> {
        self.0.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the core is told of an error of the document store.
fn store_failure(error: DocumentError, may_be_ours: bool) -> FetchFailure {
    use concerto_message::StreamedError;
    match error {
        DocumentError::Streamed(StreamedError::Chunk(_)) if may_be_ours => FetchFailure::Damaged,
        DocumentError::Streamed(wrong) => concerto_exchange::transfer::TransferError::from(wrong).into(),
        DocumentError::Busy(_) => FetchFailure::Busy,
        full if full.is_no_room() => FetchFailure::NoRoom(full.to_string()),
        other => FetchFailure::Store(other.to_string()),
    }
}

#[cfg(test)]
#[path = "transfers/transfers_tests.rs"]
mod tests;
