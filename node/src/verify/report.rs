//! What a good export says: the state folded again from its links, terms, outcome, counts and remarks.

use concerto_core::case::Awaited;
use concerto_procedure::language::{Lang, date_text};
use concerto_procedure::{LegalNow, terms};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

use super::Good;
use super::messages::{Messages, Remark};
use super::wrong::Wrong;
use crate::output::Output;
use crate::views;

/// The fold must reach the end of the procedente's chain.
pub(super) fn check_fold(messages: &mut Messages) -> Result<(), Wrong> {
    let stopped = |what: String| Wrong::new("links", "", "fold.stopped", what);
    match messages.case.awaited() {
        Some(Awaited::Link { id, author }) => Err(stopped(format!("it waits for {id} of {author}"))),
        Some(Awaited::Receipt(digest)) => Err(stopped(format!("it waits for receipt {digest}"))),
        Some(Awaited::Upgrade(id)) => {
            messages.remarks.push(Remark {
                code: "fold.upgrade",
                it: format!("lo stato si ferma prima del messaggio {id}, che questa versione non conosce"),
                en: format!("the state stops before message {id}, which this version does not know"),
            });
            Ok(())
        }
        None => Ok(()),
    }
}

/// For programs.
pub(super) fn value(good: &Good) -> Value {
    let (about, messages) = (&good.folder.about, &good.messages);
    let state = messages.case.state();
    let remark = |r: &Remark| json!({ "code": r.code, "text": r.it, "text_en": r.en });
    json!({
        "verified": true,
        "conference": about.conference, "federation": about.federation,
        "exported_by": about.exported_by, "exported_at": about.exported_at,
        "anchor": if good.anchor_given { "given" } else { "export" },
        "counts": counts(good),
        "view": state.view(LegalNow(about.exported_at)),
        "state_digest": messages.case.state_digest(),
        "terms_statement": messages.case.terms_statement(),
        "warnings": messages.remarks.iter().map(remark).collect::<Vec<_>>(),
    })
}

fn counts(good: &Good) -> Value {
    let messages = &good.messages;
    json!({
        "links": messages.links.len(), "writers": writers(messages), "receipts": messages.receipts,
        "receipts_quoted": messages.quoted, "bundles": good.trust.len(), "bodies": good.documents.bodies,
        "documents": good.documents.documents, "documents_absent": good.documents.absent,
        "forks": good.folder.forks.len(),
    })
}

fn writers(messages: &Messages) -> usize {
    messages.links.values().map(|known| &known.author).collect::<BTreeSet<_>>().len()
}

/// For people.
pub(super) fn text(out: Output, good: &Good) -> String {
    let (about, messages, documents) = (&good.folder.about, &good.messages, &good.documents);
    let lang = views::lang(out);
    let mut text =
        format!("{}\n", out.say("VERIFICATA: nulla è stato alterato.", "VERIFIED: nothing was altered."));
    text.push_str(&format!("{} {}\n", out.say("Conferenza", "Conference"), about.conference));
    text.push_str(&format!(
        "{} {}, {} ({})\n",
        out.say("Esportata da", "Exported by"),
        good.trust.name_of(&about.exported_by),
        views::rome_text(about.exported_at),
        out.say("ora di Roma, secondo il suo orologio", "Rome time, by its clock")
    ));
    text.push_str(&if out.italian() {
        format!(
            "{} messaggi di {} autori, {} ricevute e {} citate, {} catene di fiducia, {} testi, {} documenti, {} dichiarati assenti, {} biforcazioni\n\n",
            messages.links.len(), writers(messages), messages.receipts, messages.quoted, good.trust.len(),
            documents.bodies, documents.documents, documents.absent, good.folder.forks.len()
        )
    } else {
        format!(
            "{} messages of {} writers, {} receipts and {} quoted, {} trust chains, {} bodies, {} documents, {} declared absent, {} forks\n\n",
            messages.links.len(), writers(messages), messages.receipts, messages.quoted, good.trust.len(),
            documents.bodies, documents.documents, documents.absent, good.folder.forks.len()
        )
    });
    text.push_str(&state_text(out, good));
    text.push_str(&terms_text(out, good, lang));
    for remark in &messages.remarks {
        let what = if out.italian() { &remark.it } else { &remark.en };
        text.push_str(&format!("\n{} {}: {what}", out.say("avviso", "warning"), remark.code));
    }
    text
}

/// The state at the instant of the export: phase, outcome, and how each body stands.
fn state_text(out: Output, good: &Good) -> String {
    let view = good.messages.case.state().view(LegalNow(good.folder.about.exported_at));
    let mut text =
        format!("{}: {}\n", out.say("Stato ricalcolato", "State, computed again"), word(out, &view.phase));
    if let Some(outcome) = &view.outcome {
        text.push_str(&format!("{}: {}\n", out.say("Esito", "Outcome"), word(out, outcome)));
    }
    for body in &view.bodies {
        text.push_str(&format!("  {}: {}\n", good.trust.name_of(&body.body), word(out, &body.status)));
    }
    text
}

/// A value of the wire in the glossary's words.
fn word(out: Output, value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    views::glossary(out, value.as_str().unwrap_or_default())
}

fn terms_text(out: Output, good: &Good, lang: Lang) -> String {
    let mut text = format!("\n{}\n", out.say("Termini ricalcolati", "Terms, computed again"));
    for term in terms(good.messages.case.state()) {
        let whose = term.body.as_ref().map(|w| format!(", {}", good.trust.name_of(w))).unwrap_or_default();
        let prudential = if term.prudential == term.strict {
            String::new()
        } else {
            format!(" ({} {})", out.say("prudenziale", "prudential"), date_text(term.prudential, lang))
        };
        text.push_str(&format!(
            "  {}{prudential}  {}{whose}\n",
            date_text(term.strict, lang),
            term.kind.text(lang)
        ));
    }
    text
}
