//! Brokers' configs that can be set while brokers run only (`QuotaConfig.brokerQuotaConfigs`), sorted by name.

use crate::kafka::config::ConfigType::Long;
use crate::kafka::config::Effect::{InForce, TakenWithoutEffect};
use crate::kafka::config::UpdateMode::ClusterWide;
use crate::kafka::config::Valid::AtLeast;
use crate::kafka::config::def::row;
use crate::kafka::config::{ConfigDef, ConfigTable};

pub static THROTTLES: ConfigTable = ConfigTable { whose: "broker", defs: DEFS };

#[rustfmt::skip]
const DEFS: &[ConfigDef] = &[
    row("follower.replication.throttled.rate", Long, Some("9223372036854775807"), AtLeast(0), ClusterWide, InForce,
        "Bytes a second that a broker fetches for follower.replication.throttled.replicas that are not in sync."),
    row("leader.replication.throttled.rate", Long, Some("9223372036854775807"), AtLeast(0), ClusterWide, InForce,
        "Bytes a second that a broker gives to leader.replication.throttled.replicas that are not in sync."),
    row("replica.alter.log.dirs.io.max.bytes.per.second", Long, Some("9223372036854775807"), AtLeast(0), ClusterWide, TakenWithoutEffect,
        "Bytes a second that a broker moves between its log directories; here it has one."),
];
