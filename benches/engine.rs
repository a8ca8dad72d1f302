//! Speed and memory of the engine, printed beside their budgets; never a test.
//! `cargo bench --bench engine [-- codecs|log|maps|broker|world|growth|memory]`.
//!
//! What is measured: compression, the log's append and read, the broker node's Produce and Fetch (frames in, frames out, no socket), the
//! default scenario's events and simulated seconds for a second of this machine, what the page asks of a world for each picture, and the
//! memory that stored records take. In wasm the speed is measured by `tests/browser/bench.mjs`.

use bytes::{Buf as _, Bytes};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};
use tidepool::kafka::broker::{Broker, BrokerOptions, ConnId, Output};
use tidepool::kafka::disk::Disk;
use tidepool::kafka::log::{Log, LogConfig};
use tidepool::kafka::sorted_vec::SortedVecMap;
use tidepool::kafka::time::Time;
use tidepool::kafka::wire::batch::{Batch, BatchBuilder, BatchOptions, batches};
use tidepool::kafka::wire::compression::Compression;
use tidepool::kafka::wire::frame;
use tidepool::kafka::wire::message::Str;
use tidepool::kafka::wire::message::create_topics_request::CreatableTopic;
use tidepool::kafka::wire::message::fetch_request::{FetchPartition, FetchTopic};
use tidepool::kafka::wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use tidepool::kafka::wire::message::{
    ApiKey, CreateTopicsRequest, FetchRequest, FetchResponse, ProduceRequest, ProduceResponse, TopicName,
};
use tidepool::playground::scenario::{Playback, Scenario};
use tidepool::world::EPOCH;
use tidepool::world::judge::Judge;

const RECORDS: u32 = 1_000_000;
/// A Java producer's batch (`batch.size` is 16 KiB) and one of kcat's (of at most 1,000,000 bytes).
const SMALL: u32 = 150;
const LARGE: u32 = 9_000;
const NOW: Time = Time::from_millis(1_767_225_600_000);
const CONN: ConnId = ConnId(1);
const FETCH_BYTES: i32 = 1 << 20;
/// Requests between two looks at the clock.
const AT_ONCE: usize = 8;

/// Simulated seconds that the default scenario is run for.
const SIMULATED: i64 = 600;
const DEFAULT: &str = include_str!("../www/scenarios/three-brokers.tide");

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if let [word, case] = &asked[..]
        && word == "memory-of"
    {
        return memory_of(case);
    }
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|word| word == name);
    if wanted("codecs") {
        codecs();
    }
    if wanted("log") {
        log();
    }
    if wanted("maps") {
        maps();
    }
    if wanted("broker") {
        broker(&batch(LARGE), LARGE, "kcat's batches", true);
        broker(&batch(SMALL), SMALL, "16 KiB batches", false);
        // Each record of a compressed batch is validated too.
        for codec in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
            broker(&packed(SMALL, codec), SMALL, &format!("16 KiB in {}", codec.name()), false);
        }
    }
    if wanted("world") {
        world();
    }
    if wanted("growth") {
        growth();
    }
    if wanted("memory") {
        memory();
    }
}

/// Records with a key and a value of 90 bytes.
fn batch(records: u32) -> Batch {
    packed(records, Compression::None)
}

fn packed(records: u32, compression: Compression) -> Batch {
    let mut builder = BatchBuilder::new(BatchOptions { compression, ..BatchOptions::default() });
    for n in 0..records {
        builder.push(NOW.millis(), Some(format!("key-{:04}", n % 1000).as_bytes()), Some(&[b'v'; 90]), &[]);
    }
    builder.build()
}

/// Each codec on the records of a Java producer's batch and of a large one.
fn codecs() {
    for (what, orders, times) in [("16 KiB", 200, 400), ("1 MB", 12_000, 8)] {
        let plain: String = (0..orders)
            .map(|n: u32| {
                let (customer, amount) = (n.wrapping_mul(2_654_435_761) >> 22, n.wrapping_mul(40_503) >> 12 & 0xfff);
                format!("{{\"order\":{n},\"customer\":\"customer-{customer}\",\"amount\":{amount},\"status\":\"placed\"}}")
            })
            .collect();
        let plain = plain.as_bytes();
        for codec in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
            let packed = codec.compress(plain);
            let megabytes = plain.len() as f64 * f64::from(times) / 1e6;
            let start = processor();
            for _ in 0..times {
                black_box(codec.compress(black_box(plain)));
            }
            let compress = processor() - start;
            let start = processor();
            for _ in 0..times {
                black_box(codec.decompress(black_box(&packed), plain.len() as u64).expect("decompresses"));
            }
            let decompress = processor() - start;
            println!(
                "{:<34} {:>8.0} MB/s {:>12.0} MB/s back {:>8.3} of its size",
                format!("{}, {what}", codec.name()),
                megabytes / compress,
                megabytes / decompress,
                packed.len() as f64 / plain.len() as f64
            );
        }
    }
}

/// The key of most of the engine's maps.
type Key = (std::sync::Arc<str>, i32);

/// The engine's map beside std's, at sizes that a cluster has: keys are partitions, as in most of them.
fn maps() {
    for entries in [6_i32, 50, 1_000] {
        let key = |index: i32| -> Key { ("orders".into(), index) };
        let sorted: SortedVecMap<_, i64> = (0..entries).map(|index| (key(index), 0)).collect();
        let tree: BTreeMap<_, i64> = (0..entries).map(|index| (key(index), 0)).collect();
        let probe: Vec<_> = (0..entries).map(|index| key(index * 7 % entries)).collect();
        let times = 2_000_000 / entries.unsigned_abs();
        println!("maps of {entries} partitions, for each entry: sorted vector, B-tree");
        let row = |what: &str, sorted: f64, tree: f64| println!("  {what:<48} {sorted:>8.1} ns {tree:>8.1} ns");
        let nanos = |seconds: f64| seconds * 1e9 / f64::from(times) / f64::from(entries);
        row("clone", nanos(timed(times, || sorted.clone())), nanos(timed(times, || tree.clone())));
        row("walk", nanos(timed(times, || sorted.values().sum::<i64>())), nanos(timed(times, || tree.values().sum::<i64>())));
        let found = |get: &dyn Fn(&Key) -> bool| probe.iter().filter(|key| get(key)).count();
        let (in_sorted, in_tree) = (|| found(&|key| sorted.contains_key(key)), || found(&|key| tree.contains_key(key)));
        row("lookup", nanos(timed(times, in_sorted)), nanos(timed(times, in_tree)));
    }
}

/// Seconds of the processor for so many calls.
fn timed<T>(times: u32, mut work: impl FnMut() -> T) -> f64 {
    let start = processor();
    for _ in 0..times {
        black_box(work());
    }
    processor() - start
}

fn log() {
    let batch = batch(SMALL);
    let mut disk = Disk::default();
    let (mut log, _) = Log::open(&mut disk, "bench-0", LogConfig::default(), NOW, true, 0).expect("a log opens on an empty disk");
    let appends = RECORDS / SMALL;
    let start = processor();
    for _ in 0..appends {
        log.append(&mut disk, NOW, &batch, 0, true).expect("a valid batch is appended");
    }
    report("log append, 16 KiB batches", appends * SMALL, appends, &batch, processor() - start, "");

    let start = processor();
    let mut offset = 0;
    while offset < log.end_offset() {
        let bytes: Bytes = log.read(&disk, offset, log.end_offset(), 1 << 20, true).expect("the log is read");
        offset += i64::from(u32::try_from(bytes.len()).unwrap_or(0) / batch.size() * SMALL);
        black_box(&bytes);
    }
    report("log read", appends * SMALL, appends, &batch, processor() - start, "");
}

fn report(what: &str, records: u32, batches: u32, batch: &Batch, seconds: f64, budget: &str) {
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

/// A broker of its own, with an empty topic of one partition.
fn lone_broker() -> Broker {
    let options = BrokerOptions {
        node_id: 1,
        cluster_id: "bench".into(),
        host: "localhost".into(),
        port: 9092,
        voters: Vec::new(),
        controller_port: 9093,
        sabotage: None,
        config: SortedVecMap::new(),
        seed: 1,
    };
    let mut broker = Broker::open(NOW, options, Disk::default()).expect("a broker opens on an empty disk");
    broker.handle_connected(NOW, CONN, "bench");
    let topic = CreatableTopic { name: name(), num_partitions: 1, replication_factor: 1, ..CreatableTopic::default() };
    let create = CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() };
    ask(&mut broker, frame::encode_request(7, 0, &"bench".into(), create).expect("encodes"));
    broker
}

fn produce_frame(batch: &Batch) -> Bytes {
    let data = PartitionProduceData { records: Some(batch.bytes().clone()), ..PartitionProduceData::default() };
    let data = TopicProduceData { name: name(), partition_data: vec![data], ..TopicProduceData::default() };
    let request = ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![data], ..ProduceRequest::default() };
    frame::encode_request(9, 1, &"bench".into(), request).expect("encodes")
}

/// A million records through the broker node, from frame to frame: without sockets, and without what the clients do.
fn broker(batch: &Batch, in_batch: u32, what: &str, budgets: bool) {
    let mut broker = lone_broker();
    let produce = produce_frame(batch);
    let requests = RECORDS / in_batch;
    let mut took = 0.0;
    let mut answers = Vec::new();
    for first in (0..requests).step_by(AT_ONCE) {
        // Every frame comes from the network in memory of its own.
        let frames: Vec<Bytes> = (first..requests).take(AT_ONCE).map(|_| Bytes::copy_from_slice(&produce)).collect();
        let start = processor();
        answers.extend(frames.into_iter().map(|frame| ask(&mut broker, frame)));
        took += processor() - start;
    }
    for answer in answers {
        let (_, body) = frame::decode_response(ApiKey::Produce, 9, answer).expect("a response");
        let body: ProduceResponse = frame::decode_body(body, 9).expect("a body");
        assert_eq!(body.responses[0].partition_responses[0].error_code, 0);
    }
    let budget = if budgets { "budget: 0.2 s" } else { "" };
    report(&format!("broker produce, {what}"), requests * in_batch, requests, batch, took, budget);

    let end = i64::from(requests * in_batch);
    let (mut offset, mut took) = (0, 0.0);
    while offset < end {
        let partition = FetchPartition { fetch_offset: offset, partition_max_bytes: FETCH_BYTES, ..FetchPartition::default() };
        let topic = FetchTopic { topic: name(), partitions: vec![partition], ..FetchTopic::default() };
        let request =
            FetchRequest { max_wait_ms: 500, min_bytes: 1, max_bytes: 52_428_800, topics: vec![topic], ..FetchRequest::default() };
        let fetch = frame::encode_request(11, 2, &"bench".into(), request).expect("encodes");
        let start = processor();
        let answer = ask(&mut broker, fetch);
        took += processor() - start;
        let (_, body) = frame::decode_response(ApiKey::Fetch, 11, answer).expect("a response");
        let body: FetchResponse = frame::decode_body(body, 11).expect("a body");
        let records = body.responses[0].partitions[0].records.clone().unwrap_or_default();
        assert!(records.has_remaining(), "records at {offset}");
        offset = batches(records).flatten().last().map_or(offset, |batch| batch.last_offset() + 1);
    }
    let budget = if budgets { "budget: 0.05 s" } else { "" };
    report(&format!("broker fetch, {what}"), requests * in_batch, requests, batch, took, budget);
}

/// Seconds of the processor that this thread has used: what a busy machine does not spoil. By the clock where the system does not say.
fn processor() -> f64 {
    static BEGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    // The system counts what a thread has used when it steps aside.
    std::thread::sleep(Duration::from_micros(1));
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let used = text.split_whitespace().next().and_then(|nanos| nanos.parse::<f64>().ok());
    used.map_or_else(|| BEGIN.get_or_init(Instant::now).elapsed().as_secs_f64(), |nanos| nanos / 1e9)
}

/// The default scenario from its beginning, looked at by the judge or not; what it took.
fn run(judged: bool, simulated: i64) -> (Playback, Judge, f64) {
    let scenario = Scenario::parse(DEFAULT).expect("the default scenario is valid");
    let mut playback = Playback::new(scenario).expect("the default scenario starts");
    let mut judge = Judge::new();
    judge.observe(playback.world());
    let until = EPOCH.plus_millis(simulated * 1000);
    let start = processor();
    if judged {
        playback.watch_until(until, &mut |world| judge.observe(world));
    } else {
        playback.run_until(until);
    }
    (playback, judge, processor() - start)
}

fn world() {
    for (judged, what) in [(false, "default scenario"), (true, "the same, judged as on the page")] {
        let runs: Vec<_> = (0..4).map(|_| run(judged, SIMULATED)).collect();
        let events = runs[0].0.world().events().last().map_or(0, |event| event.id.0 + 1) as f64;
        let row = |when: &str, seconds: f64| {
            let what = format!("{what}, {when}");
            let (simulated, events) = (SIMULATED as f64 / seconds, events / seconds);
            println!("{what:<50} {simulated:>8.0} simulated s/s {events:>12.0} events/s  budget: 2,000 simulated s/s, in wasm");
        };
        row("cold", runs[0].2);
        row("warm", runs[1..].iter().map(|run| run.2).fold(f64::INFINITY, f64::min));
    }
    for minutes in [1, 10] {
        let (playback, judge, _) = run(true, minutes * 60);
        let world = playback.world();
        let after = format!("after {} simulated s", minutes * 60);
        each("view, for each picture", &after, 500, || world.view());
        each("clone, a checkpoint", &after, 500, || world.clone());
        each("verdict, once a second on the page", &after, 20, || judge.verdict(world, false));
    }
}

/// What an event of the default scenario costs while the cluster has this many partitions; the others have no client.
fn cost_beside(partitions: u32) -> f64 {
    const ITS_OWN: u32 = 6;
    let idle = match partitions.saturating_sub(ITS_OWN) {
        0 => String::new(),
        idle => format!("\ntopic idle partitions={idle} replicas=3\n"),
    };
    let text = DEFAULT.replace("\nproducer checkout", &format!("{idle}\nproducer checkout"));
    let mut playback = Playback::new(Scenario::parse(&text).expect("the scenario is valid")).expect("the scenario starts");
    let mut judge = Judge::new();
    let mut go = |until: i64| {
        playback.watch_until(EPOCH.plus_millis(until * 1000), &mut |world| judge.observe(world));
        (playback.world().next_event().0, processor())
    };
    // What is created is created by then.
    let ((first, start), (last, end)) = (go(30), go(150));
    (end - start) * 1e6 / (last - first) as f64
}

fn growth() {
    let few = cost_beside(6);
    println!("{:<50} {few:>8.2} µs", "an event, judged, with 6 partitions");
    for partitions in [100, 1_000] {
        let many = cost_beside(partitions);
        let what = format!("an event, judged, with {partitions} partitions");
        println!("{what:<50} {many:>8.2} µs {:>5.2} times as much     budget: 1.5 with 1,000", many / few);
    }
}

/// What one call takes.
fn each<T>(what: &str, when: &str, times: u32, work: impl FnMut() -> T) {
    println!("{:<50} {:>8.0} µs", format!("{what}, {when}"), timed(times, work) * 1e6 / f64::from(times));
}

/// What is kept for each stored record beyond the bytes of its log. Each case has a process of its own, so that none reuses what another
/// has freed: what grows is the process.
fn memory() {
    println!("memory for each stored record beyond its own bytes in the log, budget: 5 %");
    for case in ["lone-16k", "lone-single", "cluster-batches", "cluster-single", "judged"] {
        let program = std::env::current_exe().expect("this program has a path");
        let ended = std::process::Command::new(program).args(["memory-of", case]).status().expect("this program runs again");
        assert!(ended.success(), "{case}: {ended}");
    }
}

/// Bytes that this process has in memory; `None` where the system does not say.
fn resident() -> Option<f64> {
    const PAGE: f64 = 4096.0;
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(text.split_whitespace().nth(1)?.parse::<f64>().ok()? * PAGE)
}

fn memory_of(case: &str) {
    let (stored, own, grown) = match case {
        "lone-16k" => lone_memory(SMALL, RECORDS),
        "lone-single" => lone_memory(1, RECORDS),
        "cluster-batches" => cluster_memory("rate=10000/s linger.ms=20", 100, false),
        "cluster-single" => cluster_memory("rate=2000/s batch.size=0", 100, false),
        _ => cluster_memory("rate=10000/s linger.ms=20", 100, true),
    };
    let what = match case {
        "lone-16k" => "one broker, 16 KiB batches",
        "lone-single" => "one broker, one record in a batch",
        "cluster-batches" => "three brokers, RF 3, batches of some 30 records",
        "cluster-single" => "three brokers, RF 3, one record in a batch",
        _ => "three brokers, batches of some 30 records, judged",
    };
    let Some(grown) = grown else { return println!("{what:<50} not measured: the system has no /proc/self/statm") };
    let beyond = grown - own;
    println!("{what:<50} {:>6.1} bytes of {:>6.1}: {:>5.1} %   ({stored} stored)", beyond / stored, own / stored, 100.0 * beyond / own);
}

/// Stored records, their bytes in the log, and what the process grew by.
type Grown = (f64, f64, Option<f64>);

fn lone_memory(in_batch: u32, records: u32) -> Grown {
    let mut broker = lone_broker();
    let batch = batch(in_batch);
    let produce = produce_frame(&batch);
    let before = resident();
    let requests = records / in_batch;
    for _ in 0..requests {
        ask(&mut broker, Bytes::copy_from_slice(&produce));
    }
    let grown = resident().zip(before).map(|(after, before)| after - before);
    black_box(&broker);
    (f64::from(requests * in_batch), f64::from(requests) * f64::from(batch.size()), grown)
}

/// A simulated cluster in which each record is stored by three brokers.
fn cluster_memory(producer: &str, seconds: i64, judged: bool) -> Grown {
    let text = format!(
        "tidepool 1\ntitle Memory\nseed 1\nbrokers 3\nlink latency=1ms jitter=0ms\ntopic bench partitions=6 replicas=3\n\
         producer app topic=bench keys=uniform:1000 value=90 acks=all {producer}\nrun 1000s\n"
    );
    let mut playback = Playback::new(Scenario::parse(&text).expect("the scenario is valid")).expect("the scenario starts");
    let mut judge = Judge::new();
    let mut go = |playback: &mut Playback, seconds: i64| {
        let until = EPOCH.plus_millis(seconds * 1000);
        if judged {
            playback.watch_until(until, &mut |world| judge.observe(world));
        } else {
            playback.run_until(until);
        }
        let world = playback.world_mut();
        let mut bytes = 0;
        for node in 1..=3 {
            let disk = world.disk_mut(node).expect("the broker has a disk");
            bytes += disk.list("bench-").filter(|path| path.ends_with(".log")).filter_map(|path| disk.len(path)).sum::<u64>();
        }
        let ends: i64 = world.view().replicas.iter().filter(|replica| &*replica.topic == "bench").map(|replica| replica.end_offset).sum();
        (ends as f64, bytes as f64, resident())
    };
    // By then the run's events are as many as are kept.
    let (few, little, before) = go(&mut playback, 10);
    let (many, much, after) = go(&mut playback, 10 + seconds);
    (many - few, much - little, after.zip(before).map(|(after, before)| after - before))
}
