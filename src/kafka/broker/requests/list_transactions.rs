//! ListTransactions (KIP-664): the transactional ids that this broker coordinates.

use super::BrokerApi;
use crate::kafka::broker::Broker;
use crate::kafka::broker::dispatch::{Context, Reply};
use crate::kafka::coordinator::transactions::Request;
use crate::kafka::time::Time;
use crate::kafka::wire::message::ListTransactionsRequest;

impl BrokerApi for ListTransactionsRequest {
    fn handle(self, broker: &mut Broker, now: Time, context: &Context) -> Reply {
        broker.transaction_request(now, context, Request::List(self))
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;

    impl Sample for ListTransactionsRequest {
        fn sample(_known: &Known, version: i16, name: &str) -> Self {
            let request =
                ListTransactionsRequest { state_filters: vec![text("Ongoing"), text(name)], ..ListTransactionsRequest::default() };
            match version {
                0 => request,
                1 => ListTransactionsRequest { duration_filter: 5, ..request },
                _ => ListTransactionsRequest { transactional_id_pattern: Some(text(name)), ..request },
            }
        }
    }
}
