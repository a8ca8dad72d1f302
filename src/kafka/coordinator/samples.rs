//! Requests to the group coordinator to test with.

use crate::kafka::samples::*;
use crate::kafka::wire::message::join_group_request::JoinGroupRequestProtocol;
use crate::kafka::wire::message::leave_group_request::MemberIdentity;
use crate::kafka::wire::message::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use crate::kafka::wire::message::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use crate::kafka::wire::message::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics};
use crate::kafka::wire::message::sync_group_request::SyncGroupRequestAssignment;
use crate::kafka::wire::message::txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};

/// A member of "billing" whose session outlasts the test.
pub fn join(version: i16) -> JoinGroupRequest {
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

impl Sample for JoinGroupRequest {
    /// A group of its own for each version, so that the member of "billing" is not asked to join again.
    fn sample(_known: &Known, version: i16, name: &str) -> Self {
        let mut request = JoinGroupRequest { group_id: group(&format!("{name}-{version}")), ..join(version) };
        if version >= 5 {
            request.group_instance_id = Some(text("static"));
        }
        request
    }
}

impl Sample for SyncGroupRequest {
    fn sample(known: &Known, version: i16, _name: &str) -> Self {
        let assignment = SyncGroupRequestAssignment { member_id: known.member.clone(), ..SyncGroupRequestAssignment::default() };
        let request = SyncGroupRequest {
            group_id: group("billing"),
            generation_id: known.generation,
            member_id: known.member.clone(),
            assignments: vec![assignment],
            ..SyncGroupRequest::default()
        };
        if version < 5 {
            return request;
        }
        SyncGroupRequest { protocol_type: Some(text("consumer")), protocol_name: Some(text("range")), ..request }
    }
}

impl Sample for OffsetCommitRequest {
    fn sample(known: &Known, version: i16, name: &str) -> Self {
        let partition = OffsetCommitRequestPartition {
            committed_offset: 1,
            committed_metadata: Some(text("here")),
            ..OffsetCommitRequestPartition::default()
        };
        let partition = if version >= 6 { OffsetCommitRequestPartition { committed_leader_epoch: 0, ..partition } } else { partition };
        let offsets = OffsetCommitRequestTopic { name: topic(name), partitions: vec![partition] };
        OffsetCommitRequest {
            group_id: group("billing"),
            generation_id_or_member_epoch: known.generation,
            member_id: known.member.clone(),
            topics: vec![offsets],
            ..OffsetCommitRequest::default()
        }
    }
}

impl Sample for OffsetFetchRequest {
    fn sample(_known: &Known, version: i16, name: &str) -> Self {
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

impl Sample for HeartbeatRequest {
    fn sample(known: &Known, _version: i16, _name: &str) -> Self {
        let request = HeartbeatRequest { group_id: group("billing"), ..HeartbeatRequest::default() };
        HeartbeatRequest { generation_id: known.generation, member_id: known.member.clone(), ..request }
    }
}

impl Sample for LeaveGroupRequest {
    fn sample(_known: &Known, version: i16, _name: &str) -> Self {
        let request = LeaveGroupRequest { group_id: group("billing"), ..LeaveGroupRequest::default() };
        let unknown = text("unknown-member");
        if version < 3 {
            LeaveGroupRequest { member_id: unknown, ..request }
        } else {
            LeaveGroupRequest { members: vec![MemberIdentity { member_id: unknown, ..MemberIdentity::default() }], ..request }
        }
    }
}

impl Sample for DescribeGroupsRequest {
    fn sample(_known: &Known, version: i16, _name: &str) -> Self {
        let request = DescribeGroupsRequest { groups: vec![group("billing"), group("nobody")], ..DescribeGroupsRequest::default() };
        if version >= 3 { DescribeGroupsRequest { include_authorized_operations: true, ..request } } else { request }
    }
}

impl Sample for ListGroupsRequest {
    fn sample(_known: &Known, version: i16, _name: &str) -> Self {
        let request = ListGroupsRequest::default();
        if version >= 4 { ListGroupsRequest { states_filter: vec![text("Stable")], ..request } } else { request }
    }
}

impl Sample for DeleteGroupsRequest {
    fn sample(_known: &Known, _version: i16, _name: &str) -> Self {
        DeleteGroupsRequest { groups_names: vec![group("billing"), group("nobody")] }
    }
}

impl Sample for OffsetDeleteRequest {
    fn sample(_known: &Known, _version: i16, name: &str) -> Self {
        let offsets = OffsetDeleteRequestTopic { name: topic(name), partitions: vec![OffsetDeleteRequestPartition::default()] };
        OffsetDeleteRequest { group_id: group("billing"), topics: vec![offsets] }
    }
}

impl Sample for ConsumerGroupHeartbeatRequest {
    /// Joins a group of its own for each version.
    fn sample(_known: &Known, version: i16, name: &str) -> Self {
        let request = ConsumerGroupHeartbeatRequest {
            group_id: group(&format!("{name}-modern-{version}")),
            member_id: text("member"),
            instance_id: Some(text("static")),
            rack_id: Some(text("rack")),
            rebalance_timeout_ms: 60_000,
            subscribed_topic_names: Some(vec![topic(name)]),
            server_assignor: Some(text("range")),
            topic_partitions: Some(Vec::new()),
            ..ConsumerGroupHeartbeatRequest::default()
        };
        if version >= 1 { ConsumerGroupHeartbeatRequest { subscribed_topic_regex: Some(text("ord.*")), ..request } } else { request }
    }
}

impl Sample for ConsumerGroupDescribeRequest {
    fn sample(_known: &Known, version: i16, name: &str) -> Self {
        let group_ids = vec![group(&format!("{name}-modern-{version}")), group("billing"), group("nobody")];
        ConsumerGroupDescribeRequest { group_ids, include_authorized_operations: true }
    }
}

impl Sample for TxnOffsetCommitRequest {
    fn sample(_known: &Known, version: i16, name: &str) -> Self {
        let partition =
            TxnOffsetCommitRequestPartition { committed_metadata: Some(text("here")), ..TxnOffsetCommitRequestPartition::default() };
        let offsets = TxnOffsetCommitRequestTopic { name: topic(name), partitions: vec![partition] };
        let request = TxnOffsetCommitRequest {
            transactional_id: text("tx").into(),
            group_id: group("billing"),
            topics: vec![offsets],
            ..TxnOffsetCommitRequest::default()
        };
        if version < 3 { request } else { TxnOffsetCommitRequest { member_id: text("nobody"), ..request } }
    }
}
