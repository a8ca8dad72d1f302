//! When nobody of a group had a partition: what the spans of its owners leave open, from its first owner on.

use super::{AssignmentSpans, Moment, Span};
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use std::sync::Arc;

/// Group, topic and partition.
type Place<'a> = (&'a Arc<str>, &'a Arc<str>, i32);

/// A partition was nobody's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gap {
    pub group: Arc<str>,
    pub topic: Arc<str>,
    pub partition: i32,
    /// Who had it last.
    pub before: Arc<str>,
    pub from: Moment,
    /// None: it has no owner where the branch ends.
    pub to: Option<Moment>,
}

impl Gap {
    /// How long it has lasted between two moments, in microseconds.
    pub fn micros(&self, from: Time, now: Time) -> i64 {
        let to = self.to.map_or(now, |to| to.at.min(now));
        to.micros_since(self.from.at.max(from)).max(0)
    }
}

impl AssignmentSpans {
    /// By group, topic and partition, then by time.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut places: SortedVecMap<Place<'_>, Vec<&Span>> = SortedVecMap::new();
        for span in self.spans() {
            places.entry((&span.group, &span.topic, span.partition)).or_default().push(span);
        }
        let mut gaps = Vec::new();
        for spans in places.values() {
            for (i, span) in spans.iter().enumerate() {
                let Some(from) = span.to else { continue };
                let to = spans.get(i + 1).map(|next| next.from);
                // What goes on where the branch's record of owners is full is not known.
                if to.is_none() && self.full().is_some() || to.is_some_and(|to| to.at <= from.at) {
                    continue;
                }
                let (group, topic, before) = (span.group.clone(), span.topic.clone(), span.owner.clone());
                gaps.push(Gap { group, topic, partition: span.partition, before, from, to });
            }
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use crate::playground::scenario::{Playback, Scenario};
    use crate::playground::time::Timeline;
    use crate::world::EPOCH;

    const JOIN: &str = "tidepool 1\nbroker 1\nlink latency=60ms jitter=0ms\nconfig group.initial.rebalance.delay.ms=1000\n\
        topic orders partitions=4\nconsumer a-1 group=a topics=orders session.timeout.ms=10000 STRATEGY\n\
        at 10s add consumer a-2 group=a topics=orders session.timeout.ms=10000 STRATEGY\n";

    fn gaps(strategy: &str) -> Vec<(i32, bool)> {
        let text = JOIN.replace("STRATEGY", &format!("partition.assignment.strategy={strategy}"));
        let mut timeline = Timeline::new(Playback::new(Scenario::parse(&text).expect("it reads")).expect("it begins"));
        timeline.advance(EPOCH.plus_millis(25_000), &mut || true);
        timeline.branch().assignment_spans().gaps().iter().map(|gap| (gap.partition, gap.to.is_some())).collect()
    }

    #[test]
    fn an_eager_join_leaves_all_partitions_to_nobody_and_a_cooperative_one_those_that_move() {
        assert_eq!(gaps("range"), [(0, true), (1, true), (2, true), (3, true)]);
        assert_eq!(gaps("cooperative-sticky").len(), 2);
    }
}
