//! The topics of a real cluster, as `kafka-topics.sh --describe` prints them, as the text of a scenario.

use super::blank::{BEGINS, ENDS, topic_lines};
use crate::kafka::sorted_vec::SortedVecSet;
use crate::world::MAX_BROKERS;
use std::fmt::Write as _;

/// Topics that are taken.
const MAX_TOPICS: usize = 20;
const FIELDS: [&str; 11] = [
    "Topic:",
    "TopicId:",
    "PartitionCount:",
    "ReplicationFactor:",
    "Configs:",
    "Partition:",
    "Leader:",
    "Replicas:",
    "Isr:",
    "Elr:",
    "LastKnownElr:",
];

/// Why a text is no description of topics that can be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescribeError {
    #[error(
        "no topic is described here: lines as of kafka-topics.sh --describe are expected, with Topic:, PartitionCount: and ReplicationFactor:"
    )]
    None,
    #[error("{topic}: {field} {value:?} is no number")]
    Number { topic: String, field: &'static str, value: String },
    #[error("{count} topics are described: at most {MAX_TOPICS} are taken")]
    Topics { count: usize },
    #[error("{topic}: {replicas} replicas need as many brokers, and there are at most {MAX_BROKERS} here")]
    Replicas { topic: String, replicas: u32 },
}

/// The value behind a field of a line, up to the next field.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let rest = line.split_once(name)?.1;
    let end = FIELDS.iter().filter_map(|other| rest.find(&format!(" {other}")).or_else(|| rest.find(&format!("\t{other}")))).min();
    Some(rest[..end.unwrap_or(rest.len())].trim())
}

fn count(topic: &str, line: &str, name: &'static str) -> Result<u32, DescribeError> {
    let value = field(line, name).unwrap_or_default();
    value.parse().map_err(|_| DescribeError::Number { topic: topic.to_owned(), field: name, value: value.to_owned() })
}

/// Pairs with commas between them; a value may have commas of its own.
fn configs(text: &str) -> String {
    let mut out = String::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let begins = part.split_once('=').is_some_and(|(name, _)| name.contains('.'));
        out += if begins || out.is_empty() { " " } else { "," };
        out += part;
    }
    out
}

/// The text of a scenario with these topics, as many brokers as they are on, and for each topic a producer and a group. Internal topics are
/// left out: the cluster makes its own.
///
/// # Errors
/// What of it cannot be taken.
pub fn described(text: &str) -> Result<String, DescribeError> {
    let mut topics = String::new();
    let (mut names, mut brokers, mut replicas) = (Vec::new(), SortedVecSet::new(), 1);
    for line in text.lines() {
        let Some(topic) = field(line, "Topic:").filter(|topic| !topic.is_empty() && !topic.starts_with("__")) else { continue };
        if let Some(ids) = field(line, "Replicas:") {
            brokers.extend(ids.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned));
        }
        if field(line, "PartitionCount:").is_none() {
            continue;
        }
        let (partitions, copies) = (count(topic, line, "PartitionCount:")?, count(topic, line, "ReplicationFactor:")?);
        if copies > MAX_BROKERS {
            return Err(DescribeError::Replicas { topic: topic.to_owned(), replicas: copies });
        }
        replicas = replicas.max(copies);
        let set = configs(field(line, "Configs:").unwrap_or_default());
        topics += &topic_lines(topic, &format!("-{topic}"), &format!("partitions={partitions} replicas={copies}{set}"), (1, 2));
        names.push(topic);
    }
    match names.len() {
        0 => return Err(DescribeError::None),
        count if count > MAX_TOPICS => return Err(DescribeError::Topics { count }),
        _ => {}
    }
    let brokers = replicas.max(u32::try_from(brokers.len()).unwrap_or(MAX_BROKERS)).min(MAX_BROKERS);
    let mut out = String::from("tidepool 1\ntitle    Topics of a real cluster\n");
    let _ = writeln!(out, "opens    1s\nseed     1\nbrokers  {brokers}\n{BEGINS}");
    Ok(out + &topics + ENDS)
}

#[cfg(test)]
mod tests {
    use super::super::{Playback, Scenario};
    use super::*;
    use crate::world::EPOCH;

    /// As Kafka 4.1 prints it.
    const PRINTED: &str = "Topic: orders\tTopicId: JpIIcWqxSKOUjtPDXKJhFg\tPartitionCount: 2\tReplicationFactor: 3\tConfigs: min.insync.replicas=2,cleanup.policy=delete,segment.bytes=1048576\n\
        \tTopic: orders\tPartition: 0\tLeader: 1\tReplicas: 1,2,3\tIsr: 1,2,3\tElr: \tLastKnownElr: \n\
        \tTopic: orders\tPartition: 1\tLeader: 2\tReplicas: 2,3,4\tIsr: 2,3,4\tElr: \tLastKnownElr: \n\
        Topic: audit.log\tTopicId: x\tPartitionCount: 1\tReplicationFactor: 1\tConfigs: \n\
        Topic: __consumer_offsets\tTopicId: y\tPartitionCount: 50\tReplicationFactor: 3\tConfigs: compression.type=producer\n";

    #[test]
    fn what_kafka_prints_is_a_cluster_that_starts() {
        // A terminal may have made blanks of tabs.
        for printed in [PRINTED.to_owned(), PRINTED.replace('\t', "  ")] {
            let text = described(&printed).expect("it is taken");
            assert!(text.contains("\nbrokers  4\n"), "{text}");
            assert!(
                text.contains(
                    "\ntopic    orders partitions=2 replicas=3 min.insync.replicas=2 cleanup.policy=delete segment.bytes=1048576\n"
                ),
                "{text}"
            );
            assert!(text.contains("\ntopic    audit.log partitions=1 replicas=1\n") && !text.contains("__consumer_offsets"), "{text}");
            let mut play = Playback::new(Scenario::parse(&text).expect(&text)).expect(&text);
            play.run_until(EPOCH.plus_millis(12_000));
            assert!(play.failures().is_empty(), "{text}");
            assert_eq!(play.world().view().partitions.iter().filter(|p| !p.internal).count(), 3);
        }
    }

    #[test]
    fn a_value_keeps_its_own_commas() {
        assert_eq!(configs("cleanup.policy=compact,delete,segment.ms=5"), " cleanup.policy=compact,delete segment.ms=5");
    }

    #[test]
    fn what_cannot_be_taken_is_said() {
        assert_eq!(described("hello"), Err(DescribeError::None));
        let wrong = described("Topic: a PartitionCount: many ReplicationFactor: 1").expect_err("it is no number");
        assert_eq!(wrong.to_string(), "a: PartitionCount: \"many\" is no number");
        let wide = described("Topic: a PartitionCount: 1 ReplicationFactor: 40").expect_err("so many brokers are not there");
        assert!(wide.to_string().starts_with("a: 40 replicas need as many brokers"), "{wide}");
        let many: String = (0..30).map(|n| format!("Topic: t{n} PartitionCount: 1 ReplicationFactor: 1\n")).collect();
        assert_eq!(described(&many), Err(DescribeError::Topics { count: 30 }));
    }
}
