//! A mailbox with very many mails, caught up without reading one twice, in bounded memory.

use super::contract::give;
use super::{MAIL_BYTES_MAX, Provider, SENDER, Watched, letter};
use concerto_pec::{ReceiptForm, examine};
use concerto_pec_mail::{ImapSource, PecMailbox, Settings, compose};
use concerto_port::{Content, MailSender as _, MailSource as _};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

/// The mailbox that is filled.
const MAILBOX: &str = "protocollo@pec.provincia.example";
/// Most mails taken in one reading, as a node would commit them.
const PAGE: usize = 500;
/// Mails after which the process is taken to have died: a new connection goes on from the cursor.
const RESTART_AFTER: usize = 10_000;
/// Bound on the memory of the whole process, in KiB (128 MiB).
const MEMORY_KIB_MAX: u64 = 128 * 1024;

/// One real receipt as the provider writes it.
fn receipt(provider: &Provider) -> Vec<u8> {
    let mut watched = Watched::new(provider, SENDER);
    let mail = compose(&letter("protocollo@pec.comune.example", ReceiptForm::Complete, "Modello.")).unwrap();
    PecMailbox::new(provider.settings(SENDER)).unwrap().submit(&mail).unwrap();
    watched.until("a delivery receipt", |mails| {
        mails.iter().any(|mail| String::from_utf8_lossy(mail).contains("X-Ricevuta: avvenuta-consegna"))
    });
    let found = watched
        .mails
        .into_iter()
        .find(|mail| String::from_utf8_lossy(mail).contains("X-Ricevuta: avvenuta-consegna"));
    found.unwrap()
}

/// Size of the one mail among them that is as large as the law allows, in its receipt (bytes).
const LARGE_BYTES: usize = 42_000_000;

/// Puts numbered copies into a folder of the mailbox; the number stands in the header, which is not signed. One of them is large.
fn fill(folder: &Path, receipt: &[u8], count: usize) {
    for part in ["", "new", "cur", "tmp"] {
        fs::create_dir_all(folder.join(part)).unwrap();
        give(&folder.join(part));
    }
    let text: Vec<u8> = receipt.iter().copied().filter(|byte| *byte != b'\r').collect();
    for number in 0..count {
        let path = folder.join("new").join(format!("{}.M{number}P1.prova", 1_700_000_000 + number));
        let line = "una riga di un documento in base64, di settantasei caratteri, come tante....\n";
        let more = if number == count / 2 { line.repeat(LARGE_BYTES / line.len()) } else { String::new() };
        fs::write(&path, [format!("X-Numero: {number}\n").as_bytes(), &text, more.as_bytes()].concat())
            .unwrap();
        give(&path);
    }
}

/// The greatest memory that this process ever had, in KiB.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

fn number_of(mail: &[u8]) -> usize {
    let line = mail.split(|byte| *byte == b'\r').next().unwrap();
    std::str::from_utf8(line).unwrap().strip_prefix("X-Numero: ").unwrap().parse().unwrap()
}

#[test]
#[ignore = "needs the PEC provider: packaging/pec.sh runs it, in a process of its own"]
fn a_full_mailbox_is_caught_up_once_in_bounded_memory() {
    let provider = Provider::running();
    let count: usize = std::env::var("CONCERTO_PEC_MAILS").map_or(5_000, |text| text.parse().unwrap());
    let name = format!("Piena{}", std::process::id());
    let folder = provider.maildir(MAILBOX).join(format!(".{name}"));
    let receipt = receipt(&provider);
    fs::create_dir_all(provider.maildir(MAILBOX)).unwrap();
    give_all(&provider.maildir(MAILBOX));
    let begun = Instant::now();
    fill(&folder, &receipt, count);
    println!("{count} mails of {} bytes written in {:.0} s", receipt.len(), begun.elapsed().as_secs_f64());
    let settings = Settings { folder: name, mail_bytes_max: MAIL_BYTES_MAX, ..provider.settings(MAILBOX) };
    let mut seen = vec![0_u8; count];
    let (mut cursor, mut since_restart, mut first) = (None, 0, None);
    let mut source = ImapSource::new(settings.clone()).unwrap();
    let begun = Instant::now();
    loop {
        let reading = source
            .read(cursor, PAGE, &mut |arrived| {
                let Content::Mail(mail) = arrived.content else { panic!("a mail") };
                seen[number_of(mail)] += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        first.get_or_insert_with(|| begun.elapsed());
        (cursor, since_restart) = (Some(reading.cursor), since_restart + reading.taken);
        if since_restart >= RESTART_AFTER {
            (source, since_restart) = (ImapSource::new(settings.clone()).unwrap(), 0);
        }
        if !reading.more {
            break;
        }
    }
    let elapsed = begun.elapsed().as_secs_f64();
    assert!(seen.iter().all(|times| *times == 1), "each once");
    let speed = count as f64 / elapsed;
    println!(
        "{count} mails caught up in {elapsed:.1} s ({speed:.0}/s, the first page after {:.1} s), peak memory {} MiB",
        first.unwrap().as_secs_f64(),
        peak_kib() / 1024
    );
    assert!(peak_kib() < MEMORY_KIB_MAX, "{} KiB", peak_kib());
    reading_and_verifying(&provider, settings);
}

/// The same with every mail examined and verified, as a node does.
fn reading_and_verifying(provider: &Provider, settings: Settings) {
    let (cms, directory) = (provider.cms(), provider.directory());
    let mut source = ImapSource::new(settings).unwrap();
    let begun = Instant::now();
    let reading = source
        .read(None, 2_000, &mut |arrived| {
            let Content::Mail(mail) = arrived.content else { panic!("a mail") };
            let mut examination = examine(mail, &cms, None).unwrap();
            examination.consult(&directory);
            assert!(examination.verified().is_some());
            ControlFlow::Continue(())
        })
        .unwrap();
    let speed = reading.taken as f64 / begun.elapsed().as_secs_f64();
    println!("{} mails read and verified, {speed:.0}/s", reading.taken);
}

fn give_all(path: &Path) {
    for up in path.ancestors().take(2) {
        std::os::unix::fs::chown(up, Some(65534), Some(65534)).unwrap();
    }
}
