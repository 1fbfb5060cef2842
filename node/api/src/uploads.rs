//! Documents that were uploaded and that no act has used yet: files beside the journal, named by the SHA-256 of their bytes.
//!
//! This module is the seam for storage of any size: nothing else of the API knows where uploaded bytes lie. Uploading the same bytes
//! twice changes nothing, so an upload needs no key. What no act uses is removed after a day.

use concerto_core::{Content, NewDocument};
use concerto_message::limits::SMALL_DOCUMENT_BYTES_MAX;
use concerto_message::{Audience, Digest};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::problem::Problem;

/// Largest document, in bytes: what travels between nodes of this version.
pub(crate) const UPLOAD_BYTES_MAX: u64 = SMALL_DOCUMENT_BYTES_MAX;
/// Bytes of all uploads together.
const UPLOADS_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Uploads at one time.
const UPLOADS_MAX: usize = 4096;
/// How long an upload is kept that no act uses.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The folder of uploads.
pub(crate) struct Uploads {
    folder: PathBuf,
    next: AtomicU64,
    // makes counting and renaming one
    finishing: Mutex<()>,
}

/// An upload that is coming in; its file is removed unless it is finished.
pub(crate) struct Incoming {
    path: PathBuf,
    file: File,
    hash: sha2::Sha256,
    pub(crate) size: u64,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path); // it is gone where the upload was finished
    }
}

impl Incoming {
    /// Adds bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        use sha2::Digest as _;
        self.size += bytes.len() as u64;
        if self.size > UPLOAD_BYTES_MAX {
            return Err(Problem::about("document.too-large", &format!("{UPLOAD_BYTES_MAX} byte")));
        }
        self.hash.update(bytes);
        self.file.write_all(bytes).map_err(failed)
    }
}

impl Uploads {
    /// Opens the folder; unfinished and old files are removed.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let uploads =
            Self { folder: folder.to_path_buf(), next: AtomicU64::new(0), finishing: Mutex::default() };
        for entry in fs::read_dir(folder)?.flatten() {
            if entry.path().extension().is_some_and(|ending| ending == "part") {
                fs::remove_file(entry.path())?;
            }
        }
        uploads.sweep();
        Ok(uploads)
    }

    /// Begins an upload.
    pub(crate) fn begin(&self) -> Result<Incoming, Problem> {
        let path = self.folder.join(format!("{}.part", self.next.fetch_add(1, Ordering::Relaxed)));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        Ok(Incoming { path, file, hash: sha2::Sha256::default(), size: 0 })
    }

    /// Ends an upload: durable, and named by its bytes.
    pub(crate) fn finish(&self, incoming: Incoming) -> Result<(Digest, u64), Problem> {
        use sha2::Digest as _;
        let digest = Digest(incoming.hash.clone().finalize().into());
        incoming.file.sync_all().map_err(failed)?;
        let _one = self.finishing.lock().map_err(|_| Problem::new("api.internal"))?;
        let place = self.path(digest);
        if !place.exists() {
            let (count, bytes) = self.held().map_err(failed)?;
            if count >= UPLOADS_MAX || bytes.saturating_add(incoming.size) > UPLOADS_BYTES_MAX {
                return Err(Problem::new("upload.full"));
            }
        }
        fs::rename(&incoming.path, place).map_err(failed)?;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok((digest, incoming.size))
    }

    /// An upload as a document of a new act.
    pub(crate) fn document(
        &self,
        upload: Digest,
        media_type: String,
        audience: Audience,
    ) -> Result<NewDocument, Problem> {
        match fs::read(self.path(upload)) {
            Ok(bytes) if Digest::of(&bytes) == upload => {
                Ok(NewDocument { media_type, audience, content: Content::Bytes(bytes) })
            }
            Ok(_) => Err(Problem::new("document.mismatch")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Problem::about("upload.unknown", &upload))
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Removes what no act used in time.
    pub(crate) fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let now = SystemTime::now();
        for entry in entries.flatten() {
            let modified = entry.metadata().and_then(|found| found.modified()).unwrap_or(now);
            if now.duration_since(modified).is_ok_and(|age| age > KEPT) {
                let _ = fs::remove_file(entry.path()); // the next sweep tries again
            }
        }
    }

    fn held(&self) -> io::Result<(usize, u64)> {
        let (mut count, mut bytes) = (0, 0_u64);
        for entry in fs::read_dir(&self.folder)?.flatten() {
            count += 1;
            bytes = bytes.saturating_add(entry.metadata().map_or(0, |found| found.len()));
        }
        Ok((count, bytes))
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.folder.join(digest.to_string())
    }
}

fn failed(error: io::Error) -> Problem {
    tracing::warn!(%error, "an upload failed");
    if error.kind() == io::ErrorKind::StorageFull {
        Problem::new("document.full")
    } else {
        Problem::new("document.medium")
    }
}

#[cfg(test)]
#[path = "uploads_tests.rs"]
mod tests;
