//! References and computed values of a case: `"@step"`, `"@participant"`, and the texts that follow from the case itself.

use serde_json::{Map, Value, json};

use super::case_file::{ActStep, CaseFile, Participant};
use crate::auto::AUTO;

/// The name that a value refers to, if it is a reference.
fn reference(value: &Value) -> Option<&str> {
    let name = value.as_str()?.strip_prefix('@')?;
    let plain =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    (plain && name != "auto").then_some(name)
}

/// Puts what each reference stands for in its place.
///
/// # Errors
/// The first name that stands for nothing.
pub(super) fn resolve(value: Value, names: &dyn Fn(&str) -> Option<String>) -> Result<Value, String> {
    if let Some(name) = reference(&value) {
        return names(name).map(Value::String).ok_or_else(|| name.to_owned());
    }
    match value {
        Value::Array(items) => items.into_iter().map(|item| resolve(item, names)).collect(),
        Value::Object(fields) => {
            let field = |(key, value)| Ok((key, resolve(value, names)?));
            fields.into_iter().map(field).collect::<Result<Map<_, _>, String>>().map(Value::Object)
        }
        other => Ok(other),
    }
}

impl CaseFile {
    /// The participants other than the lead, as a notice invites them.
    pub(super) fn invited(&self) -> Value {
        let called = self.participants.iter().filter(|p| p.key != self.lead);
        called.map(invited).collect()
    }

    /// The facts with what follows from the case itself.
    pub(super) fn facts_of(&self, act: &ActStep) -> Value {
        let mut facts = act.facts.clone();
        if act.type_name == "Notice"
            && let Some(place) = facts.get_mut("invited").filter(|place| **place == AUTO)
        {
            *place = self.invited();
        }
        facts
    }

    /// The body with what follows from the case itself, and what every body has.
    pub(super) fn body_of(&self, author: &Participant, act: &ActStep) -> Option<Value> {
        let urn = concerto_schemas::body_urn_for_type(&act.type_name);
        let mut body = act.body.clone()?;
        let fields = body.as_object_mut()?;
        let computed = [
            ("application", self.application_text()),
            ("acts", Some(self.asked_acts(true))),
            ("replaced_acts", Some(self.asked_acts(false))),
        ];
        for (field, value) in computed {
            if let (Some(place), Some(value)) = (fields.get_mut(field).filter(|place| **place == AUTO), value)
            {
                *place = value;
            }
        }
        let mut add = |field: &str, value: Value| {
            fields.entry(field).or_insert(value);
        };
        if let Some(urn) = urn {
            add("schema", urn.into());
            add("language", self.language.as_str().into());
            if has_property(urn, "signatory") {
                add("signatory", author.signatory.clone());
            }
        }
        Some(body)
    }

    fn application_text(&self) -> Option<Value> {
        let application = self.application.as_ref()?;
        Some(json!({
            "reference": application.reference,
            "applicant": application.applicant,
            "received": application.received,
        }))
    }

    /// The acts asked, with their norm or without.
    fn asked_acts(&self, with_norm: bool) -> Value {
        let acts = self.participants.iter().flat_map(|p| p.acts.iter().map(move |act| (p, act)));
        acts.map(|(participant, asked)| {
            let mut line = json!({ "body": participant.writer, "act": asked.act, "text": asked.text });
            if let (true, Some(norm), Some(fields)) = (with_norm, &asked.norm, line.as_object_mut()) {
                fields.insert("norm".into(), norm.as_str().into());
            }
            line
        })
        .collect()
    }
}

fn invited(participant: &Participant) -> Value {
    let act = |asked: &super::case_file::AskedAct| match &asked.eu_express_act {
        Some(norm) => json!({ "act": asked.act, "eu_express_act": norm }),
        None => json!({ "act": asked.act }),
    };
    let mut fields = Map::new();
    fields.insert("body".into(), participant.writer.to_string().into());
    fields.insert("acts".into(), participant.acts.iter().map(act).collect());
    if !participant.sensitive.is_empty() {
        fields.insert("sensitive".into(), json!(participant.sensitive));
    }
    if let Some(seat) = &participant.seat {
        fields.insert("seat".into(), seat.as_str().into());
    }
    if let Some(level) = participant.level {
        fields.insert("level".into(), json!(level));
    }
    Value::Object(fields)
}

/// Whether a schema has a property of this name.
fn has_property(urn: &str, name: &str) -> bool {
    let file = concerto_schemas::schema_files().iter().find(|file| file.urn == urn);
    let schema: Option<Value> = file.and_then(|file| serde_json::from_str(file.text).ok());
    schema.is_some_and(|schema| schema.get("properties").and_then(|p| p.get(name)).is_some())
}
