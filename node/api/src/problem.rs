//! Refusals and failures as `application/problem+json` (RFC 9457), with the stable code, the norm, and the caller's language.
//!
//! A handler gives a [`Problem`]; its text is written last, when the language of the request is known ([`write_in_language`]).

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use concerto_core::Fault;
use concerto_port::{DocumentError, JournalError};
use concerto_procedure::language::Lang;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// When to try again after a failure of the node, in seconds.
const RETRY_AFTER_SECONDS: u64 = 5;

/// A code that the API itself gives, with its status and what it means.
pub(crate) struct Code {
    pub(crate) code: &'static str,
    pub(crate) status: u16,
    pub(crate) it: &'static str,
    pub(crate) en: &'static str,
}

macro_rules! codes {
    ($($code:literal $status:literal $it:literal $en:literal;)*) => {
        &[$(Code { code: $code, status: $status, it: $it, en: $en }),*]
    };
}

/// Every code that the API gives by itself, and the status of those of the node that have one of their own. Any other code of the
/// node is a refusal of the law or of a check: 422.
pub(crate) const CODES: &[Code] = codes! {
    "request.syntax" 400 "Il corpo della richiesta non è JSON della forma attesa." "The body of the request is not JSON of the expected form.";
    "request.query" 400 "Un parametro della richiesta non è valido." "A parameter of the request is not valid.";
    "request.cursor" 400 "Il cursore non è stato dato da questo servizio." "The cursor was not given by this service.";
    "request.host" 421 "L'intestazione Host non nomina questo servizio." "The Host header does not name this service.";
    "request.media-type" 415 "Il tipo del corpo non è ammesso qui." "The media type of the body is not accepted here.";
    "request.too-large" 413 "Il corpo della richiesta è troppo grande." "The body of the request is too large.";
    "request.too-slow" 408 "Il corpo della richiesta arriva troppo lentamente." "The body of the request comes too slowly.";
    "request.method" 405 "Il metodo non è ammesso per questa risorsa." "The method is not allowed for this resource.";
    "request.range" 416 "L'intervallo richiesto non esiste nel documento." "The range asked for is not in the document.";
    "resource.unknown" 404 "La risorsa non esiste." "There is no such resource.";
    "token.missing" 401 "Manca il token (Authorization: Bearer)." "The token is missing (Authorization: Bearer).";
    "token.invalid" 401 "Il token non è valido, è scaduto o è stato revocato." "The token is not valid, has expired or was revoked.";
    "token.scope" 403 "Il token non ha il permesso che serve qui." "The token lacks the scope that is needed here.";
    "token.unknown" 404 "Il token non esiste." "There is no such token.";
    "idempotency.missing" 400 "Manca l'intestazione Idempotency-Key (da 1 a 128 caratteri visibili)." "The header Idempotency-Key is missing (1 to 128 visible characters).";
    "idempotency.reused" 422 "Questa chiave di idempotenza è già servita per un'altra richiesta." "This idempotency key was used for another request.";
    "conference.unknown" 404 "La conferenza non è conosciuta da questo nodo." "This node does not know the conference.";
    "conference.ambiguous" 409 "Il nome indica più conferenze." "The name means several conferences.";
    "message.unknown" 404 "Il messaggio non è conservato da questo nodo." "This node does not hold the message.";
    "document.unknown" 404 "Il documento non è elencato nella conferenza, o questo nodo non può vederlo." "The conference lists no such document, or this node may not see it.";
    "document.absent" 404 "Il documento non è ancora arrivato a questo nodo." "The document has not come to this node yet.";
    "document.too-large" 413 "Il documento è più grande di quanto ammesso." "The document is larger than allowed.";
    "upload.unknown" 422 "Il documento caricato non esiste o è scaduto: caricarlo di nuovo." "There is no such upload, or it has expired: upload it again.";
    "upload.full" 507 "Non c'è più posto per documenti caricati e non ancora usati." "There is no room for more uploads that no act uses yet.";
    "act.type" 422 "Il tipo di atto non esiste." "There is no such type of act.";
    "act.facts" 422 "I fatti dell'atto non corrispondono al loro schema." "The facts of the act do not fit their schema.";
    "exchange.original-missing" 422 "Manca la PEC originale." "The original certified mail is missing.";
    "pec.mail.waiting" 422 "Un messaggio dell'amministrazione attende di essere letto." "A mail of the body waits to be read.";
    "act.auto" 422 "Un fatto non può essere calcolato dal fascicolo." "A fact cannot be computed from the record.";
    "message.body.schema" 422 "Il testo dell'atto non corrisponde al suo schema." "The text of the act does not fit its schema.";
    "events.too-many" 503 "Troppi lettori di eventi insieme." "Too many readers of events at one time.";
    "node.busy" 503 "Il nodo ha troppo da fare: riprovare." "The node has too much to do: try again.";
    "node.stopping" 503 "Il nodo si sta fermando." "The node is stopping.";
    "signer.unavailable" 503 "La chiave di firma non si può usare ora." "The signing key cannot be used now.";
    "store.failed" 503 "L'archivio del nodo non ha potuto scrivere: nulla è stato fatto." "The node's store could not write: nothing was done.";
    "store.full" 507 "Il disco del nodo è pieno: nulla è stato fatto." "The node's disk is full: nothing was done.";
    "store.held" 503 "L'archivio è in uso da un altro processo." "Another process holds the store.";
    "journal.full" 507 "Il disco del nodo è pieno." "The node's disk is full.";
    "journal.held" 503 "L'archivio è in uso da un altro processo." "Another process holds the store.";
    "journal.too-new" 503 "L'archivio è di una versione più recente." "The store is of a newer version.";
    "journal.corrupt" 500 "L'archivio è danneggiato." "The store is damaged.";
    "journal.medium" 503 "L'archivio non risponde." "The store does not answer.";
    "document.quota" 507 "I documenti di questo nodo hanno raggiunto lo spazio massimo (quota_bytes)." "The documents of this node have reached their greatest size (quota_bytes).";
    "document.reserve" 507 "Sul disco del nodo resta solo la riserva dell'archivio (reserve_bytes)." "The node's disk has only the reserve of its store left (reserve_bytes).";
    "document.full" 507 "Il disco del nodo è pieno." "The node's disk is full.";
    "document.medium" 503 "L'archivio dei documenti non risponde." "The document store does not answer.";
    "document.mismatch" 500 "Il documento conservato non corrisponde alla sua impronta." "The document held does not match its digest.";
    "documents.store" 503 "L'archivio dei documenti non risponde." "The document store does not answer.";
    "api.internal" 500 "Un errore del programma." "A fault of the program.";
};

/// Why a request was not carried out.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    status: StatusCode,
    faults: Vec<Fault>,
}

/// A problem as it is written (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemBody {
    /// Names the kind of problem: `urn:concerto:problem:` and the code.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// What this kind of problem is, in the caller's language.
    pub(crate) title: String,
    /// The status of the answer.
    pub(crate) status: u16,
    /// What was wrong here and what to do, in the caller's language.
    pub(crate) detail: String,
    /// The stable dotted code, for programs.
    pub(crate) code: String,
    /// The norm, where the law is the ground.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) norm: Option<String>,
    /// Every problem found, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) problems: Vec<ProblemItem>,
}

/// One of several problems, or a warning.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ProblemItem {
    /// The stable dotted code.
    pub code: String,
    /// What is wrong, in the caller's language.
    pub detail: String,
    /// The norm, where the law is the ground.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub norm: Option<String>,
}

impl Problem {
    /// A problem of the API's own table, with its words.
    pub(crate) fn new(code: &'static str) -> Self {
        let (it, en) = known(code).map_or((code, code), |known| (known.it, known.en));
        Self::of(vec![Fault::new(code, it, en)])
    }

    /// A problem of the table, and what exactly is wrong (technical, the same in both languages).
    pub(crate) fn about(code: &'static str, what: &dyn std::fmt::Display) -> Self {
        let (it, en) = known(code).map_or((code, code), |known| (known.it, known.en));
        Self::of(vec![Fault::new(code, format!("{it} ({what})"), format!("{en} ({what})"))])
    }

    /// What the node refused, or could not do; the first fault decides about the status.
    pub(crate) fn of(faults: Vec<Fault>) -> Self {
        let status = faults.first().map_or(StatusCode::INTERNAL_SERVER_ERROR, status_of);
        Self { status, faults }
    }

    /// The status of the answer.
    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    fn body(&self, lang: Lang) -> ProblemBody {
        let item = |fault: &Fault| ProblemItem::of(fault, lang);
        let first = self.faults.first().cloned().unwrap_or_else(|| Fault::technical("api.internal", &"?"));
        let title = match (known(&first.code), lang) {
            (Some(known), Lang::It) => known.it,
            (Some(known), Lang::En) => known.en,
            (None, Lang::It) => "La richiesta è rifiutata.",
            (None, Lang::En) => "The request is refused.",
        };
        let ProblemItem { code, detail, norm } = item(&first);
        let problems =
            if self.faults.len() > 1 { self.faults.iter().map(item).collect() } else { Vec::new() };
        ProblemBody {
            kind: format!("urn:concerto:problem:{code}"),
            title: title.to_owned(),
            status: self.status.as_u16(),
            detail,
            code,
            norm,
            problems,
        }
    }
}

impl ProblemItem {
    /// A fault in one language.
    pub(crate) fn of(fault: &Fault, lang: Lang) -> Self {
        let detail = match lang {
            Lang::It => fault.text.clone(),
            Lang::En => fault.text_en.clone(),
        };
        Self { code: fault.code.clone(), detail, norm: fault.norm.clone() }
    }
}

pub(crate) fn known(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|known| known.code == code)
}

fn status_of(fault: &Fault) -> StatusCode {
    // what the law refuses, or a check on its behalf
    known(&fault.code)
        .and_then(|known| StatusCode::from_u16(known.status).ok())
        .unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        tracing::warn!(code = error.code(), %error, "the journal could not be read");
        Self::new(error.code())
    }
}

impl From<DocumentError> for Problem {
    fn from(error: DocumentError) -> Self {
        tracing::warn!(code = error.code(), %error, "the document store could not be used");
        match &error {
            // a chunk that is not what its list says
            DocumentError::Streamed(_) => Self::new("document.mismatch"),
            error if error.is_no_room() => Self::about(error.code(), error),
            error => Self::new(error.code()),
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::of(vec![fault])
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Body::empty()).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The language that the caller prefers: Italian unless English comes first (RFC 9110 section 12.5.4).
pub(crate) fn language(headers: &HeaderMap) -> Lang {
    let accepted =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best = (0.0, Lang::It);
    for range in accepted.split(',') {
        let (tag, quality) = range.split_once(";q=").unwrap_or((range, "1"));
        let quality: f32 = quality.trim().parse().unwrap_or(0.0);
        let lang = match tag.trim().get(..2).map(str::to_ascii_lowercase).as_deref() {
            Some("it") => Lang::It,
            Some("en") => Lang::En,
            _ => continue,
        };
        if quality > best.0 {
            best = (quality, lang);
        }
    }
    best.1
}

/// Writes the problems of handlers in the language of the request.
pub(crate) async fn write_in_language(request: Request, next: Next) -> Response {
    let lang = language(request.headers());
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let bytes = serde_json::to_vec(&problem.body(lang)).unwrap_or_default();
    *response.body_mut() = Body::from(bytes);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    let language = if lang == Lang::It { "it" } else { "en" };
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match problem.status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"concerto\""));
        }
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        _ => {}
    }
    let unread =
        [StatusCode::REQUEST_TIMEOUT, StatusCode::PAYLOAD_TOO_LARGE, StatusCode::INSUFFICIENT_STORAGE];
    if unread.contains(&problem.status) {
        // what is left of the body is not read
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[cfg(test)]
#[path = "problem_tests.rs"]
mod tests;
