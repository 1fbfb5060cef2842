//! Orders to a running node over its control socket: four bytes of length (big-endian) and JSON, back the same way.

use serde_json::Value;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::settings::Failed;

/// Longest wait for a reply.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection that carries one order after the other.
#[derive(Debug)]
pub(crate) struct Control(UnixStream);

impl Control {
    pub(crate) fn open(socket: &Path) -> Result<Self, Failed> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self(stream))
    }

    /// Gives an order that is JSON already; gives back the reply to an order that was carried out.
    pub(crate) fn order(&mut self, order: &[u8]) -> Result<Value, Failed> {
        let length = u32::try_from(order.len())?.to_be_bytes();
        self.0.write_all(&[&length, order].concat())?;
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let mut reply = vec![0; usize::try_from(u32::from_be_bytes(length))?];
        self.0.read_exact(&mut reply)?;
        let reply: Value = serde_json::from_slice(&reply)?;
        match reply.get("reply").and_then(Value::as_str) {
            Some("fault") | None => Err(format!("the node refused an order: {reply}").into()),
            Some(_) => Ok(reply),
        }
    }
}
