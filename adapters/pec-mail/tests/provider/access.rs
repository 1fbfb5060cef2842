//! The way in: TLS from the first byte and by STARTTLS, passwords, authorities, folders, waking up.

use super::{Provider, SENDER, Watched, letter};
use concerto_pec::ReceiptForm;
use concerto_pec_mail::{ImapSource, Password, PecMailbox, Security, Settings, compose};
use concerto_port::{MailSender, MailSource, MailboxError, SubmitError};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

fn read_code(settings: Settings) -> &'static str {
    let mut source = ImapSource::new(settings).unwrap();
    source.read(None, 1, &mut |_| ControlFlow::Break(())).map_or_else(|error| error.code(), |_| "read")
}

fn submit_code(settings: Settings) -> &'static str {
    let mail = compose(&letter("protocollo@pec.comune.example", ReceiptForm::Concise, "Prova")).unwrap();
    let sent = PecMailbox::new(settings).unwrap().submit(&mail);
    sent.map_or_else(|error: SubmitError| error.code(), |()| "sent")
}

fn other_authority(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("other.pem");
    let (key, certificate) = (folder.join("other.key"), path.clone());
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=altra", "-keyout"])
        .arg(key)
        .arg("-out")
        .arg(certificate)
        .output()
        .unwrap();
    assert!(made.status.success());
    path
}

#[test]
#[ignore = "needs the PEC provider: packaging/pec.sh runs it"]
fn tls_and_login_fail_closed() {
    let provider = Provider::running();
    let folder = tempfile::tempdir().unwrap();
    let good = provider.settings(SENDER);
    let start = Settings {
        imap: provider.server("imap", Security::StartTls),
        submission: Some(provider.server("submission", Security::StartTls)),
        ..good.clone()
    };
    for settings in [&good, &start] {
        assert_eq!((read_code(settings.clone()), submit_code(settings.clone())), ("read", "sent"));
        let mut other = settings.clone();
        let authority = other_authority(folder.path());
        other.imap.authorities.clone_from(&authority);
        other.submission.as_mut().unwrap().authorities = authority;
        assert_eq!((read_code(other.clone()), submit_code(other)), ("mailbox.tls", "mailbox.tls"));
        // 127.0.0.2 answers too, and is not in the certificate
        let mut host = settings.clone();
        "127.0.0.2".clone_into(&mut host.imap.host);
        assert!(["mailbox.tls", "mailbox.unreachable"].contains(&read_code(host)));
    }
    let wrong = folder.path().join("wrong");
    std::fs::write(&wrong, "sbagliata\n").unwrap();
    std::process::Command::new("chmod").arg("600").arg(&wrong).status().unwrap();
    let wrong = Settings { password: Password::File(wrong), ..good.clone() };
    assert_eq!((read_code(wrong.clone()), submit_code(wrong)), ("mailbox.login", "mailbox.login"));
    let nowhere = Settings { folder: "Non esiste".to_owned(), ..good.clone() };
    assert_eq!(read_code(nowhere), "mailbox.folder");
    // TLS spoken to a port that begins in plain text, and the other way round: refused, never sent in plain text
    let swapped = Settings {
        imap: provider.server("imap", Security::Tls),
        submission: Some(provider.server("submission", Security::Tls)),
        ..good
    };
    assert_eq!(read_code(swapped.clone()), "mailbox.tls");
    assert!(["mailbox.tls", "mailbox.unreachable"].contains(&submit_code(swapped)));
}

#[test]
#[ignore = "needs the PEC provider: packaging/pec.sh runs it"]
fn after_a_failure_the_next_attempt_waits() {
    let provider = Provider::running();
    let nowhere = Settings { folder: "Non esiste".to_owned(), ..provider.settings(SENDER) };
    let mut source = ImapSource::new(nowhere).unwrap();
    let take = &mut |_: &concerto_port::Arrived<'_>| ControlFlow::Break(());
    assert_eq!(source.read(None, 1, take).unwrap_err().code(), "mailbox.folder");
    let early = source.read(None, 1, take).unwrap_err();
    assert!(matches!(early, MailboxError::Waiting(left) if left <= Duration::from_secs(5)), "{early}");
    assert!(!source.wait(Duration::from_secs(10)).unwrap());
    assert_eq!(source.read(None, 1, take).unwrap_err().code(), "mailbox.folder");
}

#[test]
#[ignore = "needs the PEC provider: packaging/pec.sh runs it"]
fn a_mail_that_comes_wakes_the_one_who_waits() {
    let provider = Provider::running();
    let mut watched = Watched::new(&provider, SENDER);
    let settings = provider.settings(SENDER);
    let sending = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(2));
        submit_code(settings)
    });
    let begun = Instant::now();
    assert!(watched.source.wait(Duration::from_secs(120)).unwrap());
    let elapsed = begun.elapsed();
    println!("woken {:.1} s after the mail was begun", elapsed.as_secs_f64() - 2.0);
    assert!(elapsed > Duration::from_secs(2) && elapsed < Duration::from_secs(60), "{elapsed:?}");
    assert_eq!(sending.join().unwrap(), "sent");
    watched.until("both receipts", |mails| mails.len() >= 2);
}
