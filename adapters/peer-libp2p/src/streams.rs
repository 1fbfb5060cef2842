//! Document streams over libp2p: protocol [`DOCUMENT_PROTOCOL`], one stream for one document, to and from connected peers alone.
//!
//! The library drops a stream whose acceptor lags, so a task of its own takes each one at once and refuses what exceeds the
//! bounds. What crosses a stream, its time-outs and its flow are the affair of whoever opened or took it.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use concerto_message::Writer;
use futures::StreamExt;
use libp2p::core::upgrade::NegotiationError;
use libp2p::{PeerId, Stream, StreamProtocol};
use libp2p_stream::{Control, IncomingStreams, OpenStreamError};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{mpsc, watch};
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt};

use crate::peers::Peers;

/// The name and version of the protocol.
pub const DOCUMENT_PROTOCOL: &str = "/concerto/document/1";
/// Most streams of one peer that are open at one time; further ones are refused.
pub const INCOMING_STREAMS_PER_PEER_MAX: usize = 4;
/// Most streams of all peers that are open at one time; further ones are refused.
pub const INCOMING_STREAMS_MAX: usize = 64;
/// Longest wait for a stream to open.
const OPEN_TIME_MAX: Duration = Duration::from_secs(10);

/// A place among the streams that are open; free again when it goes.
#[derive(Debug)]
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(of: &Arc<AtomicUsize>, most: usize) -> Option<Self> {
        of.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n < most).then_some(n + 1))
            .ok()
            .map(|_| Self(Arc::clone(of)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One document stream. A peer that does not know the protocol shows at the first reading, as [`io::ErrorKind::Unsupported`].
#[derive(Debug)]
pub struct DocumentStream {
    inner: Compat<Stream>,
    // the library may not be asked again after the protocol was refused
    refused: bool,
    _places: Option<(Place, Place)>,
}

impl DocumentStream {
    fn new(stream: Stream, places: Option<(Place, Place)>) -> Self {
        Self { inner: stream.compat(), refused: false, _places: places }
    }

    fn noted<T>(&mut self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        polled.map_err(|error| {
            let inner = error.get_ref().and_then(|e| e.downcast_ref::<NegotiationError>());
            if !matches!(inner, Some(NegotiationError::Failed)) {
                return error;
            }
            self.refused = true;
            unsupported()
        })
    }
}

fn unsupported() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "the peer knows no document streams")
}

impl AsyncRead for DocumentStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.refused {
            return Poll::Ready(Err(unsupported()));
        }
        let polled = Pin::new(&mut self.inner).poll_read(cx, buffer);
        self.noted(polled)
    }
}

impl AsyncWrite for DocumentStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.refused {
            return Poll::Ready(Err(unsupported()));
        }
        let polled = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.noted(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.refused {
            return Poll::Ready(Err(unsupported()));
        }
        let polled = Pin::new(&mut self.inner).poll_flush(cx);
        self.noted(polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.refused {
            return Poll::Ready(Ok(()));
        }
        let polled = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.noted(polled)
    }
}

/// A stream that a peer opened.
#[derive(Debug)]
pub struct IncomingStream {
    /// Who.
    pub from: Writer,
    /// The stream.
    pub stream: DocumentStream,
}

/// Opens a stream to a connected peer.
pub(crate) async fn open(mut control: Control, peer: PeerId) -> io::Result<DocumentStream> {
    let opening = control.open_stream(peer, StreamProtocol::new(DOCUMENT_PROTOCOL));
    match tokio::time::timeout(OPEN_TIME_MAX, opening).await {
        Ok(Ok(stream)) => Ok(DocumentStream::new(stream, None)),
        Ok(Err(OpenStreamError::UnsupportedProtocol(_))) => Err(unsupported()),
        Ok(Err(OpenStreamError::Io(error))) => Err(error),
        Ok(Err(other)) => Err(io::Error::other(other)),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Who may open streams, and how many each has open.
pub(crate) struct Acceptor {
    known: HashMap<PeerId, (Writer, Arc<AtomicUsize>)>,
    all: Arc<AtomicUsize>,
    taken: mpsc::Sender<IncomingStream>,
}

impl Acceptor {
    /// An acceptor, and where the accepted streams are taken from.
    pub(crate) fn new(peers: &Peers) -> (Self, mpsc::Receiver<IncomingStream>) {
        let (taken, streams) = mpsc::channel(INCOMING_STREAMS_MAX);
        let known = peers.iter().map(|p| (p.peer_id, (p.name.clone(), Arc::default()))).collect();
        (Self { known, all: Arc::default(), taken }, streams)
    }

    /// Takes each stream at once, until the transport ends.
    pub(crate) async fn run(self, mut incoming: IncomingStreams, mut closing: watch::Receiver<bool>) {
        loop {
            let opened = tokio::select! {
                opened = incoming.next() => opened,
                _ = closing.wait_for(|closing| *closing) => None,
            };
            let Some((peer, stream)) = opened else { return };
            if self.accept(peer, stream).is_none() {
                tracing::debug!(%peer, "a stream was refused: not known, or too many are open");
            }
        }
    }

    /// Hands a stream on; dropped, which resets it, where a bound is reached.
    fn accept(&self, peer: PeerId, stream: Stream) -> Option<()> {
        let (name, open) = self.known.get(&peer)?;
        let places = (
            Place::take(open, INCOMING_STREAMS_PER_PEER_MAX)?,
            Place::take(&self.all, INCOMING_STREAMS_MAX)?,
        );
        let stream = DocumentStream::new(stream, Some(places));
        self.taken.try_send(IncomingStream { from: name.clone(), stream }).ok()
    }
}

#[cfg(test)]
#[path = "streams_tests.rs"]
mod tests;
