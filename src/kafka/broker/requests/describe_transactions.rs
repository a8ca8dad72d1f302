//! DescribeTransactions (KIP-664): the state of transactional ids.

use super::BrokerApi;
use crate::kafka::broker::Broker;
use crate::kafka::broker::dispatch::{Context, Reply};
use crate::kafka::coordinator::transactions::Request;
use crate::kafka::time::Time;
use crate::kafka::wire::message::DescribeTransactionsRequest;

impl BrokerApi for DescribeTransactionsRequest {
    fn handle(self, broker: &mut Broker, now: Time, context: &Context) -> Reply {
        broker.transaction_request(now, context, Request::Describe(self))
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;

    impl Sample for DescribeTransactionsRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            DescribeTransactionsRequest { transactional_ids: vec![text("tx").into(), text(name).into()] }
        }
    }
}
