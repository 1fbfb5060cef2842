//! A frame on a stream: its length in four bytes, big-endian, then its bytes. Protocol `/concerto/frame/1`.
//!
//! A length beyond the bound is refused before anything is stored, and bytes are stored only as they arrive, within a budget
//! shared by all connections; an announced length alone costs nobody but its sender. A request waits, unread, for a place in its
//! peer's lane.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::request_response::Codec;
use tokio::time::timeout;

use crate::lane::{Entrance, Hold, Lane};

/// The name and version of the protocol.
pub(crate) const PROTOCOL: &str = "/concerto/frame/1";
/// Bytes of the length.
const PREFIX: usize = 4;
/// Frames up to this size are written with their length in one piece.
const ONE_PIECE_MAX: usize = 64 * 1024;
/// Bytes stored at first, whatever the announced length.
const FIRST_PIECE: usize = 16 * 1024;
/// How long the length and the first piece of a request may take together.
const BEGIN_MAX: Duration = Duration::from_secs(10);

/// The bytes that received frames may take together.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicUsize,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(bytes) })
    }

    fn take(&self, bytes: usize) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }

    #[cfg(test)]
    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }
}

/// A frame; a received one holds its part of the budget until it is handed on.
#[derive(Debug)]
pub(crate) struct Frame {
    bytes: Vec<u8>,
    share: Share,
}

/// What a received frame holds: its part of the budget, and its place in the lane of its peer.
#[derive(Debug, Default)]
pub(crate) struct Share {
    held: usize,
    budget: Option<Arc<Budget>>,
    _hold: Hold,
}

impl Frame {
    /// A frame to send.
    pub(crate) fn to_send(bytes: Vec<u8>) -> Self {
        Self { bytes, share: Share::default() }
    }

    fn receiving(budget: Arc<Budget>, hold: Hold) -> Self {
        Self { bytes: Vec::new(), share: Share { held: 0, budget: Some(budget), _hold: hold } }
    }

    /// The bytes; gives back what the frame held.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The bytes, and what the frame holds as long as they are somewhere.
    pub(crate) fn into_parts(self) -> (Vec<u8>, Share) {
        (self.bytes, self.share)
    }

    /// Makes room up to `len` bytes in all.
    fn grow(&mut self, len: usize) -> io::Result<()> {
        let more = len.saturating_sub(self.share.held);
        if let Some(budget) = &self.share.budget {
            if !budget.take(more) {
                return Err(io::Error::new(io::ErrorKind::OutOfMemory, "too many bytes wait for the node"));
            }
            self.share.held = len;
        }
        self.bytes.reserve_exact(len.saturating_sub(self.bytes.len()));
        self.bytes.resize(len, 0);
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.left.fetch_add(self.held, Ordering::Relaxed);
        }
    }
}

/// Whose frames a codec reads.
#[derive(Debug)]
enum Whose {
    /// The codec of the behaviour, which reads none itself: the library clones it once for each connection, at the entrance.
    AtTheEntrance(Arc<Entrance>),
    /// The codec of a connection and, cloned from it, those of its streams.
    Peer(Arc<Lane>),
}

/// Reads and writes frames within the bounds.
#[derive(Debug)]
pub(crate) struct FrameCodec {
    frame_bytes_max: usize,
    request_bytes_max: usize,
    budget: Arc<Budget>,
    whose: Whose,
}

impl Clone for FrameCodec {
    fn clone(&self) -> Self {
        let whose = Whose::Peer(self.lane());
        Self { budget: Arc::clone(&self.budget), whose, ..*self }
    }
}

impl FrameCodec {
    pub(crate) fn new(
        frame_bytes_max: usize,
        request_bytes_max: usize,
        budget: Arc<Budget>,
        entrance: Arc<Entrance>,
    ) -> Self {
        Self { frame_bytes_max, request_bytes_max, budget, whose: Whose::AtTheEntrance(entrance) }
    }

    fn lane(&self) -> Arc<Lane> {
        match &self.whose {
            Whose::AtTheEntrance(entrance) => entrance.lane(),
            Whose::Peer(lane) => Arc::clone(lane),
        }
    }

    /// Reads a request once the lane has a place for it.
    async fn read_asked<T: AsyncRead + Unpin + Send>(&self, io: &mut T, lane: &Lane) -> io::Result<Frame> {
        let mut hold = lane.place().await;
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "a request does not arrive");
        let len = timeout(BEGIN_MAX, read_length(io)).await.map_err(late)??;
        let len = within(len.ok_or(io::ErrorKind::UnexpectedEof)?, self.request_bytes_max)?;
        lane.announce_request(&mut hold, len).await;
        let mut frame = Frame::receiving(Arc::clone(&self.budget), hold);
        let first = len.min(FIRST_PIECE);
        timeout(BEGIN_MAX, fill(io, &mut frame, 0, first)).await.map_err(late)??;
        fill(io, &mut frame, first, len).await?;
        Ok(frame)
    }

    /// Reads an answer; `None` if the stream ends before its first byte.
    async fn read_answer<T: AsyncRead + Unpin + Send>(
        &self,
        io: &mut T,
        lane: &Lane,
    ) -> io::Result<Option<Frame>> {
        let Some(len) = read_length(io).await? else { return Ok(None) };
        let len = within(len, self.frame_bytes_max)?;
        let mut frame = Frame::receiving(Arc::clone(&self.budget), lane.announce_answer(len).await);
        fill(io, &mut frame, 0, len).await?;
        Ok(Some(frame))
    }

    async fn write<T: AsyncWrite + Unpin + Send>(
        &self,
        io: &mut T,
        frame: Frame,
        limit: usize,
    ) -> io::Result<()> {
        let too_large = || io::Error::new(io::ErrorKind::InvalidInput, "the frame is larger than its bound");
        if frame.bytes.len() > limit {
            return Err(too_large());
        }
        let len = u32::try_from(frame.bytes.len()).map_err(|_| too_large())?.to_be_bytes();
        if frame.bytes.len() <= ONE_PIECE_MAX {
            let mut piece = Vec::with_capacity(PREFIX + frame.bytes.len());
            piece.extend_from_slice(&len);
            piece.extend_from_slice(&frame.bytes);
            return io.write_all(&piece).await;
        }
        io.write_all(&len).await?;
        io.write_all(&frame.bytes).await
    }
}

fn within(len: usize, limit: usize) -> io::Result<usize> {
    if len <= limit {
        return Ok(len);
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "the frame is larger than its bound"))
}

/// Reads the bytes of a frame from a place up to another, storing them as they arrive.
async fn fill<T: AsyncRead + Unpin + Send>(
    io: &mut T,
    frame: &mut Frame,
    mut filled: usize,
    len: usize,
) -> io::Result<()> {
    while filled < len {
        let room = len.min(FIRST_PIECE.max(filled.saturating_mul(2)));
        frame.grow(room)?;
        let piece = frame.bytes.get_mut(filled..).unwrap_or_default();
        io.read_exact(piece).await?;
        filled = room;
    }
    Ok(())
}

fn blame(lane: &Lane, error: &io::Error) {
    if let Some(code) = code_of(error) {
        lane.blame.note(code, error);
    }
}

/// The code of a frame that could not be read, where its sender is to blame.
fn code_of(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::InvalidData => Some("peer.frame.too-large"),
        io::ErrorKind::UnexpectedEof => Some("peer.frame.cut-off"),
        io::ErrorKind::TimedOut => Some("peer.frame.slow"),
        io::ErrorKind::OutOfMemory => Some("peer.frame.no-room"),
        _ => None,
    }
}

async fn read_length<T: AsyncRead + Unpin + Send>(io: &mut T) -> io::Result<Option<usize>> {
    let mut prefix = [0_u8; PREFIX];
    let first = io.read(&mut prefix).await?;
    if first == 0 {
        return Ok(None);
    }
    if let Some(rest) = prefix.get_mut(first..) {
        io.read_exact(rest).await?;
    }
    let len = u32::from_be_bytes(prefix);
    usize::try_from(len).map(Some).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
}

impl Codec for FrameCodec {
    type Protocol = &'static str;
    type Request = Frame;
    /// `None`: the peer ended the stream without an answer.
    type Response = Option<Frame>;

    async fn read_request<T>(&mut self, _: &Self::Protocol, io: &mut T) -> io::Result<Frame>
    where
        T: AsyncRead + Unpin + Send,
    {
        let lane = self.lane();
        self.read_asked(io, &lane).await.inspect_err(|e| blame(&lane, e))
    }

    async fn read_response<T>(&mut self, _: &Self::Protocol, io: &mut T) -> io::Result<Option<Frame>>
    where
        T: AsyncRead + Unpin + Send,
    {
        let lane = self.lane();
        self.read_answer(io, &lane).await.inspect_err(|e| blame(&lane, e))
    }

    async fn write_request<T>(&mut self, _: &Self::Protocol, io: &mut T, request: Frame) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        self.write(io, request, self.request_bytes_max).await
    }

    async fn write_response<T>(
        &mut self,
        _: &Self::Protocol,
        io: &mut T,
        response: Option<Frame>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        match response {
            Some(frame) => self.write(io, frame, self.frame_bytes_max).await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;
