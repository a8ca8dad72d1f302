//! The coordinator's deadlines: one table, ordered by time, so that the next one is always at hand.

use crate::kafka::time::{Deadline, Reason, Time, TimerKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a deadline is for. At most one of each is pending for a group.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// `offsets.retention.check.interval.ms`; belongs to no group.
    RetentionCheck,
    /// `group.initial.rebalance.delay.ms` after the first join into an empty group.
    InitialDelay,
    /// The end of the join phase: members that did not rejoin are removed.
    Rebalance,
    /// The end of the sync phase: members that did not send SyncGroup are removed.
    PendingSync,
    /// The member with this id was silent for its session timeout.
    Session(Arc<str>),
    /// The member of a consumer group has not given up what it is to.
    Revocation(Arc<str>),
    /// The member of a consumer group that speaks the classic protocol has not joined again.
    Join(Arc<str>),
    /// The same has not asked for its assignment.
    Sync(Arc<str>),
    /// Regular expressions are to be matched.
    Regex,
}

impl Kind {
    const fn what(&self) -> TimerKind {
        match self {
            Self::RetentionCheck => TimerKind::Kafka("offset retention check"),
            Self::InitialDelay => TimerKind::InitialRebalanceDelay,
            Self::Rebalance | Self::Revocation(_) | Self::Join(_) => TimerKind::RebalanceTimeout,
            Self::PendingSync | Self::Sync(_) => TimerKind::SyncTimeout,
            Self::Regex => TimerKind::Kafka("matching of regular expressions"),
            Self::Session(_) => TimerKind::SessionTimeout,
        }
    }
}

type Key = (Arc<str>, Kind);

/// Deadlines by key and by time.
#[derive(Clone, Debug, Default)]
pub struct Timers {
    by_key: BTreeMap<Key, (Time, Arc<str>)>,
    by_time: BTreeSet<(Time, Key)>,
}

impl Timers {
    /// Sets or moves a deadline. `who` is the name that its reason shows.
    pub fn schedule(&mut self, group: &Arc<str>, kind: Kind, at: Time, who: &Arc<str>) {
        let key = (Arc::clone(group), kind);
        if let Some((before, _)) = self.by_key.insert(key.clone(), (at, Arc::clone(who))) {
            self.by_time.remove(&(before, key.clone()));
        }
        self.by_time.insert((at, key));
    }

    pub fn cancel(&mut self, group: &Arc<str>, kind: Kind) {
        let key = (Arc::clone(group), kind);
        if let Some((at, _)) = self.by_key.remove(&key) {
            self.by_time.remove(&(at, key));
        }
    }

    /// Forgets every deadline of the group.
    pub fn cancel_group(&mut self, group: &Arc<str>) {
        let keys: Vec<Key> = self
            .by_key
            .range((Arc::clone(group), Kind::RetentionCheck)..)
            .take_while(|((owner, _), _)| owner == group)
            .map(|(key, _)| key.clone())
            .collect();
        for (group, kind) in keys {
            self.cancel(&group, kind);
        }
    }

    pub fn deadline(&self, group: &Arc<str>, kind: Kind) -> Option<Time> {
        self.by_key.get(&(Arc::clone(group), kind)).map(|(at, _)| *at)
    }

    /// A deadline with its reason.
    pub fn reasoned(&self, group: &Arc<str>, kind: Kind) -> Option<Deadline> {
        let what = kind.what();
        let (at, who) = self.by_key.get(&(Arc::clone(group), kind))?;
        Some((*at, Reason::new(what, Arc::clone(who))))
    }

    /// The next deadline of the group's rebalance.
    pub fn rebalance(&self, group: &Arc<str>) -> Option<Deadline> {
        let next = |kind: Kind| Some((self.deadline(group, kind.clone())?, Reason::new(kind.what(), Arc::clone(group))));
        [Kind::InitialDelay, Kind::Rebalance, Kind::PendingSync].into_iter().filter_map(next).min_by_key(|(at, _)| *at)
    }

    /// Takes one deadline that is due.
    pub fn pop_due(&mut self, now: Time) -> Option<(Arc<str>, Kind)> {
        let (at, key) = self.by_time.first().cloned()?;
        if at > now {
            return None;
        }
        self.cancel(&key.0, key.1.clone());
        Some(key)
    }

    pub fn next(&self) -> Option<Deadline> {
        let (at, key) = self.by_time.first()?;
        let who = self.by_key.get(key).map(|(_, who)| Arc::clone(who)).unwrap_or_default();
        Some((*at, Reason::new(key.1.what(), who)))
    }
}
