//! Documents: listing, downloading and uploading them, what is on its way, and exports (scope `documents`).
//!
//! Only what this node may see is given out; a document that is listed for others is as unknown as one that is not listed.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use concerto_core::Case;
use concerto_message::Digest;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;
use crate::request::{self, Incoming, Page, cursor};
use crate::uploads::UPLOAD_BYTES_MAX;
use crate::views::{self, DocumentPage, DocumentRow, TransferPage};

/// Bytes of a document that are handed on at one time.
const PIECE_BYTES: usize = 64 * 1024;

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
        let all = listed(app, &case)?;
        let rows: Vec<DocumentRow> = all.iter().skip(from).take(page.limit).cloned().collect();
        let end = from.saturating_add(rows.len());
        Ok(DocumentPage { documents: rows, next: (end < all.len()).then(|| cursor(&end)) })
    });
    Ok(Json(found.await?).into_response())
}

/// Every body and document of a conference, by time of issue of its links.
fn listed(app: &App, case: &Case) -> Result<Vec<DocumentRow>, Problem> {
    let me = app.node.about().writer;
    let store = app.node.documents();
    let mut rows = Vec::new();
    for (message, entry) in views::acts(case) {
        let body = entry.body.as_ref().map(|attachment| (true, attachment));
        for (body, attachment) in body.into_iter().chain(entry.documents.iter().map(|a| (false, a))) {
            let visible = attachment.audience.admits(&entry.author, &me);
            rows.push(DocumentRow {
                document: attachment.digest,
                message,
                author: entry.author.clone(),
                body,
                media_type: attachment.media_type.clone(),
                size: attachment.size,
                visible,
                held: visible && store.has(attachment.digest)?,
            });
        }
    }
    Ok(rows)
}

pub(crate) async fn download(
    State(app): Shared,
    Path((name, document)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let digest: Digest = document.parse().map_err(|_| Problem::new("document.unknown"))?;
    let (media_type, bytes) = app
        .read(move |app, journal| {
            let case = app.find(journal, &name)?;
            let row = listed(app, &case)?.into_iter().find(|row| row.document == digest && row.visible);
            let row = row.ok_or_else(|| Problem::new("document.unknown"))?;
            let (_, bytes) =
                app.node.documents().get(digest)?.ok_or_else(|| Problem::new("document.absent"))?;
            Ok((row.media_type, bytes))
        })
        .await?;
    whole_or_part(&headers, digest, &media_type, Bytes::from(bytes))
}

/// The document, or the part of it that was asked for (RFC 9110 section 14).
fn whole_or_part(
    headers: &HeaderMap,
    digest: Digest,
    media_type: &str,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let size = bytes.len();
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).and_then(range);
    let (status, part) = match asked {
        None => (StatusCode::OK, 0..size),
        Some((from, to)) if from < size => (
            StatusCode::PARTIAL_CONTENT,
            from..to.map_or(size, |to| to.saturating_add(1).min(size)).max(from),
        ),
        Some(_) => return Err(Problem::new("request.range")),
    };
    let told = format!("bytes {}-{}/{size}", part.start, part.end.saturating_sub(1));
    let length = part.len();
    let mut response = (status, pieces(bytes.slice(part))).into_response();
    let headers = response.headers_mut();
    let text = |text: &str| {
        HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
    };
    headers.insert(header::CONTENT_TYPE, text(media_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::ETAG, text(&format!("\"{digest}\"")));
    // a document of somebody else's is never shown as a page of this service
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    if status == StatusCode::PARTIAL_CONTENT {
        headers.insert(header::CONTENT_RANGE, text(&told));
    }
    Ok(response)
}

/// `bytes=from-` or `bytes=from-to`; any other form asks for the whole.
fn range(text: &str) -> Option<(usize, Option<usize>)> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    let to = if to.is_empty() { None } else { Some(to.parse().ok()?) };
    let from = from.parse().ok()?;
    (to.is_none_or(|to| from <= to)).then_some((from, to))
}

fn pieces(bytes: Bytes) -> Body {
    let pieces = futures::stream::unfold(bytes, |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        let piece = rest.split_to(rest.len().min(PIECE_BYTES));
        Some((Ok::<_, std::io::Error>(piece), rest))
    });
    Body::from_stream(pieces)
}

pub(crate) async fn upload(State(app): Shared, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    if !headers.contains_key(header::CONTENT_TYPE) {
        return Err(Problem::new("request.media-type"));
    }
    if request::announced(&headers).is_some_and(|length| length > UPLOAD_BYTES_MAX) {
        return Err(Problem::about("document.too-large", &format!("{UPLOAD_BYTES_MAX} byte")));
    }
    let mut incoming = Incoming::new(body);
    let mut upload = app.uploads.begin()?;
    while let Some(bytes) = incoming.next().await? {
        upload.write(&bytes)?;
    }
    let finishing = app.clone();
    let done = tokio::task::spawn_blocking(move || finishing.uploads.finish(upload)).await;
    let (upload, size) = done.map_err(|_| Problem::new("api.internal"))??;
    Ok((StatusCode::CREATED, Json(Upload { upload, size })).into_response())
}

pub(crate) async fn transfers(State(app): Shared, page: Page) -> Result<Response, Problem> {
    let after: u64 = page.after()?.unwrap_or(0);
    let found = app.read(move |app, journal| {
        let rows = journal.wanted(after, page.limit)?;
        let next = (rows.len() == page.limit).then(|| rows.last().map(|row| cursor(&row.row))).flatten();
        let received = |digest| app.node.received(digest);
        let transfers = rows.into_iter().map(|row| {
            let received = received(row.digest);
            views::transfer_row(row, received)
        });
        Ok(TransferPage { transfers: transfers.collect(), next })
    });
    Ok(Json(found.await?).into_response())
}
