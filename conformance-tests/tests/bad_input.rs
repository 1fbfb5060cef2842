//! Bad input of every kind, one test each: the exact code, and nothing half-written.
//!
//! ```text
//!   the test, with the keys of every member  --any frame-->  one real node
//! ```
//! Properties of each case: the answer (or alarm, or receipt) names what was wrong by the code in the table; the journal is
//! exactly as before, unless the case says that a link is kept; the node goes on. The table of all cases stands in `README.md`
//! of this folder, and a test compares them.
//!
//! Plausible wrong implementations that fail here: a member believed by its transport identity alone; a header that brings its own
//! key; a refused content that leaves a hole in its chain; a second effect from a replay; a fork resolved by arrival; a quoted receipt
//! believed because the procedente quotes it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests stop at the first surprise"
)]

#[path = "bad_input/links.rs"]
mod links;
#[path = "bad_input/peers.rs"]
mod peers;
#[path = "bad_input/receipts.rs"]
mod receipts;

/// One case: what comes in, the code that names it, and how it is tried.
struct Row {
    name: &'static str,
    says: &'static str,
    code: &'static str,
    try_it: fn() -> String,
}

/// Defines cases: each is a test of its own and a row of the table.
macro_rules! cases {
    ($($name:ident: $says:literal => $code:literal $body:block)*) => {
        $(
            #[test]
            fn $name() {
                let tried: fn() -> String = || $body.to_string();
                assert_eq!(tried(), $code, $says);
            }
        )*
        pub(crate) fn rows() -> Vec<crate::Row> {
            vec![$(crate::Row {
                name: stringify!($name),
                says: $says,
                code: $code,
                try_it: || $body.to_string(),
            },)*]
        }
    };
}
pub(crate) use cases;

fn table() -> String {
    let mut table = String::from("| Input | Code |\n|---|---|\n");
    for row in [peers::rows(), links::rows(), receipts::rows()].into_iter().flatten() {
        assert_eq!((row.try_it)(), row.code, "{}", row.name);
        table.push_str(&format!("| {} | `{}` |\n", row.says, row.code));
    }
    table
}

#[test]
fn the_table_stands_in_the_readme() {
    let table = table();
    println!("{table}");
    let readme = include_str!("../README.md");
    assert!(readme.contains(&table), "README.md must hold this table:\n{table}");
}
