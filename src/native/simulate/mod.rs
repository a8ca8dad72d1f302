//! `tidepool simulate`: random clusters, workloads and faults, one for each seed, judged; what the judge finds is shrunk to a file.

mod configs;
mod coverage;
mod draw;
mod processors;
mod shrink;
pub(crate) mod trial;

pub(crate) use draw::{PROFILES, Profile};

use super::args::SimulateArgs;
use crate::playground::scenario::Scenario;
use crate::world::judge::{Counters, Violation};
use crate::world::operations::Action;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Runs that a shrink takes at most.
const SHRINK_TRIES: u32 = 600;
/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// What all runs together came to.
#[derive(Default)]
struct Totals {
    seeds: u64,
    records: u64,
    acked: u64,
    lost: u64,
    duplicated: u64,
    counters: Counters,
    permitted: BTreeMap<String, u64>,
    coverage: coverage::Coverage,
    /// Seeds with a violation, each with its first.
    found: BTreeMap<u64, Violation>,
    broken: Option<String>,
}

impl Totals {
    fn add(&mut self, scenario: &Scenario, outcome: &trial::Outcome) {
        self.coverage.add(scenario, &outcome.undone, &outcome.requests);
        let (from, ledger) = (&outcome.verdict.counters, &outcome.verdict.ledger);
        self.seeds += 1;
        self.records += ledger.sent;
        self.acked += ledger.acked;
        self.lost += ledger.lost;
        self.duplicated += ledger.duplicated;
        for permitted in &ledger.permitted {
            *self.permitted.entry(format!("{}: {}", permitted.what, permitted.why)).or_insert(0) += permitted.records;
        }
        let to = &mut self.counters;
        to.events += from.events;
        to.elections += from.elections;
        to.quorum_elections += from.quorum_elections;
        to.truncations += from.truncations;
        to.isr_changes += from.isr_changes;
        to.rebalances += from.rebalances;
        for (kind, count) in from.faults.iter() {
            *to.faults.entry(kind).or_insert(0) += count;
        }
    }
}

pub(crate) fn simulate(args: &SimulateArgs) -> ExitCode {
    let begun = Instant::now();
    // A panic of one run is told as a violation, once.
    std::panic::set_hook(Box::new(|_| {}));
    let totals = search(args, begun);
    drop(std::panic::take_hook());
    if let Some(error) = totals.broken {
        super::err(&format!("tidepool simulate: {error}"));
        return ExitCode::FAILURE;
    }
    let seconds = begun.elapsed().as_secs();
    super::out(&format!("{} seeds in {seconds} s: {}\n", totals.seeds, totals.counters));
    super::out(&format!(
        "{} records: {} acknowledged, {} lost, {} duplicated\n",
        totals.records, totals.acked, totals.lost, totals.duplicated
    ));
    for (what, records) in totals.permitted.iter() {
        super::out(&format!("permitted: {records} records {what}\n"));
    }
    super::out(&totals.coverage.to_string());
    if totals.found.is_empty() {
        super::out("no violation\n");
        return ExitCode::SUCCESS;
    }
    totals.found.iter().for_each(|(seed, violation)| tell(*seed, violation, args));
    ExitCode::FAILURE
}

/// Says what was found, and writes the shortest scenario that shows it.
fn tell(seed: u64, violation: &Violation, args: &SimulateArgs) {
    super::out(&format!("seed {seed}: {violation}\n"));
    let (scenario, end) = minimal(&draw::draw(seed, args.profile, args.sabotage), violation);
    super::out(&format!("shrunk to {} actions\n", scenario.actions.len()));
    match write(&scenario, end, violation, &args.out, seed) {
        Ok(path) => super::out(&format!("written to {}; `tidepool run` shows it again\n", path.display())),
        Err(error) => super::err(&format!("tidepool simulate: {}: {error}", args.out.display())),
    }
}

fn search(args: &SimulateArgs, begun: Instant) -> Totals {
    let limit = args.minutes.map(|minutes| Duration::from_secs(minutes * 60));
    let (next, stop) = (AtomicU64::new(args.seeds.start), AtomicBool::new(false));
    let totals = Mutex::new((Totals::default(), begun));
    std::thread::scope(|scope| {
        for _ in 0..args.threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= args.seeds.end || stop.load(Ordering::Relaxed) || limit.is_some_and(|limit| begun.elapsed() >= limit) {
                        return;
                    }
                    let scenario = draw::draw(seed, args.profile, args.sabotage);
                    let result = trial::run(&scenario, None);
                    let mut guard = totals.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    let (totals, told) = &mut *guard;
                    match result {
                        Ok(outcome) => {
                            totals.add(&scenario, &outcome);
                            if let Some(violation) = outcome.verdict.violations.first() {
                                super::err(&format!("seed {seed}: {violation}"));
                                totals.found.insert(seed, violation.clone());
                                stop.store(totals.found.len() >= args.finds as usize, Ordering::Relaxed);
                            }
                        }
                        Err(error) => {
                            totals.broken = Some(format!("seed {seed}: {error}"));
                            stop.store(true, Ordering::Relaxed);
                        }
                    }
                    if told.elapsed() >= TELL_EVERY {
                        *told = Instant::now();
                        super::err(&format!("{} seeds, {}", totals.seeds, totals.counters));
                    }
                }
            });
        }
    });
    totals.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).0
}

/// The shortest list of actions that shows such a violation, and when it shows.
fn minimal(scenario: &Scenario, wanted: &Violation) -> (Scenario, i64) {
    let with = |actions: &[(i64, Action)]| Scenario { actions: actions.to_vec(), ..scenario.clone() };
    let mut end = scenario.run_for;
    let mut actions = scenario.actions.clone();
    // What comes after it and what could not be done was no part of it.
    if let Ok(outcome) = trial::run(scenario, Some(wanted)) {
        end = outcome.end;
        let needed: Vec<(i64, Action)> = actions.iter().filter(|(at, _)| *at <= end).cloned().collect();
        if trial::run(&with(&needed), Some(wanted)).is_ok_and(|outcome| outcome.shows(wanted)) {
            actions = needed;
        }
    }
    let actions = shrink::shrink(actions, SHRINK_TRIES, &mut |actions| match trial::run(&with(actions), Some(wanted)) {
        Ok(outcome) if outcome.shows(wanted) => {
            end = outcome.end;
            true
        }
        _ => false,
    });
    let mut least = with(&actions);
    if let Ok(outcome) = trial::run(&least, Some(wanted)) {
        end = outcome.end;
        least.actions.retain(|(at, action)| !outcome.undone.iter().any(|(other, undone)| undone == action && other >= at));
        if !trial::run(&least, Some(wanted)).is_ok_and(|outcome| outcome.shows(wanted)) {
            least.actions = actions;
        }
    }
    (least, end)
}

fn write(scenario: &Scenario, end: i64, violation: &Violation, out: &Path, seed: u64) -> io::Result<PathBuf> {
    let mut scenario = scenario.clone();
    scenario.title = format!("Seed {seed}: {}", violation.kind);
    scenario.run_for = end;
    std::fs::create_dir_all(out)?;
    let path = out.join(format!("seed-{seed}-{}.tide", violation.kind));
    std::fs::write(&path, scenario.to_text())?;
    Ok(path)
}
