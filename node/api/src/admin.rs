//! Tokens and webhooks (scope `admin`). Tokens are made on the command line alone: a secret never crosses the network first.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;
use crate::tokens::{Scope, TokenError};
use crate::webhooks::WebhookStatus;

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenRow {
    /// Its name.
    id: String,
    /// What it is for.
    label: String,
    /// What it allows.
    scopes: Vec<Scope>,
    /// When it was made (UTC).
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// When it ends (UTC).
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Timestamp>,
    /// When it was last used (UTC).
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used: Option<Timestamp>,
}

/// Every token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenList {
    /// The tokens.
    tokens: Vec<TokenRow>,
}

/// Every webhook of the configuration.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookList {
    /// The webhooks.
    webhooks: Vec<WebhookStatus>,
}

pub(crate) async fn tokens(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let row = |(token, last_used): (crate::tokens::Token, _)| TokenRow {
        id: token.id,
        label: token.label,
        scopes: token.scopes,
        created: token.created,
        expires: token.expires,
        last_used,
    };
    let tokens = app.tokens.all().into_iter().map(row).collect();
    Ok(Json(TokenList { tokens }).into_response())
}

pub(crate) async fn revoke(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response, Problem> {
    let done = tokio::task::spawn_blocking(move || app.tokens.file.revoke(&id)).await;
    match done.map_err(|_| Problem::new("api.internal"))? {
        Ok(()) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(TokenError::Unknown) => Err(Problem::new("token.unknown")),
        Err(error) => {
            tracing::warn!(code = error.code(), %error, "a token was not revoked");
            Err(Problem::new("store.failed"))
        }
    }
}

pub(crate) async fn webhooks(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    Ok(Json(WebhookList { webhooks: app.webhooks.status() }).into_response())
}
