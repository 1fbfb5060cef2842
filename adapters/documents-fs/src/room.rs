//! Quota and reserve (ARCHITECTURE.md, "What a node keeps"): a document that does not fit is refused before its first byte.

use concerto_message::limits::CHUNK_BYTES;
use concerto_port::{DocumentError, Room};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::staged;

/// Bytes of a block as `st_blocks` counts (stat(2)).
const BLOCK_BYTES: u64 = 512;

/// Checks that `needed` more bytes fit. What is staged counts with the size that its link names.
pub(crate) fn check(root: &Path, room: Room, needed: u64) -> Result<(), DocumentError> {
    let outstanding = outstanding(&root.join(staged::FOLDER))?;
    if let Some(quota) = room.quota_bytes {
        let left = quota.saturating_sub(used(root, 1)?.saturating_add(outstanding));
        if needed > left {
            return Err(DocumentError::Quota { needed, left });
        }
    }
    let disk = rustix::fs::statvfs(root).map_err(io::Error::from)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let left = free.saturating_sub(outstanding).saturating_sub(room.reserve_bytes);
    if needed > left { Err(DocumentError::Reserve { needed, left }) } else { Ok(()) }
}

/// Bytes that staged documents will still take: each list names at most so many chunks.
fn outstanding(folder: &Path) -> io::Result<u64> {
    let mut sum = 0_u64;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "chunks") {
            let list = std::fs::metadata(&path).map_or(0, |m| m.len());
            let whole = (list / 32).saturating_sub(1).saturating_mul(CHUNK_BYTES as u64);
            let written = std::fs::metadata(path.with_extension("")).map_or(0, |m| m.len());
            sum = sum.saturating_add(whole.saturating_sub(written));
        }
    }
    Ok(sum)
}

/// Bytes of the disk that the files of a folder take, and those of the folders in it down to `depth`.
fn used(folder: &Path, depth: usize) -> io::Result<u64> {
    let mut sum = 0_u64;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let found = match entry.metadata() {
            Ok(found) => found,
            // removed meanwhile
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let inside = if found.is_dir() && depth > 0 { used(&entry.path(), depth - 1)? } else { 0 };
        sum = sum.saturating_add(inside).saturating_add(found.blocks().saturating_mul(BLOCK_BYTES));
    }
    Ok(sum)
}
