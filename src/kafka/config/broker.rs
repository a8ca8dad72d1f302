//! The configs of one broker: what was set where (`DynamicBrokerConfig`), and the values that hold (`KafkaConfig`).

use super::def::ConfigDef;
use super::error::ConfigError;
use super::value::{Value, config_struct};
use super::{BROKER, TOPIC};
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use std::borrow::Cow;
use std::sync::Arc;

/// Where a value comes from, by Kafka's number (`DescribeConfigsResponse.ConfigSource`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    Topic = 1,
    DynamicBroker = 2,
    /// Set at run time for all brokers.
    DynamicDefaultBroker = 3,
    StaticBroker = 4,
    Default = 5,
    Group = 8,
}

/// A value, the name that it was set by and its source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sourced {
    pub name: String,
    pub value: Option<String>,
    pub source: Source,
}

/// Names of one setting, the one that goes before the others first (`DynamicBrokerConfig.brokerConfigSynonyms`).
const SYNONYMS: [&[&str]; 4] = [
    &["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
    &["log.roll.ms", "log.roll.hours"],
    &["log.roll.jitter.ms", "log.roll.jitter.hours"],
    &["log.flush.interval.ms", "log.flush.scheduler.interval.ms"],
];

/// The assignors that `group.consumer.assignors` may name.
pub const SERVER_ASSIGNORS: [&str; 2] = ["uniform", "range"];

/// `group.consumer.migration.policy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MigrationPolicy {
    Disabled,
    /// From the consumer protocol to the classic one.
    Downgrade,
    Upgrade,
    #[default]
    Bidirectional,
}

impl Value for MigrationPolicy {
    fn parse(text: &str) -> Option<Self> {
        match &*text.to_ascii_uppercase() {
            "DISABLED" => Some(Self::Disabled),
            "DOWNGRADE" => Some(Self::Downgrade),
            "UPGRADE" => Some(Self::Upgrade),
            "BIDIRECTIONAL" => Some(Self::Bidirectional),
            _ => None,
        }
    }
}

/// Values by name.
type Values = SortedVecMap<String, String>;

/// What is set, and where.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Set {
    /// At the start.
    fixed: Values,
    /// At run time, for all brokers.
    cluster: Values,
    /// At run time, for this broker.
    dynamic: Values,
}

config_struct! {
    /// A broker's configs. What is in force beside the defaults of topics stands in fields, by its name with `_` for `.`; times are in the
    /// unit of the name, sizes in bytes. The fields follow what is set: [`BrokerConfig::new`] and [`BrokerConfig::set_altered`] fill them.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct BrokerConfig of BROKER with set: Set {
        add_partitions_to_txn_retry_backoff_max_ms: i64 = "add.partitions.to.txn.retry.backoff.max.ms",
        add_partitions_to_txn_retry_backoff_ms: i64 = "add.partitions.to.txn.retry.backoff.ms",
        auto_create_topics_enable: bool = "auto.create.topics.enable",
        auto_leader_rebalance_enable: bool = "auto.leader.rebalance.enable",
        broker_heartbeat_interval_ms: i64 = "broker.heartbeat.interval.ms",
        broker_rack: Option<Arc<str>> = "broker.rack",
        broker_session_timeout_ms: i64 = "broker.session.timeout.ms",
        connections_max_idle_ms: i64 = "connections.max.idle.ms",
        controlled_shutdown_enable: bool = "controlled.shutdown.enable",
        controller_quorum_election_backoff_max_ms: i64 = "controller.quorum.election.backoff.max.ms",
        controller_quorum_election_timeout_ms: i64 = "controller.quorum.election.timeout.ms",
        controller_quorum_fetch_timeout_ms: i64 = "controller.quorum.fetch.timeout.ms",
        controller_quorum_request_timeout_ms: i64 = "controller.quorum.request.timeout.ms",
        default_replication_factor: i32 = "default.replication.factor",
        delete_topic_enable: bool = "delete.topic.enable",
        fetch_max_bytes: i32 = "fetch.max.bytes",
        group_consumer_assignors: Vec<Arc<str>> = "group.consumer.assignors",
        group_consumer_heartbeat_interval_ms: i32 = "group.consumer.heartbeat.interval.ms",
        group_consumer_max_heartbeat_interval_ms: i32 = "group.consumer.max.heartbeat.interval.ms",
        group_consumer_max_session_timeout_ms: i32 = "group.consumer.max.session.timeout.ms",
        group_consumer_max_size: i32 = "group.consumer.max.size",
        group_consumer_migration_policy: MigrationPolicy = "group.consumer.migration.policy",
        group_consumer_min_heartbeat_interval_ms: i32 = "group.consumer.min.heartbeat.interval.ms",
        group_consumer_min_session_timeout_ms: i32 = "group.consumer.min.session.timeout.ms",
        group_consumer_regex_refresh_interval_ms: i32 = "group.consumer.regex.refresh.interval.ms",
        group_consumer_session_timeout_ms: i32 = "group.consumer.session.timeout.ms",
        group_initial_rebalance_delay_ms: i32 = "group.initial.rebalance.delay.ms",
        group_max_session_timeout_ms: i32 = "group.max.session.timeout.ms",
        group_max_size: i32 = "group.max.size",
        group_min_session_timeout_ms: i32 = "group.min.session.timeout.ms",
        leader_imbalance_check_interval_seconds: i64 = "leader.imbalance.check.interval.seconds",
        log_dir: Arc<str> = "log.dir",
        log_dirs: Option<Arc<str>> = "log.dirs",
        log_flush_offset_checkpoint_interval_ms: i64 = "log.flush.offset.checkpoint.interval.ms",
        log_flush_start_offset_checkpoint_interval_ms: i64 = "log.flush.start.offset.checkpoint.interval.ms",
        log_flush_scheduler_interval_ms: i64 = "log.flush.scheduler.interval.ms",
        log_initial_task_delay_ms: i64 = "log.initial.task.delay.ms",
        log_retention_check_interval_ms: i64 = "log.retention.check.interval.ms",
        max_connections: i32 = "max.connections",
        max_connections_per_ip: i32 = "max.connections.per.ip",
        max_connections_per_ip_overrides: Arc<str> = "max.connections.per.ip.overrides",
        max_incremental_fetch_session_cache_slots: i32 = "max.incremental.fetch.session.cache.slots",
        max_request_partition_size_limit: i32 = "max.request.partition.size.limit",
        node_id: i32 = "node.id",
        num_partitions: i32 = "num.partitions",
        num_replica_fetchers: i32 = "num.replica.fetchers",
        offset_metadata_max_bytes: i32 = "offset.metadata.max.bytes",
        offsets_commit_timeout_ms: i64 = "offsets.commit.timeout.ms",
        offsets_retention_check_interval_ms: i64 = "offsets.retention.check.interval.ms",
        offsets_retention_minutes: i32 = "offsets.retention.minutes",
        offsets_topic_num_partitions: i32 = "offsets.topic.num.partitions",
        offsets_topic_replication_factor: i32 = "offsets.topic.replication.factor",
        offsets_topic_segment_bytes: i32 = "offsets.topic.segment.bytes",
        producer_id_expiration_ms: i64 = "producer.id.expiration.ms",
        replica_fetch_max_bytes: i32 = "replica.fetch.max.bytes",
        replica_fetch_min_bytes: i32 = "replica.fetch.min.bytes",
        replica_fetch_wait_max_ms: i32 = "replica.fetch.wait.max.ms",
        replica_high_watermark_checkpoint_interval_ms: i64 = "replica.high.watermark.checkpoint.interval.ms",
        replica_lag_time_max_ms: i64 = "replica.lag.time.max.ms",
        replication_quota_window_num: i32 = "replication.quota.window.num",
        replication_quota_window_size_seconds: i32 = "replication.quota.window.size.seconds",
        request_timeout_ms: i32 = "request.timeout.ms",
        socket_request_max_bytes: i32 = "socket.request.max.bytes",
        transaction_abort_timed_out_transaction_cleanup_interval_ms: i64 =
            "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        transaction_max_timeout_ms: i32 = "transaction.max.timeout.ms",
        transaction_partition_verification_enable: bool = "transaction.partition.verification.enable",
        transaction_remove_expired_transaction_cleanup_interval_ms: i64 =
            "transaction.remove.expired.transaction.cleanup.interval.ms",
        transaction_state_log_min_isr: i32 = "transaction.state.log.min.isr",
        transaction_state_log_num_partitions: i32 = "transaction.state.log.num.partitions",
        transaction_state_log_replication_factor: i32 = "transaction.state.log.replication.factor",
        transaction_state_log_segment_bytes: i32 = "transaction.state.log.segment.bytes",
        transactional_id_expiration_ms: i64 = "transactional.id.expiration.ms",
        unclean_leader_election_interval_ms: i64 = "unclean.leader.election.interval.ms",
    }
}

impl BrokerConfig {
    /// `fixed`: the configs that the broker is started with.
    ///
    /// # Errors
    /// The first config, by name, that is unknown or has a value that it does not take; a rule between configs that is broken.
    pub fn new(fixed: Values) -> Result<Self, ConfigError> {
        for (name, value) in &fixed {
            BROKER.check(name, value)?;
        }
        let config = Self::of(Set { fixed, ..Set::default() });
        config.check_together().map_err(ConfigError::Rule)?;
        Ok(config)
    }

    fn of(set: Set) -> Self {
        let mut config = Self { set, ..Self::default() };
        for name in Self::CONFIGS {
            if let Some(text) = config.set_value(name).cloned() {
                config.assign(name, &text);
            }
        }
        config
    }

    /// Takes in what the metadata says was altered at run time: `altered` by broker id, "" for all brokers.
    pub fn set_altered(&mut self, altered: &SortedVecMap<String, Values>, node_id: i32) {
        let of = |broker: &str| altered.get(broker).cloned().unwrap_or_default();
        let set = Set { fixed: std::mem::take(&mut self.set.fixed), cluster: of(""), dynamic: of(&node_id.to_string()) };
        *self = Self::of(set);
    }

    /// The same, had these configs been altered on this broker, or on all.
    pub fn with_altered(&self, set: Values, all: bool) -> Self {
        let Set { fixed, cluster, dynamic } = self.set.clone();
        Self::of(if all { Set { fixed, cluster: set, dynamic } } else { Set { fixed, cluster, dynamic: set } })
    }

    /// Names that are set, of the table or not; `all`: for all brokers alone.
    pub fn names_set(&self, all: bool) -> SortedVecSet<&str> {
        let Set { fixed, cluster, dynamic } = &self.set;
        let own = [fixed, dynamic].into_iter().filter(|_| !all);
        own.chain([cluster]).flat_map(|values| values.keys()).map(String::as_str).collect()
    }

    /// The same without what was altered for this broker alone.
    pub fn of_all_brokers(&self) -> Self {
        Self::of(Set { dynamic: Values::new(), ..self.set.clone() })
    }

    /// All values of a config, the one that holds first.
    pub fn values(&self, name: &str) -> Vec<Sourced> {
        self.values_of(&[name])
    }

    /// What DescribeConfigs calls synonyms: also the values of the names that stand for the same setting, by source, from the config's own
    /// first value on.
    pub fn synonyms(&self, name: &str) -> Vec<Sourced> {
        let mut found = match SYNONYMS.iter().find(|names| names.contains(&name)) {
            Some(names) => self.values_of(names),
            None => self.values_of(&[name]),
        };
        let own = found.iter().position(|value| &*value.name == name);
        found.drain(..own.unwrap_or(found.len()));
        found
    }

    fn values_of(&self, names: &[&str]) -> Vec<Sourced> {
        let mut found = Vec::new();
        let layers = [
            (Some(&self.set.dynamic), Source::DynamicBroker),
            (Some(&self.set.cluster), Source::DynamicDefaultBroker),
            (Some(&self.set.fixed), Source::StaticBroker),
            (None, Source::Default),
        ];
        for (values, source) in layers {
            for &name in names {
                let default = || BROKER.get(name)?.default.map(String::from);
                let value = values.map_or_else(default, |values| values.get(name).cloned());
                if value.is_some() {
                    found.push(Sourced { name: name.to_owned(), value, source });
                }
            }
        }
        found
    }

    fn set_value(&self, name: &str) -> Option<&String> {
        let Set { fixed, cluster, dynamic } = &self.set;
        dynamic.get(name).or_else(|| cluster.get(name)).or_else(|| fixed.get(name))
    }

    /// What holds for a broker config; `None`: nothing is set and there is no default.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.set_value(name).map(String::as_str).or_else(|| BROKER.get(name)?.default)
    }

    /// The broker's value for a topic config, with hours and minutes made milliseconds.
    pub(super) fn server_value(&self, def: &ConfigDef) -> Option<Cow<'_, str>> {
        let is_set = |name| self.set_value(name).is_some();
        let (name, factor) = match def.name {
            "retention.ms" if is_set("log.retention.ms") => ("log.retention.ms", 1),
            "retention.ms" if is_set("log.retention.minutes") => ("log.retention.minutes", 60_000),
            "retention.ms" => ("log.retention.hours", 3_600_000),
            "segment.ms" if is_set("log.roll.ms") => ("log.roll.ms", 1),
            "segment.ms" => ("log.roll.hours", 3_600_000),
            "segment.jitter.ms" if is_set("log.roll.jitter.ms") => ("log.roll.jitter.ms", 1),
            "segment.jitter.ms" => ("log.roll.jitter.hours", 3_600_000),
            "flush.ms" if !is_set("log.flush.interval.ms") => ("log.flush.scheduler.interval.ms", 1),
            _ => (def.server?, 1),
        };
        let value = self.value(name)?;
        if factor == 1 {
            return Some(value.into());
        }
        let number: i64 = value.trim().parse().ok()?;
        // -1 hours mean "no limit", as -1 milliseconds do.
        let millis = if number < 0 { number } else { number.saturating_mul(factor) };
        Some(millis.to_string().into())
    }

    /// The value of a topic config, for a topic on which `overrides` are set: from there, from this broker, or Kafka's default.
    pub fn topic_value<'a>(&'a self, overrides: &'a Values, def: &ConfigDef) -> Option<Cow<'a, str>> {
        let own = overrides.get(def.name).map(|value| Cow::from(value.as_str()));
        own.or_else(|| self.server_value(def)).or_else(|| def.default.map(Cow::from))
    }

    /// The source of a topic config's value, and its synonyms, the one that holds first.
    pub fn topic_synonyms(&self, overrides: &Values, def: &ConfigDef) -> (Source, Vec<Sourced>) {
        let mut synonyms = Vec::new();
        if let Some(value) = overrides.get(def.name) {
            synonyms.push(Sourced { name: def.name.to_owned(), value: Some(value.clone()), source: Source::Topic });
        }
        synonyms.extend(def.server.map(|name| self.synonyms(name)).unwrap_or_default());
        (synonyms.first().map_or(Source::Default, |first| first.source), synonyms)
    }

    fn topic_field<V: Value>(&self, overrides: &Values, name: &str) -> V {
        V::of(TOPIC.get(name).and_then(|def| self.topic_value(overrides, def)).as_deref())
    }

    /// One of the rates that can be set at run time alone (`THROTTLES`), in bytes a second.
    pub fn throttled_rate(&self, name: &str) -> i64 {
        let set = self.set.dynamic.get(name).or_else(|| self.set.cluster.get(name));
        set.and_then(|text| i64::parse(text.trim())).unwrap_or(i64::MAX)
    }

    /// The most connections that one address may have.
    pub fn connections_of(&self, address: &str) -> i32 {
        let mut overrides = self.max_connections_per_ip_overrides.split(',').filter_map(|item| item.trim().rsplit_once(':'));
        let own = overrides.find(|(host, _)| *host == address).and_then(|(_, count)| count.parse().ok());
        own.unwrap_or(self.max_connections_per_ip)
    }

    /// The topic config `min.insync.replicas` alone, for elections.
    pub fn min_insync_replicas(&self, overrides: &Values) -> i32 {
        self.topic_field(overrides, "min.insync.replicas")
    }

    /// The topic config `unclean.leader.election.enable` alone, for elections.
    pub fn unclean_leader_election_enable(&self, overrides: &Values) -> bool {
        self.topic_field(overrides, "unclean.leader.election.enable")
    }
}
