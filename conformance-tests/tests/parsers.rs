//! Every parser that a peer can reach, fed with hostile bytes: random ones, good ones altered, and JSON made to hurt (nesting, numbers
//! and strings without end, names given twice, text that is not UTF-8). A member as a parser fuzzer.
//!
//! Properties: no parser stops the program; each answer comes within [`LONGEST`]; all of them together leave the process not much
//! larger; what was read is read again the same. The bytes follow from a fixed seed, so that a failure is the same everywhere.
//! `CONCERTO_EFFORT=full` tries a hundred times as many.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests stop at the first surprise"
)]

use concerto_conformance::acts;
use concerto_conformance::federation::{BODIES, LEAD, federation};
use concerto_conformance::forge::{self, Draft};
use concerto_conformance::full_effort;
use concerto_exchange::frame::{Answer, Request, decode_answer, decode_request, encode};
use concerto_exchange::hello::ParsedHello;
use concerto_message::jose::base64url;
use concerto_message::{Digest, MessageId, ParsedLink, ParsedReceipt, strict_json};
use concerto_procedure::acts::Position;
use concerto_trust::Bundle;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner};
use serde_json::json;
use std::time::{Duration, Instant};

/// Longest that one parser may take for one input, on a busy machine and without optimisation.
const LONGEST: Duration = Duration::from_secs(2);
/// Most that the process may grow over all inputs, in KiB.
const GROWTH_MAX_KIB: u64 = 192 * 1024;

fn cases() -> u32 {
    if full_effort() { 200_000 } else { 2_000 }
}

/// Tries a parser with inputs that follow from the seed alone.
fn try_all<S: Strategy>(inputs: S, parser: impl Fn(S::Value) -> TestCaseResult) {
    let config =
        Config { cases: cases(), failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let before = resident_kib();
    let timed = |input| {
        let begun = Instant::now();
        let result = parser(input);
        prop_assert!(begun.elapsed() < LONGEST, "it took {:?}", begun.elapsed());
        result
    };
    if let Err(failed) = TestRunner::new_with_rng(config, rng).run(&inputs, timed) {
        panic!("{failed}");
    }
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < GROWTH_MAX_KIB, "the process grew by {grown} KiB");
}

/// The greatest resident memory so far (`VmHWM`, proc_pid_status(5)).
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// A piece of JSON, or of what is none, made to hurt.
fn hurtful() -> impl Strategy<Value = Vec<u8>> {
    let times = prop_oneof![1_usize..40, 100_usize..2_000, Just(60_000_usize)];
    prop_oneof![
        (times.clone(), prop_oneof![Just("["), Just("{\"a\":"), Just("[{\"a\":")])
            .prop_map(|(n, s)| s.repeat(n).into_bytes()),
        times.clone().prop_map(|n| format!("{}1{}", "[".repeat(n), "]".repeat(n)).into_bytes()),
        times.clone().prop_map(|n| "9".repeat(n).into_bytes()),
        times.clone().prop_map(|n| format!("1e{}", "9".repeat(n)).into_bytes()),
        times.clone().prop_map(|n| format!("-0.{}1", "0".repeat(n)).into_bytes()),
        times.clone().prop_map(|n| format!("\"{}\"", "\\u0000".repeat(n)).into_bytes()),
        times.prop_map(|n| format!("\"{}", "\u{1f4a9}".repeat(n)).into_bytes()),
        Just(br#""\ud800""#.to_vec()),
        Just(b"\"\xff\xfe\xc0\xaf\"".to_vec()),
        Just(b"null".to_vec()),
        Just(b"{}".to_vec()),
        Just(b"18446744073709551616".to_vec()),
        Just(br#"{"ES256":null}"#.to_vec()),
        proptest::collection::vec(any::<u8>(), 0..200),
    ]
}

/// One alteration of a text: where (in thousandths), how many bytes are taken away, and what comes in their place.
fn alteration() -> impl Strategy<Value = (usize, usize, Vec<u8>)> {
    (0_usize..1000, prop_oneof![Just(0_usize), 1_usize..8, 0_usize..5_000], hurtful())
}

fn altered(good: &[u8], alterations: &[(usize, usize, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for (at, taken, given) in alterations {
        let from = bytes.len() * at / 1000;
        let to = (from + taken).min(bytes.len());
        bytes.splice(from..to, given.iter().copied());
    }
    bytes
}

fn alterations() -> impl Strategy<Value = Vec<(usize, usize, Vec<u8>)>> {
    proptest::collection::vec(alteration(), 0..3)
}

/// The value of one member of a JSON object replaced by something that hurts.
fn with_member(good: &serde_json::Value, member: usize, hurtful: &[u8]) -> Vec<u8> {
    let members = good.as_object().unwrap();
    let mut text = Vec::from(b"{");
    for (n, (name, value)) in members.iter().enumerate() {
        let value =
            if n == member % members.len() { hurtful.to_vec() } else { value.to_string().into_bytes() };
        text.extend_from_slice(format!("{}\"{name}\":", if n == 0 { "" } else { "," }).as_bytes());
        text.extend_from_slice(&value);
    }
    text.push(b'}');
    text
}

fn draft() -> Draft {
    let conference = forge::conference(federation(), LEAD, 0);
    let at = "2026-11-23T08:00:00Z".parse().unwrap();
    Draft::new(
        federation().office(BODIES[0]),
        &conference,
        &acts::determination(Position::ConditionalAssent),
        1,
        None,
        at,
    )
}

fn frames() -> Vec<Vec<u8>> {
    let conference = forge::conference(federation(), LEAD, 0);
    let writer = LEAD.parse().unwrap();
    let link = draft().signed(federation().office(BODIES[0]));
    let digest = Digest::of(b"x");
    [
        encode(&Request::Deliver { links: vec![link.clone(); 3] }, &[]),
        encode(&Request::Fetch { conference, writer, incarnation: forge::LIFE, from: 1, to: 9 }, &[]),
        encode(&Request::Document { message: MessageId(digest), digest }, b"tail"),
        encode(&Answer::Links { links: vec![link], more: true }, &[]),
        encode(&Answer::Refused { code: "x".into(), reason: "y".into() }, &[]),
        encode(&json!({"answer": "heads", "conferences": [], "chains": []}), &[]),
    ]
    .map(Result::unwrap)
    .to_vec()
}

/// Nothing is asked of the results but that there is one.
fn read_frame(bytes: &[u8]) -> TestCaseResult {
    if let Ok((request, tail)) = decode_request(bytes) {
        let again = encode(&request, tail).unwrap();
        prop_assert_eq!(decode_request(&again).unwrap(), (request, tail));
    }
    if let Ok((answer, tail)) = decode_answer(bytes) {
        let again = encode(&answer, tail).unwrap();
        prop_assert_eq!(decode_answer(&again).unwrap(), (answer, tail));
    }
    Ok(())
}

fn read_messages(text: &str) -> TestCaseResult {
    if let Ok(link) = ParsedLink::parse(text) {
        prop_assert_eq!(ParsedLink::parse(text).unwrap().id(), link.id());
    }
    let _ = ParsedReceipt::parse(text).map(|receipt| receipt.payload().messages.len());
    let _ = ParsedHello::parse(text).map(|hello| hello.header().trust);
    Ok(())
}

#[test]
fn frames_of_any_bytes() {
    try_all(proptest::collection::vec(any::<u8>(), 0..600), |bytes| read_frame(&bytes));
}

#[test]
fn good_frames_altered() {
    let frames = frames();
    try_all((0..frames.len(), alterations(), any::<bool>()), |(which, changes, mend)| {
        let mut bytes = altered(&frames[which], &changes);
        if mend && bytes.len() > 4 {
            // a length that fits lets the alteration through to the JSON
            let length = u32::try_from(bytes.len() - 4).unwrap();
            bytes[..4].copy_from_slice(&length.to_be_bytes());
        }
        read_frame(&bytes)
    });
}

#[test]
fn heads_of_frames_made_to_hurt() {
    let heads: Vec<serde_json::Value> = frames()
        .iter()
        .map(|frame| {
            let length = u32::from_be_bytes(frame[..4].try_into().unwrap()) as usize;
            serde_json::from_slice(&frame[4..4 + length]).unwrap()
        })
        .collect();
    try_all((0..heads.len(), 0_usize..8, hurtful()), |(which, member, hurtful)| {
        let head = with_member(&heads[which], member, &hurtful);
        let length = u32::try_from(head.len()).unwrap().to_be_bytes();
        read_frame(&[&length[..], &head].concat())
    });
}

#[test]
fn headers_and_payloads_made_to_hurt() {
    let draft = draft();
    let office = federation().office(BODIES[0]);
    let receipt = forge::receipt(
        office,
        LEAD,
        &forge::conference(federation(), LEAD, 0),
        &[],
        "2026-11-23T08:00:00Z".parse().unwrap(),
    );
    let greeting = serde_json::to_value(forge::greeting(office, federation().office(LEAD))).unwrap();
    let payloads = [draft.payload.clone(), receipt, greeting];
    let kinds = ["link", "receipt", "hello"];
    try_all((0_usize..3, any::<bool>(), 0_usize..16, hurtful()), |(kind, in_header, member, hurtful)| {
        let cty = format!("application/vnd.concerto.{}+json", kinds[kind]);
        let header = draft.clone().header("cty", cty).header;
        let (header, payload) = if in_header {
            (with_member(&header, member, &hurtful), payloads[kind].to_string().into_bytes())
        } else {
            (header.to_string().into_bytes(), with_member(&payloads[kind], member, &hurtful))
        };
        read_messages(&format!("{}.{}.AAAA", base64url(&header), base64url(&payload)))
    });
}

#[test]
fn good_messages_altered() {
    let good = draft().signed(federation().office(BODIES[0]));
    try_all(alterations(), |changes| {
        read_messages(&String::from_utf8_lossy(&altered(good.as_bytes(), &changes)))
    });
}

#[test]
fn good_bundles_altered() {
    let good = &federation().office(LEAD).bundle;
    try_all(alterations(), |changes| {
        let bytes = altered(good, &changes);
        if let Ok(bundle) = Bundle::parse(&bytes) {
            prop_assert_eq!(bundle.digest(), Digest::of(&bytes));
        }
        Ok(())
    });
}

#[test]
fn json_of_any_kind() {
    try_all((hurtful(), hurtful()), |(one, other)| {
        for text in [one.clone(), [&b"{\"a\":"[..], &one, b",\"b\":", &other, b"}"].concat()] {
            if let Ok(value) = strict_json::parse(&text) {
                prop_assert_eq!(strict_json::parse(value.to_string().as_bytes()).unwrap(), value);
            }
        }
        Ok(())
    });
}
