//! What is asked about conferences and messages (scope `read`).

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use concerto_message::{ConferenceId, MessageId, Writer};
use concerto_port::{ContentStatus, JournalFeed};
use concerto_procedure::terms::terms;
use http::HeaderMap;
use jiff::Timestamp;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::{Problem, language};
use crate::request::{Page, cursor, tagged};
use crate::views::{self, *};

/// Links looked through for one page of the inbox, when most of them are takings in charge.
const INBOX_LINKS_MAX: usize = 2_000;
/// The type of the procedente's takings in charge, two or more for each message that an inbox tells.
const TAKING: &str = "TakenInCharge";
/// Outbox rows counted for each peer; more are told as this many.
const COUNTED_MAX: usize = 10_000;

type Shared = State<Arc<App>>;
type Answer = Result<Response, Problem>;

/// The node.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeStatus {
    /// Who writes.
    #[schema(schema_with = crate::openapi::writer)]
    writer: Writer,
    /// Its name.
    name: String,
    /// Its federation.
    federation: String,
    /// Whether the federation is for training: its dates are not real.
    training: bool,
    /// The version of the program.
    version: &'static str,
    /// The present of the node (UTC).
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
    /// The last rows of its journal.
    journal: JournalStatus,
}

/// How far the journal reaches.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JournalStatus {
    /// Signed messages.
    links: u64,
    /// Receipts.
    receipts: u64,
    /// Alarms.
    alarms: u64,
}

/// A member of the federation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PeerStatus {
    /// Its writer.
    #[schema(schema_with = crate::openapi::writer)]
    writer: Writer,
    /// Its name.
    name: String,
    /// Whether a connection with it is open now.
    connected: bool,
    /// Messages that wait for its receipt.
    waiting: usize,
    /// Since when the oldest of them waits (UTC).
    #[schema(value_type = Option<String>, format = DateTime)]
    waiting_since: Option<Timestamp>,
}

/// The other members of the federation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Peers {
    /// The members.
    peers: Vec<PeerStatus>,
}

/// That the service answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
}

pub(crate) async fn health() -> Response {
    Json(Health { status: "ok" }).into_response()
}

pub(crate) async fn node(State(app): Shared) -> Answer {
    let status = app.read(|app, journal| {
        let (about, tips) = (app.node.about(), journal.tips()?);
        Ok(NodeStatus {
            writer: about.writer,
            name: about.name,
            federation: about.federation,
            training: about.training,
            version: env!("CARGO_PKG_VERSION"),
            now: app.node.now(),
            journal: JournalStatus { links: tips.link, receipts: tips.receipt, alarms: tips.alarm },
        })
    });
    Ok(Json(status.await?).into_response())
}

pub(crate) async fn peers(State(app): Shared) -> Answer {
    let peers = app.read(|app, journal| {
        let mut peers = Vec::new();
        for member in app.node.members() {
            let waiting = journal.outbox(Some(&member.writer), 0, COUNTED_MAX)?;
            peers.push(PeerStatus {
                writer: member.writer,
                name: member.name,
                connected: member.connected,
                waiting: waiting.len(),
                waiting_since: waiting.first().map(|row| row.since),
            });
        }
        Ok(Peers { peers })
    });
    Ok(Json(peers.await?).into_response())
}

pub(crate) async fn conferences(State(app): Shared, headers: HeaderMap, page: Page) -> Answer {
    let after: Option<ConferenceId> = page.after()?;
    let found = app.read(move |app, journal| {
        let ids = journal.conferences(after.as_ref(), page.limit)?;
        let next = page.next(&ids, ConferenceId::clone);
        let mut conferences = Vec::with_capacity(ids.len());
        for id in &ids {
            conferences.extend(app.row(journal, id)?);
        }
        Ok(ConferencePage { conferences, next })
    });
    tagged(&headers, &found.await?)
}

pub(crate) async fn show(State(app): Shared, headers: HeaderMap, Path(name): Path<String>) -> Answer {
    let detail = app.read(move |app, journal| {
        let case = app.find(journal, &name)?;
        Ok(conference_detail(&case, app.node.documents(), app.now()))
    });
    tagged(&headers, &detail.await?)
}

pub(crate) async fn timeline(State(app): Shared, headers: HeaderMap, Path(name): Path<String>) -> Answer {
    let timeline = app.read(move |app, journal| Ok(views::timeline(app.find(journal, &name)?.as_ref())));
    tagged(&headers, &timeline.await?)
}

pub(crate) async fn conference_terms(
    State(app): Shared,
    headers: HeaderMap,
    Path(name): Path<String>,
) -> Answer {
    let found = app.read(move |app, journal| {
        let case = app.find(journal, &name)?;
        Ok(Terms {
            conference: case.id().clone(),
            terms: terms(case.state()),
            terms_statement: case.terms_statement(),
            disagreeing: case.disagreeing().iter().cloned().collect(),
        })
    });
    tagged(&headers, &found.await?)
}

pub(crate) async fn message(State(app): Shared, Path(id): Path<String>) -> Answer {
    let id: MessageId = id.parse().map_err(|_| Problem::new("message.unknown"))?;
    let detail = app.read(move |_, journal| {
        let stored = journal.link(id)?.ok_or_else(|| Problem::new("message.unknown"))?;
        let receipts = journal.receipts(id)?;
        Ok(MessageDetail {
            message: id,
            received_at: stored.received_at,
            own: stored.own,
            payload: serde_json::to_value(stored.link.payload()).unwrap_or_default(),
            jws: stored.link.text().to_owned(),
            receipts: receipts.iter().map(|receipt| receipt_of(receipt)).collect(),
        })
    });
    Ok(Json(detail.await?).into_response())
}

pub(crate) async fn inbox(State(app): Shared, headers: HeaderMap, page: Page) -> Answer {
    let (before, lang) = (page.after()?, language(&headers));
    let found = app.read(move |app, journal| {
        let mut place: u64 = before.unwrap_or(u64::MAX);
        let (mut messages, mut seen, mut more) = (Vec::new(), 0, true);
        while messages.len() < page.limit && seen < INBOX_LINKS_MAX && more {
            let links = journal.received_before(place, page.limit)?;
            more = links.len() == page.limit;
            for stored in links {
                if messages.len() == page.limit {
                    more = true;
                    break;
                }
                (place, seen) = (stored.row, seen + 1);
                let payload = stored.link.payload();
                if payload.message_type == TAKING && stored.content == ContentStatus::Valid {
                    continue; // known to say nothing of its own, without a look at its conference
                }
                let row = app.received(journal, lang, (&payload.conference, stored.link.id()))?;
                messages.extend(row);
            }
        }
        Ok(InboxPage { messages, next: more.then(|| cursor(&place)) })
    });
    Ok(Json(found.await?).into_response())
}

pub(crate) async fn outbox(State(app): Shared, page: Page) -> Answer {
    let after: u64 = page.after()?.unwrap_or(0);
    let found = app.read(move |_, journal| {
        let rows = journal.outbox(None, after, page.limit)?;
        let next = page.next(&rows, |row| row.row);
        let waiting: Result<_, _> = rows.into_iter().map(|row| waiting_row(journal, row)).collect();
        Ok(OutboxPage { waiting: waiting?, next })
    });
    Ok(Json(found.await?).into_response())
}

pub(crate) async fn alarms(State(app): Shared, page: Page) -> Answer {
    let after: u64 = page.after()?.unwrap_or(0);
    let found = app.read(move |_, journal: &dyn JournalFeed| {
        let rows = journal.alarms_after(after, page.limit)?;
        let next = page.next(&rows, |(row, _)| *row);
        Ok(AlarmPage { alarms: rows.into_iter().map(|(_, alarm)| alarm_row(alarm)).collect(), next })
    });
    Ok(Json(found.await?).into_response())
}
