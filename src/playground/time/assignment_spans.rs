//! Who owned which partition of a group, and from when to when: as the consumers themselves were told, event by event.

use super::Moment;
use crate::kafka::broker::BrokerEvent;
use crate::kafka::client::consumer::ConsumerEvent;
use crate::kafka::coordinator::GroupEvent;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::world::ProcessState;
use crate::world::event::{Event, EventKind};
use std::sync::Arc;

/// Spans that a branch keeps; from then on it says that nothing is recorded.
pub const MAX_SPANS: u32 = 4_000;

/// A consumer has a partition, from its assignment until it gives it back, loses it, or its process ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    pub group: Arc<str>,
    pub topic: Arc<str>,
    pub partition: i32,
    pub owner: Arc<str>,
    pub generation: i32,
    pub from: Moment,
    /// None: it still has it where the branch ends.
    pub to: Option<Moment>,
    member: Arc<str>,
}

#[derive(Clone, Debug, Default)]
pub struct AssignmentSpans {
    spans: Vec<Span>,
    /// A consumer's group.
    groups: SortedVecMap<Arc<str>, Arc<str>>,
    /// Since when there is no room.
    full: Option<Moment>,
    /// Grows with every change.
    changes: u32,
}

impl AssignmentSpans {
    /// In the order in which they began.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// From when on nothing is recorded any more.
    pub fn full(&self) -> Option<Time> {
        self.full.map(|moment| moment.at)
    }

    /// Another number than before when anything has changed.
    pub fn version(&self) -> u32 {
        self.changes
    }

    fn close(&mut self, at: Moment, ends: &dyn Fn(&Span) -> bool) {
        for span in self.spans.iter_mut().filter(|span| span.to.is_none() && ends(span)) {
            span.to = Some(at);
            self.changes += 1;
        }
    }

    pub(super) fn take(&mut self, event: &Event) {
        let at = Moment { at: event.at, events: event.id.0 };
        match &event.kind {
            EventKind::Consumer { node, event } => match event {
                ConsumerEvent::Joining { group, .. } => {
                    self.groups.insert(node.clone(), group.clone());
                }
                ConsumerEvent::Revoked { partitions, .. } => {
                    let given = |span: &Span| partitions.iter().any(|(topic, n)| *topic == span.topic && *n == span.partition);
                    self.close(at, &|span| span.owner == *node && given(span));
                }
                ConsumerEvent::Assigned { generation, member, partitions } => {
                    let Some(group) = self.groups.get(node).cloned() else { return };
                    let given = |span: &Span| partitions.iter().any(|(topic, n)| *topic == span.topic && *n == span.partition);
                    // What a member kept, it has had all the while.
                    self.close(at, &|span| if span.owner == *node { !given(span) } else { span.group == group && given(span) });
                    for (topic, partition) in partitions {
                        let kept =
                            |span: &Span| span.to.is_none() && span.owner == *node && span.topic == *topic && span.partition == *partition;
                        if self.spans.iter().rev().any(kept) {
                            continue;
                        }
                        if self.spans.len() >= MAX_SPANS as usize {
                            self.full = self.full.or(Some(at));
                            return;
                        }
                        let (group, topic, owner, member) = (group.clone(), topic.clone(), node.clone(), member.clone());
                        let (partition, generation) = (*partition, *generation);
                        self.changes += 1;
                        self.spans.push(Span { group, topic, partition, owner, generation, from: at, to: None, member });
                    }
                }
                _ => {}
            },
            EventKind::ProcessState { node, to: ProcessState::Stopped | ProcessState::Crashed, .. } => {
                self.close(at, &|span| span.owner == *node)
            }
            EventKind::Broker { event: BrokerEvent::Group(GroupEvent::MemberRemoved { member, .. }), .. } => {
                self.close(at, &|span| span.member == *member);
            }
            _ => {}
        }
    }

    pub(super) fn keep_before(&mut self, event: u64) {
        self.changes += 1;
        self.spans.retain(|span| span.from.events < event);
        for span in &mut self.spans {
            span.to = span.to.filter(|to| to.events < event);
        }
        self.full = self.full.filter(|full| full.events < event);
    }
}
