//! Every type, in every form that real providers use.

use super::{codes, examined, notes};
use concerto_conformance::pec::authority::Identity;
use concerto_conformance::pec::cms::{Md, Signing};
use concerto_conformance::pec::message::{Draft, Encoding, Facts};
use concerto_conformance::pec::{World, instant};
use concerto_crypto_openssl::OpensslCms;
use concerto_pec::contract::{Subject, cms_contract};
use concerto_pec::{Certified, PecType, ReceiptForm, TimeSource, examine, outcomes};
use std::process::Command;

const TYPES: [PecType; 9] = [
    PecType::Acceptance,
    PecType::NonAcceptance,
    PecType::TakenInCharge,
    PecType::Delivery,
    PecType::DeliveryError,
    PecType::DelayNotice,
    PecType::VirusDetected,
    PecType::Envelope,
    PecType::Anomaly,
];

/// Whose provider writes a type.
fn provider(kind: PecType) -> &'static Identity {
    let world = World::get();
    match kind {
        PecType::Delivery | PecType::DeliveryError | PecType::TakenInCharge | PecType::VirusDetected => {
            &world.recipient_provider
        }
        _ => &world.sender_provider,
    }
}

fn facts(kind: PecType) -> Facts {
    let mut facts = Facts::ordinary();
    facts.error = match kind {
        PecType::NonAcceptance | PecType::DeliveryError => Some("altro".to_owned()),
        PecType::VirusDetected => Some("virus".to_owned()),
        _ => None,
    };
    facts
}

/// Every way of writing that a real provider has.
fn variants(kind: PecType) -> Vec<(&'static str, Draft)> {
    let plain = Draft::of(kind, &facts(kind));
    let with = |change: &dyn Fn(&mut Draft)| {
        let mut draft = plain.clone();
        change(&mut draft);
        draft
    };
    vec![
        ("as the standard", plain.clone()),
        ("quoted-printable", with(&|draft| draft.daticert_encoding = Encoding::QuotedPrintable)),
        ("8bit", with(&|draft| draft.daticert_encoding = Encoding::Plain)),
        ("certdata.xml", with(&|draft| draft.daticert_name = "certdata.xml".to_owned())),
        ("DATICERT.XML", with(&|draft| draft.daticert_name = "DATICERT.XML".to_owned())),
        ("original first", with(&|draft| draft.original_first = true)),
        ("html", with(&|draft| draft.html = true)),
        ("x-pkcs7 and SHA-1", with(&|draft| (draft.x_protocol, draft.digest) = (true, Md::Sha1))),
        ("indefinite lengths", with(&|draft| draft.indefinite = true)),
        (
            "no signing time",
            with(&|draft| draft.signing_time = (kind == PecType::Anomaly).then(|| facts(kind).at)),
        ),
        (
            "REM",
            with(&|draft| {
                draft.fields.push("X-REM-Subject: REM ContentConsignment: prova".to_owned());
                draft.more_parts.push(b"Content-Type: application/xml; name=\"REMEvidence.xml\"\r\nX-REM-Section-Type: rem_evidence\r\n\r\n<x/>".to_vec());
            }),
        ),
    ]
}

#[test]
fn every_type_in_every_form_counts() {
    for kind in TYPES {
        for (name, draft) in variants(kind) {
            let mail = draft.sign(provider(kind));
            let lf: Vec<u8> = mail.iter().copied().filter(|byte| *byte != b'\r').collect();
            let mailbox = [b"From a@b.example Mon Nov 30 10:15:00 2026\n", mail.as_slice()].concat();
            for (form, bytes) in [
                ("CRLF", &mail),
                ("LF", &lf),
                ("mbox", &mailbox),
                ("opaque", &draft.sign_opaque(provider(kind))),
            ] {
                let examination = examined(bytes);
                assert_eq!(examination.kind, kind, "{name} {form}");
                assert_eq!(codes(&examination), [""; 0], "{kind} {name} {form}");
                assert!(examination.verified().is_some(), "{kind} {name} {form}");
                assert_eq!(
                    notes(&examination).contains(&"pec.note.line-breaks"),
                    form == "LF",
                    "{kind} {name}"
                );
            }
        }
    }
}

#[test]
fn tolerances_are_told() {
    let told = |name: &str| {
        let (_, draft) = variants(PecType::Delivery).into_iter().find(|(found, _)| *found == name).unwrap();
        let mail = draft.sign(provider(PecType::Delivery));
        notes(&examined(&mail))
    };
    assert_eq!(told("as the standard"), [""; 0]);
    assert_eq!(told("certdata.xml"), ["pec.note.certdata-name"]);
    assert_eq!(told("x-pkcs7 and SHA-1"), ["pec.note.sha1"]);
    assert_eq!(told("REM"), ["pec.note.rem"]);
}

#[test]
fn each_type_says_what_happened_to_each_recipient() {
    let mut facts = Facts::ordinary();
    facts.recipients.push(("ufficio@ditta.example".to_owned(), false));
    let told = |kind: PecType, error: Option<&str>| {
        let mut facts = facts.clone();
        facts.error = error.map(str::to_owned);
        let mail = Draft::of(kind, &facts).sign(provider(kind));
        let examination = examined(&mail);
        assert_eq!(codes(&examination), [""; 0], "{kind}");
        let daticert = examination.content.daticert.as_ref().unwrap();
        outcomes(kind, daticert)
            .iter()
            .map(|(to, outcome)| format!("{to} {}", outcome.as_str()))
            .collect::<Vec<_>>()
    };
    let (comune, ditta) = ("protocollo@pec.comune.example", "ufficio@ditta.example");
    assert_eq!(
        told(PecType::Acceptance, None),
        [format!("{comune} accepted"), format!("{ditta} accepted-external")]
    );
    assert_eq!(
        told(PecType::NonAcceptance, Some("virus")),
        [format!("{comune} not-accepted"), format!("{ditta} not-accepted")]
    );
    assert_eq!(told(PecType::Delivery, None), [format!("{comune} delivered")]);
    assert_eq!(told(PecType::DeliveryError, Some("no-dest")), [format!("{comune} not-delivered")]);
    assert_eq!(told(PecType::DelayNotice, None), [format!("{comune} delayed")]);
    assert_eq!(told(PecType::TakenInCharge, None), [format!("{comune} taken-in-charge")]);
    assert_eq!(told(PecType::Envelope, None), [""; 0]);
}

#[test]
fn the_original_comes_out_as_it_went_in() {
    for form in [ReceiptForm::Complete, ReceiptForm::Brief, ReceiptForm::Concise] {
        let facts = Facts { form: Some(form), ..Facts::ordinary() };
        let mail = Draft::of(PecType::Delivery, &facts).sign(provider(PecType::Delivery));
        let examination = examined(&mail);
        let expected = (form != ReceiptForm::Concise).then(|| facts.original());
        assert_eq!(examination.original(), expected.as_deref(), "{form:?}");
        let Certified::Receipt(receipt) = examination.verified().unwrap().into_inner() else {
            panic!("a receipt")
        };
        assert_eq!((receipt.form, receipt.identifier.as_str()), (Some(form), facts.identifier.as_str()));
    }
}

#[test]
fn the_certificate_is_judged_when_it_was_used() {
    let world = World::get();
    let cms = OpensslCms::with_authorities(&world.authority.pem()).unwrap();
    let mail = Draft::of(PecType::Acceptance, &Facts::ordinary()).sign(&world.sender_provider);
    let examination = examine(&mail, &cms, None).unwrap();
    assert!(examination.is_sound() && examination.verified().is_none(), "no directory, no evidence");
    assert_eq!(examination.judged_at, Some((instant("2026-11-30T09:15:00Z"), TimeSource::Daticert)));
    let later = examine(&mail, &cms, Some(instant("2030-01-01T00:00:00Z"))).unwrap();
    assert_eq!(codes(&later), ["pec.certificate.validity"]);
}

#[test]
fn the_port_with_openssl_keeps_its_contract() {
    let world = World::get();
    let signed_at = instant("2026-11-30T09:15:00Z");
    let by = |identity: &'static Identity, change: &dyn Fn(&mut Signing<'static>)| {
        let mut signing = Signing { at: Some(signed_at), ..Signing::by(identity) };
        change(&mut signing);
        signing.sign(Subject::CONTENT)
    };
    let good = &world.sender_provider;
    cms_contract(&Subject {
        check: &OpensslCms::with_authorities(&world.authority.pem()).unwrap(),
        without_authority: &OpensslCms::without_authorities(),
        other_authority: &OpensslCms::with_authorities(&world.other_authority.pem()).unwrap(),
        detached: by(good, &|_| {}),
        sha1: by(good, &|signing| signing.digest = Md::Sha1),
        md5: by(good, &|signing| signing.digest = Md::Md5),
        opaque: by(good, &|signing| signing.inside = true),
        indefinite: by(good, &|signing| signing.indefinite = true),
        two_signers: by(good, &|signing| signing.signers.push(&world.recipient_provider)),
        no_certificates: by(good, &|signing| signing.certificates = false),
        not_for_mail: by(&world.not_for_mail, &|_| {}),
        signed_at,
        address: "posta-certificata@pec.gestore-uno.example",
    });
}

/// The messages made here are S/MIME to a program that nobody here wrote.
#[test]
fn openssl_verifies_the_messages_made_here() {
    let world = World::get();
    let folder = tempfile::tempdir().unwrap();
    let (mail, authority) = (folder.path().join("mail.eml"), folder.path().join("ca.pem"));
    std::fs::write(&authority, world.authority.pem()).unwrap();
    std::fs::write(&mail, Draft::of(PecType::Delivery, &Facts::ordinary()).sign(&world.recipient_provider))
        .unwrap();
    let mut command = Command::new("openssl");
    command.args(["cms", "-verify", "-attime", "1796030100", "-out", "/dev/null", "-in"]).arg(&mail);
    let Ok(done) = command.arg("-CAfile").arg(&authority).output() else {
        println!("skipped: the program openssl is not installed");
        return;
    };
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// The certification data made here is valid by the DTD of RFC 6109, where it lies beside the repository.
#[test]
fn the_official_dtd_accepts_the_data_made_here() {
    let dtd = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/standards/pec/daticert.dtd");
    if !std::path::Path::new(dtd).exists() {
        println!("skipped: {dtd} is not there");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for kind in TYPES.into_iter().filter(|kind| kind.is_certified()) {
        let file = folder.path().join(format!("{kind}.xml"));
        std::fs::write(&file, facts(kind).daticert(kind)).unwrap();
        let Ok(done) =
            Command::new("xmllint").args(["--noout", "--nonet", "--dtdvalid", dtd]).arg(&file).output()
        else {
            println!("skipped: the program xmllint is not installed");
            return;
        };
        assert!(done.status.success(), "{kind}: {}", String::from_utf8_lossy(&done.stderr));
    }
}
