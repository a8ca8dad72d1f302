//! Producers' configs (`ProducerConfig`), sorted by name.

use crate::kafka::config::ConfigType::{Boolean, Int, List, Long, String};
use crate::kafka::config::Effect::InForce;
use crate::kafka::config::UpdateMode::ReadOnly;
use crate::kafka::config::Valid::{Any, AtLeast, Between, HostPorts, OneOf};
use crate::kafka::config::def::row;
use crate::kafka::config::{ConfigDef, ConfigTable};

pub static PRODUCER: ConfigTable = ConfigTable { whose: "producer", defs: DEFS };

#[rustfmt::skip]
const DEFS: &[ConfigDef] = &[
    row("acks", String, Some("all"), OneOf(&["all", "-1", "0", "1"]), ReadOnly, InForce,
        "How many replicas have a record before it counts as sent: the leader (1), all in sync (all), none (0)."),
    row("batch.size", Int, Some("16384"), AtLeast(0), ReadOnly, InForce,
        "The most bytes of a batch."),
    row("bootstrap.servers", List, Some(""), HostPorts, ReadOnly, InForce,
        "host:port of the brokers that the client dials first."),
    row("buffer.memory", Long, Some("33554432"), AtLeast(0), ReadOnly, InForce,
        "The most bytes of records that wait to be sent; beyond it send blocks."),
    row("client.id", String, Some(""), Any, ReadOnly, InForce,
        "The name of the client in its requests."),
    row("compression.type", String, Some("none"),
        OneOf(&["none", "gzip", "snappy", "lz4", "zstd"]), ReadOnly, InForce,
        "The codec of batches."),
    row("delivery.timeout.ms", Int, Some("120000"), AtLeast(0), ReadOnly, InForce,
        "Milliseconds after which a record that is not acknowledged has failed."),
    row("enable.idempotence", Boolean, Some("true"), Any, ReadOnly, InForce,
        "Whether a batch that is sent twice is stored once."),
    row("linger.ms", Long, Some("5"), AtLeast(0), ReadOnly, InForce,
        "Milliseconds that a batch waits for more records."),
    row("max.block.ms", Long, Some("60000"), AtLeast(0), ReadOnly, InForce,
        "Milliseconds that a record waits for metadata before it fails."),
    row("max.in.flight.requests.per.connection", Int, Some("5"), AtLeast(1), ReadOnly, InForce,
        "The most requests to one broker without an answer yet."),
    row("max.request.size", Int, Some("1048576"), AtLeast(0), ReadOnly, InForce,
        "The most bytes of a request."),
    row("metadata.max.age.ms", Long, Some("300000"), AtLeast(0), ReadOnly, InForce,
        "Milliseconds after which metadata is asked for again."),
    row("partitioner.adaptive.partitioning.enable", Boolean, Some("true"), Any, ReadOnly, InForce,
        "Whether records without a key go more often to brokers that answer faster."),
    row("partitioner.ignore.keys", Boolean, Some("false"), Any, ReadOnly, InForce,
        "Whether keys are left out of the choice of the partition."),
    row("request.timeout.ms", Int, Some("30000"), AtLeast(0), ReadOnly, InForce,
        "Milliseconds that an answer may take before the connection is closed."),
    row("retries", Int, Some("2147483647"), Between(0, 2_147_483_647), ReadOnly, InForce,
        "How often a batch is sent again."),
    row("retry.backoff.max.ms", Long, Some("1000"), AtLeast(0), ReadOnly, InForce,
        "The longest wait between two attempts, in milliseconds."),
    row("retry.backoff.ms", Long, Some("100"), AtLeast(0), ReadOnly, InForce,
        "Milliseconds before the first retry; each further one waits twice as long."),
];
