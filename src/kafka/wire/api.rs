//! Which APIs and versions this broker answers, as a Kafka 4.1.1 broker advertises them.

use crate::kafka::wire::message::ApiKey;

/// One row of the table. `min..=max` is what ApiVersions advertises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ApiRange {
    pub key: ApiKey,
    pub min: i16,
    pub max: i16,
}

const fn row(key: ApiKey, min: i16, max: i16) -> ApiRange {
    ApiRange { key, min, max }
}

/// The first Produce version that is answered. 0 to 2 are advertised only, since librdkafka switches compression off when
/// it does not see them (KAFKA-18659).
pub const PRODUCE_MIN_ANSWERED: i16 = 3;

/// All APIs that have a handler, by key.
pub const SUPPORTED: &[ApiRange] = &[
    row(ApiKey::Produce, 0, 13),
    row(ApiKey::Fetch, 4, 18),
    row(ApiKey::ListOffsets, 1, 10),
    row(ApiKey::Metadata, 0, 13),
    row(ApiKey::OffsetCommit, 2, 9),
    row(ApiKey::OffsetFetch, 1, 9),
    row(ApiKey::FindCoordinator, 0, 6),
    row(ApiKey::JoinGroup, 0, 9),
    row(ApiKey::Heartbeat, 0, 4),
    row(ApiKey::LeaveGroup, 0, 5),
    row(ApiKey::SyncGroup, 0, 5),
    row(ApiKey::DescribeGroups, 0, 6),
    row(ApiKey::ListGroups, 0, 5),
    row(ApiKey::ApiVersions, 0, 4),
    row(ApiKey::CreateTopics, 2, 7),
    row(ApiKey::DeleteTopics, 1, 6),
    row(ApiKey::DeleteRecords, 0, 2),
    row(ApiKey::InitProducerId, 0, 5),
    row(ApiKey::OffsetForLeaderEpoch, 2, 4),
    row(ApiKey::DescribeConfigs, 1, 4),
    row(ApiKey::CreatePartitions, 0, 3),
    row(ApiKey::DeleteGroups, 0, 2),
    row(ApiKey::ElectLeaders, 0, 2),
    row(ApiKey::IncrementalAlterConfigs, 0, 1),
    row(ApiKey::AlterPartitionReassignments, 0, 1),
    row(ApiKey::ListPartitionReassignments, 0, 0),
    row(ApiKey::OffsetDelete, 0, 0),
    row(ApiKey::DescribeQuorum, 0, 2),
    row(ApiKey::DescribeCluster, 0, 2),
    row(ApiKey::DescribeProducers, 0, 0),
    row(ApiKey::DescribeTopicPartitions, 0, 0),
];

/// What the controller listener answers, by key: voters and brokers ask there.
pub const CONTROLLER: &[ApiRange] = &[
    row(ApiKey::Fetch, 4, 18),
    row(ApiKey::ApiVersions, 0, 4),
    row(ApiKey::CreateTopics, 2, 7),
    row(ApiKey::DeleteTopics, 1, 6),
    row(ApiKey::CreatePartitions, 0, 3),
    row(ApiKey::ElectLeaders, 0, 2),
    row(ApiKey::IncrementalAlterConfigs, 0, 1),
    row(ApiKey::AlterPartitionReassignments, 0, 1),
    row(ApiKey::ListPartitionReassignments, 0, 0),
    row(ApiKey::Vote, 0, 2),
    row(ApiKey::BeginQuorumEpoch, 0, 1),
    row(ApiKey::EndQuorumEpoch, 0, 1),
    row(ApiKey::DescribeQuorum, 0, 2),
    row(ApiKey::AlterPartition, 2, 3),
    row(ApiKey::Envelope, 0, 0),
    row(ApiKey::BrokerRegistration, 0, 4),
    row(ApiKey::BrokerHeartbeat, 0, 1),
    row(ApiKey::UnregisterBroker, 0, 0),
    row(ApiKey::AllocateProducerIds, 0, 0),
];

/// The row of `key` in a table.
pub fn find(table: &[ApiRange], key: ApiKey) -> Option<ApiRange> {
    table.iter().copied().find(|range| range.key == key)
}

/// The row of `key`, if this broker answers it.
pub fn supported(key: ApiKey) -> Option<ApiRange> {
    find(SUPPORTED, key)
}

/// The versions of `key` that are answered, which for Produce are fewer than the advertised ones.
pub fn answered(table: &[ApiRange], key: ApiKey) -> Option<ApiRange> {
    let range = find(table, key)?;
    Some(if range.key == ApiKey::Produce { ApiRange { min: PRODUCE_MIN_ANSWERED, ..range } } else { range })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_the_decoders_know_every_answered_version() {
        assert!([SUPPORTED, CONTROLLER].iter().all(|table| table.windows(2).all(|pair| (pair[0].key as i16) < (pair[1].key as i16))));
        for range in SUPPORTED.iter().chain(CONTROLLER) {
            let answered = answered(&[*range], range.key).expect("is in the table");
            let known = range.key.versions().expect("is spoken");
            assert!(*known.start() <= answered.min && answered.max <= *known.end(), "{answered:?} against {known:?}");
        }
    }
}
