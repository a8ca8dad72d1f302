//! Kafka's API keys, and which messages belong to those that are spoken here.

use super::*;

macro_rules! api_keys {
    ($($name:ident = $key:literal,)*) => {
        /// What a request asks for. All keys of Kafka 4.1 (`ApiKeys`), answered here or not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i16)]
        pub enum ApiKey { $($name = $key,)* }

        impl TryFrom<i16> for ApiKey {
            type Error = ();

            fn try_from(key: i16) -> Result<Self, ()> {
                match key {
                    $($key => Ok(ApiKey::$name),)*
                    _ => Err(()),
                }
            }
        }
    };
}

api_keys! {
    Produce = 0,
    Fetch = 1,
    ListOffsets = 2,
    Metadata = 3,
    OffsetCommit = 8,
    OffsetFetch = 9,
    FindCoordinator = 10,
    JoinGroup = 11,
    Heartbeat = 12,
    LeaveGroup = 13,
    SyncGroup = 14,
    DescribeGroups = 15,
    ListGroups = 16,
    SaslHandshake = 17,
    ApiVersions = 18,
    CreateTopics = 19,
    DeleteTopics = 20,
    DeleteRecords = 21,
    InitProducerId = 22,
    OffsetForLeaderEpoch = 23,
    AddPartitionsToTxn = 24,
    AddOffsetsToTxn = 25,
    EndTxn = 26,
    WriteTxnMarkers = 27,
    TxnOffsetCommit = 28,
    DescribeAcls = 29,
    CreateAcls = 30,
    DeleteAcls = 31,
    DescribeConfigs = 32,
    AlterConfigs = 33,
    AlterReplicaLogDirs = 34,
    DescribeLogDirs = 35,
    SaslAuthenticate = 36,
    CreatePartitions = 37,
    CreateDelegationToken = 38,
    RenewDelegationToken = 39,
    ExpireDelegationToken = 40,
    DescribeDelegationToken = 41,
    DeleteGroups = 42,
    ElectLeaders = 43,
    IncrementalAlterConfigs = 44,
    AlterPartitionReassignments = 45,
    ListPartitionReassignments = 46,
    OffsetDelete = 47,
    DescribeClientQuotas = 48,
    AlterClientQuotas = 49,
    DescribeUserScramCredentials = 50,
    AlterUserScramCredentials = 51,
    Vote = 52,
    BeginQuorumEpoch = 53,
    EndQuorumEpoch = 54,
    DescribeQuorum = 55,
    AlterPartition = 56,
    UpdateFeatures = 57,
    Envelope = 58,
    FetchSnapshot = 59,
    DescribeCluster = 60,
    DescribeProducers = 61,
    BrokerRegistration = 62,
    BrokerHeartbeat = 63,
    UnregisterBroker = 64,
    DescribeTransactions = 65,
    ListTransactions = 66,
    AllocateProducerIds = 67,
    ConsumerGroupHeartbeat = 68,
    ConsumerGroupDescribe = 69,
    ControllerRegistration = 70,
    GetTelemetrySubscriptions = 71,
    PushTelemetry = 72,
    AssignReplicasToDirs = 73,
    ListConfigResources = 74,
    DescribeTopicPartitions = 75,
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

/// Calls the macro `$then` with all APIs that are spoken here: key, request, response.
#[macro_export]
macro_rules! spoken_apis {
    ($then:ident) => {
        $then! {
            Produce: ProduceRequest => ProduceResponse;
            Fetch: FetchRequest => FetchResponse;
            ListOffsets: ListOffsetsRequest => ListOffsetsResponse;
            Metadata: MetadataRequest => MetadataResponse;
            OffsetCommit: OffsetCommitRequest => OffsetCommitResponse;
            OffsetFetch: OffsetFetchRequest => OffsetFetchResponse;
            FindCoordinator: FindCoordinatorRequest => FindCoordinatorResponse;
            JoinGroup: JoinGroupRequest => JoinGroupResponse;
            Heartbeat: HeartbeatRequest => HeartbeatResponse;
            LeaveGroup: LeaveGroupRequest => LeaveGroupResponse;
            SyncGroup: SyncGroupRequest => SyncGroupResponse;
            DescribeGroups: DescribeGroupsRequest => DescribeGroupsResponse;
            ListGroups: ListGroupsRequest => ListGroupsResponse;
            ApiVersions: ApiVersionsRequest => ApiVersionsResponse;
            CreateTopics: CreateTopicsRequest => CreateTopicsResponse;
            DeleteTopics: DeleteTopicsRequest => DeleteTopicsResponse;
            DeleteRecords: DeleteRecordsRequest => DeleteRecordsResponse;
            InitProducerId: InitProducerIdRequest => InitProducerIdResponse;
            OffsetForLeaderEpoch: OffsetForLeaderEpochRequest => OffsetForLeaderEpochResponse;
            DescribeConfigs: DescribeConfigsRequest => DescribeConfigsResponse;
            CreatePartitions: CreatePartitionsRequest => CreatePartitionsResponse;
            DeleteGroups: DeleteGroupsRequest => DeleteGroupsResponse;
            ElectLeaders: ElectLeadersRequest => ElectLeadersResponse;
            IncrementalAlterConfigs: IncrementalAlterConfigsRequest => IncrementalAlterConfigsResponse;
            AlterPartitionReassignments: AlterPartitionReassignmentsRequest => AlterPartitionReassignmentsResponse;
            ListPartitionReassignments: ListPartitionReassignmentsRequest => ListPartitionReassignmentsResponse;
            OffsetDelete: OffsetDeleteRequest => OffsetDeleteResponse;
            Vote: VoteRequest => VoteResponse;
            BeginQuorumEpoch: BeginQuorumEpochRequest => BeginQuorumEpochResponse;
            EndQuorumEpoch: EndQuorumEpochRequest => EndQuorumEpochResponse;
            DescribeQuorum: DescribeQuorumRequest => DescribeQuorumResponse;
            AlterPartition: AlterPartitionRequest => AlterPartitionResponse;
            Envelope: EnvelopeRequest => EnvelopeResponse;
            DescribeCluster: DescribeClusterRequest => DescribeClusterResponse;
            DescribeProducers: DescribeProducersRequest => DescribeProducersResponse;
            BrokerRegistration: BrokerRegistrationRequest => BrokerRegistrationResponse;
            BrokerHeartbeat: BrokerHeartbeatRequest => BrokerHeartbeatResponse;
            UnregisterBroker: UnregisterBrokerRequest => UnregisterBrokerResponse;
            AllocateProducerIds: AllocateProducerIdsRequest => AllocateProducerIdsResponse;
            DescribeTopicPartitions: DescribeTopicPartitionsRequest => DescribeTopicPartitionsResponse;
        }
    };
}

macro_rules! pairs {
    ($($name:ident: $request:ident => $response:ident;)*) => {
        $(impl Request for $request {
            const KEY: ApiKey = ApiKey::$name;
            type Response = $response;
        })*

        impl ApiKey {
            /// The first versions of request and response that have a flexible header (KIP-482).
            fn flexible(self) -> (i16, i16) {
                match self {
                    $(ApiKey::$name => ($request::HEADER, $response::HEADER),)*
                    _ => (NEVER, NEVER),
                }
            }

            /// The versions in which both messages can be read and written, if any.
            pub fn versions(self) -> Option<std::ops::RangeInclusive<i16>> {
                match self {
                    $(ApiKey::$name => Some($request::MIN.max($response::MIN)..=$request::MAX.min($response::MAX)),)*
                    _ => None,
                }
            }
        }
    };
}

spoken_apis!(pairs);

impl ApiKey {
    /// The version of the header in front of a request.
    pub fn request_header_version(self, version: i16) -> i16 {
        if version >= self.flexible().0 { 2 } else { 1 }
    }

    /// The version of the header in front of a response.
    pub fn response_header_version(self, version: i16) -> i16 {
        i16::from(version >= self.flexible().1)
    }
}
