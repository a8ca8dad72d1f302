//! The scenarios that come with Tidepool, as the page and the README list them. A new one is a file in `www/scenarios/` and its name below.
//!
//! Such a file says in its header what it is, and it does not compile into the list without it:
//!
//! ```text
//! title    Members come and go
//! # about    One sentence: what happens.
//! # teaches  What one knows afterwards.
//! ```

/// A scenario of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScenarioEntry {
    /// Its file's name in `www/scenarios/`, without `.tide`: what the element's attribute `scenario` takes.
    pub name: &'static str,
    pub title: &'static str,
    /// One sentence: what happens in it.
    pub about: &'static str,
    /// What one knows afterwards.
    pub teaches: &'static str,
    /// The file.
    pub text: &'static str,
}

impl ScenarioEntry {
    /// Whether each of the words is in what is said of it, or in its file.
    pub fn is_about(&self, words: &str) -> bool {
        let text = self.text.to_lowercase();
        words.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// All of them: what the page opens with, then the simple ones first.
pub const fn scenarios() -> &'static [ScenarioEntry] {
    ALL
}

macro_rules! entries {
    ($($name:literal),+ $(,)?) => { &[$({
        const TEXT: &str = include_str!(concat!("../../../www/scenarios/", $name, ".tide"));
        const ENTRY: ScenarioEntry = ScenarioEntry {
            name: $name,
            title: header(TEXT, "title "),
            about: header(TEXT, "# about "),
            teaches: header(TEXT, "# teaches "),
            text: TEXT,
        };
        ENTRY
    }),+] };
}

const ALL: &[ScenarioEntry] = entries![
    "records-under-way",
    "three-brokers",
    "first-light",
    "keys-keep-order",
    "rebalance",
    "cooperative-join",
    "consumer-protocol",
    "three-protocols",
    "protocol-switch",
    "static-members",
    "idle-consumer",
    "publish-subscribe",
    "topics-and-members",
    "slow-consumer",
    "offsets-and-crash",
    "commit-order",
    "unique-table",
    "offsets-with-rows",
    "exactly-once-copy",
    "bulk-insert",
    "poison-pill",
    "poison-pill-dead-letter",
    "old-version-wins",
    "aborted-records",
    "hanging-transaction",
    "paused-consumer",
    "acks-1-loses",
    "acks-0",
    "min-isr-refuses",
    "lone-broker",
    "retries-reorder",
    "app-retry",
    "outbox",
    "slow-link",
    "network-partition",
    "unclean-election",
    "partition-growth",
    "retention",
    "fifty-partitions",
];

/// What follows `key` on the line that begins with it. Works while compiling, so that a file without it is a compile error.
const fn header(text: &'static str, key: &str) -> &'static str {
    let bytes = text.as_bytes();
    let mut start = 0;
    while start < bytes.len() {
        let mut end = start;
        while end < bytes.len() && bytes[end] != b'\n' {
            end += 1;
        }
        if begins_with(bytes, start, key.as_bytes()) {
            return text.split_at(end).0.split_at(start + key.len()).1.trim_ascii();
        }
        start = end + 1;
    }
    panic!("a listed scenario's header has `title`, `# about` and `# teaches`")
}

const fn begins_with(bytes: &[u8], start: usize, key: &[u8]) -> bool {
    let mut i = 0;
    while i < key.len() {
        if start + i >= bytes.len() || bytes[start + i] != key[i] {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_found_by_what_is_said_of_it() {
        let found = |words: &str| scenarios().iter().filter(|entry| entry.is_about(words)).map(|entry| entry.name).collect::<Vec<_>>();
        assert_eq!(found("").len(), scenarios().len());
        assert_eq!(found("Retention SEGMENTS"), ["retention"]);
        assert!(found("max.poll.interval.ms lag").contains(&"slow-consumer"));
        assert!(found("zookeeper").is_empty());
    }
}
