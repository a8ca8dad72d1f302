//! Rust source as the rules read it: its code without comments and texts, and which of its lines are tests.

use std::path::{Path, PathBuf};

/// All `.rs` files below a folder, sorted.
pub fn rust_files(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
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

/// A file that holds nothing but tests, or what only tests use.
pub fn is_test_file(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    !name.starts_with("src/")
        || name.contains("/tests/")
        || file.starts_with("tests")
        || file.ends_with("_tests.rs")
        || file.starts_with("testing")
}

/// For each line whether it belongs to an item behind `#[cfg(test)]`. Goes by the indentation that rustfmt gives.
pub fn test_lines(text: &str) -> Vec<bool> {
    let mut marked = Vec::new();
    // The indentation of an item that is a test: until it ends everything is.
    let mut within: Option<usize> = None;
    let mut announced = false;
    for line in text.lines() {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        if within.is_none() && (trimmed.starts_with("#[cfg(test)]") || trimmed.starts_with("#[cfg(all(test")) {
            announced = true;
            marked.push(true);
            continue;
        }
        if announced && !trimmed.starts_with("#[") {
            announced = false;
            if !trimmed.ends_with(';') {
                within = Some(indent);
            }
            marked.push(true);
            continue;
        }
        marked.push(announced || within.is_some());
        if within == Some(indent) && trimmed.starts_with('}') {
            within = None;
        }
    }
    marked
}

/// A line without its comment. Texts stay, since the rules look into some of them.
pub fn code_of(line: &str) -> &str {
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
