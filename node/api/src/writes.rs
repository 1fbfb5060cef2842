//! Orders: opening a conference and sending an act (scope `write`). Each carries an `Idempotency-Key` and has its effect once.
//!
//! The key goes with the order into the engine and is kept in the transaction of the act (`concerto_core::once`): two requests at the
//! same time wait for each other there, and a request that comes again after a crash finds the answer that it was owed.

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, OriginalUri, Path, State};
use axum::response::{IntoResponse, Response};
use concerto_core::once::owed;
use concerto_core::{Case, Fault, NewDocument, Order, Reply};
use concerto_message::{AooCode, Audience, ConferenceId, Digest, IpaCode, MessageId, Writer};
use concerto_port::JournalFeed;
use concerto_procedure::acts::Behalf;
use concerto_procedure::language::Lang;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::{Problem, ProblemItem, language};
use crate::request;
use crate::tokens::Caller;

/// Most documents of one act.
const DOCUMENTS_MAX: usize = 256;
/// Longest wait for the engine's reply.
const REPLY_WAIT: Duration = Duration::from_secs(45);

/// What opens a conference: a notice, or the request on record before it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenRequest {
    #[serde(rename = "type", default)]
    kind: Opening,
    facts: Value,
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    documents: Vec<DocumentRequest>,
}

/// The types of acts that open a conference.
#[derive(Debug, Default, Deserialize)]
enum Opening {
    #[default]
    Notice,
    ConveningRequest,
}

/// An act.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActRequest {
    #[serde(rename = "type")]
    act_type: String,
    #[serde(default = "no_facts")]
    facts: Value,
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    body_audience: Option<Vec<Writer>>,
    #[serde(default)]
    documents: Vec<DocumentRequest>,
    #[serde(default)]
    wait: bool,
    #[serde(default)]
    on_behalf_of: Option<OnBehalfOf>,
}

/// The body without a node whose act it is, as links name it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OnBehalfOf {
    ipa: IpaCode,
    aoo: AooCode,
    evidence: MessageId,
}

impl OnBehalfOf {
    fn behalf(self) -> Behalf {
        Behalf { body: Writer { ipa: self.ipa, aoo: self.aoo }, evidence: self.evidence }
    }
}

fn no_facts() -> Value {
    json!({})
}

/// A document of a new act: uploaded before.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DocumentRequest)]
pub(crate) struct DocumentRequest {
    /// The upload: SHA-256 of its bytes.
    #[schema(schema_with = crate::openapi::digest)]
    upload: Digest,
    /// Its media type (RFC 6838).
    #[schema(max_length = 127)]
    media_type: String,
    /// Who may see it beside its author; every participant if left out.
    #[serde(default)]
    #[schema(schema_with = crate::openapi::writers)]
    audience: Option<Vec<Writer>>,
}

/// The answer to an order: the act is signed, durable and on its way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sent {
    /// The conference.
    #[schema(schema_with = crate::openapi::conference)]
    conference: ConferenceId,
    /// The message.
    #[schema(schema_with = crate::openapi::message)]
    message: MessageId,
    /// What the official should know.
    warnings: Vec<ProblemItem>,
}

/// Who orders, and under which key.
struct Key {
    key: Digest,
    request: Digest,
    lang: Lang,
}

type Shared = State<Arc<App>>;

pub(crate) async fn open(
    State(app): Shared,
    Extension(caller): Extension<Caller>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    once((&app, &caller, &uri, &headers), body, |app, _, asked: OpenRequest| {
        let kind = match asked.kind {
            Opening::Notice => "Notice",
            Opening::ConveningRequest => "ConveningRequest",
        };
        let act = app.node.compose(kind, asked.facts, None, None).map_err(Problem::of)?;
        let documents = documents(app, asked.documents)?;
        Ok(Order::Open { act, body: asked.body, documents })
    })
    .await
}

pub(crate) async fn send(
    State(app): Shared,
    Extension(caller): Extension<Caller>,
    OriginalUri(uri): OriginalUri,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    once((&app, &caller, &uri, &headers), body, move |app, journal, asked: ActRequest| {
        let case = app.find(journal, &name)?;
        act_order(app, &case, asked)
    })
    .await
}

fn act_order(app: &App, case: &Case, asked: ActRequest) -> Result<Order, Problem> {
    let behalf = asked.on_behalf_of.map(OnBehalfOf::behalf);
    let act =
        app.node.compose(&asked.act_type, asked.facts, Some(case), behalf.as_ref()).map_err(Problem::of)?;
    Ok(Order::Send {
        conference: case.id().clone(),
        act,
        behalf,
        body: asked.body,
        body_audience: audience(asked.body_audience),
        documents: documents(app, asked.documents)?,
        wait: asked.wait,
    })
}

fn audience(writers: Option<Vec<Writer>>) -> Audience {
    writers.map_or(Audience::ALL, |writers| Audience::Only(writers.into_iter().collect()))
}

fn documents(app: &App, asked: Vec<DocumentRequest>) -> Result<Vec<NewDocument>, Problem> {
    if asked.len() > DOCUMENTS_MAX {
        return Err(Problem::about("request.syntax", &format!("documents: {DOCUMENTS_MAX}")));
    }
    let read = |document: DocumentRequest| {
        let store = app.node.documents();
        app.uploads.document(store, document.upload, document.media_type, audience(document.audience))
    };
    asked.into_iter().map(read).collect()
}

/// Carries out an order once: looks for the answer owed, composes, orders; what fails looks again, because the same request may just
/// have succeeded beside it.
async fn once<T: DeserializeOwned + Send + 'static>(
    (app, caller, uri, headers): (&Arc<App>, &Caller, &Uri, &HeaderMap),
    body: Body,
    compose: impl FnOnce(&App, &dyn JournalFeed, T) -> Result<Order, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let name = request::order_key(headers, &caller.token)?;
    let (asked, bytes) = request::json::<T>(headers, body).await?;
    let request = request::request_digest("POST", uri.path(), &bytes);
    let key = &Key { key: name, request, lang: language(headers) };
    if let Some(reply) = given_before(app, key).await? {
        return sent(key.lang, reply, true);
    }
    let order = match app.read(move |app, journal| compose(app, journal, asked)).await {
        Ok(order) => order,
        Err(problem) => {
            let before = given_before(app, key).await?;
            return before.map_or(Err(problem), |reply| sent(key.lang, reply, true));
        }
    };
    let order = Order::Once { key: key.key, request: key.request, order: Box::new(order) };
    match tokio::time::timeout(REPLY_WAIT, app.node.order(order)).await {
        Ok(reply) => sent(key.lang, reply?, false),
        // the act stands; the receipts that were waited for did not all come
        Err(_) => match given_before(app, key).await? {
            Some(reply) => sent(key.lang, reply, false),
            None => Err(Problem::new("node.busy")),
        },
    }
}

async fn given_before(app: &Arc<App>, key: &Key) -> Result<Option<Reply>, Problem> {
    let (name, request) = (key.key, key.request);
    app.read(move |_, journal| Ok(owed(journal.answered(name)?, request)?)).await
}

/// The answer to an order, the same whenever the request comes again; a header tells a repetition.
fn sent(lang: Lang, reply: Reply, again: bool) -> Result<Response, Problem> {
    let Reply::Sent { conference, message, warnings } = reply else {
        return Err(Problem::of(vec![Fault::technical("api.internal", &"unexpected reply")]));
    };
    let place = format!("/v1/messages/{message}");
    let warnings = warnings.iter().map(|warning| ProblemItem::of(warning, lang)).collect();
    let mut response = (StatusCode::CREATED, Json(Sent { conference, message, warnings })).into_response();
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    if again {
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}
