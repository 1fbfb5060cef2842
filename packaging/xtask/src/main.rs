//! `cargo xtask`: the programs of the project for its own developers (STYLE rule: rules that matter are programs).
//!
//! `cargo xtask tidy` checks the house and lists every finding with its place and remedy; see [`tidy`] for the rules.
//! Exit codes: 0 nothing found, 1 findings, 2 wrong usage or the check could not run.

mod arrows;
mod cargo;
mod error;
mod finding;
mod headers;
mod house;
mod licences;
mod policy;
mod purity;
mod sizes;
mod source;
mod tidy;
mod tree;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask tidy    check arrows, purity, licences, sizes, headers and the house";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => run_tidy(),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run_tidy() -> ExitCode {
    match tidy::run() {
        Ok(report) => {
            for finding in &report.findings {
                println!("{finding}");
            }
            println!("{}", report.summary());
            if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(error) => {
            eprintln!("tidy could not run: {error}");
            ExitCode::from(2)
        }
    }
}
