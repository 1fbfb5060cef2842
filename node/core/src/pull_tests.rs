//! Where a range is asked for again. Wrong implementations that fail here: one that goes on because the peer says that there is
//! more; one that leaves a place out which an answer cut in two.

use concerto_message::Incarnation;
use concerto_message::ids::Nonce;

use super::*;

fn range(from: u64, to: u64) -> Range {
    let writer: Writer = "ente_1/AOO".parse().unwrap();
    Range {
        conference: ConferenceId::new(writer.clone(), Nonce([1; 16])),
        writer,
        incarnation: Incarnation { counter: 1, nonce: Nonce([2; 16]) },
        from,
        to,
    }
}

#[test]
fn a_range_goes_on_where_the_answer_ended() {
    assert_eq!(next_place(&range(1, 100), 64, true), Some(64), "place 64 may have been cut in two");
    assert_eq!(next_place(&range(64, 100), 64, true), Some(65), "a place that filled the answer is left");
    assert_eq!(next_place(&range(1, 100), 64, false), Some(64), "held already, but nearer to the end");
}

#[test]
fn an_answer_that_brings_the_end_no_nearer_is_the_last() {
    assert_eq!(next_place(&range(5, u64::MAX), 4, false), None, "a place before the range");
    assert_eq!(next_place(&range(5, 9), 10, true), None, "a place beyond it");
    assert_eq!(next_place(&range(9, 9), 9, true), None, "the end");
    assert_eq!(next_place(&range(1, u64::MAX), u64::MAX, true), Some(u64::MAX));
    assert_eq!(next_place(&range(u64::MAX, u64::MAX), u64::MAX, false), None);
    // the same link again and again ends after two answers
    let first = next_place(&range(1, u64::MAX), 7, false).unwrap();
    let second = next_place(&range(first, u64::MAX), 7, false).unwrap();
    assert_eq!((first, second), (7, 8));
    assert_eq!(next_place(&range(second, u64::MAX), 7, false), None);
}
