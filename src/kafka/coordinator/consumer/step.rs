//! One change of a consumer group on its way: the group as it is to be, and the records that make it so. They are taken in as they are
//! made, and answered once they are committed.

use super::member::{Member, Partitions, Target};
use super::{ConsumerGroup, METADATA_REFRESH_MS, Record, Refused, refused};
use crate::kafka::coordinator::GroupConfig;
use crate::kafka::coordinator::output::Context;
use crate::kafka::coordinator::timers::Kind;
use crate::kafka::coordinator::topics::Topics;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use bytes::Bytes;
use std::sync::Arc;

/// A key and a value of `__consumer_offsets`; without a value a tombstone.
pub type Raw = (Bytes, Option<Bytes>);

pub struct Step<'a> {
    pub now: Time,
    pub topics: &'a Topics,
    pub group: ConsumerGroup,
    /// Those of a former type of the group come first.
    pub records: Vec<Raw>,
}

impl<'a> Step<'a> {
    pub const fn new(now: Time, topics: &'a Topics, group: ConsumerGroup) -> Self {
        Self { now, topics, group, records: Vec::new() }
    }

    pub fn log(&mut self, record: Record) {
        self.records.push(record.encode(&self.group.common.id));
        self.group.replay(record);
    }

    /// `hasMemberSubscriptionChanged`: whether its topics are others.
    pub fn update(&mut self, before: &Member, member: &Member) -> bool {
        if before == member {
            return false;
        }
        self.log(Record::Member(member.id.clone(), Some(Box::new(member.clone()))));
        before.topics != member.topics
    }

    /// `updateSubscriptionMetadata`: a new epoch, if one is due or the topics have changed.
    pub fn refresh(&mut self, bump: bool) {
        let hash = self.group.hash(self.topics);
        if bump || hash != self.group.metadata_hash {
            self.log(Record::Epoch(Some((self.group.epoch + 1, hash))));
        }
        self.group.refresh_at = self.now.millis().saturating_add(METADATA_REFRESH_MS);
    }

    pub fn refresh_if_due(&mut self, bump: bool) {
        if bump || self.now.millis() >= self.group.refresh_at {
            self.refresh(bump);
        }
    }

    /// `updateTargetAssignment`, if the group has a newer epoch than its target.
    pub fn assign(&mut self, config: &GroupConfig) {
        if self.group.epoch > self.group.target_epoch {
            self.group.new_targets(config, self.topics).into_iter().for_each(|record| self.log(record));
        }
    }

    /// `maybeReconcile`: a step of the member towards its target. Watches over what it is to give up.
    pub fn reconcile(&mut self, cx: &mut Context, id: &str, owned: Option<&Partitions>) -> Result<(), Refused> {
        let group = &self.group;
        let Some(member) = group.members.get(id) else { return Ok(()) };
        if member.is_reconciled_to(group.target_epoch) {
            return Ok(());
        }
        let assignment = group.target_of(id);
        let two_owners = cx.config.two_owners;
        let is_owned = |topic, partition| !two_owners && group.is_owned(topic, partition);
        let target = Target { epoch: group.target_epoch, assignment: &assignment, is_owned: &is_owned, owned };
        let Some(next) = member.reconciled(&target) else {
            let message = "The consumer group member is in a unknown state. The member must abandon all its partitions and rejoin.";
            return Err(refused(ErrorCode::FencedMemberEpoch, message));
        };
        if next == *member {
            return Ok(());
        }
        let kind = Kind::Revocation(next.id.clone());
        if next.classic.is_none() {
            if next.is_revoking() {
                let at = self.now.plus_millis(i64::from(next.rebalance_timeout_ms));
                cx.timers.schedule(&group.common.id, kind, at, next.shown());
            } else {
                cx.timers.cancel(&group.common.id, kind);
            }
        }
        self.log(Record::Current(next.id.clone(), Some(Box::new(next))));
        Ok(())
    }

    /// Takes a member out of the log; the caller makes a new epoch.
    pub fn remove(&mut self, id: &Arc<str>) {
        self.log(Record::Current(id.clone(), None));
        self.log(Record::Target(id.clone(), None));
        self.log(Record::Member(id.clone(), None));
    }

    /// A static member comes back under another id: it takes the place of the one that left.
    pub fn replace(&mut self, old: &Member, new: &Member) {
        let target = self.group.target_of(&old.id);
        self.remove(&old.id);
        self.log(Record::Member(new.id.clone(), Some(Box::new(new.clone()))));
        self.log(Record::Target(new.id.clone(), Some(target)));
        self.log(Record::Current(new.id.clone(), Some(Box::new(new.clone()))));
    }
}
