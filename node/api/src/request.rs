//! What requests bring: bodies within bounds of size and time, pages and cursors, the key of an order, and what a caller holds already.

use axum::body::Body;
use axum::extract::{FromRequestParts, Query};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use concerto_message::Digest;
use data_encoding::BASE64URL_NOPAD;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

use crate::problem::Problem;

/// Greatest JSON body of a request, in bytes.
pub(crate) const JSON_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Rows of a page that names no limit.
const PAGE_ROWS: usize = 50;
/// Most rows of a page.
pub(crate) const PAGE_ROWS_MAX: usize = 200;
/// Longest `Idempotency-Key`, in characters.
pub(crate) const KEY_CHARS_MAX: usize = 128;
/// Longest wait for the next bytes of a body.
const BODY_PAUSE_MAX: Duration = Duration::from_secs(10);
/// Time that a body may take whatever its size, and bytes for each second beyond it.
const BODY_GRACE: Duration = Duration::from_secs(10);
const BODY_BYTES_A_SECOND_MIN: u64 = 1024;

/// The body of a request, piece by piece: refused when it comes too slowly.
pub(crate) struct Incoming {
    body: Body,
    since: Instant,
    seen: u64,
}

impl Incoming {
    pub(crate) fn new(body: Body) -> Self {
        Self { body, since: Instant::now(), seen: 0 }
    }

    /// The next bytes; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            let frame = tokio::time::timeout(BODY_PAUSE_MAX, self.body.frame()).await;
            let frame = match frame {
                Err(_) => return Err(Problem::new("request.too-slow")),
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => return Err(Problem::about("request.syntax", &error)),
                Ok(Some(Ok(frame))) => frame,
            };
            let Ok(data) = frame.into_data() else { continue };
            self.seen += data.len() as u64;
            let allowed = BODY_GRACE + Duration::from_secs(self.seen / BODY_BYTES_A_SECOND_MIN);
            if self.since.elapsed() > allowed {
                return Err(Problem::new("request.too-slow"));
            }
            return Ok(Some(data));
        }
    }
}

/// A JSON body, and the bytes that it came as.
pub(crate) async fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
) -> Result<(T, Vec<u8>), Problem> {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::about("request.media-type", &"application/json"));
    }
    let too_large = || Problem::about("request.too-large", &format!("{JSON_BYTES_MAX} byte"));
    if announced(headers).is_some_and(|length| length > JSON_BYTES_MAX as u64) {
        return Err(too_large());
    }
    let mut incoming = Incoming::new(body);
    let mut bytes = Vec::new();
    while let Some(data) = incoming.next().await? {
        if bytes.len() + data.len() > JSON_BYTES_MAX {
            return Err(too_large());
        }
        bytes.extend_from_slice(&data);
    }
    let value = serde_json::from_slice(&bytes).map_err(|e| Problem::about("request.syntax", &e))?;
    Ok((value, bytes))
}

/// The length that a request announces.
pub(crate) fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Which page.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    limit: Option<usize>,
    cursor: Option<String>,
}

/// Which page, checked.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Most rows.
    pub(crate) limit: usize,
    cursor: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(query) = Query::<PageQuery>::try_from_uri(&parts.uri)
            .map_err(|e| Problem::about("request.query", &e.body_text()))?;
        Self::checked(query.limit, query.cursor)
    }
}

impl Page {
    /// A page of at most so many rows.
    pub(crate) fn checked(limit: Option<usize>, cursor: Option<String>) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(PAGE_ROWS);
        if !(1..=PAGE_ROWS_MAX).contains(&limit) {
            return Err(Problem::about("request.query", &format!("limit: 1-{PAGE_ROWS_MAX}")));
        }
        Ok(Self { limit, cursor })
    }

    /// Where the page begins: what the page before it gave as `next`.
    pub(crate) fn after<T: DeserializeOwned>(&self) -> Result<Option<T>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).map_err(|_| Problem::new("request.cursor"))?;
        serde_json::from_slice(&bytes).map(Some).map_err(|_| Problem::new("request.cursor"))
    }

    /// Where the page after these rows begins; none where they do not fill this one.
    pub(crate) fn next<T, P: Serialize>(&self, rows: &[T], place: impl Fn(&T) -> P) -> Option<String> {
        rows.last().filter(|_| rows.len() == self.limit).map(|row| cursor(&place(row)))
    }
}

/// The cursor of a place.
pub(crate) fn cursor(place: &impl Serialize) -> String {
    BASE64URL_NOPAD.encode(&serde_json::to_vec(place).unwrap_or_default())
}

/// The `Idempotency-Key` of a request, as the digest under which its answer is kept: of this token alone.
pub(crate) fn order_key(headers: &HeaderMap, token: &str) -> Result<Digest, Problem> {
    let missing = || Problem::new("idempotency.missing");
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).ok_or_else(missing)?;
    if !(1..=KEY_CHARS_MAX).contains(&key.len()) || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(missing());
    }
    Ok(Digest::of_parts(&[b"concerto-api-key\0", token.as_bytes(), b"\0", key.as_bytes()]))
}

/// What a request asks for, whole: the same request has the same digest.
pub(crate) fn request_digest(method: &str, path: &str, body: &[u8]) -> Digest {
    Digest::of_parts(&[method.as_bytes(), b"\0", path.as_bytes(), b"\0", body])
}

/// An answer as JSON with its entity tag; 304 without it where the caller has it already (RFC 9110 section 13.1.2).
pub(crate) fn tagged(headers: &HeaderMap, value: &impl Serialize) -> Result<Response, Problem> {
    let bytes = serde_json::to_vec(value).map_err(|e| Problem::about("api.internal", &e))?;
    let digest = Digest::of(&bytes).to_string();
    let tag = format!("\"{}\"", digest.get(..32).unwrap_or_default());
    let held = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let same = held
        .split(',')
        .map(|held| held.trim().trim_start_matches("W/"))
        .any(|held| held == tag || held == "*");
    let mut response = if same {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], bytes).into_response()
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
