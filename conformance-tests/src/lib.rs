//! Vectors, black-box suites and simulations.
//!
//! [`federation`] is an invented federation with real keys, made once for each process. [`node`] runs one core as the engine of
//! a real node does, in memory, and can crash it at any point. [`simulation`] joins several such nodes by a network that
//! loses, duplicates, delays and cuts as a seed says; [`stage`] puts one node before members that the test plays. [`forge`] writes what a hostile member could write; [`acts`] the acts of an
//! ordinary case; [`hostile`] a peer that cheats over real connections, and the processes that it cheats. [`pec`] makes the messages of
//! certified mail.
//!
//! Everything here serves tests: a helper that meets a surprise stops at once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stop at the first surprise"
)]

pub mod acts;
pub mod chance;
pub mod federation;
pub mod forge;
pub mod hostile;
pub mod node;
pub mod pec;
pub mod simulation;
pub mod stage;
pub mod streams;

/// Whether proofs run with their full counts (`CONCERTO_EFFORT=full`) or with those of CI.
pub fn full_effort() -> bool {
    std::env::var("CONCERTO_EFFORT").is_ok_and(|effort| effort == "full")
}
