//! Bodies and documents: who may see them, how they are fetched, what is told when they cannot be had.
//!
//! ```text
//!   author --link: digest, size, audience--> every participant
//!   author <--Document?-- who may see it          the author (or the procedente, where it may see it) answers
//!   author <--documents complete / unavailable--  the receipt
//! ```
//! Properties: bytes are only where the audience admits; whoever may see them gets them, also over crashes and from the procedente when
//! the author is away; one *documents complete* for a message; a document that the author withholds gives one *documents unavailable*, and
//! *complete* once it comes.
//!
//! Plausible wrong implementations that fail here: an audience enforced by the asker; a receipt before everything is held; a wanted list
//! that a restart forgets.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests stop at the first surprise"
)]

use concerto_conformance::acts;
use concerto_conformance::federation::{BODIES, LEAD, federation};
use concerto_conformance::forge;
use concerto_conformance::simulation::{Simulation, Weather};
use concerto_conformance::stage::Stage;
use concerto_core::{NewDocument, Order};
use concerto_exchange::frame::{Answer, Request};
use concerto_message::{Audience, ConferenceId, Digest, MessageId, ReceiptKind, Writer};
use concerto_port::{DocumentStore, JournalRead};
use concerto_procedure::acts::{Act, Position};
use concerto_procedure::rome_date;
use std::time::Duration;

const REST_LIMIT: Duration = Duration::from_secs(3600);

fn nodes(seed: u64, weather: Weather) -> (Simulation, ConferenceId) {
    let mut simulation = Simulation::new(seed, &[LEAD, BODIES[0], BODIES[1], BODIES[2]], weather);
    simulation.connect_all();
    let called: Vec<_> = (1..4).map(|n| simulation.writer(n)).collect();
    let notice = acts::notice(rome_date(simulation.now().wall), &called);
    let (conference, _) = simulation.open(0, notice).unwrap();
    assert!(simulation.settle(REST_LIMIT));
    (simulation, conference)
}

/// An assent of node 1 with one document for everybody and one for these readers only.
fn with_documents(simulation: &mut Simulation, conference: &ConferenceId, readers: &[usize]) -> MessageId {
    let act = acts::determination(Position::Assent);
    let only: Audience = Audience::Only(readers.iter().map(|n| simulation.writer(*n)).collect());
    let document = |text: &str, audience: &Audience| NewDocument {
        media_type: "application/pdf".into(),
        audience: audience.clone(),
        bytes: text.repeat(2000).into_bytes(),
    };
    let documents = vec![document("for all ", &Audience::ALL), document("for some ", &only)];
    let body = acts::body_of(&act);
    let order = Order::Send {
        conference: conference.clone(),
        act,
        body,
        body_audience: Audience::ALL,
        documents,
        wait: false,
    };
    simulation.give(1, order).unwrap()
}

/// Digests of body, open document and restricted document.
fn digests(simulation: &mut Simulation, message: MessageId) -> [Digest; 3] {
    let stored = simulation.node(1).journal.link(message).unwrap().unwrap();
    let all: Vec<Digest> = stored.link.payload().attachments().map(|a| a.digest).collect();
    all.try_into().unwrap()
}

fn holds(simulation: &mut Simulation, index: usize, digest: Digest) -> bool {
    simulation.node(index).documents.has(digest).unwrap()
}

/// How many receipts of a kind node 1 holds for a message from a writer.
fn told(simulation: &mut Simulation, message: MessageId, by: &Writer, kind: ReceiptKind) -> usize {
    let receipts = simulation.node(1).journal.receipts(message).unwrap();
    receipts.iter().filter(|r| r.payload().issuer == *by && r.payload().kind == kind).count()
}

#[test]
fn bytes_are_only_where_the_audience_admits_them() {
    for (seed, weather) in [(1, Weather::FAIR), (2, Weather::ROUGH)] {
        let (mut simulation, conference) = nodes(seed, weather);
        let message = with_documents(&mut simulation, &conference, &[0, 2]);
        assert!(simulation.settle(REST_LIMIT));
        let [body, open, restricted] = digests(&mut simulation, message);
        for reader in 0..4 {
            assert!(holds(&mut simulation, reader, body) && holds(&mut simulation, reader, open));
            assert_eq!(holds(&mut simulation, reader, restricted), reader != 3, "reader {reader}");
        }
        let sent = simulation.node(1).documents.get(restricted).unwrap();
        assert_eq!(
            simulation.node(2).documents.get(restricted).unwrap(),
            sent,
            "salt and bytes are the same"
        );
        for reader in [0, 2, 3] {
            let writer = simulation.writer(reader);
            assert_eq!(
                told(&mut simulation, message, &writer, ReceiptKind::DocumentsComplete),
                1,
                "reader {reader}"
            );
        }
    }
}

#[test]
fn whoever_may_not_see_a_document_is_refused_by_everybody_who_holds_it() {
    let (mut simulation, conference) = nodes(3, Weather::FAIR);
    let message = with_documents(&mut simulation, &conference, &[0, 2]);
    assert!(simulation.settle(REST_LIMIT));
    let [_, open, digest] = digests(&mut simulation, message);
    let (outsider, now) = (simulation.writer(3), simulation.now());
    for holder in [0, 1, 2] {
        let request = Request::Document { message, digest };
        let (answer, _) = simulation.node(holder).ask(&outsider, &request, &[], now);
        assert_eq!(answer.code(), "document.unavailable", "holder {holder}");
        assert!(answer.tail.is_empty());
        let request = Request::Document { message, digest: open };
        let (answer, _) = simulation.node(holder).ask(&outsider, &request, &[], now);
        assert_eq!(answer.head, Answer::Document {}, "the open one is served by holder {holder}");
    }
    // a restricted digest is not served under another message that lists nothing of the kind
    let notice = simulation.node(0).links(&conference).keys().copied().find(|id| *id != message).unwrap();
    let insider = simulation.writer(2);
    let (answer, _) =
        simulation.node(1).ask(&insider, &Request::Document { message: notice, digest }, &[], now);
    assert_eq!(answer.code(), "document.unavailable");
}

#[test]
fn the_procedente_serves_what_it_may_see_when_the_author_is_away() {
    let (mut simulation, conference) = nodes(4, Weather::FAIR);
    simulation.cut(1, 2);
    simulation.cut(1, 3);
    let message = with_documents(&mut simulation, &conference, &[0, 2]);
    simulation.steps(400);
    let [body, open, restricted] = digests(&mut simulation, message);
    simulation.crash(1);
    // the link itself comes with the heads that a new session compares
    simulation.crash(2);
    simulation.restart(2);
    simulation.connect_all();
    simulation.steps(400);
    for digest in [body, open, restricted] {
        assert!(holds(&mut simulation, 2, digest));
    }
    simulation.restart(1);
    simulation.connect_all();
    assert!(simulation.settle(REST_LIMIT));
    let writer = simulation.writer(2);
    assert_eq!(
        told(&mut simulation, message, &writer, ReceiptKind::DocumentsComplete),
        1,
        "told when it is back"
    );
}

#[test]
fn a_restart_forgets_no_wanted_document() {
    let (mut simulation, conference) = nodes(5, Weather::FAIR);
    let message = with_documents(&mut simulation, &conference, &[2]);
    while simulation.node(2).wanted_len() == 0 {
        simulation.step();
    }
    simulation.crash(2);
    simulation.crash(1);
    simulation.restart(1);
    simulation.restart(2);
    assert_eq!(simulation.node(2).wanted_len(), 3);
    simulation.connect_all();
    assert!(simulation.settle(REST_LIMIT));
    for digest in digests(&mut simulation, message) {
        assert!(holds(&mut simulation, 2, digest));
    }
}

#[test]
fn a_document_that_the_author_withholds_is_told_once_and_then_completed() {
    let mut stage = Stage::at_lead();
    let (author, office) = (BODIES[0], federation().office(BODIES[0]));
    stage.greet(author);
    let text = stage.draft(author, &acts::determination(Position::Assent), 1, None).signed(office);
    let link = forge::read(&text);
    let digest = link.payload().body.as_ref().unwrap().digest;
    stage.deliver(author, &[&text]);
    let kinds = |stage: &Stage| {
        let receipts = stage.node.journal.receipts(link.id()).unwrap();
        receipts.iter().map(|r| r.payload().kind).collect::<Vec<_>>()
    };
    for _ in 0..3 {
        stage.tick();
        let question = stage.question(author, |r| matches!(r, Request::Document { .. }));
        let withheld = Answer::Refused { code: "document.unavailable".into(), reason: "not now".into() };
        stage.answer(&question, &withheld, &[]);
    }
    assert_eq!(kinds(&stage), [ReceiptKind::Accepted, ReceiptKind::DocumentsUnavailable], "told once");
    let told = stage.question(author, |r| matches!(r, Request::Receipts { .. }));
    assert!(matches!(told.request, Request::Receipts { receipts } if receipts.len() == 1));
    let case = stage.node.case(&stage.conference).unwrap();
    assert_eq!(case.state().determinations().count(), 1, "it moves no term and silences nobody");
    stage.tick();
    let question = stage.question(author, |r| matches!(r, Request::Document { .. }));
    stage.answer(&question, &Answer::Document {}, &[&forge::SALT.0[..], b"{}"].concat());
    assert!(stage.node.documents.has(digest).unwrap());
    assert_eq!(kinds(&stage).last(), Some(&ReceiptKind::DocumentsComplete));
    // when a session opens again, what was told about documents is told again: the author may have lost it
    let mut stage = stage.crash();
    stage.greet(author);
    let told = stage.question(author, |r| matches!(r, Request::Receipts { .. }));
    assert!(matches!(told.request, Request::Receipts { receipts } if receipts.len() == 2));
}

#[test]
fn an_unanswered_question_for_a_document_tells_nothing_and_is_asked_again() {
    let mut stage = Stage::at_lead();
    let (author, office) = (BODIES[0], federation().office(BODIES[0]));
    stage.greet(author);
    let text = stage.draft(author, &Act::Sealed(concerto_procedure::acts::Sealed {}), 1, None).signed(office);
    stage.deliver(author, &[&text]);
    for failure in [concerto_port::PeerFailure::TimedOut, concerto_port::PeerFailure::Protocol("x".into())] {
        stage.tick();
        let question = stage.question(author, |r| matches!(r, Request::Document { .. }));
        let (from, result) = (office.writer.clone(), Err(failure));
        stage.feed(concerto_core::Input::Answer { from, token: question.token, result });
    }
    let after = stage.node.journal.receipts(forge::read(&text).id()).unwrap();
    assert!(
        after.iter().all(|r| r.payload().kind == ReceiptKind::Accepted),
        "nobody knows whether it can be had"
    );
    assert_eq!(stage.node.wanted_len(), 1);
}
