//! The project's own JSON Schemas as components of an OpenAPI document: the same rules that the node checks, references resolved.
//!
//! `urn:concerto:schema:common:1#/$defs/date` becomes the component `common.date`, a body `body.notice`, the facts of a type
//! `facts.Notice`. Facts that the node can compute are made optional there and may be written `"@auto"`.

use serde_json::{Map, Value, json};

/// Facts of each type of act that the node computes when they are left out or written `"@auto"`.
pub fn computable(act_type: &str) -> &'static [&'static str] {
    match act_type {
        "Notice" => &["regime_basis_date", "round", "sensitive_scope", "dates"],
        "Suspension" => &["suspended_on", "requests"],
        "IntegrationDelivered" => &["suspension", "dates"],
        "Determination" => &["round", "acts"],
        "ImpliedAssent" => &["round", "ground", "strict", "prudential", "proof_of_receipt", "messages"],
        "FinalDetermination" => &["round", "positions", "efficacy"],
        "EfficacyStatement" => &["conclusion"],
        "TermCorrection" => &["from"],
        "RecordedExchange" => &["at"],
        "MeetingCall" | "DissentToRepresentative" => &["round"],
        "MeetingMinutes" => &["round", "session", "meeting"],
        "SilentGrantCertificate" => &["application"],
        "RebuttalForwarded" => &["conclusion", "observations"],
        _ => &[],
    }
}

/// What the views of a node look like.
const VIEWS: &str = include_str!("../schemas/views.schema.json");
/// The word that asks for a value to be computed.
const AUTO: &str = "@auto";
const PREFIX: &str = "urn:concerto:schema:";

macro_rules! examples {
    ($($kebab:literal $facts:literal $body:literal),* $(,)?) => {
        &[$((
            $kebab,
            include_str!(concat!("../../../schemas/examples/valid/", $kebab, "/", $facts, ".json")),
            include_str!(concat!("../../../schemas/examples/valid/body-", $kebab, "/", $body, ".json")),
        )),*]
    };
}

/// An example of each type that officials send: a link and its body.
const EXAMPLES: &[(&str, &str, &str)] = examples! {
    "closure" "application-withdrawn" "withdrawn",
    "competence-statement" "road-of-the-municipality" "road",
    "convening-request" "from-the-desk-of-a-town" "application",
    "determination" "assent" "assent",
    "dissent-to-representative" "cultural-heritage" "roof",
    "efficacy-statement" "immediate" "immediate",
    "final-determination" "positive-with-prescriptions" "positive-with-prescriptions",
    "fork-resolved" "one-set-aside" "restored-copy",
    "implied-assent" "silence" "silence",
    "integration-delivered" "after-three-weeks" "one-item",
    "integration-request" "two-items" "two-items",
    "late-or-invalid-act-notice" "late" "late",
    "meeting-call" "telematic" "first-session",
    "meeting-minutes" "last-session" "first-session",
    "notice" "reconstruction-in-camerino" "on-application",
    "participant-added" "one-added-one-released" "one-body",
    "prescription-consultation" "one-determination" "one-prescription",
    "rebuttal-forwarded" "ten-days-later" "lower-roof",
    "recorded-exchange" "notice-sent-to-the-applicant" "pec-to-the-applicant",
    "representative-appointment" "by-the-prefect" "of-the-state",
    "sealed" "for-two-bodies" "about-a-find",
    "silent-grant-certificate" "after-integrations" "crossing",
    "suspension" "ten-days-without-body" "two-items",
    "sync-mode-request" "asked-by-a-body" "complexity",
    "term-correction" "of-one-body" "one-day",
};

/// Every component that comes from a schema of the project.
pub(crate) fn components() -> Map<String, Value> {
    let mut found = Map::new();
    let files = concerto_schemas::schema_files().iter().map(|file| (file.urn, file.text));
    for (urn, text) in files.chain([("urn:concerto:schema:views:1", VIEWS)]) {
        let Ok(mut schema) = serde_json::from_str::<Value>(text) else { continue };
        rewrite(&mut schema, urn);
        let Value::Object(mut schema) = schema else { continue };
        if let Some(Value::Object(parts)) = schema.remove("$defs") {
            for (name, part) in parts {
                found.insert(format!("{}.{name}", stem(urn)), part);
            }
        }
        let body = stem(urn).starts_with("body.") && stem(urn) != "body.common";
        if body {
            schema.retain(|key, _| key != "$schema" && key != "$id");
            found.insert(stem(urn), Value::Object(schema));
        }
    }
    for act_type in sent_types() {
        found.extend(act_components(act_type));
    }
    found
}

/// The types of acts that officials send: those with a text. Takings in charge and digests of terms are the node's own.
pub(crate) fn sent_types() -> impl Iterator<Item = &'static str> {
    concerto_schemas::known_types().filter(|name| concerto_schemas::body_urn_for_type(name).is_some())
}

/// `urn:concerto:schema:body:notice:1` -> `body.notice`.
fn stem(urn: &str) -> String {
    let name = urn.strip_prefix(PREFIX).unwrap_or(urn);
    name.rsplit_once(':').map_or(name, |(name, _)| name).replace(':', ".")
}

/// The component that a reference names.
fn component(reference: &str, urn: &str) -> String {
    let (file, part) = reference.split_once('#').unwrap_or((reference, ""));
    let file = if file.is_empty() { urn } else { file };
    match part.strip_prefix("/$defs/") {
        Some(part) => format!("{}.{part}", stem(file)),
        None => stem(file),
    }
}

/// Makes every reference of a schema point to a component.
fn rewrite(schema: &mut Value, urn: &str) {
    match schema {
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                match value {
                    Value::String(reference) if key == "$ref" => {
                        *reference = format!("#/components/schemas/{}", component(reference, urn));
                    }
                    other => rewrite(other, urn),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rewrite(item, urn)),
        _ => {}
    }
}

/// Facts and request of one type.
fn act_components(act_type: &str) -> Vec<(String, Value)> {
    let Some(urn) = concerto_schemas::schema_urn_for_type(act_type) else { return Vec::new() };
    let file = concerto_schemas::schema_files().iter().find(|file| file.urn == urn);
    let Some(mut schema) = file.and_then(|file| serde_json::from_str::<Value>(file.text).ok()) else {
        return Vec::new();
    };
    rewrite(&mut schema, urn);
    let mut facts =
        schema.pointer("/properties/facts").cloned().unwrap_or_else(|| json!({ "type": "object" }));
    relax(&mut facts, act_type);
    let request = request(act_type, urn, &schema);
    vec![(format!("facts.{act_type}"), facts), (format!("act.{act_type}"), request)]
}

/// What can be computed may be left out, or written `"@auto"`.
fn relax(facts: &mut Value, act_type: &str) {
    let computable = computable(act_type);
    if let Some(required) = facts.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| !name.as_str().is_some_and(|name| computable.contains(&name)));
    }
    for name in computable {
        if let Some(property) = facts.pointer_mut(&format!("/properties/{name}")) {
            let auto = json!({ "const": AUTO, "description": "Computed by the node from the record." });
            *property = json!({
                "description": "May be left out, or written \"@auto\": the node computes it from the record.",
                "anyOf": [property.take(), auto],
            });
        }
    }
}

/// The request that sends an act of this type. The conditions of its schema hold for the request as they stand: it has the same fields.
fn request(act_type: &str, urn: &str, schema: &Value) -> Value {
    let body = concerto_schemas::body_urn_for_type(act_type).map(stem).unwrap_or_default();
    let text = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default();
    let parts = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
    let mut conditions: Vec<Value> = parts.filter(|part| part.get("$ref").is_none()).cloned().collect();
    for condition in &mut conditions {
        for branch in ["/then", "/else"] {
            if let Some(facts) = condition.pointer_mut(&format!("{branch}/properties/facts")) {
                relax(facts, act_type);
            }
        }
    }
    let mut required = vec!["type", "facts"];
    let named = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    required.extend(named.filter_map(Value::as_str).filter(|name| ["body", "documents"].contains(name)));
    let example = example(act_type, urn, required.contains(&"documents"));
    let mut request = json!({
        "title": text("title"),
        "description": text("description"),
        "x-norm": text("$comment"),
        "type": "object",
        "required": required,
        "properties": {
            "type": { "const": act_type },
            "facts": { "$ref": format!("#/components/schemas/facts.{act_type}") },
            "body": { "$ref": format!("#/components/schemas/{body}") },
            "body_audience": {
                "description": "Who may see the text beside its author; every participant if left out.",
                "type": "array",
                "items": { "$ref": "#/components/schemas/common.writer" },
            },
            "documents": {
                "type": "array",
                "maxItems": 256,
                "items": { "$ref": "#/components/schemas/DocumentRequest" },
            },
            "wait": {
                "description": "Answer only when every participant with a node has given its receipt, for at most 45 seconds.",
                "type": "boolean",
                "default": false,
            },
        },
        "additionalProperties": false,
    });
    if let Some(properties) = request.get_mut("properties").and_then(Value::as_object_mut)
        && OF_BODIES.contains(&act_type)
    {
        properties.insert("on_behalf_of".into(), on_behalf_of());
    }
    if let Some(fields) = request.as_object_mut() {
        if !conditions.is_empty() {
            fields.insert("allOf".into(), json!(conditions));
        }
        fields.extend(example.map(|example| ("examples".to_owned(), json!([example]))));
    }
    request
}

/// Types of acts that a body writes: the procedente may write them for one without a node.
const OF_BODIES: &[&str] = &[
    "CompetenceStatement",
    "Determination",
    "DissentToRepresentative",
    "IntegrationRequest",
    "RepresentativeAppointment",
    "SyncModeRequest",
];

fn on_behalf_of() -> Value {
    json!({
        "description": "The body without a node whose act it is, and the recorded exchange, received from it, that shows it. The \
                        procedente only; what can be computed is that body's.",
        "type": "object",
        "required": ["ipa", "aoo", "evidence"],
        "properties": {
            "ipa": { "$ref": "#/components/schemas/common.code" },
            "aoo": { "$ref": "#/components/schemas/common.code" },
            "evidence": { "$ref": "#/components/schemas/common.message_id" },
        },
        "additionalProperties": false,
    })
}

/// A request as an integrator would write it: computable facts left out, and documents where the act needs some.
fn example(act_type: &str, urn: &str, with_documents: bool) -> Option<Value> {
    let kebab = stem(urn);
    let (_, link, body) = EXAMPLES.iter().find(|(name, _, _)| *name == kebab)?;
    let (link, body): (Value, Value) = (serde_json::from_str(link).ok()?, serde_json::from_str(body).ok()?);
    let mut facts = link.get("facts")?.clone();
    if let Some(facts) = facts.as_object_mut() {
        facts.retain(|name, _| !computable(act_type).contains(&name.as_str()));
    }
    let mut request = json!({ "type": act_type, "facts": facts, "body": body });
    if with_documents
        && let (Some(fields), Some(Value::Array(listed))) = (request.as_object_mut(), link.get("documents"))
    {
        let uploads =
            listed.iter().map(|d| json!({ "upload": d.get("digest"), "media_type": d.get("media_type") }));
        fields.insert("documents".into(), uploads.collect());
    }
    Some(request)
}
