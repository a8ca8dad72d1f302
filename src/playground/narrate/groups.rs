//! Consumer groups in words.

use super::Words;
use crate::kafka::coordinator::{DOWNGRADED, GroupEvent, GroupState, UPGRADED};
use crate::kafka::wire::message::{ConsumerProtocolAssignment, Message};
use bytes::Bytes;
use std::sync::Arc;

pub(super) fn group(event: &GroupEvent) -> Words {
    Some(match event {
        GroupEvent::MemberAdded { group, client_id, .. } => (1, format!("{client_id} joined {group}.")),
        GroupEvent::MemberRemoved { group, client_id, why, .. } => (
            1,
            match &**why {
                "left" => format!("{client_id} left {group}."),
                why => format!("{group} gave up {client_id}: {why}."),
            },
        ),
        GroupEvent::StateChanged { group, generation, why, .. } if **why == *UPGRADED => (
            1,
            format!(
                "{group} goes over to the consumer protocol at epoch {generation}: its coordinator deals out the partitions from now on, to \
                 members of both protocols."
            ),
        ),
        GroupEvent::StateChanged { group, generation, why, .. } if **why == *DOWNGRADED => (
            1,
            format!(
                "{group} is a group of the classic protocol again, at generation {generation}: its last member of the consumer protocol is \
                 gone, and a leader deals out the partitions."
            ),
        ),
        GroupEvent::StateChanged { group, to: GroupState::PreparingRebalance, generation, .. } => {
            (1, format!("{group} rebalances: generation {generation} ends, and its members join again."))
        }
        GroupEvent::StateChanged { group, to: GroupState::CompletingRebalance, generation, .. } => {
            (2, format!("{group} has its members for generation {generation} and waits for the leader's assignment."))
        }
        GroupEvent::StateChanged { group, to: GroupState::Empty, .. } => (1, format!("{group} has no members; its offsets stay.")),
        GroupEvent::StateChanged { group, to: GroupState::Dead, .. } => (1, format!("{group} is gone.")),
        GroupEvent::StateChanged { group, to: GroupState::Assigning | GroupState::Reconciling, generation, .. } => {
            (2, format!("{group} is at epoch {generation}: its members go to what it has in store for them, each by itself."))
        }
        GroupEvent::StateChanged { .. } => return None,
        GroupEvent::Reconciled { group, client_id, epoch, assigned, revoking, .. } => {
            let names = |all: &[(Arc<str>, i32)]| all.iter().map(|(topic, partition)| format!("{topic}-{partition}")).collect::<Vec<_>>();
            let has = match &names(assigned)[..] {
                [] => "nothing".to_owned(),
                all if all.len() > MOST_NAMED => format!("{} partitions", all.len()),
                all => all.join(", "),
            };
            if revoking.is_empty() && assigned.is_empty() {
                (1, format!("{client_id} is in {group} at epoch {epoch}, with nothing yet: what it is to have, others give up first."))
            } else if revoking.is_empty() {
                (1, format!("{group}, epoch {epoch}: {client_id} has {has}."))
            } else {
                (1, format!("{group}: {client_id} is to give up {}; it keeps {has}.", names(revoking).join(", ")))
            }
        }
        GroupEvent::Assigned { group, generation, assignments } => {
            let all = assignments.iter().map(|(member, bytes)| (member, assignment(bytes.clone())));
            if assignments.len() > MOST_SHARES {
                let members = assignments.len();
                let (total, least, most) = all
                    .map(|(_, partitions)| partitions.len())
                    .fold((0, usize::MAX, 0), |(total, least, most), n| (total + n, least.min(n), most.max(n)));
                let each = if least == most { least.to_string() } else { format!("{least} to {most}") };
                return Some((1, format!("{group}, generation {generation}: {members} members share {total} partitions, {each} each.")));
            }
            let mut shares: Vec<String> = all
                .map(|(member, partitions)| {
                    let name = client_of(member);
                    if partitions.is_empty() { format!("{name} gets nothing") } else { format!("{name} gets {}", partitions.join(", ")) }
                })
                .collect();
            shares.sort();
            (1, format!("{group}, generation {generation}: {}.", shares.join("; ")))
        }
        GroupEvent::OffsetCommitted { group, topic, partition, offset } => {
            (3, format!("{group} committed {topic}-{partition}: it reads on from offset {offset}."))
        }
    })
}

/// Members that an assignment names one by one; the shares of more are a sentence about their sizes.
const MOST_SHARES: usize = 6;

/// Partitions that a member has, named one by one; more are a number.
const MOST_NAMED: usize = 8;

/// A member id is the client's id, a dash and a UUID of 36 characters.
fn client_of(member: &str) -> &str {
    member.len().checked_sub(37).and_then(|at| member.get(..at)).filter(|name| !name.is_empty()).unwrap_or(member)
}

/// The partitions in a `ConsumerProtocolAssignment`, in words; empty when it is none.
fn assignment(mut bytes: Bytes) -> Vec<String> {
    if bytes.len() < 2 {
        return Vec::new();
    }
    let head = bytes.split_to(2);
    let version = head.iter().fold(0_i16, |version, byte| (version << 8) | i16::from(*byte));
    let Ok((assignment, _)) = ConsumerProtocolAssignment::read(bytes, version.clamp(0, 3)) else { return Vec::new() };
    let mut partitions: Vec<(Arc<str>, i32)> = assignment
        .assigned_partitions
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(|partition| (topic.topic.0.clone(), *partition)))
        .collect();
    partitions.sort();
    partitions.into_iter().map(|(topic, partition)| format!("{topic}-{partition}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn members_are_called_by_their_clients_names() {
        assert_eq!(client_of("billing-1-00000000-0000-4000-8000-000000000000"), "billing-1");
        assert_eq!(client_of("short"), "short");
    }

    #[test]
    fn an_assignment_reads_in_order() {
        let bytes = Bytes::from_static(b"\0\x01\0\0\0\x01\0\x06orders\0\0\0\x02\0\0\0\x02\0\0\0\0\xff\xff\xff\xff");
        assert_eq!(assignment(bytes), ["orders-0", "orders-2"]);
        assert!(assignment(Bytes::from_static(b"\0\x01\xff")).is_empty());
    }

    #[test]
    fn shares_of_many_members_are_summed_up() {
        let two = Bytes::from_static(b"\0\x01\0\0\0\x01\0\x06orders\0\0\0\x02\0\0\0\x02\0\0\0\0\xff\xff\xff\xff");
        let none = Bytes::from_static(b"\0\x01\0\0\0\0\xff\xff\xff\xff");
        let told = |last: &Bytes, members: usize| {
            let mut assignments: Vec<(Arc<str>, Bytes)> = (1..members).map(|n| (format!("c{n}").into(), two.clone())).collect();
            assignments.push(("c".into(), last.clone()));
            let event = GroupEvent::Assigned { group: "billing".into(), generation: 3, assignments };
            group(&event).map(|(_, words)| words).unwrap_or_default()
        };
        assert_eq!(told(&two, 7), "billing, generation 3: 7 members share 14 partitions, 2 each.");
        assert_eq!(told(&none, 7), "billing, generation 3: 7 members share 12 partitions, 0 to 2 each.");
        assert_eq!(told(&none, 2), "billing, generation 3: c gets nothing; c1 gets orders-0, orders-2.");
    }
}
