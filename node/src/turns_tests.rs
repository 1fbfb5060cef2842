//! Fairness between peers. Wrong implementations that fail here: one queue for all; a debt for work that was kept; a debt that
//! never decays or that decays as fast beside others as alone; a bound that drops answers.

use super::*;

fn peer(n: u8) -> Writer {
    format!("ente_{n}/AOO").parse().unwrap()
}

fn request(n: u8, token: u64) -> Input {
    Input::Request { from: peer(n), token, frame: Vec::new() }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Takes a turn that lasts so long; who had it.
fn turn(turns: &mut Turns, took: Duration, changes: usize, now: Monotonic) -> Option<Writer> {
    let (who, _, _) = turns.next(now)?;
    turns.spent(&who, took, changes, now);
    Some(who)
}

#[test]
fn one_request_does_not_wait_for_a_hundred_of_another() {
    let mut turns = Turns::default();
    (0..100).for_each(|token| turns.push(&peer(1), request(1, token)).unwrap());
    assert_eq!(turn(&mut turns, ms(5), 9, ms(1)), Some(peer(1)));
    turns.push(&peer(2), request(2, 0)).unwrap();
    assert_eq!(turn(&mut turns, ms(1), 9, ms(2)), Some(peer(2)));
    assert_eq!(turn(&mut turns, ms(1), 9, ms(3)), Some(peer(1)));
}

#[test]
fn who_costs_more_has_fewer_turns() {
    let mut turns = Turns::default();
    for token in 0..200 {
        turns.push(&peer(1), request(1, token)).unwrap();
        turns.push(&peer(2), request(2, token)).unwrap();
    }
    let (mut cheap, mut dear) = (0, 0);
    for _ in 0..110 {
        match turn(&mut turns, ms(1), 100, ms(1)) {
            Some(who) if who == peer(1) => cheap += 1,
            Some(who) => {
                dear += 1;
                turns.spent(&who, ms(9), 100, ms(1));
            }
            None => panic!("somebody is ready"),
        }
    }
    assert!((98..=102).contains(&cheap) && dear >= 8, "{cheap} {dear}");
}

#[test]
fn who_brings_nothing_waits_and_may_go_on_slowly() {
    let mut turns = Turns::default();
    (0..200).for_each(|token| turns.push(&peer(1), request(1, token)).unwrap());
    let mut now = ms(0);
    let mut taken = 0;
    while turn(&mut turns, ms(10), 0, now).is_some() {
        taken += 1;
    }
    assert_eq!(taken, 21, "200 ms and the turn that exceeds them");
    // a second beside others, who are busy: a twentieth of it
    for _ in 0..100 {
        now += ms(10);
        turns.office(now);
        taken += usize::from(turn(&mut turns, ms(10), 0, now).is_some());
    }
    assert!((25..=27).contains(&taken), "{taken}");
    // a second alone: half of it
    now += ms(1000);
    for _ in 0..100 {
        now += ms(10);
        taken += usize::from(turn(&mut turns, ms(10), 0, now).is_some());
    }
    assert!((80..=130).contains(&taken), "{taken}");
}

#[test]
fn who_brings_what_is_kept_never_waits() {
    let mut turns = Turns::default();
    for token in 0..10_000 {
        turns.push(&peer(1), request(1, token)).unwrap();
        turns.office(ms(token));
        assert!(turn(&mut turns, ms(4), 2, ms(token)).is_some());
    }
}

#[test]
fn a_lane_is_bounded_and_answers_are_never_given_back() {
    let mut turns = Turns::default();
    (0..LANE_MAX as u64).for_each(|token| turns.push(&peer(1), request(1, token)).unwrap());
    assert!(turns.push(&peer(1), request(1, 9)).is_err());
    turns.push(&peer(1), Input::Answer { from: peer(1), token: 1, result: Ok(Vec::new()) }).unwrap();
    turns.push(&peer(2), request(2, 9)).unwrap();
    assert!(turn(&mut turns, ms(1), 1, ms(1)).is_some());
    while turns.next(ms(1)).is_some() {}
    assert!(!turns.is_ready(ms(1)));
    assert!(turns.push(&peer(1), request(1, 10)).is_ok(), "taken requests give their places free");
}

#[test]
fn who_is_gone_leaves_its_debt_and_its_answers() {
    let mut turns = Turns::default();
    (0..50).for_each(|token| turns.push(&peer(1), request(1, token)).unwrap());
    turns.push(&peer(1), Input::Answer { from: peer(1), token: 1, result: Ok(Vec::new()) }).unwrap();
    while turn(&mut turns, ms(10), 0, ms(0)).is_some() {}
    turns.gone(&peer(1));
    turns.push(&peer(1), request(1, 99)).unwrap();
    assert!(!turns.is_ready(ms(1)), "a new connection pays no debt");
    let (_, first, cost) = turns.next(Duration::from_secs(5)).unwrap();
    assert!(matches!(first, Input::Answer { .. }) && cost.is_zero());
    assert!(matches!(
        turns.next(Duration::from_secs(5)),
        Some((_, Input::Request { token: 99, .. }, STREAM_COST))
    ));
}

#[test]
fn peers_without_debt_are_forgotten() {
    let mut turns = Turns::default();
    for n in 0..200 {
        turns.push(&peer(n), request(n, 0)).unwrap();
        turn(&mut turns, ms(1), 0, ms(1));
    }
    assert!(!turns.is_ready(Duration::from_secs(100)));
    assert!(turns.lanes.is_empty());
}
