//! The log against partition directories that Apache Kafka 4.1.1 wrote (`vectors/log_segments_kafka_4.1.1.json`):
//! the same batches, appended in the same order, leave the same files, byte for byte.
#![cfg(not(target_arch = "wasm32"))]

use bytes::Bytes;
use serde_json::Value;
use tidepool::kafka::disk::Disk;
use tidepool::kafka::log::{Log, LogConfig};
use tidepool::kafka::time::Time;
use tidepool::kafka::wire::batch::Batch;

fn unhex(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("hex text").as_bytes();
    let digit = |byte: u8| (byte as char).to_digit(16).expect("a hex digit") as u8;
    text.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/log_segments_kafka_4.1.1.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("the vector file")).expect("JSON")
}

fn config(vector: &Value) -> LogConfig {
    let topic = &vector["topic_config"];
    let number = |name: &str| topic.get(name).and_then(Value::as_i64);
    let mut config = LogConfig::default();
    config.segment_bytes = number("internal.segment.bytes").map_or(config.segment_bytes, |n| n as i32);
    config.index_interval_bytes = number("index.interval.bytes").map_or(config.index_interval_bytes, |n| n as i32);
    config.retention_ms = number("retention.ms").unwrap_or(config.retention_ms);
    config.compact = topic["cleanup.policy"] == "compact";
    config
}

fn written(vector: &Value, dir: &str) -> (Disk, Log) {
    let mut disk = Disk::default();
    let (mut log, _) = Log::open(&mut disk, dir, config(vector), Time(0), true, 0).expect("an empty log opens");
    for hex in vector["appended"].as_array().expect("a list") {
        let mut bytes = Bytes::from(unhex(hex));
        let batch = Batch::split_first(&mut bytes).expect("a batch");
        let now = Time::from_millis(batch.max_timestamp());
        log.append(&mut disk, now, &batch, 0, true).expect("it was accepted by Kafka");
    }
    log.close(&mut disk).expect("no limit");
    (disk, log)
}

#[test]
fn the_files_of_a_closed_log_are_kafkas() {
    let vectors = vectors();
    let vector = &vectors["segv"];
    let (disk, _) = written(vector, "segv-0");
    let mut expected = 0;
    for (name, file) in vector["files"].as_object().expect("files") {
        // Written by the broker, not by the log.
        if name == "partition.metadata" {
            continue;
        }
        let ours = disk.read_all(&format!("segv-0/{name}")).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(ours[..], unhex(&file["hex"])[..], "{name}");
        expected += 1;
    }
    assert_eq!(disk.list("segv-0/").count(), expected, "no file more than Kafka has");
}

/// Compaction is not in the log yet. What the cleaner did not touch is the active segment; what it read is kept by the vector
/// as the files marked for deletion.
#[test]
fn the_segments_of_a_compacted_topic_before_cleaning_are_kafkas() {
    let vectors = vectors();
    let vector = &vectors["segcl"];
    let (disk, log) = written(vector, "segcl-0");
    let files = vector["files"].as_object().expect("files");
    let mut compared = 0;
    for segment in log.segments() {
        let name = format!("{:020}.log", segment.base_offset);
        let before = files.get(&format!("{name}.deleted")).or_else(|| files.get(&name)).expect("Kafka has it too");
        let ours = disk.read_all(&format!("segcl-0/{name}")).expect("a segment has its file");
        assert_eq!(ours[..], unhex(&before["hex"])[..], "{name}");
        compared += 1;
    }
    assert_eq!(compared, 4);
}

#[test]
fn kafkas_files_open_clean_and_whole_and_unclean_with_the_same_indexes() {
    let vectors = vectors();
    let vector = &vectors["segv"];
    let files = || {
        let named = vector["files"].as_object().expect("files").iter();
        named.map(|(name, file)| (format!("segv-0/{name}"), Bytes::from(unhex(&file["hex"]))))
    };
    for clean in [true, false] {
        let mut disk = Disk::from_files(files());
        let now = Time::from_millis(1_700_000_040_000);
        let (mut log, recovery) = Log::open(&mut disk, "segv-0", config(vector), now, clean, 0).expect("it opens");
        assert_eq!(recovery.cut, []);
        assert_eq!(recovery.indexes_rebuilt, if clean { 0 } else { 4 });
        assert_eq!((log.start_offset(), log.end_offset(), log.segments().len()), (0, 79, 4));
        assert_eq!(log.latest_epoch(), 0);
        log.close(&mut disk).expect("no limit");
        for (path, bytes) in files() {
            assert_eq!(disk.read_all(&path).expect("still there"), bytes, "{path}, clean: {clean}");
        }
    }
}
