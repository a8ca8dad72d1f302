//! The command line, by `clap`.

use super::simulate::{PROFILES, Profile};
use crate::kafka::sabotage::Sabotage;
use crate::playground::why::{Question, forms};
use crate::world::operations::duration;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, value_parser};
use std::ops::Range;
use std::path::PathBuf;

/// Tidepool: Kafka under glass.
#[derive(Debug, Parser)]
#[command(name = "tidepool", version)]
pub(crate) struct Cli {
    /// Without a command, the help is printed.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Broker(BrokerArgs),
    Run(RunArgs),
    Simulate(SimulateArgs),
}

/// Serves brokers to real Kafka clients.
#[derive(Args, Debug)]
#[command(after_help = "\
With --brokers, faults are taken on standard input, a line each:
  kill N, power-loss N, wipe N, stop N, restart N, pause N, resume N, isolate N, heal")]
pub(crate) struct BrokerArgs {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT", value_parser = host_port, default_value = "127.0.0.1:9092")]
    pub(crate) listen: (String, u16),
    /// The address that Metadata gives to clients; without it, the one where it listens.
    #[arg(long, value_name = "HOST:PORT", value_parser = host_port)]
    pub(crate) advertise: Option<(String, u16)>,
    /// Keeps the files in this folder, in Kafka's layout; without it they are in memory only.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The nodes of the cluster, 1 to 9, each broker and controller, on ports that follow one another.
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=9), default_value_t = 1)]
    pub(crate) brokers: u16,
    /// Lists the configs of brokers and topics, says which are in force, and ends.
    #[arg(long)]
    pub(crate) configs: bool,
    /// Sets a config of the brokers; may be given again.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) config: Vec<(String, String)>,
}

/// Runs a scenario file; prints its narration, the verdicts on its expectations, the event hash and what the judge says.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// A scenario file (.tide).
    pub(crate) file: PathBuf,
    /// Ends at this simulated time, such as 500ms, 60s or 10m; without it, where the file says.
    #[arg(long = "until", value_name = "DURATION", value_parser = duration)]
    pub(crate) until_us: Option<i64>,
    /// How much the narrator tells, 1 (least) to 3.
    #[arg(long, value_name = "1..3", value_parser = value_parser!(u8).range(1..=3), default_value_t = 2)]
    pub(crate) level: u8,
    #[arg(long, value_name = "QUESTION", help = format!("Asks why something is so at the end; may be given again. One of: {}", forms()))]
    pub(crate) why: Vec<Question>,
}

/// Runs a random cluster with random clients and faults for each seed and judges it. What the judge finds is shrunk to a scenario file.
#[derive(Args, Clone, Debug)]
pub(crate) struct SimulateArgs {
    /// The seeds from A up to B, which is not included, such as 0..2000.
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    pub(crate) seeds: Range<u64>,
    /// Ends after so many minutes of real time.
    #[arg(long, value_name = "M", value_parser = value_parser!(u64).range(1..=1_000_000))]
    pub(crate) minutes: Option<u64>,
    /// The faults that may be drawn.
    #[arg(long, value_name = "NAME", value_parser = profile(), default_value = PROFILES[0].name)]
    pub(crate) profile: Profile,
    /// Plants a bug that the judge must find.
    #[arg(long, value_name = "NAME", value_parser = sabotage())]
    pub(crate) sabotage: Option<Sabotage>,
    /// The number of runs at once.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=256), default_value_t = 2)]
    pub(crate) threads: u32,
    /// Ends with so many seeds that show a violation.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..), default_value_t = 1)]
    pub(crate) finds: u32,
    /// The folder for the scenario files.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
}

/// IPv6 hosts are in brackets.
fn host_port(text: &str) -> Result<(String, u16), String> {
    let parsed = text.rsplit_once(':').and_then(|(host, port)| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        (!host.is_empty()).then_some((host.to_owned(), port.parse().ok()?))
    });
    parsed.ok_or_else(|| "expected HOST:PORT, such as 127.0.0.1:9092".to_owned())
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
    pair.map(|(key, value)| (key.to_owned(), value.to_owned())).ok_or_else(|| "expected KEY=VALUE".to_owned())
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let parsed = text.split_once("..").and_then(|(first, end)| Some(first.parse().ok()?..end.parse().ok()?));
    parsed.filter(|seeds| !seeds.is_empty()).ok_or_else(|| "expected A..B with A below B, such as 0..2000".to_owned())
}

fn profile() -> impl TypedValueParser<Value = Profile> {
    let find = |name: String| PROFILES.into_iter().find(|profile| profile.name == name).ok_or("no such profile");
    PossibleValuesParser::new(PROFILES.map(|profile| profile.name)).try_map(find)
}

fn sabotage() -> impl TypedValueParser<Value = Sabotage> {
    let find = |name: String| Sabotage::ALL.into_iter().find(|sabotage| sabotage.name() == name).ok_or("no such sabotage");
    PossibleValuesParser::new(Sabotage::ALL.map(Sabotage::name)).try_map(find)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn parsed(line: &str) -> Result<Command, String> {
        let words = std::iter::once("tidepool").chain(line.split_whitespace());
        Cli::try_parse_from(words).map_err(|error| error.to_string()).map(|cli| cli.command.expect("the line has a command"))
    }

    #[test]
    fn the_declaration_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_broker_takes_its_flags_in_any_order() {
        let Ok(Command::Broker(args)) = parsed("broker --config a.b=1 --listen [::1]:0 --data d --config c==2") else { panic!() };
        assert_eq!(args.listen, ("::1".into(), 0));
        assert_eq!((args.data, args.brokers), (Some("d".into()), 1));
        assert_eq!(args.config, [("a.b".into(), "1".into()), ("c".into(), "=2".into())]);
    }

    #[test]
    fn a_run_takes_a_file_and_questions() {
        let words = ["tidepool", "run", "a.tide", "--until", "1.5s", "--level", "3", "--why", "late checkout", "--why", "idle billing-1"];
        let Some(Command::Run(args)) = Cli::try_parse_from(words).expect("is valid").command else { panic!() };
        assert_eq!((args.file, args.until_us, args.level, args.why.len()), ("a.tide".into(), Some(1_500_000), 3, 2));
    }

    #[test]
    fn a_seed_search_takes_its_flags() {
        let line = "simulate --seeds 5..9 --minutes 3 --profile power --sabotage no-truncation --threads 1 --finds 4 --out d";
        let Ok(Command::Simulate(args)) = parsed(line) else { panic!() };
        assert_eq!((args.seeds, args.minutes, args.threads, args.finds), (5..9, Some(3), 1, 4));
        assert_eq!((args.profile.name, args.sabotage, args.out), ("power", Some(Sabotage::NoTruncation), "d".into()));
        let Ok(Command::Simulate(args)) = parsed("simulate --seeds 0..1") else { panic!() };
        assert_eq!((args.profile.name, args.sabotage, args.threads, args.finds), ("swarm", None, 2, 1));
    }

    #[test]
    fn a_bad_line_names_the_option_the_value_and_what_is_expected() {
        for (line, expected) in [
            ("brocker", "unrecognized subcommand 'brocker'"),
            ("broker --prot 1", "unexpected argument '--prot'"),
            ("broker --listen 9092", "'9092' for '--listen <HOST:PORT>': expected HOST:PORT, such as 127.0.0.1:9092"),
            ("broker --listen", "a value is required for '--listen <HOST:PORT>'"),
            ("broker --brokers 10", "'10' for '--brokers <N>': 10 is not in 1..=9"),
            ("broker --config x", "'x' for '--config <KEY=VALUE>': expected KEY=VALUE"),
            ("run", "<FILE>"),
            ("run a --level 4", "'4' for '--level <1..3>': 4 is not in 1..=3"),
            ("run a --until 5", "a number and one of us, ms, s, m, h is expected"),
            ("run a --why me", "'me' for '--why <QUESTION>': expected leaderless TOPIC-N, out-of-sync TOPIC-N"),
            ("run a b", "unexpected argument 'b'"),
            ("simulate", "--seeds <A..B>"),
            ("simulate --seeds 7", "'7' for '--seeds <A..B>': expected A..B with A below B"),
            ("simulate --seeds 7..7", "expected A..B with A below B"),
            ("simulate --seeds 0..9 --minutes 0", "'0' for '--minutes <M>': 0 is not in 1..=1000000"),
            ("simulate --seeds 0..9 --threads x", "'x' for '--threads <N>': invalid digit"),
            ("simulate --seeds 0..9 --profile wild", "'wild' for '--profile <NAME>'\n  [possible values: swarm, calm, crashes"),
            ("simulate --seeds 0..9 --sabotage x", "[possible values: ack-before-replication, high-watermark-from-leader"),
            ("simulate 0..9", "unexpected argument '0..9'"),
        ] {
            let error = parsed(line).expect_err(line);
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}
