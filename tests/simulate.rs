//! The seed search, as `tidepool simulate` carries it out: fixed seeds show no violation, and each planted bug is found.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use tidepool::kafka::sabotage::Sabotage;

/// Without optimization a run takes twenty times as long.
const SEEDS: u64 = if cfg!(debug_assertions) { 15 } else { 300 };
/// Where the search for a planted bug ends.
const LAST: u64 = 500;

fn simulate(seeds: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidepool"));
    command.args(["simulate", "--seeds", seeds, "--out", env!("CARGO_TARGET_TMPDIR")]);
    command
}

#[test]
fn fixed_seeds_show_no_violation() {
    let output = simulate(&format!("0..{SEEDS}")).output().expect("it runs");
    let (told, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.ends_with("no violation\n"), "{told}\n{errors}");
    assert!(told.starts_with(&format!("{SEEDS} seeds in ")), "{told}");
}

/// From which seed on each bug is looked for: the search begins where it was found, and goes on from there should runs be others by then.
fn first_seed(sabotage: Sabotage) -> u64 {
    match sabotage {
        Sabotage::AckBeforeReplication
        | Sabotage::HighWatermarkFromLeader
        | Sabotage::EpochNotFenced
        | Sabotage::CommitBeforeRecords
        | Sabotage::EpochNotCommitted
        | Sabotage::SequenceUnchecked => 0,
        Sabotage::UncleanElection | Sabotage::TwoOwners | Sabotage::GenerationNotChecked => 1,
        Sabotage::NoTruncation | Sabotage::IsrNeverShrinks => 4,
        Sabotage::LsoIgnored => 5,
        Sabotage::MarkerLost => 7,
        Sabotage::StrayLogOverwritten => 12,
        Sabotage::RecordNotValidated => 24,
    }
}

/// The first find, as the search tells it before it shrinks it, which takes minutes and is not waited for.
fn found(sabotage: Sabotage) -> Option<String> {
    let mut command = simulate(&format!("{}..{LAST}", first_seed(sabotage)));
    command.args(["--threads", "1", "--sabotage", sabotage.name()]);
    let mut search = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it runs");
    let lines = BufReader::new(search.stderr.take().expect("it is piped")).lines();
    let find = lines.map_while(Result::ok).find(|line| line.starts_with("seed "));
    search.kill().ok();
    search.wait().expect("it ends");
    find
}

#[test]
fn each_planted_bug_is_found() {
    let missed: Vec<&str> = Sabotage::ALL.into_iter().filter(|sabotage| found(*sabotage).is_none()).map(Sabotage::name).collect();
    assert_eq!(missed, Vec::<&str>::new());
}
