//! What the coordinator knows of the cluster's topics: names, ids, partitions and the racks of their replicas (its part of Kafka's
//! `MetadataImage`).

use crate::kafka::sorted_vec::SortedVecMap;
use std::sync::Arc;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Topic {
    pub id: Uuid,
    /// For each partition the racks of its replicas, sorted; a replica whose broker names none has none.
    pub racks: Vec<Vec<Arc<str>>>,
}

#[derive(Clone, Debug, Default)]
pub struct Topics {
    by_name: SortedVecMap<Arc<str>, Topic>,
    names: SortedVecMap<Uuid, Arc<str>>,
    /// The offset of the metadata up to which topics have been made.
    pub version: i64,
}

impl Topics {
    /// Takes in a topic as it is now; `None`: it is gone. False: it is as it was.
    pub fn set(&mut self, version: i64, name: &Arc<str>, topic: Option<Topic>) -> bool {
        if self.by_name.get(name) == topic.as_ref() {
            return false;
        }
        let before = match topic {
            Some(topic) => {
                self.names.insert(topic.id, name.clone());
                let id = topic.id;
                self.by_name.insert(name.clone(), topic).filter(|before| before.id != id)
            }
            None => self.by_name.remove(name),
        };
        if let Some(before) = &before {
            self.names.remove(&before.id);
        }
        if self.by_name.contains_key(name) {
            self.version = version;
        }
        true
    }

    pub fn id(&self, name: &str) -> Option<Uuid> {
        self.by_name.get(name).map(|topic| topic.id)
    }

    pub fn name(&self, id: Uuid) -> Option<&Arc<str>> {
        self.names.get(&id)
    }

    /// How many partitions the topic has.
    pub fn partitions(&self, id: Uuid) -> Option<i32> {
        let topic = self.by_name.get(self.name(id)?)?;
        i32::try_from(topic.racks.len()).ok()
    }

    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.by_name.keys()
    }

    /// `Utils.computeGroupHash`: tells whether a topic of the group has come, gone or changed. Topics that there are not do not count.
    pub fn hash<'a>(&self, names: impl Iterator<Item = &'a Arc<str>>) -> i64 {
        let mut bytes: Vec<u8> = Vec::new();
        for name in names {
            if let Some(topic) = self.by_name.get(name) {
                bytes.extend(topic_hash(name, topic).to_le_bytes());
            }
        }
        if bytes.is_empty() { 0 } else { xxh3_64(&bytes).cast_signed() }
    }
}

/// A text as hash4j puts it: its UTF-16 units, then their number.
fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let before = bytes.len();
    text.encode_utf16().for_each(|unit| bytes.extend(unit.to_le_bytes()));
    let units = u32::try_from((bytes.len() - before) / 2).unwrap_or(u32::MAX);
    bytes.extend(units.to_le_bytes());
}

/// `Utils.computeTopicHash`.
fn topic_hash(name: &str, topic: &Topic) -> u64 {
    let (most, least) = topic.id.as_u64_pair();
    let mut bytes: Vec<u8> = vec![0];
    bytes.extend(most.to_le_bytes());
    bytes.extend(least.to_le_bytes());
    put_text(&mut bytes, name);
    bytes.extend(u32::try_from(topic.racks.len()).unwrap_or(u32::MAX).to_le_bytes());
    for (partition, racks) in (0_u32..).zip(&topic.racks) {
        bytes.extend(partition.to_le_bytes());
        for rack in racks {
            bytes.extend(u32::try_from(rack.encode_utf16().count()).unwrap_or(u32::MAX).to_le_bytes());
            put_text(&mut bytes, rack);
        }
    }
    xxh3_64(&bytes)
}
