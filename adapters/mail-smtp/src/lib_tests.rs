//! Real exchanges on loopback with a small server: in clear, with STARTTLS and with TLS from the first byte, under a test authority.
//!
//! Wrong programs these catch: mail that leaves without TLS though it was asked for, a certificate of anybody taken for the server's, a
//! password in an error or a debug text, a refusal tried for ever, an absence note provoked.

use super::*;
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslAcceptor, SslMethod};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

fn key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn certificate(name: &str, key: &PKey<Private>, issuer: Option<(&X509, &PKey<Private>)>) -> X509 {
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder
        .set_serial_number(
            &BigNum::from_u32(if issuer.is_some() { 2 } else { 1 }).unwrap().to_asn1_integer().unwrap(),
        )
        .unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(issuer.map_or(&*subject, |(ca, _)| ca.subject_name())).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    match issuer {
        None => builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap(),
        Some((ca, _)) => {
            let names = SubjectAlternativeName::new()
                .dns(name)
                .build(&builder.x509v3_context(Some(ca), None))
                .unwrap();
            builder.append_extension(names).unwrap();
        }
    }
    builder.sign(issuer.map_or(key, |(_, key)| key), MessageDigest::sha256()).unwrap();
    builder.build()
}

struct Authority {
    pem: Vec<u8>,
    acceptor: SslAcceptor,
}

/// An authority, and a server for `localhost` under it.
fn authority() -> Authority {
    let (ca_key, server_key) = (key(), key());
    let ca = certificate("Test authority", &ca_key, None);
    let server = certificate("localhost", &server_key, Some((&ca, &ca_key)));
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    acceptor.set_private_key(&server_key).unwrap();
    acceptor.set_certificate(&server).unwrap();
    Authority { pem: ca.to_pem().unwrap(), acceptor: acceptor.build() }
}

/// What the server saw, line by line.
type Seen = JoinHandle<Vec<String>>;

trait Both: Read + Write {}
impl<T: Read + Write> Both for T {}

/// Serves one connection. `refuse`: the answer to MAIL instead of yes.
fn server(security: Security, acceptor: Option<SslAcceptor>, refuse: Option<&'static str>) -> (u16, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut seen = Vec::new();
        let mut stream: Box<dyn Both> = match (security, &acceptor) {
            (Security::Implicit, Some(acceptor)) => match acceptor.accept(stream) {
                Ok(stream) => Box::new(stream),
                Err(_) => return seen,
            },
            (Security::StartTls, Some(acceptor)) => {
                let Some(stream) = upgraded(stream, &mut seen) else { return seen };
                match acceptor.accept(stream) {
                    Ok(stream) => {
                        let mut stream: Box<dyn Both> = Box::new(stream);
                        session(&mut stream, &mut seen, refuse);
                        return seen;
                    }
                    Err(_) => return seen,
                }
            }
            _ => Box::new(stream),
        };
        let _ = stream.write_all(b"220 localhost\r\n");
        session(&mut stream, &mut seen, refuse);
        seen
    });
    (port, seen)
}

/// Greets, and waits for STARTTLS.
fn upgraded(stream: TcpStream, seen: &mut Vec<String>) -> Option<TcpStream> {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    stream.write_all(b"220 localhost\r\n").unwrap();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        seen.push(format!("clear {}", line.trim_end()));
        match line.get(..4) {
            Some("EHLO") => stream.write_all(b"250-localhost\r\n250 STARTTLS\r\n").unwrap(),
            Some("STAR") => {
                stream.write_all(b"220 go\r\n").unwrap();
                return Some(stream);
            }
            _ => stream.write_all(b"502 no\r\n").unwrap(),
        }
    }
}

fn session(stream: &mut Box<dyn Both>, seen: &mut Vec<String>, refuse: Option<&str>) {
    let mut pending = Vec::new();
    let mut in_data = false;
    loop {
        let mut byte = [0];
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        pending.push(byte[0]);
        if !pending.ends_with(b"\r\n") {
            continue;
        }
        let line = String::from_utf8(std::mem::take(&mut pending)).unwrap().trim_end().to_owned();
        let answer = match line.get(..4).unwrap_or(&line) {
            "." if in_data => {
                in_data = false;
                "250 taken"
            }
            _ if in_data => "",
            "EHLO" => "250-localhost\r\n250 AUTH PLAIN",
            "MAIL" => refuse.unwrap_or("250 yes"),
            "DATA" => {
                in_data = true;
                "354 go on"
            }
            "AUTH" => "235 yes",
            "QUIT" => "221 bye",
            _ => "250 yes",
        };
        seen.push(line);
        if !answer.is_empty() && stream.write_all(format!("{answer}\r\n").as_bytes()).is_err() {
            return;
        }
    }
}

fn config(port: u16, security: Security, authority: Option<&Authority>) -> Config {
    Config {
        host: "localhost".to_owned(),
        port,
        security,
        login: Some(("nodo".to_owned(), Secret::new("segreto-di-prova"))),
        authorities: authority.map(|authority| authority.pem.clone()),
    }
}

fn mail() -> Mail {
    Mail {
        id: "2026-12-01.responsabile@concerto.example".to_owned(),
        from: "concerto@ente.example".to_owned(),
        to: "responsabile@ente.example".to_owned(),
        copies: vec!["sostituto@ente.example".to_owned()],
        subject: "Scadenze: è ora".to_owned(),
        language: "it",
        text: "Rendere la determinazione entro mercoledì 30 dicembre 2026.\n".to_owned(),
    }
}

async fn exchange(security: Security) -> Vec<String> {
    let authority = authority();
    let acceptor = (security != Security::Clear).then(|| authority.acceptor.clone());
    let (port, seen) = server(security, acceptor, None);
    let sender = Sender::new(&config(port, security, Some(&authority))).unwrap();
    sender.send(&mail()).await.unwrap();
    drop(sender);
    seen.join().unwrap()
}

fn arrived(seen: &[String]) {
    let all = seen.join("\n");
    for part in [
        "MAIL FROM:<concerto@ente.example>",
        "RCPT TO:<responsabile@ente.example>",
        "RCPT TO:<sostituto@ente.example>",
        "Message-ID: <2026-12-01.responsabile@concerto.example>",
        "Auto-Submitted: auto-generated",
        "Content-Language: it",
        "Content-Type: text/plain; charset=utf-8",
    ] {
        assert!(all.contains(part), "{part} in\n{all}");
    }
    assert!(!all.contains("segreto-di-prova"), "a password in clear");
}

#[tokio::test]
async fn a_mail_arrives_with_tls_from_the_first_byte() {
    arrived(&exchange(Security::Implicit).await);
}

#[tokio::test]
async fn a_mail_arrives_after_starttls_and_nothing_before() {
    let seen = exchange(Security::StartTls).await;
    arrived(&seen);
    let clear: Vec<&String> = seen.iter().filter(|line| line.starts_with("clear ")).collect();
    assert!(clear.iter().all(|l| l.contains("EHLO") || l.contains("STARTTLS")), "{clear:?}");
}

#[tokio::test]
async fn a_server_of_this_machine_may_speak_in_clear() {
    arrived(&exchange(Security::Clear).await);
}

#[tokio::test]
async fn a_server_of_another_authority_or_without_tls_gets_nothing() {
    let (ours, theirs) = (authority(), authority());
    let (port, seen) = server(Security::Implicit, Some(theirs.acceptor), None);
    let sender = Sender::new(&config(port, Security::Implicit, Some(&ours))).unwrap();
    let error = sender.send(&mail()).await.unwrap_err();
    assert!(matches!(error, MailError::Tls | MailError::Unreachable), "{error:?}");
    assert!(!error.is_permanent() && seen.join().unwrap().is_empty());
    // a server that does not offer STARTTLS
    let (port, seen) = server(Security::Clear, None, None);
    let sender = Sender::new(&config(port, Security::StartTls, Some(&ours))).unwrap();
    sender.send(&mail()).await.unwrap_err();
    drop(sender);
    let seen = seen.join().unwrap();
    assert!(seen.iter().all(|line| !line.starts_with("AUTH") && !line.starts_with("MAIL")), "{seen:?}");
}

#[tokio::test]
async fn refusals_say_whether_to_try_again_and_quote_nobody() {
    for (answer, expected) in [
        ("451 not now responsabile@ente.example", MailError::RefusedForNow(451)),
        ("550 no such responsabile@ente.example", MailError::Refused(550)),
    ] {
        let (port, _seen) = server(Security::Clear, None, Some(answer));
        let error =
            Sender::new(&config(port, Security::Clear, None)).unwrap().send(&mail()).await.unwrap_err();
        assert_eq!(error, expected);
        assert!(!error.to_string().contains('@') && !format!("{error:?}").contains('@'));
        assert_eq!(error.is_permanent(), matches!(error, MailError::Refused(_)));
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = Sender::new(&config(port, Security::Clear, None)).unwrap().send(&mail()).await.unwrap_err();
    assert_eq!((error.clone(), error.code()), (MailError::Unreachable, "mail.unreachable"));
}

#[tokio::test]
async fn malformed_addresses_and_authorities_are_told_before_anything_leaves() {
    let sender = Sender::new(&config(1, Security::Clear, None)).unwrap();
    let injected = Mail { to: "a@ente.example\r\nBcc: b@ente.example".to_owned(), ..mail() };
    assert_eq!(sender.send(&injected).await.unwrap_err(), MailError::Malformed);
    let mut wrong = config(1, Security::Implicit, None);
    wrong.authorities = Some(b"no certificate".to_vec());
    assert_eq!(Sender::new(&wrong).unwrap_err(), MailError::Authorities);
}

#[test]
fn a_password_is_never_shown() {
    let shown = format!("{:?}", config(1, Security::Clear, None));
    assert!(!shown.contains("segreto-di-prova") && shown.contains("Secret(..)"), "{shown}");
}
