//! Delivery: whatever is lost, refused or cut off, every message is sent until its receipt, and never two at a time in one window.
use super::*;
use proptest::prelude::*;

fn id(n: u64) -> MessageId {
    MessageId(Digest::of(&n.to_be_bytes()))
}
fn peer(name: &str) -> Writer {
    format!("{name}/A").parse().unwrap()
}
fn machine(window: usize) -> Delivery {
    Delivery::new(DeliveryConfig { window_rows_max: window, ..DeliveryConfig::default() })
}

#[test]
fn nothing_leaves_before_the_greeting_and_all_on_it() {
    let mut delivery = machine(100);
    let mut tokens = 0..;
    let mut poll = |d: &mut Delivery, s| d.poll(Duration::from_secs(s), || tokens.next().unwrap());
    assert!(delivery.enqueue(&peer("a"), 1, id(1)));
    assert!(poll(&mut delivery, 0).is_empty());
    delivery.peer_ready(&peer("a"));
    let sent = poll(&mut delivery, 0);
    assert_eq!(sent[0].messages, [id(1)]);
    assert!(poll(&mut delivery, 0).is_empty(), "it is under way");
    delivery.failed(&peer("a"), sent[0].token, Duration::ZERO);
    assert!(poll(&mut delivery, 0).is_empty(), "it waits for its delay");
    assert_eq!(poll(&mut delivery, 2).len(), 1);
    delivery.peer_gone(&peer("a"));
    assert!(poll(&mut delivery, 3000).is_empty());
    delivery.peer_ready(&peer("a"));
    assert_eq!(poll(&mut delivery, 0).len(), 1, "a returned peer is served at once");
}

#[test]
fn a_full_window_leaves_rows_in_the_journal_until_there_is_room() {
    let mut delivery = machine(2);
    assert!(delivery.enqueue(&peer("a"), 1, id(1)));
    assert!(delivery.enqueue(&peer("a"), 2, id(2)));
    assert!(delivery.enqueue(&peer("a"), 2, id(2)), "taken before");
    assert!(!delivery.enqueue(&peer("a"), 3, id(3)));
    assert_eq!((delivery.room(&peer("a")), delivery.highest_row(&peer("a"))), (0, 2));
    delivery.settled(&peer("a"), id(1));
    assert_eq!(delivery.room(&peer("a")), 1);
    assert!(delivery.enqueue(&peer("a"), 3, id(3)));
    assert_eq!(delivery.window_len(&peer("a")), 2);
}

#[test]
fn what_did_not_fit_into_a_frame_is_due_at_once() {
    let mut delivery = machine(9);
    delivery.enqueue(&peer("a"), 1, id(1));
    delivery.enqueue(&peer("a"), 2, id(2));
    delivery.peer_ready(&peer("a"));
    let mut tokens = 0..;
    let first = delivery.poll(Duration::ZERO, || tokens.next().unwrap());
    delivery.give_back(&peer("a"), first[0].token, &BTreeSet::from([id(2)]));
    assert_eq!(delivery.poll(Duration::ZERO, || tokens.next().unwrap())[0].messages, [id(2)]);
}

#[test]
fn delays_grow_to_fifteen_minutes_and_never_beyond() {
    let config = DeliveryConfig::default();
    let mut last = Duration::ZERO;
    for attempt in 1..=40 {
        let delay = retry_delay(&config, attempt, id(7));
        assert!(delay <= config.retry_delay_max && delay >= config.retry_delay_min * 3 / 4);
        if attempt < 9 {
            assert!(delay > last);
        }
        last = delay;
    }
}

proptest! {
    /// Would catch: a row lost between window and flight, a blocked peer that blocks others, a message sent after its receipt.
    #[test]
    fn every_message_is_receipted_in_the_end(
        chance in prop::collection::vec((0u8..4, any::<u64>()), 1..200), messages in 1u64..40,
    ) {
        let peers = [peer("a"), peer("b")];
        let mut delivery = machine(16);
        let mut receipted = BTreeMap::from([(peers[0].clone(), BTreeSet::new()), (peers[1].clone(), BTreeSet::new())]);
        let mut now = Duration::ZERO;
        let mut tokens = 0..;
        let refill = |d: &mut Delivery, done: &BTreeMap<Writer, BTreeSet<MessageId>>, peer: &Writer, after: u64| {
            for n in after + 1..=messages {
                if !done[peer].contains(&id(n)) && !d.enqueue(peer, n, id(n)) {
                    break;
                }
            }
        };
        for p in &peers {
            refill(&mut delivery, &receipted, p, 0);
            delivery.peer_ready(p);
        }
        let honest = std::iter::repeat_n((0u8, u64::MAX), 200);
        for (fate, kept) in chance.into_iter().chain(honest) {
            now += Duration::from_secs(1000);
            for sent in delivery.poll(now, || tokens.next().unwrap()) {
                for m in &sent.messages {
                    prop_assert!(!receipted[&sent.peer].contains(m), "sent after its receipt");
                }
                match fate {
                    1 => delivery.failed(&sent.peer, sent.token, now),
                    2 => { delivery.peer_gone(&sent.peer); delivery.peer_ready(&sent.peer); }
                    _ => {
                        let got: BTreeSet<_> = sent.messages.iter().enumerate()
                            .filter(|(i, _)| kept >> (i % 64) & 1 == 1).map(|(_, m)| *m).collect();
                        receipted.get_mut(&sent.peer).unwrap().extend(&got);
                        delivery.answered(&sent.peer, sent.token, &got, now);
                    }
                }
            }
            for p in &peers {
                let after = delivery.highest_row(p);
                refill(&mut delivery, &receipted, p, after);
            }
        }
        for p in &peers {
            prop_assert_eq!(receipted[p].len() as u64, messages);
            prop_assert_eq!(delivery.window_len(p), 0);
        }
    }
}
