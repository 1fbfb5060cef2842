//! Clocks that jump, run away, stand in the past or disagree (the table of `README.md`).
//!
//! ```text
//!   monotonic ──┬────────┬────────┬────────►  retries, and what the wall clock is compared with
//!   wall      ──┴──┐     └──┐  ▲  │           -24 h .. +24 h: beyond a minute an alarm, beyond five no new date
//!                  └────────┘  └──┘           until it is back, or an operator confirms it
//! ```
//! Properties: order and state never depend on the wall clock; nothing is dated while the clock is doubtful, and nothing is lost by it; a
//! receipt given before is given again all the same; a restart does not lift the doubt, and nobody is locked out for good.
//!
//! Plausible wrong implementations that fail here: one that forgives a jump in many small steps, one that takes a clock that is slewed for
//! one that jumps, one that forgets its doubt with its process, and one whose retries hang on the wall clock.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests stop at the first surprise"
)]

use concerto_conformance::acts;
use concerto_conformance::federation::{BODIES, LEAD, federation};
use concerto_conformance::forge;
use concerto_conformance::full_effort;
use concerto_conformance::node::send;
use concerto_conformance::simulation::{Simulation, Weather};
use concerto_conformance::stage::Stage;
use concerto_core::{Fault, Input, Order, Reply};
use concerto_exchange::frame::Request;
use concerto_procedure::acts::{Act, Position, Sealed};
use concerto_procedure::rome_date;
use jiff::SignedDuration;
use std::time::Duration;

const REST_LIMIT: Duration = Duration::from_secs(3600);

fn stage() -> Stage {
    let mut stage = Stage::at_lead();
    stage.node.watch_clock(stage.now);
    stage.greet(BODIES[0]);
    stage
}

fn order(stage: &mut Stage) -> Result<Reply, Fault> {
    let order = send(&stage.conference.clone(), Act::Sealed(Sealed {}));
    stage.node.order(order, stage.now).0
}

/// Both clocks go on, the wall clock by more or less than the other.
fn pass(stage: &mut Stage, time: Duration, jump: SignedDuration) {
    stage.now.monotonic += time;
    let wall = SignedDuration::try_from(time).unwrap() + jump;
    stage.now.wall = stage.now.wall.checked_add(wall).unwrap();
    stage.feed(Input::Tick);
}

fn alarms(stage: &Stage, code: &str) -> usize {
    stage.node.alarms().iter().filter(|found| *found == code).count()
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_jump_of_up_to_five_minutes_is_told_and_nothing_stops() {
    for seconds in [61, 299, -61, -299] {
        let mut stage = stage();
        pass(&mut stage, SECOND, SignedDuration::from_secs(seconds));
        assert_eq!(alarms(&stage, "clock.stepped"), 1, "{seconds}");
        order(&mut stage).unwrap();
        pass(&mut stage, SECOND, SignedDuration::ZERO);
        assert_eq!(alarms(&stage, "clock.stepped"), 1, "{seconds}: told once");
    }
    for seconds in [59, -59] {
        let mut stage = stage();
        pass(&mut stage, SECOND, SignedDuration::from_secs(seconds));
        assert_eq!(alarms(&stage, "clock.stepped"), 0, "{seconds}");
    }
}

#[test]
fn beyond_five_minutes_nothing_is_dated_until_the_clock_is_back_or_confirmed() {
    for hours in [-24.0, -0.1, 0.1, 24.0] {
        for confirmed in [false, true] {
            let jump = SignedDuration::from_secs((hours * 3600.0) as i64);
            let mut stage = stage();
            let office = federation().office(BODIES[0]);
            let held = stage.draft(BODIES[0], &acts::request(), 1, None).signed(office);
            let receipts = stage.deliver(BODIES[0], &[&held]).receipts().to_vec();
            let previous = Some(forge::read(&held).id());
            let assent = acts::determination(Position::Assent);
            let waits = stage.draft(BODIES[0], &assent, 2, previous).signed(office);

            pass(&mut stage, SECOND, jump);
            assert_eq!(alarms(&stage, "clock.doubtful"), 1, "{hours} h");
            let before = stage.trace();
            assert_eq!(order(&mut stage).unwrap_err().code, "clock.doubtful");
            assert_eq!(stage.deliver(BODIES[0], &[&waits]).code(), "clock.doubtful");
            assert_eq!(stage.deliver(BODIES[0], &[&held]).receipts(), receipts, "given again as it was");
            stage.tick();
            assert_eq!(stage.trace(), before, "{hours} h: nothing was dated");

            if confirmed {
                let (reply, _) = stage.node.order(Order::ConfirmClock, stage.now);
                assert_eq!(reply.unwrap(), Reply::Done);
            } else {
                pass(&mut stage, SECOND, -jump);
            }
            order(&mut stage).unwrap();
            assert_eq!(
                stage.deliver(BODIES[0], &[&waits]).receipts().len(),
                1,
                "{hours} h: it was kept for us"
            );
        }
    }
}

#[test]
fn many_small_jumps_are_one_and_a_slewed_clock_is_none() {
    let mut jumping = stage();
    for _ in 0..8 {
        pass(&mut jumping, SECOND, SignedDuration::from_secs(45));
    }
    assert!(alarms(&jumping, "clock.stepped") >= 1);
    let mut slewed = stage();
    for _ in 0..24 * 60 {
        pass(&mut slewed, Duration::from_secs(60), SignedDuration::from_millis(30)); // 500 ppm for a day
    }
    assert_eq!(alarms(&slewed, "clock.stepped") + alarms(&slewed, "clock.doubtful"), 0);
    order(&mut slewed).unwrap();
}

#[test]
fn a_restart_does_not_lift_the_doubt_and_an_operator_does() {
    let mut stage = stage();
    pass(&mut stage, SECOND, SignedDuration::from_hours(24));
    let mut stage = stage.crash();
    assert_eq!(order(&mut stage).unwrap_err().code, "clock.doubtful");
    stage.node.order(Order::ConfirmClock, stage.now).0.unwrap();
    order(&mut stage).unwrap();
    let mut stage = stage.crash();
    order(&mut stage).unwrap();
}

#[test]
fn a_clock_set_back_while_the_node_was_down_is_noticed() {
    let mut stage = stage();
    order(&mut stage).unwrap();
    let was = stage.now.wall;
    stage.now.wall = was - SignedDuration::from_hours(2);
    let mut stage = stage.crash();
    assert_eq!(order(&mut stage).unwrap_err().code, "clock.doubtful");
    stage.now.wall = was;
    stage.tick();
    order(&mut stage).unwrap();
}

#[test]
fn a_peer_whose_clock_is_far_from_ours_is_told_of() {
    let mut stage = Stage::at_lead();
    stage.node.watch_clock(stage.now);
    let ours = stage.now.wall;
    let office = federation().office(BODIES[0]);
    stage.connect(BODIES[0], &office.peer_id);
    let greeting = forge::greeting(office, stage.node.office);
    // the member's greeting is signed by its own clock
    let hello = forge::signed_greeting(office, &greeting, ours + SignedDuration::from_secs(90));
    let answer = stage.ask_with(BODIES[0], &Request::Hello { hello }, &office.bundle);
    assert_eq!(answer.code(), "-", "it is admitted all the same");
    assert_eq!(alarms(&stage, "clock.peer"), 1);
}

/// Three nodes on rough weather whose wall clocks jump by up to a day, each on its own; operators confirm them now and then.
#[test]
fn order_and_state_do_not_depend_on_the_wall_clock() {
    let runs = if full_effort() { 200 } else { 10 };
    let (mut jumps, mut refused, mut written) = (0, 0, 0);
    for seed in 0..runs {
        let mut simulation = Simulation::new(seed, &[LEAD, BODIES[0], BODIES[1]], Weather::ROUGH);
        simulation.connect_all();
        let called: Vec<_> = (1..3).map(|n| simulation.writer(n)).collect();
        let notice = acts::notice(rome_date(simulation.now().wall), &called);
        let (conference, _) = simulation.open(0, notice).unwrap();
        assert!(simulation.settle(REST_LIMIT));
        simulation.watch_clocks();
        simulation.cut(0, 1);
        simulation.cut(0, 2);
        simulation.cut(1, 2);
        simulation.connect_all();
        let mut kept = Vec::new();
        for _ in 0..40 {
            let who = simulation.chance().below(3) as usize;
            match simulation.chance().below(4) {
                0 => {
                    let minutes = simulation.chance().below(2 * 24 * 60) as i64 - 24 * 60;
                    simulation.skew(who, SignedDuration::from_mins(minutes));
                    jumps += 1;
                }
                1 => {
                    let now = simulation.now_at(who);
                    simulation.node(who).order(Order::ConfirmClock, now).0.unwrap();
                }
                2 => simulation.steps(12),
                _ => match simulation.order(who, &conference, Act::Sealed(Sealed {})) {
                    Ok(message) => kept.push(message),
                    Err(fault) => {
                        assert_eq!(fault.code, "clock.doubtful", "seed {seed}");
                        refused += 1;
                    }
                },
            }
        }
        for who in 0..3 {
            let now = simulation.now_at(who);
            simulation.node(who).order(Order::ConfirmClock, now).0.unwrap();
        }
        simulation.set_weather(Weather::FAIR);
        assert!(simulation.settle(REST_LIMIT), "seed {seed}: retries do not hang on the wall clock");
        let links = simulation.node(0).links(&conference);
        let state = simulation.node(0).case(&conference).unwrap().state_digest();
        assert!(kept.iter().all(|id| links.contains_key(id)), "seed {seed}");
        written += kept.len();
        for who in 1..3 {
            let node = simulation.node(who);
            assert_eq!(node.links(&conference), links, "seed {seed}");
            let case = node.case(&conference).unwrap();
            assert_eq!(case.state_digest(), state, "seed {seed}");
            assert!(case.chains().all(|(_, chain)| chain.open_forks().is_empty()), "seed {seed}");
        }
    }
    println!("{runs} runs: {jumps} jumps, {written} messages, {refused} refused while a clock was doubtful");
    assert!(refused > 0 && written > 0);
}
