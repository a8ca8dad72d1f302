//! InitProducerId without transactions: fresh ids, in blocks that are reserved on the disk before the first of them is given
//! (`RPCProducerIdManager`), so that no id is ever given twice, whatever crashes.

use super::files::PRODUCER_IDS;
use super::{Broker, ErrorCode};
use bytes::Bytes;
use kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse, ProducerId};

/// Ids reserved at a time (`ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE`).
const BLOCK: i64 = 1000;

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ProducerIds {
    next: i64,
    /// The end of what is reserved.
    end: i64,
}

impl ProducerIds {
    /// Goes on after what an earlier run reserved.
    pub fn after(reserved: i64) -> Self {
        Self { next: reserved, end: reserved }
    }
}

impl Broker {
    /// A transactional id answers COORDINATOR_NOT_AVAILABLE, as there are no transactions yet, or INVALID_REQUEST when it is
    /// empty. Without one, an id that the client sends along is ignored, as Kafka ignores it.
    pub(super) fn init_producer_id(&mut self, request: InitProducerIdRequest) -> InitProducerIdResponse {
        let given = match &request.transactional_id {
            Some(id) if id.0.is_empty() => Err(ErrorCode::InvalidRequest),
            Some(_) => Err(ErrorCode::CoordinatorNotAvailable),
            None => self.next_producer_id(),
        };
        match given {
            Ok(id) => InitProducerIdResponse::default().with_producer_id(ProducerId(id)).with_producer_epoch(0),
            Err(error) => {
                InitProducerIdResponse::default().with_error_code(error.code()).with_producer_id(ProducerId(-1)).with_producer_epoch(-1)
            }
        }
    }

    fn next_producer_id(&mut self) -> Result<i64, ErrorCode> {
        let ids = &mut self.producer_ids;
        if ids.next >= ids.end {
            let end = ids.next.saturating_add(BLOCK);
            let text = format!("0\n{end}\n");
            let kept = self.disk.replace(PRODUCER_IDS, Bytes::from(text)).and_then(|()| self.disk.flush(PRODUCER_IDS));
            if let Err(error) = kept {
                self.log(format!("no producer ids: {error}"));
                return Err(ErrorCode::KafkaStorageError);
            }
            self.producer_ids.end = end;
        }
        let id = self.producer_ids.next;
        self.producer_ids.next += 1;
        Ok(id)
    }
}
