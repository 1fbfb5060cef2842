//! Every type of RFC 6109, sent for and received: recognised, verified, and what it does to the state of its recipient.

use super::{PROVIDER, Provider, SENDER, Watched, letter};
use concerto_pec::{
    Address, Certified, Delivery, ErrorWord, PecType, ReceiptForm, RecipientState, Submission, examine,
};
use concerto_pec_mail::{PecMailbox, compose};
use concerto_port::MailSender;
use std::collections::BTreeMap;
use std::process::Command;

/// One mail that was sent, and what its receipts proved.
struct Sent {
    delivery: Delivery,
    recipient: Address,
}

/// What came, by type; every mail verified.
struct Inbox<'a> {
    provider: &'a Provider,
    watched: Watched,
    done: usize,
    kinds: BTreeMap<PecType, usize>,
}

impl<'a> Inbox<'a> {
    fn new(provider: &'a Provider, address: &str) -> Self {
        Self { provider, watched: Watched::new(provider, address), done: 0, kinds: BTreeMap::new() }
    }

    /// Reads until a type has come so often, verifies all that is new, and gives receipts to the deliveries.
    fn until(&mut self, kind: PecType, count: usize, sent: &mut [Sent]) {
        let (cms, directory) = (self.provider.cms(), self.provider.directory());
        let wanted = |mails: &[Vec<u8>]| {
            let of_kind =
                mails.iter().filter(|mail| examine(mail, &cms, None).is_ok_and(|mail| mail.kind == kind));
            of_kind.count() >= count
        };
        self.watched.until(&format!("{count} x {kind}"), wanted);
        for mail in &self.watched.mails[self.done..] {
            let mut examination = examine(mail, &cms, None).unwrap();
            examination.consult(&directory);
            let codes: Vec<_> = examination.refusals.iter().map(|refusal| refusal.code()).collect();
            assert_eq!(codes, [""; 0], "{}: {}", examination.kind, String::from_utf8_lossy(mail));
            *self.kinds.entry(examination.kind).or_default() += 1;
            if let Some(receipt) = Certified::into_receipt(examination.verified().unwrap()) {
                for one in sent.iter_mut() {
                    one.delivery.take(&receipt);
                }
            }
        }
        self.done = self.watched.mails.len();
    }

    fn count(&self, kind: PecType) -> usize {
        self.kinds.get(&kind).copied().unwrap_or(0)
    }
}

fn send(mailbox: &mut PecMailbox, recipient: &str, form: ReceiptForm, text: &str) -> Sent {
    let mail = compose(&letter(recipient, form, text)).unwrap();
    let submission = Submission {
        message_id: mail.message_id().clone(),
        sender: mail.sender().clone(),
        recipients: vec![mail.recipient().clone()],
    };
    mailbox.submit(&mail).unwrap();
    Sent { delivery: Delivery::new(submission), recipient: mail.recipient().clone() }
}

fn state(sent: &Sent) -> RecipientState {
    sent.delivery.state(&sent.recipient).unwrap()
}

fn word(sent: &Sent) -> String {
    match state(sent) {
        RecipientState::NotDelivered { reason, .. } => {
            format!(
                "not delivered: {}",
                reason.map_or("no answer".to_owned(), |reason| reason.word.as_str().to_owned())
            )
        }
        RecipientState::NotAccepted { reason, .. } => format!("not accepted: {}", reason.word.as_str()),
        other => format!("{other:?}").split(' ').next().unwrap().to_lowercase(),
    }
}

/// swaks, a client of another hand, to one of the doors.
fn swaks(provider: &Provider, door: &str, more: &[&str]) {
    let server = format!("127.0.0.1:{}", provider.port(door));
    let mut command = Command::new("swaks");
    command.args(["--server", &server, "--to", "protocollo@pec.comune.example"]).args(more);
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
}

#[test]
#[ignore = "needs the PEC provider: packaging/pec.sh runs it"]
fn receipts_of_every_form_prove_what_became_of_a_mail() {
    let provider = Provider::running();
    let mut mailbox = PecMailbox::new(provider.settings(SENDER)).unwrap();
    let mut inbox = Inbox::new(&provider, SENDER);
    let mut between = Inbox::new(&provider, PROVIDER);
    let mut arrived = Inbox::new(&provider, "protocollo@pec.comune.example");
    let good = "protocollo@pec.comune.example";
    let mut sent = vec![
        send(&mut mailbox, good, ReceiptForm::Complete, "Si indice la conferenza.\n.\nFrom qui.\n"),
        send(&mut mailbox, good, ReceiptForm::Brief, "Breve."),
        send(&mut mailbox, good, ReceiptForm::Concise, "Sintetica."),
        send(&mut mailbox, "doppia@pec.comune.example", ReceiptForm::Complete, "Due volte."),
        send(&mut mailbox, "disordine@pec.comune.example", ReceiptForm::Complete, "In disordine."),
        send(&mut mailbox, "piena@pec.comune.example", ReceiptForm::Complete, "Piena."),
        send(&mut mailbox, "nessuno@pec.comune.example", ReceiptForm::Complete, "Nessuno."),
        send(&mut mailbox, "ufficio@pec.inesistente.example", ReceiptForm::Complete, "Nessun dominio."),
        send(&mut mailbox, "ufficio@ditta.example", ReceiptForm::Complete, "Posta ordinaria."),
        send(&mut mailbox, good, ReceiptForm::Complete, "EICAR-STANDARD-ANTIVIRUS-TEST-FILE"),
        send(&mut mailbox, good, ReceiptForm::Complete, "CONCERTO-VIRUS-DI-PROVA"),
    ];
    let secret = std::fs::read_to_string(provider.folder.join("passwords").join(SENDER)).unwrap();
    let hidden = [
        "--tls-on-connect",
        "--auth",
        "PLAIN",
        "--auth-user",
        SENDER,
        "--auth-password",
        secret.trim(),
        "--from",
        SENDER,
        "--h-To",
        "altro@pec.comune.example",
    ];
    swaks(&provider, "submissions", &hidden);
    swaks(&provider, "mx", &["--from", "cittadino@posta.example", "--h-X-Ricevuta", "avvenuta-consegna"]);
    // three forms, twice one, once in disorder; four failures; a virus and a formal fault
    inbox.until(PecType::Delivery, 6, &mut sent);
    inbox.until(PecType::DeliveryError, 4, &mut sent);
    inbox.until(PecType::NonAcceptance, 2, &mut sent);
    // ten mails that were accepted, one of them twice
    inbox.until(PecType::Acceptance, 11, &mut sent);
    let words: Vec<String> = sent.iter().map(word).collect();
    assert_eq!(
        words,
        [
            "delivered",
            "delivered",
            "delivered",
            "delivered",
            "delivered",
            "not delivered: altro",
            "not delivered: no-dest",
            "not delivered: no-dominio",
            "acceptedexternal",
            "not accepted: virus",
            "not delivered: virus"
        ]
    );
    between.until(PecType::VirusDetected, 1, &mut []);
    between.until(PecType::TakenInCharge, 7, &mut []);
    arrived.until(PecType::Envelope, 3, &mut []);
    arrived.until(PecType::Anomaly, 1, &mut []);
    let tally = |inbox: &Inbox<'_>| format!("{:?}", inbox.kinds);
    println!("sender {}\nproviders {}\nrecipient {}", tally(&inbox), tally(&between), tally(&arrived));
    assert_eq!((inbox.count(PecType::Delivery), inbox.count(PecType::Acceptance)), (6, 11));
    disorder_was_real(&inbox.watched.mails, &provider);
    the_complete_receipt_contains_the_mail(&inbox.watched.mails, &provider);
    a_forwarded_copy_counts_as_the_receipt_itself(&inbox.watched.mails[0], &provider);
}

/// Whoever forwards it: the signature is the provider's.
fn a_forwarded_copy_counts_as_the_receipt_itself(receipt: &[u8], provider: &Provider) {
    let head = "From: ufficio@pec.regione.example\r\nSubject: I: ricevuta\r\nContent-Type: multipart/mixed; boundary=\"inoltro\"\r\n\r\n\
                --inoltro\r\n\r\nInoltro.\r\n--inoltro\r\nContent-Type: message/rfc822\r\n\r\n";
    let forward = [head.as_bytes(), receipt, b"\r\n--inoltro--\r\n"].concat();
    let (cms, directory) = (provider.cms(), provider.directory());
    assert!(!examine(&forward, &cms, None).unwrap().is_sound());
    let inside = concerto_pec::forwarded(&forward);
    assert_eq!(inside, [receipt]);
    let mut examination = examine(&inside[0], &cms, None).unwrap();
    examination.consult(&directory);
    assert!(examination.verified().is_some());
}

/// The delivery to the mailbox in disorder stood before the acceptance of the same mail, and the state did not depend on it.
fn disorder_was_real(mails: &[Vec<u8>], provider: &Provider) {
    let cms = provider.cms();
    let about = |mail: &Vec<u8>| {
        let examination = examine(mail, &cms, None).unwrap();
        let daticert = examination.content.daticert?;
        let to = daticert.recipients.iter().map(|to| to.address.as_str()).next()?.to_owned();
        Some((examination.kind, to))
    };
    let kinds: Vec<PecType> = mails
        .iter()
        .filter_map(about)
        .filter(|(_, to)| to == "disordine@pec.comune.example")
        .map(|(kind, _)| kind)
        .collect();
    assert_eq!(kinds, [PecType::Delivery, PecType::Acceptance]);
}

fn the_complete_receipt_contains_the_mail(mails: &[Vec<u8>], provider: &Provider) {
    let cms = provider.cms();
    let whole = mails.iter().filter_map(|mail| {
        let examination = examine(mail, &cms, None).ok()?;
        let complete = examination.content.daticert.as_ref()?.form == Some(ReceiptForm::Complete);
        (complete && examination.kind == PecType::Delivery)
            .then(|| examination.original().map(<[u8]>::to_vec))
    });
    let originals: Vec<_> =
        whole.map(|original| original.expect("a complete receipt has the original")).collect();
    assert_eq!(originals.len(), 4, "one, two of the same, and the one in disorder");
    let text = String::from_utf8_lossy(&originals[0]).into_owned();
    assert!(text.contains("X-Riferimento-Message-ID:") && text.contains("conferenza"), "{text}");
}

#[test]
#[ignore = "needs the PEC provider: packaging/pec.sh runs it"]
fn notices_come_with_virtual_time_and_a_late_delivery_counts() {
    let provider = Provider::running();
    let mut mailbox = PecMailbox::new(provider.settings(SENDER)).unwrap();
    let mut inbox = Inbox::new(&provider, SENDER);
    let mut sent: Vec<Sent> = ["lenta", "perduta", "tarda"]
        .iter()
        .map(|local| {
            send(&mut mailbox, &format!("{local}@pec.comune.example"), ReceiptForm::Complete, "Tempo.")
        })
        .collect();
    inbox.until(PecType::Acceptance, 3, &mut sent);
    assert!(sent.iter().all(|one| matches!(state(one), RecipientState::Accepted { .. })));
    provider.command(&["advance", "12.01"]);
    inbox.until(PecType::DelayNotice, 1, &mut sent);
    assert!(matches!(state(&sent[0]), RecipientState::Delayed { .. }));
    provider.command(&["advance", "1"]);
    inbox.until(PecType::Delivery, 1, &mut sent);
    assert!(matches!(state(&sent[2]), RecipientState::Delivered { .. }));
    provider.command(&["advance", "11"]);
    inbox.until(PecType::DelayNotice, 3, &mut sent);
    for one in &sent[..2] {
        assert!(matches!(state(one), RecipientState::NotDelivered { reason: None, .. }), "{:?}", state(one));
    }
    provider.command(&["release", "lenta@pec.comune.example"]);
    inbox.until(PecType::Delivery, 2, &mut sent);
    assert!(matches!(state(&sent[0]), RecipientState::Delivered { .. }));
    let virus = |one: &Sent| matches!(state(one), RecipientState::NotDelivered { reason: Some(reason), .. } if reason.word == ErrorWord::Virus);
    assert!(!sent.iter().any(virus));
    println!(
        "notices {}, late deliveries {}",
        inbox.count(PecType::DelayNotice),
        inbox.count(PecType::Delivery)
    );
    provider.command(&["release", "perduta@pec.comune.example"]);
    inbox.until(PecType::Delivery, 3, &mut sent);
}
