//! One partition as this broker has it (`kafka.cluster.Partition`): the log, what the metadata says of it and, while this broker leads
//! it, the followers, the in-sync replicas and what follows from them, the high watermark.

use super::PartitionView;
use crate::kafka::controller::image::{Image, PartitionImage};
use crate::kafka::disk::Disk;
use crate::kafka::log::{Log, LogError};
use crate::kafka::sabotage::Sabotage;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A follower as the leader knows it (`kafka.cluster.Replica`).
#[derive(Clone, Debug)]
pub struct Follower {
    /// Its log end by its last fetch; -1 before the first.
    pub end: i64,
    last_fetch: Time,
    /// The leader's log end at the last fetch.
    last_fetch_end: i64,
    /// When it last had everything.
    caught_up: Time,
    /// The broker epoch that it fetched with; -1 when it said none.
    pub broker_epoch: i64,
    /// Where its log starts by its last fetch; -1 before the first.
    log_start: i64,
}

/// What a follower says of itself when it fetches.
#[derive(Clone, Copy, Debug)]
pub struct FollowerFetch {
    pub id: i32,
    pub broker_epoch: i64,
    /// It has everything before it.
    pub offset: i64,
    pub log_start: i64,
}

impl Follower {
    /// As of a new leader: one that is in sync counts as caught up now.
    fn new(now: Time, end: i64, in_sync: bool) -> Self {
        let caught_up = if in_sync { now } else { Time(0) };
        Self { end: -1, last_fetch: Time(0), last_fetch_end: end, caught_up, broker_epoch: -1, log_start: -1 }
    }

    fn fetched(&mut self, now: Time, fetch: FollowerFetch, leader_end: i64) {
        let FollowerFetch { broker_epoch, offset, log_start, .. } = fetch;
        if offset >= leader_end {
            self.caught_up = self.caught_up.max(now);
        } else if offset >= self.last_fetch_end {
            self.caught_up = self.caught_up.max(self.last_fetch);
        }
        (self.end, self.last_fetch, self.last_fetch_end, self.broker_epoch) = (offset, now, leader_end, broker_epoch);
        self.log_start = log_start;
    }

    /// It has fetched again since, last at `at`, and always had everything.
    fn fetched_all(&mut self, at: Time) {
        self.caught_up = self.caught_up.max(at);
        self.last_fetch = self.last_fetch.max(at);
    }

    fn is_caught_up(&self, now: Time, leader_end: i64, lag_ms: i64) -> bool {
        self.end == leader_end || now <= self.caught_up.plus_millis(lag_ms)
    }
}

/// Why an in-sync set changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IsrReason {
    CaughtUp,
    /// Not caught up within `replica.lag.time.max.ms`.
    Lagged,
    /// The controller changed it on its own.
    Decided,
}

impl IsrReason {
    pub const fn name(self) -> &'static str {
        match self {
            Self::CaughtUp => "caught up",
            Self::Lagged => "not caught up for replica.lag.time.max.ms",
            Self::Decided => "decided by the controller",
        }
    }
}

impl fmt::Display for IsrReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Hash for IsrReason {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

/// An in-sync set that the controller has been, or is to be, asked for. Until it answers, the larger of both sets holds.
#[derive(Clone, Debug)]
pub struct Proposal {
    pub isr: Vec<i32>,
    /// The broker epoch of each, by its last fetch (`Partition.addBrokerEpochToIsr`); -1 where there was none. They stay what they were
    /// when the set was proposed: a follower that has started anew since must not be let in on the word of its former process.
    pub epochs: Vec<i64>,
    pub why: IsrReason,
    /// Asked for and not answered.
    pub sent: bool,
    /// Refused for good, or accepted in another leader epoch: the metadata will say what holds.
    pub refused: bool,
}

/// What a leader keeps.
#[derive(Clone, Debug)]
pub struct Leading {
    /// The log end when this broker became the leader.
    pub epoch_start: i64,
    /// All other replicas.
    pub followers: SortedVecMap<i32, Follower>,
    pub proposal: Option<Proposal>,
}

impl Leading {
    fn propose(&mut self, isr: Vec<i32>, why: IsrReason) {
        let epochs = isr.iter().map(|id| self.followers.get(id).map_or(-1, |follower| follower.broker_epoch)).collect();
        self.proposal = Some(Proposal { isr, epochs, why, sent: false, refused: false });
    }
}

/// What decides beside the partition itself.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    pub now: Time,
    /// `replica.lag.time.max.ms`.
    pub lag_ms: i64,
    pub sabotage: Option<Sabotage>,
    pub image: &'a Image,
}

impl Rules<'_> {
    /// Whether a follower may be in the ISR at all (KIP-903, `Partition.isReplicaIsrEligible`): registered, not fenced, not leaving, and
    /// what it last fetched was fetched by the process that is registered now.
    fn eligible(&self, id: i32, follower: &Follower) -> bool {
        let same = |epoch: i64| follower.end >= 0 && (follower.broker_epoch == -1 || follower.broker_epoch == epoch);
        self.image.brokers.get(&id).is_some_and(|broker| !broker.fenced && !broker.in_controlled_shutdown && same(broker.epoch))
    }
}

#[derive(Clone, Debug)]
pub struct Partition {
    pub log: Log,
    /// What the metadata says, or an answer to AlterPartition that is newer. Epochs are -1 before either.
    pub state: PartitionImage,
    /// All records before it are on every in-sync replica. On a follower: what the leader said, within this log.
    pub high_watermark: i64,
    /// Everything before it is flushed.
    pub recovery_point: i64,
    /// When the log was last flushed, or opened.
    pub flushed_at: Time,
    pub leading: Option<Leading>,
    /// The topic's `min.insync.replicas`.
    pub min_isr: i32,
    /// A follower that was refused asks again then.
    pub fetch_after: Time,
    /// How far a follower was behind the leader's high watermark after its last fetch of this epoch.
    pub lag: Option<i64>,
    pub throttled: Throttled,
}

/// Whether the copying of this replica is throttled: when this broker leads, and when it follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Throttled {
    pub leader: bool,
    pub follower: bool,
}

impl Partition {
    /// A log as it was opened, before anything is known of its leader.
    pub fn new(now: Time, log: Log, recovery_point: i64, high_watermark: i64) -> Self {
        let within = |offset: i64| offset.clamp(log.start_offset(), log.end_offset());
        let (recovery_point, high_watermark) = (within(recovery_point), within(high_watermark));
        let state = PartitionImage { leader: -1, leader_epoch: -1, partition_epoch: -1, ..PartitionImage::default() };
        Self {
            log,
            state,
            high_watermark,
            recovery_point,
            flushed_at: now,
            leading: None,
            min_isr: 1,
            fetch_after: Time(0),
            lag: None,
            throttled: Throttled::default(),
        }
    }

    /// Min ISR, or the number of replicas where that is less.
    pub fn effective_min_isr(&self) -> usize {
        usize::try_from(self.min_isr).unwrap_or(1).min(self.state.replicas.len())
    }

    pub fn is_under_min_isr(&self) -> bool {
        self.state.isr.len() < self.effective_min_isr()
    }

    /// This broker leads from here on, in the epoch that the state has.
    pub fn lead(&mut self, now: Time, me: i32) {
        let epoch_start = self.log.end_offset();
        let follower = |id: &i32| (*id, Follower::new(now, epoch_start, self.state.isr.contains(id)));
        let followers = self.state.replicas.iter().filter(|id| **id != me).map(follower).collect();
        self.leading = Some(Leading { epoch_start, followers, proposal: None });
    }

    /// The state has changed within an epoch: replicas may have come or gone, and what was proposed is decided.
    pub fn keep_leading(&mut self, now: Time, me: i32) {
        let Some(leading) = &mut self.leading else { return };
        let state = &self.state;
        leading.proposal = None;
        leading.followers.retain(|id, _| state.replicas.contains(id));
        for id in state.replicas.iter().filter(|id| **id != me) {
            let end = self.log.end_offset();
            leading.followers.entry(*id).or_insert_with(|| Follower::new(now, end, state.isr.contains(id)));
        }
    }

    /// The least end offset in the maximal ISR, and of those about to join it.
    fn committed_end(&self, leading: &Leading, rules: &Rules) -> i64 {
        let end = self.log.end_offset();
        let mut least = end;
        if rules.sabotage == Some(Sabotage::HighWatermarkFromLeader) {
            return least;
        }
        for (id, follower) in &leading.followers {
            let in_isr = self.state.isr.contains(id) || leading.proposal.as_ref().is_some_and(|proposal| proposal.isr.contains(id));
            let close = || follower.is_caught_up(rules.now, end, rules.lag_ms);
            let counts = if in_isr {
                rules.sabotage != Some(Sabotage::IsrNeverShrinks) || close()
            } else {
                close() && rules.eligible(*id, follower)
            };
            if counts {
                least = least.min(follower.end);
            }
        }
        least
    }

    /// The high watermark before and after, when it moved. It never goes back, and stands still below min ISR (KIP-966).
    pub fn advance_high_watermark(&mut self, rules: &Rules) -> Option<(i64, i64)> {
        let leading = self.leading.as_ref()?;
        if self.is_under_min_isr() && rules.sabotage != Some(Sabotage::HighWatermarkFromLeader) {
            return None;
        }
        let (from, to) = (self.high_watermark, self.committed_end(leading, rules));
        (to > from).then(|| {
            self.high_watermark = to;
            (from, to)
        })
    }

    /// A follower fetched. `None`: it is none of the replicas. `Some(true)`: its log starts elsewhere than it did.
    pub fn follower_fetched(&mut self, now: Time, fetch: FollowerFetch) -> Option<bool> {
        let end = self.log.end_offset();
        let follower = self.leading.as_mut().and_then(|leading| leading.followers.get_mut(&fetch.id))?;
        let starts_elsewhere = follower.log_start != fetch.log_start;
        follower.fetched(now, fetch, end);
        Some(starts_elsewhere)
    }

    /// Where the last of the replicas whose broker is alive starts, as the leader knows it: what is before that is deleted everywhere
    /// (`Partition.lowWatermarkIfLeader`). -1 while one of them has not fetched in this epoch.
    pub fn low_watermark(&self, image: &Image) -> i64 {
        let is_alive = |id: &i32| image.brokers.get(id).is_some_and(|broker| !broker.fenced);
        let followers = self.leading.iter().flat_map(|leading| leading.followers.iter());
        let starts = followers.filter(|(id, _)| is_alive(id)).map(|(_, follower)| follower.log_start);
        starts.fold(self.log.start_offset(), i64::min)
    }

    /// Whether an in-sync follower that fetches at `offset` has everything, and the high watermark is at the end: then only an event on
    /// this partition can change what its next fetch does.
    pub fn has_all(&self, id: i32, offset: i64) -> bool {
        let end = self.log.end_offset();
        let follower = self.leading.as_ref().filter(|leading| leading.proposal.is_none()).and_then(|leading| leading.followers.get(&id));
        offset == end && self.high_watermark == end && self.state.isr.contains(&id) && follower.is_some_and(|follower| follower.end == end)
    }

    /// A follower that had everything has fetched since, last at `at`.
    pub fn fetched_all(&mut self, at: Time, id: i32) {
        if let Some(follower) = self.leading.as_mut().and_then(|leading| leading.followers.get_mut(&id)) {
            follower.fetched_all(at);
        }
    }

    /// Proposes a follower that has reached the high watermark and the epoch's start for the ISR.
    pub fn propose_joining(&mut self, id: i32, rules: &Rules) -> bool {
        let (state, high_watermark) = (&self.state, self.high_watermark);
        let Some(leading) = &mut self.leading else { return false };
        let Some(follower) = leading.followers.get(&id) else { return false };
        let joins = leading.proposal.is_none()
            && !state.isr.contains(&id)
            && follower.end >= high_watermark
            && follower.end >= leading.epoch_start
            && rules.eligible(id, follower);
        if joins {
            let mut isr = state.isr.clone();
            isr.push(id);
            leading.propose(isr, IsrReason::CaughtUp);
        }
        joins
    }

    /// Proposes to drop the in-sync followers that lag.
    pub fn propose_leaving(&mut self, rules: &Rules) -> bool {
        let (isr, end) = (&self.state.isr, self.log.end_offset());
        let Some(leading) = &mut self.leading else { return false };
        if leading.proposal.is_some() || rules.sabotage == Some(Sabotage::IsrNeverShrinks) {
            return false;
        }
        let lags = |id: &i32| leading.followers.get(id).is_some_and(|follower| !follower.is_caught_up(rules.now, end, rules.lag_ms));
        let left: Vec<i32> = isr.iter().copied().filter(|id| !lags(id)).collect();
        if left.len() == isr.len() {
            return false;
        }
        leading.propose(left, IsrReason::Lagged);
        true
    }

    /// Up to where a consumer reads.
    pub fn readable_end(&self, read_committed: bool) -> i64 {
        if read_committed { self.last_stable_offset() } else { self.high_watermark }
    }

    pub fn last_stable_offset(&self) -> i64 {
        self.log.last_stable_offset(self.high_watermark)
    }

    pub fn flush(&mut self, disk: &mut Disk, now: Time) -> Result<(), LogError> {
        self.flushed_at = now;
        if self.recovery_point < self.log.end_offset() {
            self.recovery_point = self.log.flush(disk)?;
        }
        Ok(())
    }

    /// A new segment has begun: the log has flushed what is before it (`UnifiedLog.roll`).
    pub fn rolled(&mut self, now: Time) {
        self.flushed_at = now;
        self.recovery_point = self.recovery_point.max(self.log.recovery_point());
    }

    /// The log has been cut: nothing may point beyond its end.
    pub fn clamp(&mut self) {
        let (start, end) = (self.log.start_offset(), self.log.end_offset());
        self.high_watermark = self.high_watermark.clamp(start, end);
        self.recovery_point = self.recovery_point.clamp(start, end);
    }

    pub fn view(&self, topic: &Arc<str>, partition: i32) -> PartitionView {
        let state = &self.state;
        let followers = self.leading.as_ref().map(|leading| leading.followers.iter().map(|(id, follower)| (*id, follower.end)).collect());
        PartitionView {
            topic: topic.clone(),
            partition,
            leader: state.leader,
            leader_epoch: state.leader_epoch,
            replicas: state.replicas.clone(),
            isr: state.isr.clone(),
            min_isr: self.effective_min_isr(),
            elr: state.elr.clone(),
            partition_epoch: state.partition_epoch,
            is_leader: self.leading.is_some(),
            follower_ends: followers.unwrap_or_default(),
            epochs: self.log.epochs(),
            log_start_offset: self.log.start_offset(),
            high_watermark: self.high_watermark,
            last_stable_offset: self.last_stable_offset(),
            open_transactions: self.log.open_transactions().collect(),
            end_offset: self.log.end_offset(),
            segments: self.log.segments(),
        }
    }
}
