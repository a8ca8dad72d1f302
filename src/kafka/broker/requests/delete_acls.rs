//! DeleteAcls (KIP-140): refused as by a Kafka without an authorizer. There is none here.

use super::BrokerApi;
use super::describe_acls::{NO_AUTHORIZER, UNKNOWN};
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::time::Time;
use crate::kafka::wire::message::delete_acls_request::DeleteAclsFilter;
use crate::kafka::wire::message::delete_acls_response::DeleteAclsFilterResult;
use crate::kafka::wire::message::{DeleteAclsRequest, DeleteAclsResponse, Str};

impl BrokerApi for DeleteAclsRequest {
    /// `AclApis.handleDeleteAcls`: SECURITY_DISABLED for each.
    fn handle(self, _broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        let is_unknown = |one: &DeleteAclsFilter| {
            [one.resource_type_filter, one.pattern_type_filter, one.operation, one.permission_type].contains(&UNKNOWN)
        };
        if self.filters.iter().any(is_unknown) {
            return Reply::Close("DeleteAcls contains UNKNOWN elements".to_owned());
        }
        let refused = || DeleteAclsFilterResult {
            error_code: ErrorCode::SecurityDisabled.code(),
            error_message: Some(Str::from(NO_AUTHORIZER)),
            matching_acls: Vec::new(),
        };
        let filter_results = self.filters.iter().map(|_| refused()).collect();
        reply(context, DeleteAclsResponse { filter_results, ..DeleteAclsResponse::default() })
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::delete_acls_request::DeleteAclsFilter;

    impl Sample for DeleteAclsRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            let rules = |principal: Option<&str>| DeleteAclsFilter {
                resource_type_filter: 2,
                resource_name_filter: Some(text(name)),
                pattern_type_filter: 3,
                principal_filter: principal.map(text),
                host_filter: None,
                operation: 1,
                permission_type: 1,
            };
            Self { filters: vec![rules(None), rules(Some("User:bob"))] }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kafka::broker::testing::TestBroker;
    use crate::kafka::samples::{Known, Sample, Time};
    use crate::kafka::sorted_vec::SortedVecMap;
    use crate::kafka::wire::message::{DeleteAclsRequest, Str};

    /// As 4.1.1 answers without `authorizer.class.name`.
    #[test]
    fn each_is_refused() {
        let known = Known { now: Time(0), topics: SortedVecMap::new(), member: Str::default(), generation: 0 };
        let mut test = TestBroker::new(&[]);
        for version in 1..=3 {
            let conn = test.connect();
            let mut asked = DeleteAclsRequest::sample(&known, version, "orders");
            let answer = test.call(conn, version, asked.clone());
            let told: Vec<_> = answer.filter_results.iter().map(|result| (result.error_code, result.error_message.as_deref())).collect();
            assert_eq!(told, [(54, Some("No Authorizer is configured.")); 2]);
            assert_eq!(test.call(conn, version, DeleteAclsRequest::default()).filter_results, []);
            asked.filters[1].operation = 0;
            test.send(conn, version, asked);
            assert!(test.closed.contains_key(&conn), "an unknown operation closes the connection");
        }
    }
}
