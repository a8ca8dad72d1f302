//! What a rebalance has come to, from the first partition that nobody had to the last that has an owner again: what moved, what its
//! members kept, and how long nobody read.

use super::{AssignmentSpans, Gap, Moment, Span};
use crate::kafka::broker::BrokerEvent;
use crate::kafka::client::consumer::ConsumerEvent;
use crate::kafka::coordinator::{GroupEvent, GroupState};
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use crate::playground::narrate::{Sentence, plural, tenths};
use crate::world::event::{Event, EventId, EventKind};
use std::sync::Arc;

/// A group has shared its partitions out anew.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Handover {
    pub group: Arc<str>,
    pub began: Moment,
    pub ended: Moment,
    /// Partitions that have another owner than before.
    pub moved: u32,
    /// Those that have the same one, and how many of them it had to give up meanwhile.
    pub kept: u32,
    pub given_up: u32,
    /// Partition-microseconds without an owner, and the partition that was longest without one.
    pub unowned_us: i64,
    pub longest: Option<(Arc<str>, i32, i64)>,
}

/// A group as far as its rebalance has come.
#[derive(Clone, Debug, Default)]
struct Underway {
    began: Option<Moment>,
    rebalances: bool,
    /// Members that have not been told their share yet.
    untold: SortedVecSet<Arc<str>>,
}

#[derive(Clone, Debug, Default)]
pub struct Handovers {
    groups: SortedVecMap<Arc<str>, Underway>,
    done: Vec<Handover>,
}

fn partitions(count: u32) -> String {
    match count {
        0 => "no partition".to_owned(),
        some => plural(some, "partition"),
    }
}

impl Handover {
    /// `billing: 2 partitions moved, 6 kept; nobody read orders-3 for 3.2 s, 4.1 partition-seconds in all.`
    pub fn words(&self) -> String {
        let given_up = match self.given_up {
            0 => "kept".to_owned(),
            all if all == self.kept => "given up and taken again".to_owned(),
            some => format!("kept ({some} of them given up and taken again)"),
        };
        let nobody = match &self.longest {
            None => "no partition was without a reader".to_owned(),
            Some((topic, partition, us)) if *us == self.unowned_us => format!("nobody read {topic}-{partition} for {}", tenths(*us)),
            Some((topic, partition, us)) => {
                let (longest, all) = (tenths(*us), tenths(self.unowned_us));
                let all = all.trim_end_matches(" s");
                format!("nobody read {topic}-{partition} for {longest}, {all} partition-seconds in all")
            }
        };
        format!("{}: {} moved, {} {given_up}; {nobody}.", self.group, partitions(self.moved), self.kept)
    }

    fn sentence(&self) -> Sentence {
        Sentence { level: 1, at: self.ended.at, text: self.words(), event: EventId(self.ended.events), deed: false }
    }
}

/// Who had each partition of the group just before a moment.
fn owners_before<'a>(spans: &'a [Span], group: &'a str, began: Moment) -> impl Iterator<Item = &'a Span> {
    let had =
        move |span: &&Span| *span.group == *group && span.from.events < began.events && span.to.is_none_or(|to| to.events >= began.events);
    spans.iter().filter(had)
}

impl Handovers {
    /// Those that have ended, in the order in which they did.
    pub fn done(&self) -> &[Handover] {
        &self.done
    }

    /// What is told of those that ended from this event on.
    pub(super) fn sentences(&self, from: u64) -> impl Iterator<Item = Sentence> {
        self.done.iter().filter(move |one| one.ended.events >= from).map(Handover::sentence)
    }

    /// The one that was under way at a time.
    pub fn at(&self, time: Time) -> Option<&Handover> {
        self.done.iter().find(|one| one.began.at <= time && time <= one.ended.at)
    }

    /// After `spans` have taken the event in.
    pub(super) fn take(&mut self, event: &Event, spans: &AssignmentSpans) {
        let at = Moment { at: event.at, events: event.id.0 };
        match &event.kind {
            EventKind::Broker { event: BrokerEvent::Group(of_group), .. } => match of_group {
                GroupEvent::StateChanged { group, to, .. } => {
                    let one = self.groups.entry(group.clone()).or_default();
                    one.rebalances = to.is_rebalancing();
                    match to {
                        GroupState::Stable => {}
                        GroupState::Empty | GroupState::Dead => one.untold = SortedVecSet::new(),
                        _ => one.began = one.began.or(Some(at)),
                    }
                }
                GroupEvent::Assigned { group, assignments, .. } => {
                    let one = self.groups.entry(group.clone()).or_default();
                    one.untold = assignments.iter().map(|(member, _)| member.clone()).collect();
                }
                GroupEvent::MemberRemoved { group, member, .. } => {
                    let one = self.groups.entry(group.clone()).or_default();
                    one.untold.remove(member);
                }
                _ => return,
            },
            EventKind::Consumer { event: ConsumerEvent::Assigned { member, .. }, .. } => {
                for one in self.groups.values_mut() {
                    one.untold.remove(member);
                }
            }
            EventKind::Consumer { event: ConsumerEvent::Revoked { .. }, .. } | EventKind::ProcessState { .. } => {}
            _ => return,
        }
        self.look(at, spans);
    }

    /// Notes which groups have partitions without an owner, and which have found their order again.
    fn look(&mut self, at: Moment, spans: &AssignmentSpans) {
        let gaps = spans.gaps();
        for (group, one) in self.groups.iter_mut() {
            let of_group = || gaps.iter().filter(|gap| gap.group == *group);
            let open = of_group().filter(|gap| gap.to.is_none()).map(|gap| gap.from).min();
            if let Some(open) = open {
                one.began = Some(one.began.map_or(open, |began| began.min(open)));
            }
            if let Some(began) = one.began
                && open.is_none()
                && !one.rebalances
                && one.untold.is_empty()
            {
                one.began = None;
                self.done.extend(ended(group, began, at, spans.spans(), of_group()));
            }
        }
    }

    pub(super) fn keep_before(&mut self, event: u64) {
        // What was under way at the fork is under way again.
        for one in self.done.iter().filter(|one| (one.began.events..=one.ended.events).contains(&event)) {
            self.groups.insert(one.group.clone(), Underway { began: Some(one.began), ..Underway::default() });
        }
        self.done.retain(|one| one.ended.events < event);
        for one in self.groups.values_mut() {
            one.began = one.began.filter(|began| began.events < event);
        }
    }
}

/// `None`: nobody had anything before, or nothing came of it.
fn ended<'a>(group: &Arc<str>, began: Moment, at: Moment, spans: &[Span], gaps: impl Iterator<Item = &'a Gap>) -> Option<Handover> {
    let gaps: Vec<&Gap> = gaps.filter(|gap| gap.from.events >= began.events).collect();
    let us = |topic: &str, n: i32| -> i64 {
        let of = gaps.iter().filter(|gap| gap.partition == n && *gap.topic == *topic);
        of.map(|gap| gap.micros(began.at, at.at)).sum()
    };
    let (mut moved, mut kept, mut given_up, mut unowned_us, mut longest) = (0, 0, 0, 0, None::<(Arc<str>, i32, i64)>);
    for before in owners_before(spans, group, began) {
        let now = spans
            .iter()
            .rev()
            .find(|span| span.to.is_none() && span.group == *group && span.topic == before.topic && span.partition == before.partition);
        let same = now.is_some_and(|now| now.owner == before.owner);
        let without = us(&before.topic, before.partition);
        moved += u32::from(!same);
        kept += u32::from(same);
        given_up += u32::from(same && before.to.is_some());
        unowned_us += without;
        if without > longest.as_ref().map_or(0, |(.., longest)| *longest) {
            longest = Some((before.topic.clone(), before.partition, without));
        }
    }
    let changed = moved > 0 || given_up > 0;
    changed.then(|| Handover { group: group.clone(), began, ended: at, moved, kept, given_up, unowned_us, longest })
}

#[cfg(test)]
mod tests {
    use crate::playground::scenario::{Playback, Scenario, scenarios};
    use crate::playground::time::Timeline;
    use crate::world::EPOCH;

    /// What is told of the rebalances of a scenario, from a second on.
    fn told(scenario: Scenario, from: i64) -> Vec<String> {
        let until = EPOCH.plus_micros(scenario.run_for);
        let mut timeline = Timeline::new(Playback::new(scenario).expect("it begins"));
        timeline.advance(until, &mut || true);
        let done = timeline.branch().handovers().done();
        done.iter().filter(|one| one.ended.at >= EPOCH.plus_millis(from * 1000)).map(|one| one.words()).collect()
    }

    fn listed(name: &str) -> Scenario {
        let entry = scenarios().iter().find(|entry| entry.name == name).expect("it is listed");
        Scenario::parse(entry.text).expect("it reads")
    }

    #[test]
    fn a_rebalance_ends_with_what_moved_what_was_kept_and_how_long_nobody_read() {
        let said = told(listed("cooperative-join"), 8);
        let joined = "billing: 2 partitions moved, 2 kept; nobody read orders-2 for 3.3 s, 6.6 partition-seconds in all.";
        assert_eq!(said[0], joined, "after both rounds, and not after the first");
        assert_eq!(said.len(), 2);
        let said = told(listed("consumer-protocol"), 8);
        let died = "billing: 2 partitions moved, 4 kept; nobody read orders-3 for 10.9 s, 21.6 partition-seconds in all.";
        assert_eq!((said.len(), said[2].as_str()), (3, died), "from the death, not from the end of the session");
        let said = told(listed("three-protocols"), 17);
        let eager = "5 partitions moved, 3 given up and taken again; nobody read orders-0 for 3.4 s, 19.0 partition-seconds in all.";
        assert_eq!(said, [format!("billing: {eager}")]);
    }
}
