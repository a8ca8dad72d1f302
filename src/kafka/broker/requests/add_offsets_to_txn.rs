//! AddOffsetsToTxn: a group's partition of `__consumer_offsets` joins a transaction.

use super::BrokerApi;
use crate::kafka::broker::Broker;
use crate::kafka::broker::dispatch::{Context, Reply};
use crate::kafka::coordinator::transactions::Request;
use crate::kafka::time::Time;
use crate::kafka::wire::message::AddOffsetsToTxnRequest;

impl BrokerApi for AddOffsetsToTxnRequest {
    fn handle(self, broker: &mut Broker, now: Time, context: &Context) -> Reply {
        broker.create_offsets_topic(now);
        broker.transaction_request(now, context, Request::AddOffsets(self))
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;

    impl Sample for AddOffsetsToTxnRequest {
        fn sample(_known: &Known, _version: i16, _name: &str) -> Self {
            AddOffsetsToTxnRequest { transactional_id: text("tx").into(), group_id: group("billing"), ..AddOffsetsToTxnRequest::default() }
        }
    }
}
