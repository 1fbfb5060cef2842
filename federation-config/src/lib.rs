//! Federation and node configuration: types, checks and a commented default.
//!
//! Two files in a node's folder: `node.toml` says who the node is and how it works, `federation.toml` whom it knows: the anchor
//! (OpenID Federation 1.0 section 1.2) and the members. [`load`] reads both and reports *every* problem at once, each with file,
//! place, what is wrong and what to do instead, in Italian and English. Nothing is guessed: an unknown key is a problem.

mod address;
mod api_file;
mod federation_file;
mod field;
mod folder;
mod mail_file;
mod node_file;
mod pec_file;
mod problem;
mod render;

pub use address::{Address, Transport, peer_id_of_public_key, public_key_of_peer_id};
pub use api_file::{Api, WEBHOOKS_MAX, WebhookFile, WebhookUrl};
pub use federation_file::{AnchorKey, FederationFile, Member};
pub use folder::{
    Config, FEDERATION_FILE, FILE_BYTES_MAX, NODE_FILE, check_key_files, check_together, load, load_files,
};
pub use mail_file::{MailSettings, MailTls, OFFICIALS_MAX, Official, SUBSTITUTES_MAX, Substitute};
pub use node_file::{Delivery, Documents, KeyFiles, Limits, NodeFile};
pub use pec_file::{PecServer, PecSettings, PecTls};
pub use problem::{Code, Language, Place, Problem, Text};

/// The commented `node.toml` with every key and its default.
pub fn default_node_toml() -> &'static str {
    include_str!("../default/node.toml")
}

/// The commented `federation.toml`.
pub fn default_federation_toml() -> &'static str {
    include_str!("../default/federation.toml")
}
