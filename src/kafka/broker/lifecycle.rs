//! The broker's life as the controller sees it (`BrokerLifecycleManager`): registered, fenced, unfenced, leaving.

use super::answers::OwnRequest;
use super::{Broker, BrokerEvent, ErrorCode, Output};
use crate::kafka::controller::Request;
use crate::kafka::controller::features::FEATURES;
use crate::kafka::time::{Deadline, Reason, Time};
use crate::kafka::wire::message as m;
use crate::kafka::wire::message::Str;
use m::broker_registration_request::{Feature, Listener};
use uuid::Uuid;

/// How long a broker waits for its leaderships to move before it stops all the same.
const CONTROLLED_SHUTDOWN_MS: i64 = 30_000;
/// Between the heartbeats of a broker that leaves.
const LEAVING_INTERVAL_MS: i64 = 200;
/// The first wait after a failure; it doubles up to half a session.
const RESEND_BACKOFF_MS: i64 = 100;

#[derive(Clone, Debug)]
pub struct Life {
    /// Of this process.
    incarnation: Uuid,
    /// The broker epoch: the offset of the registration's record; -1 before there is one.
    pub epoch: i64,
    /// Of a clean stop before this start (KIP-966); -1 when it was none.
    previous_epoch: i64,
    /// When the next registration or heartbeat is due.
    next: Time,
    asked: bool,
    failures: u32,
    /// The metadata has been caught up with: no need to be fenced any more.
    pub caught_up: bool,
    pub unfenced: bool,
    /// A graceful stop was asked for, and until when it may take.
    leaving: Option<Time>,
    /// It stays until all others may go, too.
    waits_for_others: bool,
    /// The controller has let it go.
    pub released: bool,
    pub stopped: bool,
}

impl Life {
    pub fn new(now: Time, incarnation: Uuid, previous_epoch: i64) -> Self {
        Self {
            incarnation,
            epoch: -1,
            previous_epoch,
            next: now,
            asked: false,
            failures: 0,
            caught_up: false,
            unfenced: false,
            leaving: None,
            waits_for_others: false,
            released: false,
            stopped: false,
        }
    }

    pub fn deadline(&self) -> Option<Deadline> {
        if self.stopped {
            return None;
        }
        if let Some(until) = self.leaving.filter(|until| self.asked || *until <= self.next) {
            return Some((until, Reason::new("controlled shutdown", "")));
        }
        (!self.asked).then(|| (self.next, Reason::new("broker heartbeat", "")))
    }

    fn failed(&mut self, now: Time, session_ms: i64) {
        let wait = crate::kafka::client::backoff::backoff_ms(RESEND_BACKOFF_MS, session_ms / 2, self.failures);
        self.failures = self.failures.saturating_add(1);
        self.next = now.plus_millis(wait);
    }
}

impl Broker {
    /// Registers, or says that it lives, when it is time; whether it did.
    pub(super) fn live(&mut self, now: Time) -> bool {
        if self.life.stopped {
            return false;
        }
        if self.life.leaving.is_some_and(|until| until <= now) {
            self.log("the controlled shutdown took too long".into());
            self.stop(now);
            return true;
        }
        if self.life.asked || self.life.next > now {
            return false;
        }
        self.life.asked = true;
        if self.life.epoch < 0 {
            let request = self.registration();
            self.ask_controller(now, OwnRequest::Register, Request::BrokerRegistration(request));
        } else {
            let request = m::BrokerHeartbeatRequest {
                broker_id: self.options.node_id.into(),
                broker_epoch: self.life.epoch,
                current_metadata_offset: self.controller.image().offset,
                want_fence: !self.life.caught_up,
                want_shut_down: self.life.leaving.is_some(),
                ..m::BrokerHeartbeatRequest::default()
            };
            self.ask_controller(now, OwnRequest::Heartbeat, Request::BrokerHeartbeat(request));
        }
        true
    }

    fn registration(&self) -> m::BrokerRegistrationRequest {
        let listener = Listener {
            name: Str::from("PLAINTEXT"),
            host: self.host(),
            port: u16::try_from(self.options.port).unwrap_or(u16::MAX),
            security_protocol: 0,
        };
        let features = FEATURES.iter().map(|feature| Feature {
            name: Str::from(feature.name),
            min_supported_version: feature.min,
            max_supported_version: feature.max,
        });
        m::BrokerRegistrationRequest {
            broker_id: self.options.node_id.into(),
            cluster_id: self.cluster_id(),
            incarnation_id: self.life.incarnation,
            listeners: vec![listener],
            features: features.collect(),
            rack: self.rack(),
            log_dirs: vec![self.directory],
            previous_broker_epoch: self.life.previous_epoch,
            ..m::BrokerRegistrationRequest::default()
        }
    }

    fn session_ms(&self) -> i64 {
        self.config.broker_session_timeout_ms
    }

    pub(super) fn registered(&mut self, now: Time, response: Option<m::BrokerRegistrationResponse>) {
        let session = self.session_ms();
        let life = &mut self.life;
        life.asked = false;
        match response {
            Some(response) if response.error_code == 0 => {
                (life.epoch, life.failures, life.next) = (response.broker_epoch, 0, now);
            }
            Some(response) => {
                life.failed(now, session);
                let error = ErrorCode::from_code(response.error_code);
                if error != ErrorCode::NotController {
                    self.log(format!("the controller does not register this broker: {error}"));
                }
            }
            None => life.failed(now, session),
        }
    }

    pub(super) fn heartbeat_answered(&mut self, now: Time, response: Option<m::BrokerHeartbeatResponse>) {
        let (session, interval) = (self.session_ms(), self.config.broker_heartbeat_interval_ms);
        let life = &mut self.life;
        life.asked = false;
        let Some(response) = response.filter(|response| {
            let error = ErrorCode::from_code(response.error_code);
            if error == ErrorCode::BrokerIdNotRegistered || error == ErrorCode::StaleBrokerEpoch {
                // The cluster has forgotten this process, or never kept it.
                life.epoch = -1;
            }
            !error.is_error()
        }) else {
            life.failed(now, session);
            return;
        };
        let interval = if life.leaving.is_some() { LEAVING_INTERVAL_MS } else { interval.max(1) };
        (life.failures, life.next) = (0, now.plus_millis(interval));
        if response.is_caught_up && !life.caught_up {
            (life.caught_up, life.next) = (true, now);
            self.apply_all(now);
        }
        let unfenced = !response.is_fenced;
        if unfenced != self.life.unfenced {
            self.life.unfenced = unfenced;
            let broker = self.options.node_id;
            self.event(if unfenced { BrokerEvent::Unfenced { broker } } else { BrokerEvent::Fenced { broker } });
        }
        if response.should_shut_down && self.life.leaving.is_some() {
            self.life.released = true;
            if !self.life.waits_for_others {
                self.stop(now);
            }
        }
    }

    /// A graceful stop: the controller moves leaderships away first, where there is anyone to take them.
    pub(super) fn leave(&mut self, now: Time, with_others: bool) {
        if self.life.stopped || self.life.leaving.is_some() {
            return;
        }
        let me = self.options.node_id;
        let others = self.controller.image().brokers.values().any(|broker| broker.id != me && !broker.fenced);
        if !others || self.life.epoch < 0 || !self.config.controlled_shutdown_enable {
            return self.stop(now);
        }
        self.life.waits_for_others = with_others;
        self.life.leaving = Some(now.plus_millis(CONTROLLED_SHUTDOWN_MS));
        self.life.next = now;
        self.settle(now);
    }

    pub(super) fn stop(&mut self, now: Time) {
        if self.life.stopped {
            return;
        }
        self.life.stopped = true;
        self.controller.handle_shutdown(now, &mut self.disk);
        self.drain_controller(now);
        self.pump_peers(now);
        self.shut_down(now);
        self.peers.close_all(now);
        self.drain_peers();
        self.outputs.push_back(Output::Stopped);
    }
}
