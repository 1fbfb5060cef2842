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
use concerto_core::{Content, Input, NewDocument, Order, ServeRefusal};
use concerto_exchange::frame::{Answer, Request};
use concerto_exchange::transfer::FetchFailure;
use concerto_message::limits::CHUNK_BYTES;
use concerto_message::{
    Attachment, Audience, Chunks, ConferenceId, Digest, Listed, MessageId, ReceiptKind, Salt, StreamedError,
    Writer,
};
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
        content: Content::Bytes(text.repeat(2000).into_bytes()),
    };
    let documents = vec![document("for all ", &Audience::ALL), document("for some ", &only)];
    let body = acts::body_of(&act);
    let order = Order::Send {
        conference: conference.clone(),
        act,
        body,
        behalf: None,
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
        stage.feed(Input::Answer { from, token: question.token, result });
    }
    let after = stage.node.journal.receipts(forge::read(&text).id()).unwrap();
    assert!(
        after.iter().all(|r| r.payload().kind == ReceiptKind::Accepted),
        "nobody knows whether it can be had"
    );
    assert_eq!(stage.node.wanted_len(), 1);
}

// ---- streams: documents of more than one chunk

/// An assent of node 1 with one large document for these readers; its message and its digest.
fn with_large_document(
    simulation: &mut Simulation,
    conference: &ConferenceId,
    readers: &[usize],
    size: usize,
) -> (MessageId, Digest, Vec<u8>) {
    let bytes: Vec<u8> = (0..size).map(|n| (n % 249) as u8).collect();
    let documents = &simulation.node(1).documents;
    let held =
        documents.add(Salt([0x77; 16]), "application/pdf", size as u64, &mut bytes.as_slice()).unwrap();
    let act = acts::determination(Position::Assent);
    let document = NewDocument {
        media_type: "application/pdf".into(),
        audience: Audience::Only(readers.iter().map(|n| simulation.writer(*n)).collect()),
        content: Content::Held(held.digest),
    };
    let order = Order::Send {
        conference: conference.clone(),
        body: acts::body_of(&act),
        act,
        behalf: None,
        body_audience: Audience::ALL,
        documents: vec![document],
        wait: false,
    };
    (simulation.give(1, order).unwrap(), held.digest, bytes)
}

#[test]
fn large_documents_reach_their_audience_whole_and_nobody_else() {
    for (seed, weather) in [(11, Weather::FAIR), (12, Weather::ROUGH), (13, Weather::ROUGH)] {
        let (mut simulation, conference) = nodes(seed, weather);
        let size = 9 * CHUNK_BYTES + 123;
        let (message, digest, bytes) = with_large_document(&mut simulation, &conference, &[0, 2], size);
        assert!(simulation.settle(REST_LIMIT), "seed {seed}");
        for reader in [0, 2] {
            let held = simulation.node(reader).documents.get(digest).unwrap();
            assert_eq!(held.map(|(_, bytes)| bytes), Some(bytes.clone()), "reader {reader}");
            let writer = simulation.writer(reader);
            assert_eq!(told(&mut simulation, message, &writer, ReceiptKind::DocumentsComplete), 1);
        }
        assert!(!holds(&mut simulation, 3, digest), "seed {seed}");
        assert_eq!(simulation.node(3).documents.staged_bytes(digest), None, "not a byte");
    }
}

#[test]
fn a_large_document_comes_from_another_participant_when_the_author_is_away_and_a_restart_keeps_what_came() {
    let (mut simulation, conference) = nodes(14, Weather::FAIR);
    (0..4).for_each(|peer| simulation.cut(2, peer));
    let (message, digest, bytes) =
        with_large_document(&mut simulation, &conference, &[0, 2, 3], 3 * CHUNK_BYTES);
    simulation.steps(200);
    assert!(holds(&mut simulation, 3, digest) && !holds(&mut simulation, 2, digest));
    // the author is gone, and a third participant is the only one that node 2 will meet; it began to fetch before a crash
    simulation.crash(1);
    let salt = Salt([0x77; 16]);
    let chunks = Chunks::of(&salt, &bytes).digest(&salt);
    let wanted = Listed { digest, size: bytes.len() as u64, chunks };
    let (from, to) = (simulation.node(3).documents.clone(), simulation.node(2).documents.clone());
    let broken = concerto_conformance::streams::stream(&from, &to, &wanted, CHUNK_BYTES as u64 + 5);
    assert_eq!(broken, Err(FetchFailure::Interrupted));
    simulation.crash(2);
    assert_eq!(to.staged_bytes(digest), Some(CHUNK_BYTES as u64 + 5));
    simulation.restart(2);
    simulation.connect(2, 3);
    simulation.steps(300);
    assert_eq!(simulation.node(2).documents.get(digest).unwrap().map(|(_, bytes)| bytes), Some(bytes));
    simulation.restart(1);
    simulation.connect_all();
    assert!(simulation.settle(REST_LIMIT));
    let writer = simulation.writer(2);
    assert_eq!(told(&mut simulation, message, &writer, ReceiptKind::DocumentsComplete), 1);
}

/// A stage on which a played body lists a large document; the message and what the link says.
fn large_on_stage(stage: &mut Stage, author: &str, audience: &Audience) -> (MessageId, Listed) {
    let bytes = vec![0x6d; 10 * CHUNK_BYTES];
    let attachment = Attachment::new(&forge::SALT, &bytes, "application/pdf".into(), audience.clone());
    let office = federation().office(author);
    let act = Act::Sealed(concerto_procedure::acts::Sealed {});
    let documents = serde_json::to_value([&attachment]).unwrap();
    let text = stage.draft(author, &act, 1, None).payload("documents", documents).signed(office);
    assert_eq!(stage.deliver(author, &[&text]).code(), "-");
    (forge::read(&text).id(), attachment.listed().unwrap())
}

#[test]
fn the_author_is_asked_first_and_others_when_it_fails() {
    let mut stage = Stage::at_lead();
    stage.greet(BODIES[0]);
    stage.greet(BODIES[1]);
    let (_, listed) = large_on_stage(&mut stage, BODIES[0], &Audience::ALL);
    stage.tick();
    assert_eq!(stage.end_fetch(BODIES[0], Err(FetchFailure::Interrupted)), listed);
    // at once from the other, without a delay
    assert_eq!(stage.end_fetch(BODIES[1], Err(FetchFailure::Slow)), listed);
    assert!(stage.fetches.is_empty(), "everybody was tried");
    stage.tick();
    assert_eq!(stage.end_fetch(BODIES[0], Err(FetchFailure::Interrupted)), listed, "the author first again");
}

#[test]
fn a_source_that_sends_other_bytes_is_passed_over_and_an_official_is_told() {
    let mut stage = Stage::at_lead();
    stage.greet(BODIES[0]);
    stage.greet(BODIES[1]);
    large_on_stage(&mut stage, BODIES[0], &Audience::ALL);
    stage.tick();
    stage.end_fetch(BODIES[0], Err(FetchFailure::Misbehaved(StreamedError::Chunk(3).into())));
    assert!(stage.node.alarms().contains(&"document.source".to_owned()));
    stage.end_fetch(BODIES[1], Err(FetchFailure::Slow));
    stage.tick();
    stage.end_fetch(BODIES[1], Err(FetchFailure::Slow));
    assert!(stage.fetches.is_empty(), "the one who cheated is not asked");
    // nor when it comes back
    stage.greet(BODIES[0]);
    stage.feed(Input::Tick);
    assert!(stage.fetches.iter().all(|(from, ..)| from != BODIES[0]), "{:?}", stage.fetches);
}

#[test]
fn a_link_that_contradicts_itself_is_given_up_and_its_author_told() {
    let mut stage = Stage::at_lead();
    stage.greet(BODIES[0]);
    let (message, _) = large_on_stage(&mut stage, BODIES[0], &Audience::ALL);
    stage.tick();
    stage.end_fetch(BODIES[0], Err(FetchFailure::Inconsistent));
    stage.tick();
    stage.greet(BODIES[0]);
    stage.tick();
    assert!(stage.fetches.is_empty(), "a gigabyte is not fetched again and again");
    assert!(stage.node.alarms().contains(&"document.inconsistent".to_owned()));
    let receipts = stage.node.journal.receipts(message).unwrap();
    let unavailable = |r: &&concerto_message::Verified<concerto_message::Receipt>| {
        r.payload().kind == ReceiptKind::DocumentsUnavailable
    };
    assert_eq!(receipts.iter().filter(unavailable).count(), 1);
}

#[test]
fn no_room_is_an_alarm_and_tried_again() {
    let mut stage = Stage::at_lead();
    stage.greet(BODIES[0]);
    large_on_stage(&mut stage, BODIES[0], &Audience::ALL);
    stage.tick();
    stage.end_fetch(BODIES[0], Err(FetchFailure::NoRoom("full".into())));
    assert!(stage.fetches.is_empty());
    assert!(stage.node.alarms().contains(&"document.no-room".to_owned()));
    stage.now.monotonic += Duration::from_secs(6);
    stage.feed(Input::Tick);
    assert_eq!(stage.fetches.len(), 1);
}

#[test]
fn a_waiting_document_is_asked_for_as_soon_as_its_source_is_back() {
    let mut stage = Stage::at_lead();
    stage.greet(BODIES[0]);
    let (_, listed) = large_on_stage(&mut stage, BODIES[0], &Audience::ALL);
    stage.tick();
    let peer = || BODIES[0].parse().unwrap();
    stage.feed(Input::Disconnected { peer: peer() });
    stage.end_fetch(BODIES[0], Err(FetchFailure::Interrupted));
    stage.greet(BODIES[0]);
    stage.feed(Input::Tick); // a tenth of a second later in a running node
    assert_eq!(stage.end_fetch(BODIES[0], Ok(())), listed);
}

#[test]
fn a_peer_that_knows_no_streams_is_asked_in_frames_up_to_their_bound() {
    let mut stage = Stage::at_lead();
    stage.greet(BODIES[0]);
    let small = Attachment::new(&forge::SALT, &vec![1; 2 * CHUNK_BYTES], "text/plain".into(), Audience::ALL);
    let office = federation().office(BODIES[0]);
    let act = Act::Sealed(concerto_procedure::acts::Sealed {});
    let documents = serde_json::to_value([&small]).unwrap();
    let text = stage.draft(BODIES[0], &act, 1, None).payload("documents", documents).signed(office);
    stage.deliver(BODIES[0], &[&text]);
    stage.tick();
    stage.end_fetch(BODIES[0], Err(FetchFailure::Unsupported));
    let question = stage
        .question(BODIES[0], |r| matches!(r, Request::Document { digest, .. } if *digest == small.digest));
    let tail = [&forge::SALT.0[..], &vec![1; 2 * CHUNK_BYTES]].concat();
    stage.answer(&question, &Answer::Document {}, &tail);
    assert!(stage.node.documents.has(small.digest).unwrap());
    // a document that fits no frame waits for another source
    let large = Attachment::new(&forge::SALT, &vec![2; 9 * CHUNK_BYTES], "text/plain".into(), Audience::ALL);
    let documents = serde_json::to_value([&large]).unwrap();
    let before = Some(forge::read(&text).id());
    let text = stage.draft(BODIES[0], &act, 2, before).payload("documents", documents).signed(office);
    stage.deliver(BODIES[0], &[&text]);
    stage.tick();
    assert!(stage.fetches.is_empty());
    let asks = |q: &concerto_conformance::stage::Question| matches!(q.request, Request::Document { digest, .. } if digest == large.digest);
    assert!(!stage.questions.iter().any(asks));
}

#[test]
fn a_slow_source_holds_up_nobody_else() {
    let mut stage = Stage::at_lead();
    stage.greet(BODIES[0]);
    stage.greet(BODIES[1]);
    let only_lead = Audience::Only([LEAD.parse().unwrap()].into());
    let (mut before, act) = (None, Act::Sealed(concerto_procedure::acts::Sealed {}));
    for number in 1..=12_u8 {
        let bytes = vec![number; 2 * CHUNK_BYTES];
        let listed = Attachment::new(&forge::SALT, &bytes, "text/plain".into(), only_lead.clone());
        let documents = serde_json::to_value([&listed]).unwrap();
        let draft = stage.draft(BODIES[0], &act, number.into(), before);
        let text = draft.payload("documents", documents).signed(federation().office(BODIES[0]));
        stage.deliver(BODIES[0], &[&text]);
        before = Some(forge::read(&text).id());
    }
    stage.tick();
    let slow = stage.fetches.iter().filter(|(from, ..)| from == BODIES[0]).count();
    assert_eq!(slow, 2, "so many at one time from one source");
    large_on_stage(&mut stage, BODIES[1], &only_lead);
    stage.tick();
    assert_eq!(stage.fetches.iter().filter(|(from, ..)| from == BODIES[1]).count(), 1);
}

#[test]
fn streams_are_served_to_whom_the_link_admits_and_to_nobody_else() {
    let mut stage = Stage::at_lead();
    stage.greet(BODIES[0]);
    let listed_for = Audience::Only([LEAD.parse().unwrap()].into());
    let (message, listed) = large_on_stage(&mut stage, BODIES[0], &listed_for);
    let digest = listed.digest;
    assert_eq!(stage.ask_stream(BODIES[0], message, digest), Err(ServeRefusal::UNAVAILABLE), "not held yet");
    let held = &stage.node.documents;
    held.put(digest, forge::SALT, &vec![0x6d; 10 * CHUNK_BYTES]).unwrap();
    assert_eq!(stage.ask_stream(BODIES[0], message, digest), Ok(listed), "its author lost it, say");
    assert_eq!(stage.ask_stream(BODIES[1], message, digest), Err(ServeRefusal::GREETING));
    stage.greet(BODIES[1]);
    assert_eq!(stage.ask_stream(BODIES[1], message, digest), Err(ServeRefusal::UNAVAILABLE), "not for it");
    let notice = stage.notice;
    assert_eq!(stage.ask_stream(BODIES[0], notice, digest), Err(ServeRefusal::UNAVAILABLE), "another link");
    // a member that was not called
    stage.greet(BODIES[2]);
    assert_eq!(stage.ask_stream(BODIES[2], message, digest), Err(ServeRefusal::UNAVAILABLE));
    let body = stage.node.journal.link(notice).unwrap().unwrap().link.payload().body.clone().unwrap();
    assert_eq!(stage.ask_stream(BODIES[0], notice, body.digest), Err(ServeRefusal::SMALL));
    let answer = stage.ask(BODIES[0], &Request::Document { message, digest });
    assert_eq!(answer.code(), "document.large", "no frame of ten chunks");
}
