//! Receipts that prove nothing: for other bytes, by those who were not called, in another's name, quoted by the procedente all the same.

use concerto_conformance::federation::{BODIES, BYSTANDER, LEAD, federation};
use concerto_conformance::forge;
use concerto_conformance::stage::Stage;
use concerto_exchange::frame::Request;
use concerto_message::Digest;
use concerto_procedure::acts::{Act, TakenInCharge};
use serde_json::{Value, json};

use crate::cases;

const BODY: &str = BODIES[0];

/// Brings the procedente a receipt for its notice, made by `issuer` and altered; nothing may be kept.
fn brought(from: &str, issuer: &str, alter: impl FnOnce(&mut Value)) -> String {
    let mut stage = Stage::at_lead();
    stage.greet(from);
    let mut payload = about_notice(&stage, issuer);
    alter(&mut payload);
    let text = forge::signed_receipt(federation().office(issuer), &payload, stage.now.wall);
    refused(&mut stage, from, text)
}

fn refused(stage: &mut Stage, from: &str, text: String) -> String {
    let before = stage.trace();
    let answer = stage.ask(from, &Request::Receipts { receipts: vec![text] });
    stage.tick();
    assert_eq!(stage.trace(), before, "nothing half-written");
    answer.code().to_owned()
}

/// A good receipt of `issuer` for the notice, to be spoilt.
fn about_notice(stage: &Stage, issuer: &str) -> Value {
    let text = stage.node.links(&stage.conference)[&stage.notice].clone();
    let covered = [(stage.notice, Digest::of(text.as_bytes()))];
    forge::receipt(federation().office(issuer), LEAD, &stage.conference, &covered, stage.now.wall)
}

/// A body's node whose procedente takes a delivery in charge on this receipt: the alarms, and whether a term started, before and after a
/// crash.
fn quoted(signer: &str, alter: impl FnOnce(&mut Value)) -> (Vec<String>, bool) {
    let mut stage = Stage::at_body();
    stage.greet(BODIES[1]);
    let mut payload = about_notice(&stage, BODIES[1]);
    alter(&mut payload);
    let text = forge::signed_receipt(federation().office(signer), &payload, stage.now.wall);
    let act = Act::TakenInCharge(TakenInCharge { messages: Vec::new(), deliveries: vec![text] });
    let draft = stage.draft(LEAD, &act, 2, Some(stage.notice)).payload("body", Value::Null);
    assert_eq!(stage.deliver(LEAD, &[&draft.signed(federation().office(LEAD))]).code(), "-");
    let started = |stage: &Stage| {
        let case = stage.node.case(&stage.conference).unwrap();
        case.state().bodies()[&BODIES[1].parse().unwrap()].received_on().is_some()
    };
    let remembered = stage.node.state_in_memory(&stage.conference, stage.now).unwrap();
    let mut stage = stage.crash();
    stage.greet(LEAD);
    let after = stage.node.state_in_memory(&stage.conference, stage.now).unwrap();
    assert_eq!(after, remembered, "the same state after a crash");
    // the fold goes on after the worthless receipt
    let third = stage.draft(
        LEAD,
        &Act::Closure(concerto_procedure::acts::Closure {
            ground: concerto_procedure::acts::ClosureGround::Archived,
        }),
        3,
        Some(forge::read(&draft.signed(federation().office(LEAD))).id()),
    );
    stage.deliver(LEAD, &[&third.signed(federation().office(LEAD))]);
    let closed = stage.node.state_in_memory(&stage.conference, stage.now).unwrap();
    assert_ne!(closed, remembered, "what follows in the chain has its effect");
    (stage.node.alarms(), started(&stage))
}

cases! {
    other_bytes: "A receipt for other bytes than those sent" => "receipt.bytes" {
        brought(BODY, BODY, |r| r["messages"][0]["bytes"] = json!(Digest::of(b"other").to_string()))
    }
    again: "The same receipt again: nothing is written" => "-" {
        let mut stage = Stage::at_lead();
        stage.greet(BODY);
        let text = forge::signed_receipt(federation().office(BODY), &about_notice(&stage, BODY), stage.now.wall);
        let request = Request::Receipts { receipts: vec![text] };
        assert_eq!(stage.ask(BODY, &request).code(), "-");
        stage.tick();
        let before = stage.trace();
        stage.node.journal.set_full(true); // a write would end the node
        let code = stage.ask(BODY, &request).code().to_owned();
        assert_eq!(stage.trace(), before);
        code
    }
    not_called: "A receipt by a member that was not called" => "receipt.not-participant" {
        brought(BYSTANDER, BYSTANDER, |_| {})
    }
    in_anothers_name: "A receipt in a member's name, signed by another member" => "trust.message-key.writer" {
        let mut stage = Stage::at_lead();
        stage.greet(BODY);
        stage.greet(BODIES[1]); // so that its bundle is known
        let payload = about_notice(&stage, BODY);
        let text = forge::signed_receipt(federation().office(BODIES[1]), &payload, stage.now.wall);
        refused(&mut stage, BODY, text)
    }
    of_others: "A receipt between two others, brought to one whom it does not concern" => "receipt.not-concerned" {
        brought(BODY, BODY, |r| r["author"] = json!(BODIES[1]))
    }
    of_an_unknown_case: "A receipt in a case that this node does not know" => "conference.unknown" {
        brought(BODY, BODY, |r| r["conference"] = json!(forge::conference(federation(), LEAD, 3).to_string()))
    }
    of_another_federation: "A receipt in another federation" => "message.federation.other" {
        brought(BODY, BODY, |r| r["federation"] = json!("https://altra.example"))
    }
    against_its_schema: "A receipt that breaks its schema" => "message.schema" {
        brought(BODY, BODY, |r| r["kind"] = json!("maybe"))
    }
    of_a_later_version: "A receipt of a later version" => "message.version.unknown" {
        brought(BODY, BODY, |r| r["receipt"] = json!(2))
    }
    a_link_as_receipt: "A link brought as a receipt" => "message.header.content-type" {
        let mut stage = Stage::at_lead();
        stage.greet(BODY);
        let text = stage.node.links(&stage.conference)[&stage.notice].clone();
        refused(&mut stage, BODY, text)
    }
    spoilt: "A receipt whose signature is not over it" => "message.signature" {
        let mut stage = Stage::at_lead();
        stage.greet(BODY);
        let payload = about_notice(&stage, BODY);
        let text = forge::signed_receipt(federation().office(BODY), &payload, stage.now.wall);
        let other = forge::signed_receipt(federation().office(BODY), &json!({}), stage.now.wall);
        let text = format!("{}.{}", text.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
        refused(&mut stage, BODY, text)
    }
    quoted_though_forged: "A forged receipt that the procedente quotes: an alarm, no term starts" => "receipt.quoted.invalid" {
        let (alarms, started) = quoted(LEAD, |_| {});
        assert!(!started);
        alarms[0].clone()
    }
    quoted_from_another_case: "A good receipt of another case that the procedente quotes" => "receipt.quoted.invalid" {
        let elsewhere = forge::conference(federation(), LEAD, 4).to_string();
        let (alarms, started) = quoted(BODIES[1], |r| r["conference"] = json!(elsewhere));
        assert!(!started);
        alarms[0].clone()
    }
    quoted_rightly: "A good receipt that the procedente quotes: the term starts" => "-" {
        let (alarms, started) = quoted(BODIES[1], |_| {});
        assert!(started && alarms.is_empty());
        "-"
    }
}
