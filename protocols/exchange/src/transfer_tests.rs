//! Catches: a source that runs ahead of what is kept, an asker that is believed whatever it says it keeps, a head that is read before
//! its length is checked.

use super::*;

const MIB: u64 = 1024 * 1024;

fn ask(from: u64) -> Ask {
    Ask { message: MessageId(Digest([1; 32])), digest: Digest([2; 32]), from, list: true }
}

#[test]
fn heads_come_back_as_they_went() {
    let bytes = encode_head(&ask(7)).unwrap();
    let (prefix, json) = bytes.split_first_chunk::<4>().unwrap();
    assert_eq!(head_length(*prefix).unwrap(), json.len());
    assert_eq!(decode_head::<Ask>(json).unwrap(), ask(7));
    for opening in [Opening::document(&Salt([3; 16])), Opening::refused("document.unavailable", "no")] {
        let bytes = encode_head(&opening).unwrap();
        assert_eq!(decode_head::<Opening>(&bytes[4..]).unwrap(), opening);
    }
}

#[test]
fn heads_that_are_none_are_refused() {
    let huge = head_length([0xff; 4]).unwrap_err();
    assert_eq!(huge, TransferError::HeadTooLarge { found: 0xffff_ffff });
    assert!(encode_head(&Opening::refused("x", &"y".repeat(STREAM_HEAD_BYTES_MAX))).is_err());
    for json in ["", "{}", r#"{"message":"x"}"#, r#"{"answer":"document","salt":"00","more":1}"#] {
        assert_eq!(decode_head::<Ask>(json.as_bytes()).unwrap_err().code(), "transfer.head", "{json}");
        assert_eq!(decode_head::<Opening>(json.as_bytes()).unwrap_err().code(), "transfer.head", "{json}");
    }
    let short = Opening::Document { salt: "00".into() }.salt().unwrap_err();
    assert_eq!(short.code(), "transfer.head");
    let refused = Opening::refused("document.unavailable", &"z".repeat(1000)).salt().unwrap_err();
    assert!(matches!(refused, FetchFailure::Refused { reason, .. } if reason.len() == 300));
}

#[test]
fn a_source_never_runs_ahead() {
    let mut sending = Sending::new(&ask(MIB / 2), 4 * MIB).unwrap();
    assert_eq!((sending.place(), sending.room()), (MIB / 2, MIB));
    sending.sent(2 * MIB);
    assert_eq!((sending.place(), sending.room()), (3 * MIB / 2, 0), "not more than the room");
    sending.kept((3 * MIB / 2).to_be_bytes()).unwrap();
    assert_eq!(sending.room(), MIB);
    sending.sent(MIB);
    sending.kept((5 * MIB / 2).to_be_bytes()).unwrap();
    sending.sent(MIB);
    sending.kept((7 * MIB / 2).to_be_bytes()).unwrap();
    assert_eq!(sending.room(), MIB / 2, "the end of the document");
    sending.sent(MIB / 2);
    assert!(sending.all_sent() && !sending.done());
    sending.kept((4 * MIB).to_be_bytes()).unwrap();
    assert!(sending.done());
}

#[test]
fn what_an_asker_says_is_checked() {
    assert_eq!(Sending::new(&ask(9), 8).unwrap_err(), TransferError::BadPlace { from: 9, size: 8 });
    let mut sending = Sending::new(&ask(4), 8).unwrap();
    sending.sent(2);
    for said in [3, 7, u64::MAX] {
        let wrong = sending.kept(said.to_be_bytes()).unwrap_err();
        assert_eq!(wrong, TransferError::BadKept { said, kept: 4, sent: 6 });
    }
    sending.kept(6_u64.to_be_bytes()).unwrap();
    assert!(sending.kept(5_u64.to_be_bytes()).is_err(), "less than before");
}

#[test]
fn a_link_that_contradicts_itself_is_not_the_sources_fault() {
    let failure = FetchFailure::from(TransferError::from(StreamedError::Inconsistent));
    assert_eq!(failure, FetchFailure::Inconsistent);
    let failure = FetchFailure::from(TransferError::from(StreamedError::Chunk(3)));
    assert_eq!(
        (failure.code(), &failure),
        ("document.chunk", &FetchFailure::Misbehaved(StreamedError::Chunk(3).into()))
    );
}
