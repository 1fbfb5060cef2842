//! What every released version froze (`conformance-tests/frozen`) is opened, verified and gone on with by this version.
//!
//! ```text
//! frozen/VERSION ──copy──► region   lead: opens, shows what it showed, exports
//!                          town     silent, then late
//!                          office   replaces its determination, in time ──► lead hears, concludes ──► all hold the same
//! ```
//!
//! It would catch a journal that is not migrated, a message that is no longer understood, a date that is computed otherwise, a node
//! that cannot speak with peers that hold older chains, and frozen data that was changed to make a test pass.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stop at the first surprise"
)]

#[path = "frozen/copies.rs"]
mod copies;
mod support;

use concerto_core::Case;
use concerto_message::{ConferenceId, Digest, MessageId, Writer};
use concerto_port::JournalRead;
use concerto_store_sqlite::{SqliteJournal, SqliteReader};
use copies::{Copied, EXPECTED, Frozen, differences, files_below};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use support::{Control, Serving, eventually, signatory, text};

/// Most bytes of a frozen version with its export.
const BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Links or rows read in one go; a frozen case has fewer.
const ROWS: usize = 4096;

#[test]
fn frozen_data_is_what_was_frozen() {
    for frozen in Frozen::all() {
        let listed: BTreeMap<String, String> =
            serde_json::from_value(frozen.expected["files"].clone()).unwrap();
        let mut found = files_below(&frozen.folder);
        assert!(found.remove(EXPECTED));
        assert_eq!(found, listed.keys().cloned().collect::<BTreeSet<_>>(), "{}", frozen.version);
        let mut size = fs::metadata(frozen.folder.join(EXPECTED)).unwrap().len();
        for (path, digest) in &listed {
            let bytes = fs::read(frozen.folder.join(path)).unwrap();
            assert_eq!(Digest::of(&bytes).to_string(), *digest, "{}: {path} was changed", frozen.version);
            size += bytes.len() as u64;
        }
        assert!(size <= BYTES_MAX, "{}: {size} bytes", frozen.version);
        println!("{}: {} files, {size} bytes, as they were frozen", frozen.version, listed.len());
    }
}

#[test]
fn every_node_opens_and_shows_what_it_showed() {
    for frozen in Frozen::all() {
        let copied = frozen.copy();
        let conference = text(&frozen.expected, "conference");
        for key in frozen.nodes() {
            let recorded = &frozen.expected["nodes"][key];
            // opening brings an older journal to the present format
            let integrity = SqliteJournal::open(copied.home(key).join("journal.sqlite"))
                .unwrap()
                .verify_integrity()
                .unwrap();
            assert_eq!(json!(integrity.links), recorded["links"], "{key}");
            assert_eq!(json!(integrity.receipts), recorded["receipts"], "{key}");
            let export = copied.path(&format!("export-{key}"));
            copied.ask(key, &["conference", "export", &conference, export.to_str().unwrap()]);
            let shown = [
                ("list", copied.ask(key, &["conference", "list"])),
                ("show", copied.ask(key, &["conference", "show", &conference])),
                ("timeline", copied.ask(key, &["conference", "timeline", &conference])),
                ("export", copied.verify(&export)),
            ];
            for (what, found) in &shown {
                let place = format!("{} {key} {what}", frozen.version);
                assert_eq!(differences(&place, &recorded[what], found), Vec::<String>::new());
            }
            println!(
                "{} {key}: {} links, {} receipts, shown as recorded",
                frozen.version, integrity.links, integrity.receipts
            );
        }
    }
}

#[test]
fn every_frozen_export_verifies() {
    for frozen in Frozen::all() {
        let copied = frozen.copy();
        let found = copied.verify(&copied.path("export"));
        let place = format!("{} export", frozen.version);
        assert_eq!(differences(&place, &frozen.expected["export"], &found), Vec::<String>::new());
        println!("{place}: good, {}", found["counts"]);
    }
}

#[test]
fn nodes_go_on_with_a_frozen_case() {
    for frozen in Frozen::all() {
        let copied = frozen.copy();
        let going = Continued::start(&frozen, &copied);
        let frozen_links = going.links(going.lead).len();
        let determination = going.body_replaces_its_determination();
        let conclusion = going.lead_concludes(determination);
        going.settled("the final determination", Some(conclusion));
        going.send(
            going.lead,
            "EfficacyStatement",
            &json!({ "conclusion": conclusion, "efficacy": "immediate", "since": "2027-01-26" }),
            json!({ "subject": "Attestazione di efficacia", "reasons": "Nessun dissenso qualificato." }),
            None,
        );
        going.settled("the statement of efficacy", None);
        let links = going.links(going.lead).len();
        let in_memory: BTreeSet<_> =
            going.serving.keys().map(|key| going.state_in_memory(key).unwrap()).collect();
        assert_eq!(in_memory.len(), 1, "the state in the memory of every node");
        let may_see_all = [going.lead, going.body];
        going.stop();
        proves_itself(&frozen, &copied, &may_see_all);
        println!(
            "{}: {frozen_links} frozen links, {links} at the end, the same at all nodes",
            frozen.version
        );
    }
}

#[test]
fn a_recorded_value_that_is_shown_otherwise_is_found() {
    let recorded = json!({ "phase": "to_decide", "bodies": [{ "body": "a/B", "until": "2027-01-13" }] });
    let more = json!({ "phase": "to_decide", "bodies": [{ "body": "a/B", "until": "2027-01-13", "new": 1 }], "new": 1 });
    assert_eq!(differences("", &recorded, &more), Vec::<String>::new());
    for other in [
        json!({ "phase": "to_decide", "bodies": [{ "body": "a/B", "until": "2027-01-14" }] }),
        json!({ "phase": "to_decide", "bodies": [{ "body": "a/B" }] }),
        json!({ "phase": "to_decide", "bodies": [] }),
        json!({ "bodies": [{ "body": "a/B", "until": "2027-01-13" }] }),
    ] {
        assert_eq!(differences("", &recorded, &other).len(), 1, "{other}");
    }
}

/// The nodes of a copy, running, and the case they go on with.
struct Continued<'a> {
    copied: &'a Copied,
    conference: ConferenceId,
    lead: &'a str,
    /// The body whose conditional assent stands and whose term still runs.
    body: &'a str,
    writers: BTreeMap<&'a str, Writer>,
    serving: BTreeMap<&'a str, Serving>,
}

impl<'a> Continued<'a> {
    fn start(frozen: &'a Frozen, copied: &'a Copied) -> Self {
        let nodes = &frozen.expected["nodes"];
        let writer = |key: &str| text(&nodes[key]["export"], "exported_by").parse().unwrap();
        let writers: BTreeMap<&str, Writer> =
            frozen.nodes().into_iter().map(|key| (key, writer(key))).collect();
        let key_of = |name: &str| *writers.iter().find(|(_, writer)| writer.to_string() == name).unwrap().0;
        let bodies = frozen.expected["export"]["view"]["bodies"].as_array().unwrap();
        let conditional = bodies.iter().find(|body| body["status"] == "conditional_assent").unwrap();
        let conference: ConferenceId = text(&frozen.expected, "conference").parse().unwrap();
        let (lead, body) = (key_of(&conference.lead().to_string()), key_of(&text(conditional, "body")));
        let serving =
            frozen.nodes().into_iter().map(|key| (key, Serving::start(&copied.home(key), None))).collect();
        let going = Self { copied, conference, lead, body, writers, serving };
        going.settled("the start", None);
        going
    }

    /// A new determination in time, with a document for author and lead alone.
    fn body_replaces_its_determination(&self) -> MessageId {
        self.copied.set_clock("2027-01-21T09:00:00Z");
        let secret = self.copied.path("riservato.txt");
        fs::write(&secret, "Indagine di prova, seconda stesura.\n").unwrap();
        let facts = json!({
            "position": "conditional_assent",
            "prescriptions": [{ "number": 1, "origin": "discretion", "cost_eur": "900.00", "mitigating": true }],
        });
        let body = json!({
            "subject": "Determinazione: assenso con una condizione, che sostituisce la precedente",
            "reasons": "Basta un intonaco di calce idraulica.",
            "prescriptions": [{
                "number": 1, "text": "L'intonaco sia di calce idraulica.", "citation": "D.Lgs. 42/2004 art. 21",
                "cost_basis": "Valori di prova.", "proportionality": "0,3 % dei lavori.",
            }],
        });
        let document = format!("{}={}", secret.display(), self.writers[self.lead]);
        let message = self.send(self.body, "Determination", &facts, body, Some(document));
        self.settled("the determination", None);
        message
    }

    /// Hearing, answer of the applicant, final determination.
    fn lead_concludes(&self, determination: MessageId) -> MessageId {
        self.copied.set_clock("2027-01-22T09:00:00Z");
        let prescription = |text: &str| json!({ "determination": determination, "number": 1, "text": text });
        let consultation = self.send(
            self.lead,
            "PrescriptionConsultation",
            &json!({ "determinations": [determination], "answer_until": "2027-01-25" }),
            json!({
                "subject": "Consultazione sulla nuova prescrizione",
                "prescriptions": [prescription("Intonaco di calce idraulica.")],
                "how_to_answer": "Osservazioni entro il 25 gennaio 2027.",
                "heard": ["Condominio di prova"],
            }),
            None,
        );
        self.copied.set_clock("2027-01-25T09:00:00Z");
        let evidence = self.copied.path("risposta.txt");
        fs::write(&evidence, "Il richiedente accetta.\n").unwrap();
        self.send(
            self.lead,
            "RecordedExchange",
            &json!({ "party": "applicant", "direction": "received", "channel": "pec", "at": "2027-01-25T08:00:00Z", "about": consultation }),
            json!({
                "subject": "Risposta del richiedente", "counterpart": { "name": "Condominio di prova" },
                "description": "Accetta la prescrizione.", "evidence": "lettera ricevuta via PEC",
            }),
            Some(evidence.to_str().unwrap().to_owned()),
        );
        self.settled("the answer", None);
        self.copied.set_clock("2027-01-26T15:00:00Z");
        self.final_determination(determination)
    }

    fn final_determination(&self, determination: MessageId) -> MessageId {
        let bodies = self.writers.iter().filter(|(key, _)| **key != self.lead).map(|(_, writer)| writer);
        let position = |writer: &Writer| json!({ "body": writer, "text": "Assenso." });
        let text_of_outcome = json!({
            "determination": determination, "number": 1, "text": "Intonaco di calce idraulica.", "reasons": "Accettata.",
        });
        let facts = json!({
            "outcome": "positive_with_prescriptions",
            "prescriptions": [{ "determination": determination, "number": 1, "accepted": true }],
            "judgements": [{ "question": "prescriptions_acceptable", "answer": true }],
        });
        let body = json!({
            "subject": "Conclusione positiva, con prescrizioni",
            "object": "Riparazione dell'edificio in via Esempio 1 (di prova).",
            "course": "Indizione del 30 novembre 2026.",
            "reasons": "Assensi, uno per silenzio; la prescrizione è accolta.",
            "positions": bodies.map(position).collect::<Vec<_>>(),
            "prescriptions": [text_of_outcome],
            "judgements": [{
                "question": "prescriptions_acceptable", "reasons": "Non muta l'intervento.",
                "decided_by": { "name": "Responsabile (ruolo di prova)", "role": "responsabile del procedimento" },
            }],
            "replaced_acts": [{ "body": self.writers[self.body], "act": "autorizzazione-bene-culturale", "text": "Autorizzazione" }],
            "efficacy": "Immediata.",
            "remedies": "Ricorso al TAR entro 60 giorni.",
        });
        self.send(self.lead, "FinalDetermination", &facts, body, None)
    }

    /// Sends an act with the command that an office would use; the running node carries it out.
    fn send(
        &self,
        key: &str,
        act: &str,
        facts: &Value,
        mut body: Value,
        document: Option<String>,
    ) -> MessageId {
        let urn = concerto_schemas::body_urn_for_type(act).unwrap();
        body["schema"] = json!(urn);
        body["language"] = json!("it");
        if act != "RecordedExchange" {
            body["signatory"] = signatory();
        }
        let (facts_file, body_file) = (self.copied.path("facts.json"), self.copied.path("body.json"));
        fs::write(&facts_file, facts.to_string()).unwrap();
        fs::write(&body_file, body.to_string()).unwrap();
        let conference = self.conference.to_string();
        let (facts_file, body_file) = (facts_file.to_str().unwrap(), body_file.to_str().unwrap());
        let mut arguments = vec!["act", "send", &conference, act, "--facts", facts_file, "--body", body_file];
        if let Some(document) = &document {
            arguments.extend(["--document", document]);
        }
        let sent = self.copied.ask(key, &arguments);
        println!("{key}: {act} {}", text(&sent, "message"));
        text(&sent, "message").parse().unwrap()
    }

    fn reader(&self, key: &str) -> SqliteReader {
        SqliteReader::open(self.copied.home(key).join("journal.sqlite")).unwrap()
    }

    /// Every link that a node holds: its exact bytes by its identifier.
    fn links(&self, key: &str) -> BTreeMap<MessageId, String> {
        let links = self.reader(key).links(&self.conference, 0, ROWS).unwrap();
        links.iter().map(|stored| (stored.link.id(), stored.link.text().to_owned())).collect()
    }

    /// Waits until nothing is under way any more: the same links and the same state at every node, in its memory and in its store,
    /// nothing that waits for a receipt, a document or the lead; and, where a message is named, its delivery to every body proved.
    fn settled(&self, after: &str, delivered: Option<MessageId>) {
        eventually(&format!("all is settled after {after}"), || self.is_settled(delivered));
    }

    fn is_settled(&self, delivered: Option<MessageId>) -> bool {
        let mut seen = Vec::new();
        for key in self.serving.keys() {
            let reader = self.reader(key);
            if !reader.outbox(None, 0, ROWS).unwrap().is_empty()
                || !reader.wanted(0, ROWS).unwrap().is_empty()
            {
                return false;
            }
            let Some(case) = Case::load(&self.conference, &reader).unwrap() else { return false };
            if !case.pending().is_empty() || case.awaited().is_some() {
                return false;
            }
            let proved: BTreeSet<&Writer> = case
                .state()
                .deliveries()
                .iter()
                .filter(|d| Some(d.message) == delivered)
                .map(|d| &d.body)
                .collect();
            if delivered.is_some() && proved.len() + 1 < self.writers.len() {
                return false;
            }
            let state = case.state_digest().to_string();
            if self.state_in_memory(key).is_some_and(|in_memory| in_memory != state) {
                return false;
            }
            seen.push((self.links(key), state));
        }
        seen.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// The digest of the state that a running node works with; none while it has not needed the conference yet.
    fn state_in_memory(&self, key: &str) -> Option<String> {
        let mut control = Control::open(&self.serving[key].socket()).unwrap();
        let reply = control.order(&json!({ "order": "state_digests" })).unwrap();
        let states: Vec<(ConferenceId, String)> = serde_json::from_value(reply["states"].clone()).unwrap();
        states.into_iter().find(|(conference, _)| *conference == self.conference).map(|(_, state)| state)
    }

    fn stop(self) {
        for (key, serving) in self.serving {
            assert!(serving.stop().success(), "{key}");
        }
    }
}

/// Every node's export of the continued case verifies, says the same, and holds all that was frozen with the same bytes.
fn proves_itself(frozen: &Frozen, copied: &Copied, may_see_all: &[&str]) {
    let conference = text(&frozen.expected, "conference");
    let mut said = Vec::new();
    for key in frozen.nodes() {
        let export = copied.path(&format!("continued-{key}"));
        copied.ask(key, &["conference", "export", &conference, export.to_str().unwrap()]);
        let found = copied.verify(&export);
        assert_eq!(found["view"]["outcome"], "positive_with_prescriptions", "{key}");
        assert_eq!(found["view"]["phase"], "effective", "{key}");
        let before = &frozen.expected["nodes"][key]["export"]["counts"];
        let gained = |name: &str| found["counts"][name].as_u64().unwrap() - before[name].as_u64().unwrap();
        // five acts with a body; two documents, one of them for its author and the lead alone
        let wanted = if may_see_all.contains(&key) { (5, 2, 0) } else { (5, 1, 1) };
        assert_eq!((gained("bodies"), gained("documents"), gained("documents_absent")), wanted, "{key}");
        said.push((
            found["state_digest"].clone(),
            found["terms_statement"].clone(),
            found["counts"]["links"].clone(),
        ));
        println!("{} {key}: the continued case verifies, {}", frozen.version, found["counts"]);
    }
    assert!(said.windows(2).all(|pair| pair[0] == pair[1]), "{said:?}");
    let (then, now) = (frozen.folder.join("export"), copied.path(&format!("continued-{}", may_see_all[0])));
    let exact = |path: &String| path.contains('/') && !path.ends_with(".meta.json") && !is_flattened(path);
    for path in files_below(&then).iter().filter(|path| exact(path)) {
        assert_eq!(
            fs::read(then.join(path)).unwrap(),
            fs::read(now.join(path)).unwrap(),
            "{}: {path}",
            frozen.version
        );
    }
}

/// Whether a file is a link in the form that a later version may give more evidence to (time stamps).
fn is_flattened(path: &str) -> bool {
    path.starts_with("links/") && path.ends_with(".json")
}
