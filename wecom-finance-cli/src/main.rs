//! `wecom-finance`: WeCom's (企业微信) conversation archive from the command line.

mod archive;
mod args;
mod clock;
mod connect;
mod doctor;
mod download;
mod export;
mod failure;
mod gaps;
mod keygen;
mod language;
mod logging;
mod media;
mod output;
mod progress;
mod replay;
mod shelf;
mod stop;
mod store;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command};
use crate::failure::{Exit, Failure};
use crate::output::Output;

fn main() -> ExitCode {
    // This program is its own worker, and that of any program that names it as such.
    wecom_finance::worker::run_if_child();
    wecom_finance::return_freed_memory();
    let cli = Cli::parse();
    language::choose(cli.common.lang);
    progress::start(cli.common.quiet);
    logging::start(cli.common.verbose, cli.common.quiet);
    let mut output = match Output::take_stdout(cli.common.json) {
        Ok(output) => output,
        Err(failure) => {
            output::note(&format!("error: {failure}"));
            return failure.exit().into();
        }
    };
    let outcome = run(&cli, &mut output).and_then(|exit| output.finish().map(|()| exit));
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output.failure(&failure);
            failure.exit().into()
        }
    }
}

fn run(cli: &Cli, output: &mut Output) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Archive(args) => archive::run(&cli.common, args, output),
        Command::Export(args) => export::run(&cli.common, args, output),
        Command::Gaps(args) => gaps::run(&cli.common, args, output),
        Command::Replay(args) => replay::run(&cli.common, args, output),
        Command::Media(args) => media::run(&cli.common, args, output),
        Command::Keygen(args) => keygen::run(args, output),
        Command::Doctor(args) => doctor::run(&cli.common, args, output),
    }
}
