//! The configs that the search sets, with the values that it draws from: each config in force is among them, or stands in [`FIXED`] with
//! the reason.

use crate::kafka::rng::Rng;
use crate::kafka::sorted_vec::SortedVecMap;

/// A config and its values.
pub(crate) type Drawn = (&'static str, &'static [&'static str]);

/// Set when brokers start.
#[rustfmt::skip]
pub(crate) const BROKER: &[Drawn] = &[
    ("add.partitions.to.txn.retry.backoff.max.ms", &["20", "500"]),
    ("add.partitions.to.txn.retry.backoff.ms", &["5", "50"]),
    ("auto.create.topics.enable", &["false"]),
    ("auto.leader.rebalance.enable", &["false"]),
    ("broker.rack", &["a"]),
    ("connections.max.idle.ms", &["1000", "5000"]),
    ("controlled.shutdown.enable", &["false"]),
    ("controller.quorum.election.backoff.max.ms", &["100", "3000"]),
    ("controller.quorum.election.timeout.ms", &["300", "2000"]),
    ("controller.quorum.fetch.timeout.ms", &["1500", "4000"]),
    ("controller.quorum.request.timeout.ms", &["1500", "4000"]),
    ("default.replication.factor", &["2"]),
    ("delete.topic.enable", &["false"]),
    ("fetch.max.bytes", &["1024", "4096"]),
    ("group.consumer.assignors", &["range,uniform"]),
    ("group.consumer.regex.refresh.interval.ms", &["10000"]),
    ("group.max.size", &["2"]),
    ("leader.imbalance.check.interval.seconds", &["1", "5"]),
    ("log.flush.offset.checkpoint.interval.ms", &["100", "2000"]),
    ("log.flush.scheduler.interval.ms", &["200", "2000"]),
    ("log.flush.start.offset.checkpoint.interval.ms", &["100", "2000"]),
    ("max.incremental.fetch.session.cache.slots", &["0", "1"]),
    ("max.request.partition.size.limit", &["1"]),
    ("num.partitions", &["3"]),
    ("num.replica.fetchers", &["2", "3"]),
    ("offset.metadata.max.bytes", &["0"]),
    ("offsets.commit.timeout.ms", &["100", "1000"]),
    ("offsets.retention.check.interval.ms", &["1000"]),
    ("offsets.retention.minutes", &["1"]),
    ("offsets.topic.segment.bytes", &["5000", "20000"]),
    ("producer.id.expiration.ms", &["60000"]),
    ("replica.fetch.max.bytes", &["200", "2000"]),
    ("replica.fetch.min.bytes", &["50"]),
    ("replication.quota.window.num", &["2"]),
    ("replication.quota.window.size.seconds", &["2"]),
    ("replica.high.watermark.checkpoint.interval.ms", &["100", "20000"]),
    ("request.timeout.ms", &["1000"]),
    ("transaction.partition.verification.enable", &["false"]),
    ("transaction.state.log.min.isr", &["1"]),
    ("transaction.state.log.segment.bytes", &["5000"]),
    ("unclean.leader.election.interval.ms", &["500", "5000"]),
];

/// Set on a topic when it is made, or while it is in use. `log.segment.bytes` and the others that are a topic's on a broker are these.
#[rustfmt::skip]
pub(crate) const TOPIC: &[Drawn] = &[
    ("cleanup.policy", &["compact", "compact,delete"]),
    ("compression.gzip.level", &["1", "9"]),
    ("compression.type", &["gzip", "snappy", "lz4", "zstd", "uncompressed"]),
    ("file.delete.delay.ms", &["0", "500"]),
    ("flush.messages", &["1", "7"]),
    ("flush.ms", &["0", "500"]),
    ("follower.replication.throttled.replicas", &["*", "0:1,0:2"]),
    ("index.interval.bytes", &["0", "100"]),
    ("internal.segment.bytes", &["400", "2000"]),
    ("leader.replication.throttled.replicas", &["*", "0:1,0:2"]),
    ("max.message.bytes", &["150", "400"]),
    ("message.timestamp.after.max.ms", &["1000"]),
    ("message.timestamp.before.max.ms", &["5000"]),
    ("message.timestamp.type", &["LogAppendTime"]),
    ("min.insync.replicas", &["1", "2"]),
    ("retention.bytes", &["500", "3000"]),
    ("retention.ms", &["500", "5000"]),
    ("segment.bytes", &["1048576"]),
    ("segment.index.bytes", &["24", "100"]),
    ("segment.jitter.ms", &["100", "3000"]),
    ("segment.ms", &["500", "5000"]),
    ("unclean.leader.election.enable", &["true"]),
];

#[rustfmt::skip]
pub(crate) const PRODUCER: &[Drawn] = &[
    ("batch.size", &["0", "200", "1000"]),
    ("buffer.memory", &["2000", "40000"]),
    ("compression.type", &["gzip", "snappy", "lz4", "zstd"]),
    ("max.block.ms", &["500"]),
    ("max.in.flight.requests.per.connection", &["1", "2"]),
    ("max.request.size", &["500", "3000"]),
    ("partitioner.adaptive.partitioning.enable", &["false"]),
    ("partitioner.ignore.keys", &["true"]),
    ("reconnect.backoff.max.ms", &["200", "3000"]),
    ("reconnect.backoff.ms", &["10", "500"]),
    ("retries", &["1", "3"]),
    ("retry.backoff.max.ms", &["200", "3000"]),
    ("retry.backoff.ms", &["1", "500"]),
    ("socket.connection.setup.timeout.ms", &["300"]),
];

#[rustfmt::skip]
pub(crate) const CONSUMER: &[Drawn] = &[
    ("allow.auto.create.topics", &["false"]),
    ("auto.offset.reset", &["latest", "by_duration:PT2S"]),
    ("check.crcs", &["false"]),
    ("default.api.timeout.ms", &["3000"]),
    ("enable.auto.commit", &["false"]),
    ("fetch.max.bytes", &["300", "2000"]),
    ("fetch.max.wait.ms", &["50", "2000"]),
    ("fetch.min.bytes", &["2", "200"]),
    ("max.partition.fetch.bytes", &["300", "1000"]),
    ("max.poll.records", &["1", "10"]),
    ("partition.assignment.strategy", &["roundrobin", "sticky", "cooperative-sticky", "cooperative-sticky,range"]),
    ("reconnect.backoff.max.ms", &["200", "3000"]),
    ("reconnect.backoff.ms", &["10", "500"]),
    ("retry.backoff.max.ms", &["200", "3000"]),
    ("retry.backoff.ms", &["1", "500"]),
    ("socket.connection.setup.timeout.ms", &["300"]),
];

/// What every run sets by itself, or every run with transactions, so that failures are noticed within seconds.
#[cfg(test)]
#[rustfmt::skip]
const ALWAYS: &[&str] = &[
    "broker.heartbeat.interval.ms", "broker.session.timeout.ms",
    "group.consumer.heartbeat.interval.ms", "group.consumer.min.heartbeat.interval.ms", "group.consumer.min.session.timeout.ms",
    "group.consumer.session.timeout.ms", "group.initial.rebalance.delay.ms", "group.min.session.timeout.ms",
    "log.initial.task.delay.ms", "log.retention.check.interval.ms", "offsets.topic.num.partitions", "offsets.topic.replication.factor",
    "replica.fetch.wait.max.ms", "replica.lag.time.max.ms",
    "acks", "delivery.timeout.ms", "enable.idempotence", "linger.ms", "metadata.max.age.ms", "request.timeout.ms",
    "isolation.level", "transaction.abort.timed.out.transaction.cleanup.interval.ms", "transaction.state.log.num.partitions",
    "transaction.timeout.ms", "transactional.id",
    "auto.commit.interval.ms", "group.instance.id", "group.protocol", "group.remote.assignor", "heartbeat.interval.ms", "max.poll.interval.ms", "session.timeout.ms",
];

/// What the search leaves alone.
#[cfg(test)]
#[rustfmt::skip]
const FIXED: &[(&str, &str)] = &[
    ("bootstrap.servers", "the world gives the addresses of its brokers"),
    ("client.id", "the world names its clients"),
    ("group.id", "the group is a word of the consumer's line"),
    ("group.consumer.max.heartbeat.interval.ms", "the groups' intervals lie below it"),
    ("group.consumer.max.session.timeout.ms", "the groups' timeouts lie below it"),
    ("group.consumer.max.size", "a member that is refused for it has failed for good"),
    ("group.consumer.migration.policy", "members of both protocols could not meet, and would have failed for good"),
    ("group.max.session.timeout.ms", "the clients' session timeouts lie below it"),
    ("log.dir", "a broker of a world has one disk"),
    ("log.dirs", "a broker of a world has one disk"),
    ("max.connections", "who is kept out does nothing that could be judged"),
    ("max.connections.per.ip", "who is kept out does nothing that could be judged"),
    ("max.connections.per.ip.overrides", "who is kept out does nothing that could be judged"),
    ("node.id", "the world numbers its brokers"),
    ("socket.request.max.bytes", "a request that is refused is sent again for ever"),
    ("transaction.max.timeout.ms", "the clients' timeouts lie below it"),
    ("transaction.remove.expired.transaction.cleanup.interval.ms", "runs are shorter than an hour"),
    ("transaction.state.log.replication.factor", "three replicas, or one where there is one broker"),
    ("transactional.id.expiration.ms", "runs are shorter than a week"),
];

/// Draws up to `most` of the table's configs into what is set.
pub(crate) fn draw(rng: &mut Rng, table: &[Drawn], most: u64, set: &mut SortedVecMap<String, String>) {
    for _ in 0..rng.below(most + 1) {
        let Some((name, values)) = table.get(rng.below(table.len() as u64) as usize) else { continue };
        let Some(value) = values.get(rng.below(values.len() as u64) as usize) else { continue };
        set.insert((*name).to_owned(), (*value).to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::config::{self, ConfigTable};
    use std::collections::BTreeSet;

    #[test]
    fn every_config_in_force_is_drawn_or_says_why_not() {
        let tables: [(ConfigTable, &[Drawn]); 4] =
            [(config::BROKER, BROKER), (config::TOPIC, TOPIC), (config::PRODUCER, PRODUCER), (config::CONSUMER, CONSUMER)];
        let mut missing = Vec::new();
        for (table, drawn) in tables {
            for (name, values) in drawn {
                let def = table.get(name).unwrap_or_else(|| panic!("{name} is no config"));
                assert!(def.in_force(), "{name} is without effect: there is nothing to draw");
                values.iter().for_each(|value| assert_eq!(def.check(value), Ok(()), "{name}={value}"));
            }
            for def in table.iter().filter(|def| def.in_force()) {
                let of_topics = config::TOPIC.iter().any(|topic| topic.server == Some(def.name)) || def.name.starts_with("log.r");
                let fixed = FIXED.iter().any(|(name, _)| *name == def.name) || ALWAYS.contains(&def.name);
                if !fixed && !of_topics && !drawn.iter().any(|(name, _)| *name == def.name) {
                    missing.push(def.name);
                }
            }
        }
        assert_eq!(missing, Vec::<&str>::new(), "give these values in src/native/simulate/configs.rs, or say in FIXED why not");
    }

    #[test]
    fn what_is_fixed_or_always_set_is_in_force() {
        let tables = [config::BROKER, config::TOPIC, config::PRODUCER, config::CONSUMER];
        let known: BTreeSet<&str> = tables.iter().flat_map(|table| table.iter()).filter(|def| def.in_force()).map(|def| def.name).collect();
        for name in FIXED.iter().map(|(name, _)| name).chain(ALWAYS) {
            assert!(known.contains(name), "{name} is not in force");
        }
    }
}
