//! Members that cheat, over real connections, against real nodes: each attack with the code under which it is refused and what was
//! measured. Tried: replay, equivocation, oversize, slow peers, invalid signatures, peers that parse like fuzzers.
//!
//! ```text
//!   rogue, ally, bystander (Cheat) ─┐
//!   brute (Raw)                     ├──> lead ══ body        two `concerto` processes, one conference, all but the bystander called
//!   stranger (another anchor)      ─┘
//! ```
//! Properties of each attack: the answer, or the log of the node where there is none, names what was wrong by the code in the
//! table; unless the case says that something is kept, both honest nodes hold exactly what they held (links, receipts, alarms,
//! outbox, documents wanted) and think what they thought (digest of each state, in memory and folded again); at the end both still
//! exchange. The table stands in `README.md` of this folder; what happened is printed by `make test`.
//!
//! Plausible wrong implementations that fail here: a key taken from a header; a garbage copy that takes the place of the true one;
//! a peer asked again and again because it says that there is more; bytes kept because they were announced; a connection that
//! is never given up; a fork seen by one node only.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests stop at the first surprise"
)]

#[path = "hostile/answers.rs"]
mod answers;
#[path = "hostile/links.rs"]
mod links;
#[path = "hostile/peers.rs"]
mod peers;
#[path = "hostile/stage.rs"]
mod stage;
#[path = "hostile/transport.rs"]
mod transport;

use concerto_conformance::acts;
use concerto_conformance::hostile::eventually;
use concerto_procedure::acts::Position;
use stage::Stage;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// One attack.
struct Attack {
    says: &'static str,
    code: &'static str,
    measured: &'static str,
    keeps: bool,
    try_it: fn(&mut Stage) -> (String, String),
}

/// Defines attacks: `says, measured => code [unchanged | kept] |stage| (code, value measured)`.
macro_rules! attacks {
    ($($says:literal, $measured:literal => $code:literal $keeps:ident |$stage:ident| $body:block)*) => {
        pub(crate) fn attacks() -> Vec<crate::Attack> {
            vec![$(crate::Attack {
                says: $says,
                measured: $measured,
                code: $code,
                keeps: stringify!($keeps) == "kept",
                try_it: |$stage: &mut crate::Stage| $body,
            },)*]
        }
    };
}
pub(crate) use attacks;

fn all() -> Vec<Attack> {
    [peers::attacks(), links::attacks(), answers::attacks(), transport::attacks()]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn the_table_stands_in_the_readme() {
    let mut table = String::from("| Attack | Code | Measured |\n|---|---|---|\n");
    for attack in all() {
        table.push_str(&format!("| {} | `{}` | {} |\n", attack.says, attack.code, attack.measured));
    }
    let readme = include_str!("../README.md");
    assert!(readme.contains(&table), "README.md must hold this table:\n{table}");
}

#[test]
fn every_attack_has_its_code_and_leaves_honest_nodes_as_they_were() {
    let mut stage = Stage::new();
    let mut happened = format!("{:<100} {:<28} {}\n", "attack", "code", "measured");
    let mut wrong = Vec::new();
    let mut before = stage.settled();
    for attack in all() {
        let tried = catch_unwind(AssertUnwindSafe(|| (attack.try_it)(&mut stage)));
        let (code, measured) = tried.unwrap_or_else(|_| ("stopped".to_owned(), String::new()));
        let after = stage.settled();
        assert!(stage.lead.lives() && stage.body.lives(), "{}", attack.says);
        if code != attack.code {
            wrong.push(format!("{}: {code} instead of {}", attack.says, attack.code));
        }
        if !attack.keeps && after != before {
            wrong.push(format!("{}: something was kept: {before:?} {after:?}", attack.says));
        }
        before = after;
        let value =
            if measured.is_empty() { "-".to_owned() } else { format!("{}: {measured}", attack.measured) };
        happened.push_str(&format!("{:<100} {code:<28} {value}\n", attack.says));
    }
    print!("{happened}");
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-attacks.txt"), happened).unwrap();
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), stage.lead.log());
    let reply = stage.body.control().send(&stage.conference, &acts::determination(Position::Assent), false);
    assert_eq!(reply["reply"], "sent", "{reply}");
    let message = serde_json::from_value(reply["message"].clone()).unwrap();
    eventually("honest nodes still exchange", || {
        stage.lead.holds(message) && stage.lead.case(&stage.conference).is_taken(message)
    });
}
