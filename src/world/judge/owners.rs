//! A partition has one owner in its group.

use super::Judge;
use super::probe::ClusterProbe;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::wire::message::{ConsumerProtocolAssignment, Message};
use bytes::{Buf, Bytes};
use std::sync::Arc;

type Owners = SortedVecMap<(Arc<str>, i32), Arc<str>>;

/// The partitions in a `ConsumerProtocolAssignment`; none when it is none.
fn partitions(mut assignment: Bytes) -> Vec<(Arc<str>, i32)> {
    let version = assignment.try_get_i16().unwrap_or(-1);
    let Ok((read, _)) = ConsumerProtocolAssignment::read(assignment, version.min(3)) else { return Vec::new() };
    let topics = read.assigned_partitions.into_iter();
    topics.flat_map(|topic| topic.partitions.into_iter().map(move |partition| (topic.topic.0.clone(), partition))).collect()
}

impl Judge {
    fn owns(&mut self, owners: &mut Owners, group: &str, member: &Arc<str>, at: (Arc<str>, i32)) {
        if let Some(other) = owners.insert(at.clone(), member.clone()).filter(|other| other != member) {
            let (topic, partition) = at;
            self.violation("two-owners", format!("{group} gave {topic}-{partition} to {member} while {other} has it"));
        }
    }

    /// A leader has assigned the partitions of a classic group.
    pub(super) fn assigned_once(&mut self, group: &str, assignments: &[(Arc<str>, Bytes)]) {
        let mut owners = Owners::new();
        for (member, assignment) in assignments {
            for at in partitions(assignment.clone()) {
                self.owns(&mut owners, group, member, at);
            }
        }
    }

    /// A member of a consumer group has other partitions. What another is still to give up is that one's.
    pub(super) fn reconciled_once(&mut self, node: i32, group: &str, probe: &dyn ClusterProbe) {
        let Some(view) = probe.group(node, group) else { return };
        let mut owners = Owners::new();
        for member in &view.members {
            for at in member.assignment.iter().chain(&member.revoking) {
                self.owns(&mut owners, group, &member.member, at.clone());
            }
        }
    }
}
