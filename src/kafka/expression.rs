//! Regular expressions of requests, which are RE2's in Kafka: subscriptions, and patterns of transactional ids.

use regex_lite::Regex;

/// The expression, which has to match a whole name.
///
/// # Errors
/// What RE2 says of an expression that is none.
pub fn compile(regex: &str) -> Result<Regex, String> {
    // Alone first, or a stray parenthesis would close the group.
    Regex::new(regex).and_then(|_| Regex::new(&format!("^(?:{regex})$"))).map_err(|error| in_words_of_re2(&error.to_string()))
}

/// RE2's words for the usual mistakes.
fn in_words_of_re2(error: &str) -> String {
    let known = [
        ("unclosed bracket", "missing closing ]"),
        ("missing closing bracket", "missing closing ]"),
        ("found missing right bracket", "missing closing ]"),
        ("unclosed group", "missing closing )"),
        ("found missing right parenthesis", "missing closing )"),
        ("closing ')' without", "unexpected )"),
        ("unopened group", "unexpected )"),
        ("missing repeat", "missing argument to repetition operator"),
        ("missing repetition", "missing argument to repetition operator"),
        ("missing expression", "missing argument to repetition operator"),
        ("incomplete escape", "trailing \\ at end of expression"),
    ];
    let error = error.to_ascii_lowercase();
    known.into_iter().find(|(ours, _)| error.contains(ours)).map_or(error.clone(), |(_, theirs)| theirs.to_owned())
}
