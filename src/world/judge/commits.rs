//! A group's committed offsets go on: what a member commits that has lost its partition is refused, or its next owner would be set back.

use super::Judge;
use super::probe::ClusterProbe;
use std::sync::Arc;

impl Judge {
    /// A coordinator has an offset in its log, and its group reads on from there.
    pub(super) fn commits_go_on(&mut self, group: &Arc<str>, topic: &Arc<str>, partition: i32, offset: i64, probe: &dyn ClusterProbe) {
        let Some(before) = self.committed.insert((group.clone(), topic.clone(), partition), offset).filter(|before| *before > offset)
        else {
            return;
        };
        // Positions go back where records or offsets were given up, and where apps keep their offsets elsewhere.
        let given_up = |name: &str| self.shadows.iter().any(|((topic, _), shadow)| &**topic == name && shadow.gave_up());
        if given_up(topic) || given_up("__consumer_offsets") || self.tracker.was_deleted(topic) || seeks(group, probe) {
            return;
        }
        self.violation("commit-went-back", format!("{group} had committed offset {before} of {topic}-{partition}, and then {offset}"));
    }

    /// Nobody commits for the group now: its offsets may expire.
    pub(super) fn nobody_commits(&mut self, group: &Arc<str>) {
        self.committed.retain(|(name, ..), _| name != group);
    }
}

fn seeks(group: &Arc<str>, probe: &dyn ClusterProbe) -> bool {
    let of_group = |name: &Arc<str>| probe.receiver(name).filter(|receiver| receiver.group.as_ref() == Some(group));
    probe.receivers().iter().filter_map(of_group).any(|receiver| receiver.seeks)
}
