//! Who has which partition of a group now, who had it before, and since when: as the consumers themselves were told.

use super::event::EventKind;
use super::process::ProcessState;
use crate::kafka::broker::BrokerEvent;
use crate::kafka::client::consumer::ConsumerEvent;
use crate::kafka::coordinator::GroupEvent;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use std::sync::Arc;

/// Partitions of groups that are remembered; what comes after them is not told.
const MAX_HOLDINGS: usize = 4_096;

/// A partition of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holding {
    pub group: Arc<str>,
    pub topic: Arc<str>,
    pub partition: i32,
    /// `None`: nobody has it.
    pub owner: Option<Arc<str>>,
    /// Since when that is so.
    pub since: Time,
    /// Who had it last before, and when that one gave it up, or lost it.
    pub before: Option<(Arc<str>, Time)>,
    /// When its owner was given other partitions, or the same ones again, and kept this one.
    pub kept: Option<Time>,
}

type GroupAndId = (Arc<str>, Arc<str>);

/// The holdings of all groups. A clone shares them until one side goes on.
#[derive(Clone, Debug, Default)]
pub(super) struct Holdings {
    all: Arc<Vec<Holding>>,
    /// A consumer's group, and the id that it has in it.
    members: Arc<SortedVecMap<Arc<str>, GroupAndId>>,
    /// Owners in the order in which they first had something.
    owners: Arc<Vec<Arc<str>>>,
}

impl Holdings {
    pub(super) fn all(&self) -> Arc<Vec<Holding>> {
        self.all.clone()
    }

    pub(super) fn owners(&self) -> Arc<Vec<Arc<str>>> {
        self.owners.clone()
    }

    pub(super) fn take(&mut self, at: Time, kind: &EventKind) {
        match kind {
            EventKind::Consumer { node, event: ConsumerEvent::Joining { group, .. } } => {
                Arc::make_mut(&mut self.members).insert(node.clone(), (group.clone(), Arc::default()));
            }
            EventKind::Consumer { node, event: ConsumerEvent::Revoked { partitions, .. } } => {
                self.give_up(at, node, &|holding| partitions.iter().any(|(topic, n)| *topic == holding.topic && *n == holding.partition));
            }
            EventKind::Consumer { node, event: ConsumerEvent::Assigned { member, partitions, .. } } => {
                let Some((group, _)) = self.members.get(node).cloned() else { return };
                Arc::make_mut(&mut self.members).insert(node.clone(), (group.clone(), member.clone()));
                self.assign(at, node, &group, partitions);
            }
            EventKind::ProcessState { node, to: ProcessState::Stopped | ProcessState::Crashed, .. } => {
                self.give_up(at, node, &|_| true);
            }
            EventKind::Broker { event: BrokerEvent::Group(GroupEvent::MemberRemoved { member, .. }), .. } => {
                let gone = self.members.iter().find(|(_, (_, id))| id == member).map(|(node, _)| node.clone());
                if let Some(node) = gone {
                    self.give_up(at, &node, &|_| true);
                }
            }
            EventKind::Broker { event: BrokerEvent::TopicDeleted { topic }, .. } if self.all.iter().any(|it| it.topic == *topic) => {
                Arc::make_mut(&mut self.all).retain(|holding| holding.topic != *topic);
            }
            _ => {}
        }
    }

    /// What a consumer has of those that are meant is nobody's.
    fn give_up(&mut self, at: Time, node: &Arc<str>, is_meant: &dyn Fn(&Holding) -> bool) {
        let is_its = |holding: &Holding| holding.owner.as_ref() == Some(node) && is_meant(holding);
        if !self.all.iter().any(is_its) {
            return;
        }
        for holding in Arc::make_mut(&mut self.all).iter_mut().filter(|holding| is_its(holding)) {
            holding.before = holding.owner.take().map(|owner| (owner, at));
            (holding.since, holding.kept) = (at, None);
        }
    }

    /// A consumer has these partitions and no others. What another one still has by its own account goes over to it.
    fn assign(&mut self, at: Time, node: &Arc<str>, group: &Arc<str>, partitions: &[(Arc<str>, i32)]) {
        self.give_up(at, node, &|holding| {
            !partitions.iter().any(|(topic, n)| *topic == holding.topic && *n == holding.partition) || holding.group != *group
        });
        if !partitions.is_empty() && !self.owners.contains(node) {
            Arc::make_mut(&mut self.owners).push(node.clone());
        }
        let all = Arc::make_mut(&mut self.all);
        for (topic, partition) in partitions {
            let found = all
                .binary_search_by(|holding| (&*holding.group, &*holding.topic, holding.partition).cmp(&(&**group, &**topic, *partition)));
            match found {
                Ok(i) if all[i].owner.as_ref() == Some(node) => all[i].kept = Some(at),
                Ok(i) => {
                    let holding = &mut all[i];
                    let lost = holding.owner.take().map(|owner| (owner, at));
                    holding.before = lost.or(holding.before.take());
                    (holding.owner, holding.since, holding.kept) = (Some(node.clone()), at, None);
                }
                Err(i) if all.len() < MAX_HOLDINGS => {
                    let (group, topic, owner) = (group.clone(), topic.clone(), Some(node.clone()));
                    all.insert(i, Holding { group, topic, partition: *partition, owner, since: at, before: None, kept: None });
                }
                Err(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(node: &str, event: ConsumerEvent) -> EventKind {
        EventKind::Consumer { node: node.into(), event }
    }

    fn assigned(holdings: &mut Holdings, at: i64, node: &str, partitions: &[i32]) {
        let partitions = partitions.iter().map(|n| (Arc::from("orders"), *n)).collect();
        holdings.take(Time(at), &event(node, ConsumerEvent::Assigned { generation: 1, member: format!("{node}-id").into(), partitions }));
    }

    fn told(holdings: &Holdings) -> Vec<String> {
        let line = |holding: &Holding| {
            let name = |name: &Option<Arc<str>>| name.as_deref().unwrap_or("nobody").to_owned();
            let before = holding.before.as_ref().map_or(String::new(), |(owner, at)| format!(", {owner} until {}", at.0));
            let kept = holding.kept.map_or(String::new(), |at| format!(", kept at {}", at.0));
            format!("{} {} since {}{before}{kept}", holding.partition, name(&holding.owner), holding.since.0)
        };
        holdings.all.iter().map(line).collect()
    }

    #[test]
    fn what_moves_is_nobodys_for_a_while_and_what_is_kept_is_told_apart() {
        let mut holdings = Holdings::default();
        for node in ["a", "b"] {
            holdings.take(Time(0), &event(node, ConsumerEvent::Joining { group: "billing".into(), why: "".into() }));
        }
        assigned(&mut holdings, 1, "a", &[0, 1]);
        let given = vec![(Arc::from("orders"), 1)];
        holdings.take(Time(5), &event("a", ConsumerEvent::Revoked { partitions: given, lost: false }));
        assigned(&mut holdings, 6, "a", &[0]);
        assert_eq!(told(&holdings), ["0 a since 1, kept at 6", "1 nobody since 5, a until 5"]);
        assigned(&mut holdings, 9, "b", &[1]);
        assert_eq!(told(&holdings), ["0 a since 1, kept at 6", "1 b since 9, a until 5"]);
        let dies = |node: &str, to| EventKind::ProcessState { node: node.into(), from: ProcessState::Running, to };
        holdings.take(Time(12), &dies("a", ProcessState::Crashed));
        assert_eq!(told(&holdings), ["0 nobody since 12, a until 12", "1 b since 9, a until 5"]);
        let removed =
            GroupEvent::MemberRemoved { group: "billing".into(), member: "b-id".into(), client_id: "b".into(), why: "left".into() };
        holdings.take(Time(20), &EventKind::Broker { node: "broker-1".into(), event: BrokerEvent::Group(removed) });
        assert_eq!(told(&holdings), ["0 nobody since 12, a until 12", "1 nobody since 20, b until 20"]);
        assert_eq!(*holdings.owners, [Arc::from("a"), Arc::from("b")]);
    }
}
