//! The scenarios that come with Tidepool: each is in the list, in the README, and runs as it says.

use std::fs;
use std::path::Path;
use tidepool::playground::scenario::{Playback, Scenario, ScenarioEntry, scenarios};
use tidepool::world::judge::Judge;

/// `name hash` for each, in the order of the list.
const HASHES: &str = include_str!("vectors/scenarios.txt");

#[test]
fn the_list_is_the_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/scenarios");
    let mut files: Vec<String> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("a readable folder").file_name().to_string_lossy().into_owned())
        .filter_map(|name| name.strip_suffix(".tide").map(str::to_owned))
        .collect();
    files.sort();
    let mut listed: Vec<&str> = scenarios().iter().map(|entry| entry.name).collect();
    listed.sort_unstable();
    assert_eq!(files, listed, "a file of www/scenarios that src/playground/scenario/list.rs does not name, or a name without a file");
}

#[test]
fn each_says_what_it_is() {
    for entry in scenarios() {
        let scenario = Scenario::parse(entry.text).expect(entry.name);
        assert_eq!(scenario.title, entry.title);
        assert!(!entry.title.is_empty() && !entry.title.ends_with('.'), "{}: a title", entry.name);
        assert!(entry.about.ends_with('.') && entry.about.len() < 120, "{}: one short sentence: {}", entry.name, entry.about);
        assert!(entry.teaches.ends_with('.') && entry.teaches.len() < 120, "{}: one short sentence: {}", entry.name, entry.teaches);
        assert!(!scenario.notes.is_empty(), "{}: something to read while it runs", entry.name);
    }
}

#[test]
fn the_readme_has_the_list() {
    let row = |entry: &ScenarioEntry| format!("| [`{0}`](www/scenarios/{0}.tide) | {1} | {2} |\n", entry.name, entry.about, entry.teaches);
    let table: String = scenarios().iter().map(row).collect();
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README");
    assert!(readme.contains(&table), "README.md lacks this table:\n{table}");
}

/// Its event hash at its end. Its expectations hold, and the judge finds nothing that Kafka does not permit.
fn judged(entry: &ScenarioEntry) -> u64 {
    let mut playback = Playback::new(Scenario::parse(entry.text).expect(entry.name)).expect(entry.name);
    let mut judge = Judge::new();
    judge.observe(playback.world());
    playback.watch_until(playback.end(), &mut |world| judge.observe(world));
    assert!(playback.failures().is_empty(), "{}: {:?}", entry.name, playback.failures());
    for verdict in playback.verdicts() {
        assert!(verdict.held, "{}: {} (found {})", entry.name, verdict.expect, verdict.found);
    }
    let verdict = judge.verdict(playback.world(), false);
    assert_eq!(verdict.violations, [], "{}: {verdict}", entry.name);
    playback.world().event_hash()
}

#[test]
fn each_runs_to_its_hash_and_does_what_it_says() {
    let runs: Vec<_> = scenarios().iter().map(|entry| (entry.name, std::thread::spawn(move || judged(entry)))).collect();
    let got: String = runs.into_iter().map(|(name, run)| format!("{name} {:016x}\n", run.join().expect(name))).collect();
    assert_eq!(got, HASHES, "the runs changed; if that is meant, put these into tests/vectors/scenarios.txt");
}
