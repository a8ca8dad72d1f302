//! Who leads a partition (`PartitionChangeBuilder`): elections from the ISR, the ELR (KIP-966), the last known leader or, where the topic
//! allows it, from any live replica; what an ISR that shrinks leaves in the ELR; when a reassignment is complete.

use super::image::PartitionImage;
use super::records::PartitionChange;
use crate::kafka::marks::mark;
use uuid::Uuid;

pub const NO_LEADER: i32 = -1;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Election {
    Preferred,
    Online,
    Unclean,
}

/// The change of one partition: targets are set, then `build` elects.
pub struct Builder<'a> {
    old: &'a PartitionImage,
    topic: Uuid,
    partition: i32,
    /// Whether a broker may lead: it is alive and not on its way out.
    acceptable: &'a dyn Fn(i32) -> bool,
    /// `min.insync.replicas`, at most the number of replicas.
    min_isr: usize,
    pub election: Election,
    pub isr: Vec<i32>,
    pub replicas: Vec<i32>,
    pub adding: Vec<i32>,
    pub removing: Vec<i32>,
    pub recovering: bool,
    /// Lost what it had not flushed: it is no eligible leader.
    pub unclean_shutdown: Option<i32>,
    /// The planted bug `UncleanElection`.
    pub any_replica: bool,
    elr: Vec<i32>,
}

impl<'a> Builder<'a> {
    pub fn new(
        old: &'a PartitionImage,
        topic: Uuid,
        partition: i32,
        acceptable: &'a dyn Fn(i32) -> bool,
        min_isr: usize,
        election: Election,
    ) -> Self {
        Self {
            old,
            topic,
            partition,
            acceptable,
            min_isr,
            election,
            isr: old.isr.clone(),
            replicas: old.replicas.clone(),
            adding: old.adding.clone(),
            removing: old.removing.clone(),
            recovering: old.recovering,
            unclean_shutdown: None,
            any_replica: false,
            elr: old.elr.clone(),
        }
    }

    /// In the ISR or, when that is empty, in the ELR; and alive.
    fn may_lead(&self, replica: i32) -> bool {
        let planted = self.any_replica && self.replicas.contains(&replica);
        let eligible = planted || self.isr.contains(&replica) || (self.isr.is_empty() && self.elr.contains(&replica));
        eligible && (self.acceptable)(replica)
    }

    /// The new leader, and whether the election was unclean.
    fn elect(&self) -> (i32, bool) {
        let preferred = self.replicas.first().copied().filter(|_| self.election == Election::Preferred);
        let candidates = preferred.into_iter().chain([self.old.leader]).chain(self.replicas.iter().copied());
        if let Some(leader) = candidates.filter(|replica| *replica >= 0).find(|replica| self.may_lead(*replica)) {
            if self.isr.is_empty() {
                mark!(ElectedEligible);
            }
            return (leader, false);
        }
        if let [last] = self.old.last_known_elr[..]
            && self.elr.is_empty()
            && self.isr.is_empty()
            && (self.acceptable)(last)
        {
            mark!(ElectedLastKnown);
            return (last, true);
        }
        let live = || self.replicas.iter().copied().find(|replica| (self.acceptable)(*replica));
        if self.election == Election::Unclean
            && let Some(leader) = live()
        {
            mark!(ElectedUncleanly);
            return (leader, true);
        }
        mark!(NobodyLeads);
        (NO_LEADER, false)
    }

    /// `PartitionReassignmentReplicas.maybeCompleteReassignment`: once all replicas that stay are in sync.
    fn complete_reassignment(&mut self) {
        if self.adding.is_empty() && self.removing.is_empty() {
            return;
        }
        let stays = |replica: &i32| !self.removing.contains(replica);
        let isr: Vec<i32> = self.isr.iter().copied().filter(stays).collect();
        let replicas: Vec<i32> = self.replicas.iter().copied().filter(stays).collect();
        if isr.is_empty() || replicas.is_empty() || !replicas.iter().all(|replica| isr.contains(replica)) {
            return;
        }
        mark!(ReassignmentDone);
        (self.isr, self.replicas) = (isr, replicas);
        self.adding.clear();
        self.removing.clear();
    }

    /// Those who left an ISR that is below its minimum may still lead: they have everything that was committed. Kafka 4.1 also keeps one
    /// that is no replica any more (`PartitionChangeBuilder.maybePopulateTargetElr`), which would lead with an empty log once it is
    /// one again. That is not done here.
    fn fill_elr(&mut self) {
        if self.isr.len() >= self.min_isr {
            self.elr.clear();
            return;
        }
        let mut elr: Vec<i32> = Vec::new();
        for replica in self.elr.iter().chain(&self.old.isr).copied() {
            let gone = self.isr.contains(&replica) || self.unclean_shutdown == Some(replica) || !self.replicas.contains(&replica);
            if !gone && !elr.contains(&replica) {
                elr.push(replica);
            }
        }
        elr.sort();
        self.elr = elr;
    }

    /// The record, unless nothing changes; and whether the leader was elected uncleanly.
    pub fn build(mut self) -> Option<(PartitionChange, bool)> {
        let mut change = PartitionChange::new(self.topic, self.partition);
        self.complete_reassignment();
        self.fill_elr();
        let (leader, unclean) = self.elect();
        if leader != self.old.leader {
            change.leader = leader;
            if unclean {
                change.isr = Some(vec![leader]);
                self.elr.clear();
                if !self.old.recovering {
                    self.recovering = true;
                }
            } else if leader >= 0 && !self.isr.contains(&leader) {
                // From the ELR (or by the planted bug): the leader alone is in sync.
                self.isr = vec![leader];
                self.elr.retain(|replica| *replica != leader);
            }
        }
        // A replica that goes must hear it from a new leader epoch.
        if change.leader == -2 && !self.old.replicas.iter().all(|replica| self.replicas.contains(replica)) {
            change.leader = self.old.leader;
        }
        let differs = |new: &Vec<i32>, old: &Vec<i32>| (new != old).then(|| new.clone());
        change.elr = differs(&self.elr, &self.old.elr);
        if change.isr.is_none() {
            change.isr = differs(&self.isr, &self.old.isr);
        }
        let leads = if change.leader == -2 { self.old.leader } else { change.leader };
        if change.isr.as_ref().is_some_and(Vec::is_empty) {
            if self.old.leader >= 0 && self.old.last_known_elr != [self.old.leader] {
                change.last_known_elr = Some(vec![self.old.leader]);
            }
        } else if leads >= 0 && !self.old.last_known_elr.is_empty() {
            change.last_known_elr = Some(Vec::new());
        }
        change.replicas = differs(&self.replicas, &self.old.replicas);
        change.removing = differs(&self.removing, &self.old.removing);
        change.adding = differs(&self.adding, &self.old.adding);
        if self.recovering != self.old.recovering {
            change.recovery = i8::from(self.recovering);
        }
        (change != PartitionChange::new(self.topic, self.partition)).then_some((change, unclean))
    }
}
