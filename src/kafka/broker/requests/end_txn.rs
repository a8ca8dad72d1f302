//! EndTxn: a transaction commits or aborts.

use super::BrokerApi;
use crate::kafka::broker::Broker;
use crate::kafka::broker::dispatch::{Context, Reply};
use crate::kafka::coordinator::transactions::Request;
use crate::kafka::time::Time;
use crate::kafka::wire::message::EndTxnRequest;

impl BrokerApi for EndTxnRequest {
    fn handle(self, broker: &mut Broker, now: Time, context: &Context) -> Reply {
        broker.transaction_request(now, context, Request::End(self))
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;

    impl Sample for EndTxnRequest {
        fn sample(_known: &Known, _version: i16, _name: &str) -> Self {
            EndTxnRequest { transactional_id: text("tx").into(), committed: true, ..EndTxnRequest::default() }
        }
    }
}
