//! BrokerHeartbeat: a broker says that it lives, asks to be unfenced, or to be let go
//! (`BrokerHeartbeatManager.calculateNextBrokerState`).

use super::{ControllerApi, Refuse};
use crate::kafka::controller::active::Active;
use crate::kafka::controller::brokers::Beat;
use crate::kafka::controller::elections::NO_LEADER;
use crate::kafka::controller::reason::ChangeReason;
use crate::kafka::controller::records::Record;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};

impl ControllerApi for BrokerHeartbeatRequest {
    fn handle(&self, active: &mut Active, now: Time, _version: i16) -> BrokerHeartbeatResponse {
        let (id, epoch, offset) = (self.broker_id.0, self.broker_epoch, self.current_metadata_offset);
        let (fenced, leaving) = match active.check_epoch(id, epoch) {
            Ok(broker) => (broker.fenced, broker.in_controlled_shutdown),
            Err(error) => return BrokerHeartbeatResponse { error_code: error.code(), ..BrokerHeartbeatResponse::default() },
        };
        let beat = active.beats.entry(id).or_insert_with(|| Beat::new(None));
        (beat.contact, beat.heard, beat.offset) = (Some(now), true, offset);
        let caught_up = offset >= epoch;
        let answer = BrokerHeartbeatResponse { is_caught_up: caught_up, ..BrokerHeartbeatResponse::default() };
        if fenced {
            if self.want_shut_down {
                return BrokerHeartbeatResponse { is_fenced: true, should_shut_down: true, ..answer };
            }
            if self.want_fence || !caught_up {
                return BrokerHeartbeatResponse { is_fenced: true, ..answer };
            }
            active.unfence(id, epoch);
            return BrokerHeartbeatResponse { is_fenced: false, ..answer };
        }
        if self.want_fence && !leaving {
            active.fence(id, "it asked for it");
            return BrokerHeartbeatResponse { is_fenced: true, should_shut_down: self.want_shut_down, ..answer };
        }
        if !self.want_shut_down && !leaving {
            return BrokerHeartbeatResponse { is_fenced: false, ..answer };
        }
        if !leaving {
            active.push(Record::BrokerChange { id, epoch, fenced: 0, in_controlled_shutdown: true });
            let partitions = active.partitions(|state| state.isr.contains(&id));
            active.reelect(partitions, id, NO_LEADER, NO_LEADER, ChangeReason::ControlledShutdown);
            let end = active.next_offset();
            active.beats.entry(id).or_insert_with(|| Beat::new(None)).shutdown_at = end - 1;
        }
        let leads = !active.partitions(|state| state.leader == id).is_empty();
        let until = active.beats.get(&id).map_or(i64::MAX, |beat| beat.shutdown_at);
        let behind = |other: &i32, beat: &Beat| *other != id && active.draft.is_active(*other) && beat.offset < until;
        if leads || active.beats.iter().any(|(other, beat)| behind(other, beat)) {
            return BrokerHeartbeatResponse { is_fenced: false, ..answer };
        }
        active.fence(id, "controlled shutdown");
        BrokerHeartbeatResponse { is_fenced: true, should_shut_down: true, ..answer }
    }
}

impl Refuse for BrokerHeartbeatRequest {
    fn refuse(&self, error: ErrorCode, _why: &str) -> BrokerHeartbeatResponse {
        BrokerHeartbeatResponse { error_code: error.code(), ..BrokerHeartbeatResponse::default() }
    }
}
