//! Why does this consumer do nothing?

use crate::kafka::client::consumer::{ConsumerEvent, MembershipState};
use crate::playground::groups::membership;
use crate::playground::narrate::plural;
use crate::playground::why::explanation::{Explanation, coordinator_slot};
use crate::playground::why::{Ask, Occasion, TopicPartition};
use crate::world::operations::{Action, AddProducer, duration_text};
use crate::world::event::EventKind;
use crate::world::target::Target;
use crate::world::view::ConsumerState;
use std::sync::Arc;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Idle {
    pub consumer: Arc<str>,
}

impl Ask for Idle {
    const FORM: &'static str = "idle CONSUMER";
    const EXAMPLE: &'static str = "idle billing-1";

    fn parse(words: &[&str]) -> Option<Self> {
        let [consumer] = *words else { return None };
        Some(Self { consumer: consumer.into() })
    }

    fn arguments(&self) -> String {
        self.consumer.to_string()
    }

    fn asked(&self) -> String {
        format!("Why does {} do nothing?", self.consumer)
    }

    /// Wrong is a consumer that does not run, has no place in its group or no partition.
    fn suggested(occasion: &Occasion<'_>) -> Vec<Self> {
        match *occasion {
            Occasion::LookedAt(_, Target::Consumer(name)) => vec![Self { consumer: name.clone() }],
            Occasion::LooksWrong(view, Target::Consumer(name)) => {
                let works = |c: &ConsumerState| c.state.is_running() && c.client_state.is_settled() && !c.assignment.is_empty();
                let idle = view.consumers.iter().filter(|c| c.name == *name && !works(c));
                idle.map(|c| Self { consumer: c.name.clone() }).collect()
            }
            _ => Vec::new(),
        }
    }

    fn answer(&self, explanation: &mut Explanation<'_>) -> bool {
        let name = &*self.consumer;
        let Some(consumer) = explanation.view.consumers.iter().find(|consumer| &*consumer.name == name) else {
            return explanation.no(format_args!("There is no consumer {name}."));
        };
        if !consumer.state.is_running() {
            explanation.not_running(name, consumer.state);
            return true;
        }
        if consumer.backlog > 0 {
            let (records, time) = (plural(consumer.backlog, "record"), duration_text(consumer.handle_us));
            return explanation.no(format_args!("{name} is not idle: it has {records} in hand and takes {time} for each."));
        }
        if let Some((group, member)) = membership(explanation.view, consumer)
            && explanation.reconciles(consumer, group, member)
        {
            return true;
        }
        if let Some(group) = &consumer.group {
            let reads_on = consumer.client_state == MembershipState::Reconciling && !consumer.assignment.is_empty();
            if consumer.client_state != MembershipState::Stable && !reads_on {
                explanation.not_stable(consumer, group);
                return true;
            }
            if consumer.assignment.is_empty() {
                explanation.no_share(consumer, group);
                return true;
            }
        }
        if consumer.assignment.is_empty() {
            let topics = consumer.topics.join(", ");
            explanation.now(format_args!("{name} has no partition: there is none of {topics}."));
            return true;
        }
        for (topic, partition) in &consumer.assignment {
            if let Some(so) = explanation.fetching(consumer, &TopicPartition::new(topic, *partition)) {
                return so;
            }
        }
        explanation.all_is_read(consumer);
        true
    }
}

impl<'a> Explanation<'a> {
    /// It has no place in its group at the moment.
    fn not_stable(&mut self, consumer: &ConsumerState, group: &str) {
        let name = &*consumer.name;
        let slot = coordinator_slot(self.view, group);
        let coordinator = slot.as_ref().and_then(|slot| self.partition(slot)).map_or(-1, |view| view.leader);
        let here = self.broker_name(coordinator);
        let group_view = self.view.groups.iter().find(|view| &*view.group == group);
        if let Some(slot) = slot.filter(|_| coordinator < 0) {
            self.now(format_args!("{name} cannot join {group}: its coordinator is whoever leads {slot}, and nobody does."));
            self.leaderless(&slot);
        } else if let Some(view) = group_view.filter(|view| view.state.is_rebalancing()) {
            self.now(format_args!("{name} reads nothing while {group} rebalances."));
            self.rebalance(view);
        } else {
            let what = match consumer.client_state {
                MembershipState::Unjoined => "is not a member of",
                MembershipState::Failed => "was refused for good by",
                _ => "waits for an answer of the coordinator of",
            };
            let whose = if here.is_empty() { "" } else { ", " };
            self.now(format_args!("{name} {what} {group}{whose}{here}."));
            if !self.blame(&[name, here], self.view.now) {
                self.consumer_trouble(name);
                self.started(name, self.view.now);
            }
        }
    }

    /// The group has no partition for it.
    fn no_share(&mut self, consumer: &ConsumerState, group: &str) {
        let name = &*consumer.name;
        let members = self.view.groups.iter().find(|view| &*view.group == group).map_or(0, |view| view.members.len());
        let count = self.view.partitions.iter().filter(|state| consumer.topics.contains(&state.view.topic)).count();
        let topics = consumer.topics.join(", ");
        let partitions = plural(count, "partition");
        self.now(format_args!(
            "{name} has no partition: {group} has {}, {topics} has only {partitions}, and a partition goes to one member of a group.",
            plural(members, "member")
        ));
        let assigned =
            |kind: &EventKind| matches!(kind, EventKind::Consumer { node, event: ConsumerEvent::Assigned { .. } } if **node == *name);
        if let Some(event) = self.last(self.view.now, &assigned)
            && let EventKind::Consumer { event: ConsumerEvent::Assigned { generation, .. }, .. } = &event.kind
        {
            self.tell(event, format_args!("{name} was given nothing in generation {generation} of {group}."));
        }
        self.started(name, self.view.now);
    }

    /// What keeps it from a partition of its own, and whether it is idle for that; `None` when it has read all of it.
    fn fetching(&mut self, consumer: &ConsumerState, at: &TopicPartition) -> Option<bool> {
        let name = &*consumer.name;
        let state = self.partition(at)?;
        if state.leader < 0 {
            self.now(format_args!("{name} is to read {at} and has nobody to fetch from."));
            return Some(self.leaderless(at));
        }
        let position = consumer.positions.iter().find(|(topic, partition, _)| at.is(topic, *partition)).map(|(.., next)| *next);
        let stable = state.last_stable_offset;
        if consumer.reads_committed && stable < state.high_watermark && position.is_some_and(|next| next >= stable) {
            self.now(format_args!("{name} has read {at} up to the last stable offset, {stable}: it reads only what is committed."));
            self.held_by_transaction(at, state);
            return Some(true);
        }
        if position.is_none_or(|next| next < state.high_watermark) {
            let from = self.broker_name(state.leader);
            let before = self.len();
            self.now(format_args!("{name} has not got the records of {at} below offset {} yet.", state.high_watermark));
            if self.blame(&[name, from], self.view.now) {
                return Some(true);
            }
            self.truncate(before);
            return Some(self.no(format_args!("{name} is not idle: it is fetching {at} from {from}.")));
        }
        if position.is_some_and(|next| next < state.end_offset) {
            self.now(format_args!("{name} has read {at} up to the high watermark; what lies above it, it may not see yet."));
            return Some(self.not_readable(at, state.high_watermark));
        }
        None
    }

    /// It has read all of its partitions: who could send more, and does not.
    fn all_is_read(&mut self, consumer: &ConsumerState) {
        self.now(format_args!("{} has read everything that there is in its partitions.", consumer.name));
        let mut sends = false;
        for producer in self.view.producers.iter().filter(|producer| consumer.topics.contains(&producer.topic)) {
            let from = &*producer.name;
            if producer.state.is_running() && producer.rate_per_1000s > 0 {
                sends = true;
            } else if producer.state.is_running() {
                self.now(format_args!("{from} sends nothing by itself: its rate is 0."));
                self.action(self.view.now, &|action| match action {
                    Action::SetRate(set) => *set.name == *from,
                    Action::AddProducer(AddProducer(spec)) => *spec.name == *from,
                    _ => false,
                });
            } else {
                self.not_running(from, producer.state);
            }
        }
        if sends {
            self.now(format_args!("Its fetch waits at the broker, and the next record ends the wait."));
        }
    }

    /// The newest complaint of a consumer.
    fn consumer_trouble(&mut self, name: &str) {
        let complains = |kind: &EventKind| match kind {
            EventKind::Consumer {
                node,
                event: ConsumerEvent::Error { .. } | ConsumerEvent::CommitFailed { .. } | ConsumerEvent::PollTimeout,
            } => **node == *name,
            _ => false,
        };
        if let Some(event) = self.last(self.view.now, &complains) {
            self.narrated(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::why::testing::*;

    fn idle(consumer: &str) -> Idle {
        Idle { consumer: consumer.into() }
    }

    #[test]
    fn an_idle_consumer() {
        let more = "consumer billing-2 group=billing topics=orders handle=1ms auto.offset.reset=earliest session.timeout.ms=10000";
        let mut run = Run::of(&format!("{ORDERS}\nat 10s add {more}\nat 20s pause billing-1\nat 22s rate checkout 0/s"));
        run.until(19);
        let view = run.world().view();
        let without = view.consumers.iter().find(|consumer| consumer.assignment.is_empty()).expect("one has nothing").name.clone();
        run.is_so(
            idle(&without),
            "
              now: billing-2 has no partition: billing has 2 members, orders has only 1 partition, and a partition goes to one member of a \
               group.
              Assigned: billing-2 was given nothing in generation 2 of billing.
              Acted: billing-2 starts and wants to read orders as a member of billing.
            ",
        );
        run.until(21);
        run.is_so(
            idle("billing-1"),
            "
              now: billing-1 does nothing: it is frozen.
              Acted: billing-1 is frozen: no heartbeats. billing gives it 10 s (its session timeout).
            ",
        );
        let mut run = Run::of(&format!("{}\nat 10s add {more}\nat 30s rate checkout 0/s", ORDERS.replace("handle=1ms", "handle=700ms")));
        run.until(12);
        run.is_so(
            idle("billing-2"),
            "
              now: billing-2 reads nothing while billing rebalances.
              now: billing waits for billing-1, which has records in hand and joins again with its next poll.
              StateChanged: billing rebalances: generation 1 ends, and its members join again.
              MemberAdded: billing-2 joined billing.
              Acted: billing-2 starts and wants to read orders as a member of billing.
            ",
        );
        run.is_not_so(
            idle("billing-1"),
            "
              now: billing-1 is not idle: it has 46 records in hand and takes 700ms for each.
            ",
        );
        run.is_not_so(
            idle("nobody"),
            "
              now: There is no consumer nobody.
            ",
        );
        let mut run = Run::of(&format!("{ORDERS}\nat 10s rate checkout 0/s\nat 20s kill broker-1\nat 21s add {more}"));
        run.until(15);
        run.is_so(
            idle("billing-1"),
            "
              now: billing-1 has read everything that there is in its partitions.
              now: checkout sends nothing by itself: its rate is 0.
              Acted: checkout now sends 0 records a second.
            ",
        );
        run.until(23);
        run.is_so(
            idle("billing-2"),
            "
              now: billing-2 cannot join billing: its coordinator is whoever leads __consumer_offsets-0, and nobody does.
              now: __consumer_offsets-0 has no leader: by the metadata it is still broker-1, which is down (killed).
              now: The controller waits for its heartbeats until 23.612 s, and elects nobody else before (broker.session.timeout.ms: 4s).
              Acted: broker-1 was killed: its process is gone, what it had written stays in the page cache.
            ",
        );
    }

    #[test]
    fn a_member_of_the_consumer_protocol_that_waits_for_what_another_one_has() {
        let configs = "handle=700ms auto.offset.reset=earliest group.protocol=consumer";
        let member = |name: &str| format!("consumer {name} group=billing topics=orders {configs}");
        let mut run = Run::of(&format!(
            "topic orders partitions=2 replicas=3\nproducer checkout topic=orders rate=10/s acks=all\n{}\nat 10s add {}",
            member("billing-1"),
            member("billing-2")
        ));
        run.until(12);
        run.is_so(
            idle("billing-2"),
            "
              now: billing-2 has nothing yet: billing's coordinator has 1 partition in store for it, at epoch 2.
              now: billing-1 still has some of them: it learns with its next heartbeat that it is to give them up.
              now: billing-1 has 5 records in hand and takes 700ms for each, and polls when they are done.
              Acted: billing-2 starts and wants to read orders as a member of billing.
            ",
        );
        run.until(18);
        run.is_not_so(
            idle("billing-2"),
            "
              now: billing-2 is not idle: it has 6 records in hand and takes 700ms for each.
            ",
        );
    }
}
