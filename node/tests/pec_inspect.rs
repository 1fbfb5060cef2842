//! `concerto pec inspect` from outside: what it tells of a mail, to people and to programs, with which exit code. It needs no node.
//!
//! Properties: the whole answer comes also where the mail is refused; what was only claimed is never `verified`; a mail that another
//! program signed (`openssl cms`) is proved with its authority, and not without; each exit code has its cause. It would catch an answer that
//! depends on a node's folder, and one that takes the header's word.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stop at the first surprise"
)]

mod support;

use std::path::Path;
use std::process::Command;
use support::{Done, program};
use tempfile::TempDir;

const HEADER: &str = "X-Ricevuta: avvenuta-consegna\r\nFrom: posta-certificata@pec.gestore.example\r\n\
To: protocollo@pec.regione.example\r\nSubject: CONSEGNA: prova\r\nX-Riferimento-Message-ID: <a@pec.regione.example>\r\n";

const DATICERT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><postacert tipo=\"avvenuta-consegna\" errore=\"nessuno\"><intestazione>\
<mittente>protocollo@pec.regione.example</mittente><destinatari tipo=\"certificato\">protocollo@pec.comune.example</destinatari>\
<destinatari tipo=\"esterno\">ufficio@ditta.example</destinatari><risposte>protocollo@pec.regione.example</risposte></intestazione><dati>\
<gestore-emittente>Gestore di prova</gestore-emittente><data zona=\"+0100\"><giorno>30/11/2026</giorno><ora>10:15:00</ora></data>\
<identificativo>opec1@pec.gestore.example</identificativo><msgid>&lt;a@pec.regione.example&gt;</msgid><ricevuta tipo=\"sintetica\"/>\
<consegna>protocollo@pec.comune.example</consegna></dati></postacert>";

fn content() -> String {
    format!(
        "Content-Type: multipart/mixed; boundary=parti\r\n\r\n--parti\r\nContent-Type: text/plain\r\n\r\nAvviso\r\n--parti\r\n\
         Content-Type: application/xml; name=\"daticert.xml\"\r\n\r\n{DATICERT}\r\n--parti--\r\n"
    )
}

fn inspect(folder: &TempDir, arguments: &[&str]) -> Done {
    let mut command = Command::new(program());
    command.current_dir(folder.path()).env_remove("CONCERTO_HOME").env("LANG", "it_IT.UTF-8");
    Done::of(command.args(["pec", "inspect"]).args(arguments))
}

fn folder_with(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

#[test]
fn what_is_only_claimed_is_shown_and_not_proved() {
    let folder = folder_with(&[("ricevuta.eml", format!("{HEADER}{}", content()).as_bytes())]);
    let done = inspect(&folder, &["ricevuta.eml", "--format", "json"]);
    assert_eq!(done.code, 1);
    let told = done.json();
    assert_eq!(told["type"], "avvenuta-consegna");
    assert_eq!((told["verified"].as_bool(), told["counts"].as_bool()), (Some(false), Some(false)));
    assert_eq!(told["why"][0]["code"], "pec.signature.missing");
    assert_eq!(told["error"], "nessuno");
    assert_eq!(told["recipients"][0]["outcome"], "delivered");
    assert_eq!(
        (told["recipients"][1]["kind"].as_str(), told["recipients"][1]["outcome"].as_str()),
        (Some("esterno"), None)
    );
    assert_eq!(told["identifiers"]["msgid"], "a@pec.regione.example");
    assert_eq!(told["identifiers"]["identificativo"], "opec1@pec.gestore.example");
    assert_eq!(told["time"], "2026-11-30T09:15:00Z");
    for (lang, no, why) in
        [("it", "provato           no", "non è firmato"), ("en", "proved            no", "is not signed")]
    {
        let done = inspect(&folder, &["ricevuta.eml", "--lang", lang]);
        assert!(done.out.contains(no) && done.out.contains(why), "{}", done.out);
        assert!(done.out.lines().all(|line| line.chars().count() <= 110), "{}", done.out);
    }
}

#[test]
fn exit_codes_have_their_causes() {
    let folder = folder_with(&[
        ("mail.eml", b"From: a@b.example\r\nSubject: =?utf-8?Q?perch=C3=A9?=\r\n\r\nciao"),
        ("image.png", b"\x89PNG\r\n\x1a\n"),
        ("empty.eml", b""),
        ("no.pem", b"nothing"),
        ("no.ldif", b"nothing"),
    ]);
    let ordinary = inspect(&folder, &["mail.eml", "--format", "json"]);
    assert_eq!((ordinary.code, ordinary.json()["type"].as_str()), (0, Some("mail")));
    assert_eq!(ordinary.json()["subject"], "perché");
    assert_eq!(ordinary.json()["verified"], false);
    for name in ["image.png", "empty.eml"] {
        let done = inspect(&folder, &[name, "--format", "json"]);
        assert_eq!(
            (done.code, done.json()["why"][0]["code"].as_str()),
            (1, Some("pec.mail.no-header")),
            "{name}"
        );
    }
    assert_eq!(inspect(&folder, &[]).code, 2);
    assert_eq!(inspect(&folder, &["mail.eml", "--at", "yesterday"]).code, 2);
    assert_eq!(inspect(&folder, &["mail.eml", "--ca", "no.pem"]).code, 3);
    assert_eq!(inspect(&folder, &["mail.eml", "--directory", "no.ldif"]).code, 3);
    assert_eq!(inspect(&folder, &["missing.eml"]).code, 4);
    assert_eq!(inspect(&folder, &["."]).code, 4, "a folder");
}

/// Runs the program openssl in a folder; `false` where it is not installed.
fn openssl(folder: &Path, arguments: &[&str]) -> bool {
    let Ok(done) = Command::new("openssl").current_dir(folder).args(arguments).output() else { return false };
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    true
}

#[test]
fn a_mail_that_openssl_signed_is_proved_with_its_authority() {
    let folder = folder_with(&[("content", content().as_bytes())]);
    let make = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
        "-days",
        "30",
        "-subj",
        "/C=IT/O=Gestore di prova",
        "-addext",
        "subjectAltName=email:posta-certificata@pec.gestore.example",
    ];
    if !openssl(folder.path(), &make) {
        println!("skipped: the program openssl is not installed");
        return;
    }
    let sign = [
        "cms", "-sign", "-in", "content", "-signer", "cert.pem", "-inkey", "key.pem", "-out", "signed",
        "-md", "sha1",
    ];
    openssl(folder.path(), &sign);
    let signed = std::fs::read(folder.path().join("signed")).unwrap();
    let mail = [HEADER.as_bytes(), &signed].concat();
    std::fs::write(folder.path().join("mail.eml"), &mail).unwrap();
    let hash = Command::new("openssl")
        .current_dir(folder.path())
        .args(["x509", "-in", "cert.pem", "-noout", "-fingerprint", "-sha1"])
        .output()
        .unwrap();
    let hash: String =
        String::from_utf8(hash.stdout).unwrap().rsplit('=').next().unwrap().trim().replace(':', "");
    let ldif = format!(
        "dn: providerName=Prova,o=postacert\nproviderName: Prova\nproviderCertificateHash: {hash}\nmanagedDomains: pec.comune.example\n"
    );
    std::fs::write(folder.path().join("directory.ldif"), ldif).unwrap();
    let at = (jiff::Timestamp::now() + jiff::SignedDuration::from_mins(5)).to_string();
    let ask = |more: &[&str]| {
        let done = inspect(&folder, &[&["mail.eml", "--format", "json", "--at", &at], more].concat());
        (done.code, done.json())
    };
    let (code, told) = ask(&["--ca", "cert.pem"]);
    assert_eq!(
        (code, told["verified"].as_bool(), told["counts"].as_bool()),
        (0, Some(true), Some(false)),
        "{told}"
    );
    assert_eq!(
        (told["signature"]["digest"].as_str(), told["tolerances"][0]["code"].as_str().is_some()),
        (Some("SHA-1"), true)
    );
    let (code, told) = ask(&["--ca", "cert.pem", "--directory", "directory.ldif"]);
    assert_eq!(
        (code, told["counts"].as_bool(), told["provider"].as_str()),
        (0, Some(true), Some("Prova")),
        "{told}"
    );
    let (code, told) = ask(&[]);
    assert_eq!((code, told["verified"].as_bool()), (0, Some(false)));
    assert_eq!(told["why"][0]["code"], "pec.certificate.no-authority");
    let late = inspect(
        &folder,
        &["mail.eml", "--ca", "cert.pem", "--format", "json", "--at", "2040-01-01T00:00:00Z"],
    );
    assert_eq!((late.code, late.json()["why"][0]["code"].as_str()), (1, Some("pec.certificate.validity")));
    let altered = String::from_utf8(mail).unwrap().replace("Avviso", "Altro!");
    std::fs::write(folder.path().join("mail.eml"), altered).unwrap();
    let (code, told) = ask(&["--ca", "cert.pem"]);
    assert_eq!((code, told["why"][0]["code"].as_str()), (1, Some("pec.signature.altered")));
}
