//! The view, made from the machines' own state.

use super::World;
use super::network::InFlight;
use super::nodes::Machine;
use super::view::{BrokerState, Cargo, ConsumerState, Flight, PartitionState, ProducerState, RIBBON_RECORDS, RecordState, WorldView};
use crate::kafka::broker::{Broker, PartitionView};
use crate::kafka::map::{Map, sort_by};
use crate::kafka::wire::batch::batches;
use crate::kafka::wire::frame;
use bytes::Bytes;
use kafka_protocol::messages::{ApiKey, FetchResponse, ProduceRequest, ProduceResponse};
use std::sync::Arc;

/// Bytes that one look into a partition takes at once.
const PEEK_BYTES: u32 = 65_536;
/// Characters of a key that are shown.
const KEY_CHARS: u32 = 64;

fn key_text(key: &Bytes) -> Arc<str> {
    String::from_utf8_lossy(key).chars().take(KEY_CHARS as usize).collect::<String>().into()
}

impl World {
    pub(super) fn show(&self) -> WorldView {
        let mut view = WorldView {
            now: self.core.now,
            brokers: Vec::new(),
            partitions: Vec::new(),
            producers: Vec::new(),
            consumers: Vec::new(),
            groups: Vec::new(),
            flights: Vec::new(),
            next: self.next_deadline(),
            replicas: Vec::new(),
        };
        let mut topics = Topics::default();
        for node in &self.nodes {
            let (name, state) = (node.meta.name.clone(), node.meta.state.name());
            match &node.machine {
                Machine::Broker(broker) => {
                    view.brokers.push(BrokerState { node_id: 1, name, state, is_controller: true });
                    view.groups = broker.groups();
                    for partition in broker.partitions() {
                        let internal = partition.topic.starts_with("__");
                        let records = newest(broker, &partition);
                        view.partitions.push(PartitionState { view: partition, records, internal });
                    }
                    topics = Topics { broker: Some(broker), names: None };
                }
                Machine::Producer(app) => view.producers.push(ProducerState {
                    name,
                    topic: app.spec.topic.clone(),
                    state,
                    rate_per_1000s: app.spec.rate_per_1000s,
                    acks: app.acks,
                    accumulated: app.client.as_ref().map(|client| client.accumulated()).unwrap_or_default(),
                    pending: app.client.as_ref().map_or(0, |client| client.pending()),
                    sent: app.sent,
                    acked: app.acked,
                    failed: app.failed,
                }),
                Machine::Consumer(app) => {
                    let client = app.client.as_ref();
                    let membership = client.and_then(|client| client.membership());
                    view.consumers.push(ConsumerState {
                        name,
                        group: app.spec.group.clone(),
                        topics: app.spec.topics.clone(),
                        state,
                        client_state: client.map_or("closed", |client| client.state()),
                        generation: membership.as_ref().map_or(-1, |(_, generation)| *generation),
                        member: membership.map(|(member, _)| member),
                        assignment: client.map(|client| client.assignment()).unwrap_or_default(),
                        positions: client.map(|client| client.positions()).unwrap_or_default(),
                        handled: app.handled,
                        duplicates: app.duplicates,
                        backlog: app.backlog.len() as u64,
                        handle_us: app.spec.handle_us,
                    });
                }
                Machine::Admin(_) => {}
            }
        }
        sort_by(&mut view.partitions, |a, b| a.internal.cmp(&b.internal));
        for (message, flight) in &self.core.flights {
            view.flights.push(Flight {
                message: *message,
                from: flight.from.clone(),
                to: flight.to.clone(),
                sent: flight.sent,
                arrives: flight.arrives,
                api: flight.api,
                response: !flight.to_broker,
                bytes: u32::try_from(flight.frame.len()).unwrap_or(u32::MAX),
                cargo: cargo(flight, &mut topics),
            });
        }
        view
    }
}

/// The newest records of a partition, oldest first.
fn newest(broker: &Broker, partition: &PartitionView) -> Vec<RecordState> {
    let first = (partition.end_offset - i64::from(RIBBON_RECORDS)).max(partition.log_start_offset);
    let mut records = Vec::new();
    let mut at = first;
    while at < partition.end_offset {
        let bytes = broker.peek(&partition.topic, partition.partition, at, PEEK_BYTES);
        let before = at;
        for batch in batches(bytes) {
            let Ok(batch) = batch else { break };
            at = at.max(batch.last_offset().saturating_add(1));
            for record in batch.records().unwrap_or_default() {
                if record.offset >= first {
                    records.push(RecordState {
                        offset: record.offset,
                        timestamp: record.timestamp,
                        key: record.key.as_ref().map(key_text),
                        tombstone: record.value.is_none(),
                        control: batch.is_control(),
                        value_bytes: record.value.as_ref().map_or(0, |value| u32::try_from(value.len()).unwrap_or(u32::MAX)),
                    });
                }
            }
        }
        if at == before {
            break;
        }
    }
    records
}

/// Topic names by id, read from the broker's `partition.metadata` files when first needed.
#[derive(Default)]
struct Topics<'a> {
    broker: Option<&'a Broker>,
    names: Option<Map<String, Arc<str>>>,
}

impl Topics<'_> {
    fn name(&mut self, name: &str, id: uuid::Uuid) -> Arc<str> {
        if !name.is_empty() {
            return name.into();
        }
        let broker = self.broker;
        let names = self.names.get_or_insert_with(|| {
            let mut names = Map::new();
            if let Some(broker) = broker {
                let disk = broker.disk();
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

/// A UUID as Kafka writes it: URL-safe base64 without padding.
fn kafka_uuid(id: uuid::Uuid) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let value = id.as_u128();
    (0..22_u32)
        .map(|place| {
            let sixth = if place == 21 { (value << 4) & 63 } else { (value >> (122 - 6 * place)) & 63 };
            char::from(ALPHABET.get(usize::try_from(sixth).unwrap_or(0)).copied().unwrap_or(b'?'))
        })
        .collect()
}

/// The records that a frame carries, or tells of.
fn cargo(flight: &InFlight, topics: &mut Topics<'_>) -> Vec<Cargo> {
    match (flight.api, flight.to_broker) {
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
        let name = topics.name(topic.name.0.as_str(), topic.topic_id);
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
        let name = topics.name(topic.name.0.as_str(), topic.topic_id);
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
        let name = topics.name(topic.topic.0.as_str(), topic.topic_id);
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
                key: record.key.as_ref().map(key_text),
                tombstone: record.value.is_none(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_written_as_kafka_writes_them() {
        assert_eq!(kafka_uuid(uuid::Uuid::from_u128(1)), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(kafka_uuid(uuid::Uuid::from_u128(u128::MAX)), "_____________________w");
    }
}
