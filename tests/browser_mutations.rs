//! Requests whose bytes were changed, and produced batches whose bytes were changed under a right checksum, compressed ones among them: a
//! broker answers or closes the connection, never panics, keeps no more than it was sent, and says the same natively and in wasm. This file
//! is a test of both: `cargo test --test browser_mutations`, and the same with `--target wasm32-unknown-unknown`.
//!
//! `TIDEPOOL_MUTATIONS=1000000 cargo test --test browser_mutations -- --nocapture` tries so many, whose hash is pinned as well. Of any
//! other number it prints the hash, natively, for a line of `vectors/mutations.txt`.

use bytes::Bytes;
use tidepool::kafka::broker::{Broker, BrokerOptions, ConnId, Output};
use tidepool::kafka::disk::Disk;
use tidepool::kafka::rng::Rng;
use tidepool::kafka::time::Time;
use tidepool::kafka::wire::batch::{BatchBuilder, BatchOptions, HEADER_BYTES, batches};
use tidepool::kafka::wire::compression::Compression;
use tidepool::kafka::wire::crc32c::crc32c;
use tidepool::kafka::wire::frame::encode_request;
use tidepool::kafka::wire::message as m;
use tidepool::kafka::wire::message::{BrokerId, Str, TopicName};

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

const NOW: i64 = 1_767_225_600_000;
/// Tried where nothing else is asked for.
const ROUNDS: u32 = 3_000;
/// What all the answers come to, after so many rounds.
const PINNED: &str = include_str!("vectors/mutations.txt");

/// Each topic lets batches in by other rules.
const TOPICS: [(&str, &[(&str, &str)]); 4] = [
    ("plain", &[]),
    ("packed", &[("compression.type", "lz4"), ("cleanup.policy", "compact")]),
    ("opened", &[("compression.type", "uncompressed"), ("message.timestamp.type", "LogAppendTime")]),
    ("strict", &[("message.timestamp.before.max.ms", "1000"), ("max.message.bytes", "200")]),
];

struct Node {
    broker: Broker,
    now: Time,
    conns: u64,
    /// Of all that it said to clients.
    hash: u64,
    answered: u32,
    closed: u32,
}

impl Node {
    fn new() -> Self {
        let config = [("auto.create.topics.enable", "false"), ("offsets.topic.replication.factor", "1")];
        let options = BrokerOptions {
            voters: Vec::new(),
            controller_port: 9093,
            sabotage: None,
            node_id: 1,
            cluster_id: "mutations".into(),
            host: "127.0.0.1".into(),
            port: 9092,
            config: config.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            seed: 7,
        };
        let now = Time::from_millis(NOW);
        let broker = Broker::open(now, options, Disk::default()).expect("a broker opens on an empty disk");
        let mut node = Self { broker, now, conns: 0, hash: 0xcbf2_9ce4_8422_2325, answered: 0, closed: 0 };
        node.drain();
        for (name, configs) in TOPICS {
            let config = |(name, value): &(&str, &str)| m::create_topics_request::CreatableTopicConfig {
                name: Str::from(*name),
                value: Some(Str::from(*value)),
            };
            let topic = m::create_topics_request::CreatableTopic {
                name: TopicName(Str::from(name)),
                num_partitions: 1,
                replication_factor: 1,
                configs: configs.iter().map(config).collect(),
                ..Default::default()
            };
            let request = m::CreateTopicsRequest { topics: vec![topic], timeout_ms: 1000, ..Default::default() };
            node.ask(&encode_request(7, 1, &Str::from("test"), request).expect("a request"));
            while node.broker.partition_view(name, 0).is_none_or(|view| !view.is_leader) {
                let (at, _) = node.broker.poll_timeout().expect("something is to come");
                assert!(at < Time::from_millis(NOW + 60_000), "{name} is there by then");
                node.turn(at);
            }
        }
        node
    }

    fn say(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&(bytes.len() as u32).to_be_bytes()) {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.broker.poll_output() {
            match output {
                Output::Send { frame, .. } => {
                    assert!(frame.len() < 16 << 20, "an answer of {} bytes", frame.len());
                    self.answered += 1;
                    self.say(&frame);
                }
                Output::Close { why, .. } => {
                    self.closed += 1;
                    self.say(why.as_bytes());
                }
                Output::Halt { why } => panic!("the broker halts: {why}"),
                _ => {}
            }
        }
    }

    fn turn(&mut self, at: Time) {
        self.now = self.now.max(at);
        self.broker.handle_timeout(self.now);
        self.drain();
    }

    /// Sends on a connection of its own, which is closed when it has had a millisecond for its answer.
    fn ask(&mut self, frame: &Bytes) {
        self.conns += 1;
        let conn = ConnId(self.conns);
        self.broker.handle_connected(self.now, conn, "/127.0.0.1");
        self.broker.handle_frame(self.now, conn, frame.clone());
        self.drain();
        let until = self.now.plus_millis(1);
        while let Some((at, _)) = self.broker.poll_timeout().filter(|(at, _)| *at <= until) {
            self.turn(at);
        }
        self.now = until;
        self.broker.handle_disconnected(self.now, conn);
        self.drain();
    }
}

fn batch(codec: Compression) -> Vec<u8> {
    let mut builder = BatchBuilder::new(BatchOptions { compression: codec, ..BatchOptions::default() });
    for (nth, key) in (0..).zip([Some(&b"a"[..]), None, Some(b"c")]) {
        builder.push(NOW + nth, key, Some(b"a value, a value, a value"), &[]);
    }
    builder.build().bytes().to_vec()
}

/// Changes bytes of a batch that the checksum covers, and makes length and checksum right again.
fn bend_batch(rng: &mut Rng, bytes: &mut Vec<u8>) {
    let mut pick = |below: usize| rng.below(below as u64) as usize;
    for _ in 0..=pick(3) {
        let at = 21 + pick(bytes.len() - 21);
        bytes[at] = match pick(3) {
            0 => bytes[at] ^ (1 << pick(8)),
            1 => [0, 1, 0x7f, 0x80, 0xff][pick(5)],
            _ => pick(256) as u8,
        };
    }
    if pick(5) == 0 {
        let header = HEADER_BYTES as usize;
        bytes.truncate(header + pick(bytes.len() - header));
    }
    let length = bytes.len() as u32 - 12;
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    let crc = crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
}

/// Changes a frame anywhere: bits, bytes, counts beyond all reason, its end.
fn bend_frame(rng: &mut Rng, frame: &mut Vec<u8>) {
    for _ in 0..=rng.below(3) {
        let at = rng.below(frame.len().max(1) as u64) as usize;
        match rng.below(6) {
            0 => frame.truncate(at),
            1 => frame.insert(at.min(frame.len()), rng.below(256) as u8),
            2 => {
                let huge: &[u8] = if rng.below(2) == 0 { &[0x7f, 0xff, 0xff, 0xff] } else { &[0xff, 0xff, 0xff, 0xff, 0x0f] };
                frame.iter_mut().skip(at).zip(huge).for_each(|(byte, value)| *byte = *value);
            }
            _ => frame.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << rng.below(8)),
        }
    }
}

fn produce(topic: &str, records: Vec<u8>) -> Bytes {
    let data = m::produce_request::PartitionProduceData { index: 0, records: Some(records.into()) };
    let topic =
        m::produce_request::TopicProduceData { name: TopicName(Str::from(topic)), partition_data: vec![data], ..Default::default() };
    let request = m::ProduceRequest { acks: -1, timeout_ms: 0, topic_data: vec![topic], ..Default::default() };
    encode_request(9, 7, &Str::from("test"), request).expect("a request")
}

/// Requests that are all right.
fn others() -> Vec<Bytes> {
    let client = Str::from("test");
    let name = || TopicName(Str::from("plain"));
    let asked = m::fetch_request::FetchPartition { partition_max_bytes: 1000, ..Default::default() };
    let topics = vec![m::fetch_request::FetchTopic { topic: name(), partitions: vec![asked], ..Default::default() }];
    let fetch = m::FetchRequest { replica_id: BrokerId(-1), max_bytes: 1000, session_epoch: -1, topics, ..Default::default() };
    let asked = m::list_offsets_request::ListOffsetsPartition { timestamp: -1, ..Default::default() };
    let topics = vec![m::list_offsets_request::ListOffsetsTopic { name: name(), partitions: vec![asked] }];
    let offsets = m::ListOffsetsRequest { replica_id: BrokerId(-1), topics, ..Default::default() };
    let topics = vec![m::metadata_request::MetadataRequestTopic { name: Some(name()), ..Default::default() }];
    let metadata = m::MetadataRequest { topics: Some(topics), ..Default::default() };
    let id = m::InitProducerIdRequest { transaction_timeout_ms: 1000, producer_id: (-1).into(), producer_epoch: -1, ..Default::default() };
    vec![
        encode_request(11, 1, &client, fetch).expect("a request"),
        encode_request(7, 2, &client, offsets).expect("a request"),
        encode_request(9, 3, &client, metadata).expect("a request"),
        encode_request(4, 4, &client, id).expect("a request"),
        produce("packed", batch(Compression::Gzip)),
    ]
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_is_bent_is_answered_alike_on_every_machine() {
    let rounds = option_env!("TIDEPOOL_MUTATIONS").and_then(|count| count.parse().ok()).unwrap_or(ROUNDS);
    let mut rng = Rng::stream(13, "mutations");
    let mut node = Node::new();
    let (begun, before) = (node.answered, node.broker.disk().used());
    let (good, others) = (Compression::ALL.map(batch), others());
    for codec in Compression::ALL {
        node.ask(&produce("plain", batch(codec)));
    }
    let mut sent = 0;
    for _ in 0..rounds {
        let frame = if rng.below(2) == 0 {
            let mut bytes = good[rng.below(5) as usize].clone();
            bend_batch(&mut rng, &mut bytes);
            produce(TOPICS[rng.below(4) as usize].0, bytes)
        } else {
            let mut bytes = others[rng.below(others.len() as u64) as usize].to_vec();
            bend_frame(&mut rng, &mut bytes);
            bytes.into()
        };
        sent += frame.len() as u64;
        node.ask(&frame);
    }
    assert!(node.closed > rounds / 20 && node.answered - begun > rounds / 4, "{} closed, {} answered", node.closed, node.answered);
    let kept = node.broker.disk().used() - before;
    assert!(kept < 2 * sent + (1 << 20), "{kept} bytes are kept of {sent}");
    let mut whole = 0;
    for (topic, _) in TOPICS {
        let end = node.broker.partition_view(topic, 0).expect("it is there").end_offset;
        let mut next = 0;
        while next < end {
            for batch in batches(node.broker.peek(topic, 0, next, 1 << 20)) {
                let batch = batch.expect("whole");
                assert!(batch.check_crc().is_ok() && batch.records().is_ok() && batch.base_offset() >= next, "{topic} at {next}");
                next = batch.last_offset() + 1;
                whole += 1;
            }
        }
    }
    assert!(whole > rounds / 100 && whole < rounds, "{whole} batches are let in");
    let found = format!("{rounds} rounds: {:016x}", node.hash);
    let of_as_many = |line: &&str| line.starts_with(&format!("{rounds} rounds:"));
    if let Some(pinned) = PINNED.lines().find(of_as_many) {
        assert_eq!(found, pinned, "found:\n{found}");
    } else {
        println!(
            "{found}\n{} answered, {} closed, {whole} batches let in, {kept} bytes kept of {sent}",
            node.answered - begun,
            node.closed
        );
    }
}
