//! The invariants: what must hold at each event.

use super::committed::Says;
use super::probe::{ClusterProbe, LogDir, Place, read};
use super::{Cut, Judge, Replica, Shadow, registered};
use crate::kafka::controller::Delta;
use crate::kafka::controller::image::{Image, PartitionImage, TopicImage};
use crate::kafka::controller::records::Record;
use crate::kafka::wire::batch::Batch;
use std::sync::Arc;

/// Why an election from outside the in-sync and eligible replicas is permitted.
const ON: &str = "unclean leader election is on";
const ASKED: &str = "an unclean election was asked for";
const LAST_KNOWN: &str = "every in-sync and eligible replica had restarted uncleanly: the last known leader leads again (KIP-966)";
pub(super) const ALL_LOST: &str = "every in-sync replica had lost power or its disk";

/// Stands for all that `take_partition` goes by: epochs grow with each change of a partition. `None`: it must be looked at anyway, since
/// what holds for eligible leaders depends on configs too.
fn state_of(topic: &TopicImage) -> Option<u64> {
    let mix = |state: u64, word: u64| (state ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(29);
    let (high, low) = topic.id.as_u64_pair();
    topic.partitions.iter().try_fold(mix(high, low), |state, partition| {
        let epochs = (i64::from(partition.leader_epoch) << 32) ^ i64::from(partition.partition_epoch);
        partition.elr.is_empty().then(|| mix(state, epochs.cast_unsigned()))
    })
}

impl Judge {
    pub(super) fn shadow(&mut self, topic: &Arc<str>, partition: i32) -> &mut Shadow {
        self.shadows.entry((topic.clone(), partition)).or_insert_with(|| Shadow { leader: -1, ..Shadow::default() })
    }

    pub(super) fn is_of_this_run(&self, topic: &Arc<str>, partition: i32, offset: i64, probe: &dyn ClusterProbe) -> bool {
        let began = || self.shadows.get(&(topic.clone(), partition)).and_then(|shadow| shadow.began);
        !probe.is_restored() || began().is_some_and(|began| offset >= began)
    }

    pub(super) fn replica(&mut self, node: i32, topic: &Arc<str>, partition: i32) -> &mut Replica {
        self.shadow(topic, partition).replicas.entry(node).or_insert_with(|| Replica { epoch: -1, ..Replica::default() })
    }

    /// What was promised of a topic goes with it: one that is made anew under its name is another.
    pub(super) fn forget(&mut self, topic: &Arc<str>) {
        self.taken.remove(topic);
        self.shadows.retain(|(name, _), _| name != topic);
    }

    /// Whether a broker that is behind speaks of a former topic of this name.
    pub(super) fn means_another(&self, node: i32, topic: &str, probe: &dyn ClusterProbe) -> bool {
        let id = |image: &Image| image.topics.get(topic).map(|topic| topic.id);
        let now = id(&self.image);
        let has = probe.topic_id(node, topic);
        now.is_some_and(|now| has.is_some_and(|has| has != now) || probe.image(node).is_some_and(|image| id(image) != Some(now)))
    }

    /// A power loss or a wiped disk: whatever it held may be gone.
    pub(super) fn lost_data(&mut self, node: i32) {
        let epoch = self.broker_epochs.get(&node).copied().unwrap_or(-1);
        for shadow in self.shadows.values_mut() {
            shadow.intact.remove(&node);
            shadow.trusted.remove(&node);
            let replica = shadow.replicas.entry(node).or_insert_with(Replica::default);
            (replica.hurt, replica.lost_in) = (true, Some(epoch));
        }
    }

    /// A new process of that broker: it learns the epochs anew, and its logs may be shorter.
    pub(super) fn restarted(&mut self, node: i32, cleanly: bool) {
        // The file of a clean shutdown names the broker epoch; a process that stopped before it was registered leaves none that fits, and
        // to the controller the next one comes back from an unclean shutdown (`CleanShutdownFileHandler`, `ClusterControlManager`).
        let trusted = cleanly && self.registered.contains(&node);
        self.registered.remove(&node);
        self.metadata_agreed.remove(&node);
        if self.broker_epochs.contains_key(&node) {
            self.began_again.insert(node);
        }
        for shadow in self.shadows.values_mut() {
            if !trusted {
                shadow.trusted.remove(&node);
            }
            let gave_up = shadow.gave_up();
            if let Some(replica) = shadow.replicas.get_mut(&node) {
                replica.agreed = 0;
                replica.epoch = -1;
                // Its checkpoint may still name the high watermark of before the log was given up, until it follows again.
                replica.stale |= gave_up;
            }
        }
    }

    /// What a process found on its disk that belongs to no topic, or is no longer this broker's, is set aside as it was (KAFKA-16814).
    pub(super) fn nothing_found_is_dropped(&mut self, node: i32, probe: &dyn ClusterProbe) {
        if !self.found.contains_key(&node) || !probe.caught_up(node) {
            return;
        }
        let found = self.found.remove(&node).unwrap_or_default();
        let Some(image) = probe.image(node) else { return };
        let now = probe.log_dirs(node);
        for log in found.iter().filter(|log| !log.dir.ends_with("-stray") && !log.dir.ends_with("-delete")) {
            let is_its_own = log.dir.rsplit_once('-').is_some_and(|(name, number)| {
                let topic = image.topics.get(name).filter(|topic| Some(topic.id) == log.topic);
                let number = number.parse::<usize>().ok();
                let partition = topic.zip(number).and_then(|(topic, number)| topic.partitions.get(number));
                partition.is_some_and(|partition| partition.replicas.contains(&node))
            });
            // One that it learns of in the same turn as of its deletion goes as any that is deleted.
            let deleted = log.dir.rsplit_once('-').is_some_and(|(name, _)| self.tracker.was_deleted(&Arc::from(name)));
            let kept = |other: &LogDir| {
                let aside = other.suffix_of(&log.dir).is_some_and(|end| end.ends_with("-stray") || deleted && end.ends_with("-delete"));
                aside && (other.topic, other.bytes) == (log.topic, log.bytes)
            };
            if !is_its_own && !now.iter().any(kept) {
                let (dir, bytes) = (&log.dir, log.bytes);
                let there: Vec<&str> = now.iter().map(|log| &*log.dir).collect();
                self.violation(
                    "stray-dropped",
                    format!(
                        "broker-{node} found {dir} with {bytes} bytes, which is not its own, and did not set it aside: it has {there:?}"
                    ),
                );
            }
        }
    }

    /// Retention has deleted a segment before the process has caught up with the metadata: what is left is what may not be dropped, whether
    /// or not another topic has its name by now.
    pub(super) fn retention_shortens_found(&mut self, node: i32, dir: &str, probe: &dyn ClusterProbe) {
        let Some(log) = self.found.get_mut(&node).and_then(|found| found.iter_mut().find(|log| log.dir == dir)) else { return };
        let left = |other: &&LogDir| (other.dir == dir || other.suffix_of(dir).is_some()) && other.topic == log.topic;
        if let Some(left) = probe.log_dirs(node).iter().find(left) {
            log.bytes = left.bytes;
        }
    }

    /// Holds what a broker has newly learned of the metadata against what others have, and takes in what it means.
    pub(super) fn take_metadata(&mut self, node: i32, probe: &dyn ClusterProbe) {
        let Some(image) = probe.image(node) else { return };
        let agreed = self.metadata_agreed.get(&node).copied().unwrap_or(0);
        if image.offset >= agreed {
            let mut differs = None;
            let committed = &mut self.metadata;
            let place = Place { node, topic: None, partition: 0 };
            let joined = read(probe, place, agreed, image.offset + 1, &mut |batch: &Batch| {
                match committed.compare(batch) {
                    Says::Same => {}
                    Says::Differs => differs = Some(batch.base_offset()),
                    Says::Unknown if committed.end().is_none_or(|end| end == batch.base_offset()) => committed.push(batch),
                    Says::Unknown => {}
                }
                differs.is_none()
            });
            if let Some(offset) = differs {
                self.violation(
                    "metadata",
                    format!("the metadata log of broker-{node} is another from offset {offset} on than what was committed"),
                );
            }
            if let Err(why) = joined {
                self.violation("dense", format!("the metadata log of broker-{node}: {why}"));
            }
            self.metadata_agreed.insert(node, image.offset + 1);
        }
        if image.offset <= self.truth {
            return;
        }
        self.take_changes(node, image, probe);
        self.truth = image.offset;
        for (id, broker) in image.brokers.iter() {
            let before = self.broker_epochs.insert(*id, broker.epoch).unwrap_or(-1);
            if broker.epoch < before {
                self.violation("epoch", format!("broker-{id}'s epoch went back from {before} to {}", broker.epoch));
            }
        }
        for (topic, found) in image.topics.iter() {
            if let Some(state) = state_of(found)
                && self.taken.insert(topic.clone(), state) == Some(state)
            {
                continue;
            }
            for (number, partition) in (0..).zip(&found.partitions) {
                self.eligible_are_needed(topic, number, partition, probe.min_isr(image, topic));
                self.take_partition(topic, number, partition, image, probe);
            }
        }
    }

    /// The changes of partitions, one by one: a broker may learn of several at once, and each is held against the one before.
    fn take_changes(&mut self, node: i32, newest: &Image, probe: &dyn ClusterProbe) {
        let mut records = Vec::new();
        let place = Place { node, topic: None, partition: 0 };
        let joined = read(probe, place, self.truth + 1, newest.offset + 1, &mut |batch: &Batch| {
            if !batch.is_control() {
                records.extend(batch.records().unwrap_or_default());
            }
            true
        });
        // What does not join was told when the broker's log was compared.
        if joined.is_err() {
            return;
        }
        let (known, mut image) = (self.truth, std::mem::take(&mut self.image));
        for record in records.iter().filter(|record| record.offset > known) {
            let Some(Ok(Some(change))) = record.value.as_deref().map(Record::decode) else { continue };
            image.apply(record.offset, &change, &mut Delta::default());
            let (topic, partition) = match &change {
                Record::Topic { name, .. } => {
                    self.forget(name);
                    continue;
                }
                Record::Partition { topic, partition, .. } => (*topic, *partition),
                Record::PartitionChange(change) => (change.topic, change.partition),
                Record::RegisterBroker(broker) => {
                    self.registered.insert(broker.id);
                    continue;
                }
                _ => continue,
            };
            let Some(name) = image.topic_of(topic).map(|topic| topic.name.clone()) else { continue };
            if let Some(now) = image.partition(&name, partition) {
                self.take_partition(&name, partition, now, &image, probe);
            }
        }
        self.image = image;
    }

    fn take_partition(&mut self, topic: &Arc<str>, number: i32, now: &PartitionImage, image: &Image, probe: &dyn ClusterProbe) {
        let asked = self.asked_unclean.contains(&(topic.clone(), number));
        // The session of a former process may not be over yet: when it ends, the controller takes what that process left for unclean.
        let unregistered: Vec<i32> = now.isr.iter().copied().filter(|id| !self.registered.contains(id)).collect();
        let shadow = self.shadow(topic, number);
        let fresh = shadow.members.is_empty() && shadow.leader == -1 && shadow.partition_epoch == 0;
        let back = now.leader_epoch < shadow.leader_epoch || now.partition_epoch < shadow.partition_epoch;
        let (leader_epoch, partition_epoch) = (shadow.leader_epoch, shadow.partition_epoch);
        // A reassignment that ends makes what it added members and may give it the leadership in one change.
        let ends = shadow.removing && now.removing.is_empty() && now.isr.contains(&now.leader);
        let added = shadow.adding.contains(&now.leader) && !now.adding.contains(&now.leader);
        // Where nobody led, nobody can have let it join: in one change it was elected from outside.
        let elected_alone = shadow.leader == -1 && now.partition_epoch == shadow.partition_epoch + 1;
        let joined = (ends || added) && !elected_alone;
        let outside = !fresh && now.leader != -1 && now.leader != shadow.leader && !shadow.members.contains(&now.leader) && !joined;
        let none_intact = shadow.intact.is_empty();
        let last_known = shadow.trusted.is_empty() && shadow.last_known == now.leader;
        shadow.last_known = now.last_known_elr.first().copied().unwrap_or(-1);
        let members: Vec<i32> = now.isr.iter().chain(&now.elr).copied().collect();
        for id in &members {
            // A new member has caught up, except one that is elected although it has not or that has lost it again since.
            let epoch = image.brokers.get(id).map_or(-1, |broker| broker.epoch);
            if shadow.members.contains(id) || shadow.replicas.get(id).is_some_and(|replica| !replica.kept_since(epoch)) {
                continue;
            }
            if !(outside && none_intact) {
                shadow.intact.insert(*id);
            }
            if !unregistered.contains(id) {
                shadow.trusted.insert(*id);
            }
        }
        if outside && none_intact {
            shadow.intact.insert(now.leader);
        }
        shadow.intact.retain(|id| members.contains(id));
        shadow.trusted.retain(|id| members.contains(id));
        shadow.members = members;
        shadow.adding.clone_from(&now.adding);
        shadow.removing = !now.removing.is_empty();
        shadow.leader = now.leader;
        shadow.leader_epoch = now.leader_epoch;
        shadow.partition_epoch = now.partition_epoch;
        if back {
            self.violation(
                "epoch",
                format!(
                    "{topic}-{number} went back from leader epoch {leader_epoch} and partition epoch {partition_epoch} to {} and {}",
                    now.leader_epoch, now.partition_epoch
                ),
            );
        }
        if outside {
            let why = match (none_intact, asked) {
                (true, _) => Ok(ALL_LOST),
                (_, true) => Ok(ASKED),
                _ if probe.unclean(topic) => Ok(ON),
                _ if last_known => Ok(LAST_KNOWN),
                _ => Err(()),
            };
            if why.is_err() {
                let leader = now.leader;
                self.violation(
                    "unclean-election",
                    format!("broker-{leader} was elected for {topic}-{number}: neither in sync nor eligible"),
                );
            }
            let shadow = self.shadow(topic, number);
            if let Ok(why) = why {
                shadow.wanted_unclean.push((now.leader_epoch, why));
                // A leader that has yet to learn of it goes on by itself, and keeps what it wrote until it follows.
                shadow.replicas.iter_mut().for_each(|(id, replica)| replica.stale |= *id != now.leader);
            }
            shadow.unclean.insert(now.leader_epoch, why);
        }
    }

    /// Nobody in the ISR is in the ELR, and nobody is in the ELR once the ISR has its minimum (KIP-966, `PartitionChangeBuilder`).
    fn eligible_are_needed(&mut self, topic: &str, number: i32, now: &PartitionImage, min_isr: u64) {
        let both = now.elr.iter().any(|id| now.isr.contains(id));
        if both || !now.elr.is_empty() && now.isr.len() as u64 >= min_isr {
            let (isr, elr) = (&now.isr, &now.elr);
            self.violation("eligible", format!("{topic}-{number} has {isr:?} in sync and keeps {elr:?} as eligible leaders"));
        }
    }

    pub(super) fn epoch_grows(&mut self, node: i32, topic: &Arc<str>, partition: i32, epoch: i32) {
        let replica = self.replica(node, topic, partition);
        let before = replica.epoch;
        replica.epoch = epoch;
        if epoch < before {
            self.violation("epoch", format!("broker-{node} went back from leader epoch {before} of {topic}-{partition} to {epoch}"));
        }
    }

    pub(super) fn became_leader(&mut self, node: i32, topic: &Arc<str>, partition: i32, epoch: i32, probe: &dyn ClusterProbe) {
        self.epoch_grows(node, topic, partition, epoch);
        let shadow = self.shadow(topic, partition);
        if let Some(other) = shadow.leaders.insert(epoch, node).filter(|other| *other != node) {
            self.violation("two-leaders", format!("broker-{other} and broker-{node} both lead {topic}-{partition} in epoch {epoch}"));
        }
        self.holds_committed(node, topic, partition, epoch, probe);
        // What was lost by an unclean election shows when its leader begins; a later leader is not excused by it.
        self.shadow(topic, partition).unclean.retain(|at, _| *at > epoch);
        self.compare(node, topic, partition, probe);
    }

    /// A new leader must have everything that was committed, unless it may not.
    fn holds_committed(&mut self, node: i32, topic: &Arc<str>, partition: i32, epoch: i32, probe: &dyn ClusterProbe) {
        let Some(view) = probe.partition(node, topic, partition) else { return };
        let shadow = self.shadow(topic, partition);
        let Some(end) = shadow.committed.end() else { return };
        // It was paused or cut off, and others have led since: nobody in sync follows it any more.
        if epoch < shadow.leader_epoch {
            return;
        }
        let from = shadow.replicas.get(&node).filter(|replica| !replica.stale).map_or(0, |replica| replica.agreed_within(&view));
        let mut keeps = view.end_offset.min(end);
        let place = Place { node, topic: Some(topic), partition };
        let from = from.max(view.log_start_offset).max(shadow.start);
        let joined = read(probe, place, from, keeps, &mut |batch: &Batch| {
            let differs = shadow.committed.compare(batch) == Says::Differs;
            if differs {
                keeps = batch.base_offset();
            }
            !differs
        });
        if joined.is_err() || keeps >= end {
            return;
        }
        // What excuses it: an unclean election since, or that nobody in sync was left.
        let unclean = shadow.unclean.iter().rev().find(|(at, _)| **at <= epoch).map(|(_, why)| *why);
        let allowed_because = match unclean {
            Some(Ok(why)) => Some(why),
            _ if shadow.intact.is_empty()
                || shadow.intact.iter().all(|id| *id == node) && shadow.replicas.get(&node).is_some_and(|r| r.hurt) =>
            {
                Some(ALL_LOST)
            }
            _ => None,
        };
        shadow.committed.cut(keeps);
        shadow.start = shadow.start.min(keeps);
        for (id, replica) in shadow.replicas.iter_mut() {
            replica.stale = *id != node;
            replica.agreed = replica.agreed.min(keeps);
        }
        shadow.cuts.push(Cut { offset: keeps, why: allowed_because.unwrap_or("a violation") });
        if allowed_because.is_none() {
            self.violation(
                "leader-lacks",
                format!("broker-{node} leads {topic}-{partition} in epoch {epoch} with a log that keeps the committed records only below offset {keeps} of {end}"),
            );
        }
    }

    /// Holds a replica's log, up to its own high watermark, against what was committed; a leader's high watermark commits.
    pub(super) fn compare(&mut self, node: i32, topic: &Arc<str>, partition: i32, probe: &dyn ClusterProbe) {
        self.compare_as(node, topic, partition, false, probe);
    }

    /// `led`: it led at the event, even if it has learned in the same turn that it does not any more. A leader that was frozen answers what
    /// has come in the meantime before it learns that, and is right to, as long as every in-sync replica has it.
    pub(super) fn compare_as(&mut self, node: i32, topic: &Arc<str>, partition: i32, led: bool, probe: &dyn ClusterProbe) {
        let Some(view) = probe.partition(node, topic, partition).filter(|_| !self.means_another(node, topic, probe)) else { return };
        let replica = self.replica(node, topic, partition);
        let (from, stale) = (replica.agreed_within(&view), replica.stale);
        let (leads, follows) = (led || view.is_leader, replica.epoch);
        // It leads since a later event of the same turn: what may have been given up is found out there.
        if view.is_leader && view.leader_epoch > replica.epoch {
            return;
        }
        let shadow = self.shadow(topic, partition);
        let led_in = shadow.leaders.iter().filter(|(_, leader)| **leader == node).map(|(epoch, _)| *epoch).max();
        let epoch = if view.is_leader { view.leader_epoch } else { led_in.filter(|_| led).unwrap_or(follows) };
        let superseded = leads && shadow.wanted_unclean.iter().any(|(wanted, _)| *wanted > epoch);
        if superseded || stale && !leads {
            return;
        }
        let mut differs = None;
        if leads && epoch == shadow.leader_epoch {
            shadow.start = shadow.start.max(view.log_start_offset);
        }
        let start = shadow.start.max(view.log_start_offset);
        let mut agreed = from;
        let place = Place { node, topic: Some(topic), partition };
        let joined = read(probe, place, from.max(start), view.high_watermark, &mut |batch: &Batch| {
            if batch.last_offset() >= view.high_watermark {
                return false;
            }
            match shadow.committed.compare(batch) {
                Says::Same => {}
                Says::Differs => differs = Some(batch.base_offset()),
                Says::Unknown if leads && shadow.committed.end().is_none_or(|end| end.max(start) == batch.base_offset()) => {
                    shadow.committed.push(batch);
                }
                // It is looked at again once it is known what was committed there.
                Says::Unknown => return false,
            }
            agreed = batch.last_offset() + 1;
            differs.is_none()
        });
        if let Some(replica) = shadow.replicas.get_mut(&node) {
            replica.agreed = agreed;
            replica.stale = false;
        }
        if let Some(offset) = differs {
            self.violation(
                "logs-differ",
                format!("{topic}-{partition} on broker-{node} holds another batch at offset {offset}, below its high watermark, than was committed"),
            );
        }
        if let Err(why) = joined {
            self.violation("dense", format!("{topic}-{partition} on broker-{node}: {why}"));
        }
    }

    /// Every in-sync replica that runs must hold what the leader's high watermark covers. What a leader says of a replica that knows of a
    /// later leader is over: it may have been given up since, and have come back with an empty log.
    pub(super) fn in_sync_hold(&mut self, node: i32, topic: &Arc<str>, partition: i32, probe: &dyn ClusterProbe) {
        let Some(view) = probe.partition(node, topic, partition).filter(|view| view.is_leader) else { return };
        // It has yet to learn who is to be in sync now, or that the topic was deleted.
        let id = |image: &Image| image.topics.get(topic).map(|topic| topic.id);
        let is_gone = self.tracker.was_deleted(topic) && probe.image(node).is_some_and(|image| id(image) != id(&self.image));
        if is_gone || view.leader_epoch < self.shadow(topic, partition).leader_epoch {
            return;
        }
        for id in view.isr.iter().filter(|id| **id != node) {
            let Some(other) = probe.partition(*id, topic, partition) else { continue };
            let end = other.end_offset;
            if other.leader_epoch > view.leader_epoch {
                continue;
            }
            let epoch = registered(probe, node, *id);
            let replica = self.replica(*id, topic, partition);
            if end < view.high_watermark && !replica.hurt && !replica.stale && replica.kept_since(epoch) {
                self.violation(
                    "isr-lacks",
                    format!(
                        "broker-{id} is in sync for {topic}-{partition} by its leader broker-{node} and holds only what lies below {end} of {}",
                        view.high_watermark
                    ),
                );
            }
        }
    }

    pub(super) fn below_committed(&mut self, who: &str, topic: &Arc<str>, partition: i32, offset: i64) {
        let Some(shadow) = self.shadows.get(&(topic.clone(), partition)) else { return };
        let end = shadow.end();
        if offset >= end && !shadow.gave_up() && !self.tracker.was_deleted(topic) {
            self.violation(
                "uncommitted-read",
                format!("{who} was given {topic}-{partition} offset {offset}; only what lies below {end} is committed"),
            );
        }
    }

    pub(super) fn committed_in_bounds(&mut self, who: &str, topic: &Arc<str>, partition: i32, offset: i64, probe: &dyn ClusterProbe) {
        let Some(shadow) = self.shadows.get(&(topic.clone(), partition)).filter(|shadow| !shadow.gave_up()) else { return };
        if self.tracker.was_deleted(topic) {
            return;
        }
        let Some(view) = probe.partition(shadow.leader, topic, partition).filter(|view| view.is_leader) else { return };
        if offset > view.end_offset || offset < 0 {
            let end = view.end_offset;
            self.violation("offset-bounds", format!("{who} committed offset {offset} of {topic}-{partition}, whose log ends at {end}"));
        }
    }

    /// An offset after a record that the consumer has read is committed with the epoch of that record's leader.
    pub(super) fn committed_with_epoch(&mut self, who: &Arc<str>, topic: &Arc<str>, partition: i32, (offset, epoch): (i64, i32)) {
        let fetched = self.fetched.get(&(who.clone(), topic.clone(), partition));
        if epoch < 0 && fetched.is_some_and(|(base, last)| (*base..=*last).contains(&(offset - 1))) {
            self.violation(
                "epoch-not-committed",
                format!("{who} committed offset {offset} of {topic}-{partition} without the epoch of the record before it"),
            );
        }
    }

    /// At quiesce: every replica anew, from its log's start.
    pub(super) fn compare_all(&mut self, probe: &dyn ClusterProbe) {
        for node in probe.brokers() {
            for (topic, partition) in probe.partitions(node) {
                self.replica(node, &topic, partition).agreed = 0;
                self.compare(node, &topic, partition, probe);
                self.in_sync_hold(node, &topic, partition, probe);
            }
        }
    }
}
