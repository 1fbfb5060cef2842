//! What became of a mail: any order, duplicates, late and contradictory receipts. It would catch a state that the last receipt sets, one that a late
//! notice takes back, a second notice counted from a duplicate, and a receipt of another's mail with our Message-ID.

use super::*;
use crate::kind::{ErrorWord, PecType};
use concerto_message::Digest;
use proptest::prelude::*;

const US: &str = "protocollo@pec.regione.example";
const FIRST: &str = "protocollo@pec.comune.example";
const SECOND: &str = "ufficio@ditta.example";

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn id(text: &str) -> MailId {
    MailId::parse(text).unwrap()
}

fn hours(hours: i64) -> Timestamp {
    Timestamp::from_second(1_796_000_000 + hours * 3_600).unwrap()
}

fn reason() -> Reason {
    Reason { word: ErrorWord::NoRecipient, detail: None }
}

fn mail() -> Delivery {
    Delivery::new(Submission {
        message_id: id("ours@pec.regione.example"),
        sender: address(US),
        recipients: vec![address(FIRST), address(SECOND)],
    })
}

fn receipt(sending: &str, at: Timestamp, outcomes: &[(&str, Outcome)]) -> Verified<Receipt> {
    Verified::new(Receipt {
        kind: PecType::Delivery,
        message_id: Some(id("ours@pec.regione.example")),
        identifier: id(sending),
        sender: address(US),
        at,
        outcomes: outcomes.iter().map(|(to, outcome)| (address(to), outcome.clone())).collect(),
        form: None,
        evidence: Digest::of(b""),
    })
}

fn accepted() -> Verified<Receipt> {
    let outcomes =
        [(FIRST, Outcome::Accepted { certified: true }), (SECOND, Outcome::Accepted { certified: false })];
    receipt("opec1", hours(0), &outcomes)
}

#[test]
fn each_recipient_has_a_state_of_its_own() {
    let mut mail = mail();
    assert_eq!(mail.state(&address(FIRST)), Some(RecipientState::Submitted));
    assert_eq!(mail.take(&accepted()), Taken::News);
    assert_eq!(mail.take(&accepted()), Taken::Nothing, "twice is once");
    assert_eq!(mail.state(&address(FIRST)), Some(RecipientState::Accepted { at: hours(0) }));
    assert_eq!(mail.state(&address(SECOND)), Some(RecipientState::AcceptedExternal { at: hours(0) }));
    assert_eq!(mail.state(&address("altri@pec.comune.example")), None);
    assert_eq!(mail.take(&receipt("opec1", hours(1), &[(FIRST, Outcome::Delivered)])), Taken::News);
    assert_eq!(mail.state(&address(FIRST)), Some(RecipientState::Delivered { at: hours(1) }));
    assert_eq!(mail.state(&address(SECOND)), Some(RecipientState::AcceptedExternal { at: hours(0) }));
}

#[test]
fn a_receipt_of_anothers_mail_with_our_message_id_is_not_ours() {
    let mut mail = mail();
    let mut other = receipt("opec9", hours(1), &[(FIRST, Outcome::Delivered)]).into_inner();
    other.sender = address("estraneo@pec.estraneo.example");
    assert_eq!(mail.take(&Verified::new(other)), Taken::NotOurs);
    assert_eq!(mail.state(&address(FIRST)), Some(RecipientState::Submitted));
}

#[test]
fn without_message_id_the_providers_identifier_ties_once_an_acceptance_named_it() {
    let mut mail = mail();
    let mut bare = receipt("opec1", hours(1), &[(FIRST, Outcome::Delivered)]).into_inner();
    bare.message_id = None;
    let bare = Verified::new(bare);
    assert_eq!(mail.take(&bare), Taken::NotOurs);
    mail.take(&accepted());
    assert_eq!(mail.take(&bare), Taken::News);
    assert_eq!(mail.state(&address(FIRST)), Some(RecipientState::Delivered { at: hours(1) }));
}

#[test]
fn the_second_notice_ends_it_and_a_late_delivery_still_counts() {
    let notice = |at| receipt("opec1", at, &[(FIRST, Outcome::Delayed)]);
    let mut mail = mail();
    mail.take(&accepted());
    mail.take(&notice(hours(12)));
    mail.take(&notice(hours(12)));
    assert_eq!(
        mail.state(&address(FIRST)),
        Some(RecipientState::Delayed { at: hours(12) }),
        "a duplicate is no second notice"
    );
    mail.take(&notice(hours(23)));
    assert_eq!(
        mail.state(&address(FIRST)),
        Some(RecipientState::NotDelivered { at: hours(23), reason: None })
    );
    mail.take(&receipt("opec1", hours(30), &[(FIRST, Outcome::Delivered)]));
    assert_eq!(mail.state(&address(FIRST)), Some(RecipientState::Delivered { at: hours(30) }));
    mail.take(&receipt("opec1", hours(31), &[(FIRST, Outcome::NotDelivered(reason()))]));
    assert_eq!(mail.state(&address(FIRST)), Some(RecipientState::Delivered { at: hours(30) }), "never back");
    assert!(mail.is_contradictory(&address(FIRST)));
    // the only notice, so late after the acceptance that it must be the second
    let mut mail = self::mail();
    mail.take(&notice(hours(23)));
    assert_eq!(mail.state(&address(FIRST)), Some(RecipientState::Delayed { at: hours(23) }));
    mail.take(&accepted());
    assert!(matches!(mail.state(&address(FIRST)), Some(RecipientState::NotDelivered { .. })));
}

#[test]
fn a_mail_sent_twice_counts_once_and_sendings_are_bounded() {
    let mut mail = mail();
    mail.take(&receipt("opec1", hours(0), &[(FIRST, Outcome::NotAccepted(reason()))]));
    assert!(matches!(mail.state(&address(FIRST)), Some(RecipientState::NotAccepted { .. })));
    for sending in 2..=SENDINGS_MAX {
        let at = hours(10 - i64::try_from(sending).unwrap());
        mail.take(&receipt(&format!("opec{sending}"), at, &[(FIRST, Outcome::Delivered)]));
    }
    let earliest = hours(10 - i64::try_from(SENDINGS_MAX).unwrap());
    assert_eq!(
        mail.state(&address(FIRST)),
        Some(RecipientState::Delivered { at: earliest }),
        "the first delivery"
    );
    assert_eq!(mail.take(&receipt("opec99", hours(0), &[(FIRST, Outcome::Delivered)])), Taken::Full);
}

fn any_receipt() -> impl Strategy<Value = Verified<Receipt>> {
    let outcome = prop_oneof![
        Just(Outcome::Accepted { certified: true }),
        Just(Outcome::Accepted { certified: false }),
        Just(Outcome::NotAccepted(reason())),
        Just(Outcome::Delivered),
        Just(Outcome::NotDelivered(reason())),
        Just(Outcome::Delayed),
        Just(Outcome::TakenInCharge),
        Just(Outcome::VirusDetected),
    ];
    let to = prop_oneof![Just(FIRST), Just(SECOND), Just("altri@pec.comune.example")];
    (prop_oneof![Just("opec1"), Just("opec2")], 0_i64..40, to, outcome)
        .prop_map(|(sending, at, to, outcome)| receipt(sending, hours(at), &[(to, outcome)]))
}

proptest! {
    /// Any order and any duplicates: the same state; and on the way it never gets less.
    #[test]
    fn the_state_follows_from_the_set_and_never_goes_back(
        receipts in proptest::collection::vec(any_receipt(), 0..24),
        order in any::<u64>(),
        twice in any::<u32>(),
    ) {
        let mut straight = mail();
        let mut ranks = [0; 2];
        for receipt in &receipts {
            straight.take(receipt);
            for (rank, to) in ranks.iter_mut().zip([FIRST, SECOND]) {
                let now = straight.state(&address(to)).unwrap().rank();
                prop_assert!(now >= *rank, "{receipt:?}");
                *rank = now;
            }
        }
        let mut shuffled: Vec<&Verified<Receipt>> = receipts.iter().collect();
        shuffled.extend(receipts.iter().enumerate().filter(|(n, _)| twice >> n & 1 == 1).map(|(_, receipt)| receipt));
        let mut seed = order;
        for place in (1..shuffled.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(place, usize::try_from(seed >> 33).unwrap() % (place + 1));
        }
        let mut other = mail();
        for receipt in shuffled {
            other.take(receipt);
        }
        prop_assert_eq!(straight, other);
    }
}
