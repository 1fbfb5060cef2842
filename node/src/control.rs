//! The control socket: how the command line gives orders to the node that serves the same folder.
//!
//! A Unix socket in the node's folder, readable by its owner only. An order is four bytes of length (big-endian) and JSON, its reply
//! the same; a connection carries one order after the other.

use concerto_core::{Content, Fault, NewDocument, Order, Reply};
use concerto_message::{Audience, ConferenceId, Digest, MessageId};
use concerto_procedure::acts::{Act, Behalf};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};

use crate::duties::{Asked, Desk};
use crate::engine::Told;
use crate::pec::{Bell, Round};
use crate::transfers::{TransferProgress, Transfers};

/// Greatest order with its documents, in bytes.
const ORDER_BYTES_MAX: usize = 96 * 1024 * 1024;
/// Most orders at one time.
const CONNECTIONS_MAX: usize = 128;
/// Longest wait for an order to arrive or a reply to be given.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest wait for the receipts that an order asked to wait for; shorter than the client's patience.
const RECEIPTS_WAIT: Duration = Duration::from_secs(45);

/// An order as it crosses the socket.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub(crate) enum WireOrder {
    Open {
        act: Act,
        body: Option<Value>,
        documents: Vec<WireDocument>,
    },
    Send {
        conference: ConferenceId,
        act: Act,
        #[serde(default)]
        behalf: Option<Behalf>,
        body: Option<Value>,
        body_audience: Audience,
        documents: Vec<WireDocument>,
        #[serde(default)]
        wait: bool,
    },
    /// An order that is carried out once.
    Once {
        key: Digest,
        request: Digest,
        inner: Box<WireOrder>,
    },
    /// Read the certified mailbox now.
    Poll,
    StateDigests,
    /// What is on its way to this node.
    Transfers,
    /// What is to be done.
    Duties {
        asked: Asked,
    },
    /// The clock is right as it stands.
    ConfirmClock,
    /// Examine now everything that is held, and repair it.
    Scrub,
    Ping,
    /// Finish what is begun and end the process.
    Stop,
}

/// A document as it crosses the socket.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WireDocument {
    pub(crate) media_type: String,
    pub(crate) audience: Audience,
    #[serde(flatten)]
    pub(crate) content: WireContent,
}

/// The bytes of a document as they cross the socket: large ones never do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum WireContent {
    /// Added to the document store before (`concerto document add`).
    Held { digest: Digest },
    /// The bytes of a small one, base64.
    Bytes { bytes: String },
}

/// A reply as it crosses the socket.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub(crate) enum WireReply {
    Sent { conference: ConferenceId, message: MessageId, warnings: Vec<Fault> },
    StateDigests { states: Vec<(ConferenceId, Digest)> },
    Transfers { transfers: Vec<TransferProgress> },
    Duties { text: String, value: Value },
    Polled { came: usize, sent: usize, recorded: usize, unread: Option<(String, String)> },
    Done,
    Pong,
    Stopping,
    Fault { fault: Fault },
}

impl From<Result<Reply, Fault>> for WireReply {
    fn from(result: Result<Reply, Fault>) -> Self {
        match result {
            Ok(Reply::Sent { conference, message, warnings }) => Self::Sent { conference, message, warnings },
            Ok(Reply::StateDigests(states)) => Self::StateDigests { states },
            // links come by mail to the node's own office, never over this socket
            Ok(Reply::Done | Reply::Held { .. }) => Self::Done,
            Err(fault) => Self::Fault { fault },
        }
    }
}

impl WireOrder {
    /// The order for the core; none for what the runtime does itself.
    pub(crate) fn into_order(self) -> Result<Option<Order>, Fault> {
        Ok(match self {
            Self::Ping | Self::Scrub | Self::Stop | Self::Poll | Self::Transfers | Self::Duties { .. } => {
                None
            }
            Self::Once { key, request, inner } => {
                inner.into_order()?.map(|order| Order::Once { key, request, order: Box::new(order) })
            }
            Self::StateDigests => Some(Order::StateDigests),
            Self::ConfirmClock => Some(Order::ConfirmClock),
            Self::Open { act, body, documents } => {
                Some(Order::Open { act, body, documents: read_documents(documents)? })
            }
            Self::Send { conference, act, behalf, body, body_audience, documents, wait } => {
                let documents = read_documents(documents)?;
                Some(Order::Send { conference, act, behalf, body, body_audience, documents, wait })
            }
        })
    }
}

fn read_documents(documents: Vec<WireDocument>) -> Result<Vec<NewDocument>, Fault> {
    let read = |document: WireDocument| {
        let content = match document.content {
            WireContent::Held { digest } => Content::Held(digest),
            WireContent::Bytes { bytes } => {
                let bytes = BASE64.decode(bytes.as_bytes());
                Content::Bytes(bytes.map_err(|e| Fault::technical("control.base64", &e))?)
            }
        };
        Ok(NewDocument { media_type: document.media_type, audience: document.audience, content })
    };
    documents.into_iter().map(read).collect()
}

/// What orders ask of the process itself.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    /// End the process.
    pub(crate) stop: Notify,
    /// Scrub now.
    pub(crate) scrub: Notify,
    /// Read the certified mailbox now.
    pub(crate) pec: Arc<Bell>,
}

/// Serves orders until the engine is gone.
pub(crate) async fn serve(
    listener: tokio::net::UnixListener,
    engine: mpsc::Sender<Told>,
    signals: Arc<Signals>,
    (transfers, desk): (Transfers, Desk),
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (engine, signals, aside) = (engine.clone(), signals.clone(), (transfers.clone(), desk.clone()));
        tokio::spawn(async move {
            let mut stream = stream;
            // ends when the client is gone or takes too long
            while let Ok(true) =
                tokio::time::timeout(PATIENCE, serve_one(&mut stream, &engine, &signals, &aside)).await
            {
            }
            drop(place);
        });
    }
}

/// Serves one order; false when the connection is over.
async fn serve_one(
    stream: &mut tokio::net::UnixStream,
    engine: &mpsc::Sender<Told>,
    signals: &Signals,
    aside: &(Transfers, Desk),
) -> bool {
    // after an unreadable length nobody knows where the next order begins
    let (reply, more) = match read_frame(stream).await {
        Ok(bytes) => (answer(&bytes, engine, signals, aside).await, true),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return false,
        Err(error) => (WireReply::Fault { fault: Fault::technical("control.read", &error) }, false),
    };
    let bytes = serde_json::to_vec(&reply).unwrap_or_default();
    let length = u32::try_from(bytes.len()).unwrap_or(0).to_be_bytes();
    let framed = [length.as_slice(), &bytes].concat();
    let written = stream.write_all(&framed).await;
    if matches!(reply, WireReply::Stopping) {
        signals.stop.notify_one();
        return false;
    }
    match written {
        Ok(()) => more,
        Err(error) => {
            tracing::debug!(%error, "a reply could not be given; the order stands");
            false
        }
    }
}

async fn read_frame(stream: &mut tokio::net::UnixStream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    let length = checked_length(length)?;
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

fn checked_length(prefix: [u8; 4]) -> std::io::Result<usize> {
    let length = usize::try_from(u32::from_be_bytes(prefix)).unwrap_or(usize::MAX);
    if length > ORDER_BYTES_MAX {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "the order is too large"));
    }
    Ok(length)
}

async fn answer(
    bytes: &[u8],
    engine: &mpsc::Sender<Told>,
    signals: &Signals,
    (transfers, desk): &(Transfers, Desk),
) -> WireReply {
    let order = match serde_json::from_slice::<WireOrder>(bytes) {
        Ok(WireOrder::Stop) => return WireReply::Stopping,
        Ok(WireOrder::Transfers) => return WireReply::Transfers { transfers: transfers.progress() },
        Ok(WireOrder::Duties { asked }) => {
            let desk = desk.clone();
            let listed = tokio::task::spawn_blocking(move || desk.answer(asked)).await;
            return listed.unwrap_or_else(|_| WireReply::Fault {
                fault: Fault::technical("node.stopping", &"the node is stopping"),
            });
        }
        Ok(WireOrder::Poll) => return poll(signals).await,
        Ok(WireOrder::Scrub) => {
            signals.scrub.notify_one();
            return WireReply::Done;
        }
        Ok(order) => order.into_order(),
        Err(error) => return WireReply::Fault { fault: Fault::technical("control.order", &error) },
    };
    let order = match order {
        Ok(Some(order)) => order,
        Ok(None) => return WireReply::Pong,
        Err(fault) => return WireReply::Fault { fault },
    };
    let (sender, receiver) = oneshot::channel();
    if engine.send(Told::Order(Box::new(order), sender)).await.is_err() {
        return WireReply::Fault { fault: Fault::technical("node.stopping", &"the node is stopping") };
    }
    match tokio::time::timeout(RECEIPTS_WAIT, receiver).await {
        Ok(Ok(result)) => result.into(),
        Ok(Err(_)) => WireReply::Fault {
            fault: Fault::technical("node.stopping", &"the node stopped before the reply"),
        },
        Err(_) => WireReply::Fault { fault: no_receipt() },
    }
}

/// Has the mailbox read now, and waits for that.
async fn poll(signals: &Signals) -> WireReply {
    let bell = signals.pec.clone();
    let rung = tokio::task::spawn_blocking(move || bell.ring(RECEIPTS_WAIT)).await;
    match rung {
        Ok(Ok(Round { came, sent, recorded, unread })) => WireReply::Polled { came, sent, recorded, unread },
        Ok(Err((code, text))) => WireReply::Fault { fault: Fault::technical(&code, &text) },
        Err(_) => WireReply::Fault { fault: Fault::technical("node.stopping", &"the node is stopping") },
    }
}

fn no_receipt() -> Fault {
    let seconds = RECEIPTS_WAIT.as_secs();
    Fault::new(
        "receipt.awaited",
        format!(
            "Nessuna ricevuta di tutti i destinatari in {seconds} secondi. Non ripetere l'atto: se è in `concerto outbox`, parte da sé."
        ),
        format!(
            "No receipt of every recipient within {seconds} seconds. Do not repeat the act: if it is in `concerto outbox`, it leaves by itself."
        ),
    )
}

/// Gives one order to the node that serves this socket. `None` if no node serves it.
pub(crate) fn call(socket: &Path, order: &WireOrder) -> std::io::Result<Option<WireReply>> {
    let mut stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let bytes = serde_json::to_vec(order)?;
    let length = u32::try_from(bytes.len()).map_err(|_| std::io::ErrorKind::InvalidInput)?.to_be_bytes();
    stream.write_all(&length)?;
    stream.write_all(&bytes)?;
    let mut prefix = [0; 4];
    stream.read_exact(&mut prefix)?;
    let mut reply = vec![0; checked_length(prefix)?];
    stream.read_exact(&mut reply)?;
    Ok(Some(serde_json::from_slice(&reply)?))
}
