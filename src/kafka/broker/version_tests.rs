//! Every API that is advertised, in every version that is answered: a request that says as much as the version can is answered
//! with a frame that decodes in that version. What an old version cannot say must not be set in its answer.

use super::ConnId;
use super::testing::{TestBroker, batch};
use crate::kafka::apis::{BROKER, find};
use crate::kafka::wire::message::alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic};
use crate::kafka::wire::message::create_partitions_request::CreatePartitionsTopic;
use crate::kafka::wire::message::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use crate::kafka::wire::message::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use crate::kafka::wire::message::delete_topics_request::DeleteTopicState;
use crate::kafka::wire::message::describe_configs_request::DescribeConfigsResource;
use crate::kafka::wire::message::describe_producers_request::TopicRequest;
use crate::kafka::wire::message::elect_leaders_request::TopicPartitions;
use crate::kafka::wire::message::fetch_request::{FetchPartition, FetchTopic};
use crate::kafka::wire::message::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use crate::kafka::wire::message::join_group_request::JoinGroupRequestProtocol;
use crate::kafka::wire::message::leave_group_request::MemberIdentity;
use crate::kafka::wire::message::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use crate::kafka::wire::message::list_partition_reassignments_request::ListPartitionReassignmentsTopics;
use crate::kafka::wire::message::metadata_request::MetadataRequestTopic;
use crate::kafka::wire::message::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use crate::kafka::wire::message::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use crate::kafka::wire::message::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics};
use crate::kafka::wire::message::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use crate::kafka::wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use crate::kafka::wire::message::sync_group_request::SyncGroupRequestAssignment;
use crate::kafka::wire::message::*;
use crate::kafka::wire::message::{Request, Str};
use std::fmt::Debug;
use uuid::Uuid;

fn text(value: &str) -> Str {
    Str::from(value)
}

fn topic(value: &str) -> TopicName {
    TopicName(text(value))
}

fn group(value: &str) -> GroupId {
    GroupId(text(value))
}

/// A broker with a topic "orders" that has records, a member of the group "billing" and its committed offset.
struct Sweep {
    test: TestBroker,
    member: Str,
    generation: i32,
    seen: Vec<ApiKey>,
}

impl Sweep {
    fn new() -> Self {
        let mut test = TestBroker::new(&[]);
        let conn = test.connect();
        let orders = CreatableTopic { name: topic("orders"), num_partitions: 2, replication_factor: 1, ..CreatableTopic::default() };
        test.call(conn, 7, CreateTopicsRequest { topics: vec![orders], ..CreateTopicsRequest::default() });
        let mut sweep = Self { test, member: text(""), generation: 0, seen: Vec::new() };
        let produce = sweep.produce(9, "orders");
        assert_eq!(sweep.test.call(conn, 9, produce).responses[0].partition_responses[0].error_code, 0);
        // The first to look for a coordinator makes it: the offsets topic.
        sweep.test.call(conn, 3, FindCoordinatorRequest { key: text("billing"), ..FindCoordinatorRequest::default() });
        let joined = sweep.test.call(conn, 3, join(3));
        sweep.member = joined.member_id;
        sweep.generation = joined.generation_id;
        let sync = sweep.sync(3);
        assert_eq!(sweep.test.call(conn, 3, sync).error_code, 0);
        let commit = sweep.commit(7, "orders");
        assert_eq!(sweep.test.call(conn, 7, commit).topics[0].partitions[0].error_code, 0);
        sweep
    }

    fn id(&self, name: &str) -> Uuid {
        self.test.broker.topics.iter().find(|topic| &*topic.name == name).map_or(Uuid::from_u128(77), |topic| topic.id)
    }

    /// Sends the request of each version on a connection of its own: content that exists, content that does not, and nothing.
    fn each<R>(&mut self, make: impl Fn(&Self, i16, &str) -> R)
    where
        R: Request + Debug + Clone,
        R::Response: Debug,
    {
        let key = R::KEY;
        let range = find(BROKER, key).expect("is in the table");
        self.seen.push(key);
        for version in range.answered_from..=range.max {
            let mut requests = vec![make(self, version, "orders"), make(self, version, "nowhere")];
            // Produce's default has acks=0, which nothing answers.
            if key != ApiKey::Produce {
                requests.push(R::default());
            }
            for request in requests {
                let conn = self.test.connect();
                self.one(conn, version, request);
            }
        }
    }

    /// `call` asserts that the connection stays and that the answer decodes without a byte left over.
    fn one<R>(&mut self, conn: ConnId, version: i16, request: R)
    where
        R: Request + Debug + Clone,
        R::Response: Debug,
    {
        self.test.send(conn, version, request.clone());
        assert!(!self.test.closed.contains_key(&conn), "v{version} {request:?}: {:?}", self.test.closed.get(&conn));
        for _ in 0..100 {
            if self.test.take::<R>(conn, version).is_some() {
                return;
            }
            self.test.wake();
            assert!(!self.test.closed.contains_key(&conn), "v{version} {request:?}: {:?}", self.test.closed.get(&conn));
        }
        panic!("no answer to v{version} {request:?}");
    }

    fn produce(&self, version: i16, name: &str) -> ProduceRequest {
        let partition = PartitionProduceData { index: 0, records: Some(batch(self.test.now, &["a", "b"])) };
        let data = TopicProduceData { partition_data: vec![partition], ..TopicProduceData::default() };
        let data = if version >= 13 {
            TopicProduceData { topic_id: self.id(name), ..data }
        } else {
            TopicProduceData { name: topic(name), ..data }
        };
        ProduceRequest { acks: -1, timeout_ms: 1000, topic_data: vec![data], ..ProduceRequest::default() }
    }

    fn fetch(&self, version: i16, name: &str) -> FetchRequest {
        let partition = FetchPartition { fetch_offset: 0, partition_max_bytes: 1 << 20, ..FetchPartition::default() };
        let wanted = FetchTopic { partitions: vec![partition], ..FetchTopic::default() };
        let wanted =
            if version >= 13 { FetchTopic { topic_id: self.id(name), ..wanted } } else { FetchTopic { topic: topic(name), ..wanted } };
        FetchRequest { max_wait_ms: 10, min_bytes: 1, topics: vec![wanted], ..FetchRequest::default() }
    }

    fn sync(&self, version: i16) -> SyncGroupRequest {
        let assignment = SyncGroupRequestAssignment { member_id: self.member.clone(), ..SyncGroupRequestAssignment::default() };
        let request = SyncGroupRequest {
            group_id: group("billing"),
            generation_id: self.generation,
            member_id: self.member.clone(),
            assignments: vec![assignment],
            ..SyncGroupRequest::default()
        };
        if version < 5 {
            return request;
        }
        SyncGroupRequest { protocol_type: Some(text("consumer")), protocol_name: Some(text("range")), ..request }
    }

    fn commit(&self, version: i16, name: &str) -> OffsetCommitRequest {
        let partition = OffsetCommitRequestPartition {
            committed_offset: 1,
            committed_metadata: Some(text("here")),
            ..OffsetCommitRequestPartition::default()
        };
        let partition = if version >= 6 { OffsetCommitRequestPartition { committed_leader_epoch: 0, ..partition } } else { partition };
        let offsets = OffsetCommitRequestTopic { name: topic(name), partitions: vec![partition] };
        OffsetCommitRequest {
            group_id: group("billing"),
            generation_id_or_member_epoch: self.generation,
            member_id: self.member.clone(),
            topics: vec![offsets],
            ..OffsetCommitRequest::default()
        }
    }

    fn offset_fetch(&self, version: i16, name: &str) -> OffsetFetchRequest {
        if version < 8 {
            let wanted = OffsetFetchRequestTopic { name: topic(name), partition_indexes: vec![0, 1] };
            return OffsetFetchRequest { group_id: group("billing"), topics: Some(vec![wanted]), ..OffsetFetchRequest::default() };
        }
        let wanted = OffsetFetchRequestTopics { name: topic(name), partition_indexes: vec![0, 1] };
        let known =
            OffsetFetchRequestGroup { group_id: group("billing"), topics: Some(vec![wanted]), ..OffsetFetchRequestGroup::default() };
        let all = OffsetFetchRequestGroup { group_id: group("billing"), topics: None, ..OffsetFetchRequestGroup::default() };
        let unknown = OffsetFetchRequestGroup { group_id: group("nobody"), topics: None, ..OffsetFetchRequestGroup::default() };
        OffsetFetchRequest { groups: vec![known, all, unknown], ..OffsetFetchRequest::default() }
    }
}

fn join(version: i16) -> JoinGroupRequest {
    let range = JoinGroupRequestProtocol { name: text("range"), ..JoinGroupRequestProtocol::default() };
    let request = JoinGroupRequest {
        group_id: group("billing"),
        session_timeout_ms: 1_800_000,
        protocol_type: text("consumer"),
        protocols: vec![range],
        ..JoinGroupRequest::default()
    };
    if version >= 1 { JoinGroupRequest { rebalance_timeout_ms: 1_800_000, ..request } } else { request }
}

/// A group of its own for each version, so that the sweep's member is not asked to join again.
fn join_elsewhere(version: i16, name: &str) -> JoinGroupRequest {
    let mut request = JoinGroupRequest { group_id: group(&format!("{name}-{version}")), ..join(version) };
    if version >= 5 {
        request.group_instance_id = Some(text("static"));
    }
    request
}

#[test]
fn every_api_answers_in_every_version() {
    let mut all = Sweep::new();
    all.each(|s, v, name| s.produce(v, name));
    all.each(|s, v, name| s.fetch(v, name));
    all.each(|_, v, name| {
        // Latest, earliest, a time, and from the version that knows them: max timestamp, local, tiered, pending upload.
        let times = [-1, -2, 0, -3, -4, -5, -6].into_iter().take(if v >= 7 { 7 } else { 3 });
        let partitions = times.map(|at| ListOffsetsPartition { timestamp: at, ..ListOffsetsPartition::default() }).collect();
        let wanted = ListOffsetsTopic { name: topic(name), partitions };
        ListOffsetsRequest { replica_id: BrokerId(-1), topics: vec![wanted], ..ListOffsetsRequest::default() }
    });
    all.each(|_, v, name| {
        let wanted = MetadataRequestTopic { name: Some(topic(name)), ..MetadataRequestTopic::default() };
        let request = MetadataRequest { topics: Some(vec![wanted]), ..MetadataRequest::default() };
        let request = if v >= 4 { MetadataRequest { allow_auto_topic_creation: false, ..request } } else { request };
        let request = if v >= 8 { MetadataRequest { include_topic_authorized_operations: true, ..request } } else { request };
        if (8..=10).contains(&v) { MetadataRequest { include_cluster_authorized_operations: true, ..request } } else { request }
    });
    all.each(|s, v, name| s.commit(v, name));
    all.each(|s, v, name| s.offset_fetch(v, name));
    all.each(|_, v, _| {
        let request = FindCoordinatorRequest::default();
        if v >= 4 {
            FindCoordinatorRequest { coordinator_keys: vec![text("billing")], ..request }
        } else {
            FindCoordinatorRequest { key: text("billing"), ..request }
        }
    });
    all.each(|_, v, name| join_elsewhere(v, name));
    all.each(|s, _, _| {
        let request = HeartbeatRequest { group_id: group("billing"), ..HeartbeatRequest::default() };
        HeartbeatRequest { generation_id: s.generation, member_id: s.member.clone(), ..request }
    });
    all.each(|s, v, _| s.sync(v));
    all.each(|_, v, _| {
        let request = LeaveGroupRequest { group_id: group("billing"), ..LeaveGroupRequest::default() };
        let unknown = text("unknown-member");
        if v < 3 {
            LeaveGroupRequest { member_id: unknown, ..request }
        } else {
            LeaveGroupRequest { members: vec![MemberIdentity { member_id: unknown, ..MemberIdentity::default() }], ..request }
        }
    });
    all.each(|_, v, _| {
        let request = DescribeGroupsRequest { groups: vec![group("billing"), group("nobody")], ..DescribeGroupsRequest::default() };
        if v >= 3 { DescribeGroupsRequest { include_authorized_operations: true, ..request } } else { request }
    });
    all.each(|_, v, _| {
        let request = ListGroupsRequest::default();
        if v >= 4 { ListGroupsRequest { states_filter: vec![text("Stable")], ..request } } else { request }
    });
    all.each(|_, v, _| {
        let (client_software_name, client_software_version) = if v >= 3 { (text("sweep"), text("1.0")) } else { (text(""), text("")) };
        ApiVersionsRequest { client_software_name, client_software_version }
    });
    all.each(|_, v, name| {
        let config = CreatableTopicConfig { name: text("segment.bytes"), value: Some(text("1048576")) };
        let fresh =
            CreatableTopic { name: topic(&format!("{name}-v{v}")), num_partitions: 1, replication_factor: 1, ..CreatableTopic::default() };
        let exists = CreatableTopic { name: topic("orders"), num_partitions: 1, replication_factor: 1, ..CreatableTopic::default() };
        CreateTopicsRequest {
            timeout_ms: 1000,
            topics: vec![CreatableTopic { configs: vec![config], ..fresh }, exists],
            ..CreateTopicsRequest::default()
        }
    });
    all.each(|_, v, name| {
        let name = topic(&format!("{name}-v{}", v + 1));
        let request = DeleteTopicsRequest { timeout_ms: 1000, ..DeleteTopicsRequest::default() };
        if v < 6 {
            return DeleteTopicsRequest { topic_names: vec![name], ..request };
        }
        let by_id = DeleteTopicState { name: None, topic_id: Uuid::from_u128(78) };
        DeleteTopicsRequest { topics: vec![DeleteTopicState { name: Some(name), ..DeleteTopicState::default() }, by_id], ..request }
    });
    all.each(|_, _, name| {
        let wanted = DeleteRecordsTopic {
            name: topic(name),
            partitions: vec![DeleteRecordsPartition { offset: 1, ..DeleteRecordsPartition::default() }],
        };
        DeleteRecordsRequest { timeout_ms: 1000, topics: vec![wanted] }
    });
    all.each(|_, _, _| InitProducerIdRequest { transaction_timeout_ms: 60_000, ..InitProducerIdRequest::default() });
    all.each(|_, _, name| {
        let wanted = OffsetForLeaderTopic { topic: topic(name), partitions: vec![OffsetForLeaderPartition::default()] };
        OffsetForLeaderEpochRequest { topics: vec![wanted], ..OffsetForLeaderEpochRequest::default() }
    });
    all.each(|_, v, name| {
        let resource = |kind, name: &str| DescribeConfigsResource {
            resource_type: kind,
            resource_name: text(name),
            ..DescribeConfigsResource::default()
        };
        let resources = [resource(2, name), resource(4, "1"), resource(4, "99"), resource(99, "?")];
        let all = resources.map(|resource| DescribeConfigsResource { configuration_keys: None, ..resource }).to_vec();
        let request = DescribeConfigsRequest { resources: all, include_synonyms: true, ..DescribeConfigsRequest::default() };
        if v >= 3 { DescribeConfigsRequest { include_documentation: true, ..request } } else { request }
    });
    all.each(|_, v, name| {
        let wanted = CreatePartitionsTopic { name: topic(name), count: i32::from(v) + 3, assignments: None };
        CreatePartitionsRequest { timeout_ms: 1000, topics: vec![wanted], ..CreatePartitionsRequest::default() }
    });
    all.each(|_, _, _| DeleteGroupsRequest { groups_names: vec![group("billing"), group("nobody")] });
    all.each(|_, _, name| {
        let config = AlterableConfig { name: text("retention.ms"), value: Some(text("60000")), ..AlterableConfig::default() };
        let resource = AlterConfigsResource { resource_type: 2, resource_name: text(name), configs: vec![config] };
        IncrementalAlterConfigsRequest { resources: vec![resource], ..IncrementalAlterConfigsRequest::default() }
    });
    all.each(|_, _, name| {
        let offsets = OffsetDeleteRequestTopic { name: topic(name), partitions: vec![OffsetDeleteRequestPartition::default()] };
        OffsetDeleteRequest { group_id: group("billing"), topics: vec![offsets] }
    });
    all.each(|_, v, _| {
        let request = DescribeClusterRequest { include_cluster_authorized_operations: true, ..DescribeClusterRequest::default() };
        if v >= 1 { DescribeClusterRequest { endpoint_type: 1, ..request } } else { request }
    });
    all.each(|_, _, name| {
        let wanted = TopicRequest { name: topic(name), partition_indexes: vec![0, 9] };
        DescribeProducersRequest { topics: vec![wanted] }
    });
    all.each(|_, _, name| {
        let wanted = describe_topic_partitions_request::TopicRequest { name: topic(name) };
        let cursor = describe_topic_partitions_request::Cursor { topic_name: topic(name), partition_index: 1 };
        DescribeTopicPartitionsRequest { topics: vec![wanted], response_partition_limit: 1, cursor: Some(cursor) }
    });
    all.each(|_, v, name| {
        let wanted = TopicPartitions { topic: topic(name), partitions: vec![0, 9] };
        let request = ElectLeadersRequest { topic_partitions: Some(vec![wanted]), ..ElectLeadersRequest::default() };
        if v >= 1 { ElectLeadersRequest { election_type: 1, ..request } } else { request }
    });
    all.each(|_, _, name| {
        let partition = ReassignablePartition { replicas: Some(vec![BrokerId(1)]), ..ReassignablePartition::default() };
        let wanted = ReassignableTopic { name: topic(name), partitions: vec![partition] };
        AlterPartitionReassignmentsRequest { topics: vec![wanted], ..AlterPartitionReassignmentsRequest::default() }
    });
    all.each(|_, _, name| {
        let wanted = ListPartitionReassignmentsTopics { name: topic(name), partition_indexes: vec![0, 9] };
        ListPartitionReassignmentsRequest { topics: Some(vec![wanted]), ..ListPartitionReassignmentsRequest::default() }
    });
    all.each(|_, _, name| {
        let partition = describe_quorum_request::PartitionData::default();
        let wanted = describe_quorum_request::TopicData { topic_name: topic(name), partitions: vec![partition] };
        DescribeQuorumRequest { topics: vec![wanted] }
    });

    let missing: Vec<_> = BROKER.iter().map(|range| range.key).filter(|key| !all.seen.contains(key)).collect();
    assert!(missing.is_empty(), "a row of the table that the sweep does not know: {missing:?}");
}
