//! Peers that cheat, with real keys over real libp2p, and the real `concerto` processes that they cheat.
//!
//! ```text
//!   Cheat (the project's own transport, any frame) ─┐
//!                                                   ├─ TCP ─> concerto serve (lead) ══ concerto serve (body)
//!   Raw (Noise and Yamux alone, any byte) ──────────┘            the honest nodes of an Arena
//! ```
//! An [`Arena`] is a training federation made by `concerto init`: the cheats have the keys of members, because somebody who has
//! none gets no further than the handshake. A [`Cheat`] breaks the rules of the protocol; a [`Raw`] connection breaks those
//! below it: it begins frames and does not end them, asks and does not read, opens streams without end.

mod arena;
mod cheat;
mod raw;

pub use arena::{Arena, Control, Serving, Snapshot, eventually, program};
pub use cheat::{Cheat, Manner, Outcome, Said};
pub use raw::{Raw, RawStream};
