//! `concerto-vectors`: the law's dates as a jurist wrote them, against the law's data, and the proof that each constant matters.
//!
//! 1. Every vector of `conformance-tests/vectors/*.csv` gives what its line says.
//! 2. The matrix norm -> rule -> vector -> test is printed; a rule of dates without a vector, or a vector of an unknown rule, fails.
//! 3. Each constant and policy of the data is changed by one step: at least one vector must then break.
//!
//! Exit codes: 0 good, 1 something of the above is not so, 4 a file cannot be read.

mod matrix;
mod mutations;
mod vectors;

use concerto_procedure::law::{EMBEDDED, Law, Sources};
use std::path::Path;
use std::process::ExitCode;

use matrix::Matrix;
use vectors::Vector;

/// Most findings of one kind that are printed.
const SHOWN_MAX: usize = 40;

/// A file, or a line of one, that cannot be used.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) String);

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    match check(&root) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(Failed(what)) => {
            eprintln!("concerto-vectors: {what}");
            ExitCode::from(4)
        }
    }
}

fn check(root: &Path) -> Result<bool, Failed> {
    let vectors = read_all(&root.join("conformance-tests/vectors"))?;
    let law = Law::parse(&EMBEDDED).map_err(|error| Failed(error.to_string()))?;
    let mut wrong = Vec::new();
    for vector in &vectors {
        let found = vector.outcome(&law, &EMBEDDED)?;
        if found != vector.expected {
            let (id, events) = (&vector.id, &vector.events);
            wrong.push(format!("{id} {events}\n  expected {:?}\n  found    {found:?}", vector.expected));
        }
        if vector.derivation.trim().is_empty() {
            wrong.push(format!("{} has no derivation", vector.id));
        }
    }
    let matrix = Matrix::read(root, &vectors)?;
    println!("{}\n", matrix.text());
    let gaps = matrix.gaps();
    let (mutants, survivors) = if wrong.is_empty() { mutate(&vectors)? } else { (0, Vec::new()) };
    report("vectors that give something else", &wrong);
    report("gaps of the matrix", &gaps);
    report("changed constants that no vector notices", &survivors);
    println!(
        "vectors: {}, wrong: {}; gaps: {}; changed constants: {mutants}, noticed: {}, survived: {}",
        vectors.len(),
        wrong.len(),
        gaps.len(),
        mutants - survivors.len(),
        survivors.len()
    );
    Ok(wrong.is_empty() && gaps.is_empty() && survivors.is_empty())
}

fn read_all(folder: &Path) -> Result<Vec<Vector>, Failed> {
    let entries = std::fs::read_dir(folder).map_err(|e| Failed(format!("{}: {e}", folder.display())))?;
    let mut paths: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "csv"));
    paths.sort();
    let mut vectors = Vec::new();
    for path in paths {
        vectors.extend(vectors::read(&path)?);
    }
    Ok(vectors)
}

/// Changes every constant; gives how many there are, and those that no vector notices.
fn mutate(vectors: &[Vector]) -> Result<(usize, Vec<String>), Failed> {
    let (mut count, mut survivors) = (0, Vec::new());
    let files =
        [("holidays", EMBEDDED.holidays), ("regimes", EMBEDDED.regimes), ("procedures", EMBEDDED.procedures)];
    for (file, text) in files {
        for mutant in mutations::of(file, text).map_err(Failed)? {
            let changed = match file {
                "holidays" => Sources { holidays: &mutant.text, ..EMBEDDED },
                "regimes" => Sources { regimes: &mutant.text, ..EMBEDDED },
                _ => Sources { procedures: &mutant.text, ..EMBEDDED },
            };
            count += 1;
            if !noticed(vectors, &changed) {
                survivors.push(mutant.name);
            }
        }
    }
    Ok((count, survivors))
}

/// Whether a vector breaks under this law; data that cannot even be read are noticed too.
fn noticed(vectors: &[Vector], sources: &Sources<'_>) -> bool {
    let Ok(law) = Law::parse(sources) else { return true };
    vectors.iter().any(|vector| !vector.outcome(&law, sources).is_ok_and(|found| found == vector.expected))
}

fn report(what: &str, findings: &[String]) {
    if findings.is_empty() {
        return;
    }
    println!("== {what}: {}", findings.len());
    for finding in findings.iter().take(SHOWN_MAX) {
        println!("{finding}");
    }
}
