//! What a frame under way carries: records, or word of them, decoded from its bytes.

use super::network::InFlight;
use super::show::key_text;
use super::view::{Cargo, key_number};
use crate::kafka::disk::Disk;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::wire::batch::batches;
use crate::kafka::wire::field_map::kafka_uuid;
use crate::kafka::wire::frame;
use crate::kafka::wire::message::{ApiKey, FetchResponse, ProduceRequest, ProduceResponse};
use bytes::Bytes;
use std::sync::Arc;

/// Topic names by id, read from the brokers' `partition.metadata` files when first needed.
#[derive(Default)]
pub(super) struct Topics<'a> {
    pub(super) brokers: Vec<&'a Disk>,
    names: Option<SortedVecMap<String, Arc<str>>>,
}

impl Topics<'_> {
    fn name(&mut self, name: &str, id: uuid::Uuid) -> Arc<str> {
        if !name.is_empty() {
            return name.into();
        }
        let brokers = &self.brokers;
        let names = self.names.get_or_insert_with(|| {
            let mut names = SortedVecMap::new();
            for disk in brokers {
                for path in disk.list("").filter(|path| path.ends_with("/partition.metadata")) {
                    let Some((folder, _)) = path.rsplit_once('/') else { continue };
                    let Some((topic, _)) = folder.rsplit('/').next().and_then(|folder| folder.rsplit_once('-')) else { continue };
                    let Ok(bytes) = disk.read_all(path) else { continue };
                    let text = String::from_utf8_lossy(&bytes);
                    if let Some(id) = text.lines().find_map(|line| line.strip_prefix("topic_id:")) {
                        names.insert(id.trim().to_owned(), Arc::from(topic));
                    }
                }
            }
            names
        });
        names.get(&kafka_uuid(id)).cloned().unwrap_or_else(|| "?".into())
    }
}

/// The records that a frame carries, or tells of.
pub(super) fn cargo(flight: &InFlight, topics: &mut Topics<'_>) -> Vec<Cargo> {
    match (flight.api, flight.to_listener) {
        (ApiKey::Produce, true) => produced(&flight.frame, topics),
        (ApiKey::Produce, false) => acknowledged(flight, topics),
        (ApiKey::Fetch, false) => fetched(flight, topics),
        _ => None,
    }
    .unwrap_or_default()
}

fn produced(bytes: &Bytes, topics: &mut Topics<'_>) -> Option<Vec<Cargo>> {
    let request = frame::decode_request(bytes.clone()).ok()?;
    let version = request.version;
    let body: ProduceRequest = frame::decode_body(request.body, version).ok()?;
    let mut cargo = Vec::new();
    for topic in body.topic_data {
        let name = topics.name(topic.name.0.as_ref(), topic.topic_id);
        for partition in topic.partition_data {
            load(&mut cargo, &name, partition.index, partition.records, true);
        }
    }
    Some(cargo)
}

/// What a Produce response says of each partition, as one piece of cargo at the first record's offset; -1: refused.
fn acknowledged(flight: &InFlight, topics: &mut Topics<'_>) -> Option<Vec<Cargo>> {
    let (_, body) = frame::decode_response(ApiKey::Produce, flight.version, flight.frame.clone()).ok()?;
    let body: ProduceResponse = frame::decode_body(body, flight.version).ok()?;
    let mut cargo = Vec::new();
    for topic in body.responses {
        let name = topics.name(topic.name.0.as_ref(), topic.topic_id);
        cargo.extend(topic.partition_responses.iter().map(|partition| Cargo {
            topic: name.clone(),
            partition: partition.index,
            offset: partition.base_offset,
            key: None,
            tombstone: false,
        }));
    }
    Some(cargo)
}

fn fetched(flight: &InFlight, topics: &mut Topics<'_>) -> Option<Vec<Cargo>> {
    let (_, body) = frame::decode_response(ApiKey::Fetch, flight.version, flight.frame.clone()).ok()?;
    let body: FetchResponse = frame::decode_body(body, flight.version).ok()?;
    let mut cargo = Vec::new();
    for topic in body.responses {
        let name = topics.name(topic.topic.0.as_ref(), topic.topic_id);
        for partition in topic.partitions {
            load(&mut cargo, &name, partition.partition_index, partition.records, false);
        }
    }
    Some(cargo)
}

fn load(cargo: &mut Vec<Cargo>, topic: &Arc<str>, partition: i32, records: Option<Bytes>, unplaced: bool) {
    for batch in batches(records.unwrap_or_default()) {
        let Ok(batch) = batch else { break };
        for record in batch.records().unwrap_or_default() {
            cargo.push(Cargo {
                topic: topic.clone(),
                partition,
                offset: if unplaced { -1 } else { record.offset },
                key: record.key.as_ref().map(|key| key_number(&key_text(key))),
                tombstone: record.value.is_none(),
            });
        }
    }
}
