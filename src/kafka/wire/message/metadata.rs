//! Where everything is. See the parent module on how to read a declaration.

use super::message;

message! { api_versions_request: ApiVersionsRequest, 0..=4, flexible 3;
    ApiVersionsRequest {
        client_software_name: Str, since(3).ignorable();
        client_software_version: Str, since(3).ignorable();
    }
}

message! { api_versions_response: ApiVersionsResponse, 0..=4, flexible 3, header NEVER;
    ApiVersionsResponse {
        error_code: i16, ALL;
        api_keys: Vec<ApiVersion>, ALL;
        throttle_time_ms: i32, since(1).ignorable();
        supported_features: Vec<SupportedFeatureKey>, since(3).tag(0).ignorable();
        finalized_features_epoch: i64, since(3).or(-1).tag(1).ignorable();
        finalized_features: Vec<FinalizedFeatureKey>, since(3).tag(2).ignorable();
        zk_migration_ready: bool, since(3).tag(3).ignorable();
    }
    ApiVersion {
        api_key: i16, ALL;
        min_version: i16, ALL;
        max_version: i16, ALL;
    }
    FinalizedFeatureKey {
        name: Str, ALL;
        max_version_level: i16, ALL;
        min_version_level: i16, ALL;
    }
    SupportedFeatureKey {
        name: Str, ALL;
        min_version: i16, ALL;
        max_version: i16, ALL;
    }
}

message! { metadata_request: MetadataRequest, 0..=13, flexible 9;
    MetadataRequest {
        topics: Option<Vec<MetadataRequestTopic>>, ALL.nullable(1);
        allow_auto_topic_creation: bool, since(4).or(1);
        include_cluster_authorized_operations: bool, since(8).to(10);
        include_topic_authorized_operations: bool, since(8);
    }
    MetadataRequestTopic {
        topic_id: Uuid, since(10).ignorable();
        name: Option<TopicName>, ALL.nullable(10);
    }
}

message! { metadata_response: MetadataResponse, 0..=13, flexible 9;
    MetadataResponse {
        throttle_time_ms: i32, since(3).ignorable();
        brokers: Vec<MetadataResponseBroker>, ALL;
        cluster_id: Option<Str>, since(2).or_null().ignorable();
        controller_id: BrokerId, since(1).or(-1).ignorable();
        topics: Vec<MetadataResponseTopic>, ALL;
        cluster_authorized_operations: i32, since(8).to(10).or(i32::MIN as i64);
        error_code: i16, since(13).ignorable();
    }
    MetadataResponseBroker {
        node_id: BrokerId, ALL;
        host: Str, ALL;
        port: i32, ALL;
        rack: Option<Str>, since(1).or_null().ignorable();
    }
    MetadataResponsePartition {
        error_code: i16, ALL;
        partition_index: i32, ALL;
        leader_id: BrokerId, ALL;
        leader_epoch: i32, since(7).or(-1).ignorable();
        replica_nodes: Vec<BrokerId>, ALL;
        isr_nodes: Vec<BrokerId>, ALL;
        offline_replicas: Vec<BrokerId>, since(5).ignorable();
    }
    MetadataResponseTopic {
        error_code: i16, ALL;
        name: Option<TopicName>, ALL.nullable(12);
        topic_id: Uuid, since(10).ignorable();
        is_internal: bool, since(1).ignorable();
        partitions: Vec<MetadataResponsePartition>, ALL;
        topic_authorized_operations: i32, since(8).or(i32::MIN as i64);
    }
}

message! { find_coordinator_request: FindCoordinatorRequest, 0..=6, flexible 3;
    FindCoordinatorRequest {
        key: Str, ALL.to(3);
        key_type: i8, since(1);
        coordinator_keys: Vec<Str>, since(4);
    }
}

message! { find_coordinator_response: FindCoordinatorResponse, 0..=6, flexible 3;
    FindCoordinatorResponse {
        throttle_time_ms: i32, since(1).ignorable();
        error_code: i16, ALL.to(3);
        error_message: Option<Str>, since(1).to(3).ignorable();
        node_id: BrokerId, ALL.to(3);
        host: Str, ALL.to(3);
        port: i32, ALL.to(3);
        coordinators: Vec<Coordinator>, since(4);
    }
    Coordinator {
        key: Str, ALL;
        node_id: BrokerId, ALL;
        host: Str, ALL;
        port: i32, ALL;
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
    }
}

message! { describe_cluster_request: DescribeClusterRequest, 0..=2, flexible 0;
    DescribeClusterRequest {
        include_cluster_authorized_operations: bool, ALL;
        endpoint_type: i8, since(1).or(1);
        include_fenced_brokers: bool, since(2);
    }
}

message! { describe_cluster_response: DescribeClusterResponse, 0..=2, flexible 0;
    DescribeClusterResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, ALL;
        error_message: Option<Str>, ALL.or_null();
        endpoint_type: i8, since(1).or(1);
        cluster_id: Str, ALL;
        controller_id: BrokerId, ALL.or(-1);
        brokers: Vec<DescribeClusterBroker>, ALL;
        cluster_authorized_operations: i32, ALL.or(i32::MIN as i64);
    }
    DescribeClusterBroker {
        broker_id: BrokerId, ALL;
        host: Str, ALL;
        port: i32, ALL;
        rack: Option<Str>, ALL.or_null();
        is_fenced: bool, since(2);
    }
}

message! { describe_topic_partitions_request: DescribeTopicPartitionsRequest, 0..=0, flexible 0;
    DescribeTopicPartitionsRequest {
        topics: Vec<TopicRequest>, ALL;
        response_partition_limit: i32, ALL.or(2_000);
        cursor: Option<Cursor>, ALL.or_null();
    }
    Cursor {
        topic_name: TopicName, ALL;
        partition_index: i32, ALL;
    }
    TopicRequest {
        name: TopicName, ALL;
    }
}

message! { describe_topic_partitions_response: DescribeTopicPartitionsResponse, 0..=0, flexible 0;
    DescribeTopicPartitionsResponse {
        throttle_time_ms: i32, ALL;
        topics: Vec<DescribeTopicPartitionsResponseTopic>, ALL;
        next_cursor: Option<Cursor>, ALL.or_null();
    }
    Cursor {
        topic_name: TopicName, ALL;
        partition_index: i32, ALL;
    }
    DescribeTopicPartitionsResponsePartition {
        error_code: i16, ALL;
        partition_index: i32, ALL;
        leader_id: BrokerId, ALL;
        leader_epoch: i32, ALL.or(-1);
        replica_nodes: Vec<BrokerId>, ALL;
        isr_nodes: Vec<BrokerId>, ALL;
        eligible_leader_replicas: Option<Vec<BrokerId>>, ALL.or_null();
        last_known_elr: Option<Vec<BrokerId>>, ALL.or_null();
        offline_replicas: Vec<BrokerId>, ALL;
    }
    DescribeTopicPartitionsResponseTopic {
        error_code: i16, ALL;
        name: Option<TopicName>, ALL;
        topic_id: Uuid, ALL;
        is_internal: bool, ALL;
        partitions: Vec<DescribeTopicPartitionsResponsePartition>, ALL;
        topic_authorized_operations: i32, ALL.or(i32::MIN as i64);
    }
}

message! { describe_log_dirs_request: DescribeLogDirsRequest, 1..=4, flexible 2;
    DescribeLogDirsRequest {
        topics: Option<Vec<DescribableLogDirTopic>>, ALL;
    }
    DescribableLogDirTopic {
        topic: TopicName, ALL;
        partitions: Vec<i32>, ALL;
    }
}

message! { describe_log_dirs_response: DescribeLogDirsResponse, 1..=4, flexible 2;
    DescribeLogDirsResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, since(3).ignorable();
        results: Vec<DescribeLogDirsResult>, ALL;
    }
    DescribeLogDirsResult {
        error_code: i16, ALL;
        log_dir: Str, ALL;
        topics: Vec<DescribeLogDirsTopic>, ALL;
        total_bytes: i64, since(4).ignorable().or(-1);
        usable_bytes: i64, since(4).ignorable().or(-1);
    }
    DescribeLogDirsTopic {
        name: TopicName, ALL;
        partitions: Vec<DescribeLogDirsPartition>, ALL;
    }
    DescribeLogDirsPartition {
        partition_index: i32, ALL;
        partition_size: i64, ALL;
        offset_lag: i64, ALL;
        is_future_key: bool, ALL;
    }
}
