//! Recorded requests as frames, and answers as JSON under the recording's names.

use crate::json::{hex, unhex};
use crate::{admin, transactions};
use bytes::Bytes;
use serde_json::{Value, json};
use tidepool::kafka::wire::batch::{BatchBuilder, BatchOptions};
use tidepool::kafka::wire::frame;
use tidepool::kafka::wire::message::Str;
use tidepool::kafka::wire::message::{self as m, ApiKey};

/// What was asked, so that the answer can be read.
pub struct Asked {
    pub api: ApiKey,
    pub version: i16,
}

pub const CLIENT_ID: &str = "vec";

/// One record in one batch, as the recording writes bytes.
pub fn single_record(timestamp: i64) -> String {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    builder.push(timestamp, Some(b"k"), Some(b"v"), &[]);
    hex(builder.build().bytes())
}

/// A batch of at least `size` bytes.
pub fn oversized_batch(size: usize) -> String {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    builder.push(crate::RECORDED_AT, Some(b"k"), Some(&vec![b'x'; size]), &[]);
    hex(builder.build().bytes())
}

pub fn text(text: &str) -> Str {
    Str::from(text.to_owned())
}

/// Reads a request's fields.
#[derive(Clone, Copy)]
pub struct Fields<'a>(pub &'a Value);

impl<'a> Fields<'a> {
    pub fn int<T: TryFrom<i64>>(self, name: &str, absent: T) -> T {
        self.0[name].as_i64().and_then(|value| T::try_from(value).ok()).unwrap_or(absent)
    }

    pub fn flag(self, name: &str) -> bool {
        self.0[name] == true
    }

    pub fn object(self, name: &str) -> Option<Self> {
        Some(Self(&self.0[name])).filter(|field| field.0.is_object())
    }

    pub fn text(self, name: &str) -> Str {
        self.optional(name).unwrap_or_default()
    }

    pub fn optional(self, name: &str) -> Option<Str> {
        self.0[name].as_str().map(text)
    }

    fn bytes(self, name: &str) -> Bytes {
        self.0[name].as_str().map_or_else(Bytes::new, |text| unhex(text).into())
    }

    pub fn each<T>(self, name: &str, read: impl Fn(Fields<'a>) -> T) -> Vec<T> {
        self.0[name].as_array().map_or_else(Vec::new, |items| items.iter().map(|item| read(Fields(item))).collect())
    }

    pub fn texts(self, name: &str) -> Vec<Str> {
        self.each(name, |item| text(item.0.as_str().unwrap_or("")))
    }

    pub fn ints(self, name: &str) -> Vec<i32> {
        self.each(name, |item| item.0.as_i64().and_then(|value| value.try_into().ok()).unwrap_or(-1))
    }
}

pub fn encode(api: &str, version: i16, request: &Value) -> (Bytes, Asked) {
    let f = Fields(request);
    macro_rules! frame {
        ($api:ident, $request:expr) => {
            (frame::encode_request(version, 1, &CLIENT_ID.into(), $request).expect(api), Asked { api: ApiKey::$api, version })
        };
    }
    match api {
        "Produce" => frame!(Produce, produce(f)),
        "InitProducerId" => frame!(
            InitProducerId,
            m::InitProducerIdRequest {
                transactional_id: f.optional("TransactionalId").map(Into::into),
                transaction_timeout_ms: f.int("TransactionTimeoutMs", 0),
                producer_id: f.int("ProducerId", -1_i64).into(),
                producer_epoch: f.int("ProducerEpoch", -1),
            }
        ),
        "DescribeProducers" => frame!(
            DescribeProducers,
            m::DescribeProducersRequest {
                topics: f.each("Topics", |t| {
                    m::describe_producers_request::TopicRequest {
                        name: t.text("Name").into(),
                        partition_indexes: t.ints("PartitionIndexes"),
                    }
                }),
            }
        ),
        "ListOffsets" => frame!(ListOffsets, list_offsets(f)),
        "Fetch" => frame!(Fetch, fetch(f)),
        "FindCoordinator" => frame!(
            FindCoordinator,
            m::FindCoordinatorRequest {
                key_type: f.int("KeyType", 0),
                coordinator_keys: f.texts("CoordinatorKeys"),
                ..m::FindCoordinatorRequest::default()
            }
        ),
        "JoinGroup" => frame!(JoinGroup, join_group(f)),
        "SyncGroup" => frame!(SyncGroup, sync_group(f)),
        "Heartbeat" => frame!(
            Heartbeat,
            m::HeartbeatRequest {
                group_id: f.text("GroupId").into(),
                generation_id: f.int("GenerationId", -1),
                member_id: f.text("MemberId"),
                group_instance_id: f.optional("GroupInstanceId"),
            }
        ),
        "LeaveGroup" => frame!(
            LeaveGroup,
            m::LeaveGroupRequest {
                group_id: f.text("GroupId").into(),
                members: f.each("Members", |member| {
                    m::leave_group_request::MemberIdentity {
                        member_id: member.text("MemberId"),
                        group_instance_id: member.optional("GroupInstanceId"),
                        reason: member.optional("Reason"),
                    }
                }),
                ..m::LeaveGroupRequest::default()
            }
        ),
        "OffsetCommit" => frame!(OffsetCommit, offset_commit(f)),
        "OffsetFetch" => frame!(OffsetFetch, offset_fetch(f)),
        "OffsetDelete" => frame!(
            OffsetDelete,
            m::OffsetDeleteRequest {
                group_id: f.text("GroupId").into(),
                topics: f.each("Topics", |t| {
                    m::offset_delete_request::OffsetDeleteRequestTopic {
                        name: t.text("Name").into(),
                        partitions: t.each("Partitions", |p| m::offset_delete_request::OffsetDeleteRequestPartition {
                            partition_index: p.int("PartitionIndex", 0),
                        }),
                    }
                }),
            }
        ),
        "DescribeGroups" => {
            frame!(DescribeGroups, m::DescribeGroupsRequest { groups: ids(f, "Groups"), ..m::DescribeGroupsRequest::default() })
        }
        "ConsumerGroupHeartbeat" => frame!(
            ConsumerGroupHeartbeat,
            m::ConsumerGroupHeartbeatRequest {
                group_id: f.text("GroupId").into(),
                member_id: f.text("MemberId"),
                member_epoch: f.int("MemberEpoch", 0),
                instance_id: f.optional("InstanceId"),
                rack_id: f.optional("RackId"),
                rebalance_timeout_ms: f.int("RebalanceTimeoutMs", -1),
                subscribed_topic_names: f.0["SubscribedTopicNames"].is_array().then(|| f
                    .texts("SubscribedTopicNames")
                    .into_iter()
                    .map(m::TopicName)
                    .collect()),
                subscribed_topic_regex: f.optional("SubscribedTopicRegex"),
                server_assignor: f.optional("ServerAssignor"),
                topic_partitions: f.0["TopicPartitions"].is_array().then(|| f.each("TopicPartitions", |t| {
                    m::consumer_group_heartbeat_request::TopicPartitions {
                        topic_id: t.0["TopicId"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default(),
                        partitions: t.ints("Partitions"),
                    }
                })),
            }
        ),
        "ConsumerGroupDescribe" => frame!(
            ConsumerGroupDescribe,
            m::ConsumerGroupDescribeRequest { group_ids: ids(f, "GroupIds"), ..m::ConsumerGroupDescribeRequest::default() }
        ),
        "ListGroups" => frame!(ListGroups, m::ListGroupsRequest::default()),
        "DeleteGroups" => frame!(DeleteGroups, m::DeleteGroupsRequest { groups_names: ids(f, "GroupsNames") }),
        other => admin::encode(other, version, f)
            .or_else(|| transactions::encode(other, version, f))
            .unwrap_or_else(|| panic!("{other} is not read here")),
    }
}

fn ids(f: Fields<'_>, name: &str) -> Vec<m::GroupId> {
    f.texts(name).into_iter().map(Into::into).collect()
}

fn produce(f: Fields<'_>) -> m::ProduceRequest {
    use m::produce_request::{PartitionProduceData, TopicProduceData};
    m::ProduceRequest {
        transactional_id: f.optional("TransactionalId").map(Into::into),
        acks: f.int("Acks", 0),
        timeout_ms: f.int("TimeoutMs", 0),
        topic_data: f.each("TopicData", |t| {
            let id = t.0["TopicId"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
            TopicProduceData {
                name: t.text("Name").into(),
                topic_id: id,
                partition_data: t.each("PartitionData", |p| {
                    let records = (!p.0["Records"].is_null()).then(|| p.bytes("Records"));
                    PartitionProduceData { index: p.int("Index", 0), records }
                }),
            }
        }),
    }
}

fn fetch(f: Fields<'_>) -> m::FetchRequest {
    use m::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
    let id = |t: Fields<'_>| t.0["TopicId"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
    m::FetchRequest {
        max_wait_ms: f.int("MaxWaitMs", 0),
        min_bytes: f.int("MinBytes", 0),
        max_bytes: f.int("MaxBytes", 0),
        session_id: f.int("SessionId", 0),
        session_epoch: f.int("SessionEpoch", -1),
        isolation_level: f.int("IsolationLevel", 0),
        topics: f.each("Topics", |t| FetchTopic {
            topic: t.text("Topic").into(),
            topic_id: id(t),
            partitions: t.each("Partitions", |p| FetchPartition {
                partition: p.int("Partition", 0),
                current_leader_epoch: p.int("CurrentLeaderEpoch", -1),
                fetch_offset: p.int("FetchOffset", 0),
                last_fetched_epoch: p.int("LastFetchedEpoch", -1),
                partition_max_bytes: p.int("PartitionMaxBytes", 0),
                ..FetchPartition::default()
            }),
        }),
        forgotten_topics_data: f.each("ForgottenTopicsData", |t| {
            let partitions = t.0["Partitions"].as_array().into_iter().flatten().filter_map(|p| i32::try_from(p.as_i64()?).ok());
            ForgottenTopic { topic_id: id(t), partitions: partitions.collect(), ..ForgottenTopic::default() }
        }),
        ..m::FetchRequest::default()
    }
}

fn list_offsets(f: Fields<'_>) -> m::ListOffsetsRequest {
    use m::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
    m::ListOffsetsRequest {
        replica_id: m::BrokerId(f.int("ReplicaId", -1)),
        isolation_level: f.int("IsolationLevel", 0),
        timeout_ms: f.int("TimeoutMs", 0),
        topics: f.each("Topics", |t| ListOffsetsTopic {
            name: t.text("Name").into(),
            partitions: t.each("Partitions", |p| ListOffsetsPartition {
                partition_index: p.int("PartitionIndex", 0),
                current_leader_epoch: p.int("CurrentLeaderEpoch", -1),
                timestamp: p.int("Timestamp", 0),
            }),
        }),
    }
}

fn join_group(f: Fields<'_>) -> m::JoinGroupRequest {
    m::JoinGroupRequest {
        group_id: f.text("GroupId").into(),
        session_timeout_ms: f.int("SessionTimeoutMs", 0),
        rebalance_timeout_ms: f.int("RebalanceTimeoutMs", -1),
        member_id: f.text("MemberId"),
        group_instance_id: f.optional("GroupInstanceId"),
        protocol_type: f.text("ProtocolType"),
        protocols: f
            .each("Protocols", |p| m::join_group_request::JoinGroupRequestProtocol { name: p.text("Name"), metadata: p.bytes("Metadata") }),
        ..m::JoinGroupRequest::default()
    }
}

fn sync_group(f: Fields<'_>) -> m::SyncGroupRequest {
    m::SyncGroupRequest {
        group_id: f.text("GroupId").into(),
        generation_id: f.int("GenerationId", -1),
        member_id: f.text("MemberId"),
        group_instance_id: f.optional("GroupInstanceId"),
        protocol_type: f.optional("ProtocolType"),
        protocol_name: f.optional("ProtocolName"),
        assignments: f.each("Assignments", |a| m::sync_group_request::SyncGroupRequestAssignment {
            member_id: a.text("MemberId"),
            assignment: a.bytes("Assignment"),
        }),
    }
}

fn offset_commit(f: Fields<'_>) -> m::OffsetCommitRequest {
    use m::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
    m::OffsetCommitRequest {
        group_id: f.text("GroupId").into(),
        generation_id_or_member_epoch: f.int("GenerationIdOrMemberEpoch", -1),
        member_id: f.text("MemberId"),
        group_instance_id: f.optional("GroupInstanceId"),
        topics: f.each("Topics", |t| OffsetCommitRequestTopic {
            name: t.text("Name").into(),
            partitions: t.each("Partitions", |p| OffsetCommitRequestPartition {
                partition_index: p.int("PartitionIndex", 0),
                committed_offset: p.int("CommittedOffset", -1),
                committed_leader_epoch: p.int("CommittedLeaderEpoch", -1),
                committed_metadata: p.optional("CommittedMetadata"),
            }),
        }),
        ..m::OffsetCommitRequest::default()
    }
}

fn offset_fetch(f: Fields<'_>) -> m::OffsetFetchRequest {
    use m::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
    m::OffsetFetchRequest {
        require_stable: f.0["RequireStable"] == true,
        groups: f.each("Groups", |g| {
            let topics = g.each("Topics", |t| OffsetFetchRequestTopics {
                name: t.text("Name").into(),
                partition_indexes: t.ints("PartitionIndexes"),
            });
            OffsetFetchRequestGroup {
                group_id: g.text("GroupId").into(),
                member_id: g.optional("MemberId"),
                member_epoch: g.int("MemberEpoch", -1),
                topics: (!g.0["Topics"].is_null()).then_some(topics),
            }
        }),
        ..m::OffsetFetchRequest::default()
    }
}

/// The answer's fields that have a meaning of their own, by the recording's names.
pub fn decode(asked: &Asked, answer: Bytes) -> Value {
    let (_, body) = frame::decode_response(asked.api, asked.version, answer).expect("a response header");
    macro_rules! body {
        ($response:ident) => {
            frame::decode_body::<m::$response>(body, asked.version).expect("a response body")
        };
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other APIs are not asked")]
    match asked.api {
        ApiKey::Produce => produced(&body!(ProduceResponse), asked.version),
        ApiKey::InitProducerId => {
            let r = body!(InitProducerIdResponse);
            json!({"ErrorCode": r.error_code, "ProducerEpoch": r.producer_epoch})
        }
        ApiKey::DescribeProducers => {
            let r = body!(DescribeProducersResponse);
            json!({"Topics": r.topics.iter().map(|t| json!({"Partitions": t.partitions.iter().map(|p| json!({
                "ErrorCode": p.error_code,
                "ActiveProducers": p.active_producers.iter().map(|a| json!({
                    "ProducerId": a.producer_id.0, "ProducerEpoch": a.producer_epoch, "LastSequence": a.last_sequence,
                    "LastTimestamp": a.last_timestamp, "CurrentTxnStartOffset": a.current_txn_start_offset,
                })).collect::<Vec<_>>(),
            })).collect::<Vec<_>>()})).collect::<Vec<_>>()})
        }
        ApiKey::Fetch => {
            let r = body!(FetchResponse);
            let topics = r.responses.iter().map(|t| {
                let partitions = t.partitions.iter().map(|p| {
                    let mut partition = json!({
                        "PartitionIndex": p.partition_index, "ErrorCode": p.error_code, "HighWatermark": p.high_watermark,
                        "LastStableOffset": p.last_stable_offset, "LogStartOffset": p.log_start_offset,
                        "PreferredReadReplica": p.preferred_read_replica.0, "Records": hex(p.records.as_deref().unwrap_or_default()),
                    });
                    let leader = &p.current_leader;
                    if leader.leader_id.0 >= 0 {
                        partition["CurrentLeader"] = json!({"LeaderId": leader.leader_id.0, "LeaderEpoch": leader.leader_epoch});
                    }
                    let aborted = |it: &m::fetch_response::AbortedTransaction| json!({"FirstOffset": it.first_offset});
                    partition["AbortedTransactions"] =
                        p.aborted_transactions.as_ref().map(|all| all.iter().map(aborted).collect::<Vec<Value>>()).into();
                    partition
                });
                let mut topic = json!({"Partitions": partitions.collect::<Vec<_>>()});
                if asked.version < 13 {
                    topic["Topic"] = t.topic.to_string().into();
                } else {
                    topic["TopicId"] = t.topic_id.to_string().into();
                }
                topic
            });
            let mut answer = json!({"ErrorCode": r.error_code, "SessionId": r.session_id, "Responses": topics.collect::<Vec<_>>()});
            let node = |n: &m::fetch_response::NodeEndpoint| endpoint(n.node_id.0, &n.host, n.port, n.rack.as_deref());
            show(&mut answer, "NodeEndpoints", r.node_endpoints.iter().map(node).collect());
            answer
        }
        ApiKey::ListOffsets => {
            let r = body!(ListOffsetsResponse);
            json!({"Topics": r.topics.iter().map(|t| json!({"Name": t.name.to_string(), "Partitions": t.partitions.iter().map(|p| json!({
                "PartitionIndex": p.partition_index, "ErrorCode": p.error_code, "Timestamp": p.timestamp, "Offset": p.offset,
                "LeaderEpoch": p.leader_epoch,
            })).collect::<Vec<_>>()})).collect::<Vec<_>>()})
        }
        ApiKey::OffsetDelete => {
            let r = body!(OffsetDeleteResponse);
            let topics = r.topics.iter().map(|t| {
                let partitions = t.partitions.iter().map(|p| json!({"PartitionIndex": p.partition_index, "ErrorCode": p.error_code}));
                json!({"Name": t.name.to_string(), "Partitions": partitions.collect::<Vec<_>>()})
            });
            json!({"ErrorCode": r.error_code, "Topics": topics.collect::<Vec<_>>()})
        }
        ApiKey::OffsetCommit => {
            let r = body!(OffsetCommitResponse);
            let topics = r.topics.iter().map(|t| {
                let partitions = t.partitions.iter().map(|p| json!({"PartitionIndex": p.partition_index, "ErrorCode": p.error_code}));
                json!({"Name": t.name.to_string(), "Partitions": partitions.collect::<Vec<_>>()})
            });
            json!({"Topics": topics.collect::<Vec<_>>()})
        }
        ApiKey::FindCoordinator => {
            let r = body!(FindCoordinatorResponse);
            json!({"Coordinators": r.coordinators.iter().map(|c| json!({
                "Key": c.key.as_ref(), "NodeId": c.node_id.0, "Host": c.host.as_ref(), "Port": c.port, "ErrorCode": c.error_code,
                "ErrorMessage": c.error_message.as_deref(),
            })).collect::<Vec<_>>()})
        }
        _ => group_answer(asked, body),
    }
}

fn endpoint(id: i32, host: &str, port: i32, rack: Option<&str>) -> Value {
    json!({"NodeId": id, "Host": host, "Port": port, "Rack": rack})
}

/// A tagged field, which is there or not.
fn show(answer: &mut Value, name: &str, items: Vec<Value>) {
    if !items.is_empty() {
        answer[name] = items.into();
    }
}

fn produced(r: &m::ProduceResponse, version: i16) -> Value {
    let mut answer = json!({"Responses": r.responses.iter().map(|t| {
        let mut topic = json!({"PartitionResponses": t.partition_responses.iter().map(|p| {
            let mut partition = json!({"Index": p.index, "ErrorCode": p.error_code, "BaseOffset": p.base_offset,
                "LogAppendTimeMs": p.log_append_time_ms});
            let leader = &p.current_leader;
            if leader.leader_id.0 >= 0 {
                partition["CurrentLeader"] = json!({"LeaderId": leader.leader_id.0, "LeaderEpoch": leader.leader_epoch});
            }
            if version >= 5 {
                partition["LogStartOffset"] = p.log_start_offset.into();
            }
            if version >= 8 {
                partition["ErrorMessage"] = p.error_message.as_deref().into();
                partition["RecordErrors"] = p.record_errors.iter().map(|e| json!({"BatchIndex": e.batch_index})).collect();
            }
            partition
        }).collect::<Vec<_>>()});
        if version < 13 {
            topic["Name"] = t.name.to_string().into();
        } else {
            topic["TopicId"] = t.topic_id.to_string().into();
        }
        topic
    }).collect::<Vec<_>>()});
    let node = |n: &m::produce_response::NodeEndpoint| endpoint(n.node_id.0, &n.host, n.port, n.rack.as_deref());
    show(&mut answer, "NodeEndpoints", r.node_endpoints.iter().map(node).collect());
    answer
}

fn group_answer(asked: &Asked, body: Bytes) -> Value {
    macro_rules! body {
        ($response:ident) => {
            frame::decode_body::<m::$response>(body, asked.version).expect("a response body")
        };
    }
    let text = |text: &Option<Str>| text.as_ref().map_or(Value::Null, |text| text.as_ref().into());
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other APIs are not asked")]
    match asked.api {
        ApiKey::JoinGroup => {
            let r = body!(JoinGroupResponse);
            json!({"ErrorCode": r.error_code, "GenerationId": r.generation_id, "ProtocolType": text(&r.protocol_type),
                "ProtocolName": text(&r.protocol_name), "Leader": r.leader.as_ref(), "SkipAssignment": r.skip_assignment,
                "MemberId": r.member_id.as_ref(), "Members": r.members.iter().map(|member| json!({
                    "MemberId": member.member_id.as_ref(), "Metadata": hex(&member.metadata),
                })).collect::<Vec<_>>()})
        }
        ApiKey::SyncGroup => {
            let r = body!(SyncGroupResponse);
            json!({"ErrorCode": r.error_code, "ProtocolType": text(&r.protocol_type), "ProtocolName": text(&r.protocol_name),
                "Assignment": hex(&r.assignment)})
        }
        ApiKey::Heartbeat => json!({"ErrorCode": body!(HeartbeatResponse).error_code}),
        ApiKey::LeaveGroup => {
            let r = body!(LeaveGroupResponse);
            json!({"ErrorCode": r.error_code, "Members": r.members.iter().map(|member| json!({
                "MemberId": member.member_id.as_ref(), "ErrorCode": member.error_code,
            })).collect::<Vec<_>>()})
        }
        ApiKey::OffsetFetch => {
            let r = body!(OffsetFetchResponse);
            json!({"Groups": r.groups.iter().map(|g| json!({"GroupId": g.group_id.to_string(), "ErrorCode": g.error_code,
                "Topics": g.topics.iter().map(|t| json!({"Name": t.name.to_string(), "Partitions": t.partitions.iter().map(|p| json!({
                    "PartitionIndex": p.partition_index, "CommittedOffset": p.committed_offset,
                    "CommittedLeaderEpoch": p.committed_leader_epoch, "Metadata": text(&p.metadata), "ErrorCode": p.error_code,
                })).collect::<Vec<_>>()})).collect::<Vec<_>>()})).collect::<Vec<_>>()})
        }
        ApiKey::DescribeGroups => {
            let r = body!(DescribeGroupsResponse);
            json!({"Groups": r.groups.iter().map(|g| json!({"ErrorCode": g.error_code, "GroupId": g.group_id.to_string(),
                "GroupState": g.group_state.as_ref(), "ProtocolType": g.protocol_type.as_ref(),
                "ProtocolData": g.protocol_data.as_ref(), "Members": g.members.iter().map(|member| json!({
                    "MemberId": member.member_id.as_ref(), "ClientId": member.client_id.as_ref(),
                    "ClientHost": member.client_host.as_ref(), "MemberMetadata": hex(&member.member_metadata),
                    "MemberAssignment": hex(&member.member_assignment),
                })).collect::<Vec<_>>()})).collect::<Vec<_>>()})
        }
        ApiKey::ConsumerGroupHeartbeat => {
            let r = body!(ConsumerGroupHeartbeatResponse);
            let assignment = r.assignment.as_ref().map_or(Value::Null, |a| {
                json!({"TopicPartitions": a.topic_partitions.iter()
                    .map(|t| json!({"TopicId": t.topic_id.to_string(), "Partitions": t.partitions})).collect::<Vec<_>>()})
            });
            json!({"ErrorCode": r.error_code, "ErrorMessage": text(&r.error_message), "MemberId": text(&r.member_id),
                "MemberEpoch": r.member_epoch, "HeartbeatIntervalMs": r.heartbeat_interval_ms, "Assignment": assignment})
        }
        ApiKey::ConsumerGroupDescribe => {
            let r = body!(ConsumerGroupDescribeResponse);
            let assignment = |a: &m::consumer_group_describe_response::Assignment| {
                json!({"TopicPartitions": a.topic_partitions.iter().map(|t| json!({"TopicId": t.topic_id.to_string(),
                    "TopicName": t.topic_name.to_string(), "Partitions": t.partitions})).collect::<Vec<_>>()})
            };
            json!({"Groups": r.groups.iter().map(|g| json!({"ErrorCode": g.error_code, "ErrorMessage": text(&g.error_message),
                "GroupId": g.group_id.to_string(), "GroupState": g.group_state.as_ref(), "GroupEpoch": g.group_epoch,
                "AssignmentEpoch": g.assignment_epoch, "AssignorName": g.assignor_name.as_ref(),
                "AuthorizedOperations": g.authorized_operations, "Members": g.members.iter().map(|member| json!({
                    "MemberId": member.member_id.as_ref(), "InstanceId": text(&member.instance_id), "RackId": text(&member.rack_id),
                    "MemberEpoch": member.member_epoch, "ClientId": member.client_id.as_ref(), "ClientHost": member.client_host.as_ref(),
                    "SubscribedTopicNames": member.subscribed_topic_names.iter().map(|name| name.to_string()).collect::<Vec<_>>(),
                    "SubscribedTopicRegex": text(&member.subscribed_topic_regex), "Assignment": assignment(&member.assignment),
                    "TargetAssignment": assignment(&member.target_assignment), "MemberType": member.member_type,
                })).collect::<Vec<_>>()})).collect::<Vec<_>>()})
        }
        ApiKey::ListGroups => {
            let r = body!(ListGroupsResponse);
            json!({"ErrorCode": r.error_code, "Groups": r.groups.iter().map(|g| json!({"GroupId": g.group_id.to_string(),
                "ProtocolType": g.protocol_type.as_ref(), "GroupState": g.group_state.as_ref(), "GroupType": g.group_type.as_ref(),
            })).collect::<Vec<_>>()})
        }
        ApiKey::DeleteGroups => {
            let r = body!(DeleteGroupsResponse);
            json!({"Results": r.results.iter().map(|g| json!({"GroupId": g.group_id.to_string(), "ErrorCode": g.error_code}))
                .collect::<Vec<_>>()})
        }
        other => admin::decode(asked, body.clone())
            .or_else(|| transactions::decode(asked, body))
            .unwrap_or_else(|| panic!("{other:?} is not read here")),
    }
}
