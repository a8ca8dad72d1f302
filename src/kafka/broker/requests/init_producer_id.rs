//! InitProducerId: a fresh id, or that of the transactional id, which its coordinator knows.

use super::BrokerApi;
use crate::kafka::broker::answers::OwnRequest;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::producer_ids::Waiter;
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::controller::Request as ControllerRequest;
use crate::kafka::coordinator::transactions::Request;
use crate::kafka::time::Time;
use crate::kafka::wire::message::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, InitProducerIdRequest, InitProducerIdResponse, ProducerId,
};

fn answer(given: Result<i64, ErrorCode>) -> InitProducerIdResponse {
    match given {
        Ok(id) => InitProducerIdResponse { producer_id: ProducerId(id), producer_epoch: 0, ..InitProducerIdResponse::default() },
        Err(error) => InitProducerIdResponse {
            error_code: error.code(),
            producer_id: ProducerId(-1),
            producer_epoch: -1,
            ..InitProducerIdResponse::default()
        },
    }
}

impl BrokerApi for InitProducerIdRequest {
    /// Without a transactional id, an id that the client sends along is ignored, as Kafka ignores it.
    fn handle(self, broker: &mut Broker, now: Time, context: &Context) -> Reply {
        if self.transactional_id.is_some() {
            return broker.transaction_request(now, context, Request::InitProducerId(self));
        }
        if let Some(id) = broker.producer_ids.take() {
            return reply(context, answer(Ok(id)));
        }
        broker.await_producer_id(now, Waiter::Client(context.clone()));
        Reply::Held
    }
}

impl Broker {
    /// Asks for a block of ids, unless that is done.
    pub(in crate::kafka::broker) fn await_producer_id(&mut self, now: Time, waiter: Waiter) {
        if self.producer_ids.wait(waiter) {
            let request = AllocateProducerIdsRequest { broker_id: self.options.node_id.into(), broker_epoch: self.life.epoch };
            self.ask_controller(now, OwnRequest::ProducerIds, ControllerRequest::AllocateProducerIds(request));
        }
    }

    /// The controller's answer to AllocateProducerIds; `None`: it did not come.
    pub(in crate::kafka::broker) fn producer_ids_came(&mut self, now: Time, response: Option<AllocateProducerIdsResponse>) {
        let block = response.filter(|response| response.error_code == 0);
        let block = block.map(|block| (block.producer_id_start.0, block.producer_id_len));
        for (waiter, id) in self.producer_ids.handle_block(block) {
            match waiter {
                // As Kafka: a client tries again until there is a block.
                Waiter::Client(client) => self.answer_held(&client, answer(id.ok_or(ErrorCode::CoordinatorLoadInProgress))),
                Waiter::Transaction => self.transactions.handle_producer_id(now, id),
            }
        }
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;

    impl Sample for InitProducerIdRequest {
        fn sample(_known: &Known, _version: i16, _name: &str) -> Self {
            InitProducerIdRequest { transaction_timeout_ms: 60_000, ..InitProducerIdRequest::default() }
        }
    }
}
