//! Reading PEC (RFC 6109): every type in every form of real providers counts, and every kind of bad input is refused by its own code.
//!
//! ```text
//!   facts -> draft -> signed by a provider of the test's own authority -> examine -> directory -> what counts
//! ```
//! Properties: each type is recognised, proved and says the right thing of each recipient, however it is encoded; whatever is forged,
//! altered, nested or oversized changes no state; the table of cases in `protocols/pec/README.md` is what happens.
//!
//! Plausible wrong implementations that fail here: a receipt believed by its unsigned header; certification data taken from an attached mail; a
//! signer that any authority certified taken for a provider; one provider believed about another's domains; a certificate judged at
//! the time of reading; a signature refused because a store took the CR from line breaks.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests stop at the first surprise"
)]

#[path = "pec/bad_input.rs"]
mod bad_input;
#[path = "pec/good.rs"]
mod good;
#[path = "pec/speed.rs"]
mod speed;

use concerto_conformance::pec::World;
use concerto_crypto_openssl::OpensslCms;
use concerto_pec::{Directory, Examination, examine};

/// A mail as the tests' node would take it: with the authority and the directory.
fn examined(mail: &[u8]) -> Examination<'_> {
    let world = World::get();
    let cms = OpensslCms::with_authorities(&world.authority.pem()).unwrap();
    let mut examination = examine(mail, &cms, None).unwrap();
    examination.consult(&Directory::parse(world.ldif().as_bytes()).unwrap());
    examination
}

fn codes(examination: &Examination<'_>) -> Vec<&'static str> {
    examination.refusals.iter().map(|refusal| refusal.code()).collect()
}

fn notes(examination: &Examination<'_>) -> Vec<&'static str> {
    examination.notes.iter().map(|note| note.code()).collect()
}
