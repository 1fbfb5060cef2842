//! `concerto act pdf`: any act of a case on paper (PDF/A-2b), from its signed fields and, where this node may see and holds it, its text.

use concerto_act_pdf::{Act, Sheet, render};
use concerto_core::Case;
use concerto_core::case::Entry;
use concerto_message::{Link, MessageId, Writer};
use concerto_port::{DocumentStore, JournalRead};
use concerto_procedure::language::Lang;
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use crate::home::Home;
use crate::output::{Failure, Output};
use crate::views;

/// Writes the sheet of one act to a new file.
pub(crate) fn run(
    out: Output,
    home: &Home,
    conference: &str,
    named: &str,
    file: &Path,
) -> Result<(), Failure> {
    let case = views::find(home, conference)?;
    let (id, entry) = find(&case, named)?;
    let sheet = sheet(out, home, id, entry)?;
    write(file, &sheet.bytes)?;
    let missing: Vec<String> = sheet.missing.iter().map(|c| format!("U+{:04X}", u32::from(*c))).collect();
    let mut text = format!("{} ({} {})", file.display(), sheet.pages, out.say("pagine", "pages"));
    if !missing.is_empty() {
        let what = out.say("caratteri sostituiti:", "characters replaced:");
        text.push_str(&format!("\n{what} {}", missing.join(", ")));
    }
    let value = json!({ "message": id, "file": file, "pages": sheet.pages, "size": sheet.bytes.len(), "missing": missing });
    out.result(&text, &value);
    Ok(())
}

/// The act named by its identifier or by the beginning of it.
fn find<'a>(case: &'a Case, named: &str) -> Result<(MessageId, &'a Entry), Failure> {
    let fits = |id: &MessageId| !named.is_empty() && id.to_string().starts_with(named);
    let mut found = case.entries().filter(|(id, _)| fits(id));
    match (found.next(), found.next()) {
        (Some((id, entry)), None) => Ok((*id, entry)),
        (None, _) => Err(Failure::usage(
            "act.unknown",
            format!(
                "La conferenza non ha l'atto `{named}`: gli identificatori sono in `conference timeline --format json`."
            ),
            format!(
                "The conference has no act `{named}`: identifiers are in `conference timeline --format json`."
            ),
        )),
        (Some(_), Some(_)) => Err(Failure::usage(
            "act.ambiguous",
            format!("`{named}` indica più atti: scrivere più cifre."),
            format!("`{named}` means several acts: write more digits."),
        )),
    }
}

fn sheet(out: Output, home: &Home, id: MessageId, entry: &Entry) -> Result<Sheet, Failure> {
    let gone = || Failure::environment("act.payload", &format!("{id}: no payload"));
    let stored = views::reader(home)?.link(id)?.ok_or_else(gone)?;
    on_paper(views::lang(out), home, &stored.link, body(home, entry)?.as_ref())
}

/// An act as its signed link says it, with its text where that may be shown.
pub(crate) fn on_paper(lang: Lang, home: &Home, link: &Link, body: Option<&Value>) -> Result<Sheet, Failure> {
    let gone = |error| Failure::environment("act.payload", &error);
    let payload = serde_json::to_value(link.payload()).map_err(|error| gone(error.to_string()))?;
    let names =
        |writer: &Writer| Some(views::name_of(home, writer)).filter(|name| *name != writer.to_string());
    let act = Act { id: &link.id().to_string(), payload: &payload, body, name_of: &names, lang };
    render(&act).map_err(|e| Failure::environment(e.code(), &e))
}

/// The text of the act; none where it is not for this node, or has not come.
fn body(home: &Home, entry: &Entry) -> Result<Option<Value>, Failure> {
    let Some(listed) =
        entry.body.as_ref().filter(|body| body.audience.admits(&entry.author, &home.node.writer))
    else {
        return Ok(None);
    };
    let held = home.documents()?.get(listed.digest).map_err(|e| Failure::environment(e.code(), &e))?;
    Ok(held.and_then(|(_, bytes)| serde_json::from_slice(&bytes).ok()))
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |e: io::Error| match e.kind() {
        io::ErrorKind::AlreadyExists => Failure::usage(
            "act.output.exists",
            format!("{} esiste già: indicare un nome nuovo.", file.display()),
            format!("{} exists already: name a new file.", file.display()),
        ),
        _ => Failure::environment("act.write", &format!("{}: {e}", file.display())),
    };
    let mut made = OpenOptions::new().write(true).create_new(true).open(file).map_err(failed)?;
    made.write_all(bytes).and_then(|()| made.sync_all()).map_err(failed)
}
