//! Producing: batches, producer ids. See the parent module on how to read a declaration.

use super::message;

message! { produce_request: ProduceRequest, 3..=13, flexible 9;
    ProduceRequest {
        transactional_id: Option<TransactionalId>, ALL.or_null();
        acks: i16, ALL;
        timeout_ms: i32, ALL;
        topic_data: Vec<TopicProduceData>, ALL;
    }
    PartitionProduceData {
        index: i32, ALL;
        records: Option<Bytes>, ALL;
    }
    TopicProduceData {
        name: TopicName, ALL.to(12).ignorable();
        topic_id: Uuid, since(13).ignorable();
        partition_data: Vec<PartitionProduceData>, ALL;
    }
}

message! { produce_response: ProduceResponse, 3..=13, flexible 9;
    ProduceResponse {
        responses: Vec<TopicProduceResponse>, ALL;
        throttle_time_ms: i32, ALL;
        node_endpoints: Vec<NodeEndpoint>, since(10).tag(0).ignorable();
    }
    BatchIndexAndErrorMessage {
        batch_index: i32, ALL;
        batch_index_error_message: Option<Str>, ALL.or_null();
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
    PartitionProduceResponse {
        index: i32, ALL;
        error_code: i16, ALL;
        base_offset: i64, ALL;
        log_append_time_ms: i64, ALL.or(-1);
        log_start_offset: i64, since(5).or(-1).ignorable();
        record_errors: Vec<BatchIndexAndErrorMessage>, since(8).ignorable();
        error_message: Option<Str>, since(8).or_null().ignorable();
        current_leader: LeaderIdAndEpoch, since(10).tag(0).ignorable();
    }
    TopicProduceResponse {
        name: TopicName, ALL.to(12).ignorable();
        topic_id: Uuid, since(13).ignorable();
        partition_responses: Vec<PartitionProduceResponse>, ALL;
    }
}

message! { init_producer_id_request: InitProducerIdRequest, 0..=5, flexible 2;
    InitProducerIdRequest {
        transactional_id: Option<TransactionalId>, ALL;
        transaction_timeout_ms: i32, ALL;
        producer_id: ProducerId, since(3).or(-1);
        producer_epoch: i16, since(3).or(-1);
    }
}

message! { init_producer_id_response: InitProducerIdResponse, 0..=5, flexible 2;
    InitProducerIdResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, ALL;
        producer_id: ProducerId, ALL.or(-1);
        producer_epoch: i16, ALL;
    }
}

message! { describe_producers_request: DescribeProducersRequest, 0..=0, flexible 0;
    DescribeProducersRequest {
        topics: Vec<TopicRequest>, ALL;
    }
    TopicRequest {
        name: TopicName, ALL;
        partition_indexes: Vec<i32>, ALL;
    }
}

message! { describe_producers_response: DescribeProducersResponse, 0..=0, flexible 0;
    DescribeProducersResponse {
        throttle_time_ms: i32, ALL;
        topics: Vec<TopicResponse>, ALL;
    }
    PartitionResponse {
        partition_index: i32, ALL;
        error_code: i16, ALL;
        error_message: Option<Str>, ALL.or_null();
        active_producers: Vec<ProducerState>, ALL;
    }
    ProducerState {
        producer_id: ProducerId, ALL;
        producer_epoch: i32, ALL;
        last_sequence: i32, ALL.or(-1);
        last_timestamp: i64, ALL.or(-1);
        coordinator_epoch: i32, ALL;
        current_txn_start_offset: i64, ALL.or(-1);
    }
    TopicResponse {
        name: TopicName, ALL;
        partitions: Vec<PartitionResponse>, ALL;
    }
}
