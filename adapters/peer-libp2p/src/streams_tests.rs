//! Streams between nodes on loopback. Catches: a stream that blocks the other direction, a bound that is not kept or not given back, a
//! stream to nobody that waits for ever, a peer of an earlier version that is taken for a broken one.

use std::io::ErrorKind;
use std::time::Duration;

use concerto_port::PeerEvent;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::*;
use crate::{KnownPeer, Libp2pLink, PeerIdentity, TransportConfig, spawn};

const LONG: Duration = Duration::from_secs(30);
const TRANSPORTS: [&str; 2] = ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"];

struct Node {
    link: Libp2pLink,
    events: mpsc::Receiver<PeerEvent>,
    streams: mpsc::Receiver<IncomingStream>,
}

fn writer(n: u8) -> Writer {
    format!("ente_{n}/AOO{n}").parse().unwrap()
}

fn start(n: u8, listen: &[&str], peer: u8, at: &[String]) -> Node {
    let identity = PeerIdentity::from_seed([n; 32]).unwrap();
    let peer_id = PeerIdentity::from_seed([peer; 32]).unwrap().peer_id();
    let config = TransportConfig {
        listen: listen.iter().map(|&l| l.to_owned()).collect(),
        peers: vec![KnownPeer { name: writer(peer), peer_id, addresses: at.to_vec() }],
        ..TransportConfig::new(identity)
    };
    let (sender, events) = mpsc::channel(64);
    let link = spawn(config, sender).unwrap();
    let streams = link.incoming_streams().unwrap();
    Node { link, events, streams }
}

async fn connected(node: &mut Node) {
    loop {
        let event = timeout(LONG, node.events.recv()).await.unwrap().unwrap();
        if matches!(event, PeerEvent::Connected { .. }) {
            return;
        }
    }
}

async fn pair(listen: &str) -> (Node, Node) {
    let mut two = start(2, &[listen], 1, &[]);
    let mut one = start(1, &[], 2, &two.link.listen_addresses().await);
    connected(&mut one).await;
    connected(&mut two).await;
    (one, two)
}

async fn taken(node: &mut Node) -> IncomingStream {
    timeout(LONG, node.streams.recv()).await.unwrap().unwrap()
}

#[tokio::test]
async fn bytes_cross_both_ways_at_once() {
    const BYTES: usize = 8 << 20;
    for listen in TRANSPORTS {
        let (mut one, mut two) = pair(listen).await;
        let mut here = one.link.open_stream(&writer(2)).await.unwrap();
        let mut there = two.link.open_stream(&writer(1)).await.unwrap();
        here.write_all(b"h").await.unwrap();
        there.write_all(b"t").await.unwrap();
        let (mut at_two, mut at_one) = (taken(&mut two).await, taken(&mut one).await);
        let mut mark = [0; 1];
        at_two.stream.read_exact(&mut mark).await.unwrap();
        at_one.stream.read_exact(&mut mark).await.unwrap();
        assert_eq!((at_two.from, at_one.from), (writer(1), writer(2)));
        let pump = |mut to: DocumentStream| async move {
            to.write_all(&vec![7; BYTES]).await.unwrap();
            to.shutdown().await.unwrap();
        };
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let both = async {
            tokio::join!(
                pump(here),
                pump(there),
                at_two.stream.read_to_end(&mut first),
                at_one.stream.read_to_end(&mut second)
            )
        };
        let (.., first_end, second_end) =
            timeout(LONG, both).await.expect("neither direction waits for the other");
        assert_eq!((first_end.unwrap(), second_end.unwrap()), (BYTES, BYTES));
        assert_eq!((first.len(), second.len()), (BYTES, BYTES), "{listen}");
    }
}

#[tokio::test]
async fn more_streams_than_the_bound_are_refused_and_places_are_given_back() {
    let (one, mut two) = pair(TRANSPORTS[0]).await;
    let mut held = Vec::new();
    for _ in 0..INCOMING_STREAMS_PER_PEER_MAX {
        let mut stream = one.link.open_stream(&writer(2)).await.unwrap();
        stream.write_all(b"x").await.unwrap();
        held.push((stream, taken(&mut two).await));
    }
    let mut beyond = one.link.open_stream(&writer(2)).await.unwrap();
    let _ = beyond.write_all(b"x").await; // may be refused already
    let end = timeout(LONG, beyond.read(&mut [0; 1])).await.unwrap();
    assert!(!matches!(end, Ok(1..)), "refused: {end:?}");
    held.pop();
    let mut again = one.link.open_stream(&writer(2)).await.unwrap();
    again.write_all(b"x").await.unwrap();
    assert_eq!(taken(&mut two).await.from, writer(1));
}

#[tokio::test]
async fn a_stream_to_nobody_is_refused_at_once() {
    let lonely = start(1, &[], 2, &[]);
    let not_connected = lonely.link.open_stream(&writer(2)).await.unwrap_err();
    assert_eq!(not_connected.kind(), ErrorKind::NotConnected);
    let stranger = lonely.link.open_stream(&writer(9)).await.unwrap_err();
    assert_eq!(stranger.kind(), ErrorKind::NotConnected);
}

#[tokio::test]
async fn a_peer_that_knows_no_streams_is_told_apart_from_a_broken_one() {
    let (one, two) = pair(TRANSPORTS[0]).await;
    // a protocol that nobody speaks stands for the document streams that an earlier version does not speak
    let mut control = one.link.streams_control();
    let opening = control
        .open_stream(two.link.peer_id().parse().unwrap(), StreamProtocol::new("/concerto/of-another-time/1"));
    let mut stream = DocumentStream::new(opening.await.unwrap(), None);
    stream.write_all(b"ask").await.unwrap();
    let error = timeout(LONG, stream.read(&mut [0; 1])).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(stream.write(b"more").await.unwrap_err().kind(), ErrorKind::Unsupported, "and no panic");
}

#[tokio::test]
async fn the_end_of_the_connection_ends_its_streams() {
    let (one, mut two) = pair(TRANSPORTS[0]).await;
    let mut stream = one.link.open_stream(&writer(2)).await.unwrap();
    stream.write_all(b"x").await.unwrap();
    let mut at_two = taken(&mut two).await;
    let mut first = [0; 1];
    at_two.stream.read_exact(&mut first).await.unwrap();
    one.link.close();
    let end = timeout(LONG, at_two.stream.read(&mut [0; 1])).await.unwrap();
    assert!(!matches!(end, Ok(1..)), "{end:?}");
}
