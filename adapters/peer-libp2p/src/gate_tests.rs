//! Who calls too often is turned away, alone, and let in again when time has passed. Wrong implementations that fail here: one
//! counter for all addresses; a handshake that ends and keeps its place.

use std::collections::HashMap;

use super::*;
use crate::lane::Lane;

fn gate() -> Gate {
    Gate::new(Entrance::new(HashMap::new(), Lane::new("-".to_owned(), 1, 1)))
}

fn address(n: u8) -> Option<IpAddr> {
    Some(IpAddr::from([127, 0, 0, n]))
}

#[test]
fn an_address_that_calls_too_often_waits_and_no_other_does() {
    let (mut gate, now) = (gate(), Instant::now());
    let mut id = 0;
    let mut call = |gate: &mut Gate, n, now| {
        id += 1;
        let id = ConnectionId::new_unchecked(id);
        let result = gate.call(id, address(n), now);
        gate.ended(id);
        result
    };
    for _ in 0..CALLS_AT_ONCE {
        assert_eq!(call(&mut gate, 1, now), Ok(()));
    }
    assert_eq!(call(&mut gate, 1, now), Err(TurnedAway::TooOften));
    assert_eq!(call(&mut gate, 2, now), Ok(()), "another address is not held up");
    let later = now + CALL_EVERY * 2;
    assert_eq!(call(&mut gate, 1, later), Ok(()));
    assert_eq!(call(&mut gate, 1, later), Ok(()));
    assert_eq!(call(&mut gate, 1, later), Err(TurnedAway::TooOften));
}

#[test]
fn handshakes_that_do_not_end_leave_room_for_other_addresses() {
    let (mut gate, now) = (gate(), Instant::now());
    for n in 0..PENDING_PER_ADDRESS_MAX {
        assert_eq!(gate.call(ConnectionId::new_unchecked(n), address(1), now), Ok(()));
    }
    let next = ConnectionId::new_unchecked(1000);
    assert_eq!(gate.call(next, address(1), now), Err(TurnedAway::TooMany));
    assert_eq!(gate.call(next, address(2), now), Ok(()));
    gate.ended(ConnectionId::new_unchecked(7));
    assert_eq!(gate.call(ConnectionId::new_unchecked(1001), address(1), now), Ok(()));
}

#[test]
fn addresses_counted_are_bounded() {
    let (mut gate, now) = (gate(), Instant::now());
    let many = u32::try_from(ADDRESSES_MAX).unwrap();
    for n in 0..many {
        assert_eq!(
            gate.call(ConnectionId::new_unchecked(n as usize), Some(IpAddr::from(n.to_be_bytes())), now),
            Ok(())
        );
    }
    let next = ConnectionId::new_unchecked(1 << 20);
    assert_eq!(gate.call(next, Some(IpAddr::from([9, 9, 9, 9])), now), Err(TurnedAway::TooMany));
    for n in 0..many {
        gate.ended(ConnectionId::new_unchecked(n as usize));
    }
    assert_eq!(gate.call(next, Some(IpAddr::from([9, 9, 9, 9])), now + CALL_EVERY), Ok(()));
    assert_eq!(gate.calls.len(), 1);
}
