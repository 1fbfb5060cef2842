//! Named places where a test makes the process die at once: `CONCERTO_FAILPOINT=name:hits` aborts at that hit. With
//! `name:hits:FILE` hits count only while that file exists, so that a test can wait for the moment that it wants.
//!
//! | name | where |
//! |---|---|
//! | `starting` | the core has started, its first writes are not committed |
//! | `document-stored` | a body or document is durable, the link that lists it is not written |
//! | `mid-step` | between two changes of one step |
//! | `mid-transaction` | after the changes of one input, others of the batch may follow |
//! | `before-commit`, `after-commit` | around the commit of a batch |
//! | `before-reply`, `before-ask`, `before-respond` | the commit is durable, an effect of it is not carried out |
//! | `pec-kept` | mails that must leave are kept, none has left |
//! | `pec-begun`, `pec-handed`, `pec-ended` | an attempt is noted; the mail was handed over; how that ended is noted |
//! | `pec-read`, `pec-judged` | mails that came are kept with their cursor; what one is is noted |
//! | `pec-taken`, `pec-recorded`, `pec-confirmed` | the core took a link, or wrote a record, and the mail store does not know it |
//!
//! Only in development builds (`debug_assertions`); a release contains nothing of it.

use concerto_port::DocumentStore;
use std::sync::Arc;

#[cfg(debug_assertions)]
mod armed {
    use concerto_message::{Chunks, Digest, Listed, Salt};
    use concerto_port::{DocumentError, DocumentReader, DocumentStore, HeldDocument, Staged};
    use std::io::Read;
    use std::path::PathBuf;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Armed {
        name: String,
        hits: u64,
        while_exists: Option<PathBuf>,
    }

    static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
        let text = std::env::var("CONCERTO_FAILPOINT").ok()?;
        let mut parts = text.splitn(3, ':');
        let (name, hits) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?);
        Some(Armed { name, hits, while_exists: parts.next().map(PathBuf::from) })
    });
    static HITS: AtomicU64 = AtomicU64::new(0);

    pub(super) fn hit(name: &str) {
        let Some(armed) = ARMED.as_ref().filter(|armed| armed.name == name) else { return };
        if armed.while_exists.as_ref().is_some_and(|file| !file.exists()) {
            return;
        }
        if HITS.fetch_add(1, Ordering::Relaxed) + 1 == armed.hits {
            eprintln!("failpoint {name} hit {}", armed.hits);
            std::process::abort();
        }
    }

    /// A document store that dies after it stored.
    pub(super) struct Documents<S>(pub(super) S);

    impl<S: DocumentStore> DocumentStore for Documents<S> {
        fn put(&self, digest: Digest, salt: Salt, bytes: &[u8]) -> Result<(), DocumentError> {
            self.0.put(digest, salt, bytes)?;
            hit("document-stored");
            Ok(())
        }
        fn get(&self, digest: Digest) -> Result<Option<(Salt, Vec<u8>)>, DocumentError> {
            self.0.get(digest)
        }
        fn has(&self, digest: Digest) -> Result<bool, DocumentError> {
            self.0.has(digest)
        }
        fn describe(&self, digest: Digest) -> Result<Option<HeldDocument>, DocumentError> {
            self.0.describe(digest)
        }
        fn open(&self, digest: Digest) -> Result<Option<Box<dyn DocumentReader>>, DocumentError> {
            self.0.open(digest)
        }
        fn add(
            &self,
            salt: Salt,
            media_type: &str,
            size: u64,
            source: &mut dyn Read,
        ) -> Result<HeldDocument, DocumentError> {
            self.0.add(salt, media_type, size, source)
        }
        fn erase(&self, digest: Digest) -> Result<(), DocumentError> {
            self.0.erase(digest)
        }
        fn resume(&self, listed: &Listed) -> Result<Option<Box<dyn Staged>>, DocumentError> {
            self.0.resume(listed)
        }
        fn stage(&self, listed: &Listed, salt: Salt, list: Chunks) -> Result<Box<dyn Staged>, DocumentError> {
            self.0.stage(listed, salt, list)
        }
        fn has_room(&self, bytes: u64) -> Result<(), DocumentError> {
            self.0.has_room(bytes)
        }
        fn erase_staged(&self, wanted: &dyn Fn(Digest) -> bool) -> Result<usize, DocumentError> {
            self.0.erase_staged(wanted)
        }
    }
}

/// Dies here if this failpoint is armed and its hit has come.
#[inline]
pub(crate) fn hit(name: &str) {
    #[cfg(debug_assertions)]
    armed::hit(name);
    #[cfg(not(debug_assertions))]
    let _ = name;
}

/// Like [`hit`], where the place counts only under a condition.
#[inline]
pub(crate) fn hit_if(name: &str, condition: bool) {
    if condition {
        hit(name);
    }
}

/// The document store of a node, with its failpoint.
pub(crate) fn documents(store: impl DocumentStore + 'static) -> Arc<dyn DocumentStore> {
    #[cfg(debug_assertions)]
    return Arc::new(armed::Documents(store));
    #[cfg(not(debug_assertions))]
    Arc::new(store)
}
