//! Groups of the classic protocol. See the parent module on how to read a declaration.

use super::message;

message! { join_group_request: JoinGroupRequest, 0..=9, flexible 6;
    JoinGroupRequest {
        group_id: GroupId, ALL;
        session_timeout_ms: i32, ALL;
        rebalance_timeout_ms: i32, since(1).or(-1).ignorable();
        member_id: Str, ALL;
        group_instance_id: Option<Str>, since(5).or_null();
        protocol_type: Str, ALL;
        protocols: Vec<JoinGroupRequestProtocol>, ALL;
        reason: Option<Str>, since(8).or_null().ignorable();
    }
    JoinGroupRequestProtocol {
        name: Str, ALL;
        metadata: Bytes, ALL;
    }
}

message! { join_group_response: JoinGroupResponse, 0..=9, flexible 6;
    JoinGroupResponse {
        throttle_time_ms: i32, since(2).ignorable();
        error_code: i16, ALL;
        generation_id: i32, ALL.or(-1);
        protocol_type: Option<Str>, since(7).or_null().ignorable();
        protocol_name: Option<Str>, ALL.nullable(7);
        leader: Str, ALL;
        skip_assignment: bool, since(9);
        member_id: Str, ALL;
        members: Vec<JoinGroupResponseMember>, ALL;
    }
    JoinGroupResponseMember {
        member_id: Str, ALL;
        group_instance_id: Option<Str>, since(5).or_null().ignorable();
        metadata: Bytes, ALL;
    }
}

message! { sync_group_request: SyncGroupRequest, 0..=5, flexible 4;
    SyncGroupRequest {
        group_id: GroupId, ALL;
        generation_id: i32, ALL;
        member_id: Str, ALL;
        group_instance_id: Option<Str>, since(3).or_null();
        protocol_type: Option<Str>, since(5).or_null().ignorable();
        protocol_name: Option<Str>, since(5).or_null().ignorable();
        assignments: Vec<SyncGroupRequestAssignment>, ALL;
    }
    SyncGroupRequestAssignment {
        member_id: Str, ALL;
        assignment: Bytes, ALL;
    }
}

message! { sync_group_response: SyncGroupResponse, 0..=5, flexible 4;
    SyncGroupResponse {
        throttle_time_ms: i32, since(1).ignorable();
        error_code: i16, ALL;
        protocol_type: Option<Str>, since(5).or_null().ignorable();
        protocol_name: Option<Str>, since(5).or_null().ignorable();
        assignment: Bytes, ALL;
    }
}

message! { heartbeat_request: HeartbeatRequest, 0..=4, flexible 4;
    HeartbeatRequest {
        group_id: GroupId, ALL;
        generation_id: i32, ALL;
        member_id: Str, ALL;
        group_instance_id: Option<Str>, since(3).or_null();
    }
}

message! { heartbeat_response: HeartbeatResponse, 0..=4, flexible 4;
    HeartbeatResponse {
        throttle_time_ms: i32, since(1).ignorable();
        error_code: i16, ALL;
    }
}

message! { leave_group_request: LeaveGroupRequest, 0..=5, flexible 4;
    LeaveGroupRequest {
        group_id: GroupId, ALL;
        member_id: Str, ALL.to(2);
        members: Vec<MemberIdentity>, since(3);
    }
    MemberIdentity {
        member_id: Str, ALL;
        group_instance_id: Option<Str>, ALL.or_null();
        reason: Option<Str>, since(5).or_null().ignorable();
    }
}

message! { leave_group_response: LeaveGroupResponse, 0..=5, flexible 4;
    LeaveGroupResponse {
        throttle_time_ms: i32, since(1).ignorable();
        error_code: i16, ALL;
        members: Vec<MemberResponse>, since(3);
    }
    MemberResponse {
        member_id: Str, ALL;
        group_instance_id: Option<Str>, ALL;
        error_code: i16, ALL;
    }
}

message! { describe_groups_request: DescribeGroupsRequest, 0..=6, flexible 5;
    DescribeGroupsRequest {
        groups: Vec<GroupId>, ALL;
        include_authorized_operations: bool, since(3);
    }
}

message! { describe_groups_response: DescribeGroupsResponse, 0..=6, flexible 5;
    DescribeGroupsResponse {
        throttle_time_ms: i32, since(1).ignorable();
        groups: Vec<DescribedGroup>, ALL;
    }
    DescribedGroup {
        error_code: i16, ALL;
        error_message: Option<Str>, since(6).or_null();
        group_id: GroupId, ALL;
        group_state: Str, ALL;
        protocol_type: Str, ALL;
        protocol_data: Str, ALL;
        members: Vec<DescribedGroupMember>, ALL;
        authorized_operations: i32, since(3).or(i32::MIN as i64);
    }
    DescribedGroupMember {
        member_id: Str, ALL;
        group_instance_id: Option<Str>, since(4).or_null().ignorable();
        client_id: Str, ALL;
        client_host: Str, ALL;
        member_metadata: Bytes, ALL;
        member_assignment: Bytes, ALL;
    }
}

message! { list_groups_request: ListGroupsRequest, 0..=5, flexible 3;
    ListGroupsRequest {
        states_filter: Vec<Str>, since(4);
        types_filter: Vec<Str>, since(5);
    }
}

message! { list_groups_response: ListGroupsResponse, 0..=5, flexible 3;
    ListGroupsResponse {
        throttle_time_ms: i32, since(1).ignorable();
        error_code: i16, ALL;
        groups: Vec<ListedGroup>, ALL;
    }
    ListedGroup {
        group_id: GroupId, ALL;
        protocol_type: Str, ALL;
        group_state: Str, since(4).ignorable();
        group_type: Str, since(5).ignorable();
    }
}

message! { delete_groups_request: DeleteGroupsRequest, 0..=2, flexible 2;
    DeleteGroupsRequest {
        groups_names: Vec<GroupId>, ALL;
    }
}

message! { delete_groups_response: DeleteGroupsResponse, 0..=2, flexible 2;
    DeleteGroupsResponse {
        throttle_time_ms: i32, ALL;
        results: Vec<DeletableGroupResult>, ALL;
    }
    DeletableGroupResult {
        group_id: GroupId, ALL;
        error_code: i16, ALL;
    }
}

message! { consumer_protocol_subscription: ConsumerProtocolSubscription, 0..=3, flexible NEVER;
    ConsumerProtocolSubscription {
        topics: Vec<Str>, ALL;
        user_data: Option<Bytes>, ALL.or_null();
        owned_partitions: Vec<TopicPartition>, since(1).ignorable();
        generation_id: i32, since(2).or(-1).ignorable();
        rack_id: Option<Str>, since(3).or_null().ignorable();
    }
    TopicPartition {
        topic: TopicName, ALL;
        partitions: Vec<i32>, ALL;
    }
}

message! { consumer_protocol_assignment: ConsumerProtocolAssignment, 0..=3, flexible NEVER;
    ConsumerProtocolAssignment {
        assigned_partitions: Vec<TopicPartition>, ALL;
        user_data: Option<Bytes>, ALL.or_null();
    }
    TopicPartition {
        topic: TopicName, ALL;
        partitions: Vec<i32>, ALL;
    }
}
