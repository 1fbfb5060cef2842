//! Where marks lie (`concerto_core::continuity`): one small file for each incarnation in the machine's shared memory.
//!
//! `/dev/shm` is a tmpfs: it is in no backup, on no disk and in no copy of the node's folder, it is lost when the machine stops, and what
//! was written there survives the death of the process. A folder that is no tmpfs is not used. The file is locked while its node runs,
//! so that a copy of the folder that is started beside it finds no mark. Without a mark nothing stops: the next own link opens a new
//! incarnation.

use concerto_core::Mark;
use concerto_message::Incarnation;
use rustix::fs::{OFlags, fstatfs};
use rustix::process::geteuid;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The folder of marks.
const FOLDER: &str = "/dev/shm";
/// `TMPFS_MAGIC` of `statfs(2)`.
const TMPFS: i64 = 0x0102_1994;

/// The marks of one node.
#[derive(Debug)]
pub(crate) struct Marks {
    folder: PathBuf,
    held: Option<(Incarnation, File)>,
}

impl Marks {
    /// The marks of this machine.
    pub(crate) fn new() -> Self {
        Self { folder: PathBuf::from(FOLDER), held: None }
    }

    /// The mark of an incarnation, locked from now on; none where it is missing, in use elsewhere, or not what this program wrote.
    pub(crate) fn find(&mut self, incarnation: &Incarnation) -> Option<Mark> {
        if self.held.as_ref().is_none_or(|(held, _)| held != incarnation) {
            let path = self.path(incarnation);
            match open(&path, OpenOptions::new().read(true).write(true)) {
                Ok(file) => self.held = Some((*incarnation, file)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
                Err(error) => {
                    tracing::warn!(%error, path = %path.display(), "the mark of this node cannot be used");
                    return None;
                }
            }
        }
        let (_, file) = self.held.as_ref()?;
        let mut bytes = [0; Mark::BYTES];
        file.read_exact_at(&mut bytes, 0).ok()?;
        Mark::from_bytes(&bytes)
    }

    /// Notes a mark. What cannot be noted is taken away: no mark is better than an old one.
    pub(crate) fn note(&mut self, mark: &Mark) {
        if let Err(error) = self.try_note(mark) {
            tracing::warn!(%error, "no mark can be kept; after the next start this node opens a new incarnation");
            self.forget();
        }
    }

    fn try_note(&mut self, mark: &Mark) -> io::Result<()> {
        if self.held.as_ref().is_none_or(|(held, _)| *held != mark.incarnation) {
            self.forget();
            let options = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).clone();
            self.held = Some((mark.incarnation, open(&self.path(&mark.incarnation), &options)?));
        }
        match &self.held {
            Some((_, file)) => file.write_all_at(&mark.to_bytes(), 0),
            None => Ok(()),
        }
    }

    /// Takes the mark of the incarnation before away: nobody goes on in it.
    fn forget(&mut self) {
        let Some((incarnation, file)) = self.held.take() else { return };
        let gone = std::fs::remove_file(self.path(&incarnation));
        if gone.is_err() && file.set_len(0).is_err() {
            tracing::error!(counter = incarnation.counter, "an old mark could not be taken away");
        }
    }

    fn path(&self, incarnation: &Incarnation) -> PathBuf {
        self.folder.join(format!("concerto-{}.mark", incarnation.nonce))
    }
}

/// Opens and locks a mark: a plain file of this user alone, on a tmpfs.
fn open(path: &Path, options: &OpenOptions) -> io::Result<File> {
    let follow_no_link = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let file = options.clone().custom_flags(follow_no_link).open(path)?;
    let found = file.metadata()?;
    let own = found.is_file() && found.uid() == geteuid().as_raw() && found.mode() & 0o077 == 0;
    #[allow(clippy::unnecessary_cast, reason = "the type of f_type differs between architectures")]
    let volatile = fstatfs(&file)?.f_type as i64 == TMPFS;
    if !own || !volatile {
        return Err(io::Error::other("not a file of this user on a tmpfs"));
    }
    file.try_lock()?;
    Ok(file)
}

#[cfg(test)]
#[path = "mark_tests.rs"]
mod tests;
