//! A folder of mail files (`*.eml`) as a source: what another program exports, or drops there.
//!
//! Files have no order and no numbers, so this source gives them some, as a mail server does: an index of its own, in another folder, has one
//! line for each file found, and the line's number is its position. Nothing is written to the folder of mails, and nothing taken from it. A file
//! that changed is a new mail. The index is durable before a number is given out, so that a cursor means the same after a crash.

use concerto_port::{Arrived, Content, Cursor, MailSource, MailboxError, Reading};
use std::collections::HashSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufReader, Read as _, Write as _};
use std::ops::ControlFlow;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::limits::{FILE_SETTLED, FOLDER_FILES_MAX};

/// How often a waiting source looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What an index begins with; the epoch follows.
const TITLE: &str = "concerto-mail-folder/1 ";

/// A file as the index knows it: one with another size or time is another mail.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Known {
    name: String,
    bytes: u64,
    changed_ns: i64,
}

/// Reads a folder of files.
#[derive(Debug)]
pub struct FolderSource {
    folder: PathBuf,
    index: File,
    epoch: u64,
    /// By number, from 1.
    files: Vec<Arc<Known>>,
    numbered: HashSet<Arc<Known>>,
    mail_bytes_max: usize,
}

impl FolderSource {
    /// Opens a folder and its index, which is made where there is none.
    ///
    /// # Errors
    /// [`MailboxError::Medium`].
    pub fn open(folder: &Path, index: &Path, mail_bytes_max: usize) -> Result<Self, MailboxError> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(index)?;
        let mut source = Self {
            folder: folder.to_owned(),
            index: file.try_clone()?,
            epoch: 0,
            files: Vec::new(),
            numbered: HashSet::new(),
            mail_bytes_max,
        };
        let whole = source.load(BufReader::new(&mut file))?;
        if source.epoch == 0 {
            // a new index, or one whose first line was never whole
            file.set_len(0)?;
            source.epoch = nanoseconds(SystemTime::now());
            writeln!(file, "{TITLE}{}", source.epoch)?;
            file.sync_all()?;
        } else {
            // a line that a crash cut off was never given out
            file.set_len(whole)?;
        }
        Ok(source)
    }

    /// Reads the index; gives the length of its whole lines.
    fn load(&mut self, mut reader: impl io::BufRead) -> io::Result<u64> {
        let (mut whole, mut line) = (0, String::new());
        loop {
            line.clear();
            let read = reader.by_ref().read_line(&mut line)?;
            let Some(text) = line.strip_suffix('\n') else { return Ok(whole) };
            if self.epoch == 0 {
                self.epoch = text.strip_prefix(TITLE).and_then(|epoch| epoch.parse().ok()).unwrap_or(0);
            } else if let Some(known) = Known::read(text) {
                self.remember(known);
            } else {
                return Ok(whole);
            }
            whole += read as u64;
        }
    }

    fn remember(&mut self, known: Known) {
        let known = Arc::new(known);
        self.files.push(Arc::clone(&known));
        self.numbered.insert(known);
    }

    /// Gives numbers to files that have none, in the order of their times.
    fn look(&mut self) -> Result<bool, MailboxError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if !name.to_ascii_lowercase().ends_with(".eml") || name.starts_with('.') || name.contains('\n') {
                continue;
            }
            // the entry's own metadata: a link to somewhere else is no mail
            let Some(facts) = entry.metadata().ok().filter(Metadata::is_file) else { continue };
            let known = Known::of(name, &facts);
            if is_settled(&facts) && !self.numbered.contains(&known) {
                found.push(known);
            }
        }
        if found.is_empty() {
            return Ok(false);
        }
        if self.files.len() + found.len() > FOLDER_FILES_MAX {
            return Err(io::Error::from(io::ErrorKind::QuotaExceeded).into());
        }
        found.sort_by(|a, b| (a.changed_ns, &a.name).cmp(&(b.changed_ns, &b.name)));
        let lines: String = found.iter().map(Known::line).collect();
        self.index.write_all(lines.as_bytes())?;
        self.index.sync_data()?;
        found.into_iter().for_each(|known| self.remember(known));
        Ok(true)
    }

    /// A mail, or nothing where the file is gone or another one has its name.
    fn content(&self, known: &Known, mail: &mut Vec<u8>) -> Result<Option<u64>, MailboxError> {
        let path = self.folder.join(&known.name);
        let file = match OpenOptions::new().read(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if Known::of(known.name.clone(), &file.metadata()?) != *known {
            return Ok(None);
        }
        mail.clear();
        let bound = u64::try_from(self.mail_bytes_max).unwrap_or(u64::MAX);
        if known.bytes <= bound {
            file.take(bound.saturating_add(1)).read_to_end(mail)?;
        }
        Ok(Some(known.bytes.max(mail.len() as u64)))
    }
}

impl MailSource for FolderSource {
    fn read(
        &mut self,
        after: Option<Cursor>,
        most: usize,
        take: &mut dyn FnMut(&Arrived<'_>) -> ControlFlow<()>,
    ) -> Result<Reading, MailboxError> {
        let epoch = self.epoch;
        let known = after.filter(|cursor| cursor.epoch == epoch);
        let cursor = known.unwrap_or(Cursor { epoch, position: 0 });
        let mut reading =
            Reading { cursor, taken: 0, more: false, begun_again: after.is_some() && known.is_none() };
        let mut mail = Vec::new();
        let first = usize::try_from(cursor.position).unwrap_or(usize::MAX);
        // looking costs as much as there are files, so it waits until those that have numbers are read
        if first >= self.files.len() {
            self.look()?;
        }
        for (number, known) in (1_u64..).zip(&self.files).skip(first) {
            if reading.taken >= most {
                reading.more = true;
                break;
            }
            let here = Cursor { epoch, position: number };
            if let Some(bytes) = self.content(known, &mut mail)? {
                let large = bytes > self.mail_bytes_max as u64;
                let content = if large { Content::TooLarge { bytes } } else { Content::Mail(&mail) };
                if take(&Arrived { cursor: here, content }).is_break() {
                    reading.more = true;
                    break;
                }
                reading.taken += 1;
            }
            reading.cursor = here;
        }
        Ok(reading)
    }

    fn wait(&mut self, at_most: Duration) -> Result<bool, MailboxError> {
        let mut left = at_most;
        loop {
            if self.look()? {
                return Ok(true);
            }
            if left.is_zero() {
                return Ok(false);
            }
            let pause = left.min(LOOK_EVERY);
            std::thread::sleep(pause);
            left -= pause;
        }
    }
}

impl Known {
    fn of(name: String, facts: &Metadata) -> Self {
        let changed_ns = facts.mtime().saturating_mul(1_000_000_000).saturating_add(facts.mtime_nsec());
        Self { name, bytes: facts.len(), changed_ns }
    }

    fn line(&self) -> String {
        format!("{} {} {}\n", self.bytes, self.changed_ns, self.name)
    }

    fn read(line: &str) -> Option<Self> {
        let mut parts = line.splitn(3, ' ');
        let (bytes, changed, name) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { name: name.to_owned(), bytes: bytes.parse().ok()?, changed_ns: changed.parse().ok()? })
    }
}

/// Whether the last change is long enough ago, or in a future that no writer of now has: else it may still be written.
fn is_settled(facts: &Metadata) -> bool {
    let Ok(changed) = facts.modified() else { return true };
    match SystemTime::now().duration_since(changed) {
        Ok(age) => age >= FILE_SETTLED,
        Err(ahead) => ahead.duration() >= FILE_SETTLED,
    }
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
