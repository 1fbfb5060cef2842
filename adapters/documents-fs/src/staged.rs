//! Documents that come piece by piece, in `staged/`: a file of salt and bytes so far, beside it its list of chunks.
//!
//! Every byte is written as it comes, so that the end of the process loses none; the disk is synced beside the writing, every
//! [`SYNC_BYTES`], so that a power cut loses little and the end has little left to sync. Taking a document up again checks it chunk by
//! chunk. A lock on the file keeps others away, also other processes; it ends with the process.

use concerto_message::limits::CHUNK_BYTES;
use concerto_message::{Checking, Chunks, Digest, Listed, Salt, StreamedError};
use concerto_port::{DocumentError, DocumentStore, Staged};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::{FolderStore, SALT_BYTES, sidecar, sync_folder};

/// The folder of staged documents, below the store's own.
pub(crate) const FOLDER: &str = "staged";
/// Bytes written between two syncs.
const SYNC_BYTES: u64 = 16 * 1024 * 1024;

/// Syncs a file beside those who write it.
struct Syncer {
    ask: Option<SyncSender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Syncer {
    fn start(file: &File) -> io::Result<Self> {
        let file = file.try_clone()?;
        let (ask, asked) = sync_channel(1);
        let work = move || asked.iter().try_for_each(|()| file.sync_data());
        let thread = std::thread::Builder::new().name("document-sync".into()).spawn(work)?;
        Ok(Self { ask: Some(ask), thread: Some(thread) })
    }

    /// Asks for a sync; one that is asked for already is enough.
    fn ask(&self) {
        if let Some(ask) = &self.ask {
            let _ = ask.try_send(()); // full: one is due; gone: it failed, and `end` tells
        }
    }

    /// Waits for the last sync; an error that any of them met is told.
    fn end(&mut self) -> io::Result<()> {
        self.ask = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(io::Error::other("the thread that syncs a document ended")),
            None => Ok(()),
        }
    }
}

/// A staged document.
pub(crate) struct StagedFile {
    root: PathBuf,
    file: File,
    path: PathBuf,
    checking: Checking,
    unsynced: u64,
    syncer: Option<Syncer>,
}

impl StagedFile {
    /// Begins a document.
    pub(crate) fn begin(
        store: &FolderStore,
        listed: &Listed,
        salt: Salt,
        list: Chunks,
    ) -> Result<Self, DocumentError> {
        let file = sidecar::list_file(&salt, &list);
        let checking = Checking::new(*listed, salt, list)?;
        store.has_room(listed.size)?;
        let path = staged_path(store.root(), listed.digest);
        let staged = match locked(&path, true)? {
            Locked::Free(staged) => staged,
            Locked::Taken | Locked::Gone => return Err(DocumentError::Busy(listed.digest)),
        };
        // what an earlier list left is of no use
        staged.set_len(0)?;
        store.write_file(&path.with_extension(LIST), |out| Ok(out.write_all(&file)?))?;
        staged.write_all_at(&salt.0, 0)?;
        sync_folder(&store.root().join(FOLDER))?;
        Ok(Self::new(store, staged, path, checking))
    }

    /// Takes up what is staged; none if nothing usable is.
    pub(crate) fn resume(store: &FolderStore, listed: &Listed) -> Result<Option<Self>, DocumentError> {
        let path = staged_path(store.root(), listed.digest);
        let mut staged = match locked(&path, false)? {
            Locked::Free(staged) => staged,
            Locked::Taken => return Err(DocumentError::Busy(listed.digest)),
            Locked::Gone => return Ok(None),
        };
        let Some(mut checking) = begun(&mut staged, &path, listed)? else {
            remove(&path)?;
            return Ok(None);
        };
        check_again(&mut staged, &mut checking)?;
        staged.set_len(SALT_BYTES as u64 + checking.size())?;
        Ok(Some(Self::new(store, staged, path, checking)))
    }

    fn new(store: &FolderStore, file: File, path: PathBuf, checking: Checking) -> Self {
        Self { root: store.root().to_owned(), file, path, checking, unsynced: 0, syncer: None }
    }

    fn write(&mut self, place: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, SALT_BYTES as u64 + place)?;
        self.unsynced += bytes.len() as u64;
        if self.unsynced >= SYNC_BYTES {
            self.unsynced = 0;
            if self.syncer.is_none() {
                self.syncer = Some(Syncer::start(&self.file)?);
            }
            if let Some(syncer) = &self.syncer {
                syncer.ask();
            }
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.syncer.take().map_or(Ok(()), |mut syncer| syncer.end())?;
        self.file.sync_all()
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        // what was not synced is checked again when it is taken up
        let _ = self.syncer.take().map(|mut syncer| syncer.end());
    }
}

impl Staged for StagedFile {
    fn size(&self) -> u64 {
        self.checking.size()
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), DocumentError> {
        let place = self.checking.size();
        if let Err(error) = self.checking.update(bytes) {
            self.file.set_len(SALT_BYTES as u64 + self.checking.size())?;
            // chunks that these bytes completed before the bad one are good and were not written yet
            let good = usize::try_from(self.checking.size().saturating_sub(place)).unwrap_or(0);
            self.write(place, bytes.get(..good).unwrap_or_default())?;
            return Err(error.into());
        }
        Ok(self.write(place, bytes)?)
    }

    fn finish(mut self: Box<Self>) -> Result<(), DocumentError> {
        let digest = self.checking.listed().digest;
        match self.checking.finish() {
            Ok(()) => {}
            Err(error @ StreamedError::Inconsistent) => {
                remove(&self.path)?;
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        }
        self.sync()?;
        let (folder, path) = crate::folder_and_path(&self.root, digest);
        crate::make_folder(&folder)?;
        sync_folder(&self.root)?;
        // a document without its list is whole all the same: the list is computed when it is needed
        fs::rename(&self.path, &path)?;
        fs::rename(self.path.with_extension(LIST), path.with_extension(LIST))?;
        Ok(sync_folder(&folder)?)
    }
}

/// Ending of the file with the list of chunks.
const LIST: &str = "chunks";

fn staged_path(root: &Path, digest: Digest) -> PathBuf {
    root.join(FOLDER).join(digest.to_string())
}

/// What became of the wish to hold a staged file alone.
enum Locked {
    Free(File),
    Taken,
    Gone,
}

fn locked(path: &Path, create: bool) -> io::Result<Locked> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(create).truncate(false).mode(0o600);
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Locked::Gone),
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(Locked::Taken),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    // whoever held it may have put it in its place, or erased it, between the opening and the lock
    let same =
        fs::metadata(path).is_ok_and(|found| file.metadata().is_ok_and(|own| own.ino() == found.ino()));
    Ok(if same { Locked::Free(file) } else { Locked::Gone })
}

/// Salt and list of a staged document, if they are those that the link names.
fn begun(staged: &mut File, path: &Path, listed: &Listed) -> io::Result<Option<Checking>> {
    let mut salt = Salt([0; SALT_BYTES]);
    match staged.read_exact(&mut salt.0) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let list = match fs::read(path.with_extension(LIST)) {
        Ok(file) => sidecar::parse_list(&salt, &file),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    Ok(list.and_then(|list| Checking::new(*listed, salt, list).ok()))
}

/// Checks the bytes held, up to the first bad chunk.
fn check_again(staged: &mut File, checking: &mut Checking) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let left = usize::try_from(checking.listed().size - checking.size()).unwrap_or(usize::MAX);
        let room = buffer.len().min(left);
        let read = staged.read(buffer.get_mut(..room).unwrap_or_default())?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() || checking.update(bytes).is_err() {
            return Ok(());
        }
    }
}

/// Removes a staged document. The caller holds its lock.
fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    match fs::remove_file(path.with_extension(LIST)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Erases what is staged, not wanted and not under way.
pub(crate) fn erase(root: &Path, wanted: &dyn Fn(Digest) -> bool) -> Result<usize, DocumentError> {
    let mut erased = 0;
    for entry in fs::read_dir(root.join(FOLDER))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let digest = name.parse::<Digest>().ok();
        if digest.is_some_and(wanted) || digest.is_none() && path.with_extension("").exists() {
            continue;
        }
        if digest.is_none() {
            fs::remove_file(&path)?; // a list without its document
            continue;
        }
        if let Locked::Free(_staged) = locked(&path, false)? {
            remove(&path)?;
            erased += 1;
        }
    }
    Ok(erased)
}
