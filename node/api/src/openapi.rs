//! The OpenAPI 3.1 document: built from the table of operations, the types that are shown, and the project's own schemas.
//!
//! `concerto api openapi` prints it and `openapi.json` beside this crate's manifest is it; a test fails when that file is stale.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::import;
use crate::operations::{COMMON_CODES, Content, OPERATIONS, Operation, READ_CODES, TOKEN_CODES};
use crate::problem::{CODES, ProblemBody, known};
use crate::request::{KEY_CHARS_MAX, PAGE_ROWS_MAX};
use crate::{admin, documents, duties, events, reads, views, writes};

/// What a reader of the document should know first.
const ABOUT: &str = include_str!("openapi_about.md");

type Part = RefOr<Schema>;

fn part(name: &str) -> Part {
    Ref::from_schema_name(name).into()
}
fn list_of(item: Part) -> Part {
    ArrayBuilder::new().items(item).build().into()
}
fn maybe(item: Part) -> Part {
    let null = ObjectBuilder::new().schema_type(Type::Null).build();
    Schema::from(OneOfBuilder::new().item(null).item(item).build()).into()
}

pub(crate) fn conference() -> Part {
    part("common.conference")
}
pub(crate) fn maybe_conference() -> Part {
    maybe(conference())
}
pub(crate) fn writer() -> Part {
    part("common.writer")
}
pub(crate) fn writers() -> Part {
    list_of(writer())
}
pub(crate) fn message() -> Part {
    part("common.message_id")
}
pub(crate) fn messages() -> Part {
    list_of(message())
}
pub(crate) fn digest() -> Part {
    part("common.digest")
}
pub(crate) fn phase() -> Part {
    part("views.phase")
}
pub(crate) fn conference_view() -> Part {
    part("views.conference_view")
}
pub(crate) fn terms() -> Part {
    list_of(part("views.term"))
}
pub(crate) fn terms_statement() -> Part {
    maybe(part("views.terms_statement"))
}
pub(crate) fn timeliness() -> Part {
    maybe(part("views.timeliness"))
}
pub(crate) fn duty() -> Part {
    part("views.duty")
}
pub(crate) fn duty_standing() -> Part {
    part("views.duty_standing")
}
pub(crate) fn any_object() -> Part {
    ObjectBuilder::new().build().into()
}

/// The whole document.
pub fn document() -> Value {
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let item = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(operation.method.to_owned(), described(operation));
        }
    }
    sorted(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Concerto: local API of a node",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "What an office's own programs can ask of its node, and order it.",
            "description": format!("{ABOUT}\n{}", codes_table()),
            "license": { "name": "EUPL-1.2", "identifier": "EUPL-1.2" },
        },
        "servers": [{ "url": format!("http://127.0.0.1:{}", crate::serve::DEFAULT_PORT), "description": "The node on this machine." }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "Made with `concerto token add`." }
            },
            "parameters": parameters(),
            "schemas": schemas(),
        },
    }))
}

/// The same value with the members of each object in the order of their names: the text depends on no feature of the build.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let ordered: BTreeMap<String, Value> =
                fields.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            Value::Object(ordered.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

fn described(operation: &Operation) -> Value {
    let references =
        operation.parameters.iter().map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }));
    let mut value = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "description": operation.description,
        "parameters": references.collect::<Vec<_>>(),
        "responses": responses(operation),
    });
    let Some(fields) = value.as_object_mut() else { return value };
    match operation.scope {
        Some(scope) => {
            fields.insert("security".into(), json!([{ "token": [] }]));
            fields.insert("x-scope".into(), json!(scope.as_str()));
        }
        None => {
            fields.insert("security".into(), json!([]));
        }
    }
    if operation.request != Content::Nothing {
        fields
            .insert("requestBody".into(), json!({ "required": true, "content": content(operation.request) }));
    }
    value
}

fn content(content: Content) -> Value {
    match content {
        Content::Json(name) => {
            json!({ "application/json": { "schema": { "$ref": format!("#/components/schemas/{name}") } } })
        }
        Content::Bytes(media_type) => {
            json!({ media_type: { "schema": { "type": "string", "format": "binary" } } })
        }
        Content::Events => json!({ "text/event-stream": { "schema": { "type": "string" } } }),
        Content::Nothing => json!({}),
    }
}

/// The answer, and for each status the codes with which the operation can give it.
fn responses(operation: &Operation) -> Value {
    let mut responses = Map::new();
    let mut good = json!({ "description": operation.summary });
    if let (Content::Json(_) | Content::Bytes(_) | Content::Events, Some(fields)) =
        (operation.answer, good.as_object_mut())
    {
        fields.insert("content".into(), content(operation.answer));
        fields.insert("headers".into(), headers(operation));
    }
    responses.insert(operation.status.to_string(), good.clone());
    if operation.parameters.contains(&"If-None-Match") {
        responses.insert("304".into(), json!({ "description": "The caller has it already." }));
    }
    if operation.parameters.contains(&"Range") {
        responses.insert("206".into(), good);
    }
    let mut codes: Vec<&str> = COMMON_CODES.to_vec();
    if operation.scope.is_some() {
        codes.extend(TOKEN_CODES.iter().chain(READ_CODES));
    }
    codes.extend(operation.codes);
    codes.sort_unstable();
    codes.dedup();
    let orders = operation.request != Content::Nothing && operation.codes.contains(&"idempotency.missing");
    for status in statuses(&codes) {
        let of_status: Vec<&&str> =
            codes.iter().filter(|code| known(code).is_some_and(|known| known.status == status)).collect();
        let mut named: Vec<String> = of_status.iter().map(|code| format!("`{code}`")).collect();
        if orders && status == 422 {
            named.push("any `procedure.*` of the law, with its norm; `act.pending`, `chain.fork`".into());
        }
        let problem = json!({
            "description": named.join(", "),
            "x-codes": of_status,
            "content": {
                "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } }
            },
        });
        responses.insert(status.to_string(), problem);
    }
    Value::Object(responses)
}

fn headers(operation: &Operation) -> Value {
    let text = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    let mut headers = Map::new();
    if operation.parameters.contains(&"If-None-Match") {
        headers.insert("ETag".into(), text("Names this state of the answer."));
    }
    if operation.parameters.contains(&"Idempotency-Key") {
        headers.insert("Location".into(), text("The message."));
        headers.insert("Idempotency-Replayed".into(), text("`true` where the answer was owed from before."));
    }
    Value::Object(headers)
}

fn statuses(codes: &[&str]) -> Vec<u16> {
    let mut found: Vec<u16> = codes.iter().filter_map(|code| known(code).map(|known| known.status)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn codes_table() -> String {
    let mut table =
        String::from("## Codes\n\n| code | status | meaning | significato |\n|---|---|---|---|\n");
    for code in CODES {
        table.push_str(&format!("| `{}` | {} | {} | {} |\n", code.code, code.status, code.en, code.it));
    }
    table
}

fn parameters() -> Value {
    let path = |name: &str, schema: Value, description: &str| json!({ "name": name, "in": "path", "required": true, "schema": schema, "description": description });
    let query = |name: &str, schema: Value, description: &str| json!({ "name": name, "in": "query", "schema": schema, "description": description });
    let header = |name: &str, required: bool, schema: Value, description: &str| json!({ "name": name, "in": "header", "required": required, "schema": schema, "description": description });
    let digest = || json!({ "$ref": "#/components/schemas/common.digest" });
    json!({
        "limit": query("limit", json!({ "type": "integer", "minimum": 1, "maximum": PAGE_ROWS_MAX, "default": 50 }), "Rows of the page at most."),
        "cursor": query("cursor", json!({ "type": "string", "maxLength": 1024 }), "What the page before gave as `next`."),
        "everything": query("everything", json!({ "type": "boolean", "default": false }), "Also what others must do, and what was done or lost."),
        "days": query("days", json!({ "type": "integer", "minimum": 0, "maximum": 3660 }), "Only what is due within so many days, by the strict date, and what is overdue."),
        "conference": path(
            "conference",
            json!({ "type": "string", "minLength": 1, "maxLength": 170 }),
            "The whole identifier, percent-encoded (`r_marche%2FAOO0001%2F<32 digits>`), or its last part, or the beginning of that.",
        ),
        "document": path("document", digest(), "The document, as `listDocuments` names it."),
        "message": path("message", json!({ "$ref": "#/components/schemas/common.message_id" }), "The message."),
        "token": path("token", json!({ "type": "string", "pattern": "^[0-9a-f]{12}$" }), "The token's name, not its secret."),
        "Idempotency-Key": header(
            "Idempotency-Key",
            true,
            json!({ "type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX, "pattern": "^[!-~]+$" }),
            "Chosen by the caller for this order, a UUID say. The same key with the same body gives the same answer and no second effect.",
        ),
        "If-None-Match": header("If-None-Match", false, json!({ "type": "string" }), "The `ETag` of the answer that the caller has."),
        "Accept-Language": header("Accept-Language", false, json!({ "type": "string" }), "`it` (usual) or `en`, for texts."),
        "Last-Event-ID": header("Last-Event-ID", false, json!({ "type": "string", "pattern": "^[0-9]{1,18}\\.[0-9]{1,18}\\.[0-9]{1,18}$" }), "The id of the last event that the caller knows."),
        "Range": header("Range", false, json!({ "type": "string" }), "`bytes=FROM-` or `bytes=FROM-TO`."),
    })
}

/// Adds a type that is shown, and what it consists of.
fn add<T: ToSchema>(found: &mut Vec<(String, Part)>) {
    found.push((T::name().into_owned(), <T as PartialSchema>::schema()));
    T::schemas(found);
}

fn schemas() -> Value {
    let mut found = Vec::new();
    add::<views::ConferencePage>(&mut found);
    add::<views::ConferenceDetail>(&mut found);
    add::<views::Timeline>(&mut found);
    add::<views::Terms>(&mut found);
    add::<views::InboxPage>(&mut found);
    add::<views::OutboxPage>(&mut found);
    add::<views::AlarmPage>(&mut found);
    add::<duties::DutyPage>(&mut found);
    add::<views::DocumentPage>(&mut found);
    add::<views::TransferPage>(&mut found);
    add::<views::MessageDetail>(&mut found);
    add::<reads::NodeStatus>(&mut found);
    add::<reads::Peers>(&mut found);
    add::<reads::Health>(&mut found);
    add::<writes::Sent>(&mut found);
    add::<writes::DocumentRequest>(&mut found);
    add::<documents::Upload>(&mut found);
    add::<admin::TokenList>(&mut found);
    add::<admin::WebhookList>(&mut found);
    add::<events::LinkEvent>(&mut found);
    found.push(("Problem".into(), ProblemBody::schema()));
    ProblemBody::schemas(&mut found);
    let mut schemas = import::components();
    for (name, schema) in found {
        schemas.insert(name, serde_json::to_value(schema).unwrap_or_default());
    }
    schemas.insert(
        "OpenApi".into(),
        json!({ "description": "An OpenAPI 3.1 document.", "type": "object", "required": ["openapi"] }),
    );
    let acts: Vec<&str> = import::sent_types().collect();
    let reference = |name: &&str| format!("#/components/schemas/act.{name}");
    let one_of: Vec<Value> = acts.iter().map(|name| json!({ "$ref": reference(name) })).collect();
    let mapping: Map<String, Value> =
        acts.iter().map(|name| ((*name).to_owned(), json!(reference(name)))).collect();
    schemas.insert(
        "ActRequest".into(),
        json!({
            "description": "An act, by its type.",
            "oneOf": one_of,
            "discriminator": { "propertyName": "type", "mapping": mapping },
        }),
    );
    let openings: Vec<Value> = ["act.Notice", "act.ConveningRequest"]
        .iter()
        .filter_map(|name| schemas.get(*name).cloned())
        .collect();
    schemas.insert("OpenRequest".into(), open_request(openings));
    Value::Object(schemas)
}

/// What opens a conference: seen by every body invited, and nobody to wait for yet. What names no type is a notice.
fn open_request(mut openings: Vec<Value>) -> Value {
    let mut examples = Vec::new();
    for opening in &mut openings {
        for path in ["/properties", "/examples/0"] {
            if let Some(fields) = opening.pointer_mut(path).and_then(Value::as_object_mut) {
                fields.retain(|name, _| !["body_audience", "wait"].contains(&name.as_str()));
            }
        }
        let example = opening.as_object_mut().and_then(|opening| opening.remove("examples"));
        examples
            .extend(example.into_iter().flat_map(|example| example.as_array().cloned().unwrap_or_default()));
    }
    if let Some(required) = openings.first_mut().and_then(|notice| notice.get_mut("required")?.as_array_mut())
    {
        required.retain(|name| name != "type");
    }
    json!({
        "description": "A notice (the type may be left out), or the request or application on record before it.",
        "oneOf": openings,
        "examples": examples,
    })
}

#[cfg(test)]
#[path = "openapi_tests.rs"]
mod tests;
