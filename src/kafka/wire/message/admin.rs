//! What administrators ask: log directories, features, credentials, quotas. See the parent module on how to read a declaration.

use super::message;

message! { alter_replica_log_dirs_request: AlterReplicaLogDirsRequest, 1..=2, flexible 2;
    AlterReplicaLogDirsRequest {
        dirs: Vec<AlterReplicaLogDir>, ALL;
    }
    AlterReplicaLogDir {
        path: Str, ALL;
        topics: Vec<AlterReplicaLogDirTopic>, ALL;
    }
    AlterReplicaLogDirTopic {
        name: TopicName, ALL;
        partitions: Vec<i32>, ALL;
    }
}

message! { alter_replica_log_dirs_response: AlterReplicaLogDirsResponse, 1..=2, flexible 2;
    AlterReplicaLogDirsResponse {
        throttle_time_ms: i32, ALL;
        results: Vec<AlterReplicaLogDirTopicResult>, ALL;
    }
    AlterReplicaLogDirPartitionResult {
        partition_index: i32, ALL;
        error_code: i16, ALL;
    }
    AlterReplicaLogDirTopicResult {
        topic_name: TopicName, ALL;
        partitions: Vec<AlterReplicaLogDirPartitionResult>, ALL;
    }
}

message! { update_features_request: UpdateFeaturesRequest, 0..=2, flexible 0;
    UpdateFeaturesRequest {
        timeout_ms: i32, ALL.or(60_000);
        feature_updates: Vec<FeatureUpdateKey>, ALL;
        validate_only: bool, since(1);
    }
    FeatureUpdateKey {
        feature: Str, ALL;
        max_version_level: i16, ALL;
        allow_downgrade: bool, ALL.to(0);
        upgrade_type: i8, since(1).or(1);
    }
}

message! { update_features_response: UpdateFeaturesResponse, 0..=2, flexible 0;
    UpdateFeaturesResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
        results: Vec<UpdatableFeatureResult>, ALL.to(1).ignorable();
    }
    UpdatableFeatureResult {
        feature: Str, ALL;
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
    }
}

message! { describe_user_scram_credentials_request: DescribeUserScramCredentialsRequest, 0..=0, flexible 0;
    DescribeUserScramCredentialsRequest {
        users: Option<Vec<UserName>>, ALL;
    }
    UserName {
        name: Str, ALL;
    }
}

message! { describe_user_scram_credentials_response: DescribeUserScramCredentialsResponse, 0..=0, flexible 0;
    DescribeUserScramCredentialsResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
        results: Vec<DescribeUserScramCredentialsResult>, ALL;
    }
    CredentialInfo {
        mechanism: i8, ALL;
        iterations: i32, ALL;
    }
    DescribeUserScramCredentialsResult {
        user: Str, ALL;
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
        credential_infos: Vec<CredentialInfo>, ALL;
    }
}

message! { alter_user_scram_credentials_request: AlterUserScramCredentialsRequest, 0..=0, flexible 0;
    AlterUserScramCredentialsRequest {
        deletions: Vec<ScramCredentialDeletion>, ALL;
        upsertions: Vec<ScramCredentialUpsertion>, ALL;
    }
    ScramCredentialDeletion {
        name: Str, ALL;
        mechanism: i8, ALL;
    }
    ScramCredentialUpsertion {
        name: Str, ALL;
        mechanism: i8, ALL;
        iterations: i32, ALL;
        salt: Bytes, ALL;
        salted_password: Bytes, ALL;
    }
}

message! { alter_user_scram_credentials_response: AlterUserScramCredentialsResponse, 0..=0, flexible 0;
    AlterUserScramCredentialsResponse {
        throttle_time_ms: i32, ALL;
        results: Vec<AlterUserScramCredentialsResult>, ALL;
    }
    AlterUserScramCredentialsResult {
        user: Str, ALL;
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
    }
}

message! { describe_client_quotas_request: DescribeClientQuotasRequest, 0..=1, flexible 1;
    DescribeClientQuotasRequest {
        components: Vec<ComponentData>, ALL;
        strict: bool, ALL;
    }
    ComponentData {
        entity_type: Str, ALL;
        match_type: i8, ALL;
        match_: Option<Str>, ALL;
    }
}

message! { describe_client_quotas_response: DescribeClientQuotasResponse, 0..=1, flexible 1;
    DescribeClientQuotasResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
        entries: Option<Vec<EntryData>>, ALL;
    }
    EntityData {
        entity_type: Str, ALL;
        entity_name: Option<Str>, ALL;
    }
    EntryData {
        entity: Vec<EntityData>, ALL;
        values: Vec<ValueData>, ALL;
    }
    ValueData {
        key: Str, ALL;
        value: f64, ALL;
    }
}

message! { alter_client_quotas_request: AlterClientQuotasRequest, 0..=1, flexible 1;
    AlterClientQuotasRequest {
        entries: Vec<EntryData>, ALL;
        validate_only: bool, ALL;
    }
    EntityData {
        entity_type: Str, ALL;
        entity_name: Option<Str>, ALL;
    }
    EntryData {
        entity: Vec<EntityData>, ALL;
        ops: Vec<OpData>, ALL;
    }
    OpData {
        key: Str, ALL;
        value: f64, ALL;
        remove: bool, ALL;
    }
}

message! { alter_client_quotas_response: AlterClientQuotasResponse, 0..=1, flexible 1;
    AlterClientQuotasResponse {
        throttle_time_ms: i32, ALL;
        entries: Vec<EntryData>, ALL;
    }
    EntityData {
        entity_type: Str, ALL;
        entity_name: Option<Str>, ALL;
    }
    EntryData {
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
        entity: Vec<EntityData>, ALL;
    }
}
