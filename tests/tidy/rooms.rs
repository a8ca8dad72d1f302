//! No circles between rooms. A room is a folder directly below a floor (`src/kafka/broker`); the files that lie directly in the floor are
//! one room, named as the floor. Room A uses room B when code of A, tests aside, names a path into B.

use super::source::{code_of, is_test_file, test_lines};
use std::collections::{BTreeMap, BTreeSet};

const FLOORS: [&str; 3] = ["kafka", "world", "playground"];

/// Which rooms each room uses, and the file that does so first.
pub type Uses = BTreeMap<(String, String), String>;

/// The module path of a file: `src/kafka/log/segment.rs` is `kafka::log::segment`.
fn module(name: &str) -> Vec<String> {
    let path = name.trim_start_matches("src/").trim_end_matches(".rs");
    let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// The room of a path: its floor, and the folder if there is such a folder.
fn room(path: &[String], folders: &BTreeSet<String>) -> Option<String> {
    let floor = path.first().filter(|floor| FLOORS.contains(&floor.as_str()))?;
    let folder = path.get(1).map(|name| format!("{floor}/{name}")).filter(|folder| folders.contains(folder));
    Some(folder.unwrap_or_else(|| floor.clone()))
}

/// The paths that code names from `crate` or `super` on, absolute, `{…}` spelled out.
fn paths(code: &str, here: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            // `super::super::x` is found once, from its beginning.
            if before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':') {
                spell(&code[at..], &mut Vec::new(), &mut found);
            }
        }
    }
    found.iter().filter_map(|path| absolute(path, here)).collect()
}

/// Reads one tree, such as `a::{b, c::d}`, into its paths. Gives back how much of the text it took.
fn spell(text: &str, prefix: &mut Vec<String>, out: &mut Vec<Vec<String>>) -> usize {
    let depth = prefix.len();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let skipped = rest.len() - rest.trim_start().len();
        let word: String = rest[skipped..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        at += skipped + word.len();
        if word.is_empty() {
            if text[at..].starts_with('{') {
                at += 1;
                loop {
                    at += spell(&text[at..], prefix, out);
                    let rest = &text[at..];
                    at += rest.len() - rest.trim_start().len();
                    match text[at..].chars().next() {
                        Some(',') => at += 1,
                        Some('}') => {
                            at += 1;
                            break;
                        }
                        // Not a tree of paths.
                        _ => break,
                    }
                }
            }
            prefix.truncate(depth);
            return at;
        }
        prefix.push(word);
        if !text[at..].starts_with("::") {
            out.push(prefix.clone());
            prefix.truncate(depth);
            // `as name` gives it another name.
            if let Some(renamed) = text[at..].strip_prefix(" as ") {
                at += 4 + renamed.chars().take_while(|c| c.is_alphanumeric() || *c == '_').count();
            }
            return at;
        }
        at += 2;
    }
}

fn absolute(path: &[String], here: &[String]) -> Option<Vec<String>> {
    if path.first().is_some_and(|first| first == "crate") {
        return Some(path[1..].to_vec());
    }
    let ups = path.iter().take_while(|part| *part == "super").count();
    let base = here.len().checked_sub(ups)?;
    Some(here[..base].iter().chain(&path[ups..]).cloned().collect())
}

/// What rooms use each other. `files`: names such as `src/kafka/log/mod.rs`, and their texts.
pub fn uses(files: &[(String, String)]) -> Uses {
    let folders: BTreeSet<String> = files
        .iter()
        .map(|(name, _)| name.trim_start_matches("src/").split('/').collect::<Vec<_>>())
        .filter(|parts| parts.len() > 2)
        .map(|parts| format!("{}/{}", parts[0], parts[1]))
        .collect();
    let mut uses = Uses::new();
    for (name, text) in files.iter().filter(|(name, _)| !is_test_file(name)) {
        let here = module(name);
        let Some(from) = room(&here, &folders) else { continue };
        let tests = test_lines(text);
        let code: Vec<&str> = text.lines().zip(tests).filter(|(_, test)| !test).map(|(line, _)| code_of(line)).collect();
        for path in paths(&code.join("\n"), &here) {
            if let Some(to) = room(&path, &folders).filter(|to| *to != from && to.split('/').next() == from.split('/').next()) {
                uses.entry((from.clone(), to)).or_insert_with(|| name.clone());
            }
        }
    }
    uses
}

/// Rooms that can be reached from themselves, each circle as the rooms in it. `known`: uses that are passed over.
pub fn circles(uses: &Uses, known: &[(&str, &str)]) -> Vec<Vec<String>> {
    let edges: Vec<(&str, &str)> =
        uses.keys().map(|(from, to)| (from.as_str(), to.as_str())).filter(|edge| !known.contains(edge)).collect();
    let reach = |start: &str| {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut next = vec![start.to_owned()];
        while let Some(room) = next.pop() {
            for (_, to) in edges.iter().filter(|(from, _)| *from == room) {
                if seen.insert(to) {
                    next.push((*to).to_owned());
                }
            }
        }
        seen.into_iter().map(str::to_owned).collect::<BTreeSet<String>>()
    };
    let rooms: BTreeSet<&str> = edges.iter().map(|(from, _)| *from).collect();
    let reached: BTreeMap<&str, BTreeSet<String>> = rooms.iter().map(|room| (*room, reach(room))).collect();
    let mut found: Vec<Vec<String>> = Vec::new();
    for (room, all) in reached.iter().filter(|(room, all)| all.contains(**room)) {
        let circle: Vec<String> =
            all.iter().filter(|other| reached.get(other.as_str()).is_some_and(|back| back.contains(*room))).cloned().collect();
        if !found.contains(&circle) {
            found.push(circle);
        }
    }
    found
}
