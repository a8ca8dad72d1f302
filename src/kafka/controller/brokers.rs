//! Brokers: what the active controller has heard of each, their sessions, fencing (`ClusterControlManager`, `BrokerHeartbeatManager`).

use super::ControllerEvent;
use super::active::Active;
use super::elections::NO_LEADER;
use super::image::BrokerImage;
use super::reason::ChangeReason;
use super::records::Record;
use crate::kafka::marks::mark;
use crate::kafka::time::{Deadline, Reason, Time, Who};
use crate::kafka::wire::error::ErrorCode;

/// What the active controller has heard of a broker.
#[derive(Clone, Debug)]
pub struct Beat {
    /// Its last heartbeat in the registration that it has; `None` before the first and once its session is over
    /// (`BrokerHeartbeatTracker`).
    pub contact: Option<Time>,
    /// It has been in touch with this controller, not only with one before.
    pub heard: bool,
    /// The metadata offset that it has applied.
    pub offset: i64,
    /// Where the log ended when its leaders were moved away: the others must have read that before it may go.
    pub shutdown_at: i64,
}

impl Beat {
    pub fn new(contact: Option<Time>) -> Self {
        Self { contact, heard: false, offset: -1, shutdown_at: i64::MAX }
    }
}

impl Active {
    pub(super) fn session_ms(&self) -> i64 {
        self.config.broker_session_timeout_ms.max(1)
    }

    pub(super) fn check_epoch(&self, id: i32, epoch: i64) -> Result<&BrokerImage, ErrorCode> {
        self.draft.brokers.get(&id).filter(|broker| broker.epoch == epoch).ok_or(ErrorCode::StaleBrokerEpoch)
    }

    pub(super) fn unfence(&mut self, id: i32, epoch: i64) {
        self.push(Record::BrokerChange { id, epoch, fenced: -1, in_controlled_shutdown: false });
        let leaderless = self.partitions(|state| state.leader == NO_LEADER);
        self.reelect(leaderless, NO_LEADER, id, NO_LEADER, ChangeReason::BrokerUnfenced);
        self.event(ControllerEvent::BrokerUnfenced { broker: id });
    }

    pub(super) fn fence(&mut self, id: i32, why: &'static str) {
        let Some(epoch) = self.draft.brokers.get(&id).filter(|broker| !broker.fenced).map(|broker| broker.epoch) else { return };
        let partitions = self.partitions(|state| state.isr.contains(&id));
        self.reelect(partitions, id, NO_LEADER, NO_LEADER, ChangeReason::LeaderFenced(id));
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
            mark!(BrokerFenced);
            self.fence(id, "no heartbeat within broker.session.timeout.ms");
        }
    }
}
