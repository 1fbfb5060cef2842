//! `concerto-bench`: the numbers of `make bench`, each beside what this machine allows in the same run.
//!
//! Two nodes as processes on loopback, with real keys, stores and disk: exchanges a second and their times at 1, 8 and 64 in flight. An
//! exchange is one message, ordered over the control socket, signed, validated and synced at its author, delivered over libp2p,
//! verified, validated and synced at the other, and its *accepted* receipt verified and synced at its author. Beside it: what
//! the cores allow (2 signatures and 2 verifications with P-256 for each exchange), what the disk allows (commits), what the
//! transport allows (frames). Then one large document, beside a raw stream and a raw write. Also the memory of an idle node, the size of the
//! program, the law: a large case folded, the time of `concerto terms`, and the day's duties over many conferences; and the reads of the
//! local API of a node with many conferences.
//!
//! Exit codes: 0 every target is met, 1 a target is missed, 2 wrong usage, 4 the measurement failed.

mod api;
mod control;
mod duties;
mod federation;
mod law;
mod limits;
mod load;
mod report;
mod settings;
mod transfer;

use std::process::ExitCode;
use std::time::Duration;

use federation::Federation;
use report::Report;
use settings::{Failed, Only, Settings};

/// Orders in flight for each measurement of exchanges.
const IN_FLIGHT: [usize; 3] = [1, 8, 64];
/// In flight for the measurement with a document.
const IN_FLIGHT_DOCUMENT: usize = 8;

fn main() -> ExitCode {
    let settings = match Settings::read(std::env::args().skip(1)) {
        Ok(Some(settings)) => settings,
        Ok(None) => return ExitCode::SUCCESS,
        Err(wrong) => {
            eprintln!("concerto-bench: {wrong}\n\n{}", settings::USAGE);
            return ExitCode::from(2);
        }
    };
    match measure(&settings) {
        Ok(report) => {
            if settings.json {
                println!("{}", report.json())
            } else {
                print!("{}", report.text())
            }
            if report.passed() { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(failed) => {
            eprintln!("concerto-bench: {failed}");
            ExitCode::from(4)
        }
    }
}

fn measure(settings: &Settings) -> Result<Report, Failed> {
    let mut report = Report::of_this_machine();
    if settings.only.is_none_or(|only| only == Only::Law) {
        settings.progress("the law: a case of 5,000 messages, and concerto terms");
        report.law = Some(law::measure(&settings.concerto)?);
        settings.progress(&format!("the day's duties over {} conferences", duties::CONFERENCES));
        report.duties = Some(duties::measure()?);
    }
    if settings.conferences > 0 && settings.only.is_none_or(|only| only == Only::Api) {
        report.api = Some(api::measure(settings, settings.conferences)?);
    }
    if settings.document_mib > 1 && settings.only.is_none_or(|only| only == Only::Document) {
        settings.progress(&format!("a document of {} MiB", settings.document_mib));
        report.transfer = Some(transfer::measure(settings, settings.document_mib)?);
    }
    if settings.only.is_some() {
        return Ok(report);
    }
    settings.progress("the program's size");
    report.program_bytes = std::fs::metadata(&settings.concerto)?.len();
    let folder = settings.scratch()?;
    let federation = Federation::make(settings, folder.path())?;
    let (lead, body) = (federation.serve("lead")?, federation.serve("body")?);
    let conference = federation.open_conference(&lead)?;

    settings.progress(&format!("idle nodes, {} s", settings.idle.as_secs()));
    std::thread::sleep(settings.idle);
    report.idle_bytes = lead.resident_bytes()?.max(body.resident_bytes()?);

    let mut sent = Vec::new();
    for in_flight in IN_FLIGHT {
        settings.progress(&format!("exchanges, {in_flight} in flight, {} s", settings.seconds.as_secs()));
        let plan = load::Plan {
            in_flight,
            with_document: false,
            warm_up: warm_up(settings),
            time: settings.seconds,
        };
        let run = load::run(&lead, &conference, &plan)?;
        sent.extend(run.messages.iter().copied());
        report.exchanges.push(run.measured(in_flight));
    }
    settings.progress(&format!("exchanges with a document, {IN_FLIGHT_DOCUMENT} in flight"));
    let plan = load::Plan {
        in_flight: IN_FLIGHT_DOCUMENT,
        with_document: true,
        warm_up: warm_up(settings),
        time: settings.seconds,
    };
    let run = load::run(&lead, &conference, &plan)?;
    sent.extend(run.messages.iter().copied());
    report.with_document = Some(run.measured(IN_FLIGHT_DOCUMENT));

    settings.progress("both stores");
    report.links_checked = federation.check_stores(&conference, &sent)?;
    report.loaded_bytes = lead.resident_bytes()?.max(body.resident_bytes()?);
    lead.stop()?;
    body.stop()?;

    settings.progress("what this machine allows: signatures, commits, frames");
    report.crypto = Some(limits::crypto(settings.seconds)?);
    report.commits = limits::commits(&federation.store("lead"), &conference, folder.path(), &[1, 64])?;
    report.frames = limits::frames(IN_FLIGHT.as_slice(), settings.seconds.min(Duration::from_secs(3)))?;
    Ok(report)
}

/// Orders before the counting starts: validators are compiled, sessions are open, caches are warm.
fn warm_up(settings: &Settings) -> Duration {
    settings.seconds.div_f64(5.0)
}
