//! The local HTTP API of a node, for the office's own programs, and what a node shows as data.
//!
//! The crate talks to the node through one trait ([`Node`]): orders go to the engine, reads to the journal beside it. It is served on
//! loopback ([`serve`]), behind tokens with scopes ([`tokens`]), and described by one document (OpenAPI 3.1, [`openapi_document`]) that is
//! made from the same table as its routes. The [`views`] are also what the command line gives to programs.

mod admin;
mod app;
mod documents;
pub mod duties;
mod events;
mod export;
mod import;
mod openapi;
mod operations;
mod patience;
mod problem;
mod reads;
mod request;
mod serve;
pub mod tokens;
mod uploads;
pub mod views;
mod webhooks;
pub mod words;
mod writes;

pub use app::{About, Member, Node, Reader};
pub use events::EventKind;
pub use import::computable;
pub use openapi::document as openapi_document;
pub use serve::{Config, DEFAULT_PORT, ServeError, Serving, serve};
pub use webhooks::Webhook;
