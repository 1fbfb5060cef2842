//! A folder of files keeps the contract of a source, and its numbers through a crash. Wrong implementations that fail here: positions by time
//! (two files of the same instant, or an older one moved in later, are lost), by name, or counted anew at each start.

use super::*;
use concerto_port::contract::{MAIL_BYTES_MAX, SourceSubject, source_contract};
use std::collections::BTreeMap;
use tempfile::TempDir;

struct Subject {
    place: TempDir,
    named: BTreeMap<Vec<u8>, PathBuf>,
}

impl Subject {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("mails")).unwrap();
        Self { place, named: BTreeMap::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join("mails").join(name)
    }

    fn write(&self, name: &str, mail: &[u8], age: Duration) {
        fs::write(self.path(name), mail).unwrap();
        let file = File::options().write(true).open(self.path(name)).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }

    fn open(&self) -> FolderSource {
        let place = self.place.path();
        FolderSource::open(&place.join("mails"), &place.join("index"), MAIL_BYTES_MAX).unwrap()
    }

    fn read(&self, after: Option<Cursor>) -> (Vec<String>, Reading) {
        let mut got = Vec::new();
        let reading = self.open().read(after, 100, &mut |arrived| {
            let Content::Mail(mail) = arrived.content else { panic!("a mail") };
            got.push(String::from_utf8(mail.to_vec()).unwrap());
            ControlFlow::Continue(())
        });
        (got, reading.unwrap())
    }
}

impl SourceSubject for Subject {
    fn source(&mut self) -> Box<dyn MailSource> {
        Box::new(self.open())
    }
    fn arrive(&mut self, mail: &[u8]) {
        // all of one second: the name decides the order
        let name = format!("{:04}.eml", self.named.len());
        self.write(&name, mail, Duration::from_secs(60 - self.named.len() as u64));
        self.named.insert(mail.to_vec(), self.path(&name));
    }
    fn remove(&mut self, mail: &[u8]) {
        fs::remove_file(&self.named[mail]).unwrap();
    }
    fn renumber(&mut self) -> bool {
        fs::remove_file(self.place.path().join("index")).unwrap();
        true
    }
}

#[test]
fn a_folder_of_files_keeps_the_contract() {
    source_contract(&mut || Box::new(Subject::new()));
}

#[test]
fn an_older_file_that_comes_later_is_read_and_so_is_one_that_changed() {
    let subject = Subject::new();
    subject.write("b.eml", b"b", Duration::from_secs(60));
    let (got, reading) = subject.read(None);
    assert_eq!(got, ["b"]);
    subject.write("a.EML", b"a", Duration::from_secs(3600));
    subject.write("b.eml", b"b, changed", Duration::from_secs(30));
    let (got, reading) = subject.read(Some(reading.cursor));
    assert_eq!(got, ["a", "b, changed"]);
    assert_eq!(subject.read(Some(reading.cursor)).0, [""; 0]);
    // the first line of `b` is still numbered, and its file is another mail now
    assert_eq!(subject.read(None).0, ["a", "b, changed"]);
}

#[test]
fn what_is_no_mail_file_or_may_still_be_written_waits() {
    let subject = Subject::new();
    subject.write("new.eml", b"half", Duration::ZERO);
    subject.write(".hidden.eml", b"x", Duration::from_secs(60));
    subject.write("note.txt", b"x", Duration::from_secs(60));
    fs::create_dir(subject.path("folder.eml")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", subject.path("link.eml")).unwrap();
    assert_eq!(subject.read(None).0, [""; 0]);
    subject.write("new.eml", b"whole", Duration::from_secs(3));
    assert_eq!(subject.read(None).0, ["whole"]);
}

#[test]
fn an_index_that_a_crash_cut_off_gives_no_number_twice() {
    let subject = Subject::new();
    let index = subject.place.path().join("index");
    subject.write("1.eml", b"1", Duration::from_secs(60));
    subject.write("2.eml", b"2", Duration::from_secs(50));
    let (_, reading) = subject.read(None);
    let whole = fs::read(&index).unwrap();
    fs::write(&index, &whole[..whole.len() - 3]).unwrap();
    let (got, again) = subject.read(Some(Cursor { position: 1, ..reading.cursor }));
    assert_eq!((got, again.cursor), (vec!["2".to_owned()], reading.cursor));
    assert_eq!(fs::read(&index).unwrap(), whole);
    fs::write(&index, b"concerto-mail").unwrap();
    assert!(subject.read(Some(reading.cursor)).1.begun_again);
}
