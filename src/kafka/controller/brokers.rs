//! Brokers: registration, heartbeats, fencing, controlled shutdown, producer ids (`ClusterControlManager`, `BrokerHeartbeatManager`,
//! `ProducerIdControlManager`).

use super::ControllerEvent;
use super::active::{Active, text};
use super::elections::NO_LEADER;
use super::image::BrokerImage;
use super::records::Record;
use crate::kafka::time::{Deadline, Reason, Time, Who};
use crate::kafka::wire::error::ErrorCode;
use kafka_protocol::messages::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest,
    BrokerRegistrationResponse, UnregisterBrokerRequest, UnregisterBrokerResponse,
};
use std::sync::Arc;

/// `ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE`.
const PRODUCER_ID_BLOCK: i32 = 1000;

/// What the active controller has heard of a broker.
#[derive(Clone, Debug)]
pub struct Beat {
    last: Time,
    /// It has been in touch with this controller, not only with one before.
    heard: bool,
    /// The metadata offset that it has applied.
    offset: i64,
    /// Where the log ended when its leaders were moved away: the others must have read that before it may go.
    shutdown_at: i64,
}

impl Beat {
    pub fn new(now: Time) -> Self {
        Self { last: now, heard: false, offset: -1, shutdown_at: i64::MAX }
    }
}

impl Active {
    fn session_ms(&self) -> i64 {
        self.config.long("broker.session.timeout.ms").max(1)
    }

    pub(super) fn register(&mut self, now: Time, request: &BrokerRegistrationRequest) -> BrokerRegistrationResponse {
        let refuse = |error: ErrorCode| BrokerRegistrationResponse::default().with_error_code(error.code()).with_broker_epoch(-1);
        let id = request.broker_id.0;
        if request.cluster_id.as_str() != &*self.cluster_id {
            return refuse(ErrorCode::InconsistentClusterId);
        }
        let Some(listener) = request.listeners.first().filter(|_| id >= 0) else { return refuse(ErrorCode::InvalidRegistration) };
        let known = self.draft.brokers.get(&id).map(|broker| (broker.incarnation, broker.epoch, broker.in_controlled_shutdown));
        if let Some((incarnation, epoch, leaving)) = known
            && incarnation != request.incarnation_id
        {
            let alive = self.beats.get(&id).is_some_and(|beat| beat.heard && now < beat.last.plus_millis(self.session_ms()));
            let fenced = self.draft.brokers.get(&id).is_some_and(|broker| broker.fenced);
            if alive && !leaving && !fenced {
                return refuse(ErrorCode::DuplicateBrokerRegistration);
            }
            // KIP-966: whoever cannot name its last epoch has not shut down cleanly, and may have lost what it had not flushed.
            if request.previous_broker_epoch == epoch {
                let partitions = self.partitions(|state| state.isr.contains(&id));
                self.reelect(partitions, id, NO_LEADER, NO_LEADER, "broker restarted");
            } else {
                let partitions = self.partitions(|state| state.isr.contains(&id) || state.elr.contains(&id));
                self.reelect(partitions, NO_LEADER, NO_LEADER, id, "broker restarted uncleanly");
            }
        }
        let epoch = self.next_offset();
        let same = known.filter(|(incarnation, ..)| *incarnation == request.incarnation_id);
        self.push(Record::RegisterBroker(BrokerImage {
            id,
            epoch,
            incarnation: request.incarnation_id,
            host: Arc::from(listener.host.as_str()),
            port: i32::from(listener.port),
            rack: request.rack.as_ref().map(|rack| Arc::from(rack.as_str())),
            // The same process that registers again stays what it was.
            fenced: same.is_none_or(|_| self.draft.brokers.get(&id).is_none_or(|broker| broker.fenced)),
            in_controlled_shutdown: same.is_some_and(|(.., leaving)| leaving),
        }));
        self.beats.insert(id, Beat { heard: true, ..Beat::new(now) });
        self.event(ControllerEvent::BrokerRegistered { broker: id, epoch });
        BrokerRegistrationResponse::default().with_broker_epoch(epoch)
    }

    pub(super) fn check_epoch(&self, id: i32, epoch: i64) -> Result<&BrokerImage, ErrorCode> {
        self.draft.brokers.get(&id).filter(|broker| broker.epoch == epoch).ok_or(ErrorCode::StaleBrokerEpoch)
    }

    pub(super) fn heartbeat(&mut self, now: Time, request: &BrokerHeartbeatRequest) -> BrokerHeartbeatResponse {
        let (id, epoch, offset) = (request.broker_id.0, request.broker_epoch, request.current_metadata_offset);
        let (fenced, leaving) = match self.check_epoch(id, epoch) {
            Ok(broker) => (broker.fenced, broker.in_controlled_shutdown),
            Err(error) => return BrokerHeartbeatResponse::default().with_error_code(error.code()),
        };
        let beat = self.beats.entry(id).or_insert_with(|| Beat::new(now));
        (beat.last, beat.heard, beat.offset) = (now, true, offset);
        let caught_up = offset >= epoch;
        let answer = BrokerHeartbeatResponse::default().with_is_caught_up(caught_up);
        if fenced {
            if request.want_shut_down {
                return answer.with_is_fenced(true).with_should_shut_down(true);
            }
            if request.want_fence || !caught_up {
                return answer.with_is_fenced(true);
            }
            self.unfence(id, epoch);
            return answer.with_is_fenced(false);
        }
        if request.want_fence && !leaving {
            self.fence(id, "it asked for it");
            return answer.with_is_fenced(true).with_should_shut_down(request.want_shut_down);
        }
        if !request.want_shut_down && !leaving {
            return answer.with_is_fenced(false);
        }
        if !leaving {
            self.push(Record::BrokerChange { id, epoch, fenced: 0, in_controlled_shutdown: true });
            let partitions = self.partitions(|state| state.isr.contains(&id));
            self.reelect(partitions, id, NO_LEADER, NO_LEADER, "controlled shutdown");
            let end = self.next_offset();
            self.beats.entry(id).or_insert_with(|| Beat::new(now)).shutdown_at = end - 1;
        }
        let leads = !self.partitions(|state| state.leader == id).is_empty();
        let until = self.beats.get(&id).map_or(i64::MAX, |beat| beat.shutdown_at);
        let behind = |other: &i32, beat: &Beat| *other != id && self.draft.is_active(*other) && beat.offset < until;
        if leads || self.beats.iter().any(|(other, beat)| behind(other, beat)) {
            return answer.with_is_fenced(false);
        }
        self.fence(id, "controlled shutdown");
        answer.with_is_fenced(true).with_should_shut_down(true)
    }

    fn unfence(&mut self, id: i32, epoch: i64) {
        self.push(Record::BrokerChange { id, epoch, fenced: -1, in_controlled_shutdown: false });
        let leaderless = self.partitions(|state| state.leader == NO_LEADER);
        self.reelect(leaderless, NO_LEADER, id, NO_LEADER, "broker unfenced");
        self.event(ControllerEvent::BrokerUnfenced { broker: id });
    }

    pub(super) fn fence(&mut self, id: i32, why: &'static str) {
        let Some(epoch) = self.draft.brokers.get(&id).filter(|broker| !broker.fenced).map(|broker| broker.epoch) else { return };
        let partitions = self.partitions(|state| state.isr.contains(&id));
        self.reelect(partitions, id, NO_LEADER, NO_LEADER, "leader's broker was fenced");
        self.push(Record::BrokerChange { id, epoch, fenced: 1, in_controlled_shutdown: false });
        self.event(ControllerEvent::BrokerFenced { broker: id, why });
    }

    /// When the next broker's session ends.
    pub(super) fn next_fence(&self) -> Option<Deadline> {
        let alive = self.beats.iter().filter(|(id, _)| self.draft.brokers.get(*id).is_some_and(|broker| !broker.fenced));
        let (id, last) = alive.map(|(id, beat)| (*id, beat.last)).min_by_key(|(_, last)| *last)?;
        Some((last.plus_millis(self.session_ms()), Reason::new("broker session timeout", Who::Numbered("broker", id.into()))))
    }

    pub(super) fn fence_silent(&mut self, now: Time) {
        let session = self.session_ms();
        let silent: Vec<i32> = self.beats.iter().filter(|(_, beat)| beat.last.plus_millis(session) <= now).map(|(id, _)| *id).collect();
        for id in silent {
            self.fence(id, "no heartbeat within broker.session.timeout.ms");
        }
    }

    pub(super) fn unregister(&mut self, request: &UnregisterBrokerRequest) -> UnregisterBrokerResponse {
        let id = request.broker_id.0;
        let Some(epoch) = self.draft.brokers.get(&id).map(|broker| broker.epoch) else {
            let why = format!("Broker ID {id} is not currently registered.");
            return UnregisterBrokerResponse::default()
                .with_error_code(ErrorCode::BrokerIdNotRegistered.code())
                .with_error_message(Some(text(why)));
        };
        let partitions = self.partitions(|state| state.isr.contains(&id));
        self.reelect(partitions, id, NO_LEADER, NO_LEADER, "broker unregistered");
        self.push(Record::UnregisterBroker { id, epoch });
        self.beats.remove(&id);
        UnregisterBrokerResponse::default().with_error_message(None)
    }

    pub(super) fn allocate_producer_ids(&mut self, request: &AllocateProducerIdsRequest) -> AllocateProducerIdsResponse {
        let (id, epoch) = (request.broker_id.0, request.broker_epoch);
        if let Err(error) = self.check_epoch(id, epoch) {
            return AllocateProducerIdsResponse::default().with_error_code(error.code());
        }
        let start = self.draft.next_producer_id;
        let Some(next) = start.checked_add(i64::from(PRODUCER_ID_BLOCK)) else {
            return AllocateProducerIdsResponse::default().with_error_code(ErrorCode::UnknownServerError.code());
        };
        self.push(Record::ProducerIds { broker: id, epoch, next });
        AllocateProducerIdsResponse::default().with_producer_id_start(start.into()).with_producer_id_len(PRODUCER_ID_BLOCK)
    }
}
