//! AlterClientQuotas (KIP-546): refused, since quotas are not built.

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::time::Time;
use crate::kafka::wire::message::alter_client_quotas_response::{EntityData, EntryData};
use crate::kafka::wire::message::{AlterClientQuotasRequest, AlterClientQuotasResponse, Str};

const NOT_BUILT: &str = "Quotas are not built here.";

impl BrokerApi for AlterClientQuotasRequest {
    fn handle(self, _broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        let entries = self.entries.into_iter().map(|entry| {
            let entity = entry.entity.into_iter().map(|of| EntityData { entity_type: of.entity_type, entity_name: of.entity_name });
            EntryData { error_code: ErrorCode::InvalidRequest.code(), error_message: Some(Str::from(NOT_BUILT)), entity: entity.collect() }
        });
        reply(context, AlterClientQuotasResponse { entries: entries.collect(), ..AlterClientQuotasResponse::default() })
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::alter_client_quotas_request::{EntityData, EntryData, OpData};

    impl Sample for AlterClientQuotasRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            let entity = EntityData { entity_type: text("user"), entity_name: Some(text(name)) };
            let op = OpData { key: text("consumer_byte_rate"), value: 1024.5, remove: false };
            Self { entries: vec![EntryData { entity: vec![entity], ops: vec![op] }], validate_only: false }
        }
    }
}
