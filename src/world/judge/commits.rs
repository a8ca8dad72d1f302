//! A group's committed offsets go on: what a member commits that has lost its partition is refused, or its next owner would be set back.

use super::Judge;
use super::probe::ClusterProbe;
use crate::kafka::broker::OFFSETS_TOPIC;
use crate::kafka::wire::murmur2::coordinator_partition;
use std::sync::Arc;

impl Judge {
    /// A coordinator has an offset in its log, and its group reads on from there.
    pub(super) fn commits_go_on(
        &mut self,
        node: i32,
        group: &Arc<str>,
        (topic, partition): (&Arc<str>, i32),
        offset: i64,
        probe: &dyn ClusterProbe,
    ) {
        // A coordinator that was frozen finds out only now that what it had appended was replicated. Its successor has gone on since.
        // And a commit may come late on a connection that its member has given up: it is of the same generation.
        if self.network_troubled || self.coordinator_of(group).is_some_and(|coordinator| coordinator != node) {
            return;
        }
        let Some(before) = self.committed.insert((group.clone(), topic.clone(), partition), offset).filter(|before| *before > offset)
        else {
            return;
        };
        // Positions go back where records or offsets were given up, and where apps keep their offsets elsewhere.
        let given_up = self.has_given_up(topic, None) || self.has_given_up(OFFSETS_TOPIC, None);
        if given_up || self.tracker.was_deleted(topic) || goes_back(group, probe) {
            return;
        }
        self.violation("commit-went-back", format!("{group} had committed offset {before} of {topic}-{partition}, and then {offset}"));
    }

    /// Who leads the group's partition of `__consumer_offsets`, by the committed metadata.
    fn coordinator_of(&self, group: &str) -> Option<i32> {
        let partitions = i32::try_from(self.image.topics.get(OFFSETS_TOPIC)?.partitions.len()).ok()?;
        let partition = coordinator_partition(group, partitions);
        let shadow = self.shadows.iter().find(|((name, index), _)| &**name == OFFSETS_TOPIC && *index == partition);
        shadow.map(|(_, shadow)| shadow.leader)
    }

    /// Nobody commits for the group now: its offsets may expire.
    pub(super) fn nobody_commits(&mut self, group: &Arc<str>) {
        self.committed.retain(|(name, ..), _| name != group);
    }
}

fn goes_back(group: &Arc<str>, probe: &dyn ClusterProbe) -> bool {
    let of_group = |name: &Arc<str>| probe.receiver(name).filter(|receiver| receiver.group.as_ref() == Some(group));
    probe.receivers().iter().filter_map(of_group).any(|receiver| receiver.goes_back)
}
