//! The document store in memory.

use concerto_message::{Digest, Salt};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::documents::{DocumentError, DocumentStore};

type Held = BTreeMap<Digest, (Salt, Arc<[u8]>)>;

/// Documents in memory. Clones share one store, so that a simulated crash, which loses nothing that `put` confirmed, keeps a clone.
#[derive(Debug, Clone, Default)]
pub struct MemoryDocuments(Arc<Mutex<Held>>);

impl MemoryDocuments {
    /// How many documents are held.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl DocumentStore for MemoryDocuments {
    fn put(&self, digest: Digest, salt: Salt, bytes: &[u8]) -> Result<(), DocumentError> {
        if salt.digest(bytes) != digest {
            return Err(DocumentError::Mismatch { expected: digest });
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(digest).or_insert((salt, bytes.into()));
        Ok(())
    }
    fn get(&self, digest: Digest) -> Result<Option<(Salt, Vec<u8>)>, DocumentError> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(held.get(&digest).map(|(salt, bytes)| (*salt, bytes.to_vec())))
    }
    fn has(&self, digest: Digest) -> Result<bool, DocumentError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&digest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_documents_keep_the_contract() {
        crate::contract::documents_contract(&mut || Box::new(MemoryDocuments::default()));
    }

    #[test]
    fn clones_share_one_store() {
        let (store, salt) = (MemoryDocuments::default(), Salt([3; 16]));
        assert!(store.is_empty());
        store.clone().put(salt.digest(b"act"), salt, b"act").unwrap();
        assert_eq!(store.len(), 1);
    }
}
