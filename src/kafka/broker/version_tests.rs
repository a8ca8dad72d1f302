//! Every API that is advertised, in every version that is answered: a request that says as much as the version can is answered
//! with a frame that decodes in that version. What an old version cannot say must not be set in its answer.

use super::ConnId;
use super::testing::{TestBroker, batch};
use crate::kafka::wire::api::{SUPPORTED, answered};
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
    Str::from(value.to_owned())
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
        let orders = CreatableTopic::default().with_name(topic("orders")).with_num_partitions(2).with_replication_factor(1);
        test.call(conn, 7, CreateTopicsRequest::default().with_topics(vec![orders]));
        let mut sweep = Self { test, member: text(""), generation: 0, seen: Vec::new() };
        let produce = sweep.produce(9, "orders");
        assert_eq!(sweep.test.call(conn, 9, produce).responses[0].partition_responses[0].error_code, 0);
        // The first to look for a coordinator makes it: the offsets topic.
        sweep.test.call(conn, 3, FindCoordinatorRequest::default().with_key(text("billing")));
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
        let range = answered(SUPPORTED, key).expect("is in the table");
        self.seen.push(key);
        for version in range.min..=range.max {
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
        let partition = PartitionProduceData::default().with_index(0).with_records(Some(batch(self.test.now, &["a", "b"])));
        let data = TopicProduceData::default().with_partition_data(vec![partition]);
        let data = if version >= 13 { data.with_topic_id(self.id(name)) } else { data.with_name(topic(name)) };
        ProduceRequest::default().with_acks(-1).with_timeout_ms(1000).with_topic_data(vec![data])
    }

    fn fetch(&self, version: i16, name: &str) -> FetchRequest {
        let partition = FetchPartition::default().with_fetch_offset(0).with_partition_max_bytes(1 << 20);
        let wanted = FetchTopic::default().with_partitions(vec![partition]);
        let wanted = if version >= 13 { wanted.with_topic_id(self.id(name)) } else { wanted.with_topic(topic(name)) };
        FetchRequest::default().with_max_wait_ms(10).with_min_bytes(1).with_topics(vec![wanted])
    }

    fn sync(&self, version: i16) -> SyncGroupRequest {
        let assignment = SyncGroupRequestAssignment::default().with_member_id(self.member.clone());
        let request = SyncGroupRequest::default()
            .with_group_id(group("billing"))
            .with_generation_id(self.generation)
            .with_member_id(self.member.clone())
            .with_assignments(vec![assignment]);
        if version < 5 {
            return request;
        }
        request.with_protocol_type(Some(text("consumer"))).with_protocol_name(Some(text("range")))
    }

    fn commit(&self, version: i16, name: &str) -> OffsetCommitRequest {
        let partition = OffsetCommitRequestPartition::default().with_committed_offset(1).with_committed_metadata(Some(text("here")));
        let partition = if version >= 6 { partition.with_committed_leader_epoch(0) } else { partition };
        let offsets = OffsetCommitRequestTopic::default().with_name(topic(name)).with_partitions(vec![partition]);
        OffsetCommitRequest::default()
            .with_group_id(group("billing"))
            .with_generation_id_or_member_epoch(self.generation)
            .with_member_id(self.member.clone())
            .with_topics(vec![offsets])
    }

    fn offset_fetch(&self, version: i16, name: &str) -> OffsetFetchRequest {
        if version < 8 {
            let wanted = OffsetFetchRequestTopic::default().with_name(topic(name)).with_partition_indexes(vec![0, 1]);
            return OffsetFetchRequest::default().with_group_id(group("billing")).with_topics(Some(vec![wanted]));
        }
        let wanted = OffsetFetchRequestTopics::default().with_name(topic(name)).with_partition_indexes(vec![0, 1]);
        let known = OffsetFetchRequestGroup::default().with_group_id(group("billing")).with_topics(Some(vec![wanted]));
        let all = OffsetFetchRequestGroup::default().with_group_id(group("billing")).with_topics(None);
        let unknown = OffsetFetchRequestGroup::default().with_group_id(group("nobody")).with_topics(None);
        OffsetFetchRequest::default().with_groups(vec![known, all, unknown])
    }
}

fn join(version: i16) -> JoinGroupRequest {
    let range = JoinGroupRequestProtocol::default().with_name(text("range"));
    let request = JoinGroupRequest::default()
        .with_group_id(group("billing"))
        .with_session_timeout_ms(1_800_000)
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![range]);
    if version >= 1 { request.with_rebalance_timeout_ms(1_800_000) } else { request }
}

/// A group of its own for each version, so that the sweep's member is not asked to join again.
fn join_elsewhere(version: i16, name: &str) -> JoinGroupRequest {
    let mut request = join(version).with_group_id(group(&format!("{name}-{version}")));
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
        let partitions = times.map(|at| ListOffsetsPartition::default().with_timestamp(at)).collect();
        let wanted = ListOffsetsTopic::default().with_name(topic(name)).with_partitions(partitions);
        ListOffsetsRequest::default().with_replica_id(BrokerId(-1)).with_topics(vec![wanted])
    });
    all.each(|_, v, name| {
        let wanted = MetadataRequestTopic::default().with_name(Some(topic(name)));
        let request = MetadataRequest::default().with_topics(Some(vec![wanted]));
        let request = if v >= 4 { request.with_allow_auto_topic_creation(false) } else { request };
        let request = if v >= 8 { request.with_include_topic_authorized_operations(true) } else { request };
        if (8..=10).contains(&v) { request.with_include_cluster_authorized_operations(true) } else { request }
    });
    all.each(|s, v, name| s.commit(v, name));
    all.each(|s, v, name| s.offset_fetch(v, name));
    all.each(|_, v, _| {
        let request = FindCoordinatorRequest::default();
        if v >= 4 { request.with_coordinator_keys(vec![text("billing")]) } else { request.with_key(text("billing")) }
    });
    all.each(|_, v, name| join_elsewhere(v, name));
    all.each(|s, _, _| {
        let request = HeartbeatRequest::default().with_group_id(group("billing"));
        request.with_generation_id(s.generation).with_member_id(s.member.clone())
    });
    all.each(|s, v, _| s.sync(v));
    all.each(|_, v, _| {
        let request = LeaveGroupRequest::default().with_group_id(group("billing"));
        let unknown = text("unknown-member");
        if v < 3 { request.with_member_id(unknown) } else { request.with_members(vec![MemberIdentity::default().with_member_id(unknown)]) }
    });
    all.each(|_, v, _| {
        let request = DescribeGroupsRequest::default().with_groups(vec![group("billing"), group("nobody")]);
        if v >= 3 { request.with_include_authorized_operations(true) } else { request }
    });
    all.each(|_, v, _| {
        let request = ListGroupsRequest::default();
        if v >= 4 { request.with_states_filter(vec![text("Stable")]) } else { request }
    });
    all.each(|_, v, _| {
        let request = ApiVersionsRequest::default();
        if v >= 3 { request.with_client_software_name(text("sweep")).with_client_software_version(text("1.0")) } else { request }
    });
    all.each(|_, v, name| {
        let config = CreatableTopicConfig::default().with_name(text("segment.bytes")).with_value(Some(text("1048576")));
        let fresh = CreatableTopic::default().with_name(topic(&format!("{name}-v{v}"))).with_num_partitions(1).with_replication_factor(1);
        let exists = CreatableTopic::default().with_name(topic("orders")).with_num_partitions(1).with_replication_factor(1);
        CreateTopicsRequest::default().with_timeout_ms(1000).with_topics(vec![fresh.with_configs(vec![config]), exists])
    });
    all.each(|_, v, name| {
        let name = topic(&format!("{name}-v{}", v + 1));
        let request = DeleteTopicsRequest::default().with_timeout_ms(1000);
        if v < 6 {
            return request.with_topic_names(vec![name]);
        }
        let by_id = DeleteTopicState::default().with_name(None).with_topic_id(Uuid::from_u128(78));
        request.with_topics(vec![DeleteTopicState::default().with_name(Some(name)), by_id])
    });
    all.each(|_, _, name| {
        let wanted =
            DeleteRecordsTopic::default().with_name(topic(name)).with_partitions(vec![DeleteRecordsPartition::default().with_offset(1)]);
        DeleteRecordsRequest::default().with_timeout_ms(1000).with_topics(vec![wanted])
    });
    all.each(|_, _, _| InitProducerIdRequest::default().with_transaction_timeout_ms(60_000));
    all.each(|_, _, name| {
        let wanted = OffsetForLeaderTopic::default().with_topic(topic(name)).with_partitions(vec![OffsetForLeaderPartition::default()]);
        OffsetForLeaderEpochRequest::default().with_topics(vec![wanted])
    });
    all.each(|_, v, name| {
        let resource = |kind, name: &str| DescribeConfigsResource::default().with_resource_type(kind).with_resource_name(text(name));
        let resources = [resource(2, name), resource(4, "1"), resource(4, "99"), resource(99, "?")];
        let all = resources.map(|resource| resource.with_configuration_keys(None)).to_vec();
        let request = DescribeConfigsRequest::default().with_resources(all).with_include_synonyms(true);
        if v >= 3 { request.with_include_documentation(true) } else { request }
    });
    all.each(|_, v, name| {
        let wanted = CreatePartitionsTopic::default().with_name(topic(name)).with_count(i32::from(v) + 3).with_assignments(None);
        CreatePartitionsRequest::default().with_timeout_ms(1000).with_topics(vec![wanted])
    });
    all.each(|_, _, _| DeleteGroupsRequest::default().with_groups_names(vec![group("billing"), group("nobody")]));
    all.each(|_, _, name| {
        let config = AlterableConfig::default().with_name(text("retention.ms")).with_value(Some(text("60000")));
        let resource = AlterConfigsResource::default().with_resource_type(2).with_resource_name(text(name)).with_configs(vec![config]);
        IncrementalAlterConfigsRequest::default().with_resources(vec![resource])
    });
    all.each(|_, _, name| {
        let offsets =
            OffsetDeleteRequestTopic::default().with_name(topic(name)).with_partitions(vec![OffsetDeleteRequestPartition::default()]);
        OffsetDeleteRequest::default().with_group_id(group("billing")).with_topics(vec![offsets])
    });
    all.each(|_, v, _| {
        let request = DescribeClusterRequest::default().with_include_cluster_authorized_operations(true);
        if v >= 1 { request.with_endpoint_type(1) } else { request }
    });
    all.each(|_, _, name| {
        let wanted = TopicRequest::default().with_name(topic(name)).with_partition_indexes(vec![0, 9]);
        DescribeProducersRequest::default().with_topics(vec![wanted])
    });
    all.each(|_, _, name| {
        let wanted = describe_topic_partitions_request::TopicRequest::default().with_name(topic(name));
        let cursor = describe_topic_partitions_request::Cursor::default().with_topic_name(topic(name)).with_partition_index(1);
        DescribeTopicPartitionsRequest::default().with_topics(vec![wanted]).with_response_partition_limit(1).with_cursor(Some(cursor))
    });
    all.each(|_, v, name| {
        let wanted = TopicPartitions::default().with_topic(topic(name)).with_partitions(vec![0, 9]);
        let request = ElectLeadersRequest::default().with_topic_partitions(Some(vec![wanted]));
        if v >= 1 { request.with_election_type(1) } else { request }
    });
    all.each(|_, _, name| {
        let partition = ReassignablePartition::default().with_replicas(Some(vec![BrokerId(1)]));
        let wanted = ReassignableTopic::default().with_name(topic(name)).with_partitions(vec![partition]);
        AlterPartitionReassignmentsRequest::default().with_topics(vec![wanted])
    });
    all.each(|_, _, name| {
        let wanted = ListPartitionReassignmentsTopics::default().with_name(topic(name)).with_partition_indexes(vec![0, 9]);
        ListPartitionReassignmentsRequest::default().with_topics(Some(vec![wanted]))
    });
    all.each(|_, _, name| {
        let partition = describe_quorum_request::PartitionData::default();
        let wanted = describe_quorum_request::TopicData::default().with_topic_name(topic(name)).with_partitions(vec![partition]);
        DescribeQuorumRequest::default().with_topics(vec![wanted])
    });

    let missing: Vec<_> = SUPPORTED.iter().map(|range| range.key).filter(|key| !all.seen.contains(key)).collect();
    assert!(missing.is_empty(), "a row of the table that the sweep does not know: {missing:?}");
}
