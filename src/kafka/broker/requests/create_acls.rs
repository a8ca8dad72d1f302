//! CreateAcls (KIP-140): refused as by a Kafka without an authorizer. There is none here.

use super::BrokerApi;
use super::describe_acls::{NO_AUTHORIZER, UNKNOWN};
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::time::Time;
use crate::kafka::wire::message::create_acls_request::AclCreation;
use crate::kafka::wire::message::create_acls_response::AclCreationResult;
use crate::kafka::wire::message::{CreateAclsRequest, CreateAclsResponse, Str};

impl BrokerApi for CreateAclsRequest {
    /// `AclApis.handleCreateAcls`: SECURITY_DISABLED for each.
    fn handle(self, _broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        let is_unknown =
            |one: &AclCreation| [one.resource_type, one.resource_pattern_type, one.operation, one.permission_type].contains(&UNKNOWN);
        if self.creations.iter().any(is_unknown) {
            return Reply::Close("CreateAcls contains UNKNOWN elements".to_owned());
        }
        let error_code = ErrorCode::SecurityDisabled.code();
        let refused = || AclCreationResult { error_code, error_message: Some(Str::from(NO_AUTHORIZER)) };
        let results = self.creations.iter().map(|_| refused()).collect();
        reply(context, CreateAclsResponse { results, ..CreateAclsResponse::default() })
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::create_acls_request::AclCreation;

    impl Sample for CreateAclsRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            let rule = |permission_type: i8| AclCreation {
                resource_type: 2,
                resource_name: text(name),
                resource_pattern_type: 3,
                principal: text("User:bob"),
                host: text("*"),
                operation: 3,
                permission_type,
            };
            Self { creations: vec![rule(3), rule(2)] }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kafka::broker::testing::TestBroker;
    use crate::kafka::samples::{Known, Sample, Time};
    use crate::kafka::sorted_vec::SortedVecMap;
    use crate::kafka::wire::message::{CreateAclsRequest, Str};

    /// As 4.1.1 answers without `authorizer.class.name`.
    #[test]
    fn each_is_refused() {
        let known = Known { now: Time(0), topics: SortedVecMap::new(), member: Str::default(), generation: 0 };
        let mut test = TestBroker::new(&[]);
        for version in 1..=3 {
            let conn = test.connect();
            let mut asked = CreateAclsRequest::sample(&known, version, "orders");
            let answer = test.call(conn, version, asked.clone());
            let told: Vec<_> = answer.results.iter().map(|result| (result.error_code, result.error_message.as_deref())).collect();
            assert_eq!(told, [(54, Some("No Authorizer is configured.")); 2]);
            assert_eq!(test.call(conn, version, CreateAclsRequest::default()).results, []);
            asked.creations[1].operation = 0;
            test.send(conn, version, asked);
            assert!(test.closed.contains_key(&conn), "an unknown operation closes the connection");
        }
    }
}
