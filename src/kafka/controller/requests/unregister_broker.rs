//! UnregisterBroker: the cluster forgets a broker (`QuorumController.unregisterBroker`).

use super::{ControllerApi, Refuse};
use crate::kafka::controller::active::{Active, text};
use crate::kafka::controller::elections::NO_LEADER;
use crate::kafka::controller::reason::ChangeReason;
use crate::kafka::controller::records::Record;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::{UnregisterBrokerRequest, UnregisterBrokerResponse};

impl ControllerApi for UnregisterBrokerRequest {
    fn handle(&self, active: &mut Active, _now: Time, _version: i16) -> UnregisterBrokerResponse {
        let id = self.broker_id.0;
        let Some(epoch) = active.draft.brokers.get(&id).map(|broker| broker.epoch) else {
            let why = format!("Broker ID {id} is not currently registered");
            return UnregisterBrokerResponse {
                error_code: ErrorCode::BrokerIdNotRegistered.code(),
                error_message: Some(text(why)),
                ..UnregisterBrokerResponse::default()
            };
        };
        let partitions = active.partitions(|state| state.isr.contains(&id));
        active.reelect(partitions, id, NO_LEADER, NO_LEADER, ChangeReason::BrokerUnregistered);
        active.push(Record::UnregisterBroker { id, epoch });
        active.beats.remove(&id);
        UnregisterBrokerResponse { error_message: None, ..UnregisterBrokerResponse::default() }
    }
}

impl Refuse for UnregisterBrokerRequest {
    fn refuse(&self, error: ErrorCode, why: &str) -> UnregisterBrokerResponse {
        UnregisterBrokerResponse { error_code: error.code(), error_message: Some(text(why)), ..UnregisterBrokerResponse::default() }
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;

    impl Sample for UnregisterBrokerRequest {
        /// A broker that was never there: the one that is asked stays registered.
        fn sample(_known: &Known, _version: i16, _name: &str) -> Self {
            Self { broker_id: 9.into() }
        }
    }
}
