//! Floor 4, native: the command line, real sockets, real files. The only native floor that knows a clock.

mod args;
mod cluster;
mod connection;
mod data_dir;
mod fault;
mod run;
mod server;
mod simulate;

use std::process::ExitCode;

const HELP: &str = "\
Tidepool: Kafka under glass.

tidepool broker [--listen HOST:PORT] [--advertise HOST:PORT] [--data DIR] [--brokers N] [--config KEY=VALUE]...
    Serves brokers to real Kafka clients.
    --listen HOST:PORT     where to listen; port 0 takes a free one (default 127.0.0.1:9092)
    --advertise HOST:PORT  what Metadata tells clients to dial (default: where it listens)
    --data DIR             keeps the files there, in Kafka's layout; without it they are in memory only
    --brokers N            a cluster of 1 to 9 nodes on ports that follow one another. It then takes faults on standard input, a line each:
                           kill N, power-loss N, wipe N, stop N, restart N, pause N, resume N, isolate N, heal
    --config KEY=VALUE     sets any broker config of Kafka 4.1; may be given again

tidepool run FILE [--until DURATION] [--level 1..3] [--why QUESTION]...
    Runs a scenario file; prints its narration, its expectations' verdicts, the event hash and what the judge says.
    --why QUESTION         asks why something is so at the end: idle CONSUMER, late PRODUCER, lag GROUP TOPIC-N, leaderless TOPIC-N,
                           out-of-sync TOPIC-N broker-N, not-readable TOPIC-N@OFFSET, twice GROUP TOPIC-N@OFFSET, gone TOPIC-N@OFFSET

tidepool simulate --seeds A..B [--minutes M] [--profile NAME] [--sabotage NAME] [--threads N] [--out DIR]
    Runs a random cluster with random clients and faults for each seed and judges it. What the judge finds is shrunk to a scenario file.
    --seeds A..B      the seeds, without B
    --minutes M       ends after so many minutes
    --profile NAME    which faults: swarm, calm, crashes, power, network or clients (default swarm)
    --sabotage NAME   plants a bug that the judge must find
    --threads N       runs at once (default 2)
    --out DIR         where the file goes (default .)

tidepool help
";

/// The `tidepool` command line. 0: done; 1: it went wrong; 2: the command line itself is wrong.
pub fn main() -> ExitCode {
    match args::parse(std::env::args_os().skip(1)) {
        Ok(args::Command::Help) => {
            out(HELP);
            ExitCode::SUCCESS
        }
        Ok(args::Command::Broker(options)) => match server::serve(options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                err(&format!("tidepool broker: {error}"));
                ExitCode::FAILURE
            }
        },
        Ok(args::Command::Run(options)) => run::run(&options),
        Ok(args::Command::Simulate(options)) => simulate::simulate(&options),
        Err(error) => {
            err(&format!("tidepool: {error}\nTry `tidepool help`."));
            ExitCode::from(2)
        }
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
