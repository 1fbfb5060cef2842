//! A connection of a member without the project's transport: Noise and Yamux by libp2p, everything above by hand (multistream-select
//! 1.0.0 and the four bytes of length), so that each rule can be broken. Streams that the node opens are held and never read.

use futures::future::poll_fn;
use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::core::Endpoint;
use libp2p::core::Transport;
use libp2p::core::muxing::{StreamMuxerBox, StreamMuxerExt, SubstreamBox};
use libp2p::core::transport::{DialOpts, PortUse};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::{noise, tcp, yamux};
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The messages of multistream-select with which a dialler opens a stream for frames.
const OPENING: &[u8] = b"\x13/multistream/1.0.0\n\x12/concerto/frame/1\n";
/// Longest wait for a step of a handshake, or for an answer.
const PATIENCE: Duration = Duration::from_secs(40);

/// The connection.
pub struct Raw {
    open: mpsc::Sender<oneshot::Sender<SubstreamBox>>,
    driver: JoinHandle<()>,
}

/// A stream for one frame each way.
pub struct RawStream(SubstreamBox);

impl Raw {
    /// Calls a node under a transport key.
    ///
    /// # Errors
    /// What the system or the handshake says.
    pub async fn call(address: &str, seed: [u8; 32]) -> io::Result<Self> {
        let keypair = Keypair::ed25519_from_bytes(&mut seed.clone()).unwrap();
        let mut transport = tcp::tokio::Transport::new(tcp::Config::new().nodelay(true))
            .upgrade(Version::V1)
            .authenticate(noise::Config::new(&keypair).unwrap())
            .multiplex(yamux::Config::default())
            .boxed();
        let options = DialOpts { role: Endpoint::Dialer, port_use: PortUse::New };
        let dial = transport.dial(address.parse().unwrap(), options).unwrap();
        let (_, muxer) = timeout(PATIENCE, dial).await.map_err(|_| io::ErrorKind::TimedOut)??;
        let (open, wanted) = mpsc::channel(1);
        Ok(Self { open, driver: tokio::spawn(drive(muxer, wanted)) })
    }

    /// Whether the node has closed the connection.
    pub fn is_closed(&self) -> bool {
        self.driver.is_finished()
    }

    /// Opens a stream for frames.
    ///
    /// # Errors
    /// The connection is closed.
    pub async fn stream(&self) -> io::Result<RawStream> {
        let (sender, receiver) = oneshot::channel();
        self.open.send(sender).await.map_err(|_| io::ErrorKind::NotConnected)?;
        let stream = timeout(PATIENCE, receiver).await.map_err(|_| io::ErrorKind::TimedOut)?;
        let mut stream = stream.map_err(|_| io::ErrorKind::NotConnected)?;
        stream.write_all(OPENING).await?;
        stream.flush().await?;
        Ok(RawStream(stream))
    }

    /// Sends one frame and reads its answer.
    ///
    /// # Errors
    /// The stream or the connection broke, or the node ended the stream without an answer.
    pub async fn ask(&self, frame: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = self.stream().await?;
        stream.announce(frame.len()).await?;
        stream.write(frame).await?;
        stream.answer().await
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl RawStream {
    /// Announces a frame of so many bytes.
    ///
    /// # Errors
    /// The stream broke.
    pub async fn announce(&mut self, bytes: usize) -> io::Result<()> {
        self.write(&u32::try_from(bytes).unwrap().to_be_bytes()).await
    }

    /// Writes a part of a frame.
    ///
    /// # Errors
    /// The stream broke.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await?;
        self.0.flush().await
    }

    /// Ends this side of the stream.
    ///
    /// # Errors
    /// The stream broke.
    pub async fn end(&mut self) -> io::Result<()> {
        self.0.close().await
    }

    /// Reads the answer.
    ///
    /// # Errors
    /// The stream broke or ended.
    pub async fn answer(&mut self) -> io::Result<Vec<u8>> {
        let read = async {
            let mut opened = [0; OPENING.len()];
            self.0.read_exact(&mut opened).await?;
            let mut length = [0; 4];
            self.0.read_exact(&mut length).await?;
            let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
            self.0.read_exact(&mut bytes).await?;
            Ok(bytes)
        };
        timeout(PATIENCE, read).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

/// Keeps the connection going until it ends.
async fn drive(mut muxer: StreamMuxerBox, mut wanted: mpsc::Receiver<oneshot::Sender<SubstreamBox>>) {
    let mut held = Vec::new();
    let mut asked: Option<oneshot::Sender<SubstreamBox>> = None;
    poll_fn(|cx| turn(&mut muxer, &mut wanted, &mut held, &mut asked, cx)).await;
}

fn turn(
    muxer: &mut StreamMuxerBox,
    wanted: &mut mpsc::Receiver<oneshot::Sender<SubstreamBox>>,
    held: &mut Vec<SubstreamBox>,
    asked: &mut Option<oneshot::Sender<SubstreamBox>>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    loop {
        if let Poll::Ready(Err(_)) = muxer.poll_unpin(cx) {
            return Poll::Ready(());
        }
        match muxer.poll_inbound_unpin(cx) {
            Poll::Ready(Ok(stream)) => {
                held.push(stream);
                continue;
            }
            Poll::Ready(Err(_)) => return Poll::Ready(()),
            Poll::Pending => {}
        }
        if asked.is_none() {
            match wanted.poll_recv(cx) {
                Poll::Ready(Some(sender)) => *asked = Some(sender),
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        match muxer.poll_outbound_unpin(cx) {
            Poll::Ready(Ok(stream)) => {
                if let Some(sender) = asked.take() {
                    let _ = sender.send(stream); // whoever asked may have given up
                }
            }
            Poll::Ready(Err(_)) => return Poll::Ready(()),
            Poll::Pending => return Poll::Pending,
        }
    }
}
