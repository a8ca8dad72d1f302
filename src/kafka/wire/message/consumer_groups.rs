//! Groups of the consumer protocol (KIP-848): its APIs, and its records in `__consumer_offsets`.

use super::message;

message! { consumer_group_heartbeat_request: ConsumerGroupHeartbeatRequest, 0..=1, flexible 0;
    ConsumerGroupHeartbeatRequest {
        group_id: GroupId, ALL;
        member_id: Str, ALL;
        member_epoch: i32, ALL;
        instance_id: Option<Str>, ALL.or_null();
        rack_id: Option<Str>, ALL.or_null();
        rebalance_timeout_ms: i32, ALL.or(-1);
        subscribed_topic_names: Option<Vec<TopicName>>, ALL.or_null();
        subscribed_topic_regex: Option<Str>, since(1).or_null();
        server_assignor: Option<Str>, ALL.or_null();
        topic_partitions: Option<Vec<TopicPartitions>>, ALL.or_null();
    }
    TopicPartitions {
        topic_id: Uuid, ALL;
        partitions: Vec<i32>, ALL;
    }
}

message! { consumer_group_heartbeat_response: ConsumerGroupHeartbeatResponse, 0..=1, flexible 0;
    ConsumerGroupHeartbeatResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, ALL;
        error_message: Option<Str>, ALL.or_null();
        member_id: Option<Str>, ALL.or_null();
        member_epoch: i32, ALL;
        heartbeat_interval_ms: i32, ALL;
        assignment: Option<Assignment>, ALL.or_null();
    }
    Assignment {
        topic_partitions: Vec<TopicPartitions>, ALL;
    }
    TopicPartitions {
        topic_id: Uuid, ALL;
        partitions: Vec<i32>, ALL;
    }
}

message! { consumer_group_describe_request: ConsumerGroupDescribeRequest, 0..=1, flexible 0;
    ConsumerGroupDescribeRequest {
        group_ids: Vec<GroupId>, ALL;
        include_authorized_operations: bool, ALL;
    }
}

message! { consumer_group_describe_response: ConsumerGroupDescribeResponse, 0..=1, flexible 0;
    ConsumerGroupDescribeResponse {
        throttle_time_ms: i32, ALL;
        groups: Vec<DescribedGroup>, ALL;
    }
    DescribedGroup {
        error_code: i16, ALL;
        error_message: Option<Str>, ALL.or_null();
        group_id: GroupId, ALL;
        group_state: Str, ALL;
        group_epoch: i32, ALL;
        assignment_epoch: i32, ALL;
        assignor_name: Str, ALL;
        members: Vec<Member>, ALL;
        authorized_operations: i32, ALL.or(i32::MIN as i64);
    }
    Member {
        member_id: Str, ALL;
        instance_id: Option<Str>, ALL.or_null();
        rack_id: Option<Str>, ALL.or_null();
        member_epoch: i32, ALL;
        client_id: Str, ALL;
        client_host: Str, ALL;
        subscribed_topic_names: Vec<TopicName>, ALL;
        subscribed_topic_regex: Option<Str>, ALL.or_null();
        assignment: Assignment, ALL;
        target_assignment: Assignment, ALL;
        member_type: i8, since(1).or(-1).ignorable();
    }
    Assignment {
        topic_partitions: Vec<TopicPartitions>, ALL;
    }
    TopicPartitions {
        topic_id: Uuid, ALL;
        topic_name: TopicName, ALL;
        partitions: Vec<i32>, ALL;
    }
}

// Keys 3, 4 and 6: of a group.
message! { consumer_group_metadata_key: ConsumerGroupMetadataKey, 0..=0, flexible NEVER;
    ConsumerGroupMetadataKey {
        group_id: Str, ALL;
    }
}

// Keys 5, 7 and 8: of a member. Key 16: of a regular expression.
message! { consumer_group_member_metadata_key: ConsumerGroupMemberMetadataKey, 0..=0, flexible NEVER;
    ConsumerGroupMemberMetadataKey {
        group_id: Str, ALL;
        member_id: Str, ALL;
    }
}

message! { consumer_group_metadata_value: ConsumerGroupMetadataValue, 0..=0, flexible 0;
    ConsumerGroupMetadataValue {
        epoch: i32, ALL;
        metadata_hash: i64, ALL.tag(0);
    }
}

message! { consumer_group_member_metadata_value: ConsumerGroupMemberMetadataValue, 0..=0, flexible 0;
    ConsumerGroupMemberMetadataValue {
        instance_id: Option<Str>, ALL;
        rack_id: Option<Str>, ALL;
        client_id: Str, ALL;
        client_host: Str, ALL;
        subscribed_topic_names: Vec<Str>, ALL;
        subscribed_topic_regex: Option<Str>, ALL;
        rebalance_timeout_ms: i32, ALL.or(-1);
        server_assignor: Option<Str>, ALL;
        classic_member_metadata: Option<ClassicMemberMetadata>, ALL.or_null().tag(0);
    }
    ClassicMemberMetadata {
        session_timeout_ms: i32, ALL;
        supported_protocols: Vec<ClassicProtocol>, ALL;
    }
    ClassicProtocol {
        name: Str, ALL;
        metadata: Bytes, ALL;
    }
}

message! { consumer_group_target_assignment_metadata_value: ConsumerGroupTargetAssignmentMetadataValue, 0..=0, flexible 0;
    ConsumerGroupTargetAssignmentMetadataValue {
        assignment_epoch: i32, ALL;
    }
}

message! { consumer_group_target_assignment_member_value: ConsumerGroupTargetAssignmentMemberValue, 0..=0, flexible 0;
    ConsumerGroupTargetAssignmentMemberValue {
        topic_partitions: Vec<TopicPartition>, ALL;
    }
    TopicPartition {
        topic_id: Uuid, ALL;
        partitions: Vec<i32>, ALL;
    }
}

message! { consumer_group_current_member_assignment_value: ConsumerGroupCurrentMemberAssignmentValue, 0..=0, flexible 0;
    ConsumerGroupCurrentMemberAssignmentValue {
        member_epoch: i32, ALL;
        previous_member_epoch: i32, ALL;
        state: i8, ALL;
        assigned_partitions: Vec<TopicPartitions>, ALL;
        partitions_pending_revocation: Vec<TopicPartitions>, ALL;
    }
    TopicPartitions {
        topic_id: Uuid, ALL;
        partitions: Vec<i32>, ALL;
    }
}

message! { consumer_group_regular_expression_value: ConsumerGroupRegularExpressionValue, 0..=0, flexible 0;
    ConsumerGroupRegularExpressionValue {
        topics: Vec<Str>, ALL;
        version: i64, ALL;
        timestamp: i64, ALL;
    }
}
