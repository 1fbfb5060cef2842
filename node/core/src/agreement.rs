//! Whether all nodes compute the same terms (protocols/procedure/RULES.md, E.3).
//!
//! ```text
//!   a receipt states another digest after the same link of the procedente   alarm terms.disagree; TermDigest with our derivations
//!   a TermDigest of another comes, with its derivations                      alarm terms.differ: each date, with both derivations
//!   the procedente corrects (TermCorrection); a receipt states our digest    alarm terms.agree: it is settled
//! ```
//! A disagreement never moves a date by itself. Only the procedente settles it, with reasons, signed.

use concerto_message::{Audience, Link, Receipt, Verified, Writer};
use concerto_port::{Alarm, JournalError, Write};
use concerto_procedure::Lang;
use concerto_procedure::acts::{Act, TermDigest, TermKind, TermLine};
use concerto_procedure::term::Term;
use concerto_procedure::terms::terms;
use concerto_schemas::DERIVATIONS;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use crate::case::Case;
use crate::compose::Draft;
use crate::fault::Fault;
use crate::node::Node;
use crate::step::{Content, NewDocument, Step, World};

/// Code of the alarm that another node computes other terms; its subject begins with the other's name.
const DISAGREE: &str = "terms.disagree";
/// Code of the alarm with both derivations.
const DIFFER: &str = "terms.differ";
/// Code of the alarm that a disagreement is settled; its subject begins with the other's name.
const AGREE: &str = "terms.agree";
/// Most differences told in one alarm.
const DIFFERENCES_MAX: usize = 8;
/// Media type of the document with the derivations.
const JSON: &str = "application/json";

/// The document of a `TermDigest` with how each date follows.
#[derive(Debug, Serialize, Deserialize)]
struct Derivations {
    schema: String,
    language: String,
    terms: Vec<Derivation>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Derivation {
    term: TermKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Writer>,
    norm: String,
    derivation: String,
}

/// The other's name in the subject of an alarm about agreement.
fn subject_writer(subject: &str) -> Option<Writer> {
    subject.split(' ').next()?.parse().ok()
}

impl Node {
    /// Compares the terms that a receipt states with this node's own, after the same link of the procedente.
    pub(crate) fn compare_terms(&mut self, world: &World<'_>, step: &mut Step, receipt: &Verified<Receipt>) {
        let payload = receipt.payload();
        let conference = payload.conference.clone();
        let Some(theirs) = payload.terms else { return };
        let Some(case) = self.cases.get_mut(&conference) else { return };
        let Some(mine) = case.terms_after(theirs.lead_head) else { return };
        let other = &payload.issuer;
        let alarm = |code: &str, text: String| {
            Write::Alarm(Alarm {
                conference: Some(conference.clone()),
                code: code.into(),
                subject: format!("{other} {} {}", theirs.digest, theirs.lead_head),
                at: world.now,
                text,
            })
        };
        if mine == theirs.digest {
            if case.agrees(other) {
                let text = format!("{other} calcola di nuovo gli stessi termini: il disaccordo è risolto.");
                step.commit.push(alarm(AGREE, text));
            }
            return;
        }
        case.disagrees(other);
        let text = format!(
            "{other} calcola termini diversi dai nostri. La procedente li verifichi e, se serve, li rettifichi (TermCorrection)."
        );
        step.commit.push(alarm(DISAGREE, text));
        self.publish_terms(world, step, receipt);
    }

    /// Says this node's own terms and how they follow, once for each digest.
    fn publish_terms(&mut self, world: &World<'_>, step: &mut Step, receipt: &Verified<Receipt>) {
        let conference = &receipt.payload().conference;
        let Some(case) = self.cases.get(conference) else { return };
        let Some(mine) = case.terms_statement() else { return };
        let said = case.entries().any(|(_, e)| match &e.act {
            Ok(Act::TermDigest(t)) => e.own && t.digest == mine.digest,
            _ => false,
        });
        if said {
            return;
        }
        let terms = terms(case.state());
        let draft = Draft {
            act: Act::TermDigest(TermDigest {
                lead_head: mine.lead_head,
                digest: mine.digest,
                terms: terms.iter().map(Term::line).collect(),
            }),
            behalf: None,
            body: None,
            body_audience: Audience::ALL,
            documents: derivations(&terms).into_iter().collect(),
        };
        if let Ok(Err(fault)) | Err(fault) =
            self.send(world, step, conference, draft).map_err(|e| Fault::technical("store.failed", &e))
        {
            tracing::error!(%conference, %fault, "the terms of this node could not be published");
        }
    }

    /// Another's terms are held with their derivations: an official sees where both part, if both follow from the same link.
    pub(crate) fn tell_differences(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        link: &Link,
    ) -> Result<(), JournalError> {
        let payload = link.payload();
        if payload.writer == self.identity.writer || payload.message_type != "TermDigest" {
            return Ok(());
        }
        let Some(case) = self.load_case(world, &payload.conference)? else { return Ok(()) };
        let Some(Ok(Act::TermDigest(theirs))) = case.entry(link.id()).map(|e| &e.act) else { return Ok(()) };
        if case.terms_after(theirs.lead_head).is_none_or(|mine| mine == theirs.digest) {
            return Ok(());
        }
        let lines = differences(case, theirs, &reasons(world, link), &payload.writer);
        step.commit.push(Write::Alarm(differ_alarm(world, link, &lines)));
        Ok(())
    }
}

fn differ_alarm(world: &World<'_>, link: &Link, lines: &[String]) -> Alarm {
    let payload = link.payload();
    let told: Vec<&str> = lines.iter().take(DIFFERENCES_MAX).map(String::as_str).collect();
    let more = lines.len().saturating_sub(DIFFERENCES_MAX);
    let rest = if more > 0 { format!(" E altri {more}.") } else { String::new() };
    Alarm {
        conference: Some(payload.conference.clone()),
        code: DIFFER.into(),
        subject: format!("{} {}", payload.writer, link.id()),
        at: world.now,
        text: format!(
            "Termini diversi fra questo nodo e {}: {}.{rest} La procedente li rettifichi con una TermCorrection, che vale per tutti.",
            payload.writer,
            told.join("; ")
        ),
    }
}

/// The document with how each date follows; none where it cannot be written.
fn derivations(terms: &[Term]) -> Option<NewDocument> {
    let terms = terms.iter().map(|term| Derivation {
        term: term.kind,
        body: term.body.clone(),
        norm: term.norm.clone(),
        derivation: term.derivation_text(Lang::It),
    });
    let said = Derivations { schema: DERIVATIONS.into(), language: "it".into(), terms: terms.collect() };
    let bytes = serde_json::to_vec(&said).ok()?;
    Some(NewDocument { media_type: JSON.into(), audience: Audience::ALL, content: Content::Bytes(bytes) })
}

/// How the other's dates follow, as far as its document is held and is one.
fn reasons(world: &World<'_>, link: &Link) -> BTreeMap<(TermKind, Option<Writer>), String> {
    let held = link.payload().attachments().filter(|a| a.media_type == JSON).find_map(|attachment| {
        let (_, bytes) = world.documents.get(attachment.digest).ok()??;
        let value = serde_json::from_slice(&bytes).ok()?;
        concerto_schemas::check_body(DERIVATIONS, &value).ok()?;
        serde_json::from_value::<Derivations>(value).ok()
    });
    let all = held.map(|said| said.terms).unwrap_or_default();
    all.into_iter().map(|d| ((d.term, d.body), format!("{} [{}]", d.derivation, d.norm))).collect()
}

/// Each date that differs, with both derivations, for people.
fn differences(
    case: &Case,
    theirs: &TermDigest,
    reasons: &BTreeMap<(TermKind, Option<Writer>), String>,
    other: &Writer,
) -> Vec<String> {
    let place = |line: &TermLine| (line.term, line.body.clone());
    let terms = terms(case.state());
    let own: BTreeMap<_, &Term> = terms.iter().map(|term| (place(&term.line()), term)).collect();
    let said: BTreeMap<_, &TermLine> = theirs.terms.iter().map(|line| (place(line), line)).collect();
    let mut lines = Vec::new();
    for (key, line) in &said {
        let mine = own.get(key).filter(|term| term.line() == **line);
        if mine.is_none() {
            lines.push(difference(key, own.get(key).copied(), Some(line), reasons.get(key), other));
        }
    }
    lines.extend(
        own.iter()
            .filter(|(key, _)| !said.contains_key(*key))
            .map(|(key, term)| difference(key, Some(term), None, None, other)),
    );
    lines
}

fn difference(
    (kind, body): &(TermKind, Option<Writer>),
    own: Option<&Term>,
    said: Option<&TermLine>,
    reason: Option<&String>,
    other: &Writer,
) -> String {
    let whose = body.as_ref().map(|body| format!(" di {body}")).unwrap_or_default();
    let dates = |line: &TermLine| match line.strict == line.prudential {
        true => line.strict.to_string(),
        false => format!("{} (prudenziale {})", line.strict, line.prudential),
    };
    let here = own.map_or("nessuno".to_owned(), |term| {
        format!("{}, {} [{}]", dates(&term.line()), term.derivation_text(Lang::It), term.norm)
    });
    let there = match (said, reason) {
        (None, _) => "nessuno".to_owned(),
        (Some(line), None) => dates(line),
        (Some(line), Some(reason)) => format!("{}, {reason}", dates(line)),
    };
    format!("{}{whose} – qui: {here} – {other}: {there}", kind.text(Lang::It))
}

/// Whose disagreement was told and is not settled, from the alarms in their order.
pub(crate) fn open_disagreements(alarms: &[Alarm]) -> BTreeSet<Writer> {
    let mut open = BTreeSet::new();
    for alarm in alarms {
        let Some(other) = subject_writer(&alarm.subject) else { continue };
        match alarm.code.as_str() {
            DISAGREE => drop(open.insert(other)),
            AGREE => drop(open.remove(&other)),
            _ => {}
        }
    }
    open
}
