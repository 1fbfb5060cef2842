//! Nodes on loopback, ports chosen by the system. What these tests catch: an answer lost or given twice, a stranger that gets
//! further than its handshake, a peer that is not met again after a restart, a bound that is not kept.

use std::collections::HashSet;
use std::time::Duration;

use concerto_message::Writer;
use concerto_port::{PeerBusy, PeerEvent, PeerFailure, PeerLink};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::*;

const TCP: &str = "/ip4/127.0.0.1/tcp/0";
const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";
const LONG: Duration = Duration::from_secs(20);

fn writer(n: u8) -> Writer {
    format!("ente_{n}/AOO{n}").parse().unwrap()
}

fn identity(n: u8) -> PeerIdentity {
    PeerIdentity::from_seed([n; 32]).unwrap()
}

fn known(n: u8, addresses: &[String]) -> KnownPeer {
    KnownPeer { name: writer(n), peer_id: identity(n).peer_id(), addresses: addresses.to_vec() }
}

fn config(n: u8, listen: &[&str], peers: Vec<KnownPeer>) -> TransportConfig {
    TransportConfig {
        listen: listen.iter().map(|&l| l.to_owned()).collect(),
        peers,
        ..TransportConfig::new(identity(n))
    }
}

struct Node {
    link: Libp2pLink,
    events: mpsc::Receiver<PeerEvent>,
}

impl Node {
    fn start(config: TransportConfig) -> Self {
        let (sender, events) = mpsc::channel(64);
        Self { link: spawn(config, sender).unwrap(), events }
    }

    async fn next(&mut self) -> PeerEvent {
        timeout(LONG, self.events.recv()).await.expect("an event in time").expect("the transport runs")
    }

    async fn connected(&mut self, n: u8) {
        loop {
            if let PeerEvent::Connected { peer, peer_id } = self.next().await {
                assert_eq!((peer, peer_id), (writer(n), identity(n).peer_id()));
                return;
            }
        }
    }

    async fn answer(&mut self) -> (u64, Result<Vec<u8>, PeerFailure>) {
        loop {
            if let PeerEvent::Answer { token, result, .. } = self.next().await {
                return (token, result);
            }
        }
    }

    async fn asked(&mut self) -> (Writer, u64, Vec<u8>) {
        loop {
            if let PeerEvent::Request { from, token, frame } = self.next().await {
                return (from, token, frame);
            }
        }
    }

    /// Answers every request with its bytes reversed, for ever.
    fn echo(mut self) -> Libp2pLink {
        let link = self.link.clone();
        tokio::spawn(async move {
            while let Some(event) = self.events.recv().await {
                if let PeerEvent::Request { token, mut frame, .. } = event {
                    frame.reverse();
                    while self.link.respond(token, frame.clone()).is_err() {
                        tokio::task::yield_now().await;
                    }
                }
            }
        });
        link
    }
}

/// Node 1 dials node 2, which knows it without an address; both are connected.
async fn pair(listen: &[&str]) -> (Node, Node) {
    let mut two = Node::start(config(2, listen, vec![known(1, &[])]));
    let addresses = two.link.listen_addresses().await;
    assert_eq!(addresses.len(), listen.len());
    let mut one = Node::start(config(1, &[], vec![known(2, &addresses)]));
    one.connected(2).await;
    two.connected(1).await;
    (one, two)
}

async fn exchange_over(listen: &[&str]) {
    let (mut one, mut two) = pair(listen).await;
    one.link.request(&writer(2), 7, b"notice".to_vec()).unwrap();
    let (from, token, frame) = two.asked().await;
    assert_eq!((from, frame.as_slice()), (writer(1), b"notice".as_slice()));
    two.link.respond(token, b"receipt".to_vec()).unwrap();
    assert_eq!(one.answer().await, (7, Ok(b"receipt".to_vec())));
    // The other way over the same connection, and an empty frame.
    two.link.request(&writer(1), 8, Vec::new()).unwrap();
    let (_, token, frame) = one.asked().await;
    assert!(frame.is_empty());
    one.link.respond(token, Vec::new()).unwrap();
    assert_eq!(two.answer().await, (8, Ok(Vec::new())));
}

#[tokio::test]
async fn two_nodes_exchange_over_tcp() {
    exchange_over(&[TCP]).await;
}

#[tokio::test]
async fn two_nodes_exchange_over_quic() {
    exchange_over(&[QUIC]).await;
}

#[tokio::test]
async fn two_nodes_exchange_where_both_are_offered() {
    exchange_over(&[TCP, QUIC]).await;
}

#[tokio::test]
async fn nodes_that_dial_each_other_at_once_are_connected_once() {
    let ports = Node::start(config(9, &[TCP, TCP], vec![]));
    let free = ports.link.listen_addresses().await;
    ports.link.close();
    ports.link.closed().await;
    let mut one = Node::start(config(1, &[&free[0]], vec![known(2, &free[1..])]));
    let mut two = Node::start(config(2, &[&free[1]], vec![known(1, &free[..1])]));
    one.connected(2).await;
    two.connected(1).await;
    for token in 0..8 {
        one.link.request(&writer(2), token, vec![1]).unwrap();
        let (_, asked, _) = two.asked().await;
        two.link.respond(asked, vec![2]).unwrap();
        match one.next().await {
            PeerEvent::Answer { result, .. } => assert_eq!(result, Ok(vec![2])),
            other => panic!("reported more than one connection: {other:?}"),
        }
    }
}

async fn many_in_flight(listen: &str) {
    let (mut one, two) = pair(&[listen]).await;
    let _two = two.echo();
    let rounds = 4;
    for round in 0..rounds {
        for n in 0..64_u64 {
            let token = round * 64 + n;
            one.link.request(&writer(2), token, token.to_be_bytes().to_vec()).unwrap();
        }
        let mut seen = HashSet::new();
        for _ in 0..64 {
            let (token, result) = one.answer().await;
            let mut expected = token.to_be_bytes().to_vec();
            expected.reverse();
            assert_eq!(result, Ok(expected));
            assert!(seen.insert(token), "token {token} was answered twice");
        }
    }
}

#[tokio::test]
async fn sixty_four_in_flight_over_tcp() {
    many_in_flight(TCP).await;
}

#[tokio::test]
async fn sixty_four_in_flight_over_quic() {
    many_in_flight(QUIC).await;
}

#[tokio::test]
async fn an_answer_of_8_mib_crosses_and_a_request_of_4() {
    for listen in [TCP, QUIC] {
        let (mut one, mut two) = pair(&[listen]).await;
        let document: Vec<u8> =
            (0..8 * 1024 * 1024_u32).map(|n| n.to_be_bytes()[2] ^ n.to_be_bytes()[3]).collect();
        let asked = document[..4 * 1024 * 1024].to_vec();
        one.link.request(&writer(2), 1, asked.clone()).unwrap();
        let (_, token, frame) = two.asked().await;
        assert!(frame == asked, "the request arrived altered over {listen}");
        two.link.respond(token, document.clone()).unwrap();
        assert!(one.answer().await.1.unwrap() == document, "the document arrived altered over {listen}");
    }
}

#[tokio::test]
async fn a_frame_beyond_the_bound_is_refused_by_sender_and_receiver() {
    let small = |mut c: TransportConfig| {
        c.frame_bytes_max = 1000;
        c
    };
    let mut two = Node::start(small(config(2, &[TCP], vec![known(1, &[])])));
    let addresses = two.link.listen_addresses().await;
    let mut one = Node::start(config(1, &[], vec![known(2, &addresses)]));
    one.connected(2).await;
    two.connected(1).await;
    // The receiver refuses, and the connection goes on.
    one.link.request(&writer(2), 1, vec![0; 1001]).unwrap();
    let (token, result) = one.answer().await;
    assert_eq!(token, 1);
    assert!(matches!(result, Err(PeerFailure::Protocol(_) | PeerFailure::TimedOut)), "{result:?}");
    one.link.request(&writer(2), 2, vec![0; 1000]).unwrap();
    let (_, asked, frame) = two.asked().await;
    assert_eq!(frame.len(), 1000, "the first request of the peer must be the one within the bound");
    two.link.respond(asked, vec![1]).unwrap();
    assert_eq!(one.answer().await, (2, Ok(vec![1])));
    // The sender refuses at once.
    two.link.request(&writer(1), 3, vec![0; 1001]).unwrap();
    let (token, result) = two.answer().await;
    assert_eq!(token, 3);
    assert!(matches!(result, Err(PeerFailure::Protocol(_))), "{result:?}");
}

#[tokio::test]
async fn a_stranger_gets_no_further_than_its_handshake() {
    for listen in [TCP, QUIC] {
        let (mut one, mut two) = pair(&[listen]).await;
        let addresses = two.link.listen_addresses().await;
        let mut stranger = Node::start(config(66, &[], vec![known(2, &addresses)]));
        // It may believe for a moment that it is connected; nothing it sends is read.
        for token in 0..20 {
            stranger.link.request(&writer(2), token, b"let me in".to_vec()).unwrap();
            let (_, result) = stranger.answer().await;
            assert!(result.is_err());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        one.link.request(&writer(2), 1, b"hello".to_vec()).unwrap();
        match two.next().await {
            PeerEvent::Request { from, frame, token } => {
                assert_eq!((from, frame), (writer(1), b"hello".to_vec()));
                two.link.respond(token, vec![1]).unwrap();
            }
            other => panic!("the stranger caused {other:?}"),
        }
        assert_eq!(one.answer().await, (1, Ok(vec![1])));
    }
}

#[tokio::test]
async fn silent_and_talkative_callers_are_cut_off_and_the_known_peer_gets_in() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let strict = TransportConfig {
        handshake_timeout: Duration::from_secs(1),
        ..config(2, &[TCP, QUIC], vec![known(1, &[])])
    };
    let mut two = Node::start(strict);
    let addresses = two.link.listen_addresses().await;
    let port = |kind: &str| {
        let address = addresses.iter().find(|a| a.contains(kind)).unwrap();
        let port: u16 = address.split('/').nth(4).unwrap().parse().unwrap();
        ("127.0.0.1", port)
    };
    let mut callers = Vec::new();
    for n in 0..100 {
        let mut caller = tokio::net::TcpStream::connect(port("/tcp/")).await.unwrap();
        if n % 2 == 0 {
            // May fail: the caller is already cut off.
            let _ = caller.write_all(&[n; 4096]).await;
        }
        callers.push(caller);
    }
    let udp = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for n in 0..100 {
        udp.send_to(&[n | 0xc0; 1200], port("/udp/")).await.unwrap();
    }
    let mut one = Node::start(config(1, &[], vec![known(2, &addresses)]));
    one.connected(2).await;
    two.connected(1).await;
    for mut caller in callers {
        let mut answer = Vec::new();
        let _ = timeout(LONG, caller.read_to_end(&mut answer)).await.expect("the caller is cut off");
        assert!(answer.len() < 1024, "a caller without a handshake got {} bytes", answer.len());
    }
    one.link.request(&writer(2), 1, vec![1]).unwrap();
    let (_, token, _) = two.asked().await;
    two.link.respond(token, vec![2]).unwrap();
    assert_eq!(one.answer().await, (1, Ok(vec![2])));
}

#[tokio::test]
async fn a_node_that_does_not_listen_for_a_while_loses_nothing() {
    let two = Node::start(config(2, &[TCP], vec![known(1, &[])]));
    let addresses = two.link.listen_addresses().await;
    let _two = two.echo();
    let (sender, events) = mpsc::channel(1);
    let link = spawn(config(1, &[], vec![known(2, &addresses)]), sender).unwrap();
    let mut one = Node { link, events };
    one.connected(2).await;
    for token in 0..100 {
        one.link.request(&writer(2), token, vec![1, 2]).unwrap();
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut open: HashSet<u64> = (0..100).collect();
    while !open.is_empty() {
        let (token, result) = one.answer().await;
        assert_eq!(result, Ok(vec![2, 1]));
        assert!(open.remove(&token));
    }
}

#[tokio::test]
async fn a_peer_with_another_key_at_a_known_address_is_not_taken_for_the_peer() {
    let impostor = Node::start(config(66, &[TCP], vec![known(1, &[])]));
    let addresses = impostor.link.listen_addresses().await;
    let mut one = Node::start(config(1, &[], vec![known(2, &addresses)]));
    tokio::time::sleep(Duration::from_millis(500)).await;
    one.link.request(&writer(2), 1, vec![1]).unwrap();
    match one.next().await {
        PeerEvent::Answer { token: 1, result, .. } => assert_eq!(result, Err(PeerFailure::NotConnected)),
        other => panic!("{other:?}"),
    }
}

async fn restarts(listen: &str) {
    let (mut one, two) = pair(&[listen]).await;
    let addresses = two.link.listen_addresses().await;
    two.link.close();
    two.link.closed().await;
    drop(two);
    loop {
        if let PeerEvent::Disconnected { peer } = one.next().await {
            assert_eq!(peer, writer(2));
            break;
        }
    }
    one.link.request(&writer(2), 5, vec![1]).unwrap();
    assert_eq!(one.answer().await, (5, Err(PeerFailure::NotConnected)));
    // Long enough for the delay to have grown to its cap.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut two = Node::start(config(2, &[&addresses[0]], vec![known(1, &[])]));
    timeout(Duration::from_secs(5), one.connected(2)).await.expect("met again within 5 s");
    two.connected(1).await;
    one.link.request(&writer(2), 6, vec![1]).unwrap();
    let (_, token, _) = two.asked().await;
    two.link.respond(token, vec![2]).unwrap();
    assert_eq!(one.answer().await, (6, Ok(vec![2])));
}

#[tokio::test]
async fn a_peer_that_restarts_is_met_again_over_tcp() {
    restarts(TCP).await;
}

#[tokio::test]
async fn a_peer_that_restarts_is_met_again_over_quic() {
    restarts(QUIC).await;
}

#[tokio::test]
async fn requests_open_when_the_peer_goes_are_answered_not_connected() {
    for listen in [TCP, QUIC] {
        let (mut one, mut two) = pair(&[listen]).await;
        for token in 0..32 {
            one.link.request(&writer(2), token, vec![1]).unwrap();
        }
        for _ in 0..32 {
            two.asked().await;
        }
        two.link.close();
        let mut open: HashSet<u64> = (0..32).collect();
        while !open.is_empty() {
            let (token, result) = one.answer().await;
            assert_eq!(result, Err(PeerFailure::NotConnected), "over {listen}");
            assert!(open.remove(&token), "token {token} was answered twice");
        }
    }
}

#[tokio::test]
async fn a_request_to_a_name_outside_the_federation_is_answered_not_connected() {
    let mut one = Node::start(config(1, &[], vec![]));
    one.link.request(&writer(2), 3, vec![1]).unwrap();
    assert_eq!(one.answer().await, (3, Err(PeerFailure::NotConnected)));
}

#[tokio::test]
async fn a_peer_that_does_not_answer_makes_the_request_time_out() {
    let mut two = Node::start(config(2, &[TCP], vec![known(1, &[])]));
    let addresses = two.link.listen_addresses().await;
    let hasty = TransportConfig {
        request_timeout: Duration::from_millis(300),
        ..config(1, &[], vec![known(2, &addresses)])
    };
    let mut one = Node::start(hasty);
    one.connected(2).await;
    one.link.request(&writer(2), 1, vec![1]).unwrap();
    let (_, token, _) = two.asked().await;
    assert_eq!(one.answer().await, (1, Err(PeerFailure::TimedOut)));
    // An answer that comes too late is lost without harm, and no second answer is reported.
    two.link.respond(token, vec![9]).unwrap();
    one.link.request(&writer(2), 2, vec![1]).unwrap();
    let (_, token, _) = two.asked().await;
    two.link.respond(token, vec![2]).unwrap();
    assert_eq!(one.answer().await, (2, Ok(vec![2])));
}

#[tokio::test]
async fn what_does_not_fit_in_flight_is_refused_as_busy() {
    let (mut one, two) = pair(&[TCP]).await;
    let mut accepted = 0;
    while one.link.request(&writer(2), accepted, vec![1]).is_ok() {
        accepted += 1;
        assert!(accepted <= IN_FLIGHT_PER_PEER_MAX as u64);
    }
    assert_eq!(accepted, IN_FLIGHT_PER_PEER_MAX as u64);
    assert_eq!(one.link.request(&writer(2), 999, vec![1]), Err(PeerBusy));
    two.link.close();
    for _ in 0..accepted {
        assert_eq!(one.answer().await.1, Err(PeerFailure::NotConnected));
    }
    assert_eq!(one.link.request(&writer(2), 999, vec![1]), Ok(()), "answers give their places free");
}

#[tokio::test]
async fn a_full_command_queue_is_busy() {
    // On this single-threaded runtime the transport cannot run while the test does not wait.
    let one = Node::start(config(1, &[], vec![]));
    for token in 0..COMMANDS_MAX as u64 {
        one.link.respond(token, Vec::new()).unwrap();
    }
    assert_eq!(one.link.respond(0, Vec::new()), Err(PeerBusy));
    assert_eq!(one.link.request(&writer(2), 0, Vec::new()), Err(PeerBusy));
}

#[tokio::test]
async fn requests_beyond_what_the_node_answers_wait_and_another_peer_is_served() {
    let mut two = Node::start(config(2, &[TCP], vec![known(1, &[]), known(3, &[])]));
    let addresses = two.link.listen_addresses().await;
    let mut one = Node::start(config(1, &[], vec![known(2, &addresses)]));
    let mut three = Node::start(config(3, &[], vec![known(2, &addresses)]));
    one.connected(2).await;
    three.connected(2).await;
    let sent = UNANSWERED_PER_PEER_MAX + 40;
    for token in 0..sent as u64 {
        one.link.request(&writer(2), token, vec![1]).unwrap();
    }
    let mut waiting = Vec::new();
    while waiting.len() < UNANSWERED_PER_PEER_MAX {
        let (from, token, _) = two.asked().await;
        assert_eq!(from, writer(1));
        waiting.push(token);
    }
    three.link.request(&writer(2), 1, vec![3]).unwrap();
    let (from, token, _) = two.asked().await;
    assert_eq!(from, writer(3), "what is beyond waits unread, and holds up nobody else");
    two.link.respond(token, vec![4]).unwrap();
    assert_eq!(three.answer().await, (1, Ok(vec![4])));
    for served in 0..sent {
        let token = match waiting.pop() {
            Some(token) => token,
            None => two.asked().await.1,
        };
        two.link.respond(token, vec![2]).unwrap();
        assert_eq!(one.answer().await.1, Ok(vec![2]), "{served}");
    }
}

#[tokio::test]
async fn the_transport_ends_when_its_link_is_dropped() {
    let Node { link, mut events } = Node::start(config(1, &[TCP], vec![]));
    drop(link);
    assert!(timeout(LONG, events.recv()).await.unwrap().is_none());
}

#[tokio::test]
async fn unusable_configurations_are_refused_with_their_reason() {
    let start = |config: TransportConfig| {
        let (sender, _events) = mpsc::channel(1);
        spawn(config, sender).map(|_| ()).unwrap_err().code()
    };
    let at = |address: &str| config(1, &[], vec![known(2, &[address.to_owned()])]);
    assert_eq!(start(at("/dns4/nodo.example/tcp/4001")), "peer.address");
    assert_eq!(start(at("/ip4/127.0.0.1/udp/4001")), "peer.address");
    assert_eq!(start(at("nonsense")), "peer.address");
    let other = format!("/ip4/127.0.0.1/tcp/4001/p2p/{}", identity(3).peer_id());
    assert_eq!(start(at(&other)), "peer.address.other");
    assert_eq!(start(config(1, &[], vec![known(1, &[])])), "peer.duplicate");
    assert_eq!(start(config(1, &[], vec![known(2, &[]), known(2, &[])])), "peer.duplicate");
    let nobody = KnownPeer { peer_id: "12D3Koo".to_owned(), ..known(2, &[]) };
    assert_eq!(start(config(1, &[], vec![nobody])), "peer.peer-id");
    assert_eq!(start(config(1, &["/ip4/192.0.2.1/tcp/0"], vec![])), "peer.listen");
}

#[test]
fn identities_hide_their_secret_and_name_their_key() {
    let identity = identity(1);
    assert!(!format!("{identity:?}").contains("[1, 1"));
    assert!(format!("{:?}", config(1, &[], vec![])).contains(&identity.peer_id()));
    let public = identity.public_key().unwrap();
    assert_eq!(peer_id_of_public_key(&public).unwrap(), identity.peer_id());
    assert_eq!(identity.sign(b"proof").unwrap().len(), 64);
}
