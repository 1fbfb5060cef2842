//! `concerto demo`: nodes as separate processes on this machine run one whole case under a virtual legal clock, then their stores
//! are compared and the conference is exported and verified. The case is data (node/demo/README.md), built in or the user's.

mod case_file;
mod check;
mod compare;
mod course;
mod documents;
mod nodes;
mod reading;
mod report;
mod resolve;
mod settle;

use concerto_core::Fault;
use concerto_message::ConferenceId;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::cli;
use crate::home::read;
use crate::output::{Exit, Failure, Output};
use crate::views;
use case_file::CaseFile;
use compare::Comparison;
use course::Course;
use documents::Documents;
use nodes::Nodes;

/// The built-in case.
const CASE: &str = include_str!("../../demo/case.toml");
/// Further cases that the program carries, by the names that `--case` takes.
const CASES: [(&str, &str); 2] = [
    ("simultaneous", include_str!("../../demo/simultaneous.toml")),
    ("earthquake", include_str!("../../demo/earthquake.toml")),
];

/// Runs the demonstration.
pub(crate) fn run(out: Output, options: &cli::Demo) -> Result<(), Failure> {
    let started = Instant::now();
    let (case, documents) = load(options)?;
    let folder = match &options.folder {
        Some(folder) => std::path::absolute(folder)?,
        None => nodes::temporary_folder(),
    };
    let from = case.steps.first().map(|step| step.at);
    let from = from.ok_or_else(|| Failure::environment("case.file", &"the case has no steps"))?;
    begin(out, &case, &folder);
    let mut nodes = Nodes::create(&case, &folder, from)?;
    nodes.start_all()?;
    nodes::introduce(out, &case, &nodes);

    out.progress(&report::heading(out.say("Svolgimento, mentre accade", "The course, as it happens")));
    let conference = Course::new(out, &case, &documents, &mut nodes).run()?;

    let copies = compare::read_all(&nodes, &conference)?;
    let comparison = compare::compare(&case, &copies);
    let lead = copies.iter().find(|copy| copy.key == nodes_key(&case));
    let lead = lead.ok_or_else(|| Failure::environment("demo.lead", &case.lead))?;
    tell_result(out, &case, &folder, &lead.case, &copies, &comparison);
    let export = folder.join("export");
    let verified = export_and_verify(&nodes, &case, &conference, &export);
    tell_export(out, &export, &verified);

    let mut value = result(&case, &conference, &folder, &lead.case, &comparison, &verified);
    tell_end(out, &case, &nodes, &conference)?;
    if options.keep {
        let processes = keep(out, &mut nodes);
        if let Some(fields) = value.as_object_mut() {
            fields.insert("processes".into(), json!(processes));
        }
    }
    conclude(out, &comparison, verified, started, value)
}

/// The key of the lead, also where the case names it by its writer.
fn nodes_key(case: &CaseFile) -> &str {
    case.participant(&case.lead).map_or(case.lead.as_str(), |lead| lead.key.as_str())
}

fn load(options: &cli::Demo) -> Result<(CaseFile, Documents), Failure> {
    let Some(path) = &options.case else {
        return Ok((CaseFile::parse(CASE, &Documents::BuiltIn)?, Documents::BuiltIn));
    };
    let named = CASES.iter().find(|(name, _)| path.as_os_str() == *name && options.documents.is_none());
    if let Some((_, text)) = named {
        return Ok((CaseFile::parse(text, &Documents::BuiltIn)?, Documents::BuiltIn));
    }
    let text = String::from_utf8(read(path)?).map_err(|e| Failure::environment("case.syntax", &e))?;
    let beside = || path.parent().unwrap_or(Path::new(".")).join("documents");
    let documents = Documents::Folder(options.documents.clone().unwrap_or_else(beside));
    Ok((CaseFile::parse(&text, &documents)?, documents))
}

fn begin(out: Output, case: &CaseFile, folder: &Path) {
    let count = case.participants.len();
    out.progress(&if out.italian() {
        format!(
            "Concerto: dimostrazione con {count} nodi in processi separati, orologio legale virtuale.\n{}\nCartella: {}\n",
            case.title,
            folder.display()
        )
    } else {
        format!(
            "Concerto: demonstration with {count} nodes in separate processes, under a virtual legal clock.\n{}\nFolder: {}\n",
            case.title,
            folder.display()
        )
    });
}

fn tell_result(
    out: Output,
    case: &CaseFile,
    folder: &Path,
    lead: &concerto_core::Case,
    copies: &[compare::Copy],
    comparison: &Comparison,
) {
    let lead_name = case.participant(&case.lead).map_or("", |p| p.name.as_str());
    out.progress(&report::heading(&format!(
        "{} {lead_name}",
        out.say("Cronologia, dal fascicolo:", "Timeline, from the record of:")
    )));
    report::timeline(out, case, lead);
    out.progress(&report::heading(out.say("Posizioni ed esito", "Positions and outcome")));
    report::positions(out, case, lead);
    let outcome = comparison.outcome.and_then(|outcome| serde_json::to_value(outcome).ok());
    let outcome =
        outcome.as_ref().and_then(Value::as_str).map_or("-".to_owned(), |word| views::glossary(out, word));
    out.progress(&format!("  {:<15} {outcome}", out.say("esito", "outcome")));
    out.progress(&report::heading(
        out.say("Termini, e la ragione di ogni data", "Terms, and the reason of each date"),
    ));
    report::terms_with_reasons(out, case, lead);
    out.progress(&report::heading(
        out.say("Dove ogni nodo tiene i suoi dati", "Where each node keeps its data"),
    ));
    report::places(out, folder, copies, comparison);
    out.progress(&report::heading(out.say("Confronto degli archivi", "Comparison of the stores")));
    report::comparison(out, comparison);
    out.progress(&report::verdict(out, case, comparison));
}

/// Exports from the lead's store and verifies without any store, each as its own process, as a user would.
fn export_and_verify(
    nodes: &Nodes,
    case: &CaseFile,
    conference: &ConferenceId,
    export: &Path,
) -> Result<Value, Failure> {
    let home = &nodes.node(nodes_key(case))?.home;
    let conference = conference.to_string();
    concerto(&["conference", "export", &conference], &[export], Some(&home.folder))?;
    let anchor = nodes.folder.join("anchor").join("anchor.json");
    let keys = home.anchor()?;
    let keys = json!({ "entity": keys.entity(), "keys": keys.keys().keys() });
    std::fs::write(&anchor, keys.to_string())?;
    concerto(&["verify", "--anchor"], &[&anchor, export], None)
}

/// Runs this program and reads its answer.
fn concerto(arguments: &[&str], paths: &[&Path], home: Option<&Path>) -> Result<Value, Failure> {
    let mut command = nodes::this_program();
    command.args(["--format", "json"]).args(home.map(|_| "--home")).args(home).args(arguments).args(paths);
    let done = command.output()?;
    if done.status.success() {
        return serde_json::from_slice(&done.stdout).map_err(|e| Failure::environment("demo.command", &e));
    }
    let told: Option<Value> = serde_json::from_slice(&done.stderr).ok();
    let faults = told.and_then(|told| serde_json::from_value::<Vec<Fault>>(told.get("error")?.clone()).ok());
    let text = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    let faults = faults.unwrap_or_else(|| vec![Fault::technical("demo.command", &text)]);
    Err(Failure { exit: Exit::Refused, faults })
}

fn tell_export(out: Output, export: &Path, verified: &Result<Value, Failure>) {
    out.progress(&report::heading(out.say("Esportazione", "Export")));
    let path = export.display();
    let text = match verified {
        Ok(_) => out.say(
            "✓ verificata senza alcun archivio, con le sole chiavi dell'ancora",
            "✓ verified without any store, from the anchor's keys alone",
        ),
        Err(_) => out.say("✗ non si verifica", "✗ it does not verify"),
    };
    out.progress(&format!("  {path}\n  {text}"));
}

#[allow(clippy::too_many_arguments, reason = "the whole result in one document")]
fn result(
    case: &CaseFile,
    conference: &ConferenceId,
    folder: &Path,
    lead: &concerto_core::Case,
    comparison: &Comparison,
    verified: &Result<Value, Failure>,
) -> Value {
    let timeline = views::value(&concerto_api::views::timeline(lead).acts);
    json!({
        "title": case.title,
        "conference": conference,
        "folder": folder,
        "timeline": timeline,
        "positions": lead.state().position_lines(),
        "terms": concerto_procedure::terms(lead.state()),
        "outcome": comparison.outcome,
        "comparison": comparison.to_json(),
        "export": {
            "folder": folder.join("export"),
            "verified": verified.is_ok(),
            "counts": verified.as_ref().ok().and_then(|report| report.get("counts")),
        },
    })
}

/// How to look at the nodes, and how to stop them where they run on.
fn tell_end(out: Output, case: &CaseFile, nodes: &Nodes, conference: &ConferenceId) -> Result<(), Failure> {
    let program = std::env::args_os().next().unwrap_or_else(|| "concerto".into());
    let program = Path::new(&program).display();
    let home: PathBuf = nodes.node(nodes_key(case))?.home.folder.clone();
    out.progress(&report::heading(out.say("Per guardare", "To look around")));
    let name: String = conference.nonce().to_string().chars().take(8).collect();
    out.progress(&format!("  export CONCERTO_HOME={}", home.display()));
    out.progress(&format!("  {program} conference show {name}"));
    out.progress(&format!("  {program} conference timeline {name}"));
    Ok(())
}

/// Leaves the nodes running; their process identifiers.
fn keep(out: Output, nodes: &mut Nodes) -> BTreeMap<String, u32> {
    let processes = nodes.leave_running();
    let pids: Vec<String> = processes.values().map(ToString::to_string).collect();
    let text = out.say("i nodi restano in funzione; per fermarli:", "the nodes run on; to stop them:");
    out.progress(&format!("  {text} kill {}", pids.join(" ")));
    processes
}

fn conclude(
    out: Output,
    comparison: &Comparison,
    verified: Result<Value, Failure>,
    started: Instant,
    value: Value,
) -> Result<(), Failure> {
    let mut faults: Vec<Fault> =
        comparison.differences.iter().map(|(it, en)| Fault::new("demo.differs", it, en)).collect();
    faults.extend(verified.err().into_iter().flat_map(|failure| failure.faults));
    let seconds = started.elapsed().as_secs();
    let good = if out.italian() {
        format!(
            "\nOK: {} nodi, stesso fascicolo, stessi termini, stesso esito, in {seconds} s.",
            comparison.rows.len()
        )
    } else {
        format!(
            "\nOK: {} nodes, one record, the same terms, the same outcome, in {seconds} s.",
            comparison.rows.len()
        )
    };
    if out.json || faults.is_empty() {
        out.result(&good, &value);
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure { exit: Exit::Refused, faults }) }
}
