//! The scrub of the documents: every file read again and hashed, what a disk changed put aside.
//!
//! It needs no lock: files are never changed once they have their name. What is put aside lies in `quarantine/` under its name and a number, for
//! whoever wants to look; it is never served from there, and a document fetched again takes the free name.

use concerto_message::Digest;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::{COPY_BYTES, folder_and_path, make_folder, sync_folder};

/// The folder of what was put aside, below the store's own.
const QUARANTINE: &str = "quarantine";
/// Most copies of one document put aside.
const ASIDE_MAX: usize = 1000;

/// What a scrub found under a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The bytes have their digest.
    Good {
        /// How many, with the salt.
        bytes: u64,
    },
    /// There is no such file.
    Missing,
    /// The bytes are others, or cannot be read.
    Damaged(String),
}

/// A scrub of one folder of documents.
#[derive(Debug, Clone)]
pub struct Scrub {
    root: PathBuf,
}

impl Scrub {
    /// Of the store in this folder.
    pub fn new(root: impl AsRef<Path>) -> Self {
        Self { root: root.as_ref().to_owned() }
    }

    /// The digests under which files lie, in order.
    ///
    /// # Errors
    /// What the medium reports.
    pub fn digests(&self) -> io::Result<Vec<Digest>> {
        let mut found = Vec::new();
        let folders = match fs::read_dir(&self.root) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
            folders => folders?,
        };
        for folder in folders {
            let folder = folder?;
            let first = folder.file_name().to_string_lossy().into_owned();
            if first.len() != 2 || !folder.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(folder.path())? {
                let name = format!("{first}{}", file?.file_name().to_string_lossy());
                found.extend(name.parse::<Digest>()); // what stands beside documents has other names
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Reads and hashes one; `pace` is told how many bytes were read and may wait.
    pub fn check(&self, digest: Digest, pace: &mut dyn FnMut(usize)) -> Found {
        match self.hash(digest, pace) {
            Ok((found, bytes)) if found == digest => Found::Good { bytes },
            Ok((found, _)) => Found::Damaged(format!("its bytes have the digest {found}")),
            Err(error) if error.kind() == ErrorKind::NotFound => Found::Missing,
            Err(error) => Found::Damaged(error.to_string()),
        }
    }

    fn hash(&self, digest: Digest, pace: &mut dyn FnMut(usize)) -> io::Result<(Digest, u64)> {
        let mut file = File::open(folder_and_path(&self.root, digest).1)?;
        let (mut hash, mut bytes) = (Sha256::new(), 0);
        let mut block = vec![0; COPY_BYTES];
        loop {
            let read = file.read(&mut block)?;
            if read == 0 {
                return Ok((Digest(hash.finalize().into()), bytes));
            }
            hash.update(block.get(..read).unwrap_or_default());
            bytes += read as u64;
            pace(read);
        }
    }

    /// Puts a damaged one aside, durably; none that is there is no error.
    ///
    /// # Errors
    /// What the medium reports.
    pub fn quarantine(&self, digest: Digest) -> io::Result<()> {
        let ((folder, from), aside) = (folder_and_path(&self.root, digest), self.root.join(QUARANTINE));
        make_folder(&aside)?;
        let free = (1..=ASIDE_MAX).map(|n| aside.join(format!("{digest}.{n}"))).find(|path| !path.exists());
        let to = free.ok_or_else(|| io::Error::other("too many copies of this document are put aside"))?;
        match fs::rename(&from, to) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            moved => moved?,
        }
        sync_folder(&aside)?;
        sync_folder(&folder)
    }
}

#[cfg(test)]
#[path = "scrub_tests.rs"]
mod tests;
