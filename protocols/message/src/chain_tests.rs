//! Chains: what a chain says follows from the links held and the branches chosen, never from the order in which they came.
//!
//! ```text
//!   incarnation 1:  1 ── 2 ── 3 ── 4        a gap, a fork (two ids in one place) or a link that names another
//!                        └── 3'             previous ends the contiguous prefix of that incarnation alone
//!   incarnation 2:  1 ── 2
//! ```
//!
//! Wrong implementations that these tests catch: one that keeps the first of two links in a place, one that lets a prefix reach over
//! a gap, one whose caches are wrong after a late link, and one whose `generation` misses a change (a fold would go on from
//! a history that is no longer true) or reports one that did not happen (a fold would begin again for nothing).

use super::*;
use crate::support_tests::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A link as these tests name it: `branch` tells links in one place apart, `after` is the branch of the link before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct L {
    life: u32,
    sequence: u64,
    branch: u8,
    after: u8,
}

fn l(life: u32, sequence: u64, branch: u8) -> L {
    L { life, sequence, branch, after: 0 }
}

impl L {
    fn id_of(life: u32, sequence: u64, branch: u8) -> MessageId {
        message(&format!("{life}.{sequence}.{branch}"))
    }
    fn id(self) -> MessageId {
        Self::id_of(self.life, self.sequence, self.branch)
    }
    fn payload(self) -> Payload {
        let first = self.sequence == 1;
        Payload {
            incarnation: incarnation(self.life),
            sequence: self.sequence,
            previous: (!first).then(|| Self::id_of(self.life, self.sequence.saturating_sub(1), self.after)),
            ..payload()
        }
    }
}

fn insert(chain: &mut Chain, link: L) -> Placement {
    chain.insert(link.id(), &link.payload())
}

fn choose(chain: &mut Chain, kept: L) {
    chain.choose(incarnation(kept.life), kept.sequence, kept.id());
}

fn chain_of(links: impl IntoIterator<Item = L>) -> Chain {
    let mut chain = Chain::default();
    for link in links {
        insert(&mut chain, link);
    }
    chain
}

fn ids(links: &[L]) -> Vec<MessageId> {
    links.iter().map(|link| link.id()).collect()
}

fn sorted_ids(links: &[L]) -> Vec<MessageId> {
    let mut ids = ids(links);
    ids.sort();
    ids
}

fn contiguous(chain: &Chain) -> Vec<MessageId> {
    chain.contiguous().collect()
}

fn ends(chain: &Chain) -> Vec<(u32, End)> {
    chain.ends().map(|(incarnation, end)| (incarnation.counter, end.clone())).collect()
}

fn head(link: L) -> HeldHead {
    HeldHead { incarnation: incarnation(link.life), sequence: link.sequence, id: link.id() }
}

#[test]
fn an_empty_chain_says_nothing() {
    let chain = Chain::default();
    assert_eq!((contiguous(&chain), chain.contiguous_len(), chain.head()), (vec![], 0, None));
    assert_eq!((chain.gaps(9), chain.open_forks(), ends(&chain)), (vec![], vec![], vec![]));
    assert_eq!((chain.contiguous_after(0), chain.settled_after(0), chain.generation()), (vec![], vec![], 0));
}

#[test]
fn links_in_order_follow_each_other() {
    let mut chain = Chain::default();
    for sequence in 1..=4 {
        assert_eq!(insert(&mut chain, l(1, sequence, 0)), Placement::Next);
        assert_eq!(insert(&mut chain, l(1, sequence, 0)), Placement::Known);
        assert_eq!(chain.head(), Some(head(l(1, sequence, 0))));
    }
    assert_eq!(contiguous(&chain), ids(&[l(1, 1, 0), l(1, 2, 0), l(1, 3, 0), l(1, 4, 0)]));
    assert_eq!(ends(&chain), [(1, End::Open)]);
    assert_eq!(chain.generation(), 0, "it only grew at its end");
}

#[test]
fn a_gap_is_named_exactly_and_closed_by_what_was_missing() {
    let mut chain = Chain::default();
    for sequence in [3, 4, 8, 10] {
        assert_eq!(insert(&mut chain, l(1, sequence, 0)), Placement::Ahead);
    }
    let life = incarnation(1);
    assert_eq!(chain.gaps(9), [(life, 1, 2), (life, 5, 7), (life, 9, 9)]);
    assert_eq!(chain.gaps(2), [(life, 1, 2), (life, 5, 7)]);
    assert_eq!(chain.gaps(0), []);
    assert_eq!((contiguous(&chain), ends(&chain)), (vec![], vec![(1, End::Gap { sequence: 1 })]));
    assert_eq!(insert(&mut chain, l(1, 2, 0)), Placement::Ahead);
    assert_eq!(insert(&mut chain, l(1, 1, 0)), Placement::Next);
    assert_eq!(chain.head(), Some(head(l(1, 4, 0))));
    assert_eq!(ends(&chain), [(1, End::Gap { sequence: 5 })]);
    assert_eq!(chain.gaps(9), [(life, 5, 7), (life, 9, 9)]);
    assert_eq!(chain.generation(), 0);
}

#[test]
fn the_last_sequence_that_can_be_written_is_a_place_like_others() {
    let mut chain = chain_of([l(1, 1, 0)]);
    assert_eq!(insert(&mut chain, l(1, u64::MAX, 0)), Placement::Ahead);
    assert_eq!(chain.gaps(9), [(incarnation(1), 2, u64::MAX - 1)]);
    assert_eq!(chain.range(&incarnation(1), 2, u64::MAX, 9), ids(&[l(1, u64::MAX, 0)]));
    assert_eq!(ends(&chain), [(1, End::Gap { sequence: 2 })]);
}

#[test]
fn a_fork_ends_the_prefix_until_a_branch_is_chosen() {
    let (left, right) = (l(1, 2, 0), l(1, 2, 1));
    let after_right = L { after: 1, ..l(1, 3, 1) };
    let mut chain = chain_of([l(1, 1, 0), left, l(1, 3, 0)]);
    assert_eq!(insert(&mut chain, right), Placement::Fork { with: vec![left.id()] });
    assert_eq!(chain.generation(), 1, "what was contiguous no longer is");
    assert_eq!(contiguous(&chain), ids(&[l(1, 1, 0)]));
    let fork = sorted_ids(&[left, right]);
    assert_eq!(ends(&chain), [(1, End::Fork { sequence: 2, ids: fork.clone() })]);
    assert_eq!(chain.open_forks(), [(incarnation(1), 2, fork)]);
    assert_eq!(insert(&mut chain, after_right), Placement::Fork { with: vec![l(1, 3, 0).id()] });

    choose(&mut chain, right);
    // place 3 holds two links: it too must be chosen, though only one of them follows the branch
    assert_eq!(contiguous(&chain), ids(&[l(1, 1, 0), right]));
    choose(&mut chain, after_right);
    assert_eq!(contiguous(&chain), ids(&[l(1, 1, 0), right, after_right]));
    assert_eq!((chain.open_forks(), ends(&chain)), (vec![], vec![(1, End::Open)]));
    assert_eq!(insert(&mut chain, L { after: 1, ..l(1, 4, 0) }), Placement::Next);
    // the links of the other branch are held as before
    assert_eq!(chain.all().collect::<BTreeSet<_>>().len(), 6);
}

#[test]
fn another_choice_moves_to_the_other_branch() {
    let (left, right) = (l(1, 2, 0), l(1, 2, 1));
    let mut chain = chain_of([l(1, 1, 0), left, right, l(1, 3, 0)]);
    choose(&mut chain, left);
    assert_eq!(contiguous(&chain), ids(&[l(1, 1, 0), left, l(1, 3, 0)]));
    let generation = chain.generation();
    choose(&mut chain, left);
    assert_eq!(chain.generation(), generation, "the same choice again changes nothing");
    choose(&mut chain, right);
    assert_eq!(contiguous(&chain), ids(&[l(1, 1, 0), right]));
    assert_eq!(ends(&chain), [(1, End::Broken { sequence: 3 })]);
    assert_ne!(chain.generation(), generation);
}

#[test]
fn a_choice_that_is_not_held_holds_the_prefix_back() {
    let mut chain = Chain::default();
    choose(&mut chain, l(1, 2, 1));
    insert(&mut chain, l(1, 1, 0));
    insert(&mut chain, l(1, 2, 0));
    assert_eq!(contiguous(&chain), ids(&[l(1, 1, 0)]));
    assert_eq!(ends(&chain), [(1, End::Fork { sequence: 2, ids: ids(&[l(1, 2, 0)]) })]);
    assert_eq!(insert(&mut chain, l(1, 2, 1)), Placement::Fork { with: ids(&[l(1, 2, 0)]) });
    assert_eq!(contiguous(&chain), ids(&[l(1, 1, 0), l(1, 2, 1)]));
    // a third one in a place that was decided reopens nothing
    let third = l(1, 2, 2);
    assert_eq!(insert(&mut chain, third), Placement::Fork { with: sorted_ids(&[l(1, 2, 0), l(1, 2, 1)]) });
    assert_eq!(contiguous(&chain), ids(&[l(1, 1, 0), l(1, 2, 1)]));
    assert_eq!(chain.open_forks(), []);
}

#[test]
fn a_broken_previous_stops_the_prefix() {
    let stranger = L { after: 7, ..l(1, 2, 0) };
    let mut chain = chain_of([l(1, 1, 0)]);
    assert_eq!(insert(&mut chain, stranger), Placement::Ahead);
    insert(&mut chain, l(1, 3, 0));
    assert_eq!(contiguous(&chain), ids(&[l(1, 1, 0)]));
    assert_eq!(ends(&chain), [(1, End::Broken { sequence: 2 })]);
    assert_eq!(chain.gaps(9), []);
    // nor does choosing it mend it
    choose(&mut chain, stranger);
    assert_eq!(contiguous(&chain), ids(&[l(1, 1, 0)]));
}

#[test]
fn incarnations_stand_one_after_the_other_each_with_its_own_end() {
    let mut chain = chain_of([l(1, 1, 0), l(1, 2, 0), l(2, 1, 0), l(2, 2, 0), l(3, 2, 0)]);
    let all = [l(1, 1, 0), l(1, 2, 0), l(2, 1, 0), l(2, 2, 0)];
    assert_eq!(contiguous(&chain), ids(&all));
    assert_eq!(chain.heads().collect::<Vec<_>>(), [head(l(1, 2, 0)), head(l(2, 2, 0))]);
    assert_eq!(chain.head(), Some(head(l(2, 2, 0))));
    assert_eq!(chain.lane_head(&incarnation(1)), Some(head(l(1, 2, 0))));
    assert_eq!(chain.lane_head(&incarnation(3)), None);
    assert_eq!(chain.incarnations().map(|i| i.counter).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(ends(&chain), [(1, End::Open), (2, End::Open), (3, End::Gap { sequence: 1 })]);
    assert_eq!(chain.generation(), 0);

    assert_eq!(insert(&mut chain, l(1, 3, 0)), Placement::Next);
    assert_eq!(chain.generation(), 1, "it grew in the middle");
    assert_eq!(contiguous(&chain)[2], l(1, 3, 0).id());
    // two copies that open the same life are two incarnations
    let mut twin = l(2, 1, 5).payload();
    twin.incarnation.nonce = crate::ids::Nonce([8; 16]);
    assert_eq!(chain.insert(l(2, 1, 5).id(), &twin), Placement::Next);
    assert_eq!(chain.open_forks(), []);
    assert_eq!(chain.heads().count(), 3);
}

/// A head stands for one set of links only as long as each incarnation names the end of the one before it.
#[test]
fn a_head_says_all_until_forgotten_links_come_to_light() {
    let mut chain = chain_of([l(1, 1, 0), l(1, 2, 0)]);
    assert!(Chain::default().head_says_all() && chain.head_says_all());
    let after = |previous: Option<L>| Payload { previous: previous.map(L::id), ..l(2, 1, 0).payload() };
    chain.insert(l(2, 1, 0).id(), &after(Some(l(1, 2, 0))));
    insert(&mut chain, l(2, 2, 0));
    assert!(chain.head_says_all());
    insert(&mut chain, l(1, 3, 0)); // its author had written it before it was restored
    assert!(!chain.head_says_all());

    let mut knew_nothing = chain_of([l(1, 1, 0)]);
    knew_nothing.insert(l(2, 1, 0).id(), &after(None));
    assert!(!knew_nothing.head_says_all());
}

/// The later incarnation was folded; then the earlier one turns out to be forked, or broken without any change of its prefix.
#[test]
fn settled_links_end_where_an_incarnation_forks_or_breaks() {
    let before = [l(1, 1, 0), l(1, 2, 0), l(2, 1, 0)];
    let stops = [vec![L { after: 7, ..l(1, 3, 0) }], vec![l(1, 3, 0), l(1, 3, 1)]];
    for stop in stops {
        let mut chain = chain_of(before);
        assert_eq!(chain.settled_after(0), ids(&before));
        let generation = chain.generation();
        for link in &stop {
            insert(&mut chain, *link);
        }
        assert_eq!(chain.settled_after(0), ids(&before[..2]), "{stop:?}");
        assert_eq!(chain.settled_after(1), ids(&before[1..2]));
        assert_ne!(chain.generation(), generation, "what was folded beyond must be folded again");
        assert_eq!(contiguous(&chain), ids(&before));
    }
}

#[test]
fn ranges_give_what_is_held_forks_included() {
    let chain = chain_of([l(1, 1, 0), l(1, 2, 0), l(1, 2, 1), l(1, 4, 0), l(2, 2, 0)]);
    let life = incarnation(1);
    let expected = [ids(&[l(1, 1, 0)]), sorted_ids(&[l(1, 2, 0), l(1, 2, 1)]), ids(&[l(1, 4, 0)])].concat();
    assert_eq!(chain.range(&life, 0, u64::MAX, 9), expected);
    assert_eq!(chain.range(&life, 1, 2, 2), expected[..2]);
    assert_eq!(chain.range(&life, 3, 3, 9), []);
    assert_eq!(chain.range(&life, 2, 1, 9), [], "a range that ends before it begins");
    assert_eq!(chain.range(&incarnation(9), 1, 9, 9), []);
}

#[test]
fn a_proof_of_equivocation_needs_one_place_and_two_links() {
    let base = payload();
    let first = signed_link(base.clone());
    let second = signed_link(Payload { regime: "R2".into(), ..base.clone() });
    assert_ne!(first.id(), second.id());
    let proof = EquivocationProof::new(first.clone(), second.clone()).unwrap();
    let turned = EquivocationProof::new(second.clone(), first.clone()).unwrap();
    assert!(proof.first.id() < proof.second.id());
    assert_eq!((&proof.first, &proof.second), (&turned.first, &turned.second));
    assert_eq!(
        BTreeSet::from([proof.first.id(), proof.second.id()]),
        BTreeSet::from([first.id(), second.id()])
    );

    assert!(EquivocationProof::new(first.clone(), first.clone()).is_none(), "a duplicate is no equivocation");
    // another valid signature over the same bytes is a duplicate too
    let unsigned = crate::link::UnsignedLink::new(first.header().clone(), base.clone()).unwrap();
    let signed_again = unsigned.signed(&[1; 32]);
    assert_ne!(signed_again.text(), first.text());
    assert!(EquivocationProof::new(first.clone(), signed_again).is_none());

    let other_place = [
        Payload { sequence: 2, previous: Some(first.id()), ..base.clone() },
        Payload { incarnation: incarnation(2), ..base.clone() },
        Payload { writer: writer("asl_x002/AOO1"), ..base.clone() },
        Payload { conference: "c_x001/PROT/ffeeddccbbaa99887766554433221100".parse().unwrap(), ..base },
    ];
    for other in other_place {
        assert!(EquivocationProof::new(first.clone(), signed_link(other.clone())).is_none(), "{other:?}");
    }
}

// --- Against a model that computes everything anew from the set of links.

#[derive(Debug, Clone, Copy)]
enum Step {
    Insert(L),
    Choose(L),
}

/// Mostly well-formed links, few places, so that forks, gaps and broken links meet each other often.
fn any_link() -> impl Strategy<Value = L> {
    let mostly_first = || prop_oneof![6 => Just(0u8), 1 => 1u8..3];
    (1u32..4, 1u64..6, mostly_first(), mostly_first()).prop_map(|(life, sequence, branch, after)| L {
        life,
        sequence,
        branch,
        after,
    })
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![6 => any_link().prop_map(Step::Insert), 1 => any_link().prop_map(Step::Choose)]
}

/// One link per id: its previous is part of what the id stands for.
fn distinct(links: &[L]) -> Vec<L> {
    let mut seen = BTreeSet::new();
    links.iter().copied().filter(|link| seen.insert(link.id())).collect()
}

#[derive(Debug, Default, PartialEq)]
struct Said {
    contiguous: Vec<MessageId>,
    settled: Vec<MessageId>,
    heads: Vec<HeldHead>,
    ends: Vec<(u32, End)>,
    open_forks: Vec<(Incarnation, u64, Vec<MessageId>)>,
    gaps: Vec<(Incarnation, u64, u64)>,
    all: Vec<MessageId>,
}

fn said(chain: &Chain) -> Said {
    Said {
        contiguous: contiguous(chain),
        settled: chain.settled_after(0),
        heads: chain.heads().collect(),
        ends: ends(chain),
        open_forks: chain.open_forks(),
        gaps: chain.gaps(usize::MAX),
        all: chain.all().collect(),
    }
}

/// What a chain must say, from its definition alone.
fn model(links: &[L], chosen: &BTreeMap<(u32, u64), MessageId>) -> Said {
    let lives: BTreeSet<u32> = links.iter().map(|link| link.life).collect();
    let mut said = Said::default();
    let mut settled = true;
    for life in lives {
        let place = |sequence: u64| {
            let mut held: Vec<L> =
                links.iter().copied().filter(|l| l.life == life && l.sequence == sequence).collect();
            held.sort_by_key(|link| link.id());
            held
        };
        let last = links.iter().filter(|l| l.life == life).map(|l| l.sequence).max().unwrap();
        let mut prefix: Vec<L> = Vec::new();
        let mut sequence = 1;
        let end = loop {
            let held = place(sequence);
            if held.is_empty() {
                break if sequence < last { End::Gap { sequence } } else { End::Open };
            }
            let before = prefix.last().map(|link| link.id());
            let follows = |link: &&L| sequence == 1 || link.payload().previous == before;
            let kept = chosen.get(&(life, sequence));
            let wanted = |link: &&L| kept.map_or(held.len() == 1, |kept| *kept == link.id());
            match held.iter().filter(follows).find(wanted) {
                Some(link) => prefix.push(*link),
                None if held.iter().filter(follows).count() == 0 => break End::Broken { sequence },
                None => break End::Fork { sequence, ids: ids(&held) },
            }
            sequence += 1;
        };
        said.contiguous.extend(ids(&prefix));
        if settled {
            said.settled.extend(ids(&prefix));
        }
        settled &= matches!(end, End::Open | End::Gap { .. });
        said.heads.extend(prefix.last().map(|link| head(*link)));
        said.ends.push((life, end));
        let mut missing_from = None;
        for sequence in 1..=last {
            let held = place(sequence);
            said.all.extend(ids(&held));
            if held.len() > 1 && !chosen.contains_key(&(life, sequence)) {
                said.open_forks.push((incarnation(life), sequence, ids(&held)));
            }
            if held.is_empty() {
                missing_from.get_or_insert(sequence);
            } else if let Some(from) = missing_from.take() {
                said.gaps.push((incarnation(life), from, sequence - 1));
            }
        }
    }
    said
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn the_order_of_arrival_makes_no_difference(
        (links, shuffled) in prop::collection::vec(any_link(), 0..40)
            .prop_map(|links| distinct(&links))
            .prop_flat_map(|links| (Just(links.clone()), Just(links).prop_shuffle())),
        choices in prop::collection::vec((any_link(), 0..40usize), 0..3),
    ) {
        let mut chosen = BTreeMap::new();
        let choices: Vec<(L, usize)> =
            choices.into_iter().filter(|(c, _)| chosen.insert((c.life, c.sequence), c.id()).is_none()).collect();
        // a second choice for a place would count by its order: only the first is used here
        let chosen = choices.iter().map(|(c, _)| ((c.life, c.sequence), c.id())).collect();
        let mut one = chain_of(links.clone());
        choices.iter().for_each(|(choice, _)| choose(&mut one, *choice));
        let mut other = Chain::default();
        for (number, link) in shuffled.iter().enumerate() {
            choices.iter().filter(|(_, at)| *at == number).for_each(|(choice, _)| choose(&mut other, *choice));
            insert(&mut other, *link);
        }
        choices.iter().filter(|(_, at)| *at >= shuffled.len()).for_each(|(choice, _)| choose(&mut other, *choice));
        prop_assert_eq!(said(&one), said(&other));
        prop_assert_eq!(said(&one), model(&links, &chosen));
    }

    #[test]
    fn after_every_step_the_chain_says_what_the_model_says(steps in prop::collection::vec(any_step(), 0..60)) {
        let mut chain = Chain::default();
        let mut links: Vec<L> = Vec::new();
        let mut chosen = BTreeMap::new();
        for step in steps {
            let (was, generation) = (said(&chain), chain.generation());
            match step {
                Step::Insert(link) => {
                    let known = links.iter().any(|l| l.id() == link.id());
                    let beside: Vec<L> =
                        links.iter().copied().filter(|l| (l.life, l.sequence) == (link.life, link.sequence)).collect();
                    if !known {
                        links.push(link);
                    }
                    let grown = model(&links, &chosen).contiguous.len() > was.contiguous.len();
                    let expected = match (known, beside.is_empty(), grown) {
                        (true, ..) => Placement::Known,
                        (_, false, _) => Placement::Fork { with: sorted_ids(&beside) },
                        (_, _, true) => Placement::Next,
                        _ => Placement::Ahead,
                    };
                    prop_assert_eq!(insert(&mut chain, link), expected);
                }
                Step::Choose(link) => {
                    chosen.insert((link.life, link.sequence), link.id());
                    choose(&mut chain, link);
                }
            }
            let is = said(&chain);
            let rewritten = !is.contiguous.starts_with(&was.contiguous) || !is.settled.starts_with(&was.settled);
            prop_assert_eq!(chain.generation() != generation, rewritten, "{:?} to {:?}", was, is);
            prop_assert!(chain.generation() >= generation);
            prop_assert_eq!(&is, &model(&links, &chosen));
            prop_assert_eq!(chain.head(), is.heads.last().copied());
            prop_assert_eq!(chain.contiguous_len(), is.contiguous.len());
            for skip in 0..is.contiguous.len() + 2 {
                let rest: Vec<_> = chain.contiguous().skip(skip).collect();
                prop_assert_eq!(chain.contiguous_after(skip), rest);
                let settled: Vec<_> = is.settled.iter().copied().skip(skip).collect();
                prop_assert_eq!(chain.settled_after(skip), settled);
            }
        }
    }
}
