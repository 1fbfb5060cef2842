//! The `concerto` program: one node of an administration, and the commands of its officials and operators.
//!
//! Reading commands open the store beside a running node and never disturb it; orders go to the running node over its control
//! socket, or, when it does not run, are written to the store directly and leave at its next start.

mod actions;
mod api;
mod auto;
mod cli;
mod clock;
mod commands;
mod control;
mod demo;
mod documents;
mod duties;
mod engine;
mod export;
mod failpoint;
mod home;
mod init;
mod keeping;
mod log;
mod mail;
mod mark;
mod output;
mod pec;
mod repair;
mod scrub;
mod scrubbing;
mod serve;
mod sheet;
mod space;
mod terms;
mod tokens;
mod transfers;
mod turns;
mod verify;
mod views;
mod words;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match cli::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print(); // the reader may be gone
            return ExitCode::from(if error.use_stderr() { output::Exit::Usage as u8 } else { 0 });
        }
    };
    log::to_stderr(arguments.json());
    // the day a dependency turns on a second provider, the first use would panic without this choice
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let out = arguments.output();
    match commands::run(out, arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            out.failure(&failure);
            ExitCode::from(failure.exit as u8)
        }
    }
}
