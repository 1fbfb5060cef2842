//! The course of a case: each step at its legal time, ordered from its author's node, and what the law says of it.

use concerto_api::views::timeliness_of;
use concerto_core::{Case, Fault};
use concerto_message::{Audience, ConferenceId, MessageId};
use concerto_procedure::acts::TermKind;
use concerto_procedure::terms;
use concerto_store_sqlite::SqliteReader;
use data_encoding::BASE64;
use jiff::civil::Date;
use serde_json::Value;
use std::collections::BTreeMap;

use super::case_file::{ActStep, CaseFile, Participant, Step, What};
use super::documents::Documents;
use super::nodes::Nodes;
use super::report;
use super::resolve::resolve;
use super::settle::settle;
use crate::auto::{self, Absent};
use crate::commands::media_type;
use crate::control::{WireContent, WireDocument, WireOrder, WireReply};
use crate::output::{Failure, Output};
use crate::views;

/// Terms as the lead computed them after a step: kind and body, strict date.
pub(super) type Dates = BTreeMap<(TermKind, Option<concerto_message::Writer>), Date>;

/// A run under way.
pub(super) struct Course<'a> {
    pub(super) out: Output,
    pub(super) case: &'a CaseFile,
    pub(super) documents: &'a Documents,
    pub(super) nodes: &'a mut Nodes,
    pub(super) conference: Option<ConferenceId>,
    messages: BTreeMap<String, MessageId>,
    dates: Dates,
}

impl<'a> Course<'a> {
    pub(super) fn new(
        out: Output,
        case: &'a CaseFile,
        documents: &'a Documents,
        nodes: &'a mut Nodes,
    ) -> Self {
        Self { out, case, documents, nodes, conference: None, messages: BTreeMap::new(), dates: Dates::new() }
    }

    /// Does every step; at the end every node runs and holds everything.
    pub(super) fn run(&mut self) -> Result<ConferenceId, Failure> {
        for step in &self.case.steps {
            self.nodes.check_interrupt()?;
            self.nodes.set_clock(step.at)?;
            self.step(step).map_err(|failure| of_step(step, failure))?;
        }
        for key in self.nodes.start_all()? {
            let text =
                self.out.say("nodo riavviato per il confronto", "node started again for the comparison");
            self.out.progress(&report::step_line(None, &key, text));
        }
        let conference = self.conference.clone();
        let conference =
            conference.ok_or_else(|| Failure::environment("demo.conference", &"no conference was opened"))?;
        settle(self.case, self.nodes, &conference, "-")?;
        Ok(conference)
    }

    fn step(&mut self, step: &Step) -> Result<(), Failure> {
        let author = self.case.participant(&step.by);
        let author = author.ok_or_else(|| Failure::environment("demo.participant", &step.by))?;
        let key = author.key.as_str();
        match &step.what {
            What::Note(text) => self.tell(step, key, text),
            What::StopNode => {
                self.nodes.stop(key)?;
                self.tell(
                    step,
                    key,
                    self.out
                        .say("■ il nodo si ferma (processo terminato)", "■ the node stops (process ended)"),
                );
            }
            What::StartNode => {
                let before = self.links_of(key)?;
                self.nodes.start(key)?;
                self.settled(step)?;
                let caught_up = self.links_of(key)?.saturating_sub(before);
                let text = if self.out.italian() {
                    format!("▶ il nodo riparte e recupera {caught_up} messaggi")
                } else {
                    format!("▶ the node starts again and catches up with {caught_up} messages")
                };
                self.tell(step, key, &text);
                self.tell_dates()?;
            }
            What::Act(act) => self.act(step, author, act)?,
        }
        Ok(())
    }

    fn act(&mut self, step: &Step, author: &Participant, act: &ActStep) -> Result<(), Failure> {
        let order = self.order(step, author, act)?;
        let (conference, message, warnings) = match self.nodes.node(&author.key)?.order(&order)? {
            WireReply::Sent { conference, message, warnings } => (conference, message, warnings),
            WireReply::Fault { fault } => return Err(Failure::refused(fault)),
            _ => return Err(Failure::environment("demo.reply", &"the node gave another reply")),
        };
        self.conference = Some(conference);
        self.messages.insert(step.name.clone(), message);
        self.settled(step)?;
        let case = self.lead_case()?;
        if let Some(entry) = case.entry(message) {
            let what = report::act_text(self.out, self.case, entry);
            let text = format!("{what}{}", report::documents_text(self.out, self.case, act));
            self.tell(step, &author.key, &text);
        }
        let found = timeliness_of(&case, message);
        if let Some(found) = &found {
            self.tell_below(&report::timeliness_text(self.out, found));
        }
        // that an act is late was just said
        for warning in warnings.iter().filter(|warning| found.is_none() || !warning.code.ends_with("_late")) {
            let text = if self.out.italian() { &warning.text } else { &warning.text_en };
            self.tell_below(&format!("{}: {text}", self.out.say("avviso", "warning")));
        }
        self.tell_dates()
    }

    fn order(&self, step: &Step, author: &Participant, act: &ActStep) -> Result<WireOrder, Failure> {
        let facts = self.resolved(self.case.facts_of(act))?;
        let body = self.case.body_of(author, act).map(|body| self.resolved(body)).transpose()?;
        let documents = act.documents.iter().map(|document| {
            let bytes = self
                .documents
                .read(&document.file)
                .map_err(|(it, en)| Failure::usage("case.document", it, en))?;
            let audience = self.audience(document.audience.as_ref());
            Ok(WireDocument {
                media_type: media_type(&document.file).to_owned(),
                audience,
                content: WireContent::Bytes { bytes: BASE64.encode(&bytes) },
            })
        });
        let documents = documents.collect::<Result<Vec<_>, Failure>>()?;
        let Some(conference) = self.conference.clone() else {
            let act = auto::act(&act.type_name, auto::notice(facts, step.at, Absent::Leave)?)?;
            return Ok(WireOrder::Open { act, body, documents });
        };
        // the lead computes from its own record, and so does everybody else
        let case = self.case_at(&author.key, &conference)?;
        let name = &act.type_name;
        let facts = auto::facts(name, facts, &case, &author.writer, step.at, Absent::Leave)?;
        let body_audience = self.audience(act.body_audience.as_ref());
        let act = auto::act(name, facts)?;
        Ok(WireOrder::Send { conference, act, behalf: None, body, body_audience, documents, wait: false })
    }

    fn audience(&self, keys: Option<&Vec<String>>) -> Audience {
        let Some(keys) = keys else { return Audience::ALL };
        Audience::Only(
            keys.iter().filter_map(|key| self.case.participant(key)).map(|p| p.writer.clone()).collect(),
        )
    }

    fn resolved(&self, value: Value) -> Result<Value, Failure> {
        let names = |name: &str| match self.case.participant(name) {
            Some(participant) => Some(participant.writer.to_string()),
            None => self.messages.get(name).map(ToString::to_string),
        };
        resolve(value, &names).map_err(|name| {
            Failure::usage(
                "case.reference",
                format!("`@{name}` non è noto."),
                format!("`@{name}` is not known."),
            )
        })
    }

    fn settled(&self, step: &Step) -> Result<(), Failure> {
        match &self.conference {
            Some(conference) => settle(self.case, self.nodes, conference, &step.name),
            None => Ok(()),
        }
    }

    fn lead_case(&self) -> Result<Case, Failure> {
        let conference = self.conference.as_ref();
        let conference =
            conference.ok_or_else(|| Failure::environment("demo.conference", &"none is open"))?;
        self.case_at(&self.lead()?.key, conference)
    }

    fn lead(&self) -> Result<&'a Participant, Failure> {
        let lead = self.case.participant(&self.case.lead);
        lead.ok_or_else(|| Failure::environment("demo.participant", &self.case.lead))
    }

    fn case_at(&self, key: &str, conference: &ConferenceId) -> Result<Case, Failure> {
        let reader = SqliteReader::open(self.nodes.node(key)?.home.journal_path())?;
        let case = Case::load(conference, &reader)?;
        case.ok_or_else(|| {
            Failure::environment("demo.conference", &format!("{key}: the conference is not there"))
        })
    }

    /// How many links a node holds.
    fn links_of(&self, key: &str) -> Result<usize, Failure> {
        let Some(conference) = &self.conference else { return Ok(0) };
        let reader = SqliteReader::open(self.nodes.node(key)?.home.journal_path())?;
        Ok(Case::load(conference, &reader)?.map_or(0, |case| case.entries().count()))
    }

    fn tell(&self, step: &Step, key: &str, text: &str) {
        self.out.progress(&report::step_line(Some(views::rome_text(step.at)), key, text));
    }

    fn tell_below(&self, text: &str) {
        self.out.progress(&report::below(text));
    }

    /// Tells which dates the step set or moved, by the lead's computation.
    fn tell_dates(&mut self) -> Result<(), Failure> {
        if self.conference.is_none() {
            return Ok(());
        }
        let case = self.lead_case()?;
        let computed = terms(case.state()).into_iter().map(|term| ((term.kind, term.body), term.strict));
        let dates: Dates = computed.collect();
        if let Some(text) = report::moved_dates(self.out, self.case, &case, &self.dates, &dates) {
            self.tell_below(&text);
        }
        self.dates = dates;
        Ok(())
    }
}

/// A failure, with the step where it happened.
fn of_step(step: &Step, mut failure: Failure) -> Failure {
    let name = &step.name;
    failure.faults = failure
        .faults
        .into_iter()
        .map(|fault| Fault {
            text: format!("passo `{name}`: {}", fault.text),
            text_en: format!("step `{name}`: {}", fault.text_en),
            ..fault
        })
        .collect();
    failure
}
