//! `RangeAssignor` of the server: topic by topic, members in order, contiguous ranges.

use super::{Assignor, MemberSpec, Spec, Targets};
use uuid::Uuid;

pub static ASSIGNOR: Assignor = Assignor { name: "range", assign };

fn assign(spec: &Spec<'_>) -> Targets {
    // Static members first, by instance id; then the others by member id.
    let mut members: Vec<&MemberSpec> = spec.members.iter().collect();
    members.sort_by(|a, b| match (&a.instance, &b.instance) {
        (Some(one), Some(other)) => one.cmp(other),
        (None, None) => a.id.cmp(&b.id),
        (one, other) => other.is_some().cmp(&one.is_some()),
    });
    let mut targets: Targets = members.iter().map(|member| (member.id.clone(), Default::default())).collect();
    let mut topics: Vec<Uuid> = members.iter().flat_map(|member| &member.topics).copied().collect();
    topics.sort();
    topics.dedup();
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
