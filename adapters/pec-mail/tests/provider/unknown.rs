//! The answer to a mail is lost on the way: the provider took it, and nobody here knows. Its acceptance is found, and it is not sent again.

use super::{Provider, SENDER, Watched, letter};
use concerto_pec::{
    ACCEPTANCE_WAITED_FOR, AttemptEnd, Certified, Delivery, PecType, ReceiptForm, Sending, SendingStep,
    Submission, examine,
};
use concerto_pec_mail::{Security, Server, Settings, SmtpSender, compose};
use concerto_port::{MailSender, SubmitError};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// Size of the text of the mail: so many bytes from the client mean that the mail is under way (TLS hides where it begins).
const TEXT_BYTES: usize = 200_000;

/// Passes on everything until the mail is under way, then swallows what the server answers, and hangs up.
fn losing_answers(to: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", to)).unwrap();
        let (mut back, mut answers) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let under_way = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let swallow = std::sync::Arc::clone(&under_way);
        std::thread::spawn(move || {
            let mut bytes = [0; 16_384];
            while let Ok(read @ 1..) = answers.read(&mut bytes) {
                if !swallow.load(std::sync::atomic::Ordering::SeqCst)
                    && back.write_all(&bytes[..read]).is_err()
                {
                    return;
                }
            }
        });
        client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let (mut passed, mut bytes) = (0, [0; 16_384]);
        // until the client has been quiet for five seconds: it waits for an answer that was swallowed
        while let Ok(read @ 1..) = client.read(&mut bytes) {
            server.write_all(&bytes[..read]).unwrap();
            passed += read;
            under_way.store(passed > TEXT_BYTES / 2, std::sync::atomic::Ordering::SeqCst);
        }
        client.shutdown(std::net::Shutdown::Both).unwrap();
    });
    port
}

#[test]
#[ignore = "needs the PEC provider: packaging/pec.sh runs it"]
fn a_mail_whose_answer_was_lost_is_found_accepted_and_not_sent_again() {
    let provider = Provider::running();
    let mut watched = Watched::new(&provider, SENDER);
    let door = Server {
        port: losing_answers(provider.port("submissions")),
        ..provider.server("submissions", Security::Tls)
    };
    let settings = Settings { submission: Some(door), ..provider.settings(SENDER) };
    let text = "Un testo abbastanza lungo perché si veda quando è in viaggio.\n".repeat(TEXT_BYTES / 60);
    let mail = compose(&letter("protocollo@pec.comune.example", ReceiptForm::Concise, &text)).unwrap();
    let mut delivery = Delivery::new(Submission {
        message_id: mail.message_id().clone(),
        sender: mail.sender().clone(),
        recipients: vec![mail.recipient().clone()],
    });
    let now = jiff::Timestamp::now();
    let before = Sending::default();
    let begun = before.begun(now);
    let result = SmtpSender::new(settings).unwrap().submit(&mail);
    assert!(matches!(result, Err(SubmitError::Unknown)), "{result:?}");
    let sending = begun.ended(before, AttemptEnd::Unknown);
    let step = |delivery: &Delivery| {
        let over = now + ACCEPTANCE_WAITED_FOR;
        let state = delivery.state(mail.recipient()).unwrap();
        sending.step(&state, over, Some(over), ACCEPTANCE_WAITED_FOR)
    };
    assert_eq!(step(&delivery), SendingStep::Repeat, "without the acceptance it would be sent once more");
    let (cms, directory) = (provider.cms(), provider.directory());
    let of = |kind: PecType| {
        let cms = provider.cms();
        move |mails: &[Vec<u8>]| {
            mails.iter().any(|mail| examine(mail, &cms, None).is_ok_and(|mail| mail.kind == kind))
        }
    };
    watched.until("the acceptance", of(PecType::Acceptance));
    watched.until("the delivery", of(PecType::Delivery));
    for mail in &watched.mails {
        let mut examination = examine(mail, &cms, None).unwrap();
        examination.consult(&directory);
        delivery.take(&Certified::into_receipt(examination.verified().unwrap()).unwrap());
    }
    assert_eq!(step(&delivery), SendingStep::Nothing);
}
