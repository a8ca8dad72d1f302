//! `tidepool run FILE`: plays a scenario, prints its narration, the verdicts on its expectations and the event hash.

use super::args::RunArgs;
use super::simulate::trial;
use crate::kafka::time::Time;
use crate::playground::narrate::Transcript;
use crate::playground::scenario::{Playback, Scenario};
use crate::playground::why::why;
use crate::world::EPOCH;
use crate::world::judge::Judge;
use crate::world::operations::duration_text;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

/// Narration is fetched at least this often, before the world drops events. In microseconds.
const SLICE_US: i64 = 1_000_000;

/// Success when the file is good, its actions could be done and its expectations (of the time that was run) held.
pub(crate) fn run(args: &RunArgs) -> ExitCode {
    let text = match fs::read_to_string(&args.file) {
        Ok(text) => text,
        Err(error) => return complain(&format!("{}: {error}", args.file.display())),
    };
    let scenario = match Scenario::parse(&text) {
        Ok(scenario) => scenario,
        Err(error) => return complain(&format!("{}: {error}", args.file.display())),
    };
    let playback = match Playback::new(scenario) {
        Ok(playback) => playback,
        Err(error) => return complain(&format!("{}: {error}", args.file.display())),
    };
    let until = args.until_us.map_or(playback.end(), |micros| EPOCH.plus_micros(micros));
    let mut out = BufWriter::new(io::stdout().lock());
    match play(playback, until, args, &mut out).and_then(|good| out.flush().map(|()| good)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => complain(&format!("standard output: {error}")),
    }
}

fn complain(text: &str) -> ExitCode {
    super::err(&format!("tidepool run: {text}"));
    ExitCode::FAILURE
}

fn play(mut playback: Playback, until: Time, args: &RunArgs, out: &mut impl Write) -> io::Result<bool> {
    writeln!(out, "{}", playback.scenario().title)?;
    let mut transcript = Transcript::new(args.level);
    let mut narrated = 0_u64;
    let mut note: Option<String> = None;
    let mut judge = Judge::new();
    judge.observe(playback.world());
    loop {
        transcript.update(playback.world());
        for sentence in transcript.sentences().filter(|sentence| sentence.event.0 >= narrated) {
            writeln!(out, "{} {}", clock(sentence.at), sentence.text)?;
        }
        narrated = transcript.latest().map_or(narrated, |sentence| sentence.event.0 + 1);
        if playback.note() != note.as_deref() {
            note = playback.note().map(str::to_owned);
            writeln!(out, "{} # {}", clock(playback.world().now()), note.as_deref().unwrap_or(""))?;
        }
        let now = playback.world().now();
        if now >= until {
            break;
        }
        trial::watch(&mut playback, &mut judge, now.plus_micros(SLICE_US).min(until));
    }
    let mut good = playback.failures().is_empty();
    for failure in playback.failures() {
        writeln!(out, "not done at {}: {}", duration_text(failure.at), failure.error)?;
    }
    for verdict in playback.verdicts() {
        good &= verdict.held;
        let word = if verdict.held { "holds" } else { "FAILS" };
        writeln!(out, "{word}: {} (found {})", verdict.expect, verdict.found)?;
    }
    for question in &args.why {
        writeln!(out, "{question}")?;
        for link in why(playback.world(), &judge, question).links {
            writeln!(out, "  {} {}", clock(link.at), link.text)?;
        }
    }
    writeln!(out, "event hash {:016x}", playback.world().event_hash())?;
    let verdict = trial::verdict(playback.world(), &judge);
    writeln!(out, "{verdict}")?;
    good &= verdict.violations.is_empty();
    Ok(good)
}

/// Seconds since the run's beginning, to the millisecond.
fn clock(at: Time) -> String {
    let millis = at.micros_since(EPOCH) / 1000;
    format!("{:>5}.{:03}", millis / 1000, millis % 1000)
}
