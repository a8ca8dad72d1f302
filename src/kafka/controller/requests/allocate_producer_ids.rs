//! AllocateProducerIds: a broker gets a block of producer ids (`ProducerIdControlManager`).

use super::{ControllerApi, Refuse};
use crate::kafka::controller::active::Active;
use crate::kafka::controller::records::Record;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::{AllocateProducerIdsRequest, AllocateProducerIdsResponse};

/// `ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE`.
const PRODUCER_ID_BLOCK: i32 = 1000;

impl ControllerApi for AllocateProducerIdsRequest {
    fn handle(&self, active: &mut Active, _now: Time, _version: i16) -> AllocateProducerIdsResponse {
        let (id, epoch) = (self.broker_id.0, self.broker_epoch);
        if let Err(error) = active.check_epoch(id, epoch) {
            return AllocateProducerIdsResponse { error_code: error.code(), ..AllocateProducerIdsResponse::default() };
        }
        let start = active.draft.next_producer_id;
        let Some(next) = start.checked_add(i64::from(PRODUCER_ID_BLOCK)) else {
            return AllocateProducerIdsResponse {
                error_code: ErrorCode::UnknownServerError.code(),
                ..AllocateProducerIdsResponse::default()
            };
        };
        active.push(Record::ProducerIds { broker: id, epoch, next });
        AllocateProducerIdsResponse {
            producer_id_start: start.into(),
            producer_id_len: PRODUCER_ID_BLOCK,
            ..AllocateProducerIdsResponse::default()
        }
    }
}

impl Refuse for AllocateProducerIdsRequest {
    fn refuse(&self, error: ErrorCode, _why: &str) -> AllocateProducerIdsResponse {
        AllocateProducerIdsResponse { error_code: error.code(), ..AllocateProducerIdsResponse::default() }
    }
}
