//! Documents that were uploaded. Their bytes go straight into the node's document store, whatever their size, in memory that does not
//! depend on it; the store's quota and reserve are the only bound.
//!
//! Beside the journal lies a small note for each upload, named by the SHA-256 of its bytes: uploading the same bytes twice changes nothing,
//! so an upload needs no key. What no link lists a day after it was last named is erased from the store again.

use bytes::Bytes;
use concerto_core::{Content, NewDocument};
use concerto_message::{Audience, Digest, Salt};
use concerto_port::{DocumentError, DocumentStore, JournalFeed};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::problem::Problem;
use crate::tokens::replace;

/// Uploads that come in at one time; others are told to come again.
const COMING_MAX: usize = 8;
/// Pieces of an upload that wait for the disk.
pub(crate) const PIECES_MAX: usize = 4;
/// Uploads that no act has used yet.
const UPLOADS_MAX: usize = 4096;
/// How long an upload is kept that no act uses.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// Bytes written between two looks at the room: others write too, and an upload need not say its length.
const ROOM_STEP_BYTES: u64 = 16 * 1024 * 1024;
/// Links read in one go.
const LINKS_PAGE: usize = 256;

/// The folder of notes about uploads.
pub(crate) struct Uploads {
    folder: PathBuf,
    coming: Arc<Semaphore>,
    // what is named is not erased, and what is counted is not added to
    one: Mutex<()>,
}

/// What is known of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// Under which digest the store holds it.
    document: Digest,
    /// Its bytes.
    size: u64,
}

/// What an upload begins with.
pub(crate) struct Begun {
    /// The salt of the document.
    pub(crate) salt: Salt,
    /// Its media type.
    pub(crate) media_type: String,
    /// The length that the request announces.
    pub(crate) announced: Option<u64>,
}

impl Uploads {
    /// Opens the folder.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let coming = Arc::new(Semaphore::new(COMING_MAX));
        Ok(Self { folder: folder.to_path_buf(), coming, one: Mutex::default() })
    }

    /// A place for one upload that comes in.
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        self.coming.clone().try_acquire_owned().map_err(|_| Problem::new("node.busy"))
    }

    /// Keeps an upload, durable when this returns; gives its name and its bytes. The pieces end with `None`: where they end without
    /// it the caller is gone and nothing is kept. Waits for pieces and for the disk.
    pub(crate) fn add(
        &self,
        store: &dyn DocumentStore,
        begun: Begun,
        pieces: mpsc::Receiver<Option<Bytes>>,
    ) -> Result<(Digest, u64), Problem> {
        let Begun { salt, media_type, announced } = begun;
        let mut source = Source {
            uploads: self,
            store,
            pieces,
            announced,
            rest: Bytes::new(),
            hash: sha2::Sha256::default(),
            size: 0,
            ended: None,
            refused: None,
        };
        let added = store.add(salt, &media_type, announced.unwrap_or_default(), &mut source);
        let name = source.ended.map(|(name, _)| name);
        if let Some((name, Some(note))) = source.ended {
            return Ok((name, note.size));
        }
        let held = match (added, source.refused) {
            (_, Some(refused)) => return Err(refused.into()),
            (added, None) => added?,
        };
        let name = name.ok_or_else(|| Problem::new("api.internal"))?;
        let noted = self.note(store, name, Note { document: held.digest, size: held.size });
        if !noted.as_ref().is_ok_and(|note| note.document == held.digest) {
            // nobody can name it
            store.erase(held.digest)?;
        }
        noted.map(|note| (name, note.size))
    }

    /// Writes a note; the one that stands is given back where the same bytes came twice at one time.
    fn note(&self, store: &dyn DocumentStore, name: Digest, note: Note) -> Result<Note, Problem> {
        let _one = self.one.lock().map_err(|_| Problem::new("api.internal"))?;
        if let Some(before) = read(&self.path(name))?
            && store.has(before.document)?
        {
            return Ok(before);
        }
        if fs::read_dir(&self.folder).map_err(failed)?.count() >= UPLOADS_MAX {
            return Err(Problem::new("upload.full"));
        }
        let bytes = serde_json::to_vec(&note).map_err(|e| Problem::about("api.internal", &e))?;
        replace(&self.path(name), &bytes).map_err(failed)?;
        Ok(note)
    }

    /// The upload of this name, if the store holds it; it is kept for another day.
    fn named(&self, store: &dyn DocumentStore, name: Digest) -> Result<Option<Note>, Problem> {
        let _one = self.one.lock().map_err(|_| Problem::new("api.internal"))?;
        let path = self.path(name);
        let Some(note) = read(&path)? else { return Ok(None) };
        if !store.has(note.document)? {
            return Ok(None);
        }
        let touched = File::options().write(true).open(&path);
        touched.and_then(|file| file.set_modified(SystemTime::now())).map_err(failed)?;
        Ok(Some(note))
    }

    /// An upload as a document of a new act.
    pub(crate) fn document(
        &self,
        store: &dyn DocumentStore,
        upload: Digest,
        media_type: String,
        audience: Audience,
    ) -> Result<NewDocument, Problem> {
        let note = self.named(store, upload)?.ok_or_else(|| Problem::about("upload.unknown", &upload))?;
        Ok(NewDocument { media_type, audience, content: Content::Held(note.document) })
    }

    /// Removes the notes that are old, and from the store what no link lists of them.
    ///
    /// The journal is read without a lock: a link that lists an old upload was written a day ago at the latest, because an act that names
    /// one makes its note young again. Only notes that are still old after the reading go.
    pub(crate) fn sweep(&self, journal: &dyn JournalFeed, store: &dyn DocumentStore) -> Result<(), Problem> {
        let (old, mut unused) = (self.old()?, BTreeSet::new());
        for path in &old {
            unused.extend(read(path)?.map(|note| note.document));
        }
        keep_listed(journal, &mut unused)?;
        let _one = self.one.lock().map_err(|_| Problem::new("api.internal"))?;
        for path in self.old()?.into_iter().filter(|path| old.contains(path)) {
            if let Some(note) = read(&path)?.filter(|note| unused.contains(&note.document)) {
                store.erase(note.document)?;
            }
            fs::remove_file(path).map_err(failed)?;
        }
        Ok(())
    }

    /// The notes of uploads that no act named for so long.
    fn old(&self) -> Result<BTreeSet<PathBuf>, Problem> {
        let now = SystemTime::now();
        let mut old = BTreeSet::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)?.flatten() {
            let modified = entry.metadata().and_then(|found| found.modified()).unwrap_or(now);
            if now.duration_since(modified).is_ok_and(|age| age > KEPT) {
                old.insert(entry.path());
            }
        }
        Ok(old)
    }

    fn path(&self, name: Digest) -> PathBuf {
        self.folder.join(name.to_string())
    }
}

/// Takes out what a link lists.
fn keep_listed(journal: &dyn JournalFeed, unused: &mut BTreeSet<Digest>) -> Result<(), Problem> {
    let mut row = 0;
    while !unused.is_empty() {
        let links = journal.links_after(row, LINKS_PAGE)?;
        let Some(last) = links.last() else { return Ok(()) };
        row = last.row;
        for stored in &links {
            for listed in stored.link.payload().attachments() {
                unused.remove(&listed.digest);
            }
        }
    }
    Ok(())
}

/// A note; none where there is none, or something else.
fn read(path: &Path) -> Result<Option<Note>, Problem> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// The pieces of an upload, as the store reads them.
struct Source<'a> {
    uploads: &'a Uploads,
    store: &'a dyn DocumentStore,
    pieces: mpsc::Receiver<Option<Bytes>>,
    announced: Option<u64>,
    rest: Bytes,
    hash: sha2::Sha256,
    size: u64,
    /// Its name once all of it came, and what was uploaded under it before.
    ended: Option<(Digest, Option<Note>)>,
    refused: Option<DocumentError>,
}

impl Source<'_> {
    /// The next piece that is not empty; none at the end.
    fn next(&mut self) -> io::Result<Option<Bytes>> {
        use sha2::Digest as _;
        loop {
            match self.pieces.blocking_recv() {
                None => return Err(io::ErrorKind::ConnectionAborted.into()),
                Some(Some(piece)) if piece.is_empty() => {}
                Some(Some(piece)) => return Ok(Some(piece)),
                Some(None) => break,
            }
        }
        let name = Digest(self.hash.clone().finalize().into());
        let before = self.uploads.named(self.store, name).ok().flatten();
        self.ended = Some((name, before));
        // an error makes the store drop the copy
        if before.is_some() { Err(io::Error::other("uploaded before")) } else { Ok(None) }
    }

    /// Looks at the room where another step of bytes begins.
    fn check_room(&mut self, more: u64) -> io::Result<()> {
        if self.size / ROOM_STEP_BYTES == (self.size + more) / ROOM_STEP_BYTES {
            return Ok(());
        }
        let coming = self.announced.map_or(ROOM_STEP_BYTES, |all| all.saturating_sub(self.size));
        self.store.has_room(coming.min(ROOM_STEP_BYTES)).map_err(|error| {
            self.refused = Some(error);
            io::Error::other("no room")
        })
    }
}

impl Read for Source<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        use sha2::Digest as _;
        if self.rest.is_empty() {
            if self.ended.is_some() {
                return Ok(0);
            }
            let Some(piece) = self.next()? else { return Ok(0) };
            self.check_room(piece.len() as u64)?;
            self.hash.update(&piece);
            self.size += piece.len() as u64;
            self.rest = piece;
        }
        let piece = self.rest.split_to(self.rest.len().min(into.len()));
        if let Some(place) = into.get_mut(..piece.len()) {
            place.copy_from_slice(&piece);
        }
        Ok(piece.len())
    }
}

fn failed(error: io::Error) -> Problem {
    DocumentError::Medium(error).into()
}

#[cfg(test)]
#[path = "uploads_tests.rs"]
mod tests;
