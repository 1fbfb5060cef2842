//! Reports take one place each and never hide the end of a series of connections.

use tokio::time::Instant;

use super::*;
use crate::{KnownPeer, PeerIdentity, TransportConfig};

fn peers() -> Peers {
    let mut config = TransportConfig::new(PeerIdentity::from_seed([1; 32]).unwrap());
    config.peers.push(KnownPeer {
        name: "e/A".parse().unwrap(),
        peer_id: PeerIdentity::from_seed([2; 32]).unwrap().peer_id(),
        addresses: Vec::new(),
    });
    Peers::new(&config).unwrap()
}

fn told(queue: &mut Queue, peers: &mut Peers) -> Vec<bool> {
    let mut told = Vec::new();
    while let Some(event) = queue.next(peers) {
        told.push(matches!(event, PeerEvent::Connected { .. }));
    }
    told
}

#[test]
fn a_peer_that_flaps_unheard_takes_one_place() {
    let (mut queue, mut peers, now) = (Queue::default(), peers(), Instant::now());
    for _ in 0..1000 {
        peers.connected(0, now);
        queue.report(&mut peers, 0);
        peers.disconnected(0, now);
        queue.report(&mut peers, 0);
    }
    assert_eq!(queue.0.len(), 1);
    assert_eq!(told(&mut queue, &mut peers), Vec::<bool>::new(), "never connected as far as the node knows");
}

#[test]
fn a_reconnection_unheard_is_told_as_an_end_and_a_beginning() {
    let (mut queue, mut peers, now) = (Queue::default(), peers(), Instant::now());
    peers.connected(0, now);
    queue.report(&mut peers, 0);
    assert_eq!(told(&mut queue, &mut peers), [true]);
    peers.disconnected(0, now);
    queue.report(&mut peers, 0);
    peers.connected(0, now);
    queue.report(&mut peers, 0);
    assert_eq!(told(&mut queue, &mut peers), [false, true]);
    peers.disconnected(0, now);
    queue.report(&mut peers, 0);
    assert_eq!(told(&mut queue, &mut peers), [false]);
}
