//! What brokers say to the controller. See the parent module on how to read a declaration.

use super::message;

message! { alter_partition_request: AlterPartitionRequest, 2..=3, flexible 2;
    AlterPartitionRequest {
        broker_id: BrokerId, ALL;
        broker_epoch: i64, ALL.or(-1);
        topics: Vec<TopicData>, ALL;
    }
    BrokerState {
        broker_id: BrokerId, ALL;
        broker_epoch: i64, ALL.or(-1);
    }
    PartitionData {
        partition_index: i32, ALL;
        leader_epoch: i32, ALL;
        new_isr: Vec<BrokerId>, ALL.to(2);
        new_isr_with_epochs: Vec<BrokerState>, since(3);
        leader_recovery_state: i8, ALL;
        partition_epoch: i32, ALL;
    }
    TopicData {
        topic_id: Uuid, ALL;
        partitions: Vec<PartitionData>, ALL;
    }
}

message! { alter_partition_response: AlterPartitionResponse, 2..=3, flexible 2;
    AlterPartitionResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, ALL;
        topics: Vec<TopicData>, ALL;
    }
    PartitionData {
        partition_index: i32, ALL;
        error_code: i16, ALL;
        leader_id: BrokerId, ALL;
        leader_epoch: i32, ALL;
        isr: Vec<BrokerId>, ALL;
        leader_recovery_state: i8, ALL;
        partition_epoch: i32, ALL;
    }
    TopicData {
        topic_id: Uuid, ALL;
        partitions: Vec<PartitionData>, ALL;
    }
}

message! { broker_registration_request: BrokerRegistrationRequest, 0..=4, flexible 0;
    BrokerRegistrationRequest {
        broker_id: BrokerId, ALL;
        cluster_id: Str, ALL;
        incarnation_id: Uuid, ALL;
        listeners: Vec<Listener>, ALL;
        features: Vec<Feature>, ALL;
        rack: Option<Str>, ALL;
        is_migrating_zk_broker: bool, since(1);
        log_dirs: Vec<Uuid>, since(2).ignorable();
        previous_broker_epoch: i64, since(3).or(-1).ignorable();
    }
    Feature {
        name: Str, ALL;
        min_supported_version: i16, ALL;
        max_supported_version: i16, ALL;
    }
    Listener {
        name: Str, ALL;
        host: Str, ALL;
        port: u16, ALL;
        security_protocol: i16, ALL;
    }
}

message! { broker_registration_response: BrokerRegistrationResponse, 0..=4, flexible 0;
    BrokerRegistrationResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, ALL;
        broker_epoch: i64, ALL.or(-1);
    }
}

message! { broker_heartbeat_request: BrokerHeartbeatRequest, 0..=1, flexible 0;
    BrokerHeartbeatRequest {
        broker_id: BrokerId, ALL;
        broker_epoch: i64, ALL.or(-1);
        current_metadata_offset: i64, ALL;
        want_fence: bool, ALL;
        want_shut_down: bool, ALL;
        offline_log_dirs: Vec<Uuid>, since(1).tag(0).ignorable();
    }
}

message! { broker_heartbeat_response: BrokerHeartbeatResponse, 0..=1, flexible 0;
    BrokerHeartbeatResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, ALL;
        is_caught_up: bool, ALL;
        is_fenced: bool, ALL.or(1);
        should_shut_down: bool, ALL;
    }
}

message! { unregister_broker_request: UnregisterBrokerRequest, 0..=0, flexible 0;
    UnregisterBrokerRequest {
        broker_id: BrokerId, ALL;
    }
}

message! { unregister_broker_response: UnregisterBrokerResponse, 0..=0, flexible 0;
    UnregisterBrokerResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
    }
}

message! { allocate_producer_ids_request: AllocateProducerIdsRequest, 0..=0, flexible 0;
    AllocateProducerIdsRequest {
        broker_id: BrokerId, ALL;
        broker_epoch: i64, ALL.or(-1);
    }
}

message! { allocate_producer_ids_response: AllocateProducerIdsResponse, 0..=0, flexible 0;
    AllocateProducerIdsResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, ALL;
        producer_id_start: ProducerId, ALL;
        producer_id_len: i32, ALL;
    }
}

message! { envelope_request: EnvelopeRequest, 0..=0, flexible 0;
    EnvelopeRequest {
        request_data: Bytes, ALL;
        request_principal: Option<Bytes>, ALL;
        client_host_address: Bytes, ALL;
    }
}

message! { envelope_response: EnvelopeResponse, 0..=0, flexible 0;
    EnvelopeResponse {
        response_data: Option<Bytes>, ALL.or_null();
        error_code: i16, ALL;
    }
}
