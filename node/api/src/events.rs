//! What newly came into the journal: as server-sent events (WHATWG HTML section 9.2), and for webhooks.
//!
//! The journal is the queue: an event is named by the place up to which everything was told (`links.receipts.alarms`), so a reader
//! that was away goes on from the last name it knows, and nothing is kept for anybody. Each stream reads for itself as fast as its
//! reader takes: a slow one holds up nobody, and one that takes nothing for a while is cut off by the connection's patience.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use concerto_message::{ReceiptKind, Writer};
use concerto_port::{JournalError, JournalFeed, Tips};
use http::{HeaderMap, header};
use serde::Serialize;
use serde_json::{Value, json};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;
use crate::views;

/// Streams at one time.
pub(crate) const STREAMS_MAX: usize = 64;
/// Events told together.
pub(crate) const BATCH: usize = 64;
/// Longest silence of a stream.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A signed message was stored: this node's own, or another's.
    Link,
    /// A receipt was stored.
    Receipt,
    /// An alarm was raised.
    Alarm,
    /// The body and documents of a message came to this node, or could not be had.
    Documents,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Link, Self::Receipt, Self::Alarm, Self::Documents];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Receipt => "receipt",
            Self::Alarm => "alarm",
            Self::Documents => "documents",
        }
    }
}

/// Something that came into the journal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) place: Place,
    pub(crate) kind: EventKind,
    pub(crate) data: Value,
}

/// A signed message in an event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkEvent {
    /// The conference.
    #[schema(schema_with = crate::openapi::conference)]
    conference: concerto_message::ConferenceId,
    /// The message.
    #[schema(schema_with = crate::openapi::message)]
    message: concerto_message::MessageId,
    /// Who wrote it.
    #[schema(schema_with = crate::openapi::writer)]
    author: Writer,
    /// The type of the act.
    #[serde(rename = "type")]
    message_type: String,
    /// When it was issued (UTC).
    #[schema(value_type = String, format = DateTime)]
    issued_at: jiff::Timestamp,
    /// When this node came to hold it (UTC).
    #[schema(value_type = String, format = DateTime)]
    received_at: jiff::Timestamp,
    /// Whether this node wrote it.
    own: bool,
}

/// Up to where a reader was told everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place(pub(crate) Tips);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0.link, self.0.receipt, self.0.alarm)
    }
}

impl FromStr for Place {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut numbers = text.split('.').map(|number| number.parse::<u64>().map_err(|_| ()));
        let mut next = || numbers.next().unwrap_or(Err(()));
        let place = Self(Tips { link: next()?, receipt: next()?, alarm: next()? });
        // i64 is what the journal counts in
        let fits = [place.0.link, place.0.receipt, place.0.alarm].iter().all(|n| i64::try_from(*n).is_ok());
        if numbers.next().is_none() && fits { Ok(place) } else { Err(()) }
    }
}

/// What came after a place, in the order of each table: links, then receipts, then alarms.
pub(crate) fn after(
    journal: &dyn JournalFeed,
    me: &Writer,
    place: Place,
    limit: usize,
) -> Result<Vec<Event>, JournalError> {
    let mut events = Vec::new();
    let Place(mut at) = place;
    for stored in journal.links_after(at.link, limit)? {
        at.link = stored.row;
        let payload = stored.link.payload();
        let data = LinkEvent {
            conference: payload.conference.clone(),
            message: stored.link.id(),
            author: payload.writer.clone(),
            message_type: payload.message_type.clone(),
            issued_at: payload.issued_at,
            received_at: stored.received_at,
            own: stored.own,
        };
        events.push(Event { place: Place(at), kind: EventKind::Link, data: value(&data) });
    }
    for stored in journal.receipts_after(at.receipt, limit.saturating_sub(events.len()))? {
        at.receipt = stored.row;
        let payload = stored.receipt.payload();
        let about_documents =
            matches!(payload.kind, ReceiptKind::DocumentsComplete | ReceiptKind::DocumentsUnavailable);
        let kind =
            if about_documents && payload.issuer == *me { EventKind::Documents } else { EventKind::Receipt };
        events.push(Event { place: Place(at), kind, data: value(&views::receipt_row(&stored)) });
    }
    for (row, alarm) in journal.alarms_after(at.alarm, limit.saturating_sub(events.len()))? {
        at.alarm = row;
        events.push(Event {
            place: Place(at),
            kind: EventKind::Alarm,
            data: value(&views::alarm_row(alarm)),
        });
    }
    Ok(events)
}

fn value(data: &impl Serialize) -> Value {
    serde_json::to_value(data).unwrap_or_else(|_| json!({}))
}

fn written(events: &[Event]) -> Bytes {
    let mut text = String::new();
    for event in events {
        // JSON has no line ends outside of strings, and those are escaped
        text.push_str(&format!(
            "id: {}\nevent: {}\ndata: {}\n\n",
            event.place,
            event.kind.as_str(),
            event.data
        ));
    }
    Bytes::from(text)
}

/// A stream under way.
struct Stream {
    app: Arc<App>,
    tips: watch::Receiver<Tips>,
    stopping: watch::Receiver<bool>,
    place: Place,
    _one_of_few: OwnedSemaphorePermit,
}

impl Stream {
    /// The next bytes; none when the node stops or cannot read, and the reader must come again.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            // seen before reading: what comes in between is not missed
            self.tips.borrow_and_update();
            let place = self.place;
            let read = self
                .app
                .read(move |app, journal| Ok(after(journal, &app.node.about().writer, place, BATCH)?));
            let events = read.await.ok()?;
            if let Some(last) = events.last() {
                self.place = last.place;
                return Some(written(&events));
            }
            tokio::select! {
                changed = self.tips.changed() => changed.ok()?,
                _ = self.stopping.wait_for(|stopping| *stopping) => return None,
                () = tokio::time::sleep(HEARTBEAT) => return Some(Bytes::from_static(b": ...\n\n")),
            }
        }
    }
}

pub(crate) async fn stream(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    let place = app.streams.clone().try_acquire_owned().map_err(|_| Problem::new("events.too-many"))?;
    let from = match headers.get("last-event-id").map(|value| value.to_str().unwrap_or("?")) {
        Some(text) => text.parse().map_err(|()| Problem::new("request.cursor"))?,
        None => Place(app.read(|_, journal| Ok(journal.tips()?)).await?),
    };
    let (tips, stopping) = (app.tips.clone(), app.stopping.clone());
    let stream = Stream { app, tips, stopping, place: from, _one_of_few: place };
    // told at once, so that the reader knows that it is connected, and from where
    let hello = Bytes::from(format!("retry: 2000\nid: {from}\n\n"));
    let first = futures::stream::once(async move { Ok::<_, std::io::Error>(hello) });
    let rest = futures::stream::unfold(stream, |mut stream| async move {
        stream.next().await.map(|bytes| (Ok(bytes), stream))
    });
    let body = Body::from_stream(futures::StreamExt::chain(first, rest));
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, body).into_response())
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
