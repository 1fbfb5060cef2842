//! Nodes that die, run out of disk, or wake up on an old copy of their journal.
//!
//! ```text
//!   begin  handle  write write write  commit  effect effect effect  dispatch
//!         ^        ^     ^           ^       ^      ^
//!         the node dies here, for every input of a whole exchange, and starts again from what was committed
//! ```
//! Properties: what was replied or receipted is there after every crash; what was not comes again; nothing has effect twice; the outbox
//! survives; a commit that fails leaves no trace and the same order succeeds later; a node on an old copy adopts its own later links
//! and goes on in a new life, without a fork.
//!
//! Plausible wrong implementations that fail here: a receipt sent before its commit; an outbox in memory; a core that keeps what a failed
//! commit did not; a restored node that writes again in a place that it had used.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests stop at the first surprise"
)]

use concerto_conformance::acts;
use concerto_conformance::federation::{BODIES, LEAD, federation};
use concerto_conformance::forge;
use concerto_conformance::node::{Stop, send};
use concerto_conformance::simulation::{Simulation, Weather};
use concerto_conformance::stage::Stage;
use concerto_core::{Effect, Input, Reply};
use concerto_exchange::frame::{self, Answer, Request};
use concerto_message::{ConferenceId, MessageId, ParsedReceipt, ReceiptKind};
use concerto_port::JournalRead;
use concerto_procedure::acts::{Act, Position, Sealed};
use concerto_procedure::rome_date;
use std::time::Duration;

const REST_LIMIT: Duration = Duration::from_secs(3600);

const STOPS: [Stop; 8] = [
    Stop::MidTransaction(0),
    Stop::MidTransaction(1),
    Stop::MidTransaction(2),
    Stop::BeforeCommit,
    Stop::AfterCommit,
    Stop::MidEffects(0),
    Stop::MidEffects(1),
    Stop::MidEffects(2),
];

fn assent() -> Act {
    acts::determination(Position::Assent)
}

/// Procedente and two bodies, a conference that all of them know, all at rest.
fn three_nodes(seed: u64) -> (Simulation, ConferenceId) {
    let mut simulation = Simulation::new(seed, &[LEAD, BODIES[0], BODIES[1]], Weather::FAIR);
    simulation.connect_all();
    let called: Vec<_> = (1..3).map(|n| simulation.writer(n)).collect();
    let notice = acts::notice(rome_date(simulation.now().wall), &called);
    let (conference, _) = simulation.open(0, notice).unwrap();
    assert!(simulation.settle(REST_LIMIT));
    (simulation, conference)
}

/// All nodes hold the same links and the same state, which is the one recomputed from their journals.
fn assert_equal(simulation: &mut Simulation, conference: &ConferenceId) {
    assert!(simulation.settle(REST_LIMIT), "the nodes come to rest");
    let links = simulation.node(0).links(conference);
    let state = simulation.node(0).case(conference).unwrap().state_digest();
    let now = simulation.now();
    for index in 0..simulation.len() {
        let node = simulation.node(index);
        assert_eq!(node.links(conference), links, "links of node {index}");
        assert_eq!(node.case(conference).unwrap().state_digest(), state, "state of node {index}");
        assert!(node.state_in_memory(conference, now).is_none_or(|remembered| remembered == state));
        assert!(!node.alarms().iter().any(|code| code.starts_with("chain.")), "no fork at node {index}");
    }
}

#[test]
fn the_author_dies_at_every_point_of_writing_an_act() {
    for (seed, stop) in (0..).zip(STOPS) {
        let (mut simulation, conference) = three_nodes(seed);
        let order = Box::new(send(&conference, assent()));
        simulation.crash_at(1, Input::Order { token: 1, order }, stop);
        simulation.restart(1);
        simulation.connect_all();
        assert_equal(&mut simulation, &conference);
        let case = simulation.node(0).case(&conference).unwrap();
        let counted = case.state().determinations().count();
        let durable = matches!(stop, Stop::AfterCommit | Stop::MidEffects(_));
        assert_eq!(
            counted,
            usize::from(durable),
            "{stop:?}: committed is delivered, once; not committed is gone"
        );
    }
}

#[test]
fn the_receiver_dies_at_every_point_of_taking_a_link() {
    for stop in STOPS {
        let mut stage = Stage::at_lead();
        stage.greet(BODIES[0]);
        let office = federation().office(BODIES[0]);
        let text = stage.draft(BODIES[0], &assent(), 1, None).signed(office);
        let id = forge::read(&text).id();
        let frame = frame::encode(&Request::Deliver { links: vec![text.clone()] }, &[]).unwrap();
        let input = Input::Request { from: office.writer.clone(), token: 99, frame };
        let effects = stage.node.feed_until(input, stage.now, stop);
        let receipted = effects.iter().find_map(receipts_in);
        let mut stage = stage.crash();
        let held = stage.node.journal.has_link(id).unwrap();
        assert!(held || receipted.is_none(), "{stop:?}: nothing receipted is lost");
        // the author knows nothing, or not yet: it sends again
        stage.greet(BODIES[0]);
        let again = stage.deliver(BODIES[0], &[&text]);
        if let Some(first) = receipted {
            assert_eq!(again.receipts(), first, "{stop:?}: the same receipt");
        }
        stage.tick();
        stage.tick();
        let case = stage.node.case(&stage.conference).unwrap();
        assert_eq!(case.state().determinations().count(), 1, "{stop:?}: one effect");
        assert_eq!(
            case.chain(&LEAD.parse().unwrap()).unwrap().contiguous_len(),
            2,
            "{stop:?}: taken in charge once"
        );
    }
}

fn receipts_in(effect: &Effect) -> Option<Vec<String>> {
    let Effect::Respond { frame, .. } = effect else { return None };
    match frame::decode_answer(frame).unwrap().0 {
        Answer::Delivered { receipts, .. } => Some(receipts),
        _ => None,
    }
}

#[test]
fn the_procedente_dies_at_every_point_of_taking_in_charge() {
    for (seed, stop) in (100..).zip(STOPS) {
        let (mut simulation, conference) = three_nodes(seed);
        // a determination that the procedente holds and has not taken in charge yet
        let message = simulation.order(1, &conference, assent()).unwrap();
        while simulation.node(0).case(&conference).unwrap().entry(message).is_none() {
            simulation.step();
        }
        simulation.crash_at(0, Input::Tick, stop);
        simulation.restart(0);
        simulation.connect_all();
        assert_equal(&mut simulation, &conference);
        let case = simulation.node(2).case(&conference).unwrap();
        assert!(case.is_taken(message), "{stop:?}");
        let naming = |act: &Act| matches!(act, Act::TakenInCharge(t) if t.messages.iter().any(|m| m.message == message));
        let times = case.entries().filter(|(_, e)| e.act.as_ref().is_ok_and(naming)).count();
        assert_eq!(times, 1, "{stop:?}: taken in charge once");
    }
}

#[test]
fn the_outbox_survives_and_effects_are_derived_again() {
    let (mut simulation, conference) = three_nodes(7);
    simulation.crash(0);
    let message = simulation.order(1, &conference, assent()).unwrap();
    simulation.steps(100);
    assert_eq!(simulation.node(1).outbox_len(), 1, "the procedente is down");
    for _ in 0..3 {
        simulation.crash(1);
        simulation.restart(1);
        assert_eq!(simulation.node(1).outbox_len(), 1);
    }
    simulation.restart(0);
    simulation.connect_all();
    assert_equal(&mut simulation, &conference);
    assert_eq!(simulation.node(1).outbox_len(), 0);
    assert!(simulation.node(1).case(&conference).unwrap().is_taken(message));
}

#[test]
fn a_commit_that_fails_leaves_no_trace_and_succeeds_later() {
    let (mut simulation, conference) = three_nodes(8);
    let before = simulation.node(1).links(&conference);
    let outbox = simulation.node(1).outbox_len();
    simulation.node(1).journal.set_full(true);
    let fault = simulation.order(1, &conference, assent()).unwrap_err();
    assert_eq!(fault.code, "store.failed");
    assert_eq!(simulation.node(1).links(&conference), before);
    assert_eq!(simulation.node(1).outbox_len(), outbox);
    // what others write meanwhile is neither kept nor receipted
    let other = simulation.order(2, &conference, acts::request()).unwrap();
    simulation.steps(200);
    assert!(simulation.node(1).case(&conference).unwrap().entry(other).is_none());
    assert_eq!(simulation.node(2).outbox_len(), 1, "node 2 waits for the receipt");
    simulation.node(1).journal.set_full(false);
    let message = simulation.order(1, &conference, assent()).unwrap();
    assert_equal(&mut simulation, &conference);
    let case = simulation.node(0).case(&conference).unwrap();
    assert!(case.is_taken(message) && case.is_taken(other));
    let chain = case.chain(&simulation.writer(1)).unwrap();
    assert_eq!(chain.all().count(), 1, "the link that failed was never anywhere");
}

#[test]
fn a_full_disk_never_receipts_what_it_does_not_hold() {
    let mut stage = Stage::at_lead();
    stage.greet(BODIES[0]);
    let office = federation().office(BODIES[0]);
    let text = stage.draft(BODIES[0], &assent(), 1, None).signed(office);
    let frame = frame::encode(&Request::Deliver { links: vec![text.clone()] }, &[]).unwrap();
    stage.node.journal.set_full(true);
    for token in [50, 51] {
        let input = Input::Request { from: office.writer.clone(), token, frame: frame.clone() };
        assert_eq!(stage.node.feed(vec![input], stage.now).unwrap_err().code(), "journal.full");
        let connections = stage.node.connections();
        stage.node.feed(connections, stage.now).unwrap();
        stage.hello(office); // the session that the core forgot
    }
    stage.node.journal.set_full(false);
    let answer = stage.deliver(BODIES[0], &[&text]);
    let receipt = ParsedReceipt::parse(&answer.receipts()[0]).unwrap();
    let id = forge::read(&text).id();
    assert_eq!(receipt.payload().messages[0].id, id);
    assert!(stage.node.journal.has_link(id).unwrap());
    assert!(stage.crash().node.journal.has_link(id).unwrap());
}

/// Node 1 writes two more acts after a copy of its journal was made, which reach everybody, and then starts on the copy.
fn restored() -> (Simulation, ConferenceId, [MessageId; 2]) {
    let (mut simulation, conference) = three_nodes(9);
    simulation.order(1, &conference, acts::request()).unwrap();
    assert!(simulation.settle(REST_LIMIT));
    let copy = simulation.node(1).journal.after_crash();
    let lost = [acts::request(), assent()].map(|act| simulation.order(1, &conference, act).unwrap());
    assert!(simulation.settle(REST_LIMIT));
    simulation.crash(1);
    simulation.restart_on(1, copy);
    (simulation, conference, lost)
}

#[test]
fn a_node_on_an_old_copy_adopts_its_own_links_and_opens_a_new_life() {
    let (mut simulation, conference, lost) = restored();
    assert!(simulation.node(1).case(&conference).unwrap().entry(lost[0]).is_none());
    simulation.connect_all();
    assert_equal(&mut simulation, &conference);
    let case = simulation.node(1).case(&conference).unwrap();
    assert!(
        lost.iter().all(|id| case.entry(*id).is_some_and(|e| e.own)),
        "its own later links are its own again"
    );
    let message = simulation.order(1, &conference, Act::Sealed(Sealed {})).unwrap();
    assert_equal(&mut simulation, &conference);
    let node = simulation.node(0);
    let written = node.journal.link(message).unwrap().unwrap();
    let payload = written.link.payload();
    assert_eq!((payload.incarnation.counter, payload.sequence), (2, 1), "a new life begins at 1");
    assert_eq!(payload.previous, Some(lost[1]), "and names the last head of the old one");
    let chain_lives =
        node.case(&conference).unwrap().chain(&simulation.writer(1)).unwrap().incarnations().count();
    assert_eq!(chain_lives, 2);
    // a further start keeps the new life
    simulation.crash(1);
    simulation.restart(1);
    simulation.connect_all();
    let message = simulation.order(1, &conference, Act::Sealed(Sealed {})).unwrap();
    assert_equal(&mut simulation, &conference);
    let written = simulation.node(0).journal.link(message).unwrap().unwrap();
    let place = (written.link.payload().incarnation.counter, written.link.payload().sequence);
    assert_eq!(place, (2, 2));
}

#[test]
fn a_node_that_lost_its_whole_journal_gets_everything_back_and_writes_on() {
    for who in [0, 1] {
        let (mut simulation, conference) = three_nodes(10);
        simulation.order(1, &conference, assent()).unwrap();
        assert!(simulation.settle(REST_LIMIT));
        let before = simulation.node(2).links(&conference);
        simulation.crash(who);
        simulation.restart_on(who, concerto_port::memory::MemoryJournal::new());
        simulation.connect_all();
        assert_equal(&mut simulation, &conference);
        assert!(before.keys().all(|id| simulation.node(who).links(&conference).contains_key(id)));
        let message = simulation.order(who, &conference, Act::Sealed(Sealed {})).unwrap();
        assert_equal(&mut simulation, &conference);
        assert!(simulation.node(2).links(&conference).contains_key(&message));
    }
}

#[test]
fn a_body_called_later_gets_the_case_from_the_first_link_on() {
    let mut simulation = Simulation::new(11, &[LEAD, BODIES[0], BODIES[1], BODIES[2]], Weather::ROUGH);
    simulation.connect_all();
    let today = rome_date(simulation.now().wall);
    let called: Vec<_> = (1..3).map(|n| simulation.writer(n)).collect();
    let (conference, _) = simulation.open(0, acts::notice(today, &called)).unwrap();
    simulation.order(0, &conference, Act::Sealed(Sealed {})).unwrap();
    assert!(simulation.settle(REST_LIMIT));
    simulation.order(1, &conference, assent()).unwrap();
    assert!(simulation.settle(REST_LIMIT));
    assert!(simulation.node(3).case(&conference).is_none());
    let late = simulation.writer(3);
    simulation.order(0, &conference, acts::added(today, &late).unwrap()).unwrap();
    assert_equal(&mut simulation, &conference);
    simulation.order(3, &conference, assent()).unwrap();
    assert_equal(&mut simulation, &conference);
    let case = simulation.node(1).case(&conference).unwrap();
    assert_eq!(case.state().determinations_of(&late).count(), 1);
    assert!(
        case.state().bodies()[&late].received_on().is_some(),
        "its receipt for the call started its term"
    );
}

#[test]
fn an_order_is_replied_only_when_it_is_durable() {
    let mut stage = Stage::at_lead();
    let act = Act::Sealed(Sealed {});
    for stop in [Stop::MidTransaction(1), Stop::BeforeCommit] {
        let order = Box::new(send(&stage.conference, act.clone()));
        let effects = stage.node.feed_until(Input::Order { token: 7, order }, stage.now, stop);
        assert!(effects.is_empty() && stage.node.replies.is_empty(), "{stop:?}");
        stage = stage.crash();
    }
    let (reply, _) = stage.node.order(send(&stage.conference, act), stage.now);
    let Reply::Sent { message, .. } = reply.unwrap() else { panic!("sent") };
    assert!(stage.crash().node.journal.has_link(message).unwrap());
}

/// The author's only copy of a link reached one body; its own journal forgot it, with the outbox rows for the others.
#[test]
fn what_an_old_copy_forgot_to_deliver_reaches_everybody_all_the_same() {
    for author in [0, 1] {
        let (mut simulation, conference) = three_nodes(12);
        let [reached, other] = if author == 0 { [1, 2] } else { [0, 2] };
        let copy = simulation.node(author).journal.after_crash();
        simulation.cut(author, other);
        simulation.cut(reached, other);
        let message = simulation.order(author, &conference, Act::Sealed(Sealed {})).unwrap();
        simulation.steps(40);
        assert!(simulation.node(reached).case(&conference).unwrap().entry(message).is_some());
        simulation.crash(author);
        simulation.restart_on(author, copy);
        // the other one is connected to both before they are to each other
        simulation.connect(author, other);
        simulation.connect(reached, other);
        simulation.connect(author, reached);
        assert_equal(&mut simulation, &conference);
        assert!(simulation.node(other).case(&conference).unwrap().entry(message).is_some());
        let receipts = simulation.node(author).journal.receipts(message).unwrap();
        let accepted = receipts.iter().filter(|r| r.payload().kind == ReceiptKind::Accepted);
        assert_eq!(accepted.count(), 2, "both receipted it, and the author knows");
    }
}

/// An answer under the token of a question, from a peer that was not asked it (to a core that ended before, say), is dropped and the
/// question stands: else its message would be under way for ever.
#[test]
fn an_answer_from_another_peer_takes_no_question_away() {
    let mut stage = Stage::at_lead();
    stage.greet(BODIES[0]);
    stage.greet(BODIES[1]);
    let question = stage.question(BODIES[0], |r| matches!(r, Request::Deliver { .. }));
    let noted = frame::encode(&Answer::Noted {}, &[]).unwrap();
    let from = federation().office(BODIES[1]).writer.clone();
    stage.feed(Input::Answer { from, token: question.token, result: Ok(noted) });
    // no receipt comes with this answer, but it settles the question: the notice is sent again
    stage.answer(&question, &Answer::Delivered { receipts: Vec::new(), retry: Vec::new() }, &[]);
    stage.tick();
    stage.question(BODIES[0], |r| matches!(r, Request::Deliver { links } if links.len() == 1));
}
