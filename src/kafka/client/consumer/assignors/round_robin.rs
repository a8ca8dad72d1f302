//! `RoundRobinAssignor`: all partitions of all topics in order, to the members in turn that subscribe to the topic.

use super::{Assignment, Assignor, Candidate, Topics, in_order, nobody, numbers, subscribed};

pub static ASSIGNOR: Assignor = Assignor { name: "roundrobin", cooperative: false, assign, user_data: |_, _| None };

fn assign(members: &[Candidate], topics: &Topics) -> Assignment {
    let mut result = nobody(members);
    let mut turn = in_order(members.iter()).into_iter().cycle().peekable();
    for (topic, partitions) in subscribed(members, topics) {
        for partition in numbers(partitions) {
            // Somebody subscribes to it.
            while turn.next_if(|member| !member.topics.contains(topic)).is_some() {}
            let Some(member) = turn.next() else { return result };
            result.entry(member.id.clone()).or_default().push((topic.clone(), partition));
        }
    }
    result
}
