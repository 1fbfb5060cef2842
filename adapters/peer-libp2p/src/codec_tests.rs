//! The form of a frame, and that its bound holds before anything is stored.

use std::collections::HashMap;
use std::sync::Arc;

use futures::io::Cursor;
use libp2p::request_response::Codec;

use super::*;

fn codec(frame_bytes_max: usize, budget: usize) -> (FrameCodec, Arc<Budget>) {
    let budget = Budget::new(budget);
    let lane = Lane::new("peer".to_owned(), frame_bytes_max, frame_bytes_max);
    let entrance = Entrance::new(HashMap::new(), lane);
    (FrameCodec::new(frame_bytes_max, frame_bytes_max, Arc::clone(&budget), entrance), budget)
}

async fn written(codec: &mut FrameCodec, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut out = Cursor::new(Vec::new());
    codec.write_request(&PROTOCOL, &mut out, Frame::to_send(bytes)).await?;
    Ok(out.into_inner())
}

#[tokio::test]
async fn a_frame_is_its_length_and_its_bytes() {
    let (mut codec, budget) = codec(1 << 20, 1 << 20);
    assert_eq!(written(&mut codec, b"abc".to_vec()).await.unwrap(), b"\x00\x00\x00\x03abc");
    for len in [0, 1, FIRST_PIECE, ONE_PIECE_MAX, ONE_PIECE_MAX + 1, 300_001] {
        let bytes: Vec<u8> = (0..len).map(|n| (n % 251) as u8).collect();
        let wire = written(&mut codec, bytes.clone()).await.unwrap();
        assert_eq!(wire.len(), len + 4);
        let frame = codec.read_request(&PROTOCOL, &mut Cursor::new(wire)).await.unwrap();
        assert_eq!(budget.left(), (1 << 20) - len, "a received frame holds its part of the budget");
        assert!(frame.into_bytes() == bytes);
        assert_eq!(budget.left(), 1 << 20);
    }
}

#[tokio::test]
async fn a_length_beyond_the_bound_stores_nothing() {
    let (mut codec, budget) = codec(10, 1000);
    let refused = codec.read_request(&PROTOCOL, &mut Cursor::new(vec![0, 0, 0, 11, 1])).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
    assert_eq!(budget.left(), 1000);
    assert_eq!(written(&mut codec, vec![0; 11]).await.unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn an_announced_length_costs_only_what_arrives() {
    let (mut codec, budget) = codec(8 << 20, 9 << 20);
    let mut wire = (8_u32 << 20).to_be_bytes().to_vec();
    wire.extend_from_slice(&[7; 100]);
    let short = codec.read_request(&PROTOCOL, &mut Cursor::new(wire)).await.unwrap_err();
    assert_eq!(short.kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(budget.left(), 9 << 20, "a frame that breaks off gives its part back");
}

#[tokio::test]
async fn frames_beyond_the_budget_are_refused_until_others_are_handed_on() {
    let (mut codec, _budget) = codec(1000, 1500);
    let wire = written(&mut codec, vec![1; 1000]).await.unwrap();
    let first = codec.read_request(&PROTOCOL, &mut Cursor::new(wire.clone())).await.unwrap();
    let refused = codec.read_request(&PROTOCOL, &mut Cursor::new(wire.clone())).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::OutOfMemory);
    drop(first);
    assert!(codec.read_request(&PROTOCOL, &mut Cursor::new(wire)).await.is_ok());
}

#[tokio::test]
async fn no_answer_is_told_from_a_broken_one() {
    let (mut codec, _budget) = codec(1000, 1500);
    assert!(codec.read_response(&PROTOCOL, &mut Cursor::new(vec![])).await.unwrap().is_none());
    let broken = codec.read_response(&PROTOCOL, &mut Cursor::new(vec![0, 0])).await.unwrap_err();
    assert_eq!(broken.kind(), io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn a_request_waits_for_a_place_and_its_place_is_free_when_it_was_dropped() {
    let (mut codec, _budget) = codec(1000, 1 << 20);
    let wire = written(&mut codec, vec![1; 10]).await.unwrap();
    let mut held = Vec::new();
    for _ in 0..crate::UNANSWERED_PER_PEER_MAX {
        held.push(codec.read_request(&PROTOCOL, &mut Cursor::new(wire.clone())).await.unwrap());
    }
    let (mut other, mut io) = (codec.clone(), Cursor::new(wire));
    let mut next = Box::pin(other.read_request(&PROTOCOL, &mut io));
    assert!(
        timeout(Duration::from_millis(50), &mut next).await.is_err(),
        "the lane is full, also for a clone"
    );
    held.pop();
    assert!(next.await.is_ok());
}

/// A sender that says no more.
struct Silence;

impl AsyncRead for Silence {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut [u8],
    ) -> std::task::Poll<io::Result<usize>> {
        std::task::Poll::Pending
    }
}

#[tokio::test]
async fn a_request_that_does_not_arrive_is_given_up_and_holds_nothing_any_more() {
    let (codec, budget) = codec(1 << 20, 1 << 20);
    let late = futures::future::join_all([&[][..], &[0, 0], &[0, 1, 0, 0, 7, 7]].map(|sent| {
        let mut codec = codec.clone();
        async move {
            let mut io = AsyncReadExt::chain(Cursor::new(sent), Silence);
            codec.read_request(&PROTOCOL, &mut io).await.unwrap_err()
        }
    }));
    for late in late.await {
        assert_eq!((late.kind(), code_of(&late)), (io::ErrorKind::TimedOut, Some("peer.frame.slow")));
    }
    assert_eq!(budget.left(), 1 << 20);
}
