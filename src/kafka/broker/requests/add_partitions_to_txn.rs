//! AddPartitionsToTxn: of clients up to version 3, of brokers from version 4 on (KIP-890).

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::coordinator::transactions::{Request, results};
use crate::kafka::time::Time;
use crate::kafka::wire::message::{AddPartitionsToTxnRequest, AddPartitionsToTxnResponse};

impl BrokerApi for AddPartitionsToTxnRequest {
    /// A partition that does not exist refuses all of a client's request: the others are not attempted.
    fn handle(self, broker: &mut Broker, now: Time, context: &Context) -> Reply {
        let image = broker.controller.image();
        let known = |name: &str, index: i32| image.partition(name, index).is_some();
        let topics = &self.v3_and_below_topics;
        let all = topics.iter().all(|topic| topic.partitions.iter().all(|&index| known(&topic.name.0, index)));
        if context.version < 4 && !all {
            let error = |name: &crate::kafka::wire::message::Str, index: i32| {
                if known(name, index) { ErrorCode::OperationNotAttempted } else { ErrorCode::UnknownTopicOrPartition }
            };
            let results_by_topic_v3_and_below = results(topics, error);
            return reply(context, AddPartitionsToTxnResponse { results_by_topic_v3_and_below, ..AddPartitionsToTxnResponse::default() });
        }
        broker.transaction_request(now, context, Request::AddPartitions(self))
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::add_partitions_to_txn_request::{AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction};

    impl Sample for AddPartitionsToTxnRequest {
        fn sample(_known: &Known, version: i16, name: &str) -> Self {
            let topics = vec![AddPartitionsToTxnTopic { name: topic(name), partitions: vec![0, 1] }];
            let request = AddPartitionsToTxnRequest::default();
            if version < 4 {
                return AddPartitionsToTxnRequest {
                    v3_and_below_transactional_id: text("tx").into(),
                    v3_and_below_topics: topics,
                    ..request
                };
            }
            let one =
                AddPartitionsToTxnTransaction { transactional_id: text("tx").into(), topics, ..AddPartitionsToTxnTransaction::default() };
            let verified = AddPartitionsToTxnTransaction { verify_only: true, ..one.clone() };
            AddPartitionsToTxnRequest { transactions: vec![one, verified], ..request }
        }
    }
}
