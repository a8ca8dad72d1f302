//! Speed of the engine, printed beside its budgets; never a test. `cargo bench --bench engine [-- log|broker|world]`.
//!
//! What is measured: the log's append and read, the broker node's Produce and Fetch (frames in, frames out, no socket), and the
//! default scenario's events and simulated seconds for a second of this machine. In wasm the last is measured by
//! `tests/browser/bench.mjs`.

use bytes::{Buf as _, Bytes};
use std::hint::black_box;
use std::time::{Duration, Instant};
use tidepool::kafka::broker::{Broker, BrokerOptions, ConnId, Output};
use tidepool::kafka::disk::Disk;
use tidepool::kafka::log::{Log, LogConfig};
use tidepool::kafka::map::Map;
use tidepool::kafka::time::Time;
use tidepool::kafka::wire::batch::{Batch, BatchBuilder, BatchOptions, batches};
use tidepool::kafka::wire::frame;
use tidepool::kafka::wire::message::Str;
use tidepool::kafka::wire::message::create_topics_request::CreatableTopic;
use tidepool::kafka::wire::message::fetch_request::{FetchPartition, FetchTopic};
use tidepool::kafka::wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use tidepool::kafka::wire::message::{
    ApiKey, CreateTopicsRequest, FetchRequest, FetchResponse, ProduceRequest, ProduceResponse, TopicName,
};
use tidepool::playground::scenario::Scenario;
use tidepool::world::EPOCH;

const RECORDS: u32 = 1_000_000;
/// A Java producer's batch (`batch.size` is 16 KiB) and one of kcat's (of at most 1,000,000 bytes).
const SMALL: u32 = 150;
const LARGE: u32 = 9_000;
const NOW: Time = Time::from_millis(1_767_225_600_000);
const CONN: ConnId = ConnId(1);
const FETCH_BYTES: i32 = 1 << 20;

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|word| word == name);
    if wanted("log") {
        log();
    }
    if wanted("broker") {
        broker(LARGE, "kcat's batches", true);
        broker(SMALL, "16 KiB batches", false);
    }
    if wanted("world") {
        world();
    }
}

/// Records with a key and a value of 90 bytes.
fn batch(records: u32) -> Batch {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    for n in 0..records {
        builder.push(NOW.millis(), Some(format!("key-{:04}", n % 1000).as_bytes()), Some(&[b'v'; 90]), &[]);
    }
    builder.build()
}

fn log() {
    let batch = batch(SMALL);
    let mut disk = Disk::default();
    let (mut log, _) = Log::open(&mut disk, "bench-0", LogConfig::default(), NOW, true, 0).expect("a log opens on an empty disk");
    let appends = RECORDS / SMALL;
    let start = Instant::now();
    for _ in 0..appends {
        log.append(&mut disk, NOW, &batch, 0, true).expect("a valid batch is appended");
    }
    report("log append, 16 KiB batches", appends * SMALL, appends, &batch, start.elapsed(), "");

    let start = Instant::now();
    let mut offset = 0;
    while offset < log.end_offset() {
        let bytes: Bytes = log.read(&disk, offset, log.end_offset(), 1 << 20, true).expect("the log is read");
        offset += i64::from(u32::try_from(bytes.len()).unwrap_or(0) / batch.size() * SMALL);
        black_box(&bytes);
    }
    report("log read", appends * SMALL, appends, &batch, start.elapsed(), "");
}

fn report(what: &str, records: u32, batches: u32, batch: &Batch, took: Duration, budget: &str) {
    let seconds = took.as_secs_f64();
    let megabytes = f64::from(batches) * f64::from(batch.size()) / 1e6;
    println!("{what:<34} {:>8.0} MB/s {:>12.0} records/s {seconds:>8.3} s  {budget}", megabytes / seconds, f64::from(records) / seconds);
}

fn name() -> TopicName {
    TopicName(Str::from("bench"))
}

/// The answer to one frame.
fn ask(broker: &mut Broker, frame: Bytes) -> Bytes {
    broker.handle_frame(NOW, CONN, frame);
    let mut answer = None;
    while let Some(output) = broker.poll_output() {
        match output {
            Output::Send { frame, .. } => answer = Some(frame),
            Output::Close { why, .. } => panic!("closed: {why}"),
            _ => {}
        }
    }
    answer.expect("an answer at once")
}

/// A million records through the broker node, from frame to frame: without sockets, and without what the clients do.
fn broker(in_batch: u32, what: &str, budgets: bool) {
    let options = BrokerOptions {
        node_id: 1,
        cluster_id: "bench".into(),
        host: "localhost".into(),
        port: 9092,
        voters: Vec::new(),
        controller_port: 9093,
        sabotage: None,
        config: Map::new(),
        seed: 1,
    };
    let mut broker = Broker::open(NOW, options, Disk::default()).expect("a broker opens on an empty disk");
    broker.handle_connected(NOW, CONN, "bench");
    let topic = CreatableTopic { name: name(), num_partitions: 1, replication_factor: 1, ..CreatableTopic::default() };
    let create = CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() };
    ask(&mut broker, frame::encode_request(7, 0, "bench", &create).expect("encodes"));

    let batch = batch(in_batch);
    let data = PartitionProduceData { records: Some(batch.bytes().clone()), ..PartitionProduceData::default() };
    let data = TopicProduceData { name: name(), partition_data: vec![data], ..TopicProduceData::default() };
    let request = ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![data], ..ProduceRequest::default() };
    let produce = frame::encode_request(9, 1, "bench", &request).expect("encodes");
    let requests = RECORDS / in_batch;
    let mut took = Duration::ZERO;
    for _ in 0..requests {
        // Every frame comes from the network in memory of its own.
        let own = Bytes::copy_from_slice(&produce);
        let start = Instant::now();
        let answer = ask(&mut broker, own);
        took += start.elapsed();
        let (_, body) = frame::decode_response(ApiKey::Produce, 9, answer).expect("a response");
        let body: ProduceResponse = frame::decode_body(body, 9).expect("a body");
        assert_eq!(body.responses[0].partition_responses[0].error_code, 0);
    }
    let budget = if budgets { "budget: 0.2 s" } else { "" };
    report(&format!("broker produce, {what}"), requests * in_batch, requests, &batch, took, budget);

    let end = i64::from(requests * in_batch);
    let (mut offset, mut took) = (0, Duration::ZERO);
    while offset < end {
        let partition = FetchPartition { fetch_offset: offset, partition_max_bytes: FETCH_BYTES, ..FetchPartition::default() };
        let topic = FetchTopic { topic: name(), partitions: vec![partition], ..FetchTopic::default() };
        let request =
            FetchRequest { max_wait_ms: 500, min_bytes: 1, max_bytes: 52_428_800, topics: vec![topic], ..FetchRequest::default() };
        let fetch = frame::encode_request(11, 2, "bench", &request).expect("encodes");
        let start = Instant::now();
        let answer = ask(&mut broker, fetch);
        took += start.elapsed();
        let (_, body) = frame::decode_response(ApiKey::Fetch, 11, answer).expect("a response");
        let body: FetchResponse = frame::decode_body(body, 11).expect("a body");
        let records = body.responses[0].partitions[0].records.clone().unwrap_or_default();
        assert!(records.has_remaining(), "records at {offset}");
        offset = batches(records).flatten().last().map_or(offset, |batch| batch.last_offset() + 1);
    }
    let budget = if budgets { "budget: 0.05 s" } else { "" };
    report(&format!("broker fetch, {what}"), requests * in_batch, requests, &batch, took, budget);
}

fn world() {
    let scenario = Scenario::parse(include_str!("../www/scenarios/first-light.tide")).expect("the default scenario is valid");
    let mut world = scenario.start().expect("the default scenario starts");
    let simulated = 600;
    let start = Instant::now();
    world.run_until(EPOCH.plus_millis(simulated * 1000));
    let seconds = start.elapsed().as_secs_f64();
    let events = world.events().last().map_or(0, |event| event.id.0 + 1) as f64;
    println!(
        "{:<34} {:>8.0} simulated s/s {:>12.0} events/s  budget: 1,000 simulated s/s, in wasm",
        "world, default scenario",
        simulated as f64 / seconds,
        events / seconds
    );
    let views = 1000;
    let start = Instant::now();
    for _ in 0..views {
        black_box(world.view());
    }
    println!("{:<34} {:>8.0} µs for each look at a moment", "world, view", start.elapsed().as_secs_f64() * 1e6 / f64::from(views));
    let start = Instant::now();
    for _ in 0..views {
        black_box(world.clone());
    }
    println!("{:<34} {:>8.1} µs for each", "world, clone (a checkpoint)", start.elapsed().as_secs_f64() * 1e6 / f64::from(views));
}
