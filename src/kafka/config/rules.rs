//! The rules between configs, in Kafka's words.

use super::broker::BrokerConfig;
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

fn is_address_and_count(item: &str) -> bool {
    item.trim().rsplit_once(':').is_some_and(|(address, count)| !address.is_empty() && count.parse::<u32>().is_ok())
}

impl BrokerConfig {
    fn number(&self, name: &str) -> i64 {
        i64::of(self.value(name))
    }

    /// `KafkaConfig.validateValues` and `GroupCoordinatorConfig`.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check_together(&self) -> Result<(), &'static str> {
        let retention = TOPIC.get("retention.ms").and_then(|def| self.server_value(def)).map_or(-1, |text| i64::of(Some(&text)));
        let threads = self.number("log.cleaner.threads").max(1);
        let (wait, queued) = (self.number("replica.fetch.wait.max.ms"), self.number("queued.max.request.bytes"));
        let (idle, failed) = (self.number("connections.max.idle.ms"), self.number("connection.failed.authentication.delay.ms"));
        let per_ip_is_fine = self.number("max.connections.per.ip") != 0
            || self.value("max.connections.per.ip.overrides").is_some_and(|text| !text.is_empty());
        let (heartbeat, session) = (self.group_consumer_heartbeat_interval_ms, self.group_consumer_session_timeout_ms);
        let (least_heartbeat, least_session) = (self.group_consumer_min_heartbeat_interval_ms, self.group_consumer_min_session_timeout_ms);
        let (most_heartbeat, most_session) = (self.group_consumer_max_heartbeat_interval_ms, self.group_consumer_max_session_timeout_ms);
        let rules = [
            (
                most_session >= least_session,
                "group.consumer.max.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms",
            ),
            (
                session >= least_session,
                "group.consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms",
            ),
            (
                session <= most_session,
                "group.consumer.session.timeout.ms must be less than or equal to group.consumer.max.session.timeout.ms",
            ),
            (
                most_heartbeat >= least_heartbeat,
                "group.consumer.max.heartbeat.interval.ms must be greater than or equal to group.consumer.min.heartbeat.interval.ms",
            ),
            (
                heartbeat >= least_heartbeat,
                "group.consumer.heartbeat.interval.ms must be greater than or equal to group.consumer.min.heartbeat.interval.ms",
            ),
            (
                heartbeat <= most_heartbeat,
                "group.consumer.heartbeat.interval.ms must be less than or equal to group.consumer.max.heartbeat.interval.ms",
            ),
            (heartbeat < session, "group.consumer.heartbeat.interval.ms must be less than group.consumer.session.timeout.ms"),
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
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, why)| Err(why))
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
