//! DescribeUserScramCredentials (KIP-554). SASL is not built, and no credential can be set, so there are none to tell.

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::time::Time;
use crate::kafka::wire::message::describe_user_scram_credentials_response::DescribeUserScramCredentialsResult;
use crate::kafka::wire::message::{DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse, Str};

impl BrokerApi for DescribeUserScramCredentialsRequest {
    /// `ScramImage.describe`.
    fn handle(self, _broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        let mut results: Vec<DescribeUserScramCredentialsResult> = Vec::new();
        for user in self.users.unwrap_or_default() {
            let name = user.name;
            if let Some(twice) = results.iter_mut().find(|result| result.user == name) {
                let why = format!("Cannot describe SCRAM credentials for the same user twice in a single request: {name}");
                (twice.error_code, twice.error_message) = (ErrorCode::DuplicateResource.code(), Some(Str::from(why)));
                continue;
            }
            let why = format!("Attempt to describe a user credential that does not exist: {name}");
            results.push(DescribeUserScramCredentialsResult {
                user: name,
                error_code: ErrorCode::ResourceNotFound.code(),
                error_message: Some(Str::from(why)),
                credential_infos: Vec::new(),
            });
        }
        let message = Some(Str::default());
        reply(
            context,
            DescribeUserScramCredentialsResponse { error_message: message, results, ..DescribeUserScramCredentialsResponse::default() },
        )
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::describe_user_scram_credentials_request::UserName;

    impl Sample for DescribeUserScramCredentialsRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            let user = || UserName { name: text(name) };
            Self { users: Some(vec![user(), user()]) }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kafka::broker::testing::TestBroker;
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::describe_user_scram_credentials_request::UserName;

    /// As 4.1.1 answers them.
    #[test]
    fn nobody_has_credentials() {
        let mut test = TestBroker::new(&[]);
        let conn = test.connect();
        let mut told = |names: Option<&[&str]>| {
            let users = names.map(|names| names.iter().map(|name| UserName { name: text(name) }).collect());
            let answer = test.call(conn, 0, DescribeUserScramCredentialsRequest { users });
            (answer.error_code, answer.results.iter().map(|result| result.error_code).collect::<Vec<_>>())
        };
        assert_eq!((told(None), told(Some(&[]))), ((0, vec![]), (0, vec![])));
        assert_eq!((told(Some(&["bob"])), told(Some(&["bob", "bob", "eve"]))), ((0, vec![91]), (0, vec![92, 91])));
    }
}
