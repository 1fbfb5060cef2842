//! Events: catches a place that loses one of its numbers, a batch that repeats or skips what lies on its border, and a kind taken for another.

use super::*;
use concerto_port::contract::samples::{chain, instant, keep, receipt, writer};
use concerto_port::memory::MemoryJournal;
use concerto_port::{Alarm, Journal, Write};

fn journal() -> MemoryJournal {
    let mut journal = MemoryJournal::new();
    let links = chain(1, 3);
    let receipts = [
        (1, ReceiptKind::Accepted),
        (2, ReceiptKind::DocumentsComplete),
        (3, ReceiptKind::DocumentsComplete),
    ];
    journal.begin().unwrap();
    for link in &links {
        journal.write(&keep(link)).unwrap();
    }
    for (issuer, kind) in receipts {
        let receipt = receipt(issuer, kind, &[&links[0]]);
        journal.write(&Write::Receipt { receipt, at: instant(1) }).unwrap();
    }
    let alarm =
        Alarm { conference: None, code: "c".into(), subject: "s".into(), at: instant(2), text: "t".into() };
    journal.write(&Write::Alarm(alarm)).unwrap();
    journal.commit().unwrap();
    journal
}

#[test]
fn every_batch_size_tells_everything_once_and_in_order() {
    let journal = journal();
    let all = after(&journal, &writer(2), Place::default(), 100).unwrap();
    let kinds: Vec<&str> = all.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["link", "link", "link", "receipt", "documents", "receipt", "alarm"]);
    for limit in 1..=8 {
        let (mut place, mut told) = (Place::default(), Vec::new());
        loop {
            let batch = after(&journal, &writer(2), place, limit).unwrap();
            assert!(batch.len() <= limit);
            let Some(last) = batch.last() else { break };
            // what a reader sends back is all that it knows
            place = last.place.to_string().parse().unwrap();
            told.extend(batch);
        }
        assert_eq!(told, all, "{limit} at a time");
    }
}

#[test]
fn a_place_is_three_numbers() {
    assert_eq!("1.2.3".parse::<Place>().unwrap().to_string(), "1.2.3");
    for wrong in ["", "1", "1.2", "1.2.3.4", "1.2.x", "-1.2.3", "1.2.18446744073709551615"] {
        assert!(wrong.parse::<Place>().is_err(), "{wrong}");
    }
}

#[test]
fn an_event_is_written_as_lines() {
    let event = Event {
        place: Place(Tips { link: 1, receipt: 2, alarm: 3 }),
        kind: EventKind::Alarm,
        data: json!({ "text": "due\nrighe" }),
    };
    assert_eq!(written(&[event]), "id: 1.2.3\nevent: alarm\ndata: {\"text\":\"due\\nrighe\"}\n\n");
}
