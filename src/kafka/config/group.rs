//! The configs of one group, as they hold on one broker.

use super::broker::BrokerConfig;
use super::value::config_struct;
use crate::kafka::sorted_vec::SortedVecMap;

config_struct! {
    /// A group's configs in force, by their names with `_` for `.` (`GroupConfig`). Times are in milliseconds.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct GroupConfigs of GROUP {
        consumer_heartbeat_interval_ms: i32 = "consumer.heartbeat.interval.ms",
        consumer_session_timeout_ms: i32 = "consumer.session.timeout.ms",
    }
}

impl GroupConfigs {
    /// What holds on a broker with these configs, for a group on which `set` is set.
    pub fn new(broker: &BrokerConfig, set: &SortedVecMap<String, String>) -> Self {
        let mut config = Self::default();
        for name in Self::CONFIGS {
            if let Some(text) = broker.group_value(set, name) {
                config.assign(name, text);
            }
        }
        config
    }
}
