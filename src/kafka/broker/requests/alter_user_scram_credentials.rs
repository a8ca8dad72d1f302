//! AlterUserScramCredentials (KIP-554): refused, since SASL is not built.

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use crate::kafka::wire::message::alter_user_scram_credentials_response::AlterUserScramCredentialsResult;
use crate::kafka::wire::message::{AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse, Str};

const NOT_BUILT: &str = "SASL is not built here.";

impl BrokerApi for AlterUserScramCredentialsRequest {
    fn handle(self, _broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        let deleted = self.deletions.into_iter().map(|deletion| deletion.name);
        let users: SortedVecSet<Str> = deleted.chain(self.upsertions.into_iter().map(|upsertion| upsertion.name)).collect();
        let results = users.into_iter().map(|user| AlterUserScramCredentialsResult {
            user,
            error_code: ErrorCode::UnsupportedSaslMechanism.code(),
            error_message: Some(Str::from(NOT_BUILT)),
        });
        reply(context, AlterUserScramCredentialsResponse { results: results.collect(), ..AlterUserScramCredentialsResponse::default() })
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::alter_user_scram_credentials_request::{ScramCredentialDeletion, ScramCredentialUpsertion};

    impl Sample for AlterUserScramCredentialsRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            let upsertion =
                ScramCredentialUpsertion { name: text(name), mechanism: 1, iterations: 8192, ..ScramCredentialUpsertion::default() };
            Self { deletions: vec![ScramCredentialDeletion { name: text("bob"), mechanism: 2 }], upsertions: vec![upsertion] }
        }
    }
}
