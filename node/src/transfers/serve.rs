//! The serving side of a document stream: what the core allows, read from the store chunk by chunk and never far ahead of the asker.

use concerto_core::ServeRefusal;
use concerto_exchange::transfer::{
    Ask, KEPT_BYTES, Opening, PIECE_BYTES, Sending, TransferError, decode_head, encode_head, head_length,
};
use concerto_message::limits::CHUNK_BYTES;
use concerto_message::{Digest, Listed};
use concerto_port::{DocumentError, DocumentReader, DocumentStore};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::throttle::Throttle;
use super::{Duplex, Patience, Verdict};

/// Longest wait for the core to say whether a peer may have a document.
pub(crate) const VERDICT_TIME_MAX: Duration = Duration::from_secs(10);
/// Chunks read from the disk that wait to be sent.
const CHUNKS_AHEAD: usize = 1;
/// The core did not answer in time.
pub(crate) const BUSY: ServeRefusal =
    ServeRefusal { code: "node.busy", reason: "the node is busy: ask again" };

/// Why a document was not served to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// The asker was told so; the rest is its affair.
    #[error("refused: {0}")]
    Refused(&'static str),
    /// The asker broke the protocol.
    #[error("the peer misbehaved: {0}")]
    Misbehaved(#[from] TransferError),
    /// The asker is silent.
    #[error("the peer is silent")]
    Slow,
    /// The connection ended.
    #[error("the stream ended: {0}")]
    Stream(#[from] std::io::Error),
    /// This node's own store failed, or holds damaged bytes.
    #[error("document {0} cannot be read: {1}")]
    Store(Digest, DocumentError),
}

/// Reads what the asker wants.
pub(crate) async fn read_ask(stream: &mut impl Duplex, patience: Patience) -> Result<Ask, ServeError> {
    let reading = async {
        let mut prefix = [0; 4];
        stream.read_exact(&mut prefix).await?;
        let mut json = vec![0; head_length(prefix)?];
        stream.read_exact(&mut json).await?;
        Ok(decode_head(&json)?)
    };
    timeout(patience.opening, reading).await.map_err(|_| ServeError::Slow)?
}

/// What a stream is served with.
pub(crate) struct Serving {
    pub(crate) documents: Arc<dyn DocumentStore>,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) patience: Patience,
}

impl Serving {
    /// Refuses or serves, as the core says.
    pub(crate) async fn answer(
        &self,
        mut stream: impl Duplex,
        ask: Ask,
        verdict: Verdict,
    ) -> Result<(), ServeError> {
        let listed = match verdict {
            Ok(listed) => listed,
            Err(refusal) => return self.refuse(stream, refusal).await,
        };
        let sending = match Sending::new(&ask, listed.size) {
            Ok(sending) => sending,
            Err(error) => {
                let refusal = ServeRefusal { code: error.code(), reason: "no such byte" };
                let _ = self.refuse(stream, refusal).await; // the peer is to blame, whether it hears or not
                return Err(error.into());
            }
        };
        let reader = match open(self.documents.clone(), listed).await {
            Ok(reader) => reader,
            Err(error) => {
                tracing::error!(digest = %listed.digest, %error, code = error.code(), "a document cannot be served");
                return self.refuse(stream, ServeRefusal::UNAVAILABLE).await;
            }
        };
        let mut head = encode_head(&Opening::document(&reader.held().salt))?;
        if ask.list {
            head.extend_from_slice(&reader.list().to_bytes());
        }
        timeout(self.patience.chunk, stream.write_all(&head)).await.map_err(|_| ServeError::Slow)??;
        self.throttle.spend(head.len()).await;
        self.send(stream, sending, reader).await
    }

    async fn refuse(&self, mut stream: impl Duplex, refusal: ServeRefusal) -> Result<(), ServeError> {
        let head = encode_head(&Opening::refused(refusal.code, refusal.reason))?;
        let sent = async {
            stream.write_all(&head).await?;
            stream.shutdown().await
        };
        timeout(self.patience.silence, sent).await.map_err(|_| ServeError::Slow)??;
        Err(ServeError::Refused(refusal.code))
    }

    /// Sends the bytes as the asker says what it keeps.
    async fn send(
        &self,
        stream: impl Duplex,
        mut sending: Sending,
        reader: Box<dyn DocumentReader>,
    ) -> Result<(), ServeError> {
        let silence = self.patience.silence;
        let mut chunks = read_ahead(reader, sending.place());
        let (mut input, mut output) = tokio::io::split(stream);
        let (mut chunk, mut at) = (Vec::new(), 0);
        let (mut kept, mut filled) = ([0; KEPT_BYTES], 0);
        let mut silent_since = Instant::now();
        while !sending.done() {
            if at == chunk.len() && !sending.all_sent() {
                let next = chunks.recv().await.ok_or_else(|| std::io::Error::other("the reader ended"))?;
                (chunk, at) = (next?, 0);
            }
            let room = usize::try_from(sending.room()).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
            let piece = chunk.get(at..).unwrap_or_default();
            let piece = piece.get(..room).unwrap_or(piece);
            if piece.is_empty() {
                timeout(silence, output.flush()).await.map_err(|_| ServeError::Slow)??;
            }
            tokio::select! {
                read = input.read(kept.get_mut(filled..).unwrap_or_default()) => {
                    filled += match read? {
                        0 => return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
                        read => read,
                    };
                    if filled == KEPT_BYTES {
                        filled = 0;
                        silent_since = Instant::now();
                        sending.kept(kept)?;
                    }
                }
                written = output.write(piece), if !piece.is_empty() => {
                    let written = written?;
                    at += written;
                    sending.sent(written as u64);
                    silent_since = Instant::now();
                    self.throttle.spend(written).await;
                }
                () = sleep_until(silent_since + silence) => return Err(ServeError::Slow),
            }
        }
        Ok(timeout(silence, output.shutdown()).await.map_err(|_| ServeError::Slow)??)
    }
}

/// Opens a document whose list of chunks is the one that the link names.
async fn open(
    documents: Arc<dyn DocumentStore>,
    listed: Listed,
) -> Result<Box<dyn DocumentReader>, DocumentError> {
    let opened = tokio::task::spawn_blocking(move || documents.open(listed.digest)).await;
    let reader = opened.map_err(std::io::Error::other)??;
    let missing = DocumentError::Mismatch { expected: listed.digest };
    let reader = reader.ok_or(missing)?;
    let held = reader.held();
    if held.chunks == Some(listed.chunks) && held.size == listed.size {
        return Ok(reader);
    }
    Err(DocumentError::Mismatch { expected: listed.digest })
}

/// Reads chunks on a thread of its own, from the one that holds the first byte wanted.
fn read_ahead(mut reader: Box<dyn DocumentReader>, from: u64) -> mpsc::Receiver<Result<Vec<u8>, ServeError>> {
    let (chunks, read) = mpsc::channel(CHUNKS_AHEAD);
    tokio::task::spawn_blocking(move || {
        let (first, within) = (from / CHUNK_BYTES as u64, from % CHUNK_BYTES as u64);
        for index in first..reader.held().size.div_ceil(CHUNK_BYTES as u64) {
            let mut chunk = Vec::with_capacity(CHUNK_BYTES);
            let digest = reader.held().digest;
            let mut result =
                reader.chunk(index, &mut chunk).map(|()| chunk).map_err(|e| ServeError::Store(digest, e));
            if let (true, Ok(chunk)) = (index == first, &mut result) {
                chunk.drain(..chunk.len().min(usize::try_from(within).unwrap_or(0)));
            }
            let failed = result.is_err();
            if chunks.blocking_send(result).is_err() || failed {
                return;
            }
        }
    });
    read
}
