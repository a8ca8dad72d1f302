//! Brokers: registration, heartbeats, fencing, controlled shutdown, producer ids (`ClusterControlManager`, `BrokerHeartbeatManager`,
//! `ProducerIdControlManager`).

use super::ControllerEvent;
use super::active::{Active, text};
use super::elections::NO_LEADER;
use super::image::BrokerImage;
use super::records::Record;
use crate::kafka::time::{Deadline, Reason, Time, Who};
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest,
    BrokerRegistrationResponse, UnregisterBrokerRequest, UnregisterBrokerResponse,
};
use std::sync::Arc;

/// `ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE`.
const PRODUCER_ID_BLOCK: i32 = 1000;

/// What the active controller has heard of a broker.
#[derive(Clone, Debug)]
pub struct Beat {
    /// Its last heartbeat in the registration that it has; `None` before the first and once its session is over
    /// (`BrokerHeartbeatTracker`).
    contact: Option<Time>,
    /// It has been in touch with this controller, not only with one before.
    heard: bool,
    /// The metadata offset that it has applied.
    offset: i64,
    /// Where the log ended when its leaders were moved away: the others must have read that before it may go.
    shutdown_at: i64,
}

impl Beat {
    pub fn new(contact: Option<Time>) -> Self {
        Self { contact, heard: false, offset: -1, shutdown_at: i64::MAX }
    }
}

impl Active {
    fn session_ms(&self) -> i64 {
        self.config.long("broker.session.timeout.ms").max(1)
    }

    pub(super) fn register(&mut self, now: Time, request: &BrokerRegistrationRequest) -> BrokerRegistrationResponse {
        let refuse = |error: ErrorCode| BrokerRegistrationResponse {
            error_code: error.code(),
            broker_epoch: -1,
            ..BrokerRegistrationResponse::default()
        };
        let id = request.broker_id.0;
        if request.cluster_id.as_ref() != &*self.cluster_id {
            return refuse(ErrorCode::InconsistentClusterId);
        }
        let Some(listener) = request.listeners.first().filter(|_| id >= 0) else { return refuse(ErrorCode::InvalidRegistration) };
        let known = self.draft.brokers.get(&id);
        let same = known.filter(|broker| broker.incarnation == request.incarnation_id).cloned();
        let before = known.map_or(-2, |broker| broker.epoch);
        if same.is_none() {
            let clean = request.previous_broker_epoch == before;
            // As long as the session of the process before is valid: it may have been fenced, or have left in good order. Only one that
            // was alone when it left, so that nobody was there to fence it, need not wait.
            let session = self.session_ms();
            let valid = |beat: &&Beat| beat.contact.is_some_and(|at| now < at.plus_millis(session)) && (beat.heard || !clean);
            if before >= 0 && self.beats.get(&id).filter(valid).is_some() {
                return refuse(ErrorCode::DuplicateBrokerRegistration);
            }
            // KIP-966: whoever cannot name its last epoch has not shut down cleanly, and may have lost what it had not flushed.
            if clean {
                let partitions = self.partitions(|state| state.isr.contains(&id));
                self.reelect(partitions, id, NO_LEADER, NO_LEADER, "broker restarted");
            } else {
                let partitions = self.partitions(|state| state.isr.contains(&id) || state.elr.contains(&id));
                self.reelect(partitions, NO_LEADER, NO_LEADER, id, "broker restarted uncleanly");
            }
        }
        // The same process that registers again stays what it was.
        let epoch = same.as_ref().map_or(self.next_offset(), |same| same.epoch);
        self.push(Record::RegisterBroker(BrokerImage {
            id,
            epoch,
            incarnation: request.incarnation_id,
            host: Arc::from(listener.host.as_ref()),
            port: i32::from(listener.port),
            rack: request.rack.as_ref().map(|rack| Arc::from(rack.as_ref())),
            fenced: same.as_ref().is_none_or(|same| same.fenced),
            in_controlled_shutdown: same.as_ref().is_some_and(|same| same.in_controlled_shutdown),
        }));
        if same.is_none() {
            self.beats.insert(id, Beat::new(None));
        }
        self.event(ControllerEvent::BrokerRegistered { broker: id, epoch });
        BrokerRegistrationResponse { broker_epoch: epoch, ..BrokerRegistrationResponse::default() }
    }

    pub(super) fn check_epoch(&self, id: i32, epoch: i64) -> Result<&BrokerImage, ErrorCode> {
        self.draft.brokers.get(&id).filter(|broker| broker.epoch == epoch).ok_or(ErrorCode::StaleBrokerEpoch)
    }

    pub(super) fn heartbeat(&mut self, now: Time, request: &BrokerHeartbeatRequest) -> BrokerHeartbeatResponse {
        let (id, epoch, offset) = (request.broker_id.0, request.broker_epoch, request.current_metadata_offset);
        let (fenced, leaving) = match self.check_epoch(id, epoch) {
            Ok(broker) => (broker.fenced, broker.in_controlled_shutdown),
            Err(error) => return BrokerHeartbeatResponse { error_code: error.code(), ..BrokerHeartbeatResponse::default() },
        };
        let beat = self.beats.entry(id).or_insert_with(|| Beat::new(None));
        (beat.contact, beat.heard, beat.offset) = (Some(now), true, offset);
        let caught_up = offset >= epoch;
        let answer = BrokerHeartbeatResponse { is_caught_up: caught_up, ..BrokerHeartbeatResponse::default() };
        if fenced {
            if request.want_shut_down {
                return BrokerHeartbeatResponse { is_fenced: true, should_shut_down: true, ..answer };
            }
            if request.want_fence || !caught_up {
                return BrokerHeartbeatResponse { is_fenced: true, ..answer };
            }
            self.unfence(id, epoch);
            return BrokerHeartbeatResponse { is_fenced: false, ..answer };
        }
        if request.want_fence && !leaving {
            self.fence(id, "it asked for it");
            return BrokerHeartbeatResponse { is_fenced: true, should_shut_down: request.want_shut_down, ..answer };
        }
        if !request.want_shut_down && !leaving {
            return BrokerHeartbeatResponse { is_fenced: false, ..answer };
        }
        if !leaving {
            self.push(Record::BrokerChange { id, epoch, fenced: 0, in_controlled_shutdown: true });
            let partitions = self.partitions(|state| state.isr.contains(&id));
            self.reelect(partitions, id, NO_LEADER, NO_LEADER, "controlled shutdown");
            let end = self.next_offset();
            self.beats.entry(id).or_insert_with(|| Beat::new(None)).shutdown_at = end - 1;
        }
        let leads = !self.partitions(|state| state.leader == id).is_empty();
        let until = self.beats.get(&id).map_or(i64::MAX, |beat| beat.shutdown_at);
        let behind = |other: &i32, beat: &Beat| *other != id && self.draft.is_active(*other) && beat.offset < until;
        if leads || self.beats.iter().any(|(other, beat)| behind(other, beat)) {
            return BrokerHeartbeatResponse { is_fenced: false, ..answer };
        }
        self.fence(id, "controlled shutdown");
        BrokerHeartbeatResponse { is_fenced: true, should_shut_down: true, ..answer }
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

    pub(super) fn session_end(&self, id: i32) -> Option<Time> {
        Some(self.beats.get(&id)?.contact?.plus_millis(self.session_ms()))
    }

    /// When the next broker's session ends.
    pub(super) fn next_fence(&self) -> Option<Deadline> {
        let alive = self.beats.iter().filter(|(id, _)| self.draft.brokers.get(*id).is_some_and(|broker| !broker.fenced));
        let (id, last) = alive.filter_map(|(id, beat)| Some((*id, beat.contact?))).min_by_key(|(_, last)| *last)?;
        Some((last.plus_millis(self.session_ms()), Reason::new("broker session timeout", Who::Numbered("broker", id.into()))))
    }

    pub(super) fn fence_silent(&mut self, now: Time) {
        let session = self.session_ms();
        let over = |beat: &Beat| beat.contact.is_some_and(|last| last.plus_millis(session) <= now);
        let silent: Vec<i32> = self.beats.iter().filter(|(_, beat)| over(beat)).map(|(id, _)| *id).collect();
        for id in silent {
            if let Some(beat) = self.beats.get_mut(&id) {
                beat.contact = None;
            }
            self.fence(id, "no heartbeat within broker.session.timeout.ms");
        }
    }

    pub(super) fn unregister(&mut self, request: &UnregisterBrokerRequest) -> UnregisterBrokerResponse {
        let id = request.broker_id.0;
        let Some(epoch) = self.draft.brokers.get(&id).map(|broker| broker.epoch) else {
            let why = format!("Broker ID {id} is not currently registered.");
            return UnregisterBrokerResponse {
                error_code: ErrorCode::BrokerIdNotRegistered.code(),
                error_message: Some(text(why)),
                ..UnregisterBrokerResponse::default()
            };
        };
        let partitions = self.partitions(|state| state.isr.contains(&id));
        self.reelect(partitions, id, NO_LEADER, NO_LEADER, "broker unregistered");
        self.push(Record::UnregisterBroker { id, epoch });
        self.beats.remove(&id);
        UnregisterBrokerResponse { error_message: None, ..UnregisterBrokerResponse::default() }
    }

    pub(super) fn allocate_producer_ids(&mut self, request: &AllocateProducerIdsRequest) -> AllocateProducerIdsResponse {
        let (id, epoch) = (request.broker_id.0, request.broker_epoch);
        if let Err(error) = self.check_epoch(id, epoch) {
            return AllocateProducerIdsResponse { error_code: error.code(), ..AllocateProducerIdsResponse::default() };
        }
        let start = self.draft.next_producer_id;
        let Some(next) = start.checked_add(i64::from(PRODUCER_ID_BLOCK)) else {
            return AllocateProducerIdsResponse {
                error_code: ErrorCode::UnknownServerError.code(),
                ..AllocateProducerIdsResponse::default()
            };
        };
        self.push(Record::ProducerIds { broker: id, epoch, next });
        AllocateProducerIdsResponse {
            producer_id_start: start.into(),
            producer_id_len: PRODUCER_ID_BLOCK,
            ..AllocateProducerIdsResponse::default()
        }
    }
}
