//! What becomes of committed offsets, and requests that a group refuses: Kafka's error codes, and nothing is changed.

use super::tests::{Rig, commit_request, join_request, joined, sync_request};
use super::*;
use crate::kafka::wire::message::{GroupId, Str, TopicName};

const MINUTE: i64 = 60_000;

/// Offsets are kept for ten minutes, and looked at each minute.
fn rig() -> Rig {
    Rig::new(GroupConfig {
        initial_rebalance_delay_ms: 0,
        offsets_retention_minutes: 10,
        offsets_retention_check_interval_ms: MINUTE,
        offset_metadata_max_bytes: 5,
        ..GroupConfig::default()
    })
}

/// A group of one member in its first generation.
fn stable(rig: &mut Rig) -> String {
    let token = rig.send(3, Request::JoinGroup(join_request("", None)));
    rig.pass(1);
    let id = joined(rig, token).member_id.to_string();
    rig.send(3, sync_request(&id, 1, std::slice::from_ref(&id)));
    id
}

fn heartbeat(generation: i32, member: &str) -> Request {
    let (group_id, member_id) = (GroupId("g".into()), Str::from(member));
    Request::Heartbeat(m::HeartbeatRequest { group_id, generation_id: generation, member_id, ..m::HeartbeatRequest::default() })
}

/// A heartbeat of the consumer protocol; with epoch 0 a join.
fn modern(epoch: i32, topics: &[&str]) -> Request {
    let joins = epoch == 0;
    Request::ConsumerGroupHeartbeat(m::ConsumerGroupHeartbeatRequest {
        group_id: GroupId("g".into()),
        member_id: "m".into(),
        member_epoch: epoch,
        rebalance_timeout_ms: if joins { 60_000 } else { -1 },
        subscribed_topic_names: joins.then(|| topics.iter().map(|topic| TopicName(Str::from(*topic))).collect()),
        topic_partitions: joins.then(Vec::new),
        ..m::ConsumerGroupHeartbeatRequest::default()
    })
}

/// The same commit for another topic.
fn of(topic: &str, request: Request) -> Request {
    let Request::OffsetCommit(mut request) = request else { panic!("no commit") };
    request.topics[0].name = TopicName(Str::from(topic));
    Request::OffsetCommit(request)
}

fn code(rig: &Rig, token: Token) -> i16 {
    match rig.answers.get(&token) {
        Some(Response::OffsetCommit(answer)) => answer.topics[0].partitions[0].error_code,
        Some(Response::Heartbeat(answer)) => answer.error_code,
        Some(Response::SyncGroup(answer)) => answer.error_code,
        Some(Response::LeaveGroup(answer)) => answer.members[0].error_code,
        Some(Response::OffsetDelete(answer)) => match answer.topics.first() {
            Some(topic) if answer.error_code == 0 => topic.partitions[0].error_code,
            _ => answer.error_code,
        },
        Some(Response::ConsumerGroupHeartbeat(answer)) => answer.error_code,
        other => panic!("{other:?}"),
    }
}

fn ask(rig: &mut Rig, version: i16, request: Request) -> i16 {
    let token = rig.send(version, request);
    code(rig, token)
}

/// The topics that the group has offsets of; `None`: there is no group.
fn kept(rig: &Rig) -> Option<Vec<String>> {
    let group = rig.coordinator.groups().into_iter().next()?;
    Some(group.offsets.iter().map(|(topic, ..)| topic.to_string()).collect())
}

fn names(topics: &[&str]) -> Option<Vec<String>> {
    Some(topics.iter().map(|topic| (*topic).to_owned()).collect())
}

#[test]
fn a_simple_consumers_offsets_expire_by_the_age_of_their_commit() {
    let mut rig = rig();
    assert_eq!(ask(&mut rig, 8, commit_request(-1, "", 5)), 0);
    rig.pass(5 * MINUTE);
    assert_eq!(ask(&mut rig, 8, of("later", commit_request(-1, "", 5))), 0);
    rig.pass(6 * MINUTE);
    assert_eq!(kept(&rig), names(&["later"]));
    rig.pass(5 * MINUTE);
    assert_eq!(kept(&rig), None, "a group without offsets goes");
}

#[test]
fn a_groups_offsets_expire_from_the_moment_that_it_is_empty() {
    let mut rig = rig();
    let id = stable(&mut rig);
    assert_eq!(ask(&mut rig, 8, commit_request(1, &id, 5)), 0);
    assert_eq!(ask(&mut rig, 8, of("old", commit_request(1, &id, 5))), 0);
    for _ in 0..150 {
        rig.pass(5000);
        assert_eq!(ask(&mut rig, 3, heartbeat(1, &id)), 0);
    }
    assert_eq!(kept(&rig), names(&["orders"]), "what it no longer subscribes to");
    rig.pass(10_000);
    assert_eq!(rig.coordinator.groups()[0].state, GroupState::Empty);
    rig.pass(9 * MINUTE);
    assert_eq!(kept(&rig), names(&["orders"]));
    rig.pass(2 * MINUTE);
    assert_eq!(kept(&rig), None);
}

#[test]
fn a_consumer_protocol_groups_offsets_of_other_topics_expire() {
    let mut rig = rig();
    assert_eq!(ask(&mut rig, 1, modern(0, &["orders"])), 0);
    for topic in ["orders", "old"] {
        assert_eq!(ask(&mut rig, 9, of(topic, commit_request(1, "m", 5))), 0);
    }
    for _ in 0..60 {
        rig.pass(15_000);
        assert_eq!(ask(&mut rig, 1, modern(1, &[])), 0);
    }
    assert_eq!(kept(&rig), names(&["orders"]));
    // Its member falls silent. In a group without members each offset is as old as its commit.
    rig.pass(2 * MINUTE);
    assert_eq!(kept(&rig), None);
}

#[test]
fn a_deleted_topic_takes_its_offsets_along() {
    let mut rig = rig();
    for topic in ["orders", "other"] {
        assert_eq!(ask(&mut rig, 8, of(topic, commit_request(-1, "", 5))), 0);
    }
    rig.coordinator.handle_topic_deleted(rig.now, "orders");
    rig.drain();
    assert_eq!(kept(&rig), names(&["other"]));
}

#[test]
fn an_admin_may_not_move_the_offsets_of_members() {
    let delete = |topic: &str| {
        let partitions = vec![m::offset_delete_request::OffsetDeleteRequestPartition::default()];
        let topics = vec![m::offset_delete_request::OffsetDeleteRequestTopic { name: TopicName(Str::from(topic)), partitions }];
        Request::OffsetDelete(m::OffsetDeleteRequest { group_id: GroupId("g".into()), topics })
    };
    let mut rig = rig();
    assert_eq!(ask(&mut rig, 0, delete("orders")), ErrorCode::GroupIdNotFound.code());
    let id = stable(&mut rig);
    for topic in ["orders", "old"] {
        assert_eq!(ask(&mut rig, 8, of(topic, commit_request(1, &id, 5))), 0);
    }
    assert_eq!(ask(&mut rig, 8, commit_request(-1, "", 0)), ErrorCode::UnknownMemberId.code(), "a reset");
    assert_eq!(ask(&mut rig, 0, delete("orders")), ErrorCode::GroupSubscribedToTopic.code());
    assert_eq!(ask(&mut rig, 0, delete("old")), 0);
    assert_eq!(kept(&rig), names(&["orders"]));
    rig.pass(11_000);
    assert_eq!(ask(&mut rig, 8, commit_request(-1, "", 0)), 0);
    assert_eq!(rig.coordinator.groups()[0].offsets, [(Arc::from("orders"), 0, 0)]);
    assert_eq!(ask(&mut rig, 0, delete("orders")), 0);
    assert_eq!(kept(&rig), names(&[]));
}

/// Offsets of old, simple consumers: it may be committed for, described and deleted, and not more.
#[test]
fn a_group_that_is_named_twice_is_deleted_once() {
    let mut rig = rig();
    assert_eq!(ask(&mut rig, 8, commit_request(-1, "", 5)), 0);
    let g = || GroupId("g".into());
    let token = rig.send(2, Request::DeleteGroups(m::DeleteGroupsRequest { groups_names: vec![g(), g()] }));
    let Some(Response::DeleteGroups(answer)) = rig.answers.get(&token) else { panic!("it is deleted") };
    assert_eq!(answer.results.iter().map(|row| (&*row.group_id.0, row.error_code)).collect::<Vec<_>>(), [("g", 0)]);
}

#[test]
fn the_empty_group_id_has_offsets() {
    let nameless = || GroupId("".into());
    let mut rig = rig();
    let Request::OffsetCommit(commit) = commit_request(-1, "", 5) else { panic!("no commit") };
    assert_eq!(ask(&mut rig, 8, Request::OffsetCommit(m::OffsetCommitRequest { group_id: nameless(), ..commit })), 0);
    assert_eq!(kept(&rig), names(&["orders"]));
    let describe = m::DescribeGroupsRequest { groups: vec![nameless()], include_authorized_operations: true };
    let token = rig.send(5, Request::DescribeGroups(describe));
    let Some(Response::DescribeGroups(described)) = rig.answers.get(&token) else { panic!("it is described") };
    let (group, all) = (&described.groups[0], 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11);
    assert_eq!((group.error_code, group.group_state.as_ref(), group.authorized_operations), (0, "Empty", all));
    let delete = m::OffsetDeleteRequest { group_id: nameless(), topics: Vec::new() };
    assert_eq!(ask(&mut rig, 0, Request::OffsetDelete(delete)), ErrorCode::InvalidGroupId.code());
    rig.send(2, Request::DeleteGroups(m::DeleteGroupsRequest { groups_names: vec![nameless()] }));
    assert_eq!(kept(&rig), None);
}

/// What is not there comes first in the answer, then what is (`OffsetDeleteResponse.Builder.merge`).
#[test]
fn offsets_of_partitions_that_are_not_there_are_not_deleted() {
    let mut rig = rig();
    assert_eq!(ask(&mut rig, 8, commit_request(-1, "", 5)), 0);
    let of = |name: &str, partitions: &[i32]| m::offset_delete_request::OffsetDeleteRequestTopic {
        name: TopicName(Str::from(name)),
        partitions: partitions
            .iter()
            .map(|&partition_index| m::offset_delete_request::OffsetDeleteRequestPartition { partition_index })
            .collect(),
    };
    let topics = vec![of("orders", &[0]), of("unknown-topic", &[0, 1]), of("old", &[])];
    let token = rig.send(0, Request::OffsetDelete(m::OffsetDeleteRequest { group_id: GroupId("g".into()), topics }));
    let Some(Response::OffsetDelete(answer)) = rig.answers.get(&token) else { panic!("it is answered") };
    let told: Vec<(&str, Vec<(i32, i16)>)> = answer
        .topics
        .iter()
        .map(|topic| (topic.name.as_ref(), topic.partitions.iter().map(|at| (at.partition_index, at.error_code)).collect()))
        .collect();
    assert_eq!(told, [("unknown-topic", vec![(0, 3), (1, 3)]), ("orders", vec![(0, 0)])]);
    assert_eq!(kept(&rig), names(&[]));
}

#[test]
fn what_a_classic_group_refuses_changes_nothing() {
    let mut rig = rig();
    assert_eq!(ask(&mut rig, 8, commit_request(1, "nobody", 5)), ErrorCode::IllegalGeneration.code(), "no group");
    assert_eq!(ask(&mut rig, 9, commit_request(1, "nobody", 5)), ErrorCode::GroupIdNotFound.code());
    assert_eq!(ask(&mut rig, 3, heartbeat(1, "nobody")), ErrorCode::UnknownMemberId.code());
    assert_eq!(kept(&rig), None);
    let id = stable(&mut rig);
    assert_eq!(ask(&mut rig, 8, commit_request(1, &id, 5)), 0);
    let before = (rig.coordinator.groups(), rig.log.values().map(Vec::len).sum::<usize>());
    let leave = m::leave_group_request::MemberIdentity { member_id: "nobody".into(), ..m::leave_group_request::MemberIdentity::default() };
    let leave = m::LeaveGroupRequest { group_id: GroupId("g".into()), members: vec![leave], ..m::LeaveGroupRequest::default() };
    let metadata = |text: &str| {
        let Request::OffsetCommit(mut request) = commit_request(1, &id, 7) else { panic!("no commit") };
        request.topics[0].partitions[0].committed_metadata = Some(Str::from(text));
        Request::OffsetCommit(request)
    };
    let fenced = |mut request: m::OffsetCommitRequest| {
        request.group_instance_id = Some("nobody's".into());
        Request::OffsetCommit(request)
    };
    let Request::OffsetCommit(by_another) = commit_request(1, &id, 7) else { panic!("no commit") };
    let refused = [
        (8, commit_request(1, "nobody", 7), ErrorCode::UnknownMemberId),
        (8, commit_request(0, &id, 7), ErrorCode::IllegalGeneration),
        (8, commit_request(2, &id, 7), ErrorCode::IllegalGeneration),
        (8, commit_request(-1, "", 7), ErrorCode::UnknownMemberId),
        (8, of("unknown-topic", commit_request(1, &id, 7)), ErrorCode::UnknownTopicOrPartition),
        (8, metadata("six!!!"), ErrorCode::OffsetMetadataTooLarge),
        (8, fenced(by_another), ErrorCode::UnknownMemberId),
        (3, heartbeat(1, "nobody"), ErrorCode::UnknownMemberId),
        (3, heartbeat(2, &id), ErrorCode::IllegalGeneration),
        (3, sync_request("nobody", 1, &[]), ErrorCode::UnknownMemberId),
        (3, sync_request(&id, 2, &[]), ErrorCode::IllegalGeneration),
        (3, Request::LeaveGroup(leave), ErrorCode::UnknownMemberId),
    ];
    for (version, request, error) in refused {
        let words = format!("{request:?}");
        assert_eq!(ask(&mut rig, version, request), error.code(), "{words}");
    }
    assert_eq!((rig.coordinator.groups(), rig.log.values().map(Vec::len).sum::<usize>()), before);
    assert_eq!(ask(&mut rig, 8, metadata("five!")), 0, "as long as it may be");
}

/// A classic group's assignment is its leader's business: the coordinator hands on what it is given.
#[test]
fn an_assignment_may_name_a_partition_that_does_not_exist() {
    let mut rig = rig();
    let token = rig.send(3, Request::JoinGroup(join_request("", None)));
    rig.pass(1);
    let id = joined(&rig, token).member_id.to_string();
    let Request::SyncGroup(mut request) = sync_request(&id, 1, std::slice::from_ref(&id)) else { panic!("no sync") };
    let wild = Bytes::from_static(b"\0\0\0\0\0\x01\0\x06nosuch\0\0\0\x01\0\0\0\x63\xff\xff\xff\xff");
    request.assignments[0].assignment = wild.clone();
    let token = rig.send(3, Request::SyncGroup(request));
    assert!(matches!(rig.answers.get(&token), Some(Response::SyncGroup(answer)) if answer.error_code == 0 && answer.assignment == wild));
}

#[test]
fn what_a_group_of_the_consumer_protocol_refuses_changes_nothing() {
    let mut rig = rig();
    assert_eq!(ask(&mut rig, 1, modern(3, &[])), ErrorCode::GroupIdNotFound.code());
    assert_eq!(ask(&mut rig, 1, modern(0, &["orders"])), 0);
    let before = (rig.coordinator.groups(), rig.log.values().map(Vec::len).sum::<usize>());
    let refused = [
        (9, commit_request(1, "nobody", 7), ErrorCode::UnknownMemberId),
        (9, commit_request(0, "m", 7), ErrorCode::StaleMemberEpoch),
        (9, commit_request(2, "m", 7), ErrorCode::StaleMemberEpoch),
        (9, commit_request(-1, "", 7), ErrorCode::UnknownMemberId),
        (8, commit_request(1, "m", 7), ErrorCode::UnsupportedVersion),
        (9, of("unknown-topic", commit_request(1, "m", 7)), ErrorCode::UnknownTopicOrPartition),
        (1, modern(2, &[]), ErrorCode::FencedMemberEpoch),
        (3, heartbeat(1, "m"), ErrorCode::UnknownMemberId),
    ];
    for (version, request, error) in refused {
        let words = format!("{request:?}");
        assert_eq!(ask(&mut rig, version, request), error.code(), "{words}");
    }
    assert_eq!((rig.coordinator.groups(), rig.log.values().map(Vec::len).sum::<usize>()), before);
}
