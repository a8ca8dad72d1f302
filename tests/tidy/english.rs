//! The page's words stand in `src/web/words/`: no other code of the page has a text that reads as English.

use super::source::{is_test_file, test_lines};

/// Names of keys as the browser has them, and how those of the arrows begin.
const KEYS: &[&str] =
    &["Arrow", "ArrowDown", "ArrowLeft", "ArrowRight", "ArrowUp", "End", "Enter", "Escape", "Home", "PageDown", "PageUp", "Tab"];
/// Texts that read as English and are no words of the page's, each with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("Files", "a kind of dragged data, by its name in the browser"),
    ("Stable", "a state in `data-state`, which the style sheets know"),
    ("(prefers-reduced-motion: reduce)", "a media query"),
    ("light-dark(black, white)", "a colour"),
    ("600 12px system-ui, -apple-system, sans-serif", "a font"),
    ("400 12px system-ui, -apple-system, sans-serif", "a font"),
    ("system-ui, -apple-system, sans-serif", "a font"),
    ("ui-monospace, SFMono-Regular, Menlo, Consolas, monospace", "a font"),
    ("{weight} {TEXT}px {family}", "a font"),
    ("tidepool tp-page", "a list of classes"),
    ("tidepool tp-embed", "a list of classes"),
];
/// Attributes whose values are read or heard.
const READ: &[&str] = &["alt=", "aria-description=", "aria-label=", "aria-valuetext=", "placeholder=", "title="];
/// What comes before a text node of `view!`: a tag, a block, another text, or the beginning of what a block gives.
const BEFORE_NODES: &[&str] = &[">", "}", "\"", "{", "||"];

/// A text in code. `shown`: it is a node of `view!`, or the value of an attribute that is read.
#[derive(Debug)]
struct Literal {
    line: usize,
    text: String,
    shown: bool,
}

/// The texts of a file that belong into `words`, each with its line.
pub fn misplaced(name: &str, source: &str) -> Vec<(usize, String)> {
    if !name.starts_with("src/web/") || name.starts_with("src/web/words/") || is_test_file(name) {
        return Vec::new();
    }
    let tests = test_lines(source);
    let found = literals(source).into_iter().filter(|literal| !tests[literal.line - 1] && is_english(literal));
    found.map(|literal| (literal.line, literal.text)).collect()
}

fn is_english(literal: &Literal) -> bool {
    let text = literal.text.as_str();
    // Each is a class of the page's, or the value of one.
    let is_class_list = text.split_whitespace().all(|word| word.starts_with("tp-") || word.starts_with('{') && word.ends_with('}'));
    if is_class_list || literal.shown {
        return !is_class_list && text.chars().any(char::is_alphabetic);
    }
    let is_known = KEYS.contains(&text) || EXCEPTIONS.iter().any(|(known, _)| *known == text);
    let is_capital = text.starts_with(|c: char| c.is_ascii_uppercase()) && text[1..].starts_with(|c: char| c.is_ascii_lowercase());
    !is_known && (is_capital || has_words(text))
}

/// Two words, or one beside a value as in `{name} waits`. Path data such as `M{x} {y}h8zM0` has none.
fn has_words(text: &str) -> bool {
    let (words, others): (Vec<&str>, Vec<&str>) = text.split(' ').partition(|part| is_word(part));
    words.len() > 1 || words.len() == 1 && others.iter().any(|part| part.contains('{') || matches!(*part, "a" | "A"))
}

/// Two letters in a row and no digit, aside from the values `{…}` of a format.
fn is_word(part: &str) -> bool {
    let outside: Vec<&str> = part.split('{').filter_map(|piece| piece.rsplit('}').next()).collect();
    let letters = |piece: &&str| piece.split(|c: char| !c.is_ascii_alphabetic()).any(|letters| letters.len() > 1);
    outside.iter().any(letters) && !outside.concat().contains(|c: char| c.is_ascii_digit())
}

/// The texts in code. Not comments, not `#[…]`, since an error's words are declared with it, and not what `expect(…)` says.
fn literals(source: &str) -> Vec<Literal> {
    let chars: Vec<char> = source.chars().collect();
    // The code so far without blanks and comments, a `"` for each text; the brackets that are open, `v` for `view!`, `#` for attributes.
    let (mut code, mut open, mut found) = (String::new(), Vec::new(), Vec::new());
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let rest = &chars[at..];
        let mut taken = 1;
        match rest {
            ['/', '/', ..] => taken = rest.iter().take_while(|c| **c != '\n').count(),
            ['\'', '\\', _, ..] => taken = 3 + rest[3..].iter().take_while(|c| **c != '\'').count() + 1,
            ['\'', _, '\'', ..] => taken = 3,
            ['"', ..] => {
                let (length, text) = text_at(rest);
                taken = length;
                if !open.contains(&'#') && !code.ends_with("expect(") {
                    let shown = open.contains(&'v') && is_shown(&code, &rest[length..]);
                    found.push(Literal { line, text, shown });
                }
                code.push('"');
            }
            [bracket @ ('{' | '[' | '('), ..] => {
                open.push(if code.ends_with("view!") { 'v' } else { code.chars().next_back().filter(|c| *c == '#').unwrap_or(*bracket) });
                code.push(*bracket);
            }
            [c, ..] => {
                if matches!(c, '}' | ']' | ')') {
                    open.pop();
                }
                code.extend(Some(c).filter(|c| !c.is_whitespace()));
            }
            [] => {}
        }
        line += rest[..taken].iter().filter(|c| **c == '\n').count();
        at += taken;
    }
    found
}

/// The text that begins here, and its length in code. Escapes are blanks in it.
fn text_at(chars: &[char]) -> (usize, String) {
    let (mut at, mut text) = (1, String::new());
    while at < chars.len() && chars[at] != '"' {
        let escape = match chars[at..] {
            ['\\', 'u', ..] => chars[at..].iter().take_while(|c| **c != '}').count() + 1,
            ['\\', ..] => 2,
            _ => 0,
        };
        text.push(if escape > 0 { ' ' } else { chars[at] });
        at += escape.max(1);
    }
    (at + 1, text)
}

/// Whether a text in `view!` is read: by the code before it, and since it is no pattern.
fn is_shown(code: &str, after: &[char]) -> bool {
    let after: String = after.iter().filter(|c| !c.is_whitespace()).take(2).collect();
    let is_pattern = after == "=>" || after.starts_with('|');
    let is_node = BEFORE_NODES.iter().any(|before| code.ends_with(before)) && !code.ends_with("={");
    READ.iter().any(|name| code.ends_with(name)) || is_node && !is_pattern
}
