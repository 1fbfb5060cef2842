//! Any order, duplication, loss, crash and partition, followed by healing and catch-up, ends with the same links and the same state
//! on every node.
//!
//! ```text
//!   lead ----- body 1        moves, as proptest says: acts of every kind, days that pass, crashes at any point, full disks,
//!     \  \    /              cuts and partitions, on a network that loses, delays and repeats
//!      \  body 2 ...   then  the weather turns fair, every node is up and connected, the case is brought to its end
//! ```
//! Properties, after the rest: every node holds the same links byte for byte; the same state digest and the same digest of the terms;
//! nothing waits in an outbox; the state in memory equals its recomputation from the journal; nothing that was replied to its
//! official is lost; no fork and no disagreement about terms was ever alarmed.
//!
//! Plausible wrong implementations that fail here: effects before their commit; a fold that depends on the order of arrival; a
//! catch-up that gives up after one lost answer; a receipt for something that is not durable; a chain that goes on from a place that a
//! crash took away.

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
use concerto_core::case::Awaited;
use concerto_core::{Input, Order};
use concerto_message::{ConferenceId, Digest, MessageId, Writer};
use concerto_port::JournalRead;
use concerto_port::memory::MemoryJournal;
use concerto_procedure::acts::{Act, AskedBy, Position, Sealed, SyncModeRequest};
use concerto_procedure::rome_date;
use jiff::SignedDuration;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Longest virtual time in which a healed network must come to rest: a few times the longest retry delay.
const REST_LIMIT: Duration = Duration::from_secs(2 * 3600);

#[derive(Debug, Clone)]
enum Move {
    /// A body or the procedente writes something, whatever its state allows.
    Act {
        who: usize,
        what: u8,
    },
    /// The network works for a while.
    Run {
        steps: usize,
    },
    /// Days pass.
    Days {
        days: i64,
    },
    /// A node dies between two steps.
    Crash {
        who: usize,
    },
    /// A node dies while it writes an act or hears the clock.
    CrashAt {
        who: usize,
        stop: Stop,
        what: u8,
    },
    /// A node that is down starts.
    Restart {
        who: usize,
    },
    /// A node's disk is full, or has room again.
    Full {
        who: usize,
        full: bool,
    },
    /// A connection falls, or stands again.
    Cut {
        a: usize,
        b: usize,
    },
    Connect {
        a: usize,
        b: usize,
    },
    /// The nodes whose bit is set see only each other.
    Partition {
        side: u8,
    },
    /// A copy of a node's journal is made.
    Copy {
        who: usize,
    },
    /// A node starts again on its last copy: it has forgotten what it did since.
    Restore {
        who: usize,
    },
}

fn stop() -> impl Strategy<Value = Stop> {
    prop_oneof![
        (0usize..6).prop_map(Stop::MidTransaction),
        Just(Stop::BeforeCommit),
        Just(Stop::AfterCommit),
        (0usize..4).prop_map(Stop::MidEffects),
    ]
}

fn one_move() -> impl Strategy<Value = Move> {
    let who = || 0usize..5;
    prop_oneof![
        8 => (who(), any::<u8>()).prop_map(|(who, what)| Move::Act { who, what }),
        8 => (1usize..24).prop_map(|steps| Move::Run { steps }),
        2 => (1i64..12).prop_map(|days| Move::Days { days }),
        1 => who().prop_map(|who| Move::Crash { who }),
        2 => (who(), stop(), any::<u8>()).prop_map(|(who, stop, what)| Move::CrashAt { who, stop, what }),
        3 => who().prop_map(|who| Move::Restart { who }),
        1 => (who(), any::<bool>()).prop_map(|(who, full)| Move::Full { who, full }),
        2 => (who(), who()).prop_map(|(a, b)| Move::Cut { a, b }),
        3 => (who(), who()).prop_map(|(a, b)| Move::Connect { a, b }),
        1 => any::<u8>().prop_map(|side| Move::Partition { side }),
    ]
}

/// Moves in which nodes also wake up on old copies of their journals.
fn one_move_with_copies() -> impl Strategy<Value = Move> {
    prop_oneof![
        8 => one_move(),
        1 => (0usize..5).prop_map(|who| Move::Copy { who }),
        1 => (0usize..5).prop_map(|who| Move::Restore { who }),
    ]
}

/// A case under way: the simulation and what was confirmed to officials.
struct Story {
    simulation: Simulation,
    copies: BTreeMap<usize, MemoryJournal>,
    restored: BTreeSet<usize>,
    forks_allowed: bool,
    conference: ConferenceId,
    confirmed: BTreeMap<MessageId, usize>,
}

impl Story {
    fn begin(seed: u64, nodes: usize) -> Self {
        let writers: Vec<&str> = [LEAD].into_iter().chain(BODIES).take(nodes).collect();
        let mut simulation = Simulation::new(seed, &writers, Weather::ROUGH);
        let called: Vec<Writer> = (1..nodes).map(|n| simulation.writer(n)).collect();
        let today = rome_date(simulation.now().wall);
        let (conference, notice) = simulation.open(0, acts::notice(today, &called)).unwrap();
        simulation.connect_all();
        let confirmed = BTreeMap::from([(notice, 0)]);
        Self {
            simulation,
            copies: BTreeMap::new(),
            restored: BTreeSet::new(),
            forks_allowed: false,
            conference,
            confirmed,
        }
    }

    fn play(&mut self, moves: &[Move]) {
        let nodes = self.simulation.len();
        for one in moves {
            match one.clone() {
                Move::Act { who, what } => self.act(who % nodes, what),
                Move::Run { steps } => self.simulation.steps(steps),
                Move::Days { days } => self.simulation.let_pass(SignedDuration::from_hours(24 * days)),
                Move::Crash { who } => self.simulation.crash(who % nodes),
                Move::CrashAt { who, stop, what } => self.crash_at(who % nodes, stop, what),
                Move::Restart { who } => self.simulation.restart(who % nodes),
                Move::Full { who, full } if self.simulation.is_up(who % nodes) => {
                    self.simulation.node(who % nodes).journal.set_full(full);
                }
                Move::Full { .. } => {}
                Move::Cut { a, b } => self.simulation.cut(a % nodes, b % nodes),
                Move::Connect { a, b } => self.simulation.connect(a % nodes, b % nodes),
                Move::Copy { who } if self.simulation.is_up(who % nodes) => {
                    let copy = self.simulation.node(who % nodes).journal.after_crash();
                    self.copies.insert(who % nodes, copy);
                }
                Move::Copy { .. } => {}
                Move::Restore { who } => self.restore(who % nodes),
                Move::Partition { side } => {
                    let side: BTreeSet<usize> = (0..nodes).filter(|n| side >> n & 1 == 1).collect();
                    self.simulation.partition(&side);
                }
            }
        }
    }

    /// What the node wrote since the copy and nobody had received is lost for ever, as with any restore.
    fn restore(&mut self, who: usize) {
        let Some(copy) = self.copies.get(&who).cloned() else { return };
        self.simulation.crash(who);
        self.simulation.restart_on(who, copy);
        self.restored.insert(who);
        self.confirmed.retain(|_, author| *author != who);
    }

    /// The act that a number stands for, if the state of this node knows enough to write it.
    fn drafted(&mut self, who: usize, what: u8) -> Option<Act> {
        let now = self.simulation.legal_now();
        let today = now.date();
        let case = self.simulation.node(who).case(&self.conference)?;
        let state = case.state();
        if who > 0 {
            return Some(match what % 6 {
                0 | 1 => acts::request(),
                2 => acts::determination(Position::Assent),
                3 => acts::determination(Position::ConditionalAssent),
                4 => Act::SyncModeRequest(SyncModeRequest { asked_by: AskedBy::Body }),
                _ => Act::Sealed(Sealed {}),
            });
        }
        let body = self.simulation.writer(1 + usize::from(what / 8) % (self.simulation.len() - 1));
        match what % 8 {
            0 | 1 => Some(acts::suspension(state, today)),
            2 => acts::integrations(state, today),
            3 => acts::implied(state, &body, now),
            4 => Some(acts::hearing(state, today)),
            5 => Some(acts::conclusion(state)),
            6 => acts::added(today, &body),
            _ => Some(Act::Sealed(Sealed {})),
        }
    }

    fn act(&mut self, who: usize, what: u8) {
        if !self.simulation.is_up(who) {
            return;
        }
        let Some(act) = self.drafted(who, what) else { return };
        let conference = self.conference.clone();
        if let Ok(message) = self.simulation.order(who, &conference, act) {
            self.confirmed.insert(message, who);
        }
    }

    fn crash_at(&mut self, who: usize, stop: Stop, what: u8) {
        if !self.simulation.is_up(who) {
            return;
        }
        let input = match self.drafted(who, what) {
            Some(act) if what.is_multiple_of(2) => {
                let order: Box<Order> = Box::new(send(&self.conference, act));
                Input::Order { token: u64::MAX, order }
            }
            _ => Input::Tick,
        };
        // a full disk would make the input fail before it could be stopped
        self.simulation.node(who).journal.set_full(false);
        self.simulation.crash_at(who, input, stop);
    }

    /// Everything works again.
    fn heal(&mut self) {
        self.simulation.set_weather(Weather::FAIR);
        for who in 0..self.simulation.len() {
            self.simulation.restart(who);
            self.simulation.node(who).journal.set_full(false);
        }
        self.simulation.connect_all();
    }

    /// Silence is noted, prescriptions are heard, and the conference ends.
    fn bring_to_its_end(&mut self) {
        self.simulation.let_pass(SignedDuration::from_hours(24 * 120));
        let (now, conference) = (self.simulation.legal_now(), self.conference.clone());
        for who in 1..self.simulation.len() {
            let body = self.simulation.writer(who);
            let case = self.simulation.node(0).case(&conference).unwrap();
            if let Some(act) = acts::implied(case.state(), &body, now) {
                self.simulation.order(0, &conference, act).unwrap();
            }
        }
        for ending in [acts::hearing as fn(&_, _) -> Act, |state, _| acts::conclusion(state)] {
            let case = self.simulation.node(0).case(&conference).unwrap();
            // a hearing is refused where nothing was prescribed, the conclusion where it stands already
            let _ = self.simulation.order(0, &conference, ending(case.state(), now.date()));
        }
    }

    fn assert_equal_everywhere(&mut self) -> Result<(), TestCaseError> {
        let rested = self.simulation.settle(REST_LIMIT);
        let report = self.report();
        if !rested && std::env::var_os("CONCERTO_INSIDE").is_some() {
            for who in 0..self.simulation.len() {
                println!("node {who} inside: {}", self.simulation.node(who).inside());
            }
        }
        prop_assert!(rested, "something still moves\n{}", report);
        let first = self.simulation.node(0).links(&self.conference);
        for (message, author) in &self.confirmed {
            prop_assert!(first.contains_key(message), "lost: a confirmed message of node {author}");
        }
        // held by its author and by the procedente alone, and both lost it with their disks: nobody has it
        let restored: BTreeSet<Writer> =
            self.restored.iter().map(|who| self.simulation.writer(*who)).collect();
        let both = |author: &Writer| restored.contains(author) && restored.contains(self.conference.lead());
        let lost_twice = |awaited: &&Awaited| matches!(awaited, Awaited::Link { author, .. } if both(author));
        let now = self.simulation.now();
        let mut digests: BTreeSet<(Digest, Option<Digest>)> = BTreeSet::new();
        for who in 0..self.simulation.len() {
            let conference = self.conference.clone();
            let node = self.simulation.node(who);
            prop_assert!(node.links(&conference) == first, "node {} holds other links\n{}", who, report);
            let case = node.case(&conference).unwrap();
            if let Some(remembered) = node.state_in_memory(&conference, now) {
                prop_assert_eq!(remembered, case.state_digest(), "node {} remembers another state", who);
            }
            let waits = case.awaited().filter(|awaited| !lost_twice(awaited));
            prop_assert_eq!(waits, None, "node {} waits\n{}", who, report);
            digests.insert((case.state_digest(), case.terms_statement().map(|t| t.digest)));
            let forks = self.forks_allowed;
            let never = |code: &String| match code.split_once('.') {
                Some(("chain", _)) => !forks,
                Some((family, _)) => matches!(family, "terms" | "receipt"),
                None => true,
            };
            let unexpected: Vec<String> = node.alarms().into_iter().filter(never).collect();
            prop_assert!(unexpected.is_empty(), "alarms at node {}: {:?}", who, unexpected);
        }
        prop_assert_eq!(digests.len(), 1, "states or terms differ\n{}", report);
        Ok(())
    }

    /// What a person needs to see why nodes differ.
    fn report(&mut self) -> String {
        let mut lines = Vec::new();
        for who in 0..self.simulation.len() {
            let conference = self.conference.clone();
            let node = self.simulation.node(who);
            let (outbox, wanted) = (node.outbox_len(), node.wanted_len());
            let Some(case) = node.case(&conference) else {
                lines.push(format!("node {who}: nothing, outbox {outbox}, wanted {wanted}"));
                continue;
            };
            let chains: Vec<String> = case
                .chains()
                .map(|(writer, chain)| {
                    format!(
                        "{writer} {}/{} gaps {:?}",
                        chain.contiguous_len(),
                        chain.all().count(),
                        chain.gaps(4)
                    )
                })
                .collect();
            lines.push(format!(
                "node {who}: outbox {outbox}, wanted {wanted}, awaits {:?}, {chains:?}",
                case.awaited()
            ));
        }
        lines.join("\n")
    }
}

fn config() -> ProptestConfig {
    let cases = if full_effort() { 600 } else { 24 };
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]
    #[test]
    fn whatever_happens_nodes_agree_in_the_end(
        seed in any::<u64>(),
        nodes in 3usize..=5,
        moves in prop::collection::vec(one_move(), 10..70),
    ) {
        let mut story = Story::begin(seed, nodes);
        story.simulation.steps(20);
        story.play(&moves);
        story.heal();
        story.assert_equal_everywhere()?;
        story.bring_to_its_end();
        story.assert_equal_everywhere()?;
    }
}

proptest! {
    #![proptest_config(config())]
    /// Restored nodes write in new incarnations, whomever they meet first, and all agree in the end.
    #[test]
    fn nodes_on_old_copies_agree_with_the_others_in_the_end(
        seed in any::<u64>(),
        nodes in 3usize..=5,
        moves in prop::collection::vec(one_move_with_copies(), 20..70),
    ) {
        let mut story = Story::begin(seed, nodes);
        story.forks_allowed = true;
        story.simulation.steps(20);
        story.play(&moves);
        story.heal();
        story.assert_equal_everywhere()?;
    }
}

/// Node 1 writes one branch that reaches only the procedente, and as an old snapshot of its whole machine another that reaches only node 2. `longer` tells how many
/// more links each branch has.
fn two_branches(longer: [usize; 2]) -> (Story, [Vec<MessageId>; 2]) {
    let mut story = Story::begin(5, 4);
    story.simulation.set_weather(Weather::FAIR);
    assert!(story.simulation.settle(REST_LIMIT));
    let conference = story.conference.clone();
    let copy = story.simulation.node(1).journal.after_crash();
    let mark = story.simulation.node(1).mark;
    let mut branches = [Vec::new(), Vec::new()];
    for (branch, (reached, others)) in [(0, [2, 3]), (2, [0, 3])].into_iter().enumerate() {
        others.into_iter().for_each(|other| story.simulation.cut(1, other));
        story.simulation.partition(&BTreeSet::from([1, reached]));
        story.simulation.connect(1, reached);
        for _ in 0..=longer[branch] {
            let act = Act::Sealed(Sealed {});
            branches[branch].push(story.simulation.order(1, &conference, act).unwrap());
        }
        story.simulation.steps(40);
        assert!(
            story.simulation.node(reached).case(&conference).unwrap().entry(branches[branch][0]).is_some()
        );
        if branch == 0 {
            story.simulation.crash(1);
            story.simulation.restart_as_it_was(1, copy.clone(), mark);
        }
    }
    // the author is gone: the others must find out from each other
    story.simulation.crash(1);
    story.simulation.connect_all();
    (story, branches)
}

#[test]
fn an_author_that_wrote_twice_in_one_place_is_found_out_by_those_who_hold_one_each() {
    for longer in [[0, 0], [2, 0], [0, 2], [1, 3]] {
        let (mut story, branches) = two_branches(longer);
        let conference = story.conference.clone();
        story.simulation.steps(240); // a minute of traffic at most
        for who in [0, 2, 3] {
            let node = story.simulation.node(who);
            let alarms = node.alarms().iter().filter(|code| *code == "chain.fork").count();
            assert!(alarms > 0, "branches longer by {longer:?}: node {who} knows of the fork");
            let case = node.case(&conference).unwrap();
            assert!(
                branches.iter().flatten().all(|id| case.entry(*id).is_some()),
                "{longer:?}: and holds both branches"
            );
        }
        // an official chooses the second branch, in every place that both have; the author comes back and agrees
        for (kept, lost) in branches[1].iter().zip(&branches[0]) {
            let node = story.simulation.node(0);
            let [kept, lost] = [kept, lost].map(|id| node.journal.link(*id).unwrap().unwrap().link);
            story.simulation.order(0, &conference, acts::fork_resolved(&kept, &lost)).unwrap();
        }
        story.heal();
        story.forks_allowed = true;
        story.confirmed.extend(branches.iter().flatten().map(|id| (*id, 1)));
        story.assert_equal_everywhere().unwrap();
        let case = story.simulation.node(2).case(&conference).unwrap();
        assert!(branches[1].iter().all(|id| case.is_taken(*id)), "{longer:?}: the branch kept has effect");
    }
}

#[test]
fn in_fair_weather_a_whole_case_runs_to_its_end() {
    let mut story = Story::begin(1, 5);
    story.simulation.set_weather(Weather::FAIR);
    let conference = story.conference.clone();
    assert!(story.simulation.settle(REST_LIMIT));
    let request = story.simulation.order(2, &conference, acts::request()).unwrap();
    story.simulation.order(1, &conference, acts::determination(Position::Assent)).unwrap();
    assert!(story.simulation.settle(REST_LIMIT));
    let today = story.simulation.legal_now().date();
    let state = story.simulation.node(0).case(&conference).unwrap();
    assert!(state.is_taken(request));
    story.simulation.order(0, &conference, acts::suspension(state.state(), today)).unwrap();
    story.simulation.let_pass(SignedDuration::from_hours(24 * 5));
    let state = story.simulation.node(0).case(&conference).unwrap();
    let today = story.simulation.legal_now().date();
    let integrations = acts::integrations(state.state(), today).unwrap();
    story.simulation.order(0, &conference, integrations).unwrap();
    story.simulation.order(2, &conference, acts::determination(Position::ConditionalAssent)).unwrap();
    story.assert_equal_everywhere().unwrap();
    story.bring_to_its_end();
    story.assert_equal_everywhere().unwrap();
    let case = story.simulation.node(3).case(&conference).unwrap();
    assert_eq!(case.state().implied_assents().count(), 2, "two bodies were silent");
    assert!(case.state().conclusion().is_some());
    assert!(case.state().anomalies().is_empty());
}
