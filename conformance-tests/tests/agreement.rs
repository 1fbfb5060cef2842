//! Nodes that compute different terms: told with both derivations, settled only by the procedente's correction.
//!
//! Plausible wrong implementations that fail here: one that compares only while the procedente is silent; one that publishes the same
//! terms again and again; one that forgets a disagreement at a restart, or never ends it; one that takes another's document as its own reason.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests stop at the first surprise"
)]

use concerto_conformance::federation::{BODIES, federation};
use concerto_conformance::forge;
use concerto_conformance::stage::Stage;
use concerto_exchange::frame::Request;
use concerto_message::attachment::{Attachment, Audience, Salt};
use concerto_message::{Digest, MessageId};
use concerto_port::{DocumentStore, JournalRead};
use concerto_procedure::acts::{Act, TermDigest, TermLine};
use serde_json::{Value, json};

/// The body gives a receipt for the notice that states terms after a link of the procedente.
fn receipt(stage: &mut Stage, lead_head: MessageId, digest: Digest) {
    let office = federation().office(BODIES[0]);
    let notice = stage.node.journal.link(stage.notice).unwrap().unwrap().link;
    let lead = notice.payload().writer.to_string();
    let covered = [(notice.id(), notice.bytes_digest())];
    let mut payload = forge::receipt(office, &lead, &stage.conference, &covered, stage.now.wall);
    payload["terms"] = json!({ "lead_head": lead_head, "digest": digest });
    let text = forge::signed_receipt(office, &payload, stage.now.wall);
    let answered = stage.ask(BODIES[0], &Request::Receipts { receipts: vec![text] });
    assert_eq!(answered.code(), "-");
}

fn alarms(stage: &Stage, code: &str) -> Vec<String> {
    let all = stage.node.journal.alarms(Some(&stage.conference), usize::MAX).unwrap();
    all.into_iter().filter(|alarm| alarm.code == code).map(|alarm| alarm.text).collect()
}

/// What this node said of its own terms, with the document of their derivations.
fn said(stage: &Stage) -> Vec<(TermDigest, Value)> {
    let case = stage.node.case(&stage.conference).unwrap();
    let own = case.entries().filter(|(_, entry)| entry.own).filter_map(|(_, entry)| match &entry.act {
        Ok(Act::TermDigest(act)) => Some((act.clone(), entry.documents[0].digest)),
        _ => None,
    });
    own.map(|(act, document)| {
        let (_, bytes) = stage.node.documents.get(document).unwrap().unwrap();
        (act, serde_json::from_slice(&bytes).unwrap())
    })
    .collect()
}

#[test]
fn a_disagreement_is_told_with_both_derivations_and_settled_by_a_correction() {
    let mut stage = Stage::at_lead();
    stage.greet(BODIES[0]);
    let notice = stage.notice;
    receipt(&mut stage, notice, Digest([9; 32]));
    assert_eq!(alarms(&stage, "terms.disagree").len(), 1);
    let own = said(&stage);
    assert_eq!(own.len(), 1, "this node says its own terms, once");
    let (mine, document) = &own[0];
    concerto_schemas::check_body(concerto_schemas::DERIVATIONS, document).unwrap();
    assert_eq!(document["terms"].as_array().unwrap().len(), mine.terms.len());
    // the same again, with another digest: told, but nothing new is said
    receipt(&mut stage, notice, Digest([8; 32]));
    assert_eq!((alarms(&stage, "terms.disagree").len(), said(&stage).len()), (2, 1));

    // the body's own terms come: one date is another, with its reason
    let mut lines: Vec<TermLine> = mine.terms.clone();
    let moved = &mut lines[0];
    moved.strict = moved.strict.tomorrow().unwrap();
    let (term, theirs) = (moved.term, moved.strict);
    let reasons = json!({
        "schema": concerto_schemas::DERIVATIONS, "language": "it",
        "terms": [{ "term": term, "norm": "norma di prova art. 1", "derivation": "un giorno di troppo" }],
    });
    let (salt, bytes) = (Salt([3; 16]), serde_json::to_vec(&reasons).unwrap());
    let attachment = Attachment::new(&salt, &bytes, "application/json".into(), Audience::ALL);
    stage.node.documents.put(attachment.digest, salt, &bytes).unwrap();
    let act = Act::TermDigest(TermDigest { lead_head: notice, digest: Digest([9; 32]), terms: lines });
    let mut draft = stage.draft(BODIES[0], &act, 1, None);
    draft.payload.as_object_mut().unwrap().remove("body");
    draft.payload["documents"] = json!([attachment]);
    let text = draft.signed(federation().office(BODIES[0]));
    assert_eq!(stage.deliver(BODIES[0], &[&text]).code(), "-");
    let told = alarms(&stage, "terms.differ");
    assert_eq!(told.len(), 1);
    let own_reason = document["terms"].as_array().unwrap().iter().find(|t| t["term"] == json!(term)).unwrap();
    for part in [
        "un giorno di troppo",
        "norma di prova art. 1",
        &theirs.to_string(),
        own_reason["derivation"].as_str().unwrap(),
    ] {
        assert!(told[0].contains(part), "{part} in {}", told[0]);
    }

    // a restart forgets nothing; the disagreement ends when the body computes the same again
    let mut stage = stage.crash();
    stage.greet(BODIES[0]);
    let case = stage.node.case(&stage.conference).unwrap();
    assert_eq!(case.disagreeing().iter().map(ToString::to_string).collect::<Vec<_>>(), [BODIES[0]]);
    let now = case.terms_statement().unwrap();
    receipt(&mut stage, now.lead_head, now.digest);
    assert_eq!(alarms(&stage, "terms.agree").len(), 1);
    assert!(stage.node.case(&stage.conference).unwrap().disagreeing().is_empty());
    receipt(&mut stage, now.lead_head, now.digest);
    assert_eq!(alarms(&stage, "terms.agree").len(), 1, "it is told once");
}
