//! Every answer of every read operation against its schema in the OpenAPI document, in which nothing may be left unnamed: a field that is
//! shown and not described fails here, and so does one that is described and not shown.

use super::*;
use std::collections::BTreeMap;

/// Names of components that describe requests: their conditions are for those who write them, and no answer refers to them.
const REQUESTS: [&str; 5] = ["act.", "facts.", "body.", "ActRequest", "OpenRequest"];

/// Closes every object of a schema that names its members.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.contains_key("properties") && !fields.contains_key("additionalProperties") {
                fields.insert("additionalProperties".into(), json!(false));
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// The document with all answers closed.
struct Document(Value);

impl Document {
    fn of(api: &Api) -> Self {
        let mut document = api.shown("/v1/openapi.json");
        for (name, schema) in document["components"]["schemas"].as_object_mut().unwrap() {
            if !REQUESTS.iter().any(|request| name.starts_with(request)) {
                close(schema);
            }
        }
        // the document itself is described by OpenAPI
        document["components"]["schemas"]["OpenApi"]["additionalProperties"] = json!(true);
        Self(document)
    }

    fn problems(&self, component: &str, value: &Value) -> Vec<String> {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$ref": format!("#/components/schemas/{component}"),
            "components": self.0["components"],
        });
        let validator =
            jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    fn check(&self, component: &str, value: &Value) {
        let problems = self.problems(component, value);
        assert!(problems.is_empty(), "{component}: {problems:#?}\n{value:#}");
    }

    /// The read operations: path, and the component of the JSON that it gives, if it gives JSON.
    fn reads(&self) -> Vec<(String, Option<String>)> {
        let mut found = Vec::new();
        for (path, item) in self.0["paths"].as_object().unwrap() {
            let Some(content) = item.get("get").map(|get| &get["responses"]["200"]["content"]) else {
                continue;
            };
            let named = content["application/json"]["schema"]["$ref"].as_str();
            let component = named.map(|name| name.strip_prefix("#/components/schemas/").unwrap().to_owned());
            found.push((path.clone(), component));
        }
        found
    }

    /// Reads everything, with these values for the parameters of paths; gives the JSON answers.
    fn check_reads(&self, api: &Api, values: &BTreeMap<&str, String>) -> BTreeMap<String, Value> {
        let mut shown = BTreeMap::new();
        for (path, component) in self.reads() {
            if path == "/v1/events" {
                continue;
            }
            let mut asked = path.clone();
            for (name, value) in values {
                asked = asked.replace(&format!("{{{name}}}"), &encoded(value));
            }
            assert!(!asked.contains('{'), "nothing is known to ask {path} for");
            let answer = api.get(&asked);
            assert_eq!(answer.status, 200, "{asked}: {answer:?}");
            if let Some(component) = component {
                self.check(&component, &answer.json());
                shown.insert(path, answer.json());
            }
        }
        shown
    }
}

/// An act with the example text of the document.
fn act(document: &Document, name: &str, facts: Value) -> Value {
    let mut request = document.0["components"]["schemas"][format!("act.{name}")]["examples"][0].clone();
    request["facts"] = facts;
    request
}

/// What the two nodes show of one conference at one time.
struct Reading<'a> {
    document: &'a Document,
    lead: &'a Api,
    body: &'a Api,
    values: BTreeMap<&'static str, String>,
}

impl Reading<'_> {
    fn check(&self) -> [BTreeMap<String, Value>; 2] {
        [self.lead, self.body].map(|api| self.document.check_reads(api, &self.values))
    }
    fn acts(&self) -> String {
        format!("/v1/conferences/{}/acts", encoded(&self.values["conference"]))
    }
    fn phase(&self) -> Value {
        self.lead.shown(self.acts().trim_end_matches("/acts"))["view"]["phase"].clone()
    }
    fn send(&self, api: &Api, name: &str, facts: Value) {
        let sent = api.order(&self.acts(), name, &act(self.document, name, facts));
        assert_eq!(sent.status, 201, "{name}: {}", String::from_utf8_lossy(&sent.body));
        self.document.check("Sent", &sent.json());
    }
}

fn configure(federation: &Federation, node: &str, from: &str, to: &str) {
    let file = federation.path(node).join("node.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(&file, text.replace(from, to)).unwrap();
}

#[test]
fn every_answer_is_what_its_schema_says_and_nothing_more() {
    let federation = Federation::new();
    let scopes = "read,write,documents,admin";
    let lead = Api::prepare(&federation, "lead", scopes);
    let body = Api::prepare(&federation, "body", scopes);
    // slow enough that a large document is seen on its way
    configure(&federation, "lead", "\npeer_bytes_per_second = 0\n", "\npeer_bytes_per_second = 65536\n");
    for node in ["lead", "body"] {
        let hook = federation.path(node);
        std::fs::write(hook.join("keys/hook"), "un segreto di prova lungo\n").unwrap();
        let mut text = std::fs::read_to_string(hook.join("node.toml")).unwrap();
        // nobody listens there
        text.push_str("\n[[webhook]]\nname = \"registro\"\nurl = \"http://127.0.0.1:9/\"\nsecret = \"keys/hook\"\nevents = [\"link\"]\n");
        std::fs::write(hook.join("node.toml"), text).unwrap();
    }
    let (_lead, serving) = (federation.serve("lead"), federation.serve("body"));
    let document = Document::of(&lead);

    let opened = lead.order("/v1/conferences", "a", &opening());
    document.check("Sent", &opened.json());
    let conference = text(&opened.json(), "conference");
    let path = format!("/v1/conferences/{}", encoded(&conference));
    eventually("the body holds the notice", || body.get(&path).status == 200);
    let listed = format!("{path}/documents");
    let notice = || body.shown(&listed)["documents"][0].clone();
    eventually("and its text", || notice()["held"] == json!(true));
    let values = BTreeMap::from([
        ("conference", conference),
        ("message", text(&opened.json(), "message")),
        ("document", text(&notice(), "document")),
    ]);
    let reading = Reading { document: &document, lead: &lead, body: &body, values };
    reading.check();

    // a request that suspends the terms, its integrations, a determination with prescriptions: terms with every kind of step
    reading.send(&body, "IntegrationRequest", json!({ "items": 2, "facts_of_art_2_c_7": true }));
    let actions = || lead.shown(&path)["view"]["actions"].to_string();
    eventually("the lead may suspend", || actions().contains("consider_suspension"));
    reading.check();
    reading.send(&lead, "Suspension", json!({ "days": 10 }));
    assert_eq!(reading.phase(), json!("suspended"));
    reading.check();
    reading.send(&lead, "IntegrationDelivered", json!({ "received_on": support::today() }));
    eventually("the body knows", || body.shown(&path)["view"]["phase"] == json!("convened"));
    let prescription = json!({ "number": 1, "origin": "norm", "cost_eur": "1200.00", "mitigating": true });
    let facts = json!({ "position": "conditional_assent", "prescriptions": [prescription] });
    let mut conditional = act(&document, "Determination", facts);
    conditional["body"]["prescriptions"] =
        json!([{ "number": 1, "text": "Intonaco di calce.", "citation": "regolamento edilizio art. 3" }]);
    conditional["body"]["changes_for_assent"] = json!("La prescrizione 1.");
    let sent = body.order(&reading.acts(), "c", &conditional);
    assert_eq!(sent.status, 201, "{}", String::from_utf8_lossy(&sent.body));
    eventually("the lead may conclude", || reading.phase() == json!("to_decide"));

    let large: Vec<u8> = vec![7; 9 * 1024 * 1024];
    let upload = lead.call("POST", "/v1/uploads", &[("content-type", "application/pdf")], &large);
    document.check("Upload", &upload.json());
    let record = json!({
        "type": "RecordedExchange", "facts": { "party": "applicant", "direction": "sent", "channel": "pec" },
        "documents": [{ "upload": text(&upload.json(), "upload"), "media_type": "application/pdf" }],
    });
    assert_eq!(lead.order(&reading.acts(), "d", &record).status, 201);
    let transfers = || body.shown("/v1/transfers")["transfers"].clone();
    eventually("a document is on its way", || transfers()[0]["received"].as_u64() > Some(0));
    let [at_lead, at_body] = reading.check();
    let count =
        |shown: &BTreeMap<String, Value>, path: &str, rows: &str| shown[path][rows].as_array().unwrap().len();
    assert!(count(&at_body, "/v1/transfers", "transfers") > 0, "what was checked held rows");
    assert!(count(&at_lead, "/v1/inbox", "messages") > 1 && count(&at_lead, "/v1/tokens", "tokens") > 0);
    assert!(count(&at_lead, "/v1/conferences/{conference}/terms", "terms") > 0);
    assert!(count(&at_lead, "/v1/webhooks", "webhooks") > 0 && count(&at_lead, "/v1/peers", "peers") > 0);

    assert_eq!(serving.stop().code(), Some(0));
    assert_eq!(lead.order("/v1/conferences", "e", &opening()).status, 201);
    let shown = document.check_reads(&lead, &reading.values);
    assert!(count(&shown, "/v1/outbox", "waiting") > 0);
    for (kind, data) in event_data(&lead, 8) {
        let component = match kind.as_str() {
            "link" => "LinkEvent",
            "alarm" => "AlarmRow",
            _ => "ReceiptRow",
        };
        document.check(component, &data);
    }
    document.check("Problem", &lead.get("/v1/conferences/ffffffff").json());
    // the check can fail
    let mut more = lead.shown(&path);
    more["view"]["bodies"][0]["unnamed"] = json!(1);
    assert!(!document.problems("ConferenceDetail", &more).is_empty());
}

/// The first events of the journal.
fn event_data(api: &Api, count: usize) -> Vec<(String, Value)> {
    let mut stream = TcpStream::connect(("127.0.0.1", api.port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "GET /v1/events HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nauthorization: Bearer {}\r\nlast-event-id: 0.0.0\r\n\r\n",
        api.port, api.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    let (mut found, mut kind) = (Vec::new(), String::new());
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        if let Some(told) = line.strip_prefix("event: ") {
            kind = told.to_owned();
        } else if let Some(data) = line.strip_prefix("data: ") {
            found.push((kind.clone(), serde_json::from_str(data).unwrap()));
            if found.len() == count {
                break;
            }
        }
    }
    found
}
