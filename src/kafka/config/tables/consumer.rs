//! Consumers' configs (`ConsumerConfig`), sorted by name.

use crate::kafka::config::ConfigType::{Boolean, Int, List, Long, String};
use crate::kafka::config::Effect::InForce;
use crate::kafka::config::UpdateMode::ReadOnly;
use crate::kafka::config::Valid::{Any, AtLeast, HostPorts, NonEmpty, OneOf};
use crate::kafka::config::def::row;
use crate::kafka::config::{ConfigDef, ConfigTable};

pub static CONSUMER: ConfigTable = ConfigTable { whose: "consumer", defs: DEFS };

#[rustfmt::skip]
const DEFS: &[ConfigDef] = &[
    row("allow.auto.create.topics", Boolean, Some("true"), Any, ReadOnly, InForce,
        "Whether asking for a topic's metadata may create it."),
    row("auto.commit.interval.ms", Int, Some("5000"), AtLeast(1), ReadOnly, InForce,
        "Milliseconds between two automatic commits."),
    row("auto.offset.reset", String, Some("latest"), OneOf(&["latest", "earliest", "none"]), ReadOnly, InForce,
        "Where reading begins when no offset is committed."),
    row("bootstrap.servers", List, Some(""), HostPorts, ReadOnly, InForce,
        "host:port of the brokers that the client dials first."),
    row("check.crcs", Boolean, Some("true"), Any, ReadOnly, InForce,
        "Whether the CRC of each batch is checked."),
    row("client.id", String, Some(""), Any, ReadOnly, InForce,
        "The name of the client in its requests."),
    row("enable.auto.commit", Boolean, Some("true"), Any, ReadOnly, InForce,
        "Whether the positions are committed from time to time."),
    row("fetch.max.bytes", Int, Some("52428800"), AtLeast(0), ReadOnly, InForce,
        "The most bytes of a fetch response."),
    row("fetch.max.wait.ms", Int, Some("500"), AtLeast(0), ReadOnly, InForce,
        "The longest time, in milliseconds, that a fetch waits for fetch.min.bytes."),
    row("fetch.min.bytes", Int, Some("1"), AtLeast(0), ReadOnly, InForce,
        "The bytes that a fetch waits for."),
    row("group.id", String, None, Any, ReadOnly, InForce,
        "The group that the consumer belongs to."),
    row("group.instance.id", String, None, NonEmpty, ReadOnly, InForce,
        "Makes a static member: away for less than a session it keeps its partitions."),
    row("heartbeat.interval.ms", Int, Some("3000"), AtLeast(1), ReadOnly, InForce,
        "Milliseconds between two heartbeats to the coordinator."),
    row("max.partition.fetch.bytes", Int, Some("1048576"), AtLeast(0), ReadOnly, InForce,
        "The most bytes of one partition in a fetch response."),
    row("max.poll.interval.ms", Int, Some("300000"), AtLeast(1), ReadOnly, InForce,
        "Milliseconds without a poll after which the consumer leaves its group."),
    row("max.poll.records", Int, Some("500"), AtLeast(1), ReadOnly, InForce,
        "The most records of one poll."),
    row("metadata.max.age.ms", Long, Some("300000"), AtLeast(1), ReadOnly, InForce,
        "Milliseconds after which metadata is asked for again."),
    row("request.timeout.ms", Int, Some("30000"), AtLeast(1), ReadOnly, InForce,
        "Milliseconds that an answer may take before the connection is closed."),
    row("retry.backoff.max.ms", Long, Some("1000"), AtLeast(1), ReadOnly, InForce,
        "The longest wait between two attempts, in milliseconds."),
    row("retry.backoff.ms", Long, Some("100"), AtLeast(1), ReadOnly, InForce,
        "Milliseconds before the first retry; each further one waits twice as long."),
    row("session.timeout.ms", Int, Some("45000"), AtLeast(1), ReadOnly, InForce,
        "Milliseconds without a heartbeat after which the coordinator removes the member."),
];
