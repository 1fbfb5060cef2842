//! The contracts of the port, over Dovecot and Postfix.

use super::{Provider, SENDER, Watched};
use concerto_pec::{MailId, PecType, examine};
use concerto_pec_mail::{ImapSource, Settings, SmtpSender};
use concerto_port::contract::{
    MAIL_BYTES_MAX, SenderSubject, SourceSubject, sender_contract, source_contract,
};
use concerto_port::{MailSender, MailSource};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A folder of the mailbox, which another program fills and empties below Dovecot.
struct DovecotFolder {
    settings: Settings,
    path: PathBuf,
    count: u32,
    named: Vec<(Vec<u8>, String)>,
}

impl DovecotFolder {
    fn new(provider: &Provider, number: u32) -> Self {
        let name = format!("Prova{}-{number}", std::process::id());
        let path = provider.maildir(SENDER).join(format!(".{name}"));
        let settings = Settings { folder: name, mail_bytes_max: MAIL_BYTES_MAX, ..provider.settings(SENDER) };
        let folder = Self { settings, path, count: 0, named: Vec::new() };
        folder.make();
        folder
    }

    fn make(&self) {
        for part in ["", "new", "cur", "tmp"] {
            let path = self.path.join(part);
            fs::create_dir_all(&path).unwrap();
            give(&path);
        }
    }
}

/// A folder or file that belongs to the owner of the mails.
pub(crate) fn give(path: &Path) {
    let owner = fs::metadata(path.ancestors().find(|up| up.ends_with("Maildir")).unwrap().parent().unwrap());
    use std::os::unix::fs::MetadataExt as _;
    let owner = owner.unwrap();
    std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid())).unwrap();
}

impl SourceSubject for DovecotFolder {
    fn source(&mut self) -> Box<dyn MailSource> {
        Box::new(ImapSource::new(self.settings.clone()).unwrap())
    }
    fn arrive(&mut self, mail: &[u8]) {
        self.count += 1;
        let name = format!("{}.M{}P1.prova", 1_700_000_000 + self.count, self.count);
        // as Postfix stores it: without CR
        let text: Vec<u8> = mail.iter().copied().filter(|byte| *byte != b'\r').collect();
        let (unfinished, path) = (self.path.join("tmp").join(&name), self.path.join("new").join(&name));
        fs::write(&unfinished, text).unwrap();
        give(&unfinished);
        fs::rename(unfinished, path).unwrap();
        self.named.push((mail.to_vec(), name));
    }
    fn remove(&mut self, mail: &[u8]) {
        let (_, name) = self.named.iter().find(|(held, _)| held == mail).unwrap();
        for folder in ["new", "cur"] {
            for entry in fs::read_dir(self.path.join(folder)).unwrap() {
                let entry = entry.unwrap();
                if entry.file_name().to_str().unwrap().starts_with(name.as_str()) {
                    fs::remove_file(entry.path()).unwrap();
                }
            }
        }
    }
    fn renumber(&mut self) -> bool {
        // somebody deletes the folder and makes it anew, with the same mails, when the server has let go of it
        std::thread::sleep(Duration::from_secs(1));
        fs::remove_dir_all(&self.path).unwrap();
        self.make();
        for (mail, _) in std::mem::take(&mut self.named) {
            self.arrive(&mail);
        }
        true
    }
}

#[test]
#[ignore = "needs the PEC provider: packaging/pec.sh runs it"]
fn a_folder_of_dovecot_keeps_the_contract_and_nothing_in_it_is_marked() {
    let provider = Provider::running();
    let mut number = 0;
    let mut last = PathBuf::new();
    source_contract(&mut || {
        number += 1;
        let folder = DovecotFolder::new(&provider, number);
        last.clone_from(&folder.path);
        Box::new(folder)
    });
    // read-only means that Dovecot has not even moved them out of `new`, and no flag stands in a name
    let names: Vec<_> =
        ["new", "cur"].iter().flat_map(|part| fs::read_dir(last.join(part)).unwrap()).collect();
    assert_eq!(names.len(), 4);
    for entry in names {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.contains(":2,") || name.ends_with(":2,"), "{name}");
    }
}

/// The mailbox that sends, and the acceptances that come back.
struct Sending {
    provider: Provider,
    watched: Watched,
}

impl SenderSubject for Sending {
    fn sender(&mut self) -> Box<dyn MailSender> {
        Box::new(SmtpSender::new(self.provider.settings(SENDER)).unwrap())
    }
    fn read_only(&mut self) -> Box<dyn MailSender> {
        let settings = Settings { submission: None, ..self.provider.settings(SENDER) };
        Box::new(SmtpSender::new(settings).unwrap())
    }
    fn taken(&mut self) -> Vec<MailId> {
        // as long as something comes
        let mut before = usize::MAX;
        while before != self.watched.mails.len() {
            before = self.watched.mails.len();
            self.watched.source.wait(Duration::from_secs(5)).unwrap();
            self.watched.read();
        }
        let cms = self.provider.cms();
        let mails = self.watched.mails.iter().map(|mail| examine(mail, &cms, None).unwrap());
        let accepted = mails.filter(|mail| mail.kind == PecType::Acceptance);
        accepted.map(|mail| mail.content.daticert.unwrap().message_id.unwrap()).collect()
    }
}

#[test]
#[ignore = "needs the PEC provider: packaging/pec.sh runs it"]
fn submission_through_postfix_keeps_the_contract() {
    let provider = Provider::running();
    let watched = Watched::new(&provider, SENDER);
    sender_contract(&mut Sending { provider, watched });
}
