//! Committed offsets. See the parent module on how to read a declaration.

use super::message;

message! { offset_commit_request: OffsetCommitRequest, 2..=9, flexible 8;
    OffsetCommitRequest {
        group_id: GroupId, ALL;
        generation_id_or_member_epoch: i32, ALL.or(-1);
        member_id: Str, ALL;
        group_instance_id: Option<Str>, since(7).or_null();
        retention_time_ms: i64, ALL.to(4).or(-1).ignorable();
        topics: Vec<OffsetCommitRequestTopic>, ALL;
    }
    OffsetCommitRequestPartition {
        partition_index: i32, ALL;
        committed_offset: i64, ALL;
        committed_leader_epoch: i32, since(6).or(-1).ignorable();
        committed_metadata: Option<Str>, ALL;
    }
    OffsetCommitRequestTopic {
        name: TopicName, ALL;
        partitions: Vec<OffsetCommitRequestPartition>, ALL;
    }
}

message! { offset_commit_response: OffsetCommitResponse, 2..=9, flexible 8;
    OffsetCommitResponse {
        throttle_time_ms: i32, since(3).ignorable();
        topics: Vec<OffsetCommitResponseTopic>, ALL;
    }
    OffsetCommitResponsePartition {
        partition_index: i32, ALL;
        error_code: i16, ALL;
    }
    OffsetCommitResponseTopic {
        name: TopicName, ALL;
        partitions: Vec<OffsetCommitResponsePartition>, ALL;
    }
}

message! { offset_fetch_request: OffsetFetchRequest, 1..=9, flexible 6;
    OffsetFetchRequest {
        group_id: GroupId, ALL.to(7);
        topics: Option<Vec<OffsetFetchRequestTopic>>, ALL.to(7).nullable(2);
        groups: Vec<OffsetFetchRequestGroup>, since(8);
        require_stable: bool, since(7);
    }
    OffsetFetchRequestGroup {
        group_id: GroupId, ALL;
        member_id: Option<Str>, since(9).or_null().ignorable();
        member_epoch: i32, since(9).or(-1).ignorable();
        topics: Option<Vec<OffsetFetchRequestTopics>>, ALL;
    }
    OffsetFetchRequestTopic {
        name: TopicName, ALL.to(7);
        partition_indexes: Vec<i32>, ALL.to(7);
    }
    OffsetFetchRequestTopics {
        name: TopicName, ALL;
        partition_indexes: Vec<i32>, ALL;
    }
}

message! { offset_fetch_response: OffsetFetchResponse, 1..=9, flexible 6;
    OffsetFetchResponse {
        throttle_time_ms: i32, since(3).ignorable();
        topics: Vec<OffsetFetchResponseTopic>, ALL.to(7);
        error_code: i16, since(2).to(7).ignorable();
        groups: Vec<OffsetFetchResponseGroup>, since(8);
    }
    OffsetFetchResponseGroup {
        group_id: GroupId, ALL;
        topics: Vec<OffsetFetchResponseTopics>, ALL;
        error_code: i16, ALL;
    }
    OffsetFetchResponsePartition {
        partition_index: i32, ALL.to(7);
        committed_offset: i64, ALL.to(7);
        committed_leader_epoch: i32, since(5).to(7).or(-1).ignorable();
        metadata: Option<Str>, ALL.to(7);
        error_code: i16, ALL.to(7);
    }
    OffsetFetchResponsePartitions {
        partition_index: i32, ALL;
        committed_offset: i64, ALL;
        committed_leader_epoch: i32, ALL.or(-1);
        metadata: Option<Str>, ALL;
        error_code: i16, ALL;
    }
    OffsetFetchResponseTopic {
        name: TopicName, ALL.to(7);
        partitions: Vec<OffsetFetchResponsePartition>, ALL.to(7);
    }
    OffsetFetchResponseTopics {
        name: TopicName, ALL;
        partitions: Vec<OffsetFetchResponsePartitions>, ALL;
    }
}

message! { offset_delete_request: OffsetDeleteRequest, 0..=0, flexible NEVER;
    OffsetDeleteRequest {
        group_id: GroupId, ALL;
        topics: Vec<OffsetDeleteRequestTopic>, ALL;
    }
    OffsetDeleteRequestPartition {
        partition_index: i32, ALL;
    }
    OffsetDeleteRequestTopic {
        name: TopicName, ALL;
        partitions: Vec<OffsetDeleteRequestPartition>, ALL;
    }
}

message! { offset_delete_response: OffsetDeleteResponse, 0..=0, flexible NEVER;
    OffsetDeleteResponse {
        error_code: i16, ALL;
        throttle_time_ms: i32, ALL;
        topics: Vec<OffsetDeleteResponseTopic>, ALL;
    }
    OffsetDeleteResponsePartition {
        partition_index: i32, ALL;
        error_code: i16, ALL;
    }
    OffsetDeleteResponseTopic {
        name: TopicName, ALL;
        partitions: Vec<OffsetDeleteResponsePartition>, ALL;
    }
}
