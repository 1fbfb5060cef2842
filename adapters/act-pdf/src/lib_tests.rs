//! Sheets of every valid example of the schemas, of texts that are long, foreign or hostile, and of acts that are none.
//!
//! Plausible wrong implementations that fail here: a field without a label; a type that is forgotten; a file that differs from run to run;
//! text that runs out of the page or is lost at its end; a character without a glyph that vanishes unseen.

use super::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

fn schemas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas")
}

/// All valid examples, by folder.
fn examples() -> BTreeMap<String, Vec<Value>> {
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for folder in std::fs::read_dir(schemas().join("examples/valid")).unwrap() {
        let folder = folder.unwrap();
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        let read = |file: PathBuf| serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        found.insert(folder.file_name().into_string().unwrap(), files.into_iter().map(read).collect());
    }
    found
}

fn sheet(payload: &Value, body: Option<&Value>, lang: Lang) -> Result<Sheet, RenderError> {
    let names = |writer: &Writer| {
        (writer.to_string() == "r_marche/AOO-CONFERENZE").then(|| "Regione Marche".to_owned())
    };
    render(&Act { id: &"7a".repeat(32), payload, body, name_of: &names, lang })
}

fn determination(text: &str) -> (Value, Value) {
    let examples = examples();
    let mut body = examples["body-determination"].last().unwrap().clone();
    body["reasons"] = json!(text);
    (examples["determination"][0].clone(), body)
}

/// The answer of a program for PDF, or nothing where it is not installed.
fn asked(program: &str, arguments: &[&str], pdf: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("act.pdf");
    std::fs::write(&file, pdf).unwrap();
    let output = Command::new(program).args(arguments).arg(&file).arg("-").output();
    let Ok(output) = output.map_err(|e| assert_eq!(e.kind(), std::io::ErrorKind::NotFound)) else {
        println!("skipped: {program} is not installed");
        return None;
    };
    Some(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

/// The words of the pages in reading order, each line break as a space.
fn words(pdf: &[u8]) -> Option<String> {
    let text = asked("pdftotext", &["-raw", "-enc", "UTF-8"], pdf)?;
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn every_example_becomes_the_same_pdf_twice() {
    let examples = examples();
    let kept = std::env::var_os("CONCERTO_KEEP_SHEETS").map(PathBuf::from);
    let mut sheets = 0;
    for (name, payloads) in examples
        .iter()
        .filter(|(name, _)| !name.starts_with("body-") && !matches!(name.as_str(), "link" | "receipt"))
    {
        let none = Vec::new();
        let bodies = examples.get(&format!("body-{name}")).unwrap_or(&none);
        for payload in payloads {
            for lang in [Lang::It, Lang::En] {
                let made = sheet(payload, bodies.last(), lang).unwrap();
                assert_eq!(Ok(&made), sheet(payload, bodies.last(), lang).as_ref(), "{name}");
                assert!(made.missing.is_empty(), "{name}: {:?}", made.missing);
                assert!(made.bytes.windows(19).any(|w| w == b"<pdfaid:conformance"), "{name}");
                sheets += 1;
                if let Some(folder) = kept.as_ref().filter(|_| lang == Lang::It) {
                    std::fs::write(folder.join(format!("{name}.pdf")), &made.bytes).unwrap();
                }
            }
        }
    }
    assert!(sheets > 60, "{sheets}");
}

#[test]
fn a_notice_says_dates_norms_documents_and_the_warning() {
    let examples = examples();
    let payload = &examples["notice"][1];
    let body = examples["body-notice"].last().unwrap();
    let made = sheet(payload, Some(body), Lang::It).unwrap();
    let Some(text) = words(&made.bytes) else { return };
    for expected in [
        "Regione Marche",
        "Indizione",
        "mercoledì 30 dicembre 2026",
        "martedì 15 dicembre 2026 (L. 241/1990 art. 14-bis c. 2 lett. b)",
        "Avvertenza sul silenzio",
        "pagina 1 di",
        "L. 241/1990 art. 14 c. 2",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    for document in payload["documents"].as_array().unwrap() {
        assert!(text.contains(document["digest"].as_str().unwrap()), "{text}");
    }
}

#[test]
fn other_programs_find_nothing_wrong() {
    let (payload, body) = determination("Motivazione.");
    let made = sheet(&payload, Some(&body), Lang::It).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("act.pdf");
    std::fs::write(&file, &made.bytes).unwrap();
    match Command::new("qpdf").arg("--check").arg(&file).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(_) => println!("skipped: qpdf is not installed"),
    }
    match Command::new("verapdf").args(["--flavour", "2b", "--format", "text"]).arg(&file).output() {
        Ok(output) => {
            assert!(output.stdout.starts_with(b"PASS"), "{}", String::from_utf8_lossy(&output.stdout))
        }
        Err(_) => println!("skipped: verapdf is not installed"),
    }
    match Command::new("pdfinfo").arg(&file).output() {
        Ok(output) => {
            let info = String::from_utf8_lossy(&output.stdout).into_owned();
            for expected in [
                "Tagged:          yes",
                "Page size:       595.276 x 841.89 pts (A4)",
                "Producer:        Concerto",
                "Title:",
            ] {
                assert!(info.contains(expected), "{expected}\n{info}");
            }
        }
        Err(_) => println!("skipped: pdfinfo is not installed"),
    }
    match Command::new("pdffonts").arg(&file).output() {
        Ok(output) => {
            let fonts = String::from_utf8_lossy(&output.stdout).into_owned();
            let embedded = fonts
                .lines()
                .skip(2)
                .filter(|line| line.contains("NotoSans") && line.contains("yes yes yes"))
                .count();
            assert_eq!(embedded, 2, "{fonts}");
        }
        Err(_) => println!("skipped: pdffonts is not installed"),
    }
}

#[test]
fn long_texts_wrap_and_turn_pages_and_nothing_is_lost() {
    let text: Vec<String> = (0..6_000).map(|number| format!("parola{number}")).collect();
    let (payload, body) = determination(&(text.join(" ") + &"x".repeat(4_000)));
    let begun = std::time::Instant::now();
    let made = sheet(&payload, Some(&body), Lang::It).unwrap();
    println!("{} pages, {} bytes, {:?}", made.pages, made.bytes.len(), begun.elapsed());
    assert!((10..40).contains(&made.pages), "{}", made.pages);
    let Some(read) = words(&made.bytes) else { return };
    for word in &text {
        assert!(read.contains(word.as_str()), "{word}");
    }
    assert_eq!(read.matches("pagina ").count(), made.pages);
}

#[test]
fn letters_of_other_scripts_are_shown_or_named() {
    let (payload, body) = determination(
        "Perché così? 1.234,50 € – «Straße», Łódź, αβγ Ωμέγα, Привіт Ђ, ¼ ½ № ™ …\u{200b}\u{202e}",
    );
    let made = sheet(&payload, Some(&body), Lang::It).unwrap();
    assert!(made.missing.is_empty(), "{:?}", made.missing);
    let read = words(&made.bytes);
    for word in ["Perché così?", "1.234,50 €", "«Straße»,", "Łódź,", "Ωμέγα,", "Привіт"]
    {
        assert!(read.as_ref().is_none_or(|read| read.contains(word)), "{word} {read:?}");
    }
    let (payload, body) = determination("漢字 e 😀 \u{0}\u{7}\u{10ffff}");
    let made = sheet(&payload, Some(&body), Lang::It).unwrap();
    assert_eq!(made.missing, ['漢', '字', '😀', '\u{10ffff}'].into());
    let named = words(&made.bytes)
        .is_none_or(|read| read.contains("U+6F22") && read.contains("U+1F600") && read.contains('\u{fffd}'));
    assert!(named);
}

#[test]
fn what_is_no_act_or_too_long_is_refused() {
    let (payload, body) = determination(&"a\n".repeat(60_000));
    assert_eq!(sheet(&payload, Some(&body), Lang::It), Err(RenderError::TooLong));
    let many = json!({ "type": "X", "writer": "a/b", "conference": payload["conference"], "issued_at": "2026-11-30T09:00:00Z",
        "facts": { "x": vec![json!({ "a": 1, "b": 2 }); BLOCKS_MAX] } });
    assert_eq!(sheet(&many, None, Lang::It), Err(RenderError::TooLong));
    assert_eq!(sheet(&json!({}), None, Lang::It), Err(RenderError::Payload("type")));
    let mut deep = json!("fondo");
    for _ in 0..100 {
        deep = json!({ "a": deep, "b": 1 });
    }
    let odd = json!({ "type": "Futuro", "writer": "a/b", "conference": payload["conference"], "issued_at": "2026-11-30T09:00:00Z",
        "facts": { "x": deep, "y": [[1, 2], []], "z": null, "": {} }, "body": 3, "documents": ["?", {}] });
    assert!(sheet(&odd, Some(&json!(["x"])), Lang::En).is_ok());
}

#[test]
fn every_field_of_the_schemas_has_a_label() {
    fn fields(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                let properties = object.get("properties").and_then(Value::as_object);
                found.extend(properties.into_iter().flat_map(|properties| properties.keys().cloned()));
                object.values().for_each(|value| fields(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| fields(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for folder in ["messages", "bodies"] {
        for file in std::fs::read_dir(schemas().join(folder)).unwrap() {
            let path = file.unwrap().path();
            // receipts are no acts; the envelope is shown by name, not walked
            if !path.ends_with("receipt.schema.json") && !path.ends_with("link.schema.json") {
                fields(&serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap(), &mut found);
            }
        }
    }
    let envelope = ["schema", "type", "facts", "language", "regime"];
    found.retain(|name| !envelope.contains(&name.as_str()) && labels::known(name, Lang::It).is_none());
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "no label in labels.toml: {found:?}");
}
