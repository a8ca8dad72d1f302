//! Floor 4, native: the command line, real sockets, real files. The only native floor that knows a clock.

mod args;
mod cluster;
mod configs;
mod connection;
mod data_dir;
mod fault;
mod run;
mod server;
mod simulate;

use args::{Cli, Command};
use clap::{CommandFactory as _, Parser as _};
use std::process::ExitCode;

/// The `tidepool` command line. Exit codes: 0 for success, 1 for a failure, 2 for a wrong command line.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are errors to `clap` too. A closed pipe is none to us.
            error.print().ok();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match cli.command {
        None => {
            Cli::command().print_help().ok();
            ExitCode::SUCCESS
        }
        Some(Command::Broker(args)) if args.configs => {
            configs::print_configs();
            ExitCode::SUCCESS
        }
        Some(Command::Broker(args)) => match server::serve(args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                err(&format!("tidepool broker: {error}"));
                ExitCode::FAILURE
            }
        },
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Simulate(args)) => simulate::simulate(&args),
    }
}

/// Prints to standard output; a closed pipe is no error.
pub(crate) fn out(text: &str) {
    use std::io::Write as _;
    std::io::stdout().write_all(text.as_bytes()).ok();
}

/// Prints a line to standard error.
pub(crate) fn err(line: &str) {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "{line}").ok();
}
