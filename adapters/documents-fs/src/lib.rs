//! The content-addressed document store in a folder (ARCHITECTURE.md, "What a node keeps").
//!
//! A document is one file, `ab/cdef…`, named by its digest; it holds the 16 bytes of the salt and then the document, so that
//! `sha256sum` prints its own name. Files are written beside the others in `incoming/`, synced, renamed and never changed; a
//! crash leaves at most an unfinished file there, which the next opening removes. Only the node's user may read them.
//!
//! ```text
//! ab/cdef...           salt and bytes                         incoming/    files being written by a process that lives
//! ab/cdef....chunks    list of chunks ([`sidecar`])           staged/      documents that come piece by piece ([`staged`]);
//! ab/cdef....media     media type of what was added here                   they outlive the process
//! ```

mod reader;
mod room;
mod sidecar;
mod staged;

mod scrub;

pub use scrub::{Found, Scrub};

use concerto_message::limits::DOCUMENT_BYTES_MAX;
use concerto_message::{Chunks, Digest, Hashing, Listed, Salt};
use concerto_port::{DocumentError, DocumentReader, DocumentStore, HeldDocument, Room, Staged};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// The folder of files that are being written, below the store's own.
const INCOMING: &str = "incoming";
/// The file whose lock tells that a process may be writing; below the store's folder.
const LOCK: &str = "lock";
/// Bytes of salt before the bytes of a document.
const SALT_BYTES: usize = 16;
/// Bytes copied in one go.
const COPY_BYTES: usize = 256 * 1024;

/// Documents in a folder. Several processes may open one folder; unfinished files are removed by an opening that finds no other.
#[derive(Debug)]
pub struct FolderStore {
    root: PathBuf,
    room: Room,
    written: AtomicU64,
    _lock: File,
}

impl FolderStore {
    /// Opens the store; makes its folder (mode 0700) where there is none.
    ///
    /// # Errors
    /// [`DocumentError::Medium`].
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, DocumentError> {
        Self::with_room(folder, Room::default())
    }

    /// The same with a quota and a reserve.
    ///
    /// # Errors
    /// [`DocumentError::Medium`].
    pub fn with_room(folder: impl AsRef<Path>, room: Room) -> Result<Self, DocumentError> {
        let root = folder.as_ref().to_owned();
        make_folder(&root.join(INCOMING))?;
        make_folder(&root.join(staged::FOLDER))?;
        let mut options = OpenOptions::new();
        let lock =
            options.read(true).write(true).create(true).truncate(false).mode(0o600).open(root.join(LOCK))?;
        // whoever is alone may tidy up; everybody then keeps a shared lock while it is open
        if lock.try_lock().is_ok() {
            remove_unfinished(&root.join(INCOMING))?;
            lock.unlock()?;
        }
        lock.lock_shared()?;
        sync_folder(&root)?;
        Ok(Self { root, room, written: AtomicU64::new(0), _lock: lock })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn folder_and_path(&self, digest: Digest) -> (PathBuf, PathBuf) {
        folder_and_path(&self.root, digest)
    }

    /// Reads a document and checks it against its name.
    fn read(&self, digest: Digest) -> Result<Option<(Salt, Vec<u8>)>, DocumentError> {
        let mut file = match File::open(self.folder_and_path(digest).1) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut salt = Salt([0; SALT_BYTES]);
        let mut bytes = Vec::new();
        let read = file.read_exact(&mut salt.0).and_then(|()| file.read_to_end(&mut bytes));
        match read {
            Ok(_) if salt.digest(&bytes) == digest => Ok(Some((salt, bytes))),
            Ok(_) => Err(DocumentError::Mismatch { expected: digest }),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Err(DocumentError::Mismatch { expected: digest })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a new file in `incoming/`, under a name that no other process or thread uses.
    fn unfinished(&self) -> io::Result<(File, PathBuf)> {
        loop {
            let number = self.written.fetch_add(1, Ordering::Relaxed);
            let path = self.root.join(INCOMING).join(format!("{}-{number}", process::id()));
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => return made.map(|file| (file, path)),
            }
        }
    }

    /// Writes a file through `incoming/`: it is whole and durable under its name, or not there.
    fn write_file(
        &self,
        path: &Path,
        write: impl FnOnce(&mut File) -> Result<(), DocumentError>,
    ) -> Result<(), DocumentError> {
        let folder = path.parent().unwrap_or(&self.root);
        make_folder(folder)?;
        // also when another thread made it just now and has not synced it yet
        sync_folder(&self.root)?;
        let (mut file, unfinished) = self.unfinished()?;
        let written = write(&mut file).and_then(|()| {
            file.sync_all()?;
            Ok(fs::rename(&unfinished, path)?)
        });
        if let Err(error) = written {
            // the first error is the one to report; an unfinished file that stays is removed at the next opening
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        Ok(sync_folder(folder)?)
    }

    fn write(&self, digest: Digest, salt: Salt, bytes: &[u8]) -> Result<(), DocumentError> {
        self.write_file(&self.folder_and_path(digest).1, |file| {
            file.write_all(&salt.0)?;
            Ok(file.write_all(bytes)?)
        })
    }

    /// Copies a new document into `incoming/`; its file and what it is.
    fn copy_in(&self, salt: Salt, source: &mut dyn Read, into: &mut File) -> Result<Hashing, DocumentError> {
        let mut hashing = Hashing::new(salt);
        let mut buffer = vec![0; COPY_BYTES];
        into.write_all(&salt.0)?;
        loop {
            let read = source.read(&mut buffer)?;
            let piece = buffer.get(..read).unwrap_or_default();
            if piece.is_empty() {
                return Ok(hashing);
            }
            if hashing.size() + piece.len() as u64 > DOCUMENT_BYTES_MAX {
                return Err(DocumentError::TooLarge(DOCUMENT_BYTES_MAX));
            }
            hashing.update(piece);
            into.write_all(piece)?;
        }
    }
}

impl DocumentStore for FolderStore {
    /// A damaged file under this name is replaced: this is how a document fetched again heals the store.
    fn put(&self, digest: Digest, salt: Salt, bytes: &[u8]) -> Result<(), DocumentError> {
        if salt.digest(bytes) != digest {
            return Err(DocumentError::Mismatch { expected: digest });
        }
        match self.read(digest) {
            Ok(Some(_)) => {
                // an earlier `put` may have been cut off between its renaming and its syncing
                sync_folder(&self.folder_and_path(digest).0)?;
                Ok(sync_folder(&self.root)?)
            }
            Ok(None) | Err(_) => self.write(digest, salt, bytes),
        }
    }

    fn get(&self, digest: Digest) -> Result<Option<(Salt, Vec<u8>)>, DocumentError> {
        self.read(digest)
    }

    fn has(&self, digest: Digest) -> Result<bool, DocumentError> {
        match fs::metadata(self.folder_and_path(digest).1) {
            Ok(found) => Ok(found.is_file()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn describe(&self, digest: Digest) -> Result<Option<HeldDocument>, DocumentError> {
        Ok(reader::FileReader::open(self, digest)?.map(|reader| reader.held().clone()))
    }

    fn open(&self, digest: Digest) -> Result<Option<Box<dyn DocumentReader>>, DocumentError> {
        Ok(reader::FileReader::open(self, digest)?.map(|reader| Box::new(reader) as Box<dyn DocumentReader>))
    }

    fn add(
        &self,
        salt: Salt,
        media_type: &str,
        size: u64,
        source: &mut dyn Read,
    ) -> Result<HeldDocument, DocumentError> {
        if size > DOCUMENT_BYTES_MAX {
            return Err(DocumentError::TooLarge(DOCUMENT_BYTES_MAX));
        }
        self.has_room(size)?;
        let (mut file, unfinished) = self.unfinished()?;
        let added = self.copy_in(salt, source, &mut file).and_then(|hashing| {
            file.sync_all()?;
            let hashed = hashing.finish();
            let (folder, path) = self.folder_and_path(hashed.digest);
            make_folder(&folder)?;
            // what stands beside the document comes first: whoever finds the document finds all of it
            let chunks = hashed.chunks_digest(&salt);
            if chunks.is_some() {
                sidecar::write_list(self, hashed.digest, &salt, &hashed.chunks)?;
            }
            sidecar::write_media_type(self, hashed.digest, media_type)?;
            fs::rename(&unfinished, path)?;
            sync_folder(&folder)?;
            let media_type = Some(media_type.to_owned());
            Ok(HeldDocument { digest: hashed.digest, salt, size: hashed.size, chunks, media_type })
        });
        added.inspect_err(|_| drop(fs::remove_file(&unfinished)))
    }

    fn erase(&self, digest: Digest) -> Result<(), DocumentError> {
        let (folder, path) = self.folder_and_path(digest);
        // what stands beside it goes last: whoever finds the document finds all of it
        for path in [path.clone(), path.with_extension("chunks"), path.with_extension("media")] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        if folder.is_dir() { Ok(sync_folder(&folder)?) } else { Ok(()) }
    }

    fn resume(&self, listed: &Listed) -> Result<Option<Box<dyn Staged>>, DocumentError> {
        Ok(staged::StagedFile::resume(self, listed)?.map(|staged| Box::new(staged) as Box<dyn Staged>))
    }

    fn stage(&self, listed: &Listed, salt: Salt, list: Chunks) -> Result<Box<dyn Staged>, DocumentError> {
        Ok(Box::new(staged::StagedFile::begin(self, listed, salt, list)?))
    }

    fn has_room(&self, bytes: u64) -> Result<(), DocumentError> {
        room::check(&self.root, self.room, bytes)
    }

    fn erase_staged(&self, wanted: &dyn Fn(Digest) -> bool) -> Result<usize, DocumentError> {
        staged::erase(&self.root, wanted)
    }
}

fn folder_and_path(root: &Path, digest: Digest) -> (PathBuf, PathBuf) {
    let name = digest.to_string();
    let (first, rest) = name.split_at_checked(2).unwrap_or(("", &name));
    let folder = root.join(first);
    let path = folder.join(rest);
    (folder, path)
}

/// Makes a folder and those above it that are missing, and makes their names durable.
fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folder(parent)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(parent),
    }
}

/// Makes the names in a folder durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn remove_unfinished(incoming: &Path) -> io::Result<()> {
    for entry in fs::read_dir(incoming)? {
        fs::remove_file(entry?.path())?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
