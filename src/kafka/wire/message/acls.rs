//! Access control lists (KIP-140). See the parent module on how to read a declaration.

use super::message;

message! { describe_acls_request: DescribeAclsRequest, 1..=3, flexible 2;
    DescribeAclsRequest {
        resource_type_filter: i8, ALL;
        resource_name_filter: Option<Str>, ALL;
        pattern_type_filter: i8, ALL.or(3);
        principal_filter: Option<Str>, ALL;
        host_filter: Option<Str>, ALL;
        operation: i8, ALL;
        permission_type: i8, ALL;
    }
}

message! { describe_acls_response: DescribeAclsResponse, 1..=3, flexible 2;
    DescribeAclsResponse {
        throttle_time_ms: i32, ALL;
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
        resources: Vec<DescribeAclsResource>, ALL;
    }
    DescribeAclsResource {
        resource_type: i8, ALL;
        resource_name: Str, ALL;
        pattern_type: i8, ALL.or(3);
        acls: Vec<AclDescription>, ALL;
    }
    AclDescription {
        principal: Str, ALL;
        host: Str, ALL;
        operation: i8, ALL;
        permission_type: i8, ALL;
    }
}

message! { create_acls_request: CreateAclsRequest, 1..=3, flexible 2;
    CreateAclsRequest {
        creations: Vec<AclCreation>, ALL;
    }
    AclCreation {
        resource_type: i8, ALL;
        resource_name: Str, ALL;
        resource_pattern_type: i8, ALL.or(3);
        principal: Str, ALL;
        host: Str, ALL;
        operation: i8, ALL;
        permission_type: i8, ALL;
    }
}

message! { create_acls_response: CreateAclsResponse, 1..=3, flexible 2;
    CreateAclsResponse {
        throttle_time_ms: i32, ALL;
        results: Vec<AclCreationResult>, ALL;
    }
    AclCreationResult {
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
    }
}

message! { delete_acls_request: DeleteAclsRequest, 1..=3, flexible 2;
    DeleteAclsRequest {
        filters: Vec<DeleteAclsFilter>, ALL;
    }
    DeleteAclsFilter {
        resource_type_filter: i8, ALL;
        resource_name_filter: Option<Str>, ALL;
        pattern_type_filter: i8, ALL.or(3);
        principal_filter: Option<Str>, ALL;
        host_filter: Option<Str>, ALL;
        operation: i8, ALL;
        permission_type: i8, ALL;
    }
}

message! { delete_acls_response: DeleteAclsResponse, 1..=3, flexible 2;
    DeleteAclsResponse {
        throttle_time_ms: i32, ALL;
        filter_results: Vec<DeleteAclsFilterResult>, ALL;
    }
    DeleteAclsFilterResult {
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
        matching_acls: Vec<DeleteAclsMatchingAcl>, ALL;
    }
    DeleteAclsMatchingAcl {
        error_code: i16, ALL;
        error_message: Option<Str>, ALL;
        resource_type: i8, ALL;
        resource_name: Str, ALL;
        pattern_type: i8, ALL.or(3);
        principal: Str, ALL;
        host: Str, ALL;
        operation: i8, ALL;
        permission_type: i8, ALL;
    }
}
