//! InitProducerId without transactions: each client gets a fresh id.

use super::BrokerApi;
use crate::kafka::broker::answers::OwnRequest;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::controller::Request;
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
    /// A transactional id answers COORDINATOR_NOT_AVAILABLE, as there are no transactions yet, or INVALID_REQUEST when it is
    /// empty. Without one, an id that the client sends along is ignored, as Kafka ignores it.
    fn handle(self, broker: &mut Broker, now: Time, context: &Context) -> Reply {
        let refused = match &self.transactional_id {
            Some(id) if id.0.is_empty() => Some(ErrorCode::InvalidRequest),
            Some(_) => Some(ErrorCode::CoordinatorNotAvailable),
            None => None,
        };
        if let Some(error) = refused {
            return reply(context, answer(Err(error)));
        }
        if let Some(id) = broker.producer_ids.take() {
            return reply(context, answer(Ok(id)));
        }
        if broker.producer_ids.wait(context.clone()) {
            let request = AllocateProducerIdsRequest { broker_id: broker.options.node_id.into(), broker_epoch: broker.life.epoch };
            broker.ask_controller(now, OwnRequest::ProducerIds, Request::AllocateProducerIds(request));
        }
        Reply::Held
    }
}

impl Broker {
    /// The controller's answer to AllocateProducerIds; `None`: it did not come.
    pub(in crate::kafka::broker) fn producer_ids_came(&mut self, response: Option<AllocateProducerIdsResponse>) {
        let block = response.filter(|response| response.error_code == 0);
        let block = block.map(|block| (block.producer_id_start.0, block.producer_id_len));
        for (client, id) in self.producer_ids.handle_block(block) {
            // As Kafka: a client tries again until there is a block.
            self.answer_held(&client, answer(id.ok_or(ErrorCode::CoordinatorLoadInProgress)));
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
