//! `concerto conference export` and `concerto verify` on a real case of two nodes.
//!
//! ```text
//! lead ── notice, an open document, one for itself alone ──► body        1
//! lead ── taking in charge: the body's receipt ────────────► body        2
//! lead ◄── determination: assent ─────────────────────────── body        3
//! lead ── taking in charge: the determination ─────────────► body        4
//! ```
//!
//! What holds: both exports are good, offline, and give the same state; each single alteration is found, and named by the code of
//! what is wrong and by its file. Alterations that only a signature would betray are signed with a participant's own key: a
//! verifier that stops at signatures passes none of them.
//!
//! A second opinion on the flattened form comes from josekit, a JOSE library (RFC 7515). The `jades` crate cannot give it: its
//! version 0.1.0 takes the certificate from `x5c` in the *protected* header only and knows of signing time only `sigT`; JAdES
//! 1.2.1 baseline B also allows, and Concerto writes, `x5t#S256` with `iat`, and `x5c` outside the signature. It would also bring
//! the `rsa` crate into the graph, which is banned.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests stop at the first surprise"
)]

#[path = "export/support.rs"]
mod support;

use concerto_crypto_openssl::{KeyKind, SoftwareKey, certificate_public_key, x5t_s256};
use concerto_message::{Digest, Salt};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};
use support::{BODY, Case, Copied, Key, LEAD, answer, concerto, digest_of};

#[test]
fn both_exports_are_good_and_give_the_same_state() {
    let case = Case::play();
    let lead = Copied::of(&case.export("lead", "from-lead"));
    let body = Copied::of(&case.export("body", "from-body"));
    let keys = lead.path("anchor.json").display().to_string();
    let [ours, theirs] =
        [lead.verdict(&["--anchor", &keys]).unwrap(), body.verdict(&["--anchor", &keys]).unwrap()];

    let counts = |value: &Value, name: &str| value["counts"][name].as_u64().unwrap();
    for good in [&ours, &theirs] {
        assert_eq!(good["anchor"], "given");
        assert_eq!(good["warnings"], json!([]));
        assert_eq!(good["state_digest"], ours["state_digest"]);
        assert_eq!(good["terms_statement"], ours["terms_statement"]);
        assert_eq!(good["view"]["bodies"][0]["status"], "assent");
        assert_eq!((counts(good, "links"), counts(good, "writers"), counts(good, "bundles")), (4, 2, 2));
        assert_eq!((counts(good, "bodies"), counts(good, "receipts_quoted")), (2, 1));
    }
    assert_eq!((counts(&ours, "documents"), counts(&ours, "documents_absent")), (2, 0));
    assert_eq!((counts(&theirs, "documents"), counts(&theirs, "documents_absent")), (1, 1));
    assert_eq!(link_texts(&lead), link_texts(&body), "the same links, byte for byte");

    // believed from the export itself, the anchor proves less, and that is said
    let unproved = lead.verdict(&[]).unwrap();
    assert_eq!(
        (&unproved["anchor"], &unproved["warnings"][0]["code"]),
        (&json!("export"), &json!("export.anchor.unproved"))
    );
    let text = concerto(&["verify", &lead.root(), "--lang", "it"]);
    assert!(String::from_utf8_lossy(&text.stdout).starts_with("VERIFICATA"), "{text:?}");

    // nothing is ever written over
    let lead_home = case.path("lead");
    let again =
        concerto(&["--home", &lead_home, "conference", "export", &case.conference, &case.path("from-lead")]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("export.folder.not-empty"));
    for name in lead.names("links").iter().filter(|name| name.ends_with(".json")) {
        check_flattened_with_josekit(&lead.read(name));
    }
}

/// The exact bytes of the links, in order of their identifiers.
fn link_texts(export: &Copied) -> Vec<String> {
    let files = export.names("links").into_iter().filter(|name| name.ends_with(".jws"));
    let mut texts: Vec<String> = files.map(|name| export.read(&name)).collect();
    texts.sort();
    texts
}

/// JAdES baseline B in flattened form: ES256, `x5t#S256`, `iat`, `typ`, no `crit`, verified by a library that knows no Concerto.
fn check_flattened_with_josekit(flattened: &str) {
    let value: Value = serde_json::from_str(flattened).unwrap();
    let der = BASE64.decode(value["header"]["x5c"][0].as_str().unwrap().as_bytes()).unwrap();
    let jwk = serde_json::to_value(certificate_public_key(&der).unwrap()).unwrap();
    let jwk = josekit::jwk::Jwk::from_map(jwk.as_object().unwrap().clone()).unwrap();
    let verifier = josekit::jws::ES256.verifier_from_jwk(&jwk).unwrap();
    let (payload, header) = josekit::jws::deserialize_json(flattened, &verifier).unwrap();
    assert_eq!(header.claim("typ"), Some(&json!("jose")));
    assert_eq!(header.claim("alg"), Some(&json!("ES256")));
    assert_eq!(header.claim("x5t#S256"), Some(&json!(x5t_s256(&der))));
    assert_eq!(header.claim("crit"), None);
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    let issued: jiff::Timestamp = payload["issued_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(header.claim("iat"), Some(&json!(issued.as_second())));

    let other = SoftwareKey::generate(KeyKind::P256).unwrap();
    let other = serde_json::to_value(other.public()).unwrap();
    let jwk = josekit::jwk::Jwk::from_map(other.as_object().unwrap().clone()).unwrap();
    let verifier = josekit::jws::ES256.verifier_from_jwk(&jwk).unwrap();
    assert!(josekit::jws::deserialize_json(flattened, &verifier).is_err(), "only its own key verifies it");
}

/// One alteration: what is done, and the code and file (or how its name begins) that must be named.
struct Alteration<'a> {
    name: &'a str,
    alter: Box<dyn Fn(&Copied) + 'a>,
    code: &'a str,
    file: &'a str,
}

fn alteration<'a>(
    name: &'a str,
    code: &'a str,
    file: &'a str,
    alter: impl Fn(&Copied) + 'a,
) -> Alteration<'a> {
    Alteration { name, alter: Box::new(alter), code, file }
}

/// Changes one character of base64url.
fn flip(text: &str, at: usize) -> String {
    let other = if &text[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

/// Changes one character of the signature, not the last, whose spare bits must be zero.
fn flip_signature(text: &str) -> String {
    flip(text, text.rfind('.').unwrap() + 10)
}

#[test]
fn each_alteration_of_files_is_named() {
    let case = Case::play();
    let export = case.export("lead", "from-lead");
    let alterations = [
        alteration("a link's signature", "message.signature", "links/0003", |e| {
            e.write(&e.link(3), flip_signature(&e.read(&e.link(3))));
        }),
        alteration("a link's payload, its signature kept", "message.signature", "links/0001", |e| {
            let text = e.read(&e.link(1));
            let (header, rest) = text.split_once('.').unwrap();
            let (payload, signature) = rest.split_once('.').unwrap();
            let payload = String::from_utf8(BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap();
            let payload = BASE64URL_NOPAD.encode(payload.replace("parere", "parera").as_bytes());
            e.write(&e.link(1), format!("{header}.{payload}.{signature}"));
        }),
        alteration("a receipt's signature", "message.signature", "receipts/", |e| {
            let name = &e.names("receipts")[0];
            e.write(name, flip_signature(&e.read(name)));
        }),
        alteration("a receipt under another's name", "export.receipt.name", "receipts/", |e| {
            let names = e.names("receipts");
            e.write(&names[0], e.read(&names[1]));
        }),
        alteration("a document's last byte", "document.digest", "documents/", |e| {
            let name = &e.documents()[0];
            let mut bytes = std::fs::read(e.path(name)).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            e.write(name, bytes);
        }),
        alteration("a document cut short", "document.size", "documents/", |e| {
            let name = &e.documents()[0];
            let bytes = std::fs::read(e.path(name)).unwrap();
            e.write(name, &bytes[..bytes.len() - 1]);
        }),
        alteration("a document that is gone", "document.missing", "documents/", |e| {
            let name = &e.documents()[0];
            e.remove(name);
            e.remove(&format!("{name}.meta.json"));
        }),
        alteration("a document without meta data", "export.file.missing", "documents/", |e| {
            e.remove(&format!("{}.meta.json", e.documents()[0]));
        }),
        alteration("a document declared absent", "document.present", "documents/", |e| {
            let digest = e.documents()[0].trim_start_matches("documents/").to_owned();
            e.edit("export.json", |about| about["documents_absent"] = json!([digest]));
        }),
        alteration("a document's media type", "document.meta", "documents/", |e| {
            e.edit(&format!("{}.meta.json", e.documents()[0]), |meta| {
                meta["media_type"] = json!("text/html")
            });
        }),
        alteration("a document that its exporter may not see", "document.audience", "documents/", |e| {
            e.edit("export.json", |about| about["exported_by"] = json!(BODY));
        }),
        alteration("a bundle's byte", "trust.bundle.digest", "bundles/", |e| {
            let name = &e.names("bundles")[0];
            let text = e.read(name);
            e.write(name, flip(&text, text.len() - 20));
        }),
        alteration("a bundle's signature, under its new name", "trust.chain.signature", "bundles/", |e| {
            let name = &e.names("bundles")[0];
            let text = e.read(name);
            let text = flip(&text, text.len() - 20);
            e.remove(name);
            e.write(&format!("bundles/{}.json", Digest::of(text.as_bytes())), text);
        }),
        alteration("a bundle that is gone", "trust.bundle.unknown", "", |e| e.remove(&e.names("bundles")[0])),
        alteration("a link's file that is gone", "export.file.missing", "links/0002", |e| {
            e.remove(&e.link(2))
        }),
        alteration("a link's file renamed", "export.file.missing", "links/0002", |e| {
            e.rename(&e.link(2), &e.link(2).replace("/0002", "/0005"));
        }),
        alteration("two rows of the list swapped", "export.order", "export.json", |e| {
            e.edit("export.json", |about| about["links"].as_array_mut().unwrap().swap(0, 1));
        }),
        alteration("two texts swapped", "export.link.name", "links/0001", |e| {
            let (first, second) = (e.read(&e.link(1)), e.read(&e.link(2)));
            e.write(&e.link(1), second);
            e.write(&e.link(2), first);
        }),
        alteration("a row twice", "export.link.twice", "export.json", |e| {
            e.edit("export.json", |about| about["links"][1] = about["links"][0].clone());
        }),
        alteration("a link of the middle taken out with every trace", "chain.gap", "links/", |e| {
            e.drop_link(2)
        }),
        alteration("a taken determination taken out", "chain.taken.missing", "links/", |e| e.drop_link(3)),
        alteration("the tail taken out", "receipt.covers.unknown", "receipts/", |e| e.drop_link(4)),
        alteration("another certificate", "export.flattened.certificate", "links/0003", |e| {
            let flat: Value = serde_json::from_str(&e.read(&e.link(1).replace(".jws", ".json"))).unwrap();
            e.edit(&e.link(3).replace(".jws", ".json"), |f| {
                f["header"]["x5c"] = flat["header"]["x5c"].clone()
            });
        }),
        alteration("a flattened form that differs", "export.flattened.differs", "links/0003", |e| {
            e.edit(&e.link(3).replace(".jws", ".json"), |flat| {
                flat["signature"] = json!(flip(flat["signature"].as_str().unwrap(), 10));
            });
        }),
        alteration("a further member of the flattened form", "export.flattened", "links/0003", |e| {
            e.edit(&e.link(3).replace(".jws", ".json"), |flat| flat["signatures"] = json!([]));
        }),
        alteration("a further file", "export.file.unexpected", "notes.txt", |e| e.write("notes.txt", "x")),
        alteration("a further file among links", "export.file.unexpected", "links/", |e| {
            e.write("links/0005-x.jws", "x");
        }),
        alteration("a document that nothing lists", "document.unlisted", "documents/", |e| {
            let name = format!("documents/{}", Digest::of(b"x"));
            e.write(&name, "x");
            e.write(&format!("{name}.meta.json"), "{}");
        }),
        alteration("a link to another place", "export.file.kind", "links/0001", |e| {
            let elsewhere = e.path("links").parent().unwrap().with_extension("jws");
            std::fs::copy(e.path(&e.link(1)), &elsewhere).unwrap();
            e.remove(&e.link(1));
            std::os::unix::fs::symlink(&elsewhere, e.path(&e.link(1))).unwrap();
        }),
        alteration("a file too large", "export.file.too-large", "links/0001", |e| {
            e.write(&e.link(1), "A".repeat(300 * 1024));
        }),
        alteration("another format", "export.format", "export.json", |e| {
            e.edit("export.json", |about| about["format"] = json!("concerto-export/9"));
        }),
        alteration("another conference", "message.conference.other", "receipts/", |e| {
            e.edit("export.json", |about| about["conference"] = json!(format!("{LEAD}/{}", "0".repeat(32))));
        }),
        alteration("a name twice", "export.about", "export.json", |e| {
            let text = e.read("export.json");
            e.write("export.json", text.replacen('{', "{\"links\":[],", 1));
        }),
        alteration("no list", "export.about", "export.json", |e| e.remove("export.json")),
        alteration("an anchor of another federation", "export.anchor.other", "anchor.json", |e| {
            e.edit("anchor.json", |anchor| anchor["entity"] = json!("https://altra.example"));
        }),
    ];
    check_all(&export, &alterations);
}

fn check_all(export: &str, alterations: &[Alteration<'_>]) {
    assert!(Copied::of(export).verdict(&[]).is_ok());
    for Alteration { name, alter, code, file } in alterations {
        let copied = Copied::of(export);
        alter(&copied);
        let (found, at) = copied.verdict(&[]).expect_err(name);
        assert_eq!(found, *code, "{name}, in {at}");
        assert!(at.starts_with(file), "{name}: {at}");
    }
}

#[test]
fn each_alteration_that_is_signed_is_named() {
    let case = Case::play();
    let export = case.export("lead", "from-lead");
    let (lead, body) = (Key::of(&case.path("lead")), Key::of(&case.path("body")));
    let (lead, body) = (&lead, &body);
    let next = |e: &Copied, change: &dyn Fn(&mut Value)| {
        let before = digest_of(&e.read(&e.link(3)));
        body.resign(&e.read(&e.link(3)), |_, payload| {
            payload["sequence"] = json!(2);
            payload["previous"] = json!(before);
            change(payload);
        })
    };
    let alterations = [
        alteration("an unknown header", "message.header.forbidden", "links/0003", |e| {
            let text = e.read(&e.link(3));
            e.put_link(
                3,
                &body.resign(&text, |header, _| header["jku"] = json!("https://altrove.example/keys")),
            );
        }),
        alteration("a receipt offered as a link", "message.header.content-type", "links/0003", |e| {
            let text = e.read(&e.link(3));
            let cty = json!("application/vnd.concerto.receipt+json");
            e.put_link(3, &body.resign(&text, |header, _| header["cty"] = cty.clone()));
        }),
        alteration("another digest of the certificate", "message.key.certificate", "links/0003", |e| {
            let text = e.read(&e.link(3));
            e.put_link(3, &body.resign(&text, |header, _| header["x5t#S256"] = json!("A".repeat(43))));
        }),
        alteration(
            "signed by another participant in the body's name",
            "trust.message-key.writer",
            "links/0003",
            |e| {
                let (ours, theirs) = (e.read(&e.link(1)), e.read(&e.link(3)));
                let forged = lead.resign(&ours, |_, payload| {
                    let part = theirs.split('.').nth(1).unwrap();
                    let mut copied: Value =
                        serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap();
                    copied["issued_at"] = payload["issued_at"].clone();
                    *payload = copied;
                });
                e.put_link(3, &forged);
            },
        ),
        alteration("signed before the chain was valid", "trust.chain.not-yet-valid", "links/0003", |e| {
            let text = e.read(&e.link(3));
            let forged = body.resign(&text, |header, payload| {
                payload["issued_at"] = json!("2020-01-07T09:00:00Z");
                header["iat"] = json!(1_578_387_600);
            });
            e.put_link(3, &forged);
        }),
        alteration("iat and issued_at", "message.times-disagree", "links/0003", |e| {
            let text = e.read(&e.link(3));
            e.put_link(3, &body.resign(&text, |header, _| header["iat"] = json!(1)));
        }),
        alteration("another conference's link", "message.conference.other", "links/0003", |e| {
            let text = e.read(&e.link(3));
            let other = json!(format!("{LEAD}/{}", "0".repeat(32)));
            e.put_link(3, &body.resign(&text, |_, payload| payload["conference"] = other.clone()));
        }),
        alteration("a content that breaks its schema", "message.schema", "links/0005", |e| {
            e.add_link(3, &next(e, &|payload| payload["facts"]["position"] = json!("maybe")));
        }),
        alteration("a link that follows no other", "chain.previous", "links/0005", |e| {
            e.add_link(3, &next(e, &|payload| payload["previous"] = json!(Digest::of(b"x"))));
        }),
        alteration("a gap", "chain.gap", "links/0005", |e| {
            e.add_link(3, &next(e, &|payload| payload["sequence"] = json!(3)));
        }),
        alteration("a body that breaks its schema", "body.schema", "documents/", |e| {
            let bytes = br#"{"schema":"urn:concerto:schema:body:determination:1"}"#;
            let salt = Salt([7; 16]);
            let digest = salt.digest(bytes);
            let id = e.add_link(
                3,
                &next(e, &|payload| {
                    payload["body"]["digest"] = json!(digest);
                    payload["body"]["size"] = json!(bytes.len());
                }),
            );
            e.write(&format!("documents/{digest}"), [&salt.0[..], bytes].concat());
            let meta = json!({ "media_type": "application/json", "size": bytes.len(), "link": id });
            e.write(&format!("documents/{digest}.meta.json"), meta.to_string());
        }),
        alteration(
            "a large document listed with another list of chunks",
            "document.chunks",
            "documents/",
            |e| {
                let bytes = vec![0x25; 1024 * 1024 + 1];
                let salt = Salt([7; 16]);
                let listed = json!({
                    "digest": salt.digest(&bytes), "size": bytes.len(), "media_type": "application/pdf",
                    "audience": "participants", "chunks": Digest::of(b"another list"),
                });
                let id = e.add_link(3, &next(e, &|payload| payload["documents"] = json!([listed])));
                let digest = salt.digest(&bytes);
                e.write(&format!("documents/{digest}"), [&salt.0[..], &bytes].concat());
                let meta = json!({ "media_type": "application/pdf", "size": bytes.len(), "link": id });
                e.write(&format!("documents/{digest}.meta.json"), meta.to_string());
            },
        ),
        alteration("a fork without proof", "chain.fork.unproved", "forks/", |e| {
            let text = e.read(&e.link(3));
            e.add_link(3, &body.resign(&text, |_, payload| payload["facts"]["acts"] = json!(["parere"])));
        }),
        alteration("a receipt for other bytes", "receipt.covers.bytes", "receipts/", |e| {
            add_receipt(e, body, &|payload| payload["messages"][0]["bytes"] = json!(Digest::of(b"x")));
        }),
        alteration("a receipt for a message that is not here", "receipt.covers.unknown", "receipts/", |e| {
            add_receipt(e, body, &|payload| payload["messages"][0]["id"] = json!(Digest::of(b"x")));
        }),
        alteration("a receipt for another author", "receipt.covers.author", "receipts/", |e| {
            add_receipt(e, body, &|payload| payload["author"] = json!("p_test/CCC"));
        }),
        alteration("a receipt that saw another head", "receipt.head", "receipts/", |e| {
            add_receipt(e, body, &|payload| payload["head"]["id"] = json!(Digest::of(b"x")));
        }),
        alteration("a quoted receipt that does not verify", "receipt.quoted", "links/0002", |e| {
            let text = e.read(&e.link(2));
            let forged = lead.resign(&text, |_, payload| {
                let quoted = payload["facts"]["deliveries"][0].as_str().unwrap().to_owned();
                payload["facts"]["deliveries"][0] = json!(flip_signature(&quoted));
            });
            e.put_link(2, &forged);
        }),
    ];
    check_all(&export, &alterations);
    a_fork_with_its_proof_is_told_and_not_wrong(&export, body);
    another_anchor_is_refused(&case, &export);
}

/// Adds a receipt of the body over a link of the lead, changed and signed.
fn add_receipt(e: &Copied, body: &Key, change: &dyn Fn(&mut Value)) {
    let texts: Vec<String> = e.names("receipts").iter().map(|name| e.read(name)).collect();
    let payload_of = |text: &str| -> Value {
        let part = text.split('.').nth(1).unwrap();
        serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
    };
    let of_body =
        |text: &&String| payload_of(text)["issuer"] == BODY && payload_of(text)["kind"] == "accepted";
    let made = body.resign(texts.iter().find(of_body).unwrap(), |_, payload| change(payload));
    e.write(&format!("receipts/{}.jws", digest_of(&made)), made);
}

fn a_fork_with_its_proof_is_told_and_not_wrong(export: &str, body: &Key) {
    let e = Copied::of(export);
    let text = e.read(&e.link(3));
    let other = body.resign(&text, |_, payload| payload["facts"]["acts"] = json!(["parere"]));
    e.add_link(3, &other);
    let mut pair = [(digest_of(&text), text), (digest_of(&other), other)];
    pair.sort();
    let [(first_id, first), (second_id, second)] = pair;
    let proof = format!("forks/{first_id}-{second_id}.json");
    e.write(&proof, json!({ "first": first, "second": second }).to_string());
    let told = e.verdict(&[]).unwrap();
    assert!(told["warnings"].as_array().unwrap().iter().any(|w| w["code"] == "chain.fork"), "{told}");
    e.write(&proof, json!({ "first": first, "second": first }).to_string());
    assert_eq!(e.verdict(&[]).unwrap_err(), ("fork.proof".to_owned(), proof));
}

/// Keys that came by another way and are not those of the export.
fn another_anchor_is_refused(case: &Case, export: &str) {
    let (other, home) = (case.path("other-anchor"), case.path("other-node"));
    answer(&[
        "init",
        &home,
        "--writer",
        "x_test/XXX",
        "--name",
        "Ente di Prova",
        "--anchor",
        &other,
        "--training",
    ]);
    let file = format!("{other}/federation.toml");
    let (code, at) = Copied::of(export).verdict(&["--anchor", &file]).unwrap_err();
    assert_eq!((code.as_str(), at.starts_with("bundles/")), ("trust.chain.key", true));
    // the federation file of a node pins the right ones
    let good = Copied::of(export).verdict(&["--anchor", &case.path("lead/federation.toml")]).unwrap();
    assert_eq!(good["anchor"], "given");
}

/// The same exports under the program of `conformance-tests/interop`, which knows a public JOSE library and no Concerto.
#[test]
#[ignore = "needs a Python with the packages of conformance-tests/interop/requirements.txt, named by CONCERTO_INTEROP_PYTHON"]
fn the_public_library_agrees() {
    let python = std::env::var("CONCERTO_INTEROP_PYTHON").unwrap();
    let program = format!("{}/../conformance-tests/interop/verify_export.py", env!("CARGO_MANIFEST_DIR"));
    let case = Case::play();
    for node in ["lead", "body"] {
        let export = case.export(node, &format!("from-{node}"));
        let run =
            |folder: &str| std::process::Command::new(&python).args([&program, folder]).output().unwrap();
        let said = run(&export);
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
        assert!(String::from_utf8_lossy(&said.stdout).starts_with("OK: 4 links of 2 writers"));
        let altered = Copied::of(&export);
        altered.write(&altered.link(3), flip_signature(&altered.read(&altered.link(3))));
        assert_eq!(run(&altered.root()).status.code(), Some(1));
    }
}
