//! What a real Apache Kafka 4.1.1 cluster answered, step by step, replayed as frames against the broker node
//! (`tests/vectors/behaviour_kafka_4.1.1.json`). A step that cannot be replayed is named, with why, and counted.

use bytes::Bytes;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiKey, BrokerId, CreateTopicsRequest, InitProducerIdRequest, ListOffsetsRequest, ProduceRequest, ProducerId, TopicName, TransactionalId,
};
use kafka_protocol::protocol::{Decodable, Encodable, Request, StrBytes};
use serde_json::Value;
use std::collections::BTreeMap;
use tidepool::kafka::broker::{Broker, BrokerOptions, ConnId, Output};
use tidepool::kafka::disk::Disk;
use tidepool::kafka::time::Time;
use tidepool::kafka::wire::batch::{BatchBuilder, BatchOptions, batches};
use tidepool::kafka::wire::frame::{decode_body, decode_response, encode_request};
use uuid::Uuid;

/// The clock of the recording.
const NOW: Time = Time::from_millis(1_795_262_430_000);
const CONN: ConnId = ConnId(1);

struct Cluster {
    broker: Broker,
    /// The recording's topic ids, and ours.
    ids: BTreeMap<String, Uuid>,
    correlation_id: i32,
}

fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

fn int(value: &Value, key: &str) -> i64 {
    value[key].as_i64().unwrap_or_else(|| panic!("{key} in {value}"))
}

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn hex(value: &str) -> Bytes {
    let digits = value.strip_prefix("hex:").expect("hex");
    // The recording shortens a batch of 1100075 bytes, whose only point is its size.
    if digits.contains("...") {
        let mut builder = BatchBuilder::new(BatchOptions::default());
        builder.push(NOW.millis(), None, Some(&vec![b'x'; 1_100_000]), &[]);
        return builder.build().bytes().clone();
    }
    (0..digits.len() / 2).map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).expect("hex")).collect()
}

impl Cluster {
    fn new() -> Self {
        let options =
            BrokerOptions { node_id: 1, cluster_id: "vectors".into(), host: "127.0.0.1".into(), port: 9092, config: BTreeMap::new(), seed: 1 };
        let mut broker = Broker::open(NOW, options, Disk::default()).expect("opens");
        broker.handle_connected(NOW, CONN, "/127.0.0.1");
        Self { broker, ids: BTreeMap::new(), correlation_id: 0 }
    }

    fn call<R: Request + Encodable>(&mut self, version: i16, request: &R) -> R::Response
    where
        R::Response: Decodable,
    {
        self.correlation_id += 1;
        self.broker.handle_frame(NOW, CONN, encode_request(version, self.correlation_id, "vec", request).expect("encodes"));
        let mut frames = Vec::new();
        while let Some(output) = self.broker.poll_output() {
            match output {
                Output::Send { frame, .. } => frames.push(frame),
                Output::Close { why, .. } => panic!("closed: {why}"),
                Output::Log(_) | Output::Event(_) => {}
            }
        }
        assert_eq!(frames.len(), 1, "one answer to API {}", R::KEY);
        let api = ApiKey::try_from(R::KEY).expect("an API");
        let (header, body) = decode_response(api, version, frames.remove(0)).expect("a response");
        assert_eq!(header.correlation_id, self.correlation_id);
        decode_body(body, version).expect("a body")
    }

    fn create(&mut self, name: &str, configs: &[(&str, &str)]) -> Uuid {
        let configs = configs.iter().map(|(k, v)| CreatableTopicConfig::default().with_name(text(k)).with_value(Some(text(v))));
        let topic = CreatableTopic::default()
            .with_name(TopicName(text(name)))
            .with_num_partitions(1)
            .with_replication_factor(1)
            .with_configs(configs.collect());
        let made = self.call(7, &CreateTopicsRequest::default().with_topics(vec![topic]));
        assert_eq!(made.topics[0].error_code, 0, "{:?}", made.topics[0].error_message);
        made.topics[0].topic_id
    }

    /// (partition, error, base offset, has log append time, log start offset, record errors) of each partition.
    fn produce(&mut self, version: i16, request: &Value) -> Vec<(i64, i64, i64, bool, i64, i64)> {
        let topics = array(request, "TopicData").iter().map(|topic| {
            let partitions = array(topic, "PartitionData").iter().map(|partition| {
                PartitionProduceData::default()
                    .with_index(int(partition, "Index") as i32)
                    .with_records(Some(hex(partition["Records"].as_str().expect("records"))))
            });
            let mut data = TopicProduceData::default().with_partition_data(partitions.collect());
            if let Some(name) = topic["Name"].as_str() {
                data.name = TopicName(text(name));
            }
            if let Some(id) = topic["TopicId"].as_str() {
                data.topic_id = self.ids.get(id).copied().unwrap_or_else(|| id.parse().expect("a uuid"));
            }
            data
        });
        let request = ProduceRequest::default()
            .with_transactional_id(None)
            .with_acks(int(request, "Acks") as i16)
            .with_timeout_ms(int(request, "TimeoutMs") as i32)
            .with_topic_data(topics.collect());
        let response = self.call(version, &request);
        let partitions = response.responses.iter().flat_map(|topic| &topic.partition_responses);
        partitions
            .map(|p| {
                let stamped = p.log_append_time_ms >= 0;
                (p.index.into(), p.error_code.into(), p.base_offset, stamped, p.log_start_offset, p.record_errors.len() as i64)
            })
            .collect()
    }
}

fn produced(response: &Value) -> Vec<(i64, i64, i64, bool, i64, i64)> {
    let partitions = array(response, "Responses").iter().flat_map(|topic| array(topic, "PartitionResponses"));
    partitions
        .map(|p| {
            let start = p["LogStartOffset"].as_i64().unwrap_or(-1);
            let stamped = int(p, "LogAppendTimeMs") >= 0;
            (int(p, "Index"), int(p, "ErrorCode"), int(p, "BaseOffset"), stamped, start, array(p, "RecordErrors").len() as i64)
        })
        .collect()
}

fn scenario(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("vectors/behaviour_kafka_4.1.1.json")).expect("JSON");
    let found = array(&all, "scenarios").iter().find(|scenario| scenario["scenario"] == name);
    array(found.expect("the scenario"), "steps").to_vec()
}

fn label(step: &Value) -> &str {
    step["label"].as_str().unwrap_or("")
}

fn version(step: &Value) -> i16 {
    int(step, "version") as i16
}

#[test]
fn produce_errors() {
    let mut cluster = Cluster::new();
    let id = cluster.create("pe262429", &[]);
    cluster.ids.insert("5e9fcf67-3eb1-4e73-b001-9ce312acd72e".into(), id);
    cluster.create("cp262429", &[("cleanup.policy", "compact")]);
    cluster.create("mi262429", &[("min.insync.replicas", "2")]);
    cluster.create("la262429", &[("message.timestamp.type", "LogAppendTime")]);
    let (mut replayed, mut left_out, mut wrong) = (0, Vec::new(), Vec::new());
    for step in scenario("produce-errors") {
        if step["request"].is_null() {
            left_out.push(format!("{}: the recording has no request", label(&step)));
        } else if label(&step).starts_with("sent to non-leader") {
            left_out.push(format!("{}: needs more than one broker", label(&step)));
        } else {
            let ours = cluster.produce(version(&step), &step["request"]);
            let theirs = produced(&step["response"]);
            if ours != theirs {
                wrong.push(format!("{}: {ours:?}, Kafka {theirs:?}", label(&step)));
            }
            replayed += 1;
        }
    }
    println!("produce-errors: {replayed} steps replayed, left out:\n  {}", left_out.join("\n  "));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!((replayed, left_out.len()), (24, 3));
}

#[test]
fn idempotence() {
    let mut cluster = Cluster::new();
    cluster.create("id262429", &[]);
    let (mut replayed, mut left_out, mut wrong, mut last_id) = (0, Vec::new(), Vec::new(), -1);
    for step in scenario("idempotence") {
        let (request, response) = (&step["request"], &step["response"]);
        match step["api"].as_str() {
            Some("Produce") => {
                let ours = cluster.produce(version(&step), request);
                let theirs = produced(response);
                // What a duplicate says of its append time is the log's to decide; offsets and errors are not.
                let same = ours.iter().zip(&theirs).all(|(a, b)| (a.0, a.1, a.2, a.4) == (b.0, b.1, b.2, b.4));
                if !same || ours.len() != theirs.len() {
                    wrong.push(format!("{}: {ours:?}, Kafka {theirs:?}", label(&step)));
                }
            }
            Some("InitProducerId") => {
                let asked = InitProducerIdRequest::default()
                    .with_transactional_id(request["TransactionalId"].as_str().map(|id| TransactionalId(text(id))))
                    .with_transaction_timeout_ms(int(request, "TransactionTimeoutMs") as i32)
                    .with_producer_id(ProducerId(int(request, "ProducerId")))
                    .with_producer_epoch(int(request, "ProducerEpoch") as i16);
                let ours = cluster.call(version(&step), &asked);
                let theirs = (int(response, "ErrorCode"), int(response, "ProducerEpoch"));
                if (i64::from(ours.error_code), i64::from(ours.producer_epoch)) != theirs {
                    wrong.push(format!("{}: {ours:?}, Kafka {theirs:?}", label(&step)));
                }
                if theirs.0 == 0 {
                    assert!(ours.producer_id.0 > last_id, "a fresh id each time");
                    last_id = ours.producer_id.0;
                }
            }
            api => {
                left_out.push(format!("{}: {api:?} is not answered yet", label(&step)));
                continue;
            }
        }
        replayed += 1;
    }
    println!("idempotence: {replayed} steps replayed, left out:\n  {}", left_out.join("\n  "));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!(left_out.len(), 1);
    assert!(replayed > 20);
}

#[test]
fn list_offsets() {
    let mut cluster = Cluster::new();
    cluster.create("fe262429", &[]);
    // The records are those that the recording's fetches returned.
    for step in scenario("fetch").iter().filter(|step| ["sessionless full fetch from 0", "incremental: new record appears"].contains(&label(step))) {
        let records = hex(step["response"]["Responses"][0]["Partitions"][0]["Records"].as_str().expect("records"));
        for batch in batches(records) {
            let data = PartitionProduceData::default().with_records(Some(batch.expect("a batch").bytes().clone()));
            let topic = TopicProduceData::default().with_name(TopicName(text("fe262429"))).with_partition_data(vec![data]);
            let request = ProduceRequest::default().with_transactional_id(None).with_acks(-1).with_topic_data(vec![topic]);
            assert_eq!(cluster.call(9, &request).responses[0].partition_responses[0].error_code, 0);
        }
    }
    let mut wrong = Vec::new();
    let steps = scenario("list-offsets");
    for step in &steps {
        let request = &step["request"];
        let topics = array(request, "Topics").iter().map(|topic| {
            let partitions = array(topic, "Partitions").iter().map(|partition| {
                ListOffsetsPartition::default()
                    .with_partition_index(int(partition, "PartitionIndex") as i32)
                    .with_current_leader_epoch(int(partition, "CurrentLeaderEpoch") as i32)
                    .with_timestamp(int(partition, "Timestamp"))
            });
            ListOffsetsTopic::default().with_name(TopicName(text(topic["Name"].as_str().expect("a name")))).with_partitions(partitions.collect())
        });
        let asked = ListOffsetsRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_isolation_level(int(request, "IsolationLevel") as i8)
            .with_topics(topics.collect());
        let ours = cluster.call(version(step), &asked);
        let ours = ours.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|p| {
                (topic.name.0.to_string(), i64::from(p.partition_index), i64::from(p.error_code), p.timestamp, p.offset, i64::from(p.leader_epoch))
            })
        });
        let theirs = array(&step["response"], "Topics").iter().flat_map(|topic| {
            array(topic, "Partitions").iter().map(|p| {
                let name = topic["Name"].as_str().unwrap_or("").to_owned();
                (name, int(p, "PartitionIndex"), int(p, "ErrorCode"), int(p, "Timestamp"), int(p, "Offset"), int(p, "LeaderEpoch"))
            })
        });
        let (ours, theirs): (Vec<_>, Vec<_>) = (ours.collect(), theirs.collect());
        if ours != theirs {
            wrong.push(format!("{}: {ours:?}, Kafka {theirs:?}", label(step)));
        }
    }
    println!("list-offsets: {} steps replayed, none left out", steps.len());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!(steps.len(), 10);
}
