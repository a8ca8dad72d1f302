//! Rules over the tree: the floors stay in order, the pure floors know no browser, clock or thread, and files stay readable.

use std::fs;
use std::path::{Path, PathBuf};

const MAX_COLUMNS: usize = 140;
const MAX_LITERAL_COLUMNS: usize = 200;
const MAX_LINES: usize = 700;

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

#[test]
fn the_tree_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches"] {
        rust_files(&root.join(folder), &mut files);
    }
    assert!(files.len() > 10, "the rules looked at {} files only", files.len());
    let mut found = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).expect("a source file is UTF-8");
        let name = file.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
        found.extend(offences(&name, &text));
    }
    assert!(found.is_empty(), "{} offences:\n{}", found.len(), found.join("\n"));
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
    ];
    for (name, text) in fine {
        assert_eq!(offences(name, text), Vec::<String>::new(), "{name} {text:?}");
    }
}

fn rust_files(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            rust_files(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
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

/// A line without its comment and the contents of its strings, roughly.
fn code_of(line: &str) -> &str {
    let mut quoted = false;
    let bytes = line.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' if at == 0 || bytes[at - 1] != b'\\' => quoted = !quoted,
            b'/' if !quoted && bytes.get(at + 1) == Some(&b'/') => return &line[..at],
            _ => {}
        }
    }
    line
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
