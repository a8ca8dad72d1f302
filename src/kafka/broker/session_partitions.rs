//! The partitions of one fetch session.

use crate::kafka::controller::image::Image;
use crate::kafka::wire::message::TopicName;
use crate::kafka::wire::message::fetch_request::FetchPartition;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

/// Names a partition: by its topic's id or, where that is nil, by its name.
pub type Key = (Uuid, TopicName, i32);

pub fn key(topic: &TopicName, id: Uuid, partition: i32) -> Key {
    (id, if id.is_nil() { topic.clone() } else { TopicName::default() }, partition)
}

/// One partition of a session, and what its fetcher was told last.
#[derive(Clone, Debug)]
pub struct Cached {
    pub topic: TopicName,
    pub topic_id: Uuid,
    /// That its id had when it was first known; it stays, whatever becomes of the topic (`CachedPartition.maybeResolveUnknownName`).
    pub name: Option<Arc<str>>,
    pub asked: FetchPartition,
    /// -1: not told yet, or whatever comes is to be told.
    pub high_watermark: i64,
    pub log_start: i64,
}

impl Cached {
    pub fn key(&self) -> Key {
        key(&self.topic, self.topic_id, self.asked.partition)
    }
}

/// The partitions of a session in the order in which they are read. What rests is not looked at: all but `resting` costs nothing for it.
#[derive(Clone, Debug, Default)]
pub struct SessionPartitions {
    /// With their places in the order.
    all: BTreeMap<Key, (u64, Cached)>,
    order: BTreeMap<u64, Key>,
    /// Places that do not rest.
    awake: BTreeSet<u64>,
    /// Places at which a row of neighbours of one topic begins.
    rows: BTreeSet<u64>,
    /// Those whose topic id nobody knew until now.
    nameless: BTreeSet<Key>,
    next: u64,
}

impl SessionPartitions {
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn len(&self) -> u64 {
        self.all.len() as u64
    }

    pub fn get_mut(&mut self, key: &Key) -> Option<&mut Cached> {
        self.all.get_mut(key).map(|(_, cached)| cached)
    }

    /// Puts one that is new at the end.
    pub fn push(&mut self, cached: Cached) {
        let key = cached.key();
        self.remove(&key);
        let place = self.next;
        self.next += 1;
        self.order.insert(place, key.clone());
        if cached.name.is_none() && !cached.topic_id.is_nil() {
            self.nameless.insert(key.clone());
        }
        self.awake.insert(place);
        self.all.insert(key, (place, cached));
        self.part(place);
    }

    pub fn remove(&mut self, key: &Key) -> Option<Cached> {
        let (place, cached) = self.all.remove(key)?;
        self.order.remove(&place);
        self.awake.remove(&place);
        self.rows.remove(&place);
        self.nameless.remove(key);
        if let Some(after) = self.order.range(place..).next().map(|(after, _)| *after) {
            self.part(after);
        }
        Some(cached)
    }

    /// Names the topics that are known by now.
    pub fn resolve(&mut self, image: &Image) {
        let Self { all, nameless, .. } = self;
        nameless.retain(|key| match (image.ids.get(&key.0), all.get_mut(key)) {
            (Some(name), Some((_, cached))) => {
                cached.name = Some(name.clone());
                false
            }
            _ => true,
        });
    }

    /// Finds out whether a row begins at this place.
    fn part(&mut self, place: u64) {
        let topic = |(_, (id, name, _)): (&u64, &Key)| (*id, name.clone());
        let here = self.order.get_key_value(&place).map(topic);
        match self.order.range(..place).next_back().map(topic) == here {
            true => self.rows.remove(&place),
            false => self.rows.insert(place),
        };
    }

    /// It is read last from now on.
    pub fn move_to_end(&mut self, key: &Key) {
        if let Some(cached) = self.remove(key) {
            self.push(cached);
        }
    }

    /// It rests from now on; whether it is here.
    pub fn rest(&mut self, key: &Key) -> bool {
        let Some((place, _)) = self.all.get(key) else { return false };
        self.awake.remove(place);
        true
    }

    /// It rests no longer; whether it is here.
    pub fn wake(&mut self, key: &Key) -> bool {
        let Some((place, _)) = self.all.get(key) else { return false };
        self.awake.insert(*place);
        true
    }

    /// Those that do not rest, in their order. True: it is of the topic of the one before it, and so is all that rests between them.
    pub fn awake(&self) -> impl Iterator<Item = (bool, &Cached)> {
        let mut before = None;
        let found = |place: &u64| self.order.get(place).and_then(|key| self.all.get(key));
        self.awake.iter().filter_map(found).map(move |(place, cached)| {
            let same = before.is_some_and(|before| self.rows.range(before + 1..=*place).next().is_none());
            before = Some(*place);
            (same, cached)
        })
    }

    pub fn resting(&self) -> impl Iterator<Item = &Cached> {
        self.all.values().filter(|(place, _)| !self.awake.contains(place)).map(|(_, cached)| cached)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cached(topic: u128, partition: i32) -> Cached {
        let asked = FetchPartition { partition, ..FetchPartition::default() };
        Cached { topic: TopicName::default(), topic_id: Uuid::from_u128(topic), name: None, asked, high_watermark: -1, log_start: -1 }
    }

    /// Partitions by row.
    fn rows(partitions: &SessionPartitions) -> Vec<Vec<i32>> {
        let mut rows: Vec<Vec<i32>> = Vec::new();
        for (same, cached) in partitions.awake() {
            match rows.last_mut().filter(|_| same) {
                Some(row) => row.push(cached.asked.partition),
                None => rows.push(vec![cached.asked.partition]),
            }
        }
        rows
    }

    #[test]
    fn what_rests_is_stepped_over_and_keeps_its_place() {
        let mut partitions = SessionPartitions::default();
        for (topic, partition) in [(1, 0), (1, 1), (1, 2), (2, 5)] {
            partitions.push(cached(topic, partition));
        }
        assert_eq!(rows(&partitions), [vec![0, 1, 2], vec![5]]);
        assert!(partitions.rest(&cached(1, 1).key()) && !partitions.rest(&cached(3, 1).key()));
        assert_eq!(rows(&partitions), [vec![0, 2], vec![5]]);
        assert_eq!(partitions.resting().map(|cached| cached.asked.partition).collect::<Vec<_>>(), [1]);
        partitions.move_to_end(&cached(1, 0).key());
        assert_eq!(rows(&partitions), [vec![2], vec![5], vec![0]]);
        assert!(partitions.wake(&cached(1, 1).key()) && !partitions.wake(&cached(3, 1).key()));
        assert_eq!(rows(&partitions), [vec![1, 2], vec![5], vec![0]]);
        partitions.move_to_end(&cached(2, 5).key());
        assert_eq!(rows(&partitions), [vec![1, 2, 0], vec![5]], "nothing stands between them any more");
        for (topic, partition) in [(1, 0), (1, 1), (1, 2), (2, 5)] {
            assert!(
                partitions.remove(&cached(topic, partition).key()).is_some()
                    && partitions.remove(&cached(topic, partition).key()).is_none()
            );
        }
        assert!(partitions.is_empty() && partitions.awake().next().is_none());
    }
}
