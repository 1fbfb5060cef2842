//! Every operation of the API as data: from this one table come the routes, the scope that each needs, and the OpenAPI document.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use bytes::Bytes;
use http::header;
use std::sync::{Arc, LazyLock};

use crate::app::App;
use crate::problem::Problem;
use crate::tokens::{Denied, Scope};
use crate::{admin, documents, duties, events, export, openapi, reads, writes};

/// What a request or an answer carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// JSON of this component.
    Json(&'static str),
    /// Bytes of a media type.
    Bytes(&'static str),
    /// Server-sent events.
    Events,
    /// Nothing.
    Nothing,
}

/// One operation.
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// None where no token is needed.
    pub(crate) scope: Option<Scope>,
    pub(crate) summary: &'static str,
    pub(crate) description: &'static str,
    /// Names of the parameters (`openapi::PARAMETERS`).
    pub(crate) parameters: &'static [&'static str],
    pub(crate) request: Content,
    pub(crate) status: u16,
    pub(crate) answer: Content,
    /// Codes beside those that every operation can give.
    pub(crate) codes: &'static [&'static str],
    pub(crate) route: fn() -> MethodRouter<Arc<App>>,
}

/// Codes of every operation that needs a token.
pub(crate) const TOKEN_CODES: &[&str] = &["token.missing", "token.invalid", "token.scope"];
/// Codes of every operation.
pub(crate) const COMMON_CODES: &[&str] = &["request.host", "api.internal"];
/// Codes of every operation that reads the journal.
pub(crate) const READ_CODES: &[&str] = &["journal.medium", "journal.corrupt"];
/// Codes of a page.
const PAGE_CODES: &[&str] = &["request.query", "request.cursor"];
const PAGE_OF_CASE_CODES: &[&str] =
    &["request.query", "request.cursor", "conference.unknown", "conference.ambiguous"];
const CASE_CODES: &[&str] = &["conference.unknown", "conference.ambiguous"];
/// Codes of orders; the law's own (`procedure.*`) come beside them, all with 422 and their norm.
const ORDER_CODES: &[&str] = &[
    "request.syntax",
    "request.media-type",
    "request.too-large",
    "request.too-slow",
    "idempotency.missing",
    "idempotency.reused",
    "act.type",
    "act.facts",
    "act.auto",
    "message.body.schema",
    "exchange.original-missing",
    "pec.mail.waiting",
    "upload.unknown",
    "document.too-large",
    "signer.unavailable",
    "store.failed",
    "store.full",
    "node.busy",
    "node.stopping",
    "conference.unknown",
    "conference.ambiguous",
];

macro_rules! operations {
    ($($method:ident $path:literal $id:literal [$scope:expr] $handler:path {
        $summary:literal, $description:literal,
        parameters: $parameters:expr, request: $request:expr, answer: $status:literal $answer:expr, codes: $codes:expr $(,)?
    })*) => {
        &[$(Operation {
            id: $id,
            method: stringify!($method),
            path: $path,
            scope: $scope,
            summary: $summary,
            description: $description,
            parameters: $parameters,
            request: $request,
            status: $status,
            answer: $answer,
            codes: $codes,
            route: || $method($handler),
        }),*]
    };
}

const READ: Option<Scope> = Some(Scope::Read);
const WRITE: Option<Scope> = Some(Scope::Write);
const DOCUMENTS: Option<Scope> = Some(Scope::Documents);
const ADMIN: Option<Scope> = Some(Scope::Admin);
const PAGE: &[&str] = &["limit", "cursor"];
const CASE: &[&str] = &["conference", "If-None-Match"];

/// Every operation.
pub(crate) const OPERATIONS: &[Operation] = operations! {
    get "/v1/health" "health" [None] reads::health {
        "Whether the service answers", "Needs no token and says nothing about the node.",
        parameters: &[], request: Content::Nothing, answer: 200 Content::Json("Health"), codes: &[]
    }
    get "/v1/openapi.json" "openapi" [None] document {
        "This document", "Needs no token.",
        parameters: &[], request: Content::Nothing, answer: 200 Content::Json("OpenApi"), codes: &[]
    }
    get "/v1/node" "getNode" [READ] reads::node {
        "The node", "Who the node is, its version, its present and how far its journal reaches.",
        parameters: &[], request: Content::Nothing, answer: 200 Content::Json("NodeStatus"), codes: READ_CODES
    }
    get "/v1/peers" "listPeers" [ADMIN] reads::peers {
        "The other members of the federation", "Whether each is connected now, and what waits for its receipt.",
        parameters: &[], request: Content::Nothing, answer: 200 Content::Json("Peers"), codes: READ_CODES
    }
    get "/v1/conferences" "listConferences" [READ] reads::conferences {
        "The conferences", "In the order in which this node first heard of them.",
        parameters: &["limit", "cursor", "If-None-Match"], request: Content::Nothing,
        answer: 200 Content::Json("ConferencePage"), codes: PAGE_CODES
    }
    post "/v1/conferences" "openConference" [WRITE] writes::open {
        "Opens a conference with its notice, or with the request on record before it",
        "Signs the notice, or the request or application that came before it, as the first act of a new conference and sends it to \
         every body invited. \
         When the answer is given the act is durable and on its way; receipts come as events. Facts of the notice that may be left \
         out, or written \"@auto\", are computed: see the schema.",
        parameters: &["Idempotency-Key", "Accept-Language"], request: Content::Json("OpenRequest"),
        answer: 201 Content::Json("Sent"), codes: ORDER_CODES
    }
    get "/v1/conferences/{conference}" "getConference" [READ] reads::show {
        "A conference as it stands", "State, bodies, terms, and what can be done next with the facts that would be accepted.",
        parameters: CASE, request: Content::Nothing, answer: 200 Content::Json("ConferenceDetail"), codes: CASE_CODES
    }
    get "/v1/conferences/{conference}/timeline" "getTimeline" [READ] reads::timeline {
        "The course of a conference", "Its acts by time of issue, and its terms with the reason of each date.",
        parameters: CASE, request: Content::Nothing, answer: 200 Content::Json("Timeline"), codes: CASE_CODES
    }
    get "/v1/conferences/{conference}/terms" "getTerms" [READ] reads::conference_terms {
        "The terms of a conference", "Each with its dates under the strict and the prudential reading, and the steps that lead to them.",
        parameters: CASE, request: Content::Nothing, answer: 200 Content::Json("Terms"), codes: CASE_CODES
    }
    post "/v1/conferences/{conference}/acts" "sendAct" [WRITE] writes::send {
        "Signs and sends an act",
        "The node refuses what the law refuses (422, with the norm); nothing is signed then. With `wait` the answer comes when every \
         participant with a node has given its receipt, or after 45 seconds, and the act stands in either case. A request that comes \
         again with its key gets the answer that was owed, also after the node was killed; the header `Idempotency-Replayed` tells so. \
         Keys are kept for 72 hours.",
        parameters: &["conference", "Idempotency-Key", "Accept-Language"], request: Content::Json("ActRequest"),
        answer: 201 Content::Json("Sent"), codes: ORDER_CODES
    }
    get "/v1/conferences/{conference}/documents" "listDocuments" [DOCUMENTS] documents::list {
        "The texts and documents of a conference", "Also those that this node may not see or does not hold yet, without their bytes.",
        parameters: &["conference", "limit", "cursor"], request: Content::Nothing,
        answer: 200 Content::Json("DocumentPage"), codes: PAGE_OF_CASE_CODES
    }
    get "/v1/conferences/{conference}/documents/{document}" "getDocument" [DOCUMENTS] documents::download {
        "The bytes of a text or document",
        "Checked against its digest on the way. Part of it with `Range: bytes=FROM-` or `bytes=FROM-TO` (206). The media type is the \
         author's word.",
        parameters: &["conference", "document", "Range"], request: Content::Nothing,
        answer: 200 Content::Bytes("*/*"),
        codes: &[
            "conference.unknown", "conference.ambiguous", "document.unknown", "document.absent", "document.mismatch",
            "document.medium", "request.range", "node.busy",
        ]
    }
    get "/v1/conferences/{conference}/export" "exportConference" [DOCUMENTS] export::export {
        "Everything that proves a conference", "A ZIP archive of the folder that `concerto verify` and independent programs check.",
        parameters: &["conference"], request: Content::Nothing, answer: 200 Content::Bytes("application/zip"),
        codes: &["conference.unknown", "conference.ambiguous", "node.busy", "document.full", "document.medium"]
    }
    get "/v1/messages/{message}" "getMessage" [READ] reads::message {
        "A signed message whole", "Its payload, the compact JWS that any JOSE library verifies, and the receipts held for it.",
        parameters: &["message"], request: Content::Nothing, answer: 200 Content::Json("MessageDetail"),
        codes: &["message.unknown"]
    }
    get "/v1/inbox" "listInbox" [READ] reads::inbox {
        "Messages of other nodes", "Newest first, without takings in charge. A page may be short, or empty, and still have a next one.",
        parameters: &["limit", "cursor", "Accept-Language"], request: Content::Nothing,
        answer: 200 Content::Json("InboxPage"), codes: PAGE_CODES
    }
    get "/v1/outbox" "listOutbox" [READ] reads::outbox {
        "Messages that wait for a receipt", "Oldest first.",
        parameters: PAGE, request: Content::Nothing, answer: 200 Content::Json("OutboxPage"), codes: PAGE_CODES
    }
    get "/v1/alarms" "listAlarms" [READ] reads::alarms {
        "What an official must know of", "Oldest first.",
        parameters: PAGE, request: Content::Nothing, answer: 200 Content::Json("AlarmPage"), codes: PAGE_CODES
    }
    get "/v1/duties" "listDuties" [READ] duties::list {
        "What is to be done, by when",
        "Soonest first, overdue ones before all others, those without a date last: what this node's administration must or may still do. \
         With `everything` also what others must do and what was done or lost; with `days` only what is due within so many days, and what is \
         overdue. A duty whose date cannot be computed is there all the same and says why.",
        parameters: &["limit", "cursor", "everything", "days", "If-None-Match", "Accept-Language"], request: Content::Nothing,
        answer: 200 Content::Json("DutyPage"), codes: PAGE_CODES
    }
    get "/v1/events" "streamEvents" [READ] events::stream {
        "What newly comes, as server-sent events",
        "Kinds: `link` (LinkEvent), `receipt` (ReceiptRow), `alarm` (AlarmRow), `documents` (ReceiptRow of this node: documents came or \
         could not be had). Without `Last-Event-ID` the stream begins now; with the id of the last event it goes on after it, also after a \
         restart of the node; `0.0.0` tells everything. A comment comes every 15 seconds; a reader that takes nothing for 30 is cut off.",
        parameters: &["Last-Event-ID"], request: Content::Nothing, answer: 200 Content::Events,
        codes: &["request.cursor", "events.too-many"]
    }
    post "/v1/uploads" "uploadDocument" [DOCUMENTS] documents::upload {
        "Uploads a document for an act",
        "The body is the document, of any size up to 64 GiB: it is written to the node's store as it comes, and refused (507) where that \
         has no room. Content-Type is required. With `Expect: 100-continue` a caller whose document has no room need not send it. \
         Uploading the same bytes again gives the same name and changes nothing, so no Idempotency-Key is needed. An upload \
         that no act has named for 24 hours is removed.",
        parameters: &[], request: Content::Bytes("application/octet-stream"), answer: 201 Content::Json("Upload"),
        codes: &[
            "request.media-type", "request.syntax", "request.too-slow", "document.too-large", "upload.full", "document.quota",
            "document.reserve", "document.full", "document.medium", "node.busy",
        ]
    }
    get "/v1/transfers" "listTransfers" [DOCUMENTS] documents::transfers {
        "Documents on their way to this node", "Oldest first, with the bytes that came already where something counts them.",
        parameters: PAGE, request: Content::Nothing, answer: 200 Content::Json("TransferPage"), codes: PAGE_CODES
    }
    get "/v1/webhooks" "listWebhooks" [ADMIN] admin::webhooks {
        "The webhooks of the configuration", "How far each was told, and what failed last.",
        parameters: &[], request: Content::Nothing, answer: 200 Content::Json("WebhookList"), codes: &[]
    }
    get "/v1/tokens" "listTokens" [ADMIN] admin::tokens {
        "The tokens", "Without their secrets, which are kept nowhere. `concerto token add` makes one.",
        parameters: &[], request: Content::Nothing, answer: 200 Content::Json("TokenList"), codes: &[]
    }
    delete "/v1/tokens/{token}" "revokeToken" [ADMIN] admin::revoke {
        "Revokes a token", "At once, and for ever. Repeating it changes nothing (404), so no Idempotency-Key is needed.",
        parameters: &["token"], request: Content::Nothing, answer: 204 Content::Nothing,
        codes: &["token.unknown", "store.failed"]
    }
};

/// The routes of every operation, each behind its scope.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let mut router = Router::new();
    for operation in OPERATIONS {
        let mut route = (operation.route)();
        if let Some(scope) = operation.scope {
            route = route.layer(middleware::from_fn_with_state((app.clone(), scope), authorize));
        }
        router = router.route(operation.path, route);
    }
    router.method_not_allowed_fallback(|| async { Problem::new("request.method") }).with_state(app.clone())
}

/// Lets a request through whose token has the scope; nothing else.
async fn authorize(
    State((app, scope)): State<(Arc<App>, Scope)>,
    mut request: Request,
    next: Next,
) -> Response {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let code = match app.tokens.admit(header, scope, app.node.now()) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            return next.run(request).await;
        }
        Err(Denied::Missing) => "token.missing",
        Err(Denied::Invalid) => "token.invalid",
        Err(Denied::Scope) => "token.scope",
    };
    Problem::new(code).into_response()
}

async fn document() -> Response {
    static TEXT: LazyLock<Bytes> =
        LazyLock::new(|| serde_json::to_vec(&openapi::document()).unwrap_or_default().into());
    ([(header::CONTENT_TYPE, "application/json")], TEXT.clone()).into_response()
}
