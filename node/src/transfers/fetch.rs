//! The asking side of a document stream: reads, checks and writes, each a few pieces ahead of the next.
//!
//! ```text
//!   stream --pieces--> [reader] --PIECES_AHEAD--> [thread: check, write, sync] --bytes kept--> [teller] --> stream
//! ```

use concerto_exchange::transfer::{
    Ask, FetchFailure, Opening, PIECE_BYTES, decode_head, encode_head, head_length, list_bytes,
};
use concerto_message::limits::CHUNK_BYTES;
use concerto_message::{Chunks, Listed, MessageId, Salt};
use concerto_port::{DocumentError, DocumentStore, Staged};
use futures::FutureExt;
use std::io::{Error, ErrorKind};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};

use super::progress::Tracked;
use super::store_failure;
use super::throttle::Throttle;
use super::{Duplex, Patience};

/// Pieces read from the stream that wait to be written.
const PIECES_AHEAD: usize = 8;
/// Bytes after which the source is told again what is kept: well below what it may send ahead.
const KEPT_EVERY_BYTES: u64 = 256 * 1024;

/// A document that is being fetched.
pub(crate) struct Fetching {
    documents: Arc<dyn DocumentStore>,
    message: MessageId,
    document: Listed,
    patience: Patience,
    staged: Option<Box<dyn Staged>>,
}

impl Fetching {
    /// Takes up what is staged; a document of which nothing is must have room.
    pub(crate) async fn begin(
        documents: Arc<dyn DocumentStore>,
        message: MessageId,
        document: Listed,
        patience: Patience,
    ) -> Result<Self, FetchFailure> {
        let store = documents.clone();
        let staged = on_disk(move || {
            let staged = store.resume(&document)?;
            if staged.is_none() {
                store.has_room(document.size)?;
            }
            Ok(staged)
        });
        Ok(Self { staged: staged.await?, documents, message, document, patience })
    }

    /// Bytes held.
    pub(crate) fn held(&self) -> u64 {
        self.staged.as_ref().map_or(0, |staged| staged.size())
    }

    /// Fetches the rest over a stream and puts the document in its place.
    pub(crate) async fn run(
        &mut self,
        mut stream: impl Duplex,
        throttle: &Throttle,
        tracked: &Tracked,
    ) -> Result<(), FetchFailure> {
        let opening = async {
            self.ask(&mut stream).await?;
            read_opening(&mut stream).await?.salt()
        };
        let salt = timeout(self.patience.opening, opening).await.map_err(|_| FetchFailure::Slow)??;
        let staged = match self.staged.take() {
            Some(staged) => staged,
            None => {
                let list = timeout(self.patience.chunk, self.read_list(&mut stream));
                let list = list.await.map_err(|_| FetchFailure::Slow)??;
                self.stage(salt, list).await?
            }
        };
        let from = staged.size();
        let staged = self.pump(stream, staged, throttle, tracked).await;
        tracing::info!(digest = %self.document.digest, from, ok = staged.is_ok(), "a document stream ended");
        let staged = staged?;
        on_disk(move || staged.finish()).await
    }

    async fn ask(&self, stream: &mut impl Duplex) -> Result<(), FetchFailure> {
        let list = self.staged.is_none();
        let ask = Ask { message: self.message, digest: self.document.digest, from: self.held(), list };
        stream.write_all(&encode_head(&ask)?).await.map_err(|e| broken(&e))?;
        stream.flush().await.map_err(|e| broken(&e))
    }

    async fn read_list(&self, stream: &mut impl Duplex) -> Result<Chunks, FetchFailure> {
        let mut bytes = vec![0; list_bytes(&self.document)];
        stream.read_exact(&mut bytes).await.map_err(|e| broken(&e))?;
        Ok(Chunks::from_bytes(&bytes).unwrap_or_default())
    }

    async fn stage(&self, salt: Salt, list: Chunks) -> Result<Box<dyn Staged>, FetchFailure> {
        let (store, document) = (self.documents.clone(), self.document);
        on_disk(move || store.stage(&document, salt, list)).await
    }

    /// Moves bytes from the stream into the staged document until it has all of them.
    async fn pump(
        &self,
        stream: impl Duplex,
        staged: Box<dyn Staged>,
        throttle: &Throttle,
        tracked: &Tracked,
    ) -> Result<Box<dyn Staged>, FetchFailure> {
        let (from, size) = (staged.size(), self.document.size);
        let (pieces, arrived) = mpsc::channel(PIECES_AHEAD);
        let (keep, kept) = watch::channel(from);
        let writing = tokio::task::spawn_blocking(move || write(staged, arrived, &keep));
        let (input, output) = tokio::io::split(stream);
        let moved = tokio::try_join!(
            read(input, (from, size), pieces, throttle, self.patience),
            tell_kept(output, size, kept, tracked, self.patience)
        );
        // whatever the stream did, what arrived is written; a bad chunk is the reason of everything after it
        match writing.await {
            Ok(Ok(staged)) => moved.map(|_| staged),
            Ok(Err(error)) => Err(store_failure(error, !from.is_multiple_of(CHUNK_BYTES as u64))),
            Err(_) => Err(FetchFailure::Store("the thread that writes a document ended".into())),
        }
    }
}

/// Reads the stream, piece by piece; ends early, without an error of its own, when nobody takes the pieces any more. A piece is filled as long
/// as bytes come: fewer, larger pieces cost the writing thread fewer awakenings.
async fn read(
    mut input: impl AsyncRead + Unpin,
    (from, size): (u64, u64),
    pieces: mpsc::Sender<Vec<u8>>,
    throttle: &Throttle,
    patience: Patience,
) -> Result<(), FetchFailure> {
    let mut place = from;
    let mut chunk_due = Instant::now() + patience.chunk;
    while place < size {
        let Ok(room) = pieces.reserve().await else { return Ok(()) };
        let mut piece = vec![0; PIECE_BYTES.min(usize::try_from(size - place).unwrap_or(PIECE_BYTES))];
        let due = chunk_due.min(Instant::now() + patience.silence);
        let (filled, ended) =
            timeout_at(due, fill(&mut input, &mut piece)).await.map_err(|_| FetchFailure::Slow)?;
        piece.truncate(filled);
        let chunk = place / CHUNK_BYTES as u64;
        place += filled as u64;
        if place / CHUNK_BYTES as u64 > chunk {
            chunk_due = Instant::now() + patience.chunk;
        }
        room.send(piece);
        ended?;
        throttle.spend(filled).await;
    }
    Ok(())
}

/// Fills a piece with what is there: the first bytes are waited for, further ones are taken as long as they come at once. Gives how many, and
/// why no more will come.
async fn fill(input: &mut (impl AsyncRead + Unpin), piece: &mut [u8]) -> (usize, Result<(), FetchFailure>) {
    let mut filled = 0;
    loop {
        let rest = piece.get_mut(filled..).unwrap_or_default();
        if rest.is_empty() {
            return (filled, Ok(()));
        }
        let next = if filled == 0 { Some(input.read(rest).await) } else { input.read(rest).now_or_never() };
        match next {
            None => return (filled, Ok(())),
            Some(Ok(0)) => return (filled, Err(FetchFailure::Interrupted)),
            Some(Ok(read)) => filled += read,
            Some(Err(error)) => return (filled, Err(broken(&error))),
        }
    }
}

/// Checks and writes the pieces, on a thread of its own.
fn write(
    mut staged: Box<dyn Staged>,
    mut arrived: mpsc::Receiver<Vec<u8>>,
    keep: &watch::Sender<u64>,
) -> Result<Box<dyn Staged>, DocumentError> {
    while let Some(piece) = arrived.blocking_recv() {
        staged.append(&piece)?;
        keep.send_replace(staged.size());
    }
    Ok(staged)
}

/// Tells the source what is kept, until no more is.
async fn tell_kept(
    mut output: impl AsyncWrite + Unpin,
    size: u64,
    mut kept: watch::Receiver<u64>,
    tracked: &Tracked,
    patience: Patience,
) -> Result<(), FetchFailure> {
    let mut told = *kept.borrow();
    while kept.changed().await.is_ok() {
        let held = *kept.borrow_and_update();
        tracked.held(held);
        if held < size && held.saturating_sub(told) < KEPT_EVERY_BYTES {
            continue;
        }
        told = held;
        let sent = async {
            output.write_all(&held.to_be_bytes()).await?;
            output.flush().await
        };
        match timeout(patience.silence, sent).await {
            Ok(Ok(())) => {}
            // the source may end as soon as it sent the last byte
            Ok(Err(_)) if held == size => {}
            Ok(Err(error)) => return Err(broken(&error)),
            Err(_) => return Err(FetchFailure::Slow),
        }
    }
    Ok(())
}

async fn read_opening(stream: &mut impl Duplex) -> Result<Opening, FetchFailure> {
    let mut prefix = [0; 4];
    stream.read_exact(&mut prefix).await.map_err(|e| broken(&e))?;
    let mut json = vec![0; head_length(prefix)?];
    stream.read_exact(&mut json).await.map_err(|e| broken(&e))?;
    Ok(decode_head(&json)?)
}

/// What an error of the stream says.
pub(crate) fn broken(error: &Error) -> FetchFailure {
    match error.kind() {
        ErrorKind::Unsupported => FetchFailure::Unsupported,
        ErrorKind::TimedOut => FetchFailure::Slow,
        _ => FetchFailure::Interrupted,
    }
}

/// Runs what waits for the disk away from the tasks of the runtime.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DocumentError> + Send + 'static,
) -> Result<T, FetchFailure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(|error| store_failure(error, false)),
        Err(_) => Err(FetchFailure::Store("a thread of the document store ended".into())),
    }
}
