//! What a cheat answers when it is asked: lies about heads, answers without end, other links, other documents, receipts for other
//! bytes, and what was not asked.

use concerto_conformance::acts;
use concerto_conformance::forge;
use concerto_conformance::hostile::eventually;
use concerto_exchange::frame::{Answer, ChainHead, Heads, Request};
use concerto_message::{Digest, MessageId, ParsedLink};
use concerto_procedure::acts::Position;
use jiff::Timestamp;
use std::time::Duration;

use crate::attacks;
use crate::stage::{LEAD, ROGUE, Stage};

/// Time in which a node that can be made to ask without end would ask very often.
const WATCHED: Duration = Duration::from_secs(3);

/// Tells the procedente's node that the rogue's chain goes further than it does, so that it fetches the rest.
fn lie(stage: &Stage, to: u64) {
    let head = ChainHead {
        conference: stage.conference.clone(),
        writer: ROGUE.parse().unwrap(),
        incarnation: forge::LIFE,
        sequence: to,
        id: Some(MessageId(Digest::of(b"nobody"))),
    };
    let heads = Heads { conferences: vec![stage.conference.clone()], chains: vec![head] };
    assert_eq!(stage.rogue.ask(LEAD, &Request::Heads(heads)).code(), "-");
}

/// How often the node fetches after such a lie, when its questions are answered so.
fn fetches(stage: &mut Stage, mut links: impl FnMut() -> Answer + Send + 'static) -> usize {
    stage.rogue.asked();
    stage.rogue.behave(move |_, request| match request {
        Request::Fetch { .. } => Some((links(), Vec::new())),
        _ => None,
    });
    lie(stage, u64::MAX);
    std::thread::sleep(WATCHED);
    stage.rogue.behave_well();
    stage.rogue.asked().iter().filter(|request| matches!(request, Request::Fetch { .. })).count()
}

/// The code that the procedente's node logs about the rogue's answers, which are altered until it does.
fn logged(
    stage: &mut Stage,
    code: &'static str,
    answer: impl FnMut() -> Answer + Send + 'static,
) -> (String, String) {
    let before = stage.lead.logged(code);
    let asked = fetches(stage, answer);
    eventually(code, || stage.lead.logged(code) > before);
    (code.to_owned(), format!("{asked}"))
}

attacks! {
    "A head in place 2^64 - 1 that nobody has: asked for once, not again and again", "fetches" => "-" unchanged |stage| {
        let asked = fetches(stage, || Answer::Links { links: Vec::new(), more: false });
        assert!((1..=2).contains(&asked), "{asked}");
        ("-".to_owned(), format!("{asked}"))
    }
    "An answer that says for ever that there is more, and brings nothing", "fetches" => "-" unchanged |stage| {
        let asked = fetches(stage, || Answer::Links { links: Vec::new(), more: true });
        assert!((1..=2).contains(&asked), "{asked}");
        ("-".to_owned(), format!("{asked}"))
    }
    "An answer that brings for ever the same link and says that there is more", "fetches" => "-" unchanged |stage| {
        let text = stage.rogue_text();
        let asked = fetches(stage, move || Answer::Links { links: vec![text.clone()], more: true });
        assert!((1..=4).contains(&asked), "{asked}");
        ("-".to_owned(), format!("{asked}"))
    }
    "An answer with links of other chains", "fetches" => "-" unchanged |stage| {
        let text = stage.lead.links(&stage.conference)[0].link.text().to_owned();
        let asked = fetches(stage, move || Answer::Links { links: vec![text.clone()], more: true });
        assert!((1..=4).contains(&asked), "{asked}");
        ("-".to_owned(), format!("{asked}"))
    }
    "An answer with links whose signature is not over them", "fetches" => "message.signature" unchanged |stage| {
        let good = stage.new_link();
        let other = stage.rogue_text();
        let text = format!("{}.{}", good.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
        logged(stage, "message.signature", move || Answer::Links { links: vec![text.clone()], more: true })
    }
    "An answer to another question", "fetches" => "answer.other" unchanged |stage| {
        logged(stage, "answer.other", || Answer::Noted {})
    }
    "A refusal of a megabyte of text", "fetches" => "answer.refused" unchanged |stage| {
        let long = "x".repeat(1 << 20);
        let refused = move || Answer::Refused { code: "answer.refused".to_owned(), reason: long.clone() };
        let happened = logged(stage, "answer.refused", refused);
        assert!(stage.lead.log().lines().all(|line| line.len() < 4096), "no peer fills the log");
        happened
    }
    "A document whose bytes are not those of its link: an alarm, its source is passed over", "" => "document.mismatch" kept |stage| {
        let before = stage.lead.logged("document.mismatch");
        stage.rogue.behave(|_, request| match request {
            Request::Document { .. } => Some((Answer::Document {}, [&forge::SALT.0[..], b"[]"].concat())),
            _ => None,
        });
        // a salt of its own makes a document that the node does not hold
        let mut draft = stage.draft(&acts::determination(Position::Assent));
        let body = concerto_message::Attachment::new(
            &concerto_message::Salt([6; 16]),
            b"{}",
            "application/json".into(),
            serde_json::from_value(draft.payload["body"]["audience"].clone()).unwrap(),
        );
        draft.payload["body"] = serde_json::to_value(body).unwrap();
        let text = draft.signed(&stage.rogue.office);
        assert_eq!(stage.rogue.deliver(LEAD, &[&text]).code(), "-");
        stage.kept(&text);
        eventually("the mismatch is noted", || stage.lead.logged("document.mismatch") > before);
        assert_eq!(stage.lead.snapshot().wanted, 1, "it is still wanted");
        eventually("an official is told", || stage.lead.alarms().contains(&"document.source".to_owned()));
        stage.rogue.behave_well();
        ("document.mismatch".to_owned(), String::new())
    }
    "A receipt for other bytes in answer to a delivery, then a true one", "" => "receipt.bytes" kept |stage| {
        let before = stage.lead.logged("receipt.bytes");
        let office = stage.rogue.office.clone();
        stage.rogue.behave(move |_, request| {
            let Request::Deliver { links } = request else { return None };
            let parsed = ParsedLink::parse(&links[0]).unwrap();
            let (conference, author) = (&parsed.payload().conference, parsed.payload().writer.to_string());
            let covered = [(parsed.id(), Digest::of(b"other"))];
            let payload = forge::receipt(&office, &author, conference, &covered, Timestamp::now());
            let receipts = vec![forge::signed_receipt(&office, &payload, Timestamp::now())];
            Some((Answer::Delivered { receipts, retry: Vec::new() }, Vec::new()))
        });
        stage.lead_says_something();
        eventually("the receipt is refused", || stage.lead.logged("receipt.bytes") > before);
        assert!(stage.lead.snapshot().outbox > 0, "the message is sent again");
        stage.rogue.behave_well();
        let waits = |stage: &Stage| stage.lead.outbox_to(ROGUE);
        eventually("a true receipt ends it", || waits(stage) == 0);
        ("receipt.bytes".to_owned(), String::new())
    }
}
