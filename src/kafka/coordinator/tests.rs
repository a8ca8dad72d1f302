//! The machine against the recorded answers of a real Kafka 4.1.1, and against rules that hold in every run.

use super::GroupState;
use super::*;
use crate::kafka::wire::message::Str;
use crate::kafka::wire::message::join_group_request::JoinGroupRequestProtocol;
use crate::kafka::wire::message::sync_group_request::SyncGroupRequestAssignment;
use crate::kafka::wire::message::{GroupId, TopicName};
use proptest::prelude::*;
use serde_json::Value;

/// A coordinator whose appends are committed as soon as they are made, and its log.
pub(super) struct Rig {
    pub(super) coordinator: GroupCoordinator,
    pub(super) log: SortedVecMap<i32, Vec<Batch>>,
    pub(super) answers: SortedVecMap<Token, Response>,
    next_token: u64,
    pub(super) now: Time,
    pub(super) hold_appends: bool,
    pub(super) held: Vec<u64>,
}

impl Rig {
    pub(super) fn new(config: GroupConfig) -> Self {
        let mut coordinator = GroupCoordinator::new(config.clone(), 7);
        let now = Time::from_millis(1_000_000);
        for partition in 0..config.offsets_topic_partitions {
            coordinator.handle_elected(now, partition, std::iter::empty());
        }
        Self {
            coordinator,
            log: SortedVecMap::new(),
            answers: SortedVecMap::new(),
            next_token: 0,
            now,
            hold_appends: false,
            held: Vec::new(),
        }
    }

    pub(super) fn drain(&mut self) {
        while let Some(output) = self.coordinator.poll_output() {
            match output {
                Output::Respond { token, response } => {
                    assert!(self.answers.insert(token, response).is_none(), "{token:?} is answered twice");
                }
                Output::Append { append_id, partition, batch } => {
                    self.log.entry(partition).or_default().push(batch);
                    if self.hold_appends {
                        self.held.push(append_id);
                    } else {
                        self.coordinator.handle_committed(self.now, append_id);
                    }
                }
                Output::Event(_) => {}
            }
        }
    }

    pub(super) fn send(&mut self, version: i16, request: Request) -> Token {
        let token = Token(self.next_token);
        self.next_token += 1;
        let caller = Caller { client_id: "vec".into(), host: "/127.0.0.1".into(), version };
        self.coordinator.handle_request(self.now, token, caller, request, &|topic, _| topic != "unknown-topic");
        self.drain();
        token
    }

    /// Lets time pass, waking the coordinator at each of its deadlines.
    pub(super) fn pass(&mut self, millis: i64) {
        let end = self.now.plus_millis(millis);
        while let Some((at, _)) = self.coordinator.poll_timeout().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            self.coordinator.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    pub(super) fn reloaded(&self) -> GroupCoordinator {
        let config = self.coordinator.cx.config.clone();
        let mut coordinator = GroupCoordinator::new(config.clone(), 7);
        for partition in 0..config.offsets_topic_partitions {
            coordinator.handle_elected(self.now, partition, self.log.get(&partition).cloned().unwrap_or_default().into_iter());
        }
        coordinator
    }
}

fn string(value: &Value, field: &str) -> Str {
    Str::from(value[field].as_str().unwrap_or_default().to_owned())
}
fn maybe(value: &Value, field: &str) -> Option<Str> {
    value[field].as_str().map(Str::from)
}
fn int(value: &Value, field: &str) -> i32 {
    value[field].as_i64().and_then(|number| i32::try_from(number).ok()).unwrap_or_else(|| panic!("{field} in {value}"))
}
fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map_or(&[], |list| list)
}
fn hex(value: &Value, field: &str) -> Bytes {
    let text = value[field].as_str().and_then(|text| text.strip_prefix("hex:")).unwrap_or_default();
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hex")).collect()
}
fn numbers(value: &Value) -> Vec<i32> {
    value.as_array().expect("a list").iter().map(|number| number.as_i64().expect("a number") as i32).collect()
}

/// Ids that the real cluster gave, as this run's coordinator gave them.
type Ids = SortedVecMap<String, String>;

fn request(api: &str, r: &Value, ids: &Ids) -> Option<Request> {
    let member = |value: &Value| {
        let id = value["MemberId"].as_str().unwrap_or_default();
        Str::from(ids.get(id).map_or(id, String::as_str).to_owned())
    };
    let group = GroupId(string(r, "GroupId"));
    Some(match api {
        "JoinGroup" => Request::JoinGroup(m::JoinGroupRequest {
            group_id: group,
            session_timeout_ms: int(r, "SessionTimeoutMs"),
            rebalance_timeout_ms: int(r, "RebalanceTimeoutMs"),
            member_id: member(r),
            protocol_type: string(r, "ProtocolType"),
            protocols: list(r, "Protocols")
                .iter()
                .map(|p| JoinGroupRequestProtocol { name: string(p, "Name"), metadata: hex(p, "Metadata") })
                .collect(),
            ..m::JoinGroupRequest::default()
        }),
        "SyncGroup" => Request::SyncGroup(m::SyncGroupRequest {
            group_id: group,
            generation_id: int(r, "GenerationId"),
            member_id: member(r),
            protocol_type: maybe(r, "ProtocolType"),
            protocol_name: maybe(r, "ProtocolName"),
            assignments: list(r, "Assignments")
                .iter()
                .map(|a| SyncGroupRequestAssignment { member_id: member(a), assignment: hex(a, "Assignment") })
                .collect(),
            ..m::SyncGroupRequest::default()
        }),
        "Heartbeat" => Request::Heartbeat(m::HeartbeatRequest {
            group_id: group,
            generation_id: int(r, "GenerationId"),
            member_id: member(r),
            ..m::HeartbeatRequest::default()
        }),
        "LeaveGroup" => Request::LeaveGroup(m::LeaveGroupRequest {
            group_id: group,
            members: list(r, "Members")
                .iter()
                .map(|one| m::leave_group_request::MemberIdentity {
                    member_id: member(one),
                    ..m::leave_group_request::MemberIdentity::default()
                })
                .collect(),
            ..m::LeaveGroupRequest::default()
        }),
        "ListGroups" => Request::ListGroups(m::ListGroupsRequest::default()),
        "DescribeGroups" | "DeleteGroups" => {
            let field = if api == "DescribeGroups" { "Groups" } else { "GroupsNames" };
            let names = list(r, field).iter().map(|name| GroupId(Str::from(name.as_str().expect("a name").to_owned()))).collect();
            if api == "DescribeGroups" {
                Request::DescribeGroups(m::DescribeGroupsRequest { groups: names, ..m::DescribeGroupsRequest::default() })
            } else {
                Request::DeleteGroups(m::DeleteGroupsRequest { groups_names: names })
            }
        }
        _ => return offsets_request(api, r, group, &member),
    })
}

fn offsets_request(api: &str, r: &Value, group: GroupId, member: &dyn Fn(&Value) -> Str) -> Option<Request> {
    Some(match api {
        "OffsetCommit" => Request::OffsetCommit(m::OffsetCommitRequest {
            group_id: group,
            generation_id_or_member_epoch: int(r, "GenerationIdOrMemberEpoch"),
            member_id: member(r),
            topics: list(r, "Topics")
                .iter()
                .map(|topic| m::offset_commit_request::OffsetCommitRequestTopic {
                    name: TopicName(string(topic, "Name")),
                    partitions: list(topic, "Partitions")
                        .iter()
                        .map(|p| m::offset_commit_request::OffsetCommitRequestPartition {
                            partition_index: int(p, "PartitionIndex"),
                            committed_offset: i64::from(int(p, "CommittedOffset")),
                            committed_metadata: maybe(p, "CommittedMetadata"),
                            ..m::offset_commit_request::OffsetCommitRequestPartition::default()
                        })
                        .collect(),
                })
                .collect(),
            ..m::OffsetCommitRequest::default()
        }),
        "OffsetFetch" => Request::OffsetFetch(m::OffsetFetchRequest {
            groups: list(r, "Groups")
                .iter()
                .map(|one| m::offset_fetch_request::OffsetFetchRequestGroup {
                    group_id: GroupId(string(one, "GroupId")),
                    topics: one["Topics"].as_array().map(|topics| {
                        topics
                            .iter()
                            .map(|topic| m::offset_fetch_request::OffsetFetchRequestTopics {
                                name: TopicName(string(topic, "Name")),
                                partition_indexes: numbers(&topic["PartitionIndexes"]),
                            })
                            .collect()
                    }),
                    ..m::offset_fetch_request::OffsetFetchRequestGroup::default()
                })
                .collect(),
            ..m::OffsetFetchRequest::default()
        }),
        "OffsetDelete" => Request::OffsetDelete(m::OffsetDeleteRequest {
            group_id: group,
            topics: list(r, "Topics")
                .iter()
                .map(|topic| m::offset_delete_request::OffsetDeleteRequestTopic {
                    name: TopicName(string(topic, "Name")),
                    partitions: list(topic, "Partitions")
                        .iter()
                        .map(|p| m::offset_delete_request::OffsetDeleteRequestPartition { partition_index: int(p, "PartitionIndex") })
                        .collect(),
                })
                .collect(),
        }),
        _ => return None,
    })
}

/// The answer in the recording's shape, fields that both have.
fn shown(response: &Response) -> Value {
    use serde_json::json;
    let bytes = |bytes: &Bytes| format!("hex:{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let opt = |text: &Option<Str>| text.as_ref().map(|text| text.to_string());
    match response {
        Response::JoinGroup(r) => json!({"ThrottleTimeMs": 0, "ErrorCode": r.error_code, "GenerationId": r.generation_id,
            "ProtocolType": opt(&r.protocol_type), "ProtocolName": opt(&r.protocol_name), "Leader": r.leader.to_string(),
            "SkipAssignment": r.skip_assignment, "MemberId": r.member_id.to_string(),
            "Members": r.members.iter().map(|one| json!({"MemberId": one.member_id.to_string(),
                "GroupInstanceId": opt(&one.group_instance_id), "Metadata": bytes(&one.metadata)})).collect::<Vec<_>>()}),
        Response::SyncGroup(r) => json!({"ThrottleTimeMs": 0, "ErrorCode": r.error_code, "ProtocolType": opt(&r.protocol_type),
            "ProtocolName": opt(&r.protocol_name), "Assignment": bytes(&r.assignment)}),
        Response::Heartbeat(r) => json!({"ThrottleTimeMs": 0, "ErrorCode": r.error_code}),
        Response::LeaveGroup(r) => json!({"ThrottleTimeMs": 0, "ErrorCode": r.error_code, "Members": r.members.iter().map(|one|
            json!({"MemberId": one.member_id.to_string(), "GroupInstanceId": opt(&one.group_instance_id), "ErrorCode": one.error_code}))
            .collect::<Vec<_>>()}),
        Response::OffsetCommit(r) => {
            json!({"ThrottleTimeMs": 0, "Topics": r.topics.iter().map(|topic| json!({"Name": topic.name.to_string(),
            "Partitions": topic.partitions.iter().map(|p| json!({"PartitionIndex": p.partition_index, "ErrorCode": p.error_code}))
            .collect::<Vec<_>>()})).collect::<Vec<_>>()})
        }
        Response::TxnOffsetCommit(_) => json!("is no part of the recording"),
        Response::OffsetFetch(r) => json!({"ThrottleTimeMs": 0, "Groups": r.groups.iter().map(|group| json!({
            "GroupId": group.group_id.to_string(), "ErrorCode": group.error_code, "Topics": group.topics.iter().map(|topic| json!({
            "Name": topic.name.to_string(), "Partitions": topic.partitions.iter().map(|p| json!({"PartitionIndex": p.partition_index,
            "CommittedOffset": p.committed_offset, "CommittedLeaderEpoch": p.committed_leader_epoch, "Metadata": opt(&p.metadata),
            "ErrorCode": p.error_code})).collect::<Vec<_>>()})).collect::<Vec<_>>()})).collect::<Vec<_>>()}),
        Response::OffsetDelete(r) => json!({"ThrottleTimeMs": 0, "ErrorCode": r.error_code, "Topics": r.topics.iter().map(|topic|
            json!({"Name": topic.name.to_string(), "Partitions": topic.partitions.iter().map(|p| json!({
            "PartitionIndex": p.partition_index, "ErrorCode": p.error_code})).collect::<Vec<_>>()})).collect::<Vec<_>>()}),
        Response::ListGroups(r) => json!({"ThrottleTimeMs": 0, "ErrorCode": r.error_code, "Groups": r.groups.iter().map(|group| json!({
            "GroupId": group.group_id.to_string(), "ProtocolType": group.protocol_type.to_string(),
            "GroupState": group.group_state.to_string(), "GroupType": group.group_type.to_string()})).collect::<Vec<_>>()}),
        Response::DeleteGroups(r) => json!({"ThrottleTimeMs": 0, "Results": r.results.iter().map(|one|
            json!({"GroupId": one.group_id.to_string(), "ErrorCode": one.error_code})).collect::<Vec<_>>()}),
        Response::DescribeGroups(r) => json!({"ThrottleTimeMs": 0, "Groups": r.groups.iter().map(|group| {
            let mut shown = json!({"ErrorCode": group.error_code, "GroupId": group.group_id.to_string(),
                "GroupState": group.group_state.to_string(), "ProtocolType": group.protocol_type.to_string(),
                "ProtocolData": group.protocol_data.to_string(), "AuthorizedOperations": group.authorized_operations,
                "Members": group.members.iter().map(|one| json!({"MemberId": one.member_id.to_string(),
                "GroupInstanceId": opt(&one.group_instance_id), "ClientId": one.client_id.to_string(),
                "ClientHost": one.client_host.to_string(), "MemberMetadata": bytes(&one.member_metadata),
                "MemberAssignment": bytes(&one.member_assignment)})).collect::<Vec<_>>()});
            if let Some(message) = &group.error_message {
                shown["ErrorMessage"] = message.to_string().into();
            }
            shown
        }).collect::<Vec<_>>()}),
        Response::ConsumerGroupHeartbeat(_) | Response::ConsumerGroupDescribe(_) => Value::Null, // not of this scenario
    }
}

#[test]
fn answers_as_the_recorded_cluster_does() {
    let text = include_str!("../../../tests/vectors/behaviour_kafka_4.1.1.json");
    let all: Value = serde_json::from_str(text).expect("JSON");
    let scenario = list(&all, "scenarios").iter().find(|one| one["scenario"] == "classic-group").expect("the scenario");
    let mut rig = Rig::new(GroupConfig { offsets_topic_partitions: 8, initial_rebalance_delay_ms: 0, ..GroupConfig::default() });
    let (mut ids, mut parked, mut compared) = (Ids::new(), None, 0);
    for step in list(scenario, "steps") {
        let label = step["label"].as_str().expect("a label");
        let api = step["api"].as_str().expect("an API");
        // Two steps ask the cluster, not a coordinator: FindCoordinator is the broker's, another broker is not here.
        if api == "FindCoordinator" || label == "join at a non-coordinator" {
            continue;
        }
        let token = match parked.take() {
            Some(token) if step["request"].is_null() => token,
            kept => {
                parked = kept;
                // The second member's JoinGroup is recorded only by its answer: it is sent once its id is given.
                if label == "heartbeat while PreparingRebalance" {
                    let second = ids.values().last().expect("an id").clone();
                    let first_join = list(scenario, "steps").iter().find(|one| one["label"] == "join with the given member id");
                    let mut body = first_join.expect("the step")["request"].clone();
                    let newest = ids.iter().find(|(_, id)| {
                        rig.coordinator.groups["cg262429"].as_classic().is_some_and(|group| group.pending_joins.contains(id.as_str()))
                    });
                    body["MemberId"] = newest.map_or(second, |(_, id)| id.clone()).into();
                    parked = Some(rig.send(9, request("JoinGroup", &body, &Ids::new()).expect("a join")));
                }
                let version = i16::try_from(int(step, "version")).expect("a version");
                rig.send(version, request(api, &step["request"], &ids).unwrap_or_else(|| panic!("{api} is not known")))
            }
        };
        rig.pass(1);
        let answer = rig.answers.get(&token).unwrap_or_else(|| panic!("{label}: no answer"));
        let mut have = shown(answer);
        let mut want = step["response"].clone();
        if want["ErrorCode"] == 79 {
            ids.insert(want["MemberId"].as_str().expect("an id").to_owned(), have["MemberId"].as_str().expect("an id").to_owned());
        }
        if api == "ListGroups" {
            let ours = |value: &Value| list(value, "Groups").iter().find(|group| group["GroupId"] == "cg262429").cloned();
            (have, want) = (ours(&have).into(), ours(&want).into());
        }
        let mut text = want.to_string();
        for (theirs, ours) in &ids {
            text = text.replace(theirs, ours);
        }
        let want: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(have, want, "{label} ({api})");
        compared += 1;
    }
    assert_eq!(compared, list(scenario, "steps").len() - 2, "all steps but the two for the cluster");
}

fn subscription() -> Bytes {
    Bytes::from_static(b"\0\0\0\0\0\x01\0\x06orders\xff\xff\xff\xff")
}

pub(super) fn join_request(member: &str, instance: Option<&str>) -> m::JoinGroupRequest {
    m::JoinGroupRequest {
        group_id: GroupId("g".into()),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 20_000,
        member_id: Str::from(member),
        group_instance_id: instance.map(Str::from),
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol { name: "range".into(), metadata: subscription() }],
        ..m::JoinGroupRequest::default()
    }
}

pub(super) fn joined(rig: &Rig, token: Token) -> m::JoinGroupResponse {
    match rig.answers.get(&token) {
        Some(Response::JoinGroup(response)) => response.clone(),
        other => panic!("{token:?} has {other:?}"),
    }
}

pub(super) fn sync_request(member: &str, generation: i32, all: &[String]) -> Request {
    let bytes = Bytes::from_static(b"\0\0\0\0\0\x01\0\x06orders\0\0\0\x01\0\0\0\x02\xff\xff\xff\xff");
    let given = |id: &String| SyncGroupRequestAssignment { member_id: Str::from(id.clone()), assignment: bytes.clone() };
    Request::SyncGroup(m::SyncGroupRequest {
        group_id: GroupId("g".into()),
        generation_id: generation,
        member_id: Str::from(member),
        assignments: all.iter().map(given).collect(),
        ..m::SyncGroupRequest::default()
    })
}

pub(super) fn commit_request(generation: i32, member: &str, offset: i64) -> Request {
    let partition = m::offset_commit_request::OffsetCommitRequestPartition {
        committed_offset: offset,
        ..m::offset_commit_request::OffsetCommitRequestPartition::default()
    };
    let topic = m::offset_commit_request::OffsetCommitRequestTopic { name: TopicName("orders".into()), partitions: vec![partition] };
    Request::OffsetCommit(m::OffsetCommitRequest {
        group_id: GroupId("g".into()),
        generation_id_or_member_epoch: generation,
        member_id: Str::from(member),
        topics: vec![topic],
        ..m::OffsetCommitRequest::default()
    })
}

#[test]
fn a_silent_member_is_removed_at_its_session_timeout_and_the_deadline_names_it() {
    let mut rig = Rig::new(GroupConfig::default());
    let token = rig.send(3, Request::JoinGroup(join_request("", None)));
    let next = rig.coordinator.poll_timeout().expect("a deadline");
    assert_eq!(next.1.to_string(), "initial rebalance delay of g");
    rig.pass(3000);
    let id = joined(&rig, token).member_id.to_string();
    rig.send(3, sync_request(&id, 1, std::slice::from_ref(&id)));
    let view = rig.coordinator.groups().remove(0);
    assert_eq!((view.state, view.members[0].assignment.clone()), (GroupState::Stable, vec![(Arc::from("orders"), 2)]));
    assert_eq!(rig.coordinator.poll_timeout().expect("a deadline").1.to_string(), "session timeout of vec");
    rig.pass(9_999);
    assert_eq!(rig.coordinator.groups()[0].state, GroupState::Stable);
    rig.pass(1);
    assert_eq!(rig.coordinator.groups()[0].state, GroupState::Empty);
}

#[test]
fn a_static_member_comes_back_without_a_rebalance_and_its_old_id_is_fenced() {
    let mut rig = Rig::new(GroupConfig { initial_rebalance_delay_ms: 0, ..GroupConfig::default() });
    let token = rig.send(9, Request::JoinGroup(join_request("", Some("i1"))));
    rig.pass(1);
    let old = joined(&rig, token).member_id.to_string();
    rig.send(5, sync_request(&old, 1, std::slice::from_ref(&old)));
    let again = rig.send(9, Request::JoinGroup(join_request("", Some("i1"))));
    let back = joined(&rig, again);
    assert_eq!((back.error_code, back.generation_id, back.skip_assignment), (0, 1, true));
    assert_ne!(*back.member_id, *old);
    let fenced = rig.send(9, Request::JoinGroup(join_request(&old, Some("i1"))));
    assert_eq!(joined(&rig, fenced).error_code, ErrorCode::FencedInstanceId.code());
}

#[test]
fn a_static_member_whose_new_id_the_log_refuses_is_as_it_was() {
    let mut rig = Rig::new(GroupConfig { initial_rebalance_delay_ms: 0, ..GroupConfig::default() });
    let token = rig.send(9, Request::JoinGroup(join_request("", Some("i1"))));
    rig.pass(1);
    let old = joined(&rig, token).member_id.to_string();
    rig.send(5, sync_request(&old, 1, std::slice::from_ref(&old)));
    let member = |rig: &Rig| {
        let group = rig.coordinator.groups.get("g").and_then(Group::as_classic).expect("a classic group");
        let one = &group.members[0];
        (one.id.to_string(), one.protocols.clone(), one.rebalance_timeout_ms, one.session_timeout_ms)
    };
    let before = member(&rig);
    rig.hold_appends = true;
    let mut again = join_request("", Some("i1"));
    again.protocols[0].metadata = Bytes::from_static(b"other");
    (again.rebalance_timeout_ms, again.session_timeout_ms) = (7_000, 8_000);
    let token = rig.send(9, Request::JoinGroup(again));
    assert_ne!(member(&rig), before);
    let append_id = rig.held.remove(0);
    rig.coordinator.handle_append_failed(rig.now, append_id, ErrorCode::NotEnoughReplicas);
    rig.drain();
    assert_eq!(member(&rig), before);
    let answer = joined(&rig, token);
    assert_eq!((answer.error_code, &*answer.leader), (ErrorCode::CoordinatorNotAvailable.code(), old.as_str()));
}

#[test]
fn a_commit_is_answered_and_seen_only_when_it_is_in_the_log() {
    let mut rig = Rig::new(GroupConfig::default());
    rig.hold_appends = true;
    let failing = rig.send(8, commit_request(-1, "", 4));
    assert!(!rig.answers.contains_key(&failing));
    let append_id = rig.held.remove(0);
    rig.coordinator.handle_append_failed(rig.now, append_id, ErrorCode::NotEnoughReplicas);
    rig.drain();
    match &rig.answers[&failing] {
        Response::OffsetCommit(answer) => {
            assert_eq!(answer.topics[0].partitions[0].error_code, ErrorCode::CoordinatorNotAvailable.code());
        }
        other => panic!("{other:?}"),
    }
    let token = rig.send(8, commit_request(-1, "", 5));
    assert!(rig.coordinator.groups()[0].offsets.is_empty());
    let append_id = rig.held.remove(0);
    rig.coordinator.handle_committed(rig.now, append_id);
    rig.drain();
    assert!(rig.answers.contains_key(&token));
    assert_eq!(rig.coordinator.groups()[0].offsets, vec![(Arc::from("orders"), 0, 5)]);
    rig.hold_appends = false;
    rig.pass(GroupConfig::default().offsets_retention_check_interval_ms + 10_080 * 60_000);
    assert!(rig.coordinator.groups().is_empty(), "offsets and group expire");
    assert!(rig.reloaded().groups().is_empty(), "and stay away after a reload");
}

#[test]
fn who_waits_when_the_partition_moves_is_told_so() {
    let mut rig = Rig::new(GroupConfig { offsets_topic_partitions: 1, ..GroupConfig::default() });
    let token = rig.send(3, Request::JoinGroup(join_request("", None)));
    rig.coordinator.handle_resigned(rig.now, 0);
    rig.drain();
    assert_eq!(joined(&rig, token).error_code, ErrorCode::NotCoordinator.code());
    assert!(rig.coordinator.groups().is_empty());
    assert_eq!(rig.coordinator.poll_timeout(), None);
}

#[derive(Clone, Debug)]
enum Step {
    Join(usize),
    Sync(usize),
    Heartbeat(usize),
    Leave(usize),
    Commit(usize, i64),
    Pass(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = 0_usize..4;
    proptest::collection::vec(
        prop_oneof![
            4 => who.clone().prop_map(Step::Join),
            4 => who.clone().prop_map(Step::Sync),
            2 => who.clone().prop_map(Step::Heartbeat),
            1 => who.clone().prop_map(Step::Leave),
            2 => (who, 0_i64..100).prop_map(|(who, offset)| Step::Commit(who, offset)),
            3 => (1_i64..15_000).prop_map(Step::Pass),
        ],
        1..60,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rules_that_hold_in_every_run(steps in steps()) {
        let mut rig = Rig::new(GroupConfig { offsets_topic_partitions: 2, ..GroupConfig::default() });
        // For each member: its id, its generation, and the JoinGroup whose answer it has not read yet.
        let mut members: Vec<(String, i32, Option<Token>)> = vec![(String::new(), -1, None); 4];
        let mut generation = 0;
        let mut of_generation: SortedVecMap<i32, (Str, Option<Str>)> = SortedVecMap::new();
        for step in steps {
            match step {
                Step::Join(who) => {
                    let instance = (who == 3).then_some("static");
                    members[who].2 = Some(rig.send(5, Request::JoinGroup(join_request(&members[who].0, instance))));
                }
                Step::Sync(who) => {
                    let all: Vec<String> = members.iter().map(|member| member.0.clone()).collect();
                    rig.send(3, sync_request(&members[who].0, members[who].1, &all));
                }
                Step::Heartbeat(who) => {
                    let beat = m::HeartbeatRequest {
                        group_id: GroupId("g".into()),
                        member_id: Str::from(members[who].0.clone()),
                        generation_id: members[who].1,
                        ..m::HeartbeatRequest::default()
                    };
                    rig.send(3, Request::Heartbeat(beat));
                }
                Step::Leave(who) => {
                    let id = Str::from(members[who].0.clone());
                    let one = m::leave_group_request::MemberIdentity { member_id: id, ..m::leave_group_request::MemberIdentity::default() };
                    rig.send(3, Request::LeaveGroup(m::LeaveGroupRequest { group_id: GroupId("g".into()), members: vec![one], ..m::LeaveGroupRequest::default() }));
                }
                Step::Commit(who, offset) => {
                    rig.send(8, commit_request(members[who].1, &members[who].0, offset));
                }
                Step::Pass(millis) => rig.pass(millis),
            }
            for member in &mut members {
                let Some(token) = member.2 else { continue };
                let Some(Response::JoinGroup(answer)) = rig.answers.get(&token) else { continue };
                member.2 = None;
                if answer.error_code == 0 {
                    let shared = (answer.leader.clone(), answer.protocol_name.clone());
                    let known = of_generation.entry(answer.generation_id).or_insert_with(|| shared.clone());
                    prop_assert_eq!(&known.1, &shared.1, "one protocol for a generation");
                    prop_assert_eq!(answer.members.is_empty(), answer.leader != answer.member_id, "only the leader gets the members");
                }
                let stays = answer.error_code == 0 || answer.error_code == ErrorCode::MemberIdRequired.code();
                *member = if stays { (answer.member_id.to_string(), answer.generation_id, None) } else { (String::new(), -1, None) };
            }
            if let Some(group) = rig.coordinator.groups.get("g").and_then(Group::as_classic) {
                prop_assert!(group.generation >= generation, "the generation only grows");
                generation = group.generation;
                prop_assert_eq!(group.leader.is_some(), !group.members.is_empty(), "a leader exactly while there are members");
            }
            let kept: Vec<_> = rig.coordinator.groups().into_iter().map(|group| (group.group, group.offsets)).collect();
            let read: Vec<_> = rig.reloaded().groups().into_iter().map(|group| (group.group, group.offsets)).collect();
            prop_assert_eq!(kept, read, "the log has all groups and offsets");
            let stable = |view: &GroupView| matches!(view.state, GroupState::Stable | GroupState::Empty);
            for (live, read) in rig.coordinator.groups().iter().zip(&rig.reloaded().groups()).filter(|(live, _)| stable(live)) {
                let who = |view: &GroupView| {
                    view.members.iter().map(|one| (one.member.clone(), one.assignment.clone())).collect::<Vec<_>>()
                };
                prop_assert_eq!(who(live), who(read));
                prop_assert_eq!((live.state, live.generation, &live.leader), (read.state, read.generation, &read.leader));
            }
        }
        rig.pass(400_000);
        for token in 0..rig.next_token {
            prop_assert!(rig.answers.contains_key(&Token(token)), "request {} is never answered", token);
        }
        prop_assert!(rig.coordinator.groups().iter().all(|group| group.state == GroupState::Empty), "who is silent is gone in the end");
    }
}
