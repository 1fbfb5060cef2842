//! Webhooks: events posted to the office's own programs, as `node.toml` names them, at least once and in order.
//!
//! The journal is the queue and a small file for each webhook says how far it was told, so nothing is lost with the node and nothing
//! grows while a receiver is away. Each post carries the event's `id`, by which a receiver deduplicates, and a signature: HMAC-SHA256
//! (RFC 2104) over the time, a full stop and the body. Only the address that the configuration names is called, by number and
//! never by a name that somebody could move; no redirect is followed.

use bytes::Bytes;
use concerto_port::Tips;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;
use utoipa::ToSchema;

use crate::app::App;
use crate::events::{self, BATCH, Event, EventKind, Place};
use crate::tokens::replace;

/// Longest wait for a receiver to answer one post.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// First and longest pause after a failure.
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(15 * 60);
/// Longest error that is told, in characters.
const ERROR_CHARS_MAX: usize = 200;

/// A webhook of the configuration.
#[derive(Clone)]
pub struct Webhook {
    /// Its name: letters, digits and hyphens.
    pub name: String,
    /// Where to post: a number, never a name.
    pub address: SocketAddr,
    /// The path and query.
    pub path: String,
    /// The secret of its signatures.
    pub secret: Vec<u8>,
    /// Which events; all if empty.
    pub events: Vec<EventKind>,
}

/// How a webhook does.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WebhookStatus {
    /// Its name.
    name: String,
    /// Where it posts.
    url: String,
    /// Which events; all if empty.
    events: Vec<EventKind>,
    /// The `id` of the last event told.
    told: Option<String>,
    /// When a post was last accepted (UTC), since the node started.
    #[schema(value_type = Option<String>, format = DateTime)]
    accepted_at: Option<Timestamp>,
    /// Failures since the last success.
    failures: u32,
    /// What failed last.
    error: Option<String>,
}

/// Every webhook and how it does.
#[derive(Clone, Default)]
pub(crate) struct Webhooks {
    hooks: Arc<Vec<Webhook>>,
    status: Arc<Mutex<Vec<WebhookStatus>>>,
}

impl Webhooks {
    pub(crate) fn new(hooks: Vec<Webhook>) -> Self {
        let status = hooks.iter().map(|hook| WebhookStatus {
            name: hook.name.clone(),
            url: format!("http://{}{}", hook.address, hook.path),
            events: hook.events.clone(),
            told: None,
            accepted_at: None,
            failures: 0,
            error: None,
        });
        let status = Arc::new(Mutex::new(status.collect()));
        Self { hooks: Arc::new(hooks), status }
    }

    pub(crate) fn status(&self) -> Vec<WebhookStatus> {
        self.status.lock().map(|status| status.clone()).unwrap_or_default()
    }

    fn note(&self, at: usize, note: impl FnOnce(&mut WebhookStatus)) {
        if let Ok(mut status) = self.status.lock()
            && let Some(status) = status.get_mut(at)
        {
            note(status);
        }
    }

    /// Starts to tell each webhook.
    pub(crate) fn run(&self, app: &Arc<App>) {
        for (at, hook) in self.hooks.iter().enumerate() {
            let file = app.folder.join("webhooks").join(format!("{}.place", hook.name));
            let telling = Telling { app: app.clone(), hook: hook.clone(), at, file, failures: 0 };
            tokio::spawn(telling.run());
        }
    }
}

/// One webhook being told.
struct Telling {
    app: Arc<App>,
    hook: Webhook,
    at: usize,
    file: PathBuf,
    failures: u32,
}

impl Telling {
    async fn run(mut self) {
        let (mut tips, mut stopping) = (self.app.tips.clone(), self.app.stopping.clone());
        let Ok(mut place) = self.begin().await else { return };
        loop {
            tips.borrow_and_update();
            let told = self.tell(place).await;
            let pause = match told {
                Ok(next) if next != place => {
                    place = next;
                    continue;
                }
                Ok(_) => None,
                Err(next) => {
                    place = next;
                    Some(self.pause())
                }
            };
            tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
                changed = tips.changed(), if pause.is_none() => if changed.is_err() { return },
            }
        }
    }

    /// Where the last run ended; a new webhook begins with what comes now.
    async fn begin(&self) -> Result<Place, ()> {
        if let Some(folder) = self.file.parent() {
            let made = std::fs::create_dir_all(folder);
            made.map_err(|error| tracing::error!(%error, "no folder for the places of webhooks"))?;
        }
        if let Some(place) =
            std::fs::read_to_string(&self.file).ok().and_then(|text| text.trim().parse().ok())
        {
            return Ok(place);
        }
        let place = Place(self.app.read(|_, journal| Ok(journal.tips()?)).await.map_err(|_| ())?);
        keep(&self.file, place);
        Ok(place)
    }

    /// Tells what came after a place; gives the place reached, as an error where a post failed.
    async fn tell(&mut self, place: Place) -> Result<Place, Place> {
        let read = self
            .app
            .read(move |app, journal| Ok(events::after(journal, &app.node.about().writer, place, BATCH)?));
        let events = read.await.map_err(|_| place)?;
        let (mut reached, mut kept) = (place, place);
        for event in events {
            let wanted = self.hook.events.is_empty() || self.hook.events.contains(&event.kind);
            if wanted && let Err(error) = self.post(&event).await {
                self.failures = self.failures.saturating_add(1);
                let (failures, error) = (self.failures, error.chars().take(ERROR_CHARS_MAX).collect());
                self.app.webhooks.note(self.at, |status| {
                    (status.failures, status.error) = (failures, Some(error));
                });
                return Err(reached);
            }
            reached = event.place;
            if wanted {
                keep(&self.file, reached);
                kept = reached;
                self.failures = 0;
                let now = self.app.node.now();
                self.app.webhooks.note(self.at, |status| {
                    (status.failures, status.error) = (0, None);
                    (status.told, status.accepted_at) = (Some(reached.to_string()), Some(now));
                });
            }
        }
        if kept != reached {
            keep(&self.file, reached); // nothing that was asked for lies between: written once
        }
        Ok(reached)
    }

    /// Doubles with each failure.
    fn pause(&self) -> Duration {
        let doubled = 2_u32.saturating_pow(self.failures.saturating_sub(1).min(16));
        RETRY_MIN.saturating_mul(doubled).min(RETRY_MAX)
    }

    async fn post(&self, event: &Event) -> Result<(), String> {
        let id = event.place.to_string();
        let body = json!({ "id": id, "type": event.kind.as_str(), "data": event.data }).to_string();
        let time = Timestamp::now().as_second(); // of the machine: receivers compare it with theirs
        let request = Request::post(&self.hook.path)
            .header(header::HOST, self.hook.address.to_string())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("concerto/", env!("CARGO_PKG_VERSION")))
            .header("concerto-event-id", &id)
            .header("concerto-timestamp", time)
            .header("concerto-signature", signature(&self.hook.secret, time, body.as_bytes()))
            .body(Full::new(Bytes::from(body)))
            .map_err(|e| e.to_string())?;
        let answered = tokio::time::timeout(ANSWER_WAIT, exchange(self.hook.address, request)).await;
        match answered.map_err(|_| "no answer in time".to_owned())?? {
            status if status.is_success() => Ok(()),
            // a redirect is an answer like any other that is not a success
            status => Err(format!("answered {status}")),
        }
    }
}

/// One request on a connection of its own; the body of the answer is not read.
async fn exchange(address: SocketAddr, request: Request<Full<Bytes>>) -> Result<StatusCode, String> {
    let stream = TcpStream::connect(address).await.map_err(|e| e.to_string())?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
    let driving = tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(|e| e.to_string());
    driving.abort();
    answer.map(|answer| answer.status())
}

/// `v1=` and the HMAC-SHA256 of the time, a full stop and the body, in hexadecimal digits.
pub(crate) fn signature(secret: &[u8], time: i64, body: &[u8]) -> String {
    // HMAC takes a key of any length
    let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(format!("{time}.").as_bytes());
    mac.update(body);
    format!("v1={}", HEXLOWER.encode(&mac.finalize().into_bytes()))
}

fn keep(file: &Path, place: Place) {
    if let Err(error) = replace(file, place.to_string().as_bytes()) {
        // told again after a restart: receivers deduplicate
        tracing::warn!(%error, "the place of a webhook was not written down");
    }
}

/// The last rows, told to whoever waits for them.
pub(crate) async fn pulse(app: Arc<App>, tell: tokio::sync::watch::Sender<Tips>, every: Duration) {
    let mut stopping = app.stopping.clone();
    loop {
        if let Ok(tips) = app.read(|_, journal| Ok(journal.tips()?)).await {
            tell.send_if_modified(|held| std::mem::replace(held, tips) != tips);
        }
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => return,
            () = tokio::time::sleep(every) => {}
        }
    }
}

#[cfg(test)]
#[path = "webhooks_tests.rs"]
mod tests;
