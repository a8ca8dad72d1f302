//! BrokerRegistration: a process announces itself and gets its broker epoch (`ClusterControlManager.registerBroker`).

use super::{ControllerApi, Refuse};
use crate::kafka::controller::ControllerEvent;
use crate::kafka::controller::active::Active;
use crate::kafka::controller::brokers::Beat;
use crate::kafka::controller::elections::NO_LEADER;
use crate::kafka::controller::image::BrokerImage;
use crate::kafka::controller::reason::ChangeReason;
use crate::kafka::controller::records::Record;
use crate::kafka::marks::mark;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::{BrokerRegistrationRequest, BrokerRegistrationResponse};
use std::sync::Arc;

impl ControllerApi for BrokerRegistrationRequest {
    fn handle(&self, active: &mut Active, now: Time, _version: i16) -> BrokerRegistrationResponse {
        let refuse = |error: ErrorCode| BrokerRegistrationResponse {
            error_code: error.code(),
            broker_epoch: -1,
            ..BrokerRegistrationResponse::default()
        };
        let id = self.broker_id.0;
        if self.cluster_id.as_ref() != &*active.cluster_id {
            return refuse(ErrorCode::InconsistentClusterId);
        }
        let Some(listener) = self.listeners.first().filter(|_| id >= 0) else { return refuse(ErrorCode::InvalidRegistration) };
        let known = active.draft.brokers.get(&id);
        let same = known.filter(|broker| broker.incarnation == self.incarnation_id).cloned();
        let before = known.map_or(-2, |broker| broker.epoch);
        if same.is_none() {
            let clean = self.previous_broker_epoch == before;
            // As long as the session of the process before is valid: it may have been fenced, or have left in good order. Only one that
            // was alone when it left, so that nobody was there to fence it, need not wait.
            let session = active.session_ms();
            let valid = |beat: &&Beat| beat.contact.is_some_and(|at| now < at.plus_millis(session)) && (beat.heard || !clean);
            if before >= 0 && active.beats.get(&id).filter(valid).is_some() {
                return refuse(ErrorCode::DuplicateBrokerRegistration);
            }
            // KIP-966: a broker that cannot name its last epoch has not shut down cleanly, and may have lost what it had not flushed.
            if clean {
                let partitions = active.partitions(|state| state.isr.contains(&id));
                active.reelect(partitions, id, NO_LEADER, NO_LEADER, ChangeReason::BrokerRestarted);
            } else {
                mark!(ShutdownUnclean);
                let partitions = active.partitions(|state| state.isr.contains(&id) || state.elr.contains(&id));
                active.reelect(partitions, NO_LEADER, NO_LEADER, id, ChangeReason::BrokerRestartedUncleanly);
            }
        }
        // The same process that registers again stays what it was.
        let epoch = same.as_ref().map_or(active.next_offset(), |same| same.epoch);
        active.push(Record::RegisterBroker(BrokerImage {
            id,
            epoch,
            incarnation: self.incarnation_id,
            host: Arc::from(listener.host.as_ref()),
            port: i32::from(listener.port),
            rack: self.rack.as_ref().map(|rack| Arc::from(rack.as_ref())),
            fenced: same.as_ref().is_none_or(|same| same.fenced),
            in_controlled_shutdown: same.as_ref().is_some_and(|same| same.in_controlled_shutdown),
        }));
        if same.is_none() {
            active.beats.insert(id, Beat::new(None));
        }
        active.event(ControllerEvent::BrokerRegistered { broker: id, epoch });
        BrokerRegistrationResponse { broker_epoch: epoch, ..BrokerRegistrationResponse::default() }
    }
}

impl Refuse for BrokerRegistrationRequest {
    fn refuse(&self, error: ErrorCode, _why: &str) -> BrokerRegistrationResponse {
        BrokerRegistrationResponse { error_code: error.code(), ..BrokerRegistrationResponse::default() }
    }
}
