//! The document store in memory.

use concerto_message::{Checking, Chunks, Digest, Hashing, Listed, Salt, StreamedError, limits::CHUNK_BYTES};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::documents::{DocumentError, DocumentReader, DocumentStore, HeldDocument, Room, Staged};

#[derive(Debug, Clone)]
struct Whole {
    held: HeldDocument,
    list: Chunks,
    bytes: Arc<Vec<u8>>,
}

#[derive(Debug, Clone)]
struct Partial {
    salt: Salt,
    list: Chunks,
    bytes: Vec<u8>,
    size: u64,
}

#[derive(Debug, Default)]
struct State {
    whole: BTreeMap<Digest, Whole>,
    staged: BTreeMap<Digest, Partial>,
    open: BTreeSet<Digest>,
    room: Room,
    // what the medium has, for the reserve; none: without end
    disk_bytes: Option<u64>,
}

/// Documents in memory. Clones share one store, so that a simulated crash, which loses nothing that `put` confirmed, keeps a clone.
#[derive(Debug, Clone, Default)]
pub struct MemoryDocuments(Arc<Mutex<State>>);

impl MemoryDocuments {
    /// A store on a disk of so many bytes.
    pub fn with_room(room: Room, disk_bytes: u64) -> Self {
        Self(Arc::new(Mutex::new(State { room, disk_bytes: Some(disk_bytes), ..State::default() })))
    }
    /// How many documents are held.
    pub fn len(&self) -> usize {
        self.state().whole.len()
    }
    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Bytes staged of a document.
    pub fn staged_bytes(&self, digest: Digest) -> Option<u64> {
        self.state().staged.get(&digest).map(|p| p.bytes.len() as u64)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, salt: Salt, bytes: Vec<u8>, media_type: Option<&str>) -> HeldDocument {
        let mut hashing = Hashing::new(salt);
        hashing.update(&bytes);
        let hashed = hashing.finish();
        let held = HeldDocument {
            digest: hashed.digest,
            salt,
            size: hashed.size,
            chunks: hashed.chunks_digest(&salt),
            media_type: media_type.map(str::to_owned),
        };
        let whole = Whole { held: held.clone(), list: hashed.chunks, bytes: Arc::new(bytes) };
        self.state().whole.entry(held.digest).or_insert(whole);
        held
    }
}

impl State {
    fn check_room(&self, needed: u64) -> Result<(), DocumentError> {
        let staged: u64 = self.staged.values().map(|p| p.size).sum();
        let used = staged + self.whole.values().map(|w| w.held.size).sum::<u64>();
        let left = self.room.quota_bytes.map_or(u64::MAX, |quota| quota.saturating_sub(used));
        if needed > left {
            return Err(DocumentError::Quota { needed, left });
        }
        let free = self.disk_bytes.map_or(u64::MAX, |disk| disk.saturating_sub(used));
        let left = free.saturating_sub(self.room.reserve_bytes);
        if needed > left { Err(DocumentError::Reserve { needed, left }) } else { Ok(()) }
    }
}

impl DocumentStore for MemoryDocuments {
    fn put(&self, digest: Digest, salt: Salt, bytes: &[u8]) -> Result<(), DocumentError> {
        if salt.digest(bytes) != digest {
            return Err(DocumentError::Mismatch { expected: digest });
        }
        self.keep(salt, bytes.to_vec(), None);
        Ok(())
    }
    fn get(&self, digest: Digest) -> Result<Option<(Salt, Vec<u8>)>, DocumentError> {
        Ok(self.state().whole.get(&digest).map(|w| (w.held.salt, w.bytes.to_vec())))
    }
    fn has(&self, digest: Digest) -> Result<bool, DocumentError> {
        Ok(self.state().whole.contains_key(&digest))
    }
    fn describe(&self, digest: Digest) -> Result<Option<HeldDocument>, DocumentError> {
        Ok(self.state().whole.get(&digest).map(|w| w.held.clone()))
    }
    fn open(&self, digest: Digest) -> Result<Option<Box<dyn DocumentReader>>, DocumentError> {
        let whole = self.state().whole.get(&digest).cloned();
        Ok(whole.map(|whole| Box::new(whole) as Box<dyn DocumentReader>))
    }
    fn add(
        &self,
        salt: Salt,
        media_type: &str,
        size: u64,
        source: &mut dyn Read,
    ) -> Result<HeldDocument, DocumentError> {
        self.has_room(size)?;
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes)?;
        Ok(self.keep(salt, bytes, Some(media_type)))
    }
    fn erase(&self, digest: Digest) -> Result<(), DocumentError> {
        self.state().whole.remove(&digest);
        Ok(())
    }
    fn resume(&self, listed: &Listed) -> Result<Option<Box<dyn Staged>>, DocumentError> {
        let Some(partial) = self.state().staged.get(&listed.digest).cloned() else { return Ok(None) };
        let Ok(mut checking) = Checking::new(*listed, partial.salt, partial.list) else {
            self.state().staged.remove(&listed.digest);
            return Ok(None);
        };
        // nothing in memory is ever damaged, so every byte fits
        checking.update(&partial.bytes)?;
        MemoryStaged::new(self, checking, partial.salt)
            .map(|staged| Some(Box::new(staged) as Box<dyn Staged>))
    }
    fn stage(&self, listed: &Listed, salt: Salt, list: Chunks) -> Result<Box<dyn Staged>, DocumentError> {
        let checking = Checking::new(*listed, salt, list.clone())?;
        self.has_room(listed.size)?;
        let staged = MemoryStaged::new(self, checking, salt)?;
        let partial = Partial { salt, list, bytes: Vec::new(), size: listed.size };
        self.state().staged.insert(listed.digest, partial);
        Ok(Box::new(staged))
    }
    fn has_room(&self, bytes: u64) -> Result<(), DocumentError> {
        self.state().check_room(bytes)
    }
    fn erase_staged(&self, wanted: &dyn Fn(Digest) -> bool) -> Result<usize, DocumentError> {
        let mut state = self.state();
        let before = state.staged.len();
        let open = state.open.clone();
        state.staged.retain(|digest, _| open.contains(digest) || wanted(*digest));
        Ok(before - state.staged.len())
    }
}

impl DocumentReader for Whole {
    fn held(&self) -> &HeldDocument {
        &self.held
    }
    fn list(&self) -> &Chunks {
        &self.list
    }
    fn chunk(&mut self, index: u64, into: &mut Vec<u8>) -> Result<(), DocumentError> {
        into.clear();
        let place = usize::try_from(index).ok();
        let bytes = place.and_then(|place| self.bytes.chunks(CHUNK_BYTES).nth(place));
        into.extend_from_slice(bytes.ok_or(StreamedError::Chunk(index))?);
        Ok(())
    }
}

struct MemoryStaged {
    store: MemoryDocuments,
    checking: Checking,
    salt: Salt,
}

impl MemoryStaged {
    fn new(store: &MemoryDocuments, checking: Checking, salt: Salt) -> Result<Self, DocumentError> {
        let digest = checking.listed().digest;
        if !store.state().open.insert(digest) {
            return Err(DocumentError::Busy(digest));
        }
        Ok(Self { store: store.clone(), checking, salt })
    }
}

impl Drop for MemoryStaged {
    fn drop(&mut self) {
        self.store.state().open.remove(&self.checking.listed().digest);
    }
}

impl Staged for MemoryStaged {
    fn size(&self) -> u64 {
        self.checking.size()
    }
    fn append(&mut self, bytes: &[u8]) -> Result<(), DocumentError> {
        let result = self.checking.update(bytes);
        let size = usize::try_from(self.checking.size()).unwrap_or(usize::MAX);
        if let Some(partial) = self.store.state().staged.get_mut(&self.checking.listed().digest) {
            partial.bytes.extend_from_slice(bytes);
            partial.bytes.truncate(size);
        }
        Ok(result?)
    }
    fn finish(self: Box<Self>) -> Result<(), DocumentError> {
        let result = self.checking.finish();
        if matches!(result, Err(StreamedError::Short { .. })) {
            return Ok(result?);
        }
        let partial = self.store.state().staged.remove(&self.checking.listed().digest);
        if let (Ok(()), Some(partial)) = (&result, partial) {
            self.store.keep(self.salt, partial.bytes, None);
        }
        Ok(result?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_documents_keep_the_contract() {
        let fresh = &mut || Box::new(MemoryDocuments::default()) as Box<dyn DocumentStore>;
        crate::contract::documents_contract(fresh);
        let small = |room| Box::new(MemoryDocuments::with_room(room, 64 << 20)) as Box<dyn DocumentStore>;
        crate::contract::room_contract(&small);
    }

    #[test]
    fn clones_share_one_store() {
        let (store, salt) = (MemoryDocuments::default(), Salt([3; 16]));
        assert!(store.is_empty());
        store.clone().put(salt.digest(b"act"), salt, b"act").unwrap();
        assert_eq!(store.len(), 1);
    }
}
