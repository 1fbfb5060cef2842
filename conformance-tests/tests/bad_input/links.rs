//! Links that cannot be believed, links that are kept without effect, forks, gaps and replays.

use concerto_conformance::acts;
use concerto_conformance::federation::{BODIES, BYSTANDER, LEAD, federation, other_federation};
use concerto_conformance::forge::{self, Draft};
use concerto_conformance::node::{Answered, send};
use concerto_conformance::stage::Stage;
use concerto_exchange::frame::{Answer, Request};
use concerto_message::chain::EquivocationProof;
use concerto_message::{Digest, MessageId, ParsedReceipt, ReceiptKind};
use concerto_port::{ContentStatus, DocumentStore, JournalRead};
use concerto_procedure::acts::{Act, Position};
use serde_json::{Value, json};

use crate::cases;

const BODY: &str = BODIES[0];

fn assent() -> Act {
    acts::determination(Position::Assent)
}

fn lead_with_body() -> Stage {
    let mut stage = Stage::at_lead();
    stage.greet(BODY);
    stage
}

/// Delivers the first body's determination after spoiling it; it must leave nothing behind.
fn spoilt(spoil: impl FnOnce(Draft) -> Draft) -> String {
    let mut stage = lead_with_body();
    let draft = spoil(stage.draft(BODY, &assent(), 1, None));
    refused(&mut stage, &draft.signed(federation().office(BODY)))
}

/// The code with which a delivered link is refused; nothing of it is kept, and a good one is taken afterwards.
fn refused(stage: &mut Stage, text: &str) -> String {
    let before = stage.trace();
    let code = stage.deliver(BODY, &[text]).code().to_owned();
    stage.tick();
    assert_eq!(stage.trace(), before, "nothing half-written");
    let good = stage.draft(BODY, &assent(), 1, None).signed(federation().office(BODY));
    assert_eq!(stage.deliver(BODY, &[&good]).code(), "-", "the node goes on");
    stage.tick();
    assert!(taken(stage, forge::read(&good).id()));
    code
}

fn taken(stage: &Stage, id: MessageId) -> bool {
    let case = stage.node.case(&stage.conference).unwrap();
    case.is_taken(id)
}

/// Kinds of the receipts in an answer, with the code of a refusal.
fn receipts(answer: &Answered) -> Vec<(ReceiptKind, Option<String>)> {
    let read = |text: &String| {
        let parsed = ParsedReceipt::parse(text).unwrap();
        let payload = parsed.payload();
        (payload.kind, payload.refusal.as_ref().map(|r| r.code.clone()))
    };
    answer.receipts().iter().map(read).collect()
}

/// The first body's links to a stage: two in the first place.
fn forked(stage: &mut Stage) -> (String, String) {
    let office = federation().office(BODY);
    let first = stage.draft(BODY, &assent(), 1, None).signed(office);
    let second = stage.draft(BODY, &acts::determination(Position::ConditionalAssent), 1, None).signed(office);
    assert_eq!(stage.deliver(BODY, &[&first]).code(), "-");
    assert_eq!(stage.deliver(BODY, &[&second]).code(), "-");
    (first, second)
}

cases! {
    a_spoilt_signature: "A link whose signature is not over it" => "message.signature" {
        let mut stage = lead_with_body();
        let office = federation().office(BODY);
        let good = stage.draft(BODY, &assent(), 1, None).signed(office);
        let other = stage.draft(BODY, &acts::request(), 1, None).signed(office);
        let text = format!("{}.{}", good.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
        refused(&mut stage, &text)
    }
    signed_by_another_member: "A link in a member's name, signed by another member" => "trust.message-key.writer" {
        let mut stage = lead_with_body();
        let other = stage.draft(BYSTANDER, &assent(), 1, None);
        let draft = Draft { header: other.header, ..stage.draft(BODY, &assent(), 1, None) };
        stage.greet(BYSTANDER); // so that its bundle is known
        refused(&mut stage, &draft.signed(federation().office(BYSTANDER)))
    }
    an_unknown_bundle: "A link whose header names a trust bundle that nobody has" => "trust.bundle.unknown" {
        spoilt(|d| d.header("trust", Digest::of(b"nobody has it").to_string()))
    }
    a_key_of_its_own: "A header that brings its own key (`jwk`)" => "message.header.forbidden" {
        spoilt(|d| d.header("jwk", json!({"kty": "EC"})))
    }
    a_critical_extension: "A header with `crit`" => "message.header.forbidden" {
        spoilt(|d| d.header("crit", json!(["b64"])))
    }
    a_key_from_elsewhere: "A header that names a key by address (`jku`)" => "message.header.forbidden" {
        spoilt(|d| d.header("jku", "https://altrove.example/keys"))
    }
    no_algorithm: "A header with `alg` none" => "message.header.invalid" {
        spoilt(|d| d.header("alg", "none"))
    }
    a_symmetric_algorithm: "A header with `alg` HS256" => "message.header.invalid" {
        spoilt(|d| d.header("alg", "HS256"))
    }
    an_algorithm_for_peers: "A header with `alg` EdDSA, which signs no message" => "message.header.algorithm" {
        spoilt(|d| d.header("alg", "EdDSA"))
    }
    another_algorithm: "A header with an algorithm that is not its key's" => "message.header.algorithm" {
        spoilt(|d| d.header("alg", "ES384"))
    }
    another_content_type: "A link that announces itself as a receipt" => "message.header.content-type" {
        spoilt(|d| d.header("cty", "application/vnd.concerto.receipt+json"))
    }
    an_unknown_key: "A header that names a key that the bundle does not list" => "trust.message-key.unknown" {
        spoilt(|d| d.header("kid", "nobody"))
    }
    another_certificate: "A header that names another certificate" => "message.key.certificate" {
        spoilt(|d| d.header("x5t#S256", "AAAA"))
    }
    another_time: "A header whose time is not the payload's" => "message.times-disagree" {
        spoilt(|d| d.header("iat", 1_800_000_000))
    }
    no_link_at_all: "A text that is no compact JWS" => "message.not-compact" {
        let mut stage = lead_with_body();
        refused(&mut stage, "no link")
    }
    a_member_missing: "A payload without one of its members" => "message.payload.invalid" {
        spoilt(|d| d.payload("regime", Value::Null))
    }
    no_place: "A link in place 0" => "message.sequence" {
        spoilt(|d| d.payload("sequence", 0))
    }
    an_unknown_version: "A link of a later envelope version" => "message.version.unknown" {
        spoilt(|d| d.payload("link", 2))
    }
    too_large: "A link of more than 256 KiB" => "message.too-large" {
        spoilt(|d| d.payload("facts", json!({"long": "x".repeat(256 * 1024)})))
    }
    too_many_documents: "A link that lists more than 256 documents" => "message.payload.too-many" {
        spoilt(|d| {
            let one = d.payload["body"].clone();
            d.payload("documents", vec![one; 257])
        })
    }
    too_many_heads: "A link that names more than 64 heads" => "message.payload.too-many" {
        spoilt(|d| {
            let head = json!({"writer": LEAD, "head": Digest::of(b"").to_string()});
            d.payload("observed", vec![head; 65])
        })
    }
    another_federation: "A link of another federation, signed there by a writer of the same codes" => "message.federation.other" {
        let mut stage = lead_with_body();
        let office = other_federation().office(BODY);
        let text = Draft::new(office, &stage.conference, &assent(), 1, None, stage.now.wall).signed(office);
        refused(&mut stage, &text)
    }
    another_case: "A link of a case that this node does not know" => "conference.unknown" {
        spoilt(|d| d.payload("conference", forge::conference(federation(), BYSTANDER, 1).to_string()))
    }
    another_recipient: "A notice that does not call this node" => "conference.not-called" {
        let mut stage = Stage::at_body();
        let before = stage.trace();
        let elsewhere = forge::conference(federation(), LEAD, 8);
        let called: Vec<_> = BODIES[1..3].iter().map(|b| b.parse().unwrap()).collect();
        let notice = acts::notice("2026-11-23".parse().unwrap(), &called);
        let office = federation().office(LEAD);
        let text = Draft::new(office, &elsewhere, &notice, 1, None, stage.now.wall).signed(office);
        let code = stage.deliver(LEAD, &[&text]).code().to_owned();
        assert_eq!(stage.trace(), before);
        code
    }
    not_a_participant: "A link of a member that was not called" => "conference.not-participant" {
        let mut stage = lead_with_body();
        stage.greet(BYSTANDER);
        let before = stage.trace();
        let text = stage.draft(BYSTANDER, &assent(), 1, None).signed(federation().office(BYSTANDER));
        let code = stage.deliver(BYSTANDER, &[&text]).code().to_owned();
        assert_eq!(stage.trace(), before);
        code
    }
    anothers_link: "A member that delivers another's link" => "deliver.not-author" {
        let mut stage = lead_with_body();
        stage.greet(BODIES[1]);
        let before = stage.trace();
        let text = stage.draft(BODY, &assent(), 1, None).signed(federation().office(BODY));
        let code = stage.deliver(BODIES[1], &[&text]).code().to_owned();
        assert_eq!(stage.trace(), before);
        code
    }
    a_wrong_schema: "A link whose facts break their schema: kept, receipted as refused, without effect" => "message.schema" {
        let mut stage = lead_with_body();
        let office = federation().office(BODY);
        let mut facts = stage.draft(BODY, &assent(), 1, None).payload["facts"].clone();
        facts["votes"] = json!(3);
        let bad = stage.draft(BODY, &assent(), 1, None).payload("facts", facts).signed(office);
        let bad_id = forge::read(&bad).id();
        let answer = stage.deliver(BODY, &[&bad]);
        let given = receipts(&answer);
        assert_eq!(given.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [ReceiptKind::Accepted, ReceiptKind::Refused]);
        assert_eq!(stage.deliver(BODY, &[&bad]).receipts(), answer.receipts(), "both are given again, byte for byte");
        let stored = stage.node.journal.link(bad_id).unwrap().unwrap();
        assert!(matches!(stored.content, ContentStatus::Refused { .. }));
        let next = stage.draft(BODY, &acts::request(), 2, Some(bad_id)).signed(office);
        assert_eq!(receipts(&stage.deliver(BODY, &[&next])), [(ReceiptKind::Accepted, None)]);
        stage.tick();
        assert!(taken(&stage, forge::read(&next).id()), "the chain is not broken");
        let before = stage.trace();
        let mut stage = stage.crash();
        stage.tick();
        assert_eq!(stage.trace(), before, "what has no effect is not named again and again");
        let case = stage.node.case(&stage.conference).unwrap();
        assert_eq!(case.state().determinations().count(), 0);
        given[1].1.clone().unwrap()
    }
    an_unknown_schema: "A link of a schema that this version does not know: kept and receipted, not taken in charge" => "accepted" {
        let mut stage = lead_with_body();
        let office = federation().office(BODY);
        let new = stage.draft(BODY, &assent(), 1, None).payload("schema", "urn:concerto:schema:determination:9");
        let text = new.signed(office);
        let answer = stage.deliver(BODY, &[&text]);
        assert_eq!(receipts(&answer), [(ReceiptKind::Accepted, None)]);
        stage.tick();
        let id = forge::read(&text).id();
        assert_eq!(stage.node.journal.link(id).unwrap().unwrap().content, ContentStatus::UnknownSchema);
        assert!(!taken(&stage, id));
        "accepted"
    }
    a_gap: "A later link first: kept and receipted, waits for the one before it" => "accepted" {
        let mut stage = lead_with_body();
        let office = federation().office(BODY);
        let first = stage.draft(BODY, &acts::request(), 1, None).signed(office);
        let first_id = forge::read(&first).id();
        let second = stage.draft(BODY, &assent(), 2, Some(first_id)).signed(office);
        let second_id = forge::read(&second).id();
        assert_eq!(receipts(&stage.deliver(BODY, &[&second])), [(ReceiptKind::Accepted, None)]);
        stage.tick();
        assert!(!taken(&stage, second_id), "nothing is taken over a gap");
        // the node asks the author what it holds, and fetches the missing link
        let heads = stage.question(BODY, |r| matches!(r, Request::Heads(h) if !h.chains.is_empty()));
        let Request::Heads(mut said) = heads.request.clone() else { unreachable!() };
        said.chains.retain(|head| head.writer.to_string() != BODY);
        let mut theirs = said.chains.first().unwrap().clone();
        theirs.writer = office.writer.clone();
        (theirs.incarnation, theirs.sequence, theirs.id) = (forge::LIFE, 2, Some(second_id));
        said.chains = vec![theirs];
        stage.answer(&heads, &Answer::Heads(said), &[]);
        let fetch = stage.question(BODY, |r| matches!(r, Request::Fetch { from: 1, .. }));
        stage.answer(&fetch, &Answer::Links { links: vec![first], more: false }, &[]);
        stage.tick();
        assert!(taken(&stage, first_id) && taken(&stage, second_id));
        "accepted"
    }
    a_fork: "Two links in one place: both kept, an alarm, nothing automatic" => "chain.fork" {
        let mut stage = lead_with_body();
        let (first, second) = forked(&mut stage);
        stage.tick();
        let (first, second) = (forge::read(&first), forge::read(&second));
        assert!(!taken(&stage, first.id()) && !taken(&stage, second.id()));
        let held = stage.node.links(&stage.conference);
        let [a, b] = [&first, &second].map(|link| forge::read(&held[&link.id()]));
        assert!(EquivocationProof::new(a, b).is_some(), "both links are the proof");
        let later = stage.draft(BODY, &acts::request(), 2, Some(first.id())).signed(federation().office(BODY));
        assert_eq!(stage.deliver(BODY, &[&later]).code(), "-", "its author is not silenced");
        stage.tick();
        assert!(!taken(&stage, forge::read(&later).id()));
        stage.node.alarms().into_iter().next().unwrap()
    }
    silence_during_a_fork: "An order to note the silence of a body whose chain is forked" => "chain.fork" {
        let mut stage = lead_with_body();
        let notice_text = stage.node.links(&stage.conference)[&stage.notice].clone();
        let bytes = Digest::of(notice_text.as_bytes());
        let had = forge::receipt(federation().office(BODY), LEAD, &stage.conference, &[(stage.notice, bytes)], stage.now.wall);
        let had = forge::signed_receipt(federation().office(BODY), &had, stage.now.wall);
        stage.ask(BODY, &Request::Receipts { receipts: vec![had] });
        stage.tick();
        let office = federation().office(BODY);
        for items in [1, 2] {
            let mut draft = stage.draft(BODY, &acts::request(), 1, None);
            draft.payload["facts"]["items"] = json!(items);
            assert_eq!(stage.deliver(BODY, &[&draft.signed(office)]).code(), "-");
        }
        stage.tick();
        stage.now.wall = "2027-06-01T08:00:00Z".parse().unwrap();
        let case = stage.node.case(&stage.conference).unwrap();
        let now = concerto_procedure::LegalNow(stage.now.wall);
        let silence = acts::implied(case.state(), &BODY.parse().unwrap(), now).unwrap();
        let before = stage.trace();
        let fault = stage.node.order(send(&stage.conference, silence), stage.now).0.unwrap_err();
        assert_eq!(stage.trace(), before);
        fault.code
    }
    a_fork_resolved: "The same after the procedente's `ForkResolved`: the link kept counts, the other never" => "accepted" {
        let mut stage = lead_with_body();
        let (first, second) = forked(&mut stage);
        let (first, second) = (forge::read(&first), forge::read(&second));
        let choice = acts::fork_resolved(&second, &first);
        stage.node.order(send(&stage.conference, choice), stage.now).0.unwrap();
        let more = stage.draft(BODY, &acts::request(), 2, Some(second.id())).signed(federation().office(BODY));
        assert_eq!(stage.deliver(BODY, &[&more]).code(), "-");
        stage.tick();
        assert!(taken(&stage, second.id()) && taken(&stage, forge::read(&more).id()));
        assert!(!taken(&stage, first.id()), "what was set aside is not taken in charge");
        "accepted"
    }
    a_replay: "The same link again: the same receipt, no second effect" => "accepted" {
        let mut stage = lead_with_body();
        let text = stage.draft(BODY, &assent(), 1, None).signed(federation().office(BODY));
        let first = stage.deliver(BODY, &[&text]);
        stage.tick();
        let before = stage.trace();
        let state = stage.node.case(&stage.conference).unwrap().state_digest();
        let twice = stage.deliver(BODY, &[&text, &text]);
        assert_eq!(twice.receipts(), first.receipts(), "byte for byte");
        stage.tick();
        let mut stage = stage.crash();
        stage.greet(BODY);
        assert_eq!(stage.deliver(BODY, &[&text]).receipts(), first.receipts(), "also after a crash");
        stage.tick();
        assert_eq!(stage.trace(), before);
        assert_eq!(stage.node.case(&stage.conference).unwrap().state_digest(), state);
        assert_eq!(stage.node.state_in_memory(&stage.conference, stage.now), Some(state));
        "accepted"
    }
    another_signature: "The same message under another good signature: a duplicate, the first bytes are kept" => "accepted" {
        let mut stage = lead_with_body();
        let (office, draft) = (federation().office(BODY), stage.draft(BODY, &assent(), 1, None));
        let (one, two) = (draft.signed(office), draft.signed(office));
        assert_ne!(one, two, "ECDSA draws a new number for each signature");
        let first = stage.deliver(BODY, &[&one]);
        let again = stage.deliver(BODY, &[&two]);
        assert_eq!(again.receipts(), first.receipts());
        assert_eq!(stage.node.links(&stage.conference)[&forge::read(&one).id()], one);
        assert!(stage.node.alarms().is_empty());
        "accepted"
    }
    an_altered_document: "A document whose bytes are not those that its link lists: an alarm, its source is passed over for 15 minutes" => "document.mismatch" {
        let mut stage = lead_with_body();
        let text = stage.draft(BODY, &assent(), 1, None).signed(federation().office(BODY));
        let digest = forge::read(&text).payload().body.as_ref().unwrap().digest;
        stage.deliver(BODY, &[&text]);
        stage.tick();
        let asked = |r: &Request| matches!(r, Request::Document { digest: d, .. } if *d == digest);
        let question = stage.question(BODY, asked);
        let altered = [&forge::SALT.0[..], b"[]"].concat();
        stage.answer(&question, &Answer::Document {}, &altered);
        assert!(!stage.node.documents.has(digest).unwrap());
        assert_eq!(stage.node.wanted_len(), 1, "it is still wanted");
        assert_eq!(stage.node.alarms(), ["document.source"]);
        stage.tick();
        assert!(!stage.questions.iter().any(|q| asked(&q.request)), "not from who sent other bytes");
        stage.now.monotonic += std::time::Duration::from_secs(15 * 60);
        stage.tick();
        let question = stage.question(BODY, asked);
        stage.answer(&question, &Answer::Document {}, &[&forge::SALT.0[..], b"{}"].concat());
        assert!(stage.node.documents.has(digest).unwrap() && stage.node.wanted_len() == 0);
        stage.node.documents.put(digest, forge::SALT, b"[]").unwrap_err().code()
    }
    a_document_for_others: "A request for a document by a member outside its audience" => "document.unavailable" {
        let mut stage = Stage::at_body();
        stage.greet(BODIES[1]);
        let order = send(&stage.conference, Act::Sealed(concerto_procedure::acts::Sealed {}));
        let (reply, _) = stage.node.order(order, stage.now);
        let concerto_core::Reply::Sent { message, .. } = reply.unwrap() else { panic!("sent") };
        let stored = stage.node.journal.link(message).unwrap().unwrap();
        let digest = stored.link.payload().body.as_ref().unwrap().digest;
        let request = Request::Document { message, digest };
        assert_eq!(stage.ask(LEAD, &request).code(), "-");
        stage.ask(BODIES[1], &request).code().to_owned()
    }
}
