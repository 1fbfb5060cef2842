//! What this machine allows, in the same run: signatures on its cores, commits on its disk, frames over its loopback.

use concerto_crypto_openssl::{KeyKind, OpensslCheck, SoftwareKey};
use concerto_message::{ConferenceId, SignatureCheck, Writer};
use concerto_peer_libp2p::{KnownPeer, Libp2pLink, PeerIdentity, TransportConfig, spawn};
use concerto_port::{Journal, JournalRead, PeerEvent, PeerLink, StoredLink, Write};
use concerto_store_sqlite::{SqliteJournal, SqliteReader};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

use crate::report::{Commits, Crypto, Frames};
use crate::settings::Failed;

/// Bytes that are signed: those of a small link.
const SIGNED_BYTES: usize = 1024;
/// Most links committed for one measurement of the disk.
const LINKS_MAX: usize = 2048;
/// Bytes of a frame on its way out, and of its answer.
const FRAME_BYTES: (usize, usize) = (2048, 1024);

/// The signatures of exchanges and nothing else, on all cores: two signatures and two verifications for each.
pub(crate) fn crypto(time: Duration) -> Result<Crypto, Failed> {
    let cores = std::thread::available_parallelism()?.get();
    let begun = Instant::now();
    let mut exchanges = 0_u64;
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..cores).map(|_| scope.spawn(move || sign_and_verify(begun + time))).collect();
        for thread in threads {
            exchanges += thread.join().map_err(|_| "a thread of the measurement failed")??;
        }
        Ok::<(), Failed>(())
    })?;
    Ok(Crypto { cores, exchanges_per_second: exchanges as f64 / begun.elapsed().as_secs_f64() })
}

fn sign_and_verify(until: Instant) -> Result<u64, Failed> {
    let key = SoftwareKey::generate(KeyKind::P256)?;
    let check = OpensslCheck::new();
    let text = vec![b'x'; SIGNED_BYTES];
    let mut exchanges = 0;
    while Instant::now() < until {
        for _ in 0..2 {
            let signature = key.sign(&text)?;
            if !check.verifies(key.public(), key.algorithm(), &text, &signature) {
                return Err("a signature does not verify".into());
            }
        }
        exchanges += 1;
    }
    Ok(exchanges)
}

/// Commits of the links of this run, in groups of each size, into new journals on the same disk.
pub(crate) fn commits(
    store: &Path,
    conference: &ConferenceId,
    folder: &Path,
    groups: &[usize],
) -> Result<Vec<Commits>, Failed> {
    let links = SqliteReader::open(store)?.links(conference, 0, LINKS_MAX)?;
    let one =
        |&group: &usize| commit_in_groups(&links, &folder.join(format!("commits-{group}.sqlite")), group);
    groups.iter().map(one).collect()
}

fn commit_in_groups(links: &[StoredLink], path: &Path, group: usize) -> Result<Commits, Failed> {
    let mut journal = SqliteJournal::open(path)?;
    let begun = Instant::now();
    let mut commits = 0_u32;
    for together in links.chunks(group) {
        journal.begin()?;
        for stored in together {
            let StoredLink { link, received_at, own, content, .. } = stored.clone();
            journal.write(&Write::Link { link, received_at, own, content })?;
        }
        journal.commit()?;
        commits += 1;
    }
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Commits {
        group,
        commits_per_second: f64::from(commits) / seconds,
        links_per_second: links.len() as f64 / seconds,
    })
}

/// Frames and answers between two transports in this process, nothing signed or stored: round trips a second.
pub(crate) fn frames(in_flight: &[usize], time: Duration) -> Result<Vec<Frames>, Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let (two, two_events) = transport(2, 1, &[])?;
        let (one, mut events) = transport(1, 2, &two.listen_addresses().await)?;
        while !matches!(events.recv().await, Some(PeerEvent::Connected { .. }) | None) {}
        let answering = tokio::spawn(answer(two, two_events));
        let mut found = Vec::new();
        for &in_flight in in_flight {
            let per_second = round_trips(&one, &mut events, in_flight, time).await?;
            found.push(Frames { in_flight, per_second });
        }
        answering.abort();
        Ok(found)
    })
}

fn name(number: u8) -> Result<Writer, Failed> {
    Ok(format!("ente_{number}/AOO").parse()?)
}

fn transport(own: u8, peer: u8, at: &[String]) -> Result<(Libp2pLink, mpsc::Receiver<PeerEvent>), Failed> {
    let (sender, events) = mpsc::channel(1024);
    let peer_id = PeerIdentity::from_seed([peer; 32])?.peer_id();
    let config = TransportConfig {
        listen: vec!["/ip4/127.0.0.1/tcp/0".into()],
        peers: vec![KnownPeer { name: name(peer)?, peer_id, addresses: at.to_vec() }],
        ..TransportConfig::new(PeerIdentity::from_seed([own; 32])?)
    };
    Ok((spawn(config, sender)?, events))
}

/// Two transports that are connected; they end with the value.
pub(crate) struct Pair {
    pub(crate) one: Libp2pLink,
    pub(crate) two: Libp2pLink,
    /// The name of the second one.
    pub(crate) peer: Writer,
    _events: [mpsc::Receiver<PeerEvent>; 2],
}

/// Connects two transports in this process.
pub(crate) async fn stream_pair() -> Result<Pair, Failed> {
    let (two, two_events) = transport(2, 1, &[])?;
    let (one, mut events) = transport(1, 2, &two.listen_addresses().await)?;
    while !matches!(events.recv().await, Some(PeerEvent::Connected { .. }) | None) {}
    Ok(Pair { one, two, peer: name(2)?, _events: [events, two_events] })
}

async fn answer(link: Libp2pLink, mut events: mpsc::Receiver<PeerEvent>) {
    while let Some(event) = events.recv().await {
        if let PeerEvent::Request { token, .. } = event {
            while link.respond(token, vec![0; FRAME_BYTES.1]).is_err() {
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn round_trips(
    link: &Libp2pLink,
    events: &mut mpsc::Receiver<PeerEvent>,
    in_flight: usize,
    time: Duration,
) -> Result<f64, Failed> {
    let to = name(2)?;
    let begun = Instant::now();
    let (mut token, mut open, mut answered) = (0, 0, 0_u32);
    loop {
        while open < in_flight && begun.elapsed() < time {
            token += 1;
            link.request(&to, token, vec![0; FRAME_BYTES.0])?;
            open += 1;
        }
        if open == 0 {
            return Ok(f64::from(answered) / begun.elapsed().as_secs_f64());
        }
        match events.recv().await {
            Some(PeerEvent::Answer { result, .. }) => {
                result?;
                answered += 1;
                open -= 1;
            }
            Some(_) => {}
            None => return Err("the transport ended".into()),
        }
    }
}
