//! The command line: what is allowed, and errors that say so.

use super::simulate::{PROFILES, SimulateOptions};
use crate::kafka::sabotage::Sabotage;
use crate::playground::why::{FORMS, Question};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Broker(BrokerArgs),
    Run(RunOptions),
    Simulate(SimulateOptions),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BrokerArgs {
    pub(crate) listen: (String, u16),
    pub(crate) advertise: Option<(String, u16)>,
    pub(crate) data: Option<PathBuf>,
    /// Nodes, on ports that follow one another; each is broker and controller.
    pub(crate) brokers: u16,
    pub(crate) config: BTreeMap<String, String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RunOptions {
    pub(crate) file: PathBuf,
    /// Microseconds; `None`: the file's own `run`.
    pub(crate) until_us: Option<i64>,
    /// How much the narrator says, 1 to 3.
    pub(crate) level: u8,
    /// Asked of the run's last moment.
    pub(crate) questions: Vec<Question>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArgsError {
    #[error("{0} is not a command; broker, run, simulate and help are")]
    UnknownCommand(String),
    #[error("{command} does not know {flag}; it takes {allowed}")]
    UnknownFlag { command: &'static str, flag: String, allowed: &'static str },
    #[error("{flag} {value}: expected {expected}")]
    BadValue { flag: &'static str, value: String, expected: &'static str },
    #[error("{flag} needs a value: {expected}")]
    MissingValue { flag: String, expected: &'static str },
    #[error("{flag} {value}: expected one of {allowed}")]
    NotOneOf { flag: &'static str, value: String, allowed: String },
    #[error("run needs a scenario file: tidepool run FILE")]
    MissingFile,
    #[error("simulate needs its seeds: tidepool simulate --seeds 0..100")]
    MissingSeeds,
    #[error("an argument is not UTF-8")]
    NotUtf8,
}

const BROKER_FLAGS: &str = "--listen HOST:PORT, --advertise HOST:PORT, --data DIR, --brokers 1..9, --config KEY=VALUE";
const RUN_FLAGS: &str = "FILE, --until DURATION, --level 1..3, --why QUESTION";
const SIMULATE_FLAGS: &str = "--seeds A..B, --minutes M, --profile NAME, --sabotage NAME, --threads N, --out DIR";
const SEEDS: &str = "A..B with A below B, such as 0..2000";
const COUNT: &str = "a whole number above 0";
const HOST_PORT: &str = "HOST:PORT, such as 127.0.0.1:9092";
const DURATION: &str = "a duration such as 500ms, 60s or 10m";

pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, ArgsError> {
    let mut parser = lexopt::Parser::from_args(args);
    let command = match next(&mut parser)? {
        None => return Ok(Command::Help),
        Some(Arg::Flag(flag)) if flag == "--help" || flag == "-h" => return Ok(Command::Help),
        Some(Arg::Flag(word) | Arg::Word(word)) => word,
    };
    match command.as_str() {
        "help" => Ok(Command::Help),
        "broker" => parse_broker(&mut parser),
        "run" => parse_run(&mut parser),
        "simulate" => parse_simulate(&mut parser),
        _ => Err(ArgsError::UnknownCommand(command)),
    }
}

fn parse_broker(parser: &mut lexopt::Parser) -> Result<Command, ArgsError> {
    let mut args = BrokerArgs { listen: ("127.0.0.1".into(), 9092), advertise: None, data: None, brokers: 1, config: BTreeMap::new() };
    while let Some(arg) = next(parser)? {
        match arg {
            Arg::Flag(flag) => match flag.as_str() {
                "--help" | "-h" => return Ok(Command::Help),
                "--listen" => args.listen = host_port("--listen", &value(parser, &flag, HOST_PORT)?)?,
                "--advertise" => args.advertise = Some(host_port("--advertise", &value(parser, &flag, HOST_PORT)?)?),
                "--data" => args.data = Some(value(parser, &flag, "a directory")?.into()),
                "--brokers" => {
                    let text = value(parser, &flag, "1 to 9")?;
                    let count = text.parse().ok().filter(|count| (1..=9).contains(count));
                    args.brokers = count.ok_or(ArgsError::BadValue { flag: "--brokers", value: text, expected: "1 to 9" })?;
                }
                "--config" => {
                    let pair = value(parser, &flag, "KEY=VALUE")?;
                    let Some((key, value)) = pair.split_once('=').filter(|(key, _)| !key.is_empty()) else {
                        return Err(ArgsError::BadValue { flag: "--config", value: pair, expected: "KEY=VALUE" });
                    };
                    args.config.insert(key.to_owned(), value.to_owned());
                }
                _ => return Err(ArgsError::UnknownFlag { command: "broker", flag, allowed: BROKER_FLAGS }),
            },
            Arg::Word(flag) => return Err(ArgsError::UnknownFlag { command: "broker", flag, allowed: BROKER_FLAGS }),
        }
    }
    Ok(Command::Broker(args))
}

fn parse_run(parser: &mut lexopt::Parser) -> Result<Command, ArgsError> {
    let (mut file, mut until_us, mut level, mut questions) = (None, None, 2, Vec::new());
    while let Some(arg) = next(parser)? {
        match arg {
            Arg::Flag(flag) => match flag.as_str() {
                "--help" | "-h" => return Ok(Command::Help),
                "--until" => {
                    let text = value(parser, &flag, DURATION)?;
                    let parsed = duration_us(&text);
                    until_us = Some(parsed.ok_or(ArgsError::BadValue { flag: "--until", value: text, expected: DURATION })?);
                }
                "--level" => {
                    let text = value(parser, &flag, "1, 2 or 3")?;
                    level = match text.as_str() {
                        "1" => 1,
                        "2" => 2,
                        "3" => 3,
                        _ => return Err(ArgsError::BadValue { flag: "--level", value: text, expected: "1, 2 or 3" }),
                    };
                }
                "--why" => {
                    let text = value(parser, &flag, FORMS)?;
                    let question = text.parse().map_err(|_| ArgsError::BadValue { flag: "--why", value: text, expected: FORMS })?;
                    questions.push(question);
                }
                _ => return Err(ArgsError::UnknownFlag { command: "run", flag, allowed: RUN_FLAGS }),
            },
            Arg::Word(word) if file.is_none() => file = Some(PathBuf::from(word)),
            Arg::Word(flag) => return Err(ArgsError::UnknownFlag { command: "run", flag, allowed: RUN_FLAGS }),
        }
    }
    Ok(Command::Run(RunOptions { file: file.ok_or(ArgsError::MissingFile)?, until_us, level, questions }))
}

fn parse_simulate(parser: &mut lexopt::Parser) -> Result<Command, ArgsError> {
    let mut seeds = None;
    let [profile, ..] = PROFILES;
    let mut options = SimulateOptions { first: 0, end: 0, minutes: None, profile, sabotage: None, out: ".".into(), threads: 2 };
    while let Some(arg) = next(parser)? {
        let Arg::Flag(flag) = arg else {
            let Arg::Word(flag) = arg else { continue };
            return Err(ArgsError::UnknownFlag { command: "simulate", flag, allowed: SIMULATE_FLAGS });
        };
        match flag.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--seeds" => {
                let text = value(parser, &flag, SEEDS)?;
                let parsed = text.split_once("..").and_then(|(a, b)| Some((a.parse::<u64>().ok()?, b.parse::<u64>().ok()?)));
                seeds = parsed.filter(|(a, b)| a < b);
                if seeds.is_none() {
                    return Err(ArgsError::BadValue { flag: "--seeds", value: text, expected: SEEDS });
                }
            }
            "--minutes" => options.minutes = Some(count("--minutes", value(parser, &flag, COUNT)?, 1_000_000)?),
            "--threads" => options.threads = u32::try_from(count("--threads", value(parser, &flag, COUNT)?, 256)?).unwrap_or(1),
            "--profile" => {
                let text = value(parser, &flag, "a profile's name")?;
                let known = PROFILES.into_iter().find(|profile| profile.name == text);
                let allowed = || PROFILES.map(|profile| profile.name).join(", ");
                options.profile = known.ok_or_else(|| ArgsError::NotOneOf { flag: "--profile", value: text, allowed: allowed() })?;
            }
            "--sabotage" => {
                let text = value(parser, &flag, "a planted bug's name")?;
                let known = Sabotage::ALL.into_iter().find(|sabotage| sabotage.name() == text);
                let allowed = || Sabotage::ALL.map(Sabotage::name).join(", ");
                options.sabotage =
                    Some(known.ok_or_else(|| ArgsError::NotOneOf { flag: "--sabotage", value: text, allowed: allowed() })?);
            }
            "--out" => options.out = value(parser, &flag, "a directory")?.into(),
            _ => return Err(ArgsError::UnknownFlag { command: "simulate", flag, allowed: SIMULATE_FLAGS }),
        }
    }
    (options.first, options.end) = seeds.ok_or(ArgsError::MissingSeeds)?;
    Ok(Command::Simulate(options))
}

fn count(flag: &'static str, text: String, most: u64) -> Result<u64, ArgsError> {
    let parsed = text.parse().ok().filter(|count| (1..=most).contains(count));
    parsed.ok_or(ArgsError::BadValue { flag, value: text, expected: COUNT })
}

enum Arg {
    Flag(String),
    Word(String),
}

fn next(parser: &mut lexopt::Parser) -> Result<Option<Arg>, ArgsError> {
    Ok(match parser.next().map_err(|_| ArgsError::NotUtf8)? {
        None => None,
        Some(lexopt::Arg::Long(name)) => Some(Arg::Flag(format!("--{name}"))),
        Some(lexopt::Arg::Short(name)) => Some(Arg::Flag(format!("-{name}"))),
        Some(lexopt::Arg::Value(word)) => Some(Arg::Word(word.into_string().map_err(|_| ArgsError::NotUtf8)?)),
    })
}

fn value(parser: &mut lexopt::Parser, flag: &str, expected: &'static str) -> Result<String, ArgsError> {
    let missing = |_| ArgsError::MissingValue { flag: flag.to_owned(), expected };
    parser.value().map_err(missing)?.into_string().map_err(|_| ArgsError::NotUtf8)
}

/// `HOST:PORT`; IPv6 hosts in brackets.
fn host_port(flag: &'static str, text: &str) -> Result<(String, u16), ArgsError> {
    let parsed = text.rsplit_once(':').and_then(|(host, port)| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        (!host.is_empty()).then_some((host.to_owned(), port.parse().ok()?))
    });
    parsed.ok_or_else(|| ArgsError::BadValue { flag, value: text.to_owned(), expected: HOST_PORT })
}

/// `250us`, `20ms`, `60s`, `10m`, `1h` in microseconds.
fn duration_us(text: &str) -> Option<i64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000_i64,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_broker_takes_its_flags_in_any_order() {
        let Ok(Command::Broker(args)) = parsed("broker --config a.b=1 --listen [::1]:0 --data d --config c==2") else { panic!() };
        assert_eq!(args.listen, ("::1".into(), 0));
        assert_eq!(args.data, Some("d".into()));
        assert_eq!(args.config.into_iter().collect::<Vec<_>>(), [("a.b".into(), "1".into()), ("c".into(), "=2".into())]);
    }

    #[test]
    fn a_seed_search_takes_its_flags() {
        let line = "simulate --seeds 5..9 --minutes 3 --profile power --sabotage no-truncation --threads 1 --out d";
        let Ok(Command::Simulate(options)) = parsed(line) else { panic!() };
        assert_eq!((options.first, options.end, options.minutes, options.threads), (5, 9, Some(3), 1));
        assert_eq!((options.profile.name, options.sabotage, options.out), ("power", Some(Sabotage::NoTruncation), "d".into()));
    }

    #[test]
    fn a_bad_flag_says_what_is_allowed() {
        for (line, expected) in [
            ("brocker", "brocker is not a command; broker, run, simulate and help are"),
            ("broker --prot 1", "broker does not know --prot; it takes --listen HOST:PORT"),
            ("broker --listen 9092", "--listen 9092: expected HOST:PORT"),
            ("broker --listen", "--listen needs a value: HOST:PORT"),
            ("broker --config x", "--config x: expected KEY=VALUE"),
            ("run", "run needs a scenario file"),
            ("run a --level 4", "--level 4: expected 1, 2 or 3"),
            ("run a --until 5", "--until 5: expected a duration"),
            ("run a --why me", "--why me: expected not-readable TOPIC-N@OFFSET, idle CONSUMER"),
            ("run a b", "run does not know b; it takes FILE"),
            ("simulate", "simulate needs its seeds"),
            ("simulate --seeds 7", "--seeds 7: expected A..B with A below B"),
            ("simulate --seeds 7..7", "--seeds 7..7: expected A..B with A below B"),
            ("simulate --seeds -1..7", "--seeds -1..7: expected A..B"),
            ("simulate --seeds 0..9 --minutes 0", "--minutes 0: expected a whole number above 0"),
            ("simulate --seeds 0..9 --threads x", "--threads x: expected a whole number above 0"),
            ("simulate --seeds 0..9 --profile wild", "--profile wild: expected one of swarm, calm, crashes"),
            ("simulate --seeds 0..9 --sabotage x", "--sabotage x: expected one of ack-before-replication, high"),
            ("simulate --sabotage", "--sabotage needs a value: a planted bug's name"),
            ("simulate 0..9", "simulate does not know 0..9; it takes --seeds A..B"),
            ("simulate --seed 0..9", "simulate does not know --seed; it takes --seeds A..B"),
        ] {
            let error = parsed(line).expect_err(line);
            assert!(error.starts_with(expected), "{line}: {error}");
        }
    }
}
