//! Two honest nodes, the cheats around them, and one conference.

use concerto_conformance::acts;
use concerto_conformance::federation::Office;
use concerto_conformance::forge::{self, Draft};
use concerto_conformance::hostile::{Arena, Cheat, Serving, Snapshot, eventually};
use concerto_message::{ConferenceId, MessageId};
use concerto_procedure::acts::{Act, Position};
use jiff::Timestamp;
use serde_json::json;
use std::time::Duration;
use tokio::runtime::Runtime;

pub(crate) const LEAD: &str = "r_prova/URB";
pub(crate) const BODY: &str = "c_prova/PROT";
pub(crate) const ROGUE: &str = "p_prova/PROT";
pub(crate) const ALLY: &str = "m_prova/SABAP";
pub(crate) const BRUTE: &str = "u_prova/PROT";
pub(crate) const BYSTANDER: &str = "x_prova/PROT";
const STRANGER: &str = "s_altrove/PROT";

/// Longer than a node takes from one look at what is to be done to the next.
const REST: Duration = Duration::from_millis(250);

/// What an attack may use.
pub(crate) struct Stage {
    pub(crate) arena: Arena,
    pub(crate) lead: Serving,
    pub(crate) body: Serving,
    /// A member that was called, greeted by both nodes.
    pub(crate) rogue: Cheat,
    /// Another.
    pub(crate) ally: Cheat,
    /// A member that was not called.
    pub(crate) bystander: Cheat,
    pub(crate) brute: Office,
    pub(crate) conference: ConferenceId,
    pub(crate) notice: MessageId,
    /// For raw connections.
    pub(crate) runtime: Runtime,
    // the last link of the rogue that was kept
    head: Option<(u64, MessageId)>,
    text: String,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let members = [
            ("lead", LEAD),
            ("body", BODY),
            ("rogue", ROGUE),
            ("ally", ALLY),
            ("brute", BRUTE),
            ("bystander", BYSTANDER),
        ];
        let arena = Arena::new(&members);
        arena.init("another-anchor", "stranger", STRANGER);
        let (lead, body) = (arena.serve("lead"), arena.serve("body"));
        let nodes = ["lead", "body"];
        let rogue = Cheat::greeted(&arena, "rogue", &nodes);
        let ally = Cheat::greeted(&arena, "ally", &nodes);
        let bystander = Cheat::greeted(&arena, "bystander", &nodes);
        let called: Vec<_> = [BODY, ROGUE, ALLY, BRUTE].iter().map(|w| w.parse().unwrap()).collect();
        let conference = lead.open_conference(&called);
        eventually("the notice is held by the body and the cheats", || {
            !body.links(&conference).is_empty() && !rogue.held().is_empty() && !ally.held().is_empty()
        });
        let notice = lead.links(&conference)[0].link.id();
        let brute = arena.office("brute");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self {
            arena,
            lead,
            body,
            rogue,
            ally,
            bystander,
            brute,
            conference,
            notice,
            runtime,
            head: None,
            text: String::new(),
        }
    }

    /// What both honest nodes hold and think, once they have come to rest.
    pub(crate) fn settled(&self) -> (Snapshot, Snapshot) {
        let look = || (self.lead.snapshot(), self.body.snapshot());
        let mut last = look();
        eventually("the nodes come to rest", || {
            std::thread::sleep(REST);
            let now = look();
            let rest = now == last;
            last = now;
            rest
        });
        self.lead.check_states(&last.0);
        self.body.check_states(&last.1);
        last
    }

    /// A good next link of the rogue, to be spoilt.
    pub(crate) fn draft(&self, act: &Act) -> Draft {
        let (sequence, previous) = self.head.map_or((1, None), |(last, id)| (last + 1, Some(id)));
        Draft::new(&self.rogue.office, &self.conference, act, sequence, previous, Timestamp::now())
    }

    /// A good next link of the rogue that differs from every other.
    pub(crate) fn new_link(&self) -> String {
        self.draft(&acts::request()).signed(&self.rogue.office)
    }

    /// The rogue's chain goes on after this link.
    pub(crate) fn kept(&mut self, text: &str) {
        let link = forge::read(text);
        self.head = Some((link.payload().sequence, link.id()));
        text.clone_into(&mut self.text);
    }

    /// The last link of the rogue that was kept.
    pub(crate) fn rogue_text(&self) -> String {
        self.text.clone()
    }

    /// The procedente sends something to everybody.
    pub(crate) fn lead_says_something(&self) {
        let zeros = "0".repeat(64);
        let term = json!({ "term": "notice", "strict": "2026-11-30", "prudential": "2026-11-30" });
        let reply = self.lead.order(&json!({
            "order": "send", "conference": self.conference, "body": null, "body_audience": "participants", "documents": [],
            "act": { "type": "TermDigest", "facts": { "lead_head": zeros, "digest": zeros, "terms": [term] } },
        }));
        assert_eq!(reply["reply"], "sent", "{reply}");
    }

    /// Delivers the rogue's next link after spoiling it: the code with which it is refused.
    pub(crate) fn spoilt(&mut self, spoil: impl FnOnce(Draft) -> Draft) -> (String, String) {
        let draft = spoil(self.draft(&acts::determination(Position::Assent)));
        self.refused(&draft.signed(&self.rogue.office))
    }

    /// The code with which a link is refused.
    pub(crate) fn refused(&mut self, text: &str) -> (String, String) {
        (self.rogue.deliver(LEAD, &[text]).code(), String::new())
    }
}
