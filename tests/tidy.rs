//! Rules over the tree: the floors stay in order, the pure floors know no browser, clock or thread, rooms do not use each other in circles,
//! states are types, and files and functions stay readable. Each rule is tried on an offence.

#[path = "tidy/english.rs"]
mod english;
#[path = "tidy/functions.rs"]
mod functions;
#[path = "tidy/rooms.rs"]
mod rooms;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/words.rs"]
mod words;

use functions::{MAX_FUNCTION_LINES, too_long};
use source::{code_of, rust_files};
use std::fs;
use std::path::Path;

const MAX_COLUMNS: usize = 140;
const MAX_LITERAL_COLUMNS: usize = 200;
const MAX_LINES: usize = 700;

/// Uses that close a circle between rooms and are not undone yet: (who uses, whom). The list only shrinks.
const KNOWN_CIRCLES: &[(&str, &str)] = &[
    // By nature: an operation is done to the world, whose history is made of operations.
    ("world", "world/operations"),
];
/// Functions that are too long and not divided yet: (file, function). The list only shrinks.
const KNOWN_LONG: &[(&str, &str)] = &[];
/// Files of the page that still hold markup as text or find elements by selectors. The list only shrinks.
const KNOWN_MARKUP: &[&str] = &[];
/// Files of the packing build that are not gone yet. The list only shrinks.
const KNOWN_PACKING: &[&str] = &[];

/// Names of the outside world that floors 1 to 3 must not use.
const OUTSIDE: &[&str] = &[
    "web_sys",
    "js_sys",
    "wasm_bindgen",
    "leptos",
    "std::time",
    "std::thread",
    "std::fs",
    "std::net",
    "std::env",
    "HashMap",
    "HashSet",
    "SystemTime",
    "thread_rng",
    "DefaultHasher",
];
/// Names that compile for wasm and then panic.
const PANICS_IN_WASM: &[&str] = &["std::time::Instant", "std::time::SystemTime", "std::thread", "std::fs", "std::net"];

/// The files of the tree: their names from its root on, and their texts.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches"] {
        rust_files(&root.join(folder), &mut files);
    }
    assert!(files.len() > 10, "the rules looked at {} files only", files.len());
    let named = |file: &Path| file.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
    files.iter().map(|file| (named(file), fs::read_to_string(file).expect("a source file is UTF-8"))).collect()
}

#[test]
fn the_tree_is_tidy() {
    let found: Vec<String> = sources().iter().flat_map(|(name, text)| offences(name, text)).collect();
    assert!(found.is_empty(), "{} offences:\n{}", found.len(), found.join("\n"));
}

#[test]
fn rooms_use_each_other_in_no_circle() {
    let uses = rooms::uses(&sources());
    assert!(uses.len() > 10, "the rule saw {} uses only", uses.len());
    for edge in KNOWN_CIRCLES {
        match uses.get(&(edge.0.to_owned(), edge.1.to_owned())) {
            Some(file) => println!("known: {} uses {} ({file})", edge.0, edge.1),
            None => println!("gone, take it from the list: {} uses {}", edge.0, edge.1),
        }
    }
    let found = rooms::circles(&uses, KNOWN_CIRCLES);
    let words: Vec<String> = found
        .iter()
        .map(|circle| {
            let within = uses.iter().filter(|((from, to), _)| circle.contains(from) && circle.contains(to));
            let lines: String = within.map(|((from, to), file)| format!("\n    {from} uses {to} ({file})")).collect();
            format!("{}:{lines}", circle.join(", "))
        })
        .collect();
    assert!(found.is_empty(), "rooms use each other in circles:\n{}", words.join("\n"));
}

#[test]
fn functions_are_not_too_long() {
    let mut found = Vec::new();
    let mut known: Vec<(&str, &str)> = KNOWN_LONG.to_vec();
    for (name, text) in sources() {
        for (line, function, lines) in too_long(&name, &text) {
            match known.iter().position(|(file, of)| *file == name && *of == function) {
                Some(at) => println!("known: {}::{} has {lines} lines", known.remove(at).0, function),
                None => found.push(format!("{name}:{line}: {function} has {lines} lines, more than {MAX_FUNCTION_LINES}")),
            }
        }
    }
    for (file, function) in known {
        println!("gone, take it from the list: {file}::{function}");
    }
    assert!(found.is_empty(), "{} functions:\n{}", found.len(), found.join("\n"));
}

/// A mark that stands nowhere would be a row of the seed search's table that nothing can meet.
#[test]
fn every_coverage_mark_stands_somewhere() {
    let sources = sources();
    let (_, marks) = sources.iter().find(|(name, _)| name == "src/kafka/marks.rs").expect("the marks are there");
    let rows = marks.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": \"").map(|(mark, _)| mark));
    let rows: Vec<&str> = rows.filter(|mark| mark.chars().all(char::is_alphabetic)).collect();
    assert!(rows.len() > 50, "{} marks were found only", rows.len());
    let stands =
        |mark: &&str| sources.iter().any(|(name, text)| name.starts_with("src/kafka/") && text.contains(&format!("mark!({mark});")));
    let missing: Vec<&str> = rows.into_iter().filter(|mark| !stands(mark)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "these marks stand nowhere");
}

#[test]
fn the_words_of_the_page_stand_together() {
    let found = |(name, text): &(String, String)| {
        let lines = english::misplaced(name, text).into_iter().map(|(line, said)| format!("{name}:{line}: {said:?}"));
        lines.collect::<Vec<_>>()
    };
    let found: Vec<String> = sources().iter().flat_map(found).collect();
    assert!(found.is_empty(), "{} texts belong into src/web/words:\n{}", found.len(), found.join("\n"));
}

#[test]
fn the_page_is_built_by_ordinary_tools() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in words::PACKING.iter().filter(|file| !KNOWN_PACKING.contains(file)) {
        assert!(!root.join(file).exists(), "{file} is of a build that is gone");
    }
    for file in words::BUILD {
        let text = fs::read_to_string(root.join(file)).expect(file);
        for (line, number) in text.lines().zip(1..) {
            assert_eq!(words::nightly(line), None, "{file}:{number}");
        }
    }
}

#[test]
fn each_rule_finds_its_offence() {
    let long = format!("//! x\n// {}", "x".repeat(MAX_COLUMNS));
    let tall = format!("//! x\n{}", "\n".repeat(MAX_LINES));
    let cases: &[(&str, &str, &str)] = &[
        ("src/kafka/a.rs", "//! x\nuse web_sys::Window;\n", "src/kafka/a.rs:2: "),
        ("src/world/a.rs", "//! x\n\nlet m = HashMap::new();\n", "src/world/a.rs:3: "),
        ("src/playground/a.rs", "//! x\nuse std::time::Instant;\n", "src/playground/a.rs:2: "),
        ("src/playground/a.rs", "//! x\nuse std::{fmt, thread};\n", "src/playground/a.rs:2: "),
        ("src/kafka/a.rs", "//! x\nuse std::{\n    fmt,\n    fs,\n};\n", "src/kafka/a.rs:4: "),
        ("src/kafka/a.rs", "//! x\nuse crate::world::World;\n", "src/kafka/a.rs:2: "),
        ("src/kafka/a.rs", "//! x\nuse crate::{kafka, playground::scene};\n", "src/kafka/a.rs:2: "),
        ("src/world/a.rs", "//! x\nuse crate::playground::scene;\n", "src/world/a.rs:2: "),
        ("src/playground/a.rs", "//! x\nuse crate::web::Stage;\n", "src/playground/a.rs:2: "),
        ("src/web/a.rs", "//! x\nlet t = std::time::Instant::now();\n", "src/web/a.rs:2: "),
        ("src/native/a.rs", "use std::fs;\n", "src/native/a.rs:1: "),
        ("src/native/a.rs", concat!("//! x\ntodo", "!()\n"), "src/native/a.rs:2: "),
        ("src/native/a.rs", concat!("//! x\ndbg", "!(1);\n"), "src/native/a.rs:2: "),
        ("src/playground/a.rs", concat!("//! x\nlet a = x.state =", "= \"running\";\n"), "src/playground/a.rs:2: "),
        ("src/native/a.rs", concat!("//! x\nlet a = client.state().name() !", "= \"stable\";\n"), "src/native/a.rs:2: "),
        ("src/world/a.rs", concat!("//! x\nlet a = change.reason =", "= \"unclean\";\n"), "src/world/a.rs:2: "),
        ("src/world/a.rs", concat!("//! x\n    \"killed\" ", "=> 1,\n"), "src/world/a.rs:2: "),
        ("src/world/a.rs", concat!("//! x\n    Event { to: ", "\"Stable\", .. } => 1,\n"), "src/world/a.rs:2: "),
        ("src/web/a.rs", concat!("//! x\nif role =", "= \"Leader\" {}\n"), "src/web/a.rs:2: "),
        ("src/web/a.rs", "//! x\nx.set_inner_html(\"\");\n", "src/web/a.rs:2: "),
        ("src/web/a.rs", "//! x\nx.query_selector(\"a\");\n", "src/web/a.rs:2: "),
        ("src/web/a.rs", "//! x\nx.closest(\"button:not(.a)\");\n", "src/web/a.rs:2: "),
        ("src/web/a.rs", "//! x\nx.matches(\".a\");\n", "src/web/a.rs:2: "),
        ("src/web/a.rs", "//! x\nx.matches(\":not(.a)\");\n", "src/web/a.rs:2: "),
        ("src/web/a.rs", "//! x\nx.matches(selector);\n", "src/web/a.rs:2: "),
        ("src/native/a.rs", &long, "src/native/a.rs:2: "),
        ("src/native/a.rs", &tall, "src/native/a.rs:701: "),
    ];
    for (name, text, start) in cases {
        let found = offences(name, text);
        assert!(found.len() == 1 && found[0].starts_with(start), "{name} {text:?}: {found:?}");
    }
    let fine: &[(&str, &str)] = &[
        ("src/native/a.rs", "//! x\nuse std::fs;\nuse std::time::Instant;\nuse crate::world::World;\n"),
        ("src/playground/a.rs", "//! x\nuse crate::world::World;\nuse crate::kafka::time::Instant;\n"),
        ("src/kafka/a.rs", "//! Not a HashMap, and std::time stays out.\n// No std::fs here either.\nlet threads = 1; // std::thread\n"),
        ("src/world/a.rs", "//! x\nuse std::{fmt, sync::Arc};\nuse crate::{kafka, world};\n"),
        ("src/web/a.rs", "//! x\nx.matches(\":is(:hover,:focus-within)\");\n"),
    ];
    for (name, text) in fine {
        assert_eq!(offences(name, text), Vec::<String>::new(), "{name} {text:?}");
    }
    assert_eq!(words::nightly(concat!("RUSTC_", "BOOTSTRAP=1 cargo build")), Some(concat!("RUSTC_", "BOOTSTRAP")));
    assert_eq!(words::nightly("cargo build"), None);
}

#[test]
fn a_circle_is_found_and_a_line_is_none() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let edge = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let mut files = vec![
        file("src/kafka/log/mod.rs", "use super::disk::Disk;\nuse crate::kafka::{rng::Rng, wire};\n"),
        file("src/kafka/disk/mod.rs", "#[cfg(test)]\nmod tests {\n    use crate::kafka::log::Log;\n}\n// crate::kafka::log::Log\n"),
        file("src/kafka/wire/frame.rs", "use super::batch;\nuse super::super::disk;\n"),
        file("src/kafka/rng.rs", "pub struct Rng;\n"),
    ];
    let uses = rooms::uses(&files);
    let all: Vec<_> = uses.keys().cloned().collect();
    let log = |to| edge("kafka/log", to);
    assert_eq!(all, [log("kafka"), log("kafka/disk"), log("kafka/wire"), edge("kafka/wire", "kafka/disk")]);
    assert_eq!(rooms::circles(&uses, &[]), Vec::<Vec<String>>::new());
    files.push(file("src/kafka/disk/a.rs", "fn f() {\n    crate::kafka::log::g();\n}\n"));
    let uses = rooms::uses(&files);
    assert_eq!(rooms::circles(&uses, &[]), [["kafka/disk", "kafka/log", "kafka/wire"].map(str::to_owned)]);
    assert_eq!(rooms::circles(&uses, &[("kafka/disk", "kafka/log")]), Vec::<Vec<String>>::new());
}

#[test]
fn a_long_function_is_found() {
    let body =
        |lines: usize| format!("impl A {{\n    fn long(\n        &self,\n    ) -> u8 {{\n{}    }}\n}}\n", "        f();\n".repeat(lines));
    assert_eq!(too_long("src/kafka/a.rs", &body(MAX_FUNCTION_LINES)), []);
    assert_eq!(too_long("src/kafka/a.rs", &body(MAX_FUNCTION_LINES + 1)), [(2, "long".to_owned(), MAX_FUNCTION_LINES + 1)]);
    let blank = format!("fn long() {{\n{}}}\n", "    // why\n\n".repeat(MAX_FUNCTION_LINES));
    assert_eq!(too_long("src/kafka/a.rs", &blank), []);
    let test = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", body(200));
    assert_eq!(too_long("src/kafka/a.rs", &test), []);
    assert_eq!(too_long("tests/a.rs", &body(200)), []);
}

#[test]
fn english_is_found_and_what_nobody_reads_is_not() {
    let words = [
        r#"stage.say("Nothing happens.".into());"#,
        r#"let words = if on { "Pause" } else { words::PLAY };"#,
        r#"let lag = format!("lag {records}");"#,
        r#"view! { <button class="tp-text">"zoom"</button> }"#,
        r#"view! { <i>{move || if on.get() { "set" } else { "" }}</i> }"#,
        r#"view! { <input placeholder="filter" /> }"#,
        r#"view! { <button>"Enter"</button> }"#,
    ];
    for line in words {
        let found = english::misplaced("src/web/a.rs", line);
        assert_eq!(found.len(), 1, "{line}: {found:?}");
    }
    let other = [
        r#"// Nothing "happens here"."#,
        r#"#[error("Nothing happens.")]"#,
        r#"let one = all.first().expect("there is one");"#,
        r#"match key { "Enter" | "ArrowLeft" => go(), "a" => stop(), _ => {} }"#,
        r#"view! { <p class="tp-quiet tp-number" role="status" data-state=state>{words::PAUSE} " · " {format!("{n}px")}</p> }"#,
        r#"view! { <b on:keydown=move |event| match event.key().as_str() { "a" => go(), _ => {} } /> }"#,
        r#"let (icon, d) = ("M5 3l12 7-12 7zM8.5 4h3", format!("M{x} {y}H{}", x + 1));"#,
        "#[cfg(test)]\nmod tests {\n    const SAID: &str = \"Nothing happens.\";\n}",
    ];
    for line in other {
        assert_eq!(english::misplaced("src/web/a.rs", line), [], "{line}");
    }
}

/// Everything that is wrong with one file, as `file:line: what`.
fn offences(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut report = |line: usize, what: String| found.push(format!("{name}:{line}: {what}"));
    let floor = match name.strip_prefix("src/").and_then(|rest| rest.split('/').next()) {
        Some("kafka") => 1,
        Some("world") => 2,
        Some("playground") => 3,
        Some("web") => 4,
        _ => 0,
    };
    if !text.starts_with("//!") {
        report(1, "a file begins with `//!` and says what it is".to_owned());
    }
    let lines = text.lines().count();
    if lines > MAX_LINES {
        report(MAX_LINES + 1, format!("{lines} lines; split the file at {MAX_LINES}"));
    }
    let mut import = String::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let columns = line.chars().count();
        // The formatter breaks neither literals nor markup: a line with one may run on.
        let most = if line.contains('"') { MAX_LITERAL_COLUMNS } else { MAX_COLUMNS };
        if columns > most {
            report(number, format!("{columns} columns, more than {most}"));
        }
        let code = code_of(line);
        for word in [concat!("todo", "!("), concat!("dbg", "!(")] {
            if code.contains(word) && name.starts_with("src/") {
                report(number, format!("`{word}` is not for the tree"));
            }
        }
        if words::state_as_text(name, line) {
            report(number, "a state is a type: compare it with a variant, not with a text".to_owned());
        }
        if let Some(word) = words::markup(name, line).filter(|_| !KNOWN_MARKUP.contains(&name)) {
            report(number, format!("`{word}`: the page is made of components"));
        }
        // `use a::{b, c}` may go over several lines: spell out what each of them names.
        let flat = names_of(&mut import, code);
        let forbidden: Vec<&str> = match floor {
            1..=3 => OUTSIDE.iter().chain(above(floor)).copied().collect(),
            4 => PANICS_IN_WASM.to_vec(),
            _ => Vec::new(),
        };
        if let Some(word) = forbidden.iter().find(|word| flat.iter().any(|path| names(path, word))) {
            report(number, format!("floor {floor} must not name `{word}`"));
        }
    }
    found
}

/// The floors above a floor.
fn above(floor: u8) -> &'static [&'static str] {
    match floor {
        1 => &["crate::world", "crate::playground", "crate::web", "crate::native"],
        2 => &["crate::playground", "crate::web", "crate::native"],
        _ => &["crate::web", "crate::native"],
    }
}

/// The paths that a line names. `import` is the part before the open brace of a `use` that goes on.
fn names_of(import: &mut String, code: &str) -> Vec<String> {
    let trimmed = code.trim().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
    let starts = trimmed.starts_with("use ") && trimmed.contains('{');
    if import.is_empty() && !starts {
        return vec![code.to_owned()];
    }
    let inner = if starts {
        let (before, after) = trimmed.split_once('{').expect("it has a brace");
        *import = before.trim_start_matches("use ").trim().to_owned();
        after
    } else {
        trimmed
    };
    let parts = inner.split(['{', '}', ',', ';']).map(str::trim).filter(|part| !part.is_empty());
    let paths = parts.map(|part| format!("{import}{part}")).collect();
    if trimmed.contains(';') {
        import.clear();
    }
    paths
}

/// Whether `path` names `word` as whole path segments, not as a part of another name.
fn names(path: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    path.match_indices(word)
        .any(|(at, _)| !path[..at].chars().next_back().is_some_and(part) && !path[at + word.len()..].chars().next().is_some_and(part))
}
