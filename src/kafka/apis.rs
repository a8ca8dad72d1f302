//! The one table of Kafka's APIs: key, messages, and for each listener the versions and who answers.
//!
//! This file depends on nothing. Each room takes from the table what it needs, so that a row without its handler, its messages or its
//! refusal does not compile:
//!
//! | room | what it makes of a row |
//! | --- | --- |
//! | here | [`ApiKey`], and what each listener advertises: [`BROKER`], [`CONTROLLER`] |
//! | `wire::message` | the pair of request and response, and the versions of their headers |
//! | `broker::requests` | `mod MODULE;` and the call of its `BrokerApi` |
//! | `coordinator` | a variant of its `Request` and its `Response` |
//! | `controller::requests` | `mod MODULE;`, a variant of its `Request` and its `Response`, the call of its handler |
//! | `playground::inspect` | the fields of both messages |
//!
//! To add an API, write its row here (out of the second list, if it is there) and the file that the row names. Messages that are not
//! declared yet go into `wire/message/`.

/// Calls the macro `$then` with the table: the rows of what is answered, then the keys of what is not.
///
/// A row is `Name = key, Request => Response, {a broker's listener} {a controller's listener};`. A listener's column is empty, or says who
/// answers, in which versions, and which file has the handler:
///
/// | a broker's listener | |
/// | --- | --- |
/// | `broker 0..=13 in produce` | `broker/requests/produce.rs`; `from 3` after it: older versions are advertised and not answered |
/// | `coordinator 0..=9` | the group coordinator |
/// | `forwarded 2..=7` | the active controller, in an Envelope (KIP-590); `in m`: after a check in `broker/requests/m.rs` |
///
/// | a controller's listener | |
/// | --- | --- |
/// | `active 2..=7 in create_topics` | the active controller, once its records are committed: `controller/requests/create_topics.rs` |
/// | `quorum 0..=2` | every replica of the metadata log, leading or not: `controller/raft/` |
/// | `node 0..=4` | the process around the controller: a handler in `broker/requests/` |
#[macro_export]
macro_rules! kafka_apis {
    ($then:ident) => {
        $then! {
            {
                Produce = 0, ProduceRequest => ProduceResponse, {broker 0..=13 in produce from 3} {};
                Fetch = 1, FetchRequest => FetchResponse, {broker 4..=18 in fetch} {quorum 4..=18};
                ListOffsets = 2, ListOffsetsRequest => ListOffsetsResponse, {broker 1..=10 in list_offsets} {};
                Metadata = 3, MetadataRequest => MetadataResponse, {broker 0..=13 in metadata} {};
                OffsetCommit = 8, OffsetCommitRequest => OffsetCommitResponse, {coordinator 2..=9} {};
                OffsetFetch = 9, OffsetFetchRequest => OffsetFetchResponse, {coordinator 1..=9} {};
                FindCoordinator = 10, FindCoordinatorRequest => FindCoordinatorResponse, {broker 0..=6 in find_coordinator} {};
                JoinGroup = 11, JoinGroupRequest => JoinGroupResponse, {coordinator 0..=9} {};
                Heartbeat = 12, HeartbeatRequest => HeartbeatResponse, {coordinator 0..=4} {};
                LeaveGroup = 13, LeaveGroupRequest => LeaveGroupResponse, {coordinator 0..=5} {};
                SyncGroup = 14, SyncGroupRequest => SyncGroupResponse, {coordinator 0..=5} {};
                DescribeGroups = 15, DescribeGroupsRequest => DescribeGroupsResponse, {coordinator 0..=6} {};
                ListGroups = 16, ListGroupsRequest => ListGroupsResponse, {coordinator 0..=5} {};
                ApiVersions = 18, ApiVersionsRequest => ApiVersionsResponse, {broker 0..=4 in api_versions} {node 0..=4};
                CreateTopics = 19, CreateTopicsRequest => CreateTopicsResponse, {forwarded 2..=7} {active 2..=7 in create_topics};
                DeleteTopics = 20, DeleteTopicsRequest => DeleteTopicsResponse, {forwarded 1..=6} {active 1..=6 in delete_topics};
                DeleteRecords = 21, DeleteRecordsRequest => DeleteRecordsResponse, {broker 0..=2 in delete_records} {};
                InitProducerId = 22, InitProducerIdRequest => InitProducerIdResponse, {broker 0..=5 in init_producer_id} {};
                OffsetForLeaderEpoch = 23, OffsetForLeaderEpochRequest => OffsetForLeaderEpochResponse,
                    {broker 2..=4 in offset_for_leader_epoch} {};
                AddPartitionsToTxn = 24, AddPartitionsToTxnRequest => AddPartitionsToTxnResponse,
                    {broker 0..=5 in add_partitions_to_txn} {};
                AddOffsetsToTxn = 25, AddOffsetsToTxnRequest => AddOffsetsToTxnResponse, {broker 0..=4 in add_offsets_to_txn} {};
                EndTxn = 26, EndTxnRequest => EndTxnResponse, {broker 0..=5 in end_txn} {};
                WriteTxnMarkers = 27, WriteTxnMarkersRequest => WriteTxnMarkersResponse, {broker 1..=1 in write_txn_markers} {};
                TxnOffsetCommit = 28, TxnOffsetCommitRequest => TxnOffsetCommitResponse, {coordinator 0..=5} {};
                DescribeAcls = 29, DescribeAclsRequest => DescribeAclsResponse, {broker 1..=3 in describe_acls} {};
                CreateAcls = 30, CreateAclsRequest => CreateAclsResponse, {broker 1..=3 in create_acls} {};
                DeleteAcls = 31, DeleteAclsRequest => DeleteAclsResponse, {broker 1..=3 in delete_acls} {};
                DescribeConfigs = 32, DescribeConfigsRequest => DescribeConfigsResponse, {broker 1..=4 in describe_configs} {};
                AlterConfigs = 33, AlterConfigsRequest => AlterConfigsResponse,
                    {forwarded 0..=2 in alter_configs} {active 0..=2 in alter_configs};
                AlterReplicaLogDirs = 34, AlterReplicaLogDirsRequest => AlterReplicaLogDirsResponse,
                    {broker 1..=2 in alter_replica_log_dirs} {};
                DescribeLogDirs = 35, DescribeLogDirsRequest => DescribeLogDirsResponse, {broker 1..=4 in describe_log_dirs} {};
                CreatePartitions = 37, CreatePartitionsRequest => CreatePartitionsResponse,
                    {forwarded 0..=3} {active 0..=3 in create_partitions};
                DeleteGroups = 42, DeleteGroupsRequest => DeleteGroupsResponse, {coordinator 0..=2} {};
                ElectLeaders = 43, ElectLeadersRequest => ElectLeadersResponse, {forwarded 0..=2} {active 0..=2 in elect_leaders};
                IncrementalAlterConfigs = 44, IncrementalAlterConfigsRequest => IncrementalAlterConfigsResponse,
                    {forwarded 0..=1 in incremental_alter_configs} {active 0..=1 in incremental_alter_configs};
                AlterPartitionReassignments = 45, AlterPartitionReassignmentsRequest => AlterPartitionReassignmentsResponse,
                    {forwarded 0..=1} {active 0..=1 in alter_partition_reassignments};
                ListPartitionReassignments = 46, ListPartitionReassignmentsRequest => ListPartitionReassignmentsResponse,
                    {forwarded 0..=0} {active 0..=0 in list_partition_reassignments};
                OffsetDelete = 47, OffsetDeleteRequest => OffsetDeleteResponse, {coordinator 0..=0} {};
                DescribeClientQuotas = 48, DescribeClientQuotasRequest => DescribeClientQuotasResponse,
                    {broker 0..=1 in describe_client_quotas} {};
                AlterClientQuotas = 49, AlterClientQuotasRequest => AlterClientQuotasResponse, {broker 0..=1 in alter_client_quotas} {};
                DescribeUserScramCredentials = 50, DescribeUserScramCredentialsRequest => DescribeUserScramCredentialsResponse,
                    {broker 0..=0 in describe_user_scram_credentials} {};
                AlterUserScramCredentials = 51, AlterUserScramCredentialsRequest => AlterUserScramCredentialsResponse,
                    {broker 0..=0 in alter_user_scram_credentials} {};
                Vote = 52, VoteRequest => VoteResponse, {} {quorum 0..=2};
                BeginQuorumEpoch = 53, BeginQuorumEpochRequest => BeginQuorumEpochResponse, {} {quorum 0..=1};
                EndQuorumEpoch = 54, EndQuorumEpochRequest => EndQuorumEpochResponse, {} {quorum 0..=1};
                DescribeQuorum = 55, DescribeQuorumRequest => DescribeQuorumResponse, {forwarded 0..=2} {quorum 0..=2};
                AlterPartition = 56, AlterPartitionRequest => AlterPartitionResponse, {} {active 2..=3 in alter_partition};
                UpdateFeatures = 57, UpdateFeaturesRequest => UpdateFeaturesResponse,
                    {forwarded 0..=2} {active 0..=2 in update_features};
                Envelope = 58, EnvelopeRequest => EnvelopeResponse, {} {node 0..=0 in envelope};
                DescribeCluster = 60, DescribeClusterRequest => DescribeClusterResponse,
                    {broker 0..=2 in describe_cluster} {node 0..=2};
                DescribeProducers = 61, DescribeProducersRequest => DescribeProducersResponse, {broker 0..=0 in describe_producers} {};
                BrokerRegistration = 62, BrokerRegistrationRequest => BrokerRegistrationResponse,
                    {} {active 0..=4 in broker_registration};
                BrokerHeartbeat = 63, BrokerHeartbeatRequest => BrokerHeartbeatResponse, {} {active 0..=1 in broker_heartbeat};
                UnregisterBroker = 64, UnregisterBrokerRequest => UnregisterBrokerResponse,
                    {forwarded 0..=0} {active 0..=0 in unregister_broker};
                DescribeTransactions = 65, DescribeTransactionsRequest => DescribeTransactionsResponse,
                    {broker 0..=0 in describe_transactions} {};
                ListTransactions = 66, ListTransactionsRequest => ListTransactionsResponse, {broker 0..=2 in list_transactions} {};
                AllocateProducerIds = 67, AllocateProducerIdsRequest => AllocateProducerIdsResponse,
                    {} {active 0..=0 in allocate_producer_ids};
                ConsumerGroupHeartbeat = 68, ConsumerGroupHeartbeatRequest => ConsumerGroupHeartbeatResponse, {coordinator 0..=1} {};
                ConsumerGroupDescribe = 69, ConsumerGroupDescribeRequest => ConsumerGroupDescribeResponse, {coordinator 0..=1} {};
                ListConfigResources = 74, ListConfigResourcesRequest => ListConfigResourcesResponse,
                    {broker 0..=1 in list_config_resources} {};
                DescribeTopicPartitions = 75, DescribeTopicPartitionsRequest => DescribeTopicPartitionsResponse,
                    {broker 0..=0 in describe_topic_partitions} {};
            }
            {
                SaslHandshake = 17,
                SaslAuthenticate = 36,
                CreateDelegationToken = 38,
                RenewDelegationToken = 39,
                ExpireDelegationToken = 40,
                DescribeDelegationToken = 41,
                FetchSnapshot = 59,
                ControllerRegistration = 70,
                GetTelemetrySubscriptions = 71,
                PushTelemetry = 72,
                AssignReplicasToDirs = 73,
                ShareGroupHeartbeat = 76,
                ShareGroupDescribe = 77,
                ShareFetch = 78,
                ShareAcknowledge = 79,
                AddRaftVoter = 80,
                RemoveRaftVoter = 81,
                UpdateRaftVoter = 82,
                InitializeShareGroupState = 83,
                ReadShareGroupState = 84,
                WriteShareGroupState = 85,
                DeleteShareGroupState = 86,
                ReadShareGroupStateSummary = 87,
                DescribeShareGroupOffsets = 90,
                AlterShareGroupOffsets = 91,
                DeleteShareGroupOffsets = 92,
            }
        }
    };
}

/// The two listeners of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listener {
    /// Clients and other brokers ask there.
    Broker,
    /// Voters, and brokers that ask the controller.
    Controller,
}

impl Listener {
    /// What it answers, by key.
    pub fn apis(self) -> &'static [ApiRange] {
        match self {
            Self::Broker => BROKER,
            Self::Controller => CONTROLLER,
        }
    }
}

/// What a listener says of one API in its answer to ApiVersions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ApiRange {
    pub key: ApiKey,
    /// The lowest version that is advertised.
    pub min: i16,
    pub max: i16,
    /// The lowest version that is answered. It differs from `min` for Produce only: librdkafka switches compression off when it does not
    /// see versions 0 to 2 (KAFKA-18659).
    pub answered_from: i16,
}

impl ApiRange {
    /// Whether requests of this version are answered.
    pub fn answers(&self, version: i16) -> bool {
        (self.answered_from..=self.max).contains(&version)
    }
}

macro_rules! keys {
    ({$($name:ident = $key:literal, $request:ident => $response:ident,
        {$($kind:ident $min:literal..=$max:literal $(in $module:ident)? $(from $from:literal)?)?}
        {$($controller_kind:ident $controller_min:literal..=$controller_max:literal $(in $controller_module:ident)?)?};)*}
     {$($absent:ident = $absent_key:literal,)*}) => {
        /// What a request asks for: all keys of Kafka 4.1 (`ApiKeys`), answered here or not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i16)]
        pub enum ApiKey { $($name = $key,)* $($absent = $absent_key,)* }

        impl TryFrom<i16> for ApiKey {
            type Error = ();

            fn try_from(key: i16) -> Result<Self, ()> {
                match key {
                    $($key => Ok(ApiKey::$name),)*
                    $($absent_key => Ok(ApiKey::$absent),)*
                    _ => Err(()),
                }
            }
        }

        /// What a broker's listener answers, by key: the part that is here of what a Kafka 4.1.1 broker advertises.
        pub const BROKER: &[ApiRange] = &[$($(
            ApiRange { key: ApiKey::$name, min: $min, max: $max, answered_from: latest(&[$min, $($from)?]) },
        )?)*];

        /// What a controller's listener answers, by key: voters and brokers ask there.
        pub const CONTROLLER: &[ApiRange] = &[$($(
            ApiRange { key: ApiKey::$name, min: $controller_min, max: $controller_max, answered_from: $controller_min },
        )?)*];

        /// Whether a broker hands the request on to the active controller.
        pub fn is_forwarded(api: ApiKey) -> bool {
            const FORWARDED: &str = "forwarded";
            match api {
                $($(ApiKey::$name => stringify!($kind) == FORWARDED,)?)*
                _ => false,
            }
        }
    };
}

const fn latest(versions: &[i16]) -> i16 {
    versions[versions.len() - 1]
}

kafka_apis!(keys);

/// The row of `key` in what a listener answers.
pub fn find(table: &[ApiRange], key: ApiKey) -> Option<ApiRange> {
    table.iter().copied().find(|range| range.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_the_order_of_their_keys() {
        for table in [BROKER, CONTROLLER] {
            assert!(table.windows(2).all(|pair| (pair[0].key as i16) < (pair[1].key as i16)));
        }
    }

    #[test]
    fn what_is_forwarded_has_the_same_versions_on_both_listeners() {
        let forwarded: Vec<&ApiRange> = BROKER.iter().filter(|range| is_forwarded(range.key)).collect();
        assert!(!forwarded.is_empty());
        for range in forwarded {
            assert_eq!(find(CONTROLLER, range.key), Some(*range));
        }
    }
}
