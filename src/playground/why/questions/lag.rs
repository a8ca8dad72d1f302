//! Why does this group's lag not go down?

use crate::kafka::broker::PartitionView;
use crate::kafka::client::consumer::ConsumerEvent;
use crate::kafka::coordinator::{GroupEvent, GroupView};
use crate::playground::groups::is_consumer_protocol;
use crate::playground::narrate::{plural, reason};
use crate::playground::why::explanation::{Clock, Explanation, coordinator_slot};
use crate::playground::why::suggestions::{partition, readers};
use crate::playground::why::{Ask, Occasion, TopicPartition};
use crate::world::action::{CommitPolicy, ConsumerSpec};
use crate::world::operations::{Action, AddConsumer, duration_text, rate_text};
use crate::world::event::EventKind;
use crate::world::target::Target;
use crate::world::view::{ConsumerState, WorldView};
use std::sync::Arc;

/// Records that a group may be behind without anybody wondering.
const USUAL: i64 = 20;
/// A lag is called stuck when nothing was committed for so long, in microseconds: two rounds of `auto.commit.interval.ms`.
const STUCK_US: i64 = 10_000_000;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lag {
    pub group: Arc<str>,
    pub partition: TopicPartition,
}

impl Ask for Lag {
    const FORM: &'static str = "lag GROUP TOPIC-N";
    const EXAMPLE: &'static str = "lag billing orders-2";

    fn parse(words: &[&str]) -> Option<Self> {
        let [group, at] = *words else { return None };
        Some(Self { group: group.into(), partition: TopicPartition::parse(at)? })
    }

    fn arguments(&self) -> String {
        format!("{} {}", self.group, self.partition)
    }

    fn asked(&self) -> String {
        format!("Why is {} behind on {}?", self.group, self.partition)
    }

    fn suggested(occasion: &Occasion<'_>) -> Vec<Self> {
        match *occasion {
            Occasion::LookedAt(view, Target::Partition(topic, n)) => {
                let at = TopicPartition::new(topic, *n);
                readers(view, &at).into_iter().map(|group| Self { group, partition: at.clone() }).collect()
            }
            Occasion::LookedAt(view, Target::Consumer(name)) => {
                let Some(consumer) = view.consumers.iter().find(|c| c.name == *name) else { return Vec::new() };
                let Some(group) = &consumer.group else { return Vec::new() };
                let of = |(topic, n): &(Arc<str>, i32)| Self { group: group.clone(), partition: TopicPartition::new(topic, *n) };
                consumer.assignment.iter().map(of).collect()
            }
            Occasion::LookedAt(view, Target::Group(Some(group))) => {
                let offsets = view.groups.iter().filter(|view| view.group == *group).flat_map(|view| &view.offsets);
                offsets.map(|(topic, n, _)| Self { group: group.clone(), partition: TopicPartition::new(topic, *n) }).collect()
            }
            Occasion::LooksWrong(view, Target::Group(Some(group))) => Self::worst(view, group).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn answer(&self, explanation: &mut Explanation<'_>) -> bool {
        let Self { group, partition: at } = self;
        let Some(state) = explanation.partition(at) else { return explanation.no(format_args!("There is no partition {at}.")) };
        let Some(view) = explanation.view.groups.iter().find(|view| view.group == *group) else {
            explanation.now(format_args!("Nobody knows {group} at the moment: its coordinator is not there."));
            if let Some(slot) = coordinator_slot(explanation.view, group) {
                explanation.leaderless(&slot);
            }
            return true;
        };
        let committed = view.offsets.iter().find(|(topic, n, _)| at.is(topic, *n)).map(|(.., next)| *next);
        let lag = state.high_watermark.saturating_sub(committed.unwrap_or(state.log_start_offset));
        if lag <= 0 {
            return explanation.no(format_args!("{group} has no lag on {at}: it has committed all that can be read."));
        }
        let records = plural(lag, "record");
        if state.leader < 0 {
            explanation.now(format_args!("{group} is {records} behind on {at}, and nobody leads that partition."));
            return explanation.leaderless(at);
        }
        let owner = view.members.iter().find(|member| member.assignment.iter().any(|(topic, n)| at.is(topic, *n)));
        let Some(owner) = owner.map(|member| &*member.client_id) else {
            explanation.nobody_reads(view, at, &records);
            return true;
        };
        let Some(app) = explanation.view.consumers.iter().find(|app| &*app.name == owner) else {
            return explanation.no(format_args!("{at} is read by {owner}, which is not of this run."));
        };
        explanation.now(format_args!("{group} is {records} behind on {at}, which only {owner} may read."));
        explanation.owner_is_behind(view, app, at, state)
    }
}

impl Lag {
    /// Where the group is behind most, if that is more than usual.
    fn worst(view: &WorldView, name: &str) -> Option<Self> {
        let group = view.groups.iter().find(|group| &*group.group == name)?;
        let lag = |topic: &str, n: i32, next: i64| partition(view, topic, n).map_or(0, |p| p.high_watermark - next);
        let lags = group.offsets.iter().map(|(topic, n, next)| (lag(topic, *n, *next), topic, *n));
        let (lag, topic, n) = lags.max_by_key(|(lag, ..)| *lag)?;
        (lag > USUAL).then(|| Self { group: group.group.clone(), partition: TopicPartition::new(topic, n) })
    }
}

impl<'a> Explanation<'a> {
    /// The partition has no owner in the group.
    fn nobody_reads(&mut self, view: &GroupView, at: &TopicPartition, records: &str) {
        let group = &view.group;
        if !view.members.is_empty() {
            self.now(format_args!("{group} is {records} behind on {at}: it rebalances, and the partition is nobody's meanwhile."));
            return self.rebalance(view);
        }
        self.now(format_args!("{group} is {records} behind on {at}: it has no members, so nobody reads."));
        self.last_rebalance(group, self.view.now);
        for app in self.view.consumers.iter().filter(|app| app.group.as_ref() == Some(group)) {
            self.blame(&[&app.name], self.view.now);
        }
    }

    /// The partition's owner does not keep up.
    fn owner_is_behind(&mut self, view: &GroupView, app: &ConsumerState, at: &TopicPartition, state: &PartitionView) -> bool {
        let (group, owner) = (&view.group, &*app.name);
        if !app.state.is_running() {
            self.not_running(owner, app.state);
            let until = view.members.iter().find(|member| &*member.client_id == owner).map(|member| member.session_deadline);
            if let Some(until) = until.filter(|until| *until > self.view.now) {
                self.now(format_args!("{group} keeps the partition for it until its session ends at {}.", Clock(until)));
            }
            return true;
        }
        if view.state.is_rebalancing() && !is_consumer_protocol(view) {
            self.rebalance(view);
            return true;
        }
        if app.reads_committed && state.last_stable_offset < state.high_watermark && app.backlog == 0 {
            self.now(format_args!("{owner} reads only what is committed: up to the last stable offset, {}.", state.last_stable_offset));
            if self.held_by_transaction(at, state) {
                return true;
            }
        }
        if app.backlog > 0 && app.handle_us > 0 {
            self.slow_handler(app, &at.topic);
            return true;
        }
        if self.consumer_spec(owner).is_some_and(|spec| spec.commit == CommitPolicy::Never) {
            self.now(format_args!("{owner} never commits what it has read, so the group's committed offset stands still."));
            self.started(owner, self.view.now);
            return true;
        }
        self.commits_late(group, owner, at, self.broker_name(state.leader))
    }

    fn slow_handler(&mut self, app: &ConsumerState, topic: &str) {
        let owner = &*app.name;
        let (backlog, time) = (plural(app.backlog, "record"), duration_text(app.handle_us));
        let rate = |per_1000s: u64| rate_text(per_1000s).trim_end_matches("/s").to_owned();
        let most = rate(1_000_000_000 / app.handle_us.max(1).cast_unsigned());
        let sent = self.view.producers.iter().filter(|producer| producer.state.is_running() && &*producer.topic == topic);
        let sent = rate(sent.map(|producer| producer.rate_per_1000s).sum());
        self.now(format_args!(
            "{owner} has {backlog} in hand and takes {time} for each: at most {most} a second. To {topic} come {sent} a second."
        ));
        self.action(self.view.now, &|action| match action {
            Action::SetHandleTime(set) => *set.name == *owner,
            Action::AddConsumer(AddConsumer(spec)) => *spec.name == *owner,
            _ => false,
        });
    }

    /// The newest commit, a refused one, and what stands between the owner and the leader. Whether the lag is stuck.
    fn commits_late(&mut self, group: &str, owner: &str, at: &TopicPartition, leader: &str) -> bool {
        let failed =
            |kind: &EventKind| matches!(kind, EventKind::Consumer { node, event: ConsumerEvent::CommitFailed { .. } } if **node == *owner);
        let commit = self.group_event(self.view.now, &|event| {
            matches!(event, GroupEvent::OffsetCommitted { group: g, topic, partition, .. }
                if **g == *group && at.is(topic, *partition))
        });
        let late = commit.is_none_or(|event| self.view.now.micros_since(event.at) > STUCK_US);
        let refused = self.last(self.view.now, &failed).filter(|event| commit.is_none_or(|commit| commit.at < event.at));
        if let Some(event) = refused
            && let EventKind::Consumer { event: ConsumerEvent::CommitFailed { error }, .. } = &event.kind
        {
            self.tell(event, format_args!("{owner} could not commit: {}.", reason(error)));
        }
        let blamed = self.blame(&[owner, leader], self.view.now);
        if let Some(event) = commit {
            self.narrated(event);
        }
        blamed || refused.is_some() || late
    }

    fn consumer_spec(&self, name: &str) -> Option<&'a ConsumerSpec> {
        self.world.consumer(name).map(|(spec, _)| spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::why::testing::*;

    fn lag() -> Lag {
        Lag { group: "billing".into(), partition: orders() }
    }

    #[test]
    fn a_lag_that_is_stuck() {
        let mut run = Run::of(&format!("{ORDERS}\nat 10s pause billing-1"));
        run.until(15);
        run.is_so(
            lag(),
            "
              now: billing is 57 records behind on orders-0, which only billing-1 may read.
              now: billing-1 does nothing: it is frozen.
              now: billing keeps the partition for it until its session ends at 19.288 s.
              Acted: billing-1 is frozen: no heartbeats. billing gives it 10 s (its session timeout).
            ",
        );
        run.until(30);
        run.is_so(
            lag(),
            "
              now: billing is 207 records behind on orders-0: it has no members, so nobody reads.
              StateChanged: billing rebalances: generation 1 ends, and its members join again.
              MemberRemoved: billing gave up billing-1: session timeout.
              Acted: billing-1 is frozen: no heartbeats. billing gives it 10 s (its session timeout).
            ",
        );
        let mut run = Run::of(&format!("{ORDERS}\nat 10s handle billing-1 500ms\nat 60s rate checkout 0/s\nat 61s handle billing-1 0ms"));
        run.until(20);
        run.is_so(
            lag(),
            "
              now: billing is 89 records behind on orders-0, which only billing-1 may read.
              now: billing-1 has 12 records in hand and takes 500ms for each: at most 2 a second. To orders come 10 a second.
              Acted: billing-1 now takes 500ms for each record.
            ",
        );
        run.until(280);
        run.is_not_so(
            lag(),
            "
              now: billing has no lag on orders-0: it has committed all that can be read.
            ",
        );
        let mut run = Run::of(&format!("{ORDERS}\nat 10s crash billing-1"));
        run.until(15);
        run.is_so(
            lag(),
            "
              now: billing is 57 records behind on orders-0, which only billing-1 may read.
              now: billing-1 does nothing: it has crashed.
              now: billing keeps the partition for it until its session ends at 19.288 s.
              Acted: billing-1 crashed. billing waits for its session timeout (10 s) before its partitions go to others.
            ",
        );
    }
}
