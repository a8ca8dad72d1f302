//! The rules between configs, in Kafka's words.

use super::broker::BrokerConfig;
use super::def::list;
use super::value::Value;
use super::{GROUP, TOPIC};
use crate::kafka::sorted_vec::SortedVecMap;

type Values = SortedVecMap<String, String>;

/// The least bytes of the cleaner's buffer for each of its threads.
const CLEANER_BYTES: i64 = 1 << 20;

/// What the internal topics want, whose defaults are for three brokers or more. With fewer they cannot be made, so that nobody finds a
/// coordinator.
const REPLICAS: [(&str, u32); 3] =
    [("offsets.topic.replication.factor", 3), ("transaction.state.log.replication.factor", 3), ("transaction.state.log.min.isr", 2)];

/// Gives the internal topics as many replicas as there are brokers, where there are fewer than Kafka's defaults want and nothing else is
/// asked for. What was set, as `name=value`.
pub fn fit_internal_topics(config: &mut Values, brokers: u32) -> Vec<String> {
    let few: Vec<&str> =
        REPLICAS.iter().filter(|(name, wanted)| brokers < *wanted && !config.contains_key(*name)).map(|(name, _)| *name).collect();
    let set = few.iter().map(|name| format!("{name}={brokers}")).collect();
    config.extend(few.into_iter().map(|name| (name.to_owned(), brokers.to_string())));
    set
}

/// Whose number may at most be doubled or halved at a time while a broker runs.
const THREADS: [&str; 5] =
    ["num.network.threads", "num.io.threads", "num.replica.fetchers", "num.recovery.threads.per.data.dir", "background.threads"];

/// Kafka takes the exception for a value.
fn in_java(why: &str) -> String {
    format!("Invalid value org.apache.kafka.common.config.ConfigException: {why} for configuration Invalid dynamic configuration")
}

fn is_address_and_count(item: &str) -> bool {
    item.trim().rsplit_once(':').is_some_and(|(address, count)| !address.is_empty() && count.parse::<u32>().is_ok())
}

impl BrokerConfig {
    fn number(&self, name: &str) -> i64 {
        i64::of(self.value(name))
    }

    /// What Kafka asks of a broker's configs at its start and before each change: `GroupCoordinatorConfig`, `ShareGroupConfig` and
    /// `KafkaConfig.validateValues`.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check_together(&self) -> Result<(), String> {
        self.check_groups()?;
        let topic = |name: &str| TOPIC.get(name).and_then(|def| self.server_value(def)).map(|text| i64::of(Some(&text)));
        let retention = topic("retention.ms").unwrap_or(-1);
        let threads = self.number("log.cleaner.threads").max(1);
        let (wait, queued) = (self.number("replica.fetch.wait.max.ms"), self.number("queued.max.request.bytes"));
        let (idle, failed) = (self.number("connections.max.idle.ms"), self.number("connection.failed.authentication.delay.ms"));
        let per_ip_is_fine = self.number("max.connections.per.ip") != 0
            || self.value("max.connections.per.ip.overrides").is_some_and(|text| !text.is_empty());
        let rules = [
            (topic("segment.ms").is_none_or(|roll| roll >= 1), "log.roll.ms must be greater than or equal to 1"),
            (topic("segment.jitter.ms").is_none_or(|jitter| jitter >= 0), "log.roll.jitter.ms must be greater than or equal to 0"),
            (retention >= 1 || retention == -1, "log.retention.ms must be unlimited (-1) or, greater than or equal to 1"),
            (
                self.number("log.cleaner.dedupe.buffer.size") / threads > CLEANER_BYTES,
                "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.",
            ),
            (
                wait <= self.number("replica.socket.timeout.ms"),
                "replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket timeouts",
            ),
            (
                wait <= self.number("replica.lag.time.max.ms"),
                "replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes \
                 in ISR",
            ),
            (
                queued <= 0 || queued >= self.number("socket.request.max.bytes"),
                "queued.max.request.bytes must be larger or equal to socket.request.max.bytes",
            ),
            (
                self.max_connections_per_ip_overrides.split(',').all(|item| item.is_empty() || is_address_and_count(item)),
                "max.connections.per.ip.overrides takes address:count, with commas between several",
            ),
            (per_ip_is_fine, "max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set."),
            (
                idle < 0 || failed < idle,
                "connection.failed.authentication.delay.ms should always be less than connections.max.idle.ms to prevent failed \
                 authentication responses from timing out",
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, why)| Err(why.to_owned()))
    }

    /// The rules for the three kinds of groups of KIP-848.
    fn check_groups(&self) -> Result<(), String> {
        for kind in ["consumer", "share", "streams"] {
            for what in ["heartbeat.interval.ms", "session.timeout.ms"] {
                let name = format!("group.{kind}.{what}");
                let (least, most) = (format!("group.{kind}.min.{what}"), format!("group.{kind}.max.{what}"));
                if self.number(&most) < self.number(&least) {
                    return Err(format!("{most} must be greater than or equal to {least}"));
                }
                self.within(&name, self.number(&name), &least, &most)?;
            }
            if kind == "streams" {
                let standby = "group.streams.num.standby.replicas";
                self.within(standby, self.number(standby), "", "group.streams.max.standby.replicas")?;
            }
            let (heartbeat, session) = (format!("group.{kind}.heartbeat.interval.ms"), format!("group.{kind}.session.timeout.ms"));
            if self.number(&heartbeat) >= self.number(&session) {
                return Err(format!("{heartbeat} must be less than {session}"));
            }
            let assignors = list(self.value("group.share.assignors").unwrap_or("")).len();
            if kind == "share" && assignors != 1 {
                return Err(format!("group.share.assignors must contain exactly one assignor, but found {assignors}"));
            }
        }
        let (lock, least, most) =
            ("group.share.record.lock.duration.ms", "group.share.min.record.lock.duration.ms", "group.share.max.record.lock.duration.ms");
        if self.number(lock) < self.number(least) {
            return Err(format!("{lock} must be greater than or equal to {least}"));
        }
        for (more, less) in [(most, lock), ("group.share.max.share.sessions", "group.share.max.size")] {
            if self.number(more) < self.number(less) {
                return Err(format!("{more} must be greater than or equal to {less}"));
            }
        }
        Ok(())
    }

    /// Whether a running broker may go over to these configs from its own (`DynamicThreadPool`, `DataPlaneAcceptor`, `DynamicLogConfig`).
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check_change(&self, new: &Self) -> Result<(), String> {
        for name in THREADS {
            let (from, to) = (self.number(name), new.number(name));
            let why = match to {
                _ if to == from => continue,
                ..=0 => "value should be at least 1".to_owned(),
                _ if to < from / 2 => format!("value should be at least half the current value {from}"),
                _ if to > from.saturating_mul(2) => format!("value should not be greater than double the current value {from}"),
                _ => continue,
            };
            return Err(in_java(&format!("Dynamic thread count update validation failed for {name}={to}, {why}")));
        }
        let changes = TOPIC.iter().any(|def| self.server_value(def) != new.server_value(def));
        if !changes {
            return Ok(());
        }
        for (what, retention) in [("ms", "log.retention.ms"), ("bytes", "log.retention.bytes")] {
            let of = |name: String| TOPIC.get(&name).and_then(|def| new.server_value(def)).map_or(-1, |text| i64::of(Some(&text)));
            let (all, local) = (of(format!("retention.{what}")), of(format!("local.retention.{what}")));
            let why = match local {
                -2 => continue,
                _ if all < 0 => continue,
                -1 => format!("Value must not be -1 as {retention} value is set as {all}."),
                _ if local > all => format!("Value must not be more than {retention} property value: {all}"),
                _ => continue,
            };
            return Err(in_java(&format!("Invalid value {local} for configuration log.local.retention.{what}: {why}")));
        }
        Ok(())
    }

    /// What a topic with these configs on it breaks (`LogConfig.validate`).
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check_topic(&self, overrides: &Values) -> Result<(), String> {
        let value = |name: &str| TOPIC.get(name).and_then(|def| self.topic_value(overrides, def)).unwrap_or_default();
        let (least, most) = (i64::of(Some(&value("min.compaction.lag.ms"))), i64::of(Some(&value("max.compaction.lag.ms"))));
        if least > most {
            return Err(format!("conflict topic config setting min.compaction.lag.ms ({least}) > max.compaction.lag.ms ({most})"));
        }
        if bool::of(Some(&value("remote.storage.enable"))) {
            let why = "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.";
            return Err(why.into());
        }
        Ok(())
    }

    /// The value of a group's config, for a group on which `set` is set: from there, or from this broker.
    pub fn group_value<'a>(&'a self, set: &'a Values, name: &str) -> Option<&'a str> {
        let def = GROUP.get(name)?;
        set.get(name).map(String::as_str).or_else(|| self.value(def.server?)).or(def.default)
    }

    /// What a group with these configs on it breaks (`GroupConfig.validate`).
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check_group(&self, set: &Values) -> Result<(), String> {
        let own = |name: &str| i64::of(self.group_value(set, name));
        for kind in ["consumer", "share", "streams"] {
            for what in ["heartbeat.interval.ms", "session.timeout.ms"] {
                let name = format!("{kind}.{what}");
                self.within(&name, own(&name), &format!("group.{kind}.min.{what}"), &format!("group.{kind}.max.{what}"))?;
            }
        }
        let lock = "record.lock.duration.ms";
        let (least, most) = (format!("group.share.min.{lock}"), format!("group.share.max.{lock}"));
        self.within("share.record.lock.duration.ms", own("share.record.lock.duration.ms"), &least, &most)?;
        let standby = "streams.num.standby.replicas";
        self.within(standby, own(standby), "", "group.streams.max.standby.replicas")?;
        for kind in ["consumer", "share", "streams"] {
            let (session, heartbeat) = (format!("{kind}.session.timeout.ms"), format!("{kind}.heartbeat.interval.ms"));
            if own(&session) <= own(&heartbeat) {
                return Err(format!("{session} must be greater than {heartbeat}"));
            }
        }
        Ok(())
    }

    /// `least` may be empty: there is none.
    fn within(&self, name: &str, value: i64, least: &str, most: &str) -> Result<(), String> {
        if !least.is_empty() && value < self.number(least) {
            return Err(format!("{name} must be greater than or equal to {least}"));
        }
        if value > self.number(most) {
            return Err(format!("{name} must be less than or equal to {most}"));
        }
        Ok(())
    }
}
