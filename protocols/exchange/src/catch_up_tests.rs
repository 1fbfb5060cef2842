//! Heads: what is missing is asked for exactly, and nothing that is held.
use super::*;
use concerto_message::{Digest, MessageId};
use proptest::prelude::*;

fn head(writer: &str, sequence: u64) -> ChainHead {
    let conference: ConferenceId = format!("lead/A/{}", "0".repeat(32)).parse().unwrap();
    let incarnation =
        serde_json::from_value(serde_json::json!({"counter":1,"nonce":"0".repeat(32)})).unwrap();
    let id = (sequence > 0).then(|| MessageId(Digest::of(format!("{writer}{sequence}").as_bytes())));
    ChainHead { conference, writer: writer.parse().unwrap(), incarnation, sequence, id }
}

#[test]
fn the_procedente_comes_first_and_forks_are_seen() {
    let mut forked = head("b/A", 3);
    forked.id = Some(MessageId(Digest::of(b"other")));
    let holds = |head: &ChainHead| *head != forked;
    let theirs = [head("a/A", 2), forked.clone(), head("lead/A", 5)];
    let found = compare(&[head("b/A", 3)], &theirs, holds, 10);
    let missing: Vec<_> = found.missing.iter().map(|r| (r.writer.to_string(), r.from, r.to)).collect();
    assert_eq!(missing, [("lead/A".into(), 1, 5), ("a/A".into(), 1, 2)]);
    assert_eq!(found.diverging.len(), 1);
}

proptest! {
    #[test]
    fn after_fetching_the_difference_nothing_is_missing(
        mine in prop::collection::vec(0u64..9, 4), theirs in prop::collection::vec(0u64..9, 4),
    ) {
        let names = ["lead/A", "b/A", "c/A", "d/A"];
        let heads = |v: &[u64]| names.iter().zip(v).map(|(n, s)| head(n, *s)).collect::<Vec<_>>();
        let found = compare(&heads(&mine), &heads(&theirs), |_| true, 100);
        let mut after = mine.clone();
        for range in &found.missing {
            let at = names.iter().position(|n| *n == range.writer.to_string()).unwrap();
            prop_assert_eq!(range.from, mine[at].max(1));
            after[at] = range.to;
        }
        for (a, (m, t)) in after.iter().zip(mine.iter().zip(&theirs)) {
            prop_assert_eq!(*a, *m.max(t));
        }
        prop_assert!(compare(&heads(&after), &heads(&theirs), |_| true, 100).missing.is_empty());
    }
}

#[test]
fn a_fork_is_found_whoever_went_on_further() {
    let mut other = head("b/A", 2);
    other.id = Some(MessageId(Digest::of(b"other")));
    let found = compare(&[head("b/A", 5)], std::slice::from_ref(&other), |h| *h != other, 10);
    assert_eq!(found.diverging.iter().map(|r| (r.from, r.to)).collect::<Vec<_>>(), [(1, 2)]);
    let found = compare(&[other.clone()], &[head("b/A", 5)], |h| *h == other, 10);
    let missing: Vec<_> = found.missing.iter().map(|r| (r.from, r.to)).collect();
    assert_eq!(missing, [(2, 5)], "begins with the place held, where the other holds another link");
}
