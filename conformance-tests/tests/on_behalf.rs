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
use concerto_core::mailing::waiting;
use concerto_exchange::fallback::{Class, Fallback, FallbackConfig, Reason, fallback};
use concerto_exchange::frame::Request;
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

/// What a message is for a recipient, and what follows for it now; the recipient has a node or not.
fn mailed(stage: &Stage, message: MessageId, to: &str, has_node: bool) -> (Class, Fallback) {
    let case = stage.node.case(&stage.conference).unwrap();
    let found = waiting(&case, message, &to.parse().unwrap(), (stage.now.wall, has_node, false)).unwrap();
    (found.class, fallback(&FallbackConfig::default(), &found, stage.now.wall))
}

#[test]
fn what_the_procedente_writes_goes_by_mail_to_bodies_without_a_node_until_its_delivery_is_proved() {
    let mut stage = Stage::at_lead();
    let notice = stage.notice;
    assert_eq!(mailed(&stage, notice, BY_MAIL, false), (Class::StartsTerm, Fallback::Now(Reason::NoNode)));
    let (class, then) = mailed(&stage, notice, BODIES[0], true);
    assert!(class == Class::StartsTerm && matches!(then, Fallback::At(_, Reason::NoReceipt)), "{then:?}");
    stage.greet(BODIES[0]);
    let link = stage.node.case(&stage.conference).unwrap().entry(notice).unwrap().bytes;
    let office = federation().office(BODIES[0]);
    let covered = [(notice, link)];
    let payload = forge::receipt(office, LEAD, &stage.conference, &covered, stage.now.wall);
    let text = forge::signed_receipt(office, &payload, stage.now.wall);
    assert_eq!(stage.ask(BODIES[0], &Request::Receipts { receipts: vec![text] }).code(), "-");
    assert_eq!(mailed(&stage, notice, BODIES[0], true).1, Fallback::Never, "its receipt came");
    stage.tick();
    let case = stage.node.case(&stage.conference).unwrap();
    let taking = case.entries().find(|(_, entry)| matches!(entry.act, Ok(Act::TakenInCharge(_)))).unwrap();
    let taking = *taking.0;
    assert_eq!(mailed(&stage, taking, BY_MAIL, false), (Class::Technical, Fallback::Never));

    let delivered = RecordedExchange {
        party: Outside::Body(by_mail()),
        direction: Direction::Sent,
        channel: Channel::Pec,
        at: stage.now.wall,
        about: Some(notice),
    };
    let mut order = concerto_conformance::node::send(&stage.conference, Act::RecordedExchange(delivered));
    let concerto_core::Order::Send { documents, .. } = &mut order else { unreachable!("it sends") };
    documents.push(concerto_core::NewDocument {
        media_type: "message/rfc822".into(),
        audience: Audience::ALL,
        content: concerto_core::Content::Bytes(b"receipt".to_vec()),
    });
    let recorded = stage.node.order(order, stage.now).0.unwrap();
    let concerto_core::Reply::Sent { message: recorded, .. } = recorded else { unreachable!("it was sent") };
    assert_eq!(mailed(&stage, notice, BY_MAIL, false).1, Fallback::Never, "its delivery is on record");
    assert_eq!(
        mailed(&stage, recorded, BY_MAIL, false),
        (Class::Technical, Fallback::Never),
        "no record of a record"
    );
}

#[test]
fn a_body_does_not_rely_on_the_network_alone_when_its_term_ends() {
    let mut stage = Stage::at_body();
    let office = federation().office(LEAD);
    // the procedente says when the body's term began
    let notice = stage.notice;
    let delivered = RecordedExchange {
        party: Outside::Body(BODIES[0].parse().unwrap()),
        direction: Direction::Sent,
        channel: Channel::Pec,
        at: stage.now.wall,
        about: Some(notice),
    };
    let mail = Attachment::new(&Salt([7; 16]), b"mail", "message/rfc822".into(), Audience::ALL);
    let record = stage.draft(LEAD, &Act::RecordedExchange(delivered), 2, Some(notice));
    let record = record.payload("documents", json!([mail])).signed(office);
    assert_eq!(stage.deliver(LEAD, &[&record]).code(), "-");
    let order = concerto_conformance::node::send(&stage.conference, assent());
    let sent = stage.node.order(order, stage.now).0.unwrap();
    let concerto_core::Reply::Sent { message, .. } = sent else { unreachable!("it was sent") };
    // 23 November and 30 days: 23 December, in Rome
    let end = "2026-12-23T23:00:00Z".parse().unwrap();
    let last_day = "2026-12-22T23:00:00Z".parse().unwrap();
    assert_eq!(
        mailed(&stage, message, LEAD, true),
        (Class::InTerm(end), Fallback::At(last_day, Reason::TermEnding))
    );
    assert_eq!(mailed(&stage, message, BODIES[1], true), (Class::Act, Fallback::Never));
}

#[test]
fn positions_that_came_together_count_in_the_order_in_which_they_were_written() {
    let mut stage = Stage::at_lead();
    let office = federation().office(BODIES[0]);
    stage.greet(BODIES[0]);
    let (mut written, mut previous) = (Vec::new(), None);
    for sequence in 1..=6 {
        let text = stage.draft(BODIES[0], &assent(), sequence, previous).signed(office);
        previous = Some(forge::read(&text).id());
        written.push(text);
    }
    let together: Vec<&str> = written.iter().map(String::as_str).collect();
    assert_eq!(stage.deliver(BODIES[0], &together).code(), "-");
    stage.tick();
    let case = stage.node.case(&stage.conference).unwrap();
    let author: Writer = BODIES[0].parse().unwrap();
    let taken: Vec<MessageId> = case.state().determinations_of(&author).map(|given| given.message).collect();
    let order: Vec<MessageId> = written.iter().map(|text| forge::read(text).id()).collect();
    assert_eq!(taken, order, "the last word is the last one");
}
