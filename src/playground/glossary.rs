//! Kafka's words that stand on the stage, each in a sentence.

/// A word, and what it means.
#[derive(Debug)]
pub struct Term {
    pub name: &'static str,
    pub means: &'static str,
}

macro_rules! terms {
    ($($constant:ident: $name:literal, $means:literal;)*) => {
        $(pub const $constant: Term = Term { name: $name, means: $means };)*

        /// All, in the order in which one meets them.
        pub const TERMS: &[Term] = &[$($constant),*];
    };
}

terms! {
    PARTITION: "partition", "One log of a topic: records in the order in which its leader appended them.";
    KEY: "key", "What a record is about. Records of one key go to one partition, and so keep their order.";
    OFFSET: "offset", "A record's number in its partition. It never changes, and none is given twice.";
    LEADER: "leader", "The broker that a partition is written to and read from; the others that have it follow.";
    EPOCH: "epoch", "Counts a partition's leaders, so that one who was replaced without knowing it is refused.";
    ISR: "ISR", "In-sync replicas: the leader and the followers that have all it had a moment ago. One of them is the next leader.";
    HIGH_WATERMARK: "HW", "High watermark: what lies before it is on every replica in sync, and only that is read.";
    END_OFFSET: "LEO", "Log end offset: the number that the next record gets.";
    LAST_STABLE: "LSO", "Last stable offset: where the first open transaction begins. read_committed reads up to it.";
    ACKS: "acks", "When a record counts as written: 0 at once, 1 once the leader has it, all once every replica in sync has it.";
    CONTROLLER: "controller", "The broker that chooses leaders. The controllers elect it among themselves, by a majority.";
    GROUP: "group", "Consumers that share the partitions of their topics: each is read by one of them.";
    GENERATION: "generation", "Counts a group's rebalances. Who still speaks of an older one is refused.";
    PROTOCOL: "protocol", "How a group shares partitions out: classic, by a member that leads it; consumer (KIP-848), by its coordinator.";
    REBALANCE: "rebalance", "A group shares its partitions out anew, since a member came, left or was silent too long.";
    COMMITTED: "committed offset", "Where a group reads on after a crash: the first record that it has not reported as done.";
    LAG: "lag", "Readable records that a group has not committed, or a member has not polled.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_stands_once_and_is_said_in_a_sentence_that_fits_a_line_or_two() {
        for (i, term) in TERMS.iter().enumerate() {
            assert!(TERMS[..i].iter().all(|other| other.name != term.name), "{}", term.name);
            assert!(term.means.ends_with('.') && term.means.len() <= 130, "{}: {}", term.name, term.means.len());
        }
    }
}
