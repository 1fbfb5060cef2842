//! How the tables of a case fit together: names, order of time, running nodes, documents, references, schemas.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

use super::case_file::{ActStep, CaseFile, Participant, Step, What};
use super::documents::Documents;
use super::reading::Problems;
use super::resolve::resolve;
use crate::auto::{self, AUTO};

/// The acts that a step may do; `open` writes the notice. What nodes write by themselves is not among them.
pub(super) const ACTS: &[&str] = &[
    "Notice",
    "RecordedExchange",
    "CompetenceStatement",
    "ParticipantAdded",
    "IntegrationRequest",
    "Suspension",
    "IntegrationDelivered",
    "SyncModeRequest",
    "Determination",
    "LateOrInvalidActNotice",
    "ImpliedAssent",
    "PrescriptionConsultation",
    "FinalDetermination",
    "EfficacyStatement",
    "TermCorrection",
    "Closure",
    "Sealed",
    "MeetingCall",
    "RepresentativeAppointment",
    "DissentToRepresentative",
    "MeetingMinutes",
    "RebuttalForwarded",
];

/// Stands for the identifier of a message that does not exist yet.
const SAMPLE_ID: &str = "0000000000000000000000000000000000000000000000000000000000000000";

pub(super) fn check(case: &CaseFile, documents: &Documents, problems: &mut Problems) {
    check_participants(case, problems);
    let mut course = Course { case, documents, problems, earlier: BTreeMap::new(), stopped: BTreeSet::new() };
    course.check_order();
    for step in &case.steps {
        course.check_step(step);
        course.earlier.insert(&step.name, step);
    }
    check_expected(case, problems);
}

fn place_of(step: &Step) -> String {
    format!("[[step]] {}", step.name)
}

fn check_participants(case: &CaseFile, problems: &mut Problems) {
    let mut names = BTreeSet::new();
    let mut writers = BTreeSet::new();
    if !matches!(case.language.as_str(), "it" | "en" | "de" | "fr") {
        problems.add("[case]", "`language`: it, en, de o fr", "`language`: it, en, de or fr");
    }
    if concerto_procedure::Regime::named(&case.regime).is_none() {
        let regime = &case.regime;
        problems.add(
            "[case]",
            format!("il regime `{regime}` non esiste"),
            format!("there is no regime `{regime}`"),
        );
    }
    if case.participant(&case.lead).is_none() {
        let lead = &case.lead;
        problems.add(
            "[case]",
            format!("`lead`: `{lead}` non è un partecipante"),
            format!("`lead`: `{lead}` is no participant"),
        );
    }
    for participant in &case.participants {
        let place = format!("[[participant]] {}", participant.key);
        if !names.insert(&participant.key) {
            problems.add(&place, "c'è due volte", "it stands here twice");
        }
        if !writers.insert(&participant.writer) {
            let writer = &participant.writer;
            problems.add(
                &place,
                format!("{writer} è di un altro partecipante"),
                format!("{writer} is another participant's"),
            );
        }
        match (participant.key == case.lead, participant.acts.is_empty()) {
            (false, true) => {
                problems.add(&place, "manca [[participant.act]]", "[[participant.act]] is missing")
            }
            (true, false) => problems.add(
                &place,
                "a chi procede non si chiedono atti: togliere [[participant.act]]",
                "nothing is asked of the lead: remove [[participant.act]]",
            ),
            _ => {}
        }
    }
    if case.participants.len() < 2 {
        problems.add(
            "[[participant]]",
            "servono almeno due partecipanti",
            "two participants at least are needed",
        );
    }
}

struct Course<'a, 'p> {
    case: &'a CaseFile,
    documents: &'a Documents,
    problems: &'p mut Problems,
    earlier: BTreeMap<&'a str, &'a Step>,
    stopped: BTreeSet<&'a str>,
}

impl<'a> Course<'a, '_> {
    fn check_order(&mut self) {
        let opens = |step: &&Step| matches!(&step.what, What::Act(act) if act.type_name == "Notice");
        let acts = self.case.steps.iter().filter(|step| matches!(step.what, What::Act(_)));
        match acts.clone().next() {
            None => self.problems.add("[[step]]", "manca il passo `open`", "the step `open` is missing"),
            Some(first) if !opens(&first) => self.problems.add(
                &place_of(first),
                "il primo atto è sempre `open`",
                "the first act is always `open`",
            ),
            Some(_) => {}
        }
        for again in acts.filter(opens).skip(1) {
            self.problems.add(&place_of(again), "`open` c'è già", "there is an `open` already");
        }
        for (before, after) in self.case.steps.iter().zip(self.case.steps.iter().skip(1)) {
            if after.at <= before.at {
                let name = &before.name;
                self.problems.add(
                    &place_of(after),
                    format!("`at` non è dopo il passo `{name}`"),
                    format!("`at` is not after the step `{name}`"),
                );
            }
        }
    }

    fn check_step(&mut self, step: &'a Step) {
        let place = place_of(step);
        if self.earlier.contains_key(step.name.as_str()) || self.case.participant(&step.name).is_some() {
            self.problems.add(
                &place,
                "il nome è già di un passo o di un partecipante",
                "the name is a step's or a participant's already",
            );
        }
        let Some(author) = self.case.participant(&step.by) else {
            let by = &step.by;
            self.problems.add(
                &place,
                format!("`by`: `{by}` non è un partecipante"),
                format!("`by`: `{by}` is no participant"),
            );
            return;
        };
        let stopped = self.stopped.contains(author.key.as_str());
        match &step.what {
            What::Note(_) => {}
            What::StopNode if stopped => {
                self.problems.add(&place, "il nodo è già fermo", "the node is stopped already")
            }
            What::StopNode => {
                self.stopped.insert(&author.key);
            }
            What::StartNode if !stopped => {
                self.problems.add(&place, "il nodo è già in funzione", "the node runs already");
            }
            What::StartNode => {
                self.stopped.remove(author.key.as_str());
            }
            What::Act(act) => {
                if stopped {
                    self.problems.add(
                        &place,
                        "il nodo di chi agisce è fermo",
                        "the node of who acts is stopped",
                    );
                }
                self.check_act(&place, author, act);
                if act.type_name == "Notice" {
                    self.check_regime(&place, step, act);
                }
            }
        }
    }

    fn check_act(&mut self, place: &str, author: &Participant, act: &ActStep) {
        if act.type_name == "Notice" && author.key != self.case.lead {
            self.problems.add(
                place,
                "solo chi procede apre la conferenza",
                "only the lead opens the conference",
            );
        }
        if act.type_name == "Notice" && act.body_audience.is_some() {
            self.problems.add(
                place,
                "l'indizione è per tutti: togliere `body_audience`",
                "the notice is for everybody: remove `body_audience`",
            );
        }
        for document in &act.documents {
            if let Err((it, en)) = self.documents.read(&document.file) {
                self.problems.add(place, it, en);
            }
        }
        let audiences = act.documents.iter().filter_map(|d| d.audience.as_ref()).chain(&act.body_audience);
        for key in audiences.flatten() {
            if self.case.participant(key).is_none() {
                self.problems.add(
                    place,
                    format!("destinatari: `{key}` non è un partecipante"),
                    format!("audience: `{key}` is no participant"),
                );
            }
        }
        self.check_facts(place, act);
        self.check_body(place, author, act);
    }

    /// The regime of the case is the one that the notice fixes.
    fn check_regime(&mut self, place: &str, step: &Step, act: &ActStep) {
        let written =
            act.facts.get("regime_basis_date").and_then(Value::as_str).and_then(|day| day.parse().ok());
        let basis = written.unwrap_or_else(|| concerto_procedure::rome_date(step.at));
        let wanted = &self.case.regime;
        match concerto_procedure::Regime::on(basis) {
            Ok(regime) if regime.id == *wanted => {}
            found => {
                let found = found.map_or("-", |regime| regime.id.as_str());
                self.problems.add(
                    place,
                    format!("il regime del {basis} è {found}, non `{wanted}` come in [case]"),
                    format!("the regime of {basis} is {found}, not `{wanted}` as in [case]"),
                );
            }
        }
    }

    /// The facts against their schema, with samples where a value will be computed or is an identifier to come.
    fn check_facts(&mut self, place: &str, act: &ActStep) {
        let facts = self.case.facts_of(act);
        let Some(Value::Object(mut facts)) = self.resolved(place, facts) else { return };
        for (field, value) in facts.iter_mut().filter(|(_, value)| **value == AUTO) {
            if concerto_api::computable(&act.type_name).contains(&field.as_str()) {
                *value = sample(field);
            } else {
                self.problems.add(
                    place,
                    format!("fatti, `{field}`: \"@auto\" qui non vale; scrivere il valore"),
                    format!("facts, `{field}`: \"@auto\" does not hold here; write the value"),
                );
            }
        }
        let Some(urn) = concerto_schemas::schema_urn_for_type(&act.type_name) else { return };
        for (at, what) in auto::fact_problems(urn, &act.type_name, None, &Value::Object(facts)) {
            self.problems.add(place, format!("fatti, `{at}`: {what}"), format!("facts, `{at}`: {what}"));
        }
    }

    fn check_body(&mut self, place: &str, author: &Participant, act: &ActStep) {
        let body = self.case.body_of(author, act);
        let Some(urn) = concerto_schemas::body_urn_for_type(&act.type_name) else { return };
        let Some(body) = body else {
            self.problems.add(place, "manca [step.body]", "[step.body] is missing");
            return;
        };
        let Some(body) = self.resolved(place, body) else { return };
        if let Err(error) = concerto_schemas::check_body(urn, &body) {
            for problem in error.problems() {
                let (at, what) = (problem.at.trim_start_matches('/'), &problem.what);
                self.problems.add(place, format!("testo, `{at}`: {what}"), format!("body, `{at}`: {what}"));
            }
        }
    }

    fn resolved(&mut self, place: &str, value: Value) -> Option<Value> {
        let names = |name: &str| match self.case.participant(name) {
            Some(participant) => Some(participant.writer.to_string()),
            None => {
                let step = self.earlier.get(name)?;
                matches!(step.what, What::Act(_)).then(|| SAMPLE_ID.to_owned())
            }
        };
        match resolve(value, &names) {
            Ok(value) => Some(value),
            Err(name) => {
                self.problems.add(
                    place,
                    format!("`@{name}` non è un partecipante né l'atto di un passo precedente"),
                    format!("`@{name}` is neither a participant nor the act of an earlier step"),
                );
                None
            }
        }
    }
}

fn check_expected(case: &CaseFile, problems: &mut Problems) {
    for term in &case.expected.terms {
        if let Some(key) = term.body.as_ref().filter(|key| case.participant(key).is_none()) {
            problems.add(
                "[expected]",
                format!("`{key}` non è un partecipante"),
                format!("`{key}` is no participant"),
            );
        }
    }
}

/// A value of the right form for a field that will be computed.
fn sample(field: &str) -> Value {
    match field {
        "round" | "session" => json!(1),
        "sensitive_scope" => json!("own"),
        "acts" => json!(["atto"]),
        "requests" | "messages" => json!([SAMPLE_ID]),
        "suspension" | "conclusion" | "proof_of_receipt" | "meeting" | "appointment" | "observations" => {
            json!(SAMPLE_ID)
        }
        "ground" => json!("late"),
        "positions" => json!([{ "body": "ipa/AOO", "position": "assent", "basis": SAMPLE_ID }]),
        "efficacy" => json!("immediate"),
        "at" | "opened_at" | "closed_at" => json!("2000-01-01T00:00:00Z"),
        "dates" => json!({
            "integration_until": "2000-01-01", "determination_until": "2000-01-01",
            "sensitive_until": "2000-01-01", "meeting_on": "2000-01-01",
        }),
        _ => json!("2000-01-01"),
    }
}
