//! A frame on a stream: its length in four bytes, big-endian, then its bytes. Protocol `/concerto/frame/1`.
//!
//! A length beyond the bound is refused before anything is stored, and bytes are stored only as they arrive, within a budget
//! shared by all connections; an announced length alone costs nothing.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::request_response::Codec;

/// The name and version of the protocol.
pub(crate) const PROTOCOL: &str = "/concerto/frame/1";
/// Bytes of the length.
const PREFIX: usize = 4;
/// Frames up to this size are written with their length in one piece.
const ONE_PIECE_MAX: usize = 64 * 1024;
/// Bytes stored at first, whatever the announced length.
const FIRST_PIECE: usize = 16 * 1024;

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
    held: usize,
    budget: Option<Arc<Budget>>,
}

impl Frame {
    /// A frame to send.
    pub(crate) fn to_send(bytes: Vec<u8>) -> Self {
        Self { bytes, held: 0, budget: None }
    }

    fn receiving(budget: Arc<Budget>) -> Self {
        Self { bytes: Vec::new(), held: 0, budget: Some(budget) }
    }

    /// The bytes; gives the budget back.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// Makes room up to `len` bytes in all.
    fn grow(&mut self, len: usize) -> io::Result<()> {
        let more = len.saturating_sub(self.held);
        if let Some(budget) = &self.budget {
            if !budget.take(more) {
                return Err(io::Error::new(io::ErrorKind::OutOfMemory, "too many bytes wait for the node"));
            }
            self.held = len;
        }
        self.bytes.reserve_exact(len.saturating_sub(self.bytes.len()));
        self.bytes.resize(len, 0);
        Ok(())
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.left.fetch_add(self.held, Ordering::Relaxed);
        }
    }
}

/// Reads and writes frames within the bound.
#[derive(Debug, Clone)]
pub(crate) struct FrameCodec {
    frame_bytes_max: usize,
    budget: Arc<Budget>,
}

impl FrameCodec {
    pub(crate) fn new(frame_bytes_max: usize, budget: Arc<Budget>) -> Self {
        Self { frame_bytes_max, budget }
    }

    /// Reads a frame; `None` if the stream ends before its first byte.
    async fn read<T: AsyncRead + Unpin + Send>(&self, io: &mut T) -> io::Result<Option<Frame>> {
        let Some(len) = read_length(io).await? else { return Ok(None) };
        if len > self.frame_bytes_max {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the frame is larger than its bound"));
        }
        let mut frame = Frame::receiving(Arc::clone(&self.budget));
        let mut filled = 0;
        while filled < len {
            let room = len.min(FIRST_PIECE.max(filled.saturating_mul(2)));
            frame.grow(room)?;
            let piece = frame.bytes.get_mut(filled..).unwrap_or_default();
            io.read_exact(piece).await?;
            filled = room;
        }
        Ok(Some(frame))
    }

    async fn write<T: AsyncWrite + Unpin + Send>(&self, io: &mut T, frame: Frame) -> io::Result<()> {
        let too_large = || io::Error::new(io::ErrorKind::InvalidInput, "the frame is larger than its bound");
        if frame.bytes.len() > self.frame_bytes_max {
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
        self.read(io).await?.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
    }

    async fn read_response<T>(&mut self, _: &Self::Protocol, io: &mut T) -> io::Result<Option<Frame>>
    where
        T: AsyncRead + Unpin + Send,
    {
        self.read(io).await
    }

    async fn write_request<T>(&mut self, _: &Self::Protocol, io: &mut T, request: Frame) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        self.write(io, request).await
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
            Some(frame) => self.write(io, frame).await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;
