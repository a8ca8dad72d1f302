//! `RangeAssignor` of the server: topic by topic, members in order, contiguous ranges.

use super::{Assignor, MemberSpec, Spec, Targets};
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use uuid::Uuid;

pub static ASSIGNOR: Assignor = Assignor { name: "range", assign };

fn assign(spec: &Spec<'_>) -> Targets {
    // Static members first, by instance id; then the others by member id.
    let order = |member: &MemberSpec| (member.instance.is_none(), member.instance.clone(), member.id.clone());
    let members: SortedVecMap<_, &MemberSpec> = spec.members.iter().map(|member| (order(member), member)).collect();
    let members: Vec<&MemberSpec> = members.into_values().collect();
    let mut targets: Targets = members.iter().map(|member| (member.id.clone(), Default::default())).collect();
    let topics: SortedVecSet<Uuid> = members.iter().flat_map(|member| &member.topics).copied().collect();
    for topic in topics {
        let subscribed: Vec<&&MemberSpec> = members.iter().filter(|member| member.topics.contains(&topic)).collect();
        let (count, members) = ((spec.partitions)(topic), i32::try_from(subscribed.len()).unwrap_or(i32::MAX));
        let (each, extra) = (count / members, count % members);
        let mut next = 0;
        for (index, member) in (0..).zip(subscribed) {
            let end = next + each + i32::from(index < extra);
            if next < end {
                targets.entry(member.id.clone()).or_default().insert(topic, (next..end).collect());
            }
            next = end;
        }
    }
    targets
}
