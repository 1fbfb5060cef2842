//! Below the protocol: frames that are begun and not ended, answers that are not read, connections and streams without end.

use concerto_conformance::forge;
use concerto_conformance::hostile::{Raw, eventually};
use concerto_exchange::frame::{Request, encode};
use concerto_message::Digest;
use jiff::Timestamp;
use serde_json::json;
use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::attacks;
use crate::stage::Stage;

/// A connection of the brute to the procedente's node.
fn call(stage: &Stage) -> Raw {
    let (address, seed) = (stage.arena.address("lead"), stage.arena.peer_seed("brute"));
    stage.runtime.block_on(Raw::call(&address, seed)).unwrap()
}

/// The same, greeted.
fn greeted(stage: &Stage) -> Raw {
    let raw = call(stage);
    let greeting = forge::greeting(&stage.brute, &stage.arena.office("lead"));
    let hello = forge::signed_greeting(&stage.brute, &greeting, Timestamp::now());
    let frame = encode(&Request::Hello { hello }, &stage.brute.bundle).unwrap();
    stage.runtime.block_on(raw.ask(&frame)).unwrap();
    raw
}

/// Waits until the node's log names a code more often than before.
fn logged(stage: &Stage, code: &'static str) -> String {
    eventually(code, || stage.lead.logged(code) > 0);
    code.to_owned()
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

attacks! {
    "A frame that announces 4 GiB: refused before a byte of it is stored", "growth of the node, MiB" => "peer.frame.too-large" unchanged |stage| {
        let before = stage.lead.resident_bytes();
        let raw = call(stage);
        stage.runtime.block_on(async {
            let mut stream = raw.stream().await.unwrap();
            stream.announce(u32::MAX as usize).await.unwrap();
            assert!(stream.answer().await.is_err());
        });
        let grown = mib(stage.lead.resident_bytes().saturating_sub(before));
        (logged(stage, "peer.frame.too-large"), format!("{grown:.1}"))
    }
    "A frame that breaks off", "" => "peer.frame.cut-off" unchanged |stage| {
        let raw = call(stage);
        stage.runtime.block_on(async {
            let mut stream = raw.stream().await.unwrap();
            stream.announce(1000).await.unwrap();
            stream.write(&[0; 10]).await.unwrap();
            stream.end().await.unwrap();
            assert!(stream.answer().await.is_err());
        });
        (logged(stage, "peer.frame.cut-off"), String::new())
    }
    "Streams that are begun and send a byte now and then", "seconds until they are given up" => "peer.frame.slow" unchanged |stage| {
        let raw = greeted(stage);
        let begun = Instant::now();
        let beside = stage.runtime.block_on(async {
            let mut slow = Vec::new();
            for _ in 0..20 {
                let mut stream = raw.stream().await.unwrap();
                stream.announce(1000).await.unwrap();
                slow.push(stream);
            }
            let asked = raw.ask(&encode(&Request::Bundle { digest: Digest::of(b"") }, &[]).unwrap()).await;
            for second in 0..12 {
                for stream in &mut slow {
                    let _ = stream.write(&[second]).await; // it may have been given up
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            asked
        });
        assert!(beside.is_ok(), "what is asked beside them is answered");
        (logged(stage, "peer.frame.slow"), format!("{:.0}", begun.elapsed().as_secs_f64().min(12.0)))
    }
    "More connections of one member than four", "" => "peer.connections" unchanged |stage| {
        let raws: Vec<Raw> = (0..7).map(|_| call(stage)).collect();
        eventually("some are closed", || raws.iter().filter(|raw| raw.is_closed()).count() >= 3);
        (logged(stage, "peer.connections"), String::new())
    }
    "40 connections that never begin their handshake", "seconds until all are closed" => "peer.handshake" unchanged |stage| {
        let port = stage.arena.address("lead").rsplit('/').next().unwrap().parse().unwrap();
        let begun = Instant::now();
        let silent: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
        for mut stream in silent {
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let mut rest = Vec::new();
            assert!(stream.read_to_end(&mut rest).is_ok(), "closed by the node");
        }
        (logged(stage, "peer.handshake"), format!("{:.1}", begun.elapsed().as_secs_f64()))
    }
    "Handshakes without end from one address: turned away before any cryptography", "" => "peer.calls" unchanged |stage| {
        let port = stage.arena.address("lead").rsplit('/').next().unwrap().parse().unwrap();
        for _ in 0..600 {
            drop(TcpStream::connect(("127.0.0.1", port)));
        }
        let code = logged(stage, "peer.calls");
        std::thread::sleep(Duration::from_secs(2)); // the address may call again
        (code, String::new())
    }
    "2,000 streams that say nothing, on one connection", "streams until it is closed" => "-" unchanged |stage| {
        let raw = greeted(stage);
        let opened = stage.runtime.block_on(async {
            let mut streams = Vec::new();
            while streams.len() < 2_000 {
                match tokio::time::timeout(Duration::from_secs(3), raw.stream()).await {
                    Ok(Ok(stream)) => streams.push(stream),
                    _ => break,
                }
            }
            streams.len()
        });
        assert!(opened < 2_000);
        ("-".to_owned(), format!("{opened}"))
    }
    "A connection that answers nothing, not even a ping", "seconds until it is closed" => "-" unchanged |stage| {
        let begun = Instant::now();
        let raw = call(stage);
        eventually("the node gives it up", || raw.is_closed());
        ("-".to_owned(), format!("{:.0}", begun.elapsed().as_secs_f64()))
    }
    "Answers of 1 MiB that are asked for and never read", "asked, growth of the node in MiB" => "peer.reads-slowly" kept |stage| {
        let raw = greeted(stage);
        ask_and_never_read(stage, &raw)
    }
}

/// The brute writes a megabyte of links, then asks for them again and again and reads nothing.
fn ask_and_never_read(stage: &Stage, raw: &Raw) -> (String, String) {
    let office = &stage.brute;
    let mut previous = None;
    for sequence in 1..=6 {
        let act = concerto_conformance::acts::request();
        let draft = forge::Draft::new(office, &stage.conference, &act, sequence, previous, Timestamp::now());
        let text = draft.payload("facts", json!({"long": "x".repeat(130_000)})).signed(office);
        previous = Some(forge::read(&text).id());
        let frame = encode(&Request::Deliver { links: vec![text] }, &[]).unwrap();
        stage.runtime.block_on(raw.ask(&frame)).unwrap();
    }
    stage.settled();
    let before = stage.lead.resident_bytes();
    let request = Request::Fetch {
        conference: stage.conference.clone(),
        writer: office.writer.clone(),
        incarnation: forge::LIFE,
        from: 1,
        to: 6,
    };
    let frame = encode(&request, &[]).unwrap();
    let asked = 100;
    let streams = stage.runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..asked {
            let mut stream = raw.stream().await.unwrap();
            stream.announce(frame.len()).await.unwrap();
            stream.write(&frame).await.unwrap();
            streams.push(stream);
        }
        streams
    });
    let code = logged(stage, "peer.reads-slowly");
    let grown = mib(stage.lead.resident_bytes().saturating_sub(before));
    assert!(grown < 96.0, "{grown} MiB");
    drop(streams);
    (code, format!("{asked}, {grown:.1}"))
}
