//! Nodes that wake up on an old copy of their data (protocols/PROTOCOL.md, incarnations).
//!
//! ```text
//!   course ── copy ── further course, some peers down ── restore ── orders before any contact ── contact, one peer after the other
//!               │                                          ▲          └─ more crashes, a second restore
//!               └──────────────────────────────────────────┘   on the same machine (its mark lies there), or elsewhere (no mark)
//! ```
//! Properties of each run: no place of any chain was ever given twice, counting also links that reached nobody; nothing is lost that had a
//! receipt, on either side; what the restored node was ordered before it met anybody has effect; in the end all nodes hold the same links
//! and the same state, no chain forks, and no fork was alarmed.
//!
//! Plausible wrong implementations that fail here: one that learns only from its peers that it was restored; one whose proof lies in
//! the journal, or in a file beside it; one that takes a mark of another incarnation, or one that is ahead of its journal; one whose
//! mark is noted after the effects.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests stop at the first surprise"
)]

use concerto_conformance::acts;
use concerto_conformance::federation::{BODIES, LEAD};
use concerto_conformance::full_effort;
use concerto_conformance::node::{Stop, send};
use concerto_conformance::simulation::{Simulation, Weather};
use concerto_core::Input;
use concerto_message::chain::Slot;
use concerto_message::{ConferenceId, MessageId, ReceiptKind};
use concerto_port::JournalRead;
use concerto_port::memory::MemoryJournal;
use concerto_procedure::acts::{Act, Position, Sealed};
use concerto_procedure::rome_date;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Longest virtual time in which a healed network must come to rest.
const REST_LIMIT: Duration = Duration::from_secs(2 * 3600);

fn runs() -> u64 {
    if full_effort() { 1000 } else { 20 }
}

/// One run and what must come of it.
struct Run {
    simulation: Simulation,
    conference: ConferenceId,
    // every link that was ever durable anywhere, by its place
    places: BTreeMap<Slot, MessageId>,
    // messages that somebody had a receipt for, or that were ordered after the last restore
    kept: BTreeSet<MessageId>,
    restores: usize,
}

impl Run {
    fn begin(seed: u64) -> Self {
        let nodes = 3 + (seed % 2) as usize;
        let writers: Vec<&str> = [LEAD].into_iter().chain(BODIES).take(nodes).collect();
        let mut simulation = Simulation::new(seed, &writers, Weather::ROUGH);
        let called: Vec<_> = (1..nodes).map(|n| simulation.writer(n)).collect();
        let notice = acts::notice(rome_date(simulation.now().wall), &called);
        let (conference, _) = simulation.open(0, notice).unwrap();
        simulation.connect_all();
        let (places, kept) = (BTreeMap::new(), BTreeSet::new());
        let mut run = Self { simulation, conference, places, kept, restores: 0 };
        assert!(run.simulation.settle(REST_LIMIT));
        run.note();
        run
    }

    fn below(&mut self, most: u64) -> u64 {
        self.simulation.chance().below(most)
    }

    /// Notes every place that was given, and that none was given twice.
    fn note(&mut self) {
        for who in 0..self.simulation.len() {
            if !self.simulation.is_up(who) {
                continue;
            }
            let links = self.simulation.node(who).journal.links(&self.conference, 0, usize::MAX).unwrap();
            for stored in links {
                let (slot, id) = (stored.link.payload().slot(), stored.link.id());
                let first = *self.places.entry(slot.clone()).or_insert(id);
                assert_eq!(first, id, "a place was given twice: {slot:?}");
            }
        }
    }

    /// An act of somebody, if the law admits it now.
    fn act(&mut self, who: usize) {
        let act = match self.below(4) {
            _ if who == 0 => Act::Sealed(Sealed {}),
            0 => acts::request(),
            1 => acts::determination(Position::Assent),
            2 => acts::determination(Position::ConditionalAssent),
            _ => Act::Sealed(Sealed {}),
        };
        let conference = self.conference.clone();
        let ordered = self.simulation.order(who, &conference, act);
        if let (Ok(message), true) = (ordered, self.restores > 0) {
            self.kept.insert(message);
        }
        self.note();
    }

    /// Acts, time, cuts and connections by chance; crashes at any point, too.
    fn course(&mut self, moves: u64) {
        let nodes = self.simulation.len() as u64;
        for _ in 0..moves {
            let (who, other) = (self.below(nodes) as usize, self.below(nodes) as usize);
            match self.below(10) {
                0..=3 if self.simulation.is_up(who) => self.act(who),
                4 | 5 => {
                    let steps = 1 + self.below(15) as usize;
                    self.simulation.steps(steps);
                }
                6 => self.simulation.cut(who, other),
                7 => self.simulation.connect(who, other),
                8 if self.simulation.is_up(who) => self.crash(who),
                _ => self.simulation.restart(who),
            }
            self.note();
        }
    }

    fn crash(&mut self, who: usize) {
        let stop = match self.below(4) {
            0 => Stop::BeforeCommit,
            1 => Stop::AfterCommit,
            2 => Stop::MidEffects(0),
            _ => Stop::MidEffects(1),
        };
        let order = Box::new(send(&self.conference, Act::Sealed(Sealed {})));
        self.simulation.crash_at(who, Input::Order { token: u64::MAX, order }, stop);
        self.simulation.restart(who);
        self.note();
    }

    /// What a node holds a receipt for, given or received.
    fn receipted(&mut self, who: usize) -> BTreeSet<MessageId> {
        let receipts = self.simulation.node(who).journal.conference_receipts(&self.conference).unwrap();
        let accepted = receipts.iter().filter(|r| r.payload().kind == ReceiptKind::Accepted);
        accepted.flat_map(|r| r.payload().messages.iter().map(|c| c.id)).collect()
    }

    fn restore(&mut self, who: usize, copy: MemoryJournal) {
        self.simulation.restart(who);
        self.note();
        let receipted = self.receipted(who);
        // what it was ordered since the copy, and nobody has, is lost with the disk, as with any restore
        let lost: BTreeSet<MessageId> = self.own(who).difference(&receipted).copied().collect();
        self.kept.retain(|id| !lost.contains(id));
        self.kept.extend(receipted);
        self.simulation.crash(who);
        if self.below(2) == 0 {
            self.simulation.restart_on(who, copy);
        } else {
            self.simulation.restart_elsewhere(who, copy);
        }
        self.restores += 1;
        for _ in 0..self.below(4) {
            self.act(who); // before it meets anybody
        }
    }

    fn own(&mut self, who: usize) -> BTreeSet<MessageId> {
        let links = self.simulation.node(who).journal.links(&self.conference, 0, usize::MAX).unwrap();
        links.iter().filter(|stored| stored.own).map(|stored| stored.link.id()).collect()
    }

    fn finish(&mut self) {
        self.simulation.set_weather(Weather::FAIR);
        for who in 0..self.simulation.len() {
            self.simulation.restart(who);
        }
        self.simulation.connect_all();
        assert!(self.simulation.settle(REST_LIMIT), "the nodes come to rest");
        self.note();
        let conference = self.conference.clone();
        let links = self.simulation.node(0).links(&conference);
        let state = self.simulation.node(0).case(&conference).unwrap().state_digest();
        for message in &self.kept {
            assert!(
                links.contains_key(message),
                "{message} was receipted, or ordered after the restore, and is lost"
            );
        }
        for who in 0..self.simulation.len() {
            let node = self.simulation.node(who);
            assert_eq!(node.links(&conference), links, "links of node {who}");
            let case = node.case(&conference).unwrap();
            assert_eq!(case.state_digest(), state, "state of node {who}");
            assert!(case.chains().all(|(_, chain)| chain.open_forks().is_empty()), "a fork at node {who}");
            assert!(!node.alarms().iter().any(|code| code.starts_with("chain.")), "a fork was alarmed");
        }
    }
}

/// The random runs; their seeds are those printed when one fails.
#[test]
fn an_old_copy_put_back_loses_nothing_receipted_and_forks_nothing() {
    let (mut restores, mut links, mut lives) = (0, 0, BTreeSet::new());
    // 33: a process dies between a commit and its mark, goes on, and is then replaced by an older copy
    for seed in (0..runs()).chain([33]) {
        let guard = Seed(seed);
        let mut run = Run::begin(seed);
        let moves = 3 + run.below(12);
        run.course(moves);
        let who = run.below(run.simulation.len() as u64) as usize;
        for _ in 0..=run.below(2) {
            run.simulation.restart(who);
            let copy = run.simulation.node(who).journal.after_crash();
            let moves = 2 + run.below(14);
            run.course(moves);
            run.restore(who, copy);
            let moves = run.below(12);
            run.course(moves);
        }
        run.finish();
        restores += run.restores;
        links += run.places.len();
        lives.extend(run.places.keys().map(|slot| (seed, slot.writer.clone(), slot.incarnation)));
        drop(guard);
    }
    println!(
        "{} runs: {restores} restores, {links} links in {} incarnations, no place given twice",
        runs(),
        lives.len()
    );
}

/// Prints the seed of a run that fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("seed {}", self.0);
        }
    }
}

/// An order given before any contact: the case in which no peer can tell the node that it was restored.
#[test]
fn an_order_before_any_contact_opens_the_new_incarnation() {
    for elsewhere in [false, true] {
        let mut run = Run::begin(1);
        let copy = run.simulation.node(1).journal.after_crash();
        run.act(1);
        assert!(run.simulation.settle(REST_LIMIT));
        run.simulation.crash(1);
        if elsewhere {
            run.simulation.restart_elsewhere(1, copy);
        } else {
            run.simulation.restart_on(1, copy);
        }
        let conference = run.conference.clone();
        let message = run.simulation.order(1, &conference, Act::Sealed(Sealed {})).unwrap();
        let written = run.simulation.node(1).journal.link(message).unwrap().unwrap();
        let payload = written.link.payload();
        assert_eq!((payload.incarnation.counter, payload.sequence), (2, 1));
        run.kept.insert(message);
        run.finish();
    }
}

/// The same copy on the machine where nothing was written since proves itself: no incarnation without need.
#[test]
fn a_node_that_holds_what_its_mark_names_goes_on_in_its_incarnation() {
    let mut run = Run::begin(2);
    run.act(1);
    let copy = run.simulation.node(1).journal.after_crash();
    run.simulation.crash(1);
    run.simulation.restart_on(1, copy);
    let conference = run.conference.clone();
    let message = run.simulation.order(1, &conference, Act::Sealed(Sealed {})).unwrap();
    let written = run.simulation.node(1).journal.link(message).unwrap().unwrap();
    assert_eq!(written.link.payload().incarnation.counter, 1);
    run.finish();
}
