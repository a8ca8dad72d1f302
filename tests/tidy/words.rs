//! What must not be written: states compared as texts, and what an ordinary build of an ordinary page has no need of.

use super::source::{code_of, is_test_file};

/// The names of states: of processes, groups, consumers and of nodes in their quorum.
const STATES: &[&str] = &[
    "running",
    "paused",
    "stopping",
    "stopped",
    "crashed",
    "killed",
    "powered off",
    "Empty",
    "PreparingRebalance",
    "CompletingRebalance",
    "Stable",
    "Dead",
    "unjoined",
    "joining",
    "syncing",
    "stable",
    "closing",
    "closed",
    "Unattached",
    "Voted",
    "Prospective",
    "Candidate",
    "Leader",
    "Follower",
    "Resigned",
    "Observer",
];

/// A state that is compared as a text: `x.state == "running"`, `state.name() != "Stable"`, `"killed" | "stopped" => …`.
pub fn state_as_text(name: &str, line: &str) -> bool {
    if !name.starts_with("src/") && !name.starts_with("tests/") {
        return false;
    }
    let code = code_of(line);
    for sign in ["==", "!="] {
        for (at, _) in code.match_indices(sign) {
            let before = code[..at].trim_end();
            let owner = before.trim_end_matches("()").trim_end_matches(".name").trim_end_matches("()");
            let is_state = ["state", "role", "phase", "reason"].iter().any(|word| owner.ends_with(word));
            if is_state && code[at + 2..].trim_start().trim_start_matches(['&', '*']).starts_with('"') {
                return true;
            }
        }
    }
    // An attribute or an option of the element may have such a name: on the page a pattern is no state.
    let patterns = !name.starts_with("src/web/");
    // Tests name other things too, such as a record's stations.
    let everywhere = !is_test_file(name);
    STATES.iter().filter(|_| everywhere).any(|state| {
        let text = format!("\"{state}\"");
        code.match_indices(&text).any(|(at, _)| {
            let (before, after) = (code[..at].trim_end(), code[at + text.len()..].trim_start());
            let compared = before.ends_with("==") || before.ends_with("!=") || before.ends_with("to:") || before.ends_with("state:");
            let pattern = patterns && (after.starts_with("=>") || after.starts_with("| \"") || before.ends_with("\" |"));
            compared || pattern
        })
    })
}

/// Files of the build that packed the page after the compiler. None of them is there again.
pub const PACKING: &[&str] = &[
    "scripts/pack.mjs",
    "scripts/prune.mjs",
    "scripts/shorten.mjs",
    "scripts/split.mjs",
    "scripts/deal.mjs",
    "www/unpack.js",
    "www/late.css",
    "src/web/late.rs",
];

/// What builds the page: an ordinary stable compiler does it. `scripts/setup.sh` may build std itself for a machine without rustup.
pub const BUILD: &[&str] = &["Makefile", "Trunk.toml", "Cargo.toml", ".cargo/config.toml", "index.html", "package.json", ".ci/run"];

pub fn nightly(line: &str) -> Option<&'static str> {
    [concat!("RUSTC_", "BOOTSTRAP"), concat!("build", "-std")].into_iter().find(|word| line.contains(word))
}

const MATCHES: &str = ".matches(";

/// Whether what is asked of an element are pseudo-classes, and no name of an element, a class or an attribute.
fn is_state(selector: &str) -> bool {
    let selector = selector.split('"').nth(1).filter(|_| selector.starts_with('"'));
    selector.is_some_and(|selector| selector.starts_with(':') && !selector.contains(['.', '#', '[', ' ', '>']))
}

/// Markup in texts and elements found by a selector: the page is components.
pub fn markup(name: &str, line: &str) -> Option<&'static str> {
    let code = code_of(line);
    // `matches(":focus-within")` asks an element at hand for its state, by a pseudo-class, and finds nothing.
    let finds = |word: &str| code.match_indices(word).any(|(at, _)| word != MATCHES || !is_state(&code[at + word.len()..]));
    ["inner_html", "query_selector", ".closest(", MATCHES].into_iter().find(|word| name.starts_with("src/web/") && finds(word))
}
