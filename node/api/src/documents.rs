//! Documents: listing, downloading and uploading them, what is on its way, and exports (scope `documents`).
//!
//! Only what this node may see is given out; a document that is listed for others is as unknown as one that is not listed.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use concerto_core::Case;
use concerto_core::case::Entry;
use concerto_message::limits::{CHUNK_BYTES, DOCUMENT_BYTES_MAX};
use concerto_message::{Attachment, Digest, MessageId, Writer};
use concerto_port::{DocumentError, DocumentReader};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;
use crate::request::{self, Incoming, Page, cursor};
use crate::uploads::{Begun, PIECES_MAX};
use crate::views::{self, DocumentPage, DocumentRow, TransferPage};

/// Documents that are read at one time, a chunk of each in memory; others are told to come again.
const READING_MAX: usize = 64;

static READING: Semaphore = Semaphore::const_new(READING_MAX);

type Shared = State<Arc<App>>;

/// An upload.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Upload {
    /// How an act names it: the SHA-256 of its bytes.
    #[schema(schema_with = crate::openapi::digest)]
    upload: Digest,
    /// Its bytes.
    size: u64,
}

pub(crate) async fn list(
    State(app): Shared,
    Path(name): Path<String>,
    page: Page,
) -> Result<Response, Problem> {
    let from: usize = page.after()?.unwrap_or(0);
    let found = app.read(move |app, journal| {
        let case = app.find(journal, &name)?;
        let (all, me) = (listed(&case), app.node.about().writer);
        let rows = all.iter().skip(from).take(page.limit).map(|listed| row(app, &me, *listed));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let end = from.saturating_add(rows.len());
        Ok(DocumentPage { documents: rows, next: (end < all.len()).then(|| cursor(&end)) })
    });
    Ok(Json(found.await?).into_response())
}

/// What a link lists: the link, whether it is its body, and the document.
type Listed<'a> = (MessageId, &'a Entry, bool, &'a Attachment);

/// Every body and document of a conference, by time of issue of its links.
fn listed(case: &Case) -> Vec<Listed<'_>> {
    let mut all = Vec::new();
    for (message, entry) in views::acts(case) {
        all.extend(entry.body.iter().map(|body| (message, entry, true, body)));
        all.extend(entry.documents.iter().map(|document| (message, entry, false, document)));
    }
    all
}

fn row(app: &App, me: &Writer, (message, entry, body, listed): Listed<'_>) -> Result<DocumentRow, Problem> {
    let visible = listed.audience.admits(&entry.author, me);
    Ok(DocumentRow {
        document: listed.digest,
        message,
        author: entry.author.clone(),
        body,
        media_type: listed.media_type.clone(),
        size: listed.size,
        visible,
        held: visible && app.node.documents().has(listed.digest)?,
    })
}

pub(crate) async fn download(
    State(app): Shared,
    Path((name, document)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let digest: Digest = document.parse().map_err(|_| Problem::new("document.unknown"))?;
    let place = READING.try_acquire().map_err(|_| Problem::new("node.busy"))?;
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).and_then(range);
    let opened = app.read(move |app, journal| {
        let case = app.find(journal, &name)?;
        let me = app.node.about().writer;
        let mut visible = listed(&case).into_iter().filter(|(_, e, _, a)| a.audience.admits(&e.author, &me));
        let named = visible.find(|(.., listed)| listed.digest == digest);
        let (.., named) = named.ok_or_else(|| Problem::new("document.unknown"))?;
        let reader = app.node.documents().open(digest)?.ok_or_else(|| Problem::new("document.absent"))?;
        let size = reader.held().size;
        let part = match asked {
            None => 0..size,
            Some((from, to)) if from < size => from..to.map_or(size, |to| to.saturating_add(1).min(size)),
            Some(_) => return Err(Problem::new("request.range")),
        };
        let mut reading = Reading { reader, left: part.clone(), _place: place };
        // so that damage that shows at once is told and not only a connection that breaks off
        let first = reading.next()?;
        Ok((named.media_type.clone(), size, part, first, reading))
    });
    let (media_type, size, part, first, reading) = opened.await?;
    let whole = asked.is_none();
    let status = if whole { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
    let mut response = (status, pieces(first, reading)).into_response();
    let headers = response.headers_mut();
    let text = |text: &str| {
        HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
    };
    headers.insert(header::CONTENT_TYPE, text(&media_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(part.end.saturating_sub(part.start)));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::ETAG, text(&format!("\"{digest}\"")));
    // a document of somebody else's is never shown as a page of this service
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    if !whole {
        let told = format!("bytes {}-{}/{size}", part.start, part.end.saturating_sub(1));
        headers.insert(header::CONTENT_RANGE, text(&told));
    }
    Ok(response)
}

/// `bytes=from-` or `bytes=from-to` (RFC 9110 section 14); any other form asks for the whole.
fn range(text: &str) -> Option<(u64, Option<u64>)> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    let to = if to.is_empty() { None } else { Some(to.parse().ok()?) };
    let from = from.parse().ok()?;
    (to.is_none_or(|to| from <= to)).then_some((from, to))
}

/// A document being read.
struct Reading {
    reader: Box<dyn DocumentReader>,
    /// The bytes that are still to be given.
    left: Range<u64>,
    _place: SemaphorePermit<'static>,
}

impl Reading {
    /// The next bytes, at most a chunk, checked; none at the end.
    fn next(&mut self) -> Result<Option<Bytes>, DocumentError> {
        if self.left.is_empty() {
            return Ok(None);
        }
        let index = self.left.start / CHUNK_BYTES as u64;
        let begin = index.saturating_mul(CHUNK_BYTES as u64);
        let mut chunk = Vec::new();
        self.reader.chunk(index, &mut chunk)?;
        let place =
            |at: u64| usize::try_from(at.saturating_sub(begin)).unwrap_or(usize::MAX).min(chunk.len());
        let (from, to) = (place(self.left.start), place(self.left.end));
        self.left.start = begin.saturating_add(to as u64);
        Ok(Some(Bytes::from(chunk).slice(from..to)))
    }
}

/// The bytes of a document, one chunk in memory at a time; a damaged one breaks the answer off.
fn pieces(first: Option<Bytes>, reading: Reading) -> Body {
    let rest = futures::stream::unfold(reading, |mut reading| async move {
        let read = tokio::task::spawn_blocking(move || (reading.next(), reading)).await;
        let (piece, reading) = match read {
            Ok((piece, reading)) => (piece.map_err(std::io::Error::other), reading),
            Err(_) => return None, // the node stops
        };
        if let Err(error) = &piece {
            tracing::warn!(%error, "a download was broken off");
        }
        piece.transpose().map(|piece| (piece, reading))
    });
    let first = futures::stream::iter(first.map(Ok));
    Body::from_stream(futures::StreamExt::chain(first, rest))
}

pub(crate) async fn upload(State(app): Shared, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let media_type = headers.get(header::CONTENT_TYPE).ok_or_else(|| Problem::new("request.media-type"))?;
    let media_type = media_type.to_str().unwrap_or("application/octet-stream").to_owned();
    let announced = request::announced(&headers);
    if announced.is_some_and(|length| length > DOCUMENT_BYTES_MAX) {
        return Err(Problem::about("document.too-large", &format!("{DOCUMENT_BYTES_MAX} byte")));
    }
    let place = app.uploads.place()?;
    // before the first byte is read: a caller who waits for `100 Continue` sends none in vain
    let begun = app.read(move |app, _| {
        app.node.documents().has_room(announced.unwrap_or_default())?;
        Ok(Begun { salt: app.node.salt(), media_type, announced })
    });
    let begun = begun.await?;
    let (pass, pieces) = mpsc::channel(PIECES_MAX);
    let adding = app.clone();
    let added = tokio::task::spawn_blocking(move || {
        let _place = place;
        adding.uploads.add(adding.node.documents(), begun, pieces)
    });
    let passed = pass_on(Incoming::new(body), pass).await;
    let added = added.await.map_err(|_| Problem::new("api.internal"))?;
    passed?;
    let (upload, size) = added?;
    Ok((StatusCode::CREATED, Json(Upload { upload, size })).into_response())
}

/// Hands the pieces of a body to whoever writes them, and its end where it came whole.
async fn pass_on(mut incoming: Incoming, pass: mpsc::Sender<Option<Bytes>>) -> Result<(), Problem> {
    while let Some(bytes) = incoming.next().await? {
        if pass.send(Some(bytes)).await.is_err() {
            return Ok(()); // whoever wrote gave up and says why
        }
    }
    let _ = pass.send(None).await; // the same
    Ok(())
}

pub(crate) async fn transfers(State(app): Shared, page: Page) -> Result<Response, Problem> {
    let after: u64 = page.after()?.unwrap_or(0);
    let found = app.read(move |app, journal| {
        let rows = journal.wanted(after, page.limit)?;
        let next = page.next(&rows, |row| row.row);
        let transfers = rows.into_iter().map(|row| {
            let received = app.node.received(row.digest);
            views::transfer_row(row, received)
        });
        Ok(TransferPage { transfers: transfers.collect(), next })
    });
    Ok(Json(found.await?).into_response())
}
