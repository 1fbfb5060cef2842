//! How far documents came: kept in memory while they come, told to whoever asks.

use concerto_message::{Digest, Listed, Writer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Most documents of which progress is kept; what is under way has its place first.
const KEPT_MAX: usize = 256;

/// A document on its way to this node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TransferProgress {
    pub(crate) digest: Digest,
    /// Bytes of the document.
    pub(crate) size: u64,
    /// Bytes held.
    pub(crate) held: u64,
    /// Who serves it, or served it last.
    pub(crate) source: Writer,
    /// Bytes a second since this stream began; 0 while none is under way.
    pub(crate) bytes_per_second: u64,
    /// Whether a stream is under way.
    pub(crate) active: bool,
}

#[derive(Debug)]
struct Kept {
    told: TransferProgress,
    held_at_first: u64,
    since: Instant,
}

/// The documents under way, and those that were interrupted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Arc<Mutex<BTreeMap<Digest, Kept>>>);

/// One stream; when it goes without [`Tracked::done`], the document counts as interrupted.
#[derive(Debug)]
pub(crate) struct Tracked {
    all: Progress,
    digest: Digest,
}

impl Progress {
    fn kept(&self) -> MutexGuard<'_, BTreeMap<Digest, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stream begins.
    pub(crate) fn begin(&self, document: &Listed, source: &Writer, held: u64) -> Tracked {
        let digest = document.digest;
        let told = TransferProgress {
            digest,
            size: document.size,
            held,
            source: source.clone(),
            bytes_per_second: 0,
            active: true,
        };
        let mut kept = self.kept();
        if kept.len() >= KEPT_MAX {
            kept.retain(|_, k| k.told.active);
        }
        kept.insert(digest, Kept { told, held_at_first: held, since: Instant::now() });
        Tracked { all: self.clone(), digest }
    }

    /// Bytes held of one document, if it is under way or was interrupted.
    pub(crate) fn held(&self, digest: Digest) -> Option<u64> {
        self.kept().get(&digest).map(|kept| kept.told.held)
    }

    /// Everything that is kept.
    pub(crate) fn all(&self) -> Vec<TransferProgress> {
        self.kept().values().map(|kept| kept.told.clone()).collect()
    }
}

impl Tracked {
    /// So many bytes are held now.
    pub(crate) fn held(&self, held: u64) {
        if let Some(kept) = self.all.kept().get_mut(&self.digest) {
            kept.told.held = held;
            let seconds = kept.since.elapsed().as_secs_f64().max(0.001);
            kept.told.bytes_per_second = (held.saturating_sub(kept.held_at_first) as f64 / seconds) as u64;
        }
    }

    /// The document is whole and stored.
    pub(crate) fn done(self) {
        self.all.kept().remove(&self.digest);
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        if let Some(kept) = self.all.kept().get_mut(&self.digest) {
            kept.told.active = false;
            kept.told.bytes_per_second = 0;
        }
    }
}
