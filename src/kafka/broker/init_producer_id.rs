//! InitProducerId without transactions: fresh ids, from blocks that the controller gives away (`RPCProducerIdManager`), so that no id is
//! ever given twice, whatever crashes.

use super::dispatch::{Context, Reply, reply};
use super::peers::Mine;
use super::{Broker, ErrorCode};
use crate::kafka::controller::Request;
use crate::kafka::time::Time;
use crate::kafka::wire::message::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, InitProducerIdRequest, InitProducerIdResponse, ProducerId,
};

#[derive(Clone, Debug, Default)]
pub struct ProducerIds {
    next: i64,
    /// The end of the block.
    end: i64,
    asked: bool,
    /// Clients that wait for the next block.
    waiting: Vec<Context>,
}

impl ProducerIds {
    fn take(&mut self) -> Option<i64> {
        (self.next < self.end).then(|| {
            self.next += 1;
            self.next - 1
        })
    }
}

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

impl Broker {
    /// A transactional id answers COORDINATOR_NOT_AVAILABLE, as there are no transactions yet, or INVALID_REQUEST when it is
    /// empty. Without one, an id that the client sends along is ignored, as Kafka ignores it.
    pub(super) fn init_producer_id(&mut self, now: Time, context: Context, request: &InitProducerIdRequest) -> Reply {
        let refused = match &request.transactional_id {
            Some(id) if id.0.is_empty() => Some(ErrorCode::InvalidRequest),
            Some(_) => Some(ErrorCode::CoordinatorNotAvailable),
            None => None,
        };
        if let Some(error) = refused {
            return reply(&context, answer(Err(error)));
        }
        if let Some(id) = self.producer_ids.take() {
            return reply(&context, answer(Ok(id)));
        }
        self.producer_ids.waiting.push(context);
        if !std::mem::replace(&mut self.producer_ids.asked, true) {
            let request = AllocateProducerIdsRequest { broker_id: self.options.node_id.into(), broker_epoch: self.life.epoch };
            self.ask_controller(now, Mine::ProducerIds, Request::AllocateProducerIds(request));
        }
        Reply::Held
    }

    pub(super) fn producer_ids_came(&mut self, response: Option<AllocateProducerIdsResponse>) {
        let ids = &mut self.producer_ids;
        ids.asked = false;
        if let Some(block) = response.filter(|response| response.error_code == 0) {
            ids.next = block.producer_id_start.0;
            ids.end = ids.next.saturating_add(i64::from(block.producer_id_len));
        }
        for context in std::mem::take(&mut ids.waiting) {
            // As Kafka: a client tries again until there is a block.
            let given = self.producer_ids.take().ok_or(ErrorCode::CoordinatorLoadInProgress);
            self.answer_held(&context, answer(given));
        }
    }
}
