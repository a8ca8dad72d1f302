//! Topics and their partitions, as an admin changes them. See the parent module on how to read a declaration.

use super::message;

message! { create_topics_request: CreateTopicsRequest, 2..=7, flexible 5;
    CreateTopicsRequest {
        topics: Vec<CreatableTopic>, ALL;
        timeout_ms: i32, ALL.or(60_000);
        validate_only: bool, ALL;
    }
    CreatableReplicaAssignment {
        partition_index: i32, ALL;
        broker_ids: Vec<BrokerId>, ALL;
    }
    CreatableTopic {
        name: TopicName, ALL;
        num_partitions: i32, ALL;
        replication_factor: i16, ALL;
        assignments: Vec<CreatableReplicaAssignment>, ALL;
        configs: Vec<CreatableTopicConfig>, ALL;
    }
    CreatableTopicConfig {
        name: Str, ALL;
        value: Option<Str>, ALL;
    }
}

message! { create_topics_response: CreateTopicsResponse, 2..=7, flexible 5;
    CreateTopicsResponse {
        throttle_time_ms: i32, ALL;
        topics: Vec<CreatableTopicResult>, ALL;
    }
    CreatableTopicConfigs {
        name: Str, ALL;
        value: Option<Str>, ALL;
        read_only: bool, ALL;
        config_source: i8, ALL.or(-1);
        is_sensitive: bool, ALL;
    }
    CreatableTopicResult {
        name: TopicName, ALL;
        topic_id: Uuid, since(7).ignorable();
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
        num_partitions: i32, since(5).or(-1).ignorable();
        replication_factor: i16, since(5).or(-1).ignorable();
        configs: Option<Vec<CreatableTopicConfigs>>, since(5).ignorable();
        topic_config_error_code: i16, since(5).tag(0).ignorable();
    }
}

message! { delete_topics_request: DeleteTopicsRequest, 1..=6, flexible 4;
    DeleteTopicsRequest {
        topics: Vec<DeleteTopicState>, since(6);
        topic_names: Vec<TopicName>, ALL.to(5).ignorable();
        timeout_ms: i32, ALL;
    }
    DeleteTopicState {
        name: Option<TopicName>, ALL.or_null();
        topic_id: Uuid, ALL;
    }
}

message! { delete_topics_response: DeleteTopicsResponse, 1..=6, flexible 4;
    DeleteTopicsResponse {
        throttle_time_ms: i32, ALL;
        responses: Vec<DeletableTopicResult>, ALL;
    }
    DeletableTopicResult {
        name: Option<TopicName>, ALL.nullable(6);
        topic_id: Uuid, since(6).ignorable();
        error_code: i16, ALL;
        error_message: Option<Str>, since(5).or_null().ignorable();
    }
}

message! { create_partitions_request: CreatePartitionsRequest, 0..=3, flexible 2;
    CreatePartitionsRequest {
        topics: Vec<CreatePartitionsTopic>, ALL;
        timeout_ms: i32, ALL;
        validate_only: bool, ALL;
    }
    CreatePartitionsAssignment {
        broker_ids: Vec<BrokerId>, ALL;
    }
    CreatePartitionsTopic {
        name: TopicName, ALL;
        count: i32, ALL;
        assignments: Option<Vec<CreatePartitionsAssignment>>, ALL;
    }
}

message! { create_partitions_response: CreatePartitionsResponse, 0..=3, flexible 2;
    CreatePartitionsResponse {
        throttle_time_ms: i32, ALL;
        results: Vec<CreatePartitionsTopicResult>, ALL;
    }
    CreatePartitionsTopicResult {
        name: TopicName, ALL;
        error_code: i16, ALL;
        error_message: Option<Str>, ALL.or_null();
    }
}

message! { elect_leaders_request: ElectLeadersRequest, 0..=2, flexible 2;
    ElectLeadersRequest {
        election_type: i8, since(1);
        topic_partitions: Option<Vec<TopicPartitions>>, ALL;
        timeout_ms: i32, ALL.or(60_000);
    }
    TopicPartitions {
        topic: TopicName, ALL;
        partitions: Vec<i32>, ALL;
    }
}

message! { elect_leaders_response: ElectLeadersResponse, 0..=2, flexible 2;
    ElectLeadersResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, since(1);
        replica_election_results: Vec<ReplicaElectionResult>, ALL;
    }
    PartitionResult {
        partition_id: i32, ALL;
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
    }
    ReplicaElectionResult {
        topic: TopicName, ALL;
        partition_result: Vec<PartitionResult>, ALL;
    }
}

message! { alter_partition_reassignments_request: AlterPartitionReassignmentsRequest, 0..=1, flexible 0;
    AlterPartitionReassignmentsRequest {
        timeout_ms: i32, ALL.or(60_000);
        allow_replication_factor_change: bool, since(1).or(1);
        topics: Vec<ReassignableTopic>, ALL;
    }
    ReassignablePartition {
        partition_index: i32, ALL;
        replicas: Option<Vec<BrokerId>>, ALL.or_null();
    }
    ReassignableTopic {
        name: TopicName, ALL;
        partitions: Vec<ReassignablePartition>, ALL;
    }
}

message! { alter_partition_reassignments_response: AlterPartitionReassignmentsResponse, 0..=1, flexible 0;
    AlterPartitionReassignmentsResponse {
        throttle_time_ms: i32, ALL;
        allow_replication_factor_change: bool, since(1).or(1).ignorable();
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
        responses: Vec<ReassignableTopicResponse>, ALL;
    }
    ReassignablePartitionResponse {
        partition_index: i32, ALL;
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
    }
    ReassignableTopicResponse {
        name: TopicName, ALL;
        partitions: Vec<ReassignablePartitionResponse>, ALL;
    }
}

message! { list_partition_reassignments_request: ListPartitionReassignmentsRequest, 0..=0, flexible 0;
    ListPartitionReassignmentsRequest {
        timeout_ms: i32, ALL.or(60_000);
        topics: Option<Vec<ListPartitionReassignmentsTopics>>, ALL.or_null();
    }
    ListPartitionReassignmentsTopics {
        name: TopicName, ALL;
        partition_indexes: Vec<i32>, ALL;
    }
}

message! { list_partition_reassignments_response: ListPartitionReassignmentsResponse, 0..=0, flexible 0;
    ListPartitionReassignmentsResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
        topics: Vec<OngoingTopicReassignment>, ALL;
    }
    OngoingPartitionReassignment {
        partition_index: i32, ALL;
        replicas: Vec<BrokerId>, ALL;
        adding_replicas: Vec<BrokerId>, ALL;
        removing_replicas: Vec<BrokerId>, ALL;
    }
    OngoingTopicReassignment {
        name: TopicName, ALL;
        partitions: Vec<OngoingPartitionReassignment>, ALL;
    }
}
