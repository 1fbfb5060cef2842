//! Who asks: strangers, greetings taken from elsewhere, members that were not called, floods of requests that cost little to ask.

use concerto_conformance::federation::Office;
use concerto_conformance::forge;
use concerto_conformance::hostile::{Cheat, Raw, eventually};
use concerto_exchange::frame::{Answer, ChainHead, HEADS_MAX, Heads, Request, decode_answer, encode};
use concerto_message::Digest;
use jiff::Timestamp;
use serde_json::json;

use crate::attacks;
use crate::stage::{BODY, BYSTANDER, LEAD, Stage};

/// The code with which the procedente's node answers one frame over a fresh connection of the brute, which did not greet.
fn ungreeted(stage: &Stage, frame: &[u8]) -> String {
    let (address, seed) = (stage.arena.address("lead"), stage.arena.peer_seed("brute"));
    let answer = stage.runtime.block_on(async { Raw::call(&address, seed).await.unwrap().ask(frame).await });
    match decode_answer(&answer.unwrap()).unwrap().0 {
        Answer::Refused { code, .. } => code,
        _ => "-".to_owned(),
    }
}

/// The same for a greeting.
fn greeting(stage: &Stage, hello: String, office: &Office) -> (String, String) {
    let frame = encode(&Request::Hello { hello }, &office.bundle).unwrap();
    (ungreeted(stage, &frame), String::new())
}

attacks! {
    "A caller that is no member: refused at the end of the handshake, nothing of it is read", "" => "peer.unknown" unchanged |stage| {
        let stranger = Cheat::new(&stage.arena, "stranger", &["lead"]);
        eventually("the node says so", || stage.lead.logged("peer.unknown") > 0);
        let said = stranger.greet(LEAD);
        assert!(said.0.is_err(), "{said:?}");
        ("peer.unknown".to_owned(), String::new())
    }
    "A member that asks before it greets", "" => "hello.required" unchanged |stage| {
        (ungreeted(stage, &encode(&Request::Deliver { links: Vec::new() }, &[]).unwrap()), String::new())
    }
    "4 MiB of a member that did not greet: not read as JSON", "" => "hello.required" unchanged |stage| {
        let frame = encode(&Request::Deliver { links: vec!["[".repeat(4 << 20 >> 1)] }, &[]).unwrap();
        (ungreeted(stage, &frame), String::new())
    }
    "The greeting of another member, taken from its connection", "" => "hello.other-end" unchanged |stage| {
        let hello = stage.rogue.greeting(LEAD);
        greeting(stage, hello, &stage.rogue.office)
    }
    "Its own greeting, made for another receiver", "" => "hello.other-end" unchanged |stage| {
        let made = forge::greeting(&stage.brute, &stage.arena.office("body"));
        greeting(stage, forge::signed_greeting(&stage.brute, &made, Timestamp::now()), &stage.brute)
    }
    "A greeting under another's transport identity", "" => "hello.other-end" unchanged |stage| {
        let mut made = forge::greeting(&stage.brute, &stage.arena.office("lead"));
        made.from_peer.clone_from(&stage.rogue.office.peer_id);
        greeting(stage, forge::signed_greeting(&stage.brute, &made, Timestamp::now()), &stage.brute)
    }
    "A greeting signed by another member", "" => "trust.message-key.writer" unchanged |stage| {
        let made = forge::greeting(&stage.brute, &stage.arena.office("lead"));
        greeting(stage, forge::signed_greeting(&stage.rogue.office, &made, Timestamp::now()), &stage.rogue.office)
    }
    "A greeting with the trust bundle of another anchor of the same name", "" => "trust.chain.key" unchanged |stage| {
        let stranger = stage.arena.office("stranger");
        let mut made = forge::greeting(&stage.brute, &stage.arena.office("lead"));
        made.federation = stage.brute.federation.clone();
        greeting(stage, forge::signed_greeting(&stranger, &made, Timestamp::now()), &stranger)
    }
    "Links of a case to which the asker was not called", "" => "conference.unknown" unchanged |stage| {
        let (conference, writer) = (stage.conference.clone(), LEAD.parse().unwrap());
        let request = Request::Fetch { conference, writer, incarnation: forge::LIFE, from: 1, to: u64::MAX };
        (stage.bystander.ask(LEAD, &request).code(), String::new())
    }
    "Heads of a case to which the asker was not called: none is told", "" => "-" unchanged |stage| {
        let conferences = vec![stage.conference.clone()];
        let said = stage.bystander.ask(LEAD, &Request::Heads(Heads { conferences, chains: Vec::new() }));
        let Ok(Answer::Heads(heads)) = &said.0 else { panic!("{said:?}") };
        assert!(heads.chains.is_empty());
        (said.code(), String::new())
    }
    "A document of a case to which the asker was not called", "" => "document.unavailable" unchanged |stage| {
        let stored = stage.lead.links(&stage.conference);
        let digest = stored[0].link.payload().body.as_ref().unwrap().digest;
        let request = Request::Document { message: stage.notice, digest };
        (stage.bystander.ask(LEAD, &request).code(), String::new())
    }
    "A trust bundle that nobody has", "" => "trust.bundle.unknown" unchanged |stage| {
        (stage.rogue.ask(LEAD, &Request::Bundle { digest: Digest::of(b"nobody") }).code(), String::new())
    }
    "More heads in one frame than a node may have", "" => "frame.too-many" unchanged |stage| {
        let head = ChainHead {
            conference: stage.conference.clone(),
            writer: BYSTANDER.parse().unwrap(),
            incarnation: forge::LIFE,
            sequence: u64::MAX,
            id: Some(stage.notice),
        };
        let heads = Heads { conferences: vec![stage.conference.clone()], chains: vec![head; HEADS_MAX + 1] };
        (stage.rogue.ask(LEAD, &Request::Heads(heads)).code(), String::new())
    }
    "An answer sent as a request", "" => "frame.head" unchanged |stage| {
        let frame = encode(&Answer::Links { links: Vec::new(), more: true }, &[]).unwrap();
        (stage.rogue.ask_bytes(LEAD, frame).code(), String::new())
    }
    "A request that does not exist", "" => "frame.head" unchanged |stage| {
        (stage.rogue.ask_bytes(BODY, encode(&json!({"request": "shutdown"}), &[]).unwrap()).code(), String::new())
    }
    "A frame whose JSON is nested 1,000,000 deep", "" => "frame.head" unchanged |stage| {
        (stage.rogue.ask_bytes(LEAD, head("[".repeat(1_000_000).as_bytes())).code(), String::new())
    }
    "A frame with a member given twice", "" => "frame.head" unchanged |stage| {
        let twice = br#"{"request":"deliver","links":[],"links":[]}"#;
        (stage.rogue.ask_bytes(LEAD, head(twice)).code(), String::new())
    }
    "A frame that is not UTF-8", "" => "frame.head" unchanged |stage| {
        (stage.rogue.ask_bytes(LEAD, head(b"{\"request\":\"deliver\",\"links\":[\"\xff\xfe\"]}")).code(), String::new())
    }
    "A number of a million digits", "" => "frame.head" unchanged |stage| {
        let long = format!("{{\"request\":\"fetch\",\"from\":{}}}", "9".repeat(1_000_000));
        (stage.rogue.ask_bytes(LEAD, head(long.as_bytes())).code(), String::new())
    }
    "A frame whose head is longer than the frame", "" => "frame.cut-off" unchanged |stage| {
        (stage.rogue.ask_bytes(LEAD, vec![0, 0, 1, 0, b'{']).code(), String::new())
    }
    "A frame whose head says that it has 4 GiB", "" => "frame.too-large" unchanged |stage| {
        (stage.rogue.ask_bytes(LEAD, vec![0xff; 64]).code(), String::new())
    }
}

/// A frame with any bytes as its head.
fn head(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}
