//! When a lost peer is dialled: at once, then ever later up to the cap.

use super::*;
use crate::{KnownPeer, PeerIdentity};

fn table() -> Peers {
    let mut config = TransportConfig::new(PeerIdentity::from_seed([1; 32]).unwrap());
    for (seed, addresses) in [(2, vec!["/ip4/127.0.0.1/tcp/4001".to_owned()]), (3, Vec::new())] {
        config.peers.push(KnownPeer {
            name: format!("e{seed}/A").parse().unwrap(),
            peer_id: PeerIdentity::from_seed([seed; 32]).unwrap().peer_id(),
            addresses,
        });
    }
    Peers::new(&config).unwrap()
}

/// The delay between the begin of a failed attempt and the next one.
fn failed_attempt(peers: &mut Peers, at: Instant) -> Duration {
    peers.dialling(0, at);
    assert_eq!(peers.next_dial(), None, "no attempt is due while one runs");
    peers.dial_failed(0, at);
    peers.next_dial().unwrap() - at
}

#[tokio::test]
async fn the_delay_doubles_up_to_its_cap() {
    let mut peers = table();
    let now = Instant::now();
    assert_eq!(peers.due(now), vec![0], "a peer without address is never dialled");
    let (cap, mut bound) = (Duration::from_secs(4), Duration::from_millis(250));
    for _ in 0..10 {
        let delay = failed_attempt(&mut peers, now);
        assert!(delay <= bound && delay >= bound * 3 / 4, "{delay:?} of {bound:?}");
        bound = cap.min(bound * 2);
    }
    assert_eq!(bound, cap);
}

#[tokio::test]
async fn a_connection_that_lasted_starts_again_from_the_shortest_delay() {
    let mut peers = table();
    let now = Instant::now();
    for _ in 0..10 {
        failed_attempt(&mut peers, now);
    }
    peers.connected(0, now);
    assert_eq!(peers.next_dial(), None);
    peers.disconnected(0, now + Duration::from_secs(60));
    let again = peers.next_dial().unwrap() - (now + Duration::from_secs(60));
    assert!(again <= Duration::from_millis(250), "{again:?}");
}

#[tokio::test]
async fn a_peer_that_hangs_up_at_once_is_not_dialled_in_a_rush() {
    let mut peers = table();
    let now = Instant::now();
    for _ in 0..10 {
        peers.connected(0, now);
        peers.disconnected(0, now);
    }
    let again = peers.next_dial().unwrap() - now;
    assert!(again >= Duration::from_secs(3), "{again:?}");
}
