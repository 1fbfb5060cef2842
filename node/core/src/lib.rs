//! The node without input or output: what comes in, what is committed, what must be done (ARCHITECTURE.md, "The house").
//!
//! [`node::Node::handle`] turns an [`Input`] into a [`Step`]: changes that the runtime makes durable in one transaction, and
//! effects that it carries out only afterwards. After a crash the effects are derived again from the durable outbox:
//! effects happen at least once, and every receiver deduplicates by message identifier. That sentence explains all crash behaviour.
//!
//! [`case::Case`] is everything that a node knows of one conference: its chains, and its state folded from the procedente's chain.

mod agreement;
mod basis;
pub mod case;
mod caution;
pub mod clock;
mod compose;
pub mod continuity;
mod documents;
mod entry;
pub mod fault;
mod greeting;
mod inbound;
mod ingest;
pub mod keyring;
mod lead;
mod mailed;
pub mod mailing;
pub mod node;
pub mod once;
mod outbound;
mod pull;
pub mod relook;
pub mod step;
mod watch;

pub use case::Case;
pub use continuity::Mark;
pub use documents::STREAMS_MAX;
pub use fault::Fault;
pub use ingest::content_status;
pub use node::{Identity, Member, Node, NodeConfig};
pub use step::{Content, Effect, Input, NewDocument, Order, Reply, ServeRefusal, Step, Storage, World};
