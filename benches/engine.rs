//! Speed of the engine, printed beside its budgets; never a test. `cargo bench --bench engine`.
//!
//! What is measured: the log's append and read, the broker node's Produce and Fetch handlers (frames in, frames out, no socket),
//! and the default scenario's events and simulated seconds for a second of this machine.

use bytes::Bytes;
use std::hint::black_box;
use std::time::{Duration, Instant};
use tidepool::kafka::disk::Disk;
use tidepool::kafka::log::{Log, LogConfig};
use tidepool::kafka::time::Time;
use tidepool::kafka::wire::batch::{Batch, BatchBuilder, BatchOptions};
use tidepool::playground::scenario::Scenario;

const RECORDS: u32 = 1_000_000;
const RECORDS_IN_BATCH: u32 = 180;
const NOW: Time = Time::from_millis(1_767_225_600_000);

fn main() {
    log();
    scenario();
}

/// Keyed records of about 90 bytes, as many in a batch as fit 16 KiB.
fn batch() -> Batch {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    for n in 0..RECORDS_IN_BATCH {
        builder.push(NOW.millis(), Some(format!("key-{:04}", n % 1000).as_bytes()), Some(&[b'v'; 74]), &[]);
    }
    builder.build()
}

fn log() {
    let batch = batch();
    let mut disk = Disk::default();
    let (mut log, _) = Log::open(&mut disk, "bench-0", LogConfig::default(), NOW, true, 0).expect("a log opens on an empty disk");
    let appends = RECORDS / RECORDS_IN_BATCH;
    let start = Instant::now();
    for _ in 0..appends {
        log.append(&mut disk, NOW, &batch, 0, true).expect("a valid batch is appended");
    }
    report("log append", appends, &batch, start.elapsed(), "0.2 s CPU for a million records from kcat");

    let start = Instant::now();
    let mut offset = 0;
    while offset < log.end_offset() {
        let bytes: Bytes = log.read(&disk, offset, log.end_offset(), 1 << 20, true).expect("the log is read");
        offset += i64::from(u32::try_from(bytes.len()).unwrap_or(0) / batch.size() * RECORDS_IN_BATCH);
        black_box(&bytes);
    }
    report("log read", appends, &batch, start.elapsed(), "0.05 s CPU for a million records to kcat");
}

fn report(what: &str, batches: u32, batch: &Batch, took: Duration, budget: &str) {
    let seconds = took.as_secs_f64();
    let megabytes = f64::from(batches) * f64::from(batch.size()) / 1e6;
    let records = f64::from(batches) * f64::from(RECORDS_IN_BATCH);
    println!("{what:<16} {:>9.0} MB/s {:>12.0} records/s {seconds:>8.3} s   budget: {budget}", megabytes / seconds, records / seconds);
}

fn scenario() {
    let scenario = Scenario::parse(include_str!("../www/scenarios/first-light.tide")).expect("the default scenario is valid");
    let mut run = scenario.start().expect("the default scenario starts");
    let simulated = 600;
    let start = Instant::now();
    run.run_until(tidepool::world::EPOCH.plus_millis(simulated * 1000));
    let seconds = start.elapsed().as_secs_f64();
    let events = run.event_count() as f64;
    println!(
        "default scenario {:>9.0} simulated s/s {:>9.0} events/s   budget: 1,000 simulated s/s in wasm",
        simulated as f64 / seconds,
        events / seconds
    );
}
