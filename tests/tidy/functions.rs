//! No function is longer than `MAX_FUNCTION_LINES`, tests aside: counted as clippy's `too_many_lines` does, lines of code in the body.

use super::source::{code_of, is_test_file, test_lines};

pub const MAX_FUNCTION_LINES: usize = 80;

/// Functions that are too long: (line, name, lines). Goes by the indentation that rustfmt gives.
pub fn too_long(name: &str, text: &str) -> Vec<(usize, String, usize)> {
    let mut found = Vec::new();
    if is_test_file(name) {
        return found;
    }
    let tests = test_lines(text);
    // Functions that have begun: line, name, indentation, lines of code; `None` before the body begins.
    let mut open: Vec<(usize, String, usize, Option<usize>)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        let code = code_of(line).trim();
        if let Some((at, function, depth, Some(lines))) = open.last()
            && indent == *depth
            && trimmed.starts_with('}')
        {
            if *lines > MAX_FUNCTION_LINES {
                found.push((*at, function.clone(), *lines));
            }
            open.pop();
        }
        for (.., lines) in &mut open {
            if let Some(lines) = lines
                && !code.is_empty()
            {
                *lines += 1;
            }
        }
        if let Some(function) = function_name(code).filter(|_| !tests[index]) {
            open.push((index + 1, function, indent, None));
        }
        if let Some((_, _, depth, lines @ None)) = open.last_mut() {
            if code.ends_with('{') && (indent == *depth) {
                *lines = Some(0);
            } else if (code.ends_with('}') || code.ends_with(';')) && indent == *depth {
                // One line, or no body.
                open.pop();
            }
        }
    }
    found
}

fn function_name(code: &str) -> Option<String> {
    let mut words = code.split_whitespace().skip_while(|word| {
        matches!(*word, "pub" | "const" | "async" | "unsafe" | "extern") || word.starts_with("pub(") || matches!(*word, "crate::kafka)")
    });
    if words.next()? != "fn" {
        return None;
    }
    let name: String = words.next()?.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}
