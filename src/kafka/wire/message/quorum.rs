//! The KRaft quorum. See the parent module on how to read a declaration.

use super::message;

message! { vote_request: VoteRequest, 0..=2, flexible 0;
    VoteRequest {
        cluster_id: Option<Str>, ALL.or_null();
        voter_id: BrokerId, since(1).or(-1).ignorable();
        topics: Vec<TopicData>, ALL;
    }
    PartitionData {
        partition_index: i32, ALL;
        replica_epoch: i32, ALL;
        replica_id: BrokerId, ALL;
        replica_directory_id: Uuid, since(1).ignorable();
        voter_directory_id: Uuid, since(1).ignorable();
        last_offset_epoch: i32, ALL;
        last_offset: i64, ALL;
        pre_vote: bool, since(2);
    }
    TopicData {
        topic_name: TopicName, ALL;
        partitions: Vec<PartitionData>, ALL;
    }
}

message! { vote_response: VoteResponse, 0..=2, flexible 0;
    VoteResponse {
        error_code: i16, ALL;
        topics: Vec<TopicData>, ALL;
        node_endpoints: Vec<NodeEndpoint>, since(1).tag(0).ignorable();
    }
    NodeEndpoint {
        node_id: BrokerId, ALL;
        host: Str, ALL;
        port: u16, ALL;
    }
    PartitionData {
        partition_index: i32, ALL;
        error_code: i16, ALL;
        leader_id: BrokerId, ALL;
        leader_epoch: i32, ALL;
        vote_granted: bool, ALL;
    }
    TopicData {
        topic_name: TopicName, ALL;
        partitions: Vec<PartitionData>, ALL;
    }
}

message! { begin_quorum_epoch_request: BeginQuorumEpochRequest, 0..=1, flexible 1;
    BeginQuorumEpochRequest {
        cluster_id: Option<Str>, ALL.or_null();
        voter_id: BrokerId, since(1).or(-1).ignorable();
        topics: Vec<TopicData>, ALL;
        leader_endpoints: Vec<LeaderEndpoint>, since(1).ignorable();
    }
    LeaderEndpoint {
        name: Str, ALL;
        host: Str, ALL;
        port: u16, ALL;
    }
    PartitionData {
        partition_index: i32, ALL;
        voter_directory_id: Uuid, since(1).ignorable();
        leader_id: BrokerId, ALL;
        leader_epoch: i32, ALL;
    }
    TopicData {
        topic_name: TopicName, ALL;
        partitions: Vec<PartitionData>, ALL;
    }
}

message! { begin_quorum_epoch_response: BeginQuorumEpochResponse, 0..=1, flexible 1;
    BeginQuorumEpochResponse {
        error_code: i16, ALL;
        topics: Vec<TopicData>, ALL;
        node_endpoints: Vec<NodeEndpoint>, since(1).tag(0).ignorable();
    }
    NodeEndpoint {
        node_id: BrokerId, ALL;
        host: Str, ALL;
        port: u16, ALL;
    }
    PartitionData {
        partition_index: i32, ALL;
        error_code: i16, ALL;
        leader_id: BrokerId, ALL;
        leader_epoch: i32, ALL;
    }
    TopicData {
        topic_name: TopicName, ALL;
        partitions: Vec<PartitionData>, ALL;
    }
}

message! { end_quorum_epoch_request: EndQuorumEpochRequest, 0..=1, flexible 1;
    EndQuorumEpochRequest {
        cluster_id: Option<Str>, ALL.or_null();
        topics: Vec<TopicData>, ALL;
        leader_endpoints: Vec<LeaderEndpoint>, since(1).ignorable();
    }
    LeaderEndpoint {
        name: Str, ALL;
        host: Str, ALL;
        port: u16, ALL;
    }
    PartitionData {
        partition_index: i32, ALL;
        leader_id: BrokerId, ALL;
        leader_epoch: i32, ALL;
        preferred_successors: Vec<i32>, ALL.to(0).ignorable();
        preferred_candidates: Vec<ReplicaInfo>, since(1).ignorable();
    }
    ReplicaInfo {
        candidate_id: BrokerId, ALL;
        candidate_directory_id: Uuid, ALL;
    }
    TopicData {
        topic_name: TopicName, ALL;
        partitions: Vec<PartitionData>, ALL;
    }
}

message! { end_quorum_epoch_response: EndQuorumEpochResponse, 0..=1, flexible 1;
    EndQuorumEpochResponse {
        error_code: i16, ALL;
        topics: Vec<TopicData>, ALL;
        node_endpoints: Vec<NodeEndpoint>, since(1).tag(0).ignorable();
    }
    NodeEndpoint {
        node_id: BrokerId, ALL;
        host: Str, ALL;
        port: u16, ALL;
    }
    PartitionData {
        partition_index: i32, ALL;
        error_code: i16, ALL;
        leader_id: BrokerId, ALL;
        leader_epoch: i32, ALL;
    }
    TopicData {
        topic_name: TopicName, ALL;
        partitions: Vec<PartitionData>, ALL;
    }
}

message! { describe_quorum_request: DescribeQuorumRequest, 0..=2, flexible 0;
    DescribeQuorumRequest {
        topics: Vec<TopicData>, ALL;
    }
    PartitionData {
        partition_index: i32, ALL;
    }
    TopicData {
        topic_name: TopicName, ALL;
        partitions: Vec<PartitionData>, ALL;
    }
}

message! { describe_quorum_response: DescribeQuorumResponse, 0..=2, flexible 0;
    DescribeQuorumResponse {
        error_code: i16, ALL;
        error_message: Option<Str>, since(2).ignorable();
        topics: Vec<TopicData>, ALL;
        nodes: Vec<Node>, since(2);
    }
    Listener {
        name: Str, ALL;
        host: Str, ALL;
        port: u16, ALL;
    }
    Node {
        node_id: BrokerId, ALL;
        listeners: Vec<Listener>, ALL;
    }
    PartitionData {
        partition_index: i32, ALL;
        error_code: i16, ALL;
        error_message: Option<Str>, since(2).ignorable();
        leader_id: BrokerId, ALL;
        leader_epoch: i32, ALL;
        high_watermark: i64, ALL;
        current_voters: Vec<ReplicaState>, ALL;
        observers: Vec<ReplicaState>, ALL;
    }
    ReplicaState {
        replica_id: BrokerId, ALL;
        replica_directory_id: Uuid, since(2);
        log_end_offset: i64, ALL;
        last_fetch_timestamp: i64, since(1).or(-1).ignorable();
        last_caught_up_timestamp: i64, since(1).or(-1).ignorable();
    }
    TopicData {
        topic_name: TopicName, ALL;
        partitions: Vec<PartitionData>, ALL;
    }
}
