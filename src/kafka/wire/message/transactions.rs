//! Transactions. See the parent module on how to read a declaration.

use super::message;

message! { add_partitions_to_txn_request: AddPartitionsToTxnRequest, 0..=5, flexible 3;
    AddPartitionsToTxnRequest {
        transactions: Vec<AddPartitionsToTxnTransaction>, since(4);
        v3_and_below_transactional_id: TransactionalId, ALL.to(3);
        v3_and_below_producer_id: ProducerId, ALL.to(3);
        v3_and_below_producer_epoch: i16, ALL.to(3);
        v3_and_below_topics: Vec<AddPartitionsToTxnTopic>, ALL.to(3);
    }
    AddPartitionsToTxnTransaction {
        transactional_id: TransactionalId, ALL;
        producer_id: ProducerId, ALL;
        producer_epoch: i16, ALL;
        verify_only: bool, ALL;
        topics: Vec<AddPartitionsToTxnTopic>, ALL;
    }
    AddPartitionsToTxnTopic {
        name: TopicName, ALL;
        partitions: Vec<i32>, ALL;
    }
}

message! { add_partitions_to_txn_response: AddPartitionsToTxnResponse, 0..=5, flexible 3;
    AddPartitionsToTxnResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, since(4).ignorable();
        results_by_transaction: Vec<AddPartitionsToTxnResult>, since(4);
        results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult>, ALL.to(3);
    }
    AddPartitionsToTxnResult {
        transactional_id: TransactionalId, ALL;
        topic_results: Vec<AddPartitionsToTxnTopicResult>, ALL;
    }
    AddPartitionsToTxnTopicResult {
        name: TopicName, ALL;
        results_by_partition: Vec<AddPartitionsToTxnPartitionResult>, ALL;
    }
    AddPartitionsToTxnPartitionResult {
        partition_index: i32, ALL;
        partition_error_code: i16, ALL;
    }
}

message! { add_offsets_to_txn_request: AddOffsetsToTxnRequest, 0..=4, flexible 3;
    AddOffsetsToTxnRequest {
        transactional_id: TransactionalId, ALL;
        producer_id: ProducerId, ALL;
        producer_epoch: i16, ALL;
        group_id: GroupId, ALL;
    }
}

message! { add_offsets_to_txn_response: AddOffsetsToTxnResponse, 0..=4, flexible 3;
    AddOffsetsToTxnResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, ALL;
    }
}

message! { end_txn_request: EndTxnRequest, 0..=5, flexible 3;
    EndTxnRequest {
        transactional_id: TransactionalId, ALL;
        producer_id: ProducerId, ALL;
        producer_epoch: i16, ALL;
        committed: bool, ALL;
    }
}

message! { end_txn_response: EndTxnResponse, 0..=5, flexible 3;
    EndTxnResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, ALL;
        producer_id: ProducerId, since(5).or(-1).ignorable();
        producer_epoch: i16, since(5).or(-1).ignorable();
    }
}

message! { write_txn_markers_request: WriteTxnMarkersRequest, 1..=1, flexible 1;
    WriteTxnMarkersRequest {
        markers: Vec<WritableTxnMarker>, ALL;
    }
    WritableTxnMarker {
        producer_id: ProducerId, ALL;
        producer_epoch: i16, ALL;
        transaction_result: bool, ALL;
        topics: Vec<WritableTxnMarkerTopic>, ALL;
        coordinator_epoch: i32, ALL;
    }
    WritableTxnMarkerTopic {
        name: TopicName, ALL;
        partition_indexes: Vec<i32>, ALL;
    }
}

message! { write_txn_markers_response: WriteTxnMarkersResponse, 1..=1, flexible 1;
    WriteTxnMarkersResponse {
        markers: Vec<WritableTxnMarkerResult>, ALL;
    }
    WritableTxnMarkerResult {
        producer_id: ProducerId, ALL;
        topics: Vec<WritableTxnMarkerTopicResult>, ALL;
    }
    WritableTxnMarkerTopicResult {
        name: TopicName, ALL;
        partitions: Vec<WritableTxnMarkerPartitionResult>, ALL;
    }
    WritableTxnMarkerPartitionResult {
        partition_index: i32, ALL;
        error_code: i16, ALL;
    }
}

message! { txn_offset_commit_request: TxnOffsetCommitRequest, 0..=5, flexible 3;
    TxnOffsetCommitRequest {
        transactional_id: TransactionalId, ALL;
        group_id: GroupId, ALL;
        producer_id: ProducerId, ALL;
        producer_epoch: i16, ALL;
        generation_id: i32, since(3).or(-1);
        member_id: Str, since(3);
        group_instance_id: Option<Str>, since(3).or_null();
        topics: Vec<TxnOffsetCommitRequestTopic>, ALL;
    }
    TxnOffsetCommitRequestTopic {
        name: TopicName, ALL;
        partitions: Vec<TxnOffsetCommitRequestPartition>, ALL;
    }
    TxnOffsetCommitRequestPartition {
        partition_index: i32, ALL;
        committed_offset: i64, ALL;
        committed_leader_epoch: i32, since(2).or(-1).ignorable();
        committed_metadata: Option<Str>, ALL;
    }
}

message! { txn_offset_commit_response: TxnOffsetCommitResponse, 0..=5, flexible 3;
    TxnOffsetCommitResponse {
        throttle_time_ms: i32, ALL;
        topics: Vec<TxnOffsetCommitResponseTopic>, ALL;
    }
    TxnOffsetCommitResponseTopic {
        name: TopicName, ALL;
        partitions: Vec<TxnOffsetCommitResponsePartition>, ALL;
    }
    TxnOffsetCommitResponsePartition {
        partition_index: i32, ALL;
        error_code: i16, ALL;
    }
}

message! { describe_transactions_request: DescribeTransactionsRequest, 0..=0, flexible 0;
    DescribeTransactionsRequest {
        transactional_ids: Vec<TransactionalId>, ALL;
    }
}

message! { describe_transactions_response: DescribeTransactionsResponse, 0..=0, flexible 0;
    DescribeTransactionsResponse {
        throttle_time_ms: i32, ALL;
        transaction_states: Vec<TransactionState>, ALL;
    }
    TransactionState {
        error_code: i16, ALL;
        transactional_id: TransactionalId, ALL;
        transaction_state: Str, ALL;
        transaction_timeout_ms: i32, ALL;
        transaction_start_time_ms: i64, ALL;
        producer_id: ProducerId, ALL;
        producer_epoch: i16, ALL;
        topics: Vec<TopicData>, ALL;
    }
    TopicData {
        topic: TopicName, ALL;
        partitions: Vec<i32>, ALL;
    }
}

message! { list_transactions_request: ListTransactionsRequest, 0..=2, flexible 0;
    ListTransactionsRequest {
        state_filters: Vec<Str>, ALL;
        producer_id_filters: Vec<ProducerId>, ALL;
        duration_filter: i64, since(1).or(-1);
        transactional_id_pattern: Option<Str>, since(2).or_null();
    }
}

message! { list_transactions_response: ListTransactionsResponse, 0..=2, flexible 0;
    ListTransactionsResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, ALL;
        unknown_state_filters: Vec<Str>, ALL;
        transaction_states: Vec<TransactionState>, ALL;
    }
    TransactionState {
        transactional_id: TransactionalId, ALL;
        producer_id: ProducerId, ALL;
        transaction_state: Str, ALL;
    }
}

message! { transaction_log_value: TransactionLogValue, 0..=1, flexible 1;
    TransactionLogValue {
        producer_id: ProducerId, ALL;
        previous_producer_id: ProducerId, since(1).tag(0).or(-1);
        next_producer_id: ProducerId, since(1).tag(1).or(-1);
        producer_epoch: i16, ALL;
        transaction_timeout_ms: i32, ALL;
        transaction_status: i8, ALL;
        transaction_partitions: Option<Vec<PartitionsSchema>>, ALL;
        transaction_last_update_timestamp_ms: i64, ALL;
        transaction_start_timestamp_ms: i64, ALL;
        client_transaction_version: i16, since(1).tag(2);
    }
    PartitionsSchema {
        topic: TopicName, ALL;
        partition_ids: Vec<i32>, ALL;
    }
}
