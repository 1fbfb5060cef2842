//! What stands beside a document: its list of chunks, so that serving it needs no reading of the whole, and its media type.
//!
//! A list is its 32 bytes for each chunk, then their digest; one that is missing or damaged is computed again from the document.

use concerto_message::{Chunks, Digest, Salt};
use concerto_port::DocumentError;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use crate::FolderStore;

/// Longest media type kept, in bytes (RFC 6838 section 4.2: twice 127 and the stroke).
const MEDIA_TYPE_BYTES_MAX: usize = 255;

fn path(store: &FolderStore, digest: Digest, ending: &str) -> PathBuf {
    store.folder_and_path(digest).1.with_extension(ending)
}

/// The list as its file holds it.
pub(crate) fn list_file(salt: &Salt, list: &Chunks) -> Vec<u8> {
    let mut bytes = list.to_bytes();
    bytes.extend_from_slice(&list.digest(salt).0);
    bytes
}

/// Reads [`list_file`]; none if it is not whole.
pub(crate) fn parse_list(salt: &Salt, file: &[u8]) -> Option<Chunks> {
    let (list, digest) = file.split_last_chunk::<32>()?;
    Chunks::from_bytes(list).filter(|list| list.digest(salt) == Digest(*digest))
}

/// Keeps the list of a document.
pub(crate) fn write_list(
    store: &FolderStore,
    digest: Digest,
    salt: &Salt,
    list: &Chunks,
) -> Result<(), DocumentError> {
    store.write_file(&path(store, digest, "chunks"), |file| Ok(file.write_all(&list_file(salt, list))?))
}

/// The list of a document, if it is held and whole.
pub(crate) fn read_list(store: &FolderStore, digest: Digest, salt: &Salt) -> Option<Chunks> {
    parse_list(salt, &fs::read(path(store, digest, "chunks")).ok()?)
}

/// Keeps the media type of a document that was added here.
pub(crate) fn write_media_type(
    store: &FolderStore,
    digest: Digest,
    media_type: &str,
) -> Result<(), DocumentError> {
    let cut = media_type.as_bytes().get(..MEDIA_TYPE_BYTES_MAX).unwrap_or(media_type.as_bytes());
    store.write_file(&path(store, digest, "media"), |file| Ok(file.write_all(cut)?))
}

/// The media type, if one is kept.
pub(crate) fn read_media_type(store: &FolderStore, digest: Digest) -> Result<Option<String>, DocumentError> {
    match fs::read(path(store, digest, "media")) {
        Ok(bytes) => Ok(String::from_utf8(bytes).ok()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
