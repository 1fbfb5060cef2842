//! Bad input, one row each: the code that refuses it, or the note under which it is kept; no state changes and nothing outside is touched.
//! The table stands in `protocols/pec/README.md`, and a test compares them.

use super::{codes, examined, notes};
use concerto_conformance::pec::World;
use concerto_conformance::pec::cms::{Md, Signing};
use concerto_conformance::pec::message::{Draft, Facts};
use concerto_crypto_openssl::OpensslCms;
use concerto_pec::limits::{HEADER_BYTES_MAX, MAIL_BYTES_MAX, PARTS_MAX, XML_DEPTH_MAX};
use concerto_pec::{Certified, Delivery, PecType, RecipientState, Submission, Taken, Verified, examine};
use proptest::prelude::*;

/// What the table says of a row.
enum Says {
    /// Refused, by this code among the reasons.
    Refused(&'static str),
    /// It counts as what it is, with this note; it is no receipt, or the receipt is not of our mail.
    Noted(&'static str),
    /// Not read at all, kept raw.
    Raw(&'static str),
}

struct Row {
    says: &'static str,
    expected: Says,
    mail: Vec<u8>,
}

fn refused(says: &'static str, code: &'static str, mail: Vec<u8>) -> Row {
    Row { says, expected: Says::Refused(code), mail }
}

fn delivery() -> Draft {
    Draft::of(PecType::Delivery, &Facts::ordinary())
}

fn signed(draft: &Draft) -> Vec<u8> {
    draft.sign(&World::get().recipient_provider)
}

/// A delivery receipt with one change before it is signed.
fn changed(change: impl FnOnce(&mut Draft)) -> Vec<u8> {
    let mut draft = delivery();
    change(&mut draft);
    signed(&draft)
}

/// A delivery receipt whose certification data has one text replaced by another.
fn data(from: &str, to: &str) -> Vec<u8> {
    let xml = Facts::ordinary().daticert(PecType::Delivery);
    assert!(xml.contains(from), "{from}");
    changed(|draft| draft.daticert = Some(xml.replace(from, to).into_bytes()))
}

fn replaced(mail: &[u8], from: &str, to: &str) -> Vec<u8> {
    let at = mail.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    [&mail[..at], to.as_bytes(), &mail[at + from.len()..]].concat()
}

fn signatures() -> Vec<Row> {
    let world = World::get();
    let good = signed(&delivery());
    let by = |change: &dyn Fn(&mut Signing<'static>)| {
        let mut signing =
            Signing { at: Some(Facts::ordinary().at), ..Signing::by(&world.recipient_provider) };
        change(&mut signing);
        let draft = delivery();
        draft.signed_with(&signing.sign(&draft.content()))
    };
    let third = replaced(&good, "------=_Firma_1--", "------=_Firma_1\r\n\r\nx\r\n------=_Firma_1--");
    vec![
        refused("A receipt that nobody signed", "pec.signature.missing", delivery().unsigned()),
        refused(
            "A receipt whose signed content was altered",
            "pec.signature.altered",
            replaced(&good, "stato elaborato", "stato ELABORATO"),
        ),
        refused("A receipt with the signature of another receipt", "pec.signature.altered", {
            let other = changed(|draft| draft.html = true);
            let at = |mail: &[u8]| mail.windows(9).position(|window| window == b"smime.p7s").unwrap();
            [&good[..at(&good)], &other[at(&other)..]].concat()
        }),
        refused(
            "A signature that is no CMS",
            "pec.signature.malformed",
            delivery().signed_with(b"no signature"),
        ),
        refused(
            "A signature by two",
            "pec.signature.signers",
            by(&|signing| signing.signers.push(&world.stranger)),
        ),
        refused(
            "A signature without its certificate",
            "pec.signature.no-certificate",
            by(&|signing| signing.certificates = false),
        ),
        refused(
            "A signature with its own content inside, beside the mail's",
            "pec.signature.content",
            by(&|signing| signing.inside = true),
        ),
        refused("A signature with MD5", "pec.signature.algorithm", by(&|signing| signing.digest = Md::Md5)),
        refused("A third part beside content and signature", "pec.signature.shape", third),
        refused(
            "A provider of the directory's name, certified by another authority",
            "pec.certificate.untrusted",
            Draft::of(PecType::Acceptance, &Facts::ordinary()).sign(&world.impostor),
        ),
        refused(
            "A certificate that is not for mail",
            "pec.certificate.usage",
            Draft::of(PecType::Acceptance, &Facts::ordinary()).sign(&world.not_for_mail),
        ),
        refused(
            "A receipt dated after its certificate ended",
            "pec.certificate.validity",
            data("30/11/2026", "30/11/2028"),
        ),
        refused("A signer whom the directory does not know", "pec.provider.unknown", {
            let mut draft = delivery();
            draft.set("From", Some("posta-certificata@pec.estraneo.example"));
            draft.sign(&world.stranger)
        }),
        refused("A provider that attests a delivery in another's domain", "pec.provider.other", {
            let mut draft = delivery();
            draft.set("From", Some("posta-certificata@pec.gestore-uno.example"));
            draft.sign(&world.sender_provider)
        }),
        refused(
            "A sender that is not the provider that signed",
            "pec.header.from",
            changed(|draft| draft.set("From", Some("protocollo@pec.altri.example"))),
        ),
    ]
}

fn headers() -> Vec<Row> {
    let world = World::get();
    let envelope = || Draft::of(PecType::Envelope, &Facts::ordinary());
    let mut forged = envelope();
    forged.set("X-Trasporto", None);
    forged.set("X-Ricevuta", Some("avvenuta-consegna"));
    let mut both = envelope();
    both.set("X-Ricevuta", Some("avvenuta-consegna"));
    vec![
        refused(
            "An envelope with the header of a receipt",
            "pec.type.differs",
            forged.sign(&world.sender_provider),
        ),
        refused(
            "A header that says both envelope and receipt",
            "pec.header.ambiguous",
            both.sign(&world.sender_provider),
        ),
        refused("An acceptance with the header of a delivery", "pec.type.differs", {
            let mut draft = Draft::of(PecType::Acceptance, &Facts::ordinary());
            draft.set("X-Ricevuta", Some("avvenuta-consegna"));
            draft.sign(&world.sender_provider)
        }),
        refused(
            "Two fields X-Ricevuta",
            "pec.header.repeated",
            changed(|draft| draft.fields.push("X-Ricevuta: accettazione".to_owned())),
        ),
        refused(
            "A type that RFC 6109 does not have",
            "pec.type.unknown",
            changed(|draft| draft.set("X-Ricevuta", Some("superamento-tempi-massimi"))),
        ),
        refused(
            "The same in the certification data alone",
            "pec.type.differs",
            data("tipo=\"avvenuta-consegna\"", "tipo=\"mancata-consegna\""),
        ),
        refused(
            "A reference to another mail than the certified one",
            "pec.header.differs",
            changed(|draft| draft.set("X-Riferimento-Message-ID", Some("<altro@pec.regione.example>"))),
        ),
        refused(
            "A virus in the header alone",
            "pec.header.differs",
            changed(|draft| draft.fields.push("X-VerificaSicurezza: errore".to_owned())),
        ),
        refused(
            "A field of a receipt smuggled into the subject",
            "pec.type.mail",
            b"From: a@b.example\r\nSubject: =?utf-8?Q?x=0D=0AX-Ricevuta:_avvenuta-consegna?=\r\n\r\nx"
                .to_vec(),
        ),
        refused("A receipt forwarded as an attachment", "pec.type.mail", {
            let head = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=f\r\n\r\n--f\r\nContent-Type: message/rfc822\r\n\r\n".to_vec();
            [head, signed(&delivery()), b"\r\n--f--\r\n".to_vec()].concat()
        }),
    ]
}

fn certification_data() -> Vec<Row> {
    let doctype = |text: &str| data("<postacert", &format!("{text}<postacert"));
    let deep = "<x>".repeat(XML_DEPTH_MAX + 1) + &"</x>".repeat(XML_DEPTH_MAX + 1);
    vec![
        refused(
            "A receipt without certification data",
            "pec.daticert.missing",
            changed(|draft| draft.daticert = None),
        ),
        refused(
            "Certification data twice",
            "pec.daticert.twice",
            changed(|draft| {
                let part = "Content-Type: application/xml; name=daticert.xml\r\n\r\n";
                let xml = Facts::ordinary().daticert(PecType::Delivery);
                draft.more_parts.push([part, &xml].concat().into_bytes());
            }),
        ),
        refused(
            "Certification data inside the original alone",
            "pec.daticert.missing",
            changed(|draft| {
                draft.original = Some(Draft { boundary: "altre".to_owned(), ..delivery() }.content());
                draft.daticert = None;
            }),
        ),
        refused(
            "Certification data of an original that guesses the provider's boundary",
            "pec.daticert.twice",
            changed(|draft| draft.original = Some(delivery().content())),
        ),
        refused(
            "An external entity (XXE)",
            "pec.daticert.doctype",
            doctype("<!DOCTYPE p [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"),
        ),
        refused(
            "A DTD at an address",
            "pec.daticert.doctype",
            doctype("<!DOCTYPE postacert SYSTEM \"http://127.0.0.1:1/daticert.dtd\">"),
        ),
        refused(
            "Entities that multiply",
            "pec.daticert.doctype",
            doctype("<!DOCTYPE p [<!ENTITY a \"xxxxxxxxxx\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]>"),
        ),
        refused("An entity that nobody defined", "pec.daticert.entity", data("Gestore Uno", "&gestore;")),
        refused(
            "A processing instruction",
            "pec.daticert.instruction",
            doctype("<?xml-stylesheet href=\"x\"?>"),
        ),
        refused(
            "Elements nested deeper than 8",
            "pec.daticert.too-deep",
            data("</dati>", &format!("{deep}</dati>")),
        ),
        refused(
            "Elements nested 100,000 deep",
            "pec.daticert.too-deep",
            data("</dati>", &format!("{}</dati>", "<x>".repeat(100_000))),
        ),
        refused("XML that is cut off", "pec.daticert.malformed", data("</postacert>", "")),
        refused(
            "Certification data of 50 MB",
            "pec.daticert.too-large",
            changed(|draft| {
                let mut xml = Facts::ordinary().daticert(PecType::Delivery).into_bytes();
                xml.resize(36 * 1024 * 1024, b' '); // base64 makes it 50 MB
                draft.daticert = Some(xml);
            }),
        ),
        refused(
            "Bytes that are not UTF-8 as they say",
            "pec.daticert.charset",
            changed(|draft| {
                let xml = Facts::ordinary().daticert(PecType::Delivery).replace("Gestore Uno", "Societ?");
                let bytes = xml.into_bytes().into_iter().map(|byte| if byte == b'?' { 0xe0 } else { byte });
                draft.daticert = Some(bytes.collect());
            }),
        ),
        refused("A character set that is not read", "pec.daticert.charset", data("UTF-8", "UTF-7")),
        refused(
            "A delivery without its recipient",
            "pec.daticert.no-recipient",
            data("<consegna>protocollo@pec.comune.example</consegna>", ""),
        ),
        refused(
            "Two recipients of one delivery",
            "pec.daticert.repeated",
            data("</dati>", "<consegna>a@pec.comune.example</consegna></dati>"),
        ),
        refused(
            "A delivery that reports an error",
            "pec.daticert.contradiction",
            data("errore=\"nessuno\"", "errore=\"no-dest\""),
        ),
        refused("A day that does not exist", "pec.daticert.time", data("30/11/2026", "31/11/2026")),
        refused(
            "An identifier that is empty",
            "pec.daticert.value",
            data("opec21001.20261130101500.00001.42.1.1@pec.gestore-uno.example", ""),
        ),
        refused("Data that is not encoded as it says", "pec.mime.encoding", {
            let mut draft = delivery();
            draft.daticert = None;
            draft.more_parts.push(b"Content-Type: application/xml; name=daticert.xml\r\nContent-Transfer-Encoding: base64\r\n\r\n*".to_vec());
            signed(&draft)
        }),
    ]
}

fn bombs_and_notes() -> Vec<Row> {
    let noted = |says, note, mail| Row { says, expected: Says::Noted(note), mail };
    let raw = |says, code, mail| Row { says, expected: Says::Raw(code), mail };
    vec![
        refused(
            "A mail of more than 256 parts",
            "pec.mime.too-many-parts",
            changed(|draft| {
                draft.more_parts = vec![b"\r\nx".to_vec(); PARTS_MAX];
            }),
        ),
        refused(
            "A mail of 20,000 multiparts one in another",
            "pec.daticert.missing",
            changed(|draft| {
                draft.daticert = None;
                let nested = (0..20_000)
                    .map(|n| format!("Content-Type: multipart/mixed; boundary=n{n}\r\n\r\n--n{n}\r\n"));
                draft.more_parts.push(nested.collect::<String>().into_bytes());
            }),
        ),
        raw("A mail of more than 64 MiB", "pec.mail.too-large", vec![b'x'; MAIL_BYTES_MAX + 1]),
        raw(
            "A header of more than 256 KiB",
            "pec.mail.header-too-large",
            [b"A: ".to_vec(), vec![b'x'; HEADER_BYTES_MAX + 1]].concat(),
        ),
        raw("A header of more than 1,000 fields", "pec.mail.header-too-many", b"A: 1\r\n".repeat(1_001)),
        raw("A file that is no mail", "pec.mail.no-header", b"\x89PNG\r\n".to_vec()),
        noted("A receipt nested in an envelope: an envelope, no receipt", "pec.note.nested-receipt", {
            let mut draft = Draft::of(PecType::Envelope, &Facts::ordinary());
            draft.original = Some(signed(&Draft { boundary: "altre".to_owned(), ..delivery() }));
            draft.sign(&World::get().sender_provider)
        }),
        noted(
            "A receipt without the sender's Message-ID: it ties to no mail by the header",
            "pec.note.no-msgid",
            data("<msgid>&lt;conf-1.0001@pec.regione.example&gt;</msgid>", ""),
        ),
        noted("Mojibake in the text for people, and a name with folders", "pec.note.unsafe-name", {
            let facts = Facts { sender: "altri@pec.regione.example".to_owned(), ..Facts::ordinary() };
            let mut draft = Draft::of(PecType::Delivery, &facts);
            draft
                .more_parts
                .push(b"Content-Type: application/pdf; name=\"../../etc/cron.d/x\"\r\n\r\nx".to_vec());
            signed(&draft)
        }),
        noted("A subject with a hidden line break", "pec.note.hidden-characters", {
            let facts = Facts { sender: "altri@pec.regione.example".to_owned(), ..Facts::ordinary() };
            let mut draft = Draft::of(PecType::Delivery, &facts);
            draft.set("Subject", Some("=?utf-8?Q?CONSEGNA:=0D=0AX-Ricevuta:_accettazione?="));
            signed(&draft)
        }),
    ]
}

fn rows() -> Vec<Row> {
    [signatures(), headers(), certification_data(), bombs_and_notes()].into_iter().flatten().collect()
}

/// Our mail, to see that nothing happens to it.
fn our_mail() -> Delivery {
    let facts = Facts::ordinary();
    Delivery::new(Submission {
        message_id: concerto_pec::MailId::parse(facts.message_id.as_deref().unwrap()).unwrap(),
        sender: concerto_pec::Address::parse(&facts.sender).unwrap(),
        recipients: vec![concerto_pec::Address::parse(&facts.recipients[0].0).unwrap()],
    })
}

/// Offers what is verified, if anything, to our mail: its state must not change.
fn assert_no_effect(certified: Option<Verified<Certified>>, says: &str) {
    let mut mail = our_mail();
    let recipient = mail.submission().recipients[0].clone();
    if let Some(receipt) = certified.and_then(Certified::into_receipt) {
        assert_eq!(mail.take(&receipt), Taken::NotOurs, "{says}");
    }
    assert_eq!(mail.state(&recipient), Some(RecipientState::Submitted), "{says}");
}

fn table() -> String {
    let mut table = String::from("| Input | Code |\n|---|---|\n");
    let cms = OpensslCms::with_authorities(&World::get().authority.pem()).unwrap();
    for row in rows() {
        let code = match row.expected {
            Says::Raw(code) => {
                assert_eq!(
                    examine(&row.mail, &cms, None).map(drop).unwrap_err().code(),
                    code,
                    "{}",
                    row.says
                );
                code
            }
            Says::Refused(code) => {
                let examination = examined(&row.mail);
                assert!(codes(&examination).contains(&code), "{}: {:?}", row.says, codes(&examination));
                assert!(examination.verified().is_none(), "{}", row.says);
                code
            }
            Says::Noted(note) => {
                let examination = examined(&row.mail);
                assert_eq!(codes(&examination), [""; 0], "{}", row.says);
                assert!(notes(&examination).contains(&note), "{}: {:?}", row.says, notes(&examination));
                assert_no_effect(examination.verified(), row.says);
                note
            }
        };
        table.push_str(&format!("| {} | `{code}` |\n", row.says));
    }
    table
}

#[test]
fn the_table_stands_in_the_readme() {
    let table = table();
    println!("{table}");
    assert!(
        include_str!("../../../protocols/pec/README.md").contains(&table),
        "protocols/pec/README.md must hold this table:\n{table}"
    );
}

#[test]
fn the_good_receipt_of_which_all_these_are_changes_does_have_effect() {
    let mail = signed(&delivery());
    let receipt = examined(&mail).verified().unwrap();
    let mut ours = our_mail();
    assert_eq!(ours.take(&Certified::into_receipt(receipt).unwrap()), Taken::News);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if concerto_conformance::full_effort() { 2_000 } else { 200 }))]

    /// No bytes make it panic, and no bytes that nobody signed are verified.
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..4_000)) {
        if let Ok(examination) = examine(&bytes, &OpensslCms::without_authorities(), None) {
            prop_assert!(examination.verified().is_none());
        }
    }

    /// A receipt with some bytes changed anywhere: either still the same facts, or it does not count.
    #[test]
    fn a_changed_receipt_says_the_same_or_does_not_count(places in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut mail = signed(&delivery());
        let good = match examined(&mail).verified().unwrap().into_inner() {
            Certified::Receipt(receipt) => receipt,
            _ => unreachable!("a receipt"),
        };
        for (place, byte) in places {
            let at = place.index(mail.len());
            mail[at] = byte;
        }
        let cms = OpensslCms::with_authorities(&World::get().authority.pem()).unwrap();
        if let Ok(mut examination) = examine(&mail, &cms, None) {
            examination.consult(&concerto_pec::Directory::parse(World::get().ldif().as_bytes()).unwrap());
            if let Some(Certified::Receipt(found)) = examination.verified().map(Verified::into_inner) {
                prop_assert_eq!(concerto_pec::Receipt { evidence: good.evidence, ..found }, good);
            }
        }
    }
}
