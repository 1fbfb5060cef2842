//! Who asks: strangers, members under another transport identity, greetings that do not belong to the connection, frames without form.

use concerto_conformance::federation::{BODIES, BYSTANDER, LEAD, STRANGER, federation, other_federation};
use concerto_conformance::forge::{self, greeting, signed_greeting};
use concerto_conformance::node::Answered;
use concerto_conformance::stage::Stage;
use concerto_exchange::frame::{FRAME_BYTES_MAX, FRAME_LINKS_MAX, Request, encode};
use concerto_exchange::hello::Greeting;
use concerto_message::Digest;
use serde_json::json;

use crate::cases;

const BODY: &str = BODIES[0];

/// Greets the procedente's node as the first body with a greeting that was altered; nothing may be kept.
fn altered(alter: impl FnOnce(&mut Greeting)) -> String {
    let mut stage = Stage::at_lead();
    let office = federation().office(BODY);
    stage.connect(BODY, &office.peer_id);
    let mut greeting = greeting(office, stage.node.office);
    alter(&mut greeting);
    let hello = signed_greeting(office, &greeting, stage.now.wall);
    greeted(&mut stage, BODY, hello, &office.bundle)
}

/// The code of a refused greeting; whoever was refused may still ask nothing.
fn greeted(stage: &mut Stage, from: &str, hello: String, bundle: &[u8]) -> String {
    let before = stage.trace();
    let answer = stage.ask_with(from, &Request::Hello { hello }, bundle);
    assert_eq!(stage.deliver(from, &[]).code(), "hello.required");
    assert_eq!(stage.trace(), before);
    answer.code().to_owned()
}

/// A frame of any bytes from a member that greeted.
fn framed(frame: Vec<u8>) -> String {
    let mut stage = Stage::at_lead();
    stage.greet(BODY);
    let before = stage.trace();
    let answer: Answered = stage.ask_bytes(BODY, frame);
    assert_eq!(stage.trace(), before);
    answer.code().to_owned()
}

cases! {
    a_writer_that_is_no_member: "A request of a writer that is no member" => "hello.required" {
        let mut stage = Stage::at_lead();
        let stranger = other_federation().office(STRANGER);
        stage.connect(STRANGER, &stranger.peer_id);
        stage.deliver(STRANGER, &[]).code().to_owned()
    }
    a_stranger_greets: "The greeting of a writer that another anchor vouches for" => "hello.peer" {
        let mut stage = Stage::at_lead();
        let stranger = other_federation().office(STRANGER);
        stage.connect(STRANGER, &stranger.peer_id);
        let hello = signed_greeting(stranger, &greeting(stranger, stage.node.office), stage.now.wall);
        greeted(&mut stage, STRANGER, hello, &stranger.bundle)
    }
    a_member_under_another_identity: "A member whose connection proves another transport identity" => "hello.peer" {
        let mut stage = Stage::at_lead();
        let office = federation().office(BODY);
        stage.connect(BODY, &federation().office(BYSTANDER).peer_id);
        let hello = signed_greeting(office, &greeting(office, stage.node.office), stage.now.wall);
        greeted(&mut stage, BODY, hello, &office.bundle)
    }
    no_greeting: "A member that asks before it greets" => "hello.required" {
        let mut stage = Stage::at_lead();
        stage.connect(BODY, &federation().office(BODY).peer_id);
        stage.deliver(BODY, &[]).code().to_owned()
    }
    a_greeting_for_another_connection: "A greeting over another receiver's transport identity" => "hello.other-end" {
        altered(|g| g.to_peer = federation().office(BYSTANDER).peer_id.clone())
    }
    a_greeting_for_somebody_else: "A greeting that greets another member" => "hello.other-end" {
        altered(|g| g.to = federation().office(BYSTANDER).writer.clone())
    }
    a_greeting_of_another_federation: "A greeting in another federation" => "message.federation.other" {
        altered(|g| g.federation = other_federation().anchor.entity().clone())
    }
    a_greeting_of_a_later_version: "A greeting that offers later protocol versions only" => "hello.version" {
        altered(|g| (g.hello, g.oldest) = (3, 2))
    }
    a_greeting_in_anothers_name: "A greeting in a member's name, signed by another member" => "trust.message-key.writer" {
        let mut stage = Stage::at_lead();
        let (office, other) = (federation().office(BODY), federation().office(BYSTANDER));
        stage.connect(BODY, &office.peer_id);
        let hello = signed_greeting(other, &greeting(office, stage.node.office), stage.now.wall);
        greeted(&mut stage, BODY, hello, &other.bundle)
    }
    a_greeting_with_a_spoilt_signature: "A greeting whose signature is not over it" => "message.signature" {
        let mut stage = Stage::at_lead();
        let office = federation().office(BODY);
        stage.connect(BODY, &office.peer_id);
        let hello = signed_greeting(office, &greeting(office, stage.node.office), stage.now.wall);
        let earlier = signed_greeting(office, &greeting(office, federation().office(LEAD)), "2026-11-23T07:00:00Z".parse().unwrap());
        let (signed, _) = hello.rsplit_once('.').unwrap();
        let (_, signature) = earlier.rsplit_once('.').unwrap();
        greeted(&mut stage, BODY, format!("{signed}.{signature}"), &office.bundle)
    }
    a_greeting_that_names_another_bundle: "A greeting sent with another trust bundle than it names" => "hello.bundle" {
        let mut stage = Stage::at_lead();
        let office = federation().office(BODY);
        stage.connect(BODY, &office.peer_id);
        let hello = signed_greeting(office, &greeting(office, stage.node.office), stage.now.wall);
        greeted(&mut stage, BODY, hello, &federation().office(BYSTANDER).bundle)
    }
    a_bundle_cut_off: "A greeting with a trust bundle that is cut off" => "trust.bundle.invalid" {
        let mut stage = Stage::at_lead();
        let office = federation().office(BODY);
        stage.connect(BODY, &office.peer_id);
        let hello = signed_greeting(office, &greeting(office, stage.node.office), stage.now.wall);
        greeted(&mut stage, BODY, hello, &office.bundle[..office.bundle.len() - 1])
    }
    a_frame_too_large: "A frame of more than 9 MiB" => "frame.too-large" {
        framed(vec![0; FRAME_BYTES_MAX + 1])
    }
    a_frame_cut_off: "A frame that ends before its head does" => "frame.cut-off" {
        let frame = encode(&Request::Deliver { links: Vec::new() }, &[]).unwrap();
        framed(frame[..frame.len() - 1].to_vec())
    }
    a_frame_without_sense: "A request that this version does not know" => "frame.head" {
        framed(encode(&json!({"request": "shutdown"}), &[]).unwrap())
    }
    a_frame_too_full: "More links in one frame than the 64 allowed" => "frame.too-many" {
        framed(encode(&Request::Deliver { links: vec![String::new(); FRAME_LINKS_MAX + 1] }, &[]).unwrap())
    }
    an_unknown_bundle_asked: "A request for a trust bundle that is not held" => "trust.bundle.unknown" {
        framed(encode(&Request::Bundle { digest: Digest::of(b"none") }, &[]).unwrap())
    }
    links_of_a_foreign_case_asked: "A request for links of a case to which the asker was not called" => "conference.unknown" {
        let mut stage = Stage::at_lead();
        stage.greet(BYSTANDER);
        let (conference, writer) = (stage.conference.clone(), federation().office(LEAD).writer.clone());
        let request = Request::Fetch { conference, writer, incarnation: forge::LIFE, from: 1, to: 9 };
        stage.ask(BYSTANDER, &request).code().to_owned()
    }
}
