//! How many frames two nodes exchange per second when nothing is signed or stored: the transport's own limit, beside which
//! `make bench` sets the numbers of a node.
//!
//! `cargo run --release -p concerto-peer-libp2p --example raw [BYTES [SECONDS]]`: round trips per second over loopback at 1, 8
//! and 64 in flight, both nodes in this process, over TCP and over QUIC.

use std::error::Error;
use std::time::{Duration, Instant};

use concerto_message::Writer;
use concerto_peer_libp2p::{KnownPeer, Libp2pLink, PeerIdentity, TransportConfig, spawn};
use concerto_port::{PeerEvent, PeerLink};
use tokio::sync::mpsc;

type Events = mpsc::Receiver<PeerEvent>;

fn node(n: u8, listen: &str, peer: u8, at: &[String]) -> Result<(Libp2pLink, Events), Box<dyn Error>> {
    let (sender, events) = mpsc::channel(1024);
    let peer_id = PeerIdentity::from_seed([peer; 32])?.peer_id();
    let config = TransportConfig {
        listen: vec![listen.to_owned()],
        peers: vec![KnownPeer { name: name(peer)?, peer_id, addresses: at.to_vec() }],
        ..TransportConfig::new(PeerIdentity::from_seed([n; 32])?)
    };
    Ok((spawn(config, sender)?, events))
}

fn name(n: u8) -> Result<Writer, Box<dyn Error>> {
    Ok(format!("ente_{n}/AOO").parse()?)
}

/// Answers every request with a small frame.
async fn answer(link: Libp2pLink, mut events: Events) {
    while let Some(event) = events.recv().await {
        if let PeerEvent::Request { token, .. } = event {
            while link.respond(token, vec![0; 512]).is_err() {
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn measure(
    link: &Libp2pLink,
    events: &mut Events,
    to: &Writer,
    bytes: usize,
    in_flight: usize,
    time: Duration,
) -> Result<f64, Box<dyn Error>> {
    let begin = Instant::now();
    let mut answered = 0_u32;
    let mut token = 0_u64;
    for _ in 0..in_flight {
        token += 1;
        link.request(to, token, vec![0; bytes])?;
    }
    let mut open = in_flight;
    while open > 0 {
        let Some(event) = events.recv().await else { return Err("the transport ended".into()) };
        let PeerEvent::Answer { result, .. } = event else { continue };
        result?;
        answered += 1;
        open -= 1;
        if begin.elapsed() < time {
            token += 1;
            link.request(to, token, vec![0; bytes])?;
            open += 1;
        }
    }
    Ok(f64::from(answered) / begin.elapsed().as_secs_f64())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let bytes: usize = arguments.next().map_or(Ok(2048), |a| a.parse())?;
    let time = Duration::from_secs(arguments.next().map_or(Ok(3), |a| a.parse())?);
    for (transport, listen) in [("tcp", "/ip4/127.0.0.1/tcp/0"), ("quic", "/ip4/127.0.0.1/udp/0/quic-v1")] {
        let (two, two_events) = node(2, listen, 1, &[])?;
        let (one, mut events) = node(1, listen, 2, &two.listen_addresses().await)?;
        while !matches!(events.recv().await, Some(PeerEvent::Connected { .. }) | None) {}
        let answering = tokio::spawn(answer(two, two_events));
        let to = name(2)?;
        for in_flight in [1, 8, 64] {
            let rate = measure(&one, &mut events, &to, bytes, in_flight, time).await?;
            println!("{transport} frame_bytes={bytes} in_flight={in_flight} round_trips_per_s={rate:.0}");
        }
        answering.abort();
    }
    Ok(())
}
