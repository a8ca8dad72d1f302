//! What consumer apps have handled: for each group, which offsets and how often, and the table that it has put them into.

use super::handler::SinkKind;
use super::sink_table::SinkTable;
use crate::kafka::client::consumer::ConsumerRecord;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use std::sync::Arc;

/// A set of offsets as disjoint, non-adjacent ranges: first → last.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Ranges(SortedVecMap<i64, i64>);

impl Ranges {
    pub(super) fn contains(&self, offset: i64) -> bool {
        self.0.range(..=offset).next_back().is_some_and(|(_, last)| offset <= *last)
    }

    /// Those below `end` that are not in `others`, lowest first. Whole ranges of the others are stepped over.
    pub(super) fn without<'a>(&'a self, others: &'a Self, end: i64) -> impl Iterator<Item = i64> + 'a {
        self.0.iter().take_while(move |(first, _)| **first < end).flat_map(move |(first, last)| {
            let past_others = move |mut offset: i64| {
                while let Some((_, known)) = others.0.range(..=offset).next_back().filter(|(_, known)| offset <= **known) {
                    offset = known.checked_add(1)?;
                }
                (offset <= *last && offset < end).then_some(offset)
            };
            std::iter::successors(past_others(*first), move |offset| past_others(offset.checked_add(1)?))
        })
    }

    pub(super) fn insert(&mut self, offset: i64) {
        let mut first = offset;
        let mut last = offset;
        if let Some((before, end)) = self.0.range(..=offset).next_back().map(|(a, b)| (*a, *b)) {
            if end >= offset {
                return;
            }
            if end.checked_add(1) == Some(offset) {
                first = before;
            }
        }
        if let Some(next) = offset.checked_add(1)
            && let Some(end) = self.0.remove(&next)
        {
            last = end;
        }
        self.0.insert(first, last);
    }
}

/// Whose sink it is: a group's, or that of a consumer without a group.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Owner {
    Group(Arc<str>),
    Alone(Arc<str>),
}

/// All sinks of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Sinks {
    /// For each place, the offsets delivered at least once, at least twice, …
    delivered: SortedVecMap<(Owner, Arc<str>, i32), Vec<Ranges>>,
    /// The tables of apps that do more than count.
    tables: SortedVecMap<Owner, SinkTable>,
}

/// Deliveries of one record that are told apart; more count as this many.
const MAX_DELIVERIES: u32 = 64;

impl Sinks {
    /// The owner's table, if its apps write into one; of their kind from now on.
    pub(super) fn table(&mut self, owner: Owner, kind: SinkKind) -> Option<&mut SinkTable> {
        if kind == SinkKind::Print {
            return None;
        }
        let table = self.tables.entry(owner).or_insert_with(|| SinkTable::new(kind));
        table.kind = kind;
        Some(table)
    }

    /// Those that there are.
    pub(super) fn tables(&self) -> impl Iterator<Item = (&Owner, &SinkTable)> {
        self.tables.iter()
    }

    /// Where the owner's table goes on in a partition; `None`: it does not say.
    pub(super) fn resumes_at(&self, owner: &Owner, topic: &str, partition: i32) -> Option<i64> {
        self.tables.get(owner)?.resumes_at(topic, partition)
    }

    /// The consumer `by` puts rows into the owner's table.
    pub(super) fn insert(&mut self, owner: &Owner, kind: SinkKind, records: &[ConsumerRecord], at: Time, by: &Arc<str>) {
        if let Some(table) = self.table(owner.clone(), kind) {
            records.iter().for_each(|record| table.insert(record, at, by));
        }
    }

    /// Counts a delivery; returns which one it is for this record: 1 the first time.
    pub(super) fn deliver(&mut self, owner: Owner, topic: &Arc<str>, partition: i32, offset: i64) -> u32 {
        let layers = self.delivered.entry((owner, topic.clone(), partition)).or_default();
        let mut delivery = 1;
        for layer in layers.iter_mut() {
            if !layer.contains(offset) {
                layer.insert(offset);
                return delivery;
            }
            delivery += 1;
        }
        if delivery > MAX_DELIVERIES {
            return MAX_DELIVERIES;
        }
        let mut layer = Ranges::default();
        layer.insert(offset);
        layers.push(layer);
        delivery
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_merge_on_both_sides() {
        let mut ranges = Ranges::default();
        for offset in [5, 3, 4, 9, 4] {
            ranges.insert(offset);
        }
        assert_eq!(ranges.0.into_iter().collect::<Vec<_>>(), [(3, 5), (9, 9)]);
    }

    #[test]
    fn each_group_counts_for_itself() {
        let mut sinks = Sinks::default();
        let topic: Arc<str> = "orders".into();
        let group = |name: &str| Owner::Group(name.into());
        assert_eq!(sinks.deliver(group("a"), &topic, 0, 7), 1);
        assert_eq!(sinks.deliver(group("a"), &topic, 0, 7), 2);
        assert_eq!(sinks.deliver(group("a"), &topic, 0, 7), 3);
        assert_eq!(sinks.deliver(group("a"), &topic, 1, 7), 1);
        assert_eq!(sinks.deliver(group("b"), &topic, 0, 7), 1);
        assert_eq!(sinks.deliver(Owner::Alone("a".into()), &topic, 0, 7), 1);
    }
}
