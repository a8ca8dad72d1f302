//! Configs. See the parent module on how to read a declaration.

use super::message;

message! { describe_configs_request: DescribeConfigsRequest, 1..=4, flexible 4;
    DescribeConfigsRequest {
        resources: Vec<DescribeConfigsResource>, ALL;
        include_synonyms: bool, ALL;
        include_documentation: bool, since(3);
    }
    DescribeConfigsResource {
        resource_type: i8, ALL;
        resource_name: Str, ALL;
        configuration_keys: Option<Vec<Str>>, ALL;
    }
}

message! { describe_configs_response: DescribeConfigsResponse, 1..=4, flexible 4;
    DescribeConfigsResponse {
        throttle_time_ms: i32, ALL;
        results: Vec<DescribeConfigsResult>, ALL;
    }
    DescribeConfigsResourceResult {
        name: Str, ALL;
        value: Option<Str>, ALL;
        read_only: bool, ALL;
        config_source: i8, ALL.or(-1);
        is_sensitive: bool, ALL;
        synonyms: Vec<DescribeConfigsSynonym>, ALL;
        config_type: i8, since(3).ignorable();
        documentation: Option<Str>, since(3).ignorable();
    }
    DescribeConfigsResult {
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
        resource_type: i8, ALL;
        resource_name: Str, ALL;
        configs: Vec<DescribeConfigsResourceResult>, ALL;
    }
    DescribeConfigsSynonym {
        name: Str, ALL;
        value: Option<Str>, ALL;
        source: i8, ALL;
    }
}

message! { incremental_alter_configs_request: IncrementalAlterConfigsRequest, 0..=1, flexible 1;
    IncrementalAlterConfigsRequest {
        resources: Vec<AlterConfigsResource>, ALL;
        validate_only: bool, ALL;
    }
    AlterConfigsResource {
        resource_type: i8, ALL;
        resource_name: Str, ALL;
        configs: Vec<AlterableConfig>, ALL;
    }
    AlterableConfig {
        name: Str, ALL;
        config_operation: i8, ALL;
        value: Option<Str>, ALL;
    }
}

message! { incremental_alter_configs_response: IncrementalAlterConfigsResponse, 0..=1, flexible 1;
    IncrementalAlterConfigsResponse {
        throttle_time_ms: i32, ALL;
        responses: Vec<AlterConfigsResourceResponse>, ALL;
    }
    AlterConfigsResourceResponse {
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
        resource_type: i8, ALL;
        resource_name: Str, ALL;
    }
}

message! { alter_configs_request: AlterConfigsRequest, 0..=2, flexible 2;
    AlterConfigsRequest {
        resources: Vec<AlterConfigsResource>, ALL;
        validate_only: bool, ALL;
    }
    AlterConfigsResource {
        resource_type: i8, ALL;
        resource_name: Str, ALL;
        configs: Vec<AlterableConfig>, ALL;
    }
    AlterableConfig {
        name: Str, ALL;
        value: Option<Str>, ALL;
    }
}

message! { alter_configs_response: AlterConfigsResponse, 0..=2, flexible 2;
    AlterConfigsResponse {
        throttle_time_ms: i32, ALL;
        responses: Vec<AlterConfigsResourceResponse>, ALL;
    }
    AlterConfigsResourceResponse {
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
        resource_type: i8, ALL;
        resource_name: Str, ALL;
    }
}

message! { list_config_resources_request: ListConfigResourcesRequest, 0..=1, flexible 0;
    ListConfigResourcesRequest {
        resource_types: Vec<i8>, since(1);
    }
}

message! { list_config_resources_response: ListConfigResourcesResponse, 0..=1, flexible 0;
    ListConfigResourcesResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, ALL;
        config_resources: Vec<ConfigResource>, ALL;
    }
    ConfigResource {
        resource_name: Str, ALL;
        resource_type: i8, since(1).or(16).ignorable();
    }
}
