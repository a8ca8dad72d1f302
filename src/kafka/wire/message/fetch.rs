//! Fetching, by consumers and by replicas, and what they ask about offsets. See the parent module on how to read a declaration.

use super::message;

message! { fetch_request: FetchRequest, 4..=18, flexible 12;
    FetchRequest {
        replica_id: BrokerId, ALL.to(14).or(-1);
        max_wait_ms: i32, ALL;
        min_bytes: i32, ALL;
        max_bytes: i32, ALL.or(i32::MAX as i64);
        isolation_level: i8, ALL;
        session_id: i32, since(7).ignorable();
        session_epoch: i32, since(7).or(-1).ignorable();
        topics: Vec<FetchTopic>, ALL;
        forgotten_topics_data: Vec<ForgottenTopic>, since(7);
        rack_id: Str, since(11).ignorable();
        cluster_id: Option<Str>, since(12).or_null().tag(0).ignorable();
        replica_state: ReplicaState, since(15).tag(1).ignorable();
    }
    FetchPartition {
        partition: i32, ALL;
        current_leader_epoch: i32, since(9).or(-1).ignorable();
        fetch_offset: i64, ALL;
        last_fetched_epoch: i32, since(12).or(-1);
        log_start_offset: i64, since(5).or(-1).ignorable();
        partition_max_bytes: i32, ALL;
        replica_directory_id: Uuid, since(17).tag(0).ignorable();
        high_watermark: i64, since(18).or(i64::MAX).tag(1).ignorable();
    }
    FetchTopic {
        topic: TopicName, ALL.to(12).ignorable();
        topic_id: Uuid, since(13).ignorable();
        partitions: Vec<FetchPartition>, ALL;
    }
    ForgottenTopic {
        topic: TopicName, ALL.to(12).ignorable();
        topic_id: Uuid, since(13).ignorable();
        partitions: Vec<i32>, ALL;
    }
    ReplicaState {
        replica_id: BrokerId, ALL.or(-1);
        replica_epoch: i64, ALL.or(-1);
    }
}

message! { fetch_response: FetchResponse, 4..=18, flexible 12;
    FetchResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, since(7).ignorable();
        session_id: i32, since(7);
        responses: Vec<FetchableTopicResponse>, ALL;
        node_endpoints: Vec<NodeEndpoint>, since(16).tag(0).ignorable();
    }
    AbortedTransaction {
        producer_id: ProducerId, ALL;
        first_offset: i64, ALL;
    }
    EpochEndOffset {
        epoch: i32, ALL.or(-1);
        end_offset: i64, ALL.or(-1);
    }
    FetchableTopicResponse {
        topic: TopicName, ALL.to(12).ignorable();
        topic_id: Uuid, since(13).ignorable();
        partitions: Vec<PartitionData>, ALL;
    }
    LeaderIdAndEpoch {
        leader_id: BrokerId, ALL.or(-1);
        leader_epoch: i32, ALL.or(-1);
    }
    NodeEndpoint {
        node_id: BrokerId, ALL;
        host: Str, ALL;
        port: i32, ALL;
        rack: Option<Str>, ALL.or_null();
    }
    PartitionData {
        partition_index: i32, ALL;
        error_code: i16, ALL;
        high_watermark: i64, ALL;
        last_stable_offset: i64, ALL.or(-1);
        log_start_offset: i64, since(5).or(-1).ignorable();
        aborted_transactions: Option<Vec<AbortedTransaction>>, ALL;
        preferred_read_replica: BrokerId, since(11).or(-1);
        records: Option<Bytes>, ALL;
        diverging_epoch: EpochEndOffset, since(12).tag(0).ignorable();
        current_leader: LeaderIdAndEpoch, since(12).tag(1).ignorable();
        snapshot_id: SnapshotId, since(12).tag(2).ignorable();
    }
    SnapshotId {
        end_offset: i64, ALL.or(-1);
        epoch: i32, ALL.or(-1);
    }
}

message! { list_offsets_request: ListOffsetsRequest, 1..=10, flexible 6;
    ListOffsetsRequest {
        replica_id: BrokerId, ALL;
        isolation_level: i8, since(2);
        topics: Vec<ListOffsetsTopic>, ALL;
        timeout_ms: i32, since(10).ignorable();
    }
    ListOffsetsPartition {
        partition_index: i32, ALL;
        current_leader_epoch: i32, since(4).or(-1).ignorable();
        timestamp: i64, ALL;
    }
    ListOffsetsTopic {
        name: TopicName, ALL;
        partitions: Vec<ListOffsetsPartition>, ALL;
    }
}

message! { list_offsets_response: ListOffsetsResponse, 1..=10, flexible 6;
    ListOffsetsResponse {
        throttle_time_ms: i32, since(2).ignorable();
        topics: Vec<ListOffsetsTopicResponse>, ALL;
    }
    ListOffsetsPartitionResponse {
        partition_index: i32, ALL;
        error_code: i16, ALL;
        timestamp: i64, ALL.or(-1);
        offset: i64, ALL.or(-1);
        leader_epoch: i32, since(4).or(-1);
    }
    ListOffsetsTopicResponse {
        name: TopicName, ALL;
        partitions: Vec<ListOffsetsPartitionResponse>, ALL;
    }
}

message! { offset_for_leader_epoch_request: OffsetForLeaderEpochRequest, 2..=4, flexible 4;
    OffsetForLeaderEpochRequest {
        replica_id: BrokerId, since(3).or(-2).ignorable();
        topics: Vec<OffsetForLeaderTopic>, ALL;
    }
    OffsetForLeaderPartition {
        partition: i32, ALL;
        current_leader_epoch: i32, ALL.or(-1);
        leader_epoch: i32, ALL;
    }
    OffsetForLeaderTopic {
        topic: TopicName, ALL;
        partitions: Vec<OffsetForLeaderPartition>, ALL;
    }
}

message! { offset_for_leader_epoch_response: OffsetForLeaderEpochResponse, 2..=4, flexible 4;
    OffsetForLeaderEpochResponse {
        throttle_time_ms: i32, ALL;
        topics: Vec<OffsetForLeaderTopicResult>, ALL;
    }
    EpochEndOffset {
        error_code: i16, ALL;
        partition: i32, ALL;
        leader_epoch: i32, ALL.or(-1);
        end_offset: i64, ALL.or(-1);
    }
    OffsetForLeaderTopicResult {
        topic: TopicName, ALL;
        partitions: Vec<EpochEndOffset>, ALL;
    }
}

message! { delete_records_request: DeleteRecordsRequest, 0..=2, flexible 2;
    DeleteRecordsRequest {
        topics: Vec<DeleteRecordsTopic>, ALL;
        timeout_ms: i32, ALL;
    }
    DeleteRecordsPartition {
        partition_index: i32, ALL;
        offset: i64, ALL;
    }
    DeleteRecordsTopic {
        name: TopicName, ALL;
        partitions: Vec<DeleteRecordsPartition>, ALL;
    }
}

message! { delete_records_response: DeleteRecordsResponse, 0..=2, flexible 2;
    DeleteRecordsResponse {
        throttle_time_ms: i32, ALL;
        topics: Vec<DeleteRecordsTopicResult>, ALL;
    }
    DeleteRecordsPartitionResult {
        partition_index: i32, ALL;
        low_watermark: i64, ALL;
        error_code: i16, ALL;
    }
    DeleteRecordsTopicResult {
        name: TopicName, ALL;
        partitions: Vec<DeleteRecordsPartitionResult>, ALL;
    }
}
