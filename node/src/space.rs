//! The disk under a node's folder: how full it is, and the reserve for the day when it is.
//!
//! The reserve is a file of the configured size. When the disk is full it is deleted, so that what must be written still can be: receipts
//! for what is durable, alarms, marks. Once there is room again it is made anew, and only then is anything new taken.

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Name of the reserve in a node's folder.
pub(crate) const RESERVE: &str = "reserve";
/// The disk counts as full when less than this part of the reserve is free beside it.
const FLOOR_PART: u64 = 8;
/// Part of the reserve that must be free beside it when it is made again, so that the node does not waver.
const MARGIN_PART: u64 = 4;
/// From this share of the disk on an alarm is raised.
pub(crate) const FILLING_PERCENT: u64 = 80;
/// Written at one time where a file system cannot allocate.
static BLOCK: [u8; 64 * 1024] = [0; 64 * 1024];

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// Bytes that this user may still write.
    pub(crate) available: u64,
    /// Share of the disk in use.
    pub(crate) used_percent: u64,
}

/// The disk and the reserve on it.
#[derive(Debug, Clone)]
pub(crate) struct Space {
    folder: PathBuf,
    reserve_bytes: u64,
}

impl Space {
    pub(crate) fn new(folder: &Path, reserve_bytes: u64) -> Self {
        Self { folder: folder.to_owned(), reserve_bytes }
    }

    /// How full the disk is. A file system without free inodes is full, too.
    pub(crate) fn look(&self) -> io::Result<Room> {
        let found = statvfs(&self.folder)?;
        let usable = found.f_blocks.saturating_sub(found.f_bfree).saturating_add(found.f_bavail);
        let used = usable.saturating_sub(found.f_bavail);
        let no_inode = found.f_files > 0 && found.f_favail == 0;
        Ok(Room {
            available: if no_inode { 0 } else { found.f_bavail.saturating_mul(found.f_frsize) },
            used_percent: used.saturating_mul(100).checked_div(usable).unwrap_or(0),
        })
    }

    /// Whether nothing new may be taken with so much room.
    pub(crate) fn is_full(&self, room: Room) -> bool {
        room.available < self.reserve_bytes / FLOOR_PART
    }

    /// Whether there is room for the reserve and then some.
    pub(crate) fn has_room(&self, room: Room) -> bool {
        room.available >= self.reserve_bytes + self.reserve_bytes / MARGIN_PART
    }

    /// Whether the reserve is there, whole.
    pub(crate) fn is_made(&self) -> bool {
        std::fs::metadata(self.path()).is_ok_and(|found| found.len() == self.reserve_bytes)
    }

    /// Makes the reserve, with real blocks.
    pub(crate) fn make(&self) -> io::Result<()> {
        let made = self.try_make();
        if made.is_err() {
            self.release(); // half a reserve would look like one
        }
        made
    }

    fn try_make(&self) -> io::Result<()> {
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(self.path())?;
        match fallocate(&file, FallocateFlags::empty(), 0, self.reserve_bytes) {
            Ok(()) => {}
            Err(Errno::OPNOTSUPP) => fill(&file, self.reserve_bytes)?,
            Err(error) => return Err(error.into()),
        }
        file.sync_all()
    }

    /// Gives the reserve's room to whoever writes next.
    pub(crate) fn release(&self) {
        match std::fs::remove_file(self.path()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::error!(%error, "the reserve could not be released");
            }
            _ => {}
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(RESERVE)
    }
}

fn fill(mut file: &File, bytes: u64) -> io::Result<()> {
    let mut left = bytes;
    while left > 0 {
        let block = BLOCK.get(..usize::try_from(left).unwrap_or(BLOCK.len())).unwrap_or(&BLOCK);
        file.write_all(block)?;
        left -= block.len() as u64;
    }
    Ok(())
}
