//! Links and receipts that cannot be believed, replays, forks, and what is kept without effect.

use concerto_conformance::acts;
use concerto_conformance::forge::{self, Draft};
use concerto_conformance::full_effort;
use concerto_conformance::hostile::{Cheat, eventually};
use concerto_exchange::frame::{FRAME_LINKS_MAX, Request};
use concerto_message::chain::EquivocationProof;
use concerto_message::jose::base64url;
use concerto_message::{Digest, MessageId};
use concerto_procedure::acts::Position;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Instant;

use crate::attacks;
use crate::stage::{ALLY, BODY, BYSTANDER, LEAD, ROGUE, Stage};

/// A link of the rogue whose protected header is any text.
fn with_header(stage: &Stage, header: &str) -> String {
    let draft = stage.draft(&acts::determination(Position::Assent));
    let input =
        format!("{}.{}", base64url(header.as_bytes()), base64url(draft.payload.to_string().as_bytes()));
    let signature = stage.rogue.office.sign(&input);
    concerto_message::jose::with_signature(input, &signature)
}

/// The good text with a signature that is not over it.
fn garbage(good: &str) -> String {
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let last = if signature.starts_with('A') { "B" } else { "A" };
    format!("{signed}.{last}{}", &signature[1..])
}

/// Brings the procedente a receipt of the rogue for its notice, signed by itself and altered.
fn receipt(stage: &Stage, alter: impl FnOnce(&mut Value)) -> (String, String) {
    let office = &stage.rogue.office;
    let text = stage.lead.links(&stage.conference)[0].link.text().to_owned();
    let covered = [(stage.notice, Digest::of(text.as_bytes()))];
    let mut payload = forge::receipt(office, LEAD, &stage.conference, &covered, Timestamp::now());
    alter(&mut payload);
    let text = forge::signed_receipt(office, &payload, Timestamp::now());
    (stage.rogue.ask(LEAD, &Request::Receipts { receipts: vec![text] }).code(), String::new())
}

attacks! {
    "Garbage in place of the signature, then the true copy, which is taken", "" => "message.signature" kept |stage| {
        let good = stage.new_link();
        let before = stage.settled();
        let code = stage.rogue.deliver(LEAD, &[&garbage(&good)]).code();
        assert_eq!(stage.settled(), before);
        assert_eq!(stage.rogue.deliver(LEAD, &[&good]).code(), "-");
        stage.kept(&good);
        (code, String::new())
    }
    "Garbage and the true copy in one frame: the first is refused, the second taken", "" => "message.signature" kept |stage| {
        let good = stage.new_link();
        let said = stage.rogue.deliver(LEAD, &[&garbage(&good), &good]);
        assert_eq!(said.receipts().len(), 1);
        assert!(stage.lead.holds(forge::read(&good).id()));
        stage.kept(&good);
        (said.code(), String::new())
    }
    "The same link again, seconds later: the same receipt, byte for byte", "" => "-" unchanged |stage| {
        let text = stage.rogue_text();
        let first = stage.rogue.deliver(LEAD, &[&text]).receipts().to_vec();
        let again = stage.rogue.deliver(LEAD, &[&text]);
        assert_eq!((again.receipts().len(), again.receipts()), (1, first.as_slice()));
        (again.code(), String::new())
    }
    "The same link again over another connection", "" => "-" unchanged |stage| {
        let text = stage.rogue_text();
        let first = stage.rogue.deliver(LEAD, &[&text]).receipts().to_vec();
        stage.rogue.behave_well();
        stage.rogue = Cheat::greeted(&stage.arena, "rogue", &["lead", "body"]);
        let again = stage.rogue.deliver(LEAD, &[&text]);
        assert_eq!(again.receipts(), first);
        (again.code(), String::new())
    }
    "Replays of a link that is held, 64 in each frame", "replays, each second" => "-" unchanged |stage| {
        let text = stage.rogue_text();
        let count = if full_effort() { 100_000 } else { 512 };
        let (begun, frame) = (Instant::now(), vec![text.as_str(); FRAME_LINKS_MAX]);
        for _ in 0..count / FRAME_LINKS_MAX {
            let said = stage.rogue.deliver(LEAD, &frame);
            assert_eq!((said.code().as_str(), said.receipts().len()), ("-", 1));
        }
        ("-".to_owned(), format!("{count}, {:.0}", count as f64 / begun.elapsed().as_secs_f64()))
    }
    "A link moved to another case, under its old signature", "" => "conference.unknown" unchanged |stage| {
        let text = stage.rogue_text();
        let (_, signature) = text.rsplit_once('.').unwrap();
        let elsewhere = forge::conference_of(LEAD, 9).to_string();
        let draft = stage.draft(&acts::request()).payload("conference", elsewhere).signed(&stage.rogue.office);
        let (signed, _) = draft.rsplit_once('.').unwrap();
        stage.refused(&format!("{signed}.{signature}"))
    }
    "A link of the procedente, delivered by another", "" => "deliver.not-author" unchanged |stage| {
        let text = stage.lead.links(&stage.conference)[0].link.text().to_owned();
        (stage.rogue.deliver(BODY, &[&text]).code(), String::new())
    }
    "A link made for another federation with the same keys", "" => "message.federation.other" unchanged |stage| {
        stage.spoilt(|d| d.payload("federation", "https://altra.example"))
    }
    "A link in another's name", "" => "deliver.not-author" unchanged |stage| {
        stage.spoilt(|d| d.payload("writer", BODY))
    }
    "A link of a member that was not called", "" => "conference.not-participant" unchanged |stage| {
        let office = &stage.bystander.office;
        let text = Draft::new(office, &stage.conference, &acts::request(), 1, None, Timestamp::now()).signed(office);
        (stage.bystander.deliver(LEAD, &[&text]).code(), String::new())
    }
    "A case that the cheat opens and to which the node is not called", "" => "conference.not-called" unchanged |stage| {
        let office = &stage.rogue.office;
        let today = concerto_procedure::rome_date(Timestamp::now());
        let called = [BODY.parse().unwrap(), BYSTANDER.parse().unwrap()];
        let elsewhere = forge::conference_of(ROGUE, 8);
        let text = Draft::new(office, &elsewhere, &acts::notice(today, &called), 1, None, Timestamp::now()).signed(office);
        stage.refused(&text)
    }
    "A header that brings its own key (`jwk`)", "" => "message.header.forbidden" unchanged |stage| {
        stage.spoilt(|d| d.header("jwk", json!({"kty": "EC", "crv": "P-256"})))
    }
    "A header that names a key by address (`jku`)", "" => "message.header.forbidden" unchanged |stage| {
        stage.spoilt(|d| d.header("jku", "http://127.0.0.1:9/keys"))
    }
    "A header that names a certificate by address (`x5u`)", "" => "message.header.forbidden" unchanged |stage| {
        stage.spoilt(|d| d.header("x5u", "http://127.0.0.1:9/certificate"))
    }
    "A header that brings certificates (`x5c`)", "" => "message.header.forbidden" unchanged |stage| {
        stage.spoilt(|d| d.header("x5c", json!(["AAAA"])))
    }
    "A header with `crit` and `b64`", "" => "message.header.forbidden" unchanged |stage| {
        stage.spoilt(|d| d.header("b64", false).header("crit", json!(["b64"])))
    }
    "A header with a name that nobody knows", "" => "message.header.forbidden" unchanged |stage| {
        stage.spoilt(|d| d.header("x-concerto", "1"))
    }
    "A header with a member given twice", "" => "message.header.invalid" unchanged |stage| {
        let header = stage.draft(&acts::request()).header.to_string();
        let twice = header.replacen('{', r#"{"alg":"ES256","#, 1);
        let text = with_header(stage, &twice);
        stage.refused(&text)
    }
    "A header with `alg` none", "" => "message.header.invalid" unchanged |stage| {
        stage.spoilt(|d| d.header("alg", "none"))
    }
    "A header with `alg` HS256", "" => "message.header.invalid" unchanged |stage| {
        stage.spoilt(|d| d.header("alg", "HS256"))
    }
    "A header with the algorithm of another curve", "" => "message.header.algorithm" unchanged |stage| {
        stage.spoilt(|d| d.header("alg", "ES384"))
    }
    "A header of 1 MiB", "" => "message.too-large" unchanged |stage| {
        let text = with_header(stage, &"x".repeat(1 << 20));
        stage.refused(&text)
    }
    "A receipt that announces itself as a link", "" => "message.header.content-type" unchanged |stage| {
        stage.spoilt(|d| d.header("cty", "application/vnd.concerto.receipt+json"))
    }
    "A payload nested 1,000 deep", "" => "message.payload.invalid" unchanged |stage| {
        let deep = (0..1000).fold(Value::Null, |inner, _| json!([inner]));
        stage.spoilt(|d| d.payload("facts", deep))
    }
    "64 links that each name another trust bundle that nobody has", "bundles asked of the cheat" => "trust.bundle.unknown" unchanged |stage| {
        stage.rogue.asked();
        let named = |n: u32| {
            let draft = stage.draft(&acts::request()).header("trust", Digest::of(&n.to_be_bytes()).to_string());
            draft.signed(&stage.rogue.office)
        };
        let links: Vec<String> = (0..64).map(named).collect();
        let links: Vec<&str> = links.iter().map(String::as_str).collect();
        let code = stage.rogue.deliver(LEAD, &links).code();
        stage.settled();
        let asked = stage.rogue.asked().iter().filter(|r| matches!(r, Request::Bundle { .. })).count();
        assert!(asked <= 8, "{asked}");
        (code, format!("{asked}"))
    }
    "A receipt for other bytes than those sent", "" => "receipt.bytes" unchanged |stage| {
        receipt(stage, |r| r["messages"][0]["bytes"] = json!(Digest::of(b"other").to_string()))
    }
    "A receipt in another's name", "" => "receipt.not-concerned" unchanged |stage| {
        receipt(stage, |r| r["issuer"] = json!(ALLY))
    }
    "A receipt of a case that does not exist", "" => "conference.unknown" unchanged |stage| {
        receipt(stage, |r| r["conference"] = json!(forge::conference_of(LEAD, 7).to_string()))
    }
    "A receipt of another federation", "" => "message.federation.other" unchanged |stage| {
        receipt(stage, |r| r["federation"] = json!("https://altra.example"))
    }
    "A second receipt for the same message with another time: kept, and no state changes", "" => "-" kept |stage| {
        let before = stage.settled();
        let (code, _) = receipt(stage, |r| r["received_at"] = json!(Timestamp::now() - SignedDuration::from_mins(3)));
        let after = stage.settled();
        assert_eq!((after.0.receipts, after.0.links), (before.0.receipts + 1, before.0.links));
        assert_eq!(after.0.states, before.0.states);
        (code, String::new())
    }
    "A link that has observed what nobody has: kept, and nobody is asked for it", "questions that follow" => "-" kept |stage| {
        stage.rogue.asked();
        let head = json!({"writer": BODY, "head": Digest::of(b"nobody").to_string()});
        let draft = stage.draft(&acts::request()).payload("observed", vec![head; 64]);
        let text = draft.signed(&stage.rogue.office);
        let code = stage.rogue.deliver(LEAD, &[&text]).code();
        stage.kept(&text);
        stage.settled();
        let asked = stage.rogue.asked().iter().filter(|r| matches!(r, Request::Fetch { .. })).count();
        assert_eq!(asked, 0);
        (code, format!("{asked}"))
    }
    "A link after one that nobody has: kept, without effect", "" => "-" kept |stage| {
        let mut draft = stage.draft(&acts::request()).payload("previous", Digest::of(b"nobody").to_string());
        draft.payload["sequence"] = json!(draft.payload["sequence"].as_u64().unwrap() + 1);
        let text = draft.signed(&stage.rogue.office);
        let code = stage.rogue.deliver(LEAD, &[&text]).code();
        stage.settled();
        assert!(!stage.lead.case(&stage.conference).is_taken(forge::read(&text).id()));
        (code, String::new())
    }
    "A link whose facts break their schema: kept and receipted as refused", "" => "-" kept |stage| {
        let text = stage.draft(&acts::request()).payload("facts", json!({"votes": 3})).signed(&stage.rogue.office);
        let said = stage.rogue.deliver(LEAD, &[&text]);
        assert_eq!(said.receipts().len(), 2, "accepted, and refused");
        stage.kept(&text);
        (said.code(), String::new())
    }
    "Two links in one place, one to each honest node: both learn of it, both hold the proof", "seconds" => "chain.fork" kept |stage| {
        let office = stage.ally.office.clone();
        let link = |items: u32| {
            let mut draft = Draft::new(&office, &stage.conference, &acts::request(), 1, None, Timestamp::now());
            draft.payload["facts"]["items"] = json!(items);
            draft.signed(&office)
        };
        let (one, other) = (link(1), link(2));
        let ids: [MessageId; 2] = [&one, &other].map(|text| forge::read(text).id());
        let begun = Instant::now();
        assert_eq!(stage.ally.deliver(LEAD, &[&one]).code(), "-");
        assert_eq!(stage.ally.deliver(BODY, &[&other]).code(), "-");
        for node in [&stage.lead, &stage.body] {
            eventually("the fork is known", || node.alarms().contains(&"chain.fork".to_owned()));
            eventually("the proof is held", || ids.iter().all(|id| node.holds(*id)));
        }
        let took = begun.elapsed().as_secs_f64();
        let held = stage.body.links(&stage.conference);
        let [a, b] = ids.map(|id| held.iter().find(|l| l.link.id() == id).unwrap().link.clone());
        assert!(EquivocationProof::new(a, b).is_some());
        assert!(took < 60.0);
        ("chain.fork".to_owned(), format!("{took:.1}"))
    }
}
