//! Groups' configs (`GroupConfig`), sorted by name, each with the broker config that is its default. They are for the protocols of KIP-848,
//! share groups and streams groups.

use crate::kafka::config::ConfigType::{Int, String};
use crate::kafka::config::Effect::{InForce, TakenWithoutEffect};
use crate::kafka::config::UpdateMode::PerGroup;
use crate::kafka::config::Valid::{AtLeast, OneOf, ShareReset};
use crate::kafka::config::def::row;
use crate::kafka::config::{ConfigDef, ConfigTable};

pub static GROUP: ConfigTable = ConfigTable { whose: "group", defs: DEFS };

#[rustfmt::skip]
const DEFS: &[ConfigDef] = &[
    row("consumer.heartbeat.interval.ms", Int, Some("5000"), AtLeast(1), PerGroup, InForce,
        "Milliseconds between two heartbeats of a member.").behind("group.consumer.heartbeat.interval.ms"),
    row("consumer.session.timeout.ms", Int, Some("45000"), AtLeast(1), PerGroup, InForce,
        "Milliseconds without a heartbeat after which a member is removed.").behind("group.consumer.session.timeout.ms"),
    row("share.auto.offset.reset", String, Some("latest"), ShareReset, PerGroup, TakenWithoutEffect,
        "Where a share group begins to read a partition."),
    row("share.heartbeat.interval.ms", Int, Some("5000"), AtLeast(1), PerGroup, TakenWithoutEffect,
        "Milliseconds between two heartbeats of a member of a share group.").behind("group.share.heartbeat.interval.ms"),
    row("share.isolation.level", String, Some("read_uncommitted"),
        OneOf(&["read_committed", "read_uncommitted"]), PerGroup, TakenWithoutEffect,
        "Whether a share group reads records of open transactions."),
    row("share.record.lock.duration.ms", Int, Some("30000"), AtLeast(1_000), PerGroup, TakenWithoutEffect,
        "Milliseconds for which a record is lent to a member of a share group.").behind("group.share.record.lock.duration.ms"),
    row("share.session.timeout.ms", Int, Some("45000"), AtLeast(1), PerGroup, TakenWithoutEffect,
        "Milliseconds without a heartbeat after which a member leaves a share group.").behind("group.share.session.timeout.ms"),
    row("streams.heartbeat.interval.ms", Int, Some("5000"), AtLeast(1), PerGroup, TakenWithoutEffect,
        "Milliseconds between two heartbeats of a member of a streams group.").behind("group.streams.heartbeat.interval.ms"),
    row("streams.num.standby.replicas", Int, Some("0"), AtLeast(0), PerGroup, TakenWithoutEffect,
        "Standby replicas of each task of a streams group.").behind("group.streams.num.standby.replicas"),
    row("streams.session.timeout.ms", Int, Some("45000"), AtLeast(1), PerGroup, TakenWithoutEffect,
        "Milliseconds without a heartbeat after which a member leaves a streams group.").behind("group.streams.session.timeout.ms"),
];
