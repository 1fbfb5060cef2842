//! A document that is held, read chunk by chunk, each checked against the list of chunks.

use concerto_message::limits::CHUNK_BYTES;
use concerto_message::{Chunks, Digest, Hashing, Salt, StreamedError};
use concerto_port::{DocumentError, DocumentReader, HeldDocument};
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};

use crate::{COPY_BYTES, FolderStore, SALT_BYTES, sidecar};

/// An open document.
pub(crate) struct FileReader {
    file: File,
    held: HeldDocument,
    list: Chunks,
}

impl FileReader {
    /// Opens a document; computes its list of chunks where it is not at hand.
    pub(crate) fn open(store: &FolderStore, digest: Digest) -> Result<Option<Self>, DocumentError> {
        let mut file = match File::open(store.folder_and_path(digest).1) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let damaged = DocumentError::Mismatch { expected: digest };
        let mut salt = Salt([0; SALT_BYTES]);
        let Some(size) = file.metadata()?.len().checked_sub(SALT_BYTES as u64) else { return Err(damaged) };
        file.read_exact(&mut salt.0)?;
        let list = list(store, digest, salt, size, &mut file)?;
        let chunks = (size > CHUNK_BYTES as u64).then(|| list.digest(&salt));
        let media_type = sidecar::read_media_type(store, digest)?;
        Ok(Some(Self { file, held: HeldDocument { digest, salt, size, chunks, media_type }, list }))
    }
}

/// The list of chunks: the one kept if it fits the size, else computed, which checks the document as a whole.
fn list(
    store: &FolderStore,
    digest: Digest,
    salt: Salt,
    size: u64,
    file: &mut File,
) -> Result<Chunks, DocumentError> {
    let single = size <= CHUNK_BYTES as u64;
    let kept = if single { None } else { sidecar::read_list(store, digest, &salt) };
    if let Some(list) = kept.filter(|list| list.digests().len() as u64 == size.div_ceil(CHUNK_BYTES as u64)) {
        return Ok(list);
    }
    let mut hashing = Hashing::new(salt);
    let mut buffer = vec![0; COPY_BYTES];
    file.seek(SeekFrom::Start(SALT_BYTES as u64))?;
    loop {
        let read = file.read(&mut buffer)?;
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else { break };
        hashing.update(piece);
    }
    let hashed = hashing.finish();
    if hashed.digest != digest {
        return Err(DocumentError::Mismatch { expected: digest });
    }
    if !single {
        // a disk that is full or read-only does not keep a document from being read
        let _ = sidecar::write_list(store, digest, &salt, &hashed.chunks);
    }
    Ok(hashed.chunks)
}

impl DocumentReader for FileReader {
    fn held(&self) -> &HeldDocument {
        &self.held
    }

    fn list(&self) -> &Chunks {
        &self.list
    }

    fn chunk(&mut self, index: u64, into: &mut Vec<u8>) -> Result<(), DocumentError> {
        let bad = StreamedError::Chunk(index);
        let expected = usize::try_from(index).ok().and_then(|index| self.list.digests().get(index));
        let expected = *expected.ok_or(bad)?;
        let begin = index.saturating_mul(CHUNK_BYTES as u64);
        let length = self.held.size.saturating_sub(begin).min(CHUNK_BYTES as u64);
        into.clear();
        self.file.seek(SeekFrom::Start(SALT_BYTES as u64 + begin))?;
        // into room that was not cleared first
        (&self.file).take(length).read_to_end(into)?;
        if into.len() as u64 != length {
            return Err(bad.into());
        }
        if self.held.salt.digest(into) == expected { Ok(()) } else { Err(bad.into()) }
    }
}
