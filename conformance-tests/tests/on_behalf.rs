//! Links that one member writes for another: what the procedente's chain shows has effect in every node, anything else in none.
//!
//! Plausible wrong implementations that fail here: a node that believes `on_behalf_of` of whoever signs; one that looks for the evidence on
//! another chain, or further on; one that gives an office named in `on_behalf_of` the weight of a body; one that folds an act for a
//! body only where it was written.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests stop at the first surprise"
)]

use concerto_conformance::acts;
use concerto_conformance::federation::{BODIES, LEAD, federation};
use concerto_conformance::forge::{self, Draft};
use concerto_conformance::stage::Stage;
use concerto_message::attachment::{Attachment, Audience, Salt};
use concerto_message::{MessageId, Writer};
use concerto_procedure::acts::{Act, Channel, Direction, Outside, Position, RecordedExchange};
use serde_json::json;

/// The body that only ever writes by mail.
const BY_MAIL: &str = BODIES[1];

fn by_mail() -> Writer {
    BY_MAIL.parse().unwrap()
}

/// A draft that is written for the body, with this evidence.
fn for_body(draft: Draft, evidence: MessageId) -> Draft {
    let body = by_mail();
    draft.payload("on_behalf_of", json!({ "ipa": body.ipa, "aoo": body.aoo, "evidence": evidence }))
}

/// The record of a mail that came from the body now.
fn record(stage: &Stage, writer: &str, sequence: u64, previous: Option<MessageId>) -> Draft {
    let exchange = RecordedExchange {
        party: Outside::Body(by_mail()),
        direction: Direction::Received,
        channel: Channel::Pec,
        at: stage.now.wall,
        about: None,
    };
    let mail = Attachment::new(&Salt([7; 16]), b"mail", "message/rfc822".into(), Audience::ALL);
    let draft = stage.draft(writer, &Act::RecordedExchange(exchange), sequence, previous);
    draft.payload("documents", json!([mail]))
}

fn assent() -> Act {
    acts::determination(Position::Assent)
}

/// What a node thinks: the determinations of the body, and the codes of what had no effect.
fn thinks(stage: &Stage) -> (Vec<MessageId>, Vec<&'static str>) {
    let case = stage.node.case(&stage.conference).unwrap();
    let given = case.state().determinations_of(&by_mail()).map(|given| given.message).collect();
    (given, case.state().anomalies().iter().map(|anomaly| anomaly.code).collect())
}

#[test]
fn a_body_that_writes_for_another_is_refused_at_the_procedente() {
    let mut stage = Stage::at_lead();
    let office = federation().office(BODIES[0]);
    stage.greet(BODIES[0]);
    let recorded = record(&stage, BODIES[0], 1, None).signed(office);
    let id = forge::read(&recorded).id();
    let act = for_body(stage.draft(BODIES[0], &assent(), 2, Some(id)), id).signed(office);
    assert_eq!(stage.deliver(BODIES[0], &[&recorded, &act]).code(), "-", "both are kept");
    stage.tick();
    let (given, codes) = thinks(&stage);
    assert_eq!(given, []);
    assert_eq!(codes, ["procedure.not_lead", "procedure.behalf_not_lead"]);
    assert!(stage.node.case(&stage.conference).unwrap().is_taken(forge::read(&act).id()));
}

#[test]
fn what_the_procedente_writes_for_a_body_counts_at_every_node_and_only_with_evidence() {
    let mut stage = Stage::at_body();
    let office = federation().office(LEAD);
    let mut last = (1, stage.notice);
    let mut say = |stage: &mut Stage, draft: &dyn Fn(&Stage, u64, MessageId) -> Draft| {
        let text = draft(stage, last.0 + 1, last.1).signed(office);
        let id = forge::read(&text).id();
        last = (last.0 + 1, id);
        assert_eq!(stage.deliver(LEAD, &[&text]).code(), "-");
        id
    };
    let act = |evidence| {
        move |stage: &Stage, sequence, previous| {
            for_body(stage.draft(LEAD, &assent(), sequence, Some(previous)), evidence)
        }
    };
    // an office, not a body of the conference
    say(&mut stage, &|stage, sequence, previous| {
        let draft = stage.draft(LEAD, &assent(), sequence, Some(previous));
        draft.payload("on_behalf_of", json!({ "ipa": by_mail().ipa, "office": "SUE" }))
    });
    let notice = stage.notice;
    say(&mut stage, &act(notice));
    assert_eq!(thinks(&stage), (vec![], vec!["procedure.not_invited", "procedure.behalf_evidence_unknown"]));
    let evidence =
        say(&mut stage, &|stage, sequence, previous| record(stage, LEAD, sequence, Some(previous)));
    let written = say(&mut stage, &act(evidence));
    assert_eq!(thinks(&stage).0, [written]);
    say(&mut stage, &act(evidence));
    let (given, codes) = thinks(&stage);
    assert_eq!((given, codes.last()), (vec![written], Some(&"procedure.behalf_evidence_used")));
    let case = stage.node.case(&stage.conference).unwrap();
    assert_eq!(case.state().evidence_of(written).map(|exchange| exchange.message), Some(evidence));
    assert!(!case.state().has_node(&by_mail()));
    assert_eq!(case.pending().len(), 0, "it needs no taking in charge");
}
