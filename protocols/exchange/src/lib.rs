//! The delivery machine of Concerto, without input or output of its own (protocols/PROTOCOL.md, "Exchange").
//!
//! [`frame`] says what crosses between two nodes, [`hello`] how they recognise each other, [`delivery`] when a message is
//! sent again, [`fallback`] when it goes by certified mail instead, [`catch_up`] which links are missing, [`transfer`] how large documents cross. Time is an argument, chance does not occur, and a caller that
//! loses power between two calls starts again from its durable outbox.

pub mod catch_up;
pub mod delivery;
pub mod fallback;
pub mod frame;
pub mod hello;
pub mod transfer;
