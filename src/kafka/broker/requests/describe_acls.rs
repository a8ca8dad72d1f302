//! DescribeAcls (KIP-140): what a Kafka without an authorizer says. There is none here.

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::time::Time;
use crate::kafka::wire::message::{DescribeAclsRequest, DescribeAclsResponse, Str};

/// Kafka's code of a resource type, a pattern type, an operation or a permission that it does not know: a request with it closes the
/// connection. Codes of a later version are taken.
pub const UNKNOWN: i8 = 0;
/// Why CreateAcls and DeleteAcls are refused.
pub const NO_AUTHORIZER: &str = "No Authorizer is configured.";

impl BrokerApi for DescribeAclsRequest {
    /// `AclApis.handleDescribeAcls`.
    fn handle(self, _broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        if [self.resource_type_filter, self.pattern_type_filter, self.operation, self.permission_type].contains(&UNKNOWN) {
            return Reply::Close("DescribeAcls contains UNKNOWN elements".to_owned());
        }
        let why = Some(Str::from("No Authorizer is configured on the broker"));
        let error_code = ErrorCode::SecurityDisabled.code();
        reply(context, DescribeAclsResponse { error_code, error_message: why, ..DescribeAclsResponse::default() })
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;

    impl Sample for DescribeAclsRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            Self {
                resource_type_filter: 2,
                resource_name_filter: Some(text(name)),
                pattern_type_filter: 3,
                principal_filter: None,
                host_filter: None,
                operation: 1,
                permission_type: 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kafka::broker::testing::TestBroker;
    use crate::kafka::wire::message::DescribeAclsRequest;

    /// As 4.1.1 answers without `authorizer.class.name`.
    #[test]
    fn without_an_authorizer_there_are_no_rules() {
        let mut test = TestBroker::new(&[]);
        let any = |operation: i8| DescribeAclsRequest {
            resource_type_filter: 1,
            pattern_type_filter: 1,
            operation,
            permission_type: 1,
            ..DescribeAclsRequest::default()
        };
        for version in 1..=3 {
            let conn = test.connect();
            // The codes end at 15; one of a later version is taken.
            for operation in [1, 16] {
                let answer = test.call(conn, version, any(operation));
                assert_eq!((answer.error_code, answer.error_message.as_deref()), (54, Some("No Authorizer is configured on the broker")));
            }
            test.send(conn, version, any(0));
            assert!(test.closed.contains_key(&conn), "an unknown operation closes the connection");
        }
    }
}
